"""The facets of a persona as a table: what is said, where it is from, how sure, and who may hear it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from personarium.apps.studio.rooms.cast.cards import shortened
from personarium.core.facets import Facet
from personarium.core.persona_draft import Draft
from personarium.core.views import show_value

MOST_ROWS = 2_000  # facets that are shown at once; the field above the table finds the others
SCROLLS_FROM = 60
MOST_SHOWN = 600  # characters of a value
MOST_PLACES = 6  # of the evidence; the form shows all
COLUMNS = [
    {"name": name, "label": label, "field": name, "align": "right" if name == "confidence" else "left"}
    for name, label in (
        ("path", "Path"),
        ("value", "Value"),
        ("source", "Source"),
        ("confidence", "Confidence"),
        ("evidence", "Evidence"),
        ("validity", "Holds"),
        ("actions", "Change"),
    )
]
# One row: texts by interpolation only. On a phone the style sheet stacks the cells of a row.
ROW = """
<q-tr :props="props" :class="props.row.state" @dblclick="() => $parent.$emit('edit', props.row.key)">
  <q-td key="path" :props="props" class="facet-path">
    <span class="mono"><template v-for="(step, at) in props.row.path.split('.')">{{ at ? '.' : '' }}<wbr>{{ step }}</template></span>
    <span v-if="props.row.state" class="tag accent">{{ props.row.state }}</span>
  </q-td>
  <q-td key="value" :props="props" class="facet-value">
    <span v-if="props.row.lock" class="tag bad"><q-icon name="lock" aria-hidden="true"></q-icon>never disclose</span>
    <span v-else-if="props.row.private" class="tag">private</span>
    <span class="facet-said">{{ props.row.value }}</span>
    <span v-if="props.row.text" class="soft small facet-said">In prompts: {{ props.row.text }}</span>
  </q-td>
  <q-td key="source" :props="props" class="facet-source">{{ props.row.source }}</q-td>
  <q-td key="confidence" :props="props" class="facet-confidence">
    <span class="confidence" aria-hidden="true"><span :style="{ width: props.row.confidence * 100 + '%' }"></span></span>
    <span class="number">{{ props.row.confidence.toFixed(2) }}</span>
  </q-td>
  <q-td key="evidence" :props="props" class="facet-evidence">
    <span v-for="place in props.row.evidence" class="mono">{{ place }}</span>
  </q-td>
  <q-td key="validity" :props="props" class="facet-validity"><span class="number">{{ props.row.validity }}</span></q-td>
  <q-td key="actions" :props="props" class="facet-actions">
    <q-btn flat round dense icon="edit" :aria-label="'Change ' + props.row.path"
           @click="() => $parent.$emit('edit', props.row.key)"></q-btn>
    <q-btn flat round dense icon="delete" :aria-label="'Remove ' + props.row.path"
           @click="() => $parent.$emit('drop', props.row.key)"></q-btn>
  </q-td>
</q-tr>
"""


class FacetTable:
    """The table.

    Args:
        draft: What is edited.
        on_edit: Called with the facet that somebody wants to change.
        on_drop: Called with the facet that somebody wants to remove.
    """

    def __init__(self, draft: Draft, on_edit: Callable[[Facet], None], on_drop: Callable[[Facet], None]) -> None:
        self.draft = draft
        self._acts = {"edit": on_edit, "drop": on_drop}
        self._with_machinery = False
        self._words = ""
        self._filters()
        self.table = ui.table(columns=COLUMNS, rows=[], row_key="key").classes("facets")
        self.table.props("flat hide-pagination wrap-cells binary-state-sort").add_slot("body", ROW)
        self.table.on("edit", lambda event: self._act("edit", event.args))
        self.table.on("drop", lambda event: self._act("drop", event.args))
        self.note = ui.label().classes("soft small")
        self.show()

    def show(self) -> None:
        """The facets as they are now."""
        facets = [f for f in self.draft.persona.facets if self._with_machinery or not f.machinery]
        rows = [self._row(f) for f in facets]
        if self._words:
            rows = [r for r in rows if self._words in f"{r['path']} {r['value']} {r['evidence']}".casefold()]
        many = len(rows) > SCROLLS_FROM
        self.table.props["virtual-scroll"] = many
        self.table.classes(add="scrolls") if many else self.table.classes(remove="scrolls")
        self.table.rows = rows[:MOST_ROWS]
        self.table.update()
        left = len(rows) - MOST_ROWS
        self.note.set_text(f"{left:,} more; the field above finds them." if left > 0 else "")

    def _filters(self) -> None:
        machinery = sum(f.machinery for f in self.draft.persona.facets)
        with ui.element("div").classes("line facet-filters"):
            if len(self.draft.persona.facets) > 12:
                field = ui.input(placeholder="Find a facet", on_change=self._find)
                field.props('outlined dense clearable debounce=150 aria-label="Find a facet"').classes("facet-find")
            if machinery:
                label = f"With what the card says to whoever runs it ({machinery:,})"
                ui.switch(label, on_change=self._show_machinery)

    def _find(self, event: Any) -> None:
        self._words = (event.value or "").casefold()
        self.show()

    def _show_machinery(self, event: Any) -> None:
        self._with_machinery = bool(event.value)
        self.show()

    def _row(self, facet: Facet) -> dict[str, Any]:
        said = facet.value if isinstance(facet.value, str) else show_value(facet.value)
        ends = (facet.valid_from, facet.valid_to)
        return {
            "key": facet.id,
            "path": facet.path,
            "value": said if len(said) <= MOST_SHOWN else said[: MOST_SHOWN - 1] + "…",
            "text": shortened(facet.text, MOST_SHOWN) if facet.text is not None else "",
            "source": facet.source,
            "confidence": float(facet.confidence),
            "evidence": [shortened(place, 80) for place in facet.evidence[:MOST_PLACES]],
            "validity": "" if ends == (None, None) else " – ".join("" if at is None else str(at)[:12] for at in ends),
            "lock": facet.secret,
            "private": facet.visibility == "private",
            "state": self.draft.state(facet),
        }

    def _act(self, name: str, id: object) -> None:
        facet = next((f for f in self.draft.persona.facets if f.id == id), None)
        if facet is not None:
            self._acts[name](facet)
