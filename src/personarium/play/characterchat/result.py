"""What the dialogues are set to and what comes of them: turns with their aspects, moods, endings, ratings.

Source: characterchat page, steps 4 to 9.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from personarium.core.chat import Sampling
from personarium.core.dialogue import OPENING_CUE, Dialogue
from personarium.core.errors import UsageError
from personarium.core.results import Failure, count_failures
from personarium.play.characterchat.characters import SEEKER, SUPPORTER
from personarium.play.characterchat.crisis import Crisis, CrisisPolicy
from personarium.play.characterchat.post_processing import LISTENING
from personarium.play.characterchat.rating import Rating

Ended = Literal["mood", "cap", "crisis", "failed"]


@dataclass(frozen=True)
class DialogueConfig:
    """The constants of the official code.

    Args:
        first_words: What the seeker begins with: "Hello".
        last_turn: The farewells come when this turn is reached: 19. Odd, so that the seeker has spoken before them.
        worry_turn: At this turn the seeker tells of its worry: 2.
        least_moods, good_mood, good_in_a_row: When moods end a dialogue: 5 scores, the last 2 at least 4.
        guard_window, guard_limit: An aspect that is among the last 5 choices 3 times is left out.
        additional_share: Where nothing fits, additional information is used with this probability: 0.5.
        tone_samples: Samples of how a speaker talks: 5.
        asks: The most times one call is tried: 5.
        sampling: Of the utterances.
        opening_cue: User message before the seeker's own first words, as many endpoints want a user to speak first;
            None, as in the original, sends none.
        listening: What is said when cleaning leaves nothing.
        crisis: What is done about words of self-harm; None is nothing.
        seed: 0.
    """

    first_words: str = "Hello"
    last_turn: int = 19
    worry_turn: int = 2
    least_moods: int = 5
    good_mood: int = 4
    good_in_a_row: int = 2
    guard_window: int = 5
    guard_limit: int = 3
    additional_share: float = 0.5
    tone_samples: int = 5
    asks: int = 5
    sampling: Sampling = Sampling(temperature=1.0)
    opening_cue: str | None = OPENING_CUE
    listening: str = LISTENING
    crisis: CrisisPolicy | None = field(default_factory=CrisisPolicy)
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("last_turn", "least_moods", "good_in_a_row", "guard_limit", "tone_samples", "asks"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, found {getattr(self, name)}")
        if self.last_turn < 3 or self.last_turn % 2 == 0:
            raise UsageError(f"last_turn must be odd and at least 3, found {self.last_turn}")
        if not self.first_words.strip() or not 0 <= self.additional_share <= 1:
            raise UsageError("first_words must not be blank, and additional_share must be from 0 to 1")


PUBLISHED = DialogueConfig()


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance.

    Args:
        turn: Its number, from 0.
        speaker: ``seeker`` or ``supporter``.
        aspect: The field it drew on, or None.
        content: That field's text.
        utterance: What was said, cleaned.
        raw: The reply before it was cleaned.
    """

    turn: int
    speaker: str
    aspect: str | None
    content: str
    utterance: str
    raw: str


@dataclass(frozen=True)
class SupportDialogue:
    """One dialogue.

    Args:
        seeker: Index of the seeking character.
        supporter: Index of the supporting one.
        turns: What was said.
        tones: Role -> the samples of how it talks.
        moods: Turn -> the seeker's mood, None where it could not be read.
        ended: ``mood`` (good moods), ``cap`` (the last turn), ``crisis``, ``failed`` (an utterance could not be had).
        crisis: Where words of self-harm ended it.
        rating: The judge's three scores; None where there is no judge, or nothing to rate.
        failures: Everything that failed.
    """

    seeker: int
    supporter: int
    turns: tuple[Turn, ...] = ()
    tones: Mapping[str, str] = field(default_factory=dict)
    moods: Mapping[int, int | None] = field(default_factory=dict)
    ended: Ended = "failed"
    crisis: Crisis | None = None
    rating: Rating | None = None
    failures: tuple[Failure, ...] = ()

    @property
    def id(self) -> str:
        """``<seeker>-<supporter>``."""
        return f"{self.seeker:04d}-{self.supporter:04d}"

    @property
    def complete(self) -> bool:
        """Whether it came to its farewells."""
        return self.ended in ("mood", "cap")

    @property
    def label(self) -> float | None:
        """The match label: the mean of the three scores."""
        return None if self.rating is None else self.rating.label

    def dialogue(self) -> Dialogue:
        """In neutral form; each utterance's ``meta`` names its aspect."""
        meta: dict[str, Any] = {"seeker": self.seeker, "supporter": self.supporter, "ended": self.ended}
        if self.crisis is not None:
            meta["crisis"] = asdict(self.crisis)
        talk = Dialogue(self.id, meta=meta, cast=(SEEKER, SUPPORTER))
        for turn in self.turns:
            about = {"aspect": turn.aspect} if turn.aspect else {}
            talk.say(turn.speaker, turn.utterance, **about)
        return talk

    def as_row(self) -> dict[str, Any]:
        """JSON-ready; ``failures`` counts by kind, ``problems`` tells them."""
        return {
            "id": f"dialogue/{self.id}",
            "seeker": self.seeker,
            "supporter": self.supporter,
            "turns": [asdict(turn) for turn in self.turns],
            "tones": dict(self.tones),
            "moods": {str(turn): mood for turn, mood in self.moods.items()},
            "ended": self.ended,
            "crisis": None if self.crisis is None else asdict(self.crisis),
            "rating": None if self.rating is None else asdict(self.rating),
            "problems": [asdict(f) | {"raw": list(f.raw)} for f in self.failures],
            "failures": count_failures(self.failures),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> SupportDialogue:
        """The inverse of :meth:`as_row`."""
        return cls(
            row["seeker"],
            row["supporter"],
            tuple(Turn(**turn) for turn in row["turns"]),
            row["tones"],
            {int(turn): mood for turn, mood in row["moods"].items()},
            row["ended"],
            None if row["crisis"] is None else Crisis(**row["crisis"]),
            None if row["rating"] is None else Rating(**row["rating"]),
            tuple(Failure(**{**f, "raw": tuple(f["raw"])}) for f in row["problems"]),
        )


def aspect_counts(dialogues: Iterable[SupportDialogue]) -> dict[str, int]:
    """How many utterances drew on each aspect, most used first; ``none`` counts those without."""
    counts = Counter(turn.aspect or "none" for talk in dialogues for turn in talk.turns)
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
