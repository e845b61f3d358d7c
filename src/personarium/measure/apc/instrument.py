"""The APC score as an instrument: ask a subject that plays a persona, score what it gains over a neutral reply.

Source: arXiv 2405.07726, page apc. Units: gain over neutral per relevant fact, -1 to 1.
Differs: the paper averages the gain of a reply over the test queries of one character; its size then depends on how
many facts a question asks for. Here each question's gain is divided by the number of its relevant facts (relevance
0.5 and above), so that 1 means that everything asked was carried and nothing contradicted, and 0 a neutral reply.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from personarium.core.chat import ChatModel
from personarium.core.dialogue import Dialogue
from personarium.core.errors import UsageError
from personarium.core.persona import Persona
from personarium.core.results import Failure, Scale, Score
from personarium.core.views import Style
from personarium.judges.entailment import CachedRelevance, EntailmentEstimator, HeadEstimator, JudgeEstimator
from personarium.measure.apc.playing import (
    ANSWER,
    TOP_K,
    lcm_inputs,
    plain_questions,
    rag_inputs,
    statements_of,
    view_inputs,
)
from personarium.measure.apc.scoring import APCScore, apc_scores
from personarium.models.step import Answer
from personarium.text.refusals import is_refusal

GAIN = Scale(-1.0, 1.0, True, "gain over a neutral reply, per relevant fact")
Shown = Style | Literal["lcm", "rag", "none"]
MakeEstimator = Callable[[Persona], EntailmentEstimator]


@dataclass(frozen=True)
class APCInstrument:
    """Mean gain over neutral of each persona's answers.

    Args:
        estimator: ``head`` (embedded, no model call), ``judge`` (asks ``judge``), or a function persona -> estimator,
            for instance the rule oracle of a keyed world.
        judge: The chat model behind ``judge``; chosen apart from the subject.
        questions: Persona id -> questions; a plain question for each facet where left out.
        style: How the subject gets its persona: a view, ``lcm`` (all statements), ``rag`` (top k by relevance) or
            ``none`` (not at all: the subject is an own agent).
        top_k: Statements of ``rag``.
        limit: The most questions a persona.

    Raises:
        UsageError: ``judge`` without a judge.
    """

    estimator: Literal["head", "judge"] | MakeEstimator = "head"
    judge: ChatModel | None = None
    questions: Mapping[str, Sequence[str]] | None = None
    style: Shown = "system"
    top_k: int = TOP_K
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.estimator == "judge" and self.judge is None:
            raise UsageError("the estimator 'judge' needs a judge model; name one with judge=")
        if isinstance(self.estimator, str) and self.estimator not in ("head", "judge"):
            raise UsageError(f"an APC estimator is 'head', 'judge' or a function, found '{self.estimator}'")

    @property
    def name(self) -> str:
        """``apc`` with its estimator."""
        return f"apc ({self.estimator if isinstance(self.estimator, str) else 'rule oracle or own estimator'})"

    @property
    def scale(self) -> Scale:
        """-1 to 1, higher is better."""
        return GAIN

    @property
    def note(self) -> str:
        """What is known of the estimator's own accuracy; "" where nothing was measured."""
        if self.estimator != "head":
            return ""
        head = _head("").inner
        assert isinstance(head, HeadEstimator)
        return f"Estimated by the embedded {head.name}; measured accuracy on held-out sets: {_ranges(head.accuracy)}."

    async def measure(self, subject: ChatModel, personas: Sequence[Persona], seed: int = 0) -> list[Score]:
        """One score a persona, in the order given; ``detail`` holds every question's per-statement table."""
        return list(await asyncio.gather(*(self._persona(subject, p, seed) for p in personas)))

    async def _persona(self, subject: ChatModel, persona: Persona, seed: int) -> Score:
        statements = statements_of(persona)
        if not statements:
            missing = Failure("missing", "the persona has no statements", persona.id)
            return Score(None, GAIN, failures=(missing,), id=persona.id)
        estimator, queries = self._estimator(persona, seed), self.asked(persona)
        asked = {f"{persona.id}/{i}": query for i, query in enumerate(queries)}
        inputs = [await self._inputs(persona, statements, query, estimator) for query in queries]
        answers = await asyncio.gather(
            *(ANSWER.ask(subject, one, item=item, seed=seed) for one, item in zip(inputs, asked, strict=True))
        )
        unanswered = {item: _unanswered(answer, item) for item, answer in zip(asked, answers, strict=True)}
        said = {item: answer.text for item, answer in zip(asked, answers, strict=True) if unanswered[item] is None}
        scores = await apc_scores(statements, [(asked[item], said[item]) for item in said], estimator)
        failures = [failure for failure in unanswered.values() if failure is not None]
        return _score(persona.id, asked, dict(zip(said, scores, strict=True)), failures, _judge_failures(estimator))

    async def score_dialogues(
        self, persona: Persona, dialogues: Sequence[Dialogue], speaker: str, seed: int = 0
    ) -> Score:
        """The same for what somebody has said already: each reply of a speaker is scored against what was said before it.

        Args:
            persona: Who the speaker ought to be.
            dialogues: Recorded talks.
            speaker: Its id in them. An utterance that answers nobody (the first one, a second in a row) is left out.
            seed: Of the judge's draws.
        """
        statements = statements_of(persona)
        replies = {
            f"{dialogue.id}#{index}": (dialogue[index - 1].text, utterance.text)
            for dialogue in dialogues
            for index, utterance in enumerate(dialogue)
            if index and utterance.speaker == speaker != dialogue[index - 1].speaker
        }
        if not statements or not replies:
            what = "the persona has no statements" if not statements else f"'{speaker}' answers nobody in these talks"
            return Score(None, GAIN, failures=(Failure("missing", what, persona.id),), id=persona.id)
        estimator = self._estimator(persona, seed)
        scores = await apc_scores(statements, list(replies.values()), estimator)
        asked = {item: query for item, (query, _) in replies.items()}
        return _score(persona.id, asked, dict(zip(replies, scores, strict=True)), (), _judge_failures(estimator))

    def asked(self, persona: Persona) -> list[str]:
        """The questions this persona is asked.

        Raises:
            UsageError: ``questions`` has none for it.
        """
        if self.questions is None:
            return plain_questions(persona, self.limit)
        if persona.id not in self.questions:
            raise UsageError(f"there are no questions for persona {persona.id}")
        return list(self.questions[persona.id])[: self.limit]

    def _estimator(self, persona: Persona, seed: int) -> CachedRelevance:
        if self.estimator == "head":
            return _head(persona.name)
        if self.estimator == "judge":
            assert self.judge is not None
            return CachedRelevance(JudgeEstimator(self.judge, persona.name, seed=seed))
        assert callable(self.estimator)
        return CachedRelevance(self.estimator(persona))

    async def _inputs(
        self, persona: Persona, statements: Sequence[str], query: str, estimator: EntailmentEstimator
    ) -> dict[str, object]:
        if self.style == "lcm":
            return lcm_inputs(persona.name, statements, query)
        if self.style == "rag":
            return await rag_inputs(persona.name, statements, query, estimator, self.top_k)
        return view_inputs("" if self.style == "none" else _identity(persona, self.style), query)


def value_of(score: APCScore) -> float | None:
    """A question's value: its gain over neutral for each relevant fact, kept within -1..1.

    None when no statement is relevant: such a question cannot show whether a fact is carried.
    """
    if not score.active or score.gain_over_neutral is None:
        return None
    return max(-1.0, min(1.0, score.gain_over_neutral / len(score.active)))


def _unanswered(answer: Answer, item: str) -> Failure | None:
    """Why there is nothing to score: no reply, or a refusal, which says nothing about faithfulness."""
    if answer.failure is None and is_refusal(answer.text):
        return Failure("refused", "the subject declined to answer", item, answer.replies)
    return answer.failure


def _score(
    id: str,
    asked: Mapping[str, str],
    scores: Mapping[str, APCScore],
    unanswered: Sequence[Failure],
    noted: Sequence[Failure],
) -> Score:
    """One persona's score: the mean over its questions; a question that shows nothing is missing and counted."""
    parts = {item: value_of(scores[item]) if item in scores else None for item in asked}
    failures = [*unanswered, *noted]
    for item, score in scores.items():
        failures += () if noted else score.failures
        if score.rows and parts[item] is None:
            failures.append(Failure("missing", "no statement is relevant to this question", item))
    kept = [value for value in parts.values() if value is not None]
    detail = {"questions": [{"id": item, **score.as_dict()} for item, score in scores.items()]}
    return Score(sum(kept) / len(kept) if kept else None, GAIN, parts, tuple(failures), id, detail)


def _judge_failures(estimator: CachedRelevance) -> list[Failure]:
    """A judge's own failures say what happened; other estimators have none."""
    return list(estimator.inner.failures) if isinstance(estimator.inner, JudgeEstimator) else []


@lru_cache(maxsize=4096)
def _identity(persona: Persona, style: Style) -> str:
    return persona.view(style).text


def _ranges(accuracy: Mapping[str, Mapping[str, Any]]) -> str:
    """``relevance 0.78 to 0.92, entailment ...``: the worst and the best set that was not trained on."""
    told = []
    for prefix, name in (("relevance/", "relevance"), ("nli/", "entailment")):
        found = [
            row["accuracy"] for key, row in accuracy.items() if key.startswith(prefix) and not key.endswith("/train")
        ]
        if found:
            told.append(f"{name} {min(found):.2f} to {max(found):.2f}")
    return ", ".join(told)


@lru_cache(maxsize=64)
def _head(name: str) -> CachedRelevance:
    """One head a name: loading it is slow, and what it once said of a (statement, query) holds for every subject."""
    return CachedRelevance(HeadEstimator([name] if name else []))
