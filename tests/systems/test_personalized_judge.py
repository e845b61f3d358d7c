"""Personalized judge: one test for each statement of the page, then the errata, the files and the contract."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.catalog import SystemRow
from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.judges.personalized_judge import (
    CertaintyCalibration,
    Choice,
    JudgedRun,
    JudgeVerdict,
    PersonalizedJudgeConfig,
    PreferenceItem,
    RatedReply,
    RatedTurn,
    author_pairs,
    calibrate_run,
    check_items,
    describe_user,
    essay_pairs,
    fit_certainty,
    is_published,
    personas_of,
    prism_turns,
    rated_pairs,
    read_choice,
    read_items,
    read_published_outputs,
    run_personalized_judge,
    shuffled_personas,
    survey_pairs,
    write_items,
)
from personarium.judges.personalized_judge.personas import OPINION_QA, PRISM
from personarium.models.scripted import ScriptedModel
from personarium.testing import check_system
from personarium.text.holes import Unparsed

# --- 1: the reader ---


@pytest.mark.parametrize(
    ("reply", "letter", "certainty"),
    [
        ("A]] [[85]]", "A", 85),
        ("B]] certainty 70", "B", 70),
        ("(A) [[60]]", "A", 60),
        ("Answer: B]] [[40]]", "B", 40),
        ("A]] 1. clear evidence [[85]]", "A", 85),
        ("A]]", "A", None),
        ("A]] [[850]]", "A", None),
        ("[[A]] [[85]]", "A", 85),
        ("**B** [[7 %]]", "B", 7),
        ("B]] 70/100", "B", 70),
        ("A]] 0.85", "A", None),
        ("A]] [[99999999999999999999]]", "A", None),
        ("Here is my verdict: [[B]] [[61]]", "B", 61),
    ],
)
def test_w1_reply_to_verdict_and_certainty(reply: str, letter: str, certainty: int | None) -> None:
    assert read_choice(reply) == Choice(letter, certainty)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "reply", ["C]]", "As an AI I cannot judge", "Both [[50]]", "I think A", "", "[[A]] or [[B]]", "D]]", "a]]"]
)
def test_w1_what_is_no_verdict_is_unparsed(reply: str) -> None:
    assert isinstance(read_choice(reply), Unparsed)


def test_w1_a_tie_is_a_verdict_in_tie_mode_only() -> None:
    assert read_choice("C]]", ties=True) == Choice("C", None)
    assert isinstance(read_choice("C]]"), Unparsed)


def test_w1_the_first_character_is_the_verdict_only_as_published() -> None:
    published = {"first-character"}
    assert read_choice("As an AI I cannot judge", faults=published) == Choice("A", None)
    assert read_choice("Both [[50]]", faults=published) == Choice("B", 50)
    assert read_choice("(A) [[60]]", faults=published) == Choice("A", 60)
    # the code for PRISM left the parenthesis in
    assert isinstance(read_choice("(A) [[60]]", faults=published, parenthesis=False), Unparsed)
    assert isinstance(read_choice("", faults=published), Unparsed)


def test_w1_the_first_integer_is_the_certainty_only_as_published() -> None:
    published = {"first-integer"}
    assert read_choice("A]] 1. clear evidence [[85]]", faults=published) == Choice("A", 1)
    assert read_choice("A]] [[850]]", faults=published) == Choice("A", 850)


@given(st.text(max_size=300))
def test_w1_no_reply_breaks_the_reader(reply: str) -> None:
    found = read_choice(reply, ties=True)
    assert isinstance(found, Unparsed) or (
        found.letter in "ABC" and (found.certainty is None or 1 <= found.certainty <= 100)
    )


def test_w1_a_certainty_is_checked_against_its_scale() -> None:
    assert read_choice("A]] [[4]]", scale=(1, 5)) == Choice("A", 4)
    assert read_choice("A]] [[85]]", scale=(1, 5)) == Choice("A", None)


# --- 2: the items ---


def pair(k: int, wrong: str, **changes: Any) -> PreferenceItem:
    return PreferenceItem(f"i{k}", f"question {k}", f"right {k}", wrong, "A", **changes)


def test_w2_a_constant_distractor_is_flagged() -> None:
    found = check_items([pair(k, "always this") for k in range(525)])
    assert (found.distractor_share, found.constant_distractor, found.flagged) == (1.0, True, True)
    assert "525 of 525 items have the same wrong text" in found.notices()[0]


@pytest.mark.parametrize(("times", "flagged"), [(21, True), (20, False)])
def test_w2_more_than_a_fifth_is_too_much(times: int, flagged: bool) -> None:
    items = [pair(k, "often" if k < times else f"wrong {k}") for k in range(100)]
    found = check_items(items)
    assert (found.distractor_share, found.constant_distractor) == (times / 100, flagged)


def test_w2_the_texts_of_the_item_before_are_stale() -> None:
    items = [
        pair(1, "wrong 1"),
        PreferenceItem("i2", "another question", "right 1", "wrong 1", "C"),
        pair(3, "wrong 3"),
    ]
    found = check_items(items)
    assert (found.stale, found.flagged) == (("i2",), True)
    assert not check_items([items[0], items[2]]).flagged


def test_w2_options_that_survey_questions_share_are_not_stale() -> None:
    items = [PreferenceItem(f"q{k}", f"question {k}", "Yes", "No", "AB"[k % 2], kind="answers") for k in range(4)]  # type: ignore[arg-type]
    assert check_items(items, limit=0.5).notices() == []


# --- 3: selective accuracy ---

# The published PRISM run of Command R+: tenth of the certainty -> (items, right ones).
BUCKETS = {4: (147, 92), 5: (12, 7), 6: (616, 424), 7: (77, 65), 8: (50, 43), 9: (99, 90)}


def judged(
    rows: Sequence[tuple[bool | None, int | None]], truths: Sequence[str] | None = None, **settings: Any
) -> JudgedRun:
    """A run of which it is only known whether each verdict is right, and how certain."""
    items, verdicts = [], []
    for k, (right, certainty) in enumerate(rows):
        truth: Any = truths[k] if truths else "AB"[k % 2]
        letter: Any = None if right is None else truth if right else "BA"["AB".index(truth)]
        items.append(PreferenceItem(f"i{k}", f"question {k}", f"a {k}", f"b {k}", truth))
        verdicts.append(JudgeVerdict(f"i{k}", truth, letter, certainty))
    return JudgedRun("a judge", tuple(items), tuple(verdicts), **settings)


def published_table() -> JudgedRun:
    rows = [(k < right, 10 * tenth + 5) for tenth, (n, right) in BUCKETS.items() for k in range(n)]
    return judged(rows)


def test_w3_selective_accuracy_of_the_published_run() -> None:
    run = published_table()
    overall = run.accuracy()
    assert overall.value == pytest.approx(0.7203, abs=5e-5) and overall.n == 1001
    assert (overall.lo, overall.hi) == (pytest.approx(0.6917, abs=5e-5), pytest.approx(0.7472, abs=5e-5))
    coverage, above, below = run.at_threshold()
    assert coverage.value == pytest.approx(0.1489, abs=5e-5) and coverage.n == 1001
    assert (above.n, above.value) == (149, pytest.approx(0.8926, abs=5e-5))
    assert (above.lo, above.hi) == (pytest.approx(0.8327, abs=5e-5), pytest.approx(0.9328, abs=5e-5))
    assert (below.n, below.value) == (852, pytest.approx(0.6901, abs=5e-5))


def test_w3_the_curve_of_the_published_run() -> None:
    found = {int(p.threshold): (p.coverage.value, p.accuracy.value) for p in published_table().curve()}
    wanted = {
        50: (0.8531, 0.7365),
        60: (0.8412, 0.7387),
        70: (0.2258, 0.8761),
        80: (0.1489, 0.8926),
        90: (0.0989, 0.9091),
    }
    assert found == {threshold: pytest.approx(pair, abs=5e-5) for threshold, pair in wanted.items()}


def test_w3_the_table_by_tenths() -> None:
    found = {tenth: (e.n, e.value) for tenth, e in published_table().buckets().items()}
    shares = {4: 0.6259, 5: 0.5833, 6: 0.6883, 7: 0.8442, 8: 0.8600, 9: 0.9091}
    assert found == {tenth: (BUCKETS[tenth][0], pytest.approx(share, abs=5e-5)) for tenth, share in shares.items()}


def test_w3_a_threshold_that_keeps_nothing_has_no_accuracy() -> None:
    (point,) = judged([(True, 50), (False, 60)]).curve((0.9,))
    assert (point.coverage.value, point.accuracy.value, point.accuracy.n) == (0.0, None, 0)


def test_w3_what_is_unparsed_or_without_certainty_is_never_kept() -> None:
    run = judged([(True, 90), (True, None), (None, None), (False, 90)])
    coverage, above, _ = run.at_threshold()
    assert (coverage.value, coverage.n, above.n, above.value) == (0.5, 4, 2, 0.5)
    assert (run.accuracy().n, run.accuracy().value) == (3, pytest.approx(2 / 3))


# --- 4: simulated verdicts ---


def test_w4_an_honest_certainty_is_calibrated_and_worth_filtering() -> None:
    chance = random.Random(4)
    stated = [chance.randint(1, 100) for _ in range(20_000)]
    run = judged([(chance.random() < c / 100, c) for c in stated])
    assert (run.calibration_error(draws=50).value or 1) < 0.02
    coverage, above, _ = run.at_threshold()
    assert above.value == pytest.approx(0.90, abs=0.02)
    assert coverage.value == pytest.approx(0.21, abs=0.02)
    accuracies = [point.accuracy.value or 0.0 for point in run.curve()]
    assert accuracies == sorted(accuracies)
    filtering = run.filtering()
    assert filtering.helped is True and "helped" in filtering.statement
    assert filtering.statement not in run.notices()


def test_w4_an_over_confident_judge_is_told_that_filtering_did_not_help() -> None:
    chance = random.Random(5)
    run = judged([(chance.random() < 0.55, 90) for _ in range(20_000)])
    coverage, above, _ = run.at_threshold()
    assert coverage.value == 1.0
    assert above.value == pytest.approx(0.55, abs=0.02)
    assert run.calibration_error(draws=50).value == pytest.approx(0.35, abs=0.02)
    assert run.filtering().helped is False
    assert any("did not help" in notice for notice in run.notices())


@pytest.mark.parametrize("method", ["isotonic", "binning"])
def test_w4_calibration_per_model_repairs_an_over_confident_judge(method: Any) -> None:
    chance = random.Random(6)
    stated = [chance.choice((85, 90, 95)) for _ in range(3000)]
    run = judged([(chance.random() < {85: 0.5, 90: 0.6, 95: 0.85}[c], c) for c in stated])
    found = calibrate_run(run, method, draws=50)
    assert found is not None
    assert (found.stated_error.value or 0) > 0.2
    assert (found.calibrated_error.value or 1) < 0.05
    if method == "isotonic":
        kept = next(point for point in found.curve if point.threshold == 80)
        assert kept.accuracy.value == pytest.approx(0.85, abs=0.03)
        assert kept.coverage.value == pytest.approx(1 / 3, abs=0.05)


def test_w4_a_calibration_belongs_to_one_judge() -> None:
    run = judged([(k % 4 != 0, 90 if k % 2 else 60) for k in range(200)])
    fitted = fit_certainty(run)
    assert fitted.probability(90) == pytest.approx(1.0) and fitted.probability(60) == pytest.approx(0.5)
    again = CertaintyCalibration.from_dict(json.loads(json.dumps(fitted.as_dict())))
    assert again == fitted
    assert again.for_judge("a judge") is again
    with pytest.raises(UsageError, match="belongs to a judge, not to another"):
        fitted.for_judge("another")
    with pytest.raises(InvalidInput, match="a number from 1 to 100"):
        fitted.probability(101)
    with pytest.raises(InvalidInput, match="at least 50"):
        fit_certainty(judged([(True, 90)] * 10))
    assert calibrate_run(judged([(True, 90)] * 10)) is None


# --- 5: pairs out of ratings ---


def turn(k: int, *replies: tuple[str, str, float]) -> RatedTurn:
    rated = tuple(RatedReply(text, model, score) for text, model, score in replies)
    return RatedTurn(f"t{k}", f"u{k}", f"question {k}", rated, {"all": f"The person is number {k}."})


def two(k: int, gap: float) -> RatedTurn:
    return turn(k, (f"good {k}", "model-x", 50 + gap), (f"bad {k}", "model-y", 50))


def test_w5_a_gap_of_ten_is_needed() -> None:
    assert rated_pairs([two(1, 9)], "judge") == []
    (kept,) = rated_pairs([two(1, 10)], "judge")
    assert (kept.right, kept.distractor, kept.persona) == ("good 1", "bad 1", "The person is number 1.")


def test_w5_a_tie_shows_its_own_texts_and_stale_ones_only_as_published() -> None:
    turns = [two(1, 30), two(2, 9)]
    _, tie = rated_pairs(turns, "judge", ties=True)
    assert (tie.truth, {tie.a, tie.b}) == ("C", {"good 2", "bad 2"})
    before, stale = rated_pairs(turns, "judge", ties=True, as_published={"stale-tie-texts"})
    assert (stale.truth, stale.question, stale.a, stale.b) == ("C", "question 2", before.a, before.b)
    assert check_items([before, stale]).stale == ("t2",)


def test_w5_the_order_is_balanced_and_the_seed_decides_it() -> None:
    turns = [two(k, 40) for k in range(1000)]
    first, again, other = (rated_pairs(turns, "judge", seed=seed) for seed in (0, 0, 1))
    assert 440 <= sum(item.truth == "A" for item in first) <= 560
    assert first == again
    assert [item.truth for item in first] != [item.truth for item in other]


@pytest.mark.parametrize(
    ("judge", "model"),
    [("openai/gpt-4o", "gpt-4"), ("claude-3", "claude-2"), ("command-r-plus", "command"), ("Llama-3-70B", "llama-7b")],
)
def test_w5_no_reply_of_the_judges_own_family(judge: str, model: str) -> None:
    replies = [("own", model, 90.0), ("good", "model-x", 80.0), ("bad", "model-y", 10.0)]
    (item,) = rated_pairs([turn(1, *replies)], judge)
    assert {item.a, item.b} == {"good", "bad"}


def test_w5_a_llama_judge_sees_its_own_family_only_as_published() -> None:
    turns = [turn(1, ("own", "llama-7b", 90.0), ("bad", "model-y", 10.0))]
    assert rated_pairs(turns, "Llama-3-70B") == []
    assert len(rated_pairs(turns, "Llama-3-70B", as_published={"llama-own-family"})) == 1


@pytest.mark.parametrize("text", ["As a large language model I", "I am an AI.", "This chatbot helps."])
def test_w5_a_reply_that_speaks_of_itself_never_appears(text: str) -> None:
    replies = [(text, "model-z", 99.0), ("good", "model-x", 80.0), ("bad", "model-y", 10.0)]
    (item,) = rated_pairs([turn(1, *replies)], "judge")
    assert text not in (item.a, item.b)


def test_w5_one_item_more_only_as_published() -> None:
    turns = [two(k, 40) for k in range(1010)]
    assert len(rated_pairs(turns, "judge")) == 1000
    assert len(rated_pairs(turns, "judge", as_published={"one-more"})) == 1001


def test_w5_leaving_out_one_reply_changes_no_other_item() -> None:
    turns = [two(k, 40) for k in range(20)]
    extra = turn(5, ("good 5", "model-x", 90), ("bad 5", "model-y", 50), ("own", "gpt-4", 10))
    mixed = [*turns[:5], extra, *turns[6:]]
    assert rated_pairs(mixed, "gpt-4o") == rated_pairs(turns, "gpt-4o")


# --- 6: personas ---

SURVEY = {
    "user_id": "u1",
    "gender": "Female",
    "age": "35-44 years old",
    "employment_status": "Working full-time",
    "education": "Some Secondary",
    "marital_status": "Never been married",
    "ethnicity": {"simplified": "Mixed"},
    "religion": {"simplified": "No Affiliation"},
    "location": {"birth_country": "Norway", "reside_country": "Chile"},
}
RESPONDENT = {
    "RACE": "White", "CREGION": "South", "AGE": "50-64", "SEX": "Male", "EDUCATION": "Postgraduate", "CITIZEN": "Yes",
    "MARITAL": "Married", "RELIG": "Agnostic", "RELIGATTEND": "Seldom", "POLPARTY": "Independent",
    "POLIDEOLOGY": "Moderate", "INCOME": "$50,000-$75,000",
}  # fmt: skip


@pytest.mark.parametrize(("variant", "count"), [("all", 8), ("key", 3), ("least", 1), ("none", 0)])
def test_w6_variants_have_exactly_their_sentences(variant: str, count: int) -> None:
    text = describe_user(SURVEY, PRISM, variant)
    assert text.count("The person") == count
    assert (text == "") == (count == 0)
    if variant == "key":
        for word in ("some secondary", "Mixed", "Norway", "Chile"):
            assert word in text
    if variant == "least":
        assert text == "The person is 35-44 years old."


@pytest.mark.parametrize("missing", ["Prefer not to say", "", None, float("nan"), "nan", "None", "Refused"])
def test_w6_a_missing_field_removes_its_sentence_and_nothing_else(missing: Any) -> None:
    whole = describe_user(SURVEY, PRISM)
    less = describe_user({**SURVEY, "education": missing}, PRISM)
    assert less == whole.replace("The person's highest education is some secondary. ", "")
    half = describe_user({**SURVEY, "location": {"birth_country": "Norway", "reside_country": missing}}, PRISM)
    assert half.count("The person") == 7 and "Norway" not in half
    for word in ("nan", "none", "prefer not to say"):
        assert word not in less.lower() + half.lower()


def test_w6_a_missing_field_stays_as_nan_only_as_published() -> None:
    person = {**RESPONDENT, "EDUCATION": float("nan"), "MARITAL": float("nan"), "Q1": "Yes"}
    right = personas_of(person, OPINION_QA)
    wrong = personas_of(person, OPINION_QA, kept_nan=True)
    assert (right["least"], "nan" in right["key"], right["key"].count("erson")) == ("", False, 2)
    assert (wrong["least"], "nan" in wrong["key"], "nan" in wrong["all"]) == ("The person is nan.", True, False)
    question = {"key": "Q1", "question": "Is it?", "option_mapping": "{1.0: 'Yes', 2.0: 'No', 99.0: 'Refused'}"}
    (item,) = survey_pairs("wave", [question], [person], as_published={"kept-nan"})
    assert item.personas["least"] == "The person is nan."


def test_w6_every_respondent_has_ten_sentences() -> None:
    assert describe_user(RESPONDENT, OPINION_QA).count("erson") == 10
    assert describe_user(RESPONDENT, OPINION_QA, "least") == "The person is married."
    with pytest.raises(InvalidInput, match="one of all, key, least, none"):
        describe_user(RESPONDENT, OPINION_QA, "some")


# --- 7: the report ---


def says(right: int, wrong: int) -> list[str]:
    return ["A"] * right + ["B"] * wrong


async def test_w7_the_report_carries_everything() -> None:
    items = [
        PreferenceItem(f"i{k}", f"question {k % 5}", f"good {k % 5}", f"bad {k}", "A", {"all": f"Person {k} is known."})
        for k in range(10)
    ]
    replies = ["A]] [[90]]"] * 8 + ["B]] [[30]]"] + ["Hmm"] * 4 + ["B]]  [[50]]"] * 20
    model = ScriptedModel(replies)
    run = await run_personalized_judge(model, items, concurrency=1)
    found = run.estimates()
    assert list(found) == [
        "Accuracy", "Coverage, certainty 80 and more", "Accuracy, certainty 80 and more", "Accuracy, certainty below 80",
        "No persona", "Shuffled persona", "Always A", "Always B", "Majority answer of the other items",
    ]  # fmt: skip
    assert (found["Accuracy"].n, found["Accuracy"].value) == (9, pytest.approx(8 / 9))
    assert found["Accuracy"].failures == {"unparsed": 1}
    assert all(e.lo is not None and e.hi is not None for e in found.values() if e.n)
    assert found["Coverage, certainty 80 and more"].value == 0.8
    assert (found["No persona"].value, found["Always A"].value) == (0.0, 1.0)
    assert found["Majority answer of the other items"].value == 1.0
    rows = run.rows()
    assert rows[9]["failures"] == {"unparsed": 1} and rows[0]["letter_none"] == "B"


def test_w7_the_constant_letter_of_the_published_run() -> None:
    run = judged([(True, 50)] * 1001, says(503, 498))
    assert run.constant_letters()["Always A"].value == pytest.approx(0.5025, abs=5e-5)


def test_w7_a_liking_for_a_letter_is_flagged() -> None:
    # 605 times A where A is right 503 times: 102 wrong ones more
    rows = [(True, 50)] * 503 + [(False, 50)] * 102 + [(True, 50)] * 396
    run = judged(rows, says(503, 498))
    balance = run.balance()
    assert (balance.says_a.value, balance.truth_a) == (pytest.approx(605 / 1001), pytest.approx(503 / 1001))
    assert balance.p_half is not None and balance.p_half < 1e-9
    assert balance.flagged
    assert any("says A in 60% of its verdicts" in notice for notice in run.notices())


def test_w7_a_judge_without_a_liking_is_not_flagged() -> None:
    balance = judged([(k % 8 > 1, 50) for k in range(400)]).balance()
    assert (balance.says_a.value, balance.flagged) == (0.5, False)
    assert judged([(None, None)]).balance().p is None


# --- the errata of the other sets ---

AUTHOR_FIELDS = (
    "age",
    "sex",
    "city_country",
    "birth_city_country",
    "education",
    "occupation",
    "income",
    "relationship_status",
)


def authors(people: int, answers: int) -> list[dict[str, Any]]:
    trades = ("baker", "pilot", "nurse", "farmer", "poet")
    rows = []
    for p, k in itertools.product(range(people), range(answers)):
        fields = dict.fromkeys(AUTHOR_FIELDS, f"x{p}") | {"age": 20 + p, "occupation": f"{trades[p % 5]} {p}"}
        rows.append({"personality": fields, "question_asked": f"asked {p} {k}?", "response": f"said {p} {k}"})
    return rows


def test_the_last_answer_stands_in_every_item_only_as_published() -> None:
    rows = authors(10, 10)
    right = check_items(author_pairs(rows))
    assert right.distractors == 100 and not right.flagged
    published = author_pairs(rows, as_published={"last-item-distractor"})
    wrong = check_items(published)
    assert (len(published), wrong.distractor_share, wrong.constant_distractor) == (99, 1.0, True)
    assert "said 9 9" in wrong.commonest


def test_the_other_author_is_the_nearest_one() -> None:
    rows = authors(3, 2)
    for row, trade in zip(rows, ["pastry baker"] * 2 + ["bread baker"] * 2 + ["fighter pilot"] * 2, strict=True):
        row["personality"] = {"occupation": trade}
    for item in author_pairs(rows)[:2]:
        assert item.distractor is not None and "said 1" in item.distractor
    with pytest.raises(InvalidInput, match="answers of at least two authors"):
        author_pairs(rows[:2])


def essays(**changes: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    felt = [(1.0, 1.0), (5.0, 5.0), (6.0, 1.0)]
    texts = [
        {"article_id": 7, "person_id": k, "person_essay": f"essay {k}", "person_empathy": e, "person_distress": d}
        for k, (e, d) in enumerate(felt)
    ]
    fields = {
        f"personality_{n}": 5.0 for n in ("openess", "conscientiousness", "extraversion", "agreeableness", "stability")
    }
    writers = [{"person_id": k, "gender": 1 + k % 2, "race": 9, "age": 30 + k, **fields} | changes for k in range(3)]
    return texts, writers, [{"article_id": "7", "text": "A river rose."}]


def test_either_essay_may_be_the_users_and_always_the_first_only_as_published() -> None:
    # essays 0 and 1 differ in both feelings, 2 only in one from each
    owners = {essay_pairs(*essays(), seed=seed)[0].right for seed in range(20)}
    assert owners == {"essay 0", "essay 1"}
    published = [essay_pairs(*essays(), seed=seed, as_published={"first-essay"}) for seed in range(20)]
    assert {item.right for items in published for item in items} == {"essay 0"}
    assert {len(items) for items in published} == {1}
    (item,) = published[0]
    assert (item.kind, item.question) == ("wrote", "A river rose.")
    assert item.persona.startswith("The person is male. The person is 30 years old. On Big Five scales")


def test_two_writers_with_one_profile_make_a_pair_only_as_published() -> None:
    same = essays(gender=1, age=30)
    assert essay_pairs(*same) == []
    assert len(essay_pairs(*same, as_published={"first-essay"})) == 1


def test_only_the_first_question_is_asked_only_as_published() -> None:
    questions = [
        {"key": "Q1", "question": "Long?", "option_mapping": "{1.0: 'a', 2.0: 'b', 3.0: 'c', 99.0: 'd'}"},
        {"key": "Q2", "question": "Is it?", "option_mapping": "{1.0: 'Yes', 2.0: 'No', 99.0: 'Refused'}"},
        {"key": "Q3", "question": "Was it?", "option_mapping": "{1.0: 'Yes', 2.0: 'No'}"},
    ]
    people = [
        RESPONDENT | {"Q2": "Yes", "Q3": "No"},
        RESPONDENT | {"Q2": "No", "Q3": "No"},
        RESPONDENT | {"Q2": "Refused", "Q3": "No"},
    ]
    found = survey_pairs("w", questions, people)
    assert [(item.question, item.truth) for item in found] == [
        ("Is it?", "A"), ("Is it?", "B"), ("Was it?", "B"), ("Was it?", "B"), ("Was it?", "B"),
    ]  # fmt: skip
    published = survey_pairs("w", questions, people, as_published={"first-question"})
    assert [item.question for item in published] == ["Is it?", "Is it?"]
    assert len(survey_pairs("w", questions, people, respondents=1)) == 2


def test_prism_rows_are_read() -> None:
    utterances = [
        {"interaction_id": "int1", "user_id": "u1", "turn": t, "user_prompt": "Hi?", "model_response": text, "model_name": name, "score": score}
        for t, text, name, score in ((0, "good", "m1", 90), (0, "bad", "m2", 20), (1, "later", "m1", 50))
    ]  # fmt: skip
    (one,) = prism_turns(utterances, [SURVEY])
    assert [r.text for r in one.replies] == ["good", "bad"]
    (item,) = rated_pairs([one], "judge")
    assert item.personas["least"] == "The person is 35-44 years old."
    with pytest.raises(InvalidInput, match="a user of the survey, found 'u2'"):
        prism_turns([utterances[0] | {"user_id": "u2"}], [SURVEY])
    with pytest.raises(InvalidInput, match="field 'score': expected a number"):
        prism_turns([utterances[0] | {"score": "high"}], [SURVEY])


# --- asking ---


async def test_an_item_is_asked_again_and_what_is_lost_is_counted() -> None:
    item = pair(1, "wrong", personas={"all": "Likes tea."})
    model = ScriptedModel(["Hmm", "A]]", "A]] [[70]]"])
    run = await run_personalized_judge(model, [item], variants=())
    assert (run.verdicts[0].letter, run.verdicts[0].certainty, run.verdicts[0].asks) == ("A", 70, 3)
    silent = await run_personalized_judge(ScriptedModel(["A]]"] * 4), [item], variants=())
    verdict = silent.verdicts[0]
    assert (verdict.letter, verdict.certainty, verdict.failure and verdict.failure.kind) == ("A", None, "missing")
    assert "1 verdicts state no certainty on the scale; no threshold keeps them" in silent.notices()
    assert silent.accuracy().failures == {}


async def test_the_persona_that_is_judged_stands_in_the_prompt() -> None:
    items = [pair(k, f"wrong {k}", personas={"all": f"Likes tea {k}."}) for k in (1, 2)]
    model = ScriptedModel(["A]] [[70]]"] * 6)
    await run_personalized_judge(model, items, concurrency=1)
    prompts = [call.messages[-1]["content"] for call in model.calls]
    assert ["Likes tea 1" in p for p in prompts] == [True, False, False, False, False, True]
    assert ["Likes tea 2" in p for p in prompts] == [False, True, False, False, True, False]
    assert prompts[2].count("<persona>") == 0


async def test_a_tie_is_offered_or_refused() -> None:
    item = PreferenceItem("t", "q", "x", "y", "C", {"all": "Likes tea."})
    with pytest.raises(InvalidInput, match="field 'truth': expected A or B, for no tie is offered"):
        await run_personalized_judge(ScriptedModel([]), [item], variants=())
    config = PersonalizedJudgeConfig(ties=True, scale=None)
    run = await run_personalized_judge(ScriptedModel(["C]]"]), [item], variants=(), config=config)
    assert run.accuracy().value == 1.0
    assert "the judge called 1 ties, 1 of them rightly; 1 items are ties" in run.notices()


async def test_bad_calls_are_refused_before_anybody_is_asked() -> None:
    item = pair(1, "wrong", personas={"all": "Likes tea."})
    with pytest.raises(InvalidInput, match="a persona 'key'"):
        await run_personalized_judge(ScriptedModel([]), [item], variants=("key",))
    with pytest.raises(UsageError, match="nothing to judge"):
        await run_personalized_judge(ScriptedModel([]), [])
    with pytest.raises(UsageError, match="no erratum 'other'"):
        await run_personalized_judge(ScriptedModel([]), [item], variants=(), as_published={"other"})
    with pytest.raises(UsageError, match="at least once"):
        PersonalizedJudgeConfig(asks=0)
    alone = await run_personalized_judge(ScriptedModel(["A]] [[70]]"]), [item], variants=("shuffled",))
    assert alone.others == {} and "no shuffled one" in alone.notices()[0]


# --- files ---


def line(**changes: Any) -> dict[str, Any]:
    return {"question": "q", "a": "x", "b": "y", "truth": "A", "persona": "Likes tea."} | changes


def lines(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_items_are_read_and_written(tmp_path: Path) -> None:
    found = read_items(
        lines(tmp_path / "i.jsonl", line(), line(id="two", personas={"all": "p", "key": "k"}, kind="wrote"))
    )
    assert [item.id for item in found] == ["item 1", "two"]
    assert found[1].personas == {"all": "p", "key": "k"}
    assert read_items(write_items(found, tmp_path / "o.jsonl")) == found


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"truth": "D"}, "field 'truth': expected A, B or C"),
        ({"a": " "}, "field 'a': expected a text"),
        ({"b": "x"}, "field 'b': expected two different texts"),
        ({"kind": "likes"}, "field 'kind'"),
        ({"question": 3}, "field 'question': expected a text"),
        ({"personas": {"key": "k"}}, "a variant 'all'"),
        ({"id": "item 1"}, "ids that occur once"),
    ],
)
def test_bad_items_are_named_by_line_and_field(changes: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=says):
        read_items(lines(tmp_path / "i.jsonl", line(), line(**changes)))


def test_files_that_are_not_there_or_empty(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_items(tmp_path / "none.jsonl")
    with pytest.raises(InvalidInput, match="at least one item"):
        read_items(lines(tmp_path / "e.jsonl"))
    without = {k: v for k, v in line().items() if k != "truth"}
    with pytest.raises(InvalidInput, match="the keys are a, b, persona, question"):
        read_items(lines(tmp_path / "w.jsonl", without))


PROMPT = "Choose.\n\n[User Profile]\nThe person is {0}.\n\n[Question-Answer Pair A]\nQuestion: q{0}\nAnswer: {1}\n\n[Question-Answer Pair B]\nQuestion: z\nAnswer: {2}\n\n[Answer]\n[["


def published(**changes: Any) -> dict[str, Any]:
    row = {
        "prompt": PROMPT.format("old", "mine", "theirs"),
        "answer": "A",
        "certainty": "85",
        "acc": True,
        "ground_truth": "A",
    }
    return row | {"user_info": "The person is old.", "res": "A]] [[85]]"} | changes


def test_published_outputs_are_read(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "ap.jsonl",
        published(),
        published(answer="I", certainty="NA", acc=False),
        published(prompt=PROMPT.format("young", "b", "c"), ground_truth="B", acc=True),
    )
    assert is_published(path)
    run = read_published_outputs(path)
    assert (run.items[0].a, run.items[0].b, run.items[0].kind) == (
        "Question: qold\nAnswer: mine",
        "Question: z\nAnswer: theirs",
        "wrote",
    )
    assert [(v.letter, v.certainty) for v in run.verdicts] == [("A", 85), (None, None), ("A", 85)]
    assert (run.other_personas, run.wrong_marks) == (1, 1)
    assert "1 of 3 rows store another persona than the one their prompt shows" in run.notices()
    with pytest.raises(InvalidInput, match=r"ap\.jsonl:1: field 'certainty'"):
        read_published_outputs(lines(path, published(certainty="sure")))
    with pytest.raises(InvalidInput, match="a prompt that shows both texts"):
        read_published_outputs(lines(path, published(prompt="nothing")))


def test_the_stored_persona_is_taken_only_as_published(tmp_path: Path) -> None:
    path = lines(tmp_path / "ap.jsonl", published(user_info="The person is the last one."))
    assert read_published_outputs(path).items[0].persona == "The person is old."
    wrong = read_published_outputs(path, as_published={"last-persona-stored"})
    assert wrong.items[0].persona == "The person is the last one."


def test_survey_outputs_are_read(tmp_path: Path) -> None:
    prompt = "Infer.\n\n[User Profile]\nThe person is old.\n\n[Question]\nIs it?\n(A) Yes\n(B) No\n\n[Answer]\n("
    run = read_published_outputs(lines(tmp_path / "o.jsonl", published(prompt=prompt)))
    assert (run.items[0].question, run.items[0].a, run.items[0].b, run.items[0].kind) == (
        "Is it?",
        "Yes",
        "No",
        "answers",
    )


def test_ties_that_could_not_be_said_are_wrong_only_as_published() -> None:
    """The published baseline without a persona (0.526) has 209 tie items of 991, and its prompt offers no tie."""
    run = judged([(True, 50), (True, 50), (False, 50)])
    tie = PreferenceItem("t", "q", "x", "y", "C")
    with_tie = replace(run, items=(*run.items, tie), verdicts=(*run.verdicts, JudgeVerdict("t", "C", "A", 50)))
    assert (with_tie.accuracy().n, with_tie.accuracy().value) == (3, pytest.approx(2 / 3))
    assert "1 items are ties, which the judge was not offered; they are not scored" in with_tie.notices()
    wrong = replace(with_tie, faults=frozenset({"unsayable-ties"}))
    assert (wrong.accuracy().n, wrong.accuracy().value) == (4, 0.5)


def test_shuffled_personas_are_never_the_own_one() -> None:
    items = [pair(k, f"w{k}", personas={"all": f"Person {k // 2}."}) for k in range(7)]
    found = shuffled_personas(items)
    assert all(item.personas["shuffled"] != item.persona for item in found)
    assert shuffled_personas(items[:2]) == items[:2]


async def test_contract() -> None:
    found = await check_system(
        SystemRow(
            "personalized-judge", "x", 2024, "2406.11657", ("judge",),
            ("personarium.judges.personalized_judge", "personarium.judges.personalized_judge.method"), "",
            "personarium.judges.personalized_judge.method:CONTRACT",
        )
    )  # fmt: skip
    assert found.problems == []
