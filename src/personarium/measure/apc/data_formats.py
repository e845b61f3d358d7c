"""The published row formats of statements, queries, relevance, NLI and preference pairs.

Source: page apc, "Data formats" (arXiv 2405.07726, official repository). Files hold one JSON list each.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput, NotFound
from personarium.core.files import replacing

RELEVANCE_WORDS = ("no", "yes")
NLI_WORDS = ("contradicted", "neutral", "entailed")
# Spellings of one label; the published code itself mixes "contradict" and "contradicted".
_SPELLINGS = {
    "contradict": "contradicted",
    "contradiction": "contradicted",
    "entail": "entailed",
    "entailment": "entailed",
}


@dataclass(frozen=True, slots=True)
class StatementRow:
    """``statement/<Name>.json``: a fact and the paragraph it is from."""

    character: str
    passage: str
    statement: str


@dataclass(frozen=True, slots=True)
class QueryRow:
    """``query_relevant_to_statement.json``: utterances that must be answered with the statement."""

    statement: str
    queries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RelevanceRow:
    """``relevance.json``: whether a statement matters for a query, ``yes`` or ``no``."""

    character: str
    statement: str
    query: str
    relevant: str


@dataclass(frozen=True, slots=True)
class NLIRow:
    """``nli.v2.json``: what a response to a query does to a statement."""

    character: str
    statement: str
    query: str
    response: str
    label: str


def read_label(text: object, labels: Sequence[str]) -> str | None:
    """A label whatever its case, blanks, final punctuation and spelling; None when it is none of the labels.

    Args:
        text: "Yes.", " contradict ", ...
        labels: :data:`RELEVANCE_WORDS` or :data:`NLI_WORDS`.
    """
    word = re.sub(r"[\s.!,;:\"'*]+$", "", str(text).strip().lower()).lstrip("\"'* ")
    word = _SPELLINGS.get(word, word)
    return word if word in labels else None


def rows_as_json(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Rows as the published files hold them."""
    return [{k: list(v) if isinstance(v, tuple) else v for k, v in asdict(row).items()} for row in rows]


def nli_file_rows(character: str, replies: Sequence[tuple[str, str, Mapping[str, str]]]) -> list[dict[str, Any]]:
    """Rows of ``nli.json``: the three replies of each (statement, query) as they were written, not yet re-labelled."""
    return [{"character": character, "statement": s, "query": q, "nli": dict(own)} for s, q, own in replies]


def save_rows(rows: Sequence[Any], path: str | Path) -> Path:
    """Write rows as one JSON list; raises StorageError when the disk refuses."""
    path = Path(path)
    with replacing(path) as scratch:
        scratch.write_text(json.dumps(rows_as_json(rows), ensure_ascii=False, indent=1), encoding="utf-8")
    return path


def load_statements(path: str | Path) -> list[StatementRow]:
    """Read a statement file; raises NotFound or InvalidInput with file, row and field."""
    return _load(path, lambda row, where: StatementRow(*_texts(row, where, "character", "passage", "statement")))


def load_queries(path: str | Path) -> list[QueryRow]:
    """Read a query file; raises NotFound or InvalidInput with file, row and field."""
    return _load(path, _query_row)


def load_relevance(path: str | Path) -> list[RelevanceRow]:
    """Read a relevance file; raises NotFound or InvalidInput with file, row and field."""
    return _load(path, _relevance_row)


def load_nli(path: str | Path) -> list[NLIRow]:
    """Read an ``nli.v2`` file; raises NotFound or InvalidInput with file, row and field."""
    return _load(path, _nli_row)


def _load(path: str | Path, make: Callable[[Mapping[str, Any], str], Any]) -> list[Any]:
    path = Path(path)
    if not path.is_file():
        raise NotFound(f"{path}: no such file")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(str(path), f"one JSON list ({error})") from error
    if not isinstance(data, list):
        raise InvalidInput(str(path), "a JSON list of rows", data)
    return [make(_object(row, f"{path}:row {i}"), f"{path}:row {i}") for i, row in enumerate(data)]


def _object(row: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(row, Mapping):
        raise InvalidInput(where, "an object", row)
    return row


def _texts(row: Mapping[str, Any], where: str, *fields: str) -> list[str]:
    for field in fields:
        if not isinstance(row.get(field), str):
            raise InvalidInput(where, "a text", row.get(field), field)
    return [row[field] for field in fields]


def _query_row(row: Mapping[str, Any], where: str) -> QueryRow:
    (statement,) = _texts(row, where, "statement")
    queries = row.get("queries")
    if not isinstance(queries, list) or not all(isinstance(q, str) for q in queries):
        raise InvalidInput(where, "a list of texts", queries, "queries")
    return QueryRow(statement, tuple(queries))


def _relevance_row(row: Mapping[str, Any], where: str) -> RelevanceRow:
    character, statement, query = _texts(row, where, "character", "statement", "query")
    return RelevanceRow(character, statement, query, _label(row, where, "relevant", RELEVANCE_WORDS))


def _nli_row(row: Mapping[str, Any], where: str) -> NLIRow:
    character, statement, query, response = _texts(row, where, "character", "statement", "query", "response")
    return NLIRow(character, statement, query, response, _label(row, where, "label", NLI_WORDS))


def _label(row: Mapping[str, Any], where: str, field: str, labels: Sequence[str]) -> str:
    label = read_label(row.get(field), labels)
    if label is None:
        raise InvalidInput(where, f"one of {', '.join(labels)}", row.get(field), field)
    return label
