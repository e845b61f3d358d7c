"""The two rewards of EvolvR as pure functions: for the evaluator, and for the generation of stories.

Source: EvolvR (arXiv 2508.06046), steps 4 and 5 (code, exact). Units: lengths are characters of the whole answer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput
from personarium.judges.evolvr.tags import answers_of

REWARD_ERRATA = ("draw-pays-more", "inner-spaces", "unparsed-pair-zero", "failed-evaluator-zero")
WEIGHTS: Mapping[str, int] = {
    "Relevance": 5,
    "Coherence": 3,
    "Surprise": 3,
    "Empathy": 1,
    "Engagement": 1,
    "Complexity": 1,
}
# Step 4: accuracy and length of the evaluator's answer; step 5: console text says 20/60/20, the arithmetic is this.
ACCURACY, LENGTH, EXACT = 0.7, 0.3, 0.1
ABSOLUTE, RELATIVE, STORY_LENGTH = 0.1, 0.8, 0.1
STEEP, SHIFT, LOSS = 10.0, 0.1, 0.2  # of the relative term at and below a draw

_DIGITS = re.compile(r"<ANSWER>(\d{1,9})</ANSWER>")
_SPACED_DIGITS = re.compile(r"<ANSWER>[ \t\n]{0,200}(\d{1,9})[ \t\n]{0,200}</ANSWER>")
_FIRST_DIGIT = re.compile(r"\d")


def evaluator_reward(answer: str, gold: float | None, *, as_published: Published = False) -> float:
    """How good an evaluator's answer to one story is, 0 to 1, 4 decimals.

    Args:
        answer: The whole answer; its first ANSWER tag with a number is the score.
        gold: The right score; None earns 0.
        as_published: ``inner-spaces``: a number with blanks inside its tag is not read and earns 0.
    """
    faults = published_faults(as_published, REWARD_ERRATA)
    found = (_DIGITS if "inner-spaces" in faults else _SPACED_DIGITS).search(answer)
    if found is None or gold is None:
        return 0.0
    return score_reward(float(found[1]), gold, len(answer))


def score_reward(predicted: float, gold: float, length: int) -> float:
    """The same from the predicted score and the length of the answer in characters."""
    total = ACCURACY * math.exp(-0.5 * abs(predicted - gold)) + LENGTH * evaluator_length(length)
    return round(min(1.0, total + EXACT) if predicted == gold else total, 4)


def evaluator_length(length: float) -> float:
    """Rises to 1 at 500 characters, stays there up to 2,000, falls slowly to 0.8 beyond."""
    if length < 500:
        return length / 500
    return 1.0 if length <= 2000 else 0.8 + 0.2 * math.exp(-(length - 2000) / 1000)


# --- generation ---


def generation_reward(
    outputs: Mapping[str, str | None] | None, length: int, *, as_published: Published = False
) -> float | None:
    """How good a new story is beside a reference, by the evaluator's outputs for (new, reference), 0 to 1, 4 decimals.

    Args:
        outputs: Aspect -> the evaluator's text, whose first two ANSWER tags score the new story and the reference. None where
            the evaluator gave nothing.
        length: Of the new story in characters.
        as_published: ``draw-pays-more``, ``unparsed-pair-zero`` and ``failed-evaluator-zero``, see the catalogue.

    Returns:
        None where no aspect could be read: there is no reward, and no 0 either.
    """
    faults = published_faults(as_published, REWARD_ERRATA)
    if outputs is None or not outputs:
        return 0.0 if "failed-evaluator-zero" in faults else None
    zeros = (0.0, 0.0) if "unparsed-pair-zero" in faults else None
    read = {aspect: _two_scores(text) or zeros for aspect, text in outputs.items()}
    scores = {aspect: pair for aspect, pair in read.items() if pair is not None}
    if not scores:
        return 0.0 if "failed-evaluator-zero" in faults else None
    return scores_reward(scores, length, as_published=faults & {"draw-pays-more"})


def scores_reward(scores: Mapping[str, tuple[float, float]], length: int, *, as_published: Published = False) -> float:
    """The same from the scores: aspect -> (new story, reference); aspects that are missing are left out of the means."""
    faults = published_faults(as_published, REWARD_ERRATA)
    unknown = sorted(set(scores) - set(WEIGHTS))
    if unknown or not scores:
        raise InvalidInput(
            "generation reward", f"aspects among {', '.join(WEIGHTS)}", unknown[0] if unknown else "none"
        )
    new, reference = (_weighted({aspect: pair[k] for aspect, pair in scores.items()}) for k in (0, 1))
    absolute = min(1.0, max(0.0, (new - 1) / 4))
    relative = relative_term(new - reference, monotone="draw-pays-more" not in faults)
    return round(ABSOLUTE * absolute + RELATIVE * relative + STORY_LENGTH * story_length(length), 4)


def relative_term(difference: float, *, monotone: bool = True) -> float:
    """What being better than the reference by so much is worth, 0 to 1.

    Args:
        difference: New minus reference, in points.
        monotone: Above a draw go on from what a draw is worth. The published term starts again at 0 there, so that a story
            that is a little better earns less than a draw (0.049 against 0.146 at +0.05, more only from +0.158).
    """
    if difference <= 0:
        return LOSS / (1 + math.exp(-STEEP * (difference + SHIFT)))
    gain = 1 - math.exp(-difference)
    if not monotone:
        return gain
    draw = relative_term(0.0)
    return draw + (1 - draw) * gain


def story_length(length: float) -> float:
    """Rises to 1 at 800 characters, stays there up to 1,200, falls to 0.7 beyond."""
    if length < 800:
        return length / 800
    return 1.0 if length <= 1200 else 0.7 + 0.3 * math.exp(-(length - 1200) / 500)


def _weighted(scores: Mapping[str, float]) -> float:
    total = sum(WEIGHTS[aspect] for aspect in scores)
    return sum(WEIGHTS[aspect] * value for aspect, value in scores.items()) / total


def _two_scores(text: str | None) -> tuple[float, float] | None:
    """The first digits after the first two ANSWER tags."""
    found: Sequence[str] = [] if text is None else answers_of(text)[:2]
    digits = [match[0] for answer in found if (match := _FIRST_DIGIT.search(answer)) is not None]
    return (float(digits[0]), float(digits[1])) if len(digits) == 2 else None
