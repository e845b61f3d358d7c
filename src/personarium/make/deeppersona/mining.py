"""Making a tree of attributes: mining paths from texts with a model, checking them, merging what means the same.

Source: deeppersona page, steps 1 to 4. Differs: the paper starts from 62,224 questions and answers of real users, here from any
texts that may be used; it does not state the similarity threshold, which is a parameter: with the static default embedder no
two attributes of the bundled tree, all of them meant to differ, reach 0.9.
Units: similarities are cosines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from personarium.core.chat import ChatModel
from personarium.core.errors import InvalidInput, UsageError
from personarium.core.results import Failure, count_failures
from personarium.make.deeppersona.steps import CHECK, LABEL, MINE
from personarium.make.deeppersona.taxonomy import (
    Taxonomy,
    category_of,
    check_path,
    leaf_name,
    nearest_category,
    words_of,
)
from personarium.runs.executors import AsyncioExecutor
from personarium.text.embed import Embedder, cosine, load_embedder
from personarium.text.similarity import letters_and_digits

if TYPE_CHECKING:
    from personarium.text.embed import Vectors

THRESHOLD = 0.9
ASKS = 2
LONGEST_TEXT = 20_000  # characters of a text that are read
TESTS = ("personal", "coherent", "right_level")


@dataclass(frozen=True)
class Merged:
    """What came of merging paths into a tree.

    Args:
        taxonomy: The tree with what was new.
        added: New leaves.
        same: Path that was offered -> the leaf it means the same as.
        moved: Path that was offered -> where it was put instead, because its parent stands elsewhere in the tree.
    """

    taxonomy: Taxonomy
    added: tuple[str, ...]
    same: Mapping[str, str]
    moved: Mapping[str, str]


@dataclass(frozen=True)
class Mined:
    """What came of mining texts.

    Args:
        merged: The tree and what became of each path.
        labels: Text id -> none, partly, fully.
        rejected: Why paths were not taken -> how many.
        failures: Everything that could not be read.
    """

    merged: Merged
    labels: Mapping[str, str]
    rejected: Mapping[str, int]
    failures: tuple[Failure, ...]

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row, JSON-ready."""
        yield {
            "id": "mined",
            "added": list(self.merged.added),
            "same": dict(self.merged.same),
            "moved": dict(self.merged.moved),
            "labels": dict(self.labels),
            "rejected": dict(sorted(self.rejected.items())),
            "failures": count_failures(self.failures),
        }


async def mine_taxonomy(
    texts: Mapping[str, str],
    model: ChatModel,
    base: Taxonomy,
    *,
    threshold: float = THRESHOLD,
    embedder: Embedder | None = None,
    seed: int = 0,
    asks: int = ASKS,
    concurrency: int = 20,
) -> Mined:
    """Mine attributes from texts and merge them into a tree.

    Args:
        texts: Id -> a text that may be used, for instance a question and its answer; only its beginning is read when it is
            longer than 20,000 characters.
        model: Who labels, mines and checks.
        base: The tree to grow.
        threshold: Cosine from which two attributes are one.
        embedder: Compares; the static default where it is None.
        seed: Of the model's draws.
        asks: Most times a question is put.
        concurrency: Texts at once.

    Raises:
        UsageError: A threshold that is none.
    """
    _check_threshold(threshold)

    async def one(item: tuple[str, str]) -> _Found:
        return await _mine(item[0], item[1][:LONGEST_TEXT], model, seed, asks)

    found = await AsyncioExecutor().map(list(texts.items()), one, concurrency=concurrency)
    rejected: Counter[str] = sum((text.rejected for text in found), Counter())
    merged = merge_paths(base, [path for text in found for path in text.paths], threshold, embedder)
    labels = {text.id: text.label for text in found if text.label}
    return Mined(merged, labels, dict(rejected), tuple(f for text in found for f in text.failures))


@dataclass
class _Found:
    id: str
    label: str
    paths: list[str]
    rejected: Counter[str]
    failures: list[Failure]


async def _mine(id: str, text: str, model: ChatModel, seed: int, asks: int) -> _Found:
    """Steps 1 to 3 for one text: is it personal, which paths, is each path what it should be."""
    found = _Found(id, "", [], Counter(), [])
    label = await LABEL.ask(model, {"text": text}, item=id, asks=asks, seed=seed)
    if label.failure is not None:
        found.failures.append(label.failure)
        return found
    found.label = str(label["personal"])
    if found.label == "none":
        return found
    mined = await MINE.ask(model, {"text": text}, item=id, asks=asks, seed=seed)
    if mined.failure is not None:
        found.failures.append(mined.failure)
        return found
    for entry in mined["items"]:
        path = path_of(entry["category"], entry["topic"], entry["attribute"])
        if path is None:
            found.rejected["no path"] += 1
        elif path not in found.paths:
            await _check(found, path, model, seed, asks)
    return found


async def _check(found: _Found, path: str, model: ChatModel, seed: int, asks: int) -> None:
    checked = await CHECK.ask(model, {"path": words_of(path)}, item=f"{found.id}/{path}", asks=asks, seed=seed)
    if checked.failure is not None:
        found.failures.append(checked.failure)
        return
    failed = next((test for test in TESTS if not checked[test]), None)
    if failed is None:
        found.paths.append(path)
    else:
        found.rejected[f"not {failed.replace('_', ' ')}"] += 1


def path_of(category: str, topic: str, attribute: str) -> str | None:
    """Three names as a path, equal neighbours as one step; None where a name cannot be one."""
    steps = [" ".join(str(step).split()).strip(" .") for step in (nearest_category(category), topic, attribute)]
    kept = [step[:1].upper() + step[1:] for step in steps]
    if letters_and_digits(kept[1]) == letters_and_digits(kept[2]):
        del kept[1]
    path = ".".join(kept)
    try:
        check_path(path, "path")
    except InvalidInput:  # what a model wrote is data; the caller counts it
        return None
    return path


# --- merging ---


def merge_paths(
    base: Taxonomy, paths: Iterable[str], threshold: float = THRESHOLD, embedder: Embedder | None = None
) -> Merged:
    """Merge paths into a tree: what means the same as a leaf is that leaf; a group that stands elsewhere is repaired.

    In order, each path is compared with the tree as it has grown by then. It is *the same* as a leaf whose name is
    spelt alike or, in the same category, has a cosine of at least ``threshold``. Otherwise, where its group is in the tree
    under another category, it is *moved* there. Then it is added.

    Args:
        base: The tree.
        paths: New paths.
        threshold: Cosine from which two attributes are one.
        embedder: Compares the names of leaves; the static default where it is None.

    Raises:
        UsageError: A threshold that is none.
    """
    _check_threshold(threshold)
    growing = _Growing(base, embedder or load_embedder(), threshold)
    for path in paths:
        growing.offer(path)
    tree = Taxonomy(tuple(growing.paths), base.sensitive, base.adult, base.where)
    return Merged(tree, tuple(growing.added), growing.same, growing.moved)


class _Growing:
    """A tree while paths are merged into it."""

    def __init__(self, base: Taxonomy, embedder: Embedder, threshold: float) -> None:
        self.paths, self.embedder, self.threshold = list(base.paths), embedder, threshold
        self.spelt = {_spelling(path): path for path in self.paths}
        self.groups = {_group(path): path.rpartition(".")[0] for path in self.paths if path.count(".") > 1}
        self.inner = {above for path in self.paths for above in _above(path)}
        self.added: list[str] = []
        self.same: dict[str, str] = {}
        self.moved: dict[str, str] = {}
        self.vectors: dict[str, tuple[list[str], list[Vectors]]] = {}
        self._embed(self.paths)

    def offer(self, path: str) -> None:
        known = self.spelt.get(_spelling(path)) or self._near(path)
        if known is not None:
            self.same[path] = known
            return
        put = self._repaired(path)
        if put in self.inner or any(above in self.paths for above in _above(put)):
            self.same[path] = put  # a name that is a group already, or below what is a leaf
            return
        if put != path:
            self.moved[path] = put
        self._add(put)

    def _add(self, path: str) -> None:
        self.paths.append(path)
        self.added.append(path)
        self.spelt[_spelling(path)] = path
        if path.count(".") > 1:
            self.groups.setdefault(_group(path), path.rpartition(".")[0])
        self.inner.update(_above(path))
        self._embed([path])

    def _near(self, path: str) -> str | None:
        paths, rows = self.vectors.get(category_of(path), ([], []))
        if not paths:
            return None
        import numpy as np

        close = cosine(self.embedder.embed([leaf_name(path)])[0], np.stack(rows))
        best = int(close.argmax())
        return paths[best] if close[best] >= self.threshold else None

    def _repaired(self, path: str) -> str:
        """The path under the parent that its group has in the tree."""
        if path.count(".") < 2:
            return path
        parent = self.groups.get(_group(path))
        return path if parent is None else f"{parent}.{leaf_name(path)}"

    def _embed(self, paths: Sequence[str]) -> None:
        for path, row in zip(paths, self.embedder.embed([leaf_name(path) for path in paths]), strict=True):
            known, rows = self.vectors.setdefault(category_of(path), ([], []))
            known.append(path)
            rows.append(row)


def _spelling(path: str) -> str:
    """What two paths share that are one but for spelling: the category, and the leaf's letters and digits."""
    return f"{category_of(path)}|{letters_and_digits(leaf_name(path))}"


def _group(path: str) -> str:
    """The letters and digits of the step above the leaf."""
    return letters_and_digits(path.split(".")[-2])


def _above(path: str) -> Iterator[str]:
    while "." in path:
        path = path.rpartition(".")[0]
        yield path


def _check_threshold(threshold: float) -> None:
    if not 0 < threshold <= 1:
        raise UsageError(f"a similarity threshold lies above 0 and is at most 1, found {threshold}")
