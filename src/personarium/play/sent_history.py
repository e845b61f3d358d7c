"""Conversations that somebody else keeps: a chat client sends the whole history again with every request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from personarium.core.chat import Message
from personarium.core.dialogue import Dialogue, Utterance

PERSON = "person"  # who writes to the persona, in the dialogue
PERSONA = "persona"  # the persona itself; its own id may be any word, a role's too
_INSTRUCTING = frozenset({"system", "developer"})


@dataclass(frozen=True, slots=True)
class SentHistory:
    """What a client has sent.

    Args:
        scene: Its system messages, which follow the persona: the scene, never the persona itself.
        dialogue: What was said, in neutral form, between :data:`PERSON` and :data:`PERSONA`.
    """

    scene: str
    dialogue: Dialogue

    @property
    def last_said(self) -> str:
        """What the person wrote since the persona's last turn."""
        own = [turn for turn, one in enumerate(self.dialogue.utterances) if one.speaker == PERSONA]
        return "\n".join(one.text for one in self.dialogue.utterances[own[-1] + 1 if own else 0 :])


def read_history(messages: Sequence[Message], persona: str = "", conversation: str = "") -> SentHistory:
    """Take a client's messages apart.

    Args:
        messages: As they were sent; roles ``system``, ``developer``, ``user`` and ``assistant``.
        persona: Whom they were sent to: talks with different personas that begin alike are different talks.
        conversation: The client's name of the conversation, if it has one; without, the conversation is known by how it
            begins.
    """
    scene = [one["content"].strip() for one in messages if one["role"] in _INSTRUCTING]
    said = [
        Utterance(PERSONA if one["role"] == "assistant" else PERSON, one["content"])
        for one in messages
        if one["role"] not in _INSTRUCTING
    ]
    begun = next((turn + 1 for turn, one in enumerate(said) if one.speaker == PERSON), 0)
    started = [(one.speaker == PERSONA, one.text.strip()) for one in said[:begun]]
    id = f"talk-{_digest([persona, conversation] if conversation else [persona, conversation, started])}"
    dialogue = Dialogue(id, said, {}, (PERSON, PERSONA))
    return SentHistory("\n\n".join(filter(None, scene)), dialogue)


def prefix_key(dialogue: Dialogue, turn: int, speaker: str) -> str:
    """What stands for a turn of a dialogue and everything that was said before it.

    Blanks around a text do not count: clients take them off. The turn after the last is the reply: it is known by what it
    answers, whatever it says.

    Args:
        dialogue: The dialogue, with its id.
        turn: Number of the turn, from 0; that of the reply is the number of turns.
        speaker: Whose view: everybody else counts as one.
    """
    said = [(one.speaker == speaker, one.text.strip()) for one in dialogue.utterances[: turn + 1]]
    return _digest([dialogue.id, turn, said])


def _digest(value: object) -> str:
    return blake2b(json.dumps(value, ensure_ascii=True).encode(), digest_size=16).hexdigest()
