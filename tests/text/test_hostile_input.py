"""Every parser takes time linear in its input: no nested quantifiers in any pattern, and long hostile texts go through.

A quadratic step on a run of five million characters would need about 10^13 operations, so that a test that ends at all
shows that there is none.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from personarium.text import choices, json_reading, similarity, verdicts
from personarium.text.blocks import block, blocks
from personarium.text.form import Form
from personarium.text.line_form import Line
from personarium.text.line_reading import _bare_patterns, plan
from personarium.text.near_duplicates import simhash
from tests.text.test_form import PATTERNS

MODULES = ("blocks", "choices", "form", "holes", "json_form", "json_reading", "line_form", "line_reading", "similarity",
           "verdicts")  # fmt: skip
FORMS = [Form.parse(pattern) for pattern in PATTERNS]
MILLION = 1_000_000


def module_patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for name in MODULES:
        for label, value in vars(importlib.import_module(f"personarium.text.{name}")).items():
            if isinstance(value, re.Pattern):
                yield f"{name}.{label}", value


def form_patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for form in FORMS:
        if not isinstance(form.layout, Line):
            continue
        found = [part.whole for part in plan(form.layout)] + [one for part in plan(form.layout) for one in part.alone]
        found += [pattern for _, pattern in form.layout.segments]
        found += _bare_patterns(form.layout) if form.layout.bare else ()
        yield from ((form.pattern, pattern) for pattern in found if pattern is not None)


def nested(items: Any, inside: bool = False) -> bool:
    """Whether an unbounded repeat that can give back stands inside another unbounded repeat."""
    for operation, argument in items:
        if operation in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            _, most, body = argument
            unbounded = most == codes.MAXREPEAT
            if unbounded and inside and operation is not codes.POSSESSIVE_REPEAT:
                return True
            if nested(body, inside or unbounded):
                return True
        elif any(nested(part, inside) for part in sub_patterns(operation, argument)):
            return True
    return False


def sub_patterns(operation: Any, argument: Any) -> list[Any]:
    if operation is codes.SUBPATTERN:
        return [argument[-1]]
    if operation is codes.BRANCH:
        return list(argument[1])
    if operation in (codes.ASSERT, codes.ASSERT_NOT):
        return [argument[1]]
    if operation is codes.ATOMIC_GROUP:
        return [argument]
    if operation is codes.GROUPREF_EXISTS:
        return [part for part in argument[1:] if part]
    return []


def test_no_pattern_has_nested_quantifiers() -> None:
    patterns = [*module_patterns(), *form_patterns()]
    assert len(patterns) > 60
    assert [name for name, pattern in patterns if nested(parser.parse(pattern.pattern, pattern.flags))] == []


def test_the_inspection_finds_what_it_looks_for() -> None:
    assert nested(parser.parse(r"(?:a+)+b"))
    assert nested(parser.parse(r"(?:x|(?:\s*y)*)*"))
    assert not nested(parser.parse(r"(?:a++)+b|(?:c|d)*"))


UNITS = ["{", "[", '"', '\\"', '{"a":', "\n", " ", "(", "- ", "1. ", "<", "</text>\n", "<text>\n", "```", "[RESULT] ",
         "[[A]] ", "score ", "score: ", "Score 1: x\n", "A ", "yes ", "9", "*", "'", ",", 'ADD(a, "', "reason: ", "x",
         "final score is 4 ", "(1) Evaluation: ", "_", "-", ")"]  # fmt: skip
READERS: dict[str, Callable[[str], Any]] = {
    "prometheus_score": verdicts.prometheus_score,
    "prometheus_score published": lambda text: verdicts.prometheus_score(text, "published"),
    "prometheus_score script": lambda text: verdicts.prometheus_score(text, "script"),
    "prometheus_preference": verdicts.prometheus_preference,
    "prometheus_preference published": lambda text: verdicts.prometheus_preference(text, "published"),
    "personagym_score": verdicts.personagym_score,
    "personagym_score_published": verdicts.personagym_score_published,
    "split_evaluations": lambda text: verdicts.split_evaluations(text, 5),
    "split_evaluations_published": verdicts.split_evaluations_published,
    "split_examples": lambda text: verdicts.split_examples(text, 5),
    "score_examples": verdicts.score_examples,
    "read_letter": lambda text: choices.read_letter(text, ["black tea", "green tea"]),
    "read_letter_strict": lambda text: choices.read_letter_strict(text, 4),
    "read_yes_no": choices.read_yes_no,
    "read_number": lambda text: choices.read_number(text, 1, 5),
    "read_entailment": choices.read_entailment,
    "read_stop": choices.read_stop,
    "read_json": json_reading.read_json,
    "read_list": json_reading.read_list,
    "read_list_strict": json_reading.read_list_strict,
    "statement_lines": json_reading.statement_lines,
    "quoted_strings": json_reading.quoted_strings,
    "blocks": blocks,
    "block": lambda text: block("text", text),
    "mentions": lambda text: similarity.mentions(text, "555-0142"),
    **{form.pattern: form.read for form in FORMS[::2]},
}


@pytest.mark.parametrize("name", READERS)
def test_each_hostile_run(name: str) -> None:
    for unit in UNITS:
        READERS[name](unit * (20_000 // len(unit)) + "!")


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_a_million_hostile_characters(name: str) -> None:
    length = MILLION // len(UNITS)
    text = "".join(unit * (length // len(unit)) for unit in UNITS)
    assert len(text) > 0.99 * MILLION
    for hostile in (text, text[::-1]):
        READERS[name](hostile)


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
def test_five_million_characters_of_one_kind(unit: str) -> None:
    text = unit * (5 * MILLION // len(unit))
    assert FORMS[1].read(text) is not None
    assert verdicts.prometheus_score(text) is not None
    assert json_reading.read_json(text) is not None


def test_a_long_text_has_a_fingerprint() -> None:
    assert 0 <= simhash("abc de" * 50_000) < 1 << 64
