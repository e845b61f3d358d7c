"""``personarium compare``: models, own agents and files; resumable; a report; mistakes named."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import typer

from personarium.apps.cli.compare import compare
from personarium.apps.cli.compare_sources import is_own_agent, personagym_items

Capture = pytest.CaptureFixture[str]
GOOD, WEAK, EQUAL = (f"simulated:fidelity={f},seed={k}" for f, k in ((0.95, 1), (0.3, 2), (0.3, 3)))
BOT = """
def good(messages):
    return "I live in Norwich and I work as a potter; I have two cats."

def vague(messages):
    return "It depends on many things."
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")


def run(*arguments: str) -> int:
    app = typer.Typer()
    app.command()(compare)
    try:
        app(list(arguments), standalone_mode=False)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def document(capsys: Capture, *arguments: str, code: int = 0) -> dict[str, Any]:
    assert run(*arguments, "--json") == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def write(name: str, *rows: dict[str, Any]) -> str:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return name


def calls(folder: str = "run") -> int:
    return len(Path(folder, "calls.jsonl").read_text(encoding="utf-8").splitlines())


def test_three_models_on_personagym(capsys: Capture) -> None:
    arguments = (GOOD, WEAK, EQUAL, "--on", "personagym", "--task", "Persona Consistency", "-n", "40", "-o", "run")
    first = document(capsys, *arguments)
    data = first["data"]
    assert data["best"] == GOOD
    assert len(data["pairs"]) == 3
    assert [s["name"] for s in data["standings"] if s["baseline"]]
    assert {p["b"] for p in data["against_baselines"]} == {"no persona", "shuffled persona"}
    assert data["judge"]["admission"]["admitted"] is False
    assert data["worst"][0]["reply_a"] and data["worst"][0]["reply_b"]
    assert any("not admitted" in text for text in first["warnings"])
    page = Path("run/report.html").read_text(encoding="utf-8")
    for title in ("Where each stands", "Pair by pair", "Worst disagreements", "What would settle it"):
        assert title in page
    before = calls()
    again = document(capsys, *arguments)["data"]
    assert again["pairs"] == data["pairs"]
    assert calls() == before  # nothing was asked again


def test_why_scores_are_missing_is_said(capsys: Capture) -> None:
    Path("p.txt").write_text("I am a baker from Bern. I love the sea.", encoding="utf-8")
    models = ("simulated", "simulated:fidelity=0.5,seed=1")
    found = document(capsys, *models, "--on", "apc", "--persona", "p.txt", code=1)
    assert found["data"]["refusals"] == [f"{name} has no score at all" for name in models]
    (said,) = [text for text in found["warnings"] if text.startswith("scores are missing")]
    assert "mostly: no statement is relevant to this question" in said


def test_the_tables_are_for_people(capsys: Capture) -> None:
    assert run(GOOD, WEAK, "--on", "personagym", "--task", "Persona Consistency", "-n", "24") == 0
    shown = capsys.readouterr().out
    for text in ("On 24 items", "p (Holm)", "is best", "Furthest apart", "report"):
        assert text in shown


def test_own_agents_as_one_character(capsys: Capture) -> None:
    Path("their_compared_bot.py").write_text(BOT, encoding="utf-8")
    persona = "I live in Norwich. I work as a potter. I have two cats."
    arguments = (
        "their_compared_bot.py:good",
        "their_compared_bot.py:vague",
        "--on",
        "personagym",
        "--persona",
        persona,
    )
    data = document(capsys, *arguments, "-n", "20", "--task", "Persona Consistency")["data"]
    assert data["leader"] == "their_compared_bot.py:good"
    assert data["against_baselines"] == []
    assert data["pairs"][0]["test"]["effect"]["unit"] == "question"


def test_own_questions_are_asked_and_judged_in_both_orders(capsys: Capture) -> None:
    people = ("I live in Norwich.", "I live in Leeds.", "I live in Bergen.")
    file = write("q.jsonl", *({"question": "Where do you live?", "persona": p, "persona_id": p} for p in people))
    one, two = "simulated:fidelity=1,seed=1", "simulated:fidelity=0,seed=2"
    data = document(capsys, one, two, "--on", file, "-o", "run")["data"]
    assert data["leader"] == one
    assert data["judge"]["position"]["balanced"] is True
    assert data["savings"]["naive_calls"] == 2 * data["savings"]["calls"]
    graded = document(capsys, one, two, "--on", file, "--pointwise", "--no-baselines")["data"]
    assert graded["scale"]["hi"] == 5.0
    assert graded["against_baselines"] == []


def test_files_of_scores_without_any_model(capsys: Capture) -> None:
    rng = random.Random(1)
    for name, share in (("mine", 0.9), ("yours", 0.5)):
        write(f"{name}.jsonl", *({"item": k, "score": float(rng.random() < share)} for k in range(200)))
    found = document(capsys, "mine.jsonl", "yours.jsonl", "-o", "run")
    assert found["data"]["best"] == "mine"
    assert found["warnings"] == []
    assert found["data"]["judge"] is None
    assert not Path("run/calls.jsonl").exists() or calls() == 0
    assert Path("run/results.parquet").is_file()


def test_a_file_that_names_its_contestants(capsys: Capture) -> None:
    rows = [{"item": k, "agent": a, "score": s + k % 2} for k in range(20) for a, s in (("a", 3), ("b", 1), ("c", 2))]
    data = document(capsys, "b", "a", "--on", write("all.csv.jsonl", *rows), "--scale", "5,1")["data"]
    assert data["best"] == "b"  # lower is better
    assert run("a", "z", "--on", "all.csv.jsonl") == 3
    assert "no contestant 'z'" in capsys.readouterr().err


def test_files_of_replies_are_judged_and_a_useless_judge_names_no_winner(capsys: Capture) -> None:
    told = {"persona": "I live in Norwich. I have two cats."}
    asked = [{**told, "question": f"Where do you live? ({k})"} for k in range(12)]
    mine = write("mine.jsonl", *({**q, "response": "I live in Norwich with two cats."} for q in asked))
    yours = write("yours.jsonl", *({**q, "response": "Hard to say."} for q in asked))
    good = document(capsys, mine, yours, "--judge", "simulated:seed=4")["data"]
    assert (good["best"], good["refusals"]) == ("mine", [])
    bad = document(capsys, mine, yours, "--judge", "simulated/first")
    assert bad["data"]["best"] is None
    assert "contradicts itself when the order is turned" in bad["data"]["statement"]
    nobody = document(capsys, mine, yours, "--judge", "simulated/unparsable", code=1)
    assert "no verdict that could be read" in nobody["data"]["refusals"][0]


def test_what_is_known_of_the_judge_is_shown(capsys: Capture) -> None:
    from personarium.core.results import Estimate
    from personarium.judges import AdmissionRecord

    pearson = Estimate(0.81, 0.7, 0.9, 50, "item", "Pearson")
    record = AdmissionRecord("simulated:seed=4", "prometheus", 50, "human", {"pearson": pearson})
    admission = write("admission.json", record.as_dict())
    asked = [{"question": f"Where? ({k})"} for k in range(10)]
    mine = write("mine.jsonl", *({**q, "response": "Here and there."} for q in asked))
    yours = write("yours.jsonl", *({**q, "response": "Nowhere."} for q in asked))
    found = document(capsys, mine, yours, "--admission", admission, "--no-baselines")
    assert found["data"]["judge"]["admission"]["statement"].startswith("simulated:seed=4 on prometheus against human")
    assert not any("not admitted" in text for text in found["warnings"])
    assert run(mine, yours, "--admission", mine) == 5


def test_a_dry_run_asks_nobody(capsys: Capture, tmp_path: Path) -> None:
    found = document(capsys, GOOD, WEAK, "--on", "personagym", "-n", "10", "--dry-run")
    assert found["data"]["calls"] == 10 * 4 * 3  # two contestants and two baselines: answer, examples, grade
    file = write("q.jsonl", {"question": "Where?"}, {"question": "Who?"})
    found = document(capsys, GOOD, WEAK, "--on", file, "--dry-run")
    steps = {(step["step"], step["calls"]) for step in found["data"]["steps"]}
    assert ("play.interview", 2) in steps
    assert list(tmp_path.iterdir()) == [tmp_path / "q.jsonl"]


def test_simulated_contestants_of_one_seed_are_warned_of(capsys: Capture) -> None:
    found = document(
        capsys, "simulated:fidelity=0.9", "simulated:fidelity=0.8", "--on", "personagym", "-n", "4", "--no-baselines"
    )
    assert any("of one seed draw alike" in text for text in found["warnings"])


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (("a",), "at least two contestants, found 'a' alone", 2),
        (("a", "a", "--on", "personagym"), "'a' is named twice", 2),
        (("a", "b"), "say what the contestants are compared on", 2),
        (("a", "b", "--on", "none.jsonl"), "there is no file none.jsonl", 2),
        (("their.py:bot", "simulated", "--on", "personagym"), "an own agent plays one character", 2),
        (("simulated", "simulated:seed=2", "--on", "apc"), "name them with --persona", 2),
        (("a", "b", "--on", "personagym", "--rubric", "r", "--criterion", "c"), "leave out --criterion or --rubric", 2),
        (("simulated", "simulatd", "--on", "personagym"), "did you mean simulated", 2),
    ],
)
def test_mistakes_are_named(
    capsys: Capture, tmp_path: Path, arguments: tuple[str, ...], message: str, code: int
) -> None:
    assert run(*arguments) == code
    assert message in capsys.readouterr().err.replace("\n", " ")
    assert list(tmp_path.iterdir()) == []


def test_what_is_an_own_agent() -> None:
    for agent in ("bot:reply", "path/bot.py:reply", "http://127.0.0.1:8000/v1", "my.package.bot:Reply"):
        assert is_own_agent(agent)
    for model in ("simulated:fidelity=0.9", "ollama/llama3:latest", "openai/gpt-4o", "simulated", "hf/some/model:main"):
        assert not is_own_agent(model)


def test_questions_are_spread_over_personas() -> None:
    people, asked = personagym_items(30, ["Toxicity"], 0)
    assert len(people) == 30
    assert all(sum(map(len, by_task.values())) == 1 for by_task in asked.values())
    many, more = personagym_items(450, ["Toxicity"], 0)
    assert len(many) == 200
    assert sum(len(q) for by_task in more.values() for q in by_task.values()) == 450
