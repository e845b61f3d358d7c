"""Users by plain rules, and tested models by plain rules: both sides' truth is known, and no model is asked.

Source: likebench page, "Works when" 3 and 8 (length); the rules for register, humour and callback are our own and count words,
nothing more. A metric without a rule is NA.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from personarium.benchmarks.likebench.metrics import HIGHEST, LOWEST, metric_names
from personarium.benchmarks.likebench.profiles import Profile
from personarium.benchmarks.likebench.ratings import Given
from personarium.benchmarks.likebench.talk import SESSION_MARK, Moment
from personarium.benchmarks.likebench.users import Rated, SimulatedUser
from personarium.core.chat import Message, Reply, Sampling, Usage
from personarium.core.errors import InvalidInput
from personarium.play.agents import Spoken
from personarium.text.blocks import blocks
from personarium.text.similarity import content_stems, mentions

Rule = Callable[[Moment], int | None]  # a score from 1 to 5, or None: not applicable
WANTED_WORDS: Mapping[str, int] = {"low": 20, "middle": 60, "high": 150}  # as the descriptions of style say
WANTED_REGISTER: Mapping[str, float] = {"low": -1.0, "middle": 0.0, "high": 1.0}

_CASUAL = re.compile(
    r"\b\w+(?:n't|'ll|'re|'ve|'m|'d)\b|\b(?:hey|hi|yeah|yep|nope|gonna|wanna|gotta|kinda|cool|lol|ok|okay|stuff|guys|btw|"
    r"awesome)\b|!",
    re.IGNORECASE,
)
_FORMAL = re.compile(
    r"\b(?:therefore|however|furthermore|moreover|consequently|regarding|concerning|kindly|sincerely|shall|hence|thus|"
    r"accordingly|nevertheless|dear|madam|sir|wish to|would like to)\b",
    re.IGNORECASE,
)
_HUMOUR = re.compile(
    r"\b(?:haha\w*|lol|jok(?:e|es|ing)|kidding|pun|puns|punchline|funny)\b|:-?\)|[😀-😅😂🤣😉]", re.IGNORECASE
)


def _rounded(score: float) -> int:
    return min(HIGHEST, max(LOWEST, round(score)))


def length_rule(wanted: int) -> Rule:
    """5 - |log2(words / wanted)|, rounded and clipped to 1..5; a reply without a word is 1."""

    def rule(moment: Moment) -> int:
        words = len(moment.reply.split())
        return _rounded(HIGHEST - abs(math.log2(words / wanted))) if words else LOWEST

    return rule


def register_of(text: str) -> float:
    """From -1 (casual) to 1 (formal): marks of formal minus marks of casual writing, by their sum; 0 without any."""
    casual, formal = len(_CASUAL.findall(text.replace("’", "'"))), len(_FORMAL.findall(text))
    return (formal - casual) / (formal + casual) if formal + casual else 0.0


def register_rule(wanted: float) -> Rule:
    """5 minus twice the distance between the reply's register and the wanted one (-1 casual, 0 plain, 1 formal)."""
    return lambda moment: _rounded(HIGHEST - 2 * abs(register_of(moment.reply) - wanted))


def humour_rule(level: str) -> Rule:
    """Somebody who wants jokes gives 5 for one and 2 for none; who dislikes them 1 and 5; others 4, and NA for none."""
    scores: Mapping[str, tuple[int, int | None]] = {"high": (5, 2), "middle": (4, None), "low": (1, 5)}
    with_joke, without = scores[level]
    return lambda moment: with_joke if _HUMOUR.search(moment.reply) else without


def callback_rule(moment: Moment) -> int | None:
    """5 if the reply names the topic of an earlier session, else 2; NA in the first."""
    earlier = {prior.topic for prior in moment.priors[:-1]} - {moment.prior.topic}
    if not earlier:
        return None
    return HIGHEST if any(mentions(moment.reply, topic) for topic in earlier) else 2


@dataclass(frozen=True, slots=True)
class RuleUser:
    """A user whose turns and ratings follow plain rules.

    Args:
        name: Of the user, in records.
        rules: Metric -> rule; the other metrics are NA.
        wishes: What it says of its taste in the first turn of each session; a model that listens can adapt.
    """

    name: str
    rules: Mapping[str, Rule]
    wishes: tuple[str, ...] = ()

    async def speak(self, moment: Moment) -> Spoken:
        """A plain turn: topic and mood first, then more of it."""
        if moment.turn == 1:
            opening = f"I feel {moment.prior.mood}. I like to talk about {moment.prior.topic}."
            return Spoken(" ".join([opening, *self.wishes]))
        return Spoken(f"Tell me more about {moment.prior.topic}, please. This is my question {moment.turn}.")

    async def rate(self, moment: Moment) -> Rated:
        """The rules' scores."""
        return Rated({name: _by(self.rules.get(name), moment) for name in metric_names()}, self.name)


def _by(rule: Rule | None, moment: Moment) -> Given:
    score = None if rule is None else rule(moment)
    return Given(None, "na") if score is None else Given(score, "rated", "by rule")


def length_user(wanted: int = 20) -> Callable[[Profile], SimulatedUser]:
    """Users that want replies of so many words and care for nothing else."""
    user = RuleUser(
        f"rules/length-{wanted}", {"length_fit": length_rule(wanted)}, (f"I like replies of about {wanted} words.",)
    )
    return lambda profile: user


def rule_user(profile: Profile) -> SimulatedUser:
    """A user that lives by its profile's levels of length, formality and humour, and notices callbacks.

    Raises:
        InvalidInput: The profile does not state these levels.
    """
    wanted = {}
    for name in ("length", "formality", "humour"):
        if name not in profile.levels:
            raise InvalidInput(
                f"profile {profile.id}", "the level low, middle or high for a user by rules", None, f"levels.{name}"
            )
        wanted[name] = profile.levels[name]
    rules: dict[str, Rule] = {
        "length_fit": length_rule(WANTED_WORDS[wanted["length"]]),
        "formality_matching": register_rule(WANTED_REGISTER[wanted["formality"]]),
        "humour_fit": humour_rule(wanted["humour"]),
        "callback": callback_rule,
    }
    return RuleUser("rules", rules, (f"I like replies of about {WANTED_WORDS[wanted['length']]} words.",))


# How notes speak of their person; these words say nothing that could be wrong.
_NOTING = frozenset(content_stems("user person like likes liked love loves want wants prefer prefers interested note"))


def note_holds(note: str, profile: Profile, said: Sequence[str]) -> bool:
    """Whether a note about a rule-based user holds: its words, or an interest of the user, stand in what the user said.

    Args:
        note: One stored fact.
        profile: The user.
        said: The user's turns.
    """
    wanted = set(content_stems(note)) - _NOTING
    known = {stem for text in (*said, profile.text) for stem in content_stems(text)}
    return bool(wanted) and wanted <= known


# --- tested models by rules ---

_FILLER = ("well", "then", "let", "us", "look", "at", "this", "and", "see", "what", "can", "be", "said", "about", "it")


def of_length(words: int) -> str:
    """A text of exactly so many plain words."""
    return " ".join(_FILLER[k % len(_FILLER)] for k in range(words))


@dataclass(frozen=True, slots=True)
class FixedLength:
    """A tested model that answers with so many words, whoever asks.

    Args:
        words: Words of a reply.
        label: Tells apart two models that are the same otherwise.
    """

    words: int
    label: str = ""

    @property
    def name(self) -> str:
        """Says everything that changes the replies."""
        return f"rules/fixed-{self.words}{self.label and '-'}{self.label}"

    async def generate(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
        """The reply."""
        return _reply(of_length(self.words), self.name)


@dataclass(frozen=True, slots=True)
class AdaptiveLength:
    """A tested model that halves its distance to the wanted length from session to session.

    It counts sessions by the marks in its messages, so it needs the whole history.

    Args:
        start: Words in the first session.
        target: What it comes near.
    """

    start: int = 320
    target: int = 20

    @property
    def name(self) -> str:
        """Says everything that changes the replies."""
        return f"rules/adaptive-{self.start}-{self.target}"

    def words_in(self, session: int) -> int:
        """Words of a reply in a session (from 1): 320, 170, 95, 58, 39, 29 by default."""
        return round(self.target + (self.start - self.target) / 2.0 ** (session - 1))

    async def generate(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
        """The reply."""
        marks = sum(m["role"] == "user" and m["content"].startswith(SESSION_MARK) for m in messages)
        return _reply(of_length(self.words_in(1 + marks)), self.name)


@dataclass(frozen=True, slots=True)
class Recalling:
    """A tested model that says a few words and repeats what stands in its memory, cut at ``words`` words in all."""

    words: int = 60

    @property
    def name(self) -> str:
        """Says everything that changes the replies."""
        return f"rules/recalling-{self.words}"

    async def generate(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
        """The reply."""
        noted = " ".join(b.text for b in blocks(messages[0]["content"]) if b.tag == "memory")
        return _reply(" ".join(f"{of_length(8)} {noted}".split()[: self.words]), self.name)


def _reply(text: str, name: str) -> Reply:
    return Reply(text, usage=Usage(0, len(text.split()), 1, 0.0), model=name)
