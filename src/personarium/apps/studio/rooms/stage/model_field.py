"""A field for a model's name, with suggestions."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

LIST = "stage-models"


def suggest(names: Sequence[str]) -> None:
    """Put the suggestions into the page, once."""
    with ui.element("datalist").props(f"id={LIST}"):
        for name in names:
            ui.element("option").props["value"] = name


def model_field(label: str, value: str) -> ui.input:
    """The field; whatever is typed is looked up when the model is first needed."""
    field = ui.input(label, value=value).props(f"outlined dense list={LIST} spellcheck=false autocapitalize=off")
    return field.classes("model-field")
