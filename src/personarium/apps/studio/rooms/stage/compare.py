"""Two models answer the same turn side by side, blind, and the person votes."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import cast

from nicegui import ui

from personarium.apps.studio.parts import guarded, in_thread, open_filled
from personarium.apps.studio.rooms.stage.actors import Actor
from personarium.apps.studio.rooms.stage.model_field import model_field
from personarium.apps.studio.rooms.stage.playing import PIECES_S, Playing
from personarium.apps.studio.rooms.stage.sheet import name_dialog
from personarium.apps.studio.rooms.stage.talks import Talk
from personarium.core.dialogue import Dialogue
from personarium.core.errors import UsageError
from personarium.measure.prompt_tournament.votes import SAID, Said, Vote, add_vote, context_of
from personarium.play.agents import Agent, Spoken

OPENING = "Nobody has spoken yet: both open the talk."
BUTTONS: dict[Said, str] = {"A": "A is better", "B": "B is better", "tie": "Equally good", "both bad": "Both bad"}


@dataclass(slots=True)
class Side:
    """One of the two replies while it is compared.

    Args:
        model: The model's own name.
        agent: Who answers; reads the memory and writes nothing.
        text: What is shown so far.
        spoken: The whole reply, when it is there.
    """

    model: str
    agent: Agent
    text: ui.label
    spoken: Spoken = field(default_factory=lambda: Spoken(""))


class Compare:
    """The dialog.

    Args:
        playing: Opens models and agents.
        on_vote: Called when a vote is kept.
        on_continue: Called with the talk, the number of turns before the reply, the reply, and its model.
    """

    def __init__(
        self,
        playing: Playing,
        on_vote: Callable[[], Awaitable[None]],
        on_continue: Callable[[Talk, int, Actor, Spoken, str], Awaitable[None]],
    ) -> None:
        self._playing, self._on_vote, self._on_continue = playing, on_vote, on_continue
        self._lot = random.SystemRandom()  # which model is A: nobody can foresee it, the page's code included
        self._task: asyncio.Future[list[None]] | None = None
        self._talk: Talk | None = None
        self._actor: Actor | None = None
        self._turn = 0
        self._sides: list[Side] = []
        self._build()

    async def ask(self, talk: Talk, actor: Actor, turn: int) -> None:
        """Compare two models as an actor at a turn of a talk."""
        self._talk, self._actor, self._turn = talk, actor, turn
        before = talk.before(turn)
        self._question.set_text(f"Which reply is more what {actor.name} would say, in content and in manner?")
        self._answered.set_text(before[-1].text if before.utterances else OPENING)
        self._first.value = actor.model
        self._second.value = self._second.value or ("simulated:seed=1" if actor.simulated else "")
        self._clear()
        open_filled(self._dialog)

    # --- the dialog ---

    def _build(self) -> None:
        with ui.dialog() as self._dialog, ui.card().classes("compare-card"):
            name_dialog(self._dialog, "Compare two models")
            self._dialog.on("hide", self._stop)
            ui.label("Compare two models").classes("panel-title").props("role=heading aria-level=2")
            with ui.element("div").classes("quoted"):
                ui.label("Both answer").classes("tiny soft")
                self._answered = ui.label("").classes("wrap four-lines")
            with ui.element("div").classes("line"):
                self._first = model_field("One model", "")
                self._second = model_field("Another model", "")
                self._go = ui.button("Let both answer", on_click=guarded(self._play)).props("unelevated")
            self._stage = ui.element("div").classes("sides")
            self._question = ui.label("").classes("vote-question")
            self._votes = ui.element("div").classes("line votes").props('role=group aria-label="Your vote"')
            self._outcome = ui.element("div").classes("stack").props("role=status")
            with ui.element("div").classes("line end"):
                ui.button("Close", on_click=self._dialog.close).props("flat")

    def _clear(self) -> None:
        self._stage.clear()
        self._votes.clear()
        self._outcome.clear()
        self._question.visible = False

    async def _play(self) -> None:
        assert self._talk is not None and self._actor is not None
        talk, actor = self._talk, self._actor
        agents = [await self._agent(talk, actor, field) for field in (self._first, self._second)]
        if agents[0].model.name == agents[1].model.name:
            raise UsageError(f"two different models are compared, and both fields say {agents[0].model.name}")
        self._lot.shuffle(agents)
        self._clear()
        self._sides = [self._side(name, agent) for name, agent in zip("AB", agents, strict=True)]
        self._go.disable()
        try:
            before = talk.before(self._turn)
            self._task = asyncio.gather(*(self._answer(side, before) for side in self._sides))
            await self._task
        except asyncio.CancelledError:
            if self._task is None or not self._task.cancelled():
                raise
            return
        finally:
            self._go.enable()
        await self._answers_are_there()

    async def _agent(self, talk: Talk, actor: Actor, field: ui.input) -> Agent:
        played = Actor(actor.persona, actor.id, (field.value or "").strip())
        if not played.model:
            raise UsageError(f"name a model in the field '{field.props['label']}'")
        return await self._playing.agent(talk, played, keeps=False)

    def _side(self, name: str, agent: Agent) -> Side:
        with self._stage, ui.element("section").classes("reply-side") as section:
            section.props["aria-label"] = f"Reply {name}"
            ui.label(name).classes("side-name")
            text = ui.label("").classes("wrap side-text")
        return Side(agent.model.name, agent, text)

    async def _answer(self, side: Side, before: Dialogue) -> None:
        loop = asyncio.get_running_loop()
        said, shown = "", 0.0
        pieces = cast("AsyncGenerator[str | Spoken, None]", side.agent.stream(before))
        async with aclosing(pieces):
            async for piece in pieces:
                if isinstance(piece, Spoken):
                    side.spoken = piece
                    break
                said += piece
                if loop.time() - shown > PIECES_S:
                    side.text.set_text(said)
                    shown = loop.time()
                    await asyncio.sleep(0)
        failure = side.spoken.failure
        if failure is None:
            side.text.set_text(side.spoken.text)
        else:
            side.text.classes("turn-problem").set_text(f"No reply ({failure.kind})")

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    # --- the vote ---

    async def _answers_are_there(self) -> None:
        failed = [side.spoken.failure for side in self._sides if side.spoken.failure is not None]
        if failed:
            with self._outcome:
                for failure in failed:
                    ui.label(f"{failure.kind}: {failure.reason}").classes("wrap small")
                ui.label("There is nothing to vote on; let both answer again.").classes("soft small")
            return
        if self._sides[0].spoken.text == self._sides[1].spoken.text:
            await self._keep("tie", asked=False)
            return
        self._question.visible = True
        with self._votes:
            for said in SAID:
                vote = cast("Said", said)
                ui.button(BUTTONS[vote], on_click=partial(guarded(self._keep), vote)).props("outline")

    async def _keep(self, said: Said, asked: bool = True) -> None:
        assert self._talk is not None and self._actor is not None
        persona, a, b = self._actor.persona.id, self._sides[0], self._sides[1]
        context = context_of(persona, self._talk.before(self._turn), self._actor.id)
        studio = self._playing.studio
        vote = Vote(persona, a.model, b.model, said, context, studio.user, round(time.time(), 3), asked=asked)
        self._votes.clear()
        await in_thread(add_vote, vote, studio.workspace.votes_path)
        self._question.visible = False
        self._reveal(said, asked)
        await self._on_vote()

    def _reveal(self, said: Said, asked: bool) -> None:
        told = "Both said the same, which is kept as a tie." if not asked else f"Kept: {BUTTONS[said].lower()}."
        told = told.replace("a is", "A is").replace("b is", "B is")
        with self._outcome:
            ui.label(told).classes("small")
            with ui.element("div").classes("sides"):
                for name, side in zip("AB", self._sides, strict=True):
                    with ui.element("div").classes("line"):
                        ui.label(f"{name} was {side.model}").classes("small wrap grow")
                        ui.button(f"Go on with {name}", on_click=partial(guarded(self._go_on), side)).props(
                            "flat dense"
                        )

    async def _go_on(self, side: Side) -> None:
        assert self._talk is not None and self._actor is not None
        self._dialog.close()
        await self._on_continue(self._talk, self._turn, self._actor, side.spoken, side.model)
