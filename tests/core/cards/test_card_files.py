"""Character cards in JSON, PNG and CHARX: nothing is lost between them, and what is broken is said in one sentence."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from card_samples import (
    CARDS,
    END,
    HEADER,
    PICTURE,
    PIXELS,
    SIGNATURE,
    V1,
    V2,
    V3,
    chunk,
    encoded,
    picture,
    text,
)
from hypothesis import given
from hypothesis import strategies as st

from personarium.core import InvalidInput, NotFound, StorageError
from personarium.core.cards import Card, load_card, save_card
from personarium.core.cards.charx import read_charx
from personarium.core.cards.files import card_bytes
from personarium.core.cards.png import read_png
from personarium.core.cards.text import card_from_json

GOLDEN = Path(__file__).parent / "golden"
ENDINGS = [".card.json", ".json", ".png", ".apng", ".charx"]


def said(card: Card) -> tuple[Any, ...]:
    """All that a card says, in whatever file it stands."""
    return card.data, card.rest, card.id


# -- nothing is lost ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", CARDS)
def test_a_card_comes_back_from_every_file_with_everything_it_had(name: str, ending: str, tmp_path: Path) -> None:
    card = Card.from_object(CARDS[name])
    again = load_card(save_card(card, tmp_path / f"x{ending}"))
    assert said(again) == said(card)
    assert again.version == 3
    third = load_card(save_card(again, tmp_path / f"y{ending}"))
    assert (tmp_path / f"x{ending}").read_bytes() == (tmp_path / f"y{ending}").read_bytes()
    assert third == again


def test_what_a_card_holds_is_what_the_file_held() -> None:
    data = Card.from_object(V2).to_v3()["data"]
    for name in ("description", "tags", "extensions", "unknown_of_the_data", "system_prompt", "alternate_greetings"):
        assert data[name] == V2["data"][name]
    assert data["character_book"]["unknown_of_the_book"] == [1, 2.5, None]
    assert data["character_book"]["entries"][0]["probability"] == 100
    assert Card.from_object(V2).to_v3()["unknown_of_the_card"] == ["kept", {"as": "it is"}]
    assert Card.from_object(V1).to_v3()["create_date"] == "2023-4-1"
    assert Card.from_object(V3).to_v3() == V3


def test_golden_files_of_other_programs_read_as_ever() -> None:
    one = load_card(GOLDEN / "v1.png")
    assert (one.version, one.text("name"), one.id) == (1, "Mira Vale", "card-00c5dc0df1b9aa45")
    assert one.rest == {"create_date": "2023-4-1", "avatar": None}
    two = load_card(GOLDEN / "v2.png")
    assert (two.version, two.text("name"), two.id) == (2, "Bram Ottoline", "card-0f7f61d6b1c5cc13")
    assert two.data["character_book"]["entries"][0]["keys"] == ("lamp", "light")
    assert two.picture.endswith(b"behind the picture")


def test_golden_files_of_ours_are_read_and_written_byte_for_byte(tmp_path: Path) -> None:
    for name in ("v2_written.png", "v3.card.json", "v3.png", "v3.charx"):
        card = load_card(GOLDEN / name)
        assert card.id == ("card-0f7f61d6b1c5cc13" if name == "v2_written.png" else "card-a5314d8dde155b74")
        assert save_card(card, tmp_path / name).read_bytes() == (GOLDEN / name).read_bytes()
    save_card(load_card(GOLDEN / "v2.png"), tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == (GOLDEN / "v2_written.png").read_bytes()


def test_the_id_does_not_depend_on_the_file_or_the_version_it_was_written_in() -> None:
    ids = {load_card(GOLDEN / name).id for name in ("v3.card.json", "v3.png", "v3.charx")}
    assert ids == {Card.from_object(V3).id}
    upgraded = {"spec": "chara_card_v3", "spec_version": "3.0", "data": {k: v for k, v in V1.items() if k != "avatar"}}
    del upgraded["data"]["create_date"]
    assert Card.from_object(upgraded).id == Card.from_object(V1).id
    assert Card.from_object(Card.from_object(V2).to_v3()).id == Card.from_object(V2).id


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
names = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)


@st.composite
def cards(draw: st.DrawFn) -> dict[str, Any]:
    version = draw(st.sampled_from([2, 3]))
    entry = {
        "keys": draw(st.lists(names, max_size=2)),
        "content": draw(names),
        "extensions": draw(st.dictionaries(names, json_values, max_size=2)),
        "enabled": draw(st.booleans()),
        "insertion_order": draw(st.integers(-5, 500)),
        "use_regex": draw(st.booleans()),
        "zz_unknown": draw(json_values),
    }
    data = {name: draw(names) for name in V2["data"] if isinstance(V2["data"][name], str)}
    data |= {
        name: draw(st.lists(names, max_size=3)) for name in ("alternate_greetings", "tags", "group_only_greetings")
    }
    data["extensions"] = draw(st.dictionaries(names.filter(lambda n: n != "personarium"), json_values, max_size=3))
    data["character_book"] = {"entries": [entry], "extensions": {}}
    data["zz_unknown"] = draw(json_values)
    spec = {"spec": f"chara_card_v{version}", "spec_version": f"{version}.0"}
    return {**spec, "data": data, "zz_unknown": draw(json_values)}


@given(cards())
def test_any_card_goes_through_all_files_unchanged(card: dict[str, Any]) -> None:

    first = Card.from_object(card)
    for ending, read in ((".json", card_from_json), (".png", read_png), (".charx", read_charx)):
        again = read(card_bytes(first, ending, "x"), "x")
        assert json.dumps(again.to_v3()) == json.dumps(first.to_v3())
    out = first.to_v3()
    assert out["zz_unknown"] == card["zz_unknown"]
    assert {**out["data"], **card["data"]} == out["data"]


# -- PNG ---------------------------------------------------------------------------------------------------------------


def keywords(data: bytes) -> list[str]:
    """The chunks of a PNG in order, text chunks with their keyword."""
    out, at = [], 8
    while at < len(data) and out[-1:] != ["IEND"]:
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        out.append(kind.decode() + (":" + body.partition(b"\0")[0].decode("latin-1") if kind == b"tEXt" else ""))
        at += 12 + length
    return out


def test_the_newer_chunk_wins_and_old_ones_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(picture(text(b"CHARA", encoded(V1)), text(b"CcV3", encoded(V3))))
    card = load_card(tmp_path / "x.png")
    assert card.text("name") == "Ysolde of the 7th Gate"
    assert card.picture == PICTURE  # as it was before anybody put a card in it
    data = save_card(card, tmp_path / "y.png").read_bytes()
    assert keywords(data) == ["IHDR", "tEXt:Software", "IDAT", "tEXt:chara", "tEXt:ccv3", "IEND"]
    assert data.startswith(PICTURE[: -len(END)]) and data.endswith(END)


def test_the_copy_for_version_2_warns_and_has_no_decorators(tmp_path: Path) -> None:
    data = save_card(Card.from_object(V3), tmp_path / "x.png").read_bytes()
    body = data[data.index(b"tEXtchara\0") + 10 :]
    copy = json.loads(base64.b64decode(body[: body.index(b"tEXtccv3") - 8]))
    assert (copy["spec"], copy["spec_version"]) == ("chara_card_v2", "2.0")
    assert copy["data"]["creator_notes"].startswith("Written for Character Card V3.")
    assert copy["data"]["creator_notes"].endswith("\n\nBest in the evening. <b>Not</b> for prompts.")
    assert copy["data"]["character_book"]["entries"][0]["content"] == "The gate opens at dusk."
    card = load_card(tmp_path / "x.png")
    assert card.text("creator_notes") == "Best in the evening. <b>Not</b> for prompts."
    assert card.data["character_book"]["entries"][0]["content"].startswith("@@depth 2\n@@role system\n")


@pytest.mark.parametrize(
    "made",
    [
        chunk(b"zTXt", b"ccv3\0\0" + zlib.compress(encoded(V2))),
        chunk(b"iTXt", b"ccv3\0\0\0en\0Karte\0" + encoded(V2)),
        chunk(b"iTXt", b"chara\0\1\0\0\0" + zlib.compress(encoded(V2))),
        text(b"chara", base64.encodebytes(json.dumps(V2).encode())),  # with line breaks
        text(b"chara", base64.b64encode(b"\xef\xbb\xbf" + json.dumps(V2).encode())),  # with a byte order mark
    ],
)
def test_a_card_may_stand_in_any_kind_of_text_chunk(made: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.PNG").write_bytes(picture(made))
    assert said(load_card(tmp_path / "x.PNG")) == said(Card.from_object(V2))


def test_several_chunks_of_one_name_are_reported(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(picture(text(b"chara", encoded(V1)), text(b"Chara", encoded(V2))))
    card = load_card(tmp_path / "x.png")
    assert card.text("name") == "Mira Vale"
    assert "chara: there are several chunks of this name, the first one is read" in card.notes


def test_assets_of_a_picture_are_kept(tmp_path: Path) -> None:
    asset = text(b"chara-ext-asset_:0", base64.b64encode(b"\0\1song"))
    (tmp_path / "x.png").write_bytes(picture(asset, text(b"chara", encoded(V2))))
    card = load_card(tmp_path / "x.png")
    assert card.assets == {"0": b"\0\1song"}
    data = save_card(card, tmp_path / "y.png").read_bytes()
    assert data.count(asset) == 1
    assert load_card(save_card(card, tmp_path / "x.charx")).assets == {"0": b"\0\1song"}
    with pytest.raises(InvalidInput, match=r"62 Latin-1 characters; \.charx takes any"):
        save_card(replace(card, assets={"x" * 63: b""}), tmp_path / "z.png")
    assert not (tmp_path / "z.png").exists()


def test_a_card_without_a_picture_gets_one_of_its_own(tmp_path: Path) -> None:
    card = Card.from_object(V1)
    data = save_card(card, tmp_path / "x.png").read_bytes()
    assert struct.unpack(">IIBBBBB", data[16:29]) == (400, 600, 1, 3, 0, 0, 0)
    start = data.index(b"IDAT") + 4
    rows = zlib.decompressobj().decompress(data[start:])
    assert len(rows) == 600 * 51
    for row in range(600):
        bits = "".join(f"{byte:08b}" for byte in rows[row * 51 + 1 : row * 51 + 51])
        assert bits == bits[::-1]
    other = save_card(Card.from_object(V2), tmp_path / "y.png").read_bytes()
    assert other[other.index(b"PLTE") :][:500] != data[data.index(b"PLTE") :][:500]
    assert len(load_card(tmp_path / "x.png").picture) < 6_000
    assert save_card(card, tmp_path / "z.png").read_bytes() == data


def bomb(size: int) -> bytes:
    return zlib.compress(b"A" * size, 9)


BAD_PNG: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "expected a PNG, found 'an empty file'"),
    "another file": (b"GIF89a" + bytes(40), "expected a PNG, found"),
    "no card": (PICTURE, "a text chunk chara or ccv3"),
    "only a head": (SIGNATURE, "a file that ends at byte 8, before chunk IEND"),
    "no end": (picture(text(b"chara", encoded(V1)))[: -len(END)], "before chunk IEND"),
    "cut in a chunk": (picture(text(b"chara", encoded(V1)))[:200], "bytes in chunk tEXt"),
    "no header": (SIGNATURE + PIXELS + END, "one chunk IHDR, before all others"),
    "two headers": (SIGNATURE + HEADER + HEADER + END, "one chunk IHDR, before all others"),
    "length beyond the file": (SIGNATURE + HEADER + b"\xff\xff\xff\xfftEXt", "4,294,967,295 bytes in chunk tEXt"),
    "no type": (SIGNATURE + HEADER + b"\0\0\0\0t3Xt\0\0\0\0", "the type of a chunk, four letters"),
    "wrong checksum": (
        picture(text(b"chara", encoded(V1))[:-1] + b"\0"),
        "the right checksum (CRC) in the tEXt chunk 'chara' at byte 66",
    ),
    "wrong checksum of an asset": (
        picture(text(b"chara", encoded(V1)), text(b"chara-ext-asset_:0", b"AAAA")[:-4] + b"oops"),
        "chunk 'chara-ext-asset_:0'",
    ),
    "no base64": (picture(text(b"chara", b"{not base64}")), "base64 in the tEXt chunk 'chara'"),
    "cut base64": (picture(text(b"chara", encoded(V1)[:-3])), "base64 in the tEXt chunk 'chara'"),
    "asset that is no base64": (
        picture(text(b"chara", encoded(V1)), text(b"chara-ext-asset_:0", b"A")),
        "base64 in the tEXt chunk 'chara-ext-asset_:0'",
    ),
    "one asset twice": (
        picture(text(b"chara", encoded(V1)), *[text(b"chara-ext-asset_:0", b"AAAA")] * 2),
        "assets of different paths, found \"'0' twice\"",
    ),
    "base64 of something else": (picture(text(b"chara", base64.b64encode(b"\xff\xfe"))), "bytes that are not UTF-8"),
    "JSON of no card": (picture(text(b"chara", encoded({"a": 1}))), "a character card: spec"),
    "JSON that is no object": (picture(text(b"chara", encoded([1]))), "an object with text keys"),
    "lone surrogate": (
        picture(text(b"chara", base64.b64encode(b'{"name":"\\ud800","first_mes":""}'))),
        "text without lone surrogates",
    ),
    "bomb in zTXt": (picture(chunk(b"zTXt", b"ccv3\0\0" + bomb(200_000_000))), "found 'more when unpacked'"),
    "bomb in iTXt": (picture(chunk(b"iTXt", b"ccv3\0\1\0\0\0" + bomb(200_000_000))), "found 'more when unpacked'"),
    "cut zlib": (picture(chunk(b"zTXt", b"ccv3\0\0" + zlib.compress(encoded(V1))[:-9])), "data that ends too early"),
    "no zlib": (picture(chunk(b"zTXt", b"ccv3\0\0????")), "whole zlib data in the zTXt chunk 'ccv3'"),
    "unknown packing": (picture(chunk(b"zTXt", b"ccv3\0\7")), "a text chunk of the PNG specification"),
    "iTXt without its parts": (picture(chunk(b"iTXt", b"ccv3\0\0")), "a text chunk of the PNG specification"),
    "50 MB of JSON": (
        picture(text(b"ccv3", base64.b64encode(b'{"name":"' + b"a" * 40_000_000))),
        "at most 23,418,197 bytes",
    ),
    "20 MB of JSON, packed": (
        picture(chunk(b"zTXt", b"ccv3\0\0" + zlib.compress(base64.b64encode(b"[" * 17_000_000), 1))),
        "the JSON of a character card of at most 16,777,216 bytes, found '17,000,000 bytes'",
    ),
    "too many chunks": (SIGNATURE + HEADER + chunk(b"tIME", b"") * 100_001 + END, "a PNG of at most 100,000 chunks"),
}


@pytest.mark.parametrize("name", BAD_PNG)
def test_a_bad_picture_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    data, expected = BAD_PNG[name]
    (tmp_path / "bad.png").write_bytes(data)
    with pytest.raises(InvalidInput) as caught:
        load_card(tmp_path / "bad.png")
    assert expected in str(caught.value)
    assert "bad.png" in str(caught.value)
    assert len(str(caught.value)) < 600


def test_damage_that_does_not_concern_the_card_does_not_hide_it(tmp_path: Path) -> None:
    broken = PIXELS[:-1] + b"?"
    (tmp_path / "x.png").write_bytes(SIGNATURE + HEADER + text(b"chara", encoded(V1)) + broken + END)
    card = load_card(tmp_path / "x.png")
    assert card.text("name") == "Mira Vale"
    assert broken in card.picture


def test_a_picture_that_is_none_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"x\.png: expected a PNG"):
        save_card(replace(Card.from_object(V1), picture=b"JFIF"), tmp_path / "x.png")
    assert list(tmp_path.iterdir()) == []


# -- CHARX -------------------------------------------------------------------------------------------------------------


def archive(*members: tuple[str | zipfile.ZipInfo, bytes], packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packed) as made:
        for name, content in members:
            made.writestr(name, content)
    return file.getvalue()


CARD = ("card.json", json.dumps(V3).encode())


def test_an_archive_gives_card_and_assets_and_comes_back_in_a_fixed_form(tmp_path: Path) -> None:
    song = ("assets/other/audio/hum.ogg", b"OggS")
    (tmp_path / "x.charx").write_bytes(archive(song, CARD, ("assets/icon/images/face.png", PICTURE), ("module.x", b"")))
    card = load_card(tmp_path / "x.charx")
    assert said(card) == said(Card.from_object(V3))
    assert card.assets == {song[0]: b"OggS", "assets/icon/images/face.png": PICTURE, "module.x": b""}
    assert card.picture == PICTURE  # its main icon
    data = save_card(card, tmp_path / "y.charx").read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as made:
        assert [m.filename for m in made.infolist()] == ["card.json", *card.assets]
        assert {m.date_time for m in made.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert json.loads(made.read("card.json")) == V3
    assert load_card(tmp_path / "y.charx") == card


def test_a_picture_in_front_of_the_archive_is_passed_over(tmp_path: Path) -> None:
    front = b"\xff\xd8\xff\xe0JFIF" + bytes(1000) + b"\xff\xd9"
    (tmp_path / "x.charx").write_bytes(front + archive(CARD))
    card = load_card(tmp_path / "x.charx")
    assert said(card) == said(Card.from_object(V3))
    assert "1,010 bytes in front of the archive are left out" in card.notes


def test_the_picture_of_a_card_travels_in_an_archive(tmp_path: Path) -> None:
    card = replace(Card.from_object(V2), picture=PICTURE)
    again = load_card(save_card(card, tmp_path / "x.charx"))
    assert (again.picture, again.assets) == (PICTURE, {})
    both = replace(Card.from_object(V3), picture=PICTURE, assets={"assets/icon/images/main.png": b"another"})
    again = load_card(save_card(both, tmp_path / "y.charx"))
    assert again.assets == {"assets/icon/images/main.png": b"another", "assets/icon/images/main-2.png": PICTURE}


def link() -> zipfile.ZipInfo:
    made = zipfile.ZipInfo("assets/link")
    made.create_system, made.external_attr = 3, 0o120777 << 16
    return made


def changed(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data and len(old) == len(new)
    return data.replace(old, new)


def encrypted() -> bytes:
    data = bytearray(archive(CARD))
    data[6] |= 1
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    return bytes(data)


def overlapping() -> bytes:
    """One file of a megabyte, named ten times."""
    data = archive(("a0", b"x" * 1_000_000), CARD, packed=zipfile.ZIP_STORED)
    first = data.index(b"PK\x01\x02")
    entry = data[first : first + 46 + 2]
    end = data.index(b"PK\x05\x06")
    more = b"".join(entry.replace(b"a0", f"a{n}".encode()) for n in range(1, 10))
    tail = bytearray(data[end:])
    tail[8:12] = struct.pack("<HH", 11, 11)
    tail[12:16] = struct.pack("<I", end - first + len(more))
    return data[:end] + more + bytes(tail)


BAD_CHARX: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "a whole zip archive"),
    "another file": (lambda: PICTURE, "a whole zip archive"),
    "cut": (lambda: archive(CARD)[:-30], "a whole zip archive"),
    "no card": (lambda: archive(("Card.json", b"{}")), "a file card.json at the root of the archive"),
    "card in a folder": (lambda: archive(("x/card.json", b"{}")), "a file card.json at the root"),
    "climbs": (lambda: archive(CARD, ("../../x", b"")), "a plain path inside the archive"),
    "climbs in the middle": (lambda: archive(CARD, ("a/../../x", b"")), "a plain path inside the archive"),
    "from the root": (lambda: archive(CARD, ("/etc/x", b"")), "a plain path inside the archive"),
    "drive": (lambda: archive(CARD, ("C:/x", b"")), "a plain path inside the archive"),
    "backslash": (lambda: archive(CARD, ("a\\..\\x", b"")), "a plain path inside the archive"),
    "NUL in a name": (lambda: changed(archive(CARD, ("evil.a", b"")), b"evil.a", b"evi\0.a"), "a plain path inside"),
    "empty step": (lambda: archive(CARD, ("a//b", b"")), "a plain path inside the archive"),
    "link": (lambda: archive(CARD, (link(), b"/etc/passwd")), "the symbolic link 'assets/link'"),
    "encrypted": (encrypted, "the encrypted file 'card.json'"),
    "one name twice": (lambda: changed(archive(CARD, ("ab", b"1"), ("ac", b"2")), b"ac", b"ab"), "'ab' twice"),
    "packed otherwise": (lambda: archive(CARD, packed=zipfile.ZIP_LZMA), "files that are stored or deflated"),
    "wrong checksum": (
        lambda: changed(archive(CARD, packed=zipfile.ZIP_STORED), b"Ysolde of", b"Ysolde if"),
        "a whole zip archive (Bad CRC-32",
    ),
    "bomb of a card": (lambda: archive(("card.json", b" " * 17_000_000)), "at most 16,777,216 bytes in 'card.json'"),
    "bomb of an asset": (
        lambda: archive(CARD, ("x", bytes(68_000_000))),
        "assets of at most 67,108,864 bytes together",
    ),
    "bombs together": (
        lambda: archive(CARD, *((f"{n}", bytes(8_000_000)) for n in range(9))),
        "assets of at most 67,108,864 bytes together",
    ),
    "files over one another": (overlapping, "files that stand beside one another in the archive"),
    "too many files": (lambda: archive(*((f"{n}", b"") for n in range(10_001))), "a zip of at most 10,000 files"),
    "no JSON": (lambda: archive(("card.json", b"{")), "JSON ("),
}


@pytest.mark.parametrize("name", BAD_CHARX)
def test_a_bad_archive_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    made, expected = BAD_CHARX[name]
    (tmp_path / "bad.charx").write_bytes(made())
    with pytest.raises(InvalidInput) as caught:
        load_card(tmp_path / "bad.charx")
    assert expected in str(caught.value)
    assert "bad.charx" in str(caught.value)


@pytest.mark.parametrize("name", ["../x", "/x", "a\\b", "card.json", "", "a/./b"])
def test_an_asset_of_a_bad_name_is_not_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        save_card(replace(Card.from_object(V2), assets={name: b"x"}), tmp_path / "x.charx")
    assert list(tmp_path.iterdir()) == []


# -- JSON and files at large -------------------------------------------------------------------------------------------

BAD_JSON: dict[str, tuple[bytes, str]] = {
    "50 MB": (b'{"name": "' + b"a" * 50_000_000 + b'", "first_mes": ""}', "at most 16,777,216 bytes"),
    "a million values": (b'{"first_mes": "", "x": [' + b"0," * 1_000_001 + b"0]}", "at most 1,000,000 values"),
    "deep": (b'{"first_mes": "", "x": ' + b"[" * 60 + b"]" * 60 + b"}", "at most 50 levels deep"),
    "endless": (b"[" * 100_000, "JSON of less depth"),
    "NaN": (b'{"first_mes": NaN}', "NaN is no JSON number"),
    "too large a number": (b'{"first_mes": "", "x": 1e999}', "a value that JSON can hold"),
    "the same key twice": (b'{"first_mes": "", "first_mes": "x"}', "the same key twice"),
    "lone surrogate": (b'{"first_mes": "\\udfff"}', "text without lone surrogates"),
    "lone surrogate in a key": (b'{"first_mes": "", "\\udfff": 1}', "text without lone surrogates"),
    "lone surrogate in the version": (
        b'{"spec": "chara_card_v3", "spec_version": "\\udfff", "data": {}}',
        "text without lone surrogates",
    ),
    "a persona": (b'{"schema_version": 1, "facets": [], "first_mes": ""}', "a character card"),
    "a web page": (b"<html>", "a web page"),
    "no text": (b"\0\1", "binary data"),
    "name of a wrong kind": (b'{"spec": "chara_card_v2", "data": {"name": ["x"]}}', "field 'data.name'"),
    "tags of a wrong kind": (b'{"spec": "chara_card_v2", "data": {"tags": "x"}}', "field 'data.tags'"),
    "data of a wrong kind": (b'{"spec": "chara_card_v2", "data": [1]}', "a character card"),
    "entry of a wrong kind": (
        b'{"spec": "chara_card_v2", "data": {"character_book": {"entries": [{"keys": 5}]}}}',
        "field 'data.character_book.entries[0].keys'",
    ),
}


@pytest.mark.parametrize("name", BAD_JSON)
def test_a_bad_json_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    data, expected = BAD_JSON[name]
    (tmp_path / "bad.json").write_bytes(data)
    with pytest.raises(InvalidInput) as caught:
        load_card(tmp_path / "bad.json")
    assert expected in str(caught.value)
    assert "bad.json" in str(caught.value)
    assert len(str(caught.value)) < 600


def test_a_file_that_is_not_there_or_of_no_known_kind(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nobody\.png: no such file"):
        load_card(tmp_path / "nobody.png")
    with pytest.raises(InvalidInput, match=r"ending in one of \.json, \.png, \.apng, \.charx"):
        load_card(tmp_path / "x.webp")
    with pytest.raises(InvalidInput, match="no ending"):
        save_card(Card.from_object(V1), tmp_path / "x")
    with pytest.raises(StorageError):
        save_card(Card.from_object(V1), tmp_path / "no" / "x.png")


def test_a_refused_write_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    path = save_card(Card.from_object(V1), tmp_path / "x.charx")
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(InvalidInput):
        save_card(replace(Card.from_object(V1), assets={"../x": b""}), path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert [p.name for p in tmp_path.iterdir()] == ["x.charx"]
