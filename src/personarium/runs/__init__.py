"""Run folders: every call recorded before it returns, a killed run resumed by repeating the command, progress shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.runs.executors import AsyncioExecutor as AsyncioExecutor
    from personarium.runs.executors import Executor as Executor
    from personarium.runs.executors import run_sync as run_sync
    from personarium.runs.mapping import map_items as map_items
    from personarium.runs.mapping import map_kept as map_kept
    from personarium.runs.outcome import Outcome as Outcome
    from personarium.runs.outcome import failures as failures
    from personarium.runs.outcome import values as values
    from personarium.runs.outcome import values_or_failures as values_or_failures
    from personarium.runs.plan import DryModel as DryModel
    from personarium.runs.plan import DryRun as DryRun
    from personarium.runs.plan import Plan as Plan
    from personarium.runs.plan import StepPlan as StepPlan
    from personarium.runs.progress import PlainLines as PlainLines
    from personarium.runs.progress import Progress as Progress
    from personarium.runs.progress import RichBar as RichBar
    from personarium.runs.progress import Silent as Silent
    from personarium.runs.progress import Snapshot as Snapshot
    from personarium.runs.progress import progress_for as progress_for
    from personarium.runs.read import RunRecord as RunRecord
    from personarium.runs.read import read_run as read_run
    from personarium.runs.run import Run as Run
    from personarium.runs.tally import Tally as Tally
    from personarium.runs.transcript import Transcript as Transcript
    from personarium.runs.transcript import read_calls as read_calls

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "AsyncioExecutor": "personarium.runs.executors",
        "DryModel": "personarium.runs.plan",
        "DryRun": "personarium.runs.plan",
        "Executor": "personarium.runs.executors",
        "Outcome": "personarium.runs.outcome",
        "PlainLines": "personarium.runs.progress",
        "Plan": "personarium.runs.plan",
        "Progress": "personarium.runs.progress",
        "RichBar": "personarium.runs.progress",
        "Run": "personarium.runs.run",
        "RunRecord": "personarium.runs.read",
        "Silent": "personarium.runs.progress",
        "Snapshot": "personarium.runs.progress",
        "StepPlan": "personarium.runs.plan",
        "Tally": "personarium.runs.tally",
        "Transcript": "personarium.runs.transcript",
        "failures": "personarium.runs.outcome",
        "map_items": "personarium.runs.mapping",
        "map_kept": "personarium.runs.mapping",
        "progress_for": "personarium.runs.progress",
        "read_calls": "personarium.runs.transcript",
        "read_run": "personarium.runs.read",
        "run_sync": "personarium.runs.executors",
        "values": "personarium.runs.outcome",
        "values_or_failures": "personarium.runs.outcome",
    },
)
