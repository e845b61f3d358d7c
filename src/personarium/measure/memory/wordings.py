"""What scripted users talk about and in which words: matters with their values, wordings, and the talk around them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

StatementKind = Literal["states", "changes", "ends"]
SELF = "user"
PLAIN, FREE = "plain", "free"


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing that has one value at a time.

    Args:
        name: Key (``drink``).
        label: What it is called (``favourite drink``).
        question: How a question names it, with the hole ``{whose}``.
        values: What it may be; no value stands inside a value of any matter.
        holes: Words for the wordings (``noun``, ``verb``, ``verb_s``).
        wordings: The family's table of wordings.
    """

    name: str
    label: str
    question: str
    values: tuple[str, ...]
    holes: Mapping[str, str]
    wordings: Mapping[str, Any]

    def phrases(self, holder: str, kind: StatementKind, bank: str) -> tuple[str, ...]:
        """The wordings for one holder and kind of statement from one bank (``plain`` or ``free``)."""
        table = self.wordings if holder == SELF else self.wordings["others"]
        return tuple(table[bank].get(kind, ()))

    def sentence(self, phrase: str, holder: str, value: str, old: str) -> str:
        """A wording with its holes filled."""
        who = named(holder)
        holes = {**self.holes, "value": value, "old": old, "who": who, "Who": who[:1].upper() + who[1:]}
        text = phrase.format(**holes, label=self.label)
        return text[:1].upper() + text[1:]

    def asked(self, holder: str) -> str:
        """The matter in a question: ``my favourite drink``, ``my sister Lena's favourite drink``."""
        return self.question.format(whose="my" if holder == SELF else f"{named(holder)}'s")


@dataclass(frozen=True, slots=True)
class Talk:
    """What is said around the facts."""

    openers: tuple[str, ...]
    requests: tuple[str, ...]
    asides: tuple[str, ...]
    chat: tuple[str, ...]
    replies: tuple[str, ...]
    echoes: tuple[str, ...]


def named(holder: str) -> str:
    """A holder as the user speaks of them: ``my sister Lena``."""
    return f"my {holder}"


@lru_cache(maxsize=1)
def matters() -> Mapping[str, Matter]:
    """All matters by name."""
    table = _table()
    found: dict[str, Matter] = {}
    for name, row in table["matters"].items():
        family = table["families"][row["family"]]
        holes = {key: text for key, text in row.items() if key not in ("family", "values", "question")}
        values = tuple(value.strip() for value in row["values"].split(","))
        label = family["label"].format(**holes)
        question = row.get("question", family["question"]).format(whose="{whose}", **holes)
        found[name] = Matter(name, label, question, values, holes, family)
    return found


@lru_cache(maxsize=1)
def talk() -> Talk:
    """Small talk, requests and replies."""
    return Talk(**{key: tuple(texts) for key, texts in _table()["talk"].items()})


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "data" / "scripts.toml").read_text(encoding="utf-8"))
