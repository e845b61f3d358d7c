"""What is judged: a persona, a question, two texts and which of them is this user's.

Source: personalized-judge page, "Takes and gives" and "Data formats" (arXiv 2406.11657).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from personarium.core.controls import next_different
from personarium.core.errors import InvalidInput
from personarium.core.files import iter_json_lines, write_json_lines

Letter = Literal["A", "B", "C"]
Kind = Literal["prefers", "answers", "wrote"]
ALL, NO_PERSONA, SHUFFLED = "all", "none", "shuffled"
_LETTERS: tuple[str, ...] = get_args(Letter)
_KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class PreferenceItem:
    """One thing to judge.

    Args:
        id: Unique in its set.
        question: What both texts answer (a message, a survey question, an article); may be empty for ``wrote``.
        a: The text shown as A.
        b: The text shown as B.
        truth: Which of them is the user's; ``C`` where the user likes both alike.
        personas: Variant -> what the judge is told of the user; ``all`` is everything that is known.
        kind: What is asked: which text the user ``prefers``, ``answers`` with, or ``wrote``.
        user: Whose persona it is; empty where that is not known.

    Raises:
        InvalidInput: A text is empty, or a letter or kind does not exist.
    """

    id: str
    question: str
    a: str
    b: str
    truth: Letter
    personas: Mapping[str, str] = field(default_factory=dict)
    kind: Kind = "prefers"
    user: str = ""

    def __post_init__(self) -> None:
        where = f"item {self.id}"
        if self.truth not in _LETTERS:
            raise InvalidInput(where, "A, B or C", self.truth, "truth")
        if self.kind not in _KINDS:
            raise InvalidInput(where, f"one of {', '.join(_KINDS)}", self.kind, "kind")
        for name, text in (("a", self.a), ("b", self.b)):
            if not text.strip():
                raise InvalidInput(where, "a text", text, name)

    @property
    def persona(self) -> str:
        """Everything that is known of the user; empty where nothing is."""
        return self.personas.get(ALL, "")

    @property
    def right(self) -> str | None:
        """The user's text; None for a tie."""
        return {"A": self.a, "B": self.b, "C": None}[self.truth]

    @property
    def distractor(self) -> str | None:
        """The other text; None for a tie."""
        return {"A": self.b, "B": self.a, "C": None}[self.truth]

    def as_row(self) -> dict[str, Any]:
        """The JSON line that :func:`read_items` reads."""
        plain = {name: getattr(self, name) for name in ("id", "question", "a", "b", "truth", "kind", "user")}
        return {**plain, "personas": dict(self.personas)}


def read_items(path: str | Path) -> list[PreferenceItem]:
    """Read items of our own form.

    Args:
        path: JSON lines with ``question``, ``a``, ``b``, ``truth`` and ``persona`` (a text) or ``personas`` (variant ->
            text); ``kind``, ``user`` and ``id`` are optional.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, line and field; two items with one id.
    """
    items = [item_of(data, where, f"item {k}") for k, (where, data) in enumerate(iter_json_lines(path, "item"), 1)]
    if not items:
        raise InvalidInput(str(path), "at least one item", "none")
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            raise InvalidInput(str(path), "ids that occur once", item.id, "id")
        seen.add(item.id)
    return items


def item_of(data: object, where: str, id: str) -> PreferenceItem:
    """One item from a JSON object; ``id`` is used where it names none."""
    if not isinstance(data, dict):
        raise InvalidInput(where, "a JSON object", data)
    texts = {name: _text(data, name, where) for name in ("question", "a", "b", "truth")}
    personas = {name: str(text) for name, text in _personas(data, where).items()}
    kind: Any = data.get("kind", "prefers")
    if texts["a"] == texts["b"]:
        raise InvalidInput(where, "two different texts", texts["b"], "b")
    try:
        return PreferenceItem(
            str(data.get("id") or id),
            texts["question"],
            texts["a"],
            texts["b"],
            texts["truth"],  # type: ignore[arg-type]  # checked by the item itself
            personas,
            kind,
            str(data.get("user") or ""),
        )
    except InvalidInput as error:
        raise InvalidInput(where, error.expected, error.found, error.field) from None


def _text(data: Mapping[str, Any], name: str, where: str) -> str:
    if name not in data:
        wanted = f"a text (the keys are {', '.join(sorted(map(str, data))[:20])})"
        raise InvalidInput(where, wanted, None, name)
    if not isinstance(data[name], str):
        raise InvalidInput(where, "a text", data[name], name)
    return str(data[name])


def _personas(data: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    found = data.get("personas")
    if found is None:
        return {ALL: _text(data, "persona", where)}
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise InvalidInput(where, "an object of variant and text", found, "personas")
    if ALL not in found:
        raise InvalidInput(where, f"a variant '{ALL}'", sorted(found), "personas")
    return found


def write_items(items: Iterable[PreferenceItem], path: str | Path) -> Path:
    """Write items as JSON lines, whole or not at all."""
    return write_json_lines((item.as_row() for item in items), path)


def shuffled_personas(items: Sequence[PreferenceItem], variant: str = SHUFFLED) -> list[PreferenceItem]:
    """Give every item another user's persona under a new variant: the control that a persona is used at all.

    It is the next different persona in the order of the file, the first one after the last; where all personas are the same,
    there is no other, and the items come back without the variant.
    """
    others = next_different([item.persona for item in items])
    if others is None:
        return list(items)
    return [
        replace(item, personas={**item.personas, variant: other}) for item, other in zip(items, others, strict=True)
    ]
