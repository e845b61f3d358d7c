"""Multi-persona judging: every reader scores both stories of a pair, in both orders, and sees no score.

Source: EvolvR (arXiv 2508.06046), step 2, last sentence (training and inference).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from personarium.core.chat import ChatModel
from personarium.core.results import Failure
from personarium.judges.evolvr.config import PAPER, EvolvRConfig
from personarium.judges.evolvr.data_format import StoryPair
from personarium.judges.evolvr.personas import ASPECTS
from personarium.judges.evolvr.result import Judged, Reading
from personarium.judges.evolvr.steps import JUDGE, read_reasoning
from personarium.models.step import Answer
from personarium.runs.mapping import map_items

if TYPE_CHECKING:
    from personarium.runs.plan import DryRun
    from personarium.runs.run import Run


def aspect_in_words(aspect: str) -> str:
    """The aspect with what it means; an aspect of the user's own as it stands."""
    return f"{aspect}: {ASPECTS[aspect]}" if aspect in ASPECTS else aspect


def judge_inputs(pair: StoryPair, persona: str) -> dict[str, Any]:
    """What a reader is asked with, without any score."""
    return {
        "persona": persona,
        "prompt": pair.prompt,
        "first": pair.first,
        "second": pair.second,
        "rubric": aspect_in_words(pair.aspect),
    }


async def judge_stories(
    model: ChatModel,
    pairs: Sequence[StoryPair],
    *,
    config: EvolvRConfig = PAPER,
    seed: int = 0,
    run: Run | DryRun | None = None,
    concurrency: int = 100,
) -> list[Judged]:
    """Have every reader persona score both stories of every pair, in both orders, without seeing any score.

    Args:
        model: The evaluator.
        pairs: With or without true scores; the prompt never shows them.
        config: Personas, orders, asks.
        seed: Of the draws.
        run: The run to record and resume in.
        concurrency: Calls at once.
    """
    jobs = [
        (pair, reader, swapped)
        for pair in pairs
        for swapped in ((False, True) if config.both_orders else (False,))
        for reader in config.readers
    ]
    if run is not None:
        run.add_prompts([JUDGE])
    done: dict[str, Reading] = {}

    def key(job: tuple[StoryPair, str, bool]) -> str:
        return f"{job[0].swapped.id if job[2] else job[0].id}/{job[1]}"

    async def one(job: tuple[StoryPair, str, bool]) -> str | Failure:
        pair, reader, swapped = job
        inputs = judge_inputs(pair.swapped if swapped else pair, config.readers[reader])
        answer = await JUDGE.ask(model, inputs, item=key(job), asks=config.asks, seed=seed, read=read_reasoning)
        done[key(job)] = found = _reading(reader, swapped, answer)
        return "done" if found.failure is None else found.failure

    outcomes = await map_items(run, "judging", jobs, one, key=key, concurrency=concurrency)
    for job, outcome in zip(jobs, outcomes, strict=True):
        lost = outcome.failure or Failure("missing", "not worked on", outcome.key)
        done.setdefault(key(job), Reading(job[1], job[2], None, failure=lost))
    by_pair: dict[str, list[Reading]] = {pair.id: [] for pair in pairs}
    for job in jobs:
        by_pair[job[0].id].append(done[key(job)])
    return [Judged(pair, tuple(by_pair[pair.id])) for pair in pairs]


def _reading(reader: str, swapped: bool, answer: Answer) -> Reading:
    if answer.values is None:
        return Reading(reader, swapped, None, answer.text, answer.failure)
    said = [score for text in answer["scores"] if (score := _score(text)) is not None]
    if len(said) != 2 or len(answer["scores"]) != 2:
        failure = Failure("unparsed", "two scores from 1 to 5 are wanted", raw=answer.replies)
        return Reading(reader, swapped, None, answer.text, failure)
    first, second = said
    return Reading(reader, swapped, (second, first) if swapped else (first, second), answer["text"])


def _score(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 1 <= value <= 5 else None
