"""Honest verbal confidence: ask for an answer with "Confidence: 0-10", and say what the stated confidence is worth.

The evaluation in the page's order: one call a question, the answer read and graded, the confidence line read and taken out, then
the metrics. What trains a model to be honest (the rewards and losses of PPO-M, PPO-C and CDPO) is in
:mod:`personarium.steer.reward_calibration`; whether a reward model likes confidence as such is in ``bias_probe``.

Source: *Taming Overconfidence in LLMs: Reward Calibration in RLHF*, arXiv 2410.09724 (ICLR 2025); reward-calibration page;
official repository SeanLeng1/Reward-Calibration.
Differs: prompts in our own words; ECE bins with exact edges (``edge-bins``); of several confidence lines the last counts
(``first-confidence``); a missing line is missing in every metric, never .5. Resolution, risk-coverage and the ECE of a calibrated
subject stand beside the page's figures.
Units: one question, or its group where one is given; confidences 0 to 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.errata import Published, published_faults
from personarium.core.results import Estimate, Failure, count_failures
from personarium.measure.choice_items import lettered
from personarium.measure.reward_calibration.confidence_line import read_confidence
from personarium.measure.reward_calibration.records import ConfidenceRecord, Question, arithmetic_questions
from personarium.measure.reward_calibration.result import ConfidenceReport, histogram, warnings_about
from personarium.measure.reward_calibration.steps import ANSWER
from personarium.runs.mapping import map_kept
from personarium.stats.calibration import (
    auprc,
    auroc,
    brier_parts,
    brier_score,
    calibrated_error,
    expected_calibration_error,
    reliability_curve,
)
from personarium.stats.correlation import pearson, spearman
from personarium.stats.forecasts import Bins
from personarium.stats.selective import coverage_curve, risk_coverage_area
from personarium.stats.weighted import weighted_mean, weighted_share
from personarium.text.choices import read_letter
from personarium.text.holes import Unparsed
from personarium.text.option_order import LETTERS, arranged, shuffled

if TYPE_CHECKING:
    from personarium.runs import Run
    from personarium.runs.plan import DryRun

ERRATA = ("edge-bins", "first-confidence")
_NUMBER = re.compile(r"-?[0-9][0-9,]{0,30}(?:\.[0-9]{1,30})?")
_LABEL = re.compile(r"\A(?:.*\n)?[ \t]*answer[ \t]*:[ \t]*", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class ConfidenceConfig:
    """How confidence is asked for and scored.

    Args:
        reasoning: Zero-shot chain of thought before the answer; else a direct answer (page, step 7).
        bins: Of the ECE (page: 10).
        by_value: One bin for each stated confidence, the alternative for stated whole numbers.
        attempts: How often a question is put while its answer cannot be read; a missing confidence is not asked for again.
        draws: Bootstrap samples of the intervals.
    """

    reasoning: bool = False
    bins: int = 10
    by_value: bool = False
    attempts: int = 1
    draws: int = 1_000


PLAIN = ConfidenceConfig()


# --- steps 2 and 7: asking ---


async def ask_questions(
    model: ChatModel,
    questions: Sequence[Question],
    *,
    config: ConfidenceConfig = PLAIN,
    as_published: Published = False,
    seed: int = 0,
    run: Run | DryRun | None = None,
    concurrency: int = 50,
) -> list[ConfidenceRecord]:
    """Put every question and read answer and confidence; options stand in an order that the seed draws.

    Args:
        model: Who is asked.
        questions: With their right answers, which the model never sees.
        config: See :class:`ConfidenceConfig`.
        as_published: True or erratum ids (``first-confidence``).
        seed: Of the replies and the orders.
        run: The run to record and resume in.
        concurrency: Questions at once.
    """
    first = "first-confidence" in published_faults(as_published, ERRATA)

    async def one(question: Question) -> ConfidenceRecord:
        return await _ask(model, question, config, first, seed)

    def lost(question: Question, failure: Failure) -> ConfidenceRecord:
        return ConfidenceRecord(question.id, question.question, gold=question.gold, failure=failure)

    return await map_kept(
        run,
        "questions",
        questions,
        one,
        key=lambda question: question.id,
        failure=lambda record: record.failure,
        lost=lost,
        concurrency=concurrency,
    )


async def _ask(
    model: ChatModel, question: Question, config: ConfidenceConfig, first: bool, seed: int
) -> ConfidenceRecord:
    shown = _shown(question, seed)

    def read(text: str) -> dict[str, Any] | Unparsed:
        stated = read_confidence(text, first)
        answer = read_answer(stated.text, shown)
        return answer if isinstance(answer, Unparsed) else {"answer": answer, "stated": stated}

    inputs = prompt_inputs(question, shown, config)
    answer = await ANSWER.ask(model, inputs, item=question.id, asks=config.attempts, read=read, seed=seed)
    record = ConfidenceRecord(question.id, question.question, gold=question.gold, group=question.group)
    if answer.failure is not None:
        return replace(record, failure=answer.failure)
    stated = answer["stated"]
    return replace(
        record,
        answer=answer["answer"],
        confidence=stated.value,
        correct=is_right(answer["answer"], question.gold, bool(shown)),
        warning=stated.warning,
    )


def _shown(question: Question, seed: int) -> tuple[str, ...]:
    if not question.options:
        return ()
    gold = question.options.index(question.gold)
    order = shuffled(question.options, gold, f"{seed}|{question.id}").order
    return arranged(question.options, gold, order).texts


def prompt_inputs(question: Question, shown: Sequence[str], config: ConfidenceConfig) -> dict[str, Any]:
    """The inputs of the one step; ``shown`` are the options in the order shown."""
    return {
        "question": question.question,
        "options": lettered(shown) if shown else "",
        "letters": LETTERS[: len(shown)],
        "reasoning": config.reasoning,
    }


def read_answer(text: str, shown: Sequence[str]) -> str | Unparsed:
    """The answer in a reply whose confidence lines are out: the option's text, or what stands behind "Answer:"."""
    answer = _LABEL.sub("", text.strip()).strip()
    if not answer:
        return Unparsed("the reply holds no answer", text)
    if not shown:
        return answer
    letter = read_letter(answer, shown)
    return letter if isinstance(letter, Unparsed) else shown[LETTERS.index(letter)]


def is_right(answer: str, gold: str, chosen: bool = False) -> bool:
    """Whether an answer is the right one: the same option; the same last number; or the same words.

    Args:
        answer: What was answered.
        gold: The right answer; where it is a number, the last number of the answer counts (as GSM8K is graded).
        chosen: The answer is one of given options.
    """
    if chosen:
        return answer == gold
    wanted, found = _NUMBER.fullmatch(gold.strip()), _NUMBER.findall(answer)
    if wanted:
        return bool(found) and _value(found[-1]) == _value(wanted[0])
    return _words(answer) == _words(gold)


def _value(number: str) -> float:
    return float(number.replace(",", ""))


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


# --- step 7: scoring ---


def evaluate(
    records: Sequence[ConfidenceRecord],
    *,
    config: ConfidenceConfig = PLAIN,
    as_published: Published = False,
    unit: str = "question",
    seed: int = 0,
) -> ConfidenceReport:
    """The figures of stated confidence; groups of the records are the unit of analysis where they are given.

    Args:
        records: Answered questions, or rows of a table.
        config: Bins and bootstrap.
        as_published: True or erratum ids (``edge-bins``: floating-point bins closed on the left).
        unit: What a record (a group) is.
        seed: Of the bootstrap.
    """
    faults = published_faults(as_published, ERRATA)
    published = "edge-bins" in faults
    bins = Bins(config.bins, "value" if config.by_value else "width", "left" if published else "right", not published)
    answered = [record for record in records if record.correct is not None]
    p = [record.confidence for record in answered]
    y = [float(bool(record.correct)) for record in answered]
    groups = [record.group or f"\0{k}" for k, record in enumerate(answered)] if any(r.group for r in answered) else None
    given: dict[str, Any] = {"unit": unit, "groups": groups}
    drawn: dict[str, Any] = {**given, "draws": config.draws, "seed": seed}
    figures = {
        "accuracy": _accuracy(y, records, given),
        "ece": expected_calibration_error(p, y, bins, **drawn),
        "roc_auc": auroc(p, y, **drawn),
        "brier": brier_score(p, y, **given),
        "auprc_positive": auprc(p, y, 1, **drawn),
        "auprc_negative": auprc(p, y, 0, **drawn),
        "mpce": mpce(p, y, **given),
        "pearson": pearson(p, y, unit),
        "spearman": spearman(p, y, unit),
        "resolution": brier_parts(p, y, **drawn).resolution,
        "risk_coverage": risk_coverage_area(p, y, **drawn),
    }
    stated = histogram([value for value in p if value is not None])
    missing = sum(value is None for value in p)
    odd = sum(bool(record.warning) for record in answered)
    return ConfidenceReport(
        figures=figures,
        floor=calibrated_error(p, bins, draws=config.draws, seed=seed),
        bins=str(bins),
        reliability=reliability_curve(p, y, bins, **given),
        coverage=coverage_curve(p, y, **given) if len(stated) <= 21 else coverage_curve(p, y, _TWENTIETHS, **given),
        stated=stated,
        n=len(answered),
        n_missing_confidence=missing,
        failures=_lost(records),
        warnings=tuple(warnings_about(stated, {bool(r.correct) for r in answered}, missing, odd)),
    )


_TWENTIETHS = tuple(k / 20 for k in range(21))


def mpce(
    confidences: Sequence[float | None], outcomes: Sequence[float], unit: str = "question", groups: Any = None
) -> Estimate:
    """Mean of confidence x wrong: how much certainty is spent on wrong answers; not a signed error (page, Traps)."""
    lost = [None if p is None else p * (1 - y) for p, y in zip(confidences, outcomes, strict=True)]
    found = weighted_mean(lost, None, groups, unit)
    return replace(found, method=found.method.replace("mean", "mean of confidence x wrong", 1))


def _accuracy(outcomes: Sequence[float], records: Sequence[ConfidenceRecord], given: dict[str, Any]) -> Estimate:
    return replace(weighted_share(outcomes, None, given["groups"], given["unit"]), failures=_lost(records))


def _lost(records: Sequence[ConfidenceRecord]) -> dict[str, int]:
    """Records without an outcome, by kind."""
    lost = [r.failure or Failure("missing", "no outcome", r.id) for r in records if r.correct is None]
    return count_failures(lost)


# --- the contract: sums and products, four options each ---


async def _example(model: ChatModel, seed: int) -> list[dict[str, Any]]:
    rows = []
    for reasoning in (False, True):
        config = ConfidenceConfig(reasoning=reasoning)
        records = await ask_questions(model, arithmetic_questions(6, seed), config=config, seed=seed)
        rows += [replace(record, id=f"{'cot' if reasoning else 'direct'}/{record.id}").as_row() for record in records]
    return rows


def _first() -> dict[str, Any]:
    question = arithmetic_questions(1)[0]
    return prompt_inputs(question, question.options, PLAIN)


CONTRACT = Contract(
    example=_example,
    steps=(ANSWER,),
    first=(ANSWER.name, _first()),
    load=ConfidenceRecord.from_row,
    save=ConfidenceRecord.as_row,
)
