"""What people put in: something that was said, a fact that they state, and the blocks that always stand in the prompt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from personarium.apps.studio.parts import guarded, icon_button, in_thread, open_filled, panel, tag, tell
from personarium.apps.studio.rooms.memory.desk import Desk
from personarium.apps.studio.rooms.memory.rows import cut
from personarium.core.errors import UsageError
from personarium.remember.edits import BLOCK_LIMIT
from personarium.remember.records import LONGEST_TEXT, Fact

SESSION = "studio"
SPEAKERS = {"user": "The person", "assistant": "The other side"}
RULES, MODEL = "rules", "model"


class Telling:
    """Something was said: it is kept word by word, and read when somebody asks for it.

    Args:
        desk: Whose memory.
        consolidate: Asks for a proposal; told whether the model reads.
    """

    def __init__(self, desk: Desk, consolidate: Callable[[bool], Awaitable[None]]) -> None:
        self.desk, self.consolidate = desk, consolidate
        with panel("What was said") as self.box:
            self.text = ui.textarea("An utterance").props(f"outlined autogrow maxlength={LONGEST_TEXT}")
            self.text.on("keydown.ctrl.enter", guarded(self._keep)).classes("told")
            with ui.element("div").classes("line"):
                self.speaker = ui.select(SPEAKERS, value="user", label="Said by").props("outlined dense")
                self.speaker.classes("grow")
                ui.button("Keep", on_click=guarded(self._keep)).props("outline")
            ui.separator()
            ui.label("Consolidate reads what was said since the last time and shows what it would believe.").classes(
                "soft small"
            )
            model = desk.studio.workspace.model
            self.reader = ui.select({RULES: "Plain rules", MODEL: cut(model, 60)}, value=RULES, label="Read by")
            self.reader.props("outlined dense")
            self.button = ui.button("Consolidate", icon="auto_awesome", on_click=guarded(self._consolidate))
            self.button.props("unelevated")

    async def _keep(self) -> None:
        text = (self.text.value or "").strip()
        if not text:
            raise UsageError("write down what was said first")
        observe = partial(self.desk.memory.observe, text, speaker=self.speaker.value, session=SESSION)
        await in_thread(observe)
        self.text.set_value("")
        tell("Kept, word by word.")
        await self.desk.changed()

    async def _consolidate(self) -> None:
        self.button.disable()
        try:
            await self.consolidate(self.reader.value == MODEL)
        finally:
            self.button.enable()


class Stating:
    """A fact that somebody states, without any model.

    Args:
        desk: Whose memory.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        with panel("State a fact") as self.box:
            self.key = ui.input("Path", placeholder="tastes.drink").props("outlined dense maxlength=512")
            self.text = ui.input("What is so", placeholder="tea").props(f"outlined dense maxlength={LONGEST_TEXT}")
            self.text.on("keydown.enter", guarded(self._state)).classes("stated")
            self.replaces = ui.switch("Takes the place of what the path held")
            ui.button("Add", icon="add", on_click=guarded(self._state)).props("outline")

    async def _state(self) -> None:
        text, key = (self.text.value or "").strip(), (self.key.value or "").strip()
        if not text:
            raise UsageError("write down what is so; the path says what it is about and may be left out")
        stated = await in_thread(
            partial(self.desk.memory.remember, text, key=key, replaces=bool(self.replaces.value and key))
        )
        self.text.set_value("")
        tell(f"Believed now, as {stated.id}.")
        await self.desk.changed()


class Blocks:
    """The short texts that always stand in the prompt.

    Args:
        desk: Whose memory.
        forget: Opens the dialog that forgets these ids.
    """

    def __init__(self, desk: Desk, forget: Callable[[list[str]], Awaitable[None]]) -> None:
        self.desk, self.forget = desk, forget
        with panel("Always in the prompt") as box:
            self.new = icon_button("add", "New block", lambda: self._edit(None)).classes("corner")
            self.list = ui.element("div").classes("blocks")
        box.classes("with-corner")
        self._make_dialog()

    async def refresh(self) -> None:
        """Show the blocks as they are."""
        found = await in_thread(lambda: list(self.desk.seen.blocks().values()))
        self.new.set_visibility(self.desk.as_of is None)
        self.list.clear()
        with self.list:
            if not found:
                ui.label("No block yet. A block is a short text that every prompt about this person holds.").classes(
                    "soft small"
                )
            for block in found:
                self._show(block)

    def _show(self, block: Fact) -> None:
        limit = _limit(block)
        with ui.element("div").classes("memory-block"):
            with ui.element("div").classes("line"):
                ui.label(cut(block.key, 80)).classes("memory-block-name grow wrap")
                if block.attributes.get("read_only"):
                    tag("read only")
                if self.desk.as_of is None:
                    icon_button("edit", f"Change the block {cut(block.key, 80)}", lambda: self._edit(block))
            ui.label(block.text).classes("wrap small")
            ui.label(f"{len(block.text):,} of {limit:,} characters").classes("soft tiny number")

    def _make_dialog(self) -> None:
        with ui.dialog() as self.dialog, ui.card().classes("memory-dialog"):
            self.title = ui.label().classes("panel-title").props("role=heading aria-level=2")
            self.label = ui.input("Name").props("outlined dense maxlength=512")
            self.text = ui.textarea("Text").props("outlined autogrow")
            with ui.element("div").classes("line"):
                self.limit = ui.number("Most characters", min=1, max=LONGEST_TEXT, precision=0).props("outlined dense")
                self.read_only = ui.switch("Read only: no consolidation may change it")
            with ui.element("div").classes("line dialog-acts"):
                self.gone = ui.button("Forget", on_click=self._forget).props("flat color=negative")
                ui.space()
                ui.button("Cancel", on_click=self.dialog.close).props("flat")
                ui.button("Save", on_click=guarded(self._save)).props("unelevated")
        self.dialog.props["aria-label"] = "Block"
        self.edited: Fact | None = None

    def _edit(self, block: Fact | None) -> None:
        self.edited = block
        self.title.set_text("New block" if block is None else f"Block {cut(block.key, 80)}")
        self.label.set_value("" if block is None else block.key)
        self.label.set_enabled(block is None)
        self.text.set_value("" if block is None else block.text)
        self.limit.set_value(BLOCK_LIMIT if block is None else _limit(block))
        self.read_only.set_value(bool(block is not None and block.attributes.get("read_only")))
        self.gone.set_visibility(block is not None)
        open_filled(self.dialog)

    @guarded
    async def _save(self) -> None:
        label, text = (self.label.value or "").strip(), (self.text.value or "").strip()
        if not label or not text:
            raise UsageError("a block needs a name and a text")
        wanted = int(self.limit.value or BLOCK_LIMIT)
        await in_thread(
            partial(self.desk.memory.set_block, label, text, limit=wanted, read_only=bool(self.read_only.value))
        )
        self.dialog.close()
        await self.desk.changed()

    async def _forget(self) -> None:
        self.dialog.close()
        if self.edited is not None:
            await self.forget([self.edited.id])


def _limit(block: Fact) -> int:
    return int(block.attributes.get("limit", BLOCK_LIMIT))
