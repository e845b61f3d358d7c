"""``personarium report``: the report of a run, made again from what lies in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from personarium.apps.cli.options import AsJson, Track, TrackContent
from personarium.apps.cli.output import Output, console, speaks


@speaks
def report(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    export: Annotated[
        Path | None,
        typer.Option(
            "--export",
            help="Also write the result table: a .csv, .jsonl or .parquet file; or the whole run as an .eval log of Inspect.",
        ),
    ] = None,
    track: Track = None,
    track_content: TrackContent = False,
    as_json: AsJson = False,
) -> None:
    """Write the report of a run, finished or not, and say where it is.

    Example: personarium report runs/personagym-1a2b3c4d
    """
    from personarium.report import export_results, write_report
    from personarium.runs import read_run

    record = read_run(run)
    path = write_report(run)
    data = {"report": str(path), "status": record.status, "run": str(run)}
    if export is not None:
        data["export"] = str(export_results(run, export))
    output = Output(as_json)
    if track is not None:
        from personarium.report.tracking import from_run, open_tracker

        from_run(run, open_tracker(track), content=track_content, warn=output.warn)
    if record.status != "complete":
        output.warn(f"the run is {record.status}: the report shows what there is; its command goes on with it")
    output.finish(data, lambda: _show(data))


def _show(data: dict[str, str]) -> None:
    out = console()
    for name in ("report", "export"):
        if name in data:
            out.print(f"{name}  {data[name]}", soft_wrap=True, markup=False)
