"""``personarium survey`` as a user types it: files in, run folder out, mistakes in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from personarium.apps.cli.survey import survey
from personarium.core.formats import save_personas
from personarium.core.population import Population


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    rows = [f"p{k},I keep {k + 2} hens.,{'ab'[k % 2]},{1 + k % 3}" for k in range(12)]
    (tmp_path / "people.csv").write_text("\n".join(["id,persona,level,w", *rows]) + "\n", encoding="utf-8")
    answers = [f"{1 + k % 4},{'yes' if k % 3 else 'no'},{'ab'[k % 2]},{k % 2 + 1}" for k in range(40)]
    (tmp_path / "human.csv").write_text("\n".join(["content,volunteer,level,w", *answers]) + "\n", encoding="utf-8")


def run(*arguments: str) -> Any:
    app = typer.Typer()
    app.command()(survey)
    return CliRunner().invoke(app, list(arguments))


def data_of(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)["data"]
    return found


def test_for_people_in_80_columns(tmp_path: Path) -> None:
    result = run("example", "-p", "people.csv", "--human", "human.csv", "--by", "level", "-o", "run")
    assert result.exit_code == 0, result.output
    assert "A day in your life: 12 persons answered by simulated" in result.output
    assert "Distances from people's answers" in result.output
    assert "mean: no persona" in result.output
    assert "Groups of personas against groups of people" in result.output
    assert all(len(line.rstrip()) <= 80 for line in result.stdout.splitlines())
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "What became of each question" in page
    assert "Do groups of personas differ as groups of people do?" in page


def test_for_programs_with_raw_answers_in_a_table(tmp_path: Path) -> None:
    found = data_of("example", "-p", "people.csv", "--human", "human.csv", "--repeats", "2", "-o", "run")
    assert found["questions"]["content"]["counts"]["answered"] == 24
    assert found["distances"]["content"]["survey"]["ks"]["unit"] == "person"
    assert set(found["distances"]) == {"content", "volunteer"}
    assert next(iter(found["estimates"])) == "Jensen-Shannon, mean over questions (numbers)"
    table = pl.read_parquet(tmp_path / "run" / "results.parquet")
    content = table.filter((pl.col("question") == "content") & (pl.col("identity") == "persona"))
    assert content.height == 24
    assert set(content["number"].to_list()) <= {1.0, 2.0, 3.0, 4.0}
    assert table.filter(pl.col("identity") == "none")["person"].n_unique() == 24
    assert not table.filter((pl.col("status") == "answered") & (pl.col("reply") == "")).height


def test_the_same_command_asks_nobody_again() -> None:
    first = data_of("example", "-p", "people.csv", "-o", "run")
    before = json.loads(Path("run/run.json").read_text())["totals"]["calls"]
    assert data_of("example", "-p", "people.csv", "-o", "run") == first
    assert json.loads(Path("run/run.json").read_text())["totals"]["calls"] == before


def test_a_dry_run_shows_every_prompt_and_asks_nobody(tmp_path: Path) -> None:
    found = data_of("example", "-p", "people.csv", "-n", "5", "--dry-run")
    assert found["calls"] == 7 * 5
    samples = [step["sample"][1]["content"] for step in found["steps"]]
    assert any("I am the life of the party." in text for text in samples)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("source", ["people.csv", "people.jsonl"])
def test_weights_are_no_fact_of_a_person(source: str) -> None:
    save_personas(Population.load("people.csv"), Path("people.jsonl"))
    found = data_of("example", "-p", source, "--weights", "w", "--dry-run")
    system = found["steps"][0]["sample"][0]["content"]
    assert "hens" in system
    assert "level" in system
    assert "Your w is" not in system
    assert "Your w is" in data_of("example", "-p", source, "--dry-run")["steps"][0]["sample"][0]["content"]


def test_the_bare_model_is_told_of_nobody() -> None:
    found = data_of("example", "-p", "people.csv", "--agent-less", "--dry-run")
    assert "hens" not in found["steps"][0]["sample"][0]["content"]
    assert found["calls"] == 7 * 12


def test_as_published_only_the_first_rows_are_compared() -> None:
    whole = data_of("example", "-p", "people.csv", "--human", "human.csv", "-o", "a")
    cut = data_of("example", "-p", "people.csv", "--human", "human.csv", "--row-aligned", "-o", "b")
    counts = [found["distances"]["content"]["survey"]["ks"]["n"] for found in (whole, cut)]
    assert counts == [52, 24]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("gone.yaml", "-p", "people.csv"), 3, "gone.yaml: no such file"),
        (("example", "-p", "gone.csv"), 3, "there is no file gone.csv"),
        (("bad.yaml", "-p", "people.csv"), 5, "bad.yaml: field 'questions[0].ask_if': expected the id of an earlier"),
        (("example", "-p", "people.csv", "--weights", "v"), 5, "people.csv: expected a column 'v'"),
        (("example", "-p", "people.csv", "--weights", "level"), 5, "row 1: field 'level': expected a weight above 0"),
        (("example", "-p", "people.csv", "--by", "level"), 2, "need --human"),
        (("example", "-p", "people.csv", "--human", "gone.csv"), 3, "gone.csv: no such file"),
        (("example", "-p", "people.csv", "--human", "human.csv", "--by", "age"), 5, "a column 'age'"),
        (("example", "-p", "people.csv", "--style", "novel"), 2, "--style must be one of system"),
    ],
)
def test_mistakes(tmp_path: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    (tmp_path / "bad.yaml").write_text("questions:\n- {id: a, type: yesno, text: A, ask_if: {b: yes}}\n")
    result = run(*arguments)
    assert result.exit_code == code
    assert said in " ".join(result.output.split())
    assert not (tmp_path / "runs").exists()


def test_nothing_measured_is_exit_code_1() -> None:
    result = run("example", "-p", "people.csv", "--model", "simulated/unparsable")
    assert result.exit_code == 1
    assert "nothing could be measured" in " ".join(result.output.split())
