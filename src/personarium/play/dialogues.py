"""The dialogue engine: a neutral history, every speaker's own view made at call time, caps, a detector, many at once.

Source: SPASM (arXiv 2604.09212), spasm page, points 4 to 6.
Differs: any number of speakers (round robin); a turn that fails ends the dialogue, which is kept and counted as ``failed``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

from personarium.core.dialogue import Dialogue
from personarium.core.errors import UsageError
from personarium.core.label import labelled
from personarium.core.results import Failure
from personarium.play.agents import Agent, Projection, Speaker, Spoken
from personarium.runs.mapping import map_kept

if TYPE_CHECKING:
    from personarium.runs.run import Run

TerminationReason = Literal["natural_termination", "max_turns", "failed"]
MAX_TURNS = 25  # utterances per agent; spasm page, point 4
CONCURRENCY = 100


@dataclass(frozen=True, slots=True)
class Ending:
    """What a detector says: whether the talk is over, and the failure if its verdict could not be had."""

    stop: bool
    failure: Failure | None = None


class Detector(Protocol):
    """Decides whether a dialogue has come to its natural end.

    ``after`` is the number of utterances from which on it is asked, always when the last speaker of a round has spoken.
    """

    @property
    def after(self) -> int: ...

    async def ended(
        self, dialogue: Dialogue, *, seed: int | None = ..., sample: int = ..., repeat: int = ..., attempt: int = ...
    ) -> Ending: ...


@dataclass(frozen=True, slots=True)
class Casting:
    """A dialogue to be played.

    Args:
        id: Stable and unique among the dialogues of one call.
        speakers: In the order in which they speak; the first one opens.
        detector: Asked whether the talk is over; None plays to the cap.
        max_turns: Most utterances of each speaker; those of ``opening`` count.
        projection: ``egocentric``, or the baseline ``concat``; None leaves every agent its own.
        asks: The most times one turn is asked for while the reply is empty or refused; each re-ask is a new draw.
        opening: What was said before; the dialogue goes on after it (a copy: the original stays as it is).
        seed: The run's seed.
        sample: Which of several dialogues of the same speakers.
        repeat: Which repeat of the condition.
        attempt: Which attempt at this dialogue (a rejected one is played again).
    """

    id: str
    speakers: tuple[Speaker, ...]
    detector: Detector | None = None
    max_turns: int = MAX_TURNS
    projection: Projection | None = None
    asks: int = 1
    opening: Dialogue | None = None
    seed: int | None = 0
    sample: int = 0
    repeat: int = 0
    attempt: int = 0

    def __post_init__(self) -> None:
        ids = [speaker.id for speaker in self.speakers]
        if len(ids) < 2 or len(set(ids)) < len(ids):
            raise UsageError(f"a dialogue needs at least two speakers with different ids, found {ids}")
        if self.max_turns < 1 or self.asks < 1:
            raise UsageError(f"max_turns and asks must be at least 1, found {self.max_turns} and {self.asks}")


@dataclass(frozen=True, slots=True)
class Played:
    """A played dialogue.

    Args:
        dialogue: The history, neutral.
        termination_reason: ``natural_termination`` (the detector), ``max_turns`` (the cap), ``failed`` (a turn could not
            be had; what was said before is in the dialogue).
        failures: Every failed turn and unread verdict, re-asked ones included.
        detector_calls: How often the detector was asked.
    """

    dialogue: Dialogue
    termination_reason: TerminationReason
    failures: tuple[Failure, ...] = ()
    detector_calls: int = 0

    @property
    def id(self) -> str:
        """The dialogue's id."""
        return self.dialogue.id

    @property
    def failed(self) -> bool:
        """Whether a turn could not be had."""
        return self.termination_reason == "failed"


async def play_dialogue(casting: Casting) -> Played:
    """Play one dialogue: the speakers take turns, each with its own view of the same neutral history."""
    table = _Table(casting)
    with labelled(item=casting.id):
        while True:
            reason = await table.round()
            if reason is not None:
                return Played(table.dialogue, reason, tuple(table.failures), table.detector_calls)


async def play_dialogues(
    castings: Sequence[Casting], *, run: Run | None = None, stage: str = "dialogues", concurrency: int = CONCURRENCY
) -> list[Played]:
    """Play many dialogues side by side.

    Args:
        castings: Who talks to whom; ids must be unique.
        run: The run to count them in (its models record and cache the calls); None plays without a run.
        stage: The stage's name in the run.
        concurrency: Dialogues at once.

    Returns:
        One result for each casting, in order; failed ones are among them and listed as failed in the run.
    """
    return await map_kept(
        run,
        stage,
        castings,
        play_dialogue,
        key=lambda casting: casting.id,
        failure=lambda result: result.failures[-1] if result.failed else None,
        concurrency=concurrency,
    )


@dataclass(slots=True)
class _Table:
    """One dialogue while it is played."""

    casting: Casting
    dialogue: Dialogue = field(init=False)
    speakers: tuple[Speaker, ...] = field(init=False)
    failures: list[Failure] = field(default_factory=list)
    detector_calls: int = 0
    draw: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        c = self.casting
        self.speakers = tuple(_projected(speaker, c.projection) for speaker in c.speakers)
        said = c.opening.utterances if c.opening is not None else []
        meta = c.opening.meta if c.opening is not None else {}
        self.dialogue = Dialogue(c.id, list(said), dict(meta), tuple(s.id for s in c.speakers))
        self.draw = {"seed": c.seed, "sample": c.sample, "repeat": c.repeat}

    async def round(self) -> TerminationReason | None:
        """Everybody who is still due in this round speaks once; then the detector is asked. None: it goes on."""
        cap = self.casting.max_turns * len(self.speakers)
        for speaker in self.speakers[self._next() :]:
            if len(self.dialogue) >= cap:
                return "max_turns"
            spoken = await self._turn(speaker)
            if spoken.failure is not None:
                return "failed"
            meta = {} if spoken.finish_reason == "stop" else {"finish_reason": spoken.finish_reason}
            self.dialogue.say(speaker.id, spoken.text, **meta)
        if len(self.dialogue) >= cap:
            return "max_turns"
        return "natural_termination" if await self._ended() else None

    def _next(self) -> int:
        """The place of the speaker whose turn it is: the one after whoever spoke last."""
        if not self.dialogue.utterances:
            return 0
        last = self.dialogue.utterances[-1].speaker
        ids = [speaker.id for speaker in self.speakers]
        return (ids.index(last) + 1) % len(ids) if last in ids else 0

    async def _turn(self, speaker: Speaker) -> Spoken:
        asks = self.casting.asks
        first = self.casting.attempt * asks
        spoken = Spoken("")
        for attempt in range(first, first + asks):
            spoken = await speaker.reply(self.dialogue, attempt=attempt, **self.draw)
            if spoken.failure is None:
                break
            self.failures.append(replace(spoken.failure, where=f"{self.casting.id}/{speaker.id}"))
        return spoken

    async def _ended(self) -> bool:
        detector = self.casting.detector
        if detector is None or len(self.dialogue) < detector.after:
            return False
        self.detector_calls += 1
        ending = await detector.ended(self.dialogue, attempt=self.casting.attempt, **self.draw)
        if ending.failure is not None:
            self.failures.append(replace(ending.failure, where=f"{self.casting.id}/detector"))
        return ending.stop


def _projected(speaker: Speaker, projection: Projection | None) -> Speaker:
    if projection is None or not isinstance(speaker, Agent) or speaker.projection == projection:
        return speaker
    return speaker.with_projection(projection)
