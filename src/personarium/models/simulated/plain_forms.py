"""Plain prompts without blocks: about ten known phrasings give the wanted reply form, headings give the parts.

Source: SIMULATED.md, "What is asked" (prompts that were not written in this house). A phrasing is a general rule of
English, never the wording of one system.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from personarium.core.errors import InvalidInput
from personarium.models.simulated.printed import labels_in, options_in
from personarium.text.form import Form

_RANGE = re.compile(
    r"\b(?:from|between|scale (?:of|from)|range (?:of|from)|"
    r"score of)\s+(-?\d{1,3})\s*(?:\([^)\n]{0,40}\)\s*)?(?:to|and|-|–)\s*(-?\d{1,3})\b|"
    r"\b(\d{1,2})\s*[-–]\s*(\d{1,3})\s+(?:scale|rating|point)|\b(?:integer|number|score|"
    r"rating) \(?(\d{1,2})\s*(?:-|–|to)\s*(\d{1,3})\)?",
    re.IGNORECASE,
)
_RESULT = re.compile(r"\[RESULT\]")
_DOUBLE = re.compile(r"double (?:square )?brackets|\[\[\s*(?:[A-C]|rating|score|\d{1,2})\s*\]\]", re.IGNORECASE)
_VERDICTS = re.compile(r"\[\[([A-C])\]\]")
_FINAL = re.compile(r"\bfinal (score|rating|answer|verdict) is\b", re.IGNORECASE)
_LETTER = re.compile(
    r"\b(?:only|just|single|with|by|give|choose|state)\b[^.\n]{0,40}\b(?:letter|option)\b|\bletter (?:only|of the)\b",
    re.IGNORECASE,
)
_YES_NO = re.compile(r"\byes or no\b|\byes/no\b|['\"]yes['\"] or ['\"]no['\"]", re.IGNORECASE)
_TRUE_FALSE = re.compile(r"\btrue or false\b|\btrue/false\b", re.IGNORECASE)
_A_OR_B = re.compile(r"(?<![\w])['\"(]?A['\")]?\s+or\s+['\"(]?B(?![\w])")
_COUNT = re.compile(
    r"\b(?:list|listing|array)\s+of\s+(?:exactly\s+)?(\w+)\b|\b(?:exactly|write|generate|give(?: me)?|list|"
    r"propose|provide|suggest)\s+"
    r"(?:exactly\s+)?(\w+)\s+(?:\w+\s+){0,4}?(?:items?|questions?|examples?|statements?|ideas?|sentences?|"
    r"names?|personas?|reasons?|"
    r"topics?|queries|options|facts|titles|adjectives|words)\b",
    re.IGNORECASE,
)
_NUMBERS = {
    w: n for n, w in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 1)
} | {"fifteen": 15, "twenty": 20}  # fmt: skip
_JSON = re.compile(r"\bJSON\b")
_KEY = re.compile(r'["\']([A-Za-z_][\w ]{0,40})["\']\s*:\s*("[^"\n]*"|\'[^\'\n]*\'|<[^>\n]*>|\[[^\]]*\]|[^,}\n]*)')
_HEADING = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]*|\*\*|\[)?([A-Za-z][A-Za-z' ()0-9]{2,60}?)(?:\*\*)?(?:\]|:)(?:\*\*)?[ \t]*(.*)$",
    re.MULTILINE,
)
_PARTS = (  # heading words -> block tag, first match wins
    ("response_a", re.compile(r"\b(?:response|answer|assistant|reply|model|text) (?:a|1)\b|\bassistant a's\b", re.I)),
    ("response_b", re.compile(r"\b(?:response|answer|assistant|reply|model|text) (?:b|2)\b|\bassistant b's\b", re.I)),
    ("reference", re.compile(r"\b(?:reference|gold|expected) ?(?:answer|response)?\b", re.I)),
    ("rubric", re.compile(r"\b(?:rubrics?|criteria|criterion|scoring guide)\b", re.I)),
    (
        "response",
        re.compile(r"\b(?:response|answer|reply|completion|output) ?(?:to evaluate|to be evaluated|to judge)?$", re.I),
    ),
    ("dialogue", re.compile(r"\b(?:dialogue|conversation|chat|transcript|history)\b", re.I)),
    ("persona", re.compile(r"\b(?:persona|character|profile|about you)\b", re.I)),
    ("statements", re.compile(r"\b(?:statements?|claims?|hypothes[ei]s)\b", re.I)),
    ("text", re.compile(r"\b(?:text|passage|comments?|posts?|article|premise)\b", re.I)),
    ("question", re.compile(r"\b(?:question|instruction|query|prompt|task)(?: to evaluate)?\b", re.I)),
)


@lru_cache(maxsize=2048)
def sections(text: str) -> Mapping[str, str]:
    """The parts of a plain prompt by block tag, as its headings name them (``###Response to evaluate:``)."""
    found: dict[str, str] = {}
    marks = [(m, tag) for m in _HEADING.finditer(text) if (tag := _part(m[1]))]
    for place, (mark, tag) in enumerate(marks):
        end = marks[place + 1][0].start() if place + 1 < len(marks) else len(text)
        body = (mark[2] + text[mark.end() : end]).strip()
        if body and tag not in found:
            found[tag] = body
    return found


def _part(heading: str) -> str:
    words = heading.strip()
    if len(words.split()) > 7 or re.match(r"(?:the )?end\b", words, re.I):
        return ""
    return next((tag for tag, pattern in _PARTS if pattern.search(words)), "")


@lru_cache(maxsize=2048)
def plain_form(text: str) -> tuple[str, Form | None]:
    """The reply form that a plain prompt asks for in words.

    Args:
        text: The last user message.

    Returns:
        The rule's name and the form; ("", None) when no known phrasing is found.
    """
    for name, rule in _RULES:
        pattern = rule(text)
        if pattern:
            try:
                return name, Form.parse(pattern)
            except InvalidInput:
                continue
    return "", None


def number_range(text: str) -> str:
    """``1-5`` as the text states it, "" when it states none."""
    match = _RANGE.search(text)
    if not match:
        return ""
    lo, hi = [int(g) for g in match.groups() if g is not None]
    return f"{min(lo, hi)}-{max(lo, hi)}" if lo != hi else ""


def _result(text: str) -> str:
    return f"Feedback: <text> [RESULT] <{number_range(text) or '1-5'}>" if _RESULT.search(text) else ""


def _double(text: str) -> str:
    if not _DOUBLE.search(text):
        return ""
    letters = sorted(set(_VERDICTS.findall(text)))
    if letters or "response_a" in sections(text):
        return f"[[<{'|'.join(letters if len(letters) > 1 else 'AB')}>]]"
    return f"Rating: [[<{number_range(text) or '1-10'}>]]"


def _final(text: str) -> str:
    match = _FINAL.search(text)
    if not match or match[1].lower() not in ("score", "rating"):
        return ""
    return f"Therefore, the final {match[1].lower()} is <{number_range(text) or '1-5'}>"


def _json(text: str) -> str:
    if not _JSON.search(text) or "{" not in text:
        return ""
    keys = dict(_KEY.findall(text[text.find("{") :]))
    if not keys:
        return ""
    return "{" + ", ".join(f'"{key}": {_hole(value, text)}' for key, value in keys.items()) + "}"


def _hole(value: str, text: str) -> str:
    bare = value.strip(" \"'<>").lower()
    span = re.search(r"(\d{1,3})\s*[-–]\s*(\d{1,3})", bare)
    if span:
        return f"<{span[1]}-{span[2]}>"
    if re.fullmatch(r"(?:true|false|bool(?:ean)?|yes/no|true/false|true\|false|yes or no)", bare):
        return "<yes|no>"
    if re.search(r"\b(?:int(?:eger)?|number|float|score)\b", bare) or re.fullmatch(r"\d+(?:\.\d+)?", bare):
        return f"<{number_range(text) or '1-5'}>"
    choices = [c.strip() for c in re.split(r"[|/]", bare)] if re.fullmatch(r"[\w ]+(?:[|/][\w ]+)+", bare) else []
    if len(choices) > 1 and len(set(choices)) == len(choices):
        return f"<{'|'.join(choices)}>"
    return "[<text>, ...]" if value.strip().startswith("[") else "<text>"


def _letters(text: str) -> str:
    options = options_in(text)
    keys = [o.key for o in options]
    if len(keys) < 2 or not all(keys) or len(set(keys)) != len(keys) or keys[0].upper() not in ("A", "1"):
        return ""
    if all(k.isdigit() for k in keys) and not (
        _LETTER.search(text) or labels_in(text) or re.search(r"\boptions?\b|\bnumber\b", text)
    ):
        return ""
    return f"<{'|'.join(keys)}>"


def _scale(text: str) -> str:
    span = number_range(text)
    if span:
        return f"<{span}>"
    keys = [int(o.key) for o in labels_in(text) if o.key.isdigit()]
    return f"<{min(keys)}-{max(keys)}>" if len(keys) >= 2 else ""


def _list(text: str) -> str:
    for match in _COUNT.finditer(text):
        word = (match[1] or match[2]).lower()
        n = int(word) if word.isdigit() else _NUMBERS.get(word, 0)
        if 1 <= n <= 500:
            return f'{n} x "<text>"'
    return ""


_RULES = (
    ("[RESULT]", _result),
    ("double square brackets", _double),
    ("final score is", _final),
    ("JSON", _json),
    ("lettered lines", _letters),
    ("from 1 to 5", _scale),
    ("yes or no", lambda t: "<yes|no>" if _YES_NO.search(t) else ""),
    ("true or false", lambda t: "<true|false>" if _TRUE_FALSE.search(t) else ""),
    ("A or B", lambda t: "<A|B>" if _A_OR_B.search(t) else ""),
    ("a list of N", _list),
)
