"""Sections as plain dicts: what docs/report.md promises, checked with one clear error."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.report import Bars, Document, Row, as_dict, document_from_dict, section_from_dict
from personarium.report.document import SECTIONS
from personarium.report.schema import BY_KIND
from tests.report.example import example_dict, example_document

ESTIMATE = Estimate(4.2, 4.0, 4.4, 8, "persona", "mean").as_dict()


def test_a_document_survives_json_both_ways() -> None:
    document = example_document()
    assert document_from_dict(json.loads(json.dumps(as_dict(document)))) == document


def test_the_example_has_every_kind_of_section() -> None:
    assert {section["kind"] for section in example_dict()["sections"]} == set(BY_KIND)
    assert len(BY_KIND) == len(SECTIONS) == 12


def test_records_and_plain_dicts_are_the_same_thing() -> None:
    plain = {"kind": "bars", "title": "T", "rows": [{"label": "a", "value": 3, "lo": 2.5, "hi": None}]}
    assert section_from_dict(plain) == Bars(title="T", rows=(Row(label="a", value=3, lo=2.5),))


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"kind": "bars", "rows": [{"label": "a", "value": "high"}]}, "sections[0].rows[0].value': expected a valid number, found 'high'"),
        ({"kind": "bars", "rows": [{"label": "a", "value": True}]}, "rows[0].value': expected a valid number, found True"),
        ({"kind": "bars", "rows": [{"label": "a", "value": float("nan")}]}, "rows[0].value': expected a finite number"),
        ({"kind": "bars"}, "sections[0].rows': expected this field, which is not there"),
        ({"kind": "bars", "rows": [], "titel": "x"}, "sections[0].titel': expected no field of that name (known: title, note, rows"),
        ({"kind": "bar", "rows": []}, "sections[0].kind': expected a section kind such as 'bars', found 'bar'"),
        ({"rows": []}, "sections[0].kind': expected a section kind, one of headline, bars"),
        ({"kind": "table", "columns": ["a"], "rows": [[1, 2]]}, "sections[0]': expected rows[0] with 1 cells, one for each column"),
        ({"kind": "table", "columns": ["a"], "rows": [[[1]]]}, "rows[0][0]': expected a text, a finite number, true, false, null or an estimate"),
        ({"kind": "headline", "estimates": {"x": {"value": 1}}}, "estimates.x': expected an estimate with the fields value, lo, hi, n"),
        ({"kind": "headline", "estimates": {"x": {**ESTIMATE, "value": float("inf")}}}, "estimates.x': expected an estimate with finite numbers"),
        ({"kind": "headline", "estimates": {"x": {**ESTIMATE, "n": "8"}}}, "estimates.x': expected an estimate with a count as n"),
        ({"kind": "failures", "counts": [{"failure": "x", "step": "y", "count": -1}]}, "counts[0].count': expected greater than or equal to 0"),
        ({"kind": "note", "text": "x", "tone": "shout"}, "tone': expected 'info' or 'warning', found 'shout'"),
        ("bars", "sections[0]': expected a section: a JSON object with a kind, found 'bars'"),
    ],
)  # fmt: skip
def test_a_wrong_section_gets_one_sentence_with_its_path(section: object, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        section_from_dict(section, "summary.json", "sections[0]")
    assert str(caught.value).startswith("summary.json: field '")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = sorted({name for cls in SECTIONS for name in cls.__dataclass_fields__} - {"kind"})


@given(kind=st.sampled_from(sorted(BY_KIND)), fields=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4))
def test_any_json_is_a_section_or_one_invalid_input(kind: str, fields: dict[str, object]) -> None:
    try:
        section = section_from_dict({**fields, "kind": kind}, "summary.json")
    except InvalidInput:
        return
    assert section_from_dict(as_dict(section)) == section


def test_a_document_refuses_plain_dicts_as_sections() -> None:
    with pytest.raises(ValueError, match="instance of Section"):
        Document(title="x", sections=({"kind": "note", "text": "x"},))  # type: ignore[arg-type]


def test_the_published_schema_names_every_kind_and_field() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "report.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, flags=re.M))
    assert set(BY_KIND) <= set(rows)
    for kind, cls in BY_KIND.items():
        if kind == "dots":  # described as "as bars"
            continue
        for name in set(cls.__dataclass_fields__) - {"kind", "title", "note"}:
            assert f"`{name}`" in rows[kind], (kind, name)
