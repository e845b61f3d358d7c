"""Prometheus (arXiv 2310.08491): what must hold, one test for each statement of its method page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from personarium.core.chat import Message, Sampling
from personarium.core.errors import InvalidInput, NotFound, RemoteError, UsageError
from personarium.core.rubric import Rubric
from personarium.judges import Asked, Grade, Judge, agreement_report, length_bias
from personarium.judges.prometheus import (
    PairItem,
    PrometheusConfig,
    ScoredItem,
    build_training_set,
    encode_record,
    format_output,
    load_example_pairs,
    load_examples,
    load_pairs,
    load_scored,
    prometheus_judge,
    read_rubric,
    run_comparisons,
    run_pairs,
    run_scores,
    to_lines,
)
from personarium.judges.prometheus.data_formats import response_in
from personarium.judges.prometheus.steps import ABSOLUTE, STEPS, layout, read_preference, read_score
from personarium.judges.prometheus.training_records import IGNORED
from personarium.models import ScriptedModel, open_model
from personarium.runs import Run
from personarium.text.form import Unparsed

LEVELS = ("Poor.", "Weak.", "Fair.", "Good.", "Excellent.")
RUBRIC = Rubric("Is the answer kind?", LEVELS, id="kind")
BARE = PrometheusConfig(repetition_penalty=None)


def score(text: str, reader: str = "default", faults: Sequence[str] = ()) -> int | None:
    found = read_score(text, Asked(), reader, faults)  # type: ignore[arg-type]
    return None if isinstance(found, Unparsed) else int(found.verdict or 0)


def preferred(text: str, faults: Sequence[str] = ()) -> object:
    found = read_preference(text, Asked(), "default", faults)
    return None if isinstance(found, Unparsed) else found.verdict


def item(id: str = "one", response: str = "Of course, gladly.") -> ScoredItem:
    return ScoredItem(id, "Can you help me?", response, RUBRIC)


def pair(id: str, tie: bool = False) -> PairItem:
    return PairItem(id, item(f"{id}/chosen", f"good {id}"), item(f"{id}/rejected", f"bad {id}"), tie)


# --- 1: the parser's truth table ---

TOLERANT = [
    ("Fine. [RESULT] 3", 3),
    ("Reference (Score 5) two results [RESULT] 3", 3),
    ("Reference (Score 5) not results", None),
    ("[RESULT] 5 out of 5", 5),
    ("[Result] 4/5", 4),
    ("[RESULT] score of 1", 1),
    ("[RESULT] (5)", 5),
    ("Good job. [Score 4]", 4),
    ("[Result] Score: 2", 2),
    ("[RESULT] 3\n\n", 3),
    ("[RESULT] 2 was my draft [RESULT] 4", 4),
    ("Score: 2.5", None),
    ("I rate this a perfect 10!", None),
    ("The score is definitely not 3.", None),
    ("[RESULT] 4 because it is good", None),
    ("[RESULT] 6", None),
    ("[RESULT] 0", None),
    ("[RESULT] 4/10", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "expected"), TOLERANT)
def test_w1_tolerant_scores(text: str, expected: int | None) -> None:
    assert score(text) == expected
    assert score(text, "library") == expected
    assert score(text, faults=("strict-ending",)) == expected


def test_w1_a_full_stop_or_emphasis_is_unparsed_only_as_published() -> None:
    for text in ("[RESULT] 4.", "[RESULT] **4**"):
        assert score(text) == 4
        assert score(text, faults=("strict-ending",)) is None
    assert score("Score: 2.5") is None


def test_w1_the_script_wants_exactly_one_digit_after_the_first_marker() -> None:
    assert score("x [RESULT] 3", "script") == 3
    assert score("x [RESULT] 4/5", "script") is None
    assert score("[RESULT] 2 was my draft [RESULT] 4", "script") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[RESULT] A", "A"),
        ("[Result] Response B", "B"),
        ("Response A is better. [RESULT: B]", "B"),
        ("Both clear... [Response B]", "B"),
        ("I select Response B.", None),
        ("Result A or B, not results", None),
        ("[RESULT] C", None),
    ],
)
def test_w1_preferences(text: str, expected: str | None) -> None:
    assert preferred(text) == expected
    assert preferred(text, ("any-line-marker",)) == expected


def test_w1_a_second_thought_counts_unless_as_published() -> None:
    text = "[RESULT] A\nOn second thought [RESULT] B"
    assert preferred(text) == "B"
    assert preferred(text, ("any-line-marker",)) == "A"


async def test_feedback_is_the_whole_output_only_as_published() -> None:
    reply = "Feedback: Kind and short. [RESULT] 4"
    right = await run_scores(ScriptedModel([reply]), [item()], config=PrometheusConfig(samples=1))
    published = await run_scores(
        ScriptedModel([reply]), [item()], config=PrometheusConfig(samples=1), as_published={"whole-output-feedback"}
    )
    assert right.grades[0].feedback == ("Kind and short.",)
    assert published.grades[0].feedback == (reply,)
    assert right.grades[0].value == published.grades[0].value == 4


# --- 2: the worked example's correlations ---

SAMPLES = ([5, 5, 4], [3, 2, 3], [1, 1, 2], [4, 4, 4])


@pytest.mark.parametrize(
    ("human", "pearson", "spearman", "kendall"),
    [([5, 3, 2, 4], 0.9898, 1.0, 1.0), ([5, 3, 3, 4], 0.9028, 0.9487, 0.9129)],
)
async def test_w2_correlations_over_items(human: list[float], pearson: float, spearman: float, kendall: float) -> None:
    replies = [f"Words. [RESULT] {k}" for samples in SAMPLES for k in samples]
    items = [ScoredItem(f"i{k}", "Ask", "Say " * (k + 1), RUBRIC, human=h) for k, h in enumerate(human)]
    result = await run_scores(ScriptedModel(replies), items, concurrency=1)
    assert [g.value for g in result.grades] == pytest.approx([4.6667, 2.6667, 1.3333, 4], abs=1e-4)
    report = result.agreement()
    assert report.pearson.value == pytest.approx(pearson, abs=1e-4)
    assert report.spearman.value == pytest.approx(spearman, abs=1e-4)
    assert report.kendall.value == pytest.approx(kendall, abs=1e-4)
    assert (report.pearson.n, report.items, report.without_reference) == (4, 4, 4)
    assert any("reference" in note for note in report.notes)


# --- 3: the rubric object ---


def test_w3_a_rubric_renders_in_order_and_round_trips() -> None:
    rubric = Rubric("Is it kind?", LEVELS, reference="A kind answer.")
    lines = rubric.render().split("\n")
    assert lines == ["[Is it kind?]", *(f"Score {k}: {level}" for k, level in enumerate(LEVELS, 1))]
    assert rubric.render() == Rubric("Is it kind?", LEVELS, reference="A kind answer.").render()
    assert Rubric.from_dict(json.loads(json.dumps(rubric.to_dict()))) == rubric
    published = {"criteria": "Is it kind?", **{f"score{k}_description": level for k, level in enumerate(LEVELS, 1)}}
    assert read_rubric({**published, "reference": "A kind answer."}) == rubric


def test_w3_the_reference_section_is_absent_without_a_reference() -> None:
    judge = Judge(ScriptedModel([]))
    without = judge.grading(RUBRIC, "Ask", "Say")[-1]["content"]
    with_one = judge.grading(RUBRIC, "Ask", "Say", "Ideal")[-1]["content"]
    assert "reference" not in without.lower()
    assert "<reference>\nIdeal\n</reference>" in with_one
    order = [with_one.index(f"<{tag}>") for tag in ("question", "response", "reference", "rubric", "reply")]
    assert order == sorted(order)
    assert with_one.endswith("<reply>\nFeedback: <text> [RESULT] <1-5>\n</reply>")


@pytest.mark.parametrize("levels", [LEVELS[:4], ("", *LEVELS[1:])])
def test_w3_four_levels_or_an_empty_one_are_refused(levels: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput):
        Rubric("Is it kind?", levels)
    with pytest.raises(InvalidInput):
        read_rubric({"criteria": "Is it kind?", **{f"score{k}": level for k, level in enumerate(levels, 1)}})


@pytest.mark.parametrize("wrong", [0, 6, 3.5])
def test_w3_scores_outside_one_to_five_are_refused(wrong: float) -> None:
    with pytest.raises(InvalidInput):
        RUBRIC.check_score(wrong)


# --- 4: retries ---


@pytest.mark.parametrize(("fails", "calls", "value"), [(0, 1, 4), (1, 2, 4), (10, 11, 4), (11, 11, None)])
async def test_w4_retries_are_counted_and_capped(fails: int, calls: int, value: int | None) -> None:
    model = ScriptedModel(["no verdict here"] * fails + ["Good. [RESULT] 4"])
    result = await run_scores(model, [item()], config=PrometheusConfig(samples=1))
    assert (len(model.calls), result.grades[0].value, result.grades[0].asks) == (calls, value, calls)
    assert [failure.kind for failure in result.failures] == ([] if value else ["unparsed"])


async def test_w4_an_unparsed_item_is_listed_with_its_texts_and_in_no_correlation() -> None:
    def script(messages: Sequence[Message], sampling: Sampling) -> str:
        text = messages[-1]["content"]
        return "I would rather not say" if "lost" in text else f"Good. [RESULT] {1 + text.count('yes')}"

    items = [ScoredItem(f"i{k}", "Ask", "yes " * k, RUBRIC, human=float(k + 1)) for k in range(4)]
    items.append(ScoredItem("gone", "Ask", "lost", RUBRIC, human=5.0))
    result = await run_scores(ScriptedModel(script), items, config=PrometheusConfig(samples=1))
    report = result.agreement()
    assert report.pearson.value == pytest.approx(1.0)
    assert (report.pearson.n, report.items, report.failures) == (4, 5, {"unparsed": 1})
    (failure,) = result.failures
    assert (failure.where, failure.raw) == ("gone", ("I would rather not say",) * 11)
    assert result.rows()[-1]["value"] is None
    assert result.published_lines()[-1]["prometheus_score"] == [None]


async def test_retries_are_endless_and_swallow_errors_only_as_published() -> None:
    replies: list[str | Exception] = ["nothing"] * 20
    replies += [RemoteError("down", "server"), "nothing", "Good. [RESULT] 2"]
    one = PrometheusConfig(samples=1)
    endless = ScriptedModel(replies)
    published = await run_scores(endless, [item()], config=one, as_published={"endless-retry"})
    assert (published.grades[0].value, len(endless.calls), published.failures) == (2, 23, ())
    capped = ScriptedModel(replies)
    assert (await run_scores(capped, [item()], config=one)).grades[0].value is None
    assert len(capped.calls) == 11
    failing = await run_scores(ScriptedModel([RemoteError("down", "server")]), [item()], config=one)
    assert [failure.kind for failure in failing.failures] == ["error"]


# --- 5: what noise does to agreement ---

QUARTERS = np.array([0.25, 0.5, 0.25])


def noisy(samples: int, clipped: bool) -> float:
    rng = np.random.default_rng(2310)
    truth = rng.integers(1, 6, 2_000).astype(float)
    drawn = truth[:, None] + rng.choice([-1, 0, 1], (2_000, samples), p=QUARTERS)
    drawn = drawn.clip(1, 5) if clipped else drawn
    grades = [Grade(float(row.mean()), tuple(map(float, row))) for row in drawn]
    found = agreement_report(grades, list(truth), [None] * 2_000).pearson
    assert found.n == 2_000
    return found.value or 0.0


@pytest.mark.parametrize(
    ("samples", "clipped", "expected"),
    [(1, False, 0.8944), (3, False, 0.9608), (1, True, 0.9000), (3, True, 0.9621)],
)
def test_w5_pearson_of_a_noisy_judge(samples: int, clipped: bool, expected: float) -> None:
    assert noisy(samples, clipped) == pytest.approx(expected, abs=0.02)
    if not clipped:
        assert expected == pytest.approx((2 / (2 + 0.5 / samples)) ** 0.5, abs=1e-4)


async def test_w5_the_mean_of_three_simulated_verdicts_agrees_better_than_one() -> None:
    # SIMULATED.md 6: quality uniform on 1..5 (responses carry 0 to 4 of four facts), noise 1: r .815, of three .924.
    persona = "Occupation: florist\nPet: a cat\nHome: Leiden\nHobby: chess"
    facts = ("I am a florist", "I have a cat", "I live in Leiden", "my hobby is chess")
    question = "Tell me about your job, your pet, where you live and your hobby."
    items = [
        ScoredItem(
            f"i{k}", f"{question} ({k})", ". ".join(facts[: k % 5]) or "Nice weather", RUBRIC, None, persona,
            human=1.0 + k % 5,
        )
        for k in range(1_000)
    ]  # fmt: skip
    model = open_model("simulated:judge_noise=1,sloppy=0,seed=5")
    pearson = {}
    for samples in (1, 3):
        result = await run_scores(model, items, config=PrometheusConfig(samples=samples), seed=3)
        pearson[samples] = result.agreement().pearson
        assert result.failures == ()
    assert pearson[1].value == pytest.approx(0.815, abs=0.03)
    assert pearson[3].value == pytest.approx(0.924, abs=0.02)


# --- 6: training records ---


def encode(text: str) -> list[int]:
    return [ord(c) for c in text]


def test_w6_labels_cover_the_output_and_nothing_else() -> None:
    output = format_output("Kind.", 4)
    assert output == "Kind. [RESULT] 4"
    record = encode_record("Judge this.", output, encode, end_id=2, pad_to=40, pad_id=0)
    head, tail = len("Judge this."), len(output) + 1
    assert record.labels[:head] == (IGNORED,) * head
    assert record.labels[head : head + tail] == record.input_ids[head : head + tail]
    assert record.labels[head + tail - 1] == 2
    assert record.labels[head + tail :] == (IGNORED,) * (40 - head - tail)
    assert len(record.input_ids) == len(record.labels) == len(record.attention_mask) == 40
    assert sum(record.attention_mask) == head + tail


def test_w6_an_over_long_record_is_dropped_and_counted() -> None:
    rows = [{"instruction": "a" * n, "output": "b [RESULT] 3"} for n in (10, 2_048, 2_048 - 13)]
    found = build_training_set(rows, encode, end_id=2)
    assert [record.id for record in found.records] == [0, 2]
    assert (found.dropped, found.cut) == ((1,), ())


def test_w6_over_long_records_are_cut_only_as_published() -> None:
    rows = [{"instruction": "a" * 2_040, "output": "feedback [RESULT] 3"}]
    published = build_training_set(rows, encode, end_id=2, as_published={"cut-records"})
    assert (published.cut, published.dropped) == ((0,), ())
    assert "".join(map(chr, published.records[0].input_ids)).endswith("feedback")  # the score is gone
    assert len(published.records[0].input_ids) == 2_048
    assert build_training_set(rows, encode, end_id=2).dropped == (0,)


@pytest.mark.parametrize(("scores", "unbalanced"), [((1, 2, 3, 4, 5, 5), ("kind",)), ((1, 2, 3, 4, 5), ())])
def test_w6_unbalanced_scores_are_reported(scores: tuple[int, ...], unbalanced: tuple[str, ...]) -> None:
    given = [{"instruction": "Ask", "feedback": "Well.", "score": s, "rubric": "kind"} for s in scores]
    written = [{"instruction": "Ask", "output": f"Well. [RESULT] {s}", "rubric": "kind"} for s in scores]
    for rows in (given, written):
        assert build_training_set(rows, encode, end_id=2).unbalanced == unbalanced


# --- 7: pairs by an absolute judge ---


def by_table(scores: dict[str, int]) -> ScriptedModel:
    def script(messages: Sequence[Message], sampling: Sampling) -> str:
        text = messages[-1]["content"]
        return next(f"So. [RESULT] {s}" for response, s in scores.items() if response in text)

    return ScriptedModel(script)


THREE = {"good p1": 5, "bad p1": 3, "good p2": 4, "bad p2": 4, "good p3": 2, "bad p3": 3}


@pytest.mark.parametrize(("ties", "accuracy"), [("half", 0.5), ("wrong", 0.3333)])
async def test_w7_pairwise_accuracy(ties: str, accuracy: float) -> None:
    model = by_table(THREE)
    config = PrometheusConfig(ties=ties)  # type: ignore[arg-type]
    result = await run_pairs(model, [pair("p1"), pair("p2"), pair("p3")], config=config)
    assert result.accuracy.value == pytest.approx(accuracy, abs=1e-4)
    assert (len(model.calls), result.undecided) == (6, ())
    assert [line["accuracy"] for line in result.published_lines()] == [1, 0, 0]


async def test_w7_drawing_ties_again_stops_after_five_and_reports_the_pair() -> None:
    model = by_table(THREE)
    result = await run_pairs(model, [pair("p1"), pair("p2"), pair("p3")])
    assert len(model.calls) == 6 + 2 * 5
    assert result.undecided == ("p2",)
    assert (result.scored[1].resamples, result.rows()[1]["undecided"]) == (5, True)
    assert (result.accuracy.value, result.accuracy.n) == (0.5, 2)
    assert result.accuracy.failures == {"undecided": 1}


async def test_w7_ties_are_drawn_again_without_end_only_as_published() -> None:
    def script(messages: Sequence[Message], sampling: Sampling) -> str:
        better = sampling.sample >= 20 and "good" in messages[-1]["content"]
        return f"So. [RESULT] {4 if better else 3}"

    published = await run_pairs(ScriptedModel(script), [pair("p")], as_published={"endless-ties"})
    assert (published.scored[0].resamples, published.accuracy.value) == (20, 1.0)
    assert (await run_pairs(ScriptedModel(script), [pair("p")])).undecided == ("p",)


async def test_w7_of_a_pair_labelled_tie_equal_scores_are_right_and_drawn_once() -> None:
    model = by_table(THREE)
    result = await run_pairs(model, [pair("p2", tie=True)])
    assert (result.accuracy.value, len(model.calls), result.undecided) == (1.0, 2, ())
    assert result.published_lines()[0]["tie"] == 1


# --- 8: length bias ---


def test_w8_length_bias_is_a_rank_correlation_or_not_defined() -> None:
    replies = [" ".join(["word"] * n) for n in (10, 20, 30, 40)]
    assert length_bias(replies, [1, 2, 4, 3]).value == pytest.approx(0.8)
    flat = length_bias(replies, [3, 3, 3, 3])
    assert flat.value is None
    assert "not defined" in flat.method


async def test_w8_every_run_reports_it() -> None:
    replies = {10: 1, 20: 2, 30: 4, 40: 3}

    def script(messages: Sequence[Message], sampling: Sampling) -> str:
        return f"So. [RESULT] {replies[messages[-1]['content'].count('word')]}"

    items = [item(f"i{n}", " ".join(["word"] * n)) for n in replies]
    result = await run_scores(ScriptedModel(script), items)
    assert result.length_bias.value == pytest.approx(0.8)
    assert result.agreement().length_bias.value == pytest.approx(0.8)
    pairs = await run_pairs(by_table(THREE), [pair("p1"), pair("p3")])
    assert pairs.length_bias.value is None  # every response has two words


# --- sampling, limits, names ---


async def test_sampling_is_the_scripts() -> None:
    model = ScriptedModel(["So. [RESULT] 3"] * 3)
    await run_scores(model, [item()], seed=9)
    sent = [call.sampling for call in model.calls]
    assert {(s.temperature, s.top_p, s.max_tokens, s.seed) for s in sent} == {(1.0, 0.9, 256, 9)}
    assert sorted(s.sample for s in sent) == [0, 1, 2]
    assert all(dict(s.extra) == {"repetition_penalty": 1.03} for s in sent)
    assert all(call.label == ("prometheus.absolute", "one") for call in model.calls)
    pairs = by_table(THREE)
    await run_pairs(pairs, [pair("p1")], config=BARE)
    assert {(c.sampling.top_p, tuple(c.sampling.extra)) for c in pairs.calls} == {(0.95, ())}


async def test_an_input_over_the_token_limit_is_skipped_and_counted() -> None:
    model = ScriptedModel(["So. [RESULT] 3"] * 3)
    config = PrometheusConfig(count_tokens=lambda text: len(text.split()))
    long = item("long", "word " * 3_100)
    result = await run_scores(model, [long, item()], config=config)
    assert [g.value for g in result.grades] == [None, 3]
    assert {f.kind for f in result.failures} == {"missing"}
    assert "3,072" in result.failures[0].reason
    assert len(model.calls) == 3


async def test_every_result_names_the_judge_and_its_parameters() -> None:
    result = await run_scores(open_model("simulated:judge_noise=0.2"), load_examples()[:2])
    assert result.judge.startswith("judge/simulated:judge_noise=0.2:prometheus@")
    assert all(grade.judge == result.judge for grade in result.grades)
    report = result.agreement().as_dict()
    assert report["judge"] == result.judge
    assert report["parameters"]["temperature"] == 1.0
    assert ABSOLUTE.hash[:8] in result.judge


def test_agreement_with_gpt4_carries_its_caveat() -> None:
    grades = [Grade(float(k), (float(k),), with_reference=True) for k in (1, 3, 5)]
    report = agreement_report(grades, [1, 3, 5], ["a", "a b", "a b c"], "gpt4")
    assert any("GPT-4" in note for note in report.notes)
    assert report.without_reference == 0


# --- side by side ---


async def test_comparisons_are_made_in_both_orders() -> None:
    result = await run_comparisons(open_model("simulated:judge_noise=0"), load_example_pairs())
    assert [p.winner for p in result.preferences] == ["A", "A", "A"]
    assert result.accuracy_with("half").value == 1.0
    assert result.position_bias.balanced
    assert not result.position_bias.flagged
    with pytest.raises(UsageError, match="run_pairs"):
        await run_comparisons(ScriptedModel([]), [PairItem("p", *[ScoredItem("s", prompt="Judge.")] * 2)])


async def test_a_judge_that_always_says_a_prefers_nothing_and_is_flagged() -> None:
    model = ScriptedModel({"": "So. [RESULT] A"})
    result = await run_comparisons(model, [pair(f"p{k}") for k in range(20)], config=PrometheusConfig(samples=1))
    assert {p.winner for p in result.preferences} == {"tie"}
    assert result.position_bias.first_wins.value == 1.0
    assert result.position_bias.flagged
    assert result.accuracy_with("half").value == 0.5


# --- data formats ---


WHOLE = "###Task:\nWrite feedback, then [RESULT] and 1 to 5.\n###Response to evaluate:\nA short reply.\n###Feedback:"


def test_published_lines_are_read(tmp_path: Path) -> None:
    rows = [
        {"idx": k, "response_source": "x", "category": "roleplay", "instruction": WHOLE, "gpt4_score": [4, 4, 5]}
        for k in range(2)
    ]
    file = tmp_path / "vicuna_eval.json"
    file.write_text(to_lines(rows), encoding="utf-8")
    items = load_scored(file)
    assert [i.id for i in items] == ["0", "1"]
    assert (items[0].prompt, items[0].response, items[0].gpt4) == (WHOLE, "A short reply.", (4, 4, 5))
    assert items[0].meta["category"] == "roleplay"
    file.write_text(json.dumps(rows), encoding="utf-8")
    assert load_scored(file) == items


async def test_ready_made_prompts_are_sent_as_they_are_and_written_back(tmp_path: Path) -> None:
    file = tmp_path / "mt_bench_eval.jsonl"
    file.write_text(to_lines([{"idx": 7, "category": "roleplay", "instruction": WHOLE}]), encoding="utf-8")
    model = ScriptedModel(["Short. [RESULT] 2"] * 3)
    result = await run_scores(model, load_scored(file))
    assert model.calls[0].messages[-1]["content"] == WHOLE
    (line,) = result.published_lines()
    assert line["prometheus_score"] == [2, 2, 2]
    assert line["prometheus_output"] == ["Short. [RESULT] 2"] * 3
    assert (line["idx"], line["category"], line["instruction"]) == ("7", "roleplay", WHOLE)


async def test_alignment_pairs_are_read_scored_and_written(tmp_path: Path) -> None:
    file = tmp_path / "hhh_alignment_eval.json"
    rows = [{"source": "honest", "chosen_instruction": WHOLE, "rejected_instruction": WHOLE.replace("short", "rude")}]
    file.write_text(json.dumps(rows), encoding="utf-8")
    (one,) = load_pairs(file)
    assert (one.source, one.tie, one.rejected.response) == ("honest", False, "A rude reply.")
    result = await run_pairs(by_table({"short": 4, "rude": 1}), [one])
    assert result.published_lines() == [
        {
            "source": "honest",
            "tie": 0,
            "chosen_output": "So. [RESULT] 4",
            "chosen_score": 4,
            "rejected_output": "So. [RESULT] 1",
            "rejected_score": 1,
            "accuracy": 1,
        }
    ]


def test_a_pointer_in_place_of_the_data_is_named(tmp_path: Path) -> None:
    file = tmp_path / "vicuna_eval.json"
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"vicuna_eval\.json.*git lfs pull"):
        load_scored(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"idx": 1}', "line 1: field 'instruction'"),
        ('{"idx": 1, "instruction": "a", "gpt4_score": [9]}', "field 'gpt4_score'"),
        ('{"idx": 1, "instruction": "a"}\n{"idx": 1, "instruction": "b"}', "field 'idx'"),
        ('{"idx": 1, "instruction": "a", "response": "b", "rubric": {"criteria": "c", "score1": "d"}}', "levels"),
        ("[1]", "entry 1: expected a JSON object"),
        ("{broken", "line 1: .*expected JSON"),
    ],
)
def test_a_line_that_is_no_item_is_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "items.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=message):
        load_scored(file)


@pytest.mark.parametrize("unit", ["### Response\n", "###", "### Response " + " " * 50, "\n#", "### Response\n## "])
def test_hostile_prompts_are_searched_in_linear_time(unit: str) -> None:
    response_in(unit * 20_000)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        load_pairs(tmp_path / "none.json")


# --- runs and the whole ---


async def test_a_run_is_recorded_and_repeated_without_a_call(tmp_path: Path) -> None:
    def simulated() -> ScriptedModel:
        return ScriptedModel({"": "So. [RESULT] 3"}, name="judge")

    first = simulated()
    with Run.open(tmp_path / "run", {"what": "scores"}, seed=1) as run:
        before = await run_scores(run.model(first), load_examples(), run=run)
    again = simulated()
    with Run.open(tmp_path / "run", {"what": "scores"}, seed=1) as run:
        after = await run_scores(run.model(again), load_examples(), run=run)
    assert (len(first.calls), len(again.calls)) == (15, 0)
    assert before.rows() == after.rows()


def test_all_errata_at_once_and_unknown_ids() -> None:
    judge = prometheus_judge(ScriptedModel([]), as_published=True)
    assert judge.asks == 1_000
    with pytest.raises(UsageError, match="no erratum"):
        prometheus_judge(ScriptedModel([]), as_published={"nothing"})
    assert layout().steps == STEPS


@pytest.mark.parametrize("wrong", [{"samples": 0}, {"retries": -1}, {"ties": "random"}])
def test_a_configuration_out_of_range_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        PrometheusConfig(**wrong)  # type: ignore[arg-type]
