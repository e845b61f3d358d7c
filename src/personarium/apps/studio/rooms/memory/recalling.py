"""The recall tester: what a question would bring back, by which weights, and why each entry came."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from nicegui import ui

from personarium.apps.studio.parts import empty, guarded, in_thread, panel, tag
from personarium.apps.studio.rooms.memory.desk import Desk
from personarium.apps.studio.rooms.memory.rows import cut, said_row
from personarium.core.errors import UsageError
from personarium.remember.edits import BLOCK
from personarium.remember.recollection import Recollection, day
from personarium.remember.records import Observation
from personarium.remember.strategy import HYBRID, SAID, Recalled, Weights

PARTS = ("words", "meaning", "recency", "importance")
MEANINGS = {
    "words": "the same words (BM25)",
    "meaning": "nearness in meaning",
    "recency": "how new it is",
    "importance": "how important it is",
}
MOST_QUOTES = 3


class Recalling:
    """The third tab.

    Args:
        desk: Whose memory.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.weights: Weights = getattr(desk.memory.strategy, "weights", HYBRID)
        with ui.element("div").classes("columns side"):
            with ui.element("div").classes("stack"):
                self._ask_for()
                self.found = ui.element("div").classes("stack").props("role=status")
                with self.found:
                    empty("Ask it something", "See what would stand in the prompt, and why. Looking changes nothing.")
            with ui.element("div").classes("stack beside"):
                self._weigh()

    async def refresh(self) -> None:
        """Offer the kinds that there are; what was found is asked again."""
        kinds = await in_thread(self._kinds)
        self.kinds.set_options(kinds, value=[one for one in self.kinds.value or () if one in kinds])
        if (self.query.value or "").strip():
            await self._recall()

    def _kinds(self) -> list[str]:
        return [*dict.fromkeys(one.kind for one in self.desk.seen.facts() if one.kind != BLOCK), SAID]

    # -- what is asked for ---------------------------------------------------------------------------------------------

    def _ask_for(self) -> None:
        with ui.element("form").classes("recall-ask").on("submit.prevent", guarded(self._recall)):
            self.query = ui.input("What is asked, or said").props("outlined dense maxlength=10000").classes("grow")
            ui.button("Recall", icon="search").props("unelevated type=submit")

    def _weigh(self) -> None:
        with panel("How it is looked for"):
            with ui.element("div").classes("recall-limits"):
                self.most = ui.number("Entries", value=5, min=1, max=100, precision=0).props("outlined dense")
                self.budget = ui.number("Most tokens", min=1, max=10**6, precision=0, placeholder="any")
                self.budget.props("outlined dense")
            self.kinds = ui.select([SAID], label="Only these kinds", multiple=True, value=[], clearable=True)
            self.kinds.props("outlined dense use-chips")
            self.own = ui.switch("Weigh by hand", on_change=self._weighing)
            ui.label(
                "The strategy's own weights, shown here, until you weigh by hand; then, and when kinds are chosen, "
                "it is a plain search."
            ).classes("soft small")
            self.sliders = {name: self._slider(name) for name in PARTS}

    def _slider(self, name: str) -> ui.slider:
        value = float(getattr(self.weights, name))
        with ui.element("div").classes("weight"):
            ui.label(f"{name.capitalize()}: {MEANINGS[name]}").classes("small grow")
            shown = ui.label(f"{value:.2f}").classes("number small")
            slider = ui.slider(min=0, max=1, step=0.05, value=value).props("dense").classes("weight-slider")
            slider.props["aria-label"] = f"Weight of {name}"
            slider.on_value_change(lambda event: shown.set_text(f"{event.value:.2f}"))
            slider.disable()
        return slider

    def _weighing(self) -> None:
        for name, slider in self.sliders.items():
            slider.set_enabled(bool(self.own.value))
            if not self.own.value:
                slider.set_value(float(getattr(self.weights, name)))

    @property
    def _chosen(self) -> Weights:
        if not self.own.value:
            return self.weights
        return Weights(**{name: float(slider.value) for name, slider in self.sliders.items()})

    # -- what comes back -----------------------------------------------------------------------------------------------

    async def _recall(self) -> None:
        query = (self.query.value or "").strip()
        if not query:
            raise UsageError("write down what is asked, or said")
        weights = self._chosen
        budget = int(self.budget.value) if self.budget.value else None
        ask = partial(
            self.desk.seen.recall,
            query,
            int(self.most.value or 5),
            tuple(self.kinds.value or ()),
            budget_tokens=budget,
            preview=True,
            weights=weights if self.own.value else None,
        )
        found = await in_thread(ask)
        said = await in_thread(self._said, found)
        self.found.clear()
        with self.found:
            self._show(found, said, weights)

    def _said(self, found: Recollection) -> dict[str, Observation]:
        view = self.desk.seen.view()
        ids = {id for item in found.items for id in item.sources[:MOST_QUOTES]}
        return {id: one for id in ids if (one := view.observation(id)) is not None}

    def _show(self, found: Recollection, said: Mapping[str, Observation], weights: Weights) -> None:
        if not found.items:
            empty("Nothing comes to mind", "No entry has a word or a meaning in common with this.")
            return
        left = f", {found.left_out:,} did not fit" if found.left_out else ""
        count = len(found.items)
        ui.label(f"{count:,} {'entry' if count == 1 else 'entries'}, about {found.tokens:,} tokens{left}").classes(
            "soft small number"
        )
        with ui.element("ol").classes("hits").props('aria-label="What was recalled"'):
            for item in found.items:
                _hit(item, said, weights)
        with ui.expansion("As the prompt shows it").classes("as-prompt"):
            ui.label(found.block).classes("mono wrap")


def _hit(item: Recalled, said: Mapping[str, Observation], weights: Weights) -> None:
    with ui.element("li").classes("hit panel"):
        with ui.element("div").classes("line hit-head"):
            ui.label(cut(item.text)).classes("hit-text grow wrap")
            ui.label(f"{item.score:.2f}").classes("hit-score number").props["aria-label"] = f"score {item.score:.2f}"
        with ui.element("div").classes("line"):
            tag(item.kind or "entry", "accent")
            if item.at is not None:
                ui.label(day(item.at)).classes("soft small number")
            ui.label(", ".join(item.ids)).classes("soft small number")
            ui.label(cut(item.reason)).classes("soft small wrap")
        if item.parts:
            _parts(item, weights)
        for id in item.sources[:MOST_QUOTES]:
            if id in said and id not in item.ids:
                one = said_row(said[id])
                ui.label(f"“{cut(one['text'], 300)}” {one['who']}, {one['at']}").classes("quote-line wrap")


def _parts(item: Recalled, weights: Weights) -> None:
    """What each part brings to the score: its value times its weight, as a share of the whole."""
    brings = {name: float(item.parts.get(name, 0.0)) * float(getattr(weights, name)) for name in PARTS}
    whole = sum(brings.values()) or 1.0
    told = ", ".join(f"{name} {item.parts.get(name, 0.0):.2f} × {getattr(weights, name):.2f}" for name in PARTS)
    with ui.element("div").classes("score-bar").props("role=img") as bar:
        for place, name in enumerate(PARTS):
            ui.element("span").classes(f"score-part p{place}").style(f"width:{100 * brings[name] / whole:.1f}%")
    bar.props["aria-label"] = told
    with ui.element("div").classes("score-legend soft tiny number"):
        for place, name in enumerate(PARTS):
            with ui.element("span"):
                ui.element("span").classes(f"dot p{place}")
                ui.label(f"{name} {item.parts.get(name, 0.0):.2f} × {getattr(weights, name):.2f}")
