"""The constants of the agentic memory.

Source: personamem-v2 page, steps B2 and B3.
"""

from __future__ import annotations

from dataclasses import dataclass

from personarium.core.errors import UsageError
from personarium.remember.personamem_v2.history import Tokenizer, four_characters


@dataclass(frozen=True)
class PersonaMemV2Config:
    """How the memory is written.

    Args:
        chunk_tokens: Tokens of the talk that one call reads.
        most_chunks: Chunks at most; the middle of a longer talk is left out. None reads all.
        memory_tokens: Limit of the memory (the published script; the paper speaks of 2,000).
        tokenizer: What a token is.
        skip_failed: Go on behind a chunk whose reply could not be taken, as the published agent does; otherwise that chunk and
            what follows stay unread and are tried again the next time.
        seed: Of the model's draws.
    """

    chunk_tokens: int = 5000
    most_chunks: int | None = 8
    memory_tokens: int = 1024
    tokenizer: Tokenizer = four_characters
    skip_failed: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.chunk_tokens, self.memory_tokens, self.most_chunks or 1) < 1:
            raise UsageError("chunk_tokens, most_chunks and memory_tokens must be at least 1")
