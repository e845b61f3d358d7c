"""How a judge is asked and how its reply is read: two prompted steps with their readers, and the optional holes.

Optional holes make a judge selective: it states how certain it is (1 to 100), or it abstains instead of guessing.

Source: Prometheus (arXiv 2310.08491) for the verdict, Can LLM be a Personalized Judge? (arXiv 2406.11657) for certainty.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from personarium.models.step import Step
from personarium.text.form import Unparsed
from personarium.text.line_form import SHADOW

Side = Literal["A", "B"]
Winner = Literal["A", "B", "tie"]

# At the end of the reply: "Certainty: 85", "certainty 85 %", "[[85]]"; whatever stands before it is the verdict.
_CERTAINTY = re.compile(
    r"(?:\[?\bcertainty\b\]?[ \t]*+[:=]?[\s\[(]*+|\[\[\s*+)(?P<n>\d{1,9})(?!\d)"
    r"(?:[ \t]*+(?:%|/[ \t]*+100(?!\d)))?[\])\s.\"']*+\Z",
    re.IGNORECASE,
)
_ABSTAINS = re.compile(r"(?:\[RESULT\]|\bresult)[\s:\[(]*+abstain(?:ed|s)?[\])\s.\"']*+\Z", re.IGNORECASE)
_TIE = re.compile(r"(?:\[RESULT\]|\bresult)[\s:\[(]*+tie[\])\s.\"']*+\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which optional holes a judge is shown.

    Args:
        certainty: How certain it is of its verdict, 1 to 100.
        abstention: It may abstain.
        ties: A comparison may end in a tie.
    """

    certainty: bool = False
    abstention: bool = False
    ties: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of one reply.

    Args:
        verdict: A score, ``A``, ``B`` or ``tie``; None when the judge abstained.
        feedback: The judge's words.
        certainty: 1 to 100, None when none was stated within that range.
    """

    verdict: int | str | None
    feedback: str
    certainty: int | None = None


Reader = Callable[[str, Asked], "Reading | Unparsed"]


@dataclass(frozen=True)
class Layout:
    """A way of asking a judge.

    Args:
        name: Goes into the judge's name.
        grade: The step that asks for a score of one response.
        compare: The step that asks which of two responses is better.
        read_grade: Reads its reply.
        read_compare: Reads that of ``compare``; ``A`` is the response that was shown first.
        whole: A step whose only input ``prompt`` is a ready-made prompt for a score, as published test files hold it.
    """

    name: str
    grade: Step
    compare: Step
    read_grade: Reader
    read_compare: Reader
    whole: Step | None = None

    @property
    def version(self) -> str:
        """Content hashes of the two prompts."""
        return f"{self.grade.hash[:8]}+{self.compare.hash[:8]}"

    @property
    def steps(self) -> tuple[Step, ...]:
        """All its steps."""
        return (self.grade, self.compare) if self.whole is None else (self.grade, self.compare, self.whole)


def cut_certainty(text: str) -> tuple[str, int | None]:
    """The reply without a certainty at its end, and the certainty; None for none, or one outside 1 to 100."""
    match = _CERTAINTY.search(text.translate(SHADOW))
    if match is None:
        return text, None
    stated = int(match["n"])
    return text[: match.start()].rstrip(" \t\r\n*[("), stated if 1 <= stated <= 100 else None


def read_verdict(text: str, asked: Asked, read: Callable[[str], Any]) -> Reading | Unparsed:
    """Read a reply with the optional holes that were shown.

    Args:
        text: The reply.
        asked: The holes that were shown; a word for a hole that was not shown is unparsed.
        read: Reads the verdict itself, out of the text before the certainty; gives something with ``value`` and
            ``feedback``, or :class:`Unparsed`.
    """
    body, certainty = cut_certainty(text) if asked.certainty else (text, None)
    shadow = body.translate(SHADOW)
    for wanted, pattern, verdict in ((asked.abstention, _ABSTAINS, None), (asked.ties, _TIE, "tie")):
        match = pattern.search(shadow) if wanted else None
        if match is not None:
            return Reading(verdict, body[: match.start()].strip(), certainty)
    found = read(body)
    if isinstance(found, Unparsed):
        return Unparsed(found.reason, text)
    return Reading(found.value, found.feedback, certainty)


def as_values(read: Reader, asked: Asked) -> Callable[[str], dict[str, Any] | Unparsed]:
    """A reader in the shape that :meth:`Step.ask` wants: the reading stands under ``reading``."""

    def values(text: str) -> dict[str, Any] | Unparsed:
        found = read(text, asked)
        return found if isinstance(found, Unparsed) else {"reading": found}

    return values
