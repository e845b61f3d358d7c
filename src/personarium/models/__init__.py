"""Chat models behind one protocol: opened by name, wrapped with cache, limits, retries and accounts."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from personarium.core.chat import ChatModel as ChatModel
    from personarium.core.chat import Message as Message
    from personarium.core.chat import Reply as Reply
    from personarium.core.chat import Sampling as Sampling
    from personarium.core.chat import StreamingModel as StreamingModel
    from personarium.core.chat import TokenLogprob as TokenLogprob
    from personarium.core.chat import Usage as Usage
    from personarium.core.chat import assistant as assistant
    from personarium.core.chat import system as system
    from personarium.core.chat import user as user
    from personarium.models.scripted import Call as Call
    from personarium.models.scripted import ScriptedModel as ScriptedModel
    from personarium.models.step import Answer as Answer
    from personarium.models.step import Step as Step
    from personarium.models.step import observing as observing

# name -> module, imported on first use, so that the room costs nothing to import
_EXPORTS = {
    "Answer": "personarium.models.step",
    "Call": "personarium.models.scripted",
    "ChatModel": "personarium.core.chat",
    "Message": "personarium.core.chat",
    "Reply": "personarium.core.chat",
    "Sampling": "personarium.core.chat",
    "ScriptedModel": "personarium.models.scripted",
    "Step": "personarium.models.step",
    "StreamingModel": "personarium.core.chat",
    "TokenLogprob": "personarium.core.chat",
    "Usage": "personarium.core.chat",
    "assistant": "personarium.core.chat",
    "observing": "personarium.models.step",
    "system": "personarium.core.chat",
    "user": "personarium.core.chat",
}
__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
