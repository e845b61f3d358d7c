"""``personarium play``: personas talk to each other; dialogues, drift and echo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.output import printable, speaks
from personarium.apps.cli.session import Session, finish_run, read_personas, run_options
from personarium.apps.cli.spasm import play_spasm
from personarium.core.errors import UsageError


@speaks
@opt.takes_common
def play(
    personas: Annotated[
        list[str] | None,
        typer.Argument(
            help="Two or more personas: files, cards or sentences. With one, the partner is a plain assistant."
        ),
    ] = None,
    model: opt.Model = "simulated",
    partner_model: Annotated[
        str | None,
        typer.Option("--partner-model", help="Who plays everybody but the first persona; --model if left out."),
    ] = None,
    agent: opt.Agent = None,
    agent_model: opt.AgentModel = None,
    stateful: opt.Stateful = False,
    base_url: opt.BaseUrl = None,
    dialogues: Annotated[int, typer.Option("--dialogues", "-n", min=1, help="How many dialogues.")] = 1,
    turns: Annotated[int, typer.Option("--turns", min=1, max=200, help="Most turns of each speaker.")] = 8,
    projection: Annotated[str, typer.Option("--projection", help="egocentric, or the baseline concat.")] = "egocentric",
    detector: Annotated[
        str | None,
        typer.Option("--detector", help="A model that says when a talk is naturally over; played to the cap without."),
    ] = None,
    spasm: Annotated[
        int,
        typer.Option(
            "--spasm", min=0, help="Make this many clients by the SPASM procedure and play each with a responder."
        ),
    ] = 0,
    common: opt.Common = opt.Common(),
) -> None:
    """Let personas talk to each other, each seeing the history from its own point of view.

    With --agent the first persona is your own agent.

    Example: personarium play "A shy librarian from Oslo" "A loud chef from Naples" --dialogues 3 --turns 6
    """
    given = opt.given(locals())
    people = [person for source in personas or () for person in read_personas(source, None)]
    if not people and not spasm:
        raise UsageError("nobody to play: name personas, or let --spasm make them")
    from personarium.models.registry import is_simulated

    partner = partner_model or (model if not is_simulated(model) else "simulated:seed=1")
    config = {
        "personas": [p.id for p in people],
        "dialogues": dialogues,
        "turns": turns,
        "projection": projection,
        "partner_model": partner,
        "detector": detector,
        "spasm": spasm,
    }
    judges = [partner, *([detector] if detector else [])]
    session = Session(
        run_options("play", {**given, "judge_base_url": base_url}, config, judges, roles=("partner", "detector"))
    )
    if spasm:
        play_spasm(session, spasm, dialogues, turns, projection)
        return
    castings = _castings(session, people, dialogues, turns, projection, bool(detector), common.seed)
    if common.dry_run:
        _plan(session, castings, turns)
        return
    with session:
        from personarium.play import play_dialogues

        played = session.work(play_dialogues(castings, run=session.run, concurrency=common.concurrency))
        summary = _keep(session, castings, played)
    finish_run(session, summary, lambda console: _show(console, castings, played, summary))


def _castings(
    session: Session, people: list[Any], dialogues: int, turns: int, projection: str, detects: bool, seed: int
) -> list[Any]:
    from personarium.core import Dialogue
    from personarium.play import Agent, Casting, TerminationDetector, agent_for, opened

    first, *others = people
    partner = others[0].name if others else ""
    speakers: list[Agent] = [
        Agent(first, session.player, id=speaker_name(first, 1), style=None)
        if session.own_agent
        else agent_for(first, session.player, id=speaker_name(first, 1), user=partner or "User", seed=seed)
    ]
    for k, other in enumerate(others, 2):
        speakers.append(
            agent_for(other, session.judges[0], id=speaker_name(other, k), user=first.name or "User", seed=seed)
        )
    if not others:
        speakers.append(Agent(None, session.judges[0], id="assistant-2"))
    watch = TerminationDetector(session.judges[1]) if detects else None
    greeted = opened(Dialogue(cast=tuple(s.id for s in speakers)), speakers[0])
    opening = greeted if greeted.utterances else None
    return [
        Casting(
            f"dialogue-{k + 1}",
            tuple(speakers),
            watch,
            turns,
            projection,  # type: ignore[arg-type]
            opening=opening,
            seed=seed,
            sample=k,
        )
        for k in range(dialogues)
    ]


def speaker_name(person: Any, number: int) -> str:
    """A name for a speaker: the persona's own, made unique by a number."""
    return f"{person.name or 'speaker'}-{number}"


def _plan(session: Session, castings: list[Any], turns: int) -> None:
    from personarium.core import Sampling

    plan = session.run.plan
    for place, speaker in enumerate(castings[0].speakers):
        messages = speaker.render()
        plan.see("play.turn", speaker.model.name, messages, Sampling())
        # Every turn sends the history again: on average half of all turns, about 60 tokens each.
        average = (
            plan.steps[("play.turn", speaker.model.name)].prompt_tokens + 60 * turns * len(castings[0].speakers) // 2
        )
        plan.expect("play.turn", speaker.model.name, len(castings) * turns - 1, prompt_tokens=average)
        if place == 0 and castings[0].detector is not None:
            session.output.warn("calls of the detector are not counted: it decides how often it is asked")
    session.show_plan()


def _keep(session: Session, castings: list[Any], played: list[Any]) -> dict[str, Any]:
    from personarium.apps.cli.summaries import dialogues_summary
    from personarium.core import save_dialogues

    path = Path(session.run.path) / "dialogues.jsonl"
    save_dialogues([p.dialogue for p in played], path)
    measures = dialogue_measures(castings, played)
    session.run.write_results(measures)
    summary = dialogues_summary(castings, played, measures, session.output.warnings)
    session.run.write_summary(summary)
    return {"dialogues": str(path), "measures": measures, "estimates": summary["estimates"]}


def dialogue_measures(castings: list[Any], played: list[Any]) -> list[dict[str, Any]]:
    """Drift of every speaker with a persona, and how often replies echo, for each dialogue; None where not defined."""
    from personarium.measure import dialogue_drift, dialogue_echo
    from personarium.text import load_embedder

    embedder = load_embedder()
    rows = []
    for casting, one in zip(castings, played, strict=True):
        for speaker in casting.speakers:
            persona = getattr(speaker, "persona", None)
            words = None if persona is None else persona.view("statements").text
            drift = None if words is None else dialogue_drift(one.dialogue, speaker.id, words, embedder).value
            rows.append(
                {
                    "dialogue": one.id,
                    "speaker": speaker.id,
                    "turns": len(one.dialogue.said_by(speaker.id)),
                    "drift": drift,
                    "echo": dialogue_echo(one.dialogue, speaker.id).value,
                    "ended": one.termination_reason,
                    "failures": len(one.failures),
                }
            )
    return rows


def _show(console: Any, castings: list[Any], played: list[Any], data: dict[str, Any]) -> None:
    from rich.text import Text

    colours = ("cyan", "magenta", "green", "yellow")
    for one in played[:3]:
        console.print(Text(f"{one.id}  ({one.termination_reason.replace('_', ' ')})", style="bold"))
        ids = [speaker.id for speaker in castings[0].speakers]
        for utterance in one.dialogue.utterances:
            colour = colours[ids.index(utterance.speaker) % len(colours)]
            console.print(Text.assemble((f"{utterance.speaker}  ", colour), printable(utterance.text)), soft_wrap=True)
        console.print()
    if len(played) > 3:
        console.print(f"and {len(played) - 3} more in {data['dialogues']}")
