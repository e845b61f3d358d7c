"""On Randomness in Agentic Evals: the page's "Works when" statements, one test each."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from personarium.core.errors import InvalidInput, NotFound
from personarium.stats import (
    divergence_of_runs,
    first_divergence,
    mcnemar,
    min_detectable_effect,
    pass_at_k,
    pass_k_table,
    pass_pow_k,
    pooled_t,
    power_two_sample_t,
    runs_needed,
    welch_t,
)
from personarium.stats.agentic_randomness import (
    CONTRACT,
    NEW_TASKS,
    SAME_TASKS,
    RandomnessConfig,
    RandomnessReport,
    summarize,
)
from personarium.stats.outcomes import Outcomes, read_outcomes

SHARES = RandomnessConfig(scale=1.0, delta=0.02)
FOUR_TASKS = [[1] * c + [0] * (10 - c) for c in (0, 3, 7, 10)]


def rows_of(condition: str, tasks: list[list[float | None]]) -> list[dict[str, object]]:
    return [
        {"condition": condition, "task_id": f"t{t}", "run": r, "success": value}
        for t, outcomes in enumerate(tasks)
        for r, value in enumerate(outcomes)
    ]


def run_rows(condition: str, scores: list[int], n_tasks: int = 100) -> list[dict[str, object]]:
    """Rows whose run scores, in points, are exactly ``scores``."""
    return rows_of(condition, [[float(t < score) for score in scores] for t in range(n_tasks)])


def test_w1_pass_at_k_and_pass_pow_k_are_the_unbiased_estimators() -> None:
    assert pass_at_k(10, 3, 1) == pytest.approx(0.3)
    assert pass_at_k(10, 3, 2) == pytest.approx(0.533333, abs=1e-6)
    assert pass_at_k(10, 3, 5) == pytest.approx(0.916667, abs=1e-6)
    assert pass_pow_k(10, 3, 2) == pytest.approx(0.066667, abs=1e-6)
    assert pass_pow_k(10, 3, 5) == 0.0
    assert pass_at_k(10, 7, 5) == 1.0
    assert pass_pow_k(10, 7, 5) == pytest.approx(0.083333, abs=1e-6)
    assert (pass_at_k(5, 2, 2), pass_pow_k(5, 2, 2)) == pytest.approx((0.7, 0.1))
    assert (pass_at_k(5, 4, 3), pass_pow_k(5, 4, 3)) == pytest.approx((1.0, 0.4))
    for refused in (pass_at_k, pass_pow_k):
        with pytest.raises(InvalidInput, match="k"):
            refused(10, 3, 11)


@pytest.mark.parametrize("extra", [[], [[1, None, 0]]], ids=["four tasks", "and one with a missing outcome"])
def test_w2_means_over_tasks_and_a_missing_outcome_leaves_n_of_its_task(extra: list[list[float | None]]) -> None:
    tasks = [*FOUR_TASKS, *extra]
    report = summarize(rows_of("a", tasks), SHARES)
    condition = report.conditions[0]
    expected = {1: (0.5, 0.5), 2: (0.616667, 0.383333), 5: (0.729167, 0.270833)}
    table = pass_k_table(tasks, ks=(1, 2, 5))
    for k, pair in expected.items():
        if extra and k == 2:  # the page pins k = 1 and k = 5 for the fifth task; at k = 2 it enters with n = 2, c = 1
            pair = ((4 * pair[0] + 1.0) / 5, (4 * pair[1] + 0.0) / 5)
        assert (condition.pass_at_k[k].value, condition.pass_pow_k[k].value) == pytest.approx(pair, abs=1e-6)
        assert (table.at(k).pass_at.value, table.at(k).pass_pow.value) == pytest.approx(pair, abs=1e-6)
    assert condition.missing == len(extra)
    assert condition.pass_at_k[5].n == 4
    assert condition.pass_at_k[2].n == 4 + len(extra)
    assert condition.left_out.get(5, ()) == (("t4",) if extra else ())
    assert condition.left_out.get(2, ()) == ()
    assert table.missing == len(extra)
    assert max(condition.pass_at_k) == 10


def test_w3_plug_in_estimators_are_not_used_and_the_envelope_is_ordered() -> None:
    assert pass_at_k(10, 3, 2) != pytest.approx(1 - 0.7**2)  # plug-in .51
    assert pass_pow_k(10, 3, 2) != pytest.approx(0.3**2)  # plug-in .09
    for n in range(1, 13):
        for c in range(n + 1):
            up = [pass_at_k(n, c, k) for k in range(1, n + 1)]
            down = [pass_pow_k(n, c, k) for k in range(1, n + 1)]
            assert up == sorted(up) and down == sorted(down, reverse=True)
            assert all(low <= c / n + 1e-12 and c / n <= high + 1e-12 for low, high in zip(down, up))


@pytest.mark.parametrize(
    ("sigma", "delta", "power", "exact", "runs"),
    [
        (1.5, 2, 0.8, 8.83, 9),
        (1.5, 1, 0.8, 35.32, 36),
        (1.5, 3, 0.8, 3.92, 4),
        (2, 2, 0.8, 15.70, 16),
        (1.5, 2, 0.95, 14.62, 15),
        (0.7, 1, 0.8, 7.69, 8),
    ],
)
def test_w4_runs_needed_by_the_z_formula(sigma: float, delta: float, power: float, exact: float, runs: int) -> None:
    needed = runs_needed(sigma, delta, power=power)
    assert needed.exact == pytest.approx(exact, abs=0.005)
    assert needed.runs == runs


@pytest.mark.parametrize(("delta", "runs", "power"), [(2, 10, 0.805), (1, 37, 0.808), (3, 6, 0.876)])
def test_w4_runs_needed_by_the_non_central_t(delta: float, runs: int, power: float) -> None:
    needed = runs_needed(1.5, delta, method="t")
    assert needed.runs == runs
    assert needed.power == pytest.approx(power, abs=5e-4)
    if delta == 2:
        assert power_two_sample_t(9, 2, 1.5) == pytest.approx(0.757, abs=5e-4)


@pytest.mark.parametrize(("sigma", "delta", "field"), [(1.5, 0, "delta"), (0, 2, "sigma")])
@pytest.mark.parametrize("method", ["z", "t"])
def test_w4_no_difference_or_no_spread_is_refused(sigma: float, delta: float, field: str, method: str) -> None:
    with pytest.raises(InvalidInput, match=f"'{field}'"):
        runs_needed(sigma, delta, method=method)  # type: ignore[arg-type]


@pytest.mark.parametrize(("n", "mde"), [(1, 5.943), (3, 3.431), (5, 2.658), (10, 1.879)])
def test_w5_minimum_detectable_effect_at_sigma_one_and_a_half(n: int, mde: float) -> None:
    assert min_detectable_effect(1.5, n) == pytest.approx(mde, abs=5e-4)


def kinds_outcomes(runs: int, drawn_anew: bool, seed: int) -> Outcomes:
    """300 tasks of the three kinds p = 0, .5, 1; drawn anew, each run has its own tasks of random kinds."""
    rng = np.random.default_rng(seed)
    if drawn_anew:
        p = rng.choice([0.0, 0.5, 1.0], size=(runs, 300))
        task = np.arange(runs * 300)
    else:
        p = np.tile(np.repeat([0.0, 0.5, 1.0], 100), (runs, 1))
        task = np.tile(np.arange(300), runs)
    success = (rng.random((runs, 300)) < p).astype(float).ravel()
    return Outcomes.from_columns("a", task, np.repeat(np.arange(runs), 300), success)


def test_w6_the_report_says_whether_tasks_were_fixed_or_drawn_anew() -> None:
    assert 100 * math.sqrt(100 * 0.25) / 300 == pytest.approx(1.6667, abs=1e-4)
    assert 100 * math.sqrt(0.25 / 300) == pytest.approx(2.89, abs=0.005)
    # k is capped and the bootstrap shortened: the statement is about the run scores
    config = RandomnessConfig(max_k=1, draws=100)
    fixed = summarize(kinds_outcomes(2_000, drawn_anew=False, seed=1), config).conditions[0]
    anew = summarize(kinds_outcomes(200, drawn_anew=True, seed=2), config).conditions[0]
    assert fixed.run_sd == pytest.approx(1.67, abs=0.08)
    assert anew.run_sd == pytest.approx(2.89, abs=0.45)  # 200 runs know their sd to .15
    assert fixed.run_sd_is == SAME_TASKS
    assert anew.run_sd_is == NEW_TASKS
    assert fixed.n_tasks == 300 and fixed.n_runs == 2_000


def test_w7_welch_pooled_and_mcnemar() -> None:
    a, b = [24, 22, 25, 23, 26], [21, 24, 18, 23, 19]
    test = welch_t(a, b, unit="run")
    assert test.effect.value == pytest.approx(3)
    assert test.statistic == pytest.approx(2.2361, abs=1e-4)
    assert test.df == pytest.approx(6.68, abs=0.005)
    assert test.p == pytest.approx(0.0622, abs=5e-5)
    assert (test.effect.lo, test.effect.hi) == pytest.approx((-0.204, 6.204), abs=5e-4)
    assert pooled_t(a, b, unit="run").p == pytest.approx(0.0558, abs=5e-5)
    assert mcnemar(2, 10).p == pytest.approx(0.03857, abs=5e-6)

    rows = run_rows("a", a) + run_rows("b", b)
    same = summarize(rows, RandomnessConfig(draws=500)).comparisons[0].same_tasks
    assert same is not None
    assert (same.effect.value, same.p, same.df) == pytest.approx((3, test.p, test.df))
    assert SAME_TASKS in same.effect.method


def test_w7_single_runs_are_compared_by_exact_mcnemar() -> None:
    first = [1.0] * 2 + [0.0] * 10 + [1.0] * 20 + [0.0] * 8
    second = [0.0] * 2 + [1.0] * 10 + [1.0] * 20 + [0.0] * 8
    rows = rows_of("a", [[x] for x in first]) + rows_of("b", [[x] for x in second])
    comparison = summarize(rows, RandomnessConfig(draws=500)).comparisons[0]
    assert comparison.single_runs is not None
    assert comparison.single_runs.p == pytest.approx(0.03857, abs=5e-6)
    assert comparison.same_tasks is None  # one run a side has no run-to-run spread
    assert (comparison.p, comparison.speaks_about) == (comparison.single_runs.p, NEW_TASKS)
    assert comparison.delta == pytest.approx(100 * (2 - 10) / 40)


def test_w7_simulated_error_rate_and_power() -> None:
    rng = np.random.default_rng(7)
    null = rng.normal(50, 1.5, (2_000, 2, 10))
    rejected = np.mean([(welch_t(a, b, unit="run").p or 0) < 0.05 for a, b in null])
    assert rejected == pytest.approx(0.05, abs=0.015)
    shifted = rng.normal(50, 1.5, (2_000, 2, 10))
    shifted[:, 0] += 2
    found = np.mean([(welch_t(a, b, unit="run").p or 0) < 0.05 for a, b in shifted])
    assert found == pytest.approx(0.805, abs=0.03)


def test_w7_bootstrap_over_tasks_repeats_with_its_seed() -> None:
    rng = np.random.default_rng(3)
    tasks_a = [[float(x) for x in rng.random(5) < p] for p in rng.random(40)]
    tasks_b = [[float(x) for x in rng.random(5) < p] for p in rng.random(40)]
    rows = rows_of("a", tasks_a) + rows_of("b", tasks_b)
    first, again, other = (
        summarize(rows, RandomnessConfig(draws=1_000, seed=seed)).comparisons[0].new_tasks for seed in (5, 5, 6)
    )
    assert first == again
    assert (first.effect.lo, first.effect.hi) != (other.effect.lo, other.effect.hi)
    assert NEW_TASKS in first.effect.method and first.effect.unit == "task" and first.effect.n == 40


def test_w8_first_divergence() -> None:
    def of(a: str, b: str) -> tuple[int, float]:
        found = first_divergence(list(a), list(b))
        return found.tokens, found.ratio

    assert of("abcd", "abxde") == (2, 0.5)
    assert of("ab", "abc") == (2, 1.0)
    assert of("x", "y") == (0, 0.0)
    assert first_divergence(list("ab"), list("ab")).identical

    report = divergence_of_runs({"t1": [list("abcd"), list("abxde"), list("abcd")], "t2": [list("x"), list("y")]})
    assert (report.n_pairs, report.identical) == (4, 1)
    assert report.median_tokens == 2  # of 2, 2, 0; the identical pair would have pulled in a fourth value
    assert report.median_ratio == 0.5


def test_summary_json_has_the_keys_of_the_page_and_loads_again(tmp_path: Path) -> None:
    rows = run_rows("a", [24, 22, 25, 23, 26]) + run_rows("b", [21, 24, 18, 23, 19])
    for row in rows:
        row["tokens"] = ["go", str(row["run"])]
    outcomes = tmp_path / "outcomes.jsonl"
    outcomes.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    report = summarize(outcomes, RandomnessConfig(draws=500))
    path = tmp_path / "summary.json"
    report.save(path)
    data = json.loads(path.read_text(encoding="utf-8"))
    for key in ("pass1_mean", "run_sd", "run_range", "n_runs", "n_tasks", "ci", "pass_at_k", "pass_pow_k"):
        assert key in data["conditions"][0], key
    for key in ("delta", "ci", "p", "mde", "runs_needed"):
        assert key in data["comparisons"][0], key
    assert data["comparisons"][0]["delta"] == pytest.approx(3)
    assert data["divergence"]["a"]["median_tokens"] == 1
    assert RandomnessReport.load(path) == report
    assert summarize(rows, RandomnessConfig(draws=500)) == report


def test_few_runs_give_no_plan_and_say_so() -> None:
    report = summarize(run_rows("a", [24, 22, 25]), RandomnessConfig(draws=200))
    assert report.conditions[0].runs_needed is None
    assert any("5 runs" in warning for warning in report.warnings)


def test_odd_tables_are_reported_and_not_guessed_at() -> None:
    config = RandomnessConfig(draws=100)
    nothing = summarize(rows_of("a", [[None, None]]), config)
    assert nothing.conditions[0].pass1_mean is None
    assert nothing.warnings == ("a: all 2 outcomes are missing, so nothing can be said",)
    still = summarize(rows_of("a", [[1] * 6, [0] * 6]), config)
    assert still.conditions[0].runs_needed is None and "did not vary" in still.warnings[0]
    apart = summarize([*rows_of("a", [[1, 0]]), {"condition": "b", "task_id": "x", "run": 0, "success": 1}], config)
    assert apart.comparisons[0].p is None and any("not comparable" in text for text in apart.warnings)
    partial = rows_of("a", [[0.5, 0.3], [0.2, 0.9]])
    assert not summarize(partial, config).conditions[0].pass_at_k
    judged = summarize(partial, RandomnessConfig(draws=100, success_at=0.5)).conditions[0]
    assert judged.pass_at_k[2].value == 100 and judged.pass_pow_k[2].value == 0
    for report in (nothing, still, apart):
        assert RandomnessReport.from_dict(json.loads(json.dumps(report.as_dict(), allow_nan=False))) == report


def test_comparisons_with_a_baseline_are_corrected_together() -> None:
    rows = [row for i, name in enumerate("abc") for row in run_rows(name, [20 + i, 22 + i, 24 + i, 25 + i, 23 + i])]
    report = summarize(rows, RandomnessConfig(draws=100, baseline="b"))
    assert [(found.a, found.b) for found in report.comparisons] == [("a", "b"), ("c", "b")]
    assert all((found.p_holm or 0) >= (found.p or 1) for found in report.comparisons)
    with pytest.raises(InvalidInput, match="baseline"):
        summarize(rows, RandomnessConfig(draws=100, baseline="z"))


def test_bad_outcome_rows_are_refused_with_line_and_field(tmp_path: Path) -> None:
    path = tmp_path / "outcomes.jsonl"
    good = '{"condition": "a", "task_id": "t", "run": 0, "success": 1}\n'
    path.write_text(good + '{"condition": "a", "task_id": "t", "run": 1}\n', encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"line 2: field 'success'"):
        read_outcomes(path)
    path.write_text(good + good, encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"line 2"):
        read_outcomes(path)
    path.write_text(good + "{not json\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"line 2"):
        read_outcomes(path)
    with pytest.raises(NotFound):
        read_outcomes(tmp_path / "absent.jsonl")


class Nobody:
    """A chat model that must not be asked: the system only counts."""

    name = "nobody"

    async def generate(self, messages: object, sampling: object) -> object:
        raise AssertionError("this system asks no model")


async def test_the_contract_row_is_deterministic_and_loads() -> None:
    model: Any = Nobody()
    rows = await CONTRACT.example(model, 3)
    assert json.dumps(rows) == json.dumps(await CONTRACT.example(model, 3))
    assert json.dumps(rows) != json.dumps(await CONTRACT.example(model, 4))
    assert CONTRACT.load is not None and CONTRACT.save is not None
    assert CONTRACT.save(CONTRACT.load(json.loads(json.dumps(rows[0])))) == rows[0]
