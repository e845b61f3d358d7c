"""Fields that models write: owners see what is wrong, bounds hold, failures are counted, and nothing is paid for twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from personarium.core.chat import Message, Sampling
from personarium.core.errors import InvalidInput, UsageError
from personarium.make.population import (
    FieldWriter,
    ModelValidator,
    Schema,
    Slot,
    Writing,
    schema_from_data,
    write_members,
    write_population,
    writing_of,
)
from personarium.make.population.model_writing import write_step
from personarium.models import open_model
from personarium.models.scripted import ScriptedModel
from personarium.runs import Run

OWNERS = ("enrolment", "academic", "personality", "social", "health")
SCHEMA = schema_from_data(
    {
        "fields": {
            "grade": [1, 2, 3],
            "name": {"model": True, "owner": "enrolment"},
            "strong": {"model": True, "owner": "academic", "choices": ["maths", "art", "sport"]},
            "weak": {"model": True, "owner": "academic", "choices": ["maths", "art", "sport"]},
            "values": {"model": True, "owner": "personality"},
            "friends": {"model": True, "owner": "social"},
            "mood": {"model": True, "owner": "health", "kind": "number"},
            "title": {"compute": "name + ' of grade ' + text(grade)"},
        },
        "rules": [
            {"name": "R3", "must": "strong != weak", "owner": "academic", "message": "A subject is strong and weak."},
            {"name": "R1", "must": "length(title) < 60", "message": "The name is too long."},
        ],
    }
)
ACCEPT = "Reason: fine. Writer: nobody Verdict: accept"
REJECT = "Reason: strong and weak are the same. Writer: academic Verdict: reject"
GOOD: dict[str, dict[str, Any]] = {
    "enrolment": {"name": "Bo Test"},
    "academic": {"strong": "art", "weak": "maths"},
    "personality": {"values": "honest"},
    "social": {"friends": "two"},
    "health": {"mood": 7},
}


class PulledPlug(Exception):
    """Ends a session in the middle."""


Replies = Callable[[str, str, Sampling], Any]


def owner_of(step: str) -> str:
    return step.rpartition(".")[2]


class Scripts:
    """A scripted model whose replies depend on the step; counts what was asked."""

    def __init__(self, replies: Replies) -> None:
        self.replies = replies
        self.model = ScriptedModel(self._answer)

    def _answer(self, messages: Sequence[Message], sampling: Sampling) -> Any:
        step = self.model.calls[-1].label.step
        reply = self.replies(owner_of(step), messages[-1]["content"], sampling)
        return json.dumps(reply, ensure_ascii=False) if isinstance(reply, dict) else reply

    def asked(self) -> list[str]:
        return [owner_of(call.label.step) for call in self.model.calls]


def slots(count: int = 1) -> list[Slot]:
    return [Slot(k, f"person-{k}", {"grade": 2}) for k in range(1, count + 1)]


def both_validators(**changes: Any) -> Writing:
    writing = writing_of(SCHEMA, validate=True, **changes)
    return Writing(**{**vars(writing), "deep": ModelValidator({"academic": ("strong", "weak")})})


async def test_hachimi_w6_only_the_owner_is_called_again_and_sees_the_issue() -> None:
    verdicts = iter([REJECT, REJECT, ACCEPT])

    def reply(owner: str, prompt: str, _: Sampling) -> Any:
        if owner == "validate":
            return next(verdicts)
        if owner == "academic" and "<issues>" not in prompt:
            return {"strong": "art", "weak": "art"}
        return GOOD[owner]

    scripts = Scripts(reply)
    members = await write_members(slots(), both_validators(), scripts.model)
    assert scripts.asked() == [*OWNERS, "validate", "validate", "academic", "validate"]
    revision = scripts.model.calls[7].messages[-1]["content"]
    assert "A subject is strong and weak." in revision
    assert "strong and weak are the same." in revision
    assert "strong = art" in revision
    assert members.drafted[0].values == {k: v for own in GOOD.values() for k, v in own.items()}
    assert members.unfilled == ()
    assert members.drafted[0].revisions == {"academic": 1}


async def test_hachimi_w6_a_writer_that_never_obeys_ends_after_four_attempts_and_the_next_slot_goes_on() -> None:
    def reply(owner: str, prompt: str, _: Sampling) -> Any:
        return {"strong": "art", "weak": "art"} if owner == "academic" and not obeys[0] else GOOD[owner]

    obeys = [False]
    scripts = Scripts(reply)
    writing = writing_of(SCHEMA, validate=False)
    members = await write_members(slots(), writing, scripts.model)
    assert [(u.slot, u.reason, u.tries) for u in members.unfilled] == [(1, "R3", 4)]
    assert Counter(scripts.asked()) == {**dict.fromkeys(OWNERS, 4), "academic": 4 * (1 + 3)}
    obeys[0] = True
    assert (await write_members(slots(), writing, scripts.model)).unfilled == ()


async def test_a_clean_draft_costs_one_call_for_each_writer_and_one_for_the_validator() -> None:
    scripts = Scripts(lambda owner, *_: ACCEPT if owner == "validate" else GOOD[owner])
    await write_members(slots(), writing_of(SCHEMA, validate=True), scripts.model)
    assert scripts.asked() == [*OWNERS, "validate"]


async def test_each_writer_sees_the_slot_and_the_draft_so_far() -> None:
    scripts = Scripts(lambda owner, *_: GOOD[owner])
    await write_members(slots(), writing_of(SCHEMA, validate=False), scripts.model)
    prompts = [call.messages[-1]["content"] for call in scripts.model.calls]
    assert all("grade = 2" in prompt for prompt in prompts)
    assert "name = Bo Test" not in prompts[0] and "name = Bo Test" in prompts[1]
    assert "weak = maths" in prompts[4]
    sparks = {prompt.partition("SEED-")[2][:17] for prompt in prompts}
    assert len(sparks) == 5 and all(spark.isdigit() for spark in sparks)


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ('{"strong": "art"}', "unparsed"),
        ('{"strong": "art", "weak": "maths", "name": "Eve"}', "unparsed"),
        ('{"strong": "art", "weak": "alchemy"}', "unparsed"),
        ('{"strong": "art", "weak":', "unparsed"),
        ("I'm sorry, but I can't help with that.", "refused"),
        ("", "empty"),
    ],
)
async def test_wrong_replies_are_counted_and_asked_again(wrong: str, kind: str) -> None:
    scripts = Scripts(lambda owner, _, sampling: wrong if owner == "academic" and not sampling.attempt else GOOD[owner])
    assert (await write_members(slots(), writing_of(SCHEMA, validate=False), scripts.model)).unfilled == ()
    assert Counter(scripts.asked())["academic"] == 2

    never = Scripts(lambda owner, *_: wrong if owner == "academic" else GOOD[owner])
    members = await write_members(slots(), writing_of(SCHEMA, validate=False, attempts=2), never.model)
    assert [failure.kind for failure in members.failures] == [kind, kind]
    assert members.unfilled[0].tries == 2
    assert "social" not in never.asked()  # an attempt whose writer failed is not paid for further


async def test_an_unreadable_verdict_is_no_consent_and_is_counted() -> None:
    scripts = Scripts(lambda owner, *_: "hm" if owner == "validate" else GOOD[owner])
    members = await write_members(slots(), writing_of(SCHEMA, validate=True, rounds=1), scripts.model)
    assert {failure.kind for failure in members.failures} == {"unparsed"}
    assert members.unfilled == ()  # the executable filter has the last word


async def test_forced_values_are_put_back() -> None:
    step = write_step("t.write.academic", '{"level": <text>}')
    writing = Writing((FieldWriter("academic", ("level",), step),), forced=lambda slot: {"level": "high", "other": 1})
    members = await write_members(slots(), writing, ScriptedModel({"": '{"level": "poor"}'}))
    assert members.drafted[0].values == {"level": "high"}


async def test_near_duplicates_are_written_anew_and_then_listed() -> None:
    text = "a long enough story about lighthouses and their keepers, told on winter evenings"
    other = "something else entirely: bees, bicycles, brass bands and a bridge over the Elbe"

    def reply(owner: str, prompt: str, sampling: Sampling) -> Any:
        return {"story": other if sampling.sample == 2 and "n = 1" not in prompt else text}

    schema = schema_from_data({"fields": {"story": {"model": True, "owner": "writer"}}})
    writing = writing_of(schema, validate=False)
    seen: list[str] = []

    def accepts(drafted: Sequence[Any]) -> list[bool]:
        out = []
        for one in drafted:
            out.append(one.values["story"] not in seen)
            seen.append(one.values["story"])
        return out

    scripts = Scripts(reply)
    members = await write_members(
        [Slot(k, f"p{k}", {"n": k}) for k in (1, 2, 3)], writing, scripts.model, accepts=accepts
    )
    assert [d.values for d in members.drafted] == [{"story": text}, {"story": other}, None]
    assert [(u.slot, u.reason, u.tries) for u in members.unfilled] == [(3, "near duplicate", 4)]


def finished_chunks(folder: Path) -> int:
    return len(list(folder.glob(".p.parquet.*.parts/part-*.parquet")))


def many_stories(owner: str, prompt: str, _: Sampling) -> Any:
    if owner == "validate":
        return ACCEPT
    if owner != "personality":
        return GOOD[owner]
    spark = int(prompt.partition("SEED-")[2][:17])
    return {"values": " ".join(f"{(spark * (k + 3)) % 99991:x}" for k in range(30))}


async def test_hachimi_w7_a_stopped_run_goes_on_and_pays_for_nothing_twice(tmp_path: Path) -> None:
    def dies(owner: str, prompt: str, sampling: Sampling) -> Any:
        if len(first.model.calls) > 130:
            raise PulledPlug
        return many_stories(owner, prompt, sampling)

    async def work(scripts: Scripts) -> Any:
        with Run.open(tmp_path / "run", {"schema": "s"}) as run:
            model = run.model(scripts.model, role="writer", concurrency=1)
            return await write_population(
                SCHEMA,
                40,
                tmp_path / "p.parquet",
                model=model,
                run=run,
                seed=3,
                chunk=10,
                concurrency=1,
                writing=writing_of(SCHEMA, validate=True),
            )

    first = Scripts(dies)
    with pytest.raises(PulledPlug):
        await work(first)
    assert finished_chunks(tmp_path) == 2
    second = Scripts(many_stories)
    made = await work(second)
    assert (made.members, made.unfilled) == (40, ())
    assert len(first.model.calls) - 1 + len(second.model.calls) == 40 * 6
    frame = pl.read_parquet(made.path)
    assert frame["id"].to_list() == [f"person-{k:02d}" for k in range(1, 41)]
    assert frame.columns == ["id", *(field.path for field in SCHEMA.fields)]
    assert frame["title"][0] == f"Bo Test of grade {frame['grade'][0]}"


async def test_the_gate_of_a_resumed_run_remembers_what_was_accepted(tmp_path: Path) -> None:
    schema = schema_from_data({"fields": {"story": {"model": True, "owner": "writer"}}})
    same = {"story": "one and the same story about a ferryman who would not cross the river on Sundays"}

    def stops(owner: str, prompt: str, _: Sampling) -> Any:
        if len(scripts.model.calls) > 1:
            raise PulledPlug
        return same

    writing = writing_of(schema, validate=False, attempts=1)
    out = tmp_path / "p.parquet"
    scripts = Scripts(stops)
    with pytest.raises(PulledPlug):
        await write_population(schema, 2, out, model=scripts.model, writing=writing, chunk=1)
    made = await write_population(schema, 2, out, model=Scripts(lambda *_: same).model, writing=writing, chunk=1)
    assert made.members == 1
    assert [(u.slot, u.reason) for u in made.unfilled] == [(2, "near duplicate")]


async def test_when_nobody_could_be_written_the_reason_is_named(tmp_path: Path) -> None:
    scripts = Scripts(lambda owner, *_: {"strong": "art", "weak": "art"} if owner == "academic" else GOOD[owner])
    with pytest.raises(InvalidInput, match="R3"):
        await write_population(
            SCHEMA,
            3,
            tmp_path / "p.parquet",
            model=scripts.model,
            writing=writing_of(SCHEMA, validate=False, attempts=1, rounds=0),
        )


async def test_with_the_simulated_subject_and_every_prompt_is_understood(tmp_path: Path) -> None:
    schema = schema_from_data(
        {
            "fields": {
                "job": ["baker", "nurse"],
                "hobby": {"model": True, "owner": "life"},
                "home": {"model": True, "owner": "life"},
                "temper": {"model": True, "owner": "soul", "choices": ["calm", "lively", "cross"]},
            },
            "rules": [{"name": "kind", "must": "temper != 'cross'", "message": "temper != cross"}],
        }
    )
    model: Any = open_model("simulated:seed=3,sloppy=0")
    made = await write_population(
        schema, 12, tmp_path / "p.parquet", model=model, seed=1, writing=writing_of(schema, validate=True)
    )
    assert made.members + len(made.unfilled) == 12
    assert made.members >= 6
    assert set(pl.read_parquet(made.path)["temper"]) <= {"calm", "lively"}
    inputs = {
        "slot": "job = nurse", "draft": "hobby = chess\ntemper = calm", "issues": "", "rules": "temper != cross", "keys": "hobby", "task": "",
        "language": "English", "spark": "SEED-1", "writers": "life: hobby",
    }  # fmt: skip
    for step in writing_of(schema, validate=True).steps:
        ledger = model.explain(step.render(**inputs), step.sampling)
        assert ledger.role == ("judge" if step.name == "population.validate" else "writer")
        assert not ledger.unread


def test_every_key_has_one_writer() -> None:
    step = write_step("t.write.x", '{"a": <text>}')
    with pytest.raises(UsageError, match="one writer"):
        Writing((FieldWriter("x", ("a",), step), FieldWriter("y", ("a",), step)))
    with pytest.raises(UsageError, match="no field is written by a model"):
        writing_of(Schema(SCHEMA.fields[:1]))
