"""Who meets whom over which context, and who stands left: all from the seed and the ratings so far, nothing else.

Source: LLM Prompt Evaluation for Educational Applications (arXiv 2601.16134); page prompt-tournament, steps 3 and 4. The schedule is
the page's own: the paper does not say how pairs were sampled.
"""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from personarium.stats.glicko import Ratings, informative_pairs

ScheduleName = Literal["auto", "round-robin", "information"]
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Duel:
    """Two answers to one context; ``left`` stands left when it is judged first."""

    context_id: str
    left: str
    right: str


@dataclass(frozen=True)
class Schedule:
    """What is played.

    Args:
        contestants: In their order.
        contexts: Their ids.
        kind: ``round-robin``: every pair over every context, batch by batch of contexts. ``information``: the pairs from which
            most is learnt.
        games_per_period: Of each contestant, about; 10 to 15 (Glickman).
        most: Duels in all, at most.
        seed: Of the contexts' order and the sides.
    """

    contestants: tuple[str, ...]
    contexts: tuple[str, ...]
    kind: ScheduleName
    games_per_period: int
    most: int
    seed: int

    def batch(
        self, period: int, ratings: Ratings, played: Sequence[Duel], lost: Collection[tuple[str, str]]
    ) -> list[Duel]:
        """The duels of a period; empty when nothing is left to play.

        Args:
            period: Counted from 0.
            ratings: Before it.
            played: The duels of the earlier periods.
            lost: (context, contestant) pairs that are known to have no answer; a choice by information leaves them out.
        """
        room = self.most - len(played)
        if self.kind == "round-robin":
            return self._all_pairs(period)[: max(0, room)]
        count = max(1, math.ceil(self.games_per_period * len(self.contestants) / 2))
        return self._informative(min(count, max(0, room)), ratings, played, lost)

    @property
    def contexts_per_period(self) -> int:
        """How many contexts a batch of a round robin has."""
        return max(1, round(self.games_per_period / max(1, len(self.contestants) - 1)))

    def ordered_contexts(self) -> list[str]:
        """The contexts in the order in which they are used."""
        shuffled = sorted(self.contexts)
        random.Random(f"{self.seed}|contexts").shuffle(shuffled)
        return shuffled

    def duel(self, context: str, pair: Pair) -> Duel:
        """The pair over a context, sides by lot: a schedule with fixed sides turns a liking for a side into a ranking."""
        a, b = sorted(pair)
        turned = random.Random(f"{self.seed}|sides|{context}|{a}|{b}").random() < 0.5
        return Duel(context, b, a) if turned else Duel(context, a, b)

    def _all_pairs(self, period: int) -> list[Duel]:
        size, ordered = self.contexts_per_period, self.ordered_contexts()
        batch = ordered[period * size : (period + 1) * size]
        return [self.duel(context, pair) for context in batch for pair in combinations(self.contestants, 2)]

    def _informative(
        self, count: int, ratings: Ratings, played: Sequence[Duel], lost: Collection[tuple[str, str]]
    ) -> list[Duel]:
        gone: dict[Pair, set[str]] = {pair: set() for pair in combinations(self.contestants, 2)}
        for duel in played:
            gone[self._pair(duel)].add(duel.context_id)
        silent: dict[str, set[str]] = {name: {c for c, who in lost if who == name} for name in self.contestants}
        places = {name: k for k, name in enumerate(self.contestants)}
        left = np.zeros((len(places), len(places)), dtype=np.int64)
        for (a, b), contexts in gone.items():
            contexts |= silent[a] | silent[b]
            left[places[a], places[b]] = left[places[b], places[a]] = len(self.contexts) - len(contexts)
        found = []
        ordered = self.ordered_contexts()
        for i, j in informative_pairs(ratings, count, left, self.seed + len(played)):
            pair = self.contestants[i], self.contestants[j]
            context = next(c for c in ordered if c not in gone[pair])
            gone[pair].add(context)
            found.append(self.duel(context, pair))
        # Questions about one context come together, so that an endpoint can keep their common beginning.
        order = {context: k for k, context in enumerate(ordered)}
        return sorted(found, key=lambda duel: order[duel.context_id])

    def _pair(self, duel: Duel) -> Pair:
        first, second = sorted((duel.left, duel.right), key=self.contestants.index)
        return first, second


def schedule_for(
    contestants: Sequence[str],
    contexts: Sequence[str],
    kind: ScheduleName,
    games_per_period: int,
    most: int | None,
    seed: int,
) -> Schedule:
    """The schedule; ``auto`` is a round robin where all of it may be played, else by information.

    Args:
        contestants: Their names.
        contexts: Their ids.
        kind: See :class:`Schedule`.
        games_per_period: Of each contestant.
        most: Duels in all; None for every pair over every context.
        seed: Of chance.
    """
    whole = math.comb(len(contestants), 2) * len(contexts)
    limit = whole if most is None else min(most, whole)
    chosen: ScheduleName = kind if kind != "auto" else "round-robin" if limit == whole else "information"
    return Schedule(tuple(contestants), tuple(contexts), chosen, games_per_period, limit, seed)
