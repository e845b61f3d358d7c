"""EvolvR: self-made reasoning about pairs of stories from several reader personas, cleaned by four filters; a panel of readers.

In the paper's order: synthesis (every pair in both orders for each of five personas), rule check, self check, robustness
check, logit check. The rewards stand in ``rewards``, the tagged text in ``tags``, the formats in ``data_format``.

Source: *EvolvR: Self-Evolving Pairwise Reasoning for Story Evaluation to Enhance Generation*, 2025, arXiv 2508.06046; method
page steps 1-7.
Differs: prompts, personas and worked examples are in our own words; the script stores the robustness verdict and the
logit report, and that records are kept by them (No, and both places) is ours; what cannot be read is dropped and counted.
``as_published`` brings published faults back by their ids. Units: scores are points from 1 to 5, lengths characters.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput
from personarium.core.results import Failure
from personarium.judges.evolvr.config import EXAMPLES, PAPER, EvolvRConfig
from personarium.judges.evolvr.data_format import StoryPair
from personarium.judges.evolvr.logit_check import CHOICES, LOGIT_ERRATA, NextToken, check_logits
from personarium.judges.evolvr.panel import aspect_in_words, judge_inputs, judge_stories
from personarium.judges.evolvr.personas import READERS
from personarium.judges.evolvr.result import (
    LOGITS,
    ROBUST,
    RULES,
    SELF,
    SYNTHESIS,
    Candidate,
    EvolvRResult,
)
from personarium.judges.evolvr.rewards import REWARD_ERRATA
from personarium.judges.evolvr.steps import (
    JUDGE,
    ROBUSTNESS,
    SELF_CHECK,
    STEPS,
    read_fits,
    read_reasoning,
    read_revision,
)
from personarium.judges.evolvr.steps import SYNTHESIS as WRITE
from personarium.judges.evolvr.tags import answers_of, reversed_scores, rule_check, with_scores, with_true_scores
from personarium.models.step import Answer
from personarium.runs.mapping import map_items

if TYPE_CHECKING:
    from personarium.runs.plan import DryRun
    from personarium.runs.run import Run

ERRATA = (*REWARD_ERRATA, *LOGIT_ERRATA, "second-swap", "null-self-check")
_FROM_RECORD = "what the instruction of the record says"


@dataclass(frozen=True)
class _Work:
    """What every step of one run shares."""

    model: ChatModel
    config: EvolvRConfig
    seed: int
    run: Any
    concurrency: int
    faults: frozenset[str]

    async def through(
        self, stage: str, candidates: Sequence[Candidate], work: Callable[[Candidate], Awaitable[Candidate]]
    ) -> list[Candidate]:
        """Work on the candidates that are kept so far; the others pass by."""
        live = [one for one in candidates if one.kept]
        done: dict[str, Candidate] = {}

        async def one(candidate: Candidate) -> str | Failure:
            found = done[candidate.id] = await work(candidate)
            return "done" if found.failure is None else found.failure

        outcomes = await map_items(self.run, stage, live, one, key=lambda c: c.id, concurrency=self.concurrency)
        for candidate, outcome in zip(live, outcomes, strict=True):
            if candidate.id not in done:
                done[candidate.id] = _lost(candidate, stage, outcome.failure)
        return [done.get(one.id, one) for one in candidates]


async def run_evolvr(
    model: ChatModel,
    pairs: Sequence[StoryPair],
    *,
    config: EvolvRConfig = PAPER,
    logits: NextToken | None = None,
    seed: int = 0,
    as_published: Published = False,
    run: Run | DryRun | None = None,
    concurrency: int = 100,
) -> EvolvRResult:
    """Make training records and filter them.

    Args:
        model: Who writes and checks (the paper: one 7B model for all of it).
        pairs: Story pairs with their true scores.
        config: Personas, orders, which filters.
        logits: Where log-probabilities come from; without it there is no logit check.
        seed: Of the draws.
        as_published: ``second-swap``, ``null-self-check``, ``no-label-passes``: see the catalogue.
        run: The run to record and resume in.
        concurrency: Calls at once.

    Raises:
        InvalidInput: A pair without true scores, or two pairs of one id.
    """
    _check_pairs(pairs)
    work = _Work(model, config, seed, run, concurrency, published_faults(as_published, ERRATA))
    if run is not None:
        run.add_prompts(STEPS)
    written = await work.through(SYNTHESIS, _candidates(pairs, config), lambda c: _write(work, c))
    return await _filtered(work, written, logits)


async def filter_candidates(
    model: ChatModel,
    candidates: Sequence[Candidate],
    *,
    config: EvolvRConfig = PAPER,
    logits: NextToken | None = None,
    seed: int = 0,
    as_published: Published = False,
    run: Run | DryRun | None = None,
    concurrency: int = 100,
) -> EvolvRResult:
    """The filters alone, over reasoning that is there already; arguments as for :func:`run_evolvr`."""
    work = _Work(model, config, seed, run, concurrency, published_faults(as_published, ERRATA))
    if run is not None:
        run.add_prompts([SELF_CHECK, ROBUSTNESS])
    return await _filtered(work, list(candidates), logits)


def candidates_of_records(records: Sequence[Mapping[str, Any]]) -> list[Candidate]:
    """Records of a file {instruction, output} as candidates for the filters; the aspect is whatever the instruction says."""
    return [
        Candidate(
            StoryPair(f"record-{k:05d}", "", "", "", _FROM_RECORD), "record", str(r["instruction"]), str(r["output"])
        )
        for k, r in enumerate(records)
    ]


async def _filtered(work: _Work, candidates: list[Candidate], logits: NextToken | None) -> EvolvRResult:
    """Rule check, self check, robustness check, logit check, in this order."""
    config = work.config
    candidates = [_ruled(one) if one.kept else one for one in candidates]
    if config.self_check:
        candidates = await work.through(SELF, candidates, lambda c: _self_checked(work, c))
    if config.robustness:
        candidates = await work.through(ROBUST, candidates, lambda c: _robust(work, c))
    if logits is not None:
        source = logits
        candidates = await work.through(LOGITS, candidates, lambda c: _logits(work, c, source))
    return EvolvRResult(tuple(candidates), work.model.name, work.seed)


def _check_pairs(pairs: Sequence[StoryPair]) -> None:
    for pair in pairs:
        if pair.scores is None:
            raise InvalidInput(f"pair {pair.id}", "the true scores of both stories", None, "scores")
    if len({pair.id for pair in pairs}) < len(pairs):
        raise InvalidInput("pairs", "ids that are all different", [pair.id for pair in pairs])


# --- step 2: synthesis ---


def _candidates(pairs: Sequence[StoryPair], config: EvolvRConfig) -> list[Candidate]:
    """Every pair in both orders for each reader: ten for the five personas."""
    shown = [one for pair in pairs for one in ((pair, pair.swapped) if config.both_orders else (pair,))]
    return [
        Candidate(pair, reader, _instruction(pair, words)) for pair in shown for reader, words in config.readers.items()
    ]


def _instruction(pair: StoryPair, persona: str) -> str:
    """The prompt of training and inference."""
    return "\n\n".join(message["content"] for message in JUDGE.render(**judge_inputs(pair, persona)))


def write_inputs(pair: StoryPair, persona: str, examples: Sequence[str] = EXAMPLES) -> dict[str, Any]:
    """What the synthesis is asked with: the same, the true scores, and worked examples."""
    scores = pair.scores or (0, 0)
    return {
        **judge_inputs(pair, persona),
        "scores": f"Story 1: {scores[0]}\nStory 2: {scores[1]}",
        "examples": "\n\n".join(examples),
    }


async def _write(work: _Work, one: Candidate) -> Candidate:
    inputs = write_inputs(one.pair, work.config.readers[one.reader], work.config.examples)
    answer = await WRITE.ask(
        work.model, inputs, item=one.id, asks=work.config.asks, seed=work.seed, read=read_reasoning
    )
    if answer.values is None:
        return _unread(one, SYNTHESIS, answer)
    first, second = map(str, one.pair.scores or ())
    return replace(one, output=with_true_scores(answer["text"], first, second))


def _unread(one: Candidate, stage: str, answer: Answer) -> Candidate:
    failure = answer.failure or Failure("missing", "no reply", one.id)
    return replace(one, dropped_by=stage, reason=failure.reason, failure=failure)


def _lost(one: Candidate, stage: str, failure: Failure | None) -> Candidate:
    why = failure or Failure("missing", "not worked on", one.id)
    return replace(one, dropped_by=stage, reason=why.reason, failure=why)


# --- step 3: the filters ---


def _ruled(one: Candidate) -> Candidate:
    found = rule_check(one.output)
    return replace(one, output=found.text) if found.text is not None else _dropped(one, RULES, found.reason)


def _dropped(one: Candidate, stage: str, reason: str) -> Candidate:
    return replace(one, dropped_by=stage, reason=reason)


async def _self_checked(work: _Work, one: Candidate) -> Candidate:
    """The model revises its analysis; the scores must be what they were."""
    scores = answers_of(one.output)
    answer = await SELF_CHECK.ask(
        work.model,
        {"rubric": aspect_in_words(one.pair.aspect), "reasoning": one.output},
        item=one.id,
        asks=work.config.asks,
        seed=work.seed,
        read=lambda reply: read_revision(reply, (scores[0], scores[1])),
    )
    if answer.values is None and "null-self-check" in work.faults:
        return replace(one, output="")
    if answer.values is None:
        return _unread(one, SELF, answer)
    found = rule_check(answer["text"])
    if found.text is None:
        return _dropped(one, SELF, found.reason)
    if answers_of(found.text) != scores:
        return _dropped(one, SELF, "the revision has other scores")
    return replace(one, output=found.text)


async def _robust(work: _Work, one: Candidate) -> Candidate:
    """Good reasoning does not fit reversed scores: kept on No, dropped on Yes."""
    scores = _whole_scores(one.output)
    if scores is None:
        return _dropped(one, ROBUST, "the scores are not whole numbers from 1 to 5, and cannot be reversed")
    rng = random.Random(f"{work.seed}|{one.id}|reversal")
    wrong = with_scores(one.output, reversed_scores(scores, rng))
    stored = with_scores(one.output, reversed_scores(scores, rng)) if "second-swap" in work.faults else wrong
    answer = await ROBUSTNESS.ask(
        work.model,
        {"rubric": aspect_in_words(one.pair.aspect), "reasoning": wrong},
        item=one.id,
        asks=work.config.asks,
        seed=work.seed,
        read=read_fits,
    )
    if answer.values is None:
        return replace(_unread(one, ROBUST, answer), swapped=stored)
    judged = replace(one, swapped=stored, fits=bool(answer["fits"]))
    return _dropped(judged, ROBUST, "reversed scores were found to fit") if judged.fits else judged


def _whole_scores(output: str) -> tuple[int, int] | None:
    found = [int(answer) for answer in answers_of(output) if answer in CHOICES]
    return (found[0], found[1]) if len(found) == 2 else None


async def _logits(work: _Work, one: Candidate, source: NextToken) -> Candidate:
    faults = work.faults & set(LOGIT_ERRATA)
    check = await check_logits(one.record(), source, faults)
    checked = replace(one, logits=check)
    if check.kept:
        return checked
    return _dropped(checked, LOGITS, "the true score is not the most likely label at both places")


# --- the contract ---

_PAIR = StoryPair(
    "example",
    "Write about somebody who keeps a lighthouse.",
    "I live in a lighthouse and I work as a keeper. Every night I light the lamp, and every night it asks for a lie less.",
    "There was a lighthouse. There was a keeper. Then there was a storm, a ship, a parade, and many other things.",
    "Coherence",
    (4, 2),
)


_WRITTEN = """Content analysis: The first keeps its promise, the second only lists.
Story 1: It builds to its end. <ANSWER>4</ANSWER>
Story 2: It follows nobody. <ANSWER>2</ANSWER>
<Score1_TRUE_ANSWER>4</Score1_TRUE_ANSWER>
<Score2_TRUE_ANSWER>2</Score2_TRUE_ANSWER>"""


async def _example(model: ChatModel, seed: int) -> Sequence[dict[str, Any]]:
    config = EvolvRConfig(readers={name: READERS[name] for name in ("academic", "cynic")})
    made = await run_evolvr(model, [_PAIR], config=config, seed=seed)
    written = [Candidate(replace(_PAIR, id="written"), "academic", _instruction(_PAIR, READERS["academic"]), _WRITTEN)]
    cleaned = await filter_candidates(model, written, config=config, seed=seed)
    revised = await filter_candidates(model, written, config=replace(config, self_check=False), seed=seed)
    judged = await judge_stories(model, [_PAIR], config=config, seed=seed)
    return [
        *made.rows(),
        *cleaned.rows(),
        *({**row, "id": f"unrevised/{row['id']}"} for row in revised.rows()),
        *({**one.as_row(), "id": f"judged/{one.pair.id}"} for one in judged),
    ]


_READS = "the subject judges by the facts it sees in a text, whatever the prompt and the aspect are"
_FORM = "the subject follows the form, not prose about it"
CONTRACT = Contract(
    example=_example,
    steps=STEPS,
    first=(WRITE.name, write_inputs(_PAIR, READERS["academic"])),
    unheard={
        f"{WRITE.name}/question": _READS,
        f"{WRITE.name}/rubric": _READS,
        f"{WRITE.name}/materials": "the subject judges for itself and does not argue towards a given score",
        f"{WRITE.name}/examples": "the subject does not compare with examples",
        f"{WRITE.name}/rules": _FORM,
        f"{JUDGE.name}/question": _READS,
        f"{JUDGE.name}/rubric": _READS,
        f"{JUDGE.name}/rules": _FORM,
        f"{SELF_CHECK.name}/rules": _FORM,
        f"{ROBUSTNESS.name}/rubric": _READS,
        f"{ROBUSTNESS.name}/rules": _FORM,
    },
)
