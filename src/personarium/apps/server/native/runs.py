"""Runs: list, look into, page through their calls, and show a run's own report."""

from __future__ import annotations

from dataclasses import asdict
from itertools import islice
from typing import Any

from fastapi import APIRouter, Depends, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from personarium.apps.server.errors import documented
from personarium.apps.server.keys import require
from personarium.apps.server.native.asking import Limit, Name, Offset, Place
from personarium.apps.workspace import RunRow
from personarium.core.errors import NotFound
from personarium.report.page_policy import page_policy
from personarium.runs.read import RunRecord

router = APIRouter(prefix="/api/runs", tags=["runs"], dependencies=[Depends(require("runs"))])


class RunLine(BaseModel):
    """One run in a list."""

    name: str = Field(examples=["personagym-3f2a"])
    status: str = Field(description="running, complete, interrupted, failed, or unreadable.", examples=["complete"])
    kind: str = Field(description="What was run.", examples=["personagym"])
    started: str = Field(description="UTC.")
    calls: int
    cost: float | None = Field(description="US dollars; null when no price is known.")
    has_report: bool
    problem: str = Field(description="Why it is not complete, or cannot be read.")

    @classmethod
    def of(cls, row: RunRow) -> RunLine:
        """The line of a row."""
        return cls(**asdict(row))


class RunDetail(BaseModel):
    """One run, without what is known of the machine it ran on (command line, folders)."""

    name: str
    id: str
    status: str
    reason: str = Field(description="Why it is not complete.")
    kind: str
    seed: int
    versions: dict[str, str]
    models: list[dict[str, str]]
    prompts: dict[str, str] = Field(description="Step -> hash of its prompt.")
    started: str
    ended: str | None
    totals: dict[str, Any] = Field(description="Calls, failures, retries, tokens and cost of all sessions.")
    stages: dict[str, dict[str, Any]] = Field(description="Items, answered, failed by kind.")
    warnings: dict[str, int]
    sessions: int = Field(description="How often the command was run.")
    summary: dict[str, Any] | None = Field(description="Its results; null until there are any.")
    has_report: bool

    @classmethod
    def of(cls, name: str, run: RunRecord) -> RunDetail:
        """The record of a run."""
        plain = {field: getattr(run, field) for field in ("id", "status", "reason", "seed", "started", "ended")}
        return cls(
            **plain,
            name=name,
            kind=str(run.config.get("kind", "")),
            versions=dict(run.versions),
            models=[dict(model) for model in run.models],
            prompts=dict(run.prompts),
            totals=run.totals.as_dict(),
            stages={stage: dict(told) for stage, told in run.stages.items()},
            warnings=dict(run.warnings),
            sessions=len(run.sessions),
            summary=None if run.summary is None else dict(run.summary),
            has_report=run.report_path.is_file(),
        )


class CallPage(BaseModel):
    """A part of the calls, in the order in which they returned."""

    offset: int
    calls: list[dict[str, Any]] = Field(description="Messages as sent, reply, tokens, latency, error.")
    more: bool = Field(description="Whether others follow.")


@router.get("")
def list_runs(place: Place, offset: Offset = 0, limit: Limit = 100) -> list[RunLine]:
    """All runs, the latest first; one that cannot be read says why."""
    return [RunLine.of(row) for row in place.runs.rows()[offset : offset + limit]]


@router.get("/{name}", responses=documented(404))
def get_run(place: Place, name: Name) -> RunDetail:
    """A run with its totals and results."""
    return RunDetail.of(name, place.runs.get(name))


@router.get("/{name}/calls", responses=documented(404))
def list_calls(place: Place, name: Name, offset: Offset = 0, limit: Limit = 50) -> CallPage:
    """Every model call: exactly what was sent, and what came back."""
    found = list(islice(place.runs.get(name).calls(), offset, offset + limit + 1))
    return CallPage(offset=offset, calls=found[:limit], more=len(found) > limit)


@router.get("/{name}/report", response_class=HTMLResponse, responses=documented(404))
def show_report(place: Place, name: Name) -> Response:
    """The report of a run as it lies in its folder. Its page may load nothing and run no script but the report's own."""
    path = place.runs.path(name) / place.runs.get(name).report_path.name
    if not path.is_file() or path.is_symlink():
        raise NotFound(f"the run '{name}' has no report yet")
    policy = f"{page_policy()}; frame-ancestors 'none'; sandbox allow-scripts"
    return HTMLResponse(path.read_bytes(), headers={"Content-Security-Policy": policy})
