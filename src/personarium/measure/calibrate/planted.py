"""Planted trials for judges: replies that carry a known number of a persona's facts, and pairs that differ in one thing only.

A question asks for four facts of a persona, and a reply states none to four of them; the rest of it is filled with sentences that
say nothing, so that all replies are about equally long. Pairs of equal worth differ in nothing but what a biased judge looks at:
the place, the length, the turn of phrase.

Source: SIMULATED.md, "Works when" 6 (one question about four attributes, replies carrying none to four of them).
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from personarium.core.errors import UsageError
from personarium.core.persona import Persona
from personarium.measure.calibrate.world import BANK, keyed_world

FACTS = 4
GAPS = (1, 2, 4)
HONEST = 2  # facts of the reply that a trick has to beat
DRAWN = 8  # personas drawn for each one that is taken; about two in five are plain
PADDING = 12  # sentences that a long reply has more
TRICKS = ("copycat", "windbag", "flatterer", "parrot", "generic", "constant", "contrary", "other")
# A windbag of the controls says what an honest subject says, only at length; this one says nothing at all.
_TRICK_PARAMETERS = {"windbag": {"fidelity": 0, "contradict": 0, "invent": 0, "initiative": 0}}
_OWN, _FOREIGN = "A", BANK  # a simulated judge takes bank A for its own style unless told otherwise
# In nobody's bank; they name no attribute and no value of the lexicon.
_FILLER = (
    "Give me a moment with this.",
    "Much could be added here.",
    "That is how it stands.",
    "Nobody put it to me before.",
    "Here is what comes up first.",
    "So much for this point.",
    "The rest can wait a little.",
    "This is said quickly enough.",
    "Take it or leave it.",
    "And that should be all.",
)

Kind = Literal["gap", "equal", "long", "own", "trick", "voice"]


@dataclass(frozen=True, slots=True)
class Trial:
    """Two replies to one question, or one reply whose speaker is to be found.

    Args:
        id: Unique; without a slash.
        kind: ``gap`` (one carries more), ``equal`` (as many, other facts), ``long`` (the same facts, one at length), ``own`` (the
            same facts, one in the judge's turn of phrase), ``trick`` (a negative control against an honest reply), ``voice``
            (one reply).
        persona: Who is played.
        question: What was asked.
        favoured: The reply that carries more, is longer, sounds like the judge, or plays the trick; of a voice the only one.
        other: The other reply; empty for a voice.
        gap: Facts that the favoured reply carries more; of a voice all that it carries.
        favoured_first: Which is shown first where a pair is shown once; one half of the trials each.
        what: Name of the trick.
    """

    id: str
    kind: Kind
    persona: Persona
    question: str
    favoured: str
    other: str
    gap: int
    favoured_first: bool
    what: str = ""

    @property
    def profile(self) -> str:
        """The persona as a judge reads it."""
        return self.persona.view("statements").text.strip()

    @property
    def longer(self) -> float:
        """How often the favoured reply has twice the words of the other one: log2 of the ratio."""
        return math.log2(len(self.favoured.split()) / len(self.other.split())) if self.other else 0.0


@dataclass(frozen=True)
class PlantedWorld:
    """Personas of four facts each, all of which one question asks for.

    Args:
        personas: Of the keyed world.
        questions: Persona id -> the question.
        seed: Of everything drawn.
    """

    personas: tuple[Persona, ...]
    questions: dict[str, str]
    seed: int

    def gaps(self, gaps: Sequence[int] = GAPS) -> list[Trial]:
        """For each persona and gap a pair in which one reply carries so many facts more."""
        return [self._gap(persona, k, gap) for gap in gaps for k, persona in enumerate(self.personas)]

    def _gap(self, persona: Persona, k: int, gap: int) -> Trial:
        draw = self._draw("gap", persona, gap)
        few = draw.randint(0, FACTS - gap)
        more, less = (self._reply(persona, draw.sample(range(FACTS), count), draw) for count in (few + gap, few))
        return self._trial(f"gap{gap}", "gap", persona, k, more, less, gap)

    def equal(self, variant: int = 0) -> list[Trial]:
        """For each persona a pair that carries two facts each, not the same two; every variant draws others."""
        found = []
        for k, persona in enumerate(self.personas):
            draw = self._draw("equal", persona, variant)
            facts = draw.sample(range(FACTS), FACTS)
            half = FACTS // 2
            a, b = (self._reply(persona, part, draw) for part in (facts[:half], facts[half:]))
            found.append(self._trial(f"equal{variant}", "equal", persona, k, a, b, 0))
        return found

    def long(self) -> list[Trial]:
        """For each persona a reply against the same one with many empty sentences after it."""
        found = []
        for k, persona in enumerate(self.personas):
            draw = self._draw("long", persona)
            short = self._reply(persona, draw.sample(range(FACTS), HONEST), draw)
            padding = " ".join(draw.choice(_FILLER) for _ in range(PADDING))
            found.append(self._trial("long", "long", persona, k, f"{short} {padding}", short, 0))
        return found

    def own(self) -> list[Trial]:
        """For each persona a reply in the judge's turn of phrase against the same one in another's."""
        from personarium.models.simulated.phrases import phrases

        found = []
        for k, persona in enumerate(self.personas):
            draw = self._draw("own", persona)
            plain = self._reply(persona, draw.sample(range(FACTS), HONEST), draw)
            mine, yours = (draw.choice(phrases("smalltalk", bank)) for bank in (_OWN, _FOREIGN))
            found.append(self._trial("own", "own", persona, k, f"{plain} {mine}", f"{plain} {yours}", 0))
        return found

    def voices(self, facts: Sequence[int] = (0, *GAPS)) -> list[Trial]:
        """For each persona and number one reply that carries so many facts."""
        found = []
        for count in facts:
            for k, persona in enumerate(self.personas):
                draw = self._draw("voice", persona, count)
                text = self._reply(persona, draw.sample(range(FACTS), count), draw)
                found.append(self._trial(f"voice{count}", "voice", persona, k, text, "", count))
        return found

    async def tricks(self, names: Sequence[str] = TRICKS, voices: bool = False) -> list[Trial]:
        """For each persona and trick what a negative control says, against an honest reply with half of the facts."""
        found = []
        for name in names:
            for k, persona in enumerate(self.personas):
                draw = self._draw("trick", persona)
                honest = "" if voices else self._reply(persona, draw.sample(range(FACTS), HONEST), draw)
                said = await self._control(name, persona)
                kind: Kind = "voice" if voices else "trick"
                found.append(self._trial(f"trick-{name}", kind, persona, k, said, honest, 0, name))
        return found

    async def _control(self, name: str, persona: Persona) -> str:
        from personarium.core.chat import Sampling, system, user
        from personarium.models.simulated import SimulatedModel

        pairs = {"bank": BANK, "seed": 500 + self.seed, "sloppy": 0, **_TRICK_PARAMETERS.get(name, {})}
        model = SimulatedModel(f"simulated/{name}:{','.join(f'{k}={v}' for k, v in pairs.items())}")
        # A copycat recites the whole message, so it gets the bare persona and no instructions.
        shown = persona.view("statements" if name == "copycat" else "system").text
        told = [system(shown), user(self.questions[persona.id])]
        return (await model.generate(told, Sampling(temperature=0))).text.strip()

    def _reply(self, persona: Persona, facts: Sequence[int], draw: random.Random) -> str:
        stated = persona.view("statements").text.strip().split("\n")
        said = [stated[k] for k in facts] + draw.sample(_FILLER, FACTS - len(facts))
        draw.shuffle(said)
        return " ".join(said)

    def _trial(
        self, prefix: str, kind: Kind, persona: Persona, k: int, favoured: str, other: str, gap: int, what: str = ""
    ) -> Trial:
        # Every second persona has the favoured reply first, whatever the kind.
        place = (k + gap) % 2 == 0
        return Trial(
            f"{prefix}-{persona.id}",
            kind,
            persona,
            self.questions[persona.id],
            favoured,
            other,
            gap,
            place,
            what,
        )

    def _draw(self, what: str, persona: Persona, variant: int = 0) -> random.Random:
        return random.Random(f"planted|{self.seed}|{what}|{variant}|{persona.id}")


def planted_world(n: int = 40, seed: int = 7) -> PlantedWorld:
    """A world of ``n`` personas for judges; raises UsageError for fewer than one.

    Facts that are read for certain only by whoever knows more than the sentence (a number, "I am Greek") are left out: the truth
    here is what a reply says, and a judge that misses it must have missed something plain.
    """
    if n < 1:
        raise UsageError(f"a planted world has at least one persona, found {n}")
    world = keyed_world(DRAWN * max(n, 8), FACTS, FACTS, seed)
    plain = [persona for persona in world.personas if _is_plain(persona)][:n]
    return PlantedWorld(tuple(plain), {p.id: " ".join(world.questions[p.id]) for p in plain}, seed)


def _is_plain(persona: Persona) -> bool:
    stated = persona.view("statements").text.strip().split("\n")
    return all(text.startswith("My ") and not any(mark.isdigit() for mark in text) for text in stated)
