"""Calibration: an instrument that measures is followed; one that is blind, leaks or cries wolf is caught by name."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import pytest

from personarium.core.chat import ChatModel, Sampling, system, user
from personarium.core.errors import UsageError
from personarium.core.persona import Persona
from personarium.core.results import Failure, Scale, Score
from personarium.measure.apc import APCInstrument, apc_score, statements_of
from personarium.measure.calibrate import (
    CLAIMS,
    STANDING_SENTENCE,
    Calibration,
    Exchange,
    KeyedWorld,
    calibrate,
    calibration_from_dict,
    fact_share,
    keyed_world,
    neutral_drift,
    turn_share,
)
from personarium.models.simulated import Ledger
from personarium.report.schema import section_from_dict

ANSWERING = Sampling(temperature=1.0, seed=1)


@lru_cache(maxsize=1)
def world() -> KeyedWorld:
    return keyed_world(12, questions=4)


def honest_instrument() -> APCInstrument:
    return APCInstrument(world().oracle, questions=world().questions)


@lru_cache(maxsize=1)
def honest() -> Calibration:
    return asyncio.run(calibrate(honest_instrument(), personas=world(), equals=8))


class Asking:
    """An instrument that puts its questions in its own way; what it shows and how it scores differs by test."""

    name = "test instrument"
    scale = Scale(-1.0, 1.0)

    def __init__(self, shown: Callable[[Persona], str], score: Callable[[Persona, str, str], Any]) -> None:
        self.shown, self.score = shown, score

    async def measure(self, subject: ChatModel, personas: Sequence[Persona], seed: int = 0) -> list[Score]:
        return [await self.one(subject, persona) for persona in personas]

    async def one(self, subject: ChatModel, persona: Persona) -> Score:
        values = []
        for question in world().questions[persona.id]:
            reply = await subject.generate([system(self.shown(persona)), user(question)], ANSWERING)
            found = self.score(persona, question, reply.text)
            values.append(await found if asyncio.iscoroutine(found) else found)
        return Score(sum(values) / len(values), self.scale, id=persona.id)


async def gain(persona: Persona, question: str, reply: str) -> float:
    score = await apc_score(statements_of(persona), question, reply, world().oracle(persona))
    return score.gain_over_neutral or 0.0


# -- an honest instrument ----------------------------------------------------------------------------------------------


def test_an_honest_instrument_follows_the_realised_truth() -> None:
    found = honest()

    assert found.rank.value is not None and found.rank.value > 0.9
    assert found.rank.lo is not None and found.rank.lo > 0.9
    assert found.follows and found.passed
    assert [point.values["fidelity"] for point in found.points] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert found.points[0].truth.value == 0.0
    assert found.points[-1].truth.value == 1.0
    assert found.slope == pytest.approx(1.0, abs=0.1)
    assert found.findings[0].startswith("The measured value follows the carried share of the relevant facts")


def test_the_truth_is_realised_and_not_the_parameter() -> None:
    truths = [unit.truth for unit in honest().units if unit.setting == "fidelity=0.5"]
    assert len(set(truths)) > 2
    assert all(0 <= truth <= 1 for truth in truths if truth is not None)


def test_false_alarms_stay_within_chance() -> None:
    alarms = honest().false_alarms
    assert alarms.value is not None and alarms.lo is not None
    assert alarms.n == 8
    assert alarms.lo <= 0.05
    assert not any("false alarms" in finding for finding in honest().findings)


def test_smaller_differences_need_more_personas() -> None:
    for design in ("paired", "two_groups"):
        rows = [row for row in honest().detectable if row.design == design]
        assert [row.n for row in rows] == [10, 20, 50, 100, 200]
        assert [row.difference for row in rows] == sorted((row.difference for row in rows), reverse=True)
        assert all(row.truth is not None and row.truth > 0 for row in rows)


def test_detectable_difference_is_found_in_four_of_five_trials() -> None:
    import numpy as np

    from personarium.stats import paired_t

    row = next(r for r in honest().detectable if (r.n, r.design) == (20, "paired"))
    draws = np.random.default_rng(5).normal(row.difference, row.sigma, (2_000, 20))
    hits = [paired_t(draw, np.zeros(20), "persona").p for draw in draws]
    assert np.mean([p is not None and p < 0.05 for p in hits]) == pytest.approx(0.8, abs=0.03)


def test_every_control_of_a_player_is_listed_beside_the_honest_subject() -> None:
    verdicts = {row.control.partition("/")[2]: row.verdict for row in honest().controls}

    assert set(verdicts) == {
        "mute", "refuser", "constant", "parrot", "copycat", "generic", "contrary", "other", "flatterer", "windbag",
        "insider",
    }  # fmt: skip
    assert verdicts["copycat"] == "at or above"  # reciting everything satisfies every constraint: a limit of APC
    for caught in ("constant", "parrot", "generic", "contrary", "other", "flatterer", "insider"):
        assert verdicts[caught] == "caught"
    assert verdicts["mute"] == verdicts["refuser"] == "not scored"
    counted = {row.control: dict(row.failures) for row in honest().controls}
    assert counted["simulated/mute"] == {"empty": 48}
    assert counted["simulated/refuser"] == {"refused": 48}
    assert "simulated/copycat" in honest().fooled_by


def test_no_two_subjects_share_a_seed() -> None:
    seeds = [name.partition("seed=")[2] for name in {unit.subject for unit in honest().units} | {honest().honest_name}]
    assert len(seeds) == len(set(seeds)) == 6
    assert all("bank=B" in unit.subject for unit in honest().units)


def test_the_result_says_what_may_be_claimed_and_survives_json() -> None:
    found = honest()
    assert (found.world, found.claim, found.sentence) == ("keyed", CLAIMS["keyed"], STANDING_SENTENCE)
    assert calibration_from_dict(json.loads(json.dumps(found.as_dict()))) == found
    assert len(found.rows()) == 60
    assert set(found.rows()[0]) == {"x", "y", "setting", "persona", "subject"}


def test_sections_are_of_the_report_schema_and_carry_the_standing_sentence() -> None:
    sections = honest().sections()
    for section in sections:
        section_from_dict(section)
    assert [s["kind"] for s in sections] == ["note", "curve", "table", "table", "table"]
    assert STANDING_SENTENCE in sections[0]["text"]
    assert len(sections[-1]["rows"]) == 12


async def test_the_same_seed_gives_the_same_calibration() -> None:
    people = keyed_world(3, questions=2)
    instrument = APCInstrument(people.oracle, questions=people.questions)

    async def run(seed: int) -> dict[str, Any]:
        grid = {"fidelity": [0.0, 1.0]}
        return (await calibrate(instrument, grid=grid, personas=people, equals=2, controls=False, seed=seed)).as_dict()

    assert await run(1) == await run(1)
    assert await run(1) != await run(2)


async def test_other_personas_may_claim_less() -> None:
    people = world().personas[:3]
    grid = {"fidelity": [0.0, 1.0]}

    async def label(origin: Any) -> str:
        return (
            await calibrate(honest_instrument(), grid=grid, personas=people, world=origin, equals=2, controls=False)
        ).claim

    assert await label("shipped") == CLAIMS["shipped"]
    assert await label(None) == CLAIMS["foreign"]


async def test_drift_is_calibrated_by_the_neutral_turns() -> None:
    from personarium.measure.drift import DriftInstrument

    people = keyed_world(6)
    grid = {"drift": [0.0, 0.05, 0.2]}
    found = await calibrate(
        DriftInstrument(), grid=grid, personas=people, base={"patience": 12}, equals=2, controls=False
    )

    assert found.truth_name == "neutral turns, last minus first third"
    assert found.follows
    assert found.points[0].truth.value == 0.0


async def test_a_personagym_task_is_calibrated_with_the_questions_of_the_keyed_world() -> None:
    from personarium.benchmarks.personagym import PersonaGymConfig, PersonaGymTask
    from personarium.models import open_model

    people = keyed_world(6, questions=2)
    task = PersonaGymTask(
        open_model("simulated:seed=99"), questions=people.questions, config=PersonaGymConfig(questions_per_task=2)
    )
    found = await calibrate(task, grid={"fidelity": [0.0, 0.5, 1.0]}, personas=people, equals=2)

    assert found.follows
    assert found.judge == "simulated:seed=99"
    assert "Judge: simulated:seed=99" in found.sections()[0]["text"]
    assert {row.control: row.verdict for row in found.controls}["simulated/generic"] == "caught"


# -- instruments made blind on purpose (SIMULATED.md, "Works when" 8) ---------------------------------------------------


async def test_an_instrument_that_drops_the_persona_is_caught() -> None:
    blind = Asking(lambda persona: "You are somebody. Reply briefly.", gain)

    found = await calibrate(blind, personas=world(), equals=4)

    assert not found.follows and not found.passed
    assert found.read == 0.0
    assert any("Only 0% of the requests had a fact to read" in finding for finding in found.findings)
    assert "simulated/constant" in found.fooled_by
    assert "simulated/other" in found.fooled_by


async def test_an_instrument_that_reads_length_is_caught() -> None:
    length = Asking(lambda persona: persona.view("system").text, lambda p, q, reply: min(1.0, len(reply) / 4_000))

    found = await calibrate(length, personas=world(), equals=4)

    assert not found.passed or found.rank.value is None or found.rank.value < 0.5
    assert "simulated/windbag" in found.fooled_by
    assert any("gets a score" in finding and "mute" in finding for finding in found.findings)


async def test_a_gold_answer_in_the_prompt_fails_the_instrument() -> None:
    form = "\n\n<options>\nA) tea\nB) milk\nC) wine\nD) beer\n</options>\n\n<reply>\n<A|B|C|D>\n</reply>"

    class Quiz:
        name, scale = "quiz with its key", Scale(0.0, 1.0)

        def __init__(self, leaking: bool) -> None:
            self.leaking = leaking

        async def measure(self, subject: ChatModel, personas: Sequence[Persona], seed: int = 0) -> list[Score]:
            out = []
            for number, persona in enumerate(personas):
                gold = "ABCD"[int(persona.id[-2:]) % 4]
                key = f"Correct answer: {gold}\n" if self.leaking else ""
                reply = await subject.generate(
                    [user(f"{key}Item {number} {persona.id}. What is drunk here?{form}")], ANSWERING
                )
                right = reply.text.strip()[-1:] == gold
                out.append(Score(float(right), self.scale, id=persona.id))
            return out

    async def run(leaking: bool) -> Calibration:
        people = keyed_world(24).personas
        truth = ("nothing", lambda exchanges: 0.0)
        return await calibrate(
            Quiz(leaking), grid={"ability": [0.5, 1.0]}, personas=people, truth=truth, equals=2, chance=0.25
        )

    leaking, fair = await run(True), await run(False)

    assert "gives the answer away" in leaking.leak and not leaking.passed
    assert any("fails" in finding for finding in leaking.findings)
    assert fair.leak == ""
    assert "simulated/first" in {row.control for row in fair.controls}


async def test_an_instrument_that_cries_wolf_is_caught() -> None:
    """Its value depends on the subject's name and not on what is said, so that equal subjects differ."""

    class Moody:
        name, scale = "moody", Scale(0.0, 1.0)

        async def measure(self, subject: ChatModel, personas: Sequence[Persona], seed: int = 0) -> list[Score]:
            mood = hash_of(subject.name)
            return [Score(0.9 * mood + 0.1 * hash_of(subject.name, p.id), self.scale, id=p.id) for p in personas]

    found = await calibrate(Moody(), personas=world(), equals=8, controls=False)

    assert found.false_alarms.value is not None and found.false_alarms.value > 0.5
    assert any("false alarms" in finding for finding in found.findings)
    assert not found.follows


def hash_of(*parts: str) -> float:
    """A number in [0, 1) that looks drawn but is fixed by the parts."""
    return int.from_bytes(hashlib.blake2b("|".join(parts).encode(), digest_size=4).digest(), "big") / 2**32


async def test_values_that_are_missing_are_counted_and_never_zero() -> None:
    class Failing:
        name, scale = "failing", Scale(0.0, 1.0)

        async def measure(self, subject: ChatModel, personas: Sequence[Persona], seed: int = 0) -> list[Score]:
            lost = (Failure("unparsed", "no verdict"),)
            return [Score(None, self.scale, failures=lost, id=p.id) for p in personas]

    found = await calibrate(Failing(), personas=world(), equals=2)

    assert found.rank.value is None and found.honest.value is None
    assert {row.verdict for row in found.controls} == {"not scored"}
    assert any("60 of 60 units" in finding and "60 unparsed" in finding for finding in found.findings)
    for section in found.sections():
        section_from_dict(section)


# -- realised truth ----------------------------------------------------------------------------------------------------


def exchange(turn: int, acts: list[tuple[str, str]], relevant: Sequence[str] = (), role: str = "player") -> Exchange:
    return Exchange(turn, Ledger(role=role, relevant=list(relevant), acts=acts))


def test_fact_share_counts_relevant_facts_only() -> None:
    carried = fact_share("carry", "copy")
    said = [
        exchange(0, [("p1", "carry"), ("p2", "evade"), ("p3", "carry")], ["p1", "p2"]),
        exchange(0, [("p4", "copy")], ["p4"]),
        exchange(0, [("", "smalltalk")], []),
        exchange(0, [("p1", "carry")], ["p1"], role="judge"),
    ]
    assert carried(said) == pytest.approx(2 / 3)
    assert carried(said[2:]) is None


def test_neutral_drift_is_last_third_minus_first_third() -> None:
    turns = [exchange(t, [("", "neutral")] if t in (1, 4, 5) else [("p1", "carry")]) for t in range(6)]
    assert neutral_drift(turns) == 0.5  # thirds of two turns: 1/2 of the first, 2/2 of the last
    assert neutral_drift(turns[:2]) is None
    assert turn_share("neutral")(turns) == 0.5


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"grid": {}}, "at least one knob"),
        ({"grid": {"fidelity": []}}, "at least one knob"),
        ({"grid": {"leniency": [0, 1]}}, "no realised truth"),
        ({"personas": []}, "at least one persona"),
        ({"equals": 1}, "at least 2 equal subjects"),
        ({"grid": {"fidelity": [2]}}, "a number from 0 to 1"),
    ],
)
async def test_bad_input_is_told_in_one_sentence(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        await calibrate(honest_instrument(), **{"personas": world(), **arguments})


def test_a_keyed_world_asks_for_what_its_personas_have() -> None:
    people = keyed_world(100, questions=1)
    assert len(people.personas) == 100
    assert all(len(persona.facets) == 8 for persona in people.personas)
    assert all(len(questions) == 1 for questions in people.questions.values())
    assert all(people.asked[p.id][0] == p.facets[0].path for p in people.personas)
    with pytest.raises(UsageError, match="questions"):
        keyed_world(2, attributes=3, questions=4)
