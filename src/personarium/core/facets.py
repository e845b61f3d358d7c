"""One statement about a persona, with where it stands in the tree, where it is from and who may hear it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias, TypeVar, get_args

from personarium.core.errors import InvalidInput

Source = Literal["sampled", "declared", "extracted", "inferred", "generated"]
Visibility = Literal["public", "private", "never_disclose"]
SOURCES: tuple[str, ...] = get_args(Source)
VISIBILITIES: tuple[str, ...] = get_args(Visibility)

# What a facet may hold: whatever JSON can hold. Lists are kept as tuples, so that no facet changes behind a persona.
Value: TypeAlias = Any

T = TypeVar("T")
# What a character card keeps beside its statements: greetings, instructions, notes, lorebook (core/cards/persona.py).
MACHINERY = frozenset(
    f"card.{name}"
    for name in (
        "first_mes",
        "alternate_greetings",
        "group_only_greetings",
        "system_prompt",
        "post_history_instructions",
        "creator_notes",
        "tags",
        "creator",
        "character_version",
        "nickname",
        "source",
        "lorebook",
    )
)
_LARGEST = 10**4000  # Python writes no number of more than 4,300 digits as text
_KNOWN = ("id", "path", "value", "source", "evidence", "confidence", "valid_from", "valid_to", "visibility", "text")


@dataclass(frozen=True, slots=True)
class Facet:
    """One statement about a persona.

    Args:
        id: Stable name inside its persona; empty means that the persona gives it one (its path, ``#2`` if repeated).
        path: Place in the tree, dots between the steps (``social.occupation``).
        value: Text, number, truth value, None, or lists and objects of these.
        source: How the statement came about.
        evidence: Pointers to where it was found (an utterance id, a file and line, a span).
        confidence: In [0, 1].
        valid_from: First date or year it holds; ISO 8601 text, or a year as int (BC negative).
        valid_to: Last date or year it holds.
        visibility: ``never_disclose`` facets are known to the persona and must not be told.
        text: The sentence that prompts show instead of one made from path and value.
        extra: Fields that this version does not know; kept and written back.

    Raises:
        InvalidInput: On an empty path, an unknown source or visibility, a confidence outside [0, 1], or a value that
            JSON cannot hold (not a number, infinite, an object of a foreign class).

    Source: rpla-survey page, point 5.
    """

    id: str
    path: str
    value: Value = None
    source: Source = "declared"
    evidence: tuple[str, ...] = ()
    confidence: float = 1.0
    valid_from: str | int | None = None
    valid_to: str | int | None = None
    visibility: Visibility = "public"
    text: str | None = None
    extra: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"facet {self.path or self.id or '(no path)'}"
        put = object.__setattr__
        check_path(self.path, where)
        put(self, "value", freeze(self.value, where, "value"))
        put(self, "extra", freeze(dict(self.extra), where, "extra") if self.extra else {})
        put(self, "evidence", texts(self.evidence, where, "evidence"))
        share(self.confidence, where, "confidence")
        one_of(self.source, SOURCES, where, "source")
        one_of(self.visibility, VISIBILITIES, where, "visibility")
        if text(self.id, where, "id").startswith("@"):  # views call a persona's own fields so: @name, @knowledge
            raise InvalidInput(where, "an id that does not begin with @", self.id, "id")
        if self.text is not None:
            text(self.text, where, "text")
        if self.valid_from is not None or self.valid_to is not None:
            self._check_dates(where)

    def _check_dates(self, where: str) -> None:
        for name in ("valid_from", "valid_to"):
            when = getattr(self, name)
            if isinstance(when, bool) or not isinstance(when, (str, int, type(None))):
                raise InvalidInput(where, "an ISO date or a year", when, name)

    @property
    def key(self) -> str:
        """The last step of the path: what the statement is about (``occupation``)."""
        return self.path.rpartition(".")[2]

    @property
    def branch(self) -> str:
        """The first step of the path (``social``)."""
        return self.path.partition(".")[0]

    @property
    def secret(self) -> bool:
        """Whether the persona must not tell it."""
        return self.visibility == "never_disclose"

    @property
    def machinery(self) -> bool:
        """Whether it is kept for those who run a character card (a greeting, a note) and says nothing of the persona.

        Views, checklists and questions leave such facets out.
        """
        return self.path in MACHINERY

    @property
    def blank(self) -> bool:
        """Whether there is nothing to say: no text, and a value that is None, an empty text or an empty list."""
        return self.text is None and (self.value is None or self.value in ("", (), {}))

    def with_value(self, value: Value) -> Facet:
        """The same facet with another value; a sentence of its own is dropped, for it told the old value."""
        return replace(self, value=value, text=None)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form; fields at their default are left out, unknown fields are written back."""
        out: dict[str, Any] = {"id": self.id, "path": self.path, "value": thaw(self.value), "source": self.source}
        if self.evidence:
            out["evidence"] = list(self.evidence)
        if self.confidence != 1.0:
            out["confidence"] = self.confidence
        for name in ("valid_from", "valid_to", "text"):
            if getattr(self, name) is not None:
                out[name] = getattr(self, name)
        if self.visibility != "public":
            out["visibility"] = self.visibility
        return {**thaw(self.extra), **out}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str = "facet", at: str = "") -> Facet:
        """Read what :meth:`to_dict` wrote.

        Args:
            data: The object.
            where: File (and line) for error messages.
            at: Place of the object in the file (``facets[2]``).

        Raises:
            InvalidInput: Naming ``where`` and the field, for instance ``facets[2].path``.
        """
        data = mapping(data, where, at or "facet")
        prefix = f"{at}." if at else ""
        if not isinstance(data.get("path"), str) or not data["path"]:
            raise InvalidInput(where, "a path such as social.occupation", data.get("path"), f"{prefix}path")
        known = {name: data[name] for name in _KNOWN if name in data}
        try:
            return cls(**{"id": "", **known}, extra={k: v for k, v in data.items() if k not in _KNOWN})
        except InvalidInput as error:
            raise InvalidInput(where, error.expected, error.found, f"{prefix}{error.field}") from None


def check_path(path: object, where: str) -> None:
    """Refuse what is not a path: steps joined by dots, none of them empty or with blanks at its ends."""
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        raise InvalidInput(where, "a path such as social.occupation", path, "path")
    text(path, where, "path")


_PATH = re.compile(r"(?!\s)[^.]+(?<!\s)(?:\.(?!\s)[^.]+(?<!\s))*")


def freeze(value: Value, where: str, name: str, depth: int = 0) -> Value:
    """A JSON value in its unchangeable form (lists as tuples).

    Raises:
        InvalidInput: When JSON cannot hold the value, or it is nested more than 50 deep.
    """
    kind = type(value)
    if kind is str:
        return value if value.isascii() else text(value, where, name)
    if value is None or kind is bool:
        return value
    if depth < 50:
        if kind is dict or isinstance(value, Mapping):
            return {text(k, where, name): freeze(v, where, name, depth + 1) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return tuple([freeze(v, where, name, depth + 1) for v in value])  # faster than from a generator
    if isinstance(value, str):
        return text(value, where, name)
    if isinstance(value, (int, float)) and -_LARGEST < value < _LARGEST:  # no NaN and nothing infinite is
        return value
    raise InvalidInput(where, "a value that JSON can hold, at most 50 levels deep", value, name)


def thaw(value: Value) -> Any:
    """The value with lists again, as JSON writes it."""
    if isinstance(value, (list, tuple)):
        return [thaw(v) for v in value]
    if isinstance(value, Mapping):
        return {k: thaw(v) for k, v in value.items()}
    return value


def text(value: object, where: str, name: str) -> str:
    """The value if it is text that UTF-8 can write (a lone surrogate from a JSON escape cannot)."""
    if not isinstance(value, str):
        raise InvalidInput(where, "text", value, name)
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidInput(where, "text without lone surrogates", value, name) from None
    return value


def texts(value: object, where: str, name: str) -> tuple[str, ...]:
    """The value if it is a list of texts."""
    if not isinstance(value, (tuple, list)) and (
        isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable)
    ):
        raise InvalidInput(where, "a list of texts", value, name)
    return tuple([text(v, where, name) for v in value])  # faster than from a generator


def share(value: object, where: str, name: str) -> float:
    """The value if it is a number in [0, 1]."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise InvalidInput(where, "a number from 0 to 1", value, name)
    return value


def one_of(value: object, names: tuple[str, ...], where: str, name: str) -> str:
    """The value if it is one of the names."""
    if not isinstance(value, str) or value not in names:
        raise InvalidInput(where, f"one of {', '.join(names)}", value, name)
    return value


def mapping(value: object, where: str, name: str) -> Mapping[str, Any]:
    """The value if it is an object with text keys."""
    if not isinstance(value, Mapping) or any(not isinstance(k, str) for k in value):
        raise InvalidInput(where, "an object with text keys", value, name)
    return value


def unique(items: Iterable[str]) -> tuple[str, ...]:
    """The items in order, each once."""
    return tuple(dict.fromkeys(items))


def split_fields(data: Mapping[str, Any], names: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of these names, and all others."""
    return {k: data[k] for k in names if k in data}, {k: v for k, v in data.items() if k not in names}


def rethrow(build: Callable[[], T], where: str, at: str = "") -> T:
    """Call ``build``; an InvalidInput of it then names the file and the place in it."""
    try:
        return build()
    except InvalidInput as error:
        name = ".".join(part for part in (at, error.field) if part)
        raise InvalidInput(where, error.expected, error.found, name or None) from None
