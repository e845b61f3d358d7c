"""Questions as a file: the user's own, or those that were written for a persona once, asked again as often as wanted.

One JSON object a line: ``question``, and if you like ``task`` and ``persona_id``; or a text file with a question a line.

Source: PersonaGym (arXiv 2407.18416), the repository's ``questions`` folder; the bundled set has the same fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from personarium.benchmarks.personagym.results import PersonaGymResult
from personarium.benchmarks.personagym.tasks import BY_NAME
from personarium.core.errors import InvalidInput
from personarium.core.facets import mapping
from personarium.core.files import existing, parse_json, read_text, replacing
from personarium.core.persona import Persona

USUAL = "Persona Consistency"  # what people who bring questions of their own mostly ask about
Asked = dict[str, dict[str, list[str]]]


def load_own_questions(path: str | Path, personas: Sequence[Persona], tasks: Sequence[str]) -> Asked:
    """Read questions for these personas: persona id -> task -> questions, each once.

    Args:
        path: JSON lines, or a text file (``.txt``) with a question a line.
        personas: Who is asked. A line without ``persona_id`` is for each of them.
        tasks: The tasks of the run, by name. A line without ``task`` is of Persona Consistency where that is among them,
            else of the first; a line of another task is left out.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, line and field; or a persona is left without any question.
    """
    where = existing(path)
    found: Asked = {p.id: {} for p in personas}
    for place, row in _rows(where):
        task = _task(row, tasks, place)
        for persona in _persons(row, found):
            asked = found[persona].setdefault(task, [])
            if row["question"] not in asked:
                asked.append(row["question"])
    for id, by_task in found.items():
        if not any(by_task.get(task) for task in tasks):
            raise InvalidInput(str(path), f"questions for persona {id} and a task among {', '.join(tasks)}", "none")
    return {id: {task: by_task[task] for task in tasks if task in by_task} for id, by_task in found.items()}


def unused_questions(path: str | Path, personas: Sequence[Persona], tasks: Sequence[str]) -> int:
    """How many lines of a file of questions are not asked: they repeat one, or are of another task or persona."""
    asked = {p.id: set[tuple[str, str]]() for p in personas}
    unused = 0
    for place, row in _rows(existing(path)):
        said = (_task(row, tasks, place), row["question"])
        new = [id for id in _persons(row, asked) if said[0] in tasks and said not in asked[id]]
        for id in new:
            asked[id].add(said)
        unused += not new
    return unused


def save_questions(result: PersonaGymResult, path: str | Path) -> Path:
    """Write the questions of a run so that :func:`load_own_questions` reads them; raises StorageError."""
    path = Path(path)
    rows = (
        {"persona_id": q.persona_id, "task": q.task, "index": q.index, "question": q.question} for q in result.questions
    )
    with replacing(path) as scratch, scratch.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return path


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    text = read_text(path, "questions, one a line")
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        row = {"question": line.strip()} if path.suffix == ".txt" else mapping(parse_json(line, place), place, "row")
        if not isinstance(row.get("question"), str) or not row["question"].strip():
            raise InvalidInput(place, "a question", row.get("question"), "question")
        yield place, row


def _task(row: Mapping[str, Any], tasks: Sequence[str], place: str) -> str:
    task = row.get("task", USUAL if USUAL in tasks else tasks[0])
    if task not in BY_NAME:
        raise InvalidInput(place, f"a task among {', '.join(BY_NAME)}", task, "task")
    return str(task)


def _persons(row: Mapping[str, Any], found: Mapping[str, Any]) -> Iterable[str]:
    """Whom a line is for; nobody when it names a persona that is not asked."""
    if row.get("persona_id") is None:
        return list(found)
    return [row["persona_id"]] if row["persona_id"] in found else []
