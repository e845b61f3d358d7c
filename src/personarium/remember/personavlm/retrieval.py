"""The response stage: think, look something up, think again, and answer, with a trace of every look-up.

Source: PersonaVLM (arXiv 2604.13074), multi-turn reasoning and retrieval; personavlm page, step 2, statement 4.
Differs: rounds and entries are not published; 3 and 5 here. A look-up that was made already is not made again; what cannot be read
uses up its round and is counted; after the last round an answer is made of the entries at hand, and the failure is counted.
Units: rounds count from 1; times in seconds since 1970 (UTC).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from personarium.core.chat import ChatModel
from personarium.core.results import Failure
from personarium.models.step import Answer
from personarium.remember.personavlm.steps import ACT, ANSWER
from personarium.remember.personavlm.writing import MEDIA, kept_by
from personarium.remember.recollection import day
from personarium.remember.records import Fact
from personarium.remember.replay import ARCHIVED
from personarium.remember.strategy import UserView
from personarium.text.similarity import content_stems

_DAY = r"\d{4}-\d\d-\d\d"
_SPAN = re.compile(rf"\s*(?P<since>{_DAY})?\s*\.\.\s*(?P<until>{_DAY})?[\s:,]*")
_DAY_SECONDS = 86400.0
_NOTHING_YET = "Nothing has been looked up yet."
_NOTHING_FOUND = "I have nothing noted about that."


@dataclass(frozen=True, slots=True)
class LookUp:
    """One request to a store.

    Args:
        store: Its name.
        query: What is searched for, blanks and case aside; empty takes the latest entries.
        since: Only entries from then on; None for any.
        until: Only entries before then; None for any.
    """

    store: str
    query: str
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """An entry that was put before the model: in which round, from which store, its id, and its line."""

    round: int
    store: str
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Response:
    """A reply and how it came about.

    Args:
        text: What is said to the user.
        trace: Every entry that was used, in the order of the look-ups.
        requests: The look-ups that were made.
        repeated: Requests that had been made already and were not made again.
        calls: Model calls.
        failures: Calls without a usable action, and a look-up that was asked for after the last round.
    """

    text: str
    trace: tuple[Used, ...] = ()
    requests: tuple[LookUp, ...] = ()
    repeated: int = 0
    calls: int = 0
    failures: tuple[Failure, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        from personarium.core.results import count_failures

        return {
            "text": self.text,
            "trace": [{"round": u.round, "store": u.store, "id": u.id, "text": u.text} for u in self.trace],
            "requests": [[r.store, r.query, r.since, r.until] for r in self.requests],
            "repeated": self.repeated,
            "calls": self.calls,
            "failures": count_failures(self.failures),
        }


@dataclass
class Loop:
    """One reply while it is worked on.

    Args:
        view: The memory.
        strategy: Whose entries are looked up.
        rounds: The most look-ups.
        entries: The most entries of one look-up.
    """

    view: UserView
    strategy: str
    rounds: int
    entries: int
    trace: list[Used] = field(default_factory=list)
    requests: list[LookUp] = field(default_factory=list)
    repeated: int = 0
    failures: list[Failure] = field(default_factory=list)

    async def run(self, model: ChatModel, inputs: Mapping[str, Any], item: str, seed: int | None) -> Response:
        """Ask until there is an answer: at most ``rounds`` look-ups, and so at most one call more."""
        for number in range(1, self.rounds + 2):
            last = number > self.rounds
            state = {"memories": self.shown(), "round": number, "rounds": self.rounds, "last": last}
            answer = await ACT.ask(model, {**inputs, **state}, item=item, seed=seed)
            said = self._act(answer, number, last)
            if said is not None:
                return self._response(said, number)
            if answer.failure is not None and answer.failure.kind == "error":
                break
        return self._response("\n".join(used.text for used in self.trace) or _NOTHING_FOUND, number)

    def shown(self) -> str:
        """What the prompt shows of the look-ups so far."""
        if not self.requests:
            return _NOTHING_YET
        made = ", ".join(f"{one.store} ({one.query or 'the latest'})" for one in self.requests)
        lines = [f"{used.id}: {used.text}" for used in self.trace] or ["No entry fits."]
        return "\n".join([f"Looked up: {made}", *lines])

    def _act(self, answer: Answer, number: int, last: bool) -> str | None:
        """Do what the model wants; its reply to the user, or None when there is none yet."""
        if answer.failure is not None:
            self.failures.append(answer.failure)
            return None
        action, text = answer["action"], answer["text"]
        if action == ANSWER:
            if not text:
                self.failures.append(Failure("empty", "the answer has no text", f"round {number}"))
            return text or None
        wanted = read_look_up(action, text)
        if wanted is None:
            self.failures.append(Failure("unparsed", "the span of dates is none", f"round {number}", (answer.text,)))
        elif last:
            reason = "a look-up was asked for when none was left"
            self.failures.append(Failure("unparsed", reason, f"round {number}", (answer.text,)))
        elif wanted in self.requests:
            self.repeated += 1
        else:
            self._look_up(wanted, number)
        return None

    def _look_up(self, wanted: LookUp, number: int) -> None:
        self.requests.append(wanted)
        known = {used.id for used in self.trace}
        found = [one for one in look_up(self.view, wanted, self.strategy, self.entries) if one.id not in known]
        self.trace += [Used(number, wanted.store, one.id, line_of(one)) for one in found]

    def _response(self, text: str, calls: int) -> Response:
        return Response(text, tuple(self.trace), tuple(self.requests), self.repeated, calls, tuple(self.failures))


def read_look_up(store: str, text: str) -> LookUp | None:
    """A store's name and the words behind it; None when they begin with a span whose dates are none."""
    span = _SPAN.match(text)
    query = " ".join((text[span.end() :] if span else text).casefold().split())
    try:
        since = _time(span["since"]) if span else None
        until = _time(span["until"]) if span else None
    except ValueError:
        return None
    return LookUp(store, query, since, None if until is None else until + _DAY_SECONDS)


def _time(date: str | None) -> float | None:
    return None if date is None else datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()


def look_up(view: UserView, wanted: LookUp, strategy: str, k: int) -> list[Fact]:
    """The entries of one store that fit best, those that hold no more included; without words the latest ones."""
    facts = [one for one in kept_by(view, strategy, wanted.store, ended=True) if _fits(one, wanted)]
    if not wanted.query:
        return sorted(facts, key=_began, reverse=True)[:k]
    fitting = {one.id: one for one in facts}
    hits = view.search(wanted.query, len(view.facts(wanted.store, ended=True)), (wanted.store,), ended=True)
    return [fitting[hit.entry.id] for hit in hits if hit.entry.id in fitting][:k]


def _fits(one: Fact, wanted: LookUp) -> bool:
    if was_never_right(one) or ARCHIVED in one.attributes:
        return False
    at = _began(one)
    return (wanted.since is None or at >= wanted.since) and (wanted.until is None or at < wanted.until)


def _began(one: Fact) -> float:
    return one.recorded_at if one.valid_from is None else one.valid_from


def was_never_right(one: Fact) -> bool:
    """Whether an entry was corrected: it held at no time."""
    return one.valid_to is not None and one.valid_to == one.valid_from


def line_of(one: Fact) -> str:
    """An entry as a prompt shows it: what it is about, its words, its pictures' names, and since when and until when."""
    head = "" if one.holder == "user" else f"{one.holder}: "
    key = one.key.rpartition(".")[2].replace("_", " ")
    if key and not set(content_stems(key)) <= set(content_stems(one.text)):
        head += f"{key}: "
    pictures = one.attributes.get(MEDIA)
    seen = f" [picture {', '.join(map(str, pictures))}]" if isinstance(pictures, Sequence) and pictures else ""
    since = [] if one.valid_from is None else [f"{'on' if one.kind == 'episodic' else 'since'} {day(one.valid_from)}"]
    until = [] if one.valid_to is None else [f"until {day(one.valid_to)}"]
    times = f" ({', '.join([*since, *until])})" if since or until else ""
    return f"{head}{one.text}{seen}{times}"
