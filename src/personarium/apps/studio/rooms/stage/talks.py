"""A talk on stage while a page is open: the dialogue, what is shown of it, and what was read in it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from personarium.apps.studio.parts import portrait_url
from personarium.apps.studio.rooms.stage.actors import YOU, Actor
from personarium.apps.studio.rooms.stage.strip import chips_of, strip_label
from personarium.core.chat import Message
from personarium.core.dialogue import Dialogue, Utterance
from personarium.core.errors import InvalidInput
from personarium.core.persona import Persona
from personarium.core.results import Failure
from personarium.measure.talk_reading import ReplyReading

State = Literal["said", "saying", "failed", "stopped"]
SENT = 40  # turns whose messages are kept as they were sent
_KEYS = count(1)


@dataclass(slots=True)
class Entry:
    """One thing in the list: a turn, one under way, or one that could not be had.

    Args:
        key: Its number on the page.
        speaker: Id of who speaks.
        text: What was said, so far.
        state: ``said``, ``saying``, ``failed``, ``stopped``.
        turn: Its place in the dialogue; None while it is no part of it.
        problem: Why there is no reply.
        model: Who played it.
    """

    key: int
    speaker: str
    text: str = ""
    state: State = "said"
    turn: int | None = None
    problem: str = ""
    model: str = ""


@dataclass(slots=True)
class Talk:
    """One talk: with the person, or between two personas.

    Args:
        title: What its tab says.
        actors: The personas on stage, one or two.
        dialogue: What was said.
        memory: Whether the persona remembers the person.
        kept_as: The name under which it was kept; empty when it was not.
    """

    title: str
    actors: tuple[Actor, ...]
    dialogue: Dialogue
    memory: bool = False
    kept_as: str = ""
    entries: list[Entry] = field(default_factory=list)
    readings: dict[int, ReplyReading] = field(default_factory=dict)
    sent: dict[int, list[Message]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    changed: bool = False

    @property
    def with_you(self) -> bool:
        """Whether the person takes part."""
        return len(self.actors) == 1

    def actor(self, speaker: str) -> Actor | None:
        """The persona that speaks under an id."""
        return next((actor for actor in self.actors if actor.id == speaker), None)

    def next_actor(self) -> Actor:
        """Whose turn it is among the personas."""
        if self.with_you or not self.dialogue.utterances:
            return self.actors[0]
        return self.actors[1] if self.dialogue.utterances[-1].speaker == self.actors[0].id else self.actors[0]

    @property
    def waits(self) -> bool:
        """Whether the person has spoken and nobody has answered."""
        said = self.dialogue.utterances
        return self.with_you and bool(said) and said[-1].speaker == YOU

    def say(self, speaker: str, text: str, **meta: Any) -> Entry:
        """Take in a turn that is finished."""
        self.dialogue.say(speaker, text, **meta)
        self.changed = True
        return self._show(len(self.dialogue) - 1)

    def begin(self, actor: Actor) -> Entry:
        """A turn begins."""
        entry = Entry(next(_KEYS), actor.id, state="saying", model=actor.model)
        self.entries.append(entry)
        return entry

    def finish(self, entry: Entry, text: str, model: str, finish_reason: str) -> None:
        """The turn that began has become part of the dialogue."""
        meta = {"model": model} if finish_reason == "stop" else {"model": model, "finish_reason": finish_reason}
        self.dialogue.say(entry.speaker, text, **meta)
        entry.text, entry.state, entry.turn, entry.model = text, "said", len(self.dialogue) - 1, model
        entry.problem = "cut off at the limit of tokens" if finish_reason == "length" else ""
        self.changed = True

    def fail(self, entry: Entry, failure: Failure) -> None:
        """The turn that began could not be had; it is counted and no part of the dialogue."""
        entry.state, entry.problem = "failed", f"No reply ({failure.kind}): {failure.reason}"
        self.failures.append(failure)
        noted = {"turn": len(self.dialogue), "speaker": entry.speaker, "kind": failure.kind, "reason": failure.reason}
        self.dialogue.meta["failures"] = [*self.dialogue.meta.get("failures", ()), noted]
        self.changed = True

    def remember_sent(self, turn: int, messages: list[Message]) -> None:
        """Keep what was sent for a turn, of the last turns only: each holds everything before it again."""
        self.sent[turn] = messages
        while len(self.sent) > SENT:
            del self.sent[min(self.sent)]

    def asked_before(self, turn: int) -> str:
        """What the partner said since the speaker's last turn; empty when nothing was."""
        said, own = self.dialogue.utterances, self.dialogue[turn].speaker
        start = turn
        while start and said[start - 1].speaker != own:
            start -= 1
        return "\n".join(one.text for one in said[start:turn])

    def before(self, turn: int) -> Dialogue:
        """A copy of the dialogue up to a turn, without it."""
        d = self.dialogue
        return Dialogue(d.id, d.utterances[:turn], {k: v for k, v in d.meta.items() if k != "failures"}, d.cast)

    def branch(self, turns: int, title: str) -> Talk:
        """A talk of its own that begins like this one.

        It keeps the dialogue's id: to a memory what both have in common was said once.

        Args:
            turns: How many turns are taken over.
            title: Of the new tab.
        """
        made = Talk(title, self.actors, self.before(turns), self.memory)
        made.readings = {turn: reading for turn, reading in self.readings.items() if turn < turns}
        made.sent = {turn: messages for turn, messages in self.sent.items() if turn < turns}
        made.show_all()
        return made

    def show_all(self) -> None:
        """Make the list anew from the dialogue."""
        self.entries = []
        for turn in range(len(self.dialogue)):
            self._show(turn)

    def _show(self, turn: int) -> Entry:
        said = self.dialogue[turn]
        entry = Entry(next(_KEYS), said.speaker, said.text, "said", turn, "", str(said.meta.get("model", "")))
        self.entries.append(entry)
        return entry

    def row(self, entry: Entry) -> dict[str, Any]:
        """An entry as the list in the browser shows it."""
        actor = self.actor(entry.speaker)
        reading = None if entry.turn is None else self.readings.get(entry.turn)
        chips, more = chips_of(reading)
        return {
            "key": entry.key,
            "side": "other" if actor is None else "first" if actor is self.actors[0] else "second",
            "mine": actor is None or (not self.with_you and actor is not self.actors[0]),
            "name": "You" if entry.speaker == YOU else actor.name if actor else entry.speaker,
            "portrait": "" if actor is None else portrait_url(actor.persona.id),
            "text": entry.text,
            "state": entry.state,
            "problem": entry.problem,
            "model": entry.model if actor else "",
            "chips": chips,
            "more": more,
            "read": strip_label(reading),
            "said": entry.turn is not None,
            "played": actor is not None,
        }


def new_talk(actors: tuple[Actor, ...], *, memory: bool) -> Talk:
    """A talk in which nobody has spoken yet."""
    cast = tuple(actor.id for actor in actors)
    title = " and ".join(actor.name for actor in actors)
    about = {"personas": {actor.id: actor.persona.id for actor in actors}}
    ids = (YOU, *cast) if len(actors) == 1 else cast
    return Talk(title, actors, Dialogue(f"stage-{secrets.token_hex(5)}", [], about, ids), memory)


def kept_talk(name: str, dialogue: Dialogue, find: Callable[[str], Persona], cast: Callable[[Persona], Actor]) -> Talk:
    """A talk that was kept.

    Args:
        name: Under which name.
        dialogue: What was said.
        find: Gives the persona of an id; raises NotFound.
        cast: Makes an actor of it.

    Raises:
        NotFound: A persona of the talk is not there any more.
        InvalidInput: It is not a talk with a persona, or between two.
    """
    known = dialogue.meta.get("personas")
    speakers = [one for one in dialogue.speakers if one != YOU]
    ids = {one: str(known.get(one, one)) for one in speakers} if isinstance(known, Mapping) else {}
    people = [find(ids.get(one, one)) for one in speakers[:3]]
    if len(people) != 2 - (YOU in dialogue.speakers):
        raise InvalidInput(f"the talk '{name}'", "one persona and you, or two personas", speakers, "cast")
    actors = tuple(cast(person) for person in people)
    renamed = {old: actor.id for old, actor in zip(speakers, actors, strict=True)}
    said = [Utterance(renamed.get(one.speaker, one.speaker), one.text, one.meta) for one in dialogue.utterances]
    ends = tuple(renamed.get(one, one) for one in dialogue.speakers)
    meta = {**dialogue.meta, "personas": {actor.id: actor.persona.id for actor in actors}}
    talk = Talk(name, actors, Dialogue(dialogue.id, said, meta, ends), kept_as=name)
    talk.failures = [Failure("error", "in an earlier session") for _ in dialogue.meta.get("failures", ())]
    talk.show_all()
    return talk
