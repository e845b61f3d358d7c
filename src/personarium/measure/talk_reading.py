"""A talk read reply by reply, while it goes on: which facts were asked for, carried, missed, contradicted; drift and echo.

The instruments are those of the commands: APC with the embedded head (:mod:`personarium.measure.apc`), drift and echo. No model is
asked. Source: arXiv 2405.07726 (APC); arXiv 2604.09212 (drift, echo).
Units: facts are counted; drift in cosine distance; echo a share of 4-grams.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from personarium.core.dialogue import Dialogue
from personarium.core.persona import Persona
from personarium.core.results import Estimate, Score
from personarium.judges.entailment import HeadEstimator
from personarium.measure.apc.playing import statements_by_facet
from personarium.measure.apc.scoring import ACTIVE_FROM, APCScore, StatementScore, apc_scores
from personarium.measure.drift import dialogue_drift
from personarium.measure.echo import dialogue_echo

Verdict = Literal["contradicted", "carried", "missed", "offered", "untouched"]


@dataclass(frozen=True, slots=True)
class FactReading:
    """What one reply does to one fact.

    Args:
        facet: Id of the facet.
        score: Relevance and entailment.
    """

    facet: str
    score: StatementScore

    @property
    def statement(self) -> str:
        """The fact as a sentence."""
        return self.score.statement

    @property
    def active(self) -> bool:
        """Whether what was said before asks for it."""
        return self.score.kind == "active"

    @property
    def verdict(self) -> Verdict:
        """``contradicted``; ``carried`` or ``missed`` where it was asked for; ``offered`` where it was said unasked."""
        if self.score.contradicted:
            return "contradicted"
        said = self.score.triple.entailed >= ACTIVE_FROM
        if self.active:
            return "carried" if said else "missed"
        return "offered" if said else "untouched"


@dataclass(frozen=True, slots=True)
class ReplyReading:
    """One reply against every fact of its persona.

    Args:
        facts: In the persona's order.
        score: The APC score of the reply.
    """

    facts: tuple[FactReading, ...]
    score: APCScore

    def of(self, *verdicts: Verdict) -> list[FactReading]:
        """The facts with one of these verdicts, in the order of the verdicts."""
        return [fact for verdict in verdicts for fact in self.facts if fact.verdict == verdict]


@dataclass(frozen=True, slots=True)
class TalkReading:
    """A talk so far.

    Args:
        asked: Facts that were asked for, counted anew in every reply.
        carried: How many of them were carried.
        missed: How many were passed over.
        contradicted: Facts that were contradicted, asked for or not.
    """

    asked: int
    carried: int
    missed: int
    contradicted: int

    @property
    def share(self) -> Estimate:
        """Share of what was asked for that was carried, with its Wilson interval."""
        from personarium.stats.intervals import wilson

        return wilson(self.carried, self.asked, "fact asked for")


def add_up(readings: Iterable[ReplyReading]) -> TalkReading:
    """The counts of several replies together."""
    found = list(readings)
    facts = [fact for reading in found for fact in reading.facts]
    verdicts = [fact.verdict for fact in facts]
    return TalkReading(
        sum(fact.active for fact in facts),
        verdicts.count("carried"),
        verdicts.count("missed"),
        verdicts.count("contradicted"),
    )


class TalkReader:
    """Reads what a persona says; slow to make and quick to use, so it is kept for a talk. Blocking: call it in a thread.

    Args:
        persona: Who ought to speak.
    """

    def __init__(self, persona: Persona) -> None:
        facets: dict[str, str] = {}
        for facet, statement in statements_by_facet(persona).items():
            facets.setdefault(statement, facet)
        self._facets = facets
        self._words = persona.view("statements").text
        self._head = HeadEstimator((persona.name,) if persona.name else ())

    @property
    def statements(self) -> list[str]:
        """The persona's facts, each once; secrets are left out."""
        return list(self._facets)

    def read(self, exchanges: Sequence[tuple[str, str]]) -> list[ReplyReading]:
        """Read replies.

        Args:
            exchanges: What was said before, and the reply.

        Returns:
            One reading for each; none at all when the persona has no facts.
        """
        if not self._facets:
            return []
        scores = asyncio.run(apc_scores(self.statements, exchanges, self._head))
        return [
            ReplyReading(tuple(FactReading(self._facets[row.statement], row) for row in one.rows), one)
            for one in scores
        ]

    def drift(self, dialogue: Dialogue, speaker: str) -> Score:
        """How far the speaker has moved away from the persona, with the distance of every turn as parts."""
        return dialogue_drift(dialogue, speaker, self._words)

    def echo(self, dialogue: Dialogue, speaker: str) -> Score:
        """How much the speaker repeats what was said before."""
        return dialogue_echo(dialogue, speaker)
