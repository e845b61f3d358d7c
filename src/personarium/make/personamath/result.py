"""What PersonaMath makes: checked problems, what the gate stopped, what was dropped, and the counts of all of it.

Source: personamath page, "Gives" and "Works when" 5 and 6.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from personarium.core.errors import UsageError
from personarium.core.results import Estimate, Failure, count_failures
from personarium.make.personamath.variety import Variety, variety_of
from personarium.stats import wilson

Stage = Literal["solved", "repaired", "rewritten", "rewritten_repaired"]
STAGES: tuple[Stage, ...] = ("solved", "repaired", "rewritten", "rewritten_repaired")
SEED_STAGES: tuple[Stage, ...] = ("solved", "repaired")


@dataclass(frozen=True)
class PersonaMathConfig:
    """How the problems are made.

    Args:
        version: Of the paper: ``v1`` draws personas from the whole bank, ``v2`` the same share per occupation class. The two
            also differ in seed data and figures.
        attempts: Solutions of a seed problem before it counts as wrong: 1.
        rewrites: Of each problem solved at once; not stated: 2.
        repaired_rewrites: Of each repaired problem; the paper says more than of the others: 3.
        agreeing: Independent solutions of a rewrite that must agree; [design] 3.
        keep_numbers: Whether a rewrite must have its parent's numbers; [design] yes.
        gate: Whether rewrites are checked at all; without it they are solved once and marked ``checked: false``.
        seed: Of everything drawn.
    """

    version: Literal["v1", "v2"] = "v1"
    attempts: int = 1
    rewrites: int = 2
    repaired_rewrites: int = 3
    agreeing: int = 3
    keep_numbers: bool = True
    gate: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.version not in ("v1", "v2"):
            raise UsageError(f"the version is v1 or v2, found '{self.version}'")
        for name, least in (("attempts", 1), ("rewrites", 0), ("repaired_rewrites", 0), ("agreeing", 1)):
            if getattr(self, name) < least:
                raise UsageError(f"{name} must be at least {least}, found {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """One problem of the data set.

    Args:
        id: A seed's own id; ``<parent>/<number>`` of a rewrite.
        problem: What is asked.
        response: The solution.
        answer: What it ends in.
        stage: ``solved`` (1a), ``repaired`` (2), and their rewrites.
        checked: Whether the answer was compared with the reference, or the gate passed.
        source: The seed's.
        persona: Id of the persona that posed it; empty for a seed.
        parent_id: The problem it was made from; empty for a seed.
    """

    id: str
    problem: str
    response: str
    answer: str
    stage: Stage
    checked: bool
    source: str = ""
    persona: str = ""
    parent_id: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ProblemRow:
        """Read what :meth:`to_dict` wrote."""
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A rewrite that the gate stopped.

    Args:
        id: As it would have been.
        parent_id: The problem it was made from.
        persona: Who posed it.
        problem: The rewrite.
        reason: Which clause of the gate.
        why: In words.
    """

    id: str
    parent_id: str
    persona: str
    problem: str
    reason: str
    why: str


@dataclass(frozen=True)
class PersonaMathResult:
    """Everything that came of one run.

    Args:
        config: How.
        rows: The data set, in the order of seeds and rewrites.
        rejected: Rewrites that the gate stopped.
        dropped: Ids of seeds that were neither solved nor repaired.
        wrong: How many seeds were answered wrongly in stage 1 (repaired ones among them).
        rewrites_asked: Slots for rewrites, whether or not one came of them.
        failures: Every call that could not be used, and every slot without a persona.
        missing_classes: Class without personas -> slots it left empty.
    """

    config: PersonaMathConfig
    rows: tuple[ProblemRow, ...]
    rejected: tuple[Rejected, ...] = ()
    dropped: tuple[str, ...] = ()
    wrong: int = 0
    rewrites_asked: int = 0
    failures: tuple[Failure, ...] = ()
    missing_classes: Mapping[str, int] = field(default_factory=dict)

    def of_stage(self, *stages: Stage) -> list[ProblemRow]:
        """The rows of these stages."""
        return [row for row in self.rows if row.stage in stages]

    @property
    def children(self) -> list[ProblemRow]:
        """The rewrites."""
        return self.of_stage("rewritten", "rewritten_repaired")

    @property
    def variety(self) -> Variety:
        """Of all problem texts."""
        return variety_of(row.problem for row in self.rows)

    def statistics(self) -> dict[str, Any]:
        """Counts by stage, source and gate, words and type-token ratio; JSON-ready."""
        stages = Counter(row.stage for row in self.rows)
        words, seeds = self.variety, variety_of(row.problem for row in self.of_stage(*SEED_STAGES))
        return {
            "version": self.config.version,
            "rows": len(self.rows),
            "checked": sum(row.checked for row in self.rows),
            "by_stage": {stage: stages[stage] for stage in STAGES},
            "by_source": dict(sorted(Counter(row.source or "unknown" for row in self.rows).items())),
            "dropped_seeds": len(self.dropped),
            "rejected": dict(sorted(Counter(one.reason for one in self.rejected).items())),
            "missing_classes": dict(self.missing_classes),
            "personas": len({row.persona for row in self.children}),
            "texts": words.texts,
            "duplicates": words.duplicates,
            "word_types": words.types,
            "type_token_ratio": words.type_token_ratio,
            "type_token_ratio_of_seeds": seeds.type_token_ratio,
            "failures": count_failures(self.failures),
        }

    def estimates(self) -> dict[str, Estimate]:
        """Shares of seeds solved at once, of wrong ones repaired (about 0.1 in the paper), of rewrites that pass."""
        solved, repaired = len(self.of_stage("solved")), len(self.of_stage("repaired"))
        seeds = solved + repaired + len(self.dropped)
        made = len(self.children) + len(self.rejected)
        return {
            "Seeds solved at once": wilson(solved, seeds, "problem"),
            "Wrong seeds repaired by reflection": wilson(repaired, self.wrong, "problem"),
            "Rewrites that pass": wilson(len(self.children), made, "rewrite", missing=self.rewrites_asked - made),
        }

    def section(self) -> dict[str, Any]:
        """A table of the counts for the report."""
        counts = self.statistics()
        rows: list[Sequence[Any]] = [[f"rows: {stage}", count] for stage, count in counts["by_stage"].items()]
        rows += [[f"rows from {source}", count] for source, count in counts["by_source"].items()]
        rows += [["seeds dropped", counts["dropped_seeds"]]]
        rows += [[f"rewrites stopped: {reason}", count] for reason, count in counts["rejected"].items()]
        rows += [[f"slots without a persona: {name}", count] for name, count in counts["missing_classes"].items()]
        rows += [[name.replace("_", " "), counts[name]] for name in ("personas", "texts", "duplicates", "word_types")]
        return {
            "kind": "table",
            "title": f"What was made (PersonaMath {counts['version']})",
            "columns": ["what", "count"],
            "rows": [list(row) for row in rows],
        }
