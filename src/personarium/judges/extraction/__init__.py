"""Reading a persona out of a text: facets with evidence, by rules or by a model.

``extract_by_rules`` needs no model, is deterministic and takes time linear in the text. ``extract_by_model`` asks a
chat model for facts with literal quotes and keeps only what is quoted from the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.judges.extraction.asking import EXTRACT as EXTRACT
    from personarium.judges.extraction.asking import extract_by_model as extract_by_model
    from personarium.judges.extraction.asking import render_parts as render_parts
    from personarium.judges.extraction.record import Extraction as Extraction
    from personarium.judges.extraction.rules import extract_by_rules as extract_by_rules

_NAMES = {
    "asking": "EXTRACT extract_by_model render_parts",
    "record": "Extraction",
    "rules": "extract_by_rules",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{__name__}.{module}" for module, names in _NAMES.items() for name in names.split()}
)
