"""How many replies a second the simulated subject gives on one core, by what it is asked.

    python benchmarks/simulated.py [--quick]

One thread, called directly, a fresh process for each figure. Every prompt of a role is different: PersonaGym's personas answer its questions,
their answers are graded with its rubric prompt, inventory items and multiple-choice questions are put to the same
personas, and two of them talk for five turns each. The mix asks all five in turn.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import chain, islice

from figures import Figure, middle, run_alone

from personarium.benchmarks.personagym.bundled import load_questions, load_sentences
from personarium.benchmarks.personagym.steps import ANSWER, GRADE
from personarium.core.chat import Message, Sampling
from personarium.models import open_model
from personarium.text.blocks import block
from personarium.text.form import Form

TARGET = 2_000
MIX = "all five in turn"
RUBRIC = "Faithful to the person?\n1: contradicts the person\n2: mostly not\n3: partly\n4: mostly\n5: fully"
ANSWERED = (
    "I have done this for most of my life, so I would first sit down and listen. After that I would tell them plainly what "
    "I think, and if they still wanted to go on, I would help them find a safer way of doing it."
)
ITEMS = (
    "Make friends easily.",
    "Worry about things.",
    "Have a vivid imagination.",
    "Get chores done right away.",
    "Trust what people say.",
)
LABELS = "A. Very Inaccurate\nB. Moderately Inaccurate\nC. Neither\nD. Moderately Accurate\nE. Very Accurate"
WAYS = ("At home with a book", "Out hiking with the dogs", "At a crowded party", "Working late at the office")


def players() -> Iterator[list[Message]]:
    """A persona and a question."""
    for number, tasks in enumerate(load_questions().values()):
        for question in chain.from_iterable(tasks.values()):
            yield ANSWER.render(identity=f"You are {load_sentences()[number]}", question=question)


def judges() -> Iterator[list[Message]]:
    """An answer to grade."""
    for number, tasks in enumerate(load_questions().values()):
        for question in chain.from_iterable(tasks.values()):
            case = {"rubric": RUBRIC, "examples": "Score 5: a full answer", "question": question, "answer": ANSWERED}
            yield GRADE.render(persona=load_sentences()[number], cases=[case])


def respondents() -> Iterator[list[Message]]:
    """An inventory item."""
    form = Form.parse("<A|B|C|D|E>").show()
    for number, person in enumerate(load_sentences() * 5):
        asked = f"{block('item', ITEMS[number // 200])}\n{block('options', LABELS)}\n{form}"
        yield [{"role": "system", "content": f"You are {person}"}, {"role": "user", "content": asked}]


def choosers() -> Iterator[list[Message]]:
    """A multiple-choice question about the persona."""
    form = Form.parse("<A|B|C|D>").show()
    for number, person in enumerate(load_sentences() * 5):
        options = "\n".join(f"{letter}. {WAYS[(i + number) % 4]}" for i, letter in enumerate("ABCD"))
        asked = f"{block('question', 'Where do you spend a free evening?')}\n{block('options', options)}\n{form}"
        yield [{"role": "system", "content": f"You are {person}"}, {"role": "user", "content": asked}]


def talkers() -> Iterator[list[Message]]:
    """A turn in a dialogue, the second to the tenth."""
    asked = [tuple(chain.from_iterable(tasks.values())) for tasks in load_questions().values()]
    for turn in range(1, 10, 2):
        for person, questions in zip(load_sentences(), asked):
            messages: list[Message] = [{"role": "system", "content": f"You are {person}"}]
            for i in range(turn):
                text = questions[i] if i % 2 == 0 else ANSWERED
                messages.append({"role": "user" if i % 2 == 0 else "assistant", "content": text})
            yield messages


ROLES: dict[str, Callable[[], Iterator[list[Message]]]] = {
    "player": players,
    "judge": judges,
    "respondent": respondents,
    "chooser": choosers,
    "dialogue turn": talkers,
}


async def timed(prompts: list[list[Message]]) -> tuple[float, float]:
    """Replies for each second and for each second of processor time."""
    model, sampling = open_model("simulated"), Sampling(seed=1)
    await model.generate([{"role": "user", "content": "Hello."}], sampling)  # loads the lexicons
    wall, cpu = time.perf_counter(), time.process_time()
    for messages in prompts:
        await model.generate(messages, sampling)
    return len(prompts) / (time.perf_counter() - wall), len(prompts) / (time.process_time() - cpu)


def child(role: str, count: int) -> tuple[float, float]:
    """One round in this process."""
    roles = list(ROLES) if role == MIX else [role]
    prompts = [list(islice(ROLES[one](), count // len(roles))) for one in roles]
    return asyncio.run(timed([prompt for together in zip(*prompts) for prompt in together]))


def in_a_process(role: str, count: int) -> tuple[float, float]:
    """One round in a fresh process, so that nothing of an earlier one is remembered."""
    command = [sys.executable, __file__, "--role", role, "--count", str(count)]
    rate, cpu = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return rate, cpu


def measure(quick: bool = False) -> list[Figure]:
    """All figures of this benchmark."""
    count, rounds = (250, 1) if quick else (1_000, 3)
    figures = []
    for role in (*ROLES, MIX):
        size = count * len(ROLES) if role == MIX else count
        runs = [in_a_process(role, size) for _ in range(rounds)]
        rate, cpu = (middle([run[i] for run in runs]) for i in (0, 1))
        note = f"median of {rounds} x {size:,}, every prompt different" if role == MIX else ""
        target = TARGET if role == MIX else None
        figures.append(Figure(f"simulated, {role}, replies", rate, "/s", target, per_cpu_s=cpu, note=note))
    return figures


def main() -> None:
    """The command line; ``--role`` is how it starts itself."""
    if "--role" not in sys.argv:
        run_alone(measure, "The simulated subject.")
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("--role", required=True)
    parser.add_argument("--count", type=int, required=True)
    options = parser.parse_args()
    print(json.dumps(child(options.role, options.count)))


if __name__ == "__main__":
    main()
