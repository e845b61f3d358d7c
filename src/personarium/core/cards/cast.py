"""A cast: the personas of a folder, of any known format, with everything that could not be read named beside them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from personarium.core.cards.persona import FORMAT
from personarium.core.chat import canonical_json
from personarium.core.errors import InvalidInput, NotFound, PersonariumError
from personarium.core.facets import Value
from personarium.core.formats import FORMATS, iter_personas
from personarium.core.hf_datasets import is_dataset_folder
from personarium.core.persona import Persona

MAX_FILES = 100_000


@dataclass(frozen=True, slots=True)
class Cast:
    """Personas by id, by name and by tag.

    Args:
        personas: By id, in the order of their files. A second persona of an id that is taken, and that says something
            else, has the id ``id#2`` here.
        files: Id -> the files it was read from; several when it stands in several with the same content.
        problems: File -> why it, or the rest of it, could not be read: one sentence.
        skipped: Files whose ending names no format of personas, and links to files.
    """

    personas: Mapping[str, Persona]
    files: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    problems: Mapping[Path, str] = field(default_factory=dict)
    skipped: tuple[Path, ...] = ()
    _names: Mapping[str, tuple[Persona, ...]] = field(init=False, repr=False, compare=False)
    _tags: Mapping[str, tuple[Persona, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        people = self.personas.values()
        object.__setattr__(self, "_names", _index((p.name, p) for p in people))
        object.__setattr__(self, "_tags", _index((tag, p) for p in people for tag in tags_of(p)))

    def __len__(self) -> int:
        return len(self.personas)

    def __iter__(self) -> Iterator[Persona]:
        return iter(self.personas.values())

    def __getitem__(self, id: str) -> Persona:
        """The persona of this id; raises NotFound when there is none."""
        if id not in self.personas:
            raise NotFound(f"the cast has no persona '{id}'")
        return self.personas[id]

    def named(self, name: str) -> tuple[Persona, ...]:
        """Everybody of this name, in any case; names are not unique."""
        return self._names.get(name.strip().casefold(), ())

    def tagged(self, tag: str) -> tuple[Persona, ...]:
        """Everybody whose card carries this tag, in any case."""
        return self._tags.get(tag.strip().casefold(), ())

    @property
    def tags(self) -> tuple[str, ...]:
        """Every tag in lower case, sorted."""
        return tuple(sorted(self._tags))

    @property
    def duplicates(self) -> dict[str, tuple[Path, ...]]:
        """Id -> the files that hold the same persona, where there are several."""
        return {id: paths for id, paths in self.files.items() if len(paths) > 1}


def load_cast(
    place: str | Path | Iterable[str | Path], *, read: Callable[[Path], Iterable[Persona]] = iter_personas
) -> Cast:
    """Read every persona of a folder and the folders in it, or of some files.

    Hidden files and folders are left out; links are not followed. A file that cannot be read is a problem of the cast and
    stops nothing.

    Args:
        place: A folder, or files.
        read: Gives the personas of a file; somebody who looks at a folder again and again need not read what has not changed.

    Raises:
        NotFound: When there is no such folder.
        InvalidInput: When there are more than 100,000 files.
    """
    paths, skipped = _files_of(place)
    personas: dict[str, Persona] = {}
    found: dict[str, tuple[Path, ...]] = {}
    problems: dict[Path, str] = {}
    for path in paths:
        try:
            for persona in read(path):
                _add(persona, path, personas, found)
        except PersonariumError as error:
            problems[path] = str(error)
        except OSError as error:
            problems[path] = f"{path}: cannot be read ({error.strerror or error})"
    return Cast(personas, found, problems, skipped)


def tags_of(persona: Persona) -> tuple[str, ...]:
    """The tags of a persona's card."""
    return tuple(f.value for f in persona.facets if f.path == "card.tags" and isinstance(f.value, str))


def _add(persona: Persona, path: Path, personas: dict[str, Persona], files: dict[str, tuple[Path, ...]]) -> None:
    """Put a persona under its id, or the next free one; the same persona again only adds its file."""
    id, number = persona.id, 1
    while id in personas:
        if _content(personas[id]) == _content(persona):
            if path not in files[id]:
                files[id] = (*files[id], path)
            return
        number += 1
        id = f"{persona.id}#{number}"
    personas[id] = persona if id == persona.id else replace(persona, id=id)
    files[id] = (path,)


def _content(persona: Persona) -> Value:
    """What must be the same in two files for one to be a copy of the other: of a card, whatever version it was read as."""
    record = persona.to_dict()
    del record["id"]
    if persona.provenance.get("format") == FORMAT:
        card = record["provenance"]["card"]
        record["provenance"] = {"data": card.get("data"), "rest": card.get("rest")}
    return canonical_json(record)


def _index(pairs: Iterable[tuple[str, Persona]]) -> dict[str, tuple[Persona, ...]]:
    found: dict[str, dict[str, Persona]] = {}
    for word, persona in pairs:
        found.setdefault(word.strip().casefold(), {})[persona.id] = persona
    return {word: tuple(people.values()) for word, people in found.items()}


# -- files -------------------------------------------------------------------------------------------------------------


def _files_of(place: str | Path | Iterable[str | Path]) -> tuple[list[Path], tuple[Path, ...]]:
    """The files to read, sorted, and those that are none of ours."""
    if isinstance(place, (str, Path)):
        folder = Path(place)
        if not folder.is_dir():
            raise NotFound(f"{folder}: no such folder")
        if is_dataset_folder(folder):
            return [folder], ()
        paths = _under(folder)
        links = {path for path in paths if path.is_symlink()}
    else:
        paths, links = [Path(path) for path in place], set()
    endings = tuple(suffix for known in FORMATS for suffix in known.suffixes)
    skipped = tuple(p for p in paths if p in links or not p.name.lower().endswith(endings))
    left_out = set(skipped)
    return [p for p in paths if p not in left_out], skipped


def _under(folder: Path) -> list[Path]:
    out: list[Path] = []
    for place, folders, files in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        out += (Path(place, name) for name in files if not name.startswith("."))
        if len(out) > MAX_FILES:
            raise InvalidInput(str(folder), f"a folder of at most {MAX_FILES:,} files", "more")
    return sorted(out)
