"""Scores put into words: level words by whole part, importance by upper bound, one sentence each.

Source: spectrum page, steps 2 and 3. The sentences are in our own words.
"""

from __future__ import annotations

from collections.abc import Sequence

from personarium.core.errors import InvalidInput
from personarium.make.spectrum.questionnaires import HI, LO, Questionnaire, TraitScore

SUBJECT = "This person"
PUBLISHED_SUBJECT = "This character"
# By the whole part of the score; there is no neutral word: 4.0 is above average and 3.99 below.
LEVELS = ("very low", "low", "slightly below average", "slightly above average", "high", "very high")
# By upper bound, the bound included.
IMPORTANCE = (
    (2.0, "minimal"),
    (3.0, "some"),
    (4.0, "somewhat important"),
    (5.0, "important"),
    (6.0, "high importance"),
    (7.0, "utmost"),
)
_SAID = {
    "minimal": "{value} is of minimal importance to {who} and seldom moves them.",
    "some": "{value} has some importance to {who} but does not drive what they do.",
    "somewhat important": "{value} is somewhat important to {who}, though it does not guide every day.",
    "important": "{value} is important to {who} and often shapes what they decide.",
    "high importance": "{value} is of high importance to {who} and clearly shapes their life.",
    "utmost": "{value} is of utmost importance to {who} and stands at the centre of their life.",
}


def level_word(score: float) -> str:
    """The word of a personality score: 1 very low, 2 low, ... 5 high, 6 to 7 very high.

    Raises:
        InvalidInput: A score outside 1 to 7.
    """
    return LEVELS[min(int(_checked(score)), HI - 1) - 1]


def importance_word(score: float) -> str:
    """The word of a value score: at most 2 minimal, at most 3 some, ... at most 7 utmost.

    Raises:
        InvalidInput: A score outside 1 to 7.
    """
    checked = _checked(score)
    return next(word for bound, word in IMPORTANCE if checked <= bound)


def _checked(score: float) -> float:
    if not LO <= score <= HI:
        raise InvalidInput("score", f"a number from {LO} to {HI}", score)
    return score


def sentences(questionnaire: Questionnaire, scores: Sequence[TraitScore], subject: str = SUBJECT) -> list[str]:
    """One sentence for each domain and facet, or for each value."""
    if questionnaire.kind == "values":
        return [_SAID[importance_word(s.score)].format(value=s.name, who=_inside(subject)) for s in scores]
    said = []
    for domain in scores:
        said.append(f"{subject}'s overall tendency in {domain.name} is {level_word(domain.score)}.")
        said += [f"- {subject} has a {level_word(f.score)} level of {f.name}." for f in domain.facets]
    return said


def _inside(subject: str) -> str:
    """The subject inside of a sentence: a name keeps its capital."""
    return subject[0].lower() + subject[1:] if subject.startswith("This ") else subject


def centred(scores: Sequence[TraitScore]) -> tuple[TraitScore, ...]:
    """Scores minus the person's own mean: what comparisons between people need (Schwartz); the paper leaves it out.

    The mean is taken over the scores given. The result is not on 1 to 7 any more and has no word.
    """
    mean = sum(s.score for s in scores) / len(scores)
    return tuple(TraitScore(s.name, s.score - mean) for s in scores)
