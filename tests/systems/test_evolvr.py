"""EvolvR: rewards, tags, reversal, filters, synthesis, panels of readers; statements 1 to 7 of the method page."""

from __future__ import annotations

import asyncio
import json
import math
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.chat import Message, Reply, Sampling, TokenLogprob
from personarium.core.errors import InvalidInput, UsageError
from personarium.judges.evolvr import (
    ASPECTS,
    READERS,
    ChatContinuation,
    EvolvRConfig,
    Story,
    StoryPair,
    candidates_of_records,
    check_logits,
    evaluator_reward,
    filter_candidates,
    generation_reward,
    judge_stories,
    pairs_of_stories,
    panel_error,
    read_hanna,
    read_pairs,
    read_records,
    reversed_scores,
    rule_check,
    run_evolvr,
    side_by_side,
    split_by_prompt,
    with_scores,
    write_records,
)
from personarium.judges.evolvr.logit_check import read_position
from personarium.judges.evolvr.method import CONTRACT
from personarium.judges.evolvr.rewards import evaluator_length, relative_term, score_reward, scores_reward, story_length
from personarium.judges.evolvr.steps import read_fits, read_reasoning, read_revision
from personarium.models.scripted import ScriptedModel
from personarium.testing import check_system

PAIR = StoryPair("p", "A prompt.", "The first story.", "The second story.", "Surprise", (2, 5))
NEW = {"Relevance": 5, "Coherence": 4, "Surprise": 3, "Empathy": 3, "Engagement": 4, "Complexity": 3}
REFERENCE = {"Relevance": 4, "Coherence": 4, "Surprise": 2, "Empathy": 3, "Engagement": 4, "Complexity": 3}


def tagged(first: object, second: object, true_1: object = None, true_2: object = None) -> str:
    """An output with its four tags."""
    t1, t2 = first if true_1 is None else true_1, second if true_2 is None else true_2
    return (
        f"### Content Analysis\nBoth.\nStory 1 <ANSWER>{first}</ANSWER>\nStory 2 <ANSWER>{second}</ANSWER>\n"
        f"<Score1_TRUE_ANSWER>{t1}</Score1_TRUE_ANSWER>\n<Score2_TRUE_ANSWER>{t2}</Score2_TRUE_ANSWER>"
    )


def answer_of(score: int, length: int) -> str:
    text = f"<ANSWER>{score}</ANSWER>"
    return "x" * (length - len(text)) + text


def pairs(new: Mapping[str, int], reference: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    return {aspect: (float(new[aspect]), float(reference[aspect])) for aspect in new}


# --- 1: rewards ---


@pytest.mark.parametrize(
    ("predicted", "gold", "length", "reward"),
    [
        (4, 4, 1000, 1.0),
        (3, 4, 1000, 0.7246),
        (2, 4, 1000, 0.5575),
        (4, 4, 100, 0.86),
        (4, 4, 3000, 1.0),
        (3, 4, 250, 0.5746),
        (2, 5, 1000, 0.4562),
        (3, 4, 3000, 0.6866),
    ],
)
def test_w1_evaluator_rewards(predicted: int, gold: int, length: int, reward: float) -> None:
    assert score_reward(predicted, gold, length) == reward
    assert evaluator_reward(answer_of(predicted, length), gold) == reward
    assert evaluator_reward(answer_of(predicted, length), gold, as_published=True) == reward


def test_w1_inner_spaces_earn_nothing_only_as_published() -> None:
    spaced = "<ANSWER> 4 </ANSWER>"
    assert evaluator_reward(spaced, 4, as_published=True) == 0.0
    assert evaluator_reward(spaced, 4, as_published={"inner-spaces"}) == 0.0
    assert evaluator_reward(spaced, 4) == score_reward(4, 4, len(spaced)) > 0.8
    assert evaluator_reward("no tag", 4) == 0.0
    assert evaluator_reward("<ANSWER>4</ANSWER>", None) == 0.0
    assert evaluator_reward("<ANSWER>four</ANSWER><ANSWER>4</ANSWER>", 4) > 0.8  # the first one with a number


@pytest.mark.parametrize(
    ("new", "reference", "length", "reward"),
    [
        (NEW, REFERENCE, 1000, 0.5232),
        (NEW, REFERENCE, 1700, 0.5043),
        (dict(REFERENCE, Surprise=3), dict(REFERENCE, Surprise=3), 1000, 0.2830),
        (dict.fromkeys(NEW, 3), dict.fromkeys(NEW, 4), 400, 0.1000),
    ],
)
def test_w1_generation_rewards(new: Any, reference: Any, length: int, reward: float) -> None:
    assert scores_reward(pairs(new, reference), length, as_published=True) == reward


def test_w1_length_terms_are_continuous() -> None:
    for at, term in ((500, evaluator_length), (2000, evaluator_length), (800, story_length), (1200, story_length)):
        assert term(at - 1e-6) == pytest.approx(term(at), abs=1e-6)
        assert term(at + 1e-6) == pytest.approx(1.0, abs=1e-6)


def test_w1_the_published_relative_term_pays_a_draw_more_than_a_small_win() -> None:
    assert relative_term(0, monotone=False) == pytest.approx(0.146212, abs=1e-6)
    assert relative_term(0.05, monotone=False) == pytest.approx(0.048771, abs=1e-6)
    assert relative_term(0.214286, monotone=False) == pytest.approx(0.192882, abs=1e-6)
    assert relative_term(4 - 3.428571, monotone=False) == pytest.approx(0.435282, abs=1e-6)
    assert relative_term(-1, monotone=False) == pytest.approx(2.4679e-5, abs=1e-9)
    assert relative_term(0.158, monotone=False) < relative_term(0.0) < relative_term(0.1582, monotone=False)


def test_a_draw_pays_more_than_a_small_win_only_as_published() -> None:
    draw, win = dict.fromkeys(NEW, 3), dict.fromkeys(NEW, 3) | {"Complexity": 4}  # d = 1/14
    published = [scores_reward(pairs(new, draw), 1000, as_published={"draw-pays-more"}) for new in (draw, win)]
    right = [scores_reward(pairs(new, draw), 1000) for new in (draw, win)]
    assert published[1] < published[0]
    assert right[1] > right[0] == published[0]
    assert relative_term(1e-9) == pytest.approx(relative_term(0), abs=1e-8)  # no jump


@given(st.floats(-4, 4), st.floats(0, 4))
def test_the_right_relative_term_never_falls(difference: float, more: float) -> None:
    assert 0.0 <= relative_term(difference) <= relative_term(difference + more) <= 1.0


def test_an_unread_pair_counts_0_0_only_as_published() -> None:
    outputs = {name: f"new <ANSWER>{NEW[name]}</ANSWER> ref <ANSWER>{REFERENCE[name]}</ANSWER>" for name in NEW}
    assert generation_reward(outputs, 1000, as_published=True) == 0.5232
    broken = outputs | {"Relevance": "only <ANSWER>5</ANSWER>"}
    a, b = (14 * 4.0 - 25) / 14, (14 * 3.428571 - 20) / 14  # both means lose the aspect of weight 5
    expected = 0.1 * (a - 1) / 4 + 0.8 * (1 - math.exp(-(a - b))) + 0.1
    assert generation_reward(broken, 1000, as_published=True) == pytest.approx(expected, abs=1e-4)
    kept = {name: pair for name, pair in pairs(NEW, REFERENCE).items() if name != "Relevance"}
    assert generation_reward(broken, 1000) == scores_reward(kept, 1000)


def test_a_failed_evaluator_pays_0_only_as_published() -> None:
    assert generation_reward(None, 1000) is None
    assert generation_reward({"Relevance": None}, 1000) is None
    assert generation_reward(None, 1000, as_published=True) == 0.0
    with pytest.raises(InvalidInput, match="aspects among Relevance"):
        scores_reward({"Humour": (1.0, 2.0)}, 1000)
    with pytest.raises(UsageError, match="no erratum 'x'"):
        generation_reward(None, 1, as_published={"x"})


# --- 2: the rule check ---


def test_w2_rule_check() -> None:
    assert rule_check(tagged(2, 5)).text == tagged(2, 5)
    assert rule_check(tagged(" 2 ", 5, " 2 ", 5)).text == tagged(2, 5)
    assert "<ANSWER>2</ANSWER>" in (rule_check(tagged(" 2 ", 5, 2, 5)).text or "")
    dropped = {
        "the tag Score2_TRUE_ANSWER is missing": tagged(2, 5).split("<Score2")[0],
        "two ANSWER tags are wanted, found 1": tagged(2, 5).replace("<ANSWER>2</ANSWER>", "2"),
        "two ANSWER tags are wanted, found 3": tagged(2, 5) + "<ANSWER>5</ANSWER>",
        "ANSWER 1 is '5', and the true score is '2'": tagged(5, 2, 2, 5),
        "ANSWER 1 is '2.0', and the true score is '2'": tagged("2.0", 5, 2, 5),
    }
    for reason, text in dropped.items():
        found = rule_check(text)
        assert (found.kept, found.reason) == (False, reason)


@given(st.text(alphabet="<>/ANSWERScore12_TRUE 345", max_size=300))
def test_any_text_is_kept_or_dropped_with_a_reason(text: str) -> None:
    found = rule_check(text)
    assert found.kept == (found.reason == "")


def test_hostile_tags_cost_linear_time() -> None:
    for text in ("<ANSWER>" * 50_000, "<ANSWER> " * 50_000, "<Score1_TRUE_ANSWER>" * 20_000, "### analysis\n" * 50_000):
        assert not rule_check(text).kept
        read_reasoning(text + "</ANSWER>")
        read_fits(text)


# --- 3: reversal ---


@pytest.mark.parametrize(("original", "without"), [((2, 5), (5, 2)), ((2, 4), (4, 2))])
def test_w3_nine_reversed_pairs(original: tuple[int, int], without: tuple[int, int]) -> None:
    rng = random.Random(0)
    seen = {reversed_scores(original, rng) for _ in range(5_000)}
    assert seen == {(a, b) for a in range(1, 6) for b in range(1, 6) if a > b} - {without}
    assert len(seen) == 9
    assert all(a < b for a, b in (reversed_scores((original[1], original[0]), rng) for _ in range(200)))


def test_w3_equal_scores_stay_and_tags_agree() -> None:
    assert reversed_scores((3, 3), random.Random(0)) == (3, 3)
    assert reversed_scores((2, 5), random.Random(7)) == reversed_scores((2, 5), random.Random(7))
    assert with_scores(tagged(2, 5), (4, 1)) == tagged(4, 1)


def test_w3_the_reversal_that_is_judged_is_the_one_that_is_stored_but_as_published() -> None:
    def stored_and_judged(as_published: Any) -> list[tuple[str, str]]:
        model = ScriptedModel(lambda m, s: "<ANSWER>No</ANSWER>")
        records = [{"instruction": "i", "output": tagged(2, 5)}] * 20
        config = EvolvRConfig(self_check=False)
        found = asyncio.run(
            filter_candidates(
                model, candidates_of_records(records), config=config, as_published=as_published, concurrency=1
            )
        )
        shown = [call.messages[-1]["content"] for call in model.calls]
        return [(c.swapped, text) for c, text in zip(found.candidates, shown, strict=True)]

    assert all(stored in shown for stored, shown in stored_and_judged(False))
    assert not all(stored in shown for stored, shown in stored_and_judged({"second-swap"}))


# --- 4: robustness ---


def test_w4_robustness_filter() -> None:
    said = (
        ["<ANSWER>No</ANSWER>"] * 4
        + ["<ANSWER>Yes</ANSWER>"] * 3
        + ["It does not fit.", "No"]
        + ["<ANSWER>no</ANSWER>"]
    )
    candidates = candidates_of_records([{"instruction": "i", "output": tagged(2, 5)}] * 10)
    config = EvolvRConfig(self_check=False)
    found = asyncio.run(filter_candidates(ScriptedModel(said), candidates, config=config))
    assert len(found.kept) == 5
    assert sum(c.reason == "reversed scores were found to fit" for c in found.candidates) == 3
    assert [f.kind for f in found.failures] == ["unparsed", "unparsed"]
    assert found.dropped()["robustness check"] == 5
    always = ScriptedModel(lambda m, s: "<ANSWER>Yes</ANSWER>")
    assert asyncio.run(filter_candidates(always, candidates, config=config)).kept == ()


# --- 5: logits ---


class Tokens:
    """A source that gives the same log-probabilities at every place, or others at the second."""

    def __init__(self, first: Mapping[str, float], second: Mapping[str, float] | None = None) -> None:
        self.tokens = (first, second or first)
        self.prefixes: list[str] = []

    async def next_token(self, instruction: str, prefix: str) -> Mapping[str, float]:
        self.prefixes.append(prefix)
        return self.tokens[(len(self.prefixes) - 1) % 2]


def test_w5_logit_check() -> None:
    likely_two = {"1": -3.0, "2": -0.1, "3": -2.5}
    assert read_position(likely_two, "2").is_best
    assert read_position(likely_two, "2").is_overall_best
    assert not read_position(likely_two, "3").is_best
    word = read_position({"the": -0.1, "2": -3.0}, "2")
    assert (word.is_best, word.is_overall_best) == (True, False)
    for true in "12345":
        assert not read_position({"the": -0.1, "a": -3.0}, true).is_best
    record = {"instruction": "i", "input": "", "output": tagged(2, 5)}
    one_fails = asyncio.run(check_logits(record, Tokens(likely_two)))  # 2 passes, 5 does not
    assert [p.is_best for p in one_fails.positions] == [True, False]
    assert not one_fails.kept
    source = Tokens(likely_two, {"5": -0.2, "4": -1.0})
    assert asyncio.run(check_logits(record, source)).kept
    assert [prefix[-15:] for prefix in source.prefixes] == ["tory 1 <ANSWER>", "tory 2 <ANSWER>"]
    candidates = candidates_of_records([record])
    config = EvolvRConfig(self_check=False, robustness=False)
    dropped = asyncio.run(filter_candidates(ScriptedModel([]), candidates, config=config, logits=Tokens(likely_two)))
    assert dropped.dropped()["logit check"] == 1


def test_no_label_among_the_tokens_passes_a_true_score_of_1_only_as_published() -> None:
    nothing = {"the": -0.1, "a": -3.0}
    assert read_position(nothing, "1", as_published=True).is_best
    assert not read_position(nothing, "1").is_best
    assert read_position(nothing, "1").to_dict()["best_choice_predicted"] is None


def test_a_chat_endpoint_goes_on_with_a_begun_answer() -> None:
    seen: list[tuple[Sequence[Message], Sampling]] = []

    def reply(messages: Sequence[Message], sampling: Sampling) -> Reply:
        seen.append((messages, sampling))
        return Reply("2", logprobs=(TokenLogprob("2", -0.1, (("2", -0.1), (" 3", -2.0))),))

    source = ChatContinuation(ScriptedModel(reply))
    assert asyncio.run(source.next_token("ask", "begun <ANSWER>")) == {"2": -0.1, " 3": -2.0}
    messages, sampling = seen[0]
    assert messages[-1] == {"role": "assistant", "content": "begun <ANSWER>"}
    assert (sampling.temperature, sampling.max_tokens, sampling.top_logprobs) == (0.0, 1, 20)
    with pytest.raises(UsageError, match="gives no log-probabilities"):
        asyncio.run(ChatContinuation(ScriptedModel(["2"])).next_token("ask", "begun"))


# --- 6: pairwise against pointwise ---


def test_w6_side_by_side_beats_single_calls() -> None:
    found = side_by_side(20_000, seed=1)
    assert found.pair_correlation == pytest.approx(math.sqrt(2 / 2.5), abs=0.02)
    assert found.single_correlation == pytest.approx(1 / 1.5, abs=0.02)
    assert found.pair_right == pytest.approx(0.85, abs=0.02)
    assert found.single_right == pytest.approx(0.73, abs=0.02)


# --- 7: synthesis, panels ---


def writes(messages: Sequence[Message], sampling: Sampling) -> str:
    """Reasons towards the scores that the prompt holds."""
    first, second = re.findall(r"Story \d: (\d)\n?", messages[-1]["content"].split("<materials>")[1])[:2]
    return f"Well.\n### Content Analysis\nBoth.\nStory 1 <ANSWER> {first} </ANSWER>\nStory 2 <ANSWER> {second} </ANSWER>\nBye."


def test_w7_ten_records_a_pair_with_swapped_scores_and_prompts_without() -> None:
    config = EvolvRConfig(self_check=False, robustness=False)
    model = ScriptedModel(writes)
    found = asyncio.run(run_evolvr(model, [PAIR], config=config, concurrency=1))
    assert len(found.records()) == 10
    outputs = [record["output"] for record in found.records()]
    assert [o.count("<Score1_TRUE_ANSWER>2</") for o in outputs] == [1] * 5 + [0] * 5
    assert [o.count("<Score1_TRUE_ANSWER>5</") for o in outputs] == [0] * 5 + [1] * 5
    assert all(o.startswith("### Content Analysis") and "Bye" not in o for o in outputs)
    for record, call in zip(found.records(), model.calls, strict=True):
        assert "Story 1: 2" not in record["instruction"] and "Story 1: 5" not in record["instruction"]
        assert "materials" not in record["instruction"]
        assert "<materials>" in call.messages[-1]["content"]
        assert set(record) == {"instruction", "input", "output"}
    assert Counter(c.reader for c in found.kept) == dict.fromkeys(READERS, 2)
    assert [(call.sampling.temperature, call.sampling.top_p, call.sampling.max_tokens) for call in model.calls] == [
        (1.0, 0.95, 1000)
    ] * 10


def test_w7_an_answer_with_one_closing_tag_is_dropped_and_counted() -> None:
    broken = "### Content Analysis\nBoth <ANSWER>2</ANSWER> and <ANSWER>5"
    model = ScriptedModel(writes, faults={3: broken})
    config = EvolvRConfig(self_check=False, robustness=False)
    found = asyncio.run(run_evolvr(model, [PAIR], config=config, concurrency=1))
    assert len(found.records()) == 9
    assert found.dropped()["synthesis"] == 1
    assert [f.kind for f in found.failures] == ["unparsed"]


@pytest.mark.parametrize("readers", [1, 2, 5])
def test_w7_the_mean_of_independent_readers(readers: int) -> None:
    assert panel_error(readers, seed=readers) == pytest.approx(1 / readers, rel=0.1)
    assert panel_error(readers, shared_bias=1.0, seed=readers) > 1.0


def test_w7_the_report_says_that_personas_of_one_model_are_not_independent() -> None:
    (judged,) = asyncio.run(judge_stories(ScriptedModel(lambda m, s: tagged(2, 5)), [PAIR]))
    assert "not independent" in judged.note


# --- the self check ---


def test_the_self_check_keeps_the_revision_and_drops_what_has_none() -> None:
    revised = f"Problems: none.\n### Revised result:\n{tagged(2, 5)} and more"
    replies = [
        revised,
        "Problems: all.",
        revised.replace("<ANSWER>2", "<ANSWER>3").replace("TRUE_ANSWER>2", "TRUE_ANSWER>3"),
    ]
    candidates = candidates_of_records([{"instruction": "i", "output": tagged(2, 5)}] * 3)
    config = EvolvRConfig(robustness=False)
    found = asyncio.run(filter_candidates(ScriptedModel(replies), candidates, config=config, concurrency=1))
    assert [c.kept for c in found.candidates] == [True, False, False]
    assert found.candidates[0].output == tagged(2, 5)
    assert found.candidates[1].failure is not None
    assert found.candidates[2].dropped_by == "self check"
    form = "Problems: none. Revised result: Better. Story 1: weak Story 2: strong"
    values = read_revision(form, ("2", "5"))
    assert isinstance(values, dict)
    assert rule_check(values["text"]).kept
    assert "strong <ANSWER>5</ANSWER>" in values["text"]


def test_a_missing_revision_is_stored_as_nothing_only_as_published() -> None:
    candidates = candidates_of_records([{"instruction": "i", "output": tagged(2, 5)}])
    config = EvolvRConfig(robustness=False)
    for as_published, kept in ((False, 0), ({"null-self-check"}, 1)):
        model = ScriptedModel(["Nothing."])
        found = asyncio.run(filter_candidates(model, candidates, config=config, as_published=as_published))
        assert len(found.kept) == kept
    assert found.records()[0]["output"] == ""


# --- the panel ---


def test_the_panel_means_its_readers_and_turns_swapped_scores_back() -> None:
    def likes_long(messages: Sequence[Message], sampling: Sampling) -> str:
        first = messages[-1]["content"].split("<response_a>\n")[1].startswith("The first")
        return tagged(4, 2) if first else tagged(2, 4)

    (judged,) = asyncio.run(judge_stories(ScriptedModel(likes_long), [PAIR]))
    assert judged.scores == (4.0, 2.0)
    assert (judged.difference, judged.consistent) == (2.0, 1.0)
    assert len(judged.readings) == 10
    follows = ScriptedModel(lambda m, s: tagged(5, 1))
    (placed,) = asyncio.run(judge_stories(follows, [PAIR]))
    assert (placed.difference, placed.consistent) == (0.0, 0.0)


def test_what_no_reader_says_is_missing_and_no_zero() -> None:
    (judged,) = asyncio.run(judge_stories(ScriptedModel(lambda m, s: "I cannot say."), [PAIR]))
    assert (judged.scores, judged.difference, len(judged.failures)) == (None, None, 10)
    out_of_range = ScriptedModel(lambda m, s: tagged(9, 2))
    (judged,) = asyncio.run(judge_stories(out_of_range, [PAIR]))
    assert judged.scores is None


def test_the_form_that_is_shown_is_read_as_well_as_the_tags() -> None:
    values = read_reasoning("Analysis: both fine. Story 1: good [ANSWER] 4 Story 2: less so [ANSWER] 2")
    assert isinstance(values, dict)
    assert values["scores"] == ["4", "2"]
    assert "good <ANSWER>4</ANSWER>" in values["text"]
    assert read_fits("[ANSWER] yes") == {"fits": True}


# --- data ---


def hanna(path: Path, prompts: int) -> Path:
    head = ",".join(["Prompt", "Story", *ASPECTS])
    rows = [
        f"prompt {p},story {p}-{s},{','.join(str(1 + (p + s + k + a) % 5) for a in range(6))}"
        for p in range(prompts)
        for s in range(2)
        for k in range(3)
    ]
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def test_hanna_is_averaged_over_three_rows_and_split_over_prompts(tmp_path: Path) -> None:
    stories = read_hanna(hanna(tmp_path / "hanna.csv", 20))
    assert len(stories) == 40
    assert stories[0].scores["Relevance"] == 2.0  # 1, 2, 3
    sides = split_by_prompt(stories)
    assert [len(sides[name]) for name in ("train", "validation", "test")] == [32, 4, 4]
    prompts = [{s.prompt for s in side} for side in sides.values()]
    assert not (prompts[0] & prompts[1] or prompts[1] & prompts[2] or prompts[0] & prompts[2])
    assert split_by_prompt(stories) == sides
    made = pairs_of_stories(stories, ["Surprise"])
    assert len(made) == 20
    assert made[0].scores is not None
    assert Story("p", "s", {"Surprise": 3.0}).good_enough_to_learn_from
    with pytest.raises(InvalidInput, match="at least ten different prompts"):
        split_by_prompt(stories[:4])


def test_a_broken_hanna_table_is_named(tmp_path: Path) -> None:
    path = hanna(tmp_path / "hanna.csv", 2)
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(lines[:-1]), encoding="utf-8")
    with pytest.raises(InvalidInput, match="3 rows for each story, found '11 rows'"):
        read_hanna(path)
    path.write_text("\n".join([*lines[:2], lines[-1], *lines[3:]]), encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"hanna\.csv:3: field 'Story'"):
        read_hanna(path)
    path.write_text("\n".join([lines[0], lines[1].replace(",1,", ",6,"), *lines[2:4]]), encoding="utf-8")
    with pytest.raises(InvalidInput, match="a number from 1 to 5"):
        read_hanna(path)
    path.write_text("Prompt,Story\na,b\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="field 'Relevance'"):
        read_hanna(path)


def test_pairs_and_records_are_read_and_written(tmp_path: Path) -> None:
    row = {"prompt": "P", "story_1": "A", "story_2": "B", "aspect": "Surprise", "score_1": 2, "score_2": 5}
    path = tmp_path / "pairs.jsonl"
    path.write_text(json.dumps(row) + "\n" + json.dumps({k: row[k] for k in ("prompt", "story_1", "story_2")}) + "\n")
    found = read_pairs(path)
    assert [(p.aspect, p.scores) for p in found] == [("Surprise", (2, 5)), ("Engagement", None)]
    for bad, message in (({"score_1": 7}, "whole number from 1 to 5"), ({"score_2": None}, "both scores or none")):
        path.write_text(json.dumps(row | bad) + "\n", encoding="utf-8")
        with pytest.raises(InvalidInput, match=message):
            read_pairs(path)
    records = [{"instruction": "i", "input": "", "output": tagged(2, 5)}]
    for name in ("r.json", "r.jsonl"):
        assert read_records(write_records(records, tmp_path / name)) == records
    with pytest.raises(InvalidInput, match="true scores of both stories"):
        asyncio.run(run_evolvr(ScriptedModel([]), [found[1]]))


async def test_evolvr_passes_the_contract() -> None:
    from personarium.catalog import find_system

    findings = await check_system(find_system("evolvr"))
    assert findings.problems == []
    assert CONTRACT.first is not None
