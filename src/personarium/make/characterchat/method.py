"""CharacterChat: a bank of characters by type, support dialogues between them, ratings that train a matching.

The steps in the page's order: the bank, the pairing, then the dialogues of :mod:`personarium.play.characterchat`.

Source: *CharacterChat: Learning towards Conversational AI with Personalized Social Support*, arXiv 2308.10278; characterchat
page; constants from the official code.
Differs: see the modules of both rooms; the type descriptions are our own; a place that stays empty meets nobody; models are
prompted, not fine-tuned (step 10 belongs to training), and the two small trained models are a ridge and a logistic regression
over embeddings.
Units: a turn is one utterance, numbered from 0; scores and match labels lie from 1 to 5, moods from 0 to 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.errata import Published, published_faults
from personarium.make.characterchat.bank import BankConfig, Slot, invent_inputs, make_bank
from personarium.make.characterchat.pairing import listed, pair
from personarium.make.characterchat.result import PUBLISHED, CharacterChatConfig, CharacterChatResult
from personarium.make.characterchat.steps import ADD, ENRICH, INVENT, REWORD, STATE, STEPS
from personarium.play.characterchat import method as play
from personarium.play.characterchat.characters import FIELDS, Character
from personarium.play.characterchat.result import DialogueConfig, SupportDialogue
from personarium.play.characterchat.steps import MOOD, RATE
from personarium.play.characterchat.steps import STEPS as PLAY_STEPS

if TYPE_CHECKING:
    from personarium.runs.plan import DryRun
    from personarium.runs.run import Run

ERRATA = ("profile-short-fields", *play.ERRATA)


async def run_characterchat(
    count: int,
    writer: ChatModel,
    cast: play.Cast | None = None,
    *,
    config: CharacterChatConfig = PUBLISHED,
    as_published: Published = False,
    run: Run | DryRun | None = None,
    concurrency: int = 20,
) -> CharacterChatResult:
    """Make characters and let them talk.

    Args:
        count: Characters, spread over the types; 1,024 in the paper.
        writer: Writes them.
        cast: Who plays and rates; the writer does everything by default.
        config: The constants.
        as_published: True or erratum ids bring published faults back. With ``guard-first-use`` no dialogue comes about.
        run: The run to record and resume in.
        concurrency: Characters or dialogues at once.

    Raises:
        UsageError: Too few characters for so many partners.
    """
    faults = published_faults(as_published, ERRATA)
    if config.partners:
        pair(count, config.partners, config.seed)  # refused before anything is paid for
    if run is not None:
        run.add_prompts(STEPS)
    slots = await make_bank(count, writer, config.bank, as_published=faults, run=run, concurrency=concurrency)
    people = [slot.character for slot in slots if slot.character is not None]
    pairs = _pairs(people, config)
    players = cast or play.Cast(writer, writer, writer, writer)
    talks = await play.play_support_dialogues(
        people,
        pairs,
        players if config.rated else replace(players, judge=None),
        config=config.dialogues,
        as_published=faults & set(play.ERRATA),
        run=run,
        concurrency=concurrency,
    )
    return CharacterChatResult(tuple(slots), tuple(talks), config)


def _pairs(people: Sequence[Character], config: CharacterChatConfig) -> list[tuple[int, int]]:
    """Step 3, among those who are there; where places stayed empty everybody meets as many as there are."""
    partners = min(config.partners, len(people) - 1)
    if partners < 1:
        return []
    drawn = listed(pair(len(people), partners, config.seed))
    return [(people[seeker].index, people[supporter].index) for seeker, supporter in drawn]


def plan_calls(count: int, config: CharacterChatConfig = PUBLISHED) -> dict[str, int]:
    """The most calls of each step without re-asks: every field is long, every dialogue goes to the cap."""
    long_fields = len(FIELDS) - 5  # name, gender, age, region and job are never reworded
    bank = {INVENT.name: 1, ENRICH.name: 1, STATE.name: 2, REWORD.name: long_fields, ADD.name: 1}
    talks = play.plan_calls(count * config.partners, config.dialogues, config.rated) if config.partners else {}
    return {**{name: n * count for name, n in bank.items()}, **talks}


# --- the contract ---


async def _example(model: ChatModel, seed: int) -> Sequence[dict[str, Any]]:
    # The subject's facts are short: fields of three words are long here, so that rewording is asked for.
    bank = BankConfig(types=("INFJ", "ESTP"), long_words=3, seed=seed)
    config = CharacterChatConfig(bank, DialogueConfig(seed=seed, last_turn=13), partners=1, seed=seed)
    return (await run_characterchat(2, model, config=config)).rows()


def _load(row: Mapping[str, Any]) -> Slot | SupportDialogue:
    return Slot.from_row(row) if str(row["id"]).startswith("character/") else SupportDialogue.from_row(row)


CONTRACT = Contract(
    example=_example,
    steps=(*STEPS, *PLAY_STEPS),
    first=(INVENT.name, invent_inputs("INFJ", 0, BankConfig())),
    load=_load,
    save=lambda made: made.as_row(),
    unheard={
        f"{MOOD.name}/options": "the subject has no sense of moods: it takes one of the printed levels by chance",
        f"{RATE.name}/rubric": "to the subject a dialogue is as good as what the seeker tells of its own facts",
    },
)
