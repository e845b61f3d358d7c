r"""The exact-letter reward: what stands in the last ``\boxed{...}``, and nothing else.

Source: personamem-v2 page, part D and "Works when" 1 (official reward code).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from personarium.core.errata import Published, published_faults
from personarium.text.holes import Unparsed

QUERY_AWARE, EMPTY_BOX = "query-aware-memory", "empty-box"
ERRATA = (QUERY_AWARE, EMPTY_BOX)
LETTERS = "abcd"
LONGEST = 200_000  # characters of a reply that are read, its last ones
_BOX, _SPACED = "\\boxed{", "\\boxed "
_LETTERED = re.compile(r"\s*\(([a-z])\)", re.IGNORECASE)


def boxed_answer(reply: str) -> str | None:
    r"""The answer of a reply: the content of its last box, without blanks, in lower case; None when there is no box.

    The side path of the published code is kept: where "\boxed " with a blank occurs, what follows its last occurrence up to
    a "$" is the answer instead.
    """
    text = reply[-LONGEST:]
    if _SPACED in text:
        return _plain(text.rpartition(_SPACED)[2].partition("$")[0])
    start = text.rfind("\\boxed")
    if start < 0 or not text.startswith(_BOX, start):
        return None
    depth, start = 1, start + len(_BOX)
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if not depth:
            return _plain(text[start:place])
    return None


def gold_letter(gold: str) -> str:
    """The letter of a recorded gold answer: x of "(x) ...", else the first letter of the text; empty without one."""
    found = _LETTERED.match(gold)
    return found[1].lower() if found else next((c.lower() for c in gold if c.isalpha()), "")


def reward(reply: str, gold: str, *, as_published: Published = False) -> int:
    """1 when the boxed answer is exactly the gold letter, else 0.

    Args:
        reply: The reply.
        gold: The recorded gold answer.
        as_published: With ``empty-box`` an empty box counts where the gold is missing.
    """
    faults = published_faults(as_published, ERRATA)
    answer, letter = boxed_answer(reply), gold_letter(gold)
    return int(answer is not None and answer == letter and (bool(answer) or EMPTY_BOX in faults))


def read_boxed(reply: str, options: Sequence[str] = LETTERS) -> str | Unparsed:
    """Reader of a reply: its boxed letter. No box, and a box with anything but one letter of the options, are unparsed."""
    answer = boxed_answer(reply)
    if answer is None:
        return Unparsed("the reply has no closed box", reply)
    if len(answer) == 1 and answer in LETTERS[: len(options)]:
        return answer
    return Unparsed(f"the box holds {answer[:40]!r} and no letter of the options", reply)


def _plain(text: str) -> str:
    return text.replace(" ", "").replace("\n", "").lower()
