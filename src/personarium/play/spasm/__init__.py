"""SPASM: stable persona-driven dialogues (see ``method``), its schema and its release format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.play.spasm.data_format import Conversation as Conversation
    from personarium.play.spasm.data_format import RunStats as RunStats
    from personarium.play.spasm.data_format import read_release as read_release
    from personarium.play.spasm.data_format import read_role_audit_summary as read_role_audit_summary
    from personarium.play.spasm.data_format import read_run_stats as read_run_stats
    from personarium.play.spasm.data_format import write_release as write_release
    from personarium.play.spasm.method import CONTRACT as CONTRACT
    from personarium.play.spasm.method import plan_calls as plan_calls
    from personarium.play.spasm.method import run_spasm as run_spasm
    from personarium.play.spasm.result import SpasmConfig as SpasmConfig
    from personarium.play.spasm.result import SpasmResult as SpasmResult
    from personarium.play.spasm.schema import Schema as Schema
    from personarium.play.spasm.schema import default_schema as default_schema
    from personarium.play.spasm.schema import read_schema as read_schema

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "CONTRACT": "personarium.play.spasm.method",
        "Conversation": "personarium.play.spasm.data_format",
        "RunStats": "personarium.play.spasm.data_format",
        "Schema": "personarium.play.spasm.schema",
        "SpasmConfig": "personarium.play.spasm.result",
        "SpasmResult": "personarium.play.spasm.result",
        "default_schema": "personarium.play.spasm.schema",
        "plan_calls": "personarium.play.spasm.method",
        "read_release": "personarium.play.spasm.data_format",
        "read_role_audit_summary": "personarium.play.spasm.data_format",
        "read_run_stats": "personarium.play.spasm.data_format",
        "read_schema": "personarium.play.spasm.schema",
        "run_spasm": "personarium.play.spasm.method",
        "write_release": "personarium.play.spasm.data_format",
    },
)
