"""Playing personas: agents, the dialogue engine, ends of talks, audits of roles, the best of several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.play.agents import Agent as Agent
    from personarium.play.agents import CallableAgent as CallableAgent
    from personarium.play.agents import Speaker as Speaker
    from personarium.play.agents import Spoken as Spoken
    from personarium.play.agents import as_spoken as as_spoken
    from personarium.play.dialogues import Casting as Casting
    from personarium.play.dialogues import Detector as Detector
    from personarium.play.dialogues import Ending as Ending
    from personarium.play.dialogues import Played as Played
    from personarium.play.dialogues import play_dialogue as play_dialogue
    from personarium.play.dialogues import play_dialogues as play_dialogues

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "Agent": "personarium.play.agents",
        "CallableAgent": "personarium.play.agents",
        "Casting": "personarium.play.dialogues",
        "Detector": "personarium.play.dialogues",
        "Ending": "personarium.play.dialogues",
        "Played": "personarium.play.dialogues",
        "Speaker": "personarium.play.agents",
        "Spoken": "personarium.play.agents",
        "as_spoken": "personarium.play.agents",
        "play_dialogue": "personarium.play.dialogues",
        "play_dialogues": "personarium.play.dialogues",
    },
)
