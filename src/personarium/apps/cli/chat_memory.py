"""The memory side of ``personarium chat``: what it remembers, why, corrected and forgotten while one talks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from personarium.apps.cli.output import console, printable, say_error
from personarium.core.errors import PersonariumError, UsageError

_TRIES = 5  # how often a proposal is made anew
HELP = "/memory   /why QUESTION   /correct ID TEXT   /forget WORDS   /undo-memory"


class ChatMemory:
    """One person's memory during a talk.

    Args:
        path: The memory's file.
        user: Whose.
        strategy: Name of the strategy.
        reader: Who reads what was said; None lets plain rules do it.
        quiet: Whether nothing is printed.
    """

    def __init__(self, path: Path, user: str, strategy: str, reader: Any, quiet: bool) -> None:
        from personarium.remember import Memory

        self._memory = Memory.open(path, strategy=strategy)
        self.user = self._memory.user(user)
        self._reader, self._quiet = reader, quiet
        self.learnt = 0
        self.failures = 0

    def wrap(self, agent: Any) -> Any:
        """The agent with this memory."""
        from personarium.play import RememberingAgent

        return RememberingAgent(agent, self.user)

    async def learn(self, closing: bool = False) -> None:
        """Believe what the strategy reads in what was said since the last time, and say what has changed."""
        proposed = await self._applied(closing)
        self.learnt += len(proposed.operations)
        self.failures += len(proposed.failures)
        if not self._quiet:
            for line in proposed.lines():
                if not line.startswith("*"):
                    console().print(f"  remembered {line}", style="dim", markup=False, soft_wrap=True)

    async def _applied(self, closing: bool) -> Any:
        """What was proposed and is now believed; made anew when another talk with the same person has changed it meanwhile."""
        from personarium.remember import Conflict

        for _ in range(_TRIES):
            proposed = await self.user.consolidate(self._reader, closing=closing)
            try:
                self.user.apply(proposed)
            except Conflict:
                continue
            return proposed
        raise Conflict(f"the memory of {self.user.id!r} is being changed all the time; try again")

    def take_back(self, session: str, turns: int) -> None:
        """An exchange was taken back: what was said from that turn on is archived."""
        gone = [one.id for one in self.user.observations() if one.session == session and _turn(one) >= turns]
        if gone:
            self.user.forget(gone)

    def take(self, line: str, files: Iterable[Path]) -> bool:
        """Do a command of the memory.

        Args:
            line: As it was typed.
            files: Where the talk itself is kept; an erasure goes through them too.

        Returns:
            Whether the talk's file may have changed and must be read anew.
        """
        name, _, rest = line.partition(" ")
        try:
            if name == "/memory":
                self._show()
            elif name == "/why":
                self._why(rest)
            elif name == "/correct":
                self._correct(*_two(rest))
            elif name == "/undo-memory":
                self._undo()
            else:
                return self._forget(rest, list(files), sure=name == "/forget!")
        except PersonariumError as error:
            say_error("error", str(error))
        return False

    def close(self) -> None:
        """Close the memory's file."""
        self._memory.close()

    def _show(self) -> None:
        from personarium.apps.cli.remember_screens import show_memory

        facts = self.user.facts()
        sizes = {"observations": len(self.user.observations()), "batches": len(self.user.batches())}
        show_memory(self.user.id, facts, {fact.id: self.user.sources(fact) for fact in facts}, sizes)

    def _why(self, question: str) -> None:
        from personarium.apps.cli.remember_screens import show_recalled

        found = self.user.recall(question, preview=True)
        show_recalled(found, {one.id: one for one in self.user.observations()})

    def _correct(self, id: str, text: str) -> None:
        from personarium.remember import Operation

        old = self.user.history(id)[-1]
        self.user.edit([Operation("correct", old.id, text=text, at=old.valid_from, evidence=old.evidence)])
        console().print(f"  corrected: {printable(old.text)} → {printable(text)}", style="dim", markup=False)

    def _undo(self) -> None:
        from personarium.apps.cli.remember_screens import show_undone

        show_undone(self.user.undo())

    def _forget(self, words: str, files: list[Path], sure: bool) -> bool:
        from personarium.apps.cli.remember_screens import show_plan, show_receipt

        if not words.strip():
            raise UsageError("say what to forget: /forget WORDS")
        if not sure:
            show_plan(self.user.plan_forget(words=[words]))
            console().print(f"  to erase all of this from every file: /forget! {printable(words)}", markup=False)
            return False
        receipt = self.user.forget(words=[words], mode="erase", folders=[path for path in files if path.exists()])
        show_receipt(receipt)
        return True


def _two(rest: str) -> tuple[str, str]:
    id, _, text = rest.partition(" ")
    if not text.strip():
        raise UsageError("say what to correct and how: /correct ID TEXT")
    return id, text.strip()


def _turn(one: Any) -> int:
    turn = one.meta.get("turn", -1)
    return turn if isinstance(turn, int) else -1
