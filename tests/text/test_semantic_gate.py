"""The semantic gate: planted copies are found, random pairs are not, in order, in blocks, the same with either search."""

from __future__ import annotations

import random
import sys
import tracemalloc

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput, UsageError
from personarium.core.facets import Facet
from personarium.core.persona import Persona
from personarium.core.population import Population
from personarium.text.embed import load_embedder
from personarium.text.joined_values import joined_values, values_of
from personarium.text.semantic_gate import BLOCK, GateLimits, SemanticGate, calibrate, near_copies
from personarium.text.vector_search import open_search

WORDS = (
    "harbour violin baker winter bridge copper orchard letter marsh lantern tailor meadow pigeon chapel barley canvas "
    "glacier ferry saddle thunder pepper quarry ribbon spider turnip velvet walnut zebra anchor beacon candle dragon"
)


def row(rng: random.Random) -> list[str]:
    words = WORDS.split()
    return [f"{rng.choice(words)} {rng.choice(words)} {rng.randrange(100)}" for _ in range(20)]


def planted(count: int, copies: int) -> tuple[list[str], dict[int, int]]:
    """Texts of twenty values; the last ``copies`` of them are the first with one value changed or two words swapped."""
    rng = random.Random(5)
    rows = [row(rng) for _ in range(count - copies)]
    texts = ["; ".join(values) for values in rows]
    for k in range(copies):
        values, other = list(rows[k]), rng.randrange(20)
        if k % 2:
            values[other] = row(rng)[0]
        else:
            values[other] = " ".join(reversed(values[other].split()))
        texts.append("; ".join(values))
    return texts, {count - copies + k: k for k in range(copies)}


def directions(count: int, dim: int = 24, seed: int = 0) -> NDArray[np.float32]:
    """Random vectors of length 1 that share a mean."""
    rows = np.random.default_rng(seed).normal(size=(count, dim)) + 2
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def with_copies(rows: NDArray[np.float32], copies: int) -> NDArray[np.float32]:
    """The rows, and the first of them again, a little moved."""
    moved = rows[:copies] + np.random.default_rng(9).normal(scale=0.005, size=(copies, rows.shape[1]))
    return np.concatenate([rows, moved.astype(np.float32)])


# -- what is found -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["exact", "hnsw"])
def test_planted_copies_are_found_and_nothing_else(backend: str) -> None:
    pytest.importorskip("usearch")
    texts, truth = planted(3000, 60)
    found = near_copies(texts, backend=backend)  # type: ignore[arg-type]
    named = {pair.row: pair.earlier for pair in found.pairs}
    assert sum(named.get(copy) == original for copy, original in truth.items()) >= 57
    assert len(set(named) - set(truth)) <= 30  # by chance at most 1 % of the rows
    assert found.rows == 3000 and found.found == len(found.pairs)
    assert found.share == found.found / 3000


def test_at_most_one_random_pair_in_a_thousand_passes() -> None:
    texts, _ = planted(3000, 0)
    vectors = load_embedder().embed(texts)
    calibration = calibrate(vectors[:1500], 3000, GateLimits(floor=0.0, by_chance=None))
    fresh = calibration.centre(vectors[1500:])
    cosines = (fresh @ fresh.T)[np.triu_indices(1500, 1)]
    assert calibration.passing <= 0.001
    assert 0.0005 < np.mean(cosines > calibration.threshold) < 0.0013  # of pairs it has not seen


def test_uncentred_vectors_would_all_be_alike() -> None:
    vectors = directions(500)
    pairs = np.triu_indices(500, 1)
    assert np.median((vectors @ vectors.T)[pairs]) > 0.75
    centred = calibrate(vectors, 500).centre(vectors)
    assert abs(np.median((centred @ centred.T)[pairs])) < 0.05


def test_a_share_of_pairs_alone_leaves_nobody_new_in_a_large_population() -> None:
    vectors = directions(3000)
    alone = near_copies(vectors, limits=GateLimits(floor=0.0, by_chance=None), most=0)
    both = near_copies(vectors, limits=GateLimits(floor=0.0, by_chance=0.01), most=0)
    assert alone.share == pytest.approx(1 - (1 - np.exp(-3)) / 3, abs=0.03)  # 0.1 % of up to 3,000 earlier rows
    assert 0.002 < both.share < 0.03


def test_the_tail_tells_of_cosines_that_are_rarer_than_the_sample_is_large() -> None:
    small = calibrate(directions(1000), 8000, GateLimits(floor=0.0))
    large = near_copies(directions(8000, seed=3), limits=GateLimits(floor=0.0), most=0)
    assert large.calibration is not None
    assert small.threshold == pytest.approx(large.calibration.threshold, abs=0.03)
    assert 0.002 < large.share < 0.03


def test_the_threshold_keeps_to_floor_and_ceiling() -> None:
    vectors = directions(800)
    assert calibrate(vectors, 800, GateLimits(floor=0.9)).threshold == 0.9
    repeated = np.tile(vectors[:4], (50, 1))
    found = near_copies(repeated)
    assert found.calibration is not None and found.calibration.threshold == 0.95
    assert found.found == 196
    assert found.calibration.passing == pytest.approx(4 * (50 * 49 / 2) / (200 * 199 / 2))


# -- the gate ----------------------------------------------------------------------------------------------------------


def test_the_gate_accepts_in_order_and_names_the_accepted_row() -> None:
    rows = directions(300)
    gate = SemanticGate(calibrate(rows, 300))
    a, b, c = rows[0], rows[1], rows[2]
    assert gate.offer(np.stack([a, b, a])).tolist() == [-1, -1, 0]
    assert gate.offer(np.stack([c, b, c])).tolist() == [-1, 1, 3]
    assert len(gate) == 3


def test_offers_in_pieces_or_at_once_are_decided_alike() -> None:
    rows = with_copies(directions(3000), 200)[np.random.default_rng(1).permutation(3200)]
    calibration = calibrate(rows, 3200)
    at_once = SemanticGate(calibration).offer(rows)
    gate = SemanticGate(calibration)
    pieces = np.concatenate([gate.offer(rows[start : start + 700]) for start in range(0, 3200, 700)])
    assert ((at_once < 0) == (pieces < 0)).all()
    assert int((at_once >= 0).sum()) >= 200


def test_no_two_accepted_rows_are_near_and_every_refused_one_is() -> None:
    rows = with_copies(directions(BLOCK + 400, dim=8), 100)
    calibration = calibrate(rows, len(rows), GateLimits(floor=0.7, ceiling=0.8))
    near = SemanticGate(calibration).offer(rows)
    centred = calibration.centre(rows)
    accepted = np.flatnonzero(near < 0)
    among = (centred[accepted] @ centred[accepted].T)[np.triu_indices(len(accepted), 1)]
    refused = np.flatnonzero(near >= 0)
    assert among.max() <= calibration.threshold + 1e-6
    assert refused.size > 100 and (near[near[refused]] < 0).all() and (near[refused] < refused).all()
    assert (np.einsum("ij,ij->i", centred[refused], centred[near[refused]]) > calibration.threshold - 1e-6).all()


# -- the two searches --------------------------------------------------------------------------------------------------


def test_the_batch_pass_is_the_full_comparison() -> None:
    rows = with_copies(directions(BLOCK + 900, dim=12), 50)
    found = near_copies(rows, most=10_000)
    assert found.calibration is not None
    centred = found.calibration.centre(rows)
    cosines = np.where(np.tri(len(rows), k=-1, dtype=np.bool_), centred @ centred.T, -1)
    expected = np.flatnonzero(cosines.max(axis=1) > found.calibration.threshold)
    assert sorted(pair.row for pair in found.pairs) == expected.tolist()
    for pair in found.pairs:
        assert pair.cosine == pytest.approx(cosines[pair.row].max(), abs=1e-5)
        assert cosines[pair.row, pair.earlier] == pytest.approx(pair.cosine, abs=1e-5)


def test_hnsw_agrees_with_the_full_comparison_and_with_itself() -> None:
    pytest.importorskip("usearch")
    rows = with_copies(directions(2500), 150)
    exact, graph, again = (near_copies(rows, backend=b) for b in ("exact", "hnsw", "hnsw"))
    assert graph.pairs == again.pairs
    here, there = ({(p.row, p.earlier) for p in one.pairs} for one in (exact, graph))
    assert len(here & there) >= 0.99 * len(here) >= 148
    cosines = {p.row: p.cosine for p in exact.pairs}
    assert max(abs(p.cosine - cosines.get(p.row, p.cosine)) for p in graph.pairs) < 0.002


@pytest.mark.parametrize("backend", ["exact", "hnsw"])
def test_a_search_that_keeps_nothing_finds_nobody(backend: str) -> None:
    pytest.importorskip("usearch")
    search = open_search(3, 10, backend)  # type: ignore[arg-type]
    query = np.eye(3, dtype=np.float32)
    assert search.nearest(query)[0].tolist() == [-1, -1, -1]
    search.add(np.array([7, 9]), query[:2])
    numbers, cosines = search.nearest(query[1:2])
    assert numbers.tolist() == [9] and cosines.tolist() == [1.0]
    assert search.nearest(query[:0])[0].tolist() == []


def test_without_the_extra_small_populations_work_and_large_ones_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "usearch", None)
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    rows = directions(200)
    assert near_copies(rows).rows == 200
    with pytest.raises(UsageError, match=r"among 1,000,000 rows need the extra 'dedup'.*personarium\[dedup\]"):
        SemanticGate(calibrate(rows, 1_000_000))
    assert len(SemanticGate(calibrate(rows, 1_000_000), "exact")) == 0
    with pytest.raises(UsageError, match="no backend 'faiss'"):
        open_search(3, 10, "faiss")  # type: ignore[arg-type]


def test_memory_is_that_of_a_block_not_of_all_pairs() -> None:
    rows = directions(10_000, dim=16)  # all cosines would be 400 MB
    tracemalloc.start()
    near_copies(rows, backend="exact")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 180e6


# -- the same again, and odd populations -------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_and_another_may_not() -> None:
    rows = directions(3000)
    limits = [GateLimits(floor=0.0, sample=500, paired=500, seed=seed) for seed in (1, 1, 2)]
    first, same, other = (near_copies(rows, limits=one) for one in limits)
    assert first.pairs == same.pairs and first.calibration is not None and other.calibration is not None
    assert first.calibration.threshold != other.calibration.threshold


def test_half_precision_vectors_are_taken_as_they_are() -> None:
    rows = with_copies(directions(1000), 20)
    whole, half = near_copies(rows), near_copies(rows.astype(np.float16))
    assert {p.row for p in whole.pairs} == {p.row for p in half.pairs} == set(range(1000, 1020))


def test_only_so_many_pairs_come_back_the_nearest_first() -> None:
    rows = np.concatenate([directions(500), directions(500)[:40]])
    found = near_copies(rows, most=10)
    assert (len(found.pairs), found.found) == (10, 40)
    assert [pair.cosine for pair in found.pairs] == sorted((pair.cosine for pair in found.pairs), reverse=True)


def test_members_that_are_all_the_same_are_copies_and_empty_ones_are_not() -> None:
    assert near_copies(["a quiet baker of bread"] * 30).found == 29
    texts, _ = planted(50, 0)
    blank = near_copies([*texts, "", "", " "])
    assert blank.found == 0
    gate = SemanticGate(calibrate(load_embedder().embed(texts), 50))
    assert gate.offer(np.zeros((3, 128), np.float32)).tolist() == [-1, -1, -1]


@pytest.mark.parametrize("texts", [[], ["one member"], ["", ""]])
def test_without_two_members_with_words_there_is_nothing_to_compare(texts: list[str]) -> None:
    found = near_copies(texts)
    assert (found.found, found.pairs, found.calibration, found.share) == (0, (), None, 0.0)


def test_two_members_are_enough() -> None:
    assert near_copies(["a quiet baker of bread", "a quiet baker of bread"]).found == 1
    assert near_copies(["a quiet baker of bread", "loud pilots fly over the bay"]).found == 0


def test_progress_is_told_block_by_block() -> None:
    seen: list[int] = []
    near_copies(directions(BLOCK + 5), progress=seen.append)
    assert seen == [BLOCK, BLOCK + 5]


def test_what_is_no_vector_is_refused_with_its_row() -> None:
    rows = directions(50)
    calibration = calibrate(rows, 50)
    with pytest.raises(InvalidInput, match="rows of 24 floats"):
        SemanticGate(calibration).offer(rows[:, :5])
    broken = rows.copy()
    broken[3, 0] = np.nan
    with pytest.raises(InvalidInput, match="row 4: expected finite numbers"):
        SemanticGate(calibration).offer(broken)
    with pytest.raises(InvalidInput, match="rows of floats"):
        near_copies(rows[0])
    with pytest.raises(InvalidInput, match="a population, a list of texts"):
        near_copies("one text")
    with pytest.raises(InvalidInput, match="at least two"):
        calibrate(rows[:1], 10)


@pytest.mark.parametrize(
    "wrong", [{"random_pairs": 0.0}, {"by_chance": 1.0}, {"floor": 0.99}, {"ceiling": 1.0}, {"sample": 1}]
)
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=r"expected|must"):
        GateLimits(**wrong)  # type: ignore[arg-type]


# -- populations -------------------------------------------------------------------------------------------------------


def test_a_population_is_compared_by_its_values_not_by_its_ids() -> None:
    rng = random.Random(2)
    rows = [{"id": f"p{k}", **{f"f{j}": value for j, value in enumerate(row(rng))}} for k in range(200)]
    rows.append({**rows[17], "id": "another"})
    found = near_copies(Population.from_rows(rows))
    assert [(pair.row, pair.earlier) for pair in found.pairs] == [(200, 17)]
    assert near_copies(Population.from_rows(rows), fields=["id"]).rows == 201
    with pytest.raises(InvalidInput, match=r"rows: field 'mood': expected a column of this name"):
        near_copies(Population.from_rows(rows), fields=["mood"])


def test_whole_personas_are_compared_by_all_their_values() -> None:
    rng = random.Random(3)
    lives = [row(rng) for _ in range(40)]
    personas = [Persona(id=f"p{k}", facets=[Facet("", "fact", one) for one in life]) for k, life in enumerate(lives)]
    personas.append(Persona(id="twin", facets=[Facet("", "fact", one) for one in reversed(lives[4])]))
    found = near_copies(Population.from_personas(personas))
    assert [(pair.row, pair.earlier) for pair in found.pairs] == [(40, 4)]


def test_values_are_joined_without_names_blanks_or_missing_ones() -> None:
    frame = pl.DataFrame({"a": ["x", " ", None], "n": [1, None, 2], "l": [["p", "q"], [], None]})
    assert joined_values(frame) == ["x; 1; p q", "", "2"]
    assert joined_values(pl.DataFrame({"s": [{"k": "v", "w": [1, 2]}]})) == ["v 1 2"]
    persona = Persona(
        id="p",
        name="Ada Quill",
        facets=[Facet("", "job", "a tailor"), Facet("", "likes", ["bees", "rain"]), Facet("", "card.first_mes", "Hi!")],
    )
    assert values_of(persona) == "Ada Quill; a tailor; bees rain"
    assert values_of(persona, ["likes"]) == "bees rain"
