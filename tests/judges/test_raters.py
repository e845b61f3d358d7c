"""Ensembles, tables and people behind the protocol of a judge."""

from __future__ import annotations

import pytest

from personarium.core.errors import InvalidInput, UsageError
from personarium.core.rubric import Rubric
from personarium.judges import Ensemble, Grade, Judge, PersonRater, Preference, Rater, Sheet, TableRater
from personarium.judges.ensemble import majority
from personarium.models import ScriptedModel

RUBRIC = Rubric("Is it kind?", ("1", "2", "3", "4", "5"))


def says(*replies: str, name: str = "scripted") -> Judge:
    return Judge(ScriptedModel(list(replies), name=name), asks=1)


# --- ensembles ---


async def test_the_mean_of_means_and_a_silent_judge_is_missing() -> None:
    first = says("x [RESULT] 5", "x [RESULT] 4", name="one")
    silent = says("?", "?", name="two")
    third = says("x [RESULT] 2", "?", name="three")
    found = await Ensemble([first, silent, third]).grade(RUBRIC, "Q", "R", samples=2, item="i")
    assert (found.value, found.samples) == ((4.5 + 2) / 2, (4.5, None, 2))
    assert list(found.by_judge.values()) == [4.5, None, 2]
    assert [f.kind for f in found.failures] == ["unparsed"] * 3
    assert Grade.from_row(found.as_row()) == found


async def test_an_ensemble_without_any_verdict_has_none() -> None:
    found = await Ensemble([says("?"), says("?", name="b")]).grade(RUBRIC, "Q", "R")
    assert found.value is None


async def test_the_same_model_twice_is_numbered_and_draws_other_samples() -> None:
    model = ScriptedModel(lambda messages, sampling: f"x [RESULT] {1 + sampling.sample}")
    both = Ensemble([Judge(model), Judge(model)])
    found = await both.grade(RUBRIC, "Q", "R", samples=2)
    assert (found.samples, found.value) == ((1.5, 3.5), 2.5)
    assert both.names[1] == f"{both.names[0]} #2"
    assert both.name.startswith("ensemble(judge/scripted:")


async def test_a_preference_is_the_majority() -> None:
    a, b = ("x [RESULT] A", "x [RESULT] B"), ("x [RESULT] B", "x [RESULT] A")
    found = await Ensemble([says(*a, name="1"), says(*a, name="2"), says(*b, name="3")]).compare("K", "Q", "r", "s")
    assert (found.winner, found.consistent, len(found.orders)) == ("A", True, 6)
    assert list(found.by_judge.values()) == ["A", "A", "B"]
    assert Preference.from_row(found.as_row()) == found


@pytest.mark.parametrize(
    ("winners", "expected"),
    [(["A", "B"], "tie"), (["A", None], "A"), ([None, None], None), (["tie", "tie", "B"], "tie"), ([], None)],
)
def test_majority(winners: list[str | None], expected: str | None) -> None:
    assert majority(winners) == expected  # type: ignore[arg-type]


def test_nobody_is_no_ensemble() -> None:
    with pytest.raises(UsageError):
        Ensemble([])


# --- tables ---


async def test_a_table_gives_what_it_has_and_misses_the_rest() -> None:
    gold = TableRater("panel", {"a": [5, 4], "b": 2.5}, {"a": "A", "c": ["B", "B", "tie"]})
    assert (await gold.grade(RUBRIC, "Q", "R", item="a")).value == 4.5
    assert (await gold.grade(RUBRIC, "Q", "R", item="b")).samples == (2.5,)
    missing = await gold.grade(RUBRIC, "Q", "R", item="z")
    assert (missing.value, [f.kind for f in missing.failures]) == (None, ["missing"])
    assert (await gold.compare("K", "Q", "r", "s", item="c")).winner == "B"
    assert (await gold.compare("K", "Q", "r", "s", item="z")).winner is None


@pytest.mark.parametrize(
    "wrong", [{"scores": {"a": 6}}, {"scores": {"a": [3, True]}}, {"scores": {"a": "4"}}, {"preferences": {"a": "C"}}]
)
def test_a_table_with_a_wrong_entry_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match="item a"):
        TableRater("panel", **wrong)  # type: ignore[arg-type]


# --- people ---


async def test_a_person_sees_a_sheet_and_answers() -> None:
    sheets: list[Sheet] = []

    def ask(sheet: Sheet) -> int | str:
        sheets.append(sheet)
        return 4 if sheet.kind == "grade" else "A"

    person = PersonRater("rater 1", ask)
    assert (await person.grade(RUBRIC, "Q", "R", "Ideal", samples=2, item="i")).samples == (4, 4)
    found = await person.compare(RUBRIC, "Q", "one", "two")
    assert (found.winner, found.position_flag) == ("tie", "first")
    assert [s.responses for s in sheets] == [("R",), ("R",), ("one", "two"), ("two", "one")]
    assert (sheets[0].reference, sheets[1].sample) == ("Ideal", 1)


async def test_a_person_may_answer_later_or_not_at_all() -> None:
    async def ask(sheet: Sheet) -> None:
        return None

    found = await PersonRater("rater 2", ask).grade(RUBRIC, "Q", "R", item="i")
    assert (found.value, [f.kind for f in found.failures]) == (None, ["abstained"])
    assert (await PersonRater("rater 2", ask).compare("K", "Q", "r", "s")).winner is None


@pytest.mark.parametrize("wrong", [0, 6, "A", 3.5])
async def test_an_answer_off_the_scale_is_refused(wrong: int | str) -> None:
    with pytest.raises(InvalidInput):
        await PersonRater("rater 3", lambda sheet: wrong).grade(RUBRIC, "Q", "R")


async def test_a_vote_for_nobody_is_refused() -> None:
    with pytest.raises(InvalidInput, match="rater 3"):
        await PersonRater("rater 3", lambda sheet: "C").compare("K", "Q", "r", "s")


async def test_all_are_raters_and_mix() -> None:
    raters = [says("x [RESULT] 2"), TableRater("panel", {"i": 4}), PersonRater("rater 1", lambda sheet: 3)]
    assert all(isinstance(rater, Rater) for rater in [*raters, Ensemble(raters)])
    assert (await Ensemble(raters).grade(RUBRIC, "Q", "R", item="i")).value == 3.0
