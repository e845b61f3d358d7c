"""Runs in a tracker: what a run is at its start, how far it is while it works, its estimates at the end.

Only when asked, and only numbers and short words: no prompt, reply, persona or command is sent unless ``content`` is set, and
keys never are. A tracker that fails stops nothing: its failures are counted and told of once.

    tracking = Tracking(open_tracker("wandb:bees"))
    with Run.open(folder, config, progress=tracking.watch(progress_for())) as run:
        tracking.begin(run.path)
        ...
    tracking.end(run.path)
"""

from __future__ import annotations

import math
import queue
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from personarium.report.trackers import Plain, Tracked, Tracker, open_tracker
from personarium.report.write import write_report
from personarium.runs import read_run
from personarium.runs.keys import hide_keys, hide_named_keys, keys_in_environment
from personarium.runs.progress import Progress, Silent, Snapshot
from personarium.runs.read import RunRecord

EVERY_S = 5.0  # numbers of a stage are logged that often; its end always
GIVE_UP = 3  # a tracker that failed so often is not asked again
PATIENCE_S = 30.0  # for what is still on its way when the run ends
MOST_SETTINGS, LONGEST_WORD = 200, 100

__all__ = ["Tracked", "Tracker", "Tracking", "from_run", "open_tracker"]


class Tracking:
    """One run in one tracker; numbers go out on a thread of their own, so that a slow tracker delays no call.

    Args:
        tracker: As :func:`open_tracker` gives it.
        content: Also send the command, texts of the configuration and the report, which holds what was said.
        warn: Who is told, once, that the tracker fails; standard error by default.
        every_s: Seconds between two sets of numbers.
        patience_s: How long the end waits for what is still on its way.
        clock: Seconds since 1970.

    Attributes:
        failures: How many calls of the tracker failed, and sets of numbers that it was too slow for.
    """

    def __init__(
        self,
        tracker: Tracker,
        *,
        content: bool = False,
        warn: Callable[[str], None] | None = None,
        every_s: float = EVERY_S,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.failures = 0
        self._tracker, self._content, self._every_s, self._clock = tracker, content, every_s, clock
        self._patience_s, self._warn = patience_s, warn or _say
        self._keys = keys_in_environment()
        self._began = self._last = 0.0
        self._open = self._told = False
        self._waiting: queue.Queue[tuple[dict[str, float], int] | None] = queue.Queue(maxsize=50)
        self._sender = threading.Thread(target=self._send, name="personarium-tracking", daemon=True)

    def watch(self, progress: Progress | None = None) -> Progress:
        """A progress that shows what ``progress`` shows and logs the numbers; for ``Run.open(progress=...)``."""
        return _Watched(progress or Silent(), self)

    def begin(self, folder: Path | str) -> None:
        """The run in this folder begins, or goes on."""
        run = read_run(folder)
        self._began = datetime.fromisoformat(run.started).timestamp()
        about = Tracked(run.id, Path(folder).name, settings_of(run, content=self._content))
        self._open = self._safely(self._tracker.start, about)
        if self._open:
            self._sender.start()

    def log(self, metrics: Mapping[str, float]) -> None:
        """Send numbers, if the tracker is open and keeps up."""
        if not self._open:
            return
        finite = {name: float(value) for name, value in metrics.items() if math.isfinite(value)}
        try:
            self._waiting.put_nowait((finite, max(0, int(self._clock() - self._began))))
        except queue.Full:
            self._failed("it does not answer")

    def show(self, state: Snapshot, *, last: bool = False) -> None:
        """Log the state of a stage, if the last time is long enough ago."""
        now = self._clock()
        if last or now - self._last >= self._every_s:
            self._last = now
            self.log(numbers_of(state))

    def end(self, folder: Path | str) -> None:
        """The run is over: its status, estimates and cost, and its report if ``content`` is set. Once is enough."""
        if not self._open:
            return
        self._open = False
        with suppress(queue.Full):  # then the thread lives on, and we see it
            self._waiting.put(None, timeout=self._patience_s)
        self._sender.join(self._patience_s)
        if self._sender.is_alive():
            self._failed("it does not answer")
            return
        self._safely(self._finish, folder)

    def _finish(self, folder: Path | str) -> None:
        run = read_run(folder)
        files = (write_report(folder),) if self._content else ()
        self._tracker.finish(run.status, results_of(run), files)

    def _send(self) -> None:
        failed = 0
        while (sent := self._waiting.get()) is not None:
            if failed < GIVE_UP and not self._safely(self._tracker.log, *sent, printed=True):
                failed += 1

    def _safely(self, call: Callable[..., None], *args: Any, printed: bool = False) -> bool:
        """Call the tracker; says whether it worked. What it prints does not get into our output."""
        try:
            if printed:  # on the sender's thread the standard output is everybody's
                call(*args)
            else:
                with redirect_stdout(sys.stderr):
                    call(*args)
        except Exception as error:  # whatever a foreign library raises, the run goes on
            self._failed(f"{type(error).__name__}: {error}")
            return False
        return True

    def _failed(self, reason: str) -> None:
        self.failures += 1
        if not self._told:
            self._told = True
            plain = hide_keys(" ".join(reason.split()), self._keys)[:300]
            self._warn(f"tracking with {self._tracker.name} fails and the run goes on without it ({plain})")


class _Watched:
    """Shows progress as another does, and hands it to the tracking."""

    def __init__(self, shown: Progress, tracking: Tracking) -> None:
        self._shown, self._tracking = shown, tracking

    def update(self, state: Snapshot) -> None:
        self._shown.update(state)
        self._tracking.show(state)

    def finish(self, state: Snapshot) -> None:
        self._shown.finish(state)
        self._tracking.show(state, last=True)

    def note(self, text: str) -> None:
        self._shown.note(text)

    def close(self) -> None:
        self._shown.close()


def from_run(
    folder: Path | str, tracker: Tracker, *, content: bool = False, warn: Callable[[str], None] | None = None
) -> Tracking:
    """Log a run that is over (or was interrupted) as if it had been tracked.

    Args:
        folder: Its folder.
        tracker: As :func:`open_tracker` gives it.
        content: As for :class:`Tracking`.
        warn: Likewise.

    Returns:
        The tracking; its ``failures`` say whether all arrived.

    Raises:
        NotFound: There is no run.
    """
    run = read_run(folder)
    ended = datetime.fromisoformat(run.ended or run.started).timestamp()
    tracking = Tracking(tracker, content=content, warn=warn, clock=lambda: ended)
    tracking.begin(folder)
    for name, stage in run.stages.items():
        failed = sum(dict(stage.get("failed", {})).values())
        tracking.log({f"{name}/done": stage["items"], f"{name}/failed": failed})
    tracking.end(folder)
    return tracking


# -- what is sent --------------------------------------------------------------------------------------------------


def numbers_of(state: Snapshot) -> dict[str, float]:
    """The counts, the rate and the cost of a moment; a stage's own under its name."""
    own = {"done": state.done, "failed": state.failed, "total": state.total, "rate": state.rate}
    whole = {
        "calls": state.calls,
        "cached": state.cached,
        "failed_calls": state.failed_calls,
        "retries": state.retries,
        "tokens": state.tokens,
        "cost_usd": state.cost_usd,
    }
    named = {f"{state.stage}/{name}": value for name, value in own.items()}
    return {name: float(value) for name, value in {**named, **whole}.items() if value is not None}


def results_of(run: RunRecord) -> dict[str, float]:
    """Every estimate as value, interval, n and missing, and what the run cost."""
    out: dict[str, float] = {}
    for label, estimate in dict((run.summary or {}).get("estimates") or {}).items():
        missing = sum(dict(estimate.get("failures") or {}).values())
        numbers = {"/value": estimate["value"], "/lo": estimate["lo"], "/hi": estimate["hi"], "/n": estimate["n"]}
        out |= {f"{label}{end}": value for end, value in {**numbers, "/missing": missing}.items() if value is not None}
    for name, count in run.totals.as_dict().items():
        total = sum(count.values()) if isinstance(count, Mapping) else count
        out |= {} if total is None else {f"total/{name}": total}
    return {name: float(value) for name, value in out.items() if math.isfinite(value)}


def settings_of(run: RunRecord, *, content: bool = False) -> dict[str, Plain]:
    """The configuration, flat, with seed and versions; a text is told by its length only unless ``content``."""
    whole: dict[str, Any] = {**run.config, "seed": run.seed, "personarium": run.versions.get("personarium", "")}
    if content:
        whole["command"] = run.command
    keys = keys_in_environment()
    out: dict[str, Plain] = {}
    for name, value in _leaves(hide_named_keys(whole)):
        if len(out) == MOST_SETTINGS:
            break
        if isinstance(value, str):
            value = _word(_USER_INFO.sub("//", hide_keys(value, keys)), content)
        out[_word(name, content)] = value
    return out


_USER_INFO = re.compile(r"//[^/@\s]*@")  # user and password in a URL
_WORD = re.compile(r"\S*")


def _word(text: str, content: bool) -> str:
    if content:
        return text[:2000]
    if len(text) <= LONGEST_WORD and _WORD.fullmatch(text):
        return text
    return f"[text of {len(text):,} characters]"


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Name and value of every number, truth value and text; ``judges.0`` for those in lists."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}.{index}")
    elif value is not None:
        yield path, value


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
