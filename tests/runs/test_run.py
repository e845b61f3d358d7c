"""The run folder: what is in it, who may open it, what happens to failures, budgets and bad disks."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from personarium.core.chat import Reply, Sampling, Usage, user
from personarium.core.errors import BudgetExceeded, InvalidInput, NotFound, RemoteError, StorageError, UsageError
from personarium.core.results import Failure
from personarium.models import ScriptedModel
from personarium.runs import Run, failures, read_run, values

CONFIG = {"personas": 5, "judge": {"model": "simulated", "samples": 2}}


def echo(messages, sampling):
    return f"echo {messages[-1]['content']}"


async def ask_all(run: Run, model, items, **options):
    asked = run.model(model, **options)

    async def work(item):
        return (await asked.generate([user(f"q{item}")], Sampling(seed=run.seed))).text

    return await run.map("ask", items, work, key=lambda item: f"i{item}")


# --- the folder ---


async def test_a_run_leaves_what_a_report_needs(tmp_path: Path) -> None:
    with Run.open(tmp_path / "r", CONFIG, seed=7, command="personarium bench x") as run:
        outcomes = await ask_all(run, ScriptedModel(echo), range(3))
        run.write_results([{"id": o.key, "score": i, "detail": {"text": o.value}} for i, o in enumerate(outcomes)])
        run.write_summary({"mean": 1.0})
        assert run.report_path == tmp_path / "r" / "report.html"
    record = read_run(tmp_path / "r")
    assert (record.status, record.seed, record.command) == ("complete", 7, "personarium bench x")
    assert record.config == CONFIG
    assert record.models == [{"name": "scripted", "role": "player"}]
    assert set(record.versions) == {"personarium", "python", "platform"}
    assert record.stages == {"ask": {"items": 3, "answered": 3, "failed": {}}}
    assert (record.totals.calls, record.totals.failed, record.totals.prompt_tokens) == (3, {}, 3)
    assert record.summary == {"mean": 1.0}
    assert record.table().to_dicts()[2] == {"id": "i2", "score": 2, "detail": '{"text":"echo q2"}'}
    calls = list(record.calls())
    assert [(c["step"], c["item"], c["role"], c["reply"]) for c in calls] == [
        ("ask", f"i{i}", "player", f"echo q{i}") for i in range(3)
    ]
    assert calls[0]["messages"] == [{"role": "user", "content": "q0"}]
    assert calls[0]["sampling"] == {"temperature": 1.0, "top_p": 1.0, "seed": 7}


async def test_outcomes_stand_in_the_order_of_the_items(tmp_path: Path) -> None:
    async def slow_first(item: int) -> int:
        for _ in range(20 - item):
            await asyncio.sleep(0)
        return item

    with Run.open(tmp_path / "r", {}) as run:
        outcomes = await run.map("s", range(20), slow_first, key=str, concurrency=7)
    assert values(outcomes) == list(range(20))
    assert [outcome.key for outcome in outcomes] == [str(i) for i in range(20)]


async def test_items_are_pulled_as_workers_get_free(tmp_path: Path) -> None:
    pulled: list[int] = []
    finished: list[int] = []
    ahead: list[int] = []

    def items() -> Iterator[int]:
        for number in range(500):
            pulled.append(number)
            ahead.append(len(pulled) - len(finished))
            yield number

    async def work(item: int) -> None:
        await asyncio.sleep(0)
        finished.append(item)

    with Run.open(tmp_path / "r", {}) as run:
        await run.map("s", items(), work, key=str, concurrency=8)
    assert len(finished) == 500
    assert max(ahead) <= 9


async def test_two_items_of_one_key_are_refused(tmp_path: Path) -> None:
    same = "two items of stage ask have the key 'i1'"
    with pytest.raises(UsageError, match=same), Run.open(tmp_path / "r", {}) as run:
        await ask_all(run, ScriptedModel(echo), [1, 1])


# --- resuming ---


async def test_a_second_session_asks_nothing_that_was_answered(tmp_path: Path) -> None:
    model = ScriptedModel(echo)
    for _ in range(2):
        with Run.open(tmp_path / "r", CONFIG) as run:
            outcomes = await ask_all(run, model, range(30))
            assert values(outcomes) == [f"echo q{i}" for i in range(30)]
    assert len(model.calls) == 30
    record = read_run(tmp_path / "r")
    assert [session["counts"]["cached"] for session in record.sessions] == [0, 30]
    assert (record.totals.calls, len(list(record.calls()))) == (30, 30)


async def test_failed_items_are_asked_again(tmp_path: Path) -> None:
    model = ScriptedModel(echo, faults={1: RemoteError("bad gateway", "bad_request", 400)})
    with Run.open(tmp_path / "r", {}) as run:
        first = await ask_all(run, model, range(3))
        assert failures(first) == [Failure("error", "bad gateway", "i1")]
    assert list(read_run(tmp_path / "r").failures()) == [
        {"stage": "ask", "item": "i1", "kind": "error", "reason": "bad gateway", "raw": []}
    ]
    with Run.open(tmp_path / "r", {}) as run:
        assert values(await ask_all(run, model, range(3))) == ["echo q0", "echo q1", "echo q2"]
    assert len(model.calls) == 4
    record = read_run(tmp_path / "r")
    assert list(record.failures()) == []
    assert (record.totals.calls, record.totals.failed) == (3, {"bad_request": 1})
    assert [c["error"]["kind"] for c in record.calls() if "error" in c] == ["bad_request"]


async def test_without_a_cache_every_session_asks_anew_and_a_later_cache_knows_both(tmp_path: Path) -> None:
    model = ScriptedModel(echo)
    for _ in range(2):
        with Run.open(tmp_path / "r", {}, cache=False) as run:
            await ask_all(run, model, range(5))
    assert len(model.calls) == 10
    assert read_run(tmp_path / "r").totals.calls == 10
    with Run.open(tmp_path / "r", {}) as run:
        await ask_all(run, model, range(5))
    assert len(model.calls) == 10


async def test_without_a_transcript_the_cache_alone_resumes(tmp_path: Path) -> None:
    model = ScriptedModel(echo)
    for _ in range(2):
        with Run.open(tmp_path / "r", {}, transcript=False) as run:
            await ask_all(run, model, range(5))
    assert len(model.calls) == 5
    assert not (tmp_path / "r" / "calls.jsonl").exists()
    assert read_run(tmp_path / "r").totals.calls == 5


async def test_a_shared_cache_serves_another_run(tmp_path: Path) -> None:
    model = ScriptedModel(echo)
    for name in "ab":
        with Run.open(tmp_path / name, {"name": name}, shared_cache=tmp_path / "shared.sqlite") as run:
            await ask_all(run, model, range(5))
    assert len(model.calls) == 5


async def test_another_configuration_is_refused_by_naming_what_differs(tmp_path: Path) -> None:
    with Run.open(tmp_path / "r", CONFIG, seed=1):
        pass
    other = {"personas": 9, "judge": {"model": "simulated", "samples": 2, "both": True}}
    with pytest.raises(UsageError) as refused:
        Run.open(tmp_path / "r", other, seed=1)
    text = str(refused.value)
    assert "personas (5 there, 9 now)" in text
    assert "judge.both (not set there, True now)" in text
    assert "samples" not in text
    with pytest.raises(UsageError, match=r"\(seed\) \(1 there, 2 now\)"):
        Run.open(tmp_path / "r", CONFIG, seed=2)
    with Run.open(tmp_path / "r", CONFIG, seed=1):  # and a refusal leaves the folder as it was, unlocked
        pass


async def test_a_folder_is_held_by_one(tmp_path: Path) -> None:
    with Run.open(tmp_path / "r", {}):
        assert read_run(tmp_path / "r").status == "running"
        with pytest.raises(UsageError, match=f"in use by process {os.getpid()}"):
            Run.open(tmp_path / "r", {})


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(UsageError, match=r"is not empty and not a run \(it holds 'thesis.tex'\)"):
        Run.open(tmp_path, {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "a run's JSON document"),
        ("[]", "a document of format 'personarium-run'"),
        ('{"format": "personarium-run", "schema_version": 99}', "field 'schema_version': expected at most 1"),
    ],
)
def test_a_broken_manifest_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "run.json").write_text(text)
    for read in (read_run, lambda path: Run.open(path, {})):
        with pytest.raises(InvalidInput) as refused:
            read(tmp_path)
        assert "run.json" in str(refused.value)
        assert said in str(refused.value)


def test_no_run_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="is not a run folder"):
        read_run(tmp_path / "nothing")


def test_a_configuration_must_be_json(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must be JSON"):
        Run.open(tmp_path / "r", {"model": object()})


# --- failures ---


def faulty(messages, sampling):
    """30 of 100 questions fail, in four ways, whatever the order they come in."""
    number = int(messages[-1]["content"][1:])
    kinds = ["server", "timeout", "protocol", "bad_request"]
    if number % 10 < 3:
        return RemoteError(f"no reply to {number}", kinds[number % 4])
    return f"answer {number}"


async def test_with_30_percent_faults_every_item_is_answered_or_listed(tmp_path: Path) -> None:
    with Run.open(tmp_path / "r", {}) as run:
        outcomes = await ask_all(run, ScriptedModel(faulty), range(2000), tries=1)
    assert len(outcomes) == 2000
    assert values(outcomes) == [f"answer {i}" for i in range(2000) if i % 10 >= 3]
    assert [f.reason for f in failures(outcomes)] == [f"no reply to {i}" for i in range(2000) if i % 10 < 3]
    record = read_run(tmp_path / "r")
    assert record.stages["ask"] == {"items": 2000, "answered": 1400, "failed": {"error": 600}}
    assert (record.status, record.totals.calls, sum(record.totals.failed.values())) == ("complete", 1400, 600)
    assert len(list(record.failures())) == 600


async def test_a_failure_given_back_is_a_failure(tmp_path: Path) -> None:
    async def work(item: int) -> int | Failure:
        return item if item else Failure("refused", "would not say", "0", ("I cannot",))

    with Run.open(tmp_path / "r", {}) as run:
        outcomes = await run.map("s", [0, 1], work, key=str)
    assert failures(outcomes) == [Failure("refused", "would not say", "0", ("I cannot",))]
    assert read_run(tmp_path / "r").stages["s"]["failed"] == {"refused": 1}


async def test_a_bug_comes_through_as_it_is_and_the_run_is_marked(tmp_path: Path) -> None:
    async def work(item: int) -> float:
        return 1 / (item - 3)

    with pytest.raises(ZeroDivisionError), Run.open(tmp_path / "r", {}) as run:
        await run.map("s", range(10), work, key=str)
    record = read_run(tmp_path / "r")
    assert (record.status, record.reason) == ("failed", "ZeroDivisionError: division by zero")


async def test_a_wrong_key_stops_the_run_after_twenty_calls(tmp_path: Path) -> None:
    model = ScriptedModel(lambda messages, sampling: RemoteError("the key was refused (401)", "auth", 401))
    said = "the first 20 calls all failed, the last with: the key was refused"
    with pytest.raises(RemoteError, match=said), Run.open(tmp_path / "r", {}) as run:
        await ask_all(run, model, range(500))
    assert len(model.calls) < 150
    assert read_run(tmp_path / "r").status == "failed"


async def test_retries_are_counted_and_the_reply_is_recorded_once(tmp_path: Path) -> None:
    model = ScriptedModel(echo, faults={0: RemoteError("busy", "server", 503), 1: RemoteError("busy", "server", 503)})
    with Run.open(tmp_path / "r", {}) as run:
        await ask_all(run, model, [1])
        assert run.counts["retries"] == 2
    (call,) = read_run(tmp_path / "r").calls()
    assert (call["tries"], call["reply"]) == (3, "echo q1")


async def test_the_cost_limit_holds_for_all_sessions_together(tmp_path: Path) -> None:
    def priced(messages, sampling):
        return Reply("x", usage=Usage(1000, 0, 1))

    options = {"prices": {"priced": (1000.0, 0.0)}}  # a dollar for a thousand prompt tokens

    async def session(limit: float, count: int) -> int:
        model = ScriptedModel(priced, name="priced")
        with Run.open(tmp_path / "r", {}, max_cost=limit) as run:
            asked = run.model(model, concurrency=1, **options)

            async def work(item: int) -> str:
                return (await asked.generate([user("q" * 4000 + str(item))], Sampling(max_tokens=1))).text

            try:
                await run.map("s", range(count), work, key=str, concurrency=1)
            finally:
                spent.append(run.counts["cost_usd"])
        return len(model.calls)

    spent: list[float] = []
    with pytest.raises(BudgetExceeded):
        await session(3.5, 10)
    assert spent == [3.0]
    assert read_run(tmp_path / "r").status == "interrupted"
    with pytest.raises(BudgetExceeded):
        await session(5.5, 10)
    assert spent == [3.0, 5.0]
    assert await session(20, 10) == 5
    assert spent == [3.0, 5.0, 10.0]


async def test_out_of_budget_calls_in_flight_are_kept(tmp_path: Path) -> None:
    async def slow(messages, sampling):
        for _ in range(5):
            await asyncio.sleep(0)
        return Reply("x", usage=Usage(1000, 0, 1))

    model = ScriptedModel(slow, name="priced")
    with pytest.raises(BudgetExceeded), Run.open(tmp_path / "r", {}, max_cost=4.5) as run:
        asked = run.model(model, prices={"priced": (1000.0, 0.0)})

        async def work(item: int) -> str:
            return (await asked.generate([user("q" * 4000 + str(item))], Sampling(max_tokens=1))).text

        await run.map("s", range(50), work, key=str, concurrency=10)
    assert len(model.calls) == read_run(tmp_path / "r").totals.calls == 4


# --- keys ---


async def test_no_key_is_in_any_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
    error = RemoteError("401: Incorrect API key provided: sk-test-0123456789", "bad_request", 401)
    config = {"api_key": "another-secret", "url": "http://x/?k=sk-test-0123456789"}
    for _ in range(2):  # a hidden key does not get in the way of resuming
        with Run.open(tmp_path / "r", config, command="x --key sk-test-0123456789") as run:
            failed = failures(await ask_all(run, ScriptedModel(echo, faults={0: error}), range(2)))
            assert "sk-test" not in str(failed)
            run.write_summary({"note": "sk-test-0123456789"})
    written = b"".join(path.read_bytes() for path in (tmp_path / "r").iterdir())
    assert b"sk-test-0123456789" not in written
    assert b"another-secret" not in written
    assert b"[key removed]" in written


# --- bad disks ---


def test_a_parent_that_is_a_file_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="cannot make the run folder"):
        Run.open(tmp_path / "file" / "r", {})
    with pytest.raises(StorageError, match="cannot make the run folder"):
        Run.open(tmp_path / "file", {})


def test_dev_full_is_no_run_folder() -> None:
    with pytest.raises(StorageError, match="cannot make the run folder /dev/full"):
        Run.open("/dev/full", {})


@pytest.mark.parametrize("name", ["calls.jsonl", "run.json.new", "cache.sqlite"])
async def test_a_full_disk_is_one_error_and_the_run_goes_on_later(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "r"
    model = ScriptedModel(echo)
    with Run.open(folder, {}) as run:
        await ask_all(run, model, range(5))
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    moved = (folder / name).exists() and (folder / name).rename(tmp_path / name)
    (folder / name).symlink_to("/dev/full")
    with pytest.raises(StorageError) as refused, Run.open(folder, {}) as run:
        await ask_all(run, model, range(10))
    assert name.removesuffix(".new") in str(refused.value)
    (folder / name).unlink(missing_ok=True)
    if moved:
        moved.rename(folder / name)
    assert (folder / "calls.jsonl").read_bytes().startswith(kept["calls.jsonl"])
    asked = len(model.calls)
    with Run.open(folder, {}) as run:
        assert values(await ask_all(run, model, range(10))) == [f"echo q{i}" for i in range(10)]
    assert {call.messages[-1]["content"] for call in model.calls[asked:]}.isdisjoint(f"q{i}" for i in range(5))


async def test_a_folder_that_is_taken_away_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError), Run.open(tmp_path / "r", {}) as run:
        for file in (tmp_path / "r").iterdir():
            file.unlink()
        (tmp_path / "r").rmdir()
        await ask_all(run, ScriptedModel(echo), range(3))


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX users")
def test_a_read_only_folder_is_one_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    child = Path(__file__).with_name("child.py")
    command = [
        sys.executable,
        str(child),
        str(tmp_path / "r"),
        os.devnull,
        "3",
        *(["--as-nobody"] if not os.getuid() else []),
    ]
    if os.getuid():
        tmp_path.chmod(0o555)
    stopped = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    tmp_path.chmod(0o755)
    assert stopped.returncode == 1
    assert stopped.stderr.startswith(f"StorageError: cannot make the run folder {tmp_path}/r: Permission denied")


# --- tables ---


async def test_a_table_takes_numbers_lists_and_gaps(tmp_path: Path) -> None:
    rows = [{"id": "a", "v": 1, "l": [1, 2]}, {"id": "b", "v": 2.5}, {"id": "c", "v": None, "new": True}]
    with Run.open(tmp_path / "r", {}) as run:
        run.write_results(rows, "items")
    assert read_run(tmp_path / "r").table("items").to_dicts() == [
        {"id": "a", "v": 1.0, "l": [1, 2], "new": None},
        {"id": "b", "v": 2.5, "l": None, "new": None},
        {"id": "c", "v": None, "l": None, "new": True},
    ]


async def test_a_column_of_two_types_is_named(tmp_path: Path) -> None:
    with Run.open(tmp_path / "r", {}) as run, pytest.raises(InvalidInput, match="field 'v': expected one type"):
        run.write_results([{"v": 1}, {"v": "x"}])


async def test_a_table_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with Run.open(tmp_path / "r", {}) as run, pytest.raises(UsageError, match="letters, digits"):
        run.write_results([], "../x")
    with pytest.raises(NotFound, match="has no table 'results'"):
        read_run(tmp_path / "r").table()


async def test_prompts_of_steps_are_written_down(tmp_path: Path) -> None:
    class Prompt:
        name, hash = "grade", "0123456789abcdef"

    with Run.open(tmp_path / "r", {}) as run:
        run.add_prompts([Prompt()])
    assert json.loads((tmp_path / "r" / "run.json").read_text())["prompts"] == {"grade": "0123456789abcdef"}
