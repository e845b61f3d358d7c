"""Questions with a known answer, and what a model answered with which confidence; files of both.

Source: reward-calibration page, "Data formats" (``id, question, answer, gold, confidence (0..1 or null), correct (0/1)``).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.files import iter_json_lines
from personarium.core.results import Failure, count_failures

_YES, _NO = frozenset({"1", "1.0", "true", "yes"}), frozenset({"0", "0.0", "false", "no"})


@dataclass(frozen=True, slots=True)
class Question:
    """A question whose answer is known.

    Args:
        id: Unique in its set.
        question: What is asked.
        gold: The right answer; with options one of them.
        options: 2 to 26 answers to choose from; none for a question with a free answer.
        group: The unit of analysis it belongs to (a text, a topic, a person); "" for a question on its own.
    """

    id: str
    question: str
    gold: str
    options: tuple[str, ...] = ()
    group: str = ""


@dataclass(frozen=True, slots=True)
class ConfidenceRecord:
    """One answered question.

    Args:
        id: Of the question.
        question: What was asked.
        answer: What was answered; "" where nothing could be read.
        gold: The right answer.
        confidence: Stated, 0 to 1; None where none was stated.
        correct: Whether the answer is right; None where there is no answer.
        group: The unit of analysis; "" for a record on its own.
        failure: Why there is no answer.
        warning: What was odd about the stated confidence.
    """

    id: str
    question: str = ""
    answer: str = ""
    gold: str = ""
    confidence: float | None = None
    correct: bool | None = None
    group: str = ""
    failure: Failure | None = None
    warning: str = ""

    def as_row(self) -> dict[str, Any]:
        """JSON-ready form; ``failures`` counts by kind."""
        problem = None if self.failure is None else asdict(self.failure) | {"raw": list(self.failure.raw)}
        return asdict(self) | {
            "failure": problem,
            "correct": None if self.correct is None else int(self.correct),
            "failures": count_failures([self.failure] if self.failure else []),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> ConfidenceRecord:
        """The inverse of :meth:`as_row`."""
        fields = {name: value for name, value in row.items() if name != "failures"}
        problem, correct = fields["failure"], fields["correct"]
        fields["failure"] = None if problem is None else Failure(**problem | {"raw": tuple(problem["raw"])})
        fields["correct"] = None if correct is None else bool(correct)
        return cls(**fields)


def read_confidence_table(
    path: str | Path, confidence: str = "confidence", correct: str = "correct", group: str = "group", scale: float = 1.0
) -> list[ConfidenceRecord]:
    """Stated confidences and whether they were right, from a CSV, Parquet or JSON Lines file.

    Args:
        path: The table; empty cells and null are missing.
        confidence: Column of the stated confidence.
        correct: Column that says 1 or 0, true or false, yes or no.
        group: Column of the unit of analysis; a table without it has rows on their own.
        scale: The confidence that means certain: 1, 10 or 100.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming the file, the row and the column.
    """
    from personarium.core.tables import read_table

    table = read_table(path)
    for name in (confidence, correct):
        if name not in table:
            raise InvalidInput(str(path), f"a column '{name}'", ", ".join(table))
    units = table.get(group, [None] * len(table[correct]))
    return [
        ConfidenceRecord(
            id=str(k),
            confidence=_share(table[confidence][k], scale, f"{path}: row {k}", confidence),
            correct=_yes_or_no(table[correct][k], f"{path}: row {k}", correct),
            group="" if units[k] is None else str(units[k]),
        )
        for k in range(len(table[correct]))
    ]


def read_questions(path: str | Path) -> list[Question]:
    """Questions from a JSON Lines file: ``question``, ``gold``, and where it has them ``id``, ``options``, ``group``.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming the file, the line and the field.
    """
    found: list[Question] = []
    seen: set[str] = set()
    for where, row in iter_json_lines(path, "questions with their answers"):
        question = _question(where, row, len(found) + 1)
        if question.id in seen:
            raise InvalidInput(where, "an id that no line before it has", question.id, "id")
        seen.add(question.id)
        found.append(question)
    if not found:
        raise InvalidInput(str(path), "at least one question")
    return found


def arithmetic_questions(count: int, seed: int = 0) -> list[Question]:
    """Sums and products of growing size with four options each, so that something can be asked without any data."""
    draw, found = random.Random(f"{seed} arithmetic"), []
    for k in range(count):
        most = (10, 100, 1_000)[k % 3]
        a, b, sign = draw.randint(2, most), draw.randint(2, most), draw.choice("+*")
        right = a + b if sign == "+" else a * b
        wrong = draw.sample([right + n for n in (-10, -2, -1, 1, 2, 10)], 3)
        options = tuple(str(n) for n in sorted([right, *wrong]))
        found.append(Question(f"sum-{k + 1}", f"What is {a} {sign} {b}?", str(right), options))
    return found


def _question(where: str, row: Any, number: int) -> Question:
    if not isinstance(row, dict):
        raise InvalidInput(where, "one JSON object a line", row)
    for name in ("question", "gold"):
        if not isinstance(row.get(name), str | int | float) or not str(row[name]).strip():
            raise InvalidInput(where, "a text", row.get(name), name)
    options = row.get("options") or ()
    if not isinstance(options, Sequence) or isinstance(options, str):
        raise InvalidInput(where, "a list of 2 to 26 texts", options, "options")
    texts = tuple(str(option) for option in options)
    if texts and not (2 <= len(set(texts)) == len(texts) <= 26 and str(row["gold"]) in texts):
        raise InvalidInput(where, "2 to 26 different texts, the gold answer among them", list(texts), "options")
    return Question(
        str(row.get("id", number)), str(row["question"]), str(row["gold"]), texts, str(row.get("group", ""))
    )


def _share(value: Any, scale: float, where: str, field: str) -> float | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        share = float(value) / scale
    except (TypeError, ValueError):
        raise InvalidInput(where, f"a confidence from 0 to {scale:g}", value, field) from None
    if not 0 <= share <= 1:
        raise InvalidInput(where, f"a confidence from 0 to {scale:g} (another scale is named with scale)", value, field)
    return share


def _yes_or_no(value: Any, where: str, field: str) -> bool | None:
    text = "" if value is None else str(value).strip().casefold()
    if not text:
        return None
    if text not in _YES | _NO:
        raise InvalidInput(where, "1 or 0, true or false, yes or no", value, field)
    return text in _YES
