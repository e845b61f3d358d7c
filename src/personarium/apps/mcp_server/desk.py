"""What the tools work on: a workspace, the memory of the one person whom the server was started for, the models."""

from __future__ import annotations

from functools import cached_property

from personarium.apps.workspace import Workspace
from personarium.core.chat import ChatModel
from personarium.core.persona import Persona
from personarium.models.wrapper import close
from personarium.remember.user_memory import UserMemory


class Desk:
    """One workspace for one person.

    No tool takes a user: whose memory it is was decided when the server was started.

    Args:
        workspace: What is served.
        user: Whose memory.
        judge: The model that judges, chosen apart from the workspace's own.

    Raises:
        InvalidInput: On a user that is none.
    """

    def __init__(self, workspace: Workspace, user: str, judge: str = "simulated:seed=1") -> None:
        self.workspace, self.user, self._judge = workspace, user, judge
        self.memory: UserMemory = workspace.memory.user(user)

    @cached_property
    def model(self) -> ChatModel:
        """The model that plays."""
        return self.workspace.open_model()

    @cached_property
    def judge(self) -> ChatModel:
        """The model that judges."""
        return self.workspace.open_model(self._judge)

    def persona(self, id: str) -> Persona:
        """A persona by its id; raises NotFound."""
        return self.workspace.personas.get(id)

    async def aclose(self) -> None:
        """Close the models that were opened."""
        for name in ("model", "judge"):
            if name in self.__dict__:
                await close(getattr(self, name))
