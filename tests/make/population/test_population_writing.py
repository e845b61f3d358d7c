"""Populations on disk: the same bytes after a kill, nothing lost on a full disk, every format, every language."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from personarium.core.errors import InvalidInput, StorageError, UsageError
from personarium.core.population import Population
from personarium.make.population import (
    Field,
    Integers,
    Rule,
    Schema,
    Target,
    Values,
    example_schema,
    make_population,
    sample_population,
)
from personarium.make.population.lexical_gate import fingerprints_of
from personarium.make.population.persona_lines import persona_lines
from personarium.make.population.quality import lexical_duplicates

SMALL = Schema(
    (Field("sex", Values(("f", "m"))), Field("age", Integers(0, 99)), Field("pet", Values(("cat", "dog", "none")))),
    (Target(("sex",), {("f",): 0.5, ("m",): 0.5}),),
    (Rule("babies have no dog", "age > 1 or pet != 'dog'"),),
    languages=("en", "de"),
    labels={"de": {"sex": {"f": "weiblich", "m": "männlich"}}},
    names={"de": {"sex": "Geschlecht"}},
)
WORK = """
import sys
from personarium.make.population import example_schema, make_population
schema = example_schema("students")
make_population(schema, 20_000, sys.argv[1], seed=5, distinct=True, chunk=2_000,
                progress=lambda done, count: print(done, flush=True))
"""


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_loads_as_a_population_with_exact_quotas(tmp_path: Path) -> None:
    made = make_population(SMALL, 1001, tmp_path / "people.parquet", seed=1, chunk=100)
    assert (made.members, made.unfilled) == (1001, ())
    assert [row.actual for row in made.quotas] == [501, 500]
    people = Population.load(made.path)
    assert len(people) == 1001
    assert all(row.missing == 0 for row in people.quota_report())
    assert people[0].id == "person-0001"
    assert people.frame.columns == ["id", "sex", "age", "pet"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["people.parquet", "people.parquet.schema.json"]


def test_jsonl_csv_and_folder_hold_the_same_members(tmp_path: Path) -> None:
    frame = pl.read_parquet(make_population(SMALL, 300, tmp_path / "a.parquet", chunk=70).path)
    people = Population.load(make_population(SMALL, 300, tmp_path / "a.jsonl", chunk=70).path)
    assert [(p.id, p.value("sex"), p.value("age"), p.value("pet")) for p in people] == frame.rows()
    assert all(row.missing == 0 for row in people.quota_report())
    assert pl.read_csv(make_population(SMALL, 300, tmp_path / "a.csv", chunk=70).path).equals(frame)
    folder = make_population(SMALL, 300, tmp_path / "chunks", chunk=70).path
    assert len(list(folder.glob("part-*.parquet"))) == 5
    assert pl.read_parquet(folder / "*.parquet").equals(frame)


def test_json_lines_are_those_of_whole_personas(tmp_path: Path) -> None:
    rows = [
        {"id": "p1", "name": 'Ann "A" Ö', "home.town": "a\nb\u0001", "age": 3, "height": 1.5, "fit": True},
        {"id": "p2", "name": "Bo", "home.town": "x", "age": 4, "height": 2.0, "fit": False},
    ]
    for frame in (
        pl.DataFrame(rows),
        pl.DataFrame([{**rows[0], "age": None}, rows[1]]),
        pl.DataFrame([{**row, "description": "Likes tea. Hates rain."} for row in rows]),
        pl.DataFrame([{**row, "friends": ["Cy", "Di"]} for row in rows]),
    ):
        people = Population(frame)
        people.save(tmp_path / "p.jsonl")
        assert "".join(f"{line}\n" for line in persona_lines(frame, "p")) == (tmp_path / "p.jsonl").read_text()


def test_killed_in_the_middle_the_same_call_gives_the_same_bytes(tmp_path: Path) -> None:
    schema = example_schema("students")
    whole = make_population(schema, 20_000, tmp_path / "whole.parquet", seed=5, distinct=True, chunk=2_000).path
    killed = tmp_path / "killed.parquet"
    child = subprocess.Popen([sys.executable, "-c", WORK, str(killed)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    while child.stdout.readline().strip() != "8000":
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert not killed.exists()
    (parts,) = tmp_path.glob(".killed.parquet.*.parts")
    assert 4 <= len(list(parts.glob("part-*.parquet"))) < 10
    make_population(schema, 20_000, killed, seed=5, distinct=True, chunk=2_000)
    assert digest(killed) == digest(whole)
    assert not list(tmp_path.glob(".killed*"))


def test_another_call_does_not_touch_what_an_unfinished_one_left(tmp_path: Path) -> None:
    out = tmp_path / "p.parquet"

    def stop(done: int, count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_population(SMALL, 100, out, seed=1, chunk=10, progress=stop)
    (left,) = tmp_path.glob(".p.parquet.*.parts")
    make_population(SMALL, 100, out, seed=2, chunk=10)
    assert left.exists()
    first = digest(out)
    make_population(SMALL, 100, out, seed=1, chunk=10)
    assert not left.exists()
    assert digest(out) != first


FULL = """
import resource, signal, sys
from personarium.core.errors import StorageError
from personarium.make.population import example_schema, make_population
warm = make_population(example_schema("citizens"), 4_000, sys.argv[1] + ".warm.parquet")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2 * warm.path.stat().st_size, resource.RLIM_INFINITY))
try:
    make_population(example_schema("citizens"), 20_000, sys.argv[1], chunk=4_000)
except StorageError as error:
    print("refused:", error)
"""


def test_a_full_disk_is_one_clear_error_and_the_chunks_are_kept(tmp_path: Path) -> None:
    """The file size limit stands for the disk: chunks fit, the joined file does not."""
    out = tmp_path / "people.parquet"
    out.write_bytes(b"an older population")
    done = subprocess.run([sys.executable, "-c", FULL, str(out)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("refused:"), done.stderr[-500:]
    assert "cannot be written" in done.stdout
    assert out.read_bytes() == b"an older population"
    (parts,) = tmp_path.glob(".people.parquet.*.parts")
    assert len(list(parts.glob("part-*.parquet"))) == 5
    make_population(example_schema("citizens"), 20_000, out, chunk=4_000)
    assert pl.read_parquet(out).height == 20_000


def test_more_rows_than_the_disk_holds_stops_after_the_first_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(StorageError, match=r"needs about .* MB"):
        make_population(SMALL, 10_000, tmp_path / "p.parquet", chunk=1000)
    (parts,) = tmp_path.glob(".p.parquet.*.parts")
    assert len(list(parts.glob("part-*.parquet"))) == 1


def test_a_rule_that_rejects_everything_is_named(tmp_path: Path) -> None:
    schema = Schema((Field("age", Integers(0, 9)),), rules=(Rule("grown", "age > 9"),))
    with pytest.raises(InvalidInput, match="rules: grown"):
        make_population(schema, 500, tmp_path / "p.parquet", chunk=100, tries=20)
    assert not (tmp_path / "p.parquet").exists()


def test_slots_that_stay_empty_are_listed_and_the_rest_is_written(tmp_path: Path) -> None:
    schema = Schema(
        (Field("sex", Values(("f", "m"))), Field("age", Integers(0, 9))),
        (Target(("sex",), {("f",): 0.9, ("m",): 0.1}),),
        (Rule("no men", "sex == 'f' or age > 9"),),
    )
    made = make_population(schema, 100, tmp_path / "p.parquet", chunk=30, tries=20)
    assert made.members == pl.read_parquet(made.path).height == 90
    assert {u.reason for u in made.unfilled} == {"no men"}
    assert {tuple(q.cell.values()): q.missing for q in made.quotas} == {("f",): 0, ("m",): 10}


def test_a_schema_too_small_to_be_distinct_says_so(tmp_path: Path) -> None:
    schema = Schema((Field("pet", Values(("a grey cat", "an old dog", "two white mice"))),))
    made = make_population(schema, 30, tmp_path / "p.parquet", distinct=True)
    assert made.members == 3
    assert {(u.reason, u.tries) for u in made.unfilled} == {("near duplicate", 10)}


def no_near_pair_survives(count: int, folder: Path) -> None:
    """Whatever the gate let through is compared with everything else that it let through."""
    schema = example_schema("citizens")
    crowded = replace(schema, distinct=("occupation", "region", "main_worry", "free_time", "news_source"))
    made = make_population(crowded, count, folder / "p.parquet", distinct=True, chunk=count // 3)
    assert made.members + len(made.unfilled) == count
    assert {u.reason for u in made.unfilled} <= {"near duplicate"}
    kept = fingerprints_of(pl.read_parquet(made.path), crowded.compared)
    drawn = sample_population(schema, count).frame
    assert len(lexical_duplicates(drawn, crowded.compared)) > 0  # the gate had something to do
    for k, one in enumerate(kept[:-1]):
        differing = kept[k + 1 :] ^ one
        for _ in range(3):
            differing &= differing - np.uint64(1)
        assert differing.all()


def test_no_near_pair_survives_in_a_crowded_population(tmp_path: Path) -> None:
    no_near_pair_survives(1500, tmp_path)


@pytest.mark.slow
def test_no_near_pair_survives_among_20_000(tmp_path: Path) -> None:
    no_near_pair_survives(20_000, tmp_path)


def test_languages(tmp_path: Path) -> None:
    made = make_population(SMALL, 40, tmp_path / "p.parquet", language="de", distinct=True)
    frame = pl.read_parquet(made.path)
    assert frame.columns == ["id", "Geschlecht", "age", "pet"]
    assert set(frame["Geschlecht"]) == {"weiblich", "männlich"}
    assert all(q.missing == 0 for q in made.quotas) == (not made.unfilled)
    assert len(Population.load(made.path).quotas) == 2
    with pytest.raises(InvalidInput, match=r"languages \(en, de\), found 'fr'"):
        make_population(SMALL, 40, tmp_path / "p.parquet", language="fr")


@pytest.mark.parametrize("count", [0, -1, True])
def test_wrong_counts(tmp_path: Path, count: int) -> None:
    with pytest.raises(InvalidInput, match="whole number of members"):
        make_population(SMALL, count, tmp_path / "p.parquet")


def test_wrong_endings_and_model_fields(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"\.parquet, \.jsonl, \.csv"):
        make_population(SMALL, 5, tmp_path / "p.xlsx")
    with pytest.raises(UsageError, match="a model writes story"):
        make_population(Schema((Field("story", model=True),)), 5, tmp_path / "p.parquet")


@pytest.mark.parametrize("name", ["students", "citizens", "characters", "example"])
def test_example_schemas(name: str, tmp_path: Path) -> None:
    schema = example_schema(name)
    if name != "example":
        assert 20 <= len(schema.fields) <= 22
        assert len(schema.rules) == 8
    made = make_population(schema, 1000, tmp_path / "p.parquet", seed=1, distinct=name != "example")
    assert (made.members, made.unfilled) == (1000, ())
    assert all(row.missing == 0 for row in made.quotas)
    assert made.plan.largest_deviation <= 1 + 1e-6


def test_students_in_chinese(tmp_path: Path) -> None:
    frame = pl.read_parquet(make_population(example_schema("students"), 48, tmp_path / "p.parquet", language="zh").path)
    assert set(frame["性别"]) == {"女", "男"}
    assert set(frame["年级"]) >= {"一年级", "高三"}
