"""What stated confidence is worth: the figures of a set of records, with the warnings that belong to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from personarium.core.results import Estimate
from personarium.stats.calibration import ReliabilityBin
from personarium.stats.selective import CoveragePoint

KEYS = {
    "accuracy": "Accuracy",
    "ece": "ECE",
    "roc_auc": "AUROC",
    "brier": "Brier score",
    "auprc_positive": "AUPRC of right answers",
    "auprc_negative": "AUPRC of wrong answers",
    "mpce": "MPCE",
    "pearson": "Pearson r",
    "spearman": "Spearman rho",
    "resolution": "Resolution",
    "risk_coverage": "Risk-coverage area",
}


@dataclass(frozen=True)
class ConfidenceReport:
    """Calibration and resolution of stated confidence.

    Args:
        figures: By the names of the page (``accuracy``, ``ece``, ``roc_auc``, ``brier``, ``auprc_positive``,
            ``auprc_negative``, ``mpce``, ``pearson``, ``spearman``), and beside them ``resolution`` (of the Brier score)
            and ``risk_coverage`` (area, 0 best).
        floor: The ECE that a calibrated subject would show with the same confidences.
        bins: The rule of the bins, in words.
        reliability: Share right in each bin.
        coverage: Accuracy of the answers that are kept at each threshold.
        stated: How often each confidence was stated.
        n: Records with an outcome.
        n_missing_confidence: Of those, without a stated confidence.
        failures: Records without an outcome, by kind.
        warnings: What a reader must know.
    """

    figures: Mapping[str, Estimate]
    floor: Estimate
    bins: str
    reliability: tuple[ReliabilityBin, ...]
    coverage: tuple[CoveragePoint, ...]
    stated: Mapping[float, int]
    n: int
    n_missing_confidence: int
    failures: Mapping[str, int]
    warnings: tuple[str, ...]

    def estimates(self) -> dict[str, Estimate]:
        """The figures by their full names."""
        return {KEYS[key]: estimate for key, estimate in self.figures.items()}

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            **{key: estimate.as_dict() for key, estimate in self.figures.items()},
            "ece_if_calibrated": self.floor.as_dict(),
            "bins": self.bins,
            "reliability": [
                {"lo": b.lo, "hi": b.hi, "n": b.n, "confidence": b.mean_confidence, "accuracy": b.accuracy.as_dict()}
                for b in self.reliability
            ],
            "coverage": [
                {"threshold": p.threshold, "coverage": p.coverage, "accuracy": p.accuracy.as_dict()}
                for p in self.coverage
            ],
            "stated": {f"{value:g}": count for value, count in self.stated.items()},
            "n": self.n,
            "n_missing_confidence": self.n_missing_confidence,
            "failures": dict(self.failures),
        }


ALWAYS = 0.95  # one confidence stated in more than this share of the answers tells hardly anything apart


def histogram(confidences: list[float]) -> dict[float, int]:
    """How often each confidence was stated, lowest first."""
    return dict(sorted(Counter(round(value, 6) for value in confidences).items()))


def warnings_about(stated: Mapping[float, int], outcomes: set[bool], missing: int, odd: int) -> list[str]:
    """What must stand beside the figures: hedging, certainty about everything, one class, missing lines."""
    total, found = sum(stated.values()), []
    if total:
        value, count = max(stated.items(), key=lambda item: item[1])
        if len(stated) == 1 and total > 1:
            found.append(f"every answer states {value:g}: nothing is told apart, however small the ECE")
        elif count > ALWAYS * total:
            found.append(f"{count} of {total} answers state {value:g}: hardly anything is told apart")
        if total > 1 and sum(n for v, n in stated.items() if 0.4 <= v <= 0.6) > ALWAYS * total:
            found.append("nearly all confidences lie about one half: the subject hedges")
    if len(outcomes) == 1:
        found.append(f"every answer is {'right' if True in outcomes else 'wrong'}: AUROC is not defined")
    if missing:
        found.append(f"answers without a stated confidence: {missing}; they count in the accuracy and in nothing else")
    if odd:
        found.append(f"answers that state several confidences, or one above the scale: {odd}")
    return found
