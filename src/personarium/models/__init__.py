"""Chat models behind one protocol: opened by name, wrapped with cache, limits, retries and accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

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
    from personarium.models.accounting import Accounted as Accounted
    from personarium.models.accounting import UsageLedger as UsageLedger
    from personarium.models.accounting import load_prices as load_prices
    from personarium.models.accounting import price_of as price_of
    from personarium.models.cache import Cached as Cached
    from personarium.models.cache import ResponseCache as ResponseCache
    from personarium.models.cache import cache_key as cache_key
    from personarium.models.hf import HFModel as HFModel
    from personarium.models.likelihood import HFLikelihood as HFLikelihood
    from personarium.models.likelihood import LikelihoodModel as LikelihoodModel
    from personarium.models.likelihood import TokenScore as TokenScore
    from personarium.models.limits import Limited as Limited
    from personarium.models.openai_compatible import OpenAICompatible as OpenAICompatible
    from personarium.models.own_agents import AgentEndpoint as AgentEndpoint
    from personarium.models.own_agents import AgentFunction as AgentFunction
    from personarium.models.own_agents import Sessions as Sessions
    from personarium.models.own_agents import agent_name as agent_name
    from personarium.models.own_agents import load_function as load_function
    from personarium.models.own_agents import open_agent as open_agent
    from personarium.models.presets import PRESETS as PRESETS
    from personarium.models.presets import Preset as Preset
    from personarium.models.registry import equip as equip
    from personarium.models.registry import open_model as open_model
    from personarium.models.retries import Retrying as Retrying
    from personarium.models.scripted import Call as Call
    from personarium.models.scripted import ScriptedModel as ScriptedModel
    from personarium.models.step import Answer as Answer
    from personarium.models.step import Step as Step
    from personarium.models.step import observing as observing
    from personarium.models.structured import Structured as Structured
    from personarium.models.structured import ask_structured as ask_structured
    from personarium.models.wire import Dialect as Dialect
    from personarium.models.wrapper import Wrapper as Wrapper
    from personarium.models.wrapper import close as close
    from personarium.models.wrapper import innermost as innermost
    from personarium.models.wrapper import stream_reply as stream_reply

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "Accounted": "personarium.models.accounting",
        "AgentEndpoint": "personarium.models.own_agents",
        "AgentFunction": "personarium.models.own_agents",
        "Answer": "personarium.models.step",
        "Cached": "personarium.models.cache",
        "Call": "personarium.models.scripted",
        "ChatModel": "personarium.core.chat",
        "Dialect": "personarium.models.wire",
        "HFLikelihood": "personarium.models.likelihood",
        "HFModel": "personarium.models.hf",
        "LikelihoodModel": "personarium.models.likelihood",
        "Limited": "personarium.models.limits",
        "Message": "personarium.core.chat",
        "OpenAICompatible": "personarium.models.openai_compatible",
        "PRESETS": "personarium.models.presets",
        "Preset": "personarium.models.presets",
        "Reply": "personarium.core.chat",
        "ResponseCache": "personarium.models.cache",
        "Retrying": "personarium.models.retries",
        "Sampling": "personarium.core.chat",
        "ScriptedModel": "personarium.models.scripted",
        "Sessions": "personarium.models.own_agents",
        "Step": "personarium.models.step",
        "StreamingModel": "personarium.core.chat",
        "Structured": "personarium.models.structured",
        "TokenLogprob": "personarium.core.chat",
        "TokenScore": "personarium.models.likelihood",
        "Usage": "personarium.core.chat",
        "UsageLedger": "personarium.models.accounting",
        "Wrapper": "personarium.models.wrapper",
        "agent_name": "personarium.models.own_agents",
        "ask_structured": "personarium.models.structured",
        "assistant": "personarium.core.chat",
        "cache_key": "personarium.models.cache",
        "close": "personarium.models.wrapper",
        "equip": "personarium.models.registry",
        "innermost": "personarium.models.wrapper",
        "load_function": "personarium.models.own_agents",
        "load_prices": "personarium.models.accounting",
        "observing": "personarium.models.step",
        "open_agent": "personarium.models.own_agents",
        "open_model": "personarium.models.registry",
        "price_of": "personarium.models.accounting",
        "stream_reply": "personarium.models.wrapper",
        "system": "personarium.core.chat",
        "user": "personarium.core.chat",
    },
)
