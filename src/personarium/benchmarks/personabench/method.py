"""PersonaBench: private documents -> retrieval -> a short answer, with retrieval failure apart from reading failure.

The protocol in the paper's order: documents, retrieval, answer, scores, categories.

Source: *PersonaBench: Evaluating AI Models on Understanding Personal Information through Accessing (Synthetic) Private User
Data*, arXiv 2502.20616; page steps 2 to 9; constants from the official code.
Differs: the prompt is in our own words, each document in a block of its own; only questions that are scored are asked (the
code also asks the skipped type); a whole number as answer is scored by its own words; a reply that could not be had is
missing and counted, not 0 (``missing``); data are read from the user's folder, for their licence forbids shipping them.
Units: shares from 0 to 1; one question.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from personarium.benchmarks.personabench.data_format import Community, Person, Question, load_example
from personarium.benchmarks.personabench.results import Missing, PersonaBenchResult, QuestionResult
from personarium.benchmarks.personabench.retrievers import (
    BM25Retriever,
    Oracle,
    Passage,
    Retriever,
    Searcher,
    gt_context,
    passage_of,
)
from personarium.benchmarks.personabench.scoring import (
    Alphabet,
    answer_words,
    retrieval_scores,
    word_scores,
    word_set,
)
from personarium.benchmarks.personabench.steps import READ, STEPS, printed_array, read_answer
from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.errata import Published, published_faults
from personarium.core.errors import RemoteError, UsageError, shorten
from personarium.core.results import Failure
from personarium.runs.mapping import map_kept

if TYPE_CHECKING:
    from personarium.runs.plan import DryRun
    from personarium.runs.run import Run

T = TypeVar("T")
R = TypeVar("R")

ERRATA = ("integer-answers", "printed-chunks")
SEED = 2024  # code


@dataclass(frozen=True)
class PersonaBenchConfig:
    """The paper's constants.

    Args:
        k: Segments that are retrieved: 5 (code: ``num_chunks``).
        num_people: The first so many people of a community are tested: 3 (code); only they have documents.
        alphabet: ``ascii`` words (code), or words of ``any`` script for data in other languages.
        object_keys: Whether the key of a one-key object counts as a gold word (code: yes).
        missing: ``drop`` (ours: a reply that is empty, declined or lost has no score and is counted) or ``zero``.
        asks: Times that the reader is asked: 1 (code).
    """

    k: int = 5
    num_people: int = 3
    alphabet: Alphabet = "ascii"
    object_keys: bool = True
    missing: Missing = "drop"
    asks: int = 1

    def __post_init__(self) -> None:
        if min(self.k, self.num_people, self.asks) < 1:
            raise UsageError("k, num_people and asks must be at least 1")
        if self.alphabet not in ("ascii", "any"):
            raise UsageError(f"alphabet must be ascii or any, found {shorten(self.alphabet)}")
        if self.missing not in ("drop", "zero"):
            raise UsageError(f"missing must be drop or zero, found {shorten(self.missing)}")


async def run_personabench(
    communities: Community | Sequence[Community],
    retriever: Retriever | Oracle | None = None,
    reader: ChatModel | None = None,
    *,
    config: PersonaBenchConfig = PersonaBenchConfig(),
    seed: int = SEED,
    as_published: Published = False,
    run: Run | DryRun | None = None,
    concurrency: int = 100,
) -> PersonaBenchResult:
    """Run the benchmark at one level of noise.

    Args:
        communities: One, or several whose questions are pooled (as published), all at one level of noise.
        retriever: Finds documents (BM25 by default): one of ours (:func:`open_retriever`), or any that has the protocol, a memory for
            instance. The oracle needs no search and its retrieval is not scored.
        reader: Answers from what was retrieved; None scores retrieval alone and calls no model.
        config: The paper's constants and our choices.
        seed: Of the reader and the bootstrap.
        as_published: True, or a set of erratum ids, brings published faults back.
        run: A run folder to record and resume in; without one nothing is kept.
        concurrency: Questions worked on at once.

    Raises:
        UsageError: Nobody with documents, communities at several levels or of one name, an answer with more items than
            ``k`` for the oracle, or a retriever that gives what it was not given.
    """
    listed = [communities] if isinstance(communities, Community) else list(communities)
    noise = _one_noise(listed)
    retriever = BM25Retriever() if retriever is None else retriever
    work = _Work(retriever, reader, config, seed, noise, published_faults(as_published, ERRATA), run, concurrency)
    if run is not None and reader is not None:
        run.add_prompts(STEPS)
    cases = await _cases(work, listed)
    read = await work.map("questions", cases, lambda case: _answered(work, case), lambda case: case.id)
    return PersonaBenchResult(
        questions=tuple(_scored(work, read)),
        noise=noise,
        k=config.k,
        retriever=retriever.name,
        reader="" if reader is None else reader.name,
        missing=config.missing,
        alphabet=config.alphabet,
        seed=seed,
        faults=work.faults,
    )


@dataclass
class _Work:
    """What every step of one run shares."""

    retriever: Retriever | Oracle
    reader: ChatModel | None
    config: PersonaBenchConfig
    seed: int
    noise: float
    faults: frozenset[str]
    run: Run | DryRun | None
    concurrency: int

    async def map(
        self, stage: str, items: Sequence[T], work: Callable[[T], Awaitable[R]], key: Callable[[T], str]
    ) -> list[R]:
        """Work on all items, counted in the run when there is one; results in order, failures inside them."""
        name = f"personabench.{stage}.{self.noise}"
        return await map_kept(self.run, name, items, work, key=key, failure=_failure, concurrency=self.concurrency)


def _failure(result: object) -> Failure | None:
    if isinstance(result, _Read):
        return result.failure
    return result if isinstance(result, Failure) else None


@dataclass(frozen=True)
class _Case:
    """One question with the documents of whoever asks it, and who searches them (or why nobody can)."""

    community: str
    person: Person
    question: Question
    searcher: Searcher | Failure | None

    @property
    def id(self) -> str:
        return f"{self.community}/{self.question.id}"


@dataclass(frozen=True)
class _Read:
    """What came of one case: segments found, and the reader's words."""

    case: _Case
    retrieved: tuple[str, ...] | None = None
    prediction: str | None = None
    failure: Failure | None = None


def _one_noise(communities: Sequence[Community]) -> float:
    levels = sorted({community.noise for community in communities})
    if len(levels) != 1:
        raise UsageError(f"a run is at one level of noise, found {levels or 'no community'}")
    if len({community.name for community in communities}) < len(communities):
        raise UsageError("the communities of a run need different names")
    return levels[0]


# --- step 2: one corpus a person; nothing but the documents goes in ---


async def _cases(work: _Work, communities: Sequence[Community]) -> list[_Case]:
    people = [(c.name, person) for c in communities for person in c.tested(work.config.num_people)]
    if not people:
        raise UsageError(f"nobody among the first {work.config.num_people} people has documents")
    fitted = await work.map(
        "documents", people, lambda one: _fitted(work, one[1]), lambda one: "/".join([one[0], one[1].name])
    )
    cases = [
        _Case(name, person, question, searcher)
        for (name, person), searcher in zip(people, fitted, strict=True)
        for question in person.questions
        if question.category is not None
    ]
    if isinstance(work.retriever, Oracle):  # an answer with too many items is told before anybody is asked
        for case in cases:
            gt_context(case.question, work.config.k)
    return cases


async def _fitted(work: _Work, person: Person) -> Searcher | Failure | None:
    if isinstance(work.retriever, Oracle):
        return None
    try:
        return await work.retriever.fit(person.name, person.chunks)
    except RemoteError as error:
        return Failure("error", f"the documents could not be taken in: {error}", person.name)


# --- steps 3 to 5: retrieval and answer ---


async def _answered(work: _Work, case: _Case) -> _Read:
    if isinstance(case.searcher, Failure):
        return _Read(case, failure=replace(case.searcher, where=case.id))
    try:
        passages = await _passages(work, case)
    except RemoteError as error:
        return _Read(case, failure=Failure("error", f"nothing could be retrieved: {error}", case.id))
    found = tuple(dict.fromkeys(segment for passage in passages for segment in passage.segments))[: work.config.k]
    if work.reader is None:
        return _Read(case, found)
    inputs = {"passages": _shown(work, passages), "question": case.question.question}
    answer = await READ.ask(work.reader, inputs, item=case.id, asks=work.config.asks, read=read_answer, seed=work.seed)
    return _Read(case, found, None if answer.values is None else str(answer["answer"]), answer.failure)


async def _passages(work: _Work, case: _Case) -> list[Passage]:
    k = work.config.k
    if case.searcher is None:
        chunks = {chunk.id: chunk for chunk in case.person.chunks}
        return [passage_of(chunks[id]) for id in gt_context(case.question, k, repeat=True)]
    assert not isinstance(case.searcher, Failure)
    passages = list(await case.searcher.top(case.question.question, k))
    known = {chunk.id for chunk in case.person.chunks}
    strange = [segment for passage in passages for segment in passage.segments if segment not in known]
    if strange or len(passages) > k:
        found = f"segment {shorten(strange[0])}" if strange else f"{len(passages)} passages"
        raise UsageError(
            f"the retriever {work.retriever.name} must give at most {k} passages from the documents of "
            f"{case.person.name}, found {found}"
        )
    return passages


def _shown(work: _Work, passages: Sequence[Passage]) -> list[str]:
    texts = [passage.text for passage in passages]
    return [printed_array(texts)] if "printed-chunks" in work.faults and texts else texts


# --- steps 6 to 9: scores ---


def _scored(work: _Work, read: Sequence[_Read]) -> list[QuestionResult]:
    """All questions in order: with the erratum ``integer-answers`` a whole number leaves the gold words of the question
    before it in place (and its outdated words likewise); the first question has none before it and keeps its own.
    """
    before: dict[str, frozenset[str]] = {}

    def gold(kind: str, value: Any) -> frozenset[str]:
        stale = "integer-answers" in work.faults and isinstance(value, int) and kind in before
        if not stale:
            before[kind] = answer_words(value, work.config.alphabet, work.config.object_keys)
        return before[kind]

    return [_score(work, one, gold) for one in read]


def _score(work: _Work, read: _Read, gold: Callable[[str, Any], frozenset[str]]) -> QuestionResult:
    question, config = read.case.question, work.config
    result = QuestionResult(
        id=read.case.id,
        person=read.case.person.name,
        question=question.question,
        answer=question.answer,
        type=question.type,
        difficulty=question.difficulty,
        category=question.category or "",
        items=dict(question.items or {}),
        retrieved=read.retrieved or (),
        prediction=read.prediction,
        outdated=question.outdated,
        failures=() if read.failure is None else (read.failure,),
    )
    found = () if read.retrieved is None and config.missing == "zero" else read.retrieved
    if found is not None and not isinstance(work.retriever, Oracle):
        scores = retrieval_scores(found, result.items.values(), config.k)
        result = replace(result, recall=scores.recall, ndcg=scores.ndcg)
    return result if work.reader is None else _with_words(result, config, gold)


def _with_words(
    result: QuestionResult, config: PersonaBenchConfig, gold: Callable[[str, Any], frozenset[str]]
) -> QuestionResult:
    wanted = gold("answer", result.answer)
    old = None if result.outdated is None else gold("outdated", result.outdated)
    if not wanted:
        reason = f"the answer has no {config.alphabet} word to be compared with; use alphabet=any"
        return replace(result, failures=(*result.failures, Failure("missing", reason, result.id)))
    if result.prediction is None and config.missing == "drop":
        return result
    said = word_set(result.prediction or "", config.alphabet)
    scores = word_scores(wanted, said)
    return replace(
        result,
        precision=scores.precision,
        word_recall=scores.recall,
        f1=scores.f1,
        outdated_recall=None if old is None else word_scores(old, said).recall,
    )


def plan_calls(communities: Sequence[Community], config: PersonaBenchConfig = PersonaBenchConfig()) -> dict[str, int]:
    """How many calls the reader gets."""
    people = [person for community in communities for person in community.tested(config.num_people)]
    return {READ.name: sum(q.category is not None for person in people for q in person.questions)}


async def _example(model: ChatModel, seed: int) -> list[dict[str, Any]]:
    result = await run_personabench(load_example(), reader=model, config=PersonaBenchConfig(k=2), seed=seed)
    return result.rows()


def _first_inputs() -> Mapping[str, Any]:
    person = load_example().people[0]
    return {"passages": [chunk.text for chunk in person.chunks[:2]], "question": person.questions[0].question}


CONTRACT = Contract(
    example=_example,
    steps=STEPS,
    first=(READ.name, _first_inputs()),
    load=QuestionResult.from_row,
    save=QuestionResult.as_row,
)
