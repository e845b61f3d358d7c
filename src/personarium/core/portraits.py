"""A picture for every persona: a small flat portrait, drawn from its id and what it openly says of its looks.

Only age, words of gender expression, hair, beard, glasses and occupation are read, and only from public facets. The colour and
the features of a face are drawn by lot from the hash of the id: where somebody is from, or what group they belong to, is never
looked at, so a picture says nothing of either.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from personarium.core import portrait_pieces as pieces
from personarium.core.facets import Facet
from personarium.core.persona import Persona

TITLE_CHARACTERS = 80
_FACETS, _CHARACTERS, _TEXT = 60, 200, 500  # what is read of a persona: enough for its looks, and bounded


def portrait(persona: Persona, size: int = 96) -> str:
    """The persona's portrait as an SVG element: no script, no outside reference, no id that could collide in a page.

    Args:
        persona: Who; the same id and looks always give the same picture.
        size: Width and height in pixels.

    Returns:
        One ``<svg>`` element of less than 4 KB whose ``<title>`` is the persona's name (or id).
    """
    look = looks_of(persona)
    draw = _Draw(persona.id)
    colours = _colours(draw, look)
    body = "".join(_layers(draw, look)).format_map(colours)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" width="{int(size)}" height="{int(size)}" role="img">'
        f"<title>{_title(persona)}</title>{body}</svg>"
    )


def _title(persona: Persona) -> str:
    words = " ".join((persona.name or persona.id).split())
    return escape(_NOT_XML.sub("", words)[:TITLE_CHARACTERS])


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


# -- what the persona says of its looks ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Looks:
    """What a persona openly says of how it looks; None or empty where it says nothing.

    Args:
        age: In years.
        gender: ``feminine`` or ``masculine``, by the first such word of its gender or pronouns.
        hair: Its cut in one plain word (``long``, ``curly``, ``bald``, ...).
        hair_colour: ``black``, ``brown``, ``red``, ``blond``, ``grey`` or a dyed one.
        beard: Whether it has one; None is not said.
        glasses: Likewise.
        wear: What people of its occupation might wear, one of the garments (``coat``, ``apron``, ...).
    """

    age: int | None = None
    gender: str = ""
    hair: str = ""
    hair_colour: str = ""
    beard: bool | None = None
    glasses: bool | None = None
    wear: str = ""


def looks_of(persona: Persona) -> Looks:
    """What the public facets say; the last step of a path names the field, sentences are searched for plain words."""
    fields: dict[str, str] = {}
    sentences: list[str] = []
    for facet in persona.facets[:_FACETS]:
        if facet.visibility != "public" or facet.machinery:
            continue
        said = _said(facet)
        key = facet.key.lower()
        if key in _KEYS:
            fields.setdefault(_KEYS[key], said)
        elif isinstance(facet.value, str) and " " in said:
            sentences.append(said)
    text = " ".join(sentences)[:_TEXT]
    hair = fields.get("hair", "") or " ".join(_HAIR_PHRASE.findall(text))
    return Looks(
        age=_age(fields.get("age", ""), text),
        gender=_first(_GENDERS, fields.get("gender", "") or text),
        hair=_first(_HAIR_CUTS, hair),
        hair_colour=_first(_HAIR_COLOURS, hair),
        beard=True if _BEARD.search(f"{fields.get('beard', '')} {text}") else None,
        glasses=True if _GLASSES.search(f"{fields.get('glasses', '')} {text}") else None,
        wear=_first(_WEAR, fields.get("occupation", "") or text),
    )


def _said(facet: Facet) -> str:
    value = facet.value
    return (value if isinstance(value, str) else str(value))[:_CHARACTERS].lower()


def _age(field: str, text: str) -> int | None:
    found = re.match(r"\D{0,20}(\d{1,3})\b", field) or _YEARS_OLD.search(text)
    return int(found[1]) if found and int(found[1]) <= 120 else None


def _first(words: Sequence[tuple[str, re.Pattern[str]]], text: str) -> str:
    """The name whose words stand first in the text."""
    found = [(match.start(), name) for name, pattern in words if (match := pattern.search(text))]
    return min(found)[1] if found else ""


def _words(**names: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(rf"\b(?:{words})\b")) for name, words in names.items())


_KEYS = {
    **dict.fromkeys(("age", "age_years"), "age"),
    **dict.fromkeys(("gender", "sex", "pronouns", "gender_expression", "gender_identity"), "gender"),
    **dict.fromkeys(("hair", "hair_style", "hairstyle", "hair_colour", "hair_color", "appearance", "looks"), "hair"),
    **dict.fromkeys(("beard", "facial_hair"), "beard"),
    **dict.fromkeys(("glasses", "eyewear"), "glasses"),
    **dict.fromkeys(("occupation", "job", "profession", "work", "job_title", "role", "career"), "occupation"),
}
_YEARS_OLD = re.compile(r"\b(\d{1,3})[- ]years?[- ]old\b")
_HAIR_PHRASE = re.compile(r"\b((?:[a-z-]+,? ){0,4}hair\b|\bbald\b|\b(?:curls|braids|ponytail|bun|afro)\b)")
_BEARD = re.compile(r"\b(?:beard|bearded|full beard|moustache|mustache)\b")
_GLASSES = re.compile(r"\b(?:glasses|spectacles|eyeglasses)\b")
_GENDERS = _words(
    feminine="female|woman|girl|feminine|she|her|mother|grandmother|lady",
    masculine="male|man|boy|masculine|he|him|his|father|grandfather|gentleman",
)
_HAIR_CUTS = _words(
    bald="bald|no hair",
    buzz="buzz|buzzed|shaved|shaven|cropped|crew cut",
    afro="afro|coily|kinky",
    curly="curly|curls|frizzy",
    wavy="wavy|waves",
    braids="braids|braided|plaits|dreadlocks|locs",
    bun="bun|topknot|updo",
    ponytail="ponytail|pony tail",
    bob="bob|chin-length|shoulder-length|medium-length|fringe|bangs",
    long="long|waist-length|flowing",
    short="short|pixie|neat|tidy",
)
_HAIR_COLOURS = _words(
    black="black|raven|jet|dark",
    brown="brown|brunette|chestnut|auburn|hazel",
    red="red|ginger|copper|strawberry",
    blond="blond|blonde|golden|fair|sandy",
    grey="grey|gray|silver|white|greying|graying",
    blue="blue|teal|turquoise|green",
    pink="pink|purple|violet|magenta",
)
_WEAR = _words(
    coat="doctor|physician|surgeon|nurse|scientist|chemist|pharmacist|dentist|veterinarian|vet|researcher|biologist|paramedic",
    blazer="lawyer|banker|manager|executive|accountant|consultant|director|politician|diplomat|economist|analyst|judge|detective|ceo",
    apron="cook|chef|baker|barista|butcher|potter|florist|waiter|waitress|brewer",
    dungarees="mechanic|carpenter|builder|gardener|farmer|plumber|electrician|painter|welder|beekeeper|factory|construction|blacksmith",
    stripes="sailor|captain|fisher|fisherman|diver|lifeguard|pirate|mariner|navigator",
    hoodie="student|programmer|developer|software|gamer|streamer|hacker|skater|teenager",
    scarf="writer|poet|novelist|artist|musician|singer|actor|actress|photographer|violinist|composer|traveller|explorer|ranger",
    shirt="teacher|professor|librarian|journalist|editor|engineer|architect|designer|clerk|historian|tutor|postman|driver",
)


# -- drawing by lot ------------------------------------------------------------------------------------------------


class _Draw:
    """Choices from the bytes of the id's hash, two for each question, so that no question moves another."""

    def __init__(self, id: str) -> None:
        self._bytes = hashlib.blake2b(id.encode(), digest_size=32).digest()

    def number(self, question: int) -> int:
        """A number from 0 to 65535."""
        return self._bytes[2 * question] << 8 | self._bytes[2 * question + 1]

    def one(self, question: int, options: Sequence[str]) -> str:
        """One of the options."""
        return options[self.number(question) % len(options)]


_PALETTE, _FACE, _HAIR, _CUT, _GARMENT, _BACKDROP, _HEAD, _EYES, _MOUTH, _EXTRA, _CHIN = range(11)
OLD, CHILD = 65, 13


def _colours(draw: _Draw, look: Looks) -> dict[str, str]:
    palette = pieces.PALETTES[draw.number(_PALETTE) % len(pieces.PALETTES)]
    face = draw.one(_FACE, pieces.FACES)
    hair = pieces.HAIRS.get(look.hair_colour) or _hair_colour(draw, look, palette, face)
    return {
        **palette._asdict(),
        "face": face,
        "hair": hair,
        "eye": "#2a1d24",
        "lip": "#431a1e" if _light(face) < 0.2 else "#7c2f33",
        "paper": "#fffaf2",
    }


def _hair_colour(draw: _Draw, look: Looks, palette: pieces.Palette, face: str) -> str:
    if look.age is not None and look.age >= OLD:
        return pieces.HAIRS["grey"]
    options = [palette.ink, *list(pieces.HAIRS.values())[:4], palette.ink, palette.trim, pieces.HAIRS["black"]]
    clear = [
        c for c in options if abs(_light(c) - _light(face)) > 0.1 and abs(_light(c) - _light(palette.behind)) > 0.1
    ]
    return draw.one(_HAIR, clear or [palette.ink])


def _light(colour: str) -> float:
    """Roughly the relative luminance."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return float(0.21 * red**2.2 + 0.72 * green**2.2 + 0.07 * blue**2.2)


# -- putting the pieces together -----------------------------------------------------------------------------------


def _layers(draw: _Draw, look: Looks) -> list[str]:
    cut = _cut(draw, look)
    back, front = pieces.CUTS[cut]
    garment = look.wear or draw.one(_GARMENT, pieces.ANY_GARMENT)
    under, over = pieces.GARMENTS[garment]
    figure = [
        f"{pieces.LOWERED}{_filled('{hair}', back)}</g>{under}{pieces.NECK}{over}{pieces.LOWERED}",
        pieces.HEADS[draw.number(_HEAD) % len(pieces.HEADS)],
        _beard(draw, look),
        _face(draw, look),
        _filled("{hair}", front),
        _extras(draw, look),
        "</g>",
    ]
    place = pieces.CHILD_PLACE if look.age is not None and look.age < CHILD else pieces.PLACE
    return [
        '<g clip-path="inset(0 round 24px)"><path fill="{tile}" d="M0 0h96v96H0z"/>',
        pieces.BACKDROPS[draw.number(_BACKDROP) % len(pieces.BACKDROPS)],
        place,
        *figure,
        "</g></g>",
    ]


def _filled(colour: str, shapes: str) -> str:
    return f'<g fill="{colour}">{shapes}</g>' if shapes else ""


def _cut(draw: _Draw, look: Looks) -> str:
    if look.hair:
        return draw.one(_CUT, pieces.SAID_CUTS[look.hair])
    return draw.one(_CUT, pieces.CUTS_OF[look.gender])


def _beard(draw: _Draw, look: Looks) -> str:
    grown = look.age is None or look.age >= 20
    lot = draw.number(_CHIN)
    if look.beard or (look.gender == "masculine" and grown and lot % 3 == 0):
        return _filled("{hair}", pieces.BEARDS[lot // 3 % len(pieces.BEARDS)])
    return ""


def _face(draw: _Draw, look: Looks) -> str:
    return (
        pieces.EYES[draw.number(_EYES) % len(pieces.EYES)]
        + '<path fill="#000" fill-opacity=".14" d="M48 42.5l2.6 7.2q-2.6 1.2-4.2 0z"/>'
        + pieces.MOUTHS[draw.number(_MOUTH) % len(pieces.MOUTHS)]
    )


def _extras(draw: _Draw, look: Looks) -> str:
    lot = draw.number(_EXTRA) % 16
    out = pieces.GLASSES[lot % 2] if look.glasses or lot in (0, 1, 2) else ""
    return out + (pieces.EARRINGS if lot in (3, 4) and look.gender != "masculine" else "")
