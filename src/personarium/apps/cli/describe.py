"""``personarium describe``: how good a population is, whoever made it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import Output, console, speaks
from personarium.apps.cli.session import RUNS, command_line, digest_of

SEMANTIC_UP_TO = 20_000  # members: some seconds
MOST_COPIES, SHOWN_COPIES = 1_000, 50
SHOWN = 10  # pairs of values in the terminal; the report has them all


@speaks
def describe(
    population: Annotated[Path, typer.Argument(help="A population or a file of personas (.parquet, .jsonl, .csv, …).")],
    schema: Annotated[
        str | None,
        typer.Option(
            "--schema", help="What it was made from, a file or students, citizens, …: for rules and coverage."
        ),
    ] = None,
    field: Annotated[
        list[str], typer.Option("--field", help="Compare members by this field only; may be repeated.")
    ] = [],  # noqa: B006 (typer copies it)
    threshold: Annotated[
        int,
        typer.Option("--threshold", min=0, max=3, help="Bits by which the fingerprints of near duplicates may differ."),
    ] = 3,
    semantic: Annotated[
        bool | None,
        typer.Option("--semantic/--no-semantic", help="Look for near copies by meaning; up to 20,000 members without."),
    ] = None,
    out: opt.Out = None,
    as_json: opt.AsJson = False,
) -> None:
    """Quotas, rules, duplicates, variety, coverage and odd pairs of a population, with a one-page report.

    Example: personarium describe students.parquet --schema students
    """
    from personarium.core import Population
    from personarium.make.population import quality_of
    from personarium.report import write_report
    from personarium.runs import Run
    from personarium.text import near_copies

    people = Population.load(population)
    made_from = None if schema is None else _schema(schema)
    frame = people.frame.drop("_persona", strict=False)
    quality = quality_of(frame, made_from, people.quota_report(), fields=tuple(field), threshold=threshold)
    wanted = frame.height <= SEMANTIC_UP_TO if semantic is None else semantic
    copies = near_copies(people, fields=tuple(field), most=MOST_COPIES) if wanted else None
    config = {
        "population": str(population),
        "schema": schema,
        "fields": list(field),
        "threshold": threshold,
        "semantic": wanted,
    }
    folder = out or RUNS / f"describe-{digest_of(config)}"
    output = Output(as_json)
    with Run.open(folder, config, command=command_line(), cache=False, transcript=False) as run:
        run.write_summary(_summary(population, frame, quality, copies))
    data = {
        "members": frame.height,
        "estimates": {name: e.as_dict() for name, e in _estimates(quality, copies).items()},
        "near_copies": [] if copies is None else [_copy(pair) for pair in copies.pairs],
        "duplicates": [row + 1 for row in quality.duplicates],
        "pairs": [_pair(pair) for pair in quality.pairs],
        "run": str(folder),
        "report": str(write_report(folder)),
    }
    output.finish(data, lambda: _show(quality, copies, population, data))


def _schema(name: str) -> Any:
    from personarium.make.population import example_schema, load_schema
    from personarium.make.population.reading import EXAMPLES

    return example_schema(name) if name in EXAMPLES else load_schema(name)


def _estimates(quality: Any, copies: Any) -> dict[str, Any]:
    from personarium.stats import wilson

    if copies is None:
        return dict(quality.estimates)
    return {**quality.estimates, "Near copies by meaning": wilson(copies.found, copies.rows, "member")}


def _copy(pair: Any) -> dict[str, Any]:
    return {"member": pair.row + 1, "of": pair.earlier + 1, "cosine": pair.cosine}


def _copies_section(copies: Any) -> dict[str, Any]:
    at = "" if copies.calibration is None else f", from a centred cosine of {copies.calibration.threshold:.2f} on"
    return {
        "kind": "table",
        "title": f"Near copies by meaning ({copies.found:,})",
        "note": f"Members whose joined values are near those of an earlier member{at}. Chance alone flags about 1 %.",
        "columns": ["member", "near to member", "cosine"],
        "rows": [[pair.row + 1, pair.earlier + 1, round(pair.cosine, 3)] for pair in copies.pairs[:SHOWN_COPIES]],
    }


def _summary(place: Path, frame: Any, quality: Any, copies: Any) -> dict[str, Any]:
    return {
        "kind": "describe",
        "title": f"{place.name}: {frame.height:,} members",
        "subtitle": f"{frame.width} columns. Near duplicates are lexical: fingerprints of the joined values.",
        "headline": "Unique members",
        "estimates": {name: e.as_dict() for name, e in _estimates(quality, copies).items()},
        "sections": [*quality.sections, *([_copies_section(copies)] if copies is not None else [])],
    }


def _pair(pair: Any) -> dict[str, Any]:
    return {
        "fields": list(pair.fields),
        "values": list(pair.values),
        "observed": pair.observed,
        "expected": pair.expected,
        "residual": pair.residual,
        "p": pair.p,
    }


def _show(quality: Any, copies: Any, place: Path, data: dict[str, Any]) -> None:
    from personarium.apps.cli.tables import estimates_table

    out = console()
    out.print(estimates_table(_estimates(quality, copies), f"{place.name}: {data['members']:,} members"))
    if quality.pairs:
        out.print()
        out.print(_pairs_table(quality.pairs[:SHOWN]))
        if len(quality.pairs) > SHOWN:
            out.print(f"and {len(quality.pairs) - SHOWN:,} more in the report")
    out.print(f"\nreport  {data['report']}", soft_wrap=True, markup=False)


def _pairs_table(pairs: Sequence[Any]) -> Any:
    from rich.table import Table
    from rich.text import Text

    title = "Values that occur together more often, or less, than by chance"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name, justify in (("fields", "left"), ("values", "left"), ("members", "right"), ("by chance", "right")):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for pair in pairs:
        fields, values = (" and ".join(map(str, both)) for both in (pair.fields, pair.values))
        table.add_row(Text(fields), Text(values), f"{pair.observed:,}", f"{pair.expected:,.1f}")
    return table
