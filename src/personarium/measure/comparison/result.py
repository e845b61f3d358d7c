"""What a comparison says: who stands where, every pair with its effect, the judge, what would settle it, the worst items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from personarium.core.results import Estimate, Scale
from personarium.measure.comparison.judge_checks import JudgeCheck
from personarium.measure.comparison.planning import Settle, about
from personarium.stats.comparisons import Comparison


@dataclass(frozen=True, slots=True)
class Standing:
    """One contestant.

    Args:
        name: Whose.
        mean: Mean over units with its interval.
        leads: In which share of resampled item sets it has the highest mean; None for a baseline.
        failures: What is missing, by kind.
        words: Mean length of its replies in words, where they are known.
        baseline: Whether it is a baseline.
    """

    name: str
    mean: Estimate
    leads: float | None
    failures: Mapping[str, int] = field(default_factory=dict)
    words: float | None = None
    baseline: bool = False

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {**asdict(self), "mean": self.mean.as_dict(), "failures": dict(self.failures)}


@dataclass(frozen=True, slots=True)
class PairResult:
    """Two contestants on the same items.

    Args:
        a: The first.
        b: The second.
        test: The paired test of mean(a - b); its effect has the interval.
        p_adjusted: Holm's p over all pairs of contestants (over the baselines' pairs for those); None: not defined.
        better: Who is better after the correction; None where they are not told apart.
        share_missing: Share of the items that one of the two has no score on.
        if_missing_worst: The effect when every missing score is taken for the worst of the scale; None where none is missing.
        settle: What would settle it.
    """

    a: str
    b: str
    test: Comparison
    p_adjusted: float | None
    better: str | None
    share_missing: float
    if_missing_worst: float | None
    settle: Settle | None

    @property
    def told_apart(self) -> bool:
        """Whether they are called different."""
        return self.better is not None

    @property
    def says(self) -> str:
        """The verdict in words, with what would settle an open one."""
        if self.better is not None:
            return f"{self.better} is better"
        if self.test.effect.value is None:
            return "nothing to compare"
        if self.settle is None or self.settle.more is None:
            return "not told apart"
        more = about(self.settle.more)
        return f"not told apart; {more} more {self.test.effect.unit}s would settle it if the difference is as seen"

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        plain = {n: getattr(self, n) for n in ("a", "b", "p_adjusted", "better", "share_missing", "if_missing_worst")}
        settled = None if self.settle is None else self.settle.as_dict()
        return {**plain, "test": self.test.as_dict(), "settle": settled, "says": self.says}


@dataclass(frozen=True, slots=True)
class Control:
    """The comparison tried on itself.

    Args:
        found_again: Share of resampled item sets in which the leader is found best again: the chance that a repetition with
            as many items finds the same; None without a leader.
        equal_called_different: Share of copies of the data in which two contestants have been made equal (their scores
            changed hands by lot, item by item) and are called different all the same; it should be 1 - confidence.
        copies: Number of resampled sets and of copies a pair.
    """

    found_again: float | None
    equal_called_different: float | None
    copies: int


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An item on which two contestants are furthest apart.

    Args:
        item: Its id.
        prompt: What was asked.
        a: The better one on this item.
        b: The other.
        score_a: Of ``a``.
        score_b: Of ``b``.
        reply_a: What ``a`` said, where it is known.
        reply_b: What ``b`` said.
        feedback: The judge's words, where there are any.
    """

    item: str
    prompt: str
    a: str
    b: str
    score_a: float
    score_b: float
    reply_a: str | None = None
    reply_b: str | None = None
    feedback: str = ""


@dataclass(frozen=True, slots=True)
class Savings:
    """What the judge was asked, against asking every contestant about every other in both orders.

    Args:
        calls: Questions to the judge.
        naive_calls: Of the naive way: for every ordered pair of contestants both orders of showing.
        prompt_tokens: Of the calls (estimated).
        naive_prompt_tokens: Of the naive way.
        shared_tokens: Tokens of the calls' prompts that an earlier prompt has begun with: an endpoint with a prefix cache
            does not read them again.
        reply_tokens: Of the replies (estimated from the judge's words); None where nothing was asked.
        dollars: What the calls cost at the known price; None without one.
        naive_dollars: What the naive way would have cost.
    """

    calls: int
    naive_calls: int
    prompt_tokens: int = 0
    naive_prompt_tokens: int = 0
    shared_tokens: int = 0
    reply_tokens: int | None = None
    dollars: float | None = None
    naive_dollars: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return asdict(self)


@dataclass(frozen=True)
class AgentComparison:
    """The answer.

    Args:
        standings: Contestants by mean, the best first; then the baselines.
        pairs: Every pair of contestants.
        against_baselines: Every contestant with every baseline.
        best: Who is found best; None where nobody is, or the comparison is refused.
        control: How the comparison does when it is repeated, and on equal contestants.
        judge: What is known of the judge; None where nobody judged.
        worst: Items on which contestants are furthest apart.
        refusals: Why no winner may be named, whatever the numbers look like; empty where one may.
        warnings: What a reader must know.
        savings: Calls of a pairwise judge against the naive number.
        scale: Of the scores.
        source: What gave the scores.
        confidence: Of intervals and decisions.
        items: Number of items.
    """

    standings: tuple[Standing, ...]
    pairs: tuple[PairResult, ...]
    against_baselines: tuple[PairResult, ...]
    best: str | None
    control: Control
    judge: JudgeCheck | None
    worst: tuple[Disagreement, ...]
    refusals: tuple[str, ...]
    warnings: tuple[str, ...]
    savings: Savings | None
    scale: Scale
    source: str
    confidence: float
    items: int

    def pair(self, a: str, b: str) -> PairResult:
        """The result of two contestants, in the order in which they were compared."""
        for found in (*self.pairs, *self.against_baselines):
            if {found.a, found.b} == {a, b}:
                return found
        raise KeyError(f"{a} and {b} were not compared")

    @property
    def leader(self) -> str:
        """The contestant with the highest mean (whether or not that is more than luck)."""
        return self.standings[0].name

    @property
    def statement(self) -> str:
        """The answer in one or two sentences."""
        if self.refusals:
            return f"No winner can be named: {self.refusals[0]}."
        if self.best is not None:
            return (
                f"{self.best} is best: it is better than each of the others, "
                f"each time with a confidence of {self.confidence:.0%}."
            )
        open_pairs = [p for p in self.pairs if self.leader in (p.a, p.b) and p.better != self.leader]
        closest = max(open_pairs, key=lambda p: p.settle.more if p.settle and p.settle.more else 0, default=None)
        if closest is None or closest.settle is None or closest.settle.more is None:
            return f"{self.leader} has the highest mean, and that may be luck."
        rival = closest.b if closest.a == self.leader else closest.a
        unit = closest.test.effect.unit
        return (
            f"{self.leader} has the highest mean, and that may be luck; {about(closest.settle.more)} more {unit}s "
            f"would settle it against {rival} if the difference is as large as it looks."
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "statement": self.statement,
            "best": self.best,
            "leader": self.leader,
            "standings": [standing.as_dict() for standing in self.standings],
            "pairs": [pair.as_dict() for pair in self.pairs],
            "against_baselines": [pair.as_dict() for pair in self.against_baselines],
            "control": asdict(self.control),
            "judge": None if self.judge is None else self.judge.as_dict(),
            "worst": [asdict(one) for one in self.worst],
            "refusals": list(self.refusals),
            "warnings": list(self.warnings),
            "savings": None if self.savings is None else self.savings.as_dict(),
            "scale": asdict(self.scale),
            "source": self.source,
            "confidence": self.confidence,
            "items": self.items,
        }
