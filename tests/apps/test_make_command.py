"""``make`` for schemas and for systems, and ``describe``: files where they should be, quotas exact, gaps said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personarium.apps.cli.application import application
from personarium.core import Population, load_persona
from personarium.make.makers import MAKERS

Capture = pytest.CaptureFixture[str]
WRITTEN = """
name: crew
fields:
  job: {values: [cook, pilot, medic]}
  motto: {model: A motto of a few words., owner: writer}
targets:
  - {fields: [job], shares: equal}
"""
IMPOSSIBLE = """
fields:
  age: {values: [10, 20]}
rules:
  - {name: nobody is that old, must: age > 99, owner: schema, message: Too young.}
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


def document(capsys: Capture, *arguments: str, code: int = 0) -> dict[str, Any]:
    assert application([*arguments, "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize("schema", ["students", "citizens", "characters", "example"])
def test_the_schemas_that_ship_fill_every_place_with_exact_quotas(capsys: Capture, schema: str) -> None:
    found = document(capsys, "make", schema, "-n", "240", "-o", "people.parquet")
    assert found["warnings"] == []
    assert found["data"]["personas"] == len(Population.load("people.parquet")) == 240
    assert all(row["target"] == row["actual"] for row in found["data"]["quotas"])
    assert found["data"]["largest_deviation"] <= 1 + 1e-9


def test_the_same_command_gives_the_same_bytes_and_another_seed_others(capsys: Capture) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        document(capsys, "make", "characters", "-n", "50", "-o", f"{name}.parquet", "--seed", seed)
    first, again, other = (Path(f"{name}.parquet").read_bytes() for name in "abc")
    assert first == again != other


def test_another_language_of_a_schema(capsys: Capture) -> None:
    document(capsys, "make", "students", "-n", "24", "-o", "zh.parquet", "--language", "zh")
    assert set(Population.load("zh.parquet").frame["性别"].to_list()) == {"女", "男"}


def test_near_duplicates_are_drawn_again_and_what_cannot_be_distinct_is_said(capsys: Capture) -> None:
    Path("tiny.yaml").write_text("colour: [red, blue]\nsize: [small, large]\n", encoding="utf-8")
    found = document(capsys, "make", "tiny.yaml", "-n", "12", "-o", "tiny.parquet", "--distinct")
    assert found["data"]["personas"] < 12
    assert "stayed empty" in found["warnings"][0]
    assert "near duplicate" in found["warnings"][0]


def test_a_field_that_a_model_writes_goes_through_a_run_and_is_asked_once(capsys: Capture) -> None:
    Path("crew.yaml").write_text(WRITTEN, encoding="utf-8")
    plan = document(capsys, "make", "crew.yaml", "-n", "6", "--dry-run")["data"]
    assert sum(step["calls"] for step in plan["steps"]) == 6
    first = document(capsys, "make", "crew.yaml", "-n", "6", "-o", "crew.parquet")["data"]
    members = list(Population.load("crew.parquet"))
    assert len(members) == first["personas"]
    assert all(member.value("motto") for member in members)
    before = Path(first["run"], "calls.jsonl").read_bytes()
    Path("crew.parquet").unlink()
    assert document(capsys, "make", "crew.yaml", "-n", "6", "-o", "crew.parquet")["data"]["run"] == first["run"]
    assert Path(first["run"], "calls.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "nothing to make"),
        (("nobody.yaml",), 3, "no such file"),
        (("impossible.yaml",), 5, "nobody is that old"),
        (("students", "--language", "xx"), 5, "en, zh"),
        (("students", "--set", "a=b"), 2, "belong to a system"),
        (("synthpai", "--set", "colour=red"), 2, "no option 'colour'"),
        (("synthpai", "--set", "colour"), 2, "NAME=VALUE"),
        (("personax",), 2, "give --input"),
        (("hachimi", "--input", "impossible.yaml"), 5, "impossible.yaml"),
    ],
)
def test_what_cannot_be_made_is_one_sentence(capsys: Capture, arguments: tuple[str, ...], code: int, said: str) -> None:
    Path("impossible.yaml").write_text(IMPOSSIBLE, encoding="utf-8")
    assert said in document(capsys, "make", *arguments, code=code)["data"]["error"]


# -- systems


def test_the_list_names_every_system_with_its_options(capsys: Capture) -> None:
    systems = document(capsys, "make", "--list")["data"]["systems"]
    assert [system["name"] for system in systems] == sorted(MAKERS)
    assert application(["make", "--list"]) == 0
    assert "--set outline=" in capsys.readouterr().out


def test_deep_personas_become_a_folder_of_cards_that_chat_opens(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io
    import sys

    asked = ("make", "deeppersona", "-n", "2", "--model", "simulated:words=180", "--set", "attributes=60", "-o", "cast")
    found = document(capsys, *asked)["data"]
    assert found["made"]["personas"] == 2
    assert len(found["files"]) >= 2
    card = sorted(Path("cast").glob("*.png"))[0]
    assert len(load_persona(card).facets) > 40
    monkeypatch.setattr(sys, "stdin", io.StringIO("Who are you?\n"))
    assert document(capsys, "chat", str(card))["data"]["turns"] == 2


def test_students_by_hachimi_keep_their_quotas_and_are_kept_as_a_table(capsys: Capture) -> None:
    found = document(capsys, "make", "hachimi", "-n", "8", "--set", "outline=yes", "-o", "s.parquet")["data"]
    assert found["made"]["personas"] + found["failures"] == 8
    assert len(Population.load("s.parquet")) == found["made"]["personas"]
    assert Path(found["report"]).exists()


# -- describe


def test_a_run_that_made_nothing_at_all_fails(capsys: Capture) -> None:
    assert (
        application(["make", "hachimi", "-n", "2", "-o", "s.jsonl"]) == 1
    )  # without an outline the subject fills no slot
    assert "nothing could be made; the report lists what failed" in capsys.readouterr().err
    assert not Path("s.jsonl").exists()


def test_a_corpus_that_was_made_is_taken_again_to_be_anonymised(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    document(capsys, "make", "personaldialog", "-n", "40", "-o", "corpus.jsonl")
    monkeypatch.setenv("PERSONARIUM_SALT", "kept to ourselves")
    again = document(
        capsys, "make", "personaldialog", "-n", "40", "--input", "corpus.jsonl", "--set", "k=1", "-o", "hashed.jsonl"
    )
    assert again["data"]["made"] == {"dialogues": 40, "rows": 40}
    before, after = (
        [json.loads(x) for x in Path(name).read_text().splitlines()] for name in ("corpus.jsonl", "hashed.jsonl")
    )
    for one, hashed in zip(before[:40], after, strict=True):
        assert [u["text"] for u in one["utterances"]] == [u["text"] for u in hashed["utterances"]]
        assert not set(one["meta"]["traits"]) & set(hashed["meta"]["traits"])
        assert list(one["meta"]["traits"].values()) == list(hashed["meta"]["traits"].values())


def test_describe_finds_broken_rules_and_duplicates(capsys: Capture) -> None:
    document(capsys, "make", "students", "-n", "200", "-o", "s.parquet")
    good = document(capsys, "describe", "s.parquet", "--schema", "students")["data"]
    assert good["estimates"]["Quota error"]["value"] == 0
    assert good["estimates"]["Members that break a rule"]["value"] == 0
    assert good["duplicates"] == []
    assert good["estimates"]["Near copies by meaning"]["value"] <= 0.02
    assert (
        "Near copies by meaning" not in document(capsys, "describe", "s.parquet", "--no-semantic")["data"]["estimates"]
    )
    people = Population.load("s.parquet")
    import polars as pl

    doubled = pl.concat(
        [people.frame.with_columns(age=pl.lit(6, pl.Int64)), people.frame.head(5).with_columns(id=pl.col("id") + "x")]
    )
    Population(doubled).save("bad.parquet")
    bad = document(
        capsys, "describe", "bad.parquet", "--schema", "students", "--field", "name", "--field", "values_most"
    )
    assert bad["data"]["estimates"]["Members that break a rule"]["value"] > 0.5
    assert set(bad["data"]["duplicates"]) >= {201, 202, 203, 204, 205}
    assert {copy["member"]: copy["of"] for copy in bad["data"]["near_copies"]}.items() >= {201: 1, 205: 5}.items()
    assert "<svg" in Path(bad["data"]["report"]).read_text(encoding="utf-8")


def test_describe_takes_any_file_of_personas(capsys: Capture) -> None:
    Path("p.jsonl").write_text(
        '{"persona": "A nurse from Rome."}\n{"persona": "A sailor from Oslo."}\n', encoding="utf-8"
    )
    assert document(capsys, "describe", "p.jsonl")["data"]["members"] == 2
    assert application(["describe", "p.jsonl"]) == 0
    assert "p.jsonl: 2 members" in capsys.readouterr().out
    assert "no such file" in document(capsys, "describe", "none.parquet", code=3)["data"]["error"]
