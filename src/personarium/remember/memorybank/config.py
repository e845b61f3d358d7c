"""The constants of MemoryBank.

Source: MemoryBank (arXiv 2305.10250) and its repository; memorybank page, steps 2 to 7 and Traps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput
from personarium.remember.memorybank.forgetting import ERRATA, TAU_DAYS
from personarium.remember.memorybank.retrieval import EXPAND_CHARACTERS, Retriever

Forgetting = Literal["off", "rank", "archive"]


@dataclass(frozen=True, slots=True)
class MemoryBankConfig:
    """How a bank is kept, searched and forgotten.

    Args:
        retriever: ``embedding`` (the paper's dense retrieval) or ``bm25``.
        embedder: Name of the embedder; all-MiniLM-L6-v2 in the code, its static distillation here.
        top_k: Pieces in the companion's prompt; 3 in the plain retriever, 6 with forgetting, 2 in the demo.
        expand_characters: How long a hit may grow by its neighbours of the same day; 0 shows the hit alone.
        forgetting: ``off`` (the code's default); ``rank`` (ours: what has faded comes later, and nothing is lost);
            ``archive`` (each consolidation archives what has faded, as edits that can be seen, refused and undone).
        tau_days: Time scale of the forgetting curve; 1 day in the paper, by which 63 % of a day's talk is gone the next day.
        retention_share: With ``rank``: the share of the score that retention decides, in [0, 1].
        personality: Whether the user's personality is inferred at all.
        renew_days: Whether a day that has gone on after its summary is summed up again; the code skips it.
        rebuild_overall: Whether both overall texts are rebuilt at every consolidation (the code), or only after a change.
        standing_summary: Whether the overall summary stands in every prompt beside the overall personality.
        tries: How often a text is asked for before it is left for the next time.
        last_characters: What a prompt that is too long for the model is cut to: its last so many characters ...
        less_each_try: ... less so many for each try.
        recent_turns: Turns of the talk in the companion's prompt.
        companion: The companion's name.
        utc_offset_h: Hours by which the user's clock is ahead of UTC: it decides where a day ends.
        concurrency: Days that are written at once.
        seed: Of the chance numbers of forgetting and of the model's sampling.
        as_published: Faults to bring back: ``curve-inverted``, ``turns-dropped``, ``empty-day`` (in a memory);
            ``redrawn-at-each-load``, ``split-ids``, ``missing-summary`` (in a bank file).

    Raises:
        InvalidInput: On a value that is out of range.
        UsageError: On an unknown erratum.
    """

    retriever: Retriever = "embedding"
    embedder: str = "static"
    top_k: int = 3
    expand_characters: int = EXPAND_CHARACTERS
    forgetting: Forgetting = "rank"
    tau_days: float = TAU_DAYS
    retention_share: float = 0.5
    personality: bool = True
    renew_days: bool = True
    rebuild_overall: bool = True
    standing_summary: bool = False
    tries: int = 5
    last_characters: int = 1800
    less_each_try: int = 200
    recent_turns: int = 7
    companion: str = "SiliconFriend"
    utc_offset_h: float = 0.0
    concurrency: int = 8
    seed: int = 0
    as_published: Published = False

    def __post_init__(self) -> None:
        published_faults(self.as_published, ERRATA)
        for name, kinds in (("retriever", Retriever), ("forgetting", Forgetting)):
            if getattr(self, name) not in get_args(kinds):
                raise InvalidInput("memorybank", f"one of {', '.join(get_args(kinds))}", getattr(self, name), name)
        for name, least in (("tries", 1), ("concurrency", 1), ("expand_characters", 0), ("recent_turns", 0)):
            if getattr(self, name) < least:
                raise InvalidInput("memorybank", f"a number of {least} or more", getattr(self, name), name)
        if not self.tau_days > 0:
            raise InvalidInput("memorybank", "a number of days above 0", self.tau_days, "tau_days")
        if not 0 <= self.retention_share <= 1:
            raise InvalidInput("memorybank", "a share from 0 to 1", self.retention_share, "retention_share")
        if not -24 < self.utc_offset_h < 24:
            raise InvalidInput("memorybank", "hours between -24 and 24", self.utc_offset_h, "utc_offset_h")

    def has(self, erratum: str) -> bool:
        """Whether a published fault is brought back."""
        return erratum in published_faults(self.as_published, ERRATA)
