"""The append-only record: what goes in comes out, torn or damaged lines harm nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.chat import Reply, Sampling, TokenLogprob, Usage
from personarium.core.errors import RemoteError, StorageError
from personarium.core.label import Label
from personarium.runs.transcript import Transcript, _record_in, as_line, call_record, read_calls, reply_in

LABEL = Label("grade", "p1/q2")
texts = st.text(st.characters())  # lone surrogates too


def record_of(outcome: Reply | RemoteError, text: str = "Hello", key: str = "k1") -> dict:
    messages = [{"role": "user", "content": text}]
    return call_record(key, LABEL, "judge", "m", messages, Sampling(seed=3, sample=2), outcome, 12.345, 2)


def test_a_record_says_who_asked_what_how_and_what_came() -> None:
    record = record_of(Reply("Hi", usage=Usage(5, 1, 1, 0.25), model="m-2026"))
    del record["at"]
    assert record == {
        "key": "k1",
        "step": "grade",
        "item": "p1/q2",
        "role": "judge",
        "model": "m",
        "sampling": {"temperature": 1.0, "top_p": 1.0, "seed": 3, "sample": 2},
        "messages": [{"role": "user", "content": "Hello"}],
        "reply": "Hi",
        "finish_reason": "stop",
        "usage": {"prompt_tokens": 5, "completion_tokens": 1, "requests": 1, "cost_usd": 0.25},
        "answered_by": "m-2026",
        "tries": 2,
        "latency_ms": 12.35,
    }


def test_a_failed_call_is_a_record_with_its_error() -> None:
    record = record_of(RemoteError("the server is full", "server", 503))
    assert record["error"] == {"kind": "server", "status": 503, "message": "the server is full"}
    assert "reply" not in record
    assert reply_in(record) is None


@given(texts, texts)
def test_any_text_comes_back_as_it_was(question: str, answer: str) -> None:
    line = as_line(record_of(Reply(answer), question))
    record = _record_in(line)
    assert line.count(b"\n") == 1
    assert record["messages"][0]["content"] == question
    assert reply_in(record).text == answer


def test_a_whole_reply_comes_back_as_it_was() -> None:
    reply = Reply(
        "A",
        "length",
        Usage(1, 2, 1, None),
        (TokenLogprob("A", -0.5, (("A", -0.5), ("B", -1.25))),),
        ({"id": "t1", "function": {"name": "f"}},),
        "m-2026",
    )
    assert reply_in(_record_in(as_line(record_of(reply)))) == reply


def written(path: Path, count: int) -> int:
    transcript = Transcript(path)
    for number in range(count):
        transcript.write(record_of(Reply("x"), key=str(number)))
    transcript.close()
    return transcript.size


@pytest.mark.parametrize("tail", [b"{", b'{"key": "9", "reply"', b"\x00" * 5000, b"x" * 3_000_000])
def test_a_torn_tail_is_cut_off_whatever_its_length(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "calls.jsonl"
    size = written(path, 3)
    with path.open("ab") as file:
        file.write(tail)
    assert [record["key"] for record in read_calls(path)] == ["0", "1", "2"]
    transcript = Transcript(path)
    assert transcript.torn
    assert transcript.size == path.stat().st_size == size
    transcript.close()


def test_a_file_without_any_line_end_is_all_torn(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_bytes(b"{" * 100)
    transcript = Transcript(path)
    assert (transcript.size, transcript.torn, path.stat().st_size) == (0, True, 0)
    transcript.close()


def test_damage_in_the_middle_costs_only_its_own_line(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    written(path, 3)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"\x00\x00\xff\n" + b"[1]\n" + lines[2])
    unreadable: list[int] = []
    assert [record["key"] for record in read_calls(path, unreadable=unreadable)] == ["0", "2"]
    assert unreadable == [len(lines[0]), len(lines[0]) + 4]


def test_a_full_disk_is_one_error_said_again_at_each_write(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.symlink_to("/dev/full")
    transcript = Transcript(path)
    with pytest.raises(StorageError, match="No space left on device") as first:
        transcript.write(record_of(Reply("x")))
    with pytest.raises(StorageError) as second:
        transcript.write(record_of(Reply("x")))
    assert second.value is first.value
    transcript.close()


LIMITED = """
import resource, sys
from pathlib import Path
from personarium.core.errors import StorageError
from personarium.runs import Transcript
transcript = Transcript(Path(sys.argv[1]))
transcript.write({"key": "1", "reply": "x" * 600})
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    transcript.write({"key": "2", "reply": "x" * 600})
except StorageError as error:
    print(error)
transcript.close()
"""


def test_a_record_that_does_not_fit_leaves_no_part_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    command = [sys.executable, "-c", LIMITED, str(path)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "calls.jsonl: File too large" in said
    assert path.read_bytes().endswith(b'"}\n')
    assert [record["key"] for record in read_calls(path)] == ["1"]


def test_a_key_is_not_written_even_if_an_endpoint_echoes_it(tmp_path: Path) -> None:
    transcript = Transcript(tmp_path / "calls.jsonl", keys=(b"sk-very-secret-1",))
    transcript.write(record_of(RemoteError("Incorrect API key provided: sk-very-secret-1.", "auth", 401)))
    transcript.close()
    data = (tmp_path / "calls.jsonl").read_bytes()
    assert b"sk-very-secret-1" not in data
    assert b"Incorrect API key provided: [key removed]." in data
