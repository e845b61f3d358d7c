"""Reading tolerantly what a model made of a line form: labels are found, values checked, the last verdict counts.

All regular expressions are built so that hostile input costs linear time: runs of blanks are possessive or bounded, and
what follows a marker is looked at only as far as the first character that cannot belong to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from personarium.text.holes import Hole, Unparsed, denominator_fits, fold, number_value
from personarium.text.json_reading import unescape
from personarium.text.line_form import SHADOW, Line, label_before

_OPENERS = r"[\s:=(\"'\[{]{0,40}+"
_EDGE = r"[ \t(\"'\[]{0,40}+"
_ADDRESS = r"(?:(?:response|option|answer|assistant|choice)\s++)?"
_AGAIN = r"(?:(?:score|rating|result)\b\s*+(?:(?:of|is)\b)?[\s:]*+)?"
_CUE = r"(?:answer|choice|verdict|score|rating|result|decision|option|label|choose|select)"
_CLOSERS = r"[ \t)\]}\"']*+"
# What may stand behind a value, so that it is a verdict and not a mention: its line ends, or a sentence does.
_LINE_END = rf"{_CLOSERS}[.!;,:]?[ \t\r)\]}}\"']*+$"
_AFTER_NUMBER = re.compile(rf"{_LINE_END}|{_CLOSERS}[.!;](?=\s)", re.MULTILINE)
_AFTER_CHOICE = re.compile(
    rf"{_LINE_END}|[)\]](?=\s)|{_CLOSERS}[.!;:](?=\s)|{_CLOSERS},(?=[ \t]++[a-z]{{2}})|[ \t]++[-(](?=[ \t]*+[^\W\d])",
    re.MULTILINE,
)
_AFTER_YES = re.compile(rf"{_LINE_END}|[)\]](?=\s)|{_CLOSERS}[.!;:,](?=\s)|[ \t]++[-(](?=[ \t]*+[^\W\d])", re.MULTILINE)
_AFTER_LABELLED_NUMBER = re.compile(r"[ \t]*+[-(:.)][ \t]*+[^\W\d][^\d\n]{0,120}+$", re.MULTILINE)
_TAILS = {"choice": _AFTER_CHOICE, "yesno": _AFTER_YES}
_CLOSING_RUN = re.compile(r"[\s)\]}\"'.!;,]*+")
_HALF_EMPHASIS = re.compile(r"\A\*{1,3}(?=\s)|(?<=\s)\*{1,3}\Z")
_NO_MARKER = "no marker was found"


@dataclass(frozen=True)
class Part:
    """A stretch of a form that is read as one: a free text with its label, or typed holes of one line.

    Args:
        holes: Indices of its holes.
        tokens: Its literals and hole indices, in order.
        starts_line: Whether it begins its line of the form.
        follow: The literal that follows it on its line, as a loose regular expression ("" if none).
        free: Whether it is a free text.
        whole: Its whole wording (free text: its label), None where there is no wording to look for.
        alone: Per typed hole its label word and value, None for a hole without label.
    """

    holes: tuple[int, ...]
    tokens: tuple[str | int, ...]
    starts_line: bool
    follow: str
    free: bool
    whole: re.Pattern[str] | None
    alone: tuple[re.Pattern[str] | None, ...]


@dataclass(frozen=True)
class Found:
    """Where a part was found in a reply (``start``: of its label) and what its holes hold."""

    start: int
    end: int
    values: tuple[Any, ...]


def read_loose(line: Line, reply: str) -> dict[str, Any] | Unparsed:
    """Read what a model made of the form: preamble, emphasis, other spacing and order of lines are forgiven.

    The last marker counts. Where two markers name different values, the last must stand at the end of its section.
    """
    if not reply.strip():
        return Unparsed("the reply is empty", reply)
    if line.bare:
        return _read_bare(line, reply)
    if len(line.holes) == 1 and not line.holes[0].free:
        alone = line.holes[0].accept(reply.strip())
        if not isinstance(alone, Unparsed) and alone != "" and line.holes[0].kind != "path":
            return {line.holes[0].name: alone}
    ended = _ends_with_it(line, reply)
    if ended is not None:
        return ended
    shadow = reply.translate(SHADOW)
    parts = plan(line)
    found: dict[int, Found] = {}
    for part in parts:
        if not part.free:
            typed = _find_typed(line, part, shadow, reply)
            if isinstance(typed, Unparsed):
                return typed
            found.update(zip(part.holes, typed, strict=True))
    return _with_texts(line, found, shadow, reply)


def _ends_with_it(line: Line, reply: str) -> dict[str, Any] | None:
    """The usual case, quickly: the form's one number stands behind its literal at the very end, where it always counts."""
    if len(line.tokens) != 2 or not isinstance(line.tokens[0], str) or line.holes[0].kind != "number":
        return None
    literal = line.tokens[0].strip()
    at = reply.rfind(literal)
    digits = reply[at + len(literal) :].strip().removesuffix(".") if literal and at >= 0 else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        return None
    value = number_value(line.holes[0], digits)
    return None if value is None else {line.holes[0].name: value}


# The plan: a form cut into parts with their regular expressions


@lru_cache(maxsize=4096)
def plan(line: Line) -> tuple[Part, ...]:
    """The parts of a form, in order."""
    parts: list[Part] = []
    run: list[str | int] = []
    starts_line = True
    for token in (*_by_lines(line.tokens), "\n"):
        free = isinstance(token, int) and line.holes[token].free
        if not free and token != "\n":
            run.append(token)
            continue
        typed, rest = _cut(run)
        if typed:
            parts.append(_part(line, typed, starts_line, rest))
            starts_line = False
        if free:
            parts.append(_part(line, [*rest, token], starts_line, []))
        run, starts_line = [], token == "\n"
    return tuple(parts)


def _by_lines(tokens: tuple[str | int, ...]) -> Iterator[str | int]:
    for token in tokens:
        if isinstance(token, int):
            yield token
            continue
        for k, piece in enumerate(token.split("\n")):
            if k:
                yield "\n"
            if piece.translate(SHADOW).strip():
                yield piece


def _cut(run: list[str | int]) -> tuple[list[str | int], list[str | int]]:
    """A run up to its last hole, and the literals behind it."""
    last = max((k for k, token in enumerate(run) if isinstance(token, int)), default=-1)
    return run[: last + 1], run[last + 1 :]


def _part(line: Line, tokens: list[str | int], starts_line: bool, rest: list[str | int]) -> Part:
    holes = tuple(token for token in tokens if isinstance(token, int))
    follow = "".join(_loose(token) for token in rest if isinstance(token, str))
    free = line.holes[holes[0]].free
    whole = _text_label(tokens, starts_line) if free else _whole(line, tokens, follow)
    alone = () if free else tuple(_label_and_value(line, tokens, k, follow) for k in holes)
    return Part(holes, tuple(tokens), starts_line, follow, free, whole, alone)


def _whole(line: Line, tokens: list[str | int], follow: str) -> re.Pattern[str]:
    source = "" if isinstance(tokens[0], str) else rf"^{_EDGE}"
    for k, token in enumerate(tokens):
        if isinstance(token, str):
            source += _loose(token) if k == 0 else r"\s*+" + _loose(token)
        else:
            last = k == len(tokens) - 1
            source += _value(line.holes[token], token, opened=k > 0, follow=follow if last else r"\S")
    return re.compile(source, re.IGNORECASE | re.MULTILINE)


def _label_and_value(line: Line, tokens: list[str | int], index: int, follow: str) -> re.Pattern[str] | None:
    """The last label word before a hole, then its value; None if the hole has no label."""
    at = tokens.index(index)
    before = tokens[at - 1] if at else ""
    label = label_before(before) if isinstance(before, str) else ""
    if not label:
        return None
    joining = r"(?:[\s\])]{0,9}+(?:is|of|was|equals)\b)?[\s\])]{0,9}+"
    value = _value(line.holes[index], index, opened=True, follow=follow)
    return re.compile(rf"(?<!\w){re.escape(label)}\b{joining}{value}", re.IGNORECASE)


def _text_label(tokens: list[str | int], starts_line: bool) -> re.Pattern[str] | None:
    words = _loose("".join(token for token in tokens if isinstance(token, str)))
    if not words:
        return None
    bullet = r"^[ \t]*+(?:[-•>][ \t]++)?" if starts_line else ""
    return re.compile(rf"{bullet}{words}[ \t]*+:?", re.IGNORECASE | re.MULTILINE)


def _loose(literal: str) -> str:
    """A literal as regular expression with free blanks; a colon at its end may be missing."""
    tokens = re.findall(r"\w+|[^\w\s]", literal.translate(SHADOW))
    pieces: list[str] = []
    for k, token in enumerate(tokens):
        after_word = k > 0 and tokens[k - 1][-1].isalnum()
        if token[0].isalnum() or token[0] == "_":
            pieces.append(r"\s++" if after_word else r"\s*+" if k else r"(?<!\w)")
        elif k:
            pieces.append(r"\s*+")
        pieces.append(":?" if token == ":" and k and k == len(tokens) - 1 else re.escape(token))
    return "".join(pieces)


def _value(hole: Hole, index: int, opened: bool, follow: str) -> str:
    """A value as regular expression, in group ``h<index>`` (a number's ``/5`` in ``d<index>``).

    Args:
        hole: What is wanted.
        index: Names the groups.
        opened: Whether blanks, colons and opening brackets may stand before it.
        follow: What follows the hole in the form, for a path, whose end nothing else shows.
    """
    opening = _OPENERS if opened else ""
    if hole.quoted:
        return rf'[\s:=]{{0,40}}+"(?P<h{index}>(?:[^"\\]|\\.)*+)"'
    if hole.kind == "number":
        dash = r"(?:-\s++)?" if opened and (hole.lo or 0) >= 0 else ""
        number = r"[-+]?(?:\d{1,15}(?:\.\d{1,15})?|\.\d{1,15})(?!\d)"
        below = rf"(?P<d{index}>\s*+(?:(?:/|out\s++of)\s*+\d{{1,15}}(?:\.\d{{1,15}})?|%))?"
        return rf"{opening}{_AGAIN if opened else ''}{_EDGE if opened else ''}{dash}(?P<h{index}>{number}){below}"
    if hole.kind == "path":
        end = rf"\s*+(?:{follow})" if follow and follow != r"\S" else r"\s*+(?:[,()\"]|$|\Z)"
        return rf"{opening}(?P<h{index}>[^\s,()\"](?:[^\n,()\"]{{0,400}}?[^\s,()\"])?)(?={end})"
    words = sorted({*hole.choices, *(("true", "false") if hole.kind == "yesno" else ())}, key=len, reverse=True)
    names = "|".join(r"\s++".join(re.escape(w) for w in word.translate(SHADOW).split()) for word in words)
    return rf"{opening}{_ADDRESS}(?P<h{index}>{names})(?!\w)"


# Typed holes


def _find_typed(line: Line, part: Part, shadow: str, reply: str) -> list[Found] | Unparsed:
    """One place per hole of the part: by its whole wording, else each hole by its label word."""
    assert part.whole is not None
    tail = None if part.follow else _TAILS.get(line.holes[part.holes[-1]].kind, _AFTER_NUMBER)
    together = _choose(line, part.holes, part.whole, tail, shadow, reply)
    if isinstance(together, Found):
        return [Found(together.start, together.end, (value,)) for value in together.values]
    if together.reason != _NO_MARKER and len(part.holes) > 1:
        return together
    out: list[Found] = []
    for index, pattern in zip(part.holes, part.alone, strict=True):
        own = None if part.follow or len(part.holes) > 1 else tail
        one = together if pattern is None else _choose(line, (index,), pattern, own, shadow, reply)
        if isinstance(one, Unparsed):
            reason = together.reason if one.reason == _NO_MARKER else one.reason
            return Unparsed(f"no '{line.holes[index].name}' was found" if reason == _NO_MARKER else reason, reply)
        out.append(one)
    return out


def _choose(
    line: Line,
    indices: tuple[int, ...],
    pattern: re.Pattern[str],
    tail: re.Pattern[str] | None,
    shadow: str,
    reply: str,
) -> Found | Unparsed:
    """The last occurrence that ends properly; an earlier one may say something else only if the last ends the text."""
    last: Found | Unparsed = Unparsed(_NO_MARKER, reply)
    values: set[tuple[Any, ...]] = set()
    for match in pattern.finditer(shadow):
        if tail is not None and not line.holes[indices[-1]].quoted and not tail.match(shadow, match.end()):
            if isinstance(last, Unparsed):
                last = Unparsed("more words follow the value on its line", reply)
            continue
        last = _found(line, indices, match, reply)
        if isinstance(last, Found):
            values.add(last.values)
    if isinstance(last, Found) and len(values) > 1 and not _stands_last(line, last.end, shadow):
        return Unparsed("two different values were found and the last does not stand at the end", reply)
    return last


def _stands_last(line: Line, position: int, shadow: str) -> bool:
    """Whether nothing follows, or another labelled part of the form."""
    closing = _CLOSING_RUN.match(shadow, position)
    end = closing.end() if closing else position
    if end == len(shadow):
        return True
    labelled = (part.whole for part in plan(line) if part.whole is not None)
    return any(whole.match(shadow, end) for whole in labelled)


def _found(line: Line, indices: tuple[int, ...], match: re.Match[str], reply: str) -> Found | Unparsed:
    values = []
    for index in indices:
        hole = line.holes[index]
        value = _converted(hole, match, index, reply)
        if value is None or isinstance(value, Unparsed):
            return Unparsed(f"'{hole.name}' should be {hole.describe()}, found {match[0].strip()[-60:]!r}", reply)
        values.append(value)
    return Found(match.start(), match.end(), tuple(values))


def _converted(hole: Hole, match: re.Match[str], index: int, reply: str) -> Any:
    group = match[f"h{index}"]
    if hole.kind == "number":
        below = match[f"d{index}"]
        return number_value(hole, group) if not below or denominator_fits(hole, below) else None
    if hole.kind == "choice":
        same = [choice for choice in hole.choices if choice.translate(SHADOW).split() == group.split()]
        alike = same or [choice for choice in hole.choices if fold(choice.translate(SHADOW)) == fold(group)]
        return alike[0] if len(alike) == 1 else None
    if hole.kind == "yesno":
        return hole.accept(group)
    start, end = match.span(f"h{index}")
    return hole.accept(unescape(reply[start:end]) if hole.quoted else reply[start:end])


# Free texts


def _with_texts(line: Line, found: dict[int, Found], shadow: str, reply: str) -> dict[str, Any] | Unparsed:
    """Add the free texts: each runs from its label (or the part before it) to the next part that was found."""
    starts = _text_starts(line, found, shadow)
    if isinstance(starts, str):
        return Unparsed(starts, reply)
    borders = sorted([one.start for one in found.values()] + [label for label, _ in starts.values() if label >= 0])
    judged = any(hole.kind in ("number", "choice", "yesno") for hole in line.holes)
    out: dict[str, Any] = {}
    for k, hole in enumerate(line.holes):
        if not hole.free:
            out[hole.name] = found[k].values[0]
            continue
        start = starts[k][1]
        text = _trim(reply[start : next((border for border in borders if border >= start), len(reply))])
        if not text and not judged:
            return Unparsed(f"'{hole.name}' is empty", reply)
        out[hole.name] = text
    return out


def _text_starts(line: Line, found: dict[int, Found], shadow: str) -> dict[int, tuple[int, int]] | str:
    """Per free text: where its label begins (-1: none found) and where its text does; a sentence if it has no place."""
    starts: dict[int, tuple[int, int]] = {}
    parts = plan(line)
    previous = 0
    for k, part in enumerate(parts):
        index = part.holes[0]
        if index in found:
            previous = found[part.holes[-1]].end
            continue
        match = part.whole.search(shadow, 0 if part.starts_line else previous) if part.whole else None
        if match is not None:
            starts[index] = match.span()
        elif k == 0 or (not parts[k - 1].free and (part.whole is None or not part.starts_line)):
            starts[index] = (-1, previous)
        else:
            return f"no '{line.holes[index].name}' was found"
        previous = starts[index][1]
    return starts


def _trim(text: str) -> str:
    """Without blanks at its ends and the halves of emphasis marks that were cut off with a label."""
    return _HALF_EMPHASIS.sub("", text.strip()).strip()


# One typed hole and nothing else


def _read_bare(line: Line, reply: str) -> dict[str, Any] | Unparsed:
    """The whole reply, or a cue word and the value, or a reply that begins or a last line that is the value."""
    hole = line.holes[0]
    whole = hole.accept(reply.strip())
    if not isinstance(whole, Unparsed):
        return {hole.name: whole}
    shadow = reply.translate(SHADOW)
    missing = Unparsed(f"no value for '{hole.name}' ({hole.describe()}) was found", reply)
    tail = _TAILS.get(hole.kind, _AFTER_NUMBER)
    for k, pattern in enumerate(_bare_patterns(line)):
        labelled = k == 1 and hole.kind == "number" and "." not in reply[:20].split("\n")[0]
        one = _choose(line, (0,), pattern, tail, shadow, reply)
        if isinstance(one, Unparsed) and labelled and one.reason != _NO_MARKER:
            one = _choose(line, (0,), pattern, _AFTER_LABELLED_NUMBER, shadow, reply)
        if isinstance(one, Found):
            return {hole.name: one.values[0]}
        if one.reason != _NO_MARKER:
            return one
    return missing


@lru_cache(maxsize=4096)
def _bare_patterns(line: Line) -> tuple[re.Pattern[str], ...]:
    hole = line.holes[0]
    value = _value(hole, 0, opened=False, follow="")
    opened = _value(hole, 0, opened=True, follow="")
    return (
        re.compile(rf"(?<!\w){_CUE}\b(?:[\s\])]{{0,9}}+(?:is|of|was)\b)?{opened}", re.IGNORECASE),
        re.compile(rf"\A[\s(\"'\[]*+{value}", re.IGNORECASE),
        re.compile(rf"^{_EDGE}{value}(?=[\s)\]}}\"'.!]*+\Z)", re.IGNORECASE | re.MULTILINE),
    )
