"""The two readers of LD-Agent: the event summary of a talk, and the persona extraction of an utterance.

Source: ld-agent page, steps 1 and 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from personarium.core.chat import ChatModel, Sampling
from personarium.core.results import Failure
from personarium.remember.ld_agent.config import LDAgentConfig
from personarium.remember.ld_agent.steps import EVENT_SUMMARY, PERSONA_EXTRACTION, read_trait
from personarium.remember.ld_agent.talks import numbered_lines
from personarium.remember.records import Observation


@dataclass(frozen=True, slots=True)
class Summed:
    """What came of summing up one talk: a text, or a failure."""

    talk: Sequence[Observation]
    text: str
    by: str
    failure: Failure | None = None
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Read:
    """What came of reading one utterance for traits: some, none, or a failure."""

    said: Observation
    texts: tuple[str, ...]
    by: str
    failure: Failure | None = None
    calls: int = 0


async def sum_up(talk: Sequence[Observation], model: ChatModel, config: LDAgentConfig, user: str) -> Summed:
    """Have a talk summed up; one call."""
    inputs = {"dialogue": numbered_lines(talk), "words": config.summary_words}
    item = f"{user}/{talk[0].id}"
    answer = await EVENT_SUMMARY.ask(model, inputs, item=item, sampling=_seeded(EVENT_SUMMARY.sampling, config))
    text = "" if answer.failure is not None else " ".join(str(answer["content"]).split())
    failure = answer.failure or (None if text else Failure("empty", "the summary is empty", item))
    return Summed(talk, text, model.name, failure, answer.asks)


async def extract(said: Observation, model: ChatModel, config: LDAgentConfig, user: str) -> Read:
    """Have an utterance read for traits of its speaker; one call."""
    inputs = {"sentence": f"{said.speaker}: {' '.join(said.text.split())}", "words": config.trait_words}
    sampling = _seeded(PERSONA_EXTRACTION.sampling, config)
    answer = await PERSONA_EXTRACTION.ask(model, inputs, item=f"{user}/{said.id}", sampling=sampling, read=read_trait)
    texts = (str(answer["statement"]),) if answer.failure is None and answer["statement"] else ()
    return Read(said, texts, model.name, answer.failure, answer.asks)


def failures_of(summed: Sequence[Summed], read: Sequence[Read]) -> list[Failure | None]:
    """Why there is no summary or trait, for each; None where there is."""
    return [*(one.failure for one in summed), *(one.failure for one in read)]


def _seeded(sampling: Sampling, config: LDAgentConfig) -> Sampling:
    return sampling.but(seed=config.seed)
