"""The writer's two banks of phrasings, loaded on first use from ``phrases.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

# Acts whose phrases stand for themselves in a reply, or frame a fact: what a reader can know a subject's style by.
_HOLE = re.compile(r"\\\{\w+\\\}")
_NOT_TELLING = frozenset({"refuse", "disclose"})
_TELLING_WORDS = 4  # fewer literal words than this ("My ... is ...") are anybody's


@lru_cache(maxsize=1)
def banks() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Every act's phrasings by bank: ``banks()["keyed"]["A"]``."""
    table = tomllib.loads((files(__package__) / "phrases.toml").read_text(encoding="utf-8"))
    return {act: {bank: tuple(phrases) for bank, phrases in row.items()} for act, row in table.items()}


def phrases(act: str, bank: str) -> tuple[str, ...]:
    """The phrasings of one act in bank ``A`` or ``B``, at least eight."""
    return banks()[act][bank]


def recognises(text: str, bank: str) -> bool:
    """Whether a text holds a phrasing of this bank: what `self_preference` takes for its own style."""
    return _style(bank).search(text) is not None


@lru_cache(maxsize=2)
def _style(bank: str) -> re.Pattern[str]:
    shown = (p for act, row in banks().items() if act not in _NOT_TELLING for p in row[bank])
    own = (p for p in shown if sum("{" not in word for word in p.split()) >= _TELLING_WORDS)
    return re.compile("|".join(sorted({_HOLE.sub(r"[^.!?\\n]{1,200}", re.escape(p)) for p in own})))
