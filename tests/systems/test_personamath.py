"""PersonaMath: the numbered statements of its page, and the files, errata and command around them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.catalog import read_row
from personarium.core.chat import Message, Sampling
from personarium.core.errors import InvalidInput, NotFound, RemoteError, UsageError
from personarium.core.persona import Persona
from personarium.make.makers import MakeRequest
from personarium.make.personamath import (
    ERRATA,
    MAKER,
    BankPersona,
    PersonaMathConfig,
    SeedProblem,
    TrainingRecipe,
    answer_checker,
    bank_of,
    draw_personas,
    evaluate_solutions,
    example_bank,
    instruction_frame,
    judge_rewrite,
    last_boxed,
    load_bank,
    load_seeds,
    make_problems,
    math_equal,
    number_difference,
    read_number,
    read_training,
    same_by_value,
    variety_of,
    words_verdict,
    write_training,
)
from personarium.make.personamath.bank import CLASSES
from personarium.make.personamath.method import plan_calls
from personarium.make.personamath.numbers import NUMBER_ERRATA, show, strict_number
from personarium.make.personamath.result import ProblemRow
from personarium.models import ScriptedModel, open_model
from personarium.report.schema import section_from_dict
from personarium.runs import Run
from personarium.testing.contract import check_system
from personarium.text.holes import Unparsed

# --- 1: number extraction ---


@pytest.mark.parametrize(
    ("solution", "published", "strict"),
    [
        (r"\boxed{1,234}", 1234, 1234),
        (r"\boxed{3/4}", 1, 0.75),
        (r"\boxed{-7}", -7, -7),
        (r"\boxed{1,234,567}", 1234, 1234567),
        (r"\boxed{\frac{3}{4}}", 3, 0.75),
        (r"\boxed{12.5}", 12, 12.5),
        (r"\boxed{13.5}", 14, 13.5),
        (r"\boxed{2} then \boxed{x = 3}", 3, 3),
        (r"\boxed{} Total 12", 12, None),
        ("the answer is 5", None, None),
    ],
)
def test_w1_number_extraction_published_and_strict(
    solution: str, published: float | None, strict: float | None
) -> None:
    assert read_number(solution, NUMBER_ERRATA) == published
    assert read_number(solution) == strict


@pytest.mark.parametrize(
    ("fault", "solution", "brought_back", "right"),
    [
        ("integer-rounding", r"\boxed{17.6}", 18, 17.6),
        ("one-separator", r"\boxed{1,234,567}", 1234, 1234567),
        ("one-separator", r"\boxed{\frac{3}{4}}", 3, 0.75),
        ("empty-box", r"\boxed{} Total 12", 12, None),
    ],
)
def test_each_fault_of_the_number_reader_comes_back_alone(
    fault: str, solution: str, brought_back: float, right: float | None
) -> None:
    found, wanted = read_number(solution, [fault]), read_number(solution)
    assert (None if found is None else float(found)) == brought_back
    assert (None if wanted is None else float(wanted)) == right


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"\$5.20", 5.2), ("$ 7", 7), (r"10\%", 10), (r"1\frac{1}{2}", 1.5), ("2 1/2", 2.5), ("3 apples", 3), (".5", 0.5),
        (r"5 \text{ cm}", 5), ("total = 1,000", 1000), ("−4", -4), (r"90^\circ", 90), (r"\dfrac34", 0.75),
        ("1/0", None), ("3 or 4", None), ("2x", None), ("1,23", None), ("", None), ("5 6", None), ("9" * 500, None),
    ],
)  # fmt: skip
def test_a_strict_number_is_one_number_and_nothing_else(text: str, value: float | None) -> None:
    found = strict_number(text)
    assert (None if found is None else float(found)) == value


def test_the_published_reader_gives_the_numerator_over_a_denominator_of_0() -> None:
    assert read_number(r"\boxed{7/0}", NUMBER_ERRATA) == 7
    assert read_number(r"\boxed{/4}", NUMBER_ERRATA) is None
    assert read_number(r"\boxed{none}", NUMBER_ERRATA) is None


# --- 2: boxes ---


def test_w2_boxed_parsing_is_brace_aware() -> None:
    assert last_boxed(r"so \boxed{\frac{1}{2}}.") == r"\frac{1}{2}"
    assert last_boxed(r"\boxed{1} and \boxed{2}") == "2"
    assert last_boxed(r"\boxed{1} and \boxed{2") is None


def test_only_boxed_with_a_brace_counts() -> None:
    assert last_boxed(r"\fbox{3}") is None
    assert last_boxed(r"\boxed{1} \boxed 5") is None
    assert last_boxed("no box at all") is None


# --- 3: equality ---

SAME = [
    (r"\frac12", r"\frac{1}{2}"), (r"\frac12", "0.5"), ("0.5", "1/2"), ("1/2", ".5"),
    ("x=5", "5"), ("5", "5.0"), ("5.0", r"5 \text{ cm}"),
    (r"10\%", "10"), (r"\sqrt3", r"\sqrt{3}"), (r"\dfrac{3}{4}", r"\frac34"), (r"90^\circ", "90"),
    (r"\left(1,2\right)", "(1, 2)"),
]  # fmt: skip
DIFFERENT = [("2,000", "2000"), (r"\frac{3}{4}", "0.75"), (r"\text{yes}", "yes")]


@pytest.mark.parametrize(("a", "b"), SAME)
def test_w3_equal_answers(a: str, b: str) -> None:
    assert math_equal(a, b)
    assert math_equal(b, a)


@pytest.mark.parametrize(("a", "b"), [*DIFFERENT, (None, "5"), ("5", None), (None, None)])
def test_w3_different_answers(a: str | None, b: str | None) -> None:
    assert not math_equal(a, b)


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_text_equality_is_lost_only_as_published(a: str, b: str) -> None:
    assert not answer_checker("math", as_published={"text-equality"}).same(a, b)
    assert answer_checker("math").same(a, b)
    assert not answer_checker("math").same(a, b + "1")
    assert not same_by_value(None, b)


@pytest.mark.parametrize("a", ["\\frac", "\\frac1", "nan", "inf", "1_000", "=", "a=b=c", "\\sqrt", "{.", ""])
def test_broken_answers_are_equal_to_themselves_and_nothing_else(a: str) -> None:
    assert math_equal(a, a)
    assert not math_equal(a, "7")


# --- 4: the gate ---


def gate(*said: str, kept: bool = True, parent: str = "5") -> tuple[str, int]:
    checker = answer_checker("number")
    words = words_verdict(
        "I buy 2 and 3 pears, how many?", f"Two plums, 3 figs{'' if kept else ', 9 days'}: how many?", kept
    )
    verdict = judge_rewrite([checker.read(text) for text in said], checker, parent, words)
    return verdict.reason, verdict.unparsed


def test_w4_three_of_three_must_agree_with_each_other_and_the_parent() -> None:
    five, seven = r"\boxed{5}", r"\boxed{7}"
    assert gate(five, five, seven) == ("disagree", 0)
    assert gate(five, five, five) == ("", 0)
    assert gate(five, five, five, parent="6") == ("parent", 0)
    assert gate(five, five, five, kept=False, parent="6") == ("", 0)
    assert gate(five, five, "about five") == ("unparsed", 1)


@pytest.mark.parametrize(
    ("child", "said"),
    [
        ("a baker has 5 loaves and bakes three", "the same numbers"),
        ("a baker has 3 ovens and 6 loaves", "missing 5; added 6"),
        ("a baker has 3 ovens, 3 sons and 5 loaves", "added 3"),
    ],
)
def test_w4_numbers_are_kept(child: str, said: str) -> None:
    assert str(number_difference("Ann has 3 cats and 5 dogs.", child)) == said
    verdict = words_verdict("Ann has 3 cats and 5 dogs.", child)
    assert verdict.passed is (said == "the same numbers")
    assert said in str(verdict) or verdict.passed


@pytest.mark.parametrize(
    ("parent", "child"),
    [
        ("25 men", "twenty-five men"), ("24 eggs", "two dozen eggs"), ("105", "one hundred and five"), ("1,200.50", "1200.5"),
        ("2300", "two thousand three hundred"), ("3 of 4", "three out of four"), ("x", "one day"), ("1 cat", "one cat"),
        ("one cat", "1 cat"), ("100 and 4", "hundred, four"), ("5 3", "five three"), (".5", "0.5"),
    ],
)  # fmt: skip
def test_number_words_are_numbers(parent: str, child: str) -> None:
    assert not number_difference(parent, child)


@pytest.mark.parametrize(
    ("parent", "child"), [("7", "-7"), ("1 cat", "a cat"), ("one", "two"), ("10%", "0.1"), ("5", "fifth")]
)
def test_other_numbers_are_other_numbers(parent: str, child: str) -> None:
    assert number_difference(parent, child)


def test_a_rewrite_in_the_parents_words_is_none() -> None:
    assert words_verdict("What is 2 + 3?", "what is  2 + 3").reason == "unchanged"


# --- 5: stage accounting ---


def seeds(count: int = 10) -> list[SeedProblem]:
    """Problem k has the answer k; the script fails some of them."""
    return [SeedProblem(f"s{k}", f"Seed number {k}: how many?", str(k), "made up") for k in range(count)]


def scripted(
    stubborn: Sequence[int] = (8, 9), weak: Sequence[int] = (7, 8, 9), spoilt: Sequence[str] = ()
) -> ScriptedModel:
    """Solves all but ``weak`` at once, repairs all but ``stubborn``; a rewrite of ``spoilt`` gets another number."""

    def reply(messages: Sequence[Message], sampling: Sampling) -> str:
        text = messages[-1]["content"]
        (number,) = re.findall(r"number (\d+)", text.replace("handed in", ""))[:1]
        if '"problem": ' in text:
            persona = text.split("<persona>\n")[1].split("\n")[0]
            other = "77" if f"{number}/{sampling.sample}" in spoilt else number
            return json.dumps(
                {"problem": f"{persona} and number {other}, draft {'ab'[sampling.sample % 2]}: how many?"}
            )
        reflecting = "<draft>" in text
        wrong = int(number) in (stubborn if reflecting else weak) and "Seed" in text
        return f"Because.\n\\boxed{{{'0' if wrong else number}}}"

    return ScriptedModel(reply)


PEOPLE = tuple(BankPersona(f"p{k}", f"Person {'abcdefghijklmnopqrstuvwxyz'[k]}") for k in range(26))


async def test_w5_stage_accounting(tmp_path: Path) -> None:
    model = scripted(spoilt=("0/0", "7/2"))
    for attempt in range(2):
        with Run.open(tmp_path / "run", {"system": "personamath"}) as run:
            result = await make_problems(seeds(), PEOPLE, run.model(model), run=run)
        if not attempt:
            first = len(model.calls)
    counts = result.statistics()
    assert (len(result.of_stage("solved")), len(result.of_stage("repaired")), len(result.dropped)) == (7, 1, 2)
    assert len(result.children) == 15
    assert len(result.rows) == 23
    assert counts["by_stage"] == {"solved": 7, "repaired": 1, "rewritten": 13, "rewritten_repaired": 2}
    assert counts["rejected"] == {"numbers": 2}
    assert counts["by_source"] == {"made up": 23}
    known = {row.id for row in result.rows}
    assert all(child.parent_id in known and child.persona for child in result.children)
    assert all(row.checked for row in result.rows)
    assert not {one.id for one in result.rejected} & known
    assert len(model.calls) == first
    assert first == 10 + 3 + 17 + 15 * 3


async def test_w5_no_persona_comes_twice_while_others_are_left() -> None:
    result = await make_problems(seeds(), PEOPLE, scripted())
    assert max(Counter(row.persona for row in result.children).values()) == 1


async def test_without_the_gate_nothing_made_is_called_checked() -> None:
    config = PersonaMathConfig(gate=False, rewrites=1)
    result = await make_problems(seeds(3), PEOPLE, scripted(spoilt=("0/0",)), config=config)
    assert [row.checked for row in result.children] == [False] * 3
    assert [row.checked for row in result.of_stage("solved")] == [True] * 3
    assert result.children[0].answer == "77"


async def test_lost_calls_are_failures_and_their_seeds_are_dropped() -> None:
    model = ScriptedModel(lambda m, s: RemoteError("the endpoint is gone", "server"))
    result = await make_problems(seeds(2), PEOPLE, model)
    assert (result.dropped, result.rows) == (("s0", "s1"), ())
    assert result.statistics()["failures"] == {"error": 2}
    assert result.estimates()["Seeds solved at once"].value == 0.0


async def test_a_solution_without_an_answer_is_counted_and_reflected_on() -> None:
    model = ScriptedModel(lambda m, s: r"Oh: \boxed{0}" if "<draft>" in m[-1]["content"] else "It is nought.")
    result = await make_problems(seeds(1), PEOPLE, model, config=PersonaMathConfig(repaired_rewrites=0))
    assert [row.stage for row in result.rows] == ["repaired"]
    assert result.statistics()["failures"] == {"unparsed": 1}


async def test_a_second_attempt_is_another_sample() -> None:
    model = ScriptedModel(lambda m, s: f"\\boxed{{{0 if s.sample else 9}}}")
    config = PersonaMathConfig(attempts=2, rewrites=0)
    result = await make_problems(seeds(1), PEOPLE, model, config=config)
    assert [call.sampling.sample for call in model.calls] == [0, 1]
    assert result.rows[0].stage == "solved"


async def test_any_checkable_task_can_be_rewritten() -> None:
    def reply(messages: Sequence[Message], sampling: Sampling) -> str:
        text = messages[-1]["content"]
        return (
            '{"problem": "Which sea do my nets hang in? A north B south"}' if '"problem": ' in text else r"So \boxed{B}"
        )

    problem = SeedProblem("q", "Which sea? A north B south", "B")
    model = ScriptedModel(reply)
    result = await make_problems(
        [problem], PEOPLE, model, checker=answer_checker("choice", options=2), config=PersonaMathConfig(rewrites=1)
    )
    assert [(row.answer, row.stage) for row in result.rows] == [("B", "solved"), ("B", "rewritten")]
    assert r"\boxed{<A|B>}" in model.calls[0].messages[-1]["content"]


# --- 6: variety ---


def test_w6_variety() -> None:
    assert variety_of(["a b", "a c"]).type_token_ratio == 3 / 4
    same = variety_of(["A  b.", "a b"])
    assert (same.texts, same.duplicates, same.tokens) == (1, 1, 2)
    assert variety_of([]).type_token_ratio is None


# --- 7: persona balance ---


def bank(each: int, without: str = "") -> list[BankPersona]:
    return [BankPersona(f"{c}/{k}", f"{c} {k}", c) for c in CLASSES if c != without for k in range(each)]


def test_w7_every_class_has_its_share() -> None:
    assert len(CLASSES) == 11
    assert set(draw_personas(bank(20), 110, per_class=True, seed=3).counts.values()) == {10}
    counts = draw_personas(bank(20), 112, per_class=True, seed=3).counts
    assert Counter(counts.values()) == {10: 9, 11: 2}


def test_w7_nobody_twice_while_others_are_left_in_the_class() -> None:
    drawn = Counter(p.id for p in draw_personas(bank(4), 110, per_class=True, seed=1).slots if p)
    assert set(drawn.values()) == {2, 3}
    assert len(drawn) == 44


def test_w7_a_class_without_personas_is_reported_and_not_filled() -> None:
    drawn = draw_personas(bank(20, without="armed forces"), 110, per_class=True, seed=3)
    assert drawn.missing == {"armed forces": 10}
    assert set(drawn.counts.values()) == {10}
    assert sum(slot is None for slot in drawn.slots) == 10


async def test_slots_of_an_empty_class_are_counted_in_the_result() -> None:
    few = [BankPersona("m", "A manager", "managers")]
    config = PersonaMathConfig("v2", rewrites=11)
    result = await make_problems(seeds(1), few, scripted(), config=config)
    assert (len(result.children), result.statistics()["failures"]) == (1, {"missing": 10})
    assert sum(result.missing_classes.values()) == 10


async def test_version_2_sorts_who_has_no_class_and_version_1_does_not() -> None:
    model = ScriptedModel({"groups of occupations": "class: managers", "": r"\boxed{0}"})
    for version, asked in (("v1", 0), ("v2", 26)):
        before = len(model.calls)
        config = PersonaMathConfig(version, rewrites=0)  # type: ignore[arg-type]
        await make_problems(seeds(1), PEOPLE, model, config=config)
        assert len(model.calls) - before == asked + 1


def test_one_seed_draws_the_same_people_first() -> None:
    for per_class in (False, True):
        few, more = (draw_personas(bank(3), n, per_class=per_class, seed=5).slots for n in (20, 60))
        assert more[:20] == few
        assert draw_personas(bank(3), 20, per_class=per_class, seed=6).slots != few
    assert draw_personas([], 2, per_class=False, seed=0).slots == (None, None)


# --- files ---


def test_the_bundled_bank_has_five_people_a_class() -> None:
    assert Counter(p.occupation_class for p in example_bank()) == dict.fromkeys(CLASSES, 5)
    assert variety_of(p.text for p in example_bank()).duplicates == 0


def test_a_bank_is_read_from_any_population(tmp_path: Path) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_text('{"persona": "A lighthouse keeper who paints."}\n')
    assert "lighthouse keeper" in load_bank(path)[0].text
    people = bank_of([Persona.from_row({"id": "a", "job": "clerk", "occupation_class": "clerical support"})])
    assert people[0].occupation_class == "clerical support"
    with pytest.raises(InvalidInput, match="occupation_class"):
        bank_of([Persona.from_row({"id": "a", "occupation_class": "pirates"})])


@pytest.mark.parametrize(
    ("line", "problem", "reference"),
    [
        ({"query": "How many?", "response": "3 + 4 = 7\n#### 1,007"}, "How many?", "1007"),
        ({"instruction": "Area?", "output": r"It is \boxed{\frac{3}{4}}."}, "Area?", "0.75"),
        ({"problem": "Sum?", "answer": 12}, "Sum?", "12"),
    ],
)
def test_seed_files_of_both_sets_are_read(tmp_path: Path, line: dict[str, Any], problem: str, reference: str) -> None:
    path = tmp_path / "seeds.jsonl"
    path.write_text(json.dumps(line) + "\n")
    (seed,) = load_seeds(path, answer_checker("number"))
    assert (seed.problem, seed.reference, seed.id) == (problem, reference, "000001")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ('{"problem": "p", "answer": "many"}', r"seeds\.jsonl:1: field 'answer': expected a number"),
        ('{"problem": "p", "answer": "1"}\n{"problem": " ", "answer": "1"}', r"seeds\.jsonl:2: field 'problem'"),
        ('{"problem": "p"}', r"seeds\.jsonl:1: field 'reference'"),
        ("[1]", r"seeds\.jsonl:1: expected a JSON object"),
        ('{"id": "a", "problem": "p", "answer": 1}\n{"id": "a", "problem": "q", "answer": 1}', r"field 'id'.*'a'"),
        ("\n", "at least one problem"),
    ],
)
def test_a_broken_seed_file_names_line_and_field(tmp_path: Path, rows: str, message: str) -> None:
    path = tmp_path / "seeds.jsonl"
    path.write_text(rows)
    with pytest.raises(InvalidInput, match=message):
        load_seeds(path, answer_checker("number"))
    with pytest.raises(NotFound):
        load_seeds(tmp_path / "nothing.jsonl", answer_checker("number"))


@pytest.mark.parametrize("name", ["train.json", "train.jsonl"])
def test_a_training_file_has_problem_and_response(tmp_path: Path, name: str) -> None:
    row = ProblemRow("a", "How many?", "Seven.", "7", "solved", True)
    path = write_training([row.to_dict(), row.to_dict()], tmp_path / name)
    assert read_training(path) == [{"problem": "How many?", "response": "Seven."}] * 2
    assert path.read_text().startswith("[") is (name == "train.json")


def test_frame_and_recipe_of_the_published_training() -> None:
    assert instruction_frame("P", lead_in=True).endswith(
        "### Instruction:\nP\n\n### Response: Let's think step by step."
    )
    recipe = TrainingRecipe()
    assert (recipe.epochs, recipe.learning_rate, recipe.warmup_ratio, recipe.max_length, recipe.seed) == (
        3,
        2e-5,
        0.03,
        4096,
        42,
    )
    assert recipe.batch * recipe.accumulation * recipe.devices == 16


def test_both_evaluations_are_reported() -> None:
    found = evaluate_solutions([r"\boxed{17.6}", r"\boxed{18}", "eighteen"], ["#### 18"] * 3)
    assert found["published"].value == pytest.approx(2 / 3)
    assert found["strict"].value == pytest.approx(1 / 3)
    assert found["strict"].failures == {"unparsed": 1}
    with pytest.raises(UsageError):
        evaluate_solutions(["a"], [])


# --- the checkers ---


def test_answers_of_other_kinds() -> None:
    text, choice = answer_checker("text"), answer_checker("choice")
    assert text.same(str(text.read(r"It is \boxed{ New  york }")), text.reference("#### new York", "row"))
    assert isinstance(text.read(r"\boxed{ }"), Unparsed)
    assert choice.read(r"\boxed{(c)}") == "C"
    assert isinstance(choice.read("C"), Unparsed)
    assert isinstance(choice.read(r"\boxed{E}"), Unparsed)
    with pytest.raises(InvalidInput, match="a letter from A to D"):
        choice.reference("none of them", "row 1")
    with pytest.raises(UsageError, match="no kind of answer"):
        answer_checker("essay")
    with pytest.raises(UsageError, match="no erratum"):
        answer_checker("number", as_published={"rounding"})


def test_configurations_out_of_range_are_refused() -> None:
    with pytest.raises(UsageError, match="agreeing"):
        PersonaMathConfig(agreeing=0)
    with pytest.raises(UsageError, match="v1 or v2"):
        PersonaMathConfig("v3")  # type: ignore[arg-type]


@given(st.fractions(max_denominator=10**6))
def test_a_shown_number_is_read_back(value: Any) -> None:
    assert strict_number(show(value)) == value


@given(st.text(alphabet=r"\boxed{}frac12,./-+=$% x", max_size=60))
def test_readers_take_any_text(text: str) -> None:
    for faults in ((), NUMBER_ERRATA):
        read_number(text, faults)
    assert math_equal(text, text)
    assert same_by_value(text, text)
    assert not number_difference(text, text)


# --- contract and command ---


async def test_the_contract_holds() -> None:
    toml = Path(__file__).parents[2] / "src/personarium/catalog/personamath.toml"
    row = read_row(toml.read_text(encoding="utf-8"), "personamath.toml")
    findings = await check_system(row)
    assert findings.problems == []
    assert {erratum.id for erratum in row.errata} == set(ERRATA)


async def test_the_command_makes_rows_and_a_training_file(tmp_path: Path) -> None:
    path, out = tmp_path / "seeds.jsonl", tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps({"problem": f"What is {k} + 4?", "answer": k + 4}) + "\n" for k in range(5)))
    with Run.open(tmp_path / "run", {"system": "personamath"}) as run:
        model = run.model(open_model("simulated:ability=1,sloppy=0"))
        request = MakeRequest(
            3, model, run, model, input=path, options={"version": "v2", "rewrites": "1", "training": str(out)}
        )
        made = await MAKER(request)
    assert sum(row["stage"] == "solved" for row in made.rows) == 3
    assert len(read_training(out)) == len(made.rows)
    assert made.estimates["Seeds solved at once"].value == 1.0
    assert section_from_dict(made.sections[0]).title == "What was made (PersonaMath v2)"


@pytest.mark.parametrize(
    "options",
    [{"answer": "essay"}, {"rewrites": "-1"}, {"gate": "maybe"}, {"version": "v9"}, {"choices": "1"}, {"x": "y"}],
)
async def test_the_command_refuses_wrong_options(tmp_path: Path, options: dict[str, str]) -> None:
    path = tmp_path / "seeds.jsonl"
    path.write_text('{"problem": "p", "answer": 1}\n')
    model = scripted()
    with pytest.raises(UsageError):
        await MAKER(MakeRequest(1, model, Run.dry(), model, input=path, options=options))


async def test_a_dry_run_asks_nobody() -> None:
    dry = Run.dry()
    await make_problems(seeds(2), PEOPLE, dry.model(scripted()), run=dry)
    assert plan_calls(2) == {
        "personamath.classify": 0, "personamath.solve": 20, "personamath.reflect": 2, "personamath.rewrite": 6,
    }  # fmt: skip
