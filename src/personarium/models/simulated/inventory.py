"""Inventories: the subject rates statements about itself by the graded response model.

Source: SIMULATED.md, "Inventories". The item bank comes from the assignment and marker tables of the IPIP
(``tools/make_item_bank.py``), not from the key file that instruments score with. Four marker texts disagree with
that file and stay as they are: see :data:`DISAGREEING`.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

from personarium.models.simulated.asked import (
    Answer,
    answer_holes,
    certainty_value,
    fill,
    form_of,
    is_certainty,
    make_values,
    place_of,
    scale_text,
)
from personarium.models.simulated.chance import Dice
from personarium.models.simulated.latents import DESIRABLE, theta
from personarium.models.simulated.ledger import Ledger
from personarium.models.simulated.occasions import unordered
from personarium.models.simulated.parameters import Parameters
from personarium.models.simulated.printed import Ladder, ladder
from personarium.models.simulated.request import Request
from personarium.text.holes import Hole

# Texts for which the markers (our source) and the 300-item key disagree: text, ours, theirs. Not smoothed.
DISAGREEING = (
    ("Feel others' emotions.", "A+", "O+"),
    ("Find it difficult to approach others.", "E-", "N+"),
    ("Am hard to get to know.", "A-", "E-"),
    ("Am not really interested in others.", "A-", "E-"),
)
DISCRIMINATION = 1.2  # a of the graded response model
WIDTH = 1.5  # thresholds are evenly spaced over -1.5 .. 1.5

_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?")
_FRAME = re.compile(
    r"^\W*(?:i|you) (?:see|consider|would describe|describe) (?:myself|yourself) (?:as|to be)\s*(?:someone|"
    r"a person)?\s*(?:who|that)?\s+|"
    r"^\W*(?:i am|i'm|you are|you're|is|this is)?\s*(?:someone|a person|one) (?:who|that)\s+",
    re.IGNORECASE,
)
_SAME = {
    "your": "my",
    "yours": "mine",
    "yourself": "myself",
    "are": "am",
    "is": "am",
    "do": "",
    "i'm": "am",
    "you're": "am",
}
_DROPPED = frozenset({"i", "you", "me", "someone", "that", "the"})
_QUOTED = re.compile(r"[\"“]([^\"”\n]{4,300})[\"”]")
_MARKED = re.compile(
    r"^[ \t]*(?:[-*][ \t]+)?(?:statement|item)(?:[ \t]*\d+)?[ \t]*[:.][ \t]*(\S.*)$", re.IGNORECASE | re.MULTILINE
)
_LISTED = re.compile(r"^[ \t]*\(?\d{1,3}[.):][ \t]+(\S.*?)[ \t]*$", re.MULTILINE)
_PERSONAL = re.compile(
    r"^\W*(?:i|you|my|your|i['’]m|you['’]re)\b|\b(?:i|you) (?:feel|am|are|have|like|think)\b", re.IGNORECASE
)


@lru_cache(maxsize=1)
def bank() -> Mapping[str, tuple[str, int]]:
    """Canonical item text -> (trait, direction); loaded on first use."""
    text = files("personarium.models.simulated").joinpath("items.csv").read_text(encoding="utf-8")
    return {canonical(row["text"]): (row["trait"], int(row["direction"])) for row in csv.DictReader(text.splitlines())}


@lru_cache(maxsize=8192)
def canonical(text: str) -> str:
    """One spelling for a statement in the first, second or no person, with or without a frame and full stop."""
    tokens = _WORD.findall(_FRAME.sub("", text.strip(), count=1).lower().replace("’", "'"))
    kept = (_SAME.get(t, t) for t in tokens if t not in _DROPPED)
    return " ".join(t[:-1] if len(t) > 3 and t.endswith("s") else t for t in kept if t)


def lookup(text: str) -> tuple[str, int] | None:
    """The (trait, direction) of a statement, None when it is not in the bank."""
    return bank().get(canonical(text))


@lru_cache(maxsize=256)
def thresholds(categories: int) -> tuple[float, ...]:
    """The thresholds b of a scale: -1.5, -0.5, 0.5, 1.5 for five categories, 0 for two."""
    n = categories - 1
    return (0.0,) if n == 1 else tuple(-WIDTH + 2 * WIDTH * k / (n - 1) for k in range(n))


def shares(level: float, categories: int) -> list[float]:
    """The probabilities of the categories, lowest first, of the graded response model with a = 1.2."""
    above = [1.0, *(1 / (1 + math.exp(-DISCRIMINATION * (level - b))) for b in thresholds(categories)), 0.0]
    return [above[k] - above[k + 1] for k in range(categories)]


def category(level: float, categories: int, u: float) -> int:
    """The category that the draw ``u`` gives: higher with a higher level, for every u."""
    return sum(u < 1 / (1 + math.exp(-DISCRIMINATION * (level - b))) for b in thresholds(categories))


def recognise(request: Request) -> str:
    """``block item``, or ``ordered labels`` with a statement in the first or second person."""
    form = form_of(request)
    holes = answer_holes(form) if form else ()
    if request.has("item") and (form is None or _rates(request, holes)):
        return "block item"
    if form is None or not holes or not _rates(request, holes):
        return ""
    scale = _ladder(request, holes[0])
    if scale is None or not scale.labelled or len(scale.answers) < 3:
        return ""
    return "ordered labels" if any(_PERSONAL.search(i) or lookup(i) for i in items_in(request)) else ""


def _rates(request: Request, holes: Sequence[Hole]) -> bool:
    """Whether places on a rating scale are wanted (an item with lettered actions belongs to the chooser)."""
    return bool(holes) and _ladder(request, holes[0]) is not None


def items_in(request: Request) -> tuple[str, ...]:
    """The statements to be rated, in order."""
    inside = [b.text for b in request.blocks if b.tag == "item"]
    if len(inside) == 1:
        return _split(inside[0])
    if inside:
        return tuple(inside)
    for tag in ("statements", "question", "text"):
        if request.has(tag):
            return _split(request.block(tag))
    return _plain_items(request.last)


@lru_cache(maxsize=2048)
def _split(text: str) -> tuple[str, ...]:
    listed = _LISTED.findall(text)
    return tuple(listed) if len(listed) > 1 else (text.strip(),)


@lru_cache(maxsize=2048)
def _plain_items(text: str) -> tuple[str, ...]:
    marked = _MARKED.findall(text)
    if marked:
        return tuple(m.strip('"“” ') for m in marked)
    quoted = [q for q in _QUOTED.findall(text) if len(q.split()) > 1 or lookup(q)]
    known = [q for q in quoted if lookup(q)]
    if known or quoted:
        return tuple(known or quoted[:1])
    listed = [item for item in _LISTED.findall(text) if lookup(item) or _PERSONAL.search(item)]
    if listed:
        return tuple(listed)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return tuple(
        [line for line in lines if lookup(line)] or [line for line in lines if re.match(r"(?:I|My)\b", line)][:1]
    )


def answer(request: Request, parameters: Parameters, dice: Dice, ledger: Ledger) -> Answer:
    """Rate every statement; unknown ones have theta 0 and stand in ``unread``."""
    form = form_of(request)
    items = items_in(request)
    if form is None:
        ledger.unread.append("no reply form or scale")
        return _in_words(request, parameters, dice, ledger, items)
    wanted = answer_holes(form)

    def make(hole: Hole, k: int) -> Any:
        if is_certainty(hole):
            return certainty_value(hole, 1.0, parameters)
        if hole not in wanted:
            return _reason(items)
        place = place_of(form, hole, k, wanted)
        item = items[min(place, len(items) - 1)] if items else ""
        printed = rate(request, parameters, dice, ledger, item, _ladder(request, hole))
        return printed == "yes" if hole.kind == "yesno" else hole.accept(printed)

    return fill(request, form, make_values(form, make, len(items)))


def rate(request: Request, parameters: Parameters, dice: Dice, ledger: Ledger, item: str, scale: Ladder | None) -> str:
    """The printed answer to one statement."""
    if scale is None:
        ledger.unread.append("no rating scale")
        return ""
    key = unordered(request, item)
    if parameters.first and dice.hit("first", key, parameters.first):
        return scale.answers[0]
    level = agreement(request, parameters, ledger, item)
    u = dice.u("item", key)
    place = category(level, len(scale.answers), u)
    ledger.draws.append(("item", u, level))
    ledger.acts.append((item, f"category {place}"))
    return scale.answer_of(place)


def agreement(request: Request, parameters: Parameters, ledger: Ledger, item: str) -> float:
    """The agreement level: direction x theta + acquiescence + faking x desirability."""
    known = lookup(item)
    if known is None:
        ledger.unread.append(f"item: {item[:80]}")
        ledger.latents.append(("theta", 0.0))
        return parameters.acquiescence
    trait, direction = known
    latent = theta(request, parameters, ledger, trait)
    good = direction * DESIRABLE.get(trait, 0)
    return direction * latent + parameters.acquiescence + parameters.faking * good


def _ladder(request: Request, hole: Hole) -> Ladder | None:
    if hole.kind == "number":
        lo, hi = int(hole.lo or 0), int(hole.hi or 0)
        return ladder(scale_text(request), (), lo, hi) if hi - lo <= 20 else None
    return ladder(scale_text(request), hole.choices, None, None) if hole.choices else None


def _reason(items: Sequence[str]) -> str:
    return (
        f"I asked myself how well this fits me: {items[0].strip()}"
        if items
        else "I asked myself how well this fits me."
    )


def _in_words(request: Request, parameters: Parameters, dice: Dice, ledger: Ledger, items: Sequence[str]) -> str:
    """Without a form or a scale: agreement in words, one line for each statement."""
    scale = ladder("", ("strongly disagree", "disagree", "neutral", "agree", "strongly agree"), None, None)
    return "\n".join(rate(request, parameters, dice, ledger, item, scale).capitalize() + "." for item in items)
