"""Taking personas in: a zone to drop files on, and what became of each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui
from nicegui.events import UploadEventArguments

from personarium.apps.studio.parts import in_thread, portrait
from personarium.apps.studio.rooms.cast.addresses import sheet_url
from personarium.apps.studio.rooms.cast.cards import shortened
from personarium.apps.workspace.persona_imports import Clash, Offer, accept, read_offer
from personarium.apps.workspace.persona_shelf import PersonaShelf
from personarium.core.cards.png import MAX_PICTURE_BYTES
from personarium.core.errors import PersonariumError
from personarium.core.persona import Persona

MAX_FILES = 100  # at once
ENDINGS = ".png,.apng,.json,.charx,.yaml,.yml,.jsonl,.ndjson,.txt,.md,.csv"
# Quasar's zone with our own words; the button carries the file field.
ZONE = """
<div class="drop-zone">
  <q-icon name="upload_file" size="2.2rem" aria-hidden="true"></q-icon>
  <div class="drop-title">Drop files here</div>
  <div class="soft small">Character cards (PNG, JSON, CHARX), or personas as YAML, JSONL or TXT. 64 MB a file at most.</div>
  <q-btn outline no-caps label="Choose files" @click="props.pickFiles" class="drop-button"></q-btn>
  <label class="hidden-label">Files <q-uploader-add-trigger></q-uploader-add-trigger></label>
</div>
"""
_REJECTED = "(files) => emit(files.slice(0, 100).map((one) => [one.file.name, one.failedPropValidation]))"
_FAILED = "(about) => emit([about.files.map((file) => file.name), about.xhr ? about.xhr.status : 0])"
_WHY = {
    "max-file-size": "is larger than 64 MB; nothing of it was kept",
    "accept": "is of another kind; cards are PNG, JSON or CHARX, personas also YAML, JSONL, CSV or TXT",
    "max-files": f"is one too many; {MAX_FILES} files at once are taken",
}
_STATUS = {413: "is larger than this server takes", 429: "came too fast after the others; drop it again"}


class ImportDialog:
    """The dialog; files are taken in as they arrive.

    Args:
        shelf: Where they go.
        on_kept: Called when somebody new is there.
    """

    def __init__(self, shelf: PersonaShelf, on_kept: Callable[[], Awaitable[None]]) -> None:
        self.shelf, self.on_kept = shelf, on_kept
        with ui.dialog() as self.dialog, ui.card().classes("cast-dialog"):
            self.dialog.props["aria-label"] = "Import personas"
            ui.label("Import personas").classes("panel-title").props("role=heading aria-level=2")
            self._zone()
            self.results = ui.element("div").classes("import-results").props("role=status")
            with ui.element("div").classes("line dialog-actions"):
                ui.button("Close", on_click=self.dialog.close).props("flat")

    def open(self) -> None:
        """Show the zone; what became of earlier files is gone from the list."""
        if not self.dialog.value:
            self.results.clear()
            self.zone.reset()
            self.dialog.open()

    def _zone(self) -> None:
        self.zone = ui.upload(multiple=True, auto_upload=True, max_file_size=MAX_PICTURE_BYTES, max_files=MAX_FILES)
        self.zone.on_upload(self._arrived).classes("cast-upload").props("flat")
        self.zone.props["accept"] = ENDINGS
        self.zone.add_slot("header", ZONE)
        self.zone.add_slot("list", "<span></span>")
        self.zone.on("rejected", self._rejected, js_handler=_REJECTED)
        self.zone.on("failed", self._failed, js_handler=_FAILED)

    # -- what comes of a file ------------------------------------------------------------------------------------------

    async def _arrived(self, event: UploadEventArguments) -> None:
        name = event.file.name[:200]
        with self.results:
            row = ui.element("div").classes("import-row")
        with row:
            ui.spinner(size="1.2rem")
            ui.label(f"{name}: reading").classes("wrap")
        data = await event.file.read()
        try:
            offer = await in_thread(read_offer, self.shelf, name, data)
            if offer.clashing:
                self._ask(row, offer)
            else:
                await self._keep(row, offer, "skip")
        except PersonariumError as error:
            _refused(row, str(error))

    async def _keep(self, row: ui.element, offer: Offer, clash: Clash) -> None:
        try:
            kept = await in_thread(accept, self.shelf, offer, clash)
        except PersonariumError as error:
            _refused(row, str(error))
            return
        left = len(offer.same) + (len(offer.clashing) if clash == "skip" else 0)
        _kept(row, offer.name, kept, left)
        if kept:
            await self.on_kept()

    def _ask(self, row: ui.element, offer: Offer) -> None:
        """Somebody of that id is here and says something else: people decide."""
        row.clear()
        who = ", ".join(shortened(p.name or p.id, 40) for p in offer.clashing[:3])
        more = f" and {len(offer.clashing) - 3:,} more" if len(offer.clashing) > 3 else ""
        with row:
            ui.icon("help_outline").classes("import-icon warn").props('aria-hidden="true"')
            with ui.element("div").classes("grow"):
                ui.label(f"{offer.name}: {who}{more} already here, with other statements.").classes("wrap")
                with ui.element("div").classes("line"):
                    for label, clash in (("Replace", "replace"), ("Keep both", "both"), ("Leave out", "skip")):
                        ui.button(label, on_click=lambda c=clash: self._keep(row, offer, c)).props("outline dense")

    def _rejected(self, event: Any) -> None:
        for name, why in event.args:
            with self.results:
                row = ui.element("div").classes("import-row")
            _refused(row, f"{str(name)[:200]} {_WHY.get(str(why), 'was not taken')}.")

    def _failed(self, event: Any) -> None:
        names, status = event.args
        why = _STATUS.get(status, "did not arrive; drop it again")
        for name in names:
            with self.results:
                row = ui.element("div").classes("import-row")
            _refused(row, f"{str(name)[:200]} {why}.")


def _refused(row: ui.element, why: str) -> None:
    row.clear()
    with row:
        ui.icon("error_outline").classes("import-icon bad").props('aria-hidden="true"')
        ui.label(why).classes("wrap grow")


def _kept(row: ui.element, file: str, kept: list[Persona], left: int) -> None:
    """Who came in, with the way to them."""
    row.clear()
    with row:
        if not kept:
            ui.icon("drag_handle").classes("import-icon").props('aria-hidden="true"')
            ui.label(f"{file}: already here, nothing changed.").classes("wrap grow")
            return
        if len(kept) > 1:
            ui.icon("check_circle").classes("import-icon good").props('aria-hidden="true"')
            rest = f"; {left:,} left as they were" if left else ""
            ui.label(f"{file}: {len(kept):,} personas{rest}.").classes("wrap grow")
            return
        name = kept[0].name or kept[0].id
        portrait(kept[0].id, name, 32)
        ui.link(shortened(name), sheet_url(kept[0].id)).classes("grow")
        ui.label("imported").classes("soft small")
