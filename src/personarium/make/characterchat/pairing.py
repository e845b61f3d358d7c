"""Who meets whom: each character as seeker with so many others as supporters.

Source: characterchat page, step 3. Differs: as published the pairing cannot write its file; :func:`write_pairs` writes it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path

from personarium.core.errors import InvalidInput, UsageError
from personarium.core.files import existing, parse_json, read_text, replacing

PARTNERS = 10
Pairs = dict[int, tuple[int, ...]]


def pair(count: int, partners: int = PARTNERS, seed: int = 0) -> Pairs:
    """Seeker -> its supporters, drawn without the seeker itself and without repeats.

    Args:
        count: Characters, with the indices 0 to count - 1.
        partners: Supporters of each.
        seed: The same seed gives the same pairs.

    Raises:
        UsageError: There are not so many others.
    """
    if count < 1 or partners < 1:
        raise UsageError(f"count and partners must be at least 1, found {count} and {partners}")
    if partners > count - 1:
        raise UsageError(f"{count} characters: each has only {count - 1} others to meet, and {partners} are asked for")
    rng = random.Random(seed)
    drawn: Pairs = {}
    for seeker in range(count):
        # Out of one place fewer; whatever is at or behind the seeker moves up by one.
        places = rng.sample(range(count - 1), partners)
        drawn[seeker] = tuple(place + (place >= seeker) for place in places)
    return drawn


def listed(pairs: Mapping[int, tuple[int, ...]]) -> list[tuple[int, int]]:
    """All (seeker, supporter), in order."""
    return [(seeker, supporter) for seeker, supporters in pairs.items() for supporter in supporters]


def write_pairs(pairs: Mapping[int, tuple[int, ...]], path: str | Path) -> Path:
    """Write ``dial_list.json``: one object, seeker as text -> list of supporters."""
    path = Path(path)
    with replacing(path) as scratch:
        scratch.write_text(json.dumps({str(k): list(v) for k, v in pairs.items()}), encoding="utf-8")
    return path


def read_pairs(path: str | Path) -> Pairs:
    """Read a ``dial_list.json``.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming the file and the seeker.
    """
    path = existing(path)
    data = parse_json(read_text(path, "a JSON object of pairs"), str(path))
    if not isinstance(data, Mapping):
        raise InvalidInput(str(path), "an object: seeker -> list of supporters", data)
    return {_seeker(key, str(path)): _supporters(key, value, str(path)) for key, value in data.items()}


def _seeker(key: str, where: str) -> int:
    if not key.isdecimal() or len(key) > 9:
        raise InvalidInput(where, "the index of a seeker", key)
    return int(key)


def _supporters(key: str, value: object, where: str) -> tuple[int, ...]:
    whole = isinstance(value, list) and all(type(v) is int and v >= 0 for v in value)
    if not isinstance(value, list) or not whole or len(set(value)) < len(value) or _seeker(key, where) in value:
        raise InvalidInput(where, "a list of other characters' indices, each once", value, key)
    return tuple(value)
