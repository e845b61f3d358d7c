"""Is a set of items able to show anything? The distractor that never changes, and texts that belong to another item.

Source: personalized-judge page, "Works when" 2 and Traps: every item of the published PR runs has the same wrong answer, every tie
item of the published PRISM run shows the texts of the item before it.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from personarium.judges.personalized_judge.items import PreferenceItem

LIMIT = 0.2  # personalized-judge page, "Works when" 2


@dataclass(frozen=True, slots=True)
class ItemFaults:
    """What is wrong with a set of items.

    Args:
        n: Items looked at.
        distractors: Items that have a wrong text (all but ties).
        commonest: The wrong text that occurs most often.
        times: How often it does.
        limit: The share above which it is a fault.
        stale: Ids of items that show the two texts of the item before them under another question.
        same_texts: Ids of items whose two texts are one.
    """

    n: int
    distractors: int
    commonest: str
    times: int
    limit: float
    stale: tuple[str, ...]
    same_texts: tuple[str, ...] = ()

    @property
    def distractor_share(self) -> float:
        """Share of the commonest wrong text; 0 where no item has a wrong text."""
        return self.times / self.distractors if self.distractors else 0.0

    @property
    def constant_distractor(self) -> bool:
        """Whether one wrong text stands in more items than is allowed, and so gives the right one away."""
        return self.times > self.limit * self.distractors and self.times > 1

    @property
    def flagged(self) -> bool:
        """Whether anything is wrong."""
        return self.constant_distractor or bool(self.stale) or bool(self.same_texts)

    def notices(self) -> list[str]:
        """One sentence for each fault."""
        found = []
        if self.constant_distractor:
            found.append(
                f"{self.times} of {self.distractors} items have the same wrong text, so it can be told without the persona: "
                "the accuracy on these items says nothing about personas"
            )
        if self.stale:
            found.append(
                f"{len(self.stale)} items show the two texts of the item before them under another question (the first: "
                f"{self.stale[0]}): their verdicts mean nothing"
            )
        if self.same_texts:
            found.append(
                f"{len(self.same_texts)} items show one text twice (the first: {self.same_texts[0]}): nobody can be right"
            )
        return found


def check_items(items: Sequence[PreferenceItem], limit: float = LIMIT) -> ItemFaults:
    """Look for a constant distractor and for stale texts.

    Args:
        items: In the order in which they were made.
        limit: The largest share of items that one wrong text may have.
    """
    counts = Counter(item.distractor for item in items if item.distractor is not None)
    # Of one item nothing can be said; equal counts are settled by the text, so that the result is always the same.
    commonest, times = min(counts.items(), key=lambda pair: (-pair[1], pair[0]), default=("", 0))
    stale = tuple(item.id for before, item in itertools.pairwise(items) if _is_stale(before, item))
    same = tuple(item.id for item in items if item.a == item.b)
    return ItemFaults(len(items), sum(counts.values()), commonest, times, limit, stale, same)


def _is_stale(before: PreferenceItem, item: PreferenceItem) -> bool:
    """Survey answers are options that questions share ("Yes", "No"); of texts somebody wrote that cannot be."""
    same_texts = {before.a, before.b} == {item.a, item.b}
    return item.kind != "answers" and same_texts and (not item.question or before.question != item.question)
