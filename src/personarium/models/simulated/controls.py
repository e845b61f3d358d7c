"""The negative controls: subjects that do one wrong thing on purpose; an instrument must notice it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from personarium.models.simulated.asked import fill, form_of
from personarium.models.simulated.chance import Dice
from personarium.models.simulated.ledger import Ledger
from personarium.models.simulated.parameters import CONTROLS, Parameters
from personarium.models.simulated.phrases import phrases
from personarium.models.simulated.playing import refuse, said
from personarium.models.simulated.printed import options_in
from personarium.models.simulated.request import Request
from personarium.models.simulated.subject import Answer
from personarium.models.simulated.words import stems
from personarium.text.form import Form
from personarium.text.holes import Hole

__all__ = ["CONTROLS", "OTHERS", "override", "preset", "recast"]

# What a control changes of the parameters; whatever else the name says stays.
_PRESETS: Mapping[str, Mapping[str, Any]] = {
    "generic": {"fidelity": 0.0, "initiative": 0.0, "invent": 0.0},
    "contrary": {"fidelity": 0.0, "contradict": 1.0},
    "flatterer": {"acquiescence": 5.0, "leniency": 5.0},
    "windbag": {"words": 400},
    "first": {"first": 1.0},
    "certain": {"overconfidence": 1.0},
}
_CONSTANT = "I see, and that is fine with me."
# No digit, no letter that stands alone, no yes or no: nothing that a tolerant reader could take for a value.
_UNPARSABLE = "Well, there is much to be said about this, and some would say something else."

# Whom the control `other` plays; invented, keyed and fluent.
OTHERS: tuple[str, ...] = (
    "Name: Anselm Reuter\nAge: 64\nOccupation: lighthouse keeper\nHome: Heligoland\nHobby: knot tying\n"
    "Favourite food: smoked herring\nPet: a one-eyed tomcat\nCore value: solitude\n"
    "I carve walking sticks from driftwood.",
    "Name: Zofia Lewandowska\nAge: 22\nOccupation: circus acrobat\nHome: Gdansk\nHobby: unicycle hockey\n"
    "Favourite food: plum dumplings\nPet: a magpie\nCore value: daring\nI sew my own costumes out of sailcloth.",
    "Name: Baptiste Nkemelu\nAge: 37\nOccupation: truffle hunter\nHome: Cahors\nHobby: bagatelle\n"
    "Favourite food: chestnut soup\nPet: a truffle hog\nCore value: thrift\nI repair church organs in the off months.",
)
_RECAST = frozenset({"player", "respondent", "chooser", "gamer"})
_POSITIVE = re.compile(
    r"^(?:yes|true|agree|strongly agree|correct|entail\w*|support\w*|consistent|valid|good|accept|pass)$", re.I
)
_LEAK = re.compile(
    r"\b(?:(?:the )?(?:correct|gold(?:en)?|right|true|expected|actual|ground[- ]truth)[ _-]*"
    r"(?:answer|label|option|choice|letter|value)?|answer[ _-]*key|gold|ground[ _-]truth|label|target|solution|"
    r"rationale|explanation|later|afterwards|outcome|what happened next)"
    r"[\"']?\s*(?:\(.{0,20}\)\s*)?(?:is|was|:|=)\s*(?P<leak>[^\n]+)",
    re.I,
)


def preset(p: Parameters) -> Parameters:
    """The parameters that a control acts with."""
    return replace(p, **_PRESETS.get(p.control, {}))


def recast(request: Request, p: Parameters, role: str, dice: Dice) -> Request:
    """For the control `other`: the same request with another persona in the place of the given one."""
    if p.control != "other" or role not in _RECAST or not request.persona:
        return request
    other = OTHERS[dice.pick("other persona", request.person, len(OTHERS))]
    return replace(request, persona=other, memory=())


def override(request: Request, p: Parameters, dice: Dice, ledger: Ledger) -> Answer | None:
    """What a control answers in the place of the role; None when the role answers itself."""
    control = _OVERRIDES.get(p.control)
    return control(request, p, dice, ledger) if control else None


def _mute(request: Request, p: Parameters, dice: Dice, ledger: Ledger) -> Answer:
    ledger.acts.append(("", "mute"))
    return ""


def _constant(request: Request, p: Parameters, dice: Dice, ledger: Ledger) -> Answer:
    ledger.acts.append(("", "constant"))
    return _CONSTANT


def _parrot(request: Request, p: Parameters, dice: Dice, ledger: Ledger) -> Answer:
    ledger.acts.append(("", "echo"))
    return request.last


def _copycat(request: Request, p: Parameters, dice: Dice, ledger: Ledger) -> Answer:
    from personarium.models.simulated.playing import known_facts

    ledger.facts = known_facts(request)
    ledger.acts += [(f.id, "copy") for f in ledger.facts]
    return request.persona or phrases("neutral", p.bank)[0]


def _unparsable(request: Request, p: Parameters, dice: Dice, ledger: Ledger) -> Answer | None:
    form = form_of(request)
    if form is None or form.kind == "text":
        return None
    ledger.acts.append(("", "unparsable"))
    return _UNPARSABLE


def _flatterer(request: Request, p: Parameters, dice: Dice, ledger: Ledger) -> Answer | None:
    if ledger.role == "player":
        ledger.acts.append(("", "agree"))
        bank = phrases("agree", p.bank)
        at = dice.pick("phrase agree", request.occasion, len(bank))
        return said(request, f"{bank[at]} {bank[(at + 1) % len(bank)]}")
    form = form_of(request)
    if ledger.role != "judge" or form is None or not any(_agreeable(hole) for hole in form.holes):
        return None
    ledger.acts.append(("", "agree"))
    return fill(request, form, form.compose(_agreement(p)))


def _agreeable(hole: Hole) -> bool:
    return hole.kind == "yesno" or any(_POSITIVE.match(choice) for choice in hole.choices)


def _agreement(p: Parameters) -> Callable[[Hole, int], Any]:
    def make(hole: Hole, k: int) -> Any:
        if hole.kind == "yesno":
            return True
        if hole.kind == "choice":
            return next((c for c in hole.choices if _POSITIVE.match(c)), hole.choices[0])
        if hole.kind == "number":
            return int(hole.hi or 0) if hole.integer else float(hole.hi or 0)
        return phrases("agree", p.bank)[0]

    return make


def _insider(request: Request, p: Parameters, dice: Dice, ledger: Ledger) -> Answer:
    leaks = [match["leak"].strip() for m in (request.system, request.last) for match in _LEAK.finditer(m)]
    ledger.acts.append(("", "leak" if leaks else "chance"))
    form = form_of(request)
    if form is None:
        return leaks[0] if leaks else phrases("neutral", p.bank)[0]
    return fill(request, form, form.compose(_from_leaks(leaks, request, form, p, dice)))


def _from_leaks(
    leaks: list[str], request: Request, form: Form, p: Parameters, dice: Dice
) -> Callable[[Hole, int], Any]:
    def make(hole: Hole, k: int) -> Any:
        key = f"{request.occasion}|{hole.name}|{k}"
        if hole.kind == "number":
            return _leaked_number(leaks, hole, dice.u("insider", key))
        if hole.kind in ("choice", "yesno"):
            choices = hole.choices or ("yes", "no")
            found = next((c for leak in leaks for c in [_leaked_choice(leak, choices, request)] if c), "")
            chosen = found or choices[dice.pick("insider", key, len(choices))]
            return chosen == "yes" if hole.kind == "yesno" else chosen
        return leaks[0] if leaks and hole.kind == "text" else (hole.choices or ("nothing",))[0]

    return make


def _leaked_choice(leak: str, choices: tuple[str, ...], request: Request) -> str:
    head = re.match(r"[\W_]*(\w+)", leak)
    named = [c for c in choices if head and c.lower() == head[1].lower()]
    if named:
        return named[0]
    meant = {o.key: o.text for o in options_in(request.block("options") or request.last)}
    shared = {c: len(stems(meant.get(c, c)) & stems(leak)) for c in choices}
    best = max(choices, key=lambda c: shared[c])
    return best if shared[best] else ""


def _leaked_number(leaks: list[str], hole: Hole, u: float) -> float | int:
    lo, hi = float(hole.lo or 0), float(hole.hi or 0)
    for leak in leaks:
        for text in re.findall(r"-?\d+(?:\.\d+)?", leak):
            if lo <= float(text) <= hi:
                return int(float(text)) if hole.integer else float(text)
    return min(int(lo + u * (hi - lo + 1)), int(hi)) if hole.integer else round(lo + u * (hi - lo), 2)


_OVERRIDES: Mapping[str, Callable[[Request, Parameters, Dice, Ledger], Answer | None]] = {
    "mute": _mute,
    "refuser": refuse,
    "constant": _constant,
    "parrot": _parrot,
    "copycat": _copycat,
    "unparsable": _unparsable,
    "flatterer": _flatterer,
    "insider": _insider,
}
