"""The two tests of a profile: twenty statements judged by who knows the truth, and guessing who it is.

Source: spectrum page, step 6 and "Works when" 6.
Differs: each statement is judged in a call of its own; statements with a run of eight words of the profile are flagged; two
controls stand beside the combinations (no profile, somebody else's); a guess is right when name or alias agree but for case
and punctuation (how the paper compares is not stated), and profiles that tell the name are flagged.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from personarium.core.chat import ChatModel
from personarium.core.results import Estimate, Failure, count_failures
from personarium.make.spectrum.steps import GUESS, TWENTY, VERDICT, read_verdict

Self = Literal["open", "hidden"]
QUOTED_RUN = 8  # words
TRIES = 6  # the published helper tries six times
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")

# A real person judges the statements: gets one, says yes, no or None for "I cannot say"; sync or async.
AskPerson = Callable[[str], "bool | Awaitable[bool | None] | None"]


@dataclass(frozen=True, slots=True)
class Truth:
    """What the judge knows of the true person.

    Args:
        text: Everything true that is written down; empty where the judge knows the figure from elsewhere.
        name: Whom the judge plays.
        series: Where a figure is from.
        aliases: Other names that count as right in Guess Who.
    """

    text: str = ""
    name: str = ""
    series: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """One statement and what came of judging it: ``true`` is None where there is no verdict."""

    statement: str
    self: Self
    true: bool | None
    reason: str = ""
    quoting: bool = False
    failure: Failure | None = None


@dataclass(frozen=True)
class TwentyStatements:
    """The test of one person under one condition.

    Args:
        id: ``person/condition``.
        verdicts: Twenty, open ones first; empty when the agent gave no usable reply.
        failure: Why there are none.
        asks: How often the agent was asked.
    """

    id: str
    verdicts: tuple[Verdict, ...]
    failure: Failure | None = None
    asks: int = 1

    def share(self, which: Self | None = None) -> Estimate:
        """Share of statements judged true, unjudged ones left out and counted; of one self, or of both."""
        from personarium.stats.intervals import wilson

        kept = [v for v in self.verdicts if which is None or v.self == which]
        judged = [v.true for v in kept if v.true is not None]
        return wilson(sum(judged), len(judged), "statement", missing=len(kept) - len(judged))

    @property
    def quoting(self) -> int:
        """Statements that quote the profile."""
        return sum(v.quoting for v in self.verdicts)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that failed."""
        own = () if self.failure is None else (self.failure,)
        return (*own, *(v.failure for v in self.verdicts if v.failure is not None))

    def as_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "id": self.id,
            "share": self.share().value,
            "open": self.share("open").value,
            "hidden": self.share("hidden").value,
            "judged": self.share().n,
            "quoting": self.quoting,
            "asks": self.asks,
            "statements": [
                {"text": v.statement, "self": v.self, "true": v.true, "reason": v.reason, "quoting": v.quoting}
                for v in self.verdicts
            ],
            "failures": count_failures(self.failures),
        }


async def twenty_statements(
    model: ChatModel,
    judge: ChatModel | AskPerson,
    profile: str,
    truth: Truth,
    *,
    id: str = "person",
    seed: int | None = 0,
    tries: int = TRIES,
) -> TwentyStatements:
    """Have an agent with a profile answer "Who am I?" twenty times, and every statement judged.

    Args:
        model: Who plays.
        judge: A model that plays the true person, or the person.
        profile: The text of a combination; empty for the control without any.
        truth: What the judge knows.
        id: For records.
        seed: Of the draws.
        tries: The most times the agent is asked while its reply does not hold ten and ten statements.
    """
    answer = await TWENTY.ask(model, {"profile": profile}, item=id, asks=tries, seed=seed)
    if answer.values is None:
        return TwentyStatements(id, (), answer.failure, answer.asks)
    said: list[tuple[str, Self]] = [(text, "open") for text in answer["open_self"]]
    said += [(text, "hidden") for text in answer["hidden_self"]]
    runs = word_runs(profile)
    verdicts = await judge_statements(judge, said, truth, id=id, seed=seed)
    return TwentyStatements(id, tuple(_marked(verdict, runs) for verdict in verdicts), None, answer.asks)


async def judge_statements(
    judge: ChatModel | AskPerson,
    statements: Sequence[tuple[str, Self]],
    truth: Truth,
    *,
    id: str = "person",
    seed: int | None = 0,
) -> list[Verdict]:
    """Whether each statement is true of a person, one call a statement.

    Statements whose truth is known try the judge itself: one who denies them is no judge.
    """
    jobs = (_judge(judge, text, which, truth, f"{id}/{k}", seed) for k, (text, which) in enumerate(statements, 1))
    return list(await asyncio.gather(*jobs))


def _marked(verdict: Verdict, runs: frozenset[tuple[str, ...]]) -> Verdict:
    quoting = not runs.isdisjoint(word_runs(verdict.statement))
    return Verdict(verdict.statement, verdict.self, verdict.true, verdict.reason, quoting, verdict.failure)


async def _judge(
    judge: ChatModel | AskPerson, text: str, which: Self, truth: Truth, item: str, seed: int | None
) -> Verdict:
    if not isinstance(judge, ChatModel):
        said = judge(text)
        true = await said if inspect.isawaitable(said) else said
        gap = Failure("abstained", "the person could not say", item) if true is None else None
        return Verdict(text, which, true, failure=gap)
    inputs = {"who": truth.name, "series": truth.series, "truth": truth.text, "statement": text}
    answer = await VERDICT.ask(judge, inputs, item=item, read=read_verdict, seed=seed)
    if answer.values is None:
        return Verdict(text, which, None, failure=answer.failure)
    return Verdict(text, which, bool(answer["answer"]), str(answer["reason"]))


def word_runs(text: str, length: int = QUOTED_RUN) -> frozenset[tuple[str, ...]]:
    """All runs of so many words, lower case, without punctuation."""
    words = _WORD.findall(text.lower())
    return frozenset(tuple(words[k : k + length]) for k in range(len(words) - length + 1))


# --- Guess Who ---


@dataclass(frozen=True, slots=True)
class Guess:
    """Who a model takes a profile for.

    Args:
        id: ``person/condition``.
        character: The name it gives; empty on failure.
        series: The series it gives.
        reason: Why.
        right: Whether name or alias agree; None on failure.
        right_series: Whether the series agrees; None on failure or when there is none.
        told: Whether the profile itself has the name: such a guess proves nothing.
        failure: Why there is no guess.
    """

    id: str
    character: str
    series: str
    reason: str
    right: bool | None
    right_series: bool | None
    told: bool
    failure: Failure | None = None

    def as_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "id": self.id,
            "character": self.character,
            "series": self.series,
            "reason": self.reason,
            "right": self.right,
            "right_series": self.right_series,
            "told": self.told,
            "failures": count_failures([self.failure] if self.failure else []),
        }


async def guess_who(
    model: ChatModel, profile: str, truth: Truth, *, id: str = "person", seed: int | None = 0, tries: int = TRIES
) -> Guess:
    """Have a model name who a profile shows; it never sees the truth."""
    names = {_plain(name) for name in (truth.name, *truth.aliases)} - {""}
    told = any(f" {name} " in f" {_plain(profile)} " for name in names)
    answer = await GUESS.ask(model, {"profile": profile}, item=id, asks=tries, seed=seed)
    if answer.values is None:
        return Guess(id, "", "", "", None, None, told, answer.failure)
    character, series = str(answer["character"]), str(answer["series"])
    same = _plain(series) == _plain(truth.series) if truth.series else None
    return Guess(id, character, series, str(answer["reason"]), _plain(character) in names, same, told)


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def guess_accuracy(guesses: Sequence[Guess]) -> Estimate:
    """Share of right guesses; failed ones are left out and counted, profiles that tell the name too."""
    from personarium.stats.intervals import wilson

    fair = [g.right for g in guesses if not g.told]
    judged = [right for right in fair if right is not None]
    return wilson(sum(judged), len(judged), "profile", missing=len(guesses) - len(judged))
