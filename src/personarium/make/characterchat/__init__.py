"""CharacterChat's bank of characters by type, their pairing, and the whole system (see ``method``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.make.characterchat.bank import BankConfig as BankConfig
    from personarium.make.characterchat.bank import Slot as Slot
    from personarium.make.characterchat.bank import make_bank as make_bank
    from personarium.make.characterchat.data_format import profile_rows as profile_rows
    from personarium.make.characterchat.data_format import read_rendered as read_rendered
    from personarium.make.characterchat.data_format import rendered_rows as rendered_rows
    from personarium.make.characterchat.data_format import type_rows as type_rows
    from personarium.make.characterchat.maker import MAKER as MAKER
    from personarium.make.characterchat.method import CONTRACT as CONTRACT
    from personarium.make.characterchat.method import ERRATA as ERRATA
    from personarium.make.characterchat.method import plan_calls as plan_calls
    from personarium.make.characterchat.method import run_characterchat as run_characterchat
    from personarium.make.characterchat.pairing import pair as pair
    from personarium.make.characterchat.pairing import read_pairs as read_pairs
    from personarium.make.characterchat.pairing import write_pairs as write_pairs
    from personarium.make.characterchat.result import CharacterChatConfig as CharacterChatConfig
    from personarium.make.characterchat.result import CharacterChatResult as CharacterChatResult
    from personarium.make.characterchat.type_letters import TypeLetters as TypeLetters
    from personarium.make.characterchat.type_letters import letters_of as letters_of
    from personarium.make.characterchat.type_letters import type_descriptions as type_descriptions

_HOME = "personarium.make.characterchat"
_PUBLIC = {
    "bank": ("BankConfig", "Slot", "make_bank"),
    "data_format": ("profile_rows", "read_rendered", "rendered_rows", "type_rows"),
    "maker": ("MAKER",),
    "method": ("CONTRACT", "ERRATA", "plan_calls", "run_characterchat"),
    "pairing": ("pair", "read_pairs", "write_pairs"),
    "result": ("CharacterChatConfig", "CharacterChatResult"),
    "type_letters": ("TypeLetters", "letters_of", "type_descriptions"),
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names}
)
