"""What one person or team works on, in one folder: personas, populations, runs, and a memory of people.

The server, the studio and the MCP server all show the same workspace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.apps.workspace.jobs import Job as Job
    from personarium.apps.workspace.jobs import Jobs as Jobs
    from personarium.apps.workspace.persona_shelf import PersonaRow as PersonaRow
    from personarium.apps.workspace.persona_shelf import PersonaShelf as PersonaShelf
    from personarium.apps.workspace.population_shelf import PopulationShelf as PopulationShelf
    from personarium.apps.workspace.run_shelf import RunRow as RunRow
    from personarium.apps.workspace.run_shelf import RunShelf as RunShelf
    from personarium.apps.workspace.workspace import Workspace as Workspace

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "Job": "personarium.apps.workspace.jobs",
        "Jobs": "personarium.apps.workspace.jobs",
        "PersonaRow": "personarium.apps.workspace.persona_shelf",
        "PersonaShelf": "personarium.apps.workspace.persona_shelf",
        "PopulationShelf": "personarium.apps.workspace.population_shelf",
        "RunRow": "personarium.apps.workspace.run_shelf",
        "RunShelf": "personarium.apps.workspace.run_shelf",
        "Workspace": "personarium.apps.workspace.workspace",
    },
)
