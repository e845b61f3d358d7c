"""The shuffled persona is never the own one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from personarium.core.controls import next_different


def test_everybody_gets_the_next_different_persona_and_the_last_one_the_first() -> None:
    assert next_different(["ann", "ann", "bo", "ann", "cy"]) == ["bo", "bo", "cy", "bo", "ann"]


def test_where_all_are_the_same_there_is_no_other() -> None:
    assert next_different(["ann", "ann"]) is None
    assert next_different([]) is None


@given(st.lists(st.integers(0, 4), max_size=30))
def test_nobody_keeps_the_own_one_and_nobody_is_left_out(values: list[int]) -> None:
    found = next_different(values)
    if found is None:
        assert len(set(values)) < 2
        return
    assert all(one != other for one, other in zip(values, found, strict=True))
    assert set(found) == set(values)
    assert len(set(zip(values, found, strict=True))) == len(set(values))
