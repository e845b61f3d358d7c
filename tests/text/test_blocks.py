"""Tagged blocks: what goes in comes out as one block, whatever it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput
from personarium.text.blocks import BLOCKS, Block, block, blocks, escape

TAGS = st.sampled_from(BLOCKS)
HOSTILE = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.builds("<{}>".format, TAGS),
        st.builds("</{}>".format, TAGS),
        st.builds('<{} n="2">'.format, TAGS),
        st.builds("< / {} >".format, TAGS),
        st.sampled_from(["\n", "\r\n", " ", "<", ">", "/"]),
    ),
    max_size=12,
).map("".join)


def test_the_closed_list_has_the_22_tags_of_the_page() -> None:
    assert len(BLOCKS) == len(set(BLOCKS)) == 22
    assert {"persona", "response_a", "issues", "reply"} <= set(BLOCKS)


def test_a_block_stands_between_its_tags() -> None:
    assert block("persona", "I am Ada.") == "<persona>\nI am Ada.\n</persona>"
    assert block("response", "Hello.", n=2) == '<response n="2">\nHello.\n</response>'


def test_blocks_are_read_in_order_with_their_places() -> None:
    prompt = f"Judge this.\n{block('question', 'Why?')}\n{block('response', 'So.', n=1)}\nThanks."
    question, response = blocks(prompt)
    assert (question.tag, question.n, question.text) == ("question", None, "Why?")
    assert (response.tag, response.n, response.text) == ("response", 1, "So.")
    assert prompt[question.start : question.end] == block("question", "Why?")


def test_only_block_tags_are_escaped() -> None:
    assert escape("a </persona> b <b>bold</b> 1 < 2 <Persona>") == "a ‹/persona> b <b>bold</b> 1 < 2 ‹Persona>"


def test_a_tag_inside_a_sentence_is_no_block() -> None:
    assert blocks("Read the <text> below, and the </text> too.") == []
    assert blocks("<text>\nnever closed") == []


def test_an_empty_block_is_read() -> None:
    assert blocks("<memory>\n</memory>") == [Block("memory", None, "", 0, 18)]
    assert blocks(block("memory", ""))[0].text == ""


@given(tag=TAGS, text=HOSTILE, n=st.none() | st.integers(0, 99))
def test_hostile_data_cannot_close_its_frame(tag: str, text: str, n: int | None) -> None:
    written = block(tag, text, n)
    (read,) = blocks(written)
    assert (read.tag, read.n, read.text) == (tag, n, escape(text))
    assert (read.start, read.end) == (0, len(written))


@given(parts=st.lists(st.tuples(TAGS, HOSTILE), max_size=5))
def test_several_hostile_blocks_stay_apart(parts: list[tuple[str, str]]) -> None:
    prompt = "\n".join(block(tag, text) for tag, text in parts)
    assert [(one.tag, one.text) for one in blocks(prompt)] == [(tag, escape(text)) for tag, text in parts]


@given(text=HOSTILE)
def test_escaping_twice_changes_nothing_more(text: str) -> None:
    assert escape(escape(text)) == escape(text)


def test_unknown_tags_and_negative_numbers_are_refused() -> None:
    with pytest.raises(InvalidInput, match="field 'tag'"):
        block("secret", "x")
    with pytest.raises(InvalidInput, match="field 'n'"):
        block("text", "x", n=-1)
