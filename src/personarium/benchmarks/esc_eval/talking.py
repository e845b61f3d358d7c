"""The dialogue: a simulated person and the tested model, five rounds, each with its own view of what was said.

Source: esc-eval page, steps 2 and 3, "Works when" 1. The prompts and opening lines are in our own words.
Differs: a tested model that declines is not stopped: its words stay in the dialogue and are rated, and the dialogue is marked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from personarium.benchmarks.esc_eval.cards import Language, RoleCard
from personarium.core.chat import ChatModel, Message, Sampling
from personarium.core.dialogue import Dialogue
from personarium.models.step import Step
from personarium.play.agents import Agent, Spoken
from personarium.play.dialogues import Casting, Ending
from personarium.text.refusals import is_refusal

_HERE = "personarium.benchmarks.esc_eval"
PERSON, MODEL = "seeker", "supporter"
SPOKEN_AS: Mapping[str, str] = {PERSON: "ESC-Role", MODEL: "AI assistant"}  # in the published transcripts
RATED_AS: Mapping[str, str] = {PERSON: "user", MODEL: "AI assistant"}  # in the rater's prompt
OPENINGS: Mapping[Language, str] = {
    "english": "Hello, I am here to listen. Is there anything on your mind that you would like to talk about?",
    "chinese": "你好，我愿意听你说。你有什么心事想聊聊吗？",
}
SYSTEM = "You are a helpful assistant."
PLAYER_PROMPTS: Mapping[Language, Step] = {
    "english": Step("esc_eval.player", _HERE, "player_english"),
    "chinese": Step("esc_eval.player", _HERE, "player_chinese"),
}


class Supporter(Agent):
    """The tested model: it does not see the opening line, unless that is wanted.

    Args:
        model: Any chat model.
        system: Its system message.
        sampling: Of its turns.
        sees_opening: Whether the opening line stands in its history, as its own first message.
    """

    __slots__ = ("sees_opening",)

    def __init__(self, model: ChatModel, system: str, sampling: Sampling, sees_opening: bool = False) -> None:
        super().__init__(None, model, sampling=sampling, id=MODEL, instructions=system)
        self.sees_opening = sees_opening

    def render(self, dialogue: Dialogue | None = None) -> list[Message]:
        """Exactly the messages that :meth:`reply` would send now."""
        said = [] if dialogue is None else dialogue.utterances
        hidden = 1 if said and said[0].speaker == self.id and not self.sees_opening else 0
        turns = Dialogue(utterances=said[hidden:]).seen_by(self.id, opening_cue=None)
        return [{"role": "system", "content": self.system}, *turns] if self.system else turns

    async def _ask(self, messages: list[Message], sampling: Sampling) -> Spoken:
        spoken = await super()._ask(messages, sampling)
        failure = spoken.failure
        if failure is None or failure.kind != "refused" or not failure.raw or not is_refusal(failure.raw[0]):
            return spoken
        return Spoken(failure.raw[0].strip())  # "I'm sorry, but ..." is also how comfort begins


@dataclass(frozen=True, slots=True)
class AfterRounds:
    """Ends a dialogue when the opening and so many rounds have been said."""

    rounds: int

    @property
    def after(self) -> int:
        """Utterances of a whole dialogue."""
        return 1 + 2 * self.rounds

    async def ended(
        self, dialogue: Dialogue, *, seed: int | None = 0, sample: int = 0, repeat: int = 0, attempt: int = 0
    ) -> Ending:
        """Always, for it is asked after the last round only."""
        return Ending(True)


def player_agent(card: RoleCard, model: ChatModel, sampling: Sampling) -> Agent:
    """The person on a card, played by a model."""
    prompt = PLAYER_PROMPTS[card.language].render(card=card.text)[0]["content"]
    return Agent(None, model, sampling=sampling, id=PERSON, instructions=prompt)


def casting(
    card: RoleCard, person: Agent, supporter: Agent, rounds: int, opening: str | None = None, seed: int = 0
) -> Casting:
    """One dialogue: the opening line, then so many rounds of person and tested model."""
    line = OPENINGS[card.language] if opening is None else opening
    return Casting(
        id=card.name,
        speakers=(person, supporter),
        detector=AfterRounds(rounds),
        max_turns=rounds + 1,
        opening=Dialogue(card.name, [(MODEL, line)]),  # type: ignore[list-item]
        seed=seed,
    )


def transcript(dialogue: Dialogue, names: Mapping[str, str] = SPOKEN_AS, colon: str = ": ") -> list[str]:
    """The lines of a dialogue, each with the speaker's name before it, as raters and files show it."""
    return [f"{names.get(one.speaker, one.speaker)}{colon}{one.text}" for one in dialogue]


def declines(dialogue: Dialogue) -> int:
    """How many turns of the tested model open by declining."""
    return sum(is_refusal(text) for text in dialogue.said_by(MODEL)[1:])
