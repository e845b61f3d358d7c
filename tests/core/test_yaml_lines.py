"""Lines of YAML texts in refusals."""

from __future__ import annotations

import pytest

from personarium.core.errors import InvalidInput
from personarium.core.yaml_lines import line_at, with_line

SCHEMA = """\
name: town
fields:
  sex: [a, b]
  age:
    integer: [1, 5]
targets:
  - {fields: [sex], shares: equal}
  - {fields: [sex, age], shares: equal}
rules:
  - name: young
    must: age < 3
colour: red
"""
QUESTIONS = """\
sections:
  - id: work
    questions:
      - id: job
        type: single
        text: |
          What?
      - id: pay
        type: nothing
"""


@pytest.mark.parametrize(
    ("field", "found", "line"),
    [
        ("age", None, 4),
        ("targets: 2", None, 8),
        ("targets: sex x age", None, 8),
        ("targets", None, 6),
        ("rules: young", None, 10),
        ("rules: 7", None, 9),  # there are no seven: the list itself
        ("schema", "colour", 12),
    ],
)
def test_a_refusal_of_a_schema_names_the_line(field: str, found: str | None, line: int) -> None:
    error = with_line(InvalidInput("schema", "something", found, field), SCHEMA)
    assert error.where == f"schema: line {line}"
    assert (error.expected, error.found, error.field) == ("something", found, field)


def test_a_refusal_of_a_questionnaire_names_the_line() -> None:
    field = "sections[0].questions[1].type"
    assert with_line(InvalidInput("survey", "a type", "nothing", field), QUESTIONS).where == "survey: line 9"
    missing = "sections[0].questions[1].text"  # which is not there: the question
    assert with_line(InvalidInput("survey", "a text", None, missing), QUESTIONS).where == "survey: line 8"


def test_what_stands_nowhere_keeps_its_refusal() -> None:
    error = InvalidInput("schema", "something", None, "nowhere")
    assert with_line(error, SCHEMA) is error
    assert with_line(error, ": : [") is error


def test_a_path_leads_to_a_line_or_nowhere() -> None:
    assert line_at(SCHEMA, ("rules", 0, "must")) == 11
    assert line_at(SCHEMA, ("rules", 1)) is None
    assert line_at(SCHEMA, ()) is None
