"""What PerSEval gives one model: per document, per user, and over all documents.

Source: page perseval, steps 3 and 5 (arXiv 2407.00453). Accuracy is a DISTANCE from the golds: lower is better.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from personarium.measure.perseval.tables import Array

if TYPE_CHECKING:
    from personarium.core.results import Estimate


@dataclass(frozen=True, slots=True)
class DocumentScores:
    """One model on one document.

    Args:
        id: The document.
        users: Who is scored.
        degress: Of each user.
        edp: Of each user; ``adp`` and ``acp`` are its parts.
        adp: Accuracy drop, the same for all users of the document.
        acp: Accuracy inconsistency.
        accuracy: Distance of the output from the user's own gold, lower is better.
    """

    id: str
    users: tuple[str, ...]
    degress: Array
    edp: Array
    adp: Array
    acp: Array
    accuracy: Array

    @property
    def product(self) -> Array:
        """DEGRESS x EDP of each user."""
        return self.degress * self.edp

    def as_row(self, model: str) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "id": f"{model}/{self.id}",
            "model": model,
            "document": self.id,
            "users": list(self.users),
            "degress": float(self.degress.mean()),
            "perseval": float(self.product.mean()),
            "accuracy": float(self.accuracy.mean()),
            "user_degress": self.degress.tolist(),
            "user_edp": self.edp.tolist(),
        }


@dataclass(frozen=True)
class ModelScores:
    """One model over all documents.

    Args:
        model: Its name.
        documents: One entry for each document that could be scored, in order.
        missing: What was left out, by kind: ``user`` (somebody without gold, output or distance), ``document`` (fewer than two such
            users), ``filled`` (a missing distance taken as 1, as published).
        zero_document: Golds and outputs at distance 0 from the document, whose weights are 0.
    """

    model: str
    documents: tuple[DocumentScores, ...]
    missing: Mapping[str, int] = field(default_factory=dict)
    zero_document: int = 0

    def values(self, name: str) -> list[float]:
        """One value a document: ``degress``, ``product`` (PerSEval) or ``accuracy``, each the mean over its users."""
        return [float(getattr(one, name).mean()) for one in self.documents]

    @property
    def degress(self) -> float | None:
        """Step 3: mean over documents of the mean over users; None without a document."""
        return _mean(self.values("degress"))

    @property
    def egises(self) -> float | None:
        """1 - DEGRESS, lower is better."""
        return None if self.degress is None else 1 - self.degress

    @property
    def perseval(self) -> float | None:
        """Step 5: higher is better, never quite 1."""
        return _mean(self.values("product"))

    @property
    def accuracy(self) -> float | None:
        """Mean distance of an output from its gold over all users of all documents; lower is better."""
        return _mean([float(one) for document in self.documents for one in document.accuracy])

    def estimates(self, seed: int = 0) -> dict[str, Estimate]:
        """PerSEval, DEGRESS and EGISES with 95 % bootstrap intervals over documents, and the distance from the golds."""
        from personarium.stats import bootstrap_mean

        def one(values: list[float | None]) -> Estimate:
            return bootstrap_mean(values, "document", seed=seed)

        lost: list[float | None] = [None] * self.missing.get("document", 0)
        degress = self.values("degress")
        return {
            "PerSEval": one([*self.values("product"), *lost]),
            "DEGRESS": one([*degress, *lost]),
            "EGISES": one([*(1 - value for value in degress), *lost]),
            "distance from the golds": one([*self.values("accuracy"), *lost]),
        }


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
