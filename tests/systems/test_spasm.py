"""SPASM: every statement of the page's "Works when", with its literals."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core import Dialogue, Message, Sampling
from personarium.core.dialogue import OPENING_CUE
from personarium.core.errors import InvalidInput, NotFound
from personarium.measure import dialogue_echo, drift_of_vectors, retrieve_personas
from personarium.measure.dialogue_retrieval import retrieval_of_vectors
from personarium.models import ScriptedModel, open_model
from personarium.play import Agent, Casting, TerminationDetector, play_dialogue
from personarium.play.spasm import (
    Conversation,
    Schema,
    SpasmConfig,
    SpasmResult,
    default_schema,
    plan_calls,
    read_release,
    read_role_audit_summary,
    read_run_stats,
    read_schema,
    run_spasm,
    write_release,
)
from personarium.play.spasm.data_format import iter_release
from personarium.runs import Run

H = [("client", "A"), ("tested", "B"), ("client", "C")]
CLIENT_MARK, TESTED_MARK = "xylophone", "zeppelin"


def numbered(prefix: str) -> ScriptedModel:
    """Returns prefix0, prefix1, ... call by call."""
    counter = iter(range(1000))
    return ScriptedModel(lambda messages, sampling: f"{prefix}{next(counter)}")


def pair(client: ScriptedModel, tested: ScriptedModel) -> tuple[Agent, Agent]:
    return (
        Agent(f"You own a {CLIENT_MARK}.", client, id="client"),
        Agent(f"You fly a {TESTED_MARK}.", tested, id="tested"),
    )


def turns_of(messages: Sequence[Message]) -> list[tuple[str, str]]:
    return [(m["role"], m["content"]) for m in messages if m["role"] != "system"]


# --- 1: projection ---


def test_w1_projection_is_egocentric_and_the_history_stays_neutral() -> None:
    talk = Dialogue("d", H)
    assert talk.project("client") == [("SELF", "A"), ("PARTNER", "B"), ("SELF", "C")]
    assert talk.project("tested") == [("PARTNER", "A"), ("SELF", "B"), ("PARTNER", "C")]
    client, tested = pair(ScriptedModel([]), ScriptedModel([]))
    before = json.dumps(talk.to_dict())
    for _ in range(2):
        assert turns_of(client.render(talk)) == [
            ("user", OPENING_CUE), ("assistant", "A"), ("user", "B"), ("assistant", "C"),
        ]  # fmt: skip
        assert turns_of(tested.render(talk)) == [("user", "A"), ("assistant", "B"), ("user", "C")]
    assert json.dumps(talk.to_dict()) == before
    assert not any(word in before for word in ('"user"', '"assistant"', "SELF", "PARTNER"))


def test_w1_concat_fails_the_second_line() -> None:
    _, tested = pair(ScriptedModel([]), ScriptedModel([]))
    shown = turns_of(tested.with_projection("concat").render(Dialogue("d", H)))
    assert shown != [("user", "A"), ("assistant", "B"), ("user", "C")]
    assert "client: A\ntested: B\nclient: C" in shown[0][1]


# --- 2: what the requests hold ---


async def test_w2_every_request_holds_the_history_once_and_in_its_own_view() -> None:
    c, t = numbered("c"), numbered("t")
    await play_dialogue(Casting("d", pair(c, t), max_turns=3))
    request = t.calls[2].messages
    assert request[0]["role"] == "system"
    assert turns_of(request) == [
        ("user", "c0"), ("assistant", "t0"), ("user", "c1"), ("assistant", "t1"), ("user", "c2"),
    ]  # fmt: skip
    assert turns_of(c.calls[2].messages) == [
        ("user", OPENING_CUE), ("assistant", "c0"), ("user", "t0"), ("assistant", "c1"), ("user", "t1"),
    ]  # fmt: skip
    for call, texts in ((t.calls[2], "c0 t0 c1 t1 c2"), (c.calls[2], "c0 t0 c1 t1")):
        said = [content for _, content in turns_of(call.messages)]
        assert [said.count(text) for text in texts.split()] == [1] * len(texts.split())


async def test_w2_no_persona_reaches_the_other_speaker() -> None:
    c, t = numbered("c"), numbered("t")
    await play_dialogue(Casting("d", pair(c, t), max_turns=5))
    for model, own, other in ((c, CLIENT_MARK, TESTED_MARK), (t, TESTED_MARK, CLIENT_MARK)):
        sent = [str(call.messages) for call in model.calls]
        assert len(sent) == 5
        assert all(own in text and other not in text for text in sent)


# --- 3: the shipped statistics ---


def test_w3_shipped_statistics() -> None:
    stats = read_run_stats()
    assert stats.conversations == 5000
    assert stats.utterances == 44950
    assert round(stats.mean, 2) == 8.99
    assert stats.median == 8
    assert round(stats.standard_deviation, 3) == 2.935
    assert all(length % 2 == 0 for length in stats.distribution)
    assert (min(stats.distribution), max(stats.distribution)) == (4, 36)
    assert max(stats.distribution) <= 50
    assert stats.requests == {"auxiliary": 18564, "client": 22529, "responder": 22529}
    assert sum(stats.requests.values()) == 63622
    assert stats.tokens == 25189236
    assert stats.requests["client"] - stats.utterances // 2 == 54


def test_w3_shipped_files_are_those_of_the_release() -> None:
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "spasm"
    if not folder.exists():
        pytest.skip("the shared data are not beside this checkout")
    assert json.loads((folder / "run_stats.json").read_text()) == read_run_stats().data
    assert read_run_stats(folder / "run_stats.json").conversations == 5000
    assert json.loads((folder / "role_audit_summary.json").read_text()) == read_role_audit_summary()


def test_w3_statistics_that_contradict_themselves_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "run_stats.json"
    path.write_text(json.dumps({**read_run_stats().data, "conversation_count": 4999}))
    with pytest.raises(InvalidInput, match=r"run_stats\.json: field 'conversation_count'"):
        read_run_stats(path)
    with pytest.raises(NotFound):
        read_run_stats(tmp_path / "none.json")


# --- 4: the detector ---


async def detected(stop_at: int, after: int = 4) -> tuple[int, int, str, str]:
    calls = iter(range(1, 1000))
    helper = ScriptedModel(lambda m, s: f"Verdict: {'stop' if next(calls) >= stop_at else 'continue'}")
    agents = pair(numbered("c"), numbered("t"))
    played = await play_dialogue(Casting("d", agents, TerminationDetector(helper, after)))
    last = played.dialogue.utterances[-1].speaker
    return len(played.dialogue), len(helper.calls), last, played.termination_reason


async def test_w4_detector_decides_the_length() -> None:
    assert await detected(1) == (4, 1, "tested", "natural_termination")
    assert await detected(999) == (50, 23, "tested", "max_turns")
    assert await detected(3) == (8, 3, "tested", "natural_termination")
    assert await detected(1, after=7) == (8, 1, "tested", "natural_termination")


# --- 5: sampling, validator, crafter ---


def helper_that(validate: Callable[[int], str], crafted: str = "You are somebody.") -> ScriptedModel:
    """Validates by call number, crafts one text, ends every talk, finds no failure of role."""
    count = iter(range(1, 1000))

    def reply(messages: Sequence[Message], sampling: Sampling) -> str:
        text = messages[-1]["content"]
        if "<accept|reject>" in text:
            return f"Reason: because. Verdict: {validate(next(count))}"
        if '"description"' in text:
            return json.dumps({"description": crafted})
        if "role_failure" in text:
            return '{"role_failure": "no", "category": "none", "reason": "none"}'
        return "Verdict: stop"

    return ScriptedModel(reply)


def calls_of(model: ScriptedModel, step: str) -> int:
    return sum(call.label.step == step for call in model.calls)


ONE = SpasmConfig(personas=1, dialogues_per_persona=1)


async def test_w5_third_draw_is_accepted() -> None:
    helper = helper_that(lambda k: "reject" if k <= 2 else "accept")
    result = await run_spasm(numbered("c"), numbered("t"), helper, config=ONE)
    assert calls_of(helper, "spasm.validate") == 3
    assert calls_of(helper, "spasm.craft") == 1
    assert result.rejection_rate == pytest.approx(2 / 3)
    assert result.empty_places == 0
    assert len(result.dialogues) == 1
    sampled = {call.label.step: call.sampling.temperature for call in helper.calls}
    assert (sampled["spasm.validate"], sampled["spasm.craft"], sampled["play.termination"]) == (0.3, 0.7, 0.3)


async def test_w5_a_place_stays_empty_after_ten_draws() -> None:
    helper = helper_that(lambda k: "reject")
    result = await run_spasm(numbered("c"), numbered("t"), helper, config=ONE)
    assert (calls_of(helper, "spasm.validate"), calls_of(helper, "spasm.craft")) == (10, 0)
    assert (result.empty_places, result.stats()["empty_places"], result.dialogues) == (1, 1, ())


async def test_w5_an_unread_verdict_accepts_nobody_and_is_counted() -> None:
    helper = helper_that(lambda k: "perhaps")
    result = await run_spasm(numbered("c"), numbered("t"), helper, config=ONE)
    assert result.rejection_rate == 0.0
    assert result.stats()["failures"] == {"unparsed": 10}


def test_w5_draws_follow_the_seed_and_stay_in_their_pools() -> None:
    schema = default_schema()
    sizes = {name: len(pool) for name, pool in schema.pools.items()}
    assert (sizes["occupation"], sizes["location"], sizes["domain"], sizes["emotion"]) == (77, 50, 110, 12)
    assert {"age", "gender", "behaviour"} <= set(sizes)
    first = [schema.draw(20260712, k) for k in range(200)]
    assert first == [schema.draw(20260712, k) for k in range(200)]
    assert first != [schema.draw(1, k) for k in range(200)]
    assert schema.draw(1, 0, 0) != schema.draw(1, 0, 1)
    assert all(person[name] in schema.pools[name] for person in first for name in sizes)


def test_w5_broken_schemas_are_refused() -> None:
    with pytest.raises(InvalidInput, match="'age'"):
        read_schema("[fields.age]\nrange = [80, 18]", "my.toml")
    with pytest.raises(InvalidInput, match=r"my\.toml"):
        read_schema("[fields", "my.toml")
    with pytest.raises(InvalidInput, match="'x'"):
        Schema({"x": ("a", "a")})


# --- 6: drift and echo ---


def client_turns(last_degrees: float) -> list[tuple[float, float]]:
    angles = [math.radians(last_degrees * k / 8) for k in range(9)]
    return [(math.cos(a), math.sin(a)) for a in angles]


def test_w6_drift_of_turning_vectors() -> None:
    for degrees, wanted in ((90.0, 0.7756), (45.0, 0.2215)):
        assert drift_of_vectors(client_turns(degrees), (1.0, 0.0)).value == pytest.approx(wanted, abs=5e-5)
    assert drift_of_vectors([client_turns(90.0)[4]] * 9, (1.0, 0.0)).value == pytest.approx(0.0, abs=1e-12)


def echo_of(*texts: str) -> Any:
    return dialogue_echo(Dialogue("d", [("client" if k % 2 == 0 else "tested", t) for k, t in enumerate(texts)]))


def test_w6_echo() -> None:
    before = "the cat sat on the mat today"
    assert echo_of(before, "the cat sat on the sofa").value == pytest.approx(2 / 3)
    assert echo_of(before, before).value == 1.0
    short = echo_of("a b c", "a b c")
    assert (short.value, [f.kind for f in short.failures]) == (None, ["missing"])
    assert not echo_of(before, before, before, "and now for something completely different").detail["echoes"]
    assert echo_of(before, before, before, before).detail["echoes"]


# --- 7: retrieval ---


class Words:
    """Bag of words: disjoint vocabularies are orthogonal."""

    name, dim = "words", 50

    def embed(self, texts: Sequence[str]) -> Any:
        rows = np.zeros((len(texts), self.dim), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.split():
                row[int(word[1:])] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def disjoint_dialogues() -> tuple[list[Dialogue], list[str]]:
    """10 personas x 10 dialogues; persona p only says the words w(5p) to w(5p + 4)."""
    rng = random.Random(7)
    talks, personas = [], []
    for p in range(10):
        for d in range(10):
            texts = [" ".join(f"w{5 * p + rng.randrange(5)}" for _ in range(20)) for _ in range(4)]
            talks.append(Dialogue(f"{p}/{d}", [("client" if k % 2 == 0 else "tested", t) for k, t in enumerate(texts)]))
            personas.append(f"p{p}")
    return talks, personas


def test_w7_retrieval_finds_the_persona_and_chance_is_chance() -> None:
    talks, personas = disjoint_dialogues()
    found = retrieve_personas(talks, personas, Words())
    assert found.top[1].value == 1.0
    assert found.chance[1] == pytest.approx(9 / 99)
    rng, shares = random.Random(11), []
    vectors = Words().embed([" ".join(u.text for u in talk) for talk in talks])
    for _ in range(200):
        shuffled = rng.sample(personas, len(personas))
        shares.append(retrieval_of_vectors(vectors, shuffled, (1,), silhouette=False).top[1].value or 0.0)
    assert np.mean(shares) == pytest.approx(0.0909, abs=0.01)


# --- 8: the file ---


def grid(people: int = 2, talks: int = 2) -> list[Conversation]:
    said = [("client", "Hello, I need help."), ("tested", "Tell me."), ("client", "Thanks, bye."), ("tested", "Bye.")]
    return [
        Conversation(p, c, {"age": 30 + p}, f"You are {30 + p}.", Dialogue(f"{p}/{c}", said))
        for p in range(people)
        for c in range(talks)
    ]


def broken(path: Path, line: int, change: Callable[[dict[str, Any]], object]) -> str:
    """The error after one line of a good file was changed by hand."""
    write_release(grid(), path)
    lines = path.read_text().splitlines()
    row = json.loads(lines[line - 1])
    change(row)
    lines[line - 1] = json.dumps(row)
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(InvalidInput) as caught:
        read_release(path)
    return str(caught.value)


def test_w8_a_written_file_passes_its_own_validator(tmp_path: Path) -> None:
    path = write_release(grid(), tmp_path / "release.jsonl")
    back = read_release(path)
    assert [c.to_dict() for c in back] == [c.to_dict() for c in grid()]
    assert [u.speaker for u in back[0].dialogue] == ["client", "tested"] * 2
    row = json.loads(path.read_text().splitlines()[0])
    assert list(row) == [
        "persona_id", "conversation_id", "persona_fields", "persona_description", "turns", "termination_reason",
    ]  # fmt: skip
    assert row["turns"][1] == {"speaker": "tested", "turn_index": 1, "text": "Tell me."}


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("turns[0].speaker", lambda row: row["turns"][0].update(speaker="tested")),
        ("turns[2].speaker", lambda row: row["turns"][2].update(speaker="tested")),
        ("turns[2].speaker", lambda row: row["turns"].pop()),
        ("turns[1].turn_index", lambda row: row["turns"][1].update(turn_index=2)),
        ("turns[3].text", lambda row: row["turns"][3].update(text="  ")),
        ("turns", lambda row: row.update(turns=[])),
        ("persona_id", lambda row: row.update(persona_id=7)),
        ("conversation_id", lambda row: row.update(conversation_id=1)),
        ("conversation_id", lambda row: row.update(conversation_id="0")),
        ("persona_fields", lambda row: row.pop("persona_fields")),
        ("termination_reason", lambda row: row.update(termination_reason="bored")),
    ],
)
def test_w8_each_fault_is_refused_with_line_and_field(
    tmp_path: Path, field: str, change: Callable[[dict[str, Any]], object]
) -> None:
    message = broken(tmp_path / "release.jsonl", 3, change)
    assert f"release.jsonl:3: field '{field}'" in message


@pytest.mark.parametrize(
    ("lost", "line", "field"), [(2, 2, "persona_id"), (3, 3, "conversation_id"), (4, 3, "conversation_id")]
)
def test_w8_an_incomplete_grid_is_refused(tmp_path: Path, lost: int, line: int, field: str) -> None:
    path = write_release(grid(3)[:4], tmp_path / "release.jsonl")
    lines = path.read_text().splitlines()
    del lines[lost - 1]
    path.write_text("\n".join(lines))
    with pytest.raises(InvalidInput, match=rf"release\.jsonl:{line}: field '{field}'"):
        read_release(path)
    assert len(list(iter_release(path))) == 3


def test_w8_nothing_is_written_that_would_be_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        write_release(grid(2, 2)[:3], tmp_path / "release.jsonl")
    assert not (tmp_path / "release.jsonl").exists()


# --- the whole ---


async def test_a_run_gives_a_release_without_contacts(tmp_path: Path) -> None:
    client = ScriptedModel(lambda m, s: "Mail me at ann@example.org, case AB-12345.")
    result = await run_spasm(
        client, numbered("t"), helper_that(lambda k: "accept"), config=SpasmConfig(personas=2, dialogues_per_persona=2)
    )
    back = read_release(write_release(result.conversations(), tmp_path / "out.jsonl"))
    assert back[0].dialogue[0].text == "Mail me at [EMAIL], case [REFERENCE_ID]."
    assert result.dialogues[0].played.dialogue[0].text == "Mail me at ann@example.org, case AB-12345."
    counts = result.stats()
    assert (counts["conversation_count"], counts["utterance_count_distribution"]) == (4, {"4": 4})
    assert counts["postprocessing"]["contact_like_string_redaction"]["placeholder_counts"]["[EMAIL]"] == 8


async def test_rejected_dialogues_are_played_again_and_counted() -> None:
    client = ScriptedModel(lambda m, s: "As an AI language model, I wonder." if s.attempt == 0 else "I wonder.")
    helper = helper_that(lambda k: "accept")
    result = await run_spasm(client, numbered("t"), helper, config=ONE)
    assert [(d.attempts, d.rejected_because) for d in result.dialogues] == [(2, "")]
    stubborn = ScriptedModel(lambda m, s: "As an AI language model, I wonder.")
    result = await run_spasm(stubborn, numbered("t"), helper_that(lambda k: "accept"), config=ONE)
    assert [(d.attempts, d.rejected_because) for d in result.dialogues] == [(4, "machine_self_identification")]
    assert result.stats()["rejected_dialogues"] == {"machine_self_identification": 1}
    assert result.conversations() == []


async def test_the_same_command_again_pays_for_nothing(tmp_path: Path) -> None:
    config = SpasmConfig(personas=3, dialogues_per_persona=2, max_turns=4)
    asked, rows = [], []
    for _ in range(2):
        models = [open_model(f"simulated:seed={k}") for k in (1, 2, 3)]
        with Run.open(tmp_path / "run", {"system": "spasm"}) as run:
            client, responder, helper = (run.model(m, role=str(k)) for k, m in enumerate(models))
            rows.append((await run_spasm(client, responder, helper, config=config, run=run)).rows())
            asked.append(run.counts["calls"])
        stages = json.loads((tmp_path / "run" / "run.json").read_text())["stages"]
        assert {"spasm.personas", "spasm.dialogues", "spasm.audit"} <= set(stages)
    assert rows[0] == rows[1]
    assert asked[0] == asked[1]


def test_statistics_have_the_names_of_the_release() -> None:
    ours = SpasmResult(SpasmConfig(), (), (), {"client": "a", "responder": "b", "helper": "c"}).stats()
    theirs = read_run_stats().data
    assert {"client_model", "responder_model", "temperature", "termination_counts"} <= set(ours) & set(theirs)
    for name in ("max_turns_per_agent", "max_utterances", "conversations_per_persona", "temperature"):
        assert ours[name] == theirs[name]


@given(st.lists(st.tuples(st.sampled_from(["client", "tested"]), st.text()), max_size=12))
def test_projection_is_pure_and_swaps_every_label(said: list[tuple[str, str]]) -> None:
    talk = Dialogue("d", said, cast=("client", "tested"))
    one, other = talk.project("client"), talk.project("tested")
    assert one == talk.project("client")
    assert [text for _, text in one] == [text for _, text in other] == [text for _, text in said]
    assert all({a, b} == {"SELF", "PARTNER"} for (a, _), (b, _) in zip(one, other, strict=True))


@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=4))
def test_any_text_survives_the_release_format(texts: list[str]) -> None:
    said = [(speaker, text) for text in texts for speaker in ("client", "tested")]
    row = Conversation(0, 0, {"age": 30}, "You are 30.", Dialogue("d", said)).to_dict()
    assert Conversation.from_dict(json.loads(json.dumps(row))).to_dict() == row


def test_the_plan_of_the_release() -> None:
    assert plan_calls() == {
        "spasm.validate": 500,
        "spasm.craft": 500,
        "play.turn": 250_000,
        "play.termination": 115_000,
        "play.role_audit": 5_000,
    }
