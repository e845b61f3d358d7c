"""Choice items: questions with lettered options, put to any chat model, and scored so that trivial answers show.

An item is asked in any order of its options; the reply is read by a strict or tolerant letter reader, or the letter's
log-probabilities are taken. A failed, empty, refused or unread reply is wrong *and* is counted by kind, never replaced by a
letter. Beside every accuracy stand the answers that need no reading: each constant letter, the longest and the shortest option,
a uniform guess.

Source: DESIGN.md, "The engines" (choice items); personamem page, steps 5 and 6, "Works when" 3, 5 and 7.
Units: one question; shares with Wilson intervals.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from personarium.core.chat import ChatModel, Message, Reply, Sampling
from personarium.core.errors import InvalidInput, RemoteError
from personarium.core.label import labelled
from personarium.core.results import Estimate, Failure, count_failures
from personarium.models.step import Step
from personarium.stats.intervals import wilson
from personarium.text.choices import read_letter, read_letter_strict
from personarium.text.form import Form
from personarium.text.holes import Unparsed
from personarium.text.option_order import LETTERS, arranged, rotations, shuffled

ACCURACY, LONGEST, SHORTEST, UNIFORM = "Accuracy", "Longest option", "Shortest option", "Uniform guess"
BEST = "Best constant letter"
_UNGROUPED = "not stated"
_NUMBER = re.compile(r"\d+")
_AROUND = " \t\r\n()[]*\"'`.:"

LetterReader = Callable[[str, Sequence[str]], "str | Unparsed"]
"""Reads a reply, given the options in the order shown: the letter it chooses, in either case, or why it has none."""


@dataclass(frozen=True, slots=True)
class ChoiceItem:
    """One question with its options.

    Args:
        id: Unique in its set.
        question: What is asked.
        options: Texts without letters; 2 to 26 of them.
        gold: Place of the right one, from 0.
        groups: What the item belongs to, table -> value (``type``: ``latest``).

    Raises:
        InvalidInput: Too few or too many options, or a gold place outside of them.
    """

    id: str
    question: str
    options: tuple[str, ...]
    gold: int
    groups: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 2 <= len(self.options) <= len(LETTERS):
            raise InvalidInput(f"item {self.id}", "2 to 26 options", len(self.options), "options")
        if not 0 <= self.gold < len(self.options):
            raise InvalidInput(f"item {self.id}", f"a place from 0 to {len(self.options) - 1}", self.gold, "gold")

    def shuffled(self, seed: int) -> tuple[int, ...]:
        """The order of the options (place -> option) that a seed draws for this item."""
        return shuffled(self.options, self.gold, f"{seed}|{self.id}").order

    def rotations(self) -> tuple[tuple[int, ...], ...]:
        """One order for each place, with the right option there."""
        return tuple(one.order for one in rotations(self.options, self.gold))


@dataclass(frozen=True, slots=True)
class ChoiceAnswer:
    """What one model answered to one item.

    Args:
        id: The item's id.
        order: Which option stood at each place.
        place: The place chosen; None when there is no answer.
        failure: Why there is none.
        text: The reply.
        shares: Probability of each place, where log-probabilities were asked for.
    """

    id: str
    order: tuple[int, ...]
    place: int | None
    failure: Failure | None = None
    text: str = ""
    shares: tuple[float, ...] = ()

    @property
    def option(self) -> int | None:
        """The option chosen, by its number in the item, whatever the order was."""
        return None if self.place is None else self.order[self.place]

    @property
    def letter(self) -> str:
        """The letter chosen, upper case; empty without an answer."""
        return "" if self.place is None else LETTERS[self.place]

    def as_row(self) -> dict[str, Any]:
        """JSON-ready form; ``failures`` counts by kind."""
        problem = None if self.failure is None else asdict(self.failure) | {"raw": list(self.failure.raw)}
        row = {"id": self.id, "order": list(self.order), "place": self.place, "letter": self.letter, "text": self.text}
        failures = count_failures([self.failure] if self.failure else [])
        return {**row, "shares": list(self.shares), "problem": problem, "failures": failures}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> ChoiceAnswer:
        """The inverse of :meth:`as_row`."""
        problem = row["problem"]
        failure = None if problem is None else Failure(**{**problem, "raw": tuple(problem["raw"])})
        return cls(row["id"], tuple(row["order"]), row["place"], failure, row["text"], tuple(row["shares"]))


# --- asking ---


class ChoiceStep(Step):
    """A step that may be put at the end of a talk: the input ``context`` is the messages that go before its own."""

    def render(self, **inputs: Any) -> list[Message]:
        """As :meth:`Step.render`, behind the messages of ``context``."""
        before = inputs.pop("context", ())
        return [*before, *super().render(**inputs)]


def letter_form(inputs: Mapping[str, Any]) -> Form:
    """The reply form of one bare letter of the input ``letters``."""
    return Form.parse(f"<{'|'.join(inputs['letters'])}>")


CHOOSE = ChoiceStep("choice.ask", "personarium.measure", "choose", letter_form, Sampling(temperature=0.0))


def lettered(options: Sequence[str], style: str = "{}. {}", letters: str = LETTERS) -> str:
    """Options as a prompt shows them, one a line: ``A. tea``; an option's line ends become blanks."""
    return "\n".join(style.format(letters[k], " ".join(text.split())) for k, text in enumerate(options))


def strict_letter(text: str, options: Sequence[str]) -> str | Unparsed:
    """Reader of a reply that is one upper-case letter and nothing else."""
    return read_letter_strict(text, len(options))


async def ask_choice(
    model: ChatModel,
    item: ChoiceItem,
    *,
    step: Step = CHOOSE,
    inputs: Mapping[str, Any] | None = None,
    order: Sequence[int] | None = None,
    reader: LetterReader = read_letter,
    style: str = "{}. {}",
    letters: str = LETTERS,
    seed: int | None = None,
    sample: int = 0,
) -> ChoiceAnswer:
    """Put one item and read the letter.

    Args:
        model: Who is asked.
        item: The question.
        step: Its prompt; it is given ``question``, ``options``, ``letters`` and ``memory`` (empty).
        inputs: Further inputs of the step (``context``, ``memory``).
        order: Which option stands at each place; as they stand without one.
        reader: Reads the reply; see :data:`LetterReader`.
        style: How an option is written, with a place for its letter and its text.
        letters: The letters of that style.
        seed: The run's seed.
        sample: Which of several samples.
    """
    places, shown, given = _prompt(item, inputs, order, style, letters)

    def read(text: str) -> dict[str, Any] | Unparsed:
        letter = reader(text, shown)
        if isinstance(letter, Unparsed):
            return letter
        place = LETTERS[: len(shown)].find(letter.upper()) if len(letter) == 1 else -1
        return {"place": place} if place >= 0 else Unparsed(f"{letter!r} is no letter of the options", text)

    answer = await step.ask(model, given, item=item.id, read=read, seed=seed, sample=sample)
    place = None if answer.failure is not None else int(answer["place"])
    return ChoiceAnswer(item.id, places, place, answer.failure, answer.text)


async def weigh_choice(
    model: ChatModel,
    item: ChoiceItem,
    *,
    step: Step = CHOOSE,
    inputs: Mapping[str, Any] | None = None,
    order: Sequence[int] | None = None,
    style: str = "{}. {}",
    letters: str = LETTERS,
    top: int = 20,
    seed: int | None = None,
) -> ChoiceAnswer:
    """Put one item and take the letter with the highest probability at the reply's first letter.

    The shares are those of the letters alone (they sum to 1); a letter that is not among the alternatives that came back
    has 0. A model that gives no log-probabilities, or no letter, is a failure.

    Args:
        model: Who is asked; it must return log-probabilities.
        item: As for :func:`ask_choice`, like the other arguments.
        top: How many alternatives are asked for.
    """
    places, _, given = _prompt(item, inputs, order, style, letters)
    sampling = step.sampling.but(temperature=0.0, top_logprobs=top, seed=seed)
    with labelled(step=step.name, item=item.id):
        try:
            reply = await model.generate(step.render(**given), sampling)
        except RemoteError as error:
            return ChoiceAnswer(item.id, places, None, Failure("error", str(error), item.id))
    shares = letter_shares(reply, len(places))
    if isinstance(shares, Unparsed):
        kind = "empty" if not reply.text.strip() else "unparsed"
        failure = Failure(kind, shares.reason, item.id, (reply.text,))  # type: ignore[arg-type]
        return ChoiceAnswer(item.id, places, None, failure, reply.text)
    best = max(range(len(places)), key=lambda k: shares[k])
    return ChoiceAnswer(item.id, places, best, None, reply.text, shares)


def letter_shares(reply: Reply, count: int) -> tuple[float, ...] | Unparsed:
    """The probabilities of the first ``count`` letters at the first token of a reply that is one of them.

    Spellings of one letter (``B``, `` b``, ``(B``) are added up, and the letters scaled to a sum of 1.
    """
    if not reply.logprobs:
        return Unparsed("the model gives no log-probabilities", reply.text)
    wanted = LETTERS[:count]
    for token in reply.logprobs:
        if _bare(token.token) not in wanted or not _bare(token.token):
            continue
        found = dict(token.top)
        found.setdefault(token.token, token.logprob)
        mass = [0.0] * count
        for text, logprob in found.items():
            if _bare(text) and _bare(text) in wanted:
                mass[wanted.index(_bare(text))] += math.exp(logprob)
        return tuple(share / sum(mass) for share in mass)
    return Unparsed("no token of the reply is a letter of the options", reply.text)


def _bare(token: str) -> str:
    bare = token.strip(_AROUND).upper()
    return bare if len(bare) == 1 else ""


def _prompt(
    item: ChoiceItem, inputs: Mapping[str, Any] | None, order: Sequence[int] | None, style: str, letters: str
) -> tuple[tuple[int, ...], tuple[str, ...], dict[str, Any]]:
    shown = arranged(item.options, item.gold, order)
    options = lettered(shown.texts, style, letters)
    own = {"memory": "", "question": item.question, "options": options, "letters": letters[: len(shown.order)]}
    return shown.order, shown.texts, {**own, **(inputs or {})}


# --- scoring ---


@dataclass(frozen=True)
class ChoiceReport:
    """The answers of one system to a set of items.

    Args:
        items: What was asked.
        answers: One for each item, in the same order.
        unit: What one item is.

    Raises:
        InvalidInput: Items and answers do not match.
    """

    items: tuple[ChoiceItem, ...]
    answers: tuple[ChoiceAnswer, ...]
    unit: str = "question"

    def __post_init__(self) -> None:
        if [item.id for item in self.items] != [answer.id for answer in self.answers]:
            raise InvalidInput("choice report", "one answer for each item, in the same order", len(self.answers))

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Why answers are missing, in order."""
        return tuple(answer.failure for answer in self.answers if answer.failure is not None)

    def right(self) -> list[bool]:
        """For every item whether its answer is right; no answer is wrong."""
        return [answer.option == item.gold for item, answer in zip(self.items, self.answers, strict=True)]

    def accuracy(self) -> Estimate:
        """Share of right answers of all items, those without an answer included; their kinds stand beside it."""
        return self._share(range(len(self.items)))

    def by(self, group: str) -> dict[str, Estimate]:
        """Accuracy for each value of one table; the counts sum to the total. Values are put in natural order."""
        places: dict[str, list[int]] = {}
        for k, item in enumerate(self.items):
            places.setdefault(item.groups.get(group) or _UNGROUPED, []).append(k)
        return {value: self._share(places[value]) for value in sorted(places, key=_natural)}

    def baselines(self) -> dict[str, Estimate]:
        """What answers without reading give on the same items in the same orders."""
        return baselines(self.items, [answer.order for answer in self.answers], self.unit)

    def estimates(self) -> dict[str, Estimate]:
        """Accuracy first, then the best constant letter, the longest option and the uniform guess."""
        trivial = self.baselines()
        best = next(name for name in trivial if name.startswith(BEST))
        return {ACCURACY: self.accuracy(), **{name: trivial[name] for name in (best, LONGEST, UNIFORM)}}

    def letters(self) -> dict[str, int]:
        """How often each letter was chosen; a model that likes one letter shows here."""
        return dict(sorted(Counter(answer.letter for answer in self.answers if answer.letter).items()))

    def _share(self, places: Iterable[int]) -> Estimate:
        listed = list(places)
        right = self.right()
        failed = [f for k in listed if (f := self.answers[k].failure) is not None]
        estimate = wilson(sum(right[k] for k in listed), len(listed), self.unit)
        return replace(estimate, failures=count_failures(failed))


def baselines(
    items: Sequence[ChoiceItem], orders: Sequence[Sequence[int]] | None = None, unit: str = "question"
) -> dict[str, Estimate]:
    """The scores of answers that read nothing.

    Args:
        items: What is asked.
        orders: Order of the options of each item; as they stand without.
        unit: What one item is.

    Returns:
        ``Always A``, ``Always B``, ...; ``Best constant letter (C)``; ``Longest option`` and ``Shortest option`` (of
        options that are equally long each counts its part); ``Uniform guess`` (its expectation, no interval).
    """
    gold = [item.gold if orders is None else list(orders[k]).index(item.gold) for k, item in enumerate(items)]
    counts = Counter(gold)
    most = max((len(item.options) for item in items), default=0)
    constant = {f"Always {LETTERS[k]}": wilson(counts[k], len(items), unit) for k in range(most)}
    best = max(range(most), key=lambda k: (counts[k], -k), default=0)
    uniform = sum(1 / len(item.options) for item in items) / len(items) if items else None
    return {
        **constant,
        f"{BEST} ({LETTERS[best]})": wilson(counts[best], len(items), unit),
        LONGEST: wilson(sum(_by_length(item, max) for item in items), len(items), unit),
        SHORTEST: wilson(sum(_by_length(item, min) for item in items), len(items), unit),
        UNIFORM: Estimate(uniform, None, None, len(items), unit, "expectation of a uniform guess"),
    }


def _by_length(item: ChoiceItem, pick: Callable[[list[int]], int]) -> float:
    lengths = [len(option) for option in item.options]
    wanted = pick(lengths)
    return (lengths[item.gold] == wanted) / lengths.count(wanted)


def _natural(value: str) -> list[tuple[int, int, str]]:
    """Numbers by size, words by letter, what is not stated last."""
    if value == _UNGROUPED:
        return [(2, 0, "")]
    number = _NUMBER.match(value)
    return [(0, int(number[0][:18]), value) if number else (1, 0, value)]


@dataclass(frozen=True, slots=True)
class OrderEffect:
    """What the order of the options does to the answers of one model.

    Args:
        items: Items that were asked in several orders.
        steady: Share of items for which every order gave the same option.
        places: How often each place was chosen, over all orders.
    """

    items: int
    steady: Estimate
    places: tuple[int, ...]


def order_effect(answers: Sequence[ChoiceAnswer], unit: str = "question") -> OrderEffect:
    """Whether answers follow the option or its place, from several orders of the same items (rotations show it best).

    An item with a missing answer is not steady.
    """
    by_item: dict[str, list[ChoiceAnswer]] = {}
    for answer in answers:
        by_item.setdefault(answer.id, []).append(answer)
    same = sum(len({a.option for a in group}) == 1 and group[0].option is not None for group in by_item.values())
    widest = max((len(answer.order) for answer in answers), default=0)
    places = Counter(answer.place for answer in answers)
    return OrderEffect(len(by_item), wilson(same, len(by_item), unit), tuple(places[k] for k in range(widest)))
