"""Turns are taken: streamed into the list, stopped when the person wants it, read against the persona's facts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import cast

from personarium.apps.studio.parts import in_thread
from personarium.apps.studio.rooms.stage.actors import Actor, Models, make_agent
from personarium.apps.studio.rooms.stage.talk_view import TalkView
from personarium.apps.studio.rooms.stage.talks import Entry, Talk
from personarium.apps.studio.studio import Studio
from personarium.core.chat import Message
from personarium.core.errors import PersonariumError
from personarium.measure.talk_reading import TalkReader
from personarium.play.agents import Agent, Spoken

PIECES_S = 0.04  # pieces that come closer together are shown together
CHUNK = 25  # replies of a talk that was kept which are read at once


class Playing:
    """Takes the turns of one page; one at a time.

    Args:
        studio: The workspace and its user.
        models: Of the page.
        view: The list.
        on_busy: Called when turns begin and when they have ended.
        on_turn: Called after every turn.
    """

    def __init__(
        self,
        studio: Studio,
        models: Models,
        view: TalkView,
        on_busy: Callable[[], None],
        on_turn: Callable[[Talk], Awaitable[None]],
    ) -> None:
        self.studio, self.models, self.view = studio, models, view
        self._on_busy, self._on_turn = on_busy, on_turn
        self._readers: dict[str, TalkReader] = {}
        self._task: asyncio.Task[Spoken] | None = None
        self._stopping = False
        self.busy = False

    async def turns(self, talk: Talk, number: int = 1) -> None:
        """The personas speak in turn, until one fails or the person stops them."""
        if self.busy:
            return
        self.busy, self._stopping = True, False
        self._on_busy()
        try:
            for _ in range(number):
                spoke = await self._turn(talk, talk.next_actor())
                await self._on_turn(talk)
                if self._stopping or not spoke:
                    break
        finally:
            self.busy = False
            self._on_busy()

    def stop(self) -> None:
        """End the turn that is under way; what was said of it is no part of the talk."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()

    async def messages(self, talk: Talk, actor: Actor, turn: int) -> list[Message]:
        """What would be sent for a turn."""
        agent = await self.agent(talk, actor)
        return await in_thread(agent.render, talk.before(turn))

    async def agent(self, talk: Talk, actor: Actor, *, keeps: bool = True) -> Agent:
        """The agent of an actor in a talk."""
        model = await self.models.get(actor.model)
        return await in_thread(make_agent, self.studio, actor, model, memory=talk.memory, keeps=keeps)

    async def read(self, talk: Talk, turns: Sequence[int]) -> None:
        """Read replies against the facts of whoever said them, and show what was found."""
        shown = {entry.turn: entry for entry in talk.entries}
        for actor in talk.actors:
            own = [t for t in turns if talk.dialogue[t].speaker == actor.id and talk.asked_before(t)]
            for start in range(0, len(own), CHUNK):
                await self._read(talk, actor, own[start : start + CHUNK], shown)

    async def reader(self, actor: Actor) -> TalkReader:
        """Who reads what an actor says."""
        if actor.persona.id not in self._readers:
            self._readers[actor.persona.id] = await in_thread(TalkReader, actor.persona)
        return self._readers[actor.persona.id]

    # --- inside ---

    async def _turn(self, talk: Talk, actor: Actor) -> bool:
        agent = await self.agent(talk, actor)
        turn = len(talk.dialogue)
        messages = await in_thread(agent.render, talk.before(turn))
        attempt = sum(one.state == "failed" and one.turn is None for one in talk.entries[-8:])
        entry = talk.begin(actor)
        self.view.add(talk, entry)
        try:
            self._task = asyncio.ensure_future(self._stream(talk, entry, agent, attempt))
            spoken = await self._task
        except asyncio.CancelledError:
            if self._task is None or not self._task.cancelled():
                raise
            entry.state, entry.problem = "stopped", "Stopped; this is no part of the talk."
            self.view.put(talk, entry)
            return False
        except PersonariumError:
            talk.entries.remove(entry)
            self.view.drop(talk, entry)
            raise
        return await self._ended(talk, entry, spoken, agent, messages)

    async def _stream(self, talk: Talk, entry: Entry, agent: Agent, attempt: int) -> Spoken:
        loop = asyncio.get_running_loop()
        held, shown = "", 0.0
        said = agent.stream(talk.before(len(talk.dialogue)), attempt=attempt)
        async with aclosing(cast("AsyncGenerator[str | Spoken, None]", said)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Spoken):
                    return piece
                entry.text += piece
                held += piece
                if loop.time() - shown > PIECES_S:
                    self.view.grow(talk, entry, held)
                    held, shown = "", loop.time()
                    await asyncio.sleep(0)  # a model in this process never waits, and others want their turn
        raise AssertionError("a stream ends with what was spoken")

    async def _ended(self, talk: Talk, entry: Entry, spoken: Spoken, agent: Agent, messages: list[Message]) -> bool:
        if spoken.failure is not None:
            talk.fail(entry, spoken.failure)
            self.view.put(talk, entry)
            return False
        talk.finish(entry, spoken.text, agent.model.name, spoken.finish_reason)
        assert entry.turn is not None
        talk.remember_sent(entry.turn, messages)
        self.view.put(talk, entry)
        await self.read(talk, [entry.turn])
        return True

    async def _read(self, talk: Talk, actor: Actor, turns: Sequence[int], shown: dict[int | None, Entry]) -> None:
        reader = await self.reader(actor)
        exchanges = [(talk.asked_before(turn), talk.dialogue[turn].text) for turn in turns]
        for turn, reading in zip(turns, await in_thread(reader.read, exchanges), strict=False):
            talk.readings[turn] = reading
            if turn in shown:
                self.view.put(talk, shown[turn])
