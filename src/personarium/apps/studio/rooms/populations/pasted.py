"""A field for YAML that is pasted: read while it is typed, and what is wrong is named by its line, below the field."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from nicegui import ui

from personarium.apps.studio.parts import in_thread
from personarium.core.errors import InvalidInput, PersonariumError
from personarium.core.files import parse_yaml
from personarium.core.yaml_lines import with_line

Read = TypeVar("Read")
MOST_CHARACTERS = 200_000
_LINE = 120  # characters of the line that is quoted


class Pasted(Generic[Read]):
    """The field.

    Args:
        label: What it is called; also how refusals call it.
        read: Gives the thing from plain values; called in a thread.
        on_read: Called with the thing, or None when there is none that can be read.
    """

    def __init__(
        self, label: str, read: Callable[[Any, str], Read], on_read: Callable[[Read | None], Awaitable[None]]
    ) -> None:
        self.label, self._read, self._on_read = label, read, on_read
        self._asked = 0
        with ui.element("div").classes("pop-pasted") as self.whole:
            self.field = ui.textarea(label, on_change=self._typed)
            self.field.props(
                f"outlined debounce=300 maxlength={MOST_CHARACTERS} spellcheck=false input-class=mono rows=12"
            )
            with ui.element("div").classes("pop-refused").props("role=alert") as self.refused:
                self.why = ui.label().classes("wrap")
                self.line = ui.label().classes("mono wrap")
        self.refused.set_visibility(False)

    @property
    def text(self) -> str:
        """What stands in the field."""
        return self.field.value or ""

    def read(self) -> Read:
        """What the field holds; blocks for as long as it is read.

        Raises:
            InvalidInput: Naming line and field.
        """
        name = self.label.lower()
        if not self.text.strip() or len(self.text) > MOST_CHARACTERS:
            raise InvalidInput(name, f"YAML of 1 to {MOST_CHARACTERS:,} characters", f"{len(self.text):,} characters")
        data = parse_yaml(self.text, name)
        try:
            return self._read(data, name)
        except InvalidInput as error:
            raise with_line(error, self.text) from None

    async def _typed(self) -> None:
        """Read it again; of several that overlap the last one counts."""
        self._asked += 1
        mine, found, refusal = self._asked, None, None
        if self.text.strip():
            try:
                found = await in_thread(self.read)
            except PersonariumError as error:
                refusal = str(error)
        if mine == self._asked and not self.field.is_deleted:
            self._refuse(refusal)
            await self._on_read(found)

    def _refuse(self, refusal: str | None) -> None:
        self.refused.set_visibility(refusal is not None)
        self.why.set_text(refusal or "")
        self.line.set_text(_quoted(self.text, refusal or ""))
        self.line.set_visibility(bool(self.line.text))


def _quoted(text: str, refusal: str) -> str:
    """The line that a refusal names, as it stands in the text."""
    number = refusal.partition(": line ")[2].partition(":")[0]
    lines = text.splitlines()
    if not number.isdecimal() or not 1 <= int(number) <= len(lines):
        return ""
    return f"{number} │ {lines[int(number) - 1][:_LINE]}"
