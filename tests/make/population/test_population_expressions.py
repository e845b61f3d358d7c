"""The language of rules: what it reads, what it refuses, and that nothing in it is ever evaluated."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput
from personarium.make.population.columns import Kind, kind_of, to_polars
from personarium.make.population.expressions import MAX_DEPTH, names_in, parse_expression

FRAME = pl.DataFrame(
    {"age": [3, 30], "name": ["Al", "Bodo"], "学科": ["数学", "音乐"], "home town": ["Aa", "Bb"], "fit": [True, False]}
)
KINDS: dict[str, Kind] = {"age": "number", "name": "text", "学科": "text", "home town": "text", "fit": "truth"}


def value_of(text: str) -> list[Any]:
    node = parse_expression(text)
    kind_of(node, KINDS, {})
    out = FRAME.select(x=to_polars(node))["x"].to_list()
    return out if len(out) == 2 else out * 2


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("if age < 13 then 'child' else 'adult'", ["child", "adult"]),
        ("if age < 2 then 'a' else if age < 13 then 'b' else 'c'", ["b", "c"]),
        ("if age > 5 then fit", [True, False]),  # without else: not a or b
        ("5 <= age <= 99 and not (name in ['Al'])", [False, True]),
        ("age in [1 .. 3] or length(name) > 4", [True, False]),
        ("age not in [3, 4]", [False, True]),
        ("name + '!' == 'Al!'", [True, False]),
        ("学科 == '数学'", [True, False]),
        ("`home town` = 'Bb'", [False, True]),
        ("(age + 1) * 2 // 3 % 5", [2, 0]),
        ("7 / 2 - -1 > 4", [True, True]),
        ("not not fit", [True, False]),
        ("contains(lower(name), 'od') and starts_with(name, 'B')", [False, True]),
        ("max(age, 10) - min(age, 10)", [7, 20]),
        ("text(age) == '30'", [False, True]),
        ("round(age / 7) + floor(age / 7) + abs(-1)", [1, 9]),
        ("name == 'it\\'s' or true", [True, True]),
    ],
)
def test_values(text: str, wanted: list[Any]) -> None:
    assert value_of(text) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("agee < 3", "nearest is 'age'"),
        ("name < 3", "two values of one kind"),
        ("age >", "character 6"),
        ("1 ~ 2", "character 2"),
        ("shout(age)", "a function"),
        ("__import__('os')", "a function"),
        ("length(name, name)", "1 to 1 arguments"),
        ("age and fit", "a truth value"),
        ("fit < fit", "numbers or texts"),
        ("if age then 1 else 2", "a truth value"),
        ("(" * 100 + "1" + ")" * 100, "nesting"),
        ("1" + "+1" * 500, "in a row"),
        ("", "1 to 4,000"),
        ("a" * 5000, "1 to 4,000"),
        ("'open", "a name, value or operator"),
        ("age 3", "the end of the expression"),
    ],
)
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        kind_of(parse_expression(text), KINDS, {})


def test_a_text_that_is_no_value_of_the_field_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidInput, match="nearest is 'carpenter'"):
        kind_of(parse_expression("job == 'carpentar'"), {"job": "text"}, {"job": ["carpenter", "nurse"]})


def test_names_in_order_each_once() -> None:
    assert names_in(parse_expression("b > a or `c d` in [b, 1]")) == ("b", "a", "c d")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_expression(text)
    except InvalidInput as error:
        assert len(str(error)) < 1000


@given(
    st.recursive(
        st.integers(0, 9).map(str),
        lambda s: st.tuples(s, st.sampled_from("+-*"), s).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        max_leaves=12,
    )
)
def test_arithmetic_is_that_of_python(text: str) -> None:
    assert text.count("(") <= MAX_DEPTH
    assert pl.select(x=to_polars(parse_expression(text))).item() == eval(text)  # digits and + - * only
