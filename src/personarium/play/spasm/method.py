"""SPASM: dialogues of stable personas, from drawn fields to an audited file.

The procedure in the paper's order: schema sampling, validator, crafter, dialogue with egocentric projection, termination
detector, audit, file.

Source: *SPASM: Stable Persona-driven Agent Simulation for Multi-turn Dialogue Generation*, arXiv 2604.09212 (Findings of ACL
2026); spasm page, steps 1 to 7; constants from the release's statistics.
Differs: prompts and the pools' values are our own (neither is published); at most 10 draws a person, then the place stays empty;
T = 4 and m = 4 in the detector; the client sees the drawn fields beside the crafted description (``fields_shown``); a
verdict that cannot be read never accepts a person or a dialogue; at most 3 regenerations of a rejected dialogue.
Units: turns count utterances of one agent, utterances those of both.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from personarium.core.chat import ChatModel, Sampling
from personarium.core.contract import Contract
from personarium.core.results import Failure
from personarium.play.agents import Agent
from personarium.play.dialogues import CONCURRENCY, Casting, Played, play_dialogues
from personarium.play.role_audit import AUDIT, Audit, audit_roles, scan
from personarium.play.spasm.data_format import CLIENT, RESPONDER, conversation_name
from personarium.play.spasm.result import RELEASE, Person, Screened, SpasmConfig, SpasmResult
from personarium.play.spasm.schema import Fields, Schema, default_schema, lines_of, sentences_of
from personarium.play.spasm.steps import CLIENT_PROMPT, CRAFT, RESPONDER_PROMPT, STEPS, VALIDATE
from personarium.play.termination import TERMINATION, TerminationDetector
from personarium.runs.mapping import map_kept

if TYPE_CHECKING:
    from personarium.runs.run import Run

T = TypeVar("T")
R = TypeVar("R")


async def run_spasm(
    client: ChatModel,
    responder: ChatModel,
    helper: ChatModel | None = None,
    *,
    config: SpasmConfig = RELEASE,
    schema: Schema | None = None,
    run: Run | None = None,
    concurrency: int = CONCURRENCY,
) -> SpasmResult:
    """Make personas and play their dialogues.

    Args:
        client: Plays the persons.
        responder: Their partner; ``tested`` in the release.
        helper: Validator, crafter, detector and auditor; the responder's model by default.
        config: The constants.
        schema: What persons are drawn from; the bundled one by default.
        run: The run to record and resume in.
        concurrency: Persons or dialogues at once.
    """
    work = _Work(client, responder, helper or responder, config, schema or default_schema(), run, concurrency)
    if run is not None:
        run.add_prompts((*STEPS, CLIENT_PROMPT, RESPONDER_PROMPT))
    people = await work.map("personas", range(config.personas), lambda k: make_person(work, k), lambda k: f"{k:04d}")
    models = {"client": client.name, "responder": responder.name, "helper": work.helper.name}
    return SpasmResult(config, tuple(people), tuple(await _dialogues(work, people)), models)


@dataclass
class _Work:
    """What every step of one run shares."""

    client: ChatModel
    responder: ChatModel
    helper: ChatModel
    config: SpasmConfig
    schema: Schema
    run: Run | None
    concurrency: int
    agents: dict[int, Agent] = field(default_factory=dict)

    async def map(
        self, stage: str, items: Sequence[T], work: Callable[[T], Awaitable[R]], key: Callable[[T], str]
    ) -> list[R]:
        """Work on all items, counted in the run when there is one; results in order, failures inside them."""
        name = f"spasm.{stage}"
        return await map_kept(self.run, name, items, work, key=key, failure=_nobody, concurrency=self.concurrency)


def _nobody(result: object) -> Failure | None:
    missing = isinstance(result, Person) and result.empty
    return Failure("missing", "nobody took the place") if missing else None


# --- steps 1 to 3: schema sampling, validator, crafter ---


async def make_person(work: _Work, number: int) -> Person:
    """Draw fields until the validator accepts them, then have them written as prose."""
    failures: list[Failure] = []
    rejected = 0
    for draw in range(work.config.max_draws):
        fields = work.schema.draw(work.config.seed, number, draw)
        inputs = {"fields": lines_of(fields), "rules": "\n".join(work.schema.rules)}
        verdict = await VALIDATE.ask(work.helper, inputs, item=f"{number:04d}", sample=draw, seed=work.config.seed)
        if verdict.failure is not None:
            failures.append(verdict.failure)
        elif verdict["verdict"] == "accept":
            return await _crafted(work, number, fields, draw + 1, rejected, failures)
        else:
            rejected += 1
    return Person(number, None, "", work.config.max_draws, rejected, tuple(failures))


async def _crafted(
    work: _Work, number: int, fields: Fields, drawn: int, rejected: int, failures: list[Failure]
) -> Person:
    inputs = {"sentences": "\n".join(sentences_of(fields))}
    crafted = await CRAFT.ask(work.helper, inputs, item=f"{number:04d}", seed=work.config.seed)
    if crafted.failure is not None:
        return Person(number, fields, "", drawn, rejected, (*failures, crafted.failure))
    return Person(number, fields, str(crafted["description"]), drawn, rejected, tuple(failures))


# --- steps 4 to 6: dialogue, projection, detector; step 7: quality pass, rejected ones again ---


async def _dialogues(work: _Work, people: Sequence[Person]) -> list[Screened]:
    slots = [(p, c) for p in people if not p.empty for c in range(work.config.dialogues_per_persona)]
    done: dict[tuple[int, int], Screened] = {}
    for attempt in range(work.config.regenerations + 1):
        due = [(p, c) for p, c in slots if (p.number, c) not in done or done[p.number, c].rejected_because]
        if not due:
            break
        castings = [_casting(work, person, number, attempt) for person, number in due]
        stage = "spasm.dialogues" if not attempt else f"spasm.dialogues.{attempt + 1}"
        played = await play_dialogues(castings, run=work.run, stage=stage, concurrency=work.concurrency)
        jobs = [(*slot, p, attempt) for slot, p in zip(due, played, strict=True)]
        name = "audit" if not attempt else f"audit.{attempt + 1}"
        for screened in await work.map(name, jobs, lambda job: _screen(work, *job), lambda job: job[2].id):
            key = (screened.person.number, screened.number)
            before = done[key].failures if key in done else ()
            done[key] = replace(screened, failures=(*before, *screened.failures))
    return [done[p.number, c] for p, c in slots]


def _casting(work: _Work, person: Person, number: int, attempt: int) -> Casting:
    config = work.config
    return Casting(
        id=conversation_name(person.number, number),
        speakers=(client_agent(work, person), responder_agent(work)),
        detector=TerminationDetector(work.helper, config.detect_after, config.detect_window),
        max_turns=config.max_turns,
        seed=config.seed,
        sample=number,
        attempt=attempt,
    )


def client_agent(work: _Work, person: Person) -> Agent:
    """The client: its persona and its own instruction, and nothing of the responder's."""
    if person.number not in work.agents:
        domain = str((person.fields or {}).get("domain", "a matter of your own"))
        work.agents[person.number] = Agent(
            person.persona(work.config.fields_shown),
            work.client,
            id=CLIENT,
            sampling=Sampling(temperature=work.config.temperature),
            instructions=CLIENT_PROMPT.render(domain=domain)[0]["content"],
            projection=work.config.projection,
        )
    return work.agents[person.number]


def responder_agent(work: _Work) -> Agent:
    """The responder: no persona, and nothing of the client's."""
    if -1 not in work.agents:
        work.agents[-1] = Agent(
            None,
            work.responder,
            id=RESPONDER,
            sampling=Sampling(temperature=work.config.temperature),
            instructions=RESPONDER_PROMPT.render()[0]["content"],
            projection=work.config.projection,
        )
    return work.agents[-1]


async def _screen(work: _Work, person: Person, number: int, played: Played, attempt: int) -> Screened:
    systems = {CLIENT: client_agent(work, person).system, RESPONDER: responder_agent(work).system}
    findings = tuple(scan(played.dialogue, systems))
    audit: Audit | None = None
    if work.config.audit and not played.failed:
        audit = await audit_roles(
            played.dialogue, work.helper, seed=work.config.seed, sample=number, attempt=attempt, persona=CLIENT
        )
    unread = (audit.failure,) if audit is not None and audit.failure is not None else ()
    return Screened(person, number, played, audit, findings, attempt + 1, (*played.failures, *unread))


def plan_calls(config: SpasmConfig = RELEASE) -> dict[str, int]:
    """The most calls of each step without regeneration and with one draw a person."""
    talks = config.personas * config.dialogues_per_persona
    rounds = range(1, config.max_turns)
    return {
        VALIDATE.name: config.personas,
        CRAFT.name: config.personas,
        "play.turn": talks * 2 * config.max_turns,
        TERMINATION.name: talks * sum(2 * r >= config.detect_after for r in rounds),
        AUDIT.name: talks * config.audit,
    }


async def _example(model: ChatModel, seed: int) -> Sequence[dict[str, Any]]:
    # Long enough for a goodbye, so that the detector has something to find.
    config = SpasmConfig(personas=2, dialogues_per_persona=2, seed=seed, max_turns=10, detect_after=18, regenerations=1)
    return (await run_spasm(model, model, config=config)).rows()


def _first_inputs() -> dict[str, Any]:
    schema = default_schema()
    return {"fields": lines_of(schema.draw(0, 0)), "rules": "\n".join(schema.rules)}


CONTRACT = Contract(
    example=_example,
    steps=STEPS,
    first=(VALIDATE.name, _first_inputs()),
    unheard={
        f"{TERMINATION.name}/rubric": "the subject's own sense of an end is a goodbye or thanks in the last two turns",
        f"{AUDIT.name}/dialogue": "a dialogue without a failure of role and an empty one get the same verdict",
    },
)
