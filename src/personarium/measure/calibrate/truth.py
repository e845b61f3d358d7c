"""The realised truth: what a simulated subject really did, read from its ledgers.

Source: SIMULATED.md, "What a calibration may say": the truth is the realised rate, not the parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from personarium.core.chat import Message, Reply, Sampling

if TYPE_CHECKING:
    from personarium.models.simulated import Ledger, SimulatedModel

PLAIN = Sampling()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request to the subject and what it decided.

    Args:
        turn: How many own turns the messages showed (0 for a first answer).
        ledger: What was read, drawn and decided.
    """

    turn: int
    ledger: Ledger


class Explained:
    """A simulated subject that keeps the ledger of every reply it gives; the instrument sees an ordinary model."""

    def __init__(self, inner: SimulatedModel) -> None:
        self.inner = inner
        self.exchanges: list[Exchange] = []

    @property
    def name(self) -> str:
        """The subject's canonical name."""
        return self.inner.name

    async def generate(self, messages: Sequence[Message], sampling: Sampling = PLAIN) -> Reply:
        """The subject's reply, after its explanation was put aside."""
        turn = sum(message["role"] == "assistant" for message in messages)
        self.exchanges.append(Exchange(turn, self.inner.explain(messages, sampling)))
        return await self.inner.generate(messages, sampling)


Truth = Callable[[Sequence[Exchange]], "float | None"]


def played(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """The exchanges in which the subject played somebody."""
    return [exchange for exchange in exchanges if exchange.ledger.role == "player"]


def fact_share(*acts: str) -> Truth:
    """Share of the relevant facts to which one of ``acts`` was done; None when nothing relevant was asked."""
    wanted = frozenset(acts)

    def share(exchanges: Sequence[Exchange]) -> float | None:
        relevant = done = 0
        for exchange in played(exchanges):
            asked = frozenset(exchange.ledger.relevant)
            relevant += len(asked)
            done += len({fact for fact, act in exchange.ledger.acts if act in wanted and fact in asked})
        return done / relevant if relevant else None

    return share


def turn_share(act: str) -> Truth:
    """Share of the turns in which ``act`` was done; None without a turn."""

    def share(exchanges: Sequence[Exchange]) -> float | None:
        turns = played(exchanges)
        return sum(_did(turn, act) for turn in turns) / len(turns) if turns else None

    return share


def neutral_drift(exchanges: Sequence[Exchange]) -> float | None:
    """Share of neutral turns in the last third of the own turns minus that in the first third.

    None with fewer than three own turns.
    """
    turns = played(exchanges)
    length = 1 + max((turn.turn for turn in turns), default=-1)
    third = length // 3
    if not third:
        return None
    first = [_did(turn, "neutral") for turn in turns if turn.turn < third]
    last = [_did(turn, "neutral") for turn in turns if turn.turn >= length - third]
    return sum(last) / len(last) - sum(first) / len(first) if first and last else None


def _did(exchange: Exchange, act: str) -> bool:
    return any(done == act for _, done in exchange.ledger.acts)


carried_share = fact_share("carry", "copy")
TRUTHS: Mapping[str, tuple[str, Truth]] = {
    "fidelity": ("carried share of the relevant facts", carried_share),
    "contradict": ("contradicted share of the relevant facts", fact_share("contradict")),
    "copy": ("share of the relevant facts recited verbatim", fact_share("copy")),
    "drift": ("neutral turns, last minus first third", neutral_drift),
    "echo": ("share of turns that begin with the partner's sentence", turn_share("echo")),
    "disclosure": ("share of turns that say it is an AI", turn_share("disclose")),
    "invent": ("share of turns with an invented fact", turn_share("invent")),
    "refusal": ("share of turns refused", turn_share("refuse")),
}


def read_share(exchanges: Sequence[Exchange]) -> float | None:
    """Share of the played requests that had a relevant fact to read."""
    turns = played(exchanges)
    return sum(bool(turn.ledger.relevant) for turn in turns) / len(turns) if turns else None
