"""Echo: shares of 4-grams, missing for short replies, three in a row flag a dialogue."""

from __future__ import annotations

import pytest

from personarium.core import Dialogue
from personarium.measure import dialogue_echo, echo_pairs
from personarium.play import Audit
from personarium.text import load_embedder


def talk(*texts: str) -> Dialogue:
    return Dialogue("d", [("client" if k % 2 == 0 else "tested", text) for k, text in enumerate(texts)])


@pytest.mark.parametrize(
    ("before", "reply", "overlap"),
    [
        ("the cat sat on the mat today", "the cat sat on the sofa", 2 / 3),
        ("the cat sat on the mat today", "the cat sat on the mat today", 1.0),
        ("a b c", "a b c", None),
        ("one two three four", "five six seven eight", 0.0),
    ],
)
def test_overlap_of_a_reply(before: str, reply: str, overlap: float | None) -> None:
    score = dialogue_echo(talk(before, reply))
    assert score.value == (None if overlap is None else pytest.approx(overlap))
    assert [f.kind for f in score.failures] == (["missing"] if overlap is None else [])


def test_three_in_a_row_flag_a_dialogue_and_two_do_not() -> None:
    said = "the cat sat on the mat"
    two = dialogue_echo(talk(said, said, said, "and now something quite new"))
    three = dialogue_echo(talk(said, said, said, said))
    broken = dialogue_echo(talk(said, said, said, "no", said, said, said))
    assert [s.detail["echoes"] for s in (two, three, broken)] == [False, True, False]
    assert three.detail["longest_row"] == 3


def test_a_role_swap_of_the_audit_flags_too() -> None:
    calm = talk("hello my dear old friend", "what brings you here today")
    assert not dialogue_echo(calm, audit=Audit("d", False, "none")).detail["echoes"]
    assert dialogue_echo(calm, audit=Audit("d", True, "role_swap")).detail["echoes"]
    assert dialogue_echo(calm).detail["role_swap"] is None


def test_one_speaker_and_cosines() -> None:
    said = "the cat sat on the mat"
    dialogue = talk(said, said, "the weather is fine in spring")
    assert [p.speaker for p in echo_pairs(dialogue)] == ["tested", "client"]
    score = dialogue_echo(dialogue, "tested", load_embedder())
    assert (score.value, score.detail["mean_cosine"]) == (1.0, pytest.approx(1.0))
    assert dialogue_echo(talk("alone"), "tested").value is None


def test_a_second_turn_of_the_same_speaker_is_no_reply() -> None:
    assert echo_pairs(Dialogue("d", [("a", "x"), ("a", "x")])) == []
