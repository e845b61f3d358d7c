"""What a long run shows while it works: stage, done, rate, tokens, cost so far, time left, failures."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol, TextIO

PROGRAM = "PERSONARIUM_PROGRESS"  # environment variable: a program reads along, and gets every state as a JSON line
WINDOW_S = 30.0  # the rate is that of the last half minute: replies served from disk must not promise a speed


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a run at one moment.

    Args:
        stage: What is worked on.
        done: Items finished, failed ones too.
        total: Items in all; None when not known.
        failed: Items without a value.
        calls: New calls of this session.
        cached: Replies served from disk.
        failed_calls: Calls that ended without a reply.
        retries: Requests beyond the first of each call.
        tokens: Prompt and completion tokens of the whole run.
        cost_usd: Cost of the whole run; None when no price is known.
        rate: Items a second over the last half minute; None before anything is done.
        elapsed_s: Seconds since the stage began.
    """

    stage: str
    done: int
    total: int | None = None
    failed: int = 0
    calls: int = 0
    cached: int = 0
    failed_calls: int = 0
    retries: int = 0
    tokens: int = 0
    cost_usd: float | None = None
    rate: float | None = None
    elapsed_s: float = 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds to go at the present rate; None when it cannot be told."""
        if self.total is None or not self.rate:
            return None
        return max(0, self.total - self.done) / self.rate


def describe(state: Snapshot) -> str:
    """One line for one state: ``play 120/500, 3.1/s, 40,210 tokens, $0.12, 2 min left, 3 failed``."""
    parts = [f"{state.stage} {state.done:,}" + ("" if state.total is None else f"/{state.total:,}")]
    if state.rate:
        parts.append(f"{state.rate:,.0f}/s" if state.rate >= 10 else f"{state.rate:.2g}/s")
    if state.cached:
        parts.append(f"{state.cached:,} from disk")
    if state.tokens:
        parts.append(f"{state.tokens:,} tokens")
    if state.cost_usd is not None:
        parts.append(f"${state.cost_usd:,.2f}" if state.cost_usd >= 0.1 else f"${state.cost_usd:.4f}")
    if state.left_s is not None and state.done != state.total:
        parts.append(f"{_duration(state.left_s)} left")
    if state.retries:
        parts.append(f"{state.retries:,} retries")
    if state.failed or state.failed_calls:
        parts.append(f"{state.failed:,} failed" if state.failed else f"{state.failed_calls:,} failed calls")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class Progress(Protocol):
    """Whoever shows how far a run is. ``update`` comes a few times a second at most."""

    def update(self, state: Snapshot) -> None: ...

    def finish(self, state: Snapshot) -> None: ...

    def note(self, text: str) -> None: ...

    def close(self) -> None: ...


class Silent:
    """Shows nothing."""

    def update(self, state: Snapshot) -> None:
        """Nothing."""

    def finish(self, state: Snapshot) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class PlainLines:
    """A line now and then, for logs and pipes.

    Args:
        stream: Where to; standard error by default.
        every_s: Seconds between two lines of a stage; its end is always told.
        clock: Seconds that only grow.
    """

    def __init__(
        self, stream: TextIO | None = None, every_s: float = 10.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream or sys.stderr
        self._every_s, self._clock = every_s, clock
        self._last = clock()

    def update(self, state: Snapshot) -> None:
        """A line, if the last one is old enough."""
        if self._clock() - self._last >= self._every_s:
            self.finish(state)

    def finish(self, state: Snapshot) -> None:
        """A line in any case: the stage is over."""
        self._last = self._clock()
        self.note(describe(state))

    def note(self, text: str) -> None:
        """A line of its own."""
        self._stream.write(text + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Nothing is kept open."""


class JsonLines:
    """Every state as one JSON object on a line, for a program that reads along; notes are objects with ``note``.

    Args:
        stream: Where to; standard error by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    def update(self, state: Snapshot) -> None:
        """The state, with its line in words."""
        self._tell({**asdict(state), "left_s": state.left_s, "text": describe(state)})

    def finish(self, state: Snapshot) -> None:
        """The last state of a stage."""
        self.update(state)

    def note(self, text: str) -> None:
        """An object of its own."""
        self._tell({"note": text})

    def close(self) -> None:
        """Nothing is kept open."""

    def _tell(self, told: Mapping[str, Any]) -> None:
        self._stream.write(json.dumps(told) + "\n")
        self._stream.flush()


class RichBar:
    """A live line in a terminal: bar and description, one for each stage.

    Args:
        stream: Where to; standard error by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        # The text is untrusted (stage names may come from files): markup off.
        self._console = Console(file=stream or sys.stderr)
        self._bars = Bars(
            BarColumn(bar_width=24),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
        )
        self._tasks: dict[str, Any] = {}

    def update(self, state: Snapshot) -> None:
        """Redraw the stage's line."""
        if not self._tasks:
            self._bars.start()
        task = self._tasks.get(state.stage)
        if task is None:
            task = self._tasks[state.stage] = self._bars.add_task(describe(state), total=state.total)
        self._bars.update(task, completed=state.done, total=state.total, description=describe(state))

    def finish(self, state: Snapshot) -> None:
        """Redraw; the line stays."""
        self.update(state)
        self._bars.stop_task(self._tasks[state.stage])

    def note(self, text: str) -> None:
        """A line above the bars."""
        self._console.print(text, markup=False, highlight=False)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._bars.stop()


def progress_for(stream: TextIO | None = None) -> Progress:
    """The display that fits: JSON lines where the environment asks for them (``PERSONARIUM_PROGRESS=json``), a live bar in a
    terminal, plain lines elsewhere.
    """
    target = stream or sys.stderr
    if os.environ.get(PROGRAM) == "json":
        return JsonLines(target)
    return RichBar(target) if target.isatty() else PlainLines(target)


class Pace:
    """Items a second over the last :data:`WINDOW_S` seconds.

    Args:
        start: The clock when the stage began.
    """

    def __init__(self, start: float) -> None:
        self._seen: deque[tuple[float, int]] = deque([(start, 0)])

    def rate(self, now: float, done: int) -> float | None:
        """Note that ``done`` items are finished at ``now``; give the rate, None when nothing can be told."""
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[1][0] > WINDOW_S:
            self._seen.popleft()
        then, before = self._seen[0]
        return (done - before) / (now - then) if now > then and done > before else None
