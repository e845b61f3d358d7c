"""Where the user's own agent lies on the curves of a calibration: the same instruments, its own character."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from personarium.apps.cli.session import Session
from personarium.apps.cli.tables import interval, number

NOTE = (
    "The curve is made with simulated subjects in plain text. The place of your agent on it is a comparison with them; "
    "it says how the score reads, not how faithful the agent is."
)


@dataclass(frozen=True)
class AgentPlace:
    """An own agent on one instrument.

    Args:
        instrument: Its name.
        estimate: The agent's score with its interval over questions.
        nearest: The simulated subject whose measured mean is nearest, by its setting (``fidelity=0.5``); "" when either
            was not measured.
    """

    instrument: str
    estimate: Any
    nearest: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {**asdict(self), "estimate": self.estimate.as_dict()}


async def place_agent(
    session: Session, name: str, calibration: Any, person: Any, config: Mapping[str, Any], seed: int
) -> AgentPlace:
    """Measure the session's own agent with an instrument, and find its place among the calibrated settings.

    Args:
        session: Whose player is the agent.
        name: ``apc``, ``drift`` or ``personagym``.
        calibration: Of the same instrument.
        person: The character that the agent plays.
        config: The command's configuration (``questions``, ``estimator``, ``task``).
        seed: Of the run.
    """
    from personarium.stats import bootstrap_mean

    instrument = _for_agent(session, name, person, config)
    score = (await instrument.measure(session.player, [person], seed))[0]
    if name == "drift":  # one talk has one drift; its turns are no independent units
        estimate = bootstrap_mean([score.value], "talk")
    else:
        estimate = bootstrap_mean(list(score.parts.values()), "question")
    return AgentPlace(calibration.instrument, estimate, _nearest(calibration, estimate.value))


def _for_agent(session: Session, name: str, person: Any, config: Mapping[str, Any]) -> Any:
    from personarium.benchmarks import PersonaGymConfig, PersonaGymTask
    from personarium.measure import DriftInstrument
    from personarium.measure.apc import APCInstrument, plain_questions

    judge, limit = session.judges[0], config["questions"]
    if name == "drift":
        return DriftInstrument(style=None)
    if name == "personagym":
        asked = {person.id: plain_questions(person, limit)}
        return PersonaGymTask(judge, config["task"], asked, PersonaGymConfig(identity="none"))
    by_judge = config["estimator"] == "judge"
    return APCInstrument("judge" if by_judge else "head", judge if by_judge else None, style="none", limit=limit)


def _nearest(calibration: Any, value: float | None) -> str:
    measured = [(p.measured.value, p.setting) for p in calibration.points if p.measured.value is not None]
    if value is None or not measured:
        return ""
    return str(min(measured, key=lambda point: abs(point[0] - value))[1])


def agent_section(places: Sequence[AgentPlace]) -> dict[str, Any]:
    """The section of the report."""
    return {
        "kind": "table",
        "title": "Your agent among the simulated subjects",
        "note": NOTE,
        "columns": ["instrument", "your agent", "nearest simulated subject"],
        "rows": [[p.instrument, p.estimate.as_dict(), p.nearest or "none"] for p in places],
    }


def show_places(out: Any, places: Sequence[AgentPlace]) -> None:
    """The same in the terminal."""
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title="Your agent among the simulated subjects",
        title_justify="left",
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    for name, justify in (
        ("instrument", "left"),
        ("your agent", "right"),
        ("95 % interval", "right"),
        ("nearest", "left"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for p in places:
        table.add_row(Text(p.instrument), number(p.estimate.value, 3), interval(p.estimate, 3), p.nearest or "none")
    out.print(table)
    out.print(Text(NOTE, style="dim"), soft_wrap=True)
