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
    """How to read the headline of one kind of run; empty where every run of the kind says it itself."""

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
    "comparison": Reading(
        "",
        (
            "Which of two is better is said by their comparison on the same items, not by whether two intervals overlap.",
            "A contestant that does not beat 'no persona' or 'shuffled persona' has not been shown to use its persona.",
            "It holds for these items and this judge or instrument: other questions can turn the order.",
            "Intervals leave out what all contestants share: a judge's taste, a lenient rubric, questions that leak the answer.",
        ),
    ),
    "memory": Reading(
        "",
        (
            "A reader that knows or guesses the answer needs no memory: compare with the baselines without one.",
            "What the reader misses from the right messages is not the memory's fault; 'right sources' is what it could reach.",
            "A method that shows more text has it easier: look at the tokens, not at accuracy alone.",
            "Scripted users say plainly what they mean; the talk of real people hides it better.",
        ),
    ),
    "evolvr": Reading(
        "How the judge's reader personas score stories two at a time, or how many written reasonings pass every filter.",
        (),
    ),
    "confidence": Reading(
        "",
        (
            "The error is biased upwards where bins hold few items: compare it with what a calibrated subject would show.",
            "Answers without a stated confidence are left out: a subject that is silent when unsure looks better.",
        ),
    ),
    "demo": Reading(
        "What the instruments measured, beside what was planted and realised in the simulated subject.",
        ("A small run: intervals are wide, and that is what they are for.",),
    ),
    "dialogues": Reading("Dialogues between personas, as they were said.", ()),
}
