"""The prompted steps of EvolvR and the readers of their replies, tagged as published or in the form that is shown.

Source: EvolvR (arXiv 2508.06046), steps 2 and 3; temperatures and limits from the code.
"""

from __future__ import annotations

import re
from typing import Any

from personarium.core.chat import Sampling
from personarium.judges.evolvr.tags import answers_of, with_true_scores
from personarium.models.step import Step
from personarium.text.form import Form, Unparsed

_HERE = "personarium.judges.evolvr"
WRITING = Sampling(temperature=1.0, top_p=0.95, max_tokens=1000)
REVISING = Sampling(temperature=1.0, top_p=0.95, max_tokens=3000)
_LAST_TRUE = "</Score2_TRUE_ANSWER>"
_CLOSE = "</ANSWER>"
# "### Content analysis", "**Analysis:**", "Content Analysis of both stories"
_HEADING = re.compile(r"^[#*_ \t]{0,12}(?:content[ \t]{1,4})?analysis\b", re.IGNORECASE | re.MULTILINE)
_REVISED = re.compile(
    r"^[#*_ \t]{0,12}revised[ \t]{1,4}(?:result|analysis)[#*_:. \t]{0,12}", re.IGNORECASE | re.MULTILINE
)
_FITS = re.compile(r"<ANSWER>\s{0,9}(yes|no)\s{0,9}[.!]?\s{0,9}</ANSWER>|\[ANSWER\]\s{0,9}(yes|no)\b", re.IGNORECASE)

_ARGUED = "Story 1: <argument_1: text> [ANSWER] <score_1: 1-5> Story 2: <argument_2: text> [ANSWER] <score_2: 1-5>"
REASONED = Form.parse(f"Analysis: <analysis: text> {_ARGUED}")
REVISED = Form.parse(
    "Problems: <problems: text> Revised result: <analysis: text> Story 1: <argument_1: text> Story 2: <argument_2: text>"
)
FITTING = Form.parse("[ANSWER] <fits: yes|no>")

SYNTHESIS = Step("evolvr.synthesis", _HERE, "synthesis", REASONED, WRITING)
JUDGE = Step("evolvr.judge", _HERE, "judge", REASONED, WRITING)
SELF_CHECK = Step("evolvr.self_check", _HERE, "self_check", REVISED, REVISING)
ROBUSTNESS = Step("evolvr.robustness", _HERE, "robustness", FITTING, WRITING)
STEPS = (SYNTHESIS, JUDGE, SELF_CHECK, ROBUSTNESS)


def read_reasoning(reply: str) -> dict[str, Any] | Unparsed:
    """The reasoning from its heading to the second closing ANSWER tag, or in the form that the prompt shows.

    Returns:
        ``text`` with both answers in tags, and ``scores`` as they are written; a tagged reply with fewer than two closing
        tags, or without a heading, is unparsed.
    """
    if _CLOSE in reply:
        return _tagged(reply)
    values = REASONED.read(reply)
    if isinstance(values, Unparsed):
        return values
    scores = [str(values["score_1"]), str(values["score_2"])]
    return {"text": _laid_out(values, scores), "scores": scores}


def _tagged(reply: str) -> dict[str, Any] | Unparsed:
    heading = _HEADING.search(reply)
    if heading is None:
        return Unparsed("there is no heading of the analysis", reply)
    first = reply.find(_CLOSE, heading.end())
    second = -1 if first < 0 else reply.find(_CLOSE, first + 1)
    if second < 0:
        return Unparsed("two closing ANSWER tags are wanted after the heading of the analysis", reply)
    text = reply[heading.start() : second + len(_CLOSE)]
    return {"text": text, "scores": answers_of(text)}


def _laid_out(values: dict[str, Any], scores: list[str]) -> str:
    parts = [f"Content analysis: {values['analysis']}"]
    for k, score in enumerate(scores, 1):
        parts.append(f"Story {k}: {values[f'argument_{k}']} <ANSWER>{score}{_CLOSE}")
    return "\n".join(parts)


def read_revision(reply: str, scores: tuple[str, str]) -> dict[str, Any] | Unparsed:
    """The revised analysis, from its heading to the first closing Score2_TRUE tag after it; or in the form that is shown.

    Args:
        reply: The model's reply.
        scores: The scores of the record, which stay as they are.
    """
    if _LAST_TRUE in reply:
        heading = _REVISED.search(reply)
        end = -1 if heading is None else reply.find(_LAST_TRUE, heading.end())
        if heading is None or end < 0:
            return Unparsed("there is no heading of the revised result, or no Score2_TRUE tag after it", reply)
        return {"text": reply[heading.end() : end + len(_LAST_TRUE)].strip()}
    values = REVISED.read(reply)
    if isinstance(values, Unparsed):
        return values
    return {"text": with_true_scores(_laid_out(values, list(scores)), *scores)}


def read_fits(reply: str) -> dict[str, Any] | Unparsed:
    """Whether analysis and scores fit: the last Yes or No inside an ANSWER tag; a bare word is unparsed."""
    found = list(_FITS.finditer(reply))
    if not found:
        return Unparsed("there is no Yes or No inside an ANSWER tag", reply)
    said = found[-1]
    return {"fits": (said[1] or said[2]).lower() == "yes"}
