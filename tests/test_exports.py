"""The public names of every room are exactly its ``__all__``: sorted, importable, documented."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

ROOMS = (
    "core",
    "stats",
    "text",
    "models",
    "runs",
    "judges",
    "remember",
    "play",
    "measure",
    "steer",
    "benchmarks",
    "report",
    "testing",
)


@pytest.mark.parametrize("room", ROOMS)
def test_exported_names(room: str) -> None:
    module = importlib.import_module(f"personarium.{room}")
    names = list(module.__all__)
    assert names == sorted(names)
    assert len(set(names)) == len(names)
    assert set(names) <= set(dir(module))
    for name in names:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), f"personarium.{room}.{name} has no docstring"
    with pytest.raises(AttributeError):
        module.no_such_name  # noqa: B018


@pytest.mark.parametrize("room", ROOMS)
def test_an_exported_name_is_not_that_of_a_module_too(room: str) -> None:
    """Which of the two one gets would depend on what was imported before."""
    package = importlib.import_module(f"personarium.{room}")
    assert set(package.__all__).isdisjoint(module.name for module in pkgutil.iter_modules(package.__path__))


def test_top_level_names() -> None:
    import personarium

    assert list(personarium.__all__) == sorted(personarium.__all__)
    for name in personarium.__all__:
        assert getattr(personarium, name) is not None
