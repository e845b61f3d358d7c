"""MemoryBank: every exchange with its day, a summary and a portrait of each day and of all, and a curve of forgetting.

The procedure in the paper's order: storage (the event log), consolidation (``writing``), retrieval with neighbours of the same
day (``retrieval``), memory updating by the forgetting curve (``forgetting``), and the companion's prompt.

Source: *MemoryBank: Enhancing Large Language Models with Long-Term Memory*, arXiv 2305.10250 (AAAI 2024); repository
zhongwanjun/MemoryBank-SiliconFriend; memorybank page.
Differs: prompts are our own; forgetting is a ranking factor or an archive, never a silent loss, and a pure function of memory, day
and seed; facts that were stated as such are found beside exchanges and daily summaries; without a model plain rules select what
stands in summaries and portraits; days have times, sessions and sources.
Units: ages in whole days; times in seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from personarium.core.chat import ChatModel, Message
from personarium.core.contract import Contract
from personarium.core.errata import Published, published_faults
from personarium.core.results import Failure, count_failures
from personarium.models.step import Answer
from personarium.remember.memorybank.bank import Exchange
from personarium.remember.memorybank.config import MemoryBankConfig
from personarium.remember.memorybank.exchanges import (
    ASSISTANT,
    DAILY_SUMMARY,
    LAST_RECALL,
    NAME,
    OVERALL_PERSONALITY,
    OVERALL_SUMMARY,
    STRENGTH,
    USER,
    by_day,
    day_of,
    exchanges_of,
)
from personarium.remember.memorybank.forgetting import ERRATA, remains, retained
from personarium.remember.memorybank.retrieval import Piece, around, best, piece_of, piece_of_fact, scores
from personarium.remember.memorybank.steps import COMPANION, STEPS
from personarium.remember.memorybank.writing import Work
from personarium.remember.progress import dealt_with
from personarium.remember.records import Observation, Operation
from personarium.remember.replay import ARCHIVED
from personarium.remember.strategy import SAID, Proposal, Recalled, UserView
from personarium.text.embed import Embedder, load_embedder
from personarium.text.holes import Unparsed
from personarium.text.refusals import is_refusal

if TYPE_CHECKING:
    from personarium.remember.user_memory import UserMemory

Turn = tuple[str, str]  # what the user said, what was answered
DEFAULT = MemoryBankConfig()


class MemoryBank:
    """The strategy; see the module.

    Args:
        config: The constants.
        embedder: Replaces the embedder that ``config`` names.
    """

    name = NAME

    def __init__(self, config: MemoryBankConfig = DEFAULT, embedder: Embedder | None = None) -> None:
        self.config, self._embedder = config, embedder

    @cached_property
    def embedder(self) -> Embedder:
        """Who makes the vectors; loaded at the first use."""
        return self._embedder or load_embedder(self.config.embedder)

    # --- step 2: consolidation ---

    async def consolidate(
        self, view: UserView, new: Sequence[Observation], model: ChatModel | None, *, closing: bool = False
    ) -> Proposal:
        """Write the texts of the days that are over and have none, and the overall texts; archive what has faded.

        The running day is over when the talk is closed. Days are looked for in the whole memory, not only among ``new``.
        """
        today = day_of(view.now, self.config.utc_offset_h)
        work = Work(view, by_day(self._exchanges(view)), self.config, model, today, closing)
        await work.write()
        operations = work.operations()
        operations += self._archive(view, work, operations)
        failures = tuple(one.failure for one in work.done if one.failure is not None)
        calls = sum(one.calls for one in work.done)
        through = dealt_with(view, new, lambda one: work.settled(day_of(one.at, self.config.utc_offset_h)))
        return Proposal(tuple(operations), (), failures, through, calls)

    def _exchanges(self, view: UserView) -> list[Exchange]:
        """Every exchange that is not archived and not dated after the view."""
        said = [one for one in view.observations() if one.at <= view.now]
        return exchanges_of(said, self.config.utc_offset_h)

    # --- step 6: forgetting ---

    def _archive(self, view: UserView, work: Work, written: Sequence[Operation]) -> list[Operation]:
        """Archive marks for what has faded, of days that have been summed up; a day without an exchange left goes too."""
        if self.config.forgetting != "archive":
            return []
        out: list[Operation] = []
        summaries = {fact.key: fact.id for fact in view.facts(DAILY_SUMMARY)}
        summaries |= {one.key: f"+{n}" for n, one in enumerate(written) if one.kind == DAILY_SUMMARY}
        for day, rows in work.days.items():
            if day >= work.today or day not in summaries:
                continue
            faded = [one for one in rows if not self.remains(view, one)]
            ids = [id for one in faded for id in one.ids] + ([summaries[day]] if len(faded) == len(rows) else [])
            out += [Operation("mark", id, attributes={ARCHIVED: view.now}) for id in ids]
        return out

    def remains(self, view: UserView, one: Exchange) -> bool:
        """Whether the forgetting curve leaves an exchange, at the time of the view."""
        config, today = self.config, max(day_of(view.now, self.config.utc_offset_h), one.since)
        return remains(one, view.user, today, config.seed, config.tau_days, as_published=config.as_published)

    def _retained(self, one: Exchange, today: str) -> float:
        """Retention today; a recall that another clock has dated later counts as one of today."""
        config = self.config
        return retained(one, max(today, one.since), config.tau_days, as_published=config.as_published)

    def _weight(self, piece: Piece, today: str) -> float:
        """What retention leaves of a piece's score."""
        if self.config.forgetting != "rank" or piece.exchange is None:
            return 1.0
        return 1.0 - self.config.retention_share * (1.0 - self._retained(piece.exchange, today))

    def recalled(self, view: UserView, used: Sequence[Recalled]) -> Sequence[Operation]:
        """Strength + 1 and a new last recall, once for every exchange that was shown, however often it was."""
        shown = {id for item in used if item.kind == SAID for id in item.ids}
        today = day_of(view.now, self.config.utc_offset_h)
        return [
            Operation("mark", one.id, attributes={STRENGTH: one.strength + 1, LAST_RECALL: max(today, one.since)})
            for one in self._exchanges(view)
            if one.id in shown
        ]

    # --- steps 3 to 5: retrieval ---

    def pieces(self, view: UserView) -> list[Piece]:
        """What can be found, in the order of the bank: exchanges, daily summaries, facts that were stated as such."""
        found = [piece_of(one, USER, self.config.companion) for one in self._exchanges(view)]
        facts = [*view.facts(DAILY_SUMMARY), *view.facts("fact")]
        for fact in facts:
            begun = fact.recorded_at if fact.valid_from is None else fact.valid_from
            if begun <= view.now:
                day = fact.key if fact.kind == DAILY_SUMMARY else day_of(begun, self.config.utc_offset_h)
                found.append(piece_of_fact(fact, day))
        return found

    def recall(self, view: UserView, query: str, k: int) -> Sequence[Recalled]:
        """The ``k`` pieces that fit best, each with its neighbours of the same day; nothing dated after the view."""
        pieces = self.pieces(view)
        if not pieces or k <= 0 or not query.strip():
            return ()
        today = day_of(view.now, self.config.utc_offset_h)
        fit = scores(pieces, query, self.config.retriever, self.embedder)
        values = [float(value) * self._weight(piece, today) for value, piece in zip(fit, pieces, strict=True)]
        out: list[Recalled] = []
        shown: set[int] = set()
        for at in best(values, k):
            if at not in shown:
                group = [place for place in around(pieces, at, self.config.expand_characters) if place not in shown]
                shown |= set(group)
                out.append(
                    self._item([pieces[place] for place in group], pieces[at], values[at], float(fit[at]), today)
                )
        return out

    def _item(self, group: Sequence[Piece], hit: Piece, score: float, fit: float, today: str) -> Recalled:
        parts = {"words" if self.config.retriever == "bm25" else "meaning": fit}
        if hit.exchange is not None and self.config.forgetting == "rank":
            parts["retention"] = self._retained(hit.exchange, today)
        ids = tuple(piece.id for piece in group)
        sources = tuple(dict.fromkeys(id for piece in group for id in piece.sources))
        text = " ".join(piece.text for piece in group)
        why = f"like the message ({self.config.retriever} {fit:.2f})"
        why += f", with {len(group) - 1} of the same day" if len(group) > 1 else ""
        return Recalled(text, why, score, hit.kind, ids, sources, group[0].at, parts)

    def standing(self, view: UserView) -> Sequence[Recalled]:
        """The overall personality with the way of talking that suits it; nothing when that is switched off."""
        wanted = ((OVERALL_PERSONALITY, self.config.personality), (OVERALL_SUMMARY, self.config.standing_summary))
        kinds = [kind for kind, shown in wanted if shown]
        facts = [fact for kind in kinds for fact in view.facts(kind)[-1:]]
        return [
            Recalled(one.text, "stands in every prompt", 0.0, one.kind, (one.id,), one.evidence, one.valid_from)
            for one in facts
        ]

    # --- step 7: the companion ---

    def prompt_inputs(
        self, view: UserView, text: str, recalled: Sequence[Recalled] = (), turns: Sequence[Turn] = ()
    ) -> dict[str, Any]:
        """The inputs of the companion's prompt.

        Args:
            view: The memory as it stands.
            text: The user's message.
            recalled: What was recalled for it; shown by day, in the order of days.
            turns: The running talk before the message, oldest first.
        """
        shown = recent_turns(turns, self.config.recent_turns, as_published=self.config.as_published)
        lines = (f"{who}: {said}" for turn in shown for who, said in zip((USER, ASSISTANT), turn) if said)
        return {
            "name": self.config.companion,
            "personality": "\n".join(item.text for item in self.standing(view)),
            "memories": memories_by_day(recalled, self.config.utc_offset_h),
            "turns": "\n".join(lines),
            "text": text,
        }

    def prompt(
        self, view: UserView, text: str, recalled: Sequence[Recalled] = (), turns: Sequence[Turn] = ()
    ) -> list[Message]:
        """The exact messages that :meth:`reply` sends; makes no call. Arguments as in :meth:`prompt_inputs`."""
        return COMPANION.render(**self.prompt_inputs(view, text, recalled, turns))

    async def reply(self, user: UserMemory, text: str, model: ChatModel, *, session: str = "") -> CompanionTurn:
        """One turn of the companion: recall, answer, keep both utterances. A failed answer keeps the user's.

        Args:
            user: The memory, opened with this strategy.
            text: The user's message.
            model: Who answers.
            session: Which talk it belongs to; its turns of today are the recent turns.
        """
        view = user.view()
        today = day_of(view.now, self.config.utc_offset_h)
        talk = [one for one in view.observations() if one.session == session and one.at <= view.now]
        turns = [one for one in exchanges_of(talk, self.config.utc_offset_h) if one.date == today]
        recent = {one.id for one in turns[-self.config.recent_turns :]}
        found = [item for item in user.recall(text, self.config.top_k).items if not recent.intersection(item.ids)]
        inputs = self.prompt_inputs(view, text, found, [(one.query, one.response) for one in turns])
        answer = await COMPANION.ask(
            model, inputs, item=user.id, sampling=COMPANION.sampling.but(seed=self.config.seed), read=_spoken
        )
        said = [Observation(text, USER, view.now, session)]
        if answer.failure is None:
            said.append(Observation(str(answer["text"]), ASSISTANT, view.now, session))
        user.observe_all(said)
        return CompanionTurn(text, answer, tuple(found))


@dataclass(frozen=True, slots=True)
class CompanionTurn:
    """One turn of the companion.

    Args:
        message: What the user said.
        answer: What came of asking; its ``failure`` says why there is no reply.
        recalled: What was recalled and shown.
    """

    message: str
    answer: Answer
    recalled: tuple[Recalled, ...]

    @property
    def text(self) -> str:
        """The reply; empty when there is none."""
        return str(self.answer["text"]) if self.answer.failure is None else ""


def _spoken(text: str) -> dict[str, Any] | Unparsed:
    """A spoken reply; an empty or a declining one is none."""
    if not text.strip() or is_refusal(text):
        return Unparsed("the model declined" if text.strip() else "the reply is empty", text)
    return {"text": text.strip()}


def recent_turns(turns: Sequence[Turn], most: int = 7, *, as_published: Published = False) -> list[Turn]:
    """The last turns of the talk, in order.

    Args:
        turns: All of them, oldest first.
        most: How many at most.
        as_published: With ``turns-dropped`` the first ``most`` are dropped once there are more.
    """
    if "turns-dropped" in published_faults(as_published, ERRATA):
        return list(turns if len(turns) <= most else turns[most:])
    return list(turns[-most:]) if most else []


def memories_by_day(recalled: Sequence[Recalled], utc_offset_h: float = 0.0) -> str:
    """What was recalled as the prompt shows it: one line a day, in the order of days, texts of a day joined."""
    days: dict[str, list[str]] = {}
    for item in recalled:
        day = "" if item.at is None else day_of(item.at, utc_offset_h)
        days.setdefault(day, []).append(" ".join(item.text.split()))
    return "\n".join(
        f"{day}: {' '.join(dict.fromkeys(texts))}" if day else " ".join(texts) for day, texts in sorted(days.items())
    )


# --- the common contract ---

_START = 1_700_000_000.0  # a day in November 2023
_TALK: tuple[tuple[float, str, str], ...] = (
    (0, "I love green tea. I am feeling tired today.", "Rest a little. A cup of tea may help."),
    (600, "I have a dog. My favourite colour is blue.", "That is a fine colour."),
    (86_400, "I work as a nurse. I live in Porto.", "How was your shift?"),
    (87_000, "It was long. I like painting in the evening.", "What do you paint?"),
    (172_800, "My favourite music is jazz. I am rather shy.", "Jazz suits a quiet evening."),
)


async def _example(model: ChatModel, seed: int) -> Sequence[Mapping[str, Any]]:
    from personarium.remember.memory import Memory

    # One try for each text, so that a failed one is seen.
    bank = MemoryBank(replace(DEFAULT, seed=seed, tries=1))
    memory = Memory.open(None, strategy=bank, clock=lambda: _START + 3 * 86_400)
    ana = memory.user("ana")
    for after, said, answered in _TALK:
        ana.observe_all([Observation(said, USER, _START + after), Observation(answered, ASSISTANT, _START + after)])
    diff = await ana.consolidate(model)
    ana.apply(diff)
    turn = await bank.reply(ana, "What music do I like, and where do I live?", model)
    more = await bank.reply(ana, "And what do I do for a living?", model)
    failures: list[Failure] = [
        *diff.failures,
        *(t.answer.failure for t in (turn, more) if t.answer.failure is not None),
    ]
    facts = [{"id": fact.id, "kind": fact.kind, "key": fact.key, "text": fact.text} for fact in ana.facts()]
    talk = [
        {"id": f"turn {n}", "text": t.text, "recalled": [r.text for r in t.recalled]}
        for n, t in enumerate((turn, more))
    ]
    return [*facts, *talk, {"id": "consolidation", "calls": diff.calls, "failures": count_failures(failures)}]


CONTRACT = Contract(
    example=_example,
    steps=STEPS,
    first=(STEPS[0].name, {"dialogue": "user: I love green tea."}),
    unheard={
        f"{COMPANION.name}/dialogue": "the subject answers the question block, and reads no talk that stands before it"
    },
)
