"""Does a fact matter for a question, and does an answer carry, miss or contradict it: estimators behind one protocol.

Three estimators: :class:`RuleOracle` (exact, for tests and calibration), :class:`JudgeEstimator` (a chat model) and
:class:`HeadEstimator` (a small trained head, no model call). :class:`CachedRelevance` around any of them computes the
relevance of a (statement, query) once.

Direction: all ask whether the *statement* follows from the *response* (which may say more), as the APC code does.

Source: Quantifying and Optimizing Global Faithfulness in Persona-driven Role-playing (arXiv 2405.07726), page apc.
"""

from __future__ import annotations

import asyncio
import io
import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast, runtime_checkable

from personarium.core.chat import ChatModel, Sampling
from personarium.core.errors import InvalidInput, NotFound
from personarium.core.results import Failure
from personarium.models.step import Step
from personarium.text.form import Form

if TYPE_CHECKING:
    from personarium.judges.entailment_features import Array, Sentence
    from personarium.text.embed import Embedder

RELEVANCE_LABELS = ("irrelevant", "relevant")  # the page's order: no, yes
NLI_LABELS = ("contradicted", "neutral", "entailed")  # the page's order
SUM_TOLERANCE = 1e-3  # page apc, "Works when" 3
ZERO_VECTOR_ERRATUM = "contradict-label"


class Triple(NamedTuple):
    """What a response does to a statement, as probabilities that sum to 1."""

    contradicted: float
    neutral: float
    entailed: float

    def check(self, where: str = "entailment") -> Triple:
        """This triple, if it is one.

        Raises:
            InvalidInput: A part outside [0, 1], or a sum further than 0.001 from 1.
        """
        if not all(0.0 <= part <= 1.0 for part in self):
            raise InvalidInput(where, "three probabilities in [0, 1]", tuple(self))
        if abs(math.fsum(self) - 1.0) > SUM_TOLERANCE:
            raise InvalidInput(where, "three probabilities that sum to 1", tuple(self))
        return self

    @property
    def label(self) -> str:
        """The most likely label; on a tie the first in the page's order."""
        return NLI_LABELS[max(range(3), key=self.__getitem__)]


CONTRADICTED, NEUTRAL, ENTAILED = Triple(1.0, 0.0, 0.0), Triple(0.0, 1.0, 0.0), Triple(0.0, 0.0, 1.0)
ONE_HOT = dict(zip(NLI_LABELS, (CONTRADICTED, NEUTRAL, ENTAILED), strict=True))
PUBLISHED_ZERO = Triple(0.0, 0.0, 0.0)  # what the published code makes of "contradicted"; only as_published gives it


@runtime_checkable
class EntailmentEstimator(Protocol):
    """Estimates relevance and entailment of statements; None stands where no estimate could be had, never a zero."""

    @property
    def name(self) -> str: ...

    async def relevance(self, statements: Sequence[str], query: str) -> list[float | None]:
        """P(relevant) of each statement for the query, in [0, 1]."""
        ...

    async def entailment(self, statements: Sequence[str], query: str, response: str) -> list[Triple | None]:
        """What the response to the query does to each statement."""
        ...


# -- rules -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeyedFact:
    """A statement whose key and value are known.

    Args:
        statement: The sentence as the estimators get it.
        key: What it is about, for instance ``home``.
        value: What it says of that.
        alternatives: Other values that the key could have; naming one of them contradicts the fact.
        asks: Words or phrases; a query that holds one asks for the key. None takes the key itself, ``_`` as blank.
    """

    statement: str
    key: str
    value: str
    alternatives: tuple[str, ...] = ()
    asks: tuple[str, ...] | None = None


# A denial word, and between it and the value no end of a clause ("No, I live in Rome", "not Rome but Paris").
_ARTICLE = re.compile(r"^(?:an?|the)\s+(?=\w)", re.IGNORECASE)
_DENIAL = re.compile(
    r"(?:\b(?:not|no(?!,)|never|neither|nor|without|hardly)\b|n['’]t\b)(?:(?!\bbut\b)[^.!?;:])*$", re.IGNORECASE
)


class RuleOracle:
    """Decides by keys and values alone: hard, deterministic labels for tests and calibration.

    Relevant: the query asks for the key. Entailed: the value occurs undenied. Contradicted: an alternative occurs
    undenied, or the value occurs denied (a denial word before it in its sentence). Both at once: contradicted.

    Args:
        facts: All statements it will be asked about.
        hit: The relevance it gives when the query asks for the key.
        miss: The relevance otherwise.
    """

    def __init__(self, facts: Sequence[KeyedFact], hit: float = 1.0, miss: float = 0.0) -> None:
        for name, value in (("hit", hit), ("miss", miss)):
            if not 0.0 <= value <= 1.0:
                raise InvalidInput("RuleOracle", "a probability in [0, 1]", value, name)
        self.name = "rule-oracle" if (hit, miss) == (1.0, 0.0) else f"rule-oracle:hit={hit:g},miss={miss:g}"
        self._facts = {fact.statement: fact for fact in facts}
        self._hit, self._miss = hit, miss

    async def relevance(self, statements: Sequence[str], query: str) -> list[float | None]:
        """``hit`` or ``miss`` for each statement; raises InvalidInput for a statement it was not told of."""
        return [self._hit if asks_for(self._fact(s), query) else self._miss for s in statements]

    async def entailment(self, statements: Sequence[str], query: str, response: str) -> list[Triple | None]:
        """A one-hot triple for each statement; raises InvalidInput for a statement it was not told of."""
        return [ONE_HOT[label_by_rule(self._fact(s), response)] for s in statements]

    def _fact(self, statement: str) -> KeyedFact:
        if statement not in self._facts:
            raise InvalidInput("RuleOracle", "a statement of its facts", statement)
        return self._facts[statement]


def asks_for(fact: KeyedFact, query: str) -> bool:
    """Whether a query holds one of the words that ask for the fact's key."""
    asks = (fact.key.replace("_", " "),) if fact.asks is None else fact.asks
    return any(_occurrences(word, query) for word in asks)


def label_by_rule(fact: KeyedFact, response: str) -> str:
    """``entailed``, ``neutral`` or ``contradicted`` for a fact with a known value (see :class:`RuleOracle`)."""
    value = _bare(fact.value)
    own = [_denied(response, start) for start in _occurrences(value, response)]
    other = [
        _denied(response, start)
        for alternative in map(_bare, fact.alternatives)
        for start in _occurrences(alternative, response)
        if not _inside(value, alternative)
    ]
    if any(own) or not all(other):
        return "contradicted"
    return "entailed" if own else "neutral"


def _bare(value: str) -> str:
    """A value without its article: "my tortoise" states the fact "a tortoise"."""
    return _ARTICLE.sub("", value)


def _occurrences(words: str, text: str) -> list[int]:
    return [m.start() for m in _whole(words).finditer(text)]


@lru_cache(maxsize=4096)
def _whole(words: str) -> re.Pattern[str]:
    """The words as a whole; kept, because re's own cache is too small for a lexicon."""
    return re.compile(rf"(?<!\w){re.escape(words)}(?!\w)", re.IGNORECASE)


def _inside(whole: str, part: str) -> bool:
    return bool(_occurrences(part, whole))


def _denied(text: str, start: int) -> bool:
    return _DENIAL.search(text[max(0, start - 200) : start]) is not None


# -- a chat model ------------------------------------------------------------------------------------------------------

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


# -- the trained head --------------------------------------------------------------------------------------------------


class HeadEstimator:
    """A small head on static embeddings and word matching: no model call, thousands of pairs a second.

    The response is read sentence by sentence; of each statement's sentences the one nearest to it decides (sentence
    maximum, statement -> response). A yes or no to a yes/no query counts as a sentence in the query's words.

    Measured (``accuracy`` has it all, with n and baselines). On statements and wordings new to it: relevance accuracy
    0.954 (AUC 0.982, most common label 0.500); NLI accuracy 0.920 (most common label 0.461), recall of contradicted
    0.875, neutral 0.982, entailed 0.861. Template text flatters it. On questions of real dialogues relevance has
    accuracy 0.821 (it misses three in ten of the relevant); on 60 triples written by hand NLI has 0.733 (most common
    label 0.350): four in ten of their contradictions are missed. Features were mended after looking at errors on bank B
    and on the 60, so both are on the bright side. It knows words, not the world: "a big steak every night" does not
    contradict a vegetarian.

    Args:
        names: Names of the character in the statements ("Alice likes tea"); without them a name that begins at least
            half of three or more statements is found by itself.
        folder: A folder of ``head.npz`` and ``meta.json`` as ``tools/train_entailment_head.py`` writes them; None is
            the shipped head.
        embedder: The embedder that the head was trained on; None is the static one.

    Raises:
        NotFound: ``folder`` holds no head.
        InvalidInput: The head's labels are not the expected ones, or it was trained on another embedder.

    Source: page apc, "Building the two estimators", step 5.
    Differs: the paper's students are two fine-tuned 300 M parameter transformers; this is a head of some thousand
        numbers, trained on template text, for machines without any model. Use a judge where accuracy matters.
    """

    def __init__(
        self, names: Sequence[str] = (), folder: str | Path | None = None, embedder: Embedder | None = None
    ) -> None:
        from personarium.judges.entailment_features import Reader, topic_vectors
        from personarium.text.embed import StaticEmbedder

        self._embedder = embedder or StaticEmbedder()
        self._head = _shipped() if folder is None else read_head(Path(folder))
        trained_on = self._head.meta["embedder"]
        if trained_on != self._embedder.name:
            raise InvalidInput("HeadEstimator", f"the embedder {trained_on}", self._embedder.name, "embedder")
        self.name = f"head/{self._head.meta['name']}@{self._head.meta['sha256'][:8]}"
        self._names = tuple(names)
        self._reader = Reader(self._embedder)
        self._topics = topic_vectors(self._embedder)

    @property
    def accuracy(self) -> dict[str, Any]:
        """What the head measured when it was trained, by held-out set (see the meta file for how each was made)."""
        return cast("dict[str, Any]", json.loads(json.dumps(self._head.meta["accuracy"])))

    async def relevance(self, statements: Sequence[str], query: str) -> list[float | None]:
        """P(relevant) of each statement."""
        return [float(p) for p in self.relevance_now(statements, query)]

    async def entailment(self, statements: Sequence[str], query: str, response: str) -> list[Triple | None]:
        """A triple for each statement."""
        return list(self.score_pairs(statements, [query] * len(statements), [response] * len(statements)))

    def relevance_now(self, statements: Sequence[str], query: str) -> list[float]:
        """As :meth:`relevance`, without awaiting."""
        from personarium.judges.entailment_features import layers, relevance_rows

        if not statements:
            return []
        *told, asked = self._reader.read([*self._own(statements), query])
        rows = relevance_rows(told, asked, self._topics)
        found = layers(rows, self._head.arrays, "relevance")
        return [float(p) for p in found[:, self._head.relevance_order[1]]]

    def score_pairs(self, statements: Sequence[str], queries: Sequence[str], responses: Sequence[str]) -> list[Triple]:
        """Triples of many independent (statement, query, response), made together; the quickest way for large sets.

        Raises:
            InvalidInput: The three are not of one length.
        """
        from personarium.judges.entailment_features import layers

        if not len(statements) == len(queries) == len(responses):
            raise InvalidInput("score_pairs", "as many statements as queries and responses", len(statements))
        if not statements:
            return []
        found = layers(self._nli_rows(statements, queries, responses), self._head.arrays, "nli")
        return [Triple(*map(float, row)) for row in found[:, self._head.nli_order]]

    def _nli_rows(self, statements: Sequence[str], queries: Sequence[str], responses: Sequence[str]) -> Array:
        import numpy as np

        from personarium.judges.entailment_features import nli_row, sentences

        parts: dict[tuple[str, str], list[str]] = {}
        for key in zip(responses, queries, strict=True):
            if key not in parts:
                parts[key] = sentences(*key)
        own = self._own(statements)
        texts = list(dict.fromkeys([*own, *queries, *(text for part in parts.values() for text in part)]))
        read: dict[str, Sentence] = dict(zip(texts, self._reader.read(texts), strict=True))
        candidates = {key: [read[text] for text in part] for key, part in parts.items()}
        return np.stack(
            [nli_row(read[s], candidates[r, q], read[q]) for s, q, r in zip(own, queries, responses, strict=True)],
        )

    def _own(self, statements: Sequence[str]) -> list[str]:
        from personarium.judges.entailment_features import first_person

        return first_person(statements, self._names)


@dataclass(frozen=True)
class Head:
    """A stored head: its arrays, what is known of it, and where each label's column stands."""

    arrays: dict[str, Any]
    meta: dict[str, Any]
    relevance_order: list[int]
    nli_order: list[int]


def read_head(folder: Path) -> Head:
    """Read a head; labels are found by name, so a head stored in another order gives the same probabilities.

    Raises:
        NotFound: A file is missing.
        InvalidInput: The stored labels are not the expected ones.
    """
    try:
        data, meta = (folder / "head.npz").read_bytes(), (folder / "meta.json").read_text(encoding="utf-8")
    except OSError as error:
        raise NotFound(f"{folder}: no entailment head; expected head.npz and meta.json there") from error
    return _head(data, json.loads(meta), str(folder))


@lru_cache(maxsize=1)
def _shipped() -> Head:
    folder = files("personarium.judges") / "data" / "entailment_head"
    data, meta = (folder / "head.npz").read_bytes(), (folder / "meta.json").read_text(encoding="utf-8")
    return _head(data, json.loads(meta), "the shipped head")


def _head(data: bytes, meta: dict[str, Any], where: str) -> Head:
    import numpy as np

    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        arrays: dict[str, Any] = dict(archive.items())
    orders = (
        label_order([str(x) for x in arrays.pop("relevance_labels")], RELEVANCE_LABELS, where),
        label_order([str(x) for x in arrays.pop("nli_labels")], NLI_LABELS, where),
    )
    return Head(arrays, meta, *orders)


def label_order(stored: Sequence[str], wanted: Sequence[str], where: str) -> list[int]:
    """For each wanted label its column among the stored ones.

    Raises:
        InvalidInput: The two are not the same set of names.
    """
    if sorted(stored) != sorted(wanted):
        raise InvalidInput(where, f"the labels {', '.join(wanted)}", list(stored), "labels")
    return [list(stored).index(label) for label in wanted]


# -- the cache ---------------------------------------------------------------------------------------------------------


class CachedRelevance:
    """Any estimator with its relevance kept: a second scoring of the same (statement, query) computes nothing.

    Scorings at the same time share one computation. What failed (None) is not kept. Entailment depends on the response
    and goes through.

    Args:
        inner: The estimator.
        limit: The most pairs kept; the oldest go first.

    Attributes:
        computed: How many relevances ``inner`` was asked for.
        reused: How many were answered without asking.
    """

    def __init__(self, inner: EntailmentEstimator, limit: int = 1_000_000) -> None:
        self.inner = inner
        self.name = inner.name
        self.computed = self.reused = 0
        self._limit = limit
        self._kept: dict[tuple[str, str], float] = {}
        self._underway: dict[tuple[str, str], asyncio.Future[dict[str, float | None]]] = {}

    async def relevance(self, statements: Sequence[str], query: str) -> list[float | None]:
        """As ``inner``, asked once for each new pair."""
        found: dict[str, float | None] = {}
        asked = 0
        while missing := [s for s in dict.fromkeys(statements) if s not in found]:
            found |= {s: self._kept[s, query] for s in missing if (s, query) in self._kept}
            new = [s for s in missing if s not in found and (s, query) not in self._underway]
            if new:
                found |= await self._compute(new, query)
                asked += len(new)
            waiting = [s for s in missing if s not in found]
            if waiting and (waiting[0], query) in self._underway:
                others = await asyncio.shield(self._underway[waiting[0], query])
                found |= {s: others[s] for s in waiting if s in others}
        self.reused += len(statements) - asked
        return [found[s] for s in statements]

    async def entailment(self, statements: Sequence[str], query: str, response: str) -> list[Triple | None]:
        """As ``inner``."""
        return await self.inner.entailment(statements, query, response)

    async def _compute(self, new: Sequence[str], query: str) -> dict[str, float | None]:
        future: asyncio.Future[dict[str, float | None]] = asyncio.get_running_loop().create_future()
        self._underway.update({(s, query): future for s in new})
        found: dict[str, float | None] = {}
        try:
            found = dict(zip(new, await self.inner.relevance(new, query), strict=True))
        finally:  # whoever waits learns what there is; after a failure it is empty and they ask themselves
            for s in new:
                del self._underway[s, query]
            future.set_result(found)
        self.computed += len(new)
        self._keep({(s, query): value for s, value in found.items() if value is not None})
        return found

    def _keep(self, found: Mapping[tuple[str, str], float]) -> None:
        self._kept.update(found)
        while len(self._kept) > self._limit:
            del self._kept[next(iter(self._kept))]
