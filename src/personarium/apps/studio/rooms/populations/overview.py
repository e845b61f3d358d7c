"""The page of one population: its numbers, its distributions beside their targets, its members, what repeats, a survey of it."""

from __future__ import annotations

import asyncio

from nicegui import ui

from personarium.apps.studio.parts import in_thread, panel
from personarium.apps.studio.rooms.populations.charts import Bar, Bars, Histogram
from personarium.apps.studio.rooms.populations.copies import Copies
from personarium.apps.studio.rooms.populations.figures import Figures, figures_of
from personarium.apps.studio.rooms.populations.leaving import delete_dialog, export_menu
from personarium.apps.studio.rooms.populations.members import MemberDialog, MemberTable
from personarium.apps.studio.rooms.populations.survey_form import SurveyForm
from personarium.apps.studio.studio import Studio
from personarium.core.population import RECORD, Population

PATIENCE_S = 0.5  # how long the page waits for its numbers before it is sent without them
SPREAD, MEMBERS, COPIES, SURVEY = "Distributions", "Members", "Near duplicates", "Survey"


class Overview:
    """The page as one person sees it.

    Args:
        studio: What it shows.
        name: The population's name.
        population: The population.
    """

    def __init__(self, studio: Studio, name: str, population: Population) -> None:
        self.studio, self.name, self.population = studio, name, population

    async def show(self) -> None:
        """Put the page together; where measuring takes longer, the page comes first and the numbers follow."""
        measuring = asyncio.ensure_future(in_thread(figures_of, self.population))
        await asyncio.wait([measuring], timeout=PATIENCE_S)
        self.member = MemberDialog(self.population, self.studio.workspace.personas)
        self._head()
        with ui.tabs().props("dense no-caps align=left outside-arrows mobile-arrows") as tabs:
            for title in (SPREAD, MEMBERS, COPIES, SURVEY):
                ui.tab(title)
        with ui.tab_panels(tabs, value=SPREAD, animated=False, keep_alive=True).classes("pop-panels"):
            self.spread = self._tab(SPREAD)
            with self._tab(MEMBERS):
                MemberTable(self.population, self.member.open)
            self.copies = self._tab(COPIES)
            with self._tab(SURVEY):
                survey = SurveyForm(self.studio, self.name, len(self.population))
                await survey.show()
        if not measuring.done():
            with self.spread, ui.element("div").classes("empty").props("role=status"):
                ui.spinner(size="2rem")
                ui.label("Counting").classes("empty-title")
            await ui.context.client.connected()
        self._fill(await measuring)

    def _tab(self, title: str) -> ui.tab_panel:
        panel_of = ui.tab_panel(title)
        panel_of.props["aria-label"] = title
        return panel_of

    def _head(self) -> None:
        delete = delete_dialog(self.studio.workspace.populations, self.name, self.population)
        with ui.element("div").classes("pop-head"):
            self.numbers = ui.element("div").classes("pop-numbers grow")
            with ui.element("div").classes("line"):
                export_menu(self.name, self.population)
                ui.button("Delete", icon="delete", on_click=delete.open, color="negative").props("flat")
        columns = [path for path in self.population.frame.columns if path != RECORD]
        self._numbers([("Members", f"{len(self.population):,}", ""), ("Columns", f"{len(columns):,}", "")])

    def _numbers(self, facts: list[tuple[str, str, str]]) -> None:
        with self.numbers:
            for label, text, kind in facts:
                with ui.element("div").classes("pop-number"):
                    ui.label(text).classes(f"pop-big number {kind}")
                    ui.label(label).classes("soft small")

    # -- when it is measured -------------------------------------------------------------------------------------------

    def _fill(self, figures: Figures) -> None:
        if self.spread.is_deleted:
            return
        facts = []
        if figures.quotas:
            exact = figures.met == len(figures.quotas)
            facts.append(("Quotas met", f"{figures.met:,} of {len(figures.quotas):,}", "good" if exact else "bad"))
        unique = figures.estimates.get("Unique members")
        if unique is not None and unique.value is not None:
            facts.append(("Unique members", f"{unique.value:.1%}", ""))
        facts.append(("Near duplicates", f"{len(figures.copies):,}", ""))
        self._numbers(facts)
        self.spread.clear()
        with self.spread:
            self._charts(figures)
        with self.copies:
            Copies(self.population, figures.copies, self.member.open)

    def _charts(self, figures: Figures) -> None:
        if figures.targets:
            ui.label("Against their targets").classes("pop-section").props("role=heading aria-level=2")
            ui.label("The tick is the target; what is not exact is marked.").classes("soft small pop-key")
            with ui.element("div").classes("pop-charts"):
                for title, rows in figures.targets.items():
                    with panel(title, level=3):
                        Bars(title, rows)
        if figures.charts:
            if figures.targets:
                ui.label("Other columns").classes("pop-section").props("role=heading aria-level=2")
            with ui.element("div").classes("pop-charts"):
                for one in figures.charts:
                    with panel(str(one["title"]), level=3):
                        self._chart(one)
        if figures.others:
            shown = ", ".join(figures.others[:20]) + (" …" if len(figures.others) > 20 else "")
            ui.label(f"Columns of many values, to be read in the table of members: {shown}").classes(
                "soft small wrap pop-others"
            )

    def _chart(self, one: dict[str, object]) -> None:
        title = str(one["title"])
        if one["kind"] == "bars":
            rows = one["rows"]
            assert isinstance(rows, list)
            Bars(
                title, [Bar("(empty)" if row["label"] in ("", "None") else row["label"], row["value"]) for row in rows]
            )
        else:
            bins = one["bins"]
            assert isinstance(bins, list)
            Histogram(title, [(part["lo"], part["hi"], part["count"]) for part in bins])
