"""PersonaX: every statement of the page's "Works when", with its literals; then the traps, and what the command makes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from personarium.core import Persona, Population
from personarium.core.errors import InvalidInput, UsageError
from personarium.core.persona import Flags
from personarium.make.makers import MakeRequest
from personarium.make.personax import (
    MAKER,
    PersonaxConfig,
    Pooled,
    audit_ratings,
    pool_scores,
    rate_personas,
    rater_agreement,
)
from personarium.make.personax.method import RATE, example_personas, rating_inputs
from personarium.measure.personax import (
    Audit,
    AuditConfig,
    audit_sections,
    audit_summary,
    dependency_audit,
    read_table,
    score_latents,
)
from personarium.measure.personax.audit import ERRATA, TESTS, fold_half_points
from personarium.models import ScriptedModel, open_model
from personarium.report import section_from_dict
from personarium.runs import Run
from personarium.stats.independence import Association, Variable, chi_square, g_test, hsic

TABLE = [[30, 10], [20, 40]]
TRAITS = ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")


# ------------------------------------------------------------------------------------------------ works when


def test_w1_pooling() -> None:
    assert pool_scores([3, 2, 0]) == Pooled(2.5, support=2, abstained=1)
    assert pool_scores([3, 3, 1]) == Pooled(3.0, support=3)
    assert pool_scores([0, 0, 0]) == Pooled(None, support=0, abstained=3)
    assert pool_scores([0, 0, 2]) == Pooled(2.0, support=1, abstained=2)
    assert pool_scores([4, 3, 1]) == Pooled(2.0, support=2, rejected=1)  # not clipped to 3
    assert pool_scores([2.5, 3, 3]) == Pooled(3.0, support=2, rejected=1)  # not rounded
    assert pool_scores([-1, "high", None]) == Pooled(None, support=0, rejected=2, missing=1)


async def test_w1_a_rater_that_gives_4_or_two_and_a_half_is_rejected_and_counted() -> None:
    replies = [
        reply(openness=4, extraversion=2.5),
        reply(openness=3, extraversion=3),
        reply(openness=2, extraversion=1),
    ]
    rated = await rate_personas(example_personas()[:1], [says(text, k) for k, text in enumerate(replies)])
    row = rated.rows()[0]
    assert (row["scores"]["openness"], row["support"]["openness"], row["rejected"]["openness"]) == (2.5, 2, 1)
    assert (row["scores"]["extraversion"], row["rejected"]["extraversion"]) == (2.0, 1)
    assert (row["scores"]["neuroticism"], row["support"]["neuroticism"]) == (2.0, 3)  # the reply's other scores count
    assert row["failures"] == {"unparsed": 2}


def test_w2_chi_square_and_g_of_the_worked_table() -> None:
    plain, corrected, g = chi_square(TABLE), chi_square(TABLE, correction=True), g_test(TABLE)
    assert (round(plain.statistic, 4), f"{plain.p:.2e}") == (16.6667, "4.46e-05")
    assert (round(corrected.statistic, 4), f"{corrected.p:.2e}") == (15.0417, "1.05e-04")
    assert (round(g.statistic, 4), f"{g.p:.2e}") == (17.2609, "3.26e-05")
    assert [t.df for t in (plain, corrected, g)] == [1, 1, 1]
    assert [round(t.effect.value, 4) for t in (plain, corrected, g)] == [0.4082, 0.4082, 0.4082]


@pytest.mark.parametrize("test", TESTS)
def test_w2_a_variable_with_one_level_is_not_testable_and_never_p_zero(test: str) -> None:
    table = {"openness": [1, 2, 3] * 20, "planet": ["Earth"] * 60}
    audit = dependency_audit(table, ["openness"], ["planet"], AuditConfig(tests=(test,), permutations=99))
    cell = audit.cell("openness", "planet", test)
    assert (cell.status, cell.p, cell.corrected, audit.dependent(cell)) == ("not testable", None, None, None)
    assert audit.estimate.failures == {"not testable": 1}
    assert audit.matrix(test) == [[None]]


def test_w3_hsic_of_the_worked_samples() -> None:
    squares = hsic([0, 1, 2, 3], [0, 1, 4, 9], permutations=0)
    assert squares.widths == (1.5, 4.5)
    assert squares.statistic == pytest.approx(0.069019, abs=5e-7)
    assert hsic([0, 1, 2, 3], [1, 9, 0, 4], permutations=0).statistic == pytest.approx(0.010398, abs=5e-7)
    for names in (["a", "a", "b", "b"], ["b", "b", "a", "a"], ["z", "z", "1", "1"]):
        assert hsic(names, [0, 1, 2, 3], permutations=0).statistic == pytest.approx(0.115199, abs=5e-7)


def test_w4_error_rates_of_chi_square_and_g() -> None:
    rng = np.random.default_rng(4)
    tables = [np.histogram2d(rng.integers(0, 3, 200), rng.integers(0, 4, 200), bins=(3, 4))[0] for _ in range(1_000)]
    for test in (chi_square, g_test):
        assert 0.03 <= np.mean([test(t).p <= 0.05 for t in tables]) <= 0.08


def test_w4_error_rate_and_power_of_hsic() -> None:
    rng = np.random.default_rng(40)
    drawn = [hsic(rng.normal(size=100), rng.normal(size=100), 99, seed=k).p for k in range(400)]
    assert 0.02 <= np.mean([p <= 0.05 for p in drawn]) <= 0.08
    x = rng.uniform(-1, 1, 200)
    y = x**2 + rng.normal(0, 0.1, 200)
    assert abs(stats.pearsonr(x, y).statistic) < 0.25
    assert hsic(x, y, 199).p == pytest.approx(0.005)


VARIABLES = ("gender", "occupation", "league", "brows", "month", "age", "height", "latitude")


def subjects(rng: np.random.Generator, n: int = 600) -> dict[str, list[Any]]:
    """Eight variables that have nothing to do with each other: four of categories, one of codes, three of numbers."""
    return {
        "gender": rng.choice(["f", "m"], n).tolist(),
        "occupation": rng.choice(["actor", "singer", "chef", "writer", "host", "model"], n).tolist(),
        "league": rng.choice(["north", "south", "east", "west"], n).tolist(),
        "brows": rng.choice([True, False], n).tolist(),
        "month": rng.integers(1, 13, n).tolist(),
        "age": rng.integers(18, 80, n).tolist(),
        "height": rng.normal(172, 9, n).tolist(),
        "latitude": rng.uniform(-60, 70, n).tolist(),
    }


def copies_gender(rng: np.random.Generator, table: Mapping[str, list[Any]]) -> list[int]:
    """One level higher for one gender; 20 % of the scores redrawn at random."""
    n = len(table["gender"])
    copied = rng.integers(1, 3, n) + (np.array(table["gender"]) == "f")
    return np.where(rng.random(n) < 0.2, rng.integers(1, 4, n), copied).tolist()


def check_the_leak(audit: Audit, tests: Sequence[str]) -> None:
    for test in tests:
        corrected = {v: audit.cell("openness", v, test).corrected for v in VARIABLES}
        assert corrected.pop("gender") < 0.001
        assert all(q > 0.001 for q in corrected.values() if q is not None)


def test_w5_a_trait_that_copies_gender_is_found_and_nothing_else() -> None:
    rng = np.random.default_rng(51)
    table = subjects(rng)
    table["openness"] = copies_gender(rng, table)
    tests = ("chi_square", "g", "kci", "rcit")
    audit = dependency_audit(table, ["openness"], VARIABLES, AuditConfig(tests=tests, categorical=("month",)))
    check_the_leak(audit, tests)
    assert audit.findings[0].variable == "gender"
    assert audit.findings[0].effect > 0.3


@pytest.mark.slow
def test_w5_the_same_by_permutations() -> None:
    """HSIC's p-values have a floor; 19,999 permutations put it below 0.001 after the correction."""
    rng = np.random.default_rng(51)
    table = subjects(rng)
    table["openness"] = copies_gender(rng, table)
    check_the_leak(
        dependency_audit(table, ["openness"], VARIABLES, AuditConfig(permutations=19_999, categorical=("month",))),
        ("chi_square", "g", "hsic"),
    )


def null_audits(sets: int, config: AuditConfig) -> list[Audit]:
    found = []
    for k in range(sets):
        rng = np.random.default_rng([5, k])
        table = subjects(rng)
        table |= {trait: rng.integers(1, 4, 600).tolist() for trait in TRAITS}
        found.append(dependency_audit(table, TRAITS, VARIABLES, config))
    return found


def check_null(audits: Sequence[Audit]) -> None:
    for test in audits[0].tests:
        raw = [c.p for a in audits for c in a.cells if c.test == test and c.p is not None]
        assert 0.03 <= np.mean(np.array(raw) <= 0.05) <= 0.07, test
    assert sum(bool(a.findings) for a in audits) <= 5


def test_w5_random_traits_give_no_more_findings_than_chance() -> None:
    check_null(null_audits(25, AuditConfig(tests=("chi_square", "g", "rcit"), categorical=("month",))))


@pytest.mark.slow
def test_w5_random_traits_with_all_five_tests() -> None:
    check_null(null_audits(25, AuditConfig(tests=TESTS, permutations=499, categorical=("month",))))


def test_w5_a_test_that_fails_is_listed_as_failed() -> None:
    def breaks(x: Variable, y: Variable, seed: int) -> Association:
        raise np.linalg.LinAlgError("the matrix is singular")

    table = subjects(np.random.default_rng(1)) | {"openness": [1, 2, 3] * 200}
    audit = dependency_audit(
        table, ["openness"], ["gender", "age"], AuditConfig(tests=("g",)), more_tests={"mine": breaks}
    )
    cell = audit.cell("openness", "gender", "mine")
    assert (cell.status, cell.p, audit.dependent(cell)) == ("failed", None, None)
    assert [f.kind for f in audit.failures] == ["error", "error"]
    assert audit.estimate.failures == {"failed": 2}
    listed = audit_sections(audit)[-1]
    assert listed["rows"][0] == ["openness", "gender", "mine", "failed", "LinAlgError: the matrix is singular"]


def test_w6_rater_agreement() -> None:
    scores = {"one": [1, 2, 3, 3, 2, 1], "two": [1, 2, 3, 3, 2, 2], "three": [0, 3, 3, 2, 2, 1]}
    interval, abstentions = rater_agreement(scores)
    assert round(interval.value, 4) == 0.7108
    assert round(rater_agreement(scores, "nominal")[0].value, 4) == 0.4894
    assert {rater: rate.value for rater, rate in abstentions.items()} == {
        "one": 0,
        "two": 0,
        "three": pytest.approx(1 / 6),
    }
    assert rater_agreement({"one": [1, 2, 3], "two": [1, 2, 3]})[0].value == 1


def test_w6_the_zero_kept_as_a_score_would_give_other_figures() -> None:
    from personarium.stats import krippendorff_alpha

    raw = [[1, 2, 3, 3, 2, 1], [1, 2, 3, 3, 2, 2], [0, 3, 3, 2, 2, 1]]
    assert round(krippendorff_alpha(raw, "interval").value, 4) == 0.7302
    assert round(krippendorff_alpha(raw, "nominal").value, 4) == 0.3874


def test_w7_mean_correlation_coefficient() -> None:
    rng = np.random.default_rng(7)
    z = rng.normal(size=(2_000, 5))
    order = [3, 0, 4, 1, 2]
    copy = score_latents(z, z[:, order] * [1, -1, 1, -1, -1])
    assert copy.mcc == pytest.approx(1)
    assert [order[k] for k in copy.matching] == [0, 1, 2, 3, 4]
    two = z[:, :2]
    turned = score_latents(two, two @ np.array([[1, -1], [1, 1]]) / np.sqrt(2))
    assert turned.mcc == pytest.approx(0.71, abs=0.03)
    assert turned.r2 == pytest.approx(1)
    noise = score_latents(z, rng.normal(size=(2_000, 5)))
    assert noise.mcc < 0.1
    assert noise.r2 < 0.02


# ------------------------------------------------------------------------------------------------ errata


def test_erratum_a_failure_of_rcit_is_stored_as_dependent_only_as_published() -> None:
    table = {"openness": [1, 2, 3] * 20, "planet": ["Earth"] * 60}
    config = AuditConfig(tests=("rcit", "kci"))
    right = dependency_audit(table, ["openness"], ["planet"], config)
    published = dependency_audit(table, ["openness"], ["planet"], config, as_published={"rcit-failure-zero"})
    assert (right.matrix("rcit"), right.matrix("rcit", "dependent")) == ([[None]], [[None]])
    assert (published.matrix("rcit"), published.matrix("rcit", "dependent")) == ([[0.0]], [[1]])
    assert published.matrix("kci") == [[None]]


def test_erratum_kernel_tests_depend_on_the_order_of_codes_only_as_published() -> None:
    """Middle category high, the two others low: the order in which they appear decides what the published test sees."""
    rng = np.random.default_rng(12)
    league = rng.choice(["north", "south", "east"], 90).tolist()
    scores = [3 if name == "south" and rng.random() < 0.5 else int(rng.integers(1, 4)) for name in league]
    orders = [sorted(range(90), key=lambda k, first=first: league[k] != first) for first in ("north", "south")]

    def effects(as_published: Any) -> list[float]:
        config = AuditConfig(tests=("hsic", "kci", "rcit"), permutations=9)
        tables = [{"e": [scores[k] for k in order], "league": [league[k] for k in order]} for order in orders]
        audits = [dependency_audit(t, ["e"], ["league"], config, as_published=as_published) for t in tables]
        return [a.cell("e", "league", "hsic").association.statistic for a in audits]

    right, published = effects(False), effects({"integer-coded-categories"})
    assert right[0] == pytest.approx(right[1])
    assert published[0] != pytest.approx(published[1])


def test_erratum_no_correction_for_many_tests_only_as_published() -> None:
    rng = np.random.default_rng(77)
    table = subjects(rng) | {trait: rng.integers(1, 4, 600).tolist() for trait in TRAITS}
    config = AuditConfig(tests=("chi_square", "g", "kci", "rcit"))
    right = dependency_audit(table, TRAITS, VARIABLES, config)
    published = dependency_audit(table, TRAITS, VARIABLES, config, as_published={"no-correction"})
    assert len(right.findings) == 0
    assert len(published.findings) >= 4  # of 130 tests of nothing
    assert [c.corrected for c in published.cells] == [c.p for c in published.cells]


def test_erratum_half_points_are_categories_only_as_published() -> None:
    scores = [1, 1.5, 2, 2.5, 3] * 40
    table = {"openness": scores, "gender": ["f", "m", "m"] * 66 + ["f", "f"]}
    config = AuditConfig(tests=("chi_square",))
    right = dependency_audit(table, ["openness"], ["gender"], config)
    published = dependency_audit(table, ["openness"], ["gender"], config, as_published={"half-points-as-categories"})
    assert right.cells[0].association.df == 2  # 1, 2, 3
    assert published.cells[0].association.df == 4  # 1, 1.5, 2, 2.5, 3
    assert fold_half_points(np.array([1, 1.5, 2, 2.5, 3]), (1, 3)).tolist() == [1, 2, 2, 2, 3]
    assert fold_half_points(np.array([1.5, 2.5, 3.5, 4.5]), (1, 5)).tolist() == [2, 3, 3, 4]


def test_erratum_zero_means_dependent_only_as_published() -> None:
    table = {"openness": [1, 3] * 30, "gender": ["f", "m"] * 30, "brows": [True, True, False, False] * 15}
    config = AuditConfig(tests=("chi_square",))
    right = dependency_audit(table, ["openness"], ["gender", "brows"], config)
    published = dependency_audit(
        table, ["openness"], ["gender", "brows"], config, as_published={"zero-means-dependent"}
    )
    assert right.matrix("chi_square", "dependent") == [[1, 0]]
    assert published.matrix("chi_square", "dependent") == [[0, 1]]
    assert published.csv("chi_square", "dependent") == ",gender,brows\nopenness,0,1\n"


def test_the_published_audit_as_a_whole_and_an_unknown_erratum() -> None:
    table = {"openness": [1, 3] * 30, "gender": ["f", "m"] * 30}
    whole = dependency_audit(
        table, ["openness"], ["gender"], AuditConfig(tests=TESTS, permutations=9), as_published=True
    )
    assert whole.published == frozenset(ERRATA)
    with pytest.raises(UsageError, match="no erratum 'typo'"):
        dependency_audit(table, ["openness"], ["gender"], as_published={"typo"})


# ------------------------------------------------------------------------------------------------ the audit


def test_rows_with_gaps_are_dropped_by_pair_and_abstentions_are_gaps() -> None:
    table = {"openness": [0, 1, 2, 3, None] * 20, "gender": ["f", "m", None, "m", "f"] * 20, "age": [*range(20, 120)]}
    audit = dependency_audit(table, ["openness"], ["gender", "age"], AuditConfig(tests=("hsic",), abstention=0))
    assert [c.n for c in audit.cells] == [40, 60]
    kept = dependency_audit(table, ["openness"], ["gender"], AuditConfig(tests=("hsic",)))
    assert kept.cells[0].n == 60
    assert "scores of 0 in openness" in kept.notes[0]


def test_tables_of_counts_need_discrete_variables_and_enough_rows() -> None:
    rng = np.random.default_rng(2)
    table = {
        "openness": rng.integers(1, 4, 60).tolist(),
        "height": rng.normal(size=60).tolist(),
        "id": [*map(str, range(60))],
    }
    audit = dependency_audit(table, ["openness"], ["height", "id"], AuditConfig(tests=("chi_square",)))
    assert [c.status for c in audit.cells] == ["not applicable", "not testable"]
    assert audit.cells[0].reason == "'height' has 60 different numbers; a table of counts takes 20"
    assert audit.cells[1].reason == "60 rows for a table of 3 x 60 cells"
    few = dependency_audit({"o": [1, 2, 3], "g": ["f", "m", "f"]}, ["o"], ["g"], AuditConfig(tests=("g",)))
    assert few.cells[0].reason == "3 complete rows; at least 10 are needed"


def test_codes_that_are_called_categorical_and_a_note_where_they_are_not() -> None:
    rng = np.random.default_rng(3)
    table = {"openness": rng.integers(1, 4, 60).tolist(), "job": rng.integers(0, 4, 60).tolist()}
    config = AuditConfig(tests=("kci",))
    assert "'job' has 4 different whole numbers" in dependency_audit(table, ["openness"], ["job"], config).notes[0]
    named = dependency_audit(table, ["openness"], ["job"], AuditConfig(tests=("kci",), categorical=("job",)))
    assert named.notes == ()
    as_text = {**table, "job": [str(k) for k in table["job"]]}
    assert named.cells[0].p == dependency_audit(as_text, ["openness"], ["job"], config).cells[0].p


def test_other_columns_and_tests_change_no_p_value() -> None:
    rng = np.random.default_rng(4)
    table = subjects(rng, 80) | {"openness": rng.integers(1, 4, 80).tolist()}
    one = dependency_audit(table, ["openness"], ["age"], AuditConfig(tests=("hsic",), permutations=99))
    many = dependency_audit(table, ["openness"], ["gender", "age"], AuditConfig(tests=TESTS, permutations=99))
    assert many.cell("openness", "age", "hsic").p == one.cell("openness", "age", "hsic").p


def test_permutations_grow_with_the_number_of_tests_and_a_note_says_when_they_are_too_few() -> None:
    table = {"o": [1, 2, 3] * 10, "g": ["f", "m"] * 15, **{f"v{k}": list(range(30)) for k in range(60)}}
    several = dependency_audit(table, ["o"], ["g", *(f"v{k}" for k in range(60))], AuditConfig(tests=("hsic",)))
    assert several.settings["permutations"] == 1219  # 61 tests / 0.05 - 1
    assert several.notes == ()
    few = dependency_audit(table, ["o"], ["g"], AuditConfig(tests=("hsic",), permutations=9))
    assert "With 9 permutations a lone finding of HSIC cannot survive" in few.notes[0]


@pytest.mark.parametrize(
    ("traits", "variables", "options", "error"),
    [
        (["o"], ["height"], {}, "a column 'height'"),
        (["o"], [], {}, "at least one variable"),
        (["o"], ["o"], {}, "named twice"),
        (["g"], ["o"], {}, "the scores of a trait"),
        (["o"], ["g"], {"tests": ("t",)}, "no test 't'"),
        (["o"], ["g"], {"categorical": ("x",)}, "'x' is called categorical"),
        (["o"], ["g"], {"correction": "luck"}, "no correction 'luck'"),
        (["o"], ["g"], {"alpha": 0}, "alpha must lie"),
        (["o"], ["g"], {"scale": (3, 1)}, "the scale must rise"),
        (["o"], ["bad"], {}, "row 2: field 'bad'"),
    ],
)
def test_what_an_audit_refuses(traits: list[str], variables: list[str], options: dict[str, Any], error: str) -> None:
    table = {"o": [1, 2, 3], "g": ["f", "m", "f"], "bad": [1, 10**400, 2]}
    with pytest.raises((UsageError, InvalidInput), match=error):
        dependency_audit(table, traits, variables, AuditConfig(**options))


def test_the_report_has_the_sections_of_its_schema_and_says_what_it_may_not_be_used_for() -> None:
    rng = np.random.default_rng(51)
    table = subjects(rng) | {"planet": ["Earth"] * 600}
    table["openness"] = copies_gender(rng, table)
    audit = dependency_audit(table, ["openness"], [*VARIABLES, "planet"], AuditConfig(tests=("chi_square", "kci")))
    sections = audit_sections(audit)
    for section in sections:
        section_from_dict(section)
    assert [s["kind"] for s in sections] == ["note", "bars", *["table"] * 7]
    assert "Do not use it to profile people" in sections[0]["text"]
    assert "effects from about V = 0.08" in sections[0]["text"]
    assert sections[1]["rows"][0]["label"].startswith("openness x gender")
    assert ["openness", "planet", "KCI", "not testable", "a variable has fewer than two levels"] in sections[-1]["rows"]
    json.dumps(audit_summary(audit, "people.csv"), allow_nan=False)


# ------------------------------------------------------------------------------------------------ tables


def test_a_table_of_lists_is_refused() -> None:
    nested = {"o": [1, 2], "g": [["f"], "m"]}
    with pytest.raises(InvalidInput, match="row 1"):
        dependency_audit(nested, ["o"], ["g"])


# ------------------------------------------------------------------------------------------------ rating


def reply(**scores: Any) -> str:
    return json.dumps({t: {"reason": "It shows in the facts.", "score": scores.get(t, 2)} for t in TRAITS})


def says(text: str, number: int = 0) -> ScriptedModel:
    return ScriptedModel(lambda messages, sampling: text, name=f"rater-{number}")


async def test_the_prompt_shows_the_facts_and_neither_hidden_ones_nor_earlier_ratings() -> None:
    person = Persona.from_row({"id": "p", "name": "Odo Quill", "occupation": "beekeeper", "gender": "male"})
    rated = (await rate_personas([person], [says(reply(openness=3))])).personas()[0]
    assert (rated.value("traits.openness"), rated.facet("traits.openness").source) == (3.0, "inferred")
    shown = rating_inputs(rated, PersonaxConfig(hide=("gender", "name")))["facts"]
    assert shown == "occupation: beekeeper"
    again = (await rate_personas([rated], [says(reply(openness=1))])).personas()[0]
    assert [f.value for f in again.facets if f.path == "traits.openness"] == [1.0]


async def test_scores_in_other_clothes_are_read_and_a_reply_without_scores_is_a_failure() -> None:
    bare = 'My ratings:\n```json\n{"Openness": "3", "neuroticism": {"score": 0, "reason": "Nothing said."}}\n```'
    rated = await rate_personas(
        example_personas()[:1], [says(bare, 0), says("I would rather not say.", 1), says("", 2)]
    )
    one, two, three = rated.ratings[0]
    assert (one.scores["openness"], one.scores["neuroticism"], one.scores["extraversion"]) == (3, 0, None)
    assert two.failure is not None
    assert three.failure.kind == "empty"
    row = rated.rows()[0]
    assert row["scores"]["openness"] == 3.0
    assert row["scores"]["neuroticism"] is None
    assert row["failures"] == {"empty": 1, "missing": 3, two.failure.kind: 1}


async def test_a_person_who_is_flagged_as_real_is_not_rated() -> None:
    made, real = example_personas()[:2]
    asked = says(reply())
    rated = await rate_personas([made, Persona(id="real", facets=real.facets, flags=Flags(real_person=True))], [asked])
    assert [p.id for p in rated.subjects] == [made.id]
    assert [(f.where, f.reason) for f in rated.left_out] == [("real", "a real person is not rated")]


async def test_the_same_model_twice_is_two_raters_with_their_own_draws() -> None:
    model = open_model("simulated:seed=3")
    rated = await rate_personas(example_personas()[:2], [model, model])
    assert rated.raters == (model.name, f"{model.name} #2")


async def test_agreement_and_abstentions_of_each_rater_are_reported() -> None:
    first = says(reply(openness=0), 0)
    rated = await rate_personas(example_personas()[:4], [first, says(reply(), 1)])
    estimates = rated.estimates()
    assert estimates["abstentions, rater-0"].value == pytest.approx(1 / 5)
    assert estimates["abstentions, rater-1"].value == 0
    assert estimates["alpha, openness"].value is None  # nobody else to agree with


async def test_ratings_that_follow_gender_are_found_by_the_audit_of_the_ratings() -> None:
    def biased(messages: Any, sampling: Any) -> str:
        return reply(agreeableness=3 if "gender: female" in messages[-1]["content"] else 1)

    rated = await rate_personas(example_personas(), [ScriptedModel(biased, name="biased")])
    audit = audit_ratings(rated, ["gender", "age"], AuditConfig(tests=("chi_square", "kci")))
    assert {(c.trait, c.variable) for c in audit.findings} == {("traits.agreeableness", "gender")}
    assert audit.cell("traits.openness", "gender", "kci").status == "not testable"  # always 2


async def test_bad_settings_and_inputs_of_the_rating() -> None:
    people = example_personas()[:1]
    with pytest.raises(UsageError, match="at least one rater"):
        await rate_personas(people, [])
    with pytest.raises(InvalidInput, match="an id of its own"):
        await rate_personas([*people, *people], [says(reply())])
    for options in ({"traits": {}}, {"traits": {"a b": "x"}}, {"scale": (0, 3)}, {"asks": 0}):
        with pytest.raises(UsageError):
            PersonaxConfig(**options)


async def test_the_prompt_asks_for_a_justification_before_the_score() -> None:
    text = RATE.render(**rating_inputs(example_personas()[0]))[-1]["content"]
    assert '"openness": {"reason": <text>, "score": <0-3>}' in text
    assert "0 says that the facts do not tell" in text


# ------------------------------------------------------------------------------------------------ the maker


def request_for(path: Path, run: Run, **options: str) -> MakeRequest:
    model = run.model(open_model("simulated:seed=1"))
    return MakeRequest(count=100, model=model, run=run, judge=model, seed=5, input=path, options=options)


async def test_the_maker_rates_a_file_of_personas_and_audits_them(tmp_path: Path) -> None:
    source = Population.from_personas(example_personas()).save(tmp_path / "people.jsonl")
    with Run.open(tmp_path / "run", {"system": "personax"}) as run:
        options = {"raters": "simulated:seed=2 simulated:seed=3", "audit": "gender,age", "hide": "age"}
        made = await MAKER(request_for(source, run, **options))
        assert run.counts["calls"] == 36
    assert len(made.personas) == len(made.rows) == 12
    saved = Population.from_personas(made.personas).save(tmp_path / "rated.parquet")
    table = read_table(saved)
    scores = [v for v in table["traits.openness"] if v is not None]
    assert scores and all(1 <= v <= 3 and (2 * v).is_integer() for v in scores)
    assert "alpha, openness" in made.estimates
    assert made.sections[0]["kind"] == "note"


async def test_the_maker_checks_what_is_to_be_audited_before_it_asks_anybody(tmp_path: Path) -> None:
    source = Population.from_personas(example_personas()).save(tmp_path / "people.jsonl")
    with Run.open(tmp_path / "run", {"system": "personax"}) as run:
        with pytest.raises(InvalidInput, match="field 'gendre'"):
            await MAKER(request_for(source, run, audit="gendre"))
        with pytest.raises(UsageError, match="no option 'rater'"):
            await MAKER(request_for(source, run, rater="simulated"))
        assert run.counts["calls"] == 0


async def test_a_dry_run_plans_the_calls(tmp_path: Path) -> None:
    source = Population.from_personas(example_personas()).save(tmp_path / "people.jsonl")
    run = Run.dry({})
    model = run.model(open_model("simulated:seed=1"))
    request = MakeRequest(12, model, run, model, input=source, options={"raters": "simulated:seed=2"})
    await MAKER(request)
    assert run.plan.calls == 24
