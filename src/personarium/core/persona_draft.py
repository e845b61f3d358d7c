"""A persona that is being edited: every step can be taken back, and all steps together are one new version."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from personarium.core.errors import NotFound
from personarium.core.facets import Facet
from personarium.core.persona import Persona


class Draft:
    """The edits of a persona since it was stored.

    Args:
        stored: The persona as it is kept.
    """

    __slots__ = ("_before", "_steps", "stored")

    def __init__(self, stored: Persona) -> None:
        self.stored_as(stored)

    def __len__(self) -> int:
        """How many steps can be taken back."""
        return len(self._steps) - 1

    @property
    def persona(self) -> Persona:
        """The persona as it is now; its version is still that of the stored one."""
        return self._steps[-1]

    @property
    def changed(self) -> bool:
        """Whether there is anything to store: steps that come to nothing are no change."""
        return self.persona != self.stored

    def state(self, facet: Facet) -> Literal["", "added", "changed"]:
        """What has become of a facet of the persona as it is now, told apart by its id."""
        before = self._before.get(facet.id)
        return "added" if before is None else "changed" if before != facet else ""

    @property
    def removed(self) -> tuple[Facet, ...]:
        """The stored facets that are gone."""
        left = {facet.id for facet in self.persona.facets}
        return tuple(facet for facet in self.stored.facets if facet.id not in left)

    def add(self, facet: Facet) -> None:
        """One more facet, at the end; one without an id gets one."""
        self._step(self.persona.with_facet(facet))

    def change(self, id: str, facet: Facet) -> None:
        """Another facet in place of the one of this id; it keeps the id.

        Raises:
            NotFound: When there is none.
        """
        facets = self.persona.facets
        at = next((index for index, old in enumerate(facets) if old.id == id), None)
        if at is None:
            raise NotFound(f"persona {self.stored.id} has no facet '{id}'")
        self._step(replace(self.persona, facets=(*facets[:at], replace(facet, id=id), *facets[at + 1 :])))

    def remove(self, id: str) -> None:
        """Without the facet of this id, in its layers too; raises NotFound when there is none."""
        self._step(self.persona.without_facet(id))

    def about(self, **fields: Any) -> None:
        """With other fields of the persona itself: ``name``, ``kinds``, ``flags`` and so on."""
        self._step(replace(self.persona, **fields))

    def undo(self) -> None:
        """Take the last step back; nothing happens when there is none."""
        if len(self._steps) > 1:
            self._steps.pop()

    def finished(self) -> Persona:
        """The persona to be stored: one version further, whatever number of steps it took."""
        return replace(self.persona, version=self.stored.version + 1, parent_version=self.stored.version)

    def stored_as(self, persona: Persona) -> None:
        """Begin again from a persona that is kept now; what was done before cannot be taken back any more."""
        self.stored = persona
        self._before = {facet.id: facet for facet in persona.facets}
        self._steps = [persona]

    def _step(self, persona: Persona) -> None:
        after = replace(persona, version=self.stored.version, parent_version=self.stored.parent_version)
        if after != self.persona:
            self._steps.append(after)
