"""Lorebooks as they are written: the fields that the specifications require filled in, everything else kept.

Source: Character Card V2 (``character_book``) and V3 (Lorebook Fields, ``entries`` Fields). What a book does when it is
scanned stands in :mod:`personarium.core.cards.lore`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput, NotFound
from personarium.core.facets import Value, freeze, mapping, thaw
from personarium.core.files import check_text, parse_json

SPEC = "lorebook_v3"
MAX_BOOK_BYTES = 16 * 2**20
MAX_ENTRIES = 50_000
MAX_NOTES = 200  # of one book; the rest is counted
POSITIONS = ("before_char", "after_char")


def fill_book(book: object, version: int, where: str, at: str, notes: list[str]) -> dict[str, Value]:
    """A lorebook with the fields that the specifications require.

    Args:
        book: The ``character_book`` of a card in its frozen form (lists are tuples); unknown keys are kept.
        version: Of the card: ``use_regex`` came with 3, so an older card is not blamed for lacking it.
        where: File for messages.
        at: Place of the book in the file (``data.character_book``).
        notes: Gets one sentence for each field that was filled or left out, the field first.

    Raises:
        InvalidInput: Naming ``where`` and the field, when one has the wrong type or there are over 50,000 entries.
    """
    found: list[str] = []
    filled = _filled(mapping(book, where, at), _BOOK, 0, (version, where, at, found))
    entries = filled["entries"]
    if len(entries) > MAX_ENTRIES:
        raise InvalidInput(where, f"at most {MAX_ENTRIES:,} entries", f"{len(entries):,}", f"{at}.entries")
    filled["entries"] = tuple(
        _filled(mapping(entry, where, f"{at}.entries[{n}]"), _ENTRY, n, (version, where, f"{at}.entries[{n}]", found))
        for n, entry in enumerate(entries)
    )
    notes += found[:MAX_NOTES]
    if len(found) > MAX_NOTES:
        notes.append(f"{at}: {len(found) - MAX_NOTES:,} more fields of its entries were missing or null")
    return filled


def read_book(path: str | Path) -> tuple[Mapping[str, Value], tuple[str, ...]]:
    """A lorebook from a file of its own (``{"spec": "lorebook_v3", "data": ...}``), and what had to be filled in.

    Raises:
        NotFound: When there is no such file.
        InvalidInput: Naming file and field, when it is larger than 16 MiB or no such lorebook.
    """
    path = Path(path)
    if not path.is_file():
        raise NotFound(f"{path}: no such file")
    where, size = str(path), path.stat().st_size
    if size > MAX_BOOK_BYTES:
        raise InvalidInput(where, f"a lorebook of at most {MAX_BOOK_BYTES:,} bytes", f"{size:,} bytes")
    given = mapping(parse_json(check_text(path.read_bytes(), where, "a lorebook as JSON"), where), where, "lorebook")
    if given.get("spec") != SPEC:
        raise InvalidInput(where, SPEC, given.get("spec"), "spec")
    notes: list[str] = []
    book = fill_book(freeze(given.get("data"), where, "data"), 3, where, "data", notes)
    return book, tuple(notes)


# -- fields ------------------------------------------------------------------------------------------------------------

_Check = Callable[[Any], bool]
_Rule = tuple[_Check, str, Callable[[int], Value] | None, str]  # test, what is right, the default if required, its name


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool)


def _is_list(value: Any) -> bool:
    return isinstance(value, tuple)


def _is_texts(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(item, str) for item in value)


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_id(value: Any) -> bool:
    return _is_text(value) or _is_number(value)


def _optional(check: _Check, expected: str) -> _Rule:
    return check, expected, None, ""


_TEXT = _optional(_is_text, "text")
_NUMBER = _optional(_is_number, "a number")
_TRUTH = _optional(_is_truth, "true or false")
_EXTENSIONS: _Rule = (_is_object, "an object", lambda _: {}, "an empty object")

_BOOK: dict[str, _Rule] = {
    "extensions": _EXTENSIONS,
    "entries": (_is_list, "a list of entries", lambda _: (), "an empty list"),
    "name": _TEXT,
    "description": _TEXT,
    "scan_depth": _NUMBER,
    "token_budget": _NUMBER,
    "recursive_scanning": _TRUTH,
}
_ENTRY: dict[str, _Rule] = {
    "keys": (_is_texts, "a list of texts", lambda _: (), "an empty list"),
    "content": (_is_text, "text", lambda _: "", "an empty text"),
    "extensions": _EXTENSIONS,
    "enabled": (_is_truth, "true or false", lambda _: True, "true"),
    "insertion_order": (_is_number, "a number", lambda place: place, "its place in the list"),
    "use_regex": (_is_truth, "true or false", lambda _: False, "false"),
    "case_sensitive": _TRUTH,
    "constant": _TRUTH,
    "name": _TEXT,
    "priority": _NUMBER,
    "id": _optional(_is_id, "a number or text"),
    "comment": _TEXT,
    "selective": _TRUTH,
    "secondary_keys": _optional(_is_texts, "a list of texts"),
    "position": _TEXT,
}


def _filled(
    given: Mapping[str, Any], rules: dict[str, _Rule], place: int, about: tuple[int, str, str, list[str]]
) -> dict[str, Value]:
    """One object after its rules: checked, required fields there, null optional ones left out."""
    version, where, at, notes = about
    filled = dict(given)
    for name, (right, expected, default, words) in rules.items():
        value = given.get(name)
        if value is not None:
            if not right(value):
                raise InvalidInput(where, expected, thaw(value), f"{at}.{name}")
        elif default is not None:
            filled[name] = default(place)
            if name != "use_regex" or version > 2:
                notes.append(f"{at}.{name}: missing, filled with {words}")
        elif name in given:
            del filled[name]
            notes.append(f"{at}.{name}: null, left out")
    if rules is _ENTRY and filled.get("position", POSITIONS[0]) not in POSITIONS:
        notes.append(f"{at}.position: not {' or '.join(POSITIONS)}, taken for {POSITIONS[0]}")
    return filled
