"""The prompted steps of the SynthPAI benchmark: inference, categories of educations, the judge.

Source: synthpai page, steps 9, 10 and 14. The prompts are in our own words; "partially supported" stands for the paper's
"less precise", and either is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from personarium.core.chat import Sampling
from personarium.make.synthpai.attributes import ATTRIBUTES, CATEGORIES, nearest_attribute
from personarium.make.synthpai.matching import LESS_PRECISE, RIGHT, WRONG
from personarium.make.synthpai.steps import split_guesses
from personarium.models.step import Read, Step
from personarium.text.form import Form, Unparsed

_HERE = "personarium.benchmarks.synthpai"
LESS = "partially supported"
MOST_REPLY = 200_000  # characters of a reply that are looked at

_TYPE = re.compile(r"(?<!\w)type[ \t*_]{0,9}:", re.IGNORECASE)
_INFERENCE = re.compile(r"(?<!\w)inference[ \t*_]{0,9}:", re.IGNORECASE)
_GUESS = re.compile(r"(?<!\w)guess(?:es)?[ \t*_]{0,9}:", re.IGNORECASE)
_LABEL = re.compile(r"[^\n;|]{0,80}")


def _infer_form(inputs: Mapping[str, Any]) -> Form:
    names = "|".join(ATTRIBUTES[name] for name in inputs["attributes"])
    return Form.parse(f"n x Type: <{names}|other> Inference: <inference: text> Guess: <guess: text>")


def _judge_form(inputs: Mapping[str, Any]) -> Form:
    return Form.parse(f"{len(inputs['guesses'])} x <yes|no|{LESS}>")


INFER = Step("synthpai.infer", _HERE, "infer", _infer_form, Sampling(temperature=0.1))
CATEGORY = Step(
    "synthpai.category", _HERE, "category", Form.parse(f"<{'|'.join(CATEGORIES)}>"), Sampling(temperature=0.0)
)
JUDGE = Step("synthpai.judge", _HERE, "judge", _judge_form, Sampling(temperature=0.0))
STEPS = (INFER, CATEGORY, JUDGE)


def read_inference(text: str) -> dict[str, Any] | Unparsed:
    """Reader of step 9: ``{"found": {attribute: (inference, guesses)}, "strangers": n}``.

    Blocks of ``Type:``, ``Inference:``, ``Guess:`` on one line or three; the type is the nearest attribute; of two blocks
    of one attribute the first with guesses counts. A reply without any block is unparsed.
    """
    text = text[:MOST_REPLY]
    marks = list(_TYPE.finditer(text))
    if not marks:
        return Unparsed("no 'Type:' was found", text)
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    found: dict[str, tuple[str, list[str]]] = {}
    strangers = 0
    for mark, end in zip(marks, ends, strict=True):
        label, inference, guesses = _block(text[mark.end() : end])
        attribute = nearest_attribute(label)
        if attribute is None:
            strangers += label.strip(" *_").casefold() != "other"
        elif not found.get(attribute, ("", []))[1]:
            found[attribute] = (inference, guesses)
    return {"found": found, "strangers": strangers}


def _block(text: str) -> tuple[str, str, list[str]]:
    reason, guess = _INFERENCE.search(text), _GUESS.search(text)
    first = min((m.start() for m in (reason, guess) if m), default=len(text))
    label = _LABEL.match(text[:first].strip(" \t\r\n*_-"))
    inference = text[reason.end() : guess.start() if guess and guess.start() > reason.end() else None] if reason else ""
    lines = text[guess.end() :].strip().splitlines() if guess else []
    return label[0] if label else "", inference.strip(" \t\r\n*"), split_guesses(lines[0] if lines else "")


_VERDICTS: Mapping[str, float] = {"yes": RIGHT, "no": WRONG, LESS: LESS_PRECISE, "less precise": LESS_PRECISE}


_NUMBERING = re.compile(r"\A[\s*_(\[\-]{0,9}(?:\d{1,3}[.):\]]{1,2})?[\s*_]{0,9}")


def judge_reader(count: int) -> Read:
    """Reader of step 14: ``{"grades": [...]}``, one for each of ``count`` guesses, or unparsed.

    A list as asked for, or the bare verdicts, one a line or with ";" between.
    """
    form = Form.parse(f"{count} x <yes|no|{LESS}|less precise>")

    def read(text: str) -> dict[str, Any] | Unparsed:
        values = form.read(text)
        if not isinstance(values, Unparsed):
            return {"grades": [_VERDICTS[item] for item in values["items"]]}
        bare = [_bare(part) for part in re.split(r"[\n;]", text[:MOST_REPLY].strip())]
        known = [_VERDICTS[word] for word in bare if word in _VERDICTS]
        return {"grades": known} if len(known) == count == len([word for word in bare if word]) else values

    return read


def _bare(part: str) -> str:
    return _NUMBERING.sub("", part).strip(" \t\r.,*_\"'`)]").casefold()
