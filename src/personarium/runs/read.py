"""Reading a run folder back: for reports, exports and whoever wants to see what was sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personarium.core.errors import InvalidInput, NotFound
from personarium.runs import manifest as manifests
from personarium.runs.disk import is_locked, storage
from personarium.runs.tally import Tally
from personarium.runs.transcript import read_calls

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as it lies on disk.

    Args:
        path: The folder.
        id: The run's id.
        status: ``running``, ``complete``, ``interrupted`` or ``failed``; a run whose process was killed is
            ``interrupted``.
        reason: Why it is not complete.
        command: The command that began it.
        config: Its configuration.
        seed: Its seed.
        versions: personarium, python, platform.
        models: Names and roles.
        prompts: Content hashes by step.
        started: UTC.
        ended: UTC; None while it runs.
        totals: Calls, failures, retries, tokens and cost of all sessions.
        stages: Items, answered, failed by kind, for each stage of the last session.
        warnings: What was found and repaired (``torn_lines``, ``unreadable_lines``, ``recovered``).
        sessions: One entry for each time the command was run.
        summary: What ``summary.json`` holds; None if there is none.
    """

    path: Path
    id: str
    status: str
    reason: str
    command: str
    config: Mapping[str, Any]
    seed: int
    versions: Mapping[str, str]
    models: Sequence[Mapping[str, str]]
    prompts: Mapping[str, str]
    started: str
    ended: str | None
    totals: Tally
    stages: Mapping[str, Mapping[str, Any]]
    warnings: Mapping[str, int]
    sessions: Sequence[Mapping[str, Any]]
    summary: Mapping[str, Any] | None

    @property
    def report_path(self) -> Path:
        """Where the report belongs."""
        return self.path / manifests.REPORT

    def table_path(self, name: str = "results") -> Path:
        """Where a table of that name belongs."""
        return self.path / f"{name}.parquet"

    def table(self, name: str = "results") -> pl.DataFrame:
        """A table as a Polars frame.

        Raises:
            NotFound: When the run has not written it.
        """
        import polars as pl

        path = self.table_path(name)
        if not path.is_file():
            raise NotFound(
                f"{self.path} has no table {name!r}; the run may not be finished (its status: {self.status})"
            )
        return pl.read_parquet(path)

    def calls(self) -> Iterator[dict[str, Any]]:
        """The records of all calls, one at a time, in the order in which they returned."""
        return read_calls(self.path / manifests.CALLS)

    def failures(self) -> Iterator[dict[str, Any]]:
        """The items without a value: stage, item, kind, reason, raw replies."""
        path = self.path / manifests.FAILURES
        if path.is_file():
            with storage(f"cannot read {path}"), path.open(encoding="utf-8") as file:
                for line in file:
                    yield json.loads(line)


def read_run(path: Path | str) -> RunRecord:
    """The run in a folder; nothing is changed, and a running one may be read too.

    Raises:
        NotFound: When there is no run.
        InvalidInput: When its files cannot be read.
    """
    folder = Path(path)
    manifest = manifests.load_manifest(folder)
    if manifest is None:
        raise NotFound(f"{folder} is not a run folder (it has no {manifests.MANIFEST})")
    manifest = {**manifest}
    if manifest["status"] == "running" and not is_locked(folder):
        manifest.update(status="interrupted", reason="the process was killed")
    plain = {name: manifest[name] for name in RunRecord.__slots__ if name in manifest}
    return RunRecord(
        **{**plain, "path": folder, "totals": Tally.from_dict(manifest["totals"]), "summary": _summary(folder)}
    )


def _summary(folder: Path) -> Mapping[str, Any] | None:
    path = folder / manifests.SUMMARY
    if not path.is_file():
        return None
    try:
        with storage(f"cannot read {path}"):
            found = json.loads(path.read_bytes())
    except ValueError as error:
        raise InvalidInput(str(path), "a JSON document", str(error)) from error
    if not isinstance(found, dict):
        raise InvalidInput(str(path), "a JSON object", found)
    return found
