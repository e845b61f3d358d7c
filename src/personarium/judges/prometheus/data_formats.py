"""The published benchmark files and our own rubric items: read with clear errors, written in the published shape.

Source: Prometheus (arXiv 2310.08491), page prometheus, "Data formats". The files themselves are not shipped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput, NotFound
from personarium.core.files import MAX_LINE_BYTES, check_text, parse_json
from personarium.core.rubric import LEVELS, Rubric

LFS_MARK = b"version https://git-lfs.github.com/spec/"
MAX_BYTES = 64 * 2**20  # the largest published file is a few MB
# The headings of the published prompts; the section between gives the response, for the length bias only.
_RESPONSE = re.compile(
    r"^#{2,4}[ \t]*Response[^\n]{0,60}\n(?P<text>.*?)(?=^#{2,4}[ \t]*\w|\Z)", re.MULTILINE | re.DOTALL | re.IGNORECASE
)
_REFERENCE = re.compile(r"^#{2,4}[ \t]*Reference\b", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ScoredItem:
    """One response to be scored.

    Args:
        id: Unique in its file.
        instruction: What was asked.
        response: What is judged; None in a published line whose prompt does not show where the response stands.
        rubric: The criterion and its levels; None where ``prompt`` holds everything.
        reference: An answer that would earn a 5.
        persona: Whose reply it is.
        prompt: A ready-made prompt, sent as it is.
        human: A person's score.
        gpt4: GPT-4's scores.
        meta: Whatever else the line holds.
    """

    id: str
    instruction: str = ""
    response: str | None = None
    rubric: Rubric | None = None
    reference: str | None = None
    persona: str | None = None
    prompt: str | None = None
    human: float | None = None
    gpt4: tuple[float, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.prompt is None and (self.rubric is None or self.response is None):
            raise InvalidInput(f"item {self.id}", "a response and a rubric, or a ready-made prompt")

    @property
    def with_reference(self) -> bool:
        """Whether the judge is shown a reference answer."""
        if self.prompt is not None:
            return _REFERENCE.search(self.prompt) is not None
        return bool(self.rubric and self.rubric.reference) if self.reference is None else bool(self.reference)


@dataclass(frozen=True, slots=True)
class PairItem:
    """Two responses of which one was chosen.

    Args:
        id: Unique in its file.
        chosen: The better one, scored by itself.
        rejected: The other.
        tie: Whether the pair is labelled as equally good.
        source: Where it comes from.
    """

    id: str
    chosen: ScoredItem
    rejected: ScoredItem
    tie: bool = False
    source: str = ""


def load_scored(path: str | Path, rubric: Rubric | None = None) -> list[ScoredItem]:
    """Read ``mt_bench_eval``, ``vicuna_eval`` or our own rubric items (JSON lines or one JSON list).

    A published line has ``idx`` and ``instruction`` (the whole prompt), and in the Vicuna file ``gpt4_score`` (three).
    Our own has ``response`` and ``rubric`` (``criterion`` with ``levels``, or ``criteria`` with ``score1`` ... ``score5``).

    Args:
        path: The file.
        rubric: For our own lines that have a ``response`` and no rubric of their own.

    Raises:
        NotFound: No such file.
        InvalidInput: A pointer of git LFS in place of the data, a line that is no item, an id that occurs twice.
    """
    items = [_scored(row, where, rubric) for where, row in read_rows(path)]
    _unique([item.id for item in items], str(path))
    return items


def load_pairs(path: str | Path) -> list[PairItem]:
    """Read ``hhh_alignment_eval``: ``source``, ``chosen_instruction``, ``rejected_instruction`` and, if there, ``tie``.

    Raises:
        NotFound: No such file.
        InvalidInput: As for :func:`load_scored`.
    """
    return [_pair(row, where, k) for k, (where, row) in enumerate(read_rows(path))]


def read_rows(path: str | Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects of a JSON-lines file or of one JSON list, each with the place it stands at."""
    file = Path(path)
    if not file.is_file():
        raise NotFound(f"there is no file {file}")
    size = file.stat().st_size
    if size > MAX_BYTES:
        raise InvalidInput(str(file), f"at most {MAX_BYTES:,} bytes", f"{size:,} bytes")
    data = file.read_bytes()
    if data.lstrip()[: len(LFS_MARK)] == LFS_MARK:
        raise InvalidInput(
            str(file), "benchmark data (this is a git LFS pointer: run `git lfs pull` in the folder it came from)"
        )
    text = check_text(data, str(file), "JSON lines or a JSON list")
    if text.lstrip().startswith("["):
        found = parse_json(text, str(file))
        rows: Iterable[tuple[str, Any]] = ((f"{file}: entry {k}", row) for k, row in enumerate(found, 1))
    else:
        lines = ((k, line) for k, line in enumerate(text.split("\n"), 1) if line.strip())
        rows = ((f"{file}: line {k}", _line(line, f"{file}: line {k}")) for k, line in lines)
    for where, row in rows:
        if not isinstance(row, Mapping):
            raise InvalidInput(where, "a JSON object", row)
        yield where, row


def _line(line: str, where: str) -> Any:
    if len(line) > MAX_LINE_BYTES:
        raise InvalidInput(where, f"a line of at most {MAX_LINE_BYTES:,} characters", f"{len(line):,} characters")
    return parse_json(line, where)


def _scored(row: Mapping[str, Any], where: str, shared: Rubric | None = None) -> ScoredItem:
    id = str(row["idx"] if "idx" in row else row.get("id", where.rsplit(" ", 1)[-1]))
    instruction = _text(row, "instruction", where)
    scores = row.get("gpt4_score", [])
    if not isinstance(scores, list) or not all(_is_score(s) for s in scores):
        raise InvalidInput(where, "a list of scores from 1 to 5", scores, "gpt4_score")
    human = row.get("human")
    if human is not None and not _is_score(human):
        raise InvalidInput(where, "a score from 1 to 5", human, "human")
    known = ("idx", "id", "instruction", "response", "rubric", "reference", "persona", "human", "gpt4_score")
    meta = {k: v for k, v in row.items() if k not in known}
    if "rubric" not in row and (shared is None or "response" not in row):
        return ScoredItem(
            id, response=response_in(instruction), prompt=instruction, human=human, gpt4=tuple(scores), meta=meta
        )
    return ScoredItem(
        id,
        instruction,
        _text(row, "response", where),
        read_rubric(row["rubric"], where) if "rubric" in row else shared,
        row.get("reference"),
        row.get("persona"),
        human=human,
        gpt4=tuple(scores),
        meta=meta,
    )


def read_rubric(data: Any, where: str = "rubric") -> Rubric:
    """A rubric as we write it, or in the published shape ``criteria``, ``score1`` (or ``score1_description``) to 5.

    ``levels`` is a list of five texts, or says for each score what earns it: ``{1: ..., 2: ..., 3: ..., 4: ..., 5: ...}``.

    Raises:
        InvalidInput: Naming the field that is missing or empty.
    """
    if not isinstance(data, Mapping):
        raise InvalidInput(where, "an object", data, "rubric")
    if "criteria" not in data:
        levels = data.get("levels")
        if isinstance(levels, Mapping) and {str(k) for k in levels} == {str(k) for k in range(1, LEVELS + 1)}:
            data = {**data, "levels": [levels[k] for k in sorted(levels, key=str)]}
        return Rubric.from_dict(data, where)
    levels = [data.get(f"score{k}", data.get(f"score{k}_description", "")) for k in range(1, LEVELS + 1)]
    published = {"criterion": data["criteria"], "levels": levels, "reference": data.get("reference")}
    return Rubric.from_dict(published, where)


def _pair(row: Mapping[str, Any], where: str, place: int) -> PairItem:
    chosen, rejected = (_text(row, f"{side}_instruction", where) for side in ("chosen", "rejected"))
    tie = row.get("tie", 0)
    if tie not in (0, 1):
        raise InvalidInput(where, "0 or 1", tie, "tie")
    id = str(row.get("idx", row.get("id", place)))
    return PairItem(
        id,
        ScoredItem(f"{id}/chosen", response=response_in(chosen), prompt=chosen),
        ScoredItem(f"{id}/rejected", response=response_in(rejected), prompt=rejected),
        bool(tie),
        str(row.get("source", "")),
    )


def response_in(prompt: str) -> str | None:
    """The response inside a ready-made prompt, under its heading; None where there is no such heading."""
    match = _RESPONSE.search(prompt)
    return match["text"].strip() if match else None


def _text(row: Mapping[str, Any], name: str, where: str) -> str:
    found = row.get(name)
    if not isinstance(found, str) or not found.strip():
        raise InvalidInput(where, "a text that is not empty", found, name)
    return found


def _is_score(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 1 <= value <= LEVELS


def _unique(ids: Sequence[str], where: str) -> None:
    seen: set[str] = set()
    for id in ids:
        if id in seen:
            raise InvalidInput(where, "ids that occur once", id, "idx")
        seen.add(id)


def to_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
