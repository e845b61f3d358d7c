"""The constants of a tournament, and what is compared in it.

Source: LLM Prompt Evaluation for Educational Applications (arXiv 2601.16134); page prompt-tournament, steps 3 to 5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from personarium.core.errors import UsageError
from personarium.measure.prompt_tournament.rating import TOTAL
from personarium.measure.prompt_tournament.schedule import ScheduleName
from personarium.stats.glicko import GLICKO2, Glicko2Config, WinForm


@dataclass(frozen=True, slots=True)
class Dimension:
    """What is compared.

    Args:
        name: Short; ``total`` is taken.
        criterion: In words, as the judge reads it.
    """

    name: str
    criterion: str

    def __post_init__(self) -> None:
        if not self.name.strip() or self.name == TOTAL or not self.criterion.strip():
            raise UsageError(f"a dimension needs a name (not '{TOTAL}') and a criterion, found '{self.name}'")


# The three of the study (page prompt-tournament, step 3), in our own words.
DIMENSIONS = (
    Dimension("format", "Is the response one follow-up question, short, clear and without anything around it?"),
    Dimension("dialogue", "Does the response take up what the learner said and carry the dialogue on?"),
    Dimension("learners", "Is the response right in tone and difficulty for an adult learner?"),
)


@dataclass(frozen=True)
class TournamentConfig:
    """The constants of a tournament.

    Args:
        dimensions: What is compared; the three of the study.
        glicko: The constants of Glicko-2.
        games_per_period: Of each contestant, about; 10 to 15 are good.
        schedule: ``round-robin``, ``information``, or ``auto``: a round robin unless ``most_duels`` is less.
        most_duels: Pairs of answers that are judged at most; None for every pair over every context.
        stop_width: Stop after a period in which every 95 % interval (rating +- 1.96 RD) is at most so many points wide.
        both_orders: Have every pair judged in both orders.
        win_form: How win probabilities are made from ratings.
        draws: Bootstrap samples over contexts.
        seed: Of schedule, sides and bootstrap.

    Raises:
        UsageError: Dimensions of one name, or a number out of range.
    """

    dimensions: tuple[Dimension, ...] = DIMENSIONS
    glicko: Glicko2Config = GLICKO2
    games_per_period: int = 12
    schedule: ScheduleName = "auto"
    most_duels: int | None = None
    stop_width: float | None = None
    both_orders: bool = True
    win_form: WinForm = "two-sided"
    draws: int = 500
    seed: int = 0

    def __post_init__(self) -> None:
        names = self.dimension_names
        if not names or len(set(names)) < len(names):
            raise UsageError(f"a tournament needs dimensions of different names, found {', '.join(names) or 'none'}")
        if self.schedule not in ("auto", "round-robin", "information"):
            raise UsageError(f"schedule must be auto, round-robin or information, found '{self.schedule}'")
        if self.games_per_period < 1 or (self.most_duels is not None and self.most_duels < 1):
            raise UsageError("games_per_period and most_duels must be at least 1")
        if self.stop_width is not None and not 0 < self.stop_width < math.inf:
            raise UsageError(f"stop_width must be above 0 points, found {self.stop_width}")

    @property
    def dimension_names(self) -> tuple[str, ...]:
        """Their names, in order."""
        return tuple(dimension.name for dimension in self.dimensions)
