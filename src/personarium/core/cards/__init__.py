"""Character cards: as files (JSON, PNG, CHARX), as personas, as a cast of many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.core.cards.cast import Cast as Cast
    from personarium.core.cards.cast import load_cast as load_cast
    from personarium.core.cards.files import load_card as load_card
    from personarium.core.cards.files import save_card as save_card
    from personarium.core.cards.lore import Activated as Activated
    from personarium.core.cards.lore import Active as Active
    from personarium.core.cards.lore import Lorebook as Lorebook
    from personarium.core.cards.lore import load_lorebook as load_lorebook
    from personarium.core.cards.lore_entries import Entry as Entry
    from personarium.core.cards.macros import Macros as Macros
    from personarium.core.cards.persona import cited as cited
    from personarium.core.cards.persona import persona_from_card as persona_from_card
    from personarium.core.cards.persona import stored_card as stored_card
    from personarium.core.cards.prompt import CardPrompt as CardPrompt
    from personarium.core.cards.prompt import Turn as Turn
    from personarium.core.cards.prompt import card_prompt as card_prompt
    from personarium.core.cards.record import Card as Card
    from personarium.core.cards.record import version_of as version_of
    from personarium.core.cards.written import card_from_persona as card_from_persona

_EXPORTS = {
    "Activated": "personarium.core.cards.lore",
    "Active": "personarium.core.cards.lore",
    "Card": "personarium.core.cards.record",
    "CardPrompt": "personarium.core.cards.prompt",
    "Cast": "personarium.core.cards.cast",
    "Entry": "personarium.core.cards.lore_entries",
    "Lorebook": "personarium.core.cards.lore",
    "Macros": "personarium.core.cards.macros",
    "Turn": "personarium.core.cards.prompt",
    "card_from_persona": "personarium.core.cards.written",
    "card_prompt": "personarium.core.cards.prompt",
    "cited": "personarium.core.cards.persona",
    "load_card": "personarium.core.cards.files",
    "load_cast": "personarium.core.cards.cast",
    "load_lorebook": "personarium.core.cards.lore",
    "persona_from_card": "personarium.core.cards.persona",
    "save_card": "personarium.core.cards.files",
    "stored_card": "personarium.core.cards.persona",
    "version_of": "personarium.core.cards.record",
}

__all__, __getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
