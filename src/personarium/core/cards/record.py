"""A character card of any version as one record: what the card says, what had to be filled in, and what nobody knows.

Source: Character Card V1 and V2 (malfoyslastname/character-card-spec-v2) and V3 (kwaroran/character-card-spec-v3).
A V1 or V2 card is held as the V3 data it comes to; keys that no specification knows are kept where they stood.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from personarium.core.cards.decorators import read_decorators
from personarium.core.cards.lorebook import fill_book
from personarium.core.chat import canonical_json
from personarium.core.errors import InvalidInput
from personarium.core.facets import Value, freeze, mapping, text, thaw

SPECS = {"chara_card_v2": 2, "chara_card_v3": 3}
V1_TEXTS = ("name", "description", "personality", "scenario", "first_mes", "mes_example")
V2_TEXTS = ("creator_notes", "system_prompt", "post_history_instructions", "creator", "character_version")
V2_LISTS = ("alternate_greetings", "tags")
V3_LISTS = ("group_only_greetings",)
_HEAD = ("spec", "spec_version", "data")
# Fields of a card that go into no prompt: V2 specification, creator_notes, tags, creator and character_version.
NEVER_IN_PROMPTS = ("creator_notes", "tags", "creator", "character_version")


@dataclass(frozen=True, slots=True)
class Card:
    """A character card.

    Args:
        data: The card's ``data`` as version 3 has it; every required field is there, unknown keys are kept.
        version: What it was read as: 1, 2 or 3.
        spec_version: Of a version 3 card, as read (``3.0``).
        rest: Keys beside ``data`` (beside the fields, in a V1 card) that no specification knows; written back.
        notes: What was missing and filled in, or read with a second thought: one sentence each, the field first.
        picture: The PNG that carried it; empty when it came without one.
        assets: Files that came with it, by path inside the archive; written back as they are.
    """

    data: Mapping[str, Value]
    version: int = 3
    spec_version: str = "3.0"
    rest: Mapping[str, Value] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    picture: bytes = field(default=b"", repr=False)
    assets: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def id(self) -> str:
        """Stable: a hash of what the card says, the same for a card in JSON, in a picture and in an archive."""
        return "card-" + hashlib.blake2b(canonical_json(self.data).encode(), digest_size=8).hexdigest()

    @property
    def called(self) -> str:
        """What ``{{char}}`` stands for: the nickname where there is one (V3 specification, ``nickname``)."""
        return self.text("nickname") or self.text("name")

    @property
    def greetings(self) -> tuple[str, ...]:
        """``first_mes`` and then the alternate greetings, so that the index is that of ``@@is_greeting``."""
        return (self.text("first_mes"), *self.data["alternate_greetings"])

    @property
    def book(self) -> Mapping[str, Value] | None:
        """The card's lorebook as it stands in the data, required fields filled; None when there is none."""
        found: Mapping[str, Value] | None = self.data.get("character_book")
        return found

    def text(self, name: str) -> str:
        """A text field; empty when the card has none of this name."""
        found = self.data.get(name)
        return found if isinstance(found, str) else ""

    def to_v3(self) -> dict[str, Any]:
        """The card as a version 3 object, ready for JSON."""
        head = {"spec": "chara_card_v3", "spec_version": self.spec_version if self.version == 3 else "3.0"}
        return {**head, "data": thaw(self.data), **self._unknown()}

    def to_v2(self, warning: str = "") -> dict[str, Any]:
        """The same card for programs that know version 2 only; fields of version 3 stay, as unknown ones.

        Args:
            warning: Stands first in the creator's notes: that this is not the whole card.

        Source: V3 specification, PNG/APNG (the warning) and Decorators (none of them in a card of version 2).
        """
        data = thaw(self.data)
        if warning:
            data["creator_notes"] = f"{warning}\n\n{data['creator_notes']}".rstrip()
        for entry in data.get("character_book", {}).get("entries", ()):
            entry["content"] = read_decorators(entry["content"])[1]
        return {"spec": "chara_card_v2", "spec_version": "2.0", "data": data, **self._unknown()}

    def _unknown(self) -> dict[str, Any]:
        return {k: thaw(v) for k, v in self.rest.items() if k not in _HEAD}

    @classmethod
    def from_object(cls, value: object, where: str = "card") -> Card:
        """Read a card object of any version.

        Args:
            value: The parsed JSON.
            where: File for messages.

        Raises:
            InvalidInput: Naming ``where`` and the field, when it is no card or a field is not what it must be.
        """
        given = mapping(value, where, "card")
        version = version_of(given)
        if version is None:
            raise InvalidInput(where, f"a character card: spec {' or '.join(SPECS)}, or the V1 fields", list(given)[:8])
        if version == 1:
            known = {k: v for k, v in given.items() if k in V1_TEXTS}
            # Version 1 has no head: what stands under its names must not pass for one when the card is written again.
            notes = [f"{k}: not of version 1, kept as v1_{k}" for k in _HEAD if given.get(k) is not None]
            rest = {f"v1_{k}" if k in _HEAD else k: v for k, v in given.items() if k not in V1_TEXTS and k != "spec"}
            return _read(known, 1, rest, "3.0", where, notes)
        rest = {k: v for k, v in given.items() if k not in _HEAD}
        data = mapping(given.get("data"), where, "data")
        return _read(data, version, rest, given.get("spec_version"), where, [])


def version_of(value: Mapping[str, Any]) -> int | None:
    """1, 2 or 3 when an object looks like a character card; None when it does not."""
    spec = value.get("spec")
    if isinstance(spec, str) and spec in SPECS and isinstance(value.get("data"), Mapping):
        return SPECS[spec]
    if spec is None and "schema_version" not in value and ("first_mes" in value or "mes_example" in value):
        return 1
    return None


def _read(
    data: Mapping[str, Any], version: int, rest: Mapping[str, Any], spec: object, where: str, notes: list[str]
) -> Card:
    frozen = freeze(data, where, "data")
    filled = dict(frozen)
    at = "data." if version > 1 else ""
    for name in V1_TEXTS:
        filled[name] = _text(frozen, name, where, at, notes)
    later = notes if version > 1 else []  # a V1 card is not to blame for what came with V2
    for name in V2_TEXTS:
        filled[name] = _text(frozen, name, where, at, later)
    for name in V2_LISTS:
        filled[name] = _texts(frozen, name, where, at, later)
    filled["extensions"] = _object(frozen, "extensions", where, at, later)
    _optional(filled, version, where, at, notes)
    for name in V3_LISTS:
        filled[name] = _texts(filled, name, where, at, later if version > 2 else [])
    if filled.get("character_book") is None:
        filled.pop("character_book", None)
    else:
        filled["character_book"] = fill_book(filled["character_book"], version, where, f"{at}character_book", notes)
    if not filled["name"].strip():
        notes.append(f"{at}name: the card has no name")
    spec_version = _spec_version(spec, where, notes) if version == 3 else "3.0"
    return Card(filled, version, spec_version, freeze(dict(rest), where, "card"), tuple(notes))


def _text(data: Mapping[str, Any], name: str, where: str, at: str, notes: list[str]) -> str:
    """A required text: missing or null is the empty text (V1 specification, Fields), a number is its digits."""
    found = data.get(name)
    if found is None:
        notes.append(f"{at}{name}: missing, filled with an empty text")
        return ""
    if isinstance(found, (int, float)) and not isinstance(found, bool):
        notes.append(f"{at}{name}: a number, read as text")
        return str(found)
    if not isinstance(found, str):
        raise InvalidInput(where, "text", thaw(found), f"{at}{name}")
    return found


def _texts(data: Mapping[str, Any], name: str, where: str, at: str, notes: list[str]) -> tuple[str, ...]:
    found = data.get(name)
    if found is None:
        notes.append(f"{at}{name}: missing, filled with an empty list")
        return ()
    if not isinstance(found, tuple) or any(not isinstance(item, str) for item in found):
        raise InvalidInput(where, "a list of texts", thaw(found), f"{at}{name}")
    return found


def _object(data: Mapping[str, Any], name: str, where: str, at: str, notes: list[str]) -> Mapping[str, Value]:
    found = data.get(name)
    if found is None:
        notes.append(f"{at}{name}: missing, filled with an empty object")
        return {}
    return mapping(found, where, f"{at}{name}")


def _optional(data: dict[str, Any], version: int, where: str, at: str, notes: list[str]) -> None:
    """Fields of version 3 that may be absent, checked when they are there; null is the same as absent.

    Version 2 knows nothing of these names: what stands there and does not fit moves to the extensions.
    """
    for name, (fits, expected) in _OPTIONAL.items():
        if name not in data or fits(data[name]):
            continue
        found = data.pop(name)
        if found is None:
            notes.append(f"{at}{name}: null, left out")
        elif version > 2:
            raise InvalidInput(where, expected, thaw(found), f"{at}{name}")
        else:
            data["extensions"] = {**data["extensions"], f"v2_{name}": found}
            notes.append(f"{at}{name}: not what version 3 means by it, kept as extensions.v2_{name}")


def _is_texts(value: Value) -> bool:
    return isinstance(value, tuple) and all(isinstance(item, str) for item in value)


def _is_text_by_language(value: Value) -> bool:
    return isinstance(value, Mapping) and all(isinstance(item, str) for item in value.values())


def _is_assets(value: Value) -> bool:
    return isinstance(value, tuple) and all(
        isinstance(asset, Mapping) and all(isinstance(asset.get(n), str) for n in ("type", "uri", "name", "ext"))
        for asset in value
    )


_OPTIONAL: dict[str, tuple[Callable[[Value], bool], str]] = {
    "nickname": (lambda value: isinstance(value, str), "text"),
    "source": (_is_texts, "a list of texts"),
    "group_only_greetings": (_is_texts, "a list of texts"),
    "creator_notes_multilingual": (_is_text_by_language, "an object of texts by language"),
    "assets": (_is_assets, "a list of objects with the texts type, uri, name and ext"),
}


def _spec_version(found: object, where: str, notes: list[str]) -> str:
    """The version as text; a newer one is reported and read all the same (V3 specification: compared as a float)."""
    if isinstance(found, (int, float)) and not isinstance(found, bool):
        found = str(found)
    if not isinstance(found, str):
        notes.append("spec_version: not a text, read as 3.0")
        return "3.0"
    try:
        newer = float(text(found, where, "spec_version")) > 3.0
    except ValueError:
        newer = False
    if newer:
        notes.append(f"spec_version: {found[:20]} is newer than 3.0; what is new in it is kept and not used")
    return found
