"""What stands in for the model when there is none: summaries and portraits put together from what was said, word by word.

They select, they do not rephrase or conclude; each says of itself that rules made it.

Source: the laboratory's own; the paper has every text written by a model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from personarium.core.sentences import sentence_spans
from personarium.remember.reading import read_claims
from personarium.remember.records import Observation

DAY_CHARACTERS = 400
OVERALL_CHARACTERS = 2000
# Matters that say what somebody is like, by the first part of their key.
PORTRAIT = frozenset({"personality", "tastes", "skills", "values", "state", "mood"})
_FEELING = re.compile(
    r"\bI(?:['’]m| am| feel| felt| was)\s+(?:so |very |quite |a bit |really |rather )*(?:happy|sad|tired|"
    r"worried|anxious|nervous|excited|lonely|stressed|angry|upset|proud|calm|bored|afraid|relaxed|depressed|down|lost)\b",
    re.I,
)


def day_in_words(said: Sequence[Observation]) -> str:
    """The statements of the user on one day; without any, the first sentence of each of their utterances."""
    mine = [one for one in said if one.speaker == "user"]
    quotes = [claim.sentence for claim in read_claims(mine)]
    return joined(quotes or [first for one in mine if (first := first_sentence(one.text))], DAY_CHARACTERS)


def portrait_in_words(said: Sequence[Observation]) -> str:
    """What the user said of their tastes, traits and mood on one day; empty when they said nothing of the kind."""
    mine = [one for one in said if one.speaker == "user"]
    quotes = [claim.sentence for claim in read_claims(mine) if claim.key.partition(".")[0] in PORTRAIT]
    felt = [text for one in mine for text in sentences(one.text) if _FEELING.search(text)]
    return joined([*quotes, *felt], DAY_CHARACTERS)


def overall_in_words(days: Iterable[tuple[str, str]], dated: bool) -> str:
    """All days in one text, oldest first; where it would be too long, the oldest are left out.

    Args:
        days: (day, text), oldest first.
        dated: Whether each is shown with its day; a text that is the same on several days is then kept each time.
    """
    shown = [f"{day}: {text}" if dated else text for day, text in days]
    kept: list[str] = []
    length = 0
    for text in reversed(list(dict.fromkeys(shown))):
        length += len(text) + 1
        if kept and length > OVERALL_CHARACTERS:
            break
        kept.append(text)
    return "\n".join(reversed(kept))[:OVERALL_CHARACTERS]


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return [text[start:end] for start, end in sentence_spans(text)]


def first_sentence(text: str) -> str:
    """The first sentence of a text; empty for one of blanks."""
    return next((text[start:end] for start, end in sentence_spans(text)), "")


def joined(texts: Iterable[str], most: int) -> str:
    """Different texts in their order, as many as fit into ``most`` characters; the first one is cut where it alone does not."""
    kept: list[str] = []
    length = 0
    for text in dict.fromkeys(" ".join(one.split()) for one in texts):
        if kept and length + len(text) + 1 > most:
            continue
        kept.append(text[:most])
        length += len(kept[-1]) + 1
    return " ".join(kept)
