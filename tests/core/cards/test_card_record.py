"""One record for cards of every version: what is filled in, what is read with a second thought, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from card_samples import V1, V2, V3

from personarium.core import InvalidInput
from personarium.core.cards import Card, version_of


@pytest.mark.parametrize(
    ("value", "version"),
    [
        (V1, 1),
        (V2, 2),
        (V3, 3),
        ({"first_mes": ""}, 1),
        ({"mes_example": "", "spec": None}, 1),
        ({"name": "x", "description": "y"}, None),
        ({"spec": "chara_card_v4", "data": {}}, None),
        ({"spec": "chara_card_v2", "data": []}, None),
        ({"spec": ["chara_card_v2"], "data": {}, "first_mes": ""}, None),
        ({"spec": "lorebook_v3", "data": {}}, None),
        ({"schema_version": 1, "first_mes": ""}, None),
        ({}, None),
    ],
)
def test_what_looks_like_a_card(value: dict[str, Any], version: int | None) -> None:
    assert version_of(value) == version


def test_missing_fields_are_filled_and_reported() -> None:
    card = Card.from_object({"first_mes": "Hi.", "name": 7, "personality": None})
    assert card.to_v3()["data"] == {
        "name": "7",
        "description": "",
        "personality": "",
        "scenario": "",
        "first_mes": "Hi.",
        "mes_example": "",
        "creator_notes": "",
        "system_prompt": "",
        "post_history_instructions": "",
        "alternate_greetings": [],
        "tags": [],
        "creator": "",
        "character_version": "",
        "extensions": {},
        "group_only_greetings": [],
    }
    assert card.notes == (
        "name: a number, read as text",
        "description: missing, filled with an empty text",
        "personality: missing, filled with an empty text",
        "scenario: missing, filled with an empty text",
        "mes_example: missing, filled with an empty text",
    )


def test_each_version_is_blamed_for_its_own_fields_only() -> None:
    two = Card.from_object({"spec": "chara_card_v2", "data": {**V1, "name": " "}})
    assert [note.partition(":")[0] for note in two.notes] == [
        "data.creator_notes",
        "data.system_prompt",
        "data.post_history_instructions",
        "data.creator",
        "data.character_version",
        "data.alternate_greetings",
        "data.tags",
        "data.extensions",
        "data.name",
    ]
    three = Card.from_object({"spec": "chara_card_v3", "spec_version": "3.0", "data": V2["data"]})
    assert three.notes[0] == "data.group_only_greetings: missing, filled with an empty list"
    assert Card.from_object(V3).notes == ()


@pytest.mark.parametrize(
    ("given", "read", "note"),
    [
        ("3.0", "3.0", None),
        ("2.5", "2.5", None),
        ("3.1", "3.1", "spec_version: 3.1 is newer than 3.0; what is new in it is kept and not used"),
        (3.5, "3.5", "spec_version: 3.5 is newer than 3.0; what is new in it is kept and not used"),
        ("three", "three", None),
        (None, "3.0", "spec_version: not a text, read as 3.0"),
        ([], "3.0", "spec_version: not a text, read as 3.0"),
    ],
)
def test_other_versions_of_version_3_are_read(given: Any, read: str, note: str | None) -> None:
    card = Card.from_object({**V3, "spec_version": given})
    assert card.spec_version == card.to_v3()["spec_version"] == read
    assert card.notes == ((note,) if note else ())


def test_what_a_version_1_card_says_under_the_names_of_a_head_does_not_become_one() -> None:
    card = Card.from_object({**V1, "spec": None, "spec_version": "9", "data": {"name": "Eve"}})
    again = Card.from_object(card.to_v3())
    assert again.text("name") == "Mira Vale"
    assert again.rest == {"create_date": "2023-4-1", "avatar": None, "v1_spec_version": "9", "v1_data": {"name": "Eve"}}
    assert card.notes == (
        "spec_version: not of version 1, kept as v1_spec_version",
        "data: not of version 1, kept as v1_data",
    )


def test_a_version_2_card_may_use_the_names_of_version_3_for_something_else() -> None:
    odd = {"source": "a book", "assets": {"a": 1}, "nickname": None, "group_only_greetings": 5}
    card = Card.from_object({**V2, "data": {**V2["data"], **odd}})
    assert {k: v for k, v in card.data["extensions"].items() if k.startswith("v2_")} == {
        "v2_source": "a book",
        "v2_assets": {"a": 1},
        "v2_group_only_greetings": 5,
    }
    assert "data.source: not what version 3 means by it, kept as extensions.v2_source" in card.notes
    assert "data.nickname: null, left out" in card.notes
    assert card.data["group_only_greetings"] == ()
    assert Card.from_object(card.to_v3()).data == card.data


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", ["x"]),
        ("description", {}),
        ("creator", True),
        ("tags", "x"),
        ("tags", [1]),
        ("alternate_greetings", {}),
        ("group_only_greetings", [None]),
        ("extensions", []),
        ("nickname", 5),
        ("source", "x"),
        ("creator_notes_multilingual", {"en": 5}),
        ("assets", [{"type": "icon", "uri": "x", "name": "main"}]),
        ("character_book", []),
    ],
)
def test_a_field_of_a_wrong_kind_is_named(name: str, value: Any) -> None:
    with pytest.raises(InvalidInput, match=rf"mira\.png: field 'data\.{name}'"):
        Card.from_object({**V3, "data": {**V3["data"], name: value}}, "mira.png")


@pytest.mark.parametrize("value", [None, 5, "x", [], {}, {1: 2}, {"spec": "chara_card_v2"}])
def test_what_is_no_card_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput, match=r"mira\.png"):
        Card.from_object(value, "mira.png")


def test_what_the_card_is_called_and_how_it_greets() -> None:
    card = Card.from_object(V3)
    assert (card.called, Card.from_object(V2).called) == ("Ys", "Bram Ottoline")
    assert card.greetings == ("Tick.", "Tock.", "*silence*")
    assert card.book == card.data["character_book"]
    assert Card.from_object(V1).book is None


def test_a_card_for_programs_of_version_2() -> None:
    out = Card.from_object(V3).to_v2("Mind: a copy.")
    assert (out["spec"], out["spec_version"], out["future"]) == ("chara_card_v2", "2.0", {"field": True})
    assert out["data"]["creator_notes"] == "Mind: a copy.\n\nBest in the evening. <b>Not</b> for prompts."
    assert out["data"]["nickname"] == "Ys"
    assert Card.from_object(V1).to_v2("Mind: a copy.")["data"]["creator_notes"] == "Mind: a copy."
    assert (
        Card.from_object(V2).to_v2()["data"]["character_book"] == Card.from_object(V2).to_v3()["data"]["character_book"]
    )
