"""The published output files: items and verdicts of runs that somebody else made, with their known faults told.

Source: personalized-judge page, "Data formats" and Traps; official repository dong-river/Personalized-Judge, ``outputs/``.
Differs: the persona that was judged is read out of the prompt; the stored ``user_info`` of the PR runs is the last persona of the
file in every row (``last-persona-stored``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput
from personarium.core.files import iter_json_lines
from personarium.core.results import Failure
from personarium.judges.personalized_judge.items import ALL, Kind, PreferenceItem
from personarium.judges.personalized_judge.verdicts import JudgeVerdict

LAST_PERSONA = "last-persona-stored"
_ERRATA = (LAST_PERSONA,)
_MARKS = ("answer", "ground_truth", "prompt")
_NO_CERTAINTY = ("NA", "", "None", "False")
_PERSONA = "[User Profile]\n"
_AUTHORS = ("[Question-Answer Pair A]\n", "[Question-Answer Pair B]\n", "[Answer]")
_OPTIONS = ("[Question]", "\n(A) ", "\n(B) ", "[Answer]")


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """One published file.

    Args:
        name: Of the file.
        items: What was judged.
        verdicts: What was said, one for each item.
        other_personas: Rows whose stored persona is not the one that the prompt shows.
        wrong_marks: Rows whose ``acc`` does not say whether ``answer`` is ``ground_truth``.
        scale: The certainty scale that the prompts show; None where they ask for none.
        ties: Whether the prompts offer a tie.
    """

    name: str
    items: tuple[PreferenceItem, ...]
    verdicts: tuple[JudgeVerdict, ...]
    other_personas: int
    wrong_marks: int
    scale: tuple[int, int] | None
    ties: bool

    def notices(self) -> list[str]:
        """One sentence for each fault of the file itself."""
        n = len(self.items)
        found = []
        if self.other_personas:
            found.append(f"{self.other_personas} of {n} rows store another persona than the one their prompt shows")
        if self.wrong_marks:
            found.append(f"{self.wrong_marks} of {n} rows are marked right or wrong against their own letters")
        return found


def is_published(path: str | Path) -> bool:
    """Whether the first line of a file looks like a published output."""
    first = next(iter(iter_json_lines(path, "object")), None)
    return first is not None and isinstance(first[1], dict) and all(mark in first[1] for mark in _MARKS)


def read_published_outputs(path: str | Path, as_published: Published = False) -> PublishedRun:
    """Read one file of ``outputs/``.

    Args:
        path: JSON lines.
        as_published: True or ``last-persona-stored``: take the persona of ``user_info`` instead of the prompt's.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, line and field.
    """
    faults = published_faults(as_published, _ERRATA)
    rows = [(where, _object(data, where)) for where, data in iter_json_lines(path, "object")]
    if not rows:
        raise InvalidInput(str(path), "at least one row", "none")
    items = tuple(_item(row, where, f"row {k}", faults) for k, (where, row) in enumerate(rows, 1))
    verdicts = tuple(_verdict(row, where, item) for (where, row), item in zip(rows, items, strict=True))
    prompt = str(rows[0][1]["prompt"])
    others = sum(_shown_persona(row) not in (None, _stored(row)) for _, row in rows)
    marks = sum(row.get("acc") != (row["answer"] == row["ground_truth"]) for _, row in rows)
    return PublishedRun(Path(path).stem, items, verdicts, others, marks, _scale(prompt), "[[C]]" in prompt)


def _object(data: object, where: str) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise InvalidInput(where, "a JSON object", data)
    for name in _MARKS:
        if name not in data:
            raise InvalidInput(where, f"a field '{name}'", sorted(map(str, data))[:20], name)
    return data


def _item(row: Mapping[str, Any], where: str, id: str, faults: Collection[str]) -> PreferenceItem:
    kind, question, a, b = _texts(row, where)
    persona = _stored(row) if LAST_PERSONA in faults else _shown_persona(row) or ""
    truth: Any = row["ground_truth"]
    try:
        return PreferenceItem(id, question, a, b, truth, {ALL: persona}, kind, persona)
    except InvalidInput as error:
        raise InvalidInput(where, error.expected, error.found, error.field) from None


def _texts(row: Mapping[str, Any], where: str) -> tuple[Kind, str, str, str]:
    """Kind, question and the two texts; PR and OpinionQA store them in the prompt only."""
    if isinstance(row.get("asst_A"), str) and isinstance(row.get("asst_B"), str):
        kind: Kind = "wrote" if "article" in row else "prefers"
        return kind, str(row.get("article", row.get("question", ""))), row["asst_A"], row["asst_B"]
    prompt = str(row["prompt"])
    authors = _between(prompt, _AUTHORS)
    if authors:
        return "wrote", "", authors[0], authors[1]
    options = _between(prompt, _OPTIONS)
    if options:
        return "answers", options[0], options[1], options[2]
    raise InvalidInput(where, "asst_A and asst_B, or a prompt that shows both texts", prompt[-80:], "prompt")


def _between(text: str, marks: tuple[str, ...]) -> list[str] | None:
    """What stands between marks that follow each other, stripped; None where one is not there. Linear in the text."""
    found, start = [], text.find(marks[0])
    if start < 0:
        return None
    start += len(marks[0])
    for mark in marks[1:]:
        end = text.find(mark, start)
        if end < 0:
            return None
        found.append(text[start:end].strip())
        start = end + len(mark)
    return found


def _shown_persona(row: Mapping[str, Any]) -> str | None:
    """The persona of the prompt, up to the next part in brackets."""
    found = _between(str(row["prompt"]), (_PERSONA, "\n["))
    return found[0] if found else None


def _stored(row: Mapping[str, Any]) -> str:
    return str(row.get("user_info") or "").strip()


def _verdict(row: Mapping[str, Any], where: str, item: PreferenceItem) -> JudgeVerdict:
    letter: Any = row["answer"]
    if letter not in ("A", "B", "C"):
        failure = Failure(
            "unparsed", "the published verdict is no letter of the options", item.id, (str(row.get("res", "")),)
        )
        return JudgeVerdict(item.id, item.truth, None, None, failure, str(letter))
    return JudgeVerdict(
        item.id, item.truth, letter, _certainty(row.get("certainty"), where), None, str(row.get("res", ""))
    )


def _certainty(value: Any, where: str) -> int | None:
    """A digit string or a number; "NA" and nothing are no certainty."""
    if value is None or str(value) in _NO_CERTAINTY:
        return None
    text = str(value)
    if not text.isdecimal() or len(text) > 9:
        raise InvalidInput(where, "a whole number, as text or number, or NA", value, "certainty")
    return int(text)


def _scale(prompt: str) -> tuple[int, int] | None:
    """The scale that a published prompt shows."""
    match = re.search(r"certainty level from (\d{1,3}) to (\d{1,3})", prompt)
    return (int(match[1]), int(match[2])) if match else None
