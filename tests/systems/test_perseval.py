"""PerSEval and EGISES: every statement of the page's "Works when", with its literals."""

from __future__ import annotations

import csv
import json
import math
import random
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.catalog import read_row
from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.measure.perseval import (
    DocumentDistances,
    Item,
    ModelScores,
    PersevalConfig,
    Stability,
    borda,
    correlations,
    example_items,
    human_distance,
    measure_distances,
    perseval_summary,
    published_correlations,
    published_scores,
    rank_stability,
    ranking,
    rated_by_people,
    read_distances,
    read_items,
    read_scores,
    score_model,
    score_models,
    source_distances,
    stability,
    write_distances,
    write_items,
    write_scores,
)
from personarium.measure.perseval.method import sigmoid, weighted_deviation
from personarium.text.text_distances import text_distance

Pairs = Mapping[str, float]


def symmetric(pairs: Pairs) -> dict[tuple[str, str], float]:
    return {(names[0], names[1]): value for names, value in pairs.items()}


def document(
    id: str,
    golds: Pairs,
    gold_document: Pairs,
    outputs: Pairs,
    output_document: Pairs,
    output_gold: Pairs,
    model: str = "m",
) -> DocumentDistances:
    """A document whose users have one letter each; pairs are written ``ab``."""
    users = tuple(gold_document)
    return DocumentDistances(
        id,
        users,
        source_distances(users, symmetric(golds), gold_document),
        {model: source_distances(users, symmetric(outputs), output_document, output_gold)},
    )


def same(value: float, names: str = "abc") -> dict[str, float]:
    return dict.fromkeys(names, value)


D1 = document(
    "d1",
    {"ab": 0.6, "ac": 0.8, "bc": 0.4},
    {"a": 0.5, "b": 0.7, "c": 0.9},
    {"ab": 0.3, "ac": 0.5, "bc": 0.2},
    {"a": 0.6, "b": 0.6, "c": 0.8},
    {"a": 0.2, "b": 0.3, "c": 0.55},
)
HALF = dict.fromkeys(("ab", "ac", "bc"), 0.5)
D2 = document("d2", HALF, same(0.5), HALF, same(0.5), same(0.4))
WORKED = [D1, D2]


def close(found: float | None, wanted: float, within: float = 1e-9) -> bool:
    assert found is not None
    return abs(found - wanted) <= within


# --- 1: the worked example ---


def test_w1_the_worked_example_to_ten_digits() -> None:
    scores = score_model(WORKED, "m")
    assert close(scores.degress, 0.7721752327, 1e-10)
    assert close(scores.egises, 0.2278247673, 1e-10)
    assert close(scores.perseval, 0.6808031334, 1e-10)
    assert close(scores.accuracy, 0.375)
    assert [d.id for d in scores.documents] == ["d1", "d2"]
    assert (scores.missing, scores.zero_document) == ({}, 0)


def test_w1_every_cell_of_the_table() -> None:
    x = weighted_deviation(D1.golds.pairs, D1.golds.to_document)
    y = weighted_deviation(D1.outputs["m"].pairs, D1.outputs["m"].to_document)
    table = {
        "ab": (0.240787, 0.125229), "ac": (0.478950, 0.291285), "ba": (0.342568, 0.162471),
        "bc": (0.171621, 0.091686), "ca": (0.487454, 0.296333), "cb": (0.156273, 0.081467),
    }  # fmt: skip
    for (a, b), (wanted_x, wanted_y) in table.items():
        place = "abc".index(a), "abc".index(b)
        assert close(x[place], wanted_x, 1e-6) and close(y[place], wanted_y, 1e-6)
    first, second = score_model(WORKED, "m").documents
    assert np.allclose(first.degress, [0.564142, 0.504275, 0.564635], atol=1e-6, rtol=0)
    assert np.allclose(first.acp, [0.000100, 0.072852, 0.999999], atol=1e-6, rtol=0)
    assert np.allclose(first.adp, [0.001217] * 3, atol=1e-6, rtol=0)
    assert np.allclose(first.edp, [0.998988, 0.997907, 0.042926], atol=1e-6, rtol=0)
    assert np.allclose(first.product, [0.563571, 0.503220, 0.024238], atol=1e-6, rtol=0)
    assert close(first.degress.mean(), 0.544350, 1e-6) and close(first.product.mean(), 0.363676, 1e-6)
    assert np.allclose(weighted_deviation(D2.golds.pairs, D2.golds.to_document)[0, 1:], 0.25)
    assert np.allclose(second.degress, 1.0)
    for found, wanted in ((second.acp, 0.000100), (second.adp, 0.072853), (second.edp, 0.997930)):
        assert np.allclose(found, wanted, atol=1e-6, rtol=0)


def test_w1_other_settings_of_the_same_data() -> None:
    simplified = score_model(WORKED, "m", PersevalConfig(simplified=True))
    assert close(simplified.degress, 0.7708375867, 1e-10) and close(simplified.perseval, 0.6798063786, 1e-10)
    for beta, wanted in ((1.5, 0.6721341453), (2.0, 0.3278235295)):
        scores = score_model(WORKED, "m", PersevalConfig(edp=(3.0, beta)))
        assert close(scores.perseval, wanted, 1e-10) and close(scores.degress, 0.7721752327, 1e-10)


def test_w1_sigmoid_checks() -> None:
    at = np.array([0, 0.25, 0.5, 0.9, 1, 1.5])
    wanted = [9.999e-5, 0.00121677, 0.01462427, 0.44760793, 0.68775824, 0.99695031]
    assert np.allclose(sigmoid(at, 4, 1), wanted, atol=5e-9, rtol=0)
    assert np.allclose(sigmoid(np.array([0, 0.5, 1]), 3, 1), [9.990e-4, 0.12923324, 0.95657171], atol=5e-8, rtol=0)


def test_the_papers_mean_counts_a_user_beside_itself_and_the_codes_does_not() -> None:
    code, paper = score_model([D1], "m"), score_model([D1], "m", PersevalConfig(count_self=True))
    assert np.allclose(paper.documents[0].degress, (code.documents[0].degress * 2 + 1) / 3)


# --- 2: correlations with people ---


def test_w2_correlations_with_the_human_column() -> None:
    wanted = {
        "infoLM": (0.73373, 0.62424, 0.42222), "JSD": (0.53965, 0.69697, 0.51111),
        "meteor": (0.72917, 0.49091, 0.24444), "bert_score": (0.36762, 0.60977, 0.38646),
        "rougeSU4": (0.21441, 0.47879, 0.37778), "bleu": (0.13392, 0.34545, 0.28889),
        "rougeL": (0.03841, 0.17576, 0.06667),
    }  # fmt: skip
    found = published_correlations()
    assert set(found) == set(wanted)
    for name, numbers in wanted.items():
        for estimate, number in zip(found[name].values(), numbers, strict=True):
            assert close(estimate.value, number, 1e-5), name
            assert estimate.n == 10 and estimate.unit == "system"
            assert estimate.lo is not None and estimate.hi is not None and estimate.lo < number < estimate.hi
    assert tuple(round(e.value or 0, 2) for e in found["infoLM"].values()) == (0.73, 0.62, 0.42)


def test_correlations_need_two_systems_that_both_columns_have() -> None:
    with pytest.raises(UsageError, match="at least two systems"):
        correlations({"a": 1.0, "b": 2.0}, {"a": 1.0, "c": 1.0})


def test_borda_sums_the_points_of_two_rankings() -> None:
    table = published_scores()
    first = ranking(table["infoLM"])
    assert first[:2] == ["big_bird", "cls"]
    assert borda(["a", "b", "c"], ["b", "c", "a"]) == {"b": 5, "a": 4, "c": 3}
    assert sum(borda(first, ranking(table["human"])).values()) == 2 * 55
    with pytest.raises(UsageError, match="the same names"):
        borda(["a", "b"], ["a", "c"])


def test_distances_from_ratings() -> None:
    assert human_distance([6, 6]) == 0 and human_distance([1]) == 1
    assert human_distance([6, 1, None]) == 0.5
    assert human_distance([None]) is None
    with pytest.raises(InvalidInput, match="ratings from 1 to 6"):
        human_distance([7])


def test_human_distances_borrow_the_golds_and_the_document() -> None:
    rated = rated_by_people(
        D1, {"m": symmetric({"ab": 0.3, "ac": 0.5, "bc": 0.2})}, {"m": {"a": 0.2, "b": 0.3, "c": 0.55}}
    )
    assert score_model([rated, D2], "m").perseval == score_model(WORKED, "m").perseval


# --- 3: limits ---


def copied(source: DocumentDistances, output_gold: float = 0.0) -> DocumentDistances:
    golds = source.golds
    zero = source_distances(source.users, {}, {}, dict.fromkeys(source.users, output_gold)).to_gold
    outputs = type(golds)(golds.pairs.copy(), golds.to_document, zero)
    return DocumentDistances(source.id, source.users, golds, {"m": outputs})


def test_w3_outputs_equal_to_the_golds() -> None:
    scores = score_model([copied(D1), copied(D2)], "m")
    assert scores.degress == 1 and scores.egises == 0
    assert close(scores.perseval, 0.9989991012, 1e-10)
    assert scores.perseval is not None and scores.perseval < 1


def test_w3_one_identical_output_for_two_users() -> None:
    one = document("d", {"ab": 0.5}, {"a": 0.3, "b": 0.6}, {"ab": 0.0}, same(0.4, "ab"), same(0.25, "ab"))
    assert close(score_model([one], "m").degress, 2.0e-5, 1e-9)


def test_w3_responsive_but_swapped() -> None:
    golds = {"a": 0.3, "b": 0.6}
    swapped = document("d", {"ab": 0.5}, golds, {"ab": 0.5}, {"a": 0.6, "b": 0.3}, same(0.5, "ab"))
    scores = score_model([swapped], "m")
    assert scores.degress == 1
    assert close(scores.perseval, 0.5072938974, 1e-10)


# --- 4: random tables ---


def random_document(id: str, seed: int) -> DocumentDistances:
    rng = random.Random(seed)
    users = [f"u{k}" for k in range(rng.randint(2, 6))]

    def pairs() -> dict[tuple[str, str], float]:
        return {(a, b): rng.random() for a in users for b in users if a != b}

    def column() -> dict[str, float]:
        return {user: rng.random() for user in users}

    golds = source_distances(users, pairs(), column(), symmetric=False)
    outputs = source_distances(users, pairs(), column(), column(), symmetric=False)
    return DocumentDistances(id, tuple(users), golds, {"m": outputs})


def shuffled(source: DocumentDistances, seed: int) -> DocumentDistances:
    order = np.random.default_rng(seed).permutation(len(source.users))
    users = tuple(source.users[k] for k in order)
    return DocumentDistances(source.id, users, source.golds.of(order), {"m": source.outputs["m"].of(order)})


def test_w4_a_thousand_random_tables() -> None:
    documents = [random_document(f"d{seed}", seed) for seed in range(1000)]
    scores = score_model(documents, "m")
    assert len(scores.documents) == 1000
    for one in scores.documents:
        assert one.product.mean() <= one.degress.mean() + 1e-7
        assert one.degress.min() >= 0 and one.degress.max() <= 1
        assert one.product.min() >= 0 and one.product.max() <= 1
    mixed = [shuffled(one, k) for k, one in enumerate(documents)]
    random.Random(1).shuffle(mixed)
    again = score_model(mixed, "m")
    assert again.degress is not None and close(scores.degress, again.degress, 1e-12)
    assert again.perseval is not None and close(scores.perseval, again.perseval, 1e-12)


def test_w4_one_document_is_the_plain_formula() -> None:
    for seed in range(50):
        one = random_document("d", seed)
        degress, perseval = plain_loop(one)
        scores = score_model([one], "m")
        assert close(scores.degress, degress, 1e-12) and close(scores.perseval, perseval, 1e-12)


def plain_loop(one: DocumentDistances) -> tuple[float, float]:
    """The page's formulas, number by number."""
    n = len(one.users)

    def deviation(source: object, i: int, j: int) -> float:
        pairs, q = source.pairs, source.to_document  # type: ignore[attr-defined]
        weights = {k: math.exp(pairs[i, k] / q[i]) for k in range(n) if k != i}
        return float(pairs[i, j] * weights[j] / sum(weights.values()))

    def s(x: float, alpha: float, beta: float) -> float:
        return float(1 / (1 + 10**alpha * math.exp(-(10**beta) * x)))

    outputs = one.outputs["m"]
    a = outputs.to_gold
    least, mean = min(a), sum(a) / n
    degress, products = [], []
    for i in range(n):
        found = []
        for j in range(n):
            if i != j:
                x, y = deviation(one.golds, i, j), deviation(outputs, i, j)
                found.append((min(x, y) + 1e-5) / (max(x, y) + 1e-5))
        degress.append(sum(found) / (n - 1))
        dgp = s(least / (1 - least + 1e-7), 4, 1) + s((a[i] - least) / (mean - least + 1e-7), 4, 1)
        products.append(degress[-1] * (1 - s(dgp, 3, 1) + 1e-7))
    return sum(degress) / n, sum(products) / n


def test_w4_a_zero_document_distance_has_weight_0_and_is_counted() -> None:
    flat = document("d", {"ab": 0.5, "ac": 0.2, "bc": 0.3}, same(0.0), HALF, {"a": 0.0, "b": 0.5, "c": 0.5}, same(0.1))
    scores = score_model([flat], "m")
    assert scores.zero_document == 4
    assert scores.perseval is not None and math.isfinite(scores.perseval)
    assert np.allclose(weighted_deviation(flat.golds.pairs, flat.golds.to_document)[0, 1:], [0.25, 0.1])


def test_w4_a_vanishing_document_distance_does_not_overflow() -> None:
    tiny = document("d", {"ab": 1.0, "ac": 1.0, "bc": 1.0}, same(5e-324), HALF, same(1e-300), same(0.1))
    assert close(weighted_deviation(tiny.golds.pairs, tiny.golds.to_document)[0, 1], 0.5)
    assert close(score_model([tiny], "m").degress, (0.25 + 1e-5) / (0.5 + 1e-5))


def test_w4_a_document_with_one_user_is_skipped_and_counted() -> None:
    alone = document("d3", {}, {"a": 0.5}, {}, {"a": 0.5}, {"a": 0.1})
    scores = score_model([*WORKED, alone], "m")
    assert scores.missing == {"document": 1}
    assert close(scores.perseval, 0.6808031334)
    assert scores.estimates()["PerSEval"].failures == {"missing": 1}
    assert "1 documents with fewer than two users" in perseval_summary({"m": scores}, "x")["notices"][0]
    nobody = score_model([alone], "m")
    assert nobody.perseval is None and nobody.egises is None


# --- 5: a known strength of personalisation ---


def on_a_line(t: float) -> DocumentDistances:
    golds = {"a": 0.2, "b": 0.5, "c": 0.9}
    outputs = {user: (1 - t) * 0.4 + t * gold for user, gold in golds.items()}

    def pairs(at: Pairs) -> dict[str, float]:
        return {a + b: abs(at[a] - at[b]) for a, b in combinations(at, 2)}

    return document("d", pairs(golds), golds, pairs(outputs), outputs, {u: abs(outputs[u] - golds[u]) for u in golds})


@pytest.mark.parametrize(
    ("t", "degress", "perseval", "distance"),
    [
        (0, 0.000083, 0.000070, 0.266667),
        (0.25, 0.345598, 0.264251, 0.2),
        (0.5, 0.515166, 0.353926, 0.133333),
        (0.75, 0.724940, 0.484348, 0.066667),
        (1, 1, 0.998999, 0),
    ],
)
def test_w5_a_known_strength_of_personalisation(t: float, degress: float, perseval: float, distance: float) -> None:
    scores = score_model([on_a_line(t)], "m")
    assert close(scores.degress, degress, 1e-6)
    assert close(scores.perseval, perseval, 1e-6)
    assert close(scores.accuracy, distance, 1e-6)


# --- 6: stability ---

# System, PerSEval at 100, 80, 60, 40 and 20 %, "bias", variance: the published tables, one distance after the other.
TABLES = """
infoLM
NAML_1 .0508 .0516 .0522 .0513 .0530 .0008 5.77600000000001e-07
NRMS_1 .0453 .0459 .0466 .0463 .0458 .0004 1.976000000000006e-07
NRMS_2 .0133 .0134 .0135 .0138 .0139 .0002 5.359999999999992e-08
EBNR_1 .0287 .0291 .0292 .0291 .0306 .0007 4.2639999999999916e-07
EBNR_2 .0127 .0128 .0130 .0131 .0133 .0002 4.559999999999995e-08
big_bird .1945 .1975 .1980 .1973 .1941 .0016 2.6816000000000126e-06
brio .1543 .1566 .1563 .1565 .1540 .0011 1.3063999999999986e-06
prophetnet .1351 .1374 .1378 .1365 .1343 .0013 1.781600000000001e-06
cls .1795 .1817 .1823 .1807 .1773 .0018 3.1519999999999785e-06
t5_base .1242 .1263 .1267 .1254 .1227 .0015 2.130399999999999e-06
JSD
NAML_1 .0063 .0064 .0064 .0064 .0065 .0001 4e-09
NRMS_1 .0314 .0314 .0316 .0312 .0307 .0003 9.44e-08
NRMS_2 .0009 .0009 .0009 .0010 .0012 .0001 1.36e-08
EBNR_1 .0038 .0038 .0038 .0037 .0036 .0001 6.4e-09
EBNR_2 .0011 .0011 .0011 .0011 .0011 .0 0
big_bird .2548 .2571 .2574 .2577 .2560 .0011 1.14e-06
brio .1570 .1581 .1587 .1590 .1564 .0010 9.864e-07
prophetnet .0648 .0647 .0650 .0652 .0648 .0002 3.2e-08
cls .1917 .1936 .1934 .1922 .1883 .0019 3.6424e-06
t5_base .0579 .0582 .0580 .0575 .0571 .0004 1.544e-07
rougeL
NAML_1 .1253 .1271 .1290 .1309 .1350 .0033 1.11704e-05
NRMS_1 .1200 .1221 .1236 .1252 .1287 .0029 8.6536e-06
NRMS_2 .1102 .1121 .1135 .1166 .1209 .0038 1.40984e-05
EBNR_1 .1170 .1189 .1205 .1228 .1271 .0035 1.21544e-05
EBNR_2 .1107 .1129 .1145 .1169 .1212 .0036 1.29824e-05
big_bird .1540 .1558 .1564 .1564 .1557 .0009 7.744e-07
brio .1179 .1221 .1241 .1264 .1300 .0041 1.65080e-05
prophetnet .1277 .1313 .1339 .1353 .1372 .0033 1.09376e-05
cls .1192 .1230 .1246 .1258 .1295 .0034 1.14016e-05
t5_base .1224 .1267 .1293 .1306 .1324 .0035 1.20936e-05
rougeSU4
NAML_1 .2917 .2917 .2919 .2926 .2945 .0011 1.1296e-06
NRMS_1 .2517 .2514 .2518 .2515 .2523 .0003 9.84e-08
NRMS_2 .0958 .0958 .0960 .0962 .0955 .0002 5.44e-08
EBNR_1 .1753 .1754 .1763 .1761 .1760 .0004 1.576e-07
EBNR_2 .1254 .1253 .1251 .1245 .1235 .0007 4.944e-07
big_bird .6884 .6901 .6913 .6939 .6982 .0034 1.16776e-05
brio .3134 .3155 .3171 .3225 .3336 .0072 5.25096e-05
prophetnet .2624 .2627 .2652 .2682 .2784 .0059 3.47136e-05
cls .3493 .3514 .3535 .3574 .3690 .0070 4.86376e-05
t5_base .2534 .2536 .2560 .2584 .2668 .0049 2.42944e-05
meteor
NAML_1 .1281 .1296 .1311 .1332 .1359 .0027 7.5096e-06
NRMS_1 .1260 .1281 .1291 .1307 .1358 .0033 1.09064e-05
NRMS_2 .1213 .1234 .1251 .1274 .1336 .0042 1.78504e-05
EBNR_1 .1267 .1288 .1301 .1325 .1381 .0039 1.53024e-05
EBNR_2 .1218 .1236 .1263 .1280 .1339 .0042 1.74616e-05
big_bird .1510 .1535 .1531 .1527 .1540 .0010 1.0504e-06
brio .1426 .1468 .1488 .1516 .1592 .0055 3.0688e-05
prophetnet .1486 .1524 .1542 .1562 .1610 .0041 1.68896e-05
cls .1463 .1501 .1536 .1558 .1608 .0049 2.43656e-05
t5_base .1464 .1504 .1522 .1551 .1603 .0047 2.17176e-05
bleu
NAML_1 .2120 .2122 .2124 .2127 .2128 .0003 8.96e-08
NRMS_1 .1766 .1766 .1770 .1775 .1787 .0008 6.136e-07
NRMS_2 .0490 .0492 .0488 .0493 .0484 .0003 1.024e-07
EBNR_1 .1173 .1172 .1175 .1172 .1178 .0002 5.2e-08
EBNR_2 .0552 .0553 .0550 .0553 .0548 .0002 3.76e-08
big_bird .6267 .6285 .6305 .6313 .6358 .0031 9.4304e-06
brio .1898 .1909 .1923 .1960 .2039 .0051 2.60936e-05
prophetnet .2035 .2045 .2064 .2089 .2180 .0052 2.71064e-05
cls .2582 .2607 .2628 .2666 .2737 .0054 2.92040e-05
t5_base .1848 .1852 .1865 .1893 .1933 .0032 9.9896e-06
bert_score
NAML_1 .0129 .0134 .0139 .0149 .0173 .0016 2.4256e-06
NRMS_1 .0129 .0134 .0139 .0149 .0173 .0016 2.4256e-06
NRMS_2 .0127 .0132 .0137 .0146 .0171 .0016 2.4104e-06
EBNR_1 .0128 .0133 .0138 .0147 .0173 .0016 2.5256e-06
EBNR_2 .0128 .0133 .0138 .0148 .0171 .0015 2.3144e-06
big_bird .0152 .0159 .0163 .0174 .0196 .0015 2.3576e-06
brio .0133 .0138 .0144 .0153 .0180 .0017 2.7544e-06
prophetnet .0140 .0145 .0151 .0159 .0184 .0015 2.3896e-06
cls .0138 .0144 .0150 .0159 .0186 .0017 2.8224e-06
t5_base .0136 .0142 .0147 .0157 .0182 .0016 2.6056e-06
human
NAML_1 .3155 .3152 .3100 .3380 .3109 .0103 1.056936e-04
NRMS_1 .3645 .3698 .3646 .3762 .3714 .0044 1.948e-05
NRMS_2 .3268 .3308 .3286 .3010 .3404 .0131 1.723296e-04
EBNR_1 .3173 .3113 .3145 .3056 .3334 .0093 8.72136e-05
EBNR_2 .3300 .3313 .3449 .3411 .3576 .0101 1.011736e-04
big_bird .3509 .3421 .3424 .3416 .3660 .0094 8.7548e-05
brio .4519 .4484 .4426 .4500 .4395 .0047 2.18456e-05
prophetnet .4160 .4151 .4254 .4060 .4726 .0236 5.571056e-04
cls .4283 .4307 .4302 .4361 .4237 .0040 1.6024e-05
t5_base .4115 .4168 .4060 .4220 .3703 .0183 3.350136e-04
"""


def published_tables() -> dict[str, dict[str, list[float]]]:
    found: dict[str, dict[str, list[float]]] = {}
    for line in TABLES.split("\n"):
        name, *cells = line.split() or [""]
        if cells:
            found[list(found)[-1]][name] = [float(cell) for cell in cells]
        elif name:
            found[name] = {}
    return found


def test_w6_bias_and_variance_of_all_rows_of_the_eight_tables() -> None:
    tables = published_tables()
    assert sum(map(len, tables.values())) == 80
    for distance, rows in tables.items():
        for system, (*columns, bias, variance) in rows.items():
            row = Stability(system, dict(zip((100, 80, 60, 40, 20), columns, strict=True)))
            assert row.spread == bias, (distance, system)
            assert math.isclose(row.variance, variance, rel_tol=1e-9, abs_tol=1e-15), (distance, system)
            assert published_scores()[distance][system] == columns[0]
    naml = Stability("NAML_1", {100: 0.0508, 80: 0.0516, 60: 0.0522, 40: 0.0513, 20: 0.0530})
    assert naml.spread == 0.0008 and math.isclose(naml.variance, 5.776e-07, rel_tol=1e-9)


def test_w6_at_100_percent_sampling_changes_nothing() -> None:
    documents = [random_document(f"d{seed}", seed) for seed in range(40)]
    whole = score_model(documents, "m").perseval
    for seed in (0, 1):
        row = stability(documents, "m", seed=seed)
        assert whole is not None and close(row.columns[100], whole, 1e-12)
        assert list(row.columns) == [100, 80, 60, 40, 20]
    assert stability(documents, "m", seed=1) == row
    assert stability(documents, "m", seed=2).columns[20] != row.columns[20]
    assert abs(row.columns[80] - row.columns[100]) < 0.05


def test_a_user_whose_rows_are_not_drawn_drops_out() -> None:
    # One of two rows is drawn: whichever it is, one user is left, and the only one there is to be compared with.
    one = document("d", {"ab": 0.5}, {"a": 0.3, "b": 0.6}, {"ab": 0.5}, {"a": 0.3, "b": 0.6}, {"a": 0.0, "b": 0.9})
    halves = {stability([one], "m", shares=[50], repeats=1, seed=seed).columns[50] for seed in range(20)}
    assert len(halves) == 2
    assert max(halves) == pytest.approx(0.9989991, abs=1e-6)  # user a alone: distance 0, nobody served worse
    with pytest.raises(UsageError, match="is none"):
        stability([one], "m", shares=[10])
    with pytest.raises(UsageError, match="between 1 and 100"):
        stability([one], "m", shares=[0])


def test_the_ranking_at_each_share_against_the_whole() -> None:
    rows = [Stability(name, {100: a, 20: b}) for name, a, b in (("x", 0.3, 0.2), ("y", 0.2, 0.3), ("z", 0.1, 0.1))]
    found = rank_stability(rows)[20]
    assert close(found["spearman"].value, 0.5) and close(found["kendall"].value, 1 / 3)
    with pytest.raises(UsageError, match="at least two systems"):
        rank_stability(rows[:1])


# --- 7: text distances ---


def distance_of(name: str, a: str, b: str) -> float:
    return float(text_distance(name, "blank").between([a, b], np.array([0]), np.array([1]))[0])


def test_w7_true_su4_and_contiguous5() -> None:
    assert close(distance_of("rouge_su4", "a b c d e f g", "g a b c d e f"), 0.18519, 5e-6)
    assert close(distance_of("contiguous5", "a b c d e f g", "g a b c d e f"), 0.33333, 5e-6)
    assert distance_of("rouge_su4", "a b c d", "a b c d") == 0
    assert distance_of("contiguous5", "a b c d", "a b c d") == 1


def test_w7_jensen_shannon() -> None:
    assert distance_of("jsd", "a b", "a c") == 0.5


# --- 8: round trip and resumption ---


def test_w8_tables_written_and_read_give_identical_scores(tmp_path: Path) -> None:
    items, distance = example_items(), text_distance("jsd")
    measured = measure_distances(items, distance)
    assert write_distances(items, distance, tmp_path / "t") == 3
    read = read_distances(tmp_path / "t")
    for model in ("generic", "adaptive", "swapped"):
        assert score_model(read, model).perseval == score_model(measured, model).perseval
    assert [one.users for one in read] == [one.users for one in measured]
    heads = {path.name: path.read_text().split("\n")[0] for path in (tmp_path / "t").glob("*.csv")}
    assert heads == {
        "sum_doc_distances.csv": "doc_id,origin_model,uid,score",
        "sum_sum_doc_distances.csv": "doc_id,origin_model,uid1,uid2,score",
        "sum_user_distances.csv": "doc_id,origin_model,uid,score",
    }


def all_rows(folder: Path) -> dict[str, list[list[str]]]:
    return {path.name: list(csv.reader(path.read_text().split("\n"))) for path in sorted(folder.glob("*.csv"))}


@pytest.mark.parametrize("cut", ["between", "after the first table", "in a line"])
def test_w8_a_run_cut_off_resumes_without_a_row_twice(tmp_path: Path, cut: str) -> None:
    items, distance = example_items(), text_distance("rouge_su4")
    write_distances(items, distance, tmp_path / "whole")
    write_distances(items[:2], distance, tmp_path / "part")
    if cut != "between":
        first = tmp_path / "whole" / "sum_doc_distances.csv"
        more = [line for line in first.read_text().splitlines(keepends=True) if line.startswith("market,")]
        text = "".join(more) if cut == "after the first table" else "".join(more)[:-7]
        with (tmp_path / "part" / "sum_doc_distances.csv").open("a") as file:
            file.write(text)
    assert write_distances(items, distance, tmp_path / "part") == 1
    assert all_rows(tmp_path / "part") == all_rows(tmp_path / "whole")
    assert write_distances(items, distance, tmp_path / "part") == 0
    assert all_rows(tmp_path / "part") == all_rows(tmp_path / "whole")


def test_w8_tables_of_another_distance_are_not_gone_on_with(tmp_path: Path) -> None:
    write_distances(example_items(), text_distance("jsd"), tmp_path / "t")
    with pytest.raises(UsageError, match="holds distances of 'jsd', not of 'rouge_l'"):
        write_distances(example_items(), text_distance("rouge_l"), tmp_path / "t")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "sum_doc_distances.csv").write_text("doc_id,origin_model,uid,score\n")
    with pytest.raises(UsageError, match="were not made here"):
        write_distances(example_items(), text_distance("jsd"), tmp_path / "foreign")


# --- texts, files, missing values, errata ---


def test_the_example_ranks_adaptive_above_generic_and_swapped_is_no_use() -> None:
    scores = score_models(measure_distances(example_items(), text_distance("embedding")))
    found = {model: one.perseval or 0 for model, one in scores.items()}
    assert found["adaptive"] > found["swapped"] > found["generic"]
    assert (scores["generic"].degress or 0) < 0.01
    assert (scores["swapped"].degress or 0) > 0.4


def test_an_asymmetric_distance_fills_both_corners() -> None:
    item = Item("d", "x", ("a", "b"), ("red boats sail", "red boats"), {})
    one = measure_distances([item], text_distance("meteor"))[0]
    # precision 1 and recall 2/3 one way, the other way round the other; two matches in one chunk lose 1/16
    assert close(one.golds.pairs[1, 0], 1 - (1 - 0.5 / 8) * (2 / 3) / (0.9 + 0.1 * 2 / 3))
    assert close(one.golds.pairs[0, 1], 1 - (1 - 0.5 / 8) * (2 / 3) / (0.9 * 2 / 3 + 0.1))
    assert np.isnan(np.diag(one.golds.pairs)).all()


def test_missing_outputs_leave_the_user_out_and_are_counted() -> None:
    item = Item("d", "A long walk by the sea.", ("a", "b", "c"), ("sea air", "long walk", None),
                {"m": ("sea breeze", "a walk", "sand"), "n": ("sea breeze", None, "sand")})  # fmt: skip
    documents = measure_distances([item], text_distance("jsd"))
    scores = score_model(documents, "m")
    assert scores.documents[0].users == ("a", "b") and scores.missing == {"user": 1}
    other = score_model(documents, "n")
    assert other.documents == () and other.missing == {"user": 2, "document": 1}
    with pytest.raises(UsageError, match="no document has an output of 'x'"):
        score_model(documents, "x")


def test_a_missing_distance_from_the_gold_is_1_only_as_published() -> None:
    users = ("a", "b", "c")
    gap = DocumentDistances(
        "d1", users, D1.golds, {"m": source_distances(users, symmetric({"ab": 0.3, "ac": 0.5, "bc": 0.2}), {"a": 0.6, "b": 0.6, "c": 0.8}, {"a": 0.2, "b": 0.3})}
    )  # fmt: skip
    right = score_model([gap], "m")
    assert right.documents[0].users == ("a", "b") and right.missing == {"user": 1}
    published = score_model([gap], "m", as_published={"missing-as-one"})
    assert published.documents[0].accuracy.tolist() == [0.2, 0.3, 1.0] and published.missing == {"filled": 1}
    with pytest.raises(UsageError, match="no erratum"):
        score_model([gap], "m", as_published={"other"})


def test_a_distance_beyond_1_from_the_gold_is_refused() -> None:
    wide = document("d", {"ab": 3.0}, same(2.0, "ab"), {"ab": 2.0}, same(2.0, "ab"), {"a": 0.5, "b": 1.5})
    with pytest.raises(InvalidInput, match="document d, model m: expected distances of at most 1"):
        score_model([wide], "m")
    with pytest.raises(InvalidInput, match="at least 0"):
        document("d", {"ab": -0.1}, same(1.0, "ab"), {"ab": 0.1}, same(1.0, "ab"), same(0.1, "ab"))


def test_all_users_served_equally_well_are_not_penalised_for_it() -> None:
    even = score_model([D2], "m").documents[0]
    assert np.allclose(even.acp, 1 / (1 + 1e4))


def test_documents_survive_their_file(tmp_path: Path) -> None:
    items = example_items()
    assert read_items(write_items(items, tmp_path / "d.jsonl")) == items


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"doc_id": None}, "field 'doc_id'"),
        ({"doc_text": 3}, "field 'doc_text'"),
        ({"doc_text": "a" * 400_001}, "field 'doc_text': expected at most 400,000 characters"),
        ({"m_summary_dict": {}}, "field 'm_summary_dict'"),
        ({"m_summary_dict": {"a": "text"}}, "field 'm_summary_dict.a'"),
        ({"m_summary_dict": {"a": {"user": 1}}}, "field 'm_summary_dict.a.user'"),
    ],
)
def test_a_broken_document_names_file_line_and_field(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "d.jsonl"
    good = example_items()[0].to_dict()
    path.write_text(json.dumps(good) + "\n" + json.dumps({**good, "doc_id": "x", **change}) + "\n")
    with pytest.raises(InvalidInput, match=rf"d\.jsonl:2: {message}"):
        read_items(path)


def test_a_document_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    line = json.dumps(example_items()[0].to_dict())
    path.write_text(f"{line}\n{line}\n")
    with pytest.raises(InvalidInput, match=r"d\.jsonl:2: field 'doc_id'"):
        read_items(path)


@pytest.mark.parametrize(
    ("table", "line", "message"),
    [
        ("sum_doc_distances.csv", "bridge,generic,baker", "expected 4 cells"),
        ("sum_doc_distances.csv", "bridge,generic,baker,0.5", "a row that no line before it has"),
        ("sum_user_distances.csv", "bridge,other,baker,nan", "field 'score'"),
        ("sum_user_distances.csv", "bridge,other,baker,-1", "field 'score'"),
        ("sum_sum_doc_distances.csv", "bridge,other,baker,baker,0.5", "two different users"),
        ("sum_doc_distances.csv", "new,other,baker,0.5", "rows of 'user' for document new"),
    ],
)
def test_broken_tables_name_file_line_and_field(tmp_path: Path, table: str, line: str, message: str) -> None:
    write_distances(example_items(), text_distance("jsd"), tmp_path)
    with (tmp_path / table).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(InvalidInput, match=message):
        read_distances(tmp_path)


def test_a_folder_without_tables(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="a folder of distances holds"):
        read_distances(tmp_path)


def test_score_tables_are_written_and_read(tmp_path: Path) -> None:
    row = Stability("m", {100: 0.5, 80: 0.4, 60: 0.5, 40: 0.6, 20: 0.5})
    path = write_scores([row.as_row()], tmp_path / "scores.csv")
    assert path.read_text().split("\n")[0] == "models,100,80,60,40,20,bias,variance"
    assert read_scores(path)["m"]["bias"] == row.spread
    path.write_text("models,100\nm,much\n")
    with pytest.raises(InvalidInput, match=r"scores\.csv:2: field '100'"):
        read_scores(path)
    path.write_text("name,100\nm,1\n")
    with pytest.raises(InvalidInput, match="a column 'models'"):
        read_scores(path)


texts = st.text("ab xy", max_size=12)


@given(st.lists(st.tuples(texts, texts), min_size=2, max_size=4), st.sampled_from(["jsd", "rouge_su4", "rouge_l"]))
def test_any_texts_give_scores_within_bounds(rows: Sequence[tuple[str, str]], name: str) -> None:
    users = tuple(f"u{k}" for k in range(len(rows)))
    item = Item("d", "a b x", users, tuple(a for a, _ in rows), {"m": tuple(b for _, b in rows)})
    scores: ModelScores = score_model(measure_distances([item], text_distance(name, "blank")), "m")
    assert scores.perseval is not None and scores.degress is not None
    assert 0 <= scores.perseval <= scores.degress + 1e-7 <= 1 + 1e-7


def test_the_row_is_ready_for_the_catalogue() -> None:
    folder = Path(__file__).resolve().parents[2] / "src" / "personarium" / "catalog"
    row = read_row((folder / "perseval.toml").read_text(), "perseval.toml")
    assert {erratum.id for erratum in row.errata} == {"missing-as-one", "contiguous-5-grams"}
