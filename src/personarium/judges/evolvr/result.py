"""What EvolvR gives: filtered training records with what every filter dropped, and judgements of a panel of readers.

Source: EvolvR (arXiv 2508.06046), "Takes and gives".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from personarium.core.results import Failure, count_failures
from personarium.judges.evolvr.data_format import StoryPair
from personarium.judges.evolvr.logit_check import LogitCheck
from personarium.judges.evolvr.reader_noise import NOT_INDEPENDENT

SYNTHESIS, RULES, SELF, ROBUST, LOGITS = "synthesis", "rule check", "self check", "robustness check", "logit check"
FILTERS = (SYNTHESIS, RULES, SELF, ROBUST, LOGITS)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One generation on its way through the filters.

    Args:
        pair: In the order in which it was shown.
        reader: Which persona wrote it.
        instruction: The training prompt: the same question without any score.
        output: The text as it is now; empty where there was none.
        dropped_by: Which filter dropped it; empty where it is kept so far.
        reason: Why.
        failure: The reply that could not be had or read.
        swapped: The reversed text that the robustness check judged, as it is stored.
        fits: Its verdict on that text; None where it was not asked or not read.
        logits: The logit check, where there was one.
    """

    pair: StoryPair
    reader: str
    instruction: str
    output: str = ""
    dropped_by: str = ""
    reason: str = ""
    failure: Failure | None = None
    swapped: str = ""
    fits: bool | None = None
    logits: LogitCheck | None = None

    @property
    def id(self) -> str:
        """Pair and reader."""
        return f"{self.pair.id}/{self.reader}"

    @property
    def kept(self) -> bool:
        """Whether no filter has dropped it."""
        return not self.dropped_by

    def record(self) -> dict[str, Any]:
        """As a training record, with what the robustness check saw and said."""
        verdict = {} if self.fits is None else {"swapoutput": self.swapped, "judge": "Yes" if self.fits else "No"}
        return {"instruction": self.instruction, "input": "", "output": self.output, **verdict}

    def as_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "id": self.id,
            "aspect": self.pair.aspect,
            "reader": self.reader,
            **self.record(),
            "dropped_by": self.dropped_by,
            "reason": self.reason,
            "failures": count_failures([] if self.failure is None else [self.failure]),
        }


@dataclass(frozen=True)
class EvolvRResult:
    """Every generation with what became of it.

    Args:
        candidates: Pair by pair, both orders, reader by reader.
        model: Who wrote and checked.
        seed: Of the run.
    """

    candidates: tuple[Candidate, ...]
    model: str
    seed: int

    @property
    def kept(self) -> tuple[Candidate, ...]:
        """What survives all filters."""
        return tuple(one for one in self.candidates if one.kept)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Replies that could not be had or read."""
        return tuple(one.failure for one in self.candidates if one.failure is not None)

    def records(self) -> list[dict[str, Any]]:
        """The training records {instruction, input, output}."""
        return [{k: v for k, v in one.record().items() if k in ("instruction", "input", "output")} for one in self.kept]

    def dropped(self) -> dict[str, int]:
        """Filter -> how many it dropped, in the order of the filters."""
        counts = Counter(one.dropped_by for one in self.candidates)
        return {name: counts[name] for name in FILTERS}

    def reasons(self) -> dict[str, int]:
        """``filter: reason`` -> count."""
        return dict(sorted(Counter(f"{c.dropped_by}: {c.reason}" for c in self.candidates if not c.kept).items()))

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each generation."""
        return [one.as_row() for one in self.candidates]


# --- the panel of readers ---


@dataclass(frozen=True, slots=True)
class Reading:
    """One reader in one order.

    Args:
        reader: Which persona.
        swapped: Whether the second story was shown first.
        scores: Of the first and the second story of the pair, whatever was shown first; None where it was not read.
        text: The reasoning.
        failure: Why there are no scores.
    """

    reader: str
    swapped: bool
    scores: tuple[float, float] | None
    text: str = ""
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A pair as the panel sees it.

    Args:
        pair: The pair.
        readings: Every reader in both orders.
    """

    pair: StoryPair
    readings: tuple[Reading, ...]
    note: str = field(default=NOT_INDEPENDENT, init=False)

    @property
    def scores(self) -> tuple[float, float] | None:
        """Mean over the readers, each the mean of its orders; a reader without any is left out and counted."""
        by_reader: dict[str, list[tuple[float, float]]] = {}
        for reading in self.readings:
            if reading.scores is not None:
                by_reader.setdefault(reading.reader, []).append(reading.scores)
        if not by_reader:
            return None
        means = [tuple(sum(s[k] for s in own) / len(own) for k in (0, 1)) for own in by_reader.values()]
        return sum(m[0] for m in means) / len(means), sum(m[1] for m in means) / len(means)

    @property
    def difference(self) -> float | None:
        """First minus second."""
        return None if self.scores is None else self.scores[0] - self.scores[1]

    @property
    def consistent(self) -> float | None:
        """Share of the readers with both orders read that prefer the same story (or neither) in both."""
        signs: dict[str, list[int]] = {}
        for reading in self.readings:
            if reading.scores is not None:
                gap = reading.scores[0] - reading.scores[1]
                signs.setdefault(reading.reader, []).append((gap > 0) - (gap < 0))
        both = [own for own in signs.values() if len(own) == 2]
        return sum(own[0] == own[1] for own in both) / len(both) if both else None

    @property
    def failures(self) -> tuple[Failure, ...]:
        """One for each reading without scores."""
        return tuple(reading.failure for reading in self.readings if reading.failure is not None)

    def as_row(self) -> dict[str, Any]:
        """JSON-ready."""
        scores: Mapping[str, Any] = (
            {} if self.scores is None else {"score_1": self.scores[0], "score_2": self.scores[1]}
        )
        return {
            "id": self.pair.id,
            "aspect": self.pair.aspect,
            "score_1": scores.get("score_1"),
            "score_2": scores.get("score_2"),
            "true_1": None if self.pair.scores is None else self.pair.scores[0],
            "true_2": None if self.pair.scores is None else self.pair.scores[1],
            "difference": self.difference,
            "consistent": self.consistent,
            "readings": [
                {"reader": r.reader, "swapped": r.swapped, "scores": None if r.scores is None else list(r.scores)}
                for r in self.readings
            ],
            "failures": count_failures(self.failures),
        }
