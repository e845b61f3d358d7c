"""Documents and sections as plain JSON and back; what is wrong is told in one sentence with its path."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from personarium.core.errors import InvalidInput
from personarium.report.document import SECTIONS, Document, Section

BY_KIND: Mapping[str, type[Section]] = {cls.__dataclass_fields__["kind"].default: cls for cls in SECTIONS}


def as_dict(record: Document | Section) -> dict[str, Any]:
    """The JSON-ready form of a document or section; :func:`document_from_dict` and :func:`section_from_dict` read it."""
    plain = _plain(record)
    assert isinstance(plain, dict)
    return plain


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value


def section_from_dict(data: Any, where: str = "section", field: str = "") -> Section:
    """One section from its plain form.

    Args:
        data: The plain form (docs/report.md).
        where: The file or argument it comes from, for the error.
        field: Its path in there, for instance ``sections[2]``.

    Raises:
        InvalidInput: Names the path, what was expected and what was found.
    """
    if not isinstance(data, Mapping):
        raise InvalidInput(where, "a section: a JSON object with a kind", data, field or None)
    kind = data.get("kind")
    cls = BY_KIND.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise InvalidInput(where, f"a section kind{_nearest(kind)}", kind, _join(field, ("kind",)))
    try:
        section: Section = _adapter(str(kind)).validate_python(dict(data))
        return section
    except ValidationError as error:
        raise _one_error(error, where, field, cls) from None


def sections_from_list(data: Any, where: str) -> tuple[Section, ...]:
    """All sections of a summary.

    Raises:
        InvalidInput: At the first that is wrong.
    """
    if not isinstance(data, Sequence) or isinstance(data, str):
        raise InvalidInput(where, "a list of sections", data, "sections")
    return tuple(section_from_dict(section, where, f"sections[{i}]") for i, section in enumerate(data))


def document_from_dict(data: Mapping[str, Any], where: str = "document") -> Document:
    """What :func:`as_dict` made of a document.

    Raises:
        InvalidInput: Names the path, what was expected and what was found.
    """
    sections = sections_from_list(data.get("sections", ()), where)
    try:
        return TypeAdapter(Document).validate_python({**data, "sections": sections})
    except ValidationError as error:
        raise _one_error(error, where, "", Document) from None


@lru_cache(maxsize=32)
def _adapter(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(BY_KIND[kind])


def _one_error(error: ValidationError, where: str, field: str, cls: type[Any]) -> InvalidInput:
    first = error.errors(include_url=False)[0]
    path = _join(field, first["loc"])
    if first["type"] == "missing":
        return InvalidInput(where, "this field, which is not there", field=path)
    if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        known = ", ".join(f.name for f in dataclasses.fields(cls)) if len(first["loc"]) == 1 else ""
        only = f" (known: {known})" if known else ""
        return InvalidInput(where, f"no field of that name{only}", first["input"], path)
    expected = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return InvalidInput(where, expected, first["input"] if first["type"] != "value_error" else None, path or None)


def _join(prefix: str, loc: Sequence[str | int]) -> str:
    path = prefix
    for part in loc:
        if part == "[key]":
            continue
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path


def _nearest(kind: object) -> str:
    near = difflib.get_close_matches(str(kind), BY_KIND, n=1)
    names = near[0] if near else ", ".join(BY_KIND)
    return f" such as {names!r}" if near else f", one of {names}"
