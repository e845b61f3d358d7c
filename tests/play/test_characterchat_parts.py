"""CharacterChat's dialogues, part by part: cleaning, crisis, moods, failures, files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core import Message, Sampling
from personarium.core.errors import InvalidInput, RemoteError
from personarium.core.label import current_label
from personarium.models import ScriptedModel
from personarium.play.characterchat import (
    AspectSelector,
    Character,
    CrisisPolicy,
    DialogueConfig,
    Example,
    PairScorer,
    RatedPair,
    SupportDialogue,
    clean,
    clean_gently,
    dialogue_rows,
    match_pairs,
    match_rows,
    play_support_dialogues,
    rank_supporters,
    rating_rows,
    read_dialogues,
    read_labels,
    read_match_rows,
    read_mood,
    read_rating,
    read_selector_rows,
    selector_examples,
    selector_rows,
    self_harm_language,
    write_lines,
)
from personarium.play.characterchat.aspects import aspect_reader
from personarium.play.characterchat.method import Cast
from personarium.play.characterchat.moods import without_brackets
from personarium.play.characterchat.post_processing import LISTENING
from personarium.text.form import Unparsed

TONES = "\n".join(f'When the other says "cue {k}", you say "answer {k}".' for k in range(5))
SAID = ("Some words of comfort for you.", "My boss gave me another night shift!", "What would make it lighter?")
ASPECTS = {
    "hobby": "You carve owls.",
    "living_conditions": "You rent an attic.",
    "recent_worry_or_anxiety": "You fear a letter.",
}
PEOPLE = [
    Character(k, "ISFP", {"name": f"Name{k}", "age": "30"}, f"Seeker {k}.", f"Supporter {k}.", ASPECTS)
    for k in range(3)
]


def actor(
    said: Sequence[str | BaseException] = SAID,
    rating: str = '{"reason": "x", "mood_improved": 4, "problem_solved": 3, "engaged": 5}',
) -> ScriptedModel:
    given: list[int] = []

    def reply(messages: Sequence[Message], sampling: Sampling) -> str | BaseException:
        step = current_label().step.removeprefix("characterchat.")
        fixed = {"tone": TONES, "aspect": "Aspect: living conditions, or else the hobby", "mood": "5", "rate": rating}
        if step in fixed:
            return fixed[step]
        given.append(1)
        return said[(len(given) - 1) % len(said)]

    return ScriptedModel(reply)


async def play(
    model: ScriptedModel, pairs: Sequence[tuple[int, int]] = ((0, 1),), **config: object
) -> list[SupportDialogue]:
    cast = Cast(model, model, model, model)
    return await play_support_dialogues(PEOPLE, list(pairs), cast, config=DialogueConfig(**config))  # type: ignore[arg-type]


# --- cleaning ---


@given(st.text(max_size=200), st.text(max_size=80))
def test_cleaning_gives_an_utterance_whatever_comes(reply: str, partner: str) -> None:
    for cleaned in (clean(reply, partner), clean_gently(reply, partner, ["Ann"])):
        assert cleaned.strip()
        assert "\n" not in cleaned
        assert "{" not in cleaned


@given(st.lists(st.from_regex(r"[a-z]{3,8} [a-z]{3,8} [a-z]{3,8}", fullmatch=True), min_size=1, max_size=6))
def test_gentle_cleaning_keeps_every_sentence_of_three_words(sentences: list[str]) -> None:
    text = " ".join(f"{sentence}." for sentence in sentences)
    assert clean_gently(text) == text[0].upper() + text[1:]


def test_names_go_off_the_front_and_nothing_else_does() -> None:
    assert clean_gently("**Ross Adler:** Oh, go on then.", names=["Ross Adler"]) == "Go on then."
    assert clean_gently("supporter: that is hard.", names=["supporter"]) == "That is hard."
    assert clean_gently("One thing: sleep more often.", names=["Ross"]) == "One thing: sleep more often."
    assert clean_gently("We have HAIR to cut. AI is here now.") == "We have HAIR to cut."
    assert clean_gently("...") == LISTENING


@pytest.mark.parametrize(
    "hostile", ["," * 50_000, "a" * 50_000, ":" * 50_000, "{" * 50_000, "a, " * 20_000, "Oh," * 20_000]
)
def test_hostile_replies_are_cleaned_in_linear_time(hostile: str) -> None:
    assert clean(hostile, hostile)
    assert clean_gently(hostile, hostile)


# --- moods and choices ---


@pytest.mark.parametrize(
    ("answer", "mood"),
    [("4", 4), ("Mood: 0", 0), ("4/5", 4), ("6", None), ("-1", None), ("none", None), ("9" * 5000, None), ("5.", 5)],
)
def test_a_mood_is_the_first_whole_number_from_0_to_5(answer: str, mood: int | None) -> None:
    assert read_mood(answer) == mood


def test_brackets_are_taken_out_before_a_mood_is_read() -> None:
    assert without_brackets("I am well (no, not really) today [sighs].") == "I am well today ."


def test_the_first_offered_name_in_an_answer_is_chosen() -> None:
    read = aspect_reader(["hobby", "family_relationship"])
    assert read("family relationship, not HOBBY") == {"aspect": "hobby"}
    assert read("The Family_Relationship") == {"aspect": "family_relationship"}
    assert read("NONE of these") == {"aspect": "NONE"}
    assert isinstance(read("the weather"), Unparsed)


# --- crisis ---


@pytest.mark.parametrize(
    "text",
    [
        "I just want to die.", "I’m thinking of killing myself", "There is no reason to live", "I am suicidal",
        "They would be better off without me", "I wish I was dead", "I have been cutting myself again",
        "I don't want to be alive\nany more", "self-harm", "you should kill yourself", "I want to end it all",
    ],
)  # fmt: skip
def test_words_of_self_harm_are_found(text: str) -> None:
    assert self_harm_language(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "My job is killing me!", "I cut myself some slack today", "I don't want to live in this town",
        "I nearly died of laughter", "The deadline is at midnight", "I cut myself shaving", "We talked of life and death",
        "I ended my lifelong subscription",
    ],
)  # fmt: skip
def test_other_hard_words_are_not_taken_for_it(text: str) -> None:
    assert self_harm_language(text) is None


async def test_a_supporters_own_words_of_self_harm_are_replaced_by_the_referral() -> None:
    policy = CrisisPolicy(referral="Please call somebody you trust.")
    talk = (await play(actor(["Maybe you should kill yourself."]), crisis=policy))[0]
    assert (talk.ended, len(talk.turns)) == ("crisis", 2)
    assert talk.turns[-1].utterance == "Please call somebody you trust."
    assert talk.turns[-1].raw == "Maybe you should kill yourself."
    assert talk.crisis is not None
    assert talk.crisis.speaker == "supporter"


async def test_another_detector_may_be_asynchronous_and_none_watches_nothing() -> None:
    async def detect(text: str) -> str | None:
        return "shift" if "shift" in text else None

    talk = (await play(actor(), crisis=CrisisPolicy(detect, "Talk to a doctor.")))[0]
    assert talk.crisis is not None
    assert (talk.crisis.turn, talk.crisis.words) == (2, "shift")
    assert talk.turns[-1].utterance == "Talk to a doctor."
    free = (await play(actor(["Sometimes I want to die, I said."]), crisis=None))[0]
    assert free.ended == "mood"


async def test_a_crisis_detector_that_fails_ends_the_dialogue_as_failed() -> None:
    def detect(text: str) -> str | None:
        raise RemoteError("the detector is down")

    talk = (await play(actor(), crisis=CrisisPolicy(detect)))[0]
    assert talk.ended == "failed"
    assert [(f.kind, f.where) for f in talk.failures] == [("error", "0000-0001/crisis")]


# --- failures ---


async def test_an_utterance_that_never_comes_discards_the_dialogue_after_5_tries() -> None:
    broken = actor([RemoteError("the endpoint is down")])
    talk = (await play(broken))[0]
    assert (talk.ended, len(talk.turns)) == ("failed", 1)
    assert [f.kind for f in talk.failures] == ["error"] * 5
    assert len([call for call in broken.calls if call.label.step == "characterchat.turn"]) == 5
    assert len([call for call in broken.calls if call.label.step == "characterchat.aspect"]) == 1


async def test_an_empty_reply_is_asked_for_again_and_counted() -> None:
    talk = (await play(actor(["", SAID[0], SAID[1], SAID[2]])))[0]
    assert talk.ended == "mood"
    assert {f.kind for f in talk.failures} == {"empty"}


async def test_a_rating_that_cannot_be_read_is_a_failure_of_a_finished_dialogue() -> None:
    talk = (await play(actor(rating="A good talk.")))[0]
    assert (talk.ended, talk.label) == ("mood", None)
    assert [f.kind for f in talk.failures] == ["unparsed"]


@pytest.mark.parametrize("pairs", [[(0, 0)], [(0, 1), (0, 1)], [(0, 9)]])
async def test_impossible_pairs_are_refused(pairs: list[tuple[int, int]]) -> None:
    with pytest.raises(InvalidInput, match="pairs"):
        await play(actor(), pairs)


# --- files ---


async def test_the_published_files_are_written_and_read(tmp_path: Path) -> None:
    talks = await play(actor(), [(0, 1), (1, 2)])
    people = {one.index: one for one in PEOPLE}
    read = read_dialogues(write_lines(dialogue_rows(talks, people), tmp_path / "dial_output.json"))
    assert [u.text for u in read[0]] == [turn.utterance for turn in talks[0].turns]
    assert read[0][2].meta == {"aspect": "recent_worry_or_anxiety"}
    assert read[1].meta == {"seeker_index": 1, "supporter_index": 2}
    assert read_labels(write_lines(rating_rows(talks), tmp_path / "eval_dial_output.json")) == [4.0, 4.0]
    pairs = match_pairs(talks, people)
    assert pairs == [RatedPair("Seeker 0.", "Supporter 1.", 4.0), RatedPair("Seeker 1.", "Supporter 2.", 4.0)]
    assert read_match_rows(write_lines(match_rows(pairs), tmp_path / "score.json")) == pairs
    examples = selector_examples(talks, people)
    assert read_selector_rows(write_lines(selector_rows(examples), tmp_path / "select.json")) == examples
    assert sum(e.used for e in examples) == sum(turn.aspect is not None for talk in talks for turn in talk.turns)


def test_a_published_rating_is_an_object_or_its_text_with_any_three_questions() -> None:
    scores = {"Was it good?": 4, "Was it useful?": 3, "Was it lively?": 5, "Rating Reason": "yes"}
    for shown in (scores, json.dumps(scores), f"Here: {scores}"):
        rating = read_rating(shown)
        assert rating is not None
        assert (rating.label, rating.reason) == (4.0, "yes")
    for bad in ("no", {"a": 4, "b": 3}, {"a": 4, "b": 3, "c": 6}, {"a": 4, "b": 3, "c": True}, None):
        assert read_rating(bad) is None


def test_bad_lines_name_file_line_and_field(tmp_path: Path) -> None:
    path = tmp_path / "dial.json"
    path.write_text(
        '{"dial": [{"speaker": "seeker", "utterance": "Hello"}, {"speaker": "narrator", "utterance": "x"}]}\n'
    )
    with pytest.raises(InvalidInput, match=r"dial\.json:1: field 'dial\[1\]\.speaker': expected seeker or supporter"):
        read_dialogues(path)
    path.write_text('\n{"conversations": {"seeker_statement": "a", "supporter_statement": "b", "rating": 9}}\n')
    with pytest.raises(InvalidInput, match=r"dial\.json:2: field 'conversations\.rating'"):
        read_match_rows(path)


# --- the two small models ---


def test_models_are_saved_and_loaded_and_refuse_another_embedder() -> None:
    pairs = [
        RatedPair(f"You like {a}.", f"You like {b}.", 1.0 + (a == b)) for a in ("owls", "tea") for b in ("owls", "tea")
    ]
    scorer = PairScorer.fit(pairs)
    again = PairScorer.from_dict(json.loads(json.dumps(scorer.to_dict())))
    ranked = rank_supporters(again, "You like owls.", ["You like tea.", "You like owls."])
    assert ranked == rank_supporters(scorer, "You like owls.", ["You like tea.", "You like owls."])
    assert [place for place, _ in ranked] == [1, 0]
    selector = AspectSelector.fit([Example("tea", "You like tea.", True), Example("tea", "You like owls.", False)])
    same = AspectSelector.from_dict(json.loads(json.dumps(selector.to_dict())))
    assert same.scores("tea", ASPECTS) == selector.scores("tea", ASPECTS)
    for model, data in ((PairScorer, scorer.to_dict()), (AspectSelector, selector.to_dict())):
        with pytest.raises(InvalidInput, match="a model fitted with"):
            model.from_dict({**data, "embedder": "another"})


def test_a_selector_needs_used_and_unused_aspects() -> None:
    with pytest.raises(InvalidInput, match="used and of unused"):
        AspectSelector.fit([Example("tea", "You like tea.", True)])
