"""Blind readers: who of k people said this? A chat model, a rule over rare words, or nearness of embeddings.

Source: DESIGN.md, "The engines" (read-back); psyplay page, step 5 (a reader may be not sure). Used by
:mod:`personarium.measure.reading_back`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from personarium.core.chat import ChatModel, Sampling
from personarium.core.results import Failure
from personarium.measure.choice_items import ChoiceItem, ChoiceStep, ask_choice, letter_form
from personarium.text.similarity import content_stems

if TYPE_CHECKING:
    from personarium.text.embed import Embedder

NOT_SURE = "The text does not tell."
QUESTION = "Which of these people said this?"
READ = ChoiceStep("read_back.read", "personarium.measure", "read_back", letter_form, Sampling(temperature=0.0))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader made of one text.

    Args:
        choice: Which of the candidates, from 0; None where it is not sure or failed.
        failure: Why there is no reading; being not sure is no failure of the reader.
    """

    choice: int | None
    failure: Failure | None = None


class Reader(Protocol):
    """Somebody who sees what was said and the candidates, and nothing else."""

    @property
    def name(self) -> str: ...

    async def read(self, said: str, candidates: Sequence[str], item: str, seed: int) -> Reading: ...


@dataclass(frozen=True)
class ModelReader:
    """A chat model as reader: one call, one letter; the last option is "not sure".

    Args:
        model: Choose it apart from the model that played.
    """

    model: ChatModel

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    async def read(self, said: str, candidates: Sequence[str], item: str, seed: int) -> Reading:
        """Ask; an unread, empty or refused reply is a failure."""
        asked = ChoiceItem(item, QUESTION, (*candidates, NOT_SURE), 0)
        answer = await ask_choice(self.model, asked, step=READ, inputs={"said": said}, seed=seed)
        if answer.failure is not None:
            return Reading(None, answer.failure)
        return Reading(None if answer.option == len(candidates) else answer.option)


@dataclass(frozen=True)
class OverlapReader:
    """A reader by rule: the candidate whose rare content words were said most; not sure where none or several lead.

    Args:
        name: In reports.
    """

    name: str = "word overlap"

    async def read(self, said: str, candidates: Sequence[str], item: str, seed: int) -> Reading:
        """Words that all candidates share count nothing, those of a single one most."""
        stems, spoken = [set(content_stems(text)) for text in candidates], set(content_stems(said))
        shared = Counter(stem for one in stems for stem in one)
        scores = [sum(math.log(len(stems) / shared[stem]) for stem in sorted(one & spoken)) for one in stems]
        best = max(scores)
        leading = [k for k, score in enumerate(scores) if score >= best - 1e-9]
        return Reading(leading[0] if best > 0 and len(leading) == 1 else None)


@dataclass(frozen=True)
class EmbeddingReader:
    """A reader by nearness: the candidate whose text is nearest to what was said.

    Args:
        embedder: The static one by default.
        margin: Not sure where the nearest leads by no more than this (cosine).
    """

    embedder: Embedder | None = None
    margin: float = 0.0
    name: str = "embedding"

    async def read(self, said: str, candidates: Sequence[str], item: str, seed: int) -> Reading:
        """A text without any known word is equally far from all, and so is not sure."""
        from personarium.text.embed import load_embedder

        rows = (self.embedder or load_embedder()).embed([said, *candidates])
        near = sorted(((float(rows[0] @ row), k) for k, row in enumerate(rows[1:])), key=lambda one: (-one[0], one[1]))
        if near[0][0] - near[1][0] <= self.margin:
            return Reading(None)
        return Reading(near[0][1])
