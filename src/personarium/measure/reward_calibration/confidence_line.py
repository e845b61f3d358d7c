"""The line "Confidence: N": writing it, reading it, and taking it out of a reply.

Source: reward-calibration page, steps 2 to 4 and "Works when" 5. Units: whole numbers 0 to 10 in texts, 0 to 1 elsewhere.
Differs: of several lines the last counts (a model that changed its mind); the published first one is ``first-confidence``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from personarium.core.chat import Message

SCALE = 10.0
UNSTATED = 0.5  # what a reply without a line counts in training; in an evaluation it is missing
_LINE = re.compile(r"confidence:\s*+([0-9]++(?:\.[0-9]++)?)(?:/[0-9]++)?[,.!?]*+", re.IGNORECASE)
_LONGEST = 100_000  # characters of a reply that are searched, from its end


@dataclass(frozen=True, slots=True)
class StatedConfidence:
    """What a reply says about its certainty.

    Args:
        value: 0 to 1; None where no line could be read.
        text: The reply without any such line; unchanged where there is none.
        lines: How many lines there were.
        warning: What was odd: several lines that differ, a number above the scale; else "".
    """

    value: float | None
    text: str
    lines: int = 0
    warning: str = ""

    @property
    def trained(self) -> float:
        """The value as PPO-C uses it: .5 where nothing was stated."""
        return UNSTATED if self.value is None else self.value


def confidence_line(number: int) -> str:
    """What is added to a reply: a line end and ``Confidence: N.``"""
    return f"\nConfidence: {number}."


def with_confidence(messages: Sequence[Message], number: int) -> list[Message]:
    """The same talk, its last message followed by a confidence line."""
    *before, last = messages
    return [*before, {"role": last["role"], "content": last["content"].rstrip() + confidence_line(number)}]


def read_confidence(reply: str, first: bool = False) -> StatedConfidence:
    """Read the stated confidence, number / 10 clipped to 0..1, and take every such line out.

    Args:
        reply: A model's reply.
        first: Of several lines the first counts, as published; else the last.
    """
    kept, searched = reply[:-_LONGEST], reply[-_LONGEST:]
    found = list(_LINE.finditer(searched))
    if not found:
        return StatedConfidence(None, reply)
    numbers = [float(match[1]) for match in found]
    number = numbers[0] if first else numbers[-1]
    warnings = []
    if len(set(numbers)) > 1:
        warnings.append(f"{len(numbers)} lines state different confidences; the {'first' if first else 'last'} counts")
    if number > SCALE:
        warnings.append("a confidence above 10 counts as 10")
    text = (kept + _LINE.sub("", searched)).strip()
    return StatedConfidence(min(number, SCALE) / SCALE, text, len(numbers), "; ".join(warnings))
