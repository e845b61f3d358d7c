"""Multi-session dialogues as LD-Agent's evaluation reads them, and its quick format of ready prompts.

Source: ld-agent page, "Data formats": ``sequential_test.json`` is a list of samples, a sample a list of sessions, a session
``{dialog: [{SPEAKER_1, SPEAKER_2}], time_pass}``; ``conversations`` and ``id_set.json`` are the quick one. The data themselves
(MSC, 501 samples in its test set) are not shipped.
Units: seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personarium.core.chat import Message
from personarium.core.errors import InvalidInput
from personarium.core.files import existing, parse_json, read_text

MAX_BYTES = 512 * 2**20
USER_SIDE, AGENT_SIDE = "SPEAKER_1", "SPEAKER_2"


@dataclass(frozen=True, slots=True)
class TimedSession:
    """One session.

    Args:
        turns: (what the user said, the agent's gold reply), in order.
        pause_s: Time until the next session.
    """

    turns: tuple[tuple[str, str], ...]
    pause_s: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One pair of speakers over several sessions; ``id`` is its place in the file, from 0."""

    id: str
    sessions: tuple[TimedSession, ...]


@dataclass(frozen=True, slots=True)
class GoldReply:
    """One ready prompt of the quick format.

    Args:
        id: Its place in the file, from 0.
        messages: System and user message.
        reply: The gold reply.
        session: Number of the session it is of (2 to 5).
    """

    id: str
    messages: tuple[Message, ...]
    reply: str
    session: int


def read_samples(path: str | Path) -> list[Sample]:
    """Read a file of multi-session dialogues.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, sample, session, turn and field.
    """
    rows = _list(path, "samples")
    return [Sample(str(n), tuple(_sessions(row, f"{path}: sample {n}"))) for n, row in enumerate(rows)]


def read_gold_replies(path: str | Path, ids: str | Path) -> list[GoldReply]:
    """Read the quick format: conversations, and the session of each from ``id_set.json``.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, entry and field, also when the two files are not equally long.
    """
    rows, sessions = _list(path, "conversations"), _list(ids, "entries with a session_number")
    if len(rows) != len(sessions):
        raise InvalidInput(str(ids), f"{len(rows)} entries, as in {path}", len(sessions))
    return [
        GoldReply(str(n), *_conversation(row, f"{path}: entry {n}"), _session_number(entry, f"{ids}: entry {n}"))
        for n, (row, entry) in enumerate(zip(rows, sessions, strict=True))
    ]


def conversation_row(messages: tuple[Message, ...], reply: str) -> dict[str, Any]:
    """A prompt and its gold reply in the quick format: training data for the response generator."""
    return {"conversations": [*(dict(one) for one in messages), {"role": "assistant", "content": reply}]}


def _list(path: str | Path, what: str) -> list[Any]:
    found = existing(path)
    data = parse_json(read_text(found, f"a list of {what}", MAX_BYTES), str(path))
    if not isinstance(data, list):
        raise InvalidInput(str(path), f"a list of {what}", data)
    return data


def _sessions(row: object, where: str) -> Iterator[TimedSession]:
    if not isinstance(row, list) or not row:
        raise InvalidInput(where, "a list of sessions", row)
    for number, session in enumerate(row, 1):
        at = f"{where}, session {number}"
        if not isinstance(session, dict) or not isinstance(session.get("dialog"), list):
            raise InvalidInput(at, "an object with a list of turns", session, "dialog")
        turns = tuple(_turn(turn, f"{at}, turn {k}") for k, turn in enumerate(session["dialog"], 1))
        yield TimedSession(turns, _pause(session.get("time_pass", 0), at))


def _turn(turn: object, where: str) -> tuple[str, str]:
    said = [turn.get(side) if isinstance(turn, dict) else None for side in (USER_SIDE, AGENT_SIDE)]
    if not isinstance(said[0], str) or not isinstance(said[1], str):
        raise InvalidInput(where, f"an object with the texts {USER_SIDE} and {AGENT_SIDE}", turn)
    return said[0], said[1]


def _pause(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise InvalidInput(where, "seconds, 0 or more", value, "time_pass")
    return float(value)


def _conversation(row: object, where: str) -> tuple[tuple[Message, ...], str]:
    said = row.get("conversations") if isinstance(row, dict) else None
    roles = [one.get("role") if isinstance(one, dict) else None for one in said] if isinstance(said, list) else []
    if not isinstance(said, list) or roles not in (["system", "user", "assistant"], ["user", "assistant"]):
        raise InvalidInput(
            where, "the roles system, user and assistant, one message each", roles or row, "conversations"
        )
    if not all(isinstance(one.get("content"), str) for one in said):
        raise InvalidInput(where, "a text in every message", None, "conversations.content")
    messages: list[Message] = [{"role": one["role"], "content": one["content"]} for one in said[:-1]]
    return tuple(messages), said[-1]["content"]


def _session_number(entry: object, where: str) -> int:
    number = entry.get("session_number") if isinstance(entry, dict) else None
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise InvalidInput(where, "a whole number from 1", number, "session_number")
    return number
