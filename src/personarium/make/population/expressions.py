"""The small language of rules: comparisons, and/or/not, in, arithmetic, if-then; read by our own parser, never evaluated.

    age >= 18 or occupation == 'pupil'
    if grade in ['grade 1', 'grade 2'] then age < 10
    if age < 13 then 'child' else if age < 20 then 'adolescent' else 'adult'
    5 <= age <= 99 and length(name) > 1 and `home town` != 'none'

Names are fields (letters, digits, ``_`` and dots; others between backquotes); texts stand in quotes, numbers and ``true``,
``false`` as they are. ``if a then b`` without ``else`` means ``not a or b``. ``in`` takes a list ``[a, b]`` or a range
``[1 .. 9]`` with both ends. Functions: ``length``, ``lower``, ``contains``, ``starts_with``, ``min``, ``max``, ``abs``,
``round``, ``floor``, ``text``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn, TypeAlias

from personarium.core.errors import InvalidInput

MAX_LENGTH = 4000  # characters of one expression
MAX_DEPTH = 40  # of nesting: the parser and everything that walks the tree call themselves


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, a text or a truth value."""

    value: str | int | float | bool


@dataclass(frozen=True, slots=True)
class Name:
    """A field."""

    path: str


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator and its operands: ``or and not``, ``== != < <= > >=``, ``+ - * / // %`` and ``neg``."""

    sign: str
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """``in``: one of the options, or between the two ends."""

    value: Node
    options: tuple[Node, ...]
    ends: tuple[Node, Node] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the language."""

    name: str
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """``if condition then yes else no``."""

    condition: Node
    yes: Node
    no: Node


Node: TypeAlias = Constant | Name | Operation | Within | Call | Choice

# Function -> the least and the most arguments.
FUNCTIONS: dict[str, tuple[int, int]] = {
    "length": (1, 1),
    "lower": (1, 1),
    "contains": (2, 2),
    "starts_with": (2, 2),
    "min": (2, 8),
    "max": (2, 8),
    "abs": (1, 1),
    "round": (1, 1),
    "floor": (1, 1),
    "text": (1, 1),
}
_WORDS = frozenset({"and", "or", "not", "in", "if", "then", "else", "true", "false"})
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.(?!\.)\d*)?)|(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|`(?P<quoted>[^`]+)`"""
    r"""|(?P<word>[^\W\d]\w*(?:\.[^\W\d]\w*)*)|(?P<sign>\.\.|==|!=|<=|>=|//|[<>=+\-*/%()\[\],]))""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


@lru_cache(maxsize=4096)
def parse_expression(text: str, where: str = "expression") -> Node:
    """Read an expression.

    Args:
        text: At most ``MAX_LENGTH`` characters.
        where: File and rule, named in errors.

    Raises:
        InvalidInput: What was expected, and at which character.
    """
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_LENGTH:
        raise InvalidInput(where, f"an expression of 1 to {MAX_LENGTH:,} characters", text)
    parser = _Parser(_tokens(text, where), text, where)
    node = parser.choice()
    parser.expect_end()
    return node


def names_in(node: Node) -> tuple[str, ...]:
    """The fields that an expression mentions, in order, each once."""
    return tuple(dict.fromkeys(part.path for part in walk(node) if isinstance(part, Name)))


def walk(node: Node) -> Iterator[Node]:
    """The node and everything in it."""
    yield node
    for part in parts_of(node):
        yield from walk(part)


def parts_of(node: Node) -> tuple[Node, ...]:
    """What a node is made of."""
    if isinstance(node, (Operation, Call)):
        return node.parts
    if isinstance(node, Within):
        return (node.value, *node.options, *(node.ends or ()))
    if isinstance(node, Choice):
        return (node.condition, node.yes, node.no)
    return ()


def _tokens(text: str, where: str) -> list[_Token]:
    found: list[_Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise InvalidInput(f"{where}: character {at + 1}", "a name, value or operator", text[at : at + 20].strip())
        kind = str(match.lastgroup)
        found.append(_Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return [*found, _Token("end", "the end", len(text))]


class _Parser:
    """Recursive descent, one method for each level of binding, loosest first."""

    def __init__(self, tokens: list[_Token], text: str, where: str) -> None:
        self.tokens, self.text, self.where = tokens, text, where
        self.at = self.depth = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def fail(self, expected: str) -> NoReturn:
        token = self.next
        raise InvalidInput(f"{self.where}: character {token.at + 1}", expected, token.text)

    def take(self, *texts: str) -> str:
        """The next sign or word if it is one of these, else nothing."""
        token = self.next
        text = "==" if token.text == "=" else token.text
        if token.kind in ("sign", "word") and text in texts:
            self.at += 1
            return text
        return ""

    def need(self, text: str) -> None:
        if not self.take(text):
            self.fail(f"'{text}'")

    def expect_end(self) -> None:
        if self.next.kind != "end":
            self.fail("an operator or the end of the expression")

    def choice(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"nesting of at most {MAX_DEPTH} levels")
        node = self._if() if self.take("if") else self.any_of()
        self.depth -= 1
        return node

    def _if(self) -> Node:
        condition = self.any_of()
        self.need("then")
        yes = self.choice()
        if self.take("else"):
            return Choice(condition, yes, self.choice())
        return Operation("or", (Operation("not", (condition,)), yes))

    def any_of(self) -> Node:
        return self._joined("or", self.all_of)

    def all_of(self) -> Node:
        return self._joined("and", self.negation)

    def _joined(self, word: str, below: Callable[[], Node]) -> Node:
        parts = [below()]
        while self.take(word):
            parts.append(below())
        return parts[0] if len(parts) == 1 else Operation(word, tuple(parts))

    def negation(self) -> Node:
        count = 0
        while self.take("not"):
            count += 1
        node = self.comparison()
        return Operation("not", (node,)) if count % 2 else node

    def comparison(self) -> Node:
        left = self.sum()
        if self.take("not"):
            self.need("in")
            return Operation("not", (self._within(left),))
        if self.take("in"):
            return self._within(left)
        pairs: list[Node] = []
        while sign := self.take("==", "!=", "<", "<=", ">", ">="):
            right = self.sum()
            pairs.append(Operation(sign, (left, right)))
            left = right
        return left if not pairs else pairs[0] if len(pairs) == 1 else Operation("and", tuple(pairs))

    def _within(self, value: Node) -> Node:
        self.need("[")
        first = self.sum()
        if self.take(".."):
            last = self.sum()
            self.need("]")
            return Within(value, (), (first, last))
        options = [first]
        while self.take(","):
            options.append(self.sum())
        self.need("]")
        return Within(value, tuple(options))

    def sum(self) -> Node:
        return self._chain(("+", "-"), self.product)

    def product(self) -> Node:
        return self._chain(("*", "/", "//", "%"), self.signed)

    def _chain(self, signs: tuple[str, ...], below: Callable[[], Node]) -> Node:
        node = below()
        length = 0
        while sign := self.take(*signs):
            length += 1
            if length > MAX_DEPTH:  # a chain is a tree that leans to the left
                self.fail(f"at most {MAX_DEPTH} operations in a row")
            node = Operation(sign, (node, below()))
        return node

    def signed(self) -> Node:
        count = 0
        while self.take("-"):
            count += 1
        node = self.atom()
        if count % 2 and isinstance(node, Constant) and isinstance(node.value, (int, float)):
            return Constant(-node.value)
        return Operation("neg", (node,)) if count % 2 else node

    def atom(self) -> Node:
        token = self.next
        if self.take("("):
            node = self.choice()
            self.need(")")
            return node
        if token.kind == "number":
            self.at += 1
            return Constant(float(token.text) if "." in token.text else int(token.text))
        if token.kind == "text":
            self.at += 1
            return Constant(re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL))
        if token.kind == "quoted":
            self.at += 1
            return Name(token.text)
        if token.kind != "word" or token.text in _WORDS - {"true", "false"}:
            self.fail("a field, a value or '('")
        return self._word(token)

    def _word(self, token: _Token) -> Node:
        self.at += 1
        if token.text in ("true", "false"):
            return Constant(token.text == "true")
        if not self.take("("):
            return Name(token.text)
        if token.text not in FUNCTIONS:
            self.at -= 2
            self.fail(f"a function ({', '.join(FUNCTIONS)})")
        parts = [self.choice()]
        while self.take(","):
            parts.append(self.choice())
        self.need(")")
        least, most = FUNCTIONS[token.text]
        if not least <= len(parts) <= most:
            raise InvalidInput(self.where, f"{least} to {most} arguments of {token.text}", len(parts))
        return Call(token.text, tuple(parts))
