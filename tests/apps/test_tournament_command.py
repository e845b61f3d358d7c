"""``personarium tournament``: who may take part, a judge model and a person, files kept, mistakes told in one sentence."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import typer

from personarium.apps.cli.tournament import tournament
from personarium.core import Persona
from personarium.measure.prompt_tournament import read_study

Capture = pytest.CaptureFixture[str]
WHO = "You are Orla Finch. You keep bees in Larkmoor. You are 52 years old. You love strong tea. You have a dog called Bramble."
ASKED = {"c1": "Where do you live?", "c2": "What do you drink?", "c3": "Do you have a pet?", "c4": "How old are you?"}
SAID = {
    "true": ("I live in Larkmoor.", "I love strong tea.", "I have a dog called Bramble.", "I am 52 years old."),
    "false": ("I live in Paris.", "I love cold milk.", "I have a cat called Tom.", "I am 20 years old."),
    "empty talk": ("That is a good one.", "Well, who knows.", "Let us see.", "One wonders."),
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    Path("asked.txt").write_text("\n".join(ASKED.values()))
    rows = [
        {"context_id": c, "contestant": who, "text": texts[k], "context": question}
        for k, (c, question) in enumerate(ASKED.items())
        for who, texts in SAID.items()
    ]
    Path("answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def run(*arguments: str) -> int:
    app = typer.Typer()
    app.command()(tournament)
    try:
        app(list(arguments), standalone_mode=False)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def data_of(capsys: Capture, *arguments: str, code: int = 0) -> dict[str, Any]:
    assert run(*arguments, "--json") == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)["data"]
    return found


def types(monkeypatch: pytest.MonkeyPatch, keys: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{key}\n" for key in keys)))


def test_ready_answers_are_judged_and_kept(capsys: Capture) -> None:
    found = data_of(capsys, "answers.jsonl", "--persona", WHO, "--judge", "simulated:seed=1,judge_noise=0.2", "-o", "r")
    assert found["order"][0] == "true"
    assert (found["games"], found["contexts"], found["judgements"]) == (12, 4, 24)
    assert found["judges"][0]["side"]["flagged"] is False
    assert found["estimates"]["true"]["value"] == found["standings"][0]["rating"]["value"] > 1600
    for name in ("report.html", "ratings.json", "ratings.md", "study.jsonl", "texts.jsonl", "results.parquet"):
        assert Path("r", name).is_file(), name
    assert json.loads(Path("r/ratings.json").read_text())["order"] == found["order"]
    rated = data_of(capsys, "--rate", "r/study.jsonl")
    assert [s["rating"] for s in rated["standings"]] == [s["rating"] for s in found["standings"]]


def test_the_same_command_asks_nobody_twice(capsys: Capture) -> None:
    words = ("--contexts", "asked.txt", "--prompt", "warm=Be warm.", "--prompt", "brief=Be brief.", "--persona", WHO)
    first = data_of(capsys, *words, "-o", "r")
    calls = Path("r/calls.jsonl").read_text()
    again = data_of(capsys, *words, "-o", "r")
    assert again["standings"] == first["standings"]
    assert first["order"] in (["warm", "brief"], ["brief", "warm"])
    assert len(calls.splitlines()) == 8 + 2 * first["duels"] - 2 * first["unasked"]


def test_models_characters_agents_and_files_take_part(capsys: Capture) -> None:
    Path("mine.py").write_text("def reply(messages):\n    return 'I live in Larkmoor.'\n")
    Path("calm.txt").write_text("Stay calm.")
    models = ("--model", "simulated:seed=2", "--model", "simulated:fidelity=0.1,seed=3")
    found = data_of(
        capsys, "--contexts", "asked.txt", *models, "--prompt", "calm.txt", "--agent", "mine=mine.py:reply",
        "--persona", WHO, "--duels", "4",
    )  # fmt: skip
    assert sorted(found["order"]) == ["calm / simulated:fidelity=0.1,seed=3", "calm / simulated:seed=2", "mine"]
    assert found["duels"] == 4
    people = [Persona.from_text(f"You are {name}. You sell nets.", name=name) for name in ("Ada", "Bo")]
    Path("people.jsonl").write_text("".join(json.dumps(person.to_dict()) + "\n" for person in people))
    found = data_of(capsys, "--contexts", "asked.txt", "--character", "people.jsonl")
    assert sorted(found["order"]) == ["Ada", "Bo"]


def test_the_published_six_are_compared_by_the_published_three(capsys: Capture) -> None:
    found = data_of(capsys, "--contexts", "asked.txt", "--prompt", "published", "--duels", "6", "--once")
    assert len(found["order"]) == 6
    assert list(found["dimensions"]) == ["total", "format", "dialogue", "learners"]
    assert found["judgements"] <= 18


def test_a_judge_that_always_answers_a_is_told_of(capsys: Capture) -> None:
    assert run("answers.jsonl", "--judge", "simulated/first") == 0
    told = capsys.readouterr()
    assert "100% (86 to 100) !" in told.out
    assert "follows the side: 24 of 24 decided verdicts name the left answer" in told.err
    assert "all 12 games are ties: nothing tells the contestants apart" in told.err


def test_a_judge_that_never_parses_measures_nothing(capsys: Capture) -> None:
    found = data_of(capsys, "answers.jsonl", "--judge", "simulated/unparsable", code=1)
    assert all(e["value"] is None for e in found["estimates"].values())
    assert found["failures"] == {"unparsed": 24}


def test_a_person_judges_stops_and_goes_on(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    types(monkeypatch, "a?bq")
    assert run("answers.jsonl", "--by-hand", "-o", "r") == 0
    told = capsys.readouterr()
    assert "1 of at most 12" in told.out
    assert "t for a tie" in told.out
    assert "stopped by the judge; the same call goes on" in told.out
    assert not any(name in told.out.split("Ranking")[0] for name in SAID)  # blind
    assert [row.winner for row in read_study("r/study.jsonl")[1]] == ["left", "right"]
    types(monkeypatch, "t" * 9 + "s")
    assert run("answers.jsonl", "--by-hand", "-o", "r") == 0
    told = capsys.readouterr()
    assert "2 judged before; going on" in told.out
    assert "3 of at most 12" in told.out
    assert "everything was played" in told.out
    rows = read_study("r/study.jsonl")[1]
    assert [row.failure for row in rows if row.winner is None] == ["abstained"]
    assert len(rows) == 12


def test_a_person_judges_answers_that_are_asked_for_first(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    types(monkeypatch, "ab")
    assert run("--contexts", "asked.txt", "--prompt", "x=Be warm.", "--prompt", "y=Be brief.", "--by-hand") == 0
    assert "Ranking" in capsys.readouterr().out


def test_control_codes_of_an_answer_do_nothing(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"context_id": "c", "contestant": who, "text": f"\x1b[31m[bold]{who}"} for who in ("x\x1b[2J", "y")]
    Path("bad.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    types(monkeypatch, "a")
    assert run("bad.jsonl", "--by-hand") == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "[bold]y" in out


def test_a_dry_run_counts_and_shows(capsys: Capture) -> None:
    words = ("--contexts", "asked.txt", "--prompt", "x=Be warm.", "--prompt", "y=Be brief.")
    found = data_of(capsys, *words, "--dry-run")
    assert {s["step"]: s["calls"] for s in found["steps"]} == {"play.interview": 8, "prometheus.relative": 8}
    assert data_of(capsys, "answers.jsonl", "--dry-run")["calls"] == 24
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 2, "give a file of answers, or --contexts"),
        (("none.jsonl",), 3, "no such file"),
        (("answers.jsonl", "--contexts", "asked.txt"), 2, "--contexts asks for answers"),
        (("--contexts", "asked.txt"), 2, "at least two contestants, found one: simulated"),
        (
            ("--contexts", "asked.txt", "--prompt", "x=A b c.", "--prompt", "x=D e f."),
            2,
            "two contestants are called 'x'",
        ),
        (("--contexts", "asked.txt", "--prompt", "none.txt"), 3, "no such file"),
        (("answers.jsonl", "--criterion", "warmth"), 2, "NAME=QUESTION"),
        (("answers.jsonl", "--by-hand"), 2, "--by-hand asks you"),
        (("--rate", "answers.jsonl"), 5, "judge_id"),
    ],
)
def test_mistakes_are_told_in_one_sentence(capsys: Capture, words: tuple[str, ...], code: int, says: str) -> None:
    assert says in data_of(capsys, *words, code=code)["error"]
    assert not Path("runs").exists()
