"""The Active-Passive-Constraint score of one reply, statement by statement.

Source: Quantifying and Optimizing Global Faithfulness in Persona-driven Role-playing (arXiv 2405.07726), page apc,
"Score (code, exact)".
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from personarium.core.errors import InvalidInput
from personarium.core.results import Failure
from personarium.judges.entailment import PUBLISHED_ZERO, CachedRelevance, EntailmentEstimator, HeadEstimator, Triple

Kind = Literal["active", "passive"]
ACTIVE_FROM = 0.5  # our reading: a statement counts as active when it is at least as likely relevant as not


@dataclass(frozen=True, slots=True)
class StatementScore:
    """What one reply does to one statement.

    Args:
        statement: The fact.
        relevance: P(the query asks for it), in [0, 1].
        triple: P(contradicted), P(neutral), P(entailed) by the reply.
    """

    statement: str
    relevance: float
    triple: Triple

    @property
    def satisfied(self) -> float:
        """``(1 - r)(1 - p_contradicted) + r p_entailed``: P(the constraint is satisfied)."""
        return (1 - self.relevance) * (1 - self.triple.contradicted) + self.relevance * self.triple.entailed

    @property
    def gain(self) -> float:
        """``r p_entailed - (1 - r) p_contradicted``: what it adds over a reply that is neutral to it."""
        return self.relevance * self.triple.entailed - (1 - self.relevance) * self.triple.contradicted

    @property
    def kind(self) -> Kind:
        """``active`` from relevance 0.5 on, else ``passive``."""
        return "active" if self.relevance >= ACTIVE_FROM else "passive"

    @property
    def contradicted(self) -> bool:
        """Whether contradicted is the reply's most likely label for it."""
        return self.triple != PUBLISHED_ZERO and self.triple.label == "contradicted"

    @property
    def violated(self) -> bool:
        """Whether the constraint is more likely broken than satisfied."""
        return self.satisfied < ACTIVE_FROM

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready row of the per-statement table."""
        p_c, p_n, p_e = self.triple
        return {
            "statement": self.statement,
            "kind": self.kind,
            "relevance": self.relevance,
            "p_contradicted": p_c,
            "p_neutral": p_n,
            "p_entailed": p_e,
            "satisfied": self.satisfied,
            "contradicted": self.contradicted,
            "violated": self.violated,
        }


@dataclass(frozen=True, slots=True)
class APCScore:
    """The score of one reply; compare only within one persona, because raw APC grows with the number of statements.

    Args:
        rows: One entry for each statement that could be scored, in the order given.
        query: What was asked.
        response: What was answered.
        failures: One entry for each statement that could not be scored; it counts nowhere.
    """

    rows: tuple[StatementScore, ...]
    query: str = ""
    response: str = ""
    failures: tuple[Failure, ...] = ()

    @property
    def n(self) -> int:
        """Statements that were scored."""
        return len(self.rows)

    @property
    def apc(self) -> float | None:
        """The sum of satisfied probabilities, in [0, n]; None when nothing could be scored."""
        return math.fsum(row.satisfied for row in self.rows) if self.rows else None

    @property
    def per_statement(self) -> float | None:
        """APC / n, in [0, 1]."""
        return None if self.apc is None else self.apc / self.n

    @property
    def neutral(self) -> float:
        """What a reply that is neutral to every statement scores: the sum of ``1 - r``."""
        return math.fsum(1 - row.relevance for row in self.rows)

    @property
    def gain_over_neutral(self) -> float | None:
        """APC above the neutral reply's; this project's reading of the paper's "delta APC"."""
        return math.fsum(row.gain for row in self.rows) if self.rows else None

    @property
    def active(self) -> tuple[StatementScore, ...]:
        """The statements that the query asks for."""
        return tuple(row for row in self.rows if row.kind == "active")

    @property
    def missed(self) -> tuple[str, ...]:
        """Active statements that the reply does not carry."""
        return tuple(row.statement for row in self.active if row.triple.entailed < ACTIVE_FROM)

    @property
    def contradicted(self) -> tuple[str, ...]:
        """Statements that the reply contradicts, active or passive.

        APC cannot tell an evasive from a wrong answer about the fact that was asked; this list can.
        """
        return tuple(row.statement for row in self.rows if row.contradicted)

    @property
    def violated(self) -> tuple[str, ...]:
        """Statements whose constraint is more likely broken than satisfied."""
        return tuple(row.statement for row in self.rows if row.violated)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; :func:`apc_from_dict` reads it."""
        return {
            "query": self.query,
            "response": self.response,
            "apc": self.apc,
            "n": self.n,
            "apc_per_statement": self.per_statement,
            "gain_over_neutral": self.gain_over_neutral,
            "missed": list(self.missed),
            "contradicted": list(self.contradicted),
            "violated": list(self.violated),
            "statements": [row.as_dict() for row in self.rows],
            "failures": [asdict(failure) for failure in self.failures],
        }


def apc_from_dict(data: Mapping[str, Any]) -> APCScore:
    """What :meth:`APCScore.as_dict` wrote."""
    rows = tuple(
        StatementScore(
            row["statement"], row["relevance"], Triple(row["p_contradicted"], row["p_neutral"], row["p_entailed"])
        )
        for row in data["statements"]
    )
    failures = tuple(Failure(f["kind"], f["reason"], f["where"], tuple(f["raw"])) for f in data["failures"])
    return APCScore(rows, data["query"], data["response"], failures)


def score_statement(statement: str, relevance: float, triple: Triple, *, zero_vector: bool = False) -> StatementScore:
    """One statement's score from its probabilities.

    Args:
        statement: The fact.
        relevance: In [0, 1].
        triple: Sums to 1 within 0.001.
        zero_vector: Also take the all-zero triple that the published code makes of "contradicted" (erratum
            ``contradict-label``).

    Raises:
        InvalidInput: On anything that is not a probability.
    """
    if not 0.0 <= relevance <= 1.0:
        raise InvalidInput("APC", "a relevance in [0, 1]", relevance)
    if not (zero_vector and triple == PUBLISHED_ZERO):
        triple = Triple(*triple).check(f"entailment of {statement!r}")
    return StatementScore(statement, float(relevance), triple)


async def apc_score(
    statements: Sequence[str],
    query: str,
    response: str,
    estimator: EntailmentEstimator,
    *,
    zero_vector: bool = False,
) -> APCScore:
    """Score one reply against every statement of a persona.

    Args:
        statements: All facts of one persona.
        query: What the reply answers (one turn; the measure knows no history).
        response: The reply.
        estimator: Gives relevance and entailment; wrap it in ``CachedRelevance`` when several replies answer one query.
        zero_vector: See :func:`score_statement`.

    Returns:
        The score; a statement without an estimate is left out and listed in ``failures``.

    Raises:
        InvalidInput: No statement, or an estimate that is no probability.
    """
    _some(statements)
    relevance = await estimator.relevance(statements, query)
    known = [s for s, r in zip(statements, relevance, strict=True) if r is not None]
    found = iter(await estimator.entailment(known, query, response) if known else [])
    triples = [None if r is None else next(found) for r in relevance]
    return _collect(statements, query, response, relevance, triples, estimator.name, zero_vector)


async def apc_scores(
    statements: Sequence[str], exchanges: Sequence[tuple[str, str]], estimator: EntailmentEstimator
) -> list[APCScore]:
    """Score many (query, response) of one persona, as :func:`apc_score` each; the embedded head reads them together.

    Args:
        statements: All facts of one persona.
        exchanges: Query and response.
        estimator: Of relevance and entailment.
    """
    head = estimator.inner if isinstance(estimator, CachedRelevance) else estimator
    if not isinstance(head, HeadEstimator) or not exchanges:
        return list(await asyncio.gather(*(apc_score(statements, q, r, estimator) for q, r in exchanges)))
    _some(statements)
    n = len(statements)
    relevance = [await estimator.relevance(statements, query) for query, _ in exchanges]
    queries = [query for query, _ in exchanges for _ in range(n)]
    responses = [response for _, response in exchanges for _ in range(n)]
    triples = head.score_pairs([*statements] * len(exchanges), queries, responses)
    return [
        _collect(statements, query, response, relevance[i], triples[i * n : (i + 1) * n], estimator.name, False)
        for i, (query, response) in enumerate(exchanges)
    ]


def _some(statements: Sequence[str]) -> None:
    if not statements:
        raise InvalidInput("APC", "at least one statement", "none")


def _collect(
    statements: Sequence[str],
    query: str,
    response: str,
    relevance: Sequence[float | None],
    triples: Sequence[Triple | None],
    estimator: str,
    zero_vector: bool,
) -> APCScore:
    rows, failures = [], []
    for statement, r, triple in zip(statements, relevance, triples, strict=True):
        if r is None or triple is None:
            missing = "relevance" if r is None else "entailment"
            failures.append(Failure("unparsed", f"{estimator} gave no {missing}", statement))
        else:
            rows.append(score_statement(statement, r, triple, zero_vector=zero_vector))
    return APCScore(tuple(rows), query, response, tuple(failures))
