"""Whether a distance ranks systems as people do: distances from ratings, correlations with the human column, consensus of rankings.

Source: page perseval, steps 8 and 9 and "Works when" 2 (arXiv 2407.00453).
Differs: every correlation comes with n and an interval; ten systems leave wide ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from personarium.core.errors import InvalidInput, UsageError
from personarium.measure.perseval.tables import DocumentDistances, source_distances

if TYPE_CHECKING:
    from personarium.core.results import Estimate

RATINGS = (1, 6)  # of the survey: from "nothing alike" to "the same"


def human_distance(ratings: Iterable[float | None], scale: tuple[float, float] = RATINGS) -> float | None:
    """The distance of two texts from how alike people found them: 1 - (rating - lowest) / (highest - lowest), averaged.

    Args:
        ratings: One a rater; None is missing.
        scale: Lowest and highest rating.

    Returns:
        None where nobody rated.

    Raises:
        InvalidInput: A rating off the scale.
    """
    lo, hi = scale
    given = [rating for rating in ratings if rating is not None]
    wrong = next((rating for rating in given if not lo <= rating <= hi), None)
    if wrong is not None:
        raise InvalidInput("ratings", f"ratings from {lo:g} to {hi:g}", wrong)
    return sum(1 - (rating - lo) / (hi - lo) for rating in given) / len(given) if given else None


def rated_by_people(
    borrowed: DocumentDistances,
    pairs: Mapping[str, Mapping[tuple[str, str], float]],
    to_gold: Mapping[str, Mapping[str, float]],
) -> DocumentDistances:
    """One document with people's distances of outputs; golds and document distances are borrowed, as the paper does from ROUGE-L.

    Args:
        borrowed: The document under the distance that lends.
        pairs: Model -> (user, user) -> human distance of the two outputs.
        to_gold: Model -> user -> human distance of the output from the user's gold.
    """
    outputs = {}
    for model, by_pair in pairs.items():
        if model not in borrowed.outputs:
            raise UsageError(f"document {borrowed.id} has no output of '{model}'")
        lent = dict(zip(borrowed.users, borrowed.outputs[model].to_document.tolist(), strict=True))
        outputs[model] = source_distances(borrowed.users, by_pair, lent, to_gold.get(model, {}))
    return DocumentDistances(borrowed.id, borrowed.users, borrowed.golds, outputs)


def correlations(scores: Mapping[str, float], human: Mapping[str, float]) -> dict[str, Estimate]:
    """Pearson, Spearman (mid-ranks) and Kendall tau-b between two columns, over the systems that both have.

    Args:
        scores: System -> score under a distance.
        human: System -> score under people's distances.

    Raises:
        UsageError: They share fewer than two systems.
    """
    from personarium.stats import kendall_tau_b, pearson, spearman

    shared = [name for name in scores if name in human]
    if len(shared) < 2:
        raise UsageError(f"a correlation needs at least two systems in both columns, found {len(shared)}")
    a, b = [scores[name] for name in shared], [human[name] for name in shared]
    return {
        "pearson": pearson(a, b, "system"),
        "spearman": spearman(a, b, "system"),
        "kendall": kendall_tau_b(a, b, "system"),
    }


def borda(*rankings: Sequence[str]) -> dict[str, int]:
    """Borda's consensus: in each ranking the best of n gets n points and the worst 1; points are summed.

    Args:
        rankings: The same names, best first.

    Returns:
        Name -> points, most first; equal points in the order of the first ranking.

    Raises:
        UsageError: The rankings do not hold the same names once each.
    """
    names = set(rankings[0]) if rankings else set()
    for ranking in rankings:
        if set(ranking) != names or len(ranking) != len(names):
            raise UsageError("rankings must hold the same names, once each")
    points = dict.fromkeys(rankings[0] if rankings else (), 0)
    for ranking in rankings:
        for place, name in enumerate(ranking):
            points[name] += len(ranking) - place
    return dict(sorted(points.items(), key=lambda one: -one[1]))


def ranking(scores: Mapping[str, float], higher_is_better: bool = True) -> list[str]:
    """Systems best first; ties in the order given."""
    return sorted(scores, key=lambda name: -scores[name] if higher_is_better else scores[name])
