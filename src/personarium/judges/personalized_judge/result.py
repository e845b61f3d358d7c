"""What a run of a personalized judge shows: accuracy always beside coverage, baselines, the balance of letters.

Source: personalized-judge page, step 7, "Works when" 3, 4 and 7 (arXiv 2406.11657).
Units: one item; shares with Wilson intervals. A certainty c on a scale up to h is the probability c / h. Coverage counts all items
that were asked: one without a verdict, or without a certainty, is kept at no threshold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from personarium.core.results import Estimate, Failure, count_failures
from personarium.judges.personalized_judge.faults import LIMIT, ItemFaults, check_items
from personarium.judges.personalized_judge.items import Letter, PreferenceItem
from personarium.judges.personalized_judge.reading import SCALE
from personarium.judges.personalized_judge.verdicts import JudgeVerdict
from personarium.stats.independent import difference_of_shares
from personarium.stats.intervals import wilson

THRESHOLD, THRESHOLDS = 0.8, (0.5, 0.6, 0.7, 0.8, 0.9)
BIASED_BELOW = 0.01  # p of the binomial test under which a liking for a letter is reported
LOWEST_BUCKET, HIGHEST_BUCKET = 4, 9
ACCURACY, MAJORITY = "Accuracy", "Majority answer of the other items"
UNSAYABLE = "unsayable-ties"
VARIANT_NAMES = {
    "none": "No persona",
    "shuffled": "Shuffled persona",
    "key": "Key features",
    "least": "Least important feature",
}


@dataclass(frozen=True, slots=True)
class SelectivePoint:
    """What is left when only verdicts of at least ``threshold`` (a certainty on the run's scale) are kept."""

    threshold: float
    coverage: Estimate
    accuracy: Estimate


@dataclass(frozen=True, slots=True)
class Filtering:
    """Whether filtering by certainty helped.

    Args:
        helped: Whether the kept verdicts are surely right more often than the others; None where none states a certainty.
        difference: Share right of the kept minus that of the others.
        statement: One sentence.
    """

    helped: bool | None
    difference: Estimate | None
    statement: str


@dataclass(frozen=True, slots=True)
class LetterBalance:
    """How often the judge says A, beside how often A is right.

    Args:
        says_a: Share of A among its verdicts A and B.
        truth_a: Share of A among the true letters of the same items.
        p: Binomial test of the first against the second; None without verdicts.
        p_half: The same against one half.
        flagged: Whether ``p`` is small: the judge follows a place.
    """

    says_a: Estimate
    truth_a: float | None
    p: float | None
    p_half: float | None
    flagged: bool


@dataclass(frozen=True)
class JudgedRun:
    """The verdicts of one judge on a set of items.

    Args:
        judge: Its name.
        items: What was judged.
        verdicts: One for each item, in the same order.
        scale: Of the certainty; None where none was asked for.
        threshold: The share of the scale from which a verdict counts as certain.
        ties: Whether ``C`` could be said.
        others: Variant -> verdicts on the same items with another persona, or none.
        notes: What a reader must know of the items or the file.
        limit: The largest share of items that one wrong text may have.
        faults: Erratum ids that are switched on: with ``unsayable-ties`` a tie item counts as wrong where no tie could be said;
            without it such an item is not scored.
    """

    judge: str
    items: tuple[PreferenceItem, ...]
    verdicts: tuple[JudgeVerdict, ...]
    scale: tuple[int, int] | None = SCALE
    threshold: float = THRESHOLD
    ties: bool = False
    others: Mapping[str, tuple[JudgeVerdict, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    limit: float = LIMIT
    faults: frozenset[str] = frozenset()

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Why verdicts are missing, those of the other variants too."""
        everything = [self.verdicts, *self.others.values()]
        return tuple(v.failure for verdicts in everything for v in verdicts if v.failure is not None)

    @property
    def item_faults(self) -> ItemFaults:
        """Whether the items can show anything."""
        return check_items(self.items, self.limit)

    def probabilities(self) -> list[float | None]:
        """The stated certainty of each verdict as a probability; None without verdict or certainty."""
        top = self.scale[1] if self.scale else 0
        return [
            v.certainty / top if v.certainty is not None and v.letter is not None and top else None
            for v in self.verdicts
        ]

    def outcomes(self) -> list[float | None]:
        """1 for right, 0 for wrong, None without a verdict."""
        return [None if v.right is None or not self._scored(v) else float(v.right) for v in self.verdicts]

    def _scored(self, verdict: JudgeVerdict) -> bool:
        """Whether the judge could be right: a tie that it was not offered is no item for it."""
        return self.ties or verdict.truth != "C" or UNSAYABLE in self.faults

    # --- accuracy and coverage ---

    def accuracy(self) -> Estimate:
        """Share right of all verdicts; those that are missing are counted beside it."""
        return self.accuracy_of(self.verdicts)

    def accuracy_of(self, verdicts: Sequence[JudgeVerdict]) -> Estimate:
        """The same of other verdicts on the same items."""
        marks = [v.right for v in verdicts if v.right is not None and self._scored(v)]
        missing = count_failures(v.failure for v in verdicts if v.failure is not None and v.letter is None)
        return replace(wilson(sum(marks), len(marks), "item"), failures=missing)

    def curve(self, thresholds: Sequence[float] = THRESHOLDS) -> tuple[SelectivePoint, ...]:
        """Coverage and accuracy at each threshold (shares of the scale), lowest first."""
        return selective_points(self.probabilities(), self.outcomes(), thresholds, self.scale or SCALE, self._missing())

    def at_threshold(self) -> tuple[Estimate, Estimate, Estimate]:
        """Coverage at the run's threshold, accuracy from it on, accuracy below it (stated certainties only)."""
        (point,) = self.curve((self.threshold,))
        pairs = [(p, y) for p, y in zip(self.probabilities(), self.outcomes(), strict=True) if p is not None]
        below = [y for p, y in pairs if p < self.threshold - 1e-12 and y is not None]
        return point.coverage, point.accuracy, wilson(sum(below), len(below), "item")

    def buckets(self) -> dict[int, Estimate]:
        """Accuracy by tenth of the certainty, as published: floor(c / 10), 4 and less together, 9 and more together."""
        found: dict[int, list[float]] = {}
        for p, y in zip(self.probabilities(), self.outcomes(), strict=True):
            if p is not None and y is not None:
                tenth = min(max(int(p * 10 + 1e-9), LOWEST_BUCKET), HIGHEST_BUCKET)
                found.setdefault(tenth, []).append(y)
        return {tenth: wilson(sum(found[tenth]), len(found[tenth]), "item") for tenth in sorted(found)}

    def calibration_error(self, draws: int = 1000, seed: int = 0) -> Estimate:
        """Expected calibration error of the stated certainty, ten bins."""
        from personarium.stats.calibration import expected_calibration_error

        return expected_calibration_error(self.probabilities(), self.outcomes(), 10, draws=draws, seed=seed)

    def filtering(self) -> Filtering:
        """Whether keeping only certain verdicts makes them right more often."""
        shown = _shown(self.threshold, self.scale)
        p, y = self.probabilities(), self.outcomes()
        stated = [(a, b) for a, b in zip(p, y, strict=True) if a is not None and b is not None]
        if not stated:
            return Filtering(None, None, "no certainty was stated, so nothing can be filtered")
        kept = [b for a, b in stated if a >= self.threshold - 1e-12]
        rest = [b for a, b in stated if a < self.threshold - 1e-12]
        return _filtering(kept, rest, shown)

    # --- baselines ---

    def constant_letters(self) -> dict[str, Estimate]:
        """What always saying one letter gives on these items."""
        truths = Counter(v.truth for v in self.verdicts if self._scored(v))
        letters: tuple[Letter, ...] = ("A", "B", "C") if self.ties else ("A", "B")
        return {f"Always {one}": wilson(truths[one], truths.total(), "item") for one in letters}

    def majority_answer(self) -> Estimate:
        """What the most frequent right text of the *other* items with the same question gives; half for a draw."""
        by_question: dict[str, Counter[str]] = {}
        for item in self.items:
            if item.right is not None:
                by_question.setdefault(item.question, Counter())[item.right] += 1
        scores = [s for item in self.items if (s := _majority_score(item, by_question)) is not None]
        method = "share, majority of the other items with the same question, Wilson interval"
        return replace(wilson(sum(scores), len(scores), "item"), method=method)

    def balance(self) -> LetterBalance:
        """How often the judge says A, tested against how often A is right."""
        from scipy.stats import binomtest

        said = [(v.letter, v.truth) for v in self.verdicts if v.letter in ("A", "B") and v.truth != "C"]
        a, n = sum(letter == "A" for letter, _ in said), len(said)
        if not n:
            return LetterBalance(wilson(0, 0, "item"), None, None, None, False)
        truth = sum(letter == "A" for _, letter in said) / n
        p = float(binomtest(a, n, truth).pvalue)
        return LetterBalance(wilson(a, n, "item"), truth, p, float(binomtest(a, n, 0.5).pvalue), p < BIASED_BELOW)

    # --- the report ---

    def estimates(self) -> dict[str, Estimate]:
        """Accuracy; coverage and accuracy at the threshold; the other personas; the answers that need no reading."""
        found = {ACCURACY: self.accuracy()}
        if self.scale is not None:
            shown = _shown(self.threshold, self.scale)
            coverage, above, below = self.at_threshold()
            found |= {f"Coverage, certainty {shown} and more": coverage, f"Accuracy, certainty {shown} and more": above}
            found[f"Accuracy, certainty below {shown}"] = below
        found |= {VARIANT_NAMES.get(name, name): self.accuracy_of(verdicts) for name, verdicts in self.others.items()}
        found |= self.constant_letters()
        majority = self.majority_answer()
        if majority.n:
            found[MAJORITY] = majority
        return found

    def notices(self) -> list[str]:
        """Everything that makes these numbers say less than they seem to."""
        found = [*self.notes, *self.item_faults.notices()]
        balance = self.balance()
        if balance.flagged and balance.says_a.value is not None and balance.truth_a is not None:
            found.append(
                f"the judge says A in {balance.says_a.value:.0%} of its verdicts where A is right in {balance.truth_a:.0%} "
                f"(p = {balance.p:.2g}): it follows the place"
            )
        filtering = self.filtering()
        if self.scale is not None and filtering.helped is not True:
            found.append(filtering.statement)
        if self.ties:
            found.append(self._ties())
        found += self._gaps()
        return found

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each item: its verdict, and the other variants' letters."""
        found = []
        for k, (item, verdict) in enumerate(zip(self.items, self.verdicts, strict=True)):
            letters = {f"letter_{name}": verdicts[k].letter for name, verdicts in self.others.items()}
            found.append({**verdict.as_row(), "kind": item.kind, "user": item.user[:200], **letters})
        return found

    def _gaps(self) -> list[str]:
        """What is not scored, or has no certainty."""
        silent = sum(v.certainty is None and v.letter is not None for v in self.verdicts) if self.scale else 0
        unsayable = sum(not self._scored(v) for v in self.verdicts)
        found = []
        if silent:
            found.append(f"{silent} verdicts state no certainty on the scale; no threshold keeps them")
        if unsayable:
            found.append(f"{unsayable} items are ties, which the judge was not offered; they are not scored")
        return found

    def _missing(self) -> dict[str, int]:
        return count_failures(v.failure for v in self.verdicts if v.failure is not None and v.letter is None)

    def _ties(self) -> str:
        said = [v for v in self.verdicts if v.letter == "C"]
        true = sum(v.truth == "C" for v in self.verdicts)
        right = sum(v.truth == "C" for v in said)
        return f"the judge called {len(said)} ties, {right} of them rightly; {true} items are ties"


def selective_points(
    probabilities: Sequence[float | None],
    outcomes: Sequence[float | None],
    thresholds: Sequence[float] = THRESHOLDS,
    scale: tuple[int, int] = SCALE,
    missing: Mapping[str, int] | None = None,
) -> tuple[SelectivePoint, ...]:
    """The coverage-accuracy curve over all items asked.

    Args:
        probabilities: One for each item; None is kept at no threshold.
        outcomes: 1, 0, or None without a verdict.
        thresholds: Shares of the scale.
        scale: For the thresholds as shown.
        missing: Items without a verdict, by kind.
    """
    from personarium.stats.selective import coverage_curve

    points = coverage_curve(probabilities, outcomes, thresholds)
    n, failures = len(probabilities), dict(missing or {})
    return tuple(
        SelectivePoint(
            point.threshold * scale[1], replace(wilson(point.kept, n, "item"), failures=failures), point.accuracy
        )
        for point in points
    )


def _filtering(kept: list[float], rest: list[float], shown: str) -> Filtering:
    if not kept:
        return Filtering(False, None, f"no verdict has a certainty of {shown} or more: filtering keeps nothing")
    if not rest:
        return Filtering(
            False, None, f"every verdict has a certainty of {shown} or more: filtering keeps all and did not help"
        )
    effect = difference_of_shares(wilson(sum(kept), len(kept), "item"), wilson(sum(rest), len(rest), "item"))
    shares = f"{sum(kept) / len(kept):.1%} right of {len(kept)} kept, {sum(rest) / len(rest):.1%} of {len(rest)} others"
    helped = effect.lo is not None and effect.lo > 0
    word = "helped" if helped else "did not surely help"
    return Filtering(helped, effect, f"filtering at a certainty of {shown} {word}: {shares}")


def _majority_score(item: PreferenceItem, by_question: Mapping[str, Counter[str]]) -> float | None:
    """1, 0 or a half for the majority of the others; None for a tie item and where no other item says anything."""
    if item.right is None or item.distractor is None or not item.question:
        return None
    counts = by_question[item.question]
    own, other = counts[item.right] - 1, counts[item.distractor]
    if own + other == 0:
        return None
    return 0.5 if own == other else float(own > other)


def _shown(threshold: float, scale: tuple[int, int] | None) -> str:
    return f"{threshold * (scale or SCALE)[1]:g}"
