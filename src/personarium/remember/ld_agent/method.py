"""LD-Agent: session summaries found by topic and faded by time, the personas of both speakers, and a reply from all of them.

The procedure in the paper's order: event memory (short-term list, long-term bank), persona extraction, response generation.

Source: *Hello Again! LLM-powered Personalized Agent for Long-term Dialogue*, arXiv 2406.05925 (NAACL 2025); repository
leolee99/LD-Agent; ld-agent page.
Differs: prompts are our own; a pool of sessions instead of one is scored by topic; names count as topics, and a message without a
noun is answered by semantic search; nouns are found by word lists (``nouns``) and not by a tagger, and any function can take its
place; traits have times and sources and are resolved; a talk can be closed; without a model plain rules summarise and extract.
Units: times, gaps and ages in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, cast

from personarium.core.chat import ChatModel, Message
from personarium.core.contract import Contract
from personarium.core.results import Failure, count_failures
from personarium.models.step import Answer
from personarium.remember.ld_agent.config import LDAgentConfig
from personarium.remember.ld_agent.nouns import Nouns, common_nouns, find_nouns
from personarium.remember.ld_agent.personas import AGENT_TRAIT, USER_TRAIT, Traits, claims_of
from personarium.remember.ld_agent.readers import Read, Summed, extract, failures_of, sum_up
from personarium.remember.ld_agent.steps import (
    PERSONA_EXTRACTION,
    RESPONSE_GENERATOR,
    STEPS,
    read_reply,
)
from personarium.remember.ld_agent.talks import (
    NAME,
    SESSION,
    USER,
    context_lines,
    nouns_of,
    open_talks,
    sessions_of,
    summary_by_rules,
    told,
)
from personarium.remember.ld_agent.topics import Match, Session, age_text, match_sessions
from personarium.remember.progress import dealt_with
from personarium.remember.records import Observation, Operation
from personarium.remember.strategy import MEANING, Proposal, Recalled, UserView
from personarium.remember.view import began
from personarium.runs.executors import AsyncioExecutor
from personarium.text.embed import Embedder, Vectors, load_embedder

if TYPE_CHECKING:
    from collections.abc import Hashable

    from personarium.remember.user_memory import UserMemory

BOOKMARK = "bookmark"  # which utterances of the running talk have been read for traits
NO_MEMORY = "There is no related memory."
DEFAULT = LDAgentConfig()
KEPT_BANKS = 4  # vectors of the users who asked last; made again when they are not there
_AGENT_SPEAKER, _PUBLISHED_LABEL = "assistant", "SPEAKER_2"


class LDAgent:
    """The strategy; see the module.

    Args:
        config: The constants.
        nouns: Finds the nouns of a text; the offline finder when left out.
        embedder: Replaces the embedder that ``config`` names.
        summarizer: Who sums up sessions, where it is not the model that consolidates.
        extractor: Who extracts traits, likewise.
    """

    name = NAME

    def __init__(
        self,
        config: LDAgentConfig = DEFAULT,
        *,
        nouns: Nouns | None = None,
        embedder: Embedder | None = None,
        summarizer: ChatModel | None = None,
        extractor: ChatModel | None = None,
    ) -> None:
        self.config, self._embedder = config, embedder
        self.nouns = nouns or (common_nouns if config.has("common-nouns-only") else find_nouns)
        self._summarizer, self._extractor = summarizer, extractor

    def but(self, **changes: Any) -> LDAgent:
        """The same strategy with other constants."""
        made = LDAgent(replace(self.config, **changes), nouns=self.nouns, embedder=self._embedder)
        made._summarizer, made._extractor = self._summarizer, self._extractor
        return made

    @cached_property
    def embedder(self) -> Embedder:
        """Who makes the vectors; loaded at the first use."""
        return self._embedder or load_embedder(self.config.embedder)

    # --- steps 1 and 3: what is kept ---

    async def consolidate(
        self, view: UserView, new: Sequence[Observation], model: ChatModel | None, *, closing: bool = False
    ) -> Proposal:
        """Sum up the talks that are over (with ``closing`` the running one, too), and read new utterances for traits."""
        over, running = open_talks(view, self.config.gap_s, self.config.by_name)
        if closing and running and not self.config.has("last-session-lost"):
            over.append(running)
        summed = await self._summaries(view, over, model)
        operations = [one for one in (_session_edit(each, self.nouns) for each in summed) if one is not None]
        read = await self._traits(view, new, model)
        traits = Traits.of(view, len(operations), self.config.resolve and not self.config.has("traits-only-grow"))
        for one in read:
            if one.failure is None:
                traits.take(one.said, one.texts, claims_of(one.said), one.by)
        operations += traits.edits
        done = told(view) | {said.id for each in summed if each.failure is None for said in each.talk}
        failed = {one.said.id for one in read if one.failure is not None}
        through = dealt_with(view, new, lambda one: one.id in done and one.id not in failed)
        operations += _bookmark_edits(view, _beyond(view, through, new, {one.said.id for one in read} - failed))
        failures = [failure for failure in failures_of(summed, read) if failure is not None]
        calls = sum(one.calls for one in summed) + sum(one.calls for one in read)
        return Proposal(tuple(operations), (), tuple(failures), through, calls)

    async def _summaries(
        self, view: UserView, over: Sequence[Sequence[Observation]], model: ChatModel | None
    ) -> list[Summed]:
        async def one(talk: Sequence[Observation]) -> Summed:
            if model is None:
                return Summed(talk, summary_by_rules(talk, self.nouns, self.config.summary_words), "rules")
            return await sum_up(talk, self._summarizer or model, self.config, view.user)

        return await AsyncioExecutor().map(over, one, concurrency=self.config.concurrency)

    async def _traits(self, view: UserView, new: Sequence[Observation], model: ChatModel | None) -> list[Read]:
        """What the utterances say of their speakers that have not been read yet."""
        if not self.config.traits:
            return []
        marked = {id for fact in view.facts(BOOKMARK, strategy=NAME) for id in fact.evidence}
        seen = {one.id for one in view.observations() if one.at <= view.now and one.text.strip()}  # no archived ones
        due = [one for one in new if one.id in seen and one.id not in marked]

        async def read(said: Observation) -> Read:
            if model is None:
                stated = [claim for claim in claims_of(said) if claim.change != "ends"]
                return Read(said, tuple(dict.fromkeys(claim.sentence for claim in stated)), "rules")
            return await extract(said, self._extractor or model, self.config, view.user)

        return await AsyncioExecutor().map(due, read, concurrency=self.config.concurrency)

    # --- step 2: topic-based retrieval ---

    def recall(self, view: UserView, query: str, k: int) -> Sequence[Recalled]:
        """The ``k`` past sessions that share topics with the message; without a noun in it, by plain semantic search."""
        asked = self.nouns(query)
        if asked:
            return [self._shown(match, view.now) for match in self.matches(view, asked)[: max(k, 0)]]
        if not self.config.fallback or self.config.has("common-nouns-only"):
            return ()
        return self._by_meaning(view, query, k)

    def matches(self, view: UserView, nouns: set[str]) -> list[Match]:
        """The sessions of the pool that share a noun, best first."""
        pool, cosines = self._pool(sessions_of(view, self.nouns), nouns)
        weight = self.config.likeness_weight
        return match_sessions(pool, nouns, view.now, self.config.decay_per_s, likeness=cosines, likeness_weight=weight)

    def _pool(self, sessions: Sequence[Session], nouns: set[str]) -> tuple[list[Session], list[float]]:
        """The sessions whose topics are nearest to the message's nouns, nearest first, and their cosines."""
        import numpy as np

        if not sessions:
            return [], []
        known = _vectors(cast("Hashable", self.embedder), tuple(one.topics for one in sessions))
        cosines = known @ self.embedder.embed([", ".join(sorted(nouns))])[0]
        order = np.argsort(-cosines, kind="stable")[: self.config.candidates]
        return [sessions[int(at)] for at in order], [float(cosines[at]) for at in order]

    def _by_meaning(self, view: UserView, query: str, k: int) -> list[Recalled]:
        found = view.search(query, max(k, 0), (SESSION,), weights=MEANING)
        out: list[Recalled] = []
        for hit in found:
            distance = 2 - 2 * hit.parts.get("meaning", 0.0)  # of unit vectors, squared
            fact = view.fact(hit.entry.id)
            if fact is not None and distance <= self.config.most_distance and began(fact) <= view.now:
                text, why = self._told(fact.text, view.now - began(fact)), "near in meaning (the message has no noun)"
                at = began(fact)
                out.append(Recalled(text, why, hit.score, SESSION, (fact.id,), fact.evidence, at, hit.parts))
        return out

    def _told(self, summary: str, age_s: float) -> str:
        age = age_text(age_s, as_published=self.config.as_published)
        return f"{age} ago, {summary}"

    def _shown(self, match: Match, now: float) -> Recalled:
        one = match.session
        parts = {"overlap": match.overlap, "decay": match.decay}
        reason = f"shares topics (overlap {match.overlap:.2f}), faded to {match.decay:.2f} by its age"
        text = self._told(one.summary, now - one.at)
        return Recalled(text, reason, match.score, SESSION, (one.id,), one.evidence, one.at, parts)

    def standing(self, view: UserView) -> Sequence[Recalled]:
        """The latest traits of the user and of the agent; facts that were stated as such stand with the user's."""
        kinds = ((USER_TRAIT, "fact"), (AGENT_TRAIT,)) if self.config.traits else (("fact",),)
        limits = (self.config.user_traits, self.config.agent_traits)
        out: list[Recalled] = []
        for group, limit in zip(kinds, limits):
            facts = [one for one in view.facts(*group) if began(one) <= view.now]
            for one in facts[-limit:] if limit else facts:
                text = f"{one.key}: {one.text}" if one.key else one.text
                why = "of the persona of " + ("the agent" if one.kind == AGENT_TRAIT else "the user")
                out.append(Recalled(text, why, 0.0, one.kind, (one.id,), one.evidence, one.valid_from))
        return out

    def recalled(self, view: UserView, used: Sequence[Recalled]) -> Sequence[Operation]:
        """Being recalled changes nothing here."""
        return ()

    # --- step 4: response generation ---

    def prompt_inputs(self, view: UserView, message: str, recalled: Sequence[Recalled] = ()) -> dict[str, Any]:
        """The inputs of the response generator.

        Args:
            view: The memory as it stands, with the message already in it or not.
            message: What the user says now.
            recalled: Past sessions for it; without any the prompt says that there is no related memory.
        """
        running = open_talks(view, self.config.gap_s, self.config.by_name)[1]
        if running and running[-1].speaker == USER and running[-1].text == message:
            running = running if self.config.has("message-twice") else running[:-1]
        own = _PUBLISHED_LABEL if self.config.has("speaker-label") else self.config.agent
        labels = {one.speaker: own for one in running if one.speaker != USER}
        standing = self.standing(view)
        of_user = [item.text for item in standing if item.kind != AGENT_TRAIT]
        of_agent = [item.text for item in standing if item.kind == AGENT_TRAIT]
        return {
            "role": self.config.role,
            "agent": self.config.agent,
            "agent_traits": "\n".join(of_agent),
            "context": context_lines(running, labels, self.config.context_entries),
            "memory": "\n".join(item.text for item in recalled) or NO_MEMORY,
            "user_traits": "\n".join(of_user),
            "message": message,
            "words": self.config.reply_words,
        }

    def prompt(self, view: UserView, message: str, recalled: Sequence[Recalled] = ()) -> list[Message]:
        """The exact messages that :meth:`turn` sends; makes no call. Arguments as in :meth:`prompt_inputs`."""
        return RESPONSE_GENERATOR.render(**self.prompt_inputs(view, message, recalled))

    async def turn(
        self, user: UserMemory, message: str, model: ChatModel, *, session: str = "", keep: str | None = None
    ) -> AgentTurn:
        """One turn: keep the message, read it, recall, reply, keep the reply, read it.

        The user's sentence is read before the reply, the agent's after it, so that no reply leaks into its own prompt.

        Args:
            user: The memory, opened with this strategy.
            message: What the user says now.
            model: Who replies, and reads where the strategy has nobody else for that.
            session: Which talk it belongs to.
            keep: What the memory keeps in place of the reply: a gold reply in an evaluation.
        """
        at = user.view().now
        user.observe(message, at=at, session=session)
        first = await user.consolidate(model)
        user.apply(first)
        found = user.recall(message, self.config.memories).items
        inputs = self.prompt_inputs(user.view(), message, found)
        sampling = RESPONSE_GENERATOR.sampling.but(seed=self.config.seed)
        answer = await RESPONSE_GENERATOR.ask(model, inputs, item=user.id, sampling=sampling, read=read_reply)
        reply = keep if keep is not None else (str(answer["text"]) if answer.failure is None else "")
        failures, calls = list(first.failures), first.calls + answer.asks
        failures += [answer.failure] if answer.failure is not None else []
        if reply:
            user.observe(reply, speaker=_AGENT_SPEAKER, at=at, session=session)
            second = await user.consolidate(model)
            user.apply(second)
            failures, calls = failures + list(second.failures), calls + second.calls
        return AgentTurn(message, answer, found, tuple(failures), calls, tuple(RESPONSE_GENERATOR.render(**inputs)))


@dataclass(frozen=True, slots=True)
class AgentTurn:
    """One turn of the agent.

    Args:
        message: What the user said.
        answer: What came of asking; its ``failure`` says why there is no reply.
        recalled: The past sessions that were shown.
        failures: Everything that failed in this turn.
        calls: Model calls of this turn.
        messages: The prompt of the reply.
    """

    message: str
    answer: Answer
    recalled: tuple[Recalled, ...]
    failures: tuple[Failure, ...]
    calls: int
    messages: tuple[Message, ...]

    @property
    def text(self) -> str:
        """The reply; empty when there is none."""
        return str(self.answer["text"]) if self.answer.failure is None else ""


# --- what has been dealt with ---


def _session_edit(one: Summed, nouns: Nouns) -> Operation | None:
    """The bank's entry: dated to the session's last message, with its nouns."""
    if not one.text:
        return None
    ids = tuple(said.id for said in one.talk)
    attributes = {"nouns": sorted(nouns_of(one.talk, nouns)), "by": one.by}
    at = one.talk[-1].at
    return Operation("add", "", SESSION, one.talk[-1].session, one.text, at=at, evidence=ids, attributes=attributes)


def _beyond(view: UserView, through: str, new: Sequence[Observation], read: set[str]) -> list[str]:
    """What has been read for traits and will be given again, because it is not dealt with: it comes after ``through``."""
    given = {one.id for one in new}
    if through:
        order = [one.id for one in view.observations()]
        given -= set(order[: order.index(through) + 1])
    marked = {id for fact in view.facts(BOOKMARK, strategy=NAME) for id in fact.evidence}
    return [one.id for one in new if one.id in given and (one.id in read or one.id in marked)]


def _bookmark_edits(view: UserView, beyond: Sequence[str]) -> list[Operation]:
    """Note what is read beyond ``through``: the evidence of one fact, so that an erasure of any has all of it read again."""
    old = next(iter(view.facts(BOOKMARK, strategy=NAME)), None)
    stale = old is not None and not set(old.evidence) <= set(beyond)
    edits = [Operation("delete", old.id)] if old is not None and stale else []
    if old is None or stale:
        if beyond:
            edits.append(Operation("add", "", BOOKMARK, "", "Read for traits up to here.", evidence=tuple(beyond)))
        return edits
    more = tuple(id for id in beyond if id not in old.evidence)
    return [*edits, Operation("mark", old.id, evidence=more)] if more else edits


@lru_cache(maxsize=KEPT_BANKS)
def _vectors(embedder: Embedder, texts: tuple[str, ...]) -> Vectors:
    return embedder.embed(texts)


# --- the common contract ---

_START = 1_700_000_000.0
_TALK = (
    "I have a violin. I love green tea.",
    "I live in Porto. My favourite colour is blue.",
    "Shall I take the violin to the lesson?",
)


async def _example(model: ChatModel, seed: int) -> Sequence[Mapping[str, Any]]:
    from personarium.remember.memory import Memory

    now = [_START]
    agent = LDAgent(replace(DEFAULT, seed=seed))
    memory = Memory.open(None, strategy=agent, clock=lambda: now[0])
    ana = memory.user("ana")
    rows: list[Mapping[str, Any]] = []
    failures: list[Failure] = []
    for number, said in enumerate(_TALK):
        turn = await agent.turn(ana, said, model)
        failures += turn.failures
        rows.append({"id": f"turn {number}", "text": turn.text, "recalled": [item.text for item in turn.recalled]})
        now[0] += 60.0 if number == 0 else 86_400.0
    closed = await ana.consolidate(model, closing=True)
    ana.apply(closed)
    failures += closed.failures
    rows += [{"id": fact.id, "kind": fact.kind, "text": fact.text} for fact in ana.facts()]
    return [*rows, {"id": "failures", "failures": count_failures(failures)}]


CONTRACT = Contract(
    example=_example,
    steps=STEPS,
    first=(PERSONA_EXTRACTION.name, {"sentence": "user: I have a violin.", "words": DEFAULT.trait_words}),
    unheard={
        f"{PERSONA_EXTRACTION.name}/examples": "the subject reads a text by its own rules and needs no example",
        f"{RESPONSE_GENERATOR.name}/dialogue": "the subject answers the question block, and reads no talk that stands before it",
    },
)
