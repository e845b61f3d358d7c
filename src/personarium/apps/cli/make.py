"""``personarium make``: a population from a schema, with exact margins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import Output, console, speaks


@speaks
def make(
    schema: Annotated[
        Path,
        typer.Argument(
            help="YAML or JSON file, field: {value: weight, ...} or field: [value, ...]; the word example for the bundled one."
        ),
    ],
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="How many personas.")] = 100,
    out: Annotated[Path, typer.Option("--out", "-o", help="A .parquet, .jsonl or .csv file.")] = Path(
        "population.parquet"
    ),
    seed: opt.Seed = 0,
    as_json: opt.AsJson = False,
) -> None:
    """Make a population whose margins are exact.

    Example: personarium make people.yaml --number 1000 --out people.parquet
    """
    from personarium.make import example_margins, load_margins, sample_population

    margins = example_margins() if str(schema) == "example" else load_margins(schema)
    people = sample_population(margins, number, seed)
    path = people.save(out)
    rows = [{"cell": dict(row.cell), "target": row.target, "actual": row.actual} for row in people.quota_report()]
    Output(as_json).finish(
        {"population": str(path), "personas": len(people), "quotas": rows}, lambda: _show(rows, path, people)
    )


def _show(rows: list[dict[str, Any]], path: Path, people: Any) -> None:
    out = console()
    out.print(quota_table(rows))
    out.print(f"\nthe first: {people[0].view('statements').text.replace(chr(10), ' ')}", soft_wrap=True, markup=False)
    out.print(f"{len(people)} personas in {path}", soft_wrap=True, markup=False)


def quota_table(rows: list[dict[str, Any]]) -> Any:
    """Quotas against what was made."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title="Quotas", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name, justify in (("cell", "left"), ("target", "right"), ("made", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for row in rows:
        cell = ", ".join(f"{k} = {v}" for k, v in row["cell"].items())
        table.add_row(Text(cell), str(row["target"]), str(row["actual"]))
    return table
