"""From a run folder to its report and exports."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from personarium.core.chat import ChatModel
from personarium.core.errors import InvalidInput, NotFound, StorageError, UsageError
from personarium.core.label import labelled
from personarium.core.results import Estimate, Failure
from personarium.models import open_model
from personarium.models.scripted import ScriptedModel
from personarium.report import Cost, Failures, Headline, Prompts, Table, build_document, export_results, write_report
from personarium.runs import Run, read_run
from tests.report.reading import read_page

SCORE = Estimate(0.42, 0.36, 0.48, 40, "persona", "mean", failures={"unparsed": 2}).as_dict()


def make_run(folder: Path, summary: Mapping[str, Any] | None = None, model: ChatModel | None = None) -> Path:
    """A small finished run: four items of which one fails."""

    async def work(item: int) -> str | Failure:
        with labelled(step="answer", item=str(item)):
            reply = await player.generate([{"role": "user", "content": f"question <b>{item}</b>"}])
        return Failure("unparsed", "no score", str(item), (reply.text,)) if item == 2 else reply.text

    with Run.open(folder, {"kind": "demo", "n": 4, "deep": {"er": 1}}, seed=3, command="personarium demo --n 4") as run:
        player = run.model(model or ScriptedModel(["fine"] * 4))
        asyncio.run(run.map("answer", range(4), work, key=str))
        if summary is not None:
            run.write_summary(summary)
    return folder


def test_a_run_without_a_summary_still_has_a_report(tmp_path: Path) -> None:
    path = write_report(make_run(tmp_path / "run"))
    assert path == tmp_path / "run" / "report.html"
    text = read_page(path.read_text()).text
    for said in (
        "demo",
        "1 of 4 items have no value",
        "no score",
        "question <b>0</b>",
        "personarium demo --n 4",
        "config: deep.er",
    ):
        assert said in text


def test_what_every_run_has_is_added_from_the_folder(tmp_path: Path) -> None:
    document = build_document(read_run(make_run(tmp_path / "run", {"kind": "demo", "estimates": {"APC": SCORE}})))
    kinds = [type(section) for section in document.sections]
    assert kinds == [Headline, Failures, Cost, Prompts, Table]
    cost = document.sections[2]
    assert isinstance(cost, Cost)
    assert cost.calls == 4
    assert document.command == "personarium demo --n 4"
    assert document.meta["seed"] == "3"
    assert document.kind == "demo"


def test_the_summary_says_title_headline_reading_and_sections(tmp_path: Path) -> None:
    summary = {
        "kind": "apc",
        "title": "APC of two",
        "headline": "APC",
        "estimates": {"A first by name": SCORE, "APC": SCORE},
        "scale": {"lo": -1, "hi": 1},
        "notices": ["Read me."],
        "tables": {"By persona": {"columns": ["p", "apc"], "rows": [["x", SCORE]]}},
        "sections": [{"kind": "note", "text": "Mine."}],
    }
    document = build_document(read_run(make_run(tmp_path / "run", summary)))
    headline, note, table = document.sections[:3]
    assert isinstance(headline, Headline)
    assert headline.main == "APC"
    assert "neutral reply" in headline.meaning
    assert headline.cautions
    assert (note.title, table.title) == ("", "By persona")
    assert document.title == "APC of two"
    assert document.notices == ("Read me.",)


def test_a_run_may_hand_over_its_own_headline(tmp_path: Path) -> None:
    own = {"kind": "headline", "estimates": {"x": SCORE}, "meaning": "Mine."}
    document = build_document(
        read_run(make_run(tmp_path / "run", {"kind": "anything", "estimates": {"y": SCORE}, "sections": [own]}))
    )
    [headline] = [s for s in document.sections if isinstance(s, Headline)]
    assert list(headline.estimates) == ["x"]
    assert headline.meaning == "Mine."


def test_estimates_that_a_plot_already_draws_are_not_repeated_under_the_headline(tmp_path: Path) -> None:
    rows = [{"label": "B", "value": 0.4}, {"label": "C", "value": 0.2}]
    summary = {"headline": "A", "estimates": {"A": SCORE, "B": SCORE, "C": SCORE}}
    for sections, shown in (
        ([], ["A", "B", "C"]),
        ([{"kind": "dots", "rows": rows}], ["A"]),
        ([{"kind": "dots", "rows": rows[:1]}], ["A", "B", "C"]),
    ):
        run = make_run(tmp_path / str(len(list(tmp_path.iterdir()))), {**summary, "sections": sections})
        headline = build_document(read_run(run)).sections[0]
        assert isinstance(headline, Headline)
        assert list(headline.estimates) == shown


def test_a_run_may_hand_over_its_own_failures(tmp_path: Path) -> None:
    own = {"kind": "failures", "counts": [{"failure": "refused", "step": "mine", "count": 1}]}
    document = build_document(read_run(make_run(tmp_path / "run", {"sections": [own]})))
    [failures] = [s for s in document.sections if isinstance(s, Failures)]
    assert failures.counts[0].step == "mine"


def test_a_simulated_subject_is_said_first(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", {}, open_model("simulated"))
    assert build_document(read_run(run)).notices[0].startswith("Made with a simulated subject")


def test_an_unfinished_run_is_reported_as_such(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), Run.open(tmp_path / "run", {"kind": "demo"}):
        raise RuntimeError("the power went")
    text = read_page(write_report(tmp_path / "run").read_text()).text
    assert "This run is failed: RuntimeError: the power went." in text


@pytest.mark.parametrize(
    ("summary", "message"),
    [
        ({"sections": [{"kind": "note"}]}, "field 'sections[0].text': expected this field, which is not there"),
        ({"sections": {"kind": "note"}}, "field 'sections': expected a list of sections"),
        ({"estimates": {"x": 3}}, "field 'estimates.x': expected an estimate"),
        ({"estimates": {"x": SCORE}, "scale": {"lo": "a", "hi": 1}}, "field 'scale.lo': expected a valid number"),
        ({"title": 3}, "field 'title': expected a text, found 3"),
        ({"notices": "one"}, "field 'notices': expected a list of texts"),
        ({"tables": {"t": 3}}, "field 'tables.t': expected an object with columns and rows"),
        ({"tables": {"t": {"columns": ["a"]}}}, "field 'tables.t.rows': expected this field, which is not there"),
    ],
)
def test_a_wrong_summary_gets_one_error_and_the_old_report_stays(tmp_path: Path, summary: Any, message: str) -> None:
    run = make_run(tmp_path / "run", summary)
    (run / "report.html").write_text("old")
    with pytest.raises(InvalidInput) as caught:
        write_report(run)
    assert message in str(caught.value)
    assert "summary.json" in str(caught.value)
    assert (run / "report.html").read_text() == "old"


def test_no_run_no_report(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="is not a run folder"):
        write_report(tmp_path)


def test_a_report_that_cannot_be_written_is_one_error_and_leaves_nothing(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    (run / "report.html").mkdir()
    before = sorted(path.name for path in run.iterdir())
    with pytest.raises(StorageError, match="cannot be written"):
        write_report(run)
    assert sorted(path.name for path in run.iterdir()) == before


def test_the_most_sections_keep_failures_and_cost(tmp_path: Path) -> None:
    run = make_run(
        tmp_path / "run", {"sections": [{"kind": "note", "title": f"n{i}", "text": "x"} for i in range(150)]}
    )
    text = read_page(write_report(run).read_text()).text
    assert "How this was made" in text
    assert "100 of 154 sections shown" in text


QUESTION = {
    "id": "p/t/0",
    "persona": "A beekeeper",
    "task": "Toxicity",
    "question": "Why?",
    "answer": "Because.",
    "scores": {"a": 4, "b": None},
    "reasons": {"a": "Good.", "b": ""},
}


def test_personagym_without_sections_is_drawn_from_its_table(tmp_path: Path) -> None:
    with Run.open(tmp_path / "run", {}) as run:
        run.write_results([QUESTION, {**QUESTION, "scores": {"a": 2, "b": 1}, "answer": "Not so good."}])
        run.write_summary({"kind": "personagym", "estimates": {"PersonaScore": SCORE}})
    text = read_page(write_report(tmp_path / "run").read_text()).text
    assert "The 2 lowest of 2 answers." in text
    assert text.index("Not so good.") < text.index("Because.")
    assert "3 values in 5 bins" in text


def test_a_personagym_table_that_lacks_a_column_is_named(tmp_path: Path) -> None:
    with Run.open(tmp_path / "run", {}) as run:
        run.write_results([{"persona": "x"}])
        run.write_summary({"kind": "personagym"})
    with pytest.raises(InvalidInput, match=r"results\.parquet: field 'task'"):
        write_report(tmp_path / "run")


# --- exports ---

ROWS = [
    {"id": "1", "value": 4, "detail": {"a": 1}, "list": [1, 2], "text": "=HYPERLINK(1)"},
    {"id": "2", "value": 2.5, "detail": {"a": None}, "list": None, "text": 'a "quote",\nnext'},
]


@pytest.fixture
def table_run(tmp_path: Path) -> Path:
    with Run.open(tmp_path / "run", {}) as run:
        run.write_results(ROWS)
    return tmp_path / "run"


def test_csv_holds_every_row_and_no_formula(table_run: Path, tmp_path: Path) -> None:
    path = export_results(table_run, tmp_path / "out.csv")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {"id": "1", "value": "4.0", "detail": '{"a":1}', "list": "[1, 2]", "text": "'=HYPERLINK(1)"}
    assert rows[1]["text"] == 'a "quote",\nnext'
    assert rows[1]["list"] == ""


def test_jsonl_holds_values(table_run: Path, tmp_path: Path) -> None:
    path = export_results(table_run, tmp_path / "out.jsonl")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert rows[0] == {"id": "1", "value": 4.0, "detail": {"a": 1}, "list": [1, 2], "text": "=HYPERLINK(1)"}
    assert rows[1]["list"] is None


def test_parquet_is_the_table(table_run: Path, tmp_path: Path) -> None:
    import polars as pl

    path = export_results(table_run, tmp_path / "out.parquet")
    assert pl.read_parquet(path).equals(read_run(table_run).table())


def test_other_endings_folders_and_tables_are_refused(table_run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ends in \.csv, \.jsonl, \.parquet, found '\.xlsx'"):
        export_results(table_run, tmp_path / "out.xlsx")
    with pytest.raises(UsageError, match="its folder does not exist"):
        export_results(table_run, tmp_path / "nowhere" / "out.csv")
    with pytest.raises(NotFound, match="has no table 'other'"):
        export_results(table_run, tmp_path / "out.csv", table="other")
