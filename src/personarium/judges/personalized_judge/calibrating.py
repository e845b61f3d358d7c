"""What a stated certainty of one judge is worth, learnt on items with known truth; for that judge only.

Source: personalized-judge page, Traps: weak models are over-confident, calibrate per model before filtering (arXiv 2406.11657).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from personarium.core.errors import InvalidInput, UsageError
from personarium.core.results import Estimate
from personarium.judges.personalized_judge.result import THRESHOLDS, JudgedRun, SelectivePoint, selective_points
from personarium.stats.calibrators import BinningCalibrator, Fit, IsotonicCalibrator, fit_binning, fit_isotonic

Method = Literal["isotonic", "binning"]
_FITS: Mapping[str, Fit] = {"isotonic": fit_isotonic, "binning": fit_binning}
FEWEST = 50  # verdicts with a certainty; fewer give a curve of noise


@dataclass(frozen=True, slots=True)
class CertaintyCalibration:
    """How often one judge is right at each certainty.

    Args:
        judge: Whose certainties these are.
        scale: The scale they were stated on.
        calibrator: The curve.
        n: Verdicts it was fitted on.
    """

    judge: str
    scale: tuple[int, int]
    calibrator: IsotonicCalibrator | BinningCalibrator
    n: int

    def probability(self, certainty: float) -> float:
        """The chance of being right that a stated certainty stands for.

        Raises:
            InvalidInput: A certainty outside the scale.
        """
        lo, hi = self.scale
        if not lo <= certainty <= hi:
            raise InvalidInput("certainty", f"a number from {lo} to {hi}", certainty)
        return float(self.calibrator.apply([certainty / hi])[0])

    def for_judge(self, judge: str) -> CertaintyCalibration:
        """Itself, for the judge that it was fitted on.

        Raises:
            UsageError: It is another judge's.
        """
        if judge != self.judge:
            raise UsageError(f"this calibration belongs to {self.judge}, not to {judge}; certainties do not compare")
        return self

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "judge": self.judge,
            "scale": list(self.scale),
            "calibrator": self.calibrator.as_dict(),
            "n": self.n,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str = "certainty calibration") -> CertaintyCalibration:
        """Read what :meth:`as_dict` gave.

        Raises:
            InvalidInput: It is none.
        """
        from personarium.stats.calibrators import load_calibrator

        try:
            lo, hi = data["scale"]
            return cls(str(data["judge"]), (int(lo), int(hi)), load_calibrator(data["calibrator"]), int(data["n"]))
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(where, "judge, scale, calibrator and n", str(error)) from None


@dataclass(frozen=True, slots=True)
class CalibratedRun:
    """A run before and after calibration; each item is calibrated on the other folds only.

    Args:
        method: ``isotonic`` or ``binning``.
        stated_error: Calibration error of the certainties as stated.
        calibrated_error: The same of the calibrated ones.
        curve: Coverage and accuracy at thresholds of the calibrated probability (shown as per cent).
    """

    method: str
    stated_error: Estimate
    calibrated_error: Estimate
    curve: tuple[SelectivePoint, ...]


def fit_certainty(run: JudgedRun, method: Method = "isotonic") -> CertaintyCalibration:
    """Learn the certainties of one judge from a run with known truth, to be used on later runs of the same judge.

    Raises:
        UsageError: An unknown method, or no certainty asked for.
        InvalidInput: Fewer than 50 verdicts with a certainty.
    """
    fit, n = _fit(method), _stated(run)
    if run.scale is None:
        raise UsageError("the run asked for no certainty, so there is nothing to calibrate")
    if n < FEWEST:
        raise InvalidInput("verdicts with a certainty", f"at least {FEWEST}", n)
    found: Any = fit(run.probabilities(), run.outcomes())
    return CertaintyCalibration(run.judge, run.scale, found, n)


def calibrate_run(
    run: JudgedRun, method: Method = "isotonic", *, folds: int = 5, seed: int = 0, draws: int = 1000
) -> CalibratedRun | None:
    """What calibration is worth on items not seen.

    Args:
        run: With known truth.
        method: ``isotonic`` or ``binning``.
        folds: Parts; the items of one user are in one part where users are known.
        seed: Of the parts and of the bootstrap.
        draws: Bootstrap samples of the errors.

    Returns:
        None where fewer than 50 verdicts have a certainty.
    """
    from personarium.stats.calibration import expected_calibration_error
    from personarium.stats.calibrators import cross_calibrated

    fit = _fit(method)
    if run.scale is None or _stated(run) < FEWEST:
        return None
    users = [item.user for item in run.items]
    known = all(users) and len(set(users)) >= 2 * folds
    stated, right = run.probabilities(), run.outcomes()
    after = cross_calibrated(stated, right, fit, users if known else None, folds, seed)
    values = [None if value != value else float(value) for value in after]
    error = expected_calibration_error(values, right, 10, draws=draws, seed=seed)
    missing = run.accuracy().failures
    points = selective_points(values, right, THRESHOLDS, (0, 100), missing)
    return CalibratedRun(method, run.calibration_error(draws, seed), error, points)


def _fit(method: str) -> Fit:
    if method not in _FITS:
        raise UsageError(f"the method must be one of {', '.join(get_args(Method))}, found '{method}'")
    return _FITS[method]


def _stated(run: JudgedRun) -> int:
    return sum(p is not None and y is not None for p, y in zip(run.probabilities(), run.outcomes(), strict=True))
