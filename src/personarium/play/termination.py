"""The termination detector: a model that sees the last turns of a talk and says whether it is over.

Source: SPASM (arXiv 2604.09212), spasm page, point 6: temperature 0.3; T and m are not stated there, here T = 4, m = 4.
Differs: an unread verdict counts as *continue* and is a counted failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from personarium.core.chat import ChatModel, Sampling
from personarium.core.dialogue import Dialogue, Utterance
from personarium.core.errors import UsageError
from personarium.models.step import Step
from personarium.play.dialogues import Ending
from personarium.text.form import Form

AFTER = 4  # utterances; the release has no shorter dialogue (spasm page, point 6)
WINDOW = 4  # utterances shown (the laboratory's choice, same point)

TERMINATION = Step(
    "play.termination",
    "personarium.play",
    "termination",
    Form.parse("Verdict: <stop|continue>"),
    Sampling(temperature=0.3),
)


@dataclass(frozen=True, slots=True)
class TerminationDetector:
    """A detector for :func:`~personarium.play.dialogues.play_dialogue` that asks a model.

    Args:
        model: Who decides.
        after: T, the number of utterances from which on it is asked.
        window: m, how many of the last utterances it sees.
        step: The prompt.

    Raises:
        UsageError: When ``after`` or ``window`` is below 1.
    """

    model: ChatModel
    after: int = AFTER
    window: int = WINDOW
    step: Step = TERMINATION

    def __post_init__(self) -> None:
        if self.after < 1 or self.window < 1:
            raise UsageError(f"after and window must be at least 1, found {self.after} and {self.window}")

    async def ended(
        self, dialogue: Dialogue, *, seed: int | None = 0, sample: int = 0, repeat: int = 0, attempt: int = 0
    ) -> Ending:
        """Whether the talk is over; an unread verdict is no."""
        # The window can look alike at two places of a talk or in two attempts; attempt tells the second pair apart.
        sampling = self.step.sampling.but(attempt=attempt)
        answer = await self.step.ask(
            self.model, self.inputs(dialogue), sample=sample, repeat=repeat, seed=seed, sampling=sampling
        )
        if answer.failure is not None:
            return Ending(False, answer.failure)
        return Ending(answer["verdict"] == "stop")

    def inputs(self, dialogue: Dialogue) -> dict[str, Any]:
        """What the step is asked with."""
        return {"turns": one_line_each(dialogue.utterances[-self.window :])}


def one_line_each(utterances: Sequence[Utterance], labels: dict[str, str] | None = None) -> str:
    """Turns as ``speaker: text``, each on one line, so that no text can pass for another speaker's turn."""
    names = labels or {}
    return "\n".join(f"{names.get(u.speaker, u.speaker)}: {' '.join(u.text.split())}" for u in utterances)
