"""A model that answers what a script says: exact replies and faults at known calls, and a record of every call."""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Union

from personarium.core.chat import Message, Reply, Sampling, Usage
from personarium.core.errors import UsageError, shorten
from personarium.core.label import Label, current_label

PLAIN = Sampling()
Scripted = Union[str, Reply, BaseException]  # noqa: UP007 (an alias that is used at run time on 3.11)
Script = Callable[[Sequence[Message], Sampling], Union[Scripted, Awaitable[Scripted]]]  # noqa: UP007


@dataclass(frozen=True, slots=True)
class Call:
    """One question as the model got it, with the label (step, item) under which it was put."""

    messages: tuple[Message, ...]
    sampling: Sampling
    label: Label


class ScriptedModel:
    """Answers by script; the seam at which every test of a system stands.

    Args:
        replies: A sequence (given out in order; running out raises), a mapping from a pattern to a reply (the first
            pattern that is a substring of the last message, or as a regular expression is found in it, decides; the key
            ``""`` fits anything), or a function of ``(messages, sampling)``, sync or async. A reply is a text, a whole
            :class:`Reply`, or an exception, which is raised.
        name: The model's name.
        faults: ``{call number: reply or exception}`` (the first call is 0): what call k gets in place of its scripted
            reply, which stays for the next call.

    Attributes:
        calls: Every call so far, in the order of arrival.
    """

    def __init__(
        self,
        replies: Sequence[Scripted] | Mapping[str, Scripted] | Script,
        name: str = "scripted",
        faults: Mapping[int, Scripted] | None = None,
    ) -> None:
        if isinstance(replies, (str, Reply)):
            raise UsageError("ScriptedModel takes a list, a mapping or a function of replies; put one reply in a list")
        self.name = name
        self.calls: list[Call] = []
        self._replies = replies
        self._faults = dict(faults or {})
        self._given = 0

    def __repr__(self) -> str:
        return f"ScriptedModel({self.name!r}, {len(self.calls)} calls)"

    async def generate(self, messages: Sequence[Message], sampling: Sampling = PLAIN) -> Reply:
        """The scripted reply to this call.

        Raises:
            UsageError: When the script has no reply for it.
            Exception: Whatever the script says should be raised.
        """
        number = len(self.calls)
        # Copies: whoever goes on appending to its list of messages must not rewrite the record.
        copied: list[Message] = [message.copy() for message in messages]
        self.calls.append(Call(tuple(copied), sampling, current_label()))
        found = self._faults[number] if number in self._faults else self._next(messages, sampling)
        if inspect.isawaitable(found):
            found = await found
        if isinstance(found, BaseException):
            raise found
        return _as_reply(found, messages, self.name)

    async def stream(self, messages: Sequence[Message], sampling: Sampling = PLAIN) -> AsyncIterator[str | Reply]:
        """The same reply, word by word, and last as a whole."""
        reply = await self.generate(messages, sampling)
        for piece in re.findall(r"\s*\S+|\s+$", reply.text):
            yield piece
        yield reply

    def _next(self, messages: Sequence[Message], sampling: Sampling) -> Scripted | Awaitable[Scripted]:
        script = self._replies
        if callable(script):
            return script(messages, sampling)
        if isinstance(script, Mapping):
            return self._matching(script, messages)
        if self._given >= len(script):
            raise UsageError(f"the script of {self.name} has {len(script)} replies and was asked once more")
        self._given += 1
        return script[self._given - 1]

    def _matching(self, script: Mapping[str, Scripted], messages: Sequence[Message]) -> Scripted:
        last = messages[-1]["content"] if messages else ""
        for pattern, reply in script.items():
            if pattern in last or _found(pattern, last):
                return reply
        raise UsageError(f"the script of {self.name} has no pattern for the message {shorten(last)}")


def _found(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:  # a plain text that is not a regular expression, such as "score (1-5"
        return False


def _as_reply(found: str | Reply, messages: Sequence[Message], name: str) -> Reply:
    if isinstance(found, Reply):
        return found if found.model else replace(found, model=name)
    usage = Usage(count_words(messages), len(found.split()), 1)
    return Reply(found, usage=usage, model=name)


def count_words(messages: Sequence[Message]) -> int:
    """Blank-separated words of all messages: what a model without a tokenizer reports as prompt tokens."""
    return sum(len(str(message["content"]).split()) for message in messages)
