"""Spans of sentences and lines: the same sentences as ``split_sentences``, each where the text has it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from personarium.core import split_sentences
from personarium.core.sentences import line_spans, sentence_spans

pieces = st.sampled_from([*'aB .!?"()\n', "\r\n", "\x85", "\u2028", "\x1c", "Dr.", "e.g.", "J. ", "x y. Z", "  \n\t"])


@given(st.lists(pieces, max_size=30).map("".join))
def test_sentences_are_stripped_pieces_in_order_and_leave_out_only_blanks(text: str) -> None:
    spans = list(sentence_spans(text))
    said = [text[start:end] for start, end in spans]
    assert said == split_sentences(text) == [s.strip() for s in said if s.strip()]
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    assert edges == sorted(edges)
    assert not any(text[end:start].strip() for end, start in zip(edges[::2], edges[1::2]))


@given(st.lists(pieces, max_size=30).map("".join))
def test_lines_cover_a_text_without_gap(text: str) -> None:
    assert "".join(text[start:end] for start, end in line_spans(text)) == text
    middle = len(text) // 2
    assert "".join(text[start:end] for start, end in line_spans(text, 1, middle)) == text[1:middle]


def test_a_sentence_may_begin_with_a_name_that_is_still_a_macro() -> None:
    text = "{{char}} is tall. {{USER}} is not! <bot> waves. and so on."
    assert list(sentence_spans(text)) == [(0, 17), (18, 34), (35, 58)]
