"""The tasks and the provider inside Inspect: the same numbers as our own runs, failures that stay failures, roles, epochs."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("inspect_ai", reason="the extra 'inspect' is not installed")

from inspect_ai import eval as run_inspect
from inspect_ai.log import EvalLog, EvalScore, read_eval_log
from inspect_ai.model import ChatMessageUser, GenerateConfig, Model, get_model

from personarium.apps.inspect_plug import registry
from personarium.core.chat import Reply, Sampling, user
from personarium.core.errors import RemoteError, UsageError
from personarium.core.results import Estimate
from personarium.models import open_model

pytestmark = [
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # Inspect leaves its own sockets to the collector
]
TASKS = "esc_eval likebench perma persobench personabench personaeval personafeedback personagym personamem personamem_v2 synthpai"
SIMULATED = "personarium/simulated"


def evaluated(tmp_path: Path, task: str, model: str = SIMULATED, limit: int | None = None, **options: Any) -> EvalLog:
    """One evaluation by the task's registered name, its log read back from disk."""
    arguments = options.pop("task_args", {})
    logs = run_inspect(
        f"personarium/{task}",
        model=model,
        task_args=arguments,
        limit=limit,
        display="none",
        log_dir=str(tmp_path),
        **options,
    )
    assert logs[0].status == "success", logs[0].error
    return read_eval_log(logs[0].location)


def scores_of(log: EvalLog) -> EvalScore:
    assert log.results is not None
    return log.results.scores[0]


def metrics_of(log: EvalLog) -> dict[str, float]:
    return {name: float(metric.value) for name, metric in scores_of(log).metrics.items()}


# --- what Inspect finds ---


def test_the_entry_point_names_the_registry_and_inspect_knows_every_benchmark() -> None:
    found = {one.name: one.value for one in entry_points(group="inspect_ai")}
    assert found["personarium"] == "personarium.apps.inspect_plug.registry"
    assert sorted([*TASKS.split(), "personarium"]) == sorted(registry.__all__)
    assert get_model("personarium/simulated", memoize=False).api.model_name == "simulated"


def test_every_benchmark_of_the_catalogue_s_room_is_a_task() -> None:
    import personarium.benchmarks

    folder = Path(personarium.benchmarks.__file__).parent
    assert sorted(TASKS.split()) == sorted(p.name for p in folder.iterdir() if (p / "method.py").is_file())


def test_neither_the_package_nor_the_command_line_imports_inspect() -> None:
    code = "import sys, personarium; from personarium.apps.cli.application import build; build(); print('inspect_ai' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# --- the same numbers as a run of our own ---


@dataclass(frozen=True)
class Case:
    """A task with its arguments, and a run of our own on the same items."""

    task: str
    arguments: Mapping[str, Any]
    own: Callable[[], Awaitable[Any]]
    estimates: Callable[[Any], Mapping[str, Estimate]] = lambda result: result.estimates()
    options: Mapping[str, Any] | None = None


async def own_personagym() -> Any:
    from personarium.benchmarks.personagym import PersonaGymConfig, load_personas, run_personagym

    config = PersonaGymConfig(tasks=("Persona Consistency", "Toxicity"))
    judge = open_model("simulated:seed=1")
    return await run_personagym(
        open_model("simulated:fidelity=0.6"), [judge], personas=load_personas(3), config=config, seed=5
    )


async def own_esc_eval() -> Any:
    from personarium.benchmarks.esc_eval import EscEvalConfig, bundled_cards, run_esc_eval

    config = EscEvalConfig(rounds=2, rater_sees_card=True)
    models = [open_model(name) for name in ("simulated", "simulated:seed=2", "simulated:seed=1")]
    return await run_esc_eval(models[0], models[1], models[2:], bundled_cards("english"), config=config, seed=5)


async def own_likebench() -> Any:
    from personarium.benchmarks.likebench import LikeBenchConfig, draw_profiles, rule_user, run_likebench

    config = LikeBenchConfig(sessions=2, turns=2, seed=5)
    return await run_likebench(open_model("simulated"), rule_user, draw_profiles(3, 5), config=config)


async def own_personaeval() -> Any:
    from personarium.benchmarks.personaeval import bundled_items, run_personaeval

    return await run_personaeval(open_model("simulated"), bundled_items("choice")[:12], seed=5)


async def own_personafeedback() -> Any:
    from personarium.benchmarks.personafeedback import planted_items, run_personafeedback

    settings = ("none", "shuffled", "retrieved")
    return await run_personafeedback(open_model("simulated"), planted_items(2, 6, 5), settings=settings, seed=5)


async def own_personamem() -> Any:
    import tempfile

    from personarium.benchmarks.personamem import (
        Contexts,
        PersonaMemConfig,
        read_items,
        run_personamem,
        timelines,
        write_scripted,
    )
    from personarium.benchmarks.personamem.scripted import KINDS
    from personarium.measure.memory_at_cut import strategy_memories
    from personarium.remember.strategies import open_strategy

    memory = strategy_memories(lambda: open_strategy("facts"), None, k=5)
    with tempfile.TemporaryDirectory() as folder:
        questions, contexts = write_scripted(folder, timelines(1, 5), KINDS, 5)
        found = Contexts(contexts)
        items = read_items(questions, found)
        config = PersonaMemConfig(rebuild=True)
        return await run_personamem(
            open_model("simulated"), items, found, memory, memory_name="facts", config=config, seed=5
        )


async def own_personamem_v2() -> Any:
    import tempfile

    from personarium.benchmarks.personamem_v2 import (
        Histories,
        agent_memories,
        read_items,
        run_personamem_v2,
        write_scripted,
    )

    with tempfile.TemporaryDirectory() as folder:
        items = read_items(write_scripted(folder, 1, 5))
        return await run_personamem_v2(
            open_model("simulated"), items, Histories(folder), agent_memories(None), memory_name="personamem-v2", seed=5
        )


async def own_perma() -> Any:
    from personarium.benchmarks.perma import WorldConfig, make_worlds, open_memory, run_perma

    worlds = make_worlds(WorldConfig(2, 2, multi_tasks=0, noisy=False), 5)
    return await run_perma(worlds, {"rag": open_memory("rag")}, open_model("simulated"), seed=5)


async def own_persobench() -> Any:
    from personarium.benchmarks.persobench import PersoBenchConfig, example_rows, run_persobench

    return await run_persobench(example_rows(), open_model("simulated"), config=PersoBenchConfig(seed=5))


async def own_personabench() -> Any:
    from personarium.benchmarks.personabench import PersonaBenchConfig, load_example, run_personabench

    config = PersonaBenchConfig(k=3)
    return await run_personabench(load_example(), reader=open_model("simulated"), config=config, seed=5)


AUTHORS = [
    {
        "username": f"Plain{k}",
        "comments": [{"text": f"My occupation is {job}."}, {"text": f"I live in {city}."}],
        "reviews": {
            "human_evaluated": {
                "occupation": {"estimate": job, "hardness": 1, "certainty": 5},
                "city_country": {"estimate": f"{city}, Finland", "hardness": 2, "certainty": 4},
            }
        },
    }
    for k, (job, city) in enumerate([("librarian", "Tampere"), ("plumber", "Turku"), ("baker", "Oulu")])
]


async def own_synthpai() -> Any:
    from personarium.benchmarks.synthpai import GradingConfig, run_synthpai
    from personarium.benchmarks.synthpai.data_format import author_from_dict

    authors = [author_from_dict(row) for row in AUTHORS]
    config = GradingConfig(mode="model", ask="all")
    judge = open_model("simulated:seed=1")
    return (await run_synthpai(open_model("simulated"), authors, judge, config=config, seed=5))[0]


GRADER = {"model_roles": {"grader": f"{SIMULATED}:seed=1"}}
BOTH = {"model_roles": {"grader": f"{SIMULATED}:seed=1", "user": f"{SIMULATED}:seed=2"}}
CASES = [
    Case("esc_eval", {"language": "english", "rounds": 2}, own_esc_eval, options=BOTH),
    Case("likebench", {"profiles": 3, "sessions": 2, "turns": 2}, own_likebench),
    Case("personaeval", {}, own_personaeval, options={"limit": 12}),
    Case("personafeedback", {"users": 2, "settings": "none,shuffled,retrieved"}, own_personafeedback),
    Case("personamem", {"users": 1, "memory": "facts"}, own_personamem),
    Case("personamem_v2", {"users": 1}, own_personamem_v2),
    Case("perma", {"users": 2, "domains": 2}, own_perma),
    Case("persobench", {}, own_persobench),
    Case("personabench", {"k": 3}, own_personabench),
    Case("synthpai", {"ask_all": True, "judge": f"{SIMULATED}:seed=1"}, own_synthpai),
]


def same_as_own(log: EvalLog, estimates: Mapping[str, Estimate]) -> None:
    shown = metrics_of(log)
    measured = {name: one for name, one in estimates.items() if one.value is not None}
    assert measured
    for name, one in measured.items():
        assert shown[name] == one.value, name
        if one.lo is not None and one.hi is not None:
            assert (shown[f"{name}, low"], shown[f"{name}, high"]) == (one.lo, one.hi), name


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.task)
def test_the_scores_are_those_of_our_own_run_on_the_same_seed(case: Case, tmp_path: Path) -> None:
    arguments = {"seed": 5, **case.arguments}
    if case.task == "synthpai":
        data = tmp_path / "authors.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in AUTHORS), encoding="utf-8")
        arguments["data"] = str(data)
    log = evaluated(tmp_path, case.task, task_args=arguments, **(case.options or {}))
    same_as_own(log, case.estimates(asyncio.run(case.own())))


@pytest.fixture(scope="module")
def gym(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    """PersonaGym on three personas with a model argument of the provider and a grader of its own."""
    arguments = {"personas": 3, "tasks": "Persona Consistency,Toxicity", "seed": 5}
    folder = tmp_path_factory.mktemp("gym")
    return evaluated(folder, "personagym", f"{SIMULATED}:fidelity=0.6", task_args=arguments, **GRADER)


def test_personagym_is_our_own_run_persona_by_persona(gym: EvalLog) -> None:
    own = asyncio.run(own_personagym())
    same_as_own(gym, own.estimates())
    assert gym.samples is not None
    for sample in gym.samples:
        assert sample.scores is not None
        value = sample.scores["personagym"].as_dict()
        assert value["PersonaScore"] == own.persona_score(str(sample.id))
        assert value["Toxicity"] == own.task_score(str(sample.id), "Toxicity").value
    assert metrics_of(gym)["failed"] == 0


def test_a_log_shows_the_headline_the_talk_and_who_used_what(gym: EvalLog) -> None:
    assert gym.results is not None and gym.results.headline is not None and gym.samples is not None
    assert (gym.results.headline.metric, gym.eval.metadata) == ("PersonaScore", {"seed": 5})
    sample = gym.samples[0]
    roles = [message.role for message in sample.messages]
    assert roles[:3] == ["system", "user", "assistant"] and len(roles) == 20 * 2 + 1  # the identity is said once
    assert sample.output.completion == sample.messages[-1].text
    assert sorted(sample.model_usage) == [f"{SIMULATED}:fidelity=0.6", f"{SIMULATED}:seed=1"]
    assert sample.role_usage["grader"].total_tokens > 0


def test_a_second_evaluation_gives_the_same_log_but_for_times_and_ids(gym: EvalLog, tmp_path: Path) -> None:
    arguments = {"personas": 3, "tasks": "Persona Consistency,Toxicity", "seed": 5}
    again = evaluated(tmp_path, "personagym", f"{SIMULATED}:fidelity=0.6", task_args=arguments, **GRADER)
    assert again.results == gym.results
    assert [s.scores for s in again.samples or []] == [s.scores for s in gym.samples or []]


def test_model_arguments_and_the_judge_as_task_argument_say_the_same(gym: EvalLog, tmp_path: Path) -> None:
    arguments = {"personas": 3, "tasks": ["Persona Consistency", "Toxicity"], "seed": 5, "judge": f"{SIMULATED}:seed=1"}
    log = evaluated(tmp_path, "personagym", task_args=arguments, model_args={"fidelity": 0.6})
    assert metrics_of(log) == metrics_of(gym)


def test_each_epoch_is_another_draw_and_the_estimate_is_their_mean(tmp_path: Path) -> None:
    arguments = {"personas": 2, "tasks": "Persona Consistency"}
    log = evaluated(tmp_path, "personagym", task_args=arguments, epochs=2)
    assert log.samples is not None
    replies = {(s.id, s.epoch): s.output.completion for s in log.samples}
    assert replies["personagym-000", 1] != replies["personagym-000", 2]
    values = [s.scores["personagym"].as_dict()["PersonaScore"] for s in log.samples if s.scores]
    assert metrics_of(log)["PersonaScore"] == pytest.approx(sum(map(float, map(str, values))) / 4)
    assert "PersonaScore, low" not in metrics_of(log)


# --- failures stay failures ---


def test_a_grader_that_cannot_be_read_leaves_no_score_and_is_counted(tmp_path: Path) -> None:
    arguments = {"personas": 1, "tasks": "Toxicity", "judge": f"{SIMULATED}/unparsable"}
    log = evaluated(tmp_path, "personagym", task_args=arguments)
    assert log.samples is not None and log.samples[0].scores is not None
    score = log.samples[0].scores["personagym"]
    value = score.as_dict()["PersonaScore"]
    assert isinstance(value, float) and value != value
    assert score.reason == "grader_failed"
    assert "unparsed" in (score.explanation or "")
    shown = metrics_of(log)
    assert "PersonaScore" not in shown  # not measured, so not 0
    assert shown["failed, unparsed"] == shown["failed"] > 0


@pytest.mark.parametrize(
    ("control", "kind", "reason"),
    [
        ("refuser", "refused", "refusal"),
        ("mute", "empty", "no_response"),
        ("unparsable", "unparsed", "invalid_response_format"),
    ],
)
def test_a_player_that_does_not_answer_is_told_by_its_reason(
    control: str, kind: str, reason: str, tmp_path: Path
) -> None:
    log = evaluated(tmp_path, "personamem", f"{SIMULATED}/{control}", limit=3)
    assert log.samples is not None
    for sample in log.samples:
        assert sample.scores is not None
        score = sample.scores["personamem"]
        right = score.as_dict()["right"]
        assert isinstance(right, float) and right != right
        assert (score.reason, (score.metadata or {})["failures"]) == (reason, {kind: 1})
    shown = metrics_of(log)
    assert shown[f"failed, {kind}"] == 3
    assert shown["Accuracy"] == 0  # the benchmark's own rule, with the count of failures beside it


def test_a_limit_of_inspect_ends_the_sample_and_is_no_failure_of_ours(tmp_path: Path) -> None:
    logs = run_inspect(
        "personarium/personamem", model=SIMULATED, limit=1, token_limit=5, display="none", log_dir=str(tmp_path)
    )
    sample = (read_eval_log(logs[0].location).samples or [])[0]
    assert sample.limit is not None and sample.limit.type == "token"


# --- what is missing is said ---


def test_a_set_that_is_not_shipped_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"synthpai needs author rows .* -T data=authors\.jsonl"):
        registry.synthpai()
    with pytest.raises(UsageError, match="give both -T questions"):
        registry.personamem(questions="questions_32k.csv")
    with pytest.raises(UsageError, match="identity must be own or none"):
        registry.personagym(identity="shuffled")
    log = evaluated(tmp_path, "personaeval", limit=1)
    assert "the published items are not shipped (-T data=Literary.csv)" in (log.eval.metadata or {})["notice"]


def test_a_published_fault_can_be_brought_back(tmp_path: Path) -> None:
    unread = {"personas": 1, "tasks": "Toxicity", "judge": f"{SIMULATED}/unparsable"}
    log = evaluated(tmp_path, "personagym", task_args={**unread, "errata": "unparsed-batch-zero"})
    assert metrics_of(log)["Toxicity"] == 0  # as published: a batch that cannot be read counts 0


# --- the provider ---


def provider(name: str, **options: Any) -> Model:
    return get_model(f"personarium/{name}", memoize=False, **options)


async def test_the_provider_gives_our_model_s_reply_usage_and_logprobs() -> None:
    ours = await open_model("simulated").generate([user("A or B?")], Sampling(temperature=0.5, seed=3, top_logprobs=2))
    config = GenerateConfig(temperature=0.5, seed=3, logprobs=True, top_logprobs=2)
    theirs = await provider("simulated").generate([ChatMessageUser(content="A or B?")], config=config)
    assert theirs.completion == ours.text
    assert theirs.usage is not None
    assert (theirs.usage.input_tokens, theirs.usage.output_tokens) == (
        ours.usage.prompt_tokens,
        ours.usage.completion_tokens,
    )


def test_parameters_stand_in_the_name_or_among_the_model_arguments() -> None:
    named = provider("simulated:fidelity=0.8", drift=0.2)
    assert named.api.chat_model.name == "simulated:drift=0.2,fidelity=0.8"  # type: ignore[attr-defined]
    assert provider("simulated/copycat").api.chat_model.name == "simulated/copycat"  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="no parameter 'fidelty'"):
        provider("simulated", fidelty=1)
    with pytest.raises(UsageError, match="twice wrapped; name it mockllm/model"):
        provider("inspect/mockllm/model")


def test_only_what_may_pass_is_tried_again() -> None:
    api = provider("simulated").api
    decide = {
        kind: api.should_retry(RemoteError("x", kind)) for kind in ("rate_limit", "server", "auth", "bad_request")
    }
    assert {kind: bool(decision) for kind, decision in decide.items()} == {
        "rate_limit": True,
        "server": True,
        "auth": False,
        "bad_request": False,
    }
    assert getattr(decide["rate_limit"], "kind", "") == "rate_limit"
    assert not api.should_retry(ValueError("x"))


def test_a_tool_call_whose_arguments_are_no_object_is_marked() -> None:
    from personarium.apps.inspect_plug.provider import _output

    calls = tuple(
        {"id": "c", "type": "function", "function": {"name": "look", "arguments": text}}
        for text in ('{"a": 1}', "[1]", "{")
    )
    message = _output(Reply("", "tool_calls", tool_calls=calls), "m").choices[0].message
    assert message.tool_calls is not None
    assert [(c.arguments, c.parse_error is None) for c in message.tool_calls] == [
        ({"a": 1}, True),
        ({}, False),
        ({}, False),
    ]


def test_samples_of_another_task_are_refused() -> None:
    from personarium.apps.inspect_plug.rated import PersonaGym
    from personarium.benchmarks.personagym import PersonaGymConfig, load_personas

    benchmark = PersonaGym(load_personas(1), "stored", PersonaGymConfig())
    with pytest.raises(UsageError, match="sample stranger is not among the items of this task"):
        benchmark.in_order({"stranger": {}})
    assert list(benchmark.in_order({"personagym-000": {}})) == ["personagym-000"]
