"""The arithmetic of a stream: scenes cut into clips, what may be searched at a moment, neighbours, and the part that runs now.

Source: PEARL (arXiv 2603.20422), official code; pearl page, steps 1, 5 and 6, statement 3.
Differs: the scenes themselves (content detector, threshold 27.0, at least 15 frames) come from a video tool; nothing here reads
pictures. In a text stream an utterance is a clip, usually of no length.
Units: seconds of the stream.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from personarium.core.errors import InvalidInput

LONGEST_S = 8.0  # a longer scene is cut into parts of this length
SHORTEST_S = 1.0  # a shorter clip is dropped, so the times of clips may have gaps
LOOK_BACK_S = 1.0  # what counts as now when no clip runs, and how far a video-level question moves off a boundary
MOST_CLIPS = 1_000_000
Level = Literal["frame", "video"]


@dataclass(frozen=True, slots=True)
class Clip:
    """One piece of a stream.

    Args:
        id: Its name.
        text: What happens in it.
        start: When it begins.
        end: When it ends; may equal ``start``.
        media: A reference to the moving picture; it is named, and never opened.
        speaker: Who said it, where it is an utterance.

    Raises:
        InvalidInput: On times that are no numbers, or an end before the start.
    """

    id: str
    text: str
    start: float
    end: float
    media: str = ""
    speaker: str = ""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start) and math.isfinite(self.end) and self.start <= self.end):
            raise InvalidInput(f"clip {self.id}", "a start and an end that is not before it", (self.start, self.end))


def cut_scenes(
    scenes: Iterable[tuple[float, float]], longest_s: float = LONGEST_S, shortest_s: float = SHORTEST_S
) -> list[tuple[float, float]]:
    """Scenes cut into clips of at most ``longest_s``; what is left below ``shortest_s`` is dropped.

    Args:
        scenes: Start and end of each scene.
        longest_s: Above 0.
        shortest_s: 0 or more.

    Raises:
        InvalidInput: On lengths or times out of range.
    """
    if not longest_s > 0 <= shortest_s:
        raise InvalidInput("clips", "a longest length above 0 and a shortest of 0 or more", (longest_s, shortest_s))
    clips: list[tuple[float, float]] = []
    for start, end in scenes:
        if not (math.isfinite(start) and math.isfinite(end) and start <= end) or end - start > MOST_CLIPS * longest_s:
            raise InvalidInput("scene", f"a start and a later end, at most {MOST_CLIPS:,} clips long", (start, end))
        for k in range(math.ceil((end - start) / longest_s)):
            first = start + k * longest_s
            last = min(start + (k + 1) * longest_s, end)
            if last - first >= shortest_s:
                clips.append((first, last))
    return clips


def question_time(clips: Sequence[Clip], at: float, level: Level) -> float:
    """When a question counts as put: a video-level one exactly at a boundary of clips looks one second earlier."""
    boundary = any(at in (clip.start, clip.end) for clip in clips)
    return at - LOOK_BACK_S if level == "video" and boundary else at


def searchable(clips: Sequence[Clip], at: float) -> list[int]:
    """Places of the clips that a question may search: those that have ended before it."""
    return [place for place, clip in enumerate(clips) if clip.end < at]


def current_part(clips: Sequence[Clip], at: float) -> tuple[float, float, int | None]:
    """Start and end of what runs at a moment, and the place of its clip.

    The clip with start < ``at`` < end is cut to [start, ``at``]; where none runs it is the last second, of no clip.
    """
    for place, clip in enumerate(clips):
        if clip.start < at < clip.end:
            return clip.start, at, place
    return max(0.0, at - LOOK_BACK_S), at, None


def with_neighbours(clips: Sequence[Clip], hits: Iterable[int], neighbours: int, before: float) -> list[int]:
    """Places of the clips that are fetched: the hits and ``neighbours`` on each side, in the order of time, each once.

    Args:
        clips: In the order of time.
        hits: Places that the search found.
        neighbours: How many on each side.
        before: Start of the current part; what ends after it is dropped.
    """
    near = {place for hit in hits for place in range(hit - neighbours, hit + neighbours + 1)}
    kept = [place for place in near if 0 <= place < len(clips) and clips[place].end <= before]
    return sorted(kept, key=lambda place: (clips[place].start, place))
