"""LikeBench: does a model become more pleasant to a user whom it comes to know?

The procedure in the page's order: profiles, session priors, the loop of speaking, answering and rating, the tested model's memory,
and what the ratings come to.

Source: *LikeBench: Evaluating Subjective Likability in LLMs for Personalization*, arXiv 2512.13077; likebench page, steps 1 to 8.
Differs: prompts, descriptions and facet list are our own (none was published in what could be read); the numbers of profiles,
sessions and turns, the order of averaging and whether the tested model sees earlier sessions are parameters for the same reason.
A turn without a reply ends its session; a reply that declines is rated like any other and counted as refused.
Units: a turn is one user turn with its answer; intervals resample profiles.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from personarium.benchmarks.likebench.memory import (
    DynamicUserProfile,
    MemoryMaker,
    StoredFact,
    UserMemory,
    facts_of,
    judged_facts,
    noted_for,
    told,
    truth_of,
)
from personarium.benchmarks.likebench.priors import Prior, draw_priors
from personarium.benchmarks.likebench.profile_writing import CONCURRENCY, make_profiles, profile_inputs
from personarium.benchmarks.likebench.profiles import Profile, draw_profiles
from personarium.benchmarks.likebench.ratings import Rating, completed, problems
from personarium.benchmarks.likebench.results import LikeBenchConfig, LikeBenchResult, Talks, Truthful
from personarium.benchmarks.likebench.rules import note_holds
from personarium.benchmarks.likebench.steps import (
    FACTS,
    NOTES,
    PARTNER,
    PRIORS,
    PROFILE,
    RATE,
    REPLY,
    STEPS,
    TRUTH,
    USER,
)
from personarium.benchmarks.likebench.talk import Exchange, Moment, tested_messages
from personarium.benchmarks.likebench.users import ModelUser, Rated, SimulatedUser, UserMaker
from personarium.core.chat import ChatModel, Sampling
from personarium.core.contract import Contract
from personarium.core.errors import RemoteError, UsageError
from personarium.core.label import labelled
from personarium.core.results import Failure, count_failures
from personarium.models.step import Answer
from personarium.play.agents import Spoken
from personarium.runs.mapping import map_kept
from personarium.text.refusals import is_refusal

if TYPE_CHECKING:
    from personarium.runs import Run
    from personarium.runs.plan import DryRun

DEFAULT = LikeBenchConfig()


async def run_likebench(
    model: ChatModel,
    user: ChatModel | UserMaker,
    profiles: Sequence[Profile],
    *,
    judge: ChatModel | None = None,
    judge_share: float = 1.0,
    memory: MemoryMaker | None = None,
    checker: ChatModel | None = None,
    config: LikeBenchConfig = DEFAULT,
    run: Run | DryRun | None = None,
    concurrency: int = CONCURRENCY,
) -> LikeBenchResult:
    """Let simulated users talk with a model over several sessions and rate every reply.

    Args:
        model: The tested model.
        user: A model that plays the users, or a function that makes a user for a profile (``rule_user``, ``length_user(20)``).
        profiles: Who the users are; ids are unique.
        judge: Another model that rates in place of the user model.
        judge_share: The share of turns that the judge rates.
        memory: Makes the tested model's memory of one user, from the user's id alone; None tests without memory.
        checker: Writes priors, checks stored facts and truthfulness; the judge or the user model by default. Facts about
            rule-based users are checked by rules when there is none.
        config: The protocol.
        run: The run to record and resume in.
        concurrency: Profiles at once.

    Raises:
        UsageError: Two profiles of one id, a judge for rule-based users, or a step that needs a model and has none.
    """
    if len({profile.id for profile in profiles}) < len(profiles):
        raise UsageError("two profiles have the same id; give each its own")
    work = _Work(model, *_seats(user, judge, judge_share, checker, config), memory, config)
    if run is not None:
        run.add_prompts((*STEPS, PARTNER))
    talks = await map_kept(
        run,
        "likebench.profiles",
        profiles,
        lambda profile: _talks(work, profile),
        key=lambda profile: profile.id,
        failure=lambda talk: None if talk.ratings else Failure("missing", "no turn was rated"),
        concurrency=concurrency,
    )
    # One name for all users: makers of rule-based users give each profile its own wishes but the same name.
    name = user.name if isinstance(user, ChatModel) else work.user(profiles[0]).name if profiles else ""
    return LikeBenchResult(model.name, name, config, tuple(talks))


def _seats(
    user: ChatModel | UserMaker,
    judge: ChatModel | None,
    share: float,
    checker: ChatModel | None,
    config: LikeBenchConfig,
) -> tuple[UserMaker, ChatModel | None]:
    if isinstance(user, ChatModel):
        played = ModelUser(user, judge, share)
        return lambda profile: played, checker or judge or user
    if judge is not None:
        raise UsageError("users by rules rate by rules; a judge needs a user model")
    if checker is None and (config.priors == "model" or config.check_truth):
        raise UsageError("priors by a model and a check of truthfulness need a model; name a checker")
    return user, checker


@dataclass(frozen=True)
class _Work:
    """What all talks of one run share."""

    model: ChatModel
    user: UserMaker
    checker: ChatModel | None
    memory: MemoryMaker | None
    config: LikeBenchConfig


@dataclass
class _Record:
    """What is known of one profile's talks so far."""

    profile: Profile
    user: SimulatedUser
    memory: UserMemory | None
    sessions: list[tuple[Exchange, ...]] = field(default_factory=list)
    ratings: list[Rating] = field(default_factory=list)
    truth: list[Truthful] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def note(self, failure: Failure | None, where: str) -> bool:
        """Keep a failure; says whether there was one."""
        if failure is not None:
            self.failures.append(replace(failure, where=failure.where or where))
        return failure is not None

    def said(self) -> list[str]:
        """The user's turns."""
        return [exchange.said for session in self.sessions for exchange in session]


# --- steps 3 and 4: priors, then session after session ---


async def _talks(work: _Work, profile: Profile) -> Talks:
    record = _Record(profile, work.user(profile), None if work.memory is None else work.memory(profile.id))
    priors = await _priors(work, record)
    for k in range(len(priors)):
        await _session(work, record, priors[: k + 1])
    facts = await _checked_facts(work, record)
    return Talks(
        profile.id,
        profile.social,
        profile.predictable,
        priors,
        tuple(record.sessions),
        tuple(record.ratings),
        tuple(record.truth),
        None if record.memory is None else record.memory.text(),
        facts,
        tuple(record.failures),
    )


async def _priors(work: _Work, record: _Record) -> tuple[Prior, ...]:
    config = work.config
    if config.priors == "drawn" or work.checker is None:
        return draw_priors(record.profile, config.sessions, config.seed)
    answer = await PRIORS.ask(work.checker, priors_inputs(record.profile, config.sessions), seed=config.seed)
    if record.note(answer.failure, record.profile.id):
        return ()
    return tuple(Prior(**{name: str(entry[name]) for name in ("topic", "mood", "goal")}) for entry in answer["items"])


def priors_inputs(profile: Profile, sessions: int) -> dict[str, Any]:
    """What step 3 is asked with."""
    return {"profile": profile.text, "interests": "\n".join(f"- {t}" for t in profile.topics), "sessions": sessions}


async def _session(work: _Work, record: _Record, priors: tuple[Prior, ...]) -> None:
    """One session; a side that fails to speak ends it."""
    current: list[Exchange] = []
    for _ in range(work.config.turns):
        moment = Moment(record.profile, priors, tuple(record.sessions), tuple(current), work.config.seed)
        exchange = await _turn(work, record, moment)
        if exchange is None:
            break
        current.append(exchange)
    if record.memory is not None and work.config.observe == "session" and current:
        heard = [utterance for exchange in current for utterance in exchange.utterances()]
        record.note(await told(record.memory, len(priors), heard, record.profile.id), record.profile.id)
    record.sessions.append(tuple(current))


async def _turn(work: _Work, record: _Record, moment: Moment) -> Exchange | None:
    """The user speaks, the tested model answers, the user rates; ratings go into the record and nowhere else."""
    spoken = await record.user.speak(moment)
    if record.note(spoken.failure, moment.place):
        return None
    moment = replace(moment, said=spoken.text)
    answer = await _reply(work, record, moment)
    record.note(answer.failure, moment.place)
    if not answer.text:
        return None
    moment = replace(moment, reply=answer.text)
    exchange = Exchange(spoken.text, answer.text)
    # Asked at once, recorded in a fixed order: nothing in a result depends on who answers first.
    rated, unheard, verdict = await asyncio.gather(
        record.user.rate(moment), _observe(work, record, moment, exchange), _check(work, moment)
    )
    _keep_ratings(record, moment, work.model.name, rated)
    record.note(unheard, moment.place)
    if verdict is not None:
        record.note(verdict.failure, moment.place)
        truthful = None if verdict.failure else bool(verdict["truthful"])
        record.truth.append(Truthful(moment.session, moment.turn, truthful))
    return exchange


async def _reply(work: _Work, record: _Record, moment: Moment) -> Spoken:
    """The tested model's answer. A refusal is an answer too: the user gets to rate it, and it is counted."""
    try:
        noted = "" if record.memory is None else await noted_for(record.memory, moment.said)
        messages = tested_messages(moment, noted, work.config.history)
        with labelled(step=REPLY):
            sampling = Sampling(temperature=work.config.temperature, seed=work.config.seed)
            text = (await work.model.generate(messages, sampling)).text.strip()
    except RemoteError as error:
        return Spoken("", Failure("error", str(error), moment.place))
    if not text:
        return Spoken("", Failure("empty", "the tested model's reply is empty", moment.place))
    refused = (
        Failure("refused", "the tested model declined to answer", moment.place, (text,)) if is_refusal(text) else None
    )
    return Spoken(text, refused)


def _keep_ratings(record: _Record, moment: Moment, model: str, rated: Rated) -> None:
    whole = completed(rated.given, moment.session, rated.failure)
    if not record.note(rated.failure, moment.place):
        record.failures += problems(whole, moment.place)
    record.ratings += [
        Rating(record.profile.id, model, moment.session, moment.turn, name, g.score, g.reason, g.status, rated.rater)
        for name, g in whole.items()
    ]


# --- step 5: memory; traps: truthfulness beside likability ---


async def _observe(work: _Work, record: _Record, moment: Moment, exchange: Exchange) -> Failure | None:
    if record.memory is None or work.config.observe != "turn":
        return None
    return await told(record.memory, moment.session, exchange.utterances(), moment.place)


async def _check(work: _Work, moment: Moment) -> Answer | None:
    """The verdict on one reply, by what is known of the user up to this turn."""
    if not work.config.check_truth or work.checker is None:
        return None
    known = truth_of(moment.profile.text, moment.user_turns)
    inputs = {"truth": known, "question": moment.said, "response": moment.reply}
    return await TRUTH.ask(work.checker, inputs, seed=work.config.seed)


async def _checked_facts(work: _Work, record: _Record) -> tuple[StoredFact, ...]:
    """Step 8: what the memory holds, checked by the checker, or by rules for users without a model."""
    if record.memory is None:
        return ()
    facts, said = facts_of(record.memory), record.said()
    if work.checker is None:
        return tuple(replace(fact, holds=note_holds(fact.text, record.profile, said)) for fact in facts)
    judged, failure = await judged_facts(facts, truth_of(record.profile.text, said), work.checker, work.config.seed)
    record.note(failure, record.profile.id)
    return judged


def plan_calls(
    profiles: int,
    config: LikeBenchConfig = DEFAULT,
    *,
    user_model: bool = True,
    memory: bool = False,
    checks_facts: bool = True,
) -> dict[str, int]:
    """Calls of each step when nobody fails; re-asks not counted."""
    sessions = profiles * config.sessions
    turns = sessions * config.turns
    calls = {
        PRIORS.name: profiles * (config.priors == "model"),
        USER.name: turns * user_model,
        REPLY: turns,
        RATE.name: turns * user_model,
        NOTES.name: (turns if config.observe == "turn" else sessions) * memory,
        TRUTH.name: turns * config.check_truth,
        FACTS.name: profiles * (memory and checks_facts),
    }
    return {name: count for name, count in calls.items() if count}


# --- the contract ---


async def _example(model: ChatModel, seed: int) -> list[dict[str, Any]]:
    written, unwritten = await make_profiles(model, draw_profiles(2, seed), seed)
    profiles = [*written, *(replace(drawn, id=f"drawn/{drawn.id}") for drawn in draw_profiles(2, seed + 1))]
    config = LikeBenchConfig(sessions=2, turns=2, priors="model", check_truth=True, seed=seed)
    result = await run_likebench(
        model, model, profiles, memory=lambda id: DynamicUserProfile(model, id, seed), config=config
    )
    return [{"id": "setup", "failures": count_failures(unwritten)}, *result.rows()]


def _load(row: Mapping[str, Any]) -> Any:
    return dict(row) if row["id"] == "setup" else Talks.from_row(row)


def _save(loaded: Any) -> Mapping[str, Any]:
    return loaded if isinstance(loaded, dict) else loaded.as_row()


CONTRACT = Contract(
    example=_example,
    steps=STEPS,
    first=(PROFILE.name, profile_inputs(draw_profiles(1)[0])),
    load=_load,
    save=_save,
    unheard={
        f"{RATE.name}/rubric": "the subject grades by the facts of the persona, whatever the metric",
        f"{RATE.name}/scene": "the subject has no sense of moods and goals when it grades",
        f"{NOTES.name}/memory": "the subject notes what the dialogue says and takes no older note over",
        f"{TRUTH.name}/question": "the subject compares the response with what is known, whatever was asked",
    },
)
