"""The SQLite store: durable, safe for threads and processes, honest about its file, and overwritten when something is erased."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from personarium.core.errors import InvalidInput, StorageError
from personarium.remember import Memory
from personarium.remember.events import Draft
from personarium.remember.overwriting import leftovers
from personarium.remember.sqlite_store import SqliteStore


def said(text: str, at: float = 1.0) -> Draft:
    return Draft("observe", at, {"text": text})


def stone(receipt: int) -> Draft:
    return Draft("erased", 1.0, {"receipt": receipt})


RECEIPT = Draft("erase", 9.0, {"facts": ["f1_0"]})


def runs_in(store: SqliteStore, word: str) -> list[str]:
    """Files of the store's folder in which any six bytes of a word stand."""
    runs = {word.encode()[i : i + 6] for i in range(len(word.encode()) - 5)}
    files = [path for path in store.path.parent.rglob("*") if path.is_file()]
    assert store.path in files
    return [path.name for path in files if any(run in path.read_bytes() for run in runs)]


# -- the file ----------------------------------------------------------------------------------------------------------


def test_a_memory_is_there_after_it_was_closed(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "people.db"
    with SqliteStore(path) as store:
        store.append("ana", [said("tea")])
        store.save_derived("ana", "partition", 1, b"data")
        assert {file.name for file in store.files()} == {"people.db", "people.db-wal", "people.db-shm"}
        assert not store.overwriting_due
    with SqliteStore(path) as store:
        assert [event.body["text"] for event in store.read("ana")] == ["tea"]
        assert store.load_derived("ana", "partition") == (1, b"data")
        assert repr(store) == f"SqliteStore({str(path)!r})"


def test_what_people_said_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "people.db") as store:
        store.append("ana", [said("tea")])
        assert {stat.S_IMODE(path.stat().st_mode) for path in store.files()} == {0o600}


def test_a_file_with_a_name_of_sqlite_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with SqliteStore(":memory:") as store:
        store.append("ana", [said("tea")])
    assert (tmp_path / ":memory:").stat().st_size > 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name,age\nAna,30\n" * 100, "is no memory .not an SQLite file.; give another file"),
        (b"SQLite format 3\x00" + b"\x07" * 2000, "people.db: .*give another file|people.db: is damaged"),
    ],
)
def test_a_file_of_another_kind_is_refused_and_left_alone(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "people.db"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=message):
        SqliteStore(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("CREATE TABLE replies (a)", "is an SQLite file of another program; give another file"),
        ("PRAGMA application_id=7", "is an SQLite file of another program; give another file"),
        ("PRAGMA user_version=7", "is an SQLite file of another program; give another file"),
        (f"PRAGMA application_id={0x5052534D}", "was written by another version .0, this is 1.; give another file"),
    ],
)
def test_a_database_of_another_program_is_refused(tmp_path: Path, statement: str, message: str) -> None:
    path = tmp_path / "people.db"
    with sqlite3.connect(path) as other:
        other.execute(statement)
    other.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match=f"memory {path}: {message}; what was stored before is not touched"):
        SqliteStore(path)
    assert path.read_bytes() == before


def test_a_folder_or_a_device_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, "/dev/null"):
        with pytest.raises(StorageError, match="is no regular file; give the path of a file"):
            SqliteStore(path)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match=r"cannot be opened \(File exists\)"):
        SqliteStore(tmp_path / "file" / "people.db")


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "people.db")
    store.append("ana", [said("tea")])
    store.close()
    store.close()
    for use in (store.users, lambda: store.append("ana", [said("x")]), lambda: store.read("ana")):
        with pytest.raises(StorageError, match="is closed; open it again"):
            use()


def test_a_store_is_not_carried_over_a_fork(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "people.db")
    store._process += 1  # what a forked child sees: another process has opened it
    with pytest.raises(StorageError, match="was opened before this process was forked; open it again here"):
        store.append("ana", [said("tea")])
    store._process -= 1
    store.close()


@pytest.mark.parametrize(
    ("draft", "message"),
    [
        (Draft("observed", 1.0, {}), "field 'kind': expected one of observe"),  # type: ignore[arg-type]
        (Draft("observe", float("nan"), {}), "field 'at': expected seconds since 1970 as a finite number"),
    ],
)
def test_an_event_that_is_none_is_refused(tmp_path: Path, draft: Draft, message: str) -> None:
    with SqliteStore(tmp_path / "people.db") as store:
        with pytest.raises(InvalidInput, match=message):
            store.append("ana", [said("tea"), draft])
        assert store.last("ana") == 0


def test_a_user_of_half_a_character_is_refused(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "people.db") as store:
        with pytest.raises(InvalidInput, match="whole characters"):
            store.append("\ud800", [said("tea")])
        assert (store.last("\ud800"), list(store.read("\ud800"))) == (0, [])


# -- writing -----------------------------------------------------------------------------------------------------------


def test_threads_that_wait_share_a_durable_write(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "people.db") as store:
        commits: list[str] = []
        store._database.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
        with store._writing:  # as if a write were under way
            threads = [
                threading.Thread(target=store.append, args=(f"u{i}", [said("tea")]), kwargs={"expected": i % 2})
                for i in range(10)
            ]
            excepthook, threading.excepthook = threading.excepthook, lambda _: None  # half of them are stale
            for thread in threads:
                thread.start()
            while len(store._waiting) < 10:
                pass
        for thread in threads:
            thread.join()
        threading.excepthook = excepthook
        assert len(commits) == 1
        assert sorted(store.users()) == ["u0", "u2", "u4", "u6", "u8"]


def test_a_writer_does_not_suffer_from_another_ones_fault(tmp_path: Path) -> None:
    from personarium.remember.sqlite_store import _Request
    from personarium.remember.sqlite_tables import row_of

    with SqliteStore(tmp_path / "people.db") as store:
        bad = ("observe", 1.0, "{}", "no number")
        store._database.execute("CREATE TRIGGER t BEFORE INSERT ON events WHEN NEW.crc = 'no number' "
                                "BEGIN SELECT RAISE(ABORT, 'refused'); END")  # fmt: skip
        group = [
            _Request({"ana": [row_of(said("tea"))]}),
            _Request({"ben": [bad]}),  # type: ignore[list-item]
            _Request({"eva": [row_of(said("rain"))]}),
        ]
        store._write(group)
        assert [request.error is None for request in group] == [True, False, True]
        assert list(store.users()) == ["ana", "eva"]


# -- derived -----------------------------------------------------------------------------------------------------------


def test_a_damaged_derived_part_is_dropped_and_said(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "people.db") as store:
        store.append("ana", [said("tea")])
        store.save_derived("ana", "partition", 1, b"good data")
        store._database.execute("UPDATE derived SET data = x'00'")
        assert store.load_derived("ana", "partition") is None
        assert store.repaired == ["the partition of 'ana' was damaged; it is made anew from the log"]
        assert store.drop_derived() == 0


def test_a_derived_part_of_a_longer_log_is_refused(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "people.db") as store:
        store.append("ana", [said("tea")])
        with pytest.raises(InvalidInput, match=r"an event of the log \(0 to 1\), found 2"):
            store.save_derived("ana", "partition", 2, b"x")


# -- erasing -----------------------------------------------------------------------------------------------------------


def test_after_an_erasure_no_six_bytes_of_it_are_in_any_file(tmp_path: Path) -> None:
    word = "Quizzlebrantworp"
    with SqliteStore(tmp_path / "people.db") as store:
        for i in range(300):  # rows of many lengths, so that pages are split while they come
            store.append(f"u{i % 7}", [said(f"{'filler ' * (i % 60)}{word if i == 21 else 'tea'}")])
        store.append("u0", [Draft("operations", 1.0, {"operations": [{"text": word + "é" * 3000}]})])
        store.save_derived("u0", "partition", 10, word.encode() * 1000)
        assert runs_in(store, word)
        last = store.last("u0")
        assert store.rewrite("u0", {4: stone(last + 1), last: stone(last + 1)}, RECEIPT, expected=last) == last + 1
        assert runs_in(store, word) == []
        assert not store.overwriting_due
        assert len(list(store.read("u1"))) == 43


def test_the_same_words_of_other_people_stay(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "people.db") as store:
        store.append_many({user: [said("likes Quizzlebrantworp")] for user in ("ana", "ben")})
        store.rewrite("ana", {1: stone(2)}, RECEIPT, expected=1)
        assert next(store.read("ben")).body["text"] == "likes Quizzlebrantworp"


def test_an_erasure_of_what_is_not_there_changes_nothing(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "people.db") as store:
        store.append("ana", [said("tea")])
        for seq in (0, 2, -1):
            with pytest.raises(
                InvalidInput, match=r"erasure: field 'changed': expected an event of the log \(1 to 1\)"
            ):
                store.rewrite("ana", {1: stone(2), seq: stone(2)}, RECEIPT, expected=1)
        assert [event.kind for event in store.read("ana")] == ["observe"]


def test_an_erasure_that_cannot_be_overwritten_yet_is_finished_later(tmp_path: Path) -> None:
    path, word = tmp_path / "people.db", "Quizzlebrantworp"
    with SqliteStore(path, patience_s=0.2) as store:
        store.append("ana", [said(word), said("tea")])
        reader = sqlite3.connect(path)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchall()
        with pytest.raises(
            StorageError, match=r"are erased, but their old bytes could not be overwritten yet \(another"
        ):
            store.rewrite("ana", {1: stone(3)}, RECEIPT, expected=2)
        assert store.overwriting_due
        assert [event.kind for event in store.read("ana")] == ["erased", "observe", "erase"]
        assert runs_in(store, word)
        with SqliteStore(path, patience_s=0.1) as other:  # opening does not fail, and does not claim what is not so
            assert other.overwriting_due
        reader.close()
        with SqliteStore(path) as other:
            assert not other.overwriting_due
            assert runs_in(other, word) == []


def test_an_erasure_finishes_what_an_earlier_one_left(tmp_path: Path) -> None:
    path, word = tmp_path / "people.db", "Quizzlebrantworp"
    with SqliteStore(path, patience_s=0.1) as store:
        store.append("ana", [said(word), said("tea")])
        reader = sqlite3.connect(path)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchall()
        with pytest.raises(StorageError):
            store.rewrite("ana", {1: stone(3)}, RECEIPT, expected=2)
        reader.close()
        store.rewrite("ana", {2: stone(4)}, RECEIPT, expected=3)
        assert not store.overwriting_due
        assert runs_in(store, word) == []


def moved(path: Path, secure: str) -> SqliteStore:
    """A store in which rows have been moved from page to page, and one that was then taken out by hand."""
    store = SqliteStore(path)
    for i in range(60):
        store.append("ana", [said(f"number{i:04d} " + "filler " * 40)])
        store.append("ben", [said(f"another{i:04d} " + "filler " * 40)])
    store._database.execute(f"PRAGMA secure_delete={secure}")
    store._database.execute("UPDATE events SET body = '{}' WHERE body LIKE '%number0030%'")
    store._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return store


def test_the_search_finds_what_was_left_in_a_page(tmp_path: Path) -> None:
    with moved(tmp_path / "people.db", "OFF") as store:
        assert b"number0030" in store.path.read_bytes()
        assert leftovers(store.path, [b"number0030"], [], b"")
        assert not leftovers(store.path, [b"number0030"], [], b"the number0030 stays elsewhere")
        assert not leftovers(store.path, [b"never said"], [], b"")
        assert leftovers(store.path, [], [b"\x01number0030"[1:] * 7], b"")
        assert not leftovers(store.path, [], [bytes(500)], b"")
        store._database.execute("VACUUM")
        store._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        assert b"number0031" in store.path.read_bytes()
        assert not leftovers(store.path, [b"number0030", b"number0031"], [], b"number003")  # alive, and so none


def test_the_search_looks_into_free_pages(tmp_path: Path) -> None:
    path = tmp_path / "plain.db"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA secure_delete=OFF")
        database.execute("CREATE TABLE t (a)")
        database.execute("INSERT INTO t VALUES (?)", ("filler " * 9000 + "Quizzlebrantworp",))
        database.commit()
        assert not leftovers(path, [b"Quizzlebrantworp"], [], b"")
        database.execute("DELETE FROM t")
    database.close()
    assert leftovers(path, [b"Quizzlebrantworp"], [], b"")


def test_two_stores_of_one_file_see_each_other(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    with SqliteStore(path) as one, SqliteStore(path) as other:
        one.append("ana", [said("tea")])
        assert other.append("ana", [said("rain")], expected=1) == 2
        assert [event.body["text"] for event in one.read("ana")] == ["tea", "rain"]


def test_nothing_of_a_store_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    with SqliteStore(path) as store:
        store.append("ana", [said("tea")])
        list(store.read("ana"))
    names = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _is_link(fd)]  # noqa: PTH115, PTH208
    assert not [name for name in names if name.startswith(str(path))]
    assert [file.name for file in tmp_path.iterdir()] == ["people.db"]


def _is_link(fd: str) -> bool:
    return os.path.islink(f"/proc/self/fd/{fd}")  # noqa: PTH114


def test_an_erasure_keeps_the_locks_by_which_other_processes_know_that_the_file_is_open(tmp_path: Path) -> None:
    # An erasure reads the file; were it closed then, another process that closes it would take itself for the last one, and
    # remove the write-ahead log that this one goes on with.
    path = tmp_path / "people.db"
    other = (
        "import sys; from personarium.remember import Memory\n"
        "memory = Memory.open(sys.argv[1])\n"
        "print(memory.users(), flush=True); sys.stdin.readline()\n"
        "print(memory.users(), flush=True); memory.close()\n"
        "memory = Memory.open(sys.argv[1])\n"
        "memory.user('bo').remember('rowing'); print('written', flush=True); sys.stdin.readline()\n"
    )
    with Memory.open(path) as memory:
        memory.user("ana").remember("swimming")
        assert memory.users() == ["ana"]
        command = [sys.executable, "-c", other, str(path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stdout.readline() == "['ana']\n"
            memory.user("ana").forget(words=["swimming"], mode="erase")
            process.stdin.write("\n")
            process.stdin.flush()
            assert [process.stdout.readline() for _ in range(2)] == ["['ana']\n", "written\n"]
            assert memory.users() == ["ana", "bo"]
            process.communicate("\n")
