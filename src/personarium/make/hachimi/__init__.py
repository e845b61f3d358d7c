"""HACHIMI: populations of students with exact quotas (see ``method``), their schema as data, and what is measured on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.make.hachimi.cohorts import Respondent as Respondent
    from personarium.make.hachimi.cohorts import cell_of as cell_of
    from personarium.make.hachimi.cohorts import cohort_agreement as cohort_agreement
    from personarium.make.hachimi.cohorts import student_cells as student_cells
    from personarium.make.hachimi.filtering import light_filter as light_filter
    from personarium.make.hachimi.gate import StudentGate as StudentGate
    from personarium.make.hachimi.gate import near_duplicates as near_duplicates
    from personarium.make.hachimi.grades import dimension_grades as dimension_grades
    from personarium.make.hachimi.grades import polarity as polarity
    from personarium.make.hachimi.maker import MAKER as MAKER
    from personarium.make.hachimi.method import CONTRACT as CONTRACT
    from personarium.make.hachimi.method import plan_calls as plan_calls
    from personarium.make.hachimi.method import run_hachimi as run_hachimi
    from personarium.make.hachimi.published import ERRATA as ERRATA
    from personarium.make.hachimi.published import natural_weights as natural_weights
    from personarium.make.hachimi.quality import student_quality as student_quality
    from personarium.make.hachimi.result import HachimiConfig as HachimiConfig
    from personarium.make.hachimi.result import HachimiResult as HachimiResult
    from personarium.make.hachimi.result import Place as Place
    from personarium.make.hachimi.result import persona_of as persona_of
    from personarium.make.hachimi.rules import broken_rules as broken_rules
    from personarium.make.hachimi.run_folder import StudentFolder as StudentFolder
    from personarium.make.hachimi.schema import StudentSchema as StudentSchema
    from personarium.make.hachimi.schema import load_student_schema as load_student_schema
    from personarium.make.hachimi.schema import student_schema as student_schema
    from personarium.make.hachimi.slots import StudentSlot as StudentSlot
    from personarium.make.hachimi.slots import level_counts as level_counts
    from personarium.make.hachimi.slots import parse_mix as parse_mix
    from personarium.make.hachimi.slots import plan_students as plan_students
    from personarium.make.hachimi.variety import distinct_n as distinct_n
    from personarium.make.hachimi.variety import kl_to_target as kl_to_target

_HERE = "personarium.make.hachimi"
_NAMES = {
    "cohorts": ("Respondent", "cell_of", "cohort_agreement", "student_cells"),
    "gate": ("StudentGate", "near_duplicates"),
    "grades": ("dimension_grades", "polarity"),
    "filtering": ("light_filter",),
    "maker": ("MAKER",),
    "method": ("CONTRACT", "plan_calls", "run_hachimi"),
    "published": ("ERRATA", "natural_weights"),
    "quality": ("student_quality",),
    "result": ("HachimiConfig", "HachimiResult", "Place", "persona_of"),
    "rules": ("broken_rules",),
    "run_folder": ("StudentFolder",),
    "schema": ("StudentSchema", "load_student_schema", "student_schema"),
    "slots": ("StudentSlot", "level_counts", "parse_mix", "plan_students"),
    "variety": ("distinct_n", "kl_to_target"),
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HERE}.{module}" for module, names in _NAMES.items() for name in names}
)
