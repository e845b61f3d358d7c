"""PersonaX: the dependency audit of trait scores, and the scoring of recovered latent factors (see ``audit``, ``latents``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.core.tables import read_table as read_table
    from personarium.measure.personax.audit import AuditConfig as AuditConfig
    from personarium.measure.personax.audit import dependency_audit as dependency_audit
    from personarium.measure.personax.latents import LatentScore as LatentScore
    from personarium.measure.personax.latents import score_latents as score_latents
    from personarium.measure.personax.result import Audit as Audit
    from personarium.measure.personax.result import Cell as Cell
    from personarium.measure.personax.sections import audit_sections as audit_sections
    from personarium.measure.personax.sections import audit_summary as audit_summary

_HOME = "personarium.measure.personax"
__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "Audit": f"{_HOME}.result",
        "AuditConfig": f"{_HOME}.audit",
        "Cell": f"{_HOME}.result",
        "LatentScore": f"{_HOME}.latents",
        "audit_sections": f"{_HOME}.sections",
        "audit_summary": f"{_HOME}.sections",
        "dependency_audit": f"{_HOME}.audit",
        "read_table": "personarium.core.tables",
        "score_latents": f"{_HOME}.latents",
    },
)
