"""What calls cost: tokens and dollars by model, and a limit that stops before the call that would pass it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from personarium.core.chat import ChatModel, Message, Reply, Sampling, Usage
from personarium.core.errors import BudgetExceeded, InvalidInput, NotFound, UsageError
from personarium.models.limits import estimate_prompt_tokens
from personarium.models.wrapper import DEFAULT, Wrapper, innermost, stream_reply

Prices = Mapping[str, tuple[float, float]]
PER = 1_000_000  # prices are dollars per million tokens
ASSUMED_REPLY_TOKENS = 1024  # reserved for a reply without max_tokens
# Nobody sends us a bill for these; what the user's own agent costs its owner is known only from a price file.
WITHOUT_BILL = ("simulated", "scripted", "hf/", "agent/")


class UsageLedger:
    """The account of a run: what was used and spent, by model, and what is reserved for calls in flight.

    Args:
        max_cost: Most dollars, or None.

    Attributes:
        unpriced: Replies whose cost is not known.
        reserved: Dollars set aside for calls in flight.
    """

    def __init__(self, max_cost: float | None = None) -> None:
        if max_cost is not None and not max_cost >= 0:
            raise UsageError(f"max_cost: expected dollars, 0 or more, found {max_cost}")
        self.max_cost = max_cost
        self.unpriced = 0
        self.reserved = 0.0
        self._sums: dict[str, list[Any]] = {}  # prompt tokens, reply tokens, requests, dollars or None: added in place

    @property
    def by_model(self) -> dict[str, Usage]:
        """Tokens, requests and dollars by model name."""
        return {name: Usage(*sums) for name, sums in self._sums.items()}

    @property
    def total(self) -> Usage:
        """Everything together."""
        return sum(self.by_model.values(), Usage())

    @property
    def spent_usd(self) -> float:
        """Dollars spent as far as they are known."""
        return sum(sums[3] or 0.0 for sums in self._sums.values())

    def add(self, model: str, usage: Usage) -> None:
        """Book what one reply used."""
        sums = self._sums.get(model)
        if sums is None:
            sums = self._sums[model] = [0, 0, 0, None]
        sums[0] += usage.prompt_tokens
        sums[1] += usage.completion_tokens
        sums[2] += usage.requests
        if usage.cost_usd is None:
            self.unpriced += 1
        else:
            sums[3] = (sums[3] or 0.0) + usage.cost_usd

    def reserve(self, dollars: float) -> None:
        """Set dollars aside for a call.

        Raises:
            BudgetExceeded: When spent, reserved and this would pass the limit; the call must then not be made.
        """
        if self.max_cost is not None and self.spent_usd + self.reserved + dollars > self.max_cost:
            raise BudgetExceeded(
                f"the next call (up to ${dollars:.4f}) could pass the cost limit of ${self.max_cost:g}: "
                f"${self.spent_usd:.4f} is spent and ${self.reserved:.4f} is reserved for calls in flight; "
                "what was paid for is kept, repeat the command with a higher --max-cost to go on"
            )
        self.reserved += dollars

    def release(self, dollars: float) -> None:
        """Free what was set aside."""
        self.reserved = max(0.0, self.reserved - dollars)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        models = {name: asdict(usage) for name, usage in sorted(self.by_model.items())}
        return {"total": asdict(self.total), "by_model": models, "unpriced": self.unpriced, "max_cost": self.max_cost}


class Accounted(Wrapper):
    """Books every reply in a ledger, and keeps the ledger's cost limit.

    Args:
        inner: The model that answers.
        ledger: Where to book; several models may share it.
        prices: ``{model: (dollars per million prompt tokens, dollars per million reply tokens)}``. A cost that the
            endpoint itself reports goes before.

    Raises:
        UsageError: The ledger has a limit and the price of this model is not known.
    """

    def __init__(self, inner: ChatModel, ledger: UsageLedger, prices: Prices | None = None) -> None:
        super().__init__(inner)
        self.ledger = ledger
        self._price, self._inner_name = price_of(inner.name, prices or {}), inner.name
        self._dearest = 0.0
        reports = bool(getattr(innermost(inner), "reports_cost", False))
        if ledger.max_cost is not None and self._price is None and not reports:
            raise UsageError(
                f"the price of {inner.name} is not known, so --max-cost cannot be kept; give it with --prices FILE: "
                f"a YAML or JSON file with a line such as '{_short_name(inner.name)}: [0.15, 0.60]' "
                "(dollars per million prompt and reply tokens)"
            )

    async def generate(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> Reply:
        """The inner model's reply with its cost.

        Raises:
            BudgetExceeded: Before the call, when it could pass the limit.
        """
        limited = self.ledger.max_cost is not None
        dollars = self._estimate(messages, sampling) if limited else 0.0
        if limited:
            self.ledger.reserve(dollars)
        try:
            return self._book(await self.inner.generate(messages, sampling))
        finally:
            if limited:
                self.ledger.release(dollars)

    async def stream(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> AsyncIterator[str | Reply]:
        """The inner model's stream; booked when it is whole."""
        dollars = self._estimate(messages, sampling)
        self.ledger.reserve(dollars)
        try:
            async for piece in stream_reply(self.inner, messages, sampling):
                yield self._book(piece) if isinstance(piece, Reply) else piece
        finally:
            self.ledger.release(dollars)

    def _estimate(self, messages: Sequence[Message], sampling: Sampling) -> float:
        if self._price is None:  # the endpoint reports costs: the dearest reply so far is the best guess there is
            return self._dearest
        reply = sampling.max_tokens or ASSUMED_REPLY_TOKENS
        return (estimate_prompt_tokens(messages) * self._price[0] + reply * self._price[1]) / PER

    def _book(self, reply: Reply) -> Reply:
        usage = reply.usage
        if usage.cost_usd is None and self._price is not None:
            cost = (usage.prompt_tokens * self._price[0] + usage.completion_tokens * self._price[1]) / PER
            # Written out: dataclasses.replace takes ten times as long, and this is done for every reply.
            usage = Usage(usage.prompt_tokens, usage.completion_tokens, usage.requests, cost)
            reply = _with_usage(reply, usage)
        self._dearest = max(self._dearest, usage.cost_usd or 0.0)
        self.ledger.add(self._inner_name, usage)
        return reply


def _with_usage(reply: Reply, usage: Usage) -> Reply:
    fields = (reply.logprobs, reply.tool_calls, reply.model, reply.cached)
    return Reply(reply.text, reply.finish_reason, usage, *fields)


def price_of(name: str, prices: Prices) -> tuple[float, float] | None:
    """The price of a model: by its full name, without ``@address``, or by the id behind the provider; else None."""
    plain = name.split("@http", 1)[0]
    for known in (name, plain, _short_name(name)):
        if known in prices:
            return prices[known]
    return (0.0, 0.0) if name.startswith(WITHOUT_BILL) else None


def _short_name(name: str) -> str:
    plain = name.split("@http", 1)[0]
    return plain.split("/", 1)[1] if "/" in plain else plain


def load_prices(path: str | Path) -> dict[str, tuple[float, float]]:
    """Read a price file: YAML or JSON, ``model: [dollars per million prompt tokens, per million reply tokens]``.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It is not of this form.
    """
    import yaml

    where = str(path)
    try:
        data = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound(f"price file {where} does not exist") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidInput(where, "a YAML or JSON file of prices", str(error).split("\n")[0]) from None
    if not isinstance(data, dict):
        raise InvalidInput(where, "a mapping from model to [prompt, reply] dollars per million tokens", data)
    return {str(name): _pair(where, str(name), value) for name, value in data.items()}


def _pair(where: str, name: str, value: Any) -> tuple[float, float]:
    if isinstance(value, list) and len(value) == 2:
        numbers = [x for x in value if isinstance(x, (int, float)) and not isinstance(x, bool) and 0 <= x < 1e9]
        if len(numbers) == 2:
            return float(numbers[0]), float(numbers[1])
    raise InvalidInput(where, "two numbers: dollars per million prompt and reply tokens", value, name)
