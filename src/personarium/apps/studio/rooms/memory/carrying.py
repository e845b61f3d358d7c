"""Taking a memory along: out as JSON lines or Markdown, and in again."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from urllib.parse import quote

from nicegui import ui
from nicegui.events import UploadEventArguments

from personarium.apps.studio.parts import guarded, in_thread, open_filled, refuse
from personarium.apps.workspace.names import file_stem
from personarium.core.errors import PersonariumError, UsageError
from personarium.remember.memory import Memory
from personarium.remember.transfer import export_memory, import_memory

TYPES = {".jsonl": "application/x-ndjson", ".md": "text/markdown"}
LARGEST = 64 << 20  # bytes
# Quasar's zone with our own words; the button carries the file field.
ZONE = """
<div class="memory-zone">
  <q-icon name="upload_file" size="1.8rem" aria-hidden="true"></q-icon>
  <div>Drop a .jsonl or .md file here</div>
  <q-btn outline no-caps label="Choose a file" @click="props.pickFiles"></q-btn>
  <q-uploader-add-trigger></q-uploader-add-trigger>
</div>
"""


def room_url(id: str = "", tab: str = "") -> str:
    """Where a memory is looked at."""
    return f"/memory?of={quote(id, safe='')}{f'&tab={tab}' if tab else ''}" if id else "/memory"


def exported(memory: Memory, id: str, ending: str) -> bytes:
    """A memory as a file; for a thread."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / f"memory{ending}"
        export_memory(memory, path, [id])
        return path.read_bytes()


def imported(memory: Memory, name: str, data: bytes, as_user: str) -> dict[str, int]:
    """Read an uploaded file; for a thread. Messages name it as the person does."""
    ending = Path(name).suffix.lower()
    if ending not in TYPES:
        raise UsageError(f"a memory is a .jsonl or a .md that was exported, found '{name[:80]}'")
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / f"memory{ending}"
        path.write_bytes(data)
        try:
            return import_memory(memory, path, as_user)
        except PersonariumError as error:
            raise UsageError(str(error).replace(str(path), name[:80])) from None


async def download(memory: Memory, id: str, ending: str) -> None:
    """Hand a memory over as a file."""
    data = await in_thread(exported, memory, id, ending)
    ui.download.content(data, f"memory-{file_stem(id)}{ending}", TYPES[ending])


class Importing:
    """The dialog.

    Args:
        memory: Opens the memory it goes into; for a thread.
    """

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        with ui.dialog() as self.dialog, ui.card().classes("memory-dialog"):
            ui.label("Import a memory").classes("panel-title").props("role=heading aria-level=2")
            ui.label(
                "A .jsonl holds everything that happened and is for people who have no memory here yet. "
                "A .md holds what is believed; it may have been edited, and what is known is not doubled."
            ).classes("soft small")
            self.who = ui.input("Whose it is", placeholder="as the .jsonl says; needed for .md")
            self.who.props("outlined dense maxlength=512")
            self.zone = ui.upload(auto_upload=True, max_file_size=LARGEST, max_files=1)
            self.zone.on_upload(self._arrived).props("flat accept=.jsonl,.md").classes("import-zone")
            self.zone.add_slot("header", ZONE)
            self.zone.add_slot("list", "<span></span>")
            self.zone.on_rejected(lambda: refuse("A memory is one .jsonl or .md file of at most 64 MB."))
            with ui.element("div").classes("line dialog-acts"):
                ui.space()
                ui.button("Close", on_click=self.dialog.close).props("flat")
        self.dialog.props["aria-label"] = "Import a memory"

    def open(self, who: str = "") -> None:
        """Show it."""
        self.who.set_value(who)
        self.zone.reset()
        open_filled(self.dialog)

    @guarded
    async def _arrived(self, event: UploadEventArguments) -> None:
        data = await event.file.read()
        self.zone.reset()
        who = (self.who.value or "").strip()
        counts = await in_thread(partial(imported, self.memory, event.file.name, data, who))
        self.dialog.close()
        ui.navigate.to(room_url(next(iter(counts), "")))
