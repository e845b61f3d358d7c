"""Statements read by rules: what is set, changed and ended, for whom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.remember.reading import read_claims, read_quote
from personarium.remember.records import Observation


def _read(text: str) -> list[tuple[str, str, str, str]]:
    claims = read_claims([Observation(text, id="o1")])
    return [(claim.key, claim.value, claim.change, claim.holder) for claim in claims]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My favourite drink is tea.", [("tastes.drink", "tea", "states", "user")]),
        ("These days my favourite drink is cocoa.", [("tastes.drink", "cocoa", "changes", "user")]),
        ("My favourite band used to be Oasis.", [("tastes.music", "Oasis", "ends", "user")]),
        ("I moved to Rome last week.", [("place.location", "Rome", "states", "user")]),
        ("I live in Oslo now.", [("place.location", "Oslo", "changes", "user")]),
        ("I don't drink coffee any more.", [("", "coffee", "ends", "user")]),
        ("I don't like rain.", [("tastes.dislikes", "rain", "states", "user")]),
        ("My friend Ana's favourite band is Blur.", [("tastes.music", "Blur", "states", "friend Ana")]),
        ("My sister Lena lives in Oslo.", [("place.location", "Oslo", "states", "sister Lena")]),
        (
            "I used to like tea but now I like coffee.",
            [("", "tea", "ends", "user"), ("tastes.likes", "coffee", "changes", "user")],
        ),
        (
            "My favourite drink is tea and I live in Oslo.",
            [("tastes.drink", "tea", "states", "user"), ("place.location", "Oslo", "states", "user")],
        ),
        ("I no longer work for Initech.", [("", "Initech", "ends", "user")]),
        ("My new car is a Fiat.", [("possessions.vehicle", "Fiat", "changes", "user")]),
        ("My sister Lena's new favourite drink is rum.", [("tastes.drink", "rum", "changes", "sister Lena")]),
        ("My phone is a Fairphone.", [("phone", "Fairphone", "states", "user")]),
        ("Write a friendly reminder about the invoice.", []),
        ("Scratch that: the line about rum.", []),
        ("You should see my sister Lena with Bo: there is no stopping her.", []),
        ("Could you polish this mail?", []),
        ("Is tea my favourite drink?", []),
        ("Thanks, that helps!", []),
    ],
)
def test_plain_statements(text: str, expected: list[tuple[str, str, str, str]]) -> None:
    assert _read(text) == expected


def test_a_change_names_what_it_takes_the_place_of() -> None:
    switched, preferred = read_claims(
        [Observation("I switched from tea to coffee.", id="o1"), Observation("I prefer rum to coffee now.", id="o2")]
    )
    assert (switched.value, switched.instead_of, switched.change) == ("coffee", "tea", "changes")
    assert (preferred.value, preferred.instead_of, preferred.source) == ("rum", "coffee", "o2")


def test_only_the_named_speaker_is_read() -> None:
    said = [Observation("My favourite drink is tea.", "assistant", id="o1")]
    assert read_claims(said) == []
    assert [claim.value for claim in read_claims(said, speaker="assistant")] == ["tea"]


def test_an_unsure_statement_is_held_less_firmly() -> None:
    sure, unsure = read_claims([Observation("My favourite food is ramen. I think my favourite drink is tea.", id="o1")])
    assert (sure.confidence, unsure.confidence) == (0.9, 0.6)


@given(st.text(max_size=400))
def test_any_text_can_be_read_and_every_value_stands_in_it(text: str) -> None:
    for claim in read_claims([Observation(text, id="o1")]):
        assert claim.quote in text
        assert claim.value.strip() == claim.value


def test_a_quoted_sentence_says_itself_whom_it_is_about_and_what_changed() -> None:
    sister = read_quote("tastes.drink", "cola", "My sister Lena's favourite drink is cola.", "o1", 0.8)
    changed = read_quote("tastes.drink", "coffee now", "My favourite drink is coffee now.", "o1", 0.8)
    told = read_quote("work.employer", "Initech", "The badge says Initech.", "o1", 0.8)
    assert [(c.holder, c.value, c.confidence) for c in sister] == [("sister Lena", "cola", 0.9)]
    assert [(c.holder, c.value, c.change) for c in changed] == [("user", "coffee", "changes")]
    assert [(c.key, c.value, c.confidence, c.single) for c in told] == [("work.employer", "Initech", 0.8, True)]
