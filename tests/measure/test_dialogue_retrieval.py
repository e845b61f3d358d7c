"""Persona retrieval: the nearest other dialogue, never itself; chance is exact."""

from __future__ import annotations

import numpy as np
import pytest

from personarium.core import Dialogue
from personarium.core.errors import InvalidInput
from personarium.measure import retrieve_personas
from personarium.measure.dialogue_retrieval import chance_of, retrieval_of_vectors


def test_separate_personas_are_found() -> None:
    vectors = np.repeat(np.eye(3), 4, axis=0) + np.tile([0.0, 0.01, 0.02], (12, 1)) * np.arange(12)[:, None] % 0.03
    found = retrieval_of_vectors(vectors, [f"p{k // 4}" for k in range(12)], ks=(1, 3))
    assert found.top[1].value == 1.0
    assert found.silhouette is not None
    assert found.silhouette > 0.9


def test_a_dialogue_never_retrieves_itself() -> None:
    found = retrieval_of_vectors(np.eye(4), ["a", "b", "c", "d"])
    assert found.top[1].value == 0.0
    assert found.silhouette is None


def test_equal_distances_do_not_count_as_found() -> None:
    assert retrieval_of_vectors(np.ones((4, 2)), ["a", "a", "b", "b"]).top[1].value == 0.0


def test_chance() -> None:
    personas = [f"p{k // 10}" for k in range(100)]
    assert chance_of(personas) == pytest.approx(9 / 99)
    assert chance_of(personas, 10) == pytest.approx(1 - np.prod([(90 - i) / (99 - i) for i in range(10)]))
    assert chance_of(["a", "b"]) == 0.0


def test_dialogues_by_speaker() -> None:
    talks = [
        Dialogue(
            f"d{k}", [("client", "bread oven flour" if k < 2 else "violin opera concert"), ("tested", f"topic {k % 2}")]
        )
        for k in range(4)
    ]
    assert retrieve_personas(talks, ["a", "a", "b", "b"], speaker="client").top[1].value == 1.0
    with pytest.raises(InvalidInput, match="persona id"):
        retrieve_personas(talks, ["a"])
