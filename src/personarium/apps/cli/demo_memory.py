"""The memory part of the demo: one scripted person remembered for a year, corrected, erased from; and methods side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

USERS, TALKS = 2, 40
STORE = "people.db"
METHODS = ("facts", "personatree", "memorybank")
SHOWN = 12  # facts in the table


@dataclass(frozen=True)
class RememberedYear:
    """What the demo shows of memory.

    Args:
        comparison: Methods side by side.
        facts: Rows of what is believed: matter, value, since, until, the words it comes from.
        believed: How many facts there are.
        receipt: Of an erasure.
        erased: What was erased, told before it went.
    """

    comparison: Any
    facts: list[list[Any]]
    believed: int
    receipt: Any
    erased: str


async def remember(folder: Path) -> RememberedYear:
    """Take in a scripted person's year, session by session, and erase one thing of it.

    Args:
        folder: Where the memory's file stands; an older one is replaced.
    """
    from personarium.measure.memory import ScriptConfig, compare_strategies, scripted_cases, scripted_users

    people = scripted_users(USERS, ScriptConfig(sessions=TALKS), seed=3)
    comparison = await compare_strategies(METHODS, scripted_cases(people, cuts=3, each=1))
    facts, believed, receipt, erased = await _one_year(folder / STORE, people[0])
    return RememberedYear(comparison, facts, believed, receipt, erased)


async def _one_year(path: Path, person: Any) -> tuple[list[list[Any]], int, Any, str]:
    from itertools import groupby

    from personarium.remember import Memory
    from personarium.remember.recollection import day

    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    now = [0.0]
    with Memory.open(path, clock=lambda: now[0]) as memory:
        user = memory.user(person.id)
        for _, talk in groupby(person.messages, key=lambda one: one.session):
            said = list(talk)
            now[0] = said[-1].at
            user.observe_all(said)
            user.apply(await user.consolidate(closing=True))
        facts = user.facts(ended=True)
        ended = {(fact.key, fact.holder) for fact in facts if not fact.current}
        changed = [fact for fact in facts if (fact.key, fact.holder) in ended]
        shown = sorted(changed, key=lambda fact: (fact.key, fact.holder))[:SHOWN]
        rows = [
            [
                fact.key if fact.holder == "user" else f"{fact.key} of {fact.holder}",
                fact.text,
                day(fact.valid_from) if fact.valid_from is not None else "",
                day(fact.valid_to) if fact.valid_to is not None else "holds",
                user.sources(fact)[-1].text,
            ]
            for fact in shown
        ]
        gone = next(fact for fact in facts if fact.current and (fact.key, fact.holder) not in ended)
        erased = f"{gone.key}: {gone.text}"
        return rows, len(facts), user.forget([gone.id], mode="erase"), erased


def memory_sections(year: RememberedYear) -> list[dict[str, Any]]:
    """What the report shows: a changed mind with its sources, an erasure's receipt, and the methods side by side."""
    from personarium.apps.cli.remember_compare import sections

    receipt = year.receipt
    return [
        {
            "kind": "table",
            "title": "Memory: what one scripted year left",
            "note": f"{year.believed} facts were read by plain rules out of {TALKS} talks; shown are the matters on which the person "
            "changed their mind. Every value has its dates and the words it comes from.",
            "columns": ["matter", "value", "since", "until", "said"],
            "rows": year.facts,
        },
        {
            "kind": "table",
            "title": "Memory: one thing erased",
            "note": f"Erased: {year.erased}. The receipt holds no word of it.",
            "columns": ["what went", "how many"],
            "rows": [
                ["utterances", len(receipt.observations)],
                ["facts, earlier versions included", len(receipt.facts)],
                ["events of the log rewritten", receipt.events],
                ["files searched afterwards", receipt.searched],
            ],
        },
        *[{**part, "title": f"Memory: {_lower(part['title'])}"} for part in sections(year.comparison)[:3]],
    ]


def _lower(title: str) -> str:
    return f"{title[0].lower()}{title[1:]}"
