"""A cast: a folder of personas read whole, nothing dropped silently, nothing overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from card_samples import PICTURE, V1, V2, V3

from personarium.core import Facet, InvalidInput, NotFound, Persona, save_persona
from personarium.core.cards import Card, Cast, load_cast, persona_from_card, save_card
from personarium.core.cards import cast as module


def write(folder: Path, name: str, card: object) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(card), encoding="utf-8")
    return path


def test_a_folder_of_cards_and_personas_of_every_format(tmp_path: Path) -> None:
    write(tmp_path, "b.json", V1)
    save_card(Card.from_object(V2), tmp_path / "a.png")
    save_card(Card.from_object(V3), tmp_path / "c.charx")
    write(tmp_path, "deeper/still/d.json", [V2 | {"data": V2["data"] | {"name": "Bram the Second"}}])
    (tmp_path / "deeper" / "e.jsonl").write_text('{"persona": "A nurse."}\n{"persona": "A cook."}\n')
    cast = load_cast(tmp_path)
    assert [p.name for p in cast] == ["Bram Ottoline", "Mira Vale", "Ysolde of the 7th Gate", "", "", "Bram the Second"]
    assert len(cast) == 6
    assert cast.problems == {}
    assert cast[Card.from_object(V1).id] == persona_from_card(Card.from_object(V1))
    assert [p.name for p in cast.named(" BRAM ottoline ")] == ["Bram Ottoline"]
    assert cast.named("nobody") == ()
    assert [p.name for p in cast.tagged("CLOCKS")] == ["Bram Ottoline", "Ysolde of the 7th Gate", "Bram the Second"]
    assert cast.tags == ("calm", "clocks")
    with pytest.raises(NotFound, match="no persona 'x'"):
        cast["x"]


def test_two_characters_of_one_name_are_two(tmp_path: Path) -> None:
    write(tmp_path, "a.json", V1)
    write(tmp_path, "b.json", {**V1, "description": "Another Mira."})
    cast = load_cast(tmp_path)
    assert len(cast.named("mira vale")) == 2
    assert len({p.id for p in cast}) == 2


def test_the_same_card_in_two_files_is_one_persona_with_two_files(tmp_path: Path) -> None:
    first = write(tmp_path, "a.json", V1)
    second = save_card(Card.from_object(V1), tmp_path / "b.png")  # version 3 now, and the same card
    third = write(tmp_path, "c.json", [V1, V1])
    cast = load_cast(tmp_path)
    assert len(cast) == 1
    assert cast.duplicates == {Card.from_object(V1).id: (first, second, third)}


def test_another_persona_of_the_same_id_is_kept_beside_it(tmp_path: Path) -> None:
    for number, said in enumerate(("A nurse.", "A cook.", "A pilot.", "A cook.")):
        save_persona(Persona(id="x", facets=(Facet("", "description", said),)), tmp_path / f"{number}.json")
    cast = load_cast(tmp_path)
    assert {p.id: p.facets[0].value for p in cast} == {"x": "A nurse.", "x#2": "A cook.", "x#3": "A pilot."}
    assert cast.duplicates == {"x#2": (tmp_path / "1.json", tmp_path / "3.json")}
    assert cast.files["x#3"] == (tmp_path / "2.json",)


def test_cards_that_differ_only_in_what_nobody_knows_are_two(tmp_path: Path) -> None:
    write(tmp_path, "a.json", V1)
    write(tmp_path, "b.json", {**V1, "create_date": "2024-1-1"})
    assert [p.id for p in load_cast(tmp_path)] == [Card.from_object(V1).id, f"{Card.from_object(V1).id}#2"]


def test_what_cannot_be_read_is_a_problem_and_stops_nothing(tmp_path: Path) -> None:
    write(tmp_path, "good.json", V1)
    (tmp_path / "picture.png").write_bytes(PICTURE)
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "half.jsonl").write_text('{"persona": "A nurse."}\n{"persona": 5}\n{"persona": "A cook."}\n')
    (tmp_path / "notes.pdf").write_bytes(b"%PDF")
    (tmp_path / "link.json").symlink_to(tmp_path / "good.json")
    (tmp_path / ".hidden.json").write_text("{")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.json").write_text("{")
    cast = load_cast(tmp_path)
    assert [p.name for p in cast] == ["Mira Vale", ""]
    assert sorted(path.name for path in cast.problems) == ["broken.json", "half.jsonl", "picture.png"]
    assert "without one" in cast.problems[tmp_path / "picture.png"]
    assert "half.jsonl:2" in cast.problems[tmp_path / "half.jsonl"]
    assert cast.skipped == (tmp_path / "link.json", tmp_path / "notes.pdf")


def test_a_link_that_goes_in_a_circle_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path, "a/good.json", V1)
    (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
    cast = load_cast(tmp_path)
    assert len(cast) == 1
    assert cast.duplicates == {}


def test_a_list_of_files(tmp_path: Path) -> None:
    first, second = write(tmp_path, "a.json", V2), write(tmp_path, "b.json", V1)
    cast = load_cast([second, str(first), tmp_path / "gone.json"])
    assert [p.name for p in cast] == ["Mira Vale", "Bram Ottoline"]
    assert cast.problems == {tmp_path / "gone.json": f"{tmp_path / 'gone.json'}: no such file"}


def test_folders_that_are_not_there_or_hold_nothing_or_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFound, match="no such folder"):
        load_cast(tmp_path / "gone")
    assert load_cast(tmp_path) == Cast({})
    for number in range(4):
        (tmp_path / f"{number}.txt").write_text("A nurse.")
    monkeypatch.setattr(module, "MAX_FILES", 3)
    with pytest.raises(InvalidInput, match="a folder of at most 3 files"):
        load_cast(tmp_path)
