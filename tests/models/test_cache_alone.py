"""A cache that nobody else writes to: marks spare most lookups, and never hide a stored reply."""

from __future__ import annotations

import asyncio
from pathlib import Path

from personarium.core.chat import Reply
from personarium.models.cache import ResponseCache


async def test_what_is_put_is_found_and_what_is_not_put_is_not(tmp_path: Path) -> None:
    keys = [number.to_bytes(3, "big") * 5 + b"k" for number in range(0, 3000, 3)]
    with ResponseCache(tmp_path / "c", alone=True) as cache:
        assert all(cache.get(key) is None for key in keys)
        await asyncio.gather(*(cache.put(key, Reply(key.hex())) for key in keys))
        assert [found.text for key in keys if (found := cache.get(key))] == [key.hex() for key in keys]
        assert cache.get((1).to_bytes(3, "big") * 5 + b"k") is None


async def test_replies_of_an_earlier_process_are_found(tmp_path: Path) -> None:
    with ResponseCache(tmp_path / "c") as cache:
        await cache.put(b"a" * 16, Reply("kept"))
    with ResponseCache(tmp_path / "c", alone=True) as cache:
        found = cache.get(b"a" * 16)
        assert found is not None and found.text == "kept"


async def test_keys_that_share_a_mark_are_told_apart(tmp_path: Path) -> None:
    with ResponseCache(tmp_path / "c", alone=True) as cache:
        await cache.put(b"abc" + b"1" * 13, Reply("one"))
        assert cache.get(b"abc" + b"2" * 13) is None
