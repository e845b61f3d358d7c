"""Issue 3, done when 2: ``chat``, ``bench`` and ``measure`` from a PNG card against a foreign HTTP agent, with and without
a memory of its own; and the gate on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from e2e.foreign_agent import ForeignAgent, serving
from e2e.user import Ended, calls, personarium
from personarium.core import Card, save_card

DESCRIPTION = (
    "{{char}} lives in Bergen. {{char}} keeps eleven hives on a roof. {{char}} is afraid of the sea. "
    "{{char}} plays the accordion at weddings."
)
# What the agent itself was told, by its owner; the card above is what its owner says of it.
PROMPT = (
    "My name is Torill. I live in Bergen. I keep eleven hives on a roof. I am afraid of the sea. "
    "I play the accordion at weddings."
)
STRANGER = "My name is Otto. I live in Vienna. I sell umbrellas. I love sailing. I play the drums."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = {"name": "Torill", "description": DESCRIPTION, "first_mes": "Mind the bees, {{user}}.", "tags": ["bees"]}
    card = Card.from_object({"spec": "chara_card_v2", "spec_version": "2.0", "data": data})
    save_card(card, tmp_path / "torill.png")
    assert (tmp_path / "torill.png").read_bytes().startswith(b"\x89PNG")
    return tmp_path


@pytest.fixture(params=[False, True], ids=["stateless", "stateful"])
def stateful(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def against(agent: ForeignAgent, *arguments: str, cwd: Path, stdin: str = "") -> Ended:
    more = ("--stateful",) if agent.stateful else ()
    return personarium(*arguments, "--agent", agent.base_url, *more, cwd=cwd, stdin=stdin)


def told_nothing(agent: ForeignAgent) -> bool:
    """Whether no sentence of the card reached the agent (a question may name what it asks about)."""
    heard = [m["content"] for body in agent.requests for m in body["messages"] if m["role"] != "assistant"]
    told = ("Torill lives", "Torill keeps", "Torill is afraid", "Torill plays", "Mind the bees", "character")
    return bool(heard) and not any(words in text for words in told for text in heard)


def test_chat_talks_to_the_agent_and_goes_on_with_it(folder: Path, stateful: bool) -> None:
    with serving(ForeignAgent(PROMPT, stateful=stateful)) as agent:
        talk = ("chat", "torill.png", "--history", "talk.jsonl", "--json")
        first = against(agent, *talk, cwd=folder, stdin="Where do you live?\n").document["data"]
        again = against(agent, *talk, cwd=folder, stdin="What are you afraid of?\n").document["data"]
    assert (first["turns"], again["turns"]) == (2, 4)
    assert first["failures"] == again["failures"] == 0
    assert "Bergen" in first["last"]
    assert told_nothing(agent)
    assert len({body["session"] for body in agent.requests}) == 1
    assert [len(body["messages"]) for body in agent.requests] == ([1, 1] if stateful else [1, 3])


def test_bench_measures_the_agent_by_the_card_that_only_the_judge_sees(folder: Path, stateful: bool) -> None:
    (folder / "questions.txt").write_text("Where do you live?\nWhat are you afraid of?\n", encoding="utf-8")
    bench = ("bench", "personagym", "--persona", "torill.png", "--questions", "questions.txt", "--json")
    task = ("--task", "Persona Consistency")
    scores = []
    for prompt in (PROMPT, STRANGER):
        with serving(ForeignAgent(prompt, stateful=stateful)) as agent:
            ended = against(agent, *bench, *task, "--out", f"run-{len(scores)}", cwd=folder)
        assert ended.code == 0, ended.err
        assert told_nothing(agent)
        assert len({body["session"] for body in agent.requests}) == (2 if stateful else 1)
        scores.append(ended.document["data"]["estimates"]["Persona Consistency"])
    assert [score["n"] for score in scores] == [2, 2]
    assert scores[0]["value"] >= 4 > 2.5 >= scores[1]["value"]
    judged = [json.dumps(call["messages"]) for call in calls(folder / "run-0") if call["role"] == "judge"]
    assert any("lives in Bergen" in text for text in judged)


def test_measure_apc_drift_and_rubric_take_the_same_card_and_agent(folder: Path, stateful: bool) -> None:
    (folder / "place.yaml").write_text(
        "criterion: Does the answer say where the person lives?\nlevels: [not at all, hardly, half, nearly, plainly]\n"
    )
    with serving(ForeignAgent(PROMPT, stateful=stateful)) as agent:
        apc = against(agent, "measure", "apc", "torill.png", "--json", cwd=folder)
        drift = against(agent, "measure", "drift", "torill.png", "--turns", "4", "--json", cwd=folder)
        asked = ("measure", "rubric", "--rubric", "place.yaml", "--persona", "torill.png", "--samples", "1", "--json")
        rubric = against(agent, *asked, cwd=folder)
    assert [ended.code for ended in (apc, drift, rubric)] == [0, 0, 0], apc.err + drift.err + rubric.err
    assert apc.document["data"]["scores"][0]["value"] > 0
    assert drift.document["data"]["scores"][0]["value"] is not None
    assert all(grade["value"] is not None for grade in rubric.document["data"]["grades"])
    assert told_nothing(agent)


def test_play_lets_the_agent_talk_to_a_persona(folder: Path, stateful: bool) -> None:
    with serving(ForeignAgent(PROMPT, stateful=stateful)) as agent:
        partner = "A loud chef from Naples who hates rain."
        ended = against(agent, "play", "torill.png", partner, "-n", "2", "--turns", "3", "--json", cwd=folder)
    assert ended.code == 0, ended.err
    assert [row["turns"] for row in ended.document["data"]["measures"]] == [3, 3, 3, 3]
    assert told_nothing(agent)
    if stateful:
        assert len({body["session"] for body in agent.requests}) == 2


def test_an_agent_that_breaks_down_is_counted_and_the_rest_is_scored(folder: Path, stateful: bool) -> None:
    (folder / "questions.txt").write_text("".join(f"Question {k}: where do you live?\n" for k in range(6)))
    bench = ("bench", "personagym", "--persona", "torill.png", "--questions", "questions.txt", "--json")
    with serving(ForeignAgent(PROMPT, stateful=stateful, fails_from=4, retryable=False)) as agent:
        ended = against(agent, *bench, "--task", "Persona Consistency", "--concurrency", "1", cwd=folder)
    data: dict[str, Any] = ended.document["data"]
    assert ended.code == 0, ended.err
    assert data["failures"] == {"error": 2}
    assert data["estimates"]["Persona Consistency"]["n"] == 4
    reasons = [
        json.loads(line)["reason"] for line in (folder / data["run"] / "failures.jsonl").read_text().splitlines()
    ]
    assert all("out of order" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("prompt", "model", "more", "code", "word"),
    [
        (PROMPT, "simulated:fidelity=1,seed=77", (), 0, "passes"),
        (STRANGER, "simulated:fidelity=1,seed=77", (), 1, "below"),
        (PROMPT, "simulated:fidelity=1,seed=77", ("--max-items", "5"), 4, "not enough evidence"),
    ],
)
def test_the_gate_says_pass_below_or_not_enough(
    folder: Path, prompt: str, model: str, more: tuple[str, ...], code: int, word: str
) -> None:
    questions = [
        f"{ask}{tail}"
        for tail in ("?", ", tell me", " these days", ", if I may ask")
        for ask in (
            "Where do you live",
            "What are you afraid of",
            "What do you keep on a roof",
            "What do you play at weddings",
            "Do you live in Bergen",
            "Do you keep hives",
            "Are you afraid of the sea",
            "Do you play the accordion",
        )
    ]
    (folder / "questions.txt").write_text("\n".join(questions), encoding="utf-8")
    gate = ("check-character", "-p", "torill.png", "--questions", "questions.txt", "--at-least", "2.5", *more)
    with serving(ForeignAgent(prompt, model)) as agent:
        ended = against(agent, *gate, cwd=folder)
        assert ended.code == code, ended.out + ended.err
        assert ended.out.startswith(word)
        assert told_nothing(agent)
        before = len(agent.requests)
        again = against(agent, *gate, cwd=folder)
        # A decided check is made anew, because the agent may have changed; one that was left open goes on from disk.
        assert (len(agent.requests) > before) == (code != 4)
        assert again.code == code
