"""Constants of Prometheus, its judge, and what the items of one run share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from personarium.core.chat import ChatModel, Message, Reply, Sampling
from personarium.core.errata import Published, published_faults
from personarium.core.errors import RemoteError, UsageError
from personarium.core.tokens import estimate_tokens
from personarium.judges.judging import RETRIES, Judge
from personarium.judges.prometheus.steps import STEPS, ReaderName, layout
from personarium.runs import Outcome, map_items

T = TypeVar("T")
Ties = Literal["resample", "half", "wrong"]

ERRATA = (
    "whole-output-feedback",
    "strict-ending",
    "any-line-marker",
    "endless-retry",
    "endless-ties",
    "cut-records",
)
ENDLESS = 1_000  # where we cut the published loops that end only when the judge gives in


@dataclass(frozen=True)
class PrometheusConfig:
    """The paper's constants.

    Args:
        samples: Verdicts for each item: 3 (benchmark script).
        retries: Re-asks of an unparsed verdict: 10 (library; its asynchronous variant has 5).
        temperature: 1.0 (script).
        top_p: 0.9 (script).
        relative_top_p: 0.95 (the script for pairs).
        repetition_penalty: 1.03 (script); None for endpoints that refuse the field.
        max_tokens: New tokens: 256 (script; the library has 1,024).
        max_input_tokens: Longer inputs are skipped: 3,072 (script).
        tie_resamples: How often equal scores of a pair are drawn again: 5 (ours; the script has no end).
        ties: ``resample`` (script), or count a tie as ``half`` or ``wrong``.
        reader: ``default``, ``library`` or ``script``.
        count_tokens: Tokens of a text; without a tokenizer four characters count as one.
    """

    samples: int = 3
    retries: int = RETRIES
    temperature: float = 1.0
    top_p: float = 0.9
    relative_top_p: float = 0.95
    repetition_penalty: float | None = 1.03
    max_tokens: int = 256
    max_input_tokens: int = 3072
    tie_resamples: int = 5
    ties: Ties = "resample"
    reader: ReaderName = "default"
    count_tokens: Callable[[str], int] = estimate_tokens

    def __post_init__(self) -> None:
        if self.samples < 1 or self.retries < 0 or self.tie_resamples < 0:
            raise UsageError("samples must be at least 1, retries and tie_resamples at least 0")
        if self.ties not in ("resample", "half", "wrong"):
            raise UsageError(f"ties must be resample, half or wrong, found '{self.ties}'")

    def sampling(self, pairs: bool = False) -> Sampling:
        """How verdicts are drawn."""
        extra = {} if self.repetition_penalty is None else {"repetition_penalty": self.repetition_penalty}
        top_p = self.relative_top_p if pairs else self.top_p
        return Sampling(temperature=self.temperature, top_p=top_p, max_tokens=self.max_tokens, extra=extra)


def prometheus_judge(
    model: ChatModel,
    config: PrometheusConfig = PrometheusConfig(),
    *,
    seed: int = 0,
    as_published: Published = False,
    pairs: bool = False,
) -> Judge:
    """A judge with Prometheus's prompts, sampling, parser and retries.

    Args:
        model: Who judges; chosen apart from whoever is judged.
        config: Constants.
        seed: Seed of every draw.
        as_published: True, or a set of erratum ids.
        pairs: Take the sampling of the published script for pairs.
    """
    faults = published_faults(as_published, ERRATA)
    endless = "endless-retry" in faults
    return Judge(
        _Swallowing(model) if endless else model,
        layout(config.reader, faults),
        config.sampling(pairs),
        ENDLESS if endless else 1 + config.retries,
        seed,
    )


class _Swallowing:
    """As published, a failed call is asked again as if nothing had happened (erratum ``endless-retry``)."""

    def __init__(self, inner: ChatModel) -> None:
        self.inner, self.name = inner, inner.name

    async def generate(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
        for _ in range(ENDLESS - 1):
            try:
                return await self.inner.generate(messages, sampling)
            except RemoteError:
                continue
        return await self.inner.generate(messages, sampling)


@dataclass
class Work:
    """What the items of one run share."""

    judge: Judge
    config: PrometheusConfig
    faults: frozenset[str]
    run: Any
    concurrency: int

    async def map(
        self, stage: str, items: Sequence[T], work: Callable[[T], Awaitable[Any]], key: Callable[[T], str]
    ) -> list[Outcome[Any]]:
        """Work on items through the run, which resumes."""
        if self.run is not None:
            self.run.add_prompts(STEPS)
        return await map_items(self.run, stage, items, work, key=key, concurrency=self.concurrency)


def shared_work(
    model: ChatModel,
    config: PrometheusConfig,
    seed: int,
    as_published: Published,
    run: Any,
    concurrency: int,
    pairs: bool,
) -> Work:
    """The judge and everything else that the items of a run share; arguments as for :func:`prometheus_judge`."""
    judge = prometheus_judge(model, config, seed=seed, as_published=as_published, pairs=pairs)
    return Work(judge, config, published_faults(as_published, ERRATA), run, concurrency)
