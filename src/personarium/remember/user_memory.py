"""One user's memory: what comes in, what is made of it, and what is taken back; :mod:`readable` has what comes out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from personarium.core.chat import ChatModel
from personarium.core.errors import UsageError
from personarium.remember.diff import Diff, check_unchanged
from personarium.remember.edits import block_edit, pending, stated, unknown
from personarium.remember.erasing import (
    NOT_SWEPT,
    Plan,
    Receipt,
    archive_edits,
    carry_out,
    plan_erasure,
    sweep_folders,
)
from personarium.remember.incoming import OwnedModel, observed, taken_in
from personarium.remember.readable import CONFLICTS, ReadableMemory
from personarium.remember.records import NOTHING, Fact, Observation, Operation
from personarium.remember.replay import Batch, State, fact_id
from personarium.remember.store import Conflict
from personarium.remember.strategy import Proposal
from personarium.remember.writer import Edits, Writer


class UserMemory(ReadableMemory):
    """One user's memory. Everything but :meth:`consolidate` works without a model, in milliseconds."""

    # --- what comes in ---

    def observe(
        self,
        text: str,
        *,
        speaker: str = "user",
        at: float | None = None,
        session: str = "",
        meta: Mapping[str, Any] = NOTHING,
    ) -> Observation:
        """Keep what was said, word by word. ``<memory>`` blocks in it are taken off: they were recalled, not said.

        Returns:
            The observation with its id.

        Raises:
            InvalidInput: On a text or name over its limit.
            StorageError: When the disk refuses; nothing is kept then.
        """
        when = self.memory.clock() if at is None else at
        return self.observe_all([Observation(text, speaker, when, session, "", meta)])[0]

    def observe_all(self, said: Sequence[Observation]) -> list[Observation]:
        """Keep several observations in one durable step, in order; ids are given by the memory.

        Raises:
            InvalidInput: When one has an id of its own already.
        """
        self._may_write()
        kept = taken_in(said)
        if not kept:
            return []
        drafts = [observed(one, self.memory.clock()) for one in kept]
        with self.memory.states.alone(self.id):
            first = self.memory.store.append(self.id, drafts)
        return [replace(one, id=f"o{seq}") for seq, one in enumerate(kept, first)]

    def observe_new(self, said: Sequence[Observation], mark: str) -> list[Observation]:
        """As :meth:`observe_all`, without those whose ``meta[mark]`` a kept observation has already, archived ones included:
        what is told twice is kept once, also across restarts and when two tell it at the same time.

        Args:
            said: What was said.
            mark: The further field by which a thing told again is known; it is a text in each of them.

        Returns:
            Those that were new, with their ids.

        Raises:
            InvalidInput: As :meth:`observe_all`.
            Conflict: When others write all the time.
        """
        self._may_write()
        told = taken_in(said)
        for _ in range(CONFLICTS):
            with self.memory.states.writing(self.id) as state:
                known = {one.meta.get(mark) for one in state.observations.values()}
                new = [one for one in told if one.meta[mark] not in known]
                if not new:
                    return []
                drafts = [observed(one, self.memory.clock()) for one in new]
                try:
                    first = self.memory.store.append(self.id, drafts, expected=state.seq)
                except Conflict:
                    continue
            return [replace(one, id=f"o{seq}") for seq, one in enumerate(new, first)]
        raise self._writer.busy()

    def remember(
        self,
        text: str,
        *,
        key: str = "",
        kind: str = "fact",
        holder: str = "user",
        at: float | None = None,
        evidence: Sequence[str] = (),
        confidence: float = 1.0,
        importance: float = 0.5,
        attributes: Mapping[str, Any] = NOTHING,
        replaces: bool = False,
    ) -> Fact:
        """Keep a typed fact. The same words about the same matter are kept once; new evidence is added to them.

        Args:
            text: The fact in words, or the value of its key.
            key: What it is about, as a path.
            kind: What sort of entry.
            holder: Whom it is about.
            at: Since when it holds; the time of recording when left out.
            evidence: Ids of observations behind it.
            confidence: In [0, 1].
            importance: In [0, 1].
            attributes: Further fields, JSON-ready.
            replaces: Whether it takes the place of everything that the same key held until now.

        Returns:
            The fact as it is kept (an older one, when these words were known).

        Raises:
            InvalidInput: On evidence that is not in this memory, or values out of range.
            UsageError: When it is to take the place of something and has no key.
        """
        if replaces and not key:
            raise UsageError("only a fact with a key can take the place of what the key held")
        wanted = Operation("add", "", kind, key, text, holder, at, tuple(evidence), confidence, importance, attributes)
        known = ""

        def decide(state: State) -> Edits | None:
            nonlocal known
            known, edits = stated(state, wanted, replaces)
            return Edits(edits) if edits else None

        seq = self._writer.commit(decide)
        with self.memory.states.writing(self.id) as state:
            kept = state.facts.get(known or fact_id(seq, 0))
        if kept is None:
            raise Conflict(f"the fact was taken out of the memory of {self.id!r} as soon as it was kept")
        return kept

    def keep(self, wanted: Sequence[Operation]) -> None:
        """Keep several typed facts and blocks in one batch, all or none; what is known is not doubled.

        Args:
            wanted: Operations ``add``; one of kind ``block`` takes the place of the block with its key.

        Raises:
            InvalidInput: When a block has no label or is too long.
        """

        def decide(state: State) -> Edits | None:
            edits = unknown(state, wanted)
            return Edits(edits) if edits else None

        self._writer.commit(decide, by_owner=True)

    def edit(
        self, operations: Sequence[Operation], *, through: str = "", strategy: str = "", run: str = ""
    ) -> tuple[Fact, ...]:
        """Make edits as one batch: all or none; nothing is written when there is nothing to do.

        Args:
            operations: In order; ``+2`` as a target is the fact that operation 2 of the batch makes.
            through: The last observation that ``strategy`` has dealt with.
            strategy: Whose edits; empty for edits by hand.
            run: Folder of the model calls behind them.

        Returns:
            The facts that were made.

        Raises:
            InvalidInput: When a target does not exist, holds no more, or is a read-only block; when a block is longer than its
                limit; when evidence or ``through`` names what is not in this memory.
        """
        return self._make(Edits(tuple(operations), through, strategy, run))

    def set_block(self, label: str, text: str, *, limit: int | None = None, read_only: bool | None = None) -> Fact:
        """Write a block.

        Args:
            label: Its name.
            text: What it says.
            limit: The most characters it may have; stays as it was when left out (2,000 at first).
            read_only: Whether only this method may change it, and no strategy; stays as it was when left out.

        Raises:
            InvalidInput: When the text is longer than the limit, or there is no label or text.
        """
        made = self._writer.commit(
            lambda state: Edits([block_edit(state, label, text, limit, read_only)]), by_owner=True
        )
        return self._writer.made(made, 1)[0]

    # --- what is made of it ---

    async def consolidate(self, model: ChatModel | None = None, *, closing: bool = False, run: str | Path = "") -> Diff:
        """What the strategy would change after what was said since the last time; nothing is changed yet.

        Args:
            model: Who reads and writes; None lets plain rules do it.
            closing: Whether the running talk is over.
            run: Folder of the run that records the model's calls; an erasure will go through it.

        Returns:
            The proposal, for :meth:`apply` or :meth:`refuse`.
        """
        self._may_write()
        state = self._state()
        new = pending(state, self.strategy.name)
        asked = None if model is None else OwnedModel(model, self.id)
        made = Proposal()
        if new or closing:
            made = await self.strategy.consolidate(self._view(state), new, asked, closing=closing)
        return self._proposed(state, made, run if model is not None else "")

    def apply(self, diff: Diff) -> tuple[Fact, ...]:
        """Make the edits of a proposal, as one batch.

        Returns:
            The facts that were made.

        Raises:
            UsageError: When the proposal is for another user.
            Conflict: When something that it changes has changed since, or what it read was dealt with; consolidate again.
        """
        self._check_owner(diff)
        if diff.empty:
            return ()
        return self._make(Edits(diff.operations, diff.through, diff.strategy, diff.run), diff)

    def refuse(self, diff: Diff) -> None:
        """Note that a proposal was turned down: its edits are not made, and what they came from is not read again.

        Raises:
            UsageError: When the proposal is for another user.
            Conflict: As :meth:`apply`.
        """
        self._check_owner(diff)
        if diff.through:
            self._make(Edits((), diff.through, diff.strategy, diff.run), diff)

    async def learn(self, model: ChatModel | None = None, *, closing: bool = False, run: str | Path = "") -> Diff:
        """Consolidate and apply at once; made anew when somebody else has changed the memory meanwhile. Arguments as of
        :meth:`consolidate`.

        Returns:
            What was proposed and is now believed.

        Raises:
            Conflict: When others change it all the time.
        """
        for _ in range(CONFLICTS):
            proposed = await self.consolidate(model, closing=closing, run=run)
            try:
                self.apply(proposed)
            except Conflict:
                continue
            return proposed
        raise self._writer.busy()

    # --- what is taken back ---

    def undo(self, batches: int = 1) -> list[Batch]:
        """Take the latest batches of edits back, the latest first, in one step; they stay in the log, and what they made is
        gone. A batch that only marks entries (as archiving does) is none.

        Returns:
            The batches that were taken back; fewer when there are no more.

        Raises:
            UsageError: When ``batches`` is negative.
        """
        self._may_write()
        if batches < 0:
            raise UsageError("the number of batches to take back must be 0 or more")
        return self._writer.undo(batches)

    def plan_forget(
        self,
        ids: Collection[str] = (),
        *,
        session: str = "",
        key: str = "",
        words: Collection[str] = (),
        sources: bool = True,
    ) -> Plan:
        """What :meth:`forget` would take, without doing it. Arguments as there."""
        return plan_erasure(self.memory.store, self.id, ids, session=session, key=key, words=words, sources=sources)

    def forget(
        self,
        ids: Collection[str] = (),
        *,
        session: str = "",
        key: str = "",
        words: Collection[str] = (),
        mode: str = "archive",
        sources: bool = True,
        folders: Iterable[str | Path] = (),
    ) -> Receipt:
        """Archive entries (they are kept and no longer recalled) or erase them (they are gone from every file).

        Args:
            ids: Facts and observations.
            session: Everything said in a session.
            key: Every fact about a matter, those that hold no more included.
            words: Every entry in which one of these words or phrases stands, whatever its case; a word of six letters or more
                with any ending. Where it is only a part of a longer word the plan's ``also`` names the entry.
            mode: ``archive`` or ``erase``.
            sources: Whether the utterances that a fact was concluded from go with a fact that is named by its id, key or
                session (otherwise the next consolidation would believe it again). Words take the utterances that hold
                them, and no others. What was concluded from an erased utterance always goes.
            folders: Run folders to go through beside those the memory knows of.

        Returns:
            A receipt of everything that was removed: from the log, the indexes, the summaries, and the caches of model calls;
            and of what could not be looked into.

        Raises:
            UsageError: On an unknown mode, or when nothing is named.
            NotFound: When an id does not exist.
            StorageError: When the disk refuses; see the message for what has been done.
        """
        self._may_write()
        if mode not in ("archive", "erase"):
            raise UsageError(f"mode must be archive or erase, found '{mode}'")

        def planned() -> Plan:
            return self.plan_forget(ids, session=session, key=key, words=words, sources=sources)

        return self._archive(planned()) if mode == "archive" else self._erase(planned, tuple(map(Path, folders)))

    # --- inside ---

    def _proposed(self, state: State, made: Proposal, run: str | Path) -> Diff:
        touched = {one.target for one in made.operations if one.target in state.facts}
        before = {id: state.facts[id] for id in sorted(touched)}
        folder = str(Path(run).absolute()) if run else ""  # an erasure may begin in another folder
        seen = (made.quarantined, made.failures, made.through, made.calls)
        return Diff(self.id, self.strategy.name, made.operations, before, state.seq, *seen, folder)

    def _archive(self, plan: Plan) -> Receipt:
        done: list[Operation] = []

        def decide(state: State) -> Edits | None:
            done[:] = archive_edits(plan, state, self.memory.clock())
            return Edits(tuple(done)) if done else None

        self._writer.commit(decide, by_owner=True)
        ids = {one.target for one in done}
        said, facts = (tuple(id for id in names if id in ids) for names in (plan.observations, plan.facts))
        return Receipt(self.id, "archive", self.memory.clock(), said, facts)

    def _erase(self, planned: Callable[[], Plan], folders: Sequence[Path]) -> Receipt:
        """First the folders of model calls, which takes long, then the log; what was said meanwhile is looked through too."""
        plan, swept, done = planned(), NOT_SWEPT, None
        for _ in range(CONFLICTS):
            if done != (plan.texts, plan.folders):
                swept = swept.and_then(sweep_folders(plan, [*self.memory.runs, *folders]))
                done = (plan.texts, plan.folders)
            with self.memory.states.alone(self.id):
                plan = planned() if self.memory.store.last(self.id) != plan.seq else plan
                if done != (plan.texts, plan.folders):
                    continue
                try:
                    receipt = carry_out(self.memory.store, plan, self.memory.clock(), swept)
                except Conflict:
                    continue
            self.memory.states.drop(self.id)
            self.memory.partitions.drop(self.id)
            return receipt
        raise self._writer.busy()

    def _strengthen(self, edits: Sequence[Operation]) -> None:
        """Note what being recalled changes, for what is still there."""

        def decide(state: State) -> Edits | None:
            kept = [one for one in edits if one.target in state.facts or one.target in state.observations]
            return Edits(kept, strategy=self.strategy.name) if kept else None

        self._writer.commit(decide)

    def _make(self, edits: Edits, diff: Diff | None = None) -> tuple[Fact, ...]:
        def decide(state: State) -> Edits | None:
            if diff is not None:
                check_unchanged(diff, self.memory.store.read(self.id, diff.seq))
            return edits if edits.operations or edits.through else None

        return self._writer.made(self._writer.commit(decide), len(edits.operations))

    def _check_owner(self, diff: Diff) -> None:
        if diff.user != self.id:
            raise UsageError(f"this proposal is for the memory of {diff.user!r} and not of {self.id!r}")

    @property
    def _writer(self) -> Writer:
        self._may_write()
        return Writer(self.memory, self.id)

    def _may_write(self) -> None:
        if self.past is not None:
            raise UsageError("the past cannot be changed; write to the memory itself and not to its as_of")
