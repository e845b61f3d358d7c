"""One person's memory as somebody looks at it: now or as of a day, with or without what is over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from personarium.apps.studio.rooms.memory.people import Person
from personarium.apps.studio.studio import Studio
from personarium.core.errors import UsageError
from personarium.remember.from_dialogues import read_time
from personarium.remember.user_memory import UserMemory

DAY_END_S = 86399.0


class Desk:
    """What all parts of the room look at.

    Args:
        studio: Whose workspace.
        person: Whose memory.
    """

    def __init__(self, studio: Studio, person: Person) -> None:
        self.studio, self.person = studio, person
        self.as_of: float | None = None
        self.ended = False
        self._looks: list[Callable[[], Awaitable[None]]] = []

    @property
    def memory(self) -> UserMemory:
        """The memory itself, to write to."""
        return self.studio.workspace.memory.user(self.person.id)

    @property
    def seen(self) -> UserMemory:
        """The memory as it is looked at."""
        return self.memory if self.as_of is None else self.memory.as_of(self.as_of)

    def on_change(self, look: Callable[[], Awaitable[None]]) -> None:
        """Look again whenever something has changed."""
        self._looks.append(look)

    async def changed(self) -> None:
        """Something has changed: everybody looks again."""
        for look in self._looks:
            await look()


def end_of_day(text: str | None) -> float | None:
    """The end of a day, or a time to the second, as seconds since 1970; None for nothing.

    Raises:
        UsageError: When it is neither.
    """
    if not text or not text.strip():
        return None
    at = read_time(text.strip())
    if at is None:
        raise UsageError(f"a day is written 2026-05-01 and a time 2026-05-01T12:00, found '{text[:40]}'")
    return at + DAY_END_S if len(text.strip()) == 10 else at
