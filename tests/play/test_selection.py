"""best_of: the highest score is said, the first wins ties, what cannot be scored never wins."""

from __future__ import annotations

import pytest

from personarium.core import Dialogue
from personarium.core.errors import UsageError
from personarium.models import ScriptedModel
from personarium.play import Agent, best_of

TALK = Dialogue("d", [("guest", "Hello!")])


async def said(replies: list[str], scores: dict[str, float | None]) -> tuple[str, str]:
    agent = Agent("A nurse.", ScriptedModel(replies), id="a")
    spoken = await best_of(agent, len(replies), lambda text, dialogue: scores[text]).reply(TALK)
    return spoken.text, spoken.failure.kind if spoken.failure else ""


async def test_the_highest_score_is_said() -> None:
    assert await said(["x", "y", "z"], {"x": -3.0, "y": -1.0, "z": -2.0}) == ("y", "")


async def test_the_first_wins_ties() -> None:
    assert await said(["x", "y"], {"x": 0.0, "y": 0.0}) == ("x", "")


async def test_failures_never_win() -> None:
    assert await said(["", "y", "z"], {"y": None, "z": -9.0}) == ("z", "")
    assert await said(["", "y"], {"y": None}) == ("", "empty")
    assert await said(["y"], {"y": None}) == ("", "missing")


async def test_every_draw_is_another_sample() -> None:
    model = ScriptedModel(["a", "b"])

    async def later(text: str, dialogue: Dialogue) -> float:
        return float(ord(text))

    assert (await best_of(Agent(None, model, id="a"), 2, later).reply(TALK, sample=3)).text == "b"
    assert [call.sampling.sample for call in model.calls] == [6, 7]
    with pytest.raises(UsageError):
        best_of(Agent(None, model, id="a"), 0, later)
