"""Which of thousands of keys stand in a text: all plain keys at once, all patterns at once, in linear time.

Keys go into automata of google-re2, so no pattern can take more than linear time: ``(a+)+$`` is as cheap as any other. What
RE2 does not read (look-around, back-references) and what would grow beyond measure (``a.{900}c``) is no valid pattern here.

Source: Character Card V3 specification, ``keys``, ``use_regex``, ``case_sensitive``; its concepts page recommends RE2.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, Literal

from personarium.core.errors import InvalidInput

MAX_KEYS = 100_000
# A pattern sees the end of a long text only. Together with the two limits on program size this bounds the work of a scan:
# RE2 takes some nanoseconds for each character and each instruction that can be active there.
PATTERN_TEXT = 5_000  # characters
PROGRAM = 400_000  # instructions of all patterns together; 10,000 patterns of 40
WILD = 60_000  # those of them that are not letters: classes, repeats, alternatives
# A longer plain key is looked for by its beginning first and is no single word; so many of them are looked for.
HEAD = 64
MAX_LONG_KEYS = 1_000
_LARGEST_PATTERN = 2**18  # bytes for one pattern, about 4,000 instructions: what is larger is refused at once
_MAX_REFUSED = 1_000  # after so many refused patterns no further one is tried
_CHUNK = 500_000  # characters of patterns in one automaton
_MEMORY = 32 * 2**20  # bytes of one automaton; at 8 MiB ten thousand patterns took 2.5 ms a text instead of 0.03
_REMEMBERED = 16_384  # texts
_REMEMBERED_CHARACTERS = 32 * 2**20
_SLASHED = re.compile(r"/(.+)/([dgimsuvy]*)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_NOT_LETTERS = re.compile(r"\\.|\[[^\]]*\]|\{[^}]*\}|[^\w\s]", re.DOTALL)

Kind = Literal["exact", "folded", "pattern"]


@dataclass(frozen=True, slots=True)
class Key:
    """One key in the form it is looked for.

    Args:
        kind: ``exact`` text, ``folded`` (upper and lower case are the same), or ``pattern``.
        text: The text (folded already) or the pattern in RE2's syntax, its flags in front.
        whole: Whether a text must stand there as a word of its own.
    """

    kind: Kind
    text: str
    whole: bool = False


def is_slashed(written: str) -> bool:
    """Whether a key is written as ``/pattern/flags``."""
    return written.startswith("/") and _SLASHED.fullmatch(written) is not None


def key_of(written: str, use_regex: bool, case_sensitive: bool | None, whole: bool) -> Key | None:
    """A key as an entry writes it; None for a blank one, which matches nothing.

    ``/pattern/flags`` is a pattern in any entry. Its flags i, m and s count; g, u, y, d and v change nothing about whether
    it matches. Without slashes ``case_sensitive`` decides; where an entry does not say, case makes no difference.
    """
    if not written.strip():
        return None
    slashed = _SLASHED.fullmatch(written)
    if slashed:
        return _pattern(slashed[1], "".join(flag for flag in "ims" if flag in slashed[2]))
    if use_regex:
        return _pattern(written, "" if case_sensitive else "i")
    if case_sensitive:
        return Key("exact", written, whole)
    return Key("folded", written.casefold(), whole)


def _pattern(pattern: str, flags: str) -> Key:
    """A JavaScript pattern for RE2: the only escape that it writes differently is ``\\u00e9``."""
    said = _ESCAPE.sub(lambda found: f"\\x{{{found[1]}}}" if found[1] else found[0], pattern)
    return Key("pattern", f"(?{flags}){said}" if flags else said)


class KeyIndex:
    """Many keys, each with a number; :meth:`hits` says which of them stand in a text.

    What was found in a text is remembered (a bounded number of texts), so that a dialogue costs its new message only;
    no answer depends on what is remembered.
    """

    def __init__(self) -> None:
        self.keys: list[Key] = []
        self._numbers: dict[Key, int | None] = {}
        self._program = self._wild = self._long = self._refused = 0
        self._automata: dict[Kind, list[_Automaton]] | None = None
        self._remembered: OrderedDict[str, frozenset[int]] = OrderedDict()
        self._characters = 0

    def add(self, key: Key) -> int | None:
        """The key's number, the same for the same key; None when it is not looked for: not valid, or beyond the bounds.

        Raises:
            InvalidInput: When there are more than 100,000 different keys.
        """
        if key in self._numbers:
            return self._numbers[key]
        if len(self._numbers) >= MAX_KEYS:
            raise InvalidInput("lorebook", f"at most {MAX_KEYS:,} different keys", "more", "entries")
        number = len(self.keys) if self._fits(key) else None
        self._numbers[key] = number
        if number is not None:
            self.keys.append(key)
            self._automata = None
            self._remembered.clear()
            self._characters = 0
        return number

    def build(self) -> None:
        """Make the automata now; otherwise the first text does."""
        self._automata = {kind: self._built(kind) for kind in ("exact", "folded", "pattern")}

    def hits(self, text: str) -> frozenset[int]:
        """The numbers of the keys that stand in the text."""
        found = self._remembered.get(text)
        if found is None:
            found = self._remembered[text] = frozenset(self._search(text))
            self._characters += len(text)
            while len(self._remembered) > _REMEMBERED or self._characters > _REMEMBERED_CHARACTERS:
                self._characters -= len(self._remembered.popitem(last=False)[0])
        else:
            self._remembered.move_to_end(text)
        return found

    @property
    def has_patterns(self) -> bool:
        """Whether any key is a pattern."""
        return bool(self._program)

    def _fits(self, key: Key) -> bool:
        """Whether RE2 reads the pattern, and whether it and those before it are not too large together."""
        if key.kind != "pattern":
            self._long += len(key.text) > HEAD
            return len(key.text) <= HEAD or self._long <= MAX_LONG_KEYS
        size = _program_size(key.text) if self._refused < _MAX_REFUSED else 0
        letters = len(_NOT_LETTERS.sub("", key.text)) - 2 * key.text.count("|")
        wild = max(0, size - 8 - max(0, letters))
        if not size or self._program + size > PROGRAM or self._wild + wild > WILD:
            self._refused += 1
            return False
        self._program, self._wild = self._program + size, self._wild + wild
        return True

    def _search(self, text: str) -> Iterator[int]:
        if self._automata is None:
            self.build()
        for kind, automata in (self._automata or {}).items():
            if automata:
                shown = text.casefold() if kind == "folded" else text if kind == "exact" else text[-PATTERN_TEXT:]
                data = shown.encode("utf-8", "replace")
                found = chain.from_iterable(automaton.matches(data) for automaton in automata)
                yield from found if kind == "pattern" else (n for n in found if _stands(self.keys[n], shown))

    def _built(self, kind: Kind) -> list[_Automaton]:
        """The automata of one kind of key, each of bounded size."""
        chunks: list[list[tuple[int, str]]] = []
        room = 0
        for number, key in enumerate(self.keys):
            if key.kind == kind:
                pattern = key.text if kind == "pattern" else _quoted(key.text[:HEAD])
                if room < len(pattern):
                    chunks.append([])
                    room = _CHUNK
                chunks[-1].append((number, pattern))
                room -= len(pattern)
        return [_Automaton(chunk) for chunk in chunks]


def _stands(key: Key, text: str) -> bool:
    """Whether a key whose beginning stands in the text stands there itself, as a word of its own if it must."""
    if len(key.text) > HEAD:
        return key.text in text
    return not key.whole or re.search(rf"(?<!\w){re.escape(key.text)}(?!\w)", text) is not None


class _Automaton:
    """Patterns that are looked for together; where RE2 has no room for them, in two halves, down to one by one."""

    def __init__(self, patterns: Sequence[tuple[int, str]]) -> None:
        self._patterns = patterns
        self._set = _compiled([pattern for _, pattern in patterns])
        self._halves: tuple[_Automaton, ...] = ()
        self._alone: Any = None

    def matches(self, data: bytes) -> Iterable[int]:
        """The numbers of the patterns found in the text, given in UTF-8."""
        if self._set is not None:
            # The last pattern of a set is empty and always found: nothing found means that RE2 ran out of memory.
            found = self._set.Match(data)
            if found:
                return [self._patterns[n][0] for n in found if n < len(self._patterns)]
            self._set = None
        if len(self._patterns) == 1:
            number, pattern = self._patterns[0]
            self._alone = self._alone or _single(pattern)
            return [number] if self._alone.search(data) else []
        if not self._halves:
            middle = len(self._patterns) // 2
            self._halves = (_Automaton(self._patterns[:middle]), _Automaton(self._patterns[middle:]))
        return chain.from_iterable(half.matches(data) for half in self._halves)


# -- google-re2, imported when the first key is looked for -------------------------------------------------------------


@lru_cache(maxsize=2)
def _options(memory: int) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = memory
    return options


def _compiled(patterns: Sequence[str]) -> Any:
    """A set of patterns and the empty one; None when RE2 has no room for it."""
    import re2

    found = re2.Set.SearchSet(_options(_MEMORY))
    try:
        for pattern in (*patterns, ""):
            found.Add(pattern)
        found.Compile()
    except re2.error:
        return None
    return found


def _single(pattern: str) -> Any:
    import re2

    return re2.compile(pattern, _options(_MEMORY))


def _program_size(pattern: str) -> int:
    """How many instructions a pattern takes; 0 when RE2 does not read it."""
    import re2

    try:
        size: int = re2.compile(pattern, _options(_LARGEST_PATTERN)).programsize
    except re2.error:
        return 0
    return size


def _quoted(text: str) -> str:
    import re2

    quoted: str = re2.escape(text)
    return quoted
