"""Published threads: the nested comment tree, read with its authors' profiles.

Source: synthpai page, "Data formats" (``thread_<attribute>_<n>.json``).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.files import existing, parse_json, read_text
from personarium.make.synthpai.tree import Comment, Tag, Tree, rebuilt

HARDNESS = ("direct", "indirect", "complicated")
MOST_COMMENTS = 20_000


def read_thread(path: str | Path) -> tuple[Tree, dict[str, dict[str, Any]]]:
    """A published thread: its tree (in reading order) and the profile of each author.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming the file and the field (``children[0].text``).
    """
    path = existing(path)
    return thread_from_dict(parse_json(read_text(path, "a thread as JSON"), str(path)), str(path))


def thread_from_dict(data: object, where: str = "thread") -> tuple[Tree, dict[str, dict[str, Any]]]:
    """As :func:`read_thread`, from the parsed object."""
    comments: list[Comment] = []
    profiles: dict[str, dict[str, Any]] = {}
    waiting: list[tuple[object, int | None, str]] = [(data, None, "")]
    while waiting:
        node, parent, at = waiting.pop()
        row = _object(node, where, at or None)
        place = len(comments)
        if place >= MOST_COMMENTS:
            raise InvalidInput(where, f"a thread of at most {MOST_COMMENTS:,} comments", "more")
        comments.append(_comment(row, parent, comments, where, at))
        profiles.setdefault(comments[-1].author, dict(_object(row.get("profile", {}), where, f"{at}profile")))
        children = row.get("children", [])
        if not isinstance(children, list):
            raise InvalidInput(where, "a list of comments", children, f"{at}children")
        waiting += [(child, place, f"{at}children[{k}].") for k, child in reversed(list(enumerate(children)))]
    return rebuilt(comments), profiles


def _comment(row: Mapping[str, Any], parent: int | None, before: list[Comment], where: str, at: str) -> Comment:
    for name in ("author", "text"):
        if not isinstance(row.get(name), str) or not row[name].strip():
            raise InvalidInput(where, "a text that is not empty", row.get(name), f"{at}{name}")
    guesses = row.get("guesses", [])
    if not isinstance(guesses, list):
        raise InvalidInput(where, "a list of tags", guesses, f"{at}guesses")
    tags = [_tag(tag, where, f"{at}guesses[{k}]") for k, tag in enumerate(guesses)]
    comment = Comment(row["author"], row["text"], parent, 1 if parent is None else before[parent].depth + 1, tags=tags)
    if parent is not None:
        before[parent].children.append(len(before))
    return comment


def _tag(data: object, where: str, at: str) -> Tag:
    row = _object(data, where, at)
    guesses, grades = row.get("guesses"), row.get("model_eval", [])
    if not isinstance(row.get("feature"), str):
        raise InvalidInput(where, "the name of an attribute", row.get("feature"), f"{at}.feature")
    if not isinstance(guesses, list) or not isinstance(grades, list):
        raise InvalidInput(where, "lists of guesses and grades", guesses, f"{at}.guesses")
    certainty = row.get("certainty", 0)
    if isinstance(certainty, bool) or not isinstance(certainty, int):
        raise InvalidInput(where, "a whole number", certainty, f"{at}.certainty")
    return Tag(row["feature"], tuple(guesses), str(row.get("hardness", "")), certainty, tuple(grades))


def _object(value: object, where: str, field: str | None) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput(where, "an object", value, field)
    return value
