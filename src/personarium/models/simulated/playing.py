"""Playing a persona turn by turn: disclose, drift, echo; carry, contradict or evade facts; invent; say goodbye."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from personarium.models.simulated.chance import Dice
from personarium.models.simulated.clauses import first_person
from personarium.models.simulated.ledger import Ledger
from personarium.models.simulated.parameters import Parameters
from personarium.models.simulated.phrases import phrases
from personarium.models.simulated.reading import (
    Attribute,
    Fact,
    attributes,
    is_said,
    read_facts,
    relevant_facts,
)
from personarium.models.simulated.request import Request
from personarium.models.simulated.words import NEGATIONS, sentences, stems

if TYPE_CHECKING:
    from personarium.models.simulated.subject import Answer

_FRAMES = frozenset({"persona", "memory", "reply", "rules", "examples"})
_SPOKEN_TO = ("question", "item", "dialogue", "scene")
_TURN = re.compile(r"^\s*(?P<name>[\w .'’()*-]{1,40}?)\s?:\s+(?P<said>.+)$")
_SPEAKER = re.compile(r"^[\w .'’()-]{1,40}:\s+")


def recognise(request: Request) -> str:
    """A system message, a persona or a conversation, and no form but free text. A bare request is nobody's turn."""
    form = request.form
    if form is not None and any(hole.kind != "text" for hole in form.holes):
        return ""
    if request.has("persona"):
        return "persona block"
    if request.system.strip():
        return "system message"
    if form is not None:
        return "free text wanted"
    if request.own_turns:
        return "conversation"
    return "spoken to" if request.has(*_SPOKEN_TO) else ""


def answer(request: Request, p: Parameters, dice: Dice, ledger: Ledger) -> Answer:
    """One turn of the person that the request describes, or of a plain assistant when it describes nobody."""
    return said(request, turn(request, p, dice, ledger))


def said(request: Request, text: str) -> Answer:
    """Put a spoken text where the form wants it; every free text hole gets it."""
    from personarium.models.simulated.subject import Filled

    if request.form is None:
        return text
    return Filled(request.form.compose(lambda hole, k: text, length=1))


def refuse(request: Request, p: Parameters, dice: Dice, ledger: Ledger) -> str:
    """Decline; the reply is no reply of any form."""
    ledger.acts.append(("", "refuse"))
    return _phrase("refuse", request, p, dice)


def turn(request: Request, p: Parameters, dice: Dice, ledger: Ledger) -> str:
    """What is said in this turn; every decision goes into the ledger. Source: SIMULATED.md, "Playing"."""
    facts = known_facts(request)
    ledger.facts = facts
    heard = utterance(request)
    ledger.relevant = [f.id for f in relevant_facts(facts, heard)]
    if p.disclosure and dice.hit("disclosure", request.occasion, p.disclosure):
        ledger.acts.append(("", "disclose"))
        return _filled([_phrase("disclose", request, p, dice)], request, p, dice, "neutral")
    t = len(own_turns(request))
    if p.control == "generic" or (p.drift and dice.hit("drift", request.occasion, 1 - (1 - p.drift) ** t)):
        ledger.acts.append(("", "neutral"))
        return _ending([_phrase("neutral", request, p, dice)], [], request, p, dice, ledger, "neutral")
    parts: list[str] = []
    if p.echo and dice.hit("echo", request.occasion, p.echo) and heard.strip():
        parts.append(sentences(heard)[-1])
        ledger.acts.append(("", "echo"))
    about = [f for f in facts if f.id in ledger.relevant]
    about.sort(key=lambda f: ledger.relevant.index(f.id))
    parts += (
        _about_facts(about, facts, request, p, dice, ledger) if about else _unasked(facts, request, p, dice, ledger)
    )
    if facts and p.invent and dice.hit("invent", request.occasion, p.invent):
        parts += _invention(facts, request, p, dice, ledger)
    return _ending(parts, facts, request, p, dice, ledger, "filler" if facts else "neutral")


def known_facts(request: Request) -> list[Fact]:
    """The valid facts of the persona, its memory, and what it has said of itself before about other keys.

    What was said earlier never overrides the persona: a contradiction would otherwise become the truth.
    """
    facts = read_facts(request.persona, request.memory)
    own = own_turns(request) if facts else ()
    if not own:
        return facts
    keys = {f.key for f in facts}
    return facts + [f for f in _own_facts(own) if f.key not in keys]


def own_turns(request: Request) -> tuple[str, ...]:
    """What it has said so far: its turns in the messages, and in a dialogue block those under its name (or "You")."""
    printed = request.block("dialogue")
    if not printed:
        return request.own
    names = {f.value.lower() for f in read_facts(request.persona) if f.key == "name"}
    return request.own + _printed_turns(printed, frozenset({"you"} | names | {n.split()[0] for n in names}))


@lru_cache(maxsize=2048)
def _printed_turns(dialogue: str, names: frozenset[str]) -> tuple[str, ...]:
    turns = (_TURN.match(line) for line in dialogue.splitlines())
    return tuple(t["said"] for t in turns if t and t["name"].strip(" *").lower() in names)


@lru_cache(maxsize=2048)
def _own_facts(own: tuple[str, ...]) -> tuple[Fact, ...]:
    from dataclasses import replace

    keyed = [f for f in read_facts("", own) if f.key in attributes() and not f.negated]
    return tuple(replace(f, id=f"t{n}") for n, f in enumerate(keyed, 1))


def utterance(request: Request) -> str:
    """What the partner says: the question, item, last turn of a dialogue or scene; else the last message itself."""
    for tag in _SPOKEN_TO:
        text = request.block(tag)
        if text:
            return _SPEAKER.sub("", text.strip().splitlines()[-1]) if tag == "dialogue" else text
    return _outside_blocks(request.last) if "<" in request.last else request.last


@lru_cache(maxsize=2048)
def _outside_blocks(text: str) -> str:
    from personarium.text.blocks import blocks

    for b in reversed(list(blocks(text))):
        text = text[: b.start] + (text[b.end :] if b.tag in _FRAMES else b.text + text[b.end :])
    return text.strip()


def _about_facts(
    about: Iterable[Fact], facts: Sequence[Fact], request: Request, p: Parameters, dice: Dice, ledger: Ledger
) -> list[str]:
    return [_take_up(f, facts, request, p, dice, ledger) or _evade(f, request, p, dice, ledger) for f in about]


def _take_up(f: Fact, facts: Sequence[Fact], request: Request, p: Parameters, dice: Dice, ledger: Ledger) -> str:
    """Carry or contradict one fact; "" when it is neither."""
    key = f"{request.occasion}|{f.id}"
    if dice.hit("fidelity", key, p.fidelity):
        if p.copy and dice.hit("copy", key, p.copy):
            ledger.acts.append((f.id, "copy"))
            return verbatim(f)
        ledger.acts.append((f.id, "carry"))
        return in_own_words(f, key, p, dice)
    if p.contradict and dice.hit("contradict", key, p.contradict):
        ledger.acts.append((f.id, "contradict"))
        return contradicted(f, facts, request, p, dice)
    return ""


def _evade(f: Fact, request: Request, p: Parameters, dice: Dice, ledger: Ledger) -> str:
    ledger.acts.append((f.id, "evade"))
    return _choose("evade", f"{request.occasion}|{f.id}", p, dice)


def _unasked(facts: Sequence[Fact], request: Request, p: Parameters, dice: Dice, ledger: Ledger) -> list[str]:
    unsaid = _unsaid(facts, own_turns(request))
    if unsaid and p.initiative and dice.hit("initiative", request.occasion, p.initiative):
        told = _take_up(unsaid[0], facts, request, p, dice, ledger)
        if told:
            ledger.acts.append((unsaid[0].id, "initiative"))
            return [_phrase("initiative", request, p, dice), told]
    ledger.acts.append(("", "smalltalk"))
    return [_phrase("smalltalk" if facts else "neutral", request, p, dice)]


def _unsaid(facts: Sequence[Fact], own: tuple[str, ...]) -> list[Fact]:
    spoken = frozenset().union(*map(stems, own)) if own else frozenset()
    return [f for f in facts if not is_said(f, spoken)]


def _invention(facts: Sequence[Fact], request: Request, p: Parameters, dice: Dice, ledger: Ledger) -> list[str]:
    """One fact the persona does not have; the same person always invents the same ones, in the same order."""
    had = {f.key for f in facts}
    free = sorted(attributes().keys() - had, key=lambda k: dice.u("invented key", f"{request.person}|{k}"))
    if not free:
        return []
    attribute = attributes()[free[0]]
    value = attribute.values[dice.pick("invented value", f"{request.person}|{attribute.key}", len(attribute.values))]
    ledger.acts.append((f"{attribute.key}={value}", "invent"))
    return [_phrase("invent", request, p, dice).format(noun=attribute.noun, value=value)]


def verbatim(f: Fact) -> str:
    """A fact in the words of the persona text."""
    text = f.text.strip().lstrip("-*• ")
    text = text[:1].upper() + text[1:]
    return text if text[-1:] in ".!?" else f"{text}."


def in_own_words(f: Fact, key: str, p: Parameters, dice: Dice) -> str:
    """A fact as a statement about oneself, in a phrasing of the bank; the words of its value stay."""
    attribute = attributes().get(f.key)
    if f.key and not f.negated:
        return _choose("keyed", key, p, dice).format(noun=_noun(f, attribute), value=f.value)
    return _choose("clause", key, p, dice).format(clause=statement(f))


def contradicted(f: Fact, facts: Sequence[Fact], request: Request, p: Parameters, dice: Dice) -> str:
    """A statement that cannot be true with the fact: another value of its key, or its denial."""
    key = f"{request.occasion}|{f.id}"
    attribute = attributes().get(f.key)
    if f.negated:
        return _choose("clause", key, p, dice).format(clause=_affirmed(statement(f)))
    held = frozenset().union(*(g.stems for g in facts))
    others = [v for v in attribute.values if not stems(v) & held] if attribute else []
    if attribute is None or not others or attribute.several:
        return _choose("deny", key, p, dice).format(clause=statement(f))
    # What somebody says instead stays the same for this person, whatever the occasion.
    other = others[dice.pick("other value", f"{request.person}|{f.key}", len(others))]
    return _choose("other", key, p, dice).format(noun=_noun(f, attribute), other=other)


def statement(f: Fact) -> str:
    """A fact as a clause in the first person."""
    if not f.key:
        return first_person(f.value)
    if f.negated:
        return first_person(f.text)
    return f"my {_noun(f, attributes().get(f.key))} is {f.value}"


def _noun(f: Fact, attribute: Attribute | None) -> str:
    return attribute.noun if attribute else f.key.replace("_", " ")


_CONTRACTED = re.compile(r"\b(do|does|did|is|are|was|were|has|have|had|could|would|should|must)n['’]t\b", re.I)
_WHOLE = {"can't": "can", "cannot": "can", "won't": "will"}


def _affirmed(clause: str) -> str:
    kept = [_WHOLE.get(w.lower(), w) for w in _CONTRACTED.sub(r"\1", clause).replace("’", "'").split()]
    return " ".join(w for w in kept if w.lower() not in NEGATIONS)


def _ending(
    parts: list[str], facts: Sequence[Fact], request: Request, p: Parameters, dice: Dice, ledger: Ledger, filler: str
) -> str:
    """Say goodbye when all is said or patience is over, and fill up to the wanted length."""
    own = own_turns(request)
    parted = len(own) >= p.patience
    if not parted and facts and own:
        parted = not _unsaid(facts, (*own, *parts))
    if not parted:
        return _filled(parts, request, p, dice, filler)
    ledger.acts.append(("", "goodbye"))
    bye = _phrase("goodbye", request, p, dice)
    return f"{_filled(parts, request, p, dice, filler, len(bye.split()))} {bye}"


def _filled(parts: list[str], request: Request, p: Parameters, dice: Dice, filler: str, taken: int = 0) -> str:
    """Join the parts and add filling sentences while the reply stays within ``words``."""
    bank = phrases(filler, p.bank)
    at = dice.pick("filler", request.occasion, len(bank))
    length = taken + sum(len(part.split()) for part in parts)
    out = list(parts)
    spoken = frozenset(out)
    for n in range(p.words):
        more = bank[(at + n) % len(bank)]
        if more in spoken:
            continue
        length += len(more.split())
        if length > p.words:
            break
        out.append(more)
    return " ".join(out)


def _phrase(act: str, request: Request, p: Parameters, dice: Dice) -> str:
    return _choose(act, request.occasion, p, dice)


def _choose(act: str, key: str, p: Parameters, dice: Dice) -> str:
    bank = phrases(act, p.bank)
    return bank[dice.pick(f"phrase {act}", key, len(bank))]
