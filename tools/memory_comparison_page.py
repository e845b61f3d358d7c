"""Write docs/memory-comparison.md: which memory method answers what, measured on scripted users whose truth is known.

Run: python tools/memory_comparison_page.py   (about four minutes on two cores; everything but the milliseconds is the same
every time)
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

from personarium.core.results import Estimate
from personarium.measure.memory import (
    ComparisonResult,
    Foresight,
    Guard,
    ScriptConfig,
    compare_strategies,
    joined,
    readable_share,
    script_user,
    scripted_case,
    scripted_cases,
    scripted_users,
)
from personarium.measure.memory.foresight import Way
from personarium.measure.memory.result import CEILING, MEASURES
from personarium.remember.strategies import BASELINES, STRATEGIES

PAGE = Path(__file__).resolve().parents[1] / "docs" / "memory-comparison.md"
USERS, WORLDS = 12, 2
FIRST = 4700  # seed of the first user: the reader and the house's strategy were tuned on seeds below 100
CONFIG = ScriptConfig()
CHEATS: Mapping[Way, str] = {
    "future": "searches the whole year and gives what it finds the sources of something that was said",
    "answers": "knows the answers and gives them with the sources that they really have",
    "questions": "keeps the questions and puts them into the memory",
}
ROLES = ("stale", "present", "other", "later", "decoy", "nothing", "never", "no answer")
HEAD = """<!-- made by tools/memory_comparison_page.py; run it again instead of editing -->

# Which memory method remembers what

{users} scripted users talk for a year ({sessions} sessions, about {messages} messages each): they tell what they like, where they live,
what they drive; they change their minds up to three times, go back, give things up without a new value; a sister and a friend have
values of their own for the same matters; most sessions hold no fact at all. Every strategy hears the sessions in order, consolidates
after each **without a model, by rules**, and is asked at six cuts through the year, {asked} questions in all. A reader by rules answers
from what stands in the prompt (what always stands there, and {k} recalled entries of at most {budget} tokens), and from nothing else.
`personarium remember compare` does the same with any number of users; the numbers here come from `python tools/memory_comparison_page.py`.
The reader's cues, the rules that read statements and the weights of `facts` were chosen on users of other seeds than these; the wordings are
the same, so for other wordings all figures are optimistic.

What this says: how much of what was said a method keeps, finds and marks as over, when everything around it is the same. What it does
not say: how well a method does with a language model that consolidates and reads. The methods of the papers were made for a model;
here they have rules in its place, which read **{readable} of the statements** ({plain} of those in plain wordings, {free} of those in
free ones). Run it with your model and your own data before you choose (below).
"""
READER = """
## What the reader can do

The reader takes an option's value as told when it stands in a sentence about the person asked for; the newest sentence by printed date
wins; "no longer", "used to", "from X to Y" and the like end a value. It never sees which option is right, and abstains (a failure)
where it finds nothing and no option says so. `{ceiling}` is what it makes of exactly the messages that tell the matter: the ceiling of
this reader, not of the task. It was written for plain English by the same hand as the scripts, so its ceiling here is high, and the whole
talk is no trouble to it, which it is to a language model. It never guesses, so `never` is 1.00 for every strategy: only a model can make
things up. Entries without a date cannot answer *when*; entries that do not say whom they are about are taken for the
user's.
"""
FOOLS = """
## What fools a memory

Shares of all questions by what the wrong answer was: a value that held before (`stale`), the present one where the past was asked, a
value of the sister or friend (`other`), one that is told only later (`later`: a guess here, for what looks ahead is caught below), one
that nobody ever told (`decoy`), that there is nothing any more, that it was never said, no answer.
"""
PEEK = """
## A strategy that looks ahead is caught

Every entry must rest on messages that were there; nothing shown may name what was told only later; a fresh memory built from the prefix
alone must show the same, byte for byte, and have the same log; and after the same year with other values nothing of the first year may be
known. All strategies above passed. Three that cheat:
"""
COMMAND = """
## On your own data

```bash
personarium remember compare people.db --questions questions.jsonl --reader ollama/llama3.2
```

A line of `questions.jsonl`: `{"user": "ana", "at": "2026-05-01", "question": "What do I drink?", "options": ["tea", "rum"], "answer": "tea"}`;
`type`, `sources` (ids of observations) and `stale` (options that were right once) may be given, and bring the columns that need them.
"""


def compare_one(seed: int) -> ComparisonResult:
    """All strategies on one user; runs in a process of its own."""
    names = [name for name in STRATEGIES if name not in BASELINES]
    guard = Guard(prefixes=0.01, worlds=1.0 if seed < FIRST + WORLDS else 0.0)
    return asyncio.run(compare_strategies(names, [scripted_case(script_user(seed, CONFIG))], guard=guard))


def cheats() -> list[tuple[str, ComparisonResult]]:
    """The strategies that look ahead, on two short years."""
    cases = scripted_cases(scripted_users(2, ScriptConfig(sessions=60)), cuts=3)
    found = []
    for way in CHEATS:
        cheat = Foresight(cases, way)
        result = asyncio.run(compare_strategies([cheat], cases, guard=Guard(0.05, 1.0), baselines=False))
        found.append((cheat.name, result))
    return found


def shown(one: Estimate, digits: int = 2) -> str:
    """A value with its interval."""
    if one.value is None:
        return "–"
    span = "" if one.lo is None or one.hi is None else f" ({one.lo:.{digits}f}–{one.hi:.{digits}f})"
    return f"{one.value:.{digits}f}{span}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def by_strategy(result: ComparisonResult, head: Sequence[str], cells: Callable[[str], Sequence[str]]) -> str:
    """A table with one row a strategy."""
    return table(["strategy", *head], [[f"`{name}`", *cells(name)] for name in result.strategies])


def quality(result: ComparisonResult) -> str:
    """Accuracy, staleness, contradiction and evidence, with the answers that read nothing below."""
    names = ("accuracy", "stale", "stale_retracted", "contradiction", "precision", "evidence")
    text = f"\n## Answers\n\nShares with 95 % intervals, bootstrap over {len(result.users)} users.\n\n"
    text += by_strategy(result, names, lambda name: [shown(result.scores(name).measures[m]) for m in names])
    text += "\n" + "".join(f"- `{name}`: {MEASURES[name]}.\n" for name in names)
    trivial = ", ".join(f"{name.lower()} {one.value:.2f}" for name, one in result.baselines().items())
    return f"{text}\nAnswers that read neither memory nor question: {trivial}.\n"


def types(result: ComparisonResult) -> str:
    """Accuracy by type."""
    text = "\n## By type of question\n\n"
    return text + by_strategy(
        result, result.types, lambda name: [shown(one) for one in result.scores(name).by_type.values()]
    )


def costs(result: ComparisonResult) -> str:
    """Tokens, times and bytes."""
    names = ("tokens", "recall_ms", "observe_ms", "consolidate_ms", "bytes")
    text = "\n## What it costs\n\nMeans; milliseconds on the machine that made this page, a few others at work beside it.\n\n"

    def cells(name: str) -> list[str]:
        values = [result.scores(name).measures[m].value or 0.0 for m in names]
        failures = result.scores(name).failures
        said = ", ".join(f"{kind} {count}" for kind, count in failures.items()) or "none"
        return [f"{values[0]:,.0f}", *(f"{value:.2f}" for value in values[1:4]), f"{values[4]:,.0f}", said]

    heads = [
        "tokens a question",
        "recall ms",
        "observe ms a message",
        "consolidate ms a session",
        "bytes a user",
        "failures",
    ]
    return text + by_strategy(result, heads, cells)


def fools(result: ComparisonResult) -> str:
    """What wrong answers are."""

    def cells(name: str) -> list[str]:
        found = result.mistakes(name)
        return [f"{found[role]:.2f}" if role in found else "" for role in ROLES]

    return FOOLS + "\n" + by_strategy(result, ROLES, cells)


def peeking(found: Sequence[tuple[str, ComparisonResult]]) -> str:
    """The demonstration of the guard."""
    rows = []
    for (name, result), what in zip(found, CHEATS.values(), strict=True):
        scores = result.scores(name)
        mark = "looks ahead" if scores.looks_ahead else "not caught"
        example = scores.findings[0] if scores.findings else ""
        rows.append([f"`{name}`", what, shown(scores.measures["accuracy"]), mark, example])
    return PEEK + "\n" + table(["strategy", "what it does", "accuracy", "mark", "first finding"], rows)


def page(result: ComparisonResult, cheating: Sequence[tuple[str, ComparisonResult]]) -> str:
    """The whole page."""
    users = scripted_users(USERS, CONFIG, seed=FIRST)
    shares = [
        readable_share(scripted_users(4, config)) for config in (replace(CONFIG, free=0.0), replace(CONFIG, free=1.0))
    ]
    read, told = readable_share(users)
    head = HEAD.format(
        users=USERS,
        sessions=CONFIG.sessions,
        messages=f"{sum(len(user.messages) for user in users) // USERS:,}",
        asked=f"{len(result.questions):,}",
        k=result.settings["k"],
        budget=f"{result.settings['budget_tokens']:,}",
        readable=f"{read / told:.0%}",
        plain=f"{shares[0][0] / shares[0][1]:.0%}",
        free=f"{shares[1][0] / shares[1][1]:.0%}",
    )
    parts = [quality(result), types(result), costs(result), READER.format(ceiling=CEILING), fools(result)]
    return head + "".join(parts) + peeking(cheating) + COMMAND


def main() -> None:
    """Measure and write."""
    marked: list[str] = []
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        result = joined(pool.map(compare_one, range(FIRST, FIRST + USERS)))
    for name in result.strategies:
        scores = result.scores(name)
        print(name, scores.measures["accuracy"])
        marked += [f"{name}: {finding}" for finding in scores.findings[:3]]
    if marked or result.lost:
        sys.exit("not written, look at this first:\n" + "\n".join([*marked, *result.lost]))
    PAGE.write_text(page(result, cheats()), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
