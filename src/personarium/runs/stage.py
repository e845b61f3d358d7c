"""One stage of a run as it is shown: how many items are done, how fast, what failed."""

from __future__ import annotations

import time

from personarium.runs.progress import Pace, Progress, Snapshot
from personarium.runs.recorded import Book

SHOW_EVERY_S = 0.25  # four times a second is as fast as anybody reads


class Stage:
    """Counts a stage's items and shows them, throttled.

    Args:
        name: The stage's name.
        total: Items in all, None when not known.
        progress: Who shows it.
    """

    def __init__(self, name: str, total: int | None, progress: Progress) -> None:
        self.name, self.total = name, total
        self.done = self.failed = 0
        self._progress = progress
        self._start = self._shown = time.monotonic()
        self._pace = Pace(self._start)

    def count(self, ok: bool) -> None:
        """One item is finished."""
        self.done += 1
        self.failed += not ok

    def show(self, book: Book) -> bool:
        """Show the state if the last time is long enough ago; says whether it did."""
        now = time.monotonic()
        if now - self._shown < SHOW_EVERY_S:
            return False
        self._shown = now
        self._progress.update(self.snapshot(book, now))
        return True

    def finish(self, book: Book) -> None:
        """Show the last state."""
        self._progress.finish(self.snapshot(book, time.monotonic()))

    def snapshot(self, book: Book, now: float) -> Snapshot:
        """The state at ``now`` (monotonic seconds)."""
        session, totals = book.session, book.totals
        return Snapshot(
            stage=self.name,
            done=self.done,
            total=self.total,
            failed=self.failed,
            calls=session.calls,
            cached=session.cached,
            failed_calls=sum(session.failed.values()),
            retries=session.retries,
            tokens=totals.prompt_tokens + totals.completion_tokens,
            cost_usd=totals.cost_usd,
            rate=self._pace.rate(now, self.done),
            elapsed_s=now - self._start,
        )
