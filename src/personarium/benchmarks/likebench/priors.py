"""Session priors: the topic, mood and goal that a user brings to each session.

Source: likebench page, step 3. How the paper makes them fit a profile was not read: the topics are the user's interests, and
when those are used up other leaves of their branches; moods and goals are drawn, never the same twice running.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from personarium.benchmarks.likebench.metrics import bundled
from personarium.benchmarks.likebench.profiles import Profile, interest_paths


@dataclass(frozen=True, slots=True)
class Prior:
    """The situation of one session."""

    topic: str
    mood: str
    goal: str

    @property
    def text(self) -> str:
        """As prompts show it to the user model (and to nobody else)."""
        return f"You want to talk about {self.topic}. You feel {self.mood}. Your goal: {self.goal}."

    def to_dict(self) -> dict[str, str]:
        """JSON-ready."""
        return {"topic": self.topic, "mood": self.mood, "goal": self.goal}


@lru_cache(maxsize=1)
def _pools() -> dict[str, Any]:
    return bundled("topics.toml")


def draw_priors(profile: Profile, sessions: int, seed: int = 0) -> tuple[Prior, ...]:
    """Situations for so many sessions, drawn without any model; the topic changes from session to session."""
    rng = random.Random(f"likebench priors|{seed}|{profile.id}")
    topics = list(profile.topics) or [path.rpartition("/")[2] for path in rng.sample(interest_paths(), 4)]
    topics += _near(profile, topics, rng)
    moods, goals = (_no_repeats(_pools()[name], sessions, rng) for name in ("moods", "goals"))
    return tuple(Prior(topics[s % len(topics)], moods[s], goals[s]) for s in range(sessions))


def _near(profile: Profile, taken: list[str], rng: random.Random) -> list[str]:
    branches = {path.rpartition("/")[0] for path in profile.interests}
    leaves = [path.rpartition("/")[2] for path in interest_paths() if path.rpartition("/")[0] in branches]
    return rng.sample([leaf for leaf in leaves if leaf not in taken], len([x for x in leaves if x not in taken]))


def _no_repeats(pool: list[str], count: int, rng: random.Random) -> list[str]:
    chosen: list[str] = []
    for _ in range(count):
        chosen.append(rng.choice([item for item in pool if not chosen or item != chosen[-1]]))
    return chosen
