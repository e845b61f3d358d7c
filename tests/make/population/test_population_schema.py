"""A schema that does not hold together is refused with one sentence that names the file and the place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from personarium.core.errors import InvalidInput, NotFound
from personarium.make.population import (
    Case,
    Field,
    Integers,
    Normal,
    Reals,
    Rule,
    Schema,
    Target,
    Values,
    example_schema,
    load_schema,
    schema_from_data,
)

PEOPLE: dict[str, Any] = {
    "name": "people",
    "fields": {
        "sex": ["f", "m"],
        "age": {"integer": [0, 99]},
        "band": {"compute": "if age < 18 then 'child' else 'adult'"},
        "job": {"table": [{"when": {"band": "child"}, "values": ["pupil"]}, {"values": {"nurse": 2, "cook": 1}}]},
    },
}


def changed(**parts: Any) -> dict[str, Any]:
    return {**PEOPLE, **parts, "fields": {**PEOPLE["fields"], **parts.get("fields", {})}}


def test_the_whole_form_is_read() -> None:
    schema = schema_from_data(
        changed(
            targets=[{"fields": ["sex"], "shares": {"f": 0.5, "m": 0.5}}],
            rules=[{"name": "cooks are grown", "must": "job != 'cook' or age > 20", "owner": "schema"}],
            languages=["en", "de"],
            labels={"de": {"sex": {"path": "Geschlecht", "values": {"f": "w"}}}},
            distinct=["job"],
        ),
        "people.yaml",
    )
    assert [f.writer for f in schema] == ["sampled", "sampled", "rule", "table"]
    assert [f.path for f in schema.order] == ["sex", "age", "band", "job"]
    assert schema["job"].listed == ("pupil", "nurse", "cook")
    assert schema["job"].needs == ("band",)
    assert schema.kinds == {"sex": "text", "age": "number", "band": "text", "job": "text"}
    assert schema.fixed == {"sex"}
    assert schema.names["de"] == {"sex": "Geschlecht"}


def test_the_simple_form_makes_every_field_a_target() -> None:
    schema = schema_from_data({"pet": ["cat", "dog"], "age": {"19": 3, "28": 1}}, "s.yaml")
    assert [t.fields for t in schema.targets] == [("pet",), ("age",)]
    assert schema.targets[1].cells == {("19",): 0.75, ("28",): 0.25}


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"fields": {"x": {"compute": "y + 1"}, "y": {"compute": "x + 1"}}}, "x needs y needs x"),
        ({"fields": {"x": {"compute": "x + 1"}}}, "x needs x"),
        ({"fields": {"x": {"compute": "agee + 1"}}}, r"field 'x': .*nearest is 'age'"),
        ({"fields": {"x": {"valuess": [1]}}}, "nearest is 'values'"),
        ({"fields": {"x": {"values": [1, "two"]}}}, "field 'x': .*one kind"),
        ({"fields": {"x": {"values": {"a": -1, "b": 2}}}}, "field 'x': .*at least 0"),
        ({"fields": {"x": {"values": [], "owner": "me"}}}, "field 'x'"),
        ({"fields": {"x": {"integer": [9, 1]}}}, "smaller one first"),
        ({"fields": {"x": {"normal": {"mean": 1, "sd": 0, "low": 0, "high": 2}}}}, "above 0"),
        ({"fields": {"x": {"values": ["a"], "model": True}}}, "one writer"),
        ({"fields": {"x": {"owner": "me"}}}, "one writer"),
        (
            {"fields": {"x": {"table": [{"when": "age > 3", "values": ["a"]}]}}},
            "'age': 0.*field 'x'|field 'x'.*'age': 0",
        ),
        ({"fields": {"x": {"table": [{"when": "age", "values": ["a"]}]}}}, "true or false in case 1"),
        ({"fields": {"id": ["a"]}}, "not called id"),
        ({"rules": [{"name": "r", "must": "jobb == 'cook'"}]}, r"rules: r.*nearest is 'job'"),
        ({"rules": [{"name": "r", "must": "job == 'cok'"}]}, "nearest is 'cook'"),
        ({"rules": [{"name": "r", "must": "age + 1"}]}, "true or false"),
        ({"rules": [{"name": "r", "must": "1 < 2"}]}, "reads a field"),
        ({"rules": [{"name": "r", "must": "age > 1", "owner": "nobody"}]}, "an owner of fields"),
        ({"rules": [{"name": "r", "must": "age > 1", "onwer": "x"}]}, "nearest is 'owner'"),
        ({"rules": [{"name": "r", "must": "age > 1"}] * 2}, "rules with different names"),
        ({"targets": [{"fields": ["sexx"], "shares": {"f": 1}}]}, "nearest is 'sex'"),
        ({"targets": [{"fields": ["sex"], "shares": {"f": 0.5, "m": 0.4}}]}, "sum to 1, found 0.9"),
        ({"targets": [{"fields": ["sex"], "shares": {"f": 1.5, "m": -0.5}}]}, r"sex: m.*share from 0 to 1"),
        ({"targets": [{"fields": ["sex"], "shares": {"f": 0.5, "x": 0.5}}]}, "a value of 'sex'"),
        ({"targets": [{"fields": ["band"], "shares": {"child": 1}}]}, "values are listed"),
        ({"targets": [{"fields": ["job"], "shares": {"cook": 1}}]}, "a target on band"),
        ({"targets": [{"fields": ["sex"], "counts": {"f": 1.5, "m": 2}}]}, "whole number of members"),
        ({"targets": [{"fields": ["sex"]}]}, "either shares or counts"),
        ({"languages": ["en", "xx"]}, "languages by their two letters.*'xx'"),
        ({"labels": {"de": {"sex": {"values": {"f": "w"}}}}}, "labels in en"),
        ({"languages": ["en", "de"], "labels": {"de": {"sex": {"values": {"q": "w"}}}}}, "a value of 'sex'"),
        ({"distinct": ["sexx"]}, "nearest is 'sex'"),
        ({"feilds": {}}, "nearest is 'fields'"),
    ],
)
def test_wrong_schemas(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        schema_from_data(changed(**parts), "people.yaml")
    assert str(caught.value).startswith("people.yaml")


def test_a_rule_whose_owner_may_change_nothing_in_it_is_refused() -> None:
    fields = (Field("a", Integers(0, 9), owner="x"), Field("b", Integers(0, 9), owner="y"))
    with pytest.raises(InvalidInput, match=r"a \(x\)"):
        Schema(fields, rules=(Rule("r", "a > 1", owner="y"),))


def test_contradictory_targets_are_refused_with_an_irreducible_set() -> None:
    fields = tuple(Field(name, Values(("p", "q"))) for name in "abc")
    right = Target(("b", "c"), {(x, y): 0.25 for x in "pq" for y in "pq"})
    one = Target(("a",), {("p",): 0.5, ("q",): 0.5})
    two = Target(("a", "b"), {("p", "p"): 0.6, ("p", "q"): 0.1, ("q", "p"): 0.1, ("q", "q"): 0.2})
    with pytest.raises(InvalidInput, match="contradict each other") as caught:
        Schema(fields, (right, one, two), where="s.yaml")
    message = str(caught.value)
    # 0.1 + 0.2 is not 0.5; each of the three is needed for that, and the target on b and c is not
    assert message.startswith("s.yaml: field 'targets'")
    assert message.endswith(": a = q: 0.5; a = q, b = p: 0.1; a = q, b = q: 0.2")


def test_a_rule_may_be_part_of_the_conflict() -> None:
    fields = (Field("a", Values(("p", "q"))), Field("b", Values(("p", "q"))))
    targets = (Target(("a",), {("p",): 0.7, ("q",): 0.3}), Target(("b",), {("p",): 0.7, ("q",): 0.3}))
    with pytest.raises(InvalidInput, match="rule 'never alike'"):
        Schema(fields, targets, (Rule("never alike", "a != b"),))


def test_distributions_check_their_numbers() -> None:
    for wrong in (
        lambda: Values(("a", "a")),
        lambda: Values(("a",), (0.0,)),
        lambda: Values((float("nan"),)),
        lambda: Reals(3, 1),
        lambda: Reals(0, 1, digits=12),
        lambda: Normal(0, float("inf"), 0, 1),
        lambda: Integers(1, True),
    ):
        with pytest.raises(InvalidInput):
            wrong()
    assert Values((1, 2.5)).values == (1.0, 2.5)


def test_python_form_and_table_cases() -> None:
    field = Field("x", (Case(Values(("a",)), "age > 3"), Case(Integers(1, 2))))
    with pytest.raises(InvalidInput, match="one kind"):
        Schema((Field("age", Integers(0, 9)), field))


def test_files(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        load_schema(tmp_path / "none.yaml")
    with pytest.raises(NotFound, match="students"):
        example_schema("aliens")
    file = tmp_path / "s.yaml"
    file.write_text("fields: {a: &x [1], b: *x}\n")
    with pytest.raises(InvalidInput, match="aliases"):
        load_schema(file)
