"""``personarium play --spasm``: clients made from a schema, checked, described, and played with a responder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from personarium.apps.cli.output import printable
from personarium.apps.cli.session import Session, finish_run


def play_spasm(session: Session, personas: int, dialogues: int, turns: int, projection: str) -> None:
    """Run SPASM and keep what it made.

    Args:
        session: Its player is the client; its first judge the responder, its last one the helper.
        personas: Clients.
        dialogues: For each client.
        turns: Most turns of each speaker.
        projection: ``egocentric`` or ``concat``.
    """
    from personarium.play.spasm import SpasmConfig, plan_calls

    config = SpasmConfig(
        personas=personas,
        dialogues_per_persona=dialogues,
        seed=session.options.seed,
        max_turns=turns,
        projection=projection,  # type: ignore[arg-type]
    )
    if session.options.dry_run:
        for step, calls in plan_calls(config).items():
            session.run.plan.expect(step, session.player.name, calls, prompt_tokens=400)
        session.output.warn("the most calls: detectors end dialogues earlier, rejected persons are drawn again")
        session.show_plan()
        return
    with session:
        result = session.work(_run(session, config))
        summary = _keep(session, result)
    data = {"stats": result.stats(), "estimates": summary["estimates"], "conversations": str(_file(session))}
    finish_run(session, data, lambda out: _show(out, result))


async def _run(session: Session, config: Any) -> Any:
    from personarium.play.spasm import run_spasm

    responder, helper = session.judges[0], session.judges[-1]
    return await run_spasm(
        session.player, responder, helper, config=config, run=session.run, concurrency=session.options.concurrency
    )


def _file(session: Session) -> Path:
    return Path(session.run.path) / "conversations.jsonl"


def _keep(session: Session, result: Any) -> dict[str, Any]:
    from personarium.apps.cli.summaries import transcripts_section
    from personarium.stats import bootstrap_mean

    kept = [d for d in result.dialogues if not d.rejected_because]
    rows = [c.to_dict() for c in result.conversations()]
    _file(session).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    session.run.write_results(result.rows())
    facts = {
        d.played.id: {"ended": d.played.termination_reason.replace("_", " "), "rejected": d.rejected_because or "no"}
        for d in result.dialogues
    }
    lengths = bootstrap_mean([len(d.played.dialogue) for d in kept], "dialogue")
    summary = {
        "kind": "dialogues",
        "title": f"SPASM: {len(result.people)} clients, {len(kept)} dialogues kept",
        "headline": "Utterances of a dialogue",
        "estimates": {"Utterances of a dialogue": lengths.as_dict()},
        "notices": session.output.warnings,
        "sections": [
            _counts(result, len(kept)),
            transcripts_section([d.played.dialogue for d in result.dialogues], facts),
        ],
    }
    session.run.write_summary(summary)
    return summary


def _counts(result: Any, kept: int) -> dict[str, Any]:
    from personarium.core import count_failures

    rows: list[list[Any]] = [
        ["clients", len(result.people) - result.empty_places],
        ["places that nobody took", result.empty_places],
        ["share of draws rejected as implausible", result.rejection_rate],
        ["dialogues kept", kept],
        ["dialogues rejected", len(result.rejected)],
    ]
    rows += [[f"failures: {kind}", n] for kind, n in count_failures(result.failures).items()]
    return {"kind": "table", "title": "What was made", "columns": ["what", "count"], "rows": rows}


def _show(out: Any, result: Any) -> None:
    from rich.text import Text

    for row in _counts(result, len(result.dialogues) - len(result.rejected))["rows"]:
        shown = row[1] if not isinstance(row[1], float) else f"{row[1]:.2f}"
        out.print(Text(f"{row[0]:<42}{shown}"))
    for person in [p for p in result.people if not p.empty][:2]:
        out.print(Text(f"\n{printable(person.description)}", style="dim"), soft_wrap=True)
