"""What was said, word by word: a list of any length, the latest first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui
from nicegui.events import GenericEventArguments

from personarium.apps.studio.parts import empty, in_thread
from personarium.apps.studio.rooms.memory.desk import Desk
from personarium.apps.studio.rooms.memory.rows import Row, said_row

# Texts are interpolated; the button carries nothing but the id.
LINE = """
<div class="saying" :class="{ own: props.item.own }" :key="props.item.id">
  <div class="saying-head small">
    <span class="saying-who">{{ props.item.who }}</span>
    <span class="soft number">{{ props.item.at }}</span>
    <span v-if="props.item.session" class="soft">{{ props.item.session }}</span>
    <span class="soft number">{{ props.item.id }}</span>
    <q-space></q-space>
    <q-btn v-if="props.item.writable" flat round dense size="sm" icon="delete_outline"
           :aria-label="'Forget ' + props.item.id" @click="() => $parent.$emit('gone', props.item.id)"></q-btn>
  </div>
  <div class="wrap">{{ props.item.text }}</div>
</div>
"""


class Said:
    """The second tab.

    Args:
        desk: Whose memory.
        forget: Opens the dialog that forgets these ids.
    """

    def __init__(self, desk: Desk, forget: Callable[[list[str]], Awaitable[None]]) -> None:
        self.desk, self.forget = desk, forget
        self.nothing = ui.element("div")
        self.list = ui.element("q-virtual-scroll").classes("sayings").props('scroll-target="body" role=group')
        self.list.props["virtual-scroll-item-size"], self.list.props["aria-label"] = 64, "What was said"
        self.list.props["items"] = []
        self.list.add_slot("default", LINE)
        self.list.on("gone", self._gone)

    async def refresh(self) -> None:
        """Show what was said until the time that is looked at."""
        rows = await in_thread(self._rows)
        self.list.props["items"] = rows
        self.list.update()
        self.list.set_visibility(bool(rows))
        self.nothing.clear()
        if not rows:
            with self.nothing:
                empty("Nothing was said yet", "What is said in the stage with a memory, or written down here, is kept.")

    def _rows(self) -> list[Row]:
        writable = self.desk.as_of is None
        return [{**said_row(one), "writable": writable} for one in reversed(self.desk.seen.observations())]

    async def _gone(self, event: GenericEventArguments) -> None:
        await self.forget([str(event.args)])
