"""DeepPersona beyond the page: mining and merging of attributes, the judges, files, the command's options, resuming."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core import Message, Sampling
from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.core.results import Failure
from personarium.make.deeppersona import (
    DeepPersonaConfig,
    Profile,
    Taxonomy,
    draw_anchors,
    evaluate_intrinsic,
    evaluate_qa,
    judge_text,
    load_run,
    load_taxonomy,
    make_profile,
    make_profiles,
    merge_paths,
    mine_taxonomy,
    qa_questions,
    qa_rubrics,
    save_run,
    select_attributes,
)
from personarium.make.deeppersona.anchors import occupations, places
from personarium.make.deeppersona.filling import accepted
from personarium.make.deeppersona.maker import MAKER
from personarium.make.deeppersona.method import cut_words
from personarium.make.deeppersona.mining import path_of
from personarium.make.deeppersona.selection import ranked_paths
from personarium.make.deeppersona.steps import read_object
from personarium.make.makers import Made, MakeRequest
from personarium.models import ScriptedModel, open_model
from personarium.runs import Run
from personarium.text import Unparsed
from personarium.text.embed import load_embedder

TREE = load_taxonomy()
PLAIN = Sampling()
SMALL = TREE.only(path for paths in TREE.by_category.values() for path in paths[::20])
SLEEP = "Lifestyle and Daily Routine.Sleep"
BASE = Taxonomy((f"{SLEEP}.Usual bedtime", f"{SLEEP}.Naps", "Media Consumption and Engagement.News.News app"))
EXAMPLE = Profile("p-1", 1, draw_anchors(1, 1), {f"{SLEEP}.Naps": "after lunch"}, "I nap after lunch.", (SLEEP[:27],))


# --- tables ---


def test_occupations_and_places_are_many_and_different() -> None:
    assert len(occupations()) == len(set(occupations())) == 384
    assert len(places()) == 71
    assert sum(map(len, places().values())) == 367


def test_a_fixed_city_brings_its_country() -> None:
    assert draw_anchors(1, 1, {"city": "Ghent"}).country == "Belgium"
    assert draw_anchors(1, 1, {"country": "Iceland"}).city in places()["Iceland"]
    assert draw_anchors(1, 1, {"country": "Atlantis"}).city == "Atlantis"


@pytest.mark.parametrize(
    ("fixed", "said"),
    [
        ({"age": "old"}, "a whole number of years from 0 to 120"),
        ({"age": "-3"}, "a whole number of years"),
        ({"age": 121}, "a whole number of years"),
        ({"city": " "}, "a text of 1 to 2,000 characters"),
        ({"story": "x" * 2001}, "a text of 1 to 2,000 characters"),
        ({"interests": "; ;"}, "field 'interests'"),
    ],
)
def test_fixed_anchors_that_cannot_be_are_refused(fixed: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        draw_anchors(1, 1, fixed)


def test_unknown_anchors_and_wrong_constants_are_refused() -> None:
    with pytest.raises(UsageError, match="no anchor is called 'hair'"):
        DeepPersonaConfig(fixed={"hair": "red"})
    for wrong in ({"batch": 51}, {"attributes": 0}, {"ages": (9, 8)}, {"mix": (0, 0, 0)}, {"sensitive": "maybe"}):
        with pytest.raises(UsageError):
            DeepPersonaConfig(**wrong)  # type: ignore[arg-type]


# --- who gets which attributes ---


async def test_minors_get_no_attributes_of_adult_life() -> None:
    chosen = await _chosen({"age": 10})
    assert len(chosen) > 100
    assert not any(TREE.adult_only(path) for path in chosen)
    assert any(TREE.adult_only(path) for path in await _chosen({"age": 40}))


async def test_sensitive_attributes_can_be_left_out() -> None:
    assert any(TREE.sensitive_kind(path) for path in await _chosen({"age": 40}))
    assert not any(TREE.sensitive_kind(path) for path in await _chosen({"age": 40}, sensitive="leave-out"))


async def _chosen(fixed: dict[str, Any], **more: Any) -> list[str]:
    def said(messages: Sequence[Message], sampling: Sampling) -> str:
        return '{"is_career_needed": true, "reasoning": "x"}' if "career and work" in messages[-1]["content"] else "{}"

    config = DeepPersonaConfig(attributes=250, fixed=fixed, tries=1, **more)
    return list((await make_profile(1, ScriptedModel(said), config)).missing)


async def test_the_career_section_goes_when_a_model_says_so_and_stays_when_nothing_can_be_read() -> None:
    from personarium.make.deeppersona.anchors import Inferring
    from personarium.make.deeppersona.method import choose_attributes

    async def sections(reply: str) -> tuple[list[str], list[Failure]]:
        known = Inferring(ScriptedModel([reply, reply]), draw_anchors(1, 1, {"age": 40}), "p", 0, 2)
        chosen = await choose_attributes(known, DeepPersonaConfig(attributes=60, least=3), SMALL, load_embedder(), 1)
        return list(chosen), known.failures

    gone, failed = await sections('{"is_career_needed": false, "reasoning": "retired"}')
    assert (len(gone), failed) == (11, [])
    kept, failed = await sections("perhaps")
    assert (len(kept), [failure.kind for failure in failed]) == (12, ["unparsed"])


def test_near_attributes_are_near() -> None:
    paths = [f"Hobbies.{name}" for name in ("Chess", "Opera", "Angling rods", "Fishing in lakes")]
    core = "interests: fishing at the lake, angling with old rods"
    assert set(ranked_paths(paths, core, load_embedder())[:2]) == {paths[2], paths[3]}
    for seed in range(5):  # of four, one is near, whatever is drawn
        chosen = select_attributes({"Hobbies": paths}, core, 2, load_embedder(), random.Random(seed), least=1)
        assert {paths[2], paths[3]} & set(chosen["Hobbies"])


# --- replies ---


def test_nested_objects_are_read_as_paths() -> None:
    assert read_object('Sure:\n```json\n{"A": {"B": {"C": "x"}}, "A.D": "y"}\n```') == {"A.B.C": "x", "A.D": "y"}
    assert isinstance(read_object("no object"), Unparsed)


@given(st.text(max_size=300))
def test_no_reply_breaks_the_reader(reply: str) -> None:
    read = read_object(reply)
    assert isinstance(read, (dict, Unparsed))


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.none() | st.text(max_size=60) | st.lists(st.integers())))
def test_every_value_of_a_reply_is_taken_or_counted(found: dict[str, Any]) -> None:
    from collections import Counter

    rejected: Counter[str] = Counter()
    taken = accepted(found, ["a", "b"], 50, rejected)
    assert len(taken) + rejected.total() == len(found)
    assert all(0 < len(value) <= 50 for value in taken.values())


def test_a_narrative_is_cut_at_four_hundred_words() -> None:
    assert cut_words("a b\nc", 3) == "a b\nc"
    assert cut_words("word " * 500, 400) == " ".join(["word"] * 400)


# --- merging and mining ---


def test_what_means_the_same_is_merged_and_the_threshold_decides() -> None:
    offered = [f"{SLEEP}.Usual Bed-Time", f"{SLEEP}.Regular bedtime", f"{SLEEP}.Number of pillows"]
    merged = merge_paths(BASE, offered, threshold=0.85)
    assert merged.same == {offered[0]: f"{SLEEP}.Usual bedtime", offered[1]: f"{SLEEP}.Usual bedtime"}
    assert merged.added == (f"{SLEEP}.Number of pillows",)
    assert merged.taxonomy.paths == (*BASE.paths, *merged.added)
    assert merge_paths(BASE, offered).added == (offered[1], offered[2])  # 0.9 by default; these two have 0.86


def test_a_group_that_stands_elsewhere_is_repaired() -> None:
    merged = merge_paths(BASE, ["Demographic Information.Sleep.Number of pillows"])
    assert merged.moved == {"Demographic Information.Sleep.Number of pillows": f"{SLEEP}.Number of pillows"}
    assert merged.added == (f"{SLEEP}.Number of pillows",)


def test_names_of_groups_and_what_lies_below_a_leaf_add_nothing() -> None:
    offered = ["Lifestyle and Daily Routine.Sleep", f"{SLEEP}.Naps.Length of naps on Sundays"]
    merged = merge_paths(BASE, offered)
    assert merged.added == ()
    assert set(merged.same) == set(offered)


def test_offered_twice_is_added_once() -> None:
    assert len(merge_paths(BASE, [f"{SLEEP}.Number of pillows"] * 3).added) == 1


@pytest.mark.parametrize(
    ("names", "path"),
    [
        (("Lifestyle & Daily Routine", "diet", "type of diet"), "Lifestyle and Daily Routine.Diet.Type of diet"),
        (("Education and Learning", "pottery", "Pottery."), "Education and Learning.Pottery"),
        (("Education and Learning", "a <b>", "c"), None),
        (("Education and Learning", "", "c"), None),
    ],
)
def test_paths_out_of_names(names: tuple[str, str, str], path: str | None) -> None:
    assert path_of(*names) == path


def test_thresholds_that_are_none_are_refused() -> None:
    with pytest.raises(UsageError, match="above 0 and is at most 1"):
        merge_paths(BASE, [], threshold=0)


async def test_mining_labels_takes_paths_checks_them_and_merges() -> None:
    texts = {"a": "How do I sort a list?", "b": "I sleep on three pillows.", "c": "garbled"}

    def reply(messages: Sequence[Message], sampling: Sampling) -> str:
        said = messages[-1]["content"]
        if "Personal:" in said:
            return "Personal: none" if "sort" in said else "Personal: fully" if "pillows" in said else "hm"
        if "PATH(" in said:
            category = "Lifestyle and Daily Routine"
            return "\n".join(
                f'PATH({category}, topic: "{t}", attribute: "{a}")'
                for t, a in (
                    ("Sleep", "Number of pillows"),
                    ("Sleep", "Three pillows of Ann"),
                    ("<b>", "x"),
                    ("Sleep", "naps"),
                )
            )
        good = "no" if "Ann" in said else "yes"
        return f'{{"personal": "yes", "coherent": "yes", "right_level": "{good}"}}'

    mined = await mine_taxonomy(texts, ScriptedModel(reply), BASE)
    assert mined.labels == {"a": "none", "b": "fully"}
    assert mined.merged.added == (f"{SLEEP}.Number of pillows",)
    assert mined.merged.same == {f"{SLEEP}.Naps": f"{SLEEP}.Naps"}
    assert mined.rejected == {"not right level": 1, "no path": 1}
    assert [(failure.kind, failure.where) for failure in mined.failures] == [("unparsed", "c")]


# --- judges ---


async def test_a_judge_counts_distinct_attributes_and_rates() -> None:
    facts = 'FACT(attribute: "Job", answer: "baker")\nFACT(attribute: "job", answer: "cook")\nFACT(attribute: "pet", answer: "cat")'
    judge = ScriptedModel({"FACT(": facts, "Uniqueness": "Uniqueness: 4 Actionability: 5"})
    found = await judge_text("p", "I bake.", judge)
    assert (found.recovered, found.uniqueness, found.actionability) == (2, 4, 5)
    assert "Job: baker" in judge.calls[1].messages[-1]["content"]


async def test_accounts_that_are_missing_or_judged_unreadably_are_counted_and_are_no_zero() -> None:
    result = await evaluate_intrinsic(
        [replace(EXAMPLE, summary=""), EXAMPLE], ScriptedModel({"FACT(": "?", "Uniqueness": "?"})
    )
    assert [(text.recovered, text.uniqueness) for text in result.texts] == [(None, None), (None, None)]
    assert [failure.kind for failure in result.failures] == ["missing", "unparsed", "unparsed"]
    assert result.estimates()["Uniqueness"].value is None


async def test_ten_metrics_judge_each_answer() -> None:
    assert len(qa_rubrics()) == 10
    assert len(set(qa_questions())) == 5
    judge = ScriptedModel(lambda m, s: "Feedback: fine [RESULT] 4")
    result = await evaluate_qa([EXAMPLE], ScriptedModel(["Nap."] * 5), judge)
    assert len(judge.calls) == 50
    assert {name: estimate.value for name, estimate in result.estimates().items()} == dict.fromkeys(qa_rubrics(), 4.0)


async def test_an_answer_that_failed_is_not_graded() -> None:
    result = await evaluate_qa([EXAMPLE], ScriptedModel(["", ""]), ScriptedModel([]), questions=["What now?"])
    assert [failure.kind for failure in result.failures] == ["empty"]
    assert result.answers[0].grades == {}
    assert result.estimates()["depth"].value is None


# --- files and records ---


def test_a_run_file_goes_out_and_comes_back(tmp_path: Path) -> None:
    path = save_run([EXAMPLE], tmp_path / "run.json", total=2, generated_at="2025-01-01T00:00:00")
    data = json.loads(path.read_text(encoding="utf-8"))
    assert data["metadata"] == {"profiles_completed": 1, "total_profiles": 2, "status": "in_progress"}
    assert data["Profile_1"] == {
        "Generated At": "2025-01-01T00:00:00",
        "Profile Index": 1,
        "Lifestyle and Daily Routine": {"Sleep": {"Naps": "after lunch"}},
        "Summary": "I nap after lunch.",
    }
    assert load_run(path) == [(1, dict(EXAMPLE.values), EXAMPLE.summary)]


def test_files_that_are_no_run_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        load_run(tmp_path / "none.json")
    path = tmp_path / "odd.json"
    path.write_text('{"metadata": {}, "Profile_1": {"Profile Index": "one"}}', encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"Profile_1\.Profile Index"):
        load_run(path)


def test_a_profile_survives_its_row_and_becomes_a_persona() -> None:
    full = replace(
        EXAMPLE,
        values={**EXAMPLE.values, "Demographic Information.Ancestry.Mixed heritage": "none known"},
        missing=(f"{SLEEP}.Usual bedtime",),
        rejected={"too long": 2},
        failures=(Failure("missing", "1 of 2", "p-1"),),
    )
    assert Profile.from_row(json.loads(json.dumps(full.as_row()))) == full
    persona = full.persona(TREE)
    assert persona.value(f"{SLEEP}.Naps") == "after lunch"
    heritage = persona.facet("Demographic Information.Ancestry.Mixed heritage")
    assert heritage is not None
    assert heritage.visibility == "private"
    assert persona.value("social.age") == full.anchors.age
    assert persona.flags.real_person is False
    assert "I nap after lunch." in persona.view("system").text


# --- the command ---


async def _make(run: Run, model: Any, count: int = 2, **options: str) -> Made:
    asked = run.model(model)
    return await MAKER(MakeRequest(count, asked, run, asked, seed=3, options=options))


async def test_the_maker_makes_personas_with_fixed_anchors_and_judges_them(tmp_path: Path) -> None:
    with Run.open(tmp_path / "run", {}, seed=3) as run:
        made = await _make(run, open_model("simulated:seed=2"), attributes="40", age="44", city="Ghent", evaluate="all")
    people = list(made.personas)
    assert [(p.value("social.age"), p.value("social.city")) for p in people] == [(44, "Ghent")] * 2
    assert {"Attributes of a person", "Uniqueness", "Answers: depth"} <= set(made.estimates)
    assert made.sections[0]["title"] == "Deep personas"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"attributes": "many"}, "attributes must be a whole number from 1 to 1,000,000, found 'many'"),
        ({"mix": "4:4:2"}, "mix must be one of paper, code"),
        ({"evaluate": "yes"}, "evaluate must be one of none, intrinsic, qa, all"),
        ({"hair": "red"}, "deeppersona has no option 'hair'"),
    ],
)
async def test_wrong_options_are_refused(options: dict[str, str], said: str, tmp_path: Path) -> None:
    with Run.open(tmp_path / "run", {}) as run, pytest.raises(UsageError, match=said):
        await _make(run, ScriptedModel([]), 1, **options)


async def test_a_run_goes_on_without_asking_again(tmp_path: Path) -> None:
    class Counting:
        name = "simulated:seed=2"

        def __init__(self) -> None:
            self.inner, self.calls = open_model(self.name), 0

        async def generate(self, messages: Any, sampling: Sampling = PLAIN) -> Any:
            self.calls += 1
            return await self.inner.generate(messages, sampling)

    config = DeepPersonaConfig(attributes=40, least=2, seed=3)
    made, asked = [], []
    for _ in range(2):
        with Run.open(tmp_path / "run", {}, seed=3) as run:
            model = Counting()
            made.append(await make_profiles(2, run.model(model), config, taxonomy=SMALL, run=run))
            asked.append(model.calls)
    assert asked[0] > 20
    assert asked[1] == 0
    assert list(made[0].rows()) == list(made[1].rows())


async def test_a_dry_run_counts_every_call_once() -> None:
    run = Run.dry({})
    config = DeepPersonaConfig(attributes=60, least=3, fixed={"age": 40})
    await make_profiles(2, run.model(ScriptedModel([])), config, taxonomy=SMALL, run=run)
    calls = {step.removeprefix("deeppersona."): plan.calls for (step, _), plan in run.plan.steps.items()}
    assert calls == {"narrative": 2, "values": 2, "attitude": 2, "stories": 2, "interests": 2, "career": 2, "fill": 24}


async def test_a_person_without_any_attribute_is_lost_and_counted() -> None:
    result = await make_profiles(
        1, ScriptedModel(lambda m, s: ""), DeepPersonaConfig(attributes=12, least=1), taxonomy=SMALL
    )
    assert result.profiles == ()
    assert [(failure.kind, failure.where) for failure in result.lost] == [("empty", "deeppersona-0001")]
    assert next(result.rows())["failures"] == {"empty": 1}
