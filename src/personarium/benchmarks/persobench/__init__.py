"""PersoBench: persona-grounded replies scored without a judge, failed formats reported both ways (see ``method``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.benchmarks.persobench.cleaning import Cleaned as Cleaned
    from personarium.benchmarks.persobench.cleaning import clean_reply as clean_reply
    from personarium.benchmarks.persobench.data_format import GivenReply as GivenReply
    from personarium.benchmarks.persobench.data_format import PersoRow as PersoRow
    from personarium.benchmarks.persobench.data_format import dataset_of as dataset_of
    from personarium.benchmarks.persobench.data_format import example_rows as example_rows
    from personarium.benchmarks.persobench.data_format import read_replies as read_replies
    from personarium.benchmarks.persobench.data_format import read_rows as read_rows
    from personarium.benchmarks.persobench.data_format import read_values as read_values
    from personarium.benchmarks.persobench.data_format import write_replies as write_replies
    from personarium.benchmarks.persobench.data_format import write_values as write_values
    from personarium.benchmarks.persobench.method import CONTRACT as CONTRACT
    from personarium.benchmarks.persobench.method import ERRATA as ERRATA
    from personarium.benchmarks.persobench.method import PersoBenchConfig as PersoBenchConfig
    from personarium.benchmarks.persobench.method import Scorers as Scorers
    from personarium.benchmarks.persobench.method import baseline_replies as baseline_replies
    from personarium.benchmarks.persobench.method import embedded_scorers as embedded_scorers
    from personarium.benchmarks.persobench.method import plan_calls as plan_calls
    from personarium.benchmarks.persobench.method import run_persobench as run_persobench
    from personarium.benchmarks.persobench.method import score_replies as score_replies
    from personarium.benchmarks.persobench.nli import ClassifierNli as ClassifierNli
    from personarium.benchmarks.persobench.nli import NliInput as NliInput
    from personarium.benchmarks.persobench.nli import NliModel as NliModel
    from personarium.benchmarks.persobench.nli import StatementNli as StatementNli
    from personarium.benchmarks.persobench.overlap import EmbedderVectors as EmbedderVectors
    from personarium.benchmarks.persobench.overlap import FileVectors as FileVectors
    from personarium.benchmarks.persobench.overlap import TableVectors as TableVectors
    from personarium.benchmarks.persobench.overlap import idf_overlap as idf_overlap
    from personarium.benchmarks.persobench.overlap import persona_distance as persona_distance
    from personarium.benchmarks.persobench.overlap import read_word2vec as read_word2vec
    from personarium.benchmarks.persobench.ranking import RankingInput as RankingInput
    from personarium.benchmarks.persobench.ranking import published_inputs as published_inputs
    from personarium.benchmarks.persobench.ranking import rank_models as rank_models
    from personarium.benchmarks.persobench.results import ASPECTS as ASPECTS
    from personarium.benchmarks.persobench.results import PersoBenchResult as PersoBenchResult
    from personarium.benchmarks.persobench.results import RowResult as RowResult
    from personarium.benchmarks.persobench.results import compare_results as compare_results
    from personarium.benchmarks.persobench.results import paired_tests as paired_tests
    from personarium.benchmarks.persobench.sections import persobench_summary as persobench_summary
    from personarium.benchmarks.persobench.unieval import EmbeddingStandIn as EmbeddingStandIn
    from personarium.benchmarks.persobench.unieval import UniEval as UniEval

_PUBLIC = {
    "cleaning": ("Cleaned", "clean_reply"),
    "data_format": (
        "GivenReply",
        "PersoRow",
        "dataset_of",
        "example_rows",
        "read_replies",
        "read_rows",
        "read_values",
        "write_replies",
        "write_values",
    ),
    "method": (
        "CONTRACT",
        "ERRATA",
        "PersoBenchConfig",
        "Scorers",
        "baseline_replies",
        "embedded_scorers",
        "plan_calls",
        "run_persobench",
        "score_replies",
    ),
    "nli": ("ClassifierNli", "NliInput", "NliModel", "StatementNli"),
    "overlap": ("EmbedderVectors", "FileVectors", "TableVectors", "idf_overlap", "persona_distance", "read_word2vec"),
    "ranking": ("RankingInput", "published_inputs", "rank_models"),
    "results": ("ASPECTS", "PersoBenchResult", "RowResult", "compare_results", "paired_tests"),
    "sections": ("persobench_summary",),
    "unieval": ("EmbeddingStandIn", "UniEval"),
}

__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{__name__}.{module}" for module, names in _PUBLIC.items() for name in names}
)
