"""Prompt tournament: every statement of the page's "Works when", with its literals; then study files, judges, faults."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personarium.catalog import SystemRow
from personarium.core.chat import Message, Sampling
from personarium.core.errors import InvalidInput, UsageError
from personarium.judges import Judge, PersonRater, Sheet
from personarium.measure.prompt_tournament import (
    DIMENSIONS,
    TEMPLATES,
    Contestant,
    Context,
    Dimension,
    Judgement,
    JudgingStopped,
    Response,
    Study,
    TournamentConfig,
    TournamentResult,
    as_markdown,
    from_responses,
    rate_judgements,
    read_contexts,
    read_judgements,
    read_responses,
    read_study,
    run_tournament,
    side_bias,
    template_text,
    write_judgements,
)
from personarium.measure.prompt_tournament.method import about_study
from personarium.measure.prompt_tournament.schedule import schedule_for
from personarium.models import ScriptedModel
from personarium.stats.correlation import spearman
from personarium.stats.glicko import Ratings, glicko2, newcomers, rate_period, win_probability
from personarium.stats.ratings import Games, games_of
from personarium.testing import check_system

SIX = ("t0", "t1", "t2", "t3", "t4", "t5")
STRENGTHS = np.array([0, 0.3, 0.6, 0.9, 1.2, 2])
PAIRS = list(combinations(range(6), 2))
ONE = (Dimension("overall", "Which is better?"),)


def rated(*players: tuple[float, float]) -> Ratings:
    """Contestants with ratings and deviations, volatility .06."""
    rating, rd = np.array(players, dtype=float).T
    names = tuple(f"p{k}" for k in range(len(players)))
    return Ratings(names, rating, rd, np.full(len(players), 0.06), np.zeros(len(players), dtype=np.int64))


def play(ratings: Ratings, *games: tuple[int, int, float]) -> Ratings:
    first, second, score = (np.array(column) for column in zip(*games, strict=True))
    return rate_period(ratings, first, second, score.astype(float)).ratings


def row(left: str, right: str, winner: str | None, context: str = "c0", period: int = 0, judge: str = "j") -> Judgement:
    gap = ("unparsed", "nothing to read") if winner is None else ("", "")
    return Judgement(context, judge, left, right, "overall", winner, period, *gap)  # type: ignore[arg-type]


# --- 1 to 4: Glicko-2 ---

GLICKMAN = ((1500, 200), (1400, 30), (1550, 100), (1700, 300))


def test_w1_glickmans_example() -> None:
    update = rate_period(rated(*GLICKMAN), np.array([0, 0, 0]), np.array([1, 2, 3]), np.array([1.0, 0.0, 0.0]))
    assert update.ratings.rating[0] == pytest.approx(1464.0507, abs=5e-5)
    assert update.ratings.rd[0] == pytest.approx(151.5165, abs=5e-5)
    assert update.ratings.volatility[0] == pytest.approx(0.0599960, abs=5e-8)
    assert update.v[0] == pytest.approx(1.778977, abs=5e-7)
    assert update.delta[0] == pytest.approx(-0.483933, abs=5e-7)


def test_w1_an_update_after_every_game_gives_other_numbers() -> None:
    ratings = rated(*GLICKMAN)
    for game in ((0, 1, 1), (0, 2, 0), (0, 3, 0)):
        after = play(ratings, game)
        # the opponents stay as they are, as in the example
        ratings = Ratings(
            ratings.names,
            np.array([after.rating[0], *ratings.rating[1:]]),
            np.array([after.rd[0], *ratings.rd[1:]]),
            np.array([after.volatility[0], *ratings.volatility[1:]]),
            ratings.games,
        )
    assert ratings.rating[0] == pytest.approx(1463.788, abs=5e-4)
    assert ratings.rd[0] == pytest.approx(151.873, abs=5e-4)


def test_w2_two_newcomers() -> None:
    won = glicko2(games_of(("a", "b"), ["a"], ["b"], [1]))
    assert won.rating.tolist() == pytest.approx([1662.3109, 1337.6891], abs=5e-5)
    assert won.rd.tolist() == pytest.approx([290.3190, 290.3190], abs=5e-5)
    assert won.volatility.tolist() == pytest.approx([0.0599997, 0.0599997], abs=5e-8)
    drawn = glicko2(games_of(("a", "b"), ["a"], ["b"], [0.5]))
    assert drawn.rating.tolist() == [1500, 1500]
    assert drawn.rd.tolist() == pytest.approx([290.3190, 290.3190], abs=5e-5)


def test_w2_volatility_rises_after_a_surprise() -> None:
    # twelve wins against somebody who stays at 1500/50: twelve opponents, each met once
    after = play(rated(*[(1500, 50)] * 13), *[(0, k, 1) for k in range(1, 13)])
    assert after.rating[0] == pytest.approx(1571.0422, abs=5e-5)
    assert after.rd[0] == pytest.approx(45.6357, abs=5e-5)
    assert after.volatility[0] == pytest.approx(0.0602735, abs=5e-8)


def test_w3_who_does_not_play_becomes_less_certain() -> None:
    after = play(rated((1500, 200), (1500, 200), (1400, 200)), (0, 1, 1))
    assert after.rd[2] == pytest.approx(200.2714, abs=5e-5)
    assert after.rating[2] == 1400
    assert after.volatility[2] == 0.06


@pytest.mark.parametrize(
    ("players", "form", "expected"),
    [
        ((1700, 60, 1500, 60), "two-sided", 0.752444),
        ((1700, 60, 1500, 60), "one-sided", 0.756018),
        ((1700, 60, 1500, 60), "elo", 0.759747),
        ((1700, 60, 1500, 200), "two-sided", 0.723060),
        ((1761, 60, 1500, 60), "two-sided", 0.810114),
    ],
)
def test_w4_win_probability(players: tuple[float, float, float, float], form: str, expected: float) -> None:
    assert win_probability(*players, form) == pytest.approx(expected, abs=5e-7)  # type: ignore[arg-type]


def test_w4_both_win_probabilities_sum_to_one() -> None:
    p = rated((1700, 60), (1500, 200), (1430, 30)).win_probability()
    assert np.allclose(p + p.T, 1)


# --- 5: order, symmetry, refusals ---


def test_w5_order_inside_a_period_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    rows = [
        row(f"t{i}", f"t{j}", ("left", "right", "tie")[rng.integers(3)], f"c{c}", c // 4)
        for c in range(12)
        for i, j in PAIRS
    ]
    config = TournamentConfig(dimensions=ONE, draws=20)
    first = rate_judgements(rows, SIX, config=config)
    for seed in range(5):
        mixed = [rows[k] for k in np.random.default_rng(seed).permutation(len(rows))]
        again = rate_judgements(mixed, SIX, config=config)
        assert np.allclose(again.total.glicko.rating, first.total.glicko.rating, atol=1e-9, rtol=0)
        assert np.allclose(again.total.glicko.rd, first.total.glicko.rd, atol=1e-9, rtol=0)
        assert again.as_dict() == first.as_dict()


def test_w5_two_equal_newcomers_sum_to_3000() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        n = int(rng.integers(1, 40))
        games = games_of(("a", "b"), ["a"] * n, ["b"] * n, rng.choice([0, 0.5, 1], n), rng.integers(0, 5, n))
        assert glicko2(games).rating.sum() == pytest.approx(3000, abs=1e-8)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"right": "a"}, "two different contestants"),
        ({"left": "nobody"}, "a contestant among a, b"),
        ({"winner": "A"}, "left, right or tie"),
        ({"winner": None}, "left, right or tie"),
        ({"period": -1}, "a whole number from 0"),
        ({"context_id": ""}, "a text that is not empty"),
    ],
)
def test_w5_a_wrong_row_is_refused_with_its_line(tmp_path: Path, changed: dict[str, object], says: str) -> None:
    good = row("a", "b", "left").to_dict()
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(r) + "\n" for r in (good, good, {**good, **changed})))
    with pytest.raises(InvalidInput, match=f"rows.jsonl:3.*{says}"):
        read_judgements(file, {"a", "b"})


# --- 6: simulation ---


def simulated_games(seed: int) -> Games:
    """120 contexts x 15 pairs in ten periods of twelve contexts, by Bradley-Terry strengths 0 to 2."""
    rng = np.random.default_rng(seed)
    first, second = (np.tile(side, 120) for side in zip(*PAIRS, strict=True))
    p = 1 / (1 + np.exp(STRENGTHS[second] - STRENGTHS[first]))
    score = (rng.random(p.size) < p).astype(float)
    return games_of(SIX, first, second, score, np.repeat(np.arange(120) // 12, 15))


def test_w6_planted_strengths_are_found() -> None:
    best, correlations, errors, deviations = 0, [], [], []
    true = np.array([1 / (1 + math.exp(STRENGTHS[j] - STRENGTHS[i])) for i, j in PAIRS])
    for seed in range(50):
        ratings = glicko2(simulated_games(seed))
        best += int(ratings.rating.argmax()) == 5
        correlations.append(spearman(ratings.rating, STRENGTHS).value or 0.0)
        predicted = ratings.win_probability()
        errors.append(float(np.mean([abs(predicted[i, j] - p) for (i, j), p in zip(PAIRS, true, strict=True)])))
        deviations.append(float(ratings.rd[0]))
    assert best == 50
    assert np.mean(correlations) > 0.98
    assert np.mean(errors) < 0.04
    assert np.mean(deviations) == pytest.approx(22.7, abs=0.1)  # of the weakest; 21.6 to 24.3 of the others


# --- 7: a judge that always picks left ---


def always_left(seed: int, randomised: bool) -> list[Judgement]:
    """All duels of a schedule, won by the left side; fixed sides put the higher index left."""
    schedule = schedule_for(SIX, [f"c{k:03d}" for k in range(120)], "round-robin", 60, None, seed)
    rows: list[Judgement] = []
    for period in range(10):
        for duel in schedule.batch(period, newcomers(SIX), [], ()):
            left, right = (duel.left, duel.right) if randomised else sorted((duel.left, duel.right), reverse=True)
            rows.append(row(left, right, "left", duel.context_id, period))
    return rows


def rating_of(rows: Sequence[Judgement]) -> np.ndarray:
    score = [float((r.winner == "left") is (r.left < r.right)) for r in rows]
    pairs = [sorted((r.left, r.right)) for r in rows]
    return glicko2(games_of(SIX, [a for a, _ in pairs], [b for _, b in pairs], score, [r.period for r in rows])).rating


def test_w7_random_sides_take_the_bias_out_of_the_ratings_and_show_it() -> None:
    largest = [float(np.abs(rating_of(always_left(seed, True)) - 1500).max()) for seed in range(30)]
    assert max(largest) < 60
    assert np.median(largest) == pytest.approx(24, abs=8)
    bias = side_bias(always_left(0, True))
    assert bias.flagged
    assert (bias.left.value, bias.left.n) == (1.0, 1800)


def test_w7_fixed_sides_turn_the_bias_into_a_ranking() -> None:
    ratings = rating_of(always_left(0, False))
    assert ratings.tolist() == pytest.approx([724, 1090, 1369, 1631, 1910, 2276], abs=1)


def test_w7_fair_judges_are_not_flagged() -> None:
    for seed in range(50):
        rng = np.random.default_rng(seed)
        rows = always_left(seed, True)
        places = [(int(r.left[1]), int(r.right[1])) for r in rows]
        p = [1 / (1 + math.exp(STRENGTHS[j] - STRENGTHS[i])) for i, j in places]
        fair = [
            row(r.left, r.right, "left" if rng.random() < x else "right", r.context_id)
            for r, x in zip(rows, p, strict=True)
        ]
        assert not side_bias(fair).flagged


# --- judges that are not to be believed ---

CONTEXTS = [Context(f"c{k}", f"Question {k}?") for k in range(8)]
READY = [
    Response(c.id, who, f"{word} answer to {c.text}")
    for c in CONTEXTS
    for who, word in (("x", "The good"), ("y", "The poor"), ("z", "The middling"))
]


def judge(script: object, **options: object) -> Judge:
    return Judge(ScriptedModel(script), asks=1, **options)  # type: ignore[arg-type]


def by_quality(messages: Sequence[Message], sampling: Sampling) -> str:
    shown = messages[-1]["content"]
    order = [shown.find(f"The {word} answer") for word in ("good", "middling", "poor")]
    best = next(at for at in order if at >= 0)
    return f"Feedback: better. [RESULT] {'A' if best == min(at for at in order if at >= 0) else 'B'}"


async def ready_tournament(
    who: object, tmp: Path | None = None, contestants: Sequence[Contestant] | None = None, **config: object
) -> TournamentResult:
    settings = TournamentConfig(**{"dimensions": ONE, "draws": 50, **config})  # type: ignore[arg-type]
    judges = [who] if not isinstance(who, list) else who
    return await run_tournament(
        contestants or from_responses(READY),
        CONTEXTS,
        judges,
        config=settings,
        study=tmp,
        concurrency=4,  # type: ignore[arg-type]
    )


async def test_a_good_judge_ranks_and_is_not_warned_of() -> None:
    found = await ready_tournament(judge(by_quality))
    assert [s.contestant for s in found.standings] == ["x", "z", "y"]
    assert (found.standings[0].wins, found.standings[0].losses) == (16, 0)
    assert found.judges[0].consistent.value == 1
    assert found.judges[0].side.left.value == 0.5
    assert found.stopped == "everything was played"
    assert "nobody else took a game from x" in " ".join(
        found.notes()
    )  # a perfect winner is named, not rated as infinite


async def test_always_a_is_shown_as_side_bias_and_gives_ties_only() -> None:
    found = await ready_tournament(judge({"": "Feedback: the first. [RESULT] A"}))
    assert found.judges[0].side.flagged
    assert found.judges[0].side.left.value == 1
    assert found.judges[0].consistent.value == 0
    assert found.total.ties_only
    assert [s.rating.value for s in found.standings] == [1500, 1500, 1500]
    notes = " ".join(found.notes())
    assert "follows the side" in notes
    assert "says the same in both orders of 0% of the pairs (0% to 14%), which cannot be told from a coin" in notes
    assert "all 24 games are ties: nothing tells the contestants apart" in notes


async def test_asked_once_always_a_is_still_shown() -> None:
    found = await ready_tournament(judge({"": "Feedback: the first. [RESULT] A"}), both_orders=False)
    assert found.judges[0].side.flagged
    assert not found.total.ties_only
    assert found.judges[0].consistent.value is None


async def test_a_judge_that_never_parses_rates_nobody() -> None:
    found = await ready_tournament(judge({"": "Hm."}))
    assert found.total.games == 0
    assert found.total.strengths is None
    assert found.judges[0].failures == {"unparsed": 48}
    assert [s.rating.value for s in found.standings] == [1500, 1500, 1500]
    assert "no verdict of" in found.notes()[0]
    assert "not one game was decided or drawn" in " ".join(found.notes())


async def test_one_order_that_cannot_be_read_is_no_game() -> None:
    def half(messages: Sequence[Message], sampling: Sampling) -> str:
        good, middling = (messages[-1]["content"].find(f"The {w} answer") for w in ("good", "middling"))
        return "Hm." if 0 <= middling < good else "Feedback: x. [RESULT] A"

    found = await ready_tournament(judge(half))
    met = {(s.contestant): s.wins + s.losses + s.ties for s in found.standings}
    assert met == {"x": 8, "z": 8, "y": 16}
    assert found.judges[0].failures == {"unparsed": 8}


async def test_several_judges_and_their_agreement() -> None:
    other = Judge(ScriptedModel({"": "Feedback: x. [RESULT] B"}, name="always-b"), asks=1)
    found = await ready_tournament([judge(by_quality), judge({"": "Feedback: x. [RESULT] B"}, ties=True)])
    assert [round(j.side.left.value or 0, 2) for j in found.judges] == [0.5, 0.0]
    assert found.agreement["total"].n == 24
    assert any("several judges saw the same contexts" in note for note in found.notes())
    with pytest.raises(UsageError, match="two judges are called"):
        await ready_tournament([other, other])


async def test_one_contestant_only_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="at least two contestants, found one: x"):
        await ready_tournament(judge(by_quality), contestants=from_responses(READY)[:1])


async def test_identical_and_missing_answers_are_no_questions() -> None:
    texts = [
        Response("c0", "x", "Same."),
        Response("c0", "y", "Same."),
        Response("c1", "x", "One."),
        Response("c1", "y", " "),
    ]
    model = ScriptedModel([])
    found = await ready_tournament(Judge(model, asks=1), contestants=from_responses(texts))
    assert not model.calls
    assert (found.unasked, found.total.games, found.standings[0].ties) == (1, 1, 1)
    assert found.standings[0].missing == {"missing": 6}
    assert found.standings[1].missing == {"empty": 1, "missing": 6}
    assert "13 answers could not be had (1 empty, 12 missing)" in " ".join(found.notes())


# --- blindness, dimensions, schedule ---


async def test_judges_never_see_a_name() -> None:
    model = ScriptedModel(by_quality)
    names = {"x": "contestant-alpha", "y": "contestant-beta", "z": "contestant-gamma"}
    ready = from_responses([Response(r.context_id, names[r.contestant], r.text) for r in READY])
    await ready_tournament(Judge(model, asks=1), contestants=ready)
    assert len(model.calls) == 48
    assert not any("contestant-" in str(call.messages) for call in model.calls)


async def test_the_total_is_the_majority_of_the_dimensions() -> None:
    def by_dimension(messages: Sequence[Message], sampling: Sampling) -> str:
        good_first = messages[-1]["content"].find("The good") < messages[-1]["content"].find("The poor")
        picks_good = "[one]" in messages[-1]["content"] or "[two]" in messages[-1]["content"]
        return f"Feedback: x. [RESULT] {'A' if good_first is picks_good else 'B'}"

    three = tuple(Dimension(name, name) for name in ("one", "two", "three"))
    found = await ready_tournament(
        judge(by_dimension), contestants=from_responses([r for r in READY if r.contestant != "z"]), dimensions=three
    )
    assert {name: table.results[0] for name, table in found.tables.items()} == {
        "total": (8, 0, 0),
        "one": (8, 0, 0),
        "two": (8, 0, 0),
        "three": (0, 8, 0),
    }


def test_a_dimension_without_verdict_leaves_the_total_open_unless_it_is_decided() -> None:
    three = tuple(Dimension(name, name) for name in ("one", "two", "three"))

    def total_of(*winners: str | None) -> int:
        gap = ("unparsed", "no")
        rows = [
            Judgement("c", "j", "a", "b", d.name, w, 0, *(gap if w is None else ("", "")))  # type: ignore[arg-type]
            for d, w in zip(three, winners, strict=True)
        ]
        return rate_judgements(rows, ["a", "b"], config=TournamentConfig(dimensions=three, draws=2)).total.games

    assert total_of("left", "left", None) == 1
    assert total_of("left", "right", None) == 0
    assert total_of("left", None, None) == 0


async def test_play_stops_when_intervals_are_narrow() -> None:
    found = await ready_tournament(judge(by_quality), stop_width=900.0, games_per_period=2)
    assert found.stopped == "every interval is at most 900 points wide"
    assert found.duels == 6
    assert all((s.rating.hi or 0) - (s.rating.lo or 0) <= 900 for s in found.standings)


async def test_few_duels_are_chosen_by_information() -> None:
    found = await ready_tournament(judge(by_quality), most_duels=9, games_per_period=2)
    assert found.duels == 9
    assert found.stopped == "9 duels were played, as many as were wanted"
    met = {s.contestant: s.wins + s.losses for s in found.standings}
    assert met == {"x": 4, "z": 8, "y": 6}  # the one in the middle is hardest to place


def test_a_context_is_never_given_twice_to_a_pair() -> None:
    schedule = schedule_for(["a", "b", "c"], ["c1", "c2"], "information", 2, None, 0)
    played: list = []
    for period in range(9):
        played += schedule.batch(period, newcomers(("a", "b", "c")), played, ())
    assert len(played) == 6
    assert len({(d.context_id, *sorted((d.left, d.right))) for d in played}) == 6


def test_circles_are_named() -> None:
    rows = [row("a", "b", "left"), row("b", "c", "left"), row("c", "a", "left")]
    found = rate_judgements(rows, ["a", "b", "c"], config=TournamentConfig(dimensions=ONE, draws=5))
    assert found.circles() == [("a", "b", "c")]
    assert "1 circle, which" in " ".join(found.notes())


# --- study files ---


async def test_a_stopped_study_goes_on_where_it_was(tmp_path: Path) -> None:
    file = tmp_path / "study.jsonl"
    asked: list[Sheet] = []

    def person(most: int) -> PersonRater:
        def ask(sheet: Sheet) -> str:
            if len(asked) >= most:
                raise JudgingStopped
            asked.append(sheet)
            return "A" if "good" in sheet.responses[0] else "B"

        return PersonRater("judge one", ask)

    async def sit(most: int) -> TournamentResult:
        config = TournamentConfig(dimensions=ONE, draws=20, both_orders=False, games_per_period=4)
        return await run_tournament(
            from_responses(READY), CONTEXTS, [person(most)], config=config, study=file, in_turn=True
        )

    first = await sit(7)
    assert (first.duels, first.stopped) == (7, "stopped by the judge; the same call goes on")
    whole = await sit(1000)
    assert (whole.duels, len(asked)) == (24, 24)
    assert whole.stopped == "everything was played"
    again = await sit(0)
    assert again.as_dict() == whole.as_dict()
    shown = {(sheet.instruction, frozenset(sheet.responses)) for sheet in asked}
    assert len(shown) == 24  # nothing was asked twice


async def test_a_torn_line_costs_one_question(tmp_path: Path) -> None:
    file = tmp_path / "study.jsonl"
    whole = await ready_tournament(judge(by_quality), file)
    file.write_bytes(file.read_bytes()[:-20])
    model = ScriptedModel(by_quality)
    again = await ready_tournament(Judge(model, asks=1), file)
    assert len(model.calls) == 2
    assert [s.as_dict() for s in again.standings] == [s.as_dict() for s in whole.standings]
    assert len(read_study(file)[1]) == 48


async def test_another_study_is_refused_by_what_differs(tmp_path: Path) -> None:
    file = tmp_path / "study.jsonl"
    await ready_tournament(judge(by_quality), file)
    with pytest.raises(UsageError, match="another study: its seed differs"):
        await ready_tournament(judge(by_quality), file, seed=5)
    write_judgements([row("x", "y", "left")], tmp_path / "rows.jsonl")
    with pytest.raises(InvalidInput, match="begins with a line that says so"):
        await ready_tournament(judge(by_quality), tmp_path / "rows.jsonl")


def test_a_study_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    from personarium.core.errors import StorageError

    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write the study"):
        Study.open(tmp_path / "file" / "study.jsonl", about_study(["a"], [], [], TournamentConfig()), ["a"])


@given(cut=st.integers(0, 2000))
@settings(max_examples=40, deadline=None)
def test_a_study_cut_off_anywhere_opens_again(cut: int) -> None:
    about, rows = {"seed": 1}, [row("a", "b", "left", f"c{k}") for k in range(5)]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "study.jsonl"
        Study.open(file, about, ["a", "b"]).add(rows)
        whole = file.read_bytes()
        file.write_bytes(whole[: min(cut, len(whole))])
        study = Study.open(file, about, ["a", "b"])
        assert study.rows == rows[: len(study.rows)]
        study.add(rows)
        assert file.read_bytes() == whole


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.dictionaries(
            st.sampled_from(["context_id", "judge_id", "left", "right", "dimension", "winner", "period", "failure"]),
            inner,
        ),
        max_leaves=8,
    )
)
def test_any_row_is_read_or_refused(value: object) -> None:
    try:
        found = Judgement.from_dict(value, "rows:1")
    except InvalidInput as error:
        assert str(error).startswith("rows:1")
    else:
        assert Judgement.from_dict(found.to_dict()) == found


# --- files and reports ---


def test_answers_and_contexts_are_read(tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    rows = [
        {"context_id": "c1", "contestant": "a", "text": "One.", "context": "What?", "reference": "One"},
        {"context_id": "c1", "contestant": "b", "text": "Two."},
        {"context_id": "c2", "contestant": "a", "text": "Three."},
    ]
    file.write_text("".join(json.dumps(r) + "\n" for r in rows))
    contexts, responses = read_responses(file)
    assert contexts == [Context("c1", "What?", "One"), Context("c2", "c2")]
    assert [r.text for r in responses] == ["One.", "Two.", "Three."]
    file.write_text("".join(json.dumps(r) + "\n" for r in (rows[0], rows[0])))
    with pytest.raises(InvalidInput, match=r"answers.jsonl:2.*one answer of a in context c1"):
        read_responses(file)
    (tmp_path / "asked.txt").write_text("What?\n\nWhere?\n")
    assert [(c.id, c.text) for c in read_contexts(tmp_path / "asked.txt")] == [("c0001", "What?"), ("c0002", "Where?")]


async def test_markdown_holds_no_live_text() -> None:
    names = {"x": "<b>x|</b>", "y": "y", "z": "z"}
    ready = from_responses([Response(r.context_id, names[r.contestant], r.text) for r in READY])
    page = as_markdown(await ready_tournament(judge(by_quality), contestants=ready))
    assert "<b>" not in page
    assert "| 1 | \\<b\\>x\\|\\</b\\> |" in page
    assert ">99 %" in page or "9" in page
    assert "100%" not in page.split("## Points")[0].split("## How")[1].replace("100 %", "")


def test_result_survives_json() -> None:
    rows = [row("a", "b", "left", f"c{k}") for k in range(3)]
    found = rate_judgements(rows, ["a", "b", "idle"], config=TournamentConfig(dimensions=ONE, draws=5))
    assert json.loads(json.dumps(found.as_dict(), allow_nan=False)) == found.as_dict()
    assert "without any game, so not ranked by anything: idle" in " ".join(found.notes())


def test_the_six_templates_and_three_dimensions_of_the_study() -> None:
    assert [d.name for d in DIMENSIONS] == ["format", "dialogue", "learners"]
    texts = {template_text(name) for name in TEMPLATES}
    assert len(texts) == 6
    assert all("question" in text for text in texts)
    with pytest.raises(UsageError, match="no template 'x'"):
        template_text("x")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"schedule": "swiss"}, "schedule must be"),
        ({"dimensions": ()}, "dimensions of different names"),
        ({"games_per_period": 0}, "at least 1"),
        ({"stop_width": -1.0}, "above 0 points"),
    ],
)
def test_a_wrong_configuration_is_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        TournamentConfig(**wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="'total'"):
        Dimension("total", "x")


async def test_the_contract_holds() -> None:
    modules = ("method", "rating", "result", "schedule", "study", "judgements", "contestants", "checks", "markdown")
    system = SystemRow(
        slug="prompt-tournament",
        title="t",
        year=2026,
        arxiv="2601.16134",
        verbs=("measure",),
        modules=tuple(f"personarium.measure.prompt_tournament.{name}" for name in modules),
        command="personarium tournament",
        contract="personarium.measure.prompt_tournament.method:CONTRACT",
    )
    findings = await check_system(system)
    assert findings.problems == []
