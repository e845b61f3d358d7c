"""The one exception tree of Personarium; each class knows the exit code that the command line gives it."""

from __future__ import annotations


class PersonariumError(Exception):
    """Anything that Personarium refuses or cannot do; the message is one sentence a user can act on."""

    exit_code = 1


class UsageError(PersonariumError):
    """The call or command itself is wrong (an unknown option, a name that does not exist, values out of range)."""

    exit_code = 2


class NotFound(PersonariumError):
    """A file, run, persona or model that was asked for does not exist."""

    exit_code = 3


class BudgetExceeded(PersonariumError):
    """The run stopped at its cost limit; what was paid for is kept and the same command goes on with a higher limit."""

    exit_code = 4


class InvalidInput(PersonariumError):
    """A file or value is not what it should be; the message names the place, the field and what was expected.

    Args:
        where: The file, and line or row where there is one, or the argument.
        expected: What a right value looks like.
        found: What stood there instead (shortened to 120 characters).
        field: The field inside the record, if the error is in one.
    """

    exit_code = 5

    def __init__(self, where: str, expected: str, found: object = None, field: str | None = None) -> None:
        self.where, self.field, self.expected, self.found = where, field, expected, found
        place = f"{where}: field '{field}'" if field else where
        tail = "" if found is None else f", found {shorten(found)}"
        super().__init__(f"{place}: expected {expected}{tail}")


class StorageError(PersonariumError):
    """The disk refused a write or holds something that is not ours; nothing that was stored before is lost."""


class RemoteError(PersonariumError):
    """A model endpoint did not give a usable reply.

    Args:
        message: One sentence for the user; never contains a key.
        kind: One of ``connection``, ``timeout``, ``auth``, ``rate_limit``, ``server``, ``bad_request``, ``protocol``
            (a reply that is not of the protocol: truncated JSON, too large, a dropped stream), ``refused``, ``empty``,
            ``agent`` (the user's own agent raised something or returned no text).
        status: HTTP status, if one came.
        retry_after_s: Seconds that the endpoint asked us to wait, if it did.
    """

    exit_code = 6
    RETRYABLE = frozenset({"connection", "timeout", "rate_limit", "server", "protocol"})

    def __init__(
        self, message: str, kind: str = "server", status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.kind, self.status, self.retry_after_s = kind, status, retry_after_s

    @property
    def retryable(self) -> bool:
        """Whether asking again may help."""
        return self.kind in self.RETRYABLE


def shorten(value: object, limit: int = 120) -> str:
    """Show a value in an error message: its repr on one line, cut at ``limit`` characters."""
    text = " ".join(repr(value).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
