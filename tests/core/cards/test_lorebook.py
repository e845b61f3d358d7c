"""Lorebooks: fields filled as the specifications say, every rule and decorator of a scan, and no cost out of bounds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personarium.core.cards import lore_keys
from personarium.core.cards.decorators import Decorators, read_decorators
from personarium.core.cards.lore import Activated, Lorebook, load_lorebook
from personarium.core.cards.lore_keys import Key, KeyIndex, key_of
from personarium.core.cards.lorebook import fill_book
from personarium.core.cards.record import Card
from personarium.core.dialogue import Dialogue
from personarium.core.errors import InvalidInput, NotFound
from personarium.core.facets import freeze

HER = "mira"


def book(*entries: Mapping[str, Any], **fields: Any) -> Lorebook:
    """A lorebook of entries with their required fields filled in."""
    given = freeze({"entries": list(entries), **fields}, "test", "book")
    return Lorebook(fill_book(given, 3, "test", "book", []), char="Mira", user="Tom")


def entry(content: str, *keys: str, **fields: Any) -> dict[str, Any]:
    return {"keys": list(keys), "content": content, **fields}


def talk(*texts: str, first: str = "tom") -> Dialogue:
    """A dialogue of two who take turns."""
    order = ("tom", HER) if first == "tom" else (HER, "tom")
    return Dialogue("d", [(order[n % 2], text) for n, text in enumerate(texts)])  # type: ignore[misc]


def contents(lorebook: Lorebook, *texts: str, first: str = "tom", **options: Any) -> list[str]:
    return [active.text for active in lorebook.scan(talk(*texts, first=first), HER, **options).entries]


# -- fields ------------------------------------------------------------------------------------------------------------


def filled(given: Any, version: int = 3) -> tuple[dict[str, Any], list[str]]:
    notes: list[str] = []
    return fill_book(freeze(given, "f.json", "book"), version, "f.json", "data.character_book", notes), notes


def test_missing_required_fields_are_filled_and_named() -> None:
    found, notes = filled({"entries": [{}, {"keys": ["a"], "enabled": False}]})
    assert found["extensions"] == {}
    assert found["entries"][0] == {
        "keys": (),
        "content": "",
        "extensions": {},
        "enabled": True,
        "insertion_order": 0,
        "use_regex": False,
    }
    assert found["entries"][1]["enabled"] is False
    assert found["entries"][1]["insertion_order"] == 1
    assert "data.character_book.extensions: missing, filled with an empty object" in notes
    assert "data.character_book.entries[0].enabled: missing, filled with true" in notes
    assert "data.character_book.entries[1].insertion_order: missing, filled with its place in the list" in notes
    assert "data.character_book.entries[1].use_regex: missing, filled with false" in notes
    assert len(notes) == 1 + 6 + 4


def test_an_older_card_is_not_blamed_for_what_came_later() -> None:
    found, notes = filled({"extensions": {}, "entries": [{}]}, version=2)
    assert found["entries"][0]["use_regex"] is False
    assert not [note for note in notes if "use_regex" in note]
    assert len(notes) == 5


def test_unknown_keys_stay_and_null_is_absent() -> None:
    found, notes = filled(
        {"entries": [{"x_mood": [1], "id": None, "keys": None}], "extensions": {"a": 1}, "x": 2, "name": None}
    )
    assert found["x"] == 2 and found["extensions"] == {"a": 1} and "name" not in found
    assert found["entries"][0]["x_mood"] == (1,)
    assert "id" not in found["entries"][0] and found["entries"][0]["keys"] == ()
    assert "data.character_book.name: null, left out" in notes
    assert "data.character_book.entries[0].id: null, left out" in notes


@pytest.mark.parametrize("id", [7, "seven", 1.5])
def test_an_id_is_a_number_or_text(id: object) -> None:
    assert filled({"entries": [{"id": id}]})[0]["entries"][0]["id"] == id


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ([], None),
        ({"entries": {}}, "entries"),
        ({"entries": ["a"]}, "entries[0]"),
        ({"entries": [{"keys": "a"}]}, "entries[0].keys"),
        ({"entries": [{"keys": ["a", 1]}]}, "entries[0].keys"),
        ({"entries": [{}, {"content": 1}]}, "entries[1].content"),
        ({"entries": [{"enabled": 1}]}, "entries[0].enabled"),
        ({"entries": [{"insertion_order": True}]}, "entries[0].insertion_order"),
        ({"entries": [{"id": []}]}, "entries[0].id"),
        ({"entries": [{"priority": "1"}]}, "entries[0].priority"),
        ({"entries": [{"secondary_keys": "a"}]}, "entries[0].secondary_keys"),
        ({"entries": [], "scan_depth": "4"}, "scan_depth"),
        ({"entries": [], "recursive_scanning": 1}, "recursive_scanning"),
        ({"entries": [], "extensions": []}, "extensions"),
    ],
)
def test_a_wrong_type_names_file_and_field(given: object, field: str | None) -> None:
    with pytest.raises(InvalidInput, match=r"^f\.json") as error:
        filled(given)
    assert error.value.field == ".".join(filter(None, ("data.character_book", field)))


def test_an_unknown_position_is_kept_and_said() -> None:
    found, notes = filled({"entries": [{"position": "at_depth"}]})
    assert found["entries"][0]["position"] == "at_depth"
    assert notes[-1] == "data.character_book.entries[0].position: not before_char or after_char, taken for before_char"
    assert Lorebook(found).entries[0].position == "before_char"


def test_entries_and_notes_are_bounded() -> None:
    _, notes = filled({"entries": [{}] * 1_000})
    assert len(notes) == 201
    assert notes[-1] == "data.character_book: 5,801 more fields of its entries were missing or null"
    with pytest.raises(InvalidInput, match="50,000 entries"):
        filled({"entries": [{}] * 50_001})


def test_a_lorebook_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "book.json"
    path.write_text(json.dumps({"spec": "lorebook_v3", "data": {"entries": [entry("A ship.", "ship")]}}))
    lorebook = load_lorebook(path)
    assert contents(lorebook, "What a ship!") == ["A ship."]
    assert "data.entries[0].enabled: missing, filled with true" in lorebook.notes


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ('{"spec": "lorebook_v3"}', "data"),
        ('{"spec": "chara_card_v3", "data": {}}', "spec"),
        ("[]", "lorebook"),
        ("{", "JSON"),
        ("", "empty"),
    ],
)
def test_what_is_no_lorebook_says_so(tmp_path: Path, said: str, wrong: str) -> None:
    path = tmp_path / "book.json"
    path.write_text(said)
    with pytest.raises(InvalidInput, match=wrong) as error:
        load_lorebook(path)
    assert "book.json" in str(error.value)


def test_a_missing_and_an_oversized_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        load_lorebook(tmp_path / "none.json")
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(16 * 2**20 + 1)
    with pytest.raises(InvalidInput, match="16,777,216"):
        load_lorebook(path)


# -- keys --------------------------------------------------------------------------------------------------------------


def test_a_key_is_contained_and_case_makes_no_difference_unless_said() -> None:
    lorebook = book(
        entry("A", "Straße"), entry("B", "Lamp", case_sensitive=True), entry("C", "Lamp", case_sensitive=False)
    )
    assert contents(lorebook, "in der STRASSENBAHN") == ["A"]
    assert contents(lorebook, "lampshade") == ["C"]
    assert contents(lorebook, "Lampshade") == ["B", "C"]


def test_whole_words_where_a_program_asks_for_them() -> None:
    lorebook = book(entry("A", "cat", extensions={"match_whole_words": True}), entry("B", "cat"))
    assert contents(lorebook, "a category") == ["B"]
    assert contents(lorebook, "the Cat, asleep") == ["A", "B"]
    assert contents(lorebook, "écat cat_") == ["B"]


def test_blank_keys_match_nothing() -> None:
    assert contents(book(entry("A", ""), entry("B", "  "), entry("C")), "anything at all") == []


def test_macros_in_plain_keys_are_replaced() -> None:
    assert contents(book(entry("A", "{{user}}'s hat")), "Is that tom's hat?") == ["A"]


def test_a_selective_entry_needs_a_secondary_key() -> None:
    lorebook = book(
        entry("A", "ship", selective=True, secondary_keys=["storm", "rain"]),
        entry("B", "ship", selective=False, secondary_keys=["storm"]),
        entry("C", "ship", selective=True, secondary_keys=[]),
    )
    assert contents(lorebook, "a ship") == ["B", "C"]
    assert contents(lorebook, "a ship", "in the rain") == ["A", "B", "C"]
    assert contents(lorebook, "a storm") == []


def test_constant_disabled_and_empty_entries() -> None:
    lorebook = book(entry("A", constant=True), entry("B", "ship", enabled=False, constant=True), entry("", "ship"))
    assert contents(lorebook, "a ship") == ["A"]
    assert contents(lorebook) == ["A"]


def test_regular_expressions() -> None:
    lorebook = book(
        entry("A", r"\bdrag(on|ons)\b", use_regex=True),
        entry("B", r"/^Lamp$/m"),
        entry("C", r"/lamp.oil/is"),
        entry("D", r"lam[p", "oil", use_regex=True),
        entry("E", r"Oil", use_regex=True, case_sensitive=True),
        entry("F", r"/\u00e9t\u00E9/gu"),
    )
    assert contents(lorebook, "Two DRAGONS") == ["A"]
    assert contents(lorebook, "snapdragon") == []
    assert contents(lorebook, "a\nLamp\nof") == ["B"]
    assert contents(lorebook, "LAMP\nOIL") == ["C"]
    assert contents(lorebook, "my oil, his Oil") == ["E"]
    assert contents(lorebook, "en été") == ["F"]
    assert lorebook.notes == ("entries[3]: not a pattern that RE2 reads and has room for: 'lam[p'",)


@pytest.mark.parametrize("pattern", [r"(?=oil)oil", r"(?<!a)oil", r"(oil)\1", "a.{900}{900}b", "*", "(?P<x", "\\"])
def test_a_pattern_that_re2_does_not_read_makes_the_entry_no_match(pattern: str) -> None:
    lorebook = book(entry("A", pattern, "oil", use_regex=True))
    assert contents(lorebook, "oiloil") == []
    assert len(lorebook.notes) == 1 and lorebook.notes[0].startswith("entries[0]: not a pattern")


def test_secondary_keys_and_constant_do_not_count_with_use_regex() -> None:
    lorebook = book(entry("A", "o.l", use_regex=True, selective=True, secondary_keys=["x"], constant=True))
    assert contents(lorebook, "oil") == ["A"]
    assert contents(lorebook, "water") == []


def test_a_key_in_slashes_with_other_letters_behind_is_plain() -> None:
    assert key_of("/usr/bin", False, None, False) == Key("folded", "/usr/bin")
    assert key_of("/(?<user>x)/", False, None, False) == Key("pattern", "(?<user>x)")


# -- depth, order, budget, recursion -----------------------------------------------------------------------------------


def test_only_the_last_messages_are_scanned_and_never_a_name() -> None:
    lorebook = book(entry("A", "ship"), entry("T", "tom"), entry("C", constant=True), scan_depth=2)
    assert contents(lorebook, "ship", "no", "no") == ["C"]
    assert contents(lorebook, "no", "ship", "no") == ["A", "C"]
    assert contents(book(entry("A", "ship"), scan_depth=0), "ship") == []
    assert contents(book(entry("A", "ship")), "ship", "no", "no", "no") == ["A"]
    assert contents(book(entry("A", "ship")), "ship", "no", "no", "no", "no") == []


def test_a_key_does_not_run_over_two_messages() -> None:
    assert contents(book(entry("A", "red ship")), "red", "ship") == []


def test_insertion_order_then_place() -> None:
    lorebook = book(
        entry("late", "x", insertion_order=9), entry("b", "x", insertion_order=1), entry("c", "x", insertion_order=1)
    )
    assert contents(lorebook, "x") == ["b", "c", "late"]


def test_the_reason_is_the_key_and_the_message() -> None:
    lorebook = book(entry("see the {{char}}", "Ship", "ark"), entry("more", "see"), recursive_scanning=True)
    first, second = lorebook.scan(talk("an ark", "a ship", "a ship, an ark"), HER).entries
    assert (first.cause, first.key, first.message, first.by) == ("key", "Ship", 2, None)
    assert (second.cause, second.key, second.message, second.by) == ("key", "see", None, 0)
    assert first.text == "see the Mira"


def test_over_the_budget_the_lowest_priority_goes_first_then_the_latest() -> None:
    eight = "12345678"  # two tokens
    lorebook = book(
        entry(eight, constant=True, priority=1, insertion_order=1),
        entry(eight, constant=True, priority=5, insertion_order=2),
        entry(eight, constant=True, insertion_order=3),
        entry(eight, constant=True, priority=1, insertion_order=4),
        token_budget=4,
    )
    found = lorebook.scan(talk(), HER)
    assert found.indices == (0, 1)
    assert [active.entry.index for active in found.dropped] == [2, 3]
    assert found.tokens == 4
    assert book(entry(eight, constant=True), token_budget=1).scan(talk(), HER).entries == ()


def test_content_calls_up_further_entries_only_when_scanning_is_recursive() -> None:
    entries = (entry("the mast", "ship"), entry("the sail", "mast"), entry("the wind", "sail"), entry("-", "fog"))
    assert contents(book(*entries), "ship") == ["the mast"]
    assert contents(book(*entries, recursive_scanning=False), "ship") == ["the mast"]
    assert contents(book(*entries, recursive_scanning=True), "ship") == ["the mast", "the sail", "the wind"]


def test_a_cycle_ends_and_each_entry_comes_once() -> None:
    lorebook = book(entry("a b c", "a"), entry("b c a", "b"), entry("c a b", "c"), recursive_scanning=True)
    assert contents(lorebook, "c") == ["a b c", "b c a", "c a b"]


def test_recursion_looks_regardless_of_depth_and_at_hidden_keys_only_there() -> None:
    lorebook = book(
        entry("A{{hidden_key:fog}}{{// rain}}{{comment: snow}}", "ship"),
        entry("B", "fog"),
        entry("C", "rain", "snow"),
        recursive_scanning=True,
        scan_depth=1,
    )
    assert contents(lorebook, "ship") == ["A", "B"]
    assert contents(lorebook, "fog", "ship") == ["A", "B"]
    assert contents(lorebook, "{{hidden_key:nothing}} {{user}}") == []


# -- decorators --------------------------------------------------------------------------------------------------------


def test_decorators_are_read_and_taken_off() -> None:
    said, content, notes = read_decorators(
        "\n@@depth 4\r\n@@role user\n\n@@scan_depth 2.0\n@@constant\n\nText\n@@depth 1\n"
    )
    assert said == Decorators(depth=4, role="user", scan_depth=2, constant=True)
    assert content == "Text\n@@depth 1\n"
    assert notes == ()


def test_content_without_decorators_stays_as_it_is() -> None:
    for content in ("", "\n Text", "@ depth 4\n", "@@\nText", "@@ depth\n", "@@@@depth 4\nText", "@@dépth 4\nText"):
        assert read_decorators(content) == (Decorators(), content, ())


def test_only_decorators() -> None:
    assert read_decorators("@@depth 4") == (Decorators(depth=4), "", ())


def test_unknown_and_invalid_decorators_are_ignored_and_said() -> None:
    said, content, notes = read_decorators(
        "@@their_own 1\n@@depth four\n@@depth 3\n@@depth 5\n@@role narrator\n@@activate_only_every 0\n@@position top\nText"
    )
    assert said == Decorators(depth=3)
    assert content == "Text"
    assert notes == (
        "@@their_own: not known, ignored",
        "@@depth: 'four' is no value for it, ignored",
        "@@depth: given twice, ignored",
        "@@role: 'narrator' is no value for it, ignored",
        "@@activate_only_every: '0' is no value for it, ignored",
        "@@position: 'top' is no value for it, ignored",
    )


def test_of_a_decorator_and_its_fallbacks_the_first_that_counts() -> None:
    said, _, _ = read_decorators(
        "@@theirs 1\n@@@also_theirs 2\n@@@depth 3\n@@@scan_depth 9\n@@role user\n@@@depth 8\nText"
    )
    assert said == Decorators(depth=3, role="user")
    assert read_decorators("@@instruct_depth 2\n@@@depth 5\nText")[0] == Decorators(depth=5)
    assert read_decorators("@@@depth 5\nText")[:2] == (Decorators(), "Text")
    six = "@@a 1\n" + "@@@b 1\n" * 6 + "@@@depth 2\n"
    assert read_decorators(six)[0] == Decorators(depth=2)


@pytest.mark.parametrize("name", ["instruct_depth", "reverse_depth", "reverse_instruct_depth", "instruct_scan_depth"])
def test_what_is_not_for_chats_is_ignored(name: str) -> None:
    assert read_decorators(f"@@{name} 3\nText") == (Decorators(), "Text", (f"@@{name}: not for chats, ignored",))


@pytest.mark.parametrize("value", ["", "true", "True"])
def test_a_decorator_without_value_is_on(value: str) -> None:
    assert read_decorators(f"@@activate {value}\nText")[0].activate is True
    assert read_decorators("@@activate false\nText")[0].activate is False


def test_activate_only_after_and_every() -> None:
    lorebook = book(
        entry("@@activate_only_after 2\nA", constant=True), entry("@@activate_only_every 2\nB", constant=True)
    )
    assert contents(lorebook, "1") == ["B"]
    assert contents(lorebook, "1", "own", "2") == []
    assert contents(lorebook, "1", "own", "2", "own", "3") == ["A", "B"]
    assert contents(lorebook, "1", "own", "2", "own", "3", "own", "4") == ["A"]


def test_once_matched_always_matched() -> None:
    lorebook = book(entry("@@keep_activate_after_match\nA", "ship"), entry("B", "ship"), scan_depth=1)
    assert contents(lorebook, "ship") == ["A", "B"]
    assert contents(lorebook, "ship", "own", "no") == ["A"]
    assert contents(lorebook, "ship", "own", "no", "own", "no") == ["A"]
    assert contents(lorebook, "no", "own", "no") == []
    assert lorebook.scan(talk("ship", "own", "no"), HER).entries[0].cause == "before"


def test_only_what_a_turn_was_asked_with_counts_as_matched_before() -> None:
    lorebook = book(entry("@@keep_activate_after_match\nA", "ship"), scan_depth=1)
    # Nobody was asked after the first message: the character's next turn saw the second one only.
    heard = Dialogue("d", [("tom", "ship"), ("tom", "no"), (HER, "own"), ("tom", "no")])  # type: ignore[list-item]
    assert lorebook.scan(heard, HER).entries == ()


def test_once_matched_never_again() -> None:
    lorebook = book(
        entry("@@dont_activate_after_match\nA", "ship"),
        entry("@@dont_activate_after_match\nB", constant=True),
        entry("@@dont_activate_after_match\n@@activate\nC"),
        entry("@@dont_activate_after_match\n@@keep_activate_after_match\nD", "ship"),
    )
    assert contents(lorebook, "ship") == ["A", "B", "C", "D"]
    assert contents(lorebook, "ship", "own", "ship") == []
    assert contents(lorebook, "hello", "own", "ship") == ["A", "D"]


def test_the_greeting_is_no_turn_that_could_have_matched() -> None:
    lorebook = book(entry("@@dont_activate_after_match\nA", constant=True))
    assert contents(lorebook, "greeting", "hello", first=HER) == ["A"]
    assert contents(lorebook, "greeting", "hello", "own", "so", first=HER) == []


def test_a_match_before_may_have_come_from_another_entry() -> None:
    lorebook = book(
        entry("the mast", "ship"),
        entry("@@keep_activate_after_match\nA", "mast"),
        entry("B", "A"),
        recursive_scanning=True,
        scan_depth=1,
    )
    assert contents(lorebook, "ship", "own", "no") == ["A", "B"]


def test_activate_dont_activate_and_constant() -> None:
    lorebook = book(
        entry("@@activate\nA"),
        entry("@@dont_activate\nB", constant=True),
        entry("@@dont_activate\n@@activate\nC"),
        entry("@@activate\nD", enabled=False),
        entry("@@constant\nE"),
        entry("@@activate\n@@is_greeting 3\nF"),
        entry("@@constant\n@@is_greeting 3\nG"),
    )
    assert contents(lorebook, "x") == ["A", "C", "E", "F"]
    assert contents(lorebook, "x", greeting=3) == ["A", "C", "E", "F", "G"]
    causes = [active.cause for active in lorebook.scan(talk("x"), HER).entries]
    assert causes == ["activate", "activate", "constant", "activate"]


def test_is_greeting() -> None:
    lorebook = book(entry("@@is_greeting 0\nA", "x"), entry("@@is_greeting 1\nB", "x"))
    assert contents(lorebook, "x") == ["A"]
    assert contents(lorebook, "x", greeting=1) == ["B"]


def test_is_user_icon_counts_when_the_icon_is_known() -> None:
    lorebook = book(entry("@@is_user_icon hat\nA", "x"))
    assert contents(lorebook, "x") == ["A"]
    assert contents(lorebook, "x", user_icon="hat") == ["A"]
    assert contents(lorebook, "x", user_icon="boots") == []


def test_scan_depth_of_an_entry() -> None:
    lorebook = book(entry("@@scan_depth 3\nA", "ship"), entry("@@scan_depth 1\nB", "ship"), scan_depth=2)
    assert contents(lorebook, "ship", "no", "no") == ["A"]
    assert contents(lorebook, "ship") == ["A", "B"]


def test_additional_and_exclude_keys() -> None:
    lorebook = book(
        entry("@@additional_keys storm, rain\n@@additional_keys mast\nA", "ship"),
        entry("@@exclude_keys storm,fog\nB", "ship"),
        entry("@@additional_keys storm\nC", constant=True),
        entry("@@exclude_keys storm\nD", "sh.p", use_regex=True),
        entry("@@additional_keys st[aeo]rm\nE", "ship", use_regex=True),
        entry("@@additional_keys st[orm\nF", "ship", use_regex=True),
    )
    assert contents(lorebook, "a ship") == ["B", "D"]
    assert contents(lorebook, "a ship in a STORM") == ["C", "D", "E"]
    assert contents(lorebook, "a ship", "its mast in the rain") == ["A", "B", "D"]
    assert [note for note in lorebook.notes if "st[orm" in note]


def test_an_additional_key_may_stand_in_another_entry() -> None:
    lorebook = book(entry("the mast", "ship"), entry("@@additional_keys mast\nA", "ship"), recursive_scanning=True)
    assert contents(lorebook, "ship") == ["the mast", "A"]


def test_disable_ui_prompt_of_matching_entries_also_without_content() -> None:
    lorebook = book(
        entry("@@disable_ui_prompt system_prompt", "ship"),
        entry("@@disable_ui_prompt post_history_instructions\nA", "fog"),
        entry("@@disable_ui_prompt everything\nB", constant=True),
    )
    assert lorebook.scan(talk("ship"), HER).disabled == {"system_prompt"}
    assert lorebook.scan(talk("ship", "fog"), HER).disabled == {"system_prompt", "post_history_instructions"}
    assert lorebook.scan(talk("no"), HER).disabled == frozenset()


def test_the_book_of_a_card() -> None:
    data = {"name": "Mira", "nickname": "Mi", "character_book": {"entries": [entry("I am {{char}}.", "{{char}}")]}}
    card = Card.from_object({"spec": "chara_card_v3", "spec_version": "3.0", "data": data})
    assert contents(Lorebook.of(card), "who is mi?") == ["I am Mi."]
    assert contents(Lorebook.of(card.book or {}), "who is mi?") == []
    assert len(Lorebook.of(Card.from_object({"spec": "chara_card_v3", "data": {"name": "M"}}))) == 0


# -- untrusted text ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a*)*b", "(a|aa)+$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*)*x", "(?:a?){30}a{30}"]
)
def test_catastrophic_patterns_are_harmless(pattern: str) -> None:
    lorebook = book(*(entry(str(n), pattern + f"|zq{n}", use_regex=True) for n in range(20)))
    assert contents(lorebook, "a" * 100_000 + "!") == contents(lorebook, "a" * 100_000 + "!")
    assert contents(lorebook, "zq7")[-1:] != []


def test_patterns_that_grow_beyond_measure_are_refused() -> None:
    lorebook = book(*(entry("A", f"a.{{400}}b{n}", use_regex=True) for n in range(100)))
    refused = [note for note in lorebook.notes if "not a pattern that RE2 reads and has room for" in note]
    assert 70 < len(refused) < 100
    assert contents(lorebook, "ab" * 50_000) == []


def test_patterns_see_the_end_of_a_long_message_and_the_scan_says_so() -> None:
    lorebook = book(entry("A", "o.l", use_regex=True), entry("B", "oil"))
    found = lorebook.scan(talk("oil" + "." * 5_000), HER)
    assert [active.text for active in found.entries] == ["B"]
    assert found.notes == ("message 0: patterns looked at its last 5,000 characters",)
    assert contents(lorebook, "." * 5_000 + "oil") == ["A", "B"]


def test_keys_of_a_million_characters() -> None:
    long = "ab" * 500_000
    lorebook = book(entry("A", long), entry("B", long + "c"), entry("C", "x" * 1_000_000, use_regex=True))
    assert contents(lorebook, "…" + long + "…") == ["A"]
    assert contents(lorebook, "ab" * 40) == []
    assert len(lorebook.notes) == 1


def test_long_keys_and_all_keys_are_bounded() -> None:
    index = KeyIndex()
    long = [index.add(Key("exact", f"{'a' * 64}{n}")) for n in range(1_100)]
    assert sum(number is not None for number in long) == 1_000
    assert index.hits("a" * 64 + "7") == {long[7]}
    with pytest.raises(InvalidInput, match="100,000 different keys"):
        book(entry("A", *(f"k{n}" for n in range(100_001))))


def test_html_surrogates_and_null_bytes_are_text_like_any_other() -> None:
    lorebook = book(entry("<script>{{user}}</script>", "<script>"), entry("B", "\0"))
    assert contents(lorebook, "a <SCRIPT> tag \ud800") == ["<script>Tom</script>"]
    assert contents(lorebook, "a\0b") == ["B"]


def test_a_macro_in_a_macro_and_one_in_what_was_said() -> None:
    lorebook = book(entry("{{random:{{char}},{{char}}}} {{reverse:{{user}}}}", "ship"), entry("B", "mira"))
    assert contents(lorebook, "ship {{char}}") == ["Mira moT"]


@pytest.mark.parametrize("memory", [2**14, 2**17, 2**20])
def test_where_re2_has_no_room_for_all_keys_at_once_nothing_is_missed(
    monkeypatch: pytest.MonkeyPatch, memory: int
) -> None:
    monkeypatch.setattr(lore_keys, "_MEMORY", memory)
    index = KeyIndex()
    numbers = [index.add(Key("pattern", f"k{n}[a-f]+x|[ab]{{9}}c{n}!")) for n in range(300)]
    assert index.hits("k7abcx k299fx " + "abbaabab" * 500 + "c12!") == {numbers[7], numbers[299], numbers[12]}
    assert index.hits("nothing") == frozenset()


# -- against a naive reference -----------------------------------------------------------------------------------------

WORDS = ("ark", "bay", "cod", "dune", "Elm", "fo")
word = st.sampled_from(WORDS)
words = st.lists(word, max_size=3)
decorator = st.sampled_from(
    [
        "",
        "@@scan_depth 1\n",
        "@@activate_only_after 1\n",
        "@@activate_only_every 2\n",
        "@@is_greeting 0\n",
        "@@dont_activate\n",
        "@@activate\n",
        "@@additional_keys ark,Elm\n",
        "@@exclude_keys bay\n",
        "@@keep_activate_after_match\n",
        "@@dont_activate_after_match\n",
    ]
)
entries_of_words = st.fixed_dictionaries(
    {
        "keys": words,
        "content": st.tuples(decorator, st.lists(word, min_size=1, max_size=2)).map(lambda t: t[0] + " ".join(t[1])),
        "enabled": st.sampled_from([True, True, True, False]),
        "insertion_order": st.integers(0, 3),
        "case_sensitive": st.booleans(),
        "selective": st.booleans(),
        "secondary_keys": words,
        "constant": st.sampled_from([False, False, True]),
        "use_regex": st.booleans(),
        "priority": st.integers(0, 2),
    }
)
books = st.fixed_dictionaries(
    {"entries": st.lists(entries_of_words, max_size=6), "recursive_scanning": st.booleans()},
    optional={"scan_depth": st.integers(0, 3), "token_budget": st.integers(0, 6)},
)
dialogues = st.lists(st.tuples(st.sampled_from(["tom", HER]), words.map(" ".join)), max_size=6)


def naive(book: Mapping[str, Any], said: list[tuple[str, str]], greeting: int) -> list[int]:
    """The rules once more, as slowly and plainly as they can be written."""
    before: set[int] = set()
    for end in range(1, len(said)):
        if said[end][0] == HER:
            before |= naive_matches(book, said[:end], greeting, before)
    matched = naive_matches(book, said, greeting, before)
    order = sorted(matched, key=lambda n: (book["entries"][n]["insertion_order"], n))
    for n in sorted(matched, key=lambda n: (book["entries"][n]["priority"], -order.index(n))):
        if sum(-(-len(plain(book, m)) // 4) for m in order) > book.get("token_budget", 10**9):
            order.remove(n)
    return order


def plain(book: Mapping[str, Any], n: int) -> str:
    return str(book["entries"][n]["content"]).rpartition("\n")[2]


def naive_matches(book: Mapping[str, Any], said: list[tuple[str, str]], greeting: int, before: set[int]) -> set[int]:
    matched: set[int] = set()
    while True:
        recalled = [plain(book, n) for n in matched] if book["recursive_scanning"] else []
        new = {
            n
            for n in range(len(book["entries"]))
            if n not in matched and naive_match(book, n, said, recalled, greeting, before)
        }
        matched |= new
        if not new or not book["recursive_scanning"]:
            return matched


def naive_match(
    book: Mapping[str, Any],
    n: int,
    said: list[tuple[str, str]],
    recalled: list[str],
    greeting: int,
    before: set[int],
) -> bool:
    e = book["entries"][n]
    mark = e["content"].rpartition("\n")[0]
    name, _, value = mark.partition(" ")
    depth = int(value) if name == "@@scan_depth" else book.get("scan_depth", 4)
    texts = [text for _, text in said][len(said) - min(depth, len(said)) :] + recalled
    own = sum(who == HER for who, _ in said)

    def has(keys: list[str]) -> bool:
        flags = 0 if e["case_sensitive"] else re.IGNORECASE
        return any(re.search(re.escape(key), text, flags) for key in keys for text in texts)

    if not e["enabled"] or (name == "@@dont_activate_after_match" and n in before):
        return False
    if name == "@@activate" or (name == "@@keep_activate_after_match" and n in before):
        return True
    forbidden = {
        "@@dont_activate": True,
        "@@is_greeting": greeting != 0,
        "@@activate_only_after": own < 1,
        "@@activate_only_every": own % 2 == 1,
        "@@additional_keys": not has(["ark", "Elm"]),
        "@@exclude_keys": not e["use_regex"] and has(["bay"]),
    }
    if forbidden.get(name):
        return False
    if e["constant"] and not e["use_regex"]:
        return True
    if not has(e["keys"]):
        return False
    return e["use_regex"] or not e["selective"] or not e["secondary_keys"] or has(e["secondary_keys"])


@settings(max_examples=300, deadline=None)
@given(books, dialogues, st.integers(0, 1))
def test_a_scan_finds_what_the_naive_reference_finds(
    given_book: dict[str, Any], said: list[tuple[str, str]], greeting: int
) -> None:
    lorebook = book(*given_book["entries"], **{k: v for k, v in given_book.items() if k != "entries"})
    dialogue = Dialogue("d", list(said))  # type: ignore[arg-type]
    found = lorebook.scan(dialogue, HER, greeting=greeting)
    assert list(found.indices) == naive(given_book, said, greeting)
    assert found == lorebook.scan(dialogue, HER, greeting=greeting)


@settings(max_examples=50, deadline=None)
@given(books, dialogues)
def test_what_was_scanned_before_changes_nothing(given_book: dict[str, Any], said: list[tuple[str, str]]) -> None:
    def fresh() -> Lorebook:
        return book(*given_book["entries"], **{k: v for k, v in given_book.items() if k != "entries"})

    def scanned(lorebook: Lorebook, length: int) -> Activated:
        return lorebook.scan(Dialogue("d", list(said[:length])), HER)  # type: ignore[arg-type]

    warm = fresh()
    for length in range(len(said) + 1):
        assert scanned(warm, length) == scanned(fresh(), length)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_content_can_be_read(content: str) -> None:
    said, rest, _ = read_decorators(content)
    assert content.endswith(rest)
    assert said != Decorators() or "@@" in content or rest == content


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=20), max_size=5), st.text(max_size=50), st.booleans())
def test_any_key_can_be_looked_for(keys: list[str], text: str, use_regex: bool) -> None:
    lorebook = book(entry("A", *keys, use_regex=use_regex))
    found = contents(lorebook, text)
    if not use_regex and not any(key.startswith("/") for key in keys):
        assert bool(found) == any(key.strip() and key.casefold() in text.casefold() for key in keys if "{{" not in key)
