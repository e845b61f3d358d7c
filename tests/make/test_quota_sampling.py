"""Exact margins: every value gets its whole number of places."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput
from personarium.make import allot, load_margins, sample_population


def test_largest_remainder() -> None:
    assert allot({"a": 0.5, "b": 0.3, "c": 0.2}, 7) == {"a": 4, "b": 2, "c": 1}
    assert allot({"a": 1, "b": 1, "c": 1}, 10) == {"a": 4, "b": 3, "c": 3}


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=20).filter(lambda w: sum(w) > 0), st.integers(0, 500))
def test_places_are_all_given_and_nobody_is_off_by_one(weights: list[float], places: int) -> None:
    counts = allot(dict(enumerate(weights)), places)
    assert sum(counts.values()) == places
    for k, weight in enumerate(weights):
        assert abs(counts[k] - places * weight / sum(weights)) < 1 + 1e-6


def test_population_has_exact_margins_and_repeats_under_a_seed() -> None:
    margins = {"social.occupation": {"nurse": 2, "chef": 1}, "social.age": {"34": 1, "71": 1}}
    people = sample_population(margins, 9, seed=3)
    assert {
        (r.cell["social.occupation"], r.actual) for r in people.quota_report() if "social.occupation" in r.cell
    } == {
        ("nurse", 6),
        ("chef", 3),
    }
    assert all(row.target == row.actual for row in people.quota_report())
    assert people.frame.equals(sample_population(margins, 9, seed=3).frame)
    assert not people.frame.equals(sample_population(margins, 9, seed=4).frame)


def test_bad_margins_name_the_field(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"social\.age"):
        sample_population({"social.age": {"34": -1}}, 3)
    file = tmp_path / "schema.yaml"
    file.write_text("social.age: 34\n")
    with pytest.raises(InvalidInput, match=r"schema\.yaml: field 'social\.age'"):
        load_margins(file)
