"""Lines, sentences and clauses of a text, each by its place; every loop here goes over the text once.

A text is cut at line ends, at ends of sentences, and where a new statement about a person begins ("... and works as").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from personarium.core.sentences import sentence_spans
from personarium.judges.extraction.record import Place

LONGEST_SENTENCE = 2000  # characters; a longer one is quoted whole and not taken apart
_MARKS = re.compile(r"[\s>#*_•·‣▪\-–—]{0,40}(?:\d{1,3}[.)]\s)?[\s*_\[]{0,8}")
_BULLET = re.compile(r"\s{0,40}(?:[-*•·‣▪–—+]|\d{1,3}[.)])\s")
_KEY = re.compile(r"[^\W\d_][\w '’/&-]{0,58}")
_FILL = " \t*_`\"'”’])"

_SELF = r"(?:(?:I|you|she|he|they|it|we)(?=[\s'’])|(?:my|your|her|his|their)\s[\w '’-]{1,40}?\s(?:is|are)\s)"
_VERB_S = (
    r"(?:is|was|lives|works|loves|likes|enjoys|adores|hates|dislikes|detests|has|owns|speaks|plays|collects|drives|"
    r"wants|hopes|dreams|fears|values|believes|prefers|studies|studied|volunteers|wears|runs|keeps|grew|moved|used|"
    r"comes|cares|tends|suffers|attends|graduated|lived|worked|resides|teaches|spends|hails|can['’]t)\b"
)
_VERB = (
    r"(?:am|are|was|live|work|love|like|enjoy|adore|hate|dislike|detest|have|own|speak|play|collect|drive|want|hope|"
    r"dream|fear|value|believe|prefer|study|studied|volunteer|wear|run|keep|grew|moved|used|come|care|tend|suffer|"
    r"attend|graduated|lived|worked|reside|teach|spend|hail|do|don['’]t|can['’]t)\b(?=\s\S)"
)
_SURE = r"(?:live in|work (?:as|at|for|in)|have (?:an?|one|two|three|\d+)\s|speak [A-Z]|was born|am )"
_LINK = r"(?:and|but|yet|so|though|although|while|whereas|because|as)"
_ADVERB = r"(?:(?:also|now|then|currently|usually|always|still|often|really|never|later)\s+)?"
_JOINT = re.compile(
    rf"(?P<hard>;\s*|\s[–—]\s|,?\s{_LINK}\s(?=\s?{_ADVERB}{_SELF})|,\s(?={_ADVERB}{_SELF}))"
    rf"|(?P<who>,?\swho\s(?=\s?{_ADVERB}(?:{_VERB_S}|{_VERB})))"
    rf"|(?P<soft>,?\s(?:and|but|yet)\s(?=\s?{_ADVERB}(?:{_VERB_S}|{_VERB}))|,\s(?={_ADVERB}(?:{_VERB_S}|{_SURE})))",
    re.IGNORECASE,
)
_COPULAR = re.compile(r"\W*(?:(?:[\w{}’']+\s){1,3}?(?:am|are|is)\s|[\w]+['’](?:m|re|s)\s)?(?:an?|the)\s", re.IGNORECASE)
_OTHERS = re.compile(r"\b(?:with|to|of|named|called)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its bullet.

    Args:
        place: Its text.
        bullet: Whether it is an entry of a list.
        key: What stands before its colon, "" when it is no ``key: value`` line.
        value: Place of what stands behind the colon.
    """

    place: Place
    bullet: bool
    key: str = ""
    value: Place = (0, 0)


@dataclass(frozen=True, slots=True)
class Clause:
    """One statement.

    Args:
        place: Its words, without the word that joins it to what was before.
        implied: Whether it goes on with the subject of the clause before it ("and works as a nurse").
    """

    place: Place
    implied: bool = False


def lines(text: str) -> Iterator[Line]:
    """The lines of a text that are not blank."""
    at = 0
    for row in text.splitlines(keepends=True):
        start, end = trimmed(text, at, at + len(row))
        at += len(row)
        if start < end:
            yield _line(text, start, end)


def _line(text: str, start: int, end: int) -> Line:
    bullet = _BULLET.match(text, start, end) is not None
    marks = _MARKS.match(text, start, end)
    begin = marks.end() if marks and marks.end() < end else start
    colon = _colon(text, begin, end)
    if colon:
        key = text[begin:colon].strip(_FILL)
        value = trimmed(text, _behind(text, colon, end), end)
        if _KEY.fullmatch(key) and len(key.split()) <= 4:
            return Line((begin, end), bullet, key, value)
    return Line((begin, end), bullet)


def _colon(text: str, start: int, end: int) -> int:
    """Where a key ends: a colon (not of an address or a time) or an equals sign among the first 64 characters; 0: none."""
    for at in range(start + 1, min(start + 64, end)):
        if text[at] in ":：" and text[at + 1 : at + 3] != "//":
            return at
        if text[at] == "=" and text[at - 1] == " ":
            return at
        if text[at] in ".!?":
            return 0
    return 0


def _behind(text: str, colon: int, end: int) -> int:
    at = colon + 1
    while at < end and text[at] in " \t*_`":
        at += 1
    return at


def trimmed(text: str, start: int, end: int) -> Place:
    """A place without the blanks at its ends."""
    part = text[start:end]
    start += len(part) - len(part.lstrip())
    return start, max(start, start + len(part.strip()))


def sentences(text: str, place: Place) -> list[Place]:
    """The sentences of one line."""
    start, end = place
    return [(start + first, start + last) for first, last in sentence_spans(text[start:end])]


def clauses(text: str, place: Place) -> list[Clause]:
    """The statements of a sentence; "who" opens one only behind a plain "is a ...", for else it may speak of another."""
    if place[1] - place[0] > LONGEST_SENTENCE:
        return [Clause(place)]
    found: list[Clause] = []
    start, implied, of_other = place[0], False, False
    for joint in _JOINT.finditer(text, *place):
        kind = str(joint.lastgroup)
        if kind == "who" and not _describes(text[start : joint.start()]):
            of_other = True
        if (of_other and kind != "hard") or joint.start() <= start:
            continue
        found.append(Clause(trimmed(text, start, joint.start()), implied))
        start, implied, of_other = joint.end(), kind != "hard", False
    found.append(Clause(trimmed(text, start, place[1]), implied))
    return [one for one in found if one.place[0] < one.place[1]]


def _describes(clause: str) -> bool:
    """Whether a clause says "(she is) a nurse", so that a "who" behind it goes on about the same person."""
    found = _COPULAR.match(clause)
    return found is not None and not _OTHERS.search(clause, found.end())
