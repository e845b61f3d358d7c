"""What an instrument makes of a planted trial when a judge speaks: the form that all judge-based instruments are brought to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from personarium.core.chat import ChatModel
from personarium.core.results import Failure, count_failures
from personarium.judges.verdicts import Preference
from personarium.measure.calibrate.planted import Trial

Reads = Literal["pair", "score", "voice"]
TIE = 0.5


@dataclass(frozen=True, slots=True)
class Said:
    """One verdict as it was given.

    Args:
        first: Whether what was shown first won; None for a tie or an abstention.
        right: Whether the favoured reply (of a voice the true speaker) won; None for a tie or an abstention.
        certainty: As stated, 0 to 1; None where none was.
    """

    first: bool | None
    right: bool | None
    certainty: float | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an instrument says of one trial.

    Args:
        id: The trial.
        outcome: 1 for the favoured reply (the true speaker), 0 for the other, one half for a tie; None where there is none.
        margin: From -1 to 1 for verdicts, the difference of the scores for scores.
        said: Every verdict behind it; empty where replies are scored one by one.
        scores: Of the favoured and of the other reply.
        failures: Kind -> count.
    """

    id: str
    outcome: float | None
    margin: float | None
    said: tuple[Said, ...] = ()
    scores: tuple[float | None, float | None] | None = None
    failures: Mapping[str, int] = field(default_factory=dict)


class JudgeInstrument(Protocol):
    """An instrument in which a judge speaks."""

    @property
    def name(self) -> str:
        """Short, as the command takes it."""
        ...

    @property
    def reads(self) -> Reads:
        """``pair`` (which of two), ``score`` (each alone) or ``voice`` (whose words)."""
        ...

    @property
    def shown(self) -> int:
        """Things that one verdict chooses from: 2 of a pair; chance is one of them."""
        ...

    @property
    def both_orders(self) -> bool:
        """Whether each pair is shown in both orders."""
        ...

    @property
    def states_certainty(self) -> bool:
        """Whether the judge says how sure it is."""
        ...

    @property
    def calls(self) -> int:
        """Questions to the judge for one trial, about."""
        ...

    @property
    def note(self) -> str:
        """What a reader must know of how the trials are shown; may be empty."""
        ...

    async def rule(self, judge: ChatModel, trials: Sequence[Trial], seed: int = 0) -> list[Ruling]:
        """One ruling for each trial, in the same order."""
        ...


def ruling_of_preference(trial: Trial, found: Preference) -> Ruling:
    """A preference in which ``A`` is the favoured reply."""
    outcome = {"A": 1.0, "B": 0.0, "tie": TIE}.get(found.winner or "")
    said = tuple(
        Said(
            None if verdict == "tie" else (verdict == order.shown[0]),
            None if verdict == "tie" else verdict == "A",
            _share(order.certainties[k] if k < len(order.certainties) else None),
        )
        for order in found.orders
        for k, verdict in enumerate(order.verdicts)
        if verdict is not None
    )
    return Ruling(trial.id, outcome, _margin(outcome), said, None, count_failures(found.failures))


def ruling_of_scores(
    trial: Trial, favoured: float | None, other: float | None, failures: Iterable[Failure] = ()
) -> Ruling:
    """Two scores; the higher one wins."""
    lost = count_failures(failures)
    if favoured is None or other is None:
        return Ruling(trial.id, None, None, (), (favoured, other), lost)
    outcome = TIE if favoured == other else float(favoured > other)
    return Ruling(trial.id, outcome, favoured - other, (), (favoured, other), lost)


def ruling_of_verdicts(trial: Trial, said: Sequence[Said | None], failures: Iterable[Failure] = ()) -> Ruling:
    """Verdicts that together decide; where one is missing nothing is decided, where they disagree it is a tie."""
    kept = tuple(one for one in said if one is not None)
    if len(kept) < len(said) or not kept:
        return Ruling(trial.id, None, None, kept, None, count_failures(failures))
    right = {one.right for one in kept}
    outcome = float(right.pop() is True) if len(right) == 1 and None not in right else TIE
    return Ruling(trial.id, outcome, _margin(outcome), kept, None, count_failures(failures))


def ruling_of_voice(
    trial: Trial, choice: int | None, truth: int, certainty: float | None = None, failure: Failure | None = None
) -> Ruling:
    """Whose words a reader took them for; being not sure (no choice, no failure) is a miss."""
    if failure is not None:
        return Ruling(trial.id, None, None, (), None, count_failures([failure]))
    right = choice == truth
    said = Said(None if choice is None else choice == 0, None if choice is None else right, certainty)
    return Ruling(trial.id, float(right), float(right), (said,))


def _margin(outcome: float | None) -> float | None:
    return None if outcome is None else 2 * outcome - 1


def _share(certainty: float | None) -> float | None:
    return None if certainty is None else certainty / 100
