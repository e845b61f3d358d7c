"""Surveys of deep personas: the six questions on values, people who are known by their account alone, and comparisons.

The survey itself is that of :mod:`personarium.play.survey`. Here stand what this system adds and its published faults: replies
that count as answers because they read as numbers, averages of repeated answers, tables aligned row by row.

Source: deeppersona page, step 13, "Works when" 1 and 6, and Traps; constants from the official code.
Units: answers in places of the question's scale; distances as in :mod:`personarium.stats.two_samples`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from personarium.core.errata import Published, published_faults
from personarium.core.facets import Facet
from personarium.core.files import parse_yaml
from personarium.core.persona import Persona
from personarium.core.results import Estimate
from personarium.make.deeppersona.profile import Profile
from personarium.make.deeppersona.taxonomy import read_data

if TYPE_CHECKING:
    from personarium.play.survey.human import HumanTable
    from personarium.play.survey.questions import Question, Questionnaire
    from personarium.play.survey.result import SurveyResult

ERRATA = ("row-aligned", "averaged-answers", "any-number", "scales-not-recoded")
MEASURES = ("ks", "wasserstein", "js_binned", "mean_difference")


def value_questions(as_published: Published = False) -> Questionnaire:
    """The six questions, in our own words, with the scales of the page and their recoding onto the human table.

    Args:
        as_published: ``scales-not-recoded`` leaves the four places of Q57 and the human code 5 of Q254 as they are.
    """
    from dataclasses import replace

    from personarium.play.survey.questions import HumanColumn
    from personarium.play.survey.reading import questionnaire_from

    read = questionnaire_from(parse_yaml(read_data("citizens.yaml"), "citizens.yaml"), "citizens.yaml")
    if "scales-not-recoded" not in published_faults(as_published, ERRATA):
        return read
    plain = tuple(replace(question, human=HumanColumn(question.id)) for question in read.questions)
    return replace(read, questions=plain)


def account_of(profile: Profile) -> Persona:
    """The person as published surveys see them: their account and nothing else."""
    return Persona(
        id=profile.id,
        name="",
        kinds=("individualized",),
        facets=(Facet("", "summary", profile.summary, "generated", text=profile.summary),),
    )


def number_in(reply: str, question: Question, as_published: Published = False) -> float | None:
    """A reply that is a number as an answer on the question's scale; None where it is invalid.

    Args:
        reply: As it came.
        question: Whose scale.
        as_published: ``any-number`` takes every text that reads as a float, also ``nan`` and 7 on a scale to 4.
    """
    if "any-number" in published_faults(as_published, ERRATA):
        try:
            return float(reply)
        except ValueError:
            return None
    value = question.valid(reply.strip())
    return None if value is None or isinstance(value, (str, tuple)) else float(value)


@dataclass(frozen=True)
class Answers:
    """The answers to one question.

    Args:
        values: All of them, or one mean for each person (``averaged-answers``).
        people: Whose each is.
        invalid: Replies that are no answer.
    """

    values: tuple[float, ...]
    people: tuple[str, ...]
    invalid: int = 0


def collect_answers(
    replies: Mapping[str, Sequence[str]], question: Question, as_published: Published = False
) -> Answers:
    """Numbers out of the replies of people who were each asked several times.

    Args:
        replies: Person -> replies.
        question: What was asked.
        as_published: ``averaged-answers`` gives one mean a person, to two decimals; ``any-number`` see :func:`number_in`.
    """
    faults = published_faults(as_published, ERRATA)
    read = {person: [number_in(reply, question, faults) for reply in given] for person, given in replies.items()}
    kept = {person: [value for value in values if value is not None] for person, values in read.items()}
    invalid = sum(len(values) for values in read.values()) - sum(len(values) for values in kept.values())
    if "averaged-answers" in faults:
        means = {person: round(sum(values) / len(values), 2) for person, values in kept.items() if values}
        return Answers(tuple(means.values()), tuple(means), invalid)
    flat = [(value, person) for person, values in kept.items() for value in values]
    return Answers(tuple(value for value, _ in flat), tuple(person for _, person in flat), invalid)


def compare_values(
    result: SurveyResult, human: HumanTable, as_published: Published = False, *, draws: int = 500, seed: int = 0
) -> dict[str, dict[str, Estimate]]:
    """Question -> measure -> distance between the answers of the personas and of people.

    Args:
        result: A survey with the questions of :func:`value_questions`.
        human: People's answers to them, read with the same questions.
        as_published: ``row-aligned`` compares only as many people as there are personas, the first ones;
            ``averaged-answers`` and ``any-number`` as in :func:`collect_answers`.
        draws: Bootstrap samples.
        seed: Of them.
    """
    from personarium.play.survey.measures import comparable
    from personarium.stats.two_samples import Sample, numeric_distances

    faults = published_faults(as_published, ERRATA)
    found: dict[str, dict[str, Estimate]] = {}
    for question in result.questionnaire.questions:
        if question.id not in human.columns:
            continue
        answers = collect_answers(_replies(result, question.id), question, faults)
        ours = [_on_common_scale(question, value, comparable) for value in answers.values]
        side = Sample(ours, groups=answers.people)
        theirs = Sample(list(human.columns[question.id].answers), human.weights)
        aligned = "row-aligned" in faults
        found[question.id] = numeric_distances(side, theirs, row_aligned=aligned, draws=draws, seed=seed)
    return found


def _on_common_scale(question: Question, value: float, comparable: Any) -> float:
    """A whole answer recoded as the question says; a mean of several has no code and stays."""
    return float(comparable(question, int(value))) if value.is_integer() else value


def _replies(result: SurveyResult, question: str) -> dict[str, list[str]]:
    """What each person said to a question: the value where there is one, else the reply as it came."""
    found: dict[str, list[str]] = {}
    for one in result.of(question):
        said = one.raw if one.value is None else str(one.value)
        found.setdefault(one.person, []).append(said)
    return found


def mean_distances(found: Mapping[str, Mapping[str, Estimate]]) -> dict[str, float | None]:
    """The mean of each measure over questions, as the published tables give it; None where there is none."""
    means: dict[str, float | None] = {}
    for name in MEASURES:
        values = [row[name].value for row in found.values() if row[name].value is not None]
        means[name] = sum(values) / len(values) if values else None  # type: ignore[arg-type]
    return means
