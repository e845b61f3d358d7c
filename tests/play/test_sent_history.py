"""Histories as chat clients send them, and what stands for a turn of one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from personarium.core.chat import Message
from personarium.play.sent_history import PERSON, PERSONA, prefix_key, read_history


def _said(*texts: str) -> list[Message]:
    return [{"role": "assistant" if i % 2 else "user", "content": text} for i, text in enumerate(texts)]


def test_system_messages_are_the_scene_wherever_they_stand_and_the_rest_is_the_dialogue() -> None:
    first: Message = {"role": "system", "content": " It rains. "}
    last: Message = {"role": "system", "content": "A bell rings."}
    found = read_history([first, *_said("Hello", "Yes?", "Who are you?"), last, {"role": "system", "content": ""}])
    assert found.scene == "It rains.\n\nA bell rings."
    assert [(one.speaker, one.text) for one in found.dialogue] == [
        (PERSON, "Hello"),
        (PERSONA, "Yes?"),
        (PERSON, "Who are you?"),
    ]
    assert found.dialogue.seen_by(PERSONA) == _said("Hello", "Yes?", "Who are you?")
    assert found.last_said == "Who are you?"


def test_a_conversation_is_known_by_how_it_begins_or_by_its_name() -> None:
    one, longer = read_history(_said("Hello"), "p"), read_history(_said("Hello ", "Yes?", "So."), "p")
    assert one.dialogue.id == longer.dialogue.id
    assert one.dialogue.id != read_history(_said("Hello there"), "p").dialogue.id
    assert one.dialogue.id != read_history(_said("Hello"), "q").dialogue.id
    named = read_history(_said("Hello"), "p", "monday").dialogue.id
    assert named == read_history(_said("Something else"), "p", "monday").dialogue.id
    assert named not in (one.dialogue.id, read_history(_said("Hello"), "p", "tuesday").dialogue.id)


def test_nothing_said_is_a_conversation_that_the_persona_begins() -> None:
    found = read_history([{"role": "system", "content": "A pier at night."}])
    assert len(found.dialogue) == 0
    assert found.last_said == ""


def test_a_turn_is_known_by_everything_up_to_it_and_blanks_around_it_do_not_count() -> None:
    first = read_history(_said("Hello", "Yes?", "Who are you?")).dialogue
    again = read_history(_said("Hello", " Yes?\n", "Who are you?")).dialogue
    other = read_history(_said("Hello", "No!", "Who are you?")).dialogue
    assert prefix_key(first, 0, PERSONA) == prefix_key(other, 0, PERSONA)
    assert prefix_key(first, 2, PERSONA) == prefix_key(again, 2, PERSONA)
    assert prefix_key(first, 2, PERSONA) != prefix_key(other, 2, PERSONA)
    assert prefix_key(first, 3, PERSONA) != prefix_key(first, 2, PERSONA)


@given(st.lists(st.text(max_size=8).map(str.strip), min_size=1, max_size=5), st.lists(st.text(max_size=8), max_size=5))
def test_only_the_same_words_in_the_same_places_have_the_same_key(one: list[str], other: list[str]) -> None:
    a, b = read_history(_said(*one), conversation="c").dialogue, read_history(_said(*other), conversation="c").dialogue
    same = prefix_key(a, len(one), PERSONA) == prefix_key(b, len(other), PERSONA)
    assert same is (one == [text.strip() for text in other])
