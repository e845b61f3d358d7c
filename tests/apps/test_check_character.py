"""``check-character`` as a user types it: three exits, own agent, own questions, budget, resume, what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personarium.apps.cli.application import application
from personarium.measure import keyed_world
from personarium.runs import read_run
from personarium.testing.stub import stub_process

Capture = pytest.CaptureFixture[str]
ASKED = ("check-character", "-p", "person.json", "--questions", "q.jsonl", "--judge", "simulated:seed=900001")
SELF = "I live in Rome. I have two cats. I work as a nurse."


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder with a character of 50 known facts, and a question about each of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    world = keyed_world(1, attributes=50, questions=50)
    world.personas[0].save(tmp_path / "person.json")
    write_questions(tmp_path / "q.jsonl", 50)


def write_questions(path: Path, number: int) -> None:
    world = keyed_world(1, attributes=50, questions=50)
    lines = [json.dumps({"question": q}) for q in world.questions[world.personas[0].id][:number]]
    path.write_text("\n".join(lines) + "\n")


def checked(capsys: Capture, *arguments: str, code: int) -> dict[str, Any]:
    """Run with --json; gives the data."""
    assert application([*arguments, "--json"]) == code
    document = json.loads(capsys.readouterr().out)
    found: dict[str, Any] = document["data"]
    return found


def said(capsys: Capture, *arguments: str, code: int) -> str:
    assert application(arguments) == code
    return capsys.readouterr().out


def calls_of(folder: str) -> list[str]:
    return [call["key"] for call in read_run(folder).calls()]


def test_a_good_agent_passes_with_exit_0(capsys: Capture) -> None:
    found = checked(capsys, *ASKED, "--at-least", "4.2", "--model", "simulated:fidelity=1,seed=3", code=0)
    assert (found["result"], found["stopped"]) == ("pass", "decided")
    estimate = found["estimates"]["True to character"]
    assert estimate["lo"] >= 4.2
    assert (estimate["unit"], estimate["confidence"]) == ("question", 0.9)
    assert found["asked"] < 50  # it stopped as soon as it was sure
    assert found["calls"] == 3 * found["asked"]
    assert Path(found["report"]).exists()


def test_a_bad_agent_is_below_with_exit_1_and_the_interval(capsys: Capture) -> None:
    found = checked(capsys, *ASKED, "--at-least", "4.2", "--model", "simulated:fidelity=0.4,seed=3", code=1)
    assert found["result"] == "fail"
    assert 1 <= found["estimate"]["lo"] < found["estimate"]["hi"] <= 4.2
    assert "--out" in found["next"]


def test_not_enough_evidence_is_exit_4_and_the_further_questions_decide(capsys: Capture) -> None:
    asked = (*ASKED, "--at-least", "4", "--model", "simulated:fidelity=1,seed=3", "--out", "run")
    first = checked(capsys, *asked, "--max-items", "10", code=4)
    assert (first["result"], first["stopped"], first["asked"]) == ("undecided", "limit", 10)
    assert 1 <= first["more_items"] <= 40
    wanted = 10 + first["more_items"]
    assert first["next"].startswith(f"about {first['more_items']} question")
    assert first["next"].endswith(f"repeat the command with --max-items {wanted}")
    second = checked(capsys, *asked, "--max-items", str(wanted), code=0)
    assert second["scores"][:10] == first["scores"]
    assert len(calls_of("run")) == len(set(calls_of("run"))) == 3 * second["asked"]  # nothing was asked twice


def test_questions_added_to_the_file_come_after_those_that_were_asked(capsys: Capture, tmp_path: Path) -> None:
    asked = (*ASKED, "--at-least", "4", "--model", "simulated:fidelity=1,seed=3", "--out", "run")
    write_questions(tmp_path / "q.jsonl", 10)
    first = checked(capsys, *asked, code=4)
    assert first["stopped"] == "items"
    assert "add them to q.jsonl" in first["next"]
    write_questions(tmp_path / "q.jsonl", 50)
    second = checked(capsys, *asked, code=0)
    assert second["scores"][:10] == first["scores"]
    assert len(calls_of("run")) == 3 * second["asked"]


def test_without_a_file_the_judge_writes_and_the_questions_are_kept(capsys: Capture) -> None:
    asked = ("check-character", "-p", SELF, "--at-least", "2", "--model", "simulated:fidelity=1,seed=3")
    found = checked(capsys, *asked, "--out", "run", code=0)
    kept = [json.loads(line)["question"] for line in Path("run/questions.jsonl").read_text().splitlines()]
    assert len(kept) == len(set(kept)) == found["asked"]
    again = checked(capsys, *asked, "--questions", "run/questions.jsonl", "--out", "again", code=0)
    assert again["result"] == "pass"


def test_an_own_agent_is_asked_without_the_persona_and_its_errors_decide_nothing(capsys: Capture) -> None:
    Path("bot.py").write_text(
        "heard = []\n"
        "def honest(messages):\n"
        "    heard.append(messages)\n"
        "    assert [m['role'] for m in messages] == ['user'], messages\n"
        "    return 'I would rather talk about something else, if you do not mind.'\n"
        "def broken(messages):\n"
        "    raise ValueError('no database')\n"
    )
    below = checked(capsys, *ASKED, "--at-least", "4.2", "--agent", "bot.py:honest", code=1)
    assert below["failures"] == {}
    broken = checked(capsys, *ASKED, "--at-least", "4.2", "--agent", "bot.py:broken", code=4)
    assert (broken["result"], broken["stopped"], broken["scores"]) == ("undecided", "failures", [])
    assert broken["failures"] == {"error": broken["asked"]}
    assert "no database" in broken["problems"][0]["reason"]


def test_a_cost_limit_ends_it_undecided_and_a_higher_one_goes_on(capsys: Capture) -> None:
    Path("prices.yaml").write_text("m: [10, 10]\n")
    with stub_process("--reply", "Well said. Therefore, the final score is 5.") as url:
        asked = (
            *("check-character", "-p", "person.json", "--questions", "q.jsonl", "--at-least", "4.2"),
            *("--model", "simulated:fidelity=1,seed=3", "--judge", "openai/m", "--judge-base-url", url),
            *("--prices", "prices.yaml", "--out", "run", "--concurrency", "1"),
        )
        low = checked(capsys, *asked, "--max-cost", "0.1", code=4)
        assert (low["result"], low["stopped"]) == ("undecided", "budget")
        assert 0 < low["cost_usd"] <= 0.1
        assert read_run("run").status == "interrupted"
        assert "higher --max-cost" in low["next"]
        high = checked(capsys, *asked, "--max-cost", "5", code=0)
        unpriced = checked(capsys, *(a for a in asked if a not in ("--prices", "prices.yaml")), code=0)
    assert unpriced["cost_usd"] is None  # the player's price alone is not the price
    assert high["scores"][: len(low["scores"])] == low["scores"]
    assert len(calls_of("run")) == len(set(calls_of("run")))


def test_the_terminal_says_verdict_interval_n_cost_and_what_to_do(capsys: Capture) -> None:
    passes = said(capsys, *ASKED, "--at-least", "4.2", "--model", "simulated:fidelity=1,seed=3", code=0)
    assert passes.startswith("passes  4.")
    assert "(95 % sure of each end)" in passes
    assert "nothing: the gate is open" in passes
    below = said(capsys, *ASKED, "--at-least", "4.2", "--model", "simulated:fidelity=0.4,seed=3", code=1)
    assert below.startswith("below  ")
    open_ = said(
        capsys, *ASKED, "--at-least", "4", "--max-items", "10", "--model", "simulated:fidelity=1,seed=3", code=4
    )
    assert open_.startswith("not enough evidence  ")
    for text in (passes, below, open_):
        lines = {line.split("  ")[0].strip() for line in text.splitlines()}
        assert {"who", "score", "questions", "cost", "next", "report"} <= lines
        assert max(map(len, text.splitlines())) <= 80


def test_refusals_are_failures_and_too_many_leave_it_open(capsys: Capture) -> None:
    found = checked(capsys, *ASKED, "--at-least", "4.2", "--model", "simulated:refusal=0.6,seed=3", code=4)
    assert found["failures"] == {"refused": len(found["problems"])}
    assert "more than 20 %" in found["reasons"][0]
    assert found["next"].startswith("see in the report what failed")


def test_a_dry_run_shows_the_most_calls_and_asks_nobody(capsys: Capture) -> None:
    found = checked(capsys, *ASKED, "--at-least", "4.2", "--max-items", "20", "--dry-run", code=0)
    assert found["calls"] == 60
    assert not Path("runs").exists()


def test_the_report_has_the_path_of_the_interval_and_the_worst_answers(capsys: Capture) -> None:
    checked(capsys, *ASKED, "--at-least", "4.2", "--model", "simulated:fidelity=0.4,seed=3", "--out", "run", code=1)
    record = read_run("run")
    assert record.summary is not None
    assert [s["kind"] for s in record.summary["sections"]] == ["curve", "worst_answers"]
    assert record.summary["result"] == "fail"
    points = record.summary["sections"][0]["series"][0]["points"]
    assert len(points) == record.table().height
    assert "True to character" in Path("run/report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--at-least", "5"), 2, "strictly between 1 and 5"),
        (("--at-least", "4", "--confidence", "0.4"), 2, "more than 0.5"),
        (("--at-least", "4", "--task", "Kindness"), 2, "Kindness"),
        (("--at-least", "4", "-p", "none.png"), 3, "none.png"),
        (("--at-least", "4", "--questions", "none.jsonl"), 3, "none.jsonl"),
        (("--at-least", "4", "--questions", "broken.jsonl"), 5, "broken.jsonl"),
        (("--at-least", "4", "-p", "two.jsonl"), 2, "one character"),
    ],
)
def test_mistakes_have_their_exit_codes(capsys: Capture, arguments: tuple[str, ...], code: int, says: str) -> None:
    Path("broken.jsonl").write_text('{"question": 3}\n')
    row = json.dumps(json.loads(Path("person.json").read_text()))
    Path("two.jsonl").write_text(f"{row}\n{row.replace('keyed-000', 'keyed-001')}\n")
    assert says in checked(capsys, *ASKED, *arguments, code=code)["error"]


@pytest.mark.slow  # six tries with growing pauses; tests/benchmarks/test_personagym_items.py has the short version
def test_a_writer_that_is_not_there_is_exit_6(capsys: Capture) -> None:
    asked = ("check-character", "-p", SELF, "--at-least", "4", "--judge", "ollama/none")
    found = checked(capsys, *asked, "--judge-base-url", "http://127.0.0.1:9/v1", code=6)
    assert "no questions could be written" in found["error"]
