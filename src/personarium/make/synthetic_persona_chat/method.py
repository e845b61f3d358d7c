"""Synthetic-Persona-Chat: a persona-chat corpus grown from a seed by a generator and its critics.

The procedure in the paper's order: categories, query induction, persona expansion, profiles without contradictions, pairing by
shared interests, and three rounds in which a generator writes, critics filter, experts pick the best, and the best become
examples.

Source: *Faithful Persona-based Conversational Dataset Generation with Large Language Models*, arXiv 2312.10007; page
synthetic-persona-chat, steps 1 to 9.
Differs: prompts are our own; the static embedder or any other stands for BERT, any entailment estimator for the T5 of
TRUE; see ``expansion``, ``profiles`` and ``generation`` for what the paper leaves open. Errata: ``SpcConfig.as_published``.
Units: a pair is two profiles; every pair gets one dialogue an iteration.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.errors import UsageError
from personarium.core.results import Failure
from personarium.judges.committee import Choice, Chooser, Committee, Member
from personarium.judges.entailment import ENTAILMENT, EntailmentEstimator, JudgeEstimator
from personarium.judges.judging import Judge
from personarium.judges.prometheus.steps import PROMETHEUS
from personarium.make.synthetic_persona_chat.data_format import Conversation, default_seeds
from personarium.make.synthetic_persona_chat.expansion import Expander
from personarium.make.synthetic_persona_chat.faithfulness import InferenceModel, check_faithfulness
from personarium.make.synthetic_persona_chat.generation import (
    Critic,
    Generator,
    ModelCritics,
    ModelGenerator,
    Slot,
    criticise,
)
from personarium.make.synthetic_persona_chat.profiles import Built, Negator, Pair, ProfileBuilder, pair_profiles
from personarium.make.synthetic_persona_chat.result import PAPER, SpcConfig, SpcResult
from personarium.make.synthetic_persona_chat.steps import FAITHFUL, INSTRUCTION, POLICIES, QUERY, SENTENCE, STEPS, TOXIC
from personarium.runs.executors import AsyncioExecutor
from personarium.runs.mapping import map_kept
from personarium.text.clusters import agglomerate, cluster_counts
from personarium.text.embed import Embedder, StaticEmbedder

if TYPE_CHECKING:
    from personarium.runs.plan import DryRun
    from personarium.runs.run import Run

T = TypeVar("T")
R = TypeVar("R")
CONCURRENCY = 20
LEAST_PROFILES, MOST_BATCHES = 8, 8  # of a batch; batches that are built while too few profiles can be paired
RELATIVE = PROMETHEUS.compare  # what the experts are asked


@dataclass(frozen=True)
class Cast:
    """Who does the work.

    Args:
        writer: Writes queries, sentences, negations and dialogues.
        judge: Filters and compares; best another model than the writer.
        nli: Says what sentences entail; None asks the judge.
        embedder: For categories and redundancy.
        inference: For the formal faithfulness of the winners; None leaves it out.
        chooser: Picks the best; None is a committee of five experts, one for each policy, played by the judge.
    """

    writer: ChatModel
    judge: ChatModel
    nli: EntailmentEstimator | None = None
    embedder: Embedder | None = None
    inference: InferenceModel | None = None
    chooser: Chooser | None = None

    def names(self) -> dict[str, str]:
        """For the records."""
        return {"writer": self.writer.name, "judge": self.judge.name}


def expert_committee(models: Mapping[str, ChatModel], *, asks: int = 2, seed: int = 0) -> Committee:
    """A quality expert for each policy.

    Args:
        models: Policy -> who plays its expert; any of :data:`POLICIES`.
        asks: The most times a comparison is put while its reply cannot be read.
        seed: The run's seed.

    Raises:
        UsageError: An unknown policy, or none.
    """
    unknown = [name for name in models if name not in POLICIES]
    if unknown:
        raise UsageError(f"no policy '{unknown[0]}'; there are {', '.join(POLICIES)}")
    experts = ((name, Judge(model, asks=asks, seed=seed)) for name, model in models.items())
    return Committee(tuple(Member(name, judge, POLICIES[name]) for name, judge in experts))


async def run_synthetic_persona_chat(
    cast: Cast,
    dialogues: int,
    seeds: Sequence[Conversation] | None = None,
    *,
    config: SpcConfig = PAPER,
    run: Run | DryRun | None = None,
    concurrency: int = CONCURRENCY,
) -> SpcResult:
    """Grow a corpus.

    Args:
        cast: Who does the work.
        dialogues: How many pairs, and so dialogues, are wanted.
        seeds: Persona sentences and dialogues to begin with; the bundled ones by default.
        config: The constants.
        run: The run to record and resume in.
        concurrency: Items worked on at once.

    Raises:
        UsageError: Fewer than one dialogue, or no seed.
    """
    rows = default_seeds() if seeds is None else list(seeds)
    if dialogues < 1 or not rows:
        raise UsageError(f"at least one dialogue and one seed are needed, found {dialogues} and {len(rows)}")
    work = _Work(cast, config, run, concurrency)
    if run is not None:
        run.add_prompts((*STEPS, ENTAILMENT, RELATIVE))
    told = list(dict.fromkeys(s for row in rows for s in (*row.first, *row.second)))
    grown = await _expand(work, told)
    sentences = [*told, *grown.sentences]
    categories = dict(zip(sentences, work.categories(sentences), strict=True))
    built, pairs = await _paired(work, sentences, categories, dialogues)
    slots = await iterate(
        pairs,
        [row for row in rows if row.turns],
        ModelGenerator(cast.writer, config.turns, config.seed, config.sampling, config.asks),
        [ModelCritics(cast.judge, config.seed, config.sampling, config.asks)],
        cast.chooser or expert_committee(dict.fromkeys(POLICIES, cast.judge), asks=config.asks, seed=config.seed),
        config,
        work.map,
    )
    result = SpcResult(
        config,
        tuple(told),
        tuple(grown.sentences),
        tuple(grown.queries),
        cluster_counts(work.embedder.embed(sentences), config.merging),
        tuple(built),
        tuple(pairs),
        tuple(slots),
        failures=(*grown.failures, *_missing(pairs, dialogues)),
        models=cast.names(),
    )
    return replace(result, faithfulness=await _formal(work, result))


@dataclass
class _Work:
    """What the steps of one run share."""

    cast: Cast
    config: SpcConfig
    run: Run | DryRun | None
    concurrency: int

    @property
    def embedder(self) -> Embedder:
        return self.cast.embedder or StaticEmbedder()

    def categories(self, sentences: Sequence[str]) -> list[int]:
        """Step 1."""
        return agglomerate(self.embedder.embed(sentences), self.config.merging, self.config.reading)

    async def map(
        self, stage: str, items: Sequence[T], work: Callable[[T], Awaitable[R]], key: Callable[[T], str]
    ) -> list[R]:
        """Work on all items, counted in the run when there is one; results in order, failures inside them."""
        if not items:
            return []
        name = f"spc.{stage}"
        return await map_kept(self.run, name, items, work, key=key, failure=_why_missing, concurrency=self.concurrency)


def _why_missing(result: object) -> Failure | None:
    """Why an item's work gave nothing; said of the item, wherever in its work it happened."""
    failure = getattr(result, "failure", None)
    if (isinstance(result, Built) and result.profile is None) or (isinstance(result, Slot) and result.winner is None):
        failure = result.failures[-1]
    return replace(failure, where="") if isinstance(failure, Failure) else None


# --- steps 1 to 3: categories, queries, new sentences ---


@dataclass(frozen=True)
class _Grown:
    sentences: Sequence[str] = ()
    queries: Sequence[str] = ()
    failures: tuple[Failure, ...] = ()


async def _expand(work: _Work, told: Sequence[str]) -> _Grown:
    config = work.config
    if not config.new_sentences:
        return _Grown()
    expander = Expander(
        work.cast.writer,
        work.embedder,
        work.map,
        config.seed,
        config.sampling,
        (config.query_sentences, config.shown_queries, config.shown_sentences),
        config.asked_queries,
        config.max_cosine,
    )
    first, failed = await expander.induce_queries(told, work.categories(told), config.most_queries)
    queries, failed_more = await expander.more_queries(first, config.bootstrap_steps)
    new, failed_new = await expander.new_sentences(told, queries, config.new_sentences)
    return _Grown(new, queries, (*failed, *failed_more, *failed_new))


# --- steps 4 and 5: profiles, pairs ---


async def _paired(
    work: _Work, sentences: Sequence[str], categories: Mapping[str, int], count: int
) -> tuple[list[Built], list[Pair]]:
    """Build profiles until enough of them can be paired; so many of them where the configuration says how many."""
    config = work.config
    builder = _builder(work, sentences)
    batch = config.profiles or max(LEAST_PROFILES, 2 * count)
    built: list[Built] = []
    pairs: list[Pair] = []
    for number in range(1 if config.profiles else MOST_BATCHES):
        places = range(len(built), len(built) + batch)
        made = await work.map(f"profiles.{number + 1}", places, builder.build, lambda k: f"profile-{k:05d}")
        built += made
        pairs = _pairs(work, built, categories, count)
        if len(pairs) >= count or all(one.profile is None for one in made):
            break
    return built, pairs


def _builder(work: _Work, sentences: Sequence[str]) -> ProfileBuilder:
    config, cast = work.config, work.cast
    return ProfileBuilder(
        sentences,
        work.embedder.embed(sentences),
        cast.nli or JudgeEstimator(cast.judge, asks=config.asks, seed=config.seed),
        Negator(cast.writer, config.negations, config.seed, config.sampling),
        config.profile_size,
        config.max_cosine,
        config.most_drawn,
        config.seed,
    )


def _pairs(work: _Work, built: Sequence[Built], categories: Mapping[str, int], count: int) -> list[Pair]:
    return pair_profiles(
        [one.profile for one in built if one.profile is not None],
        categories,
        count,
        above=work.config.similar_above,
        seed=work.config.seed,
        common_categories="common-categories" in work.config.faults,
    )


def _missing(pairs: Sequence[Pair], wanted: int) -> list[Failure]:
    reason = f"only {len(pairs)} of {wanted} pairs share enough interests; give more seed sentences, build more profiles or lower similar_above"
    return [] if len(pairs) >= wanted else [Failure("missing", reason, "pairs")] * (wanted - len(pairs))


# --- steps 6 to 8: write, filter, compare; the best are the next examples ---


async def iterate(
    pairs: Sequence[Pair],
    seeds: Sequence[Conversation],
    generator: Generator,
    critics: Sequence[Critic],
    chooser: Chooser,
    config: SpcConfig = PAPER,
    map: Callable[..., Awaitable[list[Slot]]] | None = None,
) -> list[Slot]:
    """The workshop: every pair in every iteration.

    Args:
        pairs: Who talks.
        seeds: The examples to begin with.
        generator: Writes candidates.
        critics: Filter them.
        chooser: Picks the best of those left.
        config: Constants.
        map: How pairs are worked on; all at once by default.
    """
    slots: list[Slot] = []
    winners: list[Conversation] = []
    for iteration in range(config.iterations):
        shown = (*(seeds if config.keep_seeds or not winners else ()), *winners)

        async def fill(pair: Pair, number: int = iteration, examples: Sequence[Conversation] = shown) -> Slot:
            return await _fill(pair, number, examples, generator, critics, chooser, config)

        stage = f"dialogues.{iteration + 1}"
        if map is None:
            made = await AsyncioExecutor().map(pairs, fill, concurrency=CONCURRENCY)
        else:
            made = await map(stage, pairs, fill, lambda pair: pair.id)
        slots += made
        winners += [slot.winner for slot in made if slot.winner is not None]
    return slots


async def _fill(
    pair: Pair,
    iteration: int,
    pool: Sequence[Conversation],
    generator: Generator,
    critics: Sequence[Critic],
    chooser: Chooser,
    config: SpcConfig,
) -> Slot:
    rng = random.Random(f"spc|{config.seed}|examples|{iteration}|{pair.id}")
    examples = rng.sample(list(pool), min(config.examples, len(pool)))
    written = await generator.candidates(pair, examples, config.candidates, iteration)

    async def one(candidate: Conversation | Failure) -> Any:
        return await criticise(candidate, critics, config.turns, pair.id, config.faults)

    candidates = await AsyncioExecutor().map(written, one, concurrency=max(1, len(written)))
    slot = Slot(pair, iteration, tuple(candidates))
    texts = [c.conversation.shown for c in slot.standing if c.conversation is not None]
    if not texts:
        return slot
    choice: Choice = await chooser.choose(texts, INSTRUCTION, persona=pair.text, item=pair.id, first=iteration)
    return replace(slot, choice=choice)


# --- step 9: formal faithfulness ---


async def _formal(work: _Work, result: SpcResult) -> dict[str, Any]:
    model = work.cast.inference
    if model is None:
        return {}
    finals = [slot for pair in result.pairs if (slot := result.final(pair)) is not None and slot.winner is not None]

    async def one(slot: Slot) -> Any:
        assert slot.winner is not None
        return await check_faithfulness(slot.winner, model, slot.pair.id)

    found = await AsyncioExecutor().map(finals, one, concurrency=work.concurrency)
    return {slot.pair.id: check for slot, check in zip(finals, found, strict=True)}


# --- the contract ---

# Small enough to run often, and so lenient in pairing that three topics are enough.
EXAMPLE = SpcConfig(
    bootstrap_steps=1,
    most_queries=6,
    new_sentences=2,
    negations=1,
    most_drawn=12,
    profiles=3,
    similar_above=0,
    examples=2,
    candidates=2,
    iterations=2,
    asks=1,
)


async def _example(model: ChatModel, seed: int) -> Sequence[dict[str, Any]]:
    config = replace(EXAMPLE, seed=seed)
    return (await run_synthetic_persona_chat(Cast(model, model), 2, default_seeds()[:2], config=config)).rows()


CONTRACT = Contract(
    example=_example,
    steps=(*STEPS, ENTAILMENT, RELATIVE),
    first=(QUERY.name, {"sentences": "I am a baker.\nI work as a nurse.\nMy job is teaching."}),
    unheard={
        f"{SENTENCE.name}/question": "the subject's questions are about what the example's people have not told",
        f"{ENTAILMENT.name}/question": "the subject reads a statement against the response alone",
        f"{ENTAILMENT.name}/response": "what the subject writes as negations shares nothing with the sentences",
        f"{FAITHFUL.name}/dialogue": "a conversation without a contradiction and an empty one get the same verdict",
        f"{FAITHFUL.name}/examples": "the subject judges by what it reads, not by comparison with examples",
        f"{TOXIC.name}/response": "a conversation without an insult and an empty one get the same verdict",
        f"{RELATIVE.name}/rubric": "the subject compares by the facts it sees, whatever the criterion",
    },
)
