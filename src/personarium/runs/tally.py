"""What a run has done so far: calls, failures, retries, tokens and cost, counted from its records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Tally:
    """Running counts, fed with the records of ``calls.jsonl`` (live or read back, so that both agree).

    Args:
        calls: New calls that returned a reply.
        cached: Replies served from disk; only known while a run lives.
        failed: Calls without a reply, by kind of error.
        retries: Requests beyond the first of each call.
        prompt_tokens: Tokens of all new replies.
        completion_tokens: Likewise.
        cost_usd: Sum of the known prices; None while no price is known.
    """

    calls: int = 0
    cached: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None

    def add(self, record: Mapping[str, Any]) -> None:
        """Count one record."""
        self.retries += record.get("tries", 1) - 1
        error = record.get("error")
        if error is not None:
            kind = error["kind"]
            self.failed[kind] = self.failed.get(kind, 0) + 1
            return
        usage = record["usage"]
        self.calls += 1
        self.prompt_tokens += usage["prompt_tokens"]
        self.completion_tokens += usage["completion_tokens"]
        cost = usage.get("cost_usd")
        if cost is not None:
            self.cost_usd = (self.cost_usd or 0.0) + cost

    def __add__(self, other: Tally) -> Tally:
        costs = [cost for cost in (self.cost_usd, other.cost_usd) if cost is not None]
        kinds = {*self.failed, *other.failed}
        return Tally(
            self.calls + other.calls,
            self.cached + other.cached,
            {kind: self.failed.get(kind, 0) + other.failed.get(kind, 0) for kind in kinds},
            self.retries + other.retries,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            sum(costs) if costs else None,
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "calls": self.calls,
            "cached": self.cached,
            "failed": dict(sorted(self.failed.items())),
            "retries": self.retries,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cost_usd": self.cost_usd,
        }

    @classmethod
    def from_dict(cls, counts: Mapping[str, Any]) -> Tally:
        """What :meth:`as_dict` wrote."""
        return cls(**{**counts, "failed": dict(counts.get("failed", {}))})
