"""What every run has: its failures, what it cost, the exact prompts, and where it came from."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from personarium.report import bounds
from personarium.report.document import (
    Cost,
    FailureCount,
    FailureExample,
    Failures,
    Prompt,
    PromptMessage,
    Prompts,
    Section,
    Table,
)
from personarium.runs import RunRecord

SEARCHED_CALLS = 50_000  # records looked through for the first call of each step: about a second


def cost(run: RunRecord) -> Section:
    """Calls, tokens, money and time of all sessions."""
    totals = run.totals
    return Cost(
        title="Cost",
        calls=totals.calls,
        cached=totals.cached,
        failed=sum(totals.failed.values()),
        retries=totals.retries,
        prompt_tokens=totals.prompt_tokens,
        completion_tokens=totals.completion_tokens,
        usd=totals.cost_usd,
        seconds=_seconds(run.sessions),
    )


def _seconds(sessions: Sequence[Mapping[str, Any]]) -> float | None:
    """The time of all sessions whose end is known; a killed one has none."""
    spans = [
        (datetime.fromisoformat(s["ended"]) - datetime.fromisoformat(s["started"])).total_seconds()
        for s in sessions
        if s.get("ended")
    ]
    return sum(spans) if spans else None


def failures(run: RunRecord) -> Section:
    """Items without a value, and calls without a reply, each counted by step and kind."""
    counts: Counter[tuple[str, str]] = Counter()
    examples: list[FailureExample] = []
    total = 0
    for found in run.failures():
        counts[found["stage"], found["kind"]] += 1
        total += 1
        # Some of each kind: fifty of the same say less than a few of every one.
        if counts[found["stage"], found["kind"]] <= 5 and len(examples) < bounds.EXAMPLES:
            examples.append(_example(found))
    rows = [FailureCount(step=step, failure=kind, count=n) for (step, kind), n in sorted(counts.items())]
    rows += [
        FailureCount(step="(calls)", failure=f"no reply: {kind}", count=n) for kind, n in run.totals.failed.items()
    ]
    items = sum(int(stage.get("items", 0)) for stage in run.stages.values())
    note = f"{total:,} of {items:,} items have no value. A failure is never a score." if rows else ""
    return Failures(title="Failures", note=note, counts=tuple(rows), examples=tuple(examples))


def _example(found: Mapping[str, Any]) -> FailureExample:
    raw = tuple(str(text) for text in found.get("raw") or ())
    return FailureExample(
        failure=found["kind"], step=found["stage"], item=str(found["item"]), reason=found["reason"], raw=raw
    )


def prompts(run: RunRecord) -> Section | None:
    """The first call of each step, exactly as it was sent, with its reply."""
    first: dict[str, Prompt] = {}
    for record in itertools.islice(run.calls(), SEARCHED_CALLS):
        step = str(record.get("step") or record.get("role") or "call")
        if step not in first and len(first) <= bounds.PROMPTS:
            first[step] = _prompt(step, record, run.prompts.get(step, ""))
        if run.prompts and all(name in first for name in run.prompts):
            break
    if not first:
        return None
    note = "One example of every step: the messages exactly as they were sent. All of them are in calls.jsonl."
    return Prompts(title="Exact prompts", note=note, steps=tuple(first.values()))


def _prompt(step: str, record: Mapping[str, Any], version: str) -> Prompt:
    messages = tuple(
        PromptMessage(role=str(message.get("role", "")), content=_content(message.get("content")))
        for message in record["messages"]
    )
    reply = record.get("reply")
    return Prompt(step=step, messages=messages, hash=version, reply=reply if isinstance(reply, str) else None)


def _content(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def origin(run: RunRecord) -> Section:
    """Everything needed to make the run again."""
    rows = [
        *((f"model: {model['role']}", model["name"]) for model in run.models),
        ("seed", run.seed),
        *((f"config: {name}", _said(value)) for name, value in _leaves(run.config)),
        *((f"version: {name}", value) for name, value in run.versions.items()),
        *((f"prompt: {name}", value) for name, value in sorted(run.prompts.items())),
        ("started", run.started),
        ("ended", run.ended),
        ("sessions", len(run.sessions)),
    ]
    cells = tuple((name, value if isinstance(value, str) or value is None else str(value)) for name, value in rows)
    return Table(title="How this was made", columns=("what", "value"), rows=cells)


def _leaves(config: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for name, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from ((f"{name}.{inner}", leaf) for inner, leaf in _leaves(value))
        else:
            yield str(name), value


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
