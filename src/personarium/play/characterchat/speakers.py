"""The two speakers: persona in the system message, the bare talk as history, and one wrapped message for the next turn.

A speaker keeps what it chose and said in the table that both share; the neutral dialogue belongs to the engine.

Source: characterchat page, steps 4 to 8.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from personarium.core.chat import ChatModel, Message, Sampling, system, user
from personarium.core.dialogue import Dialogue
from personarium.core.errors import RemoteError
from personarium.core.label import labelled
from personarium.core.results import Failure
from personarium.play.agents import Spoken, as_spoken
from personarium.play.characterchat.aspects import Choice, Chooser, Guard
from personarium.play.characterchat.characters import ADDITIONAL, SEEKER, SUPPORTER, WORRY, Character, Role
from personarium.play.characterchat.crisis import Crisis
from personarium.play.characterchat.post_processing import clean, clean_gently
from personarium.play.characterchat.result import Turn
from personarium.play.characterchat.steps import FAREWELL, TURN

if TYPE_CHECKING:
    from personarium.play.characterchat.result import DialogueConfig


class CrisisFound(Exception):
    """Ends a dialogue at once: the engine lets it through, and whoever plays the dialogue says the referral."""

    def __init__(self, dialogue: Dialogue, crisis: Crisis) -> None:
        super().__init__(crisis.words)
        self.dialogue, self.crisis = dialogue, crisis


@dataclass(slots=True)
class Table:
    """What the speakers of one dialogue share.

    Args:
        id: The dialogue's.
        config: The constants.
        faults: Published faults that are switched on.
        guards: Role -> its guard; one for both as published (``guard-shared``).
        turns: What was said, with the aspect and the raw reply of each turn.
        failures: Choices and utterances that could not be had, re-asked ones included.
    """

    id: str
    config: DialogueConfig
    faults: frozenset[str]
    guards: Mapping[Role, Guard] = field(init=False)
    turns: list[Turn] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def __post_init__(self) -> None:
        window, limit = self.config.guard_window, self.config.guard_limit
        seekers = Guard(window=window, limit=limit)
        shared = "guard-shared" in self.faults
        self.guards = {SEEKER: seekers, SUPPORTER: seekers if shared else Guard(window=window, limit=limit)}

    def last_of(self, role: Role) -> Turn | None:
        """The last turn of a speaker."""
        return next((turn for turn in reversed(self.turns) if turn.speaker == role), None)


@dataclass(slots=True)
class CharacterSpeaker:
    """A character in its role; a speaker for :func:`~personarium.play.dialogues.play_dialogue`.

    Args:
        role: ``seeker`` or ``supporter``; its name in the dialogue.
        character: Who.
        tones: Samples of how it talks, appended to its statement.
        model: Who plays it.
        chooser: Who chooses aspects.
        table: What both speakers share.
        names: What may stand before a colon as a speaker's name.
        parting: Whether it says farewell: no aspect, another wrapping.
    """

    role: Role
    character: Character
    tones: str
    model: ChatModel
    chooser: Chooser
    table: Table
    names: tuple[str, ...] = ()
    parting: bool = False
    _choices: dict[int, Choice] = field(default_factory=dict, init=False)

    @property
    def id(self) -> str:
        """Its name in the dialogue."""
        return self.role

    @property
    def system(self) -> str:
        """The system message: statement and tone samples."""
        return "\n\n".join(part for part in (self.character.statement(self.role).strip(), self.tones.strip()) if part)

    def render(self, dialogue: Dialogue, aspect: str | None = None) -> list[Message]:
        """Exactly the messages that a turn sends: system, bare history, the partner's words wrapped."""
        seen = dialogue.seen_by(self.role, opening_cue=self.table.config.opening_cue)
        wrapped = user(self.wrapped(seen[-1]["content"], aspect))
        return [*([system(self.system)] if self.system else []), *seen[:-1], wrapped]

    def wrapped(self, said: str, aspect: str | None) -> str:
        """The partner's words with instructions, manners, tone and the aspect's text; a farewell has only the first."""
        step = FAREWELL if self.parting else TURN
        shown = self.character.aspects.get(aspect, "") if aspect and not self.parting else ""
        return step.render(speaker=self.role, said=said, aspect=shown, tone=self.character.tone)[0]["content"]

    async def reply(
        self, dialogue: Dialogue, *, seed: int | None = 0, sample: int = 0, repeat: int = 0, attempt: int = 0
    ) -> Spoken:
        """Choose an aspect (once a turn), speak, clean what was said.

        Raises:
            CrisisFound: The utterance has words of self-harm.
        """
        choice = await self._chosen(dialogue, seed, sample)
        if choice.failure is not None:
            spoken = Spoken("", choice.failure)
        else:
            sampling = self.table.config.sampling.but(seed=seed, sample=sample, repeat=repeat, attempt=attempt)
            spoken = await self._say(self.render(dialogue, choice.aspect), sampling)
        if spoken.failure is not None:
            self.table.failures.append(replace(spoken.failure, where=f"{self.table.id}/{self.role}"))
            return spoken
        await self._keep(dialogue, choice, spoken.text)
        return replace(spoken, text=self.table.turns[-1].utterance)

    async def _say(self, messages: list[Message], sampling: Sampling) -> Spoken:
        with labelled(step=FAREWELL.name if self.parting else TURN.name):
            try:
                return as_spoken(await self.model.generate(messages, sampling), self.role)
            except RemoteError as error:
                return Spoken("", Failure("error", str(error), self.role))

    async def _keep(self, dialogue: Dialogue, choice: Choice, raw: str) -> None:
        """Note the turn; what a farewell notes as its aspect is stale as published (``farewell-stale-aspect``)."""
        aspect = choice.aspect
        if self.parting and "farewell-stale-aspect" in self.table.faults:
            before = self.table.last_of(self.role)
            aspect = before.aspect if before else None
        content = self.character.aspects.get(aspect, "") if aspect else ""
        said = self.cleaned(raw, dialogue[-1].text if len(dialogue) else "")
        number = len(dialogue)
        policy = self.table.config.crisis
        found = (
            await policy.found_in(raw) if policy is not None and "no-crisis-handling" not in self.table.faults else None
        )
        if found is not None and policy is not None and self.role == SUPPORTER:
            said = policy.referral  # nobody should read more of it; the raw reply stays in the record
        self.table.turns.append(Turn(number, self.role, aspect, content, said, raw))
        if found is not None:
            raise CrisisFound(dialogue.with_utterance(self.role, said), Crisis(number, self.role, found))

    def cleaned(self, raw: str, partner: str) -> str:
        """The utterance that a reply becomes; as published (``cleaning-cuts``) by the cleaning that cuts meaning."""
        listening = self.table.config.listening
        if "cleaning-cuts" in self.table.faults:
            return clean(raw, partner, listening)
        return clean_gently(raw, partner, self.names, listening)

    # --- step 6: the aspect ---

    async def _chosen(self, dialogue: Dialogue, seed: int | None, sample: int) -> Choice:
        turn = len(dialogue)
        if turn not in self._choices:
            self._choices[turn] = await self._choose(dialogue, turn, seed, sample)
        return self._choices[turn]

    async def _choose(self, dialogue: Dialogue, turn: int, seed: int | None, sample: int) -> Choice:
        config, aspects = self.table.config, self.character.choosable(self.role)
        if self.parting:
            return Choice()
        if self.role == SEEKER and turn == config.worry_turn:
            return Choice(WORRY if WORRY in aspects else None)
        guard = self.table.guards[self.role]
        offered = guard.offer(aspects, self.table.faults)
        if offered is None:
            return Choice(
                failure=Failure("error", "as published the guard fails before any aspect is blocked", self.role)
            )
        if not offered:
            return Choice()
        choice = await self.chooser.choose(dialogue, self.role, offered, seed=seed, sample=sample)
        if choice.failure is not None:
            self.table.failures.append(choice.failure)
            return Choice()
        if choice.said_none:
            return Choice(self._instead(turn))
        if choice.aspect is not None:
            guard.chosen.append(choice.aspect)
        return choice

    def _instead(self, turn: int) -> str | None:
        """What is used where nothing fits: additional information half of the time; neither enters the guard."""
        toss = random.Random(f"{self.table.config.seed}|{self.table.id}|{turn}").random()
        there = bool(self.character.aspects.get(ADDITIONAL, "").strip())
        return ADDITIONAL if there and toss < self.table.config.additional_share else None
