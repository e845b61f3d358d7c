"""Surveys of a workspace: the command line that puts a questionnaire to a population of the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.apps.workspace.names import check_title
from personarium.core.errors import InvalidInput, UsageError
from personarium.core.files import replacing

if TYPE_CHECKING:
    from personarium.apps.workspace.jobs import Job
    from personarium.apps.workspace.workspace import Workspace

EXAMPLE = "example"  # the bundled questionnaire, as the command calls it
QUESTIONNAIRES = "questionnaires"  # folder of those that were pasted; a run that goes on reads its own again


def survey_arguments(
    workspace: Workspace, population: str, questions: str, *, number: int, model: str, seed: int = 0
) -> list[str]:
    """The command line behind ``personarium``; its paths are meant from the workspace's folder.

    Args:
        workspace: Where the population is.
        population: Its name.
        questions: ``example``, or the path of a questionnaire.
        number: How many members are asked.
        model: Who answers.
        seed: Who is drawn, and the seed of the answers.

    Raises:
        NotFound: There is no such population.
        InvalidInput: A number below 1.
    """
    path = workspace.populations.path(population).relative_to(workspace.folder)
    if number < 1:
        raise InvalidInput("survey", "a whole number of members from 1", number, "number")
    options = [f"--population={path}", f"--number={number}", f"--model={model}", f"--seed={seed}"]
    if workspace.base_url is not None and model == workspace.model:
        options.append(f"--base-url={workspace.base_url}")
    return ["survey", *options, "--", questions]


def start_survey(
    workspace: Workspace, name: str, population: str, text: str | None, *, number: int, model: str, seed: int = 0
) -> Job:
    """Start a survey as a job.

    Args:
        workspace: Where.
        name: Of its run folder.
        population: Who is asked.
        text: The questionnaire as YAML, kept in the workspace under the name; None for the bundled one.
        number: How many members are asked.
        model: Who answers.
        seed: Who is drawn, and the seed of the answers.

    Raises:
        UsageError: There is a run of this name.
        InvalidInput: A name that no file should have, or a questionnaire that is none.
    """
    if check_title(name, "run") in workspace.runs.names():
        raise UsageError(f"there is a run '{name}' already; choose another name")
    questions = EXAMPLE if text is None else keep_questionnaire(workspace, name, text)
    arguments = survey_arguments(workspace, population, questions, number=number, model=model, seed=seed)
    return workspace.jobs.start(arguments, name)


def keep_questionnaire(workspace: Workspace, name: str, text: str) -> str:
    """Keep a questionnaire in the workspace; gives its path from the workspace's folder.

    Raises:
        InvalidInput: It is no questionnaire.
    """
    from personarium.core.files import parse_yaml
    from personarium.play.survey import questionnaire_from

    questionnaire_from(parse_yaml(text, "questionnaire"), "questionnaire")
    folder = workspace.folder / QUESTIONNAIRES
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{check_title(name, 'questionnaire')}.yaml"
    with replacing(path) as scratch:
        scratch.write_text(text, encoding="utf-8")
    return path.relative_to(workspace.folder).as_posix()
