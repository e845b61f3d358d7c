"""Published test sets: data, protocol and metric; one home each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.benchmarks.likebench import LikeBenchConfig as LikeBenchConfig
    from personarium.benchmarks.likebench import LikeBenchResult as LikeBenchResult
    from personarium.benchmarks.likebench import run_likebench as run_likebench
    from personarium.benchmarks.personabench import run_personabench as run_personabench
    from personarium.benchmarks.personagym import PersonaGymConfig as PersonaGymConfig
    from personarium.benchmarks.personagym import PersonaGymResult as PersonaGymResult
    from personarium.benchmarks.personagym import PersonaGymTask as PersonaGymTask
    from personarium.benchmarks.personagym import run_personagym as run_personagym

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "LikeBenchConfig": "personarium.benchmarks.likebench",
        "LikeBenchResult": "personarium.benchmarks.likebench",
        "PersonaGymConfig": "personarium.benchmarks.personagym",
        "PersonaGymResult": "personarium.benchmarks.personagym",
        "PersonaGymTask": "personarium.benchmarks.personagym",
        "run_likebench": "personarium.benchmarks.likebench",
        "run_personabench": "personarium.benchmarks.personabench",
        "run_personagym": "personarium.benchmarks.personagym",
    },
)
