"""Ratings: how the seven are read from one reply, what becomes of each, and their file.

Source: likebench page, steps 1 and 6, "Data formats", "Works when" 1, 4 and 7. A score is a whole number from 1 to 5 or NA; 0, 6,
3.5 and "good" are unparsed and counted, never clipped; a metric that the reply does not name is missing, not NA.
Differs: the file has two more fields than the page's, ``status`` and ``rater``; without them a score is rated, null is NA.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from personarium.benchmarks.likebench.metrics import CALLBACK, HIGHEST, LOWEST, metric_names
from personarium.core.errors import InvalidInput
from personarium.core.files import iter_json_lines, write_json_lines
from personarium.core.results import Failure
from personarium.text.form import Form
from personarium.text.holes import Hole, Unparsed
from personarium.text.json_reading import json_values

# "rated", two kinds of NA (said by the rater, or decided by the protocol), and why there is no rating.
Status = Literal["rated", "na", "overruled", "unparsed", "missing", "refused", "empty", "error"]
STATUSES: tuple[str, ...] = get_args(Status)
NOT_APPLICABLE = frozenset({"na", "notapplicable", "doesnotapply", "none", "null"})
MOST_REPLY, MOST_LINES, MOST_REASON = 100_000, 400, 2_000
_SCORE = Hole("number", "score", lo=LOWEST, hi=HIGHEST, integer=True)


@dataclass(frozen=True, slots=True)
class Given:
    """What a rater said of one metric; ``score`` is None unless the status is ``rated``."""

    score: int | None
    status: Status = "rated"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rating:
    """One metric of one turn.

    Args:
        profile_id: Which user.
        model: The tested model.
        session: From 1.
        turn: From 1 in its session.
        metric: One of the seven.
        score: 1 to 5, None where there is none.
        reason: The rater's.
        status: ``rated``, ``na``, ``overruled`` (NA by protocol although a score was given), or why it is missing.
        rater: Who rated.
    """

    profile_id: str
    model: str
    session: int
    turn: int
    metric: str
    score: int | None
    reason: str = ""
    status: Status = "rated"
    rater: str = ""

    def to_dict(self) -> dict[str, Any]:
        """One line of the file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: object, where: str = "rating") -> Rating:
        """Read and check one line.

        Raises:
            InvalidInput: Naming ``where`` and the field.
        """
        if not isinstance(data, dict):
            raise InvalidInput(where, "an object", data)
        for name in ("profile_id", "model"):
            if not isinstance(data.get(name), str) or not data[name]:
                raise InvalidInput(where, "a text that is not empty", data.get(name), name)
        for name in ("session", "turn"):
            if isinstance(data.get(name), bool) or not isinstance(data.get(name), int) or data[name] < 1:
                raise InvalidInput(where, "a whole number from 1", data.get(name), name)
        if data.get("metric") not in metric_names():
            raise InvalidInput(where, f"one of {', '.join(metric_names())}", data.get("metric"), "metric")
        score, status = _checked_score(data, where)
        texts = {name: str(data.get(name) or "")[:MOST_REASON] for name in ("reason", "rater")}
        return cls(
            data["profile_id"], data["model"], data["session"], data["turn"], data["metric"], score,
            texts["reason"], status, texts["rater"],
        )  # fmt: skip


def _checked_score(data: Mapping[str, Any], where: str) -> tuple[int | None, Status]:
    score = data.get("score")
    if score is not None and (isinstance(score, bool) or not isinstance(score, int) or not 1 <= score <= HIGHEST):
        raise InvalidInput(where, "a whole number from 1 to 5, or null", score, "score")
    status = data.get("status", "na" if score is None else "rated")
    if status not in STATUSES:
        raise InvalidInput(where, f"one of {', '.join(STATUSES)}", status, "status")
    if (status == "rated") != (score is not None):
        raise InvalidInput(where, "a score exactly where the status is rated", score, "score")
    return score, status


def read_ratings(path: str | Path) -> list[Rating]:
    """Read a file of ratings (JSON Lines).

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, line and field; a turn's metric that is there twice.
    """
    found: dict[tuple[str, str, int, int, str], Rating] = {}
    for where, data in iter_json_lines(path, "rating"):
        rating = Rating.from_dict(data, where)
        key = (rating.model, rating.profile_id, rating.session, rating.turn, rating.metric)
        if key in found:
            raise InvalidInput(where, "one rating for each metric of a turn", rating.metric, "metric")
        found[key] = rating
    return list(found.values())


def write_ratings(ratings: Iterable[Rating], path: str | Path) -> Path:
    """Write ratings as JSON Lines; raises StorageError when the disk refuses."""
    return write_json_lines((rating.to_dict() for rating in ratings), path)


# --- one reply with seven ratings ---


def rating_form(order: Sequence[str]) -> Form:
    """The reply form of a turn's ratings, in the order in which they are asked for."""
    entries = ", ".join(f'"{name}": {{"reason": <text>, "score": <{LOWEST}-{HIGHEST}>}}' for name in order)
    return Form.parse(f"{{{entries}}}")


def read_reply(text: str) -> dict[str, Any] | Unparsed:
    """Reader of a rating reply: ``{"given": {metric: Given}}`` for the metrics that it names, in whatever order.

    The JSON object of the form, flat or nested, else lines like ``humour fit: 4``. A reply that names no metric at all is
    unparsed as a whole. Never raises.
    """
    text = text[:MOST_REPLY]
    objects = [value for value in json_values(text) if isinstance(value, dict)]
    best = max((_from_object(value) for value in objects), key=len, default={})
    given = best or _from_lines(text)
    return {"given": given} if given else Unparsed("none of the seven metrics was found", text)


def _from_object(value: Mapping[str, Any]) -> dict[str, Given]:
    named = ((_metric(key), entry) for key, entry in value.items())
    return {name: _given(entry) for name, entry in named if name}


def _from_lines(text: str) -> dict[str, Given]:
    pairs = (line[:MOST_REASON].partition(":") for line in text.splitlines()[:MOST_LINES])
    named = ((_metric(label), value.strip(" \t*_.")) for label, colon, value in pairs if colon)
    return {name: _given(value) for name, value in named if name}


def _given(entry: Any) -> Given:
    reason = ""
    if isinstance(entry, Mapping):
        folded = {str(key).casefold(): value for key, value in entry.items()}
        reason = str(folded.get("reason") or "")[:MOST_REASON]
        if "score" not in folded:
            return Given(None, "missing", reason)
        entry = folded["score"]
    if entry is None or (isinstance(entry, str) and _folded(entry) in NOT_APPLICABLE):
        return Given(None, "na", reason)
    score = _SCORE.accept(entry)
    return Given(None, "unparsed", reason) if isinstance(score, Unparsed) else Given(int(score), "rated", reason)


def _metric(label: Any) -> str | None:
    wanted = _folded(str(label)[:80]).replace("humor", "humour").removeprefix("conversation")
    return next((name for name in metric_names() if _folded(name) == wanted), None)


def _folded(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


# --- from what was said to what counts ---


def completed(given: Mapping[str, Given], session: int, failure: Failure | None = None) -> dict[str, Given]:
    """All seven metrics of a turn: what the reply does not name is missing, and callback does not apply in session 1.

    Args:
        given: What was read.
        session: From 1.
        failure: Why nothing at all was read; each metric is then missing for this reason.
    """
    kind: Status = "missing" if failure is None or failure.kind == "abstained" else failure.kind
    whole = {name: given.get(name, Given(None, kind)) for name in metric_names()}
    if session == 1:
        said = whole[CALLBACK]
        whole[CALLBACK] = replace(said, score=None, status="overruled" if said.score is not None else "na")
    return whole


def problems(given: Mapping[str, Given], where: str) -> list[Failure]:
    """A failure for each metric of a read reply that has neither a score nor NA."""
    reasons: dict[str, str] = {
        "unparsed": "the rating is no whole number from 1 to 5 and not NA",
        "missing": "the reply does not rate this metric",
    }
    return [
        Failure(entry.status, reasons[entry.status], f"{where}/{name}")  # type: ignore[arg-type]
        for name, entry in given.items()
        if entry.status in reasons
    ]
