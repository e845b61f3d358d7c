"""Names of files for ids and titles that come from anywhere: what is asked for is looked up, never joined to a path."""

from __future__ import annotations

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


def signature(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """What tells whether anything in a folder, or in the folders in it, has changed: names, times and sizes."""
    found: list[tuple[str, int, int]] = []
    for path in folder.rglob("*"):
        if not path.name.startswith("."):
            about = path.lstat()
            found.append((str(path.relative_to(folder)), about.st_mtime_ns, about.st_size))
    return tuple(sorted(found))
