"""Draws that depend on seed, field and row alone; repair that leaves free fields distributed as the schema given the rules."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from personarium.core.errors import InvalidInput
from personarium.make.population import (
    Case,
    Field,
    Generator,
    Integers,
    Normal,
    Reals,
    Rule,
    Schema,
    Target,
    Values,
    sample_population,
)
from personarium.make.population.repair import blocks_of

COUNT = 60_000
A = Field("a", Values(("x", "y", "z"), (5, 3, 2)), owner="left")
B = Field("b", (Case(Values(("p", "q"), (8, 2)), "a == 'x'"), Case(Values(("p", "q"), (3, 7)))), owner="right")
C = Field("c", Integers(1, 4), owner="right")
P_A = {"x": 0.5, "y": 0.3, "z": 0.2}


def p_b(a: str, b: str) -> float:
    return {"p": 0.8, "q": 0.2}[b] if a == "x" else {"p": 0.3, "q": 0.7}[b]


def shares(frame: pl.DataFrame, *fields: str) -> dict[tuple[object, ...], int]:
    return {tuple(row[:-1]): row[-1] for row in frame.group_by(fields).len().rows()}


def fits(found: dict[tuple[object, ...], int], expected: dict[tuple[object, ...], float]) -> float:
    """p of the chi-square test; impossible cells must be empty."""
    total = sum(expected.values())
    cells = [cell for cell, share in expected.items() if share > 0]
    assert set(found) <= set(cells)
    size = sum(found.values())
    return float(chisquare([found.get(c, 0) for c in cells], [expected[c] / total * size for c in cells]).pvalue)


def allowed(a: str, b: str, c: int) -> bool:
    return not (a == "x" and c > 2) and (b == "p" or c != 1)


RULES = (Rule("one", "not (a == 'x' and c > 2)"), Rule("two", "b == 'p' or c != 1"))


def test_with_rules_that_anybody_may_repair_the_population_is_the_schema_given_the_rules() -> None:
    frame = sample_population(Schema((A, B, C), rules=RULES), COUNT, seed=1).frame
    joint = {(a, b, c): P_A[a] * p_b(a, b) * allowed(a, b, c) for a, b, c in product("xyz", "pq", range(1, 5))}
    assert fits(shares(frame, "a", "b", "c"), joint) > 0.001


def test_an_owner_changes_its_own_fields_and_the_others_stay_as_drawn() -> None:
    rules = tuple(Rule(r.name, r.must, owner="right") for r in RULES)
    frame = sample_population(Schema((A, B, C), rules=rules), COUNT, seed=2).frame
    given = {}
    for a in "xyz":
        inside = {(b, c): p_b(a, b) * allowed(a, b, c) for b, c in product("pq", range(1, 5))}
        given.update({(a, b, c): P_A[a] * share / sum(inside.values()) for (b, c), share in inside.items()})
    assert fits(shares(frame, "a", "b", "c"), given) > 0.001


def test_targets_stay_exact_and_free_fields_follow_them() -> None:
    target = Target(("a",), {("x",): 0.2, ("y",): 0.4, ("z",): 0.4})
    people = sample_population(Schema((A, B, C), (target,), RULES), COUNT, seed=3)
    assert [row.actual for row in people.quota_report()] == [12_000, 24_000, 24_000]
    inside = {(b, c): p_b("x", b) * allowed("x", b, c) for b, c in product("pq", range(1, 5))}
    assert fits(shares(people.frame.filter(pl.col("a") == "x"), "b", "c"), inside) > 0.001


def test_copying_other_rows_would_be_seen() -> None:
    """The check itself: repair by copying accepted rows gives another distribution and is rejected."""
    plain = sample_population(Schema((A, B, C)), COUNT, seed=4).frame
    good = plain.filter([allowed(*row) for row in plain.select("a", "b", "c").rows()])
    bad = plain.height - good.height
    copied = pl.concat([good, good.sort("c").head(bad)])
    joint = {(a, b, c): P_A[a] * p_b(a, b) * allowed(a, b, c) for a, b, c in product("xyz", "pq", range(1, 5))}
    assert fits(shares(copied, "a", "b", "c"), joint) < 1e-9


def test_a_computed_field_in_a_rule_has_its_sources_redrawn() -> None:
    total = Field("total", compute="c + d")
    schema = Schema((C, Field("d", Integers(1, 4)), total), rules=(Rule("even", "total % 2 == 0"),))
    frame = sample_population(schema, COUNT, seed=5).frame
    assert (frame["total"] == frame["c"] + frame["d"]).all()
    even = {(c, d): float((c + d) % 2 == 0) for c, d in product(range(1, 5), repeat=2)}
    assert fits(shares(frame, "c", "d"), even) > 0.001


def test_rules_that_can_break_each_other_are_one_block_and_independent_ones_are_not() -> None:
    fields = tuple(Field(name, Integers(0, 9), owner=name) for name in "abcd")
    rules = (
        Rule("ab", "a < b", owner="a"),
        Rule("ba", "b < a + 5", owner="b"),
        Rule("c", "c > 2", owner="c"),
        Rule("dc", "d > c", owner="d"),
    )
    blocks = blocks_of(Schema(fields, rules=rules))
    assert [{r.name for r in b.rules} for b in blocks] in ([{"ab", "ba"}, {"c"}, {"dc"}], [{"c"}, {"ab", "ba"}, {"dc"}])
    assert [[f.path for f in b.fields] for b in blocks if len(b.rules) == 2] == [["a", "b"]]
    frame = sample_population(Schema(fields, rules=rules), 5000, seed=6).frame
    assert (
        frame.filter((pl.col("a") < pl.col("b")) & (pl.col("b") < pl.col("a") + 5) & (pl.col("c") > 2))
        .filter(pl.col("d") > pl.col("c"))
        .height
        == frame.height
    )


def test_a_slot_that_no_draw_can_fill_is_listed_with_the_rule_and_the_rest_is_kept() -> None:
    target = Target(("a",), {("x",): 0.1, ("y",): 0.9})
    schema = Schema((A, C), (target,), (Rule("never x", "a != 'x' or c > 4"), Rule("fine", "c > 0")))
    chunk = Generator(schema, 200, seed=7, tries=50).chunk(0, 200)
    assert chunk.frame.height == 180
    assert {(u.reason, u.tries) for u in chunk.unfilled} == {("never x", 50)}
    assert len(chunk.unfilled) == 20
    assert set(chunk.slots) | {u.slot for u in chunk.unfilled} == set(range(1, 201))
    assert chunk.frame.filter(pl.col("a") == "x").height == 0


def test_a_rule_that_rejects_everything_stops_with_its_name() -> None:
    with pytest.raises(InvalidInput, match=r"rules: impossible.*not one of 1,000 draws"):
        sample_population(Schema((C,), rules=(Rule("impossible", "c > 4"), Rule("fine", "c > 0"))), 50)


def test_a_python_check_serves_as_a_rule() -> None:
    rule = Rule("odd", check=lambda row: row["c"] % 2 == 1, fields=("c",))
    assert set(sample_population(Schema((C,), rules=(rule,)), 100).frame["c"]) == {1, 3}


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 60), st.integers(0, 3))
def test_members_do_not_depend_on_the_chunks_they_are_made_in(size: int, seed: int) -> None:
    schema = Schema((A, B, C, Field("h", Normal(0, 1, -3, 3, 2))), (Target(("a",), {("x",): 0.5, ("z",): 0.5}),), RULES)
    whole = Generator(schema, 60, seed).chunk(0, 60).frame
    parts = pl.concat([chunk.frame for chunk in Generator(schema, 60, seed).chunks(size)])
    assert whole.equals(parts)


def test_a_new_field_changes_no_other_column() -> None:
    small = sample_population(Schema((A, C)), 500, seed=8).frame
    large = sample_population(Schema((Field("new", Integers(0, 9)), C, A)), 500, seed=8).frame
    assert small.select("a", "c").equals(large.select("a", "c"))


def test_distributions() -> None:
    fields = (
        Field("i", Integers(-2, 2)),
        Field("r", Reals(0, 1, 3)),
        Field("n", Normal(100, 15, 70, 130, 1)),
        Field("v", Values(("a", "b", "never"), (3, 1, 0))),
        Field("mixed", (Case(Integers(0, 5), "i < 0"), Case(Normal(50, 5, 20, 80)))),
    )
    frame = sample_population(Schema(fields), COUNT, seed=9).frame
    assert chisquare([n for (_,), n in sorted(shares(frame, "i").items())]).pvalue > 0.001
    assert frame["r"].min() == 0.0 and frame["r"].max() == 1.0
    assert abs(float(frame["r"].mean()) - 0.5) < 0.01  # type: ignore[arg-type]
    assert frame["n"].min() >= 70 and frame["n"].max() <= 130  # type: ignore[operator]
    # a normal cut off at two standard deviations has a standard deviation of 0.8796 of the whole one
    assert abs(float(np.std(frame["n"].to_numpy())) - 15 * 0.8796) < 0.2
    assert shares(frame, "v")[("a",)] == pytest.approx(0.75 * COUNT, abs=4 * np.sqrt(COUNT * 0.1875))
    assert "never" not in frame["v"].to_list()
    assert frame["mixed"].dtype == pl.Int64
    assert frame.filter(pl.col("i") < 0)["mixed"].max() == 5
    assert frame.filter(pl.col("i") >= 0)["mixed"].min() >= 20  # type: ignore[operator]
