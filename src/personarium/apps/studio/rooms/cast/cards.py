"""A persona as a card of the gallery: what it shows, as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from personarium.apps.studio.parts import portrait_url
from personarium.apps.studio.rooms.cast.addresses import picture_url, sheet_url
from personarium.apps.studio.rooms.cast.gallery import Card
from personarium.apps.workspace.persona_shelf import PersonaRow, PersonaShelf
from personarium.core.cards.cast import tags_of
from personarium.core.errors import NotFound
from personarium.core.persona import Flags, Persona

MOST_TAGS, TAG_CHARACTERS = 4, 28
FLAGS = {"real_person": "real person", "minor": "minor", "deceased": "deceased"}


def card_of(row: PersonaRow, shelf: PersonaShelf) -> Card:
    """The card of one persona."""
    persona = None
    with suppress(NotFound):  # it went while the list was on the screen
        persona = shelf.get(row.id)
    tags = list(_tags(row, persona)) if persona else []
    return {
        "name": row.name or row.id,
        "line": row.line,
        "tags": tags[:MOST_TAGS],
        "url": sheet_url(row.id),
        "portrait": picture_url(persona) if persona else portrait_url(row.id),
    }


def flag_words(flags: Flags) -> list[str]:
    """What has to be known before a persona is used, in words."""
    return [word for name, word in FLAGS.items() if getattr(flags, name)]


def shortened(text: str, most: int = 60) -> str:
    """A text on one line, cut where it is longer than that."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _tags(row: PersonaRow, persona: Persona) -> Iterator[dict[str, str]]:
    """Warnings first, then the card's own tags, else a few short facts."""
    yield from ({"text": word, "kind": "warn"} for word in flag_words(persona.flags))
    own = tags_of(persona)
    yield from ({"text": shortened(text, TAG_CHARACTERS), "kind": ""} for text in own or _facts(row))


def _facts(row: PersonaRow) -> Iterator[str]:
    for path, values in row.facets.items():
        key = path.rpartition(".")[2].replace("_", " ")
        for value in values:
            if len(value) <= TAG_CHARACTERS and value != row.line and key not in ("description", "name"):
                yield value if any(c.isalpha() for c in value) else f"{key} {value}"
