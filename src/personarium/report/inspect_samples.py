"""One sample of an Inspect log from a row of results and its calls; see :mod:`personarium.report.inspect_log`."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

Call = Mapping[str, Any]
"""A record of ``calls.jsonl``."""

# Inspect's words for what is missing; another kind of failure is its own word.
REASONS: Mapping[str, str] = {
    "unparsed": "invalid_response_format",
    "refused": "refusal",
    "empty": "no_response",
    "error": "scoring_failed",
}
_STOPPED = {"length": "max_tokens", "content_filter": "content_filter", "tool_calls": "tool_calls", "stop": "stop"}
_INPUTS = ("question", "query", "prompt", "input")
_TARGETS = ("target", "gold", "truth", "reference")
_ANSWERS = (
    "place",
    "letter",
    "choice",
    "predicted",
    "prediction",
    "answer",
    "reply",
)  # None there: nothing was answered
_SAID = ("prediction", "letter", "answer", "reply", "text", "predicted")  # what was answered, the surest first
_WHOLE_SCORES = ("score", "rating", "grade", "value")
_FACTS = frozenset(
    {"seconds", "noise", "tracked", "standalone", "rescued", "cost_usd", "response_seconds", "social", "predictable"}
)
_BY_NAME = ("scores", "values")  # cells that hold scores by name
_PLAIN_ID = re.compile(r"[^\x00-\x1f\x7f\\]{1,200}")


def is_score(name: str, dtype: Any, measured: set[str]) -> bool:
    """Whether a column of results is a score: numbers with a fraction and yes or no are; whole numbers by their name.

    Args:
        name: The column.
        dtype: Its Polars type.
        measured: Names of the run's estimates, lower case.
    """
    import polars as pl

    if name in _FACTS:
        return False
    if dtype == pl.Boolean or dtype.is_float() or name in _BY_NAME:
        return True
    return dtype.is_integer() and (name in _WHOLE_SCORES or name.casefold() in measured)


def cells_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with the JSON texts of its cells as values again."""
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, str) and value[:1] == "{" and value[-1:] == "}":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


@dataclass(frozen=True)
class Sample:
    """One sample of the log.

    Args:
        id: Unique, and safe as a name in a zip.
        input: What was asked.
        target: The right answer, where there is one.
        metadata: Everything else of the row.
        scores: Name -> Inspect's ``Score``.
        calls: The records.
    """

    id: str
    input: str
    target: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    calls: Sequence[Call] = ()

    @property
    def usages(self) -> list[tuple[str, str, dict[str, int], float | None]]:
        """Of every call that was answered: role, model, tokens, price."""
        return [
            (call["role"], call["model"], _tokens(call["usage"]), call["usage"].get("cost_usd"))
            for call in self.calls
            if "reply" in call
        ]

    def _usage(self, by: int) -> dict[str, Any]:
        tokens: dict[str, Counter[str]] = {}
        costs: dict[str, float] = {}
        for usage in self.usages:
            name = usage[by]
            tokens.setdefault(str(name), Counter()).update(usage[2])
            if usage[3] is not None:
                costs[str(name)] = costs.get(str(name), 0.0) + usage[3]
        return {name: usage_of(found, costs.get(name)) for name, found in tokens.items()}

    def as_json(self, subject: str) -> dict[str, Any]:
        """Inspect's ``EvalSample``: the messages are those of one model, all calls stand among the events.

        Args:
            subject: That model; whoever was asked first where it was not asked.
        """
        asked = [call["model"] for call in self.calls]
        whose = subject if subject in asked else (asked or [""])[0]
        talk = [call for call in self.calls if call["model"] == whose and "reply" in call]
        return {
            "id": self.id,
            "epoch": 1,
            "input": self.input,
            "target": self.target,
            "messages": _messages(talk),
            "output": _output(talk[-1]) if talk else {"model": "", "choices": [], "completion": ""},
            "scores": self.scores or None,
            "metadata": self.metadata,
            "events": [_event(call, number) for number, call in enumerate(self.calls)],
            "model_usage": self._usage(1),
            "role_usage": self._usage(0),
            "uuid": self._uuid,
            **self._times(),
        }

    def summary(self, most: int) -> dict[str, Any]:
        """Inspect's ``EvalSampleSummary``; texts are cut at ``most`` characters, explanations and long facts left out."""
        facts = {
            k: v
            for k, v in self.metadata.items()
            if isinstance(v, (int, float, bool)) or (isinstance(v, str) and len(v) <= 100)
        }
        scores = {name: _in_short(score, most) for name, score in self.scores.items()}
        return {
            "id": self.id,
            "epoch": 1,
            "input": self.input[:most],
            "target": self.target[:most],
            "metadata": facts,
            "scores": scores or None,
            "model_usage": self._usage(1),
            "uuid": self._uuid,
            "completed": True,
            **self._times(),
            "message_count": len(self.calls) * 2,
        }

    def _times(self) -> dict[str, Any]:
        """From the first call's beginning to the last one's end; nothing without calls."""
        if not self.calls:
            return {}
        begun = min(call["at"] - call["latency_ms"] / 1000 for call in self.calls)
        ended = max(call["at"] for call in self.calls)
        working = sum(call["latency_ms"] for call in self.calls) / 1000
        times = {"started_at": _iso(begun), "completed_at": _iso(ended)}
        return {**times, "total_time": round(ended - begun, 3), "working_time": round(working, 3)}

    @property
    def _uuid(self) -> str:
        return blake2b(self.id.encode("utf-8", "surrogatepass"), digest_size=11).hexdigest()


def sample_of_row(
    number: int, id: str | None, row: Mapping[str, Any], scored: Sequence[str], calls: Sequence[Call]
) -> Sample:
    """A row of results with its calls.

    Args:
        number: Of the sample, from 1.
        id: The row's id; None where it has none.
        row: Its cells.
        scored: Which of them are scores.
        calls: Those of the item of this id.
    """
    asked = next((str(row[name]) for name in _INPUTS if isinstance(row.get(name), str)), "") or _first_question(calls)
    target = next((_text(row[name]) for name in _TARGETS if row.get(name) is not None), "")
    told = {name: value for name, value in row.items() if name not in scored and name != "reasons"}
    return Sample(_plain(id, number), asked or str(id or number), target, told, dict(_scores(row, scored)), calls)


def sample_of_calls(number: int, item: str, calls: Sequence[Call]) -> Sample:
    """Calls that belong to no row of the results: shown, and never scored."""
    about = {"calls of": item, "steps": sorted({call["step"] for call in calls}), "row": None}
    return Sample(_plain(item, number), _first_question(calls) or item, "", about, {}, calls)


def _plain(id: str | None, number: int) -> str:
    """An id that may stand in a zip as a name: no way out of its folder, no control characters, no endless length."""
    fits = id is not None and _PLAIN_ID.fullmatch(id) and not {"", ".", ".."} & set(id.split("/"))
    return str(id) if fits and _whole(str(id)) else f"sample-{number:06d}"


def _whole(text: str) -> bool:
    return not any("\ud800" <= mark <= "\udfff" for mark in text)


def _first_question(calls: Sequence[Call]) -> str:
    asked = [m["content"] for call in calls[:1] for m in call["messages"] if m["role"] == "user"]
    return str(asked[-1]) if asked else ""


# --- scores ---


def _scores(row: Mapping[str, Any], scored: Sequence[str]) -> Iterable[tuple[str, dict[str, Any]]]:
    failures = row.get("failures")
    failed = sorted(kind for kind, count in failures.items() if count) if isinstance(failures, Mapping) else []
    unanswered = bool(failed) and any(name in row and row[name] is None for name in _ANSWERS)
    reasons = row.get("reasons")
    said = next((row[name] for name in _SAID if isinstance(row.get(name), str) and row[name]), None)
    for column in scored:
        cell = row[column]
        named = cell.items() if column in _BY_NAME and isinstance(cell, Mapping) else [(column, cell)]
        for name, value in named:
            missing = value is None or (unanswered and value is False)
            if isinstance(value, (str, list, Mapping)) or (missing and not failed):
                continue  # not a number, or nothing that could have been measured here
            why = reasons.get(name) if isinstance(reasons, Mapping) else None
            score = _score(math.nan if missing else value, failed)
            yield str(name), {**score, "answer": said, "explanation": why}


def _in_short(score: Mapping[str, Any], most: int) -> dict[str, Any]:
    answer = score["answer"]
    return {"value": score["value"], "reason": score["reason"], "answer": answer and answer[:most], "history": []}


def _score(value: float, failed: Sequence[str]) -> dict[str, Any]:
    reason = REASONS.get(failed[0], failed[0]) if failed else None
    return {"value": value, "reason": reason, "metadata": {"failures": list(failed)} if failed else None, "history": []}


# --- messages, events, usage ---


def said_in(calls: Iterable[tuple[Sequence[Mapping[str, Any]], str]]) -> list[tuple[str, str]]:
    """Calls one after the other, as (role, text); a call that goes on where the one before ended adds only what is new.

    Args:
        calls: The messages that were sent, and the reply.
    """
    shown: list[tuple[str, str]] = []
    before: list[tuple[str, str]] = []
    for messages, reply in calls:
        said = [(str(m["role"]), str(m["content"])) for m in messages]
        same = 0
        while same < min(len(before), len(said)) and before[same] == said[same]:
            same += 1
        shown += [*said[same:], ("assistant", reply)]
        before = [*said, ("assistant", reply)]
    return shown


def _messages(calls: Sequence[Call]) -> list[dict[str, Any]]:
    said = said_in((call["messages"], call["reply"]) for call in calls)
    return [{"id": f"m{k}", "role": role, "content": text} for k, (role, text) in enumerate(said)]


def _output(call: Call) -> dict[str, Any]:
    name = call.get("answered_by") or call["model"]
    stopped = _STOPPED.get(call["finish_reason"], "unknown")
    message = {"role": "assistant", "content": call["reply"], "source": "generate", "model": name}
    return {
        "model": name,
        "choices": [{"message": message, "stop_reason": stopped}],
        "completion": call["reply"],
        "usage": usage_of(_tokens(call["usage"]), call["usage"].get("cost_usd")),
        "time": call["latency_ms"] / 1000,
    }


def _event(call: Call, number: int) -> dict[str, Any]:
    """Inspect's ``ModelEvent``: the exact question, and the reply or the error."""
    event: dict[str, Any] = {
        "event": "model",
        "uuid": f"e{number}",
        "timestamp": _iso(call["at"] - call["latency_ms"] / 1000),
        "completed": _iso(call["at"]),
        "working_start": 0.0,
        "working_time": call["latency_ms"] / 1000,
        "model": call["model"],
        "role": call["role"],
        "input": [{"id": f"e{number}.{k}", **m} for k, m in enumerate(call["messages"])],
        "tools": [],
        "tool_choice": "auto",
        "config": _config(call["sampling"]),
        "metadata": {"step": call["step"], "sampling": call["sampling"]},
        "output": _output(call) if "reply" in call else {"model": call["model"], "choices": [], "completion": ""},
    }
    if call.get("tries", 1) > 1:
        event["retries"] = call["tries"] - 1
    if "error" in call:
        event["error"] = f"{call['error']['kind']}: {call['error']['message']}"
    return event


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _config(sampling: Mapping[str, Any]) -> dict[str, Any]:
    names = {
        "temperature": "temperature",
        "top_p": "top_p",
        "max_tokens": "max_tokens",
        "seed": "seed",
        "stop": "stop_seqs",
    }
    return {name: sampling[key] for key, name in names.items() if key in sampling}


def _tokens(usage: Mapping[str, Any]) -> dict[str, int]:
    return {"input": usage["prompt_tokens"], "output": usage["completion_tokens"]}


def usage_of(tokens: Mapping[str, int], cost: float | None) -> dict[str, Any]:
    """Inspect's ``ModelUsage`` of input and output tokens and a price."""
    sent, given = tokens.get("input", 0), tokens.get("output", 0)
    return {"input_tokens": sent, "output_tokens": given, "total_tokens": sent + given, "total_cost": cost}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
