"""PersonaMem: every statement of the page's "Works when", with its literals."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from personarium.benchmarks.personamem import (
    CONTRACT,
    Contexts,
    PersonaMemConfig,
    PersonaMemItem,
    Timeline,
    canonical_type,
    merge_system,
    read_answer,
    read_items,
    right_as_published,
    run_personamem,
    timelines,
    write_result_csv,
    write_scripted,
)
from personarium.benchmarks.personamem.types import LABELS
from personarium.catalog import SystemRow
from personarium.core import Message, Sampling
from personarium.core.chat import Reply, assistant, system, user
from personarium.core.errors import InvalidInput, RemoteError, UsageError
from personarium.core.results import Failure
from personarium.measure.choice_items import ChoiceAnswer, ChoiceItem, ChoiceReport, baselines
from personarium.measure.memory_at_cut import StrategyMemory, strategy_memories
from personarium.models import ScriptedModel
from personarium.remember.baselines import WordSearch
from personarium.remember.facts import FactMemory
from personarium.stats import wilson
from personarium.testing import check_system
from personarium.text import Unparsed

Messages = Sequence[Message]
GOLD_32K = {"a": 143, "b": 146, "c": 158, "d": 142}


def scripted(folder: Path, **options: Any) -> tuple[list[PersonaMemItem], Contexts]:
    questions, contexts = write_scripted(folder, **options)
    found = Contexts(contexts)
    return read_items(questions, found), found


def write_files(folder: Path, rows: list[dict[str, Any]], contexts: dict[str, Any]) -> tuple[Path, Contexts]:
    path = folder / "q.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    lines = folder / "c.jsonl"
    lines.write_text("".join(json.dumps({k: v}) + "\n" for k, v in contexts.items()), encoding="utf-8")
    return path, Contexts(lines)


def row(**changes: Any) -> dict[str, Any]:
    return {
        "question_id": "q1",
        "question_type": "suggest_new_ideas",
        "user_question_or_message": "What next?",
        "correct_answer": "(c)",
        "all_options": "['(a) one', '(b) two', \"(c) three, it's long\", '(d) four']",
        "shared_context_id": "ctx",
        "end_index_in_shared_context": 2,
        **changes,
    }


TALK = [user(f"message {k}") for k in range(4)]

# --- 1: the two readers of the letter ---


@pytest.mark.parametrize(
    ("reply", "published", "gold_free"),
    [
        ("<final_answer>(b)", "b", "b"),
        ("I think (a) or (b). <final_answer>(b)</final_answer>", "b", "b"),
        ("<final_answer>(a) <final_answer>(d)", "d", "d"),
        ("(a) or (b)", "", None),
        ("b", "b", "b"),
        ("The answer is A.", "a", "a"),
        ("a dog, (c)", "c", "c"),
        ("**(d)**", "d", "d"),
        ("I prefer (c). <final_answer>none of them", "c", "c"),
        ("Only (c) fits. <final_answer>a", "ac", "a"),
        ("", "", None),
        ("<final_answer>(e)", "", None),
        ("I cannot answer", "", None),
        ("abc", "", None),
        ("I think a cat", "a", "a"),
    ],
)
def test_w1_letters(reply: str, published: str, gold_free: str | None) -> None:
    assert "".join(letter for letter in "abcd" if right_as_published(reply, letter)) == published
    read = read_answer(reply)
    assert (None if isinstance(read, Unparsed) else read) == gold_free


def test_w1_the_house_cue_is_read_as_the_token_is() -> None:
    assert read_answer("Between (a) and (c) I choose. Final answer: (c)") == "c"


def test_w1_a_reply_that_declines_is_no_answer_though_it_has_a_letter() -> None:
    assert isinstance(read_answer("I'm sorry, but I can't help a person with (b) or anything."), Unparsed)
    assert right_as_published("I'm sorry, but I can't help a person with (b) or anything.", "b")


async def test_w1_the_published_scorer_calls_two_gold_letters_right(tmp_path: Path) -> None:
    path, contexts = write_files(tmp_path, [row(), row(question_id="q2", correct_answer="(a)")], {"ctx": TALK})
    items = read_items(path, contexts)
    model = ScriptedModel(lambda m, s: "Only (c) fits. <final_answer>a")
    fair = await run_personamem(model, items, contexts)
    loose = await run_personamem(model, items, contexts, as_published={"gold-in-scorer"})
    assert (fair.report.right(), loose.report.right()) == ([False, True], [True, True])


# --- 2: the cut ---


async def test_w2_no_message_behind_the_cut_reaches_the_model(tmp_path: Path) -> None:
    talk = [user("before one"), assistant("before two"), user("XYZZY planted"), assistant("after")]
    path, contexts = write_files(tmp_path, [row(end_index_in_shared_context=2)], {"other": TALK, "ctx": talk})
    items = read_items(path, contexts)
    model = ScriptedModel(lambda m, s: "Final answer: (c)")
    result = await run_personamem(model, items, contexts)
    full = model.calls[0].messages
    assert list(full[:2]) == talk[:2]
    assert len(full) == 3
    assert full[2]["content"].index("What next?") < full[2]["content"].index("(c) three, it's long")
    remembered = await run_personamem(model, items, contexts, strategy_memories(WordSearch))
    assert result.report.accuracy().value == remembered.report.accuracy().value == 1.0
    assert not [call for call in model.calls if "XYZZY" in json.dumps(call.messages)]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"shared_context_id": "nowhere"}, "shared_context_id"),
        ({"all_options": "['(a) one', '(b) two', '(c) three']"}, "all_options"),
        ({"all_options": "['(a) one', '(b) two', '(c) three', 'four']"}, "all_options"),
        ({"all_options": "__import__('os')"}, "all_options"),
        ({"correct_answer": "(e)"}, "correct_answer"),
        ({"end_index_in_shared_context": 5}, "end_index_in_shared_context"),
        ({"end_index_in_shared_context": -1}, "end_index_in_shared_context"),
        ({"question_id": "q1"}, "question_id"),
    ],
)
def test_w2_bad_rows_are_refused_with_their_number(changes: dict[str, Any], says: str, tmp_path: Path) -> None:
    path, contexts = write_files(tmp_path, [row(), row(**{"question_id": "q2", **changes})], {"ctx": TALK})
    with pytest.raises(InvalidInput, match=rf"q\.csv: row 2: field '{says}'"):
        read_items(path, contexts)


def test_w2_contexts_are_found_by_offset_and_checked_when_read(tmp_path: Path) -> None:
    lines = [
        json.dumps({"α": [user("ünïcode")]}, ensure_ascii=False),
        "",
        json.dumps({"b": [{"role": "boss", "content": "x"}]}),
    ]
    path = tmp_path / "c.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    contexts = Contexts(path)
    assert list(contexts) == ["α", "b"]
    assert contexts.load("α") == [user("ünïcode")]
    with pytest.raises(InvalidInput, match=r"c\.jsonl:3.*message 0"):
        contexts.load("b")
    path.write_text('["no object"]\n', encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"c\.jsonl:1"):
        Contexts(path)


# --- 3: baselines ---


def items_32k() -> list[ChoiceItem]:
    golds = [place for place, letter in enumerate("abcd") for _ in range(GOLD_32K[letter])]
    return [ChoiceItem(f"q{k}", "?", ("one", "two", "six", "ten"), place) for k, place in enumerate(golds)]


def test_w3_constant_letters_of_the_32k_file() -> None:
    found = baselines(items_32k())
    best = found["Best constant letter (C)"]
    assert (best.n, round((best.value or 0) * best.n)) == (589, 158)
    assert (best.value, best.lo, best.hi) == pytest.approx((0.2683, 0.2341, 0.3054), abs=5e-5)
    assert found["Always A"].value == pytest.approx(0.2428, abs=5e-5)
    assert found["Uniform guess"].value == 0.25
    assert found["Longest option"].value == pytest.approx(0.25)  # all are equally long: each counts its part


async def test_w3_every_report_shows_the_trivial_answers(tmp_path: Path) -> None:
    items, contexts = scripted(tmp_path)
    result = await run_personamem(ScriptedModel(lambda m, s: "(a)"), items, contexts)
    names = list(result.estimates())
    assert names[:2] == ["Accuracy", "No context"]
    assert names[2].startswith("Best constant letter (")
    assert names[3:] == ["Longest option", "Uniform guess"]
    assert result.no_context is not None


async def test_w3_longest_option(tmp_path: Path) -> None:
    path, contexts = write_files(tmp_path, [row(), row(question_id="q2", correct_answer="(a)")], {"ctx": TALK})
    items = read_items(path, contexts)
    result = await run_personamem(ScriptedModel(lambda m, s: "(a)"), items, contexts, "none")
    assert result.estimates()["Longest option"].value == 0.5
    assert result.no_context is None  # it is the system itself
    assert result.estimates()["No context"].value == 0.5


# --- 4: the scripted user ---

_OPTION = re.compile(r"^\(([a-d])\) (.+)$", re.MULTILINE)


class Holds:
    """A memory that shows one preference of each matter: the last or first one of what it has, or of the whole file."""

    def __init__(self, which: int, whole: Messages | None = None) -> None:
        self.which, self.whole = which, whole
        self.said: list[Message] = []

    async def read(self, messages: Messages) -> Sequence[Failure]:
        self.said += messages
        return ()

    def recall(self, question: str) -> str:
        text = " ".join(m["content"] for m in (self.whole or self.said) if m["role"] == "user")
        found = {key: re.findall(rf"favourite {key} is (?:now )?(\w+)", text) for key in ("drink", "music")}
        return "\n".join(f"{key}: {values[self.which]}" for key, values in found.items())


def by_memory(messages: Messages, sampling: Sampling) -> str:
    """The answer that the memory block gives; without one there is none."""
    prompt = messages[-1]["content"]
    key = "drink" if "drink" in prompt.split("<question>")[1].split("</question>")[0] else "music"
    held = re.search(rf"^{key}: (\w+)$", prompt, re.MULTILINE)
    letters = {text: letter for letter, text in _OPTION.findall(prompt)}
    return f"<final_answer>({letters[held[1]]})" if held else "I do not know."


async def scores(tmp_path: Path, which: int, ahead: bool = False) -> dict[str, float]:
    items, contexts = scripted(tmp_path, seed=5)
    result = await run_personamem(
        ScriptedModel(by_memory), items, contexts, lambda name: Holds(which, contexts.load(name) if ahead else None)
    )
    return {topic: round((estimate.value or 0) * estimate.n) for topic, estimate in result.by("topic").items()}


async def test_w4_the_oracle_of_the_true_state(tmp_path: Path) -> None:
    assert await scores(tmp_path, -1) == {"drink": 3, "music": 3}


async def test_w4_the_oracle_that_is_frozen_at_day_0(tmp_path: Path) -> None:
    assert await scores(tmp_path, 0) == {"drink": 1, "music": 3}


async def test_w4_the_oracle_that_looks_ahead(tmp_path: Path) -> None:
    assert await scores(tmp_path, -1, ahead=True) == {"drink": 1, "music": 3}


def test_w4_the_truth_of_the_scripted_user(tmp_path: Path) -> None:
    one = Timeline()
    assert [one.value_at("drink", day) for day in (0, 3, 10, 40)] == ["tea", "tea", "coffee", "cocoa"]
    items, contexts = scripted(tmp_path)
    assert len(items) == 6
    assert {frozenset(item.item.options) for item in items} == {
        frozenset(("tea", "coffee", "cocoa", "water")),
        frozenset(("jazz", "rock", "folk", "pop")),
    }
    assert len({item.item.options for item in items}) > 2  # the order is shuffled
    assert max(item.end_index for item in items) < len(contexts.load(items[0].context_id))


def test_w4_other_users_and_questions_are_drawn_by_the_seed(tmp_path: Path) -> None:
    kinds = ("latest", "evolution", "reasons")
    items, _ = scripted(tmp_path, users=timelines(3, seed=1), kinds=kinds)
    assert len(items) == 3 * 9
    assert timelines(3, seed=1) == timelines(3, seed=1) != timelines(3, seed=2)
    assert timelines(3, seed=2)[0] == Timeline()
    with pytest.raises(UsageError, match="1 to 10,000"):
        timelines(0)


# --- 5: tables ---


async def test_w5_tables_sum_to_the_total(tmp_path: Path) -> None:
    items, contexts = scripted(tmp_path, users=timelines(4, 3), kinds=("latest", "evolution", "reasons"))
    result = await run_personamem(ScriptedModel(lambda m, s: "(b)"), items, contexts, "none")
    total = result.report.accuracy()
    for table in ("type", "distance", "context", "topic"):
        parts = result.by(table).values()
        assert sum(part.n for part in parts) == total.n == 36
        assert sum(round((part.value or 0) * part.n) for part in parts) == sum(result.report.right())
    assert list(result.by("type")) == ["latest", "evolution", "reasons"]
    assert list(result.by("distance")) == ["1", "2", "3"]


def test_w5_intervals() -> None:
    half, none = wilson(50, 100, "question"), wilson(0, 17, "question")
    assert (half.lo, half.hi) == pytest.approx((0.4038, 0.5962), abs=5e-5)
    assert (none.lo, none.hi) == pytest.approx((0.0, 0.1843), abs=5e-5)


def test_w5_eleven_labels_are_seven_types() -> None:
    labels = [label for names in LABELS.values() for label in names]
    assert len(labels) == 11
    assert len({canonical_type(label) for label in labels}) == 7
    assert canonical_type("track_full_preference_updates") == canonical_type("track_full_preference_evolution")


async def test_w5_an_unknown_label_is_kept_and_reported(tmp_path: Path) -> None:
    path, contexts = write_files(tmp_path, [row(question_type="a_new_type"), row(question_id="q2")], {"ctx": TALK})
    result = await run_personamem(ScriptedModel(lambda m, s: "c"), read_items(path, contexts), contexts)
    assert result.unknown_labels() == {"a_new_type": 1}
    assert list(result.by("type")) == ["ideas", "a_new_type"]


# --- 6: memories ---


class Spy:
    """A memory that counts and keeps what it was told, and what it was asked."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.name, self.log = name, log
        self.told: list[Message] = []

    async def read(self, messages: Messages) -> Sequence[Failure]:
        self.told += messages
        return ()

    def recall(self, question: str) -> str:
        self.log.append(question)
        return f"counted {len(self.told)} of {self.name}"


@pytest.mark.parametrize("rebuild", [False, True])
@pytest.mark.parametrize("order", ["as it is", "reversed", "mixed"])
async def test_w6_a_memory_has_read_exactly_up_to_the_cut(order: str, rebuild: bool, tmp_path: Path) -> None:
    items, contexts = scripted(tmp_path, users=timelines(2, 1), kinds=("latest", "reasons"))
    places = {"as it is": items, "reversed": items[::-1], "mixed": [*items[1::2], *items[::2][::-1]]}[order]
    spies: list[Spy] = []

    def fresh(name: str) -> Spy:
        spies.append(Spy(name, []))
        return spies[-1]

    model = ScriptedModel(lambda m, s: "(a)")
    result = await run_personamem(model, places, contexts, fresh, config=PersonaMemConfig(rebuild=rebuild))
    for item in places:
        assert result.shown[item.id].read == item.end_index
        assert result.shown[item.id].text == f"counted {item.end_index} of {item.context_id}"
    questions = {item.item.question for item in items}
    for spy in spies:
        assert spy.told == contexts.load(spy.name)[: len(spy.told)]
        assert not questions & {message["content"] for message in spy.told}
    assert len(spies) == (2 * 3 if rebuild else 2)


async def test_w6_a_strategy_is_never_told_a_question(tmp_path: Path) -> None:
    items, contexts = scripted(tmp_path)
    made: list[StrategyMemory] = []

    def factory(name: str) -> StrategyMemory:
        made.append(StrategyMemory(FactMemory()))
        return made[-1]

    await run_personamem(ScriptedModel(lambda m, s: "(a)"), items, contexts, factory)
    said = [one.text for one in made[0]._user.view().observations()]
    assert len(said) == 15
    assert not [text for text in said if "What is my favourite" in text]


async def test_w6_the_persona_may_be_hidden_from_model_and_memory(tmp_path: Path) -> None:
    items, contexts = scripted(tmp_path)
    model = ScriptedModel(lambda m, s: "(a)")
    hidden = PersonaMemConfig(persona="hidden")
    result = await run_personamem(model, items, contexts, config=hidden)
    assert result.persona == "hidden"
    spy = Spy("h", [])
    await run_personamem(model, items, contexts, lambda name: spy, config=hidden)
    assert not [c for c in model.calls if "librarian" in json.dumps(c.messages)]
    assert [m["role"] for m in spy.told] == ["user", "assistant", "user", "assistant"] * 3
    with pytest.raises(UsageError, match="seen or hidden"):
        PersonaMemConfig(persona="maybe")  # type: ignore[arg-type]


# --- 7: failures ---


async def test_w7_a_model_that_always_fails_scores_0(tmp_path: Path) -> None:
    items, contexts = scripted(tmp_path)
    model = ScriptedModel(lambda m, s: RemoteError("down", "server"))
    result = await run_personamem(model, items, contexts)
    accuracy = result.report.accuracy()
    assert (accuracy.value, accuracy.n, dict(accuracy.failures)) == (0.0, 6, {"error": 6})
    assert result.failed == {"error": 6}


async def test_w7_every_kind_of_failure_is_wrong_and_listed(tmp_path: Path) -> None:
    items, contexts = scripted(tmp_path)
    replies: list[str | Reply | BaseException] = [
        "",
        "I'm sorry, but I can't help with that.",
        "(a) or (b)",
        RemoteError("down"),
        "Final answer: (a)",
        "(z)",
    ]
    result = await run_personamem(ScriptedModel(replies), items, contexts, "none", concurrency=1)
    assert result.failed == {"empty": 1, "error": 1, "refused": 1, "unparsed": 2}
    assert sum(result.report.right()) <= 1


def test_w7_filling_failures_with_a_letter_would_gain_158_of_589() -> None:
    items = items_32k()
    failed = [ChoiceAnswer(item.id, (0, 1, 2, 3), None, Failure("error", "no reply")) for item in items]
    filled = [ChoiceAnswer(item.id, (0, 1, 2, 3), 2) for item in items]
    honest, dishonest = (ChoiceReport(tuple(items), tuple(answers)).accuracy() for answers in (failed, filled))
    assert (honest.value, dict(honest.failures)) == (0.0, {"error": 589})
    assert dishonest.value == pytest.approx(0.268, abs=5e-4)


# --- errata, files, contract ---


def test_merged_system_messages() -> None:
    talk = [system("S1"), user("u1"), user("u2"), assistant("r"), system("S2"), assistant("r2"), system("last")]
    assert merge_system(talk) == [user("[System]: S1\nu1\nu2"), assistant("r\n[System]: S2\nr2")]


@pytest.mark.parametrize(
    ("name", "faults", "merged"),
    [
        ("gpt-4o", True, True),
        ("gpt-4.1", True, False),
        ("gpt-4o", False, False),
        ("claude-opus", {"letter-o"}, True),
        ("openai/gpt-4.1", True, False),
    ],
)
async def test_the_letter_o_rewrites_system_messages_only_as_published(
    name: str, faults: Any, merged: bool, tmp_path: Path
) -> None:
    items, contexts = scripted(tmp_path)
    model = ScriptedModel(lambda m, s: "(a)", name=name)
    await run_personamem(model, items[:1], contexts, as_published=faults)
    roles = {message["role"] for message in model.calls[0].messages}
    assert ("system" not in roles) is merged
    assert ("[System]: Current user persona" in model.calls[0].messages[0]["content"]) is merged


async def test_system_messages_are_merged_for_any_model_when_asked(tmp_path: Path) -> None:
    items, contexts = scripted(tmp_path)
    model = ScriptedModel(lambda m, s: "(a)")
    await run_personamem(model, items[:1], contexts, config=PersonaMemConfig(merge_system=True))
    assert "system" not in {message["role"] for message in model.calls[0].messages}


async def test_the_result_file_has_the_published_columns(tmp_path: Path) -> None:
    items, contexts = scripted(tmp_path)
    result = await run_personamem(
        ScriptedModel(["Final answer: (a)", *[""] * 5]), items, contexts, "none", concurrency=1
    )
    path = write_result_csv(tmp_path / "out.csv", items, result.report.answers)
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert next(iter(rows[0])) == "score"
    assert list(rows[0])[-4:] == ["model_response", "len_of_model_response", "predicted_answer", "correct_answer"]
    assert (rows[0]["predicted_answer"], rows[0]["len_of_model_response"], rows[1]["predicted_answer"]) == (
        "(a)",
        "17",
        "",
    )


async def test_memory_must_be_a_known_word(tmp_path: Path) -> None:
    items, contexts = scripted(tmp_path)
    with pytest.raises(UsageError, match="full, none or a memory"):
        await run_personamem(ScriptedModel([]), items, contexts, "fulll")


async def test_contract() -> None:
    system_row = SystemRow(
        "personamem", "PersonaMem", 2025, "2504.14225", ("remember", "measure"),
        ("personarium.benchmarks.personamem", "personarium.benchmarks.personamem.method"), "",
        "personarium.benchmarks.personamem.method:CONTRACT",
    )  # fmt: skip
    findings = await check_system(system_row)
    assert findings.problems == []
    assert CONTRACT.steps
