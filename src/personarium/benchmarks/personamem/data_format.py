"""The files: questions as CSV, shared contexts as JSON Lines, found by byte offset; and the published result CSV.

Source: personamem page, "Data formats" and "Works when" 2. The beginning of a line tells the id of its context, so that an index
of a file of any size is made without reading the contexts; each context is read when it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personarium.benchmarks.personamem.letters import LETTERS
from personarium.benchmarks.personamem.types import canonical_type
from personarium.core.chat import Message
from personarium.core.errors import InvalidInput
from personarium.core.files import bounded_lines, check_text, existing, parse_json
from personarium.core.tables import csv_rows, write_csv
from personarium.measure.choice_items import ChoiceAnswer, ChoiceItem
from personarium.text.json_reading import literal

MAX_LINE = 256 * 2**20  # a context of 1M tokens has about 5 MiB
NEEDED = (
    "question_id", "question_type", "user_question_or_message", "correct_answer", "all_options",
    "shared_context_id", "end_index_in_shared_context",
)  # fmt: skip
IDENTIFYING = (
    "persona_id", "question_id", "user_question_or_message", "question_type", "topic", "stereotypical",
    "context_length_in_tokens", "context_length_in_letters", "distance_to_ref_in_blocks", "distance_to_ref_in_tokens",
    "num_irrelevant_tokens", "distance_to_ref_proportion_in_context",
)  # fmt: skip
COLUMNS = (
    *(name for name in IDENTIFYING if name not in ("user_question_or_message", "stereotypical")),
    "user_question_or_message", "correct_answer", "all_options", "shared_context_id", "end_index_in_shared_context",
)  # fmt: skip
ROLES = ("system", "user", "assistant")
_KEY = re.compile(rb'\s*\{\s*"([^"\\]{1,200})"\s*:')
_OPTION = re.compile(r"\s*\(?([a-d])[).]\s*(.*)\Z", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class PersonaMemItem:
    """One question with its place in a context.

    Args:
        row: Number of its row, from 1, the heading not counted.
        item: Question, options without letters, gold; grouped by ``type``, ``distance``, ``context`` and ``topic``.
        context_id: Which context.
        end_index: How many messages of the context come before the question.
        label: The type as the file calls it.
        fields: The whole row.
    """

    row: int
    item: ChoiceItem
    context_id: str
    end_index: int
    label: str
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def id(self) -> str:
        """The question's id."""
        return self.item.id


class Contexts:
    """The shared contexts of one file, each read when it is asked for.

    Args:
        path: JSON Lines, one ``{id: [{role, content}, ...]}`` a line.

    Raises:
        NotFound: There is no such file.
        InvalidInput: A line that does not begin like that, or an id that comes twice.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = existing(path)
        self._places: dict[str, tuple[int, int]] = {}
        offset = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(MAX_LINE + 1), b""), 1):
                if len(line) > MAX_LINE:
                    raise InvalidInput(f"{self.path}:{number}", f"a line of at most {MAX_LINE:,} bytes", "a longer one")
                if line.strip():
                    self._add(line, number, offset)
                offset += len(line)

    def _add(self, line: bytes, number: int, offset: int) -> None:
        where = f"{self.path}:{number}"
        key = _KEY.match(line[:1000])
        if key is None:
            raise InvalidInput(where, 'a context {"id": [messages]}', line[:60])
        name = key[1].decode("utf-8", "replace")
        if name in self._places:
            raise InvalidInput(where, "a context id that was not there before", name)
        self._places[name] = (offset, number)

    def __contains__(self, context_id: str) -> bool:
        return context_id in self._places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def load(self, context_id: str) -> list[Message]:
        """The messages of one context.

        Raises:
            InvalidInput: There is no such context, or it is no list of messages.
        """
        if context_id not in self._places:
            raise InvalidInput(str(self.path), "a context of this id", context_id, "shared_context_id")
        offset, number = self._places[context_id]
        where = f"{self.path}:{number}"
        with self.path.open("rb") as file:
            file.seek(offset)
            _, line = next(bounded_lines(file, str(self.path), MAX_LINE))
        value = parse_json(check_text(line, where, "one JSON context on the line"), where)
        if not isinstance(value, dict) or list(value) != [context_id] or not isinstance(value[context_id], list):
            raise InvalidInput(where, "an object with one id and its list of messages")
        return [_message(one, where, k) for k, one in enumerate(value[context_id])]


def _message(data: object, where: str, k: int) -> Message:
    role = data.get("role") if isinstance(data, dict) else None
    content = data.get("content") if isinstance(data, dict) else None
    if role not in ROLES or not isinstance(content, str):
        raise InvalidInput(where, f"a message with a role of {', '.join(ROLES)} and a content", data, f"message {k}")
    return {"role": role, "content": content}


def read_items(questions: str | Path, contexts: Contexts) -> list[PersonaMemItem]:
    """Read and check a file of questions against its contexts.

    Args:
        questions: CSV with the columns of the page; further columns are kept.
        contexts: Of the same size.

    Raises:
        NotFound: There is no such file.
        InvalidInput: A row whose context is missing, whose options are not four, whose gold is not among the letters, or
            whose end index exceeds its context; named by its row number.
    """
    path = existing(questions)
    items = [_item(fields, f"{path}: row {row}", row) for row, fields in csv_rows(path, NEEDED)]
    if not items:
        raise InvalidInput(str(path), "at least one question", "none")
    _check_ids(items, path)
    by_context: dict[str, list[PersonaMemItem]] = {}
    for item in items:
        if item.context_id not in contexts:
            where = f"{path}: row {item.row}"
            raise InvalidInput(where, f"a context of {contexts.path}", item.context_id, "shared_context_id")
        by_context.setdefault(item.context_id, []).append(item)
    for context_id, of_it in by_context.items():
        length = len(contexts.load(context_id))
        for item in of_it:
            if item.end_index > length:
                where = f"{path}: row {item.row}"
                raise InvalidInput(
                    where, f"at most the context's {length} messages", item.end_index, "end_index_in_shared_context"
                )
    return items


def _item(fields: dict[str, str], where: str, row: int) -> PersonaMemItem:
    options = _options(fields["all_options"], where)
    gold = fields["correct_answer"].strip().strip("()").strip().lower()
    if len(gold) != 1 or gold not in LETTERS:
        raise InvalidInput(where, "one of (a), (b), (c), (d)", fields["correct_answer"], "correct_answer")
    label = fields["question_type"].strip()
    groups = {
        "type": canonical_type(label),
        "distance": fields.get("distance_to_ref_in_blocks", "").strip(),
        "context": context_size(fields.get("context_length_in_tokens", "")),
        "topic": fields.get("topic", "").strip(),
    }
    item = ChoiceItem(
        fields["question_id"].strip(), fields["user_question_or_message"], options, LETTERS.index(gold), groups
    )
    end = _whole(fields["end_index_in_shared_context"], where, "end_index_in_shared_context")
    return PersonaMemItem(row, item, fields["shared_context_id"].strip(), end, label, fields)


def _options(text: str, where: str) -> tuple[str, ...]:
    found = literal(text.strip())
    texts = [_OPTION.match(one) if isinstance(one, str) else None for one in found] if isinstance(found, list) else []
    given = {match[1].lower(): match[2].strip() for match in texts if match is not None}
    if len(texts) != len(LETTERS) or sorted(given) != list(LETTERS):
        raise InvalidInput(where, "a list of four options that begin with (a), (b), (c) and (d)", text, "all_options")
    return tuple(given[letter] for letter in LETTERS)


def context_size(tokens: str) -> str:
    """The class of a context's length: ``16k to 32k``, by doublings; empty when it is not stated."""
    if not tokens.strip().isdecimal():
        return ""
    top = 8
    while int(tokens.strip()[:18]) >= top * 1000:
        top *= 2
    return f"{top // 2 if top > 8 else 0}k to {top}k"


def _whole(text: str, where: str, name: str) -> int:
    bare = text.strip()
    if not bare.isdecimal() or len(bare) > 12:
        raise InvalidInput(where, "a whole number of 0 or more", text, name)
    return int(bare)


def _check_ids(items: Sequence[PersonaMemItem], path: Path) -> None:
    seen: dict[str, int] = {}
    for item in items:
        first = seen.setdefault(item.id, item.row)
        if not item.id or first != item.row:
            where = f"{path}: row {item.row}"
            raise InvalidInput(where, "an id of its own", item.id, "question_id")


def write_result_csv(path: str | Path, items: Sequence[PersonaMemItem], answers: Sequence[ChoiceAnswer]) -> Path:
    """Write answers as the published result file: score, identifying columns, reply, predicted and correct letter.

    Raises:
        StorageError: When the disk refuses.
    """
    names = ("score", *IDENTIFYING, "model_response", "len_of_model_response", "predicted_answer", "correct_answer")
    return write_csv(path, names, (_result(item, answer) for item, answer in zip(items, answers, strict=True)))


def _result(item: PersonaMemItem, answer: ChoiceAnswer) -> dict[str, Any]:
    letter = answer.letter.lower()
    return {
        **{name: item.fields.get(name, "") for name in IDENTIFYING},
        "score": answer.option == item.item.gold,
        "model_response": answer.text,
        "len_of_model_response": len(answer.text),
        "predicted_answer": f"({letter})" if letter else "",
        "correct_answer": f"({LETTERS[item.item.gold]})",
    }
