"""Members that are near duplicates of an earlier one: by their letters, and, when somebody asks, by meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui

from personarium.apps.studio.parts import empty, guarded, in_thread, panel
from personarium.apps.studio.rooms.populations.members import member_title
from personarium.core.population import Population

SEMANTIC_UP_TO = 20_000  # members: some seconds
MOST_PAIRS = 100


class Copies:
    """The report.

    Args:
        population: Whose members.
        pairs: Near duplicates by their letters: row and the earlier row, from 0.
        on_open: Called with the place of a member that somebody wants to see.
    """

    def __init__(self, population: Population, pairs: Sequence[tuple[int, int]], on_open: Callable[[int], Any]) -> None:
        self.population, self.on_open = population, on_open
        with ui.element("div").classes("stack"):
            with panel("By their letters"):
                ui.label("Fingerprints (SimHash) of all values of a member, joined; at most three bits apart.").classes(
                    "soft small"
                )
                self._pairs([(row, earlier, None) for row, earlier in pairs], len(pairs))
            with panel("By meaning"):
                self._meaning()

    def _meaning(self) -> None:
        if len(self.population) > SEMANTIC_UP_TO:
            ui.label(
                f"Up to {SEMANTIC_UP_TO:,} members here; more in a terminal: personarium describe FILE --semantic"
            ).classes("soft small wrap")
            return
        ui.label("Members whose values mean nearly the same; chance alone flags about 1 %.").classes("soft small")
        self.look = ui.button("Look for them", icon="search", on_click=self._look).props("outline dense")
        self.look.classes("pop-look")
        self.found = ui.element("div").props("role=status")

    @guarded
    async def _look(self) -> None:
        from personarium.text import near_copies

        self.look.props(add="loading").disable()
        try:
            copies = await in_thread(near_copies, self.population, most=MOST_PAIRS)
        finally:
            self.look.props(remove="loading").enable()
        self.found.clear()
        with self.found:
            self._pairs([(pair.row, pair.earlier, pair.cosine) for pair in copies.pairs], copies.found)

    def _pairs(self, pairs: Sequence[tuple[int, int, float | None]], found: int) -> None:
        if not pairs:
            with ui.element("div").classes("pop-none"):
                empty("None", "No member nearly repeats an earlier one.")
            return
        share = found / len(self.population)
        ui.label(f"{found:,} of {len(self.population):,} members ({share:.1%})").classes("number pop-found")
        with ui.element("ul").classes("pop-pairs"):
            for row, earlier, cosine in pairs[:MOST_PAIRS]:
                with ui.element("li").classes("pop-pair"):
                    self._member(row)
                    ui.label("is near to").classes("soft small")
                    self._member(earlier)
                    if cosine is not None:
                        ui.label(f"cosine {cosine:.3f}").classes("soft small number")
        if found > MOST_PAIRS:
            ui.label(f"The first {MOST_PAIRS} are shown.").classes("soft small")

    def _member(self, place: int) -> None:
        title = member_title(self.population, place)
        button = ui.button(f"{title} (row {place + 1:,})", on_click=lambda: self.on_open(place))
        button.props("flat dense no-caps").classes("pop-member")
