"""What a memory is made of: what was said, what is believed because of it, and the edits of that belief.

Times are seconds since 1970 in UTC. A fact has two time axes: when it holds in the world (``valid_from``, ``valid_to``)
and when the memory came to know it (``recorded_at``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Literal, TypeVar, get_args

from personarium.core.errors import InvalidInput

Action = Literal["add", "update", "correct", "delete", "mark"]
ACTIONS: tuple[str, ...] = get_args(Action)
MAKING = ("add", "update", "correct")  # the actions that make a fact
NOTHING: Mapping[str, Any] = MappingProxyType({})
LONGEST_TEXT = 200_000  # characters of one observation or fact
LONGEST_NAME = 512  # characters of an id, kind, key, speaker or session
EARLIEST, LATEST = -62_135_596_800.0, 253_402_300_799.0  # seconds: the years 1 to 9999, which a date can be written for
DEEPEST = 64  # lists and objects inside each other in one of the further fields
_LARGEST_BITS = 1024  # of a whole number in them
_CONTROL = re.compile("[\x00-\x1f\x7f]")
R = TypeVar("R", bound="Observation | Fact | Operation")


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that was said, or otherwise observed, word by word.

    Args:
        text: What was said.
        speaker: Who said it. ``user`` is the person whom the memory is about, ``assistant`` the one who remembers.
        at: When it was said.
        session: Which talk it belongs to; empty when that is not known.
        id: Name inside the user's memory; given by the memory (``o12``) when left empty.
        meta: Further fields, JSON-ready (a message number, a reference to a picture).

    Raises:
        InvalidInput: On a text or name over its limit, a control character in a name, a time outside the years 1 to 9999,
            or further fields that JSON cannot hold.
    """

    text: str
    speaker: str = "user"
    at: float = 0.0
    session: str = ""
    id: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_text(self.text, "observation")
        _check_names(self, "observation", ("speaker", "session", "id"))
        _check_time(self.at, "observation", "at")
        _check_fields(self.meta, "observation", "meta")


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is believed, with its times and its reasons. Facts never change: an edit makes a new one.

    Args:
        id: Name inside the user's memory (``f12``).
        kind: What sort of entry it is: ``fact``, ``block``, or a kind of its strategy (``leaf``, ``session``).
        key: What it is about: a path (``tastes.drink``), a date, a concept's name; empty when there is no such thing.
        text: The belief in words.
        holder: Whom it is about; ``user``, or somebody else whom the user spoke of.
        valid_from: Since when it holds; None when that is not known.
        valid_to: Since when it holds no more; None while it holds. Equal to ``valid_from`` when it was never right.
        recorded_at: When the memory came to know it.
        evidence: Ids of the observations (or facts) it was concluded from.
        confidence: In [0, 1].
        importance: In [0, 1].
        strategy: Which strategy keeps it; empty for what the user or the program stated as a typed fact.
        replaces: Id of the fact that it took the place of; empty for a new one.
        attributes: Further fields, JSON-ready (memory strength, nouns, a reference to a picture).
    """

    id: str
    kind: str
    key: str
    text: str
    holder: str = "user"
    valid_from: float | None = None
    valid_to: float | None = None
    recorded_at: float = 0.0
    evidence: tuple[str, ...] = ()
    confidence: float = 1.0
    importance: float = 0.5
    strategy: str = ""
    replaces: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def holds_at(self, when: float) -> bool:
        """Whether the fact holds in the world at ``when`` (its last moment excluded)."""
        begun = self.valid_from is None or self.valid_from <= when
        return begun and (self.valid_to is None or when < self.valid_to)

    @property
    def current(self) -> bool:
        """Whether nothing has ended it."""
        return self.valid_to is None


@dataclass(frozen=True, slots=True)
class Operation:
    """One edit of what is believed.

    Args:
        action: ``add`` a fact; ``update`` a fact whose matter has changed (the old one held until ``at``); ``correct`` one
            that was never right; ``delete`` what no longer holds; ``mark`` changes ``attributes`` and nothing else.
        target: Id of the fact that is updated, corrected, deleted or marked; empty for ``add``.
        kind: As in :class:`Fact`; an update or correction with an empty kind keeps that of its target, likewise ``key`` and
            ``holder``.
        key: As in :class:`Fact`.
        text: The belief in words; unused by ``delete`` and ``mark``.
        holder: As in :class:`Fact`.
        at: Since when it holds (or, for ``delete``, holds no more); None is the time of recording.
        evidence: Ids of the observations it is concluded from.
        confidence: In [0, 1].
        importance: In [0, 1].
        attributes: Further fields. ``mark`` merges them into those of the target; None removes one.

    Raises:
        InvalidInput: On an unknown action, a missing or needless target, an empty text, or values out of range or of a
            wrong type.
    """

    action: Action
    target: str = ""
    kind: str = ""
    key: str = ""
    text: str = ""
    holder: str = ""
    at: float | None = None
    evidence: tuple[str, ...] = ()
    confidence: float = 1.0
    importance: float = 0.5
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise InvalidInput("operation", f"one of {', '.join(ACTIONS)}", self.action, "action")
        if bool(self.target) == (self.action == "add"):
            wanted = "no target for an add" if self.action == "add" else f"the fact to {self.action}"
            raise InvalidInput("operation", wanted, self.target, "target")
        _check_text(self.text, "operation")
        if self.makes and not self.text.strip():
            raise InvalidInput("operation", f"words for what is to {self.action}", self.text, "text")
        _check_names(self, "operation", ("target", "kind", "key", "holder"))
        if self.at is not None:
            _check_time(self.at, "operation", "at")
        _check_evidence(self.evidence)
        for name in ("confidence", "importance"):
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not 0.0 <= value <= 1.0:
                raise InvalidInput("operation", "a number from 0 to 1", value, name)
        _check_fields(self.attributes, "operation", "attributes")

    @property
    def makes(self) -> bool:
        """Whether it makes a fact."""
        return self.action in MAKING


def to_dict(record: Observation | Fact | Operation) -> dict[str, Any]:
    """JSON-ready form; fields at their default are left out."""
    out: dict[str, Any] = {}
    for one in fields(record):
        value = getattr(record, one.name)
        if isinstance(value, Mapping):
            if value:
                out[one.name] = dict(value)
        elif value != one.default:
            out[one.name] = list(value) if isinstance(value, tuple) else value
    return out


def from_dict(cls: type[R], data: Mapping[str, Any], where: str) -> R:
    """Read what :func:`to_dict` wrote.

    Raises:
        InvalidInput: On a field that is not known, is missing or has another type than it should.
    """
    known = {one.name for one in fields(cls)}
    unknown = sorted(set(data) - known)
    if unknown:
        raise InvalidInput(where, f"the fields {', '.join(sorted(known))}", unknown[0])
    values = dict(data)
    if isinstance(values.get("evidence"), list):
        values["evidence"] = tuple(values["evidence"])
    try:
        return cls(**values)
    except TypeError as error:
        raise InvalidInput(where, f"a whole {cls.__name__.lower()} ({error})", dict(data)) from error


def check_name(name: str, where: str, field_name: str) -> None:
    """Refuse a name that is over its limit or holds a control character.

    Raises:
        InvalidInput: If so.
    """
    if not isinstance(name, str) or len(name) > LONGEST_NAME or _CONTROL.search(name):
        raise InvalidInput(where, f"at most {LONGEST_NAME} characters without control characters", name, field_name)


def _check_names(record: object, where: str, names: tuple[str, ...]) -> None:
    for name in names:
        check_name(getattr(record, name), where, name)


def _check_text(text: str, where: str) -> None:
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        raise InvalidInput(where, f"a text of at most {LONGEST_TEXT:,} characters", text, "text")


def _check_time(at: float, where: str, name: str) -> None:
    if isinstance(at, bool) or not isinstance(at, (int, float)) or not EARLIEST <= at <= LATEST:
        raise InvalidInput(where, "seconds since 1970, in the years 1 to 9999", at, name)


def _check_evidence(evidence: tuple[str, ...]) -> None:
    if not isinstance(evidence, tuple):
        raise InvalidInput("operation", "a tuple of ids", evidence, "evidence")
    for id in evidence:
        check_name(id, "operation", "evidence")


def _check_fields(fields_: Mapping[str, Any], where: str, name: str) -> None:
    if not isinstance(fields_, Mapping):
        raise InvalidInput(where, "names and values", fields_, name)
    if fields_:
        _check_json(fields_, where, name, DEEPEST)


def _check_json(value: Any, where: str, name: str, depth: int) -> None:
    """Refuse what would not come back from the log as it was."""
    if isinstance(value, str) or value is None or isinstance(value, bool):
        return
    if isinstance(value, int):
        good = value.bit_length() <= _LARGEST_BITS
    elif isinstance(value, float):
        good = math.isfinite(value)
    elif isinstance(value, Mapping):
        good = depth > 0 and all(isinstance(key, str) for key in value)
        parts = value.values() if good else ()
        for part in parts:
            _check_json(part, where, name, depth - 1)
    else:
        good = depth > 0 and isinstance(value, (list, tuple))
        for part in value if good else ():
            _check_json(part, where, name, depth - 1)
    if not good:
        kind = type(value).__name__
        raise InvalidInput(
            where, f"plain JSON values, at most {DEEPEST} deep, found a value of type {kind}", None, name
        )
