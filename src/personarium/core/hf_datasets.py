"""Populations and dialogues as Hugging Face ``datasets``, in and out, without loss (extra ``datasets``).

Column roles of a population: ``id`` and ``name`` name the member; ``persona`` (also ``input persona``, ``description``, ``text``)
holds sentences; ``_persona`` holds a whole record as JSON; every other column is a facet path. Foreign columns get their role by
``roles={"bio": "persona", "job": "social.occupation", "photo": None}``; None leaves a column out. Schema and quotas travel in the
dataset's description (kept by ``save_to_disk``; the Hub keeps columns only).

Columns of dialogues: ``id``, ``cast``, ``utterances`` (speaker, text, and ``meta`` as JSON) and ``meta`` as JSON; rows with
``messages`` (role, content) or ``conversations`` (from, value) are read as any chat log is.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personarium.core.chat import canonical_json
from personarium.core.dialogue import Dialogue
from personarium.core.errors import InvalidInput, NotFound, RemoteError, UsageError
from personarium.core.files import parse_json
from personarium.core.persona import Persona
from personarium.core.population import RECORD, Population, Quota, read_about
from personarium.core.published import persona_from_row

if TYPE_CHECKING:
    import polars as pl

_MARK = "personarium: "  # the line of a dataset's description that holds schema and quotas
_HUB = "hf://"
Roles = Mapping[str, str | None]
WHOLE = "record"  # the role of a column with whole personas


# -- opening -------------------------------------------------------------------------------------------------------


def is_dataset_folder(path: str | Path) -> bool:
    """Whether ``datasets`` saved this folder (``save_to_disk``)."""
    folder = Path(path)
    alone = (folder / "state.json").is_file() and (folder / "dataset_info.json").is_file()
    return alone or (folder / "dataset_dict.json").is_file()


def open_dataset(place: str | Path, split: str | None = None, **options: Any) -> Any:
    """A dataset from a folder that ``save_to_disk`` wrote, or by its name on the Hub: the one place that may use the network.

    Args:
        place: The folder, or ``owner/name`` (``hf://owner/name`` too).
        split: Which split; needed where there are several.
        options: Handed to ``datasets.load_dataset`` (``name``, ``revision``, ``streaming``, ...).

    Raises:
        UsageError: The extra is missing, or the split is not named.
        NotFound: No such folder, or no such dataset.
        InvalidInput: The folder cannot be read.
        RemoteError: The Hub cannot be reached.
    """
    library = _library()
    if is_dataset_folder(place):
        try:
            return _one_split(library.load_from_disk(str(place)), split, str(place))
        except (OSError, ValueError, TypeError, LookupError, AttributeError, _arrow_error()) as error:
            expected = "a folder that datasets saved, with a row at least"
            raise InvalidInput(str(place), expected, f"{type(error).__name__}: {error}") from None
    name = str(place).removeprefix(_HUB).removeprefix("datasets/")
    if isinstance(place, Path) or Path(name).exists() or name.startswith((".", "/")):
        raise NotFound(f"{place}: no folder that datasets saved (it has no dataset_info.json)")
    try:
        return _one_split(library.load_dataset(name, split=split, **options), split, name)
    except FileNotFoundError as error:  # DatasetNotFoundError is one
        raise NotFound(f"there is no dataset {name}: {error}") from error
    except OSError as error:  # ConnectionError and the Hub's errors are
        raise RemoteError(f"the dataset {name} cannot be fetched: {error}", "connection") from error


def _library() -> Any:
    try:
        return importlib.import_module("datasets")
    except ImportError:
        raise UsageError('datasets is not installed; install it with pip install "personarium[datasets]"') from None


def _arrow_error() -> type[Exception]:
    error: type[Exception] = importlib.import_module("pyarrow").ArrowException
    return error


def _one_split(data: Any, split: str | None, where: str) -> Any:
    """The dataset itself where there are splits by name."""
    if not isinstance(data, Mapping):
        return data
    if split is None and len(data) == 1:
        return next(iter(data.values()))
    if split is None or split not in data:
        raise UsageError(f"{where} has the splits {', '.join(data)}; name one with split=")
    return data[split]


def _opened(data: Any, split: str | None) -> tuple[Any, str]:
    """A dataset that gives plain Python values, and its name for messages."""
    library = _library()
    where = str(data) if isinstance(data, (str, Path)) else "dataset"
    data = open_dataset(data, split) if isinstance(data, (str, Path)) else _one_split(data, split, where)
    if not isinstance(data, (library.Dataset, library.IterableDataset)):
        raise InvalidInput(where, "a datasets.Dataset, a folder that it saved, or a name", type(data).__name__)
    return data.with_format(None), where


# -- populations -----------------------------------------------------------------------------------------------------


def population_to_dataset(population: Population) -> Any:
    """The population as a ``datasets.Dataset``: its columns, schema and quotas; categories become text.

    Raises:
        UsageError: When the extra is missing.
        InvalidInput: When a column is of a type that datasets cannot hold.
    """
    library = _library()
    lines = [f"{len(population):,} personas."]
    if population.schema or population.quotas:
        lines.append(_MARK + canonical_json(population.about()))
    try:
        return library.Dataset.from_polars(population.frame, info=library.DatasetInfo(description="\n".join(lines)))
    except (ValueError, TypeError, _arrow_error()) as error:
        raise InvalidInput(population.where, "columns that datasets can hold", str(error)) from None


def population_from_dataset(
    data: Any,
    *,
    split: str | None = None,
    roles: Roles | None = None,
    schema: Mapping[str, Sequence[Any]] | None = None,
    quotas: Sequence[Quota] | None = None,
    most: int | None = None,
) -> Population:
    """A population from a dataset.

    Args:
        data: A ``Dataset`` or ``IterableDataset``, a dictionary of them by split, a folder, or a name on the Hub.
        split: Which split; needed where there are several.
        roles: Column -> ``id``, ``name``, ``persona`` (sentences), ``record`` (a whole persona, as JSON or object), a facet
            path, or None to leave it out. Columns that are not named keep their names.
        schema: In place of the one in the dataset.
        quotas: Likewise.
        most: Read only the first so many rows, for streams without end.

    Raises:
        UsageError: The extra is missing, or the split is not named.
        InvalidInput: Naming the column or row that cannot be read.
    """
    data, where = _opened(data, split)
    if most is not None:
        data = data.take(most)
    stored = _stored_about(data, where) if schema is None or quotas is None else ({}, ())
    schema, quotas = stored[0] if schema is None else schema, stored[1] if quotas is None else quotas
    data, names = _by_role(data, roles or {}, where)
    whole = "schema_version" in names.values() or WHOLE in (roles or {}).values()
    if whole or any(map(_is_mixed, (data.features or {}).values())):
        return Population.from_personas(_personas(data, names, where), schema, quotas)
    if isinstance(data, _library().Dataset):
        return Population(_frame(data, names), schema, tuple(quotas), where)
    return Population.from_rows(_rows(data, names), schema, quotas, where)


def iter_dataset_personas(data: Any, *, split: str | None = None, roles: Roles | None = None) -> Iterator[Persona]:
    """The personas of a dataset one at a time, so that a stream is never held; as :func:`population_from_dataset`."""
    data, where = _opened(data, split)
    data, names = _by_role(data, roles or {}, where)
    return _personas(data, names, where)


def _stored_about(data: Any, where: str) -> tuple[Mapping[str, Sequence[Any]], tuple[Quota, ...]]:
    """Schema and quotas as the description keeps them."""
    lines = str(data.info.description or "").splitlines() if data.info else []
    found = {line.removeprefix(_MARK) for line in lines if line.startswith(_MARK)}
    if len(found) > 1:
        raise InvalidInput(where, "one schema (these are joined datasets: give schema= and quotas=)", f"{len(found)}")
    return read_about(parse_json(found.pop(), where), where) if found else ({}, ())


def _by_role(data: Any, roles: Roles, where: str) -> tuple[Any, dict[str, str]]:
    """The dataset without the columns that are left out, and column -> what a persona calls it."""
    columns = data.column_names
    if columns is None:  # a stream that does not say its columns: looked up in its first row
        columns = list(next(iter(data), {}))
    for name in roles:
        if name not in columns:
            raise InvalidInput(where, "a column of this name", ", ".join(columns), name)
    names = {c: _called(roles.get(c, c)) for c in columns if roles.get(c, c) is not None}
    twice = [name for name in names.values() if list(names.values()).count(name) > 1]
    if twice:
        raise InvalidInput(where, "one column for each role", twice[0], "roles")
    left_out = [c for c in columns if c not in names]
    data = data.remove_columns(left_out) if left_out else data
    for column, feature in (data.features or {}).items():
        _refuse_media(feature, where, column)
    return data, names


def _is_mixed(feature: Any) -> bool:
    """Whether a column holds values of several types (as JSON), which no column of a frame can."""
    return type(feature).__name__ == "Json" or any(map(_is_mixed, _inside(feature)))


def _refuse_media(feature: Any, where: str, column: str) -> None:
    """A picture, a sound or a film says nothing that a facet can hold, wherever it stands in a column."""
    if hasattr(feature, "decode_example") and type(feature).__name__ != "Json":
        expected = "text, numbers, lists or objects; leave it out with roles={column: None}"
        raise InvalidInput(where, expected, type(feature).__name__, column)
    for inner in _inside(feature):
        _refuse_media(inner, where, column)


def _inside(feature: Any) -> list[Any]:
    """The features of a list's or an object's members."""
    if isinstance(feature, Mapping):
        return list(feature.values())
    if isinstance(feature, list):
        return feature
    return [feature.feature] if hasattr(feature, "feature") else []


def _called(role: str | None) -> str:
    return RECORD if role == WHOLE else role or ""


def _frame(data: Any, names: Mapping[str, str]) -> pl.DataFrame:
    import polars as pl

    frame = data.to_polars() if data.column_names and len(data) else pl.DataFrame({name: [] for name in names})
    for column, feature in data.features.items():
        decode = _decoder(feature)
        if decode is not None and len(data):
            frame = frame.with_columns(pl.Series(column, [decode(value) for value in frame[column].to_list()]))
    return frame.rename(dict(names))


def _rows(data: Any, names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    decoders = {column: decode for column, f in (data.features or {}).items() if (decode := _decoder(f)) is not None}
    for row in data:
        yield {
            names.get(column, column): decoders[column](value) if column in decoders else value
            for column, value in row.items()
        }


def _decoder(feature: Any) -> Callable[[Any], Any] | None:
    """What turns class numbers back into their names, wherever they stand in a column; None where there are none."""
    library = _library()
    if isinstance(feature, library.ClassLabel):
        labels = feature.names
        return lambda value: labels[value] if value is not None and 0 <= value < len(labels) else None
    if isinstance(feature, Mapping):
        inside = {name: decode for name, f in feature.items() if (decode := _decoder(f)) is not None}
        return (lambda value: _decoded_object(value, inside)) if inside else None
    inner = _inside(feature)
    each = _decoder(inner[0]) if inner else None
    return None if each is None else lambda value: None if value is None else [each(v) for v in value]


def _decoded_object(value: Any, inside: Mapping[str, Callable[[Any], Any]]) -> Any:
    return None if value is None else {k: inside[k](v) if k in inside else v for k, v in value.items()}


def _personas(data: Any, names: Mapping[str, str], where: str) -> Iterator[Persona]:
    for number, row in enumerate(_rows(data, names), 1):
        yield _persona(row, f"{where}: row {number}")


def _persona(row: dict[str, Any], where: str) -> Persona:
    record = row.pop(RECORD, None)
    if isinstance(record, str):
        record = parse_json(record, where)
    if record is None and "schema_version" in row:
        record = row
    if record is not None:
        return Persona.from_dict(_without_nulls(record), where)
    return persona_from_row(row, where)


def _without_nulls(value: Any) -> Any:
    """An object without the fields that a table filled with nulls because other rows have them."""
    if isinstance(value, Mapping):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return [_without_nulls(v) for v in value] if isinstance(value, list) else value


# -- dialogues -------------------------------------------------------------------------------------------------------


def dialogues_to_dataset(dialogues: Iterable[Dialogue]) -> Any:
    """Dialogues as a ``datasets.Dataset``, one a row; raises UsageError when the extra is missing."""
    library = _library()
    text = library.Value("string")
    columns: dict[str, list[Any]] = {"id": [], "cast": [], "utterances": [], "meta": []}
    for dialogue in dialogues:
        columns["id"].append(dialogue.id)
        columns["cast"].append(list(dialogue.cast))
        columns["utterances"].append(
            [{"speaker": u.speaker, "text": u.text, "meta": _json(u.to_dict().get("meta"))} for u in dialogue]
        )
        columns["meta"].append(_json(dialogue.to_dict().get("meta")))
    said = {"speaker": text, "text": text, "meta": text}
    features = library.Features(
        {"id": text, "cast": library.List(text), "utterances": library.List(said), "meta": text}
    )
    return library.Dataset.from_dict(columns, features=features)


def iter_dataset_dialogues(
    data: Any, *, split: str | None = None, names: Mapping[str, str] | None = None
) -> Iterator[Dialogue]:
    """The dialogues of a dataset one at a time.

    Args:
        data: As for :func:`population_from_dataset`.
        split: Which split; needed where there are several.
        names: What the speakers are called whom rows of ``messages`` or ``conversations`` only know by their role.

    Raises:
        UsageError: The extra is missing, or the split is not named.
        InvalidInput: Naming the row that is no dialogue.
    """
    data, where = _opened(data, split)
    return (_dialogue(row, f"{where}: row {n}", f"row-{n}", names) for n, row in enumerate(_rows(data, {}), 1))


def _dialogue(row: Mapping[str, Any], where: str, id: str, names: Mapping[str, str] | None) -> Dialogue:
    if "utterances" in row:
        return _own_dialogue(row, where)
    from personarium.core.chat_logs.logs import read_log_text

    plain = _without_nulls(row)
    if not plain.keys() & {"messages", "conversations"}:
        raise InvalidInput(where, "a dialogue: a column utterances, messages or conversations", ", ".join(row))
    try:
        found = read_log_text(json.dumps(plain, ensure_ascii=False, default=str), names=names)
    except InvalidInput as error:
        raise InvalidInput(where, error.expected, error.found, error.field) from None
    read = found[0].dialogue
    return Dialogue(str(plain.get("id") or id), read.utterances, read.meta, read.cast)


def _own_dialogue(row: Mapping[str, Any], where: str) -> Dialogue:
    record = {k: v for k, v in row.items() if v is not None and k != "meta"}
    said = row["utterances"]
    if isinstance(said, list) and all(isinstance(one, Mapping) for one in said):
        record["utterances"] = [_with_meta(one, f"{where}: utterance {n}") for n, one in enumerate(said, 1)]
    return Dialogue.from_dict({"schema_version": 1, **_with_meta({**record, "meta": row.get("meta")}, where)}, where)


def _with_meta(record: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The record with its meta read: JSON text as we write it, an object as others may."""
    meta = record.get("meta")
    plain = {k: v for k, v in record.items() if v is not None and k != "meta"}
    if isinstance(meta, str):
        return {**plain, "meta": parse_json(meta, where)}
    return plain if meta is None else {**plain, "meta": _without_nulls(meta)}


def _json(meta: Mapping[str, Any] | None) -> str | None:
    return None if meta is None else canonical_json(meta)


def dialogues_of(data: Any, *, split: str | None = None, names: Mapping[str, str] | None = None) -> list[Dialogue]:
    """As :func:`iter_dataset_dialogues`, all of them."""
    return list(iter_dataset_dialogues(data, split=split, names=names))
