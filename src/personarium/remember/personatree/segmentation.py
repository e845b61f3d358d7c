"""Cutting a history into the chunks that the tree is updated with, one after the other.

Source: personatree page, step 2 and "Works when" 4.
Differs: the length limit counts characters throughout. The published code counts a pair in words for the test and in characters
for the running sum (``mixed-length-units``), and crashes on messages before the first system message (``system-less-crash``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from personarium.core.errata import Published
from personarium.core.errors import UsageError
from personarium.remember.personatree.errata import faults

Turn: TypeAlias = Mapping[str, Any]  # role, content; further fields (an id) are carried along
Chunk: TypeAlias = list[Turn]
MAX_PAIRS = 10  # the function's default; the main pipeline uses 3, the retrieval index 1
MAX_LENGTH = 8000  # characters of the pairs of a chunk


def segment(
    messages: Sequence[Turn],
    max_pairs: int = MAX_PAIRS,
    max_len: int = MAX_LENGTH,
    as_published: Published = False,
) -> list[Chunk]:
    """Cut a history: a chunk for each system message alone, then its (user, assistant) pairs, each chunk behind that message.

    Args:
        messages: In order. A user or assistant message without its partner counts as a pair; other roles are skipped.
        max_pairs: Pairs of a chunk at most.
        max_len: Characters of a chunk's pairs at most; a chunk takes at least one pair, however long.
        as_published: ``mixed-length-units``, ``system-less-crash``.

    Returns:
        The chunks; what was said before the first system message is in chunks without one.

    Raises:
        UsageError: When ``max_pairs`` or ``max_len`` is below 1; with ``system-less-crash`` on a history without a system message.
    """
    if max_pairs < 1 or max_len < 1:
        raise UsageError("max_pairs and max_len must be at least 1")
    on = faults(as_published)
    chunks: list[Chunk] = []
    for system, block in _blocks(messages):
        if system is None and "system-less-crash" in on:
            raise UsageError("as published, a block without a system message cannot be cut")
        head = [] if system is None else [system]
        chunks += [head] if head else []
        groups = _groups(_pairs(block), max_pairs, max_len, "mixed-length-units" in on)
        chunks += [[*head, *(turn for pair in group for turn in pair)] for group in groups]
    return chunks


def _blocks(messages: Iterable[Turn]) -> list[tuple[Turn | None, list[Turn]]]:
    blocks: list[tuple[Turn | None, list[Turn]]] = []
    for message in messages:
        if message["role"] == "system":
            blocks.append((message, []))
        elif message["role"] in ("user", "assistant"):
            if not blocks:
                blocks.append((None, []))
            blocks[-1][1].append(message)
    return blocks


def _pairs(block: Iterable[Turn]) -> list[list[Turn]]:
    pairs: list[list[Turn]] = []
    for turn in block:
        if turn["role"] == "assistant" and pairs and len(pairs[-1]) == 1 and pairs[-1][0]["role"] == "user":
            pairs[-1].append(turn)
        else:
            pairs.append([turn])
    return pairs


def _groups(pairs: Iterable[list[Turn]], max_pairs: int, max_len: int, mixed: bool) -> list[list[list[Turn]]]:
    groups: list[list[list[Turn]]] = []
    length = 0
    for pair in pairs:
        letters = sum(len(turn["content"]) for turn in pair)
        more = sum(len(turn["content"].split()) for turn in pair) if mixed else letters
        if not groups or len(groups[-1]) >= max_pairs or length + more > max_len:
            groups.append([])
            length = 0
        groups[-1].append(pair)
        length += letters
    return groups
