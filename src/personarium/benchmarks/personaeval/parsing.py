"""Reading a judge's probabilities: a JSON object name -> number, or one name with its probability.

Source: personaeval page, step 5 and "Works when" 3; official code of maple-zhou/PersonaEval.
Differs: a value must be a number from 0 to 1; the reference also takes NaN and values outside (``no-range-check``). A sum that
is not 1 may be scaled where that is asked for (``renormalise``); the reference asks again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from personarium.benchmarks.personaeval.items import most_probable
from personarium.text.form import Form
from personarium.text.holes import Unparsed
from personarium.text.json_reading import read_json

MOST_REPLY = 200_000  # characters of a reply that are read, its last ones
TOLERANCE = 1e-5
_FENCE = "```"


def read_probabilities(
    reply: str,
    names: Sequence[str],
    *,
    renormalise: bool = False,
    tolerance: float = TOLERANCE,
    check_range: bool = True,
) -> tuple[float, ...] | Unparsed:
    """The probabilities of the candidates, in their order, or why the reply has none.

    Args:
        reply: The judge's reply: JSON in the last code fence, else in the whole text; prose, single quotes and trailing
            commas are forgiven.
        names: Keys that must all be there, spelt exactly; further keys are ignored.
        renormalise: Scale a sum that is not 1 but above 0.
        tolerance: How far the sum may be from 1 otherwise.
        check_range: False takes NaN and values outside 0 to 1, as published.
    """
    text = reply[-MOST_REPLY:]
    found = _object(_last_fence(text), check_range)
    if isinstance(found, Unparsed):
        return Unparsed(found.reason, reply)
    values: list[float] = []
    for name in names:
        if name not in found:
            return Unparsed(f"there is no probability for '{name}'", reply)
        value = _number(found[name], check_range)
        if value is None:
            return Unparsed(f"the probability of '{name}' is no number from 0 to 1", reply)
        values.append(value)
    return _summed(values, renormalise, tolerance, reply)


HAIR = 1e-6  # puts a chosen name before others of equal probability


def read_choice(reply: str, names: Sequence[str], form: Form) -> tuple[float, ...] | Unparsed:
    """One name with its probability; what is left is shared equally by the others.

    The name that is chosen is the prediction: it has at least what a guess would give it, and a hair more.
    """
    read = form.read(reply[-MOST_REPLY:])
    if isinstance(read, Unparsed):
        return Unparsed(read.reason, reply)
    stated = max(float(read["probability"]), 1 / len(names) + HAIR)
    chosen = list(names).index(read["speaker"])
    rest = (1.0 - stated) / (len(names) - 1)
    return tuple(stated if place == chosen else rest for place in range(len(names)))


def predicted_name(probabilities: Sequence[float], names: Sequence[str]) -> str:
    """The name of the highest probability, the first of equals."""
    return names[most_probable(probabilities)]


def _last_fence(text: str) -> str:
    """What stands in the last closed code fence, else the whole text; a language name before it does no harm."""
    parts = text.split(_FENCE)
    closed = parts[1::2] if len(parts) % 2 else parts[1:-1:2]
    return closed[-1] if closed else text


def _object(text: str, strict: bool) -> dict[str, Any] | Unparsed:
    if not strict:
        start, end = text.find("{"), text.rfind("}")
        try:
            value = json.loads(text[start : end + 1])  # takes NaN and infinities, as the reference does
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            return value
    return read_json(text)


def _number(value: Any, strict: bool) -> float | None:
    """The value as the reference's ``float()`` takes it, numbers in quotes too; a truth value is no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value) if not isinstance(value, str) or len(value) < 100 else math.nan
    except (ValueError, OverflowError):
        return None
    if strict and not 0.0 <= number <= 1.0:  # NaN is not
        return None
    return number


def _summed(values: list[float], renormalise: bool, tolerance: float, reply: str) -> tuple[float, ...] | Unparsed:
    total = math.fsum(values) if all(map(math.isfinite, values)) else sum(values)
    # As published, the test is written so that a sum that is no number passes.
    if not abs(total - 1.0) > tolerance:
        return tuple(values)
    if renormalise and total > 0.0 and math.isfinite(total):
        return tuple(value / total for value in values)
    return Unparsed(f"the probabilities sum to {total:.6g}, not to 1", reply)
