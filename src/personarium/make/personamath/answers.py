r"""What makes a task checkable: how a solution's answer is asked for, read and compared.

PersonaMath's own tasks end in ``\boxed{...}``; texts and choices are checked the same way, so that any task with one right
answer can be rewritten. Answers are plain texts in a normal form, so that they can be stored and shown.

Source: personamath page, step 6; the checkers ``text`` and ``choice`` are our own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput, UsageError
from personarium.make.personamath.boxed import last_boxed
from personarium.make.personamath.math_equality import math_equal, same_by_value
from personarium.make.personamath.numbers import NUMBER_ERRATA, read_number, show, strict_number
from personarium.text.choices import read_letter
from personarium.text.holes import Unparsed

MATH_ERRATA = ("text-equality",)
ERRATA = (*NUMBER_ERRATA, *MATH_ERRATA)
LARGEST = 10**12  # the range that the reply form shows; larger numbers are read all the same
_LETTERS = "ABCDEFGHIJ"
_MARK = "####"  # GSM8K writes its answers behind it


class AnswerChecker(Protocol):
    """How answers of one kind of task are asked for, read and compared."""

    @property
    def name(self) -> str: ...

    @property
    def form(self) -> str:
        """The reply form's literal for a solution that ends in its answer."""
        ...

    def read(self, solution: str) -> str | Unparsed:
        """The answer that a solution ends in, in normal form."""
        ...

    def reference(self, text: str, where: str) -> str:
        """A row's reference answer in normal form.

        Raises:
            InvalidInput: It is none; the message names ``where``.
        """
        ...

    def same(self, a: str, b: str) -> bool:
        """Whether two answers in normal form are the same."""
        ...


def form_with(hole: str) -> str:
    r"""The reply form of a solution: reasoning, then the answer in a box."""
    return f"<reasoning: text>\n\\boxed{{{hole}}}"


def reference_text(text: str) -> str:
    """The answer inside a reference solution: behind ``####``, else in the last box, else the whole text."""
    _, found, rest = text.rpartition(_MARK)
    boxed = None if found else last_boxed(text)
    return (rest if found else text if boxed is None else boxed).strip()


@dataclass(frozen=True)
class NumberAnswer:
    """One number, compared exactly.

    Args:
        faults: Ids of the number reader's errata that are switched on.
    """

    faults: frozenset[str] = frozenset()
    name: str = field(default="number", init=False)
    form: str = field(default=form_with(f"<answer: {-LARGEST}-{LARGEST}>"), init=False)

    def read(self, solution: str) -> str | Unparsed:
        """The number in the last box."""
        value = read_number(solution, self.faults)
        return Unparsed("the solution does not end in one number in a box", solution) if value is None else show(value)

    def reference(self, text: str, where: str) -> str:
        """The number behind ``####``, in a box, or alone."""
        value = strict_number(reference_text(text))
        if value is None:
            raise InvalidInput(where, "a number, alone, in \\boxed{} or behind ####", text)
        return show(value)

    def same(self, a: str, b: str) -> bool:
        """Equal values."""
        return strict_number(a) == strict_number(b)


@dataclass(frozen=True)
class BoxedAnswer:
    """Whatever stands in the last box, compared by ``equal`` after ``normal``.

    Args:
        name: What it is.
        form: The reply form of a solution.
        equal: When two answers are the same.
    """

    name: str
    form: str
    equal: Callable[[str, str], bool]

    def read(self, solution: str) -> str | Unparsed:
        """The content of the last box, blanks around it taken off."""
        inside = last_boxed(solution)
        if inside is None or not inside.strip():
            return Unparsed("the solution does not end in an answer in a box", solution)
        return inside.strip()

    def reference(self, text: str, where: str) -> str:
        """The answer behind ``####``, in a box, or alone."""
        found = reference_text(text)
        if not found:
            raise InvalidInput(where, "an answer that is not empty", text)
        return found

    def same(self, a: str, b: str) -> bool:
        """By ``equal``."""
        return self.equal(a, b)


@dataclass(frozen=True)
class ChoiceAnswer:
    """A letter of a lettered choice.

    Args:
        count: How many letters there are, 2 to 10.
    """

    count: int = 4
    name: str = field(default="choice", init=False)

    def __post_init__(self) -> None:
        if not 2 <= self.count <= len(_LETTERS):
            raise UsageError(f"a choice has 2 to {len(_LETTERS)} options, found {self.count}")

    @property
    def form(self) -> str:
        """Reasoning, then the letter in a box."""
        return form_with(f"<{'|'.join(_LETTERS[: self.count])}>")

    def read(self, solution: str) -> str | Unparsed:
        """The letter in the last box."""
        inside = last_boxed(solution)
        return (
            Unparsed("the solution does not end in a letter in a box", solution)
            if inside is None
            else self._letter(inside)
        )

    def reference(self, text: str, where: str) -> str:
        """A letter, alone, in a box or behind ``####``."""
        letter = self._letter(reference_text(text))
        if isinstance(letter, Unparsed):
            raise InvalidInput(where, f"a letter from A to {_LETTERS[self.count - 1]}", text)
        return letter

    def same(self, a: str, b: str) -> bool:
        """The same letter."""
        return a == b

    def _letter(self, text: str) -> str | Unparsed:
        return read_letter(text, self.count)


def _same_words(a: str, b: str) -> bool:
    return " ".join(a.split()).casefold() == " ".join(b.split()).casefold()


def answer_checker(kind: str = "number", *, options: int = 4, as_published: Published = False) -> AnswerChecker:
    """The checker of a kind of answer.

    Args:
        kind: ``number`` (GSM8K), ``math`` (LaTeX), ``text`` (exact, but for case and blanks), ``choice`` (a letter).
        options: How many letters a choice has.
        as_published: True or ids of :data:`ERRATA` bring the published evaluation's faults back.

    Raises:
        UsageError: No such kind.
    """
    faults = published_faults(as_published, ERRATA)
    known: Mapping[str, Callable[[], AnswerChecker]] = {
        "number": lambda: NumberAnswer(faults & frozenset(NUMBER_ERRATA)),
        "math": lambda: BoxedAnswer(
            "math", form_with("<answer: text>"), math_equal if "text-equality" in faults else same_by_value
        ),
        "text": lambda: BoxedAnswer("text", form_with("<answer: text>"), _same_words),
        "choice": lambda: ChoiceAnswer(options),
    }
    if kind not in known:
        raise UsageError(f"no kind of answer is called '{kind}'; there are {', '.join(known)}")
    return known[kind]()
