"""Keeping without a model: claims that rules can read, filed by what they are about, and sentences about dated events.

Source: personavlm page, steps 1 and 3 (a model does this in the paper).
Differs: rules read plain statements only; everything else stays in the log and is found by search.
Units: times in seconds since 1970 (UTC).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from personarium.core.sentences import sentence_spans
from personarium.remember.keeping import keep_claims, same_words
from personarium.remember.personavlm.writing import MEDIA, STORES, Desk, kept_by
from personarium.remember.reading import Claim, read_claims
from personarium.remember.recollection import day
from personarium.remember.records import Observation, Operation
from personarium.remember.strategy import UserView

_HABITS = ("personality.habits", "tastes.exercise", "life.volunteering", "body.sleep", "body.diet", "routine", "habit")
_CORE = ("social.", "place.", "work.", "education.", "family.", "personality.", "name", "age", "occupation")
_EVENT = re.compile(
    r"\b(?:yesterday|today|tonight|this (?:morning|afternoon|evening|week|weekend)|"
    r"last (?:night|week|weekend|month|year|spring|summer|autumn|fall|winter)|\w+ (?:days?|weeks?|months?|years?) ago)\b",
    re.IGNORECASE,
)
_DAY_BEFORE = re.compile(r"\b(?:yesterday|last night)\b", re.IGNORECASE)
_OWN = re.compile(r"\b(?:i|we|my|our|me|us)\b", re.IGNORECASE)


def store_of(key: str) -> str:
    """The store of a claim, by its key: habits, who the person is, and all the rest."""
    if key.startswith(_HABITS):
        return "procedural"
    return "core" if key.startswith(_CORE) else "semantic"


def write_by_rules(desk: Desk, view: UserView, said: Sequence[Observation], strategy: str) -> None:
    """Write what rules can read in the user's own words.

    Args:
        desk: Where the edits go.
        view: The memory as it stands.
        said: The observations of all talks that are to be dealt with, oldest first.
        strategy: Whose entries they are compared with.
    """
    filed = _filed(read_claims(said), {same_words(one.text): one.kind for one in kept_by(view, strategy, *STORES)})
    for store in STORES:
        edits = keep_claims(view, filed.get(store, []), kind=store, strategy=strategy)
        desk.operations += shifted(edits, len(desk.operations))
    for one in said:
        if one.speaker == "user":
            desk.write(_events(one), [one], one.session or one.id)


def _filed(claims: Sequence[Claim], stores: dict[str, str]) -> dict[str, list[Claim]]:
    """Claims by store; one that names no matter of its own, or an older value, goes where that value is kept."""
    out: dict[str, list[Claim]] = {}
    for claim in claims:
        value = claim.instead_of or ("" if claim.key else claim.value)
        store = stores.get(same_words(value)) or store_of(claim.key)
        stores[same_words(claim.value)] = store
        out.setdefault(store, []).append(claim)
    return out


def shifted(edits: Sequence[Operation], by: int) -> list[Operation]:
    """Edits that are to stand behind ``by`` others in one batch: what they call ``+2`` is then ``+(2 + by)``."""
    return [replace(one, target=f"+{int(one.target[1:]) + by}") if one.target.startswith("+") else one for one in edits]


def _events(one: Observation) -> list[dict[str, str]]:
    """Sentences that tell an event of one's own with a word of time, and a picture with whatever was said about it."""
    told = [one.text[start:stop] for start, stop in sentence_spans(one.text)]
    if not (isinstance(one.meta.get(MEDIA), list) and one.meta[MEDIA]):
        told = [text for text in told if _EVENT.search(text) and _OWN.search(text) and not text.endswith("?")]
    return [_event(text, one.at) for text in told]


def _event(text: str, at: float) -> dict[str, str]:
    on = day(at - 86400.0) if _DAY_BEFORE.search(text) else day(at)
    return {"action": "add", "store": "episodic", "memory": text, "date": on, "quote": text}
