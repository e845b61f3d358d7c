"""A model that answers so many questions and no more until the gate is opened: a run that stands still at call k."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from personarium.core.chat import Message, Reply, Sampling, Usage

PLAIN = Sampling()


class Gate:
    """Answers the first ``pass_`` questions; the others wait until ``open``.

    Attributes:
        answered: Questions that got their answer.
        waiting: Questions that stand before the gate now.
    """

    name = "gate"

    def __init__(self, pass_: int) -> None:
        self.left = pass_
        self.answered: list[str] = []
        self.waiting = 0
        self.opened = False

    def open(self) -> None:
        """From now on everything is answered."""
        self.opened = True

    async def generate(self, messages: Sequence[Message], sampling: Sampling = PLAIN) -> Reply:
        question = messages[-1]["content"]
        if self.left <= 0 and not self.opened:
            self.waiting += 1
            try:
                await asyncio.Event().wait()  # until the client is gone
            finally:
                self.waiting -= 1
        self.left -= 1
        self.answered.append(question)
        return Reply(f"I would say this of it: {question[:40]}", usage=Usage(10, 5, 1))
