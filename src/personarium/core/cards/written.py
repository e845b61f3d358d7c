"""A persona as a character card: the card it was read from, with what has changed, or a new one.

A card cannot hold all that a persona can (confidence, secrets, layers), so the record of a persona that is not just its
card goes along as an extension; it is read again only as long as it comes to the very fields that the card shows.

Source: Character Card V3 specification; V2 specification, ``extensions`` (names of one's own).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from personarium.core.cards.examples import FIELD, example_text
from personarium.core.cards.persona import (
    BOOK,
    LISTS,
    OURS,
    STATEMENTS,
    TEXTS,
    USER,
    cited,
    plain_persona,
    stored_card,
)
from personarium.core.cards.record import Card
from personarium.core.errors import InvalidInput
from personarium.core.facets import Facet, mapping, texts, thaw
from personarium.core.persona import DESCRIPTION, Persona
from personarium.core.views import TRAIT_BRANCHES, sentence, show_value


def card_from_persona(persona: Persona) -> Card:
    """The card of a persona.

    A persona that was read from a card and not changed gives back that card word for word. Of a changed one, only the
    fields whose facets changed are written anew; unchanged sentences keep their place and their macros. Any other persona
    gives a new card: traits and scenario in their fields, all other statements in the description (third person), its
    demonstrations as examples. Facets that must never be disclosed stand in no field, but they do in the record: whoever
    is to have a card without them needs a persona without them.

    Raises:
        InvalidInput: When a facet of the branch ``card`` does not hold what a card can.
    """
    where = f"persona {persona.id}"
    found = stored_card(persona)
    card = found or Card.from_object({"spec": "chara_card_v3", "spec_version": "3.0", "data": {}}, where)
    before = plain_persona(card, str(persona.provenance.get("user", USER)))
    if found and persona == before:
        return found
    data = {**card.data, **_changed(persona, before, card, where)}
    data["extensions"] = {**data["extensions"], OURS: {"persona": persona.to_dict()}}
    head = {"spec": "chara_card_v3", "spec_version": card.spec_version, "data": data}
    return Card.from_object({**card.rest, **head}, where)


def recorded_persona(card: Card) -> Persona | None:
    """The persona whose record a card carries; None when there is none that comes to the fields of this card."""
    ours = card.data["extensions"].get(OURS)
    record = ours.get("persona") if isinstance(ours, Mapping) else None
    if not isinstance(record, Mapping):
        return None
    try:
        persona = Persona.from_dict(thaw(record), "card")
        written = card_from_persona(persona)
    except InvalidInput:  # somebody else's, or damaged: then the fields of the card are what there is
        return None
    return persona if written.data == card.data else None


def _changed(persona: Persona, before: Persona, card: Card, where: str) -> dict[str, Any]:
    """The fields that must be written anew, with what they hold then."""
    out: dict[str, Any] = {}
    if persona.name != before.name or not before.name:
        out["name"] = persona.name or _name_facet(persona)
    if persona.demonstrations != before.demonstrations:
        out[FIELD] = example_text(persona.demonstrations)
    old, new = _by_field(before), _by_field(persona)
    for field in dict.fromkeys((*old, *new)):
        was, now = old.get(field, []), new.get(field, [])
        if [_content(f) for f in was] != [_content(f) for f in now]:
            out |= _rewritten(field, was, now, card, where)
    return out


def _name_facet(persona: Persona) -> str:
    names = (f.value for f in persona.facets if f.key == "name" and not f.secret)
    return next((name for name in names if isinstance(name, str)), "")


def _content(facet: Facet) -> tuple[Any, ...]:
    return facet.id, facet.path, facet.value, facet.text, facet.secret


def _by_field(persona: Persona) -> dict[str, list[Facet]]:
    """The facets by the field of a card that shows them."""
    out: dict[str, list[Facet]] = {}
    for facet in persona.facets:
        out.setdefault(_field_of(facet), []).append(facet)
    return out


def _field_of(facet: Facet) -> str:
    if facet.machinery:
        return facet.key
    if facet.branch in TRAIT_BRANCHES:
        return "personality"
    return "scenario" if facet.path == "scenario" else DESCRIPTION


def _rewritten(field: str, was: Sequence[Facet], now: Sequence[Facet], card: Card, where: str) -> dict[str, Any]:
    if field in STATEMENTS:
        return {field: _prose(card.text(field), was, now, card)}
    now = [facet for facet in now if not facet.secret]
    if field == "lorebook":
        return {BOOK: _book(now, card, where)}
    said = [_said(facet) for facet in now if not facet.blank]
    if field in LISTS:
        return {field: said}
    if field not in TEXTS:
        raise InvalidInput(where, f"a field of a card, one of {', '.join((*TEXTS, *LISTS))}", field, "facets")
    return {field: "\n".join(said)}


# -- prose -------------------------------------------------------------------------------------------------------------


def _prose(field: str, was: Sequence[Facet], now: Sequence[Facet], card: Card) -> str:
    """The field with its changed sentences.

    Where the sentences kept their order, what stands between them stays; new ones follow as lines at the end.
    """
    old = {facet.id: facet for facet in was}
    new = {facet.id: _sentence(facet, old.get(facet.id), card) for facet in now}
    shown = {id: said for id, said in new.items() if said}
    kept = [facet.id for facet in was if facet.id in shown]
    if list(shown)[: len(kept)] != kept:
        return "\n".join(shown.values())
    out: list[str] = []
    at = 0
    for facet in was:
        start, end = _span(facet)
        if facet.id in shown:
            out += [field[at:start], shown[facet.id]]
        at = end
    text = "".join([*out, field[at:]])
    added = [said for id, said in shown.items() if id not in old]
    return "\n".join([*([text.rstrip()] if text.strip() else []), *added]) if added else text


def _sentence(facet: Facet, old: Facet | None, card: Card) -> str:
    """One facet as it stands in a field of prose: as it stood there, when it is as it was."""
    if old is not None and _content(facet) == _content(old):
        return cited(card, old.evidence[0])
    if facet.blank or facet.secret:
        return ""
    if facet.path in STATEMENTS:
        return _said(facet)
    return sentence(facet, "they")


def _said(facet: Facet) -> str:
    if facet.text is not None:
        return facet.text
    return facet.value if isinstance(facet.value, str) else show_value(facet.value)


def _span(facet: Facet) -> tuple[int, int]:
    """Where a facet of the card as it was stands in its field."""
    start, _, end = facet.evidence[0].rpartition("[")[2].rstrip("]").partition(":")
    return int(start), int(end)


# -- lorebook ----------------------------------------------------------------------------------------------------------


def _book(now: Sequence[Facet], card: Card, where: str) -> dict[str, Any] | None:
    """The lorebook with the entries that the facets name: changed in place, dropped, or new at the end."""
    book = dict(card.book or {})
    entries: Sequence[Mapping[str, Any]] = book.get("entries", ())
    stored = {f"card.lorebook.{number}": entry for number, entry in enumerate(entries, 1)}
    out = []
    for order, facet in enumerate(now):
        value = mapping(facet.value, where, f"{facet.id}.value")
        content = value.get("content")
        if not isinstance(content, str):
            raise InvalidInput(where, "an object with keys and content", facet.value, f"{facet.id}.value")
        entry = stored.get(facet.id, {"extensions": {}, "enabled": True, "insertion_order": order, "use_regex": False})
        keys = texts(value.get("keys"), where, f"{facet.id}.value.keys")
        out.append({**entry, "keys": list(keys), "content": content})
    return {"extensions": {}, **book, "entries": out} if out or card.book is not None else None
