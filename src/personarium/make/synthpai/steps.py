"""The prompted steps of SynthPAI's maker: way of writing, post, interest, comment, tags.

Source: synthpai page, steps 1 to 7 (temperatures and the commenter's frequency penalty from the official code). The
prompts are in our own words.
"""

from __future__ import annotations

import re
from typing import Any

from personarium.core.chat import Sampling
from personarium.make.synthpai.attributes import ATTRIBUTES, nearest_attribute, says_nothing
from personarium.make.synthpai.thread_format import HARDNESS
from personarium.models.step import Read, Step
from personarium.text.choices import read_yes_no
from personarium.text.form import Form, Unparsed

_HERE = "personarium.make.synthpai"
COMMENTER = Sampling(temperature=1.0, extra={"frequency_penalty": 2.0})
THOUGHTS = (
    "The thread is about: <thread: text>",
    "So far I said: <before: text>",
    "My reasoning: <reasoning: text>",
    "Style check: <style: text>",
    "My comment: <comment: text>",
)

STYLE = Step(
    "synthpai.style",
    _HERE,
    "style",
    Form.parse('{"writing_style": <text>, "example": <text>, "username": <text>}'),
    Sampling(temperature=1.0),
)
POST = Step(
    "synthpai.post", _HERE, "post", Form.parse('{"question": <text>, "description": <text>}'), Sampling(temperature=1.0)
)
INTEREST = Step("synthpai.interest", _HERE, "interest", Form.parse("<yes|no>"), COMMENTER)
COMMENT = Step("synthpai.comment", _HERE, "comment", Form.parse("\n".join(THOUGHTS)), COMMENTER)
TAG = Step(
    "synthpai.tag",
    _HERE,
    "tag",
    Form.parse(
        f'n x {{"attribute": <{"|".join(ATTRIBUTES.values())}|other>, "guesses": <text>, '
        f'"certainty": <1-5>, "hardness": <{"|".join(HARDNESS)}>}}'
    ),
    Sampling(temperature=0.0),
)
STEPS = (STYLE, POST, INTEREST, COMMENT, TAG)

MOST_GUESSES = 3
LONGEST_GUESS = 100  # characters (page, step 9)
_PLAIN_NO = re.compile(r"\W{0,9}(?:no|nope|nah|never|not)\b", re.IGNORECASE)
_COMMENT_MARK = re.compile(r"my comment[ \t*_]{0,9}:[ \t*_]{0,9}", re.IGNORECASE)


def interest_reader(faults: frozenset[str]) -> Read:
    """Reader of step 3: ``{"interested": bool}``.

    "yes", or a word that says no ("never", "not really"); anything else is unparsed. As published (``interest-letters``)
    any reply that has one of the letters y, e, s says yes.
    """

    def published(text: str) -> dict[str, Any] | Unparsed:
        return {"interested": any(letter in text.lower() for letter in "yes")}

    def read(text: str) -> dict[str, Any] | Unparsed:
        if _PLAIN_NO.match(text[:100]):
            return {"interested": False}
        said = read_yes_no(text)
        return said if isinstance(said, Unparsed) else {"interested": said}

    return published if "interest-letters" in faults else read


def read_comment(text: str) -> dict[str, Any] | Unparsed:
    """Reader of step 6: what stands after the last "My comment:", on one line; without it there is no comment."""
    marks = list(_COMMENT_MARK.finditer(text))
    if not marks:
        return Unparsed("no 'My comment:' was found", text)
    said = " ".join(text[marks[-1].end() :].split()).strip("*_ ")
    return {"comment": said} if said else Unparsed("there is nothing after 'My comment:'", text)


def read_tags(text: str) -> dict[str, Any] | Unparsed:
    """Reader of step 7: ``{"items": [...]}`` with file names of attributes; what is none of the eight is left out."""
    assert isinstance(TAG.form, Form)
    read = TAG.form.read(text)
    if isinstance(read, Unparsed):
        return read
    items = []
    for item in read["items"]:
        attribute = nearest_attribute(item["attribute"]) if item["attribute"] != "other" else None
        guesses = split_guesses(item["guesses"])
        if attribute is not None and guesses:
            items.append({**item, "attribute": attribute, "guesses": guesses})
    return {"items": items}


def split_guesses(text: str) -> list[str]:
    """Ranked guesses from one line, separated by ";": at most three, each cut at 100 characters (page, step 9)."""
    found = [part.strip(" \t\r\n\"'*_[]") for part in text[:4000].split(";")]
    return [part[:LONGEST_GUESS] for part in found if not says_nothing(part)][:MOST_GUESSES]
