"""The response cache: what is a question, what survives, and what happens when the disk refuses."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personarium.core.chat import Reply, Sampling, TokenLogprob, Usage, canonical_json, system, user
from personarium.core.errors import RemoteError, StorageError
from personarium.models import Cached, ResponseCache, ScriptedModel, cache_key
from personarium.models.cache import APPLICATION_ID, _decode, _record, _storable

ASK = [system("You are Ada."), user("Who are you?")]


# -- the key


def test_the_key_is_the_hash_of_name_messages_and_sampling() -> None:
    import hashlib

    sampling = Sampling(seed=1, sample=2)
    text = canonical_json(["m", ASK, sampling.as_dict()])
    assert cache_key("m", ASK, sampling) == hashlib.blake2b(text.encode(), digest_size=16).digest()


def test_whatever_may_change_the_reply_changes_the_key() -> None:
    base = Sampling()
    samplings = [
        base,
        base.but(temperature=0.5),
        base.but(top_p=0.5),
        base.but(max_tokens=5),
        base.but(stop=("a",)),
        base.but(seed=0),
        base.but(top_logprobs=0),
        base.but(schema={"type": "object"}),
        base.but(tools=({"type": "function"},)),
        base.but(extra={"min_p": 0.1}),
        base.but(sample=1),
        base.but(repeat=1),
        base.but(attempt=1),
    ]
    keys = {cache_key("m", ASK, sampling) for sampling in samplings}
    keys |= {cache_key("n", ASK, base), cache_key("m", ASK[1:], base), cache_key("m", [ASK[0], user("Why?")], base)}
    assert len(keys) == len(samplings) + 3


def test_the_order_of_fields_does_not_change_the_key() -> None:
    one = Sampling(extra={"a": 1, "b": 2})
    other = Sampling(extra={"b": 2, "a": 1})
    assert cache_key("m", [{"role": "user", "content": "x"}], one) == cache_key(
        "m", [{"content": "x", "role": "user"}], other
    )


# -- replies


async def test_a_reply_comes_back_whole_and_marked(tmp_path: Path) -> None:
    probs = (TokenLogprob("Hi", -0.5, (("Hi", -0.5), ("Ho", -1.5))), TokenLogprob("!", -0.1))
    reply = Reply("Hi!", "length", Usage(5, 2, 1, 0.1), probs, ({"id": "1"},), "endpoint")
    with ResponseCache(tmp_path / "c.sqlite") as cache:
        await cache.put(b"k", reply)
        assert cache.get(b"none") is None
    with ResponseCache(tmp_path / "c.sqlite") as cache:
        assert cache.get(b"k") == Reply("Hi!", "length", Usage(5, 2, 0, 0.0), probs, ({"id": "1"},), "endpoint", True)
        assert len(cache) == 1


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.characters(), max_size=40))
def test_any_text_survives_even_half_a_surrogate_pair(text: str) -> None:
    assert _decode(_storable(_record(Reply(text))).encode().decode()).text == text


# -- the wrapper


async def test_a_question_is_asked_once_and_a_sample_is_another_question(tmp_path: Path) -> None:
    script = ScriptedModel(["a", "b"])
    with ResponseCache(tmp_path / "c.sqlite") as cache:
        model = Cached(script, cache)
        first = await model.generate(ASK)
        again = await model.generate(ASK)
        other = await model.generate(ASK, Sampling(sample=1))
    assert (first.text, again.text, other.text) == ("a", "a", "b")
    assert (first.cached, again.cached, again.usage.requests) == (False, True, 0)
    assert (model.hits, model.misses, len(script.calls)) == (1, 2, 2)


async def test_identical_questions_in_flight_are_asked_once(tmp_path: Path) -> None:
    async def answer(messages: object, sampling: Sampling) -> str:
        await asyncio.sleep(0.001)
        return "a"

    script = ScriptedModel(answer)
    with ResponseCache(tmp_path / "c.sqlite") as cache:
        replies = await asyncio.gather(*(Cached(script, cache).generate(ASK) for _ in range(10)))
        assert not cache.flying
    assert {reply.text for reply in replies} == {"a"}
    assert len(script.calls) == 1
    assert sum(reply.usage.requests for reply in replies) == 1


async def test_errors_are_not_stored(tmp_path: Path) -> None:
    script = ScriptedModel(["a"], faults={0: RemoteError("503", "server")})
    with ResponseCache(tmp_path / "c.sqlite") as cache:
        model = Cached(script, cache)
        with pytest.raises(RemoteError):
            await model.generate(ASK)
        assert (await model.generate(ASK)).text == "a"


async def test_whoever_waits_for_a_cancelled_question_asks_itself(tmp_path: Path) -> None:
    async def answer(messages: object, sampling: Sampling) -> str:
        await asyncio.sleep(0.001 if len(script.calls) > 1 else 60)
        return "a"

    script = ScriptedModel(answer)
    with ResponseCache(tmp_path / "c.sqlite") as cache:
        model = Cached(script, cache)
        leader = asyncio.create_task(model.generate(ASK))
        await asyncio.sleep(0)
        follower = asyncio.create_task(model.generate(ASK))
        await asyncio.sleep(0)
        leader.cancel()
        assert (await follower).text == "a"
    assert leader.cancelled()
    assert len(script.calls) == 2


async def test_a_stream_is_stored_and_replayed(tmp_path: Path) -> None:
    with ResponseCache(tmp_path / "c.sqlite") as cache:
        model = Cached(ScriptedModel(["one two"]), cache)
        fresh = [piece async for piece in model.stream(ASK)]
        stored = [piece async for piece in model.stream(ASK)]
    assert fresh[:2] == ["one", " two"]
    assert stored[0] == "one two"
    assert isinstance(stored[1], Reply)
    assert stored[1].cached


# -- the file


async def test_puts_of_one_turn_go_into_one_transaction(tmp_path: Path) -> None:
    with ResponseCache(tmp_path / "c.sqlite") as cache:
        statements: list[str] = []
        cache._database.set_trace_callback(statements.append)
        await asyncio.gather(*(cache.put(bytes([k]), Reply("a")) for k in range(50)))
        cache._database.set_trace_callback(None)
        assert (statements.count("BEGIN IMMEDIATE"), statements.count("COMMIT")) == (1, 1)
        assert len(cache) == 50


def test_one_cache_serves_one_event_loop_after_the_other(tmp_path: Path) -> None:
    with ResponseCache(tmp_path / "c.sqlite") as cache:
        for k in range(2):
            asyncio.run(cache.put(bytes([k]), Reply("a")))
        assert len(cache) == 2


async def test_two_caches_share_a_file(tmp_path: Path) -> None:
    with ResponseCache(tmp_path / "c.sqlite") as one, ResponseCache(tmp_path / "c.sqlite") as two:
        await asyncio.gather(
            *(cache.put(bytes([i, k]), Reply("a")) for k in range(20) for i, cache in enumerate((one, two)))
        )
        assert len(one) == len(two) == 40


def child(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments], stdout=subprocess.PIPE, text=True
    )


async def test_kill_9_loses_nothing_that_returned(tmp_path: Path) -> None:
    code = """
        import asyncio, sys
        from personarium.core.chat import Reply
        from personarium.models.cache import ResponseCache
        cache = ResponseCache(sys.argv[1])
        async def put(k):
            await cache.put(k.to_bytes(4, "big"), Reply(f"reply {k}"))
            sys.stdout.write(f"{k}\\n"); sys.stdout.flush()
        async def main():
            for start in range(0, 10**6, 10):
                await asyncio.gather(*(put(k) for k in range(start, start + 10)))
        asyncio.run(main())
    """
    path = tmp_path / "c.sqlite"
    with child(code, str(path)) as process:
        assert process.stdout is not None
        returned = [int(process.stdout.readline()) for _ in range(505)]
        os.kill(process.pid, signal.SIGKILL)
        returned += [int(line) for line in process.stdout.read().split("\n")[:-1]]
    with ResponseCache(path) as cache:
        found = [cache.get(k.to_bytes(4, "big")) for k in returned]
    assert all(reply is not None and reply.text == f"reply {k}" for k, reply in zip(returned, found, strict=True))


async def test_a_full_disk_is_one_error_and_what_was_stored_stays(tmp_path: Path) -> None:
    code = """
        import asyncio, resource, sys
        from personarium.core.chat import Reply
        from personarium.core.errors import StorageError
        from personarium.models.cache import ResponseCache
        cache = ResponseCache(sys.argv[1])
        asyncio.run(cache.put(b"first", Reply("stored")))
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        stored = 0
        try:
            for k in range(1000):
                asyncio.run(cache.put(k.to_bytes(4, "big"), Reply("x" * 5000)))
                stored += 1
        except StorageError as error:
            print(stored, error)
        assert cache.get(b"first").text == "stored"
    """
    path = tmp_path / "c.sqlite"
    with child(code, str(path)) as process:
        assert process.stdout is not None
        said = process.stdout.read().strip()
    assert process.returncode == 0
    count, _, message = said.partition(" ")
    assert "response cache" in message
    assert "the disk" in message
    assert "\n" not in message
    with ResponseCache(path) as cache:
        assert len(cache) == int(count) + 1


def test_what_is_not_a_cache_is_refused_and_not_touched(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("my notes, longer than the header of an SQLite file " * 20)
    before = text.read_bytes()
    with pytest.raises(StorageError, match="is no response cache"):
        ResponseCache(text)
    assert text.read_bytes() == before
    other = tmp_path / "other.sqlite"
    database = sqlite3.connect(other)
    database.execute("CREATE TABLE theirs (x)")
    database.commit()
    database.close()
    before = other.read_bytes()
    with pytest.raises(StorageError, match="of another program"):
        ResponseCache(other)
    assert other.read_bytes() == before
    with pytest.raises(StorageError, match="no regular file"):
        ResponseCache(tmp_path)
    with pytest.raises(StorageError, match="cannot be opened"):
        ResponseCache(tmp_path / "no" / "folder" / "c.sqlite")


def test_a_cache_of_another_version_is_refused(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "c.sqlite")
    database.execute(f"PRAGMA application_id={APPLICATION_ID}")
    database.execute("PRAGMA user_version=99")
    database.close()
    with pytest.raises(StorageError, match="another version"):
        ResponseCache(tmp_path / "c.sqlite")


async def test_a_damaged_file_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with ResponseCache(path) as cache:
        for k in range(50):
            await cache.put(k.to_bytes(4, "big"), Reply("x" * 2000))
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\xff" * (len(raw) - 4096)
    path.write_bytes(raw)
    with pytest.raises(StorageError, match="damaged"), ResponseCache(path) as cache:
        for k in range(50):
            cache.get(k.to_bytes(4, "big"))
