"""What a reader of the pages has beforehand: a character card, chat logs, a bot, tables of answers; small and made up.

A page may name these files without making them. A file that a page makes itself, by a title or a command, goes before.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import personarium as pa
from tests.page_blocks import ROOT

CARD = (
    "My name is Mira. I am a 34-year-old harbour pilot from Bergen. I play the violin. I love strong tea. "
    "I am afraid of heights. I have a dog called Moll."
)
BOT = '''"""A bot of the reader's."""


def reply(messages):
    asked = messages[-1]["content"].lower()
    if "live" in asked or "from" in asked:
        return "Bergen. I bring the ships in, and I would not live anywhere else."
    return "I am a harbour pilot. In the evening I play the violin, with a pot of strong tea."
'''
CHAT = (
    ("Ada", "Hi! My favourite drink is tea. I live in Oslo."),
    ("Mira", "I love strong tea myself. I bring ships into Bergen."),
    ("Ada", "I play the violin. My sister Lena's favourite drink is cola."),
    ("Mira", "The violin! I play it every evening, when the last ship is in."),
)
STORY = (
    "Mira: The pilot boat leaves at five, and the fog will be thick.\n"
    "Jon: You said that yesterday, and there was no fog at all.\n"
    "Mira: I have brought ships in for twelve years. Trust me.\n"
    "Jon: I trust the radio. I am a fisherman, and I listen.\n"
    "Ina: Soup is ready, and nobody eats when you two quarrel.\n"
    "Tor: I mended the anchor chain this morning.\n"
    "Mira: Then listen to this: the horn of the ferry.\n"
    "Jon: Fog, then. You win, and I will make the tea.\n"
)
QUESTIONS = ("Where do you live?", "What do you do in the evening?", "What are you afraid of?")
WARMTH = """criterion: Does the reply sound warm?
levels:
  1: Cold, short, turns the other away.
  2: Polite and distant.
  3: Friendly without interest.
  4: Friendly, asks back.
  5: Warm, attentive, remembers what was said.
"""
BOT_SAYS = "Thank you for asking! I live in Bergen by the harbour, and what about you?"
QUESTION_OF_MEMORY = {
    "user": "ana",
    "at": "2030-01-01",
    "question": "What do I drink?",
    "options": ["tea", "rum"],
    "answer": "tea",
}
Maker = Callable[[Path], object]


def provide(folder: Path, page: str) -> None:
    """Put the files that a page names into its folder, and what they are made of."""
    made_there = set(re.findall(r"(?:--out|-o|>) ([\w./-]+)", page))
    for name, make in MAKERS.items():
        if name in page and name not in made_there and not (folder / name).exists():
            make(folder / name)
    if "--folder my-work" in page and "my-work/personas" not in page:
        _workspace(folder / "my-work")


def _person(text: str = CARD) -> pa.Persona:
    return pa.Persona.from_text(text)


def _save(text: str) -> Maker:
    return lambda path: path.write_text(text, encoding="utf-8")


def _lines(rows: list[dict[str, object]]) -> Maker:
    return _save("".join(json.dumps(row) + "\n" for row in rows))


def _card(text: str = CARD) -> Maker:
    return lambda path: _person(text).save(path)


def _cards(folder: Path) -> None:
    folder.mkdir()
    _person().save(folder / "mira.png")
    _person("My name is Jon. I am a fisherman from Oslo. I listen to the radio.").save(folder / "jon.png")


def _talk(path: Path) -> None:
    rows: list[dict[str, object]] = [{"user_name": "Ada", "character_name": "Mira"}]
    rows += [{"name": who, "is_user": who == "Ada", "mes": said} for who, said in CHAT]
    _lines(rows)(path)


def _people(path: Path) -> None:
    from personarium.make import example_schema, make_population

    make_population(example_schema("students"), 40, path, seed=1)


def _memory(path: Path) -> None:
    import asyncio

    from personarium.remember import Memory

    with Memory.open(path) as memory:
        ana = memory.user("ana")
        for who, said in CHAT:
            if who == "Ada":
                ana.observe(said, session="first")
        ana.apply(asyncio.run(ana.consolidate()))


def _copied(*parts: str) -> Maker:
    def copy(path: Path) -> None:
        source = ROOT.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, path)

    return copy


def _workspace(folder: Path) -> None:
    """A workspace with one key; a page that makes one itself has its own."""
    from personarium.apps.cli.application import application

    folder.mkdir()
    with contextlib.redirect_stdout(io.StringIO()):
        application(["keys", "add", "ana-phone", "--folder", str(folder), "--scope", "chat"])


def _run(path: Path) -> None:
    with pa.Run.open(path, {"what": "a run of the reader's"}) as run:
        run.write_summary({"kind": "personagym", "title": "A run of the reader's"})


def _summaries(path: Path) -> None:
    from personarium.measure.perseval import example_items, write_items

    write_items(example_items(), path)


def _rated(path: Path) -> None:
    import polars as pl

    gender = [k % 2 for k in range(60)]
    columns = {
        "traits.openness": [1 + g + k % 2 for k, g in enumerate(gender)],
        "gender": ["fm"[g] for g in gender],
        "occupation": [("cook", "pilot", "medic")[k % 3] for k in range(60)],
    }
    pl.DataFrame(columns).write_parquet(path)


def _outcomes() -> list[dict[str, object]]:
    return [
        {"condition": who, "task_id": f"t{task}", "run": run, "success": (task * run + (who == "A")) % 2}
        for who in "AB"
        for task in range(8)
        for run in range(5)
    ]


def _pairs() -> list[dict[str, object]]:
    drinks = ("tea", "cocoa", "coffee", "milk", "cider")
    rows: list[dict[str, object]] = []
    for k in range(60):
        right, wrong = drinks[k % 5], drinks[(k + 1) % 5]
        a, b = (f"A cup of {drink} would suit you, number {k}." for drink in (right, wrong)[:: 1 if k % 2 == 0 else -1])
        row = {"question": "What is my favourite drink?", "a": a, "b": b, "truth": "AB"[k % 2], "user": f"u{k}"}
        row |= {"persona": f"favourite drink: {right}\nhome: town {k}", "prompt": "A drink.", "aspect": "Surprise"}
        rows.append({**row, "story_1": a, "story_2": b})
    return rows


def _wave7() -> list[str]:
    work = ("paid", "study", "none")
    return [f"{work[k % 3]},{10 + k % 40},{1 + k % 4},{'fm'[k % 2]},{'ab'[k % 2]}\n" for k in range(40)]


MAKERS: dict[str, Maker] = {
    "card.png": _card(),
    "nyx.json": _card(),
    "nyx-edited.json": _card(CARD.replace("Bergen", "Oslo")),
    "edited.card.json": _card(CARD.replace("Bergen", "Oslo")),
    "cards/": _cards,
    "bot.py": _save(BOT),
    "my_bot": lambda path: _save(BOT)(path.with_suffix(".py")),
    "chat.jsonl": _talk,
    "Mira - 2025-03-02.jsonl": _talk,
    "people.parquet": _people,
    "people.db": _memory,
    "bio.txt": _save(CARD + "\n"),
    "mira.txt": _save(CARD + "\n"),
    "mira.png": _card(),
    "interview.txt": _save(CARD + "\n"),
    "play.txt": _save(STORY),
    "mine.txt": _save("\n".join(QUESTIONS) + "\n"),
    "mine.jsonl": _lines([{"question": one} for one in QUESTIONS]),
    "warmth.yaml": _save(WARMTH),
    "learners.txt": _save("I mix up speed and velocity.\nWhy does ice float?\n"),
    "personas.jsonl": lambda path: path.write_text(json.dumps(_person().to_dict()) + "\n", encoding="utf-8"),
    "answers.csv": _save("confidence,correct\n" + "".join(f"{60 + i % 40},{int(i % 3 > 0)}\n" for i in range(40))),
    "outcomes.jsonl": _lines(_outcomes()),
    "answers.jsonl": _lines([{"id": f"r{i}", "instruction": q, "response": BOT_SAYS} for i, q in enumerate(QUESTIONS)]),
    "pairs.jsonl": _lines(_pairs()),
    "cast.json": _save(
        json.dumps({"Mira": "A pilot.", "Jon": "A fisher.", "Ina": "A cook.", "Tor": "A smith.", "Eli": "A monk."})
    ),
    "summaries.jsonl": _summaries,
    "rated.parquet": _rated,
    "wave7.csv": _save("work,hours,content,gender,level\n" + "".join(_wave7())),
    "questions.yaml": _copied("src", "personarium", "play", "survey", "data", "example.yaml"),
    "questions.jsonl": _lines([QUESTION_OF_MEMORY]),
    "runs/personagym-1a2b3c4d": _run,
}
