"""The contract is worth something only if it catches what it is there for: small systems, each with one fault."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from personarium.catalog import SystemRow
from personarium.core.chat import ChatModel, Sampling, user
from personarium.core.contract import Contract
from personarium.models import Step
from personarium.testing import check_system
from personarium.text.form import Form

PERSONAS = (
    "I live in Rome. I have two cats.",
    "I live in Oslo. I work as a baker.",
    "I live in Riga. I love chess.",
    "I live in Rome. I am 71 years old.",
    "I live in Dakar. I speak Urdu.",
    "I live in Osaka. I like tea.",
)
GOOD = """{% block user %}
{{ persona | block("persona") }}

{{ question | block("question") }}

{{ answer | block("response") }}

{{ "Holds to the stated facts." | block("rubric") }}
{% endblock %}
"""
Make = Callable[..., SystemRow]


@pytest.fixture
def make_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Writes a small foreign system as a package of its own and gives its catalogue row."""
    names = (f"foreign_{tmp_path.name.replace('-', '_')}_{k}" for k in itertools.count())
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[str] = []

    def make(template: str = GOOD, doc: str = "Source: a test.", **changes: Any) -> SystemRow:
        name = next(names)
        made.append(name)
        home = tmp_path / name
        (home / "prompts").mkdir(parents=True)
        (home / "prompts" / "grade.jinja").write_text(template)
        (home / "__init__.py").write_text(f'"""{doc}"""\n')
        step = Step(f"{name}.grade", name, "grade", Form.parse("Score: <1-5>"), Sampling(temperature=0.0))
        __import__(name)
        sys.modules[name].CONTRACT = _contract(step, **changes)  # type: ignore[attr-defined]
        return SystemRow(name, "A foreign system", 2026, "", ("measure",), (name,), "none", f"{name}:CONTRACT")

    yield make
    for name in made:
        sys.modules.pop(name, None)


def _inputs(persona: str) -> dict[str, str]:
    return {"persona": persona, "question": "Where do you live?", "answer": "I live in Rome, as ever."}


def _contract(step: Step, *, row: Any = None, unheard: Any = None, ask: Any = None) -> Contract:
    async def example(model: ChatModel, seed: int) -> Sequence[dict[str, Any]]:
        rows = []
        for k, persona in enumerate(PERSONAS):
            answer = await (ask or step.ask)(model, _inputs(persona), seed=seed)
            failures = {} if answer.failure is None else {answer.failure.kind: 1}
            rows.append({"id": str(k), "score": answer.values and answer.values["score"], "failures": failures})
        return [row(r) for r in rows] if row else rows

    listed = {f"{step.name}/rubric": "there is one rule for all"} if unheard is None else unheard
    return Contract(example, (step,), (step.name, _inputs(PERSONAS[0])), unheard=listed)


async def problems(row: SystemRow) -> str:
    return "\n".join((await check_system(row)).problems)


async def test_a_sound_foreign_system_passes(make_system: Make) -> None:
    found = await check_system(make_system())
    assert (found.problems, found.calls, found.unread) == ([], 6, 0.0)
    assert set(found.roles) == {"judge"}


async def test_a_prompt_in_unknown_wording_fails_at_one_percent(make_system: Make) -> None:
    row = make_system(
        "{% block user %}\nKindly ponder {{ persona }} {{ question }} {{ answer }}\n{% endblock %}\n", unheard={}
    )
    assert "did not understand 6 of 6 requests" in await problems(row)


async def test_chance_without_a_seed_is_caught(make_system: Make) -> None:
    count = itertools.count()
    assert "two runs with one seed differ" in await problems(make_system(row=lambda r: {**r, "score": next(count)}))


async def test_a_failure_that_is_not_counted_is_caught(make_system: Make) -> None:
    found = await problems(make_system(row=lambda r: {**r, "failures": {}}))
    assert found.count("no failure was counted") == 2


async def test_a_system_that_falls_over_bad_replies_is_caught(make_system: Make) -> None:
    def fragile(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "doubled": row["score"] * 2}

    assert "the system raised TypeError" in await problems(make_system(row=fragile))


async def test_rows_without_ids_and_that_json_loses_are_caught(make_system: Make) -> None:
    assert "has no id" in await problems(make_system(row=lambda r: {"score": r["score"], "failures": r["failures"]}))


async def test_a_lost_block_that_nobody_misses_is_caught(make_system: Make) -> None:
    found = await problems(make_system(unheard={}))
    assert "emptying the block" in found
    assert "/rubric changes nothing" in found


async def test_a_call_past_the_step_is_caught(make_system: Make) -> None:
    async def direct(model: ChatModel, inputs: Any, seed: int) -> Any:
        await model.generate([user("by the way")], Sampling(seed=seed))
        return await step_of(row).ask(model, inputs, seed=seed)

    row = make_system(ask=direct)
    assert "name no step" in await problems(row)


def step_of(row: SystemRow) -> Step:
    step = sys.modules[row.slug].CONTRACT.steps[0]  # type: ignore[attr-defined]
    assert isinstance(step, Step)
    return step


async def test_a_module_without_a_source_is_caught(make_system: Make) -> None:
    assert "names no source" in await problems(make_system(doc="Nothing about where it is from."))
