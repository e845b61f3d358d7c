"""The personas of a workspace: a folder of cards and records in any known format, looked up by id."""

from __future__ import annotations

import math
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from personarium.apps.workspace.names import file_stem, stamps
from personarium.core.cards.cast import Cast, load_cast
from personarium.core.cards.files import card_bytes, load_card, save_card
from personarium.core.cards.persona import OURS
from personarium.core.cards.written import card_from_persona
from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.core.formats import format_of, iter_personas, load_personas, save_personas
from personarium.core.persona import Persona
from personarium.core.views import show_value

FRESH_S = 2.0  # how long the folder is taken as unchanged after it was looked at
LINE = 160  # characters of the line that stands for a persona in a list
_PICTURES = (".png", ".apng", ".charx")


@dataclass(frozen=True, slots=True)
class PersonaRow:
    """One persona in a list.

    Args:
        id: Its id.
        name: What it is called; empty when it has no name.
        kinds: As in the persona.
        line: Its first statement, cut at 160 characters.
        facets: Path -> its values as text, of every statement that says something of it.
        file: The file's name in the folder.
    """

    id: str
    name: str
    kinds: tuple[str, ...]
    line: str
    facets: Mapping[str, tuple[str, ...]]
    file: str
    _words: str = field(repr=False, default="")

    def has(self, text: str, where: Mapping[str, str]) -> bool:
        """Whether every word of ``text`` stands in it, and every path of ``where`` has that value (in any case)."""
        return all(word in self._words for word in text.casefold().split()) and all(
            value.casefold() in map(str.casefold, self.facets.get(path, ())) for path, value in where.items()
        )


def persona_row(persona: Persona, file: str = "") -> PersonaRow:
    """A persona as a line of a list."""
    facets: dict[str, tuple[str, ...]] = {}
    line = ""
    for facet in persona.facets:
        if facet.machinery or facet.blank or facet.secret:
            continue
        shown = facet.text or show_value(facet.value)
        facets[facet.path] = (*facets.get(facet.path, ()), shown)
        line = line or " ".join(shown.split())[:LINE]
    words = " ".join((persona.id, persona.name, *(v for values in facets.values() for v in values))).casefold()
    return PersonaRow(persona.id, persona.name, persona.kinds, line, facets, file, words)


class _Look:
    """The folder as it was when it was looked at; what has not changed since the last look is not read again.

    Args:
        folder: The folder.
        stamps: Time and size of its files.
        before: The last look.
    """

    def __init__(self, folder: Path, stamps: Mapping[str, tuple[int, int]], before: _Look | None) -> None:
        self.stamps = stamps
        self._before = before
        self._read: dict[str, tuple[tuple[Persona, ...], dict[str, PersonaRow]]] = {}
        self.cast: Cast = load_cast(folder, read=self._personas)
        self.rows = tuple(self._row(persona) for persona in self.cast)
        self._before = None

    def _personas(self, path: Path) -> tuple[Persona, ...]:
        key = str(path)
        known = self._before._read.get(key) if self._before is not None else None
        if known is None or self._before is None or self._before.stamps.get(key) != self.stamps.get(key):
            known = (tuple(iter_personas(path)), {})
        self._read[key] = known
        return known[0]

    def _row(self, persona: Persona) -> PersonaRow:
        path = self.cast.files[persona.id][0]
        kept = self._read[str(path)][1]
        if persona.id not in kept:
            kept[persona.id] = persona_row(persona, path.name)
        return kept[persona.id]

    @cached_property
    def values(self) -> dict[str, Counter[str]]:
        """Path -> value -> how many personas have it."""
        out: dict[str, Counter[str]] = {}
        for row in self.rows:
            for path, values in row.facets.items():
                out.setdefault(path, Counter()).update(set(values))
        return out


class PersonaShelf:
    """A folder of personas; what is changed outside is seen within two seconds. Any number of threads may use it.

    Args:
        folder: The folder; made when the first persona is put in.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.RLock()
        self._look: _Look | None = None
        self._looked = -math.inf

    def __len__(self) -> int:
        return len(self.rows())

    def rows(self) -> tuple[PersonaRow, ...]:
        """Everybody, in the order of their files."""
        return self._now().rows

    @property
    def problems(self) -> Mapping[Path, str]:
        """File -> why it, or the rest of it, cannot be read."""
        return self._now().cast.problems

    def find(self, text: str = "", where: Mapping[str, str] | None = None) -> list[PersonaRow]:
        """The personas in which every word of ``text`` stands and whose facets have these values (path -> value)."""
        wanted = where or {}
        return [row for row in self.rows() if row.has(text, wanted)]

    def values(self, most: int = 40) -> dict[str, list[tuple[str, int]]]:
        """What can be filtered by: path -> its values with their numbers, commonest first.

        Args:
            most: Paths with more different values than that are left out: they name single people.
        """
        found = self._now().values
        return {path: counts.most_common() for path, counts in sorted(found.items()) if 1 <= len(counts) <= most}

    def get(self, id: str) -> Persona:
        """The persona of this id; raises NotFound when there is none."""
        cast = self._now().cast
        if id not in cast.personas:
            raise NotFound(f"there is no persona '{id}' here")
        return cast[id]

    def put(self, persona: Persona) -> Path:
        """Keep a persona, in place of the one of the same id, in that one's file; a card keeps its picture.

        Raises:
            UsageError: When it stands in a file of several that cannot be written without loss (CSV).
            StorageError: When the disk refuses.
        """
        return self.put_all([persona])[0]

    def put_all(self, personas: Sequence[Persona]) -> list[Path]:
        """As :meth:`put`, many at once: the folder is looked at once and a file of several is written once."""
        with self._lock:
            homes: dict[str, Path] = {}
            by_file: dict[Path, dict[str, Persona]] = {}
            for persona in personas:
                home = homes.get(persona.id) or self._home(persona.id, taken=by_file)
                homes[persona.id] = home
                by_file.setdefault(home, {})[persona.id] = persona
            for path, changed in by_file.items():
                self._write(_with(changed, path), path)
            return [homes[persona.id] for persona in personas]

    def with_free_id(self, persona: Persona) -> Persona:
        """The persona under an id that nobody here has: its own, or that with a number behind it."""
        taken = self._now().cast.personas
        id, number = persona.id, 1
        while id in taken:
            number += 1
            id = f"{persona.id}-{number}"
        return persona if id == persona.id else replace(persona, id=id)

    def remove(self, id: str) -> None:
        """Take a persona out; a file that held only it goes.

        Raises:
            NotFound: When there is none.
            UsageError: As :meth:`put`.
        """
        with self._lock:
            self.get(id)
            for path in self._now().cast.files[id]:
                left = [p for p in load_personas(path) if p.id != id]
                if left and len(load_personas(path)) > 1:
                    self._write(left, path)
                else:
                    path.unlink()
            self._looked = -math.inf

    def take_in(self, name: str, data: bytes) -> list[Persona]:
        """Keep the personas of a file that somebody hands over; a card with a picture stays as it is.

        Args:
            name: The file's name; only its ending counts.
            data: The file.

        Raises:
            InvalidInput: When it is none of the formats, too large, or not what its ending says; nothing is kept.
        """
        ending = _ending(name)
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock, tempfile.TemporaryDirectory(dir=self.folder, prefix=".in-") as scratch:
            path = Path(scratch) / f"file{ending}"
            path.write_bytes(data)
            personas = load_personas(path)
            if ending in _PICTURES and personas[0].id not in self._now().cast.personas:
                path.rename(self._home(personas[0].id, ending))
                self._looked = -math.inf
            else:
                self.put_all(personas)
        return personas

    def read(self, name: str, data: bytes) -> list[Persona]:
        """The personas of a file that somebody hands over; nothing is kept.

        Args:
            name: The file's name; only its ending counts, and messages call the file so.
            data: The file.

        Raises:
            InvalidInput: As :meth:`take_in`.
        """
        with tempfile.TemporaryDirectory(prefix="personarium-") as scratch:
            place = ""
            try:
                place = str(Path(scratch) / f"file{_ending(name)}")
                Path(place).write_bytes(data)
                return load_personas(place)
            except InvalidInput as error:
                inside = error.where.partition(place)[2] if place else ""
                raise InvalidInput(f"{name}{inside}", error.expected, error.found, error.field) from None

    def card(self, id: str, ending: str, *, record: bool = True) -> bytes:
        """A persona as the bytes of a character card, with the picture and the assets of the card that it came as.

        Args:
            id: Who.
            ending: ``.png``, ``.charx`` or ``.json``.
            record: Whether everything that a card has no field for goes along as an extension: confidence, sources,
                layers, and what must never be disclosed. Without it the card holds what it shows and nothing else.

        Raises:
            NotFound: When there is no such persona.
            InvalidInput: When it cannot be written as a card.
        """
        persona = self.get(id)
        card = card_from_persona(persona)
        if not record:
            kept = {name: value for name, value in card.data["extensions"].items() if name != OURS}
            card = replace(card, data={**card.data, "extensions": kept})
        home = self._home(id)
        if home.suffix.lower() in _PICTURES and home.exists():
            old = load_card(home)
            card = replace(card, picture=old.picture, assets=old.assets)
        return card_bytes(card, ending, f"persona {id}")

    # -- files ---------------------------------------------------------------------------------------------------------

    def _now(self) -> _Look:
        with self._lock:
            if self._look is None or time.monotonic() - self._looked > FRESH_S:
                self.folder.mkdir(parents=True, exist_ok=True)
                found = stamps(self.folder)
                if self._look is None or found != self._look.stamps:
                    self._look = _Look(self.folder, found, self._look)
                self._looked = time.monotonic()
            return self._look

    def _home(self, id: str, ending: str = ".json", taken: Collection[Path] = ()) -> Path:
        """The file in which the persona of this id is kept, or a free one: somebody else's file may have that name."""
        known = self._now().cast.files.get(id)
        if known:
            return known[0]
        path, number = self.folder / f"{file_stem(id)}{ending}", 1
        while path.exists() or path in taken:
            number += 1
            path = self.folder / f"{file_stem(id)}-{number}{ending}"
        return path

    def _write(self, personas: list[Persona], path: Path) -> None:
        if format_of(path).write is None:
            raise UsageError(
                f"{path.name} cannot hold a changed persona; make records of it first: "
                f"personarium persona convert {path.name} {path.stem}.jsonl"
            )
        if path.suffix.lower() in _PICTURES and path.exists():
            old = load_card(path)
            save_card(replace(card_from_persona(personas[0]), picture=old.picture, assets=old.assets), path)
        else:
            save_personas(personas, path)
        self._looked = -math.inf


def _with(changed: Mapping[str, Persona], path: Path) -> list[Persona]:
    """What a file holds when these personas are in it."""
    held = load_personas(path) if path.exists() else []
    if len(held) < 2:
        return list(changed.values())
    if not changed.keys() <= {p.id for p in held}:  # the second of an id has another one in the cast than in its file
        raise UsageError(f"{path.name} holds two personas of one id; give each an id of its own in the file first")
    return [changed.get(p.id, p) for p in held]


def _ending(name: str) -> str:
    """The ending that says what a file is: the longest one that is known."""
    for known in format_of(Path("x" + "".join(Path(name.lower()).suffixes[-2:]))).suffixes:
        if name.lower().endswith(known):
            return known
    raise AssertionError("format_of refuses an ending that it does not know")
