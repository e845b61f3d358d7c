"""MemoryBank: a bank of daily talks that is summed up, searched and forgotten (see ``method``), and its file format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.remember.memorybank.bank import BankUser as BankUser
    from personarium.remember.memorybank.bank import Exchange as Exchange
    from personarium.remember.memorybank.bank import bank_from_dict as bank_from_dict
    from personarium.remember.memorybank.bank import bank_to_dict as bank_to_dict
    from personarium.remember.memorybank.bank import join_questions as join_questions
    from personarium.remember.memorybank.bank import read_bank as read_bank
    from personarium.remember.memorybank.bank import read_questions as read_questions
    from personarium.remember.memorybank.bank import write_bank as write_bank
    from personarium.remember.memorybank.config import MemoryBankConfig as MemoryBankConfig
    from personarium.remember.memorybank.exchanges import export_user as export_user
    from personarium.remember.memorybank.exchanges import import_user as import_user
    from personarium.remember.memorybank.forgetting import Faded as Faded
    from personarium.remember.memorybank.forgetting import expected_survivors as expected_survivors
    from personarium.remember.memorybank.forgetting import forget_faded as forget_faded
    from personarium.remember.memorybank.forgetting import recall_in_bank as recall_in_bank
    from personarium.remember.memorybank.forgetting import remains as remains
    from personarium.remember.memorybank.forgetting import retention as retention
    from personarium.remember.memorybank.method import CONTRACT as CONTRACT
    from personarium.remember.memorybank.method import CompanionTurn as CompanionTurn
    from personarium.remember.memorybank.method import MemoryBank as MemoryBank
    from personarium.remember.memorybank.method import recent_turns as recent_turns

_NAMES = {
    "bank": "BankUser Exchange bank_from_dict bank_to_dict join_questions read_bank read_questions write_bank",
    "config": "MemoryBankConfig",
    "exchanges": "export_user import_user",
    "forgetting": "Faded expected_survivors forget_faded recall_in_bank remains retention",
    "method": "CONTRACT CompanionTurn MemoryBank recent_turns",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{__name__}.{module}" for module, names in _NAMES.items() for name in names.split()}
)
