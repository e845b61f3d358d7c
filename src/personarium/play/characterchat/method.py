"""CharacterChat's support dialogues: two characters, an aspect of the own life in each turn, an end by mood, ratings.

The steps in the page's order: tone samples, turns with turn-level memory of the own profile, an end by the seeker's mood or
at the cap, two farewells, a rating. Making the characters stands in :mod:`personarium.make.characterchat`.

Source: *CharacterChat: Learning towards Conversational AI with Personalized Social Support*, arXiv 2308.10278; characterchat
page, steps 4 to 9; constants from the official code.
Differs: prompts are in our own words; a mood or an aspect that cannot be had does not lose the dialogue (it is no score, no
aspect, and a counted failure); a cue stands before the seeker's first words where endpoints want a user to speak first
(``opening_cue``); words of self-harm end a dialogue with a referral and flag it (``no-crisis-handling`` is as published); the
cleaning cuts no meaning (``cleaning-cuts``); every speaker has its own guard (``guard-shared``), which works from the start
(``guard-first-use``); farewells have no aspect (``farewell-stale-aspect``).
Units: a turn is one utterance, numbered from 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from personarium.core.chat import ChatModel
from personarium.core.dialogue import Dialogue, Utterance
from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput, RemoteError
from personarium.core.results import Failure
from personarium.play.characterchat.aspects import AskedChooser, Chooser
from personarium.play.characterchat.characters import SEEKER, SUPPORTER, Character, Role
from personarium.play.characterchat.moods import MoodWatch
from personarium.play.characterchat.rating import rate_dialogue
from personarium.play.characterchat.result import PUBLISHED, DialogueConfig, SupportDialogue, Turn
from personarium.play.characterchat.speakers import CharacterSpeaker, CrisisFound, Table
from personarium.play.characterchat.steps import ASPECT, FAREWELL, MOOD, RATE, STEPS, TONE, TURN
from personarium.play.dialogues import Casting, Ending, play_dialogue
from personarium.runs.mapping import map_items, map_kept
from personarium.runs.outcome import values_or_failures

if TYPE_CHECKING:
    from personarium.runs.plan import DryRun
    from personarium.runs.run import Run

ERRATA = ("guard-first-use", "guard-shared", "farewell-stale-aspect", "cleaning-cuts", "no-crisis-handling")
CONCURRENCY = 50
Pair = tuple[int, int]


@dataclass(frozen=True)
class Cast:
    """Who does what.

    Args:
        seeker: Plays the seekers.
        supporter: Plays the supporters.
        helper: Writes tone samples, chooses aspects, reads moods.
        judge: Rates dialogues; None rates none.
        chooser: Chooses aspects in the helper's place, for instance a trained selector.
    """

    seeker: ChatModel
    supporter: ChatModel
    helper: ChatModel
    judge: ChatModel | None = None
    chooser: Chooser | None = None


@dataclass(frozen=True)
class _Work:
    """What all dialogues of one call share."""

    cast: Cast
    characters: Mapping[int, Character]
    config: DialogueConfig
    faults: frozenset[str]
    run: Run | DryRun | None
    concurrency: int


async def play_support_dialogues(
    characters: Sequence[Character],
    pairs: Sequence[Pair],
    cast: Cast,
    *,
    config: DialogueConfig = PUBLISHED,
    as_published: Published = False,
    run: Run | DryRun | None = None,
    concurrency: int = CONCURRENCY,
) -> list[SupportDialogue]:
    """Play and rate dialogues.

    Args:
        characters: The bank, or a part of it.
        pairs: (seeker, supporter) by index; no pair twice.
        cast: The models.
        config: The constants.
        as_published: True or erratum ids bring published faults back. With ``guard-first-use`` no dialogue comes about.
        run: The run to record and resume in.
        concurrency: Dialogues at once.

    Returns:
        One dialogue a pair, in order; those that failed are among them.

    Raises:
        InvalidInput: A pair of somebody with themselves, of somebody unknown, or given twice.
    """
    known = {character.index: character for character in characters}
    _check(pairs, known)
    faults = published_faults(as_published, ERRATA)
    work = _Work(cast, known, config, faults, run, concurrency)
    if run is not None:
        run.add_prompts((*STEPS, TURN, FAREWELL))
    jobs = list(enumerate(pairs))
    talks = await map_kept(
        run,
        "characterchat.dialogues",
        jobs,
        lambda job: _dialogue(work, *job),
        key=lambda job: "{:04d}-{:04d}".format(*job[1]),
        failure=lambda talk: talk.failures[-1] if talk.ended == "failed" and talk.failures else None,
        concurrency=concurrency,
    )
    return await _rated(work, talks)


def _check(pairs: Sequence[Pair], known: Mapping[int, Character]) -> None:
    seen: set[Pair] = set()
    for pair in pairs:
        if pair[0] == pair[1] or pair in seen:
            raise InvalidInput("pairs", "two different characters, each pair once", pair)
        unknown = [index for index in pair if index not in known]
        if unknown:
            raise InvalidInput("pairs", "indices of characters that are given", unknown[0])
        seen.add(pair)


# --- step 4: tone samples ---


async def _dialogue(work: _Work, number: int, pair: Pair) -> SupportDialogue:
    tones: dict[str, str] = {}
    roles: tuple[tuple[Role, int], ...] = ((SEEKER, pair[0]), (SUPPORTER, pair[1]))
    for role, index in roles:
        inputs = {"statement": work.characters[index].statement(role), "count": work.config.tone_samples}
        answer = await TONE.ask(work.cast.helper, inputs, asks=work.config.asks, seed=work.config.seed, sample=number)
        if answer.failure is not None:
            return SupportDialogue(*pair, tones=tones, failures=(answer.failure,))
        tones[role] = tone_text(answer["items"])
    return await _played(work, number, pair, tones)


def tone_text(items: Sequence[Mapping[str, str]]) -> str:
    """The samples as lines of a system message."""
    return "\n".join(f'When the other says "{item["cue"]}", you say "{item["answer"]}".' for item in items)


# --- steps 5 to 8: turns, aspects, moods, farewells ---


async def _played(work: _Work, number: int, pair: Pair, tones: dict[str, str]) -> SupportDialogue:
    config = work.config
    table = Table(SupportDialogue(*pair).id, config, work.faults, turns=[_opening(config)])
    seeker, supporter = _speakers(work, pair, tones, table)
    watch = MoodWatch(
        work.cast.helper, config.last_turn, config.least_moods, config.good_mood, config.good_in_a_row, config.asks
    )
    talk = SupportDialogue(*pair, tones=tones)
    try:
        opening = Dialogue(table.id, [Utterance(SEEKER, config.first_words)])
        # The supporter stands first: it answers the opening, so that each round ends with the seeker and its mood.
        played = await play_dialogue(_casting(config, number, (supporter, seeker), opening, watch))
        if not played.failed:
            partings = (replace(supporter, parting=True), replace(seeker, parting=True))
            played = await play_dialogue(_casting(config, number, partings, played.dialogue, _Once()))
        talk = replace(talk, ended="failed" if played.failed else watch.reason)
    except CrisisFound as found:
        if found.crisis.speaker == SEEKER and config.crisis is not None:
            referral = config.crisis.referral
            table.turns.append(Turn(len(found.dialogue), SUPPORTER, None, "", referral, referral))
        talk = replace(talk, ended="crisis", crisis=found.crisis)
    except RemoteError as error:  # of a crisis detector that asks somebody: nobody watches, so nobody goes on
        table.failures.append(Failure("error", str(error), f"{table.id}/crisis"))
    return replace(talk, turns=tuple(table.turns), moods=watch.moods, failures=(*table.failures, *watch.failures))


def _opening(config: DialogueConfig) -> Turn:
    return Turn(0, SEEKER, None, "", config.first_words, config.first_words)


def _speakers(
    work: _Work, pair: Pair, tones: Mapping[str, str], table: Table
) -> tuple[CharacterSpeaker, CharacterSpeaker]:
    seeker, supporter = (work.characters[index] for index in pair)
    names = (SEEKER, SUPPORTER, seeker.name, supporter.name)
    chooser = work.cast.chooser or AskedChooser(work.cast.helper, work.config.asks)
    return (
        CharacterSpeaker(SEEKER, seeker, tones[SEEKER], work.cast.seeker, chooser, table, names),
        CharacterSpeaker(SUPPORTER, supporter, tones[SUPPORTER], work.cast.supporter, chooser, table, names),
    )


def _casting(
    config: DialogueConfig,
    number: int,
    speakers: tuple[CharacterSpeaker, CharacterSpeaker],
    opening: Dialogue,
    detector: MoodWatch | _Once,
) -> Casting:
    # One more than the longest dialogue has, as the detector ends it.
    most = config.last_turn + 1
    return Casting(opening.id, speakers, detector, most, None, config.asks, opening, config.seed, number)


class _Once:
    """Ends a talk after one round: the farewells."""

    after = 1

    async def ended(
        self, dialogue: Dialogue, *, seed: int | None = 0, sample: int = 0, repeat: int = 0, attempt: int = 0
    ) -> Ending:
        return Ending(True)


# --- step 9: ratings ---


async def _rated(work: _Work, talks: list[SupportDialogue]) -> list[SupportDialogue]:
    """Rate the dialogues that came to their end; one that a crisis ended is not a finished conversation."""
    judge = work.cast.judge
    if judge is None:
        return talks
    due = [(number, talk) for number, talk in enumerate(talks) if talk.complete]
    config = work.config

    async def one(job: tuple[int, SupportDialogue]) -> SupportDialogue | Failure:
        number, talk = job
        statement = work.characters[talk.seeker].statement(SEEKER)
        made = await rate_dialogue(talk.dialogue(), statement, judge, asks=config.asks, seed=config.seed, sample=number)
        return made if isinstance(made, Failure) else replace(talk, rating=made)

    outcomes = await map_items(
        work.run, "characterchat.ratings", due, one, key=lambda job: job[1].id, concurrency=work.concurrency
    )
    done = values_or_failures(outcomes)
    out = list(talks)
    for (number, talk), made in zip(due, done, strict=True):
        rated = replace(talk, failures=(*talk.failures, made)) if isinstance(made, Failure) else made
        out[number] = rated
    return out


def plan_calls(dialogues: int, config: DialogueConfig = PUBLISHED, rated: bool = True) -> dict[str, int]:
    """The most calls of each step without re-asks: every dialogue goes to the cap."""
    spoken = config.last_turn - 1
    return {
        TONE.name: 2 * dialogues,
        TURN.name: spoken * dialogues,
        ASPECT.name: (spoken - 1) * dialogues,
        MOOD.name: spoken // 2 * dialogues,
        FAREWELL.name: 2 * dialogues,
        RATE.name: dialogues * rated,
    }
