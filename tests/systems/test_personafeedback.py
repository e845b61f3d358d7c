"""PersonaFeedback: one test for each statement of the page, then the files, the choosers and the contract."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.benchmarks.personafeedback import (
    FeedbackItem,
    FeedbackReport,
    FeedbackSet,
    FieldMap,
    ModelChooser,
    ScoreChooser,
    facts_taken_up,
    likelihood_chooser,
    only,
    planted_items,
    read_feedback,
    run_personafeedback,
    write_feedback,
)
from personarium.benchmarks.personafeedback.choosers import ALWAYS_FIRST, FIRST, LONGER, SECOND, Order
from personarium.benchmarks.personafeedback.data_format import feedback_item
from personarium.benchmarks.personafeedback.items import notices
from personarium.catalog import SystemRow
from personarium.core.chat import Message, Reply, Sampling, TokenLogprob
from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.core.results import Failure
from personarium.measure.choice_items import ChoiceAnswer
from personarium.models.likelihood import TokenScore
from personarium.models.scripted import ScriptedModel
from personarium.testing import check_system


def item(k: int, label: int, **changes: Any) -> FeedbackItem:
    given: dict[str, Any] = {"persona": f"persona {k}", "tier": "easy", "qtype": "specific"} | changes
    return FeedbackItem(f"i{k}", given["persona"], "q?", ("one", "two"), label, given["tier"], given["qtype"])


def answers(
    items: Sequence[FeedbackItem], options: Sequence[int | None], order: Order = FIRST
) -> tuple[ChoiceAnswer, ...]:
    """Choices given as the item's own replies (0 or 1), whatever the order; None could not be read."""
    unread = Failure("unparsed", "no letter")
    return tuple(
        ChoiceAnswer(i.id, order, None if o is None else order.index(o), unread if o is None else None)
        for i, o in zip(items, options, strict=True)
    )


def letters(text: str) -> list[int]:
    return ["AB".index(letter) for letter in text]


# --- 1: the worked example ---


def test_w1_the_worked_example() -> None:
    items = tuple(item(k, label) for k, label in enumerate(letters("ABABAB")))
    report = FeedbackReport(items, answers(items, letters("ABBBAA")), answers(items, letters("ABAAAA"), SECOND))
    found = (
        report.accuracy(), report.accuracy_swapped(), report.consistency(), report.accuracy_on_consistent(), report.both_right()
    )  # fmt: skip
    assert [e and e.value for e in found] == [pytest.approx(v) for v in (4 / 6, 4 / 6, 4 / 6, 0.75, 0.5)]


# --- 2: trivial choosers ---


async def test_w2_always_first_is_right_half_the_time_and_never_twice() -> None:
    result = await run_personafeedback(ALWAYS_FIRST, planted_items(10, 6), settings=(), baselines=())
    report = result.report
    consistency, both = report.consistency(), report.both_right()
    assert report.accuracy().value == 0.5
    assert consistency is not None and consistency.value == 0.0
    assert both is not None and both.value == 0.0


async def test_w2_a_perfect_chooser_has_one_everywhere() -> None:
    chooser = ScoreChooser("reads", facts_taken_up)
    report = (await run_personafeedback(chooser, planted_items(10, 6), settings=(), baselines=())).report
    found = [
        report.accuracy(), report.accuracy_swapped(), report.consistency(), report.accuracy_on_consistent(), report.both_right()
    ]  # fmt: skip
    assert [e and e.value for e in found] == [1.0] * 5
    assert report.first_chosen().value == 0.5


async def test_w2_the_longer_reply_is_the_share_of_longer_right_ones() -> None:
    items = [
        FeedbackItem("a", "p", "q", ("long reply", "short"), 0, "easy", "general"),
        FeedbackItem("b", "p", "q2", ("short", "long reply"), 0, "easy", "general"),
        FeedbackItem("c", "p", "q3", ("short", "long reply"), 1, "easy", "general"),
        FeedbackItem("d", "p", "q4", ("same1", "same2"), 0, "easy", "general"),
    ]
    report = (await run_personafeedback(LONGER, items, settings=(), baselines=())).report
    assert report.accuracy().value == 0.75  # equal length: the first, which is right here
    different = (await run_personafeedback(LONGER, items[:3], settings=(), baselines=())).report.consistency()
    assert different is not None and different.value == 1.0


async def test_w2_an_unparsed_verdict_is_wrong_counted_and_neither_consistent_nor_not() -> None:
    items = tuple(item(k, 0) for k in range(4))
    first, second = answers(items, [0, 0, None, 1]), answers(items, [0, None, 0, 1], SECOND)
    report = FeedbackReport(items, first, second)
    consistency, both = report.consistency(), report.both_right()
    assert (report.accuracy().value, report.accuracy().failures) == (0.5, {"unparsed": 1})
    assert consistency is not None and (consistency.value, consistency.n) == (1.0, 2)
    assert both is not None and both.value == 0.25
    left_out = FeedbackReport(items, first, second, unparsed_wrong=False)
    assert left_out.accuracy().value == pytest.approx(2 / 3)
    assert left_out.accuracy().failures == {"unparsed": 1}


# --- 3: a set with a known rule ---


async def test_w3_the_rule_reaches_everything() -> None:
    result = await run_personafeedback(
        ScoreChooser("rule", facts_taken_up), planted_items(50, 12), settings=(), baselines=()
    )
    assert result.report.accuracy().value == 1.0


class Flipping:
    """Chooses by the rule, and turns every choice over with a chance, in each order for itself."""

    name = "flipping"

    def __init__(self, rate: float) -> None:
        self.rate, self.chance = rate, random.Random(1)

    async def choose(self, item: FeedbackItem, persona: str, order: Order, seed: int = 0) -> ChoiceAnswer:
        option = item.label if self.chance.random() >= self.rate else 1 - item.label
        return ChoiceAnswer(item.id, order, order.index(option))


async def test_w3_a_chooser_that_flips_a_fifth() -> None:
    result = await run_personafeedback(Flipping(0.2), planted_items(200, 10), settings=(), baselines=())
    report = result.report
    consistency, agreed = report.consistency(), report.accuracy_on_consistent()
    assert report.accuracy().value == pytest.approx(0.80, abs=0.027)  # three standard errors of 2,000 items
    assert consistency is not None and consistency.value == pytest.approx(0.68, abs=0.03)
    assert agreed is not None and agreed.value == pytest.approx(0.941, abs=0.02)


async def test_w3_noise_on_the_counts_shows_by_tier() -> None:
    chance = random.Random(2)
    noisy = ScoreChooser("noisy", lambda p, q, r: facts_taken_up(p, q, r) + chance.gauss(0, 1))
    items = planted_items(1000, 6)
    result = await run_personafeedback(noisy, items, settings=(), baselines=(), both_orders=False)
    found = {cell: e.value or 0.0 for cell, e in result.report.cells().items()}
    for tier, wanted in (("easy", 0.983), ("medium", 0.921), ("hard", 0.760)):
        both = (found["specific", tier] + found["general", tier]) / 2  # of 2,000 items
        assert both == pytest.approx(wanted, abs=0.03)


# --- 4: the loader ---

ROW = {
    "persona": "Likes tea.",
    "question": "What now?",
    "responses": ["Tea.", "Juice."],
    "label": 0,
    "tier": "easy",
    "qtype": "general",
}


def lines(path: Path, *rows: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), encoding="utf-8"
    )
    return path


def without(*names: str) -> dict[str, Any]:
    return {k: v for k, v in ROW.items() if k not in names}


def test_w4_unknown_names_are_refused_with_the_keys_that_are_there(tmp_path: Path) -> None:
    row = {"profile": "Likes tea.", "query": "What now?", "good": "Tea.", "bad": "Juice."}
    with pytest.raises(
        InvalidInput, match=r"a\.jsonl:1: field 'persona': .*the keys found are bad, good, profile, query"
    ):
        read_feedback(lines(tmp_path / "a.jsonl", row), FieldMap(chosen="good", rejected="bad"))
    names = FieldMap.parse(["persona=profile", "question=query", "chosen=good", "rejected=bad"])
    folder = lines(tmp_path / "set" / "general" / "easy.jsonl", row).parent.parent
    (found,) = read_feedback(folder, names).items
    assert (found.persona, found.tier, found.qtype, found.id) == ("Likes tea.", "easy", "general", "general/easy/1")
    assert found.responses[found.label] == "Tea."


def test_w4_both_spellings_of_the_folder(tmp_path: Path) -> None:
    for k, name in enumerate(("spedific", "specific", "general")):
        for tier in ("easy", "medium", "hard"):
            lines(tmp_path / name / f"{tier}.jsonl", without("tier", "qtype") | {"question": f"{k} {tier}?"})
    both = read_feedback(tmp_path)
    assert "both specific and spedific are there; both are read as specific" in both.notes
    assert sorted({(i.qtype, i.tier) for i in both.items})[0] == ("general", "easy")
    assert len(both.items) == 9
    for folder, other in (("spedific", "specific"), ("specific", "spedific")):
        alone = tmp_path / f"only-{folder}"
        lines(alone / folder / "easy.jsonl", without("tier", "qtype"))
        found = read_feedback(alone)
        assert [i.qtype for i in found.items] == ["specific"]
        assert not any(other in note for note in found.notes)
        assert f"{folder} has no medium.jsonl, hard.jsonl" in found.notes


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"label": 2}, "field 'label': expected 0 or 1, found 2"),
        ({"label": True}, "field 'label': expected 0 or 1"),
        ({"label": "1"}, "field 'label': expected 0 or 1"),
        ({"responses": ["same", "same"]}, "two different replies"),
        ({"responses": ["", "x"]}, "two replies that are not empty"),
        ({"responses": ["x"]}, "a list of two texts"),
        ({"persona": "  "}, "field 'persona': expected a text that is not empty"),
        ({"tier": "harder"}, "field 'tier': expected one of easy, medium, hard"),
        ({"qtype": "odd"}, "field 'qtype'"),
        ({"question": 7}, "field 'question': expected a text"),
    ],
)
def test_w4_bad_rows_are_named_by_file_line_and_field(changes: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=rf"a\.jsonl:2: .*{re.escape(says)}|a\.jsonl:2.*{re.escape(says)}"):
        read_feedback(lines(tmp_path / "a.jsonl", ROW, ROW | changes))


def test_w4_a_broken_line_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"a\.jsonl:2"):
        read_feedback(lines(tmp_path / "a.jsonl", ROW, '{"persona": '))
    with pytest.raises(InvalidInput, match=r"a\.jsonl:1: expected a JSON object"):
        read_feedback(lines(tmp_path / "a.jsonl", "[1]"))


def test_w4_chosen_and_rejected_get_seeded_places(tmp_path: Path) -> None:
    rows = [without("responses", "label") | {"good": f"Tea {k}.", "bad": f"Juice {k}."} for k in range(1000)]
    path, names = lines(tmp_path / "a.jsonl", *rows), FieldMap(chosen="good", rejected="bad")
    found = read_feedback(path, names).items
    assert 440 <= sum(i.label for i in found) <= 560
    assert all(i.responses[i.label].startswith("Tea") for i in found)
    assert read_feedback(path, names).items == found
    assert [i.label for i in read_feedback(path, names, seed=1).items] != [i.label for i in found]


def test_w4_response_a_and_b_and_nested_personas(tmp_path: Path) -> None:
    row = {
        "user": {"profile": {"drink": "tea", "pets": ["cat", "hen"], "none": ""}},
        "q": "What?",
        "a": "x",
        "b": "y",
        "y": 1,
    }
    names = FieldMap.parse(["persona=user.profile", "question=q", "response_a=a", "response_b=b", "label=y"])
    found = feedback_item(row, "here", names, tier="easy", qtype="general")
    assert (found.persona, found.responses, found.label) == ("drink: tea\npets: cat; hen", ("x", "y"), 1)


@given(st.dictionaries(st.sampled_from(list(ROW)), st.one_of(st.none(), st.integers(), st.text(), st.lists(st.text()))))
def test_w4_no_object_breaks_the_loader(row: dict[str, Any]) -> None:
    try:
        found = feedback_item(row, "here")
    except InvalidInput as error:
        assert str(error).startswith("here")
    else:
        assert found.label in (0, 1)


# --- 5: units of analysis ---


def clustered(right: Sequence[bool], size: int) -> tuple[FeedbackReport, FeedbackReport]:
    """The same choices with personas as units, and with every item a unit."""
    shared = tuple(item(k, 0, persona=f"persona {k // size}") for k in range(len(right)))
    own = tuple(item(k, 0) for k in range(len(right)))
    options = [0 if r else 1 for r in right]
    return FeedbackReport(shared, answers(shared, options)), FeedbackReport(own, answers(own, options))


def width(report: FeedbackReport) -> float:
    found = report.accuracy()
    assert found.lo is not None and found.hi is not None
    return found.hi - found.lo


def test_w5_the_interval_is_over_personas() -> None:
    by_persona, by_item = clustered([k // 25 < 10 for k in range(500)], 25)
    found = by_persona.accuracy()
    assert (found.value, found.n, found.unit) == (0.5, 20, "persona")
    assert (found.lo, found.hi) == (pytest.approx(0.30, abs=0.03), pytest.approx(0.70, abs=0.03))
    assert width(by_item) == pytest.approx(0.088, abs=0.01)


def test_w5_without_persona_effects_the_two_agree() -> None:
    chance = random.Random(3)
    by_persona, by_item = clustered([chance.random() < 0.5 for _ in range(500)], 25)
    assert 0.6 < width(by_persona) / width(by_item) < 1.4


# --- 6: the report ---


async def test_w6_averages_are_given_both_ways() -> None:
    sizes = {"easy": (100, 90), "medium": (200, 140), "hard": (700, 350)}
    items, options = [], []
    for tier, (n, right) in sizes.items():
        for k in range(n):
            items.append(FeedbackItem(f"{tier}{k}", f"persona {k % 50}", "q", ("one", "two"), 0, tier, "specific"))
            options.append(0 if k < right else 1)
    report = FeedbackReport(tuple(items), answers(items, options))
    found = report.averages()
    assert found["specific, tiers alike"].value == pytest.approx(0.70)
    assert found["specific, by size"].value == pytest.approx(0.58)
    assert {cell: e.value for cell, e in report.cells().items()} == {
        ("specific", "easy"): 0.9, ("specific", "medium"): 0.7, ("specific", "hard"): 0.5,
    }  # fmt: skip
    assert list(found) == ["specific, tiers alike", "specific, by size"]


async def test_w6_the_report_holds_baselines_and_what_was_not_read() -> None:
    items = planted_items(4, 6)
    model = ScriptedModel(lambda messages, sampling: "hmm" if "Port" in messages[-1]["content"][:200] else "A")
    result = await run_personafeedback(model, items)
    found = result.estimates()
    assert list(found) == [
        "Accuracy", "Accuracy, replies swapped", "Same choice in both orders", "Accuracy where both agree",
        "Right in both orders", "Chooses the first reply", "No persona", "Another user's persona",
        "Always first", "Longer reply", "Repeats more of the persona",
    ]  # fmt: skip
    assert (found["Accuracy"].value, found["Accuracy"].failures) == (0.0, {"unparsed": 24})
    assert found["Same choice in both orders"].value is None
    assert (found["Always first"].value, found["Repeats more of the persona"].value) == (0.5, 1.0)
    assert "48 choices could not be had or read; they count as wrong" in result.notices()
    assert any(notice.startswith("the rule 'Always first' is right in 50%") for notice in result.notices())
    assert result.rows()[0]["failures"] == {"unparsed": 2}


# --- 7: the persona is used ---


def reader(messages: Sequence[Message], sampling: Sampling) -> str:
    """Counts the persona's made-up words in each reply of the prompt."""
    prompt = messages[-1]["content"]
    blocks = {
        tag: re.search(rf"<{tag}>\n(.*?)\n</{tag}>", prompt, re.DOTALL)
        for tag in ("persona", "response_a", "response_b")
    }
    persona = blocks["persona"]
    a, b = (
        facts_taken_up(persona[1] if persona else "", "", m[1] if m else "")
        for m in (blocks["response_a"], blocks["response_b"])
    )
    return "A" if a >= b else "B"


async def test_w7_what_the_call_shows_in_each_setting() -> None:
    items = planted_items(2, 1)
    model = ScriptedModel(reader)
    await run_personafeedback(model, items, both_orders=False, baselines=(), concurrency=1)
    prompts = [call.messages[-1]["content"] for call in model.calls]
    own, other = items[0].persona, items[1].persona
    assert [own in p for p in prompts] == [True, False, False, False, False, True]
    assert [other in p for p in prompts] == [False, True, False, False, True, False]
    assert ["<persona>" in p for p in prompts] == [True, True, False, False, True, True]


async def test_w7_a_reader_loses_everything_with_another_persona() -> None:
    result = await run_personafeedback(
        ScriptedModel(reader), planted_items(40, 12), settings=("none", "shuffled", "retrieved")
    )
    found = {name: e.value for name, e in result.estimates().items()}
    assert found["Accuracy"] == 1.0
    assert found["Another user's persona"] == pytest.approx(0.5, abs=0.05)
    assert found["No persona"] == pytest.approx(0.5, abs=0.05)
    # three of six facts are found: better than nothing, worse than the profile
    assert 0.6 < (found["Retrieved persona"] or 0) < 1.0


# --- duplicates ---


def test_duplicates_across_tiers_are_told() -> None:
    base = FeedbackItem("a", "Likes tea.", "What now?", ("Tea.", "Juice."), 0, "easy", "general")
    again = FeedbackItem("b", "likes  TEA.", "What now?", ("Juice.", "Tea."), 1, "hard", "general")
    opposed = FeedbackItem("c", "Likes tea.", "What now?", ("Tea.", "Juice."), 1, "easy", "general")
    assert notices([base]) == []
    assert notices([base, again]) == [
        "1 items repeat another one (the first: b is a)",
        "1 items occur in more than one tier (the first: a (easy) and b (hard)), so tiers share their errors",
    ]
    assert any("opposite labels" in text for text in notices([base, opposed]))


# --- choosers and settings ---


async def test_a_model_may_choose_by_the_likelihood_of_its_letter() -> None:
    def weigh(messages: Sequence[Message], sampling: Sampling) -> Reply:
        assert sampling.top_logprobs is not None
        return Reply("A", logprobs=(TokenLogprob("A", -0.2, (("A", -0.2), ("B", -1.7))),))

    chooser = ModelChooser(ScriptedModel(weigh), "likelihood")
    result = await run_personafeedback(chooser, planted_items(2, 2), settings=(), baselines=())
    assert result.report.first_chosen().value == 1.0
    assert result.chooser.endswith("by likelihood")
    with pytest.raises(UsageError, match="verdict or likelihood"):
        ModelChooser(ScriptedModel([]), "guess")  # type: ignore[arg-type]


async def test_the_likelihood_of_the_reply_itself() -> None:
    class Likes:
        name = "likes tea"

        def score(self, prompt: str, response: str) -> list[TokenScore]:
            likely = -0.1 if "tea" in prompt and "Tea" in response else -2.0
            return [TokenScore(word, likely, 1) for word in response.split()]

    found = FeedbackItem("a", "Likes tea.", "What now?", ("Juice.", "Tea."), 1, "easy", "general")
    result = await run_personafeedback(likelihood_chooser(Likes()), [found], settings=(), baselines=())
    assert result.report.accuracy().value == 1.0


async def test_a_score_that_is_no_number_is_a_failure_and_async_scores_count() -> None:
    async def score(persona: str, question: str, reply: str) -> float:
        return float("nan") if reply == "two" else 1.0

    result = await run_personafeedback(ScoreChooser("odd", score), [item(1, 0)], settings=(), baselines=())
    assert result.report.accuracy().failures == {"unparsed": 1}


async def test_one_persona_alone_has_no_other() -> None:
    result = await run_personafeedback(ALWAYS_FIRST, [item(1, 0)], settings=("shuffled",), baselines=())
    assert result.others == {} and "no other user's" in result.notes[-1]


async def test_bad_calls_are_refused() -> None:
    with pytest.raises(UsageError, match="nothing to choose"):
        await run_personafeedback(ALWAYS_FIRST, [])
    with pytest.raises(UsageError, match="found 'all'"):
        await run_personafeedback(ALWAYS_FIRST, [item(1, 0)], settings=("all",))
    with pytest.raises(UsageError, match="at least one statement"):
        await run_personafeedback(ALWAYS_FIRST, [item(1, 0)], retrieve=0)
    with pytest.raises(UsageError, match="named as NAME=KEY"):
        FieldMap.parse(["profile"])
    with pytest.raises(UsageError, match="chosen and rejected together"):
        FieldMap(chosen="good")
    with pytest.raises(UsageError, match="2 to 10,000 personas"):
        planted_items(1)


def test_sets_are_written_read_and_cut(tmp_path: Path) -> None:
    items = tuple(planted_items(3, 6))
    found = read_feedback(write_feedback(items, tmp_path / "a.jsonl"))
    assert found.items == items
    assert only(found, limit=5) == only(found, limit=5) != only(found, limit=5, seed=1)
    part = only(found, "general", "hard", 2)
    assert {(i.qtype, i.tier) for i in part.items} == {("general", "hard")} and len(part.items) == 2
    with pytest.raises(UsageError, match="found 'odd'"):
        only(found, "odd")
    with pytest.raises(UsageError, match="no item"):
        only(FeedbackSet(items[:1]), "general")
    with pytest.raises(NotFound, match=r"no easy\.jsonl"):
        read_feedback(tmp_path)
    with pytest.raises(NotFound):
        read_feedback(tmp_path / "nothing.jsonl")
    with pytest.raises(InvalidInput, match="ids that occur once"):
        read_feedback(lines(tmp_path / "b.jsonl", ROW | {"id": "x"}, ROW | {"id": "x"}))


async def test_contract() -> None:
    found = await check_system(
        SystemRow(
            "personafeedback", "x", 2025, "2506.12915", ("measure",),
            ("personarium.benchmarks.personafeedback", "personarium.benchmarks.personafeedback.method"), "",
            "personarium.benchmarks.personafeedback.method:CONTRACT",
        )
    )  # fmt: skip
    assert found.problems == []
