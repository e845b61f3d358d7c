"""The paths of statements about people, what they are called in texts, and the words that tell one kind from another."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

_NO_LETTERS = re.compile(r"[^\w]+")
_FAVOURITE = re.compile(r"(?:most )?(?:favou?rite|best[- ]loved|preferred) ")
MOST_KEY_CHARACTERS = 60
_WORK_ENDINGS = re.compile(r"(?:(?<=[^e])er|or|ist|ian|eer|man|woman|wright|smith|keeper|maker|tender)\Z")


@dataclass(frozen=True, slots=True)
class Path:
    """A place in the tree.

    Args:
        path: Its name; the last step is what views turn into a sentence (``social.age``).
        names: What texts call it, lower case.
        several: Whether more than one value may hold at a time.
        about: What belongs there, in a few words.
    """

    path: str
    names: tuple[str, ...]
    several: bool
    about: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All paths, and the word lists by name."""

    paths: Mapping[str, Path]
    names: Mapping[str, str]
    words: Mapping[str, frozenset[str]]


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The vocabulary, loaded on first use from ``vocabulary.toml``."""
    table = tomllib.loads((files(__package__) / "vocabulary.toml").read_text(encoding="utf-8"))
    paths = {
        path: Path(path, tuple(row["names"]), row.get("several", False), row["about"])
        for path, row in table["paths"].items()
    }
    names = {name: path for path, row in paths.items() for name in (*row.names, path.rpartition(".")[2])}
    return Vocabulary(paths, names, {name: frozenset(text.split()) for name, text in table["words"].items()})


def path_of(name: str) -> str | None:
    """The path that a text calls by this name (``Favourite book`` is ``tastes.book``); None when it is none of ours."""
    plain = " ".join(name.lower().replace("_", " ").split())
    known = vocabulary().names
    return known.get(plain) or known.get(_FAVOURITE.sub("", plain))


def path_for(name: str) -> str:
    """The path for a name: one of ours, else the name itself as a step of its own (``shoe_size``)."""
    return path_of(name) or _NO_LETTERS.sub("_", name.lower()).strip("_")[:MOST_KEY_CHARACTERS] or "note"


def own_path(path: str) -> str | None:
    """The path of ours that a facet's path means: itself, or a bare name of it (``age`` is ``social.age``); else None.

    A path under another branch (``friend.age``) is about somebody or something else and is none of ours.
    """
    if path in vocabulary().paths:
        return path
    return None if "." in path else path_of(path)


def is_word(word: str, kind: str) -> bool:
    """Whether a word is in one of the lists, whatever its case."""
    return word.lower().strip("'’") in vocabulary().words[kind]


def is_work(noun: str) -> bool:
    """Whether a noun names what somebody does for a living: in the list, or by its ending."""
    word = noun.lower().rpartition("-")[2].strip("'’")
    words = vocabulary().words
    if word in words["occupations"]:
        return True
    if word in words["no_occupations"] or word in words["demonyms"] or word in words["religions"] or len(word) < 5:
        return False
    return _WORK_ENDINGS.search(word) is not None
