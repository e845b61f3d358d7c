"""The forgetting curve: how well a memory is retained, what a recall does for it, and which memories fade.

Forgetting is a pure function of the memory, the day and a seed: each memory has one chance number for each of its strengths, and
is gone once its retention is below that. So the share that is left is the curve's at every age, what has faded stays so, and
neither the order of users nor how often a file was opened matters.

Source: MemoryBank (arXiv 2305.10250), "Memory updating"; memorybank page, step 6 and Traps.
Units: days.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput
from personarium.remember.memorybank.bank import BankUser, Exchange, strengthened

ERRATA = frozenset(
    {"curve-inverted", "turns-dropped", "redrawn-at-each-load", "split-ids", "missing-summary", "empty-day"}
)
TAU_DAYS = 1.0  # the paper's time scale
PUBLISHED_SCALE = 5.0  # the code's, in exp(-t*S/5)


def retention(days: float, strength: float, tau_days: float = TAU_DAYS, *, as_published: Published = False) -> float:
    """How well a memory is retained: exp(-t / (tau * S)).

    Args:
        days: Since the last recall, 0 or more.
        strength: 1 when new; each recall adds 1.
        tau_days: Time scale; 1 in the paper.
        as_published: With ``curve-inverted`` the code's exp(-t * S / 5), by which stronger memories fade faster.

    Returns:
        A number in [0, 1]; 1 at age 0.

    Raises:
        InvalidInput: A negative age (a memory dated after now), a strength or scale that is not above 0.
    """
    if not days >= 0:
        raise InvalidInput("retention", "an age of 0 days or more (the memory is dated after now)", days, "days")
    for name, value in (("strength", strength), ("tau_days", tau_days)):
        if not value > 0:
            raise InvalidInput("retention", "a number above 0", value, name)
    if "curve-inverted" in published_faults(as_published, ERRATA):
        return math.exp(-days * strength / PUBLISHED_SCALE)
    return math.exp(-days / (tau_days * strength))


def age_days(one: Exchange, today: str) -> int:
    """Whole days since an exchange was last recalled, or said; negative when it is dated after ``today``."""
    return (date.fromisoformat(today) - date.fromisoformat(one.since)).days


def retained(one: Exchange, today: str, tau_days: float = TAU_DAYS, *, as_published: Published = False) -> float:
    """The retention of an exchange on a day; raises InvalidInput when it is dated after that day."""
    return retention(age_days(one, today), one.strength, tau_days, as_published=as_published)


def remains(
    one: Exchange,
    user: str,
    today: str,
    seed: int = 0,
    tau_days: float = TAU_DAYS,
    *,
    openings: int = 1,
    as_published: Published = False,
) -> bool:
    """Whether an exchange is still remembered on a day.

    Args:
        one: The exchange.
        user: Whose it is.
        today: The day.
        seed: Of the chance numbers.
        tau_days: Time scale of the curve.
        openings: How often the bank was opened so far; matters only with ``redrawn-at-each-load``, where every opening draws
            anew and so speeds up forgetting.
        as_published: Faults to bring back.
    """
    share = retained(one, today, tau_days, as_published=as_published)
    rounds = openings if "redrawn-at-each-load" in published_faults(as_published, ERRATA) else 1
    return all(_chance(seed, user, one, opening) <= share for opening in range(rounds))


def _chance(seed: int, user: str, one: Exchange, opening: int) -> float:
    text = "\x1f".join((str(seed), user, one.id, str(one.strength), str(opening)))
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def expected_survivors(
    exchanges: Iterable[Exchange], today: str, tau_days: float = TAU_DAYS, *, as_published: Published = False
) -> tuple[float, float]:
    """How many exchanges are left on a day: expectation and standard deviation."""
    shares = [retained(one, today, tau_days, as_published=as_published) for one in exchanges]
    return sum(shares), math.sqrt(sum(share * (1 - share) for share in shares))


# --- acts on a bank file ---


@dataclass(frozen=True, slots=True)
class Faded:
    """What forgetting left of a user's bank, and everything that it took.

    Args:
        user: What is left.
        removed: The exchanges that faded.
        days: Days that lost all their exchanges, and with them their summary.
    """

    user: BankUser
    removed: tuple[Exchange, ...]
    days: tuple[str, ...]


def forget_faded(
    user: BankUser,
    today: str,
    seed: int = 0,
    tau_days: float = TAU_DAYS,
    *,
    openings: int = 1,
    as_published: Published = False,
) -> Faded:
    """Take the faded exchanges out of a bank: the published act of deletion, with a list of what it took.

    A day that had exchanges and has none left goes with its summary; a day that was empty before is left alone.

    Raises:
        InvalidInput: An exchange is dated after ``today``; with ``missing-summary`` also when an emptied day (or one that was
            empty before) has no summary to take away.
    """

    def stays(one: Exchange) -> bool:
        return remains(one, user.name, today, seed, tau_days, openings=openings, as_published=as_published)

    kept = {day: tuple(filter(stays, rows)) for day, rows in user.history.items()}
    strict = "missing-summary" in published_faults(as_published, ERRATA)
    emptied = tuple(day for day, rows in kept.items() if not rows and (user.history[day] or strict))
    summaries = dict(user.fields.get("summary") or {})
    if strict and (without := [day for day in emptied if day not in summaries]):
        raise InvalidInput(f"memory bank: user {user.name!r}", "a summary to delete", None, f"summary.{without[0]}")
    fields = dict(user.fields)
    if "summary" in fields:
        fields["summary"] = {day: text for day, text in summaries.items() if day not in emptied}
    left = BankUser(user.name, {day: rows for day, rows in kept.items() if day not in emptied}, fields)
    names = {one.id for one in left.exchanges}
    return Faded(left, tuple(one for one in user.exchanges if one.id not in names), emptied)


def recall_in_bank(user: BankUser, ids: Iterable[str], today: str, *, as_published: Published = False) -> BankUser:
    """Strengthen the exchanges that were recalled, each once however often its id is named.

    Args:
        user: The bank's user.
        ids: Memory ids, ``USER_DATE_INDEX``; a summary's ``USER_DATE_summary`` has no strength and is passed over.
        today: The day of the recall.
        as_published: With ``split-ids`` the day is the second piece of the id split at ``_``.

    Raises:
        InvalidInput: The id names no exchange of the user; with ``split-ids`` whenever the user's name holds a ``_``.
    """
    naive = "split-ids" in published_faults(as_published, ERRATA)
    history = dict(user.history)
    for id in dict.fromkeys(ids):
        pieces = id.split("_") if naive else id.rsplit("_", 2)
        day = pieces[1] if len(pieces) > 1 else ""
        if pieces[-1] == "summary" and not naive:
            continue
        if not any(one.id == id for one in history.get(day, ())):
            raise InvalidInput(f"memory bank: user {user.name!r}", "the id of an exchange (USER_DATE_INDEX)", id, "id")
        history[day] = tuple(strengthened(one, today) if one.id == id else one for one in history[day])
    return replace(user, history=history)
