"""A character card as a persona: every sentence a facet that points to where it stands in the card.

What the card says about the character becomes statements (description, personality, scenario) and demonstrations; what it
says to whoever runs it (greetings, prompts, notes, lorebook) becomes facets of the branch ``card``, which no view shows.
The whole card stands in ``provenance``, so that no file of personas loses anything of it.

Source: Character Card V1, V2 and V3 specifications.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import TypeVar

from personarium.core.cards.examples import demonstrations_of
from personarium.core.cards.macros import Macros
from personarium.core.cards.record import Card
from personarium.core.errors import InvalidInput
from personarium.core.facets import Facet, Value, mapping, thaw
from personarium.core.persona import DESCRIPTION, Persona
from personarium.core.sentences import sentence_spans

T = TypeVar("T")
FORMAT = "character-card"
OURS = "personarium"  # our name among the card's extensions
USER = "the user"
MAX_PARTS = 100_000  # facets of one card, and demonstrations
STATEMENTS = (DESCRIPTION, "personality", "scenario")  # fields that are paths of the same name
TEXTS = (
    "first_mes",
    "system_prompt",
    "post_history_instructions",
    "creator_notes",
    "creator",
    "character_version",
    "nickname",
)
LISTS = ("alternate_greetings", "group_only_greetings", "tags", "source")
BOOK = "character_book"
# Adjectives in a row and nothing else: at least two words, or at least three items of one or two words.
_WORD = r"[^\W\d_][\w'’-]*"
_ITEM = rf"{_WORD}(?: {_WORD})?"
_TRAITS = re.compile(rf"{_WORD}(?:, ?{_WORD})+|{_ITEM}(?:, ?{_ITEM}){{2,}}")
_CITED = re.compile(r"card:data((?:\.\w+|\[\d+\])+)\[(\d+):(\d+)\]")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


def persona_from_card(card: Card, *, user: str = USER) -> Persona:
    """The character of a card.

    Facets are declared, and their evidence is the place in the card: ``card:data.description[12:57]`` are characters 12
    to 56 of that field as it stands there (:func:`cited`). In statements and demonstrations macros are replaced and
    comments gone; facets of the branch ``card`` hold the text as it stands.

    Args:
        card: Of any version.
        user: Who ``{{user}}`` is in the statements.

    Returns:
        A persona whose id is the card's. A card that :func:`card_from_persona` wrote from a persona, and that nobody has
        edited since, gives back that very persona, whoever ``user`` is.
    """
    if OURS not in card.data["extensions"]:
        return plain_persona(card, user)
    from personarium.core.cards.written import recorded_persona

    return recorded_persona(card) or plain_persona(_without_record(card), user)


def plain_persona(card: Card, user: str = USER) -> Persona:
    """As :func:`persona_from_card`, from the card's fields alone."""
    macros = Macros(card.called, user)
    return Persona(
        id=card.id,
        name=card.text("name"),
        kinds=("character",),
        facets=_bounded(
            chain(_statements(card, macros), _machinery(card)), card, "sentences, greetings, entries and tags"
        ),
        demonstrations=_bounded(demonstrations_of(card, macros), card, "lines in mes_example"),
        provenance={"format": FORMAT, "user": user, "card": _stored(card)},
    )


def _bounded(items: Iterator[T], card: Card, what: str) -> tuple[T, ...]:
    """All of them; a card of some megabytes must not become a persona of some gigabytes."""
    out = tuple(islice(items, MAX_PARTS + 1))
    if len(out) > MAX_PARTS:
        raise InvalidInput(f"card '{card.text('name')[:80]}'", f"at most {MAX_PARTS:,} {what}", "more")
    return out


def stored_card(persona: Persona) -> Card | None:
    """The card that a persona was read from, without picture and assets; None when it was none.

    Raises:
        InvalidInput: When what stands in ``provenance`` is no card any more.
    """
    if persona.provenance.get("format") != FORMAT:
        return None
    where = f"persona {persona.id}: provenance"
    found = mapping(persona.provenance.get("card"), where, "card")
    head = {"spec": "chara_card_v3", "spec_version": found.get("spec_version", "3.0"), "data": found.get("data")}
    card = Card.from_object({**mapping(found.get("rest", {}), where, "rest"), **head}, where)
    version, notes = found.get("version"), found.get("notes", ())
    if version not in (1, 2, 3) or not isinstance(notes, tuple):
        raise InvalidInput(where, "a card as it was stored, with version and notes", thaw(found), "card")
    return replace(card, version=int(version), notes=tuple(map(str, notes)))


def cited(card: Card, evidence: str) -> str:
    """The text that a facet's evidence points to; empty when it points to nothing in this card."""
    found = _CITED.fullmatch(evidence)
    at: Value = card.data
    for step in _STEP.finditer(found[1]) if found else ():
        try:
            at = at[step[1] if step[1] else int(step[2])]
        except (KeyError, IndexError, TypeError):
            return ""
    return at[int(found[2]) : int(found[3])] if found and isinstance(at, str) else ""


def _stored(card: Card) -> Mapping[str, Value]:
    return {
        "version": card.version,
        "spec_version": card.spec_version,
        "data": card.data,
        "rest": card.rest,
        "notes": card.notes,
    }


def _without_record(card: Card) -> Card:
    """A card whose record of a persona does not fit its fields any more."""
    extensions = {name: value for name, value in card.data["extensions"].items() if name != OURS}
    note = f"data.extensions.{OURS}: a persona that the card's fields do not show, left out"
    return replace(card, data={**card.data, "extensions": extensions}, notes=(*card.notes, note))


# -- statements --------------------------------------------------------------------------------------------------------


def _statements(card: Card, macros: Macros) -> Iterator[Facet]:
    """The sentences of description, personality and scenario; a row of adjectives is one value."""
    for field in STATEMENTS:
        raw = card.text(field)
        if field == "personality" and _TRAITS.fullmatch(raw.strip().removesuffix(".")):
            yield _traits(raw)
            continue
        for number, (start, end) in enumerate(card_spans(raw), 1):
            said = macros.expand(raw[start:end]).strip()
            value, text = (said, None) if field == DESCRIPTION else (None, said)
            if said:
                yield _cited(field, f"{field}.{number}", field, start, end, value, text)


def _traits(raw: str) -> Facet:
    start = len(raw) - len(raw.lstrip())
    words = raw.strip().removesuffix(".")
    items = tuple(item.strip().removeprefix("and ") for item in words.split(","))
    return _cited("personality", "personality.1", "personality", start, start + len(words), items)


def card_spans(field: str) -> list[tuple[int, int]]:
    """The sentences of a field, none of which ends inside a macro."""
    spans = list(islice(sentence_spans(field), MAX_PARTS + 1))
    if "{{" not in field:
        return spans
    out: list[tuple[int, int]] = []
    unclosed = kept = first = 0
    for number, (start, end) in enumerate(spans):
        if not unclosed:
            kept, first = len(out), number
        out.append((out.pop()[0], end) if unclosed else (start, end))
        unclosed = max(0, unclosed + field.count("{{", start, end) - field.count("}}", start, end))
    return [*out[:kept], *spans[first:]] if unclosed else out  # what is never closed is no macro


def _cited(path: str, id: str, field: str, start: int, end: int, value: Value, text: str | None = None) -> Facet:
    return Facet(id, path, value, "declared", (f"card:data.{field}[{start}:{end}]",), text=text)


# -- machinery ---------------------------------------------------------------------------------------------------------


def _machinery(card: Card) -> Iterator[Facet]:
    """What the card says to whoever runs it, as it stands."""
    for name in TEXTS:
        said = card.text(name)
        if said:
            yield _cited(f"card.{name}", f"card.{name}", name, 0, len(said), said)
    for name in LISTS:
        items: Sequence[str] = card.data.get(name, ())
        for index, said in enumerate(items):
            if said:
                yield _cited(f"card.{name}", f"card.{name}.{index + 1}", f"{name}[{index}]", 0, len(said), said)
    entries: Sequence[Mapping[str, Value]] = (card.book or {}).get("entries", ())
    for index, entry in enumerate(entries):
        said = entry["content"]
        value = {"keys": entry["keys"], "content": said}
        place = f"{BOOK}.entries[{index}].content"
        yield _cited("card.lorebook", f"card.lorebook.{index + 1}", place, 0, len(said), value)
