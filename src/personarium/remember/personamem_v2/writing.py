"""Writing the memory with a model: one call a chunk, each reply takes the place of the memory, nothing is lost unseen.

Source: personamem-v2 page, step B3 and "Works when" 4 and 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from personarium.core.chat import ChatModel
from personarium.core.results import Failure
from personarium.models.step import Read
from personarium.remember.personamem_v2.bullets import (
    NO_MEMORY,
    Bullet,
    bullet_text,
    disappeared,
    read_bullets,
    with_sources,
    within_limit,
)
from personarium.remember.personamem_v2.config import PersonaMemV2Config
from personarium.remember.personamem_v2.history import Chunk, History, split_history
from personarium.remember.personamem_v2.steps import UPDATE
from personarium.text.holes import Unparsed
from personarium.text.refusals import is_refusal


@dataclass(frozen=True, slots=True)
class Version:
    """The memory after one chunk.

    Args:
        bullets: Its entries.
        read: Ids of the messages that were read for it.
        ended: Id of the last message read to its end.
    """

    bullets: tuple[Bullet, ...]
    read: tuple[str, ...] = ()
    ended: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What came of reading a history.

    Args:
        bullets: The memory at the end.
        versions: One for each chunk whose reply was taken.
        alarms: Entries that were cut at the limit or have disappeared, and what was left out of the middle.
        failures: Calls whose reply could not be taken; the memory stayed as it was.
        calls: Model calls.
        dropped: Tokens left out of the middle.
    """

    bullets: tuple[Bullet, ...]
    versions: tuple[Version, ...] = ()
    alarms: tuple[Failure, ...] = ()
    failures: tuple[Failure, ...] = ()
    calls: int = 0
    dropped: int = 0

    @property
    def text(self) -> str:
        """The memory as the answering prompt shows it."""
        return bullet_text(self.bullets) or NO_MEMORY


@dataclass(slots=True)
class _Desk:
    bullets: tuple[Bullet, ...]
    versions: list[Version] = field(default_factory=list)
    alarms: list[Failure] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    calls: int = 0


async def write_memory(
    model: ChatModel,
    history: History,
    config: PersonaMemV2Config | None = None,
    *,
    before: Sequence[Bullet] = (),
    query: str = "",
    item: str | None = None,
) -> Written:
    """Read a history chunk by chunk into a memory.

    Args:
        model: Who writes.
        history: What is read; it ends where the memory is wanted.
        config: Sizes and limits.
        before: The memory so far.
        query: Put into every call, as the published code does; leave it empty, or the memory knows the question.
        item: Label of the calls in the records.
    """
    config = config or PersonaMemV2Config()
    split = split_history(history, config.tokenizer, config.chunk_tokens, config.most_chunks)
    desk = _Desk(tuple(before))
    if split.dropped:
        reason = f"{split.dropped:,} tokens of the middle were left out, with parts of {len(split.lost)} messages"
        desk.alarms.append(Failure("missing", reason, "history"))
    for number, chunk in enumerate(split.chunks, 1):
        taken = await _take(model, chunk, number, desk, config, query, item)
        if not taken and not config.skip_failed:
            break
    return Written(
        desk.bullets, tuple(desk.versions), tuple(desk.alarms), tuple(desk.failures), desk.calls, split.dropped
    )


async def _take(
    model: ChatModel, chunk: Chunk, number: int, desk: _Desk, config: PersonaMemV2Config, query: str, item: str | None
) -> bool:
    """One chunk: whether its reply was taken."""
    inputs = {"memory": bullet_text(desk.bullets) or NO_MEMORY, "chunk": chunk.text, "query": query}
    sampling = UPDATE.sampling.but(max_tokens=config.memory_tokens)
    reader = _reader(bool(desk.bullets))
    answer = await UPDATE.ask(model, inputs, item=item, read=reader, sampling=sampling, seed=config.seed)
    desk.calls += answer.asks
    if answer.failure is not None:
        desk.failures.append(answer.failure)
        return False
    where = f"chunk {number}"
    offered = with_sources(answer["bullets"], desk.bullets, chunk.sources)
    kept = within_limit(offered, config.memory_tokens, config.tokenizer)
    reason = f"cut, for the memory is over its limit of {config.memory_tokens:,} tokens"
    desk.alarms += [Failure("missing", f"{reason}: {bullet.text}", where) for bullet in offered[len(kept) :]]
    desk.alarms += disappeared(desk.bullets, offered, chunk.text, where)
    desk.bullets = tuple(kept)
    desk.versions.append(Version(desk.bullets, chunk.sources, chunk.ended))
    return True


def _reader(has_memory: bool) -> Read:
    """Reader of a reply; one that says "none" is not taken for the end of a memory that has entries."""

    def read(text: str) -> dict[str, list[str]] | Unparsed:
        found = Unparsed("the reply declines", text) if is_refusal(text) else read_bullets(text)
        if isinstance(found, Unparsed):
            return found
        return {"bullets": found} if found or not has_memory else Unparsed("the reply empties the memory", text)

    return read
