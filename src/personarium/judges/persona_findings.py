"""One finding of a persona check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to know about a persona.

    Args:
        kind: ``contradiction``, ``evidence``, ``judge``, ...
        severity: ``error`` (do not use it so), ``warning`` (look at it), ``info`` (good to know).
        where: Facet ids, or fields of the persona (``@name``, ``@demonstration.1``).
        message: One clause.
        quote: The words or values it is about.
    """

    kind: str
    severity: Severity
    where: tuple[str, ...]
    message: str
    quote: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "kind": self.kind,
            "severity": self.severity,
            "where": list(self.where),
            "message": self.message,
            "quote": self.quote,
        }
