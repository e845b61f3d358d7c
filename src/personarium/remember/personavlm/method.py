"""PersonaVLM: four typed stores, a reply that looks things up in rounds, and a personality that moves slowly.

In the paper's order: the response stage (reason and retrieve), then after each talk the update stage (what to keep, what the
talk shows of the person). Text first: pictures are kept as references in ``attributes["media"]`` and are not looked at here.

Source: *PersonaVLM: Long-Term Personalized Multimodal LLMs*, CVPR 2026, arXiv 2604.13074; personavlm page, steps 1 to 5.
Differs: the paper's prompts, edit rules, rounds, top k and momentum schedule are not published, and its model is trained; ours
are parameters with stated defaults, and any chat model does the work. The personality is not stored as a number: it is replayed
from what every talk showed, so that erasing a talk also takes it out of the state. Without a model plain rules read and keep,
and traits are counted by a word list (or not at all). Nothing of Persona-MME is claimed: its data were not seen.
Units: scores from 0 to 1, times in seconds since 1970 (UTC).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.errors import InvalidInput
from personarium.core.results import Failure, count_failures
from personarium.remember.erasing import owner_mark
from personarium.remember.personavlm.by_rules import write_by_rules
from personarium.remember.personavlm.lexicon import scores_by_words
from personarium.remember.personavlm.personality import MEANINGS, TRAITS, Momentum, Personality, in_words, replayed
from personarium.remember.personavlm.recalling import core_entries, recall_entries
from personarium.remember.personavlm.retrieval import Loop, Response
from personarium.remember.personavlm.steps import EXTRACT, INFER, LEVELS, STEPS, read_entries
from personarium.remember.personavlm.writing import STORES, Desk, in_time_order, kept_by
from personarium.remember.recollection import day
from personarium.remember.records import Fact, Observation, Operation
from personarium.remember.strategy import Proposal, Recalled, UserView

SHOWN = "personality_observation"  # kind of what one talk showed of the person
STATE = "personality"  # kind of the state as it is recalled; it is replayed and never stored


@dataclass(frozen=True)
class PersonaVLMConfig:
    """The constants; what the paper does not state says so.

    Args:
        rounds: The most look-ups of one reply (not stated).
        entries: The most entries of one look-up (not stated).
        personality: Whether traits are estimated and shown at all; off leaves no trace of them in any prompt.
        momentum: How the state moves (0.9 and the warm start are not stated).
        offline_traits: How traits are estimated without a model: ``lexicon`` counts words of self-description, ``none`` not.
        shown_entries: How many kept entries the update stage sees.
        most_entries: How many entries one talk may give; the rest is put into quarantine.
        core_entries: How many entries of the core store always stand in the prompt.
        said: Whether recall also finds what was said and went into no entry.

    Raises:
        InvalidInput: On a negative number.
    """

    rounds: int = 3
    entries: int = 5
    personality: bool = True
    momentum: Momentum = field(default_factory=Momentum)
    offline_traits: Literal["lexicon", "none"] = "lexicon"
    shown_entries: int = 40
    most_entries: int = 50
    core_entries: int = 12
    said: bool = True

    def __post_init__(self) -> None:
        for name in ("rounds", "entries", "shown_entries", "most_entries", "core_entries"):
            if getattr(self, name) < 0:
                raise InvalidInput("personavlm", "a number of 0 or more", getattr(self, name), name)


class PersonaVLM:
    """The strategy: typed stores and a momentum personality.

    Args:
        config: The constants.
    """

    name = "personavlm"

    def __init__(self, config: PersonaVLMConfig | None = None) -> None:
        self.config = config or PersonaVLMConfig()

    # --- step 2: the response stage ---

    async def respond(
        self,
        view: UserView,
        turn: str,
        model: ChatModel,
        *,
        dialogue: Sequence[Observation] = (),
        media: Sequence[str] = (),
        item: str | None = None,
        seed: int | None = None,
    ) -> Response:
        """Reply to a turn of the user after at most ``rounds`` look-ups.

        Args:
            view: The memory.
            turn: What the user says.
            model: Who answers.
            dialogue: What was said just before, if the model is to see it.
            media: References to pictures of this turn; named in the prompt, not looked at.
            item: Label of the calls in the records.
            seed: The run's seed.
        """
        shown = "".join(f"\n[picture {one}]" for one in media)
        inputs = {"turn": turn + shown, "dialogue": printed(dialogue), "style": self._style(view)}
        owned = f"{owner_mark(view.user)}{item or ''}"  # so that an erasure finds these calls in a run folder
        return await Loop(view, self.name, self.config.rounds, self.config.entries).run(model, inputs, owned, seed)

    def _style(self, view: UserView) -> str:
        return in_words(self.personality(view), self.config.momentum) if self.config.personality else ""

    # --- step 3: the update stage ---

    async def consolidate(
        self, view: UserView, new: Sequence[Observation], model: ChatModel | None, *, closing: bool = False
    ) -> Proposal:
        """Keep what finished talks have said, and note what each showed of the person. A talk that goes on is left for later.

        A talk whose reply cannot be read stays unconsolidated, and so do those after it. A failed estimate of traits is
        counted and changes nothing: such a talk has no usable estimate.
        """
        work = _Update(view, self.config, self.name, Desk.of(in_time_order(kept_by(view, self.name, *STORES))))
        talks = finished_talks(view, new, closing)
        if model is None:
            await work.by_rules(talks)
        else:
            await work.by_model(talks, model)
        return Proposal(
            tuple(work.desk.operations), tuple(work.desk.quarantined), tuple(work.failures), work.through, work.calls
        )

    # --- step 4: the personality, replayed from what the talks showed ---

    def personality(self, view: UserView) -> Personality:
        """The state: every talk's scores in the order of their times, replayed."""
        shown = in_time_order(kept_by(view, self.name, SHOWN))
        talks = [(one.valid_from or one.recorded_at, _scores(one)) for one in shown]
        return replayed(talks, self.config.momentum)

    # --- the strategy protocol ---

    def recall(self, view: UserView, query: str, k: int) -> Sequence[Recalled]:
        """Typed entries with their earlier versions, the user's own typed facts, and what was said beside them."""
        return recall_entries(view, query, k, self.name, self.config.said)

    def standing(self, view: UserView) -> Sequence[Recalled]:
        """Who the person is, and once a talk has shown anything of it, the personality in words."""
        found = core_entries(view, self.name, self.config.core_entries)
        shown = kept_by(view, self.name, SHOWN) if self.config.personality else ()
        if shown:
            ids = tuple(one.id for one in shown)
            sources = tuple(dict.fromkeys(source for one in shown for source in one.evidence))
            reason = f"how the user has come across in {len(shown)} talks"
            found.append(Recalled(self._style(view), reason, 0.0, STATE, ids, sources))
        return found

    def recalled(self, view: UserView, used: Sequence[Recalled]) -> Sequence[Operation]:
        """Being recalled changes nothing."""
        return ()


def finished_talks(view: UserView, new: Sequence[Observation], closing: bool) -> list[list[Observation]]:
    """New observations by talk (runs of one session); without the last one when it has a name and may still go on."""
    talks: list[list[Observation]] = []
    for one in new:
        if talks and talks[-1][-1].session == one.session:
            talks[-1].append(one)
        else:
            talks.append([one])
    if talks and not closing and talks[-1][-1].session and talks[-1][-1].id == view.observations()[-1].id:
        talks.pop()
    return talks


def printed(talk: Sequence[Observation]) -> str:
    """A talk as a prompt shows it: one line a message."""
    return "\n".join(f"{one.speaker}: {' '.join(one.text.split())}" for one in talk)


def _scores(one: Fact) -> Mapping[str, float]:
    scores = one.attributes.get("scores")
    return {trait: float(scores[trait]) for trait in TRAITS if trait in scores} if isinstance(scores, Mapping) else {}


@dataclass
class _Update:
    """One consolidation while it is worked on."""

    view: UserView
    config: PersonaVLMConfig
    strategy: str
    desk: Desk
    failures: list[Failure] = field(default_factory=list)
    through: str = ""
    calls: int = 0

    async def by_rules(self, talks: Sequence[Sequence[Observation]]) -> None:
        write_by_rules(self.desk, self.view, [one for talk in talks for one in talk], self.strategy)
        for talk in talks:
            if self._estimated(talk) and self.config.offline_traits == "lexicon":
                said = [one.text for one in talk if one.speaker == "user"]
                self._note(talk, scores_by_words(said, self.config.momentum.scale), "lexicon")
            self.through = talk[-1].id

    async def by_model(self, talks: Sequence[Sequence[Observation]], model: ChatModel) -> None:
        for talk in talks:
            if any(one.speaker == "user" for one in talk):
                if not await self._extract(talk, model):
                    return
                if self._estimated(talk):
                    await self._infer(talk, model)
            self.through = talk[-1].id

    async def _extract(self, talk: Sequence[Observation], model: ChatModel) -> bool:
        inputs = {"memories": self._kept(talk), "dialogue": printed(talk), "date": day(talk[0].at)}
        answer = await EXTRACT.ask(model, inputs, item=_name(talk), read=read_entries)
        self.calls += answer.asks
        if answer.failure is not None:
            self.failures.append(answer.failure)
            return False
        entries = answer["items"]
        self.desk.write(
            entries[: self.config.most_entries], [one for one in talk if one.speaker == "user"], _name(talk)
        )
        if len(entries) > self.config.most_entries:
            reason = f"the talk gave {len(entries)} entries, at most {self.config.most_entries} are written"
            self.desk.quarantined.append(Failure("unparsed", reason, _name(talk)))
        return True

    def _kept(self, talk: Sequence[Observation]) -> str:
        """The kept entries that have most to do with a talk, in time order, those of this batch among them."""
        asked = " ".join(one.text for one in talk if one.speaker == "user")
        hits = self.view.search(asked, len(self.view.facts(*STORES)), STORES)
        fitting = [hit.entry.id for hit in hits if hit.entry.id in self.desk.held]
        near = set(fitting[: self.config.shown_entries])
        shown = [one for one in self.desk.held.values() if one.id in near or one.id.startswith("+")]
        return "\n".join(_listed(one) for one in in_time_order(shown)) or "Nothing yet."

    def _estimated(self, talk: Sequence[Observation]) -> bool:
        """Whether traits of this talk are to be estimated: switched on, and not done before (one estimate a talk)."""
        if not self.config.personality:
            return False
        ids, session = {one.id for one in talk}, talk[0].session
        noted = [(one.key, one.evidence) for one in kept_by(self.view, self.strategy, SHOWN)]
        noted += [(one.key, one.evidence) for one in self.desk.operations if one.kind == SHOWN]
        return not any(ids & set(evidence) or (session and key == session) for key, evidence in noted)

    async def _infer(self, talk: Sequence[Observation], model: ChatModel) -> None:
        inputs = {
            "dialogue": printed(talk),
            "traits": "; ".join(f"{trait} ({what})" for trait, what in MEANINGS.items()),
        }
        answer = await INFER.ask(model, inputs, item=_name(talk))
        self.calls += answer.asks
        if answer.failure is not None:
            self.failures.append(answer.failure)
            return
        lo, hi = self.config.momentum.scale
        places = {trait: LEVELS.index(answer[trait]) for trait in TRAITS if answer[trait] in LEVELS}
        scores = {trait: lo + (hi - lo) * place / (len(LEVELS) - 1) for trait, place in places.items()}
        self._note(talk, scores, "model")

    def _note(self, talk: Sequence[Observation], scores: Mapping[str, float], reader: str) -> None:
        if not scores:
            return
        text = ", ".join(f"{trait} {score:.2f}" for trait, score in scores.items())
        evidence = tuple(one.id for one in talk if one.speaker == "user")
        attributes = {"scores": dict(scores), "read_by": reader}
        self.desk.operations.append(
            Operation("add", "", SHOWN, talk[0].session, text, "user", talk[-1].at, evidence, attributes=attributes)
        )


def _listed(one: Fact) -> str:
    """A kept entry as the update stage sees it: what it is about, its words, its store, its date and its id."""
    since = "" if one.valid_from is None else f", {day(one.valid_from)}"
    return f"{one.key or one.kind}: {one.text} ({one.kind}{since}) [{one.id}]"


def _name(talk: Sequence[Observation]) -> str:
    return talk[0].session or talk[0].id


# --- the contract ---

_DAY = 86400.0
_TALKS = (
    ("s1", ("My name is Tilda Marsh and I work as a baker.", "My favourite drink is Sprite.", "I am quiet and shy.")),
    ("s2", ("I have two cats.", "Yesterday I went to the lake with my sister.", "I live in Harrowby.")),
    ("s3", ("My favourite drink is now Coke.", "I play chess every Tuesday.", "I love long walks.")),
)
_QUESTIONS = ("What is my favourite drink?", "What do I do for a living?", "Where do I live?")


async def _example(model: ChatModel, seed: int) -> Sequence[dict[str, Any]]:
    from personarium.remember.memory import Memory

    strategy = PersonaVLM()
    rows: list[dict[str, Any]] = []
    with Memory.open(None, strategy=strategy, clock=lambda: 90 * _DAY) as memory:
        user = memory.user("tilda")
        for number, (session, lines) in enumerate(_TALKS):
            said = [Observation(line, "user", number * 30 * _DAY + k, session) for k, line in enumerate(lines)]
            user.observe_all(said)
            diff = await user.consolidate(model, closing=True)
            user.apply(diff)
            failures = count_failures((*diff.failures, *diff.quarantined))
            rows.append({"id": f"update-{session}", "operations": len(diff.operations), "failures": failures})
        for number, question in enumerate(_QUESTIONS):
            response = await strategy.respond(user.view(), question, model, item=f"q{number}", seed=seed)
            rows.append({"id": f"answer-{number}", **response.as_dict()})
    return rows


CONTRACT = Contract(
    example=_example,
    steps=STEPS,
    first=(EXTRACT.name, {"memories": "Nothing yet.", "dialogue": "user: I have two cats.", "date": "2026-01-01"}),
    unheard={
        "personavlm.act/rules": "the subject has one style and cannot take on another",
        "personavlm.extract/memory": "what it finds in a talk is the same whatever is kept; only the action differs",
    },
)
