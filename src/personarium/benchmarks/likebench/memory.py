"""An optional memory of the tested model, the dynamic user profile as the simple one, and how accurate a memory is.

Source: likebench page, steps 5 and 8, "Works when" 5 and 6.
Differs: how the paper's dynamic user profile is written was not read. Here a model writes the notes anew after every turn (or
session), facts that were told apart from what was shown; a reply that cannot be read leaves the notes as they are and is counted.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol, get_args, runtime_checkable

from personarium.benchmarks.likebench.steps import FACTS, NOTES
from personarium.benchmarks.likebench.talk import USER_SIDE
from personarium.core.chat import ChatModel
from personarium.core.dialogue import Utterance
from personarium.core.errors import InvalidInput, RemoteError
from personarium.core.results import Estimate, Failure
from personarium.play.termination import one_line_each

FactKind = Literal["explicit", "implicit"]
FACT_KINDS: tuple[str, ...] = get_args(FactKind)
MOST_FACTS, MOST_FACT = 50, 300  # entries of each kind; characters of one. Not stated in what was read.
MEMORY_ACCURACY = ("Memory accuracy", "Memory accuracy, explicit", "Memory accuracy, implicit", "Facts a profile")


@runtime_checkable
class UserMemory(Protocol):
    """What the tested model remembers of one user: it hears the dialogue and gives a text for the prompt.

    ``observe`` may be a plain or an async function; it may return a :class:`Failure`, or raise a RemoteError, which are
    counted. A memory may also have ``facts() -> Sequence[StoredFact]``; without it each line of its text is one fact. One
    that recalls by what was just said has ``text_for(said) -> str``, plain or async, which the prompt then shows.
    """

    def observe(self, session: int, turns: Sequence[Utterance]) -> Awaitable[Failure | None] | Failure | None: ...

    def text(self) -> str: ...


# Gets the user's id and nothing else of the user.
MemoryMaker = Callable[[str], UserMemory]


@dataclass(frozen=True, slots=True)
class StoredFact:
    """One fact that a memory holds.

    Args:
        text: The fact.
        kind: ``explicit`` (said) or ``implicit`` (shown).
        holds: Whether it is right; None while nobody has judged it, or the judgement could not be read.
    """

    text: str
    kind: FactKind = "explicit"
    holds: bool | None = None

    def __post_init__(self) -> None:
        if self.kind not in FACT_KINDS:
            raise InvalidInput("stored fact", " or ".join(FACT_KINDS), self.kind, "kind")

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


class DynamicUserProfile:
    """Notes about one user that a model writes from the dialogue.

    Args:
        model: Who writes them; the tested model itself, as a rule.
        id: The user's id, for records.
        seed: The run's seed.
        most: Entries of each kind that are kept.
    """

    def __init__(self, model: ChatModel, id: str = "", seed: int = 0, most: int = MOST_FACTS) -> None:
        self.model, self.id, self.seed, self.most = model, id, seed, most
        self._facts: tuple[StoredFact, ...] = ()

    async def observe(self, session: int, turns: Sequence[Utterance]) -> Failure | None:
        """Write the notes anew with what was said since the last time."""
        answer = await NOTES.ask(self.model, self.inputs(turns), seed=self.seed)
        if answer.failure is not None:
            return answer.failure
        listed: list[StoredFact] = []
        for kind, name in (("explicit", "said"), ("implicit", "shown")):
            texts = dict.fromkeys(" ".join(str(text).split())[:MOST_FACT] for text in answer[name])
            listed += [StoredFact(text, kind) for text in texts if text][: self.most]  # type: ignore[arg-type]
        self._facts = tuple(listed)
        return None

    def inputs(self, turns: Sequence[Utterance]) -> dict[str, Any]:
        """What the step is asked with."""
        return {"memory": self.text() or "Nothing yet.", "dialogue": one_line_each(turns), "most": self.most}

    def text(self) -> str:
        """The notes as they stand in the tested model's prompt."""
        parts = []
        for kind, title in (("explicit", "Said"), ("implicit", "Shown")):
            listed = [f"- {fact.text}" for fact in self._facts if fact.kind == kind]
            parts += [f"{title}:", *listed] if listed else []
        return "\n".join(parts)

    def facts(self) -> tuple[StoredFact, ...]:
        """The single notes."""
        return self._facts


async def told(memory: UserMemory, session: int, turns: Sequence[Utterance], where: str) -> Failure | None:
    """Let a memory observe; what went wrong, or None."""
    try:
        found = memory.observe(session, turns)
        return await found if inspect.isawaitable(found) else found
    except RemoteError as error:
        return Failure("error", str(error), where)


async def noted_for(memory: UserMemory, said: str) -> str:
    """What a memory has to say to the user's last turn: its ``text_for`` where it has one, else its text."""
    recall = getattr(memory, "text_for", None)
    if not callable(recall):
        return memory.text()
    found = recall(said)
    return str(await found if inspect.isawaitable(found) else found)


def facts_of(memory: UserMemory) -> tuple[StoredFact, ...]:
    """A memory's facts: its own list, else the lines of its text, which count as explicit."""
    listed = getattr(memory, "facts", None)
    if callable(listed):
        return tuple(listed())
    lines = (line.strip().lstrip("-*• ").strip() for line in memory.text().splitlines())
    return tuple(StoredFact(line[:MOST_FACT]) for line in lines if line and not line.endswith(":"))


async def judged_facts(
    facts: Sequence[StoredFact], truth: str, judge: ChatModel, seed: int = 0
) -> tuple[tuple[StoredFact, ...], Failure | None]:
    """Have facts checked against what is known of the user, all in one question.

    Args:
        facts: What was stored.
        truth: The profile and what the user said (:func:`truth_of`).
        judge: Who checks.
        seed: The run's seed.

    Returns:
        The facts with their verdicts, None each when the reply cannot be read, and the failure.
    """
    if not facts:
        return (), None
    notes = "\n".join(f"{k}. {fact.text}" for k, fact in enumerate(facts, 1))
    answer = await FACTS.ask(judge, {"truth": truth, "notes": notes, "count": len(facts)}, seed=seed)
    if answer.failure is not None:
        return tuple(facts), answer.failure
    return tuple(replace(fact, holds=bool(held)) for fact, held in zip(facts, answer["items"], strict=True)), None


def truth_of(profile_text: str, said: Sequence[str]) -> str:
    """What a note is checked against: who the user is and what the user said."""
    return "\n".join([profile_text, *(f"{USER_SIDE}: {' '.join(text.split())}" for text in said)])


def memory_accuracy(stored: Sequence[Sequence[StoredFact]], seed: int = 0) -> dict[str, Estimate]:
    """Share of stored facts that hold, explicit and implicit apart, and facts a profile.

    Args:
        stored: The facts of each profile; a profile without facts counts in the facts a profile and nowhere else.
        seed: Of the bootstrap over profiles.

    Returns:
        Four estimates by name; a share of no facts has no value. Facts without a verdict are missing.
    """
    from personarium.stats import bootstrap_mean

    def share(kind: str | None) -> Estimate:
        rows = [(k, fact.holds) for k, facts in enumerate(stored) for fact in facts if kind in (None, fact.kind)]
        values = [None if holds is None else float(holds) for _, holds in rows]
        return bootstrap_mean(values, "profile", [k for k, _ in rows], seed=seed)

    shares = [share(None), share("explicit"), share("implicit")]
    counted = bootstrap_mean([float(len(facts)) for facts in stored], "profile", seed=seed)
    return dict(zip(MEMORY_ACCURACY, [*shares, counted], strict=True))
