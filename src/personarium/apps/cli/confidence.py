"""``personarium measure confidence``: is stated confidence honest? From a table, or by asking a model questions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import Output, console, speaks
from personarium.apps.cli.session import Session, digest_of, finish_run, run_options, warn_of_failures
from personarium.apps.cli.tables import estimates_table, interval, number


@speaks
@opt.takes_common
def confidence(
    table: Annotated[
        Path | None,
        typer.Argument(help=".csv, .parquet or .jsonl: confidence, correct, group?. Without it a model is asked."),
    ] = None,
    confidence_column: Annotated[str, typer.Option("--confidence", help="Column of the stated confidence.")] = (
        "confidence"
    ),
    correct_column: Annotated[str, typer.Option("--correct", help="Column that says 1 or 0, yes or no.")] = "correct",
    group_column: Annotated[
        str, typer.Option("--group", help="Column of the unit of analysis, where rows are not independent.")
    ] = "group",
    scale: Annotated[
        float, typer.Option("--scale", min=1e-9, help="The confidence that means certain: 1, 10, 100.")
    ] = 1,
    model: opt.Model = "simulated",
    questions: Annotated[
        Path | None,
        typer.Option(
            "--questions", help="JSON lines: question, gold, options?, id?, group?; without it sums are asked."
        ),
    ] = None,
    items: Annotated[int, typer.Option("--number", "-n", min=1, max=100_000, help="How many sums.")] = 200,
    reasoning: Annotated[bool, typer.Option("--reasoning", help="Let the model think before it answers.")] = False,
    bins: Annotated[int, typer.Option("--bins", min=1, max=1000, help="Bins of the ECE.")] = 10,
    by_value: Annotated[bool, typer.Option("--by-value", help="One bin for each stated value.")] = False,
    as_published: Annotated[bool, typer.Option("--as-published", help="Bring all published faults back.")] = False,
    erratum: Annotated[list[str], typer.Option("--erratum", help="Bring one published fault back, by its id.")] = [],  # noqa: B006
    base_url: opt.BaseUrl = None,
    common: opt.Common = opt.Common(),
) -> None:
    """Stated confidence against being right: ECE, AUROC, AUPRC and Brier score, each with its interval.

    Example: personarium measure confidence answers.csv --scale 100
    """
    given = opt.given(locals())
    from personarium.measure.reward_calibration import ConfidenceConfig, evaluate, read_confidence_table

    config = ConfidenceConfig(reasoning=reasoning, bins=bins, by_value=by_value)
    faults: Any = True if as_published else sorted(erratum)
    if table is None:
        _asked(given, config, faults)
        return
    _only_table(given)
    records = read_confidence_table(table, confidence_column, correct_column, group_column, scale)
    report = evaluate(records, config=config, as_published=faults, unit=_unit(records, group_column), seed=common.seed)
    output = Output(common.as_json)
    for text in report.warnings:
        output.warn(text)
    output.finish(report.as_dict(), lambda: _show(console(), report, str(table)))


def _only_table(given: dict[str, Any]) -> None:
    from personarium.core.errors import UsageError

    for name in ("questions", "reasoning", "dry_run"):
        if given[name]:
            raise UsageError(f"--{name.replace('_', '-')} is for asking a model; a table holds what was said already")


def _unit(records: Any, group: str) -> str:
    return group if any(record.group for record in records) else "row"


# --- asking a model ---


def _asked(given: dict[str, Any], config: Any, faults: Any) -> None:
    from personarium.measure.reward_calibration import arithmetic_questions, ask_questions, evaluate, read_questions

    file, seed = given["questions"], given["seed"]
    asked = arithmetic_questions(given["items"], seed) if file is None else read_questions(file)
    settings = {
        "questions": digest_of([[q.id, q.question, q.gold, list(q.options), q.group] for q in asked]),
        "reasoning": config.reasoning,
        "as_published": faults,
    }
    session = Session(run_options("confidence", given, settings))
    work = ask_questions(
        session.player,
        asked,
        config=config,
        as_published=faults,
        seed=seed,
        run=session.run,
        concurrency=given["concurrency"],
    )
    if given["dry_run"]:
        session.work(work)
        session.show_plan()
        return
    with session:
        records = session.work(work)
        unit = "question" if _unit(records, "") == "row" else "group"
        report = evaluate(records, config=config, as_published=faults, unit=unit, seed=seed)
        for text in report.warnings:
            session.output.warn(text)
        _keep(session, records, report)
    warn_of_failures(session, [record.failure for record in records if record.failure is not None])
    who = f"{session.player.name} answered {len(records)} questions"
    estimates = {name: e.as_dict() for name, e in report.estimates().items()}
    finish_run(session, {"estimates": estimates, **report.as_dict()}, lambda out: _show(out, report, who))


def _keep(session: Session, records: Any, report: Any) -> None:
    session.run.write_results(record.as_row() for record in records)
    estimates = report.estimates()
    session.run.write_summary(
        {
            "kind": "confidence",
            "title": f"Stated confidence: {report.n} answers",
            "subtitle": f"{session.player.name} said how sure it is.",
            "headline": "ECE",
            "estimates": {name: estimate.as_dict() for name, estimate in estimates.items()},
            "scale": {"lo": 0, "hi": 1, "higher_is_better": False, "unit": "share"},
            "meaning": "How far stated confidence lies from how often it is right; 0 is best. Read it beside AUROC: a subject "
            "that always says the same can be calibrated and tell nothing apart.",
            "notices": session.output.warnings,
            "sections": _sections(report),
        }
    )


def _sections(report: Any) -> list[dict[str, Any]]:
    points = [
        {"x": b.mean_confidence, "y": b.accuracy.value, "lo": b.accuracy.lo, "hi": b.accuracy.hi, "n": b.n}
        for b in report.reliability
        if b.n
    ]
    kept = [
        {"x": p.coverage, "y": p.accuracy.value, "lo": p.accuracy.lo, "hi": p.accuracy.hi, "n": p.kept}
        for p in reversed(report.coverage)
        if p.kept
    ]
    calibrated = f"A calibrated subject with these confidences would show an ECE of {_limits(report.floor)}."
    return [
        _curve("Stated and true", "stated confidence", points, f"{report.bins}. {calibrated}", diagonal=True),
        _curve("Answering only when sure", "share answered", kept, "Accuracy of the answers kept."),
        {
            "kind": "table",
            "title": "What was stated",
            "columns": ["confidence", "answers"],
            "rows": [[f"{value:g}", count] for value, count in report.stated.items()][:50],
        },
    ]


def _curve(title: str, x: str, points: list[dict[str, Any]], note: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "curve",
        "title": title,
        "note": note,
        "x_label": x,
        "y_label": "share right",
        "x_range": [0, 1],
        "y_range": [0, 1],
        "series": [{"label": "share right", "points": points}],
        **more,
    }


# --- the terminal ---


def _show(out: Any, report: Any, told: str) -> None:
    from rich.table import Table
    from rich.text import Text

    from personarium.apps.cli.output import printable

    caption = f"{printable(told)}; {report.n_missing_confidence} without a stated confidence"
    out.print(estimates_table(report.estimates(), "Stated confidence", caption))
    out.print()
    curve = Table(title="Stated and true", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in ("bin", "stated", "right", "95 % interval", "n"):
        curve.add_column(name, justify="right")
    for b in report.reliability:
        if b.n:
            edges = f"{b.lo:g} to {b.hi:g}" if b.lo != b.hi else f"{b.lo:g}"
            curve.add_row(edges, number(b.mean_confidence), number(b.accuracy.value), interval(b.accuracy), f"{b.n}")
    out.print(curve)
    out.print(
        Text(f"{report.bins}; a calibrated subject would show an ECE of {_limits(report.floor)}", style="dim"),
        soft_wrap=True,
    )


def _limits(floor: Any) -> str:
    if floor.value is None:
        return "no value"
    return f"{floor.lo:.3f} to {floor.hi:.3f} by chance"
