"""The bundled examples."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from personarium.judges.prometheus.data_formats import PairItem, ScoredItem, read_rubric


@lru_cache(maxsize=1)
def _bundled() -> Mapping[str, Any]:
    text = (files("personarium.judges.prometheus") / "data" / "examples.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def load_examples() -> list[ScoredItem]:
    """Five items of our own: two of a persona, one with a reference answer, one with neither, one ready-made prompt."""
    return [_example(row, row.get("response")) for row in _bundled()["items"]]


def load_example_pairs() -> list[PairItem]:
    """Three pairs of our own, with rubrics."""
    return [
        PairItem(
            row["id"],
            _example(row, row["chosen"], f"{row['id']}/chosen"),
            _example(row, row["rejected"], f"{row['id']}/rejected"),
        )
        for row in _bundled()["pairs"]
    ]


def _example(row: Mapping[str, Any], response: str | None, id: str | None = None) -> ScoredItem:
    rubric = read_rubric(row["rubric"]) if "rubric" in row else None
    return ScoredItem(
        id or row["id"],
        row["instruction"],
        response,
        rubric,
        row.get("reference"),
        row.get("persona"),
        None if rubric else row["instruction"],
        row.get("human"),
    )
