"""The record format: a session of utterances with the traits of everybody who speaks in it.

JSON lines: ``{"session": [{"speaker": "s17", "text": "..."}], "traits": {"s17": {"gender": "female", "age": "25-34", "location":
"Beijing", "tags": ["travel"]}}}``. The response is the last utterance; an unknown trait is null and never a value.

Source: personaldialog page, "Data formats" (the project's own design: the corpus is to be had from its authors only).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personarium.core.dialogue import Dialogue
from personarium.core.errors import InvalidInput
from personarium.core.facets import Facet, texts
from personarium.core.files import bounded_lines, check_text, existing, parse_json, write_json_lines
from personarium.core.persona import Persona

TraitValue = str | tuple[str, ...] | None
Traits = Mapping[str, TraitValue]

TRAITS = ("gender", "age", "location", "tags", "description")
LISTS = ("tags",)
# Keys of the later files of the "AssignPersonality" type.
ASSIGNED_TRAITS = ("name", "gender", "age", "location", "weight", "constellation", "hobby", "speciality")
# Where a trait stands in a persona record.
PATHS: Mapping[str, str] = {
    "gender": "social.gender",
    "age": "social.age",
    "location": "place.location",
    "tags": "tastes.interests",
    "description": "description",
}


@dataclass(frozen=True)
class Session:
    """One session.

    Args:
        dialogue: Who said what; its id names the session.
        traits: Speaker -> trait -> value, None where it is not known.
    """

    dialogue: Dialogue = field(compare=False)
    traits: Mapping[str, Traits]

    @property
    def responder(self) -> str:
        """Who gives the response: the speaker of the last utterance."""
        return self.dialogue[-1].speaker

    @property
    def response(self) -> str:
        """The last utterance."""
        return self.dialogue[-1].text

    def to_dict(self) -> dict[str, Any]:
        """The line's object."""
        said = [{"speaker": u.speaker, "text": u.text} for u in self.dialogue]
        return {"session": said, "traits": {who: _plain(traits) for who, traits in self.traits.items()}}

    def persona(self, speaker: str) -> Persona:
        """A speaker's known traits as a persona record.

        Raises:
            InvalidInput: The session has no such speaker.
        """
        if speaker not in self.traits:
            raise InvalidInput(f"session {self.dialogue.id}", f"one of {', '.join(self.traits)}", speaker, "speaker")
        known = {name: value for name, value in self.traits[speaker].items() if value is not None}
        facets = tuple(Facet("", PATHS.get(name, name), value, "declared") for name, value in known.items())
        return Persona(speaker, kinds=("demographic",), facets=facets, provenance={"format": "personaldialog"})


def _plain(traits: Traits) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in traits.items()}


def read_session(
    data: object, where: str = "session", id: str = "", names: Sequence[str] = TRAITS, lists: Sequence[str] = LISTS
) -> Session:
    """Read and check one record.

    Args:
        data: The object.
        where: File and line, for messages.
        id: What the session is called.
        names: Traits that a record may have.
        lists: Those of them that hold several values.

    Raises:
        InvalidInput: No traits, an unknown trait name, a speaker without an entry in them, no utterance, a field of a
            wrong type; names ``where`` and the field.
    """
    if not isinstance(data, Mapping):
        raise InvalidInput(where, "an object with session and traits", data)
    data = _as_released(data)
    given = data.get("traits")
    if not isinstance(given, Mapping) or not given:
        raise InvalidInput(where, "an object: speaker -> traits", given, "traits")
    dialogue = _dialogue(data.get("session"), where, id)
    traits = {str(who): _traits(one, where, str(who), names, lists) for who, one in given.items()}
    silent = next((who for who in dialogue.speakers if who not in traits), None)
    if silent is not None:
        raise InvalidInput(where, f"an entry for the speaker '{silent}'", ", ".join(traits), "traits")
    return Session(dialogue, traits)


def _as_released(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """A record in the release's form; one that stands as a dialogue of ours has the traits in its ``meta``."""
    meta = data.get("meta")
    if "session" in data or "utterances" not in data or not isinstance(meta, Mapping):
        return data
    return {"session": data["utterances"], "traits": meta.get("traits")}


def _dialogue(rows: object, where: str, id: str) -> Dialogue:
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows:
        raise InvalidInput(where, "a list of utterances, at least one", rows, "session")
    talk = Dialogue(id)
    for k, row in enumerate(rows):
        speaker, said = (row.get("speaker"), row.get("text")) if isinstance(row, Mapping) else (None, None)
        if not isinstance(speaker, str) or not isinstance(said, str) or not said.strip():
            raise InvalidInput(where, "an object with speaker and text", row, f"session[{k}]")
        try:
            talk.say(speaker, said)
        except InvalidInput as error:
            raise InvalidInput(where, error.expected, error.found, f"session[{k}].{error.field}") from None
    return talk


def _traits(data: object, where: str, who: str, names: Sequence[str], lists: Sequence[str]) -> Traits:
    at = f"traits.{who}"
    if not isinstance(data, Mapping):
        raise InvalidInput(where, "an object: trait -> value or null", data, at)
    unknown = [name for name in data if name not in names]
    if unknown:
        raise InvalidInput(where, f"traits among {', '.join(names)}", unknown[0], f"{at}.{unknown[0]}")
    return {name: _value(data.get(name), name in lists, where, f"{at}.{name}") for name in names if name in data}


def _value(value: object, several: bool, where: str, at: str) -> TraitValue:
    if value is None:
        return None
    if several:
        return texts(value, where, at)
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not str(value).strip():
        raise InvalidInput(where, "a text that is not empty, or null", value, at)
    return str(value).strip()


def iter_sessions(path: str | Path, names: Sequence[str] = TRAITS, lists: Sequence[str] = LISTS) -> Iterator[Session]:
    """Read JSON lines of sessions, one at a time, in the release's form or as ``make personaldialog --out`` keeps them (dialogues
    with the traits in their ``meta``); a session is called by its line.

    Raises:
        NotFound: When there is no such file.
        InvalidInput: Naming file, line and field.
    """
    path = existing(path)
    with path.open("rb") as file:
        for number, line in bounded_lines(file, str(path)):
            where = f"{path}:{number}"
            text = check_text(line, where, "one JSON session on the line")
            yield read_session(parse_json(text, where), where, f"session-{number:08d}", names, lists)


def save_sessions(sessions: Iterable[Session], path: str | Path) -> Path:
    """Write JSON lines of sessions; raises StorageError when the disk refuses."""
    return write_json_lines((session.to_dict() for session in sessions), path)
