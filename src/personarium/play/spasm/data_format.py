"""The SPASM release format: JSON Lines of conversations, and the statistics files beside it.

Source: SPASM release v1.0.0 (github.com/lhannnn/SPASM), spasm page, "Data formats". ``tested`` is the responder.
Differs: ``max_turns`` is a termination reason too (the release has no such case).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from personarium.core.dialogue import Dialogue, Utterance
from personarium.core.errors import InvalidInput
from personarium.core.files import MAX_FILE_BYTES, bounded_lines, check_text, existing, parse_json, write_json_lines

CLIENT, RESPONDER = "client", "tested"
REASONS = ("natural_termination", "max_turns")


@dataclass(frozen=True, slots=True)
class Conversation:
    """One line of a release.

    Args:
        persona_id: From 0.
        conversation_id: From 0 for each persona.
        persona_fields: What was drawn.
        persona_description: What was crafted.
        dialogue: The turns; speakers are ``client`` and ``tested``.
        termination_reason: ``natural_termination`` or ``max_turns``.
    """

    persona_id: int
    conversation_id: int
    persona_fields: Mapping[str, Any]
    persona_description: str
    dialogue: Dialogue = field(compare=False)
    termination_reason: str = REASONS[0]

    def to_dict(self) -> dict[str, Any]:
        """The line's object."""
        return {
            "persona_id": self.persona_id,
            "conversation_id": self.conversation_id,
            "persona_fields": dict(self.persona_fields),
            "persona_description": self.persona_description,
            "turns": [{"speaker": u.speaker, "turn_index": k, "text": u.text} for k, u in enumerate(self.dialogue)],
            "termination_reason": self.termination_reason,
        }

    @classmethod
    def from_dict(cls, data: object, where: str = "conversation") -> Conversation:
        """Read and check one line's object.

        Raises:
            InvalidInput: Naming ``where`` and the field (``turns[3].speaker``).
        """
        if not isinstance(data, dict):
            raise InvalidInput(where, "a JSON object", data)
        persona, number = (_whole(data, name, where) for name in ("persona_id", "conversation_id"))
        for name, kind, wanted in (("persona_fields", dict, "an object"), ("persona_description", str, "a text")):
            if not isinstance(data.get(name), kind) or not data[name]:
                raise InvalidInput(where, f"{wanted} that is not empty", data.get(name), name)
        if data.get("termination_reason") not in REASONS:
            raise InvalidInput(where, " or ".join(REASONS), data.get("termination_reason"), "termination_reason")
        said = [Utterance(speaker, text) for speaker, text in _turns(data.get("turns"), where)]
        talk = Dialogue(conversation_name(persona, number), said, cast=(CLIENT, RESPONDER))
        return cls(
            persona, number, data["persona_fields"], data["persona_description"], talk, data["termination_reason"]
        )


def conversation_name(persona: int, conversation: int) -> str:
    """The dialogue's id, which sorts as the grid does."""
    return f"{persona:04d}/{conversation:03d}"


def _whole(data: Mapping[str, Any], name: str, where: str) -> int:
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidInput(where, "a whole number from 0", value, name)
    return value


def _turns(rows: object, where: str) -> Iterator[tuple[str, str]]:
    """Alternating, beginning with the client and ending with the responder, indices from 0, no empty text."""
    if not isinstance(rows, list) or not rows:
        raise InvalidInput(where, "a list of turns", rows, "turns")
    for k, row in enumerate(rows):
        at = f"turns[{k}]"
        if not isinstance(row, dict):
            raise InvalidInput(where, "an object", row, at)
        due = RESPONDER if k % 2 else CLIENT
        if row.get("speaker") != due:
            raise InvalidInput(where, f"'{due}' (speakers alternate)", row.get("speaker"), f"{at}.speaker")
        if row.get("turn_index") != k or isinstance(row["turn_index"], bool):
            raise InvalidInput(where, str(k), row.get("turn_index"), f"{at}.turn_index")
        if not isinstance(row.get("text"), str) or not row["text"].strip():
            raise InvalidInput(where, "a text that is not empty", row.get("text"), f"{at}.text")
        yield due, row["text"]
    if len(rows) % 2:
        raise InvalidInput(where, f"'{RESPONDER}' as the last speaker", CLIENT, f"turns[{len(rows) - 1}].speaker")


def iter_release(path: str | Path) -> Iterator[tuple[int, Conversation]]:
    """Read a release line by line: (line number, conversation); every line is checked, the grid is not.

    Raises:
        NotFound: When there is no such file.
        InvalidInput: Naming file, line and field.
    """
    path = existing(path)
    with path.open("rb") as file:
        for number, line in bounded_lines(file, str(path), MAX_FILE_BYTES):
            where = f"{path}:{number}"
            text = check_text(line, where, "one JSON conversation on the line")
            yield number, Conversation.from_dict(parse_json(text, where), where)


def read_release(path: str | Path) -> list[Conversation]:
    """Read and check a whole release, grid included (see :func:`check_grid`)."""
    rows = list(iter_release(path))
    check_grid(rows, str(path))
    return [conversation for _, conversation in rows]


def check_grid(rows: Iterable[tuple[int, Conversation]], where: str) -> None:
    """Check that the persona x conversation grid is complete, in its order, and without doubles.

    Raises:
        InvalidInput: Naming the line at which the grid breaks, and the field.
    """
    listed = list(rows)
    width = max(Counter(row.persona_id for _, row in listed).values(), default=1)
    for place, (line, row) in enumerate(listed):
        persona, number = divmod(place, width)
        for name, wanted, found in (
            ("persona_id", persona, row.persona_id),
            ("conversation_id", number, row.conversation_id),
        ):
            if found != wanted:
                expected = f"{wanted} (the grid of {width} conversations a persona is complete and in order)"
                raise InvalidInput(f"{where}:{line}", expected, found, name)
    if len(listed) % width:
        line, last = listed[-1]
        found = last.conversation_id + 1
        raise InvalidInput(f"{where}:{line}", f"{width} conversations of the last persona", found, "conversation_id")


def write_release(conversations: Iterable[Conversation], path: str | Path) -> Path:
    """Write a release; what is written passes :func:`read_release`.

    Raises:
        InvalidInput: When a conversation or the grid is not as the format wants; nothing is written then.
        StorageError: When the disk refuses; the file that was there stays as it was.
    """
    path = Path(path)
    rows = [c.to_dict() for c in conversations]
    checked = [(k, Conversation.from_dict(row, f"{path}:{k}")) for k, row in enumerate(rows, 1)]
    check_grid(checked, str(path))
    return write_json_lines(rows, path)


# --- statistics ---


@dataclass(frozen=True)
class RunStats:
    """The statistics of a release (``run_stats.json``).

    Args:
        data: The object as it stands in the file.
    """

    data: Mapping[str, Any]

    @cached_property
    def distribution(self) -> dict[int, int]:
        """Utterances of a conversation -> number of conversations, in order."""
        return {int(k): int(v) for k, v in sorted(self.data["utterance_count_distribution"].items(), key=_by_number)}

    @property
    def conversations(self) -> int:
        """Number of conversations."""
        return sum(self.distribution.values())

    @property
    def utterances(self) -> int:
        """Number of utterances."""
        return sum(length * count for length, count in self.distribution.items())

    @property
    def mean(self) -> float:
        """Utterances of a conversation, on average."""
        return self.utterances / self.conversations

    @property
    def median(self) -> float:
        """Utterances of the middle conversation."""
        import statistics

        return statistics.median(Counter(self.distribution).elements())

    @property
    def standard_deviation(self) -> float:
        """Of the utterances of a conversation, with n - 1."""
        squares = sum(count * (length - self.mean) ** 2 for length, count in self.distribution.items())
        return float((squares / (self.conversations - 1)) ** 0.5)

    @property
    def requests(self) -> dict[str, int]:
        """Role -> requests."""
        return {role: int(use["requests"]) for role, use in self.data["usage"]["roles"].items()}

    @property
    def tokens(self) -> int:
        """Tokens of all roles."""
        return sum(int(use["total_tokens"]) for use in self.data["usage"]["roles"].values())


def _by_number(item: tuple[str, Any]) -> int:
    return int(item[0])


def read_run_stats(path: str | Path | None = None) -> RunStats:
    """Read statistics in the release's form; without a path the bundled ones of release v1.0.0.

    Raises:
        NotFound: When there is no such file.
        InvalidInput: When a field is missing or the counts contradict each other.
    """
    if path is None:
        where, text = "run_stats.json", bundled("run_stats.json")
    else:
        where = str(path)
        existing(path)
        text = Path(path).read_text(encoding="utf-8")
    data = parse_json(text, where)
    spread = data.get("utterance_count_distribution") if isinstance(data, dict) else None
    if not isinstance(spread, dict) or not all(k.isdecimal() and isinstance(v, int) for k, v in spread.items()):
        raise InvalidInput(where, "an object: utterances -> conversations", spread, "utterance_count_distribution")
    stats = RunStats(data)
    if data.get("conversation_count") != stats.conversations:
        raise InvalidInput(
            where, f"{stats.conversations}, as distributed", data.get("conversation_count"), "conversation_count"
        )
    return stats


def read_role_audit_summary() -> dict[str, Any]:
    """The bundled role audit summary of release v1.0.0."""
    found: dict[str, Any] = json.loads(bundled("role_audit_summary.json"))
    return found


def bundled(name: str) -> str:
    """A bundled file of release v1.0.0 (CC BY 4.0, see NOTICE.md beside it)."""
    return (files("personarium.play.spasm") / "data" / name).read_text(encoding="utf-8")
