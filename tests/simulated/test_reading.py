"""What the subject reads in a persona, what is valid, and what an utterance is about."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personarium.core.chat import Sampling, system, user
from personarium.models.simulated.clauses import first_person
from personarium.models.simulated.reading import (
    attributes,
    is_said,
    read_facts,
    read_levels,
    read_outdated,
    relevant_facts,
)
from personarium.models.simulated.request import read_request
from personarium.models.simulated.words import stem, stems
from tests.simulated.keyed_world import VIEWS, keyed_personas


def keyed(text: str, *memory: str) -> list[tuple[str, str]]:
    return [(f.key, f.value) for f in read_facts(text, memory)]


def test_key_value_lines_by_every_synonym() -> None:
    text = "Profession: nurse\n- **Favorite color**: teal\nHobbies: chess, pottery and origami\nShoe size: 42"
    assert keyed(text) == [
        ("occupation", "nurse"),
        ("colour", "teal"),
        ("hobby", "chess"),
        ("hobby", "pottery"),
        ("hobby", "origami"),
        ("shoe_size", "42"),
    ]


def test_one_sentence_persona() -> None:
    text = "A 71-year-old retired nurse from Italy, volunteering in hospice care and advocating for peace"
    assert keyed(text) == [
        ("age", "71"),
        ("home", "Italy"),
        ("occupation", "retired nurse"),
        ("", "volunteering in hospice care"),
        ("", "advocating for peace"),
    ]


@pytest.mark.parametrize(
    ("sentence", "key", "value"),
    [
        ("My name is Ana Lopez.", "name", "Ana Lopez"),
        ("I am 34 and single.", "age", "34"),
        ("She lives in Buenos Aires.", "home", "Buenos Aires"),
        ("I grew up in Bergen.", "hometown", "Bergen"),
        ("He works as a bus driver.", "occupation", "bus driver"),
        ("I am a dentist.", "occupation", "dentist"),
        ("I have two daughters.", "children", "two daughters"),
        ("I have an older brother.", "siblings", "an older brother"),
        ("They love hiking.", "likes", "hiking"),
        ("I can't stand loud music.", "dislikes", "loud music"),
        ("I own a grey cat named Tom.", "pet", "a grey cat named Tom"),
        ("I speak Danish.", "language", "Danish"),
        ("I believe in honesty.", "value", "honesty"),
        ("I was born on 3 January 1990.", "birthday", "3 January 1990"),
        ("My favourite food is ramen.", "food", "ramen"),
        ("You are divorced.", "marital_status", "divorced"),
    ],
)
def test_sentence_patterns(sentence: str, key: str, value: str) -> None:
    assert (key, value) in keyed(sentence)


def test_the_newest_dated_or_updated_value_is_valid() -> None:
    notes = ["2024-05-01: I moved to Paris.", "2023-01-01: I live in Rome."]
    assert ("home", "Paris") in keyed("Home: Lima\nI own a cat.", *notes)
    assert [f.value for f in read_outdated("Home: Lima\nI own a cat.", notes)] == ["Lima", "Rome"]
    assert keyed("I like hiking.", "I no longer like hiking.") != keyed("I like hiking.")
    assert [f.value for f in read_outdated("I like hiking.", ["I don't like hiking anymore."])] == []


def test_every_view_of_a_keyed_persona_reads_back() -> None:
    for text, keys in keyed_personas(len(VIEWS) * 4):
        request = read_request([system(text), user("Hello.")], Sampling())
        read = {f.key for f in read_facts(request.persona)}
        assert len(read & set(keys)) >= len(keys) - 1, text


def test_an_utterance_is_about_facts_with_a_question_word_or_a_content_stem_most_shared_first() -> None:
    facts = read_facts("Job: nurse\nI love hiking in mountains.\nI collect stamps.\nI collect coins.\nI collect cups.")
    assert [f.key for f in relevant_facts(facts, "What is your profession?")] == ["occupation"]
    assert [f.value for f in relevant_facts(facts, "Do you hike in the mountains?")] == ["hiking in mountains"]
    assert relevant_facts(facts, "What do you think about that?") == []
    assert len(relevant_facts(facts, "What do you collect, as a nurse who hikes?")) == 3


def test_two_thirds_of_the_stems_make_a_fact_said() -> None:
    (fact,) = read_facts("I restore broken wooden boats.")
    assert is_said(fact, stems("Wooden boats are what I restore."))
    assert not is_said(fact, stems("Boats are nice."))


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("I am extremely outgoing.", {"E": 2.0}),
        ("not at all anxious", {"N": -2.0}),
        ("a bit shy and very curious", {"E": -0.5, "O": 1.5}),
        ("Conscientiousness: high. Openness is very low.", {"C": 1.0, "O": -1.5}),
        ("high emotional stability", {"N": -1.0}),
        ("I live in Rome.", {}),
    ],
)
def test_trait_words_with_an_intensity_give_levels(text: str, levels: dict[str, float]) -> None:
    assert read_levels(text) == levels


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        ("loves hiking", "I love hiking"),
        ("She teaches her children", "I teach my children"),
        ("You are fond of your dog", "I am fond of my dog"),
        ("volunteering in hospice care", "I am volunteering in hospice care"),
        ("is an avid reader", "I am an avid reader"),
        ("A homosexual atheist woman", "I am a homosexual atheist woman"),
        ("I don't smoke", "I don't smoke"),
        ("from Italy", "I am from Italy"),
    ],
)
def test_clauses_are_said_in_the_first_person(clause: str, said: str) -> None:
    assert first_person(clause) == said


@pytest.mark.parametrize(
    "family", ["nurse nurses nursing", "hike hiking hiker hikes", "volunteer volunteering", "city cities"]
)
def test_forms_of_a_word_share_a_stem(family: str) -> None:
    assert len({stem(word) for word in family.split()}) == 1


def test_the_lexicon_is_what_the_page_promises() -> None:
    assert 50 <= len(attributes()) <= 80
    for attribute in attributes().values():
        assert len(attribute.values) >= 8, attribute.key
        assert attribute.synonyms and attribute.question_words and attribute.question.endswith("?")
        found = [stems(v) for v in attribute.values]
        assert all(found), attribute.key
        assert not any(a & b for i, a in enumerate(found) for b in found[:i]), f"{attribute.key}: values share a stem"


def test_every_question_asks_for_its_own_key_first() -> None:
    for key, attribute in attributes().items():
        facts = read_facts("\n".join(f"{k}: {a.values[0]}" for k, a in attributes().items()))
        assert relevant_facts(facts, attribute.question)[0].key == key


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_reading_never_fails_and_spans_lie_in_the_text(text: str) -> None:
    for fact in read_facts(text):
        assert 0 <= fact.span[0] < fact.span[1] <= len(text) + len(fact.value)
        assert fact.stems


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="a :\n.,<>-'\"A1é", max_size=400))
def test_requests_of_any_text_are_read(text: str) -> None:
    request = read_request([system(text), user(text)], Sampling())
    assert len(request.occasion) == 32
