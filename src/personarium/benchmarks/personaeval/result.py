"""What a run gives: metrics per track, pooled and as a mean over tracks, trivial judges beside them, and the admission record.

Source: personaeval page, steps 6 and 8 of "Works when", "Published figures". The pooled figure is 92 % Literary at the published
sizes, so the mean over tracks stands beside it. A record is a statement of what was measured; whether a judge is good enough is
for the reader, who finds chance, the word-overlap judge and the human ceiling in its notes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from personarium.benchmarks.personaeval.items import Candidate, Exchange, Identification, IdentificationItem
from personarium.benchmarks.personaeval.metrics import (
    BINS,
    BRIER,
    ECE,
    RANK,
    TOP1,
    TOP2,
    Metrics,
    Ties,
    identification_metrics,
    macro_mean,
)
from personarium.core.results import Estimate, Failure, count_failures
from personarium.judges.admission import AdmissionRecord
from personarium.text.similarity import content_stems

# Page, "Published figures": on the published sets, shares of top-1.
HUMAN, BEST_MODEL = 0.908, 0.69
TRACK_SIZES: Mapping[str, int] = {"Literary": 26_208, "Drama": 1_658, "Expertise": 699}
COMBINED, MACRO = "Combined", "Mean over tracks"
UNIFORM, FIRST, OVERLAP = "Uniform guess", "Always the first", "Most shared words"
INSTRUMENT = "role identification (personaeval)"
SHOWN = (TOP1, TOP2, RANK, BRIER, ECE)


@dataclass(frozen=True)
class PersonaEvalResult:
    """The answers of one judge.

    Args:
        judge: Its name.
        items: What was asked.
        answers: One for each item, in the same order.
        ties: How equal probabilities are ranked.
        bins: Of the calibration error.
        faults: Erratum ids that were switched on.
        parameters: How the judge was asked, for the admission record.
        seed: Of bootstraps.
    """

    judge: str
    items: tuple[IdentificationItem, ...]
    answers: tuple[Identification, ...]
    ties: Ties = "first"
    bins: int = BINS
    faults: frozenset[str] = frozenset()
    parameters: Mapping[str, Any] | None = None
    seed: int = 0

    @property
    def tracks(self) -> tuple[str, ...]:
        """In the order of the items."""
        return tuple(dict.fromkeys(item.track for item in self.items))

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Why answers are missing, in order."""
        return tuple(answer.failure for answer in self.answers if answer.failure is not None)

    @property
    def rejected(self) -> int:
        """Replies that could not be read, those before a readable one included."""
        return sum(answer.rejected for answer in self.answers)

    @cached_property
    def by_track(self) -> dict[str, Metrics]:
        """Metrics of each track, then of all items pooled (``Combined``)."""
        return self._metrics([a.probabilities for a in self.answers], [a.failure for a in self.answers])

    @cached_property
    def trivial(self) -> dict[str, dict[str, Metrics]]:
        """The metrics of judges that do not read, on the same items, by track and pooled.

        ``Uniform guess`` gives every option the same, ``Always the first`` is certain of the first option, ``Most shared
        words`` shares its probability by words that the reply has in common with each profile (own items only).
        """
        judges = {UNIFORM: _uniform, FIRST: _first}
        if all(item.exchange is not None for item in self.items):
            judges[OVERLAP] = _overlap
        return {name: self._metrics([judge(item) for item in self.items]) for name, judge in judges.items()}

    def _metrics(
        self, probabilities: Sequence[Sequence[float]], failures: Sequence[Failure | None] | None = None
    ) -> dict[str, Metrics]:
        lost = failures or [None] * len(self.items)
        asked = list(zip(self.items, probabilities, lost, strict=True))
        groups = {track: [pair for pair in asked if pair[0].track == track] for track in self.tracks}
        return {
            name: identification_metrics(
                [p for _, p, _ in pairs],
                [item.truth for item, _, _ in pairs],
                ties=self.ties,
                bins=self.bins,
                faults=self.faults,
                missing=count_failures(f for _, _, f in pairs if f is not None),
                seed=self.seed,
            )
            for name, pairs in {**groups, COMBINED: asked}.items()
        }

    def macro(self) -> dict[str, Estimate]:
        """Each metric as the mean over tracks, which all count alike."""
        return _macro(self.by_track, self.tracks)

    def report(self) -> dict[str, dict[str, Estimate]]:
        """Track, ``Combined`` or ``Mean over tracks`` -> metric -> estimate."""
        return {**{name: dict(m.estimates) for name, m in self.by_track.items()}, MACRO: self.macro()}

    def baselines(self) -> dict[str, dict[str, dict[str, Estimate]]]:
        """As :meth:`report` for each trivial judge."""
        return {
            name: {**{track: dict(m.estimates) for track, m in found.items()}, MACRO: _macro(found, self.tracks)}
            for name, found in self.trivial.items()
        }

    def estimates(self) -> dict[str, Estimate]:
        """The headline: top-1 (over tracks where there are several), the other metrics, and the trivial judges' top-1."""
        several = len(self.tracks) > 1
        main = self.macro() if several else dict(self.by_track[COMBINED].estimates)
        mean = f", {MACRO.lower()}" if several else ""
        own = {f"{name}{mean}": main[name] for name in SHOWN}
        pooled = {f"{TOP1}, pooled": self.by_track[COMBINED].estimates[TOP1]} if several else {}
        others = {
            name: (found[MACRO] if several else found[COMBINED])[TOP1] for name, found in self.baselines().items()
        }
        return {**own, **pooled, **others}

    def admission(self) -> AdmissionRecord:
        """What any report can show of this judge: that it was tested for telling who speaks, and how it did."""
        pooled = self.by_track[COMBINED].estimates
        macro = {f"{TOP1} {MACRO.lower()}": self.macro()[TOP1]} if len(self.tracks) > 1 else {}
        tracks = {f"{TOP1} {track}": self.by_track[track].estimates[TOP1] for track in self.tracks} if macro else {}
        return AdmissionRecord(
            self.judge,
            INSTRUMENT,
            sum(answer.answered for answer in self.answers),
            "who said it in the source",
            {TOP1: pooled[TOP1], TOP2: pooled[TOP2], **macro, **tracks},
            None,
            {"ece": pooled[ECE], "brier": pooled[BRIER]},
            count_failures(self.failures),
            {**dict(self.parameters or {}), "items": len(self.items), "tracks": list(self.tracks)},
            tuple(self.standing()),
        )

    def standing(self) -> list[str]:
        """Where the judge stands, one sentence each: beside each trivial judge, and beside people."""
        mine = self.by_track[COMBINED].estimates[TOP1]
        if mine.value is None:
            return [f"no reply could be read ({self.rejected} were tried)"]
        notes = [
            f"{_beside(mine, found[COMBINED].estimates[TOP1].value)} {name.lower()}: "
            f"{_shown(mine.value)} against {_shown(found[COMBINED].estimates[TOP1].value)}"
            for name, found in self.trivial.items()
        ]
        published = set(self.tracks) <= set(TRACK_SIZES)
        where = "" if published else ", measured on the published sets and not on these items"
        notes.append(f"{_beside(mine, HUMAN)} the human ceiling of {HUMAN:.1%}{where}")
        if self.rejected:
            notes.append(f"{self.rejected} replies could not be read")
        return notes

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each item."""
        return [
            {
                **answer.as_row(),
                "track": item.track,
                "candidates": list(item.names),
                "truth": item.names[item.truth],
                "predicted": None if answer.predicted is None else item.names[answer.predicted],
                "success": answer.success(item.truth),
            }
            for item, answer in zip(self.items, self.answers, strict=True)
        ]

    def to_dict(self) -> dict[str, Any]:
        """The whole result, JSON-ready; :meth:`from_dict` reads it."""
        return {
            "judge": self.judge,
            "ties": self.ties,
            "bins": self.bins,
            "faults": sorted(self.faults),
            "parameters": dict(self.parameters or {}),
            "seed": self.seed,
            "items": [asdict(item) for item in self.items],
            "answers": [answer.as_row() for answer in self.answers],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PersonaEvalResult:
        """The inverse of :meth:`to_dict`."""
        return cls(
            data["judge"],
            tuple(_item(row) for row in data["items"]),
            tuple(Identification.from_row(row) for row in data["answers"]),
            data["ties"],
            data["bins"],
            frozenset(data["faults"]),
            dict(data["parameters"]),
            data["seed"],
        )


def _item(row: Mapping[str, Any]) -> IdentificationItem:
    exchange = None if row["exchange"] is None else Exchange(**row["exchange"])
    people = tuple(Candidate(**one) for one in row["candidates"])
    return IdentificationItem(row["id"], row["track"], row["prompt"], people, row["truth"], exchange)


def _macro(found: Mapping[str, Metrics], tracks: Sequence[str]) -> dict[str, Estimate]:
    names = found[COMBINED].estimates
    return {name: macro_mean([found[track].estimates[name] for track in tracks]) for name in names}


def _uniform(item: IdentificationItem) -> tuple[float, ...]:
    return (1 / len(item.candidates),) * len(item.candidates)


def _first(item: IdentificationItem) -> tuple[float, ...]:
    return (1.0, *(0.0 for _ in item.candidates[1:]))


def _overlap(item: IdentificationItem) -> tuple[float, ...]:
    """Shares in proportion to (1 + shared content words) of reply and profile."""
    reply = set(content_stems(item.exchange.reply if item.exchange else ""))
    weights = [1.0 + len(reply & set(content_stems(one.profile))) for one in item.candidates]
    return tuple(weight / sum(weights) for weight in weights)


def _beside(mine: Estimate, other: float | None) -> str:
    if other is None or mine.lo is None or mine.hi is None or mine.lo <= other <= mine.hi:
        return "not told apart from"
    return "above" if mine.lo > other else "below"


def _shown(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.1%}"
