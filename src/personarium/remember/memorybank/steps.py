"""The prompted steps of MemoryBank: day and overall summaries, day and overall portraits, and the companion's answer.

Source: memorybank page, steps 2 and 7 (sampling); the prompts are the laboratory's own.
"""

from __future__ import annotations

from personarium.core.chat import Sampling
from personarium.models.step import Step
from personarium.text.form import Form

_PACKAGE = "personarium.remember.memorybank"
_PENALTIES = {"frequency_penalty": 0.4, "presence_penalty": 0.2}
_WRITING = Sampling(temperature=0.7, max_tokens=400, extra=_PENALTIES)
_CONTENT = Form.parse('{"content": <text>}')  # a daily summary is stored as {content}

DAY_SUMMARY = Step("memorybank.day_summary", _PACKAGE, "day_summary", _CONTENT, _WRITING)
OVERALL_SUMMARY = Step("memorybank.overall_summary", _PACKAGE, "overall_summary", _CONTENT, _WRITING)
DAY_PERSONALITY = Step("memorybank.day_personality", _PACKAGE, "day_personality", _CONTENT, _WRITING)
OVERALL_PERSONALITY = Step("memorybank.overall_personality", _PACKAGE, "overall_personality", _CONTENT, _WRITING)
COMPANION = Step(
    "memorybank.companion",
    _PACKAGE,
    "companion",
    None,
    Sampling(temperature=1.0, top_p=0.95, max_tokens=1024, extra=_PENALTIES),
)
WRITERS = (DAY_SUMMARY, OVERALL_SUMMARY, DAY_PERSONALITY, OVERALL_PERSONALITY)
STEPS = (*WRITERS, COMPANION)
