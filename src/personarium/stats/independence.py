"""Tests of independence of two variables: chi-square, G, HSIC with permutations, KCI and RCIT; each with an effect size.

A variable is a row of numbers, or of categories that have no order. Numbers get a Gaussian kernel; categories get the
kernel that is 1 for equal ones and else 0, so no test depends on how categories are named or coded.

Source: Pearson's chi-square and the likelihood-ratio G; Cramer (1946) for V; HSIC: Gretton et al. (2005, 2008), width and
p-value as on the personax page; KCI: Zhang et al. (2011, arXiv 1202.3775), the unconditional test; RCIT: Strobl, Zhang and
Visweswaran (2019, arXiv 1702.03877), whose unconditional form they call RIT.
Differs: kernels are handled as thin factors A of K = A A' (pivoted Cholesky over the distinct values, every entry right to
1e-12), so a test takes time and memory in proportion to the rows. RCIT's tail is that of Hall, Buckley and Eagleson (three
moments) in place of Lindsay, Pilla and Basak (four), and its width is the median of all distances, not of the first 500 rows.
Units: effects are from 0 (none) to 1 (each variable tells the other); the kernel effects lie a little above 0 by chance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.stats.arrays import Array, generator, group_codes, numbers
from personarium.stats.kernel_factors import centred, cross, gaussian_factor, median_distance

PERMUTATIONS = 999
# causal-learn's widths of KCI for standardised data, by the number of rows below which they hold.
KCI_WIDTHS = ((200, 0.8), (1200, 0.5), (math.inf, 0.3))
FOURIER_FEATURES = 5  # RIT's, for each variable
_SAME = 1e-9  # relative: a permuted statistic that differs by rounding only is not below the observed one


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable without gaps: numbers, or categories as codes 0, 1, ... whose order means nothing."""

    values: Array
    categorical: bool

    @property
    def levels(self) -> int:
        """How many different values it has."""
        return int(np.unique(self.values).size)

    def __len__(self) -> int:
        return int(self.values.size)


VariableLike: TypeAlias = Variable | Sequence[Any] | NDArray[Any]


@dataclass(frozen=True, slots=True)
class Association:
    """What one test says of two variables.

    Args:
        test: ``chi_square``, ``g``, ``hsic``, ``kci`` or ``rcit``.
        p: None where the pair cannot be tested.
        statistic: The test's own; None with ``p``.
        effect: Cramer's V with its interval, or the normalised kernel dependence (n counts rows).
        df: Degrees of freedom of a contingency table.
        method: How the p-value was made.
        why: Why there is none.
        sparse_cells: Cells of a contingency table in which fewer than five are expected.
        widths: Kernel widths of x and y; None for categories.
    """

    test: str
    p: float | None
    statistic: float | None
    effect: Estimate
    df: int | None = None
    method: str = ""
    why: str = ""
    sparse_cells: int = 0
    widths: tuple[float | None, float | None] | None = None


def categories(labels: Sequence[Any]) -> Variable:
    """A variable whose values have no order; codes by first appearance."""
    return Variable(group_codes(labels, len(labels)).astype(np.float64), True)


def variable(values: VariableLike) -> Variable:
    """Numbers as numbers; texts and truth values as categories.

    Raises:
        InvalidInput: A gap among numbers, or an infinity: rows with gaps are dropped before a test.
    """
    if isinstance(values, Variable):
        return values
    if any(isinstance(v, (str, bool, np.bool_, np.str_)) for v in values):
        return categories(list(values))
    read = numbers(values, "variable")
    if np.isnan(read).any():
        raise InvalidInput("variable", "values without gaps (drop incomplete rows first)", "a missing value")
    return Variable(read, False)


# ------------------------------------------------------------------------------------------------ contingency tables


def contingency_table(x: VariableLike, y: VariableLike) -> NDArray[np.int64]:
    """How often each value of x (row) comes with each value of y (column), values in ascending order of code."""
    first, second = _pair(x, y)
    rows = np.unique(first.values, return_inverse=True)[1].reshape(-1)
    columns = np.unique(second.values, return_inverse=True)[1].reshape(-1)
    shape = (first.levels, second.levels)
    flat = np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1])
    return np.asarray(flat.reshape(shape), dtype=np.int64)


def chi_square(table: Sequence[Sequence[int]] | NDArray[Any], correction: bool = False) -> Association:
    """Pearson's chi-square test of a table of counts.

    Args:
        table: Counts; rows and columns without any are left out.
        correction: Yates' continuity correction, which changes tables of one degree of freedom only.

    Returns:
        No p-value where a variable has fewer than two levels. The effect, Cramer's V, never has the correction in it.
    """
    return _table_test("chi_square", table, correction, _pearson)


def g_test(table: Sequence[Sequence[int]] | NDArray[Any]) -> Association:
    """The likelihood-ratio (G) test of a table of counts; arguments and returns as for :func:`chi_square`."""
    return _table_test("g", table, False, _likelihood_ratio)


def _table_test(test: str, table: Any, correction: bool, statistic_of: Callable[[Array, Array], float]) -> Association:
    counts = _counts(table)
    n = int(counts.sum())
    if min(counts.shape) < 2:
        return untestable(test, n, "a variable has fewer than two levels")
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / n
    df = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    seen = counts + np.sign(expected - counts) * np.minimum(0.5, abs(expected - counts)) * (correction and df == 1)
    statistic = statistic_of(seen, expected)
    return Association(
        test,
        _chi_square_tail(statistic, df),
        statistic,
        _cramers_v(_pearson(counts, expected), df, n, min(counts.shape) - 1),
        df,
        f"chi-square distribution{', continuity correction' * correction}",
        sparse_cells=int((expected < 5).sum()),
    )


def _counts(table: Any) -> Array:
    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim != 2 or not np.isfinite(counts).all() or (counts < 0).any() or (counts % 1).any():
        raise InvalidInput("contingency table", "rows of whole counts from 0", table)
    return counts[counts.any(axis=1)][:, counts.any(axis=0)]


def _pearson(seen: Array, expected: Array) -> float:
    return float(((seen - expected) ** 2 / expected).sum())


def _likelihood_ratio(seen: Array, expected: Array) -> float:
    filled = seen > 0
    return max(0.0, 2 * float((seen[filled] * np.log(seen[filled] / expected[filled])).sum()))


def _chi_square_tail(statistic: float, df: float) -> float:
    from scipy import special

    return float(special.gammaincc(df / 2, max(statistic, 0.0) / 2))


def _cramers_v(statistic: float, df: int, n: int, smaller: int, confidence: float = 0.95) -> Estimate:
    """V = sqrt(chi-square / (n (k - 1))), its interval from the noncentral chi-square distributions that still fit."""
    from scipy import special

    ends = [float(special.chndtrinc(statistic, df, (1 + side * confidence) / 2)) for side in (1, -1)]
    lo, hi = (min(1.0, math.sqrt((e if 1e-9 < e < math.inf else 0.0) / (n * smaller))) for e in ends)
    value = min(1.0, math.sqrt(statistic / (n * smaller)))
    text = "Cramer's V, interval by inverting the noncentral chi-square"
    return Estimate(value, min(lo, value), max(hi, value), n, "row", text, confidence)


# ------------------------------------------------------------------------------------------------ kernel tests


def _factor(values: Variable, width: float | None) -> Array:
    """A with A A' = K, one row a value; categories have one column a level."""
    levels, place = np.unique(values.values, return_inverse=True)
    if values.categorical:
        return np.asarray(np.eye(levels.size)[place.reshape(-1)])
    return np.asarray(gaussian_factor(levels, width or 1.0)[place.reshape(-1)])


def _kernel_effect(a: Array, b: Array) -> Estimate:
    """Normalised kernel dependence: trace(KHLH) over the root of both its values with itself."""
    norm = math.sqrt(cross(a, a) * cross(b, b))
    value = min(1.0, cross(a, b) / norm) if norm > 0 else None
    return Estimate(value, None, None, len(a), "row", "normalised kernel dependence (centred kernel alignment)")


def hsic(x: VariableLike, y: VariableLike, permutations: int = PERMUTATIONS, seed: int = 0) -> Association:
    """HSIC with a permutation test.

    HSIC = trace(K H L H) / n^2; numeric kernel exp(-d^2 / (2 m^2)) with m from :func:`median_distance`; p = (1 +
    permutations at or above the value) / (permutations + 1), so never below 1 / (permutations + 1).

    Args:
        x: First variable.
        y: Second variable, same rows.
        permutations: How often y's rows are shuffled against x's; 0 gives the value without a p-value.
        seed: Of the shuffling.

    Source: personax page, "Own HSIC".
    """
    first, second = _pair(x, y)
    reason = _no_variation(first, second)
    if reason:
        return untestable("hsic", len(first), reason)
    widths = _widths(first, second, median_distance)
    a, b = centred(_factor(first, widths[0])), centred(_factor(second, widths[1]))
    value, n = cross(a, b), len(first)
    thin, wide = sorted((a, b), key=lambda factor: factor.shape[1])  # shuffling fewer columns is faster
    p = _permutation_p(value, thin, wide, permutations, seed) if permutations else None
    method = f"{permutations} permutations"
    return Association("hsic", p, value / n**2, _kernel_effect(a, b), None, method, widths=widths)


def _permutation_p(value: float, thin: Array, wide: Array, permutations: int, seed: int) -> float:
    rng, n = generator(seed), len(thin)
    threshold = value * (1 - _SAME)
    above = sum(cross(thin[rng.permutation(n)], wide) >= threshold for _ in range(permutations))
    return (1 + above) / (permutations + 1)


def kci(x: VariableLike, y: VariableLike) -> Association:
    """The unconditional kernel test KCI with the gamma approximation of its null distribution; no randomness.

    Numbers are standardised and get the fixed widths of causal-learn (:data:`KCI_WIDTHS`), which are narrower than the
    median distance: better at fine structure, and more liberal in small samples.

    Args:
        x: First variable.
        y: Second variable, same rows.
    """
    first, second = _pair(x, y)
    reason = _no_variation(first, second)
    if reason:
        return untestable("kci", len(first), reason)
    n = len(first)
    first, second = _standardised(first), _standardised(second)
    width = next(w for below, w in KCI_WIDTHS if n < below)
    widths = _widths(first, second, lambda _: width)
    a, b = centred(_factor(first, widths[0])), centred(_factor(second, widths[1]))
    value = cross(a, b)
    mean = float((a**2).sum()) * float((b**2).sum()) / n
    variance = 2 * cross(a, a) * cross(b, b) / n**2
    p = _chi_square_tail(2 * value * mean / variance, 2 * mean**2 / variance)  # gamma, shape mean^2 / variance
    return Association("kci", p, value, _kernel_effect(a, b), None, "gamma approximation", widths=widths)


def rcit(x: VariableLike, y: VariableLike, features: int = FOURIER_FEATURES, seed: int = 0) -> Association:
    """The randomised test RCIT without a condition (RIT): covariance of a few random Fourier features.

    Categories take part with their indicators, one a level, instead of random features.

    Args:
        x: First variable.
        y: Second variable, same rows.
        features: For each numeric variable: 5, as RIT has. So few can miss: of x and x^2 with little noise about one
            draw in thirty does not see the dependence; with 25 all do.
        seed: Of the features; another one gives another p-value.
    """
    first, second = _pair(x, y)
    reason = _no_variation(first, second)
    if reason:
        return untestable("rcit", len(first), reason)
    n, rng = len(first), generator(seed)
    first, second = _standardised(first), _standardised(second)
    widths = _widths(first, second, median_distance)
    a, b = (_random_features(v, w, features, rng) for v, w in zip((first, second), widths))
    statistic = n * cross(a, b) / (n - 1) ** 2
    products = (a[:, :, None] * b[:, None, :]).reshape(n, -1)
    covariance = products.T @ products / n
    p = weighted_chi_square_tail(statistic, covariance)
    method = f"{features} random Fourier features, Hall-Buckley-Eagleson tail"
    return Association("rcit", p, statistic, _kernel_effect(a, b), None, method, widths=widths)


def _random_features(values: Variable, width: float | None, features: int, rng: np.random.Generator) -> Array:
    """Standardised features of one variable; one that does not vary is left out."""
    if values.categorical or width is None:
        made = _factor(values, None)
    else:
        frequency = rng.normal(size=features) / width
        phase = rng.uniform(0, 2 * math.pi, size=features)
        made = math.sqrt(2) * np.cos(np.outer(values.values, frequency) + phase)
    spread = made.std(axis=0, ddof=1)
    return np.asarray(centred(made)[:, spread > 1e-12] / spread[spread > 1e-12])


def weighted_chi_square_tail(value: float, covariance: Array) -> float:
    """P(sum of w z^2 > value), w the eigenvalues of the covariance, by a chi-square with the same three cumulants."""
    squared = covariance @ covariance
    k1, k2 = float(np.trace(covariance)), 2 * float(np.trace(squared))
    k3 = 8 * float((squared * covariance).sum())
    df = 8 * k2**3 / k3**2
    return _chi_square_tail(math.sqrt(2 * df / k2) * (value - k1) + df, df)


# ------------------------------------------------------------------------------------------------ what is tested


def _pair(x: VariableLike, y: VariableLike) -> tuple[Variable, Variable]:
    first, second = variable(x), variable(y)
    if len(first) != len(second):
        raise InvalidInput("x and y", "two variables of equal length", f"{len(first)} and {len(second)}")
    return first, second


def _no_variation(x: Variable, y: Variable) -> str:
    if len(x) < 2:
        return "fewer than two complete rows"
    return "a variable has fewer than two levels" if min(x.levels, y.levels) < 2 else ""


def untestable(test: str, n: int, why: str) -> Association:
    """What a test says of ``n`` rows of which nothing can be said: no p-value, and why not."""
    return Association(test, None, None, Estimate(None, None, None, n, "row", f"not testable: {why}"), why=why)


def _standardised(values: Variable) -> Variable:
    if values.categorical:
        return values
    # scaled first, so that no square over- or underflows
    scaled = values.values / float(np.abs(values.values).max() or 1.0)
    deviations = scaled - scaled.mean()
    return Variable(np.asarray(deviations / deviations.std(ddof=1)), False)


def _widths(x: Variable, y: Variable, width_of: Callable[[Array], float]) -> tuple[float | None, float | None]:
    first, second = (None if v.categorical else width_of(v.values) for v in (x, y))
    return first, second
