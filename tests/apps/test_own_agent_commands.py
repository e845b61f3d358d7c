"""Own agents and own questions on the command line: told nothing, judged as their persona, failures with a reason."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from personarium.apps.cli.application import application

SELF = "I live in Rome. I have two cats. I work as a nurse."
HONEST = """
HEARD = []

def reply(messages):
    HEARD.append(messages)
    return "I live in Rome with my two cats, and I work as a nurse."

async def strange(dialogue, session_id=""):
    return "I live in Oslo, and I never had a cat."

def broken(messages):
    raise ValueError("no brain today")
"""
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "their_bot.py").write_text(HONEST, encoding="utf-8")
    sys.modules.pop("their_bot", None)


def data_of(capsys: Capture, *arguments: str, code: int = 0) -> dict[str, Any]:
    assert application([*arguments, "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)["data"]
    return found


def calls(run: str = "run") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(run, "calls.jsonl").read_text(encoding="utf-8").splitlines()]


def asked_of(role: str, run: str = "run") -> list[str]:
    return [json.dumps(call["messages"]) for call in calls(run) if call["role"] == role]


def write_questions(*rows: dict[str, Any]) -> None:
    Path("mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


BENCH = ("bench", "personagym", "--persona", SELF, "--task", "Persona Consistency", "-o", "run")


def test_bench_tells_the_judge_and_not_the_agent(capsys: Capture) -> None:
    found = data_of(capsys, *BENCH, "--agent", "their_bot:reply")
    assert found["questions"] == 10
    assert found["estimates"]["Persona Consistency"]["n"] == 10
    assert len(asked_of("player")) == 10
    assert not any("Rome" in told or '"system"' in told for told in asked_of("player"))
    assert all("I live in Rome." in told for told in asked_of("judge") if "final score" in told)


def test_bench_of_an_agent_that_answers_for_somebody_else_scores_lower(capsys: Capture) -> None:
    write_questions({"question": "Where do you live?"}, {"question": "Do you have a cat?"})
    own = data_of(capsys, *BENCH, "--questions", "mine.jsonl", "--agent", "their_bot:reply")
    strange = ("--questions", "mine.jsonl", "--agent", "their_bot:strange", "-o", "run2")
    other = data_of(capsys, *BENCH[:-2], *strange)
    scores = [found["estimates"]["Persona Consistency"]["value"] for found in (own, other)]
    assert scores[0] >= 4 > 2 >= scores[1]


def test_the_baseline_of_an_agent_is_another_persona_at_the_judge_and_asks_the_agent_nothing(capsys: Capture) -> None:
    found = data_of(capsys, *BENCH, "--agent", "their_bot:reply", "--baselines")
    assert list(found["baselines"]) == ["the same answers, judged as another persona's"]
    assert len(asked_of("player")) == 10


def test_errors_of_an_agent_are_failures_with_a_reason_and_never_a_score(capsys: Capture) -> None:
    found = data_of(capsys, *BENCH, "--agent", "their_bot:broken", code=1)
    assert found["failures"] == {"error": 10}
    assert found["estimates"]["PersonaScore"]["value"] is None
    reasons = [json.loads(line)["reason"] for line in Path("run/failures.jsonl").read_text().splitlines()]
    assert reasons == ["agent/their_bot:broken raised ValueError: 'no brain today'"] * 10
    assert application([*BENCH, "--agent", "their_bot:broken"]) == 1
    assert "no brain today" in capsys.readouterr().err


def test_apc_and_drift_measure_an_agent(capsys: Capture) -> None:
    apc = data_of(capsys, "measure", "apc", SELF, "--agent", "their_bot:reply", "-o", "apc")
    assert apc["scores"][0]["value"] > 0
    assert not any("two cats" in told or "nurse" in told for told in asked_of("player", "apc"))
    worse = data_of(capsys, "measure", "apc", SELF, "--agent", "their_bot:strange", "-o", "worse")
    assert worse["scores"][0]["value"] < apc["scores"][0]["value"]
    drift = data_of(capsys, "measure", "drift", SELF, "--agent", "their_bot:reply", "--turns", "3", "-o", "drift")
    assert drift["scores"][0]["value"] == pytest.approx(0.0, abs=1e-9)
    assert not any('"system"' in told for told in asked_of("player", "drift"))


def test_play_lets_an_agent_talk_to_a_persona_and_measures_its_drift(capsys: Capture) -> None:
    other = "A loud chef from Naples who hates rain."
    found = data_of(capsys, "play", SELF, other, "--agent", "their_bot:reply", "--turns", "3", "-o", "run")
    assert [row["turns"] for row in found["measures"]] == [3, 3]
    assert all(row["drift"] is not None for row in found["measures"])
    assert not any('"system"' in told for told in asked_of("player"))
    assert all("loud chef" in told for told in asked_of("partner"))


def test_calibrate_shows_where_the_agent_lies(capsys: Capture) -> None:
    size = ("-n", "4", "--questions", "3", "--equals", "2", "--no-controls", "--knob", "fidelity=0,1")
    found = data_of(
        capsys, "calibrate", "personagym", "--persona", SELF, "--agent", "their_bot:reply", *size, "-o", "run"
    )
    (place,) = found["agent"]
    assert place["instrument"] == "personagym: Persona Consistency"
    assert place["nearest"] == "fidelity=1"
    assert place["estimate"]["n"] == 3
    assert "Your agent among the simulated subjects" in Path("run/report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("bench", "personagym", "--agent", "their_bot:reply"), "plays one character, found 5 personas"),
        (("bench", "personagym", "--stateful"), "name it with --agent"),
        (("measure", "apc", SELF, "--agent-model", "x"), "name it with --agent"),
        (("calibrate", "apc", "--agent", "their_bot:reply"), "--agent and --persona belong together"),
        (("calibrate", "apc", "-p", SELF, "--agent", "their_bot:reply", "--estimator", "oracle"), "keyed world only"),
    ],
)
def test_calls_that_make_no_sense_are_usage_errors(capsys: Capture, arguments: tuple[str, ...], said: str) -> None:
    assert said in data_of(capsys, *arguments, code=2)["error"]


def test_an_agent_that_is_not_there_is_not_found_and_leaves_no_run(capsys: Capture, tmp_path: Path) -> None:
    assert "has no 'nobody'" in data_of(capsys, *BENCH, "--agent", "their_bot:nobody", code=3)["error"]
    assert not (tmp_path / "run").exists()


# -- questions


def test_written_questions_are_stored_and_asked_again(capsys: Capture) -> None:
    data_of(capsys, *BENCH, "--agent", "their_bot:reply")
    stored = [json.loads(line) for line in Path("run/questions.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["index"] for row in stored] == list(range(10))
    again = ("bench", "personagym", "--persona", SELF, "--task", "Persona Consistency", "--model", "simulated")
    data_of(capsys, *again, "--questions", "run/questions.jsonl", "-o", "again")
    assert Path("again/questions.jsonl").read_bytes() == Path("run/questions.jsonl").read_bytes()
    assert not any(call["step"] == "personagym.questions" for call in calls("again"))


def test_own_questions_may_name_task_and_persona_or_neither(capsys: Capture) -> None:
    write_questions(
        {"question": "Where do you live?"},
        {"question": "Where do you live?"},
        {"question": "What would you do at a wedding?", "task": "Expected Action"},
        {"question": "Not for me", "persona_id": "somebody-else"},
    )
    bench = ("bench", "personagym", "--persona", SELF, "--questions", "mine.jsonl")
    assert application([*bench, "-o", "told", "--json"]) == 0
    warnings = json.loads(capsys.readouterr().out)["warnings"]
    assert any("2 lines of mine.jsonl are not asked" in text for text in warnings)
    found = data_of(capsys, *bench, "-o", "run")
    assert found["questions"] == 2
    asked = {name: estimate["n"] for name, estimate in found["estimates"].items()}
    assert asked == {"PersonaScore": 1, "Expected Action": 1, "Persona Consistency": 1}


def test_a_text_file_of_questions_works_and_other_questions_are_another_run(capsys: Capture) -> None:
    Path("q.txt").write_text("Where do you live?\n\nWho are you?\n", encoding="utf-8")
    arguments = ("bench", "personagym", "-p", SELF, "--questions", "q.txt", "--task", "Toxicity")
    first = data_of(capsys, *arguments)
    assert first["questions"] == 2
    Path("q.txt").write_text("Where do you work?\n", encoding="utf-8")
    assert data_of(capsys, *arguments)["run"] != first["run"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1]\n", "mine.jsonl:1"),
        ('{"question": ""}\n', "field 'question'"),
        ('{"question": "a"}\n{"question": "b", "task": "Nonsense"}\n', "mine.jsonl:2"),
        ('{"question": "a", "persona_id": "x"}\n', "questions for persona"),
        ("", "an empty file"),
    ],
)
def test_a_bad_file_of_questions_is_named_with_line_and_field(capsys: Capture, text: str, said: str) -> None:
    Path("mine.jsonl").write_text(text, encoding="utf-8")
    assert said in data_of(capsys, "bench", "personagym", "-p", SELF, "--questions", "mine.jsonl", code=5)["error"]


def test_a_dry_run_with_own_questions_counts_their_calls(capsys: Capture) -> None:
    write_questions(*({"question": f"Question {k}?", "task": "Toxicity"} for k in range(7)))
    plan = data_of(
        capsys,
        "bench",
        "personagym",
        "-p",
        SELF,
        "--questions",
        "mine.jsonl",
        "--dry-run",
        "--agent",
        "their_bot:reply",
    )
    counted = {step["step"]: step["calls"] for step in plan["steps"]}
    assert counted == {"personagym.answer": 7, "personagym.examples": 2, "personagym.grade": 2}


# -- any rubric


WARM = """criterion: Does the answer say in which city the person lives?
levels:
  1: It says nothing of the city.
  2: It names another city.
  3: It hints at the city.
  4: It names the region.
  5: It names the city.
"""


def test_a_rubric_scores_the_answers_of_an_agent_to_own_questions(capsys: Capture) -> None:
    Path("warm.yaml").write_text(WARM, encoding="utf-8")
    write_questions({"question": "Where do you live?"}, {"question": "Do you like Rome?"})
    asked = ("measure", "rubric", "--rubric", "warm.yaml", "-p", SELF, "--questions", "mine.jsonl")
    found = data_of(capsys, *asked, "--agent", "their_bot:reply", "-o", "run")
    assert [grade["value"] is not None for grade in found["grades"]] == [True, True]
    assert not any("nurse" in told for told in asked_of("player"))
    assert all("the person lives?" in told and "I live in Rome with" in told for told in asked_of("judge"))
    broken = data_of(capsys, *asked, "--agent", "their_bot:broken", "-o", "broken", code=1)
    assert broken["grades"] == []


def test_a_dry_run_of_a_rubric_on_a_player_counts_both_sides(capsys: Capture) -> None:
    Path("warm.yaml").write_text(WARM, encoding="utf-8")
    arguments = ("measure", "rubric", "--rubric", "warm.yaml", "-p", SELF, "--samples", "2", "--dry-run")
    plan = data_of(capsys, *arguments)
    assert {step["step"]: step["calls"] for step in plan["steps"]} == {"play.interview": 3, "prometheus.absolute": 6}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-p", SELF), "needs --rubric"),
        (("-p", SELF, "--rubric", "warm.yaml", "--response", "x"), "leave out the file"),
        (("--rubric", "warm.yaml", "--agent", "their_bot:reply"), "need --persona"),
    ],
)
def test_a_rubric_and_a_player_that_do_not_fit_are_usage_errors(
    capsys: Capture, arguments: tuple[str, ...], said: str
) -> None:
    Path("warm.yaml").write_text(WARM, encoding="utf-8")
    assert said in data_of(capsys, "measure", "rubric", *arguments, code=2)["error"]
