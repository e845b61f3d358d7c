"""Files of scores, replies, verdicts and questions: what is read, and what is refused by file, line and field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput, NotFound, PersonariumError, UsageError
from personarium.measure.comparison import Replies, ScoreTable, VerdictTable, read_contest
from personarium.runs import Run


def lines(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def scored(path: Path, **values: float | None) -> Path:
    return lines(path, *({"item": item, "score": value} for item, value in values.items()))


def test_one_file_a_contestant(tmp_path: Path) -> None:
    a, b = scored(tmp_path / "a.jsonl", x=1, y=0, z=1), scored(tmp_path / "b.jsonl", y=1, x=0.5)
    table = read_contest([a, b])
    assert isinstance(table, ScoreTable)
    assert [item.id for item in table.items] == ["x", "y", "z"]
    assert table.values == {"a": (1.0, 0.0, 1.0), "b": (0.5, 1.0, None)}
    assert table.failures == {"a": {}, "b": {"missing": 1}}
    assert (table.scale.lo, table.scale.hi) == (0.0, 1.0)


def test_one_file_with_all_contestants_and_a_baseline(tmp_path: Path) -> None:
    rows = [
        {"id": f"q{k}", "agent": name, "score": 3 + k, "persona_id": "p", "question": "Who?", "response": "I"}
        for name in ("a", "b", "no persona")
        for k in range(2)
    ]
    table = read_contest([lines(tmp_path / "all.jsonl", *rows)], ["b", "a"])
    assert isinstance(table, ScoreTable)
    assert tuple(table.values) == ("b", "a", "no persona")
    assert table.baselines == {"no persona"}
    assert table.items[0].group == "p"
    assert table.texts["a"] == ("I", "I")
    assert (table.scale.lo, table.scale.hi) == (1.0, 5.0)
    with pytest.raises(NotFound, match="no contestant 'c'; it has a, b, no persona"):
        read_contest([tmp_path / "all.jsonl"], ["a", "c"])


def test_csv_and_json_lists(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("item,agent,score\nx,a,0.5\nx,b,\ny,a,1\ny,b,0\n", encoding="utf-8")
    table = read_contest([tmp_path / "t.csv"])
    assert isinstance(table, ScoreTable)
    assert table.values == {"a": (0.5, 1.0), "b": (None, 0.0)}
    (tmp_path / "t.json").write_text(
        '[{"item": "x", "agent": "a", "score": 2}, {"item": "x", "agent": "b", "score": 9}]'
    )
    found = read_contest([tmp_path / "t.json"])
    assert isinstance(found, ScoreTable)
    assert (found.scale.lo, found.scale.hi) == (2.0, 9.0)


def test_the_results_of_runs(tmp_path: Path) -> None:
    for name, scores in (("one", ({"j": 4, "k": 5}, {"j": 2, "k": None})), ("two", ({"j": 3}, {"j": None}))):
        with Run.open(tmp_path / name, {"kind": "personagym"}) as run:
            run.write_results(
                {"id": f"p/task/{k}", "persona_id": "p", "question": "Q", "answer": "A", "scores": by_judge}
                for k, by_judge in enumerate(scores)
            )
    table = read_contest([tmp_path / "one", tmp_path / "two"])
    assert isinstance(table, ScoreTable)
    assert table.values == {"one": (4.5, 2.0), "two": (3.0, None)}
    assert table.texts["one"] == ("A", "A")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound, match="no run with results"):
        read_contest([tmp_path / "one", tmp_path / "empty"])


def test_replies_and_questions(tmp_path: Path) -> None:
    a = lines(tmp_path / "a.jsonl", {"question": "Who?", "persona": "I pot.", "response": "A potter."})
    b = lines(tmp_path / "b.jsonl", {"question": "Who?", "persona": "I pot.", "response": None, "failure": "refused"})
    found = read_contest([a, b], ["mine", "theirs"])
    assert isinstance(found, Replies)
    assert found.texts == {"mine": ("A potter.",), "theirs": (None,)}
    assert found.failures["theirs"] == {"refused": 1}
    assert (found.items[0].prompt, found.items[0].persona) == ("Who?", "I pot.")
    asked = read_contest([lines(tmp_path / "q.jsonl", {"question": "Who?"}, {"question": "Where?"})])
    assert isinstance(asked, tuple)
    assert [item.prompt for item in asked] == ["Who?", "Where?"]
    with pytest.raises(InvalidInput, match=r"q\.jsonl:2: field 'item'.*all different"):
        read_contest([lines(tmp_path / "q.jsonl", {"question": "Who?"}, {"question": "Who?"})])


def test_verdicts_in_both_orders(tmp_path: Path) -> None:
    rows = [
        {"item": "x", "first": "a", "second": "b", "winner": "a"},
        {"item": "x", "first": "b", "second": "a", "winner": "a"},
        {"item": "y", "first": "a", "second": "b", "winner": "a"},
        {"item": "y", "first": "b", "second": "a", "winner": "b"},
        {"item": "z", "first": "a", "second": "b", "winner": None},
    ]
    table = read_contest([lines(tmp_path / "v.jsonl", *rows)])
    assert isinstance(table, VerdictTable)
    assert [p.winner for p in table.verdicts["a", "b"] if p] == ["A", "tie", None]
    assert table.verdicts["a", "b"][1].position_flag == "first"  # type: ignore[union-attr]
    with pytest.raises(InvalidInput, match=r"v\.jsonl:1: field 'winner'.*'a', 'b', 'tie' or null, found 'c'"):
        read_contest([lines(tmp_path / "v.jsonl", rows[0] | {"winner": "c"})])
    with pytest.raises(InvalidInput, match="one verdict for a before b"):
        read_contest([lines(tmp_path / "v.jsonl", rows[0], rows[0])])
    with pytest.raises(InvalidInput, match="two different contestants"):
        read_contest([lines(tmp_path / "v.jsonl", rows[0] | {"second": "a"}, rows[1])])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"item": "x", "score": "high"}], r"a\.jsonl:1: field 'score': expected a number"),
        ([{"item": "x", "score": 1}, {"item": "x", "score": 0}], r"a\.jsonl:2: field 'item': expected one row of 'a'"),
        ([{"score": 1}], r"a\.jsonl:1: field 'item': expected a name of the item"),
        ([{"item": "x", "points": 1}], r"a\.jsonl:1: expected a field 'score', 'response', 'winner' or 'question'"),
        ([{"item": ["x"], "score": 1}], r"a\.jsonl:1: field 'item': expected a text"),
        ([{"item": "x", "scores": 3}], r"a\.jsonl:1: field 'scores': expected an object"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, rows: list[dict[str, Any]], message: str) -> None:
    a, b = lines(tmp_path / "a.jsonl", *rows), scored(tmp_path / "b.jsonl", x=1)
    with pytest.raises(InvalidInput, match=message):
        read_contest([a, b])


def test_other_mistakes(tmp_path: Path) -> None:
    a = scored(tmp_path / "a.jsonl", x=1)
    with pytest.raises(UsageError, match="at least two contestants"):
        read_contest([lines(tmp_path / "one.jsonl", {"item": "x", "agent": "a", "score": 1})])
    with pytest.raises(NotFound, match="no such file"):
        read_contest([a, tmp_path / "none.jsonl"])
    with pytest.raises(InvalidInput, match="files of one kind"):
        read_contest([a, lines(tmp_path / "r.jsonl", {"item": "x", "response": "y"})])
    with pytest.raises(InvalidInput, match="the name of a contestant"):
        read_contest([a])
    with pytest.raises(UsageError, match="2 files need as many different names"):
        read_contest([a, scored(tmp_path / "b.jsonl", x=1)], ["same", "same"])
    (tmp_path / "t.csv").write_text("item,agent,score\nx,a,0.5,9\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"t\.csv:2: expected as many cells as the header has \(3\)"):
        read_contest([tmp_path / "t.csv"])


_CELL = st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=8), st.lists(st.integers(), max_size=2))
_ROW = st.dictionaries(
    st.sampled_from(["item", "agent", "score", "response", "winner", "first", "second", "question"]), _CELL
)


@given(st.lists(_ROW, max_size=6))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]) -> None:
    path = tmp_path_factory.mktemp("any") / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    try:
        found = read_contest([path])
    except PersonariumError as error:
        assert str(error)
    else:
        assert isinstance(found, (ScoreTable, Replies, VerdictTable, tuple))
