"""The agent that plays a character card as the card's author meant it: its own prompts, greetings and lorebook.

Source: Character Card V1, V2 and V3 specifications; the layout of the messages is :mod:`personarium.core.cards.prompt`.
"""

from __future__ import annotations

from personarium.core.cards.lore import Lorebook
from personarium.core.cards.macros import Macros
from personarium.core.cards.persona import FORMAT, persona_from_card
from personarium.core.cards.prompt import USER, CardPrompt, card_prompt
from personarium.core.cards.record import Card
from personarium.core.cards.written import card_from_persona
from personarium.core.chat import ChatModel, Message, Sampling
from personarium.core.dialogue import Dialogue, Utterance
from personarium.core.errors import UsageError
from personarium.core.persona import Persona
from personarium.core.views import Style
from personarium.play.agents import PLAYING, Agent, Projection, Speaker

ASKER = "interviewer"


class CardAgent(Agent):
    """A character card played by a model.

    Args:
        card: The card, or a persona: one that was read from a card is played by that card, changes included.
        model: Any chat model.
        user: What ``{{user}}`` stands for.
        greeting: Which greeting begins its dialogues: 0 is ``first_mes``, then the alternate greetings, then those for
            groups only.
        lorebook: Scanned instead of the card's own.
        seed: Of random macros (``{{random:A,B}}``); the model's seed is given at each call.
        max_tokens: Most tokens of a prompt, by estimate (see :func:`card_prompt`); None for no limit.
        sampling: Temperature and limits of its turns.
        id: Its name as a speaker; the persona's id by default.
        instructions: What follows the card in the system message.

    Raises:
        UsageError: When the card has no such greeting, or the id is a role.
        InvalidInput: When the lorebook has too many keys, or the persona cannot be written as a card.
    """

    __slots__ = ("card", "greeting", "lorebook", "max_tokens", "seed", "user")

    def __init__(
        self,
        card: Card | Persona,
        model: ChatModel,
        *,
        user: str = USER,
        greeting: int = 0,
        lorebook: Lorebook | None = None,
        seed: int = 0,
        max_tokens: int | None = None,
        sampling: Sampling = PLAYING,
        id: str | None = None,
        instructions: str = "",
    ) -> None:
        who = persona_from_card(card, user=user) if isinstance(card, Card) else card
        super().__init__(who, model, sampling=sampling, id=id, instructions=instructions)
        self.card = card if isinstance(card, Card) else card_from_persona(card)
        self.user, self.greeting, self.seed, self.max_tokens = user, greeting, seed, max_tokens
        self.lorebook = lorebook if lorebook is not None else Lorebook.of(self.card, user=user, seed=seed)
        self.greet(group=True)  # a greeting that the card does not have is refused now
        first = self.render()[0]
        self.system = first["content"] if first["role"] == "system" else ""

    def __repr__(self) -> str:
        return f"CardAgent({self.id!r}, {self.model.name!r})"

    def with_projection(self, projection: Projection) -> CardAgent:
        """Itself: a card is always played egocentrically.

        Raises:
            UsageError: On ``concat``, which has no history that lore could stand in.
        """
        if projection != "egocentric":
            raise UsageError(f"a character card is played in the egocentric projection only, found '{projection}'")
        return self

    def trace(self, dialogue: Dialogue | None = None) -> CardPrompt:
        """What :meth:`render` shows, with the source of every character, the lore's reasons and what was left out."""
        return card_prompt(
            self.card,
            dialogue if dialogue is not None else Dialogue(),
            self.id,
            user=self.user,
            lorebook=self.lorebook,
            greeting=self.greeting,
            seed=self.seed,
            instructions=self.instructions,
            max_tokens=self.max_tokens,
        )

    def render(self, dialogue: Dialogue | None = None) -> list[Message]:
        """Exactly the messages that :meth:`reply` would send now; makes no call."""
        return self.trace(dialogue).messages

    def render_question(self, question: str) -> list[Message]:
        """Exactly the messages that :meth:`answer` would send: the question as the only thing that was said."""
        asker = ASKER if self.id != ASKER else f"the {ASKER}"
        return self.render(Dialogue(utterances=[Utterance(asker, question)]))

    def greet(self, greeting: int | None = None, group: bool = False) -> str:
        """A greeting of the card with its macros replaced; empty when that one says nothing.

        Args:
            greeting: Which one; None is the agent's own.
            group: Whether more than two talk, so that the greetings for groups only count too.

        Raises:
            UsageError: When there is none of that number.
        """
        number = self.greeting if greeting is None else greeting
        found = (*self.card.greetings, *(self.card.data["group_only_greetings"] if group else ()))
        if not 0 <= number < len(found):
            of = "for groups" if group else "for two"
            raise UsageError(f"'{self.card.called}' has greetings 0 to {len(found) - 1} {of}, found {number}")
        return Macros(self.card.called, self.user, seed=self.seed).expand(found[number]).strip()


def agent_for(
    persona: Persona,
    model: ChatModel,
    *,
    user: str = USER,
    greeting: int = 0,
    style: Style | None = None,
    seed: int = 0,
    max_tokens: int | None = None,
    sampling: Sampling = PLAYING,
    id: str | None = None,
    instructions: str = "",
) -> Agent:
    """An agent for any persona: one that was read from a character card is played as the card, any other in a view.

    Args:
        persona: Who.
        model: Any chat model.
        user: What ``{{user}}`` stands for in a card.
        greeting: Which greeting of a card begins its dialogues.
        style: Plays even a card's persona in this view; None for the card itself, and for others the view ``system``.
        seed: Of random macros in a card.
        max_tokens: Most tokens of a prompt made from a card.
        sampling: Temperature and limits of its turns.
        id: Its name as a speaker; the persona's id by default.
        instructions: What follows in the system message.
    """
    if style is not None or persona.provenance.get("format") != FORMAT:
        return Agent(persona, model, style=style or "system", sampling=sampling, id=id, instructions=instructions)
    return CardAgent(
        persona,
        model,
        user=user,
        greeting=greeting,
        seed=seed,
        max_tokens=max_tokens,
        sampling=sampling,
        id=id,
        instructions=instructions,
    )


def opened(dialogue: Dialogue, agent: Speaker) -> Dialogue:
    """The dialogue with the agent's greeting as its first utterance, when nobody has spoken and it has one to say.

    V1 specification, ``first_mes``: the character speaks first, and that is what it says. The dialogue itself stays as it
    is; with more than two in its cast the greetings for groups count too.
    """
    if dialogue.utterances or not isinstance(agent, CardAgent):
        return dialogue
    said = agent.greet(group=len({*dialogue.cast, agent.id}) > 2)
    return dialogue.with_utterance(agent.id, said, greeting=agent.greeting) if said else dialogue
