"""Personas for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from personarium.apps.workspace import PersonaRow
from personarium.core.facets import Visibility
from personarium.core.persona import Persona
from personarium.core.views import Rendered


class PersonaLine(BaseModel):
    """One persona in a list."""

    id: str = Field(description="Stable id; data, never a path.", examples=["torill"])
    name: str = Field(description="What it is called; empty when it has no name.", examples=["Torill"])
    kinds: list[str] = Field(description="Any of demographic, character, individualized.", examples=[["character"]])
    line: str = Field(description="Its first statement, cut at 160 characters.", examples=["I keep bees in Bergen."])

    @classmethod
    def of(cls, row: PersonaRow) -> PersonaLine:
        """The line of a row."""
        return cls(id=row.id, name=row.name, kinds=list(row.kinds), line=row.line)


class PersonaPage(BaseModel):
    """A part of a list of personas."""

    total: int = Field(description="How many fit what was asked for.", examples=[1])
    offset: int = Field(description="How many stand before this part.", examples=[0])
    personas: list[PersonaLine]

    @classmethod
    def of(cls, rows: Sequence[PersonaRow], offset: int, limit: int) -> PersonaPage:
        """The part of some rows that begins at an offset."""
        shown = [PersonaLine.of(row) for row in rows[offset : offset + limit]]
        return cls(total=len(rows), offset=offset, personas=shown)


class FacetRecord(BaseModel):
    """One statement about a persona; further fields are kept."""

    model_config = ConfigDict(extra="allow", strict=True)

    id: str = Field("", description="Name inside the persona; empty lets the persona give it one.", examples=["s1"])
    path: str = Field(description="Place in the tree, dots between the steps.", examples=["description"])
    value: Any = Field(None, description="Whatever JSON can hold.", examples=["I keep bees in Bergen."])
    source: str = Field("declared", description="sampled, declared, extracted, inferred or generated.")
    evidence: list[str] = Field([], description="Where it was found.")
    confidence: float = Field(1.0, description="From 0 to 1.")
    valid_from: str | int | None = Field(None, description="ISO date, or a year.")
    valid_to: str | int | None = Field(None, description="ISO date, or a year.")
    visibility: Visibility = Field("public", description="never_disclose: known to the persona, and not to be told.")
    text: str | None = Field(None, description="The sentence that prompts show.")


class PersonaRecord(BaseModel):
    """A whole persona, as its file holds it; further fields are kept, and fields at their default may be left out."""

    model_config = ConfigDict(
        extra="allow",
        strict=True,
        json_schema_extra={
            "examples": [
                {
                    "schema_version": 1,
                    "id": "torill",
                    "name": "Torill",
                    "kinds": ["character"],
                    "facets": [{"path": "description", "value": "I keep bees in Bergen.", "source": "declared"}],
                    "version": 1,
                }
            ]
        },
    )

    schema_version: Literal[1] = Field(description="1")
    id: str = Field("", description="Empty means a hash of the content.")
    name: str = ""
    kinds: list[str] = []
    language: str = Field("en", description="BCP 47.")
    facets: list[FacetRecord] = []
    layers: list[dict[str, Any]] = Field([], description="What the facets were stacked from.")
    knowledge: dict[str, Any] = Field({}, description="What it can know and must keep to itself.")
    demonstrations: list[dict[str, Any]] = Field([], description="Examples of its speech.")
    provenance: dict[str, Any] = {}
    version: int = 1
    parent_version: int | None = None
    licence: str = ""
    flags: dict[str, Any] = Field({}, description="Real person, minor, deceased, consent.")

    @classmethod
    def of(cls, persona: Persona) -> PersonaRecord:
        """The record of a persona."""
        return cls.model_validate(persona.to_dict())

    def persona(self) -> Persona:
        """The persona; raises InvalidInput where the record is not what it should be."""
        return Persona.from_dict(self.model_dump(exclude_unset=True), "persona")


class SpanRecord(BaseModel):
    """Where some characters of a view come from."""

    start: int
    end: int = Field(description="Exclusive.")
    source: str = Field(description="A facet id, a field of the persona (@name), or a fixed text (system.opening).")
    kind: Literal["facet", "template"]


class ViewRecord(BaseModel):
    """A persona in words."""

    persona: str
    style: str = Field(examples=["system"])
    text: str
    spans: list[SpanRecord] = Field(description="They cover the text without gap or overlap.")

    @classmethod
    def of(cls, persona: Persona, style: str, shown: Rendered) -> ViewRecord:
        """The view of a persona."""
        spans = [SpanRecord(start=s.start, end=s.end, source=s.source, kind=s.kind) for s in shown.spans]
        return cls(persona=persona.id, style=style, text=shown.text, spans=spans)


class ValueCount(BaseModel):
    """A value and how many personas have it."""

    value: str
    count: int
