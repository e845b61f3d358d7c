"""Files that somebody hands over: who is new, who is here already, and nobody replaced unasked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from personarium.apps.workspace import PersonaShelf
from personarium.apps.workspace.persona_imports import Offer, accept, read_offer
from personarium.core import Facet, Persona
from personarium.core.cards.files import card_bytes, load_card
from personarium.core.cards.record import Card
from personarium.core.errors import InvalidInput, UsageError

TORILL = Persona.from_text("I keep bees in Bergen. I have a dog called Moll.", id="torill", name="Torill")
OTHER = replace(TORILL.with_value("s1", "I keep goats."), version=1, parent_version=None)


@pytest.fixture
def shelf(tmp_path: Path) -> PersonaShelf:
    return PersonaShelf(tmp_path / "personas")


def lines(*personas: Persona) -> bytes:
    return "".join(json.dumps(p.to_dict()) + "\n" for p in personas).encode()


def card(description: str) -> bytes:
    data = {"name": "Nyx", "description": description, "first_mes": "Hark!"}
    return card_bytes(
        Card.from_object({"spec": "chara_card_v2", "spec_version": "2.0", "data": data}, "c"), ".png", "c"
    )


def test_the_new_the_same_and_the_clashing_are_told_apart(shelf: PersonaShelf) -> None:
    nurse = replace(TORILL, id="nurse")
    shelf.put_all([TORILL, nurse])
    offer = read_offer(shelf, "three.jsonl", lines(OTHER, nurse, replace(TORILL, id="new")))
    assert [[p.id for p in group] for group in (offer.new, offer.same, offer.clashing)] == [
        ["new"],
        ["nurse"],
        ["torill"],
    ]
    assert {row.id for row in shelf.rows()} == {"torill", "nurse"}  # looking keeps nothing


def test_unasked_nobody_is_replaced(shelf: PersonaShelf) -> None:
    shelf.put(TORILL)
    kept = accept(shelf, read_offer(shelf, "two.jsonl", lines(OTHER, replace(TORILL, id="new"))))
    assert [p.id for p in kept] == ["new"]
    assert shelf.get("torill") == TORILL


def test_both_are_kept_under_two_ids_or_one_in_place_of_the_other(shelf: PersonaShelf) -> None:
    shelf.put(TORILL)
    offer = read_offer(shelf, "other.json", json.dumps(OTHER.to_dict()).encode())
    assert [p.id for p in accept(shelf, offer, "both")] == ["torill-2"]
    assert (shelf.get("torill"), shelf.get("torill-2").facets) == (TORILL, OTHER.facets)
    accept(shelf, offer, "replace")
    assert shelf.get("torill") == OTHER


def test_a_card_that_replaces_a_record_brings_its_picture(shelf: PersonaShelf) -> None:
    picture = card("Nyx keeps a lighthouse.")
    [nyx] = accept(shelf, read_offer(shelf, "nyx.png", picture))
    shelf.remove(nyx.id)
    shelf.put(nyx.with_facet(Facet("", "age", 40)))
    accept(shelf, read_offer(shelf, "nyx.png", picture), "replace")
    [file] = shelf.folder.iterdir()
    assert file.read_bytes() == picture


def test_the_old_one_comes_back_when_the_new_one_cannot_be_kept(shelf: PersonaShelf) -> None:
    [nyx] = accept(shelf, read_offer(shelf, "nyx.png", card("Nyx keeps a lighthouse.")))
    damaged = Offer("nyx.png", b"not the picture that was read", (), (), (nyx,))
    with pytest.raises(InvalidInput):
        accept(shelf, damaged, "replace")
    assert shelf.get(nyx.id) == nyx


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("notes.exe", b"MZ", r"notes\.exe: expected a persona file"),
        ("broken.png", b"no picture", r"broken\.png: expected a PNG"),
        ("two.jsonl", lines(TORILL) + b"{\n", r"two\.jsonl:2: line 2: expected JSON"),
        ("bomb.json", b"[" * 100_000, r"bomb\.json: expected JSON of less depth"),
        ("list.json", b'[{"id": 1}]', r"list\.json: item 1"),
    ],
)
def test_a_refusal_calls_the_file_by_its_name(shelf: PersonaShelf, name: str, data: bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=rf"\A{said}"):
        read_offer(shelf, name, data)
    assert shelf.rows() == ()


def test_somebody_elses_file_of_the_same_name_is_not_overwritten(shelf: PersonaShelf) -> None:
    shelf.folder.mkdir()
    replace(TORILL, id="somebody").save(shelf.folder / "torill.json")
    assert shelf.put(TORILL).name == "torill-2.json"
    assert {row.id for row in shelf.rows()} == {"somebody", "torill"}


def test_many_are_put_at_once_each_in_its_own_file_or_in_the_one_it_stands_in(shelf: PersonaShelf) -> None:
    shelf.folder.mkdir()
    (shelf.folder / "two.jsonl").write_bytes(lines(TORILL, replace(TORILL, id="second")))
    paths = shelf.put_all([OTHER, replace(TORILL, id="third"), replace(TORILL, id="Third!")])
    assert paths[0].name == "two.jsonl" and len(set(paths)) == 3
    assert shelf.get("torill") == OTHER and shelf.get("second").facets == TORILL.facets
    assert shelf.with_free_id(TORILL).id == "torill-2"


def test_the_second_of_an_id_in_one_file_is_not_changed_silently(shelf: PersonaShelf) -> None:
    shelf.folder.mkdir()
    (shelf.folder / "two.jsonl").write_bytes(lines(TORILL, OTHER))
    with pytest.raises(UsageError, match=r"two\.jsonl holds two personas of one id"):
        shelf.put(shelf.get("torill#2").with_facet(Facet("", "age", 40)))


@pytest.mark.parametrize("ending", [".png", ".json", ".charx"])
def test_a_card_can_leave_without_what_no_field_shows(shelf: PersonaShelf, tmp_path: Path, ending: str) -> None:
    shelf.put(TORILL.with_facet(Facet("", "past.crime", "burnt the mill down", visibility="never_disclose")))
    for record in (True, False):
        path = tmp_path / f"out{ending}"
        path.write_bytes(shelf.card("torill", ending, record=record))
        assert ("burnt the mill" in json.dumps(load_card(path).to_v3())) is record
