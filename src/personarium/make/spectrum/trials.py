"""Step 6: which parts make a person recognisable; every combination beside two controls, with intervals.

Source: spectrum page, step 6.
Differs: the two controls are ours: no profile at all, and the whole profile of the next person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from personarium.core.chat import ChatModel
from personarium.core.results import Estimate, Failure
from personarium.make.spectrum.evaluation import (
    TRIES,
    AskPerson,
    Guess,
    Self,
    Truth,
    TwentyStatements,
    guess_accuracy,
    guess_who,
    twenty_statements,
)
from personarium.make.spectrum.profile import COMBINATIONS, Profile, combination
from personarium.runs.mapping import map_kept
from personarium.runs.plan import DryRun
from personarium.runs.run import Run

CONTROLS = ("none", "other")  # no profile at all; the whole profile of the next person
CONCURRENCY = 20
SELVES: tuple[Self, ...] = get_args(Self)


@dataclass(frozen=True)
class SpectrumResult:
    """Profiles and how they did.

    Args:
        profiles: Everybody, in order.
        twenty: One Twenty Statements Test for each person and condition.
        guesses: One guess for each person and combination.
        conditions: What was tried, in order: combinations, then controls.
    """

    profiles: tuple[Profile, ...]
    twenty: tuple[TwentyStatements, ...] = ()
    guesses: tuple[Guess, ...] = ()
    conditions: tuple[str, ...] = ()

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that failed."""
        made = [f for p in self.profiles for f in p.failures]
        tried = [f for t in self.twenty for f in t.failures]
        return (*made, *tried, *(g.failure for g in self.guesses if g.failure is not None))

    def estimates(self) -> dict[str, Estimate]:
        """For each condition: mean share of true statements over persons (both selves, and each), and accuracy of guesses."""
        from personarium.stats.intervals import mean_interval

        found: dict[str, Estimate] = {}
        for condition in self.conditions:
            mine = [t for t in self.twenty if t.id.rpartition("/")[2] == condition]
            if mine:
                found[f"true statements, {condition}"] = mean_interval([t.share().value for t in mine], "person")
                for which in SELVES:
                    shares = [t.share(which).value for t in mine]
                    found[f"true statements, {condition}, {which} self"] = mean_interval(shares, "person")
            guesses = [g for g in self.guesses if g.id.rpartition("/")[2] == condition]
            if guesses:
                found[f"right guesses, {condition}"] = guess_accuracy(guesses)
        return found

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each profile, test and guess."""
        return [
            *({**p.as_row(), "id": f"profile/{p.id}"} for p in self.profiles),
            *({**t.as_row(), "id": f"twenty/{t.id}"} for t in self.twenty),
            *({**g.as_row(), "id": f"guess/{g.id}"} for g in self.guesses),
        ]


async def evaluate_profiles(
    profiles: Sequence[Profile],
    model: ChatModel,
    judge: ChatModel | AskPerson,
    truths: Mapping[str, Truth] | None = None,
    conditions: Sequence[str] = COMBINATIONS,
    *,
    controls: bool = True,
    seed: int = 0,
    tries: int = TRIES,
    run: Run | DryRun | None = None,
) -> SpectrumResult:
    """Try combinations: the Twenty Statements Test, and Guess Who for those who have a name.

    Args:
        profiles: Whose.
        model: Who plays, and who guesses.
        judge: A model that plays the true person, or (one profile only) the person.
        truths: Person id -> what the judge knows; without one the whole profile is the truth, which says how faithfully
            an agent plays its profile and not whether the profile is right.
        conditions: Combinations to try; one that a profile cannot show is left out for it.
        controls: Also without any profile, and (with two people and more) with the next person's.
        seed: Of the draws.
        tries: The most times a step is asked.
        run: The run to record and resume in.

    Raises:
        UsageError: Not a combination.
    """
    wanted = list(dict.fromkeys(combination(c) for c in conditions))
    jobs = [(place, name) for place in range(len(profiles)) for name in (*wanted, *(CONTROLS if controls else ()))]
    shown = {job: text for job in jobs if (text := _shown(profiles, *job)) is not None}
    known = {p.id: (truths or {}).get(p.id) or _own_truth(p) for p in profiles}

    async def one(job: tuple[int, str]) -> tuple[TwentyStatements, Guess | None]:
        person = profiles[job[0]].id
        id, text, truth = f"{person}/{job[1]}", shown[job], known[person]
        test = await twenty_statements(model, judge, text, truth, id=id, seed=seed, tries=tries)
        guess = None
        if truth.name and job[1] not in CONTROLS:
            guess = await guess_who(model, text, truth, id=id, seed=seed, tries=tries)
        return test, guess

    def key(job: tuple[int, str]) -> str:
        return f"{profiles[job[0]].id}/{job[1]}"

    found = await map_kept(
        run, "spectrum.tests", list(shown), one, key=key, failure=lambda pair: pair[0].failure, concurrency=CONCURRENCY
    )
    used = {name for _, name in shown}
    order = tuple(name for name in (*wanted, *CONTROLS) if name in used)
    guesses = tuple(guess for _, guess in found if guess is not None)
    return SpectrumResult(tuple(profiles), tuple(test for test, _ in found), guesses, order)


def _shown(profiles: Sequence[Profile], place: int, condition: str) -> str | None:
    """The text of a condition; None where there is nothing to show."""
    if condition == "none":
        return ""
    if condition == "other":
        other = profiles[(place + 1) % len(profiles)]
        return other.text() if len(profiles) > 1 and not other.missing() else None
    profile = profiles[place]
    return None if profile.missing(condition) else profile.text(condition)


def _own_truth(profile: Profile) -> Truth:
    whole = "" if profile.missing() else profile.text()
    return Truth(whole, profile.name, profile.series)
