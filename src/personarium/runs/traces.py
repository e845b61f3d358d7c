"""How erased words are recognised in other texts, however they are spelled there; linear in the text's length.

A text is read as it is, and with the escapes of JSON (also inside each other), HTML and addresses undone. In each reading
four things count: a rare word of what is erased (or another form of it), a word or phrase that was named, many words in a
row, and a whole sentence. A short sentence that anybody may say counts only where it stands alone.
"""

from __future__ import annotations

import html
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from urllib.parse import unquote

from personarium.text.embed import is_common
from personarium.text.tokenise import words
from personarium.text.word_spans import word_spans

RUN = 4.0  # words in a row by which a call is recognised
LONG_RUN = 8.0  # words in a row that are struck out of other texts; fewer are common phrases
SIGN = 0.5  # what one character counts where blanks do not part words
SHORTEST_RARE = 5  # letters of a word that can be recognised on its own
STEM = 6  # letters by which other forms of such a word are recognised
REDACTED = "[erased]"
Words = tuple[str, ...]

_SENTENCE = re.compile(r"[^.!?。！？\n]+")
_JSON = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[\"\\/bfnrt]")
_HTML = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ADDRESS = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
# Where a value ends: quotation marks, tags, cells, lines, and the colon behind a speaker's name.
_END = re.compile(r'["“”„«»<>|\t\r\n]|:\s')
_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*"')  # where a JSON string begins or ends
_FULL_STOP = re.compile(r"[.!?。！？]")
_SPOKEN = re.compile(r'"(?:text|content|message|mes|value|reply|said)"\s*:\s*"\Z')


def _undone_json(escape: str) -> str:
    return str(json.loads(f'"{escape}"'))


# The readings follow each other: each undoes the escapes that the ones before it have left.
_ESCAPES: tuple[tuple[str, re.Pattern[str], Callable[[str], str]], ...] = (
    ("\\", _JSON, _undone_json),
    ("\\", _JSON, _undone_json),
    ("&", _HTML, html.unescape),
    ("%", _ADDRESS, unquote),
)


@dataclass(frozen=True)
class Named:
    """Words and phrases that somebody named, whatever their case: each is found as whole words. The last word counts with any
    ending when it has six letters or more; a rare one also in other forms with the same first six letters.

    Args:
        words: The words and phrases; what has no letter in it (an emoji) is found anywhere.
    """

    words: tuple[str, ...]

    @cached_property
    def phrases(self) -> tuple[Words, ...]:
        """The words of each, folded."""
        return tuple(dict.fromkeys(tuple(words(phrase)) for phrase in self.words if words(phrase)))

    @cached_property
    def signs(self) -> tuple[str, ...]:
        """What has no word in it."""
        return tuple(sign.strip() for sign in self.words if sign.strip() and not words(sign))

    def in_text(self, text: str) -> bool:
        """Whether one of them stands in a text."""
        return any(sign in text for sign in self.signs) or any(True for _ in self.places(words(text)))

    def within(self, text: str) -> bool:
        """Whether one of them is a part of a longer word of a text."""
        single = [phrase[0] for phrase in self.phrases if len(phrase) == 1]
        return bool(single) and any(one in word and one != word for word in words(text) for one in single)

    def places(self, found: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Where they stand among words: the place of the first word, and how many there are."""
        for phrase in self.phrases:
            last = len(phrase) - 1
            form = self._forms[phrase[-1]]
            for i, word in enumerate(found[last:]):
                if (word.startswith(form) if form else word == phrase[-1]) and tuple(found[i : i + last]) == phrase[
                    :-1
                ]:
                    yield i, last + 1

    @cached_property
    def _forms(self) -> dict[str, str]:
        """Last word -> how its forms begin; nothing where only the word itself counts."""
        ends = {phrase[-1] for phrase in self.phrases}
        return {word: "" if len(word) < STEM else word if is_common(word) else word[:STEM] for word in ends}


@dataclass(frozen=True)
class Traces:
    """How what is to be erased is recognised.

    Args:
        texts: Whole texts (utterances, facts).
        words: Words and phrases that are recognised on their own, as :class:`Named` does.
        kept: Texts that stay: a word of theirs is not rare, and one of them is no trace.
        owner: How the item begins in the label of a call about the person: all of these go, for later questions hold
            what was concluded from earlier ones.
    """

    texts: tuple[str, ...]
    words: tuple[str, ...] = ()
    kept: tuple[str, ...] = field(default=(), repr=False)
    owner: str = ""

    @cached_property
    def rare(self) -> frozenset[str]:
        """Words that stand in what goes, in nothing that stays, and in no ordinary vocabulary."""
        stays = {word for text in self.kept for word in words(text)}
        found = {word for text in self._texts for word in text if len(word) >= SHORTEST_RARE}
        return frozenset(word for word in found - stays if not is_common(word))

    @cached_property
    def runs(self) -> frozenset[Words]:
        """Every four words in a row of what goes."""
        return frozenset(run for text in self._texts for _, run in _runs(text, RUN))

    @cached_property
    def stems(self) -> frozenset[str]:
        """The first six letters of the rare words that have as many: other forms of a rare word go with it."""
        return frozenset(word[:STEM] for word in self.rare if len(word) >= STEM)

    def in_text(self, text: str) -> bool:
        """Whether a text holds any of it: a rare word, a sentence, or four words in a row."""
        return any(True for reading in _readings(text) for _ in self._places(reading, self.runs, RUN))

    def in_record(self, record: object) -> bool:
        """Whether any text in a JSON value holds any of it."""
        return any(self.in_text(text) for text in _strings(record))

    def strike_out(self, text: str, *, strings: bool = False) -> str:
        """A text with every erased sentence, every eight words in a row of it, and every rare word replaced by ``[erased]``;
        also where it is written as JSON, HTML or an address does it.

        Args:
            text: Any text.
            strings: Whether it is JSON, where nothing that is struck out may reach over the end of a string.
        """
        places = [
            reading.place(start, end)
            for reading in _readings(text)
            for start, end in self._places(reading, self._long_runs, LONG_RUN)
        ]
        ends = [one.end() - 1 for one in _QUOTE.finditer(text)] if strings and places else []
        parts: list[str] = []
        done = 0
        for start, end in _joined([(s, e) for s, e in places if bisect_right(ends, s) == bisect_right(ends, e - 1)]):
            parts += [text[done:start], REDACTED]
            done = end
        return "".join([*parts, text[done:]]) if parts else text

    # -- what is looked for --------------------------------------------------------------------------------------------

    @cached_property
    def _texts(self) -> tuple[Words, ...]:
        return tuple(tuple(words(text)) for text in self.texts)

    @cached_property
    def _named(self) -> Named:
        return Named(self.words)

    @cached_property
    def _long_runs(self) -> frozenset[Words]:
        return frozenset(run for text in self._texts for _, run in _runs(text, LONG_RUN))

    @cached_property
    def _sentences(self) -> frozenset[Words]:
        """Sentences and whole texts that are too short for a long run, those that stay left out."""
        stays = {sentence for text in self.kept for sentence in _sentences(text)}
        found = {sentence for text in self.texts for sentence in _sentences(text)}
        return frozenset(one for one in found - stays if one and _weight(one) < LONG_RUN)

    @cached_property
    def _by_length(self) -> dict[int, frozenset[Words]]:
        """The sentences of four words or more, which are found anywhere."""
        found = [one for one in self._sentences if _weight(one) >= RUN]
        lengths = sorted({len(one) for one in found})
        return {length: frozenset(one for one in found if len(one) == length) for length in lengths}

    @cached_property
    def _short(self) -> frozenset[Words]:
        return frozenset(one for one in self._sentences if _weight(one) < RUN)

    def _is_rare(self, word: str) -> bool:
        return word in self.rare or word[:STEM] in self.stems

    # -- where it is ---------------------------------------------------------------------------------------------------

    def _places(self, reading: _Reading, runs: frozenset[Words], least: float) -> Iterator[tuple[int, int]]:
        """Where a reading holds any of it."""
        found, spans = reading.tokens
        yield from (spans[i] for i, word in enumerate(found) if self._is_rare(word))
        yield from ((spans[i][0], spans[i + n - 1][1]) for i, n in self._named.places(found))
        for sign in self._named.signs:
            yield from (one.span() for one in re.finditer(re.escape(sign), reading.text))
        for i, run in _runs(found, least) if runs else ():
            if run in runs:
                yield spans[i][0], spans[i + len(run) - 1][1]
        for length, sentences in self._by_length.items():
            for i in range(len(found) - length + 1):
                if tuple(found[i : i + length]) in sentences:
                    yield spans[i][0], spans[i + length - 1][1]
        yield from self._alone(reading)

    def _alone(self, reading: _Reading) -> Iterator[tuple[int, int]]:
        """Short sentences where they are a whole value, or a whole sentence; a single word only where it is what was said."""
        short, (found, spans) = self._short, reading.tokens
        first = 0
        for i in range(len(found)) if short else ():
            gap = reading.text[spans[i][1] : spans[i + 1][0]] if i + 1 < len(found) else "\n"
            ends = _END.search(gap)
            if not ends and not _FULL_STOP.search(gap):
                continue
            said = tuple(found[first : i + 1])
            before = reading.text[max(0, spans[first][0] - 64) : spans[first][0]]
            if said in short and (len(said) > 1 or (ends and _SPOKEN.search(before))):
                yield spans[first][0], spans[i][1]
            first = i + 1


@dataclass(frozen=True)
class _Reading:
    """A text with some escapes undone, and where its characters stand in the text as it is written."""

    text: str
    starts: tuple[int, ...] = (0,)  # of the stretches of the reading
    origins: tuple[tuple[int, int], ...] = ((0, -1),)  # where each begins in the text; its end, or -1 where it is plain

    @cached_property
    def tokens(self) -> tuple[list[str], list[tuple[int, int]]]:
        """The words, and where each begins and ends."""
        return word_spans(self.text)

    def place(self, start: int, end: int) -> tuple[int, int]:
        """A stretch of the reading as a stretch of the text; an escape is taken whole."""
        return self._origin(start, 0), self._origin(end - 1, 1)

    def _origin(self, at: int, past: int) -> int:
        n = bisect_right(self.starts, at) - 1
        begins, ends = self.origins[n]
        if ends < 0:
            return begins + at - self.starts[n] + past
        return ends if past else begins


def _readings(text: str) -> Iterator[_Reading]:
    reading = _Reading(text)
    yield reading
    for sign, pattern, undo in _ESCAPES:
        if sign in reading.text:
            undone = _undone(reading, pattern, undo)
            if undone is not None:
                reading = undone
                yield reading


def _undone(reading: _Reading, pattern: re.Pattern[str], undo: Callable[[str], str]) -> _Reading | None:
    """The reading with one sort of escapes undone; None when there are none."""
    parts: list[str] = []
    pieces: list[tuple[int, int, bool]] = []  # start and end in the reading before, and whether it is an escape
    done = 0
    for one in pattern.finditer(reading.text):
        parts += [reading.text[done : one.start()], undo(one[0])]
        pieces += [(done, one.start(), False), (one.start(), one.end(), True)]
        done = one.end()
    if not parts:
        return None
    parts.append(reading.text[done:])
    pieces.append((done, len(reading.text), False))
    starts: list[int] = []
    origins: list[tuple[int, int]] = []
    lengths = accumulate((len(part) for part in parts), initial=0)
    for (begin, end, escape), part, start in zip(pieces, parts, lengths, strict=False):
        if not part:
            continue
        stretches = [(start, reading.place(begin, end))] if escape else _plain(reading, begin, end, start)
        for at, origin in stretches:
            starts.append(at)
            origins.append(origin)
    return _Reading("".join(parts), tuple(starts), tuple(origins))


def _plain(reading: _Reading, begin: int, end: int, start: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """The stretches of the reading before that a stretch without escapes runs through."""
    n = bisect_right(reading.starts, begin) - 1
    while n < len(reading.starts) and (reading.starts[n] < end or n == 0):
        first = max(begin, reading.starts[n])
        origin, ends = reading.origins[n]
        yield start + first - begin, (origin, ends) if ends >= 0 else (origin + first - reading.starts[n], -1)
        n += 1


def _runs(found: Sequence[str], least: float) -> Iterator[tuple[int, Words]]:
    """The shortest runs of words that count as many, each with the place of its first word."""
    end, weight = 0, 0.0
    for start in range(len(found)):
        while weight < least and end < len(found):
            weight += _counts(found[end])
            end += 1
        if weight < least:
            return
        yield start, tuple(found[start:end])
        weight -= _counts(found[start])


def _counts(word: str) -> float:
    return SIGN if len(word) == 1 and not word.isascii() else 1.0


def _weight(found: Words) -> float:
    return sum(map(_counts, found))


def _sentences(text: str) -> Iterator[Words]:
    yield tuple(words(text))
    for sentence in _SENTENCE.findall(text):
        yield tuple(words(sentence))


def _joined(places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Stretches in order, those that overlap as one."""
    start, end = -1, -1
    for begin, stop in sorted(places):
        if begin <= end:
            end = max(end, stop)
            continue
        if start >= 0:
            yield start, end
        start, end = begin, stop
    if start >= 0:
        yield start, end


def _strings(value: object) -> Iterator[str]:
    """Every text in a JSON value, names of fields too; without recursion, for a record may be nested deeply."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            left += one.keys()
            left += one.values()
        elif isinstance(one, (list, tuple)):
            left += one
