"""Plain questions about plain sentences, so that a persona nobody wrote questions for can be asked at once.

Source: this project. The paper has a model write three queries a statement (``write_queries``); these rules need none and
are for a first look: they ask for what a sentence is about without giving its answer away.
"""

from __future__ import annotations

import re

from personarium.text.similarity import STOP_WORDS

TELL = "Tell me about yourself. Who are you and what do you do?"
# What a sentence in the first person (or in the third, its subject taken for one) tells -> the question that asks for it;
# the first that fits decides.
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), question)
    for pattern, question in (
        (r"^(?:(?:i am|i'm|i is|you are)\s+)?an?\s", TELL),
        (r"\byears? old\b|\b\d{1,3}-year-old\b|\bmy age\b", "How old are you?"),
        (r"\bmy name\b|\bi (?:am|is) called\b", "What is your name?"),
        (r"\b(?:cats?|dogs?|pets?|parrots?|horses?|hamsters?|rabbits?)\b", "Do you have a pet?"),
        (r"\b(?:wife|husband|married|divorced|widow(?:er)?|single|engaged)\b", "Are you married?"),
        (
            r"\b(?:sons?|daughters?|child(?:ren)?|kids|brothers?|sisters?|siblings)\b",
            "Do you have children or siblings?",
        ),
        (r"\b(?:hates?|dislikes?|can(?:no|')t stand|despises?)\b", "What do you dislike?"),
        (r"\b(?:fluent|i speaks?|languages?)\b", "Which languages do you speak?"),
        (r"\bi (?:lives?|resides?)\b|\bmy home\b", "Where do you live?"),
        (r"\b(?:born|grew up|comes? from|hometown)\b", "Where did you grow up?"),
        (
            r"\bi (?:works?|(?:am|is) working|teach(?:es)?|runs?)\b|\bmy (?:job|occupation|profession)\b",
            "What do you do for a living?",
        ),
        (r"\b(?:loves?|likes?|enjoys?|fond of|fan of|favou?rite|passion(?:ate)?|hobby)\b", "What do you like to do?"),
        (r"\b(?:afraid|fears?|scared)\b", "What are you afraid of?"),
        (r"\b(?:dreams?|hopes?|wants?|wish(?:es)?|plans?|goals?)\b", "What do you hope for?"),
        (r"\b(?:studied|degree|graduated|university|college)\b", "What did you study?"),
    )
)
_THIRD = re.compile(r"^(?:she|he|they)\b", re.IGNORECASE)
_VERB = re.compile(r"^I [\w'-]+\s+", re.IGNORECASE)  # subject and verb: what a question is about stands behind them
_WORD = re.compile(r"[^\W\d_][\w'-]+")
WORDS = 3  # content words of a sentence that a question about it may name


def question_about(statement: str, name: str = "") -> str:
    """A question that this statement answers.

    Args:
        statement: A sentence about the persona, in the first or the third person.
        name: The persona's name, which a sentence in the third person may begin with.
    """
    statement = _as_first_person(statement.strip(), name)
    for pattern, question in _RULES:
        if pattern.search(statement):
            return question
    told = _VERB.sub("", statement) or statement
    words = [word for word in _WORD.findall(told) if word.lower() not in STOP_WORDS]
    named = " ".join(words[-WORDS:])
    return f"What can you tell me about {named}?" if named else TELL


def _as_first_person(statement: str, name: str) -> str:
    """The sentence with its subject as ``I`` and the possessives that go with it, where it speaks of the persona."""
    for subject in (name, name.split(" ", 1)[0]):
        if subject and statement.startswith(f"{subject}'s "):
            return f"My {statement[len(subject) + 3 :]}"
        if subject and statement.startswith(f"{subject} "):
            return f"I{statement[len(subject) :]}"
    if statement[:4].lower() in ("his ", "her "):
        return f"My {statement[4:]}"
    return _THIRD.sub("I", statement)
