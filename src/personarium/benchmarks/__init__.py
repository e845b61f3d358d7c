"""Published test sets: data, protocol and metric; one home each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.benchmarks.esc_eval import EscEvalConfig as EscEvalConfig
    from personarium.benchmarks.esc_eval import EscEvalResult as EscEvalResult
    from personarium.benchmarks.esc_eval import run_esc_eval as run_esc_eval
    from personarium.benchmarks.likebench import LikeBenchConfig as LikeBenchConfig
    from personarium.benchmarks.likebench import LikeBenchResult as LikeBenchResult
    from personarium.benchmarks.likebench import run_likebench as run_likebench
    from personarium.benchmarks.persobench import PersoBenchConfig as PersoBenchConfig
    from personarium.benchmarks.persobench import PersoBenchResult as PersoBenchResult
    from personarium.benchmarks.persobench import run_persobench as run_persobench
    from personarium.benchmarks.personabench import run_personabench as run_personabench
    from personarium.benchmarks.personaeval import PersonaEvalConfig as PersonaEvalConfig
    from personarium.benchmarks.personaeval import PersonaEvalResult as PersonaEvalResult
    from personarium.benchmarks.personaeval import run_personaeval as run_personaeval
    from personarium.benchmarks.personafeedback import FeedbackResult as FeedbackResult
    from personarium.benchmarks.personafeedback import run_personafeedback as run_personafeedback
    from personarium.benchmarks.personagym import PersonaGymConfig as PersonaGymConfig
    from personarium.benchmarks.personagym import PersonaGymResult as PersonaGymResult
    from personarium.benchmarks.personagym import PersonaGymTask as PersonaGymTask
    from personarium.benchmarks.personagym import run_personagym as run_personagym

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "EscEvalConfig": "personarium.benchmarks.esc_eval",
        "EscEvalResult": "personarium.benchmarks.esc_eval",
        "FeedbackResult": "personarium.benchmarks.personafeedback",
        "LikeBenchConfig": "personarium.benchmarks.likebench",
        "LikeBenchResult": "personarium.benchmarks.likebench",
        "PersoBenchConfig": "personarium.benchmarks.persobench",
        "PersoBenchResult": "personarium.benchmarks.persobench",
        "PersonaEvalConfig": "personarium.benchmarks.personaeval",
        "PersonaEvalResult": "personarium.benchmarks.personaeval",
        "PersonaGymConfig": "personarium.benchmarks.personagym",
        "PersonaGymResult": "personarium.benchmarks.personagym",
        "PersonaGymTask": "personarium.benchmarks.personagym",
        "run_esc_eval": "personarium.benchmarks.esc_eval",
        "run_likebench": "personarium.benchmarks.likebench",
        "run_persobench": "personarium.benchmarks.persobench",
        "run_personabench": "personarium.benchmarks.personabench",
        "run_personaeval": "personarium.benchmarks.personaeval",
        "run_personafeedback": "personarium.benchmarks.personafeedback",
        "run_personagym": "personarium.benchmarks.personagym",
    },
)
