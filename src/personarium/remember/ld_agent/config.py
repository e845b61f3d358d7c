"""The constants of LD-Agent.

Source: LD-Agent (arXiv 2406.05925) and its repository; ld-agent page, steps 1 to 4 and Traps.
"""

from __future__ import annotations

from dataclasses import dataclass

from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput
from personarium.remember.ld_agent.topics import DECAY_PER_S, ERRATA

POOL = 50  # ours, as the page advises (10 to 50); 1 in the code


@dataclass(frozen=True, slots=True)
class LDAgentConfig:
    """How sessions are cut, found and told, and what is kept of both speakers.

    Args:
        gap_s: A session is over when the user speaks after a pause longer than this; 3600 in the code, not given in the paper.
        by_name: Whether another session name ends a session, too (ours; the code knows times only).
        context_entries: Utterances of the running session in the prompt.
        pool: Sessions that the vector search hands on to the topic score; None for all.
        memories: Sessions in the prompt of the reply.
        decay_per_s: Rate of the time decay.
        likeness_weight: Weight of the cosine of topics beside their overlap; 0 in the code.
        fallback: Whether a message without any noun is answered by plain semantic search over the summaries.
        most_distance: Of that search: squared distance of unit vectors, in [0, 4]; 1.5 in the code.
        traits: Whether anything is concluded about the two speakers at all.
        resolve: Whether a trait that is known is kept once, and one that has changed takes the place of the old one.
        user_traits: The latest so many in the prompt; 0 for all.
        agent_traits: Likewise.
        trait_words: The most words of a trait.
        summary_words: The most words of a session's summary.
        reply_words: The most words of a reply.
        agent: The agent's name.
        role: What the agent is, as the system message says it.
        embedder: Name of the embedder; all-MiniLM-L6-v2 in the code, its static distillation here.
        concurrency: Sentences that are read at once.
        seed: Of the model's sampling.
        as_published: Faults to bring back: ``one-candidate``, ``common-nouns-only``, ``empty-age``, ``float-age``,
            ``message-twice``, ``speaker-label``, ``traits-only-grow``, ``last-session-lost``.

    Raises:
        InvalidInput: On a value that is out of range.
        UsageError: On an unknown erratum.
    """

    gap_s: float = 3600.0
    by_name: bool = True
    context_entries: int = 30
    pool: int | None = POOL
    memories: int = 1
    decay_per_s: float = DECAY_PER_S
    likeness_weight: float = 0.0
    fallback: bool = True
    most_distance: float = 1.5
    traits: bool = True
    resolve: bool = True
    user_traits: int = 0
    agent_traits: int = 0
    trait_words: int = 20
    summary_words: int = 20
    reply_words: int = 30
    agent: str = "assistant"
    role: str = "You are a friend who has been talking with the user for a long time."
    embedder: str = "static"
    concurrency: int = 8
    seed: int = 0
    as_published: Published = False

    def __post_init__(self) -> None:
        published_faults(self.as_published, ERRATA)
        least = {
            "gap_s": 0,
            "context_entries": 1,
            "memories": 1,
            "decay_per_s": 0,
            "likeness_weight": 0,
            "most_distance": 0,
        }
        least |= {
            "user_traits": 0,
            "agent_traits": 0,
            "trait_words": 1,
            "summary_words": 1,
            "reply_words": 1,
            "concurrency": 1,
        }
        for name, lowest in least.items():
            if not getattr(self, name) >= lowest:
                raise InvalidInput("ld-agent", f"a number of {lowest} or more", getattr(self, name), name)
        if self.pool is not None and self.pool < 1:
            raise InvalidInput("ld-agent", "a number of 1 or more, or None for all", self.pool, "pool")

    def has(self, erratum: str) -> bool:
        """Whether a published fault is brought back."""
        return erratum in published_faults(self.as_published, ERRATA)

    @property
    def candidates(self) -> int | None:
        """Sessions that the vector search hands on; one as published."""
        return 1 if self.has("one-candidate") else self.pool
