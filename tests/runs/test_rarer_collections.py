"""A script's run looks for garbage less often, and leaves the interpreter as it found it."""

from __future__ import annotations

import gc

import pytest

from personarium.runs import run_sync


async def inside() -> int:
    return gc.get_threshold()[0]


async def failing() -> None:
    raise ValueError("a bug in the script")


def test_collections_are_rarer_inside_and_as_before_outside() -> None:
    before = gc.get_threshold()
    assert run_sync(inside()) >= 20_000
    assert gc.get_threshold() == before


def test_an_error_inside_restores_them_too() -> None:
    before = gc.get_threshold()
    with pytest.raises(ValueError, match="a bug"):
        run_sync(failing())
    assert gc.get_threshold() == before


def test_a_script_that_collects_never_keeps_that() -> None:
    before = gc.get_threshold()
    gc.set_threshold(0)
    try:
        assert run_sync(inside()) == 0
    finally:
        gc.set_threshold(*before)
