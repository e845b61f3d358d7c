"""How fast a memory recalls and keeps: a million facts of a thousand users in one SQLite file, and LanceDB beside it.

    python benchmarks/memory.py [--quick]

Every user has 1,000 facts in batches of four. The index of each user was kept at some point and up to 128 events and entries have
come since, as in a memory that is in use. A *cold* recall starts from nothing: index read from the file, newer events read
and embedded, then searched; a *warm* one finds the index in memory. A recall is a hybrid search for ten facts, their words
fetched from the log. An observation counts when it is on the disk (``synchronous=FULL``). Each step runs in a process of
its own; memory is the highest resident set of the process that recalls.

LanceDB gets the same texts, the same embeddings (float32) and one table with the user as a column, as in memory layers for agents: a
filter on the user before the search, first without an index, then with its IVF_PQ index and a scalar index on the user.
Exactness is the share of the ten nearest facts of the user (brute force over float32) that a search gives.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from figures import Figure, run_alone

FACTS = 1000  # of each user
BATCH = 4
K = 10
LANCE = "0.40.0"
NOW = 2e9
SYLLABLES = (
    "ba be bo da de do fa fi ga ka ki la le li lo ma mi mo na ne no pa ra re ri ro sa se ta te ti to va vi za zo"
)
FRAMES = (
    "likes {a} with {b} in the {p}",
    "went to the {p} with {n} to see the {b}",
    "works as a {t} near the {p} since {n} left",
    "has a {a} {b} from {n}, who lives by the {p}",
    "cannot stand {b} at the {p} any more",
    "wants to learn {a} {t} before the {p} closes",
)
THINGS = [
    "tea",
    "coffee",
    "chess",
    "bees",
    "kites",
    "maps",
    "clocks",
    "ferns",
    "violins",
    "boats",
    "stamps",
    "poems",
    "apples",
    "onions",
    "shoes",
    "letters",
]
PLACES = [
    "harbour",
    "village",
    "garden",
    "island",
    "market",
    "forest",
    "station",
    "castle",
    "meadow",
    "library",
    "bakery",
    "bridge",
    "school",
    "cellar",
]
TRADES = [
    "baker",
    "diver",
    "nurse",
    "mason",
    "pilot",
    "tailor",
    "farmer",
    "printer",
    "cook",
    "gardener",
    "actor",
    "locksmith",
    "teacher",
    "clerk",
]
KINDS = [
    "old",
    "green",
    "quiet",
    "heavy",
    "foreign",
    "wild",
    "bitter",
    "broken",
    "borrowed",
    "silver",
    "narrow",
    "wooden",
    "early",
    "cheap",
]


def texts(user: int, count: int = FACTS) -> Iterator[str]:
    """The facts of one user; names are made of syllables, as many as a year of talk has."""
    rng = random.Random(user)
    names = ["".join(rng.choices(SYLLABLES.split(), k=3)).capitalize() for _ in range(60)]
    for _ in range(count):
        yield rng.choice(FRAMES).format(
            a=rng.choice(KINDS),
            b=rng.choice(THINGS),
            p=rng.choice(PLACES),
            t=rng.choice(TRADES),
            n=rng.choice(names),
        )


def queries(user: int, count: int) -> list[str]:
    """Questions about a user's facts: a fact's words with some left out."""
    rng = random.Random(-1 - user)
    told = list(texts(user))
    return [" ".join(word for word in rng.choice(told).split() if rng.random() < 0.6) or "tea" for _ in range(count)]


def drafts(user: int) -> list[Any]:
    """The log of one user."""
    from personarium.remember.events import Draft

    told, out = list(texts(user)), []
    for start in range(0, len(told), BATCH):
        at = 1e9 + start * 3600.0
        edits = [
            {"action": "add", "kind": "fact", "text": text, "holder": "user", "at": at, "evidence": ["o1"]}
            for text in told[start : start + BATCH]
        ]
        out.append(Draft("operations", at, {"operations": edits, "strategy": "facts"}))
    return out


# -- ours --------------------------------------------------------------------------------------------------------------


def opened(folder: Path) -> Any:
    """The store."""
    from personarium.remember.sqlite_store import SqliteStore

    return SqliteStore(folder / "people.db")


def cache(store: Any) -> Any:
    """An empty cache of partitions."""
    from personarium.remember.partition_view import PartitionCache
    from personarium.text.embed import load_embedder

    embedder = load_embedder()
    embedder.embed(["reads the table"])
    return PartitionCache(store, embedder)


def build(folder: Path, users: int) -> dict[str, float]:
    """The file: all facts in durable batches, and each user's index from some point in the past."""
    from personarium.remember.partition_view import NAME

    store, rng, writing, start = opened(folder), random.Random(0), 0.0, time.perf_counter()
    held = cache(store)
    for first in range(0, users, 10):
        logs = {f"user{user}": drafts(user) for user in range(first, min(first + 10, users))}
        cut = {user: len(log) - rng.randint(0, 128 // (BATCH + 1)) for user, log in logs.items()}
        begun = time.perf_counter()
        store.append_many({user: log[: cut[user]] for user, log in logs.items()})
        writing += time.perf_counter() - begun
        for user in logs:
            held.get(user)
            held.drop(user)
            if store.load_derived(user, NAME) is None:
                raise RuntimeError("no index was kept")
        begun = time.perf_counter()
        store.append_many({user: log[cut[user] :] for user, log in logs.items() if log[cut[user] :]})
        writing += time.perf_counter() - begun
    seconds = time.perf_counter() - start
    store.close()
    return {"s": seconds, "facts_s": users * FACTS / writing, "bytes": (folder / "people.db").stat().st_size}


def recall(folder: Path, users: int) -> dict[str, float]:
    """Latencies of cold and warm recalls, in milliseconds, and the memory it took."""
    store = opened(folder)
    asked = {user: queries(user, 30) for user in random.Random(1).sample(range(users), min(users, 600))}
    half, cold = list(asked)[: len(asked) // 2], []
    for _ in range(1 + 100 // len(half)):  # few users are asked several times, each time from nothing
        held = cache(store)
        held.view("nobody", NOW).search("warms up the code", K)
        cold += [timed(lambda user=user: held.view(f"user{user}", NOW).search(asked[user][0], K)) for user in half]  # noqa: B023
    forget_file(folder / "people.db")
    again, others = cache(store), [user for user in asked if user not in half]
    uncached = [timed(lambda user=user: again.view(f"user{user}", NOW).search(asked[user][0], K)) for user in others]
    few = list(asked)[:20]
    for user in few:
        again.get(f"user{user}")
    warm = [
        timed(lambda u=user, q=query: again.view(f"user{u}", NOW).search(q, K)) for user in few for query in asked[user]
    ]
    store.close()
    mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**spread("cold", cold), **spread("uncached", uncached), **spread("warm", warm), "mb": mb}


def observe(folder: Path, users: int) -> dict[str, float]:
    """Single observations through the memory, then durable batches, then many threads; each on the disk when it counts."""
    import threading

    from personarium.remember.memory import Memory
    from personarium.remember.records import Observation

    memory = Memory(opened(folder))
    rng, said = random.Random(2), list(texts(10**6, 2000))
    one = [timed(lambda text=text: memory.user(f"user{rng.randrange(users)}").observe(text)) for text in said]
    many = {f"user{user}": [Observation(text, at=NOW) for text in said[:10]] for user in range(min(users, 1000))}
    batched = timed(lambda: memory.observe_many(many)) / 1000

    def write(user: int) -> None:
        for text in said[:200]:
            memory.user(f"user{user}").observe(text)

    threads = [threading.Thread(target=write, args=(user,)) for user in range(16)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = 16 * 200 / (time.perf_counter() - start)
    memory.close()
    return {**spread("one", one), "batched": sum(map(len, many.values())) / batched, "threads": together}


def erase(folder: Path, users: int) -> dict[str, float]:
    """One fact erased at a time, of one user each, until no byte of it is in the file."""
    from personarium.remember.memory import Memory

    memory = Memory(opened(folder))
    some = random.Random(4).sample(range(users), min(users, 10))
    took = [timed(lambda user=user: memory.user(f"user{user}").forget(["f7_1"], mode="erase")) for user in some]
    memory.close()
    return {"erase": max(took), "median": sorted(took)[len(took) // 2]}


def crowd(folder: Path, users: int) -> dict[str, float]:
    """Two processes in which every user observes at once; what was lost or crossed."""
    times = 10
    opened(folder).close()
    start = time.perf_counter()
    command = [sys.executable, __file__, "--mode", "writer", "--users", str(users), "--folder", str(folder)]
    writers = [subprocess.Popen([*command, "--name", name]) for name in ("a", "b")]
    if any(writer.wait() for writer in writers):
        raise RuntimeError("a writer has failed")
    seconds, wrong, store = time.perf_counter() - start, 0, opened(folder)
    wanted = sorted(f"{name} {i}" for name in "ab" for i in range(times))
    for user in range(users):
        events = list(store.read(f"user{user}"))
        found = sorted(event.body["text"].removeprefix(f"user{user} ") for event in events)
        wrong += found != wanted or [event.seq for event in events] != list(range(1, 2 * times + 1))
    wrong += len(list(store.users())) != users
    store.close()
    return {"wrong": wrong, "rate": 2 * times * users / seconds}


def writer(folder: Path, users: int, name: str) -> dict[str, float]:
    """One of the two processes: threads for many users, each observation durable on its own."""
    from concurrent.futures import ThreadPoolExecutor

    from personarium.remember.memory import Memory

    with Memory(opened(folder)) as memory, ThreadPoolExecutor(32) as pool:
        for i in range(10):
            list(pool.map(lambda user, i=i: memory.user(f"user{user}").observe(f"user{user} {name} {i}"), range(users)))
    return {}


# -- LanceDB beside it -------------------------------------------------------------------------------------------------


def ours_beside(folder: Path, users: int) -> dict[str, float]:
    """The same searches by meaning alone as LanceDB's, and the hybrid ones."""
    from personarium.remember.strategy import MEANING

    store = opened(folder)
    held = cache(store)
    asked = sample(users)
    hits, meaning, hybrid = [], [], []
    for user, query in asked:
        held.get(f"user{user}")
        found: list[Any] = []
        view = held.view(f"user{user}", NOW)
        meaning.append(timed(lambda: found.extend(view.search(query, K, weights=MEANING))))  # noqa: B023
        hybrid.append(timed(lambda: held.view(f"user{user}", NOW).search(query, K)))  # noqa: B023
        hits.append([number_of(hit.entry.id) for hit in found])
    store.close()
    return {**spread("meaning", meaning), **spread("hybrid", hybrid), "exact": exactness(asked, hits)}


def lance(folder: Path, users: int) -> dict[str, float]:
    """LanceDB: write, search without and with its index, size."""
    import lancedb  # type: ignore[import-not-found,unused-ignore]

    from personarium.text.embed import load_embedder

    embedder = load_embedder()
    place = folder / "lance"
    table, start = None, time.perf_counter()
    embedding = 0.0
    for first in range(0, users, 10):
        told = [(user, text) for user in range(first, min(first + 10, users)) for text in texts(user)]
        begun = time.perf_counter()
        vectors = embedder.embed([text for _, text in told])
        embedding += time.perf_counter() - begun
        rows = [
            {"user": f"user{user}", "number": i % FACTS, "text": text, "vector": vector}
            for i, ((user, text), vector) in enumerate(zip(told, vectors, strict=True))
        ]
        if table is None:
            table = lancedb.connect(place).create_table("memory", rows)
        else:
            table.add(rows)
    if table is None:
        raise RuntimeError("there are no users")
    written = time.perf_counter() - start - embedding
    out = {"batched": users * FACTS / written}
    out |= _lance_searches(table, users, embedder, "plain")
    table.create_index(metric="cosine", vector_column_name="vector")
    table.create_scalar_index("user")
    out |= _lance_searches(table, users, embedder, "indexed")
    out["bytes"] = size(place)
    vectors = embedder.embed(list(texts(10**6, 100)))
    one = [
        timed(lambda v=vector: table.add([{"user": "user1", "number": FACTS, "text": "something new", "vector": v}]))
        for vector in vectors
    ]
    return {**out, **spread("one", one)}


def _lance_searches(table: Any, users: int, embedder: Any, name: str) -> dict[str, float]:
    asked, hits, took = sample(users), [], []
    for user, query in asked:
        found: list[Any] = []

        def ask(user: int = user, query: str = query, found: list[Any] = found) -> None:
            vector = embedder.embed([query])[0]
            search = table.search(vector).distance_type("cosine").where(f"user = 'user{user}'", prefilter=True)
            found.extend(search.limit(K).to_list())

        took.append(timed(ask))
        hits.append([row["number"] for row in found])
    return {**spread(name, took), f"{name}_exact": exactness(asked, hits)}


def sample(users: int) -> list[tuple[int, str]]:
    """The questions that both are asked."""
    rng = random.Random(3)
    return [(user, queries(user, 1)[0]) for user in (rng.randrange(users) for _ in range(200))]


def exactness(asked: list[tuple[int, str]], hits: list[list[int]]) -> float:
    """Percent of the ten nearest facts that were found; of facts that are equally near any will do."""
    import numpy as np

    from personarium.text.embed import load_embedder

    embedder, right = load_embedder(), 0
    for (user, query), found in zip(asked, hits, strict=True):
        cosines = embedder.embed(list(texts(user))) @ embedder.embed([query])[0]
        least = np.sort(cosines)[-K] - 1e-3  # half precision and a rounding apart
        right += sum(cosines[number] >= least for number in set(found))
    return 100 * right / (K * len(asked))


# -- measuring ---------------------------------------------------------------------------------------------------------


def timed(work: Callable[[], Any]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def spread(name: str, values: list[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    ordered = sorted(values)
    return {f"{name}_p50": ordered[len(ordered) // 2], f"{name}_p95": ordered[int(0.95 * len(ordered))]}


def number_of(id: str) -> int:
    """Which of a user's facts a fact is."""
    seq, number = id[1:].split("_")
    return (int(seq) - 1) * BATCH + int(number)


def size(folder: Path) -> int:
    """Bytes of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def forget_file(path: Path) -> None:
    """Ask the kernel to drop a file's pages from memory, so that they come from the disk."""
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def in_a_process(mode: str, users: int, folder: Path) -> dict[str, float]:
    """One measurement in a process of its own."""
    command = [sys.executable, __file__, "--mode", mode, "--users", str(users), "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{mode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def lance_problem() -> str:
    """Why LanceDB cannot be measured here; empty when it can."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = version("lancedb")
    except PackageNotFoundError:
        return f"lancedb {LANCE} is not installed; `make perf` installs it"
    return "" if found == LANCE else f"lancedb {LANCE} is wanted, {found} is installed"


def measure(quick: bool = False) -> list[Figure]:
    """All figures of this benchmark."""
    curve = (10, 30, 100) if quick else (10, 100, 1000)
    found: dict[int, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        for users in curve:
            place = Path(name) / str(users)
            place.mkdir()
            found[users] = in_a_process("build", users, place)
            found[users] |= in_a_process("recall", users, place) | in_a_process("observe", users, place)
            found[users] |= in_a_process("erase", users, place)
        (Path(name) / "crowd").mkdir()
        together = in_a_process("crowd", curve[-1], Path(name) / "crowd")
        beside = both(Path(name), 20 if quick else 200)
    top = found[curve[-1]]
    told = "; ".join(
        f"{users * FACTS:,}: cold {f['cold_p95']:.1f}, warm {f['warm_p95']:.1f}, observe {f['one_p95']:.1f} ms"
        for users, f in found.items()
    )
    what = f"{curve[-1] * FACTS:,} facts of {curve[-1]:,} users"
    flat = max(top[f"{one}_p50"] / found[curve[0]][f"{one}_p50"] for one in ("cold", "warm"))
    return [
        Figure(f"{what}: recall, cold user, p95", us(top["cold_p95"]), "us", 20_000, at_most=True, note=told),
        Figure("the same, file not in memory either, p95", us(top["uncached_p95"]), "us", note=middle(top, "uncached")),
        Figure("recall, warm user, p95", us(top["warm_p95"]), "us", 5_000, at_most=True, note=middle(top, "warm")),
        Figure(
            "recall, largest against smallest memory",
            flat,
            "x",
            1.5,
            at_most=True,
            note="medians, the worse of cold and warm",
        ),
        Figure("memory of the process that recalls", top["mb"], "MB", 500, at_most=True),
        Figure("durable observation, p95", us(top["one_p95"]), "us", 5_000, at_most=True, note=middle(top, "one")),
        Figure("durable observations in batches", top["batched"], "/s", 1000),
        Figure("durable observations one by one from 16 threads", top["threads"], "/s"),
        Figure(
            f"{what}: erasure of a fact, every byte of it, slowest of 10",
            top["erase"],
            "ms",
            note=f"median {top['median']:,.0f} ms; the whole file is searched, and written anew where a copy is left",
        ),
        Figure(f"{what}: bytes on disk", top["bytes"] / 1e6, "MB", note="log and indexes"),
        Figure(
            f"{curve[-1]:,} users observing at once from 2 processes: users with anything lost or crossed",
            together["wrong"],
            "",
            1,
            at_most=True,
            note=f"{together['rate']:,.0f} durable observations/s",
        ),
        *beside,
    ]


def both(folder: Path, users: int) -> list[Figure]:
    """Ours and LanceDB's on the same facts."""
    what = f"{users * FACTS:,} facts"
    if lance_problem():
        return [Figure(f"LanceDB {LANCE} on {what}", None, "us", note=lance_problem())]
    place = folder / "beside"
    place.mkdir()
    ours = in_a_process("build", users, place)
    ours |= in_a_process("ours_beside", users, place) | in_a_process("observe", users, place)
    theirs = in_a_process("lance", users, folder)
    ratio = theirs["plain_p95"] / ours["meaning_p95"]
    return [
        Figure(f"{what}: recall by meaning, p95", us(ours["meaning_p95"]), "us", note=exact(ours["exact"])),
        Figure(f"{what}: hybrid recall, p95", us(ours["hybrid_p95"]), "us", note="words, meaning, recency, importance"),
        Figure(f"LanceDB {LANCE}, no index, p95", us(theirs["plain_p95"]), "us", note=exact(theirs["plain_exact"])),
        Figure(
            "LanceDB, IVF_PQ and scalar index, p95",
            us(theirs["indexed_p95"]),
            "us",
            note=exact(theirs["indexed_exact"]),
        ),
        Figure("LanceDB without index against ours, recall p95", ratio, "x"),
        Figure(f"{what}: one durable observation, p95", us(ours["one_p95"]), "us", note=middle(ours, "one")),
        Figure("LanceDB, one row added, p95", us(theirs["one_p95"]), "us", note=middle(theirs, "one")),
        Figure(f"{what}: written in batches", ours["facts_s"], "/s", note="10,000 facts a step, index not counted"),
        Figure(
            "LanceDB, written in batches", theirs["batched"], "/s", note="10,000 rows a step, embedding not counted"
        ),
        Figure(f"{what}: bytes on disk", ours["bytes"] / 1e6, "MB", note="log, vectors and words"),
        Figure(
            "LanceDB, bytes on disk", theirs["bytes"] / 1e6, "MB", note="texts, vectors and both indexes; no word index"
        ),
    ]


def us(milliseconds: float) -> float:
    """Microseconds."""
    return 1000 * milliseconds


def middle(found: dict[str, float], name: str) -> str:
    """The median, in words."""
    return f"median {found[f'{name}_p50']:.2f} ms"


def exact(percent: float) -> str:
    """Exactness, in words."""
    return f"{percent:.1f} % of the ten nearest"


def main() -> None:
    """The command line; ``--mode`` is how it starts itself."""
    if "--mode" not in sys.argv:
        run_alone(measure, "A memory of a million facts: recall, observe, many at once, and LanceDB beside it.")
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", required=True)
    parser.add_argument("--users", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--name", default="")
    options = parser.parse_args()
    modes = {
        "build": build,
        "recall": recall,
        "observe": observe,
        "erase": erase,
        "crowd": crowd,
        "ours_beside": ours_beside,
        "lance": lance,
    }
    if options.mode == "writer":
        print(json.dumps(writer(options.folder, options.users, options.name)))
    else:
        print(json.dumps(modes[options.mode](options.folder, options.users)))


if __name__ == "__main__":
    main()
