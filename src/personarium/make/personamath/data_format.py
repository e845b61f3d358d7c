"""PersonaMath's files: seed problems in, a training file out, and the frame and settings it was trained and tested with.

Source: personamath page, "Data formats" and steps 5 and 6 (official code). The licences of GSM8K, MATH and PersonaMathQA were
not read: nothing of them is shipped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.files import existing, iter_json_lines, parse_json, read_text, replacing
from personarium.make.personamath.answers import AnswerChecker

# GSM8K_test.jsonl: query, response; MATH_test.jsonl: instruction, output; the training file: problem, response.
PROBLEM_FIELDS = ("problem", "query", "question", "instruction")
REFERENCE_FIELDS = ("reference", "answer", "response", "output", "solution")
LARGEST_FILE = 64 * 2**20  # bytes of a JSON list; JSON Lines are bounded line by line
LONGEST_PROBLEM = 20_000  # characters

LEAD_IN = " Let's think step by step."


@dataclass(frozen=True, slots=True)
class SeedProblem:
    """A problem with its known answer.

    Args:
        id: Unique in its file.
        problem: What is asked.
        reference: The answer in the checker's normal form.
        source: Where it is from (``GSM8K``, ``MATH``, ...).
    """

    id: str
    problem: str
    reference: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class TrainingRecipe:
    """How the published models were trained on the file (step 5, code); the steering room's recipes take it.

    Args:
        epochs: Passes over the file.
        learning_rate: Peak, of AdamW.
        schedule: Of the learning rate.
        warmup_ratio: Share of steps that warm up.
        weight_decay: Of AdamW.
        batch: Rows of a device at once.
        accumulation: Batches before a step.
        devices: Number of them.
        max_length: Tokens of a row.
        seed: Of the trainer.
        loss_on: What is learnt; the frame and the problem are not.
    """

    epochs: int = 3
    learning_rate: float = 2e-5
    schedule: str = "cosine"
    warmup_ratio: float = 0.03
    weight_decay: float = 0.0
    batch: int = 1
    accumulation: int = 4
    devices: int = 4
    max_length: int = 4096
    seed: int = 42
    loss_on: str = "response"


def instruction_frame(problem: str, lead_in: bool = False) -> str:
    """The Alpaca frame without input, in which a model is trained; with ``lead_in`` as it is tested (steps 5 and 6)."""
    return (
        "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
        f"### Instruction:\n{problem}\n\n### Response:{LEAD_IN if lead_in else ''}"
    )


def load_seeds(path: str | Path, checker: AnswerChecker) -> list[SeedProblem]:
    """Read seed problems: a JSON list or JSON Lines of objects.

    Args:
        path: The file. A row has a problem (:data:`PROBLEM_FIELDS`) and a reference (:data:`REFERENCE_FIELDS`), and may have an
            ``id`` and a ``source``.
        checker: Reads the references.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, row and field.
    """
    path = Path(path)
    seeds = [_seed(row, where, number, checker) for number, (where, row) in enumerate(_rows(path), 1)]
    taken: set[str] = set()
    for seed in seeds:
        if seed.id in taken:
            raise InvalidInput(str(path), "an id that no other row has", seed.id, "id")
        taken.add(seed.id)
    if not seeds:
        raise InvalidInput(str(path), "at least one problem", "none")
    return seeds


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    path = existing(path)
    if path.suffix.lower() == ".json":
        data = parse_json(read_text(path, "a JSON list of problems", LARGEST_FILE), str(path))
        if not isinstance(data, list):
            raise InvalidInput(str(path), "a JSON list of problems", data)
        rows: Iterable[tuple[str, Any]] = ((f"{path}: row {k}", row) for k, row in enumerate(data, 1))
    else:
        rows = iter_json_lines(path, "object")
    for where, row in rows:
        if not isinstance(row, dict):
            raise InvalidInput(where, "a JSON object", row)
        yield where, row


def _seed(row: Mapping[str, Any], where: str, number: int, checker: AnswerChecker) -> SeedProblem:
    problem = _text(row, PROBLEM_FIELDS, where)[1]
    field, reference = _text(row, REFERENCE_FIELDS, where)
    answer = checker.reference(reference, f"{where}: field '{field}'")
    named = {name: row[name] for name in ("id", "source") if row.get(name) is not None}
    for name, value in named.items():
        if not isinstance(value, (str, int)) or isinstance(value, bool):
            raise InvalidInput(where, "a text or a whole number", value, name)
    return SeedProblem(str(named.get("id", f"{number:06d}")), problem, answer, str(named.get("source", "")))


def _text(row: Mapping[str, Any], names: tuple[str, ...], where: str) -> tuple[str, str]:
    """The first of these fields that is there, and its text (a number is taken as text)."""
    name = next((name for name in names if row.get(name) is not None), names[0])
    value = row.get(name)
    text = str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_PROBLEM:
        raise InvalidInput(where, f"a text of 1 to {LONGEST_PROBLEM:,} characters ({' or '.join(names)})", value, name)
    return name, text.strip()


def write_training(rows: Iterable[Mapping[str, Any]], path: str | Path) -> Path:
    """Write ``problem`` and ``response`` of the rows: a JSON list for ``.json``, else JSON Lines.

    Raises:
        StorageError: When the disk refuses.
    """
    path = Path(path)
    kept = [{"problem": row["problem"], "response": row["response"]} for row in rows]
    with replacing(path) as scratch, scratch.open("w", encoding="utf-8") as file:
        if path.suffix.lower() == ".json":
            file.write(json.dumps(kept, ensure_ascii=False, indent=1) + "\n")
        else:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in kept)
    return path


def read_training(path: str | Path) -> list[dict[str, str]]:
    """Read a training file in either form.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, row and field.
    """
    return [
        {name: _text(row, (name,), where)[1] for name in ("problem", "response")} for where, row in _rows(Path(path))
    ]
