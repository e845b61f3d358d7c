"""Votes of people who compared two models blind in a talk: a file that grows vote by vote, and that a tournament can rate.

Every line is a judgement row with further fields (the persona, the vote in words), so ``personarium tournament --rate`` reads the
file as it is. The contestants are the models, by their names.

Source: page prompt-tournament, "Data formats"; "both bad" counts as a tie, as in arenas of models.
Units: what one person says of one pair at one turn in one rating period is one game, however often it is said; ``period`` is
the rating period, of :data:`PER_PERIOD` votes.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, cast, get_args

from personarium.core.chat import canonical_json
from personarium.core.dialogue import Dialogue
from personarium.core.errors import InvalidInput
from personarium.core.files import iter_json_lines
from personarium.measure.prompt_tournament.config import Dimension, TournamentConfig
from personarium.measure.prompt_tournament.judgements import Judgement, Side
from personarium.measure.prompt_tournament.result import TournamentResult, rate_judgements
from personarium.measure.prompt_tournament.study import append_lines, mend

Said = Literal["A", "B", "tie", "both bad"]
SAID: tuple[str, ...] = get_args(Said)
QUESTION = Dimension("character", "Which response is more what this character would say, in content and in manner?")
PER_PERIOD = (
    12  # votes; 10 to 15 games of a contestant are good for Glicko-2, and most votes here are between the same two
)
_WINNER: Mapping[str, Side] = {"A": "left", "B": "right", "tie": "tie", "both bad": "tie"}
_adding = threading.Lock()


@dataclass(frozen=True, slots=True)
class Vote:
    """What one person said of two replies to the same turn.

    Args:
        persona: Id of the persona that both played.
        a: The model that was shown as A.
        b: The model that was shown as B.
        said: ``A``, ``B``, ``tie`` or ``both bad``.
        context: What both answered, see :func:`context_of`.
        judge: Who voted.
        at: When, in seconds since 1970; 0 where it is not known.
        period: The rating period; :func:`add_vote` sets it.
        asked: Whether somebody was asked: two replies that are the same are a tie that nobody is asked about.
    """

    persona: str
    a: str
    b: str
    said: Said
    context: str
    judge: str = "me"
    at: float = 0.0
    period: int = 0
    asked: bool = True

    @property
    def judgement(self) -> Judgement:
        """The vote as a tournament reads it."""
        winner = _WINNER[self.said]
        return Judgement(self.context, self.judge, self.a, self.b, QUESTION.name, winner, self.period, asked=self.asked)

    def to_dict(self) -> dict[str, Any]:
        """One line of the file."""
        return {**self.judgement.to_dict(), "persona": _plain(self.persona), "said": self.said, "at": self.at}

    @classmethod
    def from_dict(cls, row: object, where: str = "vote") -> Vote:
        """Read a line; one that is a judgement only has no persona, and its winner says what was said.

        Raises:
            InvalidInput: Naming the place and the field.
        """
        told = Judgement.from_dict(row, where)
        assert isinstance(row, Mapping)  # or the line above would have refused it
        if told.winner is None:
            raise InvalidInput(where, "a vote, which has a winner", None, "winner")
        usual = {"left": "A", "right": "B", "tie": "tie"}[told.winner]
        said, at = row.get("said", usual), row.get("at", 0.0)
        if said not in SAID or _WINNER[said] != told.winner:
            raise InvalidInput(where, f"one of {', '.join(SAID)} that fits the winner {told.winner}", said, "said")
        if isinstance(at, bool) or not isinstance(at, (int, float)):
            raise InvalidInput(where, "seconds since 1970", at, "at")
        persona = row.get("persona", "")
        if not isinstance(persona, str):
            raise InvalidInput(where, "the id of a persona", persona, "persona")
        return cls(
            persona, told.left, told.right, cast("Said", said), told.context_id,
            told.judge_id, float(at), told.period, told.asked,
        )  # fmt: skip


def context_of(persona: str, dialogue: Dialogue, speaker: str) -> str:
    """A name for what is answered: the persona and everything that was said before, as the speaker lived it.

    Args:
        persona: Its id.
        dialogue: What was said so far.
        speaker: The persona's id in it.
    """
    told = canonical_json([persona, [list(turn) for turn in dialogue.project(speaker)]])
    return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()


def add_vote(vote: Vote, path: str | Path) -> Vote:
    """Append a vote to a file, in the rating period that is due; it is on disk when this returns.

    Raises:
        InvalidInput: A model against itself, or an empty name.
        StorageError: The disk refuses.
    """
    file = Path(path)
    with _adding:
        there = file.is_file() and file.stat().st_size > 0
        if there:
            mend(file)
        period = (file.read_bytes().count(b"\n") if there else 0) // PER_PERIOD
        dated = replace(vote, period=period)
        Vote.from_dict(dated.to_dict())
        append_lines(file, [dated.to_dict()])
    return dated


def read_votes(path: str | Path) -> list[Vote]:
    """The votes of a file, the oldest first; none when there is no file.

    Raises:
        InvalidInput: Naming file, line and field.
    """
    file = Path(path)
    if not file.is_file():
        return []
    return [Vote.from_dict(row, where) for where, row in iter_json_lines(file, "vote")]


def rate_votes(votes: Sequence[Vote], *, draws: int = 500, seed: int = 0) -> TournamentResult:
    """Rate the models that were voted on.

    Args:
        votes: At least one.
        draws: Bootstrap samples over contexts.
        seed: Of the bootstrap.

    Raises:
        InvalidInput: There is no vote.
    """
    if not votes:
        raise InvalidInput("votes", "at least one vote", "none")
    names = sorted({name for vote in votes for name in (vote.a, vote.b)})
    config = TournamentConfig(dimensions=(QUESTION,), draws=draws, seed=seed)
    return rate_judgements([vote.judgement for vote in votes], names, config=config)


def _plain(text: str) -> str:
    """The text with what no file can hold written out: an id may hold half a surrogate pair."""
    return text.encode("utf-8", "backslashreplace").decode()
