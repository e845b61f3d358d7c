"""Who a character check asks: somebody's function or address, a chat model, or an agent of the house, all as one chat model."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personarium.core.chat import ChatModel, Message, canonical_json
from personarium.core.errors import RemoteError, UsageError

_PLAIN = (str, int, float, bool, bytes, type(None))


@dataclass(frozen=True)
class CheckedAgent:
    """An agent as a chat model.

    Args:
        model: How it is asked.
        told: Whether the persona goes into its prompt; somebody's own agent is not told.
        version: What its code is at, as far as that can be seen.
        sessions: Session ids of an agent that remembers.
    """

    model: Any
    told: bool
    version: str
    sessions: Any


def checked_agent(agent: Any, stateful: bool) -> CheckedAgent:
    """Anything that can be checked, as a chat model: a function, an address, a model or its name, an agent of the house.

    Raises:
        UsageError: It is none of these, or a function that takes no conversation.
    """
    from personarium.models.own_agents import PREFIX, AgentFunction, Sessions, open_agent

    sessions = Sessions()
    if isinstance(agent, str) and agent.startswith(("http://", "https://")):
        return CheckedAgent(open_agent(agent, stateful=stateful, sessions=sessions), False, "", sessions)
    if isinstance(agent, str):
        return CheckedAgent(opened(agent), True, "", sessions)
    if hasattr(agent, "answer") and hasattr(agent, "render_question"):
        return CheckedAgent(AgentFunction(_answering(agent), f"{PREFIX}{agent.id}"), False, _played(agent), sessions)
    if hasattr(agent, "generate") and hasattr(agent, "name"):
        return CheckedAgent(agent, not agent.name.startswith(PREFIX), "", sessions)
    if not callable(agent):
        raise UsageError(f"an agent is a function, an address, a chat model or its name, found {type(agent).__name__}")
    function = AgentFunction(agent, f"{PREFIX}{_name_of(agent)}", stateful=stateful, sessions=sessions)
    return CheckedAgent(function, False, _code_version(agent), sessions)


def _answering(agent: Any) -> Callable[[list[Message]], Any]:
    """An agent of the house as a function: each question is an interview, of which it remembers nothing."""

    async def answer(messages: list[Message]) -> str:
        spoken = await agent.answer(messages[-1]["content"])
        if spoken.failure is not None:
            raise RemoteError(f"{agent.id}: {spoken.failure.reason}", "agent")
        return str(spoken.text)

    return answer


def _played(agent: Any) -> str:
    return _digest(agent.model.name, canonical_json(agent.render_question("?")), repr(agent.sampling))


def _name_of(function: Any) -> str:
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}:{named.__qualname__}"


def _code_version(function: Any) -> str:
    """The file that holds a function, its defaults, and the plain values that it closes over."""
    plain = inspect.unwrap(getattr(function, "func", function))
    code = plain if inspect.isroutine(plain) else type(plain)
    try:
        source = Path(inspect.getsourcefile(code) or "").read_bytes()
    except (OSError, TypeError):  # made in a console or of C: it has no file
        source = b""
    closed = [cell.cell_contents for cell in getattr(plain, "__closure__", None) or () if _filled(cell)]
    kept = [*closed, *(getattr(plain, "__defaults__", None) or ()), *getattr(function, "args", ())]
    keywords = getattr(function, "keywords", {}) or {}
    values = [repr(v) for v in [*kept, *keywords.values()] if isinstance(v, _PLAIN)]
    return _digest(hashlib.blake2b(source).hexdigest(), *values)


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # an empty cell
        return False


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()


def opened(model: str | ChatModel) -> ChatModel:
    """A model, by its name or as it is."""
    from personarium.models import open_model

    return open_model(model) if isinstance(model, str) else model
