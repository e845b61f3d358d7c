"""The published result file and metric table, and a reader that goes on from one.

Source: personaeval page, steps 4 and 6, "Data formats" and "Traps".
Differs: ``prob5`` is stored. A published file of five-option items lacks it; it is restored as what the other four leave of 1,
which is exact, for a reply counts only if its sum is 1; ``fifth-probability-lost`` leaves it out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from personarium.benchmarks.personaeval.data_format import COLUMNS, NEEDED, OPTIONS, item_of_row
from personarium.benchmarks.personaeval.items import Identification, IdentificationItem
from personarium.benchmarks.personaeval.metrics import BRIER, ECE, FIFTH_LOST, RANK, STORED, TOP1, TOP2, Metrics
from personarium.core.errors import InvalidInput
from personarium.core.files import existing
from personarium.core.results import Failure
from personarium.core.tables import csv_rows, write_csv

RESULT = ("res", "response", "success", "cost", "tokens", *(f"prob{k}" for k in range(1, OPTIONS + 1)))
_NOT_ASKED = Failure("missing", "the file has no answer to this item")


def result_name(track: str, model: str) -> str:
    """``<Track>_<model>.csv`` with ``/`` and ``:`` as ``-`` and blanks as ``_``, so that it is never a path."""
    safe = [one.replace("/", "-").replace("\\", "-").replace(":", "-").replace(" ", "_") for one in (track, model)]
    return f"{safe[0]}_{safe[1]}.csv"


def write_published_results(
    path: str | Path,
    items: Sequence[IdentificationItem],
    answers: Sequence[Identification],
    faults: frozenset[str] = frozenset(),
) -> Path:
    """Write answers as the published result file; ``prob5`` is there unless its loss is brought back.

    Raises:
        InvalidInput: An item has more than five options.
        StorageError: When the disk refuses.
    """
    kept = STORED if FIFTH_LOST in faults else OPTIONS
    names = (*COLUMNS, *(name for name in RESULT if not name.startswith("prob") or int(name[4:]) <= kept))
    rows = [_row(item, answer, kept) for item, answer in zip(items, answers, strict=True)]
    return write_csv(path, names, rows)


def _row(item: IdentificationItem, answer: Identification, kept: int) -> dict[str, Any]:
    if len(item.candidates) > OPTIONS:
        raise InvalidInput(f"item {item.id}", "at most five options in a published file", len(item.candidates))
    options = {f"option{k}": one.name for k, one in enumerate(item.candidates, 1)}
    profiles = {f"option{k}_profile": one.profile for k, one in enumerate(item.candidates, 1)}
    chosen = {f"prob{k}": repr(p) for k, p in enumerate(answer.probabilities[:kept], 1)}
    return {
        **dict.fromkeys(COLUMNS, ""),
        "prompt": item.prompt,
        "gt": item.names[item.truth],
        **options,
        **profiles,
        "res": "" if answer.predicted is None else item.names[answer.predicted],
        "response": answer.text,
        "success": answer.success(item.truth),
        "cost": "" if answer.cost_usd is None else answer.cost_usd,
        "tokens": answer.tokens,
        **chosen,
    }


def read_published_results(
    path: str | Path, track: str, faults: frozenset[str] = frozenset()
) -> tuple[list[IdentificationItem], list[Identification]]:
    """The items and answers of a result file, published or our own.

    Args:
        path: The file.
        track: Its track.
        faults: With ``fifth-probability-lost`` the fifth probability is not restored.

    Returns:
        Items and answers in order. A row counts as answered when it has a truth, an answer, a success and probabilities;
        every other row is an answer with a failure, which :func:`run_personaeval` asks again.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming row and field.
    """
    path = existing(path)
    items: list[IdentificationItem] = []
    answers: list[Identification] = []
    for row, fields in csv_rows(path, (*NEEDED, "res", "success", "prob1")):
        where = f"{path}: row {row}"
        items.append(item_of_row(fields, track, row, where))
        answers.append(_answer(items[-1], fields, where, FIFTH_LOST not in faults))
    return items, answers


def _answer(item: IdentificationItem, fields: Mapping[str, str], where: str, restore: bool) -> Identification:
    success = fields["success"].strip().removesuffix(".0")
    if success not in ("", "-1", "0", "1"):
        raise InvalidInput(where, "1, 0, -1 or nothing", fields["success"], "success")
    count = len(item.candidates)
    stored = [fields.get(f"prob{k}", "").strip() for k in range(1, count + 1)]
    if success in ("", "-1") or not fields["res"].strip() or not all(stored[:STORED]):
        return Identification(item.id, (), _NOT_ASKED, text=fields.get("response", ""))
    values = [_probability(text, where, f"prob{k}") for k, text in enumerate(stored, 1) if text]
    if len(values) < count and restore:
        values.append(min(1.0, max(0.0, 1.0 - math.fsum(values))))
    return Identification(item.id, tuple(values), text=fields.get("response", ""))


def _probability(text: str, where: str, field: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(where, "a number", text, field) from None


def table_row(metrics: Metrics, track: str, model: str) -> dict[str, str]:
    """One row of the published metric table: percentages with one decimal, the mean rank with two."""

    def shown(value: float | None, digits: int = 1, factor: float = 100) -> str:
        return "" if value is None else f"{factor * value:.{digits}f}"

    return {
        "num_samples": str(metrics.samples),
        "top1_accuracy": shown(metrics.value(TOP1)),
        "top2_accuracy": shown(metrics.value(TOP2)),
        "mean_rank": shown(metrics.value(RANK), 2, 1),
        "brier_score": shown(metrics.value(BRIER)),
        "ece": shown(metrics.value(ECE)),
        "f1_score": shown(metrics.f1),
        "track": track,
        "model": model,
    }
