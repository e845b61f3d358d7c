"""A population that is watched while it is made."""

from __future__ import annotations

import pytest

from personarium.core.errors import InvalidInput, UsageError
from personarium.make.population import example_schema, sample_population, schema_from_data
from personarium.make.population.making import Making
from personarium.make.population.quality import duplicate_pairs


def test_the_members_are_those_of_the_whole_draw_and_every_quota_is_counted() -> None:
    making = Making(example_schema("students"), 1000, 5)
    assert (making.done, {row.actual for row in making.quotas}) == (0, {0})
    made = making.run()
    assert made is not None
    assert made.frame.equals(sample_population(example_schema("students"), 1000, 5).frame)
    assert (making.done, making.unfilled) == (1000, ())
    assert making.quotas == made.quota_report()


def test_a_stopped_one_gives_nothing() -> None:
    making = Making(example_schema(), 1000)
    making.stop()
    assert making.run() is None
    assert making.done == 0


def test_slots_that_stay_empty_are_counted_as_done() -> None:
    making = Making(schema_from_data({"fields": {"side": ["left", "right"]}}), 10, distinct=True)
    made = making.run()
    assert made is not None
    assert (making.done, len(making.unfilled), len(made)) == (10, 10 - len(made), len(made))
    assert 0 < len(made) < 10


def test_what_nobody_can_make_is_refused() -> None:
    with pytest.raises(UsageError, match="a model writes story"):
        Making(schema_from_data({"fields": {"story": {"model": True}}}), 10)
    with pytest.raises(InvalidInput, match="a whole number of members from 1"):
        Making(example_schema(), 0)


def test_a_near_duplicate_is_named_with_the_earlier_row() -> None:
    import polars as pl

    words = ["a red house by the sea", "twelve hives on a roof", "a red house by the sea", "twelve hives on a roof"]
    assert duplicate_pairs(pl.DataFrame({"id": ["a", "b", "c", "d"], "line": words})) == [(2, 0), (3, 1)]
