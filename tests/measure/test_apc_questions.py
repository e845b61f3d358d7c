"""Plain questions about plain sentences ask for the fact and do not give it away."""

from __future__ import annotations

import pytest

from personarium.core import Persona
from personarium.measure.apc.playing import plain_questions
from personarium.measure.apc.questions import question_about


@pytest.mark.parametrize(
    ("statement", "question"),
    [
        ("I live in Rome.", "Where do you live?"),
        ("I have two cats.", "Do you have a pet?"),
        ("I work as a nurse.", "What do you do for a living?"),
        ("I am 71 years old.", "How old are you?"),
        ("I hate rain.", "What do you dislike?"),
        ("I won a medal for rowing in Athens.", "What can you tell me about medal rowing Athens?"),
        ("I am a retired nurse.", "Tell me about yourself. Who are you and what do you do?"),
        ("I am.", "Tell me about yourself. Who are you and what do you do?"),
    ],
)
def test_question_about_a_sentence(statement: str, question: str) -> None:
    assert question_about(statement) == question


@pytest.mark.parametrize(
    ("statement", "question"),
    [
        ("Torill lives in Bergen.", "Where do you live?"),
        ("Torill Vik lives in Bergen.", "Where do you live?"),
        ("She hates rain.", "What do you dislike?"),
        ("He is a retired nurse.", "Tell me about yourself. Who are you and what do you do?"),
        ("Torill's name is known in every harbour.", "What is your name?"),
        ("Her home is a boat.", "Where do you live?"),
        ("Torill keeps eleven hives on a roof.", "What can you tell me about eleven hives roof?"),
        ("Torill plays the accordion at weddings.", "What can you tell me about accordion weddings?"),
        ("Torillian songs are long.", "What can you tell me about Torillian songs long?"),
    ],
)
def test_a_sentence_in_the_third_person_is_asked_about_like_one_in_the_first(statement: str, question: str) -> None:
    assert question_about(statement, "Torill Vik") == question


def test_a_persona_of_sentences_is_asked_about_each() -> None:
    persona = Persona.from_text("I live in Rome. I have two cats. I work as a nurse.")
    assert plain_questions(persona) == ["Where do you live?", "Do you have a pet?", "What do you do for a living?"]
