"""A profile: five texts with what they were made from, its prompts for any combination of S, P and C, and its files.

Source: spectrum page, "Takes and gives" and "Data formats".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.core.files import read_text, replacing
from personarium.core.persona import Persona
from personarium.core.published import SPECTRUM_PARTS, persona_from_spectrum
from personarium.core.results import Failure, count_failures
from personarium.make.spectrum.questionnaires import TraitScore
from personarium.make.spectrum.social import SocialList, read_social

# The parts of each letter, in the order in which prompts show them.
LETTERS: Mapping[str, tuple[str, ...]] = {
    "S": ("S",),
    "P": ("P_personality", "P_value"),
    "C": ("C_behavior", "C_lovehate"),
}
COMBINATIONS = ("S", "P", "C", "SP", "SC", "PC", "SPC")
HEADINGS: Mapping[str, str] = {
    "S": "Who I am in society",
    "P_personality": "Personality",
    "P_value": "Values",
    "C_behavior": "A typical weekday and weekend",
    "C_lovehate": "Loves and hates",
}
LARGEST_PART = 2**20  # bytes of one stored text


def combination(letters: str) -> str:
    """The canonical name of a combination: CS and SC are one.

    Raises:
        UsageError: Another letter than S, P and C, one twice, or none.
    """
    given = letters.strip().upper()
    if not given or len(set(given)) < len(given) or not set(given) <= set(LETTERS):
        raise UsageError(f"a combination has each of S, P and C at most once, at least one of them; found '{letters}'")
    return "".join(letter for letter in LETTERS if letter in given)


@dataclass(frozen=True)
class Profile:
    """An individual in three grounded parts.

    Args:
        id: Stable id.
        name: What the person is called; no part shows it.
        parts: Part (``S``, ``P_personality``, ``P_value``, ``C_behavior``, ``C_lovehate``) -> text.
        personality: Exact scores; the published profiles keep none.
        values: Exact scores.
        series: Where a figure is from, for Guess Who.
        failures: Parts that could not be made, and why.
    """

    id: str
    name: str
    parts: Mapping[str, str]
    personality: tuple[TraitScore, ...] = ()
    values: tuple[TraitScore, ...] = ()
    series: str = ""
    failures: tuple[Failure, ...] = field(default=())

    def __post_init__(self) -> None:
        unknown = [part for part in self.parts if part not in SPECTRUM_PARTS]
        if unknown:
            raise InvalidInput(f"profile {self.id}", f"parts among {', '.join(SPECTRUM_PARTS)}", unknown[0], "parts")

    @property
    def social(self) -> SocialList:
        """The social identity, read."""
        return read_social(self.parts.get("S", ""))

    def missing(self, letters: str = "SPC") -> tuple[str, ...]:
        """The parts of a combination that are not there."""
        return tuple(p for letter in combination(letters) for p in LETTERS[letter] if not self.parts.get(p))

    def text(self, letters: str = "SPC") -> str:
        """The parts of a combination under their headings, each once.

        Raises:
            UsageError: A part of it is not there.
        """
        gone = self.missing(letters)
        if gone:
            raise UsageError(f"profile {self.id} has no {', '.join(gone)}; {combination(letters)} cannot be shown")
        shown = [part for letter in combination(letters) for part in LETTERS[letter]]
        return "\n\n".join(f"{HEADINGS[part]}\n{self.parts[part]}" for part in shown)

    def persona(self, letters: str = "SPC") -> Persona:
        """The parts of a combination as a persona record that can be played, measured and saved.

        The exact scores stand in ``provenance``.
        """
        gone = self.missing(letters)
        if gone:
            raise UsageError(f"profile {self.id} has no {', '.join(gone)}; {combination(letters)} cannot be shown")
        shown = {p: self.parts[p] for letter in combination(letters) for p in LETTERS[letter]}
        persona = persona_from_spectrum(shown, id=self.id, name=self.name)
        scores = {"personality": [s.as_dict() for s in self.personality], "values": [s.as_dict() for s in self.values]}
        kept = {key: listed for key, listed in scores.items() if listed}
        return replace(persona, provenance={**persona.provenance, "combination": combination(letters), **kept})

    def as_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "id": self.id,
            "name": self.name,
            "parts": dict(self.parts),
            "personality": [s.as_dict() for s in self.personality],
            "values": [s.as_dict() for s in self.values],
            "failures": count_failures(self.failures),
        }


def load_profile(folder: str | Path, number: int) -> Profile:
    """Read one stored profile, all five files of it.

    Differs: :func:`personarium.core.published.load_spectrum` takes whatever parts there are; this one wants all.

    Raises:
        NotFound: Naming the files that are missing, with the id.
        InvalidInput: A file that is empty, too large or no text.
    """
    paths = {part: Path(folder) / f"{number}_{part}.txt" for part in SPECTRUM_PARTS}
    gone = [path.name for path in paths.values() if not path.is_file()]
    if gone:
        raise NotFound(f"{folder}: profile {number} lacks {', '.join(gone)}")
    texts = {part: read_text(path, f"part {part} of a profile", LARGEST_PART).strip() for part, path in paths.items()}
    return Profile(f"spectrum-{number}", "", texts)


def load_profiles(folder: str | Path) -> list[Profile]:
    """Read every stored profile of a folder, by number.

    Raises:
        NotFound: When there is none, or one lacks a file.
    """
    numbers = {
        int(p.name.partition("_")[0]) for p in Path(folder).glob("*_*.txt") if p.name.partition("_")[0].isdecimal()
    }
    if not numbers:
        raise NotFound(f"{folder}: no SPeCtrum profile; expected 0_S.txt and its siblings")
    return [load_profile(folder, number) for number in sorted(numbers)]


def save_profile(profile: Profile, folder: str | Path, number: int) -> list[Path]:
    """Write the five files of a profile; what is written is read by :func:`load_profile`.

    Raises:
        UsageError: A part is missing.
        StorageError: The disk refuses.
    """
    if profile.missing():
        raise UsageError(f"profile {profile.id} has no {', '.join(profile.missing())} and cannot be stored")
    written = []
    for part in SPECTRUM_PARTS:
        path = Path(folder) / f"{number}_{part}.txt"
        with replacing(path) as scratch:
            scratch.write_text(profile.parts[part] + "\n", encoding="utf-8")
        written.append(path)
    return written
