"""A questionnaire as data: closed questions, what counts as an answer to each, and when each is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from personarium.play.survey.conditions import Condition

QuestionType = Literal["single", "multiple", "yesno", "scale", "number", "ranking"]
TYPES: tuple[str, ...] = get_args(QuestionType)
# An answer: an option's key, keys (in the questionnaire's order, or ranked), yes or no, a place on a scale, a number.
Value = str | bool | int | float | tuple[str, ...]
_WHOLE = re.compile(r"-?[0-9]{1,15}\.0{1,15}")
_NUMBER = re.compile(r"[-+]?[0-9]{1,15}(?:\.[0-9]{0,15})?")


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose: the key that results are counted by, and the text that is shown."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class HumanColumn:
    """Where people's answers to a question stand, and how both sides are brought onto one scale.

    Args:
        column: Name of the column in the table.
        recode: Value in the column -> value that is compared; values that are not named stay as they are.
        recode_answers: The same for the answers of the survey, where the two scales differ.
        missing: Values in the column that mean "no answer".
    """

    column: str
    recode: Mapping[str, str] = field(default_factory=dict)
    recode_answers: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One closed question.

    Args:
        id: Its name in conditions, tables and results.
        type: ``single`` and ``multiple`` choice, ``yesno``, ``scale`` (whole numbers lo to hi, with labels), ``number``
            (lo to hi), ``ranking`` of all options.
        text: What is asked; with ``statement`` a sentence to be rated.
        options: What can be chosen or ranked.
        lo: Lowest answer of a scale or number.
        hi: Highest.
        integer: Whether a number must be whole.
        labels: Place on the scale -> its words.
        permute: Whether options are shown in an order drawn for each person (a scale: from either end).
        keep_last: How many options stay at the end all the same ("none of these").
        statement: Whether the text is a statement about oneself, and no question.
        ask_if: When it is asked; None for always.
        human: Where people's answers stand.
        section: Id of its section, "" without.
    """

    id: str
    type: QuestionType
    text: str
    options: tuple[Option, ...] = ()
    lo: float = 0
    hi: float = 0
    integer: bool = True
    labels: Mapping[int, str] = field(default_factory=dict)
    permute: bool = False
    keep_last: int = 0
    statement: bool = False
    ask_if: Condition | None = None
    human: HumanColumn | None = None
    section: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the options."""
        return tuple(option.key for option in self.options)

    @property
    def places(self) -> tuple[int, ...]:
        """The places of a scale, lowest first."""
        return tuple(range(int(self.lo), int(self.hi) + 1))

    def valid(self, value: Any) -> Value | None:
        """The value if it is an answer to this question, else None; nothing is clipped or rounded.

        Keys may come as any text or number; yes and no also as words; numbers as numbers or as text.
        """
        if self.type == "single":
            key = key_of(value)
            return key if key in self.keys else None
        if self.type in ("multiple", "ranking"):
            return self._valid_keys(value)
        if self.type == "yesno":
            return _yes_no(value)
        return self._valid_number(value)

    def _valid_keys(self, value: Any) -> tuple[str, ...] | None:
        given = (value,) if isinstance(value, (str, int, float)) else tuple(value or ())
        chosen = [key_of(one) for one in given]
        if len(set(chosen)) < len(chosen) or not set(chosen) <= set(self.keys):
            return None
        if self.type == "ranking":
            return tuple(chosen) if len(chosen) == len(self.keys) else None
        return tuple(key for key in self.keys if key in chosen)

    def _valid_number(self, value: Any) -> int | float | None:
        if not is_number(value) or not self.lo <= float(value) <= self.hi:
            return None
        number = float(value)
        if not self.integer:
            return number
        return int(number) if number.is_integer() else None

    def fits_option(self, value: Any) -> bool:
        """Whether a value is the key of one of the options."""
        return key_of(value) in self.keys

    def describe(self) -> str:
        """What an answer is, in words."""
        if self.type == "yesno":
            return "yes or no"
        if self.options:
            return (
                f"{'some' if self.type == 'multiple' else 'all' if self.type == 'ranking' else 'one'} of "
                + ", ".join(self.keys)
            )
        return f"a {'whole ' if self.integer else ''}number from {self.lo:g} to {self.hi:g}"

    def label_of(self, value: Value) -> str:
        """An answer in words, for tables."""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, tuple):
            return ", ".join(value)
        if self.type == "scale" and int(value) in self.labels:
            return f"{value} {self.labels[int(value)]}"
        named = {option.key: option.text for option in self.options}
        return named.get(str(value), f"{value:g}" if isinstance(value, (int, float)) else str(value))


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a questionnaire: its id, its title for reports, and what is said before its questions."""

    id: str
    title: str = ""
    intro: str = ""


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """All questions in the order in which they are asked.

    Args:
        title: For reports.
        questions: In order; a condition speaks of earlier ones only.
        sections: In order; empty when there are none.
        where: File or origin, for messages.
    """

    title: str
    questions: tuple[Question, ...]
    sections: tuple[Section, ...] = ()
    where: str = "questionnaire"

    def __getitem__(self, id: str) -> Question:
        """The question of that id."""
        return next(question for question in self.questions if question.id == id)

    def intro_of(self, question: Question) -> str:
        """What is said before the questions of its section."""
        return next((s.intro for s in self.sections if s.id == question.section), "")

    def pages(self, by_section: bool = False) -> tuple[tuple[Question, ...], ...]:
        """The questions as they are put: one a call, or the questions of a section together.

        Together go only single choice, scales and yes/no, statements only with statements, and questions only with
        those of the same condition, which must not speak of the page itself: it is decided before the page is put.
        """
        pages: list[list[Question]] = []
        for question in self.questions:
            if by_section and pages and _joins(pages[-1], question):
                pages[-1].append(question)
            else:
                pages.append([question])
        return tuple(tuple(page) for page in pages)


def _joins(page: list[Question], question: Question) -> bool:
    together = ("single", "scale", "yesno")
    last = page[-1]
    if question.type not in together or last.type not in together or last.section != question.section:
        return False
    if question.statement != last.statement:
        return False
    return question.ask_if == last.ask_if and not _waits(question, page)


def _waits(question: Question, page: list[Question]) -> bool:
    return question.ask_if is not None and bool(question.ask_if.questions & {one.id for one in page})


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, or the text of one."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return abs(value) < 1e15  # NaN is not
    return isinstance(value, str) and bool(_NUMBER.fullmatch(value.strip()))


def key_of(value: Any) -> str:
    """A key as text: YAML reads ``yes`` as true and ``1`` as a number, tables hold 1.0 or "1.0"."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value).strip()
    return text.partition(".")[0] if _WHOLE.fullmatch(text) else text


def _yes_no(value: Any) -> bool | None:
    return {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}.get(key_of(value).lower())
