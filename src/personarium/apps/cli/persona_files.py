"""Converting personas between files: what a format cannot hold is found by reading back what was written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from personarium.core.errors import PersonariumError

PICTURES = (".png", ".apng", ".charx")


def converted(source: str, people: Sequence[Any], target: Path) -> dict[str, Any]:
    """Write personas and say what became of them.

    A card that goes into a card file keeps its picture and its assets.

    Args:
        source: What was read.
        people: The personas in it.
        target: The file to write.

    Returns:
        ``out``, ``format``, ``personas`` (how many), ``filled`` and ``left_out`` (sentences).

    Raises:
        InvalidInput: When the format cannot hold the personas.
        StorageError: When the disk refuses.
    """
    from personarium.core.formats import format_of, save_personas

    kind = format_of(target)
    card = _card_of(source) if len(people) == 1 else None
    holds_cards = target.name.lower().endswith((*PICTURES, ".card.json"))
    if card is not None and holds_cards:
        from personarium.core.cards import save_card

        save_card(card, target)
    else:
        save_personas(people, target)
    return {
        "out": str(target),
        "format": kind.name,
        "personas": len(people),
        "filled": _filled(people, target if holds_cards else None),
        "left_out": [*_without(card, target), *_changed(people, target)],
    }


def _card_of(source: str) -> Any:
    """The card with its picture and assets, when the source is such a file; else None."""
    if not source.lower().endswith(PICTURES) or not Path(source).is_file():
        return None
    from personarium.core.cards import load_card

    return load_card(source)


def _filled(people: Sequence[Any], target: Path | None) -> list[str]:
    """What was missing in the cards that were read, and what a new card had to be given."""
    from personarium.core.cards import load_card, stored_card

    notes: dict[str, None] = {}
    for person in people:
        card = stored_card(person)
        notes |= dict.fromkeys(card.notes if card is not None else ())
    if target is not None:
        notes |= dict.fromkeys(load_card(target).notes)
    return list(notes)


def _without(card: Any, target: Path) -> list[str]:
    """The picture and the assets of a card, where the new file has no place for them."""
    ending = target.suffix.lower()
    if card is None or ending == ".charx":
        return []
    lost = [f"the picture ({len(card.picture):,} bytes)"] if card.picture and ending not in PICTURES else []
    if card.assets:
        size = sum(len(data) for data in card.assets.values())
        lost.append(f"{len(card.assets)} assets ({size:,} bytes)")
    return lost


def _changed(people: Sequence[Any], target: Path) -> list[str]:
    """What is not the same when the new file is read again."""
    from personarium.core.formats import load_personas
    from personarium.core.persona_diff import diff_personas

    try:
        again = load_personas(target)
    except PersonariumError as error:
        return [f"the new file cannot be read again: {error}"]
    if len(again) != len(people):
        return [f"{len(people) - len(again)} personas"]
    said: dict[str, int] = {}
    for old, new in zip(people, again, strict=True):
        found = diff_personas(old, new)
        for text in (
            *(f"facet {facet.id}" for facet in found.removed),
            *(f"{', '.join(change.fields)} of facet {change.before.id}" for change in found.changed),
            *(f"field {change.name}" for change in found.fields if not change.name.startswith("provenance")),
        ):
            said[text] = said.get(text, 0) + 1
    return [text if number == 1 else f"{text} ({number} personas)" for text, number in said.items()]
