"""A scripted user whose truth is known: a year of talk in which things are told, changed, taken back and repeated.

Every matter (a favourite drink, the city, the dog) has one value at a time. The user tells most of them, changes their mind up
to three times, goes back to an older value now and then, and gives some up without a new one. A sister and a friend have values
of their own for the same matters. Most sessions hold no fact at all: small talk and requests. What is told stands alone, or by
the way inside a request, in plain wordings and in free ones that rules do not read.

Units: sessions, messages (numbered from 0 in the order in which they are said), seconds since 1970. Everything is drawn from the
seed. Source: DESIGN.md, rule 3 (no look-ahead); issue 5, "Done when" 2.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from personarium.core.errors import InvalidInput
from personarium.measure.memory.wordings import FREE, PLAIN, SELF, Matter, StatementKind, matters, talk
from personarium.remember.keeping import same_words
from personarium.remember.reading import read_claims
from personarium.remember.records import Observation

DAY, MINUTE = 86400.0, 60.0
MOST_VALUES = 8  # values of one matter that are told by anybody; the pools have twice as many, for the changed world
_SIDE = {SELF: 4, "first": 2, "second": 2}  # most values of the user and of the two others
_UNTIL_OTHERS, _UNTIL_FIRST = 0.7, 0.6  # share of the year within which a first value is told


@dataclass(frozen=True, slots=True)
class ScriptConfig:
    """What happens in the year.

    Args:
        days: Length.
        sessions: How many talks.
        matters: How many matters there are (at most the 25 of the data file).
        never: How many of them the user never tells.
        changes: Chances of 0, 1, 2 and 3 changes of a matter.
        back: Chance that a change goes back to an older value, where there is one to go back to.
        retracted: Chance that a matter is given up in the end without a new value.
        repeated: Chance that a value is told again while it holds.
        free: Chance that a statement is made in a free wording.
        aside: Chance that it is made by the way, inside a request.
        echoed: Chance that the assistant repeats a value that it was just told.
        others: Two other people; each tells of about two matters in three.
        start: When the year begins.

    Raises:
        InvalidInput: On numbers that do not fit together.
    """

    days: int = 365
    sessions: int = 400
    matters: int = 25
    never: int = 3
    changes: tuple[float, ...] = (0.3, 0.35, 0.2, 0.15)
    back: float = 0.3
    retracted: float = 0.25
    repeated: float = 0.35
    free: float = 0.35
    aside: float = 0.25
    echoed: float = 0.2
    others: tuple[str, str] = ("sister Lena", "friend Ana")
    start: float = 1_767_225_600.0  # 2026-01-01

    def __post_init__(self) -> None:
        if not 2 <= self.matters <= len(matters()) or not 0 <= self.never < self.matters:
            raise InvalidInput(
                "scripted user", f"2 to {len(matters())} matters, fewer of them never told", self.matters
            )
        if self.sessions < 20 or self.days < 1:
            raise InvalidInput("scripted user", "at least 20 sessions in at least 1 day", self.sessions, "sessions")
        if len(self.changes) != 4:
            raise InvalidInput("scripted user", "chances of 0, 1, 2 and 3 changes", self.changes, "changes")


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that the user tells.

    Args:
        matter: Its name.
        holder: Whom it is about.
        kind: Whether it states, changes or ends a value.
        value: The value; for ``ends`` the one that holds no more.
        old: The value before a change; empty otherwise.
        session: Number of the session.
        message: Number of the message.
        sentence: In words.
        bank: ``plain`` or ``free``.
        repeat: Whether it only says again what was told before.
    """

    matter: str
    holder: str
    kind: StatementKind
    value: str
    old: str
    session: int
    message: int = -1
    sentence: str = ""
    bank: str = PLAIN
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class Truth:
    """A value and the time during which it holds.

    Args:
        matter: Its name.
        holder: Whom it is about.
        value: The value.
        since: When it was told.
        until: When it was changed or given up; None while it holds.
        source: Number of the message that told it.
        repeats: Numbers of the messages that told it again.
        ended_by: Number of the message that gave it up without a new value; None where there is none.
    """

    matter: str
    holder: str
    value: str
    since: float
    until: float | None
    source: int
    repeats: tuple[int, ...] = ()
    ended_by: int | None = None


@dataclass(frozen=True)
class ScriptedUser:
    """A user, what they say in a year, and what is true.

    Args:
        id: Name.
        seed: What everything was drawn from.
        config: What happens in the year.
        messages: What is said by both sides, in order; ids are left to the memory.
        statements: What is told, in order.
        truth: Values and their times, by matter and holder, in order.
        world: 0, or 1 for the same year with other values.
    """

    id: str
    seed: int
    config: ScriptConfig
    messages: tuple[Observation, ...]
    statements: tuple[Statement, ...]
    truth: tuple[Truth, ...]
    world: int = 0

    def twin(self) -> ScriptedUser:
        """The same year with other values: who tells what of which matter, when and in which words is the same."""
        return script_user(self.seed, self.config, id=self.id, world=1 - self.world)

    @property
    def ends(self) -> tuple[int, ...]:
        """For every session how many messages have been said when it is over."""
        last: dict[str, int] = {}
        for number, one in enumerate(self.messages, 1):
            last[one.session] = number
        return tuple(last.values())

    def told(self, matter: str, holder: str = SELF) -> tuple[Truth, ...]:
        """The values of one matter of one holder, in order."""
        return tuple(one for one in self.truth if (one.matter, one.holder) == (matter, holder))


def script_user(seed: int = 0, config: ScriptConfig | None = None, *, id: str = "", world: int = 0) -> ScriptedUser:
    """Write a user's year.

    Args:
        seed: What everything is drawn from.
        config: What happens in the year.
        id: Name; ``user-<seed>`` when left out.
        world: 1 gives the same year with values that the user of world 0 never names.
    """
    chosen = config or ScriptConfig()
    plot = list(_plot(seed, chosen, world))
    messages, statements = _write(seed, chosen, plot)
    return ScriptedUser(id or f"user-{seed}", seed, chosen, messages, statements, _truth(messages, statements), world)


def scripted_users(count: int, config: ScriptConfig | None = None, *, seed: int = 0) -> list[ScriptedUser]:
    """Several users with seeds that follow each other."""
    return [script_user(seed + number, config) for number in range(count)]


def readable_share(users: Sequence[ScriptedUser]) -> tuple[int, int]:
    """How many statements the house's rules read rightly (holder, value, and that an end is an end), and of how many."""
    told = [(user, one) for user in users for one in user.statements]
    return sum(_read(user, one) for user, one in told), len(told)


def _read(user: ScriptedUser, told: Statement) -> bool:
    claims = read_claims([user.messages[told.message]])
    right = [c for c in claims if c.holder == told.holder and same_words(c.value) == same_words(told.value)]
    return any((claim.change == "ends") == (told.kind == "ends") for claim in right)


# --- what happens ---


def _plot(seed: int, config: ScriptConfig, world: int) -> Iterator[Statement]:
    """Every statement with its session, without words yet."""
    names = list(matters())
    random.Random(f"{seed}|matters").shuffle(names)
    for place, name in enumerate(names[: config.matters]):
        values = list(matters()[name].values)
        random.Random(f"{seed}|values|{name}").shuffle(values)
        pool = values[:MOST_VALUES] if world == 0 else values[::-1][:MOST_VALUES]
        draw = random.Random(f"{seed}|plot|{name}")
        if place >= config.never:
            yield from _story(name, SELF, pool[:4], draw, config)
        sides = draw.choice(((0,), (1,), (0, 1)))
        for side in sides:
            own = pool[4 + 2 * side : 6 + 2 * side]
            yield from _story(name, config.others[side], own, draw, config)


def _story(
    name: str, holder: str, pool: Sequence[str], draw: random.Random, config: ScriptConfig
) -> Iterator[Statement]:
    """The statements about one matter of one holder, in order."""
    mine = holder == SELF
    changes = draw.choices(range(4), config.changes)[0] if mine else int(draw.random() < config.retracted)
    gives_up = mine and draw.random() < config.retracted
    values = _values(pool, changes, config.back, draw)
    sessions = _sessions(len(values) + gives_up, mine, draw, config.sessions)
    for number, (value, session) in enumerate(zip(values, sessions, strict=False)):
        old = values[number - 1] if number else ""
        yield Statement(name, holder, "changes" if number else "states", value, old, session)
        until = sessions[number + 1] if number + 1 < len(sessions) else config.sessions
        if until - session > 2 and draw.random() < config.repeated:
            yield Statement(name, holder, "states", value, "", draw.randrange(session + 1, until), repeat=True)
    if gives_up:
        yield Statement(name, holder, "ends", values[-1], values[-1], sessions[-1])


def _values(pool: Sequence[str], changes: int, back: float, draw: random.Random) -> list[str]:
    """A first value and those after it; neighbours differ, and some are values that were left before."""
    fresh = list(pool)
    values = [fresh.pop(0)]
    for _ in range(changes):
        older = [value for value in dict.fromkeys(values) if value != values[-1]]
        returns = draw.random() < back
        values.append(draw.choice(older) if older and (returns or not fresh) else fresh.pop(0))
    return values


def _sessions(count: int, mine: bool, draw: random.Random, total: int) -> list[int]:
    """In which sessions the statements of one story are made."""
    until = int(total * (_UNTIL_FIRST if mine else _UNTIL_OTHERS))
    first = draw.randrange(until)
    return [first, *sorted(draw.sample(range(first + 1, total), count - 1))]


# --- how it is said ---


def _write(
    seed: int, config: ScriptConfig, plot: Sequence[Statement]
) -> tuple[tuple[Observation, ...], tuple[Statement, ...]]:
    by_session: dict[int, list[Statement]] = {}
    for one in plot:
        by_session.setdefault(one.session, []).append(one)
    messages: list[Observation] = []
    statements: list[Statement] = []
    for session in range(config.sessions):
        draw = random.Random(f"{seed}|session|{session}")
        turns = _turns(by_session.get(session, []), draw, config)
        at = config.start + (session + 0.4 * draw.random()) * config.days * DAY / config.sessions
        for text, reply, told in turns:
            if told is not None:
                statements.append(replace(told, message=len(messages)))
            for speaker, said in ((SELF, text), ("assistant", reply)):
                messages.append(Observation(said, speaker, at, f"s{session + 1}"))
                at += MINUTE
    return tuple(messages), tuple(statements)


def _turns(told: list[Statement], draw: random.Random, config: ScriptConfig) -> list[tuple[str, str, Statement | None]]:
    """The exchanges of one session: what the user says, what the assistant says, and what was told in it."""
    words = talk()
    turns: list[tuple[str, str, Statement | None]] = []
    for _ in range(draw.randrange(3) if told else draw.randrange(1, 4)):
        text = draw.choice(words.requests if draw.random() < 0.5 else words.chat)
        turns.append((text, draw.choice(words.replies), None))
    draw.shuffle(told)
    for one in told:
        worded = _worded(one, draw, config)
        frame = draw.choice(words.asides) if draw.random() < config.aside else ""
        opener, request = draw.choice(words.openers), draw.choice(words.requests)
        statement = worded.sentence
        text = frame.format(request=request, statement=statement) if frame else f"{opener} {statement}".strip()
        reply = draw.choice(words.replies)
        if draw.random() < config.echoed and one.kind != "ends":
            echo = draw.choice(words.echoes).format(value=one.value)
            reply = echo[:1].upper() + echo[1:]
        turns.insert(draw.randrange(len(turns) + 1), (text, reply, worded))
    return turns


def _worded(one: Statement, draw: random.Random, config: ScriptConfig) -> Statement:
    matter: Matter = matters()[one.matter]
    bank = FREE if draw.random() < config.free else PLAIN
    phrase = draw.choice(matter.phrases(one.holder, one.kind, bank))
    return replace(one, sentence=matter.sentence(phrase, one.holder, one.value, one.old), bank=bank)


# --- what is true ---


def _truth(messages: Sequence[Observation], statements: Sequence[Statement]) -> tuple[Truth, ...]:
    found: dict[tuple[str, str], list[Truth]] = {}
    for one in statements:
        mine = found.setdefault((one.matter, one.holder), [])
        at = messages[one.message].at
        if one.repeat:
            mine[-1] = replace(mine[-1], repeats=(*mine[-1].repeats, one.message))
            continue
        if mine:
            mine[-1] = replace(mine[-1], until=at, ended_by=one.message if one.kind == "ends" else None)
        if one.kind != "ends":
            mine.append(Truth(one.matter, one.holder, one.value, at, None, one.message))
    return tuple(truth for mine in found.values() for truth in mine)
