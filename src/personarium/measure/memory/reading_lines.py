"""What the lines of a recalled memory say about the options of a question, by rules that are written down here.

A line is one entry, as :mod:`personarium.remember.recollection` prints it; it is taken apart into sentences, and these at
semicolons and at the quotes and braces of structured text. A sentence speaks of
somebody else when it names them ("my sister Lena", "friend Ana:"), otherwise of the user. It has the last date printed in it, or
else the last one of its line. Lines of the assistant are passed over. A value in it is over when words of ending stand right
before it ("no longer", "used to be", "from", "gone off", ...) or "any more" or "history" behind it; a sentence that says that
something is over and names no value, only the matter, ends the matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from personarium.core.sentences import sentence_spans
from personarium.measure.memory.wordings import SELF

LONGEST = 2_000_000  # characters of a memory that are read
_KIN = (
    "mother|mom|mum|father|dad|sister|brother|son|daughter|wife|husband|partner|girlfriend|boyfriend|friend|flatmate|"
    "colleague|boss|cousin|aunt|uncle|grandmother|grandfather|neighbour|neighbor"
)
# In lower case, or first in its sentence: "The Understudy's Son" is a film.
_PERSON = re.compile(rf"(?:\b(?P<kin>{_KIN})|\A(?:-\s*)?(?P<first>(?i:{_KIN})))\b(?:\s+(?P<name>[A-Z][a-z]+))?")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_ASSISTANT = re.compile(r"\A(?:-\s*)?(?:\[?\d{4}-\d{2}-\d{2}\]?:?\s*)?assistant:\s", re.IGNORECASE)
# "I no longer go to X", "I used to work for X": the verb and its words stand between; a new clause does not.
_DENIED_BEFORE = re.compile(
    r"(?:no longer|not|never|n['’]t|used to|gave up|given up|stopped|quit)(?:[\s:]+(?!(?:but|and|now)\b)[\w.]+){0,5}[\s:(\"“]*\Z",
    re.IGNORECASE,
)
_OVER_BEFORE = re.compile(
    r"(?:formerly|previously|was|until recently|before that|from|over|than|instead of|gone off|went off|sold|left|dropped|"
    r"replaced|taken the place of|ended|through with|done with|tired of|goodbye|after|over between me and)"
    r"(?:[\s:]+(?!(?:to|but|and|now|for)\b)[\w.]+){0,3}[\s:(\"“]*\Z",
    re.IGNORECASE,
)
# As the memory prints what has ended: "no longer, until 2026-05-01: friend Ana: gym: Ironleaf".
_OVER_ENTRY = re.compile(r"no longer(?:, until \d{4}-\d{2}-\d{2})?:[^;]*\Z", re.IGNORECASE)
_PARTS = re.compile(r"[;{}]|\",|\s\|\s")
_OVER_BEHIND = re.compile(
    r"\A[\s\"”),]*(?:any ?more|any longer|is history|is over|has lost|until\b|\(ended|\(until|→|->)", re.IGNORECASE
)
_OVER = re.compile(
    r"\b(?:no longer|any ?more|no more|none|used to|gave up|stopped|nothing)\b|\bhave no\b", re.IGNORECASE
)
_NEAR = 60  # characters around a value in which its words of ending are looked for


@dataclass(frozen=True, slots=True)
class Mention:
    """An option's value in a sentence of the memory.

    Args:
        option: The option's place; None where only the matter is named.
        holder: Whom the sentence is about: ``user``, or kin and name in lower case (``sister lena``).
        date: Of the sentence; empty when none is printed.
        sentence: Where its sentence begins in the memory.
        place: Where it stands in the memory.
        over: Whether it is said to hold no more.
    """

    option: int | None
    holder: str
    date: str
    sentence: int
    place: int
    over: bool


def mentions(memory: str, options: Sequence[str], topic: Sequence[str] = ()) -> list[Mention]:
    """Every mention of an option's value, oldest first (by printed date, then by place).

    Args:
        memory: Profile and recall as a prompt shows them.
        options: The values that are looked for; an empty text is never found.
        topic: The words of the matter; a sentence with all of them that says that something is over ends the matter.
    """
    patterns = [value_pattern(option) for option in options]
    wanted = [bare(option).casefold() for option in options if bare(option)]
    found = [
        mention
        for start, line in _lines(memory[:LONGEST])
        if _names(line.casefold(), wanted, topic)
        for sentence, holder, date, at in statements(line)
        for mention in _in_sentence(sentence, holder, date, start + at, patterns, topic)
    ]
    return sorted(found, key=lambda one: (one.date, one.place))


def _lines(memory: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in memory.splitlines(keepends=True):
        yield start, line
        start += len(line)


def _names(line: str, wanted: Sequence[str], topic: Sequence[str]) -> bool:
    """Whether a line (in lower case) can hold a mention at all: most lines of a year cannot, and are not taken apart."""
    return any(value in line for value in wanted) or (bool(topic) and all(word in line for word in topic))


def statements(line: str) -> Iterator[tuple[str, str, str, int]]:
    """The sentences of a line of a memory: text, whom it is about, its date, and where it begins; none of the assistant's."""
    if _ASSISTANT.match(line):
        return
    dates = _DATE.findall(line)
    for begin, end in _pieces(line):
        text = line[begin:end]
        own = _DATE.findall(text)
        yield text, holder_in(text), (own or dates or [""])[-1], begin


def _pieces(line: str) -> Iterator[tuple[int, int]]:
    for begin, end in sentence_spans(line):
        start = begin
        for cut in _PARTS.finditer(line, begin, end):
            if line[start : cut.start()].strip():
                yield start, cut.start()
            start = cut.end()
        if line[start:end].strip():
            yield start, end


def holder_in(text: str) -> str:
    """Whom a sentence is about: the person it names first, else the user."""
    found = _PERSON.search(text)
    if found is None:
        return SELF
    return f"{found['kin'] or found['first']} {found['name'] or ''}".strip().lower()


def same_holder(asked: str, said: str) -> bool:
    """Whether two names of a person are one: equal, or the same kin and one of them without a name."""
    if asked == said or SELF in (asked, said):
        return asked == said
    one, other = asked.split(), said.split()
    return one[0] == other[0] and 1 in (len(one), len(other))


def present_values(memory: str, values: Sequence[str], holder: str) -> list[str]:
    """Which values a memory shows as holding now for one holder: named, and not said to be over in a later sentence."""
    last: dict[int, Mention] = {}
    for one in mentions(memory, values):
        if one.option is not None and same_holder(holder.lower(), one.holder):
            last[one.option] = one
    return [values[option] for option, one in sorted(last.items()) if not one.over]


def _in_sentence(
    text: str, holder: str, date: str, start: int, patterns: Sequence[re.Pattern[str]], topic: Sequence[str]
) -> Iterator[Mention]:
    named = False
    for option, pattern in enumerate(patterns):
        for found in pattern.finditer(text):
            named = True
            over = is_over(text, found.start(), found.end())
            yield Mention(option, holder, date, start, start + found.start(), over)
    if not named and topic and _OVER.search(text) and all(re.search(rf"\b{re.escape(w)}", text, re.I) for w in topic):
        yield Mention(None, holder, date, start, start, True)


def is_over(text: str, begin: int, end: int) -> bool:
    """Whether a sentence says that the value between ``begin`` and ``end`` holds no more."""
    before, behind = text[max(0, begin - _NEAR) : begin], text[end : end + _NEAR]
    said_before = _DENIED_BEFORE.search(before) or _OVER_BEFORE.search(before)
    return bool(said_before or _OVER_BEHIND.match(behind) or _OVER_ENTRY.search(text[:begin]))


def bare(value: str) -> str:
    """An option's text without blanks around it and a full stop behind it."""
    return value.strip().rstrip(".")


@lru_cache(maxsize=4096)
def value_pattern(value: str) -> re.Pattern[str]:
    """Finds a value as a whole, whatever its case."""
    return re.compile(rf"(?<!\w){re.escape(bare(value))}(?!\w)" if bare(value) else r"(?!)", re.IGNORECASE)
