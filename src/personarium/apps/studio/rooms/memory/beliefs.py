"""What is believed: a proposal when there is one, the tree of facts, and beside it what people put in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from personarium.apps.studio.parts import empty, guarded, in_thread, open_filled, tell
from personarium.apps.studio.rooms.memory.desk import Desk, end_of_day
from personarium.apps.studio.rooms.memory.fact_tree import FactTree
from personarium.apps.studio.rooms.memory.proposing import Proposal
from personarium.apps.studio.rooms.memory.rows import Row, cut, fact_detail, fact_rows
from personarium.apps.studio.rooms.memory.telling import Blocks, Stating, Telling
from personarium.core.errors import NotFound, UsageError
from personarium.remember.records import Fact, Operation

CHANGED, WRONG = "update", "correct"
WAYS = {CHANGED: "It has changed: the old one held until then", WRONG: "It was never right"}


class Beliefs:
    """The first tab.

    Args:
        desk: Whose memory.
        forget: Opens the dialog that forgets these ids.
    """

    def __init__(self, desk: Desk, forget: Callable[[list[str]], Awaitable[None]]) -> None:
        self.desk, self.forget = desk, forget
        with ui.element("div").classes("columns side"):
            with ui.element("div").classes("stack"):
                self.proposal = Proposal(desk, desk.changed)
                self.tree = FactTree(self._detail, self._act)
                self.nothing = ui.element("div")
            with ui.element("div").classes("stack beside") as self.tools:
                self.telling = Telling(desk, self.proposal.make)
                self.stating = Stating(desk)
                self.blocks = Blocks(desk, forget)
        self._make_dialog()

    async def refresh(self) -> None:
        """Show what is believed."""
        rows = await in_thread(self._rows)
        writable = self.desk.as_of is None
        self.tree.fill(rows, writable)
        self.tree.set_visibility(bool(rows))
        self.telling.box.set_visibility(writable)
        self.stating.box.set_visibility(writable)
        self.nothing.clear()
        if not rows:
            with self.nothing:
                if writable:
                    empty("Nothing is believed yet", "Write down something that was said, keep it, and consolidate.")
                else:
                    empty("Nothing was known then", "Choose a later day, or look at the memory as it is now.")
        await self.blocks.refresh()

    def _rows(self) -> list[Row]:
        return fact_rows(self.desk.seen.facts(ended=self.desk.ended))

    def _detail(self, id: str) -> Row:
        return fact_detail(self.desk.seen, id)

    async def _act(self, what: str, id: str) -> None:
        if what == "forget":
            await self.forget([id])
        elif what == "correct":
            await self._open(id)

    # -- correcting one ------------------------------------------------------------------------------------------------

    def _make_dialog(self) -> None:
        with ui.dialog() as self.dialog, ui.card().classes("memory-dialog"):
            ui.label("Correct a fact").classes("panel-title").props("role=heading aria-level=2")
            self.old = ui.label().classes("soft wrap")
            self.text = ui.textarea("What is so").props("outlined autogrow autofocus")
            self.way = ui.radio(WAYS, value=CHANGED)
            self.since = ui.input("Since when", placeholder="2026-05-01; now when left empty").props("outlined dense")
            self.since.bind_visibility_from(self.way, "value", value=CHANGED)
            with ui.element("div").classes("line dialog-acts"):
                ui.space()
                ui.button("Cancel", on_click=self.dialog.close).props("flat")
                ui.button("Save", on_click=guarded(self._save)).props("unelevated")
        self.dialog.props["aria-label"] = "Correct a fact"
        self.fact: Fact | None = None

    @guarded
    async def _open(self, id: str) -> None:
        self.fact = await in_thread(lambda: self.desk.memory.view().fact(id))
        if self.fact is None:
            raise NotFound(f"the fact {id} is not there any more")
        self.old.set_text(f"{self.fact.key}: {cut(self.fact.text)}" if self.fact.key else cut(self.fact.text))
        self.text.set_value(self.fact.text)
        self.way.set_value(CHANGED)
        self.since.set_value("")
        open_filled(self.dialog)

    async def _save(self) -> None:
        fact, text = self.fact, (self.text.value or "").strip()
        if fact is None or not text:
            raise UsageError("write down what is so")
        if text == fact.text:
            raise UsageError("this is what is believed already; write down what is so in its place")
        at = end_of_day(self.since.value) if self.way.value == CHANGED else fact.valid_from
        # What is corrected by hand rests on the hand, and still on the words it was read from, so that they can be erased with it.
        edit = Operation(self.way.value, fact.id, text=text, at=at, evidence=fact.evidence)
        await in_thread(self.desk.memory.edit, [edit])
        self.dialog.close()
        tell("Corrected; the earlier version stays in its history.")
        await self.desk.changed()
