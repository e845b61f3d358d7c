"""The reply form: how any model is told what to return, and how its reply is read.

A form is the wanted reply written literally, with holes: ``Therefore, the final score is <1-5>``,
``Feedback: <text> [RESULT] <1-5>``, ``[[<A|B>]] [[<1-100>]]``, ``{"score": <1-5>, "reason": <text>}``,
``10 x "<text>"``, ``n x ADD(<path>, "<text>")``. Every house prompt ends with ``form.show()``.

Values: numbers are int where the range is written without a decimal point, else float; ``<yes|no>`` is a **bool**;
choices are the alternative as the form spells it; texts are stripped. JSON forms give their own nesting back (without
constants); list forms give ``{"items": [...]}``, each item a bare value (one hole) or a dict by hole name.

Source: SIMULATED.md, "The reply form".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal

from personarium.core.chat import Message
from personarium.core.errors import InvalidInput, PersonariumError
from personarium.text import json_form
from personarium.text.blocks import blocks, frame
from personarium.text.holes import Hole, Unparsed, fold
from personarium.text.json_form import Many, Node
from personarium.text.json_reading import bullet_lines, json_values, read_list
from personarium.text.line_form import Line, fill_line, parse_line, read_exact
from personarium.text.line_reading import read_loose

__all__ = ["Form", "Hole", "Unparsed"]

_LIST = re.compile(r"(\d{1,4}|n) x (.+)", re.DOTALL)
_REPLY_TAG = re.compile(r"<\s*/?\s*reply\b", re.IGNORECASE)
_NOTHING = frozenset({"none", "nothing", "n/a", "no entries", "empty", "no"})


@dataclass(frozen=True, slots=True)
class Form:
    """The wanted shape of a reply.

    Args:
        pattern: The literal with holes.
        kind: ``line`` (words and holes), ``json``, ``list`` or ``text`` (one free text and nothing else).
        holes: What is asked for, in the order shown.
        count: Wanted number of entries of a list form; None for any number (``n x``) and for the other kinds.
    """

    pattern: str
    kind: Literal["line", "json", "list", "text"]
    holes: tuple[Hole, ...]
    count: int | None = None
    layout: Line | Node = field(default=Line((), ()), repr=False, compare=False)

    @classmethod
    def parse(cls, pattern: str) -> Form:
        """Read a form from its literal.

        Args:
            pattern: See the module's examples. In JSON a hole is the whole value of a key, with or without quotes; in a
                list ``[<text>, ...]`` is any number and ``[3 x <text>]`` so many; ``n x`` before an entry: any number.

        Raises:
            InvalidInput: No hole, an unknown hole, two holes of one name in JSON, two texts without a label between.
        """
        return _parse(pattern.strip())

    def show(self) -> str:
        """The block ``<reply>`` with the literal, as it ends a prompt."""
        return frame("reply", self.pattern)

    @staticmethod
    def find(messages: Sequence[Message]) -> Form | None:
        """The form shown in the last message that has a ``<reply>`` block (its last one); None if there is none."""
        for message in reversed(messages):
            if "<reply>" not in message["content"]:
                continue
            shown = [one for one in blocks(message["content"]) if one.tag == "reply"]
            if shown:
                try:
                    return Form.parse(shown[-1].text)
                except PersonariumError:
                    return None
        return None

    def read(self, reply: str) -> dict[str, Any] | Unparsed:
        """Read a model's reply tolerantly: preamble, code fence, emphasis, other spacing, ``4/5``, a final stop.

        Ranges are checked, a decimal is no whole number, the last marker counts; two markers that contradict each other
        count only if the last stands at the end. Never raises.
        """
        exact = self.read_strict(reply)
        if not isinstance(exact, Unparsed):
            return exact
        reason = exact.reason
        for text in _unfenced(reply):
            read = self._read_loose(text)
            if not isinstance(read, Unparsed):
                return read
            reason = read.reason
        return Unparsed(reason, reply)

    def read_strict(self, reply: str) -> dict[str, Any] | Unparsed:
        """Read a reply that is the filled literal and nothing else (outer blanks aside). Never raises."""
        if self.kind == "text":
            return self._text(reply)
        if self.kind == "list" and isinstance(self.layout, Line):
            return self._lines(reply, [line for line in reply.strip().split("\n") if line.strip()], strict=True)
        if isinstance(self.layout, Line):
            return read_exact(self.layout, reply)
        try:
            value = json.loads(reply)
        except (ValueError, RecursionError):
            return Unparsed("the reply is not one JSON text", reply)
        return self._json(value, reply, strict=True)

    def fill(self, values: Mapping[str, Any]) -> str:
        """Write the reply of a perfect subject.

        Args:
            values: As :meth:`read` returns them; nested JSON values also under dotted hole names.

        Raises:
            InvalidInput: A value is missing or does not fit its hole.
        """
        if self.kind == "list":
            return self._fill_list(values.get("items"))
        if isinstance(self.layout, Line):
            return fill_line(self.layout, values)
        return json.dumps(json_form.fill(self.layout, values, self.holes), ensure_ascii=False)

    def compose(self, make: Callable[[Hole, int], Any], length: int = 3) -> dict[str, Any]:
        """Values for :meth:`fill`, each made by ``make(hole, k)``.

        Args:
            make: Gives the value for a hole; ``k`` counts the entries of a list from 0.
            length: Number of entries where the form leaves it open.
        """
        if self.kind == "list":
            number = length if self.count is None else self.count
            return {"items": [self._entry(make, length, k) for k in range(number)]}
        if isinstance(self.layout, Line):
            return {hole.name: make(hole, 0) for hole in self.holes}
        made: dict[str, Any] = json_form.compose(self.layout, self.holes, make, length)
        return made

    def _entry(self, make: Callable[[Hole, int], Any], length: int, k: int) -> Any:
        if isinstance(self.layout, Many):
            return json_form.compose(self.layout.node, self.holes, make, length, k)
        values = {hole.name: make(hole, k) for hole in self.holes}
        return next(iter(values.values())) if len(self.holes) == 1 else values

    def _text(self, reply: str) -> dict[str, Any] | Unparsed:
        text = reply.strip()
        return {self.holes[0].name: text} if text else Unparsed("the reply is empty", reply)

    def _read_loose(self, reply: str) -> dict[str, Any] | Unparsed:
        if self.kind == "list":
            return self._read_list(reply)
        if isinstance(self.layout, Line):
            return read_loose(self.layout, reply)
        read: dict[str, Any] | Unparsed = Unparsed("no JSON object was found", reply)
        for value in json_values(reply):
            if isinstance(value, dict):
                read = self._json(value, reply, strict=False)
                if not isinstance(read, Unparsed):
                    return read
        return read

    def _json(self, value: Any, reply: str, strict: bool) -> dict[str, Any] | Unparsed:
        assert not isinstance(self.layout, Line)
        read = json_form.check(self.layout, value, self.holes, strict)
        if isinstance(read, Unparsed):
            return Unparsed(read.reason, reply)
        return {"items": read} if isinstance(self.layout, Many) else dict(read)

    def _read_list(self, reply: str) -> dict[str, Any] | Unparsed:
        if isinstance(self.layout, Line):
            marked = bullet_lines(reply)
            return self._lines(reply, marked or [line for line in reply.split("\n") if line.strip()], strict=False)
        items = read_list(reply)
        if isinstance(items, Unparsed):
            empty = self.count is None and fold(reply[:40]) in _NOTHING
            return {"items": []} if empty else items
        if len(self.holes) == 1 and isinstance(self.layout, Many) and isinstance(self.layout.node, json_form.Leaf):
            items = [next(iter(i.values())) if isinstance(i, dict) and len(i) == 1 else i for i in items]
        return self._json(items, reply, strict=False)

    def _lines(self, reply: str, lines: list[str], strict: bool) -> dict[str, Any] | Unparsed:
        assert isinstance(self.layout, Line)
        items: list[Any] = []
        for line in lines:
            read = (read_exact if strict else read_loose)(self.layout, line)
            if not isinstance(read, Unparsed):
                items.append(next(iter(read.values())) if len(self.holes) == 1 else read)
            elif strict:
                return Unparsed(f"an entry does not have the form's literal: {line[:60]!r}", reply)
        if self.count is not None and len(items) != self.count:
            return Unparsed(f"{self.count} entries are wanted, found {len(items)}", reply)
        if not items and self.count is None and not (strict or fold(reply[:40]) in _NOTHING):
            return Unparsed("no entry was found", reply)
        return {"items": items}

    def _fill_list(self, items: Any) -> str:
        if not isinstance(items, (list, tuple)) or (self.count is not None and len(items) != self.count):
            raise InvalidInput("reply form", f"a list of {self.count or 'some'} items", items, "items")
        if isinstance(self.layout, Line):
            one = self.holes[0].name
            rows = [item if isinstance(item, Mapping) else {one: item} for item in items]
            return "\n".join(fill_line(self.layout, row) for row in rows)
        return json.dumps(json_form.fill(self.layout, list(items), self.holes), ensure_ascii=False)


def _unfenced(reply: str) -> list[str]:
    """What stands in the last code fence, if there is one, and the whole reply."""
    parts = reply.split("```")
    if len(parts) < 3:
        return [reply]
    inner = parts[-2] if len(parts) % 2 else parts[-1]
    first, _, rest = inner.partition("\n")
    return [rest if rest and first.strip().isalnum() else inner, reply]


@lru_cache(maxsize=4096)
def _parse(pattern: str) -> Form:
    if _REPLY_TAG.search(pattern):
        raise InvalidInput("reply form", "a literal without a reply tag in it", pattern)
    listed = _LIST.fullmatch(pattern)
    if listed:
        return _list_form(pattern, None if listed[1] == "n" else int(listed[1]), listed[2].strip())
    if pattern[:1] in ("{", "[") and not pattern.startswith("[["):
        parsed = json_form.parse_tree(pattern)
        if parsed is not None and isinstance(parsed[0], json_form.Record):
            return _json_form(pattern, *parsed)
        if parsed is not None and isinstance(parsed[0], Many):
            count = parsed[0].count or None
            return Form(pattern, "list", _named(parsed[1]), count, parsed[0])
    line = _line(pattern)
    return Form(pattern, "text" if line.tokens == (0,) and line.holes[0].free else "line", line.holes, None, line)


def _json_form(pattern: str, tree: Node, holes: tuple[Hole, ...]) -> Form:
    named = _named(holes)
    if not holes:
        raise InvalidInput("reply form", "at least one hole", pattern)
    return Form(pattern, "json", named, None, tree)


def _list_form(pattern: str, count: int | None, entry: str) -> Form:
    if count == 0:
        raise InvalidInput("reply form", "a number of entries above 0", pattern)
    parsed = json_form.parse_tree(entry)
    if parsed is None:
        line = _line(entry)
        return Form(pattern, "list", line.holes, count, line)
    tree, holes = parsed
    if not holes:
        raise InvalidInput("reply form", "at least one hole", pattern)
    many = tuple(replace(hole, many=count or 0) if hole.many is None else hole for hole in holes)
    return Form(pattern, "list", _named(many), count, Many(tree, count or 0))


def _line(pattern: str) -> Line:
    if pattern.startswith("{"):
        raise InvalidInput("reply form", "valid JSON with holes as the whole values of keys", pattern)
    line = parse_line(pattern)
    if not line.holes:
        raise InvalidInput("reply form", "at least one hole like <text>, <A|B>, <yes|no> or <1-5>", pattern)
    return Line(line.tokens, _named(line.holes))


def _named(holes: tuple[Hole, ...]) -> tuple[Hole, ...]:
    """Holes with unique names: label, else kind; a repeated name gets a number (``choice``, ``choice_2``)."""
    named: list[Hole] = []
    taken: set[str] = set()
    for hole in holes:
        name = first = hole.name or hole.kind
        k = 1
        while name in taken:
            k += 1
            name = f"{first}_{k}"
        taken.add(name)
        named.append(replace(hole, name=name))
    return tuple(named)
