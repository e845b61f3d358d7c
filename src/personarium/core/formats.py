"""Personas in files: one table of formats, each with a reader and, where it can hold everything, a writer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from personarium.core.cards.record import version_of
from personarium.core.chat import canonical_json
from personarium.core.errors import InvalidInput, NotFound
from personarium.core.facets import mapping, rethrow
from personarium.core.files import (
    MAX_FILE_BYTES,
    MAX_LINE_BYTES,
    bounded_lines,
    check_text,
    existing,
    parse_json,
    parse_yaml,
    read_text,
    replacing,
    too_large,
)
from personarium.core.persona import Persona
from personarium.core.published import persona_from_object, persona_from_row


@dataclass(frozen=True, slots=True)
class Format:
    """How personas stand in a kind of file.

    Args:
        name: For messages.
        suffixes: File endings, lower case; the first format of the table with a fitting one counts.
        read: Yields the personas of a file, one at a time.
        write: Writes personas into a new file; None when the format cannot hold everything.
        several: Whether a file can hold more than one persona.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Path], Iterator[Persona]]
    write: Callable[[Iterable[Persona], Path], None] | None = None
    several: bool = True


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
    if path.is_dir():  # the only folder that is a file of personas is one that datasets saved
        from personarium.core.hf_datasets import is_dataset_folder, iter_dataset_personas

        if is_dataset_folder(path):
            yield from iter_dataset_personas(path)
            return
    chosen = format_of(path)
    path = existing(path)
    yield from chosen.read(path)


def save_persona(persona: Persona, path: str | Path) -> Path:
    """Write one persona; the ending says how. What stood there before is replaced only when all is written.

    Raises:
        InvalidInput: When the ending is unknown or the format cannot hold a persona without loss.
        StorageError: When the disk refuses.
    """
    return save_personas([persona], path)


def save_personas(personas: Iterable[Persona], path: str | Path) -> Path:
    """Write personas (JSON Lines; one or several in .json and .yaml; one in a character card).

    Raises:
        InvalidInput: When the format cannot hold them.
        StorageError: When the disk refuses; a file that was there stays as it was.
    """
    path = Path(path)
    chosen = format_of(path)
    if chosen.write is None:
        endings = ", ".join(s for f in FORMATS if f.write for s in f.suffixes)
        raise InvalidInput(str(path), f"a file to save in, ending in one of {endings}", path.suffix)
    if not chosen.several:
        personas = list(islice(personas, 2))
        if len(personas) != 1:
            raise InvalidInput(str(path), f"one persona for a {chosen.name}", "several" if personas else "none")
    with replacing(path) as scratch:
        chosen.write(personas, scratch)
    return path


def format_of(path: Path) -> Format:
    """The format that a file's ending names; raises InvalidInput when there is none."""
    name = path.name.lower()
    for known in FORMATS:
        if any(name.endswith(suffix) and name != suffix for suffix in known.suffixes):
            return known
    endings = ", ".join(s for f in FORMATS for s in f.suffixes)
    raise InvalidInput(str(path), f"a persona file ending in one of {endings}", path.suffix or "no ending")


# -- reading -----------------------------------------------------------------------------------------------------------


_LARGE_BYTES = 16 * 2**20  # of a character card, and of the record of a persona that carries one


def _read_json(path: Path) -> Iterator[Persona]:
    expected = "a JSON persona"
    size = path.stat().st_size
    data = parse_json(read_text(path, expected, _LARGE_BYTES), str(path))
    if size > MAX_FILE_BYTES and not all(map(_may_be_large, data if isinstance(data, list) else [data])):
        raise too_large(str(path), expected, MAX_FILE_BYTES, size)
    if isinstance(data, list):
        for index, item in enumerate(data):
            yield persona_from_object(item, f"{path}: item {index + 1}")
    else:
        yield persona_from_object(mapping(data, str(path), "persona"), str(path))


def _may_be_large(data: object) -> bool:
    return isinstance(data, Mapping) and ("schema_version" in data or version_of(data) is not None)


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
        for number, line in bounded_lines(file, str(path), _LARGE_BYTES):
            where = f"{path}:{number}"
            data = parse_json(check_text(line, where, "one JSON persona on the line"), where)
            if len(line) > MAX_LINE_BYTES and not _may_be_large(data):
                raise InvalidInput(where, f"a line of at most {MAX_LINE_BYTES:,} bytes", "a longer one")
            yield persona_from_object(data, where)


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


def _read_card(path: Path) -> Iterator[Persona]:
    from personarium.core.cards.files import load_card
    from personarium.core.cards.persona import persona_from_card

    yield persona_from_card(load_card(path))


# -- writing -----------------------------------------------------------------------------------------------------------


def _write_json(personas: Iterable[Persona], path: Path) -> None:
    records = [p.to_dict() for p in personas]
    with path.open("w", encoding="utf-8") as file:
        json.dump(records[0] if len(records) == 1 else records, file, ensure_ascii=False, indent=2, allow_nan=False)
        file.write("\n")


def _write_yaml(personas: Iterable[Persona], path: Path) -> None:
    import yaml

    records = [p.to_dict() for p in personas]
    dumper = type("Dumper", (yaml.SafeDumper,), {"ignore_aliases": lambda self, data: True})
    value = records[0] if len(records) == 1 else records
    # PyYAML writes these line breaks raw and folds them on reading; escaped they survive.
    readable = not any(c in canonical_json(value) for c in "\x85\u2028\u2029\ufeff")
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(value, file, dumper, allow_unicode=readable, sort_keys=False, width=120)


def _write_lines(personas: Iterable[Persona], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for persona in personas:
            file.write(json.dumps(persona.to_dict(), ensure_ascii=False, allow_nan=False) + "\n")


def _write_card(ending: str, personas: Iterable[Persona], path: Path) -> None:
    from personarium.core.cards.files import card_bytes
    from personarium.core.cards.written import card_from_persona

    for persona in personas:
        path.write_bytes(card_bytes(card_from_persona(persona), ending, f"persona {persona.id}"))


# A further format is one more row here; a row with a longer ending stands above the one whose ending it ends in.
FORMATS: tuple[Format, ...] = (
    Format("character card", (".card.json",), _read_card, partial(_write_card, ".json"), several=False),
    Format("character card in a PNG", (".png", ".apng"), _read_card, partial(_write_card, ".png"), several=False),
    Format("CHARX archive", (".charx",), _read_card, partial(_write_card, ".charx"), several=False),
    Format("JSON", (".json",), _read_json, _write_json),
    Format("YAML", (".yaml", ".yml"), _read_yaml, _write_yaml),
    Format("JSON Lines", (".jsonl", ".ndjson"), _read_lines, _write_lines),
    Format("CSV", (".csv",), _read_csv),
    Format("text", (".txt", ".md"), _read_txt),
)
