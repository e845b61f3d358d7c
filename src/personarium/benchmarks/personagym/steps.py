"""The five prompted steps of PersonaGym and how their replies are read.

Source: PersonaGym (arXiv 2407.18416), steps 1 to 7; sampling constants from the official code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from personarium.core.chat import Sampling
from personarium.models.step import Read, Step
from personarium.text.form import Form, Unparsed
from personarium.text.verdicts import (
    personagym_score,
    personagym_score_published,
    split_evaluations,
    split_evaluations_published,
    split_examples,
)

_HERE = "personarium.benchmarks.personagym"
WRITER = Sampling(temperature=0.9, top_p=0.9)  # step 1 and 2 (code)
PLAYER = Sampling(temperature=0.9, top_p=0.9, max_tokens=3000)  # step 3 (code)
# Steps 4 and 6 (code): temperature 0 and top_p 0; endpoints demand top_p above 0, and at temperature 0 it does nothing.
GREEDY = Sampling(temperature=0.0, top_p=1.0)


def _settings_form(inputs: Mapping[str, Any]) -> Form:
    return Form.parse(f"n x <{'|'.join(inputs['settings'])}>")


def _questions_form(inputs: Mapping[str, Any]) -> Form:
    return Form.parse(f'{inputs["count"]} x "<text>"')


def _examples_form(inputs: Mapping[str, Any]) -> Form:
    lines = [
        f"Rubric {k} Examples:\n" + "\n".join(f"Score {s}: Response - <example_{k}_{s}: text>" for s in range(1, 6))
        for k in range(1, len(inputs["questions"]) + 1)
    ]
    return Form.parse("\n".join(lines))


def _grade_form(inputs: Mapping[str, Any]) -> Form:
    lines = [
        f"({k}) Evaluation: <reason_{k}: text> Therefore, the final score is <score_{k}: 1-5>."
        for k in range(1, len(inputs["cases"]) + 1)
    ]
    return Form.parse("\n".join(lines))


SETTINGS = Step("personagym.settings", _HERE, "settings", _settings_form, WRITER)
QUESTIONS = Step("personagym.questions", _HERE, "questions", _questions_form, WRITER)
ANSWER = Step("personagym.answer", _HERE, "answer", None, PLAYER)
EXAMPLES = Step("personagym.examples", _HERE, "examples", _examples_form, GREEDY)
GRADE = Step("personagym.grade", _HERE, "grade", _grade_form, GREEDY)
STEPS = (SETTINGS, QUESTIONS, ANSWER, EXAMPLES, GRADE)


def read_examples(count: int, faults: frozenset[str]) -> Read:
    """Reader of step 4: one block of examples for each of ``count`` questions.

    With the erratum ``examples-joined`` the blocks are one string that the rubrics index by position, so that rubric i
    gets a single character; with ``example-lines-lost`` only lines that begin with "Score" are kept.
    """

    def read(text: str) -> dict[str, Any] | Unparsed:
        if "examples-joined" in faults:
            joined = "".join(line for line in text.split("\n") if line.startswith("Score"))
            return {"blocks": [joined[i : i + 1] for i in range(count)]}
        blocks = split_examples(text, count, as_published="example-lines-lost" in faults)
        return blocks if isinstance(blocks, Unparsed) else {"blocks": blocks}

    return read


def read_grades(count: int, faults: frozenset[str]) -> Read:
    """Reader of step 7: ``scores`` (int or None for an unparsed verdict) and ``reasons``, one for each question.

    With the erratum ``loose-verdict`` the strict phrase's first occurrence counts, without a range check, and 0 stands for
    unparsed; with ``missing-heading`` a reply with fewer headings gives the scores it has.
    """
    strict = "loose-verdict" in faults

    def read(text: str) -> dict[str, Any] | Unparsed:
        parts: list[str] | Unparsed
        if "missing-heading" in faults:
            parts = split_evaluations_published(text)[:count]
        else:
            parts = split_evaluations(text, count) if count > 1 else _single(text)
        if isinstance(parts, Unparsed):
            return parts
        scores = [(personagym_score_published(part) or None) if strict else _score(part) for part in parts]
        missing = count - len(parts)
        return {"scores": scores + [None] * missing, "reasons": parts + [""] * missing, "headings": len(parts)}

    return read


def read_question_list(faults: frozenset[str]) -> Read:
    """Reader of the fifth attempt as published: the raw reply is taken for the list, so each character is a question."""

    def read(text: str) -> dict[str, Any] | Unparsed:
        return {"items": list(text)}

    assert "question-characters" in faults
    return read


def printed_list(texts: Sequence[str]) -> str:
    """The five rubrics as published: the printed form of a list, with escaped line ends (erratum ``printed-rubrics``)."""
    return json.dumps(list(texts), ensure_ascii=False)


def _single(text: str) -> list[str] | Unparsed:
    """A batch of one needs no heading."""
    parts = split_evaluations(text, 1)
    return [text] if isinstance(parts, Unparsed) and text.strip() else parts


def _score(part: str) -> int | None:
    score = personagym_score(part)
    return None if isinstance(score, Unparsed) else score
