"""What a consolidation would change: asked in a thread, shown edit by edit with what it comes from, applied or refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from nicegui import ui

from personarium.apps.studio.parts import guarded, in_thread, notice, panel, tag, tell
from personarium.apps.studio.rooms.memory.desk import Desk
from personarium.apps.studio.rooms.memory.rows import cut, said_row
from personarium.apps.workspace.names import file_stem
from personarium.apps.workspace.workspace import Workspace
from personarium.core.results import Failure
from personarium.remember.diff import Diff
from personarium.remember.erasing import owner_mark
from personarium.remember.recollection import day
from personarium.remember.records import Fact, Observation, Operation
from personarium.remember.user_memory import UserMemory

MOST_EDITS, MOST_QUOTES = 200, 3
ACTIONS = {
    "add": ("new", "good"),
    "update": ("changed", "accent"),
    "correct": ("corrected", "warn"),
    "delete": ("over", "bad"),
    "mark": ("noted", ""),
}


def propose(workspace: Workspace, memory: UserMemory, by_model: bool) -> Diff:
    """What would be believed after what was said since the last time; for a thread.

    Args:
        workspace: Its model reads, in a run folder, so that what was answered is not paid for twice and can be erased.
        memory: Whose.
        by_model: Whether the model reads, or plain rules.
    """
    from personarium.runs import Run, run_sync

    if not by_model:
        return run_sync(memory.consolidate(closing=True))
    name = f"{owner_mark(memory.id)[:-1]}-{file_stem(workspace.model)}"
    config = {"kind": "remember", "model": workspace.model, "base_url": workspace.base_url}
    reader = workspace.open_model()

    async def ask() -> Diff:
        try:
            with Run.open(workspace.runs.folder / name, config) as kept:
                return await memory.consolidate(kept.model(reader), closing=True, run=kept.path)
        finally:
            close = getattr(reader, "aclose", None)
            if close is not None:
                await close()

    return run_sync(ask())


class Proposal:
    """A proposal on the page, until it is decided on.

    Args:
        desk: Whose memory.
        on_decided: Called when it was applied or refused.
    """

    def __init__(self, desk: Desk, on_decided: Callable[[], Awaitable[None]]) -> None:
        self.desk, self.on_decided = desk, on_decided
        self.box = ui.element("div")

    async def make(self, by_model: bool) -> None:
        """Ask for a proposal and show it."""
        self.box.clear()
        with self.box, panel("Reading what was said"):
            ui.linear_progress(show_value=False).props('indeterminate aria-label="Reading what was said"')
        try:
            diff = await in_thread(propose, self.desk.studio.workspace, self.desk.memory, by_model)
            said = await in_thread(_said_behind, self.desk.memory, diff)
        finally:
            self.box.clear()
        with self.box:
            self._show(diff, said)
        # On a phone the button is far below what it brings up.
        ui.run_javascript(f"getHtmlElement({self.box.id}).scrollIntoView({{block: 'nearest'}})")

    def _show(self, diff: Diff, said: Mapping[str, Observation]) -> None:
        count = len(diff.operations)
        title = f"{count:,} {'change' if count == 1 else 'changes'} proposed" if count else "Nothing to change"
        with panel(title) as box:
            box.classes("proposal")
            ui.label(_lead(diff)).classes("soft small")
            with ui.element("ul").classes("edits").props('aria-label="Proposed changes"'):
                for operation in diff.operations[:MOST_EDITS]:
                    edit_line(operation, diff.before.get(operation.target), said)
            if count > MOST_EDITS:
                ui.label(f"and {count - MOST_EDITS:,} more").classes("soft small")
            _unusable("Could not be used", diff.quarantined)
            _unusable("Was not answered, and is read again next time", diff.failures)
            with ui.element("div").classes("line proposal-acts"):
                if count:
                    apply = ui.button("Apply", icon="check", on_click=guarded(partial(self._apply, diff)))
                    apply.props("unelevated autofocus")
                    ui.button("Refuse", icon="close", on_click=guarded(partial(self._refuse, diff))).props("outline")
                    ui.label("Refused means: what these come from is not read again.").classes("soft small")
                else:
                    ui.button("Good", on_click=guarded(partial(self._refuse, diff))).props("outline")

    async def _apply(self, diff: Diff) -> None:
        made = await in_thread(self.desk.memory.apply, diff)
        tell(f"Applied: {len(made):,} {'fact is' if len(made) == 1 else 'facts are'} believed now.")
        await self._decided()

    async def _refuse(self, diff: Diff) -> None:
        await in_thread(self.desk.memory.refuse, diff)
        if diff.operations:
            tell("Refused; nothing was changed.")
        await self._decided()

    async def _decided(self) -> None:
        self.box.clear()
        await self.on_decided()


def edit_line(operation: Operation, before: Fact | None, said: Mapping[str, Observation]) -> None:
    """One edit: what happens to which matter, what was, and the words it comes from."""
    word, colour = ACTIONS[operation.action]
    with ui.element("li").classes("edit"):
        tag(word, colour)
        with ui.element("div").classes("grow"):
            path = operation.key or (before.key if before is not None else "")
            if path:
                ui.label(cut(path, 120)).classes("soft small wrap")
            _edit_words(operation, before)
            for id in operation.evidence[:MOST_QUOTES]:
                if id in said:
                    one = said_row(said[id])
                    ui.label(f"“{cut(one['text'], 300)}” {one['who']}, {one['at']}").classes("quote-line wrap")


def _edit_words(operation: Operation, before: Fact | None) -> None:
    with ui.element("div").classes("line"):
        if operation.action == "delete" and before is not None:
            ui.label(cut(before.text)).classes("was wrap")
        elif operation.action == "mark":
            ui.label(cut(before.text if before is not None else operation.target)).classes("wrap")
        elif before is not None:
            ui.label(cut(before.text)).classes("was wrap")
            ui.icon("arrow_forward").classes("soft").props('aria-label="becomes"')
        if operation.text:
            ui.label(cut(operation.text)).classes("edit-words wrap")
        if operation.holder not in ("", "user"):
            tag(f"of {cut(operation.holder, 80)}")
        if operation.at is not None:
            ui.label(f"{'until' if operation.action == 'delete' else 'since'} {day(operation.at)}").classes(
                "soft small number"
            )
        if operation.makes:
            ui.label(f"confidence {operation.confidence:.2f}").classes("soft small number")


def _lead(diff: Diff) -> str:
    calls = f", {diff.calls:,} model {'call' if diff.calls == 1 else 'calls'}" if diff.calls else ""
    if not diff.operations and not diff.through:
        return f"Nothing was said since the last time{calls}."
    if not diff.operations:
        return f"What was said holds nothing that is not known already{calls}."
    return f"Nothing is changed until you apply it{calls}."


def _unusable(title: str, failures: Sequence[Failure]) -> None:
    if failures:
        with ui.expansion(f"{title}: {len(failures):,}").classes("unusable"):
            for one in failures[:20]:
                notice(f"{one.where}: {one.reason}")


def _said_behind(memory: UserMemory, diff: Diff) -> dict[str, Observation]:
    view = memory.view()
    ids = {id for one in diff.operations[:MOST_EDITS] for id in one.evidence[:MOST_QUOTES]}
    return {id: one for id in ids if (one := view.observation(id)) is not None}
