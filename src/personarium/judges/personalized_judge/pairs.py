"""Pairs out of rated replies and surveys: whose answer is right is known, who stands first is drawn.

Source: personalized-judge page, step 2 (PRISM, OpinionQA), "Works when" 5 and Traps (arXiv 2406.11657).
Differs: every draw depends on the seed and the item's own id, so that leaving out one reply changes no other item. The judge's
own family is left out for every family, Llama too (``llama-own-family``); tie items show their own texts
(``stale-tie-texts``); exactly the wanted number of items is built (``one-more``); every eligible survey question is asked
(``first-question``).
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput
from personarium.judges.personalized_judge.items import Letter, PreferenceItem
from personarium.judges.personalized_judge.personas import KEPT_NAN, OPINION_QA, PRISM, personas_of
from personarium.text.json_reading import literal

LLAMA_FAMILY, STALE_TIES, ONE_MORE, FIRST_QUESTION = (
    "llama-own-family",
    "stale-tie-texts",
    "one-more",
    "first-question",
)
ITEMS, GAP, RESPONDENTS, MOST_OPTIONS = 1000, 10.0, 200, 3
PUBLISHED_FAMILIES = ("gpt", "claude", "command")
FAMILIES = (
    *PUBLISHED_FAMILIES,
    "llama",
    "mistral",
    "gemini",
    "palm",
    "qwen",
    "flan",
    "zephyr",
    "pythia",
    "luminous",
    "falcon",
)
_PAIR_ERRATA = (LLAMA_FAMILY, STALE_TIES, ONE_MORE, FIRST_QUESTION, KEPT_NAN)


@dataclass(frozen=True, slots=True)
class RatedReply:
    """One reply of several to the same message, with the user's score from 0 to 100."""

    text: str
    model: str
    score: float


@dataclass(frozen=True, slots=True)
class RatedTurn:
    """One message of a user with the replies that were rated.

    Args:
        id: Of the turn.
        user: Who rated.
        question: What the user wrote.
        replies: In the order of the file.
        personas: Variant -> persona of the user.
    """

    id: str
    user: str
    question: str
    replies: tuple[RatedReply, ...]
    personas: Mapping[str, str] = field(default_factory=dict)


def family_of(model: str, families: Sequence[str] = FAMILIES) -> str:
    """The family that a model's name shows; empty where it shows none."""
    name = model.lower()
    return next((family for family in families if family in name), "")


def speaks_of_itself(text: str) -> bool:
    """Whether a reply gives away that a machine wrote it, by the three published words ("AI" in capitals anywhere)."""
    lower = text.lower()
    return "AI" in text or "language model" in lower or "chatbot" in lower


# --- PRISM ---


def prism_turns(utterances: Iterable[Mapping[str, Any]], survey: Iterable[Mapping[str, Any]]) -> list[RatedTurn]:
    """The first turns of PRISM's conversations.

    Args:
        utterances: Rows of ``utterances.jsonl``; those of later turns are left out.
        survey: Rows of ``survey.jsonl``: the users.

    Raises:
        InvalidInput: A field is missing, a score is no number, or a user is not in the survey.
    """
    people = {str(_field(row, "user_id", "survey")): personas_of(row, PRISM) for row in survey}
    turns: dict[str, tuple[str, str, list[RatedReply]]] = {}
    for row in utterances:
        if _field(row, "turn", "utterances") != 0:
            continue
        id = str(_field(row, "interaction_id", "utterances"))
        score = _field(row, "score", id)
        if isinstance(score, bool) or not isinstance(score, (int, float)):
            raise InvalidInput(f"utterances, {id}", "a number", score, "score")
        user = str(_field(row, "user_id", id))
        if user not in people:
            raise InvalidInput(f"utterances, {id}", "a user of the survey", user, "user_id")
        turn = turns.setdefault(id, (user, str(_field(row, "user_prompt", id)), []))
        reply = str(_field(row, "model_response", id))
        turn[2].append(RatedReply(reply, str(_field(row, "model_name", id)), float(score)))
    return [RatedTurn(id, user, q, tuple(replies), people[user]) for id, (user, q, replies) in turns.items()]


def _field(row: Mapping[str, Any], name: str, where: str) -> Any:
    if name not in row:
        raise InvalidInput(
            where, f"a field of that name (the keys are {', '.join(sorted(map(str, row))[:20])})", None, name
        )
    return row[name]


def rated_pairs(
    turns: Iterable[RatedTurn],
    judge: str,
    *,
    ties: bool = False,
    items: int = ITEMS,
    gap: float = GAP,
    seed: int = 0,
    as_published: Published = False,
) -> list[PreferenceItem]:
    """The best-rated reply of each turn against another one, drawn at random.

    Args:
        turns: With their replies.
        judge: The judge's model name; replies of its own family are left out.
        ties: Keep pairs under the gap, with truth ``C``, instead of dropping them.
        items: The most items.
        gap: By how much the best one must lead.
        seed: Of the draws.
        as_published: True or ids out of ``llama-own-family``, ``stale-tie-texts`` and ``one-more``.
    """
    faults = published_faults(as_published, _PAIR_ERRATA)
    own = family_of(judge, PUBLISHED_FAMILIES if LLAMA_FAMILY in faults else FAMILIES)
    wanted = items + (ONE_MORE in faults)
    found: list[PreferenceItem] = []
    for turn in turns:
        if len(found) >= wanted:
            break
        item = _rated_pair(turn, own, ties, gap, seed)
        if item is not None:
            stale = item.truth == "C" and STALE_TIES in faults and found
            found.append(_shown_again(item, found[-1]) if stale else item)
    return found


def _rated_pair(turn: RatedTurn, own: str, ties: bool, gap: float, seed: int) -> PreferenceItem | None:
    kept = [r for r in turn.replies if not (own and own in r.model.lower()) and not speaks_of_itself(r.text)]
    if len(kept) < 2:
        return None
    chance = random.Random(f"personalized judge|{seed}|{turn.id}")
    best, *others = sorted(kept, key=lambda reply: -reply.score)
    rejected = chance.choice(others)
    close = best.score < rejected.score + gap
    if best.text == rejected.text or (close and not ties) or not (best.text.strip() and rejected.text.strip()):
        return None
    a, b, letter = in_drawn_order(best.text, rejected.text, chance)
    return PreferenceItem(turn.id, turn.question, a, b, "C" if close else letter, turn.personas, "prefers", turn.user)


def _shown_again(item: PreferenceItem, before: PreferenceItem) -> PreferenceItem:
    """As published: a tie item with the texts of the item before it."""
    return PreferenceItem(item.id, item.question, before.a, before.b, "C", item.personas, item.kind, item.user)


def in_drawn_order(right: str, wrong: str, chance: random.Random) -> tuple[str, str, Letter]:
    """Text A, text B and the letter of the right one."""
    return (right, wrong, "A") if chance.random() < 0.5 else (wrong, right, "B")


# --- OpinionQA ---


def survey_pairs(
    survey: str,
    questions: Iterable[Mapping[str, Any]],
    responses: Sequence[Mapping[str, Any]],
    *,
    respondents: int = RESPONDENTS,
    as_published: Published = False,
) -> list[PreferenceItem]:
    """Survey questions with two real answers: which one did this respondent give?

    Args:
        survey: Name of the survey, for the ids.
        questions: Rows of ``info.csv``: ``key``, ``question``, ``option_mapping`` (number -> answer).
        responses: Rows of ``responses.csv``: demographic fields and one column for each key.
        respondents: The most respondents of each question.
        as_published: True or ids: ``first-question`` asks only the first eligible question of the survey, ``one-more``
            takes one respondent more, ``kept-nan`` keeps what is missing in the smaller personas.

    Raises:
        InvalidInput: ``option_mapping`` is no mapping.
    """
    faults = published_faults(as_published, _PAIR_ERRATA)
    found: list[PreferenceItem] = []
    for row in questions:
        options = _options(row, survey)
        if options is None:
            continue
        found += _answers(survey, row, options, responses, respondents, faults)
        if FIRST_QUESTION in faults:
            break
    return found


def _options(row: Mapping[str, Any], survey: str) -> tuple[str, str] | None:
    """The answers of options 1 and 2, of a question with at most three listed ones."""
    mapping = literal(str(_field(row, "option_mapping", survey)))
    if not isinstance(mapping, dict):
        raise InvalidInput(f"{survey}, {row.get('key')}", "a mapping of number and answer", mapping, "option_mapping")
    by_number = {float(k): str(v) for k, v in mapping.items() if isinstance(k, (int, float)) or str(k).isdecimal()}
    first, second = by_number.get(1.0), by_number.get(2.0)
    if len(mapping) > MOST_OPTIONS or not first or not second or first == second:
        return None
    return first, second


def _answers(
    survey: str,
    row: Mapping[str, Any],
    options: tuple[str, str],
    responses: Sequence[Mapping[str, Any]],
    respondents: int,
    faults: Collection[str],
) -> list[PreferenceItem]:
    key, question = str(_field(row, "key", survey)), str(_field(row, "question", survey))
    found: list[PreferenceItem] = []
    for number, person in enumerate(responses):
        if len(found) >= respondents + (ONE_MORE in faults):
            break
        given = person.get(key)
        if given not in options:
            continue
        personas = personas_of(person, OPINION_QA, kept_nan=KEPT_NAN in faults)
        letter: Letter = "A" if given == options[0] else "B"
        id = f"{survey}/{key}/{number}"
        found.append(PreferenceItem(id, question, *options, letter, personas, "answers", f"{survey}/{number}"))
    return found
