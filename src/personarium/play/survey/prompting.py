"""How a page of questions is put into words and holes, and how each answer is read out of a reply.

Nothing is clipped: what a question does not allow is no answer. A short reply that is not one of the answers (``7`` on
a scale to 4, ``nan``, an option that was not offered) is *invalid*; a longer one in which no answer is found is *unparsed*.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

from personarium.core.chat import Sampling
from personarium.models.step import Step
from personarium.play.survey.questions import Question, Value
from personarium.text.choices import read_letter, read_number, read_yes_no
from personarium.text.form import Form, Unparsed
from personarium.text.holes import fold, number_text
from personarium.text.json_reading import json_values

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SHORT_REPLY = 60  # characters: up to here a reply that is no answer counts as a wrong answer, beyond as unreadable


@dataclass(frozen=True, slots=True)
class Shown:
    """A question as one person sees it.

    Args:
        question: The question.
        order: Keys of the options in the order shown; of a scale the places.
    """

    question: Question
    order: tuple[str, ...] = ()

    @property
    def letters(self) -> dict[str, str]:
        """Letter -> key of the option."""
        return dict(zip(LETTERS, self.order, strict=False))

    @property
    def texts(self) -> list[str]:
        """The texts of the options as shown."""
        named = {option.key: option.text for option in self.question.options}
        return [named[key] for key in self.order]


def show(question: Question, seed: str) -> Shown:
    """The question with its options in an order drawn with ``seed``, where it permits that."""
    rng = Random(f"{seed}|{question.id}")
    if question.type == "scale":
        places = tuple(str(place) for place in question.places)
        return Shown(question, places[::-1] if question.permute and rng.random() < 0.5 else places)
    keys = list(question.keys)
    moved = keys[: len(keys) - question.keep_last] if question.permute else []
    rng.shuffle(moved)
    return Shown(question, tuple(moved + keys[len(moved) :]))


def inputs_for(page: Sequence[Shown], persona: str, intro: str) -> dict[str, Any]:
    """The inputs of the step: who answers ("" nobody), and the parts of the page."""
    several = len(page) > 1
    parts = [part for n, shown in enumerate(page, 1) for part in _parts(shown, n if several else None)]
    first = page[0].question
    return {
        "persona": persona,
        "intro": intro,
        "parts": parts,
        "page": page,
        "kind": "page" if several else first.type,
        "lowest": number_text(first.lo),
        "highest": number_text(first.hi),
    }


def _parts(shown: Shown, n: int | None) -> list[dict[str, Any]]:
    question = shown.question
    if (
        question.type == "multiple"
    ):  # asked option by option: a list of letters is answered for the first ones too often
        texts = [f"{question.text}\n{letter}: {text}" for letter, text in zip(LETTERS, shown.texts, strict=False)]
        return [{"text": text, "tag": "question", "n": k, "options": ""} for k, text in enumerate(texts, 1)]
    part = {"text": question.text, "tag": "item" if question.statement else "question", "n": n, "options": ""}
    if question.type == "scale":
        lines = [f"{place}. {question.labels.get(int(place), '')}".rstrip(". ") for place in shown.order]
        part |= {"options": "\n".join(lines), "options_tag": "options"}
    elif shown.order:
        lines = [f"{letter}. {text}" for letter, text in zip(LETTERS, shown.texts, strict=False)]
        part |= {"options": "\n".join(lines), "options_tag": "materials" if question.type == "ranking" else "options"}
    elif n is not None:  # on a page every question has a block of options, so that both are counted alike
        part |= {"options": "yes\nno", "options_tag": "options"}
    return [part]


def form_for(inputs: Mapping[str, Any]) -> Form:
    """The reply form of a page."""
    return _form(tuple((s.question.id, _hole(s)) for s in inputs["page"]), inputs["kind"])


def _hole(shown: Shown) -> str:
    question = shown.question
    if question.type == "yesno":
        return "<yes|no>"
    if question.type == "number":
        dot = "" if question.integer else ".0"
        ends = [
            text if "." in text or question.integer else text + dot
            for text in map(number_text, (question.lo, question.hi))
        ]
        return f"<{ends[0]}-{ends[1]}>"
    if question.type == "multiple":
        return "{" + ", ".join(f'"{letter}": <yes|no>' for letter in shown.letters) + "}"
    return f"<{'|'.join(shown.order if question.type == 'scale' else shown.letters)}>"


@lru_cache(maxsize=4096)
def _form(holes: tuple[tuple[str, str], ...], kind: str) -> Form:
    hole = holes[0][1]
    if kind == "page":
        return Form.parse("{" + ", ".join(f'"{id}": {one}' for id, one in holes) + "}")
    if kind == "multiple":
        return Form.parse(hole)
    if kind == "number":
        return Form.parse(f'{{"number": {hole}}}')
    return Form.parse(f"{hole.count('|') + 1} x {hole}" if kind == "ranking" else f"Answer: {hole}")


ASK = Step("survey.ask", "personarium.play.survey", "ask", form_for, Sampling(temperature=1.0))


# --- reading ---


@dataclass(frozen=True, slots=True)
class Read:
    """What one question got out of a reply: a value, or why not (``invalid`` or ``unparsed``, with the reason)."""

    value: Value | None
    status: str = "answered"
    reason: str = ""


def read_page(page: Sequence[Shown], reply: str) -> dict[str, Read]:
    """The answers in a reply, by question id; one that is wrong takes no other with it."""
    if len(page) == 1:
        return {page[0].question.id: read_answer(page[0], reply)}
    record = next((value for value in json_values(reply) if isinstance(value, dict)), None)
    if record is None:
        return {s.question.id: Read(None, "unparsed", "no JSON object was found") for s in page}
    return {s.question.id: _read_field(s, record) for s in page}


def _read_field(shown: Shown, record: Mapping[str, Any]) -> Read:
    id = shown.question.id
    if id not in record or record[id] is None:
        return Read(None, "unparsed", f"the key '{id}' is missing")
    value = record[id]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return read_answer(shown, {"true": "yes", "false": "no"}.get(text, text))


def read_answer(shown: Shown, reply: str) -> Read:
    """The answer to one question in a reply of its own."""
    found = _READERS[shown.question.type](shown, reply)
    if not isinstance(found, Unparsed):
        value = shown.question.valid(found)
        if value is not None:
            return Read(value)
    words = " ".join(reply.split())
    if found is not None and len(words) > SHORT_REPLY and isinstance(found, Unparsed):
        return Read(None, "unparsed", found.reason)
    said = words if len(words) <= SHORT_REPLY else words[: SHORT_REPLY - 1] + "…"
    return Read(None, "invalid", f"expected {shown.question.describe()}, found {said!r}")


def _read_single(shown: Shown, reply: str) -> str | Unparsed:
    letter = read_letter(reply, shown.texts)
    if isinstance(letter, Unparsed) and "stands with" not in letter.reason:
        read = form_for({"page": (shown,), "kind": "single"}).read(reply)
        letter = letter if isinstance(read, Unparsed) else str(read["answer"])
    return letter if isinstance(letter, Unparsed) else shown.letters[letter]


def _read_scale(shown: Shown, reply: str) -> str | Unparsed:
    question = shown.question
    named = {fold(text): str(place) for place, text in question.labels.items()}
    if fold(reply) in named:
        return named[fold(reply)]
    number, _, rest = reply.strip().partition(".")
    if fold(rest) in named and named[fold(rest)] != number:
        return Unparsed(f"the number {number[:20]} stands with the words of {named[fold(rest)]}", reply)
    read = form_for({"page": (shown,), "kind": "scale"}).read(reply)
    if not isinstance(read, Unparsed):
        return str(read["answer"])
    place = read_number(reply, question.lo, question.hi)
    return read if isinstance(place, Unparsed) else str(place)


def _read_number(shown: Shown, reply: str) -> float | Unparsed:
    question = shown.question
    read = form_for({"page": (shown,), "kind": "number"}).read(reply)
    if not isinstance(read, Unparsed):
        return float(read["number"])
    found = read_number(reply, question.lo, question.hi, question.integer)
    return Unparsed(read.reason, reply) if isinstance(found, Unparsed) else float(found)


def _read_yes_no(shown: Shown, reply: str) -> bool | Unparsed:
    read = form_for({"page": (shown,), "kind": "yesno"}).read(reply)
    return read_yes_no(reply) if isinstance(read, Unparsed) else bool(read["answer"])


def _read_multiple(shown: Shown, reply: str) -> tuple[str, ...] | Unparsed:
    read = form_for({"page": (shown,), "kind": "multiple"}).read(reply)
    return read if isinstance(read, Unparsed) else tuple(key for letter, key in shown.letters.items() if read[letter])


def _read_ranking(shown: Shown, reply: str) -> tuple[str, ...] | Unparsed:
    read = form_for({"page": (shown,), "kind": "ranking"}).read(reply)
    return read if isinstance(read, Unparsed) else tuple(shown.letters[letter] for letter in read["items"])


_READERS = {
    "single": _read_single,
    "scale": _read_scale,
    "number": _read_number,
    "yesno": _read_yes_no,
    "multiple": _read_multiple,
    "ranking": _read_ranking,
}
