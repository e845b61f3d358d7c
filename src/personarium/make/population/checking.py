"""Whether a schema holds together: names, kinds, order, owners, languages. One clear error names the file and the place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, TypeVar

from personarium.core.errors import InvalidInput
from personarium.make.population.columns import Kind, kind_of, kind_of_value, nearest, to_polars
from personarium.make.population.expressions import parse_expression
from personarium.make.population.languages import CODES

if TYPE_CHECKING:
    from personarium.make.population.schema import Field, Rule, Schema, Target

T = TypeVar("T")
MAX_FIELDS = 500
MAX_RULES = 500
_ENUMERATED = 20_000  # combinations up to which the cases of a table are checked for gaps
_SUM_TOLERANCE = 1e-6


def check_schema(schema: Schema) -> None:
    """Refuse a schema that cannot work (see :class:`personarium.make.population.schema.Schema`)."""
    _check_names(schema)
    _check_needs(schema)
    in_order(schema)
    kinds = kinds_of(schema)
    for field in schema.fields:
        _check_cases(schema, field, kinds)
    for rule in schema.rules:
        _check_rule(schema, rule, kinds)
    for target in schema.targets:
        _check_target(schema, target)
    _check_languages(schema)
    if schema.targets:
        from personarium.make.population.targets import check_targets

        check_targets(schema)


def _check_names(schema: Schema) -> None:
    paths = [field.path for field in schema.fields]
    if not 1 <= len(paths) <= MAX_FIELDS:
        raise InvalidInput(schema.where, f"1 to {MAX_FIELDS} fields", len(paths))
    if len(schema.rules) > MAX_RULES:
        raise InvalidInput(schema.where, f"at most {MAX_RULES} rules", len(schema.rules))
    for kind, names in (("field", paths), ("rule", [rule.name for rule in schema.rules])):
        double = [name for k, name in enumerate(names) if name in names[:k]]
        if double:
            raise InvalidInput(schema.where, f"{kind}s with different names", double[0])
    if "id" in paths:
        raise InvalidInput(schema.where, "a field that is not called id (every member gets its own)", "id")
    for path in schema.distinct:
        known_field(schema, path, "distinct")


def known_field(schema: Schema, path: str, place: str) -> Field:
    """The field of that name; raises InvalidInput with the nearest name."""
    if path not in schema.by_path:
        raise InvalidInput(schema.where, f"a field of the schema{nearest(path, schema.by_path)}", path, place)
    return schema.by_path[path]


def _check_needs(schema: Schema) -> None:
    for field in schema.fields:
        for path in _named(schema, field.path, lambda field=field: field.needs):  # type: ignore[misc]
            need = known_field(schema, path, field.path)
            if need.model and field.writer == "table":
                raise InvalidInput(schema.where, f"a table that does not wait for a model ({path})", field=field.path)


def _named(schema: Schema, place: str, work: Callable[[], T]) -> T:
    """Do the work; an error in it names the file and the place."""
    try:
        return work()
    except InvalidInput as error:
        raise InvalidInput(schema.where, _inner(error), error.found, place) from None


def _inner(error: InvalidInput) -> str:
    at = error.where.partition(": ")[2]
    return f"{error.expected} at {at}" if at.startswith("character") else error.expected


def in_order(schema: Schema) -> tuple[Field, ...]:
    """The fields that no model is needed for, each after those it needs.

    Raises:
        InvalidInput: Fields that need each other; the message names the cycle.
    """
    order = depth_first(schema.where, [f.path for f in schema.fields], lambda path: schema.by_path[path].needs)
    waiting = waiting_for_model(schema)
    return tuple(schema.by_path[path] for path in order if path not in waiting)


def late_fields(schema: Schema) -> tuple[Field, ...]:
    """The fields that are computed from what a model writes, in order."""
    order = depth_first(schema.where, [f.path for f in schema.fields], lambda path: schema.by_path[path].needs)
    waiting = waiting_for_model(schema)
    return tuple(schema.by_path[path] for path in order if path in waiting and not schema.by_path[path].model)


def waiting_for_model(schema: Schema) -> frozenset[str]:
    """The fields that a model writes, and those that are computed from such fields."""
    waiting = {field.path for field in schema.fields if field.model}
    while more := {f.path for f in schema.fields if f.path not in waiting and waiting & set(f.needs)}:
        waiting |= more
    return frozenset(waiting)


def depth_first(where: str, paths: Sequence[str], needs: Callable[[str], Iterable[str]]) -> list[str]:
    """The paths, each after what it needs; raises InvalidInput naming a cycle."""
    done: dict[str, bool] = {}  # False while its needs are looked at
    out: list[str] = []
    for start in paths:
        stack = [(start, iter(needs(start)))] if start not in done else []
        done.setdefault(start, False)
        while stack:
            path, rest = stack[-1]
            need = next(rest, None)
            if need is None:
                stack.pop()
                if not done[path]:
                    done[path] = True
                    out.append(path)
            elif need not in done:
                done[need] = False
                stack.append((need, iter(needs(need))))
            elif not done[need]:
                names = [name for name, _ in stack]
                cycle = [*names[names.index(need) :], need]
                raise InvalidInput(where, "fields that do not need each other", " needs ".join(cycle))
    return out


def kinds_of(schema: Schema) -> dict[str, Kind]:
    """Field -> kind of its values; computed fields are worked out from what they need."""
    kinds: dict[str, Kind] = {}
    for path in depth_first(schema.where, [f.path for f in schema.fields], lambda path: schema.by_path[path].needs):
        field = schema.by_path[path]
        if field.compute is not None:
            text = field.compute
            kinds[path] = _named(
                schema,
                path,
                lambda text=text: kind_of(parse_expression(text), kinds, listed_values(schema)),  # type: ignore[misc]
            )
        elif field.model:
            kinds[path] = kind_of_value(field.choices[0]) if field.choices else field.kind
        else:
            kinds[path] = _one_kind(schema, field)
    return kinds


def _one_kind(schema: Schema, field: Field) -> Kind:
    found = {case.draws.kind for case in field.cases}
    if len(found) > 1:
        raise InvalidInput(schema.where, "cases that draw values of one kind", ", ".join(sorted(found)), field.path)
    return found.pop()


def listed_values(schema: Schema) -> dict[str, Collection[Any]]:
    """Field -> its values, for fields whose values are listed."""
    return {field.path: field.listed for field in schema.fields if field.listed}


def _check_cases(schema: Schema, field: Field, kinds: Mapping[str, Kind]) -> None:
    for number, case in enumerate(field.cases, 1):
        node = case.condition
        if node is None:
            continue
        found = _named(schema, field.path, lambda node=node: kind_of(node, kinds, listed_values(schema)))  # type: ignore[misc]
        if found != "truth":
            raise InvalidInput(
                schema.where, f"a condition that is true or false in case {number}", case.when, field.path
            )
    if field.cases and field.cases[-1].when is not None:
        _check_covered(schema, field)


def _check_covered(schema: Schema, field: Field) -> None:
    """Every combination of what the field depends on must meet a case."""
    import polars as pl

    wanted = "a last case without a condition, for what no other case holds"
    values = [schema.by_path[path].listed for path in field.needs]
    if not all(values) or prod(map(len, values)) > _ENUMERATED:
        raise InvalidInput(schema.where, wanted, field=field.path)
    rows = list(product(*values))
    frame = pl.DataFrame({path: [row[k] for row in rows] for k, path in enumerate(field.needs)})
    held = pl.any_horizontal([to_polars(case.condition) for case in field.cases if case.condition is not None])
    missing = frame.filter(~frame.select(held=held)["held"].fill_null(False))
    if missing.height:
        raise InvalidInput(schema.where, wanted, missing.row(0, named=True), field.path)


# ------------------------------------------------------------------------------------------------------------- rules


def _check_rule(schema: Schema, rule: Rule, kinds: Mapping[str, Kind]) -> None:
    place = f"rules: {rule.name}"
    needs = _named(schema, place, lambda: rule.needs)
    for path in needs:
        known_field(schema, path, place)
    if not needs:
        raise InvalidInput(schema.where, "a rule that reads a field", rule.must or rule.name, place)
    if rule.must:
        node = parse_expression(rule.must)
        found = _named(schema, place, lambda: kind_of(node, kinds, listed_values(schema)))
        if found != "truth":
            raise InvalidInput(schema.where, "an expression that is true or false", rule.must, place)
    _check_owner(schema, rule, place)


def _check_owner(schema: Schema, rule: Rule, place: str) -> None:
    from personarium.make.population.schema import ANYBODY

    owners = {field.owner for field in schema.fields} | {ANYBODY}
    if rule.owner not in owners:
        raise InvalidInput(schema.where, f"an owner of fields{nearest(rule.owner, owners)}", rule.owner, place)
    upstream = ancestors(schema, rule.needs)
    free = [schema.by_path[path] for path in upstream if changeable(schema.by_path[path], schema)]
    if free and not any(rule.owner in (ANYBODY, field.owner) for field in free):
        told = ", ".join(f"{field.path} ({field.owner})" for field in free)
        raise InvalidInput(schema.where, f"an owner of a field that may change: {told}", rule.owner, place)


def changeable(field: Field, schema: Schema) -> bool:
    """Whether anybody may give the field another value: it has no target and is not computed."""
    return field.model or (field.draws is not None and field.path not in schema.fixed)


def ancestors(schema: Schema, paths: Iterable[str]) -> frozenset[str]:
    """The fields and everything they are drawn from or computed from."""
    found: set[str] = set()
    due = list(paths)
    while due:
        path = due.pop()
        if path not in found:
            found.add(path)
            due.extend(schema.by_path[path].needs)
    return frozenset(found)


# ----------------------------------------------------------------------------------------------------------- targets


def _check_target(schema: Schema, target: Target) -> None:
    place = f"targets: {target.title}"
    if not target.fields or len(set(target.fields)) < len(target.fields):
        raise InvalidInput(schema.where, "a target of different fields", target.title, "targets")
    for path in target.fields:
        field = known_field(schema, path, place)
        if field.draws is None or not field.listed:
            raise InvalidInput(schema.where, f"a field whose values are listed ({path} is not)", field.writer, place)
        for need in field.needs:
            if need not in schema.fixed:
                text = f"a target on {need}, too ({path} is drawn from it), or a plain distribution of {path}"
                raise InvalidInput(schema.where, text, field=place)
    for cell, size in target.cells.items():
        _check_cell(schema, target, cell, size, place)
    total = sum(target.cells.values())
    if not target.counts and abs(total - 1) > _SUM_TOLERANCE:
        raise InvalidInput(schema.where, "shares that sum to 1", round(total, 6), place)
    if target.counts and total < 1:
        raise InvalidInput(schema.where, "at least one member", total, place)


def _check_cell(schema: Schema, target: Target, cell: tuple[Any, ...], size: float, place: str) -> None:
    if len(cell) != len(target.fields):
        raise InvalidInput(schema.where, f"a value for each of {len(target.fields)} fields", cell, place)
    for path, value in zip(target.fields, cell, strict=True):
        listed = schema.by_path[path].listed
        if value not in listed:
            near = nearest(str(value), [str(one) for one in listed])
            raise InvalidInput(schema.where, f"a value of '{path}'{near}", value, place)
    number = isinstance(size, (int, float)) and not isinstance(size, bool) and 0 <= size < float("inf")
    if not number or (target.counts and size != int(size)):
        wanted = "a whole number of members from 0" if target.counts else "a share from 0 to 1"
        raise InvalidInput(schema.where, wanted, size, f"{place}: {' / '.join(map(str, cell))}")


# --------------------------------------------------------------------------------------------------------- languages


def _check_languages(schema: Schema) -> None:
    unknown = [code for code in (*schema.languages, *schema.labels, *schema.names) if code not in CODES]
    if not schema.languages or unknown:
        found = unknown[0] if unknown else "none"
        raise InvalidInput(schema.where, "languages by their two letters (ISO 639-1)", found, "languages")
    for code in (*schema.labels, *schema.names):
        if code not in schema.languages:
            raise InvalidInput(schema.where, f"labels in {', '.join(schema.languages)}", code, "languages")
    for code, fields in schema.labels.items():
        for path, words in fields.items():
            listed = known_field(schema, path, f"labels: {code}").listed
            strange = [value for value in words if listed and value not in listed]
            if strange:
                raise InvalidInput(schema.where, f"a value of '{path}'", strange[0], f"labels: {code}")
    for code, names in schema.names.items():
        for path in names:
            known_field(schema, path, f"names: {code}")
