"""Files that are written whole or not at all, and the lock that keeps a run folder to one process."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from personarium.core.errors import StorageError, UsageError

LOCK_NAME = ".lock"


@contextlib.contextmanager
def storage(doing: str) -> Iterator[None]:
    """Turn any refusal of the disk inside into one :class:`StorageError` that says what could not be done."""
    try:
        yield
    except OSError as error:
        raise refused(doing, error) from error


def refused(doing: str, error: OSError) -> StorageError:
    """The one error for a refusal of the disk."""
    reason = error.strerror or str(error)
    return StorageError(f"{doing}: {reason}; make room or choose another folder, what is stored is kept")


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file in one step: a reader or a crash sees the old content or the new one, never a part.

    Raises:
        StorageError: When the disk refuses; the old file then still stands.
    """
    new = path.with_name(f"{path.name}.new")
    with storage(f"cannot write {path}"):
        try:
            with new.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        except OSError:
            with contextlib.suppress(OSError):  # the first error is the one to report
                new.unlink(missing_ok=True)
            raise


class FolderLock:
    """Holds a folder for this process until it ends, however it ends (the kernel drops a dead process's lock).

    Raises:
        UsageError: When another process holds it; the message names its pid.
        StorageError: When the lock file cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / LOCK_NAME
        with storage(f"cannot lock {folder}"):
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                if not _try_lock(self._fd):
                    raise UsageError(f"{folder} is in use by process {_pid_in(self._fd)}; wait for it or stop it first")
                os.ftruncate(self._fd, 0)
                os.pwrite(self._fd, str(os.getpid()).encode(), 0)
            except BaseException:
                os.close(self._fd)
                raise

    def release(self) -> None:
        """Let the folder go; once is enough, twice does no harm."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def is_locked(folder: Path) -> bool:
    """Whether a living process holds the folder."""
    try:
        fd = os.open(folder / LOCK_NAME, os.O_RDONLY)
    except OSError:  # no lock file, or a folder that may only be read: nobody is known to hold it
        return False
    try:
        return not _try_lock(fd, shared=True)
    finally:
        os.close(fd)


def _try_lock(fd: int, shared: bool = False) -> bool:
    import fcntl  # POSIX; imported here so that run folders can at least be read elsewhere

    try:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid_in(fd: int) -> str:
    return os.pread(fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
