"""Objects, lists, statements and quotations in what a model wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.text.holes import Unparsed
from personarium.text.json_reading import (
    MAX_LITERAL,
    quote,
    quoted_strings,
    read_json,
    read_list,
    read_list_strict,
    statement_lines,
    unescape,
)


@pytest.mark.parametrize(
    "reply",
    [
        '{"a": 1, "b": ["x"]}',
        'Sure, here it is:\n```json\n{"a": 1, "b": ["x"]}\n```\nDone {really}.',
        'I say "hi": {"a": 1, "b": ["x"],} and that\'s it',
        "{'a': 1, 'b': ['x']}",
        '{"a": 0} no: {"a": 1, "b": ["x",]}',
        '```\n{"a": 1, "b": ["x"]}',
    ],
)
def test_objects(reply: str) -> None:
    assert read_json(reply) == {"a": 1, "b": ["x"]}


def test_commas_and_brackets_inside_strings_stay() -> None:
    assert read_json('x {"a": "b, } ]", "c": "\\"{",} y') == {"a": "b, } ]", "c": '"{'}


@pytest.mark.parametrize("reply", ["", "no object", "[1, 2]", '{"a": NaN}', '{"a": __import__("os")}', "{" * 100_000])
def test_what_is_no_object_is_unparsed(reply: str) -> None:
    assert isinstance(read_json(reply), Unparsed)


@pytest.mark.parametrize(
    "reply",
    [
        '["one", "two"]', "['one', 'two']", '```python\n["one", "two"]\n```', 'Sure: ["one", " two "]!',
        '{"items": ["one", "two"]}',
        "1. one\n2. two", "Here:\n- one\n- two\n", "* one\n  * two", '1) "one"\n2) "two"', "(1) one\n(2) two",
        '["one", "two",]',
    ],
)  # fmt: skip
def test_lists(reply: str) -> None:
    assert read_list(reply) == ["one", "two"]


def test_the_strict_list_reader_wants_one_literal_and_nothing_else() -> None:
    assert read_list_strict("```python\n['a', 'b']\n```") == ["a", "b"]
    assert isinstance(read_list_strict("Sure: ['a']"), Unparsed)
    assert isinstance(read_list_strict("1. a\n2. b"), Unparsed)


@pytest.mark.parametrize("reply", ["", "just words", "a - b", "[1, 2", "-" * 1000])
def test_what_is_no_list_is_unparsed(reply: str) -> None:
    assert isinstance(read_list(reply), Unparsed)


def test_long_and_deep_python_literals_are_not_tried() -> None:
    assert isinstance(read_list_strict("['" + "a" * MAX_LITERAL + "']"), Unparsed)
    assert isinstance(read_list_strict("[" * 60 + "'a'" + "]" * 60), Unparsed)
    assert isinstance(read_list_strict("[" + "-" * 90_000 + "1]"), Unparsed)


def test_apc_w8_indented_statements_count_by_default_but_not_as_published() -> None:
    reply = "- Alice likes tea.\n  - Alice sings.\nNote: x"
    assert statement_lines(reply, as_published=True) == ["Alice likes tea."]
    assert statement_lines(reply) == ["Alice likes tea.", "Alice sings."]


def test_quoted_strings() -> None:
    reply = '1. "Where do you live?"\n2. “Who is "she"?”\n3. "He said \\"no\\"", "unclosed\n"next"'
    assert quoted_strings(reply)[:1] == ["Where do you live?"]
    assert quoted_strings('say "a" and "b\\"c" and “d”') == ["a", 'b"c', "d"]
    assert quoted_strings("nothing 'here'") == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@given(value=st.dictionaries(st.text(max_size=8), JSON, max_size=4), preamble=st.text("abc .,'\n", max_size=20))
def test_any_object_is_read_back(value: dict[str, Any], preamble: str) -> None:
    written = json.dumps(value, ensure_ascii=False)
    assert read_json(f"{preamble}{written}") == value
    assert read_json(json.dumps(value, indent=1)) == value


@given(items=st.lists(st.text(max_size=20).map(str.strip), min_size=1, max_size=5))
def test_any_list_of_strings_is_read_back(items: list[str]) -> None:
    assert read_list(json.dumps(items)) == items
    assert read_list_strict(repr(items)) == items


@given(text=st.text(max_size=60))
def test_quoting_is_undone(text: str) -> None:
    assert "\n" not in quote(text)
    assert unescape(quote(text)[1:-1]) == text


@given(reply=st.text("[]{}\"'\\,:-1a \n`", max_size=60) | st.text(max_size=60))
def test_nothing_raises(reply: str) -> None:
    assert isinstance(read_json(reply), (dict, Unparsed))
    assert isinstance(read_list(reply), (list, Unparsed))
    assert isinstance(read_list_strict(reply), (list, Unparsed))
    assert all(isinstance(one, str) for one in statement_lines(reply) + quoted_strings(reply))
