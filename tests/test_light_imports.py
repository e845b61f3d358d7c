"""What a fresh process imports: the package, its help page and a persona need none of the heavy libraries."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"torch", "transformers", "sklearn", "scipy", "polars"}
USES = {
    "import personarium": "import personarium",
    "personarium --help": "from personarium.apps.cli.application import build; build()",
    "Persona.from_text": "from personarium import Persona; assert Persona.from_text('You are Ada, who keeps bees.').id",
}


def imported_by(code: str) -> set[str]:
    """The top-level modules of a fresh process that ran ``code``."""
    show = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{show}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("use", USES)
def test_a_fresh_process_imports_nothing_heavy(use: str) -> None:
    modules = imported_by(USES[use])
    assert "personarium" in modules
    assert not modules & HEAVY


def test_importing_the_package_alone_needs_no_library_at_all() -> None:
    ours = imported_by("import personarium") - imported_by("pass")
    assert ours - set(sys.stdlib_module_names) == {"personarium"}


def test_the_check_would_see_a_heavy_import() -> None:
    assert "scipy" in imported_by("import scipy")
