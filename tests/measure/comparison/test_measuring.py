"""How scores and replies are had: any instrument, agents asked item by item, the persona baselines."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from personarium.core.chat import ChatModel
from personarium.core.persona import Persona
from personarium.core.results import Failure, Scale, Score
from personarium.measure.comparison import Item, ask_agents, measure_items, measure_with
from personarium.models import ScriptedModel

POINTS = Scale(1.0, 5.0, True, "points")
LOST = Failure("unparsed", "no verdict", "q2")


class ByName:
    """Gives a model the points of its name on two questions, loses the second of persona ``b``, and fails on ``c``."""

    name = "points of the name"
    scale = POINTS

    async def measure(self, subject: ChatModel, personas: Sequence[Any], seed: int = 0) -> list[Score]:
        (persona,) = personas
        points = float(subject.name)
        if persona.id == "c":
            return [Score(None, POINTS, failures=(LOST,), id="c")]
        second = None if persona.id == "b" else points - 1
        failures = (LOST,) if second is None else ()
        return [Score(points, POINTS, {"q1": points, "q2": second}, failures, persona.id)]


def people(*ids: str) -> list[Persona]:
    return [Persona.from_text(f"A potter called {id}", id=id) for id in ids]


def echo(name: str) -> ScriptedModel:
    """Says who it was told to be."""
    return ScriptedModel(lambda m, s: next((x["content"] for x in m if x["role"] == "system"), "nobody"), name=name)


def test_the_parts_of_an_instruments_scores_are_the_items_and_its_personas_the_groups() -> None:
    models: dict[str, ChatModel] = {"good": echo("5"), "bad": echo("3")}
    table = asyncio.run(
        measure_with(ByName(), models, people("a", "b"), baselines={"no persona": (ByName(), echo("2"))})
    )
    assert [(item.id, item.group) for item in table.items] == [
        ("a/q1", "a"), ("a/q2", "a"), ("b/q1", "b"), ("b/q2", "b"),
    ]  # fmt: skip
    assert table.values == {"good": (5, 4, 5, None), "bad": (3, 2, 3, None), "no persona": (2, 1, 2, None)}
    assert table.failures == {name: {"unparsed": 1} for name in table.values}
    assert (table.contestants, table.source, table.scale) == (("good", "bad"), "points of the name", POINTS)


def test_a_score_that_could_not_be_had_is_counted() -> None:
    models: dict[str, ChatModel] = {"good": echo("5"), "bad": echo("3")}
    table = asyncio.run(measure_with(ByName(), models, people("a", "c")))
    assert table.failures["good"] == {"unparsed": 1}
    assert [value for item, value in zip(table.items, table.values["good"], strict=True) if item.group == "c"] == [None]


def test_an_item_without_a_score_is_a_failure_of_its_contestant_alone() -> None:
    async def score(name: str, item: Item) -> tuple[float, str | None] | Failure:
        return (
            Failure("refused", "would not", item.id) if (name, item.id) == ("b", "y") else (4.0, f"{name} on {item.id}")
        )

    table = asyncio.run(measure_items(["a", "b"], [Item("x"), Item("y")], score, scale=POINTS, source="a rule"))
    assert table.values == {"a": (4, 4), "b": (4, None)}
    assert table.texts["b"] == ("b on x", None)
    assert table.failures == {"a": {}, "b": {"refused": 1}}


def test_agents_are_told_the_persona_own_agents_are_not_and_the_baselines_are_nobody_and_the_next_one() -> None:
    items = [Item(str(k), prompt="Who are you?", persona=who) for k, who in enumerate(("I am Ada.", "I am Bo.", ""))]
    said = asyncio.run(ask_agents({"told": echo("m"), "own": echo("o")}, items, untold=["own"]))
    first, second, nobody = said.texts["told"]
    assert first is not None and "I am Ada." in first
    assert second is not None and "I am Bo." in second
    assert nobody == "nobody"
    assert said.texts["own"] == ("nobody",) * 3
    assert said.texts["no persona"] == ("nobody",) * 3
    shuffled = said.texts["shuffled persona"]
    assert shuffled == (second, first, "nobody")
    assert (said.contestants, said.baselines) == (("told", "own"), {"no persona", "shuffled persona"})


def test_where_there_is_one_persona_there_is_no_shuffled_one() -> None:
    items = [Item(str(k), prompt="Who are you?", persona="I am Ada.") for k in range(2)]
    agents: dict[str, ChatModel] = {"a": echo("m"), "b": echo("n")}
    assert asyncio.run(ask_agents(agents, items)).baselines == {"no persona"}
    assert asyncio.run(ask_agents(agents, items, baselines=False)).baselines == frozenset()
    assert asyncio.run(ask_agents(agents, items, untold=["a", "b"])).baselines == frozenset()
