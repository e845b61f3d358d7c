"""The quality of a population: each figure by hand, and each planted fault found."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from personarium.core.population import Quota, QuotaRow
from personarium.make.population import example_schema, quality_of, sample_population
from personarium.make.population.quality import (
    adjusted_residuals,
    coverage,
    distinct_n,
    kl_to_target,
    lexical_duplicates,
    over_represented,
    quota_error,
    rule_violations,
    self_bleu,
    uniqueness,
)
from personarium.report import section_from_dict


def test_hachimi_w3_kl_with_add_one_smoothing() -> None:
    uniform = dict.fromkeys("abcd", 0.25)
    assert kl_to_target({"a": 30, "b": 20, "c": 25, "d": 25}, uniform) == pytest.approx(0.009303, abs=5e-7)
    assert kl_to_target(dict.fromkeys("abcd", 25), uniform) == pytest.approx(0, abs=1e-12)
    assert kl_to_target({"a": 60, "b": 40}, {"a": 0.5, "b": 0.5}) == pytest.approx(0.019348, abs=5e-7)
    assert kl_to_target({"a": 100}, {"a": 0.5, "b": 0.5}) == pytest.approx(0.638049, abs=5e-7)


def test_hachimi_w3_distinct_n_is_the_mean_over_texts() -> None:
    assert distinct_n(["ababab"], 1) == pytest.approx(2 / 6)
    assert distinct_n(["ababab"], 2) == pytest.approx(2 / 5)
    assert distinct_n(["ababab", "abc"], 1) == pytest.approx(0.6667, abs=5e-5)
    assert distinct_n(["a, b. a!"], 1) == pytest.approx(2 / 3)
    assert distinct_n(["", "!"], 1) is None


def test_self_bleu() -> None:
    assert self_bleu(["the same few words"] * 5) == pytest.approx(1.0)
    assert self_bleu(["one two", "three four", "five six"]) == 0.0
    assert self_bleu(["alone"]) is None
    # "a b c": 2 of 3 words and 1 of 2 pairs are in "a b d"; equal lengths, so no brevity penalty
    assert self_bleu(["a b c", "a b d"]) == pytest.approx((2 / 3 * 1 / 2) ** 0.5)


def test_quota_error_is_half_the_summed_differences_of_the_worst_target() -> None:
    rows = [QuotaRow({"sex": "f"}, 50, 45), QuotaRow({"sex": "m"}, 50, 55), QuotaRow({"age": 1}, 100, 100)]
    assert quota_error(rows).value == pytest.approx(0.05)
    assert quota_error([]).value is None


def test_broken_rules_are_counted() -> None:
    schema = example_schema("characters")
    frame = sample_population(schema, 400, seed=1).frame
    assert {e.value for e in rule_violations(frame, schema).values()} == {0.0}
    poor = frame.with_columns(gold=pl.lit(5000, dtype=pl.Int64))
    assert rule_violations(poor, schema)["novices are not rich"].value == pytest.approx(0.4)


def test_near_copies_are_found() -> None:
    frame = sample_population(example_schema("citizens"), 500, seed=2, distinct=True).frame
    assert lexical_duplicates(frame).tolist() == []
    copies = pl.concat([frame, frame.head(7)])
    assert lexical_duplicates(copies).tolist() == list(range(500, 507))
    assert uniqueness(copies).value == pytest.approx(493 / 507)


def test_adjusted_residuals_of_a_known_table() -> None:
    expected, residuals = adjusted_residuals(np.array([[30, 10], [20, 40]]))
    assert expected.tolist() == [[20, 20], [30, 30]]
    # (30 - 20) / sqrt(20 * 0.6 * 0.5)
    assert residuals[0, 0] == pytest.approx(10 / 6**0.5)
    assert residuals[0, 0] == pytest.approx(-residuals[0, 1])


def test_a_planted_association_is_found_and_independence_is_not() -> None:
    draw = np.random.default_rng(4)
    a, b, c = (draw.choice(["x", "y", "z"], 3000) for _ in range(3))
    frame = pl.DataFrame({"a": a, "b": b, "c": c})
    assert over_represented(frame) == []
    planted = frame.with_columns(
        b=pl.when((pl.col("a") == "x") & (pl.col("c") == "x")).then(pl.lit("x")).otherwise("b")
    )
    found = over_represented(planted)
    assert {(p.fields, p.values) for p in found[:2]} == {(("a", "b"), ("x", "x")), (("b", "c"), ("x", "x"))}
    assert all(p.p < 0.05 and p.observed > p.expected for p in found)


def test_coverage_of_listed_values() -> None:
    schema = example_schema("citizens")
    frame = sample_population(schema, 300, seed=1).frame.filter(pl.col("region") != "Sunfell")
    assert coverage(frame, schema)["region"] == (5, 6)


def test_the_whole_report() -> None:
    schema = example_schema("students")
    people = sample_population(schema, 500, seed=3)
    quality = quality_of(people.frame, schema, people.quota_report())
    assert quality.estimates["Quota error"].value == 0
    assert quality.estimates["Members that break a rule"].value == 0
    assert quality.estimates["Near duplicates"].n == 500
    assert {"Rules", "Targets", "Coverage"} <= {str(s["title"]) for s in quality.sections}
    for section in quality.sections:
        section_from_dict(dict(section))


def test_free_texts_have_their_variety_measured() -> None:
    stories = [f"story {k} of a person who lives in house {k * 7} and likes number {k * k}" for k in range(100)]
    quality = quality_of(pl.DataFrame({"id": [str(k) for k in range(100)], "story": stories}))
    assert {"Distinct-1 of story", "Distinct-2 of story", "Self-BLEU of story"} <= set(quality.estimates)


def test_missing_members_show_in_the_targets() -> None:
    frame = pl.DataFrame({"id": ["1", "2"], "sex": ["f", "f"]})
    rows = [QuotaRow(q.cell, q.target, n) for q, n in ((Quota({"sex": "f"}, 1), 2), (Quota({"sex": "m"}, 1), 0))]
    quality = quality_of(frame, quotas=rows)
    assert quality.estimates["Quota error"].value == pytest.approx(0.5)
    (table,) = [s for s in quality.sections if s["title"] == "Targets"]
    assert table["rows"][0][:4] == ["sex", 2, 0, 1]
