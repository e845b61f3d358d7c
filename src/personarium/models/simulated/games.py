"""Games: amounts and moves by one rule, lo + (hi - lo) x logistic(give + theta_b), and beliefs about what others do.

Source: SIMULATED.md, "Writing, reading, games".
"""

from __future__ import annotations

import re
from typing import Any

from personarium.models.simulated.asked import (
    Answer,
    certainty_value,
    fill,
    form_of,
    is_certainty,
    make_values,
    to_range,
)
from personarium.models.simulated.chance import Dice
from personarium.models.simulated.latents import logistic, theta_b, trait_named
from personarium.models.simulated.ledger import Ledger
from personarium.models.simulated.parameters import Parameters
from personarium.models.simulated.reading import read_levels
from personarium.models.simulated.request import Request
from personarium.text.holes import Hole

_OTHERS = re.compile(
    r"\b(?:others|other (?:people|players|participants)|most people|people (?:who|with|like)|someone (?:who|"
    r"with)|a (?:typical|person who|person with)|"
    r"on average|predict|would (?:they|he|she|such|this person)|participants)\b",
    re.IGNORECASE,
)
_SPREAD = re.compile(r"\b(?:sd|std|spread|deviation|standard_deviation|uncertainty)\b", re.IGNORECASE)
_GIVING = re.compile(
    r"\b(?:cooperat\w+|shar\w+|split|give\w*|trust\w*|contribut\w+|help\w*|donat\w+|accept\w*|fair\w*|silent|"
    r"stag|dove|equal\w*|yes)\b",
    re.IGNORECASE,
)
_TAKING = re.compile(
    r"\b(?:defect\w*|keep\w*|betray\w*|refus\w+|steal\w*|reject\w*|hare|hawk|compet\w+|no|not)\b", re.IGNORECASE
)


def recognise(request: Request) -> str:
    """``block game`` when a number or a choice is wanted."""
    form = form_of(request)
    if form is None or not request.has("game"):
        return ""
    return "block game" if any(h.kind in ("number", "choice", "yesno") for h in form.holes) else ""


def answer(request: Request, parameters: Parameters, dice: Dice, ledger: Ledger) -> Answer:
    """Amounts and moves for every hole; a reason says what was done."""
    form = form_of(request)
    assert form is not None  # recognise() saw it
    pull = _pull(request, parameters, dice, ledger)

    def make(hole: Hole, k: int) -> Any:
        if is_certainty(hole):
            return certainty_value(hole, max(logistic(pull), 1 - logistic(pull)), parameters)
        if hole.kind == "number":
            return amount(hole, pull, parameters, dice, f"{request.occasion}|{hole.name}|{k}")
        if hole.choices:
            return move(hole, pull, parameters, dice, ledger, f"{request.occasion}|{hole.name}|{k}")
        return "I did what felt right to me given what is at stake."

    return fill(request, form, make_values(form, make, 1))


def _pull(request: Request, parameters: Parameters, dice: Dice, ledger: Ledger) -> float:
    """give + theta_b of the named trait; asked about others, that rule times ``belief``."""
    game = request.block("game")
    asked = "\n".join((request.block("question"), request.block("scene")))
    trait = trait_named(game) or trait_named(asked)
    if _OTHERS.search(asked) or _OTHERS.search(game):
        level = read_levels(f"{asked}\n{game}") or read_levels(request.persona)
        stated = parameters.gain * level.get(trait, 0.0) + parameters.trait(trait) if trait else 0.0
        pull = parameters.belief * (parameters.give + stated)
        ledger.acts.append(("", "belief"))
    else:
        pull = parameters.give + (theta_b(request, parameters, dice, ledger, trait) if trait else 0.0)
        ledger.acts.append(("", "move"))
    ledger.latents.append(("pull", pull))
    return pull


def amount(hole: Hole, pull: float, parameters: Parameters, dice: Dice, key: str) -> float | int:
    """lo + (hi - lo) x logistic(pull) plus noise of SD ``hand``; a hole that asks for a spread gets ``hand``."""
    lo, hi = float(hole.lo or 0), float(hole.hi or 0)
    if _SPREAD.search(hole.name):
        return to_range(hole, parameters.hand)
    return to_range(hole, lo + (hi - lo) * logistic(pull) + parameters.hand * dice.normal("hand", key))


def move(hole: Hole, pull: float, parameters: Parameters, dice: Dice, ledger: Ledger, key: str) -> str | bool:
    """The giving move with probability logistic(pull); its words say which one gives, else it is the first."""
    giving = next((c for c in hole.choices if _GIVING.search(c) and not _TAKING.search(c)), "")
    if not giving:
        giving = next((c for c in hole.choices if not _TAKING.search(c)), hole.choices[0])
    if parameters.first and dice.hit("first", key, parameters.first):
        chosen = hole.choices[0]
    elif dice.hit("move", key, logistic(pull)):
        chosen = giving
    else:
        rest = [c for c in hole.choices if c != giving]
        chosen = rest[dice.pick("other_move", key, len(rest))]
    return chosen == "yes" if hole.kind == "yesno" else chosen
