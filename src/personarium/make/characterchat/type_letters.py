"""The sixteen types as a sampling scheme, and letters computed from public-domain items.

A character is drawn *for* a type: a short description of our own makes the bank varied. Nothing is measured by that. Where
people (or models) answer the 40 items, :func:`letters_of` gives the letters that their scale scores come to; the scales are
Big-Five markers, continuous and normally distributed, and the letters cut each of them in half.

Source: characterchat page, step 1 and Traps; items: see ``data/NOTICE.md``.
Units: answers from 1 (very inaccurate) to 5 (very accurate); scores lie on the same range.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from personarium.core.errors import InvalidInput

if TYPE_CHECKING:
    from personarium.stats.scales import ScaleKey

LO, HI = 1, 5
# Letter above and below the middle of each scale, in the order in which a type is written.
PAIRS: Mapping[str, tuple[str, str]] = {"EI": ("E", "I"), "SN": ("N", "S"), "TF": ("F", "T"), "JP": ("J", "P")}


@dataclass(frozen=True, slots=True)
class Item:
    """One statement: its code, its scale, +1 or -1 as it is keyed, and its words."""

    code: str
    scale: str
    key: int
    text: str


@dataclass(frozen=True, slots=True)
class TypeLetters:
    """What answers come to.

    Args:
        letters: Four letters, ``-`` where a score is missing or stands exactly in the middle.
        scores: Scale -> mean from 1 to 5; None with fewer than four fifths of the items answered.
    """

    letters: str
    scores: Mapping[str, float | None]

    @property
    def decided(self) -> bool:
        """Whether all four letters are there."""
        return "-" not in self.letters


@lru_cache(maxsize=1)
def type_descriptions() -> Mapping[str, str]:
    """Type -> description, in the published order (INTJ first)."""
    found: dict[str, str] = tomllib.loads(_read("types.toml"))["types"]
    return found


@lru_cache(maxsize=1)
def items() -> tuple[Item, ...]:
    """The 40 items, in the order in which they are asked."""
    rows = csv.DictReader(io.StringIO(_read("letters.csv")))
    return tuple(Item(row["code"], row["scale"], int(row["key"]), row["text"]) for row in rows)


def scale_keys() -> dict[str, ScaleKey]:
    """Scale -> its key."""
    from personarium.stats.scales import ScaleKey

    found = {}
    for scale in PAIRS:
        own = [item for item in items() if item.scale == scale]
        codes, keys = tuple(i.code for i in own), tuple(i.key for i in own)
        found[scale] = ScaleKey(scale, codes, keys, LO, HI, "IPIP Big-Five Factor Markers, 50-item form")
    return found


def letters_of(answers: Mapping[str, float | None]) -> TypeLetters:
    """The letters of one person's answers.

    Args:
        answers: Item code -> answer from 1 to 5; None, or no entry, is missing.

    Raises:
        InvalidInput: An unknown item, or an answer out of range (the item is named).
    """
    from personarium.stats.scales import key_answers, scale_scores

    unknown = sorted(set(answers) - {item.code for item in items()})
    if unknown:
        raise InvalidInput("answers", "codes L1 to L40", unknown[0])
    scores: dict[str, float | None] = {}
    for scale, key in scale_keys().items():
        scores[scale] = scale_scores(key_answers(key, [[answers.get(code) for code in key.items]])).values[0]
    return TypeLetters("".join(_letter(scale, scores[scale]) for scale in PAIRS), scores)


def _letter(scale: str, score: float | None) -> str:
    middle = (LO + HI) / 2
    if score is None or abs(score - middle) < 1e-9:
        return "-"
    return PAIRS[scale][score < middle]


def _read(name: str) -> str:
    return (files("personarium.make.characterchat") / "data" / name).read_text(encoding="utf-8")
