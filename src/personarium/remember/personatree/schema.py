"""The fixed schema of human attributes: the trunk of every tree, shipped as data in English and Chinese.

Source: personatree page, step 1 and "Works when" 1; MemTensor/InsideOut (Apache-2.0).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.remember.personatree.tree import Tree, copy_tree, leaves, read_tree
from personarium.text.similarity import nearest

SHIPPED = {"en": "human_tree_en.json", "zh": "human_tree_zh.json"}
LARGEST_FILE = 4_000_000  # bytes


@dataclass(frozen=True)
class Schema:
    """A tree of empty leaves.

    Args:
        name: ``en``, ``zh``, or the file it was read from.
        skeleton: The nested dict; use :meth:`empty` for one that may be changed.
    """

    name: str
    skeleton: Mapping[str, Any] = field(repr=False)

    def empty(self) -> Tree:
        """A new tree in which every leaf is empty."""
        return copy_tree(self.skeleton)

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """Full paths of the leaves, in order."""
        return tuple(path for path, _ in leaves(self.skeleton))

    @property
    def roots(self) -> tuple[str, ...]:
        """Keys of the first level."""
        return tuple(self.skeleton)

    @property
    def branches(self) -> tuple[str, ...]:
        """Paths of the second level."""
        return tuple(f"{root}.{key}" for root, node in self.skeleton.items() for key in node)

    def find(self, name: str) -> str:
        """The full path of a leaf that is given by its path or by its last element.

        Raises:
            NotFound: When there is no such leaf.
            UsageError: When several leaves end in that element: only the full path says which.
        """
        if name in self._by_end.get(name.rpartition(".")[2], ()):
            return name
        found = self._by_end.get(name, ())
        if len(found) > 1:
            raise UsageError(f"'{name}' is the last element of {len(found)} leaves ({', '.join(found)}); give the path")
        if not found:
            near = nearest(name, self._by_end, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise NotFound(f"the schema {self.name} has no leaf '{name}'{hint}")
        return found[0]

    @property
    def repeated(self) -> tuple[str, ...]:
        """Last elements that several leaves share, in order of their first leaf."""
        return tuple(end for end, paths in self._by_end.items() if len(paths) > 1)

    @cached_property
    def _by_end(self) -> dict[str, tuple[str, ...]]:
        ends: dict[str, tuple[str, ...]] = {}
        for path in self.leaves:
            end = path.rpartition(".")[2]
            ends[end] = (*ends.get(end, ()), path)
        return ends


@lru_cache(maxsize=16)
def load_schema(name: str = "en") -> Schema:
    """A schema by name (``en``, ``zh``) or from a JSON file of one's own, in which every leaf is "".

    Raises:
        NotFound: When there is no such file.
        InvalidInput: When it is no tree of empty leaves.
    """
    if name in SHIPPED:
        text = (files(__package__) / "data" / SHIPPED[name]).read_text(encoding="utf-8")
    else:
        text = _read_file(Path(name))
    try:
        tree = read_tree(json.loads(text), name)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(name, f"a JSON tree ({error})") from error
    said = next((path for path, value in leaves(tree) if value), None)
    if said is not None:
        raise InvalidInput(name, "a schema, in which every leaf is an empty text", said)
    return Schema(name, tree)


def _read_file(path: Path) -> str:
    if not path.is_file():
        raise NotFound(f"there is no schema file {path}; the shipped schemas are {', '.join(SHIPPED)}")
    if path.stat().st_size > LARGEST_FILE:
        raise InvalidInput(str(path), f"a file of at most {LARGEST_FILE:,} bytes", path.stat().st_size)
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(str(path), "UTF-8 text") from error
