"""Character cards in PNG pictures: chunks are read, replaced and written; the image itself is never unpacked.

Source: Character Card V1 (embedding) and V3 (PNG/APNG) specifications; PNG specification, third edition, 5 and 11.3.3.
"""

from __future__ import annotations

import binascii
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from personarium.core.cards.portrait import SIGNATURE, make_chunk, portrait
from personarium.core.cards.record import Card
from personarium.core.cards.text import MAX_CARD_BYTES, card_from_json, card_json
from personarium.core.errors import InvalidInput
from personarium.core.files import too_large

MAX_PICTURE_BYTES = 64 * 2**20
MAX_CHUNKS = 100_000
CARD_WORDS = ("ccv3", "chara")  # the first is used when both are there (V3 specification, PNG/APNG)
ASSET_WORD = "chara-ext-asset_:"
LONGEST_KEYWORD = 79  # PNG specification, 11.3.3.2
BACKFILL_WARNING = (
    "Written for Character Card V3. What you see is the V2 copy, which leaves things out: "
    "open the card in a program that reads V3."
)
_MAX_TEXT_BYTES = MAX_CARD_BYTES * 4 // 3 + 2**20  # base64 of the largest card, line breaks included


@dataclass(frozen=True, slots=True)
class _Chunk:
    """One chunk: what it is and where its bytes stand in the file (length, type, body, checksum)."""

    kind: bytes
    start: int
    end: int
    keyword: str

    @property
    def named(self) -> str:
        return f"{self.kind.decode('ascii')} chunk '{self.keyword}' at byte {self.start}"


def read_png(data: bytes, where: str) -> Card:
    """The card that a picture carries; the picture itself and the assets beside it stay with the card.

    Args:
        data: The file.
        where: File for messages.

    Raises:
        InvalidInput: When it is no whole PNG, carries no card, or a chunk of the card is damaged or too large.
    """
    chunks = list(_chunks(data, where))
    cards = [c for word in CARD_WORDS for c in chunks if c.keyword.lower() == word]
    if not cards:
        raise InvalidInput(where, "a PNG with a character card (a text chunk chara or ccv3)", "a picture without one")
    text = _text(data, cards[0], where)
    if len(text) > _MAX_TEXT_BYTES:
        raise too_large(where, f"text in the {cards[0].named}", _MAX_TEXT_BYTES, len(text))
    card = card_from_json(_base64(text, cards[0].named, where), where)
    used = cards[0].keyword.lower()
    notes = card.notes
    if sum(c.keyword.lower() == used for c in cards) > 1:
        notes = (*notes, f"{used}: there are several chunks of this name, the first one is read")
    return replace(card, notes=notes, picture=_bare(data, chunks), assets=_assets(data, chunks, where))


def write_png(card: Card, where: str) -> bytes:
    """The card in its own picture (or a made one): V3 in ``ccv3``, a V2 copy in ``chara``, assets as they came.

    Every other chunk of the picture stays byte for byte; the card's chunks stand before the last one.

    Raises:
        InvalidInput: When the picture is damaged, an asset's path cannot be a chunk's name, or the whole is too large.
    """
    picture = card.picture or portrait(card.id)
    chunks = list(_chunks(picture, where))
    bare = _bare(picture, chunks)
    tail = len(picture) - chunks[-1].start  # the last chunk and whatever stands behind it
    written = [_asset_chunk(path, content, where) for path, content in card.assets.items()]
    written.append(_text_chunk("chara", _encoded(card_json(card.to_v2(BACKFILL_WARNING), where))))
    written.append(_text_chunk("ccv3", _encoded(card_json(card.to_v3(), where))))
    whole = b"".join([bare[:-tail], *written, bare[-tail:]])
    if len(whole) > MAX_PICTURE_BYTES:
        raise too_large(where, "a PNG", MAX_PICTURE_BYTES, len(whole))
    return whole


def _bare(data: bytes, chunks: Sequence[_Chunk]) -> bytes:
    """The picture without what a card put into it."""
    own = [c for c in chunks if c.keyword.lower() in CARD_WORDS or _is_asset(c)]
    starts = [0, *(c.end for c in own)]
    ends = [*(c.start for c in own), len(data)]
    return b"".join(data[start:end] for start, end in zip(starts, ends))


def is_png(data: bytes) -> bool:
    """Whether bytes are a whole PNG, as far as can be seen without unpacking it."""
    try:
        return sum(1 for _ in _chunks(data, "picture")) > 0
    except InvalidInput:
        return False


# -- chunks ------------------------------------------------------------------------------------------------------------


def _chunks(data: bytes, where: str) -> Iterator[_Chunk]:
    """The chunks up to ``IEND``; what stands behind it belongs to no picture."""
    if len(data) > MAX_PICTURE_BYTES:
        raise too_large(where, "a PNG", MAX_PICTURE_BYTES, len(data))
    if not data.startswith(SIGNATURE):
        raise InvalidInput(where, "a PNG", data[:16] or "an empty file")
    at = len(SIGNATURE)
    for number in range(MAX_CHUNKS):
        head = data[at : at + 8]
        if len(head) < 8:
            raise InvalidInput(where, "a whole PNG", f"a file that ends at byte {len(data)}, before chunk IEND")
        length, kind = struct.unpack(">I4s", head)
        if not kind.isalpha():
            raise InvalidInput(where, "the type of a chunk, four letters", kind, f"byte {at + 4}")
        if (kind == b"IHDR") != (number == 0):
            raise InvalidInput(where, "one chunk IHDR, before all others", kind.decode("ascii"), f"byte {at + 4}")
        end = at + 12 + length
        if end > len(data):
            missing = f"{end - len(data):,} bytes too few"
            raise InvalidInput(where, f"{length:,} bytes in chunk {kind.decode('ascii')} at byte {at}", missing)
        yield _Chunk(kind, at, end, _keyword(data, kind, at + 8, end - 4))
        if kind == b"IEND":
            return
        at = end
    raise InvalidInput(where, f"a PNG of at most {MAX_CHUNKS:,} chunks", "more")


def _keyword(data: bytes, kind: bytes, start: int, end: int) -> str:
    """What a text chunk is called; empty for other chunks, and where there is no name of the allowed length."""
    if kind not in (b"tEXt", b"zTXt", b"iTXt"):
        return ""
    name, found, _ = data[start : min(end, start + LONGEST_KEYWORD + 1)].partition(b"\0")
    return name.decode("latin-1") if found else ""


def _body(data: bytes, chunk: _Chunk, where: str) -> bytes:
    """What a text chunk holds behind its keyword; its checksum is compared first."""
    body = data[chunk.start + 8 : chunk.end - 4]
    if zlib.crc32(body, zlib.crc32(chunk.kind)) != int.from_bytes(data[chunk.end - 4 : chunk.end], "big"):
        raise InvalidInput(where, f"the right checksum (CRC) in the {chunk.named}", "another one")
    return body[len(chunk.keyword) + 1 :]


def _text(data: bytes, chunk: _Chunk, where: str) -> bytes:
    """The text of a chunk of any of the three kinds, unpacked where it is packed."""
    body = _body(data, chunk, where)
    if chunk.kind == b"tEXt":
        return body
    if chunk.kind == b"zTXt":
        return _unpacked(body[1:], chunk, where) if body[:1] == b"\0" else _unknown_packing(chunk, where)
    packed, rest = body[:2], body[2:]
    _, found, rest = rest.partition(b"\0")  # the language
    _, found_too, text = rest.partition(b"\0")  # the keyword in that language
    if not found or not found_too or packed not in (b"\0\0", b"\1\0", b"\0\1"):
        return _unknown_packing(chunk, where)
    return _unpacked(text, chunk, where) if packed[:1] == b"\1" else text


def _unknown_packing(chunk: _Chunk, where: str) -> bytes:
    raise InvalidInput(where, f"a text chunk of the PNG specification in the {chunk.named}", "another layout")


def _unpacked(packed: bytes, chunk: _Chunk, where: str) -> bytes:
    """Unpack at most as much as a card can need: a bomb is never blown up."""
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(packed, _MAX_TEXT_BYTES)
    except zlib.error as error:
        raise InvalidInput(where, f"whole zlib data in the {chunk.named}", str(error)) from None
    if unpacker.unconsumed_tail:
        raise InvalidInput(where, f"at most {_MAX_TEXT_BYTES:,} bytes in the {chunk.named}", "more when unpacked")
    if not unpacker.eof:
        raise InvalidInput(where, f"whole zlib data in the {chunk.named}", "data that ends too early")
    return text


def _base64(text: bytes, named: str, where: str) -> bytes:
    """The bytes that base64 stands for; line breaks and blanks in it are of no account."""
    try:
        return binascii.a2b_base64(text.translate(None, b" \t\r\n"), strict_mode=True)
    except binascii.Error as error:
        raise InvalidInput(where, f"base64 in the {named}", f"something else ({error})") from None


def _encoded(content: bytes) -> bytes:
    return binascii.b2a_base64(content, newline=False)


def _text_chunk(keyword: str, text: bytes) -> bytes:
    return make_chunk(b"tEXt", keyword.encode("latin-1") + b"\0" + text)


# -- assets ------------------------------------------------------------------------------------------------------------


def _is_asset(chunk: _Chunk) -> bool:
    return chunk.kind == b"tEXt" and chunk.keyword.startswith(ASSET_WORD) and len(chunk.keyword) > len(ASSET_WORD)


def _assets(data: bytes, chunks: list[_Chunk], where: str) -> Mapping[str, bytes]:
    """The files that stand in chunks of their own (V3 specification, PNG/APNG), by path."""
    out: dict[str, bytes] = {}
    for chunk in filter(_is_asset, chunks):
        path = chunk.keyword.removeprefix(ASSET_WORD)
        if path in out:
            raise InvalidInput(where, "assets of different paths", f"'{path}' twice")
        out[path] = _base64(_body(data, chunk, where), chunk.named, where)
    return out


def _asset_chunk(path: str, content: bytes, where: str) -> bytes:
    keyword = f"{ASSET_WORD}{path}"
    try:
        fits = "\0" not in keyword and len(keyword.encode("latin-1")) <= LONGEST_KEYWORD
    except UnicodeEncodeError:
        fits = False
    if not fits or not path:
        expected = f"an asset path of at most {LONGEST_KEYWORD - len(ASSET_WORD)} Latin-1 characters; .charx takes any"
        raise InvalidInput(where, expected, path)
    return _text_chunk(keyword, _encoded(content))
