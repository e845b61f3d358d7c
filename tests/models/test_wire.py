"""The protocol's readers on replies as endpoints really send them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personarium.models.wire import (
    Redactor,
    Stream,
    Wrong,
    body_error,
    parse_json,
    read_reply,
    retry_after,
    status_error,
)

# A loaded machine is no reason to fail: nothing here is about time.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "2"}, 2.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "Thu, 01 Jan 2026 12:00:30 GMT"}, 30.0),
        ({"Retry-After": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "nan"}, None),
        ({"retry-after-ms": "250", "Retry-After": "1"}, 0.25),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"choices": []},
        {"choices": "x"},
        {"choices": [1]},
        {"choices": [{}]},
        {"choices": [{"message": "text"}]},
        {"choices": [{"message": {"content": 5}}]},
        {"choices": [{"message": {"content": "a"}, "logprobs": {"content": [{"token": "a"}]}}]},
    ],
)
def test_a_reply_of_the_wrong_shape_is_wrong_and_never_empty(data: dict[str, object]) -> None:
    with pytest.raises(Wrong):
        read_reply(data)


def test_what_endpoints_leave_out_is_read_as_absent() -> None:
    reply = read_reply({"choices": [{"message": {"content": None, "refusal": "I can't help with that."}}]})
    assert (reply.text, reply.finish_reason, reply.usage.requests) == ("I can't help with that.", "stop", 1)
    parts = {"choices": [{"message": {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}}]}
    assert read_reply(parts).text == "ab"


@pytest.mark.parametrize(
    ("raw", "said"),
    [(b'{"choices": [{"mess', "truncated JSON"), (b"", "no JSON"), (b"<html>", "no JSON"), (b"[1]", "a JSON list")],
)
def test_what_is_no_json_object_is_said(raw: bytes, said: str) -> None:
    with pytest.raises(Wrong, match=said):
        parse_json(raw)


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (401, "x", "auth"),
        (403, "x", "auth"),
        (402, "x", "refused"),
        (429, {"message": "x", "code": "insufficient_quota"}, "refused"),
        (429, {"message": "x"}, "rate_limit"),
        (400, "x", "bad_request"),
        (422, "x", "bad_request"),
        (307, "x", "bad_request"),
        (408, "x", "server"),
        (503, "x", "server"),
    ],
)
def test_each_status_has_its_kind(status: int, error: object, kind: str) -> None:
    assert body_error(status, error, {}, "host").kind == kind


def test_an_html_error_page_is_not_quoted_and_a_detail_is() -> None:
    assert str(status_error(502, b"<html>nginx</html>", {}, "host")) == "host failed (HTTP 502)"
    assert str(status_error(422, b'{"detail": "bad field"}', {}, "host")).endswith("(HTTP 422): bad field")


def test_a_stream_may_end_with_a_finish_reason_instead_of_done_and_may_be_commented() -> None:
    stream = Stream()
    event = {"choices": [{"delta": {"content": "hi"}, "finish_reason": "length"}]}
    text = list(stream.feed(b": keep-alive\r\n\r\ndata: " + json.dumps(event).encode() + b"\r\n\r\n"))
    assert (text, stream.complete, stream.ended, stream.reply().finish_reason) == (["hi"], True, False, "length")


def test_streamed_tool_calls_are_put_together() -> None:
    stream = Stream()
    for arguments in ('{"a"', ": 1}"):
        call = {"index": 0, "id": "c", "function": {"name": "f" if arguments[0] == "{" else "", "arguments": arguments}}
        list(stream.feed(b"data: " + json.dumps({"choices": [{"delta": {"tool_calls": [call]}}]}).encode() + b"\n"))
    assert stream.reply().tool_calls[0]["function"] == {"name": "f", "arguments": '{"a": 1}'}


@unhurried
@given(st.text(max_size=60), st.lists(st.integers(0, 400), max_size=6))
def test_a_stream_reads_the_same_however_it_is_cut(text: str, cuts: list[int]) -> None:
    events = [{"choices": [{"delta": {"content": one}}]} for one in (text[:20], text[20:])]
    data = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events) + b"data: [DONE]\n\n"
    stream, places = Stream(), [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    out = [piece for start, end in pairwise(places) for piece in stream.feed(data[start:end])]
    assert "".join(out) == text == stream.reply().text
    assert stream.ended


@unhurried
@given(st.lists(st.sampled_from(["secret-1", "secret", "-1", "s", " ", "12secret-1s"]), max_size=8))
def test_pieces_of_a_stream_never_add_up_to_the_key(pieces: list[str]) -> None:
    redact, shown, held = Redactor("secret-1"), "", ""
    for piece in pieces:
        show, held = redact.split(held + piece)
        shown += show
    shown += held
    assert "secret-1" not in shown
    assert shown == "".join(pieces).replace("secret-1", "[key]")


def test_short_placeholders_are_not_cut_out_of_ordinary_text() -> None:
    assert Redactor("EMPTY").text("an EMPTY room") == "an EMPTY room"
    assert Redactor(None).raw(b"anything") == b"anything"
    assert (
        Redactor(None).message("Incorrect key sk-live1234567 for Bearer abcdefghij")
        == "Incorrect key [key] for Bearer [key]"
    )
