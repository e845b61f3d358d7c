"""Forgetting in three steps: what is meant, what will go with it, and the receipt of everything that went."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from nicegui import ui

from personarium.apps.studio.parts import guarded, in_thread, notice, open_filled
from personarium.apps.studio.rooms.memory.desk import Desk
from personarium.apps.studio.rooms.memory.rows import cut, minute
from personarium.core.errors import NotFound, UsageError
from personarium.remember.erasing import Plan, Receipt
from personarium.remember.user_memory import UserMemory

BY = {"words": "A word or phrase", "key": "A path", "session": "A talk", "ids": "An id"}
HINTS = {
    "words": "Every entry in which it stands, whatever its case",
    "key": "Every fact about it, such as tastes.drink",
    "session": "Everything said in it",
    "ids": "A fact or an utterance, such as f12_0 or o7; several with blanks",
}
MODES = {
    "archive": "Archive: kept, and no longer recalled; it can be brought back",
    "erase": "Erase: removed from the memory and from the records of every run, for good",
}
MOST = 100  # entries that are shown


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan with the texts of what goes.

    Args:
        plan: The plan.
        texts: Id -> text of the entries that go.
    """

    plan: Plan
    texts: Mapping[str, str]

    @property
    def ids(self) -> tuple[str, ...]:
        """Everything that goes."""
        return (*self.plan.facts, *self.plan.observations)


def planned(memory: UserMemory, named: Mapping[str, Any]) -> Shown:
    """What would go; for a thread."""
    plan = memory.plan_forget(**named)
    view = memory.view()
    texts = {}
    for id in (*plan.facts, *plan.observations)[:MOST]:
        fact, said = view.fact(id), view.observation(id)
        if fact is not None:
            texts[id] = f"{fact.key}: {fact.text}" if fact.key else fact.text
        elif said is not None:
            texts[id] = said.text
    return Shown(plan, texts)


class Forgetting:
    """The dialog.

    Args:
        desk: Whose memory.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.named: dict[str, Any] = {}
        with ui.dialog() as self.dialog, ui.card().classes("memory-dialog forget"):
            self.title = ui.label("Forget").classes("panel-title").props("role=heading aria-level=2")
            self._first()
            self.second = ui.element("div").classes("stack")
            self.third = ui.element("div").classes("stack").props("role=status")
        self.dialog.props["aria-label"] = "Forget"

    async def open(self, ids: list[str] | None = None) -> None:
        """Begin: with what is meant already, or with the question."""
        self.title.set_text("Forget")
        self.by.set_value("ids" if ids else "words")
        self.what.set_value(" ".join(ids or ()))
        self.mode.set_value("archive")
        self.sources.set_value(True)
        self._only(self.first)
        open_filled(self.dialog)
        if ids:
            await self._plan()

    def _only(self, step: ui.element) -> None:
        for one in (self.first, self.second, self.third):
            one.set_visibility(one is step)

    # -- what is meant -------------------------------------------------------------------------------------------------

    def _first(self) -> None:
        with ui.element("div").classes("stack") as self.first:
            with ui.element("div").classes("forget-what"):
                self.by = ui.select(BY, label="By", value="words").props("outlined dense")
                self.what = ui.input("What").props("outlined dense maxlength=2000")
                self.what.on("keydown.enter", guarded(self._plan))
            ui.label().classes("soft small").bind_text_from(self.by, "value", lambda value: HINTS[value])
            self.sources = ui.switch("Also the utterances that a fact was concluded from", value=True)
            self.sources.bind_visibility_from(self.by, "value", lambda value: value != "words")
            self.mode = ui.radio(MODES, value="archive")
            with ui.element("div").classes("line dialog-acts"):
                ui.space()
                ui.button("Cancel", on_click=self.dialog.close).props("flat")
                ui.button("Show what will go", on_click=guarded(self._plan)).props("unelevated")

    def _read(self) -> dict[str, Any]:
        text = (self.what.value or "").strip()
        if not text:
            raise UsageError("say what to forget")
        several = {"ids": text.split(), "words": [text], "key": text, "session": text}
        return {self.by.value: several[self.by.value], "sources": bool(self.sources.value)}

    # -- what will go --------------------------------------------------------------------------------------------------

    @guarded
    async def _plan(self) -> None:
        self.named = self._read()
        await self._show_plan()

    async def _show_plan(self) -> None:
        shown = await in_thread(planned, self.desk.memory, self.named)
        if not shown.ids:
            raise NotFound("the memory has nothing of that")
        self._only(self.second)
        self.second.clear()
        with self.second:
            self._tell_plan(shown)

    def _tell_plan(self, shown: Shown) -> None:
        erase = self.mode.value == "erase"
        plan = shown.plan
        self.title.set_text("This will be erased" if erase else "This will be archived")
        ui.label(f"{_count(len(plan.facts), 'fact')} and {_count(len(plan.observations), 'utterance')}")
        with ui.element("ul").classes("going").props('aria-label="What will go" tabindex=0'):
            for id in shown.ids[:MOST]:
                with ui.element("li"):
                    ui.label(id).classes("soft tiny number going-id")
                    ui.label(cut(shown.texts.get(id, "an earlier edit"), 240)).classes("wrap")
            if len(shown.ids) > MOST:
                ui.label(f"and {len(shown.ids) - MOST:,} more").classes("soft small")
        if plan.also:
            self._tell_also(plan)
        if erase:
            notice(
                "It is taken out of the log and its indexes, of the records of every run, and of the talks that were kept here. "
                "Nobody can bring it back."
            )
        with ui.element("div").classes("line dialog-acts"):
            ui.button("Back", on_click=self._back).props("flat")
            ui.space()
            count = _count(len(shown.ids), "entry", "entries")
            sure = ui.button(f"Erase {count} for good" if erase else f"Archive {count}", on_click=guarded(self._forget))
            sure.props("unelevated color=negative" if erase else "unelevated")

    def _tell_also(self, plan: Plan) -> None:
        """Entries that stay and perhaps should not."""
        with ui.expansion(f"{_count(len(plan.also), 'entry', 'entries')} like it would stay").classes("also"):
            for id, text in plan.also.items():
                box = ui.checkbox(cut(f"{id}: {text}", 240), on_change=guarded(partial(self._also, id)))
                box.classes("wrap")

    async def _also(self, id: str) -> None:
        self.named = {**self.named, "ids": [*self.named.get("ids", ()), id]}
        await self._show_plan()

    def _back(self) -> None:
        self.title.set_text("Forget")
        self._only(self.first)

    def _folders(self) -> list[Path]:
        """Where the workspace may have kept the same words: runs, talks, and what was voted for."""
        work = self.desk.studio.workspace
        runs = [work.runs.path(name) for name in work.runs.names()]
        return [*runs, *(path for path in (work.dialogues.folder, work.votes_path) if path.exists())]

    # -- what went -----------------------------------------------------------------------------------------------------

    async def _forget(self) -> None:
        mode = self.mode.value
        folders = await in_thread(self._folders) if mode == "erase" else []
        self.second.clear()
        with self.second:
            ui.label("Going through the log and the runs." if mode == "erase" else "Archiving.")
            ui.linear_progress(show_value=False).props('indeterminate aria-label="Forgetting"')
        try:
            receipt = await in_thread(partial(self.desk.memory.forget, **self.named, mode=mode, folders=folders))
        except BaseException:
            self._back()
            raise
        self._only(self.third)
        self.third.clear()
        with self.third:
            self._tell_receipt(receipt)
        await self.desk.changed()

    def _tell_receipt(self, receipt: Receipt) -> None:
        erased = receipt.mode == "erase"
        self.title.set_text("Receipt: erased" if erased else "Receipt: archived")
        with ui.element("dl").classes("receipt"):
            for name, value in receipt_lines(receipt):
                with ui.element("dt").classes("soft small"):
                    ui.label(name)
                with ui.element("dd").classes("wrap number"):
                    ui.label(value)
        for name in receipt.found[:20]:
            notice(f"It still stands in {name}, which is no text: delete that file by hand.")
        for name in receipt.unsearched[:20]:
            notice(f"Not looked into: {name}")
        with ui.element("div").classes("line dialog-acts"):
            ui.button("Download the receipt", icon="download", on_click=lambda: _download(receipt)).props("outline")
            ui.space()
            ui.button("Close", on_click=self.dialog.close).props("unelevated")


def receipt_lines(receipt: Receipt) -> list[tuple[str, str]]:
    """What a receipt says: name and value. It holds no word of what went."""
    lines = [
        ("When", f"{minute(receipt.at)} UTC"),
        ("Facts", ", ".join(receipt.facts) or "none"),
        ("Utterances", ", ".join(receipt.observations) or "none"),
    ]
    if receipt.mode != "erase":
        return lines
    lines.append(("In the log", f"{_count(receipt.events, 'event')} rewritten; the receipt is event {receipt.seq}"))
    lines.append(("Indexes", f"{receipt.derived:,} dropped and made anew"))
    for folder, one in receipt.folders.items():
        if one.calls or one.replies or one.files:
            files = f", {_count(len(one.files), 'other file')}" if one.files else ""
            what = f"{_count(one.calls, 'call')}, {_count(one.replies, 'cached reply', 'cached replies')}{files}"
            lines.append((Path(folder).name, what))
    if receipt.reread:
        again = "utterance that stays is" if receipt.reread == 1 else "utterances that stay are"
        lines.append(("Read again", f"{receipt.reread:,} {again} read again by the next consolidation"))
    left = "" if receipt.found else "; nothing of it is left in them"
    lines.append(("Looked through", f"{_count(receipt.searched, 'file')}{left}"))
    return lines


def _download(receipt: Receipt) -> None:
    data = json.dumps(receipt.as_dict(), ensure_ascii=False, indent=1).encode()
    ui.download.content(data, f"receipt-{receipt.mode}-{minute(receipt.at)[:10]}.json", "application/json")


def _count(number: int, what: str, many: str = "") -> str:
    return f"{number:,} {what if number == 1 else many or f'{what}s'}"
