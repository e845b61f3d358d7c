"""Cards in files: JSON, PNG and CHARX, told apart by their endings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from personarium.core.cards.charx import MAX_ARCHIVE_BYTES, read_charx, write_charx
from personarium.core.cards.png import MAX_PICTURE_BYTES, read_png, write_png
from personarium.core.cards.record import Card
from personarium.core.cards.text import EXPECTED, MAX_CARD_BYTES, card_from_json, card_json
from personarium.core.errors import InvalidInput, NotFound
from personarium.core.files import read_bytes, replacing


@dataclass(frozen=True, slots=True)
class _CardFile:
    """How a card stands in a kind of file."""

    endings: tuple[str, ...]
    expected: str
    limit: int
    read: Callable[[bytes, str], Card]
    write: Callable[[Card, str], bytes]


def _write_json(card: Card, where: str) -> bytes:
    return card_json(card.to_v3(), where, indent=2) + b"\n"


_FILES = (
    _CardFile((".json",), EXPECTED, MAX_CARD_BYTES, card_from_json, _write_json),
    _CardFile((".png", ".apng"), "a PNG with a character card", MAX_PICTURE_BYTES, read_png, write_png),
    _CardFile((".charx",), "a CHARX archive", MAX_ARCHIVE_BYTES, read_charx, write_charx),
)


def load_card(path: str | Path) -> Card:
    """Read a character card of any version.

    Args:
        path: A file ending in .json, .png, .apng or .charx.

    Raises:
        NotFound: When there is no such file.
        InvalidInput: When the ending is another one, or the file is not what it says; names file and field.
    """
    path = Path(path)
    kind = _kind_of(path.suffix, str(path))
    if not path.is_file():
        raise NotFound(f"{path}: no such file")
    return kind.read(read_bytes(path, kind.expected, kind.limit), str(path))


def save_card(card: Card, path: str | Path) -> Path:
    """Write a card as version 3; in a PNG a version 2 copy stands beside it.

    Args:
        card: The card; without a picture a PNG gets one drawn from its id.
        path: A file ending in .json, .png, .apng or .charx; JSON holds neither the picture nor the assets.

    Raises:
        InvalidInput: When the ending is another one, or the file could not hold the card.
        StorageError: When the disk refuses; a file that was there stays as it was.
    """
    path = Path(path)
    data = card_bytes(card, path.suffix, str(path))
    with replacing(path) as scratch:
        scratch.write_bytes(data)
    return path


def card_bytes(card: Card, ending: str, where: str) -> bytes:
    """A card as the bytes of a file; raises InvalidInput, naming ``where``, as :func:`save_card` does."""
    return _kind_of(ending, where).write(card, where)


def _kind_of(ending: str, where: str) -> _CardFile:
    for kind in _FILES:
        if ending.lower() in kind.endings:
            return kind
    endings = ", ".join(e for kind in _FILES for e in kind.endings)
    raise InvalidInput(where, f"a card file ending in one of {endings}", ending or "no ending")
