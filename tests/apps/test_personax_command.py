"""``personarium measure personax``: from a table file to matrices, a report and a document for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from personarium.apps.cli.personax import personax
from personarium.report import section_from_dict


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Openness copies gender, neuroticism nothing; there is one planet."""
    rng = np.random.default_rng(3)
    gender = rng.integers(0, 2, 120)
    rows = ["openness,neuroticism,gender,height,planet"]
    rows += [
        f"{rng.integers(1, 3) + g},{rng.integers(1, 4)},{'fm'[g]},{rng.normal(170, 8):.1f},Earth"
        for g in gender.tolist()
    ]
    path = tmp_path / "people.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def run(*arguments: str) -> Any:
    app = typer.Typer()
    app.command()(personax)
    return CliRunner().invoke(app, list(arguments))


COLUMNS = ("--traits", "openness,neuroticism", "--variables", "gender, height,planet")


def test_for_people(table: Path) -> None:
    result = run(str(table), *COLUMNS, "--tests", "chi_square,kci")
    assert result.exit_code == 0, result.output
    assert "2 of 6 tests found a dependence (p benjamini-hochberg over all tests)." in result.output
    assert "openness x gender, chi_square: effect 0." in result.output
    assert "not testable: openness x planet, kci (a variable has fewer than two levels)" in result.output
    assert "Do not use it to profile people." in " ".join(result.output.split())


def test_for_programs_with_a_report_and_matrices(table: Path, tmp_path: Path) -> None:
    saved, folder = tmp_path / "audit.json", tmp_path / "matrices"
    extra = ("--tests", "all", "--permutations", "99", "--json", "--save", str(saved), "--matrices", str(folder))
    result = run(str(table), *COLUMNS, *extra)
    document = json.loads(result.stdout)
    assert (document["status"], document["data"]["rows"]) == ("ok", 120)
    assert len(document["data"]["cells"]) == 30
    report = json.loads(saved.read_text(encoding="utf-8"))
    assert report["kind"] == "personax"
    for section in report["sections"]:
        section_from_dict(section)
    assert len(list(folder.iterdir())) == 20
    lines = (folder / "chi_square_dependent.csv").read_text(encoding="utf-8").splitlines()
    assert lines == [",gender,height,planet", "openness,1,,", "neuroticism,0,,"]


def test_published_faults_by_name_and_all_together(table: Path) -> None:
    one = run(str(table), *COLUMNS, "--tests", "rcit", "--as-published", "rcit-failure-zero", "--json")
    planet = [c["p"] for c in json.loads(one.stdout)["data"]["cells"] if c["variable"] == "planet"]
    assert planet == [0.0, 0.0]
    all_faults = run(str(table), *COLUMNS, "--tests", "rcit", "--as-published", "all", "--json")
    assert len(json.loads(all_faults.stdout)["data"]["as_published"]) == 5


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--traits", "openness", "--variables", "heigth"), 5, "a column 'heigth'"),
        (("--traits", "gender", "--variables", "height"), 5, "the scores of a trait"),
        (("--traits", "", "--variables", "height"), 2, "at least one trait"),
        (("--traits", "openness", "--variables", "height", "--tests", "t"), 2, "no test 't'"),
        (("--traits", "openness", "--variables", "height", "--as-published", "x"), 2, "no erratum 'x'"),
    ],
)
def test_mistakes(table: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    result = run(str(table), *arguments)
    assert result.exit_code == code
    assert said in " ".join(result.output.split())


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    result = run(str(tmp_path / "gone.csv"), *COLUMNS)
    assert result.exit_code == 3
