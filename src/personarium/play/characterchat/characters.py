"""A character of the bank: its profile, how it is told of itself as seeker and as supporter, and its aspects.

Source: characterchat page, steps 1, 2 and 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from personarium.core.errors import InvalidInput
from personarium.core.facets import Facet
from personarium.core.persona import Flags, Persona

Role = Literal["seeker", "supporter"]
SEEKER: Role = "seeker"
SUPPORTER: Role = "supporter"
WORRY = "recent_worry_or_anxiety"
ADDITIONAL = "additional_information"
FIELDS = (
    "name",
    "gender",
    "age",
    "region",
    "tone",
    "job",
    "personality",
    "advantages_and_disadvantages",
    "hobby",
    "growth_experience",
    "family_relationship",
    "working_conditions",
    "social_relationship",
    "emotional_state",
    "living_conditions",
    WORRY,
)
# Never chosen as the aspect of a turn (step 6); supporters also keep their own worry to themselves.
BASE = frozenset({"name", "gender", "age", "region", "tone", "job", "personality", ADDITIONAL})
ADULT = 18


@dataclass(frozen=True)
class Character:
    """One virtual person.

    Args:
        index: Its place in the bank, from 0.
        type: The four letters of the type it was drawn for; a sampling scheme, not a measured property.
        profile: Field -> text: the enriched profile.
        seeker_statement: Who it is, in the second person, with its worry.
        supporter_statement: The same without the worry.
        aspects: Field -> text in the second person, with ``additional_information``; turns draw on these.
        draft: The profile before it was enriched.
    """

    index: int
    type: str
    profile: Mapping[str, str]
    seeker_statement: str = ""
    supporter_statement: str = ""
    aspects: Mapping[str, str] = field(default_factory=dict)
    draft: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What it is called."""
        return self.profile.get("name", "")

    @property
    def tone(self) -> str:
        """How it speaks: in the second person where there is such a text."""
        return self.aspects.get("tone") or self.profile.get("tone", "")

    def statement(self, role: Role) -> str:
        """Who it is, as it is told in this role."""
        return self.seeker_statement if role == SEEKER else self.supporter_statement

    def choosable(self, role: Role) -> dict[str, str]:
        """The aspects that a turn in this role may draw on, in the order of the fields; blank ones left out."""
        closed = BASE if role == SEEKER else BASE | {WORRY}
        return {
            name: self.aspects[name] for name in FIELDS if name not in closed and self.aspects.get(name, "").strip()
        }

    def persona(self) -> Persona:
        """As a record that other systems play; the whole character stays in ``extra``."""
        told = {name: text for name, text in self.profile.items() if name != "name"}
        if ADDITIONAL in self.aspects:
            told[ADDITIONAL] = self.aspects[ADDITIONAL]
        age = self.age
        return Persona(
            id=f"characterchat-{self.index:04d}",
            name=self.name,
            kinds=("character",),
            facets=tuple(Facet("", name, text, "generated") for name, text in told.items() if text.strip()),
            provenance={"system": "characterchat", "type": self.type},
            flags=Flags(real_person=False, minor=None if age is None else age < ADULT),
            extra={"characterchat": self.to_row()},
        )

    @property
    def age(self) -> int | None:
        """In years; None where the profile gives no plain number."""
        text = self.profile.get("age", "").strip()
        return int(text) if text.isdecimal() and len(text) <= 3 else None

    @classmethod
    def of_persona(cls, persona: Persona) -> Character:
        """The character that :meth:`persona` came from.

        Raises:
            InvalidInput: The persona is none of this system's.
        """
        row = persona.extra.get("characterchat")
        if not isinstance(row, Mapping):
            raise InvalidInput(f"persona {persona.id}", "a persona made by characterchat", None, "characterchat")
        return cls.from_row(row, f"persona {persona.id}")

    def to_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "index": self.index,
            "type": self.type,
            "profile": dict(self.profile),
            "seeker_statement": self.seeker_statement,
            "supporter_statement": self.supporter_statement,
            "aspects": dict(self.aspects),
            "draft": dict(self.draft),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any], where: str = "character") -> Character:
        """The inverse of :meth:`to_row`.

        Raises:
            InvalidInput: Naming ``where`` and the field.
        """
        index = row.get("index")
        if isinstance(index, bool) or not isinstance(index, int) or index < 0:
            raise InvalidInput(where, "a whole number from 0", index, "index")
        return cls(
            index,
            plain_text(row, "type", where),
            texts_of(row, "profile", where),
            plain_text(row, "seeker_statement", where),
            plain_text(row, "supporter_statement", where),
            texts_of(row, "aspects", where),
            texts_of(row, "draft", where),
        )


def plain_text(row: Mapping[str, Any], name: str, where: str) -> str:
    """The text of a field; raises InvalidInput when it is none."""
    if not isinstance(row.get(name), str):
        raise InvalidInput(where, "text", row.get(name), name)
    return str(row[name])


def texts_of(row: Mapping[str, Any], name: str, where: str) -> dict[str, str]:
    """The object of texts in a field; numbers are taken as text; raises InvalidInput when it is none."""
    found = row.get(name)
    if not isinstance(found, Mapping):
        raise InvalidInput(where, "an object of texts", found, name)
    for key, value in found.items():
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise InvalidInput(where, "text", value, f"{name}.{key}")
    return {str(key): str(value) for key, value in found.items()}
