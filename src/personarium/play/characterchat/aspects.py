"""Which aspect of the own profile a turn draws on: what is offered, who chooses, and the guard against repetition.

Source: characterchat page, step 6.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from personarium.core.chat import ChatModel
from personarium.core.dialogue import Dialogue
from personarium.core.results import Failure
from personarium.models.step import Read
from personarium.play.characterchat.steps import ASPECT, NONE
from personarium.play.termination import one_line_each
from personarium.text.form import Unparsed

WINDOW, LIMIT = 5, 3  # one of the last five choices that was used three times is left out (step 6)


@dataclass(slots=True)
class Guard:
    """What one speaker has chosen so far, and what it must leave out for a while.

    Args:
        chosen: The aspects in order; those of the other speaker stand in another guard.
        window: How many of the last choices count.
        limit: So often used among them, an aspect is left out.
    """

    chosen: list[str] = field(default_factory=list)
    window: int = WINDOW
    limit: int = LIMIT

    def blocked(self, as_published: Collection[str] = ()) -> frozenset[str] | None:
        """What is left out of the next offer; as published (``guard-first-use``) None: the guard fails.

        The published variable is set only where an aspect is blocked, so the first look at it fails.
        """
        counts = Counter(self.chosen[-self.window :] if self.window else ())
        blocked = frozenset(name for name, n in counts.items() if n >= self.limit)
        return None if not blocked and "guard-first-use" in as_published else blocked

    def offer(self, aspects: Mapping[str, str], as_published: Collection[str] = ()) -> dict[str, str] | None:
        """The aspects that may be chosen now; None where the published guard fails."""
        blocked = self.blocked(as_published)
        return None if blocked is None else {name: text for name, text in aspects.items() if name not in blocked}


@dataclass(frozen=True, slots=True)
class Choice:
    """What came of choosing.

    Args:
        aspect: The field's name; None when nothing fits or the choice could not be had.
        said_none: Whether somebody was asked and said that nothing fits.
        failure: Why there is no choice.
    """

    aspect: str | None = None
    said_none: bool = False
    failure: Failure | None = None


class Chooser(Protocol):
    """Chooses among the offered aspects: a model that is asked, or a trained selector."""

    async def choose(
        self, dialogue: Dialogue, speaker: str, offered: Mapping[str, str], *, seed: int | None = ..., sample: int = ...
    ) -> Choice: ...


@dataclass(frozen=True, slots=True)
class AskedChooser:
    """Asks a model for the most useful field.

    Args:
        model: Who is asked.
        asks: The most times one question is put.
    """

    model: ChatModel
    asks: int = 5

    async def choose(
        self, dialogue: Dialogue, speaker: str, offered: Mapping[str, str], *, seed: int | None = 0, sample: int = 0
    ) -> Choice:
        """The first offered field that the answer names, or NONE."""
        answer = await ASPECT.ask(
            self.model,
            aspect_inputs(dialogue, speaker, offered),
            sample=sample,
            asks=self.asks,
            read=aspect_reader(offered),
            seed=seed,
        )
        if answer.failure is not None:
            return Choice(failure=answer.failure)
        return Choice(said_none=True) if answer["aspect"] == NONE else Choice(answer["aspect"])


def aspect_inputs(dialogue: Dialogue, speaker: str, offered: Mapping[str, str]) -> dict[str, Any]:
    """What the question shows: the talk, a line an utterance, and a line an aspect."""
    lines = [f"- {name}: {' '.join(text.split())}" for name, text in offered.items()]
    return {
        "turns": one_line_each(dialogue.utterances),
        "speaker": speaker,
        "aspects": "\n".join([*lines, f"- {NONE}: nothing of this helps now"]),
        "names": tuple(offered),
    }


def aspect_reader(offered: Collection[str]) -> Read:
    """Reads the first of the offered names that occurs in an answer (blanks for underscores will do), else NONE."""

    def read(text: str) -> dict[str, Any] | Unparsed:
        said = " ".join(text.replace("_", " ").lower().split())
        for name in offered:
            if name.replace("_", " ").lower() in said:
                return {"aspect": name}
        return {"aspect": NONE} if "none" in said else Unparsed("no offered aspect is named", text)

    return read
