"""What every store of memories must do (:class:`personarium.remember.store.EventStore`), and every fast view of one user.

Use:
    ``@pytest.mark.parametrize("check", STORE_CHECKS)`` over a test that calls ``check(store)`` with a new, empty store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

from personarium.core.errors import InvalidInput
from personarium.remember.events import Draft, Event, EventKind
from personarium.remember.records import Fact, Observation
from personarium.remember.store import Conflict, EventStore
from personarium.remember.strategy import HYBRID, MEANING, SAID, WORDS, UserView, Weights

ODD_USERS = ("ana", "../../etc/passwd", "a/b", "ANA", "'; DROP TABLE users; --", "日本語", "🐝", " ana", "x" * 512)
NO_USERS = ("", "   ", "x" * 513, "a\x00b", "line\nend")
ODD_TEXTS = ("", "tea", 'quo"te \\ back', "a\x00b", "line\nend\u2028", "Ünïcödé 🐝", "\ud83d alone", "x" * 20_000)


def said(text: str, at: float = 1.0) -> Draft:
    """The event of something said."""
    return Draft("observe", at, {"text": text, "at": at})


# -- stores ------------------------------------------------------------------------------------------------------------


def check_numbers_have_no_gaps(store: EventStore) -> None:
    """Events count 1, 2, 3, …; a write says the number of its first event; one of nothing writes nothing."""
    assert store.last("ana") == 0
    assert store.append("ana", [said("one"), said("two")]) == 1
    assert store.append("ana", [said("three")]) == 3
    assert store.append("ana", []) == 4
    assert store.append("ben", []) == 1
    assert [event.seq for event in store.read("ana")] == [1, 2, 3]
    assert (store.last("ana"), store.last("ben")) == (3, 0)
    assert list(store.users()) == ["ana"]


def check_what_is_read_is_what_was_written(store: EventStore) -> None:
    """Kind, time and body come back, whatever letters are in them."""
    kinds = ("observe", "operations", "undo", "erase", "erased")
    drafts = [
        Draft(cast(EventKind, kinds[i % 5]), i + 0.125, {"text": text, "n": [1, 2.5, None, True]})
        for i, text in enumerate(ODD_TEXTS)
    ]
    store.append("ana", drafts)
    events = list(store.read("ana"))
    assert [_content(event) for event in events] == [(d.kind, d.at, dict(d.body)) for d in drafts]
    assert [event.seq for event in store.read("ana", after=6)] == [7, 8]
    assert list(store.read("ana", after=8)) == list(store.read("ana", after=99)) == []
    assert store.pick("ana", [8, 2, 2, 0, -1, 99]) == {2: events[1], 8: events[7]}
    assert store.pick("ana", []) == store.pick("nobody", [1]) == {}


def check_users_are_kept_apart(store: EventStore) -> None:
    """No user's id is a path, a pattern or a statement; nobody sees anything of anybody else."""
    for user in ODD_USERS:
        store.append(user, [said(f"I am {user}"), said("and nobody else")])
    assert list(store.users()) == list(ODD_USERS)
    for user in ODD_USERS:
        assert [event.body["text"] for event in store.read(user)] == [f"I am {user}", "and nobody else"]
        assert store.pick(user, [1, 3])[1].body["text"] == f"I am {user}"
    store.save_derived("a/b", "partition", 2, b"of a/b")
    assert [user for user in ODD_USERS if store.load_derived(user, "partition")] == ["a/b"]
    store.rewrite("ANA", {1: Draft("erased", 1.0, {"receipt": 3})}, Draft("erase", 2.0, {}), expected=2)
    assert next(store.read("ana")).kind == "observe"
    assert store.load_derived("a/b", "partition") == (2, b"of a/b")


def check_ids_that_are_none_are_refused(store: EventStore) -> None:
    """An empty, blank, overlong id, or one with a control character, is refused and nothing is written."""
    for user in NO_USERS:
        _refused(partial(store.append, user, [said("x")]))
        _refused(partial(store.append_many, {"ana": [said("x")], user: [said("x")]}))
    assert list(store.users()) == []


def check_many_users_in_one_step(store: EventStore) -> None:
    """A write to many users gives each one's first number."""
    store.append("ben", [said("before")])
    first = store.append_many({"ana": [said("a"), said("b")], "ben": [said("c")]})
    assert first == {"ana": 1, "ben": 2}
    assert [event.body["text"] for event in store.read("ben")] == ["before", "c"]


def check_a_stale_writer_is_told(store: EventStore) -> None:
    """Who has not seen the last event writes nothing."""
    store.append("ana", [said("one")], expected=0)
    for stale in (0, 2):
        _conflicts(partial(store.append, "ana", [said("two")], expected=stale))
        _conflicts(partial(store.rewrite, "ana", {}, Draft("erase", 1.0, {}), expected=stale))
    assert store.append("ana", [said("two")], expected=1) == 2
    assert [event.body["text"] for event in store.read("ana")] == ["one", "two"]


def check_an_erasure_replaces_and_signs(store: EventStore) -> None:
    """What is erased is replaced in its place, the receipt follows, and what was derived is gone."""
    store.append("ana", [said("a secret"), said("tea"), said("another secret")])
    store.save_derived("ana", "partition", 3, b"secrets")
    stone = Draft("erased", 1.0, {"receipt": 4})
    assert store.rewrite("ana", {1: stone, 3: stone}, Draft("erase", 9.0, {"n": 2}), expected=3) == 4
    assert [event.kind for event in store.read("ana")] == ["erased", "observe", "erased", "erase"]
    assert store.pick("ana", [1])[1].body == {"receipt": 4}
    assert store.last("ana") == 4
    assert store.load_derived("ana", "partition") is None


def check_derived_parts_are_kept_and_dropped(store: EventStore) -> None:
    """A derived part comes back with its number; a newer one takes its place; dropping says how many there were."""
    store.append_many({"ana": [said("one"), said("two")], "ben": [said("one")]})
    assert store.load_derived("ana", "partition") is None
    store.save_derived("ana", "partition", 1, b"\x00old")
    store.save_derived("ana", "partition", 2, b"\x00new")
    store.save_derived("ana", "tree", 1, b"")
    store.save_derived("ben", "partition", 1, b"ben")
    assert store.load_derived("ana", "partition") == (2, b"\x00new")
    assert store.load_derived("ana", "tree") == (1, b"")
    assert (store.drop_derived("ana"), store.drop_derived("ana"), store.drop_derived()) == (2, 0, 1)
    assert store.load_derived("ben", "partition") is None


def check_a_derived_part_from_before_an_erasure_stays_out(store: EventStore) -> None:
    """A reader that was slow does not bring back what was erased meanwhile."""
    store.append("ana", [said("a secret")])
    store.rewrite("ana", {1: Draft("erased", 1.0, {"receipt": 2})}, Draft("erase", 2.0, {}), expected=1)
    store.save_derived("ana", "partition", 1, b"a secret")
    assert store.load_derived("ana", "partition") is None
    store.save_derived("ana", "partition", 2, b"nothing")
    assert store.load_derived("ana", "partition") == (2, b"nothing")


def check_a_reader_sees_one_moment(store: EventStore) -> None:
    """What is read slowly is not mixed with what is written or erased meanwhile."""
    store.append("ana", [said("one"), said("two")])
    reading = store.read("ana")
    first = next(reading)
    store.rewrite("ana", {2: Draft("erased", 1.0, {"receipt": 3})}, Draft("erase", 2.0, {}), expected=2)
    assert [first.kind, *(event.kind for event in reading)] == ["observe", "observe"]


def check_threads_lose_nothing(store: EventStore) -> None:
    """Eight threads write to the same and to their own users at once."""

    def write(thread: int) -> None:
        for i in range(10):
            store.append("all", [said(f"{thread}.{i}a"), said(f"{thread}.{i}b")])
            store.append(f"own{thread}", [said(str(i))])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [event.body["text"] for event in store.read("all")]
    assert len(everything) == len(set(everything)) == 160
    pairs = list(zip(everything[::2], everything[1::2]))
    assert all(a[:-1] == b[:-1] and (a[-1], b[-1]) == ("a", "b") for a, b in pairs)
    assert [event.seq for event in store.read("all")] == list(range(1, 161))
    for thread_number in range(8):
        assert [event.body["text"] for event in store.read(f"own{thread_number}")] == [str(i) for i in range(10)]


STORE_CHECKS: tuple[Callable[[EventStore], None], ...] = (
    check_numbers_have_no_gaps,
    check_what_is_read_is_what_was_written,
    check_users_are_kept_apart,
    check_ids_that_are_none_are_refused,
    check_many_users_in_one_step,
    check_a_stale_writer_is_told,
    check_an_erasure_replaces_and_signs,
    check_derived_parts_are_kept_and_dropped,
    check_a_derived_part_from_before_an_erasure_stays_out,
    check_a_reader_sees_one_moment,
    check_threads_lose_nothing,
)


# -- views -------------------------------------------------------------------------------------------------------------


def check_same_view(view: UserView, reference: UserView, queries: Sequence[str], ids: Sequence[str] = ()) -> None:
    """A fast view answers everything exactly as the reference does: entries, order, scores and parts.

    Args:
        view: The one to check.
        reference: A :class:`personarium.remember.view.ReplayedView` of the same log, user and time.
        queries: What is searched for.
        ids: Entries that are looked up by their id, beside those that the reference lists.
    """
    assert (view.user, view.now) == (reference.user, reference.now)
    everything = list(reference.facts(ended=True))
    kinds = [*sorted({fact.kind for fact in everything}), "no such kind"]
    strategies = [*sorted({fact.strategy for fact in everything}), "no such strategy", None]
    _check_observations(view, reference)
    for ended in (False, True):
        for strategy in strategies:
            _same(view.facts(ended=ended, strategy=strategy), reference.facts(ended=ended, strategy=strategy))
            _same(
                view.facts(*kinds[:2], ended=ended, strategy=strategy),
                reference.facts(*kinds[:2], ended=ended, strategy=strategy),
            )
            for query in queries:
                _check_search(view, reference, query, kinds, ended, strategy)
    for id in (*ids, *(fact.id for fact in everything), "f99999_0", "o99999", "f1", "o", "nonsense", ""):
        assert view.fact(id) == reference.fact(id), f"fact {id!r} differs"
        assert view.observation(id) == reference.observation(id), f"observation {id!r} differs"


def _check_observations(view: UserView, reference: UserView) -> None:
    told = reference.observations()
    _same(view.observations(), told)
    for one in told:
        assert view.observation(one.id) == one
        _same(view.observations(one.id), reference.observations(one.id))
    _same(view.observations("no such"), reference.observations("no such"))


def _check_search(
    view: UserView, reference: UserView, query: str, kinds: Sequence[str], ended: bool, strategy: str | None
) -> None:
    chosen: tuple[tuple[Sequence[str], Weights], ...] = (
        ((), HYBRID),
        ((SAID,), WORDS),
        (kinds, MEANING),
        ((*kinds[:1], SAID), HYBRID),
    )
    for among, weights in chosen:
        for k in (0, 2, 1000):
            ours = view.search(query, k, among, weights=weights, ended=ended, strategy=strategy)
            theirs = reference.search(query, k, among, weights=weights, ended=ended, strategy=strategy)
            assert ours == theirs, f"search for {query!r} among {among} gave {ours}, expected {theirs}"


def _same(ours: Sequence[Fact] | Sequence[Observation], theirs: Sequence[Fact] | Sequence[Observation]) -> None:
    assert list(ours) == list(theirs), f"expected {list(theirs)}, found {list(ours)}"


def _content(event: Event) -> tuple[str, float, dict[str, object]]:
    return event.kind, event.at, dict(event.body)


def _refused(write: Callable[[], object]) -> None:
    try:
        write()
    except InvalidInput:
        return
    raise AssertionError("an id that is none was taken")


def _conflicts(write: Callable[[], object]) -> None:
    try:
        write()
    except Conflict:
        return
    raise AssertionError("a stale writer was let in")
