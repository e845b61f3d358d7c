"""What a query brings back in a chat: named concepts, events and facts that fit it, and what stood beside these events.

Source: pearl page, step 5 (top k, neighbours); the search is the house's hybrid one.
Units: times in seconds since 1970 (UTC).
"""

from __future__ import annotations

from collections.abc import Sequence

from personarium.remember.baselines import of_hit, of_observation
from personarium.remember.pearl.concepts import CONCEPT, Concept
from personarium.remember.records import Fact, Observation
from personarium.remember.strategy import SAID, Hit, Recalled, UserView

_KINDS = (SAID, "fact", CONCEPT, "event")


def recall_entries(
    view: UserView, query: str, concepts: Sequence[Fact], k: int, widths: tuple[int, int], strategy: str
) -> list[Recalled]:
    """The entries for a query, best first: concepts, the best hits, their neighbours in time, and further hits.

    Args:
        view: The memory.
        query: Without private names.
        concepts: The concepts that the query named.
        k: How many entries at most.
        widths: How many hits go before neighbours, and how many neighbours each has on each side.
        strategy: Whose facts they are, beside those that the user stated.
    """
    others = sum(one.strategy not in ("", strategy) for one in view.facts(*_KINDS[1:]))
    hits = view.search(query, k + others + len(concepts), _KINDS) if k > 0 else []
    own = [hit for hit in hits if isinstance(hit.entry, Observation) or hit.entry.strategy in ("", strategy)]
    named = [_concept(one) for one in concepts]
    first, rest = own[: widths[0]], own[widths[0] :]
    found = [*named, *map(_recalled, first), *_beside(view, first, widths[1]), *map(_recalled, rest)]
    once: dict[tuple[str, ...], Recalled] = {}
    for one in found:
        once.setdefault(one.ids, one)
    return list(once.values())[:k]


def _recalled(hit: Hit) -> Recalled:
    if isinstance(hit.entry, Fact) and hit.entry.kind == CONCEPT:
        return _concept(hit.entry)
    return of_hit(hit)


def _concept(fact: Fact) -> Recalled:
    text = Concept.of(fact).line()
    return Recalled(text, "its name is in the question", 1.0, CONCEPT, (fact.id,), fact.evidence, fact.valid_from)


def _beside(view: UserView, hits: Sequence[Hit], neighbours: int) -> list[Recalled]:
    """The utterances on each side of those that were found, in the order of the hits."""
    said = view.observations() if hits and neighbours else ()
    places = {one.id: place for place, one in enumerate(said)}
    out: list[Recalled] = []
    for hit in hits:
        place = places.get(hit.entry.id)
        if place is None:
            continue
        for near in (*range(max(0, place - neighbours), place), *range(place + 1, place + 1 + neighbours)):
            if near < len(said):
                out.append(of_observation(said[near], f"said beside {hit.entry.id}"))
    return out
