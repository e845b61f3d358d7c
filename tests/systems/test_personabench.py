"""PersonaBench: the numbered statements of its page, its traps, its files, and a memory as the retriever.

The released sample is licensed for research alone and is no part of this repository: what needs it reads
../shared/data/personabench and is skipped where that is absent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from itertools import product
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.benchmarks.personabench import (
    BM25Retriever,
    Chunk,
    Community,
    Oracle,
    Passage,
    PersonaBenchConfig,
    PersonaBenchResult,
    Question,
    QuestionResult,
    Searcher,
    answer_text,
    answer_words,
    category_of,
    gt_context,
    load_communities,
    load_community,
    load_example,
    noise_levels,
    noise_robustness,
    open_retriever,
    passage_of,
    plan_calls,
    radar,
    retrieval_scores,
    run_personabench,
    word_scores,
    word_set,
)
from personarium.benchmarks.personabench.results import F1, OUTDATED, PRECISION, RECALL, WORD_RECALL
from personarium.benchmarks.personabench.scoring import _combinations
from personarium.benchmarks.personabench.steps import READ
from personarium.core.chat import Message, Sampling
from personarium.core.errors import InvalidInput, NotFound, RemoteError, UsageError
from personarium.core.label import current_label
from personarium.models import open_model
from personarium.models.scripted import ScriptedModel
from personarium.runs import Run
from personarium.text.blocks import blocks

SAMPLE = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "personabench" / "community_0"


@lru_cache
def sample(noise: float = 0.0) -> Community:
    if not SAMPLE.is_dir():
        pytest.skip("the released sample is not beside the project (../shared/data/personabench)")
    return load_community(SAMPLE, noise)


def mean(result: PersonaBenchResult, metric: str, category: str = "Overall") -> float:
    values = [value for value in result.values(metric, category) if value is not None]
    return sum(values) / len(values)


# --- 1: words ---

GOLD = ["sushi", "pasta", "grilled vegetables", "dark chocolate", "oysters"]


def test_w1_word_scores() -> None:
    said = word_set("Sushi, pasta and curry")
    scores = word_scores(answer_words(GOLD), said)
    assert scores.precision == 0.5
    assert scores.recall == pytest.approx(0.2857, abs=5e-5)
    assert scores.f1 == pytest.approx(0.3636, abs=5e-5)
    assert word_scores(answer_words(["curry", "avocado toast", "quinoa salad"]), said).recall == 0.2


def test_w1_an_empty_prediction_scores_zero_and_a_number_its_own_words() -> None:
    empty = word_scores(answer_words(GOLD), word_set(" .,! "))
    assert (empty.precision, empty.recall, empty.f1) == (0.0, 0.0, 0.0)
    assert word_scores(answer_words(39), word_set("39")).f1 == 1.0
    assert answer_words([{"Height": "5'6\""}]) == {"height", "56"}


def test_w1_what_the_published_words_are_and_what_may_replace_them() -> None:
    assert word_set("User-friendly café, 5'6\"") == {"userfriendly", "caf", "56"}
    assert word_set("User-friendly café 東京", "any") == {"user", "friendly", "café", "東", "京"}
    assert answer_words([{"Height": "5'6\""}], object_keys=False) == {"56"}


# --- 2: combinations ---


def test_w2_recall_and_ndcg_are_the_best_over_combinations() -> None:
    scores = retrieval_scores(["9", "3", "1", "8", "7"], [["1"], ["2", "3"]])
    assert scores.recall == 1.0
    assert scores.ndcg == pytest.approx((1 / math.log2(3) + 1 / math.log2(4)) / (1 + 1 / math.log2(3)))
    assert scores.ndcg == pytest.approx(0.6934, abs=5e-5)
    assert retrieval_scores(["9", "3", "1", "8", "7"], [["1"], ["2"]]).recall == 0.5
    assert retrieval_scores(["9", "3", "1", "8", "7"], [["1"], ["2"], ["3"]]).recall == pytest.approx(0.6667, abs=5e-5)


def asked(*items: str) -> Question:
    return Question("q", "What?", list(items), "Preference", "hard", items={item: (item, "other") for item in items})


def test_w2_gt_context_repeats_until_k_and_refuses_more_items() -> None:
    assert gt_context(asked("a", "b"), 5, repeat=True) == ("a", "b", "a", "b", "a")
    assert gt_context(asked("a", "b"), 5) == ("a", "b")
    with pytest.raises(UsageError, match="has 6 items, which do not fit into k = 5"):
        gt_context(asked(*"abcdef"), 5, repeat=True)


def naive(retrieved: Sequence[str], items: Sequence[Iterable[str]], k: int) -> tuple[float, float]:
    best = (0.0, 0.0)
    for combination in map(set, product(*items)):
        hits = [1 / math.log2(rank + 2) for rank, segment in enumerate(retrieved) if segment in combination]
        ideal = sum(1 / math.log2(rank + 2) for rank in range(min(len(combination), k)))
        best = (max(best[0], len(hits) / len(combination)), max(best[1], sum(hits) / ideal))
    return best


IDS = st.sampled_from("abcdefgh")


@given(st.lists(IDS, max_size=5, unique=True), st.lists(st.lists(IDS, min_size=1, max_size=4), min_size=1, max_size=4))
def test_w2_the_short_way_over_combinations_is_the_full_product(found: list[str], items: list[list[str]]) -> None:
    scores = retrieval_scores(found, items, 5)
    assert (scores.recall, scores.ndcg) == pytest.approx(naive(found, items, 5) if found else (0.0, 0.0))


def test_w2_an_answer_of_twenty_items_in_twenty_segments_each_costs_no_time() -> None:
    items = [frozenset(f"{item}/{k}" for k in range(20)) for item in range(20)]
    assert len(_combinations(items, ["0/3", "1/3", "x"])) == 4
    assert retrieval_scores(["0/3", "1/3", "x"], items).recall == 0.1
    with pytest.raises(InvalidInput, match="at most 300,000 combinations"):
        retrieval_scores(["x"], [frozenset(map(str, range(k, k + 12))) for k in range(12)])


def test_w2_a_list_that_was_cut_short_gains_nothing_by_it() -> None:
    assert retrieval_scores(["a"], [["a"], ["b"]], 5).ndcg == pytest.approx(1 / (1 + 1 / math.log2(3)))
    assert retrieval_scores(["a"], [["a"], ["b"]]).ndcg == 1.0


# --- 3: the sample ---


def test_w3_the_shipped_sample_loads() -> None:
    community = sample()
    questions = [question for person in community.people for question in person.questions]
    assert (len(community.people), len(questions), community.truth_rows) == (10, 436, 133)
    assert list(community.segments().values()) == [213, 43, 8]
    assert (sample(0.5).truth_rows, list(sample(0.5).segments().values())) == (133, [404, 100, 24])
    assert community.graph is not None
    assert (len(community.graph["nodes"]), len(community.graph["edges"])) == (10, 22)
    assert list(noise_levels(SAMPLE)) == [0.0, 0.5]


def test_w3_which_questions_are_scored() -> None:
    tested = [q for person in sample().tested(3) for q in person.questions]
    names = ["Basic_information_easy", "Preference_easy", "Preference_hard", "Social_easy", None]
    assert [sum(q.category == name for q in tested) for name in names] == [57, 7, 26, 26, 17]
    scored = [q for q in tested if q.category is not None]
    assert (len(scored), sum(q.outdated is not None for q in scored)) == (116, 15)
    objects = [q for q in scored if isinstance(q.answer, list) and any(isinstance(item, dict) for item in q.answer)]
    assert len(objects) == 7
    assert plan_calls([sample()]) == {"personabench.read": 116}


def test_w3_difficulty_counts_for_preferences_alone() -> None:
    assert category_of("Social", "hard") == "Social_easy"
    assert category_of("Preference", "hard") == "Preference_hard"
    assert category_of("Subjective", "easy") is None


# --- 4: BM25 ---


async def bm25(noise: float, k: int) -> PersonaBenchResult:
    return await run_personabench(sample(noise), config=PersonaBenchConfig(k=k))


@pytest.mark.parametrize(
    ("noise", "table"),
    [
        (0.0, ((0.225, 0.183), (0.193, 0.139), (0.345, 0.382), (0.223, 0.204), (0.263, 0.205))),
        (0.5, ((0.204, 0.172), (0.175, 0.138), (0.369, 0.340), (0.185, 0.135), (0.242, 0.237))),
    ],
)
async def test_w4_bm25_figures_come_out(noise: float, table: tuple[tuple[float, float], ...]) -> None:
    result = await bm25(noise, 5)
    names = ("Overall", "Basic_information_easy", "Preference_easy", "Preference_hard", "Social_easy")
    for name, (recall, ndcg) in zip(names, table, strict=True):
        assert mean(result, RECALL, name) == pytest.approx(recall, abs=6e-4)
        assert mean(result, "NDCG", name) == pytest.approx(ndcg, abs=6e-4)
        assert result.estimates(name)[RECALL].value == pytest.approx(mean(result, RECALL, name))


@pytest.mark.parametrize(
    ("noise", "k", "recall", "ndcg"),
    [(0.0, 1, 0.085, 0.147), (0.5, 1, 0.101, 0.147), (0.0, 10, 0.322, 0.223), (0.5, 10, 0.259, 0.195)],
)
async def test_w4_bm25_at_other_depths(noise: float, k: int, recall: float, ndcg: float) -> None:
    result = await bm25(noise, k)
    assert mean(result, RECALL) == pytest.approx(recall, abs=6e-4)
    assert mean(result, "NDCG") == pytest.approx(ndcg, abs=6e-4)


async def test_w4_the_first_listed_segment_alone_would_give_other_figures() -> None:
    result = await bm25(0.0, 5)
    firsts = [retrieval_scores(q.retrieved, [[ids[0]] for ids in q.items.values()], 5) for q in result.questions]
    assert sum(s.recall for s in firsts) / 116 == pytest.approx(0.223, abs=6e-4)
    assert sum(s.ndcg for s in firsts) / 116 == pytest.approx(0.181, abs=6e-4)


# --- 5: the oracle ---


class Fixed:
    """Finds for every question what a table says."""

    name = "fixed"

    def __init__(self, found: Mapping[str, Sequence[str]]) -> None:
        self.found = found

    async def fit(self, person: str, chunks: Sequence[Chunk]) -> Searcher:
        texts = {chunk.id: chunk for chunk in chunks}
        found = self.found

        class Table:
            async def top(self, question: str, k: int) -> Sequence[Passage]:
                return [passage_of(texts[id]) for id in found.get(f"{person}: {question}", ())]

        return Table()


async def test_w5_oracle_retrieval_is_perfect_and_none_is_zero() -> None:
    community = sample()
    truth = {f"{p.name}: {q.question}": gt_context(q, 5) for p in community.tested(3) for q in p.questions if q.items}
    perfect = await run_personabench(community, Fixed(truth))
    assert [q.recall for q in perfect.questions] == [1.0] * 116
    assert [q.ndcg for q in perfect.questions] == pytest.approx([1.0] * 116)
    nothing = await run_personabench(community, Fixed({}))
    assert [(q.recall, q.ndcg) for q in nothing.questions] == [(0.0, 0.0)] * 116


async def test_w5_the_repeated_list_is_read_and_never_scored() -> None:
    reader = ScriptedModel(lambda messages, sampling: "herring")
    result = await run_personabench(load_example(), Oracle(), reader)
    assert all(q.recall is None and q.ndcg is None for q in result.questions)
    assert result.metrics == (F1, PRECISION, WORD_RECALL, OUTDATED)
    assert result.statistics()["Statistics"]["retrieval_eval"] == {}
    assert [len(memories(call.messages)) for call in reader.calls] == [5] * 15
    with pytest.raises(UsageError, match="can be retrieved once"):
        retrieval_scores(["a", "b", "a", "b", "a"], [["a"], ["b"]])


# --- 6: scripted readers ---


def memories(messages: Sequence[Message]) -> list[str]:
    return [block.text for block in blocks(messages[-1]["content"]) if block.tag == "memory"]


def reader_of(community: Community, says: Callable[[Question, Sequence[Message]], str]) -> ScriptedModel:
    """A reader that knows which question it is asked, by the label of the call."""
    known = {f"{community.name}/{q.id}": q for person in community.people for q in person.questions}

    def reply(messages: Sequence[Message], sampling: Sampling) -> str:
        return says(known[current_label().item], messages)

    return ScriptedModel(reply)


async def read_by(community: Community, says: Callable[[Question, Sequence[Message]], str], **more: Any) -> Any:
    return await run_personabench(community, BM25Retriever(), reader_of(community, says), **more)


async def test_w6_the_gold_answer_gets_1_and_with_the_integer_bug_115_of_116() -> None:
    right = await read_by(sample(), lambda q, _: answer_text(q.answer))
    assert mean(right, F1) == 1.0
    assert mean(right, OUTDATED) == pytest.approx(0.0656, abs=5e-5)
    wrong = await read_by(sample(), lambda q, _: answer_text(q.answer), as_published={"integer-answers"})
    assert mean(wrong, F1) == pytest.approx(115 / 116)
    assert mean(wrong, F1) == pytest.approx(0.9914, abs=5e-5)
    assert [q.id for q in wrong.questions if q.f1 == 0] == ["community_0/000000001"]


@pytest.mark.parametrize(
    ("noise", "precision", "recall", "f1", "outdated"),
    [(0.0, 0.0020, 0.2728, 0.0040, 0.1289), (0.5, 0.0015, 0.2178, 0.0030, 0.1156)],
)
async def test_w6_a_reader_that_returns_what_it_got(
    noise: float, precision: float, recall: float, f1: float, outdated: float
) -> None:
    result = await read_by(sample(noise), lambda _, messages: " ".join(memories(messages)))
    found = [mean(result, metric) for metric in (PRECISION, WORD_RECALL, F1, OUTDATED)]
    assert found == pytest.approx([precision, recall, f1, outdated], abs=5e-5)


async def test_w6_a_reader_that_returns_the_question_or_the_outdated_value() -> None:
    echo = await read_by(sample(), lambda q, _: q.question)
    assert mean(echo, F1) == pytest.approx(0.0101, abs=5e-5)
    assert echo.repeated_question().value == pytest.approx(mean(echo, F1))
    stale = await read_by(sample(), lambda q, _: answer_text(q.outdated) if q.outdated else "nothing")
    assert mean(stale, OUTDATED) == 1.0
    assert len(stale.values(OUTDATED)) == 15


# --- the integer bug and the printed array on the bundled example ---


async def test_a_whole_number_is_scored_by_itself_or_as_published_by_the_question_before() -> None:
    keeper_then_41 = await read_by(load_example(), lambda q, _: "lighthouse keeper", as_published={"integer-answers"})
    assert [q.f1 for q in keeper_then_41.questions[:2]] == [1.0, 1.0]
    right = await read_by(load_example(), lambda q, _: "lighthouse keeper")
    assert [q.f1 for q in right.questions[:2]] == [1.0, 0.0]


async def test_w6_a_whole_number_as_outdated_value_or_first_answer_has_no_words_before_it() -> None:
    example = load_example()
    first = example.people[0]
    young = [replace(q, answer=k, outdated=k + 40) for k, q in enumerate(first.questions[:2], 1)]
    community = replace(example, people=(replace(first, questions=tuple(young)),))
    wrong = await read_by(community, lambda q, _: f"1 {q.outdated}", as_published=True)
    assert [(q.word_recall, q.outdated_recall) for q in wrong.questions] == [(1.0, 1.0), (1.0, 0.0)]
    right = await read_by(community, lambda q, _: f"1 {q.outdated}")
    assert [(q.word_recall, q.outdated_recall) for q in right.questions] == [(1.0, 1.0), (0.0, 1.0)]


async def test_documents_stand_in_blocks_or_as_published_in_a_printed_array() -> None:
    shown: list[list[str]] = []

    def note(question: Question, messages: Sequence[Message]) -> str:
        shown.append(memories(messages))
        return "teal"

    config = PersonaBenchConfig(k=2)
    await read_by(load_example(), note, config=config)
    apart, shown = shown[0], []
    await read_by(load_example(), note, config=config, as_published={"printed-chunks"})
    assert len(apart) == 2
    assert apart[0].startswith('{"time":"2031/Mar/02/09:10 AM"')
    assert shown[0] == [f"[{apart[0]!r}\n {apart[1]!r}]"]


# --- failures, noise, results ---


async def test_refused_empty_and_lost_replies_are_missing_and_never_zero() -> None:
    faults: dict[int, str | BaseException] = {
        0: "",
        1: "I'm sorry, but I can't help with that.",
        2: RemoteError("no route", "connection"),
    }
    reader = ScriptedModel(lambda messages, sampling: "baker", faults=faults)
    result = await run_personabench(load_example(), reader=reader, concurrency=1)
    assert [q.f1 for q in result.questions[:3]] == [None, None, None]
    assert [f.kind for f in result.failures] == ["empty", "refused", "error"]
    assert result.estimates()[F1].n == 12
    assert dict(result.estimates()[F1].failures) == {"missing": 3}
    counted = await run_personabench(
        load_example(),
        reader=ScriptedModel(lambda messages, sampling: "", name="mute"),
        config=PersonaBenchConfig(missing="zero"),
    )
    assert [q.f1 for q in counted.questions] == [0.0] * 15
    assert len(counted.failures) == 15


async def test_a_gold_answer_without_ascii_words_is_told_and_not_scored() -> None:
    example = load_example()
    first = example.people[0]
    community = replace(example, people=(replace(first, questions=(replace(first.questions[0], answer="灯台守"),)),))
    result = await read_by(community, lambda q, _: "灯台守")
    assert (result.questions[0].f1, result.failures[0].kind) == (None, "missing")
    result = await read_by(community, lambda q, _: "灯台守", config=PersonaBenchConfig(alphabet="any"))
    assert result.questions[0].f1 == 1.0


async def test_noise_robustness_and_the_radar() -> None:
    def forgetful(share: float) -> Callable[[Question, Sequence[Message]], str]:
        return lambda q, _: answer_text(q.answer) if int(q.id[1:]) % 2 == 0 or share == 1 else "nothing"

    quiet = await read_by(load_example(0.0), forgetful(1))
    loud = await read_by(load_example(0.5), forgetful(0.5))
    assert loud.noise == 0.5
    robust = noise_robustness([loud, quiet])
    assert robust.value == pytest.approx(1 - (mean(quiet, F1) - mean(loud, F1)))
    assert robust.n == 15
    axes = radar([quiet, loud])
    assert axes["Noise robustness"] == robust.value
    assert axes["Social relations"] == pytest.approx(mean(loud, WORD_RECALL, "Social_easy"), abs=5e-4)
    assert axes["Information updating"] == 1.0
    with pytest.raises(UsageError, match="two levels of noise"):
        noise_robustness([quiet])


async def test_a_result_survives_json_and_gives_the_published_files() -> None:
    result = await read_by(load_example(), lambda q, _: answer_text(q.answer))
    rows = json.loads(json.dumps(result.rows()))
    assert tuple(QuestionResult.from_row(row) for row in rows) == result.questions
    table = result.statistics()
    assert table["Noise"] == 0.0
    assert table["Statistics"]["end2end_eval"]["scripted+bm25"]["Overall"] == {
        "ave_precision": 1.0,
        "ave_recall": 1.0,
        "ave_f1": 1.0,
    }
    assert set(table["Statistics"]["retrieval_eval"]["bm25"]["Overall"]) == {"ave_recall", "ave_ndcg"}
    published = result.results_file()
    assert published[0]["Model"] == "scripted+bm25"
    assert list(published[0]["Results"][0]) == [
        *("q_id", "question", "answer", "prediction", "type", "difficulty"),
        *("retrieved_segment_ids", "ground_truth_segment_ids"),
    ]


# --- retrievers: ours, and a memory ---


async def test_embeddings_beat_the_first_documents_on_the_sample() -> None:
    near = await run_personabench(sample(), open_retriever("embedding"))
    first = await run_personabench(sample(), open_retriever("first"))
    assert mean(near, RECALL) > 0.2 > 0.1 > mean(first, RECALL)
    assert len({q.retrieved for q in first.questions}) == 3
    with pytest.raises(UsageError, match="no retriever is called 'magic'"):
        open_retriever("magic")


class Notes:
    """A memory that keeps one note of a document and recalls the newest ones; it records what it was told."""

    name = "notes"

    def __init__(self, strange: str = "", fails: bool = False) -> None:
        self.strange, self.fails = strange, fails
        self.told: dict[str, list[str]] = {}

    async def fit(self, person: str, chunks: Sequence[Chunk]) -> Searcher:
        if self.fails:
            raise RemoteError("the memory's model is away", "connection")
        self.told[person] = [chunk.text for chunk in chunks]
        notes = [Passage(f"note {chunk.time}", (self.strange or chunk.id, chunk.id)) for chunk in chunks]

        class Newest:
            async def top(self, question: str, k: int) -> Sequence[Passage]:
                return notes[::-1][:k]

        return Newest()


async def test_a_memory_takes_part_and_never_sees_questions_or_answers() -> None:
    memory, reader = Notes(), ScriptedModel(lambda messages, sampling: "baker")
    result = await run_personabench(load_example(), memory, reader, config=PersonaBenchConfig(k=3))
    assert list(memory.told) == ["Orla Thistledown", "Pim Barrelwright"]
    told = " ".join(text for texts in memory.told.values() for text in texts)
    assert not any(q.question in told for person in load_example().people for q in person.questions)
    assert "e000" not in told
    assert result.questions[0].retrieved == ("e007", "e006", "e005")
    assert memories(reader.calls[0].messages)[0] == "note 2031/Apr/11/03:40 PM"


async def test_a_memory_that_fails_or_invents_is_counted_or_refused() -> None:
    result = await run_personabench(load_example(), Notes(fails=True))
    assert {q.recall for q in result.questions} == {None}
    assert len(result.failures) == 15
    assert "the memory's model is away" in result.failures[0].reason
    with pytest.raises(UsageError, match=r"retriever notes must give at most 5 passages .*, found segment 'e999'"):
        await run_personabench(load_example(), Notes(strange="e999"))


# --- files ---


def copied(tmp_path: Path) -> Path:
    folder = tmp_path / "community"
    copytree(Path(str(files("personarium.benchmarks.personabench") / "data" / "example")), folder)
    return folder


def test_the_example_has_two_people_with_documents_and_two_levels_of_noise() -> None:
    quiet, loud = load_example(), load_example(0.5)
    assert [len(p.chunks) for p in quiet.people] == [9, 7, 0]
    assert (quiet.segments(), sum(loud.segments().values())) == (
        {"conversation": 10, "user_ai_interaction": 4, "purchase_history": 2},
        21,
    )
    assert [p.name for p in quiet.tested(3)] == ["Orla Thistledown", "Pim Barrelwright"]
    assert "segment_id" not in "".join(chunk.text for chunk in loud.people[0].chunks)


def test_a_chunk_is_compact_json_without_ids_at_any_depth(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = folder / "private_data" / "noise_0.0" / "purchase_history_data_all.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    data[0]["Data"][0]["purchase_history"] = [{"title": "Thé", "session": 1, "more": [{"segment_id": 2, "x": None}]}]
    path.write_text(json.dumps(data), encoding="utf-8")
    chunk = next(c for c in load_community(folder).people[0].chunks if c.kind == "purchase_history")
    shown = '{"time":"2031/Apr/11/03:40 PM","purchase_history":[{"title":"Th\\u00e9","more":[{"x":null}]}]}'
    assert chunk.text == shown


EVAL, TRUTH = "eval_info/eval_info_all.json", "eval_info/qa_gt_context_all_noise_0.0.json"
TALKS = "private_data/noise_0.0/conversation_data_all.json"


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        (EVAL, lambda d: d[0].pop("Name"), r"entry 0: field 'Name': expected text"),
        (EVAL, lambda d: d[0]["Eval_Info"].pop("qa"), r"field 'Eval_Info.qa': expected a list"),
        (EVAL, lambda d: d[0]["Eval_Info"]["qa"][1].update(answer=True), r"Eval_Info.qa\[1\]: field 'answer'"),
        (EVAL, lambda d: d[0]["Eval_Info"]["qa"][1].update(answer=[]), r"Eval_Info.qa\[1\]: field 'answer'"),
        (EVAL, lambda d: d[1]["Eval_Info"]["qa"][0].update(q_id="x000"), r"entry 1: field 'q_id'"),
        (EVAL, lambda d: d[1].update(Name=d[0]["Name"]), r"entry 1: field 'Name'"),
        (EVAL, lambda d: d.pop(1), r"an entry for everybody who has documents, found 'none for Pim Barrelwright'"),
        (TRUTH, lambda d: d.pop(0), r"a row for question x000 of Orla Thistledown"),
        (TRUTH, lambda d: d[0].update(segment_id={}), r"entry 0: field 'segment_id'"),
        (TRUTH, lambda d: d[0]["segment_id"].update({"lighthouse keeper": []}), "field 'segment_id.lighthouse keeper'"),
        (
            TRUTH,
            lambda d: d[0]["segment_id"].update({"lighthouse keeper": ["e009"]}),
            r"question x000: field .*found 'e009'",
        ),
        (TRUTH, lambda d: d.append(d[0]), r"entry 16: field 'q_id'"),
        (TALKS, lambda d: d[0]["Data"][0].pop("Conversations"), r"Data\[0\]: field 'Conversations': expected a list"),
        (TALKS, lambda d: d[0]["Data"][0]["Conversations"][0].pop("segment_id"), r"\[0\]: field 'segment_id'"),
        (TALKS, lambda d: d[0]["Data"][0]["Conversations"][0].pop("conversation"), r"\[0\]: field 'conversation'"),
        (TALKS, lambda d: d[0]["Data"][0]["Conversations"][1].update(segment_id="e000"), r"not there before"),
        ("graph_json/social_graph.json", lambda d: d["edges"][0].update(target=9), r"edges\[0\].target"),
    ],
)
def test_a_fault_in_a_file_is_named(tmp_path: Path, file: str, change: Callable[[Any], Any], message: str) -> None:
    folder = copied(tmp_path)
    data = json.loads((folder / file).read_text(encoding="utf-8"))
    change(data)
    (folder / file).write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(InvalidInput, match=message) as caught:
        load_community(folder)
    assert file in str(caught.value)


def test_a_folder_of_communities_is_read_whole(tmp_path: Path) -> None:
    for name in ("community_1", "community_0"):
        copied(tmp_path).rename(tmp_path / name)
    assert [c.name for c in load_communities(tmp_path, 0.5)] == ["community_0", "community_1"]
    assert [c.name for c in load_communities(tmp_path / "community_1")] == ["community_1"]
    with pytest.raises(NotFound, match="no community in it"):
        load_communities(tmp_path / "community_1" / "eval_info")
    with pytest.raises(NotFound, match="no such folder"):
        load_communities(tmp_path / "nowhere")


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no folder private_data/noise_X"):
        load_community(tmp_path)
    folder = copied(tmp_path)
    with pytest.raises(NotFound, match=r"no noise level 0\.7; there are 0\.0, 0\.5"):
        load_community(folder, 0.7)
    (folder / TALKS).unlink()
    with pytest.raises(NotFound, match=r"conversation_data_all\.json: no such file"):
        load_community(folder)
    with pytest.raises(UsageError, match="nobody among the first"):
        run_personabench(replace(load_example(), people=load_example().people[2:])).send(None)


def test_nesting_without_end_is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    deep = "[" * 600 + "]" * 600
    path = folder / "private_data/noise_0.0/purchase_history_data_all.json"
    text = f'[{{"Name": "Orla Thistledown", "Data": [{{"segment_id": "d", "purchase_history": {deep}}}]}}]'
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match="JSON of less depth"):
        load_community(folder)


# --- the whole ---


async def test_several_communities_are_pooled_and_levels_are_not_mixed() -> None:
    twin = replace(load_example(), name="twin")
    result = await run_personabench([load_example(), twin])
    assert len({q.id for q in result.questions}) == 30
    with pytest.raises(UsageError, match=r"one level of noise, found \[0.0, 0.5\]"):
        await run_personabench([load_example(), replace(load_example(0.5), name="twin")])
    with pytest.raises(UsageError, match="need different names"):
        await run_personabench([load_example(), load_example()])


def test_values_out_of_range_are_refused() -> None:
    wrong: dict[str, Any]
    for wrong in ({"k": 0}, {"num_people": 0}, {"alphabet": "runes"}, {"missing": "guess"}):
        with pytest.raises(UsageError):
            PersonaBenchConfig(**wrong)


async def test_the_same_run_again_pays_for_nothing(tmp_path: Path) -> None:
    rows, calls = [], []
    for _ in range(2):
        with Run.open(tmp_path / "run", {"system": "personabench"}) as run:
            reader = run.model(open_model("simulated:seed=3"))
            rows.append((await run_personabench(load_example(), reader=reader, run=run)).rows())
            calls.append(run.counts["calls"])
        stages = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))["stages"]
        assert {"personabench.documents.0.0", "personabench.questions.0.0"} <= set(stages)
    assert rows[0] == rows[1]
    assert calls == [15, 15]


def test_the_prompt_shows_documents_instruction_question_in_this_order() -> None:
    text = READ.render(passages=["one", "two"], question="Who am I?")[-1]["content"]
    assert [(b.tag, b.text) for b in blocks(text)][:3] == [
        ("memory", "one"),
        ("memory", "two"),
        ("question", "Who am I?"),
    ]
