"""Does a reward model simply like confident replies? The probe of step 1, for any scorer.

Source: reward-calibration page, step 1 ("Taming Overconfidence in LLMs", arXiv 2410.09724). Unit of analysis: the row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from personarium.core.chat import Message
from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.measure.reward_calibration.confidence_line import with_confidence
from personarium.stats.intervals import wilson

Scores = Mapping[str, Sequence[float]]
HIGH, LOW = (7, 10), (0, 3)  # page, step 2: whole numbers of a high and of a low confidence
TEXTS = ("chosen", "rejected", "chosen_high", "chosen_low", "rejected_high", "rejected_low")


@dataclass(frozen=True, slots=True)
class BiasProbe:
    """How often a reward model scores a reply higher when it sounds sure.

    Args:
        chosen: Share of chosen replies for which high confidence scores above low (ties half); 1 is calibrated.
        rejected: The same of rejected replies; 0 is calibrated, about 1 a model that likes confidence as such.
        calibrated: Share of rows in which both are as they should be.
        pairs: Share of rows in which the chosen reply scores above the rejected, both without a line; None where these
            were not scored.
    """

    chosen: Estimate
    rejected: Estimate
    calibrated: Estimate
    pairs: Estimate | None = None


def probe_texts(
    chosen: Sequence[Message], rejected: Sequence[Message], high: int = 9, low: int = 1
) -> dict[str, list[Message]]:
    """The six talks of one row that a scorer is shown: each reply as it is, and with a high and a low confidence line."""
    return {
        "chosen": list(chosen),
        "rejected": list(rejected),
        "chosen_high": with_confidence(chosen, high),
        "chosen_low": with_confidence(chosen, low),
        "rejected_high": with_confidence(rejected, high),
        "rejected_low": with_confidence(rejected, low),
    }


def confidence_bias(scores: Scores, unit: str = "row", confidence: float = 0.95) -> BiasProbe:
    """Read the probe from rewards.

    Args:
        scores: Rewards by the names of :func:`probe_texts`, one a row; ``chosen`` and ``rejected`` may be absent.
        unit: What a row is.
        confidence: Coverage of the Wilson intervals.

    Raises:
        InvalidInput: A name is missing, or the lengths differ.
    """
    names = TEXTS[2:] if "chosen" not in scores else TEXTS
    for name in names:
        if name not in scores or len(scores[name]) != len(scores["chosen_high"]):
            raise InvalidInput("scores", f"one reward a row for each of {', '.join(names)}", name)
    n = len(scores["chosen_high"])
    chosen = [_above(*pair) for pair in zip(scores["chosen_high"], scores["chosen_low"], strict=True)]
    rejected = [_above(*pair) for pair in zip(scores["rejected_high"], scores["rejected_low"], strict=True)]
    both = sum(a == 1 and b == 0 for a, b in zip(chosen, rejected, strict=True))
    plain = None
    if "chosen" in scores:
        pairs = zip(scores["chosen"], scores["rejected"], strict=True)
        plain = wilson(sum(_above(a, b) for a, b in pairs), n, unit, confidence)
    return BiasProbe(
        wilson(sum(chosen), n, unit, confidence),
        wilson(sum(rejected), n, unit, confidence),
        wilson(both, n, unit, confidence),
        plain,
    )


def _above(a: float, b: float) -> float:
    return 0.5 if a == b else float(a > b)
