"""A run as an Inspect ``.eval`` log: samples with messages, scores, failures and usage; the run's estimates; its configuration.

The file is a zip of JSON documents (Inspect's log format, version 2), written as it is read, so memory does not grow with the run
but for an index of its calls; Inspect itself is not needed. A row of the result table becomes a sample, with the calls whose item
has the row's id; calls of other items (a judge that grades several rows in one prompt) become samples without a score, so that
nothing of the transcript is lost. What is missing is NaN with a reason, as Inspect writes it, never 0.

Source: inspect_ai 0.3.285, ``inspect_ai.log`` (EvalLog, EvalSample, EvalSampleSummary); tests read it back with its own reader.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from personarium.report.inspect_samples import Sample, cells_of, is_score, sample_of_calls, sample_of_row, usage_of
from personarium.runs import RunRecord
from personarium.runs.manifest import CALLS

if TYPE_CHECKING:
    import polars as pl

VERSION = 2
STATUS = {"complete": "success", "running": "started", "interrupted": "cancelled", "failed": "error"}
SUMMARY_TEXT = 1000  # characters of an input in the list of samples


def write_inspect_log(run: RunRecord, path: Path) -> None:
    """Write the log; an older file is overwritten.

    Args:
        run: As :func:`personarium.runs.read_run` gives it, finished or not.
        path: The ``.eval`` file.

    Raises:
        OSError: The disk refuses.
    """
    totals = _Totals()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, tempfile.TemporaryFile() as summaries:
        spec = _spec(run)
        _put(archive, "_journal/start.json", {"version": VERSION, "eval": spec, "plan": _plan()})
        for sample in _samples(run):
            _put(archive, f"samples/{sample.id}_epoch_1.json", sample.as_json(spec["model"]))
            summaries.write(_bytes(sample.summary(SUMMARY_TEXT)) + b"\n")
            totals.add(sample)
        _put_list(archive, "summaries.json", summaries)
        spec["dataset"] |= {"samples": len(totals.ids), "sample_ids": totals.ids}
        _put(archive, "header.json", _header(run, spec, totals))


# --- JSON and zip ---


def _bytes(document: Any) -> bytes:
    from pydantic_core import to_json

    try:
        return to_json(document, inf_nan_mode="constants")
    except ValueError:  # half a surrogate pair, as broken replies have; Inspect's reader refuses it, so it is replaced
        text = json.dumps(document, default=str, ensure_ascii=False)
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _put(archive: zipfile.ZipFile, name: str, document: Any) -> None:
    # One time for all members: a log is a function of the run, not of when it was exported.
    archive.writestr(zipfile.ZipInfo(name), _bytes(document), zipfile.ZIP_DEFLATED)


def _put_list(archive: zipfile.ZipFile, name: str, lines: IO[bytes]) -> None:
    """A JSON list from a file with one element a line."""
    lines.seek(0)
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(info, "w") as member:
        member.write(b"[")
        for number, line in enumerate(lines):
            member.write((b"," if number else b"") + line.rstrip(b"\n"))
        member.write(b"]")


# --- samples ---


@dataclass
class _Totals:
    """What the header says of all samples."""

    ids: list[str] = field(default_factory=list)
    usage: dict[str, Counter[str]] = field(default_factory=dict)
    roles: dict[str, Counter[str]] = field(default_factory=dict)
    costs: dict[str, float] = field(default_factory=dict)
    scored: Counter[str] = field(default_factory=Counter)
    unscored: Counter[str] = field(default_factory=Counter)

    def add(self, sample: Sample) -> None:
        self.ids.append(sample.id)
        for role, name, tokens, cost in sample.usages:
            self.usage.setdefault(name, Counter()).update(tokens)
            self.roles.setdefault(role, Counter()).update(tokens)
            if cost is not None:
                self.costs[name] = self.costs.get(name, 0.0) + cost
        for name, score in sample.scores.items():
            missing = score["value"] != score["value"]
            (self.unscored if missing else self.scored)[name] += 1


def _samples(run: RunRecord) -> Iterator[Sample]:
    """The rows with their calls, then the calls that have no row; every sample with an id of its own."""
    with _Calls(run.path / CALLS) as calls:
        taken: set[str] = set()
        for number, sample in enumerate(_all(run, calls), 1):
            own = sample if sample.id not in taken else replace(sample, id=f"{sample.id} ({number})")
            taken.add(own.id)
            yield own


def _all(run: RunRecord, calls: _Calls) -> Iterator[Sample]:
    used: set[str] = set()
    number = 0
    if run.table_path().is_file():
        frame = run.table()
        scored = _score_columns(frame, run)
        for number, (id, row) in enumerate(zip(_ids(frame), frame.iter_rows(named=True), strict=True), 1):
            mine = [] if id is None or id in used else list(calls.of(id))
            used.update([] if id is None else [id])
            yield sample_of_row(number, id, cells_of(row), scored, mine)
    for item in calls.items:
        if item not in used:
            number += 1
            yield sample_of_calls(number, item, list(calls.of(item)))


def _ids(frame: pl.DataFrame) -> Iterator[str | None]:
    """Each row's id: the column ``id``, else the first text column whose values all differ; None where there is none."""
    import polars as pl

    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    unique = [name for name in texts if name != "id" and frame[name].n_unique() == frame.height and name in _NAMING]
    column = "id" if "id" in texts else next(iter(unique), None)
    return (None for _ in range(frame.height)) if column is None else iter(frame[column])


_NAMING = ("row", "item", "persona", "persona_id", "profile_id", "dialogue", "author")


def _score_columns(frame: pl.DataFrame, run: RunRecord) -> tuple[str, ...]:
    """The columns that are scores."""
    estimates = (run.summary or {}).get("estimates") or {}
    measured = {label.partition(",")[0].casefold() for label in estimates}
    return tuple(name for name, dtype in frame.schema.items() if is_score(name, dtype, measured))


class _Calls:
    """The calls of a run by their item, each read when it is wanted.

    Args:
        path: ``calls.jsonl``; a run without one has no calls.
    """

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] | None = path.open("rb") if path.is_file() else None
        self._places: dict[str, list[int]] = {}
        offset = 0
        for line in self._file or ():
            record = _record(line)
            if record is not None:
                self._places.setdefault(str(record.get("item") or record.get("step") or "call"), []).append(offset)
            offset += len(line)

    def __enter__(self) -> _Calls:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def items(self) -> Sequence[str]:
        """In the order of their first call's end."""
        return list(self._places)

    def of(self, item: str) -> Iterator[dict[str, Any]]:
        """The records of one item, in the order in which they returned."""
        for offset in self._places.get(item, ()):
            assert self._file is not None  # it had records
            self._file.seek(offset)
            record = _record(self._file.readline())
            if record is not None:
                yield record


def _record(line: bytes) -> dict[str, Any] | None:
    """A whole line's record; None for a torn or damaged one, which the run's own manifest counts."""
    from pydantic_core import from_json

    if not line.endswith(b"\n"):
        return None
    try:
        found = from_json(line)
    except ValueError:
        try:
            found = json.loads(line)
        except ValueError:
            return None
    return found if isinstance(found, dict) and "key" in found else None


# --- the header ---


def _spec(run: RunRecord) -> dict[str, Any]:
    kind = str((run.summary or {}).get("kind") or run.config.get("kind") or "run")
    names = [model["name"] for model in run.models]
    return {
        "eval_id": run.id,
        "run_id": run.id,
        "created": _time(run.started),
        "task": f"personarium/{kind}",
        "task_id": run.id,
        "task_version": 0,
        "task_display_name": str((run.summary or {}).get("title") or kind),
        "task_args": dict(run.config),
        "dataset": {"name": kind, "shuffled": False},
        "model": names[0] if names else "none",
        "model_args": {},
        "model_generate_config": {},
        "model_roles": {role: [_model(name) for name in found] for role, found in _roles(run).items()},
        "config": {"epochs": 1},
        "packages": {"personarium": run.versions.get("personarium", "")},
        "metadata": {
            "seed": run.seed,
            "command": run.command,
            "run": str(run.path),
            "prompts": dict(run.prompts),
            "stages": dict(run.stages),
            "warnings": dict(run.warnings),
            "notices": list((run.summary or {}).get("notices") or []),
        },
    }


def _model(name: str) -> dict[str, Any]:
    return {"model": name, "config": {}, "args": {}}


def _roles(run: RunRecord) -> dict[str, list[str]]:
    roles: dict[str, list[str]] = {}
    for model in run.models:
        roles.setdefault(model["role"], []).append(model["name"])
    return roles


def _plan() -> dict[str, Any]:
    return {"name": "plan", "steps": [{"solver": "personarium", "params": {}}], "config": {}}


def _header(run: RunRecord, spec: Mapping[str, Any], totals: _Totals) -> dict[str, Any]:
    header = {
        "version": VERSION,
        "status": STATUS[run.status],
        "eval": spec,
        "plan": _plan(),
        "results": _results(run, spec, totals),
        "stats": {
            "started_at": _time(run.started),
            "completed_at": _time(run.ended) if run.ended else "",
            "model_usage": {name: usage_of(tokens, totals.costs.get(name)) for name, tokens in totals.usage.items()},
            "role_usage": {role: usage_of(tokens, None) for role, tokens in totals.roles.items()},
        },
    }
    if run.status == "failed":
        header["error"] = {"message": run.reason, "traceback": "", "traceback_ansi": ""}
    return header


def _results(run: RunRecord, spec: Mapping[str, Any], totals: _Totals) -> dict[str, Any]:
    """The run's own estimates, and how many samples have each score."""
    kind = str(spec["dataset"]["name"])
    estimates = _headline_first((run.summary or {}).get("estimates") or {}, (run.summary or {}).get("headline"))
    metrics = _metrics(estimates)
    scores: list[dict[str, Any]] = [{"name": kind, "scorer": kind, "params": {}, "metrics": metrics}] if metrics else []
    for name in dict.fromkeys([*totals.scored, *totals.unscored]):
        counts = {"scored_samples": totals.scored[name], "unscored_samples": totals.unscored[name]}
        scores.append({"name": name, "scorer": name, "params": {}, "metrics": {}, **counts})
    return {"total_samples": len(totals.ids), "completed_samples": len(totals.ids), "scores": scores}


def _headline_first(estimates: Mapping[str, Any], headline: Any) -> Iterable[tuple[str, Mapping[str, Any]]]:
    return sorted(estimates.items(), key=lambda pair: pair[0] != headline)


def _metrics(estimates: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, dict[str, Any]]:
    """The values, then the ends of their intervals; an estimate that was not measured has none."""
    measured = [(label, one) for label, one in estimates if one.get("value") is not None]
    found: dict[str, dict[str, Any]] = {label: _metric(label, one["value"], one) for label, one in measured}
    for label, one in measured:
        for name, end in ((f"{label}, low", one.get("lo")), (f"{label}, high", one.get("hi"))):
            if end is not None:
                found[name] = _metric(name, end, one)
    return found


def _metric(name: str, value: float, estimate: Mapping[str, Any]) -> dict[str, Any]:
    about = {key: estimate.get(key) for key in ("n", "unit", "method", "confidence", "failures")}
    return {"name": name, "value": value, "params": {}, "metadata": about}


def _time(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).isoformat()
