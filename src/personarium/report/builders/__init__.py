"""From a run folder to a document: what the run handed over, and what every run has (failures, cost, prompts, origin)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.report.builders.run import build_document as build_document

__all__, __getattr__, __dir__ = lazy_exports(__name__, {"build_document": "personarium.report.builders.run"})
