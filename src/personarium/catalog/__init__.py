"""The catalogue of systems: one TOML file a system, read without importing any of them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from personarium.core.errors import InvalidInput, NotFound

VERBS = ("core", "make", "play", "remember", "judge", "measure", "steer", "see")
_REQUIRED = {"slug": str, "title": str, "year": int, "arxiv": str, "verbs": list, "modules": list, "command": str}
_ERRATUM_FIELDS = ("id", "what_was_published", "what_is_right", "test")


@dataclass(frozen=True, slots=True)
class Erratum:
    """A published fault: what the paper or its code gives, what is right, and the test that pins both.

    ``where`` names the parameter that brings the published behaviour back, for instance ``as_published``.
    """

    id: str
    what_was_published: str
    what_is_right: str
    test: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class SystemRow:
    """One catalogued system.

    Args:
        slug: Name of its method page.
        title: Short title.
        year: Of publication.
        arxiv: Identifier without prefix.
        verbs: What it is for: make, play, remember, judge, measure, steer, see, or core.
        modules: Where it lives.
        command: The command line that runs it.
        contract: ``module:NAME`` of its contract object.
        errata: Published faults that are reproduced and corrected.
        cells: Cells of the rpla-survey coverage table it fills, as ``kind/verb``.
        plugin: The distribution that brought the row, empty for our own.
    """

    slug: str
    title: str
    year: int
    arxiv: str
    verbs: tuple[str, ...]
    modules: tuple[str, ...]
    command: str
    contract: str = ""
    errata: tuple[Erratum, ...] = ()
    cells: tuple[str, ...] = ()
    plugin: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        from dataclasses import asdict

        return asdict(self)


def load_catalogue(plugins: bool = True) -> tuple[SystemRow, ...]:
    """All catalogued systems, sorted by slug; ``plugins`` adds rows of the entry-point group ``personarium.systems``.

    Raises:
        InvalidInput: When a row lacks a field or has one of the wrong type.
    """
    folder = files("personarium.catalog")
    rows = [
        read_row(entry.read_text(encoding="utf-8"), entry.name)
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    ]
    if plugins:
        rows.extend(_plugin_rows())
    return tuple(sorted(rows, key=lambda row: row.slug))


def find_system(slug: str) -> SystemRow:
    """The row of one system, by slug (blanks and underscores count as hyphens).

    Raises:
        NotFound: With the nearest slugs.
    """
    wanted = slug.strip().lower().replace("_", "-").replace(" ", "-")
    rows = {row.slug: row for row in load_catalogue()}
    if wanted not in rows:
        import difflib

        near = difflib.get_close_matches(wanted, rows, n=3, cutoff=0.4)
        hint = f"; did you mean {', '.join(near)}?" if near else "; `personarium systems` lists what there is"
        raise NotFound(f"no system '{slug}' in the catalogue{hint}")
    return rows[wanted]


def read_row(text: str, where: str) -> SystemRow:
    """Read one catalogue file.

    Raises:
        InvalidInput: Naming the file and the field.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(where, f"a TOML file ({error})") from error
    for name, kind in _REQUIRED.items():
        if not isinstance(data.get(name), kind):
            raise InvalidInput(where, f"a value of type {kind.__name__}", data.get(name), name)
    unknown = [verb for verb in data["verbs"] if verb not in VERBS]
    if unknown:
        raise InvalidInput(where, f"verbs out of {', '.join(VERBS)}", unknown, "verbs")
    return SystemRow(
        slug=data["slug"],
        title=data["title"],
        year=data["year"],
        arxiv=data["arxiv"],
        verbs=tuple(data["verbs"]),
        modules=tuple(data["modules"]),
        command=data["command"],
        contract=data.get("contract", ""),
        errata=tuple(_erratum(entry, where) for entry in data.get("errata", [])),
        cells=tuple(data.get("cells", [])),
        plugin=data.get("plugin", ""),
    )


def _erratum(entry: dict[str, Any], where: str) -> Erratum:
    for name in _ERRATUM_FIELDS:
        if not isinstance(entry.get(name), str):
            raise InvalidInput(where, "a text", entry.get(name), f"errata.{name}")
    fields = {name: entry[name] for name in _ERRATUM_FIELDS}
    return Erratum(**fields, where=str(entry.get("where", "")))


def _plugin_rows() -> Iterable[SystemRow]:
    from importlib.metadata import entry_points

    for point in entry_points(group="personarium.systems"):
        row = point.load()
        row = row() if callable(row) else row
        if not isinstance(row, SystemRow):
            raise InvalidInput(f"entry point {point.name}", "a SystemRow", row)
        yield row
