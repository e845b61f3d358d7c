"""Reading: what a named speaker says of itself, as facts, JSON fields or memory operations.

Source: SIMULATED.md, "Writing, reading, games".
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from personarium.models.simulated.arithmetic import number_in
from personarium.models.simulated.asked import Answer, fill, form_of, has_part, is_certainty, part, parts, to_range
from personarium.models.simulated.chance import Dice
from personarium.models.simulated.composing import compose
from personarium.models.simulated.ledger import Ledger
from personarium.models.simulated.parameters import Parameters
from personarium.models.simulated.reading import Fact, attributes, key_of, read_facts, read_outdated
from personarium.models.simulated.request import Request
from personarium.models.simulated.second_reader import turns
from personarium.models.simulated.words import sentences, stems
from personarium.text.form import Form
from personarium.text.holes import Hole
from personarium.text.line_form import Line

_SELF = re.compile(r"\b(?:i|i['’](?:m|ve|d|ll)|my|me|mine|myself|we|our)\b", re.IGNORECASE)
_PATH = re.compile(r"[\w-]+(?:\.[\w-]+){1,9}|(?:/[\w-]+){2,9}")
_PATH_PARTS = re.compile(r"[./_\s-]+")
_UNKNOWN = re.compile(r"^(?:unknown|none|n/?a|not (?:stated|mentioned|known)|unclear|other)$", re.IGNORECASE)
_KEY_NAMES = re.compile(r"\b(?:key|attribute|field|category|type|topic|aspect|name|slot|relation|predicate)$")
_EVIDENCE_NAMES = re.compile(r"\b(?:evidence|quote|source|span|sentence|statement|fact|text|memory|content|event)$")
_SPEAKER_NAMES = re.compile(r"\b(?:speaker|subject|who|person|user)$")
_NO_CHANGE = re.compile(r"^no_?op|^none|^keep|^noop", re.IGNORECASE)
_PATH_BLOCKS = ("memory", "rules", "materials", "options", "slot", "draft", "text")


@dataclass(frozen=True, slots=True)
class Found:
    """One fact that goes into the reply, with where it belongs and what is to be done with it."""

    key: str
    value: str
    text: str
    path: str
    operation: str


def recognise(request: Request) -> str:
    """A dialogue or text together with paths, JSON or a list of facts of any length (not of a fixed one)."""
    form = form_of(request)
    if form is None or not has_part(request, "dialogue", "text"):
        return ""
    if any(h.kind == "path" for h in form.holes):
        return "form with paths"
    if form.kind == "json":
        return "JSON form"
    if form.kind == "list" and form.count is None:
        return "form of facts"
    return ""


def answer(request: Request, parameters: Parameters, dice: Dice, ledger: Ledger) -> Answer:
    """Read the speaker's statements and write what was found into the form."""
    form = form_of(request)
    assert form is not None  # recognise() saw it
    found = _found(request, parameters, dice, ledger, form)

    def chosen(hole: Hole) -> list[Found]:
        key = _key_in(hole.name)
        named = [f for f in found if f.key == key] if key else []
        return named if key else found

    def make(hole: Hole, k: int) -> Any:
        listed = hole.many is not None or form.kind == "list"
        mine = chosen(hole)
        if listed:
            return _entry_value(request, hole, mine[k], dice) if k < len(mine) else _blank(hole)
        return _field_value(request, hole, mine, found, dice, ledger)

    values = compose(form, make, lambda hole: len(chosen(hole)))
    if form.kind == "list" and not values["items"]:
        return _nothing(form) if isinstance(form.layout, Line) else "[]"
    return fill(request, form, values)


def _nothing(form: Form) -> str:
    """What stands for no entry: the form's own word for no change where it offers one."""
    for hole in form.holes:
        none = next((c for c in hole.choices if _NO_CHANGE.search(c)), None)
        if none is not None:
            return form.fill({"items": [{h.name: none if h == hole else _blank(h) for h in form.holes}]})
    return "None"


def _blank(hole: Hole) -> Any:
    if hole.kind == "number":
        return to_range(hole, float(hole.lo or 0))
    if hole.kind == "yesno":
        return False
    return hole.choices[0] if hole.choices else "None"


# ---------------------------------------------------------------------------------------------------- what is found


def _found(request: Request, parameters: Parameters, dice: Dice, ledger: Ledger, form: Form) -> list[Found]:
    said = _own_statements(request)
    valid, outdated = _read(said)
    ledger.facts = list(valid)
    ledger.relevant = [f.id for f in valid]
    kept = [
        _with_stale(fact, outdated, request, parameters, dice, ledger)
        for fact in valid
        if _recalled(fact, request, parameters, dice, ledger)
    ]
    if dice.hit("hallucinate", request.occasion, parameters.hallucinate):
        kept.append(_false_fact(kept, request, dice, ledger))
    with_path = any(h.kind == "path" for h in form.holes)
    placed = [_placed(fact, request, ledger, with_path) for fact in kept]
    return [f for f in placed if f is not None]


@lru_cache(maxsize=2048)
def _read(said: str) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
    return (
        tuple(f for f in read_facts(said) if f.key or _SELF.search(f.text)),
        tuple(read_outdated(said)),
    )


def _own_statements(request: Request) -> str:
    """The first-person statements of the named speaker, questions left out."""
    texts = [text for tag in ("dialogue", "text") for _, text in parts(request, tag)]
    asks = _around(request)
    return "\n".join(_statements(text, asks) for text in texts)


def _around(request: Request) -> str:
    """What is asked outside of the texts to be read: where the speaker is named."""
    named = "\n".join(text for tag in ("question", "rules") for _, text in parts(request, tag))
    spans = [b for b in request.blocks if b.tag in ("dialogue", "text", "memory", "materials")]
    rest = request.last
    for b in spans:
        rest = rest.replace(b.text, " ")
    return f"{named}\n{rest}"


@lru_cache(maxsize=2048)
def _statements(text: str, asks: str) -> str:
    spoken = turns(text)
    who = _named_speaker([speaker for speaker, _ in spoken], asks)
    mine = [said for speaker, said in spoken if who is None or speaker == who]
    kept = (s for said in mine for s in sentences(said) if not s.endswith("?") and _SELF.search(s))
    return "\n".join(kept)


def _named_speaker(speakers: Sequence[str], asks: str) -> str | None:
    """The speaker that the request names, else the user, else the first; None for a text without speakers."""
    known = [s for s in dict.fromkeys(speakers) if s]
    if not known:
        return None
    places = [(match.start(), s) for s in known if (match := re.search(rf"\b{re.escape(s)}\b", asks, re.IGNORECASE))]
    if places:
        return min(places)[1]
    return next((s for s in known if s.lower() in ("user", "human", "client", "patient")), known[0])


def _recalled(fact: Fact, request: Request, parameters: Parameters, dice: Dice, ledger: Ledger) -> bool:
    hit = dice.hit("recall", f"{request.occasion}|{fact.text}|{fact.value}", parameters.recall)
    ledger.acts.append((fact.id, "found" if hit else "missed"))
    return hit


def _with_stale(
    fact: Fact, outdated: Sequence[Fact], request: Request, parameters: Parameters, dice: Dice, ledger: Ledger
) -> Fact:
    """The fact, or with ``stale`` the value that it replaced."""
    old = [o for o in outdated if o.key and o.key == fact.key]
    if old and parameters.stale and dice.hit("stale", f"{request.occasion}|{fact.text}", parameters.stale):
        ledger.acts.append((fact.id, "stale"))
        return old[-1]
    return fact


def _false_fact(kept: Sequence[Fact], request: Request, dice: Dice, ledger: Ledger) -> Fact:
    keys = [k for k in attributes() if k not in {f.key for f in kept}] or list(attributes())
    attribute = attributes()[keys[dice.pick("false_key", request.occasion, len(keys))]]
    value = attribute.values[dice.pick("false_value", request.occasion, len(attribute.values))]
    ledger.acts.append(("", f"hallucinate {attribute.key}"))
    text = f"My {attribute.synonyms[0]} is {value}."
    return Fact("x1", attribute.key, value, (0, 0), stems(value), False, text)


# ---------------------------------------------------------------------------------------------------- where it belongs


def _placed(fact: Fact, request: Request, ledger: Ledger, with_path: bool) -> Found | None:
    """The fact with its path and operation; None when it has no place or is already recorded."""
    path = ""
    if with_path:
        path = best_path(fact, paths_in(_path_text(request)))
        if not path:
            ledger.unread.append(f"no path for {fact.key or fact.value}")
            return None
    known = recorded(part(request, "memory"))
    old = known.get(path) if path else known.get(_fold(fact.key))
    if old is not None and old.strip():
        if fact.negated:
            return Found(fact.key, fact.value, fact.text, path, "delete")
        same = bool(fact.stems) and fact.stems <= stems(old)
        return None if same else Found(fact.key, fact.value, fact.text, path, "update")
    return Found(fact.key, fact.value, fact.text, path, "add")


def _path_text(request: Request) -> str:
    return "\n".join(text for tag in _PATH_BLOCKS for _, text in parts(request, tag))


@lru_cache(maxsize=256)
def paths_in(text: str) -> tuple[str, ...]:
    """The leaf paths that a text lists: of JSON trees the dotted leaves, else dotted or slashed words."""
    tree = _tree(text)
    if tree is not None:
        return tuple(path for path, _ in _leaves(tree, ""))
    found = dict.fromkeys(_PATH.findall(text))
    return tuple(p for p in found if not re.fullmatch(r"[\d.]+", p))


def _tree(text: str) -> Any:
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        return None
    try:
        data = json.loads(text[start : end + 1])
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _leaves(node: Any, path: str) -> list[tuple[str, str]]:
    if not isinstance(node, dict):
        return [(path, "" if node is None else str(node))]
    return [leaf for key, item in node.items() for leaf in _leaves(item, f"{path}.{key}" if path else key)]


@lru_cache(maxsize=256)
def recorded(memory: str) -> dict[str, str]:
    """What a memory block holds already: leaf path or folded key -> value."""
    tree = _tree(memory)
    if tree is not None:
        leaves = _leaves(tree, "")
        return dict(leaves) | {_fold(path.rsplit(".", 1)[-1]): value for path, value in leaves if value}
    found: dict[str, str] = {}
    for line in memory.splitlines():
        key, colon, value = line.strip(" -*•").partition(":")
        if colon:
            found[key.strip()] = value.strip()
            found[_fold(key)] = value.strip()
    return found


def _fold(text: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", text.lower()).split())


def best_path(fact: Fact, paths: Sequence[str]) -> str:
    """The leaf that shares most stems with the fact's key (its words and synonyms), else with its text; "" for none."""
    attribute = attributes().get(fact.key)
    name = stems(fact.key.replace("_", " "))
    words = stems(" ".join(attribute.synonyms)) if attribute else name
    for wanted in filter(None, (name, words, fact.stems)):
        scored = [
            (len(wanted & _path_stems(p)), len(wanted & _leaf_stems(p)), -place, p) for place, p in enumerate(paths)
        ]
        best = max(scored, default=None)
        if best is not None and best[0]:
            return best[3]
    return ""


@lru_cache(maxsize=4096)
def _path_stems(path: str) -> frozenset[str]:
    return stems(" ".join(_PATH_PARTS.split(path)))


@lru_cache(maxsize=4096)
def _leaf_stems(path: str) -> frozenset[str]:
    return stems(" ".join(_PATH_PARTS.split(re.split(r"[./]", path)[-1])))


# ---------------------------------------------------------------------------------------------------- what is written


def _key_in(name: str) -> str:
    """The attribute that a hole's name speaks of, "" for names like fact or value."""
    last = [p for p in name.split(".") if not p.isdigit()]
    return next((key for p in reversed(last) if (key := key_of(p.replace("_", " ")))), "")


def _entry_value(request: Request, hole: Hole, fact: Found, dice: Dice) -> Any:
    """One hole of one entry of a list of facts."""
    name = hole.name.replace("_", " ").rsplit(".", 1)[-1].lower()
    if hole.kind == "path":
        return fact.path
    if hole.kind == "number":
        return _entry_number(hole, fact)
    if hole.kind == "yesno":
        return True
    if hole.choices:
        return _fitting_choice(
            request, hole, f"{fact.operation} {fact.key} {fact.value} {fact.text}", fact.operation, dice
        )
    if _KEY_NAMES.search(name):
        return (fact.key or "note").replace("_", " ")
    if _SPEAKER_NAMES.search(name):
        return "user"
    return fact.text if _EVIDENCE_NAMES.search(name.rstrip("s")) and not _is_value(name) else fact.value


def _is_value(name: str) -> bool:
    return name in ("value", "answer", "object") or name == "text"


def _entry_number(hole: Hole, fact: Found) -> float | int:
    lo, hi = float(hole.lo or 0), float(hole.hi or 0)
    if is_certainty(hole):
        return to_range(hole, lo + 0.9 * (hi - lo))
    found = number_in(fact.value)
    return to_range(hole, found if found is not None else (lo + hi) / 2)


def _fitting_choice(request: Request, hole: Hole, about: str, operation: str, dice: Dice) -> str:
    """The alternative that fits: the operation, else most shared stems, else unknown, else a guess."""
    for choice in hole.choices:
        if choice.lower().startswith(operation):
            return choice
    wanted = stems(about)
    shared = [(len(stems(c.replace("_", " ")) & wanted), -i) for i, c in enumerate(hole.choices)]
    best = max(shared)
    if best[0]:
        return hole.choices[-best[1]]
    unknown = next((c for c in hole.choices if _UNKNOWN.match(c)), None)
    return unknown or hole.choices[dice.pick("guess", f"{request.occasion}|{hole.name}", len(hole.choices))]


def _field_value(
    request: Request, hole: Hole, mine: Sequence[Found], found: Sequence[Found], dice: Dice, ledger: Ledger
) -> Any:
    """One field of a record: the fact of that key, else of the words of the field's name, else unknown."""
    name = hole.name.replace("_", " ").rsplit(".", 1)[-1]
    fact = mine[-1] if _key_in(hole.name) and mine else _by_words(name, found) if not _key_in(hole.name) else None
    if fact is not None:
        return _entry_value(request, replace(hole, name="value"), fact, dice)
    if hole.kind == "text" and _EVIDENCE_NAMES.search(name.rstrip("s")):
        return " ".join(f.text for f in found) or "none"
    ledger.unread.append(f"field {hole.name}")
    if hole.kind == "number":
        return to_range(hole, float(hole.lo or 0))
    if hole.kind == "yesno":
        return False
    if hole.choices:
        return _fitting_choice(request, hole, name, "\x00", dice)
    return "unknown"


def _by_words(name: str, found: Sequence[Found]) -> Found | None:
    wanted = stems(name)
    hits = [f for f in found if wanted & stems(f"{f.key.replace('_', ' ')} {f.text}")]
    return hits[-1] if hits else None
