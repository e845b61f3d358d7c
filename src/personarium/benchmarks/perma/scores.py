"""How good what a memory fetched is: greedy token matching against the gold dialogues.

Source: perma page, step 11: BERTScore F1 (English, no rescaling).
Differs: BERTScore takes contextual vectors of roberta-large from a model hub. Here the same greedy match runs over one
vector a word of any :class:`~personarium.text.embed.Embedder`; words have the same vector wherever they stand. The
number is therefore **not** the published one and only comparable with itself; a real BERTScore is passed in as a
callable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from personarium.benchmarks.perma.records import Session
from personarium.text.embed import Embedder, StaticEmbedder, cosine
from personarium.text.tokenise import words

Scorer = Callable[[str, str], float | None]
MOST_WORDS = 4_000  # different words of a text that are compared; the rest is left out


def token_f1(candidate: str, reference: str, embedder: Embedder | None = None) -> float | None:
    """F1 of greedy token matching.

    Precision is the mean, over the candidate's words, of the best cosine with a word of the reference; recall the other
    way round.

    Args:
        candidate: What was fetched.
        reference: The gold dialogues.
        embedder: One vector for each word.

    Returns:
        At most 1; 0 for an empty candidate; None without a reference.
    """
    theirs, gold = (Counter(dict(Counter(words(text)).most_common(MOST_WORDS))) for text in (candidate, reference))
    if not gold:
        return None
    if not theirs:
        return 0.0
    used = embedder or StaticEmbedder()
    table = cosine(used.embed(list(theirs)), used.embed(list(gold)))
    precision = _mean(table.max(axis=1).tolist(), theirs)
    recall = _mean(table.max(axis=0).tolist(), gold)
    return 0.0 if precision + recall <= 0 else 2 * precision * recall / (precision + recall)


def _mean(best: Sequence[float], counts: Counter[str]) -> float:
    return sum(value * count for value, count in zip(best, counts.values(), strict=True)) / counts.total()


def gold_text(sessions: Sequence[Session], *, cut: bool = False) -> str:
    """The gold dialogues as the user, the judge and the F1 see them.

    Args:
        sessions: The sessions that show the preferences.
        cut: Whether each loses its last message, as published (erratum ``gold-cut``).
    """
    return "\n\n".join(
        f"Conversation {k} ({session.date}):\n"
        + "\n".join(f"{m['role']}: {m['content']}" for m in (session.messages[:-1] if cut else session.messages))
        for k, session in enumerate(sessions, 1)
    )
