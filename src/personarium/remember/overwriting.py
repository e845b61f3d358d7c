"""Whether bytes that were erased are still in the free space of an SQLite file.

SQLite overwrites what is deleted (``secure_delete``), but when it moves rows from page to page, copies of them may stay in
the gap between a page's row pointers and its rows. The file is therefore read as it lies on the disk, and its gaps, free
blocks and free pages are searched for any run of six erased bytes.

A file that SQLite has open in this process must never be closed by us: POSIX then drops the locks of all of SQLite's own
descriptors, another process takes itself for the last one, and removes the write-ahead log that this one goes on using
(sqlite.org/howtocorrupt.html, section 2.2). A file that was looked into is therefore held until the process ends.

Source: "Database File Format" (sqlite.org/fileformat2.html), sections 1.3 to 1.6.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

RUN = 6  # bytes; a shorter run of an erased text is in any text
BLOB_STEP = 64  # of an erased index every 64th run is looked for
PAGES_AT_ONCE = 1024
_HELD: dict[tuple[int, int], int] = {}  # device and inode -> descriptor; a held inode is never given to another file
_HOLDING = threading.Lock()
_HEADS = {2: 12, 5: 12, 10: 8, 13: 8}  # type of a tree page -> length of its header


def leftovers(path: Path, texts: Iterable[bytes], blobs: Iterable[bytes], kept: bytes) -> bool:
    """Whether a run of six bytes of what was erased is in the free space of the file.

    Args:
        path: The database; its write-ahead log must have been written back.
        texts: Erased texts; every run of theirs counts.
        blobs: Erased binary parts (indexes with their embeddings); of those a sample of runs.
        kept: What is left of the same user's texts; a run that is in there is no secret.
    """
    erased = {text[i : i + RUN] for text in texts for i in range(len(text) - RUN + 1)}
    for blob in blobs:
        runs = (blob[i : i + RUN] for i in range(0, len(blob) - RUN + 1, BLOB_STEP))
        erased.update(run for run in runs if run.count(0) < 2)  # small numbers have zeros, and are everywhere
    return any(
        region[i : i + RUN] in erased and region[i : i + RUN] not in kept
        for region in free_space(path)
        for i in range(len(region) - RUN + 1)
    )


def free_space(path: Path) -> Iterator[bytes]:
    """Every stretch of the file that holds nothing alive and is not all zero."""
    file = _held(path)
    head = os.pread(file, 100, 0)
    size = int.from_bytes(head[16:18], "big")
    size = 65536 if size == 1 else size
    free = _free_pages(file, int.from_bytes(head[32:36], "big"), size)
    first = 0
    while block := os.pread(file, size * PAGES_AT_ONCE, first * size):
        for k in range(len(block) // size):
            page = block[k * size : (k + 1) * size]
            number = first + k
            regions = [page] if number + 1 in free else _gaps(page, 100 if number == 0 else 0)
            yield from (region for region in regions if region.count(0) < len(region))
        first += len(block) // size


def _held(path: Path) -> int:
    """A descriptor of the file that stays open (see above)."""
    with _HOLDING:
        about = path.stat()
        key = (about.st_dev, about.st_ino)
        if key not in _HELD:
            _HELD[key] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        return _HELD[key]


def _gaps(page: bytes, start: int) -> Iterator[bytes]:
    head = _HEADS.get(page[start])
    if head is None:  # a page that a long row goes on in: used to its end, and zero behind it
        return
    rows = int.from_bytes(page[start + 3 : start + 5], "big")
    content = int.from_bytes(page[start + 5 : start + 7], "big") or 65536
    yield page[start + head + 2 * rows : content]
    block, seen = int.from_bytes(page[start + 1 : start + 3], "big"), 0
    while content <= block < len(page) and seen < len(page):
        length = int.from_bytes(page[block + 2 : block + 4], "big")
        yield page[block + 4 : block + length]
        block, seen = int.from_bytes(page[block : block + 2], "big"), seen + 1


def _free_pages(file: int, trunk: int, size: int) -> set[int]:
    """Numbers, from 1, of the pages in the list of free pages."""
    free: set[int] = set()
    while trunk and trunk not in free:
        free.add(trunk)
        page = os.pread(file, size, (trunk - 1) * size)
        count = min(int.from_bytes(page[4:8], "big"), len(page) // 4 - 2)
        free.update(int.from_bytes(page[8 + 4 * i : 12 + 4 * i], "big") for i in range(count))
        trunk = int.from_bytes(page[:4], "big")
    return free
