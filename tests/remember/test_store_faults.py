"""What a memory's file survives: sudden death, two writers, damage, a disk that refuses, and users with odd names."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from personarium.core.errors import StorageError
from personarium.remember.events import Draft
from personarium.remember.partition_view import NAME, PartitionCache
from personarium.remember.replay import replay
from personarium.remember.sqlite_store import SqliteStore
from personarium.text.embed import StaticEmbedder

WRITER = Path(__file__).with_name("endless_writer.py")


def said(text: str) -> Draft:
    return Draft("observe", 1.0, {"text": text})


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A piece of code in a process of its own."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


# -- sudden death ------------------------------------------------------------------------------------------------------


def killed_while_writing(path: Path, seed: int) -> list[list[str]]:
    """Let a process write, kill it at a random moment, and give the calls that it had finished."""
    process = subprocess.Popen([sys.executable, str(WRITER), str(path), str(seed)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(random.Random(seed).uniform(0.0, 0.08))
    process.send_signal(signal.SIGKILL)
    told, _ = process.communicate()
    return [line.split() for line in told.splitlines(keepends=True) if line.endswith("\n")]


def check_whole(path: Path, finished: list[list[str]]) -> None:
    """Nothing that was said to be done is lost, nothing is half done, and nothing that was erased is in any file."""
    with SqliteStore(path) as store:
        assert not store.overwriting_due
        files = b"".join(file.read_bytes() for file in store.files())
        logs = {user: list(store.read(user)) for user in store.users()}
    # Words are random letters, so a run of an erased one may by chance be in another that was never erased.
    alive = "\n".join(event.body.get("text", "") for log in logs.values() for event in log)
    for log in logs.values():
        assert [event.seq for event in log] == list(range(1, len(log) + 1))
        replay(log)
        erased = {seq: event.body["receipt"] for seq, event in enumerate(log, 1) if event.kind == "erased"}
        named = {int(id[1:]): event.seq for event in log if event.kind == "erase" for id in event.body["observations"]}
        assert erased == named  # every tombstone has its receipt, every receipt its tombstones
        starts = [event for event in log if event.kind in ("observe", "erased")]
        assert len(starts) % 3 == 0  # they are written by threes, all or none
        assert all(len(event.body["operations"]) == 5 for event in log if event.kind == "operations")
    for kind, user, seq, *words in finished:
        assert len(logs[user]) >= int(seq), f"{kind} was done and is lost"
        for word in words:
            runs = [word[i : i + 6] for i in range(len(word) - 5)]
            held = [run for run in runs if run.encode() in files and run not in alive]
            assert not held, f"{held} of {word} is still there"


def die_often(path: Path, times: int) -> None:
    finished: list[list[str]] = []
    wanted, seed = {"several", "operations", "undo", "erase"}, 0
    while seed < times or (
        wanted - {kind for kind, *_ in finished} and seed < 10 * times
    ):  # a busy machine gets less done
        finished += killed_while_writing(path, seed)
        check_whole(path, finished)
        seed += 1
    assert {kind for kind, *_ in finished} == wanted


def test_a_writer_that_is_killed_leaves_a_whole_log(tmp_path: Path) -> None:
    die_often(tmp_path / "people.db", 12)


@pytest.mark.slow
def test_a_writer_that_is_killed_a_hundred_times_leaves_a_whole_log(tmp_path: Path) -> None:
    for start in range(10):  # a small file each time: an erasure has more ways to go than in a large one
        die_often(tmp_path / f"people{start}.db", 10)


STEPS = """
import os, sys
from personarium.remember.events import Draft
from personarium.remember.sqlite_store import SqliteStore
store = SqliteStore(sys.argv[1])
seen = []
def count(sql):
    seen.append(sql)
    if len(seen) == int(sys.argv[2]):
        os.kill(os.getpid(), 9)
store._database.set_trace_callback(count)
store.rewrite("ana", {1: Draft("erased", 1.0, {"receipt": 3})}, Draft("erase", 2.0, {"observations": ["o1"]}), expected=2)
"""


def test_an_erasure_that_is_killed_before_any_of_its_statements_is_whole_or_not_at_all(tmp_path: Path) -> None:
    outcomes = []
    for statement in range(1, 40):
        path, word = tmp_path / f"{statement}.db", "Quizzlebrantworp"
        with SqliteStore(path) as store:
            store.append("ana", [said(f"{word} {'filler ' * 300}"), said("tea")])
            store.save_derived("ana", "partition", 2, word.encode() * 500)
        done = run(STEPS, path, statement)
        with SqliteStore(path) as store:
            kinds = [event.kind for event in store.read("ana")]
            held = any(word.encode() in file.read_bytes() for file in store.files())
            assert not store.overwriting_due
            assert (store.load_derived("ana", "partition") is not None) is held
        assert (kinds, held) in ((["observe", "observe"], True), (["erased", "observe", "erase"], False))
        outcomes.append(held)
        if done.returncode == 0:
            break
    assert outcomes.count(True) >= 5
    assert outcomes.count(False) >= 3
    assert done.returncode == 0, done.stderr


# -- two writers -------------------------------------------------------------------------------------------------------

OBSERVE = """
import sys
from personarium.remember.events import Draft
from personarium.remember.sqlite_store import SqliteStore
path, name, users, times = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with SqliteStore(path) as store:
    for i in range(times):
        for user in range(users):
            store.append(f"user{user}", [Draft("observe", 1.0, {"text": f"{name} {user} {i}"})])
"""


def write_from_two_processes(path: Path, users: int, times: int) -> None:
    SqliteStore(path).close()
    processes = [
        subprocess.Popen([sys.executable, "-c", OBSERVE, str(path), name, str(users), str(times)])
        for name in ("first", "second")
    ]
    assert [process.wait() for process in processes] == [0, 0]
    with SqliteStore(path) as store:
        assert len(list(store.users())) == users
        for user in range(users):
            events = list(store.read(f"user{user}"))
            assert [event.seq for event in events] == list(range(1, 2 * times + 1))
            told = [event.body["text"].split() for event in events]
            for name in ("first", "second"):
                assert [int(i) for who, of, i in told if who == name and of == str(user)] == list(range(times))


def test_two_processes_that_observe_at_once_lose_and_mix_nothing(tmp_path: Path) -> None:
    write_from_two_processes(tmp_path / "people.db", 200, 5)


@pytest.mark.slow
def test_a_thousand_users_observe_at_once_from_two_processes(tmp_path: Path) -> None:
    write_from_two_processes(tmp_path / "people.db", 1000, 20)


# -- damage ------------------------------------------------------------------------------------------------------------


def filled(path: Path, events: int = 400) -> None:
    with SqliteStore(path) as store:
        store.append("ana", [said(f"Ana said that number {i} is hers") for i in range(events)])


def test_a_word_that_was_changed_on_the_disk_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    filled(path)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"number 77 is", b"number 78 is"))
    with SqliteStore(path) as store:
        assert next(store.read("ana")).seq == 1
        with pytest.raises(StorageError, match=r"event 78 is damaged \(its checksum is wrong\); take a copy"):
            list(store.read("ana"))


def read_all(path: Path) -> None:
    with SqliteStore(path) as store:
        list(store.read("ana"))


def test_a_damaged_file_gives_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    filled(path)
    data = path.read_bytes()
    for start in (100, 2 * 4096, len(data) // 2 // 4096 * 4096):
        path.write_bytes(data[:start] + b"\xff" * 3000 + data[start + 3000 :])
        with pytest.raises(StorageError, match=r"people\.db: (is damaged; take|event \d+ is damaged)"):
            read_all(path)


def test_a_file_that_was_cut_gives_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    filled(path)
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(StorageError, match=r"people\.db: is damaged; take a copy from before"):
        read_all(path)


def test_a_damaged_index_is_made_anew_from_the_log_and_said(tmp_path: Path) -> None:
    path, embedder = tmp_path / "people.db", StaticEmbedder()
    filled(path)
    with SqliteStore(path) as store:
        first = PartitionCache(store, embedder).view("ana", 1.0).search("number 77", 3)
    data = bytearray(path.read_bytes())
    place = data.index(b"PRSMPCK1") + 200
    data[place : place + 4] = b"????"
    path.write_bytes(data)
    with SqliteStore(path) as store:
        cache = PartitionCache(store, embedder)
        assert cache.view("ana", 1.0).search("number 77", 3) == first
        assert store.repaired == ["the partition of 'ana' was damaged; it is made anew from the log"]
        assert store.load_derived("ana", NAME) is not None


# -- a disk that refuses -----------------------------------------------------------------------------------------------

LIMITED = """
import json, resource, sys
from pathlib import Path
from personarium.core.errors import StorageError
from personarium.remember.events import Draft
from personarium.remember.sqlite_store import SqliteStore
path = Path(sys.argv[1])
store = SqliteStore(path)
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), most))
done, said = 0, ""
try:
    if sys.argv[3] == "erase":
        last = store.last("ana")
        store.rewrite("ana", {i: Draft("erased", 1.0, {"receipt": last + 1}) for i in range(1, last + 1)},
                      Draft("erase", 1.0, {}), expected=last)
    else:
        for i in range(10_000):
            store.append("ana", [Draft("observe", 1.0, {"text": "x" * 500}), Draft("observe", 1.0, {"text": "y"})])
            done += 1
except StorageError as error:
    said = str(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
after = store.append("ana", [Draft("observe", 1.0, {"text": "room again"})])
print(json.dumps([done, said, after, store.overwriting_due]))
"""


def test_a_full_disk_stops_a_write_whole_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    done, message, after, _ = json.loads(run(LIMITED, path, 100_000, "append").stdout)
    assert done > 0
    assert message.startswith(f"memory {path}: the disk ")
    assert message.endswith("what was stored before is not touched")
    assert after == 2 * done + 1  # whole writes only, and the next one goes through
    with SqliteStore(path) as store:
        assert len(list(store.read("ana"))) == 2 * done + 1


@pytest.mark.parametrize("room", [0, 30_000, 60_000, 120_000])
def test_a_full_disk_leaves_an_erasure_undone_or_done(tmp_path: Path, room: int) -> None:
    path = tmp_path / "people.db"
    filled(path)
    _, message, after, due = json.loads(run(LIMITED, path, room, "erase").stdout)
    with SqliteStore(path) as store:
        kinds = {event.kind for event in list(store.read("ana"))[:400]}
        held = any(b"number 77 is" in file.read_bytes() for file in store.files())
        assert not store.overwriting_due
    if "are erased, but" in message or not message:
        assert (kinds, held, after) == ({"erased"}, False, 402)
    else:
        assert (kinds, held, after, due) == ({"observe"}, True, 401, False)
        assert "the disk " in message


def test_a_file_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    filled(path)
    reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM events")
    reader.close()
    with SqliteStore(path) as store:
        store._database.execute("PRAGMA query_only=ON")  # what a file system that is mounted read-only answers
        with pytest.raises(StorageError, match="the file or its folder may not be written; give a place that may"):
            store.append("ana", [said("tea")])
        assert store.last("ana") == 400


# -- users -------------------------------------------------------------------------------------------------------------


def test_no_user_id_leads_to_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    with SqliteStore(folder / "people.db") as store:
        for user in ("../../etc/passwd", "a/b", "C:\\x", "file:evil?mode=memory", "🐝", "%00", "-wal"):
            store.append(user, [said("tea")])
            store.save_derived(user, "../../partition", 1, b"x")
            assert store.load_derived(user, "../../partition") == (1, b"x")
        assert {path.name for path in folder.iterdir()} == {"people.db", "people.db-wal", "people.db-shm"}
    assert {path.name for path in tmp_path.iterdir()} == {"store"}
