"""What a dependency audit gives: a cell for each trait, variable and test; matrices, findings, failures.

Source: personax page, "Takes and gives" and "Data formats".
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from personarium.core.errors import UsageError
from personarium.core.results import Estimate, Failure
from personarium.stats.independence import Association

Status = Literal["tested", "not testable", "not applicable", "failed"]
Shown = Literal["p", "corrected", "effect", "dependent"]
ZERO_MEANS_DEPENDENT = "zero-means-dependent"


@dataclass(frozen=True, slots=True)
class Cell:
    """One test of one trait against one variable.

    Args:
        trait: The trait's column.
        variable: The variable's column.
        test: Name of the test.
        status: ``tested``; ``not testable`` (nothing can be said of the pair: one level, too few rows); ``not applicable``
            (a test of categories and a variable of many values); ``failed`` (the test broke off).
        p: As the test gives it; None unless tested.
        corrected: After correction for the number of tests.
        association: Everything the test said; None where it was not run.
        reason: Why there is no p-value.
        n: Rows that are complete in this pair.
    """

    trait: str
    variable: str
    test: str
    status: Status
    p: float | None = None
    corrected: float | None = None
    association: Association | None = None
    reason: str = ""
    n: int = 0

    @property
    def effect(self) -> float | None:
        """The effect size, from 0 to 1."""
        return None if self.association is None else self.association.effect.value

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        plain = {name: getattr(self, name) for name in ("trait", "variable", "test", "status", "p", "corrected", "n")}
        said = self.association
        if said is not None:
            plain |= {"statistic": said.statistic, "df": said.df, "method": said.method}
            plain |= {"effect": said.effect.as_dict(), "sparse_cells": said.sparse_cells}
        return {**plain, "reason": self.reason}


@dataclass(frozen=True)
class Audit:
    """A dependency audit.

    Args:
        cells: Trait by trait, in it variable by variable, in it test by test.
        rows: Rows of the table.
        alpha: What counts as a finding: corrected p at most this.
        correction: How p-values were corrected, in words.
        settings: The configuration, JSON-ready.
        notes: What a reader should know of how columns were read.
        published: Which published faults were switched on.
    """

    cells: tuple[Cell, ...]
    rows: int
    alpha: float
    correction: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    published: frozenset[str] = frozenset()

    @property
    def traits(self) -> tuple[str, ...]:
        """The traits, in order."""
        return tuple(dict.fromkeys(c.trait for c in self.cells))

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables, in order."""
        return tuple(dict.fromkeys(c.variable for c in self.cells))

    @property
    def tests(self) -> tuple[str, ...]:
        """The tests, in order."""
        return tuple(dict.fromkeys(c.test for c in self.cells))

    def cell(self, trait: str, variable: str, test: str) -> Cell:
        """One cell.

        Raises:
            UsageError: There is none of these names.
        """
        found = next((c for c in self.cells if (c.trait, c.variable, c.test) == (trait, variable, test)), None)
        if found is None:
            raise UsageError(f"the audit has no test '{test}' of {trait} against {variable}")
        return found

    def dependent(self, cell: Cell) -> bool | None:
        """Whether a cell is a finding; None where nothing was tested."""
        return None if cell.corrected is None else cell.corrected <= self.alpha

    @property
    def findings(self) -> tuple[Cell, ...]:
        """The dependent cells, largest effect first."""
        found = [c for c in self.cells if self.dependent(c)]
        return tuple(sorted(found, key=lambda c: (-(c.effect or 0.0), c.corrected or 0.0)))

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What failed (``error``) and what could not be tested (``missing``)."""
        kinds: dict[str, Literal["error", "missing"]] = {"failed": "error", "not testable": "missing"}
        return tuple(
            Failure(kinds[c.status], c.reason, f"{c.trait} x {c.variable}, {c.test}")
            for c in self.cells
            if c.status in kinds
        )

    def counts(self) -> dict[str, int]:
        """How many cells of each status."""
        return dict(sorted(Counter(c.status for c in self.cells).items()))

    @property
    def estimate(self) -> Estimate:
        """The share of tests with a finding; tests of one table are not independent, so there is no interval."""
        tested = [c for c in self.cells if c.p is not None]
        value = len(self.findings) / len(tested) if tested else None
        lost = {c: n for c, n in self.counts().items() if c not in ("tested", "not applicable")}
        text = f"share of tests with corrected p at most {self.alpha:g} ({self.correction})"
        return Estimate(value, None, None, len(tested), "test", text, failures=lost)

    def matrix(self, test: str, shown: Shown = "p") -> list[list[Any]]:
        """One test as a matrix: row = trait, column = variable; None where nothing was tested.

        Args:
            test: Which.
            shown: ``p``, ``corrected``, ``effect``, or ``dependent`` (1 for dependent, 0 for not; the other way round
                with the erratum ``zero-means-dependent``).
        """
        by_place = {(c.trait, c.variable): c for c in self.cells if c.test == test}
        return [[self._shown(by_place[t, v], shown) for v in self.variables] for t in self.traits]

    def _shown(self, cell: Cell, shown: Shown) -> Any:
        if shown != "dependent":
            return getattr(cell, shown)
        verdict = self.dependent(cell)
        return None if verdict is None else int(verdict != (ZERO_MEANS_DEPENDENT in self.published))

    def csv(self, test: str, shown: Shown = "p") -> str:
        """The matrix as CSV text with the names of traits and variables; empty where nothing was tested."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["", *self.variables])
        for trait, row in zip(self.traits, self.matrix(test, shown)):
            writer.writerow([trait, *("" if v is None else v for v in row)])
        return out.getvalue()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "rows": self.rows,
            "alpha": self.alpha,
            "correction": self.correction,
            "settings": dict(self.settings),
            "as_published": sorted(self.published),
            "notes": list(self.notes),
            "counts": self.counts(),
            "estimates": {"tests with a finding": self.estimate.as_dict()},
            "cells": [c.as_dict() for c in self.cells],
            "failures": [asdict(f) for f in self.failures],
        }
