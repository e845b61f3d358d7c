"""The pages of the room: the list, the form that makes one, and one page a population."""

from __future__ import annotations

from nicegui import ui

from personarium.apps.studio.frame import frame
from personarium.apps.studio.parts import address, empty, in_thread, notice
from personarium.apps.studio.rooms.populations.making_form import MakingForm
from personarium.apps.studio.rooms.populations.overview import Overview
from personarium.apps.studio.studio import Studio
from personarium.apps.workspace.population_shelf import PopulationRow
from personarium.core.errors import PersonariumError

HOME = "/populations"
LEAD = "Many people at once: made from a schema whose quotas are kept exactly, then looked into and surveyed."
MAKE_LEAD = "A schema says which columns there are, how many members have which values, and what must hold for each."


def population_url(name: str) -> str:
    """The page of a population."""
    return address(f"{HOME}/of", name)


def register(studio: Studio) -> None:
    """Put the room's pages under their addresses."""

    @ui.page(HOME)
    async def overview() -> None:
        rows = await in_thread(studio.workspace.populations.rows)
        with frame(HOME, LEAD, style="populations"):
            _list(rows)

    @ui.page(f"{HOME}/make")
    async def make() -> None:
        with frame(HOME, MAKE_LEAD, title="Make a population", style="populations"):
            ui.link("All populations", HOME).classes("back")
            await MakingForm(studio, population_url).show()

    @ui.page(f"{HOME}/of")
    async def one_by_query(id: str = "") -> None:
        await _show(studio, id)

    @ui.page(f"{HOME}/of/{{name:path}}")
    async def one(name: str) -> None:
        await _show(studio, name)


async def _show(studio: Studio, name: str) -> None:
    try:
        population = await in_thread(studio.workspace.populations.get, name)
    except PersonariumError as error:
        ui.status_code(404)
        with frame(HOME, style="populations"):
            ui.link("All populations", HOME).classes("back")
            empty("Not here", str(error))
        return
    with frame(HOME, title=name[:80], style="populations"):
        ui.link("All populations", HOME).classes("back")
        await Overview(studio, name, population).show()


def _list(rows: list[PopulationRow]) -> None:
    if rows:
        with ui.element("div").classes("line pop-tools"):
            ui.label(f"{len(rows):,} {'population' if len(rows) == 1 else 'populations'}").classes("soft grow number")
            _make_button()
    else:
        empty(
            "No population yet",
            "Make one from a schema that ships with Personarium, or put a .parquet, .csv or .jsonl file into the "
            "workspace's folder populations.",
        )
        with ui.element("div").classes("pop-centre"):
            _make_button()
    with ui.element("ul").classes("pop-list").props('aria-label="Populations"'):
        for row in sorted(rows, key=lambda row: bool(row.problem)):  # what cannot be read comes last
            with ui.element("li"):
                _entry(row)


def _entry(row: PopulationRow) -> None:
    if row.problem:
        with ui.element("div").classes("panel"):
            ui.label(row.name).classes("pop-name clip")
            notice(row.problem).classes("wrap small")
        return
    with ui.link(target=population_url(row.name)).classes("panel pop-card"):
        ui.label(row.name).classes("pop-name clip")
        with ui.element("span").classes("pop-counts soft small number"):
            ui.label(f"{row.members:,} members")
            ui.label(f"{row.columns:,} columns")


def _make_button() -> None:
    ui.button("Make a population", icon="add", on_click=lambda: ui.navigate.to(f"{HOME}/make")).props("unelevated")
