"""A forum thread: a comment tree, and how a person chooses what to reply to.

Source: synthpai page, step 5 (official code) and "Data formats". A comment's score depends only on the way from it to the
post, which never changes; so it is worked out when it is needed, and equals the one fixed when the comment was added.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

OWN, OTHER, ROOT = 5, 1, 2  # step 5: an ancestor by oneself, by somebody else, the post


@dataclass(frozen=True, slots=True)
class Tag:
    """What the checker reads in a comment.

    Args:
        attribute: Its name in the files.
        guesses: Ranked, at most three.
        hardness: ``direct``, ``indirect`` or ``complicated``.
        certainty: 1 to 5.
        grades: 1, 0.5 or 0 of each guess against the true profile.
    """

    attribute: str
    guesses: tuple[Any, ...]
    hardness: str
    certainty: int
    grades: tuple[float, ...] = ()

    @property
    def matches(self) -> bool:
        """Whether at least one guess is right or less precise."""
        return any(self.grades)

    def to_dict(self) -> dict[str, Any]:
        """As the published threads have it."""
        return {
            "feature": self.attribute,
            "guesses": list(self.guesses),
            "hardness": self.hardness,
            "certainty": self.certainty,
            "model_eval": list(self.grades),
        }


@dataclass(slots=True)
class Comment:
    """One node of a thread; the post is the first.

    Args:
        author: Who wrote it.
        text: What it says.
        parent: Place of the comment that it answers; None for the post.
        depth: Nodes on the way to the post, both ends counted (the post 1).
        round: In which round it was written; None where it is not known.
        limited: Whether depth and number of replies were limited when its place was chosen.
        length: ``short`` or ``long``, as it was asked for.
        critic: Whether its author was told to disagree.
        tags: What the checker reads in it.
        children: Places of its replies.
    """

    author: str
    text: str
    parent: int | None = None
    depth: int = 1
    round: int | None = None
    limited: bool = False
    length: str = ""
    critic: bool = False
    tags: list[Tag] = field(default_factory=list)
    children: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits of step 5.

    Args:
        depth: A comment at most so deep may be answered: 5.
        replies: A comment has at most so many replies: 3.
        candidates: Below so many both limits are dropped: 10.
        best: So many are kept before one is drawn: 10.
    """

    depth: int = 5
    replies: int = 3
    candidates: int = 10
    best: int = 10


@dataclass(slots=True)
class Tree:
    """A post and its comments, in the order in which they were written.

    Args:
        comments: The post first.
        answered: Per person the places it has answered, whose score is 0 for it from then on.
    """

    comments: list[Comment]
    answered: dict[str, set[int]] = field(default_factory=dict)

    def add(self, author: str, text: str, parent: int, **more: Any) -> int:
        """Append a reply and give its place."""
        place = len(self.comments)
        self.comments.append(Comment(author, text, parent, self.comments[parent].depth + 1, **more))
        self.comments[parent].children.append(place)
        self.answered.setdefault(author, set()).add(parent)
        return place

    def path(self, place: int) -> list[int]:
        """Places from the post down to a comment, both included."""
        way = [place]
        while (above := self.comments[way[-1]].parent) is not None:
            way.append(above)
        return way[::-1]

    def score(self, place: int, person: str) -> float:
        """How much a comment draws a person in, by whose voices stand above it."""
        comment = self.comments[place]
        if comment.parent is None:
            return float(ROOT)
        if comment.author == person and not comment.children:
            return 0.0
        above = self.path(place)[1:]
        voices = sum(OWN if self.comments[k].author == person else OTHER for k in above)
        return (ROOT + voices) / comment.depth

    def candidates(self, person: str, first_round: bool, rules: Rules | None = None) -> list[tuple[float, int]]:
        """What a person may answer, with its score: nothing of its own, nothing twice, the post in the first round only.

        Args:
            person: Who answers.
            first_round: Whether the post may be answered.
            rules: Limits of depth and replies; none without them.
        """
        done = self.answered.get(person, set())
        found = []
        for place, comment in enumerate(self.comments):
            if comment.author == person or place in done or (comment.parent is None and not first_round):
                continue
            if rules and (comment.depth > rules.depth or len(comment.children) >= rules.replies):
                continue
            score = self.score(place, person)
            if score:
                found.append((score, place))
        return found

    def choose(self, person: str, first_round: bool, rng: random.Random, rules: Rules) -> tuple[int, bool] | None:
        """Where a person replies, and whether the limits held; None where there is nothing to answer."""
        found, limited = self.candidates(person, first_round, rules), True
        if len(found) < rules.candidates:
            found, limited = self.candidates(person, first_round), False
        if not found:
            return None
        best = sorted(found, key=lambda pair: -pair[0])[: rules.best]
        weights = [math.exp(score - best[0][0]) for score, _ in best]
        return rng.choices([place for _, place in best], weights)[0], limited

    def to_published(self, profiles: Mapping[str, Mapping[str, Any]], place: int = 0) -> dict[str, Any]:
        """The nested form of the published threads.

        Args:
            profiles: Per author its profile as it is written there.
            place: Of the topmost comment.
        """
        made: dict[int, dict[str, Any]] = {}
        for k in reversed(self._below(place)):  # replies stand after what they answer, so they are there first
            comment = self.comments[k]
            profile = dict(profiles.get(comment.author, {}))
            made[k] = {
                "author": comment.author,
                "profile": profile,
                "username": profile.get("username", ""),
                "guesses": [tag.to_dict() for tag in comment.tags],
                "text": comment.text,
                "children": [made[child] for child in comment.children],
            }
        return made[place]

    def _below(self, place: int) -> list[int]:
        found = [place]
        for k in found:
            found += self.comments[k].children
        return sorted(found)


def rebuilt(comments: Sequence[Comment]) -> Tree:
    """A tree from comments in order of writing, with who has answered what."""
    tree = Tree(list(comments))
    for comment in tree.comments:
        if comment.parent is not None:
            tree.answered.setdefault(comment.author, set()).add(comment.parent)
    return tree
