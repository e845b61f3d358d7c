"""Finding a quotation in a text: the very words, whatever the blanks, the case and the kind of quotation marks."""

from __future__ import annotations

from bisect import bisect_right

from personarium.judges.extraction.record import Place

_SAME = {
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "–": "-", "—": "-", "‹": "<",
}  # fmt: skip
_OUTSIDE = " \"'.…,;:"


class QuoteFinder:
    """A text prepared for finding many quotations in it.

    Args:
        text: What quotations are looked for in.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        folded: list[str] = []
        self._at: list[int] = []  # place in the text of every character of the folded text
        for at, char in enumerate(text):
            plain = " " if char.isspace() else _fold(char)
            if plain != " " or (folded and folded[-1] != " "):
                folded.append(plain)
                self._at.append(at)
        self._folded = "".join(folded)

    def find(self, quote: str, start: int = 0, end: int | None = None) -> Place | None:
        """Where the quotation stands, in characters of the text; None when it does not.

        Whole words only: "ice" is not found in "police". Quotation marks and points around the quotation are forgiven.

        Args:
            quote: The words.
            start: Where to begin looking.
            end: Where to stop.
        """
        wanted = " ".join("".join(_fold(c) for c in quote).split()).strip(_OUTSIDE)
        if not any(c.isalnum() for c in wanted):
            return None
        at, stop = bisect_right(self._at, start - 1), len(self._folded)
        if end is not None:
            stop = bisect_right(self._at, end - 1)
        while (found := self._folded.find(wanted, at, stop)) >= 0:
            if self._whole(found, found + len(wanted)):
                return self._at[found], self._at[found + len(wanted) - 1] + 1
            at = found + 1
        return None

    def _whole(self, start: int, end: int) -> bool:
        text = self._folded
        before = start > 0 and text[start - 1].isalnum() and text[start].isalnum()
        after = end < len(text) and text[end].isalnum() and text[end - 1].isalnum()
        return not before and not after


def _fold(char: str) -> str:
    lower = char.lower()
    return _SAME.get(char, lower if len(lower) == 1 else char)
