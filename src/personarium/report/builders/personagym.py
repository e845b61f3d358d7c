"""PersonaGym from its result table, for a run that handed over no sections: judges, distribution, worst answers.

The table has one row for each question: persona, task, question, answer, and as JSON the scores and reasons of each judge.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.report.document import Bin, Histogram, Section, Table, ValueRange, WorstAnswer, WorstAnswers
from personarium.runs import RunRecord

WORST = 30
SCALE = ValueRange(lo=1, hi=5, higher_is_better=True, unit="points")
COLUMNS = ("persona", "task", "question", "answer", "scores", "reasons")


def personagym_sections(run: RunRecord) -> list[Section]:
    """The sections that the table gives.

    Raises:
        InvalidInput: When the table lacks a column or a cell is not JSON.
    """
    table = run.table()
    where = str(run.table_path())
    for name in COLUMNS:
        if name not in table.columns:
            raise InvalidInput(where, "this column of a PersonaGym table", field=name)
    rows = [_read(row, where) for row in table.select(COLUMNS).iter_rows(named=True)]
    return [_distribution(rows), _judges(rows), _worst(rows)]


def _read(row: Mapping[str, Any], where: str) -> dict[str, Any]:
    try:
        scores, reasons = json.loads(row["scores"]), json.loads(row["reasons"])
    except (TypeError, ValueError) as error:
        raise InvalidInput(where, "scores and reasons as JSON", str(error)) from None
    read = [score for score in scores.values() if score]
    return {**row, "scores": scores, "reasons": reasons, "score": sum(read) / len(read) if read else None}


def _distribution(rows: list[dict[str, Any]]) -> Section:
    counts = Counter(score for row in rows for score in row["scores"].values() if score)
    bins = tuple(Bin(lo=value - 0.5, hi=value + 0.5, count=counts[value]) for value in range(1, 6))
    return Histogram(title="All verdicts", note="Every verdict that could be read.", x_label="score", bins=bins)


def _judges(rows: list[dict[str, Any]]) -> Section:
    names = dict.fromkeys(judge for row in rows for judge in row["scores"])
    cells = []
    for judge in names:
        given = [row["scores"].get(judge) for row in rows]
        read = [score for score in given if score]
        cells.append((judge, sum(read) / len(read) if read else None, len(read), len(given) - len(read)))
    return Table(title="The judges", columns=("judge", "mean verdict", "read", "not read"), rows=tuple(cells))


def _worst(rows: list[dict[str, Any]]) -> Section:
    scored = [row for row in rows if row["score"] is not None]
    items = tuple(
        WorstAnswer(
            persona=row["persona"],
            question=row["question"],
            answer=row["answer"],
            score=row["score"],
            task=row["task"],
            reasons=row["reasons"],
            scores=row["scores"],
        )
        for row in sorted(scored, key=lambda row: row["score"])[:WORST]
    )
    return WorstAnswers(title="The worst answers", items=items, scale=SCALE, total=len(scored))
