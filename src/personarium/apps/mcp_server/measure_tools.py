"""Tools that measure: how faithful a reply is, what is wrong with it, and what a judge gives it by a rubric."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from personarium.apps.mcp_server.desk import Desk
from personarium.apps.mcp_server.persona_tools import FindingShown
from personarium.apps.mcp_server.tool_table import Arguments, ToolEntry
from personarium.core.dialogue import Dialogue, Utterance
from personarium.core.rubric import Rubric
from personarium.judges.judging import Judge
from personarium.measure.apc import APCInstrument
from personarium.measure.reply_check import check_reply
from personarium.models.registry import is_simulated

_ID: Any = Field(min_length=1, max_length=512, description="Id of a persona, as personas_list shows it.")
_ASKER, _SPEAKER = "asker", "speaker"


class Exchange(Arguments):
    """A question to a persona and its reply."""

    persona: str = _ID
    question: str = Field(min_length=1, max_length=20_000, description="What was asked.")
    reply: str = Field(min_length=1, max_length=20_000, description="What was answered.")


class Reply(Arguments):
    """What a persona said."""

    persona: str = _ID
    reply: str = Field(min_length=1, max_length=20_000, description="What was said.")
    question: str = Field("", max_length=20_000, description="What it answers, if it answers anything.")


class Judged(Arguments):
    """What is judged, and by which rubric."""

    criterion: str = Field(min_length=1, max_length=2000, description="The question that the score answers.")
    levels: list[str] = Field(min_length=5, max_length=5, description="What earns score 1, 2, 3, 4, 5, in this order.")
    instruction: str = Field(min_length=1, max_length=20_000, description="What was asked.")
    response: str = Field(min_length=1, max_length=20_000, description="What was answered.")
    reference: str | None = Field(None, min_length=1, max_length=20_000, description="An answer that would earn a 5.")
    persona: str = Field("", max_length=512, description="Id of the persona that answered, for the judge to know.")
    samples: int = Field(1, ge=1, le=5, description="How often the judge is asked.")


class FailureShown(BaseModel):
    """Why a number is missing."""

    kind: str
    reason: str
    where: str


class Faithfulness(BaseModel):
    """How faithful a reply is to its persona."""

    value: float | None = Field(
        description="Gain over a neutral reply for each relevant fact, -1 to 1; null: not measured."
    )
    statements: list[dict[str, Any]] = Field(description="For each fact: relevance, and what the reply does to it.")
    contradicted: list[str]
    missed: list[str]
    failures: list[FailureShown]
    note: str = Field(description="What is known of the estimator's own accuracy.")


class ReplyChecked(BaseModel):
    """What is wrong with a reply."""

    persona: str
    passes: bool = Field(description="Whether there is no error.")
    findings: list[FindingShown]
    estimator: str
    note: str = Field(description="What is known of the estimator's own accuracy.")


class Grade(BaseModel):
    """What a judge gives."""

    value: float | None = Field(description="1 to 5; null when no verdict could be read, never 0.")
    samples: list[float | None]
    feedback: list[str]
    failures: list[FailureShown]
    judge: str
    note: str


async def measure_faithfulness(desk: Desk, wanted: Exchange) -> Faithfulness:
    """Measure how faithful a reply is: does it carry the facts that were asked for, and contradict none of the others (APC)?
    Makes no model call."""
    persona, instrument = desk.persona(wanted.persona), APCInstrument()
    said = Dialogue("reply", [Utterance(_ASKER, wanted.question), Utterance(_SPEAKER, wanted.reply)])
    score = await instrument.score_dialogues(persona, [said], _SPEAKER)
    detail = score.detail["questions"][0] if score.detail else {}
    return Faithfulness(
        value=score.value,
        statements=detail.get("statements", []),
        contradicted=detail.get("contradicted", []),
        missed=detail.get("missed", []),
        failures=_shown(score.failures),
        note=instrument.note,
    )


async def measure_reply(desk: Desk, wanted: Reply) -> ReplyChecked:
    """Check a reply against its persona: facts that it contradicts or misses, secrets that it tells, a refusal, text that is
    meant for a model. Makes no model call."""
    found = await check_reply(desk.persona(wanted.persona), wanted.reply, wanted.question)
    return ReplyChecked.model_validate({**found.as_dict(), "note": APCInstrument().note})


async def judge_reply(desk: Desk, wanted: Judged) -> Grade:
    """Let the server's judge score a response from 1 to 5 by a rubric of your own."""
    judge = Judge(desk.judge)
    shown = desk.persona(wanted.persona).view("card").text if wanted.persona else None
    rubric = Rubric(wanted.criterion, tuple(wanted.levels))
    grade = await judge.grade(
        rubric, wanted.instruction, wanted.response, wanted.reference, samples=wanted.samples, persona=shown
    )
    simulated = is_simulated(desk.judge.name)
    return Grade(
        value=grade.value,
        samples=list(grade.samples),
        feedback=list(grade.feedback),
        failures=_shown(grade.failures),
        judge=grade.judge or judge.name,
        note="A simulated judge reads plain facts only: start the server with --judge for a real one."
        if simulated
        else "",
    )


def _shown(failures: Any) -> list[FailureShown]:
    return [FailureShown(kind=one.kind, reason=one.reason, where=one.where) for one in failures]


TOOLS = (
    ToolEntry("measure_faithfulness", "Measure faithfulness", Exchange, Faithfulness, measure_faithfulness, reads=True),
    ToolEntry("measure_reply", "Check a reply", Reply, ReplyChecked, measure_reply, reads=True),
    ToolEntry("judge_reply", "Judge a reply by a rubric", Judged, Grade, judge_reply, reads=True, calls_model=True),
)
