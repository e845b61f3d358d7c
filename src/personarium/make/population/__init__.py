"""The population engine: a declarative schema, exact targets, vectorised draws, repair by redrawing, chunks on disk, a gate, and
fields that models write.

In two lines::

    schema = example_schema("students")           # or load_schema("people.yaml")
    made = make_population(schema, 1_000_000, "students.parquet", seed=1)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.make.population.drafting import Drafted as Drafted
    from personarium.make.population.drafting import FieldWriter as FieldWriter
    from personarium.make.population.drafting import Findings as Findings
    from personarium.make.population.drafting import Issue as Issue
    from personarium.make.population.drafting import Slot as Slot
    from personarium.make.population.drafting import Validator as Validator
    from personarium.make.population.drafting import Writing as Writing
    from personarium.make.population.generator import Generator as Generator
    from personarium.make.population.generator import sample_population as sample_population
    from personarium.make.population.lexical_gate import LexicalGate as LexicalGate
    from personarium.make.population.model_writing import Members as Members
    from personarium.make.population.model_writing import plan_calls as plan_calls
    from personarium.make.population.model_writing import write_members as write_members
    from personarium.make.population.model_writing import write_population as write_population
    from personarium.make.population.model_writing import writing_of as writing_of
    from personarium.make.population.quality import Quality as Quality
    from personarium.make.population.quality import quality_of as quality_of
    from personarium.make.population.reading import example_margins as example_margins
    from personarium.make.population.reading import example_schema as example_schema
    from personarium.make.population.reading import load_margins as load_margins
    from personarium.make.population.reading import load_schema as load_schema
    from personarium.make.population.reading import schema_from_data as schema_from_data
    from personarium.make.population.repair import Unfilled as Unfilled
    from personarium.make.population.rounding import allot as allot
    from personarium.make.population.schema import Case as Case
    from personarium.make.population.schema import Field as Field
    from personarium.make.population.schema import Integers as Integers
    from personarium.make.population.schema import Normal as Normal
    from personarium.make.population.schema import Reals as Reals
    from personarium.make.population.schema import Rule as Rule
    from personarium.make.population.schema import Schema as Schema
    from personarium.make.population.schema import Target as Target
    from personarium.make.population.schema import Values as Values
    from personarium.make.population.schema import margins_schema as margins_schema
    from personarium.make.population.targets import Plan as Plan
    from personarium.make.population.targets import plan_slots as plan_slots
    from personarium.make.population.validation import ModelValidator as ModelValidator
    from personarium.make.population.validation import RuleChecks as RuleChecks
    from personarium.make.population.writing import Written as Written
    from personarium.make.population.writing import make_population as make_population

_HERE = "personarium.make.population"
_NAMES = {
    "drafting": ("Drafted", "Findings", "FieldWriter", "Issue", "Slot", "Validator", "Writing",),
    "model_writing": ("Members", "plan_calls", "write_members", "write_population", "writing_of",),
    "quality": ("Quality", "quality_of",),
    "validation": ("ModelValidator", "RuleChecks",),
    "generator": ("Generator", "sample_population"),
    "lexical_gate": ("LexicalGate",),
    "reading": ("example_margins", "example_schema", "load_margins", "load_schema", "schema_from_data"),
    "repair": ("Unfilled",),
    "rounding": ("allot",),
    "schema": (
        "Case", "Field", "Integers", "Normal", "Reals", "Rule", "Schema", "Target", "Values", "margins_schema",
    ),
    "targets": ("Plan", "plan_slots"),
    "writing": ("Written", "make_population"),
}  # fmt: skip
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HERE}.{module}" for module, names in _NAMES.items() for name in names}
)
