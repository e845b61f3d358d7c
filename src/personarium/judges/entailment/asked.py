"""Entailment by a chat model, asked once for each statement."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from personarium.core.chat import ChatModel, Sampling
from personarium.core.results import Failure
from personarium.judges.entailment.triples import ONE_HOT, PUBLISHED_ZERO, Triple
from personarium.models.step import Step
from personarium.text.form import Form

ZERO_VECTOR_ERRATUM = "contradict-label"

RELEVANCE = Step(
    "entailment.relevance",
    "personarium.judges",
    "relevance",
    Form.parse("The fact is <relevant|irrelevant>"),
    Sampling(temperature=0.0),  # the teacher's temperature on the page, step 3
)
ENTAILMENT = Step(
    "entailment.nli",
    "personarium.judges",
    "entailment",
    Form.parse("The fact is <entailed|neutral|contradicted>"),
    Sampling(temperature=0.0),
)


@dataclass
class JudgeEstimator:
    """Asks a chat model once for each (statement, query[, response]); one-hot answers.

    An answer outside the labels, a refusal, an empty reply or a failed endpoint is None in the result and one
    :class:`Failure` more in ``failures``.

    Args:
        model: Who is asked.
        character: Name or short description for the prompts; may stay empty.
        asks: The most times a question is put while its answer cannot be read.
        seed: The run's seed.
        as_published: True, or a set with ``contradict-label``, gives the all-zero vector for "contradicted": the
            published code compares with "contradict" while its prompt asks for "contradicted", so a contradiction is
            scored as satisfied.
        failures: What could not be read so far.

    Source: page apc, "Building the two estimators", steps 3 and 4; erratum "Works when" 2.
    """

    model: ChatModel
    character: str = ""
    asks: int = 1
    seed: int | None = None
    as_published: bool | Collection[str] = False
    failures: list[Failure] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The model, the prompts' versions and whether the erratum is on."""
        flag = ",as_published" if self._zero_vector else ""
        return f"judge/{self.model.name}:relevance={RELEVANCE.hash},nli={ENTAILMENT.hash}{flag}"

    @property
    def _zero_vector(self) -> bool:
        on = self.as_published
        return on if isinstance(on, bool) else ZERO_VECTOR_ERRATUM in on

    async def relevance(self, statements: Sequence[str], query: str) -> list[float | None]:
        """1.0 or 0.0 for each statement, None where the answer could not be read."""
        labels = await self._labels(RELEVANCE, [{"statement": s, "query": query} for s in statements])
        return [None if label is None else float(label == "relevant") for label in labels]

    async def entailment(self, statements: Sequence[str], query: str, response: str) -> list[Triple | None]:
        """A one-hot triple for each statement, None where the answer could not be read."""
        inputs = [{"statement": s, "query": query, "response": response} for s in statements]
        return [None if label is None else self._triple(label) for label in await self._labels(ENTAILMENT, inputs)]

    def _triple(self, label: str) -> Triple:
        return PUBLISHED_ZERO if label == "contradicted" and self._zero_vector else ONE_HOT[label]

    async def _labels(self, step: Step, inputs: Sequence[Mapping[str, str]]) -> list[str | None]:
        return list(await asyncio.gather(*(self._label(step, one) for one in inputs)))

    async def _label(self, step: Step, inputs: Mapping[str, str]) -> str | None:
        given = {**inputs, "character": self.character}
        answer = await step.ask(self.model, given, asks=self.asks, seed=self.seed)
        if answer.values is None:
            if answer.failure is not None:
                self.failures.append(answer.failure)
            return None
        return str(next(iter(answer.values.values())))
