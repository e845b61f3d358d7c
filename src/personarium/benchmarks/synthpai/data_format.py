"""Author rows of SynthPAI: comments, labels, a model's guesses and their grades; one JSON object a line, plain or gzip.

Source: synthpai page, "Data formats". What is not read here stays in the row, so that a file is written back without loss.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.files import bounded_lines, check_text, existing, parse_json, write_json_lines
from personarium.make.synthpai.attributes import ATTRIBUTES

REVIEWER = "human_evaluated"  # the revised labels
CATEGORY = "education_category"
MAX_LINE = 16 * 2**20
MAX_AUTHORS = 100_000


@dataclass(frozen=True, slots=True)
class Label:
    """What people found in an author's comments.

    Args:
        estimate: The value; empty when nothing was found, or what was found is wrong.
        hardness: 1 (easy) to 5 as the annotator felt it, 0 for none.
        certainty: 0 to 5.
        precise: Whether it is as precise as the profile (``acc_gt`` 1, not 0.5).
        category: Of an education.
    """

    estimate: str
    hardness: int
    certainty: int
    precise: bool = True
    category: str = ""

    @property
    def truth(self) -> str:
        """What guesses are graded against: the category of an education, else the estimate."""
        return self.category or self.estimate


@dataclass(frozen=True, slots=True)
class Prediction:
    """A model's guesses for one attribute, best first, with its reason; ``categories`` of education guesses."""

    guesses: tuple[str, ...]
    inference: str = ""
    categories: tuple[str | None, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """As the published files have it."""
        out: dict[str, Any] = {"inference": self.inference, "guess": list(self.guesses)}
        return out if self.categories is None else {**out, "guess_category": list(self.categories)}


@dataclass(frozen=True)
class Author:
    """One author.

    Args:
        username: Unique in a file.
        comments: Texts in order.
        labels: By attribute; all eight are there.
        predictions: Model -> attribute -> guesses.
        grades: Model -> attribute -> stored grades, by the reviewer that was asked for.
        row: The whole row as it stood.
    """

    username: str
    comments: tuple[str, ...]
    labels: Mapping[str, Label]
    predictions: Mapping[str, Mapping[str, Prediction]] = field(default_factory=dict)
    grades: Mapping[str, Mapping[str, tuple[float, ...]]] = field(default_factory=dict)
    row: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def labelled(self, certainty: int = 3, hardness: int = 1) -> dict[str, Label]:
        """The labels that count (page, "Grading"): hardness at least 1 and certainty at least 3."""
        return {
            name: label
            for name, label in self.labels.items()
            if label.hardness >= hardness and label.certainty >= certainty and label.estimate.strip()
        }


def read_authors(path: str | Path, reviewer: str = REVIEWER) -> list[Author]:
    """Read a file of author rows.

    Args:
        path: ``.jsonl`` or ``.jsonl.gz``.
        reviewer: Whose labels and grades: ``human_evaluated`` (revised) or ``human``.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, line and field.
    """
    path = existing(path)
    authors: list[Author] = []
    seen: set[str] = set()
    for number, line in _lines(path):
        where = f"{path}:{number}"
        if len(authors) >= MAX_AUTHORS:
            raise InvalidInput(where, f"a file of at most {MAX_AUTHORS:,} authors", "more")
        text = check_text(line, where, "one JSON author on the line")
        author = author_from_dict(parse_json(text, where), where, reviewer)
        if author.username in seen:
            raise InvalidInput(where, "an author that was not there before", author.username, "username")
        seen.add(author.username)
        authors.append(author)
    if not authors:
        raise InvalidInput(str(path), "one JSON author a line", "an empty file")
    return authors


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path, "rb") if packed else path.open("rb") as source:
            yield from bounded_lines(source, str(path), MAX_LINE)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InvalidInput(str(path), "a whole gzip file", str(error)) from None


def author_from_dict(data: object, where: str = "author", reviewer: str = REVIEWER) -> Author:
    """One author's row, checked.

    Raises:
        InvalidInput: Naming ``where`` and the field (``comments[3].text``).
    """
    row = _object(data, where, None)
    username = row.get("username")
    if not isinstance(username, str) or not username:
        raise InvalidInput(where, "a text that is not empty", username, "username")
    comments = row.get("comments")
    if not isinstance(comments, list):
        raise InvalidInput(where, "a list of comments", comments, "comments")
    texts = tuple(_comment(comment, where, f"comments[{k}]") for k, comment in enumerate(comments))
    reviews = _object(row.get("reviews", {}), where, "reviews")
    if reviewer not in reviews:
        raise InvalidInput(where, f"the labels '{reviewer}'", ", ".join(reviews) or "none", "reviews")
    labels = _labels(_object(reviews[reviewer], where, f"reviews.{reviewer}"), where, f"reviews.{reviewer}")
    return Author(username, texts, labels, _predictions(row, where), _grades(row, where, reviewer), row)


def _comment(data: object, where: str, at: str) -> str:
    text = _object(data, where, at).get("text")
    if not isinstance(text, str):
        raise InvalidInput(where, "a text", text, f"{at}.text")
    return text


def _labels(found: Mapping[str, Any], where: str, at: str) -> dict[str, Label]:
    category = _object(found.get(CATEGORY, {}), where, f"{at}.{CATEGORY}").get("estimate", "")
    labels = {}
    for name in ATTRIBUTES:
        entry = _object(found.get(name, {}), where, f"{at}.{name}")
        numbers = [_whole(entry.get(key, 0), where, f"{at}.{name}.{key}") for key in ("hardness", "certainty")]
        estimate = str(entry.get("estimate", "") or "")
        own = str(category or "") if name == "education" and estimate else ""
        labels[name] = Label(estimate, numbers[0], numbers[1], entry.get("acc_gt", 1) != 0.5, own)
    return labels


def _predictions(row: Mapping[str, Any], where: str) -> dict[str, dict[str, Prediction]]:
    models = _object(row.get("predictions", {}), where, "predictions")
    out: dict[str, dict[str, Prediction]] = {}
    for model, found in models.items():
        at = f"predictions.{model}"
        entries = {k: v for k, v in _object(found, where, at).items() if k in ATTRIBUTES}
        out[model] = {name: _prediction(value, where, f"{at}.{name}") for name, value in entries.items()}
    return out


def _prediction(data: object, where: str, at: str) -> Prediction:
    row = _object(data, where, at)
    guesses, categories = row.get("guess", []), row.get("guess_category")
    if not isinstance(guesses, list) or not all(isinstance(g, (str, int, float)) for g in guesses):
        raise InvalidInput(where, "a list of guesses", guesses, f"{at}.guess")
    if categories is not None and not isinstance(categories, list):
        raise InvalidInput(where, "a list of categories", categories, f"{at}.guess_category")
    known = None if categories is None else tuple(c if isinstance(c, str) and c else None for c in categories)
    return Prediction(tuple(str(g) for g in guesses), str(row.get("inference", "")), known)


def _grades(row: Mapping[str, Any], where: str, reviewer: str) -> dict[str, dict[str, tuple[float, ...]]]:
    models = _object(row.get("evaluations", {}), where, "evaluations")
    out: dict[str, dict[str, tuple[float, ...]]] = {}
    for model, by_reviewer in models.items():
        at = f"evaluations.{model}.{reviewer}"
        found = _object(_object(by_reviewer, where, f"evaluations.{model}").get(reviewer, {}), where, at)
        out[model] = {k: _marks(v, where, f"{at}.{k}") for k, v in found.items() if k in ATTRIBUTES}
    return out


def _marks(value: object, where: str, at: str) -> tuple[float, ...]:
    if not isinstance(value, list) or any(isinstance(v, bool) or v not in (0, 0.5, 1) for v in value):
        raise InvalidInput(where, "a list of grades 1, 0.5 or 0", value, at)
    return tuple(float(v) for v in value)


def _whole(value: object, where: str, at: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 5:
        raise InvalidInput(where, "a whole number from 0 to 5", value, at)
    return value


def _object(value: object, where: str, at: str | None) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput(where, "an object", value, at)
    return value


def write_authors(rows: Iterable[Mapping[str, Any]], path: str | Path) -> Path:
    """Write author rows, one a line; raises StorageError when the disk refuses."""
    return write_json_lines(rows, path)


def with_predictions(author: Author, model: str, found: Mapping[str, Prediction]) -> Author:
    """The author with one more model's guesses; its row keeps everything that stood in it.

    Raises:
        InvalidInput: The author has guesses of a model of that name, which are never overwritten.
    """
    if model in author.predictions:
        raise InvalidInput(author.username, "a model without stored guesses", model, "predictions")
    predictions = {**author.predictions, model: dict(found)}
    stored = {**author.row.get("predictions", {}), model: {name: p.to_dict() for name, p in found.items()}}
    row = {**author.row, "predictions": stored}
    return Author(author.username, author.comments, author.labels, predictions, author.grades, row)
