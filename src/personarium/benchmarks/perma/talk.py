"""A live talk: an assistant with a memory, and a user who ends it as soon as task and preferences are met.

Source: perma page, step 10 (code).
Differs: a failed or empty reply ends the talk as *failed*, is counted apart and is never a success at turn 1
(``dead-user``); the word TERMINATE counts where it stands as a word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from personarium.benchmarks.perma.records import Profile, Task
from personarium.benchmarks.perma.scores import gold_text
from personarium.benchmarks.perma.steps import ASSIST, USER
from personarium.core.chat import ChatModel
from personarium.core.results import Failure
from personarium.core.tokens import estimate_tokens
from personarium.text.holes import Unparsed

MAX_TURNS, ASKS = 10, 5  # page, step 10
End = Literal["satisfied", "limit", "failed"]
ENDS: tuple[str, ...] = get_args(End)
TERMINATE = re.compile(r"(?<![A-Za-z])TERMINATE(?![A-Za-z])")


@dataclass(frozen=True, slots=True)
class Talk:
    """How a talk went.

    Args:
        turns: Assistant turns, the last one included, had or not.
        end: ``satisfied`` (the user ended it), ``limit`` (ten turns), ``failed`` (a reply could not be had).
        history: (``User`` | ``Assistant``, text) in order; the word that ends the talk is not in it.
        failure: Why it failed.
    """

    turns: int
    end: End = "satisfied"
    history: tuple[tuple[str, str], ...] = ()
    failure: Failure | None = None

    @property
    def text(self) -> str:
        """The talk as ``speaker: text`` lines."""
        return lines_of(self.history)

    @property
    def user_tokens(self) -> int:
        """Tokens of what the user said, by the rule of four characters a token (the paper: cl100k_base)."""
        return estimate_tokens("".join(text for speaker, text in self.history if speaker == "User"))


def lines_of(history: Sequence[tuple[str, str]]) -> str:
    """Turns as ``speaker: text``, each on one line, so that no text can pass for another turn."""
    return "\n".join(f"{speaker}: {' '.join(text.split())}" for speaker, text in history)


@dataclass(frozen=True, slots=True)
class TurnStatistics:
    """After how many turns talks ended; shares of those that did not fail.

    Args:
        n: Talks that did not fail.
        within: Turn -> cumulative share that the user ended by then (1, 2, 3).
        later: Share that the user ended after more than three turns.
        limit: Share that ran into the limit.
        failed: How many failed, not among ``n``.
    """

    n: int
    within: dict[int, float]
    later: float
    limit: float
    failed: int


def turn_statistics(talks: Sequence[Talk], *, as_published: bool = False) -> TurnStatistics:
    """Turn=1, Turn<=2, Turn<=3 and later.

    Args:
        talks: The talks.
        as_published: Whether a failed reply is the word TERMINATE and the limit an ordinary end, so that a dead user
            model counts as satisfied at turn 1.
    """
    counted = [Talk(talk.turns) for talk in talks] if as_published else [t for t in talks if t.end != "failed"]
    n = len(counted)
    ended = [talk.turns for talk in counted if talk.end == "satisfied"]
    share = 1.0 / n if n else 0.0
    within = {k: share * sum(turns <= k for turns in ended) for k in (1, 2, 3)}
    limit = share * (n - len(ended))
    return TurnStatistics(n, within, share * sum(turns > 3 for turns in ended), limit, len(talks) - n)


def read_user(text: str) -> dict[str, Any] | Unparsed:
    """What the user says: ``{"done": bool, "words": text}``; the word TERMINATE anywhere ends the talk."""
    if not text.strip():
        return Unparsed("the reply is empty", text)
    if TERMINATE.search(text):
        return {"done": True, "words": ""}
    values = USER.form.read(text) if USER.form is not None and not callable(USER.form) else {}
    words = text if isinstance(values, Unparsed) else str(values["words"])
    return {"done": False, "words": words.strip()}


async def talk(
    task: Task,
    memory_text: str,
    assistant: ChatModel,
    user: ChatModel,
    profile: Profile,
    *,
    max_turns: int = MAX_TURNS,
    asks: int = ASKS,
    seed: int = 0,
    cut: bool = False,
) -> Talk:
    """Let assistant and user talk about a task.

    Args:
        task: What is wanted; its question is the first thing said. For Type 1 the user is not shown the past talks.
        memory_text: What the assistant's memory gave.
        assistant: Who helps.
        user: Who plays the user.
        profile: Who the user is.
        max_turns: Most assistant turns.
        asks: Most requests for one turn, while the reply is empty.
        seed: The run's seed.
        cut: As in :func:`gold_text`.
    """
    history: list[tuple[str, str]] = [("User", task.question)]
    past = "" if task.type == 1 else gold_text(task.gold, cut=cut)
    for turn in range(1, max_turns + 1):
        inputs = {"memory": memory_text, "history": lines_of(history)}
        said = await ASSIST.ask(assistant, inputs, item=task.name, sample=turn, asks=asks, seed=seed)
        if said.failure is not None:
            return Talk(turn, "failed", tuple(history), said.failure)
        history.append(("Assistant", said["text"]))
        asked = user_inputs(task, profile, past, history)
        heard = await USER.ask(user, asked, item=task.name, sample=turn, asks=asks, read=read_user, seed=seed)
        if heard.failure is not None:
            return Talk(turn, "failed", tuple(history), heard.failure)
        if heard["done"]:
            return Talk(turn, "satisfied", tuple(history))
        if turn < max_turns:
            history.append(("User", heard["words"]))
    return Talk(max_turns, "limit", tuple(history))


def user_inputs(task: Task, profile: Profile, past: str, history: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """What the user's step is asked with."""
    return {
        "profile": profile.text,
        "preferences": "\n".join(task.preferences),
        "goal": task.goal,
        "past": past,
        "history": lines_of(history),
    }
