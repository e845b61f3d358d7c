"""The hidden traits of a subject: what it says of itself (theta) and what it does (theta_b)."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from personarium.models.simulated.chance import Dice
from personarium.models.simulated.ledger import Ledger
from personarium.models.simulated.parameters import Parameters
from personarium.models.simulated.reading import read_levels
from personarium.models.simulated.request import Request

# The pole of each trait that people call good; `faking` moves answers towards it.
DESIRABLE = {"O": 1, "C": 1, "E": 1, "A": 1, "N": -1}
# Names of the traits and of the scales that belong to them (the facet names of the IPIP), for texts that name a trait.
_NAMES = (
    ("N", r"neurotic\w*|emotional(?:ly)? (?:in)?stab\w+|anxi\w+|vulnerab\w+"),
    ("E", r"extra?o?version|extra?o?verted|introver\w+|surgency|gregarious\w*|assertive\w*|sociab\w+"),
    ("O", r"openness|imaginat\w+|intellect\w*|curio\w+|adventur\w+"),
    ("A", r"agreeable\w*|trust\w*|altruis\w+|cooperat\w+|kindness|generos\w+|fair\w*|sympath\w+|dictator|ultimatum"),
    ("C", r"conscientious\w*|self-disciplin\w*|order(?:li|ly)\w*|dutiful\w*|diligen\w+|patien\w+|saving"),
)
_NAME_OF = tuple((letter, re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)) for letter, pattern in _NAMES)


def theta(request: Request, parameters: Parameters, ledger: Ledger, trait: str) -> float:
    """The latent level that the subject states: planted traits plus ``gain`` x the level that the persona states."""
    value = parameters.trait(trait) + parameters.gain * read_levels(request.persona).get(trait, 0.0)
    ledger.latents.append((f"theta:{trait}", value))
    return value


def theta_b(request: Request, parameters: Parameters, dice: Dice, ledger: Ledger, trait: str) -> float:
    """The latent level that drives behaviour: ``say_do`` x theta + sqrt(1 - say_do^2) x a fixed personal deviation."""
    stated = theta(request, parameters, ledger, trait)
    if parameters.say_do == 1:
        return stated
    deviation = dice.normal("say_do", f"{request.person}|{trait}")
    value = parameters.say_do * stated + math.sqrt(1 - parameters.say_do**2) * deviation
    ledger.latents.append((f"theta_b:{trait}", value))
    return value


@lru_cache(maxsize=1024)
def trait_named(text: str) -> str:
    """The trait whose name stands first in a text, or ""."""
    found = [(match.start(), letter) for letter, pattern in _NAME_OF if (match := pattern.search(text))]
    return min(found)[1] if found else ""


def logistic(x: float) -> float:
    """1 / (1 + exp(-x)), without overflow."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
