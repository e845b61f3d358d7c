"""SynthPAI's benchmark beyond the page: files of other people's making, replies in any shape, judge and people."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.benchmarks.synthpai import (
    Author,
    GradingConfig,
    mask_terms,
    read_authors,
    read_decisions,
    run_synthpai,
    run_synthpai_grading,
    write_authors,
)
from personarium.benchmarks.synthpai.data_format import author_from_dict, with_predictions
from personarium.benchmarks.synthpai.grading import decisions_wanted
from personarium.benchmarks.synthpai.published import published_figures
from personarium.benchmarks.synthpai.steps import read_inference
from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.models import ScriptedModel
from personarium.text import Unparsed


def row(name: str = "Owl", **labels: Any) -> dict[str, Any]:
    found = {k: v if isinstance(v, dict) else {"estimate": v, "hardness": 1, "certainty": 5} for k, v in labels.items()}
    return {"username": name, "comments": [{"text": "hello"}], "reviews": {"human_evaluated": found}}


def one(**labels: Any) -> Author:
    return author_from_dict(row(**labels))


# --- replies ---


@pytest.mark.parametrize(
    "reply",
    [
        "Type: Occupation\nInference: says so\nGuess: nurse; midwife; doctor",
        "Sure!\n**Type:** occupation\n**Inference:** says so\n**Guess:** nurse; midwife; doctor\n\nThat is all.",
        "Type: occupation Inference: says so Guess: nurse; midwife; doctor",
    ],
)
def test_an_inference_is_read_on_one_line_or_three(reply: str) -> None:
    read = read_inference(reply)
    assert not isinstance(read, Unparsed)
    assert read["found"] == {"occupation": ("says so", ["nurse", "midwife", "doctor"])}


def test_a_type_that_is_nothing_known_is_counted_and_other_is_not() -> None:
    read = read_inference("Type: shoe size\nGuess: 43\nType: other\nGuess: tea\nType: age\nGuess: 30")
    assert not isinstance(read, Unparsed)
    assert (list(read["found"]), read["strangers"]) == (["age"], 1)


def test_of_two_blocks_the_first_with_guesses_counts() -> None:
    read = read_inference("Type: age\nGuess: unknown\nType: age\nGuess: 30\nType: age\nGuess: 50")
    assert not isinstance(read, Unparsed)
    assert read["found"]["age"] == ("", ["30"])


@given(st.text(alphabet="Type:InfrncGus age\n;*", max_size=400))
def test_any_reply_is_read_or_unparsed(reply: str) -> None:
    read = read_inference(reply)
    assert isinstance(read, Unparsed) or all(len(guesses) <= 3 for _, guesses in read["found"].values())


def test_a_flood_of_markers_is_read_at_once() -> None:
    assert not isinstance(read_inference("Type: Inference: Guess: " * 50_000), Unparsed)


# --- judge and people ---

JUDGED = "Type: occupation\nGuess: software engineer; coder"


async def test_the_judge_sees_what_the_rules_leave_open_and_nothing_else() -> None:
    author = one(occupation="programmer", age="30")
    model = ScriptedModel([JUDGED + "\nType: age\nGuess: 60"])
    judge = ScriptedModel(['["partially supported", "yes"]'], name="judge")
    result, _ = await run_synthpai(model, [author], judge, config=GradingConfig("model"))
    by = {label.attribute: label for label in result.labels}
    assert by["occupation"].grades == (0.5, 1.0)
    assert (by["occupation"].decided_by, by["age"].decided_by) == ("model", "rules")
    assert len(judge.calls) == 1
    assert (result.tally(1).right, result.tally(1, 0.5).right, result.tally(3).right) == (0, 1, 1)


@pytest.mark.parametrize("reply", ["no\nless precise", "1. no\n2. less precise", '["no", "less precise"]'])
async def test_the_papers_own_words_are_read_too(reply: str) -> None:
    result, _ = await run_synthpai(
        ScriptedModel([JUDGED]), [one(occupation="programmer")], ScriptedModel([reply]), config=GradingConfig("model")
    )
    assert result.labels[0].grades == (0.0, 0.5)


async def test_an_unread_verdict_is_a_failure_and_no_pass() -> None:
    result, _ = await run_synthpai(
        ScriptedModel([JUDGED]), [one(occupation="programmer")], ScriptedModel(["hm"]), config=GradingConfig("model")
    )
    assert (result.tally(3).right, result.failed) == (0, {"unparsed": 1})


async def test_each_wording_of_an_education_is_sorted_once() -> None:
    authors = [author_from_dict(row(name, education="Masters in Law")) for name in ("Owl", "Fox")]
    model = ScriptedModel(["Type: education\nGuess: LL.M.; law degree"] * 2)
    judge = ScriptedModel({"<text>\nLL.M.": "Master's", "law degree": "College Degree"}, name="judge")
    result, guessed = await run_synthpai(model, authors, judge, config=GradingConfig("model"))
    assert len(judge.calls) == 2
    assert result.tally(1).right == 2
    stored = guessed[0].row["predictions"]["scripted"]["education"]
    assert stored["guess_category"] == ["Master's", "College Degree"]


async def test_people_decide_what_is_left(tmp_path: Path) -> None:
    author = one(occupation="programmer")
    first, _ = await run_synthpai(ScriptedModel([JUDGED]), [author])
    wanted = decisions_wanted(first)
    assert [r["guess"] for r in wanted] == ["software engineer", "coder"]
    write_authors([{**wanted[0], "grade": 0.5}, {**wanted[1], "grade": 1}], tmp_path / "done.jsonl")
    decided = read_decisions(tmp_path / "done.jsonl")
    config = GradingConfig("human")
    second, _ = await run_synthpai(ScriptedModel([JUDGED]), [author], config=config, decisions=decided)
    assert (second.labels[0].grades, second.labels[0].decided_by) == ((0.5, 1.0), "person")
    third, _ = await run_synthpai(ScriptedModel([JUDGED]), [author], config=config)
    assert (third.tally(3).right, third.failed) == (0, {"missing": 1})


async def test_a_refusal_is_counted_at_every_label() -> None:
    model = ScriptedModel(["I'm sorry, but I can't help with that request."])
    result, _ = await run_synthpai(model, [one(age="30", sex="male")])
    assert (result.tally(1).labels, result.tally(3).right, result.failed) == (2, 0, {"refused": 2})


async def test_saying_unknown_is_an_abstention_and_leaving_it_out_is_missing() -> None:
    result, _ = await run_synthpai(ScriptedModel(["Type: age\nGuess: unknown"]), [one(age="30", sex="male")])
    assert result.failed == {"abstained": 1, "missing": 1}


async def test_a_mode_with_a_judge_needs_one() -> None:
    with pytest.raises(UsageError, match="mode model needs a judge"):
        await run_synthpai(ScriptedModel([]), [], config=GradingConfig("model"))


# --- files ---


def test_a_file_comes_back_as_it_was(tmp_path: Path) -> None:
    rows = [{**row("Owl", age="30"), "extra": {"kept": True}}, row("Fox")]
    path = write_authors(rows, tmp_path / "authors.jsonl")
    authors = read_authors(path)
    assert [a.row for a in authors] == rows
    with gzip.open(tmp_path / "authors.jsonl.gz", "wb") as file:
        file.write(path.read_bytes())
    assert read_authors(tmp_path / "authors.jsonl.gz") == authors


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"username": ""}, "username"),
        ({"comments": "hello"}, "comments"),
        ({"comments": [{"text": 3}]}, "comments[0].text"),
        ({"reviews": {}}, "reviews"),
        ({"reviews": {"human_evaluated": {"age": {"hardness": 9}}}}, "reviews.human_evaluated.age.hardness"),
        ({"predictions": {"m": {"age": {"guess": "30"}}}}, "predictions.m.age.guess"),
        ({"evaluations": {"m": {"human_evaluated": {"age": [2]}}}}, "evaluations.m.human_evaluated.age"),
    ],
)
def test_a_wrong_row_names_file_line_and_field(tmp_path: Path, change: dict[str, Any], field: str) -> None:
    path = write_authors([row("Owl"), {**row("Fox"), **change}], tmp_path / "authors.jsonl")
    with pytest.raises(InvalidInput, match=r"authors\.jsonl:2") as caught:
        read_authors(path)
    assert caught.value.field == field


def test_doubles_empty_files_and_broken_archives_are_refused(tmp_path: Path) -> None:
    twice = write_authors([row("Owl"), row("Owl")], tmp_path / "twice.jsonl")
    with pytest.raises(InvalidInput, match="was not there before"):
        read_authors(twice)
    (tmp_path / "empty.jsonl").write_text("\n\n")
    with pytest.raises(InvalidInput, match="an empty file"):
        read_authors(tmp_path / "empty.jsonl")
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(json.dumps(row()).encode() * 50)[:60])
    with pytest.raises(InvalidInput, match="a whole gzip file"):
        read_authors(tmp_path / "cut.jsonl.gz")
    with pytest.raises(NotFound):
        read_authors(tmp_path / "none.jsonl")


def test_stored_guesses_are_found_by_name_and_never_overwritten(tmp_path: Path) -> None:
    guesses = {"age": {"inference": "", "guess": ["31"]}}
    path = write_authors([{**row(age="30"), "predictions": {"a": guesses, "b": guesses}}], tmp_path / "authors.jsonl")
    with pytest.raises(UsageError, match="several models, name one: a, b"):
        run_synthpai_grading(path)
    with pytest.raises(NotFound, match="no guesses of c in the file"):
        run_synthpai_grading(path, "c")
    assert run_synthpai_grading(path, "a", grades="rules").tally(1).right == 1
    stored = run_synthpai_grading(path, "a")
    assert (stored.tally(1).right, stored.failed) == (0, {"missing": 1})
    with pytest.raises(InvalidInput, match="without stored guesses"):
        with_predictions(read_authors(path)[0], "a", {})


def test_decisions_name_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "done.jsonl"
    path.write_text('{"attribute": "age", "truth": "30", "guess": "31", "grade": 0.7}\n')
    with pytest.raises(InvalidInput, match=r"done\.jsonl:1: field 'grade'"):
        read_decisions(path)


def test_masking_takes_whole_words_and_treats_terms_as_text() -> None:
    mask = mask_terms(["Oslo", "oslo city", "a+b", ""])
    assert mask("Oslo City, OSLO, Oslofjord, a+b") == "[removed], [removed], Oslofjord, [removed]"
    assert mask_terms([])("Oslo") == "Oslo"


def test_published_figures_are_found_by_the_name_in_the_file() -> None:
    assert published_figures("gpt-4") == (78.00, 91.43)
    assert published_figures("simulated") is None
