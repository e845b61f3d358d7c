"""Contestants: anything that answers a context, and the study's six tutor templates in our own words.

Source: LLM Prompt Evaluation for Educational Applications (arXiv 2601.16134), Table of templates; page prompt-tournament, step 1.
Differs: the six prompts are written anew from their names and patterns; the paper's wording was not read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from personarium.core.chat import ChatModel, Sampling
from personarium.core.errors import UsageError
from personarium.core.persona import Persona
from personarium.core.results import Failure
from personarium.measure.prompt_tournament.judgements import Context, Response
from personarium.models.step import Step
from personarium.play.agents import PLAYING, Agent

_PACKAGE = "personarium.measure.prompt_tournament"
# Name -> what the paper says it is made of.
TEMPLATES: Mapping[str, str] = {
    "baseline": "Bloom's taxonomy",
    "socratic": "Socratic guide",
    "scaffolding": "scaffolding expert",
    "connections": "connection builder",
    "monitor": "comprehension monitor",
    "reading-coach": "strategic reading coach; persona and context manager",
}


@dataclass(frozen=True)
class Contestant:
    """One who takes part.

    Args:
        id: Its name; judges never see it.
        answer: Gives its answer to a context, or why there is none; a :class:`RemoteError` becomes a failure.
    """

    id: str
    answer: Callable[[Context], Awaitable[str | Failure]]


def template_text(name: str) -> str:
    """The system prompt of one of the six templates; raises UsageError for another name."""
    if name not in TEMPLATES:
        raise UsageError(f"no template '{name}'; there are {', '.join(TEMPLATES)}")
    return Step(f"prompt_tournament.{name}", _PACKAGE, name).render()[0]["content"]


def from_agent(agent: Agent, id: str, seed: int = 0) -> Contestant:
    """A persona, a prompt or a bare model that is asked each context as a question."""

    async def answer(context: Context) -> str | Failure:
        spoken = await agent.answer(context.text, seed=seed)
        return spoken.failure or spoken.text

    return Contestant(id, answer)


def from_prompt(
    prompt: str,
    model: ChatModel,
    id: str,
    *,
    persona: Persona | None = None,
    sampling: Sampling = PLAYING,
    seed: int = 0,
) -> Contestant:
    """A system prompt on a model.

    Args:
        prompt: Its text; nothing in it is evaluated.
        model: Who answers.
        id: The contestant's name.
        persona: Whom the model plays beside.
        sampling: Of the answers.
        seed: Of the run.
    """
    return from_agent(Agent(persona, model, instructions=prompt, sampling=sampling), id, seed)


def template_contestants(model: ChatModel, seed: int = 0) -> list[Contestant]:
    """The six templates of the study on one model."""
    return [from_prompt(template_text(name), model, name, seed=seed) for name in TEMPLATES]


def from_responses(responses: Iterable[Response]) -> list[Contestant]:
    """Contestants whose answers are there already; a context that one did not answer is missing, an empty answer empty."""
    texts: dict[str, dict[str, str]] = {}
    for response in responses:
        texts.setdefault(response.contestant, {})[response.context_id] = response.text
    return [_ready(who, own) for who, own in texts.items()]


def _ready(who: str, texts: Mapping[str, str]) -> Contestant:
    async def answer(context: Context) -> str | Failure:
        if context.id not in texts:
            return Failure("missing", f"{who} has no answer in context {context.id}")
        text = texts[context.id].strip()
        return text or Failure("empty", f"the answer of {who} in context {context.id} is empty")

    return Contestant(who, answer)
