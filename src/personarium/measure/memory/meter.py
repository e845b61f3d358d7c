"""A model whose calls and usage are counted: what one strategy, or one answer, has cost."""

from __future__ import annotations

from collections.abc import Sequence

from personarium.core.chat import ChatModel, Message, Reply, Sampling, Usage
from personarium.models.wrapper import DEFAULT, Wrapper


class Meter(Wrapper):
    """Passes every call on and counts it.

    Attributes:
        calls: How many there were, failed ones included.
        usage: Tokens, requests and cost of the replies.
    """

    def __init__(self, inner: ChatModel) -> None:
        super().__init__(inner)
        self.calls, self.usage = 0, Usage()

    async def generate(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> Reply:
        """The inner model's reply."""
        self.calls += 1
        reply = await self.inner.generate(messages, sampling)
        self.usage += reply.usage
        return reply
