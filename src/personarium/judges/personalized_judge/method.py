"""A judge of personal taste that may say how sure it is: persona and two texts in, a letter and a certainty out.

The steps in the page's order: items (:mod:`pairs`, :mod:`authors`) with personas in several selections (:mod:`personas`), one
prompt (:mod:`steps`), a call that is repeated while it cannot be read, the reader (:mod:`reading`), and scores that always
stand beside their coverage (:mod:`result`).

Source: *Can LLM be a Personalized Judge?*, Findings of EMNLP 2024, arXiv 2406.11657; official repository
dong-river/Personalized-Judge; personalized-judge page.
Differs: see the errata; each is brought back by ``as_published``. An item that cannot be read is asked up to four times in every
set and then counted, never dropped. Items of all judges are the same but for replies of the judge's own family.
Units: one item; certainty from 1 to 100; shares with Wilson intervals.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput, UsageError
from personarium.core.results import Failure
from personarium.judges.personalized_judge.authors import FIRST_ESSAY, LAST_ITEM
from personarium.judges.personalized_judge.faults import LIMIT
from personarium.judges.personalized_judge.items import ALL, NO_PERSONA, SHUFFLED, PreferenceItem, shuffled_personas
from personarium.judges.personalized_judge.pairs import FIRST_QUESTION, LLAMA_FAMILY, ONE_MORE, STALE_TIES
from personarium.judges.personalized_judge.personas import KEPT_NAN
from personarium.judges.personalized_judge.published import LAST_PERSONA
from personarium.judges.personalized_judge.reading import FIRST_CHARACTER, FIRST_INTEGER, SCALE, Choice, read_choice
from personarium.judges.personalized_judge.result import THRESHOLD, UNSAYABLE, JudgedRun
from personarium.judges.personalized_judge.steps import CHOOSE, STEPS
from personarium.judges.personalized_judge.verdicts import JudgeVerdict
from personarium.models.step import Answer, Read
from personarium.runs.mapping import map_kept
from personarium.text.holes import Unparsed

if TYPE_CHECKING:
    from personarium.runs import Run
    from personarium.runs.plan import DryRun

READING_ERRATA = (FIRST_CHARACTER, FIRST_INTEGER)
ERRATA = (
    *READING_ERRATA,
    LLAMA_FAMILY,
    STALE_TIES,
    ONE_MORE,
    FIRST_QUESTION,
    KEPT_NAN,
    LAST_ITEM,
    FIRST_ESSAY,
    LAST_PERSONA,
    UNSAYABLE,
)
# The five bands of the page, in our own words, lowest first.
BANDS = (
    "hardly more than a guess; the profile says next to nothing about this",
    "some support in the profile, other readings are possible",
    "clear support, though it does not settle the matter",
    "strong support with little doubt",
    "the profile settles it directly",
)


@dataclass(frozen=True, slots=True)
class PersonalizedJudgeConfig:
    """How the judge is asked.

    Args:
        temperature: 0.7 as published, with one sample; 0 makes a run repeatable.
        max_tokens: Of a reply.
        asks: How often an item is asked in all while its reply cannot be read (once and three times again).
        ties: Offer ``C``.
        scale: Lowest and highest certainty; None asks for none.
        threshold: The share of the scale from which a verdict counts as certain.
        limit: The largest share of items that one wrong text may have.

    Raises:
        UsageError: A setting out of its range.
    """

    temperature: float = 0.7
    max_tokens: int = 15
    asks: int = 4
    ties: bool = False
    scale: tuple[int, int] | None = SCALE
    threshold: float = THRESHOLD
    limit: float = LIMIT

    def __post_init__(self) -> None:
        if self.asks < 1:
            raise UsageError(f"an item must be asked at least once, found asks={self.asks}")
        if not 0 < self.threshold <= 1:
            raise UsageError(f"the threshold is a share of the scale, above 0 and up to 1, found {self.threshold}")
        if self.scale is not None and not (self.scale[0] >= 0 and self.scale[0] + 4 <= self.scale[1]):
            raise UsageError(f"a certainty scale has at least five steps and begins at 0 or more, found {self.scale}")


DEFAULT = PersonalizedJudgeConfig()


def bands(scale: tuple[int, int]) -> list[tuple[int, int, str]]:
    """The five described bands of a scale: 1 to 20, 21 to 40, ... of 1 to 100."""
    lo, hi = scale
    edges = [lo + round(k * (hi - lo + 1) / len(BANDS)) for k in range(len(BANDS) + 1)]
    return [(edges[k], edges[k + 1] - 1, words) for k, words in enumerate(BANDS)]


async def judge_item(
    model: ChatModel,
    item: PreferenceItem,
    *,
    variant: str = ALL,
    config: PersonalizedJudgeConfig = DEFAULT,
    as_published: Published = False,
    seed: int = 0,
) -> JudgeVerdict:
    """Ask about one item.

    Args:
        model: The judge.
        item: What is judged.
        variant: Which persona it is shown; ``none`` shows none and asks for the better text.
        config: How it is asked.
        as_published: True or ids out of ``first-character`` and ``first-integer``.
        seed: The run's seed.

    Raises:
        InvalidInput: The item has no such persona.
    """
    faults = published_faults(as_published, READING_ERRATA)
    inputs = choice_inputs(item, variant, config)
    read = _reader(item, config, faults)
    sampling = CHOOSE.sampling.but(temperature=config.temperature, max_tokens=config.max_tokens)
    answer = await CHOOSE.ask(model, inputs, item=item.id, asks=config.asks, read=read, seed=seed, sampling=sampling)
    if answer.values is not None:
        choice: Choice = answer.values["choice"]
        return JudgeVerdict(item.id, item.truth, choice.letter, choice.certainty, None, answer.text, answer.asks)
    return _without_certainty(item, answer, config, faults)


def _without_certainty(
    item: PreferenceItem, answer: Answer, config: PersonalizedJudgeConfig, faults: Collection[str]
) -> JudgeVerdict:
    """After the last ask: the last letter that was given without a certainty, or nothing."""
    for text in reversed(answer.replies):
        choice = _read(text, item, config, faults)
        if isinstance(choice, Choice):
            silent = Failure("missing", "no certainty on the scale was stated", item.id, answer.replies)
            return JudgeVerdict(item.id, item.truth, choice.letter, None, silent, text, answer.asks)
    return JudgeVerdict(item.id, item.truth, None, None, answer.failure, answer.text, answer.asks)


def choice_inputs(
    item: PreferenceItem, variant: str = ALL, config: PersonalizedJudgeConfig = DEFAULT
) -> dict[str, Any]:
    """The inputs of the one step, for :meth:`Step.render`."""
    if variant != NO_PERSONA and variant not in item.personas:
        raise InvalidInput(f"item {item.id}", f"a persona '{variant}'", sorted(item.personas), "personas")
    return {
        "persona": "" if variant == NO_PERSONA else item.personas[variant],
        "question": item.question,
        "a": item.a,
        "b": item.b,
        "kind": item.kind,
        "ties": config.ties,
        "scale": config.scale,
        "bands": bands(config.scale) if config.scale else [],
    }


def _read(
    text: str, item: PreferenceItem, config: PersonalizedJudgeConfig, faults: Collection[str]
) -> Choice | Unparsed:
    # Only the code for PRISM, where users prefer, left the parenthesis in.
    parenthesis = item.kind != "prefers"
    return read_choice(text, ties=config.ties, scale=config.scale or SCALE, faults=faults, parenthesis=parenthesis)


def _reader(item: PreferenceItem, config: PersonalizedJudgeConfig, faults: Collection[str]) -> Read:
    """Wants what was asked for: a reply without its certainty is asked again, too."""

    def read(text: str) -> dict[str, Any] | Unparsed:
        found = _read(text, item, config, faults)
        if isinstance(found, Unparsed):
            return found
        if config.scale is not None and found.certainty is None:
            return Unparsed("no certainty on the scale was stated", text)
        return {"choice": found}

    return read


async def judge_items(
    model: ChatModel,
    items: Sequence[PreferenceItem],
    *,
    variant: str = ALL,
    config: PersonalizedJudgeConfig = DEFAULT,
    as_published: Published = False,
    seed: int = 0,
    run: Run | DryRun | None = None,
    concurrency: int = 100,
) -> list[JudgeVerdict]:
    """Ask about every item with one selection of the persona; arguments as for :func:`run_personalized_judge`."""

    async def one(item: PreferenceItem) -> JudgeVerdict:
        return await judge_item(model, item, variant=variant, config=config, as_published=as_published, seed=seed)

    def lost(item: PreferenceItem, failure: Failure) -> JudgeVerdict:
        return JudgeVerdict(item.id, item.truth, None, None, failure, asks=0)

    return await map_kept(
        run,
        f"personalized_judge.{variant}",
        items,
        one,
        key=lambda item: item.id,
        failure=lambda verdict: verdict.failure,
        lost=lost,
        concurrency=concurrency,
    )


async def run_personalized_judge(
    model: ChatModel,
    items: Sequence[PreferenceItem],
    *,
    variants: Sequence[str] = (NO_PERSONA, SHUFFLED),
    config: PersonalizedJudgeConfig = DEFAULT,
    as_published: Published = False,
    seed: int = 0,
    run: Run | DryRun | None = None,
    concurrency: int = 100,
) -> JudgedRun:
    """Judge every item with the whole persona, and again with other selections of it.

    Args:
        model: The judge.
        items: What is judged; their order is the order of the result.
        variants: Further selections: ``none``, ``shuffled`` (another user's persona), and whatever the items have (``key``,
            ``least``). A shuffled persona that cannot be had (one user only) is left out, and a note says so.
        config: How it is asked.
        as_published: True or ids out of ``first-character`` and ``first-integer``.
        seed: The run's seed.
        run: The run to record and resume in.
        concurrency: Items at once.

    Raises:
        UsageError: No items, or an unknown erratum.
        InvalidInput: An item lacks a selection, before anybody is asked.
    """
    if not items:
        raise UsageError("there is nothing to judge")
    if run is not None:
        run.add_prompts(STEPS)
    shuffled = shuffled_personas(items) if SHUFFLED in variants else list(items)
    alone = SHUFFLED in variants and SHUFFLED not in shuffled[0].personas
    wanted = [v for v in dict.fromkeys((ALL, *variants)) if not (alone and v == SHUFFLED)]
    _check(shuffled, wanted, config)
    found: dict[str, tuple[JudgeVerdict, ...]] = {}
    for variant in wanted:
        verdicts = await judge_items(
            model, shuffled, variant=variant, config=config, as_published=as_published, seed=seed, run=run,
            concurrency=concurrency,
        )  # fmt: skip
        found[variant] = tuple(verdicts)
    notes = ("all items have one persona, so there is no shuffled one to compare with",) if alone else ()
    others = {variant: found[variant] for variant in wanted[1:]}
    return JudgedRun(
        model.name, tuple(items), found[ALL], config.scale, config.threshold, config.ties, others, notes, config.limit
    )


def _check(items: Sequence[PreferenceItem], variants: Sequence[str], config: PersonalizedJudgeConfig) -> None:
    """Refuse what cannot be asked, before anybody is asked."""
    for item in items:
        if item.truth == "C" and not config.ties:
            raise InvalidInput(f"item {item.id}", "A or B, for no tie is offered (ties offers C)", "C", "truth")
        for variant in variants:
            choice_inputs(item, variant, config)


# --- the contract: four plainly fictional users ---

_EXAMPLE = (
    ("Lives in Bergen. Has a dog called Pip. Likes rain walks.", "Where should I go on Sunday?",
     "Take your dog Pip along the harbour of Bergen; rain walks are lovely there.", "Visit the casino downtown."),
    ("Occupation: baker. Likes jazz.", "What should I listen to at work?",
     "Some jazz, quietly, as a baker starts early.", "The news, all day long."),
    ("Lives in Turin. Favourite drink is cocoa.", "What could I drink tonight?",
     "Cocoa, your favourite drink, in a café of Turin.", "A glass of plain water."),
    ("Age: 71. Likes chess.", "How should I spend the winter?",
     "With chess: a club for people of your age meets weekly.", "Start free climbing."),
)  # fmt: skip


def example_items() -> list[PreferenceItem]:
    """The items of the contract's example: four users, A and B right in turn."""
    found = []
    for k, (persona, question, right, wrong) in enumerate(_EXAMPLE):
        a, b = (right, wrong) if k % 2 == 0 else (wrong, right)
        letter: Any = "AB"[k % 2]
        found.append(
            PreferenceItem(f"user {k + 1}", question, a, b, letter, {ALL: persona}, "prefers", f"user {k + 1}")
        )
    return found


async def _example(model: ChatModel, seed: int) -> list[Mapping[str, Any]]:
    result = await run_personalized_judge(model, example_items(), variants=(SHUFFLED,), seed=seed)
    rows: list[Mapping[str, Any]] = [verdict.as_row() for verdict in result.verdicts]
    shuffled = [{**v.as_row(), "id": f"{v.id}, shuffled"} for v in result.others[SHUFFLED]]
    return [*rows, *shuffled]


CONTRACT = Contract(
    example=_example,
    steps=STEPS,
    first=(CHOOSE.name, choice_inputs(example_items()[0])),
    load=JudgeVerdict.from_row,
    save=JudgeVerdict.as_row,
)
