"""What a run keeps on disk: transcript and cache, and how one is mended from the other after a crash.

A call's record is written to the transcript before its reply goes into the cache, and both before the call returns.
Dead in between, the transcript knows a reply that the cache lacks; opening the folder puts it there. ``run.json``
remembers up to which byte the cache is known to be complete, so that only what came later is read.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from personarium.core.chat import ChatModel, Reply, Usage
from personarium.models.accounting import Accounted, Prices, UsageLedger
from personarium.models.cache import Cached, ResponseCache
from personarium.models.limits import Limited
from personarium.models.retries import Retrying
from personarium.runs.manifest import CACHE, CALLS
from personarium.runs.recorded import Attempted, Book, Recorded, Watched, address_of_call
from personarium.runs.tally import Tally
from personarium.runs.transcript import Transcript, read_calls, reply_in

REFILL = 500  # replies put into the cache at a time


class Store:
    """Transcript, cache and accounts of one run folder.

    Attributes:
        book: What the models of the run share.
        ledger: Tokens and dollars, earlier sessions included.
        recovered: Replies that were put into the cache on opening.
        unreadable: Damaged lines that were passed over on opening.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Mapping[str, Any],
        *,
        cache: bool = True,
        transcript: bool = True,
        shared_cache: Path | None = None,
        max_cost: float | None = None,
        keys: tuple[bytes, ...] = (),
    ) -> None:
        self.keys = keys
        self._before: Mapping[str, Any] = manifest["checkpoint"]
        self.recovered = self.unreadable = 0
        self.transcript = Transcript(folder / CALLS, keys) if transcript else None
        self.cache: ResponseCache | None = None
        try:
            if cache:  # the folder's own file is ours alone while we hold the folder's lock
                self.cache = ResponseCache(shared_cache or folder / CACHE, alone=shared_cache is None)
            self.book = Book(self.transcript, Tally.from_dict(manifest["totals"]))
            self._mend(folder / CALLS, self._before)
            self.ledger = _ledger(self.book.earlier, max_cost)
        except BaseException:
            self.close()
            raise

    def wrap(
        self, model: ChatModel, role: str, concurrency: int, tries: int, prices: Prices | None, tick: Callable[[], None]
    ) -> ChatModel:
        """The model with limits, retries, accounts, records and cache around it, in this order from within."""
        asked: ChatModel = Retrying(Limited(Attempted(model, self.keys), concurrency), tries)
        asked = Recorded(Accounted(asked, self.ledger, prices), self.book, role)
        if self.cache is not None:
            asked = Cached(asked, self.cache, address_of_call)
        return Watched(asked, self.book, tick)

    @property
    def checkpoint(self) -> dict[str, Any]:
        """Up to where the transcript is counted, and up to where the cache is known to hold its replies.

        ``cache_key`` is the last reply's key before ``cache_bytes``: a cache that lacks it is another one.
        """
        now = dict(self._before)
        if self.transcript is not None:
            now["counted_bytes"] = self.transcript.size
            if self.cache is not None:
                settled = {"cache_bytes": self.book.settled_bytes, "cache_key": self.book.settled_key}
                now.update(cache=str(self.cache.path), **settled)
        return now

    @property
    def found(self) -> dict[str, int]:
        """What opening found and repaired, for the manifest; empty when there was nothing."""
        torn = self.transcript is not None and self.transcript.torn
        counts = {"torn_lines": int(torn), "unreadable_lines": self.unreadable, "recovered": self.recovered}
        return {name: count for name, count in counts.items() if count}

    def close(self) -> None:
        """Everything to disk; twice does no harm.

        Raises:
            StorageError: When the disk refuses.
        """
        try:
            if self.cache is not None:
                self.cache.close()
        finally:
            if self.transcript is not None:
                self.transcript.close()

    def _mend(self, path: Path, checkpoint: Mapping[str, Any]) -> None:
        """Count the records that no checkpoint counted, and give the cache the replies it lacks."""
        if self.transcript is None:
            return
        size = self.transcript.size
        counted = min(checkpoint["counted_bytes"], size)
        if counted < checkpoint["counted_bytes"]:  # the transcript was cut by somebody: count it anew
            self.book.earlier, counted = Tally(cached=self.book.earlier.cached), 0
        for record in self._records(path, counted):
            self.book.earlier.add(record)
        if self.cache is not None:
            start = self._complete_to(checkpoint, size)
            self.book.settled_key = checkpoint["cache_key"] if start else None
            _in_a_loop_of_its_own(self._refill(self._records(path, start)))
            self.book.settled_bytes = size

    def _records(self, path: Path, start: int) -> Iterator[dict[str, Any]]:
        damaged: list[int] = []
        yield from read_calls(path, start, damaged)
        self.unreadable = max(self.unreadable, len(damaged))

    def _complete_to(self, checkpoint: Mapping[str, Any], size: int) -> int:
        assert self.cache is not None
        key, same = checkpoint["cache_key"], checkpoint["cache"] == str(self.cache.path)
        known = same and key is not None and self.cache.get(bytes.fromhex(key)) is not None
        return checkpoint["cache_bytes"] if known and checkpoint["cache_bytes"] <= size else 0

    async def _refill(self, records: Iterator[dict[str, Any]]) -> None:
        assert self.cache is not None
        while batch := list(islice(records, REFILL)):
            lacking: dict[bytes, Reply] = {}
            for record in batch:
                reply, key = reply_in(record), bytes.fromhex(record["key"])
                if reply is None:
                    continue
                self.book.settled_key = record["key"]
                if key not in lacking and self.cache.get(key) is None:
                    lacking[key] = reply
            await asyncio.gather(*(self.cache.put(key, reply) for key, reply in lacking.items()))
            self.recovered += len(lacking)


def _ledger(totals: Tally, max_cost: float | None) -> UsageLedger:
    ledger = UsageLedger(max_cost)
    if totals.calls:
        spent = Usage(totals.prompt_tokens, totals.completion_tokens, totals.calls + totals.retries, totals.cost_usd)
        ledger.add("earlier sessions", spent)
    return ledger


def _in_a_loop_of_its_own(work: Any) -> None:
    """Run a coroutine to its end from sync code, whether or not a loop is running in this thread."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:  # handed on to the caller, below
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]
