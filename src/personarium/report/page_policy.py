"""The Content-Security-Policy of a report: its own script by hash, and nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=1)
def page_policy() -> str:
    """What a report of this version may do; a server says it in a header too, so that no other file can claim more."""
    script = (files("personarium.report") / "templates" / "script.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
