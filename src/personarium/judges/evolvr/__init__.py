"""EvolvR: pairwise story judging by several reader personas, filtered reasoning, rewards (see ``method``).

Source: *EvolvR: Self-Evolving Pairwise Reasoning for Story Evaluation to Enhance Generation*, arXiv 2508.06046.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.judges.evolvr.config import EvolvRConfig as EvolvRConfig
    from personarium.judges.evolvr.data_format import Story as Story
    from personarium.judges.evolvr.data_format import StoryPair as StoryPair
    from personarium.judges.evolvr.data_format import pairs_of_stories as pairs_of_stories
    from personarium.judges.evolvr.data_format import read_hanna as read_hanna
    from personarium.judges.evolvr.data_format import read_pairs as read_pairs
    from personarium.judges.evolvr.data_format import read_records as read_records
    from personarium.judges.evolvr.data_format import split_by_prompt as split_by_prompt
    from personarium.judges.evolvr.data_format import write_records as write_records
    from personarium.judges.evolvr.logit_check import ChatContinuation as ChatContinuation
    from personarium.judges.evolvr.logit_check import LogitCheck as LogitCheck
    from personarium.judges.evolvr.logit_check import check_logits as check_logits
    from personarium.judges.evolvr.method import CONTRACT as CONTRACT
    from personarium.judges.evolvr.method import ERRATA as ERRATA
    from personarium.judges.evolvr.method import candidates_of_records as candidates_of_records
    from personarium.judges.evolvr.method import filter_candidates as filter_candidates
    from personarium.judges.evolvr.method import run_evolvr as run_evolvr
    from personarium.judges.evolvr.panel import judge_stories as judge_stories
    from personarium.judges.evolvr.personas import ASPECTS as ASPECTS
    from personarium.judges.evolvr.personas import READERS as READERS
    from personarium.judges.evolvr.reader_noise import panel_error as panel_error
    from personarium.judges.evolvr.reader_noise import side_by_side as side_by_side
    from personarium.judges.evolvr.result import EvolvRResult as EvolvRResult
    from personarium.judges.evolvr.result import Judged as Judged
    from personarium.judges.evolvr.rewards import evaluator_reward as evaluator_reward
    from personarium.judges.evolvr.rewards import generation_reward as generation_reward
    from personarium.judges.evolvr.tags import Checked as Checked
    from personarium.judges.evolvr.tags import reversed_scores as reversed_scores
    from personarium.judges.evolvr.tags import rule_check as rule_check
    from personarium.judges.evolvr.tags import with_scores as with_scores

_NAMES = {
    "data_format": "Story StoryPair pairs_of_stories read_hanna read_pairs read_records split_by_prompt write_records",
    "logit_check": "ChatContinuation LogitCheck check_logits",
    "method": "CONTRACT ERRATA candidates_of_records filter_candidates run_evolvr",
    "config": "EvolvRConfig",
    "panel": "judge_stories",
    "personas": "ASPECTS READERS",
    "reader_noise": "panel_error side_by_side",
    "result": "EvolvRResult Judged",
    "rewards": "evaluator_reward generation_reward",
    "tags": "Checked reversed_scores rule_check with_scores",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {name: f"{__name__}.{module}" for module, names in _NAMES.items() for name in names.split()},
)
