"""How commands speak: text for people, one JSON document for programs, errors in one sentence, exit codes."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from personarium.core.errors import PersonariumError, StorageError

INTERRUPTED = 130


@dataclass
class Output:
    """What one command says.

    Args:
        as_json: Print one document ``{status, data, warnings}`` on standard output instead of text.
    """

    as_json: bool = False
    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        """Something the user should know that did not stop the command."""
        self.warnings.append(text)

    def finish(self, data: Mapping[str, Any], show: Callable[[], None]) -> None:
        """End the command: the document, or ``show()`` and the warnings."""
        if self.as_json:
            print_document("ok", data, self.warnings)
            return
        show()
        for text in self.warnings:
            say_error("warning", text)


def print_document(status: str, data: Mapping[str, Any], warnings: list[str]) -> None:
    """Write the one JSON document of a ``--json`` command."""
    sys.stdout.write(
        json.dumps({"status": status, "data": data, "warnings": warnings}, ensure_ascii=False, default=str)
    )
    sys.stdout.write("\n")
    sys.stdout.flush()


def say_error(kind: str, text: str) -> None:
    """One plain line on standard error; colour only for a terminal, markup and control codes in the text do nothing."""
    from rich.console import Console
    from rich.text import Text

    colour = "bold red" if kind == "error" else "yellow"
    line = Text.assemble((f"{kind}: ", colour), printable(text))
    Console(stderr=True, soft_wrap=True, highlight=False).print(line)


def console() -> Any:
    """The console for people; no colour codes when standard output is not a terminal."""
    from rich.console import Console

    return Console(highlight=False)


def speaks(function: Callable[..., None]) -> Callable[..., None]:
    """Decorator of commands: turn our errors, Ctrl-C and closed pipes into a sentence and an exit code."""

    @functools.wraps(function)
    def command(*args: Any, **options: Any) -> None:
        as_json = bool(options.get("as_json"))
        try:
            function(*args, **options)
        except PersonariumError as error:
            _fail(error, as_json)
        except KeyboardInterrupt:
            say_error("stopped", "everything that had returned is kept; the same command goes on from here")
            raise SystemExit(INTERRUPTED) from None
        except BrokenPipeError:
            _give_up_output()
            raise SystemExit(0) from None
        except OSError as error:  # a refusal that no room has put into words: a file, or standard output
            if error.filename is None:
                _give_up_output()
            _fail(_refusal(error), as_json and error.filename is not None)

    return command


def _refusal(error: OSError) -> StorageError:
    what = error.filename or "standard output"
    return StorageError(f"cannot read or write {what}: {error.strerror or error}")


def _give_up_output() -> None:
    """What is left for standard output goes nowhere, also when the process ends and flushes it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _fail(error: PersonariumError, as_json: bool) -> None:
    if as_json:
        print_document("error", {"error": str(error), "kind": type(error).__name__, "exit_code": error.exit_code}, [])
    else:
        say_error("error", str(error))
    raise SystemExit(error.exit_code) from None


def printable(text: str) -> str:
    """Text of a model or a file for a terminal: control characters, which could drive the terminal, are taken out."""
    return "".join(c for c in text if c in "\n\t" or (c >= " " and not "\x7f" <= c <= "\x9f"))
