"""DeepPersona: every statement of the page's "Works when", with its literals; the published faults; ten people as cards."""

from __future__ import annotations

import io
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from personarium.core import Message, Sampling
from personarium.core.errors import UsageError
from personarium.core.persona import Persona
from personarium.make.deeppersona import (
    CATEGORIES,
    CODE_MIX,
    ERRATA,
    PAPER_MIX,
    Anchors,
    DeepPersonaConfig,
    PersonasResult,
    Taxonomy,
    account_of,
    age_group,
    category_quotas,
    choose_in_bands,
    collect_answers,
    compare_values,
    draw_anchors,
    load_taxonomy,
    make_profile,
    make_profiles,
    mean_distances,
    select_attributes,
    value_questions,
    violations,
)
from personarium.make.deeppersona.anchors import Inferring, occupations, places
from personarium.make.deeppersona.filling import BATCH, PUBLISHED_SECTIONS
from personarium.make.deeppersona.selection import cut_to, ranked_paths
from personarium.make.deeppersona.survey import ERRATA as SURVEY_ERRATA
from personarium.make.deeppersona.survey import number_in
from personarium.models import ScriptedModel, open_model
from personarium.play.survey.questions import HumanColumn, Question
from personarium.runs import run_sync
from personarium.stats.two_samples import numeric_distances
from personarium.text.blocks import blocks
from personarium.text.embed import load_embedder
from personarium.text.form import Form
from personarium.text.holes import Hole

Messages = Sequence[Message]
TREE = load_taxonomy()
EMBEDDER = load_embedder()
SMALL = TREE.only(path for paths in TREE.by_category.values() for path in paths[::20])
QUICK = DeepPersonaConfig(attributes=60, least=3, seed=7)
FILLING = "Now comes the section"


def filler(messages: Messages, sampling: Sampling) -> str:
    """Fills any form of the system, and tells a story of 200 words where there is none."""
    form = Form.find(messages)
    return " ".join(["I am here."] * 66) if form is None else form.fill(form.compose(_value))


def _value(hole: Hole, k: int) -> Any:
    if hole.kind == "yesno":
        return True
    if hole.kind == "number":
        return int(hole.lo or 0)
    return hole.choices[0] if hole.choices else f"so {hole.name.rpartition('.')[2]} {k}"[:50]


def asked_paths(messages: Messages) -> list[str]:
    form = Form.find(messages)
    assert form is not None
    return [hole.name for hole in form.holes]


def shown_person(messages: Messages) -> str:
    return next(b.text for m in messages for b in blocks(m["content"]) if b.tag == "persona")


def fill_calls(model: ScriptedModel) -> list[Messages]:
    return [call.messages for call in model.calls if call.label.step == "deeppersona.fill"]


def distances(x: Sequence[float], y: Sequence[float], **options: Any) -> list[float]:
    found = numeric_distances(x, y, draws=0, **options)
    return [round(float(found[name].value or 0), 4) for name in ("ks", "wasserstein", "js_binned", "mean_difference")]


# --- 1: distances ---


def test_w1_distances_of_two_samples() -> None:
    assert distances([1, 1, 2, 2], [2, 2, 3, 3]) == [0.5, 1.0, 0.5887, 1.0]
    assert round(0.5887**2, 4) == pytest.approx(0.3466, abs=2e-4)
    assert distances([1, 1], [2, 2])[2] == 0.8326


def test_w1_unequal_sizes_whole_by_default_and_row_aligned_only_as_published() -> None:
    assert distances([1, 1, 1, 2], [1, 2, 3]) == [0.4167, 0.75, 0.3995, 0.75]
    assert distances([1, 1, 1, 2], [1, 2, 3], row_aligned=True) == [0.6667, 1.0, 0.5641, 1.0]


# --- 2: strata and quotas ---


@pytest.mark.parametrize("seed", range(25))
def test_w2_bands_of_90_ranked_paths(seed: int) -> None:
    ranked = [f"a.{k}" for k in range(90)]
    ranks = [int(path[2:]) for path in choose_in_bands(ranked, 30, random.Random(seed), CODE_MIX)]
    assert ranks[:12] == list(range(12))
    assert len(set(ranks)) == 30
    assert [sum(lo <= rank < hi for rank in ranks) for lo, hi in ((0, 30), (30, 60), (60, 90))] == [12, 12, 6]
    ranks = [int(path[2:]) for path in choose_in_bands(ranked, 30, random.Random(seed), PAPER_MIX)]
    assert ranks[:15] == list(range(15))
    assert [sum(lo <= rank < hi for rank in ranks) for lo, hi in ((0, 30), (30, 60), (60, 90))] == [15, 9, 6]


@pytest.mark.parametrize("seed", range(25))
def test_w2_eleven_paths_with_a_quota_of_ten(seed: int) -> None:
    ranked = [f"a.{k}" for k in range(11)]
    ranks = [int(path[2:]) for path in choose_in_bands(ranked, 10, random.Random(seed), CODE_MIX)]
    assert ranks[:3] == [0, 1, 2]
    assert sorted(ranks[3:7]) == [3, 4, 5, 6]
    assert all(7 <= rank <= 10 for rank in ranks[7:9])
    assert len(set(ranks)) == 10
    assert ranks[9] in {7, 8, 9, 10} - set(ranks[7:9])


def test_w2_a_quota_that_covers_all_takes_every_path() -> None:
    ranked = [f"a.{k}" for k in range(7)]
    assert choose_in_bands(ranked, 10, random.Random(1)) == ranked
    assert choose_in_bands(ranked, 7, random.Random(1)) == ranked


def test_w2_category_quotas_and_the_cut_to_the_target() -> None:
    leaves = {"a": 600, "b": 300, "c": 100, "d": 5}
    assert category_quotas(leaves, 300) == {"a": 179, "b": 89, "c": 29, "d": 10}
    paths = {name: [f"{name}.{k}" for k in range(count)] for name, count in leaves.items()}
    taken = [
        p for name in paths for p in choose_in_bands(paths[name], category_quotas(leaves, 300)[name], random.Random(2))
    ]
    assert Counter(path[0] for path in taken) == {"a": 179, "b": 89, "c": 29, "d": 5}
    assert len(taken) == 302
    assert len(set(cut_to(taken, 300, random.Random(2)))) == 300
    chosen = select_attributes(paths, "age: 30", 300, EMBEDDER, random.Random(2))
    assert sum(map(len, chosen.values())) == 300


# --- 3: determinism and fixed anchors ---


async def test_w3_one_seed_gives_one_profile_apart_from_its_time() -> None:
    first, second = [await make_profile(1, ScriptedModel(filler), QUICK, SMALL, EMBEDDER) for _ in range(2)]
    assert json.dumps(first.to_published("noon")) == json.dumps(second.to_published("noon"))
    early, late = first.to_published("noon"), first.to_published("midnight")
    assert early["Generated At"] != late["Generated At"]
    assert {**early, "Generated At": ""} == {**late, "Generated At": ""}
    assert list(early)[:2] == ["Generated At", "Profile Index"]
    assert list(early)[-1] == "Summary"


async def test_w3_another_seed_changes_demographics_and_attributes() -> None:
    ours = await make_profile(1, ScriptedModel(filler), QUICK, SMALL, EMBEDDER)
    other = await make_profile(1, ScriptedModel(filler), replace(QUICK, seed=8), SMALL, EMBEDDER)
    assert (ours.anchors.age, ours.anchors.city) != (other.anchors.age, other.anchors.city)
    assert list(ours.values) != list(other.values)


async def test_w3_fixed_anchors_are_kept_word_for_word_and_cost_no_call() -> None:
    fixed = {
        "age": 12, "gender": "nonbinary ", "country": "Atlantis", "city": "Poseidonis", "occupation": "page at court",
        "values": "Truth  above all", "attitude": "never say never", "story": "I once\nsailed.", "interests": ["tides", "kites"],
    }  # fmt: skip
    model = ScriptedModel(filler)
    profile = await make_profile(1, model, replace(QUICK, fixed=fixed), SMALL, EMBEDDER)
    anchors = profile.anchors
    assert (anchors.age, anchors.gender, anchors.country, anchors.city) == (12, "nonbinary ", "Atlantis", "Poseidonis")
    assert (anchors.occupation, anchors.values, anchors.attitude) == (
        "page at court",
        "Truth  above all",
        "never say never",
    )
    assert (anchors.stories, anchors.interests) == (("I once\nsailed.",), ("tides", "kites"))
    assert {call.label.step for call in model.calls} == {"deeppersona.fill", "deeppersona.narrative"}


def test_w3_fixing_one_anchor_changes_no_other_draw() -> None:
    free, fixed = draw_anchors(5, 3), draw_anchors(5, 3, {"gender": "female"})
    assert replace(fixed, gender=free.gender, fixed=()) == free


# --- 4: draws ---


def test_w4_ten_thousand_anchor_draws() -> None:
    drawn = [draw_anchors(1, k) for k in range(10_000)]
    ages = [anchors.age for anchors in drawn]
    assert abs(np.mean(ages) - 46) <= 1
    assert (min(ages), max(ages)) == (7, 85)
    assert abs(np.mean([anchors.gender == "female" for anchors in drawn]) - 0.5) <= 0.02
    for name, values in (("tone", ("positive", "negative", "neutral")), ("story_count", (1, 2, 3))):
        counts = Counter(getattr(anchors, name) for anchors in drawn)
        assert set(counts) == set(values)
        assert all(abs(count / 10_000 - 1 / 3) <= 0.02 for count in counts.values())
    assert all(anchors.city in places()[anchors.country] for anchors in drawn)
    assert all((anchors.occupation in occupations()) == (18 <= anchors.age <= 65) for anchors in drawn)


def test_w4_age_groups() -> None:
    groups = [age_group(age) for age in (6, 12, 13, 20, 30, 46, 66)]
    assert groups == ["toddler", "child", "adolescent", "young_adult", "adult", "middle_aged", "senior"]


@pytest.mark.parametrize(("age", "asked"), [(17, 1), (18, 0), (65, 0), (66, 1)])
async def test_w4_the_model_is_asked_for_an_occupation_outside_of_working_age_only(age: int, asked: int) -> None:
    model = ScriptedModel(filler)
    anchors = await Inferring(model, draw_anchors(1, 1, {"age": age}), "p", 0, 2).run()
    steps = Counter(call.label.step.removeprefix("deeppersona.") for call in model.calls)
    assert steps["occupation"] == asked
    assert set(steps) <= {"occupation", "values", "attitude", "stories", "interests"}
    assert anchors.occupation == ("so status 0" if asked else draw_anchors(1, 1, {"age": age}).occupation)


# --- 5: batches that fail ---


def breaking(times: int, section: str = "Education and Learning") -> Callable[[Messages, Sampling], str]:
    """The filler, whose first ``times`` replies for a section break their JSON."""
    broken = 0

    def reply(messages: Messages, sampling: Sampling) -> str:
        nonlocal broken
        if f'{FILLING} "{section}"' in messages[-1]["content"] and broken < times:
            broken += 1
            return '{"Education and Learning.Early'
        return filler(messages, sampling)

    return reply


async def test_w5_a_broken_batch_is_retried() -> None:
    model = ScriptedModel(breaking(1))
    profile = await make_profile(1, model, replace(QUICK, fixed={"age": 40}), SMALL, EMBEDDER)
    assert (profile.missing, profile.failures) == ((), ())
    assert profile.attributes == 57  # quotas are rounded down: 57 of 60
    tried = [call for call in fill_calls(model) if '"Education and Learning"' in call[-1]["content"]]
    assert len(tried) == 2
    assert asked_paths(tried[0]) == asked_paths(tried[1])


async def test_w5_a_batch_that_fails_twice_is_listed_and_all_other_sections_stand() -> None:
    profile = await make_profile(1, ScriptedModel(breaking(2)), replace(QUICK, fixed={"age": 40}), SMALL, EMBEDDER)
    whole = await make_profile(1, ScriptedModel(filler), replace(QUICK, fixed={"age": 40}), SMALL, EMBEDDER)
    lost = [path for path in whole.values if path.startswith("Education and Learning.")]
    assert list(profile.missing) == lost
    assert list(profile.values) == [path for path in whole.values if path not in lost]
    assert profile.attributes == len(profile.values) == 57 - len(lost)
    assert [failure.kind for failure in profile.failures] == ["unparsed"]
    assert profile.summary


async def test_w5_twelve_sections_are_filled_and_six_as_published() -> None:
    config = replace(QUICK, fixed={"age": 40})
    profile = await make_profile(1, ScriptedModel(filler), config, SMALL, EMBEDDER)
    assert {path.partition(".")[0] for path in profile.values} == set(CATEGORIES)
    assert len(profile.sections) == 12
    published = replace(config, as_published={"six-categories"})
    profile = await make_profile(1, ScriptedModel(filler), published, SMALL, EMBEDDER)
    assert {path.partition(".")[0] for path in profile.values} == set(PUBLISHED_SECTIONS)
    assert len(PUBLISHED_SECTIONS) == 6


async def test_erratum_lost_batches_are_lost_in_silence_only_as_published() -> None:
    published = replace(QUICK, fixed={"age": 40}, as_published={"lost-batches"})
    model = ScriptedModel(breaking(1))
    profile = await make_profile(1, model, published, SMALL, EMBEDDER)
    assert (profile.missing, profile.failures) == ((), ())
    assert 0 < profile.attributes < 57
    assert not any(path.startswith("Education and Learning.") for path in profile.values)


# --- 6: surveys ---

SHARES = (0.1, 0.2, 0.3, 0.4)
HAPPY = Question("Q46", "scale", "How happy are you?", lo=1, hi=4, human=HumanColumn("Q46"))


def replies(shares: Sequence[float], people: int, repeats: int, seed: int) -> dict[str, list[str]]:
    drawn = np.random.default_rng(seed).choice([1, 2, 3, 4], size=(people, repeats), p=shares)
    return {str(k): [str(value) for value in row] for k, row in enumerate(drawn)}


def test_w6_subjects_with_the_shares_of_people() -> None:
    ours = collect_answers(replies(SHARES, 20_000, 1, seed=1), HAPPY)
    theirs = collect_answers(replies(SHARES, 20_000, 1, seed=2), HAPPY)
    ks, wasserstein, js, _ = distances(ours.values, theirs.values)
    assert ks < 0.03
    assert wasserstein < 0.05
    assert js < 0.05


def test_w6_uniform_subjects() -> None:
    ours = collect_answers(replies((0.25,) * 4, 20_000, 1, seed=3), HAPPY)
    theirs = collect_answers(replies(SHARES, 20_000, 1, seed=2), HAPPY)
    ks, wasserstein, js, difference = distances(ours.values, theirs.values)
    assert abs(ks - 0.20) <= 0.02
    assert abs(wasserstein - 0.50) <= 0.04
    assert abs(difference - 0.50) <= 0.04
    assert abs(js - 0.167) <= 0.02


def test_w6_raw_answers_are_compared_and_means_of_three_only_as_published() -> None:
    asked = replies((0.25,) * 4, 20_000, 3, seed=4)
    raw, means = collect_answers(asked, HAPPY), collect_answers(asked, HAPPY, {"averaged-answers"})
    assert (len(raw.values), len(means.values)) == (60_000, 20_000)
    assert abs(np.std(raw.values) - 1.12) <= 0.03
    assert abs(np.std(means.values) - 0.65) <= 0.03
    assert all(value == round(value, 2) for value in means.values)


def test_w6_replies_that_are_no_answer_are_invalid_and_any_number_counts_only_as_published() -> None:
    asked = {"a": ["I am happy", "nan", "7", "3"]}
    kept = collect_answers(asked, HAPPY)
    assert (kept.values, kept.invalid) == ((3.0,), 3)
    published = collect_answers(asked, HAPPY, {"any-number"})
    assert published.invalid == 1
    assert [value for value in published.values if value == value] == [7.0, 3.0]
    assert number_in(" 2 ", HAPPY) == 2.0


# --- 7: sight of what is before, and limits ---


async def test_w7_each_batch_sees_the_anchors_and_all_values_before_it_and_none_after() -> None:
    def distinct(messages: Messages, sampling: Sampling) -> str:
        if FILLING not in messages[-1]["content"]:
            return filler(messages, sampling)
        return json.dumps({path: f"V{TREE.paths.index(path)}V" for path in asked_paths(messages)})

    model = ScriptedModel(distinct)
    profile = await make_profile(1, model, DeepPersonaConfig(seed=3, fixed={"age": 40}), TREE, EMBEDDER)
    calls, order = fill_calls(model), list(profile.values)
    assert any(target - 12 < len(order) <= target for target in (250, 300, 350))  # 12 quotas, each rounded down
    assert len(calls) >= 12
    done = 0
    for messages in calls:
        asked, shown = asked_paths(messages), shown_person(messages)
        assert len(asked) <= BATCH == 50
        assert asked == order[done : done + len(asked)]
        assert profile.anchors.core() in shown
        assert re.findall(r"V\d+V", shown) == [profile.values[path] for path in order[:done]]
        done += len(asked)
    assert done == len(order)


async def test_w7_large_sections_are_asked_for_in_batches_of_fifty() -> None:
    paths = [f"Lifestyle and Daily Routine.Habits.Habit {k}" for k in range(120)]
    model = ScriptedModel(filler)
    await make_profile(1, model, replace(QUICK, attributes=120), Taxonomy(tuple(paths)), EMBEDDER)
    assert [len(asked_paths(messages)) for messages in fill_calls(model)] == [50, 50, 20]


async def test_w7_values_that_break_a_rule_are_rejected_and_counted() -> None:
    def spoilt(messages: Messages, sampling: Sampling) -> str:
        if FILLING not in messages[-1]["content"] or sampling.attempt:
            return filler(messages, sampling)
        first, second, third, *rest = asked_paths(messages)
        good = dict.fromkeys([*rest, third], "x" * 50)
        return json.dumps({first: "y" * 51, second: " ", "Lifestyle and Daily Routine.Nobody.Asked": "z", **good})

    paths = tuple(f"Lifestyle and Daily Routine.Habits.Habit {k}" for k in range(10))
    model = ScriptedModel(spoilt)
    profile = await make_profile(1, model, replace(QUICK, attributes=10), Taxonomy(paths), EMBEDDER)
    assert profile.rejected == {"too long": 1, "empty": 1, "not asked for": 1}
    assert [len(asked_paths(messages)) for messages in fill_calls(model)] == [10, 2]  # the rejected ones once more
    assert set(profile.values) == set(paths)
    assert profile.values[paths[2]] == "x" * 50


# --- the other published faults ---


async def test_erratum_mix_of_the_code_only_as_published() -> None:
    paths = tuple(f"Lifestyle and Daily Routine.Habits.Habit number {k}" for k in range(90))
    tree, config = Taxonomy(paths), replace(QUICK, attributes=30, fixed={"age": 40})

    async def near(config: DeepPersonaConfig) -> int:
        profile = await make_profile(1, ScriptedModel(filler), config, tree, EMBEDDER)
        ranked = ranked_paths(paths, profile.anchors.core(), EMBEDDER)
        ranks = [ranked.index(path) for path in profile.values]
        return sum(rank >= 30 and rank < 60 for rank in ranks)

    assert await near(config) == 9
    assert await near(replace(config, as_published={"mix-40-40-20"})) == 12


async def test_erratum_stories_see_a_neutral_attitude_only_as_published() -> None:
    seed = next(seed for seed in range(50) if draw_anchors(seed, 1).tone == "negative")

    async def prompt(config: DeepPersonaConfig) -> str:
        model = ScriptedModel(filler)
        await make_profile(1, model, replace(config, seed=seed), SMALL, EMBEDDER)
        return next(c.messages[-1]["content"] for c in model.calls if c.label.step == "deeppersona.stories")

    assert "fit a negative attitude" in await prompt(QUICK)
    assert "fit a neutral attitude" in await prompt(replace(QUICK, as_published={"attitude-neutral"}))


async def test_erratum_one_selection_for_everybody_only_as_published() -> None:
    async def chosen(config: DeepPersonaConfig) -> list[list[str]]:
        result = await make_profiles(3, ScriptedModel(filler), config, taxonomy=TREE, embedder=EMBEDDER)
        return [list(profile.values) for profile in result.profiles]

    config = replace(QUICK, fixed={"age": 40})
    own = await chosen(config)
    assert own[0] != own[1] != own[2]
    cached = await chosen(replace(config, as_published={"selection-cached"}))
    assert cached[0] == cached[1] == cached[2] == own[0]


def test_erratum_stray_top_keys_stay_apart_only_as_published() -> None:
    tree = {
        "Lifestyle and Daily Routine": {"Sleep": {"Bedtime": {}}},
        "Lifestyle & Daily Routines": {"Meals": {"Lunch": {}}},
        "Core Values, Beliefs and Philosophy": {"Honour": {"Duels": {}}},
    }
    assert set(Taxonomy.from_tree(tree).by_category) == {
        "Lifestyle and Daily Routine",
        "Core Values, Beliefs, and Philosophy",
    }
    assert set(Taxonomy.from_tree(tree, as_published={"nineteen-categories"}).by_category) == set(tree)


def test_erratum_scales_are_recoded_unless_as_published() -> None:
    recoded, published = value_questions(), value_questions({"scales-not-recoded"})
    assert [question.id for question in recoded.questions] == ["Q45", "Q46", "Q57", "Q184", "Q218", "Q254"]
    trust, pride = recoded["Q57"].human, recoded["Q254"].human
    assert trust is not None
    assert dict(trust.recode_answers) == {"1": "1", "2": "1", "3": "2", "4": "2"}
    assert pride is not None
    assert pride.missing == ("5",)
    assert all(question.human == HumanColumn(question.id) for question in published.questions)


def test_unknown_errata_are_refused() -> None:
    with pytest.raises(UsageError, match="no erratum 'nothing'"):
        DeepPersonaConfig(as_published={"nothing"})
    assert len({*ERRATA, *SURVEY_ERRATA, "nineteen-categories"}) == 10


# --- a survey of deep personas against people ---


async def survey_of(people: Sequence[Persona], shares: Sequence[float], questions: Any) -> Any:
    from personarium.play.survey.asking import SurveyConfig, run_survey

    rng = np.random.default_rng(5)

    def reply(messages: Messages, sampling: Sampling) -> str:
        return (
            f"Answer: {rng.choice([1, 2, 3, 4], p=shares)}" if "how happy" in messages[-1]["content"] else "Answer: 1"
        )

    return await run_survey(ScriptedModel(reply), questions, people, config=SurveyConfig(repeats=3))


async def test_personas_are_surveyed_by_their_account_and_compared_whole(tmp_path: Path) -> None:
    from personarium.play.survey.human import load_human

    made = await make_profiles(1, ScriptedModel(filler), replace(QUICK, fixed={"age": 40}), taxonomy=SMALL)
    account = account_of(made.profiles[0])
    assert "I am here." in account.view("system").text
    assert "age" not in account.view("system").text
    questions = value_questions()
    table = tmp_path / "people.csv"
    rows = ["1,1,1,1,1,1"] * 4 + ["1,4,2,1,1,5"] * 36  # the first rows are unlike the rest
    table.write_text("Q45,Q46,Q57,Q184,Q218,Q254\n" + "\n".join(rows) + "\n", encoding="utf-8")
    human = load_human(table, questions)
    result = await survey_of([account], (1.0, 0.0, 0.0, 0.0), questions)
    whole = compare_values(result, human, draws=0)
    aligned = compare_values(result, human, {"row-aligned"}, draws=0)
    assert whole["Q46"]["mean_difference"].value == pytest.approx(2.7)
    assert aligned["Q46"]["mean_difference"].value == 0.0
    assert whole["Q254"]["mean_difference"].value == 0.0  # 5 is no answer
    assert mean_distances(aligned) == {"ks": 0.0, "wasserstein": 0.0, "js_binned": 0.0, "mean_difference": 0.0}


# --- done when: deep personas with the simulated subject, as cards that chat opens ---


def deep_people(count: int) -> PersonasResult:
    model = open_model("simulated:seed=3,words=180")  # by default the subject says 40 words at a time
    config = DeepPersonaConfig(attributes=250, tries=4, seed=4)  # many of its values are longer than 50 characters
    return run_sync(make_profiles(count, model, config, embedder=EMBEDDER))


@pytest.mark.parametrize("count", [2, pytest.param(10, marks=pytest.mark.slow)])
def test_deep_personas_of_the_simulated_subject_open_in_chat(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from personarium.apps.cli.application import application
    from personarium.core.formats import load_persona, save_persona

    result = deep_people(count)
    assert len(result.profiles) == count
    assert result.violations(least=200) == {}
    for persona in result.personas():
        path = save_persona(persona, tmp_path / f"{persona.id}.png")
        assert load_persona(path) == persona
    card = str(tmp_path / "deeppersona-0001.png")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"What do you do in the evening?\n")))
    assert application(["chat", card, "--history", str(tmp_path / "talk.jsonl"), "--json"]) == 0
    talk = json.loads(capsys.readouterr().out)["data"]
    assert (talk["turns"], talk["failures"]) == (2, 0)
    assert talk["last"]


def test_anchor_lines_leave_the_stories_out_of_the_core() -> None:
    anchors = Anchors(30, "female", "Belgium", "Ghent", "baker", stories=("Once.",), events=("2001: moved",))
    assert "Once." not in anchors.core()
    assert anchors.text().endswith("Story 1: Once.\nkey event: 2001: moved")


def test_the_rules_of_a_deep_persona_name_what_breaks_them() -> None:
    from personarium.make.deeppersona.profile import Profile

    minor = Anchors(12, "male", "Chile", "Temuco")
    path = "Lifestyle and Daily Routine.Drinks.Hangover story"
    values: Mapping[str, str] = {path: "x" * 51, "Lifestyle and Daily Routine.No.Such": "y"}
    broken = violations(Profile("p", 1, minor, values, "I am.", ("Education and Learning",)), TREE, 200)
    assert broken == [
        "Lifestyle and Daily Routine.No.Such is no attribute of the taxonomy",
        f"the value of {path} has 51 characters, 1 to 50 are allowed",
        f"{path} is not for a person of 12",
        "the section Education and Learning is empty",
        "2 attributes, at least 200 are wanted",
        "the narrative has 2 words, 150 to 400 are wanted",
    ]
