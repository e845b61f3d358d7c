"""Below the talk: where the person writes, or lets the two go on; and where either is stopped."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from personarium.apps.studio.parts import guarded, icon_button
from personarium.apps.studio.rooms.stage.talks import Talk

TURNS = 4  # of each speaker
MOST_TURNS = 100


class Composer:
    """The row.

    Args:
        on_say: Called with what the person wrote.
        on_answer: Called when the persona is to answer what stands there.
        on_play: Called with the number of turns that the two are to take.
        on_stop: Called when the turn under way is to end.
    """

    def __init__(
        self,
        on_say: Callable[[str], Awaitable[None]],
        on_answer: Callable[[], Awaitable[None]],
        on_play: Callable[[int], Awaitable[None]],
        on_stop: Callable[[], None],
    ) -> None:
        self._on_say, self._on_play = guarded(on_say), guarded(on_play)
        with ui.element("div").classes("composer"):
            with ui.element("div").classes("write") as self._write:
                self._text = ui.textarea().props("outlined dense autogrow rows=1 maxlength=20000").classes("grow")
                self._text.on("keydown.enter.exact.prevent", self._say)
                self._send = icon_button("send", "Send", self._say).props("unelevated color=primary")
            with ui.element("div").classes("write") as self._pair:
                self._turns = ui.number("Turns of each", value=TURNS, min=1, max=MOST_TURNS, precision=0)
                self._turns.props("outlined dense").classes("turns-field")
                self._play = ui.button("Let them talk", icon="play_arrow", on_click=self._go).props("unelevated")
            self._again = ui.button("", icon="refresh", on_click=guarded(on_answer)).props("flat dense")
            self._stop = ui.button("Stop", icon="stop", on_click=on_stop).props("outline")
        self._talk: Talk | None = None
        self._busy = False
        self.show(None, busy=False)

    def show(self, talk: Talk | None, *, busy: bool) -> None:
        """Fit the row to a talk."""
        self._talk, self._busy = talk, busy
        with_you = talk is not None and talk.with_you
        self._write.visible = with_you
        self._pair.visible = talk is not None and not with_you and not busy
        self._send.visible = not busy
        self._stop.visible = busy
        self._again.visible = bool(talk and not busy and (talk.waits or (with_you and not talk.dialogue.utterances)))
        if talk is not None:
            name = talk.actors[0].name
            self._again.set_text(f"Let {name[:40]} {'answer' if talk.waits else 'begin'}")
            self._text.props["placeholder"] = self._text.props["aria-label"] = f"Say something to {name[:60]}"
            self._text.update()
            self._play.set_text("Go on" if talk.dialogue.utterances else "Let them talk")

    def focus(self) -> None:
        """Put the cursor into the field."""
        if self._write.visible:
            self._text.run_method("focus")

    async def _say(self) -> None:
        said = (self._text.value or "").strip()
        if not said or self._busy:
            return
        self._text.value = ""
        await self._on_say(said)

    async def _go(self) -> None:
        await self._on_play(max(1, min(MOST_TURNS, int(self._turns.value or TURNS))))
