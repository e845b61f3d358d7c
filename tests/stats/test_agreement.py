"""Kappa, alpha and pairwise accuracy, against the figures of the pages."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput
from personarium.stats import cohens_kappa, krippendorff_alpha, pairwise_accuracy


def test_kappa_of_persona_paradox() -> None:
    found = cohens_kappa((1, 1, 1, 0, 0, 1, 0, 1, 1, 0), (1, 1, 0, 0, 0, 1, 1, 1, 1, 0))
    assert found.value == pytest.approx(0.58333, abs=5e-6)
    assert found.lo is not None and found.hi is not None and found.lo < found.value < found.hi


def test_weighted_kappa_of_esc_eval() -> None:
    truth, rater = [3, 3, 2, 4, 1, 0, 2, 3], [3, 2, 2, 4, 2, 0, 4, 3]
    assert cohens_kappa(truth, rater, labels=range(5), weights="quadratic").value == pytest.approx(0.75)
    assert cohens_kappa(truth, [3] * 8, labels=range(5)).value == pytest.approx(0)


def test_kappa_of_psyplay_and_of_raters_who_say_one_thing() -> None:
    assert cohens_kappa("HHHHHLLLLL", "HHHHLLLLLU").value == pytest.approx(0.6364, abs=5e-5)
    assert cohens_kappa("HHHLL", "HHHLL").value == 1
    one = cohens_kappa("HHH", "HHH")
    assert one.value is None and "not defined" in one.method
    gaps = cohens_kappa(["H", None, "L"], ["H", "L", "L"])
    assert (gaps.n, gaps.failures) == (2, {"missing": 1})
    with pytest.raises(InvalidInput, match="labels"):
        cohens_kappa("HX", "HH", labels="HL")


def test_krippendorff_alpha_of_personax() -> None:
    raters: list[list[float | None]] = [[1, 2, 3, 3, 2, 1], [1, 2, 3, 3, 2, 2], [None, 3, 3, 2, 2, 1]]
    interval = krippendorff_alpha(raters, "interval")
    assert interval.value == pytest.approx(0.7108, abs=5e-5)
    assert interval.failures == {"missing": 1}
    assert krippendorff_alpha(raters, "nominal").value == pytest.approx(0.4894, abs=5e-5)
    kept = [[0 if value is None else value for value in row] for row in raters]
    assert krippendorff_alpha(kept, "interval").value == pytest.approx(0.7302, abs=5e-5)
    assert krippendorff_alpha(kept, "nominal").value == pytest.approx(0.3874, abs=5e-5)


def test_krippendorff_alpha_of_the_authors_example() -> None:
    """Krippendorff (2011), section D: four observers, twelve units; nominal .743, ordinal .815, interval .849."""
    n = None
    raters = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, n, n, n],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, n, 3],
        [n, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, n],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, n],
    ]
    for level, value in (("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)):
        found = krippendorff_alpha(raters, level)  # type: ignore[arg-type]
        assert found.value == pytest.approx(value, abs=5e-4)
    assert (found.n, found.failures["unpaired"]) == (11, 1)


def test_krippendorff_alpha_at_its_ends() -> None:
    assert krippendorff_alpha([[1, 2, 3], [1, 2, 3]], "interval").value == pytest.approx(1)
    assert krippendorff_alpha([[2, 2], [2, 2]], "nominal").value is None
    assert krippendorff_alpha([[1, 2]], "nominal").value is None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from([1.0, 2.0, 3.0, None]), min_size=3, max_size=3), min_size=2, max_size=8))
def test_alpha_does_not_depend_on_the_order_of_raters_or_on_names_of_nominal_labels(
    items: list[list[float | None]],
) -> None:
    table = list(zip(*items))
    first = krippendorff_alpha(table, "nominal", draws=10).value
    again = krippendorff_alpha(table[::-1], "nominal", draws=10).value
    renamed = [[None if x is None else 10 - x * x for x in row] for row in table]
    named = krippendorff_alpha(renamed, "nominal", draws=10).value
    assert (first is None) == (again is None) == (named is None)
    if first is not None:
        assert first == pytest.approx(again) and first == pytest.approx(named) and first <= 1 + 1e-12


def test_prometheus_7_pairwise_accuracy_and_ties() -> None:
    chosen, rejected = [5, 4, 2], [3, 4, 3]
    assert pairwise_accuracy(chosen, rejected, tie="half").value == pytest.approx(0.5)
    assert pairwise_accuracy(chosen, rejected, tie="wrong").value == pytest.approx(0.3333, abs=5e-5)
    undecided = pairwise_accuracy(chosen, rejected, tie="undecided")
    assert (undecided.value, undecided.n, undecided.failures) == (0.5, 2, {"undecided": 1})


def test_equal_scores_are_right_on_items_labelled_tie() -> None:
    found = pairwise_accuracy([4, 4, 1, None], [4, 2, 3, 1], gold=["tie", "tie", "b", "a"], tie="wrong")
    assert (found.value, found.n, found.failures) == (pytest.approx(2 / 3), 3, {"missing": 1})
    with pytest.raises(InvalidInput, match="gold"):
        pairwise_accuracy([1], [2], gold=["c"])  # type: ignore[list-item]
