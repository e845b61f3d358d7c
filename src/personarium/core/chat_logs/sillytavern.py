"""Chat JSONL of role-play programs: a header line, then one message a line.

A message is said by ``name``; ``is_user`` says on which side. A message is an aside when ``extra.type`` is ``narrator`` or
``comment`` or another kind of the program's own, or when a program's own name (System, Note) stands under ``is_system``;
any other message under ``is_system`` was said by somebody and is only hidden from the model: it stays an utterance.
Several chats may follow each other in one file, each with its header.

Source: the files that SillyTavern writes (release 1.13, public/script.js and src/endpoints/chats.js); a header of its group
chats says ``unused`` for both names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from personarium.core.chat_logs.record import (
    ASSISTANT,
    USER,
    Imported,
    Outgoing,
    Turn,
    assemble,
    check_number,
    lost_fields,
)
from personarium.core.chat_logs.source import Record, Source, is_header
from personarium.core.dialogue import RELATIVE_ROLES, Utterance
from personarium.core.errors import InvalidInput
from personarium.core.facets import freeze, mapping, text, thaw

FORMAT = "sillytavern"
_NOBODY = frozenset({"system", "sillytavern system", "note"})  # names under which the program itself writes


def read(source: Source, names: Mapping[str, str]) -> Iterator[Imported]:
    """The chats of a file; a header begins the next one."""
    source.check_size("a chat")
    number, chat = 0, _Chat(source.where)
    listed = False
    for record, in_list in _flat(source.records()):
        listed = in_list
        if is_header(record.value) and (chat.header is not None or chat.turns):
            number += 1
            yield chat.imported(f"{source.name}-{number}", names, listed)
            chat = _Chat(record.where)
        chat.take(record)
    yield chat.imported(f"{source.name}-{number + 1}" if number else source.name, names, listed)


def _flat(records: Iterable[Record]) -> Iterator[tuple[Record, bool]]:
    """The lines; those of a JSON list one by one."""
    for record in records:
        if isinstance(record.value, list):
            for place, item in enumerate(record.value):
                yield Record(item, f"{record.where}: item {place + 1}"), True
        else:
            yield record, False


class _Chat:
    """One chat while it is read."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.header: dict[str, Any] | None = None
        self.turns: list[Turn] = []
        self.hidden = self.swiped = 0

    def take(self, record: Record) -> None:
        """A header or a message."""
        if is_header(record.value):
            self.header = thaw(freeze(record.value, record.where, "header"))
            return
        message = mapping(record.value, record.where, "message")
        self.turns.append(_turn(message, record.where))
        check_number(len(self.turns), record.where)
        self.hidden += not self.turns[-1].aside and message.get("is_system") is True
        self.swiped += isinstance(message.get("swipes"), list) and len(message["swipes"]) > 1

    def imported(self, id: str, names: Mapping[str, str], listed: bool) -> Imported:
        """The chat as a dialogue."""
        notes: list[str] = []
        log: dict[str, Any] = {"format": FORMAT}
        if self.header is None:
            notes.append("the header line is missing")
        else:
            log["header"] = self.header
        if listed:
            log["listed"] = True
        dialogue = assemble(self.turns, id, log, {**self._header_names(), **names}, notes)
        if self.hidden:
            notes.append(f"hidden from the model in the log and kept as utterances: {self.hidden}")
        if self.swiped:
            notes.append(f"messages with other versions (swipes), which are kept in meta: {self.swiped}")
        return Imported(dialogue, FORMAT, tuple(notes), self.where)

    def _header_names(self) -> dict[str, str]:
        header = self.header or {}
        found = {USER: header.get("user_name"), ASSISTANT: header.get("character_name")}
        names = {side: name.strip() for side, name in found.items() if isinstance(name, str)}
        return {side: name for side, name in names.items() if name and name != "unused" and name not in RELATIVE_ROLES}


def _turn(message: Mapping[str, Any], where: str) -> Turn:
    said = text(message.get("mes"), where, "mes")
    is_user = _flag(message, "is_user", where)
    hidden = _flag(message, "is_system", where)
    name = message.get("name")
    if name is not None and not isinstance(name, str):
        raise InvalidInput(where, "text", name, "name")
    name = name or ""
    fields = {k: thaw(freeze(v, where, k)) for k, v in message.items() if k != "mes"}
    if not is_user and _is_aside(message, name, hidden):
        return Turn("system", name, said, fields, True, where)
    return Turn(USER if is_user else ASSISTANT, name, said, fields, False, where)


def _flag(message: Mapping[str, Any], name: str, where: str) -> bool:
    found = message.get(name)
    if found is not None and not isinstance(found, bool):
        raise InvalidInput(where, "true or false", found, name)
    return bool(found)


def _is_aside(message: Mapping[str, Any], name: str, hidden: bool) -> bool:
    extra = message.get("extra")
    kind = extra.get("type") if isinstance(extra, Mapping) else None
    return kind == "narrator" or (hidden and (isinstance(kind, str) or name.strip().casefold() in _NOBODY))


# -- writing -----------------------------------------------------------------------------------------------------------


def lines(out: Outgoing, several: bool, lost: Counter[str]) -> Iterator[dict[str, Any]]:
    """The lines of one chat.

    Args:
        out: The dialogue.
        several: Whether other chats stand in the same file, so that a header must part them.
        lost: Fields without a place in this format are counted here.
    """
    header = out.log.get("header") if out.was(FORMAT) else None
    if isinstance(header, Mapping):
        yield thaw(header)
    elif several or not out.was(FORMAT):
        yield _header(out)
    for part in out.parts():
        yield _message(out, part, lost) if isinstance(part, Utterance) else _aside(out, part, lost)


def _header(out: Outgoing) -> dict[str, Any]:
    """A new header; with several characters it says ``unused``, as those of group chats do."""
    names: dict[str, list[str]] = {USER: [], ASSISTANT: []}
    for speaker, side in out.sides.items():
        names[side].append(out.called(speaker))
    one = {side: found[0] if len(found) == 1 else "unused" for side, found in names.items()}
    return {"user_name": one[USER], "character_name": one[ASSISTANT], "chat_metadata": {}}


def _message(out: Outgoing, utterance: Utterance, lost: Counter[str]) -> dict[str, Any]:
    fields = out.fields(utterance, FORMAT)
    is_user = out.sides[utterance.speaker] == USER
    if fields is not None:
        if out.chosen:
            fields["is_user"] = is_user
        return {**fields, "mes": utterance.text}
    lost.update(lost_fields(utterance))
    head = {"name": out.called(utterance.speaker), "is_user": is_user, "is_system": False}
    return {**head, "mes": utterance.text, "extra": {}}


def _aside(out: Outgoing, aside: Mapping[str, Any], lost: Counter[str]) -> dict[str, Any]:
    kept = aside.get("log")
    if out.was(FORMAT) and isinstance(kept, Mapping):
        return {**thaw(kept), "mes": aside["text"]}
    lost.update(lost_fields(aside))
    name = "System" if aside["role"] == "system" else str(aside["role"]).replace("_", " ").title()
    return {"name": name, "is_user": False, "is_system": False, "mes": aside["text"], "extra": {"type": "narrator"}}
