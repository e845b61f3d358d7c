"""The command line: verbs, one document with ``--json``, exit codes that scripts can trust."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line (the console script ``personarium``)."""
    from personarium.apps.cli.application import application

    sys.exit(application(sys.argv[1:]))
