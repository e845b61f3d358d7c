"""What is compared of a question: one number or label for each answer, on the scale that both sides are recoded to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from personarium.play.survey.questions import Question, Value, is_number, key_of

Kind = Literal["numeric", "nominal"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One quantity of a question.

    Args:
        name: The question's id, with the option behind it where there is a quantity for each option.
        question: The question's id.
        kind: ``numeric`` values are ordered and have distances, ``nominal`` ones are only equal or not.
        of: Answer (as :func:`comparable` gives it) -> number or label.
    """

    name: str
    question: str
    kind: Kind
    of: Callable[[Any], Any]


def measures_of(question: Question, numeric_only: bool = False) -> tuple[Measure, ...]:
    """The quantities of a question.

    Scales, numbers and yes/no are one number; multiple choice is 0 or 1 for each option, a ranking the place of each;
    single choice is one label, or with ``numeric_only`` 0 or 1 for each option.
    """
    id = question.id
    if question.type == "single" and not numeric_only:
        return (Measure(id, id, "nominal", str),)
    if question.type == "ranking":
        return tuple(Measure(f"{id}: {k}", id, "numeric", _place(k)) for k in question.keys)
    if question.options:
        return tuple(Measure(f"{id}: {k}", id, "numeric", _chosen(k)) for k in labels_compared(question))
    return (Measure(id, id, "numeric", float),)


def _place(key: str) -> Callable[[Any], float]:
    return lambda order: float(order.index(key) + 1)


def _chosen(key: str) -> Callable[[Any], float]:
    return lambda answer: float(key in answer if isinstance(answer, tuple) else key == answer)


def comparable(question: Question, value: Value) -> Any:
    """An answer of the survey on the scale on which it is compared with people's."""
    table = question.human.recode_answers if question.human is not None else {}
    recoded = table.get(key_of(value)) if table and not isinstance(value, tuple) else None
    if recoded is None:
        return value
    return question.valid(recoded) if question.type == "yesno" else float(recoded) if _is_numeric(question) else recoded


def read_human(question: Question, cell: Any) -> Any:
    """A cell of people's table as an answer on the common scale; None when it is none.

    Several options stand in a list or in a text with ``;`` between them.
    """
    table = question.human.recode if question.human is not None else {}
    if question.type in ("multiple", "ranking"):
        given = cell.split(";") if isinstance(cell, str) else cell if isinstance(cell, (list, tuple)) else [cell]
        keys = [table.get(key_of(one), key_of(one)) for one in given if key_of(one)]
        return question.valid(keys)
    value = table.get(key_of(cell), key_of(cell))
    if question.human is None or not question.human.recode_answers:
        return question.valid(value)
    if question.type == "number":
        return float(value) if is_number(value) else None
    allowed = {key_of(one): one for one in compared_values(question)}
    return allowed.get(key_of(value))


def labels_compared(question: Question) -> tuple[str, ...]:
    """The labels of a choice after recoding, in the questionnaire's order."""
    return tuple(dict.fromkeys(str(comparable(question, key)) for key in question.keys))


def compared_values(question: Question) -> list[Any]:
    """Every answer there is, after recoding: what somebody who chooses blindly would give equally often.

    A range of numbers is stepped through by whole numbers up to a thousand, else in 1,000 steps.
    """
    if question.type == "single":
        values: list[Any] = list(question.keys)
    elif question.type == "yesno":
        values = [True, False]
    elif question.type == "scale":
        values = list(question.places)
    elif question.integer and question.hi - question.lo <= 1000:
        values = list(range(int(question.lo), int(question.hi) + 1))
    else:
        values = [question.lo + (question.hi - question.lo) * k / 1000 for k in range(1001)]
    return [comparable(question, value) for value in values]


def blind_values(question: Question, measure: Measure) -> list[Any]:
    """The values of a measure when every answer is equally likely."""
    if question.type == "multiple":
        return [0.0, 1.0]
    if question.type == "ranking":
        return [float(k + 1) for k in range(len(question.keys))]
    return [measure.of(value) for value in compared_values(question)]


def _is_numeric(question: Question) -> bool:
    return question.type in ("scale", "number")
