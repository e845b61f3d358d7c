"""Reply forms laid out as lines of words and holes: how they are written, read by the letter, and read tolerantly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.text.holes import Hole, Unparsed, denominator_fits, match_choice, number_value, parse_hole
from personarium.text.json_form import HOLE
from personarium.text.json_reading import quote, unescape

# Emphasis, headings and typographic quotes become plain characters of the same length, so positions stay valid.
_SHADOW = str.maketrans({"*": " ", "`": " ", "#": " ", "\u00a0": " ", "“": '"', "”": '"', "‘": "'", "’": "'", "–": "-"})
_JOINING = frozenset(["is", "are", "of", "be", "was", "equals", "as", "the", "a", "an", "to", "at", "out"])
_LABEL = re.compile(r"([A-Za-z][\w-]*)(?![\w-])")
_OPENERS = r"[\s:=(\"'\[{]{0,40}+"
_PREFIX = r"(?:(?:response|option|answer|assistant|choice)\s++)?"
# After a value: the line ends, or a sentence does.
_TAIL = re.compile(r"[ \t)\]}\"']*+(?:[.!;,]?[ \t\r)\]}\"']*+$|[.!;](?=\s))", re.MULTILINE)
_LOOSE_TAIL = re.compile(
    r"[ \t)\]}\"']*+(?:[.!;,:]?[ \t\r)\]}\"']*+$|[.!;,:)\]](?=\s)|[ \t]+[-(](?=[ \t]*[^\W\d]))", re.MULTILINE
)
_NOTHING_MORE = re.compile(r"[\s)\]}\"'.!;,]*+\Z")
_CUE = r"(?:answer|choice|verdict|score|rating|result|decision|option|choose|select)"


@dataclass(frozen=True)
class Part:
    """A stretch of a form that is read as one: a free text with its label, or typed holes on one line.

    Args:
        holes: Indices of its holes.
        tokens: Its literals and hole indices, in order.
        starts_line: Whether it begins its line of the form.
    """

    holes: tuple[int, ...]
    tokens: tuple[str | int, ...]
    starts_line: bool


@dataclass(frozen=True)
class Found:
    """Where a part was found in a reply and what its holes hold; ``start`` is where its label begins."""

    start: int
    end: int
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Line:
    """A parsed line form: the tokens (literal texts and hole indices) and the holes they speak of."""

    tokens: tuple[str | int, ...]
    holes: tuple[Hole, ...]

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        return tuple(_parts(self.tokens, self.holes))

    @cached_property
    def segments(self) -> tuple[tuple[tuple[int, ...], re.Pattern[str]], ...]:
        return tuple(_segments(self.tokens, self.holes))

    @cached_property
    def patterns(self) -> dict[int, tuple[re.Pattern[str] | None, ...]]:
        """Per part: the regular expression of its whole wording, then those of each hole's label alone."""
        return {k: _part_patterns(part, self.holes) for k, part in enumerate(self.parts)}

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
        holes.append(replace(hole, quoted=quoted, name=hole.name or _label(before)))
        position = end
    if pattern[position:]:
        tokens.append(pattern[position:])
    _refuse_neighbours(tokens, holes, pattern)
    return Line(tuple(tokens), tuple(holes))


def _refuse_neighbours(tokens: list[str | int], holes: list[Hole], pattern: str) -> None:
    last_free = False
    for token in tokens:
        if isinstance(token, str):
            last_free = last_free and not token.translate(_SHADOW).strip()
        else:
            if last_free and holes[token].free:
                raise InvalidInput("reply form", "a label between two <text> holes", pattern)
            last_free = holes[token].free


def _label(before: str) -> str:
    """The label word directly before a hole: ``score is `` gives score, ``[RESULT] `` result, ``ADD(`` none."""
    line = before.rsplit("\n", 1)[-1].translate(_SHADOW)
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
        out.append(quote(text) if hole.quoted else text)
    return "".join(out)


# Reading tolerantly


def _parts(tokens: tuple[str | int, ...], holes: tuple[Hole, ...]) -> Iterator[Part]:
    """Free texts with the literal before them; runs of typed holes of one line with the literals around them."""
    run: list[str | int] = []
    starts_line = True
    for token in _split_lines(tokens):
        if token == "\n" or (isinstance(token, int) and holes[token].free):
            inside = tuple(t for t in run if isinstance(t, int))
            if token == "\n" or inside:
                if inside:
                    yield Part(inside, tuple(run), starts_line)
                    starts_line = False
                run = []
            if isinstance(token, int):
                yield Part((token,), (*run, token), starts_line)
                run, starts_line = [], False
            else:
                starts_line = True
        else:
            run.append(token)
    inside = tuple(t for t in run if isinstance(t, int))
    if inside:
        yield Part(inside, tuple(run), starts_line)


def _split_lines(tokens: tuple[str | int, ...]) -> Iterator[str | int]:
    for token in tokens:
        if isinstance(token, int):
            yield token
        else:
            for k, piece in enumerate(token.split("\n")):
                if k:
                    yield "\n"
                if piece.translate(_SHADOW).strip():
                    yield piece


def _part_patterns(part: Part, holes: tuple[Hole, ...]) -> tuple[re.Pattern[str] | None, ...]:
    if holes[part.holes[0]].free:
        literal = "".join(t for t in part.tokens if isinstance(t, str))
        return (_text_label(literal, part.starts_line), None)
    source, marked = "", False
    for token in part.tokens:
        if isinstance(token, str):
            source += _loose(token)
            marked = True
        else:
            source += (_OPENERS if isinstance(part.tokens[0], str) else "") + _loose_value(holes[token], token)
    start = "" if marked and isinstance(part.tokens[0], str) else r"^[\s(\"'\[]*+"
    whole = re.compile(start + source, re.IGNORECASE | re.MULTILINE)
    return (whole, *(_label_alone(part, k, holes) for k in part.holes))


def _label_alone(part: Part, index: int, holes: tuple[Hole, ...]) -> re.Pattern[str] | None:
    """The last label word before a hole, then its value; None if the hole has no label."""
    at = part.tokens.index(index)
    before = part.tokens[at - 1] if at else ""
    label = _label(before) if isinstance(before, str) else ""
    if not label:
        return None
    joining = r"(?:[\s\])]*+(?:is|of|was|equals)\b)?"
    dash = "" if (holes[index].lo or 0) < 0 else r"(?:-\s++)?"
    value = _loose_value(holes[index], index)
    return re.compile(rf"(?<!\w){re.escape(label)}\b{joining}[\s\])]*+{_OPENERS}{dash}{value}", re.IGNORECASE)


def _text_label(literal: str, starts_line: bool) -> re.Pattern[str] | None:
    words = _loose(literal)
    if not words:
        return None
    return re.compile(
        (r"^[ \t]*+(?:[-•>][ \t]++)?" if starts_line else "") + words + r"[ \t]*+:?", re.IGNORECASE | re.MULTILINE
    )


def _loose(literal: str) -> str:
    """A literal with free blanks; a colon at its end may be missing."""
    tokens = re.findall(r"\w+|[^\w\s]", literal.translate(_SHADOW))
    optional_colon = len(tokens) > 1 and tokens[-1] == ":"
    source = ""
    for k, token in enumerate(tokens):
        if k and token[0].isalnum() and tokens[k - 1][-1].isalnum():
            source += r"\s++"
        elif k or not token[0].isalnum():
            source += r"\s*+" if k else ""
        elif token[0].isalnum():
            source += r"(?<!\w)"
        source += ":?" if optional_colon and k == len(tokens) - 1 else re.escape(token)
    return source


def _loose_value(hole: Hole, index: int) -> str:
    if hole.quoted:
        return rf'(?:"?)(?<=")(?P<h{index}>(?:[^"\\]|\\.)*+)"'
    if hole.kind == "number":
        number = r"[-+]?(?:\d{1,15}(?:\.\d{1,15})?|\.\d{1,15})(?!\d)"
        return rf"(?P<h{index}>{number})(?P<d{index}>\s*+(?:(?:/|out\s++of)\s*+[\d.]{{1,15}}|%))?[)\"']?"
    if hole.kind == "path":
        return rf"(?P<h{index}>[^\n,()\"]{{1,400}}?)(?=\s*+[\n,()\"]|\s*+\Z)"
    words = sorted({*hole.choices, *(("true", "false") if hole.kind == "yesno" else ())}, key=len, reverse=True)
    names = "|".join(re.escape(word.translate(_SHADOW)).replace(r"\ ", r"\s++") for word in words)
    return rf"{_PREFIX}(?P<h{index}>{names})(?!\w)[)\"']?"


def read_loose(line: Line, reply: str) -> dict[str, Any] | Unparsed:
    """Read what a model made of the form: preamble, emphasis, other spacing and order of lines are forgiven.

    The last marker counts. Where two markers name different values, the last must stand at the end of its section.
    """
    if not reply.strip():
        return Unparsed("the reply is empty", reply)
    if line.bare:
        return _read_bare(line, reply)
    shadow = reply.translate(_SHADOW)
    found: dict[int, Found] = {}
    for k, part in enumerate(line.parts):
        if not line.holes[part.holes[0]].free:
            typed = _find_typed(line, k, shadow, reply)
            if isinstance(typed, Unparsed):
                return typed
            found.update(zip(part.holes, typed, strict=True))
    return _with_texts(line, found, shadow, reply)


def _find_typed(line: Line, k: int, shadow: str, reply: str) -> list[Found] | Unparsed:
    part = line.parts[k]
    whole, *alone = line.patterns[k]
    assert whole is not None
    together = _choose(line, part.holes, whole, shadow, reply)
    if isinstance(together, Found):
        return [Found(together.start, together.end, (value,)) for value in together.values]
    if together.reason != _NO_MARKER and len(part.holes) > 1:
        return together
    out: list[Found] = []
    for index, pattern in zip(part.holes, alone, strict=True):
        one = together if pattern is None else _choose(line, (index,), pattern, shadow, reply)
        if isinstance(one, Unparsed):
            reason = f"no '{line.holes[index].name}' was found" if one.reason == _NO_MARKER else one.reason
            return Unparsed(reason if together.reason == _NO_MARKER else together.reason, reply)
        out.append(one)
    return out


_NO_MARKER = "no marker was found"


def _choose(
    line: Line, indices: tuple[int, ...], pattern: re.Pattern[str], shadow: str, reply: str
) -> Found | Unparsed:
    """The last occurrence that ends properly; an earlier one may say something else only if the last ends the text."""
    last: Found | Unparsed = Unparsed(_NO_MARKER, reply)
    others: set[tuple[Any, ...]] = set()
    for match in pattern.finditer(shadow):
        if not _tail_fits(line, indices, shadow, match.end()):
            if isinstance(last, Unparsed):
                last = Unparsed("more words follow the value on its line", reply)
            continue
        if isinstance(last, Found):
            others.add(last.values)
        last = _value_of(line, indices, match, reply)
    if isinstance(last, Found) and others - {last.values} and not _stands_last(line, last.end, shadow):
        return Unparsed("two different values were found and the last does not stand at the end", reply)
    return last


def _tail_fits(line: Line, indices: tuple[int, ...], shadow: str, position: int) -> bool:
    """Whether a value that ends here is a verdict and no mention: its line or sentence ends, or a free text follows."""
    last = indices[-1]
    hole = line.holes[last]
    at = line.tokens.index(last) + 1
    if hole.quoted or at < len(line.tokens):
        follows = line.tokens[at:]
        literal = follows[0] if isinstance(follows[0], str) else ""
        if "\n" not in literal.rstrip(" \t")[:1]:
            return True
    tail = _TAIL if hole.kind == "number" else _LOOSE_TAIL
    return tail.match(shadow, position) is not None


def _stands_last(line: Line, position: int, shadow: str) -> bool:
    if _NOTHING_MORE.match(shadow, position):
        return True
    rest = re.compile(r"[\s)\]}\"'.!;,]*+").match(shadow, position)
    at = rest.end() if rest else position
    labels = (patterns[0] for patterns in line.patterns.values())
    return any(label is not None and label.match(shadow, at) for label in labels)


def _value_of(line: Line, indices: tuple[int, ...], match: re.Match[str], reply: str) -> Found | Unparsed:
    values = []
    for index in indices:
        hole = line.holes[index]
        start, end = match.span(f"h{index}")
        raw = reply[start:end] if hole.kind in ("text", "path") else match[f"h{index}"]
        value: Any
        if hole.kind == "number":
            below = match[f"d{index}"]
            value = number_value(hole, match[f"h{index}"]) if not below or denominator_fits(hole, below) else None
        elif hole.kind == "choice":
            value = match_choice(hole.choices, " ".join(raw.split()))
        else:
            value = hole.accept(unescape(raw) if hole.quoted else raw)
        if value is None or isinstance(value, Unparsed):
            return Unparsed(f"'{hole.name}' should be {hole.describe()}, found {match[0].strip()[-60:]!r}", reply)
        values.append(value)
    return Found(match.start(), match.end(), tuple(values))


def _with_texts(line: Line, found: dict[int, Found], shadow: str, reply: str) -> dict[str, Any] | Unparsed:
    """Add the free texts: each runs from its label (or the part before it) to the next part that was found."""
    starts = _text_starts(line, found, shadow)
    if isinstance(starts, str):
        return Unparsed(starts, reply)
    borders = sorted([one.start for one in found.values()] + [label for label, _ in starts.values()])
    judged = any(hole.kind in ("number", "choice", "yesno") for hole in line.holes)
    out: dict[str, Any] = {}
    for k, hole in enumerate(line.holes):
        if not hole.free:
            out[hole.name] = found[k].values[0]
            continue
        label, start = starts[k]
        end = next((border for border in borders if border >= start and border != label), len(reply))
        text = _trim(reply[start:end])
        if not text and not judged:
            return Unparsed(f"'{hole.name}' is empty", reply)
        out[hole.name] = text
    return out


def _text_starts(line: Line, found: dict[int, Found], shadow: str) -> dict[int, tuple[int, int]] | str:
    """Per free text: where its label begins and where its text begins; a sentence if one cannot be placed."""
    starts: dict[int, tuple[int, int]] = {}
    previous = 0
    for k, part in enumerate(line.parts):
        index = part.holes[0]
        if index in found:
            previous = found[part.holes[-1]].end
            continue
        label = line.patterns[k][0]
        match = label.search(shadow, 0 if part.starts_line else previous) if label else None
        if match is not None:
            starts[index] = match.span()
        elif k == 0 or (label is None and line.parts[k - 1].holes[-1] in found):
            starts[index] = (previous, previous)
        else:
            return f"no '{line.holes[index].name}' was found"
        previous = starts[index][1]
    return starts


def _trim(text: str) -> str:
    """Blanks and the halves of emphasis marks that were cut off with a label."""
    text = text.strip()
    text = re.sub(r"\A\*{1,3}(?=\s)|(?<=\s)\*{1,3}\Z", "", text)
    return text.strip()


def _read_bare(line: Line, reply: str) -> dict[str, Any] | Unparsed:
    """A form of one typed hole: the whole reply, or a cue word and the value, or a line that begins with the value."""
    hole = line.holes[0]
    whole = hole.accept(reply.strip())
    if not isinstance(whole, Unparsed):
        return {hole.name: whole}
    shadow = reply.translate(_SHADOW)
    value = _loose_value(hole, 0)
    cue = re.compile(rf"(?<!\w){_CUE}\b(?:[\s\])]*+(?:is|of|was)\b)?{_OPENERS}{value}", re.IGNORECASE)
    start = re.compile(rf"\A[\s(\"'\[]*+{value}", re.IGNORECASE)
    end = re.compile(rf"^[\s(\"'\[]*+{value}(?=[\s)\]}}\"'.!]*+\Z)", re.IGNORECASE | re.MULTILINE)
    reason = Unparsed(f"no value for '{hole.name}' ({hole.describe()}) was found", reply)
    for pattern in (cue, start, end):
        one = _choose(line, (0,), pattern, shadow, reply)
        if isinstance(one, Found):
            return {hole.name: one.values[0]}
        if one.reason != _NO_MARKER:
            return one
    return reason
