"""Taking a memory out and putting it back: JSON lines without loss, Markdown for people to read and edit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput, StorageError, UsageError
from personarium.core.files import existing, iter_json_lines, read_text, replacing
from personarium.remember import markdown
from personarium.remember.bodies import check_body
from personarium.remember.edits import BLOCK
from personarium.remember.events import EVENT_KINDS, Draft, Event
from personarium.remember.memory import Memory
from personarium.remember.records import EARLIEST, LATEST, Operation
from personarium.remember.replay import State
from personarium.remember.store import Conflict
from personarium.remember.user_memory import UserMemory

FORMAT = "personarium-memory"
VERSION = 1
LONGEST_LINE = 1 << 28  # bytes of one event: a consolidation of a whole year is one
LARGEST_MARKDOWN = 1 << 26  # bytes
_HALF_PAIR = re.compile("[\ud800-\udfff]")


def export_memory(memory: Memory, path: str | Path, users: list[str] | None = None) -> int:
    """Write the logs of users to a file: ``.jsonl`` with every event, or ``.md`` with what is believed, for one user.

    Args:
        memory: The memory.
        path: Ends in ``.jsonl`` or ``.md``.
        users: Whose; everybody when left out.

    Returns:
        How many events, or facts, were written.

    Raises:
        UsageError: On another ending, an unknown user, or several users for Markdown.
        StorageError: When the file cannot be written; an older file of that name is then as it was.
    """
    where, known = Path(path), memory.users()
    chosen = known if users is None else list(dict.fromkeys(users))
    for user in chosen:
        if user not in known:
            raise UsageError(f"the memory has no user {user!r}; it has {', '.join(known[:5]) or 'nobody'}")
    if where.suffix == ".jsonl":
        with replacing(where) as scratch, scratch.open("w", encoding="utf-8") as file:
            return sum(file.write(_line(row)) > 0 for row in _rows(memory, chosen)) - 1
    if where.suffix != ".md":
        raise UsageError(f"a memory is exported to .jsonl or .md, found '{where.name}'")
    if len(chosen) != 1:
        raise UsageError("Markdown holds one user's memory; name one")
    with replacing(where) as scratch:
        scratch.write_text(as_markdown(memory.user(chosen[0])), encoding="utf-8")
    return len(memory.user(chosen[0]).facts(ended=True))


def import_memory(memory: Memory, path: str | Path, as_user: str = "") -> dict[str, int]:
    """Read what :func:`export_memory` wrote.

    Args:
        memory: Where to.
        path: The file. Every event of a ``.jsonl`` is put into the log of a user who has none yet; the entries of a ``.md``
            become typed facts and blocks, in one batch, and what is known already is not doubled.
        as_user: Another name for the one user of the file; needed for Markdown.

    Returns:
        User -> how many events, or entries, were read.

    Raises:
        InvalidInput: On a file that is not what it should be, with the line; nothing is read then.
        UsageError: When a user of a ``.jsonl`` has a memory already, or ``as_user`` is missing for Markdown.
    """
    where = Path(path)
    if where.suffix == ".md":
        if not as_user:
            raise UsageError("say whose memory the Markdown file is")
        text = read_text(existing(where), "a memory as Markdown", LARGEST_MARKDOWN)
        return {as_user: _keep(memory.user(as_user), list(markdown.read_markdown(text, str(where))))}
    logs = _read_lines(where)
    if as_user and len(logs) != 1:
        raise UsageError(f"{where} holds {len(logs)} users and can be renamed only when it holds one")
    named = {as_user or user: drafts for user, drafts in logs.items()}
    taken = [user for user in named if memory.user(user) and memory.store.last(user)]
    if taken:
        raise _has_one(taken[0])
    for user, drafts in named.items():
        try:
            memory.store.append(user, drafts, expected=0)  # the numbers in it are those of a log of its own
        except Conflict:
            raise _has_one(user) from None
    return {user: len(drafts) for user, drafts in named.items()}


def as_markdown(user: UserMemory) -> str:
    """What is believed of a user, to read: blocks, then facts by kind and key, with dates; what is over stands last."""
    return markdown.as_markdown(user.id, user.facts(ended=True))


def _has_one(user: str) -> UsageError:
    return UsageError(f"{user!r} has a memory already; give the file's user another name, or erase the old one")


def _line(row: Mapping[str, Any]) -> str:
    """One line; half a surrogate pair, as a cut text has it, is kept as an escape."""
    text = json.dumps(row, ensure_ascii=False, allow_nan=False)
    return _HALF_PAIR.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def _rows(memory: Memory, users: list[str]) -> Iterator[Mapping[str, Any]]:
    yield {"format": FORMAT, "version": VERSION, "users": users}
    for user in users:
        for event in memory.store.read(user):
            yield {"user": user, "seq": event.seq, "kind": event.kind, "at": event.at, "body": dict(event.body)}


def _read_lines(path: Path) -> dict[str, list[Draft]]:
    logs: dict[str, list[Draft]] = {}
    states: dict[str, State] = {}
    number = 0
    for number, (where, row) in enumerate(iter_json_lines(path, "object", LONGEST_LINE), 1):
        if not isinstance(row, Mapping):
            raise InvalidInput(where, "an object", row)
        if number == 1:
            logs = {user: [] for user in _users(row, where)}
            states = {user: State() for user in logs}
            continue
        user = row.get("user")
        if not isinstance(user, str) or user not in logs or row.get("seq") != len(logs[user]) + 1:
            raise InvalidInput(where, "the next event of a user named in line 1", row.get("seq"), "seq")
        logs[user].append(_draft(row, states[user], where))
    if not number:
        raise InvalidInput(str(path), f"a memory export ({FORMAT} {VERSION})", "an empty file")
    return logs


def _users(row: Mapping[str, Any], where: str) -> list[str]:
    if row.get("format") != FORMAT or row.get("version") != VERSION:
        raise InvalidInput(where, f"the first line of a memory export ({FORMAT} {VERSION})", row.get("format"))
    users = row.get("users")
    if not isinstance(users, list) or not all(isinstance(user, str) for user in users):
        raise InvalidInput(where, "the names of the users", users, "users")
    return users


def _draft(row: Mapping[str, Any], state: State, where: str) -> Draft:
    """An event, when it could be the next one of the log."""
    kind, at, body = row.get("kind"), row.get("at"), row.get("body")
    if kind not in EVENT_KINDS or not isinstance(body, Mapping):
        raise InvalidInput(where, f"an event of kind {', '.join(EVENT_KINDS)} with a body", kind, "kind")
    if isinstance(at, bool) or not isinstance(at, (int, float)) or not EARLIEST <= at <= LATEST:
        raise InvalidInput(where, "seconds since 1970, in the years 1 to 9999", at, "at")
    draft = Draft(kind, float(at), body)
    try:
        check_body(draft, state, where)
        state.apply(Event(state.seq + 1, kind, draft.at, body))
    except (InvalidInput, StorageError) as error:
        raise InvalidInput(where, f"the body of an event '{kind}' ({error})") from error
    return draft


def _keep(user: UserMemory, told: list[markdown.Told]) -> int:
    """Keep the entries of a Markdown file as typed facts and blocks, all or none."""
    user.keep([_operation(one) for one in told])
    return len(told)


def _operation(one: markdown.Told) -> Operation:
    try:
        if one.kind == BLOCK:
            return Operation("add", "", BLOCK, one.key or "note", one.text)
        return Operation("add", "", one.kind, one.key, one.text, one.holder, one.since)
    except InvalidInput as error:
        raise InvalidInput(one.where, f"an entry ({error})") from error
