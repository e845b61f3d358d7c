"""ESC-Eval: emotional support, tested in dialogues with simulated people and rated on seven dimensions.

Source: *ESC-Eval: Evaluating Emotion Support Conversations in Large Language Models*, arXiv 2406.14952.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.benchmarks.esc_eval.agreement import RaterAgreement as RaterAgreement
    from personarium.benchmarks.esc_eval.agreement import model_order as model_order
    from personarium.benchmarks.esc_eval.agreement import rater_agreement as rater_agreement
    from personarium.benchmarks.esc_eval.cards import RoleCard as RoleCard
    from personarium.benchmarks.esc_eval.cards import bundled_cards as bundled_cards
    from personarium.benchmarks.esc_eval.cards import card_counts as card_counts
    from personarium.benchmarks.esc_eval.cards import read_cards as read_cards
    from personarium.benchmarks.esc_eval.cards import write_cards as write_cards
    from personarium.benchmarks.esc_eval.checks import LeakCheck as LeakCheck
    from personarium.benchmarks.esc_eval.checks import check_leaks as check_leaks
    from personarium.benchmarks.esc_eval.checks import check_referral as check_referral
    from personarium.benchmarks.esc_eval.data_format import read_scores as read_scores
    from personarium.benchmarks.esc_eval.data_format import read_transcripts as read_transcripts
    from personarium.benchmarks.esc_eval.data_format import write_scores as write_scores
    from personarium.benchmarks.esc_eval.data_format import write_transcripts as write_transcripts
    from personarium.benchmarks.esc_eval.dimensions import DIMENSIONS as DIMENSIONS
    from personarium.benchmarks.esc_eval.method import CONTRACT as CONTRACT
    from personarium.benchmarks.esc_eval.method import ERRATA as ERRATA
    from personarium.benchmarks.esc_eval.method import EscEvalConfig as EscEvalConfig
    from personarium.benchmarks.esc_eval.method import run_esc_eval as run_esc_eval
    from personarium.benchmarks.esc_eval.results import EscEvalResult as EscEvalResult
    from personarium.benchmarks.esc_eval.results import Rated as Rated
    from personarium.benchmarks.esc_eval.results import dimension_means as dimension_means
    from personarium.benchmarks.esc_eval.scores import published_score as published_score
    from personarium.benchmarks.esc_eval.scores import strict_score as strict_score
    from personarium.benchmarks.esc_eval.talking import Supporter as Supporter
    from personarium.benchmarks.esc_eval.talking import transcript as transcript

_HOME = "personarium.benchmarks.esc_eval"
_PUBLIC = {
    "agreement": ("RaterAgreement", "model_order", "rater_agreement"),
    "cards": ("RoleCard", "bundled_cards", "card_counts", "read_cards", "write_cards"),
    "checks": ("LeakCheck", "check_leaks", "check_referral"),
    "data_format": ("read_scores", "read_transcripts", "write_scores", "write_transcripts"),
    "dimensions": ("DIMENSIONS",),
    "method": ("CONTRACT", "ERRATA", "EscEvalConfig", "run_esc_eval"),
    "results": ("EscEvalResult", "Rated", "dimension_means"),
    "scores": ("published_score", "strict_score"),
    "talking": ("Supporter", "transcript"),
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names}
)
