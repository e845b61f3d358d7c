"""The files: the published CSV with its complete prompts, and own items as JSON Lines, whose prompts are written anew.

Source: personaeval page, "Data formats".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, get_args

from personarium.benchmarks.personaeval.items import Candidate, Exchange, IdentificationItem, ReplyKind
from personarium.benchmarks.personaeval.steps import written_prompt
from personarium.core.errors import InvalidInput
from personarium.core.files import existing, iter_json_lines, write_json_lines
from personarium.core.tables import csv_rows

OPTIONS = 5
NEEDED = ("prompt", "gt", *(f"option{k}" for k in range(1, OPTIONS)))
COLUMNS = (
    "prompt", "gt", *(f"option{k}" for k in range(1, OPTIONS + 1)), *(f"option{k}_profile" for k in range(1, OPTIONS + 1)),
)  # fmt: skip
BUNDLED = "bundled"


def read_items(path: str | Path, track: str | None = None) -> list[IdentificationItem]:
    """Read items: ``Literary.csv``, ``Drama.csv``, ``Expertise.csv`` as published, or own ones in a ``.jsonl`` file.

    Args:
        path: The file.
        track: Of a CSV file; its name without ending by default.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, row or line, and field; also when there is no item, or an id comes twice.
    """
    path = existing(path)
    own = path.suffix.lower() in (".jsonl", ".ndjson")
    items = list(_read_lines(path) if own else _read_csv(path, track or path.stem))
    if not items:
        raise InvalidInput(str(path), "at least one item", "none")
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            raise InvalidInput(str(path), "an id of its own for each item", item.id, "id")
        seen.add(item.id)
    return items


def write_items(items: Iterable[IdentificationItem], path: str | Path) -> Path:
    """Write items as JSON Lines; :func:`read_items` reads them. Raises StorageError when the disk refuses."""
    return write_json_lines((item.to_dict() for item in items), path)


def bundled_items(reply_kind: ReplyKind = "probabilities") -> list[IdentificationItem]:
    """The bundled items, built from the test part of Synthetic-Persona-Chat (CC BY 4.0, see NOTICE.md beside them)."""
    with as_file(files("personarium.benchmarks.personaeval") / "data" / "bundled.jsonl") as path:
        return [asking_for(item, reply_kind) for item in read_items(path)]


def asking_for(item: IdentificationItem, reply_kind: ReplyKind) -> IdentificationItem:
    """The item with its prompt asking for another kind of reply.

    Raises:
        InvalidInput: A published item, whose prompt asks for what it asks for.
    """
    if item.exchange is None:
        if reply_kind == "probabilities":
            return item
        raise InvalidInput(f"item {item.id}", "an own item; a published prompt stands as it is", reply_kind)
    exchange = replace(item.exchange, reply_kind=reply_kind)
    return replace(item, exchange=exchange, prompt=written_prompt(exchange, item.candidates))


def _read_csv(path: Path, track: str) -> Iterator[IdentificationItem]:
    for row, fields in csv_rows(path, NEEDED):
        yield item_of_row(fields, track, row, f"{path}: row {row}")


def item_of_row(fields: Mapping[str, str], track: str, row: int, where: str) -> IdentificationItem:
    """One row of a published file.

    Raises:
        InvalidInput: Naming ``where`` and the field.
    """
    names = [fields.get(f"option{k}", "") for k in range(1, OPTIONS + 1)]
    count = max((k for k, name in enumerate(names, 1) if name.strip()), default=0)
    if count < OPTIONS - 1 or not all(name.strip() for name in names[:count]):
        raise InvalidInput(where, "4 or 5 options without a gap", names, "option1")
    if not fields["prompt"].strip():
        raise InvalidInput(where, "a prompt", fields["prompt"], "prompt")
    if fields["gt"] not in names[:count]:
        raise InvalidInput(where, f"one of {', '.join(names[:count])}", fields["gt"], "gt")
    if len(set(names[:count])) < count:
        raise InvalidInput(where, "options that differ", names[:count], "option1")
    people = [Candidate(name, fields.get(f"option{k}_profile", "")) for k, name in enumerate(names[:count], 1)]
    id = f"{track}/{row}"
    return IdentificationItem(id, track, fields["prompt"], tuple(people), names.index(fields["gt"]))


def _read_lines(path: Path) -> Iterator[IdentificationItem]:
    for where, data in iter_json_lines(path, "item"):
        if not isinstance(data, dict):
            raise InvalidInput(where, "an object", data)
        yield _own(data, where)


def _own(data: Mapping[str, Any], where: str) -> IdentificationItem:
    texts = {name: _text(data, name, where) for name in ("id", "track")}
    people = data.get("candidates")
    if not isinstance(people, list) or not all(isinstance(one, dict) for one in people):
        raise InvalidInput(where, "a list of objects with name and profile", people, "candidates")
    candidates = tuple(Candidate(_text(one, "name", where), _text(one, "profile", where)) for one in people)
    truth = data.get("truth")
    if isinstance(truth, bool) or not isinstance(truth, int):
        raise InvalidInput(where, "a place in the list of candidates, from 0", truth, "truth")
    exchange = _exchange(data.get("exchange"), where)
    prompt = _text(data, "prompt", where) if exchange is None else written_prompt(exchange, candidates)
    try:
        return IdentificationItem(texts["id"], texts["track"], prompt, candidates, truth, exchange)
    except InvalidInput as error:
        raise InvalidInput(where, error.expected, error.found, error.field) from None


def _exchange(data: object, where: str) -> Exchange | None:
    if data is None:
        return None
    if not isinstance(data, dict):
        raise InvalidInput(where, "an object", data, "exchange")
    kind = data.get("reply_kind", "probabilities")
    if kind not in get_args(ReplyKind):
        raise InvalidInput(where, "probabilities or choice", kind, "exchange.reply_kind")
    speaker, said, reply = (_text(data, name, where) for name in ("speaker", "said", "reply"))
    return Exchange(speaker, said, reply, kind)


def _text(data: Mapping[str, Any], name: str, where: str) -> str:
    if not isinstance(data.get(name), str) or not data[name].strip():
        raise InvalidInput(where, "a text that is not empty", data.get(name), name)
    return str(data[name])
