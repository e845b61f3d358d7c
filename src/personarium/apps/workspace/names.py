"""Names of files for ids and titles that come from anywhere: what is asked for is looked up, never joined to a path."""

from __future__ import annotations

import os
import re
from hashlib import blake2b
from pathlib import Path

from personarium.core.errors import InvalidInput

_LENGTH = 60
_TITLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,79}")


def file_stem(id: str) -> str:
    """A file name without ending for an id: the id itself where it is plain, else a readable part of it and a hash."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", id.casefold()).strip("-")[:_LENGTH]
    if plain == id:
        return plain
    return f"{plain or 'persona'}-{blake2b(id.encode('utf-8', 'surrogatepass'), digest_size=4).hexdigest()}"


def check_title(title: str, what: str) -> str:
    """A title that may name a file as it is.

    Raises:
        InvalidInput: When it is empty, longer than 80 characters, begins with a dot or holds anything but letters,
            digits, blanks, dots, dashes and underscores.
    """
    if not _TITLE.fullmatch(title) or title != title.strip():
        raise InvalidInput(what, "letters, digits, blanks, dots, dashes and underscores (at most 80)", title, "name")
    return title


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Time and size of every file in a folder and in the folders in it: what tells whether anything has changed."""
    found: dict[str, tuple[int, int]] = {}
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    about = entry.stat(follow_symlinks=False)
                    found[entry.path] = (about.st_mtime_ns, about.st_size)
    return found
