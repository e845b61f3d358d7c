"""Rubrics: statement 3 of the prometheus page."""

from __future__ import annotations

import json

import pytest

from personarium.core import InvalidInput, Rubric

LEVELS = ("bad", "poor", "fair", "good", "great")


def test_rendering_is_fixed() -> None:
    rubric = Rubric("Is it kind?", LEVELS)
    assert rubric.render() == (
        "[Is it kind?]\nScore 1: bad\nScore 2: poor\nScore 3: fair\nScore 4: good\nScore 5: great"
    )
    assert rubric.render(with_reference=True) == rubric.render()
    assert "Be kind." in Rubric("Is it kind?", LEVELS, "Be kind.").render(with_reference=True)


def test_json_round_trip() -> None:
    for rubric in (Rubric("c", LEVELS), Rubric("c", LEVELS, "r", "mine")):
        assert Rubric.from_dict(json.loads(json.dumps(rubric.to_dict()))) == rubric
    assert Rubric("c", LEVELS).id == Rubric("c", LEVELS).id != Rubric("d", LEVELS).id


@pytest.mark.parametrize("levels", [LEVELS[:4], (*LEVELS, "x"), (*LEVELS[:4], " "), "abcde", (*LEVELS[:4], None)])
def test_levels_are_five_and_filled(levels: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput, match="levels"):
        Rubric("c", levels)


def test_criterion_and_reference_are_filled() -> None:
    with pytest.raises(InvalidInput, match="criterion"):
        Rubric(" ", LEVELS)
    with pytest.raises(InvalidInput, match="reference"):
        Rubric("c", LEVELS, "")


@pytest.mark.parametrize("score", [0, 6, 3.5, True, "4", None])
def test_scores_that_are_none(score: object) -> None:
    with pytest.raises(InvalidInput, match="score"):
        Rubric("c", LEVELS).check_score(score)


def test_scores() -> None:
    assert [Rubric("c", LEVELS).check_score(s) for s in (1, 5, 3.0)] == [1, 5, 3]
