"""Writes the golden files; run once, by hand: ``python tests/core/cards/make_golden.py``. The tests only read them.

``v1.png`` and ``v2.png`` are made chunk by chunk, as other programs make them; the others are what we write.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from card_samples import PICTURE, V1, V2, V3, encoded, picture, text

from personarium.core.cards import Card, load_card, save_card

GOLDEN = Path(__file__).parent / "golden"


def main() -> None:
    """Write them all."""
    GOLDEN.mkdir(exist_ok=True)
    (GOLDEN / "v1.png").write_bytes(picture(text(b"Chara", encoded(V1))))
    (GOLDEN / "v2.png").write_bytes(picture(text(b"chara", encoded(V2)), tail=b"behind the picture"))
    save_card(load_card(GOLDEN / "v2.png"), GOLDEN / "v2_written.png")
    assets = {"assets/icon/images/face.png": PICTURE, "assets/other/audio/hum.ogg": b"OggS\0"}
    card = replace(Card.from_object(V3), picture=PICTURE, assets=assets)
    for name in ("v3.card.json", "v3.png", "v3.charx"):
        save_card(card, GOLDEN / name)


if __name__ == "__main__":
    main()
