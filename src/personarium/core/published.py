"""Records that others publish, read as personas: table rows, character cards, Persona-Hub lines, HACHIMI records,
SPeCtrum profiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from personarium.core.cards.record import Card, version_of
from personarium.core.dialogue import Dialogue
from personarium.core.errors import InvalidInput, NotFound
from personarium.core.facets import Facet, freeze, mapping, rethrow, text, thaw
from personarium.core.persona import DESCRIPTION, Demonstration, Persona, split_sentences

# Columns that hold the persona as sentences; the first two are Persona-Hub's (arXiv 2406.20094).
SENTENCE_COLUMNS = ("persona", "input persona", "description", "text")
ID_COLUMNS = ("id", "persona_id")


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of JSON object that can be read as a persona; a further format is one more entry in :data:`SHAPES`."""

    name: str
    fits: Callable[[Mapping[str, Any]], bool]
    read: Callable[[Mapping[str, Any], str], Persona]


def persona_from_object(data: object, where: str) -> Persona:
    """Read one JSON value as a persona: a sentence, or an object of a known shape.

    Raises:
        InvalidInput: Naming ``where``; an object of no known shape lacks its ``schema_version``.
    """
    if isinstance(data, str):
        sentence = data
        return rethrow(lambda: Persona.from_text(sentence), where)
    data = mapping(data, where, "persona")
    for shape in SHAPES:
        if shape.fits(data):
            return shape.read(data, where)
    return Persona.from_dict(data, where)


def persona_from_row(row: Mapping[str, Any], where: str = "row") -> Persona:
    """Read a table row (see :meth:`Persona.from_row`)."""
    if "schema_version" in row:
        return Persona.from_dict(row, where)
    filled = {column: _cell(value) for column, value in row.items() if value is not None}
    if not filled:
        raise InvalidInput(where, "a row with at least one filled cell", dict(row))
    id = next((str(filled[c]) for c in ID_COLUMNS if c in filled), "")
    facets: list[Facet] = []
    for column, value in filled.items():
        if column in (*ID_COLUMNS, "name"):
            continue
        if column.lower() in SENTENCE_COLUMNS and isinstance(value, str):
            facets += [Facet("", DESCRIPTION, part) for part in split_sentences(value)]
            continue
        path = "_".join(str(column).split())
        try:
            facets.append(Facet("", path, value))
        except InvalidInput as error:
            raise InvalidInput(where, error.expected, error.found, str(column)) from None
    return rethrow(lambda: Persona(id=id, name=_row_name(filled), facets=tuple(facets)), where)


def _row_name(row: Mapping[str, Any]) -> str:
    if "name" in row:
        return str(row["name"])
    return " ".join(str(row[c]) for c in ("first_name", "last_name") if c in row)


def _cell(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


# -- Persona-Hub -------------------------------------------------------------------------------------------------------


def _is_hub_line(data: Mapping[str, Any]) -> bool:
    return "schema_version" not in data and any(isinstance(data.get(c), str) for c in SENTENCE_COLUMNS[:2])


def persona_from_hub(data: Mapping[str, Any], where: str) -> Persona:
    """A Persona-Hub line: ``persona`` or ``input persona`` is the sentence; everything else is kept in ``extra``.

    Raises:
        InvalidInput: Naming ``where`` and the field, when the sentence is empty.
    """
    column = next(c for c in SENTENCE_COLUMNS[:2] if isinstance(data.get(c), str))
    if not data[column].strip():
        raise InvalidInput(where, "a sentence", data[column], column)
    persona = rethrow(lambda: Persona.from_text(data[column]), where, column)
    rest = {k: v for k, v in data.items() if k not in (column, "id")}
    id = str(data["id"]) if "id" in data else persona.id
    return rethrow(lambda: replace(persona, id=id, extra=rest, provenance={"format": "persona-hub"}), where)


# -- HACHIMI -----------------------------------------------------------------------------------------------------------

# Record key -> path; paths after the English rendering of the schema on the hachimi page, "Data formats".
HACHIMI_PATHS: dict[str, str] = {
    "姓名": "social.name",
    "年龄": "social.age",
    "性别": "social.gender",
    "年级": "education.grade",
    "发展阶段": "development.stages",
    "代理名": "social.agent_name",
    "擅长科目": "education.strong_subjects",
    "薄弱科目": "education.weak_subjects",
    "学术水平": "education.academic_level",
    "人格": "personality",
    "价值观": "values",
    "社交关系": "relations",
    "创造力": "creativity",
    "心理健康": "state.mental_health",
}
HACHIMI_SLOT = "_采样约束"
_HACHIMI_SAMPLED = frozenset({"年级", "性别", "学术水平"})  # fixed by the slot, not written by the model


def _is_hachimi(data: Mapping[str, Any]) -> bool:
    return "schema_version" not in data and "姓名" in data and "年级" in data


def persona_from_hachimi(data: Mapping[str, Any], where: str = "hachimi record") -> Persona:
    """A HACHIMI record as a demographic persona in Chinese; the sampling slot goes to ``provenance``, unknown keys to
    ``extra``.

    Raises:
        InvalidInput: Naming ``where`` and the key.

    Source: HACHIMI, page hachimi, "Data formats".
    """
    facets = []
    for key, path in HACHIMI_PATHS.items():
        if data.get(key) is not None:
            value = freeze(data[key], where, key)
            facets.append(Facet("", path, value, "sampled" if key in _HACHIMI_SAMPLED else "generated"))
    provenance = {"format": "hachimi", "slot": data.get(HACHIMI_SLOT)}
    known = {*HACHIMI_PATHS, HACHIMI_SLOT, "id"}
    extra = {k: v for k, v in data.items() if k not in known}
    return rethrow(
        lambda: Persona(
            id=f"hachimi-{data['id']}" if "id" in data else "",
            name=text(data["姓名"], where, "姓名"),
            kinds=("demographic",),
            language="zh",
            facets=tuple(facets),
            provenance=provenance,
            extra=extra,
        ),
        where,
    )


def hachimi_record(persona: Persona) -> dict[str, Any]:
    """The HACHIMI record of a persona that was read from one, keys in the published order."""
    out: dict[str, Any] = {}
    if persona.id.startswith("hachimi-"):
        id = persona.id.removeprefix("hachimi-")
        out["id"] = int(id) if id.isdecimal() else id
    for key, path in HACHIMI_PATHS.items():
        facet = persona.facet(path)
        if facet is not None:
            out[key] = thaw(facet.value)
    if persona.provenance.get("slot") is not None:
        out[HACHIMI_SLOT] = thaw(persona.provenance["slot"])
    return {**out, **thaw(persona.extra)}


# -- SPeCtrum and characters --------------------------------------------------------------------------------

# Part of the stored profile -> path; page spectrum, "Data formats".
SPECTRUM_PARTS: dict[str, str] = {
    "S": "social.identity",
    "P_personality": "personality.summary",
    "P_value": "values.summary",
    "C_behavior": "life.behavior",
    "C_lovehate": "life.love_hate",
}


def persona_from_spectrum(
    parts: Mapping[str, str], dialogues: Iterable[Dialogue] = (), *, id: str = "", name: str = "", speaker: str = ""
) -> Persona:
    """An individual from the parts of a SPeCtrum profile and, where there are any, chat logs.

    Args:
        parts: Texts by part: any of S, P_personality, P_value, C_behavior, C_lovehate.
        dialogues: Chat logs; what ``speaker`` said in them becomes demonstrations.
        id: Stable name.
        name: What the person is called.
        speaker: The person's id in the logs.

    Raises:
        InvalidInput: On an unknown part, or when there is none.

    Source: SPeCtrum (arXiv 2502.08599), page spectrum.
    """
    unknown = [part for part in parts if part not in SPECTRUM_PARTS]
    if unknown or not parts:
        raise InvalidInput("spectrum profile", f"parts among {', '.join(SPECTRUM_PARTS)}", unknown or "none")
    facets = tuple(
        Facet("", path, parts[part], "extracted", (f"spectrum:{part}",))
        for part, path in SPECTRUM_PARTS.items()
        if part in parts
    )
    shown = demonstrations(dialogues, speaker or name)
    source = {"format": "spectrum"}
    return Persona(id, name, ("individualized",), facets=facets, demonstrations=shown, provenance=source)


def load_spectrum(folder: str | Path, number: int) -> Persona:
    """Read ``{number}_{part}.txt`` from a folder of stored SPeCtrum profiles.

    Raises:
        NotFound: When there is no part of this number.
    """
    parts = {}
    for part in SPECTRUM_PARTS:
        path = Path(folder) / f"{number}_{part}.txt"
        if path.is_file():
            parts[part] = path.read_text(encoding="utf-8").strip()
    if not parts:
        raise NotFound(f"{folder}: no SPeCtrum profile {number}; expected {number}_S.txt and its siblings")
    return persona_from_spectrum(parts, id=f"spectrum-{number}")


def character(
    name: str,
    profile: str | Mapping[str, Any],
    dialogues: Iterable[Dialogue] = (),
    *,
    id: str = "",
    speaker: str = "",
) -> Persona:
    """A character from its profile and recorded dialogues.

    Args:
        name: The character's name.
        profile: Prose (a facet a sentence), or path -> value.
        dialogues: Where the character speaks; its lines become demonstrations, the line before each is the scene.
        id: Stable name.
        speaker: The character's id in the dialogues; without it ``name``.
    """
    if isinstance(profile, str):
        facets = tuple(Facet("", DESCRIPTION, part, "declared") for part in split_sentences(profile))
    else:
        facets = tuple(Facet("", path, value) for path, value in profile.items())
    return Persona(id, name, ("character",), facets=facets, demonstrations=demonstrations(dialogues, speaker or name))


def demonstrations(dialogues: Iterable[Dialogue], speaker: str) -> tuple[Demonstration, ...]:
    """What one speaker said in recorded dialogues, each line with the line it answered as its scene."""
    out: list[Demonstration] = []
    for dialogue in dialogues:
        before = ""
        for index, utterance in enumerate(dialogue):
            if utterance.speaker == speaker:
                out.append(Demonstration(utterance.text, speaker, before, f"{dialogue.id}#{index}"))
            before = utterance.text
    return tuple(out)


def _is_card(data: Mapping[str, Any]) -> bool:
    return version_of(data) is not None


def _persona_from_card(data: Mapping[str, Any], where: str) -> Persona:
    from personarium.core.cards.persona import persona_from_card

    return persona_from_card(Card.from_object(data, where))


SHAPES: tuple[Shape, ...] = (
    Shape("character card", _is_card, _persona_from_card),
    Shape("persona-hub", _is_hub_line, persona_from_hub),
    Shape("hachimi", _is_hachimi, persona_from_hachimi),
)
