"""Statements of a persona, plain questions about them, and the paper's ways of showing them to a player.

Source: Quantifying and Optimizing Global Faithfulness in Persona-driven Role-playing (arXiv 2405.07726), page apc,
"Playing techniques compared": LCM (all statements in the prompt), RAG (the most relevant ones, best k 4 to 6).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache

from personarium.core.chat import Sampling
from personarium.core.dialogue import Dialogue
from personarium.core.errors import InvalidInput
from personarium.core.persona import DESCRIPTION, Persona
from personarium.judges.entailment import CachedRelevance, EntailmentEstimator
from personarium.measure.apc.questions import question_about
from personarium.measure.apc.scoring import apc_score
from personarium.models.step import Step

TOP_K = 5  # the paper's default
# Sampling of the two replies of a preference pair (code): temperature 1.0, 256 new tokens.
PLAYING = Sampling(temperature=1.0, max_tokens=256)
ANSWER = Step("apc.answer", "personarium.measure.apc", "answer", None, PLAYING)


def statements_by_facet(persona: Persona) -> dict[str, str]:
    """Source id (facet id, ``@name``) -> its sentence in the view ``statements``; secrets are left out."""
    shown = persona.view("statements")
    found: dict[str, str] = {}
    for span in shown.spans:
        text = " ".join(shown.text[span.start : span.end].split())
        if text and span.kind == "facet":
            found[span.source] = text
    return found


def statements_of(persona: Persona) -> list[str]:
    """The persona as a list of statements, in the order of its facets, each once."""
    return list(_statements(persona))


@lru_cache(maxsize=4096)
def _statements(persona: Persona) -> tuple[str, ...]:
    return tuple(dict.fromkeys(statements_by_facet(persona).values()))


def plain_questions(persona: Persona, limit: int | None = None) -> list[str]:
    """One plain question for each facet: ``What is your home?``; for a sentence, what it is about.

    Args:
        persona: Who will be asked.
        limit: The most questions; None for all.
    """
    shown = [f for f in persona.facets if not (f.blank or f.secret or f.machinery)]
    keyed = [f for f in shown if f.path != DESCRIPTION and f.text is None]
    asked = [f"What {'are' if _plural(f.key) else 'is'} your {f.key.replace('_', ' ')}?" for f in keyed]
    told = [f for f in shown if f.path == DESCRIPTION or f.text is not None]
    asked += [question_about(str(f.value) if f.text is None else f.text, persona.name) for f in told]
    return list(dict.fromkeys(asked))[:limit]


def _plural(key: str) -> bool:
    return key.endswith("s") and not key.endswith(("ss", "us", "is"))


async def top_statements(
    statements: Sequence[str], query: str, estimator: EntailmentEstimator, k: int = TOP_K
) -> list[str]:
    """The k statements most relevant to a query, most relevant first; on ties the earlier one.

    Args:
        statements: All facts of a persona.
        query: What will be asked.
        estimator: Gives the relevance; a statement without one comes last.
        k: How many (the paper's best: 4 to 6).

    Raises:
        InvalidInput: When k is below 1.
    """
    if k < 1:
        raise InvalidInput("top statements", "k of at least 1", k, "k")
    relevance = await estimator.relevance(statements, query)
    known = [-1.0 if r is None else r for r in relevance]
    order = sorted(range(len(known)), key=known.__getitem__, reverse=True)
    return [statements[i] for i in order[:k]]


def apc_scorer(
    statements: Sequence[str], estimator: EntailmentEstimator
) -> Callable[[str, Dialogue], Awaitable[float | None]]:
    """APC as the scorer of :func:`personarium.play.best_of`: a draw answers the dialogue's last utterance.

    Args:
        statements: All facts of the persona that speaks.
        estimator: Its relevance is computed once for all draws of a turn.
    """
    kept = estimator if isinstance(estimator, CachedRelevance) else CachedRelevance(estimator)

    async def score(text: str, dialogue: Dialogue) -> float | None:
        query = dialogue[-1].text if len(dialogue) else ""
        return (await apc_score(statements, query, text, kept)).apc

    return score


def lcm_inputs(character: str, statements: Sequence[str], query: str) -> dict[str, object]:
    """Inputs of the step ``apc.answer`` with every statement in the prompt (LCM)."""
    return {"identity": "", "character": character, "statements": list(statements), "query": query}


async def rag_inputs(
    character: str, statements: Sequence[str], query: str, estimator: EntailmentEstimator, k: int = TOP_K
) -> dict[str, object]:
    """Inputs of the step ``apc.answer`` with the k most relevant statements in the prompt (RAG)."""
    return lcm_inputs(character, await top_statements(statements, query, estimator, k), query)


def view_inputs(identity: str, query: str) -> dict[str, object]:
    """Inputs of the step ``apc.answer`` for a persona that a view has put into a system prompt."""
    return {"identity": identity, "character": "", "statements": [], "query": query}
