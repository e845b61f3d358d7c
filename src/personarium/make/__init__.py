"""Making personas: populations with exact targets (:mod:`personarium.make.population`), and generators of published systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.make.population import Schema as Schema
    from personarium.make.population import allot as allot
    from personarium.make.population import example_margins as example_margins
    from personarium.make.population import example_schema as example_schema
    from personarium.make.population import load_margins as load_margins
    from personarium.make.population import load_schema as load_schema
    from personarium.make.population import make_population as make_population
    from personarium.make.population import sample_population as sample_population

_HOME = "personarium.make.population"
_NAMES = (
    "Schema", "allot", "example_margins", "example_schema", "load_margins", "load_schema", "make_population",
    "sample_population",
)  # fmt: skip
__all__, __getattr__, __dir__ = lazy_exports(__name__, dict.fromkeys(_NAMES, _HOME))
