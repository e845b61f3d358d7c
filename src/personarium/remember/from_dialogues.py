"""Dialogues as observations: who is the user, who remembers, and when it was said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from personarium.core.dialogue import Dialogue
from personarium.core.errors import UsageError
from personarium.remember.records import EARLIEST, LATEST, Observation

# Where logs keep the time of a message: ours, SillyTavern's, ChatGPT's export, and what others use.
_TIMES = ("at", "send_date", "create_time", "timestamp", "time", "date", "created_at")
_TAVERN = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2}) ?@ ?(\d{1,2})h ?(\d{1,2})m ?(\d{1,2})s")
_SPOKEN = ("%B %d, %Y %I:%M%p", "%Y/%m/%d %H:%M", "%Y/%m/%d")
_MILLISECONDS = 1e11  # a number above this counts milliseconds (as seconds it would be after the year 5000)


def observations_of(
    dialogue: Dialogue, *, user: str = "", at: float = 0.0, session: str = ""
) -> tuple[list[Observation], int]:
    """What was said in a dialogue.

    Args:
        dialogue: Of any source; a log that was read knows who its user is.
        user: Name of the speaker whom the memory is about; needed where the dialogue does not say it.
        at: When it was said, where the dialogue does not tell: from there on, a second for each message.
        session: Name of the talk; the dialogue's id when left out.

    Returns:
        The observations, and how many of them had no time of their own. With two speakers the other one is the
        ``assistant``; of several the others keep their names.

    Raises:
        UsageError: When it is not known who the user is.
    """
    speakers = list(dict.fromkeys(u.speaker for u in dialogue.utterances))
    persons = {user} if user else set(dialogue.meta.get("log", {}).get("users", ()))
    if not persons & set(speakers) and speakers:
        raise UsageError(f"say who of {', '.join(speakers[:8])} is the user (--speaker)")
    others = [name for name in speakers if name not in persons]
    out: list[Observation] = []
    untimed, last = 0, at
    for number, utterance in enumerate(dialogue.utterances):
        when = _time(utterance.meta)
        untimed += when is None
        last = last + 1.0 if when is None and number else (last if when is None else when)
        name = "user" if utterance.speaker in persons else ("assistant" if len(others) == 1 else utterance.speaker)
        if utterance.text.strip():
            out.append(Observation(utterance.text, name, last, session or dialogue.id, "", {"turn": number}))
    return out, untimed


def _time(meta: Mapping[str, Any]) -> float | None:
    log = meta.get("log")
    for fields in (meta, log if isinstance(log, Mapping) else {}):
        for name in _TIMES:
            found = read_time(fields.get(name))
            if found is not None:
                return found
    return None


def read_time(value: object) -> float | None:
    """A time as seconds since 1970: a number of seconds or milliseconds, ISO 8601, or one of the forms that chat programs
    write; without a zone it is UTC. None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        if not abs(value) < 1000 * _MILLISECONDS:
            return None
        return _possible(float(value) / 1000 if abs(value) > _MILLISECONDS else float(value))
    if not isinstance(value, str) or len(value) > 64:
        return None
    return _written(value.strip())


def _written(text: str) -> float | None:
    tavern = _TAVERN.match(text)
    if tavern:
        year, month, day, hour, minute, second = map(int, tavern.groups())
        text = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
    for read in (datetime.fromisoformat, *(_reader(form) for form in _SPOKEN)):
        try:
            when = read(text)
        except ValueError:
            continue
        return _possible((when if when.tzinfo is not None else when.replace(tzinfo=UTC)).timestamp())
    return None


def _possible(seconds: float) -> float | None:
    """A time that an observation can have."""
    return seconds if EARLIEST <= seconds <= min(LATEST, _MILLISECONDS) else None


def _reader(form: str) -> Callable[[str], datetime]:
    return lambda text: datetime.strptime(text, form)
