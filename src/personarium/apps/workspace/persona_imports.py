"""Files of personas that somebody hands over: read first, so that nobody who is here already is replaced unasked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from personarium.apps.workspace.persona_shelf import PersonaShelf
from personarium.core.errors import NotFound, PersonariumError
from personarium.core.persona import Persona

Clash = Literal["skip", "replace", "both"]


@dataclass(frozen=True, slots=True)
class Offer:
    """A file with what is in it, before anything is kept.

    Args:
        name: The file's name.
        data: The file.
        new: Personas whose id nobody here has.
        same: Personas that are here already, word for word.
        clashing: Personas of an id that is taken by one that says something else.
    """

    name: str
    data: bytes = field(repr=False)
    new: tuple[Persona, ...]
    same: tuple[Persona, ...]
    clashing: tuple[Persona, ...]

    @property
    def alone(self) -> bool:
        """Whether the file is one persona and may be kept as it is, picture and all."""
        return len(self.new) + len(self.same) + len(self.clashing) == 1


def read_offer(shelf: PersonaShelf, name: str, data: bytes) -> Offer:
    """What a file holds, set against who is here.

    Raises:
        InvalidInput: As :meth:`PersonaShelf.read`; the message calls the file by its name.
    """
    groups: dict[str, list[Persona]] = {"new": [], "same": [], "clashing": []}
    for persona in shelf.read(name, data):
        groups[_standing(shelf, persona)].append(persona)
    return Offer(name, data, *(tuple(group) for group in groups.values()))


def accept(shelf: PersonaShelf, offer: Offer, clash: Clash = "skip") -> list[Persona]:
    """Keep what a file holds.

    Args:
        shelf: Where.
        offer: The file.
        clash: What becomes of personas whose id is taken: left out, put in the other's place, or kept beside it under a
            new id.

    Returns:
        The personas that were kept, each with its id.

    Raises:
        UsageError: When one that is to be replaced stands in a file that cannot be changed.
        StorageError: When the disk refuses.
    """
    if offer.alone and (offer.new or (offer.clashing and clash == "replace")):
        return _whole_file(shelf, offer)
    chosen = [*offer.new]
    if clash == "replace":
        chosen += offer.clashing
    elif clash == "both":
        chosen += [shelf.with_free_id(persona) for persona in offer.clashing]
    shelf.put_all(chosen)
    return chosen


def _standing(shelf: PersonaShelf, persona: Persona) -> str:
    try:
        return "same" if shelf.get(persona.id) == persona else "clashing"
    except NotFound:
        return "new"


def _whole_file(shelf: PersonaShelf, offer: Offer) -> list[Persona]:
    """Keep the file itself; the one whose place it takes comes back when it cannot be kept."""
    old: Sequence[Persona] = [shelf.get(persona.id) for persona in offer.clashing]
    if not old or not _has_picture(offer.name):
        return shelf.take_in(offer.name, offer.data)
    shelf.remove(old[0].id)
    try:
        return shelf.take_in(offer.name, offer.data)
    except PersonariumError:
        shelf.put_all(old)
        raise


def _has_picture(name: str) -> bool:
    return Path(name.lower()).suffix in (".png", ".apng", ".charx")
