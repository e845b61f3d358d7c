"""``personarium measure rubric``: any quality, judged by a rubric in the Prometheus layout."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import speaks
from personarium.apps.cli.session import Session, finish_run, run_options
from personarium.core.errors import UsageError


@speaks
def rubric(
    items: Annotated[
        Path | None,
        typer.Argument(
            help="JSON lines: instruction, response, and if you like reference, persona, human, rubric, id."
        ),
    ] = None,
    rubric: Annotated[
        Path | None,
        typer.Option("--rubric", help="YAML or JSON: criterion and five levels; for items without their own."),
    ] = None,
    instruction: Annotated[
        str | None, typer.Option("--instruction", help="One item without a file: what was asked.")
    ] = None,
    response: Annotated[str | None, typer.Option("--response", help="And what was answered.")] = None,
    judge: opt.Judge = ["simulated:seed=1"],  # noqa: B006 (typer copies it)
    samples: Annotated[int, typer.Option("--samples", min=1, help="Verdicts for each item.")] = 3,
    judge_base_url: opt.JudgeBaseUrl = None,
    concurrency: opt.Concurrency = 50,
    timeout: opt.Timeout = None,
    max_cost: opt.MaxCost = None,
    prices: opt.Prices = None,
    out: opt.Out = None,
    seed: opt.Seed = 0,
    dry_run: opt.DryRun = False,
    as_json: opt.AsJson = False,
) -> None:
    """Score responses 1 to 5 by a rubric, with reasons, agreement with people and the length bias.

    Example: personarium measure rubric answers.jsonl --rubric warmth.yaml --judge ollama/llama3.2
    """
    given = dict(locals())
    from personarium.judges.prometheus import PrometheusConfig, run_scores

    found = _items(items, rubric, instruction, response)
    config = {"items": [item.id for item in found], "file": str(items), "rubric": str(rubric), "samples": samples}
    session = Session(run_options("rubric", given, config, model=judge[0]))
    scoring = run_scores(
        session.player,
        found,
        config=PrometheusConfig(samples=samples, retries=0 if dry_run else PrometheusConfig.retries),
        seed=seed,
        run=session.run,
        concurrency=concurrency,
    )
    if dry_run:
        session.work(scoring)
        session.show_plan()
        return
    with session:
        result = session.work(scoring)
        summary = _keep(session, result)
    finish_run(
        session, {"estimates": summary["estimates"], "grades": result.rows()}, lambda c: _show(c, summary, result)
    )


def _items(items: Path | None, rubric: Path | None, instruction: str | None, response: str | None) -> list[Any]:
    from personarium.core.errors import NotFound
    from personarium.core.files import parse_yaml, read_text
    from personarium.judges.prometheus import ScoredItem, load_scored, read_rubric

    if rubric is not None and not rubric.is_file():
        raise NotFound(f"{rubric}: no such file")
    shared = (
        None if rubric is None else read_rubric(parse_yaml(read_text(rubric, "a rubric"), str(rubric)), str(rubric))
    )
    if items is not None:
        return load_scored(items, shared)
    if instruction is None or response is None or shared is None:
        raise UsageError("give a file of items, or --rubric with --instruction and --response")
    return [ScoredItem("item", instruction, response, replace(shared, reference=None), shared.reference)]


def _keep(session: Session, result: Any) -> dict[str, Any]:
    from personarium.stats import bootstrap_mean

    mean = bootstrap_mean([grade.value for grade in result.grades], "item")
    estimates = {"Mean score": mean.as_dict(), "Length bias (Spearman)": result.length_bias.as_dict()}
    if any(item.human is not None for item in result.items):
        agreement = result.agreement()
        estimates |= {
            f"{name} with people": getattr(agreement, name.lower()).as_dict()
            for name in ("Pearson", "Spearman", "Kendall")
        }
    summary = {
        "kind": "rubric",
        "title": f"Rubric scores: {len(result.items)} responses",
        "subtitle": f"{result.judge} judged.",
        "headline": "Mean score",
        "estimates": estimates,
        "notices": session.output.warnings,
        "cautions": [
            "Without a reference answer a judge is less exact.",
            "Look at the length bias before comparing systems.",
        ],
        "sections": [_worst(result)],
    }
    session.run.write_results(result.rows())
    session.run.write_summary(summary)
    return summary


def _worst(result: Any) -> dict[str, Any]:
    pairs = [(g, i) for g, i in zip(result.grades, result.items, strict=True) if g.value is not None]
    return {
        "kind": "worst_answers",
        "title": "The lowest scores",
        "scale": {"lo": 1, "hi": 5},
        "total": len(pairs),
        "items": [
            {
                "persona": item.persona or "",
                "question": item.instruction,
                "answer": item.response,
                "score": grade.value,
                "reasons": {f"sample {k}": text for k, text in enumerate(grade.feedback, 1) if text},
            }
            for grade, item in sorted(pairs, key=lambda p: (p[0].value, p[1].id))[:30]
        ],
    }


def _show(out: Any, summary: dict[str, Any], result: Any) -> None:
    from rich.text import Text

    from personarium.apps.cli.output import printable
    from personarium.apps.cli.tables import estimates_table
    from personarium.core.results import Estimate

    out.print(
        estimates_table(
            {k: Estimate(**e) for k, e in summary["estimates"].items()}, summary["title"], summary["subtitle"]
        )
    )
    if len(result.grades) == 1:
        for text in result.grades[0].feedback:
            out.print(Text(printable(text)), soft_wrap=True)
