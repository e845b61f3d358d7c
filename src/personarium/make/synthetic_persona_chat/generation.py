"""Candidates, critics and one round of the workshop: write, filter, compare, keep the best as an example for the next round.

Source: Synthetic-Persona-Chat (arXiv 2312.10007), steps 6 to 8.
Differs: each candidate is asked for by itself and not several in one reply; the faithfulness critic is asked about each user
apart, so that the verdict names the user; candidates with square brackets, lines without a speaker or another number of
turns than asked for never reach a critic (errata ``placeholders-kept``, ``length-not-kept``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from personarium.core.chat import ChatModel, Sampling
from personarium.core.results import Failure
from personarium.judges.committee import Choice
from personarium.make.synthetic_persona_chat.data_format import Conversation, read_reply
from personarium.make.synthetic_persona_chat.profiles import Pair
from personarium.make.synthetic_persona_chat.steps import FAITHFUL, GENERATE, TOXIC
from personarium.models.step import Step
from personarium.runs.executors import AsyncioExecutor


@dataclass(frozen=True, slots=True)
class Ruling:
    """What one critic says of one candidate.

    Args:
        critic: Its name.
        passed: None when the verdict could not be had or read; the candidate is then out as well.
        reason: The critic's words.
        failure: Why there is no verdict.
    """

    critic: str
    passed: bool | None
    reason: str = ""
    failure: Failure | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {"critic": self.critic, "passed": self.passed, "reason": self.reason}


class Generator(Protocol):
    """Writes candidates for a pair."""

    async def candidates(
        self, pair: Pair, examples: Sequence[Conversation], count: int, iteration: int
    ) -> list[Conversation | Failure]: ...


class Critic(Protocol):
    """Says whether a candidate may stay."""

    async def check(self, candidate: Conversation, item: str) -> list[Ruling]: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """One written dialogue and what became of it.

    Args:
        conversation: The dialogue; None when there is none.
        rulings: The critics' verdicts; empty when it did not reach them.
        rejected: Why it is out, empty when it may be chosen.
        failures: What could not be had or read.
    """

    conversation: Conversation | None
    rulings: tuple[Ruling, ...] = ()
    rejected: str = ""
    failures: tuple[Failure, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        said = None if self.conversation is None else self.conversation.as_fields()["utterances"]
        return {"utterances": said, "rejected": self.rejected, "rulings": [r.as_dict() for r in self.rulings]}


@dataclass(frozen=True, slots=True)
class Slot:
    """What came of one pair in one iteration.

    Args:
        pair: The pair.
        iteration: From 0.
        candidates: All that were written.
        choice: How the best was chosen among those that were not rejected, by their places there.
    """

    pair: Pair
    iteration: int
    candidates: tuple[Candidate, ...]
    choice: Choice = field(default_factory=lambda: Choice(None))

    @property
    def standing(self) -> tuple[Candidate, ...]:
        """The candidates that nobody rejected."""
        return tuple(c for c in self.candidates if not c.rejected and c.conversation is not None)

    @property
    def winner(self) -> Conversation | None:
        """The best; None when the pair stays unfilled."""
        return None if self.choice.best is None else self.standing[self.choice.best].conversation

    @property
    def unfilled(self) -> str:
        """Why there is no winner: every candidate's reason; empty when there is one."""
        if self.winner is not None:
            return ""
        return "; ".join(f"candidate {k + 1}: {c.rejected}" for k, c in enumerate(self.candidates))

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that could not be had or read, and the pair itself when it stays unfilled."""
        found = [failure for candidate in self.candidates for failure in candidate.failures]
        found += self.choice.failures
        if self.winner is None:
            found.append(Failure("missing", f"no dialogue: {self.unfilled or 'no candidate'}"[:500], self.pair.id))
        return tuple(found)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "iteration": self.iteration,
            "filled": self.winner is not None,
            "unfilled": self.unfilled,
            "candidates": [c.as_dict() for c in self.candidates],
            "choice": self.choice.as_dict(),
        }


# --- step 6: the generator ---


@dataclass(frozen=True)
class ModelGenerator:
    """Asks a model for one dialogue after the other, each with the same examples.

    Args:
        model: Who writes.
        turns: Fewest and most turns; candidates take the numbers in between in rotation.
        seed: The run's seed.
        sampling: How replies are drawn.
        asks: The most times a candidate is asked for while the reply holds no turn.
    """

    model: ChatModel
    turns: tuple[int, int] = (6, 7)
    seed: int = 0
    sampling: Sampling = GENERATE.sampling
    asks: int = 2

    async def candidates(
        self, pair: Pair, examples: Sequence[Conversation], count: int, iteration: int
    ) -> list[Conversation | Failure]:
        """Write ``count`` candidates; one that could not be had or read is a Failure."""
        low, high = self.turns

        async def one(k: int) -> Conversation | Failure:
            answer = await GENERATE.ask(
                self.model,
                generator_inputs(pair, examples, low + k % (high - low + 1)),
                item=pair.id,
                sample=iteration * count + k,
                asks=self.asks,
                read=read_reply,
                seed=self.seed,
                sampling=self.sampling,
            )
            if answer.failure is not None:
                return answer.failure
            return Conversation(pair.first.sentences, pair.second.sentences, answer["turns"], answer["unattributed"], k)

        return await AsyncioExecutor().map(range(count), one, concurrency=count)


def generator_inputs(pair: Pair, examples: Sequence[Conversation], turns: int) -> dict[str, Any]:
    """What the generator is asked with."""
    shown = [example_text(example) for example in examples]
    return {"examples": shown, "first": pair.first.text, "second": pair.second.text, "turns": turns}


def example_text(example: Conversation) -> str:
    """A seed or winner as it stands in a prompt."""
    profiles = "\n\n".join(
        f"Profile of User {user}:\n" + "\n".join(sentences)
        for user, sentences in ((1, example.first), (2, example.second))
    )
    return f"{profiles}\n\nConversation:\n{example.shown}"


# --- step 7: the critics ---


@dataclass(frozen=True)
class ModelCritics:
    """The two filters: does it contradict a profile, is it toxic?

    Args:
        model: Who reads.
        seed: The run's seed.
        sampling: How replies are drawn.
        asks: The most times a question is put while the reply cannot be read.
    """

    model: ChatModel
    seed: int = 0
    sampling: Sampling = FAITHFUL.sampling
    asks: int = 2

    async def check(self, candidate: Conversation, item: str) -> list[Ruling]:
        """Three rulings: faithful to user 1, faithful to user 2, not toxic."""

        async def one(job: tuple[str, Step, dict[str, Any], str]) -> Ruling:
            name, step, inputs, hole = job
            answer = await step.ask(
                self.model,
                inputs,
                item=item,
                asks=self.asks,
                seed=self.seed,
                sampling=self.sampling,
            )
            if answer.failure is not None:
                return Ruling(name, None, answer.failure.reason, answer.failure)
            return Ruling(name, not answer[hole], str(answer["reason"]))

        jobs = [
            ("faithful to user 1", FAITHFUL, faithful_inputs(candidate, 1), "contradicts"),
            ("faithful to user 2", FAITHFUL, faithful_inputs(candidate, 2), "contradicts"),
            ("not toxic", TOXIC, {"turns": candidate.shown}, "toxic"),
        ]
        return await AsyncioExecutor().map(jobs, one, concurrency=len(jobs))


def faithful_inputs(candidate: Conversation, user: int) -> dict[str, Any]:
    """What the faithfulness critic is asked with about one user, who is marked in the conversation."""
    sentences = candidate.first if user == 1 else candidate.second
    lines = [
        f"User {turn.user}{' (persona)' if turn.user == user else ''}: {' '.join((turn.text, *turn.stray))}"
        for turn in candidate.turns
    ]
    return {"user": f"User {user}", "sentences": "\n".join(sentences), "turns": "\n".join(lines)}


def oddity(candidate: Conversation, turns: tuple[int, int], faults: Collection[str] = ()) -> str:
    """Why a candidate is out before any critic sees it; empty when it is not.

    Args:
        candidate: The dialogue.
        turns: Fewest and most turns.
        faults: ``placeholders-kept`` and ``length-not-kept`` let everything through, as the released rows show.
    """
    if "placeholders-kept" not in faults and candidate.placeholders:
        return f"it has a span in square brackets: {candidate.placeholders[0][:60]}"
    if "placeholders-kept" not in faults and candidate.stray:
        return f"it has a line that nobody says: {candidate.stray[0][:60]}"
    if "length-not-kept" not in faults and not turns[0] <= len(candidate.turns) <= turns[1]:
        return f"it has {len(candidate.turns)} turns and not {turns[0]} to {turns[1]}"
    return ""


async def criticise(
    written: Conversation | Failure,
    critics: Sequence[Critic],
    turns: tuple[int, int],
    item: str,
    faults: Collection[str] = (),
) -> Candidate:
    """Put one candidate before all critics; whoever does not clearly pass it rejects it."""
    if isinstance(written, Failure):
        return Candidate(None, (), f"it could not be written ({written.reason})", (written,))
    odd = oddity(written, turns, faults)
    if odd:
        return Candidate(written, (), odd)
    rulings = [ruling for critic in critics for ruling in await critic.check(written, item)]
    failures = tuple(ruling.failure for ruling in rulings if ruling.failure is not None)
    against = [f"not '{r.critic}'" if r.passed is False else f"'{r.critic}' open" for r in rulings if not r.passed]
    reasons = [r.reason for r in rulings if r.passed is False]
    return Candidate(written, tuple(rulings), "; ".join((*against, *reasons)), failures)
