"""Populations: rows as personas, exact quotas, files without loss."""

from __future__ import annotations

from pathlib import Path

import pytest

from personarium.core import Facet, InvalidInput, NotFound, Persona, Population, Quota, StorageError

ROWS = [
    {"id": "a", "social.gender": "f", "social.age": 31},
    {"id": "b", "social.gender": "m", "social.age": 44},
    {"id": "c", "social.gender": "f", "social.age": None},
]


def people() -> list[Persona]:
    return [
        Persona(
            id="x", name="Ana", facets=(Facet("f1", "social.age", 31, "sampled"), Facet("", "likes", ["tea", "rain"]))
        ),
        Persona(id="y", facets=(Facet("", "social.age", 44), Facet("", "note", "α")), extra={"z": 1}),
    ]


def test_rows_are_personas_when_looked_at() -> None:
    population = Population.from_rows(ROWS)
    assert len(population) == 3
    assert population[1].value("social.age") == 44
    assert population[2].facet("social.age") is None
    assert [p.id for p in population] == ["a", "b", "c"]
    assert population[-1].id == "c"
    with pytest.raises(IndexError):
        population[3]


def test_quota_report_counts_exactly() -> None:
    quotas = [
        Quota({"social.gender": "f"}, 2),
        Quota({"social.gender": "m", "social.age": 44}, 3),
        Quota({"social.age": 99, "social.gender": "f"}, 1),
    ]
    report = Population.from_rows(ROWS, quotas=quotas).quota_report()
    assert [(r.target, r.actual, r.missing) for r in report] == [(2, 2, 0), (3, 1, 2), (1, 0, 1)]


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_whole_personas_survive(suffix: str, tmp_path: Path) -> None:
    population = Population.from_personas(people(), {"social.age": [31, 44]}, [Quota({"social.age": 31}, 1)])
    again = Population.load(population.save(tmp_path / f"p{suffix}"))
    assert list(again) == people()
    assert again.quota_report() == population.quota_report()
    assert dict(again.schema) == {"social.age": [31, 44]}


def test_a_csv_holds_what_is_no_more_than_a_row(tmp_path: Path) -> None:
    path = Population.from_rows(ROWS).save(tmp_path / "p.csv")
    assert list(Population.load(path)) == list(Population.from_rows(ROWS))
    with pytest.raises(InvalidInput, match=r"p\.csv: row 1"):
        Population.from_personas(people()).save(path)
    with pytest.raises(InvalidInput, match="field 'tags'"):
        Population.from_rows([{"tags": ["a"]}]).save(path)


def test_errors_name_file_row_and_field(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"rows: row 2: field 'social.gender'.*'m'"):
        Population.from_rows(ROWS, {"social.gender": ["f"]})
    with pytest.raises(InvalidInput, match="row 2: field 'id'"):
        Population.from_rows([{"id": "a"}, {"id": "a"}])
    with pytest.raises(InvalidInput, match="field 'height'"):
        Population.from_rows(ROWS, quotas=[Quota({"height": 1}, 1)])
    with pytest.raises(InvalidInput, match="at least one row"):
        Population.from_rows([])
    with pytest.raises(InvalidInput, match="target"):
        Quota({"a": 1}, -1)
    broken = tmp_path / "p.parquet"
    broken.write_bytes(b"<html>")
    with pytest.raises(InvalidInput, match=r"p\.parquet"):
        Population.load(broken)
    with pytest.raises(NotFound):
        Population.load(tmp_path / "none.parquet")
    with pytest.raises(StorageError):
        Population.from_rows(ROWS).save(broken / "x.parquet")
    with pytest.raises(InvalidInput, match="parquet"):
        Population.from_rows(ROWS).save(tmp_path / "p.xlsx")
