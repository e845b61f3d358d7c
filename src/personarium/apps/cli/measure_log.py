"""Measuring what was said already: the talks of a chat log, without asking anybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from personarium.apps.cli.session import Session
from personarium.core.errors import NotFound, UsageError


def read_talks(log: Path, speaker: str | None, person: Any) -> tuple[list[Any], str]:
    """The dialogues of a log of any format, and who in them is measured.

    Args:
        log: The file.
        speaker: Who; without it the persona's name, or the other side where there are two and one of them is the user.
        person: The persona.

    Raises:
        UsageError: It cannot be told who is measured; the message names the speakers.
        NotFound: Nobody of this name speaks.
    """
    from personarium.core import read_log
    from personarium.core.chat_logs import users_of

    dialogues = [found.dialogue for found in read_log(log)]
    speakers = list(dict.fromkeys(u.speaker for d in dialogues for u in d))
    others = [s for s in speakers if all(s not in (users_of(d) or ()) for d in dialogues)]
    wanted = speaker or (person.name if person.name in speakers else others[0] if len(others) == 1 else None)
    if wanted is None:
        raise UsageError(f"who in {log} is measured? name one with --speaker: {', '.join(speakers)}")
    if wanted not in speakers:
        raise NotFound(f"nobody called '{wanted}' speaks in {log}; there are {', '.join(speakers)}")
    return dialogues, wanted


def only_with_log(given: dict[str, Any]) -> None:
    """A log was said already, so nobody is asked.

    Raises:
        UsageError: ``--speaker`` without a log, or an agent beside one.
    """
    if given["log"] is None and given["speaker"] is not None:
        raise UsageError("--speaker names somebody in a --log")
    if given["log"] is not None and given["agent"] is not None:
        raise UsageError("--log measures what was said already, and --agent would be asked; give one of them")


def drift_scores(session: Session, person: Any, dialogues: list[Any], speaker: str) -> list[Any]:
    """Drift of one speaker in each talk."""
    from dataclasses import replace

    from personarium.measure import dialogue_drift

    words = person.view("statements").text
    found = []
    for place, dialogue in enumerate(dialogues, 1):
        score = dialogue_drift(dialogue, speaker, words)
        found.append(replace(score, id=dialogue.id or f"talk-{place}", detail={"dialogue": dialogue.to_dict()}))
    return found
