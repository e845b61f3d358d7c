"""Dialogues: neutral history, each speaker's own view of it, files."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import core_strategies as some
import pytest
from hypothesis import given, settings

from personarium.core import OPENING_CUE, Dialogue, InvalidInput, NotFound, Utterance, load_dialogues, save_dialogues


def three() -> Dialogue:
    return Dialogue("d", [Utterance("client", "A"), Utterance("tested", "B"), Utterance("client", "C")])


def test_spasm_w1_projection() -> None:
    history = three()
    before = history.to_dict()
    assert history.project("client") == [("SELF", "A"), ("PARTNER", "B"), ("SELF", "C")]
    assert history.project("tested") == [("PARTNER", "A"), ("SELF", "B"), ("PARTNER", "C")]
    assert [(m["role"], m["content"]) for m in history.seen_by("client")] == [
        ("user", OPENING_CUE),
        ("assistant", "A"),
        ("user", "B"),
        ("assistant", "C"),
    ]
    assert [(m["role"], m["content"]) for m in history.seen_by("tested")] == [
        ("user", "A"),
        ("assistant", "B"),
        ("user", "C"),
    ]
    assert history.seen_by("tested") == history.seen_by("tested")
    assert history.to_dict() == before
    stored = json.dumps(before)
    assert not any(word in stored for word in ("user", "assistant", "SELF", "PARTNER"))


def test_concat_is_the_same_for_both() -> None:
    assert three().concat({"client": "Client", "tested": "Helper"}) == "Client: A\nHelper: B\nClient: C"
    assert three().concat() != "\n".join(f"{who}: {text}" for who, text in three().project("tested"))


def test_an_empty_history_gives_the_cue_alone() -> None:
    assert Dialogue().seen_by("x") == [{"role": "user", "content": OPENING_CUE}]
    assert Dialogue().seen_by("x", opening_cue=None) == []


def test_more_than_two_speakers_are_labelled_and_merged() -> None:
    history = Dialogue(cast=("ana", "ben", "eve"))
    history.say("ana", "Hi")
    history.say("ben", "Hello")
    history.say("eve", "Hey")
    assert history.seen_by("eve") == [
        {"role": "user", "content": "ana: Hi\nben: Hello"},
        {"role": "assistant", "content": "Hey"},
    ]
    assert [m["content"] for m in history.seen_by("eve", others="each")] == ["ana: Hi", "ben: Hello", "Hey"]
    assert history.project("ben") == [("PARTNER:ana", "Hi"), ("SELF", "Hello"), ("PARTNER:eve", "Hey")]


@given(some.dialogues)
@settings(max_examples=60, deadline=None)
def test_projection_swaps_and_loses_nothing(dialogue: Dialogue) -> None:
    assert Dialogue.from_dict(json.loads(json.dumps(dialogue.to_dict()))).to_dict() == dialogue.to_dict()
    for speaker in dialogue.speakers:
        assert [text for _, text in dialogue.project(speaker)] == [u.text for u in dialogue]
        roles = [m["role"] for m in dialogue.seen_by(speaker)]
        assert all(a != b for a, b in itertools.pairwise(roles))
    if len(dialogue.speakers) == 2:
        one, two = (dialogue.project(s) for s in dialogue.speakers)
        assert all({a, b} == {"SELF", "PARTNER"} for (a, _), (b, _) in zip(one, two, strict=True))


@pytest.mark.parametrize("speaker", ["user", "assistant", "SELF", "PARTNER", "system", ""])
def test_a_role_is_nobodys_name(speaker: str) -> None:
    with pytest.raises(InvalidInput, match="speaker"):
        Dialogue().say(speaker, "x")


def test_with_utterance_leaves_the_dialogue_alone() -> None:
    first = three()
    assert (len(first.with_utterance("tested", "D")), len(first)) == (4, 3)


def test_files(tmp_path: Path) -> None:
    path = save_dialogues([three(), Dialogue("e")], tmp_path / "d.jsonl")
    assert [d.to_dict() for d in load_dialogues(path)] == [three().to_dict(), Dialogue("e").to_dict()]
    path.write_text('\n{"schema_version": 1, "utterances": [{"speaker": "user", "text": "x"}]}\n', encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"d\.jsonl:2: field 'utterances\[0\]\.speaker'"):
        load_dialogues(path)
    path.write_text('{"utterances": []}', encoding="utf-8")
    with pytest.raises(InvalidInput, match="schema_version"):
        load_dialogues(path)
    with pytest.raises(NotFound):
        load_dialogues(tmp_path / "none.jsonl")
