"""The stub as a model that speaks at a pace, and says when it spoke."""

from __future__ import annotations

import time

from personarium.core.chat import Reply, user
from personarium.models import OpenAICompatible
from personarium.models.wrapper import close
from personarium.testing.stub import StubServer


async def test_a_paced_stream_takes_its_time_and_loses_nothing() -> None:
    async with StubServer(reply="one two three four five", tokens_per_s=100) as stub:
        model = OpenAICompatible("m", stub.base_url)
        begun = time.monotonic()
        pieces = [piece async for piece in model.stream([user("hello")])]
        took = time.monotonic() - begun
        await close(model)
    assert pieces[:-1] == ["one", " two", " three", " four", " five"]
    assert isinstance(pieces[-1], Reply)
    assert took >= 0.04


async def test_a_stamped_piece_says_when_it_was_sent() -> None:
    async with StubServer(reply="one two", stamped=True) as stub:
        model = OpenAICompatible("m", stub.base_url)
        begun = time.monotonic_ns()
        pieces = [piece async for piece in model.stream([user("hello")])]
        await close(model)
    assert all(begun <= int(str(piece)) <= time.monotonic_ns() for piece in pieces[:-1])
    assert len(pieces) == 3
