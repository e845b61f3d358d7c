"""A small picture for a card that came without one: a pattern in two colours, the same for the same card."""

from __future__ import annotations

import colorsys
import hashlib
import struct
import zlib
from functools import lru_cache

SIGNATURE = b"\x89PNG\r\n\x1a\n"
WIDTH, HEIGHT = 400, 600  # what card programs show
_TILE = 100


def portrait(seed: str) -> bytes:
    """A PNG of 400 x 600 pixels, symmetrical about its middle, drawn from a hash of ``seed``; about 3 KB."""
    drawn = hashlib.blake2b(seed.encode(), digest_size=16).digest()
    rows = []
    for y in range(HEIGHT // _TILE):
        left = (_tile(drawn[2 * y] % _KINDS), _tile(drawn[2 * y + 1] % _KINDS))
        for line in zip(*left):
            half = "".join(line)
            rows.append(b"\0" + int(half + half[::-1], 2).to_bytes(WIDTH // 8, "big"))  # 0: no filter
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 1, 3, 0, 0, 0)  # one bit a pixel, colours from a palette
    hue = drawn[-1] / 256
    palette = _colour(hue + 0.08, 0.9, 0.6) + _colour(hue, 0.36, 0.45)
    body = make_chunk(b"IHDR", header) + make_chunk(b"PLTE", palette)
    return SIGNATURE + body + make_chunk(b"IDAT", zlib.compress(b"".join(rows), 9)) + make_chunk(b"IEND", b"")


def make_chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG: length, type, body, checksum."""
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))


def _colour(hue: float, lightness: float, saturation: float) -> bytes:
    return bytes(round(255 * part) for part in colorsys.hls_to_rgb(hue % 1, lightness, saturation))


_KINDS = 6


@lru_cache(maxsize=_KINDS)
def _tile(kind: int) -> tuple[str, ...]:
    """The rows of one tile: four quarters of a disc, a disc, a ring."""
    end = _TILE - 1

    def inside(x: int, y: int) -> bool:
        if kind < 4:
            return (x - end * (kind & 1)) ** 2 + (y - end * (kind >> 1)) ** 2 <= end**2
        far = (2 * x - end) ** 2 + (2 * y - end) ** 2
        return far <= end**2 and (kind == 4 or far > (end // 2) ** 2)

    return tuple("".join("01"[inside(x, y)] for x in range(_TILE)) for y in range(_TILE))
