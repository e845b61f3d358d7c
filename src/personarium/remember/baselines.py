"""The strategies that every other one must beat, and the house's own: none, the full context, words, embeddings, facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from personarium.core.chat import ChatModel
from personarium.remember.recollection import day
from personarium.remember.records import Fact, Observation, Operation
from personarium.remember.strategy import MEANING, SAID, WORDS, Hit, Proposal, Recalled, UserView, Weights

NO_PARTS: Mapping[str, float] = MappingProxyType({})


class NoMemory:
    """Remembers nothing: the floor."""

    name = "none"

    async def consolidate(
        self, view: UserView, new: Sequence[Observation], model: ChatModel | None, *, closing: bool = False
    ) -> Proposal:
        """Nothing to do."""
        return Proposal(through=new[-1].id if new else "")

    def recall(self, view: UserView, query: str, k: int) -> Sequence[Recalled]:
        """Nothing."""
        return ()

    def standing(self, view: UserView) -> Sequence[Recalled]:
        """Nothing."""
        return ()

    def recalled(self, view: UserView, used: Sequence[Recalled]) -> Sequence[Operation]:
        """Nothing."""
        return ()


class FullContext(NoMemory):
    """Puts everything that was said into the prompt, oldest first: what long context alone can do, and what it costs."""

    name = "full-context"

    def standing(self, view: UserView) -> Sequence[Recalled]:
        """Every observation."""
        return [of_observation(one, "everything that was said") for one in view.observations()]


class WordSearch(NoMemory):
    """Finds what was said by its words (exact BM25)."""

    name = "bm25"
    weights = WORDS

    def recall(self, view: UserView, query: str, k: int) -> Sequence[Recalled]:
        """The observations that fit best."""
        return [of_hit(hit) for hit in view.search(query, k, (SAID,), weights=self.weights)]


class MeaningSearch(WordSearch):
    """Finds what was said by the cosine of embeddings."""

    name = "embedding"
    weights: Weights = MEANING


def of_hit(hit: Hit) -> Recalled:
    """What a search found, as it is recalled; the reason names the parts of its score, the largest first."""
    parts = sorted(hit.parts.items(), key=lambda part: -part[1])
    reason = "found by " + ", ".join(f"{name} {value:.2f}" for name, value in parts if value > 0)
    if isinstance(hit.entry, Observation):
        return of_observation(hit.entry, reason, hit.score, hit.parts)
    return of_fact(hit.entry, reason, hit.score, hit.parts)


def of_observation(
    one: Observation, reason: str, score: float = 0.0, parts: Mapping[str, float] = NO_PARTS
) -> Recalled:
    """An observation as it is recalled: who said it, and what."""
    return Recalled(f"{one.speaker}: {one.text}", reason, score, SAID, (one.id,), (one.id,), one.at, parts)


def of_fact(one: Fact, reason: str, score: float = 0.0, parts: Mapping[str, float] = NO_PARTS) -> Recalled:
    """A fact as it is recalled: the sentence it was read from, else its key and words; whom it is about, and that it is over."""
    over = "" if one.valid_to is None else f"no longer, until {day(one.valid_to)}: "
    quote = one.attributes.get("quote")
    if isinstance(quote, str):
        told = quote
    else:
        key = f"{one.key}: " if one.key and one.kind == "fact" else ""
        told = f"{key}{one.text}" if one.holder == "user" else f"{one.holder}: {key}{one.text}"
    return Recalled(f"{over}{told}", reason, score, one.kind, (one.id,), one.evidence, one.valid_from, parts)
