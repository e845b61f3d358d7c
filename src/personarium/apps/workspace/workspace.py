"""A workspace: the folder that the server, the studio and the MCP server show."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from personarium.apps.workspace.dialogue_shelf import DialogueShelf
from personarium.apps.workspace.jobs import Jobs
from personarium.apps.workspace.persona_shelf import PersonaShelf
from personarium.apps.workspace.population_shelf import PopulationShelf
from personarium.apps.workspace.run_shelf import RunShelf
from personarium.core.errors import StorageError

if TYPE_CHECKING:
    from personarium.core.chat import ChatModel
    from personarium.remember.memory import Memory

PERSONAS, POPULATIONS, RUNS, DIALOGUES = "personas", "populations", "runs", "dialogues"
MEMORY, VOTES = "people.db", "votes.jsonl"


class Workspace:
    """One folder with everything that people work on, and the model that plays in it.

    ``personas/`` holds cards and records, ``populations/`` tables, ``runs/`` run folders, ``dialogues/`` talks that were kept,
    ``people.db`` the memory of people, ``votes.jsonl`` what was voted for.

    Args:
        folder: The folder; made if it does not exist.
        model: The model that plays unless another is named.
        base_url: Its endpoint, where the name alone does not say it.

    Raises:
        StorageError: When the folder cannot be made.
    """

    def __init__(self, folder: str | Path, *, model: str = "simulated", base_url: str | None = None) -> None:
        self.folder = Path(folder).absolute()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{self.folder}: no workspace can be made there ({error.strerror or error})") from error
        self.model, self.base_url = model, base_url
        self.personas = PersonaShelf(self.folder / PERSONAS)
        self.populations = PopulationShelf(self.folder / POPULATIONS)
        self.runs = RunShelf(self.folder / RUNS)
        self.dialogues = DialogueShelf(self.folder / DIALOGUES)
        self.jobs = Jobs(self.runs.folder, self.folder)
        self._lock = threading.Lock()
        self._memory: Memory | None = None

    def __repr__(self) -> str:
        return f"Workspace({str(self.folder)!r}, model={self.model!r})"

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def votes_path(self) -> Path:
        """Where the votes of blind comparisons are kept."""
        return self.folder / VOTES

    @property
    def memory(self) -> Memory:
        """The memory of people; opened when it is first asked for.

        Raises:
            StorageError: When the file is damaged or not a memory.
        """
        with self._lock:
            if self._memory is None:
                from personarium.remember.memory import Memory

                runs = [self.runs.path(name) for name in self.runs.names()]
                self._memory = Memory.open(self.folder / MEMORY, runs=runs)
            return self._memory

    def open_model(self, name: str | None = None) -> ChatModel:
        """A chat model: the one named, or the workspace's own at its endpoint."""
        from personarium.models import open_model

        return open_model(self.model, base_url=self.base_url) if name is None else open_model(name)

    def close(self) -> None:
        """Stop the jobs and close the memory."""
        self.jobs.close()
        with self._lock:
            if self._memory is not None:
                self._memory.close()
                self._memory = None
