"""Cards built by following the specifications of versions 1, 2 and 3, and pieces to make files of them by hand."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import Any

V1: dict[str, Any] = {
    "name": "Mira Vale",
    "description": "{{char}} keeps the lighthouse of Outer Grebe. {{char}} trusts nobody but {{user}}.\nShe has bees.",
    "personality": "dry, patient, curious",
    "scenario": "A storm has cut the causeway. The lamp is out.",
    "first_mes": "*{{char}} looks up.* You are wet, {{user}}.",
    "mes_example": "<START>\n{{user}}: Hello?\n{{char}}: Mind the step.\nIt moves.\n<start>\nMira Vale: Bees first.",
    "create_date": "2023-4-1",
    "avatar": None,
}

BOOK_V2: dict[str, Any] = {
    "name": "Outer Grebe",
    "description": "The island",
    "scan_depth": 4,
    "token_budget": 300,
    "recursive_scanning": False,
    "extensions": {"grebe/version": 2},
    "entries": [
        {
            "keys": ["lamp", "light"],
            "content": "The lamp burns seal oil.",
            "extensions": {"weight": 0.5},
            "enabled": True,
            "insertion_order": 10,
            "case_sensitive": False,
            "name": "lamp",
            "priority": 3,
            "id": 1,
            "comment": "first",
            "selective": True,
            "secondary_keys": ["oil"],
            "constant": False,
            "position": "before_char",
            "probability": 100,
        },
        {"keys": [], "content": "", "extensions": {}, "enabled": False, "insertion_order": 20, "constant": True},
    ],
    "unknown_of_the_book": [1, 2.5, None],
}

V2: dict[str, Any] = {
    "spec": "chara_card_v2",
    "spec_version": "2.0",
    "data": {
        "name": "Bram Ottoline",
        "description": "Bram mends clocks. He lies about his age!",
        "personality": "He is kind to strangers. He is short with friends.",
        "scenario": "",
        "first_mes": "Tick.",
        "mes_example": "",
        "creator_notes": "Best in the evening. <b>Not</b> for prompts.",
        "system_prompt": "{{original}} Speak in short lines.",
        "post_history_instructions": "Stay with the clocks. {{original}}",
        "alternate_greetings": ["Tock.", "*silence*"],
        "character_book": BOOK_V2,
        "tags": ["Clocks", "calm"],
        "creator": "nobody",
        "character_version": "1.2",
        "extensions": {
            "depth_prompt": {"depth": 4, "prompt": "x"},
            "deep": [[[{"a": [1e-7, -0.0, 12345678901234567890]}]]],
        },
        "unknown_of_the_data": {"ключ": "значение", "tab\t": "\u2028"},
    },
    "unknown_of_the_card": ["kept", {"as": "it is"}],
}

V3: dict[str, Any] = {
    "spec": "chara_card_v3",
    "spec_version": "3.0",
    "data": {
        **V2["data"],
        "name": "Ysolde of the 7th Gate",
        "nickname": "Ys",
        "mes_example": "{{user}}: Who are you?\n{{char}}: {{char}}, at the gate. 🌿",
        "character_book": {
            "extensions": {},
            "entries": [
                {
                    "keys": ["/gat(e|ter)/i"],
                    "content": "@@depth 2\n@@role system\n\nThe gate opens at dusk.",
                    "extensions": {},
                    "enabled": True,
                    "insertion_order": 5,
                    "use_regex": True,
                    "id": "gate",
                }
            ],
        },
        "group_only_greetings": ["All of you?"],
        "creator_notes_multilingual": {"en": "English", "de": "Deutsch"},
        "source": ["https://example.org/ysolde"],
        "assets": [
            {"type": "icon", "uri": "embeded://assets/icon/images/face.png", "name": "main", "ext": "png"},
            {"type": "x_song", "uri": "embeded://assets/other/audio/hum.ogg", "name": "hum", "ext": "ogg"},
        ],
        "creation_date": 1700000000,
        "modification_date": 0,
    },
    "future": {"field": True},
}
CARDS = {"V1": V1, "V2": V2, "V3": V3}


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 0))
PIXELS = chunk(b"IDAT", zlib.compress(b"\0\x10\x20\0\x30\x40"))
END = chunk(b"IEND", b"")
PICTURE = SIGNATURE + HEADER + chunk(b"tEXt", b"Software\0made by hand") + PIXELS + END


def encoded(card: Any) -> bytes:
    """A card as the text of a chunk: base64 of UTF-8 JSON."""
    return base64.b64encode(json.dumps(card, ensure_ascii=False).encode())


def picture(*chunks: bytes, tail: bytes = b"") -> bytes:
    """The picture with chunks of one's own before its pixels."""
    return SIGNATURE + HEADER + chunk(b"tEXt", b"Software\0made by hand") + b"".join(chunks) + PIXELS + END + tail


def text(keyword: bytes, said: bytes) -> bytes:
    """A tEXt chunk."""
    return chunk(b"tEXt", keyword + b"\0" + said)
