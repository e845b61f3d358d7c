"""Prometheus: judging by a rubric of five described scores, with any model.

Source: *Prometheus: Inducing Fine-grained Evaluation Capability in Language Models*, arXiv 2310.08491.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.judges.prometheus.comparisons import ComparisonResult as ComparisonResult
    from personarium.judges.prometheus.comparisons import run_comparisons as run_comparisons
    from personarium.judges.prometheus.data_formats import PairItem as PairItem
    from personarium.judges.prometheus.data_formats import ScoredItem as ScoredItem
    from personarium.judges.prometheus.data_formats import load_pairs as load_pairs
    from personarium.judges.prometheus.data_formats import load_scored as load_scored
    from personarium.judges.prometheus.data_formats import read_rubric as read_rubric
    from personarium.judges.prometheus.data_formats import to_lines as to_lines
    from personarium.judges.prometheus.examples import load_example_pairs as load_example_pairs
    from personarium.judges.prometheus.examples import load_examples as load_examples
    from personarium.judges.prometheus.pairs import PairResult as PairResult
    from personarium.judges.prometheus.pairs import ScoredPair as ScoredPair
    from personarium.judges.prometheus.pairs import run_pairs as run_pairs
    from personarium.judges.prometheus.scores import ScoreResult as ScoreResult
    from personarium.judges.prometheus.scores import run_scores as run_scores
    from personarium.judges.prometheus.settings import ERRATA as ERRATA
    from personarium.judges.prometheus.settings import PrometheusConfig as PrometheusConfig
    from personarium.judges.prometheus.settings import prometheus_judge as prometheus_judge
    from personarium.judges.prometheus.training_records import TrainingRecord as TrainingRecord
    from personarium.judges.prometheus.training_records import TrainingSet as TrainingSet
    from personarium.judges.prometheus.training_records import build_training_set as build_training_set
    from personarium.judges.prometheus.training_records import encode_record as encode_record
    from personarium.judges.prometheus.training_records import format_output as format_output

_HOME = "personarium.judges.prometheus"
_NAMES = {
    "data_formats": "PairItem ScoredItem load_pairs load_scored read_rubric to_lines",
    "comparisons": "ComparisonResult run_comparisons",
    "examples": "load_example_pairs load_examples",
    "pairs": "PairResult ScoredPair run_pairs",
    "scores": "ScoreResult run_scores",
    "settings": "ERRATA PrometheusConfig prometheus_judge",
    "training_records": "TrainingRecord TrainingSet build_training_set encode_record format_output",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _NAMES.items() for name in names.split()}
)
