"""Social identity: the census-like questions, and the list "- Field: answer" that they become.

Source: spectrum page, step 1 and "Works when" 7. Questions are in our own words.
Differs: an answer that is withheld leaves its field out. The published options of sexual orientation have two merged into one
by a slip (erratum ``merged-orientation``).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from personarium.core.errors import InvalidInput

PRESUMED = "Presumably "
DOES_NOT_APPLY = "does not apply"
LONGEST_ANSWER = 1_000  # characters
ORIENTATION = "Sexual Orientation"
_MERGED = "Gay straight (heterosexual)"
_RELEVANT = "(if relevant)"  # stands behind some names in stored profiles


@dataclass(frozen=True, slots=True)
class SocialQuestion:
    """One question.

    Args:
        field: The name that its answer has in the list.
        ask: The question.
        options: Fixed answers; empty for a free one.
        several: Whether several options may hold.
        open: Whether an answer of one's own is allowed beside the options.
        withhold: The option that withholds the answer, or "".
        asked_if: The field that must have one of ``if_answers``, or "".
        if_answers: See ``asked_if``.
    """

    field: str
    ask: str
    options: tuple[str, ...] = ()
    several: bool = False
    open: bool = False
    withhold: str = ""
    asked_if: str = ""
    if_answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SocialField:
    """One line of the list.

    Args:
        field: Its name.
        value: The answer, several joined by commas.
        uncertain: Whether it is marked as presumed.
        known: Whether the questionnaire has such a field.
    """

    field: str
    value: str
    uncertain: bool = False
    known: bool = True

    def line(self) -> str:
        """As it stands in the list."""
        return f"- {self.field}: {PRESUMED if self.uncertain else ''}{self.value}"


def social_questions(faults: frozenset[str] = frozenset()) -> tuple[SocialQuestion, ...]:
    """The questions, in order; with ``merged-orientation`` two options of sexual orientation are one, as published."""
    return tuple(_merged(q) if q.field == ORIENTATION and "merged-orientation" in faults else q for q in _questions())


def _merged(question: SocialQuestion) -> SocialQuestion:
    options = tuple(_MERGED if option == "Gay" else option for option in question.options)
    return SocialQuestion(question.field, question.ask, options, open=question.open, withhold=question.withhold)


@lru_cache(maxsize=1)
def _questions() -> tuple[SocialQuestion, ...]:
    text = (files("personarium.make.spectrum") / "data" / "social.toml").read_text(encoding="utf-8")
    return tuple(_question(row) for row in tomllib.loads(text)["question"])


def _question(row: Mapping[str, Any]) -> SocialQuestion:
    condition = row.get("asked_if", {})
    return SocialQuestion(
        row["field"],
        row["ask"],
        tuple(row.get("options", ())),
        row.get("several", False),
        row.get("open", False),
        row.get("withhold", ""),
        condition.get("field", ""),
        tuple(condition.get("answers", ())),
    )


def fields() -> tuple[str, ...]:
    """The names of the fields, in order."""
    return tuple(q.field for q in _questions())


def social_fields(
    answers: Mapping[str, Any],
    uncertain: Sequence[str] = (),
    where: str = "social",
    faults: frozenset[str] = frozenset(),
) -> tuple[SocialField, ...]:
    """Answers as lines, in the order of the questions.

    Args:
        answers: Field -> answer (a list where several may hold); None, "" and what does not apply leave the field out.
        uncertain: Fields whose answers are presumed.
        where: Whose they are, for messages.
        faults: Errata that are switched on.

    Raises:
        InvalidInput: An unknown field, or an answer that is not among the options.
    """
    known = {q.field: q for q in social_questions(faults)}
    strange = [name for name in (*answers, *uncertain) if name not in known]
    if strange:
        raise InvalidInput(where, f"fields among {', '.join(known)}", strange[0], str(strange[0]))
    found = []
    for name, question in known.items():
        value = _value(question, answers.get(name), where)
        if value and _applies(question, answers, where, known):
            found.append(SocialField(name, value, name in uncertain))
    return tuple(found)


def _applies(q: SocialQuestion, answers: Mapping[str, Any], where: str, known: Mapping[str, SocialQuestion]) -> bool:
    return not q.asked_if or _value(known[q.asked_if], answers.get(q.asked_if), where) in q.if_answers


def _value(question: SocialQuestion, answer: Any, where: str) -> str:
    given = list(answer) if isinstance(answer, (list, tuple)) else [answer]
    if len(given) > 1 and not question.several:
        raise InvalidInput(where, "one answer", answer, question.field)
    values = [_one(question, one, where) for one in given]
    return ", ".join(dict.fromkeys(v for v in values if v))


def _one(question: SocialQuestion, answer: Any, where: str) -> str:
    if isinstance(answer, bool):  # YAML reads a bare yes as true
        answer = "Yes" if answer else "No"
    if answer is None or not isinstance(answer, (str, int, float)):
        if answer is None:
            return ""
        raise InvalidInput(where, "a text or a number", answer, question.field)
    text = " ".join(str(answer).split())
    folded = text.casefold()
    if not text or folded in (DOES_NOT_APPLY, question.withhold.casefold()):
        return ""
    same = next((option for option in question.options if option.casefold() == folded), None)
    if same is not None:
        return same
    if len(text) > LONGEST_ANSWER or (question.options and not question.open):
        wanted = f"one of {', '.join(question.options)}" if question.options else f"at most {LONGEST_ANSWER} characters"
        raise InvalidInput(where, wanted, text, question.field)
    return text


def social_text(lines: Sequence[SocialField]) -> str:
    """The list as text."""
    return "\n".join(line.line() for line in lines)


@dataclass(frozen=True, slots=True)
class SocialList:
    """A list that was read.

    Args:
        fields: All its lines, unknown ones among them, in order.
        other: What is no "- Field: answer" line (a title), as it stands.
    """

    fields: tuple[SocialField, ...]
    other: tuple[str, ...] = ()

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names of lines that the questionnaire does not have."""
        return tuple(f.field for f in self.fields if not f.known)

    def value(self, field: str) -> str | None:
        """The answer of a field, None where it is absent."""
        return next((f.value for f in self.fields if f.field == field), None)


def read_social(text: str) -> SocialList:
    """Read a list as it is stored: "- Age: Presumably 38-39" is the presumed value "38-39"; unknown fields are kept."""
    known = set(fields())
    found: list[SocialField] = []
    other: list[str] = []
    for line in text.splitlines():
        name, colon, value = line.strip().removeprefix("- ").partition(":")
        if not line.strip():
            continue
        if not line.strip().startswith("- ") or not colon:
            other.append(line.strip())
            continue
        name = " ".join(name.replace(_RELEVANT, "").split())
        value = value.strip()
        presumed = value.startswith(PRESUMED)
        found.append(SocialField(name, value.removeprefix(PRESUMED).strip(), presumed, name in known))
    return SocialList(tuple(found), tuple(other))
