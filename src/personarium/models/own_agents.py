"""The user's own agent as a chat model: behind a URL or a Python function, its prompt never seen, its persona never told.

Such a model gets what was said in the conversation and nothing else: no system message, no sampling parameters (an agent
has its own). Whatever it raises is an error of the agent, which engines count as a failure with its reason.

Source: none published; DESIGN.md, "Agent": a persona of somebody else's agent goes to the judge only.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from personarium.core.chat import Message, Reply, Sampling
from personarium.core.dialogue import Dialogue
from personarium.core.errors import NotFound, RemoteError, UsageError, shorten
from personarium.core.label import current_label

DEFAULT = Sampling()
SESSION_HEADER = "X-Session-Id"
AGENT_KEY = "PERSONARIUM_AGENT_API_KEY"
# Names of the two sides in the dialogue that a function gets: who talks with it, and itself.
PARTNER, AGENT = "partner", "agent"
PREFIX = "agent/"


@dataclass(slots=True)
class Sessions:
    """Session ids for stateful agents: one for each conversation, the same when the run goes on.

    Args:
        nonce: What makes the sessions of this run its own (the run's id, set when the run is open): a second run must not
            meet what the agent remembers of the first.
    """

    nonce: str = ""

    def current(self, sampling: Sampling) -> str:
        """The id of the running conversation: the run, the item that is worked on, which sample and repeat of it."""
        key = f"{self.nonce}|{current_label().item}|{sampling.seed}|{sampling.sample}|{sampling.repeat}"
        return blake2b(key.encode(), digest_size=12).hexdigest()


def open_agent(
    target: str,
    *,
    model: str | None = None,
    stateful: bool = False,
    sessions: Sessions | None = None,
    api_key: str | None = None,
    timeout_s: float | None = None,
) -> AgentEndpoint | AgentFunction:
    """The user's own agent by where it is.

    Args:
        target: ``http://HOST:PORT/v1`` (any OpenAI-compatible endpoint), ``module:function`` or ``path/file.py:function``.
        model: Model id to send to an endpoint; without it the first one that it lists, or ``default``.
        stateful: The agent remembers the conversation itself: it gets a session id and only what is new.
        sessions: Where its session ids come from.
        api_key: Sent to the endpoint; by default what ``PERSONARIUM_AGENT_API_KEY`` holds. Model keys are never sent.
        timeout_s: Seconds that one turn of an endpoint may take.

    Raises:
        UsageError: The target is neither, or its function cannot be called with a conversation.
        NotFound: There is no such module, file or function.
    """
    if target.startswith(("http://", "https://")):
        return AgentEndpoint(
            target, model, stateful=stateful, sessions=sessions, api_key=api_key, **_given(timeout_s=timeout_s)
        )
    if model is not None:
        raise UsageError("--agent-model names a model at an endpoint; the agent is a Python function")
    return AgentFunction(load_function(target), f"{PREFIX}{target}", stateful=stateful, sessions=sessions)


def agent_name(target: str, model: str | None = None, stateful: bool = False) -> str:
    """What an own agent is called in records; says everything about it that changes its replies.

    Raises:
        UsageError: The target is no address and no ``module:function``.
    """
    if target.startswith(("http://", "https://")):
        from personarium.models.openai_compatible import clean_url

        target = f"{model}@{clean_url(target)}" if model else clean_url(target)
    return f"{PREFIX}{target}{';stateful' if stateful else ''}"


class AgentEndpoint:
    """An agent behind an OpenAI-compatible address.

    Args:
        base_url: Address up to and without ``/chat/completions``.
        model: Model id to send; None asks the endpoint which it has.
        stateful: Whether it keeps the conversation by session id (header ``X-Session-Id`` and field ``user``) and is sent
            only what was said since its last turn.
        sessions: Where the session ids come from.
        api_key: Its key; by default from the environment.
        options: For the client (``timeout_s``, ...).
    """

    def __init__(
        self,
        base_url: str,
        model: str | None = None,
        *,
        stateful: bool = False,
        sessions: Sessions | None = None,
        api_key: str | None = None,
        **options: Any,
    ) -> None:
        import os

        from personarium.models.openai_compatible import OpenAICompatible

        self.name = agent_name(base_url, model, stateful)
        self.stateful = stateful
        key = api_key or os.environ.get(AGENT_KEY, "").strip() or None
        self._client = OpenAICompatible(model or "default", base_url, key, name=self.name, **options)
        self._model, self.sessions = model, sessions or Sessions()
        self._asking: asyncio.Task[str] | None = None

    def __repr__(self) -> str:
        return f"AgentEndpoint({self.name!r})"

    async def generate(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> Reply:
        """The agent's next turn.

        Raises:
            RemoteError: When it gave none.
        """
        body, headers = await self._request(messages, sampling, False)
        return await self._client.post_chat(body, headers)

    async def stream(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> AsyncIterator[str | Reply]:
        """The same piece by piece, and last as a whole."""
        body, headers = await self._request(messages, sampling, True)
        async for piece in self._client.stream_chat(body, headers):
            yield piece

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _request(
        self, messages: Sequence[Message], sampling: Sampling, stream: bool
    ) -> tuple[bytes, Mapping[str, str] | None]:
        said = spoken(messages)
        body: dict[str, Any] = {"model": self._model or await self._listed(), "messages": said}
        if stream:
            body["stream"] = True
        if not self.stateful:
            return to_json(body), None
        session = self.sessions.current(sampling)
        body["messages"], body["user"] = since_last_turn(said), session
        return to_json(body), {SESSION_HEADER: session}

    async def _listed(self) -> str:
        """The first model that the endpoint lists; one that lists none is asked for ``default``."""
        if self._asking is None or self._asking.get_loop() is not asyncio.get_running_loop():
            self._asking = asyncio.create_task(self._ask_for_models())
        return await asyncio.shield(self._asking)

    async def _ask_for_models(self) -> str:
        try:
            found = await self._client.models()
        except RemoteError as error:
            if error.kind in ("connection", "timeout", "auth"):
                self._asking = None  # so that a retry asks again
                raise
            return "default"
        return found[0] if found else "default"


class AgentFunction:
    """An agent that is a Python function, sync or async.

    Args:
        function: Gets the conversation so far and returns its turn as text. Its first parameter gets chat messages (its
            own turns as ``assistant``), or a :class:`Dialogue` (speakers ``partner`` and ``agent``) when it is called
            ``dialogue`` or annotated so. A parameter ``session_id`` gets the id of the conversation.
        name: In records.
        stateful: Whether it keeps the conversation itself; it is then given only what is new.
        sessions: Where the session ids come from.

    Raises:
        UsageError: The function cannot take a conversation.
    """

    def __init__(
        self, function: Callable[..., Any], name: str, *, stateful: bool = False, sessions: Sessions | None = None
    ) -> None:
        self.function, self.stateful = function, stateful
        self.name = f"{name};stateful" if stateful else name
        self.sessions = sessions or Sessions()
        self._takes_dialogue, self._takes_session = _signature(function, name)

    def __repr__(self) -> str:
        return f"AgentFunction({self.name!r})"

    async def generate(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> Reply:
        """The function's next turn; a sync function runs in a thread, so that others go on meanwhile.

        Raises:
            RemoteError: Of kind ``agent``, when it raised or returned no text.
        """
        said = spoken(messages)
        said = since_last_turn(said) if self.stateful else said
        given = _as_dialogue(said) if self._takes_dialogue else said
        more = {"session_id": self.sessions.current(sampling)} if self._takes_session else {}
        try:
            found = await self._call(given, more)
        except RemoteError:
            raise
        except Exception as error:  # foreign code may raise anything; it is the agent's failure and not our crash
            raise RemoteError(f"{self.name} raised {type(error).__name__}: {shorten(str(error))}", "agent") from error
        if not isinstance(found, str):
            raise RemoteError(f"{self.name} returned {shorten(found)}, expected its turn as text", "agent")
        return Reply(found, model=self.name)

    async def _call(self, given: Any, more: Mapping[str, str]) -> Any:
        if inspect.iscoroutinefunction(_plain_function(self.function)):
            return await self.function(given, **more)
        found = await asyncio.to_thread(self.function, given, **more)
        return await found if inspect.isawaitable(found) else found


def spoken(messages: Sequence[Message]) -> list[Message]:
    """What was said, and nothing that was told.

    Raises:
        UsageError: A system message is among them: somebody tried to tell an own agent who it is.
    """
    if any(message["role"] not in ("user", "assistant") for message in messages):
        raise UsageError(
            "an own agent gets only what was said to it; this request holds a system message, "
            "so a persona or instruction would have reached the agent"
        )
    return [{"role": message["role"], "content": message["content"]} for message in messages]


def since_last_turn(messages: Sequence[Message]) -> list[Message]:
    """What was said after the agent's own last turn: all that is new to an agent with a memory of its own."""
    last = max((place for place, message in enumerate(messages) if message["role"] == "assistant"), default=-1)
    return list(messages[last + 1 :])


def load_function(target: str) -> Callable[..., Any]:
    """The function that ``module:function`` or ``path/file.py:function`` names.

    Raises:
        UsageError: The text is not of this form, or what it names cannot be called.
        NotFound: There is no such module, file or function; or importing it failed.
    """
    place, colon, attribute = target.rpartition(":")
    if not colon or not place or not attribute.replace(".", "_").isidentifier():
        raise UsageError(f"--agent takes http://HOST/PATH or module:function, found {shorten(target)}")
    found: Any = _module(place)
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise NotFound(f"{place} has no '{attribute}'; --agent {target} names no function")
        found = getattr(found, part)
    if not callable(found):
        raise UsageError(f"--agent {target}: expected a function, found {shorten(found)}")
    function: Callable[..., Any] = found
    return function


def _module(place: str) -> Any:
    try:
        if place.endswith(".py"):
            return _module_of_file(Path(place))
        if "" not in sys.path:
            sys.path.insert(0, "")  # a console script does not look into the current folder, where the user's agent is
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        raise NotFound(
            f"--agent: there is no module {error.name}; run the command in the folder that holds it"
        ) from None
    except Exception as error:  # whatever the user's module raises while it is imported
        raise NotFound(
            f"--agent: importing {place} failed with {type(error).__name__}: {shorten(str(error))}"
        ) from error


def _module_of_file(path: Path) -> Any:
    if not path.is_file():
        raise ModuleNotFoundError(name=str(path))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None  # a path that ends in .py has both
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _plain_function(function: Callable[..., Any]) -> Any:
    """What decides whether a call is a coroutine: the function itself, or the ``__call__`` of an object."""
    return function if inspect.isroutine(function) else type(function).__call__


def _signature(function: Callable[..., Any], name: str) -> tuple[bool, bool]:
    """Whether the first parameter wants a dialogue, and whether there is a ``session_id``."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # a built-in without a signature takes messages
        return False, False
    first = next((p for p in parameters if p.kind is not inspect.Parameter.KEYWORD_ONLY), None)
    others = [p for p in parameters if p is not first and p.name != "session_id"]
    needed = [p.name for p in others if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if first is None or first.kind is first.VAR_KEYWORD or needed:
        raise UsageError(
            f"{name} must take one conversation (and may take session_id), it takes {len(parameters)} values"
        )
    wants = first.name == "dialogue" or first.annotation in (Dialogue, "Dialogue")
    return wants, any(p.name == "session_id" for p in parameters)


def _as_dialogue(messages: Sequence[Message]) -> Dialogue:
    names = {"user": PARTNER, "assistant": AGENT}
    return Dialogue("", [(names[m["role"]], m["content"]) for m in messages], cast=(PARTNER, AGENT))  # type: ignore[misc]


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
