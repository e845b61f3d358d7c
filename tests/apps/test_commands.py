"""Every command once as a user would type it: one JSON document, the right exit code, files where it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personarium.apps.cli.application import COMMANDS, application
from personarium.core.chat import canonical_json

SELF = "I live in Rome. I have two cats. I work as a nurse."
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


def data_of(capsys: Capture, *arguments: str, code: int = 0) -> dict[str, Any]:
    """Run a command with --json and give its data."""
    assert application([*arguments, "--json"]) == code
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {"status", "data", "warnings"}
    assert document["status"] == ("ok" if code in (0, 1) else "error")
    found: dict[str, Any] = document["data"]
    return found


def test_systems_lists_the_catalogue(capsys: Capture) -> None:
    rows = data_of(capsys, "systems")["systems"]
    assert [row["slug"] for row in rows] == sorted(row["slug"] for row in rows)
    assert len(rows) >= 6
    assert application(["systems", "--errata"]) == 0
    assert "personagym / examples-joined" in capsys.readouterr().out


def test_an_unknown_system_is_not_found(capsys: Capture) -> None:
    assert "did you mean personagym" in data_of(capsys, "systems", "personagim", code=3)["error"]


def test_doctor_says_what_answers(capsys: Capture) -> None:
    found = data_of(capsys, "doctor", "--model", "simulated")
    assert found["models"][0]["status"] == "answers"
    assert found["packages"]["aiohttp"]


def test_doctor_exits_6_when_a_model_does_not_answer(capsys: Capture) -> None:
    assert application(["doctor", "--model", "ollama/none", "--base-url", "http://127.0.0.1:9/v1", "--json"]) == 6
    (entry,) = json.loads(capsys.readouterr().out)["data"]["models"]
    assert entry["status"] == "failed"
    assert entry["says"]


def test_make_keeps_every_quota(capsys: Capture, tmp_path: Path) -> None:
    found = data_of(capsys, "make", "example", "-n", "24", "-o", "people.jsonl")
    assert all(row["target"] == row["actual"] for row in found["quotas"])
    assert len((tmp_path / "people.jsonl").read_text().splitlines()) == 24


def test_play_keeps_dialogues_and_writes_a_report(capsys: Capture, tmp_path: Path) -> None:
    found = data_of(
        capsys, "play", SELF, "A loud chef from Naples who hates rain.", "--turns", "3", "-n", "2", "-o", "run"
    )
    assert (tmp_path / "run" / "report.html").exists()
    lines = (tmp_path / "run" / "dialogues.jsonl").read_text().splitlines()
    assert [len(json.loads(line)["utterances"]) for line in lines] == [6, 6]
    assert found["estimates"]["Turns of a dialogue"]["value"] == 6


def test_play_by_spasm_makes_its_own_clients(capsys: Capture, tmp_path: Path) -> None:
    found = data_of(capsys, "play", "--spasm", "2", "-n", "1", "--turns", "10", "-o", "run")
    assert found["stats"]["persona_count"] == 2
    assert (
        len((tmp_path / "run" / "conversations.jsonl").read_text().splitlines()) == found["stats"]["conversation_count"]
    )


def test_play_with_nobody_is_a_usage_error(capsys: Capture) -> None:
    assert "nobody to play" in data_of(capsys, "play", code=2)["error"]


def test_apc_of_a_reply_names_the_contradicted_statement(capsys: Capture) -> None:
    found = data_of(capsys, "measure", "apc", SELF, "--query", "Where do you live?", "--response", "I live in Oslo.")
    assert found["contradicted"] == ["I live in Rome."]
    assert "I live in Rome." in found["missed"]


def test_apc_and_drift_of_a_model(capsys: Capture) -> None:
    apc = data_of(capsys, "measure", "apc", SELF, "-o", "apc")
    assert apc["estimates"]["Gain for each relevant fact"]["n"] == 1
    drift = data_of(capsys, "measure", "drift", SELF, "--turns", "6", "-o", "drift", "--model", "simulated:patience=20")
    assert drift["estimates"]["Drift"]["value"] is not None


def test_rubric_scores_a_file(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "warm.yaml").write_text("criterion: Is it warm?\nlevels: [cold, cool, neutral, friendly, warm]\n")
    rows = [{"instruction": "How are you?", "response": f"Fine, and you? {k}", "human": k} for k in range(1, 5)]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = data_of(capsys, "measure", "rubric", "answers.jsonl", "--rubric", "warm.yaml", "-o", "run")
    assert len(found["grades"]) == 4
    assert "Pearson with people" in found["estimates"]
    (tmp_path / "broken.yaml").write_text("criterion: x\nlevels: [a, b, c, d]\n")
    assert "levels" in data_of(capsys, "measure", "rubric", "answers.jsonl", "--rubric", "broken.yaml", code=5)["error"]


def test_randomness_reads_a_table(capsys: Capture, tmp_path: Path) -> None:
    rows = [
        {"condition": c, "task_id": f"t{t}", "run": r, "success": (t * r + (c == "A")) % 2}
        for c in "AB"
        for t in range(8)
        for r in range(5)
    ]
    (tmp_path / "outcomes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = data_of(capsys, "measure", "randomness", "outcomes.jsonl")
    assert [c["condition"] for c in found["conditions"]] == ["A", "B"]
    assert application(["measure", "randomness", "outcomes.jsonl"]) == 0
    assert "A minus B" in capsys.readouterr().out


def test_calibrate_shows_measured_against_realised_truth(capsys: Capture) -> None:
    options = (
        "--knob",
        "fidelity=0,1",
        "-n",
        "6",
        "--questions",
        "2",
        "--equals",
        "3",
        "--estimator",
        "oracle",
        "-o",
        "run",
    )
    found = data_of(capsys, "calibrate", "apc", *options)["calibrations"]["apc"]
    low, high = found["points"]
    assert low["truth"]["value"] == 0.0
    assert high["truth"]["value"] == 1.0
    assert high["measured"]["value"] > low["measured"]["value"]
    assert {c["control"] for c in found["controls"]} >= {"simulated/mute", "simulated/copycat", "simulated/insider"}
    assert "says nothing about any language model" in found["sentence"]


def test_calibrate_varies_the_judge_of_an_instrument(capsys: Capture, tmp_path: Path) -> None:
    options = ("--knob", "position_bias=0,1", "-n", "8", "--equals", "2", "-o", "run")
    found = data_of(capsys, "calibrate", "pairwise", *options)["calibrations"]["pairwise"]
    none, much = found["knobs"]
    assert (none["planted"], round(much["planted"], 3)) == (0.5, 0.921)
    assert much["measured"]["value"] > 0.75
    assert {row["judge"]: row["verdict"] for row in found["broken"]}["simulated/first"] == "caught"
    page = (tmp_path / "run" / "report.html").read_text()
    assert "What fools this instrument: judges" in page
    assert "says nothing about any language model" in page
    assert application(["calibrate", "grades", "-n", "4", "--equals", "2", "-o", "again"]) == 0
    assert "What the judge was given" in capsys.readouterr().out


def test_calibrate_names_every_judge_based_instrument(capsys: Capture) -> None:
    from personarium.apps.cli.calibrate_judges import JUDGED
    from personarium.benchmarks.judge_instruments import INSTRUMENTS

    assert set(JUDGED) == set(INSTRUMENTS)
    planned = data_of(capsys, "calibrate", "judges", "--dry-run")
    assert [step["step"] for step in planned["steps"]] == [f"{name}: judge" for name in JUDGED]


def test_calibrate_refuses_what_it_does_not_know(capsys: Capture) -> None:
    assert "apc, drift, personagym" in data_of(capsys, "calibrate", "charm", code=2)["error"]
    assert "personafeedback" in data_of(capsys, "calibrate", "charm", code=2)["error"]
    assert "a verdict compares" in data_of(capsys, "calibrate", "pairwise", "--knob", "leniency=1", code=2)["error"]
    assert "--judge is left out" in data_of(capsys, "calibrate", "evolvr", "--judge", "simulated", code=2)["error"]
    assert "NAME=NUMBER" in data_of(capsys, "calibrate", "apc", "--knob", "fidelity=lots", code=2)["error"]


def test_report_is_written_again_and_the_table_exported(capsys: Capture, tmp_path: Path) -> None:
    data_of(capsys, "bench", "personagym", "-n", "1", "--task", "Toxicity", "-o", "run")
    (tmp_path / "run" / "report.html").unlink()
    found = data_of(capsys, "report", "run", "--export", "rows.csv")
    assert (tmp_path / found["report"]).exists()
    assert len((tmp_path / "rows.csv").read_text().splitlines()) >= 11
    assert data_of(capsys, "report", "nowhere", code=3)


def test_a_benchmark_run_shows_how_its_judge_was_calibrated(capsys: Capture, tmp_path: Path) -> None:
    options = ("bench", "personagym", "-n", "1", "--task", "Persona Consistency", "--calibrate")
    planned = data_of(capsys, *options, "--dry-run")
    expected = {step["step"]: step["calls"] for step in planned["steps"]}
    data_of(capsys, *options, "-o", "run")
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    titles = [section.get("title") for section in summary["sections"]]
    assert "Measured value against realised truth" in titles
    assert "What fools this instrument" in titles
    page = (tmp_path / "run" / "report.html").read_text()
    assert "simulated/copycat" in page
    (controls,) = [s for s in summary["sections"] if s.get("title") == "What fools this instrument"]
    subjects = 3 + 4 + len(controls["rows"]) - 1  # grid, equal subjects, controls (the first row is the honest one)
    assert expected["calibration.grade"] == 12 * subjects


def test_chat_reads_lines_and_goes_on_next_time(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    for turns in (2, 4):
        monkeypatch.setattr("sys.stdin", io.StringIO("Where do you live?\n"))
        assert data_of(capsys, "chat", SELF, "--history", "talk.jsonl")["turns"] == turns
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert data_of(capsys, "chat", SELF, "--history", "talk.jsonl", "--new")["turns"] == 0
    assert (tmp_path / "talk.1.jsonl").exists()


def test_demo_shows_planted_truth_beside_measured_value(capsys: Capture, tmp_path: Path) -> None:
    found = data_of(capsys, "demo", "--out", "demo")
    assert (tmp_path / "demo" / "report.html").exists()
    carried = found["planted"][0]
    assert carried["planted"] == 0.8
    assert carried["measured"]["lo"] <= carried["realised"] <= carried["measured"]["hi"]
    page = (tmp_path / "demo" / "report.html").read_text()
    assert "realised truth" in page
    assert "says nothing about any language model" in page


DRY = {
    "demo": (),
    "play": (SELF,),
    "chat": (SELF,),
    "calibrate": ("all",),
    "bench personagym": ("-n", "2"),
    "measure apc": (SELF,),
    "measure drift": (SELF,),
    "measure rubric": ("--rubric", "r.yaml", "--instruction", "Hi", "--response", "Hello"),
}


@pytest.mark.parametrize("command", DRY)
def test_dry_run_asks_nobody_and_writes_nothing(command: str, capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("criterion: Is it warm?\nlevels: [cold, cool, neutral, friendly, warm]\n")
    before = sorted(tmp_path.rglob("*"))
    found = data_of(capsys, *command.split(), *DRY[command], "--dry-run")
    assert sorted(tmp_path.rglob("*")) == before
    if command == "chat":
        assert found["messages"][0]["role"] == "system"
    else:
        assert found["calls"] > 0
        assert found["prompt_tokens"] > 0
    assert canonical_json(found)


def test_every_command_has_help_with_an_example(capsys: Capture) -> None:
    for group, name, _, _ in COMMANDS:
        assert application([*(group and [group]), name, "--help"]) == 0
        assert "Example: personarium" in capsys.readouterr().out, name
