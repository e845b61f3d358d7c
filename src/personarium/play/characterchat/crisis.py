"""Crisis handling: words of self-harm end a generated dialogue with a referral, and the dialogue is flagged.

The original has none (erratum ``no-crisis-handling``). The detector reads English phrases and looks for first of all not to
miss any: denials ("I am not suicidal") count, too. It is no clinical instrument; whoever serves people puts a better one in
its place (any function of a text, also an asynchronous one) and the services of the own country into the referral.

Source: characterchat page, Traps ("support chat needs crisis handling"); the phrases are this project's.
"""

from __future__ import annotations

import inspect
import re
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

LONGEST = 20_000  # characters that are searched
REFERRAL = (
    "I am glad that you told me this, and I am worried about your safety. This is more than a talk with me can carry. "
    "Please call your local emergency number or a crisis line now (988 in the United States and Canada, 116 123 in the "
    "United Kingdom and Ireland), or go to somebody you trust who is near you."
)
_DEED = "kill|hurt|harm|hang|drown|poison|shoot"
_PHRASES = (
    rf"(?:{_DEED})(?:ing|ting)? (?:my|your|him|her)self",
    r"cut(?:ting)? myself(?! (?:some|a|off|shaving|short)\b)",
    r"suicid(?:e|al)",
    r"self[- ]?harm(?:ing|ed)?",
    r"overdos(?:e|ed|ing)",
    r"end(?:ing)? (?:my|your) (?:own )?life",
    r"end(?:ing)? it all",
    r"tak(?:e|ing) (?:my|your) own life",
    r"(?:want(?:ed)? to|wanna|ready to|deserve to|rather) (?:die|be dead)",
    r"wish(?:ed)? (?:that )?i (?:was|were) (?:dead|not alive|gone forever)",
    r"wish(?:ed)? (?:that )?i(?:'d| had) never been born",
    r"better off (?:dead|without me)",
    r"(?:do not|don't|no longer) want to (?:be alive|exist|wake up)",
    r"(?:do not|don't|no longer) want to live(?! (?:in|here|there|with|at|on|alone|near|by|like|under)\b)",
    r"(?:no|any|without) (?:reason|point) (?:to live|to go on living|in living|in being alive|for living)",
    r"(?:can't|cannot) go on living",
    r"not worth living",
)
_FOUND = re.compile(rf"\b(?:{'|'.join(_PHRASES)})\b")

Detect = Callable[[str], "str | Awaitable[str | None] | None"]


def self_harm_language(text: str) -> str | None:
    """The first phrase of self-harm in a text, or None."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST]).lower().replace("’", "'")
    found = _FOUND.search(" ".join(plain.split()))
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class CrisisPolicy:
    """What is done about words of self-harm.

    Args:
        detect: Gives the words it found in an utterance, or None; may be asynchronous.
        referral: The supporter's last words in such a dialogue.
    """

    detect: Detect = self_harm_language
    referral: str = REFERRAL

    async def found_in(self, text: str) -> str | None:
        """What the detector found."""
        found = self.detect(text)
        return await found if inspect.isawaitable(found) else found


@dataclass(frozen=True, slots=True)
class Crisis:
    """Where a dialogue was ended: the turn, whose words, and which."""

    turn: int
    speaker: str
    words: str
