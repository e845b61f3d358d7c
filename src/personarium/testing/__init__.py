"""For testing systems, agents and endpoints: the common contract, a stub endpoint, a pytest plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.testing.contract import Findings as Findings
    from personarium.testing.contract import check_system as check_system
    from personarium.testing.contract import load_contract as load_contract
    from personarium.testing.in_character import CharacterCheck as CharacterCheck
    from personarium.testing.in_character import assert_in_character as assert_in_character
    from personarium.testing.in_character import assert_in_character_async as assert_in_character_async
    from personarium.testing.in_character import check_in_character as check_in_character
    from personarium.testing.stub import Faults as Faults
    from personarium.testing.stub import StubServer as StubServer

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "CharacterCheck": "personarium.testing.in_character",
        "Faults": "personarium.testing.stub",
        "Findings": "personarium.testing.contract",
        "StubServer": "personarium.testing.stub",
        "assert_in_character": "personarium.testing.in_character",
        "assert_in_character_async": "personarium.testing.in_character",
        "check_in_character": "personarium.testing.in_character",
        "check_system": "personarium.testing.contract",
        "load_contract": "personarium.testing.contract",
    },
)
