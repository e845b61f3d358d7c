"""Tagged blocks: how a prompt keeps its parts apart, and why data cannot close its own frame."""

from __future__ import annotations

import re
from dataclasses import dataclass

from personarium.core.errors import InvalidInput

# The closed list of SIMULATED.md, section "The reply form".
BLOCKS: tuple[str, ...] = (
    "persona",
    "memory",
    "scene",
    "dialogue",
    "question",
    "options",
    "item",
    "response",
    "response_a",
    "response_b",
    "reference",
    "rubric",
    "examples",
    "statements",
    "text",
    "rules",
    "slot",
    "draft",
    "issues",
    "materials",
    "game",
    "reply",
)

_TAGS = "|".join(sorted(BLOCKS, key=len, reverse=True))
# Blanks and slashes are bounded so that a hostile run of them costs linear time.
_DISGUISED = re.compile(rf"<(?=[\s/]{{0,8}}(?:{_TAGS})\b)", re.IGNORECASE)
_TAG_LINE = re.compile(rf'^[ \t]*<(?P<close>/?)(?P<tag>{_TAGS})(?: n="(?P<n>\d{{1,9}})")?>[ \t\r]*$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a prompt.

    Args:
        tag: A name of ``BLOCKS``.
        n: The number of a repeated block, or None.
        text: What stands between the tags, without the line ends that belong to the tags.
        start: Where the opening tag's line begins in the prompt.
        end: Where the closing tag's line ends.
    """

    tag: str
    n: int | None
    text: str
    start: int
    end: int


def escape(text: str) -> str:
    """Replace the ``<`` of every block tag in ``text`` by ``‹``, so that the text cannot open or close a block."""
    return _DISGUISED.sub("‹", text)


def block(tag: str, text: str, n: int | None = None) -> str:
    """Put data into a block whose frame it cannot close.

    Args:
        tag: A name of ``BLOCKS``.
        text: Untrusted data; the ``<`` of block tags in it is replaced by ``‹``.
        n: Number of the block when the tag is repeated in one prompt (0 or more).

    Raises:
        InvalidInput: The tag is not in the closed list, or the number is negative.

    Source: SIMULATED.md, "The reply form".
    """
    return frame(tag, escape(text), n)


def frame(tag: str, text: str, n: int | None = None) -> str:
    """Put text that is already safe (a reply form) between the tags of a block."""
    if tag not in BLOCKS:
        raise InvalidInput("block", f"one of {', '.join(BLOCKS)}", tag, "tag")
    if n is not None and not 0 <= n < 10**9:
        raise InvalidInput("block", "a number of 0 or more", n, "n")
    number = "" if n is None else f' n="{n}"'
    return f"<{tag}{number}>\n{text}\n</{tag}>"


def blocks(text: str) -> list[Block]:
    """Read the blocks of a prompt, in order; linear time.

    A tag counts only when it stands alone on its line. Blocks do not nest: after an opening tag everything up to the
    first closing tag of the same name is data. An opening tag that is never closed is no block.
    """
    found: list[Block] = []
    closings = _closings_after(text)
    end = 0
    for opening in _TAG_LINE.finditer(text):
        if opening["close"] or opening.start() < end:
            continue
        closing = closings.get(opening.start())
        if closing is None:
            continue
        inner = text[min(opening.end() + 1, closing.start()) : max(closing.start() - 1, opening.end())]
        number = None if opening["n"] is None else int(opening["n"])
        found.append(Block(opening["tag"], number, inner, opening.start(), closing.end()))
        end = closing.end()
    return found


def _closings_after(text: str) -> dict[int, re.Match[str]]:
    """For the position of every opening tag: the first closing tag of the same name behind it (one pass backwards)."""
    nearest: dict[str, re.Match[str]] = {}
    closings: dict[int, re.Match[str]] = {}
    for match in reversed(list(_TAG_LINE.finditer(text))):
        if match["close"]:
            nearest[match["tag"]] = match
        elif match["tag"] in nearest:
            closings[match.start()] = nearest[match["tag"]]
    return closings
