"""Prompt tournament: contestants judged blind two by two, rated by Glicko-2 (see ``method``); study files and checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.measure.prompt_tournament.checks import JudgeCheck as JudgeCheck
    from personarium.measure.prompt_tournament.checks import SideBias as SideBias
    from personarium.measure.prompt_tournament.checks import side_bias as side_bias
    from personarium.measure.prompt_tournament.config import DIMENSIONS as DIMENSIONS
    from personarium.measure.prompt_tournament.config import Dimension as Dimension
    from personarium.measure.prompt_tournament.config import TournamentConfig as TournamentConfig
    from personarium.measure.prompt_tournament.contestants import TEMPLATES as TEMPLATES
    from personarium.measure.prompt_tournament.contestants import Contestant as Contestant
    from personarium.measure.prompt_tournament.contestants import from_agent as from_agent
    from personarium.measure.prompt_tournament.contestants import from_prompt as from_prompt
    from personarium.measure.prompt_tournament.contestants import from_responses as from_responses
    from personarium.measure.prompt_tournament.contestants import template_contestants as template_contestants
    from personarium.measure.prompt_tournament.contestants import template_text as template_text
    from personarium.measure.prompt_tournament.judgements import Context as Context
    from personarium.measure.prompt_tournament.judgements import Judgement as Judgement
    from personarium.measure.prompt_tournament.judgements import Response as Response
    from personarium.measure.prompt_tournament.judgements import read_contexts as read_contexts
    from personarium.measure.prompt_tournament.judgements import read_judgements as read_judgements
    from personarium.measure.prompt_tournament.judgements import read_responses as read_responses
    from personarium.measure.prompt_tournament.judgements import write_judgements as write_judgements
    from personarium.measure.prompt_tournament.judgements import write_responses as write_responses
    from personarium.measure.prompt_tournament.markdown import as_markdown as as_markdown
    from personarium.measure.prompt_tournament.method import CONTRACT as CONTRACT
    from personarium.measure.prompt_tournament.method import JudgingStopped as JudgingStopped
    from personarium.measure.prompt_tournament.method import check_contestants as check_contestants
    from personarium.measure.prompt_tournament.method import run_tournament as run_tournament
    from personarium.measure.prompt_tournament.result import TournamentResult as TournamentResult
    from personarium.measure.prompt_tournament.result import rate_judgements as rate_judgements
    from personarium.measure.prompt_tournament.study import Study as Study
    from personarium.measure.prompt_tournament.study import read_study as read_study

_NAMES = {
    "checks": "JudgeCheck SideBias side_bias",
    "contestants": "TEMPLATES Contestant from_agent from_prompt from_responses template_contestants template_text",
    "judgements": "Context Judgement Response read_contexts read_judgements read_responses write_judgements write_responses",
    "markdown": "as_markdown",
    "method": "CONTRACT JudgingStopped check_contestants run_tournament",
    "config": "DIMENSIONS Dimension TournamentConfig",
    "result": "TournamentResult rate_judgements",
    "study": "Study read_study",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        name: f"personarium.measure.prompt_tournament.{module}"
        for module, names in _NAMES.items()
        for name in names.split()
    },
)
