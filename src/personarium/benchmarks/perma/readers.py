"""Who answers the multiple choice: a chat model, or a rule that knows what was planted.

Source: perma page, step 9 (code) and "Works when" 7.
"""

from __future__ import annotations

from typing import Any

from personarium.benchmarks.perma.records import Task, holds
from personarium.benchmarks.perma.steps import ANSWER
from personarium.core.chat import ChatModel
from personarium.core.errors import UsageError
from personarium.core.results import Failure
from personarium.text.holes import Unparsed


class PlantedReader:
    """Takes gold if every value that the task needs stands in the fetched text, else the option that is wrong in all.

    It is the reader for template worlds: no model is asked, and what it scores is what the memory fetched.
    """

    name = "planted"

    def choose(self, task: Task, memory_text: str) -> str:
        """The letter.

        Raises:
            UsageError: When nothing is planted in the task.
        """
        wrong = task.choice.letter_of((0, 0, 0))
        if not task.needs or wrong is None:
            raise UsageError(f"{task.name} has no planted values; name a model that reads the options")
        return task.choice.gold if all(holds(memory_text, value) for value in task.needs) else wrong


def answer_inputs(task: Task, memory_text: str) -> dict[str, Any]:
    """What step 9 is asked with."""
    return {"memory": memory_text, "question": task.question, "options": task.choice.shown}


def _any_text(text: str) -> dict[str, Any] | Unparsed:
    """Any reply that is not empty: one is asked for again because it is empty, never because it is no letter."""
    return {"text": text} if text.strip() else Unparsed("the reply is empty", text)


async def answered(
    reader: ChatModel | PlantedReader, task: Task, memory_text: str, *, asks: int = 10, seed: int = 0
) -> str | Failure:
    """The reply to the multiple choice, or why there is none.

    Args:
        reader: Who answers.
        task: The task.
        memory_text: What the memory gave.
        asks: Most requests, while the reply is empty.
        seed: The run's seed.
    """
    if isinstance(reader, PlantedReader):
        return reader.choose(task, memory_text)
    inputs = answer_inputs(task, memory_text)
    answer = await ANSWER.ask(reader, inputs, item=task.name, asks=asks, read=_any_text, seed=seed)
    return answer.failure if answer.failure is not None else str(answer["text"])
