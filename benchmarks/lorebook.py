"""How long a lorebook of 5,000 entries takes at each turn of a dialogue of 200 turns.

    python benchmarks/lorebook.py [--quick]

Every entry has two keys, all of them plain or all of them regular expressions. A message has about 400 characters and
names five keys; the whole dialogue is scanned at every turn (``scan_depth`` 200), so that at the end some thousand entries
match and a token budget leaves most of them out. In the recursive book every content names a key of another entry. A turn
is one message said and one scan; the figure is the slowest turn of the dialogue, median over rounds, each with a new book
that has seen nothing.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from figures import Figure, middle, run_alone

ENTRIES, TURNS, NAMED, WORDS = 5_000, 200, 5, 60
SYLLABLES = [a + b for a in "bcdfghklmnprstvz" for b in "aeiou"]


def words(count: int, seed: int) -> list[str]:
    """Different made-up words of three or four syllables."""
    draw = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(draw.choice(SYLLABLES) for _ in range(draw.randint(3, 4)))] = None
    return list(found)


def book(keys: list[str], written: Callable[[str], str], recursive: bool, use_regex: bool) -> dict[str, Any]:
    """A lorebook in which entry ``n`` has keys ``2n`` and ``2n + 1``."""
    from personarium.core.cards.lorebook import fill_book

    entries = tuple(
        {
            "keys": (written(keys[2 * n]), written(keys[2 * n + 1])),
            "content": f"What is known of {keys[2 * n]}: it lies behind {keys[(14 * n + 7) % len(keys)]}. "
            + "It is old. " * 20,
            "use_regex": use_regex,
        }
        for n in range(ENTRIES)
    )
    given = {"entries": entries, "scan_depth": TURNS, "token_budget": 2_000, "recursive_scanning": recursive}
    return fill_book(given, 3, "benchmark", "book", [])


def messages(keys: list[str]) -> list[str]:
    """What is said."""
    draw = random.Random(7)
    plain = words(500, 2)
    texts = []
    for _ in range(TURNS):
        said = [draw.choice(plain) for _ in range(WORDS - NAMED)] + draw.sample(keys, NAMED)
        draw.shuffle(said)
        texts.append(" ".join(said))
    return texts


def play(filled: dict[str, Any], texts: list[str]) -> tuple[float, list[float], int]:
    """Seconds to read the book, seconds of every turn, entries that matched in the last one."""
    from personarium.core.cards.lore import Lorebook
    from personarium.core.dialogue import Dialogue

    start = time.perf_counter()
    lorebook = Lorebook(filled)
    read = time.perf_counter() - start
    dialogue, turns, matched = Dialogue(), [], 0
    for number, text in enumerate(texts):
        start = time.perf_counter()
        dialogue.say("mira" if number % 2 else "tom", text)
        found = lorebook.scan(dialogue, "mira")
        turns.append(time.perf_counter() - start)
        matched = len(found.entries) + len(found.dropped)
    if not matched:
        raise RuntimeError("no entry matched: the benchmark measures nothing")
    return read, turns, matched


def figures_of(name: str, filled: dict[str, Any], texts: list[str], rounds: int) -> list[Figure]:
    """The slowest and the usual turn of one book, and how long it takes to read."""
    played = [play(filled, texts) for _ in range(rounds)]
    slowest = middle([max(turns) * 1_000 for _, turns, _ in played])
    usual = middle([median(turns) * 1_000 for _, turns, _ in played])
    note = f"slowest of {TURNS} turns, median turn {usual:.1f} ms; {played[0][2]:,} entries match in the last"
    read = middle([read for read, _, _ in played])
    return [
        Figure(f"lorebook of {ENTRIES:,} entries, {name}, one turn", slowest, "ms", 50, at_most=True, note=note),
        Figure(f"lorebook of {ENTRIES:,} entries, {name}, read once", read, "s", note="before the first turn"),
    ]


def measure(quick: bool = False) -> list[Figure]:
    """All figures of this benchmark."""
    rounds = 1 if quick else 5
    keys = words(2 * ENTRIES, 1)
    texts = messages(keys)

    def pattern(key: str) -> str:
        return rf"\b{key}(s|es)?\b"

    books = {
        "plain keys": book(keys, str, False, False),
        "regular expressions": book(keys, pattern, False, True),
        "plain keys, recursive": book(keys, str, True, False),
    }
    return [figure for name, filled in books.items() for figure in figures_of(name, filled, texts, rounds)]


if __name__ == "__main__":
    run_alone(measure, "A lorebook at every turn of a long dialogue.")
