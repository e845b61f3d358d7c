"""Stories, pairs of stories and training records as files.

Source: EvolvR (arXiv 2508.06046), step 1 and "Data formats".
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.files import existing, iter_json_lines, parse_json, read_text, write_json_lines
from personarium.judges.evolvr.personas import ASPECTS

ANNOTATORS = 3  # HANNA: three consecutive rows are the annotations of one story
SFT_LEAST = 3.0  # stories with at least this mean train the generator
MAX_TABLE_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Story:
    """A story with what people thought of it.

    Args:
        prompt: What it was written to.
        text: The story.
        scores: Aspect -> mean score, 1 to 5.
    """

    prompt: str
    text: str
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def mean(self) -> float | None:
        """Mean over the aspects; None without any."""
        return sum(self.scores.values()) / len(self.scores) if self.scores else None

    @property
    def good_enough_to_learn_from(self) -> bool:
        """Whether it is in the set that trains a generator (mean of at least 3)."""
        return self.mean is not None and self.mean >= SFT_LEAST


@dataclass(frozen=True, slots=True)
class StoryPair:
    """Two stories to one prompt, seen under one aspect.

    Args:
        id: Unique.
        prompt: What both were written to.
        first: The first story.
        second: The second.
        aspect: One of the six, or the user's own.
        scores: The true scores of both, whole numbers 1 to 5; None where they are not known.
    """

    id: str
    prompt: str
    first: str
    second: str
    aspect: str
    scores: tuple[int, int] | None = None

    @property
    def swapped(self) -> StoryPair:
        """The same pair in the other order."""
        scores = None if self.scores is None else (self.scores[1], self.scores[0])
        return StoryPair(f"{self.id}/swapped", self.prompt, self.second, self.first, self.aspect, scores)


def read_hanna(path: str | Path) -> list[Story]:
    """Read ``hanna_stories_annotations.csv``: columns Prompt, Story and the six aspects; three rows a story are averaged.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, line and column; or three rows that belong together are not of one story.
    """
    text = read_text(existing(path), "a CSV table of annotations", MAX_TABLE_BYTES)
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = ["Prompt", "Story", *ASPECTS]
    for name in columns:
        if name not in (reader.fieldnames or ()):
            raise InvalidInput(str(path), f"the columns {', '.join(columns)}", None, name)
    try:
        rows = [(f"{path}:{reader.line_num}", row) for row in reader]
    except csv.Error as error:
        raise InvalidInput(f"{path}:{reader.line_num}", "a CSV table", str(error)) from None
    if len(rows) % ANNOTATORS:
        raise InvalidInput(str(path), f"{ANNOTATORS} rows for each story", f"{len(rows)} rows")
    return [_story(rows[k : k + ANNOTATORS]) for k in range(0, len(rows), ANNOTATORS)]


def _story(rows: Sequence[tuple[str, Mapping[str, str]]]) -> Story:
    where, first = rows[0]
    for place, row in rows[1:]:
        if (row["Prompt"], row["Story"]) != (first["Prompt"], first["Story"]):
            raise InvalidInput(place, f"the story of {where}, annotated once more", "another one", "Story")
    scores = {aspect: sum(_score(place, row, aspect) for place, row in rows) / len(rows) for aspect in ASPECTS}
    return Story(first["Prompt"], first["Story"], scores)


def _score(where: str, row: Mapping[str, str], aspect: str) -> float:
    try:
        value = float(row[aspect])
    except (TypeError, ValueError):
        raise InvalidInput(where, "a number from 1 to 5", row[aspect], aspect) from None
    if not 1 <= value <= 5:
        raise InvalidInput(where, "a number from 1 to 5", value, aspect)
    return value


def split_by_prompt(stories: Sequence[Story], seed: int = 42) -> dict[str, list[Story]]:
    """80/10/10 over the unique prompts, so that all stories of a prompt stand on one side.

    Args:
        stories: All of them.
        seed: 42 (code).

    Raises:
        InvalidInput: Fewer than ten prompts: a side would be empty.
    """
    from sklearn.model_selection import train_test_split

    prompts = list(dict.fromkeys(story.prompt for story in stories))
    if len(prompts) < 10:
        raise InvalidInput("stories", "at least ten different prompts", len(prompts))
    train, rest = train_test_split(prompts, test_size=0.2, random_state=seed)
    validation, test = train_test_split(rest, test_size=0.5, random_state=seed)
    sides = {"train": set(train), "validation": set(validation), "test": set(test)}
    return {name: [story for story in stories if story.prompt in side] for name, side in sides.items()}


def pairs_of_stories(stories: Sequence[Story], aspects: Sequence[str] = tuple(ASPECTS)) -> list[StoryPair]:
    """Every two stories of one prompt under every aspect; means are rounded to whole scores, halves upwards (ours)."""
    by_prompt: dict[str, list[Story]] = {}
    for story in stories:
        by_prompt.setdefault(story.prompt, []).append(story)
    return [
        StoryPair(f"{number:04d}/{i}-{j}/{aspect}", prompt, one.text, other.text, aspect, _whole(one, other, aspect))
        for number, (prompt, own) in enumerate(by_prompt.items())
        for (i, one), (j, other) in combinations(enumerate(own), 2)
        for aspect in aspects
    ]


def _whole(one: Story, other: Story, aspect: str) -> tuple[int, int] | None:
    if aspect not in one.scores or aspect not in other.scores:
        return None
    return math.floor(one.scores[aspect] + 0.5), math.floor(other.scores[aspect] + 0.5)


def read_pairs(path: str | Path) -> list[StoryPair]:
    """Read pairs: JSON lines with ``prompt``, ``story_1``, ``story_2``, ``aspect`` and, if known, ``score_1``, ``score_2``; or
    the HANNA table (``.csv``), every two stories of a prompt.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, line and field; or no pair at all.
    """
    if Path(path).suffix.lower() == ".csv":
        found = pairs_of_stories(read_hanna(path))
    else:
        found = [_pair(where, data, number) for number, (where, data) in enumerate(iter_json_lines(path, "pair"))]
    if not found:
        raise InvalidInput(str(path), "at least one pair of stories", "none")
    return found


def _pair(where: str, data: Any, number: int) -> StoryPair:
    if not isinstance(data, dict):
        raise InvalidInput(where, "one JSON object on the line", data)
    for name in ("prompt", "story_1", "story_2"):
        if not isinstance(data.get(name), str) or not data[name].strip():
            raise InvalidInput(where, "a text that is not empty", data.get(name), name)
    aspect = data.get("aspect", "Engagement")
    if not isinstance(aspect, str) or not aspect.strip():
        raise InvalidInput(where, "the name of an aspect", aspect, "aspect")
    scores = [_known(where, data, name) for name in ("score_1", "score_2")]
    if (scores[0] is None) != (scores[1] is None):
        raise InvalidInput(where, "both scores or none", None, "score_1" if scores[0] is None else "score_2")
    truth = None if scores[0] is None or scores[1] is None else (scores[0], scores[1])
    return StoryPair(f"{number:04d}", data["prompt"], data["story_1"], data["story_2"], aspect, truth)


def _known(where: str, data: Mapping[str, Any], name: str) -> int | None:
    value = data.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 5):
        raise InvalidInput(where, "a whole number from 1 to 5", value, name)
    return value


# --- training records ---


def read_records(path: str | Path) -> list[dict[str, Any]]:
    """Read records {instruction, input, output} from a JSON array or JSON lines; both are written.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming the place and the field.
    """
    text = read_text(existing(path), "records", MAX_TABLE_BYTES)
    if text.lstrip().startswith("["):
        found = parse_json(text, str(path))
        rows = [(f"{path}[{k}]", row) for k, row in enumerate(found)]
    else:
        rows = list(iter_json_lines(path, "record"))
    return [_record(where, row) for where, row in rows]


def _record(where: str, row: Any) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise InvalidInput(where, "a JSON object", row)
    for name in ("instruction", "output"):
        if not isinstance(row.get(name), str):
            raise InvalidInput(where, "a text", row.get(name), name)
    return {**row, "input": row.get("input", "")}


def write_records(records: Iterable[Mapping[str, Any]], path: str | Path) -> Path:
    """Write records as a JSON array where the name ends in ``.json``, else as JSON lines; whole or not at all."""
    path = Path(path)
    if path.suffix.lower() != ".json":
        return write_json_lines(records, path)
    from personarium.core.files import replacing

    with replacing(path) as scratch:
        scratch.write_text(json.dumps([dict(r) for r in records], ensure_ascii=False, indent=1), encoding="utf-8")
    return path
