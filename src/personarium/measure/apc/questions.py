"""Plain questions about plain sentences, so that a persona nobody wrote questions for can be asked at once.

Source: this project. The paper has a model write three queries a statement (``write_queries``); these rules need none and
are for a first look: they ask for what a sentence is about without giving its answer away.
"""

from __future__ import annotations

import re

from personarium.text.similarity import STOP_WORDS

TELL = "Tell me about yourself. Who are you and what do you do?"
# What a first-person sentence tells -> the question that asks for it; the first that fits decides.
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), question)
    for pattern, question in (
        (r"^(?:(?:i am|i'm|you are)\s+)?an?\s", TELL),
        (r"\byears? old\b|\b\d{1,3}-year-old\b|\bmy age\b", "How old are you?"),
        (r"\bmy name\b|\bi am called\b", "What is your name?"),
        (r"\b(?:cats?|dogs?|pets?|parrots?|horses?|hamsters?|rabbits?)\b", "Do you have a pet?"),
        (r"\b(?:wife|husband|married|divorced|widow(?:er)?|single|engaged)\b", "Are you married?"),
        (
            r"\b(?:sons?|daughters?|child(?:ren)?|kids|brothers?|sisters?|siblings)\b",
            "Do you have children or siblings?",
        ),
        (r"\b(?:hate|dislike|can(?:no|')t stand|despise)\b", "What do you dislike?"),
        (r"\b(?:fluent|i speak|languages?)\b", "Which languages do you speak?"),
        (r"\bi (?:live|reside)\b|\bmy home\b", "Where do you live?"),
        (r"\b(?:born|grew up|come from|hometown)\b", "Where did you grow up?"),
        (r"\bi (?:work|am working|teach|run)\b|\bmy (?:job|occupation|profession)\b", "What do you do for a living?"),
        (r"\b(?:love|like|enjoy|fond of|fan of|favou?rite|passion(?:ate)?|hobby)\b", "What do you like to do?"),
        (r"\b(?:afraid|fear|scared)\b", "What are you afraid of?"),
        (r"\b(?:dream|hope|want|wish|plan|goal)\b", "What do you hope for?"),
        (r"\b(?:studied|degree|graduated|university|college)\b", "What did you study?"),
    )
)
_WORD = re.compile(r"[^\W\d_][\w'-]+")
WORDS = 3  # content words of a sentence that a question about it may name


def question_about(statement: str) -> str:
    """A question that this statement answers."""
    for pattern, question in _RULES:
        if pattern.search(statement):
            return question
    words = [word for word in _WORD.findall(statement) if word.lower() not in STOP_WORDS]
    named = " ".join(words[-WORDS:])
    return f"What can you tell me about {named}?" if named else TELL
