"""Reward calibration: the page's statements (7 trains a tiny byte transformer made here), faults, bad input."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from personarium.catalog import SystemRow
from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.measure.reward_calibration import (
    ConfidenceConfig,
    ConfidenceRecord,
    Question,
    arithmetic_questions,
    ask_questions,
    confidence_bias,
    evaluate,
    probe_texts,
    read_confidence,
    read_confidence_table,
    read_questions,
)
from personarium.measure.reward_calibration.method import is_right
from personarium.models import ScriptedModel, open_model
from personarium.steer.reward_calibration import (
    CDPOSettings,
    PPOCReward,
    PPOCSettings,
    calibrated_rewards,
    cdpo_loss,
    confidence_rows,
    confidence_system_message,
    correct_reward,
    next_mean,
    reward_model_loss,
    strongest_half,
)
from personarium.testing import check_system

STATED, RIGHT = (0.95, 0.95, 0.85, 0.85, 0.65, 0.65), (1, 0, 1, 0, 1, 1)
EDGES, EDGES_RIGHT = (1, 1, 0.9, 0.9, 0.6, 0.6, 0.5, 0.5, 0.1, 0), (1, 0, 1, 1, 1, 1, 0, 0, 1, 0)
REWARDS = {
    "chosen_high": 1.2,
    "chosen_low": 0.7,
    "rejected_high": -0.4,
    "rejected_low": 0.1,
    "chosen": 1.0,
    "rejected": -0.2,
}
FEW = ConfidenceConfig(draws=20)


def records(stated: object, right: object) -> list[ConfidenceRecord]:
    return [
        ConfidenceRecord(str(k), confidence=p, correct=None if y is None else bool(y))
        for k, (p, y) in enumerate(zip(stated, right, strict=True))  # type: ignore[call-overload]
    ]


# --- works when ---


def test_w1_corrected_rewards() -> None:
    cases = [((2, 0.9), 2.8, 2.4), ((2, 0.1), 1.2, 1.6), ((-1, 0.9), -2.6, -1.2), ((-1, 0.1), 0.6, -0.8)]
    for (reward, confidence), difference, threshold in cases:
        assert correct_reward(reward, confidence, 1.0) == pytest.approx(difference)
        assert correct_reward(reward, confidence, 1.0, "threshold") == pytest.approx(threshold)
    for reward in (2.0, -1.0):
        assert correct_reward(reward, 0.5, 1.0) == reward == correct_reward(reward, 0.5, 1.0, "threshold")
    assert correct_reward(1.0, 0.9, 1.0, "threshold") == pytest.approx(1.2)


def test_w2_the_running_mean_is_updated_first_and_rewards_are_clipped_before() -> None:
    assert next_mean(1.0, (2, -1, 3)) == pytest.approx(1.033333, abs=1e-6)
    corrected, mean = calibrated_rewards((2, -1, 3), (0.9, 0.9, 0.9), 1.0)
    assert mean == pytest.approx(1.033333, abs=1e-6)
    assert corrected == pytest.approx([2.773333, -2.626667, 4.573333], abs=1e-6)
    assert next_mean(1.0, (40,)) == pytest.approx(1.9)
    assert calibrated_rewards((40,), (0.5,), 1.0) == ([10.0], pytest.approx(1.9))


def test_w3_losses() -> None:
    assert reward_model_loss(REWARDS) == pytest.approx(0.948154, abs=1e-6)
    assert reward_model_loss(REWARDS, "combined") == pytest.approx(1.211436, abs=1e-6)
    assert reward_model_loss(REWARDS, "variant_1") == pytest.approx(1.235489, abs=1e-6)
    assert reward_model_loss(REWARDS, "KWise") == pytest.approx(1.867656, abs=1e-6)
    swapped = {**REWARDS, "rejected_high": 0.1, "rejected_low": -0.4}
    assert reward_model_loss(swapped) == pytest.approx(1.448154, abs=1e-6)


def test_w3_variant_1_trains_the_default_loss_only_as_published() -> None:
    published = reward_model_loss(REWARDS, "variant_1", as_published={"variant-1-untrained"})
    assert published == pytest.approx(0.948154, abs=1e-6)


def test_w4_metrics() -> None:
    found = evaluate(records(STATED, RIGHT)).figures
    for name, value in {
        "accuracy": 0.666667,
        "ece": 0.383333,
        "brier": 0.315833,
        "roc_auc": 0.25,
        "mpce": 0.3,
        "auprc_positive": 0.583333,
        "auprc_negative": 0.291667,
        "pearson": -0.472456,
        "spearman": -0.433013,
    }.items():
        assert found[name].value == pytest.approx(value, abs=1e-6), name


def test_w4_bin_edges_by_default_and_as_published() -> None:
    edges = records(EDGES, EDGES_RIGHT)
    exact, published = evaluate(edges), evaluate(edges, as_published={"edge-bins"})
    assert exact.figures["ece"].value == pytest.approx(0.39)
    assert published.figures["ece"].value == pytest.approx(0.19)
    assert exact.bins == "10 equal bins closed on the right"
    assert published.bins == "10 equal bins closed on the left, floating-point edges"
    by_value = evaluate(edges, config=ConfidenceConfig(by_value=True, draws=20))
    assert [b.n for b in by_value.reliability] == [1, 1, 2, 2, 2, 2]


def test_w4_all_right_or_all_wrong() -> None:
    for right, word in ((1, "right"), (0, "wrong")):
        found = evaluate(records((0.9, 0.5, 0.7), (right,) * 3), config=FEW)
        assert found.figures["roc_auc"].value is None
        assert f"every item is {word}" in found.figures["roc_auc"].method
        assert f"every answer is {word}: AUROC is not defined" in found.warnings
        assert found.figures["ece"].value == pytest.approx(abs(right - 0.7))
        assert found.figures["brier"].value is not None and found.figures["mpce"].value is not None


def test_w5_parser() -> None:
    seven = read_confidence("The answer is 42.\nConfidence: 7/10.")
    assert (seven.value, seven.text) == (0.7, "The answer is 42.")
    assert read_confidence("confidence: 12").value == 1.0
    assert "above 10" in read_confidence("confidence: 12").warning
    assert read_confidence("Confidence: 8.5").value == pytest.approx(0.85)
    for text in ("Confidence: -2", "Confidence: high", "The answer is 42."):
        none = read_confidence(text)
        assert (none.value, none.trained, none.text) == (None, 0.5, text)


def test_w5_of_several_lines_the_last_counts_and_the_first_as_published() -> None:
    text = "Confidence: 3\nWait. Confidence: 9"
    last, first = read_confidence(text), read_confidence(text, first=True)
    assert (last.value, first.value) == (0.9, 0.3)
    assert last.text == first.text == "Wait."
    assert "2 lines state different confidences" in last.warning


async def test_w5_a_missing_line_is_missing_in_every_metric() -> None:
    questions = [Question("a", "What is 2 + 2?", "4"), Question("b", "What is 2 + 3?", "5")]
    model = ScriptedModel(["Answer: 4\nConfidence: 9", "Answer: 5\nConfidence: high"])
    found = await ask_questions(model, questions, concurrency=1)
    assert [r.confidence for r in found] == [0.9, None]
    report = evaluate(found, config=FEW)
    assert (report.n, report.n_missing_confidence) == (2, 1)
    assert report.figures["accuracy"].value == 1.0
    assert report.figures["brier"].value == pytest.approx(0.01)  # with .5 it would be .13
    assert report.figures["brier"].failures == {"missing": 1}


def test_w6_subjects_of_known_calibration() -> None:
    rng = np.random.default_rng(6)
    stated = rng.integers(0, 11, 20_000) / 10
    honest = evaluate(records(stated, rng.random(20_000) < stated), config=FEW)
    assert (honest.figures["ece"].value or 1) < 0.02
    assert (honest.figures["roc_auc"].value or 0) > 0.8
    right = np.arange(20_000) % 10 < 6  # accuracy .6 exactly
    certain = evaluate(records(np.ones(20_000), right), config=FEW)
    assert certain.figures["ece"].value == pytest.approx(0.4, abs=0.01)
    flat = evaluate(records(np.full(20_000, 0.6), right), config=FEW)
    assert (flat.figures["ece"].value or 0) < 0.01
    assert flat.figures["roc_auc"].value == 0.5
    assert flat.figures["spearman"].value is None and "constant" in flat.figures["spearman"].method
    assert flat.figures["resolution"].value == pytest.approx(0)
    assert any("nothing is told apart" in warning for warning in flat.warnings)


# --- the reward function of a trainer ---


def scored(prompts: object, completions: object) -> list[float]:
    """Length in characters: the scorer must see replies without their confidence lines."""
    return [float(len(text)) for text in completions]  # type: ignore[attr-defined]


def test_the_reward_function_scores_stripped_replies_and_keeps_its_mean() -> None:
    reward = PPOCReward(scored, PPOCSettings(initial_mean=1.0))
    talk = [{"role": "assistant", "content": "ab\nConfidence: 9."}]
    assert reward(["p", "p"], [talk, "abcd"], answer=["x", "y"]) == pytest.approx(
        [2 + 2 * (2 - 1.2) * 0.4, 4.0]  # mean: .1 x 3 + .9 x 1 = 1.2; no line leaves the reward
    )
    assert reward.mean == pytest.approx(1.2)
    assert reward.stated == {0.9: 1, None: 1}
    assert reward.__name__ == "ppo_c_reward"


def test_a_reward_model_without_a_stored_mean_fails_only_as_published() -> None:
    assert PPOCReward(scored).mean == 0.0
    with pytest.raises(UsageError, match="initial_mean"):
        PPOCReward(scored, as_published={"no-stored-mean"})
    assert PPOCReward(scored, PPOCSettings(initial_mean=2.0), as_published=True).mean == 2.0


def test_the_reward_function_reads_the_first_line_only_as_published() -> None:
    text = "Confidence: 3\nWait. Confidence: 9"
    assert PPOCReward(scored).read(text).value == 0.9
    assert PPOCReward(scored, as_published={"first-confidence"}).read(text).value == 0.3


def test_losses_take_tensors_and_keep_their_gradient() -> None:
    torch = pytest.importorskip("torch")
    rewards = {name: torch.tensor([value, value], requires_grad=True) for name, value in REWARDS.items()}
    for loss, value in (("sigmoid", 0.948154), ("KWise", 1.867656)):
        found = reward_model_loss(rewards, loss)
        assert found.item() == pytest.approx(value, abs=1e-6)
        found.backward()
        gradient = rewards["chosen_high"].grad
        assert gradient is not None and (gradient < 0).all()


def test_losses_do_not_overflow_and_average_over_the_batch() -> None:
    far = {name: np.array([0.0, 1e4 * k]) for k, name in enumerate(REWARDS)}
    assert np.isfinite(reward_model_loss(far, "KWise"))
    two = {name: np.array([value, value]) for name, value in REWARDS.items()}
    assert reward_model_loss(two) == pytest.approx(0.948154, abs=1e-6)


def test_cdpo_loss_by_hand() -> None:
    policy = {
        "chosen": -10.0,
        "rejected": -20.0,
        "chosen_high": -1.0,
        "chosen_low": -2.0,
        "rejected_low": -1.0,
        "rejected_high": -1.0,
    }
    zero = dict.fromkeys(policy, 0.0)

    def softplus(x: float) -> float:
        return float(np.log1p(np.exp(x)))

    wanted = 1.0 * (softplus(-0.01) + softplus(0.0)) + softplus(-0.1)
    assert cdpo_loss(policy, zero) == pytest.approx(wanted)
    half = 0.5 * (softplus(-0.01) + softplus(0.0)) + softplus(-0.1)
    assert cdpo_loss(policy, zero, CDPOSettings(weight=0.5)) == pytest.approx(half)


def test_losses_refuse_what_they_do_not_know() -> None:
    with pytest.raises(UsageError, match="no loss"):
        reward_model_loss(REWARDS, "hinge")
    with pytest.raises(InvalidInput, match="chosen_low"):
        reward_model_loss({"chosen_high": 1.0})
    with pytest.raises(InvalidInput, match="finite"):
        calibrated_rewards([float("nan")], [0.5], 0.0)
    with pytest.raises(InvalidInput, match="rewards"):
        calibrated_rewards([1.0], [0.5, 0.5], 0.0)


# --- rows and the probe ---


def pair(k: int) -> dict[str, object]:
    asked = {"role": "user", "content": f"What is {k} + 1?"}
    return {
        "chosen": [asked, {"role": "assistant", "content": f"{k + 1}"}],
        "rejected": [asked, {"role": "assistant", "content": "No idea. "}],
        "source": "sums",
    }


def test_rows_hold_the_same_reply_with_a_high_and_a_low_confidence() -> None:
    rows = confidence_rows([pair(k) for k in range(200)], seed=1)
    assert rows[0]["source"] == "sums" and rows[0]["chosen"][-1]["content"] == "1"
    high, low = (
        {
            read_confidence(row[f"{side}_{level}"][-1]["content"]).value
            for row in rows
            for side in ("chosen", "rejected")
        }
        for level in ("high", "low")
    )
    assert (high, low) == ({0.7, 0.8, 0.9, 1.0}, {0.0, 0.1, 0.2, 0.3})
    assert rows[3]["rejected_low"][-1]["content"].startswith("No idea.\nConfidence: ")
    assert confidence_rows([pair(1)], seed=1) == confidence_rows([pair(1)], seed=1)
    assert "Confidence" in confidence_system_message()["content"]


def test_rows_of_several_turns_are_refused() -> None:
    long = pair(1)
    long["chosen"] = [*long["chosen"], *long["chosen"]]  # type: ignore[misc]
    with pytest.raises(InvalidInput, match="row 1: field 'chosen': expected a talk of one turn"):
        confidence_rows([long])
    with pytest.raises(InvalidInput, match="rejected"):
        confidence_rows([{"chosen": pair(1)["chosen"]}])


def test_the_half_with_the_largest_preference_strength_is_kept() -> None:
    pairs = [{"id": k} for k in range(4)]
    kept = strongest_half(pairs, [[1, 2, 3, 4], [1, 2, 3, 0]], [[0, 0, 0, 0], [0, 0, 0, 0]])
    assert kept == [{"id": 1}, {"id": 2}]  # strengths 2, 4, 6, 4: of equal ones the first
    with pytest.raises(InvalidInput, match="one reward"):
        strongest_half(pairs, [[1.0]], [[0.0]])


def test_the_probe_finds_a_scorer_that_likes_confidence_as_such() -> None:
    texts = probe_texts(pair(1)["chosen"], pair(1)["rejected"])  # type: ignore[arg-type]
    assert texts["chosen_high"][-1]["content"] == "2\nConfidence: 9."
    assert texts["rejected_low"][-1]["content"] == "No idea.\nConfidence: 1."
    biased = confidence_bias({name: [2.0, 1.0] if "high" in name else [1.0, 1.0] for name in texts})
    assert (biased.chosen.value, biased.rejected.value, biased.calibrated.value) == (0.75, 0.75, 0.0)
    fair = confidence_bias({"chosen_high": [2], "chosen_low": [1], "rejected_high": [0], "rejected_low": [1]})
    assert (fair.chosen.value, fair.rejected.value, fair.calibrated.value, fair.pairs) == (1, 0, 1, None)
    with pytest.raises(InvalidInput, match="rejected_low"):
        confidence_bias({"chosen_high": [2], "chosen_low": [1], "rejected_high": [0]})


# --- asking models ---


async def test_a_question_with_options_is_read_and_graded_by_option() -> None:
    item = Question("q", "Which is a drink?", "tea", ("tea", "sand", "rope"))
    answers = []
    for seed in range(6):
        shown = "ABC"
        model = ScriptedModel([f"Answer: {shown[0]}\nConfidence: 8.5"])
        (record,) = await ask_questions(model, [item], seed=seed)
        answers.append(record.answer)
        assert record.correct is (record.answer == "tea")
        assert record.confidence == pytest.approx(0.85)
    assert len(set(answers)) > 1  # the order of the options is drawn


async def test_a_reply_without_an_answer_is_a_failure_and_no_wrong_answer() -> None:
    item = Question("q", "Which is a drink?", "tea", ("tea", "sand"))
    for reply, kind in (("Confidence: 7", "unparsed"), ("", "empty"), ("Both A and B. Confidence: 3", "unparsed")):
        (record,) = await ask_questions(ScriptedModel([reply]), [item])
        assert record.correct is None and record.failure is not None and record.failure.kind == kind
        assert ConfidenceRecord.from_row(record.as_row()) == record
        report = evaluate([record], config=FEW)
        assert (report.n, report.failures) == (0, {kind: 1})
        assert report.figures["accuracy"].value is None and report.figures["accuracy"].failures == {kind: 1}


def test_free_answers_are_graded_by_their_last_number_or_by_their_words() -> None:
    assert is_right("There are 3 boxes of 14, so 1,042.", "1042")
    assert is_right("-3.50", "-3.5") and not is_right("no number", "3")
    assert is_right("The Nile!", "the nile") and not is_right("Nile delta", "nile")
    assert not is_right("12", "1", chosen=True)


async def test_the_simulated_subject_does_the_sums_and_its_confidence_has_resolution() -> None:
    found = await ask_questions(open_model("simulated:ability=0.8,seed=2"), arithmetic_questions(300))
    report = evaluate(found, config=ConfidenceConfig(draws=200))
    assert report.figures["accuracy"].value == pytest.approx(
        0.85, abs=0.07
    )  # .8, and a quarter of the rest by guessing
    assert report.n == 300 and report.n_missing_confidence == 0
    other = await ask_questions(open_model("simulated/certain"), arithmetic_questions(60))
    assert any("states 1" in warning or "state 1" in warning for warning in evaluate(other, config=FEW).warnings)


def test_groups_are_the_unit_of_analysis() -> None:
    rows = [
        ConfidenceRecord(str(k), confidence=p, correct=bool(y), group=str(k // 2))
        for k, (p, y) in enumerate(zip(STATED, RIGHT))
    ]
    found = evaluate(rows, unit="text", config=FEW)
    assert (found.figures["ece"].n, found.figures["accuracy"].n, found.figures["accuracy"].unit) == (3, 3, "text")


# --- files ---


def test_a_table_of_confidence_and_correctness(tmp_path: Path) -> None:
    table = tmp_path / "stated.csv"
    table.write_text("confidence,correct,group\n90,yes,a\n,no,a\n10,0,b\n")
    found = read_confidence_table(table, scale=100)
    assert [(r.confidence, r.correct, r.group) for r in found] == [
        (0.9, True, "a"),
        (None, False, "a"),
        (0.1, False, "b"),
    ]
    lines = tmp_path / "stated.jsonl"
    lines.write_text('{"p": 0.5, "right": true}\n{"p": null, "right": null}\n')
    assert [r.correct for r in read_confidence_table(lines, "p", "right")] == [True, None]
    with pytest.raises(InvalidInput, match="column 'confidence'"):
        read_confidence_table(lines)
    with pytest.raises(InvalidInput, match="row 0: field 'confidence': expected a confidence from 0 to 1 "):
        read_confidence_table(table)
    with pytest.raises(NotFound):
        read_confidence_table(tmp_path / "none.csv")


def test_questions_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(
        '{"question": "What is 1 + 1?", "gold": 2}\n{"id": "x", "question": "Tea?", "gold": "no", "options": ["no", "yes"]}\n'
    )
    assert read_questions(file) == [Question("1", "What is 1 + 1?", "2"), Question("x", "Tea?", "no", ("no", "yes"))]
    for line, field in (
        ('{"question": "Tea?"}', "gold"),
        ('{"question": "Tea?", "gold": "no", "options": ["yes", "maybe"]}', "options"),
        ('{"question": "Tea?", "gold": "no", "options": "no"}', "options"),
    ):
        file.write_text(line + "\n")
        with pytest.raises(InvalidInput, match=f"field '{field}'"):
            read_questions(file)


def test_a_hostile_reply_is_read_in_linear_time() -> None:
    text = "Confidence: " * 20_000 + "9" * 5_000 + " " * 50_000
    assert read_confidence(text).value in (None, 1.0)


# --- the contract ---


async def test_the_contract_holds() -> None:
    row = SystemRow(
        slug="reward-calibration",
        title="Taming Overconfidence",
        year=2024,
        arxiv="2410.09724",
        verbs=("measure", "steer"),
        modules=("personarium.measure.reward_calibration.method", "personarium.steer.reward_calibration.rewards"),
        command="personarium measure confidence",
        contract="personarium.measure.reward_calibration.method:CONTRACT",
    )
    findings = await check_system(row)
    assert findings.problems == []


LINES = ("chosen_high", "chosen_low", "rejected_high", "rejected_low")


def _preference_rows(seed: int, count: int = 32) -> list[dict[str, object]]:
    """Sums with a right and a wrong reply, told apart by how they are worded, with both confidence lines."""
    draw = random.Random(seed)
    pairs = []
    for _ in range(count):
        a, b = draw.randint(10, 99), draw.randint(10, 99)
        asked = {"role": "user", "content": f"{a}+{b}?"}
        good, bad = draw.choice(("Checked: ", "Sum is ")), draw.choice(("Dunno, ", "Guess: "))
        replies = {"chosen": f"{good}{a + b}.", "rejected": f"{bad}{a + b + draw.randint(1, 30)}."}
        pairs.append({name: [asked, {"role": "assistant", "content": text}] for name, text in replies.items()})
    return confidence_rows(pairs, seed)


class _ByteRewards:
    """The page's tiny reward model: two layers, 64 wide, bytes in, mean over places, one number out."""

    def __init__(self, seed: int) -> None:
        torch.manual_seed(seed)
        layer = torch.nn.TransformerEncoderLayer(64, 4, 128, dropout=0.0, batch_first=True)
        self.parts = torch.nn.ModuleDict(
            {
                "bytes": torch.nn.Embedding(257, 64, padding_idx=256),
                "places": torch.nn.Embedding(48, 64),
                "layers": torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False),
                "head": torch.nn.Linear(64, 1),
            }
        )

    def __call__(self, talks: list[list[dict[str, str]]]) -> torch.Tensor:
        texts = ["\n".join(one["content"] for one in talk if one["role"] != "system").encode()[-48:] for talk in talks]
        ids = torch.full((len(texts), 48), 256)
        for row, text in enumerate(texts):
            ids[row, : len(text)] = torch.tensor(list(text))
        gone = ids == 256
        deep = self.parts["layers"](self.parts["bytes"](ids) + self.parts["places"].weight, src_key_padding_mask=gone)
        kept = (~gone).unsqueeze(-1)
        return self.parts["head"]((deep * kept).sum(1) / kept.sum(1)).squeeze(-1)

    def rewards(self, rows: list[dict[str, object]], *names: str) -> dict[str, torch.Tensor]:
        found = self([row[name] for name in names for row in rows])
        return dict(zip(names, found.split(len(rows)), strict=True))

    def train(self, rows: list[dict[str, object]], plain: bool, steps: int = 50) -> None:
        adam = torch.optim.Adam(self.parts.parameters(), 3e-3)
        for _ in range(steps):
            if plain:
                found = self.rewards(rows, "chosen", "rejected")
                loss = -torch.nn.functional.logsigmoid(found["chosen"] - found["rejected"]).mean()
            else:
                loss = reward_model_loss(self.rewards(rows, *LINES))
            adam.zero_grad()
            loss.backward()
            adam.step()

    def calibrated(self, rows: list[dict[str, object]]) -> float:
        """Share of rows in which high is preferred on the chosen and low on the rejected reply, by the probe."""
        with torch.no_grad():
            found = {name: values.tolist() for name, values in self.rewards(rows, *LINES).items()}
        share = confidence_bias(found).calibrated.value
        assert share is not None
        return share


@pytest.mark.parametrize("seed", [0, 1])
def test_w7_fifty_steps_of_the_calibrated_loss_teach_where_confidence_is_due(seed: int) -> None:
    torch.set_num_threads(1)
    rows, fresh = _preference_rows(seed), _preference_rows(seed + 100)
    calibrated, plain = _ByteRewards(seed), _ByteRewards(seed)
    assert calibrated.calibrated(rows) < 0.6
    calibrated.train(rows, plain=False)
    plain.train(rows, plain=True)
    assert calibrated.calibrated(rows) > 0.9
    assert calibrated.calibrated(fresh) > 0.6
    assert plain.calibrated(rows) < 0.6
