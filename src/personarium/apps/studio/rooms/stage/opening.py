"""What stands where nobody has spoken yet: who is there, and what they could be asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from personarium.apps.studio.parts import guarded, portrait_url
from personarium.apps.studio.rooms.stage.talks import Talk
from personarium.apps.workspace.persona_shelf import persona_row
from personarium.core.persona import Persona
from personarium.measure.apc import plain_questions
from personarium.measure.drift import QUESTIONS

SHOWN = 4  # questions, of which half ask for single facts


class Opening:
    """The place.

    Args:
        on_ask: Called with a question that the person chose.
    """

    def __init__(self, on_ask: Callable[[str], Awaitable[None]]) -> None:
        self._on_ask = guarded(on_ask)
        self._talk: Talk | None = None
        self._place = ui.element("div").classes("opening")

    def show(self, talk: Talk | None) -> None:
        """Show it for a talk without any entry, and nothing for any other."""
        self._place.visible = talk is not None and not talk.entries
        if talk is None or talk is self._talk or not self._place.visible:
            return
        self._talk = talk
        self._place.clear()
        with self._place:
            with ui.element("div").classes("line"):
                for actor in talk.actors:
                    image = ui.element("img").props('width=84 height=84 alt=""').classes("portrait")
                    image.props["src"] = portrait_url(actor.persona.id)
            ui.label(" and ".join(actor.name for actor in talk.actors)).classes("opening-name wrap")
            if talk.with_you:
                self._ask(talk)
            else:
                ui.label("Say below how many turns each takes, and let them talk.").classes("soft")

    def _ask(self, talk: Talk) -> None:
        persona = talk.actors[0].persona
        ui.label(persona_row(persona).line).classes("soft opening-line two-lines")
        with ui.element("div").classes("openers"):
            for question in _openers(persona):
                with ui.element("button").props("type=button") as button:
                    ui.label(question).classes("wrap")
                button.on("click", partial(self._on_ask, question))


def _openers(persona: Persona) -> list[str]:
    """Questions that the instruments ask: first open ones, then some for single facts."""
    keyed = [one for one in plain_questions(persona) if one.startswith(("What is your", "What are your"))]
    return [*QUESTIONS[: SHOWN - len(keyed[: SHOWN // 2])], *keyed[: SHOWN // 2]]
