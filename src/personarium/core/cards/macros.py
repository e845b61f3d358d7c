"""The macros of character cards (curly braced syntaxes): ``{{char}}``, ``{{user}}`` and the others of the V3 specification.

One pass from the inside out: what a macro is replaced with is never read as a macro again, so that a name or a line of
chat cannot smuggle one in. What is unknown, unclosed or nested too deep stays as it stands. Chance is drawn from a seed.

Source: Character Card V3 specification, "Curly Braced Syntaxes"; V1 specification for ``<BOT>`` and ``<USER>``.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

DEEPEST = 8
_TOKEN = re.compile(r"\{\{|\}\}|<bot>|<char>|<user>", re.IGNORECASE)
_COMMA = re.compile(r"(?<!\\),")


@dataclass(frozen=True, slots=True)
class Macros:
    """What macros stand for.

    Args:
        char: The character's name (its nickname where it has one).
        user: Who talks with it.
        original: What ``{{original}}`` stands for: the prompt that the card's own one replaces; None leaves it alone.
        seed: Of ``random``, ``roll`` and ``pick``; ``pick`` draws from the text alone and not from ``turn``.
        turn: Which turn it is, so that ``random`` and ``roll`` are new in each.
        scanning: Whether the text is scanned for lorebook keys: then ``hidden_key`` shows what it holds.
    """

    char: str
    user: str
    original: str | None = None
    seed: int = 0
    turn: int = 0
    scanning: bool = False

    def expand(self, text: str) -> str:
        """The text with its macros replaced."""
        if "{{" not in text and "<" not in text:
            return text
        return _Expansion(self, text).whole()


class _Expansion:
    """One text while its macros are replaced."""

    def __init__(self, macros: Macros, text: str) -> None:
        self.macros, self.text = macros, text
        self.drawn = 0
        self.too_deep = 0

    def whole(self) -> str:
        pieces: list[list[str]] = [[]]  # one list for each open macro, the outermost text first
        at = 0
        for token in _TOKEN.finditer(self.text):
            pieces[-1].append(self.text[at : token.start()])
            at = token.end()
            mark = token.group()
            if mark == "{{":
                self._open(pieces)
            elif mark == "}}":
                self._close(pieces)
            else:
                pieces[-1].append(self.macros.user if mark[1] in "uU" else self.macros.char)
        pieces[-1].append(self.text[at:])
        return "{{".join("".join(piece) for piece in pieces)  # what was never closed stays as it stands

    def _open(self, pieces: list[list[str]]) -> None:
        if len(pieces) > DEEPEST:
            self.too_deep += 1
            pieces[-1].append("{{")
        else:
            pieces.append([])

    def _close(self, pieces: list[list[str]]) -> None:
        if self.too_deep or len(pieces) == 1:
            self.too_deep = max(0, self.too_deep - 1)
            pieces[-1].append("}}")
            return
        closed = pieces.pop()
        inner = "".join(closed)
        value = self._value(inner, closed[0])
        pieces[-1].append("{{" + inner + "}}" if value is None else value)

    def _value(self, inner: str, head: str) -> str | None:
        """What a macro stands for; None when it is none.

        ``head`` is what was written before the first macro inside: the name must stand there, for what a macro was
        replaced with names no macro.
        """
        if head.lstrip().startswith("//"):
            return ""
        name, found, argument = inner.partition(":")
        if len(name) > len(head) or (found and len(name) == len(head)):
            return None
        name = name.strip().lower()
        if not found:
            return {"char": self.macros.char, "user": self.macros.user, "original": self.macros.original}.get(name)
        if name == "comment":
            return ""
        if name == "hidden_key":
            return argument if self.macros.scanning else ""
        if name == "reverse":
            return argument[::-1]
        if name in ("random", "pick"):
            return self._choice(argument.removeprefix(":"), name == "pick")
        return self._roll(argument) if name == "roll" else None

    def _choice(self, argument: str, same: bool) -> str:
        # "A,B,C" with "\," for a comma; some programs write "A::B::C".
        parts = argument.split("::") if "::" in argument else _COMMA.split(argument)
        return parts[self._draw(len(parts), argument, same)].replace("\\,", ",")

    def _roll(self, argument: str) -> str | None:
        sides = argument.strip().lower().removeprefix("d")
        if not sides.isdecimal() or not 1 <= len(sides) <= 9 or not int(sides):
            return None
        return str(1 + self._draw(int(sides), argument, False))

    def _draw(self, number: int, argument: str, same: bool) -> int:
        self.drawn += 1
        turn = "" if same else f"|{self.macros.turn}"
        key = f"{self.macros.seed}|{self.macros.char}|{self.drawn}|{argument}{turn}"
        return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big") % number
