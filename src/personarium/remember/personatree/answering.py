"""Answering from the tree: at once (fast), or with the raw conversations where the tree is not enough (agentic).

Source: personatree page, steps 8 and 9, "Traps".
Differs: conversations are searched when a model says that the tree is not enough, when no answer could be read, or when the user asks
for detail; the published evaluation searches exactly when the gold answer is missing from the first one (``gold-trigger``). A call
that failed is a failure; published, it is the answer "(c)" (``failed-call-c``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from personarium.core.chat import ChatModel
from personarium.core.errata import Published
from personarium.core.errors import UsageError
from personarium.core.results import Failure, count_failures
from personarium.models.step import Answer
from personarium.remember.personatree.errata import faults
from personarium.remember.personatree.segmentation import Chunk, Turn, segment
from personarium.remember.personatree.steps import ANSWER, ENOUGH, LETTERS, REWRITE, dialogue_lines, read_tagged
from personarium.remember.personatree.tree import prune, tree_json
from personarium.text.form import Unparsed

if TYPE_CHECKING:
    from personarium.text.embed import Embedder, Vectors

Scorer = Callable[[str, Sequence[str]], Sequence[float]]
"""How well each text answers a question, higher is better: a cross-encoder, a reranking endpoint, or :class:`ByEmbedding`."""
PER_QUERY = 4
MOST_QUERIES = 3
_PUBLISHED_FALLBACK = "(c)"


@dataclass(frozen=True)
class AgenticConfig:
    """The constants of the agentic mode.

    Args:
        top_n: Excerpts that the last prompt shows: 4 (code).
        per_query: Excerpts of each query at most: 4 (code).
        queries: Rewritten queries at most: 3 (code; it asks for 2 to 3).
        as_published: ``gold-trigger``, ``failed-call-c``.

    Raises:
        UsageError: On values below 1, or an unknown erratum.
    """

    top_n: int = 4
    per_query: int = PER_QUERY
    queries: int = MOST_QUERIES
    as_published: Published = False

    def __post_init__(self) -> None:
        if min(self.top_n, self.per_query, self.queries) < 1:
            raise UsageError("top_n, per_query and queries must be at least 1")
        faults(self.as_published)


@dataclass(frozen=True)
class TreeAnswer:
    """An answer and how it was come by.

    Args:
        text: The answer; the letter for a question with options. None when no call gave one.
        mode: ``fast`` or ``agentic``.
        searched: Why conversations were searched; empty when they were not.
        queries: The rewritten queries.
        excerpts: Places of the excerpts in the index, best first.
        failures: Every call that gave nothing usable.
        calls: Model calls.
    """

    text: str | None
    mode: str
    searched: str = ""
    queries: tuple[str, ...] = ()
    excerpts: tuple[int, ...] = ()
    failures: tuple[Failure, ...] = ()
    calls: int = 0

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form, failures counted by kind."""
        return {
            "text": self.text,
            "mode": self.mode,
            "searched": self.searched,
            "queries": list(self.queries),
            "excerpts": list(self.excerpts),
            "failures": count_failures(self.failures),
            "calls": self.calls,
        }


@dataclass(frozen=True)
class ChunkIndex:
    """Conversations cut into chunks of one pair, searched by the dot product of embeddings of their JSON text.

    Args:
        chunks: In order.
        vectors: One row a chunk.
        embedder: What made them.
    """

    chunks: tuple[Chunk, ...]
    vectors: Vectors = field(repr=False)
    embedder: Embedder

    def search(self, query: str, n: int) -> list[int]:
        """Places of the ``n`` nearest chunks, nearest first; of equally near ones the earlier."""
        if not self.chunks or n < 1:
            return []
        scores = self.vectors @ self.embedder.embed([query])[0]
        return [int(place) for place in (-scores).argsort(kind="stable")[:n]]

    def text(self, place: int) -> str:
        """A chunk as JSON text."""
        return chunk_json(self.chunks[place])


@dataclass(frozen=True)
class ByEmbedding:
    """The default scorer: the cosine of question and text."""

    embedder: Embedder

    def __call__(self, question: str, texts: Sequence[str]) -> list[float]:
        """One cosine a text."""
        rows = self.embedder.embed([question, *texts])
        return [float(score) for score in rows[1:] @ rows[0]]


def chunk_json(chunk: Chunk) -> str:
    """Role and content of a chunk's messages as JSON text."""
    plain = [{"role": turn["role"], "content": turn["content"]} for turn in chunk]
    return json.dumps(plain, ensure_ascii=False)


def index_messages(messages: Sequence[Turn], embedder: Embedder | None = None) -> ChunkIndex:
    """The index of a history. Give it only what was said before the question.

    Args:
        messages: ``{role, content}`` in order.
        embedder: The static one by default.
    """
    from personarium.text.embed import StaticEmbedder

    used = embedder if embedder is not None else StaticEmbedder()
    chunks = tuple(segment(messages, max_pairs=1))
    return ChunkIndex(chunks, used.embed([chunk_json(chunk) for chunk in chunks]), used)


async def answer_fast(
    question: str,
    tree: Mapping[str, Any],
    model: ChatModel,
    *,
    options: Sequence[str] = (),
    as_published: Published = False,
    item: str = "",
    seed: int | None = None,
) -> TreeAnswer:
    """Step 8: answer from the pruned tree with one call.

    Args:
        question: What is asked.
        tree: The user's tree.
        model: Who answers.
        options: Replies to choose from; the answer is then a letter, ``a`` for the first.
        as_published: ``failed-call-c``.
        item: Label of the call.
        seed: The run's seed.
    """
    found = await _answer(question, tree, model, options, "", item, seed)
    return _finished(found, TreeAnswer(None, "fast", calls=found.asks), options, faults(as_published))


async def answer_agentic(
    question: str,
    tree: Mapping[str, Any],
    index: ChunkIndex,
    model: ChatModel,
    *,
    options: Sequence[str] = (),
    detail: bool = False,
    scorer: Scorer | None = None,
    gold: str | None = None,
    config: AgenticConfig = AgenticConfig(),
    item: str = "",
    seed: int | None = None,
) -> TreeAnswer:
    """Step 9: answer from the tree; where it is not enough, search the conversations and answer from both.

    Args:
        question: What is asked.
        tree: The user's tree.
        index: The conversations before the question.
        model: Who answers, judges whether the tree is enough, and rewrites queries.
        options: Replies to choose from.
        detail: The user asks for detail: search in any case.
        scorer: Reranks the excerpts against the original question; cosines by default.
        gold: The right answer; may be given with the erratum ``gold-trigger`` only, and is never shown to a model.
        config: The constants.
        item: Label of the calls.
        seed: The run's seed.

    Raises:
        UsageError: When a gold answer is given without the erratum, or the erratum is on without one.
    """
    on = faults(config.as_published)
    if (gold is not None) != ("gold-trigger" in on):
        raise UsageError("a gold answer and the erratum 'gold-trigger' go together: without it no label is looked at")
    first = await _answer(question, tree, model, options, "", item, seed)
    so_far = TreeAnswer(None, "agentic", calls=first.asks)
    if gold is not None:
        why = "" if _contains(first, gold) else "the gold answer is missing"
    elif detail:
        why = "the user asks for detail"
    else:
        why, so_far = await _why_more(first, question, options, tree, model, so_far, item, seed)
    if not why:
        return _finished(first, so_far, options, on)
    so_far = await _retrieved(question, tree, index, model, scorer, config, so_far, item, seed)
    shown = "\n".join(dialogue_lines(index.chunks[place]) for place in so_far.excerpts)
    # The second answer is a new sample: without excerpts its prompt is that of the first.
    last = await _answer(question, tree, model, options, shown, item, seed, sample=1)
    so_far = replace(so_far, searched=why, calls=so_far.calls + last.asks)
    return _finished(last, so_far, options, on)


async def _answer(
    question: str,
    tree: Mapping[str, Any],
    model: ChatModel,
    options: Sequence[str],
    excerpts: str,
    item: str,
    seed: int | None,
    sample: int = 0,
) -> Answer:
    if options and not 2 <= len(options) <= len(LETTERS):
        raise UsageError(f"a question has from 2 to {len(LETTERS)} options, found {len(options)}")
    lines = [f"({letter}) {' '.join(text.split())}" for letter, text in zip(LETTERS, options, strict=False)]
    inputs = {
        "memory": tree_json(prune(tree)),
        "question": question,
        "options": "\n".join(lines),
        "excerpts": excerpts,
    }
    read = _letter_reader(inputs, len(options)) if options else None
    return await ANSWER.ask(model, inputs, item=item or None, sample=sample, read=read, seed=seed)


def _letter_reader(inputs: Mapping[str, Any], count: int) -> Callable[[str], dict[str, Any] | Unparsed]:
    form = ANSWER.form_for(inputs)
    assert form is not None
    name = form.holes[0].name

    def read(reply: str) -> dict[str, Any] | Unparsed:
        tagged = read_tagged(reply)
        if tagged is not None:
            return {"answer": tagged} if tagged in LETTERS[:count] else Unparsed("no option has that letter", reply)
        found = form.read(reply)
        return found if isinstance(found, Unparsed) else {"answer": found[name]}

    return read


async def _why_more(
    first: Answer,
    question: str,
    options: Sequence[str],
    tree: Mapping[str, Any],
    model: ChatModel,
    so_far: TreeAnswer,
    item: str,
    seed: int | None,
) -> tuple[str, TreeAnswer]:
    """Why the tree is not enough ("" when it is), without any label; a check that failed searches, to be on the safe side."""
    if first.failure is not None:
        return "no answer could be read", replace(so_far, failures=(*so_far.failures, first.failure))
    said = options[LETTERS.index(first["answer"])] if options else first["answer"]
    inputs = {"memory": tree_json(prune(tree)), "question": question, "response": said}
    checked = await ENOUGH.ask(model, inputs, item=item or None, seed=seed)
    so_far = replace(so_far, calls=so_far.calls + checked.asks)
    if checked.failure is not None:
        return "the check failed", replace(so_far, failures=(*so_far.failures, checked.failure))
    return ("" if checked["enough"] else "the model says that the tree is not enough"), so_far


async def _retrieved(
    question: str,
    tree: Mapping[str, Any],
    index: ChunkIndex,
    model: ChatModel,
    scorer: Scorer | None,
    config: AgenticConfig,
    so_far: TreeAnswer,
    item: str,
    seed: int | None,
) -> TreeAnswer:
    """Steps 9b to 9e: rewrite, search for every query, drop repeats, rerank against the original question."""
    inputs = {"memory": tree_json(prune(tree)), "question": question}
    found = await REWRITE.ask(model, inputs, item=item or None, seed=seed)
    queries = tuple(str(query) for query in found["items"][: config.queries]) if found.failure is None else ()
    failed = found.failure or (None if queries else Failure("empty", "no query was written", item, found.replies))
    failures = so_far.failures if failed is None else (*so_far.failures, failed)
    places: dict[int, None] = {}
    for query in (question, *queries):
        places.update(dict.fromkeys(index.search(query, min(config.top_n, config.per_query))))
    ranked = _reranked(question, list(places), index, scorer)[: config.top_n]
    return replace(so_far, queries=queries, excerpts=tuple(ranked), failures=failures, calls=so_far.calls + found.asks)


def _reranked(question: str, places: Sequence[int], index: ChunkIndex, scorer: Scorer | None) -> list[int]:
    if not places:
        return []
    used = scorer if scorer is not None else ByEmbedding(index.embedder)
    scores = list(used(question, [index.text(place) for place in places]))
    if len(scores) != len(places):
        raise UsageError(f"the scorer gave {len(scores)} scores for {len(places)} excerpts")
    order = sorted(range(len(places)), key=lambda number: -scores[number])
    return [places[number] for number in order]


def _contains(first: Answer, gold: str) -> bool:
    said = first.text if first.failure is None else _PUBLISHED_FALLBACK
    return gold.strip("() ").casefold() in said.casefold()


def _finished(found: Answer, so_far: TreeAnswer, options: Sequence[str], on: frozenset[str]) -> TreeAnswer:
    if found.failure is None:
        return replace(so_far, text=str(found["answer"]))
    if "failed-call-c" in on and options:
        return replace(so_far, text="c")
    return replace(so_far, failures=(*so_far.failures, found.failure))
