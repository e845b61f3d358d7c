"""The files of the reference system: one tree, histories cut into chunks, and the two files of a batch.

Source: personatree page, "Data formats".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput, NotFound, StorageError
from personarium.remember.personatree.grammar import write_edits
from personarium.remember.personatree.segmentation import Chunk, Turn
from personarium.remember.personatree.tree import Tree, read_tree, tree_json
from personarium.remember.personatree.updating import Built

FINAL_TREES = "all_final_tree.json"
STEPS_FILE = "all_tmp_data.json"
LARGEST_FILE = 256_000_000  # bytes
_ROLES = ("system", "user", "assistant", "tool")


def save_tree(tree: Mapping[str, Any], path: str | Path) -> Path:
    """Write one tree as indented JSON."""
    return _write(tree_json(tree) + "\n", Path(path))


def load_tree(path: str | Path) -> Tree:
    """Read one tree.

    Raises:
        NotFound: When there is no such file.
        InvalidInput: When it is no nested object of texts.
    """
    return read_tree(_read(Path(path)), str(path))


def load_history(path: str | Path) -> list[Chunk]:
    """Read dialogue: a list of chunks, each a list of ``{role, content}``; or one list of messages, which is one chunk.

    Chunks are taken as they are, whether they repeat their system message or not.

    Raises:
        NotFound: When there is no such file.
        InvalidInput: Naming the chunk, the message and the field.
    """
    data = _read(Path(path))
    if not isinstance(data, list) or not data:
        raise InvalidInput(str(path), "a list of chunks of messages", data)
    rows = data if isinstance(data[0], list) else [data]
    return [_chunk(row, f"{path}, chunk {number}") for number, row in enumerate(rows, 1)]


def save_batch(built: Mapping[str, Built], folder: str | Path) -> Path:
    """Write ``all_final_tree.json`` and ``all_tmp_data.json`` of several users; user ids are keys in them, never paths."""
    folder = Path(folder)
    trees = {user: one.tree for user, one in built.items()}
    steps = {user: _steps(one) for user, one in built.items()}
    _write(json.dumps(trees, ensure_ascii=False, indent=2) + "\n", folder / FINAL_TREES)
    _write(json.dumps(steps, ensure_ascii=False, indent=2) + "\n", folder / STEPS_FILE)
    return folder


def load_final_trees(path: str | Path) -> dict[str, Tree]:
    """Read ``all_final_tree.json`` (or the folder that holds it): user id -> tree.

    Raises:
        NotFound: When there is no such file.
        InvalidInput: Naming the user whose tree is none.
    """
    path = Path(path)
    path = path / FINAL_TREES if path.is_dir() else path
    data = _read(path)
    if not isinstance(data, dict):
        raise InvalidInput(str(path), "an object of user ids and trees", data)
    return {user: read_tree(tree, f"{path}, user {user}") for user, tree in data.items()}


def _steps(built: Built) -> dict[str, Any]:
    rows = [
        {
            "dialogue": _plain(update.chunk),
            "operations": write_edits(one.edit for one in update.edits),
            "previous_tree": update.before,
            "updated_tree": update.tree,
            "step_success": update.failure is None,
        }
        for update in built.updates
    ]
    return {"final_chunks": [_plain(update.chunk) for update in built.updates], "mem_all_data": rows}


def _plain(chunk: Sequence[Turn]) -> list[dict[str, str]]:
    return [{"role": turn["role"], "content": turn["content"]} for turn in chunk]


def _chunk(row: Any, where: str) -> Chunk:
    if not isinstance(row, list):
        raise InvalidInput(where, "a list of messages", row)
    for number, turn in enumerate(row, 1):
        here = f"{where}, message {number}"
        if not isinstance(turn, dict) or turn.get("role") not in _ROLES:
            raise InvalidInput(here, f"one of {', '.join(_ROLES)}", turn, "role")
        if not isinstance(turn.get("content"), str):
            raise InvalidInput(here, "a text", turn.get("content"), "content")
    return list(row)


def _read(path: Path) -> Any:
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    if path.stat().st_size > LARGEST_FILE:
        raise InvalidInput(str(path), f"a file of at most {LARGEST_FILE:,} bytes", path.stat().st_size)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(str(path), f"JSON in UTF-8 ({error})") from error


def _write(text: str, path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path} could not be written: {error}") from error
    return path
