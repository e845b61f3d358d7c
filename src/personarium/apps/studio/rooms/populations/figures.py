"""The numbers of a population's page, put together from what the rooms below measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from personarium.apps.studio.rooms.populations.charts import Bar
from personarium.core.population import RECORD, Population, QuotaRow
from personarium.core.results import Estimate
from personarium.core.views import show_value


@dataclass(frozen=True)
class Figures:
    """What there is to say about a population.

    Args:
        quotas: Every quota beside what is there.
        targets: Title and rows of every target.
        charts: Columns of few values, or of numbers, that have no target: sections of a report.
        others: Columns of many values.
        estimates: Headline figures by name.
        copies: Near duplicates: row and the earlier row (from 0).
    """

    quotas: tuple[QuotaRow, ...]
    targets: dict[str, list[Bar]]
    charts: tuple[dict[str, Any], ...]
    others: tuple[str, ...]
    estimates: dict[str, Estimate]
    copies: tuple[tuple[int, int], ...]

    @property
    def met(self) -> int:
        """Quotas that are exact."""
        return sum(row.missing == 0 for row in self.quotas)


def figures_of(population: Population) -> Figures:
    """Measure a population; some tenths of a second for 10,000 members."""
    from personarium.make.population import quality_of
    from personarium.make.population.quality import duplicate_pairs

    frame = population.frame.drop(RECORD, strict=False)
    quotas = population.quota_report()
    if not frame.height or set(frame.columns) <= {"id"}:
        return Figures(quotas, target_bars(quotas), (), tuple(frame.columns), {}, ())
    quality = quality_of(frame, quotas=quotas)
    targets = target_bars(quotas)
    charts = [dict(one) for one in quality.sections if one["kind"] in ("bars", "histogram")]
    for one in charts:
        if one["kind"] == "bars" and frame.schema[str(one["title"])].is_numeric():
            one["rows"] = sorted(one["rows"], key=_by_number)
    drawn = {str(one["title"]) for one in charts}
    free = tuple(one for one in charts if one["title"] not in targets)
    others = tuple(path for path in frame.columns if path not in drawn and path not in targets)
    return Figures(quotas, targets, free, others, dict(quality.estimates), tuple(duplicate_pairs(frame)))


def target_bars(quotas: Sequence[QuotaRow]) -> dict[str, list[Bar]]:
    """The rows of every target: the fields that it is about -> value, count and target of each quota."""
    found: dict[str, list[Bar]] = {}
    for row in quotas:
        label = " · ".join(show_value(value) for value in row.cell.values())
        found.setdefault(" × ".join(map(str, row.cell)), []).append(Bar(label, row.actual, row.target))
    return found


def _by_number(row: dict[str, Any]) -> tuple[bool, float]:
    """Numbers in their order; what is missing comes last."""
    label = str(row["label"])
    return (True, 0.0) if label == "None" else (False, float(label))
