"""A persona in words: what a model is sent, and the other views."""

from __future__ import annotations

from nicegui import ui

from personarium.apps.studio.parts import guarded, icon_button, in_thread, tell
from personarium.core.persona import Persona
from personarium.core.persona_draft import Draft
from personarium.core.tokens import estimate_tokens
from personarium.core.views import STYLES

PLAYED = "played"
LABELS = {
    PLAYED: "As a model sees it",
    "system": "System prompt",
    "personagym": "PersonaGym",
    "card": "Card",
    "attributes": "Attributes",
    "statements": "Statements",
    "biography": "Biography",
    "traits": "Traits",
}
MOST_CHARACTERS = 100_000


class PromptView:
    """The panel; it shows the draft as it is when it is opened.

    Args:
        draft: What is edited.
    """

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        with ui.element("div").classes("line view-choice"):
            options = {PLAYED: LABELS[PLAYED], **{style: LABELS.get(style, style) for style in STYLES}}
            self.style = ui.select(options, value=PLAYED, label="View", on_change=self.show)
            self.style.props("outlined dense").classes("view-select")
            self.tokens = ui.label().classes("soft small number")
        self.texts = ui.element("div").classes("stack")

    @guarded
    async def show(self) -> None:
        """The chosen view of the persona as it is now."""
        messages = await in_thread(in_words, self.draft.persona, self.style.value)
        tokens = sum(estimate_tokens(text) for _, text in messages)
        self.tokens.set_text(f"about {tokens:,} tokens")
        self.texts.clear()
        with self.texts:
            for role, text in messages:
                _message(role, text)
            if not any(text.strip() != "" for _, text in messages):
                ui.label("This view says nothing of this persona.").classes("soft")


def in_words(persona: Persona, style: str) -> list[tuple[str, str]]:
    """The messages that a model is sent before anybody has spoken (role and text), or one view."""
    if style != PLAYED:
        return [("", persona.view(style).text)]  # type: ignore[arg-type]
    from personarium.models import open_model
    from personarium.play import agent_for

    agent = agent_for(
        persona, open_model("simulated"), id="the persona"
    )  # whoever the model: the messages are the same
    return [(message["role"], message["content"]) for message in agent.render()]


def _message(role: str, text: str) -> None:
    def copy() -> None:
        ui.clipboard.write(text)
        tell("Copied")

    with ui.element("section").classes("prompt") as section:
        section.props["aria-label"] = f"Message of the role {role}" if role else "View"
        with ui.element("div").classes("prompt-head"):
            ui.label(role or "text").classes("tiny soft")
            icon_button("content_copy", "Copy", copy).props("size=sm")
        shown = text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + "\n… (cut here; copy takes it all)"
        ui.label(shown).classes("prompt-text").props("tabindex=0")  # it may scroll, and keys must reach it
