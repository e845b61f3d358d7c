"""Views: a persona as text, with a record of which facet (or fixed template) every character comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from personarium.core.errors import UsageError
from personarium.core.facets import Facet, Value
from personarium.core.persona import DESCRIPTION, Persona

Style = Literal["system", "personagym", "card", "attributes", "statements", "biography", "traits"]
STYLES: tuple[str, ...] = get_args(Style)
Secrets = Literal["instruct", "omit", "show"]
TRAIT_BRANCHES = ("personality", "traits", "trait", "values")


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start`` to ``end`` (exclusive) of a rendered text and what they come from.

    ``source`` is a facet id, a field of the persona (``@name``, ``@knowledge.time_limit``, ``@demonstration.1``) or,
    with ``kind`` ``template``, the id of a fixed text such as ``system.opening``.
    """

    start: int
    end: int
    source: str
    kind: Literal["facet", "template"] = "facet"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text and the spans that cover it without gap or overlap, in order."""

    text: str
    spans: tuple[Span, ...]

    def of(self, source: str) -> str:
        """The text that comes from one facet or template (empty when there is none)."""
        return "".join(self.text[s.start : s.end] for s in self.spans if s.source == source)

    def source_at(self, index: int) -> Span:
        """The span that character ``index`` belongs to."""
        return next(s for s in self.spans if s.start <= index < s.end)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a style is laid out: fixed text before and after, and what stands around and in each facet."""

    opening: str
    closing: str
    before: str
    after: str
    say: Callable[[Facet, Persona], str]
    secrets: Secrets
    own_fields: bool  # whether knowledge scope and demonstrations are shown


def render(persona: Persona, style: Style = "system", secrets: Secrets | None = None) -> Rendered:
    """The persona in one of the styles.

    Each facet is written on its own, separator included: removing a facet removes exactly its span, changing a value
    changes only its span. Facets without anything to say (None, empty) have no span, and what a character card says to
    whoever runs it (:attr:`Facet.machinery`) is in no view.

    Args:
        persona: Who.
        style: ``system`` second-person system prompt; ``personagym`` the benchmark's framing (take on the identity);
            ``card`` key: value lines and plain sentences under a title; ``attributes`` bare key: value lines, the key being the last step of the path;
            ``statements`` first-person sentences, one a line; ``biography`` third-person prose; ``traits`` the
            personality facets only, key: value.
        secrets: ``instruct``, ``omit`` or ``show``; None for the style's own (see :meth:`Persona.view`).

    Raises:
        UsageError: On an unknown style.

    Source: rpla-survey page, "Works when" 4; PersonaGym (arXiv 2407.18416) for the framing, own words.
    """
    if style not in _LAYOUTS:
        raise UsageError(f"unknown view '{style}'; the views are {', '.join(STYLES)}")
    layout = _LAYOUTS[style]
    mode = secrets or layout.secrets
    pieces: list[tuple[str, str, Literal["facet", "template"]]] = [(f"{style}.opening", layout.opening, "template")]
    for source, facet in _shown(persona, style, layout):
        if facet.blank or (facet.secret and mode == "omit"):
            continue
        said = layout.say(facet, persona)
        if facet.secret and mode == "instruct":
            said += " (never disclose this)" if layout.say in (_line, _card_line) else f" {_KEEP}"
        pieces.append((source, f"{layout.before}{said}{layout.after}", "facet"))
    pieces.append((f"{style}.closing", layout.closing, "template"))
    return _join(pieces)


_KEEP = "Never disclose this."


def _join(pieces: list[tuple[str, str, Literal["facet", "template"]]]) -> Rendered:
    spans: list[Span] = []
    at = 0
    for source, said, kind in pieces:
        if said:
            spans.append(Span(at, at + len(said), source, kind))
            at += len(said)
    return Rendered("".join(said for _, said, _ in pieces), tuple(spans))


def _shown(persona: Persona, style: str, layout: _Layout) -> Iterator[tuple[str, Facet]]:
    """What the style shows, in order, each with the id that its span carries."""
    if style == "traits":
        yield from ((f.id, f) for f in persona.facets if f.branch in TRAIT_BRANCHES)
        return
    if persona.name and not any(f.key == "name" for f in persona.facets):
        yield "@name", Facet("", "name", persona.name)
    yield from ((f.id, f) for f in persona.facets if not f.machinery)
    if layout.own_fields:
        yield from ((f"@{f.path}", f) for f in _own_fields(persona))


def _own_fields(persona: Persona) -> Iterator[Facet]:
    """Knowledge scope and demonstrations as facets, each with its own span."""
    scope = persona.knowledge
    if scope.known_topics is not None:
        known = ", ".join(scope.known_topics) or "nothing in particular"
        yield _field("knowledge.known_topics", f"The only topics you know about are {known}.")
    if scope.unknown_topics:
        yield _field("knowledge.unknown_topics", f"You know nothing about {', '.join(scope.unknown_topics)}.")
    if scope.time_limit is not None:
        yield _field("knowledge.time_limit", f"You know of nothing after the year {_year(scope.time_limit)}.")
    if scope.never_disclose:
        yield _field("knowledge.never_disclose", f"Never disclose: {', '.join(scope.never_disclose)}.")
    for n, shown in enumerate(persona.demonstrations, 1):
        scene = f" ({_one_line(shown.scene)})" if shown.scene else ""
        speaker = _one_line(shown.speaker) or "You"
        yield _field(f"demonstration.{n}", f"Example of your speech{scene}. {speaker}: {_one_line(shown.text)}")


def _field(path: str, said: str) -> Facet:
    return Facet("", path, None, text=said)


def _year(year: int) -> str:
    return str(year) if year > 0 else f"{-year} BC"


# -- one facet in words ------------------------------------------------------------------------------------------------

_Person = tuple[str, str, str]  # subject, possessive, form of to be
_PERSONS: dict[str, _Person] = {"I": ("I", "My", "am"), "you": ("You", "Your", "are"), "they": ("They", "Their", "are")}
# Last step of the path -> sentence; {S} subject, {P} possessive, {be} verb, {v} value. Others: "{P} key is value."
_PHRASES: dict[str, str] = {
    "age": "{S} {be} {v} years old.",
    "name": "{P} name is {v}.",
    "occupation": "{S} {be} {a} {v}.",
    "job": "{S} {be} {a} {v}.",
    "profession": "{S} {be} {a} {v}.",
    "location": "{S} live in {v}.",
    "residence": "{S} live in {v}.",
    "city": "{S} live in {v}.",
    "country": "{S} live in {v}.",
    "birthplace": "{S} were born in {v}.",
    "hometown": "{S} grew up in {v}.",
    "likes": "{S} like {v}.",
    "dislikes": "{S} dislike {v}.",
    "languages": "{S} speak {v}.",
    "nationality": "{S} {be} {v}.",
    "pets": "{S} have {v}.",
    "pet": "{S} have {a} {v}.",
    "interests": "{S} are interested in {v}.",
    "goal": "{P} goal is {v}.",
}


_TRAITS = "{S} {be} {v}."  # several adjectives


def sentence(facet: Facet, person: str = "you", language: str = "en") -> str:
    """One facet as a plain sentence.

    Args:
        facet: Its ``text`` is taken as it is; a description is taken as it is, or completed when it only names who the
            persona is ("a retired nurse"); anything else is put into words from path and value.
        person: ``I``, ``you`` or ``they``.
        language: Sentences are English; for other languages a ``key: value`` line comes out.
    """
    subject, possessive, be = _PERSONS[person]
    if facet.text is not None:
        return _ended(facet.text)
    if facet.path == DESCRIPTION and isinstance(facet.value, str):
        return _described(facet.value, subject, be)
    if not language.lower().startswith("en") or isinstance(facet.value, (bool, dict)):
        return f"{_label(facet.key)}: {show_value(facet.value)}"
    value = _listed(facet.value)
    phrase = _TRAITS if facet.path == "personality" and isinstance(facet.value, tuple) else _PHRASES.get(facet.key)
    if phrase is None:
        return _ended(f"{possessive} {_label(facet.key)} {_is(facet)} {value}")
    if person == "I":
        phrase = phrase.replace(" were ", " was ").replace(" are ", " am ")
    return phrase.format(S=subject, P=possessive, be=be, a=_article(value), v=value).replace("  ", " ")


def show_value(value: Value) -> str:
    """A value on one line: lists joined with commas, truth values as yes and no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(show_value(v) for v in value)
    if isinstance(value, dict):
        return "; ".join(f"{_label(k)}: {show_value(v)}" for k, v in value.items())
    return "" if value is None else _one_line(str(value))


def _listed(value: Value) -> str:
    """A value inside a sentence: the last of several is joined with *and*."""
    if not isinstance(value, tuple) or len(value) < 2:
        return show_value(value)
    return f"{', '.join(show_value(v) for v in value[:-1])} and {show_value(value[-1])}"


def _described(said: str, subject: str, be: str) -> str:
    first = said.split(maxsplit=1)[0].lower() if said.split() else ""
    if first in ("a", "an"):
        return _ended(f"{subject} {be} {said[0].lower()}{said[1:]}")
    return _ended(said)


def _ended(said: str) -> str:
    said = said.rstrip()
    return said if not said or said[-1] in ".!?:…。！？\"”'" else said + "."


def _is(facet: Facet) -> str:
    several = isinstance(facet.value, tuple) and len(facet.value) > 1
    plural = facet.key.endswith("s") and not facet.key.endswith(("ss", "us", "is"))
    return "are" if several or plural else "is"


def _article(value: str) -> str:
    if value.split(" ", 1)[0].lower() in ("a", "an", "the", "my", "head", "chief"):
        return ""
    return "an" if value[:1].lower() in "aeiou" and value[:1] else "a"


def _label(key: str) -> str:
    return key.replace("_", " ")


def _one_line(said: str) -> str:
    return " ".join(said.split())


def _you(facet: Facet, persona: Persona) -> str:
    return sentence(facet, "you", persona.language)


def _me(facet: Facet, persona: Persona) -> str:
    return sentence(facet, "I", persona.language)


def _them(facet: Facet, persona: Persona) -> str:
    return sentence(facet, "they", persona.language)


def _as_is(facet: Facet, persona: Persona) -> str:
    """PersonaGym's personas are sentences that the framing takes word for word."""
    if facet.path == DESCRIPTION and facet.text is None and isinstance(facet.value, str):
        return facet.value
    return _you(facet, persona)


def _card_line(facet: Facet, persona: Persona) -> str:
    """A description is a sentence already; a label before it would only make it harder to read."""
    if facet.path == DESCRIPTION and facet.text is None and isinstance(facet.value, str):
        return _one_line(facet.value)
    return _line(facet, persona)


def _line(facet: Facet, persona: Persona) -> str:
    said = facet.text if facet.value is None else show_value(facet.value)
    return f"{_label(facet.key)}: {_one_line(said or '')}"


_LAYOUTS: dict[str, _Layout] = {
    "system": _Layout(
        "You answer as the person described here.",
        "\n\nStay in character and answer in the first person, as this person would.",
        "\n",
        "",
        _you,
        "instruct",
        True,
    ),
    "personagym": _Layout(
        "Take on the identity of the person described here and answer as they would.",
        "\n\nAnswer every question strictly in accordance with this identity.",
        "\n",
        "",
        _as_is,
        "instruct",
        True,
    ),
    "card": _Layout("Character card", "", "\n", "", _card_line, "omit", False),
    "attributes": _Layout("", "", "", "\n", _line, "omit", False),
    "statements": _Layout("", "", "", "\n", _me, "omit", False),
    "biography": _Layout("About this person:", "", " ", "", _them, "omit", False),
    "traits": _Layout("", "", "", "\n", _line, "omit", False),
}
