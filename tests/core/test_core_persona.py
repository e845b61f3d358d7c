"""The persona record: edits, files, bad files, and what survives."""

from __future__ import annotations

import json
from pathlib import Path

import core_strategies as some
import pytest
from hypothesis import HealthCheck, example, given, settings

from personarium.core import (
    Facet,
    InvalidInput,
    Knowledge,
    NotFound,
    Persona,
    StorageError,
    load_persona,
    load_personas,
    save_personas,
    split_sentences,
    stack,
)
from personarium.core.formats import FORMATS
from personarium.core.published import HACHIMI_PATHS, hachimi_record, persona_from_hachimi

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@given(some.personas)
@settings(max_examples=60, deadline=None)
def test_any_persona_survives_its_own_dict(persona: Persona) -> None:
    assert Persona.from_dict(json.loads(json.dumps(persona.to_dict()))) == persona


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".jsonl"])
@example(persona=Persona(name="a\x85b\u2028c", knowledge=Knowledge(never_disclose=("\u2028", "\ufeff", "\r\n "))))
@given(persona=some.personas)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_persona_survives_any_file(persona: Persona, suffix: str, tmp_path: Path) -> None:
    again = load_persona(persona.save(tmp_path / f"p{suffix}"))
    assert again == persona
    assert json.dumps(again.to_dict()) == json.dumps(persona.to_dict())


def test_a_sentence_is_a_persona() -> None:
    persona = Persona.from_text("A 71-year-old nurse from Italy")
    assert [(f.id, f.path, f.value) for f in persona.facets] == [
        ("s1", "description", "A 71-year-old nurse from Italy")
    ]
    assert persona.id == Persona.from_text("A 71-year-old nurse from Italy").id
    assert persona.id != Persona.from_text("A 70-year-old nurse from Italy").id
    with pytest.raises(InvalidInput):
        Persona.from_text(" \n ")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("I live in Lisbon. I like cats.", ["I live in Lisbon.", "I like cats."]),
        ("Dr. Smith met J. R. Tolkien. 3 times!", ["Dr. Smith met J. R. Tolkien.", "3 times!"]),
        ("He said “no.” Then left", ["He said “no.”", "Then left"]),
        ("one\n\ntwo", ["one", "two"]),
        ("It costs 3.50 in the U.S. today.", ["It costs 3.50 in the U.S. today."]),
        ("", []),
    ],
)
def test_sentences(text: str, parts: list[str]) -> None:
    assert split_sentences(text) == parts


def test_sentences_of_a_hostile_text_take_linear_time() -> None:
    assert len(split_sentences("A. " * 200_000)) >= 1
    assert len(split_sentences("! " * 100_000)) >= 1


def test_edits_are_new_versions_of_the_same_persona() -> None:
    first = Persona.from_text("A nurse.")
    second = first.with_facet(Facet("", "social.city", "Lisbon"))
    third = second.with_value("social.city", "Porto").without_facet("s1")
    assert first.id == second.id == third.id
    assert [(p.version, p.parent_version) for p in (first, second, third)] == [(1, None), (2, 1), (4, 3)]
    assert third.value("social.city") == "Porto"
    assert len(first.facets) == 1
    with pytest.raises(NotFound, match="age"):
        first.with_value("age", 3)
    with pytest.raises(InvalidInput, match="differ"):
        second.with_facet(Facet("social.city", "x", 1))


def test_a_removed_facet_is_gone_from_the_layers_too() -> None:
    layer = Persona(name="Ana", kinds=("character",), facets=(Facet("", "contact.phone", "555"),)).as_layer()
    assert "555" not in json.dumps(Persona.stacked([layer]).without_facet("contact.phone").to_dict())


def test_repeated_paths_get_ids_of_their_own() -> None:
    persona = Persona(facets=(Facet("", "likes", "tea"), Facet("", "likes", "rain"), Facet("likes#2", "x", 1)))
    assert [f.id for f in persona.facets] == ["likes", "likes#3", "likes#2"]


def test_groups_of_one_path_stand_or_fall_together() -> None:
    general = Persona(kinds=("demographic",), facets=(Facet("", "likes", "tea"), Facet("", "likes", "rain"))).as_layer()
    special = Persona(kinds=("character",), facets=(Facet("", "likes", "wine", "inferred"),)).as_layer()
    found = stack([general, special])
    assert [f.value for f in found.facets] == ["tea", "rain"]
    assert found.conflicts[0].claims[0].value == ("tea", "rain")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"path": ""}, "path"),
        ({"path": "a..b"}, "path"),
        ({"source": "guessed"}, "source"),
        ({"confidence": 1.5}, "confidence"),
        ({"confidence": True}, "confidence"),
        ({"visibility": "secret"}, "visibility"),
        ({"value": float("nan")}, "value"),
        ({"value": {1, 2}}, "value"),
        ({"value": "\ud800"}, "value"),
        ({"evidence": "line 3"}, "evidence"),
        ({"valid_from": 3.5}, "valid_from"),
        ({"id": "@name"}, "id"),
    ],
)
def test_a_facet_that_makes_no_sense_is_refused(change: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput, match=f"field '{field}'"):
        Facet(**{"id": "f", "path": "a.b", "value": 1, **change})  # type: ignore[arg-type]


BAD_FILES = {
    "page.json": b"<!DOCTYPE html><html></html>",
    "picture.json": b"\x89PNG\r\n\x1a\n\0\0",
    "latin.json": '{"name": "José"}'.encode("latin-1"),
    "huge.json": b" " * 10_000_000,
    "empty.json": b"",
    "cut.json": b'{"schema_version": 1, "facets": [',
    "number.json": b"3",
    "deep.json": b"[" * 100_000,
    "nan.json": b'{"schema_version": 1, "facets": [{"path": "x", "value": NaN}]}',
    "twice.json": b'{"schema_version": 1, "name": "a", "name": "b"}',
    "none.json": b"[]",
    "alias.yaml": b"a: &x [1]\nb: *x\n",
    "tag.yaml": b"!!python/object/apply:os.getcwd []",
    "tabs.yaml": b"\tfoo: [",
    "list.jsonl": b"[1, 2]\n",
    "page.jsonl": b"<html>\n",
    "long.jsonl": b'{"persona": "' + b"x" * 1_100_000 + b'"}\n',
    "ragged.csv": b"id,city\n1,Lisbon,extra\n",
    "blank.txt": b"  \n ",
    "picture.png": b"\x89PNG",
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_is_not_what_it_says_gives_one_clear_error(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(BAD_FILES[name])
    with pytest.raises(InvalidInput) as caught:
        Persona.load(path)
    message = str(caught.value)
    assert name in message
    assert "expected" in message
    assert "\n" not in message
    assert len(message) < 500 + len(str(path))


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(NotFound, match=r"nowhere\.json"):
        Persona.load("nowhere.json")


def test_the_line_of_a_bad_record_is_named(tmp_path: Path) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_text('{"persona": "A nurse"}\n\n{"persona": ""}\n', encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"hub\.jsonl:3: field 'persona'"):
        load_personas(path)


def test_persona_hub_lines_keep_their_other_fields(tmp_path: Path) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_text('{"input persona": "A nurse", "math problem": "1+1"}\n{"persona": "A cook"}\n', encoding="utf-8")
    first, second = load_personas(path)
    assert first.extra == {"math problem": "1+1"}
    assert [first.value("description"), second.value("description")] == ["A nurse", "A cook"]
    with pytest.raises(InvalidInput, match="one persona"):
        load_persona(path)
    assert load_persona(path, 1) == second
    with pytest.raises(NotFound):
        load_persona(path, 2)


def test_table_rows(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "id,name,social.city,favourite food,description\n7,Ana,Lisbon,,I like tea. I swim.\n", encoding="utf-8"
    )
    persona = Persona.load(path)
    assert (persona.id, persona.name) == ("7", "Ana")
    assert [(f.path, f.value) for f in persona.facets] == [
        ("social.city", "Lisbon"),
        ("description", "I like tea."),
        ("description", "I swim."),
    ]
    assert Persona.from_row({"first_name": "Ethan", "last_name": "Robinson", "age": 25}).name == "Ethan Robinson"
    with pytest.raises(InvalidInput, match=r"row 3: field 'a\.\.b'"):
        Persona.from_row({"a..b": 1}, "row 3")
    with pytest.raises(InvalidInput, match="filled"):
        Persona.from_row({"a": None})


def test_a_hachimi_record_goes_back_unchanged() -> None:
    record = {"id": 3, **dict.fromkeys(HACHIMI_PATHS, "x"), "_采样约束": {"年级": "初一"}, "other": [1]}
    assert hachimi_record(persona_from_hachimi(record)) == record


def test_a_refused_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    Persona.from_text("A nurse.").save(path)
    before = path.read_bytes()
    with pytest.raises(StorageError, match=r"p\.json"):
        Persona.from_text("A cook.").save(path / "p.json")
    with pytest.raises(InvalidInput, match="save"):
        Persona.from_text("A cook.").save(tmp_path / "p.csv")
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["p.json"]


def test_many_personas_in_one_file(tmp_path: Path) -> None:
    people = [Persona.from_text(f"Person {i}.") for i in range(3)]
    for suffix in (".jsonl", ".json", ".yaml"):
        assert load_personas(save_personas(people, tmp_path / f"all{suffix}")) == people


def test_every_format_has_endings_of_its_own() -> None:
    endings = [s for f in FORMATS for s in f.suffixes]
    assert len(set(endings)) == len(endings)


def test_knowledge_is_kept() -> None:
    persona = Persona(knowledge=Knowledge(known_topics=(), time_limit=-399))
    assert Persona.from_dict(persona.to_dict()).knowledge.known_topics == ()


@pytest.mark.skipif(not (SHARED / "personagym" / "personas.json").is_file(), reason="shared data is not there")
def test_the_200_personas_of_personagym_load_word_for_word() -> None:
    path = SHARED / "personagym" / "personas.json"
    people = load_personas(path)
    assert len({p.id for p in people}) == 200
    sentences = json.loads(path.read_text(encoding="utf-8"))
    assert [" ".join(f.value for f in p.facets) for p in people] == [s.strip() for s in sentences]
