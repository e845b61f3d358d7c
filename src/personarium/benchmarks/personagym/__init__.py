"""PersonaGym and PersonaScore: five tasks, 200 personas, 10,000 questions.

Source: *PersonaGym: Evaluating Persona Agents and LLMs*, arXiv 2407.18416.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.benchmarks.personagym.aggregation import TaskScore as TaskScore
    from personarium.benchmarks.personagym.aggregation import judge_mean as judge_mean
    from personarium.benchmarks.personagym.aggregation import persona_score as persona_score
    from personarium.benchmarks.personagym.aggregation import task_score as task_score
    from personarium.benchmarks.personagym.bundled import load_personas as load_personas
    from personarium.benchmarks.personagym.bundled import load_published_scores as load_published_scores
    from personarium.benchmarks.personagym.bundled import load_questions as load_questions
    from personarium.benchmarks.personagym.bundled import load_settings as load_settings
    from personarium.benchmarks.personagym.bundled import recompute_published as recompute_published
    from personarium.benchmarks.personagym.instrument import PersonaGymTask as PersonaGymTask
    from personarium.benchmarks.personagym.items import Item as Item
    from personarium.benchmarks.personagym.items import WrittenItems as WrittenItems
    from personarium.benchmarks.personagym.items import ask_until_sure as ask_until_sure
    from personarium.benchmarks.personagym.items import in_random_order as in_random_order
    from personarium.benchmarks.personagym.items import plan_items as plan_items
    from personarium.benchmarks.personagym.items import score_of as score_of
    from personarium.benchmarks.personagym.items import score_question as score_question
    from personarium.benchmarks.personagym.method import ERRATA as ERRATA
    from personarium.benchmarks.personagym.method import PersonaGymConfig as PersonaGymConfig
    from personarium.benchmarks.personagym.method import plan_calls as plan_calls
    from personarium.benchmarks.personagym.method import run_personagym as run_personagym
    from personarium.benchmarks.personagym.questions import load_own_questions as load_own_questions
    from personarium.benchmarks.personagym.questions import save_questions as save_questions
    from personarium.benchmarks.personagym.questions import unused_questions as unused_questions
    from personarium.benchmarks.personagym.results import PersonaGymResult as PersonaGymResult
    from personarium.benchmarks.personagym.results import QuestionResult as QuestionResult
    from personarium.benchmarks.personagym.tasks import TASKS as TASKS
    from personarium.benchmarks.personagym.tasks import Task as Task

_HOME = "personarium.benchmarks.personagym"
__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "ERRATA": f"{_HOME}.method",
        "Item": f"{_HOME}.items",
        "PersonaGymConfig": f"{_HOME}.method",
        "PersonaGymResult": f"{_HOME}.results",
        "PersonaGymTask": f"{_HOME}.instrument",
        "QuestionResult": f"{_HOME}.results",
        "TASKS": f"{_HOME}.tasks",
        "Task": f"{_HOME}.tasks",
        "TaskScore": f"{_HOME}.aggregation",
        "WrittenItems": f"{_HOME}.items",
        "ask_until_sure": f"{_HOME}.items",
        "in_random_order": f"{_HOME}.items",
        "judge_mean": f"{_HOME}.aggregation",
        "load_own_questions": f"{_HOME}.questions",
        "load_personas": f"{_HOME}.bundled",
        "load_published_scores": f"{_HOME}.bundled",
        "load_questions": f"{_HOME}.bundled",
        "load_settings": f"{_HOME}.bundled",
        "persona_score": f"{_HOME}.aggregation",
        "plan_calls": f"{_HOME}.method",
        "plan_items": f"{_HOME}.items",
        "recompute_published": f"{_HOME}.bundled",
        "run_personagym": f"{_HOME}.method",
        "save_questions": f"{_HOME}.questions",
        "score_of": f"{_HOME}.items",
        "score_question": f"{_HOME}.items",
        "task_score": f"{_HOME}.aggregation",
        "unused_questions": f"{_HOME}.questions",
    },
)
