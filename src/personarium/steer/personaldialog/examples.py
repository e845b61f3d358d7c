"""Exchanges for training and asking: a question, a reply, and the traits of whoever replies, by number.

Source: personaldialog page, steps 2 and 4, "Works when" 1 (null has an embedding of its own and is never read as a value).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from personarium.core.errors import InvalidInput
from personarium.make.personaldialog.data_format import Session

TraitValues = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Example:
    """One exchange: the question, the reply, and the traits of whoever replies (None: not known)."""

    question: str
    reply: str
    traits: TraitValues


def examples_of(sessions: Iterable[Session], names: Sequence[str] = ("gender", "location", "tags")) -> list[Example]:
    """The last two utterances of each session, with the traits of whoever speaks last.

    Args:
        sessions: Those of a single utterance are left out: nobody asked.
        names: Traits that the model sees; of a list its first value counts, an empty one is null.
    """
    found = []
    for session in sessions:
        if len(session.dialogue) > 1:
            traits = session.traits[session.responder]
            values = {name: _single(traits.get(name)) for name in names}
            found.append(Example(session.dialogue[-2].text, session.response, values))
    return found


def _single(value: str | tuple[str, ...] | None) -> str | None:
    return next(iter(value), None) if isinstance(value, tuple) else value


class TraitVocabulary:
    """Trait values by number; a value that was never seen, and null, are two different numbers.

    Args:
        examples: Whose traits.

    Raises:
        InvalidInput: The examples do not all have the same traits.
    """

    def __init__(self, examples: Sequence[Example]) -> None:
        self.names: tuple[str, ...] = tuple(sorted(examples[0].traits)) if examples else ()
        if not self.names or any(set(e.traits) != set(self.names) for e in examples):
            raise InvalidInput("examples", "the same traits in each, at least one", self.names or "none", "traits")
        found = {name: dict.fromkeys(e.traits[name] for e in examples) for name in self.names}
        values = [(name, v) for name in self.names for v in sorted(x for x in found[name] if x is not None)]
        # Null is never a value: it has a number of its own for each trait, and so has a value nobody had in training.
        self._numbers: dict[tuple[str, str | None], int] = {}
        for place, name in enumerate(self.names):
            self._numbers[name, None] = 2 * place
        self.unseen = {name: 2 * place + 1 for place, name in enumerate(self.names)}
        for pair in values:
            self._numbers[pair] = 2 * len(self.names) + len(self._numbers) - len(self.names)
        self.size = 2 * len(self.names) + len(values)

    def encode(self, traits: TraitValues) -> list[int]:
        """The numbers of a speaker's values, in the order of the names; a trait that is left out is null."""
        return [self._numbers.get((name, traits.get(name)), self.unseen[name]) for name in self.names]
