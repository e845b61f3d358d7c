"""Several raters as one: the mean of their means; a rater without any verdict is missing, not 0."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from personarium.core.errors import UsageError
from personarium.core.rubric import Rubric
from personarium.judges.judging import Rater
from personarium.judges.layouts import Winner
from personarium.judges.verdicts import Grade, Preference, mean_of
from personarium.runs.executors import AsyncioExecutor


class Ensemble:
    """Raters that judge the same thing apart from each other.

    Judges that are one model with one prompt draw different samples and are numbered ("… #2"); they are *not* independent:
    what such a model gets wrong, all of them get wrong.

    Args:
        raters: At least one.

    Raises:
        UsageError: Without any rater.
    """

    def __init__(self, raters: Sequence[Rater]) -> None:
        if not raters:
            raise UsageError("an ensemble needs at least one rater")
        self.raters = tuple(raters)
        own = [rater.name for rater in self.raters]
        # How many raters before it have the same name: its number, and where its samples begin.
        self._before = tuple(own[:k].count(name) for k, name in enumerate(own))
        self.names = tuple(f"{n} #{k + 1}" if k else n for n, k in zip(own, self._before, strict=True))

    @property
    def name(self) -> str:
        """All raters' names."""
        return f"ensemble({'; '.join(self.names)})"

    async def grade(
        self,
        rubric: Rubric,
        instruction: str,
        response: str,
        reference: str | None = None,
        *,
        samples: int = 1,
        persona: str | None = None,
        item: str | None = None,
        first_sample: int = 0,
    ) -> Grade:
        """The mean of the raters' means; ``samples`` holds one mean for each rater, ``parts`` their grades."""

        async def one(k: int) -> Grade:
            start = first_sample + samples * self._before[k]
            found = await self.raters[k].grade(
                rubric,
                instruction,
                response,
                reference,
                samples=samples,
                persona=persona,
                item=item,
                first_sample=start,
            )
            return replace(found, judge=self.names[k])

        parts = await AsyncioExecutor().map(range(len(self.raters)), one, concurrency=len(self.raters))
        means = tuple(part.value for part in parts)
        return Grade(
            mean_of(means),
            means,
            tuple(words for part in parts for words in part.feedback),
            tuple(failure for part in parts for failure in part.failures),
            sum(part.asks for part in parts),
            item or "",
            self.name,
            with_reference=any(part.with_reference for part in parts),
            parts=tuple(parts),
        )

    async def compare(
        self,
        criterion: Rubric | str,
        instruction: str,
        a: str,
        b: str,
        reference: str | None = None,
        *,
        both_orders: bool = True,
        samples: int = 1,
        persona: str | None = None,
        item: str | None = None,
        first_sample: int = 0,
    ) -> Preference:
        """The majority of the raters that have a winner; equal numbers for A and B are a tie."""

        async def one(k: int) -> Preference:
            start = first_sample + samples * self._before[k]
            found = await self.raters[k].compare(
                criterion,
                instruction,
                a,
                b,
                reference,
                both_orders=both_orders,
                samples=samples,
                persona=persona,
                item=item,
                first_sample=start,
            )
            return replace(found, judge=self.names[k])

        parts = await AsyncioExecutor().map(range(len(self.raters)), one, concurrency=len(self.raters))
        known = [part.consistent for part in parts if part.consistent is not None]
        return Preference(
            majority([part.winner for part in parts]),
            tuple(order for part in parts for order in part.orders),
            all(known) if known else None,
            None,
            tuple(words for part in parts for words in part.feedback),
            tuple(failure for part in parts for failure in part.failures),
            sum(part.asks for part in parts),
            item or "",
            self.name,
            any(part.with_reference for part in parts),
            tuple(parts),
        )


def majority(winners: Sequence[Winner | None]) -> Winner | None:
    """What most say among those that say anything; a draw is a tie, and nobody's word is None."""
    counts = Counter(winner for winner in winners if winner is not None)
    if not counts:
        return None
    (best, most), *rest = counts.most_common()
    return "tie" if rest and rest[0][1] == most else best
