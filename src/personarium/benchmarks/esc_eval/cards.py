"""Role cards: who is troubled, and by what; read, checked, counted and written in the published form.

Source: esc-eval page, step 1, "Data formats" and "Works when" 4. The repository states no licence, so no card of it is here; the
bundled ones are invented for this project.
Differs: a field that says "not mentioned" is None.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from personarium.core.errors import InvalidInput
from personarium.core.files import existing, parse_json, read_text, replacing

Language = Literal["english", "chinese"]
LANGUAGES: tuple[Language, ...] = ("english", "chinese")
FIELDS = ("Age", "Gender", "Occupation", "Problem")
LABELS: Mapping[Language, tuple[str, ...]] = {"english": FIELDS, "chinese": ("年龄", "性别", "职业", "问题")}
TOPICS: Mapping[str, str] = {"家庭生活": "family life", "工作学习": "work and study", "社会与其他": "society and other"}
# Page, "Published figures": all cards, and the high-quality ones that were uploaded.
ALL_CARDS, HIGH_ENGLISH, HIGH_CHINESE = 2_801, 331, 324
MOST_TEXT, MOST_FILE = 20_000, 64 * 2**20
_UNKNOWN = re.compile(r"not mentioned\.?|未提及[。.]?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RoleCard:
    """One troubled person.

    Args:
        id: Unique in its file.
        language: ``english`` or ``chinese``.
        text: The card as it is shown to the player.
        topic: ``family life``, ``work and study`` or ``society and other``.
        source: The data set it was made from.
        age: What the card says; None where it says nothing, like the next three.
        gender: What the card says.
        occupation: What the card says.
        problem: What the card says.
        translation: The card in Chinese, where the file has it.
    """

    id: int
    language: Language
    text: str
    topic: str
    source: str
    age: str | None = None
    gender: str | None = None
    occupation: str | None = None
    problem: str | None = None
    translation: str = ""

    @property
    def name(self) -> str:
        """Language and id: unique over both files."""
        return f"{self.language}/{self.id:04d}"

    def to_dict(self) -> dict[str, Any]:
        """The object of the published file."""
        chinese = {english: label for label, english in TOPICS.items()}
        return {
            "base": self.text,
            "res": chinese[self.topic],
            "source": self.source,
            "base_biaozhu": self.translation,
            "language": self.language,
            "id": self.id,
        }


def read_cards(path: str | Path) -> list[RoleCard]:
    """Read and check a file of cards (a JSON list).

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming the file, the card's id and the field; an id that comes twice.
    """
    path = existing(path)
    return cards_of(parse_json(read_text(path, "a list of cards", MOST_FILE), str(path)), str(path))


def cards_of(data: object, where: str) -> list[RoleCard]:
    """As :func:`read_cards`, for data at hand."""
    if not isinstance(data, list) or not data:
        raise InvalidInput(where, "a list of cards", data)
    cards: list[RoleCard] = []
    seen: set[int] = set()
    for place, row in enumerate(data):
        card = _card(row, where, place)
        if card.id in seen:
            raise InvalidInput(f"{where}: card {card.id}", "an id that was not there before", card.id, "id")
        seen.add(card.id)
        cards.append(card)
    return cards


def write_cards(cards: Sequence[RoleCard], path: str | Path) -> Path:
    """Write cards as the published file; raises StorageError when the disk refuses."""
    path = Path(path)
    with replacing(path) as scratch:
        text = json.dumps([card.to_dict() for card in cards], ensure_ascii=False, indent=1)
        scratch.write_text(text + "\n", encoding="utf-8")
    return path


def bundled_cards(language: Language | None = None) -> list[RoleCard]:
    """The bundled cards: invented people, English ones first."""
    found: list[RoleCard] = []
    for one in LANGUAGES if language is None else (language,):
        name = f"cards_{one}.json"
        text = (files("personarium.benchmarks.esc_eval") / "data" / name).read_text(encoding="utf-8")
        found += cards_of(parse_json(text, name), name)
    return found


def card_counts(cards: Iterable[RoleCard]) -> dict[str, dict[str, int]]:
    """How many cards there are by source, by topic and by language; each table adds up to the number of cards."""
    listed = list(cards)
    return {
        table: dict(sorted(Counter(str(getattr(card, table)) for card in listed).items()))
        for table in ("source", "topic", "language")
    }


def _card(row: object, where: str, place: int) -> RoleCard:
    if not isinstance(row, dict):
        raise InvalidInput(f"{where}: item {place + 1}", "an object", row)
    number = row.get("id")
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise InvalidInput(f"{where}: item {place + 1}", "a whole number from 0", number, "id")
    at = f"{where}: card {number}"
    language, topic = row.get("language"), row.get("res")
    if language not in LANGUAGES:
        raise InvalidInput(at, " or ".join(LANGUAGES), language, "language")
    if not isinstance(topic, str) or topic not in TOPICS:
        raise InvalidInput(at, " or ".join(TOPICS), topic, "res")
    text, source, translation = (row.get(name, "") for name in ("base", "source", "base_biaozhu"))
    if not isinstance(text, str) or not text.strip() or len(text) > MOST_TEXT:
        raise InvalidInput(at, f"the card's text of at most {MOST_TEXT:,} characters", text, "base")
    if not isinstance(source, str) or not source.strip():
        raise InvalidInput(at, "the name of a data set", source, "source")
    values = card_fields(text, language, at)
    known = {field.lower(): values[field] for field in FIELDS}
    translated = translation if isinstance(translation, str) else ""
    return RoleCard(number, language, text, TOPICS[topic], source, **known, translation=translated)


def card_fields(text: str, language: Language, where: str) -> dict[str, str | None]:
    """The four fields of a card's text, by their English names; what continues a line belongs to it.

    Raises:
        InvalidInput: The labels are of the other language (field ``language``), or one of the four is missing.
    """
    found: dict[str, list[str]] = {}
    others = [label for one in LANGUAGES if one != language for label in LABELS[one]]
    strangers = 0
    current: list[str] = []
    for line in text.splitlines():
        label, said = _labelled(line)
        if label in LABELS[language]:
            current = found.setdefault(FIELDS[LABELS[language].index(label)], [])
        else:
            strangers += label in others
            said = line.strip()
        current.append(said)
    if strangers and not found:
        raise InvalidInput(where, f"{language} labels ({', '.join(LABELS[language])})", text[:40], "language")
    for field, label in zip(FIELDS, LABELS[language], strict=True):
        if not " ".join(found.get(field, ())).strip():
            raise InvalidInput(where, f"a line that begins with '{label}'", text[:60], field)
    joined = {field: " ".join(part for part in found[field] if part).strip() for field in FIELDS}
    return {field: None if _UNKNOWN.fullmatch(value) else value for field, value in joined.items()}


def _labelled(line: str) -> tuple[str, str]:
    """The label of a line and what stands behind its colon, of either width."""
    head, colon, rest = line.replace("：", ":", 1).partition(":")
    return (head.strip(), rest.strip()) if colon else ("", line.strip())
