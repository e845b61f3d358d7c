"""LD-Agent: sessions found by topic, personas of both speakers (see ``method``), and its evaluation on MSC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.remember.ld_agent.config import LDAgentConfig as LDAgentConfig
    from personarium.remember.ld_agent.evaluation import ReplyScores as ReplyScores
    from personarium.remember.ld_agent.evaluation import evaluate as evaluate
    from personarium.remember.ld_agent.evaluation import evaluate_prompts as evaluate_prompts
    from personarium.remember.ld_agent.method import CONTRACT as CONTRACT
    from personarium.remember.ld_agent.method import AgentTurn as AgentTurn
    from personarium.remember.ld_agent.method import LDAgent as LDAgent
    from personarium.remember.ld_agent.msc import GoldReply as GoldReply
    from personarium.remember.ld_agent.msc import Sample as Sample
    from personarium.remember.ld_agent.msc import TimedSession as TimedSession
    from personarium.remember.ld_agent.msc import read_gold_replies as read_gold_replies
    from personarium.remember.ld_agent.msc import read_samples as read_samples
    from personarium.remember.ld_agent.nouns import common_nouns as common_nouns
    from personarium.remember.ld_agent.nouns import find_nouns as find_nouns
    from personarium.remember.ld_agent.topics import Session as Session
    from personarium.remember.ld_agent.topics import age_text as age_text
    from personarium.remember.ld_agent.topics import match_sessions as match_sessions
    from personarium.remember.ld_agent.topics import time_decay as time_decay
    from personarium.remember.ld_agent.topics import topic_overlap as topic_overlap

_NAMES = {
    "config": "LDAgentConfig",
    "evaluation": "ReplyScores evaluate evaluate_prompts",
    "method": "AgentTurn CONTRACT LDAgent",
    "msc": "GoldReply Sample TimedSession read_gold_replies read_samples",
    "nouns": "common_nouns find_nouns",
    "topics": "Session age_text match_sessions time_decay topic_overlap",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{__name__}.{module}" for module, names in _NAMES.items() for name in names.split()}
)
