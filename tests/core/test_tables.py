"""Tables: rows of a CSV with their numbers, columns of any table file, written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from personarium.core import Persona, Population
from personarium.core.errors import InvalidInput, NotFound, StorageError
from personarium.core.tables import csv_rows, read_table, write_csv


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# --- rows ---


def test_rows_of_a_csv_come_with_their_numbers_the_heading_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'\xef\xbb\xbfid,text\r\n1,"two\nlines, and a comma"\r\n2,\r\n')
    assert list(csv_rows(path, ["text"])) == [
        (1, {"id": "1", "text": "two\nlines, and a comma"}),
        (2, {"id": "2", "text": ""}),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id\n1\n", r"t\.csv: expected the column 'text', found 'id'"),
        ("", r"t\.csv: expected the column 'text', found 'none'"),
        ("id,text\n1,a\n2\n", r"t\.csv: row 2: expected as many fields as the heading has"),
        ("id,text\n1,a,b\n", r"t\.csv: row 1: expected as many fields as the heading has"),
        ('id,text\n1,"a" b\n', r"t\.csv: expected a CSV file in UTF-8"),
    ],
)
def test_what_is_no_such_table_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        list(csv_rows(written(tmp_path / "t.csv", text), ["text"]))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"text\n\xff\n")
    with pytest.raises(InvalidInput, match="a CSV file in UTF-8"):
        list(csv_rows(tmp_path / "t.csv", ["text"]))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    rows = [{"id": "1", "text": 'a "quoted"\nline'}, {"id": "2", "text": ""}]
    path = write_csv(tmp_path / "t.csv", ["id", "text"], rows)
    assert [row for _, row in csv_rows(path, ["id", "text"])] == rows


def test_a_file_that_cannot_be_written_whole_is_not_touched(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "as it was")
    with pytest.raises(ValueError, match="not in fieldnames"):
        write_csv(path, ["id"], [{"id": 1}, {"id": 2, "more": 3}])
    assert [file.name for file in tmp_path.iterdir()] == ["t.csv"]
    assert path.read_text(encoding="utf-8") == "as it was"
    with pytest.raises(StorageError):
        write_csv(tmp_path / "gone" / "t.csv", ["id"], [])


# --- columns ---


def test_columns_of_csv_jsonl_parquet_and_personas(tmp_path: Path) -> None:
    csv = written(tmp_path / "t.csv", "id,openness,gender\na,2.5,f\nb,,m\n")
    jsonl = written(tmp_path / "t.jsonl", '{"id": "a", "openness": 2.5, "gender": "f"}\n\n{"id": "b", "gender": "m"}\n')
    expected = {"id": ["a", "b"], "openness": [2.5, None], "gender": ["f", "m"]}
    assert read_table(csv) == expected
    assert read_table(jsonl) == expected
    people = Population.from_personas(
        Persona.from_row({"id": name, "gender": gender}) for name, gender in (("Ana", "female"), ("Ben", "male"))
    )
    for name in ("people.parquet", "people.jsonl"):
        people.save(tmp_path / name)
        assert read_table(tmp_path / name)["gender"] == ["female", "male"]


def test_tables_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no table at"):
        read_table(tmp_path / "gone.csv")
    for text, place in (('{"a": 1}\n[1, 2]\n', 2), ('{"a": NaN}\n', 1), ("{", 1)):
        with pytest.raises(InvalidInput, match=rf"bad\.jsonl:{place}"):
            read_table(written(tmp_path / "bad.jsonl", text))
