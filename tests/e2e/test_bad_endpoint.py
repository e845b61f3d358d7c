"""Issue 2, bad input, the endpoint's part: keys, names, endpoints that are down, refuse, storm, break off or talk nonsense."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from e2e.user import BENCH, KEY, Ended, answered, calls, endpoint, holding, lines, manifest, personarium, rows
from personarium.core.chat import ChatModel, Sampling
from personarium.core.errors import RemoteError
from personarium.models import OpenAICompatible, ScriptedModel, close, open_model
from personarium.models.step import Step
from personarium.runs import Run, read_run
from personarium.testing.stub import KINDS, Faults, StubServer

ANSWER = Step("answer", "personarium.benchmarks.personagym", "answer", None, Sampling(temperature=0.9))
WELL = "I would help the others first and then sit down."


def bench(server: StubServer, *more: str, cwd: Path, out: str = "run", **env: str) -> Ended:
    """BENCH against an endpoint, judged by the simulated subject."""
    return personarium(
        *BENCH, "--model", "openai/m", "--base-url", server.base_url, "--out", out, *more, cwd=cwd, **env
    )


def failures(run: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines(run / "failures.jsonl")]


# -- before any request


def test_a_missing_key_names_its_variable_and_leaves_nothing_behind(tmp_path: Path) -> None:
    ended = personarium(*BENCH, "--model", "openai/gpt-4o", cwd=tmp_path)
    assert ended.code == 2
    assert ended.said("error") == "error: openai/gpt-4o needs a key: set the environment variable OPENAI_API_KEY"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "meant"), [("opnai/gpt-4o", "openai/gpt-4o"), ("simulatd", "simulated"), ("olama/llama3", "ollama/llama3")]
)
def test_an_unknown_model_name_is_answered_with_the_nearest(tmp_path: Path, name: str, meant: str) -> None:
    ended = personarium(*BENCH, "--model", name, cwd=tmp_path)
    assert ended.code == 2
    assert f"did you mean {meant}" in ended.said("error")


def test_a_password_in_an_address_is_refused_and_not_repeated(tmp_path: Path) -> None:
    address = "http://me:correct-horse-battery@127.0.0.1:9/v1"
    ended = personarium(*BENCH, "--model", "openai/m", "--base-url", address, cwd=tmp_path)
    assert ended.code == 2
    assert "a user or password in the address would end in logs" in ended.said("error")
    assert "correct-horse" not in ended.out + ended.err
    assert list(tmp_path.iterdir()) == []


# -- no reply


async def test_a_model_that_is_not_to_be_had_stops_the_run_although_another_answers(tmp_path: Path) -> None:
    down = OpenAICompatible("m", "http://127.0.0.1:9/v1")  # the discard port: nobody listens

    async def ask(model: ChatModel, number: int) -> object:
        answer = await ANSWER.ask(model, {"identity": "", "question": f"question {number}"})
        return answer.failure or answer.text

    with (
        pytest.raises(RemoteError, match="none of the 3 items of stage verdicts got an answer") as caught,
        Run.open(tmp_path, {}) as run,
    ):
        player, judge = run.model(ScriptedModel(lambda m, s: WELL)), run.model(down, role="judge", tries=1)
        await run.map("answers", range(3), lambda n: ask(player, n), key=str)
        await run.map("verdicts", range(3), lambda n: ask(judge, n), key=str)
    await close(down)
    assert caught.value.kind == "connection"
    assert read_run(tmp_path).status == "failed"
    assert [f["stage"] for f in failures(tmp_path)] == ["verdicts"] * 3


@pytest.mark.slow  # six tries with growing pauses; the short version stands above
def test_an_endpoint_that_is_down_is_one_error_and_the_run_goes_on_when_it_is_up(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = (*BENCH, "--model", "openai/m", "--base-url", f"http://127.0.0.1:{port}/v1", "--out", "run")
    ended = personarium(*arguments, cwd=tmp_path)
    assert ended.code == 6
    assert "connection refused; is the server running?" in ended.said("error")
    assert len(failures(tmp_path / "run")) == 10
    assert manifest(tmp_path / "run")["status"] == "failed"
    with endpoint(reply=WELL, port=port) as server:
        ended = personarium(*arguments, cwd=tmp_path)
        assert server.requests == 10
    assert ended.code == 0, ended.err
    assert manifest(tmp_path / "run")["status"] == "complete"
    assert failures(tmp_path / "run") == []


def test_a_wrong_key_is_one_error_without_the_key_and_the_right_one_goes_on(tmp_path: Path) -> None:
    with endpoint(reply=WELL, key=KEY) as server:
        wrong = "sk-wrong-77aa88bb99cc00dd"
        ended = bench(server, cwd=tmp_path, OPENAI_API_KEY=wrong)
        assert ended.code == 6
        assert "does not accept the key (HTTP 401)" in ended.said("error")
        assert wrong not in ended.out + ended.err
        assert holding(wrong, tmp_path) == []
        assert server.requests == 10  # a refused key is not asked twice
        ended = bench(server, cwd=tmp_path, OPENAI_API_KEY=KEY)
    assert ended.code == 0, ended.err
    assert len(answered(tmp_path / "run")) == 14
    assert holding(KEY, tmp_path) == []


def test_json_says_the_error_of_an_endpoint_in_one_document(tmp_path: Path) -> None:
    with endpoint(faults=Faults({"unauthorized": 1.0})) as server:
        ended = bench(server, "--json", cwd=tmp_path, OPENAI_API_KEY=KEY)
    assert ended.code == 6
    assert ended.document["status"] == "error"
    assert (ended.document["data"]["kind"], ended.document["data"]["exit_code"]) == ("RemoteError", 6)
    assert "HTTP 401" in ended.document["data"]["error"]
    assert KEY not in ended.out + ended.err


# -- replies that go wrong and pass


@pytest.mark.parametrize("kind", ["rate_limit", "server_error", "drop", "truncate", "garbage", "huge"])
def test_a_storm_that_passes_costs_retries_and_nothing_else(tmp_path: Path, kind: str) -> None:
    storm = 10 if kind != "huge" else 1
    with endpoint(reply=WELL, faults=Faults(schedule=dict.fromkeys(range(storm), kind))) as server:
        ended = bench(server, cwd=tmp_path)
        assert server.served == {kind: storm, "none": 10}
    assert ended.code == 0, ended.err
    assert manifest(tmp_path / "run")["totals"]["retries"] == storm
    assert failures(tmp_path / "run") == []
    assert [row["answer"] for row in rows(tmp_path / "run")] == [WELL] * 10


def test_empty_replies_are_listed_as_failures_and_never_graded(tmp_path: Path) -> None:
    with endpoint(reply=WELL, faults=Faults(schedule={2: "empty", 5: "empty"})) as server:
        ended = bench(server, "--concurrency", "1", cwd=tmp_path)
    assert ended.code == 0, ended.err
    listed = failures(tmp_path / "run")
    assert [(f["stage"], f["kind"], f["reason"]) for f in listed] == [("answers", "empty", "the reply is empty")] * 2
    table = rows(tmp_path / "run")
    without = [row for row in table if row["answer"] is None]
    assert {row["id"] for row in without} == {f["item"] for f in listed}
    assert all(set(json.loads(row["scores"]).values()) == {None} for row in without)
    assert manifest(tmp_path / "run")["stages"]["answers"] == {"items": 10, "answered": 8, "failed": {"empty": 2}}
    assert "warning: 2 failures (2 empty), the first: the reply is empty; the report lists them" in ended.err


def test_a_writer_without_a_readable_question_leaves_nothing_measured_and_says_why(tmp_path: Path) -> None:
    with endpoint(reply="I would rather not say.") as server:
        arguments = ("bench", "personagym", "--persona", "A retired nurse from Naples.", "--task", "Toxicity")
        arguments += ("--judge", "openai/m", "--judge-base-url", server.base_url, "--out", "run", "--json")
        ended = personarium(*arguments, cwd=tmp_path)
    assert ended.code == 1, ended.err
    data = ended.document["data"]
    assert (data["questions"], data["failures"]) == (0, {"unparsed": 1})
    assert data["estimates"]["PersonaScore"]["value"] is None
    assert any("the first: no list found" in text for text in ended.document["warnings"])


def test_an_endpoint_that_echoes_the_key_in_a_reply_does_not_get_it_written_down(tmp_path: Path) -> None:
    echo = ScriptedModel(lambda messages, sampling: f"My key is {KEY}, keep it. {WELL}")
    with endpoint(echo) as server:
        ended = bench(server, cwd=tmp_path, OPENAI_API_KEY=KEY)
    assert ended.code == 0, ended.err
    assert KEY not in ended.out + ended.err
    assert holding(KEY, tmp_path) == []
    assert all("My key is [key" in row["answer"] for row in rows(tmp_path / "run"))


# -- every kind of fault, all the time: through the library, where waiting can be cut short


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "unauthorized"])
async def test_every_item_is_listed_with_its_reason_when_nothing_else_comes(tmp_path: Path, kind: str) -> None:
    reasons = {
        "rate_limit": "is limiting us (HTTP 429)",
        "server_error": "failed (HTTP 500)",
        "hang": "did not finish its reply within 0.3 s",
        "drop": "broke off",
        "truncate": "truncated JSON",
        "empty": "the reply is empty",
        "huge": "a reply of more than 8 MB",
        "garbage": "no JSON",
    }
    async with StubServer(faults=Faults({kind: 1.0})) as server:
        model = OpenAICompatible("m", server.base_url, timeout_s=0.3 if kind == "hang" else 60)
        with Run.open(tmp_path, {"kind": kind}) as run:
            asked = run.model(model, tries=1)

            async def one(number: int) -> object:
                answer = await ANSWER.ask(asked, {"identity": "", "question": f"question {number}"})
                return answer.failure or answer.text

            outcomes = await run.map("answers", range(6), one, key=str)
        await close(model)
    assert [outcome.ok for outcome in outcomes] == [False] * 6
    assert all(reasons[kind] in str(f["reason"]) for f in failures(tmp_path))
    assert len(failures(tmp_path)) == 6
    assert read_run(tmp_path).status == "complete"


async def test_two_thousand_items_with_thirty_percent_of_the_replies_faulty(tmp_path: Path) -> None:
    def open_run() -> Run:
        return Run.open(tmp_path, {"items": 2000})

    async def work_through(server: StubServer, run: Run) -> list[tuple[str, str | None]]:
        client = open_model("openai/m", base_url=server.base_url)
        asked = run.model(client, concurrency=100)

        async def one(number: int) -> object:
            answer = await ANSWER.ask(asked, {"identity": "", "question": f"question {number}"}, asks=2)
            return answer.failure or answer.text

        outcomes = await run.map("answers", range(2000), one, key=str, concurrency=200)
        await close(client)
        return [(o.key, o.failure.reason if o.failure else None) for o in outcomes]

    async with StubServer(reply=WELL, faults=Faults.mixed(0.3, seed=2)) as server:
        with open_run() as run:
            outcomes = await work_through(server, run)
        faulty = sum(count for kind, count in server.served.items() if kind != "none")
        assert 0.25 < faulty / server.requests < 0.35
        port = int(server.base_url.rpartition(":")[2].removesuffix("/v1"))
    failed = {key: reason for key, reason in outcomes if reason is not None}
    assert [key for key, _ in outcomes] == [str(n) for n in range(2000)]
    assert {f["item"]: f["reason"] for f in failures(tmp_path)} == failed
    assert all(failed.values())
    assert len(failed) < 40
    stage = manifest(tmp_path)["stages"]["answers"]
    assert (stage["items"], stage["answered"] + sum(stage["failed"].values())) == (2000, 2000)
    once = answered(tmp_path)
    assert len(once) == len(set(once))
    # Repeated with a good endpoint, only calls that had no reply are asked; an empty reply is a reply.
    without = sum("error" in call for call in calls(tmp_path))
    async with StubServer(reply=WELL, port=port) as server:
        with open_run() as run:
            await work_through(server, run)
        assert server.requests == without
