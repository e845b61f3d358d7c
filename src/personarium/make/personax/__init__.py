"""PersonaX: trait scores by several raters, pooled, with abstention and agreement (see ``method``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.make.personax.method import CONTRACT as CONTRACT
    from personarium.make.personax.method import MAKER as MAKER
    from personarium.make.personax.method import audit_ratings as audit_ratings
    from personarium.make.personax.method import rate_personas as rate_personas
    from personarium.make.personax.pooling import Pooled as Pooled
    from personarium.make.personax.pooling import pool_scores as pool_scores
    from personarium.make.personax.pooling import rater_agreement as rater_agreement
    from personarium.make.personax.result import PersonaxConfig as PersonaxConfig
    from personarium.make.personax.result import RatedPersonas as RatedPersonas
    from personarium.make.personax.result import Rating as Rating

_HOME = "personarium.make.personax"
__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "CONTRACT": f"{_HOME}.method",
        "MAKER": f"{_HOME}.method",
        "PersonaxConfig": f"{_HOME}.result",
        "Pooled": f"{_HOME}.pooling",
        "RatedPersonas": f"{_HOME}.result",
        "Rating": f"{_HOME}.result",
        "audit_ratings": f"{_HOME}.method",
        "pool_scores": f"{_HOME}.pooling",
        "rate_personas": f"{_HOME}.method",
        "rater_agreement": f"{_HOME}.pooling",
    },
)
