"""The example conversations of a card: who says what in ``mes_example``, and the character's lines as demonstrations.

Source: Character Card V1 specification, ``mes_example``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from personarium.core.cards.macros import Macros
from personarium.core.cards.record import Card
from personarium.core.persona import Demonstration
from personarium.core.sentences import line_spans

FIELD = "mes_example"
_START = re.compile(r"<start>", re.IGNORECASE)
_CHARACTER = ("{{char}}", "<char>", "<bot>")
_USER = ("{{user}}", "<user>")
_LONGEST_NAME = 80
# Somebody else: up to four words, each with a capital ("Old Tom: ..."), so that a clause with a colon is no speaker.
_NAME = re.compile(r"[^\W\d_a-z][\w'’.-]*(?: [^\W\d_a-z][\w'’.-]*){0,3}")


@dataclass(slots=True)
class _Line:
    """One utterance: whether it is the character's, and where it stands in the field."""

    own: bool
    start: int
    end: int


def demonstrations_of(card: Card, macros: Macros) -> Iterator[Demonstration]:
    """What the character says in its examples, each line with the one before it as its scene.

    A part without any name in it is the character's own. ``provenance`` says where the line stands in the card.
    """
    field = card.text(FIELD)
    names = {_label(name) for name in (*_CHARACTER, card.text("name"), card.called)} - {"", *_USER}
    others = {_label(name) for name in (*_USER, macros.user)} - names
    for start, end in _parts(field):
        before = ""
        for line in _lines(field, start, end, names, others):
            raw = field[line.start : line.end]
            said = macros.expand(raw.strip()).strip()
            if line.own and said:
                at = line.start + len(raw) - len(raw.lstrip())
                where = f"card:data.{FIELD}[{at}:{at + len(raw.strip())}]"
                yield Demonstration(said, card.called, before, where)
            before = said


def example_text(demonstrations: Iterable[Demonstration]) -> str:
    """The field that shows these demonstrations: each a conversation of its own, begun by the scene."""
    parts = []
    for shown in demonstrations:
        scene = f"{_USER[0]}: {shown.scene}\n" if shown.scene else ""
        parts.append(f"<START>\n{scene}{_CHARACTER[0]}: {shown.text}")
    return "\n".join(parts)


def _label(name: str) -> str:
    return name.strip().casefold() if len(name) <= _LONGEST_NAME else ""


def _parts(field: str) -> Iterator[tuple[int, int]]:
    """The stretches between the marks ``<START>``."""
    at = 0
    for mark in _START.finditer(field):
        yield at, mark.start()
        at = mark.end()
    yield at, len(field)


def _lines(field: str, start: int, end: int, names: set[str], others: set[str]) -> Iterator[_Line]:
    """The utterances of one part; a line without a name goes on with the one before it."""
    current: _Line | None = None
    named = False
    for at, stop in line_spans(field, start, end):
        label, found, rest = field[at : min(stop, at + _LONGEST_NAME + 8)].partition(":")
        name = label.strip()
        own = name.casefold() in names
        if found and (own or name.casefold() in others or (rest[:1].isspace() and _NAME.fullmatch(name))):
            if current is not None:
                yield current
            current, named = _Line(own, at + len(label) + 1, stop), True
        elif current is not None:
            current.end = stop
        elif field[at:stop].strip():
            current = _Line(False, at, stop)  # told before anybody speaks
    if current is not None:
        current.own = current.own or not named
        yield current
