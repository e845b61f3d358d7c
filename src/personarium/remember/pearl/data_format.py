"""The files of PEARL-Bench: annotations, clips, the ignore list, and results as the reference writes them.

Source: PEARL official code; pearl page, "Data formats". The data set itself is not shipped (its licence is not confirmed).
Differs: what is missing or malformed is refused with file, entry and field; a video's name never becomes a folder.
Units: seconds of the stream; a video's name is its file name without ending.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.files import existing, parse_json, read_text, replacing
from personarium.remember.pearl.clips import Clip
from personarium.remember.pearl.concepts import Concept, definitions, marks
from personarium.remember.pearl.scores import CURRENT, DEFINITION, PAST, Judged, scored
from personarium.remember.records import Observation

QA_TYPES = (DEFINITION, CURRENT, PAST)
MOST_BYTES = 256 << 20
_TIME = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d(?:\.\d{1,6})?)")
_NAME = re.compile(r"[\w.-]{1,200}")
_OPTIONS = ("optionA", "optionB", "optionC", "optionD")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a video's annotation.

    Args:
        id: Its name in the video.
        qa_type: One of ``QA_TYPES``.
        question: The stem, with {Concept} marks.
        at: When it is asked, or when the definition's frame stands.
        end: When the definition's clip ends; None for a frame or a question.
        options: The texts; none for a definition.
        gt: The right letter; empty for a definition.
    """

    id: str
    qa_type: str
    question: str
    at: float
    end: float | None
    options: tuple[str, ...]
    gt: str

    @property
    def concept(self) -> Concept | None:
        """What a definition names: its first {name}, known when its frame or clip has been seen; None for a question."""
        names = marks(self.question)
        if self.qa_type != DEFINITION or not names:
            return None
        at = self.at if self.end is None else self.end
        found = next(definitions(Observation(self.question, at=at)), None)
        description = found.description if found is not None and found.name == names[0] else self.question
        return Concept(names[0], description, at, type="frame" if self.end is None else "clip")


@dataclass(frozen=True, slots=True)
class Video:
    """A video with its entries, in the order of the file."""

    path: str
    entries: tuple[Entry, ...]

    @property
    def name(self) -> str:
        """The file's name without ending."""
        return PurePosixPath(self.path.replace("\\", "/")).stem

    def definitions(self) -> list[Concept]:
        """The concepts that it defines, each name once: the first registration wins."""
        found: dict[str, Concept] = {}
        for entry in self.entries:
            if entry.concept is not None:
                found.setdefault(entry.concept.name, entry.concept)
        return list(found.values())

    def questions(self) -> list[Entry]:
        """Its current-time and past-time questions."""
        return [entry for entry in self.entries if entry.qa_type != DEFINITION]


def read_annotations(path: str | Path) -> list[Video]:
    """Read an annotation file.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It is no list of videos; the message names entry and field.
    """
    videos = _load(path, "a list of videos with timestamps")
    if not isinstance(videos, list):
        raise InvalidInput(str(path), "a list of videos", type(videos).__name__)
    return [_video(video, f"{path}: video {k}") for k, video in enumerate(videos)]


def read_clips(path: str | Path) -> list[Clip]:
    """Read a clip file ({source_video, clips}); in the order of time.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It is no clip file.
    """
    data = _load(path, "an object with clips")
    listed = data.get("clips") if isinstance(data, Mapping) else None
    if not isinstance(listed, list):
        raise InvalidInput(str(path), "a list of clips", None, "clips")
    clips = [_clip(clip, f"{path}: clip {k}") for k, clip in enumerate(listed)]
    return sorted(clips, key=lambda clip: (clip.start, clip.end))


def read_ignored(path: str | Path) -> list[tuple[str, str]]:
    """Read an ignore list: (video name, question id) pairs.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It is no ignore list.
    """
    data = _load(path, "an object with ignored_questions")
    listed = data.get("ignored_questions") if isinstance(data, Mapping) else None
    if not isinstance(listed, list):
        raise InvalidInput(str(path), "a list of ignored questions", None, "ignored_questions")
    where = f"{path}: ignored question"
    return [(_text(one, "video", f"{where} {k}"), _id(one, "qa_id", f"{where} {k}")) for k, one in enumerate(listed)]


def write_results(
    folder: str | Path, name: str, judged: Sequence[Judged], ignored: Iterable[tuple[str, str]] = ()
) -> tuple[Path, Path]:
    """Write NAME_result.json (an entry a question) and NAME_evaluation.json (the accuracies).

    Args:
        folder: Where; made if it is not there.
        name: Letters, digits, dots, hyphens and underscores.
        judged: The questions.
        ignored: Pairs to leave out of the accuracies.

    Raises:
        InvalidInput: On any other name.
    """
    if not _NAME.fullmatch(name) or name.startswith("."):
        raise InvalidInput("results", "a name of letters, digits, dots, hyphens and underscores", name, "name")
    Path(folder).mkdir(parents=True, exist_ok=True)
    rows = [_result(one) for one in judged]
    return (
        _write(Path(folder) / f"{name}_result.json", rows),
        _write(Path(folder) / f"{name}_evaluation.json", evaluation(judged, ignored)),
    )


def evaluation(judged: Sequence[Judged], ignored: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
    """The accuracies as the reference writes them, with what it leaves out (unread answers)."""
    left_out = frozenset(ignored)
    kept = [one for one in judged if one.qa_type != DEFINITION and (one.video, one.id) not in left_out]
    scores = scored(kept)
    details = [
        {"id": one.id, "qa_type": one.qa_type, "gt": one.gt, "predicted": one.predicted, "is_correct": one.right}
        for one in kept
    ]
    return {
        "total_accuracy": scores.total.value,
        "current_time_accuracy": scores.current.value,
        "past_time_accuracy": scores.past.value,
        "counts": {"total": scores.total.n, "current_time": scores.current.n, "past_time": scores.past.n},
        "wrong_ids": [one.id for one in kept if not one.right],
        "details": details,
        "failures": dict(scores.failures),
    }


def _result(one: Judged) -> dict[str, Any]:
    turns = {
        f"rotation_{letter}": given for letter, given in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", one.rotated, strict=False)
    }
    return {"video": one.video, "id": one.id, "qa_type": one.qa_type, "gt": one.gt, "answer": one.predicted, **turns}


def _write(path: Path, data: Any) -> Path:
    with replacing(path) as free:
        free.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


# --- reading with an eye on what is wrong ---


def _load(path: str | Path, expected: str) -> Any:
    return parse_json(read_text(existing(path), expected, MOST_BYTES), str(path))


def _video(data: Any, where: str) -> Video:
    listed = _field(data, "timestamps", where)
    if not isinstance(listed, list):
        raise InvalidInput(where, "a list of entries", listed, "timestamps")
    return Video(
        _text(data, "video_path", where), tuple(_entry(one, f"{where}, entry {k}") for k, one in enumerate(listed))
    )


def _entry(data: Any, where: str) -> Entry:
    kind = _text(data, "qa_type", where)
    if kind not in QA_TYPES:
        raise InvalidInput(where, f"one of {', '.join(QA_TYPES)}", kind, "qa_type")
    spanned = "time" not in data
    at, end = (
        _time(data, "start_time" if spanned else "time", where),
        _time(data, "end_time", where) if spanned else None,
    )
    id, question = _id(data, "id", where), _text(data, "question", where)
    if kind == DEFINITION:
        return Entry(id, kind, question, at, end, (), "")
    options = tuple(_text(data, name, where) for name in _OPTIONS if data.get(name) is not None)
    gt = _text(data, "gt", where).strip().upper()
    if len(options) < 2 or gt not in tuple("ABCD"[: len(options)]):
        raise InvalidInput(where, "two to four options and the letter of one of them", gt, "gt")
    return Entry(id, kind, question, at if end is None else end, None, options, gt)


def _clip(data: Any, where: str) -> Clip:
    start, end = _time(data, "start_time", where), _time(data, "end_time", where)
    description, path = data.get("description") or "", data.get("clip_path") or ""
    return Clip(_id(data, "clip_id", where), str(description), start, end, str(path))


def _field(data: Any, name: str, where: str) -> Any:
    if not isinstance(data, Mapping) or name not in data:
        raise InvalidInput(where, "an object with this field", None, name)
    return data[name]


def _text(data: Any, name: str, where: str) -> str:
    value = _field(data, name, where)
    if not isinstance(value, str):
        raise InvalidInput(where, "a text", value, name)
    return value


def _id(data: Any, name: str, where: str) -> str:
    value = _field(data, name, where)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise InvalidInput(where, "a text or a whole number", value, name)
    return str(value)


def _time(data: Any, name: str, where: str) -> float:
    value = _field(data, name, where)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e9:
        return float(value)
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise InvalidInput(where, "a time as HH:MM:SS or seconds", value, name)
    return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])
