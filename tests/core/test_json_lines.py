"""JSON Lines: read line by line with the place of every value, bounded, and written whole or not at all."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from personarium.core.errors import InvalidInput, NotFound, StorageError
from personarium.core.files import bounded_lines, existing, iter_json_lines, write_json_lines


def test_values_come_with_their_places_and_blank_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\n\n  \r\n["b"]\r\n3')
    assert list(iter_json_lines(path, "value")) == [(f"{path}:1", {"a": 1}), (f"{path}:4", ["b"]), (f"{path}:5", 3)]


def test_a_wrong_line_is_named_after_those_before_it_were_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"1\n\n\xff\n")
    rows = iter_json_lines(path, "number")
    assert next(rows) == (f"{path}:1", 1)
    with pytest.raises(InvalidInput, match=r"rows\.jsonl:3: expected one JSON number on the line in UTF-8"):
        next(rows)


def test_a_line_has_at_most_so_many_bytes_with_its_end() -> None:
    assert list(bounded_lines(io.BytesIO(b"1234\n5678\n"), "rows", 5)) == [(1, b"1234\n"), (2, b"5678\n")]
    with pytest.raises(InvalidInput, match="rows:2: expected a line of at most 5 bytes, found 'a longer one'"):
        list(bounded_lines(io.BytesIO(b"1234\n56789\n"), "rows", 5))


def test_packed_files_are_read_like_others(tmp_path: Path) -> None:
    path = tmp_path / "rows.gz"
    path.write_bytes(gzip.compress(b"1\n\n2\n"))
    with gzip.open(path, "rb") as file:
        assert list(bounded_lines(file, "rows")) == [(1, b"1\n"), (3, b"2\n")]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert existing(__file__) == Path(__file__)
    for path in (tmp_path, tmp_path / "none.jsonl"):
        with pytest.raises(NotFound, match=f"{path.name}: no such file"):
            list(iter_json_lines(path, "value"))


def test_rows_are_written_one_a_line(tmp_path: Path) -> None:
    path = write_json_lines(({"n": k, "text": "é\n"} for k in range(2)), str(tmp_path / "rows.jsonl"))
    assert path.read_text(encoding="utf-8") == '{"n": 0, "text": "é\\n"}\n{"n": 1, "text": "é\\n"}\n'
    assert [row for _, row in iter_json_lines(path, "object")] == [{"n": 0, "text": "é\n"}, {"n": 1, "text": "é\n"}]


def test_a_row_that_is_no_json_leaves_the_old_file(tmp_path: Path) -> None:
    path = write_json_lines([{"n": 1}], tmp_path / "rows.jsonl")
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json_lines([{"n": 2}, {"n": float("nan")}], path)
    assert path.read_text() == '{"n": 1}\n'
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(StorageError, match="cannot be written"):
        write_json_lines([], tmp_path / "no" / "rows.jsonl")
