"""The batches of edits, the latest first: what each changed, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from nicegui import ui

from personarium.apps.studio.parts import empty, guarded, in_thread, tag, tell
from personarium.apps.studio.rooms.memory.desk import Desk
from personarium.apps.studio.rooms.memory.rows import HAND, cut, minute
from personarium.remember.diff import Diff
from personarium.remember.records import Operation
from personarium.remember.replay import ARCHIVED, Batch
from personarium.remember.user_memory import UserMemory

MOST_BATCHES, MOST_LINES = 100, 8
COLOURS = {"+": "good", "~": "accent", "!": "warn", "-": "bad", "*": ""}


@dataclass(frozen=True, slots=True)
class Step:
    """A batch as it is shown.

    Args:
        batch: The batch.
        lines: What it changed, one line an edit.
        back: How many batches are taken back to undo it and everything after it; 0 where it cannot be undone.
        archived: The entries that it archived and that still are.
    """

    batch: Batch
    lines: tuple[str, ...]
    back: int
    archived: tuple[str, ...]


def steps_of(memory: UserMemory) -> list[Step]:
    """The batches, the latest first."""
    view = memory.view()
    steps, back = [], 0
    for batch in reversed(memory.batches()):
        back += batch.changes
        edits = tuple(edit for _, edit in batch.operations)
        before = {edit.target: fact for edit in edits if (fact := view.fact(edit.target)) is not None}
        marks = [edit for edit in edits if edit.action == "mark" and ARCHIVED in edit.attributes]
        rest = tuple(edit for edit in edits if edit not in marks)
        lines = [*Diff(memory.id, batch.strategy, rest, before).lines(), *(f"* archived {one.target}" for one in marks)]
        hidden = {one.id for one in memory.facts(ended=True) if ARCHIVED in one.attributes} if marks else set()
        said = {one.target for one in marks if _still_archived(memory, one.target)} if marks else set()
        archived = tuple(one.target for one in marks if one.target in hidden | said)
        steps.append(Step(batch, tuple(lines), back if batch.changes else 0, archived))
        if len(steps) == MOST_BATCHES:
            break
    return steps


def _still_archived(memory: UserMemory, id: str) -> bool:
    said = memory.view().observation(id)
    return said is not None and ARCHIVED in said.meta


class Edits:
    """The fourth tab.

    Args:
        desk: Whose memory.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.list = ui.element("div").classes("stack")
        with ui.dialog() as self.dialog, ui.card().classes("memory-dialog"):
            self.title = ui.label().classes("panel-title").props("role=heading aria-level=2")
            self.words = ui.label().classes("wrap")
            with ui.element("div").classes("line dialog-acts"):
                ui.space()
                ui.button("Keep", on_click=self.dialog.close).props("flat autofocus")
                ui.button("Undo", on_click=guarded(self._undo)).props("unelevated")
        self.dialog.props["aria-label"] = "Undo"
        self.back = 0

    async def refresh(self) -> None:
        """Show the batches as they are now, whatever day is looked at."""
        steps = await in_thread(steps_of, self.desk.memory)
        self.list.clear()
        with self.list:
            if not steps:
                empty(
                    "Nothing was changed yet",
                    "Each consolidation that is applied, and each fact that is stated, stands here.",
                )
            with ui.element("ol").classes("batches").props('aria-label="Batches of edits"'):
                for step in steps:
                    self._show(step)
            if len(steps) == MOST_BATCHES:
                ui.label(f"The latest {MOST_BATCHES} are shown.").classes("soft small")

    def _show(self, step: Step) -> None:
        with ui.element("li").classes("batch"):
            with ui.element("div").classes("line"):
                count = len(step.batch.operations)
                edits = f"{count:,} {'edit' if count == 1 else 'edits'}" if count else "read, nothing changed"
                by = HAND if not step.batch.strategy else f"by the strategy {cut(step.batch.strategy, 40)}"
                ui.label(minute(step.batch.at)).classes("number batch-at")
                ui.label(f"{edits} {by}").classes("grow soft small")
                if step.archived:
                    ui.button("Bring back", icon="unarchive", on_click=guarded(partial(self._bring_back, step))).props(
                        "flat dense"
                    )
                if step.back:
                    name = "Undo" if step.back == 1 else "Undo back to here"
                    button = ui.button(name, icon="undo", on_click=partial(self._ask, step)).props("flat dense")
                    button.props["aria-label"] = f"{name}: {edits} {by}, {minute(step.batch.at)}"
            for line in step.lines[:MOST_LINES]:
                with ui.element("div").classes("batch-line"):
                    tag(line[:1], COLOURS.get(line[:1], ""))
                    ui.label(cut(line[2:], 300)).classes("wrap grow")
            if len(step.lines) > MOST_LINES:
                ui.label(f"and {len(step.lines) - MOST_LINES:,} more").classes("soft small")

    def _ask(self, step: Step) -> None:
        self.back = step.back
        self.title.set_text("Undo the last batch?" if step.back == 1 else f"Undo the last {step.back:,} batches?")
        self.words.set_text(
            "What they made is gone, and what they changed is as it was. What was said stays, and is read again by the next "
            "consolidation."
        )
        self.dialog.open()

    async def _undo(self) -> None:
        self.dialog.close()
        taken = await in_thread(self.desk.memory.undo, self.back)
        tell(f"{len(taken):,} {'batch' if len(taken) == 1 else 'batches'} taken back.")
        await self.desk.changed()

    async def _bring_back(self, step: Step) -> None:
        edits = [Operation("mark", id, attributes={ARCHIVED: None}) for id in step.archived]
        await in_thread(self.desk.memory.edit, edits)
        tell(f"{len(edits):,} brought back.")
        await self.desk.changed()
