"""What a judge has before it: one case for each response, dialogue, draft or statement of the prompt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from personarium.models.simulated.asked import has_part, part, parts
from personarium.models.simulated.reading import Fact, read_facts
from personarium.models.simulated.request import Request
from personarium.models.simulated.second_reader import turns

_PLAYERS = re.compile(r"\b(?:agent|assistant|character|persona|bot|model|ai|response|npc|player)\b", re.IGNORECASE)
_NUMBERED = re.compile(r"^[ \t]*(?:\(?\d{1,3}[.):\]]|[-*•])[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to be judged, with what belongs to it.

    Args:
        place: Its place among the cases, from 0.
        response: The text that is judged.
        question: What was asked of the speaker.
        facts: The facts of the persona that speaks.
        reference: A reference answer.
        rubric: The criterion.
        rules: Plain rules that a slot or draft must keep.
    """

    place: int
    response: str
    question: str = ""
    facts: tuple[Fact, ...] = ()
    reference: str = ""
    rubric: str = ""
    rules: str = ""


def cases_of(request: Request) -> list[Case]:
    """The cases of a prompt: a pair, the responses, the drafts or slots, or the speaker's side of a dialogue."""
    if has_part(request, "response_a", "response_b"):
        given: list[tuple[int | None, str]] = [(None, part(request, "response_a")), (None, part(request, "response_b"))]
    else:
        given = next((found for tag in ("response", "draft", "slot") if (found := parts(request, tag))), [])
    if given:
        return [_case(request, place, n, text) for place, (n, text) in enumerate(given)]
    return [_dialogue_case(request, place, n, text) for place, (n, text) in enumerate(parts(request, "dialogue"))]


def _case(request: Request, place: int, n: int | None, text: str) -> Case:
    return Case(
        place=place,
        response=text,
        question=_belonging(request, "question", n, place) or _partner(request, n),
        facts=facts_of(_belonging(request, "persona", n, place), memory_of(request)),
        reference=_belonging(request, "reference", n, place),
        rubric=_belonging(request, "rubric", n, place),
        rules=_belonging(request, "rules", n, place),
    )


def _belonging(request: Request, tag: str, n: int | None, place: int) -> str:
    """The block of a tag with the case's number; else the one at its place if there are several; else the only one."""
    found = parts(request, tag)
    if n is not None:
        same = [text for number, text in found if number == n]
        if same:
            return same[0]
    shared = [text for number, text in found if number is None]
    if shared:
        return shared[min(place, len(shared) - 1)] if len(shared) > 1 else shared[0]
    return found[min(place, len(found) - 1)][1] if found else ""


def _partner(request: Request, n: int | None) -> str:
    """The last turn of a dialogue that stands beside a response: what the response answers."""
    shown = turns(part(request, "dialogue", n) or part(request, "dialogue"))
    return shown[-1][1] if shown else ""


def _dialogue_case(request: Request, place: int, n: int | None, text: str) -> Case:
    facts = facts_of(_belonging(request, "persona", n, place), memory_of(request))
    spoken = turns(text)
    who = player(spoken, facts)
    return Case(
        place=place,
        response="\n".join(said for speaker, said in spoken if speaker == who),
        question="\n".join(said for speaker, said in spoken if speaker != who),
        facts=facts,
        reference=_belonging(request, "reference", n, place),
        rubric=_belonging(request, "rubric", n, place),
        rules=_belonging(request, "rules", n, place),
    )


def player(spoken: Sequence[tuple[str, str]], facts: Sequence[Fact]) -> str:
    """The speaker who plays the persona: named like it, else called agent, assistant, ..., else the last one."""
    speakers = list(dict.fromkeys(speaker for speaker, _ in spoken))
    names = {word.lower() for f in facts if f.key == "name" for word in f.value.split()}
    for speaker in speakers:
        if names & set(speaker.lower().split()):
            return speaker
    called = [s for s in speakers if _PLAYERS.search(s)]
    return called[0] if called else speakers[-1] if speakers else ""


def memory_of(request: Request) -> tuple[str, ...]:
    """The notes that add facts."""
    return tuple(text for _, text in parts(request, "memory")) if has_part(request, "memory") else ()


@lru_cache(maxsize=2048)
def facts_of(persona: str, memory: tuple[str, ...] = ()) -> tuple[Fact, ...]:
    """The valid facts of a persona text and notes, read once."""
    return tuple(read_facts(persona, memory)) if persona or memory else ()


def statements_of(request: Request) -> list[str]:
    """The statements to be checked, one for each block or for each numbered or single line."""
    found = [text for _, text in parts(request, "statements")]
    if len(found) != 1:
        return found
    listed = _NUMBERED.findall(found[0])
    return listed if len(listed) > 1 else [line.strip() for line in found[0].splitlines() if line.strip()]


def premise_of(request: Request) -> str:
    """What statements are checked against: response, dialogue, text, reference, memory, else the persona."""
    for tag in ("response", "dialogue", "text", "reference", "memory", "persona"):
        if has_part(request, tag):
            return "\n".join(text for _, text in parts(request, tag))
    return ""
