"""``measure apc --log`` and ``measure drift --log``: talks that took place already, in any format, and nobody is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personarium.apps.cli.application import application

SELF = "I live in Rome. I have two cats. I work as a nurse."
SCRIPT = """Mira: Where do you live?
Ada: {place}
Mira: Do you have a pet?
Ada: {pets}
"""
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    Path("honest.txt").write_text(
        SCRIPT.format(place="I live in Rome.", pets="Yes, I have two cats."), encoding="utf-8"
    )
    Path("wrong.txt").write_text(SCRIPT.format(place="I live in Oslo.", pets="No, I have no pets."), encoding="utf-8")


def document(capsys: Capture, *arguments: str, code: int = 0) -> dict[str, Any]:
    assert application([*arguments, "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_apc_of_a_log_tells_the_honest_speaker_from_the_other_and_asks_nobody(capsys: Capture) -> None:
    values = []
    for name in ("honest", "wrong"):
        told = ("--log", f"{name}.txt", "--speaker", "Ada", "-o", name)
        found = document(capsys, "measure", "apc", SELF, *told)
        assert found["warnings"] == []
        (score,) = found["data"]["scores"]
        assert [row["id"] for row in score["detail"]["questions"]] == [f"{name}#1", f"{name}#3"]
        values.append(score["value"])
        assert not Path(name, "calls.jsonl").exists() or not Path(name, "calls.jsonl").read_text()
    assert values[0] > 0.5 > 0 > values[1]


def test_drift_of_a_log_is_one_value_for_each_talk(capsys: Capture) -> None:
    rows = [
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": said}] * 3}
        for said in ("I live in Rome.", "I have two cats.")
    ]
    Path("talks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = document(capsys, "measure", "drift", SELF, "--log", "talks.jsonl")["data"]
    assert found["estimates"]["Drift"]["n"] == 2
    assert found["estimates"]["Drift"]["unit"] == "talk"
    assert [score["value"] for score in found["scores"]] == pytest.approx([0.0, 0.0], abs=1e-9)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--log", "honest.txt"), 2, "name one with --speaker: Mira, Ada"),
        (("--log", "honest.txt", "--speaker", "Bo"), 3, "nobody called 'Bo'"),
        (("--log", "none.txt"), 3, "none.txt"),
        (("--speaker", "Ada"), 2, "names somebody in a --log"),
        (("--log", "honest.txt", "--agent", "bot:reply"), 2, "give one of them"),
    ],
)
@pytest.mark.parametrize("instrument", ["apc", "drift"])
def test_what_cannot_be_measured_is_one_sentence_and_leaves_no_run(
    capsys: Capture, instrument: str, arguments: tuple[str, ...], code: int, said: str
) -> None:
    assert said in document(capsys, "measure", instrument, SELF, *arguments, code=code)["data"]["error"]
    assert not Path("runs").exists()


def test_a_speaker_who_answers_nobody_is_not_measured(capsys: Capture) -> None:
    Path("alone.txt").write_text("Ada: Hello?\nAda: Anybody?\nMira: Hi.\n", encoding="utf-8")
    found = document(capsys, "measure", "apc", SELF, "--log", "alone.txt", "--speaker", "Ada", code=1)["data"]
    assert found["scores"][0]["value"] is None
    assert "answers nobody" in found["scores"][0]["failures"][0]["reason"]
