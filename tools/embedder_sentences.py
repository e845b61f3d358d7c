"""Real English sentences for fitting and measuring the static embedder, and who of them may be fitted on.

Held out: what is said in a fifth of the conversations of Synthetic-Persona-Chat and in no other, a fifth of its persona
sentences (there are only some 500 distinct ones, so conversations share them; the fifth is the one that the entailment
head is measured on), a fifth of the personas of PersonaGym with their questions, a fifth of the IPIP items and of the
survey sentences (all by hash), and three collections as wholes. No sentence is in both parts, whatever its case and
punctuation.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

CHAT = "utterances (synthetic-persona-chat)"
TOLD = "persona sentences (synthetic-persona-chat)"
ASKED = "questions and personas (personagym)"
ITEMS = "items (ipip)"
SURVEY = "survey sentences (belief-behavior)"
WORDS = "templates (one word of the vocabulary each)"

SURVEY_SENTENCES = {
    "age": "I am {} years old.",
    "city": "I live in {}.",
    "state": "My home state is {}.",
    "ethnicity": "My family comes from {}.",
    "political_views": "My political views: {}.",
    "party_identification": "Politically I am: {}.",
    "residence_at_16": "When I was 16 I lived in {}.",
    "family_structure_at_16": "When I was 16 I {}.",
    "family_income_at_16": "My family's income was {}.",
    "fathers_highest_degree": "My father's highest degree is {}.",
    "mothers_highest_degree": "My mother's highest degree is {}.",
    "marital_status": "My marital status is {}.",
    "work_status": "My work: {}.",
    "military_service_duration": "My military service: {}.",
    "religion": "My religion is {}.",
    "highest_degree_received": "My highest degree is {}.",
    "speak_other_language": "I speak another language: {}.",
    "total_wealth": "My wealth is {}.",
}
FRAMES = (
    "I like {}.", "What do you think of {}?", "I never talk about {}.", "My friend told me about {}.", "{}",
    "It is all about {} here.", "She said {} yesterday.", "Do you know {}?", "There was {} in the room.",
    "I read a book about {}.", "They were {} again.", "The {} was important.",
)  # fmt: skip


def fold(text: str) -> int:
    """0 to 4, by hash alone."""
    return hashlib.blake2b(text.encode(), digest_size=2).digest()[0] % 5


def parts(data: Path, vocabulary: Iterable[str]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Sentences to fit on and held-out sentences, by where they come from; sorted, distinct, and disjoint."""
    sets = {**_chats(data), ASKED: _gym(data), ITEMS: _items(data), SURVEY: _survey(data)}
    held = {name: both[1] for name, both in sets.items()} | _elsewhere(data)
    hidden = {key(text) for texts in held.values() for text in texts}
    fit = {name: {t for t in both[0] if key(t) not in hidden} for name, both in sets.items()}
    fit[WORDS] = {t for t in _words(vocabulary) if key(t) not in hidden}
    return tuple({name: sorted(texts) for name, texts in group.items()} for group in (fit, held))  # type: ignore[return-value]


def key(text: str) -> str:
    """What two writings of one sentence have in common."""
    return " ".join(re.findall(r"\w+", text.lower()))


def _chats(data: Path) -> dict[str, tuple[set[str], set[str]]]:
    path = data / "synthetic-persona-chat" / "Synthetic-Persona-Chat_test.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    told = {line.strip() for row in rows for k in (1, 2) for line in row[f"user {k} personas"].split("\n")}
    said: tuple[set[str], set[str]] = (set(), set())
    for row in rows:
        talk = row["Best Generated Conversation"]
        said[int(fold(talk) == 0)].update(line.partition(": ")[2].strip() for line in talk.split("\n"))
    shared = {key(text) for text in said[0]}  # "Me too!" is in many conversations and stays where it can be learned
    both = {text for text in said[0] if text}, {text for text in said[1] if text and key(text) not in shared}
    return {TOLD: _by_hash(told - {""}), CHAT: both}


def _gym(data: Path) -> tuple[set[str], set[str]]:
    folder = data / "personagym"
    personas = json.loads((folder / "personas.json").read_text(encoding="utf-8"))
    both: tuple[set[str], set[str]] = (set(), set())
    for persona in personas:
        both[int(fold(persona) == 0)].add(persona)
    for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        side = int(fold(personas[row["persona_id"]]) == 0)
        if side or row["index"] % 2 == 0:  # half of the questions to fit on are enough
            both[side].add(row["question"])
    return both


def _items(data: Path) -> tuple[set[str], set[str]]:
    with (data / "ipip" / "ipip_item_assignment_table.csv").open(encoding="utf-8", newline="") as file:
        texts = {row["text"].strip() for row in csv.DictReader(file)}
    return _by_hash(texts)


def _survey(data: Path) -> tuple[set[str], set[str]]:
    lines = (data / "belief-behavior" / "gss_agents.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return _by_hash({frame.format(row[name]) for row in rows for name, frame in SURVEY_SENTENCES.items()})


def _by_hash(texts: set[str]) -> tuple[set[str], set[str]]:
    held = {text for text in texts if fold(text) == 0}
    return texts - held, held


def _words(vocabulary: Iterable[str], most: int = 6000) -> set[str]:
    plain = [word for word in vocabulary if re.fullmatch(r"[a-z]{3,}", word)][:most]
    return {FRAMES[k % len(FRAMES)].format(word) for k, word in enumerate(plain)}


def _elsewhere(data: Path) -> dict[str, set[str]]:
    """Collections that nothing is fitted on."""
    pages = [path.read_text(encoding="utf-8") for path in sorted((data / "apc").glob("wiki_*.txt"))]
    users: Any = json.loads((data / "memorybank" / "memory_bank_en.json").read_text(encoding="utf-8"))
    turns = [turn for user in users.values() for day in user["history"].values() for turn in day]
    asked = [
        json.loads(line)
        for path in sorted((data / "open-character-training" / "few-shot").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    found = {
        "character documents (apc)": [p for page in pages for p in page.replace(". ", ".\n").split("\n")],
        "chats with an assistant (memorybank)": [turn[k] for turn in turns for k in ("query", "response")],
        "questions (open-character-training)": [q for row in asked for q in row["questions"]],
    }
    return {name: {text.strip() for text in texts if text.strip()} for name, texts in found.items()}
