"""PersoBench's ranking: the mean of five numbers a model, and the published tables recomputed.

Source: page persobench, step 7, "Published figures" and "Works when" 5 (arXiv 2410.03198; the repository's plots_and_ranking).
Differs: instructability is in percent as the other four (``instructability-scale``: there 0 to 1, so that it moves a score by at most
0.2), and comes from the printed failure ratios (``failure-ratio-inputs``: there ten times the ratio for most models, the plain one for Gemini,
a tenth of the right one for Gemma with reasoning).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from personarium.core.errata import Published, published_faults
from personarium.core.errors import UsageError

Setup = Literal["vanilla", "cot"]
ERRATA = ("instructability-scale", "failure-ratio-inputs")


@dataclass(frozen=True, slots=True)
class RankingInput:
    """What a model is ranked by.

    Args:
        coherence: 100 x mean UE score, 0 to 200.
        coverage: 100 x mean persona distance (a similarity).
        groundedness: 100 x UniEval groundedness.
        consistency: 100 x mean C score, -100 to 100.
        failure_ratio: Share of replies that were no JSON object with a response.
        published_failure: What the published ranking used in its place, in whatever unit; None where there is none.
    """

    coherence: float
    coverage: float
    groundedness: float
    consistency: float
    failure_ratio: float
    published_failure: float | None = None


def rank_models(models: Mapping[str, RankingInput], *, as_published: Published = False) -> dict[str, float]:
    """Score of each model, best first, to 2 digits; equal ones in the order given.

    Args:
        models: At least one.
        as_published: True, or a set of the ids in ``ERRATA``.

    Raises:
        UsageError: No model, or ``failure-ratio-inputs`` for models without a published input.
    """
    faults = published_faults(as_published, ERRATA)
    if not models:
        raise UsageError("a ranking needs at least one model")
    failures = {name: _failure(name, one, faults) for name, one in models.items()}
    worst = max(failures.values())
    scores = {}
    for name, one in models.items():
        obedient = (worst - failures[name]) / worst if worst else 1.0  # nobody failed: all obey alike
        instructability = round(obedient, 2) if "instructability-scale" in faults else 100 * obedient
        five = (one.coherence, one.coverage, one.groundedness, one.consistency, instructability)
        scores[name] = round(sum(five) / 5, 2)
    return dict(sorted(scores.items(), key=lambda item: -item[1]))


def _failure(name: str, one: RankingInput, faults: frozenset[str]) -> float:
    if "failure-ratio-inputs" not in faults:
        return one.failure_ratio
    if one.published_failure is None:
        raise UsageError(f"'{name}' has no published failure input: failure-ratio-inputs is for the published models")
    return one.published_failure


# Model, coherence, coverage, groundedness, consistency, printed failure ratio, the number that was used in its place.
_PUBLISHED: Mapping[Setup, str] = {
    "vanilla": """
        GPT-3.5 37 51 72 26 .090 .9
        GPT-4o-mini 35 54 72 16 .086 .86
        GPT-4-turbo 39 51 66 14 .035 .35
        Gemini 26 45 65 4 .248 .248
        Gemma 22 39 55 -13 .425 4.25
        Mistral 21 30 45 -23 .435 4.35
        Llama 17 33 42 -22 .448 4.5
        Qwen2 17 29 43 -31 .509 5.1
    """,
    "cot": """
        Llama 33 59 89 54 .050 .5
        GPT-4o-mini 45 57 84 30 .003 0
        GPT-3.5 41 48 81 40 .067 .7
        Mistral 33 53 82 41 .102 1.0
        Gemma 26 53 81 42 .150 .15
        GPT-4-turbo 48 52 70 21 .012 .1
        Qwen2 36 43 70 21 .272 2.7
        Gemini 32 48 70 15 .173 .17
    """,
}


def published_inputs(setup: Setup = "vanilla") -> dict[str, RankingInput]:
    """The inputs of the published ranking on FoCus."""
    rows = (line.split() for line in _PUBLISHED[setup].strip().split("\n"))
    return {name: RankingInput(*map(float, cells)) for name, *cells in rows}
