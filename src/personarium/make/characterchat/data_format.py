"""The published files of the bank, one JSON object a line: types, profiles, second-person profiles.

Source: characterchat page, "Data formats". Differs: as published the profile script writes its merged output under another
name than the next script reads; here both names are the caller's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.make.characterchat.type_letters import type_descriptions
from personarium.play.characterchat.characters import Character, plain_text, texts_of
from personarium.play.characterchat.data_format import iter_lines


def type_rows() -> list[dict[str, str]]:
    """Rows of ``mbti_list.json``."""
    return [{"type": name, "description": text} for name, text in type_descriptions().items()]


def profile_rows(characters: Iterable[Character]) -> list[dict[str, Any]]:
    """Rows of ``profile_output.json``: the profile as it was invented, and enriched."""
    return [
        {"index": c.index, "mbti": c.type, "profile": dict(c.draft), "filled_profile": dict(c.profile)}
        for c in characters
    ]


def rendered_rows(characters: Iterable[Character]) -> list[dict[str, Any]]:
    """Rows of ``profile_trans_output.json``: statements and the profile in the second person."""
    return [
        {
            "index": c.index,
            "mbti": c.type,
            "profile": dict(c.profile),
            "seeker_statement": c.seeker_statement,
            "supporter_statement": c.supporter_statement,
            "profile_trans": dict(c.aspects),
        }
        for c in characters
    ]


def read_rendered(path: str | Path) -> list[Character]:
    """The characters of a ``profile_trans_output.json``.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, line and field.
    """
    return [_character(row, where) for where, row in iter_lines(path)]


def _character(row: Mapping[str, Any], where: str) -> Character:
    index = row.get("index")
    if isinstance(index, bool) or not isinstance(index, int) or index < 0:
        raise InvalidInput(where, "a whole number from 0", index, "index")
    return Character(
        index,
        plain_text(row, "mbti", where),
        texts_of(row, "profile", where),
        plain_text(row, "seeker_statement", where),
        plain_text(row, "supporter_statement", where),
        texts_of(row, "profile_trans", where),
    )
