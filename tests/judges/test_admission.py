"""What is known of a judge: measured, or plainly nothing."""

from __future__ import annotations

import json

import pytest

from personarium.core.errors import InvalidInput
from personarium.judges import (
    AdmissionRecord,
    Grade,
    Preference,
    admission_of,
    agreement_report,
    certainty_calibration,
    position_bias,
    unmeasured,
)
from personarium.judges.verdicts import Order, preference_of


def preference(first: str, second: str, certainty: int | None = None) -> Preference:
    """What was said with A first and with B first, in the caller's letters."""
    stated = () if certainty is None else (certainty,)
    return preference_of([Order("AB", (first,), (), stated), Order("BA", (second,), (), stated)])  # type: ignore[arg-type]


def test_an_empty_record_says_not_admitted() -> None:
    record = unmeasured("some-model", "prometheus")
    assert not record.admitted
    assert "not admitted" in record.statement
    assert admission_of("some-model", "prometheus") == record
    assert AdmissionRecord.from_dict(json.loads(json.dumps(record.as_dict()))) == record


def test_a_measured_record_states_figures_with_their_intervals() -> None:
    grades = [Grade(float(k), (float(k),), with_reference=True) for k in (1, 2, 3, 4, 5, 5)]
    report = agreement_report(grades, [1, 2, 3, 4, 5, 4], ["a b"] * 6, judge="judge/x", parameters={"temperature": 1.0})
    bias = position_bias([preference("A", "A"), preference("A", "B"), preference("B", "B")])
    record = admission_of("x", "prometheus", report, bias, certainty_calibration([preference("A", "A", 90)], ["A"]))
    assert record.admitted
    assert (record.n, record.against) == (6, "human")
    assert "pearson 0.9" in record.statement
    assert "[" in record.statement
    assert record.position_bias is not None
    assert record.parameters == {"temperature": 1.0}
    assert AdmissionRecord.from_dict(json.loads(json.dumps(record.as_dict()))) == record


def test_agreement_without_a_common_item_admits_nobody() -> None:
    report = agreement_report([Grade(None, (None,))], [3.0], ["a"])
    assert not admission_of("x", "prometheus", report).admitted


def test_a_record_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput, match="record 4"):
        AdmissionRecord.from_dict({"model": "x"}, "record 4")


def test_position_bias_counts_places_not_letters() -> None:
    found = position_bias([preference("A", "B")] * 9 + [preference("A", "A")])
    assert found.first_wins.value == pytest.approx(19 / 20)
    assert found.same_place.value == pytest.approx(0.9)
    assert found.consistent.value == pytest.approx(0.1)
    assert found.flagged
    assert not position_bias([preference("A", "A"), preference("B", "B")] * 20).flagged
    assert not position_bias([]).flagged


def test_one_order_alone_shows_no_liking_for_a_place() -> None:
    one = preference_of([Order("AB", ("A",))])
    found = position_bias([one] * 30)
    assert (found.balanced, found.flagged) == (False, False)
    assert admission_of("x", "y", position=found).position_bias is None


def test_stated_certainty_is_compared_with_being_right() -> None:
    sure_and_half_right = [preference("A", "A", 90)] * 20
    found = certainty_calibration(sure_and_half_right, ["A", "B"] * 10)
    assert found["accuracy"].value == 0.5
    assert found["ece"].value == pytest.approx(0.4)
    assert found["brier"].value == pytest.approx(0.5 * 0.01 + 0.5 * 0.81)
    assert found["mean_confidence"].value == pytest.approx(0.9)
    silent = certainty_calibration([preference("A", "A")], ["A"])
    assert silent["ece"].value is None
    assert list(silent) == ["ece", "brier", "accuracy", "mean_confidence"]
    assert all(estimate.failures == {"missing": 1} for estimate in silent.values())
    page = [preference("A", "A", sure) for sure in (95, 95, 85, 85, 65, 65)]  # reward-calibration.md, 4
    worked = certainty_calibration(page, ["A", "B", "A", "B", "A", "A"])
    assert [worked[name].value for name in ("ece", "brier", "accuracy", "mean_confidence")] == pytest.approx(
        [0.383333, 0.315833, 0.666667, 0.816667], abs=1e-6
    )
    assert worked["accuracy"].unit == "item"
    with pytest.raises(InvalidInput):
        certainty_calibration(sure_and_half_right, ["A"])
