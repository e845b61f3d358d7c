"""Exact numbers: largest remainder, fitted tables, controlled rounding, and slots that are dealt by the seed."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput
from personarium.make.population import Case, Field, Rule, Schema, Target, Values, plan_slots, sample_population
from personarium.make.population.rounding import controlled_rounding, exactly, largest_remainder, within_one
from personarium.make.population.targets import expected_sums


def margin(name: str, *shares: float) -> tuple[Field, Target]:
    values = tuple(f"{name}{k}" for k in range(len(shares)))
    return Field(name, Values(values)), Target((name,), {(v,): s for v, s in zip(values, shares, strict=True)})


def of(*parts: tuple[Field, Target], rules: tuple[Rule, ...] = ()) -> Schema:
    return Schema(tuple(f for f, _ in parts), tuple(t for _, t in parts), rules)


def counts(schema: Schema, count: int, *fields: str) -> dict[tuple[str, ...], int]:
    frame = sample_population(schema, count).frame
    return {tuple(row[:-1]): row[-1] for row in frame.group_by(fields).len().rows()}


def test_hachimi_w1_every_triple_of_96_once_and_1000_as_56_times_10_and_40_times_11() -> None:
    fields = tuple(Field(n, Values(tuple(range(k)))) for n, k in (("grade", 12), ("gender", 2), ("cluster", 4)))
    cells = dict.fromkeys(product(range(12), range(2), range(4)), 1 / 96)
    schema = Schema(fields, (Target(("grade", "gender", "cluster"), cells),))
    assert set(counts(schema, 96, "grade", "gender", "cluster").values()) == {1}
    found = sorted(counts(schema, 1000, "grade", "gender", "cluster").values())
    assert found == [10] * 56 + [11] * 40
    # the spare members are spread, so that no grade gets more of them than another
    assert max(d.largest for d in plan_slots(schema, 1000).deviations if len(d.fields) == 1) < 1


def test_one_way_margins_are_exact_and_two_way_within_one() -> None:
    schema = of(margin("a", 0.5, 0.3, 0.2), margin("b", 0.25, 0.75), margin("c", 0.1, 0.2, 0.3, 0.4))
    for count in (7, 10, 97, 1000):
        plan = plan_slots(schema, count)
        assert all(row.missing == 0 for row in sample_population(schema, count).quota_report())
        assert all(d.largest < 1 for d in plan.deviations if len(d.fields) == 1), count
        assert plan.largest_deviation <= 1 + 1e-9, count


def test_two_way_targets_that_overlap_are_fitted() -> None:
    fields = tuple(Field(n, Values(("x", "y"))) for n in "abc")
    ab = Target(("a", "b"), {("x", "x"): 0.4, ("x", "y"): 0.1, ("y", "x"): 0.2, ("y", "y"): 0.3})
    bc = Target(("b", "c"), {("x", "x"): 0.1, ("x", "y"): 0.5, ("y", "x"): 0.3, ("y", "y"): 0.1})
    schema = Schema(fields, (ab, bc))
    # a and c are independent given b: P(x, x, x) = 0.4 * 0.1 / 0.6
    (group,) = schema.groups
    cell = group.shares[(group.cells == 0).all(axis=1)][0]
    assert cell == pytest.approx(0.4 * 0.1 / 0.6, abs=1e-9)
    found = counts(schema, 103, "a", "b")
    for key, share in ab.cells.items():
        assert abs(found[key] - share * 103) <= 1


def test_a_rule_between_fields_with_targets_empties_the_cell() -> None:
    schema = of(margin("a", 0.5, 0.5), margin("b", 0.5, 0.3, 0.2), rules=(Rule("no", "not (a == 'a0' and b == 'b0')"),))
    found = counts(schema, 100, "a", "b")
    assert found == {("a0", "b1"): 30, ("a0", "b2"): 20, ("a1", "b0"): 50}


def test_a_conditional_table_gives_the_association_that_targets_keep() -> None:
    b = Field("b", (Case(Values(("p", "q"), (9, 1)), "a == 'a0'"), Case(Values(("p", "q"), (1, 9)))))
    schema = Schema(
        (margin("a", 0.5, 0.5)[0], b), (margin("a", 0.5, 0.5)[1], Target(("b",), {("p",): 0.5, ("q",): 0.5}))
    )
    assert counts(schema, 100, "a", "b") == {("a0", "p"): 45, ("a0", "q"): 5, ("a1", "p"): 5, ("a1", "q"): 45}


def test_counts_must_sum_to_the_population() -> None:
    field, _ = margin("a", 0.5, 0.5)
    schema = Schema((field,), (Target(("a",), {("a0",): 3, ("a1",): 4}, counts=True),))
    assert counts(schema, 7, "a") == {("a0",): 3, ("a1",): 4}
    with pytest.raises(InvalidInput, match="counts that sum to 8, found '7 for 8"):
        plan_slots(schema, 8)


def test_the_seed_decides_who_and_not_how_many() -> None:
    schema = of(margin("a", 0.5, 0.5), margin("b", 0.2, 0.8))
    one, two = (sample_population(schema, 50, seed).frame for seed in (1, 2))
    assert not one.equals(two)
    assert one["a"].value_counts(sort=True).rows() == two["a"].value_counts(sort=True).rows()
    assert one.equals(sample_population(schema, 50, 1).frame)


def test_large_tables_keep_their_size_by_the_rule_of_thumb() -> None:
    parts = [margin(n, *[1 / 30] * 30) for n in "abc"]
    tie = Target(
        ("a", "b", "c"), {(f"a{i}", f"b{j}", f"c{(i + j) % 30}"): 1 / 900 for i in range(30) for j in range(30)}
    )
    schema = Schema(tuple(f for f, _ in parts), (*(t for _, t in parts), tie))
    plan = plan_slots(schema, 1000)
    assert sum(int(d.counts.sum()) for d in plan.deals) == 1000
    assert all(d.largest < 1 for d in plan.deviations if len(d.fields) == 1)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=4),
    st.lists(st.integers(1, 9), min_size=2, max_size=5),
    st.integers(1, 200),
)
def test_two_margins_always_have_a_controlled_rounding(a: list[int], b: list[int], count: int) -> None:
    schema = of(margin("a", *(x / sum(a) for x in a)), margin("b", *(x / sum(b) for x in b)))
    plan = plan_slots(schema, count)
    assert sum(int(n) for n in plan.deals[0].counts) == count
    expected = expected_sums(schema, ("a", "b"), count)
    assert plan.largest_deviation == pytest.approx(max(d.largest for d in plan.deviations if len(d.fields) == 2))
    assert plan.largest_deviation <= 1 + 1e-9
    assert expected.sum() == pytest.approx(count)


def test_controlled_rounding_of_three_ways() -> None:
    draw = np.random.default_rng(3)
    table = draw.random((3, 4, 5)) * 3
    flat = table.ravel()
    index = np.indices(table.shape).reshape(3, -1)
    total = round(flat.sum())
    flat = flat * total / flat.sum()
    margins = []
    for k, size in enumerate(table.shape):
        margins.append(exactly(index[k], largest_remainder(np.bincount(index[k], flat, size), total)))
    for i, j in combinations(range(3), 2):
        of_cell = index[i] * table.shape[j] + index[j]
        margins.append(within_one(of_cell, np.bincount(of_cell, flat)))
    found = controlled_rounding(flat, margins)
    assert found is not None
    assert (np.abs(found - flat) < 2).all()
    for one in margins:
        sums = np.bincount(one.of_cell, found, len(one.low))
        assert ((sums >= one.low) & (sums <= one.high)).all()
