"""Personas in files: one table of formats, each with a reader and, where it can hold everything, a writer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personarium.core.chat import canonical_json
from personarium.core.errors import InvalidInput, NotFound
from personarium.core.facets import mapping, rethrow
from personarium.core.files import MAX_LINE_BYTES, check_text, parse_json, parse_yaml, read_text, replacing
from personarium.core.persona import Persona
from personarium.core.published import persona_from_object, persona_from_row


@dataclass(frozen=True, slots=True)
class Format:
    """How personas stand in a kind of file.

    Args:
        name: For messages.
        suffixes: File endings, lower case.
        read: Yields the personas of a file, one at a time.
        write: Writes personas into an open text file; None when the format cannot hold everything.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Path], Iterator[Persona]]
    write: Callable[[Iterable[Persona], Any], None] | None = None


def load_persona(path: str | Path, index: int | None = None) -> Persona:
    """Read one persona.

    Args:
        path: A file of a known format.
        index: Which one, from 0, when the file holds several.

    Raises:
        NotFound: When there is no such file, or no persona of this index.
        InvalidInput: When the file is not what its ending says, or holds several and ``index`` is None.
    """
    found: Persona | None = None
    for number, persona in enumerate(iter_personas(path)):
        if index == number:
            return persona
        if index is None and found is not None:
            raise InvalidInput(str(path), "one persona; choose with index, or load_personas reads them all", "several")
        found = persona
    if index is not None:
        raise NotFound(f"{path}: no persona {index}")
    if found is None:
        raise InvalidInput(str(path), "a persona", "an empty file")
    return found


def load_personas(path: str | Path) -> list[Persona]:
    """Read every persona of a file.

    Raises:
        NotFound: When there is no such file.
        InvalidInput: Naming file, line or row, and field.
    """
    return list(iter_personas(path))


def iter_personas(path: str | Path) -> Iterator[Persona]:
    """As :func:`load_personas`, one at a time: a file of any length is read in bounded memory."""
    path = Path(path)
    chosen = format_of(path)
    if not path.is_file():
        raise NotFound(f"{path}: no such file")
    yield from chosen.read(path)


def save_persona(persona: Persona, path: str | Path) -> Path:
    """Write one persona; the ending says how. What stood there before is replaced only when all is written.

    Raises:
        InvalidInput: When the ending is unknown or the format cannot hold a persona without loss.
        StorageError: When the disk refuses.
    """
    return save_personas([persona], path)


def save_personas(personas: Iterable[Persona], path: str | Path) -> Path:
    """Write personas (JSON Lines; one persona in .json and .yaml).

    Raises:
        InvalidInput: When the format cannot hold them.
        StorageError: When the disk refuses; a file that was there stays as it was.
    """
    path = Path(path)
    chosen = format_of(path)
    if chosen.write is None:
        raise InvalidInput(str(path), "a file ending in .json, .yaml or .jsonl to save in", path.suffix)
    with replacing(path) as scratch, scratch.open("w", encoding="utf-8") as file:
        chosen.write(personas, file)
    return path


def format_of(path: Path) -> Format:
    """The format that a file's ending names; raises InvalidInput when there is none."""
    for known in FORMATS:
        if path.suffix.lower() in known.suffixes:
            return known
    endings = ", ".join(s for f in FORMATS for s in f.suffixes)
    raise InvalidInput(str(path), f"a persona file ending in one of {endings}", path.suffix or "no ending")


# -- reading -----------------------------------------------------------------------------------------------------------


def _read_json(path: Path) -> Iterator[Persona]:
    data = parse_json(read_text(path, "a JSON persona"), str(path))
    if isinstance(data, list):
        for index, item in enumerate(data):
            yield persona_from_object(item, f"{path}: item {index + 1}")
    else:
        yield persona_from_object(mapping(data, str(path), "persona"), str(path))


def _read_yaml(path: Path) -> Iterator[Persona]:
    data = parse_yaml(read_text(path, "a YAML persona"), str(path))
    if isinstance(data, str):
        raise InvalidInput(str(path), "a YAML object", data)
    if isinstance(data, list):
        for index, item in enumerate(data):
            yield persona_from_object(item, f"{path}: item {index + 1}")
    else:
        yield persona_from_object(data, str(path))


def _read_lines(path: Path) -> Iterator[Persona]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            where = f"{path}:{number}"
            if len(line) > MAX_LINE_BYTES:
                raise InvalidInput(where, f"a line of at most {MAX_LINE_BYTES:,} bytes", "a longer one")
            if line.strip():
                text = check_text(line, where, "one JSON persona on the line")
                yield persona_from_object(parse_json(text, where), where)


def _read_csv(path: Path) -> Iterator[Persona]:
    import csv

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file, strict=True)
            for number, row in enumerate(table, 1):
                where = f"{path}: row {number}"
                if None in row or None in row.values():
                    raise InvalidInput(where, f"{len(table.fieldnames or ())} cells", "another number of cells")
                yield persona_from_row({k: v or None for k, v in row.items()}, where)
    except (csv.Error, UnicodeDecodeError) as error:
        raise InvalidInput(str(path), "a CSV table in UTF-8", str(error)) from None


def _read_txt(path: Path) -> Iterator[Persona]:
    text = read_text(path, "a persona in plain sentences")
    yield rethrow(lambda: Persona.from_text(text), str(path))


# -- writing -----------------------------------------------------------------------------------------------------------


def _write_json(personas: Iterable[Persona], file: Any) -> None:
    records = [p.to_dict() for p in personas]
    json.dump(records[0] if len(records) == 1 else records, file, ensure_ascii=False, indent=2, allow_nan=False)
    file.write("\n")


def _write_yaml(personas: Iterable[Persona], file: Any) -> None:
    import yaml

    records = [p.to_dict() for p in personas]
    dumper = type("Dumper", (yaml.SafeDumper,), {"ignore_aliases": lambda self, data: True})
    value = records[0] if len(records) == 1 else records
    # PyYAML writes these line breaks raw and folds them on reading; escaped they survive.
    readable = not any(c in canonical_json(value) for c in "\x85\u2028\u2029\ufeff")
    yaml.dump(value, file, dumper, allow_unicode=readable, sort_keys=False, width=120)


def _write_lines(personas: Iterable[Persona], file: Any) -> None:
    for persona in personas:
        file.write(json.dumps(persona.to_dict(), ensure_ascii=False, allow_nan=False) + "\n")


# A further format (a character card in a picture, say) is one more row here.
FORMATS: tuple[Format, ...] = (
    Format("JSON", (".json",), _read_json, _write_json),
    Format("YAML", (".yaml", ".yml"), _read_yaml, _write_yaml),
    Format("JSON Lines", (".jsonl", ".ndjson"), _read_lines, _write_lines),
    Format("CSV", (".csv",), _read_csv),
    Format("text", (".txt", ".md"), _read_txt),
)
