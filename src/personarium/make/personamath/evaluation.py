"""The published evaluation of solutions, beside a strict one: pass@1, both numbers always.

Source: personamath page, step 6 and Traps ("keep a strict mode and report both").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from personarium.core.errors import UsageError
from personarium.core.results import Estimate
from personarium.make.personamath.answers import AnswerChecker, answer_checker
from personarium.stats import wilson
from personarium.text.holes import Unparsed

# Pass@1 in per cent on GSM8K and MATH (README of the repository, version 1; the last row is version 2's).
PUBLISHED_SCORES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "PersonaMath-LLaMA-2-7B": (68.7, 24.2),
        "PersonaMath-LLaMA-2-13B": (78.6, 28.5),
        "PersonaMath-LLaMA-3.1-8B": (76.6, 36.6),
        "PersonaMath-Qwen2.5-7B": (84.3, 56.6),
        "MetaMath-7B": (66.5, 19.8),
        "MetaMath-13B": (72.3, 22.4),
        "WizardMath-7B": (54.9, 10.7),
        "LLaMA-2-7B": (14.6, 2.5),
        "Qwen2.5-7B": (85.4, 49.8),
        "PersonaMath-Qwen2.5-7B v2": (87.8, 61.2),
    }
)


def evaluate_solutions(
    solutions: Sequence[str], references: Sequence[str], kind: str = "number"
) -> dict[str, Estimate]:
    """Share of solutions whose answer is the reference, ``published`` and ``strict``.

    Args:
        solutions: One a problem, as the model wrote them.
        references: Reference solutions or answers (``#### 72``, ``\\boxed{72}``, ``72``).
        kind: As :func:`~personarium.make.personamath.answers.answer_checker`.

    Returns:
        Two estimates over problems; a solution without a readable answer is wrong, as published, and counted.

    Raises:
        UsageError: The two differ in number.
        InvalidInput: A reference that is no answer.
    """
    if len(solutions) != len(references):
        raise UsageError(f"{len(solutions)} solutions cannot be compared with {len(references)} references")
    checkers = {name: answer_checker(kind, as_published=name == "published") for name in ("published", "strict")}
    return {name: _share(solutions, references, checker) for name, checker in checkers.items()}


def _share(solutions: Sequence[str], references: Sequence[str], checker: AnswerChecker) -> Estimate:
    right = unparsed = 0
    for number, (solution, reference) in enumerate(zip(solutions, references, strict=True), 1):
        answer = checker.read(solution)
        wanted = checker.reference(reference, f"reference {number}")
        if isinstance(answer, Unparsed):
            unparsed += 1
        else:
            right += checker.same(answer, wanted)
    share = wilson(right, len(solutions), "problem")
    return replace(share, failures={"unparsed": unparsed} if unparsed else {})
