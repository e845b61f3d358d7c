"""How a population leaves: as a file for others, or for good."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nicegui import ui

from personarium.apps.studio.parts import guarded, in_thread
from personarium.apps.workspace.names import file_stem
from personarium.apps.workspace.population_shelf import PopulationShelf
from personarium.core.population import Population

FORMS = {
    ".parquet": ("Parquet", "all columns and types"),
    ".csv": ("CSV", "for spreadsheets; plain values only"),
    ".jsonl": ("JSON Lines", "a whole persona a line"),
}


def export_menu(name: str, population: Population) -> None:
    """The button with the forms a population can be downloaded in."""

    @guarded
    async def send(ending: str) -> None:
        data = await in_thread(_file_of, population, ending)
        ui.download.content(data, f"{file_stem(name.casefold())}{ending}", "application/octet-stream")

    with ui.button("Export", icon="download").props("outline"), ui.menu():
        for ending, (title, text) in FORMS.items():
            with (
                ui.menu_item(on_click=lambda ending=ending: send(ending)),
                ui.element("div").classes("pop-form-choice"),
            ):
                ui.label(title)
                ui.label(text).classes("soft small")


def _file_of(population: Population, ending: str) -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        return population.save(Path(scratch) / f"members{ending}").read_bytes()


def delete_dialog(shelf: PopulationShelf, name: str, population: Population) -> ui.dialog:
    """The dialog that asks before a population goes."""

    @guarded
    async def delete() -> None:
        await in_thread(shelf.remove, name)
        ui.navigate.to("/populations")

    with ui.dialog() as dialog, ui.card().classes("pop-dialog"):
        dialog.props["aria-label"] = "Delete"
        ui.label(f"Delete {name[:80]}?").classes("panel-title wrap").props("role=heading aria-level=2")
        ui.label(
            f"Its file with {len(population):,} members goes from the workspace. This cannot be undone. "
            "Members in the cast and surveys that were made stay."
        ).classes("wrap")
        with ui.element("div").classes("line pop-end"):
            ui.button("Keep", on_click=dialog.close).props("flat autofocus")
            ui.button("Delete", on_click=delete, color="negative").props("unelevated")
    return dialog
