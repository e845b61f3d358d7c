"""Parsers of judges' verdicts: the published ones, by the letter, beside the tolerant ones that are the default."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from personarium.text.holes import Unparsed
from personarium.text.line_form import SHADOW

Mode = Literal["default", "published", "script"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judge's verdict and the words before it.

    Args:
        value: An integer score, or the letter of the better response.
        feedback: What the judge wrote (default: the text before the marker; as published: the whole reply).
    """

    value: int | str
    feedback: str


_BRACKETED = r"\[RESULT\]:?|\[SCORE\]:?"
_WORDED = r"(?:score\s++of|score:?|result:?)"
_NUMBER = r"(?P<n>\d{1,9})(?!\d)(?:[)\]]|\s*+/\s*+5(?!\d)|\s*+out\s*+of\s*+5(?!\d))?"
_SCORE_PUBLISHED = re.compile(rf"(?:(?:{_BRACKETED}|{_WORDED})[\s(\[]*+){{1,3}}+{_NUMBER}\s*+\Z", re.IGNORECASE)
# Beside the published pattern: words count as markers only where they begin, and a full stop may end the text.
_SCORE_DEFAULT = re.compile(
    rf"(?:(?:{_BRACKETED}|(?<!\w){_WORDED})[\s(\[]*+){{1,3}}+{_NUMBER}[)\]]?+[ \t]*+\.?+[)\]\s\"']*+\Z", re.IGNORECASE
)
_SCRIPT_SCORES = frozenset("12345")
_PREFERENCE = (
    r"(?:\[RESULT\][:\s]*+(?:Response\s++)?|\[RESULT:\s*+(?:Response\s++)?|\[Response\s++|"
    r"^[ \t]*+Result[:\s]++(?:Response\s++)?)"
    r"(?P<letter>[AB])(?!\w)\]?+"
)
_PREFERENCE_PUBLISHED = re.compile(rf"{_PREFERENCE}[ \t\r]*+$", re.IGNORECASE | re.MULTILINE)
_PREFERENCE_DEFAULT = re.compile(rf"{_PREFERENCE}[ \t]*+\.?+\s*+\Z", re.IGNORECASE | re.MULTILINE)
_CUE = re.compile(r"\A\s*+Feedback\s*+:", re.IGNORECASE)


def prometheus_score(text: str, mode: Mode = "default") -> Verdict | Unparsed:
    """Read "feedback [RESULT] n" with n from 1 to 5, at the end of the text.

    Args:
        text: The judge's reply.
        mode: ``script`` (what stands after the first "[RESULT]", up to the next, is exactly one digit), ``published``
            (the library's tolerant parser) or ``default`` (the same, but emphasis and a final full stop are forgiven).

    Source: Prometheus (arXiv 2310.08491), step 3 and "Works when" 1.
    Differs: as published the whole reply is handed back as feedback; the default gives the text before the marker.
    """
    if mode == "script":
        pieces = text.split("[RESULT]", 2)
        mark = pieces[1].strip() if len(pieces) > 1 else ""
        if mark in _SCRIPT_SCORES:
            return Verdict(int(mark), text)
        return Unparsed("what follows the first [RESULT] is not exactly one of 1 to 5", text)
    published = mode == "published"
    match = (_SCORE_PUBLISHED if published else _SCORE_DEFAULT).search(text if published else text.translate(SHADOW))
    if match is None:
        return Unparsed("no result marker with a whole number stands at the end", text)
    score = int(match["n"])
    if not 1 <= score <= 5:
        return Unparsed(f"the score {score} is not within 1 to 5", text)
    return Verdict(score, text if published else _feedback(text, match.start()))


def prometheus_preference(text: str, mode: Mode = "default") -> Verdict | Unparsed:
    """Read "feedback [RESULT] A" or B.

    Args:
        text: The judge's reply.
        mode: ``published`` takes the first marker that ends any line; ``default`` the last, at the end of the text
            (``script`` is read as ``published``).

    Source: Prometheus (arXiv 2310.08491), step 3 and "Works when" 1.
    Differs: published, "[RESULT] A" and on a later line "[RESULT] B" gives A; the default gives B.
    """
    published = mode != "default"
    pattern = _PREFERENCE_PUBLISHED if published else _PREFERENCE_DEFAULT
    match = pattern.search(text if published else text.translate(SHADOW))
    if match is None:
        return Unparsed("no result marker with A or B stands at the end", text)
    return Verdict(match["letter"].upper(), text if published else _feedback(text, match.start()))


def _feedback(text: str, end: int) -> str:
    return _CUE.sub("", text[:end]).strip().removesuffix("[").removesuffix("**").strip()


# PersonaGym

_FINAL_PUBLISHED = re.compile(r"Therefore, the final score is\s*+(\d{1,300})")
_FINAL = re.compile(
    r"final\s++score\b(?:\s*+[:=]|\s++(?:is|of)\b)?[\s:(\[]*+(?P<n>-?\d{1,9})(?!\d)"
    r"(?P<decimal>[.,]\d)?(?P<more>\s*+(?:-|to\b|or\b)\s*+\d)?(?:\s*+(?:/|out\s++of\b)\s*+(?P<below>\d{1,9})(?!\d))?",
    re.IGNORECASE,
)
_EVALUATION_PUBLISHED = re.compile(r"\(\d{1,9}\) Evaluation:")
_EVALUATION = re.compile(
    r"^[ \t]*+\(?\s{0,9}+(\d{1,4})\s{0,9}+\)[ \t]*+Evaluation[ \t]*+:?", re.IGNORECASE | re.MULTILINE
)
_EXAMPLES = re.compile(r"^[ \t]*+Rubric[ \t]++(\d{1,4})[ \t]++Examples?[ \t]*+:?", re.IGNORECASE | re.MULTILINE)
_SCORE_LINE = re.compile(r"^[ \t]*+(?:[-•][ \t]++)?Score[ \t]++([1-5])[ \t]*+:", re.IGNORECASE | re.MULTILINE)
_RESPONSE_CUE = re.compile(r"\A\s*+(?:Response\s*+[-:]\s*+)?", re.IGNORECASE)


def personagym_score_published(text: str) -> int:
    """The integer after the first "Therefore, the final score is"; 0 stands for unparsed, and no range is checked.

    Source: PersonaGym (arXiv 2407.18416), step 7 and "Works when" 4: "is 10" gives 10, "is 4.5" gives 4.
    """
    match = _FINAL_PUBLISHED.search(text)
    return int(match[1]) if match else 0


def personagym_score(text: str) -> int | Unparsed:
    """The whole number from 1 to 5 behind the last "final score"; emphasis, colons and "4/5" are forgiven.

    Source: PersonaGym, step 7. Differs: 4.5 and 10 are unparsed, not 4 and 10.
    """
    last = None
    for match in _FINAL.finditer(text.translate(SHADOW)):
        last = match
    if last is None:
        return Unparsed("no final score was found", text)
    score = int(last["n"])
    if last["decimal"] or last["more"] or last["below"] not in (None, "5") or not 1 <= score <= 5:
        return Unparsed(f"the final score is not one whole number from 1 to 5: {last[0].strip()!r}", text)
    return score


def split_evaluations(text: str, count: int) -> list[str] | Unparsed:
    """Cut a judge's reply at its "(k) Evaluation:" headings; a heading stands at the start of a line.

    Args:
        text: The reply.
        count: How many evaluations were asked for; they must be numbered 1 to ``count`` in order.

    Source: PersonaGym, step 7 and "Works when" 4. Differs: as published (:func:`split_evaluations_published`) a missing
    heading goes unnoticed; here the whole batch is unparsed.
    """
    return _numbered_parts(text, _EVALUATION, count, "evaluation")


def split_evaluations_published(text: str) -> list[str]:
    """As published: whatever follows each "(k) Evaluation:", however many there are and wherever they stand."""
    return _EVALUATION_PUBLISHED.split(text)[1:]


def split_examples(text: str, count: int, as_published: bool = False) -> list[str] | Unparsed:
    """Cut the score examples at their "Rubric k Examples:" headings, one block for each question.

    Args:
        text: The reply of the example writer.
        count: How many blocks were asked for.
        as_published: Keep only the lines that begin with "Score", so further lines of an example are lost.

    Source: PersonaGym, step 4 and Traps.
    """
    blocks = _numbered_parts(text, _EXAMPLES, count, "example block")
    if isinstance(blocks, Unparsed) or not as_published:
        return blocks
    return ["\n".join(line for line in block.split("\n") if line.startswith("Score")) for block in blocks]


def score_examples(block: str) -> dict[int, str] | Unparsed:
    """The example of each score 1 to 5 in one block of lines "Score k: Response - ..."; an example may span lines."""
    marks = list(_SCORE_LINE.finditer(block.translate(SHADOW)))
    ends = [mark.start() for mark in marks[1:]] + [len(block)]
    found = {
        int(mark[1]): _RESPONSE_CUE.sub("", block[mark.end() : end]).strip(" \t\r\n*")
        for mark, end in zip(marks, ends, strict=False)
    }
    missing = [k for k in range(1, 6) if not found.get(k)]
    if missing:
        return Unparsed(f"no example for score {missing[0]}", block)
    return {k: found[k] for k in range(1, 6)}


def _numbered_parts(text: str, heading: re.Pattern[str], count: int, what: str) -> list[str] | Unparsed:
    marks: list[re.Match[str]] = []
    for match in heading.finditer(text.translate(SHADOW)):
        if int(match[1]) == len(marks) + 1:
            marks.append(match)
    if len(marks) != count:
        return Unparsed(f"{count} {what}s are wanted, found {len(marks)} numbered in order", text)
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return [text[mark.end() : end].strip().removeprefix("**").strip() for mark, end in zip(marks, ends, strict=False)]
