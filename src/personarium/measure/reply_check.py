"""What is wrong with one reply of a persona: facts that it contradicts or misses, secrets that it tells, a refusal.

It needs no model: facts are compared by the entailment head of :mod:`personarium.judges.entailment`, whose measured accuracy goes
along, and secrets are searched as they are. Source: APC (arXiv 2405.07726) for contradicted and missed; rpla-survey page, point 8.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from personarium.core.guards import DisclosureGuard
from personarium.core.persona import Persona
from personarium.judges.entailment import EntailmentEstimator, HeadEstimator
from personarium.judges.persona_findings import Finding
from personarium.judges.suspect_text import suspicions
from personarium.measure.apc.playing import statements_of
from personarium.measure.apc.scoring import APCScore, apc_score
from personarium.text.refusals import is_refusal

# P(contradicted) from which a contradiction is an error; below, where it is still the likeliest, it is a warning. Of the 60 triples
# written by hand (tools/entailment_handwritten.tsv) the head finds 11 of 21 contradictions so, with 2 of 39 others (5 %); taking the
# likeliest label finds 13, with 6 of 39 others (15 %).
CONTRADICTED_AT_LEAST = 0.7


@dataclass(frozen=True, slots=True)
class ReplyCheck:
    """What a check found.

    Args:
        persona: Id of the persona.
        findings: Errors first; a secret that was told is named by its facet (a topic by itself) and not repeated.
        score: The APC score behind it; None when the persona has no statements.
        estimator: What compared the facts.
    """

    persona: str
    findings: tuple[Finding, ...]
    score: APCScore | None
    estimator: str

    @property
    def passes(self) -> bool:
        """Whether there is no error."""
        return not any(finding.severity == "error" for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "persona": self.persona,
            "passes": self.passes,
            "findings": [finding.as_dict() for finding in self.findings],
            "estimator": self.estimator,
        }


async def check_reply(
    persona: Persona, reply: str, question: str = "", *, estimator: EntailmentEstimator | None = None
) -> ReplyCheck:
    """Look a reply over.

    Args:
        persona: Who is to have said it.
        reply: What was said.
        question: What it answers; without it nothing can be missed.
        estimator: Of relevance and entailment; the embedded head by default.

    Returns:
        Findings of the kinds ``contradiction`` (an error, or a warning where it is not likely enough), ``secret`` (an error),
        ``refusal`` (a warning), ``missed`` (good to know) and those of :mod:`personarium.judges.suspect_text` (warnings: text
        that is meant for a model or a judge).
    """
    statements = statements_of(persona)
    chosen = estimator or HeadEstimator([persona.name] if persona.name else [])
    score = await apc_score(statements, question, reply, chosen) if statements else None
    findings = [*_told(persona, reply), *_compared(score, question), *_manner(reply)]
    rank = {"error": 0, "warning": 1, "info": 2}
    ordered = sorted(findings, key=lambda finding: rank[finding.severity])
    return ReplyCheck(persona.id, tuple(ordered), score, chosen.name)


def _told(persona: Persona, reply: str) -> Iterator[Finding]:
    for id in DisclosureGuard.of(persona).found(reply):
        yield Finding("secret", "error", (id,), "tells what must never be disclosed")


def _compared(score: APCScore | None, question: str) -> Iterator[Finding]:
    if score is None:
        return
    for row in score.rows:
        if row.contradicted:
            sure = row.triple.contradicted >= CONTRADICTED_AT_LEAST
            told = (
                f"{'contradicts' if sure else 'perhaps contradicts'} a fact (probability {row.triple.contradicted:.2f})"
            )
            yield Finding("contradiction", "error" if sure else "warning", (), told, row.statement)
    if question:
        for statement in score.missed:
            if statement not in score.contradicted:
                yield Finding("missed", "info", (), "does not carry a fact that was asked for", statement)


def _manner(reply: str) -> Iterator[Finding]:
    if is_refusal(reply):
        yield Finding("refusal", "warning", (), "declines to answer")
    for one in suspicions(reply):
        yield Finding(one.kind, "warning", (), one.meaning, one.quote)
