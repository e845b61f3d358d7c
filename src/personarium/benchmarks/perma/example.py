"""PERMA's hand-hold for the common contract: a small world that a model writes, and one of templates, put to the test.

Source: perma page (arXiv 2603.23231).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personarium.benchmarks.perma.generation import restyled, timeline_inputs, write_users
from personarium.benchmarks.perma.memories import Retrieval, WholeHistory
from personarium.benchmarks.perma.method import PermaConfig, run_perma
from personarium.benchmarks.perma.results import TaskResult
from personarium.benchmarks.perma.steps import COMPLETE, REMEMBERED, STEPS, TIMELINE, USER
from personarium.benchmarks.perma.templates import WorldConfig, draw_profile, make_worlds
from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.results import count_failures

SMALL = WorldConfig(domains=2, sessions=2, tasks=1, noisy=True)
SAMPLES = ("ok so heres the thing", "cheers, that works for me")


async def _example(model: ChatModel, seed: int) -> list[dict[str, Any]]:
    written = await write_users(model, [draw_profile(0, SMALL, seed)], SMALL, seed=seed)
    styled = await restyled(model, make_worlds(SMALL, seed)[0], SAMPLES, seed=seed)
    result = await run_perma(
        [styled.user],
        {"rag": Retrieval(), "whole": WholeHistory()},
        model,
        user_model=model,
        judge=model,
        config=PermaConfig(top_k=3, max_turns=2, answer_asks=2, talk_asks=2),
        seed=seed,
        clock=lambda: 0.0,
    )
    lost = [*(failure for one in written for failure in one.failures), *styled.failures]
    made = {"id": "setup", "sessions": sum(len(w.user.sessions) for w in written), "failures": count_failures(lost)}
    return [made, *(row.as_row() for row in result.rows)]


def _load(row: Mapping[str, Any]) -> Any:
    return dict(row) if row["id"] == "setup" else TaskResult.from_row(row)


def _save(loaded: Any) -> Mapping[str, Any]:
    return loaded if isinstance(loaded, dict) else loaded.as_row()


CONTRACT = Contract(
    example=_example,
    steps=STEPS,
    first=(TIMELINE.name, timeline_inputs(draw_profile(0, SMALL), "Flights")),
    load=_load,
    save=_save,
    unheard={
        f"{USER.name}/{block}": "the subject ends a talk after a goodbye or thanks, whoever it plays"
        for block in ("persona", "materials", "memory", "rubric")
    }
    | {
        f"{COMPLETE.name}/question": "the subject compares with the goal alone",
        f"{COMPLETE.name}/rubric": "the subject compares with the goal and reads no anchors",
        f"{REMEMBERED.name}/dialogue": "the subject compares with the gold preferences alone",
        f"{REMEMBERED.name}/question": "as above",
        f"{REMEMBERED.name}/rubric": "the subject compares with the reference and reads no anchors",
    },
)
