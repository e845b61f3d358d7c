"""What nobody else recognised: small talk, and a note that the request was not understood."""

from __future__ import annotations

from personarium.core.errors import shorten
from personarium.models.simulated.chance import Dice
from personarium.models.simulated.ledger import Ledger
from personarium.models.simulated.parameters import Parameters
from personarium.models.simulated.phrases import phrases
from personarium.models.simulated.request import Request


def recognise(request: Request) -> str:
    """Everything; it stands last."""
    return "nothing recognised"


def answer(request: Request, p: Parameters, dice: Dice, ledger: Ledger) -> str:
    """Small talk, like a model that does not understand; ``unread`` says so."""
    ledger.unread.append(f"the request: {shorten(request.last)}")
    ledger.acts.append(("", "smalltalk"))
    bank = phrases("smalltalk", p.bank)
    at = dice.pick("phrase smalltalk", request.occasion, len(bank))
    return f"{bank[at]} {bank[(at + 1) % len(bank)]}"
