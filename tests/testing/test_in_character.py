"""``assert_in_character``: passes, fails, explains, pays once; sync and async; in a project that only installs the package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from personarium.core.errors import NotFound, UsageError
from personarium.core.persona import Persona
from personarium.models import ScriptedModel, open_model
from personarium.play import Agent
from personarium.testing import (
    assert_in_character,
    assert_in_character_async,
    check_in_character,
)

BAKER = "I live in Riga. I have two cats. I work as a baker. I love chess."
ASKED = ["Where do you live?", "What do you do for a living?", "Do you have any pets?", "What do you love to play?"]
QUESTIONS = [f"{question} ({k})" for k in range(10) for question in ASKED]
GOOD = "simulated:contradict=0,fidelity=1,invent=0,seed=3"
BAD = "simulated:contradict=1,fidelity=0,seed=3"


def baker(messages: list[dict[str, str]]) -> str:
    return "I live in Riga, where I work as a baker. I have two cats and I love chess."


def stranger(messages: list[dict[str, str]]) -> str:
    return "I live in Oslo. I do not work as a baker. I have no cats."


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_an_agent_that_keeps_to_its_persona_passes(tmp_path: Path) -> None:
    check = await check_in_character(baker, BAKER, at_least=3.5, questions=QUESTIONS, folder=tmp_path)
    assert check.passed and check.verdict.estimate.lo is not None and check.verdict.estimate.lo >= 3.5
    assert check.verdict.asked < 40
    assert (tmp_path / ".gitignore").read_text().endswith("*\n")


async def test_a_second_check_asks_nobody(tmp_path: Path) -> None:
    turns: list[int] = []

    def counting(messages: list[dict[str, str]]) -> str:
        turns.append(1)
        return baker(messages)

    first = await check_in_character(counting, BAKER, at_least=3.5, questions=QUESTIONS, folder=tmp_path)
    so_far = len(turns)
    again = await check_in_character(counting, BAKER, at_least=3.5, questions=QUESTIONS, folder=tmp_path)
    assert (first.calls > 0, again.calls, len(turns)) == (True, 0, so_far)
    assert again.verdict == first.verdict and again.answers == first.answers
    anew = await check_in_character(counting, BAKER, at_least=3.5, questions=QUESTIONS, folder=tmp_path, fresh=True)
    assert anew.calls == first.calls and len(turns) == 2 * so_far


async def test_another_version_persona_or_threshold_is_another_check(tmp_path: Path) -> None:
    runs = {
        (await check_in_character(baker, BAKER, questions=QUESTIONS, folder=tmp_path, **more)).run  # type: ignore[arg-type]
        for more in (
            {"at_least": 3.0},
            {"at_least": 3.0, "version": "2"},
            {"at_least": 3.5},
            {"at_least": 3.0, "seed": 2},
        )
    }
    runs.add(
        (await check_in_character(baker, "I live in Riga.", at_least=3.0, questions=QUESTIONS, folder=tmp_path)).run
    )
    assert len(runs) == 5


async def test_what_a_function_closes_over_is_part_of_its_version(tmp_path: Path) -> None:
    def saying(text: str) -> object:
        return lambda messages: text

    first = await check_in_character(saying(baker([])), BAKER, at_least=3.5, questions=QUESTIONS, folder=tmp_path)
    other = await check_in_character(saying(stranger([])), BAKER, at_least=3.5, questions=QUESTIONS, folder=tmp_path)
    assert first.passed and not other.passed and first.run != other.run


async def test_a_failure_explains_itself(tmp_path: Path) -> None:
    with pytest.raises(AssertionError) as caught:
        await assert_in_character_async(stranger, BAKER, at_least=3.5, questions=QUESTIONS, folder=tmp_path)
    said = str(caught.value)
    assert said.startswith("not in character: ") and "at least 3.5 was asked for" in said
    assert "with 95 % confidence the mean is at most" in said
    assert "the worst answers:" in said and "said: I live in Oslo." in said
    assert "judged by a simulated subject" in said and str(tmp_path) in said


async def test_too_little_evidence_is_no_pass_and_says_how_much_more_it_takes(tmp_path: Path) -> None:
    check = await check_in_character(
        GOOD,
        BAKER,
        at_least=4.5,
        questions=QUESTIONS,
        max_items=3,
        folder=tmp_path,
        judge="simulated:seed=1,judge_noise=0",
    )
    assert not check.passed and check.verdict.result == "undecided"
    assert check.explanation().startswith("not enough evidence: ")
    assert "more questions would decide: max_items=" in check.explanation()
    more = await check_in_character(
        GOOD,
        BAKER,
        at_least=4.5,
        questions=QUESTIONS,
        max_items=10,
        folder=tmp_path,
        judge="simulated:seed=1,judge_noise=0",
    )
    assert more.run == check.run and more.answers[:3] == check.answers[:3]


async def test_an_agent_that_breaks_is_a_failure_and_no_score(tmp_path: Path) -> None:
    def broken(messages: list[dict[str, str]]) -> str:
        raise RuntimeError("out of tea")

    with pytest.raises(AssertionError, match=r"no score after .* questions[\s\S]*out of tea"):
        await assert_in_character_async(broken, BAKER, questions=QUESTIONS, folder=tmp_path)


async def test_models_agents_and_names_can_be_checked(tmp_path: Path) -> None:
    person = Persona.from_text(BAKER)
    for agent in (GOOD, open_model(GOOD), Agent(person, open_model(GOOD))):
        check = await check_in_character(agent, person, at_least=3.0, questions=QUESTIONS, folder=tmp_path)
        assert check.verdict.result == "pass", check.explanation()
    worse = await check_in_character(BAD, person, at_least=3.0, questions=QUESTIONS, folder=tmp_path)
    assert worse.verdict.result == "fail"


async def test_the_judge_writes_questions_where_none_are_given(tmp_path: Path) -> None:
    check = await check_in_character(baker, BAKER, at_least=2.0, max_items=10, folder=tmp_path)
    assert check.verdict.asked and all(answer.question for answer in check.answers)


async def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="strictly between 1 and 5"):
        await check_in_character(baker, BAKER, at_least=5.0, folder=tmp_path)
    with pytest.raises(UsageError, match="an agent is a function"):
        await check_in_character(7, BAKER, folder=tmp_path)
    with pytest.raises(NotFound, match=r"no file cards/none\.png"):
        await check_in_character(baker, "cards/none.png", folder=tmp_path)
    with pytest.raises(UsageError, match="at least one judge"):
        await check_in_character(baker, BAKER, judge=[], folder=tmp_path)
    with pytest.raises(UsageError, match="event loop is already running"):
        assert_in_character(baker, BAKER, folder=tmp_path)
    assert names_in(tmp_path) == []


def test_a_scripted_judge_decides_by_what_it_says(tmp_path: Path) -> None:
    judge = ScriptedModel(lambda messages, sampling: "Therefore, the final score is 5")
    check = assert_in_character(baker, BAKER, at_least=3.0, questions=QUESTIONS, judge=judge, folder=tmp_path)
    assert check.verdict.estimate.value == 5 and not check.judge_is_simulated


PROJECT = """
import pytest
from personarium.testing import assert_in_character as plainly, assert_in_character_async

BAKER = "I live in Riga. I have two cats. I work as a baker. I love chess."
QUESTIONS = [f"{q} ({k})" for k in range(10) for q in ("Where do you live?", "What do you do for a living?", "Do you have pets?")]
asked = []

def baker(messages):
    asked.append(1)
    open("asked.txt", "a").write("x")
    return "I live in Riga, where I work as a baker. I have two cats and I love chess."

async def slow_baker(messages):
    return baker(messages)

def stranger(messages):
    return "I live in Oslo. I do not work as a baker. I have no cats."

def test_sync(assert_in_character):
    assert_in_character(baker, BAKER, at_least=3.5, questions=QUESTIONS)

def test_plain_function():
    plainly(baker, BAKER, at_least=3.5, questions=QUESTIONS)

def test_below(assert_in_character):
    assert_in_character(stranger, BAKER, at_least=3.5, questions=QUESTIONS)

@pytest.mark.asyncio
async def test_async(assert_in_character):
    await assert_in_character(slow_baker, BAKER, at_least=3.5, questions=QUESTIONS)

@pytest.mark.asyncio
async def test_async_plain():
    await assert_in_character_async(slow_baker, BAKER, at_least=3.5, questions=QUESTIONS)

@pytest.mark.asyncio
async def test_forgotten(assert_in_character):
    assert_in_character(slow_baker, BAKER, at_least=3.5, questions=QUESTIONS)
"""


def pytest_in(project: Path, *options: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "PYTHONPATH", "COV_"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--tb=short", *options]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr


def test_a_fresh_project_that_only_installs_the_package(tmp_path: Path) -> None:
    (tmp_path / "test_agent.py").write_text(PROJECT, encoding="utf-8")
    said = pytest_in(tmp_path)
    for name in ("test_sync", "test_plain_function", "test_async", "test_async_plain"):
        assert f"PASSED test_agent.py::{name}\n" in said, said
    assert "FAILED test_agent.py::test_below - AssertionError: not in character: " in said
    assert "said: I live in Oslo." in said
    assert "was not awaited in an async test, so nothing was checked" in said
    asked = (tmp_path / "asked.txt").stat().st_size
    assert asked > 0 and (tmp_path / ".personarium" / "in-character").is_dir()
    again = pytest_in(
        tmp_path, "--deselect", "test_agent.py::test_below", "--deselect", "test_agent.py::test_forgotten"
    )
    assert "4 passed" in again, again
    assert (tmp_path / "asked.txt").stat().st_size == asked  # the second run asked nobody
    pytest_in(tmp_path, "--in-character-fresh", "-k", "test_sync")
    fresh = (tmp_path / "asked.txt").stat().st_size
    assert fresh > asked
    changed = PROJECT.replace("two cats and I love", "one cat and I hate")
    (tmp_path / "test_agent.py").write_text(changed, encoding="utf-8")
    pytest_in(tmp_path, "-k", "test_sync")
    assert (tmp_path / "asked.txt").stat().st_size > fresh  # the agent's file changed, so it is asked anew
