"""Planning: how many runs or items a difference needs, and what a plan can detect.

Source: methods/agentic-randomness.md, steps 4, 5 and 8 (arXiv 2602.07150); the rest is standard statistics.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from personarium.core.errors import InvalidInput
from personarium.stats.arrays import checked_share

Design = Literal["two_groups", "paired"]
PlanMethod = Literal["z", "t"]
FAR = 1e3  # a shift of so many standard errors is found with certainty at any level in use
MOST = 10_000_000  # a plan beyond this many runs is refused: the difference cannot be found by repeating


@dataclass(frozen=True, slots=True)
class RunsNeeded:
    """How many runs (or items) a side a plan needs.

    Args:
        runs: The number, rounded up, for each condition.
        exact: The unrounded value of the z formula; None for the non-central t search.
        power: Power reached with ``runs`` by the same method.
        method: ``z`` or ``t``.
        sigma: Standard deviation the plan assumes.
        delta: Difference to be found, in units of sigma's scale.
        alpha: Two-sided level.
        target: Power asked for.
    """

    runs: int
    exact: float | None
    power: float
    method: PlanMethod
    sigma: float
    delta: float
    alpha: float
    target: float


def runs_needed(
    sigma: float, delta: float, alpha: float = 0.05, power: float = 0.8, method: PlanMethod = "z"
) -> RunsNeeded:
    """Runs for each of two conditions: ``n >= 2 ((z_{alpha/2} + z_beta) sigma / delta)^2``, rounded up.

    Args:
        sigma: Standard deviation of the run score (from a pilot of the user's own).
        delta: Difference to detect, on the same scale; its sign does not matter.
        alpha: Two-sided level.
        power: Power to reach.
        method: ``z`` (the paper's formula, slightly optimistic) or ``t`` (non-central t, right for few runs).

    Raises:
        InvalidInput: If delta or sigma is 0, or the plan would need more than ten million runs.

    Source: paper's power section, page steps 4 and 8.
    """
    return _needed("two_groups", sigma, delta, alpha, power, method)


def items_needed(
    sigma: float,
    delta: float,
    design: Design = "paired",
    alpha: float = 0.05,
    power: float = 0.8,
    method: PlanMethod = "t",
) -> RunsNeeded:
    """Items (questions, personas) that an effect needs.

    Args:
        sigma: For ``paired`` the standard deviation of the item differences, for ``two_groups`` of the items.
        delta: Effect to detect.
        design: The same items under both conditions, or different items in each (then the number is a side).
        alpha: Two-sided level.
        power: Power to reach.
        method: ``t`` or ``z``.
    """
    return _needed(design, sigma, delta, alpha, power, method)


def min_detectable_effect(
    sigma: float, n: float, alpha: float = 0.05, power: float = 0.8, method: PlanMethod = "z"
) -> float:
    """Smallest difference that n runs a side find: ``(z_{alpha/2} + z_beta) sigma sqrt(2 / n)``.

    Args:
        sigma: Standard deviation of the run score.
        n: Runs a side; for sides of unequal size their harmonic mean.
        alpha: Two-sided level.
        power: Power to reach.
        method: ``z`` or ``t`` (whole n only).

    Raises:
        InvalidInput: If sigma is 0, n is below 1, or n is 1 with method ``t`` (no spread can be estimated).
    """
    _checked_plan(sigma, 1.0, alpha, power)
    if n < (1 if method == "z" else 2):
        raise InvalidInput("n", "at least 1 run a side (2 for method 't')", n)
    if method not in ("z", "t"):
        raise InvalidInput("method", "'z' or 't'", method)
    z_answer = _z_sum(alpha, power) * sigma * math.sqrt(2 / n)
    if method == "z":
        return z_answer
    from scipy.optimize import brentq

    def short(delta: float) -> float:
        return power_two_sample_t(int(n), delta, sigma, alpha) - power

    hi = z_answer
    while short(hi) < 0:
        hi *= 2
    return float(brentq(short, 0.0, hi, xtol=1e-12 * z_answer))


def power_two_sample_t(n: int, delta: float, sigma: float, alpha: float = 0.05) -> float:
    """Power of the two-sided two-sample t test with n values a side (non-central t)."""
    return _power(n, 2 * n - 2, abs(delta) / sigma * math.sqrt(n / 2), alpha)


def power_paired_t(n: int, delta: float, sigma: float, alpha: float = 0.05) -> float:
    """Power of the two-sided paired (one-sample) t test on n differences of standard deviation sigma."""
    return _power(n, n - 1, abs(delta) / sigma * math.sqrt(n), alpha)


def _power(n: int, df: int, shift: float, alpha: float) -> float:
    from scipy import stats

    if n < 2:
        raise InvalidInput("n", "at least 2 values", n)
    limit = float(stats.t.ppf(1 - alpha / 2, df))
    far = float(stats.nct.sf(limit, df, shift)) if shift < FAR else 1.0
    # the wrong-sided tail is below P(Z < -shift); scipy gives NaN for it where it is that small
    near = float(stats.nct.cdf(-limit, df, shift)) if shift < 6 else 0.0
    return min(1.0, far + near)


def _needed(design: Design, sigma: float, delta: float, alpha: float, power: float, method: PlanMethod) -> RunsNeeded:
    _checked_plan(sigma, delta, alpha, power)
    sides, by_t = (2, power_two_sample_t) if design == "two_groups" else (1, power_paired_t)
    exact = sides * (_z_sum(alpha, power) * sigma / abs(delta)) ** 2
    if exact > MOST:
        raise InvalidInput("runs_needed", f"a plan of at most {MOST} runs; ask for a larger delta", f"{exact:.3g}")
    if method == "z":
        runs = max(1, math.ceil(exact - 1e-9))
        reached = _power_z(math.sqrt(runs / sides) * abs(delta) / sigma, alpha)
        return RunsNeeded(runs, exact, reached, method, sigma, delta, alpha, power)
    if method != "t":
        raise InvalidInput("method", "'z' or 't'", method)
    runs = _first(lambda n: by_t(n, delta, sigma, alpha) >= power, start=max(2, math.floor(exact)))
    return RunsNeeded(runs, None, by_t(runs, delta, sigma, alpha), method, sigma, delta, alpha, power)


def _first(enough: Callable[[int], bool], start: int) -> int:
    """The smallest n >= 2 that is enough; the z answer (a lower bound but for rounding) is close below it."""
    n = start
    while n > 2 and enough(n - 1):
        n -= 1
    while not enough(n):
        n += 1
    return n


def _power_z(shift: float, alpha: float) -> float:
    from scipy import stats

    z = float(stats.norm.ppf(1 - alpha / 2))
    return float(stats.norm.sf(z - shift) + stats.norm.cdf(-z - shift))


def _z_sum(alpha: float, power: float) -> float:
    from scipy import stats

    return float(stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power))


def _checked_plan(sigma: float, delta: float, alpha: float, power: float) -> None:
    checked_share(alpha, "alpha")
    checked_share(power, "power")
    if not (math.isfinite(sigma) and sigma > 0):
        raise InvalidInput(
            "power analysis", "a standard deviation above 0 (0 means the pilot did not vary)", sigma, "sigma"
        )
    if not math.isfinite(delta) or delta == 0:
        raise InvalidInput(
            "power analysis", "a difference other than 0 (no number of runs finds nothing)", delta, "delta"
        )
    if power <= alpha:
        raise InvalidInput("power analysis", "a power above alpha", power, "power")
