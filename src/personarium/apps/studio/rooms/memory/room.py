"""The room's page: whose memory, of which day, and the four ways to look at it."""

from __future__ import annotations

from nicegui import ui

from personarium.apps.studio.frame import frame
from personarium.apps.studio.parts import empty, guarded, icon_button, in_thread, notice, open_filled, refuse
from personarium.apps.studio.rooms.memory.beliefs import Beliefs
from personarium.apps.studio.rooms.memory.carrying import Importing, download, room_url
from personarium.apps.studio.rooms.memory.desk import Desk, end_of_day
from personarium.apps.studio.rooms.memory.edits import Edits
from personarium.apps.studio.rooms.memory.forgetting import Forgetting
from personarium.apps.studio.rooms.memory.people import Person, person_of
from personarium.apps.studio.rooms.memory.recalling import Recalling
from personarium.apps.studio.rooms.memory.rows import minute
from personarium.apps.studio.rooms.memory.said import Said
from personarium.apps.studio.studio import Studio
from personarium.core.errors import PersonariumError
from personarium.remember.list_store import check_user
from personarium.remember.memory import Memory

READING_S = 30.0  # how long a page may take to read a large memory for the first time
LEAD = "What is believed of each person, since when, how surely, and the words it comes from."
TABS = {"beliefs": "Beliefs", "said": "Said", "recall": "Recall", "edits": "Edits"}


def register(studio: Studio) -> None:
    """Put the room under its address."""

    @ui.page("/memory", response_timeout=READING_S)
    async def show(of: str = "", tab: str = "beliefs") -> None:
        memory, people = await in_thread(_look, studio)
        chosen, fault = _chosen(of, people, studio.user)
        with frame("/memory", LEAD, style="memory"):
            if fault:
                refuse(fault)
            if chosen is None:
                _nobody(memory)
            else:
                await Room(studio, memory, people, chosen, tab if tab in TABS else "beliefs").begin()


def _look(studio: Studio) -> tuple[Memory, dict[str, str]]:
    """The memory, and id -> label of everybody in it, by label."""
    memory = studio.workspace.memory
    people = {id: person_of(id) for id in memory.users()}
    by_persona = any(one.persona for one in people.values())
    names = {row.id: row.name for row in studio.workspace.personas.rows()} if by_persona else {}
    labels = {id: one.label(names.get(one.persona, "")) for id, one in people.items()}
    return memory, dict(sorted(labels.items(), key=lambda one: (one[1].casefold(), one[0])))


def _chosen(of: str, people: dict[str, str], user: str) -> tuple[Person | None, str]:
    """Whose memory is meant, and what is wrong with the address."""
    if not of:
        known = user if user in people else next(iter(people), "")
        return (person_of(known) if known else None), ""
    try:
        check_user(of)
    except PersonariumError as error:
        return None, str(error)
    return person_of(of), ""


def _nobody(memory: Memory) -> None:
    empty(
        "Nobody is remembered yet", "Talk in the stage with a memory, or begin one here and write down what was said."
    )
    importing, new = Importing(memory), _NewPerson()
    with ui.element("div").classes("centred line"):
        ui.button("New person", icon="person_add", on_click=new.open).props("unelevated")
        ui.button("Import a memory", icon="upload_file", on_click=lambda: importing.open()).props("outline")


class _NewPerson:
    """The dialog that begins a memory."""

    def __init__(self) -> None:
        with ui.dialog() as self.dialog, ui.card().classes("memory-dialog"):
            ui.label("New person").classes("panel-title").props("role=heading aria-level=2")
            self.name = ui.input("Name").props("outlined dense maxlength=512 autofocus")
            self.name.on("keydown.enter", guarded(self._begin))
            with ui.element("div").classes("line dialog-acts"):
                ui.space()
                ui.button("Cancel", on_click=self.dialog.close).props("flat")
                ui.button("Begin", on_click=guarded(self._begin)).props("unelevated")
        self.dialog.props["aria-label"] = "New person"

    def open(self) -> None:
        """Ask for the name."""
        self.name.set_value("")
        open_filled(self.dialog)

    def _begin(self) -> None:
        id = (self.name.value or "").strip()
        check_user(id)
        ui.navigate.to(room_url(id))


class Room:
    """One person's memory on the page.

    Args:
        studio: Whose workspace.
        memory: The workspace's memory.
        people: Id -> label of everybody.
        person: Who is looked at.
        tab: Which tab is open first.
    """

    def __init__(self, studio: Studio, memory: Memory, people: dict[str, str], person: Person, tab: str) -> None:
        self.memory, self.people, self.person = memory, people, person
        self.desk = Desk(studio, person)
        self.importing, self.new, self.forgetting = Importing(memory), _NewPerson(), Forgetting(self.desk)
        self._tools()
        self.past = ui.element("div")
        self._tabs(tab)
        self.desk.on_change(self.refresh)

    async def begin(self) -> None:
        """Show what there is."""
        await self.refresh()

    async def refresh(self) -> None:
        """The tab that is open looks again."""
        await self.parts[self.tabs.value].refresh()

    def _tools(self) -> None:
        id = self.person.id
        options = self.people if id in self.people else {id: f"{self.person.label()} (new)", **self.people}
        with ui.element("div").classes("memory-tools"):
            self.who = ui.select(options, value=id, label="Whose memory", with_input=len(options) > 8)
            self.who.on_value_change(self._elsewhere).props("outlined dense").classes("memory-who")
            self.day = ui.date_input("As of").props("outlined dense clearable").classes("memory-day")
            self.day.button.props["aria-label"] = "Choose the day"
            self.day.on_value_change(guarded(self._as_of))
            self.over = ui.switch("What is over, too", on_change=guarded(self._with_over))
            ui.space()
            ui.button("Forget", icon="delete_outline", on_click=lambda: self.forgetting.open()).props("outline")
            self._menu()

    def _menu(self) -> None:
        with icon_button("more_vert", "More", lambda: None), ui.menu():
            ui.menu_item("New person", self.new.open)
            ui.separator()
            ui.menu_item(
                "Export everything (JSON lines)", guarded(lambda: download(self.memory, self.person.id, ".jsonl"))
            )
            ui.menu_item(
                "Export what is believed (Markdown)", guarded(lambda: download(self.memory, self.person.id, ".md"))
            )
            ui.menu_item("Import a memory", lambda: self.importing.open())

    def _tabs(self, tab: str) -> None:
        with ui.tabs().props("dense align=left no-caps inline-label").classes("memory-tabs") as self.tabs:
            for name, label in TABS.items():
                ui.tab(name, label)
        self.tabs.set_value(tab)
        self.tabs.on_value_change(self._turned)
        with ui.tab_panels(self.tabs, value=tab, animated=False, keep_alive=True).classes("memory-panels"):
            with ui.tab_panel("beliefs"):
                beliefs = Beliefs(self.desk, self.forgetting.open)
            with ui.tab_panel("said"):
                said = Said(self.desk, self.forgetting.open)
            with ui.tab_panel("recall"):
                recall = Recalling(self.desk)
            with ui.tab_panel("edits"):
                edits = Edits(self.desk)
        self.parts: dict[str, Beliefs | Said | Recalling | Edits] = {
            "beliefs": beliefs,
            "said": said,
            "recall": recall,
            "edits": edits,
        }

    async def _turned(self) -> None:
        ui.navigate.history.replace(room_url(self.person.id, self.tabs.value))
        await self.refresh()

    def _elsewhere(self) -> None:
        if self.who.value and self.who.value != self.person.id:
            ui.navigate.to(room_url(self.who.value, self.tabs.value))

    async def _as_of(self) -> None:
        self.desk.as_of = end_of_day(self.day.value)
        self.past.clear()
        if self.desk.as_of is not None:
            with self.past:
                text = f"As it was known on {minute(self.desk.as_of)} UTC. The past can be looked at and not changed."
                notice(text, info=True).classes("memory-past")
        await self.refresh()

    async def _with_over(self) -> None:
        self.desk.ended = bool(self.over.value)
        await self.refresh()
