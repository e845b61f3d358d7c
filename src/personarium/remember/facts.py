"""The house's own strategy: typed facts with times and sources, found together with what was said."""

from __future__ import annotations

from collections.abc import Sequence

from personarium.core.chat import ChatModel
from personarium.core.facets import Facet
from personarium.core.results import Failure
from personarium.judges.extraction import extract_by_model
from personarium.judges.extraction.record import read_place
from personarium.remember.baselines import NoMemory, of_hit
from personarium.remember.keeping import keep_claims
from personarium.remember.reading import Claim, read_claims, read_quote
from personarium.remember.records import Observation
from personarium.remember.strategy import HYBRID, SAID, Proposal, Recalled, UserView, Weights


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
        """Facts of the user and of the program, and what was said.

        An utterance is left out beside a fact that was read from it, and stands last when all that was read from it is over.
        """
        kinds = (self.kind, SAID) if self.said else (self.kind,)
        found = [of_hit(hit) for hit in view.search(query, 2 * k, kinds, weights=self.weights)]
        told = {id for one in found if one.kind != SAID for id in one.sources}
        over = self._overtaken(view) if self.said else set()
        kept = [one for one in found if one.kind != SAID or told.isdisjoint(one.ids)]
        return sorted(kept, key=lambda one: one.kind == SAID and not over.isdisjoint(one.ids))[:k]

    def _overtaken(self, view: UserView) -> set[str]:
        """Utterances from which only facts were read that hold no more."""
        facts = view.facts(self.kind, ended=True)
        hold = {id for fact in facts if fact.current for id in fact.evidence}
        return {id for fact in facts if not fact.current for id in fact.evidence} - hold

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
                claims += [claim for facet in read.facets for claim in _claims(facet, one)]
            through = one.id
        edits = keep_claims(view, claims, kind=self.kind, strategy=self.name)
        return Proposal(tuple(edits), tuple(quarantined), (), through, calls)


def _claims(facet: Facet, one: Observation) -> list[Claim]:
    start, end = read_place(facet.evidence[0]) if facet.evidence else (0, len(one.text))
    value = ", ".join(map(str, facet.value)) if isinstance(facet.value, tuple) else str(facet.value)
    return read_quote(facet.path, value, one.text[start:end], one.id, facet.confidence)
