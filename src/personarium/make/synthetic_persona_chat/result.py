"""What a run is set to, and what comes of it.

Source: Synthetic-Persona-Chat (arXiv 2312.10007); the defaults are the paper's constants where it states them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from personarium.core.chat import Sampling
from personarium.core.dialogue import Dialogue
from personarium.core.errata import Published, published_faults
from personarium.core.errors import UsageError
from personarium.core.results import Failure, count_failures
from personarium.make.synthetic_persona_chat.data_format import Conversation
from personarium.make.synthetic_persona_chat.faithfulness import Faithfulness
from personarium.make.synthetic_persona_chat.generation import Slot
from personarium.make.synthetic_persona_chat.profiles import Built, Pair, as_fields
from personarium.text.clusters import Reading

ERRATA = ("threshold-one-tenth", "common-categories", "length-not-kept", "placeholders-kept", "corpus-totals")
PUBLISHED_THRESHOLD = 0.1  # step 1


@dataclass(frozen=True, slots=True)
class SpcConfig:
    """The constants of a run.

    Args:
        threshold: Sentences are merged into a category while their average cosine exceeds this (or, by ``reading``,
            while 1 - cosine is below it). The paper's 0.1 fits neither reading (erratum ``threshold-one-tenth``): of
            the shipped file's 492 sentences the static embedder makes 1 category or 468; 0.4 makes 77.
        reading: ``similarity`` or ``distance``.
        query_sentences: Sentences of a category that a query is made from.
        bootstrap_steps: How often more queries are asked for.
        shown_queries: Queries shown each time.
        asked_queries: How many are asked for each time (not stated).
        most_queries: The most categories that give a query; None for all.
        new_sentences: How many new persona sentences are wanted; 0 skips queries and expansion.
        shown_sentences: Sentences shown for a new one.
        max_cosine: More alike is redundant: in a profile, and (not stated) among new sentences and queries.
        profile_size: Sentences of a profile.
        negations: Negations of a sentence (number not stated).
        most_drawn: The most candidates tried for one profile; None tries all.
        profiles: How many profiles are built; None builds batches of two for each dialogue (at least eight) until enough of
            them can be paired, at most eight batches.
        similar_above: Two profiles are paired when their similarity exceeds this.
        examples: Examples that the generator is shown.
        candidates: Dialogues written for a pair ("several").
        turns: Fewest and most turns: more than 5 and fewer than 8.
        iterations: Rounds of the workshop.
        keep_seeds: Whether the seed dialogues stay among the examples when winners are added (not stated).
        temperature: Of all parts.
        top_k: 40 in the paper; not every endpoint takes the field, so it is sent only when set.
        asks: The most times a question is put while its reply cannot be read.
        seed: Of everything drawn.
        as_published: True or a set of :data:`ERRATA`.

    Raises:
        UsageError: A number out of range, or an unknown erratum.
    """

    threshold: float = 0.4
    reading: Reading = "similarity"
    query_sentences: int = 3
    bootstrap_steps: int = 100
    shown_queries: int = 5
    asked_queries: int = 5
    most_queries: int | None = None
    new_sentences: int = 5000
    shown_sentences: int = 5
    max_cosine: float = 0.9
    profile_size: int = 5
    negations: int = 2
    most_drawn: int | None = None
    profiles: int | None = None
    similar_above: int = 2
    examples: int = 5
    candidates: int = 3
    turns: tuple[int, int] = (6, 7)
    iterations: int = 3
    keep_seeds: bool = True
    temperature: float = 0.7
    top_k: int | None = None
    asks: int = 2
    seed: int = 0
    as_published: Published = False

    def __post_init__(self) -> None:
        counts = ("query_sentences", "shown_queries", "asked_queries", "shown_sentences", "profile_size")
        for name in (*counts, "negations", "candidates", "iterations", "asks"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, found {getattr(self, name)}")
        for name in ("bootstrap_steps", "new_sentences", "examples"):
            if getattr(self, name) < 0:
                raise UsageError(f"{name} must not be below 0, found {getattr(self, name)}")
        if not 1 <= self.turns[0] <= self.turns[1]:
            raise UsageError(f"turns must be a fewest and a most from 1, found {self.turns}")
        _ = self.faults

    @property
    def faults(self) -> frozenset[str]:
        """The published faults that are switched on."""
        return published_faults(self.as_published, ERRATA)

    @property
    def merging(self) -> float:
        """The threshold that holds."""
        return PUBLISHED_THRESHOLD if "threshold-one-tenth" in self.faults else self.threshold

    @property
    def sampling(self) -> Sampling:
        """How all parts draw."""
        return Sampling(temperature=self.temperature, extra={} if self.top_k is None else {"top_k": self.top_k})


PAPER = SpcConfig()


@dataclass(frozen=True, slots=True)
class SpcResult:
    """A run's yield.

    Args:
        config: What it was set to.
        seed_sentences: The persona sentences it began with.
        new_sentences: Those that were written.
        queries: What people were asked.
        category_counts: How many categories each reading of the threshold gives.
        built: What came of every profile.
        pairs: Who was paired.
        slots: Every pair in every iteration.
        faithfulness: The formal check of each winner of the last iteration, by pair.
        failures: Failures of the expansion, and pairs that were wanted and do not exist.
        models: Who wrote, who judged.
    """

    config: SpcConfig
    seed_sentences: tuple[str, ...]
    new_sentences: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
    category_counts: Mapping[Reading, int] = field(default_factory=dict)
    built: tuple[Built, ...] = ()
    pairs: tuple[Pair, ...] = ()
    slots: tuple[Slot, ...] = ()
    faithfulness: Mapping[str, Faithfulness] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)

    def slots_of(self, pair: Pair) -> tuple[Slot, ...]:
        """What came of a pair, iteration by iteration."""
        return tuple(slot for slot in self.slots if slot.pair.id == pair.id)

    def final(self, pair: Pair) -> Slot | None:
        """The latest iteration in which the pair was filled."""
        return next((slot for slot in reversed(self.slots_of(pair)) if slot.winner is not None), None)

    @property
    def unfilled(self) -> dict[str, str]:
        """Pairs that were filled in no iteration, with the reasons of the last one."""
        return {p.id: self.slots_of(p)[-1].unfilled for p in self.pairs if self.slots_of(p) and self.final(p) is None}

    @property
    def conversations(self) -> tuple[Conversation, ...]:
        """The dialogues: one for each filled pair, the latest winner."""
        found = [self.final(pair) for pair in self.pairs]
        return tuple(slot.winner for slot in found if slot is not None and slot.winner is not None)

    @property
    def dialogues(self) -> tuple[Dialogue, ...]:
        """The same as dialogues of ``User 1`` and ``User 2``, with the profiles and how they were chosen in the meta."""
        made = []
        for pair in self.pairs:
            slot = self.final(pair)
            if slot is None or slot.winner is None:
                continue
            dialogue = slot.winner.dialogue(pair.id)
            dialogue.meta |= {"iteration": slot.iteration, "similarity": pair.similarity}
            if pair.id in self.faithfulness:
                dialogue.meta["formally_faithful"] = self.faithfulness[pair.id].faithful
            made.append(dialogue)
        return tuple(made)

    @property
    def all_failures(self) -> tuple[Failure, ...]:
        """Everything that could not be had, read or made."""
        found = [*self.failures, *(f for built in self.built for f in built.failures)]
        found += [f for slot in self.slots for f in slot.failures]
        return (*found, *(f for check in self.faithfulness.values() for f in check.failures))

    def rows(self) -> list[dict[str, Any]]:
        """JSON-ready rows: the expansion, every profile, every pair with all its iterations."""
        return [
            {
                "id": "expansion",
                "seed_sentences": len(self.seed_sentences),
                "new_sentences": list(self.new_sentences),
                "queries": list(self.queries),
                "category_counts": dict(self.category_counts),
                "failures": count_failures(self.failures),
            },
            *(self._profile_row(k, built) for k, built in enumerate(self.built)),
            *(self._pair_row(pair) for pair in self.pairs),
        ]

    def _profile_row(self, number: int, built: Built) -> dict[str, Any]:
        return {"id": f"profile-{number:05d}", **as_fields(built), "failures": count_failures(built.failures)}

    def _pair_row(self, pair: Pair) -> dict[str, Any]:
        slots = self.slots_of(pair)
        check = self.faithfulness.get(pair.id)
        found = [*(f for slot in slots for f in slot.failures), *(check.failures if check else ())]
        final = self.final(pair)
        said = None if final is None or final.winner is None else final.winner.as_fields()["utterances"]
        return {
            "id": pair.id,
            "user_1_persona": list(pair.first.sentences),
            "user_2_persona": list(pair.second.sentences),
            "similarity": pair.similarity,
            "utterances": said,
            "iterations": [slot.as_dict() for slot in slots],
            "faithfulness": None if check is None else check.as_dict(),
            "failures": count_failures(found),
        }
