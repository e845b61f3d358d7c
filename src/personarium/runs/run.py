"""The run: one folder, one configuration, every call recorded; repeat the command and it goes on where it stopped."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence, Sized
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from personarium.core.chat import ChatModel
from personarium.core.errors import BudgetExceeded, RemoteError, StorageError, UsageError
from personarium.core.label import labelled
from personarium.core.results import Failure, count_failures
from personarium.models.accounting import Prices
from personarium.runs import manifest as manifests
from personarium.runs.disk import FolderLock, storage, write_whole
from personarium.runs.executors import AsyncioExecutor, Executor
from personarium.runs.keys import keys_in_environment, without_keys
from personarium.runs.outcome import Outcome
from personarium.runs.outcome import failures as failures_of
from personarium.runs.progress import Progress, Silent
from personarium.runs.recorded import Book
from personarium.runs.stage import Stage
from personarium.runs.store import Store
from personarium.runs.table import parquet_bytes

if TYPE_CHECKING:
    from personarium.runs.plan import DryRun

T = TypeVar("T")
R = TypeVar("R")
CHECKPOINT_S = 5.0  # the most seconds of records that a resumed run reads again


class Prompted(Protocol):
    """Anything with a prompt of known version; a :class:`personarium.models.Step` is one."""

    @property
    def name(self) -> str: ...

    @property
    def hash(self) -> str: ...


class Run:
    """One run folder, held by this process; made by :meth:`open` and used in a ``with`` block.

    The block's end says how it went: left normally the run is ``complete``, by Ctrl-C ``interrupted``, by an error
    ``failed``. In each case what was answered is kept, and the same command goes on from there.

    Attributes:
        path: The folder.
        seed: The run's seed.
        config: The configuration as stored.
    """

    def __init__(
        self,
        path: Path,
        manifest: dict[str, Any],
        lock: FolderLock,
        store: Store,
        progress: Progress,
    ) -> None:
        """Use :meth:`open`."""
        self.path = path
        self.seed: int = manifest["seed"]
        self.config: Mapping[str, Any] = manifest["config"]
        self._manifest, self._lock, self._store, self._progress = manifest, lock, store, progress
        self._keys = store.keys
        self._book: Book = store.book
        self._stage: Stage | None = None
        self._failures: dict[str, list[Failure]] = {}
        self._checked = time.monotonic()
        self._closed = False

    @classmethod
    def open(
        cls,
        path: Path | str,
        config: Mapping[str, Any],
        *,
        seed: int = 0,
        command: str = "",
        cache: bool = True,
        transcript: bool = True,
        shared_cache: Path | None = None,
        max_cost: float | None = None,
        progress: Progress | None = None,
    ) -> Run:
        """Begin a run in a new folder, or go on with the same run.

        Args:
            path: The folder; made, with its parents, if it does not exist.
            config: Everything that decides the results; must be JSON, and equal when the run is resumed. Fields named
                like keys are stored as a mark.
            seed: The run's seed, part of the configuration.
            command: The command line, for the report.
            cache: Keep every reply under its question; without it nothing is resumed.
            transcript: Write every call to ``calls.jsonl``.
            shared_cache: A cache file to share with other runs, in place of the folder's own.
            max_cost: US dollars for the whole run, earlier sessions included; reaching it stops the run.
            progress: Who shows how far it is; nobody by default.

        Raises:
            UsageError: The folder holds another run or other files, or another process works in it.
            InvalidInput: Its ``run.json`` cannot be read.
            StorageError: The disk refuses.
        """
        folder = Path(path)
        keys = keys_in_environment()
        plain = manifests.json_ready(config, keys)
        with storage(f"cannot make the run folder {folder}"):
            folder.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(folder)
        try:
            manifest = manifests.load_manifest(folder)
            if manifest is None:
                manifests.check_folder_is_free(folder)
                manifest = manifests.new_manifest(plain, seed, command)
            else:
                manifests.check_same_run(folder, manifest, plain, seed)
            # The manifest comes first: a folder with anything in it is then known to be ours.
            manifests.save_manifest(folder, manifest, keys)
            store = Store(
                folder,
                manifest,
                cache=cache,
                transcript=transcript,
                shared_cache=shared_cache,
                max_cost=max_cost,
                keys=keys,
            )
            run = cls(folder, manifest, lock, store, progress or Silent())
            run._begin(command)
        except BaseException:
            lock.release()
            raise
        return run

    @classmethod
    def dry(cls, config: Mapping[str, Any] | None = None, *, seed: int = 0) -> DryRun:
        """A run that asks nobody and writes nothing; its :attr:`~personarium.runs.plan.DryRun.plan` fills instead."""
        from personarium.runs.plan import DryRun

        return DryRun(config or {}, seed=seed)

    # --- the life of a session ---

    def _begin(self, command: str) -> None:
        session = {"started": manifests.now(), "ended": None, "status": "running", "reason": "", "command": command}
        self._manifest["sessions"].append({**session, "versions": manifests.versions(), "counts": {}})
        self._manifest.update(status="running", reason="", ended=None, stages={})
        warnings = self._manifest["warnings"]
        for name, count in self._store.found.items():
            warnings[name] = warnings.get(name, 0) + count
        try:
            self._save()
        except StorageError:
            self._store.close()
            raise

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
            return
        stopped_by_hand = isinstance(error, (KeyboardInterrupt, asyncio.CancelledError))
        gentle = stopped_by_hand or isinstance(error, BudgetExceeded)
        reason = "stopped by hand" if stopped_by_hand else f"{type(error).__name__}: {error}"
        try:
            self.close("interrupted" if gentle else "failed", reason)
        except StorageError as second:  # the first error is the one that ends the run
            error.add_note(str(second))
        if gentle:
            self._progress.note(f"Interrupted; what was answered is kept in {self.path}: the same command goes on.")

    def close(self, status: str = "complete", reason: str = "") -> None:
        """End the session: everything to disk, the status into ``run.json``, the folder free again.

        Args:
            status: ``complete``, ``interrupted`` or ``failed``.
            reason: Why, if it is not complete.

        Raises:
            StorageError: When the disk refuses; what it took before is kept.
        """
        if self._closed:
            return
        self._closed = True
        self._progress.close()
        ended = manifests.now()
        self._manifest.update(status=status, reason=reason, ended=ended)
        self._manifest["sessions"][-1].update(status=status, reason=reason, ended=ended)
        try:
            self._store.close()
            self._save()
        finally:
            self._lock.release()

    @property
    def id(self) -> str:
        """What tells this run from every other, drawn when its folder was made."""
        return str(self._manifest["id"])

    @property
    def status(self) -> str:
        """``running``, ``complete``, ``interrupted`` or ``failed``."""
        return str(self._manifest["status"])

    def _save(self) -> None:
        self._manifest["totals"] = self._book.totals.as_dict()
        self._manifest["sessions"][-1]["counts"] = self._book.session.as_dict()
        self._manifest["checkpoint"] = self._store.checkpoint
        manifests.save_manifest(self.path, self._manifest, self._keys)

    def checkpoint(self) -> None:
        """Write down how far the run is, so that resuming reads only what came later."""
        self._save()
        self._checked = time.monotonic()

    def _tick(self) -> None:
        due = self._stage is not None and self._stage.show(self._book)
        if due and time.monotonic() - self._checked >= CHECKPOINT_S:
            self.checkpoint()

    # --- what a system uses ---

    def model(
        self,
        model: ChatModel,
        *,
        role: str = "player",
        concurrency: int = 20,
        tries: int = 6,
        prices: Prices | None = None,
    ) -> ChatModel:
        """The model as this run asks it: recorded, cached, counted, retried and limited.

        Args:
            model: Any chat model.
            role: What it does in the run, for the records (``player``, ``judge``, ...).
            concurrency: Most requests at once.
            tries: Most requests for one call.
            prices: ``{model name: (US dollars per million prompt tokens, per million reply tokens)}``.

        Raises:
            UsageError: When the run has a cost limit and the model no known price.
        """
        entry = {"name": model.name, "role": role}
        if entry not in self._manifest["models"]:
            self._manifest["models"].append(entry)
        return self._store.wrap(model, role, concurrency, tries, prices, self._tick)

    def add_prompts(self, steps: Iterable[Prompted]) -> None:
        """Write down the versions (content hashes) of the prompts that the run uses."""
        self._manifest["prompts"].update({step.name: step.hash for step in steps})

    async def map(
        self,
        stage: str,
        items: Iterable[T],
        work: Callable[[T], Awaitable[R | Failure]],
        *,
        key: Callable[[T], str],
        concurrency: int = 100,
        total: int | None = None,
        executor: Executor | None = None,
    ) -> list[Outcome[R]]:
        """Work on every item; every item is answered or listed with the reason why not.

        Args:
            stage: A name for display and records; the calls' step unless the work sets one.
            items: May be a generator; it is pulled as workers get free.
            work: Gives the item's value, or a :class:`Failure`; a :class:`RemoteError` becomes one.
            key: The item's id, unique in the stage.
            concurrency: Items worked on at once.
            total: How many items there are, where ``items`` cannot say.
            executor: Who does the work; asyncio in this process by default.

        Returns:
            One outcome per item, in the order of the items.

        Raises:
            UsageError: When two items have the same key.
            BudgetExceeded, StorageError, RemoteError: When the run had to stop; calls in flight were finished first.
            Exception: Whatever else the work raises is a bug and comes through.
        """
        if total is None and isinstance(items, Sized):
            total = len(items)
        state = self._stage = Stage(stage, total, self._progress)
        seen: set[str] = set()

        async def one(item: T) -> Outcome[R]:
            name = _new_key(key(item), stage, seen)
            with labelled(step=stage, item=name):
                outcome: Outcome[R] = await _outcome(name, work, item, self._book)
            state.count(outcome.ok)
            self._tick()
            return outcome

        outcomes = await (executor or AsyncioExecutor()).map(
            _until_stopped(items, self._book), one, concurrency=min(concurrency, total or concurrency)
        )
        if self._book.stop is not None:
            raise self._book.stop
        self._end_stage(state, outcomes)
        if self._book.stop is not None:
            raise self._book.stop
        return outcomes

    def _end_stage(self, state: Stage, outcomes: Sequence[Outcome[Any]]) -> None:
        failed = failures_of(outcomes)
        self._failures[state.name] = failed
        self._manifest["stages"][state.name] = {
            "items": len(outcomes),
            "answered": len(outcomes) - len(failed),
            "failed": count_failures(failed),
        }
        self._write_failures()
        state.finish(self._book)
        self._stage = None
        if outcomes and len(failed) == len(outcomes):
            self._book.give_up_on_nothing(state.name, len(outcomes))
        self.checkpoint()

    def _write_failures(self) -> None:
        lines = [
            json.dumps({"stage": stage, "item": f.where, "kind": f.kind, "reason": f.reason, "raw": f.raw})
            for stage, failed in self._failures.items()
            for f in failed
        ]
        path = self.path / manifests.FAILURES
        if lines or path.exists():
            write_whole(path, without_keys("".join(f"{line}\n" for line in lines).encode(), self._keys))

    def write_results(self, rows: Iterable[Mapping[str, Any]], name: str = "results") -> Path:
        """Write a table as Parquet, in one step.

        Args:
            rows: One mapping per row; a mapping inside a row is stored as JSON text.
            name: The file's name without ending: letters, digits, ``-`` and ``_``.

        Returns:
            The file.

        Raises:
            InvalidInput: When a column mixes types.
        """
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            raise UsageError(f"the name of a table has letters, digits, - and _ only, found {name!r}")
        path = self.path / f"{name}.parquet"
        write_whole(path, parquet_bytes(rows, str(path)))
        return path

    def write_summary(self, summary: Mapping[str, Any]) -> Path:
        """Write the run's headline as ``summary.json``, in one step; returns the file."""
        path = self.path / manifests.SUMMARY
        data = json.dumps(summary, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"
        write_whole(path, without_keys(data, self._keys))
        return path

    @property
    def report_path(self) -> Path:
        """Where the report of this run belongs; the report room writes it."""
        return self.path / manifests.REPORT

    @property
    def counts(self) -> dict[str, Any]:
        """Calls, failures, retries, tokens and cost of the whole run, and replies served from disk."""
        return self._book.totals.as_dict()


def _new_key(name: str, stage: str, seen: set[str]) -> str:
    if name in seen:
        raise UsageError(f"two items of stage {stage} have the key {name!r}; keys must be unique")
    seen.add(name)
    return name


async def _outcome(name: str, work: Callable[[T], Awaitable[Any]], item: T, book: Book) -> Outcome[Any]:
    try:
        value = await work(item)
    except RemoteError as error:
        value = Failure("error", str(error), name)
    except BudgetExceeded as error:
        if book.stop is None:
            raise
        value = Failure("missing", str(error), name)
    # Out of budget, calls in flight are paid for and may finish; a dead disk or endpoint ends everything at once.
    if book.stop is not None and not isinstance(book.stop, BudgetExceeded):
        raise book.stop
    return Outcome(name, None, value) if isinstance(value, Failure) else Outcome(name, value)


def _until_stopped(items: Iterable[T], book: Book) -> Iterable[T]:
    for item in items:
        if book.stop is not None:
            return
        yield item
