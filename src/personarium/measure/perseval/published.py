"""The published PerSEval scores of ten systems on PENS headlines, and their recomputed correlation with people.

Source: page perseval, "Published figures": the final score tables (100 %) that belong to arXiv 2407.00453; facts, no file is copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from personarium.measure.perseval.human import correlations

if TYPE_CHECKING:
    from personarium.core.results import Estimate

COLUMNS = ("infoLM", "JSD", "rougeL", "rougeSU4", "meteor", "bleu", "bert_score", "human")
_ROWS = """
NAML_1     0.0508 0.0063 0.1253 0.2917 0.1281 0.2120 0.0129 0.3155
NRMS_1     0.0453 0.0314 0.1200 0.2517 0.1260 0.1766 0.0129 0.3645
NRMS_2     0.0133 0.0009 0.1102 0.0958 0.1213 0.0490 0.0127 0.3268
EBNR_1     0.0287 0.0038 0.1170 0.1753 0.1267 0.1173 0.0128 0.3173
EBNR_2     0.0127 0.0011 0.1107 0.1254 0.1218 0.0552 0.0128 0.3300
big_bird   0.1945 0.2548 0.1540 0.6884 0.1510 0.6267 0.0152 0.3509
brio       0.1543 0.1570 0.1179 0.3134 0.1426 0.1898 0.0133 0.4519
prophetnet 0.1351 0.0648 0.1277 0.2624 0.1486 0.2035 0.0140 0.4160
cls        0.1795 0.1917 0.1192 0.3493 0.1463 0.2582 0.0138 0.4283
t5_base    0.1242 0.0579 0.1224 0.2534 0.1464 0.1848 0.0136 0.4115
"""


@lru_cache(maxsize=1)
def published_scores() -> Mapping[str, Mapping[str, float]]:
    """Distance (``rougeSU4`` is contiguous 5-grams there) or ``human`` -> system -> PerSEval."""
    rows = [line.split() for line in _ROWS.strip().split("\n")]
    return {name: {row[0]: float(row[k]) for row in rows} for k, name in enumerate(COLUMNS, 1)}


def published_correlations() -> dict[str, dict[str, Estimate]]:
    """Distance -> Pearson, Spearman and Kendall of its column with the human one, recomputed from the printed scores."""
    table = published_scores()
    return {name: correlations(table[name], table["human"]) for name in COLUMNS if name != "human"}
