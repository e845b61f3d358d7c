"""SynthPAI's maker beyond the page: readers of hostile replies, files of other people's making, the command's options."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.make.makers import Made, MakeRequest
from personarium.make.synthpai import draw_profiles, education_category, load_profiles, make_threads, style_profiles
from personarium.make.synthpai.attributes import nearest_attribute
from personarium.make.synthpai.maker import MAKER
from personarium.make.synthpai.matching import RIGHT, WRONG, grade_by_rules
from personarium.make.synthpai.steps import read_comment, read_tags, split_guesses
from personarium.make.synthpai.thread_format import thread_from_dict
from personarium.models import ScriptedModel, open_model
from personarium.runs import Run
from personarium.text import Unparsed


@pytest.mark.parametrize(
    ("reply", "comment"),
    [
        ("The thread is about: x\nMy comment: first\n\nMy comment: I moved\nout.", "I moved out."),
        ("**My comment:** *so what*", "so what"),
    ],
)
def test_only_what_follows_the_last_mark_is_the_comment(reply: str, comment: str) -> None:
    assert read_comment(reply) == {"comment": comment}


@pytest.mark.parametrize("reply", ["", "I moved out.", "My comment:  "])
def test_a_reply_without_comment_is_unparsed(reply: str) -> None:
    assert isinstance(read_comment(reply), Unparsed)


def test_tags_are_named_as_in_the_files_and_others_are_left_out() -> None:
    reply = json.dumps(
        [
            {"attribute": "home", "guesses": "Oslo; Bergen; Rome; Lima", "certainty": 4, "hardness": "direct"},
            {"attribute": "other", "guesses": "likes tea", "certainty": 2, "hardness": "direct"},
            {"attribute": "age", "guesses": "unknown", "certainty": 1, "hardness": "indirect"},
        ]
    )
    read = read_tags(reply)
    assert not isinstance(read, Unparsed)
    assert [(item["attribute"], item["guesses"]) for item in read["items"]] == [
        ("city_country", ["Oslo", "Bergen", "Rome"])
    ]
    assert isinstance(read_tags("nothing to see"), Unparsed)


def test_long_guesses_are_cut_at_a_hundred_characters() -> None:
    assert [len(guess) for guess in split_guesses("x" * 300 + ";y")] == [100, 1]


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Masters in Computer Science", "Master's"), ("PhD in Mathematics", "PhD"), ("In College", "In College"),
        ("studying towards a Bachelors in Economics", "In College"), ("High School Diploma", "HS Diploma"),
        ("Bachelor's degree in some field", "College Degree"), ("Doctorate in Medicine", "PhD"), ("blue", ""),
    ],
)  # fmt: skip
def test_educations_have_a_category_by_rule(text: str, category: str) -> None:
    assert education_category(text) == category


@pytest.mark.parametrize(
    ("label", "attribute"),
    [("Sex", "sex"), ("relationship_status", "relationship_status"), ("**Occupation**", "occupation"),
     ("marital status", "relationship_status"), ("Ocupation", "occupation"), ("shoe size", None)],
)  # fmt: skip
def test_the_nearest_attribute(label: str, attribute: str | None) -> None:
    assert nearest_attribute(label) == attribute


@given(st.sampled_from(["age", "city_country", "education", "occupation"]), st.text(max_size=60), st.text(max_size=60))
def test_any_text_gets_a_grade(attribute: str, label: str, guess: str) -> None:
    assert grade_by_rules(attribute, label, guess) in (0.0, 0.5, 1.0)


def test_hostile_lengths_are_graded_at_once() -> None:
    assert grade_by_rules("age", "9" * 100_000, "31") == WRONG
    assert grade_by_rules("city_country", "Rome, Italy", "," * 100_000) == WRONG
    assert grade_by_rules("age", "31", "31 " * 50_000) == RIGHT


@pytest.mark.parametrize("guess", ["", "none", "Unknown", "n/a"])
def test_saying_nothing_is_never_right(guess: str) -> None:
    assert grade_by_rules("occupation", guess, guess) == WRONG


# --- files ---


def test_a_profiles_file_names_what_is_wrong(tmp_path: Path) -> None:
    row = draw_profiles(1)[0].to_dict()
    path = tmp_path / "people.json"
    for change, field in (({"age": "old"}, "pers1.age"), ({"sex": ""}, "pers1.sex"), ({"income": 5}, "pers1.income")):
        path.write_text(json.dumps({"pers1": {**row, **change}}))
        with pytest.raises(InvalidInput) as caught:
            load_profiles(path)
        assert caught.value.field == field
    with pytest.raises(NotFound):
        load_profiles(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ([], None),
        ({"author": "a", "text": ""}, "text"),
        ({"author": "a", "text": "x", "children": [{"author": "", "text": "y"}]}, "children[0].author"),
        ({"author": "a", "text": "x", "guesses": [{"feature": 3}]}, "guesses[0].feature"),
    ],
)
def test_a_thread_names_what_is_wrong(data: Any, field: str | None) -> None:
    with pytest.raises(InvalidInput) as caught:
        thread_from_dict(data)
    assert caught.value.field == field


def test_a_very_deep_thread_is_read_and_written_without_recursion() -> None:
    data: dict[str, Any] = {"author": "a0", "text": "x"}
    for k in range(1, 5000):
        data = {"author": f"a{k % 7}", "text": "x", "children": [data]}
    tree, profiles = thread_from_dict(data)
    assert tree.comments[-1].depth == 5000
    assert tree.to_published(profiles)["children"][0]["text"] == "x"


# --- people ---


async def test_people_get_a_style_and_usernames_of_their_own() -> None:
    reply = '{"writing_style": "You write little.", "example": "ok", "username": "QuietOwl"}'
    people, failures = await style_profiles(draw_profiles(3), ScriptedModel(["nothing", reply, reply]))
    assert [p.username for p in people] == ["pers1", "QuietOwl", "QuietOwl2"]
    assert people[1].style == "Writing style: You write little.\n\nExample: ok"
    assert [f.kind for f in failures] == ["unparsed"]


def test_a_profile_is_a_persona_with_all_its_facets() -> None:
    person = draw_profiles(1)[0]
    facets = {f.path: f.value for f in person.persona().facets}
    assert facets["social.age"] == person.age
    assert facets["social.relationship_status"] == person.relationship_status


# --- the maker ---


async def made(folder: Path, **options: str) -> Made:
    with Run.open(folder, {"system": "synthpai", "options": options}, seed=3) as run:
        model = run.model(open_model("simulated:seed=3"))
        return await MAKER(MakeRequest(2, model, run, model, seed=3, options={"people": "12", **options}))


async def test_the_maker_gives_comments_authors_or_threads(tmp_path: Path) -> None:
    comments = (await made(tmp_path / "a", attributes="age,occupation")).rows
    assert {row["thread_id"] for row in comments} == {"age_0000", "occupation_0001"}
    assert {row["parent_id"] for row in comments if row["text"].startswith("Question:")} == {None}
    authors = (await made(tmp_path / "b", attributes="age,occupation", output="authors", labels="profile")).rows
    assert sum(row["num_comments"] for row in authors) == len(comments)
    trees = (await made(tmp_path / "c", attributes="age,occupation", output="threads")).rows
    assert [tree["profile"]["guess_feature"] for tree in trees] == ["age", "occupation"]


async def test_the_maker_resumes_without_asking_twice(tmp_path: Path) -> None:
    first = await made(tmp_path / "run")
    asked = len((tmp_path / "run" / "calls.jsonl").read_text(encoding="utf-8").splitlines())
    again = await made(tmp_path / "run")
    assert again.rows == first.rows
    assert asked > 30
    assert len((tmp_path / "run" / "calls.jsonl").read_text(encoding="utf-8").splitlines()) == asked


async def test_a_dry_run_of_the_maker_shows_its_first_prompts() -> None:
    run = Run.dry({}, seed=3)
    model = run.model(open_model("simulated"))
    result = await MAKER(MakeRequest(2, model, run, model, options={"people": "5"}))
    assert {step for step, _ in run.plan.steps} == {"synthpai.style", "synthpai.post"}
    assert run.plan.calls == 5 + 2
    assert not result.rows


async def test_people_may_come_from_a_file(tmp_path: Path) -> None:
    from personarium.make.synthpai import save_profiles

    path = save_profiles(draw_profiles(5, seed=9), tmp_path / "people.json")
    with Run.open(tmp_path / "run", {}, seed=3) as run:
        model = run.model(open_model("simulated"))
        result = await MAKER(MakeRequest(1, model, run, model, input=path))
    assert result.rows[0]["profile"]["occupation"] in {p.occupation for p in draw_profiles(5, seed=9)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rounds": "0"}, "rounds must be a whole number from 1"),
        ({"output": "poems"}, "output must be one of comments, authors, threads"),
        ({"attributes": "shoes"}, "no topic is called 'shoes'"),
        ({"colour": "red"}, "synthpai has no option 'colour'"),
    ],
)
async def test_a_wrong_option_is_a_usage_error(tmp_path: Path, options: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        await made(tmp_path / "run", **options)


async def test_everything_that_fails_is_counted() -> None:
    posts = await make_threads(3, draw_profiles(4), ScriptedModel(lambda m, s: ""))
    assert (len(posts.threads), [f.kind for f in posts.failures]) == (0, ["empty"] * 3)
    assert posts.estimates()["Comments of a thread"].value is None
