"""LikeBench: every statement of the page's "Works when", with its literals, and the traps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.benchmarks.likebench import (
    AdaptiveLength,
    DynamicUserProfile,
    FixedLength,
    LikeBenchConfig,
    LikeBenchResult,
    ModelUser,
    Moment,
    Prior,
    Profile,
    Rating,
    RatingTable,
    Recalling,
    RuleUser,
    StoredFact,
    Talks,
    compare,
    course,
    draw_priors,
    draw_profiles,
    length_user,
    likability,
    make_profiles,
    memory_accuracy,
    metric_names,
    metric_order,
    metric_table,
    plan_calls,
    published_figures,
    rater_agreement,
    read_profiles,
    read_ratings,
    read_reply,
    rule_user,
    run_likebench,
    turn_score,
    write_profiles,
    write_ratings,
)
from personarium.benchmarks.likebench.memory import MEMORY_ACCURACY, MOST_FACT, facts_of
from personarium.benchmarks.likebench.profiles import (
    LEVELS,
    core_facets,
    expected_level,
    facet_table,
    interest_paths,
    style_table,
)
from personarium.benchmarks.likebench.ratings import Given, completed, rating_form
from personarium.benchmarks.likebench.results import TRUTHFUL
from personarium.benchmarks.likebench.rules import (
    callback_rule,
    humour_rule,
    length_rule,
    note_holds,
    of_length,
    register_of,
    register_rule,
)
from personarium.benchmarks.likebench.steps import RATE
from personarium.benchmarks.likebench.table import FIT, LIKABILITY, SLOPE, TENTH
from personarium.benchmarks.likebench.talk import SESSION_MARK
from personarium.benchmarks.likebench.users import rating_inputs
from personarium.core import Message, Sampling
from personarium.core.dialogue import Utterance
from personarium.core.errors import InvalidInput, NotFound, RemoteError, UsageError
from personarium.core.label import current_label
from personarium.core.results import Failure
from personarium.models import ScriptedModel, open_model
from personarium.runs import Run
from personarium.text.holes import Unparsed

NAMES = (
    "emotional_adaptation",
    "formality_matching",
    "knowledge_adaptation",
    "reference_understanding",
    "length_fit",
    "humour_fit",
    "callback",
)
USER = draw_profiles(1)[0]


def all_rated(score: object, reason: str = "so it is") -> str:
    return json.dumps({name: {"reason": reason, "score": score} for name in NAMES})


def user_model(rating: str | Callable[[Sequence[Message]], str], says: str = "I like tea.") -> ScriptedModel:
    """Speaks when it is to speak, and rates when it is to rate."""

    def answer(messages: Sequence[Message], sampling: Sampling) -> str:
        if "<reply>" not in messages[-1]["content"]:
            return says
        return rating if isinstance(rating, str) else rating(messages)

    return ScriptedModel(answer, "user")


def answering(text: str = "A plain answer.") -> ScriptedModel:
    return ScriptedModel(lambda messages, sampling: text, "tested")


def sent(model: ScriptedModel) -> list[str]:
    return ["\n".join(m["content"] for m in call.messages) for call in model.calls]


def table(scores: dict[str, list[list[dict[str, int | None]]]], **more: Any) -> RatingTable:
    """Profile -> sessions -> turns -> metric -> score."""
    rows = [
        Rating(profile, "m", s, t, name, score, status="na" if score is None else "rated")
        for profile, sessions in scores.items()
        for s, turns in enumerate(sessions, 1)
        for t, given_ in enumerate(turns, 1)
        for name, score in given_.items()
    ]
    return RatingTable(tuple(rows), **more)


# --- 1: scores, means, what is no rating ---


def test_w1_turn_score_leaves_na_out() -> None:
    assert turn_score([4, None, 5, 3, None, 2, None]) == 3.5
    assert turn_score([None] * 7) is None


def test_w1_likability_averages_turns_within_a_session_first() -> None:
    assert likability([[4, 2, 3], [5]]) == 4.0
    assert likability([[4, 2, 3], [5]], "pooled") == 3.5
    assert likability([[4, 2, 3], [None], []]) == 3.0
    assert likability([[None], []]) is None
    with pytest.raises(UsageError, match="order must be sessions or pooled"):
        likability([], "all")  # type: ignore[arg-type]
    turns = [[{"length_fit": 4}, {"length_fit": 2}, {"length_fit": 3}], [{"length_fit": 5}]]
    assert table({"p": turns}).estimate().value == 4.0
    assert table({"p": turns}, order="pooled").estimate().value == 3.5


@pytest.mark.parametrize("given_", [0, 6, 3.5, "good", "0", "-1", True, "4 or 5", [4]])
def test_w1_what_is_no_rating_is_unparsed_and_counted(given_: object) -> None:
    read = read_reply(json.dumps({"humour_fit": {"reason": "r", "score": given_}, "length_fit": 4}))
    assert not isinstance(read, Unparsed)
    assert read["given"]["humour_fit"] == Given(None, "unparsed", "r")
    assert read["given"]["length_fit"] == Given(4, "rated", "")


async def test_w1_unparsed_ratings_are_failures_of_the_run_and_no_part_of_the_mean() -> None:
    reply = json.dumps({name: 6 if name == "humour_fit" else 4 for name in NAMES})
    result = await run_likebench(answering(), user_model(reply), [USER], config=LikeBenchConfig(sessions=2, turns=1))
    assert result.table.counts()["humour_fit"] == {"unparsed": 2}
    assert result.estimates()["Humour fit"].value is None
    assert result.estimates()[LIKABILITY].value == 4.0
    assert [(f.kind, f.where) for f in result.all_failures] == [
        ("unparsed", "user0000/1/1/humour_fit"), ("unparsed", "user0000/2/1/humour_fit"),
    ]  # fmt: skip
    assert result.estimates()[LIKABILITY].failures == {"unparsed": 2}


# --- 2: the line over sessions ---


@pytest.mark.parametrize(
    ("means", "slope", "fit"),
    [
        ([2.0, 2.5, 3.0, 3.5], 0.5, 1.0),
        ([3, 3, 3], 0.0, None),
        ([2, 4, 3], 0.5, 0.25),
        ([3.5, 3.0, 2.5], -0.5, 1.0),
        ([4.0], None, None),
        ([None, 4.0, None], None, None),
        ([], None, None),
        ([0.1 + 0.2, 0.3, 0.3], 0.0, None),
    ],
)
def test_w2_slope_and_fit(means: list[float | None], slope: float | None, fit: float | None) -> None:
    found = course(means)
    assert found.slope == (None if slope is None else pytest.approx(slope, abs=1e-12))
    assert found.r_squared == (None if fit is None else pytest.approx(fit, abs=1e-12))


def test_w2_a_session_without_ratings_keeps_its_number() -> None:
    assert course([2.0, None, 3.0]).slope == pytest.approx(0.5)
    assert course([2.0, 3.0]).slope == pytest.approx(1.0)
    assert course([2.0, None, 3.0]).sessions == 2
    turns: list[list[dict[str, int | None]]] = [[{"length_fit": 2}], [{"length_fit": None}], [{"length_fit": 3}]]
    found = table({"p": turns, "q": turns})
    assert found.session_means() == [2.0, None, 3.0]
    assert [(e.value, e.n) for e in found.session_estimates()] == [(2.0, 2), (None, 0), (3.0, 2)]
    slope, fit = found.course_estimates()
    assert (slope.value, slope.lo, slope.hi, slope.n, slope.unit) == (0.5, 0.5, 0.5, 2, "profile")
    assert fit.value == pytest.approx(1.0)


# --- 3: a user by rules ---


def moment(reply: str, **more: Any) -> Moment:
    return Moment(USER, (Prior("tea", "calm", "talk"),), reply=reply, **more)


@pytest.mark.parametrize(
    ("words", "score"), [(5, 3), (10, 4), (15, 5), (20, 5), (28, 5), (40, 4), (80, 3), (160, 2), (1000, 1), (0, 1)]
)
def test_w3_length_fit(words: int, score: int) -> None:
    assert len(of_length(words).split()) == words
    assert length_rule(20)(moment(of_length(words))) == score


async def test_w3_an_adaptive_model_is_seen_to_improve() -> None:
    adaptive = AdaptiveLength()
    assert [adaptive.words_in(s) for s in range(1, 7)] == [320, 170, 95, 58, 39, 29]
    config = LikeBenchConfig(sessions=6, turns=2)
    result = await run_likebench(adaptive, length_user(20), draw_profiles(3), config=config)
    assert result.table.session_means() == [1, 2, 3, 3, 4, 4]
    assert result.table.course().slope == pytest.approx(0.6)
    assert result.table.course().r_squared == pytest.approx(0.922, abs=5e-4)
    counts = result.table.counts()
    assert counts["length_fit"] == {"rated": 36}
    assert all(counts[name] == {"na": 36} for name in NAMES if name != "length_fit")


async def test_w3_a_fixed_model_is_seen_to_stay() -> None:
    config = LikeBenchConfig(sessions=6, turns=2)
    result = await run_likebench(FixedLength(80), length_user(20), draw_profiles(2), config=config)
    assert result.table.session_means() == [3] * 6
    estimates = result.estimates()
    assert (estimates[SLOPE].value, estimates[FIT].value) == (0.0, None)


# --- 4: callback in the first session; nothing from the future ---


@pytest.mark.parametrize(("score", "status"), [(5, "overruled"), ("NA", "na"), (9, "na")])
async def test_w4_callback_never_applies_in_the_first_session(score: object, status: str) -> None:
    config = LikeBenchConfig(sessions=2, turns=2)
    result = await run_likebench(answering(), user_model(all_rated(score)), [USER], config=config)
    first = [r for r in result.table.ratings if r.metric == "callback" and r.session == 1]
    assert [(r.score, r.status) for r in first] == [(None, status)] * 2
    assert result.table.overruled == (2 if status == "overruled" else 0)
    later = [r.score for r in result.table.ratings if r.metric == "callback" and r.session == 2]
    assert later == ([5, 5] if score == 5 else [None, None])


def test_w4_callback_is_na_even_when_the_reply_does_not_name_it() -> None:
    whole = completed({"humour_fit": Given(4)}, session=1)
    assert (whole["callback"].status, whole["length_fit"].status) == ("na", "missing")
    assert completed({}, 2)["callback"].status == "missing"
    failed = completed({}, 2, Failure("refused", "no"))
    assert {g.status for g in failed.values()} == {"refused"}


async def test_w4_later_sessions_appear_in_no_earlier_call() -> None:
    topics = [prior.topic for prior in draw_priors(USER, 4)]
    assert len(set(topics)) == 4
    tested = answering("Aha.")

    def speaking(messages: Sequence[Message], sampling: Sampling) -> str:
        if "<reply>" in messages[-1]["content"]:
            return all_rated(3)
        return "My word is " + next(t for t in topics if f"talk about {t}." in messages[-1]["content"]) + "."

    user = ScriptedModel(speaking, "user")
    await run_likebench(tested, user, [USER], config=LikeBenchConfig(sessions=4, turns=2))
    assert len(tested.calls) == 8
    for k, text in enumerate(sent(tested)):
        session = k // 2
        assert topics[session] in text
        assert not any(later in text for later in topics[session + 1 :])


# --- 5: what the tested model is told ---

MARKS = {"profile": "xylophone", "prior": "zeppelin", "rating": "quokka", "interest": "marmalade"}


async def test_w5_profile_prior_and_ratings_stay_with_the_user() -> None:
    profile = replace(
        USER,
        facets={**USER.facets, "trust": f"You own a {MARKS['profile']}."},
        interests=(f"a/b/{MARKS['interest']}",),
    )
    tested, checker = answering(), ScriptedModel(
        lambda m, s: json.dumps([{"topic": MARKS["prior"], "mood": "calm", "goal": "talk"}] * 2), "checker"
    )  # fmt: skip
    user = user_model(all_rated(4, MARKS["rating"]))
    config = LikeBenchConfig(sessions=2, turns=2, priors="model")
    result = await run_likebench(tested, user, [profile], checker=checker, config=config)
    assert len(tested.calls) == 4
    assert not any(mark in text for text in sent(tested) for mark in MARKS.values())
    for mark in (MARKS["profile"], MARKS["prior"], MARKS["interest"]):
        assert all(mark in text for text in sent(user))
    assert {rating.reason for rating in result.table.ratings} == {MARKS["rating"]}


async def test_w5_the_dynamic_user_profile_is_built_from_the_dialogue_only() -> None:
    profile = replace(USER, facets={**USER.facets, "trust": f"You own a {MARKS['profile']}."})

    def answer(messages: Sequence[Message], sampling: Sampling) -> str:
        if "<reply>" not in messages[-1]["content"]:
            return "An answer."
        return json.dumps(
            {"said": ["likes tea"] if "I like tea." in messages[-1]["content"] else [], "shown": ["brief"]}
        )

    tested = ScriptedModel(answer, "tested")
    result = await run_likebench(
        tested,
        user_model(all_rated(4, MARKS["rating"])),
        [profile],
        memory=lambda id: DynamicUserProfile(tested, id),
        checker=ScriptedModel({"": "1. yes\n2. no"}, "checker"),
        config=LikeBenchConfig(sessions=2, turns=1, history="session"),
    )
    assert not any(mark in text for text in sent(tested) for mark in MARKS.values())
    assert result.talks[0].memory == "Said:\n- likes tea\nShown:\n- brief"
    assert "likes tea" not in sent(tested)[0]
    answers = [text for text in sent(tested) if "Write the notes anew" not in text]
    assert ["- likes tea" in text for text in answers] == [False, True]
    assert result.talks[0].facts == (StoredFact("likes tea", "explicit", True), StoredFact("brief", "implicit", False))
    assert result.estimates()["Memory accuracy"].value == 0.5


async def test_w5_the_tested_model_sees_all_sessions_or_this_one() -> None:
    for history, wanted in (("all", [2, 4, 6, 8]), ("session", [2, 4, 2, 4])):
        tested = answering()
        config = LikeBenchConfig(sessions=2, turns=2, history=history)  # type: ignore[arg-type]
        await run_likebench(tested, user_model(all_rated(3)), [USER], config=config)
        assert [len(call.messages) for call in tested.calls] == wanted
    assert [m["role"] for m in sent_messages_of(2)] == ["system", "user", "assistant", "user"]
    assert sent_messages_of(2)[3]["content"].startswith(SESSION_MARK)


def sent_messages_of(sessions: int) -> list[Message]:
    from personarium.benchmarks.likebench.talk import Exchange, tested_messages

    prior = Prior("tea", "calm", "talk")
    return tested_messages(Moment(USER, (prior,) * sessions, ((Exchange("a", "b"),),) * (sessions - 1), said="c"))


# --- 6: memory accuracy ---


def test_w6_memory_accuracy() -> None:
    facts = [StoredFact("a", "explicit", True), StoredFact("b", "explicit", True), StoredFact("c", "implicit", True)]
    found = memory_accuracy([[*facts, StoredFact("d", "implicit", False)]])
    assert [found[name].value for name in MEMORY_ACCURACY] == [0.75, 1.0, 0.5, 4.0]


def test_w6_no_facts_are_null_and_unjudged_ones_missing() -> None:
    found = memory_accuracy([[], []])
    assert [found[name].value for name in MEMORY_ACCURACY] == [None, None, None, 0.0]
    assert memory_accuracy([])["Facts a profile"].value is None
    unread = memory_accuracy([[StoredFact("a", "explicit", True), StoredFact("b", "explicit", None)]])
    assert unread["Memory accuracy"].value == 1.0
    assert unread["Memory accuracy"].failures == {"missing": 1}
    with pytest.raises(InvalidInput, match="explicit or implicit"):
        StoredFact("a", "guessed")  # type: ignore[arg-type]


def test_w6_facts_of_a_profile_come_and_go_together_in_the_interval() -> None:
    right, wrong = [StoredFact("a", "explicit", True)] * 4, [StoredFact("a", "explicit", False)] * 2
    found = memory_accuracy([right, wrong])["Memory accuracy"]
    assert (found.value, found.n, found.unit) == (pytest.approx(4 / 6), 2, "profile")
    assert (found.lo, found.hi) == (0.0, 1.0)


# --- 7: what results carry ---


def test_w7_tenth_percentile_is_interpolated() -> None:
    turns: list[dict[str, int | None]] = [
        {"length_fit": 1}, {"length_fit": 3}, {"length_fit": 4, "humour_fit": 3}, {"length_fit": 4}, {"length_fit": 5},
    ]  # fmt: skip
    found = table({"p": [turns]})
    assert [t.value for t in found.turn_values()] == [1, 3, 3.5, 4, 5]
    assert found.tenth_percentile().value == pytest.approx(1.8)


def test_w7_counts_coverage_and_intervals_over_profiles() -> None:
    good: list[list[dict[str, int | None]]] = [[{"length_fit": 5, "humour_fit": None}] * 10]
    bad: list[list[dict[str, int | None]]] = [[{"length_fit": 1, "humour_fit": 1}] * 10]
    found = table({"p": good, "q": bad})
    assert found.counts()["humour_fit"] == {"na": 10, "rated": 10}
    coverage = found.coverage()
    assert (coverage["humour_fit"].value, coverage["length_fit"].value) == (0.5, 1.0)
    assert coverage["callback"].value is None
    estimate = found.estimate()
    # over 20 turns the interval would be about 2.1 to 3.9; over two profiles it is the whole range
    assert (estimate.value, estimate.lo, estimate.hi, estimate.n) == (3.0, 1.0, 5.0, 2)
    assert estimate.unit == "profile"
    for other in (replace(found, order="pooled").estimate(), found.tenth_percentile(), found.session_estimates()[0]):
        assert (other.lo, other.hi, other.n, other.unit) == (1.0, 5.0, 2, "profile")


def test_w7_correlations_show_a_halo() -> None:
    def turn(a: int, b: int, c: int) -> dict[str, int | None]:
        return {"length_fit": a, "humour_fit": b, "formality_matching": c, "callback": None}

    turns = [turn(1, 1, 5), turn(2, 2, 1), turn(4, 4, 4), turn(5, 5, 2)]
    found = table({"p": [turns], "q": [turns]}).correlations(draws=50)
    assert len(found) == 21
    assert found["length_fit", "humour_fit"].value == pytest.approx(1.0)
    assert found["formality_matching", "length_fit"].value == pytest.approx(-0.3, abs=1e-9)
    assert (found["length_fit", "humour_fit"].n, found["length_fit", "humour_fit"].unit) == (2, "profile")
    assert found["humour_fit", "callback"].value is None


def test_w7_seven_ratings_are_read_in_any_order() -> None:
    shuffled = metric_order(3, "p", 1, 1)
    reply = json.dumps({name: {"score": NAMES.index(name) % 5 + 1, "reason": name} for name in shuffled})
    for text in (reply, f"Here you are:\n```json\n{reply}\n```"):
        read = read_reply(text)
        assert not isinstance(read, Unparsed)
        assert {name: given_.score for name, given_ in read["given"].items()} == {
            name: k % 5 + 1 for k, name in enumerate(NAMES)
        }


def test_w7_metric_order_is_shuffled_with_the_seed() -> None:
    orders = {metric_order(0, "p", s, t) for s in range(5) for t in range(5)}
    assert len(orders) > 20
    assert all(sorted(order) == sorted(NAMES) for order in orders)
    assert metric_order(0, "p", 1, 1) == metric_order(0, "p", 1, 1)
    assert len({order[0] for order in orders}) >= 5
    at = moment("A reply.", seed=5)
    inputs = rating_inputs(at)
    shown = RATE.render(**inputs)[-1]["content"]
    places = [shown.index(f"- {name}:") for name in inputs["order"]]
    assert places == sorted(places)
    assert rating_form(inputs["order"]).show() in shown


async def test_w7_a_missing_metric_is_missing_and_not_na() -> None:
    reply = json.dumps({name: 4 for name in NAMES if name != "humour_fit"})
    result = await run_likebench(answering(), user_model(reply), [USER], config=LikeBenchConfig(sessions=1, turns=1))
    assert result.table.counts()["humour_fit"] == {"missing": 1}
    assert [f.kind for f in result.all_failures] == ["missing"]
    assert result.table.coverage()["humour_fit"].value is None
    assert result.table.coverage()["humour_fit"].failures == {"missing": 1}


# --- 8: calibration ---


async def test_w8_two_lengths_are_told_apart_and_two_equal_ones_are_not() -> None:
    users, config = draw_profiles(6), LikeBenchConfig(sessions=2, turns=2)
    short, long, again = [
        (await run_likebench(model, length_user(20), users, config=config)).table
        for model in (FixedLength(20), FixedLength(80), FixedLength(20, "b"))
    ]
    apart = compare(short, long).effect
    assert (apart.value, apart.n, apart.unit) == (2.0, 6, "profile")
    assert apart.lo is not None and apart.lo > 0
    same = compare(short, again).effect
    assert same.value == 0
    assert same.lo is not None and same.hi is not None and same.lo <= 0 <= same.hi


async def test_w8_with_users_of_different_taste_the_difference_has_an_interval() -> None:
    users, config = draw_profiles(12, seed=2), LikeBenchConfig(sessions=2, turns=1)
    short, long = [
        (await run_likebench(FixedLength(words), rule_user, users, config=config)).table for words in (20, 150)
    ]
    found = compare(short, long, "length_fit").effect
    wanted = {"low": 5 - 2, "middle": 3 - 4, "high": 2 - 5}
    assert found.value == pytest.approx(sum(wanted[user.levels["length"]] for user in users) / 12)
    assert found.lo is not None and found.hi is not None and found.lo < found.hi
    alone = replace(short, ratings=tuple(r for r in short.ratings if r.profile_id != users[0].id))
    assert compare(alone, long).effect.failures == {"missing": 1}


# --- profiles ---


def test_profiles_have_35_facets_and_9_dimensions_of_style() -> None:
    assert len(facet_table()) == 35
    big_five = [e for e in facet_table().values() if e["domain"] != "other"]
    assert len(big_five) == 30
    assert len(style_table()) == 9
    for user in draw_profiles(8, seed=4):
        assert (len(user.facets), len(user.style), len(user.interests)) == (35, 9, 4)
        assert set(user.interests) <= set(interest_paths())
        assert len({path.partition("/")[0] for path in user.interests}) == 4
        assert user.topics[0] in user.text
        assert set(user.levels.values()) <= set(LEVELS)


def test_profile_kinds_are_what_they_say() -> None:
    users = draw_profiles(40, seed=1)
    assert [(u.social, u.predictable) for u in users[:4]] == [
        (True, True),
        (False, True),
        (True, False),
        (False, False),
    ]
    for user in users:
        side = "high" if user.social else "low"
        assert {user.levels[name] for name in core_facets()} == {side}
        domains = {"extraversion": side, "agreeableness": side}
        expected = [n for n, e in facet_table().items() if e.get("like", e["domain"]) in domains]
        kept = sum(user.levels[n] == expected_level(n, domains) for n in expected)
        assert (kept == len(expected)) == user.predictable
    assert [u.text for u in draw_profiles(3, seed=1)] == [u.text for u in users[:3]]
    assert draw_profiles(1, seed=2)[0].text != users[0].text


def test_profiles_survive_their_file(tmp_path: Path) -> None:
    users = draw_profiles(3)
    assert read_profiles(write_profiles(users, tmp_path / "p.json")) == users
    row = json.loads((tmp_path / "p.json").read_text())[0]
    assert set(row) == {"id", "kind", "facets", "style", "interests", "levels"}
    assert row["kind"] == {"social": True, "predictable": True}
    persona = users[0].persona()
    assert persona.facet("personality.trust") is not None
    assert len(persona.under("style")) == 9
    with pytest.raises(UsageError, match="from 1 to 7"):
        draw_profiles(1, interests=8)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("id", "", "field 'id'"),
        ("kind", {"social": 1, "predictable": True}, "field 'kind'"),
        ("facets", {"trust": ""}, "field 'facets.trust'"),
        ("facets", {"trust": "x" * 2001}, "field 'facets.trust'"),
        ("style", {}, "field 'style'"),
        ("interests", ["a", 3], "field 'interests'"),
        ("levels", {"trust": "huge"}, "field 'levels'"),
    ],
)
def test_a_broken_profile_names_entry_and_field(tmp_path: Path, field: str, value: object, says: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps([USER.to_dict(), {**USER.to_dict(), "id": "b", field: value}]))
    with pytest.raises(InvalidInput, match=rf"p\.json: profile 2: {says}"):
        read_profiles(path)
    path.write_text(json.dumps([USER.to_dict()] * 2))
    with pytest.raises(InvalidInput, match="an id that was not there before"):
        read_profiles(path)


async def test_a_model_writes_profiles_whose_truth_stays_drawn() -> None:
    names = (*facet_table(), *style_table())
    model = ScriptedModel([json.dumps({name: f"You {name}." for name in names}), "nonsense"])
    written, failures = await make_profiles(model, draw_profiles(2))
    assert [p.id for p in written] == ["user0000"]
    assert written[0].facets["trust"] == "You trust."
    assert written[0].levels == USER.levels
    assert [f.kind for f in failures] == ["unparsed"]
    blank = ScriptedModel([json.dumps({name: "" if name == "humour" else "You." for name in names})])
    assert [f.reason for f in (await make_profiles(blank, [USER]))[1]] == ["'humour' is empty or too long"]


def test_session_priors_change_from_session_to_session() -> None:
    priors = draw_priors(USER, 12, seed=3)
    assert priors == draw_priors(USER, 12, seed=3)
    assert [p.topic for p in priors[:4]] == list(USER.topics)
    assert len({p.topic for p in priors}) == 12
    assert all(a.mood != b.mood and a.goal != b.goal for a, b in pairwise(priors))
    assert len(draw_priors(replace(USER, interests=()), 3)) == 3


# --- other rules ---


def test_register_humour_and_callback_are_counted_by_plain_rules() -> None:
    casual, formal = "Hey, that's gonna be cool!", "I wish to thank you; however, kindly consider the matter."
    assert (register_of(casual), register_of(formal), register_of("We see a tree.")) == (-1.0, 1.0, 0.0)
    assert [register_rule(1.0)(moment(text)) for text in (formal, "We see a tree.", casual)] == [5, 3, 1]
    joke, plain = "Just kidding, haha.", "It rains."
    assert [humour_rule(level)(moment(joke)) for level in LEVELS] == [1, 4, 5]
    assert [humour_rule(level)(moment(plain)) for level in LEVELS] == [5, None, 2]
    priors = (Prior("night trains", "calm", "talk"), Prior("old maps", "calm", "talk"))
    assert callback_rule(Moment(USER, priors[:1], reply="night trains")) is None
    assert callback_rule(Moment(USER, priors, reply="As on the night trains, yes.")) == 5
    assert callback_rule(Moment(USER, priors, reply="Old maps are fine.")) == 2


async def test_memory_that_keeps_topics_is_liked_more_for_callbacks() -> None:
    class Notebook:
        def __init__(self, id: str) -> None:
            self.lines: list[str] = []

        def observe(self, session: int, turns: Sequence[Utterance]) -> None:
            self.lines = [*self.lines, turns[0].text]

        def text(self) -> str:
            return "\n".join(self.lines)

    config = LikeBenchConfig(sessions=3, turns=1, history="session", observe="session")
    users = draw_profiles(4)
    with_memory = await run_likebench(Recalling(200), rule_user, users, memory=Notebook, config=config)
    without = await run_likebench(Recalling(200), rule_user, users, config=config)
    assert with_memory.table.estimate("callback").value == 5.0
    assert without.table.estimate("callback").value == 2.0
    # lines of a foreign memory are its facts; what the user said is true
    assert with_memory.estimates()["Memory accuracy"].value == 1.0
    assert with_memory.estimates()["Facts a profile"].value == 3.0
    assert "Memory accuracy" not in without.estimates()


@pytest.mark.parametrize("waits", [False, True])
async def test_a_memory_may_recall_by_what_was_just_said(waits: bool) -> None:
    class Recaller:
        async def observe(self, session: int, turns: Sequence[Utterance]) -> None: ...

        def text(self) -> str:
            return "all"

        def text_for(self, said: str) -> Any:
            async def later() -> str:
                return f"recalled by {said}"

            return later() if waits else f"recalled by {said}"

    tested = answering()
    config = LikeBenchConfig(sessions=1, turns=1)
    result = await run_likebench(
        tested, user_model(all_rated(3)), [USER], memory=lambda id: Recaller(), config=config,
        checker=ScriptedModel({"": "1. yes"}, "c"),
    )  # fmt: skip
    assert "recalled by I like tea." in sent(tested)[0]
    assert result.talks[0].memory == "all"


async def test_results_do_not_depend_on_who_answers_first() -> None:
    async def rows(slow: str) -> list[dict[str, Any]]:
        async def wait(messages: Sequence[Message], sampling: Sampling) -> str:
            step = current_label().step
            for _ in range(20 if step == slow else 0):
                await asyncio.sleep(0)
            return "I like tea." if step == "likebench.user" else "hm"

        model = ScriptedModel(wait, "m")
        config = LikeBenchConfig(sessions=2, turns=1, check_truth=True)
        users = draw_profiles(2)
        return (
            await run_likebench(model, model, users, memory=lambda id: DynamicUserProfile(model, id), config=config)
        ).rows()

    first = await rows("likebench.rate")
    assert first == await rows("likebench.notes") == await rows("likebench.truth")
    assert first[0]["failures"] == {"unparsed": 6}


def test_notes_about_a_rule_user_are_checked_by_words() -> None:
    said = ["I feel calm. I like to talk about night trains."]
    assert note_holds("likes night trains", USER, said)
    assert not note_holds("likes submarines", USER, said)
    assert not note_holds("...", USER, said)
    assert facts_of(DynamicUserProfile(ScriptedModel([]))) == ()


async def test_a_memory_that_fails_is_counted_and_keeps_what_it_has() -> None:
    notes = ScriptedModel(
        [json.dumps({"said": ["x" * 400, "x" * 400], "shown": []}), "no notes", RemoteError("down")], "notes"
    )
    dup = DynamicUserProfile(notes, most=1)
    turns = (Utterance("User", "hi"), Utterance("Assistant", "hello"))
    assert await dup.observe(1, turns) is None
    assert dup.facts() == (StoredFact("x" * MOST_FACT),)
    failures = [await dup.observe(1, turns) for _ in range(2)]
    assert [f.kind for f in failures if f] == ["unparsed", "error"]
    assert len(dup.facts()) == 1


# --- users by a model: judge, failures, refusals ---


async def test_a_judge_rates_in_place_of_the_user_for_a_share_of_turns() -> None:
    user, judge = user_model(all_rated(5)), ScriptedModel({"": all_rated(2)}, "judge")
    config = LikeBenchConfig(sessions=5, turns=4)
    whole = await run_likebench(answering(), user, [USER], judge=judge, config=config)
    assert {r.rater for r in whole.table.ratings} == {"judge"}
    half = await run_likebench(answering(), user, draw_profiles(3), judge=judge, judge_share=0.5, config=config)
    assert {name: e.value for name, e in half.table.by_rater().items()} == {"judge": 2.0, "user": 5.0}
    turns = {(r.profile_id, r.session, r.turn) for r in half.table.ratings if r.rater == "judge"}
    assert 15 <= len(turns) <= 45
    with pytest.raises(UsageError, match="judge_share"):
        ModelUser(user, judge, 1.5)
    with pytest.raises(UsageError, match="a judge needs a user model"):
        await run_likebench(answering(), rule_user, [USER], judge=judge)


async def test_a_reply_that_declines_is_rated_and_counted() -> None:
    result = await run_likebench(
        answering("I'm sorry, but I can't help with that."),
        user_model(all_rated(1)),
        [USER],
        config=LikeBenchConfig(sessions=1, turns=2),
    )
    assert result.estimates()[LIKABILITY].value == 1.0
    assert [f.kind for f in result.all_failures] == ["refused", "refused"]


@pytest.mark.parametrize(("fault", "kind"), [("", "empty"), (RemoteError("down"), "error")])
async def test_a_turn_without_a_reply_ends_its_session_and_no_other(fault: Any, kind: str) -> None:
    tested = ScriptedModel(lambda m, s: "An answer.", "tested", faults={1: fault})
    config = LikeBenchConfig(sessions=2, turns=3)
    result = await run_likebench(tested, user_model(all_rated(4)), [USER], config=config)
    assert [len(session) for session in result.talks[0].sessions] == [1, 3]
    assert [(f.kind, f.where) for f in result.all_failures] == [(kind, "user0000/1/2")]


async def test_a_user_that_falls_out_of_its_role_ends_the_session() -> None:
    user = user_model(all_rated(4), says="I'm sorry, but I can't help with that.")
    result = await run_likebench(answering(), user, [USER], config=LikeBenchConfig(sessions=2, turns=2))
    assert [f.kind for f in result.all_failures] == ["refused", "refused"]
    assert result.estimates()[LIKABILITY].value is None
    assert result.estimates()[LIKABILITY].failures == {"not_held": 4}
    assert result.estimates()[SLOPE].value is None


async def test_an_unreadable_rating_is_asked_for_again_and_then_missing() -> None:
    replies = iter(["hm", "hm", "hm", all_rated(4)])
    user = user_model(lambda messages: next(replies))
    result = await run_likebench(answering(), user, [USER], config=LikeBenchConfig(sessions=1, turns=2))
    assert [f.kind for f in result.all_failures] == ["unparsed"]
    assert result.table.counts()["length_fit"] == {"rated": 1, "unparsed": 1}


async def test_priors_that_cannot_be_read_leave_the_profile_out() -> None:
    config = LikeBenchConfig(sessions=2, turns=1, priors="model")
    result = await run_likebench(
        answering(), user_model(all_rated(4)), [USER], checker=ScriptedModel({"": "no"}, "c"), config=config
    )
    assert result.talks[0].sessions == ()
    assert [f.kind for f in result.all_failures] == ["unparsed"]


async def test_likable_is_paired_with_truthful_when_asked_for() -> None:
    verdicts = iter(["Reason: fine Truthful: yes", "Reason: flattery Truthful: no", "hm"])
    checker = ScriptedModel(lambda m, s: next(verdicts), "checker")
    config = LikeBenchConfig(sessions=1, turns=3, check_truth=True)
    result = await run_likebench(answering(), user_model(all_rated(5)), [USER], checker=checker, config=config)
    found = result.estimates()[TRUTHFUL]
    assert (found.value, found.failures) == (0.5, {"missing": 1})
    assert [text.count("User: I like tea.") for text in sent(checker)] == [1, 2, 3]
    with pytest.raises(UsageError, match="name a checker"):
        await run_likebench(answering(), rule_user, [USER], config=config)


async def test_two_profiles_of_one_id_are_refused() -> None:
    with pytest.raises(UsageError, match="two profiles have the same id"):
        await run_likebench(answering(), rule_user, [USER, USER])


async def test_no_profiles_measure_nothing() -> None:
    result = await run_likebench(answering(), rule_user, [])
    assert all(estimate.value is None for estimate in result.estimates().values())


def test_a_user_by_rules_needs_the_levels_it_lives_by() -> None:
    with pytest.raises(InvalidInput, match=r"profile user0000: field 'levels\.length'"):
        rule_user(replace(USER, levels={}))


@pytest.mark.parametrize("field", ["history", "priors", "observe", "order"])
def test_config_refuses_what_does_not_exist(field: str) -> None:
    with pytest.raises(UsageError, match=f"{field} must be"):
        LikeBenchConfig(**{field: "x"})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="at least 1"):
        LikeBenchConfig(turns=0)


# --- replies, files, results ---


@given(st.text(max_size=400))
def test_reading_never_raises(text: str) -> None:
    read = read_reply(text)
    assert isinstance(read, Unparsed) or set(read["given"]) <= set(NAMES)


@given(st.permutations(NAMES), st.lists(st.sampled_from([1, 2, 3, 4, 5, "NA", "n/a", None]), min_size=7, max_size=7))
def test_whatever_is_written_in_the_form_is_read(order: list[str], scores: list[Any]) -> None:
    read = read_reply(json.dumps({name: {"reason": "r", "score": s} for name, s in zip(order, scores, strict=True)}))
    assert not isinstance(read, Unparsed)
    wanted = {name: s if isinstance(s, int) else None for name, s in zip(order, scores, strict=True)}
    assert {name: g.score for name, g in read["given"].items()} == wanted
    assert {g.status for g in read["given"].values()} <= {"rated", "na"}


def test_lines_and_other_spellings_are_read() -> None:
    read = read_reply("**Humor fit:** 4/5\nConversation length fit: **2**\ncallback: N/A\nOverall: 9")
    assert not isinstance(read, Unparsed)
    assert read["given"] == {"humour_fit": Given(4), "length_fit": Given(2), "callback": Given(None, "na")}
    assert isinstance(read_reply("It was nice: really."), Unparsed)
    assert isinstance(read_reply('{"overall": 4}'), Unparsed)
    no_score = read_reply('{"humour_fit": {"reason": "r"}}')
    assert not isinstance(no_score, Unparsed) and no_score["given"]["humour_fit"].status == "missing"


def test_ratings_survive_their_file_and_give_the_same_table(tmp_path: Path) -> None:
    turns: list[list[dict[str, int | None]]] = [[{"length_fit": 4, "humour_fit": None}], [{"length_fit": 5}]]
    ratings = table({"p": turns}).ratings
    found = read_ratings(write_ratings(ratings, tmp_path / "r.jsonl"))
    assert tuple(found) == ratings
    assert RatingTable(tuple(found)).scores("p") == {
        1: {1: {"length_fit": 4, "humour_fit": None}}, 2: {1: {"length_fit": 5}},
    }  # fmt: skip


def test_the_page_s_own_fields_are_enough(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    line = {"profile_id": "p", "model": "m", "session": 1, "turn": 1, "metric": "callback", "score": None, "reason": ""}
    path.write_text("\n".join(json.dumps(row) for row in (line, {**line, "metric": "length_fit", "score": 3})))
    assert [(r.score, r.status) for r in read_ratings(path)] == [(None, "na"), (3, "rated")]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"score": 6}, "field 'score'"),
        ({"score": 3.5}, "field 'score'"),
        ({"score": True}, "field 'score'"),
        ({"session": 0}, "field 'session'"),
        ({"metric": "charm"}, "field 'metric'"),
        ({"model": None}, "field 'model'"),
        ({"status": "fine"}, "field 'status'"),
        ({"status": "na"}, "field 'score'"),
        ({}, "one rating for each metric of a turn"),
    ],
)
def test_a_broken_rating_names_line_and_field(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    line = {"profile_id": "p", "model": "m", "session": 1, "turn": 1, "metric": "callback", "score": 3, "reason": ""}
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in (line, {**line, **change})))
    with pytest.raises(InvalidInput, match=rf"r\.jsonl:2: .*{says}") as caught:
        read_ratings(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(NotFound):
        read_ratings(tmp_path / "none.jsonl")


def test_ratings_of_two_models_are_refused() -> None:
    rows = tuple(Rating("p", model, 1, 1, "length_fit", 3) for model in "ab")
    with pytest.raises(InvalidInput, match="the ratings of one model"):
        RatingTable(rows)


def test_simulated_ratings_can_be_checked_against_people() -> None:
    people = [Rating("p", "m", 1, t, "length_fit", score) for t, score in enumerate([1, 2, 4, 5], 1)]
    assert rater_agreement([people, people]).value == 1.0
    other = [replace(r, score=6 - (r.score or 0)) for r in people]
    found = rater_agreement([people, other])
    assert found.value is not None and found.value < 0


async def test_results_survive_their_rows_and_a_run_resumes(tmp_path: Path) -> None:
    async def once(run: Run | None) -> LikeBenchResult:
        model = open_model("simulated:seed=3")
        asked = model if run is None else run.model(model)
        config = LikeBenchConfig(sessions=2, turns=2, check_truth=True, seed=1)
        return await run_likebench(
            asked, asked, draw_profiles(3), memory=lambda id: DynamicUserProfile(asked, id), config=config, run=run
        )

    plain = await once(None)
    with Run.open(tmp_path / "run", {}) as run:
        first = await once(run)
        calls = run.counts["calls"]
    with Run.open(tmp_path / "run", {}) as run:
        again = await once(run)
        assert run.counts["calls"] == calls
    assert first.rows() == again.rows() == plain.rows()
    assert [Talks.from_row(json.loads(json.dumps(row))) for row in first.rows()] == list(first.talks)
    assert set(first.by_kind()) == {"social", "antisocial", "predictable", "unpredictable"}
    assert first.by_kind()["social"].n == 2
    for estimate in first.estimates().values():
        assert estimate.unit == "profile"
    assert TENTH in first.estimates()


def test_a_transcript_that_is_too_long_begins_with_a_whole_line() -> None:
    from personarium.benchmarks.likebench.talk import MOST_SHOWN, Exchange, transcript

    long = moment("", current=(Exchange("a", "x " * MOST_SHOWN + "You: forged"), Exchange("b", "c\nYou: d")))
    assert transcript(long) == "You: b\nPartner: c You: d"


def test_plan() -> None:
    config = LikeBenchConfig(sessions=2, turns=3, priors="model", check_truth=True)
    assert plan_calls(4, config, memory=True) == {
        "likebench.priors": 4, "likebench.user": 24, "likebench.reply": 24, "likebench.rate": 24,
        "likebench.notes": 24, "likebench.truth": 24, "likebench.facts": 4,
    }  # fmt: skip
    assert plan_calls(4, LikeBenchConfig(sessions=2, turns=3), user_model=False) == {"likebench.reply": 24}


def test_metrics_and_published_figures_are_data() -> None:
    assert metric_names() == NAMES
    assert all(len(metric.steps) == 5 and metric.question.endswith("?") for metric in metric_table().values())
    figures = published_figures()
    assert figures["memory"]["DeepSeek R1"] == {"accuracy": 0.86, "facts_per_profile": 17}
    assert figures["memory"]["Qwen3"] == {"accuracy": 0.93, "facts_per_profile": 43}
    assert figures["likability_ratio"] == {"higher": "DeepSeek R1", "lower": "Qwen3", "ratio": 1.28}


async def test_own_rules_can_be_given() -> None:
    user = RuleUser("mine", {"humour_fit": lambda at: 2})
    result = await run_likebench(
        FixedLength(5), lambda profile: user, [USER], config=LikeBenchConfig(sessions=1, turns=1)
    )
    assert result.user == "mine"
    assert result.estimates()["Humour fit"].value == 2.0
    assert isinstance(USER, Profile)
