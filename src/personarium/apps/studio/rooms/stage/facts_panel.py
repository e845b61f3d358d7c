"""How true to their facts the personas stay: counts over the talk, drift, echo, failures; and one reply in detail."""

from __future__ import annotations

from collections import Counter

from nicegui import ui

from personarium.apps.studio.parts import in_thread, panel, tag
from personarium.apps.studio.rooms.stage.actors import Actor
from personarium.apps.studio.rooms.stage.curve import drift_curve
from personarium.apps.studio.rooms.stage.playing import Playing
from personarium.apps.studio.rooms.stage.sheet import Sheet
from personarium.apps.studio.rooms.stage.strip import LOOKS, ORDER
from personarium.apps.studio.rooms.stage.talks import Entry, Talk
from personarium.core.dialogue import Dialogue
from personarium.core.results import Score
from personarium.measure.apc import APCInstrument
from personarium.measure.talk_reading import FactReading, ReplyReading, TalkReading, add_up

UNTOUCHED = 200  # facts without any verdict that are listed


class FactsPanel:
    """The panel beside the talk.

    Args:
        playing: Has the readers.
    """

    def __init__(self, playing: Playing) -> None:
        self._playing = playing
        with panel("True to character"):
            self._body = ui.element("div").classes("stack facts-body")

    async def show(self, talk: Talk | None) -> None:
        """Show where a talk stands."""
        found = [] if talk is None else [await self._measured(talk, actor) for actor in talk.actors]
        self._body.clear()
        with self._body:
            if talk is None or not any(talk.dialogue.said_by(actor.id) for actor in talk.actors):
                ui.label(
                    "Every reply is read against the persona's facts: which were asked for, carried, missed or "
                    "contradicted. The counts and the drift curve appear here."
                ).classes("soft small")
                _failures(talk)
                return
            for index, actor in enumerate(talk.actors):
                self._counts(talk, actor, index)
            _failures(talk)
            self._curve(talk, found)

    async def _measured(self, talk: Talk, actor: Actor) -> tuple[Score, Score]:
        reader = await self._playing.reader(actor)
        said = Dialogue(talk.dialogue.id, list(talk.dialogue.utterances), {}, talk.dialogue.cast)
        return await in_thread(lambda: (reader.drift(said, actor.id), reader.echo(said, actor.id)))

    def _counts(self, talk: Talk, actor: Actor, index: int) -> None:
        own = [talk.readings[turn] for turn in sorted(talk.readings) if talk.dialogue[turn].speaker == actor.id]
        counts = add_up(own)
        with ui.element("div").classes("counts"):
            if not talk.with_you:
                with ui.element("div").classes("line key"):
                    ui.element("span").classes(f"swatch s{index}")
                    ui.label(actor.name).classes("small clip grow")
            if counts.asked:
                _carried(counts)
            else:
                ui.label("No fact was asked for yet.").classes("small")
            with ui.element("div").classes("line"):
                tag(f"{counts.missed} not carried")
                tag(f"{counts.contradicted} contradicted", "bad" if counts.contradicted else "")

    def _curve(self, talk: Talk, found: list[tuple[Score, Score]]) -> None:
        ui.label("Distance from the persona").props("role=heading aria-level=3").classes("small-title")
        lines = [list(drift.parts.values()) for drift, _ in found]
        if max(map(len, lines)) < 2:
            ui.label("A curve needs two replies.").classes("soft small")
            return
        told = "; ".join(
            f"{actor.name}: {', '.join('none' if v is None else f'{v:.2f}' for v in line[-12:])}"
            for actor, line in zip(talk.actors, lines, strict=True)
        )
        with ui.element("div").props("role=img") as shown:
            ui.html(drift_curve(lines), sanitize=False)
        shown.props["aria-label"] = f"Distance of the last replies, {told}"
        for actor, (drift, echo) in zip(talk.actors, found, strict=True):
            before = "" if talk.with_you else f"{actor.name}: "
            moved = "no drift yet" if drift.value is None else f"drift {drift.value:+.2f}".replace("-", "−")
            echoed = "" if echo.value is None else f", echo {echo.value:.2f}"
            ui.label(f"{before}{moved}{echoed} over {len(drift.parts)} replies").classes("small number")
        ui.label(
            "Cosine distance of each reply from the persona's statements; drift is the last third less the first, above "
            "0 is away. One talk, so there is no interval."
        ).classes("tiny soft")


def _carried(counts: TalkReading) -> None:
    share = counts.share
    with ui.element("div").classes("line"):
        ui.label(str(counts.carried)).classes("big-number")
        with ui.element("div").classes("grow"):
            ui.label(f"of {counts.asked} facts asked for were carried").classes("small")
            if share.value is not None and share.lo is not None and share.hi is not None:
                told = f"{share.value:.0%}, 95 % interval {share.lo:.0%} to {share.hi:.0%}"
                ui.label(told).classes("tiny soft number")


def _failures(talk: Talk | None) -> None:
    if talk is None or not talk.failures:
        return
    kinds = Counter(failure.kind for failure in talk.failures)
    told = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
    ui.label(f"Without a reply: {told}").classes("tag bad")


def show_reading(sheet: Sheet, actor: Actor, entry: Entry, reading: ReplyReading) -> None:
    """One reply against every fact, in a dialog."""
    with sheet.filled(f"What this reply does to the facts of {actor.name}") as dialog:
        _said("Asked", reading.score.query)
        _said("Reply", entry.text)
        touched = reading.of(*ORDER)
        if touched:
            _table(touched)
        else:
            ui.label("No fact was asked for, and none was touched.").classes("soft")
        rest = reading.of("untouched")
        if rest:
            with ui.expansion(f"{len(rest)} facts not touched").classes("rest"):
                _table(rest[:UNTOUCHED])
        ui.label(f"{APCInstrument().note} It knows words, not the world: a hint, no judgement.").classes("tiny soft")
        with ui.element("div").classes("line end"):
            ui.button("Close", on_click=dialog.close).props("flat")


def _said(what: str, text: str) -> None:
    with ui.element("div").classes("quoted"):
        ui.label(what).classes("tiny soft")
        ui.label(text).classes("wrap")


def _table(facts: list[FactReading]) -> None:
    with ui.element("table").classes("facts-table"):
        with ui.element("thead"), ui.element("tr"):
            for name in ("Fact", "", "asked for", "carried", "contradicted"):
                with ui.element("th"):
                    ui.label(name)
        with ui.element("tbody"):
            for fact in facts:
                _fact(fact)


def _fact(fact: FactReading) -> None:
    called, _, kind = LOOKS[fact.verdict]
    score = fact.score
    with ui.element("tr"):
        with ui.element("td").classes("fact-text"):
            ui.label(fact.statement).classes("wrap")
        with ui.element("td"):
            tag(called, kind)
        for value in (score.relevance, score.triple.entailed, score.triple.contradicted):
            with ui.element("td"):
                ui.label(f"{value:.2f}").classes("number")
