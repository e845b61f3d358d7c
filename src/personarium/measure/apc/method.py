"""APC step by step: statements of a document, queries, labelled rows for the two estimators, the score of a reply.

Source: Quantifying and Optimizing Global Faithfulness in Persona-driven Role-playing (NeurIPS 2024, arXiv 2405.07726);
official code KomeijiForce/Active_Passive_Constraint_Koishiday_2024 (MIT). Units: APC in satisfied statements (0 to n).
Differs: prompts are our own words; a failed paragraph or an unreadable label is counted; ERRATA lists the published
faults, each of which ``as_published`` brings back. The two students (DeBERTa) are replaced by the embedded head.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personarium.core.chat import ChatModel, Sampling
from personarium.core.contract import Contract
from personarium.core.errata import Published, published_faults
from personarium.core.results import Failure, count_failures
from personarium.judges.entailment import ENTAILMENT, RELEVANCE, CachedRelevance, JudgeEstimator
from personarium.measure.apc.bundled import load_documents
from personarium.measure.apc.data_formats import NLIRow, QueryRow, RelevanceRow, StatementRow
from personarium.measure.apc.playing import ANSWER, lcm_inputs
from personarium.measure.apc.scoring import APCScore, apc_score
from personarium.models.step import Read, Step
from personarium.text.form import Form, Unparsed

ERRATA = ("contradict-label", "indented-lines", "failed-paragraph-silent")
_HERE = "personarium.measure.apc"


@dataclass(frozen=True)
class APCConfig:
    """Constants of the paper and its code.

    Args:
        queries: User utterances written for each statement.
        foreign_queries: Queries of other statements that the teacher labels for each statement.
        foreign_replies: Triples with another query's reply that the teacher labels for each (statement, query).
        asks: The most times a step is asked while its reply cannot be read.
        as_published: True, or ids of ERRATA.
    """

    queries: int = 3
    foreign_queries: int = 5
    foreign_replies: int = 3
    asks: int = 1
    as_published: Published = False

    @property
    def faults(self) -> frozenset[str]:
        """The errata that are switched on."""
        return published_faults(self.as_published, ERRATA)


def _queries_form(inputs: Mapping[str, Any]) -> Form:
    return Form.parse(f'{inputs["count"]} x "<text>"')


TEACHER = Sampling(temperature=0.0)  # steps 1, 3 and 4: statements and labels
WRITER = Sampling(temperature=1.0)  # steps 2 and 4: queries and replies
STATEMENTS = Step("apc.statements", _HERE, "statements", Form.parse("n x - <text>"), TEACHER)
QUERIES = Step("apc.queries", _HERE, "queries", _queries_form, WRITER)
REPLIES = Step(
    "apc.replies",
    _HERE,
    "replies",
    Form.parse('{"entailed": <text>, "neutral": <text>, "contradicted": <text>}'),
    WRITER,
)
STEPS = (STATEMENTS, QUERIES, REPLIES, ANSWER, RELEVANCE, ENTAILMENT)


@dataclass(frozen=True, slots=True)
class Built:
    """Rows that a step of the building made, and what failed on the way."""

    rows: tuple[Any, ...]
    failures: tuple[Failure, ...] = ()


# -- step 1: statements ------------------------------------------------------------------------------------------------


def split_paragraphs(document: str) -> list[str]:
    """The paragraphs of a character document, which blank lines part."""
    parts: list[list[str]] = [[]]
    for line in document.splitlines():
        if line.strip():
            parts[-1].append(line.rstrip())
        elif parts[-1]:
            parts.append([])
    return ["\n".join(part) for part in parts if part]


def read_statements(text: str, faults: frozenset[str] = frozenset()) -> dict[str, Any] | Unparsed:
    """The lines of a reply that begin with ``- ``.

    With the erratum ``indented-lines`` only lines at the margin count, although the published prompt's own example
    indents all its lines but the first.
    """
    lines = text.splitlines() if "indented-lines" in faults else [line.lstrip() for line in text.splitlines()]
    items = [line[2:].strip() for line in lines if line.startswith("- ") and line[2:].strip()]
    return {"items": items} if items else Unparsed("no line begins with '- '", text)


async def write_statements(
    teacher: ChatModel, character: str, document: str, config: APCConfig = APCConfig(), seed: int = 0
) -> Built:
    """One call a paragraph: its important facts, each one sentence with the character's name in it.

    Returns:
        :class:`StatementRow` rows; a paragraph whose reply has no statement is a failure (with the erratum
        ``failed-paragraph-silent`` it is skipped without a trace).
    """

    async def one(number: int, passage: str) -> tuple[list[StatementRow], Failure | None]:
        answer = await STATEMENTS.ask(
            teacher,
            {"character": character, "passage": passage},
            item=f"{character}/{number}",
            asks=config.asks,
            read=_statement_reader(config.faults),
            seed=seed,
        )
        items = answer.values["items"] if answer.values else []
        return [StatementRow(character, passage, item) for item in items], answer.failure

    found = await asyncio.gather(*(one(i, p) for i, p in enumerate(split_paragraphs(document))))
    silent = "failed-paragraph-silent" in config.faults
    failures = tuple(failure for _, failure in found if failure is not None and not silent)
    return Built(tuple(row for rows, _ in found for row in rows), failures)


def _statement_reader(faults: frozenset[str]) -> Read:
    return lambda text: read_statements(text, faults)


# -- step 2: queries ---------------------------------------------------------------------------------------------------


async def write_queries(
    teacher: ChatModel, character: str, statements: Sequence[str], config: APCConfig = APCConfig(), seed: int = 0
) -> Built:
    """One call a statement: short user utterances that must be answered with that statement's information.

    Returns:
        :class:`QueryRow` rows.
    """

    async def one(number: int, statement: str) -> tuple[QueryRow | None, Failure | None]:
        inputs = {"character": character, "statement": statement, "count": config.queries}
        answer = await QUERIES.ask(teacher, inputs, item=f"{character}/{number}", asks=config.asks, seed=seed)
        return (QueryRow(statement, tuple(map(str, answer["items"]))) if answer.values else None), answer.failure

    found = await asyncio.gather(*(one(i, s) for i, s in enumerate(statements)))
    return Built(tuple(row for row, _ in found if row), tuple(failure for _, failure in found if failure))


# -- step 3: relevance rows --------------------------------------------------------------------------------------------


async def label_relevance(
    teacher: ChatModel, character: str, queries: Sequence[QueryRow], config: APCConfig = APCConfig(), seed: int = 0
) -> Built:
    """A statement with its own queries is "yes"; with up to five of others' queries the teacher says yes or no.

    Returns:
        :class:`RelevanceRow` rows, 3 + 5 a statement where nothing fails.
    """
    judge = _judge(teacher, character, config, seed)
    rows = [RelevanceRow(character, row.statement, query, "yes") for row in queries for query in row.queries]

    async def one(row: QueryRow, query: str) -> RelevanceRow | None:
        (found,) = await judge.relevance([row.statement], query)
        return None if found is None else RelevanceRow(character, row.statement, query, "yes" if found else "no")

    foreign = [(row, q) for row in queries for q in _foreign_queries(row, queries, config.foreign_queries, seed)]
    labelled = await asyncio.gather(*(one(row, query) for row, query in foreign))
    return Built((*rows, *(row for row in labelled if row)), tuple(judge.failures))


def _foreign_queries(row: QueryRow, queries: Sequence[QueryRow], most: int, seed: int) -> list[str]:
    others = [query for other in queries if other.statement != row.statement for query in other.queries]
    return random.Random(f"relevance|{seed}|{row.statement}").sample(others, min(most, len(others)))


# -- step 4: NLI rows --------------------------------------------------------------------------------------------------


async def write_replies(
    teacher: ChatModel, character: str, queries: Sequence[QueryRow], config: APCConfig = APCConfig(), seed: int = 0
) -> Built:
    """One call a (statement, query): three replies, entailed, neutral and contradicted, alike on the surface.

    Returns:
        ``(statement, query, {label: reply})`` tuples, the content of the published ``nli`` file.
    """

    async def one(number: int, statement: str, query: str) -> tuple[Any, Failure | None]:
        inputs = {"character": character, "statement": statement, "query": query}
        answer = await REPLIES.ask(teacher, inputs, item=f"{character}/{number}", asks=config.asks, seed=seed)
        return ((statement, query, dict(answer.values)) if answer.values else None), answer.failure

    pairs = [(row.statement, query) for row in queries for query in row.queries]
    found = await asyncio.gather(*(one(i, s, q) for i, (s, q) in enumerate(pairs)))
    return Built(tuple(row for row, _ in found if row), tuple(failure for _, failure in found if failure))


async def label_replies(
    teacher: ChatModel,
    character: str,
    replies: Sequence[tuple[str, str, Mapping[str, str]]],
    config: APCConfig = APCConfig(),
    seed: int = 0,
) -> Built:
    """Every reply is labelled again by the teacher, and three replies to other queries a (statement, query).

    Returns:
        :class:`NLIRow` rows, 6 for each (statement, query) where nothing fails.
    """
    judge = _judge(teacher, character, config, seed)
    triples = [(s, q, text) for s, q, own in replies for text in own.values()]
    for statement, query, _ in replies:
        others = [(q, text) for s, q, own in replies if s != statement for text in own.values()]
        draw = random.Random(f"nli|{seed}|{statement}|{query}")
        triples += [(statement, q, text) for q, text in draw.sample(others, min(config.foreign_replies, len(others)))]

    async def one(statement: str, query: str, response: str) -> NLIRow | None:
        (found,) = await judge.entailment([statement], query, response)
        return None if found is None else NLIRow(character, statement, query, response, found.label)

    labelled = await asyncio.gather(*(one(*triple) for triple in triples))
    return Built(tuple(row for row in labelled if row), tuple(judge.failures))


def _judge(teacher: ChatModel, character: str, config: APCConfig, seed: int) -> JudgeEstimator:
    # Rows hold labels, which the zero vector of the published estimator cannot spoil: it concerns scoring only.
    return JudgeEstimator(teacher, character, config.asks, seed)


# -- scoring with a teacher as estimator -------------------------------------------------------------------------------


async def score_with_teacher(
    teacher: ChatModel,
    character: str,
    statements: Sequence[str],
    query: str,
    response: str,
    config: APCConfig = APCConfig(),
    seed: int = 0,
) -> APCScore:
    """APC with a chat model as both estimators (one-hot labels).

    With the erratum ``contradict-label`` the answer "contradicted" becomes the all-zero vector: the published code
    compares with "contradict" while its prompt asks for "contradicted", so a contradiction counts as satisfied. (The
    same published path names a client that is never imported and cannot run as it is.)

    Returns:
        The score; statements whose label could not be read are left out and listed with the judge's own reasons.
    """
    from dataclasses import replace

    zero = "contradict-label" in config.faults
    judge = JudgeEstimator(teacher, character, config.asks, seed, as_published=zero)
    score = await apc_score(statements, query, response, CachedRelevance(judge), zero_vector=zero)
    return replace(score, failures=tuple(judge.failures)) if judge.failures else score


# -- the contract ------------------------------------------------------------------------------------------------------


_BOB = ("My name is Bob.", "My occupation is professor.", "My home is Rotterdam.", "My hobby is chess.")
_UNHEARD = {
    "apc.statements/rules": "says in free words how a fact is to be written; the reply form says the rest",
    "apc.queries/rules": "says in free words what a query is; the reply form carries the number",
    "apc.replies/rules": "says in free words what the three replies are; the reply form names them",
    "entailment.relevance/persona": "holds only a name here; the statements are what is judged",
    "entailment.nli/persona": "holds only a name here; the statements are what is judged",
    "entailment.nli/question": "the subject reads entailment from the response alone",
}


async def _contract_example(model: ChatModel, seed: int) -> list[dict[str, Any]]:
    config = APCConfig(queries=1, foreign_queries=1, foreign_replies=1)
    built = await write_statements(model, "Bob", load_documents()["Bob"], config, seed)
    score = await _contract_score(model, seed)
    asked = await write_queries(model, "Bob", _BOB, config, seed)
    relevance = await label_relevance(model, "Bob", asked.rows, config, seed)
    replies = await write_replies(model, "Bob", asked.rows, config, seed)
    labelled = await label_replies(model, "Bob", replies.rows, config, seed)
    parts = {
        "1 statements": built,
        "2 queries": asked,
        "3 relevance": relevance,
        "4 replies": replies,
        "5 labels": labelled,
    }
    rows = [{"id": id, "rows": len(p.rows), "failures": count_failures(p.failures)} for id, p in parts.items()]
    return [*rows, score]


async def _contract_score(model: ChatModel, seed: int) -> dict[str, Any]:
    query = "What do you do for a living?"
    answer = await ANSWER.ask(model, lcm_inputs("Bob", _BOB, query), item="Bob/answer", seed=seed)
    if answer.failure is not None:
        return {"id": "6 score", "score": None, "failures": {answer.failure.kind: 1}}
    score = await score_with_teacher(model, "Bob", _BOB, query, answer.text, seed=seed)
    return {"id": "6 score", "score": score.as_dict(), "failures": count_failures(score.failures)}


CONTRACT = Contract(
    example=_contract_example,
    steps=STEPS,
    first=(STATEMENTS.name, {"character": "Bob", "passage": "Name: Bob\nOccupation: University Professor"}),
    unheard=_UNHEARD,
)
