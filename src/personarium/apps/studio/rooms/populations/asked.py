"""Numbers that people type."""

from __future__ import annotations

from personarium.core.errors import InvalidInput


def whole(value: object, label: str, least: int, most: int) -> int:
    """A whole number of a field; thousands may be set apart.

    Raises:
        InvalidInput: Naming the field and what it takes.
    """
    text = str(value or "").strip().replace(",", "").replace(" ", "")
    if not (text.isascii() and text.isdecimal()) or len(text) > 17 or not least <= int(text) <= most:
        raise InvalidInput(label, f"a whole number from {least:,} to {most:,}", value)
    return int(text)
