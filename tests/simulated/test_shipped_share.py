"""How many of the shipped PersonaGym questions are about something the persona states, and how many by chance."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from personarium.models.simulated.reading import read_facts, relevant_facts

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "personagym"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="shared/data/personagym is not here")
EVERY = 4


def shares(order: list[int]) -> dict[str, float]:
    """Share of questions (every fourth) with a relevant fact, by task, when persona i is replaced by ``order[i]``."""
    facts = [read_facts(text) for text in json.loads((DATA / "personas.json").read_text(encoding="utf-8"))]
    hits: Counter[str] = Counter()
    n: Counter[str] = Counter()
    with (DATA / "questions.jsonl").open(encoding="utf-8") as lines:
        for row in (json.loads(line) for place, line in enumerate(lines) if place % EVERY == 0):
            found = bool(relevant_facts(facts[order[row["persona_id"]]], row["question"]))
            for group in (row["task"], "all"):
                hits[group] += found
                n[group] += 1
    return {group: hits[group] / n[group] for group in n}


def test_about_half_of_the_questions_find_a_relevant_fact() -> None:
    # SIMULATED.md expects about .5 in all, .75 for Persona Consistency, .35 for Toxicity. Measured with this reader on
    # all 10,000: .57, .82 and .43; it is not tuned to come closer.
    found = shares(list(range(200)))
    assert found["all"] == pytest.approx(0.55, abs=0.08)
    assert found["Persona Consistency"] == pytest.approx(0.78, abs=0.08)
    assert found["Toxicity"] == pytest.approx(0.39, abs=0.08)
    assert found["Toxicity"] < found["all"] < found["Persona Consistency"]


def test_with_shuffled_personas_under_one_in_ten_does() -> None:
    by_chance = []
    for seed in range(5):
        order = list(range(200))
        random.Random(seed).shuffle(order)
        by_chance.append(shares(order)["all"])
    assert sum(by_chance) / len(by_chance) < 0.10
