"""Votes of people: one line each, readable by a tournament, rated with intervals."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from personarium.core import Dialogue
from personarium.core.errors import InvalidInput
from personarium.measure.prompt_tournament import read_study
from personarium.measure.prompt_tournament.votes import Vote, add_vote, context_of, rate_votes, read_votes


def vote(said: str = "A", context: str = "c1", **more: object) -> Vote:
    return Vote("torill", "model-a", "model-b", said, context, **more)  # type: ignore[arg-type]


def test_a_vote_is_one_line_that_comes_back_and_that_a_tournament_reads(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    kept = add_vote(vote("both bad", judge="ana", at=12.5), path)
    assert read_votes(path) == [kept]
    line = json.loads(path.read_text(encoding="utf-8"))
    assert line["persona"] == "torill"
    assert (line["left"], line["right"], line["winner"], line["said"]) == ("model-a", "model-b", "tie", "both bad")
    head, rows = read_study(path)
    assert head == {}
    assert rows == [kept.judgement]


def test_votes_fall_into_rating_periods_of_twelve(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    periods = [add_vote(vote(context=f"c{k}"), path).period for k in range(25)]
    assert periods == [0] * 12 + [1] * 12 + [2]


def test_a_line_that_a_crash_cut_off_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    add_vote(vote(), path)
    with path.open("ab") as file:
        file.write(b'{"context_id": "to')
    add_vote(vote("B", "c2"), path)
    assert [one.said for one in read_votes(path)] == ["A", "B"]


def test_votes_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    threads = [threading.Thread(target=add_vote, args=(vote(context=f"c{k}"), path)) for k in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.context for one in read_votes(path)) == sorted(f"c{k}" for k in range(20))


def test_no_file_holds_no_votes_and_no_votes_are_not_rated(tmp_path: Path) -> None:
    assert read_votes(tmp_path / "votes.jsonl") == []
    with pytest.raises(InvalidInput, match="at least one vote"):
        rate_votes([])


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("said", "C", "one of A, B, tie, both bad that fits"),
        ("said", "B", "fits the winner left"),
        ("winner", None, "left, right or tie"),
        ("right", "model-a", "two different contestants"),
        ("at", "noon", "seconds since 1970"),
        ("persona", 7, "the id of a persona"),
    ],
)
def test_a_wrong_line_is_refused_with_its_place(tmp_path: Path, field: str, value: object, expected: str) -> None:
    path = tmp_path / "votes.jsonl"
    path.write_text(json.dumps({**vote().to_dict(), field: value}) + "\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match=expected) as refused:
        read_votes(path)
    assert "votes.jsonl" in str(refused.value)


def test_a_model_against_itself_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    with pytest.raises(InvalidInput, match="two different contestants"):
        add_vote(Vote("torill", "same", "same", "A", "c"), path)
    assert not path.exists()


def test_the_model_that_wins_most_votes_leads_with_an_interval() -> None:
    votes = [vote("A" if k % 4 else "B", f"c{k}", period=k // 12) for k in range(24)]
    first, second = rate_votes(votes).standings
    assert (first.contestant, first.wins, first.losses) == ("model-a", 18, 6)
    assert first.rating.lo is not None and first.rating.hi is not None and first.rating.value is not None
    assert first.rating.lo < first.rating.value < first.rating.hi
    assert second.rating.value is not None and first.rating.value > second.rating.value


def test_the_side_of_a_model_does_not_matter() -> None:
    shown = [vote("A", f"c{k}") for k in range(6)]
    turned = [Vote("torill", "model-b", "model-a", "B", f"c{k}") for k in range(6)]
    assert rate_votes(shown).standings[0].rating == rate_votes(turned).standings[0].rating


def test_a_context_is_the_persona_and_what_was_said_whoever_the_partner_is() -> None:
    asked = Dialogue("one", [("you", "Hello"), ("torill", "Hi")])  # type: ignore[arg-type]
    same = Dialogue("two", [("ana", "Hello"), ("torill", "Hi")])  # type: ignore[arg-type]
    assert context_of("torill", asked, "torill") == context_of("torill", same, "torill")
    assert context_of("torill", asked, "torill") != context_of("orla", asked, "torill")
    assert context_of("torill", asked, "torill") != context_of("torill", asked.with_utterance("you", "?"), "torill")


def test_an_id_that_no_file_can_hold_is_written_out(tmp_path: Path) -> None:
    odd = Vote("\ud800", "model-a", "model-b", "A", context_of("\ud800", Dialogue(), "x"))
    add_vote(odd, tmp_path / "votes.jsonl")
    assert read_votes(tmp_path / "votes.jsonl")[0].persona == "\\ud800"


def test_saying_the_same_again_of_the_same_turn_is_one_game() -> None:
    first, second = rate_votes([vote("A", "c1")] * 5 + [vote("A", "c2")]).standings
    assert (first.wins, second.losses) == (2, 2)
