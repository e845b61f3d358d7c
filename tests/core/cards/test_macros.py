"""Macros of character cards: what each stands for, one pass only, nothing smuggled in, linear on hostile text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.cards import Macros

MIRA = Macros(char="Mira", user="Jo")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{char}} and {{user}}", "Mira and Jo"),
        ("{{CHAR}} {{User}} <BOT> <bot> <USER> <Char>", "Mira Jo Mira Mira Jo Mira"),
        ("{{ char }}", "Mira"),
        ("a{{// never said}}b", "ab"),
        ("a{{//two\nlines}}b", "ab"),
        ("a{{comment: seen by the author}}b", "ab"),
        ("a{{hidden_key:storm}}b", "ab"),
        ("{{reverse:Hello}}", "olleH"),
        ("{{reverse:{{char}}}}", "ariM"),
        ("{{// {{user}} is hidden too }}!", "!"),
        ("{{roll:1}} {{roll:d1}} {{roll:D1}}", "1 1 1"),
        ("{{random:a\\,b}}", "a,b"),
        ("{{pick::one}}", "one"),
        # What is no macro stays as it stands.
        ("{{unknown}} {{unknown:x}}", "{{unknown}} {{unknown:x}}"),
        ("{{original}}", "{{original}}"),
        ("{{roll:0}} {{roll:x}} {{roll:}}", "{{roll:0}} {{roll:x}} {{roll:}}"),
        ("{{char", "{{char"),
        ("}} {{", "}} {{"),
        ("{char} {{{char}}}", "{char} {{{char}}}"),
        ("{{unknown {{char}} }}", "{{unknown Mira }}"),
        ("<b>bold</b>", "<b>bold</b>"),
    ],
)
def test_what_a_macro_stands_for(text: str, expected: str) -> None:
    assert MIRA.expand(text) == expected


def test_original_is_the_prompt_that_the_cards_own_one_replaces() -> None:
    assert Macros("Mira", "Jo", original="Be {{char}}.").expand("{{Original}} And kind.") == "Be {{char}}. And kind."


def test_hidden_keys_are_there_for_the_scan_of_a_lorebook_only() -> None:
    assert Macros("Mira", "Jo", scanning=True).expand("a{{hidden_key:storm}}{{// no}}b") == "astormb"


def test_a_name_that_looks_like_a_macro_is_not_read_as_one() -> None:
    sly = Macros(char="{{user}}", user="}}{{// ")
    assert sly.expand("{{char}}|{{user}}|{{char}}") == "{{user}}|}}{{// |{{user}}"


@pytest.mark.parametrize(
    ("char", "text", "expected"),
    [
        ("random:a,b", "{{ {{char}} }}", "{{ random:a,b }}"),
        ("user", "{{ {{char}} }}", "{{ user }}"),
        ("//", "{{{{char}}x}}", "{{//x}}"),
        ("roll:6", "{{{{char}}}}", "{{roll:6}}"),
        ("dom", "{{ran{{char}}:a}}", "{{random:a}}"),
    ],
)
def test_a_name_names_no_macro(char: str, text: str, expected: str) -> None:
    assert Macros(char, "Jo").expand(text) == expected


def test_chance_is_drawn_from_the_seed_and_the_turn() -> None:
    text = "{{random:1,2,3,4,5,6,7,8}}{{roll:100}}{{pick:1,2,3,4,5,6,7,8}}"
    said = {turn: Macros("Mira", "Jo", seed=3, turn=turn).expand(text) for turn in range(40)}
    assert said[0] == Macros("Mira", "Jo", seed=3).expand(text)
    assert len({one[:-1] for one in said.values()}) > 20
    assert len({one[-1] for one in said.values()}) == 1  # pick stays the same
    assert {Macros("Mira", "Jo", seed=seed).expand("{{random:a,b,c}}") for seed in range(30)} == {"a", "b", "c"}
    assert {int(Macros("Mira", "Jo", turn=t).expand("{{roll:d3}}")) for t in range(60)} == {1, 2, 3}


def test_two_draws_of_one_text_are_two_draws() -> None:
    said = Macros("Mira", "Jo").expand("{{roll:1000000}} {{roll:1000000}}").split()
    assert said[0] != said[1]


def test_macros_are_read_eight_deep_and_no_deeper() -> None:
    assert MIRA.expand("{{reverse:" * 8 + "ab" + "}}" * 8) == "ab"
    deep = "{{reverse:" * 9 + "ab" + "}}" * 9
    assert MIRA.expand(deep) == "{{reverse:ab}}"


HOSTILE = {
    "opened": "{{" * 500_000,
    "closed": "}}" * 500_000,
    "opened and closed": "{{" * 250_000 + "}}" * 250_000,
    "nested reverse": ("{{reverse:" * 8 + "x" * 200 + "}}" * 8) * 3_400,
    "one long choice": "{{random:" + "a," * 500_000 + "}}",
    "choices in choices": "{{random:{{pick:a,b}},c}}" * 40_000,
    "angles": "<user" * 200_000,
    "braces": "{{char}" * 140_000,
    "comment": "{{//" + "x" * 1_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_megabyte_of_hostile_text_is_read_through(name: str) -> None:
    text = HOSTILE[name]
    assert len(text) >= 980_000
    assert len(MIRA.expand(text)) <= len(text)  # were the work quadratic, this would not end today


@given(st.lists(st.sampled_from(["{{", "}}", "char", "user", ":", "random", "reverse", "//", ",", "x", "<bot>", " "])))
def test_no_text_breaks_it_and_the_same_text_comes_to_the_same(parts: list[str]) -> None:
    text = "".join(parts)
    once = MIRA.expand(text)
    assert once == MIRA.expand(text)
    if "{{" not in text and "<" not in text:
        assert once == text
