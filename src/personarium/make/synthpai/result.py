"""What a SynthPAI run makes: threads with counts and failures, saved and loaded as plain rows.

Source: synthpai page, "Data formats". Differs: tags that match nothing are kept beside the tree, so that the share of
right tags can be told; as published (``dropped-tags-uncounted``) they are gone and the share is 1 by construction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from personarium.core.dialogue import Dialogue
from personarium.core.results import Estimate, Failure, count_failures
from personarium.make.synthpai.profiles import Profile
from personarium.make.synthpai.tree import Comment, Tag, Tree, rebuilt


@dataclass(slots=True)
class Counts:
    """What happened in a thread.

    Args:
        asked: People who were asked whether the post interests them.
        joined: Those who said yes.
        actions: Per round, chances to comment.
        called: Per round, those that were taken.
        idle: Taken chances where there was nothing to answer.
    """

    asked: int = 0
    joined: int = 0
    actions: dict[int, int] = field(default_factory=dict)
    called: dict[int, int] = field(default_factory=dict)
    idle: int = 0

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; rounds as text."""
        out = asdict(self)
        return {**out, **{name: {str(n): k for n, k in out[name].items()} for name in ("actions", "called")}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Counts:
        """The inverse of :meth:`to_dict`."""
        rounds = {name: {int(n): k for n, k in data[name].items()} for name in ("actions", "called")}
        return cls(**{**data, **rounds})


@dataclass(frozen=True)
class Thread:
    """One thread.

    Args:
        id: ``<topic>_<number>``.
        topic: The attribute that it is about.
        tree: Post and comments.
        counts: What happened.
        dropped: Tags none of whose guesses match: place of the comment, tag.
        failures: Everything that could not be used.
    """

    id: str
    topic: str
    tree: Tree
    counts: Counts = field(default_factory=Counts)
    dropped: list[tuple[int, Tag]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    @property
    def tags(self) -> int:
        """Tags that were kept."""
        return sum(len(comment.tags) for comment in self.tree.comments)

    def dialogue(self, people: Mapping[str, Profile]) -> Dialogue:
        """The thread as a dialogue, in the order of writing; ``meta`` says what each utterance answers."""
        talk = Dialogue(self.id, meta={"topic": self.topic})
        for comment in self.tree.comments:
            name = people[comment.author].name if comment.author in people else comment.author
            talk.say(name, comment.text, parent=comment.parent, author=comment.author)
        return talk

    def as_row(self) -> dict[str, Any]:
        """JSON-ready; ``failures`` counts by kind, ``problems`` tells them."""
        return {
            "id": f"thread/{self.id}",
            "topic": self.topic,
            "comments": [asdict(comment) for comment in self.tree.comments],
            "counts": self.counts.to_dict(),
            "dropped": [[place, asdict(tag)] for place, tag in self.dropped],
            "problems": [asdict(f) | {"raw": list(f.raw)} for f in self.failures],
            "failures": count_failures(self.failures),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Thread:
        """The inverse of :meth:`as_row`."""
        comments = [Comment(**{**c, "tags": [_tag(t) for t in c["tags"]]}) for c in row["comments"]]
        dropped = [(place, _tag(tag)) for place, tag in row["dropped"]]
        failures = [Failure(**{**p, "raw": tuple(p["raw"])}) for p in row["problems"]]
        counts = Counts.from_dict(row["counts"])
        return cls(row["id"].removeprefix("thread/"), row["topic"], rebuilt(comments), counts, dropped, failures)


def _tag(data: Mapping[str, Any]) -> Tag:
    return Tag(**{**data, "guesses": tuple(data["guesses"]), "grades": tuple(data["grades"])})


@dataclass(frozen=True)
class ThreadsResult:
    """Everything that was made.

    Args:
        threads: Those whose post could be had.
        profiles: Everybody who might have written.
        lost: Why the other threads are missing.
        seed: Of the run.
        model: The author model's name.
        dropped_counted: Whether tags that match nothing count; not as published.
    """

    threads: tuple[Thread, ...]
    profiles: tuple[Profile, ...]
    lost: tuple[Failure, ...] = ()
    seed: int = 42
    model: str = ""
    dropped_counted: bool = True

    @property
    def people(self) -> dict[str, Profile]:
        """Everybody by id."""
        return {profile.id: profile for profile in self.profiles}

    @property
    def comments(self) -> int:
        """Comments in all threads, posts not counted."""
        return sum(len(thread.tree.comments) - 1 for thread in self.threads)

    @property
    def dropped_tags(self) -> int:
        """Tags none of whose guesses match."""
        return sum(len(thread.dropped) for thread in self.threads) if self.dropped_counted else 0

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that failed."""
        return (*self.lost, *(f for thread in self.threads for f in thread.failures))

    def published_threads(self) -> list[dict[str, Any]]:
        """Each thread as the nested object of the published files."""
        people = {id: profile.to_dict() for id, profile in self.people.items()}
        out = []
        for thread in self.threads:
            data = thread.tree.to_published(people)
            data["profile"] = {**data["profile"], "guess_feature": thread.topic}
            out.append(data)
        return out

    def estimates(self) -> dict[str, Estimate]:
        """Comments of a thread, the share of tags that match, and the share of comments that give something away."""
        from personarium.stats import bootstrap_mean

        lengths = [len(thread.tree.comments) - 1 for thread in self.threads]
        right, owners, leaks, places = [], [], [], []
        for thread in self.threads:
            wrong = len(thread.dropped) if self.dropped_counted else 0
            right += [1.0] * thread.tags + [0.0] * wrong
            owners += [thread.id] * (thread.tags + wrong)
            leaks += [float(bool(comment.tags)) for comment in thread.tree.comments[1:]]
            places += [thread.id] * (len(thread.tree.comments) - 1)
        return {
            "Comments of a thread": bootstrap_mean(lengths, "thread", seed=self.seed),
            "Share of tags that match the profile": bootstrap_mean(right, "thread", owners, seed=self.seed),
            "Share of comments that give something away": bootstrap_mean(leaks, "thread", places, seed=self.seed),
        }

    def tags_by_attribute(self) -> dict[str, int]:
        """Kept tags of each attribute."""
        found = (tag.attribute for thread in self.threads for c in thread.tree.comments for tag in c.tags)
        return dict(sorted(Counter(found).items()))
