"""One prompted step of a system: a template file, a reply form, a sampling; rendered, asked, read and counted alike."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from personarium.core.chat import ChatModel, Message, Role, Sampling
from personarium.core.errors import RemoteError, UsageError
from personarium.core.label import labelled
from personarium.core.results import Failure
from personarium.text.blocks import block
from personarium.text.form import Form, Unparsed
from personarium.text.refusals import is_refusal

if TYPE_CHECKING:
    from jinja2 import Environment, Template

Read = Callable[[str], "dict[str, Any] | Unparsed"]
Observer = Callable[["Step", Mapping[str, Any], list[Message]], None]
_ROLES: tuple[Role, ...] = ("system", "user")
_observer: ContextVar[Observer | None] = ContextVar("personarium_step_observer", default=None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking a step.

    Args:
        values: What was read, by hole name (``{"text": ...}`` for a step without a form); None on failure.
        text: The last reply, as it came.
        failure: Why there are no values.
        asks: How many times the question was put.
        replies: Every reply text, oldest first.
    """

    values: dict[str, Any] | None
    text: str
    failure: Failure | None
    asks: int
    replies: tuple[str, ...]

    def __getitem__(self, name: str) -> Any:
        """The value of hole ``name``; raises KeyError when the step failed."""
        if self.values is None:
            raise KeyError(f"{name}: the step failed ({self.failure.reason if self.failure else 'no values'})")
        return self.values[name]


@dataclass(frozen=True)
class Step:
    """A prompt with its reply form.

    Args:
        name: The step's name in records, for instance ``personagym.grade``.
        package: The Python package whose ``prompts/`` folder holds the template.
        template: File name there, without ``.jinja``; the file defines the blocks ``system`` (may be absent) and
            ``user``. Templates wrap data with ``{{ value | block("persona") }}``, which no data can break out of.
        form: What the reply must look like: a :class:`Form`, a function of the inputs, or None for free speech. It is
            shown at the end of the user message in a ``<reply>`` block.
        sampling: Defaults of the step (the paper's constants).
    """

    name: str
    package: str
    template: str
    form: Form | Callable[[Mapping[str, Any]], Form] | None = None
    sampling: Sampling = Sampling()

    @property
    def hash(self) -> str:
        """Content hash of the template: the prompt's version in every run."""
        return hashlib.blake2b(_source(self.package, self.template).encode(), digest_size=8).hexdigest()

    def form_for(self, inputs: Mapping[str, Any]) -> Form | None:
        """The reply form for these inputs."""
        return self.form(inputs) if callable(self.form) else self.form

    def render(self, **inputs: Any) -> list[Message]:
        """The exact messages that ``ask`` sends for these inputs; makes no call.

        Raises:
            UsageError: When an input that the template names is missing.
        """
        template, given_up = _template(self.package, self.template)
        messages: list[Message] = []
        try:
            # shared=True spares a copy of the (two) globals for every prompt
            context = template.new_context({**template.globals, **inputs}, shared=True)
            for role in _ROLES:
                if role in template.blocks:
                    text = "".join(template.blocks[role](context)).strip()
                    if text:
                        messages.append({"role": role, "content": text})
        except given_up as error:
            raise UsageError(f"step {self.name} cannot be rendered: {error}; give it as an input") from error
        form = self.form_for(inputs)
        if form is not None:
            messages[-1]["content"] += "\n\n" + form.show()
        return messages

    async def ask(
        self,
        model: ChatModel,
        inputs: Mapping[str, Any],
        *,
        item: str | None = None,
        sample: int = 0,
        repeat: int = 0,
        asks: int = 1,
        read: Read | None = None,
        seed: int | None = None,
        sampling: Sampling | None = None,
    ) -> Answer:
        """Put the question, read the reply, ask again up to ``asks`` times in all while it cannot be read.

        Args:
            model: Who is asked.
            inputs: The template's inputs.
            item: Label of the call in the records; None keeps the outer label.
            sample: Which of several samples.
            repeat: Which repeat of the condition.
            asks: The most times the same question is put; each re-ask is a new draw.
            read: Replaces the form's tolerant reader.
            seed: The run's seed.
            sampling: Replaces the step's sampling.

        Returns:
            The answer; an unreadable, empty or refused reply and a failed endpoint are failures in it, not exceptions.
        """
        messages = self.render(**inputs)
        observer = _observer.get()
        if observer is not None:
            observer(self, inputs, messages)
        drawn = {"sample": sample, "repeat": repeat} | ({} if seed is None else {"seed": seed})
        base = (sampling or self.sampling).but(**drawn)
        reader = read or self._reader(inputs)
        replies: list[str] = []
        failure: Failure | None = None
        with labelled(step=self.name, item=item) as label:
            for attempt in range(asks):
                try:
                    reply = await model.generate(messages, base if not attempt else base.but(attempt=attempt))
                except RemoteError as error:
                    failure = Failure("error", str(error), label.item, tuple(replies))
                    return Answer(None, "", failure, attempt + 1, tuple(replies))
                replies.append(reply.text)
                values = reader(reply.text)
                if not isinstance(values, Unparsed):
                    return Answer(values, reply.text, None, attempt + 1, tuple(replies))
                failure = _failure(values, reply.text, label.item, replies)
        return Answer(None, replies[-1] if replies else "", failure, asks, tuple(replies))

    def _reader(self, inputs: Mapping[str, Any]) -> Read:
        form = self.form_for(inputs)
        return form.read if form is not None else _free_text


def _free_text(text: str) -> dict[str, Any] | Unparsed:
    return {"text": text.strip()} if text.strip() else Unparsed("the reply is empty", text)


def _failure(unparsed: Unparsed, text: str, where: str, replies: list[str]) -> Failure:
    if not text.strip():
        return Failure("empty", "the reply is empty", where, tuple(replies))
    kind = "refused" if is_refusal(text) else "unparsed"
    return Failure(kind, unparsed.reason, where, tuple(replies))  # type: ignore[arg-type]


@contextmanager
def observing(observer: Observer) -> Iterator[None]:
    """Call ``observer(step, inputs, messages)`` for every question put inside; the contract checks use it."""
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, StrictUndefined

    # Prompts are plain text for a model, not HTML: nothing is escaped here but the tags of our own blocks.
    env = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
    env.filters["block"] = lambda text, tag, n=None: block(tag, str(text), n)
    return env


@lru_cache(maxsize=512)
def _source(package: str, template: str) -> str:
    from importlib.resources import files

    return (files(package) / "prompts" / f"{template}.jinja").read_text(encoding="utf-8")


@lru_cache(maxsize=512)
def _template(package: str, template: str) -> tuple[Template, type[Exception]]:
    """The compiled template, and what it raises when an input is missing (jinja2 is imported only when one is used)."""
    from jinja2 import UndefinedError

    return _environment().from_string(_source(package, template)), UndefinedError
