"""The files: JSON lines in folders by question type and tier, with field names that are told, never guessed.

The hub files could not be seen: a field map says which of their keys means what, and a key that is not there is refused with the
list of those that are.

Source: personafeedback page, step 2, "Data formats", "Works when" 4 (dataset PersonalAILab/PersonaFeedback, Apache-2.0 by its
card; not shipped).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from personarium.benchmarks.personafeedback.items import QUESTION_TYPES, TIERS, FeedbackItem, notices
from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.core.files import iter_json_lines, write_json_lines

MISSPELT = "spedific"  # as the folder of the data set is called
FOLDERS: Mapping[str, tuple[str, ...]] = {"specific": ("specific", MISSPELT), "general": ("general",)}


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Which key of a file means what; dots lead into nested objects.

    Either ``responses`` (a list of two) with ``label``, or ``response_a`` and ``response_b`` with ``label``, or ``chosen`` and
    ``rejected``. Empty names are not read.

    Args:
        persona: The persona: a text, or an object of texts.
        question: The question.
        responses: A list of the two replies.
        response_a: The first reply.
        response_b: The second.
        label: 0 or 1: which of them was chosen.
        chosen: The reply that people chose.
        rejected: The other one.
        tier: ``easy``, ``medium`` or ``hard``; the file's name where there is none.
        type: ``specific`` or ``general``; the folder's name where there is none.
        id: Unique; the place in the file where there is none.
    """

    persona: str = "persona"
    question: str = "question"
    responses: str = "responses"
    response_a: str = ""
    response_b: str = ""
    label: str = "label"
    chosen: str = ""
    rejected: str = ""
    tier: str = "tier"
    type: str = "qtype"
    id: str = "id"

    def __post_init__(self) -> None:
        if bool(self.chosen) != bool(self.rejected):
            raise UsageError("a field map names chosen and rejected together")
        if bool(self.response_a) != bool(self.response_b):
            raise UsageError("a field map names response_a and response_b together")

    @classmethod
    def parse(cls, pairs: Iterable[str]) -> FieldMap:
        """Read ``persona=profile`` and the like; what is not named keeps its usual key.

        Raises:
            UsageError: No such field, or no ``=``.
        """
        known = [field.name for field in fields(cls)]
        named: dict[str, str] = {}
        for pair in pairs:
            name, mark, key = pair.partition("=")
            if not mark or name.strip() not in known:
                raise UsageError(f"a field is named as NAME=KEY with NAME one of {', '.join(known)}, found '{pair}'")
            named[name.strip()] = key.strip()
        return cls(**named)


NORMAL = FieldMap()


@dataclass(frozen=True, slots=True)
class FeedbackSet:
    """Items with what must be known of their files."""

    items: tuple[FeedbackItem, ...]
    notes: tuple[str, ...] = ()


def read_feedback(path: str | Path, names: FieldMap = NORMAL, *, seed: int = 0) -> FeedbackSet:
    """Read a file, or the folders of the data set.

    Args:
        path: A JSON lines file, or a folder with ``specific`` (or ``spedific``) and ``general`` and in them ``easy.jsonl``,
            ``medium.jsonl``, ``hard.jsonl``; what is not there is told.
        names: Which key means what.
        seed: Of the places of chosen and rejected replies.

    Raises:
        NotFound: Nothing is there.
        InvalidInput: Naming file, line and field.
    """
    path = Path(path)
    files, notes = _files(path) if path.is_dir() else ([(path, "", "")], [])
    found: list[FeedbackItem] = []
    for file, qtype, tier in files:
        prefix = f"{file.parent.name}/{tier}" if tier else file.stem
        found += [
            feedback_item(data, where, names, id=f"{prefix}/{k}", tier=tier, qtype=qtype, seed=seed)
            for k, (where, data) in enumerate(iter_json_lines(file, "item"), 1)
        ]
    if not found:
        raise InvalidInput(str(path), "at least one item", "none")
    _check_ids(found, str(path))
    return FeedbackSet(tuple(found), (*notes, *notices(found)))


def _files(root: Path) -> tuple[list[tuple[Path, str, str]], list[str]]:
    """Each file with the question type and tier that its place says, and what is odd about the folders."""
    notes: list[str] = []
    files: list[tuple[Path, str, str]] = []
    for qtype, spellings in FOLDERS.items():
        there = [root / name for name in spellings if (root / name).is_dir()]
        if len(there) > 1:
            notes.append(f"both {there[0].name} and {there[1].name} are there; both are read as {qtype}")
        if not there:
            notes.append(f"there is no folder of {qtype} questions")
        for folder in there:
            found = [(folder / f"{tier}.jsonl", qtype, tier) for tier in TIERS]
            missing = [file.name for file, _, _ in found if not file.is_file()]
            if missing:
                notes.append(f"{folder.name} has no {', '.join(missing)}")
            files += [one for one in found if one[0].is_file()]
    if not files:
        wanted = " or ".join(name for spellings in FOLDERS.values() for name in spellings)
        raise NotFound(f"{root}: no easy.jsonl, medium.jsonl or hard.jsonl in a folder {wanted}")
    return files, notes


def feedback_item(
    data: object,
    where: str,
    names: FieldMap = NORMAL,
    *,
    id: str = "item",
    tier: str = "",
    qtype: str = "",
    seed: int = 0,
) -> FeedbackItem:
    """One item out of a JSON object.

    Args:
        data: The object.
        where: Its place, for messages.
        names: Which key means what.
        id: Where it names none.
        tier: As the file's name says.
        qtype: As the folder's name says.
        seed: Of the places of chosen and rejected.

    Raises:
        InvalidInput: Naming ``where`` and the field.
    """
    if not isinstance(data, dict):
        raise InvalidInput(where, "a JSON object", data)
    own = _optional(data, names.id)
    id = str(own) if own not in (None, "") else id
    responses, label = _replies(data, names, where, id, seed)
    try:
        return FeedbackItem(
            id,
            _persona(_needed(data, names.persona, where)),
            _text(data, names.question, where),
            responses,
            label,
            tier or str(_needed(data, names.tier, where)).strip().lower(),
            qtype or _question_type(_needed(data, names.type, where)),
        )
    except InvalidInput as error:
        raise InvalidInput(where, error.expected, error.found, error.field) from None


def _replies(data: Mapping[str, Any], names: FieldMap, where: str, id: str, seed: int) -> tuple[tuple[str, str], Any]:
    if names.chosen:
        chosen, rejected = _text(data, names.chosen, where), _text(data, names.rejected, where)
        label = random.Random(f"personafeedback|{seed}|{id}").randrange(2)
        return ((chosen, rejected) if label == 0 else (rejected, chosen)), label
    label = _needed(data, names.label, where)
    if names.response_a:
        return (_text(data, names.response_a, where), _text(data, names.response_b, where)), label
    listed = _needed(data, names.responses, where)
    if not isinstance(listed, list) or len(listed) != 2 or not all(isinstance(text, str) for text in listed):
        raise InvalidInput(where, "a list of two texts", listed, names.responses)
    return (listed[0], listed[1]), label


def _optional(data: Mapping[str, Any], name: str) -> Any:
    found: Any = data
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _needed(data: Mapping[str, Any], name: str, where: str) -> Any:
    found = _optional(data, name)
    if found is None:
        keys = ", ".join(sorted(str(key)[:60] for key in data)[:40])
        raise InvalidInput(
            where, f"that key; the keys found are {keys} (say which is meant with a field map)", None, name
        )
    return found


def _text(data: Mapping[str, Any], name: str, where: str) -> str:
    found = _needed(data, name, where)
    if not isinstance(found, str):
        raise InvalidInput(where, "a text", found, name)
    return found


def _persona(value: Any) -> str:
    """A persona as text; an object becomes one line for each of its fields."""
    if isinstance(value, Mapping):
        return "\n".join(f"{key}: {_persona(item)}" for key, item in value.items() if item not in (None, "", [], {}))
    if isinstance(value, list):
        return "; ".join(_persona(item) for item in value)
    return str(value)


def _question_type(value: Any) -> str:
    plain = str(value).strip().lower()
    return "specific" if plain == MISSPELT else plain


def _check_ids(items: list[FeedbackItem], where: str) -> None:
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            raise InvalidInput(where, "ids that occur once", item.id, "id")
        seen.add(item.id)


def write_feedback(items: Iterable[FeedbackItem], path: str | Path) -> Path:
    """Write items in normal form, whole or not at all."""
    return write_json_lines((item.as_row() for item in items), path)


def only(
    found: FeedbackSet, qtype: str | None = None, tier: str | None = None, limit: int | None = None, seed: int = 0
) -> FeedbackSet:
    """A part of a set.

    Args:
        found: The set.
        qtype: Only questions of this type.
        tier: Only this tier.
        limit: The most items, drawn from all that are left; they keep their order.
        seed: Of the draw.

    Raises:
        UsageError: An unknown question type or tier, or nothing is left.
    """
    for value, known in ((qtype, QUESTION_TYPES), (tier, TIERS)):
        if value is not None and value not in known:
            raise UsageError(f"one of {', '.join(known)} is wanted, found '{value}'")
    kept = [i for i in found.items if qtype in (None, i.qtype) and tier in (None, i.tier)]
    if not kept:
        raise UsageError("no item is of that question type and tier")
    if limit is not None and limit < len(kept):
        drawn = random.Random(f"personafeedback|part|{seed}").sample(range(len(kept)), limit)
        kept = [kept[k] for k in sorted(drawn)]
    return replace(found, items=tuple(kept))
