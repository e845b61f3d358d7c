"""What a command would cost, asked of the command itself (``--dry-run``): it calls nobody."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput, UsageError

PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Price:
    """Calls, tokens and cost before anything is asked.

    Args:
        calls: Model calls.
        prompt_tokens: Tokens that would be sent.
        reply_tokens: Fewest and most tokens of the replies.
        cost: Least and most US dollars; None when a price is not known.
        prompts: The first exact prompt of each step.
    """

    calls: int
    prompt_tokens: int
    reply_tokens: tuple[int, int]
    cost: tuple[float, float] | None
    prompts: tuple[tuple[str, Any], ...]

    def facts(self) -> list[tuple[str, str]]:
        """Label and text of each number."""
        low, high = self.reply_tokens
        cost = "no price known" if self.cost is None else f"${self.cost[0]:,.2f} to ${self.cost[1]:,.2f}"
        return [
            ("Calls", f"{self.calls:,}"),
            ("Prompt tokens", f"{self.prompt_tokens:,}"),
            ("Reply tokens", f"{low:,} to {high:,}"),
            ("Cost", cost),
        ]


def price(arguments: Sequence[str], home: Path) -> Price:
    """Ask a command what it would cost.

    Raises:
        UsageError: With the command's own words, when it refuses.
    """
    end = arguments.index("--") if "--" in arguments else len(arguments)
    command = [sys.executable, "-m", "personarium", *arguments[:end], "--dry-run", "--json", *arguments[end:]]
    try:
        done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        raise UsageError(f"the command did not say what it would cost within {PATIENCE_S:.0f} s") from None
    try:
        told = json.loads(done.stdout)
        data = told["data"]
        if told["status"] != "ok":
            raise UsageError(data["error"])
        cost = data["cost_usd"]
        return Price(
            data["calls"],
            data["prompt_tokens"],
            tuple(data["completion_tokens"]),
            None if cost is None or None in cost else tuple(cost),
            tuple((step["step"], step["sample"]) for step in data["steps"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput("the command's plan", "one JSON document", done.stdout[:80] or done.stderr[-200:]) from error
