r"""Whether two LaTeX answers are the same, by the normalisation of the published evaluation.

Source: personamath page, step 6 (the order of the steps is the official code's) and "Works when" 3. It compares numbers as
numbers only where both sides read as plain floats, so ``2,000`` and ``2000``, or ``\frac{3}{4}`` and ``0.75``, differ (erratum
``text-equality``; :func:`same_by_value` knows better).
"""

from __future__ import annotations

import re

from personarium.make.personamath.numbers import LONGEST_BOX, strict_number

_DELETED = ("\\left", "\\right", "^\\circ", "^{\\circ}", "\\$")
_FLOAT = re.compile(r"[-+]?(?:\d{1,300}(?:\.\d{0,300})?|\.\d{1,300})(?:[eE][-+]?\d{1,3})?")
_SQRT = re.compile(r"\\sqrt([^{\s])")
_WHOLE = re.compile(r"(-?\d{1,300})/(-?\d{1,300})")
_ONLY_TEXT = re.compile(r"\s*\\(?:text|mbox|mathrm)\s?\{([^{}]*)\}\s*")


def normalise(answer: str) -> str:
    """The published normal form of one answer."""
    text = answer.replace("\n", "").replace("\\!", "").replace("\\\\", "\\")
    text = text.replace("tfrac", "frac").replace("dfrac", "frac")
    for part in _DELETED:
        text = text.replace(part, "")
    text = text.partition("\\text{ ")[0].replace("\\%", "")
    text = text.replace(" .", " 0.").replace("{.", "{0.")
    if text.startswith("."):
        text = "0" + text
    sides = text.split("=")
    if len(sides) == 2 and len(sides[0]) <= 2:
        text = sides[1]
    text = _braced_fractions(_SQRT.sub(r"\\sqrt{\1}", text).replace(" ", ""))
    text = "\\frac{1}{2}" if text == "0.5" else text
    whole = _WHOLE.fullmatch(text)
    return f"\\frac{{{whole[1]}}}{{{whole[2]}}}" if whole else text


def _braced_fractions(text: str) -> str:
    r"""``\frac12`` -> ``\frac{1}{2}``, ``\frac1{72}`` -> ``\frac{1}{72}``; a broken fraction leaves the text as it is."""
    first, *rest = text.split("\\frac")
    parts = [first]
    for one in rest:
        if one.startswith("{"):
            parts.append(one)
        elif len(one) < 2:
            return text
        elif one[1] == "{":
            parts.append(f"{{{one[0]}}}{one[1:]}")
        else:
            parts.append(f"{{{one[0]}}}{{{one[1]}}}{one[2:]}")
    return "\\frac".join(parts)


def math_equal(a: str | None, b: str | None) -> bool:
    """Whether two boxed answers are the same, as published; a missing box (None) on either side is never the same."""
    if a is None or b is None:
        return False
    left, right = normalise(a), normalise(b)
    if _FLOAT.fullmatch(left) and _FLOAT.fullmatch(right):
        return float(left) == float(right)
    return left == right


def same_by_value(a: str | None, b: str | None) -> bool:
    r"""As :func:`math_equal`, and also the same exact number (``2,000``, ``\frac{3}{4}`` and ``0.75``) or the same ``\text{...}``."""
    if a is None or b is None:
        return False
    if math_equal(a, b):
        return True
    left, right = strict_number(a), strict_number(b)
    if left is not None and right is not None:
        return left == right
    return _unwrapped(a) == _unwrapped(b) != ""


def _unwrapped(answer: str) -> str:
    match = _ONLY_TEXT.fullmatch(answer) if len(answer) <= LONGEST_BOX else None
    return " ".join((match[1] if match else answer).split())
