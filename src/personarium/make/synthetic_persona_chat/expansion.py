"""Growing the set of persona sentences: categories, the questions they answer, and new answers to those questions.

Source: Synthetic-Persona-Chat (arXiv 2312.10007), steps 1 to 3.
Differs: how close is too close to be added is not stated: a cosine above 0.9, as in a profile. Rounds end after three in a
row that added nothing. Categories with fewer than three sentences give no question.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from personarium.core.chat import ChatModel, Sampling
from personarium.core.results import Failure
from personarium.make.synthetic_persona_chat.steps import MORE_QUERIES, QUERY, SENTENCE
from personarium.models.step import Answer, Read
from personarium.text.embed import Embedder, Vectors, cosine
from personarium.text.form import Unparsed

T = TypeVar("T")
R = TypeVar("R")

MOST_WORDS = 40  # of "one short sentence"; the published new ones have 15.9 on average
BARREN_ROUNDS = 3
_OPENING = re.compile(r"(?:I|My)\b")
_END = re.compile(r"(?<=[.!?])\s")


class Map(Protocol):
    """Works on all items of a stage at once; results in order, failures inside them."""

    async def __call__(
        self, stage: str, items: Sequence[T], work: Callable[[T], Awaitable[R]], key: Callable[[T], str]
    ) -> list[R]: ...


@dataclass(frozen=True)
class Expander:
    """Grows persona sentences.

    Args:
        model: Who writes.
        embedder: What tells whether a sentence is new.
        map: How items are worked on.
        seed: The run's seed.
        sampling: How replies are drawn.
        shown: Sentences that a query is made from (3), queries shown for more (5), sentences shown for a new one (5).
        asked: How many further queries are asked for in one step.
        max_cosine: A sentence or query that is more like an old one than this is not added.
    """

    model: ChatModel
    embedder: Embedder
    map: Map
    seed: int = 0
    sampling: Sampling = QUERY.sampling
    shown: tuple[int, int, int] = (3, 5, 5)
    asked: int = 5
    max_cosine: float = 0.9

    def _rng(self, *about: object) -> random.Random:
        return random.Random("|".join(map(str, ("spc", self.seed, *about))))

    async def induce_queries(
        self, sentences: Sequence[str], categories: Sequence[int], most: int | None = None
    ) -> tuple[list[str], list[Failure]]:
        """The most specific question that some sentences of a category answer, for each category of enough sentences.

        Args:
            sentences: The seed.
            categories: The category of each.
            most: At most so many categories, the largest first; None takes all.
        """
        members: dict[int, list[str]] = defaultdict(list)
        for sentence, category in zip(sentences, categories, strict=True):
            members[category].append(sentence)
        large = sorted((c for c in members if len(members[c]) >= self.shown[0]), key=lambda c: (-len(members[c]), c))
        chosen = [(c, self._rng("query", c).sample(members[c], self.shown[0])) for c in large[:most]]

        async def one(job: tuple[int, list[str]]) -> Answer:
            inputs = {"sentences": "\n".join(job[1])}
            return await QUERY.ask(self.model, inputs, seed=self.seed, sampling=self.sampling)

        answers = await self.map("queries", chosen, one, lambda job: f"category-{job[0]:05d}")
        found = self._new([], [str(a["question"]) for a in answers if a.values is not None])
        return found, [a.failure for a in answers if a.failure is not None]

    async def more_queries(self, queries: Sequence[str], steps: int) -> tuple[list[str], list[Failure]]:
        """Show a few queries and ask for more, again and again; one step after the other, for each may show new ones.

        Args:
            queries: Where it begins.
            steps: How many times.
        """
        found, failures = list(queries), list[Failure]()
        for step in range(steps if found else 0):
            shown = self._rng("more", step).sample(found, min(self.shown[1], len(found)))
            inputs = {"questions": "\n".join(shown), "count": self.asked}
            answer = await MORE_QUERIES.ask(
                self.model, inputs, item=f"step-{step:03d}", sample=step, seed=self.seed, sampling=self.sampling
            )
            if answer.failure is not None:
                failures.append(answer.failure)
            else:
                found += self._new(found, [str(q) for q in answer["questions"]])
        return found, failures

    async def new_sentences(
        self, sentences: Sequence[str], queries: Sequence[str], count: int
    ) -> tuple[list[str], list[Failure]]:
        """Answers of people who have told five other sentences, until there are ``count`` new ones.

        Args:
            sentences: The seed; new sentences are shown in later rounds as well.
            queries: What is asked; all of them in every round.
            count: How many are wanted.

        Returns:
            The new sentences, and the failures; fewer than ``count`` is a failure of its own.
        """
        pool, failures = list(sentences), list[Failure]()
        barren = rounds = 0
        while len(pool) - len(sentences) < count and queries and barren < BARREN_ROUNDS:
            written, failed = await self._round(rounds, pool, queries)
            fresh = self._new(pool, written)
            pool += fresh
            failures += failed
            barren = 0 if fresh else barren + 1
            rounds += 1
        made = pool[len(sentences) :][:count]
        if len(made) < count:
            failures.append(Failure("missing", f"only {len(made)} of {count} new persona sentences", "sentences"))
        return made, failures

    async def _round(self, number: int, pool: Sequence[str], queries: Sequence[str]) -> tuple[list[str], list[Failure]]:
        shown = self._rng("round", number).sample(list(pool), min(self.shown[2], len(pool)))
        read = reading(shown)

        async def one(job: tuple[int, str]) -> Answer:
            inputs = {"sentences": "\n".join(shown), "question": job[1]}
            return await SENTENCE.ask(
                self.model, inputs, sample=number, seed=self.seed, sampling=self.sampling, read=read
            )

        stage = f"sentences.{number + 1}"
        answers = await self.map(stage, list(enumerate(queries)), one, lambda job: f"query-{job[0]:05d}")
        written = [str(a["text"]) for a in answers if a.values is not None]
        return written, [a.failure for a in answers if a.failure is not None]

    def _new(self, old: Sequence[str], offered: Sequence[str]) -> list[str]:
        """Those of the offered texts that are not too like an old one or one offered before."""
        import numpy as np

        if not offered:
            return []
        vectors: Vectors = self.embedder.embed([*old, *offered])
        kept = list(range(len(old)))
        for k in range(len(old), len(vectors)):
            if not kept or float(np.max(cosine(vectors[k], vectors[kept]))) <= self.max_cosine:
                kept.append(k)
        return [offered[k - len(old)] for k in kept[len(old) :]]


def reading(shown: Sequence[str]) -> Read:
    """Reads one short sentence that begins with "I" or "My" and repeats none of those shown."""
    told = {_folded(sentence) for sentence in shown}

    def read(reply: str) -> dict[str, Any] | Unparsed:
        line = next((line.strip(" \t*\"'`“”") for line in reply.splitlines() if line.strip()), "")
        sentence = _END.split(line, maxsplit=1)[0].strip()
        if not _OPENING.match(sentence):
            return Unparsed("the sentence does not begin with I or My", reply)
        if len(sentence.split()) > MOST_WORDS:
            return Unparsed(f"the sentence has more than {MOST_WORDS} words", reply)
        if _folded(sentence) in told:
            return Unparsed("the sentence repeats one that was shown", reply)
        return {"text": sentence}

    return read


def _folded(sentence: str) -> str:
    return " ".join(re.findall(r"\w+", sentence.casefold()))
