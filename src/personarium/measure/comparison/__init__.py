"""Which of my agents is better, and how sure are we? One comparison for agents, prompts, models and memories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.measure.comparison.contest import Item as Item
    from personarium.measure.comparison.contest import Replies as Replies
    from personarium.measure.comparison.contest import ScoreTable as ScoreTable
    from personarium.measure.comparison.contest import VerdictTable as VerdictTable
    from personarium.measure.comparison.judge_checks import JudgeCheck as JudgeCheck
    from personarium.measure.comparison.measuring import ask_agents as ask_agents
    from personarium.measure.comparison.measuring import grade_replies as grade_replies
    from personarium.measure.comparison.measuring import measure_items as measure_items
    from personarium.measure.comparison.measuring import measure_with as measure_with
    from personarium.measure.comparison.measuring import shuffled_replies as shuffled_replies
    from personarium.measure.comparison.method import ComparisonConfig as ComparisonConfig
    from personarium.measure.comparison.method import compare_agents as compare_agents
    from personarium.measure.comparison.pairwise import judge_pairs as judge_pairs
    from personarium.measure.comparison.pairwise import plan_pairs as plan_pairs
    from personarium.measure.comparison.planning import Settle as Settle
    from personarium.measure.comparison.planning import items_for_shares as items_for_shares
    from personarium.measure.comparison.result import AgentComparison as AgentComparison
    from personarium.measure.comparison.result import Disagreement as Disagreement
    from personarium.measure.comparison.result import PairResult as PairResult
    from personarium.measure.comparison.result import Savings as Savings
    from personarium.measure.comparison.result import Standing as Standing
    from personarium.measure.comparison.sections import report_sections as report_sections
    from personarium.measure.comparison.table_files import read_contest as read_contest

_NAMES = {
    "contest": "Item Replies ScoreTable VerdictTable",
    "judge_checks": "JudgeCheck",
    "measuring": "ask_agents grade_replies measure_items measure_with shuffled_replies",
    "method": "ComparisonConfig compare_agents",
    "pairwise": "judge_pairs plan_pairs",
    "planning": "Settle items_for_shares",
    "result": "AgentComparison Disagreement PairResult Savings Standing",
    "sections": "report_sections",
    "table_files": "read_contest",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {name: f"{__name__}.{module}" for module, names in _NAMES.items() for name in names.split()},
)
