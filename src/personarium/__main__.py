"""``python -m personarium``: the command line, also where no script of that name is on the path."""

from personarium.apps.cli import main

main()
