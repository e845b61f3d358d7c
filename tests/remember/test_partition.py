"""The packed partition of one user answers everything exactly as the replayed reference does, however it came to be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput, StorageError
from personarium.remember.events import Draft, Event
from personarium.remember.list_store import ListStore
from personarium.remember.packing import pack, unpack
from personarium.remember.partition import Partition
from personarium.remember.partition_view import NAME, PartitionCache, PartitionView
from personarium.remember.ranking import cosines, rank
from personarium.remember.replay import replay
from personarium.remember.store import Conflict
from personarium.remember.strategy import HYBRID, MEANING, WORDS, Weights
from personarium.remember.view import ReplayedView
from personarium.testing.memory_store import check_same_view
from personarium.text.embed import StaticEmbedder

EMBEDDER = StaticEmbedder()
NOW = 100.0
QUERIES = ("tea in the garden", "who is her sister", "zzz", "")
WORDS_SAID = ("tea", "garden", "sister", "Ana's", "bees", "moved", "violin", "rain", "日本", "likes", "hates", "the")


# -- random logs -------------------------------------------------------------------------------------------------------

texts = st.lists(st.sampled_from(WORDS_SAID), min_size=1, max_size=5).map(" ".join)
times = st.sampled_from([1.0, 5.0, 5.5, 50.0])
marks = st.sampled_from([{"strength": 2}, {"strength": None}, {"archived": 9.0}, {"archived": None}, {}])


@st.composite
def observe(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    body: dict[str, Any] = {"text": draw(texts), "at": draw(times)}
    if draw(st.integers(0, 7)) == 0:
        body["id"] = draw(st.sampled_from(["mine", "o3"]))
    return "observe", body


@st.composite
def operations(draw: st.DrawFn, last: int) -> tuple[str, dict[str, Any]]:
    edits: list[dict[str, Any]] = []
    for place in range(draw(st.integers(1, 3))):
        action = draw(st.sampled_from(["add", "add", "update", "correct", "delete", "mark"]))
        edit: dict[str, Any] = {"action": action, "importance": draw(st.sampled_from([0.2, 0.5, 0.9]))}
        if action != "add":
            known = [f"f{seq}_{n}" for seq in range(1, last + 1) for n in range(2)]
            told = [f"o{seq}" for seq in range(1, last + 1)] + ["mine", "nothing"]
            own = [f"+{n}" for n in range(place)]
            edit["target"] = draw(st.sampled_from([*known, *known, *own, *told]))
        if action in ("add", "update", "correct"):
            edit |= {"text": draw(texts), "kind": draw(st.sampled_from(["fact", "leaf"]))}
            edit["key"] = draw(st.sampled_from(["", "tastes.drink"]))
        if action == "mark":
            edit["attributes"] = draw(marks)
        edit["evidence"] = draw(st.sampled_from([[], ["o1"], ["o2", "f2_0"]]))
        if draw(st.booleans()):
            edit["at"] = draw(times)
        edits.append(edit)
    return "operations", {"operations": edits, "strategy": draw(st.sampled_from(["", "tree"]))}


@st.composite
def logs(draw: st.DrawFn) -> list[Draft]:
    out: list[Draft] = []
    for seq in range(1, draw(st.integers(1, 14)) + 1):
        kind = draw(st.sampled_from(["observe", "observe", "operations", "operations", "operations", "undo", "erased"]))
        if kind == "undo":
            body: dict[str, Any] = {"of": draw(st.integers(1, seq))}
        elif kind == "erased":
            body = {"receipt": 1}
        else:
            kind, body = draw(observe() if kind == "observe" else operations(seq))
        out.append(Draft(kind, float(seq), body))  # type: ignore[arg-type]
    return out


def check(store: ListStore, cache: PartitionCache) -> None:
    reference = ReplayedView("ana", replay(store.read("ana")), NOW, EMBEDDER)
    ids = [*reference.state.observations, *reference.state.facts]
    check_same_view(cache.view("ana", NOW), reference, QUERIES, ids)


@settings(max_examples=60)
@given(logs(), st.integers(0, 14), st.booleans())
def test_a_partition_answers_like_the_reference(log: list[Draft], cut: int, packed: bool) -> None:
    store = ListStore()
    cache = PartitionCache(store, EMBEDDER)
    store.append("ana", log[:cut])
    if packed:
        store.save_derived("ana", NAME, cut and min(cut, len(log)), cache.get("ana").packed(EMBEDDER))
        cache = PartitionCache(store, EMBEDDER)
    else:
        cache.get("ana")
    store.append("ana", log[cut:])
    check(store, cache)
    assert cache.rebuilt == 0


@settings(max_examples=25)
@given(logs())
def test_a_partition_that_grows_event_by_event_answers_like_the_reference(log: list[Draft]) -> None:
    store = ListStore()
    cache = PartitionCache(store, EMBEDDER)
    for draft in log:
        store.append("ana", [draft])
        cache.get("ana")
    check(store, cache)


@settings(max_examples=25)
@given(logs(), st.data())
def test_after_an_erasure_nothing_of_it_is_in_the_partition(log: list[Draft], data: st.DataObject) -> None:
    store = ListStore()
    cache = PartitionCache(store, EMBEDDER)
    store.append("ana", log)
    cache.get("ana")
    gone = data.draw(st.sets(st.integers(1, len(log)), min_size=1))
    changed = {seq: _stone(log[seq - 1], data.draw(st.booleans()), len(log) + 1) for seq in gone}
    store.rewrite("ana", changed, Draft("erase", NOW, {"n": 1}), expected=len(log))
    check(store, cache)
    whole = {seq for seq in gone if changed[seq].kind == "erased"}
    assert not whole & set(cache.get("ana").rows["seq"].tolist())


def _stone(draft: Draft, partly: bool, receipt: int) -> Draft:
    """What is left of an event: nothing, or a batch without its first edit."""
    if draft.kind != "operations" or not partly:
        return Draft("erased", draft.at, {"receipt": receipt})
    left = [{"erased": receipt}, *draft.body["operations"][1:]]
    return Draft("operations", draft.at, {**draft.body, "operations": left})


# -- the cache ---------------------------------------------------------------------------------------------------------


def said(text: str, at: float = 1.0) -> Draft:
    return Draft("observe", at, {"text": text, "at": at})


def with_facts(count: int) -> ListStore:
    store = ListStore()
    store.append("ana", [said(f"fact number {i} about tea") for i in range(count)])
    return store


def test_a_partition_is_kept_when_many_events_have_come_since() -> None:
    store = with_facts(128)
    cache = PartitionCache(store, EMBEDDER)
    cache.get("ana")
    assert store.load_derived("ana", NAME) is None
    store.append("ana", [said("one more")])
    cache.get("ana")
    kept = store.load_derived("ana", NAME)
    assert kept is not None
    assert kept[0] == 129
    assert b"number" not in kept[1]  # words are not legible in what is derived


def test_a_partition_that_is_dropped_from_memory_is_kept_first() -> None:
    store = with_facts(33)
    store.append("ben", [said("hello")])
    cache = PartitionCache(store, EMBEDDER, limit_bytes=1)
    cache.get("ana")
    cache.get("ben")
    assert store.load_derived("ana", NAME) is not None
    cache.close()
    assert store.load_derived("ben", NAME) is None  # one event is read as fast as a partition


def test_memory_of_partitions_is_bounded() -> None:
    store = ListStore()
    cache = PartitionCache(store, EMBEDDER, limit_bytes=200_000)
    for number in range(40):
        store.append(f"u{number}", [said(f"fact number {i} about tea") for i in range(50)])
        cache.get(f"u{number}")
        assert cache._bytes <= 200_000
    assert 2 <= len(cache._held) < 20


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:-9], lambda data: b"", lambda data: b"x" * 500, lambda data: data[:40] + b"?" + data[41:]],
)
def test_a_damaged_partition_is_made_anew_and_said(damage: Any) -> None:
    store = with_facts(10)
    data = PartitionCache(store, EMBEDDER).get("ana").packed(EMBEDDER)
    store.save_derived("ana", NAME, 10, damage(data))
    cache = PartitionCache(store, EMBEDDER)
    assert len(cache.view("ana", NOW).search("tea", 20)) == 10
    assert cache.rebuilt == 1


def test_a_partition_from_a_longer_log_than_there_is_is_not_used() -> None:
    longer, store = with_facts(10), with_facts(3)
    store.save_derived("ana", NAME, 10, PartitionCache(longer, EMBEDDER).get("ana").packed(EMBEDDER))
    assert PartitionCache(store, EMBEDDER).get("ana").through == 3


class Shorter:
    """Another embedder."""

    name, dim = "short", 4

    def embed(self, texts: Any) -> Any:
        return np.ones((len(texts), 4), np.float32) / 2


def test_a_partition_of_another_embedder_is_made_anew() -> None:
    store = with_facts(300)
    PartitionCache(store, EMBEDDER).get("ana")
    cache = PartitionCache(store, Shorter())
    assert cache.get("ana").vectors.shape == (300, 4)
    assert cache.rebuilt == 1


class FullDisk(ListStore):
    def save_derived(self, user: str, name: str, through: int, data: bytes) -> None:
        raise StorageError("the disk is full")


def test_a_partition_that_cannot_be_kept_is_said_and_used_all_the_same() -> None:
    store = FullDisk()
    store.append("ana", [said(f"tea {i}") for i in range(300)])
    cache = PartitionCache(store, EMBEDDER)
    assert cache.view("ana", NOW).search("tea", 1)
    assert cache.not_saved == "the disk is full"


def test_a_view_from_before_an_erasure_gives_nothing_that_was_erased() -> None:
    store = with_facts(3)
    view = PartitionCache(store, EMBEDDER).view("ana", NOW)
    store.rewrite("ana", {2: Draft("erased", 1.0, {"receipt": 4})}, Draft("erase", 9.0, {}), expected=3)
    with pytest.raises(Conflict, match="erased while it was being read"):
        view.search("tea", 5)
    assert view.observation("o1") is not None


class ErasedMeanwhile(ListStore):
    """A store in which somebody erases the first event just after a reader has read the end of the log."""

    armed = False

    def read(self, user: str, after: int = 0) -> Iterator[Event]:
        events = list(super().read(user, after))
        if self.armed:
            self.armed = False
            stone = Draft("erased", 1.0, {"receipt": 3})
            self.rewrite("ana", {1: stone}, Draft("erase", 9.0, {}), expected=2)
        return iter(events)


def test_an_erasure_between_two_steps_of_a_reader_is_noticed() -> None:
    store = ErasedMeanwhile()
    cache = PartitionCache(store, EMBEDDER)
    store.append("ana", [said("a secret")])
    cache.get("ana")
    mark = {"operations": [{"action": "mark", "target": "o1", "attributes": {"strength": 1}}]}
    store.append("ana", [Draft("operations", 2.0, mark)])
    store.armed = True
    view = cache.view("ana", NOW)
    assert (view.partition.through, view.search("secret", 5)) == (3, [])


def test_a_partition_is_never_changed_by_what_comes_later() -> None:
    store = ListStore()
    cache = PartitionCache(store, EMBEDDER)
    add = {"operations": [{"action": "add", "text": "likes tea", "kind": "fact"}]}
    store.append("ana", [Draft("operations", 1.0, add)])
    before = cache.view("ana", NOW)
    store.append("ana", [Draft("operations", 2.0, {"operations": [{"action": "delete", "target": "f1_0"}]})])
    assert isinstance(cache.view("ana", NOW), PartitionView)
    assert list(cache.view("ana", NOW).facts()) == []
    assert [fact.text for fact in before.facts()] == ["likes tea"]


# -- the parts ---------------------------------------------------------------------------------------------------------


def ranked(weights: Weights, k: int = 10, **changed: Any) -> list[int]:
    arrays = {
        "bm25_scores": np.array([4.0, 0.0, 2.0, 0.0, 0.0]),
        "cosines": np.array([0.1, 0.9, 0.3, 0.19, -0.5]),
        "ages_s": np.array([0.0, 10.0, 0.0, 0.0, 0.0]),
        "importances": np.full(5, 0.5),
    }
    return rank(**{**arrays, **changed}, weights=weights, k=k, reach=4.0)[0].tolist()


def test_ranking_takes_what_shares_words_or_meaning_and_nothing_else() -> None:
    assert ranked(HYBRID) == [1, 0, 2]
    assert ranked(WORDS) == [0, 2]
    assert ranked(MEANING) == [1, 2]
    assert ranked(HYBRID, k=1) == [1]
    assert ranked(HYBRID, k=0) == []
    assert ranked(HYBRID, bm25_scores=np.zeros(5), cosines=np.zeros(5)) == []


def test_ranking_weighs_the_parts_as_it_says() -> None:
    found, scores, parts = rank(
        np.array([4.0, 1.0]),
        np.array([0.5, 1.0]),
        np.array([0.0, 10.0]),
        np.array([1.0, 0.2]),
        Weights(0.4, 0.3, 0.2, 0.1, half_life_s=10.0),
        5,
        reach=2.0,
    )
    assert found.tolist() == [0, 1]
    assert {name: values.tolist() for name, values in parts.items()} == {
        "words": [1.0, 0.5],
        "meaning": [0.5, 1.0],
        "recency": [1.0, 0.5],
        "importance": [1.0, 0.2],
    }
    assert scores == pytest.approx([0.4 + 0.15 + 0.2 + 0.1, 0.2 + 0.3 + 0.1 + 0.02])


def test_of_equal_scores_the_newer_is_first_then_the_earlier_place() -> None:
    same = np.ones(4)
    ages = np.array([5.0, 1.0, 5.0, 1.0])
    weights = Weights(words=1.0, meaning=0.0, recency=0.0, importance=0.0)
    assert rank(same, same, ages, same, weights, 3, reach=1.0)[0].tolist() == [1, 3, 0]


def test_ranking_refuses_arrays_that_do_not_fit() -> None:
    with pytest.raises(InvalidInput, match="four arrays of one length"):
        ranked(HYBRID, cosines=np.zeros(4))


def test_a_row_has_the_same_cosine_wherever_it_stands() -> None:
    vectors = np.random.default_rng(0).standard_normal((5000, 128)).astype(np.float16)
    asked = vectors[7].astype(np.float32)
    whole = cosines(vectors, asked)
    assert np.array_equal(whole[4090:4111], cosines(vectors[4090:4111], asked))
    assert whole[3] == cosines(vectors[3:4], asked)[0]


@given(st.lists(st.tuples(st.sampled_from(["<f2", "<i8", "?"]), st.integers(0, 5), st.integers(1, 3)), max_size=4))
def test_packed_arrays_come_back(kinds: list[tuple[str, int, int]]) -> None:
    arrays = {f"a{i}": np.arange(n * m).reshape(n, m).astype(kind) for i, (kind, n, m) in enumerate(kinds)}
    arrays["rows"] = np.zeros(3, [("a", "<i8"), ("b", "?")])
    values, back = unpack(pack({"n": 1, "x": ["é"]}, arrays))
    assert values == {"n": 1, "x": ["é"]}
    assert {name: (a.dtype, a.tolist()) for name, a in back.items()} == {
        name: (a.dtype, a.tolist()) for name, a in arrays.items()
    }


@given(st.binary(max_size=200), st.integers(0, 300))
def test_bytes_that_were_not_packed_are_refused(data: bytes, cut: int) -> None:
    whole = pack({"n": 1}, {"a": np.arange(20)})
    for broken in (data, whole[: min(cut, len(whole) - 1)], whole[:12] + data):
        with pytest.raises(InvalidInput, match="packed arrays"):
            unpack(broken)


def test_objects_cannot_be_smuggled_in() -> None:
    import json
    import zlib

    head = zlib.compress(json.dumps({"values": {}, "arrays": [["a", [["", "|O"]], [1]]]}).encode())
    with pytest.raises(InvalidInput, match="packed arrays"):
        unpack(b"PRSMPCK1" + len(head).to_bytes(4, "little") + head + bytes(64))


def test_a_log_on_disk_is_packed_too(tmp_path: Path) -> None:
    from personarium.remember.sqlite_store import SqliteStore

    with SqliteStore(tmp_path / "people.db") as store:
        store.append("ana", [said(f"tea number {i}") for i in range(300)])
        first = PartitionCache(store, EMBEDDER).get("ana")
        again = PartitionCache(store, EMBEDDER)
        second = again.get("ana")
        assert again.rebuilt == 0
        assert first.through == second.through == 300
        assert np.array_equal(first.vectors, second.vectors)
        assert isinstance(second, Partition)
