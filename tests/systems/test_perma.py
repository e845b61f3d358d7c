"""PERMA: every statement of the page's "Works when", with its literals, and the errata."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.benchmarks.perma import (
    LastSessions,
    MemoryAdapter,
    NoMemory,
    PermaConfig,
    PermaResult,
    PlantedReader,
    Retrieval,
    Session,
    Talk,
    User,
    Watched,
    WholeHistory,
    WorldConfig,
    interleave,
    lengthened,
    make_worlds,
    open_memory,
    read_results,
    read_user,
    run_incremental,
    run_perma,
    token_f1,
    turn_statistics,
    users_in,
    write_users,
)
from personarium.benchmarks.perma.data_format import tasks_path
from personarium.benchmarks.perma.memories import chunks
from personarium.benchmarks.perma.method import NO_MEMORY, key_of
from personarium.benchmarks.perma.noise import draw_noise
from personarium.benchmarks.perma.options import DESIGN, LETTERS, Choice, Option, constant_shares, design, mark_reply
from personarium.benchmarks.perma.published import CLEAN_SINGLE, STANDALONE, above_full_context
from personarium.benchmarks.perma.scores import gold_text
from personarium.benchmarks.perma.talk import talk
from personarium.benchmarks.perma.templates import bare, domains, draw_profile
from personarium.benchmarks.perma.timeline import EMERGENCE, SUPPLEMENT, Event, moment
from personarium.core import Message, RemoteError
from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.core.tokens import estimate_tokens
from personarium.models import ScriptedModel
from personarium.remember import Memory

WORLD = WorldConfig(domains=4, sessions=3, tasks=3, max_run=3, switch_prob=0.0)


def said(*texts: str) -> list[Message]:
    return [{"role": "assistant" if k % 2 else "user", "content": text} for k, text in enumerate(texts)]


# --- 1 to 3: the time line and the turns ---


def events(**days: str) -> dict[str, list[Event]]:
    """Events as ``name=month-day[>domain]`` texts, grouped by the name's letter; all of 2023."""
    out: dict[str, list[Event]] = {}
    for id, text in days.items():
        day, _, needs = text.partition(">")
        out.setdefault(id[0], []).append(Event(id, id[0], f"2023-{day}", dependencies=(needs,) if needs else ()))
    return out


EXAMPLE = events(
    F1="01-01", F2="01-10", F3="02-01", F4="02-20", H1="01-05", H2="01-10>F", H3="03-01", B1="01-02>H", B2="01-03"
)  # fmt: skip


def shown(found: Sequence[Event]) -> str:
    return ", ".join(f"{event.id} {event.date[5:]}" for event in found)


def test_w1_the_worked_example() -> None:
    found = {
        (run, prob): shown(interleave(EXAMPLE, max_run=run, switch_prob=prob))
        for run, prob in ((2, 0.0), (2, 1.0), (1, 1.0))
    }
    assert found[2, 0.0] == "F1 01-01, F2 01-10, H1 01-11, H2 01-12, B1 01-13, B2 01-14, F3 02-01, F4 02-20, H3 03-01"
    assert found[2, 1.0] == "F1 01-01, H1 01-05, B1 01-06, F2 01-10, B2 01-11, H2 01-12, F3 02-01, H3 03-01, F4 03-02"
    assert found[1, 1.0] == found[2, 1.0]


def test_w1_a_domain_of_no_interest_waits_unless_another_waits_for_it() -> None:
    found = interleave(EXAMPLE, {"F": 0, "H": 1, "B": 1}, max_run=2, switch_prob=0.0)
    assert shown(found) == "H1 01-05, B1 01-06, B2 01-07, F1 01-08, H2 01-10, H3 03-01, F2 03-02, F3 03-03, F4 03-04"


def test_w1_the_published_setting() -> None:
    found = interleave(EXAMPLE, max_run=3, switch_prob=0.5, seed=42)
    assert [event.id for event in found] == ["F1", "F2", "H1", "B1", "H2", "H3", "B2", "F3", "F4"]


def test_w1_circular_dependencies_do_not_hang() -> None:
    circle = events(X1="01-05>Y", Y1="01-03>X")
    assert shown(interleave(circle)) == "Y1 01-03, X1 01-05"


def test_w2_order_dates_and_dependencies_on_500_random_inputs() -> None:
    draw = random.Random(7)
    for k in range(500):
        lines = _random_timelines(draw)
        found = interleave(lines, {"A": draw.randrange(2)}, max_run=draw.randint(1, 3), switch_prob=0.5, seed=k)
        for name, own in lines.items():
            assert [e.id for e in found if e.domain == name] == [e.id for e in own]
        days = [moment(e.date) for e in found]
        assert all(a < b for a, b in pairwise(days))
        _check_dependencies(lines, found)


def _random_timelines(draw: random.Random) -> dict[str, list[Event]]:
    names = "ABCDE"[: draw.randint(1, 5)]
    return {
        name: [
            Event(
                f"{name}{k}",
                name,
                f"2023-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}",
                dependencies=(draw.choice(names),) if draw.random() < 0.3 else (),
            )
            for k in range(draw.randint(1, 5))
        ]
        for name in names
    }


def _check_dependencies(lines: dict[str, list[Event]], found: list[Event]) -> None:
    started: set[str] = set()
    left = {name: list(own) for name, own in lines.items()}
    for event in found:
        ready = [n for n, own in left.items() if own and started.issuperset(own[0].dependencies)]
        assert started.issuperset(event.dependencies) or not ready
        left[event.domain].pop(0)
        started.add(event.domain)


def test_w3_turn_statistics() -> None:
    found = turn_statistics([Talk(turns) for turns in (1, 1, 2, 3, 5)])
    assert found.within == pytest.approx({1: 0.4, 2: 0.6, 3: 0.8})
    assert found.later == pytest.approx(0.2)
    assert (found.n, found.failed, found.limit) == (5, 0, 0.0)


def test_w3_a_dead_user_model_and_the_limit_are_no_success_but_as_published() -> None:
    talks = [Talk(1), Talk(1, "failed"), Talk(10, "limit"), Talk(2)]
    right, published = turn_statistics(talks), turn_statistics(talks, as_published=True)
    assert (right.n, right.failed) == (3, 1)
    assert right.within[1] == pytest.approx(1 / 3)
    assert right.limit == pytest.approx(1 / 3)
    assert right.later == 0.0
    assert (published.n, published.failed, published.limit) == (4, 0, 0.0)
    assert published.within[1] == pytest.approx(0.5)
    assert published.later == pytest.approx(0.25)


# --- 4 and 5: options and noise ---


def eight(prefix: str = "") -> list[str]:
    return [f"{prefix}answer {''.join(map(str, triple))}" for triple in DESIGN]


def test_w4_eight_different_truths_and_one_gold() -> None:
    assert len(DESIGN) == len(set(DESIGN)) == 8
    assert [letter for letter, t in zip(LETTERS, DESIGN, strict=True) if t == (1, 1, 1)] == ["A"]
    assert dict(zip(LETTERS, DESIGN, strict=True)) == {
        "A": (1, 1, 1), "B": (1, 1, 0), "C": (1, 0, 1), "D": (1, 0, 0),
        "E": (0, 1, 1), "F": (0, 1, 0), "G": (0, 0, 1), "H": (0, 0, 0),
    }  # fmt: skip


def test_w4_text_truth_and_gold_label_stay_together_and_every_letter_is_gold_as_often() -> None:
    made = [design(eight(f"{k} "), seed=5, key=str(k)) for k in range(1000)]
    for k, choice in enumerate(made):
        assert {one.text: one.triple for one in choice.options} == dict(zip(eight(f"{k} "), DESIGN, strict=True))
        assert choice.options[LETTERS.index(choice.gold)].text == f"{k} answer 111"
        assert choice.letter_of((1, 1, 1)) == choice.gold
    shares = constant_shares(made)
    assert list(shares) == list(LETTERS)
    assert all(abs(share - 0.125) <= 0.035 for share in shares.values())
    for letter in LETTERS:
        hits = [mark_reply(letter, choice, "strict").hit for choice in made]
        assert sum(map(bool, hits)) / 1000 == pytest.approx(shares[letter])
    assert [design(eight(), 5, "k").texts] == [design(eight(), 5, "k").texts]
    assert design(eight(), 5, "k").texts != design(eight(), 6, "k").texts


def test_w4_loose_replies_are_wrong_in_strict_mode_and_read_by_the_tolerant_one() -> None:
    choice = Choice(tuple(Option(t, d) for t, d in zip(eight(), DESIGN, strict=True)), "A")
    strict = {reply: mark_reply(reply, choice, "strict") for reply in ("A", " A\n", "A.", "a", "", "Option A")}
    assert [mark.hit for mark in strict.values()] == [True, True, False, False, False, False]
    assert [mark.failure and mark.failure.kind for mark in strict.values()] == [
        None, None, "unparsed", "unparsed", "empty", "unparsed",
    ]  # fmt: skip
    tolerant = {reply: mark_reply(reply, choice) for reply in ("A.", "a", "Option A", "answer 111", "B)", "")}
    assert [mark.hit for mark in tolerant.values()] == [True, True, True, True, False, None]
    assert [mark.failure is None for mark in tolerant.values()] == [True, True, True, True, True, False]


@pytest.mark.parametrize(
    "broken",
    [
        lambda: Choice(tuple(Option(t) for t in eight()[:7]), "A"),
        lambda: Choice(tuple(Option("same") for _ in range(8)), "A"),
        lambda: Choice(tuple(Option(t, d) for t, d in zip(eight(), DESIGN, strict=True)), "B"),
        lambda: Choice(tuple(Option(t) for t in eight()), "I"),
        lambda: Choice(tuple(Option(t, (1, 1, 1)) for t in eight()), "A"),
        lambda: design(eight()[:5]),
    ],
)
def test_w4_a_broken_design_is_refused(broken: Any) -> None:
    with pytest.raises(InvalidInput):
        broken()


def test_w5_noise_classes_over_10000_draws() -> None:
    draw = random.Random(3)
    counts = Counter(draw_noise(SUPPLEMENT, draw) for _ in range(10_000))
    assert set(counts) == {"none", "omitted", "switched", "inconsistent", "multilingual", "colloquial"}
    assert abs(counts.pop("none") / 10_000 - 0.25) <= 0.015
    assert all(abs(count / 10_000 - 0.15) <= 0.015 for count in counts.values())


def test_w5_emergence_dialogues_never_get_noise() -> None:
    draw = random.Random(3)
    before = draw.getstate()
    assert {draw_noise(EMERGENCE, draw) for _ in range(1000)} == {"none"}
    assert draw.getstate() == before
    noisy = make_worlds(WorldConfig(users=10, domains=6, noisy=True))
    found = {s.noise for person in noisy for s in person.sessions if s.kind == SUPPLEMENT}
    assert len(found) == 6
    assert {s.noise for person in noisy for s in person.sessions if s.kind == EMERGENCE} == {"none"}


# --- 6: dates ---


@pytest.mark.parametrize(
    ("text", "hour"),
    [("2023-01-15 Evening", 19), ("2023-01-15 Morning", 6), ("2023-01-15 Afternoon", 15), ("2023-01-15", 0)],
)
def test_w6_periods(text: str, hour: int) -> None:
    assert moment(text) == datetime(2023, 1, 15, hour, tzinfo=UTC)


def test_w6_the_period_stays_when_the_date_moves() -> None:
    found = interleave({"A": [Event("a", "A", "2023-01-02 Evening"), Event("b", "A", "2023-01-02 Morning")]})
    assert [event.date for event in found] == ["2023-01-02 Evening", "2023-01-03 Morning"]


@pytest.mark.parametrize("text", ["", "soon", "2023-13-01", "2023-02-30"])
def test_w6_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="date"):
        moment(text)


@given(st.text(max_size=60))
def test_w6_no_text_does_worse_than_being_refused(text: str) -> None:
    with suppress(InvalidInput):
        assert moment(text).tzinfo is UTC


# --- 7: the simulated subject ---


class Counted(WholeHistory):
    """A whole history that writes down what it is asked and given."""

    def __init__(self) -> None:
        super().__init__()
        self.searched: list[str] = []
        self.added: list[tuple[str, str, datetime]] = []

    def add(self, user_key: str, messages: Sequence[Message], time: datetime, session_id: str) -> None:
        self.added.append((user_key, session_id, time))
        super().add(user_key, messages, time, session_id)

    def search(self, user_key: str, query: str, top_k: int) -> str:
        self.searched.append(user_key)
        return super().search(user_key, query, top_k)


def world(seed: int = 0, **changes: Any) -> User:
    return make_worlds(replace(WORLD, **changes), seed)[0]


async def put(person: User, **memories: Any) -> PermaResult:
    return await run_perma([person], memories, PlantedReader(), clock=lambda: 0.0)


def values(result: PermaResult, memory: str) -> list[float | None]:
    return [result.accuracy(memory, type).value for type in (1, 2, 3)]


def test_w7_the_world_has_one_planted_value_a_session_and_each_domain_is_one_block() -> None:
    person = world()
    assert Counter(task.type for task in person.tasks) == {3: 12, 1: 4, 2: 4}
    assert [len(session.values) for session in person.sessions] == [1] * 12
    blocks = [person.sessions[k].domain for k in range(0, 12, 3)]
    assert [s.domain for s in person.sessions] == [name for name in blocks for _ in range(3)]
    assert sorted(len(task.context) for task in person.of_type(1)) == [1, 4, 7, 10]
    assert sorted(len(task.context) for task in person.of_type(2)) == [3, 6, 9, 12]
    assert all(len(task.needs) == 3 for task in person.tasks)
    assert len(person.tracked()) == 4


async def test_w7_perfect_empty_and_forgetful_memories() -> None:
    result = await put(world(), perfect=WholeHistory(), empty=NoMemory(), last=LastSessions(3))
    assert values(result, "perfect") == [0.0, 1.0, 1.0]
    assert values(result, "empty") == [0.0, 0.0, 0.0]
    assert values(result, "last") == [0.0, 1.0, 3 / 12]
    person = world()
    hits = {row.task for row in result.of("last") if row.hit}
    assert hits == {task.id for task in person.of_type(3) if task.domains == (person.sessions[-1].domain,)}
    assert result.leaks == []


async def test_w7_type_1_is_the_fixed_sentence_and_no_adapter_is_called() -> None:
    memory, person = Counted(), world()
    result = await put(person, perfect=memory)
    keys = {key_of(task) for task in person.of_type(1)}
    assert keys.isdisjoint(memory.searched)
    assert keys.isdisjoint(key for key, _, _ in memory.added)
    assert {row.context_tokens for row in result.of("perfect", 1)} == {estimate_tokens(NO_MEMORY)}
    assert NO_MEMORY == "No memory found."


async def test_w7_all_type_3_tasks_share_one_memory_and_each_type_2_task_has_its_own() -> None:
    memory, person = Counted(), world()
    await put(person, perfect=memory)
    given = Counter(key for key, _, _ in memory.added)
    assert given == {"user1|ALL": 12} | {key_of(task): len(task.context) for task in person.of_type(2)}
    assert len({id for _, id, _ in memory.added}) == len(memory.added)
    first = next(time for key, _, time in memory.added if key == "user1|ALL")
    assert first == person.sessions[0].time


async def test_w7_baselines_are_always_beside_and_read_by_the_same_reader() -> None:
    result = await put(world(), rag=Retrieval())
    assert result.memories == ("rag", "full context", "no memory")
    assert values(result, "full context") == [0.0, 1.0, 1.0]
    assert values(result, "no memory") == [0.0, 0.0, 0.0]
    names = list(result.estimates())
    assert names[:3] == ["rag", "full context", "no memory"]
    assert "best constant letter" in names[3]
    assert names[4] == "longest option"


async def test_w7_the_incremental_protocol() -> None:
    memory, person = Counted(), world()
    steps = await run_incremental([person], memory, PlantedReader(), clock=lambda: 0.0)
    assert [step.percent for step in steps] == list(range(10, 101, 10))
    assert [step.sessions["user1"] for step in steps] == [1, 2, 3, 4, 6, 7, 8, 9, 10, 12]
    assert [step.accuracy.value for step in steps] == [0, 0, 0.25, 0.25, 0.5, 0.5, 0.5, 0.75, 0.75, 1]
    assert {len(step.rows) for step in steps} == {4}
    assert len(memory.added) == 12  # nothing is ingested twice


async def test_w7_depth_is_over_the_tasks_that_have_all_three_types() -> None:
    result = await put(world(), perfect=WholeHistory())
    assert {type: (e.value, e.n) for type, e in result.depth("perfect").items()} == {1: (0, 4), 2: (1, 4), 3: (1, 4)}
    assert result.accuracy("perfect").n == 12


async def test_w7_the_wait_for_slow_services_is_a_parameter(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("asyncio.sleep", sleep)
    await run_incremental([world()], NoMemory(), PlantedReader())
    assert waited == []
    await run_incremental([world()], NoMemory(), PlantedReader(), config=PermaConfig(settle_s=500.0))
    assert waited == [500.0] * 10


async def test_w7_sessions_of_the_future_under_a_key_are_a_leak() -> None:
    person = world()
    task = min(person.of_type(2), key=lambda one: len(one.context))
    watched = Watched(WholeHistory(), lambda: 0.0)
    await watched.add(key_of(task), person.sessions[3:5])
    result = await put(person, peeked=watched)
    found = {(leak.task, leak.session, leak.how) for _, leak in result.leaks}
    assert found == {(task.name, one.id, how) for one in person.sessions[3:5] for how in ("given", "told")}


async def test_w7_a_memory_that_mixes_its_keys_up_tells_of_the_future() -> None:
    class Mixed(WholeHistory):
        def add(self, user_key: str, messages: Sequence[Message], time: datetime, session_id: str) -> None:
            super().add("one for all", messages, time, session_id)

        def search(self, user_key: str, query: str, top_k: int) -> str:
            return super().search("one for all", query, top_k)

    person = world()
    result = await put(person, mixed=Mixed())
    told = Counter(leak.task for _, leak in result.leaks)
    assert told == {task.name: 12 - len(task.context) for task in person.of_type(2) if len(task.context) < 12}
    assert {leak.how for _, leak in result.leaks} == {"told"}


async def test_w7_a_long_sentence_tells_where_nothing_is_planted() -> None:
    person = world()
    bare = User(
        person.profile,
        tuple(replace(one, values=()) for one in person.sessions),
        tuple(replace(task, context=tuple(replace(one, values=()) for one in task.context)) for task in person.tasks),
    )
    task = min(bare.of_type(2), key=lambda one: len(one.context))
    watched = Watched(WholeHistory())
    await watched.add("k", [bare.sessions[5]])
    known, later = task.context, bare.sessions[len(task.context) :]
    found = await watched.search("k", "", 1, task.name, known, later)
    assert bare.sessions[5].id in {leak.session for leak in found.leaks if leak.how == "told"}


# --- 8: the retrieval baseline ---


def test_w8_seven_messages_make_four_chunks() -> None:
    assert [len(one) for one in chunks(said(*"abcdefg"))] == [2, 2, 2, 1]


def test_w8_chunks_run_over_the_borders_of_sessions() -> None:
    rag = Retrieval()
    for texts in (("one", "two", "three"), ("four", "five", "six")):
        rag.add("u", said(*texts), datetime(2023, 1, 1, tzinfo=UTC), texts[0])
    found = rag.search("u", "three", 10).split("\n\n")
    assert sorted(found) == ["assistant: five\nuser: six", "user: one\nassistant: two", "user: three\nuser: four"]
    assert chunks([*said("one", "two", "three"), *said("four", "five", "six")])[1] == (
        {"role": "user", "content": "three"},
        {"role": "user", "content": "four"},
    )


def test_w8_fetched_chunks_stand_in_order_of_similarity_and_top_k_limits() -> None:
    rag = Retrieval()
    history = said("the weather", "rain and wind", "my garden", "tomatoes", "a flight", "a seat by the window", "bye")
    rag.add("u", history, datetime(2023, 1, 1, tzinfo=UTC), "s")
    best = rag.search("u", "a flight with a window seat", 2).split("\n\n")
    assert best[0] == "user: a flight\nassistant: a seat by the window"
    assert len(best) == 2
    assert len(rag.search("u", "a flight", 10).split("\n\n")) == 4
    assert rag.search("u", "a flight", 0) == ""
    assert rag.search("somebody else", "a flight", 10) == ""


async def test_w8_tokens_are_counted_with_one_stated_tokenizer() -> None:
    result = await put(world(), rag=Retrieval())
    memory = Retrieval()
    person = world()
    for session in person.sessions:
        memory.add("u", session.messages, session.time, session.id)
    task = person.of_type(3)[0]
    row = next(row for row in result.of("rag") if row.task == task.id)
    assert row.context_tokens == -(-len(memory.search("u", task.question, 10)) // 4)


# --- the template world ---


def test_a_planted_value_stands_in_its_own_session_and_nowhere_else() -> None:
    for noisy in (False, True):
        for person in make_worlds(WorldConfig(users=10, domains=6, noisy=noisy), seed=4):
            for session in person.sessions:
                assert session.values[0] in session.text
                others = [one for one in person.sessions if one.domain != session.domain]
                assert not any(session.values[0] in other.text for other in others)
            for task in person.tasks:
                assert not any(value in task.question for value in task.needs)


def test_no_planted_value_is_part_of_another_one() -> None:
    people = make_worlds(WorldConfig(users=60, domains=6), seed=1)
    found = {value.casefold() for person in people for session in person.sessions for value in session.values}
    assert len(found) == 72  # 6 domains, 3 slots, 4 values
    assert [(a, b) for a in found for b in found if a != b and a in b] == []


def test_the_options_hold_the_needed_values_exactly_where_they_should() -> None:
    person = make_worlds(WorldConfig(domains=4, multi_tasks=6), seed=2)[0]
    for task in person.tasks:
        for option in task.choice.options:
            held = sum(value in option.text for value in task.needs)
            wanted = len(task.needs) if option.triple and option.triple[1] else len(task.needs) - 1
            if len(task.domains) > 1:
                assert held == wanted  # over several domains exactly one detail is wrong
            elif option.triple and option.triple[1]:
                assert held == wanted
            else:
                assert held == 0


def test_neither_the_longest_nor_the_shortest_option_tells_which_one_is_gold() -> None:
    people = make_worlds(WorldConfig(users=30, domains=6, tasks=3), seed=2)
    choices = [task.choice for person in people for task in person.of_type(3)]
    shortest = [min(LETTERS, key=lambda k, c=c: len(c.texts[LETTERS.index(k)])) for c in choices]  # type: ignore[misc]
    assert len(choices) == 540
    for guess in ([c.longest for c in choices], shortest):
        assert 0.04 < sum(g == c.gold for g, c in zip(guess, choices, strict=True)) / 540 < 0.25


def test_tasks_over_several_domains_are_asked_after_all_of_them() -> None:
    person = make_worlds(WorldConfig(domains=4, multi_tasks=6), seed=2)[0]
    multi = [task for task in person.tasks if len(task.domains) == 2]
    assert Counter(task.type for task in multi)[3] == 6
    for task in multi:
        seen = {session.domain for session in task.context}
        assert seen.issuperset(task.domains)
        if task.type == 2:
            assert task.context[-1].domain in task.domains
            assert not any(s.domain in task.domains for s in person.sessions[len(task.context) :])


def test_worlds_are_the_same_for_a_seed_and_refuse_what_the_templates_do_not_reach() -> None:
    assert make_worlds(WORLD, 3) == make_worlds(WORLD, 3)
    assert make_worlds(WORLD, 3) != make_worlds(WORLD, 4)
    assert len(domains()) == 6
    wrong: list[dict[str, Any]] = [{"domains": 7}, {"sessions": 0}, {"tasks": 5}, {"multi_tasks": 7}, {"users": 0}]
    for changes in wrong:
        with pytest.raises(InvalidInput):
            replace(WORLD, **changes)


def test_the_long_variant_fills_up_and_keeps_the_tasks() -> None:
    person = world()
    long = lengthened(person, [said("a joke?", "Here is one.")])
    assert len(long.sessions) == 24
    assert [len(task.context) for task in long.tasks] == [2 * len(task.context) for task in person.tasks]
    assert [task.needs for task in long.tasks] == [task.needs for task in person.tasks]
    with pytest.raises(InvalidInput):
        lengthened(person, [])


def test_a_user_refuses_contexts_that_are_not_of_the_time_line() -> None:
    person = world()
    task = person.of_type(3)[0]
    with pytest.raises(InvalidInput, match="whole time line"):
        User(person.profile, person.sessions, (replace(task, context=task.context[:-1]),))
    with pytest.raises(InvalidInput, match="beginning"):
        User(person.profile, person.sessions, (replace(task, type=2, context=task.context[1:]),))
    with pytest.raises(InvalidInput, match="task_id, type"):
        User(person.profile, person.sessions, (task, task))


# --- a world written by a model ---


async def test_a_model_writes_a_world() -> None:
    small = WorldConfig(domains=1, sessions=2, tasks=1)
    profile = draw_profile(0, small)
    liked = [value for found in profile.affinities["Flights"].values() for value in found]
    turns = [{"user": f"u{k}", "assistant": f"a{k}"} for k in range(4)]
    talks = [
        json.dumps({"conversation": [*turns, {"user": value, "assistant": "done"}], "preferences": [f"Flights-x-{value}"]})
        for value in liked
    ]  # fmt: skip
    row = {"description": "d", "task_goal": "g", "dependencies": "None"}
    first, second = {"days_later": 59, "period": "Morning"}, {"days_later": 0, "period": "Evening"}
    events_ = json.dumps([{**first, **row}, {**second, **row}])
    options = json.dumps(dict(zip(LETTERS, eight(), strict=True)))
    model = ScriptedModel([events_, *talks, json.dumps({"question": "Where to?"}), options])
    written = (await write_users(model, [profile], small))[0]
    assert written.failures == []
    assert [(s.date, s.values) for s in written.user.sessions] == [
        ("2023-03-01 Morning", (bare(liked[0]),)),
        ("2023-03-02 Evening", (bare(liked[1]),)),
    ]
    assert {task.question for task in written.user.tasks} == {"Where to?"}
    assert [task.type for task in written.user.tasks] == [1, 2, 3]
    assert written.user.tasks[2].choice.options[LETTERS.index(written.user.tasks[2].choice.gold)].text == "answer 111"
    assert "u0" in model.calls[2].messages[-1]["content"]  # a supplement sees the past talk


async def test_what_a_model_does_not_write_is_lost_and_listed() -> None:
    small = WorldConfig(domains=2, sessions=2, tasks=1)
    written = (await write_users(ScriptedModel(lambda *_: "no"), [draw_profile(0, small)], small))[0]
    assert written.user.sessions == ()
    assert [failure.where for failure in written.failures][:2] == ["user1/Flights", "user1/Hotels"]
    assert {failure.kind for failure in written.failures} == {"unparsed"}


# --- reader, judge, talk ---


async def test_a_model_reads_the_memory_and_an_unread_reply_is_missing() -> None:
    person = world(domains=1, tasks=1)
    model = ScriptedModel(lambda messages, _: "I like all of them" if NO_MEMORY in messages[-1]["content"] else "A.")
    result = await run_perma([person], {"whole": WholeHistory()}, model)
    assert [row.hit for row in result.of("whole", 1)] == [None]
    assert result.accuracy("whole", 1).failures == {"missing": 1}
    assert result.accuracy("whole", 3).value in (0.0, 1.0)
    prompt = next(c.messages[-1]["content"] for c in model.calls if NO_MEMORY not in c.messages[-1]["content"])
    assert person.sessions[0].values[0] in prompt
    assert person.tasks[0].question in prompt


def _judging(messages: Sequence[Message], _: Any) -> str:
    last = messages[-1]["content"]
    if "Memory Score" in last:
        return "Memory Score: 3"
    if "VERDICT: <True|False>" in last:
        return "EXPLANATION: it is done VERDICT: True"
    if "TERMINATE" in last:
        return (
            "Words: Thank you. Verdict: TERMINATE" if last.count("Assistant:") > 1 else "Words: No. Verdict: CONTINUE"
        )
    return "A" if "letter only" in last else "Here you are."


async def test_talks_memory_scores_and_completion() -> None:
    person, model = world(domains=1, tasks=1), ScriptedModel(_judging)
    result = await run_perma([person], {"whole": WholeHistory()}, model, user_model=model, judge=model)
    row = result.of("whole")[0]
    assert (row.turns, row.end, row.completed, row.memory_score) == (2, "satisfied", True, 3)
    assert row.user_tokens == estimate_tokens(person.tasks[0].question + "No.")
    assert row.bert_f1 is not None and row.bert_f1 > 0.98
    measures = result.measures("whole")
    assert (measures["turn = 1"].value, measures["turn <= 2"].value) == (0.0, 1.0)
    assert measures["memory score"].value == 3.0
    first, whole = result.of("whole", 1)[0], result.of("full context")[0]
    assert (first.memory_score, first.bert_f1) == (None, None)  # never for Type 1
    assert (whole.memory_score, whole.bert_f1, whole.turns) == (None, None, None)  # never for the standalone mode


async def test_the_user_of_a_type_1_talk_is_not_shown_the_past() -> None:
    person, model = world(domains=1, tasks=1), ScriptedModel(_judging)
    one, two = person.of_type(1)[0], person.of_type(2)[0]
    for task, seen in ((one, False), (two, True)):
        model.calls.clear()
        await talk(task, "", model, model, person.profile)
        asked = [c.messages[-1]["content"] for c in model.calls if "TERMINATE" in c.messages[-1]["content"]]
        assert all((person.sessions[0].messages[0]["content"] in text) == seen for text in asked)


async def test_a_dead_user_model_is_a_failed_talk() -> None:
    def dead(messages: Sequence[Message], _: Any) -> str | Exception:
        if "TERMINATE" in messages[-1]["content"]:
            return RemoteError("gone", "server")
        return "A" if "letter only" in messages[-1]["content"] else "Here."

    person, model = world(domains=1, tasks=1), ScriptedModel(dead)
    run = [
        await run_perma([person], {"m": WholeHistory()}, model, user_model=model, as_published=faults)
        for faults in (False, {"dead-user"})
    ]
    assert [(r.of("m")[0].turns, r.of("m")[0].end) for r in run] == [(1, "failed"), (1, "failed")]
    assert [result.measures("m")["turn = 1"].value for result in run] == [None, 1.0]
    assert run[0].measures("m")["turn = 1"].failures == {"missing": 1}


async def test_a_talk_ends_at_the_limit_and_an_empty_reply_is_asked_again() -> None:
    person = world(domains=1, tasks=1)
    replies = iter(["", "", "Here.", "Words: No. Verdict: CONTINUE"] + ["Here.", "Words: No. Verdict: CONTINUE"] * 9)
    found = await talk(
        person.of_type(3)[0], "", model := ScriptedModel(lambda *_: next(replies)), model, person.profile
    )
    assert (found.turns, found.end, len(found.history)) == (10, "limit", 20)


async def test_the_plain_word_ends_a_talk_and_a_word_that_holds_it_does_not() -> None:
    person = world(domains=1, tasks=1)
    replies = ["Here.", "I DETERMINATED nothing.", "Here.", "TERMINATE"]
    model = ScriptedModel(replies)
    found = await talk(person.of_type(3)[0], "", model, model, person.profile)
    assert (found.turns, found.end) == (2, "satisfied")


# --- the F1 of greedy token matching ---


def test_token_f1_by_hand() -> None:
    class Axes:
        name, dim = "axes", 2

        def embed(self, texts: Sequence[str]) -> Any:
            import numpy as np

            return np.array([[1.0, 0.0] if text in ("tea", "cha") else [0.0, 1.0] for text in texts], np.float32)

    assert token_f1("tea", "cha", Axes()) == pytest.approx(1.0)
    assert token_f1("tea tea milk", "tea", Axes()) == pytest.approx(2 * (2 / 3) / (2 / 3 + 1))
    assert token_f1("milk", "tea", Axes()) == 0.0
    assert token_f1("", "tea", Axes()) == 0.0
    assert token_f1("tea", "") is None


def test_token_f1_with_the_static_embedder() -> None:
    gold = "I always take a seat by the aisle"
    same, near, far = (token_f1(text, gold) or 0 for text in (gold, "an aisle seat please", "quantum chromodynamics"))
    assert same == pytest.approx(1.0, abs=1e-5)
    assert same > near > far


# --- memories of remember ---


async def test_a_strategy_of_remember_is_put_to_the_test() -> None:
    person = world(domains=2)
    made = MemoryAdapter(lambda clock: Memory.open(None, strategy="full-context", clock=clock))
    result = await put(person, remembered=made, by_name=open_memory("none"))
    assert values(result, "remembered") == [0.0, 1.0, 1.0]
    assert values(result, "by_name") == [0.0, 0.0, 0.0]
    assert made.failures == []


async def test_search_finds_what_one_question_needs_with_bm25() -> None:
    memory = open_memory("bm25")
    watched = Watched(memory)
    talk_ = Session("s", "x", tuple(said("I like aisle seats on a plane", "Noted.")), "2023-01-01")
    await watched.add("k", [talk_])
    found = await watched.search("k", "which seats on a plane?", 1, "t", [talk_], [])
    assert "aisle seats" in found.text
    other = await watched.search("other", "which seats on a plane?", 1, "t", [talk_], [])
    assert other.text == ""


def test_an_unknown_memory_is_refused() -> None:
    with pytest.raises(UsageError, match="no memory 'nothing'"):
        open_memory("nothing")


async def test_a_memory_cannot_have_the_name_of_a_baseline_and_must_give_a_text() -> None:
    with pytest.raises(UsageError, match="baseline"):
        await run_perma([world()], {"no memory": NoMemory()}, PlantedReader())

    class Wrong(NoMemory):
        def search(self, user_key: str, query: str, top_k: int) -> Any:
            return ["a list"]

    with pytest.raises(InvalidInput, match="search"):
        await run_perma([world()], {"wrong": Wrong()}, PlantedReader())


async def test_the_rule_reads_planted_tasks_only() -> None:
    person = world()
    bare = User(person.profile, person.sessions, tuple(replace(task, needs=()) for task in person.tasks))
    with pytest.raises(UsageError, match="no planted values"):
        await run_perma([bare], {"m": NoMemory()}, PlantedReader())


# --- errata ---


async def test_exact_letter_as_published() -> None:
    person = world(domains=1, tasks=1)
    gold = person.of_type(3)[0].choice.gold
    run = [
        await run_perma([person], {"m": WholeHistory()}, ScriptedModel(lambda *_: f"{gold}."), as_published=faults)
        for faults in (False, {"exact-letter"})
    ]
    assert [result.accuracy("m").value for result in run] == [1.0, 0.0]


async def test_an_empty_reply_is_wrong_only_as_published() -> None:
    person, model = world(domains=1, tasks=1), ScriptedModel(lambda *_: "")
    config = PermaConfig(baselines=())
    run = [
        await run_perma([person], {"m": WholeHistory()}, model, config=config, as_published=faults)
        for faults in (False, True)
    ]
    assert [result.accuracy("m").value for result in run] == [None, 0.0]
    assert len(model.calls) == 2 * 3 * 10


async def test_judgements_that_cannot_be_read_are_counted_but_not_as_published() -> None:
    def judge(messages: Sequence[Message], _: Any) -> str:
        return "Memory Score: 3" if len(judged.calls) % 2 else "no idea"

    person, reader = world(domains=1, tasks=3), ScriptedModel(lambda *_: "A")
    found = []
    for faults in ((), {"dropped-judgements"}):
        judged = ScriptedModel(judge)
        result = await run_perma([person], {"m": WholeHistory()}, reader, judge=judged, as_published=faults)
        found.append(result.measures("m")["memory score"])
    assert [e.value for e in found] == [3.0, 3.0]
    assert found[0].failures["missing"] > 0
    assert found[1].failures == {}


def test_gold_dialogues_lose_their_last_message_only_as_published() -> None:
    session = Session("s", "x", tuple(said("hello", "yes", "bye")), "2023-01-01")
    assert gold_text([session]).endswith("user: bye")
    assert gold_text([session], cut=True).endswith("assistant: yes")


def test_result_files_are_named_by_their_stem_but_not_as_published(tmp_path: Path) -> None:
    for id in ("books-1", "jazz-1", "novels-1", "one_s"):
        (tmp_path / f"{id}_3.json").write_text(json.dumps({"task_id": id, "task_type": 3}))
    rows, passed = read_results(tmp_path)
    assert ([row["task_id"] for row in rows], passed) == (["books-1", "jazz-1", "novels-1", "one_s"], [])
    rows, passed = read_results(tmp_path, as_published={"json-ending"})
    assert [row["task_id"] for row in rows] == ["books-1"]
    assert passed == ["jazz-1_3.json", "novels-1_3.json", "one_s_3.json"]


def test_the_incremental_run_reads_the_same_file_but_not_as_published() -> None:
    home = Path("data")
    assert tasks_path(home, "108", "clean", incremental=True) == tasks_path(home, "108", "clean")
    wrong = tasks_path(home, "108", "clean", incremental=True, as_published={"incremental-path"})
    assert wrong == home / "user108" / "input_data2_c.json"


def test_an_unknown_erratum_is_refused() -> None:
    with pytest.raises(UsageError, match="no erratum"):
        read_results(".", as_published={"nothing"})


# --- the published format ---


FIELDS = (
    "task_id", "type", "topic", "task", "context", "preferences", "affinity_links", "value", "role", "content", "options",
    "gold_label", "question", "demographics", "affinities", "interests", "interactions",
)  # fmt: skip


def write_set(home: Path, options: Any = None) -> None:
    person = world(domains=1, tasks=2)
    profile = {
        "demographics": {"age": 30},
        "interests": {"Flights": 1},
        "affinities": {"Flights": {"seat": ["aisle"], "carrier": "Larkwing Air"}},
        "interactions": {"Flights": "About flights.\n\n1. Took an aisle seat.\n2. Chose Larkwing Air.\n\nIn all."},
    }
    rows = []
    for task in person.tasks:
        link = person.sessions[0]
        row = {
            "task_id": task.id,
            "type": task.type,
            "topic": ["Flights"],
            "task": {"description": "d", "task_goal": "g", "Relevant Affinity Types": ["seat"]},
            "context": [[list(s.messages), s.date] for s in task.context],
            "preferences": ["Flights-seat-aisle", "Flights-carrier-Larkwing Air"],
            "affinity_links": [{"index": 0, "value": list(link.messages), "date": link.date, "noise": 0, "pref": "p"}],
        }
        rows.append(row)
        meta = home / "evaluation/user108/meta/overall"
        meta.mkdir(parents=True, exist_ok=True)
        shown_ = options or dict(zip(LETTERS, eight(), strict=True))
        label = {"question": "Where to?", "question_date": "2023-05-01", "options": shown_, "gold_label": "A"}
        (meta / f"{task.id}_{task.type}.json").write_text(json.dumps(label))
    for path, value in (
        ("profile/user108/profile.json", profile),
        ("tasks/user108/input_data_c.json", {"overall": rows}),
    ):
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(json.dumps(value))


@pytest.mark.parametrize(
    "options", [None, eight(), "\n".join(f"{letter}. {t}" for letter, t in zip(LETTERS, eight(), strict=True))]
)
async def test_the_published_folders_are_read(tmp_path: Path, options: Any) -> None:
    write_set(tmp_path, options)
    assert users_in(tmp_path) == ["108"]
    person = read_user(tmp_path, "108")
    assert (len(person.sessions), len(person.tasks), len(person.tracked())) == (3, 4, 1)
    task = person.of_type(2)[0]
    assert (task.question, task.choice.texts, task.choice.gold) == ("Where to?", eight(), "A")
    assert task.preferences == ("Flights-seat-aisle",)
    assert task.gold[0].messages == person.sessions[0].messages
    assert person.profile.affinities["Flights"]["carrier"] == ("Larkwing Air",)
    assert person.profile.interactions["Flights"] == ("Took an aisle seat.", "Chose Larkwing Air.")
    result = await run_perma([person], {"rag": Retrieval()}, ScriptedModel(lambda *_: "A"))
    assert result.accuracy("rag").value == 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[0].update(type=4), "type"),
        (lambda rows: rows[0].update(task_id=""), "task_id"),
        (lambda rows: rows[0].update(task_id="../x"), "task_id"),
        (lambda rows: rows[0].update(context=[[[{"role": "god", "content": "x"}], "2023-01-01"]]), "role"),
        (lambda rows: rows[0].update(context=[[[{"role": "user", "content": "x"}], "2023-01-01"]]), "beginning"),
        (lambda rows: rows[0].update(context=[[[], "some day"]]), "date"),
        (lambda rows: rows[0].update(context="x"), "context"),
        (lambda rows: [row.update(type=1) for row in rows], "Type 3"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(tmp_path: Path, change: Any, message: str) -> None:
    write_set(tmp_path)
    path = tmp_path / "tasks/user108/input_data_c.json"
    data = json.loads(path.read_text())
    change(data["overall"])
    path.write_text(json.dumps(data))
    with pytest.raises(InvalidInput, match=message):
        read_user(tmp_path, "108")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "user", "x", "2023-01-01", "../up", "A"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5),
    max_leaves=20,
)


@given(st.lists(JSON, max_size=3), JSON, JSON)
def test_no_file_does_worse_than_being_refused(tmp_path_factory: Any, rows: Any, profile: Any, meta: Any) -> None:
    home = tmp_path_factory.mktemp("set")
    write_set(home)
    (home / "profile/user108/profile.json").write_text(json.dumps(profile))
    path = home / "tasks/user108/input_data_c.json"
    whole = json.loads(path.read_text())["overall"]
    path.write_text(json.dumps({"overall": [*whole, *rows]}))
    (home / "evaluation/user108/meta/overall/x_3.json").write_text(json.dumps(meta))
    with suppress(InvalidInput, NotFound):
        read_user(home, "108")


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="profile"):
        users_in(tmp_path)
    write_set(tmp_path)
    with pytest.raises(NotFound, match="input_data_n"):
        read_user(tmp_path, "108", "noise")
    with pytest.raises(InvalidInput, match="number of a user"):
        read_user(tmp_path, "../108")


# --- published figures ---


def test_published_figures_and_what_full_context_says_of_them() -> None:
    assert STANDALONE["GPT-4o-mini"] == (0.780, 0.766, 0.707, 0.720)
    assert CLEAN_SINGLE["MemOS"][0] == 0.811
    assert above_full_context() == {"clean single": ["MemOS"], "clean multi": ["MemOS", "EverMemOS"]}


@pytest.mark.parametrize("total", [423, 157])
def test_published_values_are_multiples_of_the_task_counts(total: int) -> None:
    """The page's inference: single-domain values are multiples of 1/423, multi-domain ones of 1/157 but .905."""
    column = (0, 1) if total == 423 else (2, 3)
    found = [row[k] for row in STANDALONE.values() for k in column]
    odd = [value for value in found if abs(round(value * total) / total - value) > 0.0005]
    assert odd == ([] if total == 423 else [0.905])
