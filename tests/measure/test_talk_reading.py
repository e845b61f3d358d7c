"""A talk read reply by reply: verdicts on single facts, counts over a talk, drift and echo as the instruments give them."""

from __future__ import annotations

import pytest

from personarium.core import Dialogue, Facet, Persona
from personarium.measure.drift import dialogue_drift
from personarium.measure.talk_reading import TalkReader, add_up

TORILL = Persona.from_text("I have a dog called Moll. I am afraid of the sea.", id="torill", name="Torill").with_facet(
    Facet("age", "demographics.age", 52)
)


@pytest.fixture(scope="module")
def reader() -> TalkReader:
    return TalkReader(TORILL)


def test_a_fact_that_was_asked_for_is_carried_or_missed_and_others_stay_untouched(reader: TalkReader) -> None:
    carried, missed = reader.read(
        [("How old are you?", "I am 52 years old."), ("How old are you?", "Let us leave that open.")]
    )
    assert [fact.statement for fact in carried.of("carried")] == ["I am 52 years old."]
    assert carried.of("carried")[0].facet == "age"
    assert [fact.statement for fact in missed.of("missed")] == ["I am 52 years old."]
    assert "I am afraid of the sea." in [fact.statement for fact in carried.of("untouched")]


def test_a_contradiction_counts_whether_or_not_it_was_asked_for(reader: TalkReader) -> None:
    (reading,) = reader.read([("What is new?", "I am not afraid of the sea.")])
    assert [fact.statement for fact in reading.of("contradicted")] == ["I am afraid of the sea."]
    assert reading.of("contradicted")[0].active is False


def test_a_fact_that_is_told_unasked_is_offered(reader: TalkReader) -> None:
    (reading,) = reader.read([("What is new?", "I have a dog called Moll.")])
    assert [fact.statement for fact in reading.of("offered")] == ["I have a dog called Moll."]


def test_the_counts_of_a_talk_come_with_their_interval(reader: TalkReader) -> None:
    readings = reader.read([("How old are you?", "I am 52 years old."), ("How old are you?", "Who knows?")])
    counts = add_up(readings)
    assert (counts.asked, counts.carried, counts.missed, counts.contradicted) == (2, 1, 1, 0)
    assert counts.share.value == 0.5
    assert counts.share.lo == pytest.approx(0.0945, abs=1e-3)
    assert counts.share.hi == pytest.approx(0.9055, abs=1e-3)
    assert add_up([]).share.value is None


def test_a_persona_without_facts_gives_no_reading() -> None:
    assert TalkReader(Persona.from_dict({"schema_version": 1, "id": "blank"})).read([("a", "b")]) == []


def test_drift_and_echo_are_those_of_the_instruments(reader: TalkReader) -> None:
    said = [("you", "Do you have a pet?"), ("torill", "I have a dog."), ("you", "And now?"), ("torill", "Rain again.")]
    dialogue = Dialogue("d", said)  # type: ignore[arg-type]
    words = TORILL.view("statements").text
    assert reader.drift(dialogue, "torill").value == dialogue_drift(dialogue, "torill", words).value
    assert reader.echo(dialogue, "torill").value == 0.0
