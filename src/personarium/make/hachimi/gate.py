"""The similarity gate over written students: 64-bit SimHash of seven joined fields.

Source: hachimi page, step 8. The paper calls it semantic and gives a formula, sign(W phi(x)); the code hashes character 3-grams,
so that it is lexical: the same said in other words passes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from personarium.make.hachimi.published import REFILL_OTHER_BAR, TOP_BLOCK_ONLY
from personarium.make.hachimi.schema import Record, StudentSchema
from personarium.text.near_duplicates import BAR, NearDuplicateGate, near_pairs, simhash

COMPARED = ("grade", "gender", "personality", "values", "social", "creativity", "health")
OTHER_BAR = "|"


def compared_text(record: Record, schema: StudentSchema, bar: str = BAR) -> str:
    """What is compared: the seven fields joined by a full-width bar; a list is joined by blanks."""
    found = (record.get(schema.keys[field], "") for field in COMPARED)
    return bar.join(" ".join(map(str, value)) if isinstance(value, list) else str(value) for value in found)


class StudentGate:
    """Accepts students that are not nearly one that was accepted before; checking and accepting is one atomic step.

    Args:
        schema: Whose keys the records have.
        threshold: Largest Hamming distance that is too near, 0 to 3.
        faults: ``refill-other-bar``: students of an earlier session are hashed with an ASCII bar, and so not recognised.
    """

    def __init__(self, schema: StudentSchema, threshold: int = 3, faults: Collection[str] = ()) -> None:
        self.schema = schema
        self._refill_bar = OTHER_BAR if REFILL_OTHER_BAR in faults else BAR
        self._gate = NearDuplicateGate(threshold)

    def __len__(self) -> int:
        return len(self._gate)

    def accept(self, key: int, record: Record) -> int | None:
        """Accept a student and return None, or return the key of the nearest one accepted before."""
        return self.accept_text(key, compared_text(record, self.schema))

    def accept_text(self, key: int, text: str) -> int | None:
        """As :meth:`accept` for a joined text; an empty one is accepted and not stored."""
        if not text:
            return None
        near = self._gate.offer(key, simhash(text))
        return near if isinstance(near, int) else None

    def refill(self, records: Iterable[Record]) -> None:
        """Accept again what an earlier session accepted."""
        for record in records:
            self.accept_text(int(record[self.schema.keys["id"]]), compared_text(record, self.schema, self._refill_bar))


def near_duplicates(
    fingerprints: list[int], threshold: int = 3, faults: Collection[str] = ()
) -> list[tuple[int, int, int]]:
    """All pairs of places within the threshold, as (first, second, distance).

    Differs: the published search compares only items that share the top 16 bits, so that its count is a lower bound
    (``top-block-only``); any pair within 3 shares one of the four blocks.
    """
    pairs = near_pairs(fingerprints, threshold)
    if TOP_BLOCK_ONLY in faults:
        return [pair for pair in pairs if fingerprints[pair[0]] >> 48 == fingerprints[pair[1]] >> 48]
    return pairs
