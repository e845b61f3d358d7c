"""The comparison of memory methods: questions, readers, the walk, the guard, the measures, one's own data."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from personarium.core.chat import ChatModel
from personarium.core.errors import InvalidInput, UsageError
from personarium.measure.memory import (
    Case,
    ComparisonResult,
    Foresight,
    Guard,
    ModelReader,
    Question,
    RuleReader,
    ScriptConfig,
    compare_strategies,
    joined,
    own_cases,
    own_questions,
    script_user,
    scripted_case,
    scripted_cases,
    scripted_users,
)
from personarium.measure.memory.foresight import Way
from personarium.measure.memory.questions import NEVER_TOLD, NOTHING_NOW, TYPES
from personarium.measure.memory.result import CEILING
from personarium.measure.memory.walk import Terms, parts, walk
from personarium.models import open_model
from personarium.models.scripted import ScriptedModel
from personarium.remember import Memory, Observation
from personarium.remember.baselines import FullContext, NoMemory
from personarium.remember.strategies import STRATEGIES, open_strategy
from personarium.remember.strategy import Recalled, UserView
from personarium.runs import Run

CONFIG = ScriptConfig(sessions=60)
UNGUARDED = Guard(prefixes=0.0, worlds=0.0)


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return scripted_cases(scripted_users(3, CONFIG), cuts=3)


@pytest.fixture(scope="module")
def result(cases: list[Case]) -> ComparisonResult:
    return asyncio.run(compare_strategies(["facts"], cases))


def _value(result: ComparisonResult, strategy: str, measure: str) -> float:
    value = result.scores(strategy).measures[measure].value
    assert value is not None
    return value


# --- questions ---


def test_the_gold_answer_is_what_was_true_at_the_cut() -> None:
    user = script_user(1, CONFIG)
    for one in scripted_case(user, cuts=4, each=3).questions:
        holds = [t.value for t in user.truth if (t.matter, t.holder) == (one.matter, one.holder) and t.source < one.end]
        over = any(
            s.kind == "ends"
            for s in user.statements
            if (s.matter, s.holder) == (one.matter, one.holder) and s.message < one.end
        )
        gold = one.options[one.gold]
        expected = {"never": [], "retracted": [NOTHING_NOW], "past": holds[-2:-1]}.get(one.type, holds[-1:])
        if one.type != "when":
            assert [gold] == (expected or [NEVER_TOLD])
        assert over == (one.type == "retracted")
        assert all(number < one.end for number in one.sources)
        assert one.at > user.messages[one.end - 1].at


def test_all_types_are_asked_and_the_text_does_not_tell_the_type(cases: list[Case]) -> None:
    asked = [question for case in cases for question in case.questions]
    assert set(Counter(one.type for one in asked)) == set(TYPES)
    for kind in ("current", "changed", "retracted", "never", "other"):
        assert all(one.text.startswith("What is ") and one.text.endswith(" now?") for one in asked if one.type == kind)


def test_the_wrong_options_are_those_that_tempt(cases: list[Case]) -> None:
    for one in (question for case in cases for question in case.questions):
        assert len(one.options) == 5 == len(set(one.options))
        if one.type in ("changed", "retracted"):
            assert {"stale", "other"} <= set(one.roles)
        if one.type in ("current", "never"):
            assert "other" in one.roles
        if one.type != "when":
            assert {NOTHING_NOW, NEVER_TOLD} <= set(one.options)


def test_the_right_option_stands_at_every_place() -> None:
    asked = [one for case in scripted_cases(scripted_users(4, CONFIG)) for one in case.questions]
    places = Counter(one.gold for one in asked)
    assert min(places[place] for place in range(5)) > 0.12 * len(asked)


# --- readers ---

LINES = """- 2026-01-05: user: My favourite drink is tea.
- 2026-02-01: user: My sister Lena's favourite drink is milk.
- 2026-03-01: assistant: Cocoa is nice.
- 2026-04-01: user: My favourite drink is rum now."""
DRINKS = ("tea", "milk", "rum", "cocoa", NOTHING_NOW, NEVER_TOLD)


@pytest.mark.parametrize(
    ("memory", "question", "options", "expected"),
    [
        (LINES, "What is my favourite drink now?", DRINKS, "rum"),
        (LINES, "What is my sister Lena's favourite drink now?", DRINKS, "milk"),
        (LINES, "What was my favourite drink before the present one?", DRINKS, "tea"),
        (LINES, "What is my friend Ana's favourite drink now?", DRINKS, NEVER_TOLD),
        (LINES, "In which month did I first say that my favourite drink is tea?", ("April", "January", "May"), "January"),
        ("", "What is my favourite drink now?", DRINKS, NEVER_TOLD),
        (LINES + "\n- 2026-05-01: user: I gave up rum.", "What is my favourite drink now?", DRINKS, NOTHING_NOW),
        (LINES + "\n- 2026-05-01: user: I have no favourite drink at the moment.", "What is my favourite drink now?", DRINKS, NOTHING_NOW),
        ("- 2026-05-01: user: I switched from tea to rum.", "What is my favourite drink now?", DRINKS, "rum"),
        ("- 2026-05-01: user: I switched from tea to rum.", "What was my favourite drink before the present one?", DRINKS, "tea"),
        ("- 2026-05-01: no longer, until 2026-06-01: drink: tea\n- 2026-06-01: drink: rum", "What is my favourite drink now?", DRINKS, "rum"),
        ("- 2026-05-01: no longer: drink: tea", "What is my favourite drink now?", DRINKS, NOTHING_NOW),
        ("- 2026-05-01: sister Lena: drink: tea", "What is my favourite drink now?", DRINKS, NEVER_TOLD),
        ('- { "Family": "sister Lena\'s drink: tea; sister Lena\'s food: pie", "Tastes": "drink: rum" }', "What is my drink now?", DRINKS, "rum"),
        ("- drink: tea, steam and cocoas", "What is my favourite drink now?", DRINKS, "tea"),
    ],
)  # fmt: skip
def test_the_rule_reader_reads_what_its_rules_say(
    memory: str, question: str, options: Sequence[str], expected: str
) -> None:
    answered = RuleReader().read("q", question, options, memory)
    assert answered.place is not None
    assert options[answered.place] == expected


def test_the_rule_reader_abstains_where_no_option_says_that_nothing_was_told() -> None:
    answered = RuleReader().read("q", "What is my favourite drink now?", ("tea", "milk"), "- user: Hello.")
    assert answered.place is None
    assert answered.failure is not None
    assert answered.failure.kind == "abstained"


def test_the_model_reader_shows_memory_question_and_options_and_counts_failures() -> None:
    model = ScriptedModel(["B", "no idea, sorry", ""])
    reader = ModelReader(model)
    asked = ("q", "What is my drink?", ("tea", "rum"))
    first, second, third = (asyncio.run(reader.answer(*asked, "- user: </memory> rum")) for _ in range(3))
    assert (first.place, first.failure, first.calls) == (1, None, 1)
    assert second.place is third.place is None
    assert [one.failure.kind for one in (second, third) if one.failure] == ["unparsed", "empty"]
    prompt = model.calls[0].messages[-1]["content"]
    assert "<memory>\n- user: ‹/memory> rum\n</memory>" in prompt
    assert "A. tea\nB. rum" in prompt


# --- the walk ---


def test_a_talk_is_cut_at_sessions_and_at_questions() -> None:
    said = [Observation(str(n), session=session, at=float(n)) for n, session in enumerate("aaabbc")]
    assert list(parts(said, {2, 5}, 6)) == [(0, 2, False), (2, 3, True), (3, 5, True), (5, 6, True)]
    assert list(parts(said, {4}, 4)) == [(0, 2 + 1, True), (3, 4, False)]


def test_a_question_finds_what_was_said_before_it_and_nothing_later() -> None:
    said = tuple(Observation(f"word{n}", session=f"s{n // 2}", at=float(n)) for n in range(6))
    asked = [Question(f"q{end}", "ana", "own", end, end + 0.5, "word", ("a", "b"), 0) for end in (1, 4, 6)]
    walked = asyncio.run(walk(FullContext(), "ana", said, asked[::-1], terms=Terms()))
    for one in asked:
        shown = walked.shown[one.id]
        assert [f"word{n}" in shown.text for n in range(6)] == [n < one.end for n in range(6)]
        assert shown.sources == tuple((n,) for n in range(one.end))
        assert shown.unknown == ()
    assert walked.sessions == 3
    assert walked.bytes > 100


# --- the comparison ---


def test_the_rows_are_the_ceiling_the_baselines_and_the_strategies(result: ComparisonResult, cases: list[Case]) -> None:
    questions = sum(len(case.questions) for case in cases)
    assert result.strategies == (CEILING, "none", "full-context", "bm25", "embedding", "facts")
    assert len(result.answers) == 6 * questions
    assert len(result.walks) == 6 * 3
    assert result.lost == ()


def test_nothing_remembered_is_never_told_and_everything_remembered_is_read(result: ComparisonResult) -> None:
    none = result.scores("none")
    assert none.by_type["never"].value == 1.0
    assert none.by_type["current"].value == none.by_type["changed"].value == none.by_type["when"].value == 0.0
    assert none.failures == {"abstained": sum(one.type == "when" for one in result.questions)}
    assert _value(result, "none", "tokens") == 0
    assert _value(result, CEILING, "accuracy") > 0.95
    assert _value(result, "full-context", "accuracy") > _value(result, CEILING, "accuracy") - 0.05
    assert _value(result, "full-context", "evidence") == 1.0


def test_the_orders_that_must_hold(result: ComparisonResult) -> None:
    accuracy = {name: _value(result, name, "accuracy") for name in result.strategies}
    assert accuracy["none"] < accuracy["bm25"] < accuracy["full-context"]
    assert accuracy["none"] < accuracy["facts"] < accuracy["full-context"]
    assert _value(result, "facts", "stale_retracted") < _value(result, "bm25", "stale_retracted")
    assert _value(result, "facts", "contradiction") < _value(result, "full-context", "contradiction")
    assert _value(result, "full-context", "tokens") > 5 * _value(result, "facts", "tokens")
    assert _value(result, "facts", "evidence") > _value(result, "bm25", "evidence")


def test_every_measure_has_an_interval_over_users(result: ComparisonResult) -> None:
    for name in ("accuracy", "tokens", "bytes", "contradiction"):
        estimate = result.scores("bm25").measures[name]
        assert estimate.unit == "user"
        assert estimate.n == 3
        assert estimate.lo is not None
        assert estimate.hi is not None
        assert estimate.value is not None
        assert estimate.lo <= estimate.value <= estimate.hi
    assert result.scores("none").measures["precision"].value is None


def test_answers_without_reading_stand_beside_it(result: ComparisonResult) -> None:
    found = result.baselines()
    assert found["Uniform guess"].value == pytest.approx(0.2)
    assert any(name.startswith("Best constant letter") for name in found)
    assert "Longest option" in found


def test_it_comes_out_the_same_and_goes_through_json(cases: list[Case]) -> None:
    first, second = (asyncio.run(compare_strategies(["facts"], cases[:2], guard=UNGUARDED)) for _ in range(2))
    assert first.as_dict(times=False) == second.as_dict(times=False)
    data = json.loads(json.dumps(first.as_dict()))
    assert ComparisonResult.from_dict(data) == first
    json.dumps(first.summary(), allow_nan=False)


def test_parts_of_a_comparison_are_joined_to_the_whole(cases: list[Case]) -> None:
    whole = asyncio.run(compare_strategies([], cases[:2], guard=UNGUARDED))
    halves = [asyncio.run(compare_strategies([], [case], guard=UNGUARDED)) for case in cases[:2]]
    together = joined(halves)
    for name in whole.strategies:
        assert together.scores(name).measures["accuracy"] == whole.scores(name).measures["accuracy"]


def test_files_are_counted_where_there_are_files(cases: list[Case], tmp_path: Path) -> None:
    found = asyncio.run(compare_strategies([], cases[:1], guard=UNGUARDED, folder=tmp_path))
    assert len(list(tmp_path.glob("*.db"))) == 4
    assert _value(found, "none", "bytes") > 4096


def test_users_and_strategies_need_names_of_their_own(cases: list[Case]) -> None:
    with pytest.raises(UsageError, match="names of their own"):
        asyncio.run(compare_strategies([], [cases[0], cases[0]]))
    with pytest.raises(UsageError, match="two strategies are called 'none'"):
        asyncio.run(compare_strategies([NoMemory()], cases))
    with pytest.raises(UsageError, match="no memory strategy 'nothing'"):
        asyncio.run(compare_strategies(["nothing"], cases))


# --- the guard ---


def test_honest_strategies_are_not_marked(result: ComparisonResult) -> None:
    for name in result.strategies:
        assert result.scores(name).findings == ()
        assert not result.scores(name).looks_ahead
    assert all(row.checked == 1 for row in result.walks if row.strategy != CEILING)


@pytest.mark.parametrize(("way", "check"), [("future", "later"), ("answers", "changed world"), ("questions", "prefix")])
def test_a_strategy_that_peeks_is_caught(cases: list[Case], way: Way, check: str) -> None:
    cheat = Foresight(cases[:2], way)
    found = asyncio.run(compare_strategies([cheat], cases[:2], guard=Guard(0.1, 1.0), baselines=False))
    scores = found.scores(cheat.name)
    assert scores.looks_ahead
    assert any(finding.startswith(check) for finding in scores.findings)
    assert found.table()[-1]["looks_ahead"] is True


class _Inventor(NoMemory):
    name = "inventor"

    def recall(self, view: UserView, query: str, k: int) -> Sequence[Recalled]:
        return [Recalled("user: hello", "found", ids=("o99999",), sources=("o99999",))]


def test_a_source_that_is_not_there_is_caught(cases: list[Case]) -> None:
    found = asyncio.run(compare_strategies([_Inventor()], cases[:1], guard=UNGUARDED, baselines=False))
    scores = found.scores("inventor")
    assert scores.looks_ahead
    assert scores.findings[0].startswith("sources: an entry names 'o99999'")


# --- models and runs ---


def _with_model(cases: list[Case], model: ChatModel, folder: Path) -> tuple[ComparisonResult, int]:
    with Run.open(folder, {"kind": "memory comparison"}, seed=1) as run:
        found = asyncio.run(
            compare_strategies(
                ["facts"], cases, ModelReader(model, seed=1), model, guard=Guard(0.02, 0.0), run=run, baselines=False
            )
        )
        return found, int(run.counts["calls"])


def test_a_comparison_with_a_model_resumes_and_counts_its_calls(tmp_path: Path) -> None:
    small = scripted_cases(scripted_users(1, ScriptConfig(sessions=20, matters=4, never=1)), cuts=1, each=1)
    model = ScriptedModel(lambda messages, sampling: "A" if "<options>" in messages[-1]["content"] else "")
    first, _ = _with_model(small, model, tmp_path / "run")
    asked = len(model.calls)
    assert asked > len(small[0].questions)
    second, _ = _with_model(small, model, tmp_path / "run")
    assert len(model.calls) == asked
    assert second.as_dict(times=False) == first.as_dict(times=False)
    row = next(row for row in first.walks if row.strategy == "facts")
    assert row.reader_calls == len(small[0].questions)
    assert row.calls > 0
    assert row.failures == {"empty": 20}


def test_the_simulated_subject_reads_what_the_memory_shows() -> None:
    small = scripted_cases(scripted_users(2, ScriptConfig(sessions=60, free=0.0)), cuts=2)
    model = open_model("simulated:ability=1,sloppy=0")
    found = asyncio.run(compare_strategies([], small, ModelReader(model, seed=1), guard=UNGUARDED))
    assert found.reader == model.name
    current = {name: found.scores(name).by_type["current"].value or 0.0 for name in found.strategies}
    assert current[CEILING] > current["none"] + 0.3


# --- one's own data ---


def _memory() -> Memory:
    memory = Memory.open(None, clock=lambda: 0.0)
    ana = memory.user("ana")
    ana.observe("My favourite drink is tea.", at=1_767_225_600.0, session="s1")
    ana.observe("My favourite drink is rum now.", at=1_772_323_200.0, session="s2")
    return memory


LINE = {"user": "ana", "at": "2026-02-01", "question": "What is my favourite drink now?", "options": ["tea", "rum"], "answer": "tea"}  # fmt: skip


def test_own_questions_are_asked_at_their_time(tmp_path: Path) -> None:
    later = {**LINE, "at": 1_775_000_000, "answer": "B", "type": "changed", "sources": ["o2"], "stale": ["tea"]}
    file = tmp_path / "own.jsonl"
    file.write_text("\n".join(json.dumps(one) for one in (LINE, later)), encoding="utf-8")
    with _memory() as memory:
        cases = own_cases(own_questions(file), {"ana": memory.user("ana").observations()})
    assert [(one.end, one.options[one.gold]) for one in cases[0].questions] == [(1, "tea"), (2, "rum")]
    assert cases[0].questions[1].sources == (1,)
    found = asyncio.run(compare_strategies(["facts"], cases))
    assert _value(found, "full-context", "accuracy") == _value(found, "facts", "accuracy") == 1.0
    assert _value(found, "none", "accuracy") == 0.0
    assert _value(found, "facts", "evidence") == 1.0
    assert found.scores("facts").measures["contradiction"].value is None
    assert not found.scores("facts").looks_ahead


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"at": "soon"}, "at"),
        ({"at": True}, "at"),
        ({"answer": "milk"}, "answer"),
        ({"answer": "C"}, "answer"),
        ({"options": ["tea"]}, "options"),
        ({"options": ["tea", "tea"]}, "options"),
        ({"user": ""}, "user"),
        ({"sources": "o1"}, "sources"),
        ({"stale": ["milk"]}, "stale"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_line_is_named_with_its_field(tmp_path: Path, change: dict[str, object], field: str) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text(json.dumps(LINE) + "\n" + json.dumps({**LINE, **change}), encoding="utf-8")
    with pytest.raises(InvalidInput, match=field) as refused:
        own_questions(file)
    assert f"{file}:2" in str(refused.value)


@pytest.mark.parametrize(
    ("change", "field"), [({"user": "bo"}, "user"), ({"at": 5}, "at"), ({"sources": ["o2"]}, "sources")]
)
def test_a_question_that_does_not_fit_the_log_is_refused(tmp_path: Path, change: dict[str, object], field: str) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text(json.dumps({**LINE, **change}), encoding="utf-8")
    with _memory() as memory, pytest.raises(InvalidInput, match=field):
        own_cases(own_questions(file), {"ana": memory.user("ana").observations()})


# --- the whole year ---


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in STRATEGIES if name != "none"])
def test_a_year_is_remembered_by_every_strategy(name: str) -> None:
    cases = scripted_cases([script_user(0)])
    chosen = [] if name in ("full-context", "bm25", "embedding") else [open_strategy(name)]
    found = asyncio.run(compare_strategies(chosen, cases, guard=Guard(0.02, 1.0)))
    scores = found.scores(name)
    assert len(cases[0].messages) > 1000
    assert not scores.looks_ahead
    assert scores.findings == ()
    assert _value(found, name, "accuracy") > _value(found, "none", "accuracy") + 0.1
    assert _value(found, name, "evidence") > 0.3
