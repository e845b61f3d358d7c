"""What was said so far, and each side's view of it: the tested model sees the dialogue alone.

Source: likebench page, step 4, "Works when" 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from personarium.benchmarks.likebench.priors import Prior
from personarium.benchmarks.likebench.profiles import Profile
from personarium.benchmarks.likebench.steps import PARTNER
from personarium.core.chat import Message
from personarium.core.dialogue import Utterance

History = Literal["all", "session"]
HISTORIES: tuple[str, ...] = get_args(History)
USER_SIDE, MODEL_SIDE = "User", "Assistant"  # as notes and checks show the two
# Stands before the first turn of a later session, so that either side can tell sessions apart.
SESSION_MARK = "(A new conversation, some days later.)"
MOST_SHOWN = 200_000  # characters of a transcript in one prompt; the oldest are left out


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the user said and what the tested model answered."""

    said: str
    reply: str

    def utterances(self) -> tuple[Utterance, Utterance]:
        """As a memory gets them."""
        return Utterance(USER_SIDE, self.said), Utterance(MODEL_SIDE, self.reply)


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a talk stands when the user is to speak or to rate.

    Args:
        profile: Who the user is.
        priors: Situations of the sessions so far, this one's last.
        past: The earlier sessions.
        current: This session so far.
        seed: The run's seed.
        said: What the user has just said (when rating).
        reply: What the tested model answered (when rating).
    """

    profile: Profile
    priors: tuple[Prior, ...]
    past: tuple[tuple[Exchange, ...], ...] = ()
    current: tuple[Exchange, ...] = ()
    seed: int = 0
    said: str = ""
    reply: str = ""

    @property
    def prior(self) -> Prior:
        """The situation of this session."""
        return self.priors[-1]

    @property
    def session(self) -> int:
        """From 1."""
        return len(self.priors)

    @property
    def turn(self) -> int:
        """From 1."""
        return len(self.current) + 1

    @property
    def user_turns(self) -> list[str]:
        """Everything that the user has said up to now."""
        earlier = [exchange.said for session in (*self.past, self.current) for exchange in session]
        return [*earlier, self.said] if self.said else earlier

    @property
    def place(self) -> str:
        """Of failures and records."""
        return f"{self.profile.id}/{self.session}/{self.turn}"


def transcript(moment: Moment, user: str = "You", model: str = "Partner") -> str:
    """Everything said up to now as ``name: text``, one line a turn, with a mark where a later session begins."""
    lines: list[str] = []
    for k, session in enumerate((*moment.past, moment.current)):
        lines += [SESSION_MARK] if k else []
        for exchange in session:
            lines += [f"{user}: {_one_line(exchange.said)}", f"{model}: {_one_line(exchange.reply)}"]
    if moment.said:
        lines.append(f"{user}: {_one_line(moment.said)}")
    return _newest("\n".join(lines))


def _newest(text: str) -> str:
    """The end of a text that is too long, from the beginning of a line, so that no rest of a line passes for a turn."""
    if len(text) <= MOST_SHOWN:
        return text
    cut = text[-MOST_SHOWN:]
    return cut.partition("\n")[2] or f"(…) {cut}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def tested_messages(moment: Moment, memory: str = "", history: History = "all") -> list[Message]:
    """Exactly what the tested model is sent: its instruction, its own memory, the dialogue; nothing of the user's.

    Args:
        moment: Where the talk stands; of it only what was said is used.
        memory: The text of its own memory.
        history: Whether it sees all sessions, or this one only.
    """
    messages: list[Message] = [{"role": "system", "content": PARTNER.render(memory=memory)[0]["content"]}]
    sessions = (*moment.past, moment.current) if history == "all" else (moment.current,)
    for k, session in enumerate(sessions):
        said = [exchange.said for exchange in session] + ([moment.said] if k == len(sessions) - 1 else [])
        replies = [exchange.reply for exchange in session]
        messages += _alternating(said, replies, mark=k > 0)
    return messages


def _alternating(said: Sequence[str], replies: Sequence[str], mark: bool) -> list[Message]:
    messages: list[Message] = []
    for k, text in enumerate(said):
        messages.append({"role": "user", "content": f"{SESSION_MARK}\n{text}" if mark and not k else text})
        if k < len(replies):
            messages.append({"role": "assistant", "content": replies[k]})
    return messages
