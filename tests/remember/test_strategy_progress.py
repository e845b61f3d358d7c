"""How far a log is dealt with when some of it waits."""

from __future__ import annotations

from collections.abc import Collection

from personarium.remember import Memory, Observation
from personarium.remember.progress import dealt_with


def progress(new: Collection[str], settled: Collection[str]) -> str:
    """Four utterances, o1 to o4, of which some are new and some settled."""
    ana = Memory.open(None, clock=lambda: 0.0).user("ana")
    ana.observe_all([Observation(text) for text in "abcd"])
    given = [one for one in ana.view().observations() if one.id in new]
    return dealt_with(ana.view(), given, lambda one: one.id in settled)


def test_up_to_the_first_new_one_that_is_not_settled() -> None:
    assert progress(["o3", "o4"], ["o3", "o4"]) == "o4"
    assert progress(["o3", "o4"], ["o3"]) == "o3"
    assert progress(["o2", "o3", "o4"], ["o2", "o4"]) == "o2"


def test_nothing_when_no_new_one_is_dealt_with() -> None:
    assert progress(["o3", "o4"], ["o4"]) == ""
    assert progress([], []) == ""


def test_one_that_is_read_again_and_settled_lets_all_pass() -> None:
    assert progress(["o1"], ["o1"]) == "o4"


def test_of_what_is_read_again_what_is_settled_is_done() -> None:
    assert progress(["o1", "o2", "o4"], ["o1", "o4"]) == "o1"
    assert progress(["o1", "o4"], ["o4"]) == ""
