"""The runs of a workspace: run folders in one folder, looked up by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from personarium.core.errors import NotFound, PersonariumError
from personarium.runs.manifest import MANIFEST
from personarium.runs.read import RunRecord, read_run


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run in a list.

    Args:
        name: Its folder's name.
        status: ``running``, ``complete``, ``interrupted``, ``failed``, or ``unreadable``.
        kind: What was run (``personagym``); empty when it does not say.
        started: When, UTC.
        calls: Model calls of all sessions.
        cost: In US dollars; None when no price is known.
        has_report: Whether its report is written.
        problem: Why it cannot be read, or why it is not complete.
    """

    name: str
    status: str
    kind: str = ""
    started: str = ""
    calls: int = 0
    cost: float | None = None
    has_report: bool = False
    problem: str = ""


class RunShelf:
    """A folder of run folders.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """Every run's name, sorted."""
        if not self.folder.is_dir():
            return []
        return sorted(p.name for p in self.folder.iterdir() if (p / MANIFEST).is_file() and not p.is_symlink())

    def rows(self) -> list[RunRow]:
        """All runs, the latest first; one that cannot be read says why."""
        return sorted((self._row(name) for name in self.names()), key=lambda row: (row.started, row.name), reverse=True)

    def get(self, name: str) -> RunRecord:
        """The run of this name.

        Raises:
            NotFound: When there is none.
            InvalidInput: When its files cannot be read.
        """
        return read_run(self.path(name))

    def path(self, name: str) -> Path:
        """The folder of the run of this name; raises NotFound when there is none."""
        if name not in self.names():
            raise NotFound(f"there is no run '{name}' here")
        return self.folder / name

    def _row(self, name: str) -> RunRow:
        try:
            run = read_run(self.folder / name)
        except PersonariumError as error:
            return RunRow(name, "unreadable", problem=str(error))
        return RunRow(
            name,
            run.status,
            str(run.config.get("kind", "")),
            run.started,
            run.totals.calls,
            run.totals.cost_usd,
            run.report_path.is_file(),
            run.reason,
        )
