"""The sensitivity report: does changing one trait change the answer in the right way, and only where it should?

It reads nothing of a model but its answers, so it works on any: the reference model, a steered one, an endpoint.

Source: personaldialog page, "In one paragraph", "Works when" 5 and Traps (trait accuracy alone may be stereotype use; a high gate
does not prove that the persona was unused).
Units: shares with Wilson intervals; the unit is an answer.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.make.personaldialog.statistics import names_one_of
from personarium.steer.personaldialog.examples import TraitValues

# Answers to questions, each by a speaker with the traits at the same place.
AnswerAll = Callable[[Sequence[str], Sequence[TraitValues]], Sequence[str]]


@dataclass(frozen=True)
class TraitSensitivity:
    """What changing one trait does.

    Args:
        trait: Its name.
        named: Share of speakers whose answer names the trait's own value, before any change.
        follows: Share of answers to its question that name the new value, and no other, after it was changed.
        neutral_changed: Share of answers to neutral questions that changed with it.
        others_changed: Other trait -> share of answers to that one's question that changed with it.
    """

    trait: str
    named: Estimate
    follows: Estimate
    neutral_changed: Estimate
    others_changed: Mapping[str, Estimate]

    def as_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "id": self.trait,
            "named": self.named.as_dict(),
            "follows": self.follows.as_dict(),
            "neutral_changed": self.neutral_changed.as_dict(),
            "others_changed": {name: e.as_dict() for name, e in self.others_changed.items()},
        }


def sensitivity_report(
    answer: AnswerAll,
    people: Sequence[TraitValues],
    questions: Mapping[str, str],
    values: Mapping[str, Sequence[str]],
    neutral: Sequence[str] = (),
    seed: int = 0,
) -> dict[str, TraitSensitivity]:
    """Change each trait alone and compare the answers.

    Args:
        answer: The model.
        people: Speakers' traits; one whose value of a trait is null is left out of that trait and counted as missing.
        questions: Trait -> the question about it.
        values: Trait -> its values; each speaker's new one is drawn from the others.
        neutral: Questions whose answers should not depend on traits.
        seed: Of the new values.

    Returns:
        Trait -> what changing it did.

    Raises:
        InvalidInput: A trait with fewer than two values, or as many answers as questions did not come.
    """
    for trait in questions:
        if len(set(values.get(trait, ()))) < 2:
            raise InvalidInput("sensitivity report", "at least two values of the trait", values.get(trait), trait)
    before = {question: _asked(answer, question, people) for question in (*questions.values(), *neutral)}
    return {trait: _one_trait(answer, people, questions, values, neutral, before, trait, seed) for trait in questions}


def _asked(answer: AnswerAll, question: str, people: Sequence[TraitValues]) -> list[str]:
    found = list(answer([question] * len(people), people))
    if len(found) != len(people):
        raise InvalidInput("answers", f"one for each of {len(people)} speakers", len(found))
    return found


def _one_trait(
    answer: AnswerAll,
    people: Sequence[TraitValues],
    questions: Mapping[str, str],
    values: Mapping[str, Sequence[str]],
    neutral: Sequence[str],
    before: Mapping[str, Sequence[str]],
    trait: str,
    seed: int,
) -> TraitSensitivity:
    known = [k for k, person in enumerate(people) if person.get(trait) is not None]
    chance = random.Random(f"sensitivity {seed} {trait}")
    changed = [_changed(people[k], trait, values[trait], chance) for k in known]
    read = names_one_of(values[trait])
    after = _asked(answer, questions[trait], changed)
    own = [read(before[questions[trait]][k]) == people[k].get(trait) for k in known]
    follows = [read(said) == person[trait] for said, person in zip(after, changed, strict=True)]
    gone = len(people) - len(known)

    def moved(asked: Sequence[str]) -> Estimate:
        pairs = [(before[q][k], said) for q in asked for k, said in zip(known, _asked(answer, q, changed), strict=True)]
        return _share([old != new for old, new in pairs], gone * len(asked))

    others = {name: moved([question]) for name, question in questions.items() if name != trait}
    return TraitSensitivity(trait, _share(own, gone), _share(follows, gone), moved(neutral), others)


def _changed(person: TraitValues, trait: str, values: Sequence[str], chance: random.Random) -> dict[str, str | None]:
    others = [value for value in values if value != person[trait]]
    return {**person, trait: chance.choice(others)}


def _share(hits: Sequence[bool], missing: int) -> Estimate:
    from personarium.stats.intervals import wilson

    return wilson(sum(hits), len(hits), "answer", missing=missing)
