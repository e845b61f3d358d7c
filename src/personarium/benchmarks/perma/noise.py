"""The noise of PERMA's dialogues: five ways in which people are hard to follow.

Source: perma page, step 5 (code): 0.25 none and 0.15 each other, supplement dialogues only.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from personarium.benchmarks.perma.timeline import SUPPLEMENT

NONE = "none"
SHARES: Mapping[str, float] = {
    NONE: 0.25,
    "omitted": 0.15,
    "switched": 0.15,
    "inconsistent": 0.15,
    "multilingual": 0.15,
    "colloquial": 0.15,
}
# What the writer of a dialogue is told; an empty text is no noise.
INSTRUCTIONS: Mapping[str, str] = {
    NONE: "",
    "omitted": "The user leaves an important piece of information out at first and gives it only when asked.",
    "switched": "In the middle the user asks about an earlier matter, then comes back.",
    "inconsistent": "The user first says the opposite of what they like, then corrects themselves.",
    "multilingual": "The user mixes in phrases in the language of their country.",
    "colloquial": "The user writes loosely: slang, shortened words, no care for commas.",
}


def draw_noise(kind: str, draw: random.Random) -> str:
    """The class of noise of one dialogue; an emergence dialogue never has any, and no number is drawn for it."""
    if kind != SUPPLEMENT:
        return NONE
    return draw.choices(list(SHARES), list(SHARES.values()))[0]
