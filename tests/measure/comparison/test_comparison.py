"""Comparing agents: planted truth is found, equal ones are left alone, what is missing or untrustworthy is named."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput, UsageError
from personarium.core.results import Scale
from personarium.judges.verdicts import Order, Preference, preference_of
from personarium.measure.comparison import (
    ComparisonConfig,
    Item,
    ScoreTable,
    VerdictTable,
    compare_agents,
    items_for_shares,
    report_sections,
)
from personarium.measure.comparison.planning import about
from personarium.measure.comparison.sections import shares_statement
from personarium.report import section_from_dict
from tests.measure.comparison.simulated_contest import contest

SHARE = Scale(0.0, 1.0, True, "share")
POINTS = Scale(1.0, 5.0, True, "points")
QUICK = ComparisonConfig(copies=200)


def items(n: int, groups: int = 0) -> tuple[Item, ...]:
    return tuple(Item(f"q{k}", f"p{k % groups}" if groups else "", f"Question {k}?") for k in range(n))


def drawn(share: float, n: int, seed: int) -> tuple[float, ...]:
    rng = random.Random(seed)
    return tuple(float(rng.random() < share) for _ in range(n))


def scores(**columns: tuple[float | None, ...]) -> ScoreTable:
    n = len(next(iter(columns.values())))
    return ScoreTable(items(n), columns, SHARE)


def verdicts(said: list[tuple[str | None, str | None]]) -> VerdictTable:
    """Pairs of left and right: (winner when left is shown first, winner when right is shown first), by letter."""
    table = tuple(
        preference_of([Order("AB", (ab,)), Order("BA", (ba,))], id=f"q{k}")  # type: ignore[arg-type]
        for k, (ab, ba) in enumerate(said)
    )
    return VerdictTable(items(len(said)), {("left", "right"): table}, ("left", "right"), judge="judge/x")


# --- the acceptance test: three simulated subjects of fidelity 0.9, 0.8, 0.8, n = 300 items ---


async def _repetitions(count: int) -> tuple[int, int, int, float]:
    best = wrong = different = 0
    planned = 0.0
    for rep in range(count):
        table = await contest(
            {"first": (0.9, 3 * rep + 1), "second": (0.8, 3 * rep + 2), "third": (0.8, 3 * rep + 3)}, 300
        )
        found = compare_agents(table, ComparisonConfig(copies=1, worst=0))
        best += found.best == "first"
        wrong += found.best in ("second", "third")
        different += found.pair("second", "third").told_apart
        near = await contest({"a": (0.80, 1000 + 2 * rep), "b": (0.85, 1001 + 2 * rep)}, 300)
        settle = compare_agents(near, ComparisonConfig(copies=1, worst=0)).pair("a", "b").settle
        assert settle is not None
        assert settle.difference == 0.05
        planned += settle.for_difference
    return best, wrong, different, planned / count


@pytest.mark.slow
def test_the_better_of_three_is_found_and_the_equal_two_are_left_alone_in_100_repetitions() -> None:
    best, wrong, different, planned = asyncio.run(_repetitions(100))
    assert best >= 88
    assert wrong == 0
    assert different <= 10
    assert 855 <= planned <= 950  # about 900 items tell .80 from .85 at 80 % power


def test_the_better_of_three_is_found_in_short() -> None:
    best, wrong, different, planned = asyncio.run(_repetitions(12))
    assert best >= 9
    assert wrong == 0
    assert different <= 2
    assert 800 <= planned <= 1000


def test_about_900_items_tell_80_from_85_percent() -> None:
    assert items_for_shares(0.80, 0.85) == 903
    assert about(items_for_shares(0.80, 0.85)) == "about 900"
    with pytest.raises(InvalidInput, match="share strictly between 0 and 1"):
        items_for_shares(1.0, 0.9)


def test_the_report_states_it() -> None:
    # 240 of 300 right: a share of .80, and .85 is the next that matters.
    eighty = (1.0,) * 240 + (0.0,) * 60
    table = scores(one=(1.0,) * 250 + (0.0,) * 50, two=tuple(reversed(eighty)))
    found = compare_agents(table, QUICK)
    wanted = "Telling a share of 0.80 from one of 0.85 takes about 900 right-or-wrong items."
    assert shares_statement(found) == wanted
    (plans,) = [s for s in report_sections(found) if s["title"] == "What would settle it"]
    assert wanted in plans["note"]
    assert plans["note"].startswith("At 80% power and a two-sided level of 0.05.")


# --- effects, corrections, units ---


def test_the_paired_effect_has_its_interval_and_an_open_pair_says_what_would_settle_it() -> None:
    found = compare_agents(scores(a=drawn(0.8, 200, 1), b=drawn(0.78, 200, 2)), QUICK)
    pair = found.pair("a", "b")
    effect = pair.test.effect
    assert (effect.n, effect.unit) == (200, "item")
    assert effect.lo is not None and effect.hi is not None and effect.lo < 0 < effect.hi
    assert found.best is None
    assert pair.better is None
    assert pair.settle is not None and pair.settle.more is not None and pair.settle.more > 0
    assert "more items would settle it if the difference is as seen" in pair.says
    assert "may be luck" in found.statement


def test_three_equal_contestants_are_corrected_together() -> None:
    false_calls = false_best = 0
    for seed in range(60):
        table = scores(**{name: drawn(0.7, 120, 10 * seed + k) for k, name in enumerate("abc")})
        found = compare_agents(table, ComparisonConfig(copies=1))
        false_calls += any(pair.told_apart for pair in found.pairs)
        false_best += found.best is not None
        assert all(pair.p_adjusted is not None and pair.p_adjusted >= (pair.test.p or 0.0) for pair in found.pairs)
    assert false_calls <= 8  # 5 % of 60 is 3; without the correction about 7 to 8 are expected
    assert false_best <= 6


def test_items_of_one_persona_are_one_unit() -> None:
    rng = random.Random(3)
    personas = [rng.choice((0.0, 1.0)) for _ in range(12)]
    a = tuple(personas[k % 12] for k in range(240))
    others = [rng.choice((0.0, 1.0)) for _ in range(12)]
    b = tuple(others[k % 12] for k in range(240))
    alone = compare_agents(ScoreTable(items(240), {"a": a, "b": b}, SHARE), QUICK).pair("a", "b").test.effect
    grouped = compare_agents(ScoreTable(items(240, 12), {"a": a, "b": b}, SHARE), QUICK).pair("a", "b").test.effect
    assert (alone.n, alone.unit) == (240, "item")
    assert (grouped.n, grouped.unit) == (12, "persona")
    assert grouped.value == pytest.approx(alone.value)
    assert (
        grouped.hi is not None
        and alone.hi is not None
        and grouped.hi - (grouped.value or 0) > 3 * (alone.hi - (alone.value or 0))
    )


def test_lower_can_be_better() -> None:
    table = ScoreTable(
        items(40), {"calm": (0.1,) * 20 + (0.2,) * 20, "rude": (0.6,) * 19 + (0.7,) * 21}, Scale(0, 1, False)
    )
    found = compare_agents(table, QUICK)
    assert (found.best, found.leader, found.standings[-1].name) == ("calm", "calm", "rude")
    assert found.pair("calm", "rude").better == "calm"
    with pytest.raises(UsageError, match="without a better end"):
        compare_agents(replace(table, scale=Scale(0, 1, None)), QUICK)


def test_the_control_finds_the_leader_again_and_calls_equal_ones_different_as_often_as_it_may() -> None:
    found = compare_agents(scores(a=drawn(0.95, 200, 1), b=drawn(0.6, 200, 2)), ComparisonConfig(copies=2000))
    assert found.control.found_again == pytest.approx(1.0, abs=0.01)
    assert found.control.equal_called_different == pytest.approx(0.05, abs=0.02)
    assert found.standings[0].leads == pytest.approx(1.0, abs=0.01)
    assert sum(s.leads or 0.0 for s in found.standings) == pytest.approx(1.0)


def test_the_same_table_and_seed_give_the_same_comparison() -> None:
    table = scores(a=drawn(0.8, 60, 1), b=drawn(0.7, 60, 2), c=drawn(0.7, 60, 3))
    assert compare_agents(table, QUICK).as_dict() == compare_agents(table, QUICK).as_dict()


@given(st.lists(st.tuples(st.sampled_from((0.0, 0.5, 1.0)), st.sampled_from((0.0, 0.5, 1.0))), min_size=2, max_size=30))
def test_whoever_is_named_first_gets_no_advantage(rows: list[tuple[float, float]]) -> None:
    a, b = tuple(x for x, _ in rows), tuple(y for _, y in rows)
    forward = compare_agents(scores(a=a, b=b), ComparisonConfig(copies=20))
    backward = compare_agents(scores(b=b, a=a), ComparisonConfig(copies=20))
    assert forward.best == backward.best
    one, two = forward.pair("a", "b"), backward.pair("a", "b")
    assert one.better == two.better
    assert (one.test.effect.value or 0.0) == pytest.approx(-(two.test.effect.value or 0.0))
    assert 0.0 <= (one.p_adjusted or 0.0) <= 1.0


# --- what is missing ---


def test_a_missing_rating_is_no_zero_and_is_counted() -> None:
    a = (1.0, None, 1.0, 0.0) * 10
    b = (0.0, 0.0, None, 0.0) * 10
    found = compare_agents(scores(a=a, b=b), replace(QUICK, most_missing=0.5))
    effect = found.pair("a", "b").test.effect
    assert effect.n == 20  # only items that both have
    assert effect.value == 0.5
    assert effect.failures == {"missing": 20}
    assert found.pair("a", "b").share_missing == 0.5
    assert found.pair("a", "b").if_missing_worst == 0.5
    assert any("a 10, b 10" in text for text in found.warnings)


def test_a_difference_that_missing_ratings_could_turn_round_is_named() -> None:
    a = (1.0,) * 30 + (None,) * 10
    b = (0.8,) * 40
    found = compare_agents(scores(a=a, b=b), replace(QUICK, most_missing=0.5))
    assert found.pair("a", "b").if_missing_worst == pytest.approx(-0.05)
    assert any("turns round (+0.2 to -0.05)" in text for text in found.warnings)


def test_too_many_missing_ratings_name_no_winner() -> None:
    found = compare_agents(scores(a=(1.0,) * 40, b=(0.0,) * 30 + (None,) * 10), QUICK)
    assert found.best is None
    assert found.refusals == ("b has no score on 10 of 40 items",)
    assert found.statement == "No winner can be named: b has no score on 10 of 40 items."
    nothing = compare_agents(scores(a=(1.0,) * 4, b=(None,) * 4), QUICK)
    assert nothing.refusals == ("b has no score at all",)
    assert nothing.pair("a", "b").says == "nothing to compare"


def test_ties_only_and_a_constant_scorer_are_refused_by_name() -> None:
    varied = tuple(float(k % 3) / 2 for k in range(30))
    ties = compare_agents(scores(a=varied, b=varied), QUICK)
    assert ties.refusals == ("the contestants have the same score on every item: ties only",)
    constant = ScoreTable(items(30), {"a": (3.0,) * 30, "b": (3.0,) * 30}, POINTS, judge="judge/x")
    found = compare_agents(constant, QUICK)
    assert found.refusals[0] == "the judge judge/x gave every reply the same score (3) and tells nothing apart"
    assert found.best is None


def test_one_contestant_and_other_nonsense_are_refused() -> None:
    with pytest.raises(UsageError, match="at least two contestants, found 'a' alone"):
        scores(a=(1.0, 0.0))
    with pytest.raises(UsageError, match="at least two contestants, found none"):
        ScoreTable(items(1), {}, SHARE)
    with pytest.raises(UsageError, match="found 'a' alone"):
        ScoreTable(items(1), {"a": (1.0,), "no persona": (1.0,)}, SHARE, baselines=frozenset({"no persona"}))
    with pytest.raises(InvalidInput, match="one entry for each of 2 items"):
        ScoreTable(items(2), {"a": (1.0,), "b": (1.0, 0.0)}, SHARE)
    with pytest.raises(InvalidInput, match="items that are all different, found 'q0'"):
        ScoreTable((Item("q0"), Item("q0")), {"a": (1.0, 1.0), "b": (1.0, 0.0)}, SHARE)
    with pytest.raises(InvalidInput, match="at least one item"):
        ScoreTable((), {"a": (), "b": ()}, SHARE)
    with pytest.raises(UsageError, match="above 0"):
        ComparisonConfig(difference=0.0)


def test_few_items_are_warned_of_and_unvarying_differences_are_decided_by_their_signs() -> None:
    found = compare_agents(scores(a=(1.0,) * 4, b=(0.0,) * 4), QUICK)
    assert any("only 4 items are compared" in text for text in found.warnings)
    assert found.pair("a", "b").p_adjusted == 0.125  # 2 / 2^4
    assert found.pair("a", "b").better is None
    many = compare_agents(scores(a=(1.0,) * 40, b=(0.0,) * 40), QUICK)
    assert many.best == "a"


# --- baselines ---


def test_baselines_cannot_win_and_a_contestant_that_does_not_beat_them_is_named() -> None:
    table = ScoreTable(
        items(200),
        {"a": drawn(0.9, 200, 1), "b": drawn(0.4, 200, 2), "no persona": drawn(0.95, 200, 3)},
        SHARE,
        baselines=frozenset({"no persona"}),
    )
    found = compare_agents(table, QUICK)
    assert found.best == "a"
    assert [s.name for s in found.standings] == ["a", "b", "no persona"]
    assert found.standings[2].leads is None
    assert [(p.a, p.b) for p in found.against_baselines] == [("a", "no persona"), ("b", "no persona")]
    assert len(found.pairs) == 1
    assert sum("is not better than the baseline no persona" in text for text in found.warnings) == 2


# --- the judge ---


def test_a_judge_that_always_answers_a_is_refused_by_name() -> None:
    found = compare_agents(verdicts([("A", "B")] * 40), QUICK)  # whatever is shown first wins
    assert found.best is None
    assert "judge/x contradicts itself when the order is turned: only 0% of the pairs agree" in found.refusals[0]
    assert "the response shown first wins 100%" in found.refusals[0]
    assert any("likes a place" in text for text in found.warnings)


def test_a_judge_that_never_parses_is_refused_by_name() -> None:
    found = compare_agents(verdicts([(None, None)] * 12), QUICK)
    assert found.refusals[0] == "the judge judge/x gave no verdict that could be read, of 24 that were wanted"
    half = compare_agents(verdicts([("A", "A")] * 20 + [(None, "A")] * 20), QUICK)
    assert half.refusals[0] == "the judge judge/x could not be read in 25% of its verdicts"


def test_a_judge_of_ties_only_is_refused_by_name() -> None:
    found = compare_agents(verdicts([("tie", "tie")] * 12), QUICK)
    assert "the judge judge/x gave ties only, 12 of them" in found.refusals


def test_a_coin_is_warned_of() -> None:
    rng = random.Random(5)
    coin = [(rng.choice("AB"), rng.choice("AB")) for _ in range(60)]
    found = compare_agents(verdicts([(a, b) for a, b in coin]), QUICK)
    assert not found.refusals
    assert found.best is None
    assert any("which a coin may do" in text for text in found.warnings)
    assert any("not admitted" in text for text in found.warnings)


def test_a_consistent_judge_decides() -> None:
    found = compare_agents(verdicts([("A", "A")] * 30 + [("B", "B")] * 8 + [("A", "B")] * 4), QUICK)
    assert found.best == "left"
    assert found.standings[0].mean.value == pytest.approx((30 + 2) / 42)
    assert found.judge is not None and found.judge.position is not None
    assert found.judge.position.consistent.value == pytest.approx(38 / 42)
    assert not found.refusals


def test_one_order_only_names_no_winner() -> None:
    one = tuple(preference_of([Order("AB", ("A",))], id=f"q{k}") for k in range(20))
    table = VerdictTable(items(20), {("left", "right"): one}, ("left", "right"), judge="judge/x")
    found = compare_agents(table, QUICK)
    assert found.best is None
    assert "in one order only" in found.refusals[0]


def test_a_liking_for_length_is_measured_and_the_effect_at_equal_length_is_shown() -> None:
    rng = random.Random(1)
    lengths = [(rng.randint(20, 60), rng.randint(10, 40)) for _ in range(200)]
    said = [("A", "A") if a > b else ("B", "B") for a, b in lengths]
    table = replace(
        verdicts(said),
        texts={"left": tuple("word " * a for a, _ in lengths), "right": tuple("word " * b for _, b in lengths)},
    )
    found = compare_agents(table, QUICK)
    assert found.judge is not None and found.judge.length is not None
    assert found.judge.length.value is not None and found.judge.length.value > 0.95
    raw, left = found.pair("left", "right").test.effect, found.judge.at_equal_length["left", "right"]
    assert raw.value is not None and left.value is not None
    assert raw.value > 0.5
    assert abs(left.value) < 0.25
    assert any("the longer reply is preferred" in text for text in found.warnings)


def test_without_a_judge_nothing_is_said_of_one() -> None:
    found = compare_agents(scores(a=(1.0, 0.0), b=(0.0, 1.0)), QUICK)
    assert found.judge is None
    assert not any("not admitted" in text for text in found.warnings)


# --- what is shown ---


def test_the_worst_disagreements_stand_side_by_side() -> None:
    table = ScoreTable(
        items(4),
        {"a": (5.0, 1.0, 3.0, 3.0), "b": (2.0, 5.0, 3.0, None)},
        POINTS,
        texts={"a": ("fine", "poor", "so", "so"), "b": ("bad", "great", "so", None)},
    )
    worst = compare_agents(table, replace(QUICK, worst=2)).worst
    assert [(w.item, w.a, w.score_a, w.reply_a, w.b, w.score_b, w.reply_b) for w in worst] == [
        ("q1", "b", 5.0, "great", "a", 1.0, "poor"),
        ("q0", "a", 5.0, "fine", "b", 2.0, "bad"),
    ]


def test_every_section_is_one_that_reports_know() -> None:
    said = [("A", "A")] * 30 + [("B", "B")] * 8 + [("A", "B")] * 4
    texts = {
        "left": tuple("w " * (k % 7 + 3) for k in range(42)),
        "right": tuple("w " * (k % 5 + 2) for k in range(42)),
    }
    for table in (replace(verdicts(said), texts=texts), scores(a=drawn(0.9, 40, 1), b=(*drawn(0.5, 39, 2), None))):
        shown = report_sections(compare_agents(table, QUICK))
        assert len([section_from_dict(section) for section in shown]) == len(shown)
        assert shown[0]["title"] == "Where each stands"
        assert shown[1]["title"] == "Pair by pair"


def test_a_pair_without_verdict_is_missing_and_no_tie() -> None:
    some: tuple[Preference | None, ...] = (preference_of([Order("AB", ("A",)), Order("BA", ("A",))]), None)
    table = VerdictTable(items(2), {("left", "right"): some}, ("left", "right"), judge="judge/x")
    assert table.pair("left", "right") == ([1.0, None], [0.0, None])
    assert table.pair("right", "left") == ([0.0, None], [1.0, None])
    assert table.values == {"left": (1.0, None), "right": (0.0, None)}
