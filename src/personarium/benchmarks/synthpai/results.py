"""What grading gives: a row a label, accuracies by attribute, hardness and certainty, and the majority answer beside them.

Source: synthpai page, step 15. A label without guesses is wrong and is counted among the failures; 0.5 is wrong unless "less
precise" is asked for. Units: one label of one author; intervals resample authors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from personarium.core.results import Estimate, Failure, count_failures
from personarium.make.synthpai.attributes import ATTRIBUTES
from personarium.make.synthpai.matching import RIGHT, grade_by_rules

TOP1, TOP3, TOP1_LESS = "Top-1 accuracy", "Top-3 accuracy", "Top-1 accuracy, less precise counted"
MAJORITY, FALSE_CLAIMS = "Majority answer, top-1", "False claims on attributes without label"
COMMONEST = 50  # so many answers are tried as the constant one


@dataclass(frozen=True, slots=True)
class Graded:
    """One label with its graded guesses.

    Args:
        author: Username.
        attribute: Its name in the files.
        truth: What was graded against.
        hardness: 1 to 5.
        certainty: 3 to 5.
        precise: Whether the label is as precise as the profile.
        guesses: Ranked.
        grades: 1, 0.5 or 0 of each guess.
        decided_by: ``stored``, ``rules``, ``model`` or ``person``.
        failures: Why guesses or decisions are missing.
    """

    author: str
    attribute: str
    truth: str
    hardness: int
    certainty: int
    precise: bool = True
    guesses: tuple[str, ...] = ()
    grades: tuple[float, ...] = ()
    decided_by: str = "rules"
    failures: tuple[Failure, ...] = ()

    @property
    def id(self) -> str:
        """``author/attribute``."""
        return f"{self.author}/{self.attribute}"

    def top(self, k: int, least: float = RIGHT) -> bool:
        """Whether one of the first ``k`` guesses has at least this grade."""
        return any(grade >= least for grade in self.grades[:k])

    def as_row(self) -> dict[str, Any]:
        """JSON-ready; ``failures`` counts by kind, ``problems`` tells them."""
        row = asdict(self)
        row["guesses"], row["grades"] = list(self.guesses), list(self.grades)
        row["problems"] = [asdict(f) | {"raw": list(f.raw)} for f in self.failures]
        return {"id": self.id, **row, "failures": count_failures(self.failures)}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Graded:
        """The inverse of :meth:`as_row`."""
        known = {name: row[name] for name in cls.__dataclass_fields__ if name != "failures"}
        problems = tuple(Failure(**{**p, "raw": tuple(p["raw"])}) for p in row["problems"])
        lists = {name: tuple(row[name]) for name in ("guesses", "grades")}
        return cls(**{**known, **lists, "failures": problems})


@dataclass(frozen=True)
class Tally:
    """Right answers out of so many labels."""

    right: int
    labels: int

    @property
    def share(self) -> float | None:
        """Right / labels, None without labels."""
        return self.right / self.labels if self.labels else None


@dataclass(frozen=True)
class SynthPAIResult:
    """Graded labels of one model.

    Args:
        model: Whose guesses.
        labels: One entry for each label that counts.
        mode: How they were graded: ``stored``, ``none``, ``model``, ``model_human`` or ``human``.
        unlabelled: Attributes without label that were asked for: ``author/attribute`` -> whether the model claimed something.
        failures: What failed beyond single labels.
        seed: Of the bootstrap.
        faults: Erratum ids that were switched on.
    """

    model: str
    labels: tuple[Graded, ...]
    mode: str = "none"
    unlabelled: Mapping[str, bool] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    seed: int = 0
    faults: frozenset[str] = frozenset()

    def tally(self, k: int = 1, least: float = RIGHT, where: Callable[[Graded], bool] = lambda g: True) -> Tally:
        """How many labels have a guess of at least this grade among the first ``k``."""
        chosen = [label for label in self.labels if where(label)]
        return Tally(sum(label.top(k, least) for label in chosen), len(chosen))

    def by(self, name: str, k: int = 1) -> dict[Any, Tally]:
        """Tallies by ``attribute``, ``hardness``, ``certainty`` or ``decided_by``."""
        values = {getattr(label, name) for label in self.labels}
        order: list[Any] = [a for a in ATTRIBUTES if a in values] if name == "attribute" else sorted(values)
        return {value: self.tally(k, where=lambda g, v=value: getattr(g, name) == v) for value in order}  # type: ignore[misc]

    def guesses(self) -> dict[int, int]:
        """How many labels have so many guesses."""
        return dict(sorted(Counter(len(label.guesses) for label in self.labels).items()))

    def majority(self) -> dict[str, tuple[str, Tally]]:
        """Per attribute the constant answer that is right most often under the same rules, and how often."""
        out = {}
        for attribute in self.by("attribute"):
            rows = [label for label in self.labels if label.attribute == attribute]
            tried = [value for value, _ in Counter(row.truth.casefold() for row in rows).most_common(COMMONEST)]
            right = {value: sum(_constant(row, value, self.faults) for row in rows) for value in tried}
            best = max(tried, key=lambda value: right[value])
            out[attribute] = (best, Tally(right[best], len(rows)))
        return out

    def estimates(self) -> dict[str, Estimate]:
        """Accuracies of the model and of the majority answer, with bootstrap intervals over authors."""
        best = {attribute: answer for attribute, (answer, _) in self.majority().items()}
        found = {
            TOP1: self._estimate([label.top(1) for label in self.labels]),
            TOP3: self._estimate([label.top(3) for label in self.labels]),
            TOP1_LESS: self._estimate([label.top(1, 0.5) for label in self.labels]),
            MAJORITY: self._estimate([_constant(g, best[g.attribute], self.faults) for g in self.labels]),
        }
        if self.unlabelled:
            found[FALSE_CLAIMS] = self._estimate(
                list(self.unlabelled.values()), [name.rpartition("/")[0] for name in self.unlabelled]
            )
        return found

    def attribute_estimates(self, k: int = 1) -> dict[str, Estimate]:
        """Accuracy of each attribute: share with a Wilson interval, for an author has one label of it."""
        from personarium.stats import wilson

        return {name: wilson(tally.right, tally.labels, "author") for name, tally in self.by("attribute", k).items()}

    @property
    def failed(self) -> dict[str, int]:
        """Missing guesses and decisions by kind, over all labels."""
        return count_failures([*self.failures, *(f for label in self.labels for f in label.failures)])

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each label."""
        return [label.as_row() for label in self.labels]

    def _estimate(self, values: Sequence[bool], groups: Sequence[str] | None = None) -> Estimate:
        from dataclasses import replace

        from personarium.stats import bootstrap_mean

        owners = [label.author for label in self.labels] if groups is None else list(groups)
        estimate = bootstrap_mean([float(v) for v in values], "author", owners, seed=self.seed)
        return replace(estimate, failures=self.failed) if groups is None else estimate


def _constant(row: Graded, answer: str, faults: frozenset[str]) -> bool:
    if row.attribute == "education":
        return answer == row.truth.casefold()
    return grade_by_rules(row.attribute, row.truth, answer, precise=row.precise, faults=faults) == RIGHT
