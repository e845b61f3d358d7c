"""A committee that picks the best of several candidates: every pair, every member, both orders, majority vote.

Source: Faithful Persona-based Conversational Dataset Generation (arXiv 2312.10007), page synthetic-persona-chat, step 7.
Differs: the paper states no tie rule; here most pairs won, then most single votes, then the earlier candidate.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Protocol

from personarium.core.errors import UsageError
from personarium.core.results import Failure
from personarium.core.rubric import Rubric
from personarium.judges.ensemble import majority
from personarium.judges.layouts import Winner
from personarium.judges.verdicts import Preference
from personarium.runs.executors import AsyncioExecutor


class Comparer(Protocol):
    """Whoever can say which of two texts is better; every :class:`~personarium.judges.judging.Rater` can."""

    @property
    def name(self) -> str: ...

    async def compare(
        self,
        criterion: Rubric | str,
        instruction: str,
        a: str,
        b: str,
        reference: str | None = ...,
        *,
        both_orders: bool = ...,
        samples: int = ...,
        persona: str | None = ...,
        item: str | None = ...,
        first_sample: int = ...,
    ) -> Preference: ...


@dataclass(frozen=True, slots=True)
class Member:
    """An expert for one thing.

    Args:
        name: Unique in the committee.
        comparer: Who compares.
        criterion: What is compared.
    """

    name: str
    comparer: Comparer
    criterion: Rubric | str


@dataclass(frozen=True, slots=True)
class Ballot:
    """What the committee said of one pair of candidates.

    Args:
        pair: The candidates' places, the earlier first.
        votes: Member -> the place it prefers; None where it abstained: it contradicted itself when the order was turned,
            called a tie, or could not be read.
        winner: The place that most of the votes name; None when none does.
    """

    pair: tuple[int, int]
    votes: Mapping[str, int | None]
    winner: int | None


@dataclass(frozen=True, slots=True)
class Choice:
    """The candidate that was picked, and why.

    Args:
        best: Its place; None without any candidate.
        pairs_won: For each candidate in how many pairs it won.
        votes: For each candidate how many single votes it got.
        ballots: Every pair.
        abstained: Member -> how often it abstained.
        failures: Verdicts that could not be had or read.
    """

    best: int | None
    pairs_won: tuple[int, ...] = ()
    votes: tuple[int, ...] = ()
    ballots: tuple[Ballot, ...] = ()
    abstained: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; pairs by place."""
        return {
            "best": self.best,
            "pairs_won": list(self.pairs_won),
            "votes": list(self.votes),
            "ballots": [{"pair": list(b.pair), "votes": dict(b.votes), "winner": b.winner} for b in self.ballots],
            "abstained": dict(self.abstained),
        }


class Chooser(Protocol):
    """Picks one of several candidates."""

    async def choose(
        self,
        candidates: Sequence[str],
        instruction: str,
        *,
        persona: str | None = ...,
        item: str = ...,
        first: int = ...,
    ) -> Choice: ...


@dataclass(frozen=True)
class Committee:
    """Members that compare all candidates two by two.

    Args:
        members: At least one; an odd number of members that never abstain leaves no pair undecided.

    Raises:
        UsageError: Nobody, or two members of one name.
    """

    members: tuple[Member, ...]

    def __post_init__(self) -> None:
        names = [member.name for member in self.members]
        if not names or len(set(names)) != len(names):
            raise UsageError(f"a committee needs members of different names, found {', '.join(names) or 'nobody'}")

    async def choose(
        self,
        candidates: Sequence[str],
        instruction: str,
        *,
        persona: str | None = None,
        item: str = "",
        first: int = 0,
    ) -> Choice:
        """Show every pair to every member, in both orders, and count.

        Args:
            candidates: The texts; one alone is picked without asking anybody.
            instruction: What all of them answer.
            persona: Whose texts they are.
            item: Label of the calls.
            first: Number of the first sample; a second round over the same texts draws anew from there.
        """
        pairs = list(combinations(range(len(candidates)), 2))
        jobs = [(pair, member) for pair in pairs for member in self.members]

        async def one(job: tuple[tuple[int, int], Member]) -> Preference:
            (a, b), member = job
            return await member.comparer.compare(
                member.criterion,
                instruction,
                candidates[a],
                candidates[b],
                persona=persona,
                item=f"{item}/{member.name}/{a}-{b}".lstrip("/"),
                first_sample=first,
            )

        found = await AsyncioExecutor().map(jobs, one, concurrency=max(1, len(jobs)))
        step = len(self.members)
        ballots = [self._ballot(pair, found[k * step : (k + 1) * step]) for k, pair in enumerate(pairs)]
        return count_ballots(ballots, len(candidates), [failure for vote in found for failure in vote.failures])

    def _ballot(self, pair: tuple[int, int], found: Sequence[Preference]) -> Ballot:
        said: list[Winner | None] = [None if p.winner == "tie" or p.consistent is False else p.winner for p in found]
        place: dict[Winner | None, int | None] = {"A": pair[0], "B": pair[1]}
        votes = {member.name: place.get(winner) for member, winner in zip(self.members, said, strict=True)}
        return Ballot(pair, votes, place.get(majority(said)))


def count_ballots(ballots: Sequence[Ballot], candidates: int, failures: Sequence[Failure] = ()) -> Choice:
    """The candidate with most pairs won, then with most single votes, then the earlier one."""
    won = Counter(ballot.winner for ballot in ballots)
    votes = Counter(vote for ballot in ballots for vote in ballot.votes.values())
    abstained = Counter(name for ballot in ballots for name, vote in ballot.votes.items() if vote is None)
    places = range(candidates)
    best = max(places, key=lambda k: (won[k], votes[k], -k), default=None)
    return Choice(
        best,
        tuple(won[k] for k in places),
        tuple(votes[k] for k in places),
        tuple(ballots),
        dict(sorted(abstained.items())),
        tuple(failures),
    )


@dataclass(frozen=True)
class RandomChoice:
    """The baseline of any committee: one of the candidates by lot, the same for the same seed and item."""

    seed: int = 0

    async def choose(
        self,
        candidates: Sequence[str],
        instruction: str,
        *,
        persona: str | None = None,
        item: str = "",
        first: int = 0,
    ) -> Choice:
        """Draw one; texts and instruction do not matter."""
        if not candidates:
            return Choice(None)
        return Choice(random.Random(f"{self.seed}|{item}|{first}").randrange(len(candidates)))
