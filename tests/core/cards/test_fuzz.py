"""The readers of cards on mutated files: a card or one error of ours, never anything else, in bounded memory.

Seeded, so that a failure comes back: the message names the number of the input.
"""

from __future__ import annotations

import base64
import io
import json
import random
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from card_samples import CARDS, PICTURE, chunk, encoded, picture, text

from personarium.core import PersonariumError
from personarium.core.cards import Card, card_from_persona, persona_from_card
from personarium.core.cards.charx import read_charx
from personarium.core.cards.files import card_bytes
from personarium.core.cards.png import read_png
from personarium.core.cards.text import card_from_json

GOLDEN = Path(__file__).parent / "golden"
READERS: dict[str, Callable[[bytes, str], Card]] = {"png": read_png, "charx": read_charx, "json": card_from_json}
ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    2**70,
    1e300,
    "",
    "{{char}}: {{user}}<START>{{// ",
    "\ud800",
    "x" * 2000,
    "@@depth 1\n" * 50,
    [],
    {},
    [[]],
    {"": ""},
    ["a", 1],
    [None],
    {"persona": {"schema_version": 1}},
    "chara_card_v3",
    "chara_card_v2",
]


def seeds() -> dict[str, list[bytes]]:
    """Whole files of each kind."""
    pictures = [(GOLDEN / name).read_bytes() for name in ("v1.png", "v2.png", "v2_written.png", "v3.png")]
    packed = chunk(b"zTXt", b"ccv3\0\0" + zlib.compress(encoded(CARDS["V3"])))
    named = chunk(b"iTXt", b"chara\0\1\0en\0\0" + zlib.compress(encoded(CARDS["V2"])))
    asset = text(b"chara-ext-asset_:0", base64.b64encode(bytes(50)))
    pictures += [picture(packed), picture(named, asset)]
    plain = [json.dumps(card).encode() for card in CARDS.values()]
    return {"png": pictures, "charx": [(GOLDEN / "v3.charx").read_bytes(), archive(CARDS["V2"])], "json": plain}


def archive(card: Any, *more: tuple[str, bytes]) -> bytes:
    """A deflated archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("card.json", json.dumps(card))
        for name, content in more:
            made.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


# -- mutations of bytes ------------------------------------------------------------------------------------------------


def flip(draw: random.Random, data: bytes, other: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 8, 40))):
        out[draw.randrange(len(out))] = draw.choice((draw.randrange(256), 0, 255, out[draw.randrange(len(out))]))
    return bytes(out)


def cut(draw: random.Random, data: bytes, other: bytes) -> bytes:
    return data[: draw.randrange(len(data))]


def drop(draw: random.Random, data: bytes, other: bytes) -> bytes:
    start = draw.randrange(len(data))
    return data[:start] + data[start + draw.randrange(1, 60) :]


def repeat(draw: random.Random, data: bytes, other: bytes) -> bytes:
    start = draw.randrange(len(data))
    return data[:start] + data[start : start + draw.randrange(1, 200)] * draw.randrange(2, 6) + data[start:]


def splice(draw: random.Random, data: bytes, other: bytes) -> bytes:
    return data[: draw.randrange(len(data))] + other[draw.randrange(len(other)) :]


def number(draw: random.Random, data: bytes, other: bytes) -> bytes:
    """Another number where a length, an offset or a checksum may stand."""
    size, at = draw.choice((2, 4)), draw.randrange(len(data))
    value = draw.choice((0, 1, 0x7F, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, len(data), draw.randrange(2**32))) % 2 ** (
        8 * size
    )
    return data[:at] + value.to_bytes(size, draw.choice(("big", "little"))) + data[at + size :]


def chunks(draw: random.Random, data: bytes, other: bytes) -> bytes:
    """The chunks of a PNG in another order, some of them missing or twice, their checksums right."""
    found, at = [], 8
    while at + 8 <= len(data):
        length = struct.unpack(">I", data[at : at + 4])[0]
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    for _ in range(draw.randrange(1, 4)):
        if not found:
            break
        one = draw.randrange(len(found))
        kind, body = found.pop(one)
        if draw.random() < 0.5 and body:
            body = flip(draw, body, b"")
        for _ in range(draw.choice((0, 1, 1, 2))):
            found.insert(draw.choice((one, draw.randrange(len(found) + 1))), (kind, body))
    return data[:8] + b"".join(chunk(kind, body) for kind, body in found)


# -- mutations of what a card says -------------------------------------------------------------------------------------


def changed(draw: random.Random, value: Any) -> Any:
    """A JSON value with something else in one place."""
    if not value or not isinstance(value, (dict, list)) or draw.random() < 0.15:
        return draw.choice(ODD)
    out: Any = value.copy()
    key = draw.choice(list(value)) if isinstance(value, dict) else draw.randrange(len(value))
    what = draw.random()
    if what < 0.1:
        del out[key]
    elif what < 0.2 and isinstance(out, dict):
        out[draw.choice(("data", "spec", "personarium", "assets", "nickname", "character_book", "\udfff"))] = out.pop(
            key
        )
    else:
        out[key] = changed(draw, value[key])
    return out


def said_otherwise(draw: random.Random, kind: str) -> bytes:
    card = draw.choice(list(CARDS.values()))
    for _ in range(draw.choice((1, 1, 2, 4))):
        card = changed(draw, card)
    if kind == "json":
        return json.dumps(card).encode()
    if kind == "charx":
        name = draw.choice(
            ("a", "../a", "/a", "a/", "assets/icon/images/main.png", "a\\b", "x" * 1001, "ä", "card.json/x")
        )
        return archive(card, (name, draw.choice((b"", b"x", PICTURE))))
    keyword = draw.choice((b"chara", b"ccv3", b"CHARA", b"chara-ext-asset_:"))
    made = base64.b64encode(json.dumps(card).encode())
    return picture(draw.choice((text(keyword, made), chunk(b"zTXt", keyword + b"\0\0" + zlib.compress(made)))))


PLAIN = (flip, cut, drop, repeat, splice, number)


def mutated(draw: random.Random, kind: str, whole: list[bytes]) -> bytes:
    """One broken file."""
    if draw.random() < 0.4:
        return said_otherwise(draw, kind)
    data, other = draw.choice(whole), draw.choice(whole)
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        if not data:
            break
        data = draw.choice((*PLAIN, chunks) if kind == "png" and data[:4] == b"\x89PNG" else PLAIN)(draw, data, other)
    return data


def use(data: bytes, kind: str) -> bool:
    """Read, make a persona of it, write it in every format and read it again; whether it was a card at all."""
    try:
        card = READERS[kind](data, f"fuzz.{kind}")
    except PersonariumError as error:
        assert str(error).startswith("fuzz."), error
        return False
    for ending, read in ((".json", card_from_json), (".png", read_png), (".charx", read_charx)):
        try:
            again = read(card_bytes(card, ending, "x"), "x")
        except PersonariumError as error:  # an asset's name that a PNG cannot hold, say
            assert "asset" in str(error) or "plain path" in str(error), error
            continue
        assert (again.data, again.rest) == (card.data, card.rest)
    try:
        persona = persona_from_card(card)
    except PersonariumError as error:
        assert "levels deep" in str(error), error
        return True
    assert card_from_persona(persona).data == card.data or "personarium" in card.data["extensions"]
    persona.view()
    return True


def run(start: int, count: int) -> dict[str, list[int]]:
    """Use that many inputs; how many were cards, and how many were refused."""
    whole = seeds()
    counts = {kind: [0, 0] for kind in READERS}
    for index in range(start, start + count):
        draw = random.Random(index)
        kind = draw.choice(list(READERS))
        data = mutated(draw, kind, whole[kind])
        try:
            counts[kind][use(data, kind)] += 1
        except Exception as error:
            raise AssertionError(f"input {index} ({kind}) broke the reader: {error!r}") from error
    return counts


def test_whole_files_are_cards() -> None:
    assert all(use(data, kind) for kind, files in seeds().items() for data in files)


def test_three_thousand_mutated_files() -> None:
    counts = run(0, 3_000)
    for refused, read in counts.values():
        assert refused > 300 and read > 60  # both ways are tried


@pytest.mark.slow
def test_a_hundred_thousand_mutated_files() -> None:
    counts = run(1_000_000, 100_000)
    assert sum(map(sum, counts.values())) == 100_000


def test_memory_stays_bounded() -> None:
    run(0, 20)  # what is loaded once is not counted
    tracemalloc.start()
    try:
        run(50_000, 250)
        assert tracemalloc.get_traced_memory()[1] < 30 * 2**20
        for bomb in bombs():
            tracemalloc.reset_peak()
            with pytest.raises(PersonariumError):
                bomb()
            assert tracemalloc.get_traced_memory()[1] < 300 * 2**20
    finally:
        tracemalloc.stop()


def bombs() -> list[Callable[[], object]]:
    """What would take gigabytes if it were believed."""
    blown = zlib.compress(bytes(300_000_000), 9)
    values = b'{"first_mes":"","x":[' + b"[]," * 5_000_000 + b"1]}"
    return [
        lambda: read_png(picture(chunk(b"zTXt", b"ccv3\0\0" + blown)), "x"),
        lambda: read_charx(archive({}, *((f"{n}", bytes(30_000_000)) for n in range(4))), "x"),
        lambda: card_from_json(values, "x"),
        lambda: card_from_json(b"[" * 10_000_000, "x"),
        lambda: read_png(PICTURE[:33] + b"\xff\xff\xff\xfftEXt", "x"),
    ]
