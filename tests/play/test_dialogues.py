"""The dialogue engine: order, caps, detector, failures, many at once, resume."""

from __future__ import annotations

from pathlib import Path

import pytest

from personarium.core import Dialogue, Message, Sampling
from personarium.core.errors import UsageError
from personarium.models import ScriptedModel
from personarium.play import Agent, Casting, Ending, play_dialogue, play_dialogues
from personarium.runs import Run


def counting(prefix: str) -> ScriptedModel:
    """Says prefix0, prefix1, ... by the number of its own turns in what it is shown."""

    def reply(messages: object, sampling: Sampling) -> str:
        shown: list[Message] = list(messages)  # type: ignore[call-overload]
        return f"{prefix}{sum(m['role'] == 'assistant' for m in shown)}"

    return ScriptedModel(reply)


class After:
    """Stops at a given call."""

    def __init__(self, call: int, after: int = 4) -> None:
        self.after, self.call, self.lengths = after, call, list[int]()

    async def ended(self, dialogue: Dialogue, **draw: object) -> Ending:
        self.lengths.append(len(dialogue))
        return Ending(len(self.lengths) >= self.call)


def pair() -> tuple[Agent, Agent]:
    return Agent("A nurse.", counting("c"), id="client"), Agent(None, counting("t"), id="tested")


async def test_the_first_opens_and_they_alternate() -> None:
    played = await play_dialogue(Casting("d", pair(), max_turns=2))
    assert [(u.speaker, u.text) for u in played.dialogue] == [
        ("client", "c0"), ("tested", "t0"), ("client", "c1"), ("tested", "t1"),
    ]  # fmt: skip
    assert (played.termination_reason, played.failures) == ("max_turns", ())


async def test_three_speakers_take_turns_and_are_named() -> None:
    models = [counting(p) for p in "abc"]
    agents = tuple(Agent(None, m, id=n) for m, n in zip(models, ("ann", "bob", "cy"), strict=True))
    played = await play_dialogue(Casting("d", agents, max_turns=2))
    assert [u.speaker for u in played.dialogue] == ["ann", "bob", "cy"] * 2
    assert models[2].calls[0].messages[-1]["content"] == "ann: a0\nbob: b0"


async def test_the_detector_is_asked_after_whole_rounds_only() -> None:
    detector = After(2, after=3)
    played = await play_dialogue(Casting("d", pair(), detector))
    assert detector.lengths == [4, 6]
    assert (played.termination_reason, len(played.dialogue), played.detector_calls) == ("natural_termination", 6, 2)


async def test_a_failed_turn_ends_the_dialogue_and_keeps_what_was_said() -> None:
    client, _ = pair()
    tested = Agent(None, ScriptedModel(["t0", ""]), id="tested")
    played = await play_dialogue(Casting("d", (client, tested)))
    assert played.failed
    assert [u.text for u in played.dialogue] == ["c0", "t0", "c1"]
    assert [(f.kind, f.where) for f in played.failures] == [("empty", "d/tested")]


async def test_re_asks_are_new_draws_and_counted() -> None:
    client, _ = pair()
    model = ScriptedModel(["", "", "t0"])
    played = await play_dialogue(
        Casting("d", (client, Agent(None, model, id="tested")), max_turns=1, asks=3, attempt=2)
    )
    assert [u.text for u in played.dialogue] == ["c0", "t0"]
    assert len(played.failures) == 2
    assert [call.sampling.attempt for call in model.calls] == [6, 7, 8]


async def test_a_dialogue_goes_on_where_it_stood() -> None:
    before = Dialogue("old", [("client", "hi")])
    played = await play_dialogue(Casting("d", pair(), max_turns=1, opening=before))
    assert [u.text for u in played.dialogue] == ["hi", "t0"]
    assert len(before) == 1


async def test_an_opening_counts_towards_the_cap() -> None:
    before = Dialogue("old", [("client", "hi"), ("tested", "hello")])
    played = await play_dialogue(Casting("d", pair(), max_turns=1, opening=before))
    assert (len(played.dialogue), played.termination_reason) == (2, "max_turns")


async def test_unread_verdicts_are_counted_and_the_talk_goes_on() -> None:
    from personarium.core.results import Failure

    class Unread:
        after = 4

        async def ended(self, dialogue: Dialogue, **draw: object) -> Ending:
            return Ending(False, Failure("unparsed", "no verdict"))

    played = await play_dialogue(Casting("d", pair(), Unread(), max_turns=4))
    assert played.termination_reason == "max_turns"
    assert [f.where for f in played.failures] == ["d/detector"] * 2


async def test_many_in_a_run_are_recorded_counted_and_resumed(tmp_path: Path) -> None:
    for session in range(2):
        client, tested = counting("c"), ScriptedModel(lambda m, s: "" if s.sample == 3 else "t")
        with Run.open(tmp_path / "run", {"x": 1}) as run:
            models = run.model(client, role="client"), run.model(tested, role="tested")
            agents = Agent("A nurse.", models[0], id="client"), Agent(None, models[1], id="tested")
            castings = [Casting(f"d{k}", agents, max_turns=2, sample=k) for k in range(5)]
            played = await play_dialogues(castings, run=run, concurrency=3)
        assert [p.id for p in played] == ["d0", "d1", "d2", "d3", "d4"]
        assert [p.failed for p in played] == [False, False, False, True, False]
        # The second session pays for nothing: every reply, the empty one too, is on disk.
        assert len(client.calls) == (9 if session == 0 else 0)
    assert "d3/tested" in (tmp_path / "run" / "failures.jsonl").read_text()


async def test_without_a_run_the_results_are_in_order() -> None:
    played = await play_dialogues([Casting(f"d{k}", pair(), max_turns=1) for k in range(20)], concurrency=4)
    assert [p.id for p in played] == [f"d{k}" for k in range(20)]


def test_a_dialogue_needs_two() -> None:
    client, _ = pair()
    with pytest.raises(UsageError, match="two speakers"):
        Casting("d", (client,))
    with pytest.raises(UsageError, match="different ids"):
        Casting("d", (client, client))
