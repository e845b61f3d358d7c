"""Taking a memory out and putting it back: JSON lines without loss, Markdown for people to read and edit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput, StorageError, UsageError
from personarium.core.files import existing, iter_json_lines, read_text, replacing, write_json_lines
from personarium.remember.edits import BLOCK
from personarium.remember.events import EVENT_KINDS, Draft, Event
from personarium.remember.memory import Memory
from personarium.remember.recollection import day
from personarium.remember.records import Fact
from personarium.remember.replay import ARCHIVED, batch_in, observation_in, replay
from personarium.remember.user_memory import UserMemory

FORMAT = "personarium-memory"
VERSION = 1
_LINE = re.compile(r"\A- (?P<text>.*?)(?: _\((?P<notes>[^_]*)\)_)?\Z")
_NOTE = re.compile(r"(since|until) (\d{4}-\d{2}-\d{2})")


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
    chosen = known if users is None else users
    for user in chosen:
        if user not in known:
            raise UsageError(f"the memory has no user {user!r}; it has {', '.join(known[:5]) or 'nobody'}")
    if where.suffix == ".jsonl":
        write_json_lines(_lines(memory, chosen), where)
        return sum(memory.store.last(user) for user in chosen)
    if where.suffix != ".md":
        raise UsageError(f"a memory is exported to .jsonl or .md, found '{where.name}'")
    if len(chosen) != 1:
        raise UsageError("Markdown holds one user's memory; name one")
    one = memory.user(chosen[0])
    with replacing(where) as scratch:
        scratch.write_text(as_markdown(one), encoding="utf-8")
    return len(one.facts(ended=True))


def import_memory(memory: Memory, path: str | Path, as_user: str = "") -> dict[str, int]:
    """Read what :func:`export_memory` wrote.

    Args:
        memory: Where to.
        path: The file. Every event of a ``.jsonl`` is put into the log of a user who has none yet; the entries of a ``.md``
            become typed facts and blocks, and what is known already is not doubled.
        as_user: Another name for the one user of the file; needed for Markdown.

    Returns:
        User -> how many events, or facts, were read.

    Raises:
        InvalidInput: On a file that is not what it should be, with the line; nothing is read then.
        UsageError: When a user of a ``.jsonl`` has a memory already, or ``as_user`` is missing for Markdown.
    """
    where = Path(path)
    if where.suffix == ".md":
        if not as_user:
            raise UsageError("say whose memory the Markdown file is")
        return {
            as_user: _read_markdown(memory.user(as_user), read_text(existing(where), "a memory as Markdown"), where)
        }
    logs = _read_lines(where)
    if as_user and len(logs) != 1:
        raise UsageError(f"{where} holds {len(logs)} users and can be renamed only when it holds one")
    named = {as_user or user: drafts for user, drafts in logs.items()}
    for user, drafts in named.items():
        memory.user(user)
        if memory.store.last(user):
            raise UsageError(f"{user!r} has a memory already; give the file's user another name, or erase the old one")
        replay(Event(seq, draft.kind, draft.at, draft.body) for seq, draft in enumerate(drafts, 1))
    memory.store.append_many(named)
    return {user: len(drafts) for user, drafts in named.items()}


def as_markdown(user: UserMemory) -> str:
    """What is believed of a user, to read: blocks, then facts by kind and key, with dates; what is over stands last."""
    facts = user.facts(ended=True)
    held = [fact for fact in facts if fact.current and ARCHIVED not in fact.attributes]
    over = [fact for fact in facts if not fact.current]
    parts = [f"# Memory of {user.id}\n"]
    for kind in dict.fromkeys(fact.kind for fact in held):
        parts.append(f"\n## {kind}\n\n" + "".join(_line(fact) for fact in held if fact.kind == kind))
    if over:
        parts.append("\n## no longer\n\n" + "".join(_line(fact) for fact in over))
    return "".join(parts)


def _line(fact: Fact) -> str:
    notes = [f"since {day(fact.valid_from)}"] if fact.valid_from is not None else []
    notes += [f"until {day(fact.valid_to)}"] if fact.valid_to is not None else []
    notes += [f"of {fact.holder}"] if fact.holder != "user" else []
    about = f"{fact.key}: " if fact.key else ""
    text = " ".join(f"{about}{fact.text}".split())
    return f"- {text} _({'; '.join(notes)})_\n" if notes else f"- {text}\n"


def _lines(memory: Memory, users: list[str]) -> Iterator[Mapping[str, Any]]:
    yield {"format": FORMAT, "version": VERSION, "users": users}
    for user in users:
        for event in memory.store.read(user):
            yield {"user": user, "seq": event.seq, "kind": event.kind, "at": event.at, "body": dict(event.body)}


def _read_lines(path: Path) -> dict[str, list[Draft]]:
    logs: dict[str, list[Draft]] = {}
    for number, (where, row) in enumerate(iter_json_lines(path, "object"), 1):
        if not isinstance(row, Mapping):
            raise InvalidInput(where, "an object", row)
        if number == 1:
            if row.get("format") != FORMAT or row.get("version") != VERSION:
                raise InvalidInput(where, f"the first line of a memory export ({FORMAT} {VERSION})", row.get("format"))
            logs = {str(user): [] for user in row.get("users", ())}
            continue
        log = logs.get(str(row.get("user")))
        if log is None or row.get("seq") != len(log) + 1:
            raise InvalidInput(where, "the next event of a user named in line 1", row.get("seq"), "seq")
        log.append(_draft(row, where))
    return logs


def _draft(row: Mapping[str, Any], where: str) -> Draft:
    kind, at, body = row.get("kind"), row.get("at"), row.get("body")
    if kind not in EVENT_KINDS or not isinstance(at, (int, float)) or not isinstance(body, Mapping):
        raise InvalidInput(where, f"an event of kind {', '.join(EVENT_KINDS)} with a time and a body", kind, "kind")
    draft = Draft(kind, float(at), body)
    try:
        _check(draft)
    except (InvalidInput, StorageError, KeyError, TypeError, ValueError) as error:
        raise InvalidInput(where, f"the body of an event '{kind}' ({error})") from error
    return draft


def _check(draft: Draft) -> None:
    """Refuse a body that could not be replayed; its number does not matter for that."""
    event = Event(1, draft.kind, draft.at, draft.body)
    if draft.kind == "observe":
        observation_in(event)
    elif draft.kind == "operations":
        batch_in(event)
    elif draft.kind == "undo":
        int(draft.body["of"])


def _read_markdown(user: UserMemory, text: str, path: Path) -> int:
    kind, count = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("## "):
            kind = line[3:].strip()
        elif line.startswith("- "):
            if not kind:
                raise InvalidInput(f"{path}:{number}", "a heading '## kind' above the first entry", line)
            if kind != "no longer":
                _keep(user, kind, line)
                count += 1
    return count


def _keep(user: UserMemory, kind: str, line: str) -> None:
    found = _LINE.match(line)
    text, notes = (found["text"], found["notes"] or "") if found else (line[2:], "")
    key, colon, value = text.partition(": ")
    if not colon or " " in key:
        key, value = "", text
    if kind == BLOCK:
        user.set_block(key or "note", value)
        return
    since = next((when for word, when in _NOTE.findall(notes) if word == "since"), None)
    at = datetime.fromisoformat(since).replace(tzinfo=UTC).timestamp() if since else None
    holder = notes.rpartition("of ")[2] if "of " in notes else "user"
    user.remember(value, key=key, kind=kind, holder=holder, at=at)
