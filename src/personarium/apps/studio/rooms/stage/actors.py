"""Who is on stage: personas as speakers, and the models that play them."""

from __future__ import annotations

from dataclasses import dataclass

from personarium.apps.studio.parts import in_thread
from personarium.apps.studio.studio import Studio
from personarium.core.chat import ChatModel
from personarium.core.dialogue import RELATIVE_ROLES
from personarium.core.errors import UsageError
from personarium.core.persona import Persona
from personarium.models.registry import is_simulated
from personarium.models.wrapper import close
from personarium.play.agents import Agent
from personarium.play.characters import agent_for
from personarium.play.remembering import RememberingAgent

YOU = "you"  # the person, in dialogues
SUGGESTED = (
    "simulated",
    "simulated:seed=1",
    "simulated:fidelity=0.5",
    "simulated/generic",
    "ollama/llama3.2",
    "ollama/qwen3",
    "openai/gpt-4o-mini",
    "openrouter/meta-llama/llama-3.1-8b-instruct",
    "vllm/MODEL",
    "hf/ID_OR_PATH",
)


@dataclass(slots=True)
class Actor:
    """A persona on stage.

    Args:
        persona: Who.
        id: Its name as a speaker.
        model: The model that plays it, as it was typed.
    """

    persona: Persona
    id: str
    model: str

    @property
    def name(self) -> str:
        """What it is called."""
        return self.persona.name or self.persona.id

    @property
    def simulated(self) -> bool:
        """Whether a rule-based subject plays it."""
        return is_simulated(self.model)


def cast_as(persona: Persona, model: str) -> Actor:
    """A persona as an actor; one whose id is a role, or the person's own name, speaks under a longer one."""
    taken = persona.id in RELATIVE_ROLES or persona.id == YOU
    return Actor(persona, f"persona {persona.id}" if taken else persona.id, model)


def partner_model(model: str) -> str:
    """Who plays the second of two: the same model, but never the same draws of the simulated subject."""
    return "simulated:seed=1" if model == "simulated" else model


class Models:
    """The models of one page, opened when they are first needed.

    Args:
        studio: Whose workspace says what the default model is, and where its endpoint is.
    """

    def __init__(self, studio: Studio) -> None:
        self._workspace = studio.workspace
        self._open: dict[str, ChatModel] = {}

    @property
    def default(self) -> str:
        """The workspace's model."""
        return self._workspace.model

    def suggestions(self) -> list[str]:
        """Names that may be meant."""
        return list(dict.fromkeys((self.default, *SUGGESTED)))

    async def get(self, name: str) -> ChatModel:
        """The model of this name.

        Raises:
            UsageError: When there is none, a key is missing, or it names an address.
        """
        wanted = name.strip() or self.default
        if wanted not in self._open:
            # Whoever reaches this page must not send this machine's requests and keys to an address of their own.
            if "@http" in wanted and wanted != self.default:
                raise UsageError(
                    "a model's address cannot be given here; start the studio with --model NAME --base-url ADDRESS"
                )
            own = None if wanted == self.default else wanted
            self._open[wanted] = await in_thread(self._workspace.open_model, own)
        return self._open[wanted]

    async def close(self) -> None:
        """Close their connections."""
        models = list(self._open.values())
        self._open.clear()
        for model in models:
            await close(model)


def make_agent(studio: Studio, actor: Actor, model: ChatModel, *, memory: bool, keeps: bool = True) -> Agent:
    """The agent that takes an actor's turns. Blocking, where there is a memory.

    Args:
        studio: Whose user is remembered.
        actor: Who plays.
        model: Its model.
        memory: Whether it remembers the person.
        keeps: Whether what is said is written to the memory.
    """
    agent = agent_for(actor.persona, model, id=actor.id)
    if not memory:
        return agent
    person = studio.workspace.memory.user(studio.user)
    return RememberingAgent(agent, person, by_prefix=True, remembered_as=actor.id, keeps=keeps)
