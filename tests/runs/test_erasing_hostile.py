"""Erasing from folders as they are found: every spelling, damaged lines, links, packed files, and nothing too much."""

from __future__ import annotations

import gzip
import html
import json
import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personarium.core.errors import StorageError
from personarium.runs.erasing import erase_from_folder
from personarium.runs.traces import REDACTED, Named, Traces

SECRET = 'She said "Zyxqwvia & I met"\nat the old mill, naïve as we were.'
SHORT = "I am gay."
CHINESE = "我住在北京朝阳区。"


def _struck(text: str, *erased: str, words: tuple[str, ...] = (), kept: tuple[str, ...] = ()) -> str:
    return Traces(erased, words, kept).strike_out(text)


# -- spellings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        SECRET.upper(),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        json.dumps(json.dumps({"text": SECRET})),
        json.dumps("日本語 " + SECRET),
        html.escape(SECRET),
        f"<p>{html.escape(SECRET, quote=False)}</p>".replace("'", "&#39;"),
        quote(SECRET),
        json.dumps(html.escape(SECRET)),
        "nai\u0308ve " + SECRET.replace("ï", "i\u0308"),
    ],
)
def test_every_spelling_is_struck_out(spelled: str) -> None:
    traces = Traces((SECRET,))
    left = traces.strike_out(f"before {spelled} after")
    assert left.startswith("before ")
    assert left.endswith(" after")
    assert REDACTED in left
    for word in ("zyxqw", "qwvia", "mill"):
        assert word not in left.casefold()
    assert traces.in_text(spelled)


def test_an_escape_before_a_word_does_not_hide_it() -> None:
    reply = json.dumps({"reply": json.dumps({"text": "friends:\nZyxqwvia\tand Brontalisk"})})
    left = _struck(reply, "Zyxqwvia", "Brontalisk")
    assert json.loads(json.loads(left)["reply"]) == {"text": f"friends:\n{REDACTED}\tand {REDACTED}"}


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from((0, 1, 2)))
def test_a_json_file_stays_one(before: str, after: str, depth: int) -> None:
    text = json.dumps({"a": before, "b": f"Zyxqwvia {after}", "c": [SECRET, before]})
    for _ in range(depth):
        text = json.dumps(text)
    left = Traces((SECRET, before)).strike_out(text, strings=True)
    for _ in range(depth + 1):
        left = json.loads(left)
    assert set(left) == {"a", "b", "c"}  # type: ignore[comparison-overlap]


# -- what counts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('{"text":"I am gay."}', '{"text":"[erased]."}'),
        ("you: I am gay", "you: [erased]"),
        ("He wrote. I am gay! And so on.", "He wrote. [erased]! And so on."),
        ("<td>I am gay.</td>", "<td>[erased].</td>"),
        ("why I am gayly dressed", "why I am gayly dressed"),
    ],
)
def test_a_short_sentence_counts_where_it_stands_alone(text: str, left: str) -> None:
    assert _struck(text, SHORT) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("我住在北京朝阳区", "[erased]"),
        ("我说我住在北京朝阳区了", "我说[erased]了"),
        ('{"text": "我住在北京朝阳区。"}', '{"text": "[erased]。"}'),
        ("我住在上海", "我住在上海"),
    ],
)
def test_a_text_without_blanks(text: str, left: str) -> None:
    assert _struck(text, CHINESE) == left


def test_a_single_word_counts_where_it_is_what_was_said() -> None:
    assert _struck('{"speaker": "Yes", "text": "Yes"}', "Yes") == '{"speaker": "Yes", "text": "[erased]"}'
    assert _struck("Yes, I come. Yes.", "Yes") == "Yes, I come. Yes."


def test_what_stays_is_no_trace() -> None:
    assert _struck("you: How are you today?", "How are you today?", kept=("How are you today?",)) == (
        "you: How are you today?"
    )
    assert _struck("Brontalisk", "Brontalisk is a friend", kept=("I know Brontalisk",)) == "Brontalisk"


def test_a_common_run_of_words_is_struck_from_calls_and_not_from_other_texts() -> None:
    traces = Traces(("I would like to go to the lake with you and stay there for ever and a day.",))
    assert traces.in_text("what I would like to go for")
    assert traces.strike_out("what I would like to go for") == "what I would like to go for"
    assert traces.strike_out("why, I would like to go to the lake with him") == f"why, {REDACTED} him"


def test_a_phrase_is_struck_as_a_whole_and_its_words_are_not() -> None:
    assert _struck("my ex is in the mix; my tea", words=("my ex",)) == f"{REDACTED} is in the mix; my tea"
    assert _struck("tea, steam and teas", words=("tea",)) == f"{REDACTED}, steam and teas"
    assert _struck("international internet internets", words=("internet",)) == f"international {REDACTED} {REDACTED}"
    assert _struck("I 🍕 you", words=("🍕",)) == f"I {REDACTED} you"
    assert Named(("tea",)).within("my team")
    assert not Named(("tea",)).within("my tea")


@given(st.text(max_size=80), st.text(max_size=30))
def test_any_text_can_be_gone_through(text: str, erased: str) -> None:
    traces = Traces((erased,), (erased,))
    left = traces.strike_out(text)
    assert (left != text) <= traces.in_text(text)
    assert _struck("nothing here", "zyxqwvia") == "nothing here"


# -- files -------------------------------------------------------------------------------------------------------------


def test_a_file_keeps_its_coding_its_rights_and_its_other_names(tmp_path: Path) -> None:
    wide, old, linked, other = (tmp_path / name for name in ("wide.txt", "old.txt", "linked.txt", "other.txt"))
    wide.write_bytes("kept Zyxqwvia kept".encode("utf-16"))
    old.write_bytes("café Zyxqwvia".encode("latin-1"))
    old.chmod(0o640)
    linked.write_text("Zyxqwvia kept")
    os.link(linked, other)
    erased = erase_from_folder(tmp_path, Traces(("Zyxqwvia",)))
    assert (erased.files, erased.searched) == (("linked.txt", "old.txt", "wide.txt"), 4)
    assert wide.read_bytes().decode("utf-16") == f"kept {REDACTED} kept"
    assert old.read_bytes() == f"café {REDACTED}".encode("latin-1")
    assert old.stat().st_mode & 0o777 == 0o640
    assert linked.read_text() == other.read_text() == f"{REDACTED} kept"


def test_what_cannot_be_read_is_named_and_never_counted_as_searched(tmp_path: Path) -> None:
    (tmp_path / "packed.gz").write_bytes(gzip.compress(b"Zyxqwvia"))
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.7 stream Zyxqwvia")
    (tmp_path / "table.bin").write_bytes(b"\0\1Zyxqwvia\0")
    (tmp_path / "wide.bin").write_bytes(b"\0\0" + "Zyxqwvia ".encode("utf-16-le"))
    (tmp_path / "empty").write_bytes(b"")
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "far.txt").write_text("Zyxqwvia")
    (tmp_path / "link.txt").symlink_to(outside / "far.txt")
    (tmp_path / "way").symlink_to(outside)
    os.mkfifo(tmp_path / "pipe")
    erased = erase_from_folder(tmp_path, Traces(("Zyxqwvia",)))
    assert erased.searched == 1
    assert set(erased.found) == {"paper.pdf", "table.bin", "wide.bin"}
    assert set(erased.unsearched) == {"packed.gz", "link.txt", "way"}
    assert (outside / "far.txt").read_text() == "Zyxqwvia"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is refused to the superuser")
def test_a_folder_that_may_not_be_looked_into_is_no_success(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0)
    try:
        with pytest.raises(StorageError, match="cannot look into"):
            erase_from_folder(tmp_path, Traces(("Zyxqwvia",)))
    finally:
        closed.chmod(0o700)


def test_damaged_lines_of_a_transcript_are_emptied_too(tmp_path: Path) -> None:
    calls = tmp_path / "calls.jsonl"
    kept = json.dumps({"key": "ab", "messages": [{"role": "user", "content": "tea"}], "reply": "rum"})
    lines = [
        '{"key": "cd", "reply": "Zyxqwvia',
        '["Zyxqwvia"]',
        '{"key": "no hex", "reply": "Zyxqwvia"}',
        kept,
        '{"key": "ef", "reply": "Zyxq',
    ]
    calls.write_text("\n".join(lines))
    size = calls.stat().st_size
    erased = erase_from_folder(tmp_path, Traces(("Zyxqwvia",)))
    assert erased.calls == 4
    assert calls.stat().st_size == size
    assert "Zyxq" not in calls.read_text()
    assert calls.read_text().splitlines()[3] == kept


def _cache(path: Path, replies: dict[bytes, str]) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE replies (key BLOB PRIMARY KEY, reply TEXT)")
    database.executemany("INSERT INTO replies VALUES (?, ?)", replies.items())
    database.commit()
    database.close()


def test_a_cache_is_gone_through_without_its_transcript_and_where_it_is_shared(tmp_path: Path) -> None:
    alone, run = tmp_path / "alone", tmp_path / "run"
    alone.mkdir()
    run.mkdir()
    _cache(alone / "cache.sqlite", {b"a": '{"text": "Zyxqwvia"}', b"b": '{"text": "tea"}', b"c": "Zyxqwvia, damaged"})
    _cache(tmp_path / "shared.sqlite", {b"a": '{"text": "Zyxqwvia"}'})
    (run / "calls.jsonl").write_text("")
    (run / "run.json").write_text(json.dumps({"checkpoint": {"cache": str(tmp_path / "shared.sqlite")}}))
    assert erase_from_folder(alone, Traces(("Zyxqwvia",))).replies == 2
    assert erase_from_folder(run, Traces(("Zyxqwvia",))).replies == 1
    held = b"".join(path.read_bytes() for path in tmp_path.rglob("*.sqlite*"))
    assert b"xqwv" not in held
    assert b"tea" in held


def test_a_cache_that_is_being_read_is_no_success(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    _cache(path, {b"a": "Zyxqwvia"})
    reader = sqlite3.connect(path)
    reader.execute("PRAGMA journal_mode=WAL")
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM replies").fetchone() == (1,)
    with pytest.raises(StorageError, match=r"cannot erase from .*cache\.sqlite"):
        erase_from_folder(tmp_path, Traces(("Zyxqwvia",)), patience_s=0.2)
    reader.close()
    assert erase_from_folder(tmp_path, Traces(("Zyxqwvia",))).replies in (0, 1)


@pytest.mark.parametrize(
    "run", ["[]", '{"checkpoint": 5}', '{"checkpoint": {"cache": ["x"]}}', "{", '{"checkpoint": {}}']
)
def test_a_strange_manifest_is_no_hindrance(tmp_path: Path, run: str) -> None:
    (tmp_path / "calls.jsonl").write_text("")
    (tmp_path / "run.json").write_text(run)
    assert erase_from_folder(tmp_path, Traces(("Zyxqwvia",))).calls == 0
