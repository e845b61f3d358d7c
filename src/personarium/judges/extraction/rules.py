"""Reading a persona out of a text by rules: lists, ``key: value`` lines and sentences; what is not understood is quoted.

Confidence: 0.9 for what a pattern read, 0.6 where the text itself is not sure ("maybe", "I think"), 1.0 for a
``description``, which is nothing but the text's own words. Denied statements give no value. Of "lives in", "moved to" and
"used to live in" the newest holds: an ended statement keeps its path only when the text says the year it ended.

The rules share no code and no word list with the simulated subject: what an instrument uses the subject must not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from personarium.core.persona import DESCRIPTION
from personarium.judges.extraction.holding import as_facets, holding
from personarium.judges.extraction.record import Extraction, Place, covered_share
from personarium.judges.extraction.sentences import Clause, Line, clauses, lines, sentences
from personarium.judges.extraction.statements import (
    HEDGED,
    NO_STATEMENT,
    QUOTED,
    READ,
    Reading,
    bare,
    is_unsure,
    listed,
    read_statement,
    says_more,
)
from personarium.judges.extraction.subjects import POSSESSIVE, SUBJECT, Subject, subject_of
from personarium.judges.extraction.vocabulary import path_for, path_of, vocabulary

LONGEST_CLAUSE = 400  # characters; a longer one is quoted and not taken apart
LONGEST_VALUE = 12  # words behind a key of ours that is a story, or behind a key that is not ours; more are sentences
# The attribute lists of older cards: Likes("tea" + "rain").
_CALL = re.compile(r"(?P<key>[^\W\d_][\w /-]{0,40})\((?P<value>(?:\s*+\"[^\"\n]{0,400}+\"\s*+\+?+)++)\s*+\)")
_LETTER = re.compile(r"[^\W_]")
_STORIES = ("life.background", "body.appearance", "personality.speech")


@dataclass
class _Reader:
    """One text while it is read."""

    text: str
    subject: Subject
    readings: list[Reading] = field(default_factory=list)
    sentences: list[Place] = field(default_factory=list)


def extract_by_rules(text: str, *, where: str = "text") -> Extraction:
    """Read a persona out of a text without any model.

    Args:
        text: A description in the first, second or third person, a list of attributes, a card's field.
        where: What evidence calls the text (a file's name).

    Returns:
        Facets in reading order. Every word of the text is in the evidence of a facet, if only of a ``description``; list
        marks, keys and joining words aside. The same text gives the same facets.

    Raises:
        InvalidInput: Only on a text that UTF-8 cannot write (a lone surrogate).
    """
    found = list(lines(text))
    reader = _Reader(text, subject_of(_beginnings(text, found)))
    heading = ""
    for line in found:
        heading = _read_line(reader, line, heading)
    kept, notes = holding(reader.readings, text)
    facets = as_facets(kept, text, where)
    return Extraction(text, where, facets, "rules", (), tuple(notes), covered_share(reader.sentences, facets))


def _beginnings(text: str, found: list[Line]) -> Iterator[str]:
    for line in found:
        for start, _ in sentences(text, line.value if line.key else line.place):
            yield text[start : start + 40]


def _read_line(reader: _Reader, line: Line, heading: str) -> str:
    """Read one line; gives the heading that the entries below it belong to."""
    if _read_calls(reader, line.place):
        return ""
    if not line.key:
        if heading and line.bullet:
            _value(reader, heading, line.place)
            return heading
        _prose(reader, line.place)
        return ""
    start, end = line.value
    if start == end:
        path = path_of(line.key)
        if path is None:
            _quote(reader, line.place)
        return path or ""
    path = path_for(line.key)
    if _is_prose(reader.text[start:end], path):
        _prose(reader, line.value)
    else:
        _value(reader, path, line.value)
    return ""


def _read_calls(reader: _Reader, place: Place) -> bool:
    """Read a line of ``Key("value" + "value")``; False when it is none."""
    if '("' not in reader.text[slice(*place)]:
        return False
    found = list(_CALL.finditer(reader.text, *place))
    for call in found:
        values = tuple(v for v in call["value"].split('"')[1::2] if v.strip())
        if values:
            reader.sentences.append(call.span())
            path = path_for(call["key"])
            value = values if len(values) > 1 else values[0]
            reader.readings.append(Reading(path, value, call.span("value"), call.span()))
    return bool(found)


def _is_prose(value: str, path: str) -> bool:
    """Whether what stands behind a colon is sentences (a backstory, somebody's words) and no value."""
    for pattern in (SUBJECT, POSSESSIVE):
        who = pattern.match(value)
        if who and who["pronoun"]:
            return True
    if len(sentences(value, (0, len(value)))) > 1:
        return True
    return (path in _STORIES or path not in vocabulary().paths) and len(value.split()) > LONGEST_VALUE


def _value(reader: _Reader, path: str, place: Place) -> None:
    """Keep what stands behind a key or below a heading."""
    start, end = bare(reader.text, *place)
    value = reader.text[start:end]
    reader.sentences.append(place)
    if not _LETTER.search(value):
        _quote(reader, place)
        return
    sure = HEDGED if is_unsure(value[:LONGEST_CLAUSE]) or reader.text[end : end + 1] == "?" else READ
    reader.readings.append(Reading(path, listed(path, value, always=True), (start, end), (start, end), sure))


def _prose(reader: _Reader, place: Place) -> None:
    for sentence in sentences(reader.text, place):
        reader.sentences.append(sentence)
        asks = reader.text[sentence[0] : sentence[1]].rstrip("\"'”’)*_ ").endswith("?")
        if asks or NO_STATEMENT.match(reader.text, *sentence):
            _quote(reader, sentence)
            continue
        for clause in clauses(reader.text, sentence):
            _clause(reader, clause)


def _clause(reader: _Reader, clause: Clause) -> None:
    start, end = clause.place
    said: list[Reading] = []
    if end - start <= LONGEST_CLAUSE:
        words = reader.text[start:end]
        said = read_statement(reader.subject, words, start, clause.implied)
    reader.readings += said
    over = any(reading.kind == "ended" and reading.until is None for reading in said)
    if not said or over or says_more(reader.text, clause.place, said):
        _quote(reader, clause.place)


def _quote(reader: _Reader, place: Place) -> None:
    """Keep words as they stand: a description."""
    value = reader.text[slice(*place)]
    if _LETTER.search(value):
        reader.readings.append(Reading(DESCRIPTION, value, place, place, QUOTED))
