"""PersonalDialog: every statement of the page's "Works when", with its literals."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core import Persona
from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.make.makers import MakeRequest
from personarium.make.personaldialog import (
    ASSIGNED_TRAITS,
    MAKER,
    Anonymiser,
    Session,
    age_band,
    clean_text,
    corpus_report,
    distinct_n,
    iter_sessions,
    names_one_of,
    planted_corpus,
    rare_tags,
    read_session,
    save_sessions,
    shuffle_traits,
    trait_accuracy,
)
from personarium.make.personaldialog.planted import NEUTRAL, QUESTIONS, VALUES
from personarium.make.personaldialog.statistics import PUBLISHED_TOTALS
from personarium.models import ScriptedModel
from personarium.runs import Run
from personarium.steer.personaldialog import (
    TINY,
    Example,
    ModelConfig,
    TraitVocabulary,
    attention_weights,
    contrastive_logprobs,
    examples_of,
    fuse_traits,
    gate,
    perplexity,
    persona_bias,
    sensitivity_report,
    softmax,
    train_persona_model,
)

ASK = {trait: question for trait, (question, _) in QUESTIONS.items()}


def record(speakers: Sequence[str] = ("a", "b"), **traits: Any) -> dict[str, Any]:
    """A session in which each speaker says one thing."""
    said = [{"speaker": who, "text": f"I am {who}."} for who in speakers]
    return {"session": said, "traits": {who: traits.get(who, {"gender": None}) for who in speakers}}


def session(speakers: Sequence[str], **traits: Any) -> Session:
    return read_session(record(speakers, **traits))


# --- 1: the corpus and its records ---


def test_w1_rates_of_a_corpus() -> None:
    report = corpus_report([session(["a", "b"]), session(["c", "a", "c"]), session(["d", "b", "d", "a"])])
    assert (report.sessions, report.utterances, report.speakers) == (3, 9, 4)
    assert report.per_session == 3.0
    assert report.per_speaker == 2.25


def test_w1_the_published_totals() -> None:
    totals = PUBLISHED_TOTALS
    assert round(totals["utterances"] / totals["sessions"], 3) == 2.700
    assert round(totals["utterances"] / totals["speakers"], 3) == 6.641


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"traits": None}, "traits"),
        ({"traits": {}}, "traits"),
        ({"traits": {"a": {}, "b": {"star_sign": "leo"}}}, r"traits\.b\.star_sign"),
        ({"traits": {"a": {}}}, "traits"),
        ({"traits": {"a": {}, "b": None}}, r"traits\.b"),
        ({"traits": {"a": {}, "b": {"tags": "travel"}}}, r"traits\.b\.tags"),
        ({"traits": {"a": {}, "b": {"gender": ""}}}, r"traits\.b\.gender"),
        ({"session": []}, "session"),
        ({"session": [{"speaker": "a"}]}, r"session\[0\]"),
        ({"session": [{"speaker": "assistant", "text": "x"}]}, r"session\[0\]\.speaker"),
    ],
)
def test_w1_what_is_wrong_is_named(change: dict[str, Any], named: str, tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text(json.dumps(record()) + "\n" + json.dumps({**record(), **change}) + "\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match=rf"corpus\.jsonl:2: field '{named}'"):
        list(iter_sessions(path))


def test_w1_the_speaker_who_is_missing_is_named() -> None:
    with pytest.raises(InvalidInput, match="entry for the speaker 'b'"):
        read_session({**record(), "traits": {"a": {}}})


def test_w1_null_has_an_embedding_of_its_own_and_is_no_value() -> None:
    examples = [Example("q", "r", {"city": c, "job": j}) for c, j in (("here", None), (None, "cook"), ("None", "cook"))]
    numbers = TraitVocabulary(examples)
    null, word = numbers.encode({"city": None, "job": None}), numbers.encode({"city": "None", "job": None})
    assert numbers.names == ("city", "job")
    assert null[0] != word[0]
    assert null[0] != null[1]
    assert numbers.encode({}) == null
    assert (
        len({*null, *numbers.encode({"city": "here", "job": "cook"}), *numbers.encode({"city": "Mars", "job": "x"})})
        == 6
    )
    assert max(numbers.encode({"city": "here", "job": "cook"})) < numbers.size
    report = corpus_report([session("ab", a={"gender": None, "tags": ["x"]}, b={"gender": "female", "tags": []})])
    assert report.traits["gender"] == {"female": 1}
    assert report.unknown["gender"] == 1
    assert report.traits["tags"] == {"x": 1}


def test_w1_traits_that_differ_between_sessions_are_conflicts() -> None:
    report = corpus_report([session("ab", a={"age": "25"}), session("ab", a={"age": "52"})])
    assert report.conflicts == ("a",)
    assert report.traits["age"] == {"25": 1}


def test_records_survive_a_file_and_become_personas(tmp_path: Path) -> None:
    one = session("ab", b={"gender": "female", "age": 27, "location": "Beijing", "tags": ["travel", "music"]})
    path = save_sessions([one], tmp_path / "c.jsonl")
    (read,) = iter_sessions(path)
    assert read.to_dict() == one.to_dict()
    assert (read.responder, read.response) == ("b", "I am b.")
    persona = read.persona("b")
    assert persona.value("social.age") == "27"
    assert persona.value("tastes.interests") == ("travel", "music")
    assert Persona.from_dict(persona.to_dict()) == persona
    with pytest.raises(InvalidInput):
        read.persona("z")
    with pytest.raises(NotFound):
        list(iter_sessions(tmp_path / "none.jsonl"))


def test_the_later_files_have_other_traits() -> None:
    data = record(traits_of := ["a"], a={"constellation": "leo", "weight": "60"})
    assert read_session(data, names=ASSIGNED_TRAITS, lists=()).traits[traits_of[0]]["constellation"] == "leo"
    with pytest.raises(InvalidInput, match="constellation"):
        read_session(data)


# --- 2: fusion ---

V = [(1.0, 0.0), (0.0, 1.0)]


def test_w2_fusion() -> None:
    assert fuse_traits(V, "average")[0].tolist() == [0.5, 0.5]
    assert fuse_traits(V, "concatenation")[0].tolist() == [1, 0, 0, 1]
    vector, weights = fuse_traits(V, "attention", (math.log(3), 0.0))
    assert vector == pytest.approx([0.75, 0.25])
    assert weights == pytest.approx([0.75, 0.25])


@pytest.mark.parametrize("how", ["attention", "average"])
def test_w2_all_null_gives_the_vector_of_null(how: Any) -> None:
    null = (0.3, -0.7)
    assert fuse_traits([null, null], how, (5.0, -2.0))[0] == pytest.approx(null)


def test_w2_scores_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidInput, match="2 traits"):
        fuse_traits(V, "attention", (1.0,))
    with pytest.raises(InvalidInput):
        fuse_traits([], "average")


def test_persona_aware_attention() -> None:
    u, w, m, n = [1.0], [[1.0]], [[1.0]], [[1.0]]
    weights = attention_weights([0.5], [[0.0], [1.0]], [-0.5], (u, w, m, n))
    assert weights == pytest.approx(softmax([math.tanh(0.0), math.tanh(1.0)]))
    assert attention_weights([0.5], [[0.0], [1.0]], [9.0], (u, w, m, [[0.0]])) == pytest.approx(
        softmax([math.tanh(0.5), math.tanh(1.5)])
    )


# --- 3: bias and persona decoding ---


def test_w3_persona_bias() -> None:
    logits = persona_bias((2, 0), (0, 4), 0.75)
    assert logits.tolist() == [1.5, 1.0]
    assert softmax(logits) == pytest.approx([0.6225, 0.3775], abs=5e-5)
    assert persona_bias((2, 0), (0, 4), 1.0).tolist() == [2, 0]
    assert persona_bias((2, 0), (0, 4), 0.0).tolist() == [0, 4]
    assert gate([2.0], [0.0]) == 0.5
    assert gate([1.0], [-800.0]) == 0.0
    with pytest.raises(InvalidInput, match="alpha"):
        persona_bias((2, 0), (0, 4), 1.1)


@pytest.mark.parametrize(("strength", "wanted"), [(0, (0.5, 0.5)), (1, (0.8, 0.2)), (2, (0.9412, 0.0588))])
def test_w3_contrastive_persona_decoding(strength: float, wanted: tuple[float, float]) -> None:
    found = contrastive_logprobs(np.log([0.5, 0.5]), np.log([0.8, 0.2]), strength)
    assert np.exp(found) == pytest.approx(wanted, abs=5e-5)


def test_w3_persona_decoding_with_impossible_tokens() -> None:
    base, persona = [math.log(0.5), math.log(0.5), -math.inf], [math.log(0.4), -math.inf, math.log(0.6)]
    assert np.exp(contrastive_logprobs(base, persona, 2.0)).tolist() == [1.0, 0.0, 0.0]
    assert np.exp(contrastive_logprobs(base, persona, 1.0)) == pytest.approx([0.4, 0.0, 0.6])
    with pytest.raises(InvalidInput, match="with and without"):
        contrastive_logprobs([0.0, -math.inf], [-math.inf, 0.0], 2.0)
    with pytest.raises(InvalidInput, match="at most 0"):
        contrastive_logprobs([1.0, 0.0], [0.0, 0.0])
    with pytest.raises(InvalidInput, match="finite"):
        contrastive_logprobs([0.0], [0.0], math.nan)


@given(
    st.lists(st.tuples(st.floats(-30, 0), st.floats(-30, 0)), min_size=1, max_size=8),
    st.floats(-5, 5),
)
def test_w3_persona_decoding_is_a_distribution(pairs: list[tuple[float, float]], strength: float) -> None:
    base, persona = (np.array(side) - np.log(np.exp(side).sum()) for side in zip(*pairs, strict=True))
    found = contrastive_logprobs(np.minimum(base, 0), np.minimum(persona, 0), strength)
    assert np.exp(found).sum() == pytest.approx(1.0)


# --- 4 and 5: the reference model, known truth ---


def says(model: Any) -> Any:
    return lambda questions, traits: [reply.text for reply in model.reply(questions, traits)]


@pytest.fixture(scope="module")
def corpus() -> tuple[list[Session], list[Session]]:
    """Six sessions for each of 4,000 training and 600 held-out speakers."""
    sessions = planted_corpus(4_600, seed=0)
    return sessions[: 6 * 4_000], sessions[6 * 4_000 :]


@pytest.fixture(scope="module")
def trained(corpus: Any) -> Any:
    pytest.importorskip("torch")
    return train_persona_model(examples_of(corpus[0]), TINY)


@pytest.fixture(scope="module")
def mistrained(corpus: Any) -> Any:
    """The control: traits shuffled among speakers."""
    pytest.importorskip("torch")
    return train_persona_model(examples_of(shuffle_traits(corpus[0])), TINY)


@pytest.fixture(scope="module")
def held_out(corpus: Any) -> list[Any]:
    return [example.traits for example in examples_of(corpus[1])[::6]]


@pytest.fixture(scope="module")
def report(trained: Any, held_out: Any) -> Any:
    return sensitivity_report(says(trained), held_out, ASK, VALUES, list(NEUTRAL))


@pytest.fixture(scope="module")
def control_report(mistrained: Any, held_out: Any) -> Any:
    return sensitivity_report(says(mistrained), held_out, ASK, VALUES, list(NEUTRAL))


def test_w4_the_model_of_the_statement() -> None:
    assert (TINY.hidden, TINY.fusion, TINY.variant, TINY.passes) == (48, "attention", "bias", 8)
    assert (len(VALUES["location"]), len(VALUES["gender"]), len(VALUES["tags"])) == (10, 2, 5)
    assert (len(QUESTIONS), len(NEUTRAL)) == (3, 3)
    paper = ModelConfig()
    assert (paper.embedding, paper.hidden, paper.layers, paper.attention, paper.batch, paper.passes) == (
        100,
        200,
        4,
        16,
        80,
        10,
    )
    assert (paper.clip, paper.vocabulary, paper.teacher_forcing, paper.learning_rate, paper.seed) == (
        1,
        40_000,
        0.5,
        0.5,
        42,
    )


@pytest.mark.slow
def test_w4_held_out_speakers_are_answered_for_truly(report: Any) -> None:
    for trait in report.values():
        assert trait.named.n == 600
        assert trait.named.value >= 0.95


@pytest.mark.slow
def test_w4_the_gate_opens_on_the_city(trained: Any, held_out: Any) -> None:
    """The bias is this model's only way to say a trait; with the persona in the decoder's input too it hangs on the seed."""
    assert not trained.config.persona_in_input
    replies = trained.reply([ASK["location"]] * len(held_out), held_out)
    assert {len(r.alphas) for r in replies} == {5}  # i live in <city> <end>
    city = [r.alphas[3] for r in replies]
    rest = [alpha for r in replies for alpha in (*r.alphas[:3], r.alphas[4])]
    assert np.mean(rest) - np.mean(city) >= 0.3


@pytest.mark.slow
def test_w4_swapping_gender_leaves_the_location_alone(report: Any) -> None:
    changed = report["gender"].others_changed["location"]
    assert changed.n == 600
    assert changed.value <= 0.02


@pytest.mark.slow
def test_w4_shuffled_traits_teach_nothing(control_report: Any) -> None:
    assert control_report["location"].named.value == pytest.approx(0.10, abs=0.10)
    assert control_report["gender"].named.value == pytest.approx(0.5, abs=0.15)


@pytest.mark.slow
def test_w5_sensitivity_of_the_trained_model(report: Any) -> None:
    for trait in report.values():
        assert trait.follows.value >= 0.95
        assert trait.neutral_changed.value <= 0.02
        assert (trait.follows.n, trait.neutral_changed.n) == (600, 1800)
        assert trait.follows.lo < trait.follows.hi
        assert trait.neutral_changed.lo < trait.neutral_changed.hi


@pytest.mark.slow
def test_w5_sensitivity_of_the_shuffled_model(control_report: Any) -> None:
    assert control_report["location"].follows.value <= 0.25


# --- 5: the report itself, on answerers whose truth is known ---

PEOPLE = [example.traits for example in examples_of(planted_corpus(50, seed=3))[::6]]


def honest(questions: Sequence[str], traits: Sequence[Any]) -> list[str]:
    """Answers every trait question truly and the others always alike."""
    of = {question: trait for trait, question in ASK.items()}
    return [f"It is {t[of[q]]}." if q in of else "Fine." for q, t in zip(questions, traits, strict=True)]


def test_w5_an_honest_answerer_follows_and_changes_nothing_else() -> None:
    report = sensitivity_report(honest, PEOPLE, ASK, VALUES, list(NEUTRAL))
    assert list(report) == ["location", "gender", "tags"]
    for trait in report.values():
        assert (trait.named.value, trait.follows.value, trait.neutral_changed.value) == (1.0, 1.0, 0.0)
        assert {e.value for e in trait.others_changed.values()} == {0.0}
        assert trait.follows.lo < 1.0 and trait.neutral_changed.hi > 0.0
        assert trait.as_row()["follows"]["n"] == 50


def test_w5_a_deaf_a_leaky_and_a_reciting_answerer_are_told_apart() -> None:
    def deaf(questions: Sequence[str], traits: Sequence[Any]) -> list[str]:
        return ["I live in avelin." for _ in questions]

    def leaky(questions: Sequence[str], traits: Sequence[Any]) -> list[str]:
        return [f"{said} ({t['gender']})" for said, t in zip(honest(questions, traits), traits, strict=True)]

    def reciting(questions: Sequence[str], traits: Sequence[Any]) -> list[str]:
        return [" ".join(VALUES["location"]) for _ in questions]

    deaf_report = sensitivity_report(deaf, PEOPLE, ASK, VALUES, list(NEUTRAL))["location"]
    assert deaf_report.follows.value < 0.3
    assert deaf_report.neutral_changed.value == 0.0
    leak = sensitivity_report(leaky, PEOPLE, ASK, VALUES, list(NEUTRAL))["gender"]
    assert leak.neutral_changed.value == 1.0
    assert leak.others_changed["location"].value == 1.0
    assert sensitivity_report(reciting, PEOPLE, ASK, VALUES)["location"].follows.value == 0.0


def test_w5_people_whose_trait_is_null_are_counted_as_missing() -> None:
    people = [*PEOPLE, {**PEOPLE[0], "gender": None}]
    report = sensitivity_report(honest, people, ASK, VALUES, list(NEUTRAL))
    assert (report["gender"].follows.n, report["gender"].follows.failures) == (50, {"missing": 1})
    assert report["location"].follows.n == 51


def test_w5_a_trait_of_one_value_cannot_be_changed() -> None:
    with pytest.raises(InvalidInput, match="two values"):
        sensitivity_report(honest, PEOPLE, {"gender": "q"}, {"gender": ["woman"]})
    with pytest.raises(InvalidInput, match="one for each"):
        sensitivity_report(lambda q, t: ["x"], PEOPLE, ASK, VALUES)


# --- the small model in seconds: every variant and fusion runs ---


@pytest.mark.parametrize(
    ("variant", "fusion"),
    [("bias", "attention"), ("bias", "average"), ("bias", "concatenation"), ("attention", "average")],
)
def test_every_variant_learns_a_small_corpus(variant: Any, fusion: Any) -> None:
    pytest.importorskip("torch")
    examples = examples_of(planted_corpus(20, seed=1))
    config = replace(TINY, variant=variant, fusion=fusion, passes=1, hidden=16, embedding=8)
    first = train_persona_model(examples, config)
    later = train_persona_model(examples, replace(config, passes=12))
    assert perplexity(later, examples) < 0.5 * perplexity(first, examples)
    (reply,) = later.reply(["what day is it"], [{"gender": None, "location": "nowhere", "tags": None}])
    assert reply.text
    assert bool(reply.alphas) == (variant == "bias")
    assert bool(reply.weights) == (fusion == "attention")
    assert all(0 <= alpha <= 1 for alpha in reply.alphas)
    assert all(sum(w) == pytest.approx(1, abs=1e-5) for w in reply.weights)


def test_the_same_seed_gives_the_same_model() -> None:
    pytest.importorskip("torch")
    examples = examples_of(planted_corpus(5, seed=1))
    config = replace(TINY, passes=1, hidden=8, embedding=4, teacher_forcing=0.5, persona_in_input=True)
    first, again = (train_persona_model(examples, config) for _ in range(2))
    other = train_persona_model(examples, replace(config, seed=7))
    assert perplexity(first, examples) == perplexity(again, examples) != perplexity(other, examples)


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError):
        ModelConfig(hidden=0)
    with pytest.raises(UsageError):
        ModelConfig(teacher_forcing=2)
    with pytest.raises(InvalidInput, match="same traits"):
        TraitVocabulary([Example("q", "r", {"a": "x"}), Example("q", "r", {"b": "x"})])


# --- 6: the anonymiser ---


def test_w6_contacts_leave_the_text_and_the_rest_stays() -> None:
    clean = clean_text("@li_na see http://a.cn/x or mail li@a.cn, tel 13800001111, age 27, room 12")
    assert clean == "[handle] see [link] or mail [mail], tel [number], age 27, room 12"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("看www.a.cn/x吧，电话138 0000 1111。", "看[link]吧，电话[number]。"),
        ("＠小明 你好", "[handle] 你好"),
        ("+86-138-0000-1111", "[number]"),
        ("123456 and 1234567", "123456 and [number]"),
        ("123@a4567", "123[handle]"),
    ],
)
def test_w6_contacts_of_other_shapes(text: str, clean: str) -> None:
    assert clean_text(text) == clean


@given(st.text(alphabet="a1@.: /-＠_", max_size=60))
def test_w6_nothing_is_left_however_it_is_mixed(text: str) -> None:
    clean = clean_text(text)
    assert not re.search(r"[@＠]\w|\d{7,}|https?://[!-~]", clean)
    assert clean_text(clean) == clean


def test_w6_ages_become_bands_and_places_provinces() -> None:
    assert age_band("27") == "25-34"
    assert [age_band(a) for a in (17, 18, 65, "25-34", "young", -3, 999)] == [
        "under 18", "18-24", "65 and over", "25-34", None, None, None,
    ]  # fmt: skip
    plain, mapped = Anonymiser("x"), Anonymiser("x", provinces={"Hangzhou": "Zhejiang"})
    assert (plain.place("浙江 杭州"), plain.place(" ")) == ("浙江", None)
    assert (mapped.place("Hangzhou"), mapped.place("Atlantis")) == ("Zhejiang", None)
    later = read_session(record(["a"], a={"name": "Ina", "age": "27"}), names=ASSIGNED_TRAITS, lists=())
    assert Anonymiser("x")([later])[0].traits.popitem()[1] == {"name": None, "age": "25-34"}


def test_w6_a_tag_of_one_speaker_disappears_and_of_two_stays() -> None:
    tags = {"a": {"tags": ["travel", "llamas", "llamas"]}, "b": {"tags": ["travel"]}}
    sessions = [session("ab", **tags), session("ab", **tags)]
    assert rare_tags(sessions, 2) == {("tags", "llamas")}
    clean = Anonymiser("salt", k=2)(sessions)
    assert [t["tags"] for t in clean[0].traits.values()] == [("travel",), ("travel",)]
    assert [t["tags"] for t in Anonymiser("salt")(sessions)[0].traits.values()] == [(), ()]


def test_w6_hashes_depend_on_id_and_salt_alone() -> None:
    one, two = Anonymiser("one"), Anonymiser("two")
    assert one.speaker("17") == Anonymiser("one").speaker("17")
    assert len({one.speaker("17"), two.speaker("17"), one.speaker("18")}) == 3
    clean = one([session("ab"), session("ba")])
    assert clean[0].responder == one.speaker("b")
    assert set(clean[1].traits) == {one.speaker("a"), one.speaker("b")}
    assert "one" not in repr(one)
    with pytest.raises(UsageError, match="salt"):
        Anonymiser("")


# --- 7: distinct-n and trait accuracy ---


def test_w7_distinct_n() -> None:
    assert distinct_n(["a b a"], 1) == 2 / 3
    assert distinct_n(["a b a"], 2) == 2 / 2
    assert distinct_n(["a b a", "a b"], 1) == 2 / 5
    assert distinct_n(["a b a", "a b"], 2) == 2 / 3
    assert distinct_n(["a", "b"], 2) is None  # no n-gram goes across texts
    assert distinct_n(["天天"], 1, words=list) == 1 / 2
    with pytest.raises(InvalidInput):
        distinct_n(["a"], 0)


def test_distinct_n_is_per_text_and_per_word_only_as_published() -> None:
    texts = ["a b a", "a b"]
    assert distinct_n(texts, 1, as_published=True) == (2 / 3 + 2 / 2) / 2
    assert distinct_n(texts, 2, as_published={"distinct-per-word"}) == (2 / 3 + 1 / 2) / 2
    assert distinct_n(texts, 1) == 2 / 5
    with pytest.raises(UsageError, match="no erratum"):
        distinct_n(texts, 1, as_published={"all"})


def test_trait_accuracy_counts_what_cannot_be_read_as_wrong() -> None:
    read = names_one_of(["new york", "york", "Bonn"])
    assert read("I live in Bonn!") == "Bonn"
    assert read("New York is home.") is None  # names York as well
    found = trait_accuracy(["in Bonn", "in York", "who knows", "in Bonn"], ["Bonn", "york", "Bonn", None], read)
    assert (found.value, found.n, found.failures) == (2 / 3, 3, {"missing": 1})
    with pytest.raises(InvalidInput):
        trait_accuracy(["x"], [], read)


# --- the maker ---


async def test_maker_makes_a_corpus_of_known_truth() -> None:
    model = ScriptedModel([])
    made = await MAKER(MakeRequest(10, model, Run.dry(), model))
    assert len(made.dialogues) == len(made.rows) == 60
    assert len({d.id for d in made.dialogues}) == 60
    assert {row[0]: row[1] for row in made.sections[0]["rows"]}["utterances a session"] == 2.0
    assert made.dialogues[0].meta["traits"]["asker"]["gender"] is None


async def test_maker_anonymises_a_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_sessions([session("ab", a={"age": "27"}), session("ba")], tmp_path / "c.jsonl")
    model = ScriptedModel([])
    monkeypatch.delenv("PERSONARIUM_SALT", raising=False)
    with pytest.raises(UsageError, match="PERSONARIUM_SALT"):
        await MAKER(MakeRequest(2, model, Run.dry(), model, input=path))
    monkeypatch.setenv("PERSONARIUM_SALT", "a secret")
    made = await MAKER(MakeRequest(1, model, Run.dry(), model, input=path, options={"k": "1"}))
    assert len(made.rows) == 1
    assert made.rows[0]["traits"][Anonymiser("a secret").speaker("a")]["age"] == "25-34"
    with pytest.raises(UsageError, match="k must be"):
        await MAKER(MakeRequest(1, model, Run.dry(), model, input=path, options={"k": "0"}))
