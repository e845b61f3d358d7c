"""A user's copy of the data set: where its files lie, and what was found in them.

Source: prodigy page, "Data formats". Nothing is shipped: the repository states no licence, and the terms of the Cornell
Movie-Dialogs Corpus apply as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from personarium.core.dialogue import Dialogue
from personarium.core.errors import NotFound, UsageError
from personarium.make.prodigy.characters import Characters, load_characters
from personarium.make.prodigy.dialogues import DialogueFile, load_dialogues, targets_of
from personarium.make.prodigy.partitions import Partitions, Protocol, load_partitions
from personarium.make.prodigy.views import Profile

CHARACTERS, DIALOGUES = "characters.json", "prodigy_dataset.json"
_FOLDERS = ("", "dataset", "experimental_partitions")


@dataclass(frozen=True)
class Dataset:
    """Everything that was found.

    Args:
        folder: Where it was looked for.
        characters: The annotated characters.
        file: The dialogues and how their file was read; None where there is none.
        targets: Dialogue id -> the annotated characters that speak in it.
        partitions: Protocol -> published partitions, where the files are there.
    """

    folder: Path
    characters: Characters
    file: DialogueFile | None = None
    targets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    partitions: dict[Protocol, Partitions] = field(default_factory=dict)

    @property
    def dialogues(self) -> dict[str, Dialogue]:
        """By id; raises UsageError where the file is not there."""
        if self.file is None:
            raise UsageError(f"{self.folder}: {DIALOGUES} is not there, and this needs the dialogues")
        return self.file.dialogues

    def said_by(self) -> dict[str, list[Dialogue]]:
        """Character id -> the dialogues it speaks in."""
        found: dict[str, list[Dialogue]] = {id: [] for id in self.characters}
        for id, people in self.targets.items():
            for who in people:
                found[who].append(self.dialogues[id])
        return found

    def profiles(self) -> dict[str, Profile]:
        """Character id -> profile with all four views."""
        return {id: Profile.of(self.characters[id], talks) for id, talks in self.said_by().items()}

    def report(self) -> list[tuple[str, str]]:
        """What was found, in words."""
        counts = self.characters.statistics()
        lines = [
            ("characters", f"{counts.characters:,} of {counts.films:,} films"),
            ("gender", ", ".join(f"{name} {count}" for name, count in counts.genders.items())),
            ("personality types", f"{len(counts.types)}"),
            ("sentences of a biography", f"{counts.sentences[0]:.3f} (sd {counts.sentences[1]:.3f})"),
            ("tokens of a sentence", f"{counts.tokens[0]:.2f} (sd {counts.tokens[1]:.2f})"),
            ("paraphrase lists of another length", ", ".join(self.characters.mismatched) or "none"),
            ("not a sentence, left out", ", ".join(self.characters.left_out) or "none"),
        ]
        lines += [
            (f"{name} split", " / ".join(f"{n:,}" for n in parts.sizes)) for name, parts in self.partitions.items()
        ]
        found = ["none"] if self.file is None else self.file.report()
        return [*lines, *(("dialogue file", line) for line in found)]


def load_dataset(path: str | Path) -> Dataset:
    """Read a copy of the repository, or of its folder ``dataset``, or a file of characters alone.

    Raises:
        NotFound: There are no characters.
        InvalidInput: Naming file and field.
    """
    path = Path(path)
    if path.is_file():
        return Dataset(path.parent, load_characters(path))
    characters = _find(path, CHARACTERS)
    if characters is None:
        raise NotFound(f"{path}: no {CHARACTERS} in it or in its folder dataset")
    people, talks = load_characters(characters), _find(path, DIALOGUES)
    file = None if talks is None else load_dialogues(talks)
    targets = {} if file is None else targets_of(file.dialogues, people)
    return Dataset(path, people, file, targets, _partitions(path))


def _partitions(path: Path) -> dict[Protocol, Partitions]:
    names: tuple[Protocol, ...] = ("inter", "intra")
    found = {name: _find(path, f"{name}_character_partitions.json") for name in names}
    return {name: load_partitions(file) for name, file in found.items() if file is not None}


def _find(path: Path, name: str) -> Path | None:
    places = [path / folder / name for folder in _FOLDERS] + [path.parent / _FOLDERS[2] / name]
    return next((place for place in places if place.is_file()), None)
