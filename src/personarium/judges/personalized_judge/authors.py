"""Pairs out of texts whose author is known: forum answers by synthetic people, and reactions to news.

Source: personalized-judge page, step 2 (PR, EC) and Traps (arXiv 2406.11657).
Differs: the other answer is by the author whose persona is most like this one's. As published that search never ran and the last
answer of the file stood in every item (``last-item-distractor``), so a judge could learn nothing about personas from it. Of two
reactions either author's persona may be the one shown, and authors with the same profile make no pair; as published it was always
the first one's (``first-essay``).
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput
from personarium.judges.personalized_judge.items import ALL, PreferenceItem
from personarium.judges.personalized_judge.pairs import in_drawn_order
from personarium.judges.personalized_judge.personas import AUTHORS, ESSAY_CODES, ESSAYS, describe_user
from personarium.text.embed import Embedder

LAST_ITEM, FIRST_ESSAY = "last-item-distractor", "first-essay"
_ERRATA = (LAST_ITEM, FIRST_ESSAY)
LEAST_DIFFERENCE, PAIRS_OF_AN_ARTICLE, ARTICLES = 3.0, 5, 300
_AT_ONCE = 1000  # personas compared at once
MOST_ESSAYS = 2000  # of an article: all pairs of them are looked through


# --- PR: which question-answer pair did this author write? ---


def author_pairs(
    rows: Sequence[Mapping[str, Any]],
    *,
    embedder: Embedder | None = None,
    seed: int = 0,
    as_published: Published = False,
) -> list[PreferenceItem]:
    """Each answer against one of the author whose persona is nearest.

    Args:
        rows: ``personality`` (the author's fields), ``question_asked`` and ``response``.
        embedder: Compares personas; the static default without one.
        seed: Of the order, and of which of the other author's answers is taken.
        as_published: True or ``last-item-distractor``: the last answer of the file is the other one in every item.

    Raises:
        InvalidInput: A field is missing, or there is one author only.
    """
    faults = published_faults(as_published, _ERRATA)
    authors = [describe_user(row, AUTHORS) for row in rows]
    texts = [_question_and_answer(row, k) for k, row in enumerate(rows, 1)]
    by_author: dict[str, list[int]] = {}
    for k, author in enumerate(authors):
        by_author.setdefault(author, []).append(k)
    if len(by_author) < 2:
        raise InvalidInput("answers", "answers of at least two authors", len(by_author))
    nearest = {} if LAST_ITEM in faults else nearest_others(list(by_author), embedder)
    found: list[PreferenceItem] = []
    for k, author in enumerate(authors):
        chance = random.Random(f"personalized judge|{seed}|{k}")
        other = len(rows) - 1 if LAST_ITEM in faults else chance.choice(by_author[nearest[author]])
        if texts[k] != texts[other]:
            a, b, letter = in_drawn_order(texts[k], texts[other], chance)
            found.append(PreferenceItem(f"answer {k + 1}", "", a, b, letter, {ALL: author}, "wrote", author))
    return found


def _question_and_answer(row: Mapping[str, Any], number: int) -> str:
    for name in ("question_asked", "response"):
        if not isinstance(row.get(name), str):
            raise InvalidInput(f"answer {number}", "a text", row.get(name), name)
    return f"Question: {row['question_asked'].strip()}\nAnswer: {row['response'].strip()}"


def nearest_others(texts: Sequence[str], embedder: Embedder | None = None) -> dict[str, str]:
    """For each of some different texts the most similar other one (cosine; the first of equals)."""
    import numpy as np

    from personarium.text.embed import load_embedder

    vectors = np.asarray((embedder or load_embedder()).embed(texts), dtype=np.float64)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    found: dict[str, str] = {}
    for start in range(0, len(texts), _AT_ONCE):
        alike = vectors[start : start + _AT_ONCE] @ vectors.T
        own = np.arange(len(alike))
        alike[own, own + start] = -np.inf
        found |= {texts[start + k]: texts[int(j)] for k, j in enumerate(alike.argmax(axis=1))}
    return found


# --- EC: which reaction did this person write? ---


def essay_pairs(
    essays: Iterable[Mapping[str, Any]],
    writers: Iterable[Mapping[str, Any]],
    articles: Iterable[Mapping[str, Any]],
    *,
    pairs: int = PAIRS_OF_AN_ARTICLE,
    most_articles: int = ARTICLES,
    least_difference: float = LEAST_DIFFERENCE,
    seed: int = 0,
    as_published: Published = False,
) -> list[PreferenceItem]:
    """Two reactions to one article by people who felt differently: empathy and distress both differ enough.

    Args:
        essays: ``article_id``, ``person_id``, ``person_essay``, ``person_empathy``, ``person_distress``.
        writers: ``person_id`` and the fields of the survey.
        articles: ``article_id`` and ``text``.
        pairs: The most pairs of an article.
        most_articles: The most articles.
        least_difference: In empathy and in distress.
        seed: Of the order, and of whose persona is shown.
        as_published: True or ``first-essay``: the persona is always that of the first essay, and both authors may have the
            same profile.

    Raises:
        InvalidInput: A feeling is no number, or a writer or article is not there.
    """
    faults = published_faults(as_published, _ERRATA)
    people = {_id(row, "person_id"): describe_user(_decoded(row), ESSAYS) for row in writers}
    texts = {_id(row, "article_id"): str(row.get("text") or "") for row in articles}
    by_article: dict[str, list[Mapping[str, Any]]] = {}
    for essay in essays:
        by_article.setdefault(_id(essay, "article_id"), []).append(essay)
    found: list[PreferenceItem] = []
    for article in list(by_article)[:most_articles]:
        if len(by_article[article]) > MOST_ESSAYS:
            raise InvalidInput(f"article {article}", f"at most {MOST_ESSAYS:,} essays", len(by_article[article]))
        if article not in texts:
            raise InvalidInput("essays", "an article that is there", article, "article_id")
        differing = (
            (k, one, two)
            for k, (one, two) in enumerate(itertools.combinations(by_article[article], 2))
            if all(_gap(one, two, name) >= least_difference for name in ("person_empathy", "person_distress"))
        )
        made = (_essay_pair(f"{article}/{k}", texts[article], (one, two), people, seed, FIRST_ESSAY in faults)
                for k, one, two in differing)  # fmt: skip
        found += list(itertools.islice((item for item in made if item is not None), pairs))
    return found


def _essay_pair(
    id: str,
    article: str,
    essays: tuple[Mapping[str, Any], Mapping[str, Any]],
    people: Mapping[str, str],
    seed: int,
    first_only: bool,
) -> PreferenceItem | None:
    chance = random.Random(f"personalized judge|{seed}|{id}")
    authors = [_id(essay, "person_id") for essay in essays]
    for author in authors:
        if author not in people:
            raise InvalidInput("essays", "a writer of the survey", author, "person_id")
    texts = [str(essay.get("person_essay") or "").strip() for essay in essays]
    if not all(texts) or texts[0] == texts[1] or (not first_only and people[authors[0]] == people[authors[1]]):
        return None
    own = 0 if first_only or chance.random() < 0.5 else 1
    a, b, letter = in_drawn_order(texts[own], texts[1 - own], chance)
    return PreferenceItem(id, article, a, b, letter, {ALL: people[authors[own]]}, "wrote", authors[own])


def _gap(one: Mapping[str, Any], two: Mapping[str, Any], name: str) -> float:
    return abs(_number(one, name) - _number(two, name))


def _number(row: Mapping[str, Any], name: str) -> float:
    try:
        return float(row[name])
    except (KeyError, TypeError, ValueError):
        raise InvalidInput("essays", "a number", row.get(name), name) from None


def _id(row: Mapping[str, Any], name: str) -> str:
    if row.get(name) in (None, ""):
        raise InvalidInput("essays, writers or articles", "an id", row.get(name), name)
    return _whole(row[name])


def _whole(value: Any) -> str:
    """``4``, ``4.0`` and ``"4.0"`` are the same code."""
    return str(value).strip().removesuffix(".0")


def _decoded(row: Mapping[str, Any]) -> dict[str, Any]:
    """A writer's row with words for the survey's numbers; a number without a meaning is missing."""
    words = {name: codes.get(_whole(row.get(name))) for name, codes in ESSAY_CODES.items()}
    return {**row, **words}
