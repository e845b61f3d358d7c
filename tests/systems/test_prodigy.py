"""PRODIGy: the numbered statements of its page, its files, and the small model that shows what its comparison can detect.

The data set states no licence and is not shipped: the figures marked (D) are checked on made-up files with the same counts, and on
the user's own copy where the variable PERSONARIUM_PRODIGY or ../shared/data/prodigy names one.
"""

from __future__ import annotations

import json
import math
import os
import random
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.catalog import read_row
from personarium.core.dialogue import Dialogue
from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.make.makers import MakeRequest
from personarium.make.prodigy import (
    CONFIGURATIONS,
    ERRATA,
    MAKER,
    VIEWS,
    Character,
    CopyingModel,
    Example,
    Partitions,
    ProdigyConfig,
    Profile,
    compare_views,
    draw_biography,
    examples_of,
    known_world,
    load_characters,
    load_dataset,
    load_dialogues,
    load_partitions,
    make_partitions,
    profile_text,
    targets_of,
)
from personarium.make.prodigy.method import CITIES, SHUFFLES
from personarium.make.prodigy.views import style_lines
from personarium.models import ScriptedModel
from personarium.models.likelihood import TokenScore
from personarium.report.schema import section_from_dict
from personarium.runs import Run
from personarium.stats.likelihood import accuracy_at, conditional_perplexity, perplexity_estimate
from personarium.testing.contract import check_system

TYPES = [", ".join(words) for words in product(*(("introvert", "extrovert"), ("sensor", "intuitive"), ("thinker", "feeler"), ("perceiver", "judger")))]  # fmt: skip


def row(sentences: int, paraphrases: tuple[int, int] | None = None, **other: Any) -> dict[str, Any]:
    """A character with so many sentences of three words."""
    first, second = paraphrases or (sentences, sentences)
    return {
        "character_name": "ILKA", "movie_id": "m0", "movie_name": "the glass ferry", "gender": "female", "mbti": TYPES[0],
        "biography": [f"I am {k}." for k in range(sentences)],
        "paraphrasis_1": [f"My number is {k}." for k in range(first)],
        "paraphrasis_2": [f"They call me {k}." for k in range(second)],
        **other,
    }  # fmt: skip


def saved(path: Path, data: object) -> Path:
    path.write_text(json.dumps(data))
    return path


# --- 1: the loader ---

THREE = {"u1": row(5), "u2": row(7, (7, 6)), "u3": row(9)}


def test_w1_three_characters(tmp_path: Path) -> None:
    people = load_characters(saved(tmp_path / "characters.json", THREE))
    mean, sd = people.statistics().sentences
    assert mean == 7
    assert sd == pytest.approx(1.633, abs=5e-4)
    assert people.mismatched == ("u2",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"mbti": "extrovert, sensor, feeler"},
            r"characters\.json: field 'u2\.mbti'.*found 'extrovert, sensor, feeler'",
        ),
        ({"mbti": "sensor, extrovert, feeler, judger"}, r"'u2\.mbti'"),
        ({"gender": "robot"}, r"characters\.json: field 'u2\.gender'.*found 'robot'"),
        ({"biography": []}, r"'u2\.biography'"),
        ({"biography": "I am."}, r"'u2\.biography'"),
        ({"paraphrasis_1": ["a", 3]}, r"'u2\.paraphrasis_1\[1\]'"),
        ({"movie_id": None}, r"'u2\.movie_id'"),
    ],
)
def test_w1_a_broken_character_names_file_key_and_value(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = saved(tmp_path / "characters.json", {**THREE, "u2": row(7, **change)})
    with pytest.raises(InvalidInput, match=message):
        load_characters(path)


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        ((["c1", "c2"], ["c3"], ["c2"]), r"parts\.json: field 'test_dialogues'.*in train_dialogues.*'c2'"),
        ((["c1", "c1"], [], []), r"'train_dialogues'.*'c1'"),
        ((["c1"], [7], []), r"'valid_dialogues'.*7"),
        ((["c1"], None, []), r"'valid_dialogues'"),
    ],
)
def test_w1_a_partition_id_in_two_lists_is_an_error(tmp_path: Path, lists: Sequence[Any], message: str) -> None:
    names = ("train_dialogues", "valid_dialogues", "test_dialogues")
    path = saved(tmp_path / "parts.json", dict(zip(names, lists, strict=True)))
    with pytest.raises(InvalidInput, match=message):
        load_partitions(path)


# Counts of the published file (D): sentences of a biography -> characters, and types in the order of the file's frequency.
LENGTHS = {5: 23, 6: 32, 7: 44, 8: 42, 9: 99, 10: 98, 11: 1}
TYPE_COUNTS = (37, 32, 32, 31, 25, 22, 22, 21, 20, 19, 15, 15, 14, 14, 12, 8)


def published_like() -> dict[str, Any]:
    """339 made-up characters with the published counts."""
    lengths = [n for n, count in LENGTHS.items() for _ in range(count)]
    types = [name for name, count in zip(TYPES, TYPE_COUNTS, strict=True) for _ in range(count)]
    return {
        f"u{k}": row(n, gender="male" if k < 235 else "female", mbti=types[k], movie_id=f"m{k % 217}")
        for k, n in enumerate(lengths)
    }


def test_w1_the_published_counts_on_a_made_up_file(tmp_path: Path) -> None:
    found = load_characters(saved(tmp_path / "characters.json", published_like())).statistics()
    assert (found.characters, found.films, found.genders) == (339, 217, {"male": 235, "female": 104})
    assert (found.sentence_range, round(found.sentences[0], 3), round(found.sentences[1], 3)) == ((5, 11), 8.357, 1.570)
    assert len(found.types) == 16
    assert list(found.types.values())[:: len(found.types) - 1] == [37, 8]


def users_copy() -> Path:
    """The user's own copy of the repository, or a skip that says so."""
    beside = Path(__file__).parents[3] / "shared" / "data" / "prodigy"
    path = Path(os.environ.get("PERSONARIUM_PRODIGY", beside))
    if not path.is_dir():
        pytest.skip("no copy of PRODIGy: set PERSONARIUM_PRODIGY to its folder (no licence, so nothing is shipped)")
    return path


def test_w1_the_users_copy_has_every_published_figure() -> None:
    dataset = load_dataset(users_copy())
    found = dataset.characters.statistics()
    assert (found.characters, found.films, found.genders) == (339, 217, {"male": 235, "female": 104})
    assert found.types["introvert, sensor, thinker, perceiver"] == max(found.types.values()) == 37
    assert found.types["extrovert, sensor, thinker, judger"] == min(found.types.values()) == 8
    assert (len(found.types), found.sentence_range) == (16, (5, 11))
    assert [round(x, 3) for x in found.sentences] == [8.357, 1.570]
    assert [round(x, 2) for x in found.tokens] == [12.73, 5.55]
    assert set(dataset.characters.mismatched) == {"u832", "u859", "u1152", "u4331", "u4359", "u5099", "u7372"}
    assert dataset.characters.left_out == ("u7372 paraphrasis_1[9]",)
    inter, intra = dataset.partitions["inter"], dataset.partitions["intra"]
    assert (inter.sizes, intra.sizes) == ((16_744, 2_053, 2_053), (16_550, 2_229, 2_071))
    assert {*inter.train, *inter.valid, *inter.test} == {*intra.train, *intra.valid, *intra.test}
    assert sum(inter.sizes) == sum(intra.sizes) == 20_850


def test_an_empty_list_in_place_of_a_sentence_is_left_out_and_named(tmp_path: Path) -> None:
    odd = row(2, paraphrasis_1=["Mine is 0.", "Mine is 1.", []])
    people = load_characters(saved(tmp_path / "characters.json", {"u7": odd}))
    assert people.left_out == ("u7 paraphrasis_1[2]",)
    assert people.mismatched == ("u7",)
    assert people["u7"].paraphrases[0] == ("Mine is 0.", "Mine is 1.")


# --- dialogues: a structure that nobody documented ---

TALK = [["u1", "Good morning."], ["u9", "Is it?"], ["u1", "No."]]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ([{"id": "c1", "utterances": TALK}], {"id": "id", "turns": "utterances"}),
        ({"c1": TALK}, {"id": "key", "turns": "utterances"}),
        ([{"id": "c1", "turns": {f"L{k}": turn for k, turn in enumerate(TALK)}}], {"turns": "turns"}),
        (
            [{"id": f"L{k}", "conversation_id": "c1", "speaker": s, "text": t} for k, (s, t) in enumerate(TALK)],
            {"id": "conversation_id", "turns": "one a row"},
        ),
        ({"c1": {"lines": [{"speaker_id": s, "text": t} for s, t in TALK]}}, {"speaker": "speaker_id", "text": "text"}),
        ([{"dialogue_id": "c1", "speakers": ["u1", "u9"], "turns": [t for _, t in TALK]}], {"speakers": "speakers"}),
        (
            [{"conversation_id": "c1", "dialogue": [{"speaker": s, "utterance": t, "mood": 3} for s, t in TALK]}],
            {"id": "conversation_id", "text": "utterance"},
        ),
    ],
)
def test_dialogues_are_read_in_many_shapes_and_told(tmp_path: Path, data: Any, found: Mapping[str, str]) -> None:
    file = load_dialogues(saved(tmp_path / "d.json", data))
    assert [(u.speaker, u.text) for u in file.dialogues["c1"]] == [tuple(turn) for turn in TALK]
    assert {what: names.most_common(1)[0][0] for what, names in file.found.items() if what in found} == found
    assert file.report()[0] == "dialogues: 1"


def test_dialogues_are_read_from_lines(tmp_path: Path) -> None:
    for name, count in (("d.jsonl", 1), ("d.json", 3)):
        path = tmp_path / name
        path.write_text("".join(json.dumps({"id": f"c{k}", "turns": TALK}) + "\n" for k in range(count)))
        assert list(load_dialogues(path).dialogues) == [f"c{k}" for k in range(count)]


def test_what_cannot_be_read_is_left_out_and_counted(tmp_path: Path) -> None:
    rows = [
        {"id": "c1", "turns": TALK}, {"turns": TALK}, {"id": "c2"}, {"id": "c3", "turns": [["u1", 5]]}, 7,
        {"id": "c4", "turns": ["Hm."]}, {"id": "c5", "turns": [["user", "Hm."]]},
    ]  # fmt: skip
    file = load_dialogues(saved(tmp_path / "d.json", rows))
    assert list(file.dialogues) == ["c1"]
    assert len(file.left_out) == 6
    assert file.left_out[0].startswith("dialogue 2: it has no id")


@pytest.mark.parametrize(
    "text", ["[", '[{"id": "c1"} {"id": "c2"}]', '{"c1" 5}', "nothing", "[7]", '[{"id":"a","turns":[["x","y"]]},{"id":"a","turns":[["x","y"]]}]', "[" * 5000]
)  # fmt: skip
def test_a_file_without_dialogues_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "d.json"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=r"d\.json"):
        load_dialogues(path)
    with pytest.raises(NotFound):
        load_dialogues(tmp_path / "none.json")


# --- 2: conditional perplexity ---

LN = math.log


def test_w2_conditional_perplexity() -> None:
    one = [LN(0.5), LN(0.25), LN(0.125)]
    assert conditional_perplexity([one]).pooled == pytest.approx(4.0)
    both = conditional_perplexity([one, [LN(1.0)]])
    assert both.pooled == pytest.approx(2.8284, abs=5e-5)
    assert both.mean == pytest.approx(2.5)
    assert (both.tokens, both.responses) == (4, 2)


def test_w2_a_probability_of_0_is_infinite_and_reported() -> None:
    found = conditional_perplexity([[LN(0.5)], [-math.inf, LN(0.5)]])
    assert (found.pooled, found.mean, found.impossible, found.tokens) == (math.inf, math.inf, 1, 3)
    estimate = perplexity_estimate([[LN(0.5)], [-math.inf]], "response")
    assert (estimate.value, estimate.failures) == (None, {"impossible": 1})


def test_w2_context_and_profile_do_not_count() -> None:
    model = CopyingModel.fit(
        [Example("a", "c1", "u1", "Biography:\nA long one.\n\nDialogue:\nPARTNER: Well?\nSELF:", "yes sir")]
    )
    for prompt in ("SELF:", "Biography:\n" + "word " * 50 + "\n\nDialogue:\nPARTNER: Well?\nSELF:"):
        assert [token.token for token in model.score(prompt, "yes sir")] == ["yes", "sir"]


def test_perplexity_has_an_interval_and_refuses_what_is_no_log_probability() -> None:
    rng = random.Random(3)
    estimate = perplexity_estimate([[LN(rng.uniform(0.1, 0.9))] * 3 for _ in range(50)], "response")
    assert estimate.value is not None
    assert estimate.lo is not None
    assert estimate.hi is not None
    assert estimate.lo < estimate.value < estimate.hi
    assert (estimate.n, estimate.unit) == (50, "response")
    assert conditional_perplexity([[], []]).empty == 2
    for wrong in ([0.3], [math.nan]):
        with pytest.raises(InvalidInput):
            conditional_perplexity([wrong])


# --- 3: accuracy at N ---


def test_w3_accuracy_at_n() -> None:
    ranks = [1, 3, 12, 2]
    assert [accuracy_at(ranks, n) for n in (1, 5, 10, 12)] == [0.25, 0.75, 0.75, 1.0]
    assert accuracy_at([], 1) is None
    with pytest.raises(InvalidInput):
        accuracy_at([0], 1)


# --- 4: splits ---


def of(partitions: Partitions, targets: Mapping[str, Sequence[str]]) -> list[set[str]]:
    """The characters of each part."""
    return [
        {who for id in part for who in targets[id]} for part in (partitions.train, partitions.valid, partitions.test)
    ]


def many(seed: int = 0, characters: int = 60, dialogues: int = 900) -> dict[str, tuple[str, ...]]:
    """Dialogues of one character, one in ten of two neighbouring ones."""
    rng = random.Random(seed)
    found = {}
    for k in range(dialogues):
        who = rng.randrange(characters)
        other = (f"u{who + 1}",) if rng.random() < 0.1 and who % 3 == 0 else ()
        found[f"c{k}"] = (f"u{who}", *other)
    return found


def test_w4_inter_parts_share_no_character() -> None:
    targets = many()
    partitions = make_partitions(targets, "inter", seed=1)
    train, valid, test = of(partitions, targets)
    assert not train & valid and not train & test and not valid & test
    assert all(0.05 < size / 900 < 0.2 for size in partitions.sizes[1:])


def test_w4_intra_test_characters_are_all_trained_on() -> None:
    targets = {**many(), "alone": ("u999",)}
    partitions = make_partitions(targets, "intra", seed=1)
    train, valid, test = of(partitions, targets)
    assert valid | test <= train
    assert "alone" in partitions.train
    assert partitions.sizes[1:] == (90, 90)


def test_w4_a_dialogue_of_two_characters_never_bridges() -> None:
    bridges = {f"c{k}": (f"u{k}", f"u{k + 1}") for k in range(30)}
    partitions = make_partitions(bridges, "inter", seed=0)
    assert sorted(partitions.sizes) == [0, 0, 30]


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=3), st.sets(st.sampled_from("abcdefgh"), min_size=1, max_size=2), max_size=40
    ),
    st.sampled_from(["inter", "intra"]),
    st.integers(0, 5),
)
def test_w4_both_protocols_partition_the_ids(targets: Any, protocol: Any, seed: int) -> None:
    partitions = make_partitions(targets, protocol, shares=(0.2, 0.3), seed=seed)
    assert partitions == make_partitions(targets, protocol, shares=(0.2, 0.3), seed=seed)
    assert sorted((*partitions.train, *partitions.valid, *partitions.test)) == sorted(targets)
    train, valid, test = of(partitions, targets)
    assert valid | test <= train if protocol == "intra" else not train & test | train & valid | valid & test


def test_w4_another_seed_is_another_split() -> None:
    targets = many()
    for protocol in ("inter", "intra"):
        assert make_partitions(targets, protocol, seed=1) != make_partitions(targets, protocol, seed=2)  # type: ignore[arg-type]
    for wrong in ({"shares": (0.6, 0.5)}, {"protocol": "both"}, {"targets": {"c1": ()}}):
        with pytest.raises(UsageError):
            make_partitions(**{"targets": targets, "protocol": "inter", **wrong})


# --- 5: known truth ---


def held_out(targets: Mapping[str, Sequence[str]], first: int) -> Partitions:
    test = [id for id, (who,) in targets.items() if int(who[1:]) >= first]
    return Partitions(tuple(id for id in targets if id not in set(test)), (), tuple(test))


def is_city(token: str) -> bool:
    return token in CITIES


def test_w5_known_truth() -> None:
    dialogues, targets, profiles = known_world(500, seed=1)
    assert len(CITIES) == 20
    config = ProdigyConfig({"none": (), "biography": ("biography",)}, seed=1)
    result = compare_views(dialogues, targets, profiles, held_out(targets, 400), config=config)
    alone, own = (result.cell(name).perplexity(is_city).pooled for name in ("none", "biography"))
    wrong, never_right = (result.cell("biography", shuffle).perplexity(is_city).pooled for shuffle in SHUFFLES[1:])
    assert alone is not None and own is not None and wrong is not None and never_right is not None
    assert alone == pytest.approx(20.5, abs=3)
    assert own < 3
    assert wrong > alone
    assert never_right == pytest.approx(alone, rel=0.2)
    others = [cell.perplexity(lambda t: not is_city(t)).pooled for cell in result.cells if cell.scored is not None]
    assert len(others) == 4
    assert max(x or 0 for x in others) <= 1.1 * min(x or 0 for x in others)


def test_w5_the_report_always_shows_both_shuffles() -> None:
    dialogues, targets, profiles = known_world(20, seed=2)
    result = compare_views(dialogues, targets, profiles, held_out(targets, 15), config=ProdigyConfig(seed=2))
    shown = [(row[0], row[1]) for row in result.section()["rows"]]
    assert shown == [(name, shuffle) for name in CONFIGURATIONS for shuffle in SHUFFLES]
    assert {row["id"] for row in result.rows()} == {f"{name}/{shuffle}" for name, shuffle in shown}


class Even:
    """A model as it is: every token has probability 1/8."""

    name = "even"

    def __init__(self) -> None:
        self.prompts: list[str] = []

    def score(self, prompt: str, response: str) -> list[TokenScore]:
        self.prompts.append(prompt)
        return [TokenScore(word, LN(1 / 8), 4) for word in response.split()]


def test_a_model_that_is_not_trained_here_has_no_third_shuffle() -> None:
    dialogues, targets, profiles = known_world(12, seed=3)
    model = Even()
    config = ProdigyConfig({"none": (), "biography": ("biography",)}, accuracies=(1, 5))
    result = compare_views(dialogues, targets, profiles, held_out(targets, 8), model, config)
    assert [cell.scored is None for cell in result.cells] == [False, True, True, False, False, True]
    (first, *_), tests = result.rows(), 4 * 4
    assert first["perplexity_pooled"] == pytest.approx(8.0)
    assert (first["accuracy_at_1"], first["accuracy_at_5"], first["responses"]) == (0.0, 1.0, tests)
    assert len(model.prompts) == 3 * tests
    with pytest.raises(UsageError, match="no cell"):
        result.cell("style")


def test_a_shuffle_shows_everybody_anothers_profile() -> None:
    dialogues, targets, profiles = known_world(12, seed=3)
    profiles = {who: Profile(who, biography=(f"I am {who} .",)) for who in profiles}
    model = Even()
    compare_views(
        dialogues, targets, profiles, held_out(targets, 0), model, ProdigyConfig({"biography": ("biography",)})
    )
    own, other = model.prompts[:48], model.prompts[48:]
    assert all(f"I am u{k // 4} ." in prompt for k, prompt in enumerate(own))
    assert not any(f"I am u{k // 4} ." in prompt for k, prompt in enumerate(other))
    assert len({prompt.split("\n")[1] for prompt in other}) == 12


def test_a_comparison_that_lacks_something_is_refused() -> None:
    dialogues, targets, profiles = known_world(3, seed=3)
    everything = held_out(targets, 2)
    with pytest.raises(UsageError, match="c99"):
        compare_views(dialogues, targets, profiles, Partitions(everything.train, (), ("c99",)))
    with pytest.raises(UsageError, match="u0 has no profile"):
        compare_views(dialogues, targets, {"u1": profiles["u1"]}, everything)
    with pytest.raises(UsageError, match="two characters"):
        one = {id: who for id, who in targets.items() if who == ("u2",)}
        compare_views(dialogues, one, profiles, Partitions((), (), tuple(one)))
    with pytest.raises(UsageError):
        ProdigyConfig({})


# --- 6: paraphrases ---


def character(sentences: int = 3, paraphrases: tuple[int, int] | None = None, tmp: Path | None = None) -> Character:
    first, second = paraphrases or (sentences, sentences)
    lists = [tuple(f"{mark}{k}" for k in range(n)) for mark, n in (("b", sentences), ("p", first), ("q", second))]
    words = ("introvert", "sensor", "thinker", "judger")
    aligned = len({len(one) for one in lists}) == 1
    return Character("u1", "ILKA", "m0", "the glass ferry", "female", words, lists[0], (lists[1], lists[2]), aligned)


def drawn(who: Character, count: int = 200, **options: Any) -> list[tuple[str, ...]]:
    return [draw_biography(who, random.Random(k), **options) for k in range(count)]


def test_w6_equal_lists_give_each_sentence_once_in_all_three_wordings() -> None:
    biographies = drawn(character(3))
    for one in biographies:
        assert [wording[1:] for wording in one] == ["0", "1", "2"]
    for k in range(3):
        assert {one[k] for one in biographies} == {f"b{k}", f"p{k}", f"q{k}"}
    assert drawn(character(3)) == biographies


def test_w6_lists_of_different_length_are_never_paired() -> None:
    assert set(drawn(character(3, (3, 2)))) == {("b0", "b1", "b2"), ("p0", "p1", "p2"), ("q0", "q1")}
    assert set(drawn(character(2, (0, 2)))) == {("b0", "b1"), ("q0", "q1")}


def test_misaligned_lists_are_paired_by_number_only_as_published() -> None:
    mixed = [one for one in drawn(character(3, (3, 2)), as_published=True) if len({wording[0] for wording in one}) > 1]
    assert mixed
    assert not [one for one in drawn(character(3, (3, 2))) if len({wording[0] for wording in one}) > 1]
    assert drawn(character(3), as_published=ERRATA) == drawn(character(3))


# --- 7: views ---

PROFILE = Profile("u1", "female", "introvert, sensor, thinker, judger", ("I mend clocks.", "I fear geese."), (
    ("c1", "Scored line."), ("c2", "A line of old."), ("c3", "Another line."), ("c3", "scored  LINE."),
))  # fmt: skip
SCORED = Dialogue("c1", [("u9", "Hello there."), ("u1", "Scored line."), ("u9", "And then?"), ("u1", "Nothing.")])
TEXTS = {
    "gender": "female",
    "personality": "introvert, sensor",
    "biography": "I mend clocks. I fear geese.",
    "style": "A line of old.",
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_w7_each_named_view_stands_once_and_no_other(name: str) -> None:
    views = CONFIGURATIONS[name]
    prompt = examples_of(SCORED, "u1", PROFILE, views)[0].prompt
    assert [prompt.count(TEXTS[view]) for view in VIEWS] == [int(view in views) for view in VIEWS]


def test_w7_all_prompts_are_distinct() -> None:
    prompts = [one.prompt for views in CONFIGURATIONS.values() for one in examples_of(SCORED, "u1", PROFILE, views)]
    assert len(set(prompts)) == len(prompts) == 6 * 2


def test_w7_the_style_view_never_shows_the_scored_dialogue() -> None:
    for seed in range(20):
        lines = style_lines(PROFILE, SCORED, 5, random.Random(seed))
        assert sorted(lines) == ["A line of old.", "Another line."]
    assert {style_lines(PROFILE, SCORED, 1, random.Random(seed))[0] for seed in range(20)} == set(lines)


def test_a_prompt_is_profile_history_and_the_speakers_tag() -> None:
    first, second = examples_of(SCORED, "u1", PROFILE, ("gender",))
    assert first.prompt == "Gender:\nfemale\n\nDialogue:\nPARTNER: Hello there.\nSELF:"
    assert second.prompt.endswith("PARTNER: Hello there.\nSELF: Scored line.\nPARTNER: And then?\nSELF:")
    assert (second.response, second.id) == ("Nothing.", "c1/3/u1")
    assert examples_of(SCORED, "u1", PROFILE, (), last_only=True) == [examples_of(SCORED, "u1", PROFILE, ())[1]]
    with pytest.raises(UsageError, match="no view"):
        profile_text(PROFILE, ["hair"], SCORED, random.Random(0))


def test_targets_are_the_annotated_speakers() -> None:
    talks = {"c1": SCORED, "c2": Dialogue("c2", [("u3", "Hm."), ("u1", "Hm.")]), "c3": Dialogue("c3", [("u9", "Hm.")])}
    assert targets_of(talks, {"u1", "u3"}) == {"c1": ("u1",), "c2": ("u3", "u1")}


# --- the small model ---


def test_probabilities_of_all_words_add_up_to_one() -> None:
    texts = ["i live in arvik .", "i live in bellmar .", "you live in arvik ."]
    prompt = "Biography:\nI live in arvik .\n\nDialogue:\nPARTNER: Where ?\nSELF:"
    model = CopyingModel.fit([Example(str(k), "c", "u", prompt, text) for k, text in enumerate(texts)])
    words = ["i", "you", "live", "in", "arvik", "bellmar", ".", "elsewhere"]
    for before in ("", "i ", "i live in "):
        found = [model.score(prompt, before + word)[-1] for word in words]
        assert sum(math.exp(token.log_probability) for token in found) == pytest.approx(1.0)
        assert [1 + sum(o.log_probability > t.log_probability + 1e-9 for o in found) for t in found] == [
            t.rank for t in found
        ]


def test_nothing_to_learn_from_is_refused() -> None:
    with pytest.raises(InvalidInput):
        CopyingModel.fit([])


# --- contract and command ---


async def test_the_contract_holds() -> None:
    toml = Path(__file__).parents[2] / "src/personarium/catalog/prodigy.toml"
    row = read_row(toml.read_text(encoding="utf-8"), "prodigy.toml")
    assert (await check_system(row)).problems == []
    assert {erratum.id for erratum in row.errata} == set(ERRATA)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A made-up copy of the repository: twelve characters, four dialogues each, published partitions for one protocol."""
    folder = tmp_path / "prodigy"
    for name in ("dataset", "experimental_partitions"):
        (folder / name).mkdir(parents=True)
    dialogues, targets, _ = known_world(12, seed=5)
    saved(folder / "dataset" / "characters.json", {f"u{k}": row(3) for k in range(12)})
    rows = [{"id": id, "utterances": [u.to_dict() for u in talk]} for id, talk in dialogues.items()]
    saved(folder / "dataset" / "prodigy_dataset.json", rows)
    saved(folder / "experimental_partitions" / "inter_character_partitions.json", held_out(targets, 9).to_dict())
    return folder


async def made(copy: Path, count: int = 1000, **options: str) -> Any:
    model = ScriptedModel([])
    return await MAKER(MakeRequest(count, model, Run.dry(), model, input=copy, options=options))


async def test_characters_become_personas(copy: Path) -> None:
    people = (await made(copy, 5)).personas
    assert [one.id for one in people] == ["u0", "u1", "u2", "u3", "u4"]
    assert people[0].value("demographic.gender") == "female"
    assert people[0].value("personality.mbti") == TYPES[0]
    assert len(people[0].demonstrations) == 4
    alone = await made(copy / "dataset" / "characters.json", 2)
    assert [len(one.demonstrations) for one in alone.personas] == [0, 0]


async def test_prompts_of_any_views(copy: Path) -> None:
    rows = (await made(copy, output="prompts", views="gender,biography", part="test", paraphrases="yes")).rows
    assert len(rows) == 12
    assert all("Gender:" in one["prompt"] and "Style:" not in one["prompt"] for one in rows)
    assert len({one["prompt"].split("Biography:\n")[1].split("\n")[0] for one in rows}) > 3
    assert len((await made(copy, 7, output="prompts", views="none")).rows) == 7
    assert len((await made(copy, output="prompts", protocol="intra", part="test")).rows) == 5


async def test_the_comparison_of_a_copy(copy: Path) -> None:
    out = await made(copy, output="comparison")
    assert len(out.rows) == 18
    assert out.sections[0]["title"] == "Which view helps: copying"
    assert [section_from_dict(section).kind for section in out.sections] == ["table", "note", "table"]
    assert ["inter split", "36 / 0 / 12"] in out.sections[2]["rows"]
    assert "Perplexity, all, own" in out.estimates


@pytest.mark.parametrize(
    "options",
    [{"output": "songs"}, {"output": "prompts", "views": "hair"}, {"output": "prompts", "part": "rest"}, {"output": "comparison", "likelihood": "gpt"}, {"output": "prompts", "style_lines": "many"}, {"protocol": "x", "output": "prompts"}],
)  # fmt: skip
async def test_wrong_options_are_refused(copy: Path, options: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        await made(copy, **options)


async def test_what_needs_dialogues_says_so(copy: Path, tmp_path: Path) -> None:
    (copy / "dataset" / "prodigy_dataset.json").unlink()
    with pytest.raises(UsageError, match=r"prodigy_dataset\.json"):
        await made(copy, output="prompts")
    with pytest.raises(NotFound, match=r"characters\.json"):
        await made(tmp_path)
