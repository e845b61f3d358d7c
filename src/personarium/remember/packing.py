"""Arrays and a few plain values as one run of bytes: the form in which indexes are kept; nothing in it can be executed.

Layout: the mark, the length of the head (4 bytes, little endian), the head (JSON, compressed), then the arrays one after the
other, each beginning at a multiple of 8. Reading makes no copies.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput

MARK = b"PRSMPCK1"
LONGEST_HEAD = 1 << 30  # bytes when unpacked
Arrays: TypeAlias = dict[str, NDArray[Any]]


def pack(values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """One run of bytes that :func:`unpack` takes apart.

    Args:
        values: JSON-ready.
        arrays: Of numbers or records of numbers, of any shape.
    """
    shapes = [[name, array.dtype.descr, list(array.shape)] for name, array in arrays.items()]
    text = json.dumps({"values": values, "arrays": shapes}, separators=(",", ":"))
    head = zlib.compress(text.encode(), 1)
    parts = [MARK, len(head).to_bytes(4, "little"), head]
    parts.append(bytes(-sum(map(len, parts)) % 8))
    for array in arrays.values():
        data = array.tobytes()
        parts += [data, bytes(-len(data) % 8)]
    return b"".join(parts)


def unpack(data: bytes) -> tuple[dict[str, Any], Arrays]:
    """The values and the arrays, which cannot be written to.

    Raises:
        InvalidInput: When the bytes are not what :func:`pack` gives, or are cut short.
    """
    try:
        start = len(MARK) + 4 + int.from_bytes(data[len(MARK) : len(MARK) + 4], "little")
        if not data.startswith(MARK):
            raise ValueError("the mark is missing")
        head = json.loads(zlib.decompressobj().decompress(data[len(MARK) + 4 : start], LONGEST_HEAD))
        arrays: Arrays = {}
        place = start
        for name, kind, shape in head["arrays"]:
            dtype = np.dtype([tuple(one) for one in kind]) if kind[0][0] else np.dtype(kind[0][1])
            place += -place % 8
            count = int(np.prod(shape, dtype=np.int64))
            if dtype.hasobject or count < 0:
                raise ValueError(f"array {name!r} is none of numbers")
            arrays[name] = np.frombuffer(data, dtype, count, place).reshape(shape)
            place += count * dtype.itemsize
        return dict(head["values"]), arrays
    except (ValueError, KeyError, TypeError, IndexError, zlib.error) as error:
        raise InvalidInput("packed arrays", f"bytes made by pack ({error})") from error
