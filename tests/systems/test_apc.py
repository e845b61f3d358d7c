"""APC (arXiv 2405.07726): what must hold, one test for each statement of its method page."""

from __future__ import annotations

import io
import json
import math
import random
import shutil
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from personarium.core.dialogue import Dialogue
from personarium.core.errors import InvalidInput, UsageError
from personarium.core.facets import Facet
from personarium.core.persona import Persona
from personarium.judges.entailment import CachedRelevance, HeadEstimator, KeyedFact, RuleOracle, Triple
from personarium.measure.apc import (
    APCConfig,
    APCInstrument,
    NLIRow,
    QueryRow,
    RelevanceRow,
    StatementRow,
    apc_from_dict,
    apc_score,
    apc_scorer,
    apc_scores,
    compare_published,
    label_relevance,
    label_replies,
    lcm_inputs,
    load_documents,
    load_nli,
    load_queries,
    load_relevance,
    load_statements,
    plain_questions,
    rag_inputs,
    read_label,
    save_rows,
    score_statement,
    score_with_teacher,
    split_paragraphs,
    statements_of,
    summarise,
    top_statements,
    write_queries,
    write_replies,
    write_statements,
)
from personarium.measure.apc.data_formats import NLI_WORDS, RELEVANCE_WORDS, nli_file_rows, rows_as_json
from personarium.measure.apc.playing import ANSWER
from personarium.models import ScriptedModel
from personarium.play import Agent, best_of

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "apc"
CONTRADICTED, NEUTRAL, ENTAILED = Triple(1, 0, 0), Triple(0, 1, 0), Triple(0, 0, 1)


class Table:
    """An estimator that says what it is told, and counts how often it is asked."""

    name = "table"

    def __init__(self, relevance: Sequence[float | None], triples: Sequence[Triple | None]) -> None:
        self.relevances, self.triples, self.asked = list(relevance), list(triples), 0

    async def relevance(self, statements: Sequence[str], query: str) -> list[float | None]:
        self.asked += 1
        return [self.relevances[int(s)] for s in statements]

    async def entailment(self, statements: Sequence[str], query: str, response: str) -> list[Triple | None]:
        return [self.triples[int(s)] for s in statements]


def numbered(n: int) -> list[str]:
    return [str(i) for i in range(n)]


def random_case(draw: random.Random) -> tuple[list[float], list[Triple]]:
    n = draw.randint(1, 12)
    triples = []
    for _ in range(n):
        cuts = sorted((draw.random(), draw.random()))
        triples.append(Triple(cuts[0], cuts[1] - cuts[0], 1 - cuts[1]))
    return [draw.random() for _ in range(n)], triples


async def test_w1_worked_example() -> None:
    table = Table([0.9, 0.2, 0.05], [Triple(0.05, 0.15, 0.80), Triple(0.10, 0.70, 0.20), Triple(0.60, 0.35, 0.05)])

    score = await apc_score(numbered(3), "query", "response", table)

    assert score.apc == pytest.approx(1.9575, abs=1e-9)
    assert [row.satisfied for row in score.rows] == pytest.approx([0.815, 0.76, 0.3825], abs=1e-9)
    assert score.gain_over_neutral == pytest.approx(0.1075, abs=1e-9)
    assert score.per_statement == pytest.approx(0.6525, abs=1e-9)
    assert score.neutral == pytest.approx(1.85, abs=1e-9)
    assert [row.kind for row in score.rows] == ["active", "passive", "passive"]
    assert score.contradicted == ("2",)
    assert apc_from_dict(json.loads(json.dumps(score.as_dict()))) == score


@pytest.mark.parametrize(("as_published", "wanted"), [(False, [1, 0, 0, 1, 1, 0]), (True, [1, 0, 0, 1, 1, 1])])
async def test_w2_six_hard_label_cases(as_published: bool, wanted: list[int]) -> None:
    cases = [(r, label) for r in ("relevant", "irrelevant") for label in ("entailed", "neutral", "contradicted")]
    order = [cases[i] for i in (0, 1, 2, 4, 3, 5)]  # as the page prints them: irrelevant neutral before entailed
    found = []
    for relevance, label in order:
        teacher = ScriptedModel([f"The fact is {relevance}", f"The fact is {label}"])
        score = await score_with_teacher(
            teacher, "A", ["fact"], "query", "response", APCConfig(as_published=as_published)
        )
        found.append(score.apc)

    assert found == wanted


async def test_w2_one_erratum_by_its_id() -> None:
    async def apc(config: APCConfig) -> float | None:
        teacher = ScriptedModel(["The fact is irrelevant", "The fact is contradicted"])
        return (await score_with_teacher(teacher, "A", ["fact"], "q", "r", config)).apc

    assert await apc(APCConfig(as_published={"contradict-label"})) == 1
    assert await apc(APCConfig(as_published={"indented-lines"})) == 0
    with pytest.raises(UsageError, match="contradict-label"):
        APCConfig(as_published={"no such"}).faults  # noqa: B018


async def test_w2_labels_are_normalised_and_unparsed_ones_left_out() -> None:
    assert [read_label(text, RELEVANCE_WORDS) for text in ("Yes.", " no ", "YES!", "maybe")] == [
        "yes",
        "no",
        "yes",
        None,
    ]
    spelled = ("Contradict", "contradicted.", " Neutral ", "ENTAILED", "maybe")
    assert [read_label(t, NLI_WORDS) for t in spelled] == ["contradicted", "contradicted", "neutral", "entailed", None]
    replies = ["Relevant.", " irrelevant ", "IRRELEVANT", "maybe", "Entailed.", "neutral!", "CONTRADICTED"]
    teacher = ScriptedModel(replies)

    score = await score_with_teacher(teacher, "A", ["a", "b", "c", "d"], "query", "response")

    assert [row.satisfied for row in score.rows] == [1, 1, 0]
    assert (score.n, score.apc) == (3, 2)
    assert [f.kind for f in score.failures] == ["unparsed"]
    assert len(teacher.calls) == 7  # no entailment is asked for a statement without relevance


async def test_w2_nothing_scored_is_no_zero() -> None:
    score = await apc_score(["0"], "q", "r", Table([None], [NEUTRAL]))

    assert (score.apc, score.per_statement, score.gain_over_neutral, len(score.failures)) == (None, None, None, 1)


async def test_w3_properties_on_random_inputs() -> None:
    draw = random.Random(3)
    for _ in range(1_000):
        relevance, triples = random_case(draw)
        n = len(relevance)
        table = Table(relevance, triples)
        score = await apc_score(numbered(n), "q", "r", table)
        mixed = numbered(n)
        draw.shuffle(mixed)
        cut = draw.randint(1, n)
        parts = [await apc_score(part, "q", "r", table) for part in (numbered(n)[:cut], numbered(n)[cut:]) if part]

        assert score.apc is not None and score.gain_over_neutral is not None
        assert 0 <= score.apc <= n
        assert (await apc_score(mixed, "q", "r", table)).apc == pytest.approx(score.apc, abs=1e-12)
        assert math.fsum(part.apc or 0 for part in parts) == pytest.approx(score.apc, abs=1e-12)
        assert score.apc - math.fsum(1 - r for r in relevance) == pytest.approx(score.gain_over_neutral, abs=1e-12)


def test_w3_entailment_counts_when_relevant_and_only_contradiction_when_not() -> None:
    low, high = Triple(0.2, 0.5, 0.3), Triple(0.2, 0.4, 0.4)
    gained = score_statement("s", 1, high).satisfied - score_statement("s", 1, low).satisfied
    assert gained == pytest.approx(0.1, abs=1e-12)
    assert score_statement("s", 0, high).satisfied == score_statement("s", 0, low).satisfied == 0.8


@pytest.mark.parametrize("triple", [(0.5, 0.5, 0.1), (-0.1, 0.6, 0.5), (0, 0, 0), (math.nan, 0.5, 0.5)])
def test_w3_what_is_no_probability_is_refused(triple: tuple[float, float, float]) -> None:
    with pytest.raises(InvalidInput):
        score_statement("s", 0.5, Triple(*triple))
    with pytest.raises(InvalidInput):
        score_statement("s", 1.1, NEUTRAL)
    assert score_statement("s", 0.5, Triple(0.3, 0.3, 0.4005)).relevance == 0.5


FACTS = [
    KeyedFact("Mira lives in Riga.", "home", "Riga", ("Oslo", "Bergen"), ("live",)),
    KeyedFact("Mira is a baker.", "job", "baker", ("pilot",), ("living",)),
    KeyedFact("Mira owns a cat.", "pet", "cat", ("dog",), ("pet",)),
    KeyedFact("Mira plays chess.", "game", "chess", ("go",), ("game",)),
]
REPLIES = {
    "right": "I live in Riga.",
    "evasive": "I would rather not say.",
    "right but contradicting": "I live in Riga and work as a pilot.",
    "wrong": "I live in Oslo.",
    "evasive and contradicting": "Who knows. I am a busy pilot.",
}


@pytest.mark.parametrize(
    ("hit", "miss", "scores", "gains"),
    [
        (0.9, 0.05, [3.85, 2.95, 2.90, 2.85, 2.00], [0.90, 0, -0.05, -0.10, -0.95]),
        (1.0, 0.0, [4, 3, 3, 3, 2], [1, 0, 0, 0, -1]),
    ],
)
async def test_w4_replies_of_a_character_of_four_facts(
    hit: float, miss: float, scores: list[float], gains: list[float]
) -> None:
    oracle = RuleOracle(FACTS, hit, miss)
    statements = [fact.statement for fact in FACTS]

    found = [await apc_score(statements, "Where do you live?", reply, oracle) for reply in REPLIES.values()]

    assert [score.apc for score in found] == pytest.approx(scores, abs=1e-9)
    assert [score.gain_over_neutral for score in found] == pytest.approx(gains, abs=1e-9)
    assert [len(score.contradicted) for score in found] == [0, 0, 1, 1, 1]


@pytest.mark.parametrize("named", [0, 1, 2, 3])
async def test_w4_naming_k_of_three_relevant_facts_gains_k(named: int) -> None:
    query = "Where do you live, what do you do for a living, and which pet have you?"
    reply = " ".join(["My home is Riga.", "I am a baker.", "I have a cat."][:named]) or "Who knows."

    score = await apc_score([fact.statement for fact in FACTS], query, reply, RuleOracle(FACTS))

    assert score.gain_over_neutral == named
    assert len(score.missed) == 3 - named


async def test_w5_best_of_n_takes_the_planted_best_and_the_first_of_equals() -> None:
    statements, persona = [fact.statement for fact in FACTS], Persona.from_text("Mira lives in Riga.", id="mira")
    replies = [REPLIES[key] for key in ("evasive", "wrong", "right", "right but contradicting")]
    asked = Dialogue("d", []).with_utterance("partner", "Where do you live?")

    async def said(drawn: Sequence[str]) -> str:
        speaker = Agent(persona, ScriptedModel(list(drawn)))
        return (await best_of(speaker, len(drawn), apc_scorer(statements, RuleOracle(FACTS))).reply(asked)).text

    assert await said(replies) == REPLIES["right"]
    assert await said([REPLIES["wrong"], "I live in Riga!", "I live in Riga."]) == "I live in Riga!"


def test_w5_preference_pairs_keep_what_differs_by_more_than_the_threshold() -> None:
    from personarium.steer import ScoredReplies, keep_pairs

    scores = [(0, 0.21), (0, 0.19), (0, 0.2), (0.5, 0)]
    pairs = keep_pairs([ScoredReplies(f"p{i}", "first", "second", *pair) for i, pair in enumerate(scores)])

    assert [(p.prompt, p.chosen, p.rejected) for p in pairs] == [("p0", "second", "first"), ("p3", "first", "second")]


def test_w6_published_correlations_are_recomputed() -> None:
    found = compare_published()

    def row(column: str, statistic: str, *who: str) -> list[float]:
        return [round(found[column][name][statistic].value, 3) for name in who]

    characters = ("Alice", "Bob", "Eve")
    assert [row("students", s, "pooled") for s in ("pearson", "spearman", "kendall")] == [[0.706], [0.497], [0.366]]
    assert row("students", "pearson", *characters) == [0.991, 0.975, 0.994]
    assert row("students", "spearman", *characters) == [0.886, 0.955, 0.991]
    assert [row("gpt4", s, "pooled") for s in ("pearson", "spearman", "kendall")] == [[0.750], [0.818], [0.708]]
    # The page prints 0.892 for Alice; the table gives 0.89254.
    assert row("gpt4", "pearson", *characters) == pytest.approx([0.892, 0.827, 0.885], abs=0.0011)
    assert row("gpt4", "spearman", *characters) == [0.972, 0.991, 0.991]
    assert found["students"]["pooled"]["pearson"].n == 21


STATEMENTS = ["Mira lives in Riga.", "Mira is a baker.", "Mira owns a cat."]
EXCHANGES = [("Where do you live?", "I live in Riga."), ("What do you do?", "I fly planes, I am a pilot.")]


async def shipped_copy(folder: Path) -> Path:
    with as_file(files("personarium.judges") / "data" / "entailment_head") as shipped:
        shutil.copytree(shipped, folder)
    return folder


async def test_w7_the_head_loads_and_repeats_its_probabilities(tmp_path: Path) -> None:
    copy = HeadEstimator(["Mira"], folder=await shipped_copy(tmp_path / "head"))
    shipped = HeadEstimator(["Mira"])

    ours, theirs = [await apc_scores(STATEMENTS, EXCHANGES, head) for head in (copy, shipped)]

    for own, other in zip(ours, theirs, strict=True):
        for a, b in zip(own.rows, other.rows, strict=True):
            assert a.relevance == pytest.approx(b.relevance, abs=1e-6)
            assert tuple(a.triple) == pytest.approx(tuple(b.triple), abs=1e-6)


async def test_w7_labels_stored_in_another_order_are_mapped_by_name(tmp_path: Path) -> None:
    folder = await shipped_copy(tmp_path / "head")
    rewrite(folder, [2, 0, 1], {})

    ours, theirs = [await apc_scores(STATEMENTS, EXCHANGES, h) for h in (HeadEstimator(folder=folder), HeadEstimator())]

    for own, other in zip(ours, theirs, strict=True):
        for a, b in zip(own.rows, other.rows, strict=True):
            assert tuple(a.triple) == pytest.approx(tuple(b.triple), abs=1e-6)


async def test_w7_labels_of_other_names_are_refused(tmp_path: Path) -> None:
    folder = await shipped_copy(tmp_path / "head")
    rewrite(folder, [0, 1, 2], {"contradicted": "contradict"})

    with pytest.raises(InvalidInput, match="labels"):
        HeadEstimator(folder=folder)


def rewrite(folder: Path, order: list[int], names: dict[str, str]) -> None:
    """Store the head's NLI columns in another order, or under other names."""
    arrays = dict(np.load(io.BytesIO((folder / "head.npz").read_bytes())))
    for name in ("nli_w1", "nli_b1"):
        arrays[name] = arrays[name][..., order]
    labels = [str(arrays["nli_labels"][i]) for i in order]
    arrays["nli_labels"] = np.array([names.get(label, label) for label in labels])
    np.savez(folder / "head.npz", **arrays)


async def test_w7_a_second_scoring_asks_for_no_relevance() -> None:
    table = Table([0.9, 0.1], [ENTAILED, NEUTRAL])
    kept = CachedRelevance(table)

    first = await apc_score(["0", "1"], "query", "one reply", kept)
    again = await apc_score(["0", "1"], "query", "another reply", kept)

    assert table.asked == 1
    assert first.apc == again.apc


async def test_many_replies_at_once_score_as_one_by_one() -> None:
    head = CachedRelevance(HeadEstimator(["Mira"]))

    together = await apc_scores(STATEMENTS, EXCHANGES, head)
    alone = [await apc_score(STATEMENTS, query, response, head) for query, response in EXCHANGES]

    assert [score.apc for score in together] == pytest.approx([score.apc for score in alone], abs=1e-9)


async def test_w8_documents_and_their_calls() -> None:
    for name, paragraphs in {"Alice": 1, "Bob": 2, "Eve": 3}.items():
        teacher = ScriptedModel({"": f"- {name} exists."})

        built = await write_statements(teacher, name, load_documents()[name])

        assert len(split_paragraphs(load_documents()[name])) == paragraphs
        assert len(teacher.calls) == len(built.rows) == paragraphs


@pytest.mark.parametrize(
    ("as_published", "wanted"),
    [
        (True, ["Alice likes tea."]),
        (False, ["Alice likes tea.", "Alice sings."]),
        ({"indented-lines"}, ["Alice likes tea."]),
    ],
)
async def test_w8_statement_lines(as_published: bool | set[str], wanted: list[str]) -> None:
    teacher = ScriptedModel(["- Alice likes tea.\n  - Alice sings.\nNote: x"])

    built = await write_statements(teacher, "Alice", load_documents()["Alice"], APCConfig(as_published=as_published))

    assert [row.statement for row in built.rows] == wanted


async def test_a_failed_paragraph_is_silent_only_as_published() -> None:
    async def build(config: APCConfig) -> tuple[int, int]:
        teacher = ScriptedModel(["nothing here", "- Bob teaches."])
        built = await write_statements(teacher, "Bob", load_documents()["Bob"], config)
        return len(built.rows), len(built.failures)

    assert await build(APCConfig()) == (1, 1)
    assert await build(APCConfig(as_published={"failed-paragraph-silent"})) == (1, 0)


def test_w8_shipped_documents_are_the_shared_ones() -> None:
    if not SHARED.exists():
        pytest.skip("../shared/data is not here")
    for name, text in load_documents().items():
        assert (SHARED / f"wiki_{name}.txt").read_text(encoding="utf-8") == text


async def test_rows_of_the_estimators_data_have_the_published_counts() -> None:
    """Three queries a statement, 3 + 5 relevance rows a statement, 6 NLI rows a (statement, query)."""
    statements = [f"Alice owns thing {i}." for i in range(8)]  # the page's Alice: 8 statements, 64 and 144 rows
    teacher = ScriptedModel(
        {
            "write|Write 3 different": '["one?", "two?", "three?"]',
            "Write three replies": '{"entailed": "e", "neutral": "n", "contradicted": "c"}',
            "relevant to what the user says": "The fact is irrelevant",
            "entailed, neutral or contradicted": "The fact is neutral",
        }
    )

    queries = await write_queries(teacher, "Alice", statements)
    relevance = await label_relevance(teacher, "Alice", queries.rows)
    replies = await write_replies(teacher, "Alice", queries.rows)
    nli = await label_replies(teacher, "Alice", replies.rows)

    assert [len(row.queries) for row in queries.rows] == [3] * 8
    assert len(relevance.rows) == 64
    assert [row.relevant for row in relevance.rows].count("yes") == 24
    assert len(replies.rows) == 24
    assert len(nli.rows) == 144
    assert {row.label for row in nli.rows} == {"neutral"}
    assert sorted(nli_file_rows("Alice", replies.rows)[0]) == ["character", "nli", "query", "statement"]


def test_row_files_round_trip_and_name_what_is_wrong(tmp_path: Path) -> None:
    sets: list[tuple[list[Any], Any]] = [
        ([StatementRow("A", "passage", "A sings.")], load_statements),
        ([QueryRow("A sings.", ("Do you sing?", "Any hobby?"))], load_queries),
        ([RelevanceRow("A", "A sings.", "Do you sing?", "yes")], load_relevance),
        ([NLIRow("A", "A sings.", "Do you sing?", "I do.", "entailed")], load_nli),
    ]
    for rows, load in sets:
        assert load(save_rows(rows, tmp_path / "rows.json")) == rows
    (row,) = rows_as_json(sets[3][0])
    wrong = [row, {**row, "label": "perhaps"}]
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))
    with pytest.raises(InvalidInput, match="row 1: field 'label'"):
        load_nli(tmp_path / "wrong.json")


async def test_playing_shows_the_statements_that_are_wanted() -> None:
    statements = [fact.statement for fact in FACTS]
    oracle = RuleOracle(FACTS)
    query = "What do you do for a living?"

    assert await top_statements(statements, query, oracle, 2) == ["Mira is a baker.", "Mira lives in Riga."]
    rag = ANSWER.render(**await rag_inputs("Mira", statements, query, oracle, 2))
    lcm = ANSWER.render(**lcm_inputs("Mira", statements, query))

    assert "Mira owns a cat." not in rag[0]["content"]
    assert all(statement in lcm[0]["content"] for statement in statements)
    assert "role-play Mira" in lcm[0]["content"]
    assert rag[1] == {"role": "user", "content": query}


def persona() -> Persona:
    return Persona(id="mira", facets=(Facet("home", "home", "Riga"), Facet("job", "job", "baker")))


def oracle_of(who: Persona) -> RuleOracle:
    statements = statements_of(who)
    return RuleOracle(
        [
            KeyedFact(statements[0], "home", "Riga", ("Oslo",), ("home",)),
            KeyedFact(statements[1], "job", "baker", ("pilot",), ("job",)),
        ]
    )


@pytest.mark.parametrize(
    ("replies", "value"),
    [
        (["It is Riga.", "I am a baker."], 1.0),
        (["It is Riga.", "Who knows."], 0.5),
        (["Who knows.", "Who knows."], 0.0),
        (["I am a pilot.", "It is Oslo."], -1.0),
    ],
)
@pytest.mark.parametrize("style", ["system", "card", "lcm", "rag"])
async def test_instrument_scores_the_gain_for_each_relevant_fact(replies: list[str], value: float, style: str) -> None:
    (score,) = await APCInstrument(oracle_of, style=style).measure(ScriptedModel(replies), [persona()])  # type: ignore[arg-type]

    assert score.value == value
    assert list(score.parts) == ["mira/0", "mira/1"]
    assert not score.failures


async def test_instrument_counts_what_it_cannot_score() -> None:
    instrument = APCInstrument(oracle_of, questions={"mira": ["Your home?", "Your pet?", "Your job?"]})

    (score,) = await instrument.measure(ScriptedModel(["It is Riga.", "A cat.", ""]), [persona()])

    assert score.value == 1.0
    assert sorted(f.kind for f in score.failures) == ["empty", "missing"]
    assert score.parts == {"mira/0": 1.0, "mira/1": None, "mira/2": None}


async def test_instrument_reports_why_a_judge_gave_no_label() -> None:
    judge = ScriptedModel({"": "I cannot help with that."}, name="judge")

    (score,) = await APCInstrument("judge", judge).measure(ScriptedModel({"": "Riga."}), [persona()])

    assert score.value is None
    assert {f.kind for f in score.failures} == {"refused"}


async def test_summary_is_of_the_report_schema_and_tells_missed_from_contradicted() -> None:
    from personarium.report.schema import section_from_dict

    scores = await APCInstrument(oracle_of).measure(ScriptedModel(["It is Oslo.", "I am a baker."]), [persona()])
    found = summarise(scores, {"mira": "Mira"})

    for section in found["sections"]:
        section_from_dict(section)
    assert found["estimates"]["Gain for each relevant fact"]["value"] == 0.5
    assert found["sections"][1]["rows"] == [["Mira", "My home is Riga.", 1, 1]]
    assert found["sections"][2]["items"][0]["answer"] == "It is Oslo."


async def test_the_accuracy_of_the_embedded_head_is_stated_where_it_is_used() -> None:
    assert "measured accuracy" in APCInstrument("head").note
    assert APCInstrument(oracle_of).note == ""


def test_instrument_refuses_a_judge_estimator_without_a_judge() -> None:
    with pytest.raises(UsageError, match="judge"):
        APCInstrument("judge")


def test_plain_questions_ask_for_each_facet() -> None:
    assert plain_questions(persona()) == ["What is your home?", "What is your job?"]
    assert plain_questions(Persona.from_text("A retired nurse.")) == [
        "Tell me about yourself. Who are you and what do you do?"
    ]
