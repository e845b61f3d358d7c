"""Arithmetic that stands in a text: the only thing that this subject can work out."""

from __future__ import annotations

import re
from functools import lru_cache

_NUMBER = r"-?\d{1,9}(?:,\d{3})*(?:\.\d{1,6})?"
_EXPRESSION = re.compile(rf"(?<![\w.])\(?\s*{_NUMBER}(?:\s*\)?\s*[-+*/x×÷−]\s*\(?\s*{_NUMBER})+\s*\)?(?![\w])")
_DATE = re.compile(r"\b\d{1,4}[-/]\d{1,2}[-/]\d{1,4}\b")
_OF = re.compile(rf"\b(sum|product|difference) (?:of|between) ({_NUMBER}) and ({_NUMBER})", re.IGNORECASE)
_PERCENT = re.compile(rf"({_NUMBER})\s*(?:%|percent|per cent) of ({_NUMBER})", re.IGNORECASE)
_PART = re.compile(rf"\b(half|twice|double|a third|a quarter) (?:of )?({_NUMBER})", re.IGNORECASE)
_SPOKEN = (
    (re.compile(r"\b(?:plus|added to)\b", re.I), "+"),
    (re.compile(r"\bminus\b", re.I), "-"),
    (re.compile(r"\b(?:times|multiplied by)\b", re.I), "*"),
    (re.compile(r"\bdivided by\b", re.I), "/"),
)
_FACTORS = {"half": 0.5, "twice": 2.0, "double": 2.0, "a third": 1 / 3, "a quarter": 0.25}
_TOKEN = re.compile(r"\d+(?:\.\d+)?|[-+*/()]")
_LONGEST = 200


@lru_cache(maxsize=4096)
def result(text: str) -> float | None:
    """The value of the last piece of arithmetic in a text (``12 + 7 x 3``, ``15% of 80``, ``the sum of 3 and 4``).

    Returns:
        The number, or None when nothing is to be worked out.
    """
    for pattern, value in ((_OF, _of), (_PERCENT, _percent), (_PART, _part)):
        match = pattern.search(text)
        if match:
            return value(match)
    spoken = _DATE.sub(" ", text)
    for words, sign in _SPOKEN:
        spoken = words.sub(sign, spoken)
    found = [m[0] for m in _EXPRESSION.finditer(spoken) if len(m[0]) <= _LONGEST]
    return _evaluate(found[-1]) if found else None


def number_in(text: str) -> float | None:
    """The only number of a text, None when it has none or several."""
    found = re.findall(rf"(?<![\w.]){_NUMBER}", text)
    return _float(found[0]) if len(found) == 1 else None


def _float(text: str) -> float:
    return float(text.replace(",", ""))


def _of(match: re.Match[str]) -> float:
    a, b = _float(match[2]), _float(match[3])
    return {"sum": a + b, "product": a * b, "difference": abs(a - b)}[match[1].lower()]


def _percent(match: re.Match[str]) -> float:
    return _float(match[1]) * _float(match[2]) / 100


def _part(match: re.Match[str]) -> float:
    return _FACTORS[match[1].lower()] * _float(match[2])


def _evaluate(expression: str) -> float | None:
    """Evaluate sums and products with brackets by two stacks; None for a division by zero or a bracket too few."""
    plain = expression.replace(",", "").replace("x", "*").replace("×", "*").replace("÷", "/").replace("−", "-")
    values: list[float] = []
    signs: list[str] = []
    unary = True
    try:
        for token in _TOKEN.findall(plain):
            if token[0].isdigit():
                values.append(float(token))
                unary = False
            elif token == "(":
                signs.append(token)
                unary = True
            elif token == ")":
                while signs and signs[-1] != "(":
                    _reduce(values, signs)
                signs = signs[:-1]
            else:
                if unary:
                    values.append(0.0)
                while signs and signs[-1] != "(" and (signs[-1] in "*/" or token in "+-"):
                    _reduce(values, signs)
                signs.append(token)
                unary = True
        while signs:
            _reduce(values, [signs.pop()] if signs[-1] != "(" else signs)
    except (IndexError, ZeroDivisionError):
        return None
    return values[0] if len(values) == 1 else None


def _reduce(values: list[float], signs: list[str]) -> None:
    sign = signs.pop()
    if sign == "(":
        return
    b, a = values.pop(), values.pop()
    values.append({"+": a + b, "-": a - b, "*": a * b}[sign] if sign != "/" else a / b)
