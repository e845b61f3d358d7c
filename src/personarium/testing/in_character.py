"""``assert_in_character``: a test that fails when an agent falls out of its character, with a stated error rate.

It asks question after question and stops as soon as it is sure, like ``personarium check-character``. Everything that was asked and
answered is kept in a run folder that belongs to the test, so that the same test over the same agent asks nobody again.

Source: the gate of :mod:`personarium.measure.gate` (arXiv 2010.09686) over PersonaGym's questions (arXiv 2407.18416).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personarium.core.chat import ChatModel, canonical_json
from personarium.core.errors import NotFound, UsageError
from personarium.core.persona import Persona
from personarium.testing.checked_agent import checked_agent, opened

if TYPE_CHECKING:
    from personarium.benchmarks.personagym import QuestionResult
    from personarium.measure.gate import Verdict

Questions = Sequence[str] | Mapping[str, Sequence[str]]

FOLDER = Path(".personarium") / "in-character"
JUDGE = "simulated:seed=1"
TASK = "Persona Consistency"
SIMULATED = (
    "judged by a simulated subject, which reads plain facts only: name a real judge with judge= (or in_character_judge in the "
    "pytest configuration)"
)
_WORST, _SHOWN = 3, 300  # answers in a failure message, characters of each


@dataclass(frozen=True)
class CharacterCheck:
    """What a check found.

    Args:
        verdict: Pass, fail or undecided, the score with its interval, and why.
        answers: Every question with its answer and the judges' verdicts, in the order asked.
        who: Who played whom, and who judged.
        calls: Model calls made now; 0 where everything was known already.
        run: The folder that keeps all of it (``personarium report`` shows it).
        judge_is_simulated: Whether a simulated subject judged.
    """

    verdict: Verdict
    answers: tuple[QuestionResult, ...]
    who: str
    calls: int
    run: Path
    judge_is_simulated: bool

    @property
    def passed(self) -> bool:
        """Whether the agent reaches the score, with the confidence asked for."""
        return self.verdict.result == "pass"

    @property
    def worst(self) -> list[QuestionResult]:
        """The scored answers, worst first."""
        failed = {failure.where for failure in self.verdict.failures}
        scored = [q for q in self.answers if q.score is not None and q.id not in failed]
        return sorted(scored, key=lambda q: (q.score or 0, q.index))

    def explanation(self) -> str:
        """The verdict in words: score and interval, why, the worst answers, where the rest is."""
        verdict = self.verdict
        estimate = verdict.estimate
        word = {"pass": "in character", "fail": "not in character", "undecided": "not enough evidence"}[verdict.result]
        score = "no score" if estimate.value is None else f"{estimate.value:.2f} of 5"
        lines = [
            f"{word}: {score} after {verdict.asked} questions, at least {verdict.at_least:g} was asked for",
            f"  {self.who}",
            *(f"  {reason}" for reason in verdict.reasons),
            *self._failures(),
            *self._more(),
            *([f"  {SIMULATED}"] if self.judge_is_simulated else []),
            *_answer_lines(self.worst[:_WORST] if verdict.result != "pass" else []),
            f"  everything is kept in {self.run}; fresh=True or --in-character-fresh asks anew",
        ]
        return "\n".join(lines)

    def _failures(self) -> list[str]:
        if not self.verdict.failures:
            return []
        counts = ", ".join(f"{n} {kind}" for kind, n in self.verdict.estimate.failures.items())
        first = self.verdict.failures[0]
        said = f" ({_short(first.raw[0])})" if first.raw else ""
        return [f"  {len(self.verdict.failures)} questions failed ({counts}), the first: {first.reason}{said}"]

    def _more(self) -> list[str]:
        if self.verdict.more_items is None:
            return []
        wanted = self.verdict.asked + self.verdict.more_items
        return [f"  about {self.verdict.more_items} more questions would decide: max_items={wanted}"]


def assert_in_character(agent: Any, persona: Persona | str | Path, **options: Any) -> CharacterCheck:
    """Fail unless an agent is at least so true to its character; for sync tests and scripts.

    Arguments as for :func:`check_in_character`.

    Raises:
        AssertionError: It is below, or there is not enough evidence; the message gives score, interval and worst answers.
        UsageError: Inside an async test: there ``await assert_in_character_async(...)``.
    """
    __tracebackhide__ = True
    from personarium.runs import run_sync

    return _asserted(run_sync(check_in_character(agent, persona, **options)))


async def assert_in_character_async(agent: Any, persona: Persona | str | Path, **options: Any) -> CharacterCheck:
    """As :func:`assert_in_character`, to be awaited in async tests."""
    __tracebackhide__ = True
    return _asserted(await check_in_character(agent, persona, **options))


def _asserted(check: CharacterCheck) -> CharacterCheck:
    __tracebackhide__ = True
    if not check.passed:
        raise AssertionError(check.explanation())
    return check


async def check_in_character(
    agent: Any,
    persona: Persona | str | Path,
    *,
    at_least: float = 4.0,
    confidence: float = 0.95,
    judge: str | ChatModel | Sequence[str | ChatModel] = JUDGE,
    task: str | Sequence[str] = TASK,
    questions: Questions | None = None,
    max_items: int = 60,
    most_failed: float = 0.2,
    stateful: bool = False,
    seed: int = 0,
    concurrency: int = 20,
    version: str = "",
    fresh: bool = False,
    folder: Path | str = FOLDER,
    name: str = "",
) -> CharacterCheck:
    """Ask an agent until it is clear whether it is in character, and keep everything.

    Args:
        agent: A function (sync or async) that gets the conversation and returns its turn; the address of an
            OpenAI-compatible agent (``http://…``): neither is told the persona. A chat model, or a model's name
            (``ollama/llama3.2``), is told it. An :class:`personarium.play.Agent` plays as it is.
        persona: The character: a persona, a file, or a sentence.
        at_least: Score to reach, strictly between 1 and 5 points.
        confidence: How sure it must be before it says pass or fail.
        judge: Who judges, one or several; the first also writes the questions where none are given.
        task: What is asked about, tasks of PersonaGym.
        questions: Your own: a list (for the first task), or lists by task.
        max_items: Most questions; the same check goes on with more.
        most_failed: With more than this share failed nothing is decided.
        stateful: The agent remembers a conversation itself.
        seed: Of questions and replies.
        concurrency: Requests in flight at once.
        version: What the agent is at, when its code does not show it (a prompt's hash, a commit): another version is asked
            anew. Of a function, the file that holds it and the plain values that it closes over count by themselves.
        fresh: Ask anew, whatever is kept.
        folder: Where run folders are kept.
        name: What the check belongs to; the running test by default.

    Returns:
        The check, whatever its result.

    Raises:
        UsageError: A threshold outside the scale, an agent that cannot be called, several personas in a file.
        NotFound: There is no such persona file.
    """
    from personarium.benchmarks.personagym import PersonaGymConfig
    from personarium.benchmarks.personagym.instrument import POINTS
    from personarium.benchmarks.personagym.items import WrittenItems, ask_until_sure, in_random_order
    from personarium.measure.gate import check_gate
    from personarium.runs import Run

    check_gate(at_least, POINTS, confidence)
    person, player = _persona(persona), checked_agent(agent, stateful)
    judges = [opened(one) for one in _several(judge)]
    tasks = (task,) if isinstance(task, str) else tuple(task)
    asked = _by_task(questions, tasks)
    decides = {
        "kind": "in-character",
        "check": name or os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0],
        "model": player.model.name,
        "version": version or player.version,
        "judges": [one.name for one in judges],
        "persona": person.to_dict(),
        "tasks": list(tasks),
        "questions": asked,
        "at_least": at_least,
        "confidence": confidence,
        "seed": seed,
    }
    run = Run.open(_run_folder(Path(folder), decides, fresh), decides, seed=seed)
    player.sessions.nonce = run.id
    with run:
        before = run.counts["calls"]
        wrapped = run.model(player.model, role="player", concurrency=concurrency, tries=1 if stateful else 6)
        graders = [run.model(one, role="judge", concurrency=concurrency) for one in judges]
        config = PersonaGymConfig(tasks=tasks, batch_size=1, identity="own" if player.told else "none")
        try:
            verdict, answers = await ask_until_sure(
                wrapped,
                graders,
                person,
                WrittenItems(graders[0], person, config, seed) if asked is None else in_random_order(asked, seed),
                at_least=at_least,
                confidence=confidence,
                max_items=max_items,
                most_failed=most_failed,
                config=config,
                seed=seed,
                run=run,
            )
        finally:
            await _close([player.model, *judges], given=(agent, judge))
        run.write_results(answer.as_row() for answer in answers)
        calls = run.counts["calls"] - before
    from personarium.models.registry import is_simulated

    simulated = any(is_simulated(j.name) for j in judges)
    return CharacterCheck(verdict, tuple(answers), _who(player.model, person, judges), calls, run.path, simulated)


# --- who judges, what is asked, and where it is kept ---


def _several(judge: str | ChatModel | Sequence[str | ChatModel]) -> Sequence[str | ChatModel]:
    if isinstance(judge, str) or not isinstance(judge, Sequence):
        return [judge]
    if not judge:
        raise UsageError("somebody must judge: give at least one judge")
    return judge


async def _close(models: Sequence[Any], given: tuple[Any, Any]) -> None:
    """Close what was opened here by its name; a model that was handed in is its owner's."""
    owned = [m for m in models if m is not given[0] and m is not given[1] and not _among(m, given[1])]
    for model in owned:
        close = getattr(model, "aclose", None)
        if close is not None:
            await close()


def _among(model: Any, given: Any) -> bool:
    return isinstance(given, Sequence) and not isinstance(given, str) and any(model is one for one in given)


def _persona(persona: Persona | str | Path) -> Persona:
    from personarium.core.formats import load_personas

    if isinstance(persona, Persona):
        return persona
    short = len(str(persona)) < 1024 and "\n" not in str(persona)
    if isinstance(persona, Path) or (short and Path(persona).is_file()):
        found = load_personas(persona)
        if len(found) != 1:
            raise UsageError(f"one character is checked at a time, found {len(found)} personas in {persona}")
        return found[0]
    if short and len(persona.split()) < 3 and (Path(persona).suffix or "/" in persona):
        raise NotFound(f"there is no file {persona}; give a file, or a sentence that describes the persona")
    return Persona.from_text(persona)


def _by_task(questions: Questions | None, tasks: Sequence[str]) -> dict[str, list[str]] | None:
    if questions is None:
        return None
    if isinstance(questions, Mapping):
        return {task: list(asked) for task, asked in questions.items()}
    return {tasks[0]: list(questions)}


def _who(player: ChatModel, person: Persona, judges: Sequence[ChatModel]) -> str:
    named = _short(str(person.name or person.value("name") or person.facets[0].value), 80)
    return f"{player.name} played {named}, {', '.join(judge.name for judge in judges)} judged"


def _run_folder(folder: Path, decides: Mapping[str, Any], fresh: bool) -> Path:
    """The run's folder, by what makes it another check; in the folder of all checks, which git need not see.

    What is kept of a check that is asked anew is dropped.
    """
    path = folder / hashlib.blake2b(canonical_json(decides).encode(), digest_size=8).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("# made by personarium.testing.assert_in_character\n*\n", encoding="utf-8")
    if fresh and (path / "run.json").is_file():
        shutil.rmtree(path)
    return path


def _answer_lines(worst: Sequence[QuestionResult]) -> list[str]:
    lines = ["  the worst answers:"] if worst else []
    for answer in worst:
        lines.append(f"    {answer.score:.1f}  {_short(answer.question)}")
        lines.append(f"         said: {_short(answer.answer or '')}")
        lines += [f"         {judge}: {_short(reason)}" for judge, reason in list(answer.reasons.items())[:1] if reason]
    return lines


def _short(text: str, most: int = _SHOWN) -> str:
    """One line, printable, of bounded length."""
    line = "".join(c for c in " ".join(text.split()) if c.isprintable())
    return line if len(line) <= most else line[:most] + "…"
