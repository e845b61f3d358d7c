"""PRODIGy's dialogues, whose inner structure is not documented: read tolerantly, and told what was found.

Source: prodigy page, "Data formats": ``prodigy_dataset.json`` is a list of dialogues with their speakers. Ids are those of the
partitions (``c30969``), speakers those of the characters (``u0``).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personarium.core.dialogue import RELATIVE_ROLES, Dialogue, Utterance
from personarium.core.errors import InvalidInput
from personarium.core.files import existing, read_text

LARGEST_FILE = 256 * 2**20  # bytes
LONGEST_LINE = 20_000  # characters of an utterance

ID_FIELDS = ("id", "dialogue_id", "dialog_id", "conversation_id", "conv_id")
GROUP_FIELDS = ID_FIELDS[1:]  # of a row that is one turn; its "id" is the turn's own
TURN_FIELDS = ("utterances", "turns", "dialogue", "dialog", "lines", "conversation", "messages")
SPEAKER_LIST_FIELDS = ("speakers", "speaker_ids", "characters", "participants")
SPEAKER_FIELDS = ("speaker", "speaker_id", "character_id", "character", "user", "from")
TEXT_FIELDS = ("text", "utterance", "line", "content", "value")


@dataclass
class DialogueFile:
    """What a file of dialogues holds.

    Args:
        dialogues: By id, in the order of the file.
        found: How things were called: ``id`` / ``turns`` / ``speaker`` / ``text`` -> how often each name.
        left_out: Dialogues that could not be read, each with its place and the reason.
    """

    dialogues: dict[str, Dialogue] = field(default_factory=dict)
    found: dict[str, Counter[str]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def note(self, what: str, name: str) -> str:
        """Count a name that was found."""
        self.found.setdefault(what, Counter())[name] += 1
        return name

    def report(self) -> list[str]:
        """What was found, a line a kind, and how much was left out."""
        lines = [
            f"{what}: {', '.join(f'{name} ({n:,})' for name, n in names.most_common())}"
            for what, names in self.found.items()
        ]
        return [f"dialogues: {len(self.dialogues):,}", *lines, f"left out: {len(self.left_out):,}"]


class _Odd(Exception):
    """A dialogue that cannot be read; the message says why."""


def load_dialogues(path: str | Path) -> DialogueFile:
    """Read a file of dialogues: a JSON list, an object id -> dialogue, or JSON Lines.

    A dialogue is an object with its turns (a list, or an object of them) under one of :data:`TURN_FIELDS`, or that list alone; a
    turn is an object with speaker and text, a pair of them, or a text (speakers then take turns as listed in the dialogue).
    Rows that are single turns with a dialogue's id, as in ConvoKit, are put together in the order of the file.

    Raises:
        NotFound: There is no such file.
        InvalidInput: The file is no JSON, two dialogues have one id, or not a single dialogue could be read.
    """
    path = existing(path)
    out = DialogueFile()
    text = read_text(path, "dialogues as JSON", LARGEST_FILE)
    single: set[str] = set()  # dialogues put together from rows of one turn
    for place, (key, row) in enumerate(_elements(text, path), 1):
        try:
            dialogue = _single_turn(row, out) or _dialogue(key, row, out)
        except _Odd as reason:
            out.left_out.append(f"dialogue {place}: {reason}")
            continue
        known = out.dialogues.setdefault(dialogue.id, dialogue)
        if known is dialogue and _is_single(row):
            single.add(dialogue.id)
        elif known is not dialogue and dialogue.id in single and _is_single(row):
            known.utterances += dialogue.utterances
        elif known is not dialogue:
            raise InvalidInput(f"{path}: dialogue {place}", "an id that no other dialogue has", dialogue.id, "id")
    if not out.dialogues:
        found = out.left_out[0] if out.left_out else "none at all"
        raise InvalidInput(str(path), "dialogues with an id, speakers and texts", found)
    return out


def _elements(text: str, path: Path) -> Iterator[tuple[str, Any]]:
    """The elements of a JSON list or object, or the lines of JSON Lines, one at a time: (key or "", value)."""
    decoder = json.JSONDecoder()
    start = _past_blanks(text, 0)
    opened = text[start]
    if opened == "{" and (path.suffix.lower() == ".jsonl" or _is_lines(text, decoder)):
        opened = "lines"
    try:
        yield from _parts(text, start, opened, decoder)
    except (json.JSONDecodeError, RecursionError, IndexError) as error:
        raise InvalidInput(str(path), "JSON: a list or object of dialogues, or one a line", str(error)) from None


def _is_lines(text: str, decoder: json.JSONDecoder) -> bool:
    """Whether a whole object ends before the text does: then every line is one."""
    try:
        end = decoder.raw_decode(text, _past_blanks(text, 0))[1]
    except (json.JSONDecodeError, RecursionError):
        return False
    return _past_blanks(text, end) < len(text)


def _parts(text: str, at: int, opened: str, decoder: json.JSONDecoder) -> Iterator[tuple[str, Any]]:
    closing = {"[": "]", "{": "}"}.get(opened, "")
    at = _past_blanks(text, at + 1) if closing else at
    while at < len(text) and text[at] != closing:
        key = ""
        if opened == "{":
            key, at = decoder.raw_decode(text, at)
            at = _past_blanks(text, at)
            if text[at] != ":":
                raise json.JSONDecodeError("expected ':'", text, at)
            at = _past_blanks(text, at + 1)
        value, at = decoder.raw_decode(text, at)
        yield key, value
        at = _past_blanks(text, at)
        if closing and text[at] == ",":
            at = _past_blanks(text, at + 1)
        elif closing and text[at] != closing:
            raise json.JSONDecodeError("expected ',' or the end", text, at)


def _past_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _is_single(row: Any) -> bool:
    """Whether a row is one turn that names its dialogue."""
    wanted = (GROUP_FIELDS, SPEAKER_FIELDS, TEXT_FIELDS)
    return isinstance(row, dict) and not _first(row, TURN_FIELDS) and all(_first(row, names) for names in wanted)


def _single_turn(row: Any, out: DialogueFile) -> Dialogue | None:
    if not _is_single(row):
        return None
    name = str(_first(row, GROUP_FIELDS))
    if not isinstance(row[name], str) or not row[name]:
        raise _Odd(f"'{name}' is no id")
    said = _utterances([row], (), out)
    out.note("id", name)
    out.note("turns", "one a row")
    return Dialogue(row[name], said)


def _dialogue(key: str, row: Any, out: DialogueFile) -> Dialogue:
    if isinstance(row, list) and key:
        row = {TURN_FIELDS[0]: row}
    if not isinstance(row, dict):
        raise _Odd("it is no JSON object")
    name = _first(row, ID_FIELDS)
    id = key or row.get(name or "")
    if not isinstance(id, (str, int)) or isinstance(id, bool) or id == "":
        raise _Odd(f"it has no id ({', '.join(ID_FIELDS)})")
    turns = _first(row, TURN_FIELDS)
    listed = row[turns] if turns else None
    listed = list(listed.values()) if isinstance(listed, dict) else listed
    if turns is None or not isinstance(listed, list) or not listed:
        raise _Odd(f"it has no list of turns ({', '.join(TURN_FIELDS)})")
    said = _utterances(listed, _speakers(row, out), out)
    out.note("id", "key" if key else str(name))
    out.note("turns", turns)
    return Dialogue(str(id), said)


def _speakers(row: Mapping[str, Any], out: DialogueFile) -> tuple[str, ...]:
    name = _first(row, SPEAKER_LIST_FIELDS)
    listed = row[name] if name else ()
    if name and isinstance(listed, list) and all(isinstance(one, str) for one in listed):
        out.note("speakers", name)
        return tuple(listed)
    return ()


def _utterances(turns: Sequence[Any], speakers: Sequence[str], out: DialogueFile) -> list[Utterance]:
    said = []
    for place, turn in enumerate(turns):
        speaker, text = _spoken(turn, place, speakers, out)
        if not isinstance(speaker, str) or not speaker or speaker in RELATIVE_ROLES:
            raise _Odd(f"turn {place + 1} has no speaker's id")
        if not isinstance(text, str) or len(text) > LONGEST_LINE:
            raise _Odd(f"turn {place + 1} has no text of at most {LONGEST_LINE:,} characters")
        said.append(Utterance(speaker, text))
    return said


def _spoken(turn: Any, place: int, speakers: Sequence[str], out: DialogueFile) -> tuple[Any, Any]:
    """Speaker and text of one turn, whatever they are."""
    if isinstance(turn, str) and len(speakers) == 2:
        return speakers[place % 2], turn
    if isinstance(turn, list) and len(turn) == 2:
        return turn[0], turn[1]
    if not isinstance(turn, dict):
        raise _Odd(f"turn {place + 1} has no speaker and text")
    who, what = (_first(turn, names) or "none" for names in (SPEAKER_FIELDS, TEXT_FIELDS))
    return turn.get(out.note("speaker", who)), turn.get(out.note("text", what))


def _first(row: Mapping[str, Any], names: Sequence[str]) -> str | None:
    return next((name for name in names if name in row), None)


def targets_of(dialogues: Mapping[str, Dialogue], characters: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Which annotated characters speak in each dialogue; one dialogue can count for two.

    Dialogues without any are left out.
    """
    found = {id: tuple(one for one in talk.speakers if one in characters) for id, talk in dialogues.items()}
    return {id: targets for id, targets in found.items() if targets}
