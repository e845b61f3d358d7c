"""Writing the report of a run into its folder."""

from __future__ import annotations

from pathlib import Path

from personarium.core.files import replacing
from personarium.report.builders.run import build_document
from personarium.report.html import render
from personarium.runs import read_run


def write_report(run_folder: Path | str) -> Path:
    """Write ``report.html`` into a run folder, whole or not at all; an older one is replaced.

    Args:
        run_folder: The folder of a run, finished or not.

    Returns:
        The file.

    Raises:
        NotFound: There is no run.
        InvalidInput: What the run handed over does not follow docs/report.md.
        StorageError: The disk refuses; an older report then still stands.
    """
    run = read_run(run_folder)
    page = render(build_document(run)).encode()
    with replacing(run.report_path) as scratch:
        scratch.write_bytes(page)
    return run.report_path
