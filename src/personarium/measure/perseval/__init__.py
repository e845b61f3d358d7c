"""PerSEval and EGISES: how far outputs adapt to each user, for any per-user generation (see ``method``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.measure.perseval.data_format import Item as Item
    from personarium.measure.perseval.data_format import example_items as example_items
    from personarium.measure.perseval.data_format import read_items as read_items
    from personarium.measure.perseval.data_format import read_scores as read_scores
    from personarium.measure.perseval.data_format import write_items as write_items
    from personarium.measure.perseval.data_format import write_scores as write_scores
    from personarium.measure.perseval.human import borda as borda
    from personarium.measure.perseval.human import correlations as correlations
    from personarium.measure.perseval.human import human_distance as human_distance
    from personarium.measure.perseval.human import ranking as ranking
    from personarium.measure.perseval.human import rated_by_people as rated_by_people
    from personarium.measure.perseval.keeping import distance_name as distance_name
    from personarium.measure.perseval.keeping import read_distances as read_distances
    from personarium.measure.perseval.keeping import write_distances as write_distances
    from personarium.measure.perseval.method import CONTRACT as CONTRACT
    from personarium.measure.perseval.method import ERRATA as ERRATA
    from personarium.measure.perseval.method import PersevalConfig as PersevalConfig
    from personarium.measure.perseval.method import penalty as penalty
    from personarium.measure.perseval.method import score_model as score_model
    from personarium.measure.perseval.method import score_models as score_models
    from personarium.measure.perseval.method import weighted_deviation as weighted_deviation
    from personarium.measure.perseval.published import published_correlations as published_correlations
    from personarium.measure.perseval.published import published_scores as published_scores
    from personarium.measure.perseval.scores import DocumentScores as DocumentScores
    from personarium.measure.perseval.scores import ModelScores as ModelScores
    from personarium.measure.perseval.sections import perseval_summary as perseval_summary
    from personarium.measure.perseval.subsamples import Stability as Stability
    from personarium.measure.perseval.subsamples import rank_stability as rank_stability
    from personarium.measure.perseval.subsamples import stability as stability
    from personarium.measure.perseval.tables import DocumentDistances as DocumentDistances
    from personarium.measure.perseval.tables import SourceDistances as SourceDistances
    from personarium.measure.perseval.tables import measure_distances as measure_distances
    from personarium.measure.perseval.tables import source_distances as source_distances

_PUBLIC = {
    "data_format": ("Item", "example_items", "read_items", "read_scores", "write_items", "write_scores"),
    "human": ("borda", "correlations", "human_distance", "ranking", "rated_by_people"),
    "keeping": ("distance_name", "read_distances", "write_distances"),
    "method": (
        "CONTRACT",
        "ERRATA",
        "PersevalConfig",
        "penalty",
        "score_model",
        "score_models",
        "weighted_deviation",
    ),
    "published": ("published_correlations", "published_scores"),
    "scores": ("DocumentScores", "ModelScores"),
    "sections": ("perseval_summary",),
    "subsamples": ("Stability", "rank_stability", "stability"),
    "tables": ("DocumentDistances", "SourceDistances", "measure_distances", "source_distances"),
}

__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{__name__}.{module}" for module, names in _PUBLIC.items() for name in names}
)
