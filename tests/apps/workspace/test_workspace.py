"""The folder that server, studio and MCP show: personas, populations and runs, looked up and never joined to a path."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from personarium.apps.workspace import Workspace
from personarium.core import Facet, Persona, Population
from personarium.core.cards.files import load_card, save_card
from personarium.core.cards.record import Card
from personarium.core.errors import InvalidInput, NotFound, StorageError, UsageError
from personarium.runs import Run

TORILL = Persona.from_text("I keep bees in Bergen. I have a dog called Moll.", id="torill", name="Torill")


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "work")


def test_a_persona_that_is_put_is_found_by_id_words_and_facets(place: Workspace) -> None:
    nurse = Persona(id="Ana/../1", name="Ana", facets=(Facet("", "social.occupation", "Nurse"), Facet("", "age", 40)))
    place.personas.put(TORILL)
    place.personas.put(nurse)
    assert place.personas.get("Ana/../1") == nurse
    assert [row.id for row in place.personas.find("moll BEES")] == ["torill"]
    assert [row.name for row in place.personas.find(where={"social.occupation": "nurse"})] == ["Ana"]
    assert place.personas.find("moll", {"social.occupation": "nurse"}) == []
    assert place.personas.values()["age"] == [("40", 1)]


def test_no_id_is_a_path(place: Workspace) -> None:
    for id in ("../../evil", "/etc/passwd", "a\\b", ".hidden", "CON", "ü" * 300, "x/y"):
        path = place.personas.put(replace(TORILL, id=id))
        assert path.parent == place.folder / "personas"
        assert place.personas.get(id).id == id
    assert len(place.personas) == 7
    assert [p.name for p in place.folder.iterdir()] == ["personas"]


def test_a_persona_is_replaced_in_its_own_file_whatever_it_holds(place: Workspace) -> None:
    folder = place.folder / "personas"
    folder.mkdir()
    Population.from_personas([TORILL, replace(TORILL, id="second")]).save(folder / "two.jsonl")
    changed = TORILL.with_value("s1", "I keep goats.")
    assert place.personas.put(changed).name == "two.jsonl"
    assert place.personas.get("torill") == changed
    assert place.personas.get("second").facets == TORILL.facets
    place.personas.remove("torill")
    assert [row.id for row in place.personas.rows()] == ["second"]
    place.personas.remove("second")
    assert list(folder.iterdir()) == []


def test_what_a_csv_holds_is_shown_and_not_changed(place: Workspace) -> None:
    folder = place.folder / "personas"
    folder.mkdir()
    (folder / "people.csv").write_text("id,name,job\na,Ada,baker\nb,Bo,miller\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"personarium persona convert people\.csv"):
        place.personas.put(place.personas.get("a").with_value("job", "smith"))
    with pytest.raises(UsageError):
        place.personas.remove("a")
    assert place.personas.get("a").value("job") == "baker"


def test_a_card_with_a_picture_is_taken_in_as_it_is_and_keeps_its_picture_when_it_is_changed(
    place: Workspace, tmp_path: Path
) -> None:
    data = {"name": "Moll", "description": "Moll is a dog.", "first_mes": "Woof."}
    card = Card.from_object({"spec": "chara_card_v2", "spec_version": "2.0", "data": data}, "card")
    handed_over = save_card(card, tmp_path / "moll.png").read_bytes()
    [moll] = place.personas.take_in("C:\\cards\\..\\Moll.PNG", handed_over)
    [file] = (place.folder / "personas").iterdir()
    assert file.read_bytes() == handed_over
    facet = next(f for f in moll.facets if not f.machinery)
    place.personas.put(moll.with_value(facet.id, "Moll is a cat."))
    assert load_card(file).picture == load_card(tmp_path / "moll.png").picture
    assert "cat" in place.personas.get(moll.id).view("card").text


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.exe", b"MZ"),
        ("noending", b"{}"),
        ("x.json", b"{"),
        ("x.png", b"no png"),
        ("../../x.json", b"[]" * 9),
        ("", b""),
    ],
)
def test_what_is_no_persona_is_refused_and_leaves_nothing(place: Workspace, name: str, data: bytes) -> None:
    with pytest.raises(InvalidInput):
        place.personas.take_in(name, data)
    assert place.personas.rows() == ()
    assert [p.name for p in place.folder.rglob("*") if p.is_file()] == []


def test_secrets_and_machinery_are_in_no_list(place: Workspace) -> None:
    secret = Facet("", "past.crime", "She burnt the mill", visibility="never_disclose")
    place.personas.put(TORILL.with_facet(secret).with_facet(Facet("", "card.first_mes", "Hello")))
    [row] = place.personas.rows()
    assert set(row.facets) == {"description"}
    assert place.personas.find("mill") == []


def test_what_changes_in_the_folder_is_seen(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("personarium.apps.workspace.persona_shelf.FRESH_S", 0.0)
    assert place.personas.rows() == ()
    TORILL.save(place.folder / "personas" / "t.json")
    (place.folder / "personas" / "broken.json").write_text("{")
    assert [row.id for row in place.personas.rows()] == ["torill"]
    assert [path.name for path in place.personas.problems] == ["broken.json"]


def test_populations_are_kept_by_name_and_no_name_is_a_path(place: Workspace) -> None:
    people = Population.from_rows([{"id": "a", "job": "baker"}, {"id": "b", "job": "smith"}])
    assert place.populations.names() == []
    place.populations.put("two people", people)
    assert place.populations.names() == ["two people"]
    assert place.populations.get("two people").frame.equals(people.frame)
    for name in ("../x", "a/b", ".hidden", "", " x", "x" * 81, "a\0b"):
        with pytest.raises(InvalidInput):
            place.populations.put(name, people)
        with pytest.raises(NotFound):
            place.populations.get(name)
    place.populations.remove("two people")
    assert list((place.folder / "populations").iterdir()) == []


def test_runs_are_listed_the_latest_first_and_a_broken_one_says_why(place: Workspace) -> None:
    for number in (1, 2):
        with Run.open(place.folder / "runs" / f"run{number}", {"kind": "personagym", "number": number}):
            pass
    broken = place.folder / "runs" / "broken"
    broken.mkdir()
    (broken / "run.json").write_text("{")
    rows = place.runs.rows()
    assert [(row.name, row.status, row.kind) for row in rows][:2] == [
        ("run2", "complete", "personagym"),
        ("run1", "complete", "personagym"),
    ]
    assert (rows[2].name, rows[2].status) == ("broken", "unreadable")
    assert "run.json" in rows[2].problem
    with pytest.raises(NotFound):
        place.runs.get("../work/runs/run1")


def test_the_memory_is_opened_once_and_closed_with_the_workspace(tmp_path: Path) -> None:
    with Workspace(tmp_path) as place:
        assert place.memory is place.memory
        place.memory.user("ana").remember("tea", key="tastes.drink")
    with Workspace(tmp_path) as place:
        assert place.memory.users() == ["ana"]


def test_a_workspace_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="no workspace can be made there"):
        Workspace(tmp_path / "file" / "work")
