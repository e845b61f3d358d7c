"""A card as chat messages: what stands where, what never appears, and where every character is from."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personarium.core.cards.lore import Lorebook
from personarium.core.cards.prompt import CUT, CardPrompt, card_prompt, split_examples
from personarium.core.cards.record import Card
from personarium.core.dialogue import OPENING_CUE, Dialogue

HER = "mira"
HOUSE = "Stay in character as Mira, talking with Tom: say only what Mira says and does next, and never speak for Tom."


def card(*entries: Mapping[str, Any], book: Mapping[str, Any] | None = None, **fields: Any) -> Card:
    data: dict[str, Any] = {"name": "Mira", "description": "{{char}} keeps the lighthouse."}
    if entries or book:
        data["character_book"] = {**(book or {}), "entries": list(entries)}
    return Card.from_object({"spec": "chara_card_v3", "spec_version": "3.0", "data": {**data, **fields}})


def lore(content: str, *keys: str, **fields: Any) -> dict[str, Any]:
    return {"keys": list(keys), "content": content, "constant": not keys, **fields}


def talk(*texts: str) -> Dialogue:
    return Dialogue("d", [(("tom", HER)[n % 2], text) for n, text in enumerate(texts)])  # type: ignore[misc]


def prompt(of: Card, *texts: str, **options: Any) -> CardPrompt:
    return card_prompt(of, talk(*texts), HER, user="Tom", **options)


def shown(found: CardPrompt) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in found.messages]


# -- the system message ------------------------------------------------------------------------------------------------


def test_the_whole_layout() -> None:
    mira = card(
        lore("Before."),
        lore("After.", position="after_char"),
        lore("@@position before_desc\nAbove her."),
        lore("@@position after_desc\nBelow her."),
        lore("@@position personality\nHer temper."),
        lore("@@position scenario\nHer place."),
        personality="dry, patient",
        scenario="A storm; {{user}} knocks.",
        mes_example="<START>\n{{user}}: hi\n{{char}}: hello\n<start>{{char}}: Mind the step.",
        post_history_instructions="Keep it short, {{char}}.",
    )
    found = prompt(mira, "Hello?", "Come in.", "Thanks.", instructions="Speak {{char}}.")
    assert shown(found) == [
        (
            "system",
            f"{HOUSE}\n\nBefore.\n\nAbove her.\n\nMira keeps the lighthouse.\n\nBelow her.\n\nPersonality: dry, patient"
            "\n\nHer temper.\n\nScenario: A storm; Tom knocks.\n\nHer place.\n\nAfter.\n\nExample conversation:\nTom: hi\n"
            "Mira: hello\n\nExample conversation:\nMira: Mind the step.\n\nSpeak {{char}}.",
        ),
        ("user", "Hello?"),
        ("assistant", "Come in."),
        ("user", "Thanks."),
        ("system", "Keep it short, Mira."),
    ]
    assert found.left_out == ()


def test_what_is_empty_leaves_no_trace() -> None:
    found = prompt(card(description=" ", personality="{{// nothing}}"), "Hello?")
    assert shown(found) == [("system", HOUSE), ("user", "Hello?")]


def test_the_cards_own_system_prompt_takes_the_place_of_the_houses() -> None:
    assert shown(prompt(card(system_prompt="You are {{char}}."), "x"))[0][1].startswith("You are Mira.\n\nMira keeps")
    found = prompt(card(system_prompt="First. {{Original}} Last, {{char}}."), "x").turns[0].content
    assert found.text.startswith(f"First. {HOUSE} Last, Mira.\n\n")
    assert found.of("character.system") == HOUSE
    assert found.of("card.system_prompt") == "First.  Last, Mira."


def test_a_name_that_looks_like_the_mark_of_the_original_is_a_name() -> None:
    odd = card(name="{{original}}\ue000", system_prompt="{{char}}: {{original}}")
    text = prompt(odd, "x").turns[0].content.text
    assert text.startswith("{{original}}\ue000: Stay in character as {{original}}\ue000, talking")


def test_original_in_post_history_instructions_is_empty() -> None:
    found = prompt(card(post_history_instructions="{{original}}Be brief.{{original}}"), "x")
    assert found.messages[-1] == {"role": "system", "content": "Be brief."}
    assert [m["role"] for m in prompt(card(post_history_instructions="{{original}}"), "x").messages] == [
        "system",
        "user",
    ]


def test_what_must_not_be_in_a_prompt_is_not() -> None:
    secret = card(
        creator_notes="NOTES",
        tags=["TAG"],
        creator="CREATOR",
        character_version="VERSION",
        first_mes="FIRST",
        alternate_greetings=["ALTERNATE"],
        group_only_greetings=["GROUP"],
        creator_notes_multilingual={"de": "NOTIZ"},
        source=["SOURCE"],
        extensions={"a": "EXTENSION"},
        book={"name": "BOOK", "description": "ABOUT"},
    )
    book = {"entries": [{**lore("Lore.", "x"), "name": "ENTRY", "comment": "COMMENT", "id": "ID"}], "name": "BOOK"}
    secret = card(**{**secret.data, "character_book": book})
    text = " ".join(m["content"] for m in prompt(secret, "x").messages)
    assert "Lore." in text
    assert [word for word in text.split() if word.strip(".").isupper() and len(word) > 2] == []


def test_the_nickname_is_what_char_stands_for() -> None:
    assert "Mi keeps the lighthouse." in prompt(card(nickname="Mi"), "x").messages[0]["content"]


def test_ui_prompts_that_lore_switches_off() -> None:
    entries = (
        lore("@@disable_ui_prompt system_prompt", "quiet"),
        lore("@@disable_ui_prompt post_history_instructions\nHush.", "quiet"),
    )
    mira = card(*entries, system_prompt="Own.", post_history_instructions="Last.")
    assert shown(prompt(mira, "quiet"))[0][1] == "Hush.\n\nMira keeps the lighthouse."
    assert [m["role"] for m in prompt(mira, "quiet").messages] == ["system", "user"]
    assert [m["content"] for m in prompt(mira, "loud").messages][-1] == "Last."


def test_a_position_whose_section_is_missing_is_ignored() -> None:
    mira = card(lore("@@position scenario\nA.", position="after_char"), lore("@@position personality\n@@depth 0\nB."))
    found = prompt(mira, "x")
    assert found.messages[0]["content"].endswith("Mira keeps the lighthouse.\n\nA.")
    assert shown(found)[-1] == ("system", "B.")


# -- the history -------------------------------------------------------------------------------------------------------


def test_lore_at_its_depth_in_its_role() -> None:
    def at(depth: str, role: str = "") -> list[tuple[str, str]]:
        return shown(prompt(card(lore(f"@@depth {depth}\n{role}L")), "one", "two", "three"))[1:]

    assert at("0") == [("user", "one"), ("assistant", "two"), ("user", "three"), ("system", "L")]
    assert at("-3") == at("0")
    assert at("1") == [("user", "one"), ("assistant", "two"), ("system", "L"), ("user", "three")]
    assert at("3") == [("system", "L"), ("user", "one"), ("assistant", "two"), ("user", "three")]
    assert at("99") == at("3")
    assert at("1", "@@role assistant\n") == [("user", "one"), ("assistant", "two\nL"), ("user", "three")]
    assert at("0", "@@role user\n") == [("user", "one"), ("assistant", "two"), ("user", "three\nL")]
    assert at("0", "@@role assistant\n")[-1] == ("assistant", "L")


def test_a_supported_position_wins_over_depth() -> None:
    found = prompt(card(lore("@@depth 1\n@@position after_desc\nL")), "one")
    assert found.messages[0]["content"].endswith("lighthouse.\n\nL")


def test_lore_of_one_depth_stands_in_insertion_order_in_one_message() -> None:
    mira = card(lore("@@depth 1\nB", insertion_order=2), lore("@@depth 1\nA", insertion_order=1))
    assert shown(prompt(mira, "one", "two"))[2:] == [("system", "A\nB"), ("assistant", "two")]


def test_neighbours_of_one_role_are_merged_and_keep_their_trace() -> None:
    heard = Dialogue("d", [("tom", "a"), ("tom", "b"), (HER, "c")])  # type: ignore[list-item]
    found = card_prompt(card(), heard, HER)
    assert shown(found)[1:] == [("user", "a\nb"), ("assistant", "c")]
    assert [(s.source, s.start, s.end) for s in found.turns[1].content.spans] == [
        ("dialogue.0", 0, 1),
        ("dialogue.1", 1, 3),
    ]


def test_the_history_is_what_seen_by_shows() -> None:
    for said in (
        [],
        [("tom", "a")],
        [(HER, "a"), ("tom", "b")],
        [("tom", "a"), ("ann", "b"), (HER, "c"), ("ann", "d")],
    ):
        dialogue = Dialogue("d", list(said))  # type: ignore[arg-type]
        assert card_prompt(card(), dialogue, HER).messages[1:] == dialogue.seen_by(HER)


def test_a_cue_stands_where_she_would_speak_first() -> None:
    assert shown(prompt(card()))[1:] == [("user", OPENING_CUE)]


def test_what_was_said_stays_as_it_was_said() -> None:
    said = "{{char}} <user> {{random:a,b}} <script>alert(1)</script>"
    assert shown(prompt(card(), said))[1:] == [("user", said)]


def test_random_macros_change_with_the_turn_and_pick_does_not() -> None:
    mira = card(description="{{roll:1000000}}", personality="{{pick:a,b,c,d,e,f,g,h,i,j}}")
    first, again, second = prompt(mira, "x"), prompt(mira, "x"), prompt(mira, "x", "y", "z")
    other = prompt(mira, "x", seed=1)
    assert first == again
    assert first.turns[0].content.of("card.description") != second.turns[0].content.of("card.description")
    assert first.turns[0].content.of("card.description") != other.turns[0].content.of("card.description")
    assert first.turns[0].content.of("card.personality") == second.turns[0].content.of("card.personality")


def test_a_lorebook_made_once_gives_the_same() -> None:
    mira = card(lore("L", "one"), lore("M", "two"))
    once = Lorebook.of(mira, user="Tom")
    assert prompt(mira, "one", lorebook=once) == prompt(mira, "one")
    assert prompt(mira, "two", lorebook=once) == prompt(mira, "two")


def test_the_greeting_is_known_to_the_lore() -> None:
    mira = card(lore("@@is_greeting 1\nL"))
    assert "L" not in prompt(mira, "x").messages[0]["content"].split()
    assert "L" in prompt(mira, "x", greeting=1).messages[0]["content"].split()


# -- where it is from --------------------------------------------------------------------------------------------------


def test_every_part_is_traced_to_its_field() -> None:
    mira = card(lore("Zero."), lore("One."), scenario="Fog.", mes_example="a<START>b", post_history_instructions="P")
    found = prompt(mira, "Hello?")
    system, said, last = (turn.content for turn in found.turns)
    assert system.of("card.lorebook.1") == "\n\nZero."
    assert system.of("card.lorebook.2") == "\n\nOne."
    assert system.of("card.description") == "\n\nMira keeps the lighthouse."
    assert (system.of("character.scenario"), system.of("card.scenario")) == ("\n\nScenario: ", "Fog.")
    assert (system.of("card.mes_example.1"), system.of("card.mes_example.2")) == ("a", "b")
    assert (said.of("dialogue.0"), last.of("card.post_history_instructions")) == ("Hello?", "P")
    kinds = {span.source: span.kind for turn in found.turns for span in turn.content.spans}
    assert kinds["character.system"] == kinds["character.example"] == "template"
    assert kinds["card.description"] == kinds["dialogue.0"] == "facet"


def test_examples_split_at_start() -> None:
    assert split_examples(card(mes_example="<START>\nA\n<Start>\n\n<START>B")) == ("A", "B")
    assert split_examples(card()) == ()


text = st.text(st.sampled_from("aB {}<>/:,\n@\ue000") | st.characters(), max_size=30)
macro = st.sampled_from(
    ["{{char}}", "{{user}}", "{{original}}", "<START>", "{{random:a,b}}", "<bot>", "@@depth 1\n", ""]
)
field = st.lists(text | macro, max_size=4).map("".join)
entry = st.fixed_dictionaries(
    {"keys": st.lists(st.sampled_from(["a", "B", ""]), max_size=2), "content": field, "constant": st.booleans()},
    optional={"position": st.sampled_from(["before_char", "after_char"])},
)
FIELDS = (
    "name",
    "description",
    "personality",
    "scenario",
    "mes_example",
    "system_prompt",
    "post_history_instructions",
)
said = st.lists(st.tuples(st.sampled_from(["tom", HER, "ann"]), field), max_size=6)


@settings(max_examples=200, deadline=None)
@given(
    st.fixed_dictionaries(dict.fromkeys(FIELDS, field)),
    st.lists(entry, max_size=4),
    said,
    st.none() | st.integers(0, 100),
)
def test_spans_tile_every_message(
    fields: dict[str, str], entries: list[dict[str, Any]], said: list[tuple[str, str]], room: int | None
) -> None:
    dialogue = Dialogue("d", list(said))  # type: ignore[arg-type]
    found = card_prompt(card(*entries, **fields), dialogue, HER, max_tokens=room, instructions="Be brief.")
    for turn in found.turns:
        at = 0
        for span in turn.content.spans:
            assert (span.start, span.end > span.start) == (at, True)
            at = span.end
        assert at == len(turn.content.text)
    roles = [turn.role for turn in found.turns if turn.role != "system"]
    assert all(a != b for a, b in itertools.pairwise(roles)) or any("depth" in e["content"] for e in entries)
    assert sum(-(-len(turn.content.text) // 4) for turn in found.turns) == found.tokens


# -- room --------------------------------------------------------------------------------------------------------------


def long_card() -> Card:
    return card(
        lore("@@ignore_on_max_context\nweak one", priority=2),
        lore("@@ignore_on_max_context\nweak two", priority=1),
        lore("strong"),
        mes_example="<START>example one<START>example two",
    )


def test_what_is_left_out_and_in_which_order() -> None:
    texts = ("first", "second", "third", "fourth")
    whole = prompt(long_card(), *texts)
    order = (
        "card.mes_example.2",
        "card.mes_example.1",
        "card.lorebook.2",
        "card.lorebook.1",
        "dialogue.0",
        "dialogue.1",
        "dialogue.2",
    )
    seen = {prompt(long_card(), *texts, max_tokens=room).left_out for room in range(whole.tokens + 1)}
    assert seen <= {order[:n] for n in range(8)} and {(), order[:1], order[:2], order} <= seen
    assert prompt(long_card(), *texts, max_tokens=whole.tokens) == whole
    one_less = prompt(long_card(), *texts, max_tokens=whole.tokens - 1)
    assert one_less.left_out == ("card.mes_example.2",)
    assert "example two" not in one_less.messages[0]["content"]


def test_the_limit_is_kept_or_everything_that_may_go_is_gone() -> None:
    for room in range(0, 140, 7):
        found = prompt(long_card(), *["word " * 8] * 6, max_tokens=room)
        assert found.tokens <= room or len(found.left_out) == 4 + 5
        assert found.messages[-1] == {"role": "assistant", "content": "word " * 8}
        assert "strong" in found.messages[0]["content"]


def test_a_history_that_was_cut_says_so_where_she_would_come_first() -> None:
    found = prompt(card(), "x" * 400, "own words", "so?", max_tokens=70)
    assert found.left_out == ("dialogue.0",)
    assert shown(found)[1:] == [("user", CUT), ("assistant", "own words"), ("user", "so?")]


@pytest.mark.parametrize(
    "hostile", ["{{" * 5_000, "{{char}}" * 5_000, "<START>" * 5_000, "{{random:" * 2_000, "@@" * 9_000]
)
def test_hostile_fields_are_text(hostile: str) -> None:
    found = prompt(card(lore(hostile), description=hostile, mes_example=hostile, system_prompt=hostile), hostile)
    assert found.messages[-1] == {"role": "user", "content": hostile}
