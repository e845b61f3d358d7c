"""Populations: list, describe, look into, make a small one from a schema, hand over as files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from personarium.apps.server.errors import ApiError, documented
from personarium.apps.server.keys import require
from personarium.apps.server.native.asking import Limit, Name, Offset, Place, Wanted
from personarium.apps.server.native.personas import attachment
from personarium.apps.wire.personas import PersonaRecord
from personarium.apps.workspace.names import check_title, file_stem

if TYPE_CHECKING:
    from personarium.core.population import Population
    from personarium.make.population.schema import Schema

router = APIRouter(prefix="/api/populations", tags=["populations"])
_READ, _WRITE = Depends(require("personas:read")), Depends(require("personas:write"))
MOST_MADE = 1000  # members that a request may make; more is work for `personarium make`
_MEDIA = {"parquet": "application/vnd.apache.parquet", "jsonl": "application/x-ndjson"}
_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}


class QuotaRecord(BaseModel):
    """A quota beside what the population has."""

    cell: dict[str, Any] = Field(examples=[{"region": "north"}])
    target: int
    actual: int


class PopulationRecord(BaseModel):
    """What a population is made of."""

    name: str = Field(examples=["students"])
    members: int
    columns: dict[str, str] = Field(description="Column -> type.", examples=[{"id": "String", "age": "Int64"}])
    quotas: list[QuotaRecord]

    @classmethod
    def of(cls, name: str, population: Population) -> PopulationRecord:
        """The record of a population."""
        columns = {column: str(kind) for column, kind in population.frame.schema.items() if not column.startswith("_")}
        quotas = [
            QuotaRecord(cell=dict(row.cell), target=row.target, actual=row.actual) for row in population.quota_report()
        ]
        return cls(name=name, members=len(population), columns=columns, quotas=quotas)


class QualityRecord(BaseModel):
    """How good a population is; every number with its interval, n and failures."""

    estimates: dict[str, dict[str, Any]] = Field(description="Name -> value, lo, hi, n, unit, method, failures.")
    duplicates: list[int] = Field(description="Rows (from 0) that nearly repeat an earlier one.")
    sections: list[dict[str, Any]] = Field(description="Distributions, targets and pairs, as a report shows them.")


class MemberPage(BaseModel):
    """A part of the members."""

    total: int
    offset: int
    members: list[PersonaRecord]


class SchemaRequest(Wanted):
    """What to make."""

    schema_: dict[str, Any] | Literal["students", "citizens", "characters", "example"] = Field(
        alias="schema", description="A schema (docs/making.md), or the name of an example.", examples=["students"]
    )
    members: int = Field(ge=1, le=MOST_MADE, examples=[50])
    seed: int = Field(0, ge=0, le=2**53)
    distinct: bool = Field(False, description="Whether near duplicates are drawn again.")

    def schema_to_make(self) -> Schema:
        """The schema; raises InvalidInput where it is not what it should be."""
        from personarium.make.population import example_schema, schema_from_data

        return example_schema(self.schema_) if isinstance(self.schema_, str) else schema_from_data(self.schema_)


@router.get("", dependencies=[_READ])
def list_populations(place: Place) -> list[str]:
    """The names of all populations."""
    return place.populations.names()


@router.get("/{name}", dependencies=[_READ], responses=documented(404))
def describe_population(place: Place, name: Name) -> PopulationRecord:
    """Members, columns and quotas."""
    return PopulationRecord.of(name, place.populations.get(name))


@router.get("/{name}/quality", dependencies=[_READ], responses=documented(404))
def population_quality(place: Place, name: Name) -> QualityRecord:
    """Near duplicates, quota errors, distributions, values that occur together too often."""
    from personarium.core.population import RECORD
    from personarium.make.population import quality_of

    population = place.populations.get(name)
    quality = quality_of(population.frame.drop(RECORD, strict=False), quotas=population.quota_report())
    estimates = {title: estimate.as_dict() for title, estimate in quality.estimates.items()}
    return QualityRecord(
        estimates=estimates, duplicates=list(quality.duplicates), sections=[dict(one) for one in quality.sections]
    )


@router.get("/{name}/members", dependencies=[_READ], response_model_exclude_unset=True, responses=documented(404))
def list_members(place: Place, name: Name, offset: Offset = 0, limit: Limit = 50) -> MemberPage:
    """Members as personas, in the order of the rows."""
    population = place.populations.get(name)
    end = min(offset + limit, len(population))
    members = [PersonaRecord.of(population[index]) for index in range(offset, end)]
    return MemberPage(total=len(population), offset=offset, members=members)


@router.get(
    "/{name}/file",
    dependencies=[_READ],
    response_class=Response,
    responses={200: {"content": dict.fromkeys(_MEDIA.values(), _BINARY)}, **documented(404)},
)
def export_population(
    place: Place, name: Name, format: Annotated[Literal["parquet", "jsonl"], Query()] = "parquet"
) -> Response:
    """All members as a file: Parquet, or JSON Lines with a whole persona a line."""
    population = place.populations.get(name)
    with tempfile.TemporaryDirectory() as scratch:
        data = population.save(Path(scratch) / f"members.{format}").read_bytes()
    return Response(data, media_type=_MEDIA[format], headers=attachment(f"{file_stem(name)}.{format}"))


@router.post("/{name}", dependencies=[_WRITE], status_code=201, responses=documented(409))
def make_population(place: Place, name: Name, wanted: SchemaRequest) -> PopulationRecord:
    """Make a small population from a schema and keep it under a name that is free."""
    from personarium.make.population import sample_population

    if check_title(name, "population") in place.populations.names():
        raise ApiError(409, "there is a population of this name", code="name_taken", param="name")
    made = sample_population(wanted.schema_to_make(), wanted.members, wanted.seed, distinct=wanted.distinct)
    place.populations.put(name, made)
    return PopulationRecord.of(name, made)


@router.delete("/{name}", dependencies=[_WRITE], status_code=204, response_class=Response, responses=documented(404))
def remove_population(place: Place, name: Name) -> None:
    """Take a population out."""
    place.populations.remove(name)
