"""Writing: lists with exactly the wanted number of items, JSON by field name and type, schemas and tool calls.

Source: SIMULATED.md, "Writing, reading, games".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from personarium.models.simulated.asked import (
    Answer,
    fill,
    form_of,
    is_certainty,
    part,
    parts,
    plain_rule,
    to_range,
)
from personarium.models.simulated.chance import Dice
from personarium.models.simulated.composing import compose
from personarium.models.simulated.ledger import Ledger
from personarium.models.simulated.parameters import Parameters
from personarium.models.simulated.printed import options_of_block
from personarium.models.simulated.reading import Attribute, Fact, attributes, key_of, read_facts
from personarium.models.simulated.request import Request
from personarium.models.simulated.validity import keyed
from personarium.models.simulated.words import sentences, stems
from personarium.text.holes import Hole

_FIXING = ("slot", "rules", "issues")  # blocks whose values are kept with `obey`
_SOURCES = (
    "materials",
    "issues",
    "text",
    "dialogue",
    "item",
    "draft",
    "scene",
    "question",
    "response",
    "statements",
    "memory",
    "persona",
    "reference",
    "examples",
    "rubric",
    "game",
)
_BOUND = re.compile(
    r"^[ \t]*(?:[-*•][ \t]+)?([A-Za-z_][\w .\-/]{0,60}?)\s*(<=|>=|<|>|≤|≥)\s*(-?\d+(?:\.\d+)?)", re.MULTILINE
)
_QUESTIONS = re.compile(r"\b(?:questions?|quer(?:y|ies)|ask)\b", re.IGNORECASE)
# A stated length of every item: what would be longer is said in fewer words.
_AT_MOST = re.compile(r"\bat most (\d{1,5}) characters\b", re.IGNORECASE)
_NAMES = re.compile(r"\bnames?$", re.IGNORECASE)
_LONG = re.compile(
    r"\b(?:description|summary|text|content|story|bio\w*|background|profile|paragraph|note|message|body|"
    r"scenario|scene|rationale)$",
    re.I,
)
_WHY = re.compile(r"\b(?:reason\w*|explanation|thought\w*|analysis|justification|feedback|why)$", re.IGNORECASE)
_OPENINGS = (
    "Something about {}", "A word on {}", "More on {}", "On the subject of {}",
    "What matters about {}", "A closer look at {}",
    "Notes on {}", "Thoughts about {}",
)  # fmt: skip
_ASKS = (
    "{}", "Tell me: {}", "If a friend asked you, {}", "Thinking of {about}, {}",
    "After a long day, {}", "When you were younger, {}",
    "Talking about {about}, {}", "Looking ahead, {}",
)  # fmt: skip
_NOUN = re.compile(
    r"(?=\b(?:list of|write|give me|name|suggest|propose|exactly)\s+(?:\d{1,3}|[a-z]+)\s+((?:[A-Za-z]+ ?){1,3}))",
    re.IGNORECASE,
)
_UNNAMED = ("text", "item", "items")  # holes of a list that have no name of their own
LONGEST_LIST = 500
USUAL_LENGTH = 3  # of a list of any length


def recognise(request: Request) -> str:
    """A form with a list or JSON or mixed holes, a JSON schema, tools, or plain words for a list or JSON."""
    form = form_of(request)
    if request.sampling.tools:
        return "tools"
    if form is None:
        return "JSON schema" if request.sampling.schema is not None else ""
    if form.kind in ("list", "json"):
        return plain_rule(request) or f"{form.kind} form"
    if len(form.holes) > 1 and (any(h.kind != "text" for h in form.holes) or request.has(*_FIXING, "materials")):
        return "form with several holes"
    return "form with a path" if form.holes[0].kind == "path" else ""


@dataclass(slots=True)
class Desk:
    """A writer at work: what it writes from, and what is fixed."""

    request: Request
    dice: Dice
    ledger: Ledger
    facts: Sequence[Fact]
    lines: tuple[str, ...]
    fixed: Mapping[str, str]
    bounds: Mapping[str, tuple[str, float]]
    broken: str
    task: str
    selecting: bool = False
    chosen: list[str] = field(default_factory=list)
    starts: dict[str, int] = field(default_factory=dict)


def answer(request: Request, parameters: Parameters, dice: Dice, ledger: Ledger) -> Answer:
    """Fill the form; without one, write what the schema or the first tool wants."""
    form = form_of(request)
    desk = _desk(request, parameters, dice, ledger)
    if request.sampling.tools or form is None:
        from personarium.models.simulated.schemas import by_schema, tool_call

        return tool_call(desk) if request.sampling.tools else by_schema(desk)
    desk.selecting = form.kind == "list" and len(form.holes) == 1
    written: dict[str, set[str]] = {}

    def make(hole: Hole, k: int) -> Any:
        if form.kind == "line" and hole.kind == "text":
            k = form.holes.index(hole)
        return _different(lambda draw: value(desk, hole, draw), k, written.setdefault(hole.name, set()), hole)

    count = asked_length(request)
    return fill(request, form, compose(form, make, lambda hole: count or USUAL_LENGTH))


def _different(write: Any, k: int, taken: set[str], hole: Hole) -> Any:
    """A value that no other entry of the list has, as far as there are any."""
    made = write(k)
    for more in range(1, 40):
        if hole.kind != "text" or str(made) not in taken:
            break
        made = write(k + 1000 * more)
    if hole.kind == "text" and str(made) in taken:
        made = f"{made} ({len(taken) + 1})"
    taken.add(str(made))
    return made


def asked_length(request: Request) -> int:
    """The number of entries that the prompt names for an open list, 0 when it names none."""
    match = re.search(r"\b(?:exactly|list of|at most|write|generate|propose|give)\s+(\d{1,3})\b", request.last)
    return min(int(match[1]), LONGEST_LIST) if match else 0


def _desk(request: Request, parameters: Parameters, dice: Dice, ledger: Ledger) -> Desk:
    fixed, bounds = _fixed("\n".join(text for tag in _FIXING for _, text in parts(request, tag)))
    names = sorted(fixed.keys() | bounds.keys())
    broken = ""
    if names and not dice.hit("obey", request.occasion, parameters.obey):
        broken = names[dice.pick("broken", request.occasion, len(names))]
        ledger.acts.append((broken, "break"))
    facts = read_facts(request.persona, request.memory)
    ledger.facts = facts
    lines = _lines(request)
    ledger.latents.append(("lines of material", float(len(lines))))
    return Desk(request, dice, ledger, facts, lines, fixed, bounds, broken, _task(request))


@lru_cache(maxsize=1024)
def _fixed(text: str) -> tuple[Mapping[str, str], Mapping[str, tuple[str, float]]]:
    bounds = {fold(name): (sign, float(number)) for name, sign, number in _BOUND.findall(text)}
    return {k: v for k, v in keyed(text).items() if k not in bounds}, bounds


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", text.lower()).split())


def _lines(request: Request) -> tuple[str, ...]:
    return _material_lines(tuple(text for tag in _SOURCES for _, text in parts(request, tag)) or (request.last,))


@lru_cache(maxsize=1024)
def _material_lines(texts: tuple[str, ...]) -> tuple[str, ...]:
    found: list[str] = []
    for text in texts:
        options = options_of_block(text)
        found += [o.text for o in options] if options else sentences(text)
    return tuple(dict.fromkeys(line.strip().rstrip(".") for line in found if line.strip()))


# ---------------------------------------------------------------------------------------------------- values


def value(desk: Desk, hole: Hole, k: int) -> Any:
    """A value for one hole: the fixed one, else by name and type."""
    name = fold(hole.name.rsplit(".", 1)[-1])
    kept = fixed_value(desk, name)
    key = f"{desk.request.occasion}|{hole.name}|{k}"
    if hole.kind == "number":
        return number(desk, hole, name, kept, key)
    if hole.choices and len(desk.chosen) < len(hole.choices) and desk.selecting:
        return _next_choice(desk, hole)
    if hole.choices:
        return choice(desk, hole, name, kept, key)
    if hole.kind == "path":
        return _a_path(desk, key)
    return text_for(desk, name, kept, k, key)


def fixed_value(desk: Desk, name: str) -> str | None:
    if name in desk.fixed:
        desk.ledger.acts.append((name, "broken" if name == desk.broken else "kept"))
        return desk.fixed[name]
    return None


def number(desk: Desk, hole: Hole, name: str, kept: str | None, key: str) -> float | int:
    lo, hi = float(hole.lo or 0), float(hole.hi or 0)
    if is_certainty(hole):
        return to_range(hole, lo + 0.8 * (hi - lo))
    wanted = _plain_number(kept) if kept is not None else _bounded(desk, name, lo, hi)
    if wanted is None:
        wanted = _plain_number(_of_persona(desk, name) or "")
    if wanted is None:
        return to_range(hole, lo + (hi - lo) * desk.dice.u("number", key))
    if name == desk.broken and name in desk.fixed:
        wanted = wanted + 1 if wanted + 1 <= hi else wanted - 1
    return to_range(hole, wanted)


def _bounded(desk: Desk, name: str, lo: float, hi: float) -> float | None:
    """A number on the right side of a bound; on the wrong side when this is the rule that is broken."""
    if name not in desk.bounds:
        return None
    sign, limit = desk.bounds[name]
    below = (sign in ("<", "<=", "≤")) != (name == desk.broken)
    desk.ledger.acts.append((name, "broken" if name == desk.broken else "kept"))
    return max(limit - 1, lo) if below else min(limit + 1, hi)


def _plain_number(text: str) -> float | None:
    match = re.search(r"-?\d+(?:\.\d+)?", text)
    return float(match[0]) if match else None


def choice(desk: Desk, hole: Hole, name: str, kept: str | None, key: str) -> str | bool:
    wanted = next((c for c in hole.choices if kept is not None and fold(c) == fold(kept)), None)
    if wanted is not None and name == desk.broken:
        wanted = next(c for c in hole.choices if c != wanted)
    if wanted is None:
        stated = stems(_of_persona(desk, name) or "")
        wanted = next((c for c in hole.choices if stated and stems(c) == stated), None)
    wanted = wanted or hole.choices[desk.dice.pick("choice", key, len(hole.choices))]
    return wanted == "yes" if hole.kind == "yesno" else wanted


def _next_choice(desk: Desk, hole: Hole) -> str:
    """The next of several different alternatives: those that share most stems with the persona first."""
    about = stems(desk.request.persona)
    left = [c for c in hole.choices if c not in desk.chosen]
    best = max(left, key=lambda c: (len(stems(c) & about), desk.dice.u("select", f"{desk.request.occasion}|{c}")))
    desk.chosen.append(best)
    return best


def _a_path(desk: Desk, key: str) -> str:
    from personarium.models.simulated.extracting import paths_in

    listed = paths_in("\n".join(part(desk.request, tag) for tag in ("memory", "rules", "materials", "slot", "text")))
    if not listed:
        desk.ledger.unread.append("no paths are listed")
        return "note"
    return listed[desk.dice.pick("path", key, len(listed))]


def _of_persona(desk: Desk, name: str) -> str | None:
    wanted = key_of(name)
    return next((f.value for f in desk.facts if wanted and f.key == wanted), None)


def text_for(desk: Desk, name: str, kept: str | None, k: int, key: str) -> str:
    if kept is not None:
        return kept if name != desk.broken else _another(desk, name, kept, key)
    wanted = _key(name) or (_listed_key(desk.task) if name in _UNNAMED else "")
    if wanted and k == 0 and (stated := _of_persona(desk, name)):
        return stated
    if wanted:
        values = attributes()[wanted].values
        return values[(desk.dice.pick("value", f"{desk.request.occasion}|{name}", len(values)) + k) % len(values)]
    if _WHY.search(name):
        return f"It follows from {_about(desk, k)}."
    if _LONG.search(name) and name not in _UNNAMED:
        return sentence(desk, k, key)
    return _item(desk, name, k, key)


@lru_cache(maxsize=1024)
def _listed_key(task: str) -> str:
    """The attribute that a list is to be of, as its noun says (``five hobbies``)."""
    for noun in _nouns(task):
        found = key_of(noun) or key_of(noun.removesuffix("s")) or key_of(re.sub("ies$", "y", noun))
        if found:
            return found
    return ""


def _nouns(task: str) -> tuple[str, ...]:
    """What a text asks several of, longest wording first."""
    found = (match[1].lower().split() for match in _NOUN.finditer(task))
    return tuple(" ".join(words[at:]) for words in found for at in range(len(words)))


@lru_cache(maxsize=2048)
def _key(name: str) -> str:
    """The attribute that a field's name speaks of, in the singular or plural."""
    return key_of(name) or key_of(name.removesuffix("s"))


def _another(desk: Desk, name: str, kept: str, key: str) -> str:
    """Another value than the fixed one: of the attribute, else none at all."""
    attribute = attributes().get(key_of(name))
    others = [v for v in attribute.values if fold(v) != fold(kept)] if attribute else []
    return others[desk.dice.pick("other", key, len(others))] if others else f"anything but {kept}"


def _about(desk: Desk, k: int) -> str:
    """A few words of the materials."""
    if not desk.lines:
        return "what is known"
    line = desk.lines[k % len(desk.lines)]
    return " ".join(line.split()[:8]).rstrip(",;:")


def _attribute(desk: Desk, k: int, stream: str) -> Attribute:
    known = _known_attributes()
    if stream not in desk.starts:
        desk.starts[stream] = desk.dice.pick(stream, desk.request.occasion, len(known))
    return known[(desk.starts[stream] + k) % len(known)]


@lru_cache(maxsize=1)
def _known_attributes() -> tuple[Attribute, ...]:
    return tuple(attributes().values())


def _item(desk: Desk, name: str, k: int, key: str) -> str:
    """One item of a list: a listed line of the materials, a question, or a short phrase."""
    if _QUESTIONS.search(name) or (name in _UNNAMED and _QUESTIONS.search(desk.task)):
        return _question(desk, k)
    listed = _listed(desk)
    if k < len(listed):
        return _by_relevance(desk, listed)[k]
    attribute = _attribute(desk, k, "item")
    worth = attribute.values[desk.dice.pick("item_value", key, len(attribute.values))]
    about = _OPENINGS[k % len(_OPENINGS)].format(_about(desk, k))
    said = f"{about}: {attribute.synonyms[0]}, {worth}"
    limit = _AT_MOST.search(desk.task)
    too_long = limit is not None and len(said) > int(limit[1])
    return worth if too_long or _NAMES.search(name) else said


def _question(desk: Desk, k: int) -> str:
    attribute = _attribute(desk, k, "question")
    frame = _ASKS[k % len(_ASKS)]
    asked = attribute.question if frame == "{}" else attribute.question[:1].lower() + attribute.question[1:]
    return frame.format(asked, about=_about(desk, k))


def sentence(desk: Desk, k: int, key: str) -> str:
    attribute = _attribute(desk, k, "sentence")
    worth = attribute.values[desk.dice.pick("sentence_value", key, len(attribute.values))]
    return f"{_OPENINGS[k % len(_OPENINGS)].format(_about(desk, k))}. The {attribute.synonyms[0]} is {worth}."


@lru_cache(maxsize=1024)
def _without_blocks(text: str, spans: tuple[tuple[int, int], ...]) -> str:
    for start, end in reversed(spans):
        text = text[:start] + text[end:]
    return text


def _task(request: Request) -> str:
    """The words of the last message outside of its blocks, and its rules."""
    spans = tuple(
        (b.start, b.end) for b in request.blocks if request.last[b.start : b.start + len(b.tag) + 1] == f"<{b.tag}"
    )
    return f"{_without_blocks(request.last, spans)}\n{part(request, 'rules')}"


def _listed(desk: Desk) -> tuple[str, ...]:
    """The lines of a list in the materials from which a choice is to be made."""
    if not re.search(r"\b(?:choose|select|pick|relevant|rank|order|which of)\b", desk.task, re.IGNORECASE):
        return ()
    return tuple(o.text for o in options_of_block(part(desk.request, "materials") or part(desk.request, "options")))


def _by_relevance(desk: Desk, listed: Sequence[str]) -> list[str]:
    about = stems(desk.request.persona)
    return sorted(listed, key=lambda line: -len(stems(line) & about))
