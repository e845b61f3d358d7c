"""A persona from a sentence costs almost nothing: no heavy module is imported for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("numpy", "polars", "scipy", "sklearn", "torch", "transformers", "pydantic", "yaml", "jinja2", "aiohttp")


@pytest.mark.parametrize(
    "code",
    [
        "from personarium.core import Persona; p = Persona.from_text('x'); p.view(); p.to_dict()",
        "from personarium.core import Dialogue, Rubric, Population, Quota, recorded_dialogue_report",
    ],
)
def test_no_heavy_module_is_imported(code: str) -> None:
    script = f"{code}; import sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_room_names_exactly_what_it_exports() -> None:
    import personarium.core as core

    assert core.__all__ == sorted(core._EXPORTS)
    for name in core.__all__:
        assert getattr(core, name) is not None
    with pytest.raises(AttributeError, match="nobody"):
        core.nobody  # noqa: B018
