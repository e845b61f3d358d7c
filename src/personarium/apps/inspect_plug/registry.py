"""What Inspect's entry point ``personarium`` loads: the provider and the tasks, named in Inspect's registry.

``[project.entry-points.inspect_ai] personarium = "personarium.apps.inspect_plug.registry"``
"""

from personarium.apps.inspect_plug.memory_tasks import perma, personamem, personamem_v2
from personarium.apps.inspect_plug.provider import personarium
from personarium.apps.inspect_plug.tasks import (
    esc_eval,
    likebench,
    persobench,
    personabench,
    personaeval,
    personafeedback,
    personagym,
    synthpai,
)

__all__ = [
    "esc_eval",
    "likebench",
    "perma",
    "persobench",
    "personabench",
    "personaeval",
    "personafeedback",
    "personagym",
    "personamem",
    "personamem_v2",
    "personarium",
    "synthpai",
]
