"""The house's own strategy: typed facts with times and sources, found together with what was said."""

from __future__ import annotations

from collections.abc import Sequence

from personarium.core.chat import ChatModel
from personarium.core.facets import Facet
from personarium.core.results import Failure
from personarium.judges.extraction import extract_by_model
from personarium.judges.extraction.record import read_place
from personarium.remember.baselines import NoMemory, of_hit
from personarium.remember.keeping import fault_of, keep_claims
from personarium.remember.reading import Claim, read_claims, read_quote
from personarium.remember.records import Fact, Observation
from personarium.remember.replay import ARCHIVED
from personarium.remember.strategy import HYBRID, SAID, Hit, Proposal, Recalled, UserView, Weights

WIDER = 6  # entries looked at for one that is shown
NEARLY = 0.7  # of an utterance's score: from there on a fact that was read from it takes its place


class FactMemory(NoMemory):
    """Keeps what the user says of themselves and others as facts, and finds facts and utterances by a hybrid search.

    Args:
        weights: How the search weighs words, meaning, recency and importance.
        said: Whether utterances are searched beside facts.
    """

    name = "facts"
    kind = "fact"

    def __init__(self, weights: Weights = HYBRID, said: bool = True) -> None:
        self.weights, self.said = weights, said

    async def consolidate(
        self, view: UserView, new: Sequence[Observation], model: ChatModel | None, *, closing: bool = False
    ) -> Proposal:
        """Read the new utterances: by rules, or one call for each utterance of the user with a model."""
        if model is None:
            claims = read_claims(new)
            edits = keep_claims(view, claims, kind=self.kind, strategy=self.name)
            return Proposal(tuple(edits), through=new[-1].id if new else "")
        return await self._by_model(view, new, model)

    def recall(self, view: UserView, query: str, k: int) -> Sequence[Recalled]:
        """Facts of the user and of the program, those that are over marked so, and what the user said.

        A fact is shown by the sentence it was read from. It takes the place of that utterance when it fits the query nearly as
        well; otherwise the utterance says more than the fact, and stays.
        """
        kinds = (self.kind, SAID) if self.said else (self.kind,)
        kept: list[Hit] = []
        for hit in view.search(query, WIDER * k, kinds, weights=self.weights, ended=True):
            if isinstance(hit.entry, Fact):
                if _shown(hit.entry):
                    _put(kept, hit, set(hit.entry.evidence))
            elif hit.entry.speaker == "user" and not any(hit.entry.id in _evidence(one) for one in kept):
                kept.append(hit)
        return [of_hit(hit) for hit in kept[:k]]

    async def _by_model(self, view: UserView, new: Sequence[Observation], model: ChatModel) -> Proposal:
        claims: list[Claim] = []
        quarantined: list[Failure] = []
        calls = 0
        through = ""
        for one in new:
            if one.speaker == "user" and one.text.strip():
                read = await extract_by_model(model, one.text, where=one.id)
                calls += 1
                if read.failures and not read.facets:  # nothing usable: this utterance is read again next time
                    edits = keep_claims(view, claims, kind=self.kind, strategy=self.name)
                    return Proposal(tuple(edits), tuple(quarantined), read.failures, through, calls)
                quarantined += read.failures
                for claim in (claim for facet in read.facets for claim in _claims(facet, one)):
                    fault = fault_of(claim)
                    if fault:
                        quarantined.append(Failure("unparsed", fault, one.id, (claim.value,)))
                    else:
                        claims.append(claim)
            through = one.id
        edits = keep_claims(view, claims, kind=self.kind, strategy=self.name)
        return Proposal(tuple(edits), tuple(quarantined), (), through, calls)


def _put(kept: list[Hit], hit: Hit, evidence: set[str]) -> None:
    """Put a fact where the first utterance stands that it says as much as, and take all such utterances away."""
    said = [one for one in kept if one.entry.id in evidence and hit.score >= NEARLY * one.score]
    if said:
        kept[kept.index(said[0])] = hit
        for one in said[1:]:
            kept.remove(one)
    else:
        kept.append(hit)


def _evidence(hit: Hit) -> tuple[str, ...]:
    return hit.entry.evidence if isinstance(hit.entry, Fact) else ()


def _shown(fact: Fact) -> bool:
    """Whether a fact is for a prompt: not archived, and not one that was never right."""
    wrong = fact.valid_to is not None and fact.valid_to == fact.valid_from
    return not wrong and ARCHIVED not in fact.attributes


def _claims(facet: Facet, one: Observation) -> list[Claim]:
    start, end = read_place(facet.evidence[0]) if facet.evidence else (0, len(one.text))
    value = ", ".join(map(str, facet.value)) if isinstance(facet.value, tuple) else str(facet.value)
    return read_quote(facet.path, value, one.text[start:end], one.id, facet.confidence)
