"""Prometheus: any quality can be judged by a rubric of five described scores and, if possible, a reference answer.

In the paper's order: prompt, sampling, parsing, scores of single responses, pairs by scores, agreement. The training records
stand in ``training_records``, the published files in ``data_formats``, the constants in ``settings``.

Source: *Prometheus: Inducing Fine-grained Evaluation Capability in Language Models*, arXiv 2310.08491 (ICLR 2024); method
page steps 1-6.
Differs: prompts are in our own words; re-asks and re-samples are capped and what is left is counted, not awaited; an
over-long input is skipped and listed. ``as_published`` brings each published fault back by its erratum id, with endless loops
cut at 1,000. Units: scores are points from 1 to 5; the unit of analysis is the item or the pair.
"""

from __future__ import annotations

from typing import Any

from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.results import count_failures
from personarium.judges.prometheus.comparisons import run_comparisons
from personarium.judges.prometheus.examples import load_example_pairs, load_examples
from personarium.judges.prometheus.pairs import run_pairs
from personarium.judges.prometheus.scores import run_scores
from personarium.judges.prometheus.settings import ERRATA as ERRATA
from personarium.judges.prometheus.settings import PrometheusConfig
from personarium.judges.prometheus.steps import STEPS


async def _contract_example(model: ChatModel, seed: int) -> list[dict[str, Any]]:
    config = PrometheusConfig(samples=2, retries=1)
    scores = await run_scores(model, load_examples(), config=config, seed=seed)
    pairs = await run_pairs(model, load_example_pairs(), config=config, seed=seed)
    shown_together = await run_comparisons(model, load_example_pairs(), config=config, seed=seed)
    report = {"id": "agreement", **scores.agreement().as_dict()}
    compared = [{**row, "id": f"{row['id']}/compared"} for row in shown_together.rows()]
    return [*scores.rows(), *pairs.rows(), *compared, {**report, "failures": count_failures(scores.failures)}]


def _first_inputs() -> dict[str, Any]:
    item = load_examples()[0]
    assert item.rubric is not None
    flags = {"certainty": False, "abstention": False, "ties": False}
    return {
        **flags,
        "rubric": item.rubric.render(),
        "instruction": item.instruction,
        "response": item.response,
        "reference": "",
        "persona": item.persona,
    }


CONTRACT = Contract(example=_contract_example, steps=STEPS, first=(STEPS[0].name, _first_inputs()))
