"""The benchmark's own data, as shipped: personas, settings, questions, published scores.

Source: github.com/vsamuel2003/PersonaGym, MIT (licence beside the data).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from personarium.core.persona import Persona

_DATA = files("personarium.benchmarks.personagym") / "data"


@lru_cache(maxsize=1)
def load_sentences() -> tuple[str, ...]:
    """The 200 persona sentences, in the repository's order."""
    return tuple(_json("personas.json"))


def load_personas(number: int | None = None) -> list[Persona]:
    """The first ``number`` of the 200 personas; ids are ``personagym-000`` and so on."""
    sentences = load_sentences()[:number]
    return [Persona.from_text(sentence, id=f"personagym-{k:03d}") for k, sentence in enumerate(sentences)]


@lru_cache(maxsize=1)
def load_settings() -> tuple[str, ...]:
    """The 150 settings."""
    return tuple(_json("settings.json"))


@lru_cache(maxsize=1)
def load_questions() -> dict[str, dict[str, tuple[str, ...]]]:
    """The 10,000 questions: persona id -> task -> ten questions in order."""
    found: dict[str, dict[str, dict[int, str]]] = {}
    for line in (_DATA / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        persona = f"personagym-{row['persona_id']:03d}"
        found.setdefault(persona, {}).setdefault(row["task"], {})[row["index"]] = row["question"]
    return {p: {t: tuple(q[i] for i in sorted(q)) for t, q in tasks.items()} for p, tasks in found.items()}


def load_published_scores() -> dict[str, dict[str, float]]:
    """Task means and PersonaScore of six models as the repository prints them."""
    scores: dict[str, dict[str, float]] = _json("published_scores.json")
    return scores


@dataclass(frozen=True, slots=True)
class Recomputed:
    """One published file, checked: ``printed`` PersonaScore, the mean of its five tasks, and whether they agree."""

    model: str
    printed: float
    recomputed: float
    agrees: bool


def recompute_published() -> list[Recomputed]:
    """PersonaScore of each published file from its five task values; Claude 3 Haiku's printed 3.64 should be 3.84."""
    found = []
    for model, scores in load_published_scores().items():
        tasks = [value for name, value in scores.items() if name != "PersonaScore"]
        mean = sum(tasks) / len(tasks)
        found.append(
            Recomputed(model, scores["PersonaScore"], mean, abs(round(mean, 2) - scores["PersonaScore"]) < 0.005)
        )
    return found


def _json(name: str) -> Any:
    return json.loads((_DATA / name).read_text(encoding="utf-8"))
