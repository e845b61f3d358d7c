"""Above the talk: who is on stage, who plays them, and whether they remember the person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from personarium.apps.studio.parts import SIMULATED, guarded, icon_button, notice, portrait_url
from personarium.apps.studio.rooms.stage.actors import Actor
from personarium.apps.studio.rooms.stage.model_field import model_field
from personarium.apps.studio.rooms.stage.talks import Talk


class Setting:
    """The panel.

    Args:
        user: Whose memory it is.
        on_choose: Called with the place of the actor (0 or 1) that is to be another persona.
        on_pair: Called with whether two personas are to talk.
        on_new: Called for a new talk of the same.
        on_keep: Called to keep the talk.
        on_open: Called to take up a talk that was kept.
    """

    def __init__(
        self,
        user: str,
        *,
        on_choose: Callable[[int], Awaitable[None]],
        on_pair: Callable[[bool], Awaitable[None]],
        on_new: Callable[[], Awaitable[None]],
        on_keep: Callable[[], Awaitable[None]],
        on_open: Callable[[], Awaitable[None]],
    ) -> None:
        self._user = user
        self._on_choose, self._on_pair = guarded(on_choose), guarded(on_pair)
        self._talk: Talk | None = None
        with ui.element("section").classes("panel setting").props('aria-label="Who is on stage"'):
            self._actors = ui.element("div").classes("setting-actors")
            with ui.element("div").classes("line setting-tools"):
                self._pair = ui.button("", on_click=self._turn).props("flat dense no-caps")
                self._memory = ui.switch("", on_change=self._remember).props("dense")
                ui.space()
                icon_button("add_comment", "New talk", guarded(on_new))
                icon_button("folder_open", "Take up a talk", guarded(on_open))
                self._keep = icon_button("save", "Keep this talk", guarded(on_keep))
        self._simulated = notice(SIMULATED, info=True).classes("simulated")

    def show(self, talk: Talk | None, *, busy: bool) -> None:
        """Show who is on stage in a talk."""
        if talk is not self._talk:
            self._talk = talk
            self._actors.clear()
            with self._actors:
                for place, actor in enumerate(talk.actors if talk else ()):
                    self._actor(place, actor)
        with_you = talk is not None and talk.with_you
        self._pair.visible = talk is not None
        self._pair.set_text("Let two personas talk" if with_you else "Talk to one yourself")
        self._pair.props(f"icon={'groups' if with_you else 'person'}")
        self._memory.visible = with_you
        self._memory.set_text(f"Remember {self._user[:40]}")
        self._memory.value = bool(talk and talk.memory)
        self._keep.set_enabled(bool(talk and talk.dialogue.utterances and not busy))
        self._notice()

    def _actor(self, place: int, actor: Actor) -> None:
        with ui.element("div").classes("setting-actor"):
            with ui.element("button").props("type=button").classes("pick current") as button:
                image = ui.element("img").props('width=48 height=48 alt=""').classes("portrait")
                image.props["src"] = portrait_url(actor.persona.id)
                with ui.element("span").classes("pick-text"):
                    ui.label(actor.name).classes("pick-name clip")
                    ui.label("Choose another").classes("tiny soft clip")
            button.props["aria-label"] = f"{actor.name}: choose another persona"
            button.on("click", partial(self._on_choose, place))
            field = model_field("Played by", actor.model)
            field.on_value_change(lambda event: self._played_by(actor, event.value))

    def _played_by(self, actor: Actor, model: str | None) -> None:
        actor.model = (model or "").strip()
        self._notice()

    def _notice(self) -> None:
        self._simulated.visible = bool(self._talk and any(actor.simulated for actor in self._talk.actors))

    def _remember(self) -> None:
        if self._talk is not None:
            self._talk.memory = bool(self._memory.value) and self._talk.with_you

    async def _turn(self) -> None:
        if self._talk is not None:
            await self._on_pair(self._talk.with_you)
