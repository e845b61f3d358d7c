"""What comes in: utterances on their way into the log, and the calls of a model that reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from personarium.core.chat import ChatModel, Message, Reply, Sampling
from personarium.core.errors import InvalidInput
from personarium.core.label import current_label, labelled
from personarium.models.wrapper import DEFAULT, Wrapper
from personarium.remember.erasing import owner_mark
from personarium.remember.events import Draft
from personarium.remember.recollection import without_recalled
from personarium.remember.records import Observation, to_dict


def taken_in(said: Iterable[Observation]) -> list[Observation]:
    """Observations without what was recalled: that is never taken for something new that was said.

    Raises:
        InvalidInput: When one has an id of its own already.
    """
    kept = []
    for one in said:
        if one.id:
            raise InvalidInput("observation", "no id: the memory gives it", one.id, "id")
        kept.append(replace(one, text=without_recalled(one.text)))
    return kept


def observed(one: Observation, now: float) -> Draft:
    """The event of an observation."""
    return Draft("observe", now, to_dict(one))


class OwnedModel(Wrapper):
    """A model whose calls are labelled with the user they are about, so that an erasure finds them.

    Args:
        inner: The model.
        user: Whom its calls are about.
    """

    def __init__(self, inner: ChatModel, user: str) -> None:
        super().__init__(inner)
        self._mark = owner_mark(user)

    async def generate(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> Reply:
        """The inner model's reply."""
        with labelled(item=f"{self._mark}{current_label().item}"):
            return await self.inner.generate(messages, sampling)
