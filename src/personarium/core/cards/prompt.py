"""A character card as chat messages, with a record of what every character of them comes from.

The system message holds the card's system prompt, its lore and who the character is; the history follows, with lore at its
depth; post-history instructions come last. Creator's notes, tags, creator and version never appear. Macros are replaced in
what the card says and nowhere else: what somebody said stays as it was said.

Source: Character Card V1 (magic strings, pruning of ``mes_example``), V2 (``system_prompt``, ``post_history_instructions``)
and V3 specifications (lorebook positions and depths, ``nickname``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from personarium.core.cards.lore import Activated, Active, Lorebook, drop_order
from personarium.core.cards.macros import Macros
from personarium.core.chat import Message, Role
from personarium.core.dialogue import OPENING_CUE, Dialogue
from personarium.core.tokens import estimate_tokens
from personarium.core.views import Rendered, Span

if TYPE_CHECKING:
    from personarium.core.cards.record import Card

USER = "User"
# The house's own system prompt: what {{original}} stands for, and what is sent when the card has none.
SYSTEM = (
    "Stay in character as {{char}}, talking with {{user}}: say only what {{char}} says and does next, "
    "and never speak for {{user}}."
)
CUT = "(What was said before this is left out.)"
_LABELS = {"personality": "Personality: ", "scenario": "Scenario: "}
_EXAMPLE = "Example conversation:\n"
_GAP = "\n\n"
_START = re.compile(r"<start>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Turn:
    """One chat message with its trace.

    Spans are named ``card.description`` and so on after the card's fields, ``card.mes_example.1`` and ``card.lorebook.3``
    counted from 1, ``dialogue.0`` after the utterance, and, as templates, ``character.…`` for fixed texts.
    """

    role: Role
    content: Rendered

    @property
    def message(self) -> Message:
        """The message as it is sent."""
        return {"role": self.role, "content": self.content.text}


@dataclass(frozen=True, slots=True)
class CardPrompt:
    """What a card's next turn is asked with.

    Args:
        turns: The messages, each with its trace.
        lore: What the lorebook's scan found.
        left_out: What did not fit, by the name its span would have, first left out first.
        tokens: Estimate for all messages, 4 characters a token.
    """

    turns: tuple[Turn, ...]
    lore: Activated
    left_out: tuple[str, ...]
    tokens: int

    @property
    def messages(self) -> list[Message]:
        """The messages as they are sent."""
        return [turn.message for turn in self.turns]


def card_prompt(
    card: Card,
    dialogue: Dialogue,
    speaker: str,
    *,
    user: str = USER,
    lorebook: Lorebook | None = None,
    greeting: int = 0,
    user_icon: str | None = None,
    seed: int = 0,
    instructions: str = "",
    max_tokens: int | None = None,
) -> CardPrompt:
    """The messages that ask a card's character for its next turn; a pure function of its arguments.

    Args:
        card: Who.
        dialogue: What was said so far; the character's own turns become assistant messages, all others user messages.
        speaker: The character's id in the dialogue.
        user: What ``{{user}}`` stands for.
        lorebook: The card's lorebook, made once with the same user and seed (:meth:`Lorebook.of`); None makes it now.
        greeting: Which greeting began the dialogue (0 is ``first_mes``).
        user_icon: Name of the user's icon, for ``@@is_user_icon``; None ignores that decorator.
        seed: Of random macros.
        instructions: What is said last in the system message; nobody's card, so macros are not replaced in it.
        max_tokens: Most tokens of all messages, by estimate; None for no limit. Left out are, in this order, examples (the
            last first), lore with ``@@ignore_on_max_context``, and the history but for its last message (the oldest first).
            What still is too much then is sent as it is: see ``tokens``.
    """
    lorebook = lorebook if lorebook is not None else Lorebook.of(card, user=user, seed=seed)
    lore = lorebook.scan(dialogue, speaker, greeting=greeting, user_icon=user_icon)
    turn = sum(utterance.speaker == speaker for utterance in dialogue)
    layout = _Layout(card, dialogue, speaker, lore, Macros(card.called, user, seed=seed, turn=turn), instructions)
    removed = 0 if max_tokens is None else _fewest(layout, max_tokens)
    turns = layout.turns(removed)
    return CardPrompt(turns, lore, layout.removable[:removed], _tokens(turns))


def split_examples(card: Card) -> tuple[str, ...]:
    """The example conversations of a card, macros as they stand."""
    return tuple(part.strip() for part in _START.split(card.text("mes_example")) if part.strip())


class _Piece(NamedTuple):
    source: str
    text: str
    kind: Literal["facet", "template"] = "facet"


@dataclass(frozen=True)
class _Layout:
    """Everything that goes into the messages, and how much of it may stay away."""

    card: Card
    dialogue: Dialogue
    speaker: str
    lore: Activated
    macros: Macros
    instructions: str

    @cached_property
    def removable(self) -> tuple[str, ...]:
        """What may be left out, in the order in which it is."""
        examples = [f"card.mes_example.{n}" for n in range(len(self.examples), 0, -1)]
        weak = drop_order(active for active in self.lore.entries if active.entry.said.ignore_on_max_context)
        history = [f"dialogue.{n}" for n in range(len(self.dialogue) - 1)]
        return (*examples, *(active.entry.source for active in weak), *history)

    @cached_property
    def examples(self) -> tuple[str, ...]:
        return split_examples(self.card)

    def turns(self, removed: int) -> tuple[Turn, ...]:
        """The messages without the first ``removed`` of what may be left out."""
        gone = frozenset(self.removable[:removed])
        system = rendered(_spaced(list(self._system(gone))))
        turns = [Turn("system", system)] if system.text else []
        turns += _merged(self._history(gone))
        last = rendered(self._last())
        return (*turns, Turn("system", last)) if last.text else tuple(turns)

    # -- the system message --------------------------------------------------------------------------------------------

    def _system(self, gone: frozenset[str]) -> Iterator[list[_Piece]]:
        """Its parts, each a list of pieces that stand together."""
        places = self._places(gone)
        if "system_prompt" not in self.lore.disabled:
            yield self._system_prompt()
        yield from places.get("before_char", [])
        yield from places.get("before_desc", [])
        yield self._field("description")
        yield from places.get("after_desc", [])
        for name in ("personality", "scenario"):
            yield self._field(name)
            yield from places.get(name, [])
        yield from places.get("after_char", [])
        for number, example in enumerate(self.examples, 1):
            source = f"card.mes_example.{number}"
            said = self.macros.expand(example)
            if source not in gone and said:
                yield [_Piece("character.example", _EXAMPLE, "template"), _Piece(source, said)]
        yield [_Piece("character.instructions", self.instructions.strip(), "template")]

    def _system_prompt(self) -> list[_Piece]:
        house = _Piece("character.system", self.macros.expand(SYSTEM), "template")
        said = self.card.text("system_prompt")
        return self._replacing(said, "card.system_prompt", [house]) if said.strip() else [house]

    def _field(self, name: str) -> list[_Piece]:
        said = self.macros.expand(self.card.text(name)).strip()
        label = _Piece(f"character.{name}", _LABELS.get(name, ""), "template")
        return [label, _Piece(f"card.{name}", said)] if said else []

    def _places(self, gone: frozenset[str]) -> dict[str, list[list[_Piece]]]:
        """Where in the system message which lore stands; what stands in the history is not among it."""
        places: dict[str, list[list[_Piece]]] = {}
        for active in self.lore.entries:
            place = self._place(active)
            if isinstance(place, str) and active.entry.source not in gone:
                places.setdefault(place, []).append([_Piece(active.entry.source, active.text.strip())])
        return places

    def _place(self, active: Active) -> str | int:
        """A place in the system message, or a depth in the history."""
        said = active.entry.said
        if said.position is not None and (said.position not in _LABELS or self._field(said.position)):
            return said.position
        return said.depth if said.depth is not None else active.entry.position

    # -- history and what follows it -----------------------------------------------------------------------------------

    def _history(self, gone: frozenset[str]) -> Iterator[tuple[Role, list[_Piece]]]:
        """The utterances with lore between them, and a cue where the character would speak first."""
        said = [n for n in range(len(self.dialogue)) if f"dialogue.{n}" not in gone]
        if not said or self.dialogue[said[0]].speaker == self.speaker:
            cut = bool(said and said[0])
            cue = ("character.cut", CUT) if cut else ("character.opening_cue", OPENING_CUE)
            yield "user", [_Piece(*cue, "template")]
        lore = self._at_depth(gone, len(said))
        crowd = len({*self.dialogue.speakers, self.speaker}) > 2
        for place, number in enumerate(said):
            yield from lore.get(place, [])
            utterance = self.dialogue[number]
            own = utterance.speaker == self.speaker
            name = f"{utterance.speaker}: " if crowd and not own else ""
            pieces = [_Piece("character.speaker", name, "template"), _Piece(f"dialogue.{number}", utterance.text)]
            yield "assistant" if own else "user", pieces
        yield from lore.get(len(said), [])

    def _at_depth(self, gone: frozenset[str], count: int) -> dict[int, list[tuple[Role, list[_Piece]]]]:
        """Lore by the message it stands before; depth 1 is the most recent message, below 1 is after it."""
        found: dict[int, list[tuple[Role, list[_Piece]]]] = {}
        for active in self.lore.entries:
            depth = self._place(active)
            if isinstance(depth, int) and active.entry.source not in gone:
                role = active.entry.said.role or "system"
                place = min(count, max(0, count - depth))
                found.setdefault(place, []).append((role, [_Piece(active.entry.source, active.text.strip())]))
        return found

    def _last(self) -> list[_Piece]:
        said = self.card.text("post_history_instructions")
        if "post_history_instructions" in self.lore.disabled:
            return []
        return self._replacing(said.strip(), "card.post_history_instructions", [])

    def _replacing(self, said: str, source: str, original: Sequence[_Piece]) -> list[_Piece]:
        """A prompt of the card's, with what ``{{original}}`` stands for as pieces of their own."""
        mark = _unused_character(said + self.macros.char + self.macros.user)
        if mark is None:
            whole = replace(self.macros, original="".join(piece.text for piece in original))
            return [_Piece(source, whole.expand(said).strip())]
        pieces: list[_Piece] = []
        for part in replace(self.macros, original=mark).expand(said).strip().split(mark):
            pieces += [*(original if pieces else ()), _Piece(source, part)]
        return pieces


def rendered(pieces: Sequence[_Piece]) -> Rendered:
    """Pieces as one text; empty ones have no span, neighbours of one source have one together."""
    spans: list[Span] = []
    at = 0
    for source, text, kind in pieces:
        if not text:
            continue
        start = at
        at += len(text)
        if spans and spans[-1].source == source:
            start = spans.pop().start
        spans.append(Span(start, at, source, kind))
    return Rendered("".join(piece.text for piece in pieces), tuple(spans))


def _spaced(parts: Sequence[list[_Piece]]) -> list[_Piece]:
    """Parts below one another; the empty line before a part belongs to its first piece."""
    out: list[_Piece] = []
    for part in parts:
        said = [piece for piece in part if piece.text]
        if said and out:
            said[0] = said[0]._replace(text=_GAP + said[0].text)
        out += said
    return out


def _merged(messages: Iterator[tuple[Role, list[_Piece]]]) -> list[Turn]:
    """Neighbours of one role as one message, joined by a line break as :meth:`Dialogue.seen_by` does."""
    joined: list[tuple[Role, list[_Piece]]] = []
    for role, pieces in messages:
        if joined and joined[-1][0] == role:
            first = next((n for n, piece in enumerate(pieces) if piece.text), len(pieces) - 1)
            pieces[first] = pieces[first]._replace(text="\n" + pieces[first].text)
            joined[-1][1].extend(pieces)
        else:
            joined.append((role, pieces))
    return [Turn(role, rendered(pieces)) for role, pieces in joined]


def _fewest(layout: _Layout, max_tokens: int) -> int:
    """How much has to be left out so that the rest fits; everything that may be, when nothing less is enough."""
    low, high = 0, len(layout.removable)
    while low < high:
        middle = (low + high) // 2
        if _tokens(layout.turns(middle)) <= max_tokens:
            high = middle
        else:
            low = middle + 1
    return low


def _tokens(turns: Sequence[Turn]) -> int:
    return sum(estimate_tokens(turn.content.text) for turn in turns)


def _unused_character(text: str) -> str | None:
    """A character for private use that the text does not have; None when it has them all."""
    used = set(text)
    return next((chr(code) for code in range(0xE000, 0xF900) if chr(code) not in used), None)
