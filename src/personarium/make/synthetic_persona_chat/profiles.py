"""Profiles without contradictions and repetitions, and which of them are paired.

Source: Synthetic-Persona-Chat (arXiv 2312.10007), steps 4 and 5, and the definition of a consistent profile in step 9.
Differs: the paper's NLI model is a T5 trained on TRUE; here any :class:`EntailmentEstimator`. How many negations of a
sentence are made is not stated: 2. A comparison that could not be read rejects the candidate and is counted.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from personarium.core.chat import ChatModel, Sampling
from personarium.core.errors import UsageError
from personarium.core.results import Failure
from personarium.judges.entailment import EntailmentEstimator
from personarium.make.synthetic_persona_chat.steps import NEGATIONS
from personarium.text.embed import Vectors, cosine

ROUNDING = 1e-6  # vectors are 32-bit: a cosine of exactly 0.9 comes out some 1e-8 beside it
QUERY = "Tell me something about yourself."  # what an estimator is told that the sentence answers


@dataclass(frozen=True, slots=True)
class Profile:
    """A user: a name in the run and the persona sentences."""

    id: str
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        """One sentence a line."""
        return "\n".join(self.sentences)


class Negator:
    """Asks a model for negations of a sentence, once for each sentence.

    Args:
        model: Who writes them.
        count: How many.
        seed: The run's seed.
        sampling: How they are drawn.
    """

    def __init__(
        self, model: ChatModel, count: int = 2, seed: int = 0, sampling: Sampling = NEGATIONS.sampling
    ) -> None:
        if count < 1:
            raise UsageError(f"at least one negation of a sentence is needed, found {count}")
        self.model, self.count, self.seed, self.sampling = model, count, seed, sampling
        self._kept: dict[str, tuple[str, ...] | Failure] = {}

    async def __call__(self, sentence: str) -> tuple[str, ...] | Failure:
        """The negations, or why there are none."""
        if sentence not in self._kept:
            inputs = {"sentence": sentence, "count": self.count}
            answer = await NEGATIONS.ask(self.model, inputs, seed=self.seed, sampling=self.sampling)
            failed = answer.failure
            self._kept[sentence] = failed if failed is not None else tuple(map(str, answer["negations"]))
        return self._kept[sentence]


@dataclass(frozen=True, slots=True)
class Built:
    """What came of building one profile.

    Args:
        profile: The profile; None when the candidates were used up before it was full.
        redundant: Candidates that were too like a member.
        contradicting: Candidates that contradict a member.
        failures: Comparisons that could not be made, and last, without a profile, why there is none.
    """

    profile: Profile | None
    redundant: int = 0
    contradicting: int = 0
    failures: tuple[Failure, ...] = ()


@dataclass
class ProfileBuilder:
    """Draws profiles from a set of sentences.

    Args:
        sentences: The candidates.
        vectors: Their embeddings, one row each.
        nli: Says what a sentence does to another.
        negate: Gives the negations of a sentence.
        size: Sentences of a profile.
        max_cosine: A candidate that is more like a member than this is redundant.
        most_drawn: How many candidates are tried for one profile; None tries all of them.
        seed: The run's seed.
    """

    sentences: Sequence[str]
    vectors: Vectors
    nli: EntailmentEstimator
    negate: Negator
    size: int = 5
    max_cosine: float = 0.9
    most_drawn: int | None = None
    seed: int = 0
    _verdicts: dict[tuple[str, str], bool | Failure] = field(default_factory=dict, repr=False)

    async def build(self, number: int = 0) -> Built:
        """Draw candidates in random order until the profile is full.

        Args:
            number: Which profile of the run.
        """
        id = f"profile-{number:05d}"
        order = list(range(len(self.sentences)))
        random.Random(f"spc|{self.seed}|profile|{number}").shuffle(order)
        members: list[int] = []
        failures: list[Failure] = []
        redundant = contradicting = 0
        for candidate in order[: self.most_drawn]:
            if len(members) == self.size:
                break
            if self._redundant(candidate, members):
                redundant += 1
                continue
            found = await self._conflict(candidate, members)
            if isinstance(found, Failure):
                failures.append(found)
            elif found:
                contradicting += 1
            else:
                members.append(candidate)
        if len(members) < self.size:
            reason = f"only {len(members)} of {self.size} sentences fit together after all candidates were tried"
            failures.append(Failure("missing", reason, id))
            return Built(None, redundant, contradicting, tuple(failures))
        profile = Profile(id, tuple(self.sentences[k] for k in members))
        return Built(profile, redundant, contradicting, tuple(failures))

    def _redundant(self, candidate: int, members: Sequence[int]) -> bool:
        if not members:
            return False
        alike = cosine(self.vectors[candidate], self.vectors[list(members)])
        return bool((alike > self.max_cosine + ROUNDING).any())

    async def _conflict(self, candidate: int, members: Sequence[int]) -> bool | Failure:
        for member in members:
            found = await self.contradict(self.sentences[candidate], self.sentences[member])
            if found is not False:
                return found
        return False

    async def contradict(self, a: str, b: str) -> bool | Failure:
        """Whether one of two sentences entails a negation of the other, in either direction."""
        for premise, denied in ((a, b), (b, a)):
            if (premise, denied) not in self._verdicts:
                self._verdicts[premise, denied] = await self._entails_negation(premise, denied)
            found = self._verdicts[premise, denied]
            if found is not False:
                return found
        return False

    async def _entails_negation(self, premise: str, denied: str) -> bool | Failure:
        negations = await self.negate(denied)
        if isinstance(negations, Failure):
            return negations
        return await entails_any(self.nli, premise, negations)


async def entails_any(nli: EntailmentEstimator, premise: str, hypotheses: Sequence[str]) -> bool | Failure:
    """Whether a text entails one of the hypotheses; a Failure when that is open because a reply could not be read."""
    found = await nli.entailment(hypotheses, QUERY, premise)
    if any(triple is not None and triple.label == "entailed" for triple in found):
        return True
    if any(triple is None for triple in found):
        return Failure("missing", "the entailment estimator gave no answer", premise[:80])
    return False


async def inconsistent_subset(
    profile: Sequence[str], nli: EntailmentEstimator, negate: Negator
) -> tuple[tuple[str, ...], str] | Failure | None:
    """A non-empty subset of a profile that entails the negation of another member, the smallest first; None: consistent.

    The builder compares pairs; this is the paper's definition, with 2^(n-1) - 1 questions for each of n members.

    Returns:
        The subset and the member it denies, None, or a Failure when something could not be read.

    Raises:
        UsageError: For more than 10 sentences.
    """
    if len(profile) > 10:
        raise UsageError(f"subsets of at most 10 sentences can be compared, found {len(profile)}")
    for size in range(1, len(profile)):
        for subset in combinations(profile, size):
            for member in (one for one in profile if one not in subset):
                negations = await negate(member)
                found = negations if isinstance(negations, Failure) else await _joint(nli, subset, negations)
                if isinstance(found, Failure):
                    return found
                if found:
                    return subset, member
    return None


async def _joint(nli: EntailmentEstimator, subset: Sequence[str], negations: Sequence[str]) -> bool | Failure:
    return await entails_any(nli, " ".join(subset), negations)


# --- step 5: pairing ---


@dataclass(frozen=True, slots=True)
class Pair:
    """Two users who share interests.

    Args:
        id: Its name in the run.
        first: User 1.
        second: User 2.
        similarity: How many pairs of their sentences are in one category.
    """

    id: str
    first: Profile
    second: Profile
    similarity: int = 0

    @property
    def text(self) -> str:
        """Both profiles as experts are shown them."""
        return f"User 1:\n{self.first.text}\n\nUser 2:\n{self.second.text}"


def profile_similarity(a: Sequence[int], b: Sequence[int], common_categories: bool = False) -> int:
    """How much two profiles have in common.

    Args:
        a: The category of each sentence of the one.
        b: Those of the other.
        common_categories: Count the categories that both have, as one sentence of the paper says, in place of the pairs
            of sentences in one category, as its definition says.
    """
    left, right = Counter(a), Counter(b)
    if common_categories:
        return len(left.keys() & right.keys())
    return sum(times * right[category] for category, times in left.items())


def pair_profiles(
    profiles: Sequence[Profile],
    categories: Mapping[str, int],
    count: int | None = None,
    *,
    above: int = 2,
    seed: int = 0,
    common_categories: bool = False,
) -> list[Pair]:
    """Pairs of different profiles whose similarity exceeds ``above``, in random order.

    Args:
        profiles: Everybody.
        categories: Sentence -> category.
        count: How many pairs; None takes all there are.
        above: The similarity that a pair must exceed.
        seed: Of the order.
        common_categories: See :func:`profile_similarity`.
    """
    rng = random.Random(f"spc|{seed}|pairs")
    places = list(combinations(range(len(profiles)), 2))
    rng.shuffle(places)
    groups = [[categories[s] for s in profile.sentences] for profile in profiles]
    found: list[Pair] = []
    for a, b in places:
        if count is not None and len(found) >= count:
            break
        similarity = profile_similarity(groups[a], groups[b], common_categories)
        if similarity > above:
            first, second = (a, b) if rng.random() < 0.5 else (b, a)
            found.append(Pair(f"pair-{len(found):05d}", profiles[first], profiles[second], similarity))
    return found


def as_fields(built: Built) -> dict[str, Any]:
    """JSON-ready form of a built profile."""
    sentences = [] if built.profile is None else list(built.profile.sentences)
    return {"sentences": sentences, "redundant": built.redundant, "contradicting": built.contradicting}
