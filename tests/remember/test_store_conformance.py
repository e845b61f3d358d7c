"""Both stores pass the conformance suite that any other one has to pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from personarium.remember.events import Draft
from personarium.remember.list_store import ListStore
from personarium.remember.sqlite_store import SqliteStore
from personarium.remember.store import EventStore
from personarium.testing.memory_store import STORE_CHECKS


@pytest.fixture(params=["list", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventStore]:
    opened: EventStore = ListStore() if request.param == "list" else SqliteStore(tmp_path / "people.db")
    yield opened
    opened.close()


@pytest.mark.parametrize("check", STORE_CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_store(store: EventStore, check: Callable[[EventStore], None]) -> None:
    assert isinstance(store, EventStore)
    check(store)


class Forgetful(ListStore):
    """A store that loses every second event of a write."""

    def append(self, user: str, drafts: Sequence[Draft], *, expected: int | None = None) -> int:
        return super().append(user, drafts[::2], expected=expected)


class Careless(ListStore):
    """A store that lets stale writers in."""

    def append(self, user: str, drafts: Sequence[Draft], *, expected: int | None = None) -> int:
        return super().append(user, drafts)


def failed(store: EventStore) -> set[str]:
    found = set()
    for check in STORE_CHECKS:
        try:
            check(type(store)())
        except Exception:
            found.add(check.__name__)
    return found


def test_the_suite_sees_a_store_that_loses_events() -> None:
    assert {"check_numbers_have_no_gaps", "check_threads_lose_nothing"} <= failed(Forgetful())


def test_the_suite_sees_a_store_without_conflicts() -> None:
    assert failed(Careless()) - failed(ListStore()) == {"check_a_stale_writer_is_told"}


def test_a_reader_that_was_not_begun_sees_the_moment_of_the_call(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "people.db") as store:
        store.append("ana", [Draft("observe", 1.0, {"text": "one"})])
        reading = store.read("ana")
        store.append("ana", [Draft("observe", 2.0, {"text": "two"})])
        assert [event.body["text"] for event in reading] == ["one"]
