"""``personarium judge selective``: a judge of personal taste, how often it is right, and whether its certainty means anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import Output, console, speaks
from personarium.apps.cli.session import Session, digest_of, finish_run, run_options, warn_of_failures

CAUTION = (
    "A persona says little about a single choice: read the accuracy beside its coverage, the judge without a persona and "
    "with another user's."
)


@speaks
@opt.takes_common
def selective(
    items: Annotated[
        Path,
        typer.Argument(
            help="JSON lines: question, a, b, truth (A or B), persona or personas; or a published output file, which is "
            "evaluated without asking anybody."
        ),
    ],
    judge: Annotated[str | None, typer.Option("--judge", "-j", help="Who judges.", rich_help_panel="Models")] = None,
    variant: Annotated[
        list[str],
        typer.Option(
            "--variant",
            help="Judge again with another persona: none, shuffled, or one that the items have (key, least). May be repeated.",
        ),
    ] = ["none", "shuffled"],  # noqa: B006 (typer copies it)
    ties: Annotated[bool, typer.Option("--ties", help="Offer a tie (C).")] = False,
    threshold: Annotated[
        int, typer.Option("--threshold", min=1, max=100, help="The certainty from which a verdict is kept.")
    ] = 80,
    temperature: Annotated[
        float, typer.Option("--temperature", min=0, max=2, help="0.7 as published; 0 to repeat a run exactly.")
    ] = 0.7,
    calibrate: Annotated[
        str | None, typer.Option("--calibrate", help="Calibrate the certainty of this judge: isotonic or binning.")
    ] = None,
    as_published: Annotated[
        bool, typer.Option("--as-published", help="Read replies as the published code did.")
    ] = False,
    judge_base_url: opt.JudgeBaseUrl = None,
    common: opt.Common = opt.Common(),
) -> None:
    """Judge which of two texts a user likes better, wrote or would answer, and keep only certain verdicts.

    Example: personarium judge selective pairs.jsonl --judge ollama/llama3.2 --calibrate isotonic
    """
    given = opt.given(locals())
    from personarium.core.errors import UsageError
    from personarium.judges.personalized_judge import is_published, read_items

    if is_published(items):
        _evaluate(Output(common.as_json), given)
        return
    if judge is None:
        raise UsageError("name who judges with --judge")
    found = read_items(items)
    settings = {"items": digest_of([item.as_row() for item in found]), "variants": sorted(variant)} | {
        name: given[name] for name in ("ties", "threshold", "temperature", "calibrate", "as_published")
    }
    options = run_options("selective", {**given, "base_url": judge_base_url}, settings, model=judge)
    session = Session(options)
    if common.dry_run:
        session.work(_run(session, given, found))
        session.show_plan()
        return
    with session:
        result = session.work(_run(session, given, found))
        summary = _write(session, result, given)
    warn_of_failures(session, result.failures)
    for notice in result.notices():
        session.output.warn(notice)
    finish_run(
        session, {"estimates": summary["estimates"], **_document(result, given)}, lambda o: _show(o, result, given)
    )


async def _run(session: Session, given: dict[str, Any], items: Any) -> Any:
    from personarium.judges.personalized_judge import PersonalizedJudgeConfig, run_personalized_judge

    config = PersonalizedJudgeConfig(
        temperature=given["temperature"],
        ties=given["ties"],
        threshold=given["threshold"] / 100,
        asks=1 if session.options.dry_run else PersonalizedJudgeConfig().asks,
    )
    faults = ("first-character", "first-integer") if given["as_published"] else False
    return await run_personalized_judge(
        session.player,
        items,
        variants=given["variant"],
        config=config,
        as_published=faults,
        seed=session.options.seed,
        run=session.run,
        concurrency=session.options.concurrency,
    )


def _evaluate(output: Output, given: dict[str, Any]) -> None:
    """A published output file: its figures, its baselines and its faults."""
    from personarium.core.errors import UsageError
    from personarium.judges.personalized_judge import JudgedRun, read_published_outputs

    if given["judge"] is not None or given["dry_run"]:
        raise UsageError("this is an output file: its verdicts are there already, so leave out --judge and --dry-run")
    run = read_published_outputs(given["items"])
    faults = frozenset({"unsayable-ties"} if given["as_published"] else ())
    threshold = given["threshold"] / 100
    notes = tuple(run.notices())
    result = JudgedRun(run.name, run.items, run.verdicts, run.scale, threshold, run.ties, notes=notes, faults=faults)
    for notice in result.notices():
        output.warn(notice)
    estimates = {name: estimate.as_dict() for name, estimate in result.estimates().items()}
    output.finish({"estimates": estimates, **_document(result, given)}, lambda: _show(console(), result, given))


def _document(result: Any, given: dict[str, Any]) -> dict[str, Any]:
    from dataclasses import asdict

    balance, filtering = result.balance(), result.filtering()
    calibrated = _calibrated(result, given)
    return {
        "judge": result.judge,
        "curve": [_point(point) for point in result.curve()] if result.scale else [],
        "tenths": {str(tenth): estimate.as_dict() for tenth, estimate in result.buckets().items()},
        "balance": {**asdict(balance), "says_a": balance.says_a.as_dict()},
        "filtering": {"helped": filtering.helped, "statement": filtering.statement},
        "calibration_error": result.calibration_error().as_dict() if result.scale else None,
        "calibrated": None
        if calibrated is None
        else {
            "method": calibrated.method,
            "error": calibrated.calibrated_error.as_dict(),
            "curve": [_point(point) for point in calibrated.curve],
        },
        "faults": result.item_faults.notices(),
    }


def _calibrated(result: Any, given: dict[str, Any]) -> Any:
    from personarium.judges.personalized_judge import calibrate_run

    return None if given["calibrate"] is None else calibrate_run(result, given["calibrate"], seed=given["seed"])


def _point(point: Any) -> dict[str, Any]:
    return {
        "threshold": point.threshold,
        "coverage": point.coverage.as_dict(),
        "accuracy": point.accuracy.as_dict(),
    }


def _write(session: Session, result: Any, given: dict[str, Any]) -> dict[str, Any]:
    from personarium.core.files import write_json_lines
    from personarium.judges.personalized_judge import fit_certainty

    session.run.write_results(result.rows())
    calibrated = _calibrated(result, given)
    if calibrated is not None:
        fitted = fit_certainty(result, given["calibrate"])
        write_json_lines([fitted.as_dict()], Path(session.run.path) / "calibration.json")
    summary = {
        "kind": "selective",
        "title": f"Selective judging: {len(result.items)} items",
        "subtitle": f"{result.judge} judged.",
        "headline": "Accuracy",
        "estimates": {name: estimate.as_dict() for name, estimate in result.estimates().items()},
        "scale": {"lo": 0, "hi": 1, "higher_is_better": True, "unit": "share"},
        "meaning": "How often the judge picks the text that is this user's.",
        "cautions": [CAUTION],
        "notices": [*session.output.warnings, *result.notices()],
        "sections": _sections(result, calibrated),
    }
    session.run.write_summary(summary)
    return summary


def _sections(result: Any, calibrated: Any) -> list[dict[str, Any]]:
    if result.scale is None:
        return []
    series = [_series("certainty as stated", result.curve())]
    if calibrated is not None:
        series.append(_series(f"calibrated ({calibrated.method})", calibrated.curve))
    curve = {
        "kind": "curve",
        "title": "Accuracy against coverage",
        "note": "Each point keeps the verdicts from one certainty on (50, 60, 70, 80, 90); further left is fewer items.",
        "x_label": "coverage",
        "y_label": "accuracy",
        "x_range": [0, 1],
        "y_range": [0, 1],
        "series": series,
    }
    rows = [[f"{tenth}0 to {tenth}9", estimate.as_dict()] for tenth, estimate in result.buckets().items()]
    table = {
        "kind": "table",
        "title": "By tenth of the certainty",
        "note": "Under 50 together, 90 and more together.",
        "columns": ["certainty", "accuracy"],
        "rows": rows,
    }
    return [curve, table]


def _series(label: str, curve: Any) -> dict[str, Any]:
    points = [
        {"x": p.coverage.value, "y": p.accuracy.value, "lo": p.accuracy.lo, "hi": p.accuracy.hi, "n": p.accuracy.n}
        for p in reversed(curve)
        if p.accuracy.value is not None
    ]
    return {"label": label, "points": points}


def _show(out: Any, result: Any, given: dict[str, Any]) -> None:
    from personarium.apps.cli.output import printable
    from personarium.apps.cli.tables import estimates_table

    out.print(estimates_table(result.estimates(), "Selective judging", f"{printable(result.judge)} judged"))
    if result.scale is None:
        return
    out.print()
    out.print(_curve_table("Kept from a certainty on", result.curve()))
    calibrated = _calibrated(result, given)
    if calibrated is not None:
        out.print()
        before, after = calibrated.stated_error.value, calibrated.calibrated_error.value
        title = (
            f"Calibrated ({calibrated.method}): calibration error {before:.3f} as stated, {after:.3f} on items not seen"
        )
        out.print(_curve_table(title, calibrated.curve))


def _curve_table(title: str, curve: Any) -> Any:
    from rich.table import Table

    from personarium.apps.cli.tables import interval, number

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in ("certainty", "coverage", "accuracy", "95 % interval", "n"):
        table.add_column(name, justify="right")
    for point in curve:
        accuracy = point.accuracy
        table.add_row(
            f"{point.threshold:g}",
            number(point.coverage.value),
            number(accuracy.value),
            interval(accuracy),
            str(accuracy.n),
        )
    return table
