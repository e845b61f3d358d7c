"""Entailment by a small trained head: no model call."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from personarium.core.errors import InvalidInput, NotFound
from personarium.judges.entailment.triples import NLI_LABELS, RELEVANCE_LABELS, Triple

if TYPE_CHECKING:
    from personarium.judges.entailment.features import Array, Sentence
    from personarium.text.embed import Embedder


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
        from personarium.judges.entailment.features import Reader, topic_vectors
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
        from personarium.judges.entailment.features import layers, relevance_rows

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
        from personarium.judges.entailment.features import layers

        if not len(statements) == len(queries) == len(responses):
            raise InvalidInput("score_pairs", "as many statements as queries and responses", len(statements))
        if not statements:
            return []
        found = layers(self._nli_rows(statements, queries, responses), self._head.arrays, "nli")
        return [Triple(*map(float, row)) for row in found[:, self._head.nli_order]]

    def _nli_rows(self, statements: Sequence[str], queries: Sequence[str], responses: Sequence[str]) -> Array:
        import numpy as np

        from personarium.judges.entailment.features import nli_row, sentences

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
        from personarium.judges.entailment.features import first_person

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
