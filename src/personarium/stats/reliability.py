"""Reliability of scales: alpha, omega, split halves, item-rest correlations, error of measurement.

Everywhere persons (or models, personas, seeds: the unit is named) are rows and items are columns; variances use n-1.

Source: methods/psychometrics-core.md, "Reliability" (standard measurement theory; Feldt 1965; McDonald 1999).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.stats.arrays import Array, checked_share
from personarium.stats.correlation import pearson
from personarium.stats.scales import MIN_ANSWERED, Keyed, Missing, complete_rows, scale_scores


@dataclass(frozen=True, slots=True)
class SplitHalf:
    """Two halves of a scale set against each other.

    Args:
        r: Correlation of the half sums.
        spearman_brown: ``2r / (1 + r)``, the reliability of the whole scale.
        guttman: ``2 (1 - (var_a + var_b) / var_total)``, which does not need equal variances.
        first: Columns of the first half.
        n_used: Persons with complete answers.
    """

    r: float | None
    spearman_brown: float | None
    guttman: float | None
    first: tuple[int, ...]
    n_used: int


@dataclass(frozen=True, slots=True)
class OneFactor:
    """One common factor of the item correlations: standardised loadings and uniquenesses ``1 - loading^2``.

    ``improper`` is set when a loading reached 1 (a Heywood case): then omega means little.
    """

    loadings: tuple[float, ...]
    uniquenesses: tuple[float, ...]
    improper: bool


@dataclass(frozen=True, slots=True)
class Reliability:
    """The reliability battery of one scale, with n and what is missing.

    Args:
        scale: Its name.
        unit: What a person (row) is.
        n_units: Rows.
        n_used: Rows with complete answers, on which everything but the scores rests.
        n_items: Items.
        missing: Answers that are not there.
        alpha: Cronbach's alpha with Feldt interval.
        alpha_standardised: The same from correlations.
        omega: McDonald's omega total of a one-factor model.
        split_half: Odd against even items.
        item_rest: Correlation of each item with the sum of the others, by item id; None where not defined.
        alpha_if_deleted: Alpha without each item, by item id.
        mean: Mean scale score.
        sd: Standard deviation of the scale score.
        sem: Standard error of measurement, ``sd sqrt(1 - alpha)``, on the scale of the mean score.
        warnings: Sentences, for instance on a forgotten key.
    """

    scale: str
    unit: str
    n_units: int
    n_used: int
    n_items: int
    missing: int
    alpha: Estimate
    alpha_standardised: Estimate
    omega: Estimate
    split_half: SplitHalf
    item_rest: dict[str, float | None]
    alpha_if_deleted: dict[str, float | None]
    mean: float | None
    sd: float | None
    sem: float | None
    warnings: tuple[str, ...]


def cronbach_alpha(
    answers: Keyed | NDArray[Any] | Sequence[Sequence[float | None]],
    unit: str = "person",
    confidence: float = 0.95,
    missing: Missing = "listwise",
    standardised: bool = False,
) -> Estimate:
    """Cronbach's alpha with Feldt's interval.

    Args:
        answers: Keyed answers, or a matrix persons x items that is keyed already.
        unit: What a row is.
        confidence: Coverage.
        missing: ``listwise`` leaves rows with a missing answer out and counts them; ``refuse`` raises.
        standardised: From the mean item correlation, ``k r / (1 + (k-1) r)``.

    Returns:
        No value, with the reason in ``method``, for one row, one item, or no variance; never 0 or 1 instead.
    """
    matrix, dropped = complete_rows(answers, missing)
    name = "standardised alpha" if standardised else "Cronbach's alpha"
    failures = {"incomplete": dropped} if dropped else {}
    why = _no_alpha(matrix, standardised)
    if why:
        return Estimate(None, None, None, len(matrix), unit, f"{name}, not defined: {why}", confidence, failures)
    value = _alpha_standardised(matrix) if standardised else _alpha(matrix)
    lo, hi = _feldt(value, len(matrix), matrix.shape[1], confidence)
    return Estimate(value, lo, hi, len(matrix), unit, f"{name}, Feldt interval, {missing}", confidence, failures)


def alpha_if_deleted(answers: Keyed | NDArray[Any], missing: Missing = "listwise") -> list[float | None]:
    """Alpha of the scale without each item in turn."""
    matrix, _ = complete_rows(answers, missing)
    shorter = (np.delete(matrix, i, axis=1) for i in range(matrix.shape[1]))
    return [None if _no_alpha(rest, False) else _alpha(rest) for rest in shorter]


def item_rest_correlations(answers: Keyed | NDArray[Any], missing: Missing = "listwise") -> list[float | None]:
    """Correlation of each item with the sum of the others (corrected item-total r); None for a constant one."""
    matrix, _ = complete_rows(answers, missing)
    total = matrix.sum(axis=1)
    return [pearson(matrix[:, i], total - matrix[:, i]).value for i in range(matrix.shape[1])]


def split_half(
    answers: Keyed | NDArray[Any], first: Sequence[int] | None = None, missing: Missing = "listwise"
) -> SplitHalf:
    """Split-half reliability with Spearman-Brown and Guttman coefficients.

    Args:
        answers: Keyed answers.
        first: Columns of the first half; the first, third, fifth, ... if not given.
        missing: As for :func:`cronbach_alpha`.

    Raises:
        InvalidInput: If a half is empty or names a column that is not there.
    """
    matrix, _ = complete_rows(answers, missing)
    k = matrix.shape[1]
    half = tuple(range(0, k, 2)) if first is None else tuple(first)
    if not 0 < len(set(half)) == len(half) < k or not set(half) <= set(range(k)):
        raise InvalidInput("first", f"some but not all of the columns 0 to {k - 1}, each once", half)
    a = matrix[:, list(half)].sum(axis=1)
    b = matrix.sum(axis=1) - a
    r = pearson(a, b).value
    guttman = None
    if len(matrix) > 1 and (a + b).var(ddof=1) > 0:
        guttman = float(2 * (1 - (a.var(ddof=1) + b.var(ddof=1)) / (a + b).var(ddof=1)))
    stepped = None if r is None or r <= -1 else spearman_brown(r)
    return SplitHalf(r, stepped, guttman, half, len(matrix))


def spearman_brown(r: float, lengthening: float = 2.0) -> float:
    """Reliability of a scale made ``lengthening`` times as long: ``m r / (1 + (m-1) r)``."""
    return lengthening * r / (1 + (lengthening - 1) * r)


def one_factor(correlations: NDArray[Any]) -> OneFactor:
    """Fit one factor to a correlation matrix by least squares on its off-diagonal elements (minres).

    Args:
        correlations: k x k, k at least 3 (with fewer the factor is not determined).

    Returns:
        Loadings with positive sum.

    Raises:
        InvalidInput: If the matrix is not square, holds a NaN, or has fewer than three items.
    """
    from scipy.optimize import least_squares

    r = np.asarray(correlations, dtype=np.float64)
    if r.ndim != 2 or r.shape[0] != r.shape[1] or r.shape[0] < 3 or not np.isfinite(r).all():
        raise InvalidInput("correlations", "a square matrix of at least three items without gaps", r.shape)
    row, column = np.triu_indices(len(r), 1)
    values, vectors = np.linalg.eigh(r)
    start = np.clip(vectors[:, -1] * math.sqrt(max(values[-1], 0.0)), -0.95, 0.95)

    def residual(loadings: Array) -> Array:
        return np.asarray(loadings[row] * loadings[column] - r[row, column])

    found = np.asarray(least_squares(residual, start, bounds=(-1, 1), xtol=1e-14, ftol=1e-14, gtol=1e-14).x)
    found = found if found.sum() >= 0 else -found
    improper = bool((np.abs(found) > 1 - 1e-6).any())
    return OneFactor(tuple(found.tolist()), tuple((1 - found**2).tolist()), improper)


def omega_from_loadings(loadings: Sequence[float], uniquenesses: Sequence[float] | None = None) -> float:
    """McDonald's omega of one factor: ``(sum L)^2 / ((sum L)^2 + sum U)``; U is ``1 - L^2`` if not given."""
    common = np.asarray(loadings, dtype=np.float64)
    unique = 1 - common**2 if uniquenesses is None else np.asarray(uniquenesses, dtype=np.float64)
    if common.size == 0 or common.size != unique.size:
        raise InvalidInput("uniquenesses", f"one for each of {common.size} loadings", unique.size)
    return float(common.sum() ** 2 / (common.sum() ** 2 + unique.sum()))


def omega_total(answers: Keyed | NDArray[Any], unit: str = "person", missing: Missing = "listwise") -> Estimate:
    """McDonald's omega total of a one-factor model of the item correlations.

    Returns:
        No interval; no value with fewer than three items, fewer than three rows, or an item that does not vary. The
        method text names a Heywood case.
    """
    matrix, dropped = complete_rows(answers, missing)
    failures = {"incomplete": dropped} if dropped else {}
    text = "omega total, one factor (minres)"
    why = "fewer than three items or rows" if min(matrix.shape) < 3 else _no_alpha(matrix, True)
    if why:
        return Estimate(None, None, None, len(matrix), unit, f"{text}, not defined: {why}", failures=failures)
    factor = one_factor(_correlations(matrix))
    text += ", Heywood case: a loading reached 1" if factor.improper else ""
    value = omega_from_loadings(factor.loadings, factor.uniquenesses)
    return Estimate(value, None, None, len(matrix), unit, text, failures=failures)


def standard_error_of_measurement(sd: float, reliability: float) -> float:
    """``sd sqrt(1 - reliability)``: how far a score lies from its true score, in score units.

    Raises:
        InvalidInput: If sd is negative or the reliability above 1.
    """
    if sd < 0 or reliability > 1:
        raise InvalidInput("standard error", "sd of at least 0 and a reliability of at most 1", (sd, reliability))
    return sd * math.sqrt(1 - reliability)


def reliable_change(difference: float, sd: float, reliability: float) -> float:
    """Reliable-change index ``diff / (sd sqrt(2) sqrt(1 - rel))``; beyond 1.96 the change is more than error."""
    error = math.sqrt(2) * standard_error_of_measurement(sd, reliability)
    if error == 0:
        raise InvalidInput(
            "reliable change", "some error of measurement (sd above 0, reliability below 1)", (sd, reliability)
        )
    return difference / error


def reliability_of(
    keyed: Keyed, unit: str = "person", missing: Missing = "listwise", min_answered: float = MIN_ANSWERED
) -> Reliability:
    """The whole battery for one scale.

    Args:
        keyed: Keyed answers.
        unit: What a row is.
        missing: Rule for rows with missing answers in everything but the scores.
        min_answered: Rule of the scores.
    """
    matrix, _ = complete_rows(keyed, missing)
    items, alpha = keyed.key.items, cronbach_alpha(keyed, unit, missing=missing)
    rest = dict(zip(items, item_rest_correlations(keyed, missing)))
    scored = [score for score in scale_scores(keyed, min_answered).values if score is not None]
    sd = float(np.std(scored, ddof=1)) if len(scored) > 1 else None
    sem = None if sd is None or alpha.value is None else standard_error_of_measurement(sd, alpha.value)
    omega = omega_total(keyed, unit, missing)
    halves = split_half(keyed, missing=missing) if len(items) > 1 else SplitHalf(None, None, None, (0,), len(matrix))
    return Reliability(
        keyed.key.name,
        unit,
        len(keyed.values),
        len(matrix),
        len(items),
        keyed.missing,
        alpha,
        cronbach_alpha(keyed, unit, missing=missing, standardised=True),
        omega,
        halves,
        rest,
        dict(zip(items, alpha_if_deleted(keyed, missing))),
        float(np.mean(scored)) if scored else None,
        sd,
        sem,
        tuple(_warnings(alpha, omega, rest)),
    )


def _warnings(alpha: Estimate, omega: Estimate, rest: dict[str, float | None]) -> list[str]:
    out = []
    there = {item: r for item, r in rest.items() if r is not None}
    if alpha.value is not None and alpha.value < 0 and there:
        worst = min(there, key=lambda item: there[item])
        out.append(
            f"alpha is negative ({alpha.value:.3f}): probably a forgotten key; item '{worst}' has the most negative "
            f"item-rest correlation ({there[worst]:.3f})"
        )
    out += [f"item '{item}' does not vary with the rest or at all" for item, r in rest.items() if r is None]
    if "Heywood" in omega.method:
        out.append("omega rests on an improper solution (a loading of 1)")
    return out


def _no_alpha(matrix: Array, standardised: bool) -> str:
    rows, k = matrix.shape
    if rows < 2 or k < 2:
        return f"{rows} complete rows and {k} items, at least two of each are needed"
    if standardised and (np.ptp(matrix, axis=0) == 0).any():
        return "an item does not vary"
    return "no variance of the total" if np.ptp(matrix.sum(axis=1)) <= 1e-12 * np.abs(matrix).max() else ""


def _alpha(matrix: Array) -> float:
    k = matrix.shape[1]
    return float(k / (k - 1) * (1 - matrix.var(axis=0, ddof=1).sum() / matrix.sum(axis=1).var(ddof=1)))


def _alpha_standardised(matrix: Array) -> float:
    k = matrix.shape[1]
    mean_r = float(_correlations(matrix)[np.triu_indices(k, 1)].mean())
    return spearman_brown(mean_r, k)


def _correlations(matrix: Array) -> Array:
    return np.asarray(np.corrcoef(matrix, rowvar=False))


def _feldt(alpha: float, n: int, k: int, confidence: float) -> tuple[float, float]:
    from scipy import stats

    tail = (1 - checked_share(confidence, "confidence")) / 2
    upper, lower = (stats.f.ppf(q, n - 1, (n - 1) * (k - 1)) for q in (1 - tail, tail))
    return float(1 - (1 - alpha) * upper), float(1 - (1 - alpha) * lower)
