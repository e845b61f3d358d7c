"""Formal faithfulness: a dialogue must not make any sentence of either profile less likely.

For an inference model M and every persona sentence pi of either user: P_M(pi | D) >= P_M(pi). One sentence that falls is
enough to fail, however much the others rise.

Source: Synthetic-Persona-Chat (arXiv 2312.10007), definition of faithfulness; page synthetic-persona-chat, step 9.
Differs: :class:`EntailmentInference` (a probability made of an entailment triple) is the laboratory's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from personarium.core.results import Failure
from personarium.judges.entailment import EntailmentEstimator
from personarium.make.synthetic_persona_chat.data_format import Conversation
from personarium.make.synthetic_persona_chat.profiles import QUERY

TOLERANCE = 1e-9  # probabilities that differ by less are equal


class InferenceModel(Protocol):
    """Says how likely a sentence about a speaker is."""

    @property
    def name(self) -> str: ...

    async def probabilities(self, sentences: Sequence[str], said: str | None) -> list[float | None]:
        """P(sentence), given what the speaker said, or (None) given nothing; None where it cannot say."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """What a dialogue does to one sentence.

    Args:
        user: Whose sentence, 1 or 2.
        sentence: The sentence.
        prior: Its probability without the dialogue; None when it could not be had.
        given: Its probability with it.
    """

    user: int
    sentence: str
    prior: float | None
    given: float | None

    @property
    def lowered(self) -> bool:
        """Whether the dialogue makes it less likely; False also where that cannot be said."""
        return self.prior is not None and self.given is not None and self.given < self.prior - TOLERANCE


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """The verdict on one dialogue.

    Args:
        faithful: Whether no sentence is lowered; None when none is but one could not be compared.
        changes: Every sentence of both users.
        failures: One for each sentence that could not be compared.
    """

    faithful: bool | None
    changes: tuple[Change, ...]
    failures: tuple[Failure, ...] = ()

    @property
    def lowered(self) -> tuple[Change, ...]:
        """The sentences that the dialogue speaks against."""
        return tuple(change for change in self.changes if change.lowered)

    @property
    def mean_change(self) -> float | None:
        """Mean of the changes; it is shown because it hides what one lowered sentence gives away, and is no verdict."""
        known = [c.given - c.prior for c in self.changes if c.prior is not None and c.given is not None]
        return sum(known) / len(known) if known else None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        lowered = [{"user": c.user, "sentence": c.sentence, "prior": c.prior, "given": c.given} for c in self.lowered]
        return {"faithful": self.faithful, "lowered": lowered, "mean_change": self.mean_change}


async def check_faithfulness(conversation: Conversation, model: InferenceModel, id: str = "") -> Faithfulness:
    """Compare every sentence of both profiles with and without what its user said.

    Args:
        conversation: Profiles and turns.
        model: The inference model.
        id: Named in failures.
    """
    changes: list[Change] = []
    for user, sentences in ((1, conversation.first), (2, conversation.second)):
        said = "\n".join(turn.text for turn in conversation.turns if turn.user == user)
        prior = await model.probabilities(sentences, None)
        given = await model.probabilities(sentences, said)
        changes += [Change(user, *row) for row in zip(sentences, prior, given, strict=True)]
    failures = tuple(
        Failure("missing", f"no probability for '{c.sentence[:60]}' of user {c.user}", id)
        for c in changes
        if c.prior is None or c.given is None
    )
    lowered = any(change.lowered for change in changes)
    return Faithfulness(False if lowered else (None if failures else True), tuple(changes), failures)


@dataclass(frozen=True)
class EntailmentInference:
    """An entailment estimator as inference model: P(entailed) + P(neutral) / 2, and 1/2 when nothing was said.

    So a text that neither states nor denies a sentence leaves it where it was. A neutral verdict that leans a little
    towards contradiction must not count as one, therefore the probabilities are those of the most likely label unless
    ``soft`` is set.

    Args:
        estimator: Any estimator.
        soft: Use the triple's own probabilities.
    """

    estimator: EntailmentEstimator
    soft: bool = False

    @property
    def name(self) -> str:
        """The estimator's name."""
        return f"inference/{self.estimator.name}{',soft' if self.soft else ''}"

    async def probabilities(self, sentences: Sequence[str], said: str | None) -> list[float | None]:
        """See the class."""
        if said is None or not said.strip():
            return [0.5] * len(sentences)
        hard = {"contradicted": 0.0, "neutral": 0.5, "entailed": 1.0}
        found = await self.estimator.entailment(sentences, QUERY, said)
        return [None if t is None else (t.entailed + t.neutral / 2 if self.soft else hard[t.label]) for t in found]
