"""Keys of the draws that must not move when only the order of printed options moves."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from personarium.models.simulated.request import Request

_WORD = re.compile(r"[^\W\d_]{2,}")


@lru_cache(maxsize=2048)
def _bag(text: str) -> str:
    return _digest(" ".join(sorted(_WORD.findall(text.lower()))))


@lru_cache(maxsize=2048)
def _exact(text: str) -> str:
    return _digest(text)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def unordered(request: Request, *parts: str) -> str:
    """The occasion without the order of what is printed: same words, same seed, same key.

    Permuting or reversing the labels of a scale, or the options of a question, leaves the words of the last message
    as they are (single letters and digits do not count), so that a draw with this key keeps its *meaning*. Everything
    said earlier counts as it stands.

    Args:
        request: The request.
        parts: What the decision is about (the item, the question), in its exact wording.

    Returns:
        A text key; at temperature 0 the seed is not in it.
    """
    seed = request.sampling.sent_seed if request.sampling.temperature > 0 else None
    earlier = "".join(_exact(m["content"]) for m in request.messages[:-1])
    return "|".join((request.person, _exact(earlier), _bag(request.last), "" if seed is None else str(seed), *parts))
