"""The form for one facet: everything that the record holds of a statement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nicegui import ui

from personarium.apps.studio.parts import guarded, open_filled
from personarium.apps.studio.rooms.cast.values import KINDS, TEXT, as_field, from_field, year_or_date
from personarium.core.facets import SOURCES, Facet

SOURCE_WORDS = {
    "declared": "declared: somebody said so",
    "extracted": "extracted: read out of a text",
    "inferred": "inferred: concluded from others",
    "generated": "generated: written by a model",
    "sampled": "sampled: drawn from a distribution",
}
VISIBILITY_WORDS = {
    "public": "public",
    "private": "private",
    "never_disclose": "never disclose: known to the persona, not to be told",
}
MOST_CHARACTERS = 100_000


class FacetForm:
    """The dialog for one facet, a new one or one that is there.

    Args:
        done: Gets the facet that was there (None for a new one) and the one in its place.
    """

    def __init__(self, done: Callable[[Facet | None, Facet], None]) -> None:
        self.done = done
        self.facet: Facet | None = None
        with ui.dialog() as self.dialog, ui.card().classes("cast-dialog"):
            self.dialog.props["aria-label"] = "Facet"
            self.title = ui.label().classes("panel-title").props("role=heading aria-level=2")
            with ui.element("div").classes("facet-form"):
                self._statement()
                self._standing()
            with ui.element("div").classes("line dialog-actions"):
                ui.button("Cancel", on_click=self.dialog.close).props("flat")
                ui.button("Apply", on_click=self._finish).props("unelevated")

    def open(self, facet: Facet | None = None) -> None:
        """Show it, filled with a facet or empty for a new one."""
        self.facet = facet
        shown = facet or Facet("", "social.occupation", "")
        self.title.set_text("Change facet" if facet else "New facet")
        kind, written = as_field(shown.value)
        self.path.set_value(facet.path if facet else "")
        self.kind.set_value(kind)
        self.value.set_value(written)
        self.text.set_value(shown.text or "")
        self.source.set_value(shown.source)
        self.confidence.set_value(shown.confidence)
        self.visibility.set_value(shown.visibility)
        self.evidence.set_value("\n".join(shown.evidence))
        self.begins.set_value("" if shown.valid_from is None else str(shown.valid_from))
        self.ends.set_value("" if shown.valid_to is None else str(shown.valid_to))
        open_filled(self.dialog)

    def _statement(self) -> None:
        self.path = ui.input("Path", placeholder="social.occupation")
        self.path.props("outlined dense autofocus maxlength=300").classes("wide")
        self.path.on("keydown.enter", self._finish)
        self.value = ui.textarea("Value").classes("wide")
        self.value.props(f"outlined autogrow maxlength={MOST_CHARACTERS}").on("keydown.ctrl.enter", self._finish)
        self.kind = ui.select(list(KINDS), label="Kind of value", value=TEXT).props("outlined dense")
        self.visibility = ui.select(VISIBILITY_WORDS, label="Who may hear it").props("outlined dense")
        self.source = ui.select(SOURCE_WORDS, label="Source").props("outlined dense")
        self.confidence = ui.number("Confidence, 0 to 1", min=0, max=1, step=0.05, format="%.2f")
        self.confidence.props("outlined dense")

    def _standing(self) -> None:
        self.evidence = ui.textarea("Evidence, one place a line", placeholder="diary.txt:3").classes("wide")
        self.evidence.props(f"outlined autogrow maxlength={MOST_CHARACTERS}")
        self.begins = ui.input("Holds from", placeholder="year or date").props("outlined dense maxlength=40")
        self.ends = ui.input("Holds to", placeholder="year or date").props("outlined dense maxlength=40")
        self.text = ui.input("Sentence in prompts, in place of one made from path and value").classes("wide")
        self.text.props(f"outlined dense maxlength={MOST_CHARACTERS}")

    @guarded
    def _finish(self, _: Any = None) -> None:
        """Hand the facet over; what cannot be a facet is refused and the form stays."""
        old = self.facet
        new = replace(
            old or Facet("", "new"),
            path=(self.path.value or "").strip(),
            value=self._written(old),
            source=self._one(self.source.value, SOURCES),
            confidence=self.confidence.value,
            visibility=self.visibility.value,
            evidence=tuple(line.strip() for line in (self.evidence.value or "").splitlines() if line.strip()),
            valid_from=year_or_date(self.begins.value or ""),
            valid_to=year_or_date(self.ends.value or ""),
            text=(self.text.value or "").strip() or None,
        )
        self.done(old, new)
        self.dialog.close()

    def _written(self, old: Facet | None) -> Any:
        """The value; one that was not touched stays what it was, whatever its kind."""
        kind, written = self.kind.value, self.value.value or ""
        if old is not None and as_field(old.value) == (kind, written):
            return old.value
        return from_field(kind, written)

    @staticmethod
    def _one(value: str, among: tuple[str, ...]) -> Any:
        return value if value in among else among[0]
