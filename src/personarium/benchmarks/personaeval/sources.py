"""Where own items come from: scripts of named characters, and talks whose speakers have a profile but no name.

Source: personaeval page, "Works when" 7; the names are invented here, so that none can be known to a judge.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from personarium.benchmarks.personaeval.builder import Work
from personarium.core.chat_logs import read_log_text
from personarium.core.dialogue import Dialogue, Utterance
from personarium.core.errors import InvalidInput, UsageError
from personarium.core.files import existing, parse_json, parse_yaml, read_text

if TYPE_CHECKING:
    from personarium.make.synthetic_persona_chat.data_format import Conversation

MOST_SCRIPT = 16 * 2**20
Scene = tuple[Dialogue, Mapping[str, str]]
"""A talk, and the profile of each of its speakers."""


@lru_cache(maxsize=1)
def invented_names() -> tuple[str, ...]:
    """Names of nobody, each one word, none the beginning of another."""
    text = (files("personarium.benchmarks.personaeval") / "data" / "names.txt").read_text(encoding="utf-8")
    return tuple(text.split())


def read_script(path: str | Path, profiles: Mapping[str, str]) -> Work:
    """A work from a screenplay-like text: lines ``NAME: utterance``, scenes parted by ``=== title ===``.

    Args:
        path: The text; its name without ending becomes the work's id.
        profiles: Name -> profile.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It is no such text.
    """
    path = existing(path)
    return script_work(path.stem, read_text(path, "a script with lines NAME: utterance", MOST_SCRIPT), profiles)


def script_work(id: str, text: str, profiles: Mapping[str, str]) -> Work:
    """As :func:`read_script`, for a text at hand."""
    return Work(id, dict(profiles), tuple(found.dialogue for found in read_log_text(text, format="script")))


def read_profiles(path: str | Path) -> dict[str, str]:
    """Profiles of characters: one JSON or YAML object, name -> text.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It is no such object.
    """
    path = existing(path)
    text = read_text(path, "an object of names and profiles")
    found = parse_json(text, str(path)) if path.suffix.lower() == ".json" else parse_yaml(text, str(path))
    if not isinstance(found, dict) or not found:
        raise InvalidInput(str(path), "an object of names and profiles", found)
    for name, profile in found.items():
        if not isinstance(name, str) or not isinstance(profile, str):
            raise InvalidInput(str(path), "a text for each name", profile, str(name))
    return found


def works_of_scenes(scenes: Sequence[Scene], id: str = "talks", size: int = 8, seed: int = 0) -> list[Work]:
    """Works from talks whose speakers have profiles but no names: so many talks a work, and a name for every profile.

    Args:
        scenes: The talks; a speaker without a profile can only speak first.
        id: Begins the works' ids.
        size: Talks of one work.
        seed: Which names they get.

    Raises:
        UsageError: More speakers a work than there are names.
    """
    if size < 1:
        raise UsageError(f"a work has at least one talk, found {size}")
    return [
        _work(f"{id}-{number:04d}", scenes[start : start + size], seed)
        for number, start in enumerate(range(0, len(scenes), size))
    ]


def _work(id: str, scenes: Sequence[Scene], seed: int) -> Work:
    people = [(number, speaker) for number, (talk, _) in enumerate(scenes) for speaker in talk.speakers]
    if len(people) > len(invented_names()):
        raise UsageError(f"there are {len(invented_names())} names, and a work here has {len(people)} speakers")
    drawn = random.Random(f"names|{seed}|{id}").sample(invented_names(), len(people))
    called = dict(zip(people, drawn, strict=True))
    profiles = {
        called[number, speaker]: talk_profiles[speaker]
        for number, (talk, talk_profiles) in enumerate(scenes)
        for speaker in talk.speakers
        if speaker in talk_profiles
    }
    talks = tuple(
        Dialogue(talk.id, [Utterance(called[number, one.speaker], one.text) for one in talk])
        for number, (talk, _) in enumerate(scenes)
    )
    return Work(id, profiles, talks)


def persona_chat_scenes(conversations: Iterable[Conversation]) -> list[Scene]:
    """Scenes of Synthetic-Persona-Chat; conversations with a flagged oddity (placeholders, stray lines) are left out."""
    kept = [one for one in conversations if not one.flags and one.first and one.second]
    return [(one.dialogue(), {"User 1": " ".join(one.first), "User 2": " ".join(one.second)}) for one in kept]
