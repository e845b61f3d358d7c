"""PersoBench: every statement of the page's "Works when", with its literals."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.benchmarks.persobench import (
    EmbedderVectors,
    EmbeddingStandIn,
    FileVectors,
    GivenReply,
    NliInput,
    PersoBenchConfig,
    PersoBenchResult,
    PersoRow,
    RankingInput,
    Scorers,
    StatementNli,
    TableVectors,
    baseline_replies,
    clean_reply,
    compare_results,
    dataset_of,
    embedded_scorers,
    example_rows,
    idf_overlap,
    paired_tests,
    persobench_summary,
    persona_distance,
    plan_calls,
    published_inputs,
    rank_models,
    read_replies,
    read_rows,
    read_values,
    read_word2vec,
    run_persobench,
    score_replies,
    write_replies,
    write_values,
)
from personarium.benchmarks.persobench.data_format import plain_personas, plain_reference
from personarium.benchmarks.persobench.nli import DNLI_LABELS, SNLI_LABELS, Label
from personarium.benchmarks.persobench.overlap import diversity
from personarium.benchmarks.persobench.unieval import UniEvalInput, published_order, question
from personarium.core.chat import system, user
from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.judges.entailment import KeyedFact, RuleOracle
from personarium.models import ScriptedModel, open_model
from personarium.runs import Run
from personarium.text.embed import StaticEmbedder

PERSONA = "I love hiking. I have two dogs. I work as a nurse."
CAT = "the cat saw the dog and the dog ran"


def row(id: str = "1", personas: str = PERSONA, reference: str = "I have two dogs.") -> PersoRow:
    return PersoRow(id, personas, "User1: Do you have pets?", reference)


class ClassesNli:
    """Gives class numbers in turn and keeps what it was asked, as a trained classifier with this label map would."""

    name, single_strings = "scripted", True

    def __init__(self, numbers: Sequence[int], labels: Mapping[int, Label]) -> None:
        self.numbers, self.labels, self.asked = list(numbers), labels, list[NliInput]()

    async def label(self, inputs: Sequence[NliInput]) -> list[Label | None]:
        found: list[Label | None] = []
        for one in inputs:
            found.append(self.labels[self.numbers[len(self.asked)]])
            self.asked.append(one)
        return found


async def scored(
    rows: Sequence[PersoRow], texts: Sequence[str | None], scorers: Scorers, **more: Any
) -> PersoBenchResult:
    return await score_replies(rows, [GivenReply(text) for text in texts], scorers, **more)


# --- 1: the worked example, failures both ways ---


async def test_w1_the_worked_example_and_both_views_of_a_failure() -> None:
    nli = ClassesNli([2], DNLI_LABELS)
    result = await scored([row("1"), row("2")], [CAT, None], Scorers(dnli=nli))
    assert result.values("Dist-1", "valid") == [pytest.approx(0.6667, abs=5e-5), None]
    assert result.values("Dist-2", "valid") == [0.875, None]
    worst = result.estimates("worst")
    assert worst["Dist-1"].value == pytest.approx(0.3333, abs=5e-5) and worst["Dist-1"].n == 2
    assert result.spread("Dist-1") == pytest.approx(0.3333, abs=5e-5)  # with n - 1 it would be 0.4714
    assert result.failure_ratio == 0.5
    assert result.values("C score") == [1.0, -1.0] and worst["C score"].value == 0
    valid = result.estimates("valid")
    assert (valid["C score"].value, valid["C score"].n, valid["C score"].failures) == (1.0, 1, {"missing": 1})
    assert result.table()["Dist-1"] == "0.33 ± 0.33" and result.table("valid")["Dist-1"] == "0.67 ± 0.00"
    assert (await scored([row()], ["a"], Scorers())).spread("C score") is None


def test_w1_short_replies_and_line_breaks() -> None:
    assert diversity("word") == {"Dist-1": 1.0, "Dist-2": 0.0}
    assert diversity("a b\na b") == {"Dist-1": 0.5, "Dist-2": pytest.approx(2 / 3)}
    assert diversity("") == {"Dist-1": 0.0, "Dist-2": 0.0}


# --- 2: cleaning ---

FENCED = '```json\n{\n  "response": "Hi there",\n  "more": 1\n}\n```'


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ('Sure! {"response": "Hi"} bye', "Hi"),
        ('{"reasoning": "x"} {"response": "Hi"}', "Hi"),
        ('{bad} {"response": "b"}', "b"),
        ('{"response": "a"} {"response": "b"}', "a"),
        ('{"response": "He said \\"ok\\""}', 'He said "ok"'),
        (FENCED, "Hi there"),
        ('{"response": "Hi', None),
        ('{"out": {"response": "Hi"}}', None),
        ('{"response": "a } b"}', None),
        ("{'response': 'Hi'}", None),
        ('{"response": null}', None),
        ('{"response": "  "}', None),
        ('{"response": null} {"response": "late"}', None),
        ('{"response": 3}', None),
        ("", None),
    ],
)
def test_w2_the_published_cleaning(text: str, reply: str | None) -> None:
    assert clean_reply(text).reply == reply


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ('{"out": {"response": "Hi"}}', "Hi"),
        ('{"response": "a } b"}', "a } b"),
        ('{"response": "Hi', None),
        ("{'response': 'Hi'}", None),
        ('{"response": null}', None),
        ("{" * 100_000, None),
        ('{"a":' * 5_000, None),
        ("[" * 100_000, None),
    ],
)
def test_w2_the_better_parser_rescues_and_says_so(text: str, reply: str | None) -> None:
    found = clean_reply(text, "nested")
    assert found.reply == reply and found.rescued == (reply is not None)
    assert not clean_reply('{"response": "Hi"}', "nested").rescued
    with pytest.raises(UsageError, match="parser must be"):
        clean_reply(text, "loose")  # type: ignore[arg-type]


async def test_w2_rescued_rows_are_counted() -> None:
    texts = ['{"out": {"response": "Hi"}}', '{"response": "a } b"}', '{"response": "x"}', "none"]
    rows = [row(str(k)) for k in range(4)]
    strict = await scored(rows, texts, Scorers(), raw=True)
    loose = await scored(rows, texts, Scorers(), raw=True, config=PersoBenchConfig(parser="nested"))
    assert (strict.malformed, strict.rescued, strict.failure_ratio) == (3, 0, 0.75)
    assert (loose.malformed, loose.rescued, loose.failure_ratio) == (1, 2, 0.25)
    assert "2 replies were rescued" in " ".join(persobench_summary(loose)["notices"])
    assert strict.rows[3].failures[0].raw == ("none",)


@given(st.text('{}"response: ab\\[],', max_size=80))
def test_cleaning_never_raises(text: str) -> None:
    strict, loose = clean_reply(text), clean_reply(text, "nested")
    assert strict.reply is None or strict.reply == loose.reply


# --- 3: overlap with the persona ---


@pytest.mark.parametrize(
    ("reply", "overlap"),
    [
        (PERSONA, 1.0),
        ("My two dogs come hiking with me.", 0.4502),
        ("I hate hiking and I have no dogs.", 0.3188),
        ("That sounds great, tell me more!", 0.0),
        ("and I am", 0.0),
        ("", 0.0),
    ],
)
def test_w3_idf_overlap(reply: str, overlap: float) -> None:
    assert idf_overlap(PERSONA, reply) == pytest.approx(overlap, abs=5e-5)


def test_w3_idf_overlap_of_clean_texts_is_that_of_scikit_learn() -> None:
    assert idf_overlap("love hiking dogs", "hiking dogs fun") == pytest.approx(0.5031, abs=5e-5)
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = ["love hiking dogs dogs nurse", "dogs hiking hiking fun park"]
    both = TfidfVectorizer().fit_transform(texts).toarray()
    assert idf_overlap(*texts) == pytest.approx(float(both[0] @ both[1]))


def test_w3_persona_distance() -> None:
    toy = TableVectors({"a1": (1, 0), "b1": (0, 1)})
    assert persona_distance("a1 b1", "a1", toy) == pytest.approx(0.7071, abs=5e-5)
    assert persona_distance("a1 b1", "nothing known", toy) == 0
    assert persona_distance("A1 the", "a1", toy) == pytest.approx(1)
    opposite = TableVectors({"north": (1, 0), "south": (-1, 0)})
    assert persona_distance("north south", "north", opposite) == 0  # the mean is no direction


async def test_w3_the_pages_toy_vectors_and_punctuation_as_published() -> None:
    # "a" itself is a stop word, so that the page's toy words have other names above.
    toy = TableVectors({"dogs": (1, 0), "cats": (0, 1)})
    assert persona_distance("dogs cats", "I love dogs.", toy) == pytest.approx(0.7071, abs=5e-5)
    assert persona_distance("dogs cats", "I love dogs.", toy, punctuation=True) == 0
    scorers = Scorers(vectors=toy)
    right = await scored([row(personas="dogs cats")], ["dogs."], scorers)
    published = await scored([row(personas="dogs cats")], ["dogs."], scorers, as_published={"punctuation-in-vectors"})
    assert right.values("Persona distance")[0] == pytest.approx(0.7071, abs=5e-5)
    assert published.values("Persona distance") == [0.0]


# --- 4: NLI ---


async def test_w4_c_score_and_consistency_by_label() -> None:
    rows = [row(str(k)) for k in range(3)]
    nli = ClassesNli([2, 1, 0], DNLI_LABELS)
    result = await scored(rows, ["r0", "r1", "r2"], Scorers(dnli=nli))
    assert result.values("C score") == [1, 0, -1]
    assert result.values("P consistency") == [1, 1, 0]
    assert nli.asked == [(PERSONA, "r0"), (PERSONA, "r1"), (PERSONA, "r2")]


async def test_w4_ue_score_over_the_nine_pairs() -> None:
    pairs = list(product((0, 1, 2), repeat=2))  # SNLI: 0 entailment
    nli = ClassesNli([number for pair in pairs for number in pair], SNLI_LABELS)
    rows = [row(str(k), reference="The reference.") for k in range(9)]
    values = (await scored(rows, ["r"] * 9, Scorers(snli=nli))).values("UE score")
    assert dict(zip(pairs, values, strict=True)) == {
        pair: 2 if pair == (0, 0) else float(pair[0] == 0) for pair in pairs
    }
    assert sorted(value for value in values if value is not None) == [0] * 6 + [1] * 2 + [2]
    assert nli.asked[:2] == [(PERSONA, "r"), ("The reference.", "r")]


async def test_w4_as_published_one_string_is_sent() -> None:
    dnli, snli = ClassesNli([2], DNLI_LABELS), ClassesNli([0, 0], SNLI_LABELS)
    scorers = Scorers(dnli=dnli, snli=snli)
    await scored([row(reference="Q")], ["R"], scorers, as_published={"c-score-one-string", "ue-one-string"})
    assert dnli.asked == [NliInput(f"R {PERSONA}", None)]
    assert snli.asked == [NliInput(f"{PERSONA} [SEP] R", None), NliInput("Q [SEP] R", None)]


def test_w4_the_two_label_maps_differ() -> None:
    assert DNLI_LABELS == {0: "contradict", 1: "neutral", 2: "entail"}
    assert SNLI_LABELS == {0: "entail", 1: "neutral", 2: "contradict"}


class NoLabel:
    name, single_strings = "silent", False

    async def label(self, inputs: Sequence[NliInput]) -> list[Label | None]:
        return [None for _ in inputs]


async def test_a_label_that_cannot_be_had_is_missing_and_never_neutral() -> None:
    result = await scored([row()], ["r"], Scorers(dnli=NoLabel(), snli=NoLabel()))
    assert [f.kind for f in result.rows[0].failures] == ["missing", "missing"]
    assert result.values("C score") == [None] and not result.rows[0].malformed
    assert result.failure_ratio == 0


# --- 5: ranking ---


def test_w5_the_published_columns() -> None:
    assert rank_models(published_inputs("vanilla"), as_published=True) == {
        "GPT-3.5": 37.36, "GPT-4o-mini": 35.57, "GPT-4-turbo": 34.19, "Gemini": 28.19, "Gemma": 20.63,
        "Mistral": 14.63, "Llama": 14.02, "Qwen2": 11.60,
    }  # fmt: skip
    assert rank_models(published_inputs("cot"), as_published=True) == {
        "Llama": 47.16, "GPT-4o-mini": 43.40, "GPT-3.5": 42.15, "Mistral": 41.93, "Gemma": 40.59,
        "GPT-4-turbo": 38.39, "Qwen2": 34.00, "Gemini": 33.19,
    }  # fmt: skip


def test_w5_the_corrected_columns() -> None:
    vanilla, cot = rank_models(published_inputs("vanilla")), rank_models(published_inputs("cot"))
    assert list(vanilla.items()) == [
        ("GPT-3.5", 53.66), ("GPT-4-turbo", 52.62), ("GPT-4o-mini", 52.02), ("Gemini", 38.26), ("Gemma", 23.90),
        ("Mistral", 17.51), ("Llama", 16.40), ("Qwen2", 11.60),
    ]  # fmt: skip
    assert list(cot.items()) == [
        ("Llama", 63.32), ("GPT-4o-mini", 62.98), ("GPT-4-turbo", 57.32), ("GPT-3.5", 57.07), ("Mistral", 54.30),
        ("Gemma", 49.37), ("Gemini", 40.28), ("Qwen2", 34.00),
    ]  # fmt: skip


def test_w5_each_fault_of_the_ranking_alone() -> None:
    inputs = published_inputs("vanilla")
    scale = rank_models(inputs, as_published={"instructability-scale"})
    assert scale["Gemini"] == round((26 + 45 + 65 + 4 + 0.51) / 5, 2)  # .51 is right where .95 was printed
    wrong = rank_models(inputs, as_published={"failure-ratio-inputs"})
    assert wrong["Gemini"] == round((26 + 45 + 65 + 4 + 100 * (5.1 - 0.248) / 5.1) / 5, 2)
    alone = RankingInput(10, 20, 30, 40, 0.0)
    assert rank_models({"a": alone}) == {"a": 40.0}
    with pytest.raises(UsageError, match="no published failure input"):
        rank_models({"a": alone}, as_published=True)
    with pytest.raises(UsageError, match="at least one model"):
        rank_models({})


# --- 6: what each metric sees ---

FACTS = (
    KeyedFact("I love hiking.", "hobby", "hiking", ("chess", "painting")),
    KeyedFact("I have two dogs.", "pet", "two dogs", ("a cat", "no dogs")),
    KeyedFact("I work as a nurse.", "job", "nurse", ("baker", "teacher")),
)
REPLIES = {
    "copy": "I have two dogs.",
    "paraphrase": "My two dogs come hiking with me.",
    "generic": "That sounds great, tell me more!",
    "contradict": "I hate hiking and I have no dogs.",
}


async def test_w6_overlap_cannot_see_a_contradiction_and_the_report_shows_both() -> None:
    nli = StatementNli(RuleOracle(FACTS))
    found = {name: await scored([row()], [text], Scorers(dnli=nli)) for name, text in REPLIES.items()}
    c = {name: result.values("C score")[0] for name, result in found.items()}
    overlap = {name: result.values("IDF overlap")[0] or 0.0 for name, result in found.items()}
    assert c == {"copy": 1, "paraphrase": 1, "generic": 0, "contradict": -1}
    assert overlap["contradict"] > overlap["generic"]
    table = next(s for s in persobench_summary(found["contradict"])["sections"] if s["title"] == "Personalisation")
    assert [cells[0] for cells in table["rows"]] == ["C score (stand-in)", "P consistency (stand-in)", "IDF overlap"]


async def test_w6_on_replies_of_simulated_players() -> None:
    asked = [system(PERSONA), user("Do you have any dogs?")]
    players = {
        "copy": "simulated:fidelity=1,copy=1,sloppy=0,invent=0",
        "paraphrase": "simulated:fidelity=1,copy=0,sloppy=0,invent=0",
        "generic": "simulated/generic:sloppy=0,invent=0",
        "contradict": "simulated:fidelity=0,contradict=1,sloppy=0,invent=0",
    }
    texts = [(await open_model(name).generate(asked)).text for name in players.values()]
    rows = [row(name) for name in players]
    result = await scored(rows, texts, Scorers(dnli=StatementNli(RuleOracle(FACTS))))
    assert dict(zip(players, result.values("C score"), strict=True)) == {
        "copy": 1, "paraphrase": 1, "generic": 0, "contradict": -1,
    }  # fmt: skip
    overlap = dict(zip(players, result.values("IDF overlap"), strict=True))
    assert (overlap["contradict"] or 0) > (overlap["generic"] or 0)


async def test_w6_a_reply_said_twice() -> None:
    once = "My two dogs come hiking with me."
    result = await scored([row("1"), row("2")], [once, f"{once} {once}"], Scorers())
    first, second = result.values("IDF overlap")
    assert first == pytest.approx(second)
    one, two = result.values("Dist-1")
    assert one == 2 * (two or 0)


# --- 7: significance ---


def test_w7_paired_tests() -> None:
    found = paired_tests((0.9, 0.4, 0.7, 0.8, 0.6, 0.3), (0.5, 0.45, 0.4, 0.2, 0.4, 0.2))
    assert found["paired t"].statistic == pytest.approx(2.7639, abs=5e-5)
    assert found["paired t"].p == pytest.approx(0.0397, abs=5e-5)
    assert found["Wilcoxon"].statistic == 1 and found["Wilcoxon"].p == pytest.approx(0.0625)


async def test_w7_rows_are_paired_by_id_in_any_order() -> None:
    rows = [row(str(k)) for k in range(5)]
    texts = [" ".join(["a"] * k + ["b"] * 2) for k in range(1, 6)]
    a = await scored(rows, texts, Scorers())
    b = await scored(rows, ["x y z"] * 4 + [None], Scorers())
    back = await scored(rows[::-1], [None] + ["x y z"] * 4, Scorers())
    there, again = compare_results(a, b, "Dist-1"), compare_results(a, back, "Dist-1")
    assert there == again
    assert compare_results(a, b, "Dist-1", "valid")["paired t"].effect.n == 4
    with pytest.raises(UsageError, match="no row in common"):
        compare_results(a, await scored([row("other")], ["x"], Scorers()), "Dist-1")
    with pytest.raises(UsageError, match="no metric"):
        compare_results(a, b, "Charm")


# --- UniEval: what the published code does to its rows ---


def test_published_unieval_scores_only_the_first_32_of_200() -> None:
    right = [float(k) for k in range(200)]
    found = published_order(right, 0.0, {"unieval-windows"})
    # Row i gets what reply i // 8 + i mod 8 deserves: in the released table row 8 repeats row 1, row 16 row 2, ...
    assert found == [float(i // 8 + i % 8) for i in range(200)]
    assert len(set(found)) == 32
    assert published_order(right, 0.0, set()) == right


def test_published_unieval_puts_failed_rows_behind_their_batch() -> None:
    values = [0.1, None, 0.3, None, 0.5]
    assert published_order(values, 0.0, {"unieval-order"}, batch=4) == [0.1, 0.3, 0.0, 0.0, 0.5]
    assert published_order(values, 0.0, set(), batch=4) == values
    assert published_order(values, 0.0, {"unieval-windows"}, batch=5) == [0.1, None, 0.3, None, 0.5]


async def test_unieval_values_move_only_as_published() -> None:
    rows = [row(str(k), reference="Q") for k in range(3)]
    scorers = Scorers(unieval=EmbeddingStandIn(StaticEmbedder()))
    texts = [None, "I have two dogs.", "I have two dogs and I love hiking."]
    right = await scored(rows, texts, scorers)
    moved = await scored(rows, texts, scorers, as_published={"unieval-order"})
    a, b, c = right.values("UniEval groundedness")
    assert a == 0 and b and c and b != c
    assert moved.values("UniEval groundedness") == [b, c, 0.0]
    assert moved.values("Dist-1") == right.values("Dist-1")


# --- asking a model ---


async def test_a_model_is_asked_once_a_row_greedily_and_sees_persona_and_context() -> None:
    model = ScriptedModel(lambda messages, sampling: '{"response": "Two dogs."}')
    rows = example_rows()
    result = await run_persobench(rows, model, Scorers())
    assert len(model.calls) == len(rows) == plan_calls(rows)["persobench.reply"]
    sent = str(model.calls[1].messages)
    assert "I have two dogs" in sent and "My cat sleeps all day" in sent and "at most 110 words" in sent
    assert rows[1].reference not in sent
    assert (model.calls[0].sampling.temperature, model.calls[0].sampling.max_tokens) == (0.0, 110)
    assert [one.reply for one in result.rows] == ["Two dogs."] * 6


async def test_the_reasoning_setup_asks_for_both_fields_and_more_tokens() -> None:
    model = ScriptedModel(lambda messages, sampling: '{"reasoning": "x", "response": "y"}')
    result = await run_persobench(example_rows()[:1], model, Scorers(), config=PersoBenchConfig(reasoning=True))
    assert model.calls[0].sampling.max_tokens == 220
    assert '{"reasoning": <text>, "response": <text>}' in str(model.calls[0].messages)
    assert result.reasoning and result.rows[0].reply == "y"


async def test_lost_calls_are_missing_and_not_malformed() -> None:
    from personarium.core.errors import RemoteError

    def answer(messages: Any, sampling: Any) -> str:
        if "My cat" in str(messages):
            raise RemoteError("the endpoint is gone", kind="connection")
        return "no JSON here"

    result = await run_persobench(example_rows()[:2], ScriptedModel(answer), Scorers())
    assert [f.kind for f in result.failures] == ["unparsed", "error"]
    assert (result.malformed, result.failure_ratio) == (1, 1.0)
    assert result.values("Dist-1") == [0.0, None]


async def test_a_run_resumes_and_its_rows_load(tmp_path: Path) -> None:
    model = ScriptedModel(lambda messages, sampling: '{"response": "Two dogs."}')
    for _ in range(2):
        with Run.open(tmp_path / "run", {"a": 1}) as run:
            result = await run_persobench(example_rows(), run.model(model), embedded_scorers(), run=run)
    assert len(model.calls) == 6
    rows = json.loads(json.dumps(result.as_rows()))
    assert tuple(type(result.rows[0]).from_row(one) for one in rows) == result.rows


async def test_embedded_scorers_name_themselves_stand_ins() -> None:
    result = await scored(example_rows()[:2], ["I am a nurse.", "I have no dogs."], embedded_scorers())
    assert all(name.startswith("stand-in") for name in result.scorers.values())
    assert {"C score", "UE score", "Persona distance", "UniEval groundedness"} <= set(result.metrics)
    assert "BERTScore F1" not in result.metrics
    assert result.label("UniEval coherence") == "UniEval coherence (stand-in)" and result.label("Dist-1") == "Dist-1"
    assert (await scored([row()], ["r"], Scorers(dnli=ClassesNli([2], DNLI_LABELS)))).label("C score") == "C score"
    assert "not comparable with published figures" in persobench_summary(result)["notices"][0]
    assert result.ranking_input() is not None


async def test_trivial_replies_stand_beside_the_model() -> None:
    rows = example_rows()
    given = baseline_replies(rows)
    assert given["repeats the last turn"][1].text == "User1: Do you have a pet as well?"
    recited = await score_replies(rows, given["recites the persona"], embedded_scorers())
    assert recited.estimates()["IDF overlap"].value == pytest.approx(1)
    assert recited.estimates()["C score"].value == 1


async def test_ids_and_counts_are_checked() -> None:
    with pytest.raises(UsageError, match="different ids"):
        await scored([row(), row()], ["a", "b"], Scorers())
    with pytest.raises(UsageError, match="2 rows need as many replies, found 1"):
        await scored([row("1"), row("2")], ["a"], Scorers())
    with pytest.raises(UsageError, match="no row"):
        await scored([], [], Scorers())
    with pytest.raises(InvalidInput, match="field 'personas'"):
        PersoRow("1", " ", "c", "r")


async def test_a_fault_that_a_stand_in_cannot_have_is_told_before_anybody_is_asked() -> None:
    model = ScriptedModel([])
    with pytest.raises(UsageError, match="c-score-one-string sends one string, which needs a trained NLI classifier"):
        await run_persobench(example_rows(), model, as_published=True)
    assert model.calls == []


# --- files ---


def test_rows_of_the_real_formats(tmp_path: Path) -> None:
    path = tmp_path / "FoCus.csv"
    path.write_text(
        "personas,act_response,context\n"
        '"I love History.I have curiosity about it.","User2: It began in 1925: a house.","User1: What is it?\nUser2: A house."\n'
    )
    found = read_rows(path, dataset_of(path))[0]
    assert found.reference == "It began in 1925: a house."
    assert found.facts == ("I love History.", "I have curiosity about it.")
    assert dataset_of("Prompts/IT-ConvAI2.csv") == "it-convai2" and dataset_of("mine.csv") == "other"
    assert read_rows(path)[0].reference.startswith("User2:")
    with pytest.raises(UsageError, match="dataset must be one of"):
        read_rows(path, "FoCus")


def test_labels_brackets_and_quotation_marks_go() -> None:
    printed = """[User 1 persona]: ['i hate talking.' "i don't sleep." 'i believe dragons are real.']"""
    assert plain_personas(printed) == "i hate talking. i don't sleep. i believe dragons are real."
    assert plain_personas("[Responder persona]: i miss it ., it's fun") == "i miss it ., it's fun"
    assert plain_reference("no label") == "no label"


def test_speakers_of_synthetic_personachat_are_no_facts() -> None:
    both = "[User 1 personas] :I like to dance.\nI run. <SEP> [User 2 personas] :I love autumn."
    assert row(personas=both).facts == ("I like to dance.", "I run.", "I love autumn.")


def test_replies_and_values_survive_their_files(tmp_path: Path) -> None:
    replies = [GivenReply('a "b",\nc', 1.5), GivenReply(None, 2.0), GivenReply("d")]
    assert read_replies(write_replies(replies, tmp_path / "r.csv")) == replies
    values: list[dict[str, float | None]] = [{"Dist1": 0.5, "C Score": None}, {"Dist1": 0.1, "C Score": -1.0}]
    assert read_values(write_values(values, tmp_path / "v.csv")) == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("personas,context\na,b\n", "a column 'act_response'"),
        ("personas,context,act_response\na,b\n", "row 1: expected 3 cells"),
        ("personas,context,act_response\na,,c\n", "row 1: field 'context'"),
        ("personas,personas,context,act_response\n", "all different"),
        ('personas,context,act_response\n"' + "a" * 200_000 + '",b,c\n', "a CSV table"),
    ],
)
def test_broken_files_name_row_and_column(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=message):
        read_rows(path)


def test_broken_replies_name_row_and_column(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("gen_response,response_time\nhi,soon\n")
    with pytest.raises(InvalidInput, match="row 1: field 'response_time'"):
        read_replies(path)
    with pytest.raises(NotFound):
        read_replies(tmp_path / "none.csv")


def test_word2vec_in_both_forms(tmp_path: Path) -> None:
    words = {"dogs": (1.0, 0.5), "cats": (0.0, 2.0), "rest": (3.0, 3.0)}
    text = tmp_path / "v.txt"
    text.write_text("3 2\n" + "".join(f"{word} {a} {b}\n" for word, (a, b) in words.items()))
    binary = tmp_path / "v.bin"
    binary.write_bytes(b"3 2\n" + b"".join(w.encode() + b" " + struct.pack("<2f", *v) for w, v in words.items()))
    for path in (text, binary):
        found = read_word2vec(path, {"dogs", "cats", "absent"})
        assert np.array_equal(found.vector("dogs"), (1.0, 0.5))  # type: ignore[arg-type]
        assert found.vector("rest") is None and found.vector("absent") is None
    binary.write_bytes(binary.read_bytes()[:-3])
    with pytest.raises(InvalidInput, match="word 3"):
        read_word2vec(binary, {"dogs"})
    text.write_text("words here\n")
    with pytest.raises(InvalidInput, match="length of a vector"):
        read_word2vec(text, {"dogs"})
    text.write_text("1 2\ndogs 1.0\n")
    with pytest.raises(InvalidInput, match="a word and 2 numbers"):
        read_word2vec(text, {"dogs"})


def test_a_file_of_vectors_is_read_when_the_words_are_known(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_text("2 2\ndogs 1 0\ncats 0 1\n")
    vectors = FileVectors(path)
    assert vectors.name == "word2vec/v.txt" and vectors.vector("dogs") is None
    vectors.prepare({"dogs", "cats"})
    assert persona_distance("dogs cats", "dogs!", vectors) == pytest.approx(0.7071, abs=5e-5)
    with pytest.raises(NotFound):
        FileVectors(tmp_path / "none.bin")


def test_embedded_word_vectors_are_a_named_stand_in() -> None:
    vectors = EmbedderVectors(StaticEmbedder())
    assert vectors.name.startswith("stand-in for word2vec")
    near = persona_distance("I love dogs", "my puppy", vectors)
    assert near > persona_distance("I love dogs", "spreadsheet", vectors)


# --- trained models, with tiny networks of chance weights ---


WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] i love hiking have two dogs no . </s> Yes No"


@pytest.fixture(scope="module")
def tiny_classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("nli")
    (folder / "vocab.txt").write_text("\n".join(WORDS.split()))
    transformers.BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=64).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(WORDS.split()), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=256, num_labels=3,
    )  # fmt: skip
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    return folder


async def test_a_classifier_reads_pairs_and_single_strings_alike(tiny_classifier: Path) -> None:
    from personarium.benchmarks.persobench import ClassifierNli

    inputs = [NliInput("i love hiking", "i have two dogs"), NliInput("no dogs .", None), NliInput("two", "no")] * 20
    dnli = await ClassifierNli(str(tiny_classifier), DNLI_LABELS).label(inputs)
    snli = await ClassifierNli(str(tiny_classifier), SNLI_LABELS, max_length=128).label(inputs)
    other = {"contradict": "entail", "entail": "contradict", "neutral": "neutral"}
    assert snli == [other[str(label)] for label in dnli]
    alone = [(await ClassifierNli(str(tiny_classifier), DNLI_LABELS).label([one]))[0] for one in inputs[:3]]
    assert dnli == alone * 20
    with pytest.raises(InvalidInput, match="2 classes"):
        ClassifierNli(str(tiny_classifier), {0: "entail", 1: "neutral"})
    with pytest.raises(NotFound, match="no NLI classifier"):
        ClassifierNli(str(tiny_classifier / "none"), DNLI_LABELS)


@pytest.fixture(scope="module")
def tiny_t5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, pre_tokenizers

    folder = tmp_path_factory.mktemp("t5")
    vocabulary = {word: k for k, word in enumerate(WORDS.split())}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, unk_token="[UNK]", pad_token="[PAD]", eos_token="</s>"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.T5Config(
        vocab_size=len(vocabulary), d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, decoder_start_token_id=0
    )
    transformers.T5ForConditionalGeneration(config).save_pretrained(folder)
    return folder


def test_unieval_asks_five_questions_and_sums_over_sentences(tiny_t5: Path) -> None:
    from personarium.benchmarks.persobench import UniEval

    model = UniEval(str(tiny_t5))
    one = UniEvalInput("I love hiking. Two dogs.", "User1: hi", PERSONA)
    scores = model.score([one, one._replace(reply="I love hiking.")])
    assert set(scores[0]) == {
        "naturalness", "coherence", "engagingness", "groundedness", "understandability", "overall",
    }  # fmt: skip
    parts = [
        model.yes_shares([question("engagingness", one._replace(reply=r))])[0] for r in ("I love hiking.", "Two dogs.")
    ]
    assert scores[0]["engagingness"] == pytest.approx(sum(parts), abs=1e-5)
    assert scores[1]["engagingness"] == pytest.approx(parts[0], abs=1e-5)
    assert scores[0]["overall"] == pytest.approx(sum(v for k, v in scores[0].items() if k != "overall") / 5)
    assert all(0 < value < 1 for value in model.yes_shares(["a", "b"]))
    with pytest.raises(NotFound, match="no UniEval model"):
        UniEval(str(tiny_t5 / "none"))


def test_texts_cannot_fill_the_places_of_a_question() -> None:
    one = UniEvalInput("{context} {fact}", "{reply}", "F")
    assert question("coherence", one) == (
        "question: Is this a coherent response given the dialogue history? </s> response: {context} {fact} "
        "</s> dialogue history: {reply}"
    )


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from personarium.benchmarks.persobench import ClassifierNli, UniEval

    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UsageError, match=r"personarium\[hf\]"):
        ClassifierNli("any", DNLI_LABELS)
    with pytest.raises(UsageError, match=r"personarium\[hf\]"):
        UniEval("any")
