"""What is shipped: the documents of Alice, Bob and Eve, and the figures of the paper's table.

Source: official repository of arXiv 2405.07726, folder wiki/, MIT (data/LICENSE.txt).
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any

CHARACTERS = ("Alice", "Bob", "Eve")


@lru_cache(maxsize=1)
def load_documents() -> dict[str, str]:
    """Character -> document; paragraphs are parted by blank lines."""
    folder = files("personarium.measure.apc") / "data"
    return {name: (folder / f"wiki_{name}.txt").read_text(encoding="utf-8") for name in CHARACTERS}


def compare_published() -> dict[str, dict[str, Any]]:
    """Correlations of the paper's delta APC with its human scores, pooled and within each character.

    Returns:
        ``students`` and ``gpt4``, each with ``pooled``, ``Alice``, ``Bob``, ``Eve``: Pearson, Spearman and Kendall
        tau-b as estimates over the methods of the table.

    Source: page apc, "Published figures" and "Works when" 6: 0.99 within a character, 0.71 pooled.
    """
    from personarium.stats import kendall_tau_b, pearson, spearman

    rows = load_published_scores()
    out: dict[str, dict[str, Any]] = {}
    for column in ("students", "gpt4"):
        out[column] = {}
        for who in ("pooled", "Alice", "Bob", "Eve"):
            kept = [row for row in rows if who in ("pooled", row["character"])]
            x, y = [row[column] for row in kept], [row["human"] for row in kept]
            out[column][who] = {
                "pearson": pearson(x, y, "method"),
                "spearman": spearman(x, y, "method"),
                "kendall": kendall_tau_b(x, y, "method"),
            }
    return out


def load_published_scores() -> list[dict[str, Any]]:
    """The paper's 21 rows: method, character, delta APC by students and by GPT-4, human score (0-10)."""
    table = json.loads((files("personarium.measure.apc") / "data" / "published_scores.json").read_text("utf-8"))
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
