r"""What stands in the last ``\boxed{...}`` of a solution, with braces that match.

Source: personamath page, step 6 and "Works when" 2 (official evaluation code).
"""

from __future__ import annotations

BOX = "\\boxed{"
_COMMANDS = ("\\boxed", "\\fbox")


def last_boxed(text: str) -> str | None:
    r"""The content of the last box, or None when there is no box or the last one is never closed.

    A last ``\boxed`` without a brace right behind it is no box; ``\fbox`` is looked for only where no ``\boxed`` stands,
    and its content does not count (as in the official code). One pass over the text.
    """
    at = next((found for command in _COMMANDS if (found := text.rfind(command)) >= 0), -1)
    if at < 0 or not text.startswith(BOX, at):
        return None
    start, depth = at + len(BOX), 1
    for place in range(start, len(text)):
        if text[place] == "{":
            depth += 1
        elif text[place] == "}":
            depth -= 1
            if not depth:
                return text[start:place]
    return None


def after_last_box(text: str) -> str | None:
    r"""Everything behind the last ``\boxed{``, closed or not: where the published number reader looks."""
    _, found, rest = text.rpartition(BOX)
    return rest if found else None
