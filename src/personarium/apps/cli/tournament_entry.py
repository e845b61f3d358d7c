"""Who takes part in ``personarium tournament``, what they answer, and what is compared: from options to records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personarium.apps.cli.session import read_personas
from personarium.core.errors import UsageError

PUBLISHED = "published"
# What is compared when nobody says what.
OVERALL = "Which response is the better answer?"
IN_CHARACTER = "Which response is more what this character would say, in content and in manner?"


@dataclass(frozen=True)
class Entry:
    """Who takes part, before any model is opened.

    Args:
        contexts: What all answer.
        ready: Answers that are there; then there are no players.
        players: (contestant, prompt, persona, model or agent, whether it is an agent).
        persona: Whom all play, or None.
    """

    contexts: Any
    ready: Any
    players: tuple[tuple[str, str, Any, str, bool], ...]
    persona: Any

    @property
    def names(self) -> list[str]:
        """The contestants."""
        return [p[0] for p in self.players] or list(dict.fromkeys(r.contestant for r in self.ready))

    @property
    def told(self) -> str | None:
        """What the judge is told of the persona."""
        return None if self.persona is None else self.persona.view("card").text


def read_entry(given: Mapping[str, Any]) -> Entry:
    """What the options name.

    Raises:
        UsageError: Nobody, one contestant only, or options that do not go together.
    """
    from personarium.measure.prompt_tournament import check_contestants

    entry = _entry(given)
    check_contestants(entry.names)  # before a folder is made
    return entry


def _entry(given: Mapping[str, Any]) -> Entry:
    from personarium.measure.prompt_tournament import read_contexts, read_responses

    who = _only_persona(given["persona"])
    playing = [name for name in ("prompt", "character", "model", "agent", "contexts") if given[name]]
    if given["answers"] is not None:
        if playing:
            raise UsageError(f"--{playing[0]} asks for answers, and {given['answers']} holds them; give one of the two")
        contexts, ready = read_responses(given["answers"])
        return Entry(contexts, ready, (), who)
    if given["contexts"] is None:
        raise UsageError(
            "give a file of answers, or --contexts with who answers them (--prompt, --character, --model, --agent)"
        )
    return Entry(read_contexts(given["contexts"]), (), tuple(_players(given, who)), who)


def _only_persona(source: str | None) -> Any:
    if source is None:
        return None
    people = read_personas(source, None)
    if len(people) != 1:
        raise UsageError(f"--persona is the one character that all play, found {len(people)}; see --character")
    return people[0]


def _players(given: Mapping[str, Any], who: Any) -> list[tuple[str, str, Any, str, bool]]:
    """Every prompt with every character and every model, named by what differs; and the agents."""
    prompts = [one for source in given["prompt"] for one in _prompts(source)]
    people = [(p.name or p.id, p) for source in given["character"] for p in read_personas(source, None)]
    if people and who is not None:
        raise UsageError("--persona is whom all play, --character who takes part; give one of the two")
    models = given["model"] or (["simulated"] if prompts or people or not given["agent"] else [])
    found = [
        (" / ".join(part for part in (p[0], c[0], m if len(models) > 1 else "") if part) or m, p[1], c[1], m, False)
        for p in prompts or [("", "")]
        for c in people or [("", who)]
        for m in models
    ]
    for target in given["agent"]:
        name, named, place = target.partition("=")
        found.append((name, "", who, place, True) if named else (target, "", who, target, True))
    return found


def _prompts(source: str) -> list[tuple[str, str]]:
    from personarium.core.files import existing, read_text
    from personarium.measure.prompt_tournament import TEMPLATES, template_text

    if source == PUBLISHED:
        return [(name, template_text(name)) for name in TEMPLATES]
    name, named, text = source.partition("=")
    place = Path(text if named else source)
    if named and (len(text.split()) > 2 or not place.suffix):
        return [(name, text)]
    return [(name if named else place.stem, read_text(existing(place), "a system prompt").strip())]


def dimensions_of(criteria: Sequence[str], prompts: Sequence[str], in_character: bool) -> Any:
    """What is compared; where nobody says what, the study's three for its six prompts, else one question."""
    from personarium.measure.prompt_tournament import DIMENSIONS, Dimension

    if list(criteria) == [PUBLISHED] or (not criteria and PUBLISHED in prompts):
        return DIMENSIONS
    if not criteria:
        return (Dimension("character", IN_CHARACTER) if in_character else Dimension("overall", OVERALL),)
    found = []
    for text in criteria:
        name, named, question = text.partition("=")
        if not named:
            raise UsageError(f"--criterion wants NAME=QUESTION or '{PUBLISHED}', found '{text}'")
        found.append(Dimension(name.strip(), question.strip()))
    return tuple(found)
