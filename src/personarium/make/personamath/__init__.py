"""PersonaMath: persona-diversified rewriting of problems whose answers can be checked.

Source: *PersonaMath: Enhancing Math Reasoning through Persona-Driven Data Augmentation*, arXiv 2410.01504.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.make.personamath.answers import ERRATA as ERRATA
    from personarium.make.personamath.answers import AnswerChecker as AnswerChecker
    from personarium.make.personamath.answers import answer_checker as answer_checker
    from personarium.make.personamath.bank import BankPersona as BankPersona
    from personarium.make.personamath.bank import bank_of as bank_of
    from personarium.make.personamath.bank import draw_personas as draw_personas
    from personarium.make.personamath.bank import example_bank as example_bank
    from personarium.make.personamath.bank import load_bank as load_bank
    from personarium.make.personamath.boxed import last_boxed as last_boxed
    from personarium.make.personamath.data_format import SeedProblem as SeedProblem
    from personarium.make.personamath.data_format import TrainingRecipe as TrainingRecipe
    from personarium.make.personamath.data_format import instruction_frame as instruction_frame
    from personarium.make.personamath.data_format import load_seeds as load_seeds
    from personarium.make.personamath.data_format import read_training as read_training
    from personarium.make.personamath.data_format import write_training as write_training
    from personarium.make.personamath.evaluation import evaluate_solutions as evaluate_solutions
    from personarium.make.personamath.gate import Verdict as Verdict
    from personarium.make.personamath.gate import judge_rewrite as judge_rewrite
    from personarium.make.personamath.gate import words_verdict as words_verdict
    from personarium.make.personamath.maker import MAKER as MAKER
    from personarium.make.personamath.math_equality import math_equal as math_equal
    from personarium.make.personamath.math_equality import same_by_value as same_by_value
    from personarium.make.personamath.method import CONTRACT as CONTRACT
    from personarium.make.personamath.method import make_problems as make_problems
    from personarium.make.personamath.number_words import number_difference as number_difference
    from personarium.make.personamath.numbers import read_number as read_number
    from personarium.make.personamath.result import PersonaMathConfig as PersonaMathConfig
    from personarium.make.personamath.result import PersonaMathResult as PersonaMathResult
    from personarium.make.personamath.result import ProblemRow as ProblemRow
    from personarium.make.personamath.variety import Variety as Variety
    from personarium.make.personamath.variety import variety_of as variety_of

_HOME = "personarium.make.personamath"
_PUBLIC = {
    "answers": ("ERRATA", "AnswerChecker", "answer_checker"),
    "bank": ("BankPersona", "bank_of", "draw_personas", "example_bank", "load_bank"),
    "boxed": ("last_boxed",),
    "data_format": (
        "SeedProblem", "TrainingRecipe", "instruction_frame", "load_seeds", "read_training", "write_training",
    ),
    "evaluation": ("evaluate_solutions",),
    "gate": ("Verdict", "judge_rewrite", "words_verdict"),
    "maker": ("MAKER",),
    "math_equality": ("math_equal", "same_by_value"),
    "method": ("CONTRACT", "make_problems"),
    "number_words": ("number_difference",),
    "numbers": ("read_number",),
    "result": ("PersonaMathConfig", "PersonaMathResult", "ProblemRow"),
    "variety": ("Variety", "variety_of"),
}  # fmt: skip
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names}
)
