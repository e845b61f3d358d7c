"""What portraits are cut from: palettes, and every piece as SVG on a tile of 96 x 96.

Words in braces are colours of the palette (``{tile}``, ``{behind}``, ``{worn}``, ``{trim}``, ``{ink}``) or of the persona
(``{face}``, ``{hair}``, ``{eye}``, ``{lip}``, ``{paper}``). No piece goes beyond the tile, which is its own clipping box.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Palette(NamedTuple):
    """Colours that go together: the tile, the shape behind, what is worn, its trim, and the dark of the set."""

    tile: str
    behind: str
    worn: str
    trim: str
    ink: str


PALETTES = tuple(
    Palette(*(f"#{colour}" for colour in row.split()))
    for row in (
        "dceff0 b5dde0 2f7f8c f2b56b 1f3a4a",
        "e8e0f5 cfc0ec 6b55b0 f29e8e 2e2350",
        "fbe3e4 f5c4c8 b84a6a f0b860 4a1e36",
        "e4eed9 c5dbae 55793f e88f5a 26381f",
        "f8ecd7 efd6a9 b9772f 3f7c85 43301d",
        "dde9fa b8d0f4 3c68b8 f5b84f 1e2e57",
        "fae5da f3c4ac b4532f 4e8c83 47211a",
        "daf2e6 afe0c9 2e8265 f28f79 173d35",
        "f3e0f0 e2bcdc 8b3f86 e9a93f 3d1b3f",
        "e9eaee cdd1da 4f5b72 e58a6b 262c3a",
        "fbf3cc f3e08f 8c7a1f c65d47 3b3416",
        "ffe4dc ffc2b0 d0553f 3e7ca6 4a1f22",
        "e0f0fa b4dbf2 2873a0 e27d8e 16344c",
        "e9e2ee c9b6d4 5b3c6e 7fb08a 291a35",
    )
)
FACES = (
    *("#f6dcbf", "#f5c9a4", "#f2b79b", "#e9a987", "#d99a6c"),
    *("#cf8a72", "#b87a5a", "#a9695f", "#8f5a4a", "#774a44"),
)
HAIRS = {
    "black": "#2b2530",
    "brown": "#6b4330",
    "red": "#b5502c",
    "blond": "#e2b764",
    "grey": "#c9ccd3",
    "blue": "#3b7fa0",
    "pink": "#b65a94",
}

PLACE = '<g transform="translate(-5.8 -11.5) scale(1.12)">'  # the shoulders stay on the lower edge
CHILD_PLACE = '<g transform="translate(4.3 8.6) scale(.91)">'
LOWERED = '<g transform="translate(0 3.5)">'
NECK = '<path fill="{face}" d="M41 52h14v15q0 8-7 8t-7-8z"/><path fill="#000" fill-opacity=".16" d="M41 56h14v3q-5 7-14 5z"/>'
_EAR = '<circle cx="33.5" cy="45" r="3.2"/><circle cx="62.5" cy="45" r="3.2"/>'
_FOLD = '<path fill="#000" fill-opacity=".07" d="M48 25a15 15 0 0 1 15 15v5c0 9.5-7 16-15 16z"/>'
HEADS = (
    f'<g fill="{{face}}">{_EAR}<path d="M33 40a15 15 0 0 1 30 0v5c0 9.5-7 16-15 16s-15-6.5-15-16z"/></g>{_FOLD}',
    f'<g fill="{{face}}">{_EAR}<path d="M33 40a15 15 0 0 1 30 0v6c0 5-4 15-15 15s-15-10-15-15z"/></g>{_FOLD}',
    f'<g fill="{{face}}">{_EAR}<path d="M33 40a15 15 0 0 1 30 0v3c0 10-9 18.5-15 18.5S33 53 33 43z"/></g>{_FOLD}',
)
EYES = (
    '<g fill="{eye}"><circle cx="42.3" cy="43" r="1.9"/><circle cx="53.7" cy="43" r="1.9"/></g>',
    '<g fill="{eye}"><circle cx="42" cy="43" r="1.7"/><circle cx="54" cy="43" r="1.7"/></g>',
    '<g fill="none" stroke="{eye}" stroke-width="1.6" stroke-linecap="round"><path d="M39.5 43.5q2.5 2 5 0M51.5 43.5q2.5 2 5 0"/></g>',
    '<g fill="none" stroke="{eye}" stroke-width="1.6" stroke-linecap="round"><path d="M39.5 39q2.5-1.5 5 0M51.5 39q2.5-1.5 5 0"/></g><g fill="{eye}"><circle cx="42" cy="43.5" r="1.7"/><circle cx="54" cy="43.5" r="1.7"/></g>',
)
MOUTHS = (
    '<path fill="none" stroke="{lip}" stroke-width="1.6" stroke-linecap="round" d="M44 54q4 2.8 8 0"/>',
    '<path fill="none" stroke="{lip}" stroke-width="1.6" stroke-linecap="round" d="M45 54q3 1.4 6 0"/>',
    '<path fill="{lip}" d="M43.5 53q4.5 1.2 9 0-1 4.5-4.5 4.5T43.5 53z"/>',
    '<path fill="none" stroke="{lip}" stroke-width="1.6" stroke-linecap="round" d="M44.5 54.5q4 1.5 7-1"/>',
)
BEARDS = (
    '<path d="M33 44c1 5 3 7 7 7q8-3 16 0c4 0 6-2 7-7v4c0 9-6 15.5-15 15.5S33 57 33 48z"/>',
    '<path d="M41.5 52q6.5-3.5 13 0l.5 5q-1 6-7 6t-7-6z"/>',
    '<path d="M41 52.5q3.5-3.5 7-1.5 3.5-2 7 1.5-4 1.5-7 0-3 1.5-7 0z"/>',
)
GLASSES = (
    '<g fill="#fff" fill-opacity=".25" stroke="{ink}" stroke-width="1.4"><circle cx="41.5" cy="43.5" r="5"/><circle cx="54.5" cy="43.5" r="5"/><path fill="none" d="M46.5 42.5q1.5-1.2 3 0"/></g>',
    '<g fill="#fff" fill-opacity=".25" stroke="{trim}" stroke-width="1.6"><rect x="36.5" y="39.5" width="9.5" height="8" rx="2.5"/><rect x="50" y="39.5" width="9.5" height="8" rx="2.5"/><path d="M46 42.5h4"/></g>',
)
EARRINGS = '<g fill="{trim}"><circle cx="33" cy="50.5" r="1.8"/><circle cx="63" cy="50.5" r="1.8"/></g>'

BACKDROPS = (
    '<circle fill="{behind}" cx="48" cy="46" r="34"/>',
    '<path fill="{behind}" d="M18 96V46a30 30 0 0 1 60 0v50z"/>',
    '<path fill="{behind}" d="M0 62q24-18 48-4t48-8v46H0z"/>',
    '<path fill="{behind}" d="M96 0v96H0z"/>',
    '<circle fill="{trim}" fill-opacity=".55" cx="70" cy="26" r="15"/><path fill="{behind}" d="M0 66h96v30H0z"/>',
    '<g fill="none" stroke="{behind}" stroke-width="5"><circle cx="48" cy="44" r="28"/><circle cx="48" cy="44" r="40"/></g>',
    '<path fill="{behind}" d="M0 0h32v96H0zM64 0h32v96H64z"/>',
    '<path fill="{behind}" d="M0 0h34a22 22 0 0 1-34 24zM96 46v50H62a27 27 0 0 1 34-50z"/>',
)

# -- hair: what is behind the head, and what is in front --
_CAP = '<path d="M32 44c-2.5-15 5-22.5 16-22.5S66.5 29 64 44c-1.5-4-2.5-6.5-4-8.5-8 1.5-16 1-22-1.5-2.5 2.5-4.5 5.5-6 10z"/>'
_CURTAIN = '<path d="M31 52c-3-20 5-31 17-31s20 11 17 31c-2-9-6-17-17-22-11 5-15 13-17 22z"/>'
_SWEEP = '<path d="M31.5 46c-2.5-17 6-25 17.5-25 11 0 17.5 8 15.5 24-1.5-5-3-8-5.5-10.5-6 .5-12-1-17-5-2 6-6.5 9-10.5 16.5z"/>'
_FRINGE = '<path d="M31.5 47c-2.5-17 5.5-26 16.5-26s19 9 16.5 26l-2.5-8c-9-2.5-19-2.5-28 0z"/>'
_NAPE = '<path fill="#000" fill-opacity=".2" d="M34 48h28l1.5 18h-31z"/>'
_LONG = '<path d="M27 82c-3-10 1.5-22 1.5-36 0-15 8-25 19.5-25s19.5 10 19.5 25c0 14 4.5 26 1.5 36z"/>' + _NAPE
_BOB = (
    '<path d="M29 61c-3-5-1.5-13-1.5-19 0-13 8-21 20.5-21s20.5 8 20.5 21c0 6 1.5 14-1.5 19-3 4-8 5-11 5H40c-3 0-8-1-11-5z"/>'
    + _NAPE
)
CUTS: dict[str, tuple[str, str]] = {
    "bald": ("", ""),
    "buzz": ("", '<path fill-opacity=".8" d="M32.5 41c-.5-11.5 6-17.5 15.5-17.5S64 29.5 63.5 41c-1.5-5-3.5-7.5-6-8.5-6-1.5-13-1.5-19 0-2.5 1-4.5 3.5-6 8.5z"/>'),
    "crop": ("", _CAP),
    "sweep": ("", _SWEEP),
    "quiff": ("", '<path d="M32 43c-2.5-10 0-17 6-19 3-8 20-9 26-1 4 5 3 13 .5 20-1-5-2.5-7.5-5-9.5-8 2.5-17 2-22.5-.5-3 3-4 6-5 10z"/>'),
    "bun": ('<circle cx="48" cy="16" r="8"/>', _CAP),
    "puffs": ('<circle cx="31" cy="25" r="9"/><circle cx="65" cy="25" r="9"/>', _CAP),
    "ponytail": ('<path d="M58 26c14-2 20 12 16 32-1 6-5 7-6 3 2-13 0-21-10-25z"/>', _SWEEP),
    "bob": (_BOB, _FRINGE),
    "bob_parted": (_BOB, _CURTAIN),
    "long": (_LONG, _CURTAIN),
    "long_fringe": (_LONG, _FRINGE),
    "long_side": (_LONG, _SWEEP),
    "wavy": ('<circle cx="30" cy="44" r="8"/><circle cx="28" cy="56" r="8"/><circle cx="31" cy="68" r="8"/><circle cx="66" cy="44" r="8"/><circle cx="68" cy="56" r="8"/><circle cx="65" cy="68" r="8"/><path d="M30 46c-2-16 6-25 18-25s20 9 18 25v24H30z"/>' + _NAPE, _CURTAIN),
    "curly": ("", '<path d="M33 41a7 7 0 0 1-1-9 7 7 0 0 1 6-8 8 8 0 0 1 10-4 8 8 0 0 1 10 4 7 7 0 0 1 6 8 7 7 0 0 1-1 9c-1-4-3-6-6-7q-9-3-18 0c-3 1-5 3-6 7z"/>'),
    "afro": ('<circle cx="48" cy="36" r="24"/>', '<path d="M32.5 43C31 33 37 29 48 29s17 4 15.5 14c3-14-3-21-15.5-21s-18.5 7-15.5 21z"/>'),
    "braids": (_BOB, _CURTAIN + '<circle cx="31" cy="60" r="4.5"/><circle cx="30" cy="67" r="4.5"/><circle cx="31" cy="74" r="4"/><circle cx="31.5" cy="80" r="3"/><circle cx="65" cy="60" r="4.5"/><circle cx="66" cy="67" r="4.5"/><circle cx="65" cy="74" r="4"/><circle cx="64.5" cy="80" r="3"/>'),
    "beanie": ("", '<path fill="{trim}" d="M31 36c0-13 7-20 17-20s17 7 17 20z"/><rect fill="{trim}" x="29.5" y="31" width="37" height="7.5" rx="3.7"/><rect fill="#000" fill-opacity=".14" x="29.5" y="31" width="37" height="7.5" rx="3.7"/>'),
    "hat": (_BOB, '<path fill="{trim}" d="M35 31c0-11 4-17 13-17s13 6 13 17z"/><path fill="#000" fill-opacity=".18" d="M35 27h26v4H35z"/><ellipse fill="{trim}" cx="48" cy="32" rx="26" ry="4.5"/>'),
}  # fmt: skip
_SHORT = ("crop", "sweep", "quiff", "curly", "buzz", "beanie")
_LONGER = (
    "bob",
    "bob_parted",
    "long",
    "long_fringe",
    "long_side",
    "wavy",
    "bun",
    "ponytail",
    "afro",
    "braids",
    "puffs",
    "hat",
    "crop",
    "curly",
)
CUTS_OF: dict[str, Sequence[str]] = {
    "masculine": (*_SHORT, "crop", "sweep", "bun", "afro", "bald", "wavy"),
    "feminine": _LONGER,
    "": tuple(dict.fromkeys((*_SHORT, *_LONGER))),
}  # fmt: skip
SAID_CUTS: dict[str, Sequence[str]] = {
    "bald": ("bald",),
    "buzz": ("buzz",),
    "afro": ("afro", "puffs"),
    "curly": ("curly", "afro"),
    "wavy": ("wavy",),
    "braids": ("braids",),
    "bun": ("bun",),
    "ponytail": ("ponytail",),
    "bob": ("bob", "bob_parted"),
    "long": ("long", "long_fringe", "long_side"),
    "short": ("crop", "sweep", "quiff"),
}

# -- what is worn: behind the neck, and over it --
_BODY = "M9 96c1-16 12-22 29-26 2 5 6 7 10 7s8-2 10-7c17 4 28 10 29 26z"
_TORSO = f'<path fill="{{worn}}" d="{_BODY}"/>'
_LAPELS = '<path fill="{paper}" d="M39 70l9 26 9-26q-3 6-9 6t-9-6z"/><path fill="#000" fill-opacity=".22" d="M38.5 69.5l-6 3 4 8-3 2.5L46 96h3l-1-2zM57.5 69.5l6 3-4 8 3 2.5L50 96h-3l1-2z"/>'
GARMENTS: dict[str, tuple[str, str]] = {
    "crew": ("", _TORSO + '<path fill="none" stroke="#fff" stroke-opacity=".35" stroke-width="2.5" d="M37.5 70.5c2 6 6 8.2 10.5 8.2s8.5-2.2 10.5-8.2"/>'),
    "vneck": ("", '<path fill="{worn}" d="M9 96c1-16 12-22 29-26l10 14 10-14c17 4 28 10 29 26z"/>'),
    "shirt": ("", _TORSO + '<path fill="{paper}" d="M39.5 67l8.5 10-7.5 6.5-6-12.5zM56.5 67L48 77l7.5 6.5 6-12.5z"/><path fill="#000" fill-opacity=".2" d="M47.3 80h1.4v16h-1.4z"/>'),
    "turtleneck": ("", _TORSO + '<path fill="{worn}" d="M39 62q9 3 18 0l2 12q-11 11-22 0z"/><path fill="#fff" fill-opacity=".22" d="M39 62q9 3 18 0l.6 4q-9.6 3-19.2 0z"/>'),
    "hoodie": ('<path fill="{worn}" d="M30 74c2-12 34-12 36 0l-4 8H34z"/><path fill="#000" fill-opacity=".18" d="M30 74c2-12 34-12 36 0l-4 8H34z"/>', _TORSO + '<g stroke="{paper}" stroke-width="1.6" stroke-linecap="round"><path d="M43 78v9M53 78v7"/></g>'),
    "blazer": ("", _TORSO + _LAPELS + '<path fill="{trim}" d="M46 77h4l1.5 12L48 94l-3.5-5z"/>'),
    "coat": ("", f'<path fill="{{paper}}" d="{_BODY}"/><path fill="{{worn}}" d="M39 70l9 24 9-24q-3 6.5-9 6.5T39 70z"/><path fill="{{behind}}" d="M38.5 69.5l-6 3 4 8-3 2.5L46 96h3l-1-2zM57.5 69.5l6 3-4 8 3 2.5L50 96h-3l1-2z"/>'),
    "stripes": ("", f'<path fill="{{paper}}" d="{_BODY}"/><g fill="{{worn}}"><path d="M23.5 76q24.5 8 49 0l4.5 3q-29 9-58 0zM14 84q34 9 68 0l2.5 4.5q-36.5 9-73 0zM10 93.5q38 5 76 0l1 2.5H9z"/></g>'),
    "dungarees": ("", f'<path fill="{{trim}}" d="{_BODY}"/><path fill="{{worn}}" d="M33 96V82h30v14zM27.5 73.5l4-1.8L37 84h-4zM68.5 73.5l-4-1.8L59 84h4z"/><g fill="{{paper}}"><circle cx="35" cy="84" r="1.5"/><circle cx="61" cy="84" r="1.5"/></g>'),
    "apron": ("", _TORSO + '<path fill="{paper}" d="M36 96V83q12-4 24 0v13zM34 71l2.5-1L40 83h-3.5zM62 71l-2.5-1L56 83h3.5z"/>'),
    "scarf": ("", _TORSO + '<path fill="{trim}" d="M36 66q12 6 24 0l3 7q-15 9-30 0z"/><path fill="{trim}" d="M52 73l8-2 3 20-7 2z"/><path fill="#000" fill-opacity=".12" d="M36 70q12 7 25-1l2 4q-15 9-30 0z"/>'),
}  # fmt: skip
ANY_GARMENT = ("crew", "crew", "vneck", "shirt", "turtleneck", "hoodie", "stripes", "scarf")
