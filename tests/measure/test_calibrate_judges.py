"""Calibration over judges: replies of planted worth, judges of planted likings; what is put in comes out, what is bad is caught."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import pytest

from personarium.benchmarks.judge_instruments import INSTRUMENTS, NOT_CALIBRATED
from personarium.core.chat import ChatModel
from personarium.core.errors import UsageError
from personarium.judges.verdicts import Order, preference_of
from personarium.measure.calibrate import JudgeCalibration, Ruling, Trial, calibrate_judge, planted_world
from personarium.measure.calibrate.judge_instruments import PairwiseJudge, candidates_of
from personarium.measure.calibrate.judge_reckoning import persona_means, share_by_persona
from personarium.measure.calibrate.judge_signs import signs_of
from personarium.measure.calibrate.judges import planned_calls
from personarium.measure.calibrate.planted import TRICKS
from personarium.measure.calibrate.rulings import (
    Said,
    ruling_of_preference,
    ruling_of_scores,
    ruling_of_verdicts,
    ruling_of_voice,
)
from personarium.models import ScriptedModel, open_model
from personarium.report.schema import section_from_dict


@lru_cache(maxsize=16)
def found(name: str) -> JudgeCalibration:
    return asyncio.run(calibrate_judge(INSTRUMENTS[name], personas=6 if name == "apc-judge" else 12, equals=3))


def measured(c: JudgeCalibration, knob: str) -> list[float]:
    return [point.measured.value or 0.0 for point in c.at(knob)]


# --- what is planted ---


def test_a_reply_states_as_many_facts_as_it_is_said_to() -> None:
    world = planted_world(20)
    for trial in (*world.gaps(), *world.equal(), *world.long(), *world.own()):
        stated = trial.profile.split("\n")
        assert len(stated) == 4
        more, less = (sum(fact in text for fact in stated) for text in (trial.favoured, trial.other))
        assert more - less == trial.gap
        assert "/" not in trial.id
    assert {trial.gap for trial in world.gaps()} == {1, 2, 4}
    assert [sum(fact in t.favoured for fact in t.profile.split("\n")) for t in world.voices((3,))] == [3] * 20


def test_pairs_of_equal_worth_differ_in_one_thing() -> None:
    world = planted_world(20)
    assert all(trial.longer > 1.5 and trial.favoured.startswith(trial.other) for trial in world.long())
    assert all(abs(trial.longer) < 0.5 for trial in (*world.equal(), *world.own(), *world.gaps()))
    assert [t.favoured for t in world.equal(0)] != [t.favoured for t in world.equal(1)]
    assert all(
        Counter(t.favoured_first for t in kind) == {True: 10, False: 10} for kind in (world.equal(), world.long())
    )


def test_the_same_seed_plants_the_same() -> None:
    assert planted_world(5).gaps() == planted_world(5).gaps()
    assert planted_world(5).gaps() != planted_world(5, seed=8).gaps()
    with pytest.raises(UsageError, match="at least one persona"):
        planted_world(0)


async def test_every_trick_is_told_to_the_letter() -> None:
    tricks = {trial.what: trial for trial in await planted_world(1).tricks()}
    assert tuple(tricks) == TRICKS
    assert tricks["copycat"].favoured == tricks["copycat"].profile
    assert tricks["parrot"].favoured == tricks["parrot"].question
    assert len(tricks["windbag"].favoured.split()) > 350
    assert not any(fact in tricks["windbag"].favoured for fact in tricks["windbag"].profile.split("\n"))
    assert all(trial.other == tricks["copycat"].other for trial in tricks.values())


# --- rulings ---


TRIAL = planted_world(1).gaps()[0]


def test_verdicts_become_rulings_by_hand() -> None:
    agreed = preference_of([Order("AB", ("A",), (), (80,)), Order("BA", ("A",), (), (60,))])
    assert ruling_of_preference(TRIAL, agreed) == Ruling(
        TRIAL.id, 1.0, 1.0, (Said(True, True, 0.8), Said(False, True, 0.6))
    )
    followed = preference_of([Order("AB", ("A",)), Order("BA", ("B",))])
    assert ruling_of_preference(TRIAL, followed).outcome == 0.5
    assert [said.first for said in ruling_of_preference(TRIAL, followed).said] == [True, True]
    assert ruling_of_verdicts(TRIAL, [Said(True, True), Said(False, False)]).outcome == 0.5
    assert ruling_of_verdicts(TRIAL, [Said(True, True), None]).outcome is None
    assert ruling_of_verdicts(TRIAL, [Said(None, None)]).outcome == 0.5
    assert ruling_of_verdicts(TRIAL, [Said(True, False)]).margin == -1.0
    assert ruling_of_scores(TRIAL, 4.0, 4.0).outcome == 0.5
    assert ruling_of_scores(TRIAL, 2.0, 4.5).margin == -2.5
    assert ruling_of_scores(TRIAL, None, 4.0).outcome is None
    assert ruling_of_voice(TRIAL, None, 2).outcome == 0.0
    assert ruling_of_voice(TRIAL, 2, 2).said == (Said(False, True, None),)


def test_a_share_counts_personas_and_leaves_out_what_is_missing() -> None:
    trials = planted_world(2).gaps((1, 2))
    rulings = [Ruling(t.id, outcome, None) for t, outcome in zip(trials, (1.0, None, 0.5, None), strict=True)]
    assert list(persona_means(trials, rulings).values()) == [0.75, None]
    share = share_by_persona(trials, rulings)
    assert (share.value, share.n, share.failures) == (0.75, 1, {"missing": 1})
    assert share.lo is not None and share.hi is not None and 0 < share.lo < 0.75 < share.hi < 1


def test_candidates_have_the_true_one_at_every_place_in_turn() -> None:
    voices = planted_world(8).voices()
    places = [candidates_of(trial, k, voices) for k, trial in enumerate(voices)]
    assert Counter(place for _, place in places) == dict.fromkeys(range(4), 8)
    assert all(people[place] is trial for (people, place), trial in zip(places, voices, strict=True))
    assert all(len({one.persona.id for one in people}) == 4 for people, _ in places)


# --- signs ---


def test_signs_need_no_truth() -> None:
    pair = PairwiseJudge()
    first = [Ruling(str(k), 0.5, 0.0, (Said(True, True, 0.9), Said(True, False, 0.8))) for k in range(20)]
    assert signs_of(pair, first) == (
        "what is shown first wins in 100%",
        "its two orders agree in 0%, which a coin does in 50 %",
    )
    silent = [Ruling(str(k), None, None) for k in range(20)]
    assert signs_of(pair, silent) == ("100% of the verdicts cannot be had or read",)
    sure = [Ruling(str(k), 1.0, 1.0, (Said(True, True, 1.0), Said(False, True, 1.0))) for k in range(20)]
    assert signs_of(pair, sure) == ("always equally certain (100%)",)
    alike = [Ruling(str(k), 0.5, 0.0, (), (5.0, 5.0)) for k in range(20)]
    assert signs_of(INSTRUMENTS["grades"], alike) == ("100% of the replies get 5",)
    good = [Ruling(str(k), 1.0, 1.0, (Said(True, True, 0.9), Said(False, True, k / 20))) for k in range(20)]
    assert signs_of(pair, good) == ()
    assert signs_of(pair, first[:3]) == ()  # too few to hold anything against anybody


# --- calibrations ---


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_every_instrument_finds_the_better_reply_by_an_honest_judge(name: str) -> None:
    c = found(name)
    assert c.accuracy.lo is not None and c.accuracy.lo > c.chance
    assert c.unread == 0.0
    assert c.calls > 0
    assert c.limits and [limit.difference for limit in c.limits] == sorted(
        (x.difference for x in c.limits), reverse=True
    )
    assert not {"caught", "harmless"}.isdisjoint(row.verdict for row in c.broken)
    for control in ("unparsable", "mute", "refuser", "constant"):
        (row,) = [row for row in c.broken if row.judge == f"simulated/{control}"]
        assert row.verdict == "caught" and row.accuracy.value is None and sum(row.failures.values()) > 0
    assert all(section_from_dict(section) for section in c.sections())
    assert "says nothing about any language model" in c.sections()[0]["text"]
    assert json.loads(json.dumps(c.as_dict()))["instrument"] == name
    assert set(c.estimates()) >= {"Accuracy against the planted truth", "False alarms"}


@pytest.mark.parametrize("name", [n for n, i in INSTRUMENTS.items() if i.reads == "pair"])
def test_a_comparing_judge_shows_what_was_planted(name: str) -> None:
    c = found(name)
    for knob in ("position_bias", "verbosity_bias", "self_preference"):
        assert measured(c, knob)[-1] > 0.7 > measured(c, knob)[0]
        planted = [point.planted for point in c.at(knob)]
        assert planted[0] == 0.5
        assert planted[-1] == pytest.approx(0.93, abs=0.02)
    assert measured(c, "judge_noise")[0] == 1.0
    assert measured(c, "judge_noise")[0] > measured(c, "judge_noise")[-1]
    assert c.not_varied["leniency"].startswith("a verdict compares")
    (always,) = [row for row in c.broken if row.judge == "simulated/first"]
    assert always.verdict == "caught" and always.accuracy.value == 0.5


@pytest.mark.parametrize("name", ["grades", "esc-eval", "personagym-judge", "evolvr"])
def test_a_grading_judge_loses_accuracy_at_the_ends_of_its_scale(name: str) -> None:
    hardest, severe, plain, lenient, kindest = measured(found(name), "leniency")
    assert plain > 0.85
    assert hardest < severe < plain > lenient > kindest
    assert [point.planted for point in found(name).at("leniency")] == [found(name).at("leniency")[0].planted] * 5
    assert "position_bias" in found(name).not_varied


def test_a_judge_that_guesses_is_seen_where_both_orders_are_compared_and_nowhere_else() -> None:
    verdict = {
        name: next(r.verdict for r in found(name).broken if r.judge.endswith("/insider")) for name in INSTRUMENTS
    }
    assert {name for name, said in verdict.items() if said == "fools it"} >= {
        "grades",
        "personalized-judge",
        "evolvr",
        "esc-eval",
    }
    assert {verdict[name] for name in ("pairwise", "comparison", "prompt-tournament", "personafeedback")} == {"caught"}


def test_whoever_recites_wins_and_whoever_says_nothing_loses() -> None:
    for name, instrument in INSTRUMENTS.items():
        tricks = {row.trick: row.verdicts["honest judge"] for row in found(name).tricks}
        assert tricks["copycat"] == "fools it"
        if instrument.reads != "voice":
            assert {tricks[trick] for trick in TRICKS if trick != "copycat"} == {"caught"}
    windbag = next(row for row in found("pairwise").tricks if row.trick == "windbag")
    assert (windbag.shares["judge that likes length"].value or 0) > 0.4
    parrots = {
        name: next(r for r in found(name).tricks if r.trick == "parrot") for name in ("read-back", "personaeval")
    }
    assert {row.verdicts["honest judge"] for row in parrots.values()} == {"fools it"}


def test_overconfidence_shows_in_the_calibration_error() -> None:
    for name in ("pairwise", "personalized-judge", "personaeval"):
        honest, *_, always = found(name).certainty
        assert always.stated.value == 1.0 and always.auroc.value == 0.5
        assert (honest.auroc.value or 0) > 0.7
        assert (always.error.value or 0) == pytest.approx(1 - (always.right.value or 0))
    assert found("grades").certainty == ()


def test_skill_of_a_reader_is_the_share_that_it_finds() -> None:
    for name in ("read-back", "personaeval"):
        low, *_, high = measured(found(name), "ability")
        assert low < 0.5 and high > 0.9
        assert found(name).by_gap[0].value is not None and (found(name).by_gap[0].value or 0) < 0.5


async def test_the_same_seed_gives_the_same_and_another_another() -> None:
    async def run(seed: int) -> dict[str, Any]:
        settings = {"judge_noise": (1.0,)}
        return (
            await calibrate_judge(PairwiseJudge(), personas=6, settings=settings, equals=2, controls=False, seed=seed)
        ).as_dict()

    assert await run(1) == await run(1)
    assert await run(1) != await run(2)


async def test_an_instrument_that_is_blind_is_told_apart_from_one_that_sees() -> None:
    """The persona is dropped from the prompt: an honest judge has nothing to compare with."""

    class Blind(PairwiseJudge):
        async def rule(self, judge: ChatModel, trials: Sequence[Trial], seed: int = 0) -> list[Ruling]:
            from personarium.judges.judging import Judge

            asked = Judge(judge, asks=1)
            return [
                ruling_of_preference(t, await asked.compare("Which is better?", t.question, t.favoured, t.other))
                for t in trials
            ]

    c = await calibrate_judge(Blind(), personas=12, settings={"judge_noise": (0.5,)}, equals=2, controls=False)
    assert c.unread == 1.0
    assert c.findings[0].startswith("The honest judge is not told apart from chance")
    assert any("did not understand 100.0%" in finding for finding in c.findings)


async def test_planned_calls_are_the_calls_that_are_made() -> None:
    for name in ("pairwise", "grades", "read-back", "personaeval"):  # the others ask again what they cannot read
        assert planned_calls(INSTRUMENTS[name], 12, equals=3) == found(name).calls


async def test_bad_input_is_told_in_one_sentence() -> None:
    with pytest.raises(UsageError, match="cannot show the judge's parameter 'leniency': a verdict compares"):
        await calibrate_judge(PairwiseJudge(), settings={"leniency": (0.0,)})
    with pytest.raises(UsageError, match="cannot show the judge's parameter 'charm': it shows judge_noise"):
        await calibrate_judge(PairwiseJudge(), settings={"charm": (0.0,)})
    with pytest.raises(UsageError, match="at least 4 personas and 2 equal judges, found 3 and 12"):
        await calibrate_judge(PairwiseJudge(), personas=3)
    with pytest.raises(UsageError, match="a number from 0 to 10"):
        await calibrate_judge(PairwiseJudge(), personas=4, settings={"judge_noise": (-1.0,)}, equals=2, controls=False)


async def test_instruments_take_any_model_and_count_what_cannot_be_read() -> None:
    trials = planted_world(4).gaps((1,))
    for name, instrument in INSTRUMENTS.items():
        shown = planted_world(4).voices((1,)) if instrument.reads == "voice" else trials
        rulings = await instrument.rule(ScriptedModel(lambda messages, sampling: "no idea"), shown)
        assert [ruling.id for ruling in rulings] == [trial.id for trial in shown], name
        assert {ruling.outcome for ruling in rulings} == {None}, name
        assert all(sum(ruling.failures.values()) > 0 for ruling in rulings), name
    judge = open_model("simulated:judge_noise=0,seed=1")
    assert {ruling.outcome for ruling in await PairwiseJudge().rule(judge, trials)} == {1.0}


def test_what_is_not_calibrated_is_listed_with_its_reason() -> None:
    assert {"drift", "reward-calibration"} <= set(NOT_CALIBRATED)
    assert all(len(why) > 20 for why in NOT_CALIBRATED.values())
