"""Echo: does a reply repeat the utterance before it?

Source: SPASM (arXiv 2604.09212), spasm page, point 8: share of the reply's word 4-grams (lower-cased, split at blanks) that
occur in the utterance before it, and the cosine of their embeddings; a dialogue echoes if 3 consecutive replies exceed 0.5, or
the role audit found a role swap.
Differs: the definitions are the laboratory's; the paper checked echoing by hand. Units: shares in [0, 1]; a reply of fewer
than 4 words has no overlap (missing, not 0), and it breaks a row of echoing replies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from personarium.core.dialogue import Dialogue
from personarium.core.results import Failure, Scale, Score
from personarium.play.role_audit import Audit
from personarium.text.similarity import echo_overlap

if TYPE_CHECKING:
    from personarium.text.embed import Embedder

SCALE = Scale(0.0, 1.0, higher_is_better=False, unit="share of 4-grams")
THRESHOLD = 0.5  # spasm page, point 8
CONSECUTIVE = 3  # replies, same place


@dataclass(frozen=True, slots=True)
class Pair:
    """A reply and the utterance before it.

    Args:
        turn: Place of the reply in the dialogue, from 0.
        speaker: Who replies.
        overlap: Share of the reply's 4-grams found before; None for a reply of fewer than 4 words.
        cosine: Of the two embeddings; None when no embedder was given.
    """

    turn: int
    speaker: str
    overlap: float | None
    cosine: float | None = None


def echo_pairs(dialogue: Dialogue, embedder: Embedder | None = None) -> list[Pair]:
    """Every reply with the utterance before it; replies are turns whose speaker is another one than before."""
    said = dialogue.utterances
    near = _cosines([u.text for u in said], embedder)
    return [
        Pair(k, said[k].speaker, echo_overlap(said[k].text, said[k - 1].text), near[k - 1] if near else None)
        for k in range(1, len(said))
        if said[k].speaker != said[k - 1].speaker
    ]


def dialogue_echo(
    dialogue: Dialogue, speaker: str | None = None, embedder: Embedder | None = None, audit: Audit | None = None
) -> Score:
    """How much one speaker, or everybody, echoes in a dialogue.

    Args:
        dialogue: The whole dialogue.
        speaker: Whose replies; None for all.
        embedder: Adds the cosines; without it they are not measured.
        audit: The role audit of this dialogue; its ``role_swap`` flags the dialogue whatever the overlap.

    Returns:
        Mean overlap over the replies that have one, with every reply's as parts. ``detail`` says whether the dialogue is
        flagged (``echoes``), its longest row of echoing replies and the mean cosine.
    """
    pairs = [p for p in echo_pairs(dialogue, embedder) if speaker is None or p.speaker == speaker]
    overlaps = [p.overlap for p in pairs if p.overlap is not None]
    longest = longest_row([p.overlap for p in pairs])
    cosines = [p.cosine for p in pairs if p.cosine is not None]
    swap = audit is not None and audit.category == "role_swap"
    detail: dict[str, Any] = {
        "echoes": longest >= CONSECUTIVE or swap,
        "longest_row": longest,
        "role_swap": swap if audit is not None and audit.failure is None else None,
        "mean_cosine": sum(cosines) / len(cosines) if cosines else None,
    }
    failures = tuple(
        Failure("missing", "a reply of fewer than 4 words has no overlap", f"{dialogue.id}/{p.turn}")
        for p in pairs
        if p.overlap is None
    )
    parts = {f"turn {p.turn}": p.overlap for p in pairs}
    value = sum(overlaps) / len(overlaps) if overlaps else None
    if not pairs:
        failures = (Failure("missing", "there is no reply", dialogue.id),)
    return Score(value, SCALE, parts, failures, dialogue.id, detail)


def longest_row(overlaps: Sequence[float | None], threshold: float = THRESHOLD) -> int:
    """The most consecutive replies whose overlap exceeds the threshold."""
    best = row = 0
    for overlap in overlaps:
        row = row + 1 if overlap is not None and overlap > threshold else 0
        best = max(best, row)
    return best


def _cosines(texts: Sequence[str], embedder: Embedder | None) -> list[float]:
    """Cosine of each text with the one after it."""
    if embedder is None or len(texts) < 2:
        return []
    rows = embedder.embed(texts)
    products = (rows[:-1] * rows[1:]).sum(axis=1)  # rows have length 1
    return [float(value) for value in products.clip(-1.0, 1.0)]
