"""A contest of simulated subjects whose fidelity is planted: one question about one fact each, decided by a rule oracle."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from personarium.core.chat import Message, Sampling
from personarium.core.results import Scale
from personarium.judges.entailment import KeyedFact, label_by_rule
from personarium.measure.calibrate.world import keyed_facts, keyed_world
from personarium.measure.comparison import Item, ScoreTable
from personarium.models.simulated import SimulatedModel

SHARE = Scale(0.0, 1.0, True, "share carried")


@lru_cache(maxsize=4)
def keyed_items(n: int) -> tuple[tuple[Item, list[Message], KeyedFact], ...]:
    """n personas, no two alike (a subject treats the same person the same), each asked for one of its four facts."""
    world = keyed_world(n, attributes=4, questions=1, seed=11)
    found = []
    for persona in world.personas:
        question = world.questions[persona.id][0]
        told: list[Message] = [
            {"role": "system", "content": persona.view("system").text},
            {"role": "user", "content": question},
        ]
        found.append((Item(persona.id, prompt=question), told, keyed_facts(persona)[0]))
    return tuple(found)


async def contest(subjects: Mapping[str, tuple[float, int]], n: int) -> ScoreTable:
    """Subjects by name -> (fidelity, seed); 1 where the reply states the fact."""
    items = keyed_items(n)
    values = {}
    for name, (fidelity, seed) in subjects.items():
        model = SimulatedModel(f"simulated:fidelity={fidelity},seed={seed}")
        replies = [(await model.generate(told, Sampling(temperature=0))).text for _, told, _ in items]
        values[name] = tuple(
            float(label_by_rule(fact, reply) == "entailed") for (_, _, fact), reply in zip(items, replies, strict=True)
        )
    return ScoreTable(tuple(item for item, _, _ in items), values, SHARE, "rule oracle")
