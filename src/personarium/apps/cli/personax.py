"""``personarium measure personax``: which trait scores of a table depend on which other columns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import Output, console, speaks
from personarium.apps.cli.tables import number

_TESTS = "chi_square, g, hsic, kci, rcit"


@speaks
def personax(
    table: Annotated[Path, typer.Argument(help=".csv, .parquet or .jsonl: one subject a row; or a file of personas.")],
    traits: Annotated[str, typer.Option("--traits", help="Columns of trait scores, with commas between.")],
    variables: Annotated[str, typer.Option("--variables", help="Columns that the traits might depend on.")],
    categorical: Annotated[
        str, typer.Option("--categorical", help="Variables whose numbers are codes of categories.")
    ] = "",
    tests: Annotated[str, typer.Option("--tests", help=f"Any of {_TESTS}; all for all five.")] = "chi_square,g,hsic",
    abstention: Annotated[
        float | None, typer.Option("--abstention", help="The score that means 'not enough information', usually 0.")
    ] = None,
    lowest: Annotated[float, typer.Option("--lowest", help="Lowest trait score.")] = 1,
    highest: Annotated[float, typer.Option("--highest", help="Highest trait score.")] = 3,
    correction: Annotated[
        str, typer.Option("--correction", help="benjamini-hochberg, holm, bonferroni or none.")
    ] = "benjamini-hochberg",
    alpha: Annotated[float, typer.Option("--alpha", help="A corrected p of at most this is a finding.")] = 0.05,
    permutations: Annotated[
        int | None, typer.Option("--permutations", min=1, help="Of HSIC; as many as the correction needs without.")
    ] = None,
    as_published: Annotated[
        str, typer.Option("--as-published", help="Ids of published faults to bring back, or all; see systems --errata.")
    ] = "",
    seed: opt.Seed = 0,
    save: Annotated[Path | None, typer.Option("--save", help="Write the whole report as JSON.")] = None,
    matrices: Annotated[
        Path | None, typer.Option("--matrices", help="A folder for the matrices of each test as CSV.")
    ] = None,
    as_json: opt.AsJson = False,
) -> None:
    """Do trait scores follow gender, job or looks? For synthetic personas and audits of models only.

    Example: personarium measure personax rated.parquet --traits traits.openness --variables gender,occupation
    """
    from personarium.measure.personax import AuditConfig, dependency_audit, read_table
    from personarium.measure.personax.audit import TESTS

    config = AuditConfig(
        tests=TESTS if tests.strip() == "all" else _listed(tests),
        alpha=alpha,
        correction=correction,
        permutations=permutations,
        scale=(lowest, highest),
        abstention=abstention,
        categorical=_listed(categorical),
        seed=seed,
    )
    faults: Any = as_published.strip() == "all" or _listed(as_published)
    audit = dependency_audit(read_table(table), _listed(traits), _listed(variables), config, as_published=faults)
    if save is not None:
        _save(audit, save, table)
    if matrices is not None:
        _save_matrices(audit, matrices)
    output = Output(as_json)
    for note in audit.notes:
        output.warn(note)
    output.finish(audit.as_dict(), lambda: _show(audit))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _save(audit: Any, path: Path, table: Path) -> None:
    """The audit with its summary and sections, in the schema of docs/report.md."""
    import json

    from personarium.core.files import replacing
    from personarium.measure.personax import audit_summary

    data = {**audit.as_dict(), **audit_summary(audit, table.name)}
    with replacing(path) as scratch:
        scratch.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _save_matrices(audit: Any, folder: Path) -> None:
    from personarium.core.files import replacing

    folder.mkdir(parents=True, exist_ok=True)
    for test in audit.tests:
        for shown in ("p", "corrected", "effect", "dependent"):
            with replacing(folder / f"{test}_{shown}.csv") as scratch:
                scratch.write_text(audit.csv(test, shown), encoding="utf-8")


def _show(audit: Any) -> None:
    from personarium.measure.personax.sections import TERMS

    out = console()
    for test in audit.tests:
        out.print(_matrix(audit, test))
        out.print()
    found, tried = len(audit.findings), sum(c.p is not None for c in audit.cells)
    out.print(f"{found} of {tried} tests found a dependence (p {audit.correction}).", soft_wrap=True)
    for cell in audit.findings[:20]:
        line = f"  {cell.trait} x {cell.variable}, {cell.test}: effect {number(cell.effect)}, p {cell.corrected:.2g}"
        out.print(line, soft_wrap=True, markup=False)
    for failure in audit.failures:
        what = "failed" if failure.kind == "error" else "not testable"
        out.print(f"{what}: {failure.where} ({failure.reason})", soft_wrap=True, markup=False, style="yellow")
    out.print(TERMS, style="dim", soft_wrap=True)


def _matrix(audit: Any, test: str) -> Any:
    """Corrected p-value and effect of each pair."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{test}: corrected p (effect)", title_justify="left", box=None, pad_edge=False)
    for name in ("trait", *audit.variables):
        table.add_column(Text(name), justify="left" if name == "trait" else "right", header_style="bold")
    for trait in audit.traits:
        cells = [audit.cell(trait, v, test) for v in audit.variables]
        table.add_row(Text(trait), *(_cell(c, audit.dependent(c)) for c in cells))
    return table


def _cell(cell: Any, dependent: bool | None) -> Any:
    from rich.text import Text

    if cell.corrected is None:
        return Text("–" if cell.status == "not applicable" else cell.status, style="dim")
    effect = "" if cell.effect is None else f" ({cell.effect:.2f})"
    return Text(f"{cell.corrected:.3f}{effect}", style="bold" if dependent else "")
