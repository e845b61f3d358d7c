"""The ratings so far: what the votes of blind comparisons say of the models."""

from __future__ import annotations

from nicegui import ui

from personarium.apps.studio.parts import in_thread, panel
from personarium.apps.studio.studio import Studio
from personarium.core.results import Estimate
from personarium.measure.prompt_tournament import TournamentResult
from personarium.measure.prompt_tournament.notes import counted
from personarium.measure.prompt_tournament.result import Standing
from personarium.measure.prompt_tournament.votes import Vote, rate_votes, read_votes
from personarium.models.registry import is_simulated
from personarium.report.plots import Axis, make_axis

NOTES = 2  # of what speaks against a ranking, the gravest


class RatingsPanel:
    """The panel.

    Args:
        studio: Whose votes.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._persona = ""
        with panel("Ratings so far"):
            self._only = ui.switch("This persona only", on_change=self.show).classes("only").props("dense")
            self._body = ui.element("div").classes("stack ratings-body")

    async def about(self, persona: str) -> None:
        """Another persona is on stage."""
        if persona != self._persona:
            self._persona = persona
            if self._only.value:
                await self.show()

    async def show(self) -> None:
        """Rate the votes anew."""
        votes = await in_thread(read_votes, self._studio.workspace.votes_path)
        if self._only.value:
            votes = [vote for vote in votes if vote.persona == self._persona]
        result = await in_thread(rate_votes, votes) if votes else None
        self._body.clear()
        with self._body:
            if result is None:
                ui.label(
                    "No votes yet. Let two models answer the same turn (the scales below a reply), and say which is "
                    "better without knowing which is which."
                ).classes("soft small")
            else:
                _table(result, votes)


def _table(result: TournamentResult, votes: list[Vote]) -> None:
    estimates = [one.rating for one in result.standings]
    axis = make_axis([], (min(e.lo or 0.0 for e in estimates), max(e.hi or 0.0 for e in estimates)), count=3)
    with ui.element("ol").classes("standings"):
        for standing in result.standings:
            _standing(standing, axis)
    people = len({vote.judge for vote in votes})
    told = f"{counted(len(votes), 'blind vote')} on {counted(result.contexts, 'turn')} by {counted(people, 'judge')}"
    ui.label(f"{told}; Glicko-2 with 95 % intervals, Bradley-Terry with a bootstrap over turns.").classes("tiny soft")
    for note in result.notes()[:NOTES]:
        ui.label(f"{note[:1].upper()}{note[1:]}.").classes("tiny wrap rating-note")
    if any(is_simulated(one.contestant) for one in result.standings):
        ui.label("Simulated subjects are no language models.").classes("tiny soft")


def _standing(standing: Standing, axis: Axis) -> None:
    with ui.element("li").classes("standing"):
        ui.label(standing.contestant).classes("small wrap standing-name")
        with ui.element("div").classes("span-row").props("aria-hidden=true"):
            ui.html(_span(standing.rating, axis), sanitize=False)
        ui.label(_number(standing.rating)).classes("small number")
        strength = "" if standing.strength is None else f"; Bradley-Terry {_number(standing.strength)}"
        games = f"{standing.wins} won, {standing.losses} lost, {standing.ties} tied"
        ui.label(f"{games}{strength}").classes("tiny soft number")


def _number(estimate: Estimate) -> str:
    if estimate.value is None:
        return "not known"
    if estimate.lo is None or estimate.hi is None:
        return f"{estimate.value:.0f}"
    return f"{estimate.value:.0f} ({estimate.lo:.0f} to {estimate.hi:.0f})"


def _span(estimate: Estimate, axis: Axis) -> str:
    """An interval with its value, made of numbers only."""
    lo, value, hi = (axis.at(v if v is not None else axis.lo) for v in (estimate.lo, estimate.value, estimate.hi))
    return (
        f'<svg width="100%" height="12"><line class="track" x1="0" x2="100%" y1="6" y2="6"/>'
        f'<line class="span" x1="{lo:.2f}%" x2="{hi:.2f}%" y1="6" y2="6"/><circle class="dot" cx="{value:.2f}%" cy="6" r="4"/></svg>'
    )
