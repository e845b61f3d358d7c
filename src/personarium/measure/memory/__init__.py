"""The harness that says which memory method works: scripted users with known truth, questions, readers, and the comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.measure.memory.compare import compare_strategies as compare_strategies
    from personarium.measure.memory.foresight import Foresight as Foresight
    from personarium.measure.memory.guard import Guard as Guard
    from personarium.measure.memory.own_data import own_cases as own_cases
    from personarium.measure.memory.own_data import own_questions as own_questions
    from personarium.measure.memory.questions import Case as Case
    from personarium.measure.memory.questions import Question as Question
    from personarium.measure.memory.questions import scripted_case as scripted_case
    from personarium.measure.memory.questions import scripted_cases as scripted_cases
    from personarium.measure.memory.readers import ModelReader as ModelReader
    from personarium.measure.memory.readers import Reader as Reader
    from personarium.measure.memory.readers import RuleReader as RuleReader
    from personarium.measure.memory.result import ComparisonResult as ComparisonResult
    from personarium.measure.memory.result import joined as joined
    from personarium.measure.memory.scripted_user import ScriptConfig as ScriptConfig
    from personarium.measure.memory.scripted_user import ScriptedUser as ScriptedUser
    from personarium.measure.memory.scripted_user import readable_share as readable_share
    from personarium.measure.memory.scripted_user import script_user as script_user
    from personarium.measure.memory.scripted_user import scripted_users as scripted_users
    from personarium.measure.memory.walk import Terms as Terms

_NAMES = {
    "compare": "compare_strategies",
    "foresight": "Foresight",
    "guard": "Guard",
    "own_data": "own_cases own_questions",
    "questions": "Case Question scripted_case scripted_cases",
    "readers": "ModelReader Reader RuleReader",
    "result": "ComparisonResult joined",
    "scripted_user": "ScriptConfig ScriptedUser readable_share script_user scripted_users",
    "walk": "Terms",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{__name__}.{module}" for module, names in _NAMES.items() for name in names.split()}
)
