"""Chat logs that people already have, in and out: role-play chat JSONL, OpenAI and ShareGPT lists, plain scripts."""

from __future__ import annotations

from personarium.core.chat_logs.logs import continue_log, iter_log, read_log, read_log_text, write_log
from personarium.core.chat_logs.record import FORMATS, Imported, asides_of, users_of

__all__ = [
    "FORMATS",
    "Imported",
    "asides_of",
    "continue_log",
    "iter_log",
    "read_log",
    "read_log_text",
    "users_of",
    "write_log",
]
