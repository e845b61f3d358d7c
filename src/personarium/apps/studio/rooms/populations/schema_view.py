"""A schema before anything is made from it: its columns, its quotas, its rules."""

from __future__ import annotations

from nicegui import ui

from personarium.core.views import show_value
from personarium.make.population.schema import Distribution, Field, Integers, Normal, Reals, Schema, Target, Values

MOST_FIELDS, MOST_TARGETS, MOST_RULES = 60, 30, 30
MOST_VALUES = 6  # of a column, by name


def show_schema(schema: Schema) -> None:
    """The preview."""
    with ui.element("dl").classes("pop-schema"):
        _part(
            "Quotas", len(schema.targets), [(one.title.replace(" x ", " × "), _target(one)) for one in schema.targets]
        )
        _part("Columns", len(schema.fields), [(one.path, _field(one)) for one in schema.fields])
        _part("Rules", len(schema.rules), [(one.name, one.text) for one in schema.rules])


def _part(title: str, number: int, rows: list[tuple[str, str]]) -> None:
    if not rows:
        return
    most = {"Quotas": MOST_TARGETS, "Rules": MOST_RULES}.get(title, MOST_FIELDS)
    with ui.element("dt"):
        ui.label(title).classes("pop-schema-title")
        ui.label(f"{number:,}").classes("tag number")
    with ui.element("dd"):
        for name, text in rows[:most]:
            with ui.element("div").classes("pop-schema-row"):
                ui.label(name[:120]).classes("mono wrap")
                ui.label(text[:240]).classes("soft small wrap")
        if len(rows) > most:
            ui.label(f"and {len(rows) - most:,} more").classes("soft small")


def _target(target: Target) -> str:
    cells = len(target.cells)
    sizes = set(target.cells.values())
    how = "numbers of members" if target.counts else "equal shares" if len(sizes) == 1 else "shares"
    return f"{cells:,} exact {'cell' if cells == 1 else 'cells'}, {how}"


def _field(field: Field) -> str:
    if field.writer == "model":
        return "written by a model"
    if field.writer == "rule":
        return f"computed: {field.compute}"
    if field.writer == "table":
        return (
            f"depends on {', '.join(field.needs) or 'nothing'}: {_listed(field.listed) or _draws(field.cases[0].draws)}"
        )
    return _draws(field.cases[0].draws)


def _draws(draws: Distribution) -> str:
    match draws:
        case Values():
            return _listed(draws.values)
        case Integers():
            return f"whole numbers, {draws.low:,} to {draws.high:,}"
        case Reals():
            return f"numbers, {draws.low:g} to {draws.high:g}"
        case Normal():
            return f"normal around {draws.mean:g}, {draws.low:g} to {draws.high:g}"


def _listed(values: tuple[str | int | float | bool, ...]) -> str:
    shown = ", ".join(show_value(value) for value in values[:MOST_VALUES])
    more = len(values) - MOST_VALUES
    return f"{shown} and {more:,} more" if more > 0 else shown
