"""Synthetic-Persona-Chat: every statement of the page's "Works when", with its literals."""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from personarium.core import Message, Sampling
from personarium.core.results import Failure
from personarium.judges.committee import Choice, Committee, Member, RandomChoice
from personarium.judges.entailment import ENTAILED, NEUTRAL, Triple
from personarium.judges.verdicts import Preference
from personarium.make.synthetic_persona_chat import (
    Conversation,
    Negator,
    Pair,
    Profile,
    ProfileBuilder,
    SpcConfig,
    Turn,
    check_faithfulness,
    corpus_totals,
    expert_committee,
    iterate,
    pair_profiles,
    profile_similarity,
    read_release,
    write_release,
)
from personarium.make.synthetic_persona_chat.generation import ModelCritics, Slot, criticise
from personarium.make.synthetic_persona_chat.profiles import inconsistent_subset
from personarium.make.synthetic_persona_chat.steps import POLICIES
from personarium.models import ScriptedModel
from personarium.text.blocks import blocks
from personarium.text.clusters import cluster_counts
from personarium.text.embed import StaticEmbedder, Vectors

SHIPPED = Path(__file__).parents[3] / "shared/data/synthetic-persona-chat/Synthetic-Persona-Chat_test.csv"


@pytest.fixture(scope="module")
def shipped() -> list[Conversation]:
    if not SHIPPED.is_file():
        pytest.skip("the released test split is not beside the project (../shared/data/synthetic-persona-chat)")
    return read_release(SHIPPED)


def block_of(messages: Sequence[Message], tag: str) -> str:
    return next(b.text for b in blocks(messages[-1]["content"]) if b.tag == tag)


# --- 1 and 2: the released file ---


def test_w1_shipped_file(shipped: list[Conversation]) -> None:
    assert len(shipped) == 968
    assert [row.number for row in shipped if "empty" in row.flags] == [510]
    turns = Counter(turn.user for row in shipped for turn in row.turns)
    assert (turns[1], turns[2], turns.total()) == (13_488, 13_029, 26_517)
    lengths = [len(row.turns) for row in shipped]
    assert round(statistics.mean(lengths), 2) == 27.39
    assert statistics.median(lengths) == 26
    assert max(lengths) == 65
    spoken = [row for row in shipped if row.turns]
    assert len(spoken) == 965
    assert all(row.turns[0].user == 1 for row in spoken)
    assert sum("not_alternating" not in row.flags for row in spoken) == 947
    assert sum("brackets" in row.flags for row in shipped) == 328
    assert sum("name_placeholder" in row.flags for row in shipped) == 277


def test_w1_stray_lines_are_attached_or_kept_and_flagged(shipped: list[Conversation]) -> None:
    flagged = [row for row in shipped if "stray_lines" in row.flags]
    assert len(flagged) == 22
    assert (flagged[0].number, flagged[-1].number) == (24, 900)
    assert sum(len(row.stray) for row in flagged) == 127
    assert sum(len(row.unattributed) for row in flagged) == 52
    assert shipped[267].turns == () and shipped[267].unattributed[0].startswith("* * User 1: * * Hello there")
    assert shipped[320].turns == ()
    assert shipped[24].turns[5].stray == ("(The next day)",)
    assert shipped[24].dialogue()[5].text.endswith("\n(The next day)")


def test_w1_nothing_is_dropped(shipped: list[Conversation], tmp_path: Path) -> None:
    for row in shipped:
        said = Counter(word for line in row.text.split("\n") for word in line.split())
        assert Counter(row.shown.split()) == said
    # Written again, the file is the same, byte for byte.
    assert write_release(shipped, tmp_path / "again.csv").read_bytes() == SHIPPED.read_bytes()


def test_w2_persona_sentences(shipped: list[Conversation]) -> None:
    profiles = [profile for row in shipped for profile in (row.first, row.second)]
    occurrences = [sentence for profile in profiles for sentence in profile]
    distinct = set(occurrences)
    assert (len(occurrences), len(distinct)) == (8_713, 492)
    assert round(statistics.mean(len(s.split()) for s in occurrences), 2) == 6.25
    assert round(statistics.mean(len(s.split()) for s in distinct), 2) == 6.29
    assert len({row.first for row in shipped}) == 949
    assert len({row.second for row in shipped}) == 948
    assert Counter(map(len, profiles)) == {5: 969, 4: 967}


# --- 3: profiles ---

VEGETARIAN, STEAK = "I am vegetarian.", "I love steak."
OTHERS = ("I have two dogs.", "I live by the sea.", "I play chess.", "My sister is a nurse.")


class OneWay:
    """An entailment estimator that finds one contradiction in one direction: loving steak denies being vegetarian."""

    name = "one-way"

    def __init__(self, premise: str, denied: str) -> None:
        self.premise, self.denied = premise, f"It is false: {denied}"

    async def relevance(self, statements: Sequence[str], query: str) -> list[float | None]:
        return [1.0] * len(statements)

    async def entailment(self, statements: Sequence[str], query: str, response: str) -> list[Triple | None]:
        hits = [response == self.premise and s == self.denied for s in statements]
        return [ENTAILED if hit else NEUTRAL for hit in hits]


def negating() -> Negator:
    def reply(messages: Sequence[Message], sampling: Sampling) -> str:
        return f'{{"negations": ["It is false: {block_of(messages, "statements")}"]}}'

    return Negator(ScriptedModel(reply), count=1)


def builder(sentences: Sequence[str], vectors: Vectors | None = None, nli: OneWay | None = None) -> ProfileBuilder:
    rows = np.eye(len(sentences), dtype=np.float32) if vectors is None else vectors
    return ProfileBuilder(sentences, rows, nli or OneWay("", ""), negating())


@pytest.mark.parametrize(("premise", "denied"), [(STEAK, VEGETARIAN), (VEGETARIAN, STEAK)])
async def test_w3_a_contradiction_in_one_direction_keeps_two_sentences_apart(premise: str, denied: str) -> None:
    made = builder((VEGETARIAN, STEAK, *OTHERS), nli=OneWay(premise, denied))
    built = [await made.build(k) for k in range(40)]
    profiles = [set(one.profile.sentences) for one in built if one.profile is not None]
    assert len(profiles) == 40
    assert all(len(p) == 5 for p in profiles)
    assert not any({VEGETARIAN, STEAK} <= p for p in profiles)
    # either is drawn first, at times, and the other is then the one that is rejected
    assert any(VEGETARIAN in p for p in profiles) and any(STEAK in p for p in profiles)
    assert sum(one.contradicting for one in built) > 0


def angled(cosine: float) -> Vectors:
    """Six rows: the first two at this cosine, the others at right angles to all."""
    rows = np.eye(6, dtype=np.float32)
    rows[1, :2] = cosine, np.sqrt(1 - cosine**2)
    return rows


async def test_w3_a_cosine_of_095_is_redundant_and_090_is_not() -> None:
    sentences = ("I like tea.", "I love tea.", *OTHERS)
    near = [await builder(sentences, angled(0.95)).build(k) for k in range(40)]
    far = [await builder(sentences, angled(0.90)).build(k) for k in range(40)]
    both = [
        sum({"I like tea.", "I love tea."} <= set(b.profile.sentences) for b in some if b.profile is not None)
        for some in (near, far)
    ]
    assert both[0] == 0
    assert both[1] > 0
    assert all(b.profile is not None and len(b.profile.sentences) == 5 for b in (*near, *far))


async def test_w3_candidates_used_up_is_a_failure_that_says_how_many_were_found() -> None:
    built = await builder((VEGETARIAN, STEAK, *OTHERS[:3]), nli=OneWay(STEAK, VEGETARIAN)).build()
    assert built.profile is None
    assert built.failures == (
        Failure("missing", "only 4 of 5 sentences fit together after all candidates were tried", "profile-00000"),
    )


async def test_an_unreadable_comparison_rejects_the_candidate_and_is_counted() -> None:
    made = builder((VEGETARIAN, *OTHERS))
    made.negate = Negator(ScriptedModel(lambda messages, sampling: "I cannot help with that."), count=1)
    built = await made.build()
    assert built.profile is None
    assert Counter(f.kind for f in built.failures) == {"refused": 4, "missing": 1}


async def test_a_profile_can_be_inconsistent_only_as_a_whole() -> None:
    profile = ("I have no car.", "I live an hour from work.", "I never walk.")
    nli = OneWay("I have no car. I live an hour from work.", "I never walk.")
    assert await builder(profile, nli=nli).contradict(profile[0], profile[2]) is False
    assert await inconsistent_subset(profile, nli, negating()) == (profile[:2], "I never walk.")
    assert await inconsistent_subset(profile, OneWay("", ""), negating()) is None


# --- 4: pairing ---


def test_w4_similarity_counts_pairs_of_sentences() -> None:
    a, b = (1, 1, 2, 3, 4), (1, 2, 2, 5, 6)
    assert profile_similarity(a, b) == profile_similarity(b, a) == 4
    assert profile_similarity((1, 2, 3, 4, 5), (1, 2, 6, 7, 8)) == 2
    assert profile_similarity(a, b, common_categories=True) == 2


def profiles_of(*groups: Sequence[int]) -> tuple[list[Profile], dict[str, int]]:
    made = [Profile(f"p{k}", tuple(f"s{k}-{i}" for i in range(len(g)))) for k, g in enumerate(groups)]
    return made, {s: c for profile, g in zip(made, groups, strict=True) for s, c in zip(profile.sentences, g)}


def test_w4_pairs_exceed_two_and_nobody_is_paired_with_himself() -> None:
    people, categories = profiles_of((1, 1, 2, 3, 4), (1, 2, 2, 5, 6))
    (pair,) = pair_profiles(people, categories)
    assert {pair.first.id, pair.second.id} == {"p0", "p1"} and pair.similarity == 4
    people, categories = profiles_of((1, 2, 3, 4, 5), (1, 2, 6, 7, 8))
    assert pair_profiles(people, categories) == []
    people, categories = profiles_of(*[(1, 1, 1, 1, 1)] * 5)
    pairs = pair_profiles(people, categories)
    assert len(pairs) == 10
    assert all(p.first.id != p.second.id for p in pairs)


def test_common_categories_pairs_only_as_published() -> None:
    people, categories = profiles_of((1, 1, 2, 3, 4), (1, 2, 2, 5, 6))
    assert len(pair_profiles(people, categories)) == 1
    assert pair_profiles(people, categories, common_categories=True) == []
    assert "common-categories" in SpcConfig(as_published=True).faults


# --- 5: the committee ---

A, B, C = "alpha", "bravo", "charlie"
PAIR = Pair("pair-00000", Profile("one", ("I am old.",)), Profile("two", ("I am young.",)), 3)
ANY_LENGTH = SpcConfig(iterations=1, turns=(1, 9))


def talk(word: str) -> Conversation:
    return Conversation(("I am old.",), ("I am young.",), (Turn(1, word), Turn(2, "Yes.")))


def expert(order: str) -> ScriptedModel:
    """Prefers candidates in this order of their first letters."""

    def reply(messages: Sequence[Message], sampling: Sampling) -> str:
        first, second = (block_of(messages, f"response_{side}") for side in "ab")
        rank = [order.index(next(w for w in (A, B, C) if w in text)[0].upper()) for text in (first, second)]
        return f"Feedback: as ordered [RESULT] {'A' if rank[0] < rank[1] else 'B'}"

    return ScriptedModel(reply, name=f"expert-{order}")


def committee(*orders: str) -> Committee:
    return expert_committee({name: expert(order) for name, order in zip(POLICIES, orders, strict=False)})


FIVE = ("ABC", "ACB", "BAC", "BCA", "ABC")


class Three:
    """A generator that always writes the same three dialogues."""

    async def candidates(
        self, pair: Pair, examples: Sequence[Conversation], count: int, iteration: int
    ) -> list[Conversation | Failure]:
        return [talk(A), talk(B), talk(C)]


def critics(contradicting: Sequence[str] = (), toxic: Sequence[str] = ()) -> ModelCritics:
    def reply(messages: Sequence[Message], sampling: Sampling) -> str:
        text = messages[-1]["content"]
        if "Toxic:" in text:
            return f"Reason: rude Toxic: {'yes' if any(w in text for w in toxic) else 'no'}"
        return f"Reason: against it Contradicts: {'yes' if any(w in text for w in contradicting) else 'no'}"

    return ModelCritics(ScriptedModel(reply))


async def filled(judges: ModelCritics, chooser: Committee) -> Slot:
    (slot,) = await iterate([PAIR], [], Three(), [judges], chooser, ANY_LENGTH)
    return slot


async def test_w5_the_majority_of_the_experts_decides() -> None:
    slot = await filled(critics(), committee(*FIVE))
    assert slot.winner == talk(A)
    counts = {ballot.pair: Counter(ballot.votes.values()) for ballot in slot.choice.ballots}
    assert counts[0, 1] == {0: 3, 1: 2}
    assert counts[0, 2] == {0: 4, 2: 1}
    assert slot.choice.pairs_won[0] == 2


@pytest.mark.parametrize("against", ["contradicting", "toxic"])
async def test_w5_a_candidate_that_a_critic_rejects_cannot_win(against: str) -> None:
    slot = await filled(critics(**{against: [A]}), committee(*FIVE))
    assert slot.winner == talk(B)
    (ballot,) = slot.choice.ballots
    assert Counter(ballot.votes.values()) == {0: 4, 1: 1}
    assert slot.candidates[0].rejected != ""


async def test_w5_when_all_are_rejected_the_pair_is_unfilled_with_the_reasons() -> None:
    slot = await filled(critics(contradicting=[A, B], toxic=[C]), committee(*FIVE))
    assert slot.winner is None
    assert slot.unfilled == (
        "candidate 1: not 'faithful to user 1'; not 'faithful to user 2'; against it; against it; "
        "candidate 2: not 'faithful to user 1'; not 'faithful to user 2'; against it; against it; "
        "candidate 3: not 'not toxic'; rude"
    )
    assert [f.kind for f in slot.failures] == ["missing"]


async def test_w5_a_cycle_is_won_by_the_earlier_candidate_every_time() -> None:
    for order in permutations((A, B, C)):
        choice = await committee("ABC", "BCA", "CAB").choose(list(order), "Talk.")
        assert choice.pairs_won == (1, 1, 1)
        assert choice.votes == (3, 3, 3)
        assert choice.best == 0


async def test_w5_each_pair_is_shown_in_both_orders_and_whoever_turns_round_abstains() -> None:
    places = ScriptedModel(lambda messages, sampling: "Feedback: the first [RESULT] A")
    choice = await expert_committee({"depth": expert("CBA"), "likable": places}).choose([A, B, C], "Talk.")
    assert len(places.calls) == 6
    shown = [tuple(block_of(call.messages, f"response_{side}") for side in "ab") for call in places.calls]
    assert set(shown) == set(permutations((A, B, C), 2))
    assert choice.abstained == {"likable": 3}
    assert choice.best == 2


async def test_an_unreadable_critic_never_lets_a_candidate_pass() -> None:
    mute = ModelCritics(ScriptedModel(lambda messages, sampling: ""), asks=1)
    candidate = await criticise(talk(A), [mute], (1, 9), "pair")
    assert candidate.rejected == "'faithful to user 1' open; 'faithful to user 2' open; 'not toxic' open"
    assert [f.kind for f in candidate.failures] == ["empty"] * 3


# --- 6: formal faithfulness ---


class Table:
    """An inference model with written probabilities."""

    name = "table"

    def __init__(self, prior: dict[str, float | None], given: dict[str, float | None]) -> None:
        self.prior, self.given = prior, given

    async def probabilities(self, sentences: Sequence[str], said: str | None) -> list[float | None]:
        return [(self.prior if said is None else self.given)[s] for s in sentences]


PRIOR = {"I am old.": 0.4, "I am young.": 0.4}


async def test_w6_a_dialogue_that_adds_nothing_passes() -> None:
    check = await check_faithfulness(talk(A), Table(dict(PRIOR), dict(PRIOR)))
    assert check.faithful is True
    assert check.lowered == ()


async def test_w6_one_lowered_sentence_fails_although_the_mean_rises() -> None:
    given: dict[str, float | None] = {"I am old.": 0.9, "I am young.": 0.3}
    check = await check_faithfulness(talk(A), Table(dict(PRIOR), given))
    assert check.faithful is False
    (change,) = check.lowered
    assert (change.user, change.sentence, change.prior, change.given) == (2, "I am young.", 0.4, 0.3)
    assert check.mean_change is not None and check.mean_change > 0


async def test_w6_a_missing_probability_is_no_pass() -> None:
    check = await check_faithfulness(talk(A), Table(dict(PRIOR), {**PRIOR, "I am old.": None}), "row-1")
    assert check.faithful is None
    assert check.failures == (Failure("missing", "no probability for 'I am old.' of user 1", "row-1"),)


# --- 7: three iterations ---


def worth(text: str) -> float:
    return float(text.split("quality ")[1].split()[0])


def of_quality(value: float) -> Conversation:
    return Conversation(("I am old.",), ("I am young.",), (Turn(1, f"quality {value:.6f} it is"),))


class Noisy:
    """Writes candidates as good as its examples are on average, give or take a normal noise of 0.1."""

    def __init__(self) -> None:
        self.rng = random.Random(7)
        self.shown: list[int] = []

    async def candidates(
        self, pair: Pair, examples: Sequence[Conversation], count: int, iteration: int
    ) -> list[Conversation | Failure]:
        self.shown.append(len(examples))
        mean = statistics.mean(worth(example.shown) for example in examples)
        return [of_quality(mean + self.rng.gauss(0, 0.1)) for _ in range(count)]


class Perfect:
    """Always prefers the better one."""

    name = "perfect"

    async def compare(
        self, criterion: object, instruction: str, a: str, b: str, *_: object, **__: object
    ) -> Preference:
        return Preference("A" if worth(a) > worth(b) else "B", consistent=True)


async def means_of_winners(chooser: Committee | RandomChoice) -> list[float]:
    pairs = [Pair(f"pair-{k:05d}", PAIR.first, PAIR.second, 3) for k in range(100)]
    generator = Noisy()
    slots = await iterate(pairs, [of_quality(0.5)] * 100, generator, [], chooser, SpcConfig(candidates=8, turns=(1, 1)))
    assert set(generator.shown) == {5}
    won: dict[int, list[float]] = {0: [], 1: [], 2: []}
    for slot in slots:
        assert slot.winner is not None
        won[slot.iteration].append(worth(slot.winner.shown))
    return [statistics.mean(values) for values in won.values()]


async def test_w7_winners_as_examples_raise_the_quality_of_three_iterations() -> None:
    perfect = Committee((Member("perfect", Perfect(), "which is better?"),))
    assert await means_of_winners(perfect) == pytest.approx([0.64, 0.71, 0.76], abs=0.03)


async def test_w7_with_a_random_choice_the_quality_stays() -> None:
    assert await means_of_winners(RandomChoice(3)) == pytest.approx([0.50, 0.50, 0.50], abs=0.04)


async def test_a_random_choice_among_nothing_is_nothing() -> None:
    assert await RandomChoice().choose([], "Talk.") == Choice(None)


# --- traps of the page: what was published is reproduced, the default is right ---


def odd(*turns: Turn) -> Conversation:
    return Conversation(("I am old.",), ("I am young.",), turns)


async def reason(candidate: Conversation, *faults: str) -> str:
    return (await criticise(candidate, [], (2, 3), "pair", faults)).rejected


async def test_placeholders_and_stage_directions_are_kept_only_as_published() -> None:
    named = odd(Turn(1, "Hi, I'm [User 1's name]."), Turn(2, "Hello."))
    staged = odd(Turn(1, "Hi.", ("(The next day)",)), Turn(2, "Hello."))
    assert await reason(named) == "it has a span in square brackets: [User 1's name]"
    assert await reason(staged) == "it has a line that nobody says: (The next day)"
    assert await reason(named, "placeholders-kept") == await reason(staged, "placeholders-kept") == ""


async def test_a_dialogue_of_another_length_than_asked_for_is_kept_only_as_published() -> None:
    long = odd(*[Turn(k % 2 + 1, f"turn {k}") for k in range(27)])
    assert await reason(long) == "it has 27 turns and not 2 to 3"
    assert await reason(long, "length-not-kept") == ""


def test_a_threshold_of_one_tenth_fits_neither_reading(shipped: list[Conversation]) -> None:
    sentences = sorted({s for row in shipped for s in (*row.first, *row.second)})
    vectors = StaticEmbedder().embed(sentences)
    assert cluster_counts(vectors, 0.1) == {"similarity": 1, "distance": 468}
    assert cluster_counts(vectors, SpcConfig().threshold)["similarity"] == 77
    assert SpcConfig().merging == 0.4
    assert SpcConfig(as_published={"threshold-one-tenth"}).merging == 0.1


def test_the_corpus_is_larger_than_the_abstract_says() -> None:
    assert corpus_totals() == {"personas": 10_371, "dialogues": 21_907}
    assert corpus_totals(as_published=True) == {"personas": 5_000, "dialogues": 20_000}
