"""The stage of one page: what its parts do with each other."""

from __future__ import annotations

from nicegui import background_tasks, ui

from personarium.apps.studio.parts import in_thread
from personarium.apps.studio.rooms.stage.actors import YOU, Actor, Models, cast_as, partner_model
from personarium.apps.studio.rooms.stage.chooser import Chooser
from personarium.apps.studio.rooms.stage.compare import Compare
from personarium.apps.studio.rooms.stage.composer import Composer
from personarium.apps.studio.rooms.stage.facts_panel import FactsPanel, show_reading
from personarium.apps.studio.rooms.stage.keeping import Keeping
from personarium.apps.studio.rooms.stage.model_field import suggest
from personarium.apps.studio.rooms.stage.opening import Opening
from personarium.apps.studio.rooms.stage.playing import Playing
from personarium.apps.studio.rooms.stage.ratings import RatingsPanel
from personarium.apps.studio.rooms.stage.sent import show_sent
from personarium.apps.studio.rooms.stage.setting import Setting
from personarium.apps.studio.rooms.stage.sheet import Sheet
from personarium.apps.studio.rooms.stage.tabs import Tabs
from personarium.apps.studio.rooms.stage.talk_view import TalkView
from personarium.apps.studio.rooms.stage.talks import Entry, Talk, kept_talk, new_talk
from personarium.apps.studio.studio import Studio
from personarium.core.dialogue import Dialogue
from personarium.core.errors import UsageError
from personarium.core.persona import Persona
from personarium.play.agents import Spoken
from personarium.play.characters import agent_for, opened
from personarium.play.remembering import RememberingAgent

MOST_TALKS = 12  # open on one page


class Stage:
    """Everything on the page.

    Args:
        studio: The workspace and its user.
    """

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.talks: list[Talk] = []
        self.active: Talk | None = None
        self.models = Models(studio)
        suggest(self.models.suggestions())
        self._chooser, self._sheet, self._question = Chooser(studio), Sheet(), Sheet("")
        self._keeping = Keeping(studio, self._open, self._changed)
        self._setting = Setting(
            studio.user,
            on_choose=self._choose,
            on_pair=self._pair,
            on_new=self._new,
            on_keep=self._keep,
            on_open=self._keeping.choose,
        )
        self._tabs = Tabs(self.show, self._close)
        with ui.element("div").classes("columns side"):
            with ui.element("section").classes("panel talk-panel").props("aria-label=Talk"):
                with ui.element("div").classes("talk-place"):
                    self._view = TalkView(self._act)
                    self._opening = Opening(self._say)
                self.playing = Playing(studio, self.models, self._view, self._changed, self._refreshed)
                self._composer = Composer(self._say, self._answer, self._play, self.playing.stop)
            with ui.element("div").classes("stack"):
                self._facts = FactsPanel(self.playing)
                self._ratings = RatingsPanel(studio)
        self._compare = Compare(self.playing, self._ratings.show, self._go_on)

    async def begin(self, persona: Persona) -> None:
        """The first talk."""
        await self._start((cast_as(persona, self.models.default),), memory=False)
        background_tasks.create(self._ratings.show(), name="ratings")

    async def end(self) -> None:
        """The page is gone."""
        self.playing.stop()
        await self.models.close()

    async def show(self, talk: Talk) -> None:
        """Show a talk."""
        self.active = talk
        self._view.show(talk)
        self._changed()
        self._composer.focus()  # before what takes time: nobody is called back from where they went meanwhile
        await self._facts.show(talk)
        await self._ratings.about(talk.actors[0].persona.id)

    # --- talks ---

    async def _start(self, actors: tuple[Actor, ...], *, memory: bool) -> None:
        talk = new_talk(actors, memory=memory)
        await self._greet(talk)
        await self._add(talk)

    async def _greet(self, talk: Talk) -> None:
        """A card speaks first, with its greeting."""
        actor = talk.actors[0]
        silent = await self.models.get("simulated")  # the greeting is the card's own, and no model says it
        greeted = opened(talk.dialogue, agent_for(actor.persona, silent, id=actor.id))
        if greeted is not talk.dialogue:
            talk.dialogue = greeted
            talk.show_all()

    async def _add(self, talk: Talk) -> None:
        """Open a talk; one in which nothing was said gives way."""
        if self.active is not None and not self.active.changed and not self.active.kept_as:
            self.talks.remove(self.active)
        if len(self.talks) >= MOST_TALKS:
            raise UsageError(f"{MOST_TALKS} talks are open on this page; close one first")
        self.talks.append(talk)
        await self.show(talk)

    async def _close(self, talk: Talk) -> None:
        if talk.changed and not await self._sure(talk):
            return
        self.talks.remove(talk)
        await self.show(self.talks[-1])

    async def _sure(self, talk: Talk) -> bool:
        with self._question.filled("Close this talk?") as dialog:
            ui.label(f"It has {len(talk.dialogue)} turns and was not kept; they will be lost.").classes("soft")
            with ui.element("div").classes("line end"):
                ui.button("Stay", on_click=lambda: dialog.submit(False)).props("flat")
                ui.button("Close and lose it", on_click=lambda: dialog.submit(True)).props("unelevated color=negative")
        return bool(await dialog)

    async def _open(self, name: str, dialogue: Dialogue) -> None:
        talk = await in_thread(
            kept_talk,
            name,
            dialogue,
            self.studio.workspace.personas.get,
            lambda persona: cast_as(persona, self.models.default),
        )
        await self._add(talk)
        await self.playing.read(talk, range(len(talk.dialogue)))
        await self._refreshed(talk)

    # --- what the parts ask for ---

    def _changed(self) -> None:
        busy = self.playing.busy
        self._setting.show(self.active, busy=busy)
        self._tabs.show(self.talks, self.active, busy=busy)
        self._composer.show(self.active, busy=busy)
        self._opening.show(self.active)

    async def _refreshed(self, talk: Talk) -> None:
        if talk is self.active:
            await self._facts.show(talk)

    async def _choose(self, place: int) -> None:
        self._idle()
        assert self.active is not None
        what = "Who is on stage?" if place == 0 else f"Who talks to {self.active.actors[0].name}?"

        async def chosen(id: str) -> None:
            assert self.active is not None
            persona = await in_thread(self.studio.workspace.personas.get, id)
            actors = list(self.active.actors)
            model = actors[place].model if place < len(actors) else partner_model(actors[0].model)
            actors[place:] = [cast_as(persona, model), *actors[place + 1 :]]
            _check_different(actors)
            await self._start(tuple(actors), memory=self.active.memory and len(actors) == 1)

        await self._chooser.ask(what, chosen)

    async def _pair(self, pair: bool) -> None:
        self._idle()
        assert self.active is not None
        if pair:
            await self._choose(1)
        else:
            await self._start(self.active.actors[:1], memory=False)

    async def _new(self) -> None:
        self._idle()
        if self.active is not None:
            again = tuple(cast_as(actor.persona, actor.model) for actor in self.active.actors)
            await self._start(again, memory=self.active.memory)

    async def _keep(self) -> None:
        if self.active is not None:
            await self._keeping.keep(self.active)

    async def _say(self, text: str) -> None:
        talk = self.active
        if talk is not None:
            self._view.add(talk, talk.say(YOU, text))
            self._opening.show(talk)
            await self._answer()

    async def _answer(self) -> None:
        if self.active is not None:
            await self.playing.turns(self.active)
            self._composer.focus()

    async def _play(self, each: int) -> None:
        if self.active is not None:
            await self.playing.turns(self.active, each * len(self.active.actors))

    async def _go_on(self, talk: Talk, turn: int, actor: Actor, spoken: Spoken, model: str) -> None:
        """The reply that was compared becomes the turn, in a branch."""
        self._idle()
        made = talk.branch(turn, f"{talk.actors[0].name}, turn {turn + 1}")
        if talk.memory:
            agent = await self.playing.agent(made, actor)
            if isinstance(agent, RememberingAgent):
                await in_thread(agent.keep, made.before(turn), spoken)
        made.say(actor.id, spoken.text, model=model)
        await self._add(made)
        await self.playing.read(made, [turn])
        await self._refreshed(made)

    async def _act(self, what: str, entry: Entry) -> None:
        talk, turn = self.active, entry.turn
        if talk is None or turn is None:
            return
        actor = talk.actor(entry.speaker)
        if what == "branch":
            self._idle()
            await self._add(talk.branch(turn + 1, f"{talk.actors[0].name}, from turn {turn + 1}"))
        elif actor is not None and what == "reading" and turn in talk.readings:
            show_reading(self._sheet, actor, entry, talk.readings[turn])
        elif actor is not None and what == "sent":
            kept = talk.sent.get(turn)
            messages = kept if kept is not None else await self.playing.messages(talk, actor, turn)
            show_sent(self._sheet, messages, entry.model or actor.model, exact=kept is not None)
        elif actor is not None and what == "compare":
            self._idle()
            await self._compare.ask(talk, actor, turn)

    def _idle(self) -> None:
        if self.playing.busy:
            raise UsageError("somebody is speaking; wait for the end of the turn, or stop it")


def _check_different(actors: list[Actor]) -> None:
    if len({actor.id for actor in actors}) < len(actors):
        raise UsageError(f"{actors[0].name} cannot talk to itself; choose another persona")
