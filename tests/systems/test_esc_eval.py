"""ESC-Eval: every statement of the page's "Works when", with its literals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.benchmarks.esc_eval import (
    CONTRACT,
    DIMENSIONS,
    EscEvalConfig,
    Rated,
    RoleCard,
    bundled_cards,
    card_counts,
    check_leaks,
    check_referral,
    dimension_means,
    model_order,
    published_score,
    rater_agreement,
    read_cards,
    read_scores,
    read_transcripts,
    run_esc_eval,
    strict_score,
    transcript,
    write_cards,
    write_scores,
    write_transcripts,
)
from personarium.benchmarks.esc_eval.cards import ALL_CARDS, HIGH_CHINESE, HIGH_ENGLISH, LABELS, cards_of
from personarium.benchmarks.esc_eval.method import plan_calls, rate, rating_inputs
from personarium.benchmarks.esc_eval.talking import MODEL, OPENINGS, PERSON
from personarium.catalog import SystemRow
from personarium.core import Dialogue, Message, Sampling
from personarium.core.chat import assistant, system, user
from personarium.core.errors import InvalidInput, RemoteError, UsageError
from personarium.models import ScriptedModel, open_model
from personarium.runs import Run
from personarium.testing import check_system

O = OPENINGS["english"]  # noqa: E741
CARD = bundled_cards("english")[0]
OTHER = bundled_cards("english")[1]


def says(prefix: str) -> ScriptedModel:
    """Says prefix1, prefix2, ... by how often it has spoken in the messages it sees; an opening line does not count."""

    def script(messages: Sequence[Message], sampling: Sampling) -> str:
        own = [m["content"] for m in messages if m["role"] == "assistant"]
        return f"{prefix}{1 + sum(text.startswith(prefix) for text in own)}"

    return ScriptedModel(script)


def threes(name: str = "rater") -> ScriptedModel:
    return ScriptedModel(lambda m, s: "3", name=name)


def player() -> ScriptedModel:
    return says("P")


# --- 1: the loop ---


async def test_w1_the_transcript_and_what_each_side_sees() -> None:
    person, tested = player(), says("M")
    result = await run_esc_eval(tested, person, [threes()], [CARD])
    lines = transcript(result.dialogues[0].dialogue)
    said = ["P1", "M1", "P2", "M2", "P3", "M3", "P4", "M4", "P5", "M5"]
    assert lines == [f"AI assistant: {O}"] + [f"{'ESC-Role' if t[0] == 'P' else 'AI assistant'}: {t}" for t in said]
    assert (len(lines), len(person.calls), len(tested.calls)) == (11, 5, 5)
    third = list(person.calls[2].messages)
    assert third[0]["role"] == "system"
    assert CARD.text in third[0]["content"]
    assert third[1:] == [user(O), assistant("P1"), user("M1"), assistant("P2"), user("M2")]
    assert list(tested.calls[2].messages) == [
        system("You are a helpful assistant."), user("P1"), assistant("M1"), user("P2"), assistant("M2"), user("P3"),
    ]  # fmt: skip
    assert not [call for call in tested.calls if O in json.dumps(call.messages)]
    assert (tested.calls[0].sampling.max_tokens, person.calls[0].sampling.max_tokens) == (512, None)


async def test_w1_with_the_option_the_opening_is_the_models_own_first_message() -> None:
    tested = says("M")
    await run_esc_eval(tested, player(), [threes()], [CARD], config=EscEvalConfig(sees_opening=True))
    assert len(tested.calls) == 5
    for call in tested.calls:
        assert list(call.messages[:2]) == [system("You are a helpful assistant."), assistant(O)]


async def test_w1_an_error_in_round_3_ends_one_dialogue_and_no_other() -> None:
    def tested(messages: Sequence[Message], sampling: Sampling) -> Any:
        turn = 1 + sum(m["role"] == "assistant" for m in messages)
        return RemoteError("down") if turn == 3 and "driver" in messages[1]["content"] else f"M{turn}"

    def person(messages: Sequence[Message], sampling: Sampling) -> str:
        job = "driver" if "driver" in messages[0]["content"] else "student"
        return f"{job} {1 + sum(m['role'] == 'assistant' for m in messages)}"

    rater = threes()
    result = await run_esc_eval(ScriptedModel(tested), ScriptedModel(person), [rater], [CARD, OTHER])
    broken, whole = result.dialogues
    assert (broken.complete, whole.complete) == (False, True)
    assert [u.text for u in broken.dialogue] == [O, "driver 1", "M1", "driver 2", "M2", "driver 3"]
    assert len(whole.dialogue) == 11
    assert [f.kind for f in broken.failures] == ["error"]
    assert (broken.scores, len(rater.calls)) == ({}, 7)  # only the whole one is rated
    assert result.checks()["played to the end"].value == 0.5
    assert result.means("english")["fluency"].n == 1


async def test_chinese_cards_have_their_own_prompt_and_opening() -> None:
    card = bundled_cards("chinese")[0]
    person = says("P")
    result = await run_esc_eval(says("M"), person, [threes()], [card], config=EscEvalConfig(rounds=1))
    assert "请扮演" in person.calls[0].messages[0]["content"]
    assert result.dialogues[0].dialogue[0].text == OPENINGS["chinese"]
    assert list(result.player_version) == ["chinese"]


async def test_a_model_that_declines_is_heard_and_marked() -> None:
    sorry = "I'm sorry, but I can't help with that."
    result = await run_esc_eval(ScriptedModel(lambda m, s: sorry), player(), [threes()], [CARD])
    one = result.dialogues[0]
    assert (one.complete, one.declined, one.failures) == (True, 5, ())
    assert one.dialogue.said_by(MODEL)[1:] == [sorry] * 5


# --- 2: the score parsers ---

TABLE = [
    ("3", 3, 3),
    ("Score: 4", 4, 4),
    ("I give 2 out of 4", 2, 2),
    ("4, not 0", 0, 4),
    ("0-4 scale: 3", 0, 3),
    ("3/4", 3, 3),
    ("10", 0, -1),
    ("3.5", 3, -1),
    ("7", -1, -1),
    ("", -1, -1),
]


@pytest.mark.parametrize(("answer", "published", "strict"), TABLE)
def test_w2_two_rules(answer: str, published: int, strict: int) -> None:
    assert published_score(answer) == published
    assert strict_score(answer) == strict


def test_w2_the_rules_differ_somewhere() -> None:
    assert [published_score(a) for a, _, _ in TABLE] != [strict_score(a) for a, _, _ in TABLE]


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ("**2**", 2), ("3.", 3), ("从 0 到 4，我给3分", 3), ("on a scale of 0 to 4 it is a 1", 1), ("Q4 is a 2", 2), ("-1", -1),
        ("3/5", -1), ("3 of them", 3), ("none", -1), ("5, no, 4", -1), ("2 - because", 2), ("4/4", 4),
    ],
)  # fmt: skip
def test_more_answers_read_strictly(answer: str, score: int) -> None:
    assert strict_score(answer) == score


@given(st.text(max_size=200))
def test_the_parsers_give_a_score_or_none(answer: str) -> None:
    assert strict_score(answer) in range(-1, 5)
    assert published_score(answer) in range(-1, 5)


async def test_w2_the_published_rule_is_reached_by_its_erratum() -> None:
    talk = Dialogue("d", [(MODEL, "Hello."), (PERSON, "I am tired.")])
    rater = ScriptedModel(lambda m, s: "4, not 0")
    fair = await rate(rater, talk, "fluency")
    theirs = await rate(rater, talk, "fluency", faults=frozenset({"smallest-label"}))
    assert (fair["score"], theirs["score"]) == (4, 0)
    result = await run_esc_eval(says("M"), player(), [rater], [CARD], as_published=True)
    assert set(result.dialogues[0].scores["scripted"].values()) == {0}


# --- 3: means ---


def rows(**columns: list[int]) -> list[dict[str, int | None]]:
    whole = {name: columns.get(name, [3, 3, 3]) for name in DIMENSIONS}
    return [{name: whole[name][k] for name in DIMENSIONS} for k in range(3)]


@pytest.mark.parametrize(
    ("columns", "means"),
    [
        ({"human": [1, 2, 2], "overall": [2, 2, 2]}, (3, 3, 3, 3, 1.667, 3, 2)),
        ({"human": [1, 1, 1], "overall": [2, 2, 2]}, (3, 3, 3, 3, 1.0, 3, 2)),
        ({"human": [1, 2, 2], "overall": [2, 2, 2]}, (3, 3, 3, 3, 1.667, 3, 2)),
        ({"fluency": [2, 3, 3], "human": [1, 1, 1]}, (2.667, 3, 3, 3, 1.0, 3, 3)),
    ],
)
def test_w3_means_of_the_worked_example(columns: dict[str, list[int]], means: tuple[float, ...]) -> None:
    found = dimension_means(rows(**columns))
    assert tuple(round(found[name].value or 0, 3) for name in DIMENSIONS) == means
    assert {e.n for e in found.values()} == {3}


def test_w3_an_unparsed_score_is_in_no_mean() -> None:
    human = dimension_means(rows(human=[1, -1, 2]))["human"]
    assert (human.value, human.n, dict(human.failures)) == (1.5, 2, {"unparsed": 1})


def test_w3_intervals_stay_on_the_scale_and_nothing_is_nothing() -> None:
    found = dimension_means(rows(human=[0, 0, 1], tech=[-1, -1, -1]))
    assert found["human"].lo == 0.0
    assert (found["tech"].value, found["tech"].n) == (None, 0)


async def test_w3_an_unread_answer_is_counted_and_shown() -> None:
    def rater(messages: Sequence[Message], sampling: Sampling) -> str:
        return "no number" if "Human:" in messages[1]["content"] else "2"

    result = await run_esc_eval(says("M"), player(), [ScriptedModel(rater)], [CARD, OTHER])
    human = result.means("english")["human"]
    assert (human.value, dict(human.failures)) == (None, {"unparsed": 2})
    assert [f.kind for f in result.failures] == ["unparsed"] * 2
    assert result.failures[0].where == "english/0000/scripted/human"
    assert result.spread()["fluency"] == {0: 0, 1: 0, 2: 2, 3: 0, 4: 0}


# --- 4: cards ---


def raw(**changes: Any) -> dict[str, Any]:
    text = "Age: 30\nGender: Not mentioned\nOccupation: NOT MENTIONED\nProblem: Lost the way home"
    return {
        "base": text,
        "res": "家庭生活",
        "source": "ESconv",
        "base_biaozhu": "",
        "language": "english",
        "id": 7,
        **changes,
    }


def test_w4_fields_and_what_is_unknown() -> None:
    english = cards_of([raw()], "f")[0]
    assert (english.age, english.gender, english.occupation, english.problem) == ("30", None, None, "Lost the way home")
    assert (english.topic, english.source) == ("family life", "ESconv")
    text = "年龄：未提及\n性别：女\n职业：未提及\n问题：睡不着"
    chinese = cards_of([raw(base=text, language="chinese")], "f")[0]
    assert (chinese.age, chinese.gender, chinese.occupation, chinese.problem) == (None, "女", None, "睡不着")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"base": "Age: 30\nGender: m\nOccupation: x"}, "Problem"),
        ({"base": "Age: 30\nGender: m\nOccupation: x\nProblem: "}, "Problem"),
        ({"base": "年龄：30\n性别：女\n职业：教师\n问题：累"}, "language"),
        ({"language": "klingon"}, "language"),
        ({"res": "weather"}, "res"),
        ({"source": ""}, "source"),
        ({"base": 3}, "base"),
    ],
)
def test_w4_bad_cards_are_refused_with_id_and_field(changes: dict[str, Any], field: str, tmp_path: Path) -> None:
    path = tmp_path / "cards.json"
    path.write_text(json.dumps([raw(id=3), raw(**changes)]), encoding="utf-8")
    with pytest.raises(InvalidInput, match=rf"cards\.json: card 7: field '{field}'"):
        read_cards(path)


def test_w4_a_repeated_id_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cards.json"
    path.write_text(json.dumps([raw(), raw()]), encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"card 7: field 'id'"):
        read_cards(path)
    with pytest.raises(InvalidInput, match=r"item 1: field 'id'"):
        cards_of([raw(id="7")], "f")


def test_w4_statistics_add_up(tmp_path: Path) -> None:
    cards = bundled_cards()
    assert len(cards) == 11
    counts = card_counts(cards)
    assert {table: sum(row.values()) for table, row in counts.items()} == {"source": 11, "topic": 11, "language": 11}
    assert counts["language"] == {"chinese": 3, "english": 8}
    assert read_cards(write_cards(bundled_cards("english"), tmp_path / "c.json")) == bundled_cards("english")


def test_published_numbers_of_cards() -> None:
    english, chinese = {"ESConv": 158, "MHP": 73, "ExTES": 70, "Psych": 25, "EPITOME": 5}, {"PsyQA": 252, "SMILE": 72}
    assert (sum(english.values()), sum(chinese.values())) == (HIGH_ENGLISH, HIGH_CHINESE) == (331, 324)
    assert HIGH_ENGLISH + HIGH_CHINESE == 655 < ALL_CARDS == 2_801
    assert (172 + 87 + 72, 215 + 72 + 37) == (331, 324)
    assert [len(labels) for labels in LABELS.values()] == [4, 4]


# --- 5: agreement ---

TRUTH = [3, 3, 2, 4, 1, 0, 2, 3]


def test_w5_agreement() -> None:
    found = rater_agreement(TRUTH, [3, 2, 2, 4, 2, 0, 4, 3])
    assert (found.accuracy.value, found.within_one.value) == (0.625, 0.875)
    assert found.kappa.value == pytest.approx(0.75)


def test_w5_a_rater_that_always_says_three() -> None:
    found = rater_agreement(TRUTH, [3] * 8)
    assert (found.accuracy.value, found.kappa.value) == (0.375, 0.0)
    assert found.spearman.value is None  # not defined, and not 0


def test_w5_missing_scores_are_left_out_and_counted() -> None:
    found = rater_agreement([3, 2, None, 4], [3, -1, 2, 4])
    assert (found.accuracy.value, found.accuracy.n, sum(found.accuracy.failures.values())) == (1.0, 2, 2)
    with pytest.raises(InvalidInput, match="0 to 4"):
        rater_agreement([5], [3])
    with pytest.raises(InvalidInput, match="1 of the rater"):
        rater_agreement([3], [])


def test_w5_the_planted_order_of_three_models_is_found() -> None:
    qualities = {"good": 2.5, "middle": 2.0, "poor": 1.5}
    found = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        scores = {m: np.clip(np.rint(q + rng.normal(size=60)), 0, 4).tolist() for m, q in qualities.items()}
        found += [name for name, _ in model_order(dict(reversed(scores.items())))] == list(qualities)
    assert found >= 190


def test_w5_models_without_scores_come_last() -> None:
    assert [name for name, _ in model_order({"none": [None], "low": [1, 1], "high": [3, None]})] == [
        "high",
        "low",
        "none",
    ]


# --- 6: leaks ---

PROBLEM = "Lost job in March, rent overdue, landlord threatens eviction"
TURNS = ["I lost my work in March.", "The rent is overdue.", "My landlord threatens eviction."]


def test_w6_a_problem_told_bit_by_bit() -> None:
    found = check_leaks(PROBLEM, TURNS)
    assert len(found.keywords) == 7
    assert found.shares == pytest.approx((2 / 7, 4 / 7, 1.0))
    assert found.flags == ()


def test_w6_a_problem_told_at_once() -> None:
    found = check_leaks(PROBLEM, [PROBLEM, *TURNS])
    assert found.shares[0] == 1.0
    assert [(f.turn, f.kind) for f in found.flags] == [(1, "told at once")]


@pytest.mark.parametrize(
    "turn",
    [
        "As an AI, I have no rent.", "I am just an assistant.", "I'm a large language model, so no.", "I am your AI assistant.",
        "我是一个人工智能，没有烦恼。",
    ],
)  # fmt: skip
def test_w6_a_player_that_says_it_is_a_machine(turn: str) -> None:
    found = check_leaks(PROBLEM, ["I lost my work.", turn])
    assert [(f.turn, f.kind) for f in found.flags] == [(2, "says it is a machine")]


@pytest.mark.parametrize(
    "turn", ["I am an assistant manager.", "I work as an assistant.", "An AI took my job.", "I asked the assistant."]
)
def test_w6_a_person_may_speak_of_machines(turn: str) -> None:
    assert check_leaks(PROBLEM, [turn]).flags == ()


def test_w6_short_and_chinese_problems() -> None:
    assert (
        check_leaks("Sleeps badly", ["I sleep badly, sleeps badly."]).flags == ()
    )  # two words cannot be told bit by bit
    assert check_leaks(None, ["I am tired."]).shares == (0.0,)
    chinese = check_leaks("整夜睡不着", ["我整夜睡不着。"])
    assert [f.kind for f in chinese.flags] == ["told at once"]


async def test_w6_flags_stand_in_the_result() -> None:
    person = ScriptedModel(lambda m, s: CARD.problem or "")
    result = await run_esc_eval(says("M"), person, [threes()], [CARD])
    assert result.dialogues[0].leaks.flags[0].turn == 1
    assert result.checks()["told at once or out of role"].value == 1.0


# --- danger and referral ---


def test_danger_is_met_with_a_referral_or_not() -> None:
    danger = ["Some days I want to end my life."]
    assert check_referral(danger, ["Please call a crisis line now."]).offered
    bare = check_referral(danger, ["Cheer up!"])
    assert (bare.needed, bare.offered) == (True, False)
    assert not check_referral(["I am tired."], ["Sleep."]).needed
    assert check_referral(["我不想活了"], ["请拨打热线"]) == check_referral(danger, ["See a therapist."])


# --- rating ---


async def test_the_rater_sees_eleven_lines_and_one_rubric() -> None:
    rater = threes()
    await run_esc_eval(says("M"), player(), [rater], [CARD])
    assert len(rater.calls) == 7
    prompt = rater.calls[0].messages[1]["content"]
    assert "user: P1\n\nAI assistant: M1\n\nuser: P2" in prompt
    assert "Fluency" in prompt and "Suggestions" not in prompt
    assert CARD.text not in prompt
    assert rater.calls[0].sampling.temperature == 0.0
    shown = rating_inputs(Dialogue("d", [(PERSON, "x")]), "human", CARD)
    assert shown["card"] == CARD.text


async def test_two_raters_are_kept_apart_and_compared() -> None:
    result = await run_esc_eval(
        says("M"), player(), [threes("a"), ScriptedModel(lambda m, s: "2", name="b")], [CARD, OTHER]
    )
    assert result.means("english", "a")["tech"].value == 3
    assert result.means("english", "b")["tech"].value == 2
    assert result.agreement("a", "b")["tech"].within_one.value == 1.0
    with pytest.raises(InvalidInput, match="names that differ"):
        await run_esc_eval(says("M"), player(), [threes(), threes()], [CARD])


async def test_languages_are_never_pooled() -> None:
    cards = [CARD, bundled_cards("chinese")[0]]
    result = await run_esc_eval(says("M"), player(), [threes()], cards, config=EscEvalConfig(rounds=1))
    assert result.languages == ("english", "chinese")
    names = list(result.estimates())
    assert names[0] == "fluency, english"
    assert "fluency, chinese" in names
    assert "fluency" not in names


def test_calls_are_planned() -> None:
    assert plan_calls(3, 2) == {"player": 15, "model": 15, "esc_eval.rate": 42}


async def test_bad_calls_are_refused() -> None:
    with pytest.raises(InvalidInput, match="ids that differ"):
        await run_esc_eval(says("M"), player(), [threes()], [CARD, CARD])
    with pytest.raises(UsageError, match="rounds"):
        EscEvalConfig(rounds=0)
    with pytest.raises(UsageError, match="no erratum 'typo'"):
        await run_esc_eval(says("M"), player(), [threes()], [CARD], as_published={"typo"})


# --- files ---


async def test_published_files_go_out_and_in(tmp_path: Path) -> None:
    result = await run_esc_eval(says("M"), player(), [threes()], [CARD])
    one = result.dialogues[0]
    path = write_transcripts({"0": one.dialogue}, tmp_path / "t.json")
    lines = json.loads(path.read_text(encoding="utf-8"))["0"]
    assert (len(lines), lines[1]) == (11, "ESC-Role：P1")
    assert [(u.speaker, u.text) for u in read_transcripts(path)["0"]] == [(u.speaker, u.text) for u in one.dialogue]
    scores = write_scores({"0": {**one.scores["rater"], "human": None}}, tmp_path / "s.json")
    assert json.loads(scores.read_text(encoding="utf-8"))["0"]["human"] == -1
    assert read_scores(scores)["0"] == {**dict.fromkeys(DIMENSIONS, 3), "human": None}


@pytest.mark.parametrize(
    ("text", "says_"),
    [
        ('{"0": ["ESC-Role：hi"]}', "line 1"),
        ('{"0": ["AI assistant：hi", "AI assistant：ho"]}', "line 2"),
        ('{"0": ["AI assistant: hi"]}', "line 1"),
        ('{"0": 3}', "a list of lines"),
        ("[]", "an object of dialogues"),
    ],
)
def test_bad_transcripts_are_refused(text: str, says_: str, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=says_):
        read_transcripts(path)


def test_bad_scores_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"4": {**dict.fromkeys(DIMENSIONS, 3), "tech": 5}}), encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"'4': field 'tech'"):
        read_scores(path)


async def test_a_result_row_is_saved_and_loaded() -> None:
    result = await run_esc_eval(
        open_model("simulated:empty=0.1"), open_model("simulated:seed=2"), [open_model("simulated:seed=3,malformed=0.5")],
        bundled_cards(), config=EscEvalConfig(rater_sees_card=True),
    )  # fmt: skip
    for one, row in zip(result.dialogues, result.rows(), strict=True):
        again = Rated.from_row(json.loads(json.dumps(row)))
        assert again.as_row() == row
        assert (again.card, again.leaks, again.failures) == (one.card, one.leaks, one.failures)


class Dies(BaseException):
    """Stands for a killed process."""


async def test_an_interrupted_run_resumes(tmp_path: Path) -> None:
    async def go(rater: ScriptedModel, tested: ScriptedModel, run: Run) -> Any:
        models = [
            run.model(one, role=role) for one, role in ((tested, "model"), (player(), "player"), (rater, "judge"))
        ]
        return await run_esc_eval(models[0], models[1], [models[2]], [CARD], run=run, concurrency=1)

    dying = ScriptedModel(lambda m, s: "3", name="rater", faults={4: Dies()})
    with pytest.raises(Dies), Run.open(tmp_path / "r", {}) as run:
        await go(dying, says("M"), run)
    rater, tested = threes(), says("M")
    with Run.open(tmp_path / "r", {}) as run:
        result = await go(rater, tested, run)
    assert (len(dying.calls), len(tested.calls), len(rater.calls)) == (5, 0, 3)
    assert [e.value for e in result.means("english").values()] == [3.0] * 7


# --- the contract ---


async def test_the_contract_holds() -> None:
    row = SystemRow(
        "esc-eval", "", 2024, "2406.14952", ("measure",), ("personarium.benchmarks.esc_eval.method",), "",
        "personarium.benchmarks.esc_eval.method:CONTRACT",
    )  # fmt: skip
    findings = await check_system(row)
    assert findings.problems == []
    assert findings.unread == 0.0
    assert CONTRACT.load is not None
    assert isinstance(CARD, RoleCard)
