"""The tree of human attributes: 12 categories, groups, leaves; loading, checking, and which leaves need care.

Source: deeppersona page, stage 1 and "Data formats". Differs: the published trees carry no licence, so this one is the
project's own (``data/taxonomy.toml``, Apache-2.0); top keys that are stray spellings of one of the 12 categories are merged
into it (``nineteen-categories`` keeps them apart).
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput
from personarium.core.files import existing, parse_json, read_text

# The first six in the order in which the official code fills them; the others after them (six-categories leaves them empty).
CATEGORIES = (
    "Demographic Information",
    "Career and Work Identity",
    "Core Values, Beliefs, and Philosophy",
    "Lifestyle and Daily Routine",
    "Cultural and Social Context",
    "Hobbies, Interests, and Lifestyle",
    "Education and Learning",
    "Psychological and Cognitive Aspects",
    "Emotional and Relational Skills",
    "Relationships and Social Networks",
    "Physical and Health Characteristics",
    "Media Consumption and Engagement",
)
CAREER = "Career and Work Identity"
HOBBIES = "Hobbies, Interests, and Lifestyle"
STRAY = "nineteen-categories"
MAX_BYTES, MAX_LEAVES, MAX_DEPTH, LONGEST_NAME = 32 * 2**20, 100_000, 8, 80
ALIKE = 90  # rapidfuzz ratio from which a top key is a spelling of a category
# A name goes into the keys of a reply form and into prompts: no dots (they join paths), no brackets, no line breaks.
_NAME = re.compile(r"[^\s.<>{}\[\]\"\\|\x00-\x1f](?:[^.<>{}\[\]\"\\|\x00-\x1f]*[^\s.<>{}\[\]\"\\|\x00-\x1f])?")


@dataclass(frozen=True)
class Taxonomy:
    """Attributes of people as paths.

    Args:
        paths: The leaves, dots between the steps, category first, in order.
        sensitive: Kind of sensitive data -> paths or beginnings of paths.
        adult: Why -> paths or beginnings of paths that are not for anybody under 18.
        where: File or origin, for messages.
    """

    paths: tuple[str, ...]
    sensitive: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    adult: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    where: str = "taxonomy"

    def __post_init__(self) -> None:
        for path in self.paths:
            check_path(path, self.where)
        if not self.paths or len(set(self.paths)) < len(self.paths) or len(self.paths) > MAX_LEAVES:
            raise InvalidInput(self.where, f"1 to {MAX_LEAVES:,} attributes, none twice", f"{len(self.paths):,}")
        inner = {step for path in self.paths for step in _above(path)}
        both = next((path for path in self.paths if path in inner), None)
        if both is not None:
            raise InvalidInput(self.where, "a leaf without attributes below it", both)

    @cached_property
    def by_category(self) -> dict[str, tuple[str, ...]]:
        """Category -> its leaves: the 12 in their order of filling, then others as they come."""
        found: dict[str, list[str]] = {}
        for path in self.paths:
            found.setdefault(category_of(path), []).append(path)
        order = [name for name in CATEGORIES if name in found] + [name for name in found if name not in CATEGORIES]
        return {name: tuple(found[name]) for name in order}

    @cached_property
    def depths(self) -> dict[int, int]:
        """Number of leaves at each depth; a leaf directly under its category has depth 2."""
        return dict(sorted(Counter(path.count(".") + 1 for path in self.paths).items()))

    @cached_property
    def nodes(self) -> int:
        """All nodes, leaves and inner ones."""
        return len({step for path in self.paths for step in (path, *_above(path))})

    @cached_property
    def _kinds(self) -> dict[str, str]:
        return {start: kind for kind, starts in self.sensitive.items() for start in starts}

    @cached_property
    def _adult(self) -> frozenset[str]:
        return frozenset(start for starts in self.adult.values() for start in starts)

    def sensitive_kind(self, path: str) -> str:
        """Which kind of sensitive data a leaf is, "" for none."""
        return next((self._kinds[step] for step in (path, *_above(path)) if step in self._kinds), "")

    def adult_only(self, path: str) -> bool:
        """Whether a leaf is not for anybody under 18."""
        return any(step in self._adult for step in (path, *_above(path)))

    def only(self, paths: Iterable[str]) -> Taxonomy:
        """The same tree with these leaves alone."""
        kept = set(paths)
        return Taxonomy(tuple(p for p in self.paths if p in kept), self.sensitive, self.adult, self.where)

    def tree(self) -> dict[str, Any]:
        """Nested objects, a leaf an empty one: the published form."""
        top: dict[str, Any] = {}
        for path in self.paths:
            node = top
            for step in path.split("."):
                node = node.setdefault(step, {})
        return top

    @classmethod
    def from_tree(cls, tree: Any, where: str = "taxonomy", as_published: Published = False) -> Taxonomy:
        """Read nested objects in which a leaf is an empty object.

        Raises:
            InvalidInput: Naming ``where`` and the path: not an object, a name that cannot be one, too deep, too many.
        """
        faults = published_faults(as_published, {STRAY})
        if not isinstance(tree, Mapping) or not tree:
            raise InvalidInput(where, "an object: category -> attributes", tree)
        found = dict.fromkeys(_leaves(tree, "", where, 1))
        if STRAY not in faults:
            found = dict.fromkeys(_folded(path) for path in found)
        inner = {step for path in found for step in _above(path)}
        return cls(tuple(path for path in found if path not in inner), where=where)


def category_of(path: str) -> str:
    """The first step of a path."""
    return path.partition(".")[0]


def leaf_name(path: str) -> str:
    """The last step of a path."""
    return path.rpartition(".")[2]


def words_of(path: str) -> str:
    """A path as words, for embeddings and prompts."""
    return path.replace(".", " > ")


def check_path(path: str, where: str) -> None:
    """Refuse what is no path of at least two names.

    Raises:
        InvalidInput: Naming ``where``.
    """
    steps = path.split(".")
    if not 2 <= len(steps) <= MAX_DEPTH:
        raise InvalidInput(where, f"a path of 2 to {MAX_DEPTH} steps with dots between", path)
    for step in steps:
        check_name(step, where, path)


def check_name(name: object, where: str, path: str) -> None:
    """Refuse a name that a prompt or a path could not carry.

    Raises:
        InvalidInput: Naming ``where`` and the path.
    """
    if not isinstance(name, str) or len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
        expected = f"a name of 1 to {LONGEST_NAME} characters without dots, quotes, bars and brackets"
        raise InvalidInput(where, expected, name, path or None)


def nearest_category(name: str) -> str:
    """The one of the 12 categories that a name is a spelling of; the name itself when it is none."""
    from rapidfuzz import fuzz

    from personarium.text.similarity import letters_and_digits

    plain = letters_and_digits(name.replace("&", "and"))
    scores = [(fuzz.ratio(plain, letters_and_digits(category)), category) for category in CATEGORIES]
    best = max(scores, key=lambda pair: pair[0])
    return best[1] if best[0] >= ALIKE else name


def load_taxonomy(path: str | Path | None = None, as_published: Published = False) -> Taxonomy:
    """The project's own tree, or one from a JSON file of nested objects.

    Args:
        path: The file; None for the own tree with its lists of sensitive and adult attributes.
        as_published: ``nineteen-categories`` keeps stray top keys of a file apart.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file and path.
    """
    if path is None:
        return _own()
    path = existing(path)
    data = parse_json(read_text(path, "an attribute tree as JSON", MAX_BYTES), str(path))
    tree = Taxonomy.from_tree(data, str(path), as_published)
    own = _own()  # what it has in common with the own tree needs the same care
    return Taxonomy(tree.paths, own.sensitive, own.adult, str(path))


@lru_cache(maxsize=1)
def _own() -> Taxonomy:
    tree = tomllib.loads(read_data("taxonomy.toml"))
    paths = [
        f"{category}.{group}.{leaf}"
        for category, groups in tree.items()
        for group, listed in groups.items()
        for leaf in split_list(listed)
    ]
    care = tomllib.loads(read_data("sensitive.toml"))
    sensitive, adult = ({kind: tuple(listed) for kind, listed in care[name].items()} for name in ("sensitive", "adult"))
    return Taxonomy(tuple(paths), sensitive, adult, "taxonomy.toml")


def read_data(name: str) -> str:
    """A file of this system's data as text."""
    return (files("personarium.make.deeppersona") / "data" / name).read_text(encoding="utf-8")


def split_list(text: str) -> list[str]:
    """The parts of a list with ``;`` between, stripped."""
    return [part.strip() for part in text.split(";") if part.strip()]


def _above(path: str) -> Iterator[str]:
    """The paths above a path, nearest first."""
    while "." in path:
        path = path.rpartition(".")[0]
        yield path


def _leaves(node: Mapping[str, Any], above: str, where: str, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        raise InvalidInput(where, f"at most {MAX_DEPTH} levels", "more", above)
    for name, below in node.items():
        path = f"{above}.{name}" if above else str(name)
        check_name(name, where, path)
        if not isinstance(below, Mapping):
            raise InvalidInput(where, "an object (empty for a leaf)", below, path)
        if below:
            yield from _leaves(below, path, where, depth + 1)
        elif depth > 1:
            yield path


def _folded(path: str) -> str:
    category, _, rest = path.partition(".")
    return f"{_nearest_kept(category)}.{rest}"


@lru_cache(maxsize=4096)
def _nearest_kept(category: str) -> str:
    return nearest_category(category)
