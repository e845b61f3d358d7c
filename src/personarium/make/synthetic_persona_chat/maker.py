"""The generator as ``personarium make`` calls it: options as text, a dry run, dialogues with numbers about them.

Source: Synthetic-Persona-Chat (arXiv 2312.10007), see ``method``.
Differs: the command's defaults are smaller than the paper's (20 new sentences, 5 bootstrapping steps, at most 60 candidates
for a profile), so that a first run takes minutes; every one of them is an option.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import comb
from typing import TYPE_CHECKING, Any

from personarium.core.results import Estimate, count_failures
from personarium.judges.entailment import ENTAILMENT, EntailmentEstimator, HeadEstimator, JudgeEstimator
from personarium.make.makers import Made, Maker, MakeRequest
from personarium.make.option_values import number, one_of, published, whole, whole_numbers
from personarium.make.synthetic_persona_chat.data_format import Conversation, default_seeds, read_seeds
from personarium.make.synthetic_persona_chat.faithfulness import EntailmentInference
from personarium.make.synthetic_persona_chat.generation import faithful_inputs, generator_inputs
from personarium.make.synthetic_persona_chat.method import LEAST_PROFILES, RELATIVE, Cast, run_synthetic_persona_chat
from personarium.make.synthetic_persona_chat.profiles import QUERY as TELL
from personarium.make.synthetic_persona_chat.profiles import Pair, Profile
from personarium.make.synthetic_persona_chat.result import SpcConfig, SpcResult
from personarium.make.synthetic_persona_chat.steps import (
    FAITHFUL,
    GENERATE,
    INSTRUCTION,
    MORE_QUERIES,
    NEGATIONS,
    POLICIES,
    QUERY,
    SENTENCE,
    TOXIC,
)
from personarium.models.step import Step
from personarium.runs.plan import DryRun

if TYPE_CHECKING:
    from personarium.runs import Plan

START = SpcConfig(bootstrap_steps=5, new_sentences=20, most_drawn=60)

_NUMBERS = {
    "new_sentences": "new persona sentences to write before profiles are built; 0 for none (20)",
    "bootstrap_steps": "how often more queries are asked for (5; the paper: 100)",
    "profiles": "profiles to build (until enough can be paired)",
    "candidates": "dialogues written for a pair (3)",
    "iterations": "rounds in which winners become examples (3)",
    "examples": "examples shown to the generator (5)",
    "negations": "negations of a sentence that profiles are checked with (2)",
    "similar_above": "pairs of sentences in one category that two profiles must exceed (2)",
    "most_drawn": "candidates tried for a profile (60)",
    "top_k": "sent to the endpoint when set (the paper: 40)",
}
_OPTIONS = {
    **_NUMBERS,
    "threshold": "similarity (or distance) at which persona sentences form a category (0.4)",
    "reading": "how the threshold is read: similarity or distance (similarity)",
    "turns": "fewest and most turns, for instance 6-7 (6-7)",
    "nli": "what tells whether sentences contradict: judge, or head for the built-in small one (judge)",
    "as_published": "yes, or ids of errata with commas (no)",
}


async def make(request: MakeRequest) -> Made:
    """Grow ``request.count`` dialogues from the seeds in ``request.input``, or from the bundled ones.

    Raises:
        UsageError: An option that cannot be read.
        InvalidInput, NotFound: What is wrong with the input.
    """
    config, nli = read_options(request.options, request.seed)
    seeds = default_seeds() if request.input is None else read_seeds(request.input)
    estimator: EntailmentEstimator = (
        HeadEstimator() if nli == "head" else JudgeEstimator(request.judge, asks=config.asks, seed=config.seed)
    )
    if isinstance(request.run, DryRun):
        plan(request.run.plan, request, config, seeds, nli == "judge")
        return Made()
    cast = Cast(request.model, request.judge, estimator, inference=EntailmentInference(HeadEstimator()))
    result = await run_synthetic_persona_chat(cast, request.count, seeds, config=config, run=request.run)
    return Made(
        dialogues=result.dialogues,
        rows=result.rows(),
        estimates=estimates(result, request.count),
        sections=(_rejections(result), _comparisons(result)),
        failures=result.all_failures,
    )


def read_options(options: Mapping[str, str], seed: int = 0) -> tuple[SpcConfig, str]:
    """The configuration that options as text come to, and who compares sentences.

    Raises:
        UsageError: Naming the option and what was expected.
    """
    changes: dict[str, Any] = {**whole_numbers(options, dict.fromkeys(_NUMBERS, 0))}
    readers: Mapping[str, Callable[[str], Any]] = {
        "threshold": lambda text: number("threshold", text),
        "reading": lambda text: one_of("reading", text, ("similarity", "distance")),
        "turns": _turns,
        "as_published": published,
    }
    changes |= {name: read(options[name]) for name, read in readers.items() if name in options}
    nli = one_of("nli", options.get("nli", "judge"), ("judge", "head"))
    return replace(START, seed=seed, **changes), nli


def _turns(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    return whole("turns", low), whole("turns", high or low)


# --- what is reported ---


def estimates(result: SpcResult, wanted: int) -> dict[str, Estimate]:
    """Share of wanted dialogues that were made, of candidates that the critics passed, and of winners that are faithful."""
    from personarium.stats.intervals import wilson

    found: dict[str, Estimate] = {}
    missing = count_failures(result.all_failures)
    filled = wilson(len(result.conversations), wanted, "dialogue")
    found["dialogues made"] = replace(filled, failures=missing)
    judged = [c for slot in result.slots for c in slot.candidates if c.rulings]
    if judged:
        found["candidates passed by the critics"] = wilson(
            sum(not c.rejected for c in judged), len(judged), "candidate"
        )
    checked = [check.faithful for check in result.faithfulness.values()]
    known = [faithful for faithful in checked if faithful is not None]
    if known:
        share = wilson(sum(known), len(known), "dialogue", missing=len(checked) - len(known))
        found["formally faithful (small entailment head)"] = share
    return found


def _rejections(result: SpcResult) -> dict[str, Any]:
    rows = []
    for iteration in range(result.config.iterations):
        candidates = [c for slot in result.slots if slot.iteration == iteration for c in slot.candidates]
        unwritten = sum(c.conversation is None for c in candidates)
        odd = sum(bool(c.rejected) and not c.rulings and c.conversation is not None for c in candidates)
        critics = sum(bool(c.rejected) and bool(c.rulings) for c in candidates)
        filled = sum(slot.winner is not None for slot in result.slots if slot.iteration == iteration)
        rows.append([iteration + 1, len(candidates), unwritten, odd, critics, filled])
    columns = ["iteration", "candidates", "not written", "odd form", "rejected by critics", "pairs filled"]
    return {"kind": "table", "title": "What became of the candidates", "columns": columns, "rows": rows}


def _comparisons(result: SpcResult) -> dict[str, Any]:
    ballots = [ballot for slot in result.slots for ballot in slot.choice.ballots]
    names = sorted({name for ballot in ballots for name in ballot.votes})
    rows = [[name, len(ballots), sum(ballot.votes.get(name) is None for ballot in ballots)] for name in names]
    note = "An expert whose verdict changes with the order in which the two are shown abstains."
    columns = ["expert", "pairs shown", "abstained"]
    return {"kind": "table", "title": "Experts", "note": note, "columns": columns, "rows": rows}


# --- the dry run ---


def plan(found: Plan, request: MakeRequest, config: SpcConfig, seeds: Sequence[Conversation], asks_judge: bool) -> Plan:
    """Count the calls of a run: a guess, as how many sentences are rejected is known only afterwards."""
    writer, judge = request.model.name, request.judge.name
    told = {s for row in seeds for s in (*row.first, *row.second)}
    counts = plan_calls(config, request.count, len(told), asks_judge)
    for step, model, inputs in _samples(writer, judge, seeds, config):
        calls = counts[step.name]
        if not calls:
            continue
        found.see(step.name, model, step.render(**inputs), step.sampling)
        tokens = found.steps[step.name, model].prompt_tokens
        found.expect(step.name, model, calls - 1, prompt_tokens=tokens, max_tokens=step.sampling.max_tokens)
    return found


def plan_calls(config: SpcConfig, dialogues: int, sentences: int, asks_judge: bool = True) -> dict[str, int]:
    """How often each step is asked when every sentence fits and every candidate passes."""
    profiles = config.profiles or max(LEAST_PROFILES, 2 * dialogues)
    drawn = min(profiles * config.profile_size, sentences + config.new_sentences)
    compared = profiles * 2 * comb(config.profile_size, 2) * config.negations
    written = dialogues * config.iterations * config.candidates
    pairs = dialogues * config.iterations * comb(config.candidates, 2)
    grows = bool(config.new_sentences)
    return {
        QUERY.name: sentences // 5 * grows,
        MORE_QUERIES.name: config.bootstrap_steps * grows,
        SENTENCE.name: 2 * config.new_sentences,
        NEGATIONS.name: drawn,
        ENTAILMENT.name: compared * asks_judge,
        GENERATE.name: written,
        FAITHFUL.name: 2 * written,
        TOXIC.name: written,
        RELATIVE.name: pairs * len(POLICIES) * 2,
    }


def _samples(
    writer: str, judge: str, seeds: Sequence[Conversation], config: SpcConfig
) -> list[tuple[Step, str, dict[str, Any]]]:
    """A prompt of each step, as far as it can be known before anything is written."""
    first = seeds[0]
    told = [s for row in seeds for s in (*row.first, *row.second)]
    pair = Pair("pair", Profile("one", first.first), Profile("two", first.second or first.first))
    talk = next((row for row in seeds if row.turns), first)
    question = "What do you do for a living?"
    return [
        (QUERY, writer, {"sentences": "\n".join(told[: config.query_sentences])}),
        (MORE_QUERIES, writer, {"questions": question, "count": config.asked_queries}),
        (SENTENCE, writer, {"sentences": "\n".join(told[: config.shown_sentences]), "question": question}),
        (NEGATIONS, writer, {"sentence": told[0], "count": config.negations}),
        (ENTAILMENT, judge, {"statement": told[0], "query": TELL, "response": told[-1], "character": ""}),
        (GENERATE, writer, generator_inputs(pair, seeds[: config.examples], config.turns[0])),
        (FAITHFUL, judge, faithful_inputs(talk, 1)),
        (TOXIC, judge, {"turns": talk.shown}),
        (RELATIVE, judge, _comparing(pair, talk)),
    ]


def _comparing(pair: Pair, talk: Conversation) -> dict[str, Any]:
    """What an expert is asked with, see :meth:`Judge.comparing`."""
    optional = dict.fromkeys(("certainty", "abstention", "ties"), False)
    shown = {"response_a": talk.shown, "response_b": talk.shown, "persona": pair.text, "reference": ""}
    return {"rubric": f"[{POLICIES['depth']}]", "instruction": INSTRUCTION, **shown, **optional}


MAKER = Maker(
    "synthetic-persona-chat",
    "dialogues",
    make,
    _OPTIONS,
    takes="persona sentences and dialogues: a CSV with the published columns, or JSON Lines with user_1_persona, user_2_persona and utterances",
)
