"""Chat logs of any format in and out: the format is told by what stands in the file, never by its name."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

from personarium.core.chat_logs import messages, script, sillytavern
from personarium.core.chat_logs.record import (
    DEFAULT_NAMES,
    FORMATS,
    USER,
    Imported,
    Outgoing,
    check_names,
    listed,
    log_of,
    outgoing,
    short,
    users_of,
)
from personarium.core.chat_logs.source import Record, Source, formats_of
from personarium.core.dialogue import Dialogue, Utterance
from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.core.files import replacing

Names = Mapping[str, str]
_SHOWN = 5  # notes that name the speakers of one dialogue; those of the others are counted together


def read_log(path: str | Path, *, format: str | None = None, names: Names | None = None) -> list[Imported]:
    """Read every dialogue of a chat log.

    Args:
        path: The file. Lines of JSON Lines may have 4 MiB; one JSON document, one chat or one script 64 MiB.
        format: One of :data:`FORMATS`; without it the content decides.
        names: What the speakers are called whom the log only knows as ``user`` or ``assistant``; else the names in its
            header, else User and Assistant.

    Raises:
        NotFound: When there is no such file.
        InvalidInput: Naming file, line or item, and field; also when the format is ambiguous or unknown.
    """
    return list(iter_log(path, format=format, names=names))


def iter_log(path: str | Path, *, format: str | None = None, names: Names | None = None) -> Iterator[Imported]:
    """As :func:`read_log`, one at a time: JSON Lines of dialogues of any length are read in bounded memory."""
    path = Path(path)
    if not path.is_file():
        raise NotFound(f"{path}: no such file")
    with path.open("rb") as file:
        yield from _read(Source.of_file(file, path), format, names)


def read_log_text(text: str, *, format: str | None = None, names: Names | None = None) -> list[Imported]:
    """As :func:`read_log`, for a log that is at hand as text; apart from it, for a text is never taken for a path."""
    return list(_read(Source.of_text(text), format, names))


def _read(source: Source, format: str | None, names: Names | None) -> Iterator[Imported]:
    given = check_names(names)
    chosen = format_of(source) if format is None else _known(format)
    if chosen == "script":
        expected = "lines of the form Name: text" if format else f"a chat log: {listed()}"
        return script.read(source, given, expected)
    if not source.is_json:
        raise InvalidInput(source.where, f"JSON of the format {chosen}")
    if chosen == "sillytavern":
        return sillytavern.read(source, given)
    if chosen == "personarium":
        return _read_own(source)
    return messages.read(source, given, _KEYS[chosen])


def format_of(source: Source) -> str:
    """The format of a log, by what it begins with.

    Raises:
        InvalidInput: When it is none, or may be several; the formats are listed.
    """
    if not source.is_json:
        return "script"
    first = next(iter(source.records()), Record(None, source.where))
    found = sorted(formats_of(first.value))
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidInput(first.where, f"one format; name it, for this may be {' or '.join(found)}")
    keys = list(first.value)[:8] if isinstance(first.value, (dict, list)) else first.value
    raise InvalidInput(first.where, f"a chat log: {listed()}", keys)


def _known(format: str) -> str:
    if format not in FORMATS:
        raise UsageError(f"there is no log format {format!r}; there are {', '.join(FORMATS)}")
    return format


_KEYS = {"openai": messages.OPENAI, "sharegpt": messages.SHAREGPT}


def _read_own(source: Source) -> Iterator[Imported]:
    for record in source.records():
        values = record.value if isinstance(record.value, list) else [record.value]
        for place, value in enumerate(values):
            where = record.where if values is not record.value else f"{record.where}: item {place + 1}"
            yield Imported(Dialogue.from_dict(value, where), "personarium", (), where)


# -- writing -----------------------------------------------------------------------------------------------------------


def write_log(
    dialogues: Iterable[Dialogue], path: str | Path, format: str, *, user: str | None = None, char: str | None = None
) -> tuple[str, ...]:
    """Write dialogues as a chat log; a dialogue that was read from this format goes back with all its fields.

    Args:
        dialogues: Written one at a time.
        path: A name ending in ``.json`` gets one JSON document, any other JSON Lines (our own format always); it is
            replaced whole or not at all.
        format: One of :data:`FORMATS`.
        user: The speaker who is the user; without it the one the log says, else the first speaker.
        char: The speaker who is the assistant; without it everybody but the user.

    Returns:
        What the format could not hold, one sentence each.

    Raises:
        UsageError: On an unknown format.
        InvalidInput: When a dialogue holds what no file can (a lone surrogate), or its ``meta`` is not as a log leaves it.
        StorageError: When the disk refuses; a file that was there stays as it was.
    """
    path, chosen = Path(path), _known(format)
    notes: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    queue = iter(dialogues)
    first = list(islice(queue, 2))
    several = len(first) > 1
    outs = (_outgoing(d, chosen, user, char, notes, lost) for d in chain(first, queue))
    try:
        with replacing(path) as scratch, scratch.open("w", encoding="utf-8", newline="") as file:
            _WRITERS[chosen](outs, file, path, several, lost, notes)
    except UnicodeEncodeError:
        raise InvalidInput(str(path), "dialogues whose texts have no lone surrogates") from None
    return tuple(_sentences(chosen, notes, lost))


def _outgoing(
    dialogue: Dialogue, format: str, user: str | None, char: str | None, notes: Counter[str], lost: Counter[str]
) -> Outgoing:
    out = outgoing(dialogue, user, char, notes)
    if format in _KEYS and not out.was(format):
        roles = _KEYS[format].sides
        pairs = [f"{short(s)} is {roles[side]}" for s, side in out.sides.items() if s != DEFAULT_NAMES[side]]
        if pairs:
            said = f"names become roles: {', '.join(pairs[:_SHOWN])}{', …' if len(pairs) > _SHOWN else ''}"
            notes[said if said in notes or len(notes) < _SHOWN else "names become roles"] += 1
    if format != "personarium" and not out.was(format):
        lost.update(f"{name} beside the messages" for name in _beside(out))
    return out


def _beside(out: Outgoing) -> list[str]:
    """Names of what stands beside the messages of a dialogue and has no place in another format."""
    kept = [out.log.get("rest", {}), out.log.get("header", {})]
    names = [
        k for fields in kept if isinstance(fields, Mapping) for k, v in fields.items() if v not in (None, "", {}, [])
    ]
    carried = ("user_name", "character_name", "system" if out.log.get("system_beside") else "", "id")
    own = [k for k in out.dialogue.meta if k not in ("log", "asides")]
    return [name for name in (*names, *own, *(["preface"] if out.log.get("preface") else [])) if name not in carried]


def _write_json(
    value_of: Callable[[Outgoing], Any], outs: Iterator[Outgoing], file: TextIO, path: Path, several: bool
) -> None:
    """One value a dialogue: JSON Lines, or one document (a list when there are several)."""
    if path.suffix.lower() != ".json":
        for out in outs:
            value = value_of(out)
            loose = out.log.get("loose") and not several and isinstance(value, list)
            file.writelines(_json(line) + "\n" for line in (value if loose else [value]))
        return
    first = next(outs, None)
    if first is not None and not several and not first.log.get("listed"):
        file.write(_json(value_of(first), indent=2) + "\n")
    else:
        _write_list((value_of(out) for out in chain([first] if first else [], outs)), file)


def _write_list(values: Iterable[Any], file: TextIO) -> None:
    """A JSON list, an item a line, written one at a time."""
    file.write("[")
    for place, value in enumerate(values):
        file.write((",\n" if place else "\n") + _json(value))
    file.write("\n]\n")


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)


def _write_messages(keys: messages.Keys) -> Callable[..., None]:
    def write(outs: Iterator[Outgoing], file: TextIO, path: Path, several: bool, lost: Counter[str], _: Any) -> None:
        _write_json(lambda out: messages.value_of(out, keys, lost), outs, file, path, several)

    return write


def _write_own(outs: Iterator[Outgoing], file: TextIO, path: Path, several: bool, *_: Any) -> None:
    for out in outs:
        file.write(_json(out.dialogue.to_dict()) + "\n")


def _write_chat(
    outs: Iterator[Outgoing], file: TextIO, path: Path, several: bool, lost: Counter[str], notes: Counter[str]
) -> None:
    if several:
        notes["the chats follow each other in one file; role-play programs read one chat a file"] += 1
    rows = (line for out in outs for line in sillytavern.lines(out, several, lost))
    if path.suffix.lower() == ".json":
        _write_list(rows, file)
    else:
        file.writelines(_json(row) + "\n" for row in rows)


def _write_script(
    outs: Iterator[Outgoing], file: TextIO, path: Path, several: bool, lost: Counter[str], notes: Counter[str]
) -> None:
    ended = True
    for place, out in enumerate(outs):
        titled = several and (place > 0 or not out.was("script"))  # a script's part before its first title had none
        text = script.text_of(out, titled, lost, notes)
        file.write(text if ended else f"\n{text}")
        ended = text.endswith("\n")


_WRITERS: dict[str, Callable[..., None]] = {
    "sillytavern": _write_chat,
    "openai": _write_messages(messages.OPENAI),
    "sharegpt": _write_messages(messages.SHAREGPT),
    "script": _write_script,
    "personarium": _write_own,
}


def _sentences(format: str, notes: Counter[str], lost: Counter[str]) -> Iterator[str]:
    for said, count in notes.items():
        yield said if count == 1 else f"{said}: {count}"
    if lost:
        yield f"{format} has no place for: " + ", ".join(f"{name} ({count})" for name, count in lost.most_common())


# -- going on ----------------------------------------------------------------------------------------------------------


def continue_log(path: str | Path, you: str, character: str, name: str = "") -> Imported:
    """The first dialogue of a log, with its user and its character under the ids of a talk that goes on from there.

    Args:
        path: A log of any format.
        you: Id of the person who talks.
        character: Id of the agent.
        name: What the log calls the character; needed where several characters speak.

    Returns:
        Our own dialogues come back as they are. Else the only user becomes ``you`` and the character ``character``; their
        names in the log are kept in ``meta["log"]["called"]``, so that :func:`write_log` uses them.

    Raises:
        NotFound: When there is no such file.
        InvalidInput: When it is no log.
    """
    found = next(iter_log(path), None)
    if found is None:
        raise InvalidInput(str(path), f"a chat log: {listed()}", "no dialogue")
    if found.format == "personarium":
        return found
    dialogue = found.dialogue
    sides = outgoing(dialogue, None, None, Counter()).sides
    users = [s for s in dialogue.speakers if sides[s] == USER]
    others = [s for s in dialogue.speakers if sides[s] != USER]
    alike = [s for s in others if s.casefold() == name.strip().casefold()]
    ids = dict(zip(users[:1], [you]))
    ids.update(zip(alike or others if len(alike or others) == 1 else [], [character]))
    return replace(found, dialogue=_renamed(dialogue, ids))


def _renamed(dialogue: Dialogue, ids: Mapping[str, str]) -> Dialogue:
    """The dialogue with other ids for some speakers; nobody else's id is taken over."""
    ids = {old: new for old, new in ids.items() if new == old or new not in dialogue.speakers}
    said = [Utterance(ids.get(u.speaker, u.speaker), u.text, u.meta) for u in dialogue]
    log = log_of(dialogue)
    users = [ids.get(s, s) for s in users_of(dialogue) or ()]
    called = {new: old for old, new in ids.items() if new != old}
    return Dialogue(dialogue.id, said, {**dialogue.meta, "log": {**log, "users": users, "called": called}})
