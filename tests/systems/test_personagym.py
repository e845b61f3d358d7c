"""PersonaGym (arXiv 2407.18416): what must hold, one test for each statement of its method page."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from personarium.benchmarks.personagym import (
    PersonaGymConfig,
    judge_mean,
    load_personas,
    load_questions,
    load_settings,
    persona_score,
    plan_calls,
    recompute_published,
    run_personagym,
    task_score,
)
from personarium.benchmarks.personagym.bundled import load_sentences
from personarium.benchmarks.personagym.steps import read_grades
from personarium.core.chat import Message, Sampling
from personarium.core.errors import RemoteError
from personarium.core.label import current_label
from personarium.core.persona import Persona
from personarium.models import ScriptedModel
from personarium.runs import Run
from personarium.text.form import Unparsed
from personarium.text.verdicts import (
    personagym_score,
    personagym_score_published,
    split_evaluations,
    split_evaluations_published,
)

ONE_TASK = PersonaGymConfig(tasks=("Expected Action",))


class Stopped(BaseException):
    """Stands for a killed process."""


def one_persona() -> list[Persona]:
    return load_personas(1)


def count_cases(messages: Sequence[Message]) -> int:
    return messages[-1]["content"].count("<response")


def examples_for(messages: Sequence[Message], blocks: int | None = None) -> str:
    number = messages[-1]["content"].count("<question") if blocks is None else blocks
    return "\n".join(
        f"Rubric {k} Examples:\n" + "\n".join(f"Score {s}: Response - example {k}-{s}" for s in range(1, 6))
        for k in range(1, number + 1)
    )


def verdicts(scores: Sequence[int]) -> str:
    return "\n".join(f"({k}) Evaluation: fine. Therefore, the final score is {s}." for k, s in enumerate(scores, 1))


def whole_script(messages: Sequence[Message], sampling: Sampling) -> str:
    """Answers every step of the protocol as a well-behaved model would."""
    step = current_label().step
    if step == "personagym.settings":
        return json.dumps(list(load_settings()[:3]))
    if step == "personagym.questions":
        return json.dumps([f"Question {k}?" for k in range(10)])
    if step == "personagym.examples":
        return examples_for(messages)
    if step == "personagym.grade":
        return verdicts([4] * count_cases(messages))
    return "An answer."


def judge_of(score: int) -> ScriptedModel:
    def script(messages: Sequence[Message], sampling: Sampling) -> str:
        if current_label().step == "personagym.examples":
            return examples_for(messages)
        return verdicts([score] * count_cases(messages))

    return ScriptedModel(script, name=f"always {score}")


def test_w1_data_has_the_published_counts() -> None:
    questions = [q for tasks in load_questions().values() for qs in tasks.values() for q in qs]
    lengths = [len(q.split()) for q in questions]

    assert len(load_personas()) == 200
    assert len(load_settings()) == 150
    assert len(questions) == 10_000
    assert all(len(qs) == 10 for tasks in load_questions().values() for qs in tasks.values())
    assert all(len(tasks) == 5 for tasks in load_questions().values())
    assert len(set(questions)) == 9_998
    assert round(statistics.mean(lengths), 3) == 24.746
    assert (statistics.median(lengths), min(lengths), max(lengths)) == (24, 11, 58)
    assert statistics.mean(len(p.split()) for p in load_sentences()) == 11.975


def test_w1_bundled_data_is_the_shared_data() -> None:
    shared = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "personagym"
    if not shared.exists():
        pytest.skip("../shared/data is not here; the bundled copy is tested above")
    bundled = Path(__file__).resolve().parents[2] / "src/personarium/benchmarks/personagym/data"
    for name in ("personas.json", "settings.json", "questions.jsonl", "published_scores.json"):
        assert (bundled / name).read_bytes() == (shared / name).read_bytes()


def test_w2_means_with_missing_verdicts() -> None:
    batch_1 = {"A": [5, 4, None, 3, 4], "B": [4, 4, 4, 3, 5]}
    batch_2 = {"A": [5, 5, 5, 4, 4], "B": [None] * 5}
    one_judge = [{"A": [5, None, None, None, None]}, {"A": [1, 1, 1, 1, 1]}]

    assert judge_mean([5, 4, 0, 3, 4]) == 4.0
    assert judge_mean([0, 0, 0, 0, 0]) == 0
    assert judge_mean([]) == 0
    paper, drop = task_score([batch_1, batch_2], "paper"), task_score([batch_1, batch_2], "drop")
    assert (round(paper.value or 0, 10), paper.unparsed) == (3.15, 6)
    assert (round(drop.value or 0, 10), drop.unparsed) == (4.30, 6)
    for missing in ("paper", "drop"):
        single = task_score(one_judge, missing)  # type: ignore[arg-type]
        assert (single.value, single.unparsed) == (3.0, 4)
    nothing = [{"A": [None] * 5}, {"A": [None] * 5}]
    assert task_score(nothing, "paper").value == 0
    assert task_score(nothing, "drop").value is None
    assert persona_score({"a": 4.0, "b": None}) is None


def test_w3_published_persona_scores_are_recomputed() -> None:
    order = ("claude_3.5_sonnet", "llama_3_8b", "llama_2_70b", "gpt_35", "llama_2_13b", "claude_3_haiku")
    found = {r.model.removeprefix("20240710_"): r for r in recompute_published()}

    values = [round(found[model].recomputed, 3) for model in order]
    assert values == [4.512, 4.492, 4.392, 4.376, 3.980, 3.840]
    assert [model for model in order if not found[model].agrees] == ["claude_3_haiku"]
    assert found["claude_3_haiku"].printed == 3.64


def test_w4_verdict_parser() -> None:
    plain = "Therefore, the final score is 4."
    assert (personagym_score_published(plain), personagym_score(plain)) == (4, 4)
    for text in ("Therefore, the final score is **4**", "final score: 4/5"):
        assert personagym_score_published(text) == 0
        assert personagym_score(text) == 4
    assert personagym_score_published("Therefore, the final score is 10") == 10
    assert isinstance(personagym_score("Therefore, the final score is 10"), Unparsed)
    assert personagym_score_published("Therefore, the final score is 4.5") == 4
    assert isinstance(personagym_score("Therefore, the final score is 4.5"), Unparsed)
    for text in ("", "a fine answer"):
        assert personagym_score_published(text) == 0
        assert isinstance(personagym_score(text), Unparsed)

    five = "\n".join(
        f"({k}) Evaluation: as in (1) and (2) points. Therefore, the final score is 4." for k in range(1, 6)
    )
    parts = split_evaluations(five, 5)
    assert not isinstance(parts, Unparsed)
    assert len(parts) == 5
    four = verdicts([5, 4, 3, 2])
    assert isinstance(read_grades(5, frozenset())(four), Unparsed)
    assert len(split_evaluations_published(four)) == 4
    published = read_grades(5, frozenset({"missing-heading", "loose-verdict"}))(four)
    assert isinstance(published, dict)
    assert published["scores"] == [5, 4, 3, 2, None]


async def test_w5_scripted_judges() -> None:
    player = ScriptedModel(lambda m, s: "I do it.")
    result = await run_personagym(player, [judge_of(5), judge_of(3)], personas=one_persona())
    person = result.personas[0]
    assert {result.task_score(person, task).value for task in result.tasks} == {4.0}
    assert result.persona_score(person) == 4.0

    def names_occupation(messages: Sequence[Message], sampling: Sampling) -> str:
        if current_label().step == "personagym.examples":
            return examples_for(messages)
        answers = re.findall(r'<response n="\d">\n(.*?)\n</response>', messages[-1]["content"], re.S)
        return verdicts([5 if "nurse" in answer else 1 for answer in answers])

    asked = load_questions()["personagym-000"]["Expected Action"]
    naming = {*asked[:3], asked[5]}
    teller = ScriptedModel(lambda m, s: "As a nurse I help." if m[-1]["content"] in naming else "I help.")
    result = await run_personagym(teller, [ScriptedModel(names_occupation)], personas=one_persona(), config=ONE_TASK)
    assert [judge_mean(next(iter(batch.values()))) for batch in result._batches(person, "Expected Action")] == [
        3.4,
        1.8,
    ]
    assert result.task_score(person, "Expected Action").value == pytest.approx(2.6)


async def test_w6_calls_and_isolation() -> None:
    model = ScriptedModel(whole_script)
    judges = [ScriptedModel(whole_script, name="judge 1"), ScriptedModel(whole_script, name="judge 2")]
    await run_personagym(model, judges, personas=one_persona(), questions="fresh", writer=model)
    assert len(model.calls) + sum(len(j.calls) for j in judges) == 86
    assert sum(plan_calls(1, 2, fresh=True).values()) == 86

    model = ScriptedModel(whole_script)
    judges = [ScriptedModel(whole_script, name="judge 1"), ScriptedModel(whole_script, name="judge 2")]
    await run_personagym(model, judges, personas=one_persona(), writer=model)
    assert len(model.calls) + sum(len(j.calls) for j in judges) == 80
    assert sum(plan_calls(1, 2).values()) == 80

    stored = load_questions()["personagym-000"]
    everything = [q for task in stored.values() for q in task]
    for call in model.calls:
        if call.label.step == "personagym.answer":
            text = "\n".join(m["content"] for m in call.messages)
            assert sum(q in text for q in everything) == 1
            assert "An answer." not in text
    for call in judges[0].calls:
        prompt = call.messages[-1]["content"]
        blocks = re.findall(r'<examples n="(\d)">\n(.*?)\n</examples>', prompt, re.S)
        assert [int(k) for k, _ in blocks] == [1, 2, 3, 4, 5]
        for k, text in blocks:
            assert set(re.findall(r"example (\d)-\d", text)) == {k}


async def test_w7_a_stopped_run_repeats_no_answer(tmp_path: Path) -> None:
    real: list[str] = []

    def player(stop_after: int | None) -> ScriptedModel:
        def script(messages: Sequence[Message], sampling: Sampling) -> str:
            if stop_after is not None and len(real) >= stop_after:
                raise Stopped
            real.append(messages[-1]["content"])
            return f"Answer to {messages[-1]['content'][:20]}"

        return ScriptedModel(script, name="player")

    async def attempt(model: ScriptedModel) -> Any:
        judge = judge_of(4)
        with Run.open(tmp_path / "run", {"kind": "personagym"}) as run:
            return await run_personagym(
                run.model(model), [run.model(judge, role="judge")], personas=one_persona(), run=run, concurrency=1
            )

    with pytest.raises(Stopped):
        await attempt(player(23))
    assert len(real) == 23
    resumed = await attempt(player(None))
    assert len(real) == 50
    assert len(set(real)) == 50

    fresh = await run_personagym(player(None), [judge_of(4)], personas=one_persona())
    assert [q.score for q in resumed.questions] == [q.score for q in fresh.questions]


async def test_w7_a_failed_call_is_an_error_and_never_graded() -> None:
    doomed = load_questions()["personagym-000"]["Expected Action"][2]

    def script(messages: Sequence[Message], sampling: Sampling) -> str | Exception:
        return RemoteError("the endpoint is down") if messages[-1]["content"] == doomed else "Fine."

    judge = judge_of(4)
    result = await run_personagym(ScriptedModel(script), [judge], personas=one_persona(), config=ONE_TASK)
    lost = result.questions[2]
    assert (lost.answer, lost.score) == (None, None)
    assert [f.kind for f in lost.failures] == ["error"]
    assert all(doomed not in c.messages[-1]["content"] for c in judge.calls if c.label.step == "personagym.grade")
    assert result.questions[3].score == 4

    judge = judge_of(4)
    published = await run_personagym(
        ScriptedModel(script), [judge], personas=one_persona(), config=ONE_TASK, as_published={"failed-call-graded"}
    )
    assert published.questions[2].answer == "Error"
    assert published.questions[2].score == 4


async def test_w8_examples_joined_as_published_and_split_by_default() -> None:
    def judge(blocks: list[int | None]) -> ScriptedModel:
        def script(messages: Sequence[Message], sampling: Sampling) -> str:
            if current_label().step == "personagym.examples":
                text = examples_for(messages, blocks.pop(0) if blocks else None)
                return text if not published else text.replace("Rubric 1 Examples:\n", "", 1)
            return verdicts([4] * count_cases(messages))

        return ScriptedModel(script)

    def example_blocks(model: ScriptedModel) -> list[list[str]]:
        graded = [c for c in model.calls if c.label.step == "personagym.grade"]
        return [re.findall(r"<examples n=\"\d\">\n(.*?)\n</examples>", c.messages[-1]["content"], re.S) for c in graded]

    published = True
    model = judge([])
    await run_personagym(
        ScriptedModel(lambda m, s: "Fine."), [model], personas=one_persona(), config=ONE_TASK, as_published=True
    )
    assert example_blocks(model) == [["S", "c", "o", "r", "e"]] * 2

    published = False
    model = judge([4])
    result = await run_personagym(ScriptedModel(lambda m, s: "Fine."), [model], personas=one_persona(), config=ONE_TASK)
    for blocks in example_blocks(model):
        assert [block.count("Score ") for block in blocks] == [5] * 5
    assert result.reasks == 1


# --- the other errata ---


async def test_a_question_list_that_never_parses() -> None:
    def writer(messages: Sequence[Message], sampling: Sampling) -> str:
        if current_label().step == "personagym.settings":
            return json.dumps([load_settings()[0]])
        if current_label().step == "personagym.questions":
            return "I cannot."
        return whole_script(messages, sampling)

    config = PersonaGymConfig(tasks=("Toxicity",))
    default = await run_personagym(
        ScriptedModel(whole_script), [ScriptedModel(writer)], personas=one_persona(), questions="fresh", config=config
    )
    assert default.questions == ()
    assert len(default.setup_failures) == 1
    published = await run_personagym(
        ScriptedModel(whole_script),
        [ScriptedModel(writer)],
        personas=one_persona(),
        questions="fresh",
        config=config,
        as_published={"question-characters"},
    )
    assert [q.question for q in published.questions] == list("I cannot.")


async def test_an_unparsed_batch_counts_zero_only_as_published() -> None:
    def second_batch_unreadable(messages: Sequence[Message], sampling: Sampling) -> str:
        if current_label().step == "personagym.examples":
            return examples_for(messages)
        first = load_questions()["personagym-000"]["Expected Action"][0] in messages[-1]["content"]
        return verdicts([4] * 5) if first else "no idea"

    async def score(as_published: Any) -> float | None:
        judge = ScriptedModel(second_batch_unreadable)
        player = ScriptedModel(lambda m, s: "Fine.")
        result = await run_personagym(
            player, [judge], personas=one_persona(), config=ONE_TASK, as_published=as_published
        )
        assert result.unparsed == 5
        return result.task_score("personagym-000", "Expected Action").value

    assert await score(False) == 4.0
    assert await score({"unparsed-batch-zero"}) == 2.0


async def test_rubrics_are_printed_as_a_list_only_as_published() -> None:
    async def rubric(as_published: Any) -> str:
        judge = judge_of(4)
        await run_personagym(
            ScriptedModel(lambda m, s: "Fine."),
            [judge],
            personas=one_persona(),
            config=ONE_TASK,
            as_published=as_published,
        )
        prompt = next(c for c in judge.calls if c.label.step == "personagym.grade").messages[-1]["content"]
        return re.findall(r'<rubric n="1">\n(.*?)\n</rubric>', prompt, re.S)[0]

    assert "\\nScore 1:" in await rubric({"printed-rubrics"})
    assert "\nScore 1:" in await rubric(False)


def test_further_lines_of_an_example_are_lost_only_as_published() -> None:
    from personarium.benchmarks.personagym.steps import read_examples

    text = "Rubric 1 Examples:\nScore 1: Response - one\nand more\nScore 2: Response - two"
    kept, lost = read_examples(1, frozenset())(text), read_examples(1, frozenset({"example-lines-lost"}))(text)
    assert isinstance(kept, dict)
    assert isinstance(lost, dict)
    assert "and more" in kept["blocks"][0]
    assert "and more" not in lost["blocks"][0]


async def test_only_the_last_persona_is_stored_as_published() -> None:
    result = await run_personagym(
        ScriptedModel(lambda m, s: "Fine."), [judge_of(4)], personas=load_personas(2), config=ONE_TASK
    )
    assert set(result.scores_file()) == {"personagym-000", "personagym-001"}
    assert set(result.scores_file(as_published=True)) == {"Expected Action", "PersonaScore"}
