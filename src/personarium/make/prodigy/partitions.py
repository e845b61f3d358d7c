"""Which dialogues are trained on and which are tested: the published partitions, and makers of the same two protocols.

Inter-character: the characters that are tested never occur in training, the profile is all that is known of them.
Intra-character: the same characters occur in training and test with different dialogues.

Source: prodigy page, step 2 (the README's definition: the paper's abstract can be read the other way round).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from personarium.core.errors import InvalidInput, UsageError
from personarium.core.files import existing, parse_json, read_text

Protocol = Literal["inter", "intra"]
PARTS = ("train", "valid", "test")
LARGEST_FILE = 16 * 2**20  # bytes


@dataclass(frozen=True)
class Partitions:
    """Dialogue ids of the three parts; no id stands in two."""

    train: tuple[str, ...]
    valid: tuple[str, ...]
    test: tuple[str, ...]

    def __post_init__(self) -> None:
        self.check("partitions")

    def check(self, where: str) -> None:
        """Raise InvalidInput naming the part and the id that is there twice."""
        home: dict[str, str] = {}
        for part in PARTS:
            for id in getattr(self, part):
                if id in home:
                    raise InvalidInput(
                        where, f"an id in one list only (it is in {home[id]}_dialogues)", id, f"{part}_dialogues"
                    )
                home[id] = part

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Dialogues of each part."""
        return len(self.train), len(self.valid), len(self.test)

    def to_dict(self) -> dict[str, list[str]]:
        """The published form."""
        return {f"{part}_dialogues": list(getattr(self, part)) for part in PARTS}


def load_partitions(path: str | Path) -> Partitions:
    """Read ``inter_character_partitions.json`` or its sibling.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, list and value.
    """
    path = existing(path)
    data = parse_json(read_text(path, "a JSON object of partitions", LARGEST_FILE), str(path))
    lists = []
    for name in (f"{part}_dialogues" for part in PARTS):
        ids = data.get(name) if isinstance(data, dict) else None
        if not isinstance(ids, list):
            raise InvalidInput(str(path), "a list of dialogue ids", ids, name)
        odd = [id for id in ids if not isinstance(id, str) or not id]
        if odd:
            raise InvalidInput(str(path), "a dialogue id", odd[0], name)
        lists.append(tuple(ids))
    try:
        return Partitions(lists[0], lists[1], lists[2])
    except InvalidInput as error:
        raise InvalidInput(str(path), error.expected, error.found, error.field) from None


def make_partitions(
    targets: Mapping[str, Iterable[str]],
    protocol: Protocol,
    *,
    shares: tuple[float, float] = (0.1, 0.1),
    seed: int = 0,
) -> Partitions:
    """Divide dialogues.

    Args:
        targets: Dialogue id -> the annotated characters in it (at least one).
        protocol: ``inter`` or ``intra``.
        shares: Of dialogues for validation and test, as far as the protocol allows; 0.1 each, near the published sizes.
        seed: Of the division.

    Returns:
        Every id in one part. ``inter``: no character is in two parts, so dialogues that share characters stay together.
        ``intra``: every character of validation and test is in training too.

    Raises:
        UsageError: Shares that leave no training part, a dialogue without a character, or an unknown protocol.
    """
    valid, test = shares
    if min(shares) < 0 or valid + test >= 1:
        raise UsageError(f"shares of validation and test must leave a training part, found {valid} and {test}")
    sets = {id: frozenset(people) for id, people in targets.items()}
    empty = [id for id, people in sets.items() if not people]
    if empty:
        raise UsageError(f"dialogue {empty[0]} has no annotated character and belongs to no part")
    if protocol not in ("inter", "intra"):
        raise UsageError(f"the protocol is inter or intra, found '{protocol}'")
    rng = random.Random(f"{seed}|{protocol}")
    wanted = {"valid": round(valid * len(sets)), "test": round(test * len(sets))}
    return _inter(sets, wanted, rng) if protocol == "inter" else _intra(sets, wanted, rng)


def _inter(sets: Mapping[str, frozenset[str]], wanted: Mapping[str, int], rng: random.Random) -> Partitions:
    """Whole groups of dialogues that share characters, in random order, go where most dialogues are still wanted."""
    groups = _groups(sets)
    rng.shuffle(groups)
    parts: dict[str, list[str]] = {part: [] for part in PARTS}
    room = {"train": len(sets) - sum(wanted.values()), **wanted}
    for group in groups:
        part = max(PARTS, key=lambda name: room[name])
        parts[part] += group
        room[part] -= len(group)
    return _in_order(sets, parts)


def _groups(sets: Mapping[str, frozenset[str]]) -> list[list[str]]:
    """Dialogues that are joined by shared characters, directly or through others."""
    parent: dict[str, str] = {}

    def root(who: str) -> str:
        while parent.setdefault(who, who) != who:
            parent[who] = parent[parent[who]]
            who = parent[who]
        return who

    for people in sets.values():
        first, *others = sorted(people)
        for other in others:
            parent[root(other)] = root(first)
    groups: dict[str, list[str]] = {}
    for id, people in sets.items():
        groups.setdefault(root(min(people)), []).append(id)
    return list(groups.values())


def _intra(sets: Mapping[str, frozenset[str]], wanted: Mapping[str, int], rng: random.Random) -> Partitions:
    """Everything is training at first; a dialogue may leave it if each of its characters keeps another one there."""
    trained = Counter(who for people in sets.values() for who in people)
    parts: dict[str, list[str]] = {part: [] for part in PARTS}
    order = list(sets)
    rng.shuffle(order)
    for id in order:
        part = next((name for name in ("test", "valid") if len(parts[name]) < wanted[name]), "train")
        if part != "train" and all(trained[who] > 1 for who in sets[id]):
            trained.subtract(sets[id])
        else:
            part = "train"
        parts[part].append(id)
    return _in_order(sets, parts)


def _in_order(sets: Mapping[str, frozenset[str]], parts: Mapping[str, Sequence[str]]) -> Partitions:
    place = {id: k for k, id in enumerate(sets)}
    train, valid, test = (tuple(sorted(parts[part], key=lambda id: place[id])) for part in PARTS)
    return Partitions(train, valid, test)
