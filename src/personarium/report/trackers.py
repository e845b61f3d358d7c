"""The trackers that runs can be logged to: Weights & Biases, MLflow and trackio, each behind the same three calls.

A library is imported when its tracker starts; its own telemetry and error reporting are switched off unless the user's
environment says otherwise, and it is told to collect nothing about the machine, its code or its git repository.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from personarium.core.errors import UsageError

Plain = str | int | float | bool
PROJECT = "personarium"  # where nobody names a project


@dataclass(frozen=True, slots=True)
class Tracked:
    """What a tracker is told of a run when it starts.

    Args:
        id: The run's id; the same run goes on under it when it is resumed.
        name: For people: the name of its folder.
        config: Flat configuration (``judges.0``), keys and texts taken out.
    """

    id: str
    name: str
    config: Mapping[str, Plain]


class Tracker(Protocol):
    """Whoever keeps runs. A call may fail; :class:`~personarium.report.tracking.Tracking` then counts it and goes on."""

    @property
    def name(self) -> str: ...

    def start(self, run: Tracked) -> None:
        """A run begins, or goes on."""

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Numbers at a step: whole seconds since the run began."""

    def finish(self, status: str, results: Mapping[str, float], files: Sequence[Path] = ()) -> None:
        """The run is over.

        Args:
            status: ``complete``, ``interrupted`` or ``failed``.
            results: Its estimates (value, ends of the interval, n, missing) and its cost.
            files: To be kept with it.
        """


def open_tracker(spec: str) -> Tracker:
    """A tracker by name: ``wandb:project``, ``mlflow:experiment`` or ``trackio:project``.

    Raises:
        UsageError: An unknown name, a project that is none, or a library that is not installed.
    """
    name, _, project = spec.partition(":")
    if name not in TRACKERS:
        raise UsageError(
            f"there is no tracker {name!r}; there are {', '.join(TRACKERS)} (for instance wandb:{PROJECT})"
        )
    if not re.fullmatch(r"[\w./ -]{0,128}", project):
        raise UsageError(f"a tracker's project has letters, digits, _ - . / and blanks only, found {project!r}")
    if importlib.util.find_spec(name) is None:
        raise UsageError(f'{name} is not installed; install it with pip install "personarium[track]"')
    return TRACKERS[name](project or PROJECT)


@dataclass(slots=True)
class Wandb:
    """Weights & Biases; offline (``wandb sync`` sends it later) where no key is known, for it would ask for one.

    Args:
        project: The project, ``entity/project`` too.
    """

    project: str
    name: str = "wandb"
    _run: Any = field(default=None, repr=False)

    def start(self, run: Tracked) -> None:
        """Begin a run of the same id, or go on with it."""
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        wandb = importlib.import_module("wandb")
        known = wandb.login(prompt=False, verify=False)
        settings = {"console": "off", "silent": True, "init_timeout": 30, "save_code": False}
        quiet = {"disable_git": True, "disable_code": True, "x_disable_stats": True, "x_disable_meta": True}
        entity, _, project = self.project.rpartition("/")
        self._run = wandb.init(
            entity=entity or None,
            project=project,
            name=run.name,
            id=run.id,
            resume="allow",
            config=dict(run.config),
            mode=os.environ.get("WANDB_MODE") or ("online" if known else "offline"),
            settings=wandb.Settings(**settings, **quiet),
        )

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """One row of the history."""
        self._run.log(dict(metrics), step=step)

    def finish(self, status: str, results: Mapping[str, float], files: Sequence[Path] = ()) -> None:
        """Results into the summary, files as artefacts."""
        self._run.summary.update({**results, "status": status})
        for path in files:
            self._run.log_artifact(str(path), name=f"{self._run.id}-{path.stem}", type=path.stem)
        self._run.finish(exit_code=0 if status == "complete" else 1)


@dataclass(slots=True)
class Mlflow:
    """MLflow, at ``MLFLOW_TRACKING_URI``; our run's id is the tag ``personarium.run``.

    Args:
        project: The experiment.
    """

    project: str
    name: str = "mlflow"
    _client: Any = field(default=None, repr=False)
    _run: str = field(default="", repr=False)

    def start(self, run: Tracked) -> None:
        """Find the run with this id in the experiment, or make one."""
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        mlflow = importlib.import_module("mlflow")
        self._client = mlflow.MlflowClient()
        found = self._client.get_experiment_by_name(self.project)
        experiment = found.experiment_id if found else self._client.create_experiment(self.project)
        same = self._client.search_runs([experiment], f"tags.`personarium.run` = '{run.id}'", max_results=1)
        if same:
            self._run = same[0].info.run_id
            self._client.update_run(self._run, status="RUNNING")
            return
        made = self._client.create_run(experiment, run_name=run.name, tags={"personarium.run": run.id})
        self._run = made.info.run_id
        entities = importlib.import_module("mlflow.entities")
        params = [entities.Param(_mlflow_name(k), str(v)[:500]) for k, v in run.config.items()]
        for some in _batches(params, 100):  # as many as one request takes
            self._client.log_batch(self._run, params=some)

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """One value of every metric."""
        entities = importlib.import_module("mlflow.entities")
        now = int(time.time() * 1000)
        some = [entities.Metric(_mlflow_name(k), v, now, step) for k, v in metrics.items()]
        for batch in _batches(some, 1000):
            self._client.log_batch(self._run, metrics=batch)

    def finish(self, status: str, results: Mapping[str, float], files: Sequence[Path] = ()) -> None:
        """Results as metrics, files as artefacts."""
        self.log(results, 0)
        for path in files:
            self._client.log_artifact(self._run, str(path))
        ends = {"complete": "FINISHED", "interrupted": "KILLED"}
        self._client.set_terminated(self._run, ends.get(status, "FAILED"))


def _mlflow_name(name: str) -> str:
    """A name as MLflow takes it: letters, digits, ``_ - . / :`` and blanks."""
    return re.sub(r"[^\w\-./: ]", "_", name, flags=re.ASCII).strip("/. ")[:200] or "_"


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


@dataclass(slots=True)
class Trackio:
    """trackio, in its own folder (``TRACKIO_DIR``) unless the user's environment names a Space or a server.

    Its runs have no id that can be given, so the name carries ours.

    Args:
        project: The project.
    """

    project: str
    name: str = "trackio"
    _run: Any = field(default=None, repr=False)

    def start(self, run: Tracked) -> None:
        """Begin a run of this name, or go on with it."""
        os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
        trackio = importlib.import_module("trackio")
        name = f"{run.name}-{run.id}"
        self._run = trackio.init(
            project=self.project,
            name=name,
            config=dict(run.config),
            resume="allow",
            embed=False,
            auto_log_gpu=False,
            auto_log_cpu=False,
        )

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """One row."""
        self._run.log(dict(metrics), step=step)

    def finish(self, status: str, results: Mapping[str, float], files: Sequence[Path] = ()) -> None:
        """Results as a last row, files as artefacts."""
        self._run.log({**results, "complete": float(status == "complete")})
        for path in files:
            self._run.log_artifact(str(path), name=path.stem, type=path.stem)
        current = importlib.import_module("trackio.context_vars").current_run
        if current.get() is self._run:  # finished once is enough; at exit trackio would finish it again, and say so
            current.set(None)
        self._run.finish()


TRACKERS: Mapping[str, type[Wandb] | type[Mlflow] | type[Trackio]] = {
    "wandb": Wandb,
    "mlflow": Mlflow,
    "trackio": Trackio,
}
