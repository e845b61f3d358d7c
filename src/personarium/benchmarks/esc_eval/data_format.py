"""The published files of dialogues and scores.

Source: esc-eval page, "Data formats": ``result/<date>/<Model>_<lang>.json`` and ``score/<Model>_<lang>.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personarium.benchmarks.esc_eval.dimensions import DIMENSIONS, HIGHEST, UNPARSED
from personarium.benchmarks.esc_eval.talking import MODEL, PERSON, SPOKEN_AS, transcript
from personarium.core.dialogue import Dialogue, Utterance
from personarium.core.errors import InvalidInput
from personarium.core.files import existing, parse_json, read_text, replacing

COLON = "\uff1a"  # full width, as published
MOST_FILE = 64 * 2**20
_SPEAKERS = {name: speaker for speaker, name in SPOKEN_AS.items()}


def read_transcripts(path: str | Path) -> dict[str, Dialogue]:
    """Read dialogues, by their key.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming the file and the key: a line without a known speaker, or speakers that do not alternate.
    """
    path = existing(path)
    return {key: _dialogue(lines, key, f"{path}: '{key}'") for key, lines in _object(path, "dialogues").items()}


def write_transcripts(dialogues: Mapping[str, Dialogue], path: str | Path) -> Path:
    """Write dialogues as published; raises StorageError when the disk refuses."""
    return _write({key: transcript(one, colon=COLON) for key, one in dialogues.items()}, path)


def read_scores(path: str | Path) -> dict[str, dict[str, int | None]]:
    """Read scores: key -> dimension -> 0 to 4, None for one that could not be read (-1 in the file).

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming the file, the key and the dimension.
    """
    path = existing(path)
    return {key: _scores(row, f"{path}: '{key}'") for key, row in _object(path, "scores").items()}


def write_scores(scores: Mapping[str, Mapping[str, int | None]], path: str | Path) -> Path:
    """Write scores as published, -1 for one that is missing; raises StorageError when the disk refuses."""
    filled = {
        key: {name: UNPARSED if row.get(name) is None else row[name] for name in DIMENSIONS}
        for key, row in scores.items()
    }
    return _write(filled, path)


def _object(path: Path, what: str) -> dict[str, Any]:
    data = parse_json(read_text(path, f"an object of {what}", MOST_FILE), str(path))
    if not isinstance(data, dict) or not data:
        raise InvalidInput(str(path), f"an object of {what}", data)
    return data


def _dialogue(lines: object, key: str, where: str) -> Dialogue:
    if not isinstance(lines, list) or not lines:
        raise InvalidInput(where, "a list of lines", lines)
    said: list[Utterance] = []
    for number, line in enumerate(lines, 1):
        name, colon, text = line.partition(COLON) if isinstance(line, str) else ("", "", "")
        due = PERSON if number % 2 == 0 else MODEL
        if not colon or _SPEAKERS.get(name.strip()) != due:
            raise InvalidInput(f"{where}, line {number}", f"a line that begins with '{SPOKEN_AS[due]}{COLON}'", line)
        said.append(Utterance(due, text.strip()))
    return Dialogue(key, said, cast=(PERSON, MODEL))


def _scores(row: object, where: str) -> dict[str, int | None]:
    if not isinstance(row, dict):
        raise InvalidInput(where, "an object of scores", row)
    found: dict[str, int | None] = {}
    for name in DIMENSIONS:
        value = row.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not UNPARSED <= value <= HIGHEST:
            raise InvalidInput(where, f"a whole number from {UNPARSED} to {HIGHEST}", value, name)
        found[name] = None if value == UNPARSED else value
    return found


def _write(data: Any, path: str | Path) -> Path:
    path = Path(path)
    with replacing(path) as scratch:
        scratch.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path
