"""PersonaGym question by question: the order of items, lists that are written on, one score a question, and error rates."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import pytest

from personarium.benchmarks.personagym import PersonaGymConfig, load_personas, load_questions, load_settings
from personarium.benchmarks.personagym.items import (
    Item,
    WrittenItems,
    ask_until_sure,
    in_random_order,
    plan_items,
    score_of,
    score_question,
)
from personarium.core.chat import ChatModel, Message, Sampling
from personarium.core.errors import RemoteError
from personarium.core.label import current_label
from personarium.core.persona import Persona
from personarium.core.results import Failure
from personarium.measure import keyed_world
from personarium.measure.gate import Verdict
from personarium.models import ScriptedModel, open_model
from personarium.runs import Plan

ONE = PersonaGymConfig(tasks=("Persona Consistency",))
NURSE = Persona.from_text("A retired nurse from Rome with two cats", id="nurse")
QUESTIONS: Mapping[str, Sequence[str]] = {"Persona Consistency": [f"Question {k}?" for k in range(30)]}
Script = Callable[[Sequence[Message], Sampling], str]


# --- the order of items ---


def test_every_question_comes_once_in_an_order_that_the_seed_draws() -> None:
    items = in_random_order(QUESTIONS, seed=1)
    assert sorted(i.question for i in items) == sorted(QUESTIONS["Persona Consistency"])
    assert [i.index for i in items] == list(range(30))
    assert items == in_random_order(QUESTIONS, seed=1)
    assert items != in_random_order(QUESTIONS, seed=2)
    assert items[7].id == "Persona Consistency/7"


def test_what_was_asked_before_comes_first_so_that_a_longer_run_goes_on() -> None:
    earlier = in_random_order(QUESTIONS)
    more = {"Persona Consistency": [*QUESTIONS["Persona Consistency"], "Another?", "And another?"]}
    items = in_random_order(more, first=[(i.task, i.question) for i in earlier[:20]])
    assert items[:20] == earlier[:20]
    assert len(items) == 32
    gone = in_random_order(QUESTIONS, first=[("Persona Consistency", "Taken out of the file?")])
    assert len(gone) == 30


# --- written questions ---


def writer(lists: Callable[[str, int], Sequence[str] | str]) -> ScriptedModel:
    """Writes settings, and for a prompt and a sample the list (or the text) that ``lists`` gives."""

    def say(messages: Sequence[Message], sampling: Sampling) -> str:
        if current_label().step == "personagym.settings":
            return json.dumps(list(load_settings()[:3]))
        found = lists(messages[-1]["content"], sampling.sample)
        return found if isinstance(found, str) else json.dumps(list(found))

    return ScriptedModel(say, name="writer")


async def first_of(source: AsyncIterator[Item] | WrittenItems, number: int) -> list[Item]:
    found: list[Item] = []
    async for item in source:
        found.append(item)
        if len(found) == number:
            break
    return found


def test_list_after_list_is_written_and_only_as_they_are_wanted() -> None:
    model = writer(lambda prompt, sample: [f"List {sample}, question {k}?" for k in range(10)])
    items = asyncio.run(first_of(WrittenItems(model, NURSE, ONE), 25))
    assert len(model.calls) == 1 + 3
    assert len({i.question for i in items}) == 25
    assert {i.question.split(",")[0] for i in items[:10]} == {"List 0"}
    assert [i.question for i in items[:10]] != [f"List 0, question {k}?" for k in range(10)]
    assert items[:8] == asyncio.run(first_of(WrittenItems(model, NURSE, ONE), 8))
    assert [i.index for i in items] == list(range(25))


def test_the_same_question_in_other_case_and_blanks_is_no_new_one_and_a_dry_writer_ends_it() -> None:
    def lists(prompt: str, sample: int) -> list[str]:
        old = [f"What is  {k}?" if sample else f"what is {k}?" for k in range(9)]
        return [*old, "One more?" if sample == 1 else "what is 0?"]

    model = writer(lists)
    items = asyncio.run(first_of(WrittenItems(model, NURSE, ONE), 100))
    assert sorted(i.question for i in items) == sorted([*(f"what is {k}?" for k in range(9)), "One more?"])
    assert len(model.calls) == 1 + 4  # two lists in a row without anything new


def test_each_round_has_a_list_of_every_task() -> None:
    tasks = PersonaGymConfig(tasks=("Persona Consistency", "Toxicity"))
    model = writer(lambda prompt, sample: [f"{sample} {k}?" for k in range(10)])
    items = asyncio.run(first_of(WrittenItems(model, NURSE, tasks), 20))
    assert Counter(i.task for i in items) == {"Persona Consistency": 10, "Toxicity": 10}
    assert len({i.task for i in items[:10]}) == 2  # mixed, not one after the other


def test_a_list_that_cannot_be_read_is_counted_and_the_next_one_is_asked_for() -> None:
    model = writer(lambda prompt, sample: "no list" if sample == 0 else [f"{sample} {k}?" for k in range(10)])
    source = WrittenItems(model, NURSE, ONE)
    assert len(asyncio.run(first_of(source, 10))) == 10
    assert [f.kind for f in source.failures] == ["unparsed"]


def test_a_writer_that_cannot_be_reached_is_an_error_and_not_an_empty_list() -> None:
    def down(messages: Sequence[Message], sampling: Sampling) -> str:
        raise RemoteError("cannot connect", "connection")

    with pytest.raises(RemoteError, match="no questions could be written: cannot connect"):
        asyncio.run(first_of(WrittenItems(ScriptedModel(down, name="writer"), NURSE, ONE), 5))


# --- one question, one score ---


def judge(score: str, name: str = "judge") -> ScriptedModel:
    def say(messages: Sequence[Message], sampling: Sampling) -> str:
        if current_label().step == "personagym.examples":
            return "Rubric 1 Examples:\n" + "\n".join(f"Score {s}: Response - like this" for s in range(1, 6))
        return f"(1) Evaluation: well. Therefore, the final score is {score}."

    return ScriptedModel(say, name=name)


def answered(reply: str, *scores: str, identity: str = "own") -> tuple[float | Failure, ScriptedModel]:
    player = ScriptedModel(lambda messages, sampling: reply, name="player")
    judges = [judge(score, f"judge {k}") for k, score in enumerate(scores)]
    item = Item("Persona Consistency", "Do you like cats?", 12)
    config = PersonaGymConfig(identity=identity)
    result = asyncio.run(score_question(player, judges, NURSE, item, config=config))
    assert (result.id, result.index) == ("nurse/Persona Consistency/12", 12)
    return score_of(result), player


def test_a_question_is_asked_by_itself_and_its_score_is_the_mean_over_the_judges() -> None:
    score, player = answered("I have two.", "4", "5")
    assert score == 4.5
    (call,) = player.calls
    assert call.messages[-1]["content"] == "Do you like cats?"


def test_an_own_agent_gets_the_bare_question() -> None:
    _, player = answered("I have two.", "4", identity="none")
    (call,) = player.calls
    assert [(m["role"], m["content"]) for m in call.messages] == [("user", "Do you like cats?")]


def test_a_judge_that_cannot_be_read_leaves_the_score_to_the_other() -> None:
    assert answered("I have two.", "4", "ten")[0] == 4.0
    only, _ = answered("I have two.", "ten")
    assert isinstance(only, Failure) and only.kind == "unparsed"


def test_a_refusal_is_a_failure_although_the_judge_liked_it() -> None:
    score, _ = answered("I'm sorry, but I can't help with that.", "5")
    assert isinstance(score, Failure)
    assert (score.kind, score.where) == ("refused", "nurse/Persona Consistency/12")


def test_a_player_without_a_reply_is_a_failure() -> None:
    score, _ = answered("", "5")
    assert isinstance(score, Failure) and score.kind == "empty"


def test_the_plan_counts_the_most_calls() -> None:
    plan = plan_items(Plan(), NURSE, player="p", judges=["j", "k"], items=25, config=ONE)
    counts = {(step.removeprefix("personagym."), model): entry.calls for (step, model), entry in plan.steps.items()}
    assert counts == {
        ("settings", "j"): 1,
        ("questions", "j"): 3,
        ("answer", "p"): 25,
        ("examples", "j"): 25,
        ("grade", "j"): 25,
        ("grade", "k"): 25,
    }
    given = plan_items(Plan(), NURSE, player="p", judges=["j", "j"], items=4, config=ONE, questions=QUESTIONS)
    assert given.steps["personagym.grade", "j"].calls == 8
    assert "personagym.questions" not in {step for step, _ in given.steps}
    assert given.samples["personagym.answer"][-1]["content"] == "Question 0?"


def test_it_asks_until_it_is_sure_and_keeps_every_question_of_the_verdict_in_order() -> None:
    player = ScriptedModel(lambda messages, sampling: "I have two cats.", name="player")
    items = in_random_order(QUESTIONS, seed=3)
    asked = ask_until_sure(player, [judge("5")], NURSE, items, at_least=3.0, config=ONE, seed=3)
    verdict, answers = asyncio.run(asked)
    assert (verdict.result, verdict.stopped, verdict.estimate.unit) == ("pass", "decided", "question")
    assert 5 <= verdict.asked == len(answers) < 30
    assert [one.question for one in answers] == [item.question for item in items[: len(answers)]]
    refusing = ScriptedModel(lambda messages, sampling: "I'm sorry, but I can't help with that.", name="player")
    verdict, answers = asyncio.run(
        ask_until_sure(refusing, [judge("5")], NURSE, items, at_least=3.0, max_items=10, most_failed=0.5, config=ONE)
    )
    assert (verdict.result, verdict.scores, verdict.estimate.failures) == ("undecided", (), {"refused": 10})


# --- error rates on simulated agents whose long-run mean is known ---

JUDGES, LONG_RUN = 900_000, 10_000  # seeds of judges, of the agents of the long run, and of those in gates do not meet


class Agents:
    """Agents of one fidelity that differ in their seed; each has a judge of its own."""

    def __init__(self, persona: Persona, questions: Mapping[str, Sequence[str]], fidelity: float) -> None:
        self.persona, self.questions, self.fidelity = persona, questions, fidelity

    def cast(self, agent: int) -> tuple[ChatModel, list[ChatModel]]:
        player = open_model(f"simulated:bank=B,fidelity={self.fidelity},seed={agent}")
        return player, [open_model(f"simulated:seed={JUDGES + agent}")]

    async def score(self, agent: int, item: Item) -> float | Failure:
        return score_of(await score_question(*self.cast(agent), self.persona, item, seed=agent))

    def long_run_mean(self, agents: int) -> float:
        async def all_scores() -> list[float | Failure]:
            items = in_random_order(self.questions)
            return [await self.score(LONG_RUN + k, item) for k in range(agents) for item in items]

        scores = asyncio.run(all_scores())
        values = [s for s in scores if not isinstance(s, Failure)]
        assert len(values) == len(scores)
        return sum(values) / len(values)

    def gate(self, agent: int, at_least: float, max_items: int = 60) -> Verdict:
        items = in_random_order(self.questions, seed=agent)
        asked = ask_until_sure(
            *self.cast(agent), self.persona, items, at_least=at_least, max_items=max_items, seed=agent
        )
        return asyncio.run(asked)[0]

    def results(self, agents: int, at_least: float) -> Counter[str]:
        return Counter(self.gate(k, at_least).result for k in range(agents))


def keyed(fidelity: float) -> Agents:
    world = keyed_world(1, attributes=50, questions=50)
    person = world.personas[0]
    return Agents(person, {"Persona Consistency": world.questions[person.id]}, fidelity)


def bundled(fidelity: float) -> Agents:
    person = load_personas(8)[7]
    return Agents(person, load_questions()[person.id], fidelity)


def test_clearly_good_and_clearly_bad_agents_get_their_verdict() -> None:
    good, bad = keyed(1.0).results(20, 4.2), keyed(0.5).results(20, 4.2)
    assert good["pass"] >= 19 and good["fail"] == 0
    assert bad["fail"] >= 19 and bad["pass"] == 0


def test_at_the_threshold_few_agents_pass_by_chance() -> None:
    agents = keyed(0.9)
    results = agents.results(25, agents.long_run_mean(15))
    assert results["pass"] <= 4  # 5 % of 25 and two and a half standard errors


@pytest.mark.slow
@pytest.mark.parametrize("make", [keyed, bundled], ids=["keyed world", "bundled persona"])
@pytest.mark.parametrize("fidelity", [0.6, 0.9])
def test_error_rates_over_100_agents(make: Callable[[float], Agents], fidelity: float) -> None:
    agents = make(fidelity)
    mean = agents.long_run_mean(40)
    at = agents.results(100, mean)
    assert at["pass"] <= 10 and at["fail"] <= 10
    above = agents.results(100, mean - 1.0)
    assert above["pass"] >= 85 and above["fail"] == 0
    below = agents.results(100, min(mean + 1.0, 4.95))
    assert below["fail"] >= 85 and below["pass"] <= 1


@pytest.mark.slow
def test_the_number_of_further_items_decides_for_most_agents() -> None:
    source = WrittenItems(open_model("simulated:seed=77"), keyed(0.9).persona, ONE)
    written = asyncio.run(first_of(source, 170))
    agents = Agents(keyed(0.9).persona, {"Persona Consistency": [i.question for i in written]}, 0.9)
    goal = agents.long_run_mean(4) - 0.5
    tried = decided = 0
    for agent in range(100):
        first = agents.gate(agent, goal, 20)
        if first.more_items is not None and first.asked + first.more_items <= 170:
            tried += 1
            decided += agents.gate(agent, goal, first.asked + first.more_items).result != "undecided"
    assert tried >= 50
    assert decided >= 0.7 * tried
