"""Runs in a tracker: what is sent and what never is, a tracker that fails or hangs, and the three libraries for real."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from personarium.core.errors import NotFound, UsageError
from personarium.core.results import Estimate, Failure
from personarium.report.trackers import Mlflow, Tracked, Trackio, Wandb
from personarium.report.tracking import Tracking, from_run, open_tracker, settings_of
from personarium.runs import Run, read_run
from personarium.runs.progress import Snapshot


@dataclass
class Notebook:
    """A tracker that writes down what it is told."""

    name: str = "notebook"
    started: list[Tracked] = field(default_factory=list)
    logged: list[tuple[dict[str, float], int]] = field(default_factory=list)
    finished: list[tuple[str, dict[str, float], list[Path]]] = field(default_factory=list)

    def start(self, run: Tracked) -> None:
        print("a tracker that talks")  # noqa: T201
        self.started.append(run)

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        self.logged.append((dict(metrics), step))

    def finish(self, status: str, results: Mapping[str, float], files: Sequence[Path] = ()) -> None:
        self.finished.append((status, dict(results), list(files)))


class Broken(Notebook):
    """Fails at everything but the start."""

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        raise ConnectionError(f"no route, and the key was {os.environ['BEES_API_KEY']}")

    def finish(self, status: str, results: Mapping[str, float], files: Sequence[Path] = ()) -> None:
        raise ValueError("no")


CONFIG = {
    "kind": "personagym",
    "model": "simulated",
    "judges": ["simulated:seed=1"],
    "base_url": "http://ann:hunter2222@127.0.0.1:1/v1",
    "persona": "You are Mira, who keeps bees and a secret.",
    "api_key": "key-in-config-0123",
    "limit": 5,
    "fresh": False,
    "missing": None,
}
ESTIMATE = Estimate(0.5, 0.4, 0.6, 12, "persona", "mean", failures={"unparsed": 2})


def _run(folder: Path, tracking: Tracking | None = None, items: int = 3, fail: bool = False) -> Path:
    """A run of three items, one of which fails, tracked or not."""

    async def work(item: int) -> int | Failure:
        return Failure("unparsed", "no number", str(item)) if item == 1 else item

    progress = None if tracking is None else tracking.watch()
    command = "personarium bench personagym --persona 'You are Mira'"
    try:
        with Run.open(folder, CONFIG, seed=4, command=command, progress=progress) as run:
            if tracking is not None:
                tracking.begin(run.path)
            asyncio.run(run.map("play", range(items), work, key=str))
            if fail:
                raise RuntimeError("stop here")
            nothing = Estimate(None, None, None, 0, "persona", "mean")
            estimates = {"PersonaScore": ESTIMATE.as_dict(), "Nothing": nothing.as_dict()}
            run.write_summary({"kind": "personagym", "title": "Bees", "estimates": estimates})
    finally:
        if tracking is not None:
            tracking.end(folder)
    return folder


def test_a_run_is_told_of_from_start_to_end(tmp_path: Path) -> None:
    tracker = Notebook()
    _run(tmp_path / "bees", Tracking(tracker, every_s=0))
    (started,), ((status, results, files),) = tracker.started, tracker.finished
    assert (started.name, started.id) == ("bees", read_run(tmp_path / "bees").id)
    assert started.config["model"] == "simulated"
    assert started.config["judges.0"] == "simulated:seed=1"
    assert (started.config["seed"], started.config["limit"], started.config["fresh"]) == (4, 5, False)
    last = tracker.logged[-1][0]
    assert (last["play/done"], last["play/total"], last["play/failed"], last["calls"]) == (3, 3, 1, 0)
    assert status == "complete"
    assert [results[f"PersonaScore{end}"] for end in ("/value", "/lo", "/hi", "/n", "/missing")] == [
        0.5,
        0.4,
        0.6,
        12,
        2,
    ]
    assert "Nothing/value" not in results
    assert (results["Nothing/n"], results["total/calls"]) == (0, 0)
    assert files == []


def test_no_text_and_no_key_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEES_API_KEY", "simulated:seed=1")  # a key that stands in a field of another name
    tracker = Notebook()
    _run(tmp_path / "bees", Tracking(tracker, every_s=0))
    sent = repr((tracker.started, tracker.logged, tracker.finished))
    for secret in ("Mira", "hunter2222", "key-in-config", "simulated:seed=1", "no number"):
        assert secret not in sent
    assert tracker.started[0].config["persona"] == "[text of 42 characters]"
    assert tracker.started[0].config["base_url"] == "http://127.0.0.1:1/v1"
    assert "command" not in tracker.started[0].config


def test_content_brings_the_command_and_the_report_and_still_no_key(tmp_path: Path) -> None:
    tracker = Notebook()
    folder = _run(tmp_path / "bees", Tracking(tracker, content=True))
    assert tracker.started[0].config["persona"] == CONFIG["persona"]
    assert "--persona 'You are Mira'" in str(tracker.started[0].config["command"])
    assert tracker.finished[0][2] == [folder / "report.html"]
    assert "key-in-config" not in repr(tracker.started)
    assert "hunter2222" not in repr(tracker.started)


def test_a_large_configuration_is_cut(tmp_path: Path) -> None:
    with Run.open(tmp_path, {f"c{i}": i for i in range(1000)}):
        pass
    assert len(settings_of(read_run(tmp_path))) == 200


def test_a_failed_and_an_interrupted_run_are_told_as_such(tmp_path: Path) -> None:
    tracker = Notebook()
    with pytest.raises(RuntimeError, match="stop here"):
        _run(tmp_path / "bees", Tracking(tracker), fail=True)
    assert [finished[0] for finished in tracker.finished] == ["failed"]


def test_numbers_go_out_now_and_then_and_at_the_end_of_a_stage(tmp_path: Path) -> None:
    now = [1000.0]
    tracker = Notebook()
    tracking = Tracking(tracker, every_s=5, clock=lambda: now[0])
    with Run.open(tmp_path, {}) as run:
        tracking.begin(run.path)
        progress = tracking.watch()
        for moment, done in ((1000, 1), (1001, 2), (1006, 3), (1007, 4)):
            now[0] = moment
            progress.update(Snapshot("play", done))
        progress.finish(Snapshot("play", 5))
    tracking.end(tmp_path)
    assert [metrics["play/done"] for metrics, _ in tracker.logged] == [1, 3, 5]


def test_steps_are_seconds_since_the_run_began(tmp_path: Path) -> None:
    with Run.open(tmp_path, {}):
        pass
    from datetime import datetime

    began = datetime.fromisoformat(read_run(tmp_path).started).timestamp()
    tracker = Notebook()
    tracking = Tracking(tracker, clock=lambda: began + 7.9)
    tracking.begin(tmp_path)
    tracking.log({"x": 1, "not a number": float("nan")})
    tracking.end(tmp_path)
    assert tracker.logged == [({"x": 1.0}, 7)]


def test_a_tracker_that_fails_stops_nothing_and_is_told_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEES_API_KEY", "super-secret-key")
    said: list[str] = []
    tracking = Tracking(Broken(), every_s=0, warn=said.append)
    _run(tmp_path / "bees", tracking)
    assert read_run(tmp_path / "bees").status == "complete"
    (sentence,) = said
    assert "tracking with notebook fails and the run goes on without it (ConnectionError: no route" in sentence
    assert "super-secret-key" not in sentence
    assert tracking.failures >= 2


def test_a_tracker_that_cannot_start_is_left_alone(tmp_path: Path) -> None:
    class Closed(Notebook):
        def start(self, run: Tracked) -> None:
            raise RuntimeError("log in first")

    said: list[str] = []
    tracker = Closed()
    tracking = Tracking(tracker, warn=said.append)
    _run(tmp_path / "bees", tracking)
    assert (tracker.logged, tracker.finished, tracking.failures) == ([], [], 1)
    assert said == ["tracking with notebook fails and the run goes on without it (RuntimeError: log in first)"]


def test_a_tracker_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    stuck = threading.Event()

    class Hanging(Notebook):
        def log(self, metrics: Mapping[str, float], step: int) -> None:
            stuck.wait(60)

    said: list[str] = []
    tracking = Tracking(Hanging(), every_s=0, warn=said.append, patience_s=0.05)
    try:
        with Run.open(tmp_path, {}) as run:
            tracking.begin(run.path)
            for number in range(100):
                tracking.log({"x": number})
        tracking.end(tmp_path)
    finally:
        stuck.set()
    assert tracking.failures >= 49
    assert said == ["tracking with notebook fails and the run goes on without it (it does not answer)"]


def test_what_a_tracker_prints_does_not_get_into_our_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run(tmp_path / "bees", Tracking(Notebook()))
    assert capsys.readouterr().out == ""


def test_a_report_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    tracking = Tracking(Notebook(), content=True, warn=said.append)
    with Run.open(tmp_path, {}) as run:
        tracking.begin(run.path)
        run.write_summary({"sections": [{"kind": "no such section"}]})
    tracking.end(tmp_path)
    assert tracking.failures == 1
    assert "InvalidInput" in said[0]


def test_a_finished_run_is_logged_afterwards(tmp_path: Path) -> None:
    tracker = Notebook()
    assert from_run(_run(tmp_path / "bees"), tracker).failures == 0
    assert tracker.logged[-1][0] == {"play/done": 3, "play/failed": 1}
    assert tracker.finished[0][1]["PersonaScore/value"] == 0.5
    with pytest.raises(NotFound):
        from_run(tmp_path / "gone", tracker)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("comet:x", "there is no tracker 'comet'; there are wandb, mlflow, trackio"),
        ("", "there is no tracker ''"),
        ("wandb:a$b", "a tracker's project has letters"),
    ],
)
def test_an_unknown_tracker_is_named(spec: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        open_tracker(spec)
    assert message in str(error.value)


def test_trackers_are_opened_by_name() -> None:
    for name, cls in {"wandb": Wandb, "mlflow": Mlflow, "trackio": Trackio}.items():
        if importlib.util.find_spec(name):
            opened = open_tracker(f"{name}:bees")
            assert isinstance(opened, cls)
            assert opened.project == "bees"


# -- the libraries themselves, each in a process of its own: they start services and keep global state ----------------


def _tracked(tmp_path: Path, name: str, read: str, **environment: str) -> Any:
    """Log a finished run twice (the second time goes on with it); what ``read`` then prints as JSON."""
    folder = _run(tmp_path / "bees")
    code = f"""
import json, sys
from personarium.report.tracking import from_run, open_tracker
folder = {str(folder)!r}
for _ in range(2):
    tracking = from_run(folder, open_tracker("{name}:hives"), content=True, warn=sys.exit)
    assert tracking.failures == 0
{read}
"""
    return _alone(tmp_path, name, code, **environment)


def _alone(tmp_path: Path, name: str, code: str, **environment: str) -> Any:
    """The JSON document that a process of its own prints, and that must be all it prints."""
    if importlib.util.find_spec(name) is None:
        pytest.skip("the extra track is not installed")
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("WANDB", "MLFLOW", "TRACKIO"))}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**plain, "HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", **environment},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_wandb_offline_keeps_the_run(tmp_path: Path) -> None:
    read = """
import glob
from pathlib import Path
from wandb.proto import wandb_internal_pb2

def records(data):  # a LevelDB log: blocks of 32 KiB; each piece has checksum (4), length (2) and kind (1) before it
    at, whole = 7, b""
    while at + 7 <= len(data):
        if 32768 - at % 32768 < 7:
            at += 32768 - at % 32768
            continue
        size, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        whole += data[at + 7 : at + 7 + size]
        at += 7 + size
        if kind in (1, 4):
            yield whole
            whole = b""

kinds, summary = [], {}
for path in sorted(glob.glob("wandb/offline-run-*/*.wandb")):
    for data in records(Path(path).read_bytes()):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        kinds.append(record.WhichOneof("record_type"))
        for item in record.summary.update:
            summary[item.key or item.nested_key[0]] = json.loads(item.value_json)
print(json.dumps({"kinds": sorted(set(kinds)), "summary": summary}))
"""
    found = _tracked(tmp_path, "wandb", read)
    assert {"run", "history", "summary", "artifact"} <= set(found["kinds"])
    assert found["summary"]["PersonaScore/value"] == 0.5
    assert found["summary"]["status"] == "complete"


def test_mlflow_keeps_the_run_once(tmp_path: Path) -> None:
    read = """
import mlflow
client = mlflow.MlflowClient()
experiment = client.get_experiment_by_name("hives").experiment_id
runs = client.search_runs([experiment])
files = [f.path for f in client.list_artifacts(runs[0].info.run_id)]
run = runs[0]
print(json.dumps([len(runs), run.info.status, run.data.metrics, run.data.params, files]))
"""
    store = (tmp_path / "store").as_uri()
    found = _tracked(tmp_path, "mlflow", read, MLFLOW_TRACKING_URI=store, MLFLOW_ALLOW_FILE_STORE="true")
    runs, status, metrics, params, files = found
    assert (runs, status, files) == (1, "FINISHED", ["report.html"])
    assert (metrics["PersonaScore/value"], metrics["PersonaScore/lo"], metrics["play/done"]) == (0.5, 0.4, 3)
    assert (params["model"], params["judges.0"]) == ("simulated", "simulated:seed=1")


def test_trackio_keeps_the_run_once(tmp_path: Path) -> None:
    read = """
from trackio.sqlite_storage import SQLiteStorage
(name,) = SQLiteStorage.get_runs("hives")
rows = SQLiteStorage.get_logs("hives", name)
print(json.dumps([name, [row.get("PersonaScore/value") for row in rows], [row.get("play/done") for row in rows]]))
"""
    name, scores, done = _tracked(tmp_path, "trackio", read, TRACKIO_DIR=str(tmp_path / "trackio"))
    assert name.startswith("bees-")
    assert 0.5 in scores
    assert 3 in done


def test_a_command_tracks_its_run(tmp_path: Path) -> None:
    code = """
import json
from trackio.sqlite_storage import SQLiteStorage
from personarium.apps.cli.session import Session, run_options

async def ask(session, item):
    return (await session.player.generate([{"role": "user", "content": f"Hello, {item} of you."}])).text

given = {"model": "simulated", "track": "trackio:hives", "track_content": False, "as_json": True}
with Session(run_options("chat", given, {})) as session:
    session.work(session.run.map("play", [1, 2], lambda item: ask(session, item), key=str))
    session.run.write_summary({"estimates": {"Bees": {"value": 2, "lo": None, "hi": None, "n": 1}}})
(name,) = SQLiteStorage.get_runs("hives")
rows = SQLiteStorage.get_logs("hives", name)
print(json.dumps([name, session.output.warnings, rows]))
"""
    name, warnings, rows = _alone(tmp_path, "trackio", code, TRACKIO_DIR=str(tmp_path / "trackio"))
    assert name.startswith("chat-")
    assert not [warning for warning in warnings if "tracking" in warning]
    assert (rows[-2]["play/done"], rows[-2]["calls"]) == (2, 2)
    assert (rows[-1]["Bees/value"], rows[-1]["total/calls"], rows[-1]["complete"]) == (2, 2, 1)


def test_a_comparison_is_tracked_from_its_command(tmp_path: Path) -> None:
    for name in "ab":
        rows = [json.dumps({"id": str(k), "reply": f"Reply {k} of {name}."}) for k in range(4)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows), encoding="utf-8")
    code = """
import contextlib, io, json
from trackio.sqlite_storage import SQLiteStorage
from personarium.apps.cli.application import application

with contextlib.redirect_stdout(io.StringIO()):
    application(["compare", "a.jsonl", "b.jsonl", "--judge", "simulated", "--track", "trackio:hives", "--json"])
(name,) = SQLiteStorage.get_runs("hives")
print(json.dumps([name, SQLiteStorage.get_logs("hives", name)[-1]]))
"""
    name, last = _alone(tmp_path, "trackio", code, TRACKIO_DIR=str(tmp_path / "trackio"))
    assert name.startswith("compare-")
    assert last["complete"] == 1
    assert last["total/calls"] > 0
