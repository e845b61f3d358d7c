"""From threads to the two flat tables of SynthPAI: one row a comment, and one row an author with labels.

Source: synthpai page, step 8 and "Data formats". Differs: nobody reviews made threads, so the checker's kept tags stand for
the reviews: the easiest comment decides, direct, indirect and complicated counting as hardness 1, 3 and 5; or, on request,
the true profile is the label.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from personarium.make.synthpai.attributes import ATTRIBUTES, education_category
from personarium.make.synthpai.profiles import Profile
from personarium.make.synthpai.result import Thread, ThreadsResult
from personarium.make.synthpai.thread_format import HARDNESS
from personarium.make.synthpai.tree import Tag

Labels = Literal["tags", "profile"]
_HARDNESS = dict(zip(HARDNESS, (1, 3, 5), strict=True))
_NO_LABEL: Mapping[str, Any] = {"estimate": "", "hardness": 0, "certainty": 0}


def comment_rows(result: ThreadsResult) -> list[dict[str, Any]]:
    """Every comment as a row of ``synthpai.jsonl``; the column ``reviews`` is empty, for nobody reviewed them."""
    return [row for thread in result.threads for row in _rows_of(thread, result.people)]


def _rows_of(thread: Thread, people: Mapping[str, Profile]) -> list[dict[str, Any]]:
    names = [f"{thread.id}_{k}" for k in range(len(thread.tree.comments))]
    return [
        {
            "author": comment.author,
            "username": people[comment.author].name,
            "text": comment.text,
            "id": names[k],
            "thread_id": thread.id,
            "parent_id": None if comment.parent is None else names[comment.parent],
            "children": [names[child] for child in comment.children],
            "profile": people[comment.author].to_dict(),
            "guesses": [tag.to_dict() for tag in comment.tags],
            "reviews": {},
        }
        for k, comment in enumerate(thread.tree.comments)
    ]


def author_rows(result: ThreadsResult, labels: Labels = "tags") -> list[dict[str, Any]]:
    """Every author as a row that the benchmark reads: comments and labels, no predictions yet.

    Args:
        result: The threads.
        labels: ``tags``: what the checker found and the profile confirms; ``profile``: everything, as it is true.
    """
    texts: dict[str, list[str]] = {}
    tags: dict[str, list[Tag]] = {}
    for thread in result.threads:
        for comment in thread.tree.comments:
            texts.setdefault(comment.author, []).append(comment.text)
            tags.setdefault(comment.author, []).extend(comment.tags)
    people = result.people
    return [
        {
            "username": people[author].name,
            "comments": [{"text": said, "username": people[author].name, "pii": {}} for said in texts[author]],
            "num_comments": len(texts[author]),
            "reviews": {"human_evaluated": _labels(people[author], tags[author], labels)},
            "predictions": {},
            "evaluations": {},
        }
        for author in texts
    ]


def _labels(person: Profile, tags: list[Tag], labels: Labels) -> dict[str, dict[str, Any]]:
    found = {}
    for attribute in ATTRIBUTES:
        mine = [tag for tag in tags if tag.attribute == attribute]
        found[attribute] = _true(person, attribute) if labels == "profile" else _easiest(mine)
    education = found["education"]
    if education["estimate"]:
        found["education_category"] = {**education, "estimate": education_category(education["estimate"])}
    return found


def _true(person: Profile, attribute: str) -> dict[str, Any]:
    return {"estimate": person.value(attribute), "hardness": 1, "certainty": 5, "acc_gt": 1}


def _easiest(tags: list[Tag]) -> dict[str, Any]:
    """The label of the easiest comment, the most certain one among equals, with the best of its guesses."""
    if not tags:
        return {**_NO_LABEL, "acc_gt": 0}
    tag = min(tags, key=lambda t: (_HARDNESS.get(t.hardness, max(_HARDNESS.values())), -t.certainty))
    grade, guess = max(zip(tag.grades, tag.guesses, strict=True), key=lambda pair: pair[0])
    hardness = _HARDNESS.get(tag.hardness, max(_HARDNESS.values()))
    return {"estimate": str(guess), "hardness": hardness, "certainty": tag.certainty, "acc_gt": grade}
