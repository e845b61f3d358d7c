"""JSON in plain ASCII: half a surrogate pair, which models do send, is written as an escape and breaks nothing."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse


class JsonReply(JSONResponse):
    """A reply in JSON."""

    def render(self, content: Any) -> bytes:
        """The content as bytes."""
        return json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")
