"""A dialogue: who said what, in order; every speaker's own view of it is made when it is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from personarium.core.chat import Message
from personarium.core.errors import InvalidInput
from personarium.core.facets import freeze, mapping, text, texts, thaw
from personarium.core.files import MAX_FILE_BYTES, iter_json_lines, write_json_lines

SCHEMA_VERSION = 1
OPENING_CUE = "(The conversation begins. You speak first.)"
# Roles are relative to who looks, so they can be nobody's name in a history (spasm page, point 5).
RELATIVE_ROLES = frozenset({"user", "assistant", "system", "tool", "SELF", "PARTNER"})


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one speaker said.

    Args:
        speaker: Absolute id of the speaker (``client``, ``p17``), never ``user`` or ``assistant``.
        text: What was said; never edited afterwards.
        meta: Anything else, JSON-ready (time, tokens, failure).

    Raises:
        InvalidInput: When the speaker is empty or a relative role.
    """

    speaker: str
    text: str
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.speaker, str) or not self.speaker or self.speaker in RELATIVE_ROLES:
            raise InvalidInput("utterance", "a speaker's own id, not a role", self.speaker, "speaker")
        if not isinstance(self.text, str):
            raise InvalidInput("utterance", "text", self.text, "text")

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form; an empty meta is left out."""
        out: dict[str, Any] = {"speaker": self.speaker, "text": self.text}
        return {**out, "meta": thaw(self.meta)} if self.meta else out


@dataclass(slots=True)
class Dialogue:
    """An ordered history of utterances in neutral form.

    Args:
        id: Stable name.
        utterances: What was said so far; :meth:`say` appends.
        meta: Anything about the whole dialogue, JSON-ready.
        cast: Speakers known beforehand. With more than two, partners are labelled by name from the first utterance on.

    Source: SPASM (arXiv 2604.09212), egocentric context projection; spasm page, point 5.
    """

    id: str = ""
    utterances: list[Utterance] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)
    cast: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.utterances = [_utterance(u) for u in self.utterances]
        self.meta = dict(self.meta)
        self.cast = tuple(self.cast)

    def __len__(self) -> int:
        return len(self.utterances)

    def __iter__(self) -> Iterator[Utterance]:
        return iter(self.utterances)

    def __getitem__(self, index: int) -> Utterance:
        return self.utterances[index]

    @property
    def speakers(self) -> tuple[str, ...]:
        """The cast and whoever else spoke, in order of first appearance."""
        return tuple(dict.fromkeys((*self.cast, *(u.speaker for u in self.utterances))))

    def say(self, speaker: str, text: str, **meta: Any) -> Utterance:
        """Append an utterance and return it."""
        utterance = Utterance(speaker, text, meta)
        self.utterances.append(utterance)
        return utterance

    def with_utterance(self, speaker: str, text: str, **meta: Any) -> Dialogue:
        """A copy with one more utterance; this dialogue stays as it is."""
        return Dialogue(self.id, [*self.utterances, Utterance(speaker, text, meta)], self.meta, self.cast)

    def said_by(self, speaker: str) -> list[str]:
        """The texts of one speaker, in order."""
        return [u.text for u in self.utterances if u.speaker == speaker]

    def project(self, speaker: str) -> list[tuple[str, str]]:
        """The history as ``speaker`` lived it: (``SELF`` | ``PARTNER``, text), texts untouched.

        With more than two speakers the others are ``PARTNER:name``. A pure function of history and speaker; nothing
        relative is ever stored. Source: spasm page, point 5 and Traps.
        """
        crowd = self._crowd(speaker)
        return [(self._label(u.speaker, speaker, crowd), u.text) for u in self.utterances]

    def seen_by(
        self,
        speaker: str,
        opening_cue: str | None = OPENING_CUE,
        others: Literal["merge", "each"] = "merge",
    ) -> list[Message]:
        """The history as chat messages for ``speaker``'s model: own -> assistant, partners -> user.

        Args:
            speaker: Who looks; may be someone who has not spoken yet.
            opening_cue: User message that stands first when the speaker's own utterance is the first, or nobody has
                spoken; None for no such message.
            others: ``merge`` joins consecutive messages of one role by a line break (for models that demand
                alternation); ``each`` keeps one message an utterance.

        Returns:
            Messages without any system text. With more than two speakers every partner line begins with ``name: ``.
        """
        crowd = self._crowd(speaker)
        messages: list[Message] = []
        if opening_cue is not None and (not self.utterances or self.utterances[0].speaker == speaker):
            messages.append({"role": "user", "content": opening_cue})
        for index, utterance in enumerate(self.utterances):
            own = utterance.speaker == speaker
            content = utterance.text if own or not crowd else f"{utterance.speaker}: {utterance.text}"
            role: Literal["user", "assistant"] = "assistant" if own else "user"
            if others == "merge" and index and messages[-1]["role"] == role:
                messages[-1] = {"role": role, "content": f"{messages[-1]['content']}\n{content}"}
            else:
                messages.append({"role": role, "content": content})
        return messages

    def concat(self, labels: Mapping[str, str] | None = None) -> str:
        """The baseline CONCAT: one shared transcript with fixed labels, the same for whoever looks.

        Args:
            labels: Speaker id -> label; without it the ids themselves.
        """
        names = labels or {}
        return "\n".join(f"{names.get(u.speaker, u.speaker)}: {u.text}" for u in self.utterances)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        out: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "id": self.id}
        if self.cast:
            out["cast"] = list(self.cast)
        out["utterances"] = [u.to_dict() for u in self.utterances]
        return {**out, "meta": thaw(self.meta)} if self.meta else out

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str = "dialogue") -> Dialogue:
        """Read what :meth:`to_dict` wrote; fields it does not know go to ``meta``.

        Raises:
            InvalidInput: Naming ``where`` and the field (``utterances[3].speaker``).
        """
        data = mapping(data, where, "dialogue")
        if data.get("schema_version") != SCHEMA_VERSION:
            raise InvalidInput(where, f"{SCHEMA_VERSION}", data.get("schema_version"), "schema_version")
        rows = data.get("utterances")
        if not isinstance(rows, (list, tuple)):
            raise InvalidInput(where, "a list of utterances", rows, "utterances")
        known = {"schema_version", "id", "cast", "utterances", "meta"}
        meta = {**mapping(data.get("meta", {}), where, "meta"), **{k: v for k, v in data.items() if k not in known}}
        return cls(
            text(data.get("id", ""), where, "id"),
            [_read_utterance(row, where, f"utterances[{i}]") for i, row in enumerate(rows)],
            thaw(freeze(meta, where, "meta")),
            texts(data.get("cast", ()), where, "cast"),
        )

    def _repr_html_(self) -> str:
        """The dialogue as a notebook shows it."""
        from personarium.core.notebook import dialogue_html

        return dialogue_html(self)

    def _crowd(self, speaker: str) -> bool:
        return len({*self.speakers, speaker}) > 2

    @staticmethod
    def _label(who: str, speaker: str, crowd: bool) -> str:
        if who == speaker:
            return "SELF"
        return f"PARTNER:{who}" if crowd else "PARTNER"


def save_dialogues(dialogues: Iterable[Dialogue], path: str | Path) -> Path:
    """Write dialogues as JSON Lines; raises StorageError when the disk refuses."""
    return write_json_lines((dialogue.to_dict() for dialogue in dialogues), path)


def load_dialogues(path: str | Path) -> list[Dialogue]:
    """Read JSON Lines of dialogues.

    Raises:
        NotFound: When there is no such file.
        InvalidInput: Naming file, line and field.
    """
    return list(iter_dialogues(path))


def iter_dialogues(path: str | Path) -> Iterator[Dialogue]:
    """As :func:`load_dialogues`, one at a time."""
    for where, data in iter_json_lines(path, "dialogue", MAX_FILE_BYTES):
        yield Dialogue.from_dict(data, where)


def _utterance(value: Utterance | Sequence[str]) -> Utterance:
    return value if isinstance(value, Utterance) else Utterance(value[0], value[1])


def _read_utterance(row: object, where: str, at: str) -> Utterance:
    data = mapping(row, where, at)
    meta = {**mapping(data.get("meta", {}), where, f"{at}.meta")}
    meta.update({k: v for k, v in data.items() if k not in ("speaker", "text", "meta")})
    try:
        said = text(data.get("text"), where, f"{at}.text")
        return Utterance(data.get("speaker", ""), said, thaw(freeze(meta, where, f"{at}.meta")))
    except InvalidInput as error:
        name = error.field if error.field and error.field.startswith(at) else f"{at}.{error.field}"
        raise InvalidInput(where, error.expected, error.found, name) from None
