"""Whether an extra's libraries are there, asked before a command that needs them does anything."""

from __future__ import annotations

from importlib.util import find_spec

from personarium.core.errors import UsageError


def need(extra: str, *modules: str) -> None:
    """Raise UsageError, with the command that installs it, where a module of an extra is missing."""
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise UsageError(f'this command needs {", ".join(missing)}: pip install "personarium[{extra}]"')
