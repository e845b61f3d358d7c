"""The talks that were kept in a workspace: one JSON Lines file each, looked up by name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from personarium.apps.workspace.names import check_title
from personarium.core.dialogue import Dialogue, iter_dialogues, save_dialogues
from personarium.core.errors import NotFound, PersonariumError, StorageError

ENDING = ".jsonl"


@dataclass(frozen=True, slots=True)
class DialogueRow:
    """One talk in a list.

    Args:
        name: Its file's name without the ending.
        turns: How many utterances it has.
        speakers: Who speaks in it.
        problem: Why it cannot be read.
    """

    name: str
    turns: int = 0
    speakers: tuple[str, ...] = ()
    problem: str = ""


class DialogueShelf:
    """A folder of talks.

    Args:
        folder: The folder; made when the first talk is put in.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """Every talk's name, the one that was changed last first."""
        if not self.folder.is_dir():
            return []
        files = [p for p in self.folder.glob(f"*{ENDING}") if p.is_file() and not p.is_symlink()]
        return [p.stem for p in sorted(files, key=lambda p: (-p.stat().st_mtime_ns, p.name))]

    def rows(self) -> list[DialogueRow]:
        """All talks, the one that was changed last first; one that cannot be read says why."""
        return [self._row(name) for name in self.names()]

    def get(self, name: str) -> Dialogue:
        """The talk of this name: the first dialogue of its file.

        Raises:
            NotFound: When there is none.
            InvalidInput: When the file cannot be read.
        """
        if name not in self.names():
            raise NotFound(f"there is no talk '{name}' here")
        path = self.folder / f"{name}{ENDING}"
        found = next(iter_dialogues(path), None)
        if found is None:
            raise NotFound(f"{path.name} holds no dialogue")
        return found

    def put(self, name: str, dialogue: Dialogue) -> Path:
        """Keep a talk under a name, which becomes its id; one of the same name is replaced.

        Raises:
            InvalidInput: When the name cannot be a file's.
            StorageError: When the disk refuses.
        """
        path = self.folder / f"{check_title(name, 'talk')}{ENDING}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{self.folder}: cannot be made ({error.strerror or error})") from error
        return save_dialogues([replace(dialogue, id=name)], path)

    def free_name(self, wanted: str) -> str:
        """The name, with a number behind it when it is taken."""
        taken, name, number = set(self.names()), wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted} {number}"
        return name

    def _row(self, name: str) -> DialogueRow:
        try:
            found = self.get(name)
        except PersonariumError as error:
            return DialogueRow(name, problem=str(error))
        return DialogueRow(name, len(found), found.speakers)
