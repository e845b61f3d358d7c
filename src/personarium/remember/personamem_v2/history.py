"""A talk as one text, and the chunks in which it is read.

Source: personamem-v2 page, steps B1 and B2. Units: tokens of the tokenizer that is given; the default one counts four
characters as a token, the house's rule where no tokenizer is at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.tokens import CHARS_PER_TOKEN
from personarium.remember.records import Observation

NO_HISTORY = "No conversation history available."
_BETWEEN = "\n\n"

Tokenizer = Callable[[str], Sequence[str]]
"""Cuts a text into pieces which, joined, are the text again."""


def four_characters(text: str) -> list[str]:
    """The tokenizer of a machine without one: four characters a token."""
    return [text[k : k + CHARS_PER_TOKEN] for k in range(0, len(text), CHARS_PER_TOKEN)]


@dataclass(frozen=True, slots=True)
class History:
    """A talk as one text.

    Args:
        text: The blocks ``Message i (role): content``.
        places: Start and end of each block in the text, and the id of its message.
    """

    text: str
    places: tuple[tuple[int, int, str], ...] = ()


def history_of(messages: Iterable[Mapping[str, Any]], first: int = 1) -> History:
    """The history text of a talk.

    A talk's first message is dropped when it is the system's; the others count from ``first`` on. One without role or
    content is left out, but keeps its number. A talk of nothing gives a fixed sentence.

    Args:
        messages: With ``role`` and ``content``, and ``id`` where they have one.
        first: The number of the first message; above 1 where a talk goes on.
    """
    listed = list(messages)
    if first == 1 and listed and listed[0].get("role") == "system":
        listed = listed[1:]
    blocks: list[str] = []
    places: list[tuple[int, int, str]] = []
    start = 0
    for number, message in enumerate(listed, first):
        role, content = message.get("role"), message.get("content")
        if not role or not content:
            continue
        blocks.append(f"Message {number} ({role}): {content}")
        places.append((start, start + len(blocks[-1]), str(message.get("id", number))))
        start += len(blocks[-1]) + len(_BETWEEN)
    return History(_BETWEEN.join(blocks), tuple(places)) if blocks else History(NO_HISTORY)


def history_of_observations(said: Sequence[Observation], first: int = 1) -> History:
    """The history text of what was observed; speakers stand in place of roles."""
    return history_of(({"role": one.speaker, "content": one.text, "id": one.id} for one in said), first)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a history that is read in one call.

    Args:
        text: The part.
        sources: Ids of the messages of which at least a part stands in it.
        ended: Id of the last message that has been read to its end after this chunk; empty when none has.
    """

    text: str
    sources: tuple[str, ...] = ()
    ended: str = ""


@dataclass(frozen=True, slots=True)
class Chunks:
    """A history in chunks.

    Args:
        chunks: In order.
        dropped: Tokens that were left out of the middle.
        lost: Ids of the messages of which a part was left out.
    """

    chunks: tuple[Chunk, ...]
    dropped: int = 0
    lost: tuple[str, ...] = ()


def split_history(
    history: History, tokenizer: Tokenizer = four_characters, size: int = 5000, most: int | None = 8
) -> Chunks:
    """Cut a history into chunks, anywhere and without overlap.

    Args:
        history: As :func:`history_of` makes it.
        tokenizer: What a token is.
        size: Tokens of a chunk.
        most: Chunks at most; of a longer history the first and the last half of so many tokens are kept. None keeps all.

    Raises:
        InvalidInput: The tokenizer does not give the text back, or a size is not positive.
    """
    if size < 1 or (most is not None and most < 1):
        raise InvalidInput("chunks", "a size and a number of at least 1", (size, most))
    pieces = tokenizer(history.text)
    if sum(map(len, pieces)) != len(history.text):
        raise InvalidInput("tokenizer", "pieces that give the text when they are joined", len(pieces))
    kept = list(range(len(pieces)))
    room = len(pieces) if most is None else size * most
    if len(pieces) > room:
        kept = kept[: room // 2] + kept[len(kept) - (room - room // 2) :]
    starts = [0]
    for piece in pieces:
        starts.append(starts[-1] + len(piece))
    parts = [kept[k : k + size] for k in range(0, len(kept), size)]
    spans = [[(starts[i], starts[i + 1]) for i in part] for part in parts]
    dropped = len(pieces) - len(kept)
    gap = (starts[room // 2], starts[len(pieces) - (room - room // 2)]) if dropped else (0, 0)
    lost = tuple(id for start, end, id in history.places if start < gap[1] and end > gap[0])
    return Chunks(tuple(_chunk(history, span) for span in spans), dropped, lost)


def _chunk(history: History, spans: Sequence[tuple[int, int]]) -> Chunk:
    text = "".join(history.text[start:end] for start, end in spans)
    first, last = spans[0][0], spans[-1][1]
    touched = tuple(id for start, end, id in history.places if start < last and end > first)
    ended = [id for _, end, id in history.places if end <= last]
    return Chunk(text, touched, ended[-1] if ended else "")
