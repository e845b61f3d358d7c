"""Synthetic-Persona-Chat: files, replies, expansion, and the generator as the command calls it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core import Message, Sampling
from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.core.results import Failure
from personarium.judges.entailment import KeyedFact, RuleOracle
from personarium.make.makers import Made, MakeRequest
from personarium.make.synthetic_persona_chat import (
    MAKER,
    Cast,
    Conversation,
    EntailmentInference,
    SpcConfig,
    Turn,
    check_faithfulness,
    default_seeds,
    expert_committee,
    read_seeds,
    run_synthetic_persona_chat,
    write_release,
)
from personarium.make.synthetic_persona_chat.data_format import dump_fields, parse_turns, read_reply
from personarium.make.synthetic_persona_chat.expansion import Expander, reading
from personarium.models import ScriptedModel, open_model
from personarium.runs import Run
from personarium.runs.executors import AsyncioExecutor
from personarium.text.embed import StaticEmbedder
from personarium.text.form import Unparsed

# --- files ---


def test_the_bundled_seeds_are_clean() -> None:
    seeds = default_seeds()
    assert len(seeds) == 6
    assert all(seed.flags == () for seed in seeds)
    assert all(len(seed.first) == len(seed.second) == 5 for seed in seeds)
    assert all(6 <= len(seed.turns) <= 7 and seed.turns[0].user == 1 for seed in seeds)
    assert len({s for seed in seeds for s in (*seed.first, *seed.second)}) == 60


def test_seeds_are_the_same_from_csv_and_json_lines(tmp_path: Path) -> None:
    as_csv, as_json = tmp_path / "seeds.csv", tmp_path / "seeds.jsonl"
    write_release(default_seeds(), as_csv)
    as_json.write_text(dump_fields(default_seeds()), encoding="utf-8")
    assert read_seeds(as_csv) == read_seeds(as_json) == default_seeds()


def test_a_row_of_json_lines_may_be_a_profile_alone(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text('{"user_1_persona": ["I  am a baker."]}\n\n', encoding="utf-8")
    (row,) = read_seeds(path)
    assert (row.first, row.second, row.turns) == (("I am a baker.",), (), ())


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", '{"user_2_persona": ["x"]}', "a.jsonl:1: field 'user_1_persona': expected a list of at least one"),
        ("a.jsonl", '{"user_1_persona": ["x", ""]}', "field 'user_1_persona': expected at most 100 sentences"),
        ("a.jsonl", '{"user_1_persona": ["x"], "utterances": "User 1: hi"}', "field 'utterances'"),
        ("a.jsonl", "[1]", "field 'row'"),
        ("a.jsonl", "\n", "expected at least one row"),
        ("a.csv", "a,b,c\n", "expected the columns user 1 personas, user 2 personas, Best Generated Conversation"),
        (
            "a.csv",
            "user 1 personas,user 2 personas,Best Generated Conversation\r\nx,y\r\n",
            "row 1: expected three columns",
        ),
        ("a.csv", 'user 1 personas,user 2 personas,Best Generated Conversation\r\n"x,y', "expected a CSV row"),
        ("a.txt", "User 1: hi", "a file ending in .csv or .jsonl"),
    ],
)
def test_bad_seeds_get_one_clear_error(tmp_path: Path, name: str, content: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        read_seeds(path)
    assert said in str(caught.value) and str(path) in str(caught.value)


def test_seeds_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such file"):
        read_seeds(tmp_path / "none.csv")


def test_a_file_that_is_no_utf8(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"user 1 personas,user 2 personas,Best Generated Conversation\r\n\xff\xfe,y,z\r\n")
    with pytest.raises(InvalidInput, match="UTF-8"):
        read_seeds(path)


# --- replies ---


@given(st.text())
def test_no_line_is_lost_whatever_stands_there(text: str) -> None:
    for loose in (False, True):
        turns, before = parse_turns(text, loose)
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        assert len(before) + len(turns) + sum(len(turn.stray) for turn in turns) == len(lines)
    read_reply(text)  # never raises


@pytest.mark.parametrize(
    "reply",
    [
        '{"turns": [{"User 1": "Hi."}, {"User 2": "Hello [you]."}]}',
        'Here it is:\n```json\n{"turns": [{"user 1": "Hi."}, {"User 2": "Hello [you]."}]}\n```',
        '[{"User 1": "Hi.", "User 2": "Hello [you]."}]',
        "**User 1:** Hi.\n\n**User 2:** Hello [you].",
        "User 1: Hi.\nUser 2: Hello [you].",
    ],
)
def test_a_dialogue_is_read_from_json_and_from_lines(reply: str) -> None:
    assert read_reply(reply) == {"turns": (Turn(1, "Hi."), Turn(2, "Hello [you].")), "unattributed": ()}


def test_a_preamble_is_kept_as_unattributed_and_no_turn_is_unparsed() -> None:
    found = read_reply("Sure, here it is.\nUser 1: Hi.\n(they laugh)")
    assert found == {"turns": (Turn(1, "Hi.", ("(they laugh)",)),), "unattributed": ("Sure, here it is.",)}
    assert isinstance(read_reply("I cannot help with that."), Unparsed)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("You like tea.", "does not begin with I or My"),
        ("Iron is hard.", "does not begin with I or My"),
        ("i HAVE two dogs!", "does not begin with I or My"),
        ("I have two dogs!", "repeats one that was shown"),
        ("I " + "really " * 40, "more than 40 words"),
        ("", "does not begin"),
    ],
)
def test_new_sentences_that_are_none(reply: str, reason: str) -> None:
    found = reading(["I have two dogs."])(reply)
    assert isinstance(found, Unparsed) and reason in found.reason


def test_a_new_sentence_is_the_first_one_of_the_reply() -> None:
    assert reading([])('"My cat is grey. She sleeps all day."') == {"text": "My cat is grey."}


# --- expansion ---


async def directly(stage: str, items: Sequence[Any], work: Any, key: Any) -> list[Any]:
    return await AsyncioExecutor().map(items, work, concurrency=4)


def expander(model: ScriptedModel) -> Expander:
    return Expander(model, StaticEmbedder(), directly)


async def test_queries_come_from_categories_of_three_and_grow_by_bootstrapping() -> None:
    model = ScriptedModel(
        {"same question": '{"question": "What is your job?"}', "asked so far": '{"questions": ["Where do you live?"]}'}
    )
    made = expander(model)
    sentences = ["I bake.", "I teach.", "I nurse.", "I sing."]
    queries, failures = await made.induce_queries(sentences, [0, 0, 0, 1])
    assert (queries, failures, len(model.calls)) == (["What is your job?"], [], 1)
    more, failures = await made.more_queries(queries, 3)
    assert (more, failures, len(model.calls)) == (["What is your job?", "Where do you live?"], [], 4)


async def test_sentences_that_are_too_close_are_not_added_and_barren_rounds_end_it() -> None:
    model = ScriptedModel(lambda messages, sampling: "My dog is old.")
    made, failures = await expander(model).new_sentences(["I live in a town."], ["Do you have a pet?"], 5)
    assert made == ["My dog is old."]
    # one round with something new and three without
    assert len(model.calls) == 4
    assert failures[-1] == Failure("missing", "only 1 of 5 new persona sentences", "sentences")


async def test_new_sentences_are_shown_in_later_rounds() -> None:
    answers = iter(["I am a vet.", "My dog is old.", "I play chess."])
    model = ScriptedModel(lambda messages, sampling: next(answers))
    made, failures = await expander(model).new_sentences(["I live in a town."], ["Tell me."], 3)
    assert made == ["I am a vet.", "My dog is old.", "I play chess."]
    assert failures == []
    assert "I am a vet." in model.calls[1].messages[-1]["content"]


# --- formal faithfulness with an entailment estimator ---


async def test_a_contradicted_sentence_falls_from_one_half_to_zero() -> None:
    oracle = RuleOracle([KeyedFact("I live in Rome.", "home", "Rome", ("Oslo",)), KeyedFact("I bake.", "job", "bake")])
    said = Conversation(("I live in Rome.",), ("I bake.",), (Turn(1, "I live in Oslo."), Turn(2, "I bake bread.")))
    check = await check_faithfulness(said, EntailmentInference(oracle))
    assert [(c.user, c.prior, c.given) for c in check.changes] == [(1, 0.5, 0.0), (2, 0.5, 1.0)]
    assert check.faithful is False


# --- the whole ---

TALK = '{"turns": [{"User 1": "Hi there."}, {"User 2": "Hello, you."}]}'


def everything(messages: Sequence[Message], sampling: Sampling) -> str:
    """A model that is content with all it sees."""
    text = messages[-1]["content"]
    replies = {
        "Contradicts:": "Reason: none Contradicts: no",
        "Toxic:": "Reason: none Toxic: no",
        "[RESULT]": "Feedback: better [RESULT] A",
        '"negations"': '{"negations": ["It is not so."]}',
        "The fact is": "The fact is neutral",
        '"turns"': TALK,
    }
    return next(reply for mark, reply in replies.items() if mark in text)


SMALL = SpcConfig(
    new_sentences=0, negations=1, profiles=6, similar_above=0, candidates=2, turns=(2, 2), iterations=2, threshold=0.2
)


async def test_the_whole_recipe_step_by_step() -> None:
    model = ScriptedModel(everything)
    result = await run_synthetic_persona_chat(Cast(model, model), 3, config=SMALL)
    assert len(result.pairs) == len(result.conversations) == 3
    assert [d.said_by("User 1") for d in result.dialogues] == [["Hi there."]] * 3
    assert result.unfilled == {}
    assert len(result.slots) == 6
    # experts who always take the first place abstain, all of them
    assert all(set(slot.choice.abstained.values()) == {1} and slot.choice.best == 0 for slot in result.slots)
    # winners of the first iteration are among the examples of the second
    written = [c.messages[-1]["content"] for c in model.calls if "Write one conversation" in c.messages[-1]["content"]]
    assert not any("Hi there." in text for text in written[:6])
    assert any("Hi there." in text for text in written[6:])


async def test_too_few_pairs_are_failures_that_say_what_to_do() -> None:
    model = ScriptedModel(everything)
    result = await run_synthetic_persona_chat(Cast(model, model), 50, config=SMALL)
    missing = [f for f in result.failures if f.where == "pairs"]
    assert len(missing) == 50 - len(result.pairs) > 0
    assert "lower similar_above" in missing[0].reason


def test_experts_are_of_the_five_policies() -> None:
    with pytest.raises(
        UsageError, match="no policy 'wit'; there are depth, coherency, consistency, diversity, likable"
    ):
        expert_committee({"wit": ScriptedModel([])})


@pytest.mark.parametrize("wrong", [{"turns": (7, 6)}, {"candidates": 0}, {"examples": -1}, {"as_published": {"x"}}])
def test_settings_out_of_range(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        SpcConfig(**wrong)


# --- the maker ---


async def make(folder: Path, options: Mapping[str, str], count: int = 2, model: str = "simulated") -> tuple[Made, int]:
    with Run.open(folder, {"make": "spc"}, seed=3) as run:
        asked = run.model(open_model(f"{model}:seed=3"))
        made = await MAKER(MakeRequest(count, asked, run, asked, 3, options=options))
        return made, int(run.counts["calls"])


QUICK = {"new_sentences": "2", "bootstrap_steps": "1", "most_drawn": "15", "negations": "1", "candidates": "2"}


async def test_the_maker_makes_dialogues_without_input_and_resumes(tmp_path: Path) -> None:
    made, calls = await make(tmp_path / "run", QUICK)
    assert calls > 0
    assert [d.id for d in made.dialogues] == ["pair-00000", "pair-00001"]
    assert all(6 <= len(d) <= 7 and d.speakers == ("User 1", "User 2") for d in made.dialogues)
    assert made.estimates["dialogues made"].value == 1.0
    assert json.loads(json.dumps([dict(row) for row in made.rows])) == list(made.rows)
    again, _ = await make(tmp_path / "run", QUICK)
    assert again.rows == made.rows


async def test_the_maker_counts_what_a_refusing_model_does_not_make(tmp_path: Path) -> None:
    with Run.open(tmp_path / "run", {"make": "spc"}) as run:
        made = await MAKER(
            MakeRequest(2, ScriptedModel(lambda *_: "I'm sorry, I can't help with that."), run, ScriptedModel([]))
        )
    assert made.dialogues == ()
    assert {f.kind for f in made.failures} == {"refused", "missing"}
    assert made.estimates["dialogues made"].value == 0.0


async def test_a_dry_run_counts_calls_and_asks_nobody() -> None:
    with Run.dry() as run:
        model, judge = run.model(ScriptedModel([], name="w")), run.model(ScriptedModel([], name="j"))
        assert await MAKER(MakeRequest(3, model, run, judge)) == Made()
    steps = {name: entry.calls for (name, _), entry in run.plan.steps.items()}
    # 3 pairs, 3 iterations, 3 candidates; 3 pairs of candidates, 5 experts, 2 orders
    assert steps["spc.generate"] == 27
    assert steps["spc.faithful"] == 54
    assert steps["spc.toxic"] == 27
    assert steps["prometheus.relative"] == 270


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"candidates": "many"}, "candidates must be a whole number from 0 to 1,000,000, found 'many'"),
        ({"threshold": "near"}, "threshold must be a number, found 'near'"),
        ({"reading": "angle"}, "reading must be one of similarity, distance, found 'angle'"),
        ({"nli": "me"}, "nli must be one of judge, head, found 'me'"),
        ({"as_published": "wrong"}, "no erratum 'wrong'"),
        ({"turns": "7-6"}, "turns must be a fewest and a most from 1"),
        ({"colour": "red"}, "synthetic-persona-chat has no option 'colour'"),
    ],
)
async def test_options_that_cannot_be_read(options: dict[str, str], said: str) -> None:
    with Run.dry() as run, pytest.raises(UsageError) as caught:
        await MAKER(MakeRequest(1, ScriptedModel([]), run, ScriptedModel([]), options=options))
    assert said in str(caught.value)
