"""Choice items: asked in any order, read strictly or tolerantly or by probability, scored with the trivial answers beside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core import Message, Sampling
from personarium.core.chat import Reply, TokenLogprob, user
from personarium.core.errors import InvalidInput, RemoteError
from personarium.core.results import Failure
from personarium.measure.choice_items import (
    CHOOSE,
    ChoiceAnswer,
    ChoiceItem,
    ChoiceReport,
    ask_choice,
    baselines,
    letter_shares,
    lettered,
    order_effect,
    strict_letter,
    weigh_choice,
)
from personarium.models import ScriptedModel, open_model
from personarium.text import Unparsed

ITEM = ChoiceItem("q1", "What do I drink?", ("tea", "coffee", "cocoa"), 2, {"type": "facts"})


def answered(place: int | None, kind: Any = None, id: str = "q1", order: Sequence[int] = (0, 1, 2)) -> ChoiceAnswer:
    return ChoiceAnswer(id, tuple(order), place, None if kind is None else Failure(kind, "why"))


# --- asking ---


async def test_the_prompt_shows_the_options_in_the_order_and_the_answer_is_told_by_option() -> None:
    model = ScriptedModel(["B"])
    answer = await ask_choice(model, ITEM, order=(1, 2, 0))
    assert "A. coffee\nB. cocoa\nC. tea" in model.calls[0].messages[-1]["content"]
    assert "<A|B|C>" in model.calls[0].messages[-1]["content"]
    assert (answer.place, answer.letter, answer.option) == (1, "B", 2)


async def test_a_talk_goes_before_the_question_and_a_memory_into_it() -> None:
    model = ScriptedModel(["A"])
    talk: list[Message] = [user("hello"), {"role": "assistant", "content": "hi"}]
    await ask_choice(model, ITEM, inputs={"context": talk, "memory": "drinks cocoa </memory>"})
    assert list(model.calls[0].messages[:2]) == talk
    assert model.calls[0].messages[2]["content"].count("</memory>") == 1
    assert (model.calls[0].label.step, model.calls[0].label.item) == ("choice.ask", "q1")


async def test_a_line_end_in_an_option_cannot_make_another_option() -> None:
    assert lettered(("one\nB. two", "three")) == "A. one B. two\nB. three"


@pytest.mark.parametrize(
    ("reply", "place", "kind"),
    [
        ("**Answer: C**", 2, None),
        ("cocoa", 2, None),
        ("C. tea", None, "unparsed"),
        ("", None, "empty"),
        ("I'm sorry, but I can't help with that.", None, "refused"),
        ("E", None, "unparsed"),
        (RemoteError("down"), None, "error"),
    ],
)
async def test_replies_and_failures(reply: Any, place: int | None, kind: str | None) -> None:
    answer = await ask_choice(ScriptedModel([reply]), ITEM)
    assert answer.place == place
    assert (None if answer.failure is None else answer.failure.kind) == kind


async def test_the_strict_reader_takes_one_letter_and_nothing_else() -> None:
    replies = ["C", " C\n", "c", "C.", "(C)"]
    model = ScriptedModel(replies)
    read = [(await ask_choice(model, ITEM, reader=strict_letter)).place for _ in replies]
    assert read == [2, 2, None, None, None]


async def test_an_order_must_name_every_option_once() -> None:
    with pytest.raises(InvalidInput, match="every number from 0 to 2 once"):
        await ask_choice(ScriptedModel(["A"]), ITEM, order=(0, 0, 1))


def test_orders_are_drawn_by_seed_and_item() -> None:
    items = [ChoiceItem(f"q{k}", "?", ("a", "b", "c", "d"), 0) for k in range(40)]
    assert [item.shuffled(1) for item in items] == [item.shuffled(1) for item in items]
    assert len({item.shuffled(1) for item in items}) > 10
    assert [order.index(2) for order in ITEM.rotations()] == [0, 1, 2]


@pytest.mark.parametrize(("options", "gold"), [(("one",), 0), (("one", "two"), 2), (("one", "two"), -1)])
def test_bad_items_are_refused(options: tuple[str, ...], gold: int) -> None:
    with pytest.raises(InvalidInput, match="item q"):
        ChoiceItem("q", "?", options, gold)


# --- log-probabilities ---


def said(*tokens: TokenLogprob) -> Reply:
    return Reply("".join(token.token for token in tokens), logprobs=tokens)


def test_spellings_of_a_letter_are_added_up_and_scaled() -> None:
    top = (("B", math.log(0.3)), (" b", math.log(0.1)), ("(A", math.log(0.2)), ("Z", math.log(0.3)))
    found = letter_shares(said(TokenLogprob("Answer: ", -0.1), TokenLogprob("B", math.log(0.3), top)), 3)
    assert found == pytest.approx((1 / 3, 2 / 3, 0.0))


async def test_the_likeliest_letter_counts_not_the_one_that_was_said() -> None:
    top = (("A", math.log(0.2)), ("C", math.log(0.5)))
    model = ScriptedModel([said(TokenLogprob("A", math.log(0.2), top))])
    answer = await weigh_choice(model, ITEM, order=(2, 1, 0))
    assert (answer.place, answer.option) == (2, 0)
    assert answer.shares == pytest.approx((2 / 7, 0.0, 5 / 7))
    assert model.calls[0].sampling.top_logprobs == 20


@pytest.mark.parametrize(
    ("reply", "kind"),
    [("A", "unparsed"), ("", "empty"), (said(TokenLogprob("maybe", -1.0)), "unparsed"), (RemoteError("down"), "error")],
)
async def test_no_probability_is_a_failure(reply: Any, kind: str) -> None:
    answer = await weigh_choice(ScriptedModel([reply]), ITEM)
    assert answer.failure is not None
    assert (answer.place, answer.failure.kind) == (None, kind)


async def test_the_simulated_subject_gives_the_exact_mixture() -> None:
    inputs = {"memory": "Favourite drink: cocoa"}
    subject = open_model("simulated:ability=0.7,sloppy=0,seed=2")
    answer = await weigh_choice(subject, ITEM, inputs=inputs)
    assert sum(answer.shares) == pytest.approx(1.0)
    guess = await weigh_choice(open_model("simulated:sloppy=0"), ITEM)
    assert guess.shares == pytest.approx((1 / 3,) * 3)


# --- scoring ---


def report(places: Sequence[int | None], golds: Sequence[int], groups: Sequence[str] = ()) -> ChoiceReport:
    named = groups or ["x"] * len(golds)
    items = tuple(
        ChoiceItem(f"q{k}", "?", ("a", "bb", "ccc"), gold, {"type": named[k]}) for k, gold in enumerate(golds)
    )
    answers = tuple(answered(place, None if place is not None else "error", f"q{k}") for k, place in enumerate(places))
    return ChoiceReport(items, answers)


def test_a_missing_answer_is_wrong_and_counted_by_kind() -> None:
    accuracy = report([0, None, 2, None], [0, 0, 2, 2]).accuracy()
    assert (accuracy.value, accuracy.n, accuracy.failures) == (0.5, 4, {"error": 2})


def test_tables_sum_to_the_total_and_are_in_natural_order() -> None:
    found = report([0, 0, 0, None], [0, 1, 0, 0], ["10", "2", "", "2"]).by("type")
    assert {name: (e.n, e.value, dict(e.failures)) for name, e in found.items()} == {
        "2": (2, 0.0, {"error": 1}),
        "10": (1, 1.0, {}),
        "not stated": (1, 1.0, {}),
    }
    assert list(found) == ["2", "10", "not stated"]


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.none() | st.integers(0, 2), st.sampled_from("uvw")), min_size=1, max_size=40
    )
)
def test_any_table_sums_to_the_total(rows: list[tuple[int, int | None, str]]) -> None:
    made = report([row[1] for row in rows], [row[0] for row in rows], [row[2] for row in rows])
    parts = made.by("type").values()
    assert sum(part.n for part in parts) == len(rows)
    assert sum(round((part.value or 0) * part.n) for part in parts) == sum(made.right())
    failures = sum(sum(part.failures.values()) for part in parts)
    assert failures == len(made.failures) == sum(row[1] is None for row in rows)


def test_baselines_follow_the_order_in_which_options_were_shown() -> None:
    items = [ChoiceItem(f"q{k}", "?", ("a", "bb", "ccc", "ddd"), 2) for k in range(4)]
    plain = baselines(items)
    assert plain["Best constant letter (C)"].value == 1.0
    assert (plain["Longest option"].value, plain["Shortest option"].value) == (0.5, 0.0)
    turned = baselines(items, [(2, 0, 1, 3), (2, 0, 1, 3), (0, 2, 1, 3), (0, 1, 3, 2)])
    assert turned["Best constant letter (A)"].value == 0.5
    assert [turned[f"Always {letter}"].value for letter in "ABCD"] == [0.5, 0.25, 0.0, 0.25]
    assert turned["Uniform guess"].value == 0.25


def test_uniform_guess_over_items_of_different_sizes() -> None:
    items = [ChoiceItem("q0", "?", ("a", "b"), 0), ChoiceItem("q1", "?", ("a", "b", "c", "d"), 0)]
    assert baselines(items)["Uniform guess"].value == 0.375


def test_estimates_begin_with_the_accuracy() -> None:
    assert list(report([0], [0]).estimates()) == [
        "Accuracy",
        "Best constant letter (A)",
        "Longest option",
        "Uniform guess",
    ]


def test_items_and_answers_must_match() -> None:
    with pytest.raises(InvalidInput, match="one answer for each item"):
        ChoiceReport((ITEM,), (answered(0, id="other"),))


def test_an_answer_survives_saving() -> None:
    for answer in (answered(1), ChoiceAnswer("q", (1, 0), None, Failure("empty", "why", "q", ("",)), "", (0.5, 0.5))):
        assert ChoiceAnswer.from_row(answer.as_row()) == answer


async def test_a_model_that_likes_a_place_is_seen_in_the_rotations() -> None:
    places = [await ask_choice(ScriptedModel(lambda m, s: "A"), ITEM, order=order) for order in ITEM.rotations()]
    effect = order_effect(places)
    assert (effect.items, effect.steady.value, effect.places) == (1, 0.0, (3, 0, 0))

    def reads(messages: Sequence[Message], sampling: Sampling) -> str:
        return next(line[0] for line in messages[-1]["content"].splitlines() if line.endswith(". cocoa"))

    steady = [await ask_choice(ScriptedModel(reads), ITEM, order=order) for order in ITEM.rotations()]
    assert (order_effect(steady).steady.value, order_effect(steady).places) == (1.0, (1, 1, 1))


def test_a_missing_answer_is_not_steady() -> None:
    assert order_effect([answered(None, "empty"), answered(None, "empty")]).steady.value == 0.0


def test_the_step_is_rendered_without_asking() -> None:
    shown = CHOOSE.render(question="?", options="A. x\nB. y", letters="AB", memory="")
    assert [message["role"] for message in shown] == ["user"]


def test_unparsed_replies_say_why() -> None:
    assert isinstance(letter_shares(Reply("A"), 2), Unparsed)
