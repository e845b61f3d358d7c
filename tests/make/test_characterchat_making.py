"""CharacterChat's bank, letters, pairs and command: what the maker takes and gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.core.persona import Persona
from personarium.make.characterchat import (
    MAKER,
    CharacterChatConfig,
    letters_of,
    pair,
    profile_rows,
    read_pairs,
    read_rendered,
    rendered_rows,
    run_characterchat,
    type_descriptions,
    type_rows,
    write_pairs,
)
from personarium.make.characterchat.bank import BankConfig, is_reworded, slots_of
from personarium.make.characterchat.maker import read_options
from personarium.make.characterchat.steps import read_profile
from personarium.make.characterchat.type_letters import items
from personarium.make.makers import Made, MakeRequest
from personarium.models import open_model
from personarium.play.characterchat import FIELDS, Character, write_lines
from personarium.runs import Run
from personarium.text.form import Unparsed

FULL = {name: f"the {name}" for name in FIELDS}


# --- types and letters ---


def test_the_sixteen_types_are_all_there_intj_first() -> None:
    assert len(type_descriptions()) == 16
    assert next(iter(type_descriptions())) == "INTJ"
    assert {a + b + c + d for a in "EI" for b in "NS" for c in "FT" for d in "JP"} == set(type_descriptions())
    assert [row["type"] for row in type_rows()] == list(type_descriptions())


def test_letters_come_from_keyed_public_domain_items() -> None:
    assert len(items()) == 40
    assert [sum(item.scale == scale for item in items()) for scale in ("EI", "SN", "TF", "JP")] == [10] * 4
    high = {item.code: 5 if item.key > 0 else 1 for item in items()}
    assert letters_of(high).letters == "ENFJ"
    assert letters_of(high).scores == dict.fromkeys(("EI", "SN", "TF", "JP"), 5.0)
    low = {code: 6 - answer for code, answer in high.items()}
    assert letters_of(low).letters == "ISTP"
    agreeing = letters_of(dict.fromkeys(high, 5))
    assert agreeing.scores["EI"] == 3.0  # five items of ten are reversed
    assert agreeing.letters[0] == "-"
    assert not agreeing.decided


def test_missing_answers_leave_a_letter_open_and_wrong_ones_are_named() -> None:
    answers = {item.code: 5 if item.key > 0 else 1 for item in items()}
    few = {item.code: answers[item.code] for item in items() if item.scale != "TF"}
    assert letters_of(few).letters == "EN-J"
    with pytest.raises(InvalidInput, match="L99"):
        letters_of({"L99": 3})
    with pytest.raises(InvalidInput, match="from 1 to 5"):
        letters_of({**answers, "L1": 6})


# --- profiles ---


def test_a_profile_is_read_from_json_with_lists_and_numbers() -> None:
    found = read_profile(
        'Sure!\n{"extra": 1, ' + str({**FULL, "age": 31, "hobby": ["owls", "tea"]}).replace("'", '"')[1:]
    )
    assert not isinstance(found, Unparsed)
    assert (found["age"], found["hobby"], len(found)) == ("31", "owls; tea", 16)
    assert isinstance(read_profile('{"name": "Ann"}'), Unparsed)


def test_long_fields_and_those_that_name_the_character_are_reworded() -> None:
    profile = {**FULL, "name": "Ann Lee", "job": "Ann Lee sells " + "tea " * 30, "hobby": "tea", "tone": "Ann is dry"}
    profile["living_conditions"] = " ".join(["room"] * 20)
    profile["emotional_state"] = " ".join(["calm"] * 19)
    reworded = {name for name in FIELDS if is_reworded(name, profile)}
    assert reworded == {"tone", "living_conditions"}


def test_places_are_spread_over_the_types() -> None:
    assert slots_of(5, BankConfig(types=("INTJ", "ESFP"))) == [
        (0, "INTJ"), (1, "INTJ"), (2, "INTJ"), (3, "ESFP"), (4, "ESFP"),
    ]  # fmt: skip
    with pytest.raises(UsageError, match="no type is called 'ABCD'"):
        BankConfig(types=("ABCD",))


def test_a_character_is_a_persona_and_comes_back_from_it() -> None:
    young = Character(
        3, "INFP", {**FULL, "name": "Ann", "age": "15"}, "You are Ann.", "You are Ann.", {"hobby": "Owls."}
    )
    persona = young.persona()
    assert (persona.name, persona.value("hobby"), persona.flags.minor) == ("Ann", "the hobby", True)
    assert "INFP" not in persona.view("system").text
    assert Character.of_persona(Persona.from_dict(persona.to_dict())) == young
    with pytest.raises(InvalidInput, match="made by characterchat"):
        Character.of_persona(Persona.from_text("You are Ann."))


# --- files ---


def test_pairs_are_written_and_read(tmp_path: Path) -> None:
    pairs = pair(20, 3, seed=4)
    assert read_pairs(write_pairs(pairs, tmp_path / "dial_list.json")) == pairs
    for text in ('{"0": [0]}', '{"0": [1, 1]}', '{"x": [1]}', "[1]"):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(InvalidInput, match=r"bad\.json"):
            read_pairs(tmp_path / "bad.json")
    with pytest.raises(NotFound):
        read_pairs(tmp_path / "none.json")


def test_the_banks_files_are_written_and_read(tmp_path: Path) -> None:
    people = [Character(0, "INTJ", FULL, "You.", "You too.", {"hobby": "Owls."}, {"name": "Ann"})]
    read = read_rendered(write_lines(rendered_rows(people), tmp_path / "profile_trans_output.json"))
    assert read[0].aspects == {"hobby": "Owls."}
    assert profile_rows(people)[0] == {"index": 0, "mbti": "INTJ", "profile": {"name": "Ann"}, "filled_profile": FULL}


# --- the command's side ---


async def make(run: Any, count: int = 3, **options: str) -> Made:
    model = run.model(open_model("simulated:seed=2"))
    return await MAKER(MakeRequest(count, model, run, model, seed=2, options={"types": "INFJ,ESTP", **options}))


async def test_the_maker_gives_personas_dialogues_and_numbers(tmp_path: Path) -> None:
    with Run.open(tmp_path / "run", {}) as run:
        made = await make(run, last_turn="5", partners="2")
        calls = run.counts["calls"]
    assert [type(p) for p in made.personas] == [Persona] * 3
    assert [len(talk) for talk in made.dialogues] == [7] * 6
    assert made.estimates["dialogues that came to their end"].n == 6
    assert [section["title"] for section in made.sections] == [
        "Characters", "How dialogues ended", "What utterances drew on", "Ratings",
    ]  # fmt: skip
    with Run.open(tmp_path / "run", {}) as run:
        again = await make(run, last_turn="5", partners="2")
        assert run.counts["calls"] == calls  # nothing was asked twice
    assert list(again.rows) == list(made.rows)


async def test_a_dry_run_counts_the_calls_and_asks_nobody() -> None:
    dry = Run.dry()
    made = await make(dry, count=2)
    assert list(made.personas) == []
    counts = {step: plan.calls for (step, _), plan in dry.plan.steps.items()}
    assert counts["characterchat.invent"] == 2
    assert counts["characterchat.turn"] == 36
    assert counts["characterchat.mood"] == 18
    assert "INFJ" not in str(dry.plan.samples)


async def test_without_partners_only_characters_are_made(tmp_path: Path) -> None:
    with Run.open(tmp_path / "run", {}) as run:
        made = await make(run, partners="0")
    assert (len(made.personas), list(made.dialogues)) == (3, [])


async def test_too_few_characters_are_refused_before_anything_is_asked() -> None:
    model = open_model("simulated")
    with pytest.raises(UsageError, match="each has only 1 others to meet"):
        await run_characterchat(2, model, config=CharacterChatConfig(partners=2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"partners": "x"}, "partners must be a whole number from 0"),
        ({"last_turn": "4"}, "last_turn must be odd"),
        ({"rated": "maybe"}, "rated must be yes or no"),
        ({"types": "ABCD"}, "no type is called 'ABCD'"),
    ],
)
def test_options_that_cannot_be_read_are_named(options: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_options(options, 0, 4)


def test_options_set_the_configuration() -> None:
    config = read_options({"crisis": "no", "types": "intj", "partners": "2", "rated": "no"}, 7, 4)
    assert config.dialogues.crisis is None
    assert (config.bank.types, config.partners, config.rated, config.seed) == (("INTJ",), 2, False, 7)
    worded = read_options({"referral": "Ring the bell."}, 0, 4).dialogues.crisis
    assert worded is not None
    assert worded.referral == "Ring the bell."
