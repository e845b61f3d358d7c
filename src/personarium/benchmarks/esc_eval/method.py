"""ESC-Eval: simulated people with worries talk for five rounds with a model, and the whole talk is rated on seven dimensions.

The procedure in the page's order: role card, player, loop, rating, means; beside it checks of the player (does it tell all at
once, does it say it is a machine) and of the model (is danger met with a referral).

Source: *ESC-Eval: Evaluating Emotion Support Conversations in Large Language Models*, arXiv 2406.14952 (EMNLP 2024); esc-eval page;
official repository haidequanbu/ESC-Eval.
Differs: prompts, rubrics and cards are our own (the repository states no licence); any model plays and rates; a score is read
strictly (``smallest-label``; ``as_published`` brings the published rule back); the rater may be shown the card, which the published
one is not. Temperatures of player and tested model are not stated: 0.7 both.
Simulated people only: no clinical use, no clinical claim.
Units: one dialogue; scores 0 to 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from personarium.benchmarks.esc_eval.cards import RoleCard, bundled_cards
from personarium.benchmarks.esc_eval.checks import LIMIT, check_leaks, check_referral
from personarium.benchmarks.esc_eval.dimensions import DIMENSIONS, UNPARSED, rubrics
from personarium.benchmarks.esc_eval.results import EscEvalResult, Rated
from personarium.benchmarks.esc_eval.scores import published_score, strict_score
from personarium.benchmarks.esc_eval.talking import (
    MODEL,
    PERSON,
    PLAYER_PROMPTS,
    RATED_AS,
    SYSTEM,
    Supporter,
    casting,
    declines,
    player_agent,
)
from personarium.core.chat import ChatModel, Sampling
from personarium.core.contract import Contract
from personarium.core.dialogue import Dialogue
from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput, UsageError
from personarium.core.results import Failure
from personarium.models.step import Answer, Step
from personarium.play.dialogues import CONCURRENCY, Played, play_dialogues
from personarium.runs.mapping import map_kept
from personarium.text.form import Form
from personarium.text.holes import Unparsed

if TYPE_CHECKING:
    from personarium.runs.run import Run

SMALLEST_LABEL = "smallest-label"
ERRATA = (SMALLEST_LABEL,)
RATE = Step("esc_eval.rate", "personarium.benchmarks.esc_eval", "rate", Form.parse("<0-4>"), Sampling(temperature=0.0))
STEPS = (RATE,)


@dataclass(frozen=True)
class EscEvalConfig:
    """How dialogues are played and rated.

    Args:
        rounds: Of person and tested model, after the opening line.
        system: The tested model's system message.
        sees_opening: Whether the opening line stands in the tested model's history.
        max_tokens: Of a turn of the tested model (512 or 256 in the official code).
        temperature: Of the tested model.
        player_temperature: Of the player.
        rater_sees_card: Whether the rater is shown the card; the published one is not.
        leak_limit: The most of the problem that one turn of the player may bring.
        asks: The most times one score is asked for while it cannot be read; once in the official code.
    """

    rounds: int = 5
    system: str = SYSTEM
    sees_opening: bool = False
    max_tokens: int = 512
    temperature: float = 0.7
    player_temperature: float = 0.7
    rater_sees_card: bool = False
    leak_limit: float = LIMIT
    asks: int = 1

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.asks < 1:
            raise UsageError(f"rounds and asks must be at least 1, found {self.rounds} and {self.asks}")


PUBLISHED = EscEvalConfig()


async def run_esc_eval(
    model: ChatModel,
    player: ChatModel,
    raters: Sequence[ChatModel],
    cards: Sequence[RoleCard],
    *,
    config: EscEvalConfig = PUBLISHED,
    as_published: Published = False,
    seed: int = 0,
    run: Run | None = None,
    concurrency: int = CONCURRENCY,
) -> EscEvalResult:
    """Test a model with the people on some cards.

    Args:
        model: Who is tested.
        player: Who plays the people; one and the same where models are compared.
        raters: Who rates, each the whole dialogue once a dimension.
        cards: Language and id must be unique.
        config: The constants.
        as_published: True or erratum ids bring published faults back.
        seed: Of all replies.
        run: The run to record and resume in.
        concurrency: Dialogues, then ratings, at once.

    Raises:
        InvalidInput: No card, two of one name, or two raters of one name.
    """
    faults = published_faults(as_published, ERRATA)
    if not cards or len({card.name for card in cards}) < len(cards):
        raise InvalidInput("cards", "at least one card, and ids that differ", len(cards), "id")
    if not raters or len({rater.name for rater in raters}) < len(raters):
        raise InvalidInput("raters", "at least one rater, and names that differ", [rater.name for rater in raters])
    if run is not None:
        run.add_prompts((*PLAYER_PROMPTS.values(), RATE))
    played = await _play(model, player, cards, config, seed, run, concurrency)
    answers = await _rate(raters, cards, played, config, faults, seed, run, concurrency)
    names = [rater.name for rater in raters]
    rated = [
        _rated(card, one, {name: answers[card.name, name] for name in names if (card.name, name) in answers}, config)
        for card, one in zip(cards, played, strict=True)
    ]
    versions: dict[str, str] = {
        language: PLAYER_PROMPTS[language].hash for language in sorted({card.language for card in cards})
    }
    return EscEvalResult(model.name, player.name, tuple(names), tuple(rated), versions, faults)


# --- steps 2 and 3: player and loop ---


async def _play(
    model: ChatModel,
    player: ChatModel,
    cards: Sequence[RoleCard],
    config: EscEvalConfig,
    seed: int,
    run: Run | None,
    concurrency: int,
) -> list[Played]:
    sampling = Sampling(temperature=config.temperature, max_tokens=config.max_tokens)
    supporter = Supporter(model, config.system, sampling, config.sees_opening)
    own = Sampling(temperature=config.player_temperature)
    castings = [casting(card, player_agent(card, player, own), supporter, config.rounds, seed=seed) for card in cards]
    return await play_dialogues(castings, run=run, stage="esc_eval.dialogues", concurrency=concurrency)


# --- step 4: rating ---

Key = tuple[str, str]  # card and rater


async def _rate(
    raters: Sequence[ChatModel],
    cards: Sequence[RoleCard],
    played: Sequence[Played],
    config: EscEvalConfig,
    faults: frozenset[str],
    seed: int,
    run: Run | None,
    concurrency: int,
) -> dict[Key, dict[str, Answer]]:
    """Every rater's answer on every dimension of every dialogue that was played to the end."""
    whole = [(card, one.dialogue) for card, one in zip(cards, played, strict=True) if not one.failed]
    jobs = [(card, talk, rater, name) for (card, talk), rater, name in product(whole, raters, DIMENSIONS)]

    async def one(job: tuple[RoleCard, Dialogue, ChatModel, str]) -> Answer:
        card, talk, rater, name = job
        return await rate(rater, talk, name, card, config, faults, seed)

    answers = await map_kept(
        run,
        "esc_eval.rating",
        jobs,
        one,
        key=lambda job: f"{job[0].name}/{job[2].name}/{job[3]}",
        failure=lambda answer: answer.failure,
        lost=lambda job, failure: Answer(None, "", failure, 0, ()),
        concurrency=concurrency,
    )
    found: dict[Key, dict[str, Answer]] = {}
    for (card, _, rater, name), answer in zip(jobs, answers, strict=True):
        found.setdefault((card.name, rater.name), {})[name] = answer
    return found


async def rate(
    rater: ChatModel,
    dialogue: Dialogue,
    dimension: str,
    card: RoleCard | None = None,
    config: EscEvalConfig = PUBLISHED,
    faults: frozenset[str] = frozenset(),
    seed: int = 0,
) -> Answer:
    """Have a dialogue rated on one dimension: ``score`` is 0 to 4, or the answer is a failure.

    Args:
        rater: Who rates.
        dialogue: The whole dialogue.
        dimension: One of the seven.
        card: Who was played; shown only where the configuration says so.
        config: The constants.
        faults: Erratum ids that are switched on.
        seed: Of the reply.
    """
    rule = published_score if SMALLEST_LABEL in faults else strict_score

    def read(text: str) -> dict[str, Any] | Unparsed:
        score = rule(text)
        return Unparsed("there is no whole number from 0 to 4", text) if score == UNPARSED else {"score": score}

    where = f"{card.name if card else dialogue.id}/{rater.name}/{dimension}"
    inputs = rating_inputs(dialogue, dimension, card if config.rater_sees_card else None)
    return await RATE.ask(rater, inputs, item=where, asks=config.asks, read=read, seed=seed)


def rating_inputs(dialogue: Dialogue, dimension: str, card: RoleCard | None = None) -> dict[str, Any]:
    """What a rater sees: the lines joined by blank lines, the speakers renamed, and the rubric."""
    lines = [f"{RATED_AS[one.speaker]}: {' '.join(one.text.split())}" for one in dialogue]
    return {"dialogue": "\n\n".join(lines), "rubric": rubrics()[dimension], "card": card.text if card else ""}


def _rated(card: RoleCard, played: Played, answers: dict[str, dict[str, Answer]], config: EscEvalConfig) -> Rated:
    dialogue = played.dialogue
    person, model = dialogue.said_by(PERSON), dialogue.said_by(MODEL)[1:]
    scores = {
        rater: {name: None if a.failure is not None else int(a["score"]) for name, a in row.items()}
        for rater, row in answers.items()
    }
    lost = [_named(a.failure, card) for row in answers.values() for a in row.values() if a.failure is not None]
    return Rated(
        card,
        dialogue,
        not played.failed,
        scores,
        check_leaks(card.problem, person, config.leak_limit),
        check_referral(person, model),
        declines(dialogue),
        (*played.failures, *lost),
    )


def _named(failure: Failure, card: RoleCard) -> Failure:
    return replace(failure, where=failure.where or card.name)


def plan_calls(cards: int, raters: int, config: EscEvalConfig = PUBLISHED) -> dict[str, int]:
    """The calls of each kind when nothing fails: turns of the player, turns of the model, ratings."""
    return {
        "player": cards * config.rounds,
        "model": cards * config.rounds,
        RATE.name: cards * raters * len(DIMENSIONS),
    }


# --- the contract: three cards; the rater sees them, for a rubric alone gives the simulated judge nothing to hold on to ---


async def _example(model: ChatModel, seed: int) -> list[dict[str, Any]]:
    config = EscEvalConfig(rater_sees_card=True, rounds=3)
    result = await run_esc_eval(model, model, [model], bundled_cards("english")[:3], config=config, seed=seed)
    return result.rows()


CONTRACT = Contract(
    example=_example,
    steps=STEPS,
    first=(RATE.name, rating_inputs(Dialogue("d", [(MODEL, "Hello."), (PERSON, "I am tired.")]), "fluency")),  # type: ignore[list-item]
    load=Rated.from_row,
    save=Rated.as_row,
    unheard={f"{RATE.name}/rubric": "the subject judges every dimension by the same reading of card and dialogue"},
)
