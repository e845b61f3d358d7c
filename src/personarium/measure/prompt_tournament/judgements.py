"""Judgement rows: what was said of two answers side by side; reading them, writing them, the texts that were judged.

Source: LLM Prompt Evaluation for Educational Applications (arXiv 2601.16134); page prompt-tournament, "Data formats".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args

from personarium.core.errors import InvalidInput
from personarium.core.files import iter_json_lines, write_json_lines
from personarium.core.results import Failure, FailureKind

Side = Literal["left", "right", "tie"]
SIDES: tuple[str, ...] = get_args(Side)
_NAMES = ("context_id", "judge_id", "left", "right", "dimension")
MOST_PERIODS = 10**6


@dataclass(frozen=True, slots=True)
class Judgement:
    """One verdict on two answers as they were shown.

    Args:
        context_id: What both answer.
        judge_id: Who judged.
        left: The contestant whose answer stood left (was read first).
        right: The other.
        dimension: What was compared.
        winner: ``left``, ``right`` or ``tie``; None where the verdict could not be had, and ``failure`` says why.
        period: The rating period.
        failure: Kind of the failure; empty where there is a winner.
        reason: In words.
        asked: Whether the judge saw the pair; identical answers are a tie that nobody is asked about.
    """

    context_id: str
    judge_id: str
    left: str
    right: str
    dimension: str
    winner: Side | None
    period: int = 0
    failure: str = ""
    reason: str = ""
    asked: bool = True

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form; :meth:`from_dict` reads it."""
        row: dict[str, Any] = {name: getattr(self, name) for name in (*_NAMES, "winner", "period")}
        if self.winner is None:
            row |= {"failure": self.failure, "reason": self.reason}
        return row if self.asked else {**row, "asked": False}

    @classmethod
    def from_dict(cls, row: object, where: str = "judgement", contestants: Collection[str] | None = None) -> Judgement:
        """Read one row.

        Args:
            row: A mapping; fields it may have beyond ours are left alone.
            where: Its place, for messages.
            contestants: Who there is; None takes any.

        Raises:
            InvalidInput: Naming the place and the field: a contestant against itself or an unknown one, a winner outside
                ``left``, ``right`` and ``tie``.
        """
        if not isinstance(row, Mapping):
            raise InvalidInput(where, "a judgement, an object with context_id, left, right, winner", row)
        read = {name: _text(row.get(name, "total" if name == "dimension" else None), where, name) for name in _NAMES}
        for side in ("left", "right"):
            if contestants is not None and read[side] not in contestants:
                raise InvalidInput(where, f"a contestant among {', '.join(sorted(contestants))}", read[side], side)
        if read["left"] == read["right"]:
            raise InvalidInput(where, "two different contestants", read["right"], "right")
        winner, failure = row.get("winner"), row.get("failure", "")
        if winner not in SIDES and not (winner is None and isinstance(failure, str) and failure):
            raise InvalidInput(where, "left, right or tie (or null with the failure's kind)", winner, "winner")
        return cls(
            **read,
            winner=cast("Side | None", winner),
            period=_period(row.get("period", 0), where),
            failure=str(failure) if winner is None else "",
            reason=str(row.get("reason", ""))[:2000],
            asked=row.get("asked", True) is not False,
        )

    def turned(self) -> Judgement:
        """The same verdict, told with the sides exchanged."""
        other: dict[Side | None, Side | None] = {"left": "right", "right": "left", "tie": "tie", None: None}
        return replace(self, left=self.right, right=self.left, winner=other[self.winner])

    def as_failure(self) -> Failure:
        """Why there is no winner."""
        where = f"{self.context_id}/{self.left}-{self.right}/{self.dimension}"
        return Failure(cast("FailureKind", self.failure), self.reason, where)


def read_judgements(path: str | Path, contestants: Collection[str] | None = None) -> list[Judgement]:
    """Read a file of judgement rows; raises InvalidInput naming file, line and field."""
    return [Judgement.from_dict(row, where, contestants) for where, row in iter_json_lines(path, "judgement")]


def write_judgements(rows: Iterable[Judgement], path: str | Path) -> Path:
    """Write them, one a line."""
    return write_json_lines((row.to_dict() for row in rows), path)


def _text(value: object, where: str, field: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(where, "a text that is not empty", value, field)
    return value


def _period(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < MOST_PERIODS:
        raise InvalidInput(where, f"a whole number from 0 to {MOST_PERIODS - 1}", value, "period")
    return value


# --- what was judged ---


@dataclass(frozen=True, slots=True)
class Context:
    """What every contestant answers.

    Args:
        id: Unique in the study.
        text: The question, or the interaction so far.
        reference: A right answer, shown to the judge; None where there is none.
    """

    id: str
    text: str
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """One contestant's answer in one context."""

    context_id: str
    contestant: str
    text: str

    def to_dict(self) -> dict[str, str]:
        """One line of ``texts.jsonl``."""
        return {"context_id": self.context_id, "contestant": self.contestant, "text": self.text}


def read_responses(path: str | Path) -> tuple[list[Context], list[Response]]:
    """Read ready answers: ``context_id, contestant, text`` and, on any line of a context, ``context`` and ``reference``.

    Returns:
        The contexts in the order of their first line (one whose text is never given has its id for a text), the answers.

    Raises:
        InvalidInput: Naming file, line and field; two answers of one contestant in one context; two texts for one context.
    """
    contexts: dict[str, dict[str, str]] = {}
    found: dict[tuple[str, str], Response] = {}
    for where, row in iter_json_lines(path, "answer"):
        if not isinstance(row, Mapping):
            raise InvalidInput(where, "an object with context_id, contestant and text", row)
        id, who = (_text(row.get(name), where, name) for name in ("context_id", "contestant"))
        if (id, who) in found:
            raise InvalidInput(where, f"one answer of {who} in context {id}", "a second one", "contestant")
        if not isinstance(row.get("text"), str):
            raise InvalidInput(where, "a text", row.get("text"), "text")
        found[id, who] = Response(id, who, row["text"])
        _learn(contexts.setdefault(id, {}), row, where)
    return [_context(id, known) for id, known in contexts.items()], list(found.values())


def _learn(known: dict[str, str], row: Mapping[str, Any], where: str) -> None:
    for name in ("context", "reference"):
        if row.get(name) is not None:
            text = _text(row[name], where, name)
            if known.setdefault(name, text) != text:
                raise InvalidInput(where, "the same text on every line of a context", text, name)


def _context(id: str, known: Mapping[str, str]) -> Context:
    return Context(id, known.get("context", id), known.get("reference"))


def read_contexts(path: str | Path) -> list[Context]:
    """Read contexts: JSON lines of ``text`` (or ``question``) and if you like ``id`` and ``reference``, or a text file, one a
    line.

    Raises:
        InvalidInput: Naming file, line and field; an id that comes twice; an empty file.
    """
    path = Path(path)
    rows = _plain_lines(path) if path.suffix == ".txt" else iter_json_lines(path, "context")
    found: dict[str, Context] = {}
    for number, (where, row) in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise InvalidInput(where, "an object with text", row)
        reference = row.get("reference")
        one = Context(
            _text(row.get("id", f"c{number:04d}"), where, "id"),
            _text(row.get("text", row.get("question")), where, "text"),
            None if reference is None else _text(reference, where, "reference"),
        )
        if one.id in found:
            raise InvalidInput(where, "an id that no other context has", one.id, "id")
        found[one.id] = one
    if not found:
        raise InvalidInput(str(path), "at least one context", "none")
    return list(found.values())


def _plain_lines(path: Path) -> list[tuple[str, dict[str, str]]]:
    from personarium.core.files import existing, read_text

    lines = read_text(existing(path), "a text file with a context a line").splitlines()
    return [(f"{path}:{number}", {"text": line.strip()}) for number, line in enumerate(lines, 1) if line.strip()]


def write_responses(responses: Sequence[Response], path: str | Path) -> Path:
    """Write ``texts.jsonl``."""
    return write_json_lines((response.to_dict() for response in responses), path)
