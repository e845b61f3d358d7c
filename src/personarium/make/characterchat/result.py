"""What a whole run is set to and what it gives: the bank, the dialogues, their numbers.

Source: characterchat page, "Takes and gives" and "Published figures".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from personarium.core.dialogue import Dialogue
from personarium.core.errors import UsageError
from personarium.core.persona import Persona
from personarium.core.results import Estimate, Failure, count_failures
from personarium.make.characterchat.bank import BankConfig, Slot
from personarium.play.characterchat.characters import Character
from personarium.play.characterchat.result import DialogueConfig, SupportDialogue, aspect_counts


@dataclass(frozen=True)
class CharacterChatConfig:
    """The constants of the official code.

    Args:
        bank: Of the characters.
        dialogues: Of the talks.
        partners: Supporters that each seeker meets: 10; 0 plays nothing.
        rated: Whether a judge rates the dialogues.
        seed: 0; of pairing. Bank and dialogues have their own.
    """

    bank: BankConfig = field(default_factory=BankConfig)
    dialogues: DialogueConfig = field(default_factory=DialogueConfig)
    partners: int = 10
    rated: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.partners < 0:
            raise UsageError(f"partners must be at least 0, found {self.partners}")


PUBLISHED = CharacterChatConfig()
BEST = 5
# Recomputed from the released sample of 100 dialogues (page, "Published figures").
PUBLISHED_RATINGS = {"mood_improved": 4.30, "problem_solved": 3.21, "engaged": 4.88}


@dataclass(frozen=True)
class CharacterChatResult:
    """Everything that was made.

    Args:
        slots: One for each place of the bank, empty ones included.
        dialogues: One for each pair, failed ones included.
        config: The constants.
    """

    slots: tuple[Slot, ...]
    dialogues: tuple[SupportDialogue, ...]
    config: CharacterChatConfig = PUBLISHED

    @property
    def characters(self) -> dict[int, Character]:
        """Those who are there, by index."""
        return {slot.index: slot.character for slot in self.slots if slot.character is not None}

    @property
    def personas(self) -> list[Persona]:
        """They as records."""
        return [character.persona() for character in self.characters.values()]

    @property
    def talks(self) -> list[Dialogue]:
        """The dialogues that did not fail."""
        return [talk.dialogue() for talk in self.dialogues if talk.ended != "failed"]

    @property
    def failures(self) -> list[Failure]:
        """Everything that failed."""
        made = [f for slot in self.slots for f in slot.failures]
        return [*made, *(f for talk in self.dialogues for f in talk.failures)]

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each place and each dialogue."""
        return [*(slot.as_row() for slot in self.slots), *(talk.as_row() for talk in self.dialogues)]

    def estimates(self) -> dict[str, Estimate]:
        """Shares of places and dialogues that came about, length and aspects of dialogues, the match label."""
        from personarium.stats.intervals import bootstrap_mean, wilson

        done = [talk for talk in self.dialogues if talk.complete]
        seekers = [talk.seeker for talk in done]
        seed = self.config.seed
        lengths = [float(len(talk.turns)) for talk in done]
        drawn = [float(turn.aspect is not None) for talk in done for turn in talk.turns]
        owners = [talk.seeker for talk in done for _ in talk.turns]
        labels = [talk.label for talk in done]
        found = {"characters made": wilson(len(self.characters), len(self.slots), "character")}
        if self.dialogues:
            found |= {
                "dialogues that came to their end": wilson(len(done), len(self.dialogues), "dialogue"),
                "dialogues ended by a crisis": wilson(self.crises, len(self.dialogues), "dialogue"),
                "utterances of a dialogue": bootstrap_mean(lengths, "seeker", seekers, seed=seed),
                "share of utterances that draw on an aspect": bootstrap_mean(drawn, "seeker", owners, seed=seed),
            }
        if self.config.rated and done:
            found["match label (judge, 1 to 5)"] = bootstrap_mean(labels, "seeker", seekers, seed=seed)
        return found

    @property
    def crises(self) -> int:
        """Dialogues that words of self-harm ended."""
        return sum(talk.crisis is not None for talk in self.dialogues)

    def sections(self) -> list[dict[str, Any]]:
        """Tables for the report: the bank, how dialogues ended, what utterances drew on."""
        made = Counter(character.type for character in self.characters.values())
        places = Counter(slot.type for slot in self.slots)
        retried = Counter({name: sum(s.retried for s in self.slots if s.type == name) for name in places})
        bank = [[name, n, made[name], retried[name]] for name, n in places.items()]
        tables = [_table("Characters", ["type", "places", "made", "questions put again"], bank)]
        if self.dialogues:
            ended = Counter(talk.ended for talk in self.dialogues)
            tables.append(
                _table("How dialogues ended", ["end", "dialogues"], [[e, n] for e, n in sorted(ended.items())])
            )
            aspects = [[name, n] for name, n in aspect_counts(self.dialogues).items()]
            tables.append(_table("What utterances drew on", ["aspect", "utterances"], aspects))
        return [*tables, *self._ratings()]

    def _ratings(self) -> list[dict[str, Any]]:
        found = [talk.rating for talk in self.dialogues if talk.rating is not None]
        if not found:
            return []
        rows = []
        for name, published in PUBLISHED_RATINGS.items():
            scores = [getattr(rating, name) for rating in found]
            mean, top = sum(scores) / len(scores), sum(score == BEST for score in scores) / len(scores)
            rows.append([name.replace("_", " "), round(mean, 2), f"{top:.0%}", published])
        table = _table("Ratings", ["question", "mean", f"share of {BEST}s", "published mean"], rows)
        return [
            {
                **table,
                "note": "One judge's opinion; the published means are of 100 dialogues that the judge had written.",
            }
        ]

    def counts(self) -> Mapping[str, int]:
        """Failures by kind."""
        return count_failures(self.failures)


def _table(title: str, columns: list[str], rows: list[list[Any]]) -> dict[str, Any]:
    return {"kind": "table", "title": title, "columns": columns, "rows": rows}
