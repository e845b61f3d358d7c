"""``personarium systems``: what is in the catalogue, and what was found wrong in print."""

from __future__ import annotations

from typing import Annotated

import typer

from personarium.apps.cli.output import Output, console, speaks


@speaks
def systems(
    slug: Annotated[str, typer.Argument(help="Show one system only.")] = "",
    errata: Annotated[
        bool, typer.Option("--errata", help="List the published faults that are reproduced and corrected.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """List the published systems that are in the package.

    Example: personarium systems --errata
    """
    from personarium.catalog import find_system, load_catalogue

    rows = (find_system(slug),) if slug else load_catalogue()
    data = {"systems": [row.as_dict() for row in rows]}
    Output(as_json).finish(data, lambda: _show_errata(rows) if errata else _show(rows))


def _show(rows: tuple) -> None:  # type: ignore[type-arg]
    from rich.table import Table

    table = Table(title=f"{len(rows)} systems", title_justify="left", header_style="bold", box=None, pad_edge=False)
    for name in ("system", "year", "verbs", "errata", "command"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(row.slug, str(row.year), ", ".join(row.verbs), str(len(row.errata) or ""), row.command)
    console().print(table)


def _show_errata(rows: tuple) -> None:  # type: ignore[type-arg]
    from rich.text import Text

    out = console()
    for row in rows:
        for erratum in row.errata:
            out.print(Text.assemble((f"{row.slug} / {erratum.id}", "bold")))
            out.print(Text(f"  published  {erratum.what_was_published}"))
            out.print(Text(f"  right      {erratum.what_is_right}"))
            out.print(Text(f"  pinned by  {erratum.test}\n", style="dim"))
