"""Reply forms laid out as lines of words and holes: how they are parsed, filled and read by the letter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.text.holes import Hole, Unparsed, number_value, parse_hole
from personarium.text.json_form import HOLE
from personarium.text.json_reading import quote, unescape

# Emphasis, headings and typographic quotes become plain characters of the same length, so positions stay valid.
SHADOW = str.maketrans({"*": " ", "`": " ", "#": " ", "\u00a0": " ", "“": '"', "”": '"', "‘": "'", "’": "'", "–": "-"})
_JOINING = frozenset(["is", "are", "of", "be", "was", "equals", "as", "the", "a", "an", "to", "at", "out"])
_LABEL = re.compile(r"([A-Za-z][\w-]*)(?![\w-])")


@dataclass(frozen=True, eq=False)
class Line:
    """A parsed line form: the tokens (literal texts and hole indices) and the holes they speak of."""

    tokens: tuple[str | int, ...]
    holes: tuple[Hole, ...]

    @cached_property
    def segments(self) -> tuple[tuple[tuple[int, ...], re.Pattern[str]], ...]:
        return tuple(_segments(self.tokens, self.holes))

    @property
    def bare(self) -> bool:
        """Whether the form is one typed hole and nothing else."""
        return len(self.tokens) == 1 and not self.holes[0].free


def parse_line(pattern: str) -> Line:
    """Split a line form into literals and holes and name the holes by the labels before them."""
    tokens: list[str | int] = []
    holes: list[Hole] = []
    position = 0
    for match in re.finditer(rf'"{HOLE.pattern}"|{HOLE.pattern}', pattern):
        hole = parse_hole(match[1] if match[1] is not None else match[2])
        quoted = match[1] is not None and hole.kind in ("text", "path")
        start, end = match.span() if quoted or match[1] is None else (match.start() + 1, match.end() - 1)
        if pattern[position:start]:
            tokens.append(pattern[position:start])
        tokens.append(len(holes))
        before = "" if len(tokens) < 2 or not isinstance(tokens[-2], str) else tokens[-2]
        holes.append(replace(hole, quoted=quoted, name=hole.name or label_before(before)))
        position = end
    if pattern[position:]:
        tokens.append(pattern[position:])
    _refuse_neighbours(tokens, holes, pattern)
    return Line(tuple(tokens), tuple(holes))


def _refuse_neighbours(tokens: list[str | int], holes: list[Hole], pattern: str) -> None:
    last_free = False
    for token in tokens:
        if isinstance(token, str):
            last_free = last_free and not token.translate(SHADOW).strip()
        else:
            if last_free and holes[token].free:
                raise InvalidInput("reply form", "a label between two <text> holes", pattern)
            last_free = holes[token].free


def label_before(before: str) -> str:
    """The label word directly before a hole: ``score is `` gives score, ``[RESULT] `` result, ``ADD(`` none."""
    line = before.rsplit("\n", 1)[-1].translate(SHADOW)
    tail = re.search(r"[^\w]*\Z", line[-200:])
    between = tail[0] if tail else ""
    if "," in between or ";" in between or between.startswith(("(", ".")):
        return ""
    words = [word.lower() for word in _LABEL.findall(line)]
    while words and words[-1] in _JOINING:
        words.pop()
    return words[-1] if words else ""


# Reading by the letter


def _segments(
    tokens: tuple[str | int, ...], holes: tuple[Hole, ...]
) -> Iterator[tuple[tuple[int, ...], re.Pattern[str]]]:
    """The form cut at its free texts; every stretch between them as one exact regular expression."""
    source = ""
    inside: list[int] = []
    for token in tokens:
        if isinstance(token, int) and holes[token].free:
            yield tuple(inside), re.compile(source)
            source, inside = "", []
            yield (token,), re.compile("")
        elif isinstance(token, int):
            source += f"({_exact(holes[token])})" if not holes[token].quoted else _exact(holes[token])
            inside.append(token)
        else:
            source += re.escape(token)
    yield tuple(inside), re.compile(source + r"\Z")


def _exact(hole: Hole) -> str:
    if hole.quoted:
        return r'"((?:[^"\\\n]|\\.)*+)"'
    if hole.kind == "number":
        return r"-?\d{1,15}(?!\d)" if hole.integer else r"-?\d{1,15}(?:\.\d{1,15})?(?!\d)"
    if hole.kind == "path":
        return r"[^\s,()\"](?:[^\n,()\"]{0,400}[^\s,()\"])?"
    return "|".join(re.escape(choice) for choice in sorted(hole.choices, key=len, reverse=True))


def read_exact(line: Line, reply: str) -> dict[str, Any] | Unparsed:
    """Read a reply that is the form's literal with values in its holes and nothing else (outer blanks aside)."""
    text = reply.strip()
    values: dict[int, str] = {}
    position, pending = 0, None
    for k, (inside, pattern) in enumerate(line.segments):
        if len(inside) == 1 and line.holes[inside[0]].free:
            pending = inside[0]
            continue
        match = pattern.match(text, position) if k == 0 else pattern.search(text, position)
        if match is None or (pending is None and match.start() != position):
            return Unparsed("the reply does not have the literal of the form", reply)
        if pending is not None:
            values[pending] = text[position : match.start()].strip()
        values.update(zip(inside, match.groups(), strict=True))
        position, pending = match.end(), None
    return _accepted(line, values, reply)


def _accepted(line: Line, values: Mapping[int, str], reply: str) -> dict[str, Any] | Unparsed:
    out: dict[str, Any] = {}
    for k, hole in enumerate(line.holes):
        raw = unescape(values[k]) if hole.quoted else values[k]
        value = number_value(hole, raw) if hole.kind == "number" else hole.accept(raw, strict=hole.kind != "text")
        if value is None or isinstance(value, Unparsed) or (hole.free and not value):
            return Unparsed(f"'{hole.name}' should be {hole.describe()}, found {raw[:60]!r}", reply)
        out[hole.name] = value
    return out


def fill_line(line: Line, values: Mapping[str, Any]) -> str:
    """Write the literal with values in its holes."""
    out = []
    for token in line.tokens:
        if isinstance(token, str):
            out.append(token)
            continue
        hole = line.holes[token]
        if hole.name not in values:
            raise InvalidInput("reply form", f"a value for '{hole.name}'", sorted(values), hole.name)
        text = hole.write(values[hole.name])
        if hole.kind == "path" and not hole.quoted and not re.fullmatch(_exact(hole), text):
            raise InvalidInput("reply form", "a path without commas, brackets, quotes and line ends", text, hole.name)
        out.append(quote(text) if hole.quoted else text)
    return "".join(out)
