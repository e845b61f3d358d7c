"""What is in a corpus: sizes, rates, traits by value; how varied and how true to traits responses are.

Source: personaldialog page, "Published figures", step 8 and "Works when" 1 and 7.
Differs: distinct-n is unique n-grams over all n-grams of all texts together. The third-party code divides the unique n-grams of
each text by its words and takes the mean over texts (erratum ``distinct-per-word``); the page says that it counts n-grams that
are not unique, which the code at hand does not.
Units: rates are utterances a session and utterances a speaker.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.make.personaldialog.data_format import Session
from personarium.text.distinct import blank_words, distinct_ngrams

ERRATA = ("distinct-per-word",)
PUBLISHED_TOTALS: Mapping[str, float] = {"sessions": 20.83e6, "utterances": 56.25e6, "speakers": 8.47e6}


@dataclass(frozen=True)
class CorpusReport:
    """Sizes of a corpus and its traits.

    Args:
        sessions: Number of sessions.
        utterances: Number of utterances.
        speakers: Number of different speakers who say something.
        traits: Trait -> value -> speakers who have it; each tag counts for itself.
        unknown: Trait -> speakers whose value is null or not recorded.
        conflicts: Speakers whose traits differ between sessions; their first ones count.
    """

    sessions: int
    utterances: int
    speakers: int
    traits: Mapping[str, Mapping[str, int]]
    unknown: Mapping[str, int]
    conflicts: tuple[str, ...] = ()

    @property
    def per_session(self) -> float | None:
        """Utterances a session."""
        return self.utterances / self.sessions if self.sessions else None

    @property
    def per_speaker(self) -> float | None:
        """Utterances a speaker."""
        return self.utterances / self.speakers if self.speakers else None

    def as_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "id": "corpus",
            "sessions": self.sessions,
            "utterances": self.utterances,
            "speakers": self.speakers,
            "utterances_per_session": self.per_session,
            "utterances_per_speaker": self.per_speaker,
            "traits": {name: dict(values) for name, values in self.traits.items()},
            "unknown": dict(self.unknown),
            "conflicts": list(self.conflicts),
        }


def corpus_report(sessions: Iterable[Session]) -> CorpusReport:
    """Count a corpus; one pass, and memory for its speakers only."""
    number = utterances = 0
    people: dict[str, Mapping[str, Any]] = {}
    speaking: set[str] = set()
    conflicts: dict[str, None] = {}
    for session in sessions:
        number += 1
        utterances += len(session.dialogue)
        speaking.update(u.speaker for u in session.dialogue)
        for who, traits in session.traits.items():
            if people.setdefault(who, traits) != traits:
                conflicts[who] = None
    counts, unknown = _trait_counts(people)
    return CorpusReport(number, utterances, len(speaking), counts, unknown, tuple(conflicts))


def _trait_counts(people: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    names = tuple(dict.fromkeys(name for traits in people.values() for name in traits))
    counts: dict[str, dict[str, int]] = {}
    unknown: dict[str, int] = {}
    for name in names:
        values = [traits.get(name) for traits in people.values()]
        known = [value for value in values if value is not None]
        each = (one for value in known for one in (value if isinstance(value, tuple) else (value,)))
        counts[name] = dict(sorted(Counter(each).items(), key=lambda pair: (-pair[1], pair[0])))
        unknown[name] = len(values) - len(known)
    return counts, unknown


def distinct_n(
    texts: Iterable[str],
    n: int,
    *,
    words: Callable[[str], Sequence[str]] = blank_words,
    as_published: Published = False,
) -> float | None:
    """Distinct-n of texts: unique n-grams / all n-grams, no n-gram across texts; None where there is none.

    Args:
        texts: The responses.
        n: Words an n-gram.
        words: How a text is cut; by default at blanks, lower case. Chinese wants a cutter of its own, or ``list``.
        as_published: True or ``distinct-per-word`` for the third-party figure: the mean over texts of unique n-grams /
            words of the text.

    Raises:
        InvalidInput: n below 1.
        UsageError: On an unknown erratum.
    """
    if not published_faults(as_published, ERRATA):
        return distinct_ngrams(texts, n, words=words).value
    each = [distinct_ngrams([text], n, words=words) for text in texts]
    shares = [one.unique / one.words for one in each if one.words]
    return sum(shares) / len(shares) if shares else None


def trait_accuracy(replies: Sequence[str], wanted: Sequence[str | None], read: Callable[[str], str | None]) -> Estimate:
    """Step 8: share of replies in which a classifier reads the given trait; speakers without the trait are left out.

    A reply that the classifier reads nothing in counts as wrong. High accuracy may mean that stereotypes are used: stand
    the sensitivity report beside it.

    Args:
        replies: One each.
        wanted: The trait's value, None where it is not known.
        read: The classifier: reply -> value, None for "cannot say".

    Raises:
        InvalidInput: Two different lengths.
    """
    from personarium.stats.intervals import wilson

    if len(replies) != len(wanted):
        raise InvalidInput("trait accuracy", "a value for each reply", f"{len(replies)} and {len(wanted)}")
    pairs = [(reply, value) for reply, value in zip(replies, wanted, strict=True) if value is not None]
    right = sum(read(reply) == value for reply, value in pairs)
    return wilson(right, len(pairs), "reply", missing=len(replies) - len(pairs))


def names_one_of(
    values: Sequence[str], words: Callable[[str], Sequence[str]] = blank_words
) -> Callable[[str], str | None]:
    """A classifier by rule: the one value of a trait that a reply names; None when it names none or several."""
    cut = {value: tuple(words(value)) for value in values}

    def read(reply: str) -> str | None:
        said = [word.strip(".,;:!?\"'()") for word in words(reply)]
        found = [value for value, wanted in cut.items() if wanted and _stands_in(wanted, said)]
        return found[0] if len(found) == 1 else None

    return read


def _stands_in(wanted: tuple[str, ...], said: Sequence[str]) -> bool:
    size = len(wanted)
    return any(tuple(said[k : k + size]) == wanted for k in range(len(said) - size + 1))
