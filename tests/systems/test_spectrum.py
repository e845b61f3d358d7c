"""SPeCtrum: every statement of the page's "Works when", with its literals."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core import Message, Persona, Sampling
from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.core.published import load_spectrum
from personarium.make.makers import MakeRequest
from personarium.make.spectrum import (
    BFI_2_S,
    COMBINATIONS,
    ERRATA,
    MAKER,
    PVQ_21,
    Profile,
    SocialField,
    SpectrumConfig,
    Truth,
    centred,
    combination,
    domain_scores,
    evaluate_profiles,
    extract_intake,
    guess_accuracy,
    guess_who,
    importance_word,
    intake_questions,
    level_word,
    load_items,
    load_profile,
    load_profiles,
    make_profiles,
    personality_scores,
    profile_figure,
    profile_person,
    questionnaire,
    read_intake,
    read_social,
    save_profile,
    sentences,
    social_fields,
    social_questions,
    social_text,
    system_prompt,
    twenty_statements,
    value_scores,
)
from personarium.models import ScriptedModel, open_model
from personarium.runs import Run

PARTS = {
    "S": "- Age: 52\n- Residence: Grey Skerry",
    "P_personality": "They think before they speak.",
    "P_value": "Safety matters to them.",
    "C_behavior": "1. A typical weekday for me starts off by lighting the lamp.\n\n2. A typical weekend the same.",
    "C_lovehate": "[Loves]\n- driftwood\n\n[Hates]\n- crowds",
}
PAPER = SpectrumConfig(personality=BFI_2_S, values=PVQ_21)


def everywhere(value: int) -> dict[str, int]:
    return {f"D1PB-{i}": value for i in range(1, 31)}


def cycled(codes: Sequence[str]) -> dict[str, int]:
    """The answer to item i is (i mod 7) + 1."""
    return {code: int(code.partition("-")[2]) % 7 + 1 for code in codes}


def by_name(scores: Sequence[Any]) -> dict[str, float]:
    return {s.name: round(s.score, 4) for s in scores}


def profile(**changes: Any) -> Profile:
    return Profile("keeper", "Orrin Vale", PARTS, **changes)


# --- 1: scoring BFI-2-S ---


@pytest.mark.parametrize("answer", [1, 4])
def test_w1_all_answers_alike_give_the_midpoint(answer: int) -> None:
    for domain in personality_scores(everywhere(answer), PAPER):
        assert domain.score == 4.0
        assert [f.score for f in domain.facets] == [4.0, 4.0, 4.0]
        assert level_word(domain.score) == "slightly above average"


def test_w1_the_worked_example() -> None:
    scores = personality_scores(cycled(BFI_2_S.codes), PAPER)
    assert by_name(scores) == {
        "Extraversion": 5.0,
        "Agreeableness": 3.8333,
        "Conscientiousness": 5.3333,
        "Negative Emotionality": 3.8333,
        "Open-Mindedness": 3.8333,
    }
    assert [[f.score for f in s.facets] for s in scores] == [
        [4.5, 7.0, 3.5],
        [3.5, 4.5, 3.5],
        [4.5, 4.5, 7.0],
        [3.5, 3.5, 4.5],
        [3.5, 4.5, 3.5],
    ]


def test_w1_without_reversal_the_worked_example_is_another() -> None:
    answers = np.array([list(cycled(BFI_2_S.codes).values())], dtype=float)
    plain = domain_scores(BFI_2_S, answers, reverse=False)
    assert {name: round(values[0], 2) for name, values in plain.items()} == {
        "Extraversion": 4.0,
        "Agreeableness": 3.83,
        "Conscientiousness": 3.67,
        "Negative Emotionality": 3.5,
        "Open-Mindedness": 4.5,
    }
    right = domain_scores(BFI_2_S, answers)
    assert {name: round(values[0], 4) for name, values in right.items()} == by_name(
        personality_scores(cycled(BFI_2_S.codes), PAPER)
    )


@pytest.mark.parametrize("value", [None, 0, 8, 3.5, True, "4", math.nan])
def test_w1_an_answer_that_is_none_names_the_item(value: Any) -> None:
    answers = {**everywhere(4), "D1PB-17": value}
    with pytest.raises(InvalidInput, match="'D1PB-17'"):
        personality_scores(answers, PAPER)
    del answers["D1PB-17"]
    with pytest.raises(InvalidInput, match=r"'D1PB-17'.*nothing"):
        personality_scores(answers, PAPER)


def test_w1_answers_may_be_named_by_number_but_only_once() -> None:
    assert personality_scores({str(i): 4 for i in range(1, 31)}, PAPER)[0].score == 4.0
    with pytest.raises(InvalidInput, match="each once"):
        personality_scores({**everywhere(4), "3": 4}, PAPER)
    with pytest.raises(InvalidInput, match="D1PB-31"):
        personality_scores({**everywhere(4), "D1PB-31": 4}, PAPER)


# --- 2: words ---


def test_w2_extraversion_of_the_example() -> None:
    given = dict(zip((1, 6, 11, 16, 21, 26), (2, 5, 6, 6, 3, 2), strict=True))
    extraversion = personality_scores({**everywhere(4), **{f"D1PB-{i}": a for i, a in given.items()}}, PAPER)[0]
    assert extraversion.score == 34 / 6
    assert level_word(extraversion.score) == "high"


@pytest.mark.parametrize(
    ("score", "word"),
    [
        (1.0, "very low"),
        (2.0, "low"),
        (3.99, "slightly below average"),
        (4.0, "slightly above average"),
        (29 / 6, "slightly above average"),
        (5.0, "high"),
        (6.0, "very high"),
        (7.0, "very high"),
    ],
)
def test_w2_words_go_by_the_whole_part(score: float, word: str) -> None:
    assert level_word(score) == word


def test_w2_the_stored_score_stays_exact() -> None:
    given = {**everywhere(4), "D1PB-6": 5, "D1PB-11": 6, "D1PB-16": 6}
    score = personality_scores(given, PAPER)[0].score
    assert score == 29 / 6
    made = profile(personality=personality_scores(given, PAPER))
    assert made.persona().provenance["personality"][0]["score"] == 29 / 6


@pytest.mark.parametrize("score", [0.99, 7.01, math.nan])
def test_w2_a_score_outside_the_range_has_no_word(score: float) -> None:
    for word in (level_word, importance_word):
        with pytest.raises(InvalidInput):
            word(score)


# --- 3: values ---


def test_w3_values() -> None:
    fours = dict.fromkeys(PVQ_21.codes, 4)
    scores = value_scores(fours, PAPER)
    assert [s.score for s in scores] == [4.0] * 10
    assert {importance_word(s.score) for s in scores} == {"somewhat important"}
    changed = value_scores({**fours, "D2LP-3": 7, "D2LP-8": 6, "D2LP-19": 6}, PAPER)
    assert by_name(changed)["Universalism"] == 6.3333
    assert importance_word(6.3333) == "utmost"
    assert (importance_word(5.0), importance_word(5.5)) == ("important", "high importance")
    assert (importance_word(2.0), importance_word(2.01), importance_word(3.5)) == (
        "minimal",
        "some",
        "somewhat important",
    )


def test_w3_the_worked_example_of_values() -> None:
    assert by_name(value_scores(cycled(PVQ_21.codes), PAPER)) == {
        "Self-Direction": 3.5,
        "Power": 3.5,
        "Universalism": 4.0,
        "Achievement": 6.0,
        "Security": 3.5,
        "Stimulation": 4.5,
        "Conformity": 2.0,
        "Tradition": 2.0,
        "Hedonism": 3.0,
        "Benevolence": 5.5,
    }


def test_w3_the_numbers_jump_from_19_to_21() -> None:
    assert len(PVQ_21.codes) == 21
    assert "D2LP-20" not in PVQ_21.codes
    with pytest.raises(InvalidInput, match="D2LP-20"):
        value_scores({f"D2LP-{i}": 4 for i in range(1, 22)}, PAPER)


def test_values_are_centred_on_the_persons_own_mean_on_demand() -> None:
    scores = value_scores(cycled(PVQ_21.codes), PAPER)
    own = centred(scores)
    assert sum(s.score for s in own) == pytest.approx(0)
    assert own[3].score == pytest.approx(6.0 - 3.75)


# --- 4: prompts ---


def test_w4_a_combination_shows_its_parts_and_no_other() -> None:
    prompt = system_prompt(profile(), "SC")
    assert all(PARTS[part] in prompt for part in ("S", "C_behavior", "C_lovehate"))
    assert not any(PARTS[part] in prompt for part in ("P_personality", "P_value"))
    assert "Orrin" not in prompt


def test_w4_seven_combinations_are_distinct_and_the_order_does_not_matter() -> None:
    prompts = {name: system_prompt(profile(), name) for name in COMBINATIONS}
    assert COMBINATIONS == ("S", "P", "C", "SP", "SC", "PC", "SPC")
    assert len(set(prompts.values())) == 7
    assert [prompts["SPC"].count(text) for text in PARTS.values()] == [1] * 5
    assert system_prompt(profile(), "CS") == prompts["SC"]
    assert combination("cps") == "SPC"


@pytest.mark.parametrize("letters", ["", "X", "SS", "SPCS"])
def test_w4_what_is_no_combination_is_refused(letters: str) -> None:
    with pytest.raises(UsageError, match="each of S, P and C"):
        combination(letters)


def test_w4_a_part_that_is_not_there_is_named() -> None:
    bare = Profile("x", "", {"S": PARTS["S"], "P_value": PARTS["P_value"]})
    assert bare.missing("PC") == ("P_personality", "C_behavior", "C_lovehate")
    assert PARTS["S"] in bare.text("S")
    with pytest.raises(UsageError, match="P_personality"):
        bare.text("SP")


def test_w4_a_combination_is_a_persona_too() -> None:
    persona = profile().persona("PC")
    assert {f.path for f in persona.facets} == {
        "personality.summary",
        "values.summary",
        "life.behavior",
        "life.love_hate",
    }
    assert persona.kinds == ("individualized",)
    assert Persona.from_dict(persona.to_dict()) == persona


# --- 5: recovery of known truth ---


def simulated_answers(seed: int = 5) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """200 subjects: answer = round(level, or 8 - level where reversed, + noise of sd 0.8), cut to 1..7."""
    rng = np.random.default_rng(seed)
    levels = {d.name: rng.uniform(1.5, 6.5, 200) for d in BFI_2_S.domains}
    of = {code: d.name for d in BFI_2_S.domains for code in d.items}
    columns = []
    for code in BFI_2_S.codes:
        level = levels[of[code]]
        meant = 8 - level if code in BFI_2_S.reversed else level
        columns.append(np.clip(np.round(meant + rng.normal(0, 0.8, 200)), 1, 7))
    return np.stack(columns, axis=1), levels


def test_w5_the_truth_is_recovered_and_only_with_reversal() -> None:
    answers, levels = simulated_answers()
    keyed, plain = domain_scores(BFI_2_S, answers), domain_scores(BFI_2_S, answers, reverse=False)
    for name, truth in levels.items():
        assert np.corrcoef(keyed[name], truth)[0, 1] > 0.95
        assert abs(np.corrcoef(plain[name], truth)[0, 1]) < 0.25


def test_w5_an_incomplete_row_is_refused() -> None:
    answers, _ = simulated_answers()
    answers[3, 7] = np.nan
    with pytest.raises(InvalidInput, match="row 3"):
        domain_scores(BFI_2_S, answers)


# --- 6: Twenty Statements Test and Guess Who ---

OPEN = [f"I keep lamp number {k}." for k in range(10)]
HIDDEN = [f"I secretly fear wave number {k}." for k in range(10)]


def twenty(open_self: list[str] = OPEN, hidden_self: list[str] = HIDDEN) -> str:
    return json.dumps({"open_self": open_self, "hidden_self": hidden_self})


def knowing(true: set[str], odd: dict[str, str] | None = None) -> ScriptedModel:
    """A judge who knows which statements are true."""

    def say(messages: Sequence[Message], sampling: Sampling) -> str:
        asked = messages[-1]["content"].partition("<statements>\n")[2].partition("\n</statements>")[0]
        if odd and asked in odd:
            return odd[asked]
        return f"Answer: {'yes' if asked in true else 'no'} Reason: I know myself."

    return ScriptedModel(say, name="judge")


async def test_w6_shares_of_true_statements() -> None:
    judge = knowing({*OPEN[:9], *HIDDEN[:6]})
    test = await twenty_statements(ScriptedModel([twenty()]), judge, profile().text(), Truth("", "Orrin Vale"))
    assert test.share().value == 0.75
    assert (test.share("open").value, test.share("hidden").value) == (0.9, 0.6)
    assert (test.share().n, test.asks, len(judge.calls)) == (20, 1, 20)


async def test_w6_nine_and_eleven_statements_are_asked_again() -> None:
    agent = ScriptedModel([twenty(OPEN[:9], [*HIDDEN, "I am eleven."]), twenty()])
    test = await twenty_statements(agent, knowing(set(OPEN)), "", Truth())
    assert (test.asks, test.share().value) == (2, 0.5)


async def test_w6_an_agent_that_never_gets_it_right_is_a_failure() -> None:
    test = await twenty_statements(ScriptedModel([twenty(OPEN[:9])] * 6), knowing(set()), "", Truth())
    assert test.verdicts == ()
    assert test.asks == 6
    assert test.share().value is None
    assert test.as_row()["failures"] == {"unparsed": 1}


async def test_w6_a_judge_who_says_neither_leaves_the_denominator() -> None:
    judge = knowing({*OPEN[:9], *HIDDEN[:6]}, {OPEN[9]: "Perhaps, on a good day."})
    test = await twenty_statements(ScriptedModel([twenty()]), judge, "", Truth())
    assert test.share().n == 19
    assert test.share().value == 15 / 19
    assert test.share().failures == {"missing": 1}
    assert [v.true for v in test.verdicts].count(None) == 1
    assert test.as_row()["failures"] == {"unparsed": 1}


@pytest.mark.parametrize(
    ("reply", "true"),
    [("Yes. I do.", True), ("**No**, never.", False), ("Answer: yes", True), ("Reason: I like it.", None)],
)
async def test_w6_verdicts_are_read_tolerantly(reply: str, true: bool | None) -> None:
    test = await twenty_statements(ScriptedModel([twenty()]), ScriptedModel({"": reply}), "", Truth())
    assert {v.true for v in test.verdicts} == {true}


async def test_w6_statements_that_quote_the_profile_are_flagged() -> None:
    shown = "I light the lamp at five and then I boil two eggs for breakfast."
    said = [
        *OPEN[:8],
        "Well, I light the lamp, at five and ONLY THEN boil eggs.",
        "At five and then I boil two eggs for breakfast!",
    ]
    test = await twenty_statements(ScriptedModel([twenty(said)]), knowing(set()), shown, Truth())
    assert [v.quoting for v in test.verdicts[:10]] == [False] * 9 + [True]
    assert test.quoting == 1


async def test_w6_a_person_can_judge_their_own_statements() -> None:
    def person(statement: str) -> bool | None:
        return None if statement == OPEN[0] else statement in HIDDEN

    test = await twenty_statements(ScriptedModel([twenty()]), person, "", Truth())
    assert test.share().value == 10 / 19
    assert test.as_row()["failures"] == {"abstained": 1}


def guessed(character: str, series: str = "The Salt Lantern") -> str:
    return json.dumps({"character": character, "series": series, "reason": "The lamp."})


async def test_w6_guess_who() -> None:
    truth = Truth("", "Orrin Vale", "The Salt Lantern", ("The Keeper",))
    replies = ["ORRIN VALE", "the keeper.", "Tamsin Quill"]
    found = [await guess_who(ScriptedModel([guessed(r)]), profile().text("C"), truth) for r in replies]
    assert [g.right for g in found] == [True, True, False]
    assert all(g.right_series and not g.told for g in found)
    failed = await guess_who(ScriptedModel(["no idea"] * 6), "x", truth)
    accuracy = guess_accuracy([*found, failed])
    assert (accuracy.value, accuracy.n, accuracy.failures) == (2 / 3, 3, {"missing": 1})


async def test_w6_a_profile_that_tells_the_name_proves_nothing() -> None:
    truth = Truth("", "Orrin Vale")
    told = await guess_who(ScriptedModel([guessed("Orrin Vale")]), "I am called Orrin Vale.", truth)
    assert told.right
    assert told.told
    assert guess_accuracy([told]).n == 0


async def test_w6_the_guesser_never_sees_the_truth() -> None:
    model = ScriptedModel([guessed("Nobody")])
    await guess_who(model, profile().text("S"), Truth("secret truth", "Orrin Vale", "The Salt Lantern"))
    assert not any(word in str(model.calls[0].messages) for word in ("Orrin", "Salt Lantern", "secret truth"))


async def test_w6_every_combination_stands_beside_two_controls() -> None:
    people = [profile(), Profile("singer", "Tamsin Quill", {**PARTS, "S": "- Age: 27"})]
    asked: list[str] = []

    def play(messages: Sequence[Message], sampling: Sampling) -> str:
        system = messages[0]["content"]
        if "guess" in system:
            return guessed("Orrin Vale")
        asked.append(system)
        return twenty()

    result = await evaluate_profiles(people, ScriptedModel(play), knowing(set(OPEN)), conditions=("CS", "S"))
    assert result.conditions == ("SC", "S", "none", "other")
    assert len(result.twenty) == 8
    assert sum("of whom nothing is known" in text for text in asked) == 2
    estimates = result.estimates()
    assert estimates["true statements, SC"].value == 0.5
    assert estimates["true statements, SC, open self"].value == 1.0
    assert (estimates["right guesses, S"].value, estimates["right guesses, S"].n) == (0.5, 2)
    assert "right guesses, none" not in estimates


# --- 7: files ---


def test_w7_a_stored_profile_is_read_whole(tmp_path: Path) -> None:
    save_profile(profile(), tmp_path, 7)
    read = load_profile(tmp_path, 7)
    assert read.parts == PARTS
    assert [p.id for p in load_profiles(tmp_path)] == ["spectrum-7"]
    assert {f.value for f in load_spectrum(tmp_path, 7).facets} == set(PARTS.values())


@pytest.mark.parametrize("part", PARTS)
def test_w7_a_missing_file_is_named_with_its_id(part: str, tmp_path: Path) -> None:
    save_profile(profile(), tmp_path, 44)
    (tmp_path / f"44_{part}.txt").unlink()
    with pytest.raises(NotFound, match=f"profile 44 lacks 44_{part}.txt"):
        load_profile(tmp_path, 44)


def test_w7_presumed_answers_and_unknown_fields() -> None:
    text = "Profile:\n- Age: Presumably 38-39\n- Sex: Male\n- Disability (if relevant): None\n- Shoe Size: 44"
    read = read_social(text)
    assert read.fields[:2] == (SocialField("Age", "38-39", True), SocialField("Sex", "Male", False))
    assert read.value("Disability") == "None"
    assert read.unknown == ("Shoe Size",)
    assert read.value("Shoe Size") == "44"
    assert read.other == ("Profile:",)


def test_w7_a_list_is_read_as_it_was_written() -> None:
    lines = social_fields({"Age": "38-39", "Sex": "Male", "Race": ["White", "Asian"]}, ["Age"])
    assert social_text(lines) == "- Age: Presumably 38-39\n- Sex: Male\n- Race: White, Asian"
    assert read_social(social_text(lines)).fields == lines


@given(st.text(max_size=200))
def test_any_text_is_read_as_a_list_without_an_error(text: str) -> None:
    read = read_social(text)
    assert len(read.fields) + len(read.other) <= len(text.splitlines())


# --- the intake ---


def answers(**changes: Any) -> dict[str, Any]:
    return {
        "id": "p1",
        "social": {"Age": 34, "Sex": "female", "Occupation": "Student", "Major": "Botany", "Job": "waiter"},
        "personality": dict.fromkeys(questionnaire("mini-ipip").codes, 4),
        "values": dict.fromkeys(questionnaire("own-values").codes, 7),
        "weekday": "A typical weekday for me starts off by watering.",
        "weekend": "A typical weekend for me starts off by sleeping.",
        "loves": ["moss", "rain", "tea", "maps", "quiet"],
        "hates": ["noise", "heat", "queues", "lies", "plastic"],
        **changes,
    }


def read(data: Any) -> Any:
    return read_intake(data, questionnaire("mini-ipip"), questionnaire("own-values"), "people.jsonl:1")


def test_intake_asks_19_questions_with_three_that_depend() -> None:
    questions = social_questions()
    assert [q.field for q in questions][:3] == ["Age", "Sex", "Gender"]
    assert sum(not q.asked_if for q in questions) == 19
    assert [q.field for q in questions if q.asked_if] == ["Nationality More Important", "Major", "Job"]
    rows = intake_questions(questionnaire("mini-ipip"), questionnaire("own-values"))
    assert len(rows) == 22 + 20 + 20 + 4
    with pytest.raises(UsageError, match="may not be shipped"):
        intake_questions(BFI_2_S, questionnaire("own-values"))


def test_intake_keeps_what_applies_in_the_options_spelling() -> None:
    intake = read(answers())
    assert [f.line() for f in intake.social] == [
        "- Age: 34",
        "- Sex: Female",
        "- Occupation: Student",
        "- Major: Botany",
    ]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"id": ""}, "id"),
        ({"social": {"Sex": "blue"}}, "Sex"),
        ({"social": {"Shoe Size": 44}}, "Shoe Size"),
        ({"social": {"Sex": ["Male", "Female"]}}, "Sex"),
        ({"personality": {}}, "MI-1"),
        ({"weekday": ""}, "weekday"),
        ({"loves": ["moss"]}, "loves"),
        ({"hates": "noise"}, "hates"),
        ({"salary": 3}, "salary"),
    ],
)
def test_intake_names_what_is_wrong(change: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput, match=rf"people\.jsonl:1: field '{named}'"):
        read(answers(**change))


def test_withheld_answers_leave_their_field_out() -> None:
    lines = social_fields({"Sex": "prefer not to say", "Perceived Class": "Unsure or prefer not to say", "Age": None})
    assert lines == ()


async def test_a_person_becomes_a_profile_with_two_calls() -> None:
    summary = {"characteristics": "calm", "therapist": "They seem calm.", "everyday": "They stay calm."}
    domains = {d.name: "x" for d in questionnaire("mini-ipip").domains}
    model = ScriptedModel(
        {"five sentences. Then": json.dumps({**summary, "domains": domains}), "": json.dumps(summary)}
    )
    made = await profile_person(read(answers()), model)
    assert len(model.calls) == 2
    assert made.missing() == ()
    assert made.parts["P_value"].startswith("1. Overall Value Summary (Psychotherapist's Perspective)\nThey seem calm.")
    assert "2. Explanation in Everyday Language\nThey stay calm." in made.parts["P_personality"]
    assert {s.score for s in made.values} == {7.0}
    assert "- moss" in made.parts["C_lovehate"]
    sent = " ".join(call.messages[-1]["content"] for call in model.calls)
    assert "This person's overall tendency in Extraversion is slightly above average." in sent
    assert "4.0" not in sent


async def test_a_part_that_could_not_be_summed_up_is_missing_and_counted() -> None:
    made = await profile_person(read(answers()), ScriptedModel({"": "I cannot."}), SpectrumConfig(tries=1))
    assert made.missing() == ("P_personality", "P_value")
    assert len(made.failures) == 2


async def test_a_figure_is_answered_for_by_a_model() -> None:
    quiet = Persona.from_row({"id": "a", "name": "Orrin Vale", "age": 52, "personality": "extremely quiet"})
    loud = Persona.from_row({"id": "b", "name": "Tamsin Quill", "age": 27, "personality": "extremely outgoing"})
    model = open_model("simulated:sloppy=0,gain=2")
    low, high = [await profile_figure(p, model) for p in (quiet, loud)]
    assert low.missing() == high.missing() == ()
    assert low.failures == high.failures == ()
    assert low.personality[0].name == "Extraversion"
    assert low.personality[0].score < 3.5 < 4.5 < high.personality[0].score
    assert low.social.value("Age") == "52"


def test_the_bundled_items_are_those_of_the_pool() -> None:
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "ipip"
    if not folder.exists():
        pytest.skip("the shared data are not beside this checkout")
    with (folder / "ipip_big_five_markers.csv").open(encoding="utf-8") as file:
        mini = {row["text"]: row for row in csv.DictReader(file) if row["in_mini_ipip"] == "1"}
    bundled = questionnaire("mini-ipip")
    assert {text for _, text in bundled.asked()} == set(mini)
    turned = {text for code, text in bundled.asked() if code in bundled.reversed}
    stable = {text for text, row in mini.items() if row["factor_letter"] == "ES"}
    assert turned == {t for t, row in mini.items() if (row["key"] == "-1") != (t in stable)}
    with (folder / "ipip_neo_300.csv").open(encoding="utf-8") as file:
        neo = {row["text"]: row["key"] for row in csv.DictReader(file) if row["item_120"]}
    long = questionnaire("ipip-neo-120")
    assert {text: "-1" if code in long.reversed else "1" for code, text in long.asked()} == neo
    assert [len(d.items) for d in long.domains] == [24] * 5
    assert {len(f.items) for d in long.domains for f in d.facets} == {4}


def test_wordings_come_from_the_users_file(tmp_path: Path) -> None:
    table = tmp_path / "bfi.csv"
    table.write_text("code,text\n" + "".join(f"{i},Statement {i}\n" for i in range(1, 31)), encoding="utf-8")
    mine = load_items(table, BFI_2_S)
    assert mine.asked()[16] == ("D1PB-17", "Statement 17")
    assert SpectrumConfig(personality=mine).personality.texts["D1PB-30"] == "Statement 30"
    words = tmp_path / "pvq.json"
    words.write_text(json.dumps({f"D2LP-{i}": f"V {i}" for i in range(1, 22)}), encoding="utf-8")
    with pytest.raises(InvalidInput, match="D2LP-2"):
        load_items(words, PVQ_21)
    with pytest.raises(NotFound, match="mini-ipip"):
        questionnaire("bfi-44")


async def test_an_intake_is_extracted_from_a_text() -> None:
    found = await extract_intake(
        "Name: Ina Vogt\nAge: 41\nGender: woman\nReligion: Buddhist\nI live in Bremen. I like moss."
    )
    by = {f.field: f.value for f in found.social}
    assert by["Age"] == "41"
    assert by["Gender"] == "Woman"
    assert by["Residence"] == "Bremen"
    assert by["Religious Affiliation"] == "Buddhist"
    assert "moss" in found.loves
    assert "Gender" not in found.own_words


async def test_uncertain_statements_are_presumed() -> None:
    found = await extract_intake("Maybe I live in Bremen. I am 41 years old.")
    assert {f.field: f.uncertain for f in found.social} == {"Age": False, "Residence": True}


# --- errata ---


def test_scores_are_rounded_down_only_as_published() -> None:
    answers = cycled(BFI_2_S.codes)
    floored = personality_scores(answers, SpectrumConfig(personality=BFI_2_S, as_published={"score-floored"}))
    exact = personality_scores(answers, PAPER)
    assert [s.score for s in floored] == [5.0, 3.0, 5.0, 3.0, 3.0]
    assert [f.score for f in floored[0].facets] == [4.0, 7.0, 3.0]
    assert [level_word(s.score) for s in floored] == [level_word(s.score) for s in exact]


def test_answers_out_of_range_enter_the_sum_only_as_published() -> None:
    answers = {**everywhere(4), "D1PB-6": 8, "D1PB-1": 0}
    published = SpectrumConfig(personality=BFI_2_S, as_published={"answers-unchecked"})
    assert personality_scores(answers, published)[0].score == 32 / 6
    with pytest.raises(InvalidInput, match="D1PB-1"):
        personality_scores(answers, PAPER)


def test_sentences_say_this_character_only_as_published() -> None:
    scores = personality_scores(everywhere(4), PAPER)
    published = SpectrumConfig(as_published={"this-character"})
    assert sentences(BFI_2_S, scores, published.who)[0].startswith(
        "This character's overall tendency in Extraversion is"
    )
    assert sentences(BFI_2_S, scores)[1] == "- This person has a slightly above average level of Sociability."
    values = value_scores(dict.fromkeys(PVQ_21.codes, 7), PAPER)
    assert "utmost importance to this character" in sentences(PVQ_21, values, published.who)[0]


def test_two_options_of_orientation_are_merged_only_as_published() -> None:
    def options(faults: frozenset[str]) -> tuple[str, ...]:
        return next(q.options for q in social_questions(faults) if q.field == "Sexual Orientation")

    assert "Gay" in options(frozenset())
    published = options(frozenset({"merged-orientation"}))
    assert "Gay" not in published
    assert "Gay straight (heterosexual)" in published
    assert len(published) == len(options(frozenset()))


def test_unknown_errata_are_refused() -> None:
    assert SpectrumConfig(as_published=True).faults == set(ERRATA)
    with pytest.raises(UsageError, match="no erratum"):
        SpectrumConfig(as_published={"typo"})


# --- the maker ---


async def test_maker_makes_personas_of_figures_and_tries_them(tmp_path: Path) -> None:
    source = tmp_path / "figures.csv"
    rows = "".join(f"f{k},Figure {k},{30 + k},very calm\n" for k in range(3))
    source.write_text(f"id,name,age,personality\n{rows}", encoding="utf-8")
    model = open_model("simulated:sloppy=0")
    with Run.open(tmp_path / "run", {}) as run:
        asked = run.model(model)
        request = MakeRequest(2, asked, run, asked, input=source, options={"evaluate": "SPC"})
        made = await MAKER(request)
    assert [p.id for p in made.personas] == ["f0", "f1"]
    assert {"true statements, SPC", "true statements, none", "true statements, other"} <= set(made.estimates)
    assert [s["title"] for s in made.sections] == ["Personality, 1 to 7", "Values, 1 to 7"]


async def test_maker_reads_peoples_answers(tmp_path: Path) -> None:
    source = tmp_path / "people.yaml"
    source.write_text(json.dumps(answers()), encoding="utf-8")  # JSON is YAML
    with Run.open(tmp_path / "run", {}) as run:
        model = run.model(open_model("simulated:sloppy=0"))
        made = await MAKER(MakeRequest(5, model, run, model, input=source, options={"from": "people"}))
        assert run.counts["calls"] == 2
    assert [row["id"] for row in made.rows] == ["profile/p1"]
    assert made.personas[0].value("life.love_hate").startswith("[What this person loves most]\n- moss")
    assert made.estimates == {}


async def test_maker_writes_the_questions_and_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    model = ScriptedModel([])
    made = await MAKER(MakeRequest(1, model, Run.dry(), model, options={"from": "questions"}))
    assert len(made.rows) == 66
    with pytest.raises(UsageError, match="starts from a file"):
        await MAKER(MakeRequest(1, model, Run.dry(), model))
    with pytest.raises(UsageError, match="from must be one of"):
        await MAKER(MakeRequest(1, model, Run.dry(), model, options={"from": "mars"}))


async def test_profiles_with_one_id_are_refused() -> None:
    two = [Persona.from_row({"id": "a", "age": 3})] * 2
    with pytest.raises(InvalidInput, match="an id of its own"):
        await make_profiles(two, ScriptedModel([]))
