"""PERMA: memories that must learn what a person likes from a time line of events, and use it right away and long after.

Source: *PERMA: Benchmarking Personalized Memory Agents via Event-Driven Preference and Realistic Task Environments*,
arXiv 2603.23231.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.benchmarks.perma.data_format import read_results as read_results
    from personarium.benchmarks.perma.data_format import read_user as read_user
    from personarium.benchmarks.perma.data_format import users_in as users_in
    from personarium.benchmarks.perma.example import CONTRACT as CONTRACT
    from personarium.benchmarks.perma.generation import Written as Written
    from personarium.benchmarks.perma.generation import restyled as restyled
    from personarium.benchmarks.perma.generation import write_users as write_users
    from personarium.benchmarks.perma.memories import LastSessions as LastSessions
    from personarium.benchmarks.perma.memories import MemoryAdapter as MemoryAdapter
    from personarium.benchmarks.perma.memories import MemorySystem as MemorySystem
    from personarium.benchmarks.perma.memories import NoMemory as NoMemory
    from personarium.benchmarks.perma.memories import Retrieval as Retrieval
    from personarium.benchmarks.perma.memories import WholeHistory as WholeHistory
    from personarium.benchmarks.perma.memories import open_memory as open_memory
    from personarium.benchmarks.perma.method import ERRATA as ERRATA
    from personarium.benchmarks.perma.method import Increment as Increment
    from personarium.benchmarks.perma.method import PermaConfig as PermaConfig
    from personarium.benchmarks.perma.method import run_incremental as run_incremental
    from personarium.benchmarks.perma.method import run_perma as run_perma
    from personarium.benchmarks.perma.readers import PlantedReader as PlantedReader
    from personarium.benchmarks.perma.records import Profile as Profile
    from personarium.benchmarks.perma.records import Session as Session
    from personarium.benchmarks.perma.records import Task as Task
    from personarium.benchmarks.perma.records import User as User
    from personarium.benchmarks.perma.results import PermaResult as PermaResult
    from personarium.benchmarks.perma.results import TaskResult as TaskResult
    from personarium.benchmarks.perma.scores import token_f1 as token_f1
    from personarium.benchmarks.perma.talk import Talk as Talk
    from personarium.benchmarks.perma.talk import turn_statistics as turn_statistics
    from personarium.benchmarks.perma.templates import WorldConfig as WorldConfig
    from personarium.benchmarks.perma.templates import lengthened as lengthened
    from personarium.benchmarks.perma.templates import make_worlds as make_worlds
    from personarium.benchmarks.perma.timeline import Event as Event
    from personarium.benchmarks.perma.timeline import interleave as interleave
    from personarium.benchmarks.perma.watching import Leak as Leak
    from personarium.benchmarks.perma.watching import Watched as Watched

_NAMES = {
    "data_format": "read_results read_user users_in",
    "example": "CONTRACT",
    "generation": "Written restyled write_users",
    "memories": "LastSessions MemoryAdapter MemorySystem NoMemory Retrieval WholeHistory open_memory",
    "method": "ERRATA Increment PermaConfig run_incremental run_perma",
    "readers": "PlantedReader",
    "records": "Profile Session Task User",
    "results": "PermaResult TaskResult",
    "scores": "token_f1",
    "talk": "Talk turn_statistics",
    "templates": "WorldConfig lengthened make_worlds",
    "timeline": "Event interleave",
    "watching": "Leak Watched",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{__name__}.{module}" for module, names in _NAMES.items() for name in names.split()}
)
