"""PRODIGy's characters: gender, personality and a biography with two paraphrases, as the real file has them.

Source: prodigy page, "Data formats" and counts (D), computed on ``dataset/characters.json`` of the repository. One list there
holds an empty list in place of a sentence: such entries are left out and named, and the lists count as of different length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personarium.core.dialogue import Dialogue
from personarium.core.errors import InvalidInput
from personarium.core.facets import Facet
from personarium.core.files import existing, parse_json, read_text
from personarium.core.persona import DESCRIPTION, Persona
from personarium.core.published import demonstrations

GENDERS = ("male", "female")
MBTI_PAIRS = (("extrovert", "introvert"), ("sensor", "intuitive"), ("thinker", "feeler"), ("perceiver", "judger"))
LARGEST_FILE = 64 * 2**20  # bytes; the real one has 0.9 MB
LONGEST_SENTENCE = 5_000  # characters
_LISTS = ("biography", "paraphrasis_1", "paraphrasis_2")


@dataclass(frozen=True, slots=True)
class Character:
    """One annotated character.

    Args:
        id: Its speaker id in the Cornell corpus (``u0``).
        name: As in the script.
        movie_id: Of the film.
        movie_name: The film's title.
        gender: ``male`` or ``female``.
        mbti: Four words, one of each of :data:`MBTI_PAIRS`; a coarse label from crowd sites, not a measurement.
        biography: First-person sentences.
        paraphrases: Two other wordings of the biography.
        aligned: Whether all three lists have the same length in the file, so that sentence i is paraphrase i.
    """

    id: str
    name: str
    movie_id: str
    movie_name: str
    gender: str
    mbti: tuple[str, str, str, str]
    biography: tuple[str, ...]
    paraphrases: tuple[tuple[str, ...], tuple[str, ...]]
    aligned: bool = True

    @property
    def personality(self) -> str:
        """The four words as the file writes them."""
        return ", ".join(self.mbti)

    def persona(self, dialogues: Sequence[Dialogue] = ()) -> Persona:
        """The character as a persona; what it says in ``dialogues`` becomes its demonstrations."""
        facets = [
            Facet("", "demographic.gender", self.gender),
            Facet("", "personality.mbti", self.personality),
            *(Facet("", DESCRIPTION, sentence) for sentence in self.biography),
        ]
        return Persona(
            self.id,
            self.name,
            ("character",),
            facets=tuple(facets),
            demonstrations=demonstrations(dialogues, self.id),
            provenance={"dataset": "PRODIGy", "movie_id": self.movie_id, "movie_name": self.movie_name},
            licence="none stated by the data set",
        )


@dataclass(frozen=True)
class Statistics:
    """What a file of characters comes to; standard deviations are those of the population (divided by n).

    Args:
        characters: How many.
        films: Different films.
        genders: Gender -> count.
        types: Four words -> count, most frequent first.
        sentences: Mean and standard deviation of sentences a biography.
        sentence_range: Fewest and most.
        tokens: Mean and standard deviation of blank-separated tokens a sentence.
    """

    characters: int
    films: int
    genders: Mapping[str, int]
    types: Mapping[str, int]
    sentences: tuple[float, float]
    sentence_range: tuple[int, int]
    tokens: tuple[float, float]


@dataclass(frozen=True)
class Characters(Mapping[str, Character]):
    """Characters by id, in the order of the file.

    Args:
        by_id: The characters.
        mismatched: Ids whose paraphrase lists have another length than the biography.
        left_out: Where something stood in place of a sentence (``u7372 paraphrasis_1[9]``).
    """

    by_id: Mapping[str, Character]
    mismatched: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def __getitem__(self, id: str) -> Character:
        return self.by_id[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_id)

    def __len__(self) -> int:
        return len(self.by_id)

    def statistics(self) -> Statistics:
        """The counts of the page's figures (D).

        Raises:
            InvalidInput: There are no characters.
        """
        people = list(self.by_id.values())
        if not people:
            raise InvalidInput("characters", "at least one character", "none")
        lengths = [len(one.biography) for one in people]
        tokens = [len(sentence.split()) for one in people for sentence in one.biography]
        return Statistics(
            characters=len(people),
            films=len({one.movie_id for one in people}),
            genders={gender: sum(one.gender == gender for one in people) for gender in GENDERS},
            types=dict(Counter(one.personality for one in people).most_common()),
            sentences=_spread(lengths),
            sentence_range=(min(lengths), max(lengths)),
            tokens=_spread(tokens),
        )


def _spread(values: Sequence[int]) -> tuple[float, float]:
    import statistics

    return statistics.fmean(values), statistics.pstdev(values)


def load_characters(path: str | Path) -> Characters:
    """Read ``characters.json``.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, character and field.
    """
    path = existing(path)
    data = parse_json(read_text(path, "a JSON object of characters", LARGEST_FILE), str(path))
    if not isinstance(data, dict):
        raise InvalidInput(str(path), "an object: speaker id -> character", data)
    left_out: list[str] = []
    people = {id: _character(id, row, str(path), left_out) for id, row in data.items()}
    mismatched = tuple(id for id, one in people.items() if not one.aligned)
    return Characters(people, mismatched, tuple(left_out))


def _character(id: str, row: object, where: str, left_out: list[str]) -> Character:
    if not isinstance(row, dict):
        raise InvalidInput(where, "a character: a JSON object", row, id)
    if row.get("gender") not in GENDERS:
        raise InvalidInput(where, " or ".join(GENDERS), row.get("gender"), f"{id}.gender")
    lists = [_sentences(row, name, id, where, left_out) for name in _LISTS]
    if not lists[0]:
        raise InvalidInput(where, "at least one sentence", row.get("biography"), f"{id}.biography")
    biography, first, second = lists
    return Character(
        id=id,
        **{name: _text(row, name, id, where) for name in ("movie_id", "movie_name")},
        name=_text(row, "character_name", id, where),
        gender=row["gender"],
        mbti=_mbti(row.get("mbti"), id, where),
        biography=biography,
        paraphrases=(first, second),
        aligned=len({len(row[name]) for name in _LISTS}) == 1,
    )


def _text(row: Mapping[str, Any], name: str, id: str, where: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(where, "a text", value, f"{id}.{name}")
    return value.strip()


def _sentences(row: Mapping[str, Any], name: str, id: str, where: str, left_out: list[str]) -> tuple[str, ...]:
    values = row.get(name)
    if not isinstance(values, list):
        raise InvalidInput(where, "a list of sentences", values, f"{id}.{name}")
    kept = []
    for place, value in enumerate(values):
        if value in ("", []):  # as u7372 of the published file
            left_out.append(f"{id} {name}[{place}]")
        elif not isinstance(value, str) or len(value) > LONGEST_SENTENCE:
            raise InvalidInput(
                where, f"a sentence of at most {LONGEST_SENTENCE:,} characters", value, f"{id}.{name}[{place}]"
            )
        else:
            kept.append(value.strip())
    return tuple(kept)


def _mbti(value: object, id: str, where: str) -> tuple[str, str, str, str]:
    words = [word.strip().lower() for word in value.split(",")] if isinstance(value, str) else []
    if len(words) != 4 or any(word not in pair for word, pair in zip(words, MBTI_PAIRS, strict=True)):
        pairs = ", ".join("|".join(pair) for pair in MBTI_PAIRS)
        raise InvalidInput(where, f"four words ({pairs})", value, f"{id}.mbti")
    return (words[0], words[1], words[2], words[3])
