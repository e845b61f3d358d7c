"""What is compared: the same items for every contestant, with scores, with verdicts between them, or with replies to judge.

A contestant is anything with a name: an agent, a prompt, a model, a memory. Baselines take part beside the contestants and
cannot win.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from personarium.core.errors import InvalidInput, UsageError
from personarium.core.results import Scale

if TYPE_CHECKING:
    from personarium.judges.verdicts import Preference
    from personarium.measure.comparison.result import Savings

Pair = tuple[str, str]
MOST_CONTESTANTS = 100  # 4,950 pairs; a tournament is the tool beyond
BASELINES = ("no persona", "shuffled persona", "shuffled replies")  # contestants of these names in a file are baselines


@dataclass(frozen=True, slots=True)
class Item:
    """What every contestant answers.

    Args:
        id: Unique.
        group: Items of one group (a persona, a dialogue) are not independent; the group is then the unit. Empty: none.
        prompt: What is asked, for judges and for the report.
        persona: Who ought to answer, in words; empty where no persona belongs to it.
    """

    id: str
    group: str = ""
    prompt: str = ""
    persona: str = ""


@dataclass(frozen=True)
class Replies:
    """What each contestant said to each item; a judge has still to read it.

    Args:
        items: In a fixed order.
        texts: Contestant -> one text an item, None where there is none.
        failures: Contestant -> kind of failure -> count, for the texts that are missing.
        baselines: Those of them that are baselines.

    Raises:
        UsageError, InvalidInput: See :func:`check_contest`.
    """

    items: tuple[Item, ...]
    texts: Mapping[str, tuple[str | None, ...]]
    failures: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    baselines: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        check_contest(self.items, self.texts, self.baselines)

    @property
    def contestants(self) -> tuple[str, ...]:
        """Names without the baselines, in order."""
        return tuple(name for name in self.texts if name not in self.baselines)


@dataclass(frozen=True)
class ScoreTable:
    """A score for each contestant on each item.

    Args:
        items: In a fixed order.
        values: Contestant -> one score an item, None where it is missing.
        scale: Range of the scores.
        source: What gave the scores (instrument, judge, file).
        texts: The scored replies, where they are known: for length bias and worst disagreements.
        failures: Contestant -> kind of failure -> count.
        baselines: Contestants that are baselines.
        unit: What an item is called.
        group_unit: What a group is called.
        judge: Name of the judge, where a judge gave the scores.
        savings: Calls of the judge, where they were planned.
        reason: Why most of the missing scores are missing, where that is known.
    """

    items: tuple[Item, ...]
    values: Mapping[str, tuple[float | None, ...]]
    scale: Scale
    source: str = "scores"
    texts: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    failures: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    baselines: frozenset[str] = frozenset()
    unit: str = "item"
    group_unit: str = "persona"
    judge: str = ""
    savings: Savings | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        check_contest(self.items, self.values, self.baselines)

    @property
    def contestants(self) -> tuple[str, ...]:
        """Names without the baselines, in order."""
        return tuple(name for name in self.values if name not in self.baselines)

    def pair(self, a: str, b: str) -> tuple[Sequence[float | None], Sequence[float | None]]:
        """The two columns of a pair."""
        return self.values[a], self.values[b]


@dataclass(frozen=True)
class VerdictTable:
    """Which of two contestants is better, item by item.

    Args:
        items: In a fixed order.
        verdicts: Pair of contestants -> one preference an item; ``A`` is the first of the pair; None: not judged.
        names: Contestants and baselines, in order.
        texts: The compared replies, where they are known.
        failures: Contestant -> kind of failure -> count.
        baselines: Contestants that are baselines.
        unit: What an item is called.
        group_unit: What a group is called.
        judge: The judge's name.
        savings: Calls against the naive number, where they were planned.
    """

    items: tuple[Item, ...]
    verdicts: Mapping[Pair, tuple[Preference | None, ...]]
    names: tuple[str, ...]
    texts: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    failures: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    baselines: frozenset[str] = frozenset()
    unit: str = "item"
    group_unit: str = "persona"
    judge: str = ""
    savings: Savings | None = None
    scale = Scale(0.0, 1.0, True, "share of comparisons won")
    source = "pairwise verdicts"

    def __post_init__(self) -> None:
        check_contest(self.items, dict.fromkeys(self.names, self.items), self.baselines)
        check_contest(self.items, {f"{a} against {b}": v for (a, b), v in self.verdicts.items()}, frozenset(), least=1)
        for pair in self.verdicts:
            if pair[0] not in self.names or pair[1] not in self.names or pair[0] == pair[1]:
                raise InvalidInput("verdicts", "pairs of two different contestants", pair)

    @property
    def contestants(self) -> tuple[str, ...]:
        """Names without the baselines, in order."""
        return tuple(name for name in self.names if name not in self.baselines)

    def pair(self, a: str, b: str) -> tuple[Sequence[float | None], Sequence[float | None]]:
        """What each of the two won: 1, one half for a tie, 0; None where nothing can be said."""
        if (a, b) not in self.verdicts:
            second, first = self._won(b, a)
            return first, second
        return self._won(a, b)

    def _won(self, a: str, b: str) -> tuple[list[float | None], list[float | None]]:
        found = self.verdicts.get((a, b), (None,) * len(self.items))
        won = [None if p is None or p.winner is None else _WON[p.winner] for p in found]
        return won, [None if value is None else 1.0 - value for value in won]

    @property
    def values(self) -> dict[str, tuple[float | None, ...]]:
        """Contestant -> its share of comparisons won on each item, over the other contestants."""
        columns: dict[str, list[list[float]]] = {name: [[] for _ in self.items] for name in self.names}
        for a, b in self.verdicts:
            apart = (a in self.baselines) or (b in self.baselines)
            for name, won in zip((a, b), self.pair(a, b), strict=True):
                if apart and name not in self.baselines:
                    continue  # beating a baseline is no merit among the contestants
                for cell, value in zip(columns[name], won, strict=True):
                    cell += [] if value is None else [value]
        return {name: tuple(sum(c) / len(c) if c else None for c in cells) for name, cells in columns.items()}

    def preferences(self) -> list[Preference]:
        """All verdicts that were given."""
        return [p for found in self.verdicts.values() for p in found if p is not None]


_WON = {"A": 1.0, "tie": 0.5, "B": 0.0}
Contest = ScoreTable | VerdictTable


def pairs_of(names: Iterable[str]) -> list[Pair]:
    """Every pair once, in order."""
    return list(combinations(names, 2))


def check_contest(
    items: Sequence[Item], columns: Mapping[str, Sequence[object]], baselines: frozenset[str], least: int = 2
) -> None:
    """Whether there is something to compare.

    Raises:
        UsageError: Fewer than two contestants, or too many.
        InvalidInput: No items, two items of one id, a column of another length, or a baseline that is not there.
    """
    rivals = [name for name in columns if name not in baselines]
    if len(rivals) < least:
        found = f"'{rivals[0]}' alone" if rivals else "none"
        raise UsageError(f"a comparison needs at least two contestants, found {found}")
    if least > 1 and len(rivals) > MOST_CONTESTANTS:
        raise UsageError(f"a comparison takes at most {MOST_CONTESTANTS} contestants, found {len(rivals)}")
    ids = [item.id for item in items]
    if not ids:
        raise InvalidInput("comparison", "at least one item", "none")
    if len(set(ids)) < len(ids):
        raise InvalidInput("comparison", "items that are all different", Counter(ids).most_common(1)[0][0], "item")
    for name, column in columns.items():
        if len(column) != len(ids):
            raise InvalidInput(f"contestant '{name}'", f"one entry for each of {len(ids)} items", len(column))
    if missing := sorted(baselines - set(columns)):
        raise InvalidInput("baselines", "names of contestants", missing[0])
