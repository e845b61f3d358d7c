"""A small file set in the real format: users whose preferences, changes, friends and wishes to forget are known.

It lets the benchmark run on a machine without the real files. Only plainly stated preferences, so that rules can read them: it
tests holders, updates, forgetting and the cut, not how well a model reads between the lines.

Source: personamem-v2 page, "Data formats" and "Works when" 6 and 7.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personarium.core.errors import StorageError, UsageError
from personarium.core.tables import write_csv

COLUMNS = (
    "persona_id", "user_query", "correct_answer", "incorrect_answers", "preference", "pref_type", "topic_preference",
    "topic_query", "conversation_scenario", "who", "updated", "prev_pref", "chat_history_32k_link", "chat_history_128k_link",
)  # fmt: skip
VALUES: Mapping[str, tuple[str, ...]] = {
    "drink": ("tea", "coffee", "cocoa", "water", "lemonade", "cider", "kefir", "juice"),
    "music": ("jazz", "rock", "folk", "pop", "opera", "blues", "disco", "swing"),
    "sport": ("rowing", "fencing", "archery", "judo", "curling", "squash", "sailing", "cricket"),
    "food": ("soup", "curry", "pasta", "salad", "stew", "pizza", "risotto", "dumplings"),
}
NOT_KNOWN = "I do not know that about you."
_TALK = (
    ("Can you translate good morning into Finnish?", "Hyvää huomenta."),
    ("Please make this sentence shorter: we came home late at night.", "We came home late."),
    ("How many days does February have?", "28, or 29 in a leap year."),
)


@dataclass(frozen=True, slots=True)
class _Preference:
    kind: str  # the matter
    values: tuple[str, str, str, str]  # the right one first
    pref_type: str
    who: str = "self"
    updated: bool = False


def write_scripted(folder: str | Path, users: int = 4, seed: int = 0) -> Path:
    """Write ``benchmark.csv`` and ``chat_history_32k/*.json`` below it.

    Each user has four rows: a preference that fits the stereotype, one against it that has been updated, a friend's, and one
    that is to be forgotten.

    Args:
        folder: An existing folder.
        users: How many.
        seed: Of every draw.

    Raises:
        StorageError: When the disk refuses.
    """
    if not 1 <= users <= 10_000:
        raise UsageError(f"a scripted set has 1 to 10,000 users, found {users}")
    target, chance = Path(folder), random.Random(seed)
    rows: list[dict[str, Any]] = []
    for number in range(users):
        preferences = list(_preferences(chance))
        link = f"chat_history_32k/persona_{number}.json"
        _write_history(target / link, number, preferences)
        rows += [_row(number, one, link) for one in preferences]
    return write_csv(target / "benchmark.csv", COLUMNS, rows)


def _preferences(chance: random.Random) -> Iterator[_Preference]:
    kinds = chance.sample(sorted(VALUES), len(VALUES))
    drawn = [tuple(chance.sample(VALUES[kind], 4)) for kind in kinds]
    yield _Preference(kinds[0], drawn[0], "stereotypical_pref")  # type: ignore[arg-type]
    yield _Preference(kinds[1], drawn[1], "anti_stereotypical_pref", updated=True)  # type: ignore[arg-type]
    yield _Preference(kinds[2], drawn[2], "stereotypical_pref", "sister")  # type: ignore[arg-type]
    yield _Preference(kinds[3], drawn[3], "ask_to_forget")  # type: ignore[arg-type]


def _said(one: _Preference) -> Iterator[str]:
    """What the user says for a preference, in order."""
    right, other = one.values[:2]
    if one.who != "self":
        yield f"My {one.who}'s favourite {one.kind} is {right}."
    elif one.updated:
        yield f"My favourite {one.kind} is {other}."
        yield f"My favourite {one.kind} is now {right}."
    else:
        yield f"My favourite {one.kind} is {right}."
        if one.pref_type == "ask_to_forget":
            yield f"Please forget that my favourite {one.kind} is {right}."


def _write_history(path: Path, number: int, preferences: Sequence[_Preference]) -> None:
    said = [list(_said(one)) for one in preferences]
    rounds = [texts[k] for k in range(2) for texts in said if k < len(texts)]
    messages = [{"role": "system", "content": f"Current user persona: user {number}, a clerk."}]
    for k, text in enumerate(rounds):
        asked, answered = _TALK[k % len(_TALK)]
        pairs = (("user", text), ("assistant", "I see."), ("user", asked), ("assistant", answered))
        messages += [{"role": role, "content": content} for role, content in pairs]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"persona_id": number, "chat_history": messages}), encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror or error})") from error


def _row(number: int, one: _Preference, link: str) -> dict[str, Any]:
    forgotten = one.pref_type == "ask_to_forget"
    whose = "my" if one.who == "self" else f"my {one.who}'s"
    right, *others = one.values
    answers = [NOT_KNOWN, right, *others[:2]] if forgotten else [right, *others]
    return {
        "persona_id": number,
        "user_query": repr({"role": "user", "content": f"Can you remind me, what is {whose} favourite {one.kind}?"}),
        "correct_answer": answers[0],
        "incorrect_answers": repr(answers[1:]),
        "preference": f"favourite {one.kind}: {right}",
        "pref_type": one.pref_type,
        "topic_preference": one.kind,
        "topic_query": one.kind,
        "conversation_scenario": "chat",
        "who": one.who,
        "updated": one.updated,
        "prev_pref": f"favourite {one.kind}: {others[0]}" if one.updated else "",
        "chat_history_32k_link": link,
        "chat_history_128k_link": "",
    }
