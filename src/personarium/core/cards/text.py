"""Cards as JSON text, in whatever file that text stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from personarium.core.cards.record import Card
from personarium.core.errors import InvalidInput
from personarium.core.files import check_text, parse_json, too_large

MAX_CARD_BYTES = 16 * 2**20
EXPECTED = "the JSON of a character card"


def card_from_json(data: bytes, where: str) -> Card:
    """Read a card.

    Args:
        data: JSON in UTF-8.
        where: File for messages.

    Raises:
        InvalidInput: When there are more than 16 MiB (before anything is parsed), or it is no card.
    """
    if len(data) > MAX_CARD_BYTES:
        raise too_large(where, EXPECTED, MAX_CARD_BYTES, len(data))
    return Card.from_object(parse_json(check_text(data, where, EXPECTED), where), where)


def card_json(card: Mapping[str, Any], where: str, indent: int | None = None) -> bytes:
    """A card object (:meth:`Card.to_v3`, :meth:`Card.to_v2`) as JSON; raises InvalidInput when it could not be read back."""
    separators = (",", ":") if indent is None else None
    try:
        text = json.dumps(card, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)
        data = text.encode()
    except (UnicodeEncodeError, ValueError) as error:
        raise InvalidInput(where, f"values that JSON can hold ({error})") from None
    if len(data) > MAX_CARD_BYTES:
        raise too_large(where, EXPECTED, MAX_CARD_BYTES, len(data))
    return data
