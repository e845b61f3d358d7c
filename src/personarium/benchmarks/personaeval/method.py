"""PersonaEval: before a judge says how well a character is played, it is asked who is speaking.

The procedure in the page's order: a complete prompt is sent as one user message, the reply is read for a probability of every
candidate and asked for again while it has none, and the probabilities are scored beside judges that do not read.

Source: *PersonaEval: Are LLM Evaluators Human Enough to Judge Role-Play?*, arXiv 2508.10014 (COLM 2025); personaeval page;
official repository maple-zhou/PersonaEval.
Differs: all five probabilities of a five-option item are kept (``fifth-probability-lost``); equal probabilities are ranked as
they are predicted (``ties-two-ways``); an item without an answer is counted apart and never a sample (``errors-counted``); a
probability is a number from 0 to 1 (``no-range-check``). ``as_published`` brings each back. Endpoint errors are tried again by
the run and not here, and there is no pause between attempts; a reply that cannot be read is a new draw of the same question.
Own items (builder) are in our own words; how the published ones were made is not stated.
Units: one item; shares with Wilson intervals, other figures with intervals over items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from personarium.benchmarks.personaeval.data_format import bundled_items
from personarium.benchmarks.personaeval.items import Identification, IdentificationItem
from personarium.benchmarks.personaeval.metrics import BINS, ERRORS_COUNTED, FIFTH_LOST, TIES, TWO_WAYS, Ties
from personarium.benchmarks.personaeval.parsing import TOLERANCE, read_choice, read_probabilities
from personarium.benchmarks.personaeval.result import PersonaEvalResult
from personarium.benchmarks.personaeval.steps import IDENTIFY, ITEM, STEPS, reply_form
from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput, UsageError
from personarium.measure.memory.meter import Meter
from personarium.models.step import Read
from personarium.runs.mapping import map_kept
from personarium.text.holes import Unparsed

if TYPE_CHECKING:
    from personarium.runs import Run
    from personarium.runs.plan import DryRun

NO_RANGE_CHECK = "no-range-check"
ERRATA = (FIFTH_LOST, TWO_WAYS, ERRORS_COUNTED, NO_RANGE_CHECK)
CONCURRENCY = 4  # step 4


@dataclass(frozen=True)
class PersonaEvalConfig:
    """How the judge is asked and scored; the defaults are the official code's.

    Args:
        attempts: The most times an item is asked while the reply cannot be read.
        temperature: Of the judge.
        tolerance: How far the sum of the probabilities may be from 1.
        renormalise: Scale probabilities that do not sum to 1 instead of asking again.
        bins: Equal bins of the calibration error.
        ties: How equal probabilities are ranked: ``first`` (the earlier option first, as it is predicted), ``last`` or
            ``expected`` (the mean over random orders).
    """

    attempts: int = 5
    temperature: float = 0.0
    tolerance: float = TOLERANCE
    renormalise: bool = False
    bins: int = BINS
    ties: Ties = "first"

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.bins < 1 or self.tolerance < 0:
            raise UsageError("attempts and bins must be at least 1 and tolerance at least 0")
        if self.ties not in TIES:
            raise UsageError(f"ties must be first, last or expected, found '{self.ties}'")


PUBLISHED = PersonaEvalConfig()


async def run_personaeval(
    judge: ChatModel,
    items: Sequence[IdentificationItem],
    *,
    config: PersonaEvalConfig = PUBLISHED,
    as_published: Published = False,
    answered: Sequence[Identification] = (),
    seed: int = 0,
    run: Run | DryRun | None = None,
    concurrency: int = CONCURRENCY,
) -> PersonaEvalResult:
    """Ask a judge who speaks in every item.

    Args:
        judge: The model that is tested.
        items: Ids must be unique.
        config: The constants.
        as_published: True or erratum ids bring published faults back.
        answered: Answers of an earlier session: those with probabilities are kept, the others are asked again as new draws.
        seed: Of the replies and bootstraps.
        run: The run to record and resume in.
        concurrency: Items at once.

    Raises:
        InvalidInput: No item, or two with one id.
    """
    faults = published_faults(as_published, ERRATA)
    if not items or len({item.id for item in items}) < len(items):
        raise InvalidInput("items", "at least one item, and ids that differ", len(items), "id")
    if run is not None:
        run.add_prompts((IDENTIFY, ITEM))
    before = {answer.id: answer for answer in answered}
    due = [item for item in items if item.id not in before or not before[item.id].answered]

    async def one(item: IdentificationItem) -> Identification:
        return await identify(judge, item, config, faults, before.get(item.id), seed)

    new = await map_kept(
        run,
        "personaeval.identify",
        due,
        one,
        key=lambda item: item.id,
        failure=lambda answer: answer.failure,
        lost=lambda item, failure: Identification(item.id, (), failure, asks=0),
        concurrency=concurrency,
    )
    found = before | {answer.id: answer for answer in new}
    asked = {**asdict(config), "seed": seed, "as_published": sorted(faults)}
    answers = tuple(found[item.id] for item in items)
    return PersonaEvalResult(judge.name, tuple(items), answers, config.ties, config.bins, faults, asked, seed)


async def identify(
    judge: ChatModel,
    item: IdentificationItem,
    config: PersonaEvalConfig = PUBLISHED,
    faults: frozenset[str] = frozenset(),
    before: Identification | None = None,
    seed: int = 0,
) -> Identification:
    """Steps 4 and 5 for one item.

    Args:
        judge: The model.
        item: The item.
        config: The constants.
        faults: Erratum ids that are switched on.
        before: The item's answer of an earlier session, an error; its draws are not drawn again.
        seed: Of the replies.
    """
    meter, round_ = Meter(judge), 0 if before is None else before.round + 1
    answer = await IDENTIFY.ask(
        meter,
        {"prompt": item.prompt},
        item=item.id,
        repeat=round_,
        asks=config.attempts,
        read=_reader(item, config, faults),
        seed=seed,
        sampling=IDENTIFY.sampling.but(temperature=config.temperature),
    )
    values = () if answer.failure is not None else answer["probabilities"]
    return Identification(
        item.id,
        values,
        answer.failure,
        answer.asks + (0 if before is None else before.asks),
        len(answer.replies) - bool(values) + (0 if before is None else before.rejected),
        answer.text,
        meter.usage.prompt_tokens + meter.usage.completion_tokens,
        meter.usage.cost_usd,
        round_,
    )


def _reader(item: IdentificationItem, config: PersonaEvalConfig, faults: frozenset[str]) -> Read:
    choice = item.exchange is not None and item.exchange.reply_kind == "choice"
    form = reply_form("choice", item.names) if choice else None

    def read(text: str) -> dict[str, Any] | Unparsed:
        if form is not None:
            found = read_choice(text, item.names, form)
        else:
            found = read_probabilities(
                text,
                item.names,
                renormalise=config.renormalise,
                tolerance=config.tolerance,
                check_range=NO_RANGE_CHECK not in faults,
            )
        return found if isinstance(found, Unparsed) else {"probabilities": found}

    return read


# --- the contract: bundled items, asked for one name, which the simulated subject can give ---


async def _example(model: ChatModel, seed: int) -> list[dict[str, Any]]:
    result = await run_personaeval(model, bundled_items("choice")[:24], seed=seed)
    record = result.admission()
    return [*result.rows(), {"id": "admission", **record.as_dict()}]


CONTRACT = Contract(
    example=_example,
    steps=STEPS,
    first=(IDENTIFY.name, {"prompt": "Who speaks?"}),
)
