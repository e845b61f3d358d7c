"""PersoBench: the next reply for given personas, scored without a judge on fluency, diversity, coherence and personalisation.

The procedure in the paper's order: rows, prompt, cleaning, metrics, failures, ranking, significance.

Source: *PersoBench: Benchmarking Personalized Response Generation in Large Language Models*, arXiv 2410.03198; page persobench, steps 1 to
8; constants from the official code.
Differs: the prompt is in our own words; failed replies are reported both as worst (published) and left out; a lost call is missing, not
malformed; where no trained NLI model, word vectors or UniEval are named, embedded stand-ins measure, and say so; errata in ``ERRATA``.
Units: C score -1 to 1, UE score 0 to 2, engagingness a sum over sentences, all else 0 to 1 (persona distance, a similarity, -1 to 1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from personarium.benchmarks.persobench.cleaning import Cleaned, Parser, clean_reply
from personarium.benchmarks.persobench.data_format import GivenReply, PersoRow, example_rows
from personarium.benchmarks.persobench.nli import (
    C_ERRATUM,
    UE_ERRATUM,
    NliModel,
    c_input,
    c_score,
    p_consistency,
    ue_inputs,
    ue_score,
)
from personarium.benchmarks.persobench.overlap import (
    WordVectors,
    diversity,
    idf_overlap,
    persona_distance,
    reference_overlap,
    words_of,
)
from personarium.benchmarks.persobench.results import PersoBenchResult, RowResult
from personarium.benchmarks.persobench.steps import REASONED, REPLY, STEPS, WORDS
from personarium.benchmarks.persobench.unieval import (
    ORDER_ERRATUM,
    WINDOWS_ERRATUM,
    DialogueScorer,
    UniEvalInput,
    published_order,
)
from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.errata import Published, published_faults
from personarium.core.errors import UsageError
from personarium.core.results import Failure
from personarium.models.step import Step
from personarium.runs.mapping import map_kept
from personarium.text.holes import Unparsed

if TYPE_CHECKING:
    from personarium.runs.plan import DryRun
    from personarium.runs.run import Run
    from personarium.text.bertscore import BertScorer

PUNCTUATION_ERRATUM = "punctuation-in-vectors"
ERRATA = (C_ERRATUM, UE_ERRATUM, PUNCTUATION_ERRATUM, WINDOWS_ERRATUM, ORDER_ERRATUM)


@dataclass(frozen=True)
class PersoBenchConfig:
    """The paper's constants and our choices.

    Args:
        reasoning: Ask for a reasoning field before the response (the paper's CoT setup).
        words: The most words of a field: 110.
        parser: ``published`` cleaning, or ``nested``, which rescues replies and counts them.
        asks: Times that a row is asked: 1.
        seed: Of the model and the bootstrap.
    """

    reasoning: bool = False
    words: int = WORDS
    parser: Parser = "published"
    asks: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.words, self.asks) < 1:
            raise UsageError("words and asks must be at least 1")
        clean_reply("", self.parser)

    @property
    def step(self) -> Step:
        """The prompt of this setup."""
        return REASONED if self.reasoning else REPLY


@dataclass(frozen=True)
class Scorers:
    """What measures the metrics that need a model; a metric whose scorer is None is not measured.

    Args:
        dnli: NLI for the C score and P consistency.
        snli: NLI for the UE score.
        vectors: Of words, for the persona distance.
        unieval: UniEval, or its stand-in.
        bertscore: BERTScore.
    """

    dnli: NliModel | None = None
    snli: NliModel | None = None
    vectors: WordVectors | None = None
    unieval: DialogueScorer | None = None
    bertscore: BertScorer | None = None

    def names(self) -> dict[str, str]:
        """Metric group -> the name of what measured it."""
        found = {
            "C score, P consistency": self.dnli,
            "UE score": self.snli,
            "Persona distance": self.vectors,
            "UniEval": self.unieval,
            "BERTScore": self.bertscore,
        }
        return {group: scorer.name for group, scorer in found.items() if scorer is not None}


def embedded_scorers() -> Scorers:
    """Scorers that every machine has: stand-ins, named as such; there is none for BERTScore."""
    from personarium.benchmarks.persobench.nli import StatementNli
    from personarium.benchmarks.persobench.overlap import EmbedderVectors
    from personarium.benchmarks.persobench.unieval import EmbeddingStandIn
    from personarium.text.embed import StaticEmbedder

    nli, embedder = StatementNli(), StaticEmbedder()
    return Scorers(dnli=nli, snli=nli, vectors=EmbedderVectors(embedder), unieval=EmbeddingStandIn(embedder))


async def run_persobench(
    rows: Sequence[PersoRow],
    model: ChatModel,
    scorers: Scorers | None = None,
    *,
    config: PersoBenchConfig = PersoBenchConfig(),
    as_published: Published = False,
    run: Run | DryRun | None = None,
    concurrency: int = 100,
) -> PersoBenchResult:
    """Ask a model for every row's next reply and score the replies.

    Args:
        rows: What to reply to.
        model: Who replies.
        scorers: What measures; None takes :func:`embedded_scorers`.
        config: The setup.
        as_published: True, or a set of erratum ids, brings published faults back.
        run: A run folder to record and resume in; without one nothing is kept.
        concurrency: Rows worked on at once.

    Raises:
        UsageError: No row, or two rows of one id.
    """
    faults = published_faults(as_published, ERRATA)
    scorers = _checked(scorers, faults)
    _check_ids(rows)
    if run is not None:
        run.add_prompts(STEPS)
    replied = await map_kept(
        run,
        f"persobench.{'reasoned' if config.reasoning else 'reply'}",
        rows,
        lambda row: _reply(row, model, config),
        key=lambda row: row.id,
        failure=lambda result: result.failures[0] if result.failures else None,
        concurrency=concurrency,
    )
    return await _scored(rows, replied, model.name, scorers, config, faults)


async def score_replies(
    rows: Sequence[PersoRow],
    replies: Sequence[GivenReply],
    scorers: Scorers | None = None,
    *,
    model: str = "",
    raw: bool = False,
    config: PersoBenchConfig = PersoBenchConfig(),
    as_published: Published = False,
) -> PersoBenchResult:
    """Score replies that are there already; nobody is asked.

    Args:
        rows: What was replied to.
        replies: One a row, in the same order; a text that is None is a malformed reply.
        scorers: What measures; None takes :func:`embedded_scorers`.
        model: Who replied.
        raw: The texts are as the model wrote them and are cleaned first.
        config: ``parser``, ``reasoning`` and ``seed`` matter.
        as_published: As for :func:`run_persobench`.

    Raises:
        UsageError: Another number of replies than of rows.
    """
    faults = published_faults(as_published, ERRATA)
    scorers = _checked(scorers, faults)
    _check_ids(rows)
    if len(replies) != len(rows):
        raise UsageError(f"{len(rows)} rows need as many replies, found {len(replies)}")
    replied = [_given(row, reply, raw, config) for row, reply in zip(rows, replies, strict=True)]
    return await _scored(rows, replied, model, scorers, config, faults)


def _checked(scorers: Scorers | None, faults: frozenset[str]) -> Scorers:
    """The scorers, if they can do what is asked of them; told before anybody is asked."""
    chosen = embedded_scorers() if scorers is None else scorers
    for erratum, nli in ((C_ERRATUM, chosen.dnli), (UE_ERRATUM, chosen.snli)):
        if erratum in faults and nli is not None and not nli.single_strings:
            raise UsageError(f"{erratum} sends one string, which needs a trained NLI classifier, not the {nli.name}")
    return chosen


def _check_ids(rows: Sequence[PersoRow]) -> None:
    if not rows:
        raise UsageError("there is no row to reply to")
    if len({row.id for row in rows}) < len(rows):
        raise UsageError("the rows need different ids")


# --- steps 2 and 3: prompt and cleaning ---


def prompt_inputs(row: PersoRow, config: PersoBenchConfig) -> dict[str, Any]:
    """The inputs of the prompt."""
    return {
        "personas": row.personas,
        "context": row.context,
        "words": config.words,
        "reasoning": config.reasoning,
    }


async def _reply(row: PersoRow, model: ChatModel, config: PersoBenchConfig) -> RowResult:
    cleaned: list[Cleaned] = []

    def read(text: str) -> dict[str, Any] | Unparsed:
        cleaned.append(clean_reply(text, config.parser))
        found = cleaned[-1]
        return Unparsed(found.reason, text) if found.reply is None else {"response": found.reply}

    answer = await config.step.ask(
        model, prompt_inputs(row, config), item=row.id, asks=config.asks, read=read, seed=config.seed
    )
    if answer.values is None:
        failure = answer.failure or Failure("missing", "no answer", row.id)
        return RowResult(row.id, None, failures=(replace(failure, where=row.id),))
    return RowResult(row.id, answer["response"], rescued=cleaned[-1].rescued)


def _given(row: PersoRow, reply: GivenReply, raw: bool, config: PersoBenchConfig) -> RowResult:
    if reply.text is None:
        lost = Failure("empty", "the file has no reply for this row", row.id)
        return RowResult(row.id, None, failures=(lost,), response_seconds=reply.seconds)
    found = clean_reply(reply.text, config.parser) if raw else Cleaned(reply.text)
    failures = () if found.reply is not None else (Failure("unparsed", found.reason, row.id, (reply.text,)),)
    return RowResult(row.id, found.reply, failures=failures, rescued=found.rescued, response_seconds=reply.seconds)


# --- step 5: metrics ---


async def _scored(
    rows: Sequence[PersoRow],
    replied: Sequence[RowResult],
    model: str,
    chosen: Scorers,
    config: PersoBenchConfig,
    faults: frozenset[str],
) -> PersoBenchResult:
    said = [(row, one.reply) for row, one in zip(rows, replied, strict=True) if one.reply is not None]
    if chosen.vectors is not None:
        chosen.vectors.prepare(set().union(*(words_of(text) for row, reply in said for text in (row.personas, reply))))
    columns = [
        [_plain(row, reply, chosen, faults) for row, reply in said],
        _bertscores(said, chosen),
        _unieval(said, chosen),
    ]
    labelled, lost = await _labelled(said, chosen, faults)
    found: list[dict[str, float]] = [{} for _ in said]
    for column in (*columns, labelled):
        for values, more in zip(found, column, strict=True):
            values.update(more)
    measured = iter(zip(found, lost, strict=True))
    results = [one if one.reply is None else _with(one, *next(measured)) for one in replied]
    return PersoBenchResult(
        tuple(_moved(results, faults)),
        model,
        reasoning=config.reasoning,
        parser=config.parser,
        scorers=chosen.names(),
        seed=config.seed,
        faults=faults,
    )


def _with(one: RowResult, values: Mapping[str, float], lost: Sequence[Failure]) -> RowResult:
    return replace(one, values=values, failures=(*one.failures, *lost))


def _plain(row: PersoRow, reply: str, scorers: Scorers, faults: frozenset[str]) -> dict[str, float]:
    found = {**reference_overlap(reply, row.reference), **diversity(reply)}
    found["IDF overlap"] = idf_overlap(row.personas, reply)
    if scorers.vectors is not None:
        kept = PUNCTUATION_ERRATUM in faults
        found["Persona distance"] = persona_distance(row.personas, reply, scorers.vectors, punctuation=kept)
    return found


def _bertscores(said: Sequence[tuple[PersoRow, str]], scorers: Scorers) -> list[dict[str, float]]:
    if scorers.bertscore is None or not said:
        return [{} for _ in said]
    found = scorers.bertscore.score([reply for _, reply in said], [row.reference for row, _ in said])
    columns = zip(found.precision.tolist(), found.recall.tolist(), found.f1.tolist(), strict=True)
    names = ("BERTScore precision", "BERTScore recall", "BERTScore F1")
    return [dict(zip(names, values, strict=True)) for values in columns]


def _unieval(said: Sequence[tuple[PersoRow, str]], scorers: Scorers) -> list[dict[str, float]]:
    if scorers.unieval is None or not said:
        return [{} for _ in said]
    found = scorers.unieval.score([UniEvalInput(reply, row.context, row.personas) for row, reply in said])
    return [{f"UniEval {name}": value for name, value in scores.items()} for scores in found]


async def _labelled(
    said: Sequence[tuple[PersoRow, str]], scorers: Scorers, faults: frozenset[str]
) -> tuple[list[dict[str, float]], list[list[Failure]]]:
    """C score, P consistency and UE score; a label that could not be had is a failure of the row."""
    values: list[dict[str, float]] = [{} for _ in said]
    lost: list[list[Failure]] = [[] for _ in said]
    if scorers.dnli is not None:
        labels = await scorers.dnli.label([c_input(row.personas, reply, faults) for row, reply in said])
        for (row, _), label, found, failed in zip(said, labels, values, lost, strict=True):
            if label is None:
                failed.append(Failure("missing", "no label for the C score", row.id))
            else:
                found.update({"C score": c_score(label), "P consistency": p_consistency(label)})
    if scorers.snli is not None:
        pairs = [pair for row, reply in said for pair in ue_inputs(row.personas, row.reference, reply, faults)]
        labels = await scorers.snli.label(pairs)
        both = zip(labels[::2], labels[1::2], strict=True)
        for (row, _), (first, second), found, failed in zip(said, both, values, lost, strict=True):
            if first is None or second is None:
                failed.append(Failure("missing", "no label for the UE score", row.id))
            else:
                found["UE score"] = ue_score(first, second)
    return values, lost


def _moved(results: Sequence[RowResult], faults: frozenset[str]) -> list[RowResult]:
    """With the errata of UniEval: its values stand at other rows, as published."""
    if not faults & {WINDOWS_ERRATUM, ORDER_ERRATUM}:
        return list(results)
    names = sorted({name for one in results for name in one.values if name.startswith("UniEval")})
    columns = {name: published_order([one.values.get(name) for one in results], 0.0, faults) for name in names}
    return [
        replace(one, published={name: value for name in names if (value := columns[name][k]) is not None})
        for k, one in enumerate(results)
    ]


# --- trivial baselines: what a metric gives to replies that nobody wants ---


def baseline_replies(rows: Sequence[PersoRow]) -> dict[str, list[GivenReply]]:
    """Replies that need no model: the persona recited, the last turn repeated, one sentence for all."""
    return {
        "recites the persona": [GivenReply(row.personas) for row in rows],
        "repeats the last turn": [GivenReply(row.context.strip().split("\n")[-1]) for row in rows],
        "says the same always": [GivenReply("That sounds great, tell me more!") for _ in rows],
    }


def plan_calls(rows: Sequence[PersoRow], config: PersoBenchConfig = PersoBenchConfig()) -> dict[str, int]:
    """How many calls the model gets."""
    return {config.step.name: len(rows)}


# --- the contract ---


async def _example(model: ChatModel, seed: int) -> list[dict[str, Any]]:
    rows, found = example_rows(), []
    for reasoning in (False, True):
        config = PersoBenchConfig(reasoning=reasoning, seed=seed)
        result = await run_persobench(rows, model, config=config)
        found += [{**row, "id": f"{'reasoned' if reasoning else 'plain'}/{row['id']}"} for row in result.as_rows()]
    return found


CONTRACT = Contract(
    example=_example,
    steps=STEPS,
    first=(REPLY.name, prompt_inputs(example_rows()[0], PersoBenchConfig())),
    load=RowResult.from_row,
    save=RowResult.as_row,
)
