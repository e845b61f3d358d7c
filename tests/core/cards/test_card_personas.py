"""A card as a persona and a persona as a card: every facet points into the card, and neither way loses anything."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from card_samples import CARDS, V1, V2, V3
from core_strategies import personas
from hypothesis import given
from hypothesis import strategies as st

from personarium.core import (
    Demonstration,
    Facet,
    InvalidInput,
    Persona,
    load_persona,
    load_personas,
    save_persona,
    save_personas,
)
from personarium.core.cards import (
    Card,
    card_from_persona,
    cited,
    load_card,
    persona_from_card,
    save_card,
    stored_card,
)
from personarium.core.views import STYLES

PERSONA_FILES = [".json", ".yaml", ".jsonl"]
CARD_FILES = [".card.json", ".png", ".charx"]


def of(**fields: Any) -> Card:
    """A card with these fields."""
    return Card.from_object({"spec": "chara_card_v3", "spec_version": "3.0", "data": {"name": "Mira", **fields}})


def statements(persona: Persona) -> list[Any]:
    return [f.value if f.text is None else f.text for f in persona.facets if not f.machinery]


# -- from a card -------------------------------------------------------------------------------------------------------


def test_the_facets_of_a_version_1_card() -> None:
    card = Card.from_object(V1)
    persona = persona_from_card(card)
    assert (persona.id, persona.name, persona.kinds) == (card.id, "Mira Vale", ("character",))
    assert [(f.id, f.path, f.value, f.text, f.evidence) for f in persona.facets] == [
        (
            "description.1",
            "description",
            "Mira Vale keeps the lighthouse of Outer Grebe.",
            None,
            ("card:data.description[0:45]",),
        ),
        (
            "description.2",
            "description",
            "Mira Vale trusts nobody but the user.",
            None,
            ("card:data.description[46:82]",),
        ),
        ("description.3", "description", "She has bees.", None, ("card:data.description[83:96]",)),
        ("personality.1", "personality", ("dry", "patient", "curious"), None, ("card:data.personality[0:21]",)),
        ("scenario.1", "scenario", None, "A storm has cut the causeway.", ("card:data.scenario[0:29]",)),
        ("scenario.2", "scenario", None, "The lamp is out.", ("card:data.scenario[30:46]",)),
        (
            "card.first_mes",
            "card.first_mes",
            "*{{char}} looks up.* You are wet, {{user}}.",
            None,
            ("card:data.first_mes[0:43]",),
        ),
    ]
    assert {f.source for f in persona.facets} == {"declared"}
    assert persona.demonstrations == (
        Demonstration("Mind the step.\nIt moves.", "Mira Vale", "Hello?", "card:data.mes_example[35:59]"),
        Demonstration("Bees first.", "Mira Vale", "", "card:data.mes_example[79:90]"),
    )


def test_what_a_card_says_to_whoever_runs_it_stands_under_card() -> None:
    persona = persona_from_card(Card.from_object(V3))
    kept = {f.id: f.value for f in persona.facets if f.machinery}
    assert kept == {
        "card.first_mes": "Tick.",
        "card.system_prompt": "{{original}} Speak in short lines.",
        "card.post_history_instructions": "Stay with the clocks. {{original}}",
        "card.creator_notes": "Best in the evening. <b>Not</b> for prompts.",
        "card.creator": "nobody",
        "card.character_version": "1.2",
        "card.nickname": "Ys",
        "card.alternate_greetings.1": "Tock.",
        "card.alternate_greetings.2": "*silence*",
        "card.group_only_greetings.1": "All of you?",
        "card.tags.1": "Clocks",
        "card.tags.2": "calm",
        "card.source.1": "https://example.org/ysolde",
        "card.lorebook.1": {
            "keys": ("/gat(e|ter)/i",),
            "content": "@@depth 2\n@@role system\n\nThe gate opens at dusk.",
        },
    }
    assert persona.facet("card.lorebook").evidence == ("card:data.character_book.entries[0].content[0:48]",)
    assert persona.demonstrations[0].text == "Ys, at the gate. 🌿"


@pytest.mark.parametrize("style", STYLES)
def test_no_view_shows_any_of_it(style: Any) -> None:
    said = persona_from_card(Card.from_object(V3)).view(style).text
    for word in (
        "Tick",
        "Tock",
        "original",
        "evening",
        "nobody",
        "Clocks",
        "calm",
        "example.org",
        "dusk",
        "1.2",
        "All of",
    ):
        assert word not in said


def test_only_the_fields_of_a_card_are_its_machinery() -> None:
    assert Facet("", "card.tags", "x").machinery
    assert not Facet("", "card", "ace of spades").machinery
    assert not Facet("", "card.colour", "red").machinery
    assert "ace of spades" in Persona(facets=(Facet("", "card", "ace of spades"),)).view("statements").text


@pytest.mark.parametrize("name", CARDS)
def test_every_facet_and_demonstration_points_into_the_card(name: str) -> None:
    card = Card.from_object(CARDS[name])
    persona = persona_from_card(card)
    for facet in persona.facets:
        found = cited(card, facet.evidence[0])
        value = facet.value["content"] if facet.path == "card.lorebook" else facet.value
        if facet.machinery:
            assert found == value
        elif isinstance(value, tuple):
            assert found == ", ".join(value)
        else:
            spoken = found.replace("{{char}}", card.called).replace("{{user}}", "the user")
            assert spoken == (facet.text or value)
    for shown in persona.demonstrations:
        assert cited(card, shown.provenance).replace("{{char}}", card.called) == shown.text


@pytest.mark.parametrize(
    "evidence", ["card:data.tags[9][0:1]", "card:data.nothing[0:1]", "card:data.tags[0:1]", "x", ""]
)
def test_evidence_of_something_else_points_to_nothing(evidence: str) -> None:
    assert cited(Card.from_object(V2), evidence) == ""


pieces = st.sampled_from([*"aB. \n{}/:<>,!?\x85\u2028", "{{char}}", "{{//", "}}", "{{user}}", "<START>", "Mira: "])


@given(st.lists(pieces, max_size=40).map("".join))
def test_any_description_is_split_where_its_spans_say(field: str) -> None:
    card = of(description=field, scenario=field, mes_example=field)
    spans = []
    for facet in persona_from_card(card).facets:
        found = cited(card, facet.evidence[0])
        assert found and found == found.strip() and found in field
        if facet.path == "description":
            spans.append(facet.evidence[0])
    assert len(set(spans)) == len(spans)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("{{char}} is old. {{char}} is wise.", ["Mira is old.", "Mira is wise."]),
        ("<BOT> is old. <USER> is not.", ["Mira is old.", "the user is not."]),
        ("Dr. Vale is here. So is J. R. Hill.", ["Dr. Vale is here.", "So is J. R. Hill."]),
        ("One.\r\nTwo\n\n  Three", ["One.", "Two", "Three"]),
        ("A. {{// Not this. Nor\nthis. }}Yes.", ["A. Yes."]),
        ("{{// Only a note. }}", []),
        ("An open {{ brace. Ends.\nHere {{x}}.", ["An open {{ brace.", "Ends.", "Here {{x}}."]),
        ("{{// One. Two }} Three. Four {{ five. Six.", ["Three.", "Four {{ five.", "Six."]),
        ("<script>alert(1)</script>", ["<script>alert(1)</script>"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_how_a_description_is_split(field: str, expected: list[str]) -> None:
    assert statements(persona_from_card(of(description=field))) == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("kind, stubborn", [("kind", "stubborn")]),
        ("Kind, very stubborn, and witty.", [("Kind", "very stubborn", "witty")]),
        ("kind", ["kind"]),
        ("She sings, he dances", ["She sings, he dances"]),
        ("kind, stubborn\nwitty", ["kind, stubborn", "witty"]),
        ("{{char}} is kind. And {{user}} is not.", ["Mira is kind.", "And the user is not."]),
    ],
)
def test_a_row_of_adjectives_is_one_value(field: str, expected: list[Any]) -> None:
    persona = persona_from_card(of(personality=field))
    assert statements(persona) == expected
    assert {f.path for f in persona.facets} == {"personality"}


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("{{char}}: Hi.", [("", "Hi.")]),
        ("<START>\n{{user}}: Who?\n{{char}}: Me.\nOnly me.", [("Who?", "Me.\nOnly me.")]),
        ("<START><start>\n mira : Lower case.", [("", "Lower case.")]),
        ("{{char}}: One.\n{{char}}: Two.\n<START>\n{{char}}: Three.", [("", "One."), ("One.", "Two."), ("", "Three.")]),
        ("Rain falls.\n{{char}}: Wet.", [("Rain falls.", "Wet.")]),
        ("Old Tom: Ahoy.\nMira: Tom!", [("Ahoy.", "Tom!")]),
        ("{{char}}: Listen: the sea.\nnote: it is loud", [("", "Listen: the sea.\nnote: it is loud")]),
        ("{{char}}: Time is 10:30\n10:31 now", [("", "Time is 10:30\n10:31 now")]),
        ("<BOT>: a\n<USER>: b\n<bot>: c", [("", "a"), ("b", "c")]),
        ("*She waves, without a name.*\nHello.", [("", "*She waves, without a name.*\nHello.")]),
        ("{{user}}: alone", []),
        ("{{char}}:\n{{char}}: {{// nothing}}\n{{user}}: x", []),
        ("system: s\nassistant: a", [("", "system: s\nassistant: a")]),
    ],
)
def test_how_examples_are_read(field: str, expected: list[tuple[str, str]]) -> None:
    persona = persona_from_card(of(mes_example=field))
    assert [(d.scene, d.text) for d in persona.demonstrations] == expected
    assert {d.speaker for d in persona.demonstrations} <= {"Mira"}


@pytest.mark.parametrize("name", ["user", "assistant", "system", "", "x" * 5000, "a:b", "{{user}}", "\n", "[.*"])
def test_a_character_may_have_any_name(name: str) -> None:
    card = of(name=name, nickname="", mes_example="{{user}}: Hi\n{{char}}: Ho", description="{{char}} is here.")
    persona = persona_from_card(card)
    assert [d.text for d in persona.demonstrations] == ["Ho"]
    assert card_from_persona(persona) == card


def test_another_user_is_named_and_remembered() -> None:
    card = Card.from_object(V1)
    persona = persona_from_card(card, user="Jo")
    assert persona.facet("description").value == "Mira Vale keeps the lighthouse of Outer Grebe."
    assert statements(persona)[1] == "Mira Vale trusts nobody but Jo."
    assert persona.id == card.id
    assert card_from_persona(persona) == card


@pytest.mark.parametrize("field", ["description", "tags", "mes_example", "alternate_greetings"])
def test_a_card_of_endless_parts_is_refused_as_a_persona(field: str) -> None:
    many: Any = ["a"] * 100_001 if field in ("tags", "alternate_greetings") else "Mira: a\n" * 100_001
    with pytest.raises(InvalidInput, match="card 'Mira': expected at most 100,000 "):
        persona_from_card(of(**{field: many}))


# -- and back ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", PERSONA_FILES)
@pytest.mark.parametrize("name", CARDS)
def test_a_card_goes_through_the_files_of_a_persona_unchanged(name: str, ending: str, tmp_path: Path) -> None:
    card = Card.from_object(CARDS[name])
    persona = persona_from_card(card)
    again = load_persona(save_persona(persona, tmp_path / f"x{ending}"))
    assert again == persona
    assert card_from_persona(again) == card
    assert stored_card(again) == card


@pytest.mark.parametrize("ending", CARD_FILES)
@pytest.mark.parametrize("name", CARDS)
def test_a_persona_of_a_card_is_saved_as_that_card(name: str, ending: str, tmp_path: Path) -> None:
    card = Card.from_object(CARDS[name])
    path = save_persona(persona_from_card(card), tmp_path / f"x{ending}")
    again = load_card(path)
    assert (again.data, again.rest) == (card.data, card.rest)
    assert load_persona(path).id == card.id
    assert load_persona(path).facets == persona_from_card(card).facets


def edited(persona: Persona) -> dict[str, Any]:
    """The fields of a persona's card that differ from those of the card it was read from."""
    before, after = stored_card(persona), card_from_persona(persona)
    assert before is not None
    assert persona_from_card(after) == persona
    changed = {k: v for k, v in after.data.items() if v != before.data.get(k)}
    assert changed.pop("extensions").keys() - before.data["extensions"].keys() == {"personarium"}
    return changed


def test_an_edited_sentence_changes_its_field_and_nothing_else() -> None:
    persona = persona_from_card(Card.from_object(V1))
    assert edited(persona.with_value("description.2", "She trusts nobody.")) == {
        "description": "{{char}} keeps the lighthouse of Outer Grebe. She trusts nobody.\nShe has bees."
    }
    assert edited(persona.without_facet("description.2")) == {
        "description": "{{char}} keeps the lighthouse of Outer Grebe.\nShe has bees."
    }
    assert edited(persona.with_facet(Facet("", "description", "She is 61."))) == {
        "description": f"{V1['description']}\nShe is 61."
    }
    assert edited(persona.with_facet(Facet("", "age", 61))) == {
        "description": f"{V1['description']}\nThey are 61 years old."
    }
    assert edited(persona.with_facet(Facet("", "values", "honesty"))) == {
        "personality": "dry, patient, curious\nTheir values are honesty."
    }
    turned = replace(persona, facets=(persona.facets[1], persona.facets[0], *persona.facets[2:]))
    assert edited(turned) == {
        "description": "{{char}} trusts nobody but {{user}}.\n{{char}} keeps the lighthouse of Outer Grebe.\nShe has bees."
    }
    assert edited(persona.with_value("personality.1", ("dry", "kind"))) == {"personality": "dry, kind"}
    assert edited(persona.without_facet("scenario.1")) == {"scenario": " The lamp is out."}


def test_edited_machinery_changes_its_field_and_nothing_else() -> None:
    persona = persona_from_card(Card.from_object(V2))
    assert edited(persona.with_value("card.first_mes", "Ding.\nDong.")) == {"first_mes": "Ding.\nDong."}
    assert edited(persona.without_facet("card.tags.1")) == {"tags": ("calm",)}
    assert edited(persona.without_facet("card.system_prompt")) == {"system_prompt": ""}
    assert edited(persona.with_facet(Facet("", "card.nickname", "Bo"))) == {"nickname": "Bo"}
    assert edited(persona.with_facet(Facet("", "card.group_only_greetings", "Hm."))) == {
        "group_only_greetings": ("Hm.",)
    }
    assert edited(replace(persona, name="Bramwell")) == {"name": "Bramwell"}
    shown = (Demonstration("Tick tock.", scene="What time is it?"),)
    assert edited(replace(persona, demonstrations=shown)) == {
        "mes_example": "<START>\n{{user}}: What time is it?\n{{char}}: Tick tock."
    }


def test_an_edited_entry_of_the_lorebook_keeps_what_else_it_has() -> None:
    persona = persona_from_card(Card.from_object(V2))
    value = {"keys": ["lamp"], "content": "Whale oil."}
    book = edited(persona.with_value("card.lorebook.1", value))["character_book"]
    first, second = stored_card(persona).data["character_book"]["entries"]
    assert book["entries"] == ({**first, "keys": ("lamp",), "content": "Whale oil."}, second)
    assert book["unknown_of_the_book"] == (1, 2.5, None)
    book = edited(persona.with_facet(Facet("", "card.lorebook", value)))["character_book"]
    assert book["entries"][2]["content"] == "Whale oil."
    assert edited(persona.without_facet("card.lorebook.2"))["character_book"]["entries"] == (first,)
    with pytest.raises(InvalidInput, match=r"card\.lorebook\.1\.value"):
        card_from_persona(persona.with_value("card.lorebook.1", "Whale oil."))


def test_what_a_card_cannot_hold_travels_as_an_extension() -> None:
    persona = persona_from_card(Card.from_object(V1))
    secret = persona.with_facet(Facet("s", "past", "a smuggler", visibility="never_disclose", confidence=0.5))
    card = card_from_persona(secret)
    assert "smuggler" not in json.dumps(card.to_v3()["data"] | {"extensions": {}})
    assert persona_from_card(card) == secret
    assert card_from_persona(secret) == card


def test_secrets_stand_in_no_field() -> None:
    persona = Persona(
        facets=tuple(
            Facet("", path, "hush", visibility="never_disclose")
            for path in ("name", "description", "personality", "scenario", "age", "card.tags", "card.first_mes")
        )
    )
    card = card_from_persona(persona)
    assert "hush" not in json.dumps({**card.to_v3()["data"], "extensions": {}})
    assert persona_from_card(card) == persona


@given(personas)
def test_any_persona_comes_back_from_a_card(persona: Persona) -> None:
    card = card_from_persona(persona)
    text = json.dumps(card.to_v3())
    again = persona_from_card(Card.from_object(json.loads(text)))
    assert again == persona
    assert card_from_persona(again) == card


@pytest.mark.parametrize("ending", CARD_FILES)
def test_a_persona_that_never_was_a_card_becomes_one(ending: str, tmp_path: Path) -> None:
    persona = Persona(
        name="Ada",
        facets=(
            Facet("", "description", "A retired nurse from Naples."),
            Facet("", "occupation", "nurse"),
            Facet("", "personality", ("calm", "blunt")),
            Facet("", "scenario", None, text="It is late."),
            Facet("", "card.first_mes", "Sit down."),
            Facet("", "past", "a secret", visibility="never_disclose"),
        ),
        demonstrations=(Demonstration("No.", "Ada", "May I?"),),
    )
    path = save_persona(persona, tmp_path / f"ada{ending}")
    assert load_persona(path) == persona
    data = load_card(path).to_v3()["data"]
    del data["extensions"]
    assert data == {
        "name": "Ada",
        "description": "A retired nurse from Naples.\nThey are a nurse.",
        "personality": "calm, blunt",
        "scenario": "It is late.",
        "first_mes": "Sit down.",
        "mes_example": "<START>\n{{user}}: May I?\n{{char}}: No.",
        "creator_notes": "",
        "system_prompt": "",
        "post_history_instructions": "",
        "alternate_greetings": [],
        "group_only_greetings": [],
        "tags": [],
        "creator": "",
        "character_version": "",
    }


def test_a_card_that_was_edited_elsewhere_is_read_as_any_other() -> None:
    card = card_from_persona(Persona.from_text("A nurse. She is shy.", name="Ada"))
    changed = replace(card, data={**card.data, "description": "A pilot."})
    persona = persona_from_card(changed)
    assert statements(persona) == ["A pilot."]
    assert persona.id.startswith("card-")
    stored = stored_card(persona)
    assert stored is not None
    assert stored.data["extensions"] == {}
    assert stored.notes[-1] == "data.extensions.personarium: a persona that the card's fields do not show, left out"


@pytest.mark.parametrize("record", [None, 5, {}, {"persona": 5}, {"persona": {"schema_version": 9}}, {"persona": {}}])
def test_what_stands_under_our_name_and_is_no_record_stops_nothing(record: Any) -> None:
    persona = persona_from_card(of(description="A pilot.", extensions={"personarium": record, "other": 1}))
    assert statements(persona) == ["A pilot."]
    assert stored_card(persona).data["extensions"] == {"other": 1}


def test_a_hidden_persona_behind_harmless_fields_is_not_read() -> None:
    hidden = Persona.from_text("A pilot. She always answers 5.", name="Mira").to_dict()
    persona = persona_from_card(of(description="A pilot.", extensions={"personarium": {"persona": hidden}}))
    assert statements(persona) == ["A pilot."]


def test_cards_that_hold_one_another_do_not_grow() -> None:
    card = Card.from_object(V1)
    for round in range(5):
        persona = persona_from_card(card).with_value("description.3", f"She has {round} bees.")
        card = card_from_persona(persona)
        if round:
            card = replace(card, data={**card.data, "scenario": f"Day {round}."})  # edited elsewhere
    assert len(json.dumps(card.to_v3())) < 8_000


@pytest.mark.parametrize(
    "stored", [None, 5, {}, {"data": 5}, {"data": {"name": 5, "tags": 7}}, {"data": {}, "notes": 5}]
)
def test_a_record_whose_stored_card_is_none_is_refused_as_a_card(stored: Any) -> None:
    persona = Persona(id="x", provenance={"format": "character-card", "card": stored})
    with pytest.raises(InvalidInput, match="persona x: provenance"):
        card_from_persona(persona)


# -- in files ----------------------------------------------------------------------------------------------------------


def test_a_json_file_may_hold_a_card_or_several_or_lines_of_them(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(json.dumps(V2))
    (tmp_path / "all.json").write_text(json.dumps([V1, V2, V3]))
    (tmp_path / "all.jsonl").write_text("".join(f"{json.dumps(card)}\n" for card in (V1, V2, V3)))
    ids = [Card.from_object(card).id for card in (V1, V2, V3)]
    assert load_persona(tmp_path / "one.json").id == ids[1]
    assert [p.id for p in load_personas(tmp_path / "all.json")] == ids
    assert [p.id for p in load_personas(tmp_path / "all.jsonl")] == ids


def test_plain_json_saves_the_persona_and_card_json_the_card(tmp_path: Path) -> None:
    persona = persona_from_card(Card.from_object(V2))
    save_persona(persona, tmp_path / "x.json")
    save_persona(persona, tmp_path / "X.CARD.JSON")
    assert json.loads((tmp_path / "x.json").read_text())["schema_version"] == 1
    assert json.loads((tmp_path / "X.CARD.JSON").read_text())["spec"] == "chara_card_v3"


@pytest.mark.parametrize("ending", [*CARD_FILES, ".apng"])
def test_a_card_file_holds_one_persona(ending: str, tmp_path: Path) -> None:
    people = [Persona.from_text("A nurse."), Persona.from_text("A cook.")]
    path = tmp_path / f"x{ending}"
    with pytest.raises(InvalidInput, match="expected one persona"):
        save_personas(people, path)
    with pytest.raises(InvalidInput, match="expected one persona"):
        save_personas([], path)
    assert list(tmp_path.iterdir()) == []


def test_a_large_card_is_read_in_json_and_comes_back_in_persona_files(tmp_path: Path) -> None:
    card = of(description="A pilot.", first_mes="x" * 5_000_000)
    save_card(card, tmp_path / "large.json")
    persona = load_persona(tmp_path / "large.json")
    assert persona.id == card.id
    for ending in (".json", ".jsonl"):
        assert load_persona(save_persona(persona, tmp_path / f"p{ending}")) == persona
    (tmp_path / "other.json").write_text(json.dumps({"persona": "x" * 5_000_000}))
    with pytest.raises(InvalidInput, match="at most 4,194,304 bytes"):
        load_persona(tmp_path / "other.json")
    (tmp_path / "other.jsonl").write_text(json.dumps({"persona": "x" * 1_100_000}))
    with pytest.raises(InvalidInput, match="at most 1,048,576 bytes"):
        load_persona(tmp_path / "other.jsonl")
