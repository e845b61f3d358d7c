"""A survey of a population: a questionnaire is chosen or pasted, and put to some of the members as a job."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from nicegui import ui

from personarium.apps.studio.parts import SIMULATED, guarded, in_thread, panel
from personarium.apps.studio.rooms.populations.asked import whole
from personarium.apps.studio.rooms.populations.pasted import Pasted
from personarium.apps.studio.studio import Studio
from personarium.apps.workspace.names import check_title
from personarium.apps.workspace.plans import price
from personarium.apps.workspace.surveys import EXAMPLE, keep_questionnaire, start_survey, survey_arguments
from personarium.core.errors import InvalidInput
from personarium.play.survey import Questionnaire, example_questionnaire, questionnaire_from

SHIPPED, OWN = "shipped", "own"
USUAL, MOST_QUESTIONS = 50, 40
KINDS = {
    "single": "one answer",
    "multiple": "any answers",
    "ranking": "an order",
    "scale": "a scale",
    "number": "a number",
    "yesno": "yes or no",
}


class SurveyForm:
    """The form as one person sees it.

    Args:
        studio: Where the survey runs.
        name: The population's name.
        members: How many it has.
    """

    def __init__(self, studio: Studio, name: str, members: int) -> None:
        self.studio, self.population, self.members = studio, name, members
        self.questionnaire: Questionnaire | None = None
        with ui.element("div").classes("columns side"):
            with ui.element("div").classes("stack"), panel("Questionnaire"):
                self.choice = ui.select(
                    {SHIPPED: "A day in your life (ships with Personarium)", OWN: "My own, pasted as YAML"},
                    value=SHIPPED,
                    label="Questionnaire",
                    on_change=self._chose,
                )
                self.choice.props("outlined dense options-dense").classes("pop-wide")
                self.pasted = Pasted("Questions", questionnaire_from, self._take)
                self.pasted.whole.set_visibility(False)
                self.preview = ui.element("div")
            with panel("Ask"), ui.element("div").classes("pop-form"):
                self._fields()

    async def show(self) -> None:
        """Show the questions."""
        await self._chose()

    def _fields(self) -> None:
        self.number = ui.input("Members asked", value=str(min(USUAL, self.members)))
        self.number.props("outlined dense inputmode=numeric")
        ui.label(f"Drawn from all {self.members:,} with the seed.").classes("soft small")
        self.model = ui.input("Model", value=self.studio.workspace.model).props("outlined dense spellcheck=false")
        self.note = ui.label(SIMULATED).classes("soft small")
        self.note.bind_visibility_from(self.model, "value", lambda value: str(value or "").startswith("simulated"))
        self.seed = ui.input("Survey seed", value="0").props("outlined dense inputmode=numeric")
        self.name = ui.input("Name of the run", value=self._free_name()).props("outlined dense maxlength=80")
        with ui.element("div").classes("line"):
            self.go = ui.button("Ask them", icon="play_arrow", on_click=self._start).props("unelevated")
            self.asking = ui.button("What would it cost?", on_click=self._price).props("outline")
        self.plan = ui.element("div").classes("pop-plan").props("role=status")
        self.started = ui.element("div").classes("stack").props("role=status")

    def _free_name(self) -> str:
        workspace = self.studio.workspace
        plain = "".join(c for c in self.population if c.isascii() and (c.isalnum() or c in "-_ ")).strip(" -_")[:50]
        stem = f"survey {plain.strip()}".strip()
        taken = {*workspace.runs.names(), *(job.name for job in workspace.jobs.running())}
        return next(name for k in range(1, 10**6) if (name := f"{stem} {k}") not in taken)

    # -- the questions -------------------------------------------------------------------------------------------------

    @guarded
    async def _chose(self) -> None:
        own = self.choice.value == OWN
        self.pasted.whole.set_visibility(own)
        if own:
            await self._take(await in_thread(self.pasted.read) if self.pasted.text.strip() else None)
        else:
            await self._take(await in_thread(example_questionnaire))

    async def _take(self, questionnaire: Questionnaire | None) -> None:
        self.questionnaire = questionnaire
        self.go.set_enabled(questionnaire is not None)
        self.asking.set_enabled(questionnaire is not None)
        self.preview.clear()
        if questionnaire is None:
            return
        with self.preview:
            number = len(questionnaire.questions)
            ui.label(f"{questionnaire.title}: {number:,} {'question' if number == 1 else 'questions'}").classes(
                "pop-found wrap"
            )
            with ui.element("ol").classes("pop-questions"):
                for question in questionnaire.questions[:MOST_QUESTIONS]:
                    with ui.element("li"):
                        ui.label(question.text[:400]).classes("wrap")
                        ui.label(f"{question.id}, {KINDS[question.type]}").classes("soft small")
            if number > MOST_QUESTIONS:
                ui.label(f"and {number - MOST_QUESTIONS:,} more").classes("soft small")

    # -- asking --------------------------------------------------------------------------------------------------------

    def _given(self) -> dict[str, Any]:
        model = (self.model.value or "").strip()
        if not model:
            raise InvalidInput("Model", "the name of a model, for instance simulated or openai/gpt-4o", model)
        number = whole(self.number.value, "Members asked", 1, self.members)
        return {"number": number, "model": model, "seed": whole(self.seed.value, "Survey seed", 0, 2**53)}

    @guarded
    async def _start(self) -> None:
        workspace, name = self.studio.workspace, (self.name.value or "").strip()
        text = self.pasted.text if self.choice.value == OWN else None
        await in_thread(start_survey, workspace, name, self.population, text, **self._given())
        with self.started, ui.element("div").classes("pop-started"):
            ui.label(f"{name} is under way.").classes("grow wrap")
            ui.link("Watch it", f"/measures/run/{quote(name, safe='')}")
        self.name.set_value(self._free_name())

    @guarded
    async def _price(self) -> None:
        given, name = self._given(), check_title((self.name.value or "").strip(), "run")
        self.asking.props(add="loading").disable()
        try:
            plan = await in_thread(self._ask_price, name, given)
        finally:
            self.asking.props(remove="loading").enable()
        self.plan.clear()
        with self.plan:
            for label, text in plan.facts():
                with ui.element("div").classes("pop-number"):
                    ui.label(label).classes("soft small")
                    ui.label(text).classes("number")

    def _ask_price(self, name: str, given: dict[str, Any]) -> Any:
        workspace = self.studio.workspace
        own = self.choice.value == OWN
        questions = keep_questionnaire(workspace, name, self.pasted.text) if own else EXAMPLE
        return price(survey_arguments(workspace, self.population, questions, **given), workspace.folder)
