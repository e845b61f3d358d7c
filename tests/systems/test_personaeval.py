"""PersonaEval: every statement of the page's "Works when", with its literals."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.benchmarks.personaeval import (
    CONTRACT,
    ERRATA,
    BuilderConfig,
    Candidate,
    Identification,
    IdentificationItem,
    PersonaEvalConfig,
    PersonaEvalResult,
    Work,
    build_items,
    bundled_items,
    identification_metrics,
    rank_of_truth,
    read_items,
    read_probabilities,
    read_profiles,
    read_published_results,
    run_personaeval,
    works_of_scenes,
    write_items,
    write_published_results,
)
from personarium.benchmarks.personaeval.metrics import BRIER, ECE, RANK, TOP1, TOP2, macro_mean
from personarium.benchmarks.personaeval.published import result_name, table_row
from personarium.benchmarks.personaeval.result import COMBINED, FIRST, HUMAN, MACRO, OVERLAP, TRACK_SIZES, UNIFORM
from personarium.benchmarks.personaeval.sources import invented_names, persona_chat_scenes, script_work
from personarium.catalog import SystemRow
from personarium.core import Dialogue, Message, Sampling
from personarium.core.errors import InvalidInput, RemoteError, UsageError
from personarium.judges import AdmissionRecord
from personarium.make.synthetic_persona_chat.data_format import read_release
from personarium.models import ScriptedModel, open_model
from personarium.runs import Run
from personarium.stats import wilson
from personarium.testing import check_system
from personarium.text import Unparsed

PERSONA_CHAT = Path(__file__).parents[3] / "shared/data/synthetic-persona-chat/Synthetic-Persona-Chat_test.csv"
NAMES = ("A", "B", "C", "D")
PEOPLE = tuple(Candidate(name, f"{name} is somebody.") for name in NAMES)
WORKED = [(0.7, 0.1, 0.1, 0.1), (0.2, 0.5, 0.2, 0.1), (0.1, 0.2, 0.3, 0.4), (0.05, 0.05, 0.45, 0.45)]
WORKED_TRUTHS = [0, 0, 3, 1]
FIVE = [(0.1, 0.1, 0.1, 0.1, 0.6), (0.3, 0.2, 0.2, 0.2, 0.1), (0.06, 0.04, 0.1, 0.2, 0.6)]
FIVE_TRUTHS = [4, 4, 0]
GOOD = '{"A": 0.7, "B": 0.1, "C": 0.1, "D": 0.1}'


def item(
    number: int, truth: int = 0, track: str = "Literary", people: tuple[Candidate, ...] = PEOPLE
) -> IdentificationItem:
    return IdentificationItem(f"{track}/{number}", track, f"Item {number}: who speaks?", people, truth)


def ranks(answers: Sequence[Sequence[float]], truths: Sequence[int], ties: Any) -> list[float]:
    return [rank_of_truth(a, t, ties) for a, t in zip(answers, truths, strict=True)]


# --- 1: the worked example ---


def test_w1_the_worked_example() -> None:
    found = identification_metrics(WORKED, WORKED_TRUTHS)
    assert found.value(TOP1) == 0.5
    assert found.value(BRIER) == pytest.approx(0.179375, abs=1e-12)
    assert found.value(ECE) == pytest.approx(0.4625, abs=1e-12)
    assert found.f1 == pytest.approx(2 / 3)
    assert found.value(RANK) == 2.0


def test_w1_two_tie_policies_give_other_ranks_and_top_two() -> None:
    assert ranks(WORKED, WORKED_TRUTHS, "first") == [1, 2, 1, 4]
    assert ranks(WORKED, WORKED_TRUTHS, "last") == [1, 3, 1, 3]
    assert ranks(WORKED, WORKED_TRUTHS, "expected") == [1, 2.5, 1, 3.5]
    assert identification_metrics(WORKED, WORKED_TRUTHS).value(TOP2) == 0.75  # the default is first
    assert identification_metrics(WORKED, WORKED_TRUTHS, ties="last").value(TOP2) == 0.5
    assert identification_metrics(WORKED, WORKED_TRUTHS, ties="expected").value(TOP2) == pytest.approx(2.5 / 4)
    assert {
        identification_metrics(WORKED, WORKED_TRUTHS, ties=t).value(RANK) for t in ("first", "last", "expected")
    } == {2.0}


def test_ranks_and_predictions_break_ties_two_ways_only_as_published() -> None:
    uniform = [(0.25,) * 4]
    ours, theirs = (
        identification_metrics(uniform, [0], faults=faults) for faults in (frozenset(), frozenset({"ties-two-ways"}))
    )
    assert (ours.value(TOP1), ours.value(RANK)) == (1.0, 1.0)
    assert (theirs.value(TOP1), theirs.value(RANK)) == (1.0, 4.0)


def test_an_unknown_tie_policy_is_refused() -> None:
    with pytest.raises(InvalidInput, match="first, last or expected"):
        rank_of_truth((0.5, 0.5), 0, "middle")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="ties must be first, last or expected"):
        PersonaEvalConfig(ties="middle")  # type: ignore[arg-type]


# --- 2: judges that are easy to reckon ---


@pytest.mark.parametrize(("options", "brier"), [(4, 0.1875), (5, 0.16)])
def test_w2_a_uniform_judge(options: int, brier: float) -> None:
    truths = [0, 0, 1, 2, 3, 0, 1, 1, 2, 0]  # four of ten at the first option
    found = identification_metrics([(1 / options,) * options] * 10, truths)
    assert found.value(BRIER) == pytest.approx(brier)
    assert found.value(TOP1) == 0.4
    assert found.value(ECE) == pytest.approx(abs(1 / options - 0.4))


def test_w2_certain_judges() -> None:
    right, wrong = [(1.0, 0.0, 0.0, 0.0)] * 8, [(0.0, 1.0, 0.0, 0.0)] * 8
    best, worst = (identification_metrics(answers, [0] * 8) for answers in (right, wrong))
    assert (best.value(BRIER), best.value(ECE), best.value(RANK)) == (0.0, 0.0, 1.0)
    assert (worst.value(BRIER), worst.value(ECE)) == (0.5, 1.0)


# --- 3: the parser ---


@pytest.mark.parametrize(
    "reply",
    [
        GOOD,
        f"Here you are:\n```json\n{GOOD}\n```\nI hope this helps.",
        f"Here you are:\n```\n{GOOD}\n```\nI hope this helps.",
        f"It seems to be {GOOD}, I think.",
        "{'A': 0.7, 'B': 0.1, 'C': 0.1, 'D': 0.1}",
        '{"A": 0.7, "B": 0.1, "C": 0.1, "D": 0.1,}',
        '{"A": "0.7", "B": "0.1", "C": "0.1", "D": "0.1"}',
        '{"A": 0.7, "B": 0.1, "C": 0.1, "D": 0.1, "E": 0.4, "why": "the sea"}',
        '```json\n{"A": 0, "B": 1, "C": 0, "D": 0}\n```\nOr rather:\n```json\n' + GOOD + "\n```",
    ],
)
def test_w3_accepted(reply: str) -> None:
    assert read_probabilities(reply, NAMES) == (0.7, 0.1, 0.1, 0.1)


def four(*values: object) -> str:
    return "{" + ", ".join(f'"{name}": {value}' for name, value in zip(NAMES, values, strict=True)) + "}"


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        ('{"A": 0.8, "B": 0.1, "C": 0.1}', "no probability for 'D'"),
        ('{"a": 0.7, "b": 0.1, "c": 0.1, "d": 0.1}', "no probability for 'A'"),
        (four('"most likely"', 0.1, 0.1, 0.1), "'A' is no number from 0 to 1"),
        (four("true", 0, 0, 0), "'A' is no number from 0 to 1"),
        (four("null", 0.5, 0.3, 0.2), "'A' is no number from 0 to 1"),
        (four('"NaN"', 0.5, 0.3, 0.2), "'A' is no number from 0 to 1"),
        (four("NaN", 0.5, 0.3, 0.2), "no JSON object"),
        (four(1.5, -0.5, 0, 0), "'A' is no number from 0 to 1"),
        (four(0.68, 0.1, 0.1, 0.1), "sum to 0.98"),
        (four(0.69998, 0.1, 0.1, 0.1), "sum to 0.99998"),
        ("It must be A.", "no JSON object"),
        ("", "no JSON object"),
    ],
)
def test_w3_rejected(reply: str, says: str) -> None:
    found = read_probabilities(reply, NAMES)
    assert isinstance(found, Unparsed)
    assert says in found.reason


def test_w3_a_sum_within_the_tolerance() -> None:
    assert read_probabilities(four(0.699995, 0.1, 0.1, 0.1), NAMES) == (0.699995, 0.1, 0.1, 0.1)


def test_the_range_is_not_checked_only_as_published() -> None:
    loose = read_probabilities(four(1.5, -0.5, 0, 0), NAMES, check_range=False)
    assert loose == (1.5, -0.5, 0.0, 0.0)
    odd = read_probabilities(four("NaN", 0.5, 0.3, 0.2), NAMES, check_range=False)
    assert not isinstance(odd, Unparsed)
    assert odd[0] != odd[0]


async def test_the_published_reader_is_reached_by_its_erratum() -> None:
    judge = ScriptedModel(lambda m, s: four(1.5, -0.5, 0, 0))
    fair = await run_personaeval(judge, [item(1)])
    loose = await run_personaeval(judge, [item(1)], as_published={"no-range-check"})
    assert not fair.answers[0].answered
    assert loose.answers[0].probabilities == (1.5, -0.5, 0.0, 0.0)
    assert loose.by_track[COMBINED].value(TOP1) == 1.0


def test_scaling_is_a_named_option_and_off() -> None:
    assert isinstance(read_probabilities(four(0.6, 0.1, 0.1, 0.0), NAMES), Unparsed)
    assert read_probabilities(four(0.6, 0.1, 0.1, 0.0), NAMES, renormalise=True) == pytest.approx(
        (0.75, 0.125, 0.125, 0)
    )
    assert isinstance(read_probabilities(four(0, 0, 0, 0), NAMES, renormalise=True), Unparsed)


@given(st.text(max_size=300))
def test_the_parser_never_raises(reply: str) -> None:
    found = read_probabilities(reply, NAMES)
    assert isinstance(found, Unparsed) or abs(sum(found) - 1) <= 1e-5


@given(st.lists(st.integers(0, 1000), min_size=4, max_size=4).filter(lambda v: sum(v) > 0))
def test_every_distribution_is_read_as_it_was_written(weights: list[int]) -> None:
    values = [w / sum(weights) for w in weights]
    assert read_probabilities(f"```json\n{json.dumps(dict(zip(NAMES, values, strict=True)))}\n```", NAMES) == tuple(
        values
    )


async def test_w3_a_judge_that_always_answers_badly_costs_five_calls() -> None:
    def script(messages: Sequence[Message], sampling: Sampling) -> str:
        return "no idea" if messages[0]["content"].startswith("Item 2:") else GOOD

    judge = ScriptedModel(script)
    result = await run_personaeval(judge, [item(1), item(2), item(3)])
    assert [a.asks for a in result.answers] == [1, 5, 1]
    assert sum("Item 2:" in call.messages[0]["content"] for call in judge.calls) == 5
    assert [a.success(0) for a in result.answers] == [1, -1, 1]
    assert result.answers[1].rejected == result.rejected == 5
    failure = result.answers[1].failure
    assert failure is not None
    assert (failure.kind, len(failure.raw)) == ("unparsed", 5)
    assert (result.answers[0].probabilities, result.answers[2].predicted) == ((0.7, 0.1, 0.1, 0.1), 0)


async def test_w3_rejected_replies_are_counted_before_a_good_one() -> None:
    result = await run_personaeval(ScriptedModel(["nothing", four(0.5, 0.1, 0.1, 0.1), GOOD]), [item(1)])
    assert (result.answers[0].asks, result.answers[0].rejected, result.answers[0].answered) == (3, 2, True)


async def test_the_prompt_is_one_user_message_as_it_stands_in_the_data() -> None:
    judge = ScriptedModel([GOOD])
    await run_personaeval(judge, [item(1)])
    assert list(judge.calls[0].messages) == [{"role": "user", "content": "Item 1: who speaks?"}]
    assert judge.calls[0].sampling.temperature == 0.0


# --- 4: five options ---


@pytest.mark.parametrize("ties", ["first", "last"])
def test_w4_five_options(ties: Any) -> None:
    found = identification_metrics(FIVE, FIVE_TRUTHS, ties=ties)
    assert ranks(FIVE, FIVE_TRUTHS, ties) == [1, 5, 4]
    assert (found.value(TOP1), found.value(TOP2)) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert found.value(RANK) == pytest.approx(3.3333, abs=5e-5)
    assert found.value(BRIER) == pytest.approx(0.16768, abs=5e-6)
    assert found.value(ECE) == pytest.approx(0.1667, abs=5e-5)
    assert found.f1 == pytest.approx(0.5)


def test_w4_the_fifth_probability_is_lost_only_as_published() -> None:
    found = identification_metrics(FIVE, FIVE_TRUTHS, faults=frozenset({"fifth-probability-lost"}))
    assert (found.value(TOP1), found.value(TOP2), found.f1) == (0.0, 0.0, 0.0)
    assert (found.value(RANK), found.estimates[RANK].n) == (3.0, 1)
    assert found.value(BRIER) == pytest.approx(0.098767, abs=5e-7)
    assert found.value(ECE) == pytest.approx(0.2)


def test_a_confidence_of_exactly_zero_falls_in_no_bin_as_published() -> None:
    lost = frozenset({"fifth-probability-lost"})
    answers = [(0.0, 0.0, 0.0, 0.0, 1.0), (0.8, 0.2, 0.0, 0.0, 0.0)]
    # The first is "right" by a tie at 0, in no bin; the second is off by .2 and half of the items.
    assert identification_metrics(answers, [0, 0], faults=lost).value(ECE) == pytest.approx(0.1)


async def test_w4_five_probabilities_go_through_file_and_back(tmp_path: Path) -> None:
    people = tuple(Candidate(name, "p") for name in "ABCDE")
    items = [item(k, t, "Expertise", people) for k, t in enumerate(FIVE_TRUTHS, 1)]
    judge = ScriptedModel([json.dumps(dict(zip("ABCDE", one, strict=True))) for one in FIVE])
    result = await run_personaeval(judge, items, concurrency=1)
    ours = write_published_results(tmp_path / "ours.csv", items, result.answers)
    theirs = write_published_results(tmp_path / "theirs.csv", items, result.answers, frozenset(ERRATA))
    assert next(iter(csv.DictReader(ours.read_text(encoding="utf-8").splitlines())))["prob5"] == "0.6"
    assert "prob5" not in theirs.read_text(encoding="utf-8").splitlines()[0]
    for path in (ours, theirs):  # what the published file lacks is what the others leave of 1
        again, answers = read_published_results(path, "Expertise")
        assert [a.probabilities for a in answers] == [pytest.approx(one) for one in FIVE]
        assert [(i.names, i.truth) for i in again] == [(i.names, i.truth) for i in items]
    _, lost = read_published_results(theirs, "Expertise", frozenset({"fifth-probability-lost"}))
    assert [len(a.probabilities) for a in lost] == [4, 4, 4]


# --- 5: a judge of known calibration ---


@pytest.mark.parametrize("seed", range(6))
def test_w5_known_calibration(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(4), size=5_000)
    truths = [int(rng.choice(4, p=row)) for row in p]

    def at(temperature: float) -> Any:
        made = p ** (1 / temperature)
        rows = made / made.sum(axis=1, keepdims=True)
        return identification_metrics([tuple(row) for row in rows.tolist()], truths)

    true, sharp, flat = at(1.0), at(0.5), at(2.0)
    assert 0.010 < true.value(ECE) < 0.03
    assert sharp.value(TOP1) == true.value(TOP1)
    assert 0.15 <= round(sharp.value(ECE), 2) <= 0.17
    assert sharp.value(BRIER) - true.value(BRIER) == pytest.approx(0.01, abs=0.004)
    assert 0.12 <= round(flat.value(ECE), 2) <= 0.14


# --- 6: resuming ---


class Dies(BaseException):
    """Stands for a killed process."""


def right_names(messages: Sequence[Message], sampling: Sampling) -> str:
    number = int(re.findall(r"\d+", messages[0]["content"])[0])
    return "never a number" if number == 4 else four(*(0.7 if k == number % 4 else 0.1 for k in range(4)))


async def test_w6_an_interrupted_run_resumes(tmp_path: Path) -> None:
    items = [item(k, k % 4) for k in range(1, 9)]
    whole = await run_personaeval(ScriptedModel(right_names), items, concurrency=1)

    def dying(messages: Sequence[Message], sampling: Sampling) -> Any:
        return Dies() if "Item 6:" in messages[0]["content"] else right_names(messages, sampling)

    with pytest.raises(Dies), Run.open(tmp_path / "run", {"w": 6}) as run:
        await run_personaeval(run.model(ScriptedModel(dying)), items, run=run, concurrency=1)
    judge = ScriptedModel(right_names)
    with Run.open(tmp_path / "run", {"w": 6}) as run:
        resumed = await run_personaeval(run.model(judge), items, run=run, concurrency=1)
    assert [re.findall(r"\d+", call.messages[0]["content"])[0] for call in judge.calls] == ["6", "7", "8"]
    without = {"tokens": 0, "cost_usd": None}
    assert [{**row, **without} for row in resumed.rows()] == [{**row, **without} for row in whole.rows()]
    assert table_row(resumed.by_track[COMBINED], "Literary", "m") == table_row(
        whole.by_track[COMBINED], "Literary", "m"
    )


async def test_w6_errors_are_no_samples_are_counted_and_asked_again() -> None:
    items = [item(k, k % 4) for k in range(1, 9)]
    first = await run_personaeval(ScriptedModel(right_names), items)
    metrics = first.by_track[COMBINED]
    assert metrics.samples == 7
    assert {
        (e.n, tuple(e.failures.items())) for name, e in metrics.estimates.items() if name != "ECE if calibrated"
    } == {(7, (("unparsed", 1),))}
    judge = ScriptedModel(lambda m, s: four(0.7, 0.1, 0.1, 0.1))
    second = await run_personaeval(judge, items, answered=first.answers)
    assert len(judge.calls) == 1
    assert "Item 4:" in judge.calls[0].messages[0]["content"]
    assert judge.calls[0].sampling.repeat == 1  # a new draw, also for a cache
    assert (second.answers[3].asks, second.answers[3].rejected, second.answers[3].answered) == (6, 5, True)
    assert [a for k, a in enumerate(second.answers) if k != 3] == [a for k, a in enumerate(first.answers) if k != 3]


async def test_errors_are_counted_as_samples_only_as_published() -> None:
    items = [item(k, k % 4) for k in range(1, 9)]
    judge = ScriptedModel(right_names)
    theirs = await run_personaeval(judge, items, as_published={"errors-counted"})
    assert table_row(theirs.by_track[COMBINED], "Literary", "m")["num_samples"] == "8"
    assert theirs.by_track[COMBINED].value(TOP1) == 1.0


async def test_an_endpoint_error_touches_one_item_only() -> None:
    judge = ScriptedModel(lambda m, s: RemoteError("down") if "Item 1:" in m[0]["content"] else GOOD)
    result = await run_personaeval(judge, [item(1), item(2)])
    assert [a.failure.kind if a.failure else "" for a in result.answers] == ["error", ""]
    assert result.failures[0].where == "Literary/1"


# --- 7: the builder ---

CAST = {
    "Orla Fenn": "A lighthouse keeper who counts ships.",
    "Bram": "A smith. Orla Fenn is his sister.",
    "Cass": "A baker who sings.",
    "Dory": "A sailor who fears storms.",
    "Edda": "A judge who collects stamps.",
    "Finn": "A boy who asks questions.",
}


def long_script(turns: int) -> str:
    speakers = [name.upper() for name in CAST]
    said = ["Tell Bram that the ship is late.", "I heard Orla say so.", "What now?", "CASS knows, and so does Ms Fenn."]
    lines = [f"{speakers[k % 6 if k % 7 else (k + 1) % 6]}: {said[k % 4]} This is line {k}." for k in range(turns)]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def two_thousand() -> Any:
    return build_items([script_work("play", long_script(2_400), CAST)], BuilderConfig(seed=3))


def test_w7_two_thousand_items_hold_our_rules(two_thousand: Any) -> None:
    items = two_thousand.items
    assert len(items) >= 2_000
    assert len(items) + sum(two_thousand.dropped.values()) == 2_399
    for one in items:
        before, _, after = one.prompt.partition("<options>")
        options, _, form = after.partition("</options>")
        truth = one.names[one.truth]
        outside = before + form.replace(f'"{truth}": <0.0-1.0>', "")
        assert not re.search(rf"\b{truth}\b", outside, re.IGNORECASE)
        assert not re.search(r"\bFenn\b", before) or truth != "Orla Fenn"
        assert f"- {truth}: " in options
        assert one.exchange.speaker not in one.names
        assert set(one.names) <= set(CAST)
    assert two_thousand.masked > 0


def test_w7_each_position_holds_the_truth_equally_often(two_thousand: Any) -> None:
    places = Counter(one.truth for one in two_thousand.items)
    for place in range(4):
        assert places[place] / len(two_thousand.items) == pytest.approx(0.25, abs=0.03)


def test_w7_same_seed_same_bytes(two_thousand: Any, tmp_path: Path) -> None:
    again = build_items([script_work("play", long_script(2_400), CAST)], BuilderConfig(seed=3))
    other = build_items([script_work("play", long_script(2_400), CAST)], BuilderConfig(seed=4))
    one, two = (write_items(b.items, tmp_path / f"{k}.jsonl") for k, b in enumerate((two_thousand, again)))
    assert one.read_bytes() == two.read_bytes()
    assert other.items[0] != again.items[0]
    assert tuple(read_items(one)) == two_thousand.items


def test_w7_mentions_are_masked_or_the_item_is_dropped() -> None:
    text = "EDDA: Where is Dory?\nORLA FENN: Dory sails with BRAM and Ms Fenn, says edda."
    masked = build_items([script_work("play", text, CAST)])
    assert masked.items[0].exchange is not None
    assert masked.items[0].exchange.said == "Where is [name]?"
    # Edda, the first speaker, is known and no candidate; everybody else is masked alike, so a mask tells nothing.
    assert masked.items[0].exchange.reply == "[name] sails with [name] and Ms [name], says edda."
    assert masked.masked == 1
    dropped = build_items([script_work("play", text, CAST)], BuilderConfig(mentions="drop"))
    assert (dropped.items, dropped.dropped) == ((), {"an utterance names a candidate": 1})


def test_w7_what_gives_no_item_is_counted_with_the_reason() -> None:
    text = "EDDA: One.\nEDDA: Two.\nSTRANGER: Three.\nEDDA: Four words are here.\nMA FENN: Hush.\nORLA FENN: Five."
    built = build_items([script_work("play", text, CAST)], BuilderConfig(min_words=2))
    assert len(built.items) == 1
    assert built.dropped == {
        "no profile of the speaker": 2,
        "shares a name with the first speaker": 1,
        "the same speaker goes on": 1,
    }
    few = build_items([script_work("play", "EDDA: One.\nBRAM: Two.", {"Edda": "A judge.", "Bram": "A smith."})])
    assert few.dropped == {"too few candidates": 1}


def test_w7_names_of_scripts_without_blanks_are_masked() -> None:
    cast = dict.fromkeys(("林娜", "王五", "赵六", "陈七", "周八"), "一个人。")
    work = Work("剧", cast, (Dialogue("1", [("林娜", "王五在吗?"), ("王五", "我是王五。")]),))
    built = build_items([work])
    exchange = built.items[0].exchange
    assert exchange is not None
    assert (exchange.said, exchange.reply) == ("[name]在吗?", "我是[name]。")


@pytest.mark.parametrize("name", ["", "A|B", 'A"', "A<b>", "x" * 81, "A\nB"])
def test_a_name_that_cannot_stand_in_a_prompt_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="plain characters"):
        Work("w", {name: "Somebody."}, ())


def test_profiles_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "cast.json").write_text('{"Bram": "A smith."}', encoding="utf-8")
    (tmp_path / "cast.yaml").write_text("Bram: A smith.\n", encoding="utf-8")
    assert read_profiles(tmp_path / "cast.json") == read_profiles(tmp_path / "cast.yaml") == {"Bram": "A smith."}
    (tmp_path / "bad.json").write_text('{"Bram": 3}', encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"bad\.json: field 'Bram'"):
        read_profiles(tmp_path / "bad.json")


@pytest.mark.skipif(not PERSONA_CHAT.exists(), reason="the Synthetic-Persona-Chat test split is not beside the project")
def test_w7_real_dialogues_give_items_and_the_bundled_ones_come_from_them() -> None:
    scenes = persona_chat_scenes(read_release(PERSONA_CHAT))
    assert len(scenes) == 626  # of 968: empty, with stray lines or placeholders are left out
    works = works_of_scenes(scenes, "persona-chat", 8)
    built = build_items(works, BuilderConfig(min_words=6, min_shared=1, most=2, track="Persona chat"))
    assert list(built.items) == bundled_items()


def test_talks_get_invented_names_by_seed() -> None:
    talk = Dialogue("t", [("User 1", "Hello there."), ("User 2", "Good day.")])
    scenes = [(talk, {"User 1": "A smith.", "User 2": "A baker."})] * 3
    one, two, other = (works_of_scenes(scenes, size=3, seed=s)[0] for s in (1, 1, 2))
    assert one == two != other
    assert len(one.profiles) == 6
    assert set(one.profiles) <= set(invented_names())
    assert {u.speaker for u in one.dialogues[0]} <= set(one.profiles)
    assert len(set(invented_names())) == 64
    with pytest.raises(UsageError, match="64 names"):
        works_of_scenes(scenes * 30, size=90)


def test_the_bundled_items() -> None:
    items = bundled_items()
    assert len(items) == 156
    assert Counter(one.truth for one in items) == {0: 39, 1: 39, 2: 39, 3: 39}
    assert len({one.id for one in items}) == 156
    assert all('{"' in one.prompt and one.track == "Persona chat" for one in items)
    assert all("Speaker: <speaker: " in one.prompt for one in bundled_items("choice"))


# --- 8: the report ---


def with_accuracies(sizes: dict[str, int], shares: dict[str, float]) -> PersonaEvalResult:
    items: list[IdentificationItem] = []
    answers: list[Identification] = []
    for track, n in sizes.items():
        right = round(n * shares[track])
        for k in range(n):
            items.append(item(k, 0, track))
            answers.append(Identification(items[-1].id, (0.7, 0.1, 0.1, 0.1) if k < right else (0.1, 0.7, 0.1, 0.1)))
    return PersonaEvalResult("judge", tuple(items), tuple(answers))


def test_w8_pooled_and_mean_over_tracks_at_the_published_sizes() -> None:
    shares = {"Literary": 0.9, "Drama": 0.5, "Expertise": 0.4}
    assert sum(TRACK_SIZES.values()) == 28_565
    tracks = [wilson(shares[t] * n, n, "item") for t, n in TRACK_SIZES.items()]
    pooled = sum(shares[t] * n for t, n in TRACK_SIZES.items()) / 28_565
    macro = macro_mean(tracks)
    assert round(pooled, 4) == 0.8645
    assert macro.value == pytest.approx(0.6)
    assert macro.n == 28_565
    assert macro.lo is not None and macro.hi is not None
    assert 0.58 < macro.lo < 0.6 < macro.hi < 0.62


def test_w8_each_figure_has_n_and_interval_beside_two_trivial_judges() -> None:
    result = with_accuracies(
        {"Literary": 100, "Drama": 20, "Expertise": 10}, {"Literary": 0.9, "Drama": 0.5, "Expertise": 0.4}
    )
    report = result.report()
    assert list(report) == ["Literary", "Drama", "Expertise", COMBINED, MACRO]
    assert [round(report[t][TOP1].value or 0, 4) for t in report] == [0.9, 0.5, 0.4, 0.8, 0.6]
    for found in report.values():
        for name in (TOP1, TOP2, RANK, BRIER, ECE):
            assert found[name].n > 0
            assert found[name].lo is not None and found[name].hi is not None
    trivial = result.baselines()
    assert list(trivial) == [UNIFORM, FIRST]
    assert trivial[UNIFORM][COMBINED][BRIER].value == pytest.approx(0.1875)
    assert trivial[FIRST][COMBINED][TOP1].value == 1.0  # every truth of these items is the first option
    assert next(iter(result.estimates())) == "Top-1, mean over tracks"


def test_macro_of_nothing_has_no_value() -> None:
    assert macro_mean([]).value is None
    assert macro_mean([wilson(0, 0, "item")]).value is None


# --- the admission record ---


async def test_the_admission_record_says_what_was_measured() -> None:
    result = await run_personaeval(open_model("simulated:seed=4"), bundled_items("choice"), concurrency=50)
    record = result.admission()
    assert isinstance(record, AdmissionRecord)
    assert record.admitted
    assert (record.n, record.model) == (156, "simulated:seed=4")
    assert record.agreement[TOP1].value is not None
    assert record.agreement[TOP1].value > 0.35
    assert set(record.calibration) == {"ece", "brier"}
    assert AdmissionRecord.from_dict(json.loads(json.dumps(record.as_dict()))) == record
    notes = " | ".join(record.notes)
    assert "above uniform guess" in notes
    assert "below most shared words" in notes  # the simulated subject matches facts, word overlap does better
    assert "below the human ceiling of 90.8%" in notes
    assert HUMAN == 0.908


async def test_negative_controls_stand_where_they_belong() -> None:
    items = bundled_items("choice")
    first = await run_personaeval(open_model("simulated/first"), items, concurrency=50)
    assert first.by_track[COMBINED].value(TOP1) == 0.25
    assert "not told apart from uniform guess" in first.standing()[0]
    sure = await run_personaeval(open_model("simulated:overconfidence=1"), items, concurrency=50)
    plain = await run_personaeval(open_model("simulated"), items, concurrency=50)
    assert (sure.by_track[COMBINED].value(ECE) or 0) > (plain.by_track[COMBINED].value(ECE) or 0) + 0.3
    mute = await run_personaeval(open_model("simulated/mute"), items[:3], concurrency=50)
    record = mute.admission()
    assert (record.admitted, record.n, record.failures) == (False, 0, {"empty": 3})
    assert record.notes == ("no reply could be read (15 were tried)",)


async def test_the_word_overlap_judge_needs_no_model() -> None:
    result = await run_personaeval(
        ScriptedModel(lambda m, s: ""), bundled_items()[:2], config=PersonaEvalConfig(attempts=1)
    )
    assert list(result.baselines()) == [UNIFORM, FIRST, OVERLAP]


async def test_a_result_is_saved_and_loaded() -> None:
    result = await run_personaeval(open_model("simulated:malformed=0.6"), bundled_items("choice")[:12])
    again = PersonaEvalResult.from_dict(json.loads(json.dumps(result.to_dict())))
    assert again == result
    assert again.rows() == result.rows()


async def test_a_judge_that_names_one_speaker() -> None:
    one = bundled_items("choice")[0]
    names = [n for n in one.names if n != one.names[one.truth]]
    judge = ScriptedModel([f"Speaker: {names[0]} Probability: 0.7"])
    answer = (await run_personaeval(judge, [one])).answers[0]
    assert sorted(answer.probabilities) == pytest.approx([0.1, 0.1, 0.1, 0.7])
    assert answer.predicted == one.names.index(names[0])


# --- files ---


def published_row(**changes: str) -> dict[str, str]:
    row = {
        "prompt": "Who speaks?",
        "gt": "B",
        **{f"option{k}": name for k, name in enumerate("ABCD", 1)},
        "option5": "",
    }
    return {**row, **{f"option{k}_profile": "p" for k in range(1, 6)}, **changes}


def csv_file(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_published_items_of_four_and_five_options(tmp_path: Path) -> None:
    rows = [published_row(), published_row(option5="E", gt="E")]
    items = read_items(csv_file(tmp_path / "Expertise.csv", rows))
    assert [(one.id, one.track, len(one.candidates), one.truth) for one in items] == [
        ("Expertise/1", "Expertise", 4, 1),
        ("Expertise/2", "Expertise", 5, 4),
    ]
    assert items[0].candidates[0] == Candidate("A", "p")
    assert items[0].prompt == "Who speaks?"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"gt": "Z"}, "gt"),
        ({"prompt": " "}, "prompt"),
        ({"option2": ""}, "option1"),
        ({"option4": ""}, "option1"),
        ({"option3": "A"}, "option1"),
    ],
)
def test_bad_rows_are_refused_with_their_number(changes: dict[str, str], field: str, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "Drama.csv", [published_row(), published_row(**changes)])
    with pytest.raises(InvalidInput, match=rf"Drama\.csv: row 2: field '{field}'"):
        read_items(path)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('["x"]', "an object"),
        ('{"id": "1", "track": "t", "candidates": [], "truth": 0, "prompt": "p"}', "2 to 26 candidates"),
        ('{"id": "1", "track": "t", "candidates": 3, "truth": 0, "prompt": "p"}', "candidates"),
        ('{"id": "1", "track": "t", "candidates": [{"name": "A"}], "truth": 0, "prompt": "p"}', "profile"),
        ('{"id": "", "track": "t"}', "field 'id'"),
    ],
)
def test_bad_lines_are_refused_with_their_number(line: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match=rf"own\.jsonl:1.*{says}|{says}"):
        read_items(path)


async def test_items_must_differ() -> None:
    with pytest.raises(InvalidInput, match="ids that differ"):
        await run_personaeval(ScriptedModel([]), [item(1), item(1)])
    with pytest.raises(UsageError, match="no erratum 'typo'"):
        await run_personaeval(ScriptedModel([]), [item(1)], as_published={"typo"})


def test_rows_of_a_published_result_that_are_asked_again(tmp_path: Path) -> None:
    done = {
        "res": "B",
        "response": "...",
        "success": "1",
        **{f"prob{k}": v for k, v in enumerate(["0.1", "0.7", "0.1", "0.1"], 1)},
    }
    failed = {**dict.fromkeys(done, ""), "success": "-1"}
    path = csv_file(tmp_path / "r.csv", [{**published_row(), **done}, {**published_row(), **failed}])
    _, answers = read_published_results(path, "Literary")
    assert [a.answered for a in answers] == [True, False]
    bad = csv_file(tmp_path / "bad.csv", [{**published_row(), **done, "success": "maybe"}])
    with pytest.raises(InvalidInput, match="field 'success'"):
        read_published_results(bad, "Literary")


def test_a_result_file_is_never_a_path_and_the_table_is_in_percent() -> None:
    assert result_name("Drama", "openai/gpt-4o:free tier") == "Drama_openai-gpt-4o-free_tier.csv"
    assert "/" not in result_name("../x", "..\\y/z")
    row = table_row(identification_metrics(WORKED, WORKED_TRUTHS), "Drama", "m")
    assert row == {
        "num_samples": "4", "top1_accuracy": "50.0", "top2_accuracy": "75.0", "mean_rank": "2.00", "brier_score": "17.9",
        "ece": "46.2", "f1_score": "66.7", "track": "Drama", "model": "m",
    }  # fmt: skip


# --- the contract ---


async def test_the_contract_holds() -> None:
    row = SystemRow(
        "personaeval", "", 2025, "2508.10014", ("measure",), ("personarium.benchmarks.personaeval.method",), "",
        "personarium.benchmarks.personaeval.method:CONTRACT",
    )  # fmt: skip
    findings = await check_system(row)
    assert findings.problems == []
    assert findings.roles == {"chooser": findings.calls}
    assert CONTRACT.steps
