"""Character cards in CHARX archives: a zip with ``card.json`` and assets, read in memory and never unpacked to a disk.

Source: Character Card V3 specification, CHARX.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from personarium.core.cards.png import is_png
from personarium.core.cards.record import Card
from personarium.core.cards.text import MAX_CARD_BYTES, card_from_json, card_json
from personarium.core.errors import InvalidInput
from personarium.core.facets import Value
from personarium.core.files import too_large

MAX_ARCHIVE_BYTES = 64 * 2**20
MAX_ASSET_BYTES = 64 * 2**20  # of all assets together, counted while they are unpacked
MAX_MEMBERS = 10_000
LONGEST_NAME = 1_000
CARD_NAME = "card.json"
PICTURE_NAME = "assets/icon/images/main.png"  # where the picture goes of a card that names no icon of its own
_DRIVE = re.compile(r"[A-Za-z]:")
_CENTRAL = b"PK\x01\x02"  # begins every entry of a zip's list
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
)


def read_charx(data: bytes, where: str) -> Card:
    """The card of an archive, with its assets and, where its main icon is a PNG, its picture.

    Args:
        data: The file; what stands in front of the archive (a picture, often) is left out and noted.
        where: File for messages.

    Raises:
        InvalidInput: When it is no whole zip, has no ``card.json``, is encrypted or too large, or a name in it is no plain
            path.
    """
    if len(data) > MAX_ARCHIVE_BYTES:
        raise too_large(where, "a CHARX archive", MAX_ARCHIVE_BYTES, len(data))
    if data.count(_CENTRAL) > MAX_MEMBERS:  # before zipfile makes an object of each
        raise InvalidInput(where, f"a zip of at most {MAX_MEMBERS:,} files", "more")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            names = _names(members, len(data), where)
            if CARD_NAME not in names:
                raise InvalidInput(where, f"a file {CARD_NAME} at the root of the archive", sorted(names)[:8])
            card = card_from_json(_unpacked(archive, names.pop(CARD_NAME), MAX_CARD_BYTES, where), where)
            assets = _assets(archive, names, where)
            front = min((m.header_offset for m in members), default=0)
    except _BROKEN as error:
        raise InvalidInput(where, f"a whole zip archive ({str(error)[:120]})") from None
    notes = card.notes
    if front:
        notes = (*notes, f"{front:,} bytes in front of the archive are left out")
    return _with_picture(replace(card, notes=notes, assets=assets))


def write_charx(card: Card, where: str) -> bytes:
    """The card as an archive: ``card.json`` (V3) first, then the assets; the same bytes for the same card.

    The picture of a card goes in as its icon, unless it stands among the assets already.

    Raises:
        InvalidInput: When an asset's path is no plain path, or the whole is too large to be read again.
    """
    assets = dict(card.assets)
    if card.picture and card.picture not in assets.values():
        assets[_picture_name(card)] = card.picture
    for name in assets:
        _check_name(name, where)
    if CARD_NAME in assets:
        raise InvalidInput(where, f"assets that are not called {CARD_NAME}", CARD_NAME)
    if len(assets) >= MAX_MEMBERS:
        raise InvalidInput(where, f"at most {MAX_MEMBERS - 1:,} assets", f"{len(assets):,}")
    if sum(map(len, assets.values())) > MAX_ASSET_BYTES:
        raise too_large(where, "assets", MAX_ASSET_BYTES, sum(map(len, assets.values())))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_member(CARD_NAME), card_json(card.to_v3(), where, indent=2))
        for name, content in assets.items():
            archive.writestr(_member(name), content)
    data = file.getvalue()
    if len(data) > MAX_ARCHIVE_BYTES:
        raise too_large(where, "a CHARX archive", MAX_ARCHIVE_BYTES, len(data))
    return data


def _member(name: str) -> zipfile.ZipInfo:
    """The head of a file in the archive, free of this machine and of the clock."""
    member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    member.create_system = 3
    member.external_attr = (stat.S_IFREG | 0o644) << 16
    return member


# -- reading -----------------------------------------------------------------------------------------------------------


def _names(members: Sequence[zipfile.ZipInfo], size: int, where: str) -> dict[str, zipfile.ZipInfo]:
    """The files of an archive by name, once everything about them that can be seen beforehand is in order."""
    names: dict[str, zipfile.ZipInfo] = {}
    for member in members:
        name = member.orig_filename  # zipfile's own name is cut at a NUL
        _check_name(name.removesuffix("/"), where)
        if name in names:
            raise InvalidInput(where, "files of different names in the archive", f"'{name}' twice")
        if member.flag_bits & 0x1:
            raise InvalidInput(where, "an archive that is not encrypted", f"the encrypted file '{name}'")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise InvalidInput(where, "plain files in the archive", f"the symbolic link '{name}'")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InvalidInput(where, "files that are stored or deflated", f"'{name}' packed in another way")
        names[name] = member
    if (
        sum(member.compress_size for member in members) > size
    ):  # files over one another unpack to many times the archive
        raise InvalidInput(where, "files that stand beside one another in the archive", "files that overlap")
    return {name: member for name, member in names.items() if not name.endswith("/")}


def _check_name(name: str, where: str) -> None:
    """Refuse a name that is no plain path inside the archive; nothing is unpacked by name, but others may do so."""
    steps = name.split("/")
    if (
        len(name) > LONGEST_NAME
        or "\\" in name
        or _DRIVE.match(name)
        or any(step in ("", ".", "..") for step in steps)
        or not name.isprintable()
    ):
        raise InvalidInput(where, "a plain path inside the archive, such as assets/icon/images/main.png", name)


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int, where: str) -> bytes:
    """The bytes of one file, counted while they are unpacked: what its head says is not believed."""
    with archive.open(member) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise InvalidInput(where, f"at most {limit:,} bytes in '{member.filename}'", "more when unpacked")
    return data


def _assets(archive: zipfile.ZipFile, names: Mapping[str, zipfile.ZipInfo], where: str) -> dict[str, bytes]:
    out: dict[str, bytes] = {}
    left = MAX_ASSET_BYTES
    for name, member in names.items():
        with archive.open(member) as file:
            out[name] = file.read(left + 1)
        left -= len(out[name])
        if left < 0:
            raise InvalidInput(where, f"assets of at most {MAX_ASSET_BYTES:,} bytes together", "more when unpacked")
    return out


# -- the picture -------------------------------------------------------------------------------------------------------


def _with_picture(card: Card) -> Card:
    """The card with the PNG that shows it: the one that :func:`write_charx` put there, or else its main icon."""
    own = PICTURE_NAME not in _embedded(card).values()
    content = card.assets.get(PICTURE_NAME, b"") if own else b""
    if is_png(content):
        return replace(card, picture=content, assets={k: v for k, v in card.assets.items() if k != PICTURE_NAME})
    icon = card.assets.get(_embedded(card).get("main", ""), b"")
    return replace(card, picture=icon) if is_png(icon) else card


def _embedded(card: Card) -> dict[str, str]:
    """Name -> path of the icons that the card says are in the archive."""
    assets: Sequence[Mapping[str, Value]] = card.data.get("assets", ())
    return {
        str(asset["name"]): str(asset["uri"]).partition("://")[2]
        for asset in assets
        if asset["type"] == "icon" and asset["uri"].startswith(("embeded://", "embedded://"))
    }


def _picture_name(card: Card) -> str:
    """Where the picture goes: the usual place, or beside what stands there already."""
    taken = {*card.assets, *_embedded(card).values()}
    names = (PICTURE_NAME, *(f"assets/icon/images/main-{n}.png" for n in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)
