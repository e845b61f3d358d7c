"""Values of facets as people write them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("nicegui", reason="the studio's extra is not installed")

from personarium.apps.studio.rooms.cast.values import (
    JSON,
    LIST,
    NUMBER,
    TEXT,
    TRUTH,
    as_field,
    from_field,
    year_or_date,
)
from personarium.core.errors import InvalidInput
from personarium.core.facets import freeze

PLAIN = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
VALUES = st.recursive(
    PLAIN | TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)


@given(VALUES)
def test_what_is_not_touched_stays_what_it_is(value: Any) -> None:
    frozen = freeze(value, "value", "value")
    back = freeze(from_field(*as_field(frozen)), "value", "value")
    assert back == ("" if frozen is None else frozen)  # nothing, and an empty text, both say nothing


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        (TEXT, " as it stands ", " as it stands "),
        (NUMBER, " 52 ", 52),
        (NUMBER, "0.5", 0.5),
        (TRUTH, "Yes", True),
        (LIST, "Norwegian\n\n  Latin ", ["Norwegian", "Latin"]),
        (JSON, '{"a": [1, null]}', {"a": [1, None]}),
    ],
)
def test_each_kind_is_read(kind: str, written: str, value: Any) -> None:
    assert from_field(kind, written) == value


@pytest.mark.parametrize(
    ("kind", "written"), [(NUMBER, "many"), (NUMBER, "true"), (NUMBER, "NaN"), (TRUTH, "perhaps"), (JSON, "{")]
)
def test_what_is_of_another_kind_is_refused(kind: str, written: str) -> None:
    with pytest.raises(InvalidInput):
        from_field(kind, written)


def test_years_are_numbers_and_dates_are_texts() -> None:
    assert [year_or_date(said) for said in ("", " 1999 ", "-44", "1999-05-01", "12345678", "²")] == [
        None,
        1999,
        -44,
        "1999-05-01",
        "12345678",
        "²",
    ]
