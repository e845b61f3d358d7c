"""Reading a rater's score: the strict rule, and the published one, which takes the smallest label that occurs anywhere.

Source: esc-eval page, step 4, "Works when" 2 and "Traps".
"""

from __future__ import annotations

import re

from personarium.benchmarks.esc_eval.dimensions import HIGHEST, LOWEST, UNPARSED

MOST_REPLY = 20_000
_RANGE = re.compile(r"(?<![\w.])\d{1,3} ?(?:-|–|—|~|to|至|到) ?\d{1,3}(?![\w.]\d)")
_DENOMINATOR = re.compile(r" ?/ ?4(?![\d.])|\bout of 4(?![\d.])", re.IGNORECASE)
# Letters of scripts without blanks may stand at a number ("3分"), others may not ("Q4").
_NUMBER = re.compile(r"(?<![A-Za-z0-9_.])-?\d{1,9}(?:\.\d{1,9})?(?![A-Za-z0-9_/])")


def strict_score(answer: str) -> int:
    """The first whole number that stands alone, once ranges (``0-4``) and denominators (``/4``) are taken out.

    Returns:
        0 to 4; -1 for a decimal, a number outside, or none.
    """
    text = _DENOMINATOR.sub(" ", _RANGE.sub(" ", answer[:MOST_REPLY]))
    found = _NUMBER.search(text)
    if found is None or "." in found[0]:
        return UNPARSED
    value = int(found[0])
    return value if LOWEST <= value <= HIGHEST else UNPARSED


def published_score(answer: str) -> int:
    """As published: the first of the labels 0, 1, 2, 3, 4, in this order, that occurs anywhere in the answer; else -1.

    So "10" and "0-4 scale: 3" are 0.
    """
    return next((score for score in range(LOWEST, HIGHEST + 1) if str(score) in answer), UNPARSED)
