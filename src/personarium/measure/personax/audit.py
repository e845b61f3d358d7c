"""PersonaX's dependency audit: which trait scores depend on gender, job, looks or any other variable of the persona?

A bias instrument: where a model's "personality" of somebody follows a variable that should not matter, the score is a
stereotype. The procedure in the paper's order: complete rows of each pair, five tests of independence (chi-square and G of
the table where both are discrete; HSIC, KCI, RCIT for all), a verdict for each pair, a matrix for each test.

Terms of use: the paper's data come under guidelines that forbid automated personality profiling, surveillance and
re-identification. A rating describes a model's stereotype, not the person. Use this for synthetic personas and for audits
of models only, never to profile people.

Source: *PersonaX: Multimodal Datasets with LLM-Inferred Behavior Traits*, arXiv 2509.11362 (ICLR 2026); personax page, step
5; the release's independence notebooks (github.com/lokali/PersonaX).
Differs: p-values of all tests are corrected together (Benjamini-Hochberg), every test has an effect size, a test that fails
or cannot be made has no p-value, categories keep no order, half-points are no categories of their own. KCI and RCIT run on
demand. The published behaviours come back with ``as_published`` (:data:`ERRATA`).
Units: one row of the table is one subject; effects run from 0 to 1.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from personarium.core.errata import Published, published_faults
from personarium.core.errors import PersonariumError, UsageError
from personarium.measure.personax.result import ZERO_MEANS_DEPENDENT, Audit, Cell
from personarium.measure.personax.table import Column, Columns, read_column, read_trait
from personarium.stats.arrays import Array
from personarium.stats.corrections import benjamini_hochberg, bonferroni, holm
from personarium.stats.independence import (
    PERMUTATIONS,
    Association,
    Variable,
    chi_square,
    contingency_table,
    g_test,
    hsic,
    kci,
    rcit,
    untestable,
)

HALF_POINTS = "half-points-as-categories"
INTEGER_CODED = "integer-coded-categories"
NO_CORRECTION = "no-correction"
RCIT_ZERO = "rcit-failure-zero"
ERRATA = (HALF_POINTS, INTEGER_CODED, NO_CORRECTION, RCIT_ZERO, ZERO_MEANS_DEPENDENT)

MOST_PERMUTATIONS = 9_999  # taken unasked
PairTest = Callable[[Variable, Variable, int], Association]
_TABLE_TESTS = {"chi_square": chi_square, "g": g_test}
TESTS = (*_TABLE_TESTS, "hsic", "kci", "rcit")
_CORRECTIONS: Mapping[str, Callable[[Sequence[float | None]], list[float | None]]] = {
    "benjamini-hochberg": benjamini_hochberg,
    "holm": holm,
    "bonferroni": bonferroni,
    "none": list,
}


def _one_of(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise UsageError(f"no {name} '{value}'; there are {', '.join(known)}")


@dataclass(frozen=True)
class AuditConfig:
    """How an audit is made.

    Args:
        tests: Any of :data:`TESTS`. The paper names all five; by default the three of the page's practical scope.
        alpha: 0.05 (paper).
        correction: ``benjamini-hochberg``, ``holm``, ``bonferroni`` or ``none`` (paper: none).
        family: What is corrected together: ``all`` p-values of the audit, or those of one ``test``.
        permutations: Of HSIC; None takes as many as a single finding needs to survive the correction, 999 to 9,999.
        scale: Lowest and highest score of a trait: 1 and 3 (paper); half-points go to its middle in tables of counts.
        abstention: The score that means "not enough information" (0 in the paper's ratings); None: no such score.
        categorical: Columns whose numbers are codes of categories.
        max_levels: Most different numbers of a column that still make it discrete (ours).
        min_rows: Fewest complete rows of a pair that is tested (ours).
        seed: Of permutations and random features.
    """

    tests: tuple[str, ...] = ("chi_square", "g", "hsic")
    alpha: float = 0.05
    correction: str = "benjamini-hochberg"
    family: str = "all"
    permutations: int | None = None
    scale: tuple[float, float] = (1, 3)
    abstention: float | None = None
    categorical: tuple[str, ...] = ()
    max_levels: int = 20
    min_rows: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        _one_of("correction", self.correction, tuple(_CORRECTIONS))
        _one_of("family", self.family, ("all", "test"))
        if not self.tests or len(set(self.tests)) < len(self.tests):
            raise UsageError(f"name each test once: {', '.join(TESTS)}")
        if not 0 < self.alpha < 1:
            raise UsageError(f"alpha must lie between 0 and 1, found {self.alpha}")
        if self.permutations is not None and self.permutations < 1:
            raise UsageError(f"permutations must be at least 1, found {self.permutations}")
        if not self.scale[0] < self.scale[1]:
            raise UsageError(f"the scale must rise, found {self.scale[0]:g} to {self.scale[1]:g}")


PAPER = AuditConfig(tests=TESTS, correction="none")


@dataclass(frozen=True)
class _Bench:
    """What every pair of one audit shares."""

    config: AuditConfig
    published: frozenset[str]
    permutations: int
    more: Mapping[str, PairTest] = field(default_factory=dict)


def dependency_audit(
    columns: Columns,
    traits: Sequence[str],
    variables: Sequence[str],
    config: AuditConfig = AuditConfig(),
    *,
    as_published: Published = False,
    more_tests: Mapping[str, PairTest] | None = None,
) -> Audit:
    """Test every trait against every variable.

    Args:
        columns: A table, column name -> values, None where one is missing (:func:`read_table` reads files).
        traits: Columns of trait scores (numbers).
        variables: Columns of what the traits might depend on: numbers, or texts and truth values as categories.
        config: Tests, correction, how columns are read.
        as_published: Ids of :data:`ERRATA`, or True for all of them.
        more_tests: Further tests by name, each a function of two variables and a seed.

    Raises:
        InvalidInput: A column that is not there or cannot be read.
        UsageError: No trait or variable, one named twice, an unknown test or erratum.
    """
    more = dict(more_tests or {})
    config = replace(config, tests=(*config.tests, *(name for name in more if name not in config.tests)))
    for test in config.tests:
        _one_of("test", test, (*TESTS, *more))
    _check_names(traits, variables, config.categorical)
    tried = len(traits) * len(variables) * len(config.tests)
    needed = math.ceil(tried / config.alpha) - 1
    permutations = config.permutations or min(max(PERMUTATIONS, needed), MOST_PERMUTATIONS)
    bench = _Bench(config, published_faults(as_published, ERRATA), permutations, more)
    scores = [read_trait(columns, name, config.abstention) for name in traits]
    others = [read_column(columns, name, name in config.categorical) for name in variables]
    _check_lengths([*scores, *others])
    cells = [_cell(bench, t, v, test) for t in scores for v in others for test in config.tests]
    settings = {**asdict(config), "permutations": bench.permutations}
    return Audit(
        tuple(_corrected(cells, bench)),
        scores[0].values.size,
        config.alpha,
        _correction_text(bench),
        settings,
        (*_notes(scores, others, config), *_resolution(bench, needed)),
        bench.published,
    )


def _check_names(traits: Sequence[str], variables: Sequence[str], categorical: Sequence[str]) -> None:
    for what, names in (("trait", traits), ("variable", variables)):
        if not names:
            raise UsageError(f"name at least one {what}")
    twice = [name for name in (*traits, *variables) if (*traits, *variables).count(name) > 1]
    if twice:
        raise UsageError(f"the column '{twice[0]}' is named twice; a trait is not tested against itself")
    strange = [name for name in categorical if name not in variables]
    if strange:
        raise UsageError(f"'{strange[0]}' is called categorical but is none of the variables {', '.join(variables)}")


def _check_lengths(columns: Sequence[Column]) -> None:
    odd = next((c for c in columns if c.values.size != columns[0].values.size), None)
    if odd is not None:
        found = f"{columns[0].values.size} in '{columns[0].name}', {odd.values.size} in '{odd.name}'"
        raise UsageError(f"the columns of a table are equally long, found {found}")


# --- step 5: complete rows of the pair, then the test ---


def _cell(bench: _Bench, trait: Column, other: Column, test: str) -> Cell:
    kept = trait.present & other.present
    cell = Cell(trait.name, other.name, test, "tested", n=int(kept.sum()))
    reason = _too_many_levels(bench, trait, other) if test in _TABLE_TESTS else ""
    if reason:
        return replace(cell, status="not applicable", reason=reason)
    if cell.n < bench.config.min_rows:
        few = f"{cell.n} complete rows; at least {bench.config.min_rows} are needed"
        return _without_p(bench, replace(cell, status="not testable", reason=few))
    try:
        said = _tested(bench, trait, other, kept, test)
    except (PersonariumError, ArithmeticError, ValueError, np.linalg.LinAlgError) as error:
        return _without_p(bench, replace(cell, status="failed", reason=f"{type(error).__name__}: {error}"))
    if said.p is None:
        return _without_p(bench, replace(cell, status="not testable", association=said, reason=said.why))
    if not 0 <= said.p <= 1:  # NaN, too
        return _without_p(bench, replace(cell, status="failed", reason=f"the test gave p = {said.p}"))
    return replace(cell, p=said.p, association=said)


def _without_p(bench: _Bench, cell: Cell) -> Cell:
    """A cell without a p-value; as published RCIT's failures have one, and it says "dependent"."""
    return replace(cell, p=0.0) if cell.test == "rcit" and RCIT_ZERO in bench.published else cell


def _tested(bench: _Bench, trait: Column, other: Column, kept: NDArray[np.bool_], test: str) -> Association:
    seed = _seed(bench.config.seed, trait.name, other.name, test)
    if test in bench.more:
        return bench.more[test](trait.rows(kept), other.rows(kept), seed)
    if test in _TABLE_TESTS:
        return _of_table(bench, trait, other, kept, test)
    x, y = trait.rows(kept), other.rows(kept, as_codes=INTEGER_CODED in bench.published)
    if test == "hsic":
        return hsic(x, y, bench.permutations, seed)
    return kci(x, y) if test == "kci" else rcit(x, y, seed=seed)


def _of_table(bench: _Bench, trait: Column, other: Column, kept: NDArray[np.bool_], test: str) -> Association:
    x = trait.rows(kept).values
    if HALF_POINTS not in bench.published:
        x = fold_half_points(x, bench.config.scale)
    table = contingency_table(Variable(x, False), other.rows(kept))
    if table.size > table.sum() and min(table.shape) > 1:
        why = f"{table.sum()} rows for a table of {table.shape[0]} x {table.shape[1]} cells"
        return untestable(test, int(table.sum()), why)
    return _TABLE_TESTS[test](table)


def fold_half_points(scores: Array, scale: tuple[float, float]) -> Array:
    """Half-points (medians of an even number of raters) to the next whole score towards the middle of the scale."""
    middle = (scale[0] + scale[1]) / 2
    inward = np.where(scores < middle, np.ceil(scores), np.floor(scores))
    return np.asarray(np.where(np.mod(scores, 1) == 0.5, inward, scores))


def _too_many_levels(bench: _Bench, trait: Column, other: Column) -> str:
    for column in (trait, other):
        if not column.categorical and column.levels > bench.config.max_levels:
            return f"'{column.name}' has {column.levels} different numbers; a table of counts takes {bench.config.max_levels}"
    return ""


def _seed(seed: int, *names: str) -> int:
    """A seed of its own for each test, so that no other column or test changes it."""
    text = "|".join([str(seed), *names])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


# --- the verdicts ---


def _corrected(cells: Sequence[Cell], bench: _Bench) -> list[Cell]:
    correction = "none" if NO_CORRECTION in bench.published else bench.config.correction
    families = [list(cells)]
    if bench.config.family == "test":
        families = [[c for c in cells if c.test == test] for test in bench.config.tests]
    values = {
        id(cell): q
        for family in families
        for cell, q in zip(family, _CORRECTIONS[correction]([c.p for c in family]), strict=True)
    }
    return [replace(cell, corrected=values[id(cell)]) for cell in cells]


def _correction_text(bench: _Bench) -> str:
    if NO_CORRECTION in bench.published or bench.config.correction == "none":
        return "no correction"
    of = "over all tests" if bench.config.family == "all" else "within each test"
    return f"{bench.config.correction} {of}"


def _notes(scores: Sequence[Column], others: Sequence[Column], config: AuditConfig) -> list[str]:
    notes = [
        f"'{v.name}' has {v.levels} different whole numbers and is read as numbers; if they are codes, call it categorical."
        for v in others
        if not v.categorical and 2 < v.levels <= config.max_levels and _whole(v)
    ]
    zeros = [t.name for t in scores if config.abstention is None and config.scale[0] > 0 and (t.values == 0).any()]
    if zeros:
        listed = ", ".join(zeros)
        notes.append(
            f"There are scores of 0 in {listed}; if 0 means 'not enough information', give it as the abstention."
        )
    return notes


def _resolution(bench: _Bench, needed: int) -> list[str]:
    """Said when no permutation p-value could be small enough for a lone finding."""
    corrected = NO_CORRECTION not in bench.published and bench.config.correction != "none"
    if "hsic" not in bench.config.tests or not corrected or bench.permutations >= needed:
        return []
    found = f"With {bench.permutations} permutations a lone finding of HSIC cannot survive the correction"
    return [f"{found}; that takes {needed} (permutations), fewer columns, or kci."]


def _whole(column: Column) -> bool:
    return bool((column.values[column.present] % 1 == 0).all())
