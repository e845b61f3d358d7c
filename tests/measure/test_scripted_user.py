"""Scripted users: what they tell is true when they tell it, drawn from the seed, and only in part readable by rules."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from personarium.core.errors import InvalidInput
from personarium.measure.memory.scripted_user import (
    ScriptConfig,
    ScriptedUser,
    readable_share,
    script_user,
    scripted_users,
)
from personarium.measure.memory.wordings import matters, talk

DAY = 86400.0
SMALL = ScriptConfig(sessions=60)


@pytest.fixture(scope="module")
def year() -> ScriptedUser:
    return script_user(0)


@pytest.fixture(scope="module")
def people() -> list[ScriptedUser]:
    return scripted_users(6, SMALL)


def test_a_year_has_400_sessions_in_365_days(year: ScriptedUser) -> None:
    sessions = list(dict.fromkeys(one.session for one in year.messages))
    times = [one.at for one in year.messages]
    assert len(sessions) == 400
    assert times == sorted(set(times))
    assert 0 <= times[0] - year.config.start < DAY
    assert 363 * DAY < times[-1] - year.config.start < 365 * DAY
    assert year.ends[-1] == len(year.messages)


def test_the_same_seed_gives_the_same_year_and_another_another() -> None:
    assert script_user(3, SMALL) == script_user(3, SMALL)
    assert script_user(3, SMALL).messages != script_user(4, SMALL).messages


def test_most_sessions_hold_no_fact(year: ScriptedUser) -> None:
    telling = {one.session for one in year.statements}
    assert 60 < len(telling) < 160


def test_a_value_holds_from_the_message_that_tells_it_until_the_next(people: list[ScriptedUser]) -> None:
    for user in people:
        for matter, holder in {(one.matter, one.holder) for one in user.truth}:
            told = user.told(matter, holder)
            for one, later in pairwise(told):
                assert one.until == later.since == user.messages[later.source].at
                assert one.value != later.value
            for one in told:
                assert one.value.lower() in user.messages[one.source].text.lower()
                assert user.messages[one.source].speaker == "user"
                assert one.since == user.messages[one.source].at
                assert all(one.source < number for number in one.repeats)
                assert (one.ended_by is not None) <= (one is told[-1])


def test_every_statement_stands_in_its_message(people: list[ScriptedUser]) -> None:
    for user in people:
        for one in user.statements:
            text = user.messages[one.message].text
            assert one.sentence in text
            assert user.messages[one.message].session == f"s{one.session + 1}"
            assert (one.holder == "user") == (f"my {one.holder}" not in text.replace("My ", "my "))


def test_minds_change_go_back_and_let_go(people: list[ScriptedUser]) -> None:
    own = [user.told(name) for user in people for name in matters()]
    assert any(len(told) == 4 for told in own)
    assert any(len(told) >= 3 and told[0].value == told[2].value for told in own)
    assert any(told and told[-1].ended_by is not None for told in own)
    assert all(sum(not user.told(name) for name in matters()) == 3 for user in people)


def test_others_have_values_of_their_own_for_every_matter(people: list[ScriptedUser]) -> None:
    for user in people:
        for name in matters():
            mine = {one.value for one in user.told(name)}
            theirs = {one.value for holder in user.config.others for one in user.told(name, holder)}
            assert theirs
            assert not mine & theirs


def test_no_value_stands_in_another_value_or_in_the_talk_around_it() -> None:
    values = [value for matter in matters().values() for value in matter.values]
    around = [*talk().requests, *talk().chat, *talk().replies, *talk().openers]
    for value in values:
        found = re.compile(rf"(?<!\w){re.escape(value)}(?!\w)", re.IGNORECASE)
        assert sum(bool(found.search(other)) for other in values) == 1, value
        assert not any(found.search(text) for text in around), value
    assert len(matters()) == 25
    assert all(len(set(matter.values)) == 16 for matter in matters().values())


def test_the_changed_world_tells_other_values_in_the_same_places(people: list[ScriptedUser]) -> None:
    for user in people:
        twin = user.twin()
        assert [(m.at, m.session, m.speaker) for m in twin.messages] == [
            (m.at, m.session, m.speaker) for m in user.messages
        ]
        assert [(s.matter, s.holder, s.kind, s.message) for s in twin.statements] == [
            (s.matter, s.holder, s.kind, s.message) for s in user.statements
        ]
        assert not {one.value for one in twin.truth} & {one.value for one in user.truth}
        assert twin.twin() == user


def test_rules_read_a_part_and_the_part_is_measured(people: list[ScriptedUser]) -> None:
    read, told = readable_share(people)
    assert told == sum(len(user.statements) for user in people)
    assert 0.4 < read / told < 0.8
    free = scripted_users(2, replace(SMALL, free=1.0))
    plain = scripted_users(2, replace(SMALL, free=0.0))
    assert readable_share(free)[0] < 0.2 * readable_share(free)[1]
    assert readable_share(plain)[0] > 0.7 * readable_share(plain)[1]


@pytest.mark.parametrize(
    "wrong", [{"matters": 26}, {"matters": 1}, {"never": 25}, {"sessions": 5}, {"days": 0}, {"changes": (0.5, 0.5)}]
)
def test_numbers_that_do_not_fit_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        ScriptConfig(**wrong)
