"""Issue 2, done when 3: PersonaGym by one command, on the simulated subject and on a real transformer behind an endpoint,
finishes, survives kill -9, resumes by the same command, and reports."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from e2e.gate import Gate
from e2e.tiny_model import save_tiny_llama
from e2e.user import BENCH, CALLS, answered, calls, endpoint, manifest, personarium, rows, started, stop, until
from personarium.core.chat import Reply, Sampling, system, user
from personarium.models import close, open_model
from personarium.testing.stub import stub_process


def check_complete(run: Path, questions: int) -> None:
    """The run is complete: every question has a row, every call is recorded once, and the report stands alone."""
    assert manifest(run)["status"] == "complete"
    assert len(rows(run)) == questions
    keys = answered(run)
    assert len(keys) == len(set(keys))
    report = (run / "report.html").read_text(encoding="utf-8")
    assert report.lstrip().lower().startswith("<!doctype html>")
    assert 'src="http' not in report


def without_times(run: Path) -> list[dict[str, object]]:
    return sorted(
        ({k: v for k, v in c.items() if k not in ("at", "latency_ms")} for c in calls(run)), key=lambda c: c["key"]
    )


# -- simulated


def test_bench_on_the_simulated_subject_prints_the_score_and_where_the_report_is(tmp_path: Path) -> None:
    ended = personarium(*BENCH, "--out", "run", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert "PersonaScore" in ended.out
    assert "report.html" in ended.out
    assert "says nothing about any language model" in ended.err
    check_complete(tmp_path / "run", questions=10)
    verdicts = [v for row in rows(tmp_path / "run") for v in json.loads(row["scores"]).values()]
    assert len(verdicts) == 10
    assert all(1 <= verdict <= 5 for verdict in verdicts)


def test_the_same_command_finds_its_run_without_out_and_asks_nothing_again(tmp_path: Path) -> None:
    first = personarium(*BENCH, "--json", cwd=tmp_path).document
    run = tmp_path / first["data"]["run"]
    before = (run / "calls.jsonl").read_bytes()
    second = personarium(*BENCH, "--json", cwd=tmp_path).document
    assert second["data"] == first["data"]
    assert (run / "calls.jsonl").read_bytes() == before
    assert [session["counts"]["calls"] for session in manifest(run)["sessions"]] == [CALLS, 0]


def test_simulated_killed_in_the_middle_resumes_to_the_result_of_an_unbroken_run(tmp_path: Path) -> None:
    arguments = ("bench", "personagym", "--personas", "2", "--concurrency", "1", "--seed", "5", "--json")
    unbroken = personarium(*arguments, "--out", "unbroken", cwd=tmp_path)
    assert unbroken.code == 0, unbroken.err
    run = tmp_path / "killed"
    with started(*arguments, "--out", "killed", cwd=tmp_path) as process:
        until(lambda: len(answered_or_none(run)) >= 15, "15 calls", process)
        stop(process, signal.SIGKILL)
    kept = (run / "calls.jsonl").read_bytes()
    assert 15 <= kept.count(b"\n") < 140
    again = personarium(*arguments, "--out", "killed", cwd=tmp_path)
    assert again.code == 0, again.err
    check_complete(run, questions=100)
    assert (run / "calls.jsonl").read_bytes().startswith(kept[: kept.rfind(b"\n") + 1])
    assert without_times(run) == without_times(tmp_path / "unbroken")
    assert again.document["data"]["estimates"] == unbroken.document["data"]["estimates"]
    assert rows(run) == rows(tmp_path / "unbroken")


def answered_or_none(run: Path) -> list[str]:
    """Keys of answered calls of a run that is being written: its last line may be half there."""
    path = run / "calls.jsonl"
    whole = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [call["key"] for line in whole if "reply" in (call := json.loads(line))]


# -- an endpoint


@pytest.mark.parametrize(("returned", "in_flight"), [(1, 3), (7, 3), (12, 2)])  # 12: the score examples, two batches
def test_killed_while_calls_are_in_flight_repeats_none_that_had_returned(
    tmp_path: Path, returned: int, in_flight: int
) -> None:
    gate = Gate(returned)
    run = tmp_path / "run"
    with endpoint(gate) as server:
        arguments = (*BENCH, "--model", "openai/m", "--base-url", server.base_url, "--judge", "openai/m")
        arguments += ("--judge-base-url", server.base_url, "--concurrency", "3", "--out", "run")
        with started(*arguments, cwd=tmp_path) as process:
            until(lambda: len(answered_or_none(run)) == returned and gate.waiting == in_flight, "the gate", process)
            stop(process, signal.SIGKILL)
        assert len(gate.answered) == returned
        before = [json.dumps(body) for body in server.bodies]
        gate.open()
        ended = personarium(*arguments, cwd=tmp_path)
        assert ended.code == 1, ended.err  # the fixed reply is no verdict, so nothing is measured
        after = [json.dumps(body) for body in server.bodies[len(before) :]]
    check_complete(run, questions=10)
    assert len(gate.answered) == len(answered(run))  # one answer, one record
    assert len(set(before) & set(after)) == in_flight  # only what had not returned is asked a second time


@pytest.fixture(scope="module")
def transformer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server process with a real transformer in it; gives its base URL."""
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    folder = save_tiny_llama(tmp_path_factory.mktemp("tiny") / "llama")
    with stub_process("--model", f"hf/{folder}") as url:
        yield url


def served(url: str) -> int:
    """How many chat requests the server has had."""
    with urlopen(f"{url.removesuffix('/v1')}/stub/stats", timeout=30) as answer:
        return int(json.load(answer)["requests"])


def test_bench_on_a_real_transformer_behind_an_endpoint_killed_and_resumed(tmp_path: Path, transformer: str) -> None:
    arguments = (*BENCH, "--model", "openai/tiny", "--base-url", transformer, "--concurrency", "2", "--out", "run")
    run = tmp_path / "run"
    start = served(transformer)
    with started(*arguments, cwd=tmp_path) as process:
        until(lambda: len(answered_or_none(run)) >= 3, "three calls", process)
        stop(process, signal.SIGKILL)
    kept = answered_or_none(run)
    assert 3 <= len(kept) < 10
    at_the_kill = served(transformer) - start
    assert len(kept) <= at_the_kill <= len(kept) + 2  # what was in flight had not returned
    ended = personarium(*arguments, cwd=tmp_path)
    assert ended.code == 0, ended.err
    check_complete(run, questions=10)
    assert set(kept) < set(answered(run))
    assert served(transformer) - start == at_the_kill + 10 - len(kept)
    by_player = [call for call in calls(run) if call["role"] == "player"]
    assert len(by_player) == 10
    assert all(call["usage"]["completion_tokens"] > 0 for call in by_player)
    assert all(row["answer"] or row["problems"] for row in rows(run))  # an empty reply is a listed failure


async def test_the_client_streams_from_the_transformer_what_it_gets_as_a_whole(transformer: str) -> None:
    model = open_model("vllm/tiny", base_url=transformer)
    question = [system("You are a nurse from Naples."), user("What would you do?")]
    sampling = Sampling(temperature=0.9, max_tokens=64, seed=7)
    pieces = [piece async for piece in model.stream(question, sampling)]  # type: ignore[attr-defined]
    whole = await model.generate(question, sampling)
    await close(model)
    assert isinstance(pieces[-1], Reply)
    assert "".join(pieces[:-1]) == pieces[-1].text == whole.text
    assert len(pieces) > 2
    assert pieces[-1].usage == whole.usage


def test_chat_streams_from_the_transformer_and_keeps_the_dialogue(tmp_path: Path, transformer: str) -> None:
    arguments = ("chat", "A retired nurse from Naples who sings.", "--model", "openai/tiny", "--base-url", transformer)
    before = served(transformer)
    ended = personarium(*arguments, "--history", "talk.jsonl", cwd=tmp_path, stdin="Who are you?\nAnd then?\n/quit\n")
    assert ended.code == 0, ended.err
    assert served(transformer) - before == 2
    (talk,) = [json.loads(line) for line in (tmp_path / "talk.jsonl").read_text().splitlines()]
    texts = [utterance["text"] for utterance in talk["utterances"]]
    assert [texts[0], texts[2]] == ["Who are you?", "And then?"]
    assert all(letters(text) in letters(ended.out) for text in (texts[1], texts[3]))


def letters(text: str) -> str:
    """What a terminal surely shows: a random network writes control characters too, and those are not passed on."""
    return "".join(character for character in text if character.isalnum())


def test_a_dry_run_asks_nobody_and_writes_nothing(tmp_path: Path) -> None:
    with endpoint() as server:
        arguments = (*BENCH, "--model", "openai/m", "--base-url", server.base_url, "--dry-run", "--json")
        ended = personarium(*arguments, cwd=tmp_path)
        assert server.requests == 0
    assert ended.code == 0, ended.err
    assert sum(step["calls"] for step in ended.document["data"]["steps"]) == CALLS
    assert list(tmp_path.iterdir()) == []
