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

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from personarium.core.chat import ChatModel, Sampling
from personarium.core.contract import Contract
from personarium.core.dialogue import Dialogue
from personarium.core.errors import UsageError
from personarium.core.persona import Persona
from personarium.core.results import Failure, count_failures
from personarium.models.step import Step
from personarium.play.agents import Agent, Projection
from personarium.play.dialogues import CONCURRENCY, Casting, Played, play_dialogues
from personarium.play.role_audit import AUDIT, Audit, Finding, audit_roles, audit_summary, replace_contacts, scan
from personarium.play.spasm.data_format import CLIENT, RESPONDER, Conversation, conversation_name
from personarium.play.spasm.schema import Fields, Schema, default_schema, lines_of, persona_of, sentences_of
from personarium.play.termination import TERMINATION, TerminationDetector
from personarium.runs.executors import AsyncioExecutor
from personarium.text.form import Form

if TYPE_CHECKING:
    from personarium.runs.run import Run

T = TypeVar("T")
R = TypeVar("R")
_PACKAGE = "personarium.play.spasm"

VALIDATE = Step(
    "spasm.validate",
    _PACKAGE,
    "validate",
    Form.parse("Reason: <text> Verdict: <accept|reject>"),
    Sampling(temperature=0.3),
)
CRAFT = Step("spasm.craft", _PACKAGE, "craft", Form.parse('{"description": <text>}'), Sampling(temperature=0.7))
# The two speakers' instructions; they are part of a system message and not asked by themselves.
CLIENT_PROMPT = Step("spasm.client", _PACKAGE, "client")
RESPONDER_PROMPT = Step("spasm.responder", _PACKAGE, "responder")
STEPS = (VALIDATE, CRAFT, TERMINATION, AUDIT)
# Scans whose hit rejects a dialogue; links, e-mails and doubled turns are counted only (contacts become placeholders).
REJECTING = frozenset({"machine_self_identification", "prompt_leak", "credential", "empty_turn"})


@dataclass(frozen=True)
class SpasmConfig:
    """The constants of paper and release.

    Args:
        personas: 500 (release).
        dialogues_per_persona: 10 (release).
        seed: 20260712 (release).
        max_draws: Draws of one person before its place stays empty: 10 (ours).
        max_turns: Utterances per agent: 25, so 50 in all (paper, release).
        detect_after: T, utterances before the detector is asked: 4 (ours; the release has no shorter dialogue).
        detect_window: m, utterances it sees: 4 (ours).
        temperature: Of both speakers: 0.7 (paper).
        projection: ``egocentric``, or the baseline ``concat``.
        regenerations: How often a rejected dialogue is played again: 3 (ours).
        audit: Whether a model screens every dialogue (release).
        fields_shown: Whether the client sees its drawn fields beside the description (ours).
    """

    personas: int = 500
    dialogues_per_persona: int = 10
    seed: int = 20260712
    max_draws: int = 10
    max_turns: int = 25
    detect_after: int = 4
    detect_window: int = 4
    temperature: float = 0.7
    projection: Projection = "egocentric"
    regenerations: int = 3
    audit: bool = True
    fields_shown: bool = True

    def __post_init__(self) -> None:
        for name in ("personas", "dialogues_per_persona", "max_draws", "max_turns", "detect_after", "detect_window"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, found {getattr(self, name)}")
        if self.regenerations < 0:
            raise UsageError(f"regenerations must be at least 0, found {self.regenerations}")


@dataclass(frozen=True, slots=True)
class Person:
    """One place of the population.

    Args:
        number: Its place, from 0.
        fields: The accepted fields; None when the place stays empty.
        description: As crafted; empty when the place stays empty.
        drawn: How often fields were drawn.
        rejected: How often the validator rejected them.
        failures: Unread verdicts, and a crafter that gave nothing.
    """

    number: int
    fields: Fields | None
    description: str
    drawn: int
    rejected: int
    failures: tuple[Failure, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nobody took the place."""
        return not self.description

    def persona(self, fields_shown: bool = True) -> Persona:
        """As a record; only for a place that is taken."""
        return persona_of(f"spasm-{self.number:04d}", self.fields or {}, self.description, fields_shown)


@dataclass(frozen=True, slots=True)
class Screened:
    """A played dialogue with what the quality pass said of it (``audit`` is None where no model was asked)."""

    person: Person
    number: int
    played: Played
    audit: Audit | None
    findings: tuple[Finding, ...]
    attempts: int
    failures: tuple[Failure, ...]

    @property
    def rejected_because(self) -> str:
        """Why it is not in the release; empty when it is."""
        if self.played.failed:
            return "failed"
        hit = next((f.kind for f in self.findings if f.kind in REJECTING), "")
        if hit or self.audit is None:
            return hit
        if self.audit.role_failure is None:
            return "unread audit"
        return self.audit.category if self.audit.role_failure else ""

    def as_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "id": f"dialogue/{self.played.id}",
            **self.conversation().to_dict(),
            "rejected_because": self.rejected_because,
            "attempts": self.attempts,
            "detector_calls": self.played.detector_calls,
            "findings": dict(sorted(Counter(f.kind for f in self.findings).items())),
            "failures": count_failures(self.failures),
        }

    def conversation(self) -> Conversation:
        """In the release's form; only one that is not rejected passes its validator."""
        return Conversation(
            self.person.number,
            self.number,
            self.person.fields or {},
            self.person.description,
            self.played.dialogue,
            self.played.termination_reason,
        )


@dataclass(frozen=True)
class SpasmResult:
    """Everything that was made.

    Args:
        config: The constants.
        people: One entry for each place, empty ones included.
        dialogues: One entry for each dialogue of a taken place, rejected ones included.
        models: Role (``client``, ``responder``, ``helper``) -> model name.
    """

    config: SpasmConfig
    people: tuple[Person, ...]
    dialogues: tuple[Screened, ...]
    models: Mapping[str, str]

    @property
    def rejection_rate(self) -> float | None:
        """Rejected / drawn fields."""
        drawn = sum(p.drawn for p in self.people)
        return sum(p.rejected for p in self.people) / drawn if drawn else None

    @property
    def empty_places(self) -> int:
        """Places that nobody took."""
        return sum(p.empty for p in self.people)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that failed: unread verdicts, empty and refused turns, crafters that gave nothing."""
        found = [f for p in self.people for f in p.failures]
        return (*found, *(f for d in self.dialogues for f in d.failures))

    @property
    def rejected(self) -> tuple[Screened, ...]:
        """Dialogues that were not accepted after all regenerations."""
        return tuple(d for d in self.dialogues if d.rejected_because)

    def conversations(self, redact: bool = True) -> list[Conversation]:
        """The accepted dialogues in the release's form, contact-like strings replaced by placeholders.

        :func:`~personarium.play.spasm.write_release` refuses them when places are empty or dialogues rejected.
        """
        found = [d.conversation() for d in self.dialogues if not d.rejected_because]
        return [_redacted(c)[0] for c in found] if redact else found

    def stats(self) -> dict[str, Any]:
        """Counts in the release's form (``run_stats.json``), with what was rejected and left out beside them."""
        kept = [d for d in self.dialogues if not d.rejected_because]
        placeholders: Counter[str] = Counter()
        for screened in kept:
            placeholders.update(_redacted(screened.conversation())[1])
        lengths = Counter(len(d.played.dialogue) for d in kept)
        return {
            **{f"{role}_model": name for role, name in self.models.items()},
            "seed": self.config.seed,
            "temperature": _temperatures(self.config),
            "persona_count": len(self.people) - self.empty_places,
            "conversations_per_persona": self.config.dialogues_per_persona,
            "conversation_count": len(kept),
            "max_turns_per_agent": self.config.max_turns,
            "max_utterances": 2 * self.config.max_turns,
            "termination_counts": dict(sorted(Counter(d.played.termination_reason for d in kept).items())),
            "utterance_count_distribution": {str(k): n for k, n in sorted(lengths.items())},
            "rejection_rate": self.rejection_rate,
            "empty_places": self.empty_places,
            "rejected_dialogues": dict(sorted(Counter(d.rejected_because for d in self.rejected).items())),
            "role_audit": audit_summary(d.audit for d in self.dialogues if d.audit is not None),
            "failures": count_failures(self.failures),
            "postprocessing": {
                "contact_like_string_redaction": {"placeholder_counts": dict(sorted(placeholders.items()))}
            },
        }

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each place and each dialogue."""
        places = [
            {
                "id": f"person/{p.number:04d}",
                "fields": None if p.fields is None else dict(p.fields),
                "description": p.description,
                "drawn": p.drawn,
                "rejected": p.rejected,
                "failures": count_failures(p.failures),
            }
            for p in self.people
        ]
        return [*places, *(d.as_row() for d in self.dialogues)]


async def run_spasm(
    client: ChatModel,
    responder: ChatModel,
    helper: ChatModel | None = None,
    *,
    config: SpasmConfig = SpasmConfig(),
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
        if self.run is None:
            return await AsyncioExecutor().map(items, work, concurrency=self.concurrency)
        done: dict[str, R] = {}

        async def one(item: T) -> str | Failure:
            result = done[key(item)] = await work(item)
            missing = isinstance(result, Person) and result.empty
            return Failure("missing", "nobody took the place", key(item)) if missing else "done"

        await self.run.map(f"spasm.{stage}", items, one, key=key, concurrency=self.concurrency)
        return [done[key(item)] for item in items]


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


def _temperatures(config: SpasmConfig) -> dict[str, float]:
    """By role, with the release's names."""
    return {
        "client": config.temperature,
        "responder": config.temperature,
        "persona_crafter": CRAFT.sampling.temperature,
        "persona_validator": VALIDATE.sampling.temperature,
        "termination_detector": TERMINATION.sampling.temperature,
    }


def _redacted(conversation: Conversation) -> tuple[Conversation, Mapping[str, int]]:
    """Contact-like strings out of every turn, and how many of each; the history itself stays as it was played."""
    counts: Counter[str] = Counter()
    clean = Dialogue(conversation.dialogue.id, cast=conversation.dialogue.cast)
    for utterance in conversation.dialogue:
        text, found = replace_contacts(utterance.text)
        counts.update(found)
        clean.say(utterance.speaker, text)
    return replace(conversation, dialogue=clean), counts


def plan_calls(config: SpasmConfig = SpasmConfig()) -> dict[str, int]:
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
