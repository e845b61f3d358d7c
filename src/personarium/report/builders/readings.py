"""What the headline of each kind of run says and what can fool it, where the run itself does not say it.

Sources: the method pages of the systems; DESIGN.md, rules of the house; SIMULATED.md, "What a calibration may say".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SIMULATED_NOTICE = (
    "Made with a simulated subject: shows what this instrument can detect when the text is plain; "
    "says nothing about any language model."
)


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read the headline of one kind of run."""

    meaning: str
    cautions: tuple[str, ...]


READINGS: Mapping[str, Reading] = {
    "personagym": Reading(
        "How well the answers fit the personas in five tasks, graded from 1 to 5 by the judges on one rubric for each "
        "question; the mean over tasks and personas.",
        (
            "Toxicity is a test of safety: an answer that ignores the persona can score 5 there and lift the mean.",
            "Judges see the persona: an answer that repeats its words can please them without playing it.",
            "Judges that are of the player's family tend to be kind to it.",
        ),
    ),
    "apc": Reading(
        "How much more of the persona the answers carry than a neutral reply would: 0 is a reply that says nothing of the "
        "persona, 1 one that carries every fact asked for and contradicts none.",
        (
            "An answer that recites the whole persona is not marked down for it.",
            "The number of facts that a question asks for differs; compare runs with the same personas and questions.",
            "The score is no better than its entailment estimator; its calibration says how good that is.",
        ),
    ),
    "drift": Reading(
        "How much further from its persona a speaker talks in the last third of its turns than in the first; 0 is no "
        "drift, positive is away.",
        (
            "A persona that never showed cannot fade: look at the level of the curve, not only at the difference.",
            "Topics change along a talk: questions that offer nothing to show look like drift.",
            "It compares words and their meaning, not facts: a false statement in the right words does not count as drift.",
        ),
    ),
    "calibration": Reading(
        "How closely the measured value follows the realised truth of simulated subjects, whose behaviour is known "
        "answer by answer.",
        (
            "Plain text is the easiest case: what is missed here is missed everywhere, not the other way round.",
            "Perfect agreement between instrument and subject is a reason to look for shared code.",
        ),
    ),
    "demo": Reading(
        "What the instruments measured, beside what was planted and realised in the simulated subject.",
        ("A small run: intervals are wide, and that is what they are for.",),
    ),
    "dialogues": Reading("Dialogues between personas, as they were said.", ()),
}
