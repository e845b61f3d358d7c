"""Profiles whose descriptions a model writes; who the user is stays drawn.

Source: likebench page, step 2; the prompt is our own, the paper's was not published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from personarium.benchmarks.likebench.profiles import MOST_CHARACTERS, Profile
from personarium.benchmarks.likebench.steps import PROFILE
from personarium.core.chat import ChatModel
from personarium.core.results import Failure
from personarium.runs.mapping import map_items
from personarium.runs.outcome import values_or_failures

if TYPE_CHECKING:
    from personarium.runs import Run
    from personarium.runs.plan import DryRun

CONCURRENCY = 20  # profiles at once


async def make_profiles(
    model: ChatModel,
    drawn: Sequence[Profile],
    seed: int = 0,
    run: Run | DryRun | None = None,
    concurrency: int = CONCURRENCY,
) -> tuple[list[Profile], list[Failure]]:
    """Have the descriptions of drawn users written by a model; kinds and levels stay, so the truth is known.

    Args:
        model: Who writes.
        drawn: Who the users are.
        seed: The run's seed.
        run: The run to record and resume in.
        concurrency: Profiles at once.

    Returns:
        The profiles that could be written, and why others could not.
    """
    outcomes = await map_items(
        run, PROFILE.name, drawn, lambda p: _written(model, p, seed), key=lambda p: p.id, concurrency=concurrency
    )
    found = values_or_failures(outcomes)
    return [p for p in found if isinstance(p, Profile)], [f for f in found if isinstance(f, Failure)]


async def _written(model: ChatModel, drawn: Profile, seed: int) -> Profile | Failure:
    answer = await PROFILE.ask(model, profile_inputs(drawn), item=drawn.id, seed=seed)
    if answer.failure is not None:
        return answer.failure
    texts = {name: str(answer[name]).strip() for name in (*drawn.facets, *drawn.style)}
    blank = next((name for name, text in texts.items() if not 0 < len(text) <= MOST_CHARACTERS), None)
    if blank is not None:
        return Failure("unparsed", f"'{blank}' is empty or too long", drawn.id, answer.replies)
    facets, style = ({name: texts[name] for name in names} for names in (drawn.facets, drawn.style))
    return replace(drawn, facets=facets, style=style)


def profile_inputs(drawn: Profile) -> dict[str, Any]:
    """What step 2 by a model is asked with."""
    sides: Mapping[str, str] = {**drawn.facets, **drawn.style}
    return {"lines": "\n".join(f"{name}: {text}" for name, text in sides.items()), "names": tuple(sides)}
