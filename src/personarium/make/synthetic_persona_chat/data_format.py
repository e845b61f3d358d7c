"""The published files: reading the released CSV with every oddity kept and flagged, writing it, and reading model replies.

A turn begins with ``User 1: `` or ``User 2: `` at the start of a line. Any other non-blank line is *stray* (a recipe, a stage
direction): it is attached to the turn before, or kept as unattributed when there is none. Nothing is dropped.

Source: Synthetic-Persona-Chat (arXiv 2312.10007), release of 2023; page synthetic-persona-chat, "Data formats" and
"Works when" 1.
Units: a turn is one utterance of one user.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from personarium.core.dialogue import Dialogue, Utterance
from personarium.core.errors import InvalidInput
from personarium.core.facets import mapping, texts
from personarium.core.files import ReadsLines, bounded_lines, check_text, existing, parse_json, replacing
from personarium.text.form import Unparsed
from personarium.text.json_reading import json_values

HEADER = ("user 1 personas", "user 2 personas", "Best Generated Conversation")
SPEAKERS = ("User 1", "User 2")
MOST_SENTENCES = 100  # a profile with more is no profile

_TURN = re.compile(r"User ([12]):[ \t]*")
# As models write it: emphasis, bullets and another case around the label.
_LOOSE_TURN = re.compile(r"[\s*_#>-]{0,8}user[ _]?([12])[\s*_]{0,8}:[\s*_]{0,8}", re.IGNORECASE)
_BRACKETS = re.compile(r"\[[^\[\]\n]{0,500}\]")
_NAME = re.compile(r"name", re.IGNORECASE)
_KEY = re.compile(r"user[ _]?([12])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Turn:
    """What one user said, with the lines that were attached to it.

    Args:
        user: 1 or 2.
        text: The words behind the label, stripped.
        stray: Lines that followed without a label, as they stood.
    """

    user: int
    text: str
    stray: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The turn as the files show it."""
        return "\n".join((f"User {self.user}: {self.text}", *self.stray))


@dataclass(frozen=True, slots=True)
class Conversation:
    """Two profiles and what was said between them.

    Args:
        first: User 1's persona sentences.
        second: User 2's.
        turns: The turns in order.
        unattributed: Stray lines before the first turn.
        number: Row in its file, from 0.
        text: The conversation as it stood in the file; empty for one that was made here.
    """

    first: tuple[str, ...]
    second: tuple[str, ...]
    turns: tuple[Turn, ...] = ()
    unattributed: tuple[str, ...] = ()
    number: int = 0
    text: str = ""

    @property
    def shown(self) -> str:
        """All lines, a turn a line, without blank lines."""
        return "\n".join((*self.unattributed, *(turn.line for turn in self.turns)))

    @property
    def stray(self) -> tuple[str, ...]:
        """Every line without a label."""
        return (*self.unattributed, *(line for turn in self.turns for line in turn.stray))

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Spans in square brackets, such as ``[User 1's name]`` or ``[laughs]``."""
        return tuple(match[0] for match in _BRACKETS.finditer(self.shown))

    @property
    def flags(self) -> tuple[str, ...]:
        """What is odd about it: ``empty``, ``stray_lines``, ``brackets``, ``name_placeholder``, ``not_alternating``."""
        users = [turn.user for turn in self.turns]
        spans = self.placeholders
        found = {
            "empty": not self.shown,
            "stray_lines": bool(self.stray),
            "brackets": bool(spans),
            "name_placeholder": any(_NAME.search(span) for span in spans),
            "not_alternating": any(a == b for a, b in pairwise(users)),
        }
        return tuple(name for name, there in found.items() if there)

    def dialogue(self, id: str = "") -> Dialogue:
        """As a dialogue; stray lines stand in the utterances' text, and under ``unattributed`` in the meta."""
        said = [Utterance(SPEAKERS[t.user - 1], "\n".join((t.text, *t.stray))) for t in self.turns]
        meta: dict[str, Any] = {"user_1_persona": list(self.first), "user_2_persona": list(self.second)}
        if self.unattributed:
            meta["unattributed"] = list(self.unattributed)
        return Dialogue(id or f"row-{self.number:05d}", said, meta, SPEAKERS)

    def as_fields(self) -> dict[str, Any]:
        """The loader's fields: two lists of sentences and the list of utterances."""
        lines = [*self.unattributed, *(turn.line for turn in self.turns)]
        return {"user_1_persona": list(self.first), "user_2_persona": list(self.second), "utterances": lines}


def parse_turns(text: str, loose: bool = False) -> tuple[tuple[Turn, ...], tuple[str, ...]]:
    """The turns of a conversation and the lines before the first one; linear time.

    Args:
        text: Lines; blank ones are skipped.
        loose: Accept ``**user 1:**`` and the like, as models write; the released files are read without.
    """
    label = _LOOSE_TURN if loose else _TURN
    found: list[tuple[int, str, list[str]]] = []
    before: list[str] = []
    for line in text.split("\n"):
        match = label.match(line)
        if match:
            found.append((int(match[1]), line[match.end() :].strip(), []))
        elif line.strip():
            (found[-1][2] if found else before).append(line.strip())
    return tuple(Turn(user, said, tuple(stray)) for user, said, stray in found), tuple(before)


def read_reply(reply: str) -> dict[str, Any] | Unparsed:
    """Read a model's dialogue: the JSON of the reply form, with any number of turns, else labelled lines."""
    for value in json_values(reply):
        turns = tuple(_json_turns(value))
        if turns:
            return {"turns": turns, "unattributed": ()}
    turns, before = parse_turns(reply, loose=True)
    if not turns:
        return Unparsed("no turn of User 1 or User 2 was found", reply)
    return {"turns": turns, "unattributed": before}


def _json_turns(value: Any) -> Iterator[Turn]:
    rows = value.get("turns") if isinstance(value, Mapping) else value
    for row in rows if isinstance(rows, list) else []:
        for key, said in row.items() if isinstance(row, Mapping) else ():
            match = _KEY.fullmatch(str(key).strip())
            if match and isinstance(said, str) and said.strip():
                yield Turn(int(match[1]), " ".join(said.split()))


# --- files ---


def read_release(path: str | Path) -> list[Conversation]:
    """Read a released CSV (or a file of the same columns), all rows.

    Raises:
        NotFound: When there is no such file.
        InvalidInput: Naming file, row (from 1) and column.
    """
    return list(iter_release(path))


def iter_release(path: str | Path) -> Iterator[Conversation]:
    """As :func:`read_release`, one at a time."""
    path = existing(path)
    with path.open("r", encoding="utf-8-sig", newline="") as file:
        yield from _rows(file, str(path))


def _rows(file: io.TextIOBase | Any, where: str) -> Iterator[Conversation]:
    reader = csv.reader(file, strict=True)
    try:
        header = next(reader, [])
        if tuple(header) != HEADER:
            raise InvalidInput(where, f"the columns {', '.join(HEADER)}", ", ".join(header) or "an empty file")
        for number, row in enumerate(reader):
            if len(row) != len(HEADER):
                raise InvalidInput(f"{where}: row {number + 1}", "three columns", f"{len(row)} columns")
            yield conversation(_lines(row[0]), _lines(row[1]), row[2], number)
    except csv.Error as error:
        raise InvalidInput(f"{where}: line {reader.line_num}", f"a CSV row ({error})") from None
    except UnicodeDecodeError:
        raise InvalidInput(where, "a CSV file in UTF-8", "bytes that are not UTF-8") from None


def conversation(first: Sequence[str], second: Sequence[str], text: str, number: int = 0) -> Conversation:
    """A conversation from its two profiles and its text."""
    turns, unattributed = parse_turns(text)
    return Conversation(tuple(first), tuple(second), turns, unattributed, number, text)


def _lines(cell: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in cell.split("\n") if line.strip())


def write_release(conversations: Iterable[Conversation], path: str | Path) -> Path:
    """Write the published columns; raises StorageError when the disk refuses."""
    path = Path(path)
    with replacing(path) as scratch, scratch.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)  # rows end in CRLF, as published
        writer.writerow(HEADER)
        for one in conversations:
            writer.writerow(("\n".join(one.first), "\n".join(one.second), one.text or one.shown))
    return path


def read_seeds(path: str | Path) -> list[Conversation]:
    """Read seeds: the published CSV, or JSON Lines with ``user_1_persona``, ``user_2_persona`` and ``utterances``.

    In JSON Lines ``user_2_persona`` and ``utterances`` may be left out: such a row gives persona sentences only.

    Raises:
        NotFound: When there is no such file.
        InvalidInput: Naming file, line and field; also when there is no row.
    """
    path = existing(path)
    if path.suffix.lower() == ".csv":
        found = read_release(path)
    elif path.suffix.lower() == ".jsonl":
        with path.open("rb") as file:
            found = list(_json_rows(file, str(path)))
    else:
        raise InvalidInput(str(path), "a file ending in .csv or .jsonl", path.suffix or "no ending")
    if not found:
        raise InvalidInput(str(path), "at least one row", "none")
    return found


def default_seeds() -> list[Conversation]:
    """The bundled seeds: a few profiles and dialogues written for this project."""
    from importlib.resources import files

    data = (files(__package__) / "data" / "seeds.jsonl").read_bytes()
    return list(_json_rows(io.BytesIO(data), "the bundled seeds"))


def _json_rows(file: ReadsLines, where: str) -> Iterator[Conversation]:
    for number, (line_number, line) in enumerate(bounded_lines(file, where)):
        at = f"{where}:{line_number}"
        row = mapping(parse_json(check_text(line, at, "one JSON object on the line"), at), at, "row")
        first, second = (_sentences(row, name, at) for name in ("user_1_persona", "user_2_persona"))
        if not first:
            raise InvalidInput(at, "a list of at least one sentence", row.get("user_1_persona"), "user_1_persona")
        said = texts(row.get("utterances", ()), at, "utterances")
        yield conversation(first, second, "\n".join(said), number)


def _sentences(row: Mapping[str, Any], name: str, where: str) -> tuple[str, ...]:
    found = tuple(" ".join(s.split()) for s in texts(row.get(name, ()), where, name))
    if len(found) > MOST_SENTENCES or not all(found):
        raise InvalidInput(where, f"at most {MOST_SENTENCES} sentences, none of them empty", row.get(name), name)
    return found


def dump_fields(conversations: Iterable[Conversation]) -> str:
    """JSON Lines in the loader's fields, as :func:`read_seeds` reads them."""
    return "".join(json.dumps(one.as_fields(), ensure_ascii=False) + "\n" for one in conversations)


# --- published figures ---

# Page synthetic-persona-chat, "Published figures": part 1 (the pairs of Persona-Chat) and part 2 (new personas).
PUBLISHED_PERSONAS = (4_723, 5_648)
PUBLISHED_DIALOGUES = (10_906, 11_001)
ABSTRACT = {"personas": 5_000, "dialogues": 20_000}


def corpus_totals(as_published: bool = False) -> dict[str, int]:
    """How large the corpus is: the sums of both parts, or the round numbers that the paper's abstract prints."""
    if as_published:
        return dict(ABSTRACT)
    return {"personas": sum(PUBLISHED_PERSONAS), "dialogues": sum(PUBLISHED_DIALOGUES)}
