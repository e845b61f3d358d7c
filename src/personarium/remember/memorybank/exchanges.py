"""Between the event log and the bank: which utterances are one exchange, and a bank's way into a user's memory and out.

Source: memorybank page, steps 1 and 6, "Data formats" and Traps.
Differs: exchanges keep their time, session and source observations, which the published bank has not; strength and last recall
stand on the observation that begins the exchange, under the bank's names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from personarium.core.errors import InvalidInput
from personarium.remember.memorybank.bank import BankUser, Exchange
from personarium.remember.records import Fact, Observation, Operation
from personarium.remember.strategy import UserView

if TYPE_CHECKING:
    from personarium.remember.user_memory import UserMemory

USER, ASSISTANT = "user", "assistant"
DAILY_SUMMARY, DAILY_PERSONALITY = "daily_summary", "daily_personality"
OVERALL_SUMMARY, OVERALL_PERSONALITY = "overall_summary", "overall_personality"
BANK = "bank"  # what a bank file has of a user that has no place of its own in a memory
DAILY = {DAILY_SUMMARY: "summary", DAILY_PERSONALITY: "personality"}
OVERALL = {OVERALL_SUMMARY: "overall_history", OVERALL_PERSONALITY: "overall_personality"}
WRITTEN_BY = "by"  # a model's name, ``rules`` or ``bank``; a text from the user's own hand has it not
STRENGTH, LAST_RECALL = "memory_strength", "last_recall_date"
NAME = "memorybank"


def day_of(at: float, utc_offset_h: float = 0.0) -> str:
    """The calendar day of a time, as ``YYYY-MM-DD``, where clocks are ``utc_offset_h`` hours ahead of UTC.

    Raises:
        InvalidInput: A time outside of the years 1 to 9999.
    """
    return _calendar_day(int((at + 3600 * utc_offset_h) // 86_400))


@lru_cache(maxsize=4096)
def _calendar_day(number: int) -> str:
    """Day ``number`` after 1 January 1970."""
    try:
        return (date(1970, 1, 1) + timedelta(days=number)).isoformat()
    except OverflowError:
        raise InvalidInput("memorybank", "a time between the years 1 and 9999", number, "days since 1970") from None


def midnight(day: str, utc_offset_h: float = 0.0) -> float:
    """The time at which a day begins."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() - 3600 * utc_offset_h


def exchanges_of(said: Iterable[Observation], utc_offset_h: float = 0.0) -> list[Exchange]:
    """The exchanges of a log, in its order: what the user said, with everything that others answered to it.

    A new exchange begins with every utterance of the user, with every session and with every day.
    """
    return [_exchange(group, utc_offset_h) for group in _groups(said, utc_offset_h)]


def by_day(exchanges: Iterable[Exchange]) -> dict[str, list[Exchange]]:
    """Day -> its exchanges, days in calendar order."""
    days: dict[str, list[Exchange]] = {}
    for one in exchanges:
        days.setdefault(one.date, []).append(one)
    return dict(sorted(days.items()))


def _groups(said: Iterable[Observation], utc_offset_h: float) -> Iterator[list[Observation]]:
    open_: list[Observation] = []
    for one in said:
        joined = open_ and one.speaker != USER and _same_talk(open_[-1], one, utc_offset_h)
        if open_ and not joined:
            yield open_
            open_ = []
        open_.append(one)
    if open_:
        yield open_


def _same_talk(one: Observation, other: Observation, utc_offset_h: float) -> bool:
    if "exchange" in one.meta or "exchange" in other.meta:  # from a bank, which says itself what belongs together
        return one.meta.get("exchange") == other.meta.get("exchange")
    return one.session == other.session and day_of(one.at, utc_offset_h) == day_of(other.at, utc_offset_h)


def _exchange(group: Sequence[Observation], utc_offset_h: float) -> Exchange:
    first = group[0]
    strength = first.meta.get(STRENGTH, 1)
    return Exchange(
        date=day_of(first.at, utc_offset_h),
        query="\n".join(one.text for one in group if one.speaker == USER),
        response="\n".join(one.text for one in group if one.speaker != USER),
        strength=strength if isinstance(strength, int) and strength >= 1 else 1,
        last_recall=str(first.meta.get(LAST_RECALL, "")),
        id=first.id,
        ids=tuple(one.id for one in group),
        at=first.at,
        pair=bool(first.meta.get("pair", False)),
        extra=dict(first.meta.get("extra") or {}),
    )


# --- a bank into a memory, and out again ---


def import_user(memory: UserMemory, user: BankUser, utc_offset_h: float = 0.0) -> None:
    """Put one user of a bank into a memory: utterances, strengths, summaries, personalities and everything else.

    Args:
        memory: The memory of that user; what is in it already stays.
        user: As read from the file. Days have no time of day there: all their utterances are dated to their first moment.
        utc_offset_h: Hours by which the user's clock is ahead of UTC; the strategy's own.

    Raises:
        StorageError: When the disk refuses.
    """
    said = memory.observe_all([part for one in user.exchanges for part in _observations(one, utc_offset_h)])
    ids: dict[str, list[str]] = {}
    for one in said:
        ids.setdefault(one.session, []).append(one.id)
    memory.edit(list(_edits(user, ids, utc_offset_h)), strategy=NAME)


def _observations(one: Exchange, utc_offset_h: float) -> Iterator[Observation]:
    meta: dict[str, Any] = {"exchange": one.id}
    meta |= {"pair": True} if one.pair else {}
    meta |= {"extra": dict(one.extra)} if one.extra else {}
    meta |= {STRENGTH: one.strength} if one.strength != 1 else {}
    meta |= {LAST_RECALL: one.last_recall} if one.last_recall else {}
    at = midnight(one.date, utc_offset_h)
    yield Observation(one.query, USER, at, one.date, meta=meta)
    yield Observation(one.response, ASSISTANT, at, one.date, meta={"exchange": one.id})


def _edits(user: BankUser, ids: Mapping[str, Sequence[str]], utc_offset_h: float) -> Iterator[Operation]:
    for kind, name in DAILY.items():
        for day, text in user.texts(name).items():
            sources = tuple(ids.get(day, ()))
            count = {WRITTEN_BY: BANK, "exchanges": len(user.history.get(day, ()))}
            at = midnight(day, utc_offset_h)
            yield Operation("add", "", kind, day, text, at=at, evidence=sources, attributes=count)
    everything = tuple(id for day in ids.values() for id in day)
    last = max(user.history, default="")
    for kind, name in OVERALL.items():
        whole = user.fields.get(name)
        if isinstance(whole, str) and whole.strip() and last:
            yield Operation(
                "add",
                "",
                kind,
                "",
                whole,
                at=midnight(last, utc_offset_h),
                evidence=everything,
                attributes={WRITTEN_BY: BANK},
            )
    rest = {"name": user.name, "days": list(user.history), "fields": dict(user.fields)}
    words = f"imported from a memory bank, where the user is called {user.name.strip()}"
    yield Operation("add", "", BANK, "", words, evidence=everything, attributes=rest)


def export_user(view: UserView, utc_offset_h: float = 0.0) -> BankUser:
    """A user's memory as one entry of a bank; what :func:`import_user` took in comes out as it was."""
    kept = by_day(exchanges_of(view.observations(), utc_offset_h))
    origin = next(iter(view.facts(BANK, strategy=NAME)), None)
    stored: Mapping[str, Any] = origin.attributes if origin is not None else {}
    name, fields = str(stored.get("name", view.user)), dict(stored.get("fields") or {"name": view.user})
    days = dict.fromkeys((*stored.get("days", ()), *kept))
    history = {day: tuple(_numbered(name, day, kept.get(day, ()))) for day in days}
    for kind, part in DAILY.items():
        fields[part] = _daily(view.facts(kind), dict(fields.get(part) or {}), part)
    for kind, part in OVERALL.items():
        facts = view.facts(kind)
        if facts or part in fields:
            fields[part] = facts[-1].text if facts else ""
    return BankUser(name, history, fields)


def _numbered(name: str, day: str, rows: Sequence[Exchange]) -> Iterator[Exchange]:
    for number, one in enumerate(rows):
        id = one.extra.get("memory_id")
        yield replace(one, id=id if isinstance(id, str) else f"{name}_{day}_{number}")


def _daily(facts: Sequence[Fact], stored: Mapping[str, Any], part: str) -> dict[str, Any]:
    """Day -> text as the file has it: a summary as ``{content}``, a personality as text; further fields stay."""
    out: dict[str, Any] = {}
    for fact in facts:
        old = stored.get(fact.key)
        if isinstance(old, Mapping):
            out[fact.key] = {**old, "content": fact.text}
        elif isinstance(old, str) or part == "personality":
            out[fact.key] = fact.text
        else:
            out[fact.key] = {"content": fact.text}
    return {day: out[day] for day in dict.fromkeys((*(day for day in stored if day in out), *out))}
