"""Schemas as YAML or JSON.

The whole form::

    name: students
    languages: [en]                       # the first is the file's own
    fields:
      gender: [female, male]              # equal weights
      grade: {values: {grade 7: 1, grade 8: 1}}
      age: {integer: [11, 15]}
      height_cm: {normal: {mean: 155, sd: 9, low: 120, high: 200, digits: 0}}
      savings: {real: {low: 0, high: 900, digits: 2}}
      band: {compute: "if age < 13 then 'child' else 'adolescent'"}
      club:                               # P(club | gender, band): the first case that holds
        table:
          - {when: {gender: female, band: [child, adolescent]}, values: {chess: 2, none: 1}}
          - {when: "age > 14", values: {football: 1}}
          - {values: [none]}
      story: {model: true, owner: biographer}
    targets:                              # exact numbers; shares sum to 1
      - {fields: [gender], shares: {female: 0.52, male: 0.48}}
      - {fields: [gender, grade], shares: {female: {grade 7: 0.3, ...}, male: {...}}}
      - {fields: [grade], shares: weights}    # those of the field itself; or: equal; or counts: {...}
    rules:
      - {name: young, must: "if grade == 'grade 7' then age <= 13", owner: schema, message: Too old for the grade.}
    labels: {zh: {gender: {path: 性别, values: {female: 女, male: 男}}}}
    distinct: [club, story]               # what the near-duplicate gate compares; all fields by default

The simple form, ``field: {value: weight}`` or ``field: [value, ...]``, makes every field a target with exactly these shares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput, NotFound
from personarium.make.population.columns import nearest
from personarium.make.population.schema import (
    ANYBODY,
    Case,
    Distribution,
    Field,
    Integers,
    Normal,
    Reals,
    Rule,
    Schema,
    Target,
    Value,
    Values,
    margins_schema,
)

EXAMPLES = ("students", "citizens", "characters", "example")
_TOP = ("name", "description", "languages", "fields", "targets", "rules", "labels", "distinct")
_DRAWS = ("values", "integer", "real", "normal")
_FIELD = (*_DRAWS, "table", "compute", "model", "owner", "kind", "choices")
_CASE = ("when", *_DRAWS)
_TARGET = ("fields", "shares", "counts")
_RULE = ("name", "must", "owner", "message")
_LABEL = ("path", "values")


def load_schema(path: str | Path) -> Schema:
    """Read a schema file in either form.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, field and what was expected.
    """
    from personarium.core.files import existing, parse_yaml, read_text

    path = existing(path)
    return schema_from_data(parse_yaml(read_text(path, "a YAML or JSON file with a schema"), str(path)), str(path))


def example_schema(name: str = "example") -> Schema:
    """A schema that ships: ``students``, ``citizens``, ``characters`` or the small ``example``.

    Raises:
        NotFound: There is none of that name.
    """
    if name not in EXAMPLES:
        raise NotFound(f"no example schema is called '{name}'; there are {', '.join(EXAMPLES)}")
    return load_schema(Path(str(files("personarium.make") / "data" / f"{name}.yaml")))


def load_margins(path: str | Path) -> dict[str, dict[Any, float]]:
    """Read margins from YAML or JSON: ``field: {value: weight, ...}``, or ``field: [value, ...]`` for equal weights.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file and field.
    """
    from personarium.core.files import existing, parse_yaml, read_text

    path = existing(path)
    data = parse_yaml(read_text(path, "a YAML or JSON file of fields and values"), str(path))
    return _margins(data, str(path))


def example_margins() -> dict[str, dict[Any, float]]:
    """The margins of the bundled example schema."""
    return load_margins(Path(str(files("personarium.make") / "data" / "example.yaml")))


def _margins(data: Any, where: str) -> dict[str, dict[Any, float]]:
    if not isinstance(data, dict) or not data:
        raise InvalidInput(where, "a mapping from field to values", data)
    return {str(name): _weights(values, where, str(name)) for name, values in data.items()}


def _weights(values: Any, where: str, place: str) -> dict[Any, float]:
    if isinstance(values, list) and values and not any(isinstance(value, (list, dict)) for value in values):
        return dict.fromkeys(values, 1.0)
    if isinstance(values, dict) and values:
        return dict(values)
    raise InvalidInput(where, "a list of values or a mapping from value to weight", values, place)


def schema_from_data(data: Any, where: str = "schema") -> Schema:
    """A schema from what a YAML or JSON file holds, in either form.

    Raises:
        InvalidInput: Naming ``where``, the field and what was expected.
    """
    if not (isinstance(data, dict) and isinstance(data.get("fields"), dict)):
        return margins_schema(_margins(data, where), where)
    _known(data, _TOP, where, "schema")
    fields = tuple(_field(str(path), one, where) for path, one in data["fields"].items())
    by_path = {field.path: field for field in fields}
    targets = tuple(
        _target(one, by_path, where, f"targets: {number}")
        for number, one in enumerate(_items(data.get("targets"), where, "targets"), 1)
    )
    labels = _mapping(data.get("labels") or {}, where, "labels")
    return Schema(
        fields,
        targets,
        tuple(_rules(data.get("rules"), where)),
        str(data.get("name", "population")),
        tuple(str(code) for code in _items(data.get("languages") or ["en"], where, "languages")),
        {str(code): _labels(one, where, str(code), "values") for code, one in labels.items()},
        {str(code): _labels(one, where, str(code), "path") for code, one in labels.items()},
        tuple(str(path) for path in _items(data.get("distinct"), where, "distinct")),
        where,
    )


def _known(data: Mapping[Any, Any], keys: Iterable[str], where: str, place: str) -> None:
    known = tuple(keys)
    for key in data:
        if key not in known:
            raise InvalidInput(where, f"one of {', '.join(known)}{nearest(str(key), known)}", key, place)


def _mapping(data: Any, where: str, place: str) -> dict[Any, Any]:
    if not isinstance(data, dict):
        raise InvalidInput(where, "a mapping", data, place)
    return data


def _items(data: Any, where: str, place: str) -> list[Any]:
    if data is None:
        return []
    if not isinstance(data, list):
        raise InvalidInput(where, "a list", data, place)
    return data


def _in_place(where: str, place: str, error: InvalidInput) -> InvalidInput:
    return InvalidInput(where, error.expected, error.found, place)


def _field(path: str, data: Any, where: str) -> Field:
    if isinstance(data, list):
        data = {"values": data}
    _known(_mapping(data, where, path), _FIELD, where, path)
    try:
        draws: Distribution | tuple[Case, ...] | None = None
        if "table" in data:
            draws = tuple(_case(one, where, path) for one in _items(data["table"], where, path))
        elif any(name in data for name in _DRAWS):
            draws = _distribution(data, where, path)
        return Field(
            path,
            draws,
            _optional_text(data, "compute", where, path),
            bool(data.get("model", False)),
            str(data.get("owner", ANYBODY)),
            tuple(_items(data.get("choices"), where, path)),
            data.get("kind", "text"),
        )
    except InvalidInput as error:
        raise error if error.where == where else _in_place(where, path, error) from None


def _optional_text(data: Mapping[Any, Any], key: str, where: str, place: str) -> str | None:
    if key not in data:
        return None
    if not isinstance(data[key], str):
        raise InvalidInput(where, f"an expression in {key}", data[key], place)
    return str(data[key])


def _case(data: Any, where: str, path: str) -> Case:
    _known(_mapping(data, where, path), _CASE, where, path)
    when = data.get("when")
    if isinstance(when, dict):
        when = _condition(when, where, path)
    if when is not None and not isinstance(when, str):
        raise InvalidInput(where, "an expression, or a mapping from field to value or values, in when", when, path)
    return Case(_distribution(data, where, path), when)


def _condition(when: Mapping[Any, Any], where: str, path: str) -> str:
    """``{field: value, other: [value, value]}`` as an expression."""
    parts = []
    for name, values in when.items():
        some = values if isinstance(values, list) else [values]
        if not some or any(isinstance(value, (list, dict)) or value is None for value in some):
            raise InvalidInput(where, f"a value or a list of values for {name} in when", values, path)
        parts.append(f"`{str(name).replace('`', '')}` in [{', '.join(map(_written, some))}]")
    return " and ".join(parts)


def _written(value: Value) -> str:
    """A value as the language of rules writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return repr(value)


def _distribution(data: Mapping[Any, Any], where: str, path: str) -> Distribution:
    given = [name for name in _DRAWS if name in data]
    if len(given) != 1:
        raise InvalidInput(where, f"one of {', '.join(_DRAWS)}", ", ".join(given) or "none", path)
    name, value = given[0], data[given[0]]
    if name == "values":
        weights = _weights(value, where, path)
        return Values(tuple(weights), tuple(weights.values()))
    if name == "integer":
        if not isinstance(value, list) or len(value) != 2:
            raise InvalidInput(where, "[lowest, highest] in integer", value, path)
        return Integers(*value)
    keys = ("mean", "sd", "low", "high", "digits") if name == "normal" else ("low", "high", "digits")
    _known(_mapping(value, where, path), keys, where, path)
    missing = [key for key in keys if key not in value and key != "digits"]
    if missing:
        raise InvalidInput(where, f"{', '.join(keys)} in {name}", f"no {missing[0]}", path)
    return Normal(**value) if name == "normal" else Reals(**value)


def _target(data: Any, by_path: Mapping[str, Field], where: str, place: str) -> Target:
    _known(_mapping(data, where, place), _TARGET, where, place)
    fields = tuple(str(path) for path in _items(data.get("fields"), where, place))
    if not fields or ("shares" in data) == ("counts" in data):
        raise InvalidInput(where, "fields, and either shares or counts", sorted(map(str, data)), place)
    for path in fields:
        if path not in by_path:
            raise InvalidInput(where, f"a field of the schema{nearest(path, by_path)}", path, place)
    sizes = data.get("shares", data.get("counts"))
    place = f"targets: {' x '.join(fields)}"
    if sizes in ("equal", "weights") and "shares" in data:
        return _standard_target(fields, by_path, str(sizes), where, place)
    cells: dict[tuple[Value, ...], float] = {}
    _cells(sizes, len(fields), (), cells, where, place)
    return Target(fields, cells, "counts" in data)


def _standard_target(fields: tuple[str, ...], by_path: Mapping[str, Field], how: str, where: str, place: str) -> Target:
    if how == "equal":
        cells = list(product(*(by_path[path].listed for path in fields)))
        return Target(fields, dict.fromkeys(cells, 1 / max(1, len(cells))))
    draws = by_path[fields[0]].draws
    if len(fields) > 1 or not isinstance(draws, Values):
        raise InvalidInput(where, "weights of one field that has values with weights", how, place)
    total = sum(draws.weights)
    return Target(fields, {(v,): weight / total for v, weight in zip(draws.values, draws.weights, strict=True)})


def _cells(
    data: Any, depth: int, cell: tuple[Value, ...], out: dict[tuple[Value, ...], float], where: str, place: str
) -> None:
    """Nested mappings, one level a field."""
    if depth == 0:
        out[cell] = data
        return
    for value, rest in _mapping(data, where, place).items():
        _cells(rest, depth - 1, (*cell, value), out, where, place)


def _rules(data: Any, where: str) -> Iterable[Rule]:
    for number, one in enumerate(_items(data, where, "rules"), 1):
        place = f"rules: {number}"
        _known(_mapping(one, where, place), _RULE, where, place)
        if not all(isinstance(one.get(key, ""), str) for key in _RULE) or not one.get("must") or not one.get("name"):
            raise InvalidInput(where, "texts: a name, an expression in must, perhaps owner and message", one, place)
        yield Rule(one["name"], one["must"], one.get("owner", ANYBODY), one.get("message", ""))


def _labels(data: Any, where: str, code: str, part: str) -> dict[str, Any]:
    """The labels of one language: field -> its path, or field -> value -> word."""
    out: dict[str, Any] = {}
    for path, one in _mapping(data, where, f"labels: {code}").items():
        _known(_mapping(one, where, f"labels: {code}"), _LABEL, where, f"labels: {code}: {path}")
        if part in one:
            value = one[part]
            out[str(path)] = (
                str(value) if part == "path" else {k: str(v) for k, v in _mapping(value, where, code).items()}
            )
    return out
