"""``personarium demo``: the whole circle in under a minute, with nothing but this machine."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.demo_memory import TALKS, memory_sections, remember
from personarium.apps.cli.output import speaks
from personarium.apps.cli.session import RUNS, RunOptions, Session, finish_run

SUBJECT = "simulated:bank=B,fidelity=0.8,contradict=0.3,patience=20,seed=11"
PARTNER = "simulated:bank=B,drift=0.1,patience=20,seed=12"
JUDGE = "simulated:seed=13"
PEOPLE, TURNS, SHIPPED = 24, 5, 3


@speaks
def demo(
    out: opt.Out = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin anew instead of showing the finished run again.")
    ] = False,
    dry_run: opt.DryRun = False,
    as_json: opt.AsJson = False,
) -> None:
    """Make a small population, play dialogues, remember a person, run PersonaGym and APC, calibrate, and write the report.

    Example: personarium demo
    """
    folder = out or RUNS / "demo"
    if fresh and (folder / "run.json").exists():
        shutil.rmtree(folder)
    config = {"partner": PARTNER, "people": PEOPLE, "turns": TURNS, "shipped": SHIPPED}
    session = Session(
        RunOptions(
            "demo",
            SUBJECT,
            [JUDGE, PARTNER],
            seed=0,
            out=folder,
            dry_run=dry_run,
            as_json=as_json,
            config=config,
            roles=("judge", "partner"),
        )
    )
    if dry_run:
        _plan(session)
        return
    with session:
        found = session.work(_Demo(session).whole())
        session.run.write_results(found["rows"])
        session.run.write_summary(found["summary"])
    data = {"planted": found["planted"], "estimates": found["summary"]["estimates"]}
    finish_run(session, data, lambda c: _show(c, found))


class _Demo:
    """The circle: make, play, measure, calibrate; each step is what its own command does."""

    def __init__(self, session: Session) -> None:
        from personarium.measure.calibrate import Explained

        self.session, self.run = session, session.run
        self.subject = Explained(_Watched(session.plain_models[0], session.player))  # type: ignore[arg-type]
        self.judge, self.partner = session.judges

    async def whole(self) -> dict[str, Any]:
        """All steps, and what the report shows of them."""
        people = self.make()
        world = keyed(people)
        played = await self.play(people)
        gym = await self.personagym()
        apc, apc_truth = await self.measure("apc", world)
        task, task_truth = await self.measure("personagym", world)
        curves = [await self.calibrate(name, world) for name in ("apc", "personagym")]
        year = await remember(Path(self.run.path))
        planted = _planted_rows(apc, apc_truth, task, task_truth)
        return {
            "planted": planted,
            "quotas": people.quota_report(),
            "year": year,
            "rows": gym.rows(),
            "summary": _summary(
                people, played, gym, planted, curves, memory_sections(year), self.session.output.warnings
            ),
        }

    def make(self) -> Any:
        """A population with exact margins, kept in the run folder."""
        from personarium.make import example_margins, sample_population

        people = sample_population(example_margins(), PEOPLE, seed=1)
        people.save(Path(self.run.path) / "population.parquet")
        return people

    async def play(self, people: Any) -> list[Any]:
        """Three dialogues between members of the population."""
        from personarium.core import save_dialogues
        from personarium.play import Agent, Casting, play_dialogues

        castings = [
            Casting(
                f"dialogue-{k + 1}",
                (
                    Agent(people[2 * k], self.partner, id=f"{people[2 * k].value('occupation')}-{2 * k + 1}"),
                    Agent(
                        people[2 * k + 1],
                        self.session.player,
                        id=f"{people[2 * k + 1].value('occupation')}-{2 * k + 2}",
                    ),
                ),
                max_turns=TURNS,
            )
            for k in range(3)
        ]
        played = await play_dialogues(castings, run=self.run)
        save_dialogues([p.dialogue for p in played], Path(self.run.path) / "dialogues.jsonl")
        return played

    async def personagym(self) -> Any:
        """A slice of the benchmark: real personas, real questions, all five tasks."""
        from personarium.benchmarks.personagym import load_personas, run_personagym

        return await run_personagym(self.subject, [self.judge], personas=load_personas(SHIPPED), run=self.run)

    async def measure(self, name: str, world: Any) -> tuple[Any, float | None]:
        """One instrument on the population: its estimate, and the share of facts that was really carried."""
        from personarium.apps.cli.calibrate import make_instrument
        from personarium.measure.calibrate import fact_share
        from personarium.stats import bootstrap_mean

        self.subject.exchanges.clear()
        scores = await make_instrument(name, world, self.judge, "oracle").measure(self.subject, world.personas, 0)
        return bootstrap_mean([s.value for s in scores], "persona"), fact_share("carry", "copy")(self.subject.exchanges)

    async def calibrate(self, name: str, world: Any) -> Any:
        """How the instrument's value follows the truth over a few settings."""
        from personarium.apps.cli.calibrate import make_instrument
        from personarium.measure.calibrate import calibrate

        instrument = make_instrument(name, world, self.judge)
        return await calibrate(instrument, grid={"fidelity": (0.0, 0.5, 1.0)}, personas=world, controls=True, equals=6)


class _Watched:
    """The simulated subject asked through the run, so that its calls are recorded, with its own explanation beside it."""

    def __init__(self, subject: Any, asked: Any) -> None:
        self.name, self.explain, self.generate = subject.name, subject.explain, asked.generate


def keyed(people: Any) -> Any:
    """The population as a keyed world: each field is an attribute of the lexicon and has a question."""
    from personarium.measure.calibrate import KeyedWorld
    from personarium.models.simulated import attributes

    table = attributes()
    personas = tuple(people)
    asked = {p.id: tuple(f.path for f in p.facets)[:4] for p in personas}
    return KeyedWorld(personas, {who: tuple(table[key].question for key in keys) for who, keys in asked.items()}, asked)


def _planted_rows(apc: Any, apc_truth: float | None, task: Any, task_truth: float | None) -> list[dict[str, Any]]:
    return [
        {"what": "facts carried (APC, rule oracle)", "planted": 0.8, "realised": apc_truth, "measured": apc.as_dict()},
        {
            "what": "Persona Consistency (PersonaGym, 1 to 5)",
            "planted": 0.8,
            "realised": task_truth,
            "measured": task.as_dict(),
        },
    ]


def _summary(
    people: Any,
    played: Sequence[Any],
    gym: Any,
    planted: Sequence[dict[str, Any]],
    curves: Sequence[Any],
    memory: Sequence[dict[str, Any]],
    notices: Sequence[str],
) -> dict[str, Any]:
    from personarium.apps.cli.summaries import calibration_summary, personagym_summary, transcripts_section

    first, second = planted
    gym_part = personagym_summary(gym, {})
    calibration = calibration_summary({c.instrument: c for c in curves})
    return {
        "kind": "demo",
        "title": "The circle: made, played, remembered, measured",
        "subtitle": f"{len(people)} personas made with exact quotas, 3 dialogues, a remembered year, {len(gym.questions)} answers of PersonaGym, APC and two calibrations.",
        "headline": "Facts carried",
        "estimates": {
            "Facts carried": first["measured"],
            "Persona Consistency": second["measured"],
            "PersonaScore (3 shipped personas)": gym.estimates()["PersonaScore"].as_dict(),
        },
        "truths": {"Facts carried": first["realised"]},
        "scale": {"lo": 0, "hi": 1, "higher_is_better": True, "unit": "share"},
        "meaning": "The subject was told to carry 80 % of the facts it is asked for. The headline is what the instrument measured; the diamond is what the subject really did, from its ledger.",
        "notices": list(notices),
        "sections": [
            _planted_section(planted),
            *[s for s in calibration["sections"] if s["kind"] == "curve"],
            *memory,
            _quota_section(people),
            transcripts_section(
                [p.dialogue for p in played], {p.id: {"ended": p.termination_reason.replace("_", " ")} for p in played}
            ),
            *[
                {**s, "title": f"PersonaGym: {str(s['title'])[0].lower()}{str(s['title'])[1:]}"}
                for s in gym_part["sections"]
            ],
            *[s for s in calibration["sections"] if s["kind"] == "table"],
        ],
    }


def _planted_section(planted: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "kind": "table",
        "title": "Planted, realised, measured",
        "note": "Planted is the subject's setting, realised is what its ledgers say it did, measured is what the instrument saw.",
        "columns": ["instrument", "planted fidelity", "realised share", "measured"],
        "rows": [
            [
                row["what"],
                row["planted"],
                None if row["realised"] is None else round(row["realised"], 3),
                row["measured"],
            ]
            for row in planted
        ],
    }


def _quota_section(people: Any) -> dict[str, Any]:
    fields: dict[str, list[Any]] = {}
    for row in people.quota_report():
        fields.setdefault(next(iter(row.cell)), []).append(row)
    return {
        "kind": "table",
        "title": "The population and its quotas",
        "note": "How many of each value were made; every margin is checked against its target.",
        "columns": ["field", "made", "quotas kept"],
        "rows": [
            [
                field,
                ", ".join(f"{row.cell[field]} {row.actual}" for row in rows),
                f"{sum(row.actual == row.target for row in rows)} of {len(rows)}",
            ]
            for field, rows in fields.items()
        ],
    }


def _plan(session: Session) -> None:
    from personarium.benchmarks.personagym import load_personas
    from personarium.benchmarks.personagym.planning import plan_personagym

    plan, player, judge = session.run.plan, session.player.name, session.judges[0].name
    plan_personagym(plan, load_personas(SHIPPED), player=player, judges=[judge], writer=judge)
    plan.expect("play.turn", player, 3 * TURNS, prompt_tokens=300)
    plan.expect("play.turn", session.judges[1].name, 3 * TURNS, prompt_tokens=300)
    plan.expect("apc and personagym on the population", player, 2 * PEOPLE * 4, prompt_tokens=120)
    session.show_plan()


def _show(out: Any, found: dict[str, Any]) -> None:
    from rich.table import Table

    from personarium.apps.cli.tables import estimates_table, interval, number
    from personarium.core.results import Estimate

    table = Table(
        title="Planted truth beside measured value", title_justify="left", box=None, pad_edge=False, header_style="bold"
    )
    table.add_column("")
    for name in ("planted", "realised", "measured", "95 % interval"):
        table.add_column(name, justify="right")
    for row in found["planted"]:
        measured = Estimate(**row["measured"])
        table.add_row(
            row["what"], f"{row['planted']:.2f}", number(row["realised"]), number(measured.value), interval(measured)
        )
    exact = all(row.target == row.actual for row in found["quotas"])
    out.print(
        f"population: {PEOPLE} personas, {len(found['quotas'])} quotas, {'all exact' if exact else 'NOT all exact'}"
    )
    out.print(table)
    out.print()
    year = found["year"]
    rows = {row["strategy"]: row["accuracy"]["value"] for row in year.comparison.table()}
    told = ", ".join(f"{name} {number(value)}" for name, value in rows.items() if name != "right sources")
    out.print(
        f"memory: {year.believed} facts of {TALKS} talks, {len(year.receipt.facts)} erased for good; methods: {told}",
        soft_wrap=True,
    )
    out.print()
    estimates = {k: Estimate(**e) for k, e in found["summary"]["estimates"].items()}
    out.print(estimates_table(estimates, "Measured"))
