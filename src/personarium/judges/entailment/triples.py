"""What an estimator says: probabilities of three labels, and the protocol that all estimators keep to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from personarium.core.errors import InvalidInput

RELEVANCE_LABELS = ("irrelevant", "relevant")  # the page's order: no, yes
NLI_LABELS = ("contradicted", "neutral", "entailed")  # the page's order
SUM_TOLERANCE = 1e-3  # page apc, "Works when" 3


class Triple(NamedTuple):
    """What a response does to a statement, as probabilities that sum to 1."""

    contradicted: float
    neutral: float
    entailed: float

    def check(self, where: str = "entailment") -> Triple:
        """This triple, if it is one.

        Raises:
            InvalidInput: A part outside [0, 1], or a sum further than 0.001 from 1.
        """
        if not all(0.0 <= part <= 1.0 for part in self):
            raise InvalidInput(where, "three probabilities in [0, 1]", tuple(self))
        if abs(math.fsum(self) - 1.0) > SUM_TOLERANCE:
            raise InvalidInput(where, "three probabilities that sum to 1", tuple(self))
        return self

    @property
    def label(self) -> str:
        """The most likely label; on a tie the first in the page's order."""
        return NLI_LABELS[max(range(3), key=self.__getitem__)]


CONTRADICTED, NEUTRAL, ENTAILED = Triple(1.0, 0.0, 0.0), Triple(0.0, 1.0, 0.0), Triple(0.0, 0.0, 1.0)
ONE_HOT = dict(zip(NLI_LABELS, (CONTRADICTED, NEUTRAL, ENTAILED), strict=True))
PUBLISHED_ZERO = Triple(0.0, 0.0, 0.0)  # what the published code makes of "contradicted"; only as_published gives it


@runtime_checkable
class EntailmentEstimator(Protocol):
    """Estimates relevance and entailment of statements; None stands where no estimate could be had, never a zero."""

    @property
    def name(self) -> str: ...

    async def relevance(self, statements: Sequence[str], query: str) -> list[float | None]:
        """P(relevant) of each statement for the query, in [0, 1]."""
        ...

    async def entailment(self, statements: Sequence[str], query: str, response: str) -> list[Triple | None]:
        """What the response to the query does to each statement."""
        ...
