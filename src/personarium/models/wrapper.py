"""What all wrappers share: the wrapped model's name, its streaming and its closing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from personarium.core.chat import ChatModel, Message, Reply, Sampling

DEFAULT = Sampling()


class Wrapper:
    """A chat model around another; it keeps the inner model's name, because it changes no reply.

    Args:
        inner: The model that answers.
    """

    def __init__(self, inner: ChatModel) -> None:
        self.inner = inner

    @property
    def name(self) -> str:
        """The name of the model that answers."""
        return self.inner.name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.inner!r})"

    async def aclose(self) -> None:
        """Close the connections of the wrapped model."""
        await close(self.inner)


def innermost(model: ChatModel) -> ChatModel:
    """The model under all wrappers."""
    while isinstance(model, Wrapper):
        model = model.inner
    return model


async def close(model: ChatModel) -> None:
    """Close a model's connections, if it has any."""
    aclose = getattr(model, "aclose", None)
    if aclose is not None:
        await aclose()


async def stream_reply(
    model: ChatModel, messages: Sequence[Message], sampling: Sampling = DEFAULT
) -> AsyncIterator[str | Reply]:
    """A model's reply in pieces and last as a whole; a model that cannot stream gives its text as one piece."""
    stream = getattr(model, "stream", None)
    if stream is not None:
        async for piece in stream(messages, sampling):
            yield piece
        return
    reply = await model.generate(messages, sampling)
    if reply.text:
        yield reply.text
    yield reply
