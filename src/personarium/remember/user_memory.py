"""One user's memory: what comes in, what is made of it, what comes out, and what is taken back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personarium.core.chat import ChatModel, Message, Reply, Sampling
from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.core.label import current_label, labelled
from personarium.models.wrapper import DEFAULT, Wrapper
from personarium.remember.baselines import of_hit
from personarium.remember.diff import Diff
from personarium.remember.edits import BLOCK, check_edits, filled, pending, roots, versions
from personarium.remember.erasing import Plan, Receipt, archive_edits, carry_out, owner_mark, plan_erasure
from personarium.remember.events import Draft
from personarium.remember.keeping import same_words
from personarium.remember.recollection import Recollection, within, without_recalled
from personarium.remember.records import NOTHING, Fact, Observation, Operation, to_dict
from personarium.remember.replay import Batch, State, fact_id, replay
from personarium.remember.store import Conflict
from personarium.remember.strategy import Proposal, Recalled, Strategy, UserView, Weights
from personarium.remember.view import ReplayedView

if TYPE_CHECKING:
    from personarium.remember.memory import Memory

BLOCK_LIMIT = 2000  # characters
CONFLICTS = 50  # how often an edit is tried anew when others write to the same user at the same time


class UserMemory:
    """One user's memory. Everything but :meth:`consolidate` works without a model, in milliseconds."""

    def __init__(self, memory: Memory, id: str, past: float | None = None) -> None:
        self.memory, self.id, self.past = memory, id, past

    def __repr__(self) -> str:
        return f"UserMemory({self.id!r})"

    @property
    def strategy(self) -> Strategy:
        """How it remembers."""
        return self.memory.strategy

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
        return self.observe_all([Observation(text, speaker, self._time(at), session, "", meta)])[0]

    def observe_all(self, said: Sequence[Observation]) -> list[Observation]:
        """Keep several observations in one durable step, in order; ids are given by the memory.

        Raises:
            InvalidInput: When one has an id of its own already.
        """
        self._may_write()
        for one in said:
            if one.id:
                raise InvalidInput("observation", "no id: the memory gives it", one.id, "id")
        if not said:
            return []
        kept = [replace(one, text=without_recalled(one.text)) for one in said]
        first = self.memory.store.append(self.id, [observed(one, self.memory.clock()) for one in kept])
        return [replace(one, id=f"o{seq}") for seq, one in enumerate(kept, first)]

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
            replaces: Whether it takes the place of what the same key held until now.

        Returns:
            The fact as it is kept (an older one, when these words were known).
        """
        for _ in range(CONFLICTS):
            state = self._state()
            matter = [f for f in state.facts.values() if f.current and (f.kind, f.key, f.holder) == (kind, key, holder)]
            same = next((f for f in matter if same_words(f.text) == same_words(text)), None)
            if same is not None and set(evidence) <= set(same.evidence):
                return same
            if same is not None:
                edit = Operation("mark", same.id, evidence=tuple(evidence))
            else:
                old = matter[-1].id if replaces and matter else ""
                action: Any = "update" if old else "add"
                edit = Operation(
                    action, old, kind, key, text, holder, at, tuple(evidence), confidence, importance, attributes
                )
            try:
                seq = self._write(state, [edit], "", "")
            except Conflict:
                continue
            return self._state().facts[same.id if same is not None else fact_id(seq, 0)]
        raise Conflict(f"the memory of {self.id!r} is being written to all the time; try again")

    def edit(
        self, operations: Sequence[Operation], *, through: str = "", strategy: str = "", run: str = ""
    ) -> tuple[Fact, ...]:
        """Make edits as one batch: all or none.

        Args:
            operations: In order; ``+2`` as a target is the fact that operation 2 of the batch makes.
            through: The last observation that ``strategy`` has dealt with.
            strategy: Whose edits; empty for edits by hand.
            run: Folder of the model calls behind them.

        Returns:
            The facts that were made.

        Raises:
            InvalidInput: When a target does not exist, holds no more, or is a read-only block.
        """
        for _ in range(CONFLICTS):
            state = self._state()
            try:
                seq = self._write(state, operations, through, strategy, run)
            except Conflict:
                continue
            return self._made(seq, len(operations))
        raise Conflict(f"the memory of {self.id!r} is being written to all the time; try again")

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
        seq = state.seq
        new = pending(state, self.strategy.name)
        asked = None if model is None else _Owned(model, owner_mark(self.id))
        made = Proposal()
        if new or closing:
            made = await self.strategy.consolidate(self._view(state), new, asked, closing=closing)
        touched = {one.target for one in made.operations if one.target in state.facts}
        before = {id: state.facts[id] for id in sorted(touched)}
        return Diff(
            self.id,
            self.strategy.name,
            made.operations,
            before,
            seq,
            made.quarantined,
            made.failures,
            made.through,
            made.calls,
            str(run) if model is not None else "",
        )

    def apply(self, diff: Diff) -> tuple[Fact, ...]:
        """Make the edits of a proposal, as one batch.

        Returns:
            The facts that were made.

        Raises:
            UsageError: When the proposal is for another user.
            Conflict: When something that it changes has changed since; consolidate again.
        """
        if diff.user != self.id:
            raise UsageError(f"this proposal is for the memory of {diff.user!r} and not of {self.id!r}")
        if diff.empty:
            return ()
        self._check_unchanged(diff)
        return self.edit(diff.operations, through=diff.through, strategy=diff.strategy, run=diff.run)

    def refuse(self, diff: Diff) -> None:
        """Note that a proposal was turned down: its edits are not made, and what they came from is not read again."""
        if diff.user != self.id:
            raise UsageError(f"this proposal is for the memory of {diff.user!r} and not of {self.id!r}")
        if diff.through:
            self.edit((), through=diff.through, strategy=diff.strategy, run=diff.run)

    # --- what comes out ---

    def recall(
        self,
        query: str,
        k: int = 5,
        kinds: Sequence[str] = (),
        *,
        as_of: float | None = None,
        budget_tokens: int | None = None,
        preview: bool = False,
        weights: Weights | None = None,
    ) -> Recollection:
        """What matters for a query, best first, each entry with its reason and its sources.

        Args:
            query: Any text.
            k: How many entries at most.
            kinds: Only these kinds of entries (``said`` are utterances), by a plain search; empty leaves it to the strategy.
            as_of: Only what was known then.
            budget_tokens: The longest text that the prompt may be given.
            preview: Only look; nothing counts as recalled (some strategies strengthen what is recalled).
            weights: Of a plain search over all kinds or ``kinds``; None leaves it to the strategy.

        Raises:
            UsageError: When ``k`` or the budget is negative.
        """
        if k < 0 or (budget_tokens is not None and budget_tokens < 0):
            raise UsageError("a recall needs a number of entries and a budget of 0 or more")
        if as_of is not None:
            return self.as_of(as_of).recall(query, k, kinds, budget_tokens=budget_tokens, weights=weights)
        try:
            return self._recall(query, k, kinds, budget_tokens, preview, weights)
        except Conflict:  # somebody erased an entry between the search and the reading of its words
            return self._recall(query, k, kinds, budget_tokens, preview, weights)

    def _recall(
        self,
        query: str,
        k: int,
        kinds: Sequence[str],
        budget_tokens: int | None,
        preview: bool,
        weights: Weights | None,
    ) -> Recollection:
        view = self.view()
        if kinds or weights is not None:
            hits = view.search(query, k, kinds, weights=weights or Weights())
            return within(query, [of_hit(hit) for hit in hits], budget_tokens)
        found = within(query, self.strategy.recall(view, query, k), budget_tokens)
        edits = () if preview or self.past is not None else self.strategy.recalled(view, found.items)
        if edits:
            self.edit(edits, strategy=self.strategy.name)
        return found

    def profile(self, budget_tokens: int | None = None) -> Recollection:
        """What always stands in the prompt: the blocks, then what the strategy keeps there."""
        view = self.view()
        blocks = [_as_block(fact) for fact in view.facts(BLOCK)]
        return within("", [*blocks, *self.strategy.standing(view)], budget_tokens)

    def view(self) -> UserView:
        """The memory as a strategy sees it, read only."""
        if self.past is not None:
            return self._view(self._state())
        return self.memory.partitions.view(self.id, self.memory.clock())

    def observations(self) -> list[Observation]:
        """What was said, oldest first."""
        return list(self.view().observations())

    def facts(self, *kinds: str, ended: bool = False) -> list[Fact]:
        """What is believed, in the order of recording; with ``ended`` also what holds no more."""
        return list(self.view().facts(*kinds, ended=ended))

    def history(self, what: str) -> list[Fact]:
        """Every version of a fact (by its id) or of a matter (by its key), oldest first.

        Raises:
            NotFound: When there is neither.
        """
        facts = self._state().facts
        found = [fact for fact in facts.values() if fact.key == what] if what not in facts else versions(facts, what)
        if not found:
            raise NotFound(f"the memory of {self.id!r} has no fact and no key {what!r}")
        return found

    def sources(self, fact: Fact | str) -> list[Observation]:
        """The utterances behind a fact, those behind its earlier versions' facts included.

        Raises:
            NotFound: When there is no such fact.
        """
        state = self._state()
        wanted = fact if isinstance(fact, str) else fact.id
        if wanted not in state.facts:
            raise NotFound(f"the memory of {self.id!r} has no fact {wanted!r}")
        return [one for one in state.observations.values() if one.id in roots(state, wanted)]

    def batches(self) -> list[Batch]:
        """The batches of edits, oldest first; undone ones are left out."""
        return list(self._state().batches.values())

    def as_of(self, when: float) -> UserMemory:
        """The memory as it was known at a time, read only. What was erased since is gone there too."""
        return UserMemory(self.memory, self.id, when)

    # --- blocks ---

    def blocks(self) -> dict[str, Fact]:
        """Label -> block: short texts that always stand in the prompt."""
        return {fact.key: fact for fact in self.view().facts(BLOCK)}

    def set_block(self, label: str, text: str, *, limit: int | None = None, read_only: bool | None = None) -> Fact:
        """Write a block.

        Args:
            label: Its name.
            text: What it says.
            limit: The most characters it may have; stays as it was when left out (2,000 at first).
            read_only: Whether only this method may change it, and no strategy; stays as it was when left out.

        Raises:
            InvalidInput: When the text is longer than the limit, or there is no label.
        """
        old = self.blocks().get(label)
        was = old.attributes if old is not None else {"limit": BLOCK_LIMIT, "read_only": False}
        most = was["limit"] if limit is None else limit
        if not label.strip():
            raise InvalidInput("block", "a label", label, "label")
        if len(text) > most:
            raise InvalidInput(f"block {label!r}", f"at most {most} characters", f"{len(text)} characters", "text")
        attributes = {"limit": most, "read_only": was["read_only"] if read_only is None else read_only}
        edit = Operation(
            "update" if old is not None else "add",
            old.id if old is not None else "",
            BLOCK,
            label,
            text,
            attributes=attributes,
        )
        seq = self._append_edits(self._state(), [edit], "", "", "")
        return self._made(seq, 1)[0]

    # --- what is taken back ---

    def undo(self, batches: int = 1) -> list[Batch]:
        """Take the latest batches of edits back, the latest first; they stay in the log, and what they made is gone.

        Returns:
            The batches that were taken back; fewer when there are no more.
        """
        self._may_write()
        taken: list[Batch] = []
        while len(taken) < batches:
            state = self._state()
            if not state.undoable():
                break
            batch = state.batches[state.undoable()[0]]
            try:
                draft = Draft("undo", self.memory.clock(), {"of": batch.seq})
                self.memory.store.append(self.id, [draft], expected=state.seq)
            except Conflict:
                continue
            taken.append(batch)
        return taken

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
            words: Every entry in which one of these words or phrases stands, whatever its case.
            mode: ``archive`` or ``erase``.
            sources: Whether the utterances that a fact was concluded from go with a fact that is named by its id, key or
                session (otherwise the next consolidation would believe it again). Words take the utterances that hold
                them, and no others. What was concluded from an erased utterance always goes.
            folders: Run folders to go through beside those the memory knows of.

        Returns:
            A receipt of everything that was removed: from the log, the indexes, the summaries, and the caches of model calls.

        Raises:
            UsageError: On an unknown mode, or when nothing is named.
            NotFound: When an id does not exist.
            StorageError: When the disk refuses; see the message for what has been done.
        """
        self._may_write()
        if mode not in ("archive", "erase"):
            raise UsageError(f"mode must be archive or erase, found '{mode}'")
        for _ in range(CONFLICTS):
            plan = self.plan_forget(ids, session=session, key=key, words=words, sources=sources)
            try:
                if mode == "archive":
                    return self._archive(plan)
                known = [*self.memory.runs, *map(Path, folders)]
                receipt = carry_out(self.memory.store, plan, self.memory.clock(), known)
            except Conflict:
                continue
            self.memory.states.drop(self.id)
            self.memory.partitions.drop(self.id)
            return receipt
        raise Conflict(f"the memory of {self.id!r} is being written to all the time; try again")

    def _archive(self, plan: Plan) -> Receipt:
        edits = archive_edits(plan, self.memory.clock())
        if edits:
            self.edit(edits)
        return Receipt(self.id, "archive", self.memory.clock(), plan.observations, plan.facts)

    # --- inside ---

    def _time(self, at: float | None) -> float:
        return self.memory.clock() if at is None else at

    def _may_write(self) -> None:
        if self.past is not None:
            raise UsageError("the past cannot be changed; write to the memory itself and not to its as_of")

    def _state(self) -> State:
        if self.past is not None:
            return replay(self.memory.store.read(self.id), self.past)
        return self.memory.states.get(self.id)

    def _view(self, state: State) -> UserView:
        now = self.memory.clock() if self.past is None else self.past
        return ReplayedView(self.id, state, now, self.memory.embedder)

    def _write(self, state: State, operations: Sequence[Operation], through: str, strategy: str, run: str = "") -> int:
        self._may_write()
        check_edits(state, operations, through)
        return self._append_edits(state, operations, through, strategy, run)

    def _append_edits(
        self, state: State, operations: Sequence[Operation], through: str, strategy: str, run: str
    ) -> int:
        now = self.memory.clock()
        body: dict[str, Any] = {"operations": [to_dict(one) for one in filled(state, operations, now)]}
        body |= {name: value for name, value in (("strategy", strategy), ("through", through), ("run", run)) if value}
        return self.memory.store.append(self.id, [Draft("operations", now, body)], expected=state.seq)

    def _check_unchanged(self, diff: Diff) -> None:
        """Refuse a proposal when something that it changes has changed since, or edits were taken back or erased."""
        targets = {one.target for one in diff.operations}
        for event in self.memory.store.read(self.id, diff.seq):
            taken_back = event.kind in ("undo", "erase")
            edits = event.body.get("operations", ()) if event.kind == "operations" else ()
            if taken_back or any(edit.get("target") in targets for edit in edits if edit.get("action") != "mark"):
                raise Conflict(f"the memory of {self.id!r} has changed since the proposal was made; consolidate again")

    def _made(self, seq: int, count: int) -> tuple[Fact, ...]:
        facts = self._state().facts
        return tuple(facts[id] for number in range(count) if (id := fact_id(seq, number)) in facts)


class _Owned(Wrapper):
    """A model whose calls are labelled with the user they are about, so that an erasure finds them."""

    def __init__(self, inner: ChatModel, mark: str) -> None:
        super().__init__(inner)
        self._mark = mark

    async def generate(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> Reply:
        """The inner model's reply."""
        with labelled(item=f"{self._mark}{current_label().item}"):
            return await self.inner.generate(messages, sampling)


def observed(one: Observation, now: float) -> Draft:
    """The event of an observation."""
    return Draft("observe", now, to_dict(one))


def _as_block(fact: Fact) -> Recalled:
    return Recalled(
        f"{fact.key}: {fact.text}", "a block that always stands here", 0.0, BLOCK, (fact.id,), fact.evidence
    )
