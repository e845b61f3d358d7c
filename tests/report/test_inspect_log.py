"""A run as an Inspect log, read back with Inspect's own reader: samples, scores, failures, usage, estimates, hostile texts."""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("inspect_ai", reason="the extra 'inspect' is not installed")

from inspect_ai.log import EvalLog, EvalSample, read_eval_log, read_eval_log_sample_summaries

from personarium.core.chat import Message, Reply, Sampling, Usage, assistant, system, user
from personarium.core.errors import NotFound, RemoteError
from personarium.core.label import labelled
from personarium.core.results import Estimate, Failure
from personarium.models.scripted import ScriptedModel
from personarium.report import export_results, write_inspect_log
from personarium.report.inspect_samples import said_in
from personarium.runs import Run, read_run

SCORE = Estimate(0.5, 0.1, 0.9, 2, "item", "share, Wilson interval", failures={"refused": 1}).as_dict()
LOST = Estimate(None, None, None, 0, "item", "mean").as_dict()
SUMMARY = {
    "kind": "demo",
    "title": "Two items",
    "headline": "Score",
    "estimates": {"Lost": LOST, "Other": SCORE, "Score": SCORE},
}
Calls = Iterable[tuple[str, str, Sequence[Message], str]]  # role, item, messages, reply


def make_run(
    folder: Path,
    calls: Calls = (),
    rows: Sequence[Mapping[str, Any]] | None = None,
    summary: Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
) -> Path:
    """A finished run with these calls, whose models are called after their roles."""
    listed = list(calls)
    replies = {
        role: [Reply(text, usage=Usage(5, 2, 1, 0.25), model=f"{role}-1") for r, *_, text in listed if r == role]
        for role, *_ in listed
    }
    with Run.open(folder, config or {"kind": "demo"}, seed=3, command="personarium demo") as run:
        models = {role: run.model(ScriptedModel(texts, role), role=role) for role, texts in replies.items()}

        async def ask() -> None:
            for number, (role, item, messages, _) in enumerate(listed):
                with labelled(step=f"{role}.ask", item=item):
                    await models[role].generate(messages, Sampling(temperature=0.5, seed=number, max_tokens=9))

        asyncio.run(ask())
        if rows is not None:
            run.write_results(rows)
        if summary is not None:
            run.write_summary(summary)
    return folder


def exported(folder: Path) -> EvalLog:
    return read_eval_log(str(export_results(folder, folder.parent / "out.eval")))


def samples_of(log: EvalLog) -> dict[str, EvalSample]:
    return {str(sample.id): sample for sample in log.samples or []}


TALK = [system("You are Ada."), user("Where?")]
ROWS = [
    {"id": "a/1", "question": "Where?", "answer": "Vesterby", "gold": "Vesterby", "right": True, "scores": {"judge": 4},
     "reasons": {"judge": "It fits."}, "failures": {}, "turn": 1},
    {"id": "a/2", "question": "When?", "answer": None, "gold": "noon", "right": False, "scores": {"judge": None},
     "reasons": {}, "failures": {"refused": 1}, "turn": 2},
]  # fmt: skip


@pytest.fixture
def log(tmp_path: Path) -> EvalLog:
    calls = [
        ("player", "a/1", TALK, "Vesterby"),
        ("judge", "a/1", [user("Grade: Vesterby")], "4"),
        ("player", "a/2", TALK, "I cannot say."),
        ("judge", "a/batch0", [user("Grade all.")], "4 and nothing"),
    ]
    return exported(make_run(tmp_path / "run", calls, ROWS, SUMMARY, {"kind": "demo", "n": 2}))


# --- what stands in it ---


def test_a_row_is_a_sample_with_its_talk_scores_and_calls(log: EvalLog) -> None:
    sample = samples_of(log)["a/1"]
    assert (sample.input, sample.target, sample.epoch) == ("Where?", "Vesterby", 1)
    assert [(m.role, m.text) for m in sample.messages] == [
        ("system", "You are Ada."), ("user", "Where?"), ("assistant", "Vesterby"),
    ]  # fmt: skip
    assert (sample.output.completion, sample.output.model) == ("Vesterby", "player-1")
    assert sample.scores is not None
    assert {name: (s.value, s.answer, s.explanation) for name, s in sample.scores.items()} == {
        "right": (True, "Vesterby", None),
        "judge": (4, "Vesterby", "It fits."),
    }
    assert sample.metadata["turn"] == 1 and "scores" not in sample.metadata


def test_every_call_is_an_event_with_its_exact_question_and_sampling(log: EvalLog) -> None:
    first, second = samples_of(log)["a/1"].events
    assert first.event == "model" and second.event == "model"
    assert (first.role, second.role, second.model) == ("player", "judge", "judge")
    assert [m.text for m in second.input] == ["Grade: Vesterby"]
    assert (first.config.temperature, first.config.max_tokens, second.config.seed) == (0.5, 9, 1)
    assert second.output.completion == "4"
    assert (first.metadata or {})["step"] == "player.ask"


def test_what_is_missing_is_nan_with_its_reason_and_never_0(log: EvalLog) -> None:
    scores = samples_of(log)["a/2"].scores
    assert scores is not None
    for name in ("right", "judge"):
        assert isinstance(scores[name].value, float) and math.isnan(scores[name].value)
        assert (scores[name].reason, scores[name].metadata) == ("refusal", {"failures": ["refused"]})
    assert log.results is not None
    counts = {s.name: (s.scored_samples, s.unscored_samples) for s in log.results.scores[1:]}
    assert counts == {"right": (1, 1), "judge": (1, 1)}


def test_calls_without_a_row_are_samples_without_a_score(log: EvalLog) -> None:
    sample = samples_of(log)["a/batch0"]
    assert (sample.input, sample.scores) == ("Grade all.", None)
    assert (sample.metadata["calls of"], sample.metadata["steps"]) == ("a/batch0", ["judge.ask"])


def test_the_results_are_the_run_s_own_estimates_headline_first(log: EvalLog) -> None:
    assert log.results is not None
    first = log.results.scores[0]
    values = {name: metric.value for name, metric in first.metrics.items()}
    assert list(values.items()) == [
        ("Score", 0.5), ("Other", 0.5), ("Score, low", 0.1), ("Score, high", 0.9), ("Other, low", 0.1), ("Other, high", 0.9),
    ]  # fmt: skip
    assert (first.metrics["Score"].metadata or {})["failures"] == {"refused": 1}
    assert (log.results.total_samples, log.results.completed_samples) == (3, 3)


def test_the_header_says_who_what_and_what_it_cost(log: EvalLog, tmp_path: Path) -> None:
    assert (log.version, log.status, log.eval.task, log.eval.model) == (2, "success", "personarium/demo", "player")
    assert (log.eval.task_args, log.eval.task_display_name) == ({"kind": "demo", "n": 2}, "Two items")
    assert (log.eval.metadata or {})["seed"] == 3
    assert log.eval.dataset.sample_ids == ["a/1", "a/2", "a/batch0"]
    usage = log.stats.model_usage["judge"]
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens, usage.total_cost) == (10, 4, 14, 0.5)
    assert log.stats.role_usage["player"].total_tokens == 14
    header = read_eval_log(str(tmp_path / "out.eval"), header_only=True)
    assert header.samples is None and header.results == log.results


def test_the_list_of_samples_is_short(tmp_path: Path) -> None:
    rows = [{"id": "1", "question": "long " * 1000, "right": True, "note": "n" * 500, "turn": 2}]
    path = export_results(make_run(tmp_path / "run", rows=rows), tmp_path / "out.eval")
    (summary,) = read_eval_log_sample_summaries(str(path))
    assert len(str(summary.input)) <= 1000
    assert (summary.metadata, summary.completed) == ({"id": "1", "turn": 2}, True)
    assert summary.scores is not None and summary.scores["right"].value is True


def test_one_model_s_talk_is_shown_whole_and_once(tmp_path: Path) -> None:
    second = [*TALK, assistant("Vesterby"), user("Why?")]
    calls = [("player", "1", TALK, "Vesterby"), ("judge", "1", [user("Grade.")], "4"), ("player", "1", second, "Bees.")]
    sample = samples_of(exported(make_run(tmp_path / "run", calls)))["1"]
    assert [m.text for m in sample.messages] == ["You are Ada.", "Where?", "Vesterby", "Why?", "Bees."]


def test_said_in_shows_another_question_whole() -> None:
    calls = [([user("a")], "1"), ([user("a"), assistant("1"), user("b")], "2"), ([user("c")], "3")]
    assert [text for _, text in said_in(calls)] == ["a", "1", "b", "2", "c", "3"]


# --- which columns are scores ---


def test_scores_are_fractions_yes_or_no_and_whole_numbers_by_name(tmp_path: Path) -> None:
    row = {
        "id": "1",
        "f1": 0.5,
        "hit": False,
        "score": 3,
        "warmth": 2,
        "turn": 7,
        "seconds": 1.5,
        "text": "x",
        "bert": None,
    }
    rows = [row, {**row, "id": "2", "bert": 0.25}]
    summary = {"kind": "demo", "estimates": {"Warmth, english": SCORE}}
    found = samples_of(exported(make_run(tmp_path / "run", rows=rows, summary=summary)))
    assert found["1"].scores is not None and found["2"].scores is not None
    values = {name: score.value for name, score in found["1"].scores.items()}
    assert values == {"f1": 0.5, "hit": False, "score": 3, "warmth": 2}
    assert found["2"].scores["bert"].value == 0.25
    assert found["1"].metadata["seconds"] == 1.5


def test_a_wrong_answer_beside_a_failure_stays_wrong(tmp_path: Path) -> None:
    rows = [{"id": "1", "choice": 0, "right": False, "failures": {"unparsed": 1}}]
    scores = samples_of(exported(make_run(tmp_path / "run", rows=rows)))["1"].scores
    assert scores is not None
    assert (scores["right"].value, scores["right"].reason) == (False, "invalid_response_format")


# --- runs that did not end well ---


def test_a_failed_call_is_an_event_with_its_error(tmp_path: Path) -> None:
    async def work(item: str) -> Failure | str:
        try:
            return (await model.generate(TALK)).text
        except RemoteError as error:
            return Failure("error", str(error), item)

    with Run.open(tmp_path / "run", {}) as run:
        faults = {0: RemoteError("no such model", "bad_request", 404)}
        model = run.model(ScriptedModel(["fine"], faults=faults))
        asyncio.run(run.map("ask", ["1", "2"], work, key=str, concurrency=1))
    found = samples_of(exported(tmp_path / "run"))
    event = found["1"].events[0]
    assert event.event == "model" and event.error == "bad_request: no such model"
    assert (found["1"].messages, found["1"].model_usage) == ([], {})
    assert found["2"].output.completion == "fine"


@pytest.mark.parametrize(
    ("raised", "status"), [(None, "success"), (KeyboardInterrupt(), "cancelled"), (ValueError("broken"), "error")]
)
def test_a_run_that_did_not_end_says_so_and_shows_what_there_is(
    raised: BaseException | None, status: str, tmp_path: Path
) -> None:
    try:
        with Run.open(tmp_path / "run", {}) as run:
            model = run.model(ScriptedModel(["fine"]))
            asyncio.run(model.generate(TALK))
            if raised is not None:
                raise raised
    except (KeyboardInterrupt, ValueError):
        pass
    log = exported(tmp_path / "run")
    assert (log.status, len(log.samples or [])) == (status, 1)
    assert (log.error is not None and log.error.message == "ValueError: broken") == (status == "error")


def test_a_running_run_and_an_empty_one_can_be_exported(tmp_path: Path) -> None:
    with Run.open(tmp_path / "run", {}):
        log = exported(tmp_path / "run")
    assert (log.status, log.samples, log.eval.model) == ("started", [], "none")
    with pytest.raises(NotFound):
        export_results(tmp_path / "nowhere", tmp_path / "out.eval")


def test_a_torn_and_a_damaged_line_are_passed_over(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", [("player", "1", TALK, "fine")])
    with (folder / "calls.jsonl").open("ab") as file:
        file.write(b'{"key": "half\nnot json\n{"no": "key"}\n{"key": "torn"')
    assert list(samples_of(exported(folder))) == ["1"]


# --- untrusted text ---


@pytest.mark.parametrize(
    "id", ["../../etc/x", "/abs", "a/../b", "a//b", "a\\b", "a\x00b", "", ".", "x" * 300, "a\ud800"]
)
def test_an_id_is_never_a_path(id: str, tmp_path: Path) -> None:
    folder = make_run(
        tmp_path / "run", [("player", id, TALK, "fine")] if "\ud800" in id else [], [{"id": "ok", "f1": 0.5}]
    )
    if "\ud800" not in id:
        folder = make_run(tmp_path / "other", rows=[{"id": id, "f1": 0.5}])
    log = exported(folder)
    with zipfile.ZipFile(folder.parent / "out.eval") as archive:
        names = [name for name in archive.namelist() if name.startswith("samples/")]
    assert f"samples/sample-00000{len(names)}_epoch_1.json" in names
    assert len(log.samples or []) == len(names)


def test_equal_ids_make_two_samples(tmp_path: Path) -> None:
    rows = [{"id": "1", "rater": name, "f1": 0.5} for name in ("x", "y")]
    found = samples_of(exported(make_run(tmp_path / "run", [("player", "1", TALK, "fine")], rows)))
    assert {id: (s.metadata["rater"], len(s.events)) for id, s in found.items()} == {"1": ("x", 1), "1 (2)": ("y", 0)}


def test_rows_without_an_id_have_numbers_and_a_naming_column_stands_in(tmp_path: Path) -> None:
    plain = samples_of(exported(make_run(tmp_path / "a", rows=[{"f1": 0.5}, {"f1": 1.0}])))
    assert list(plain) == ["sample-000001", "sample-000002"]
    named = samples_of(exported(make_run(tmp_path / "b", rows=[{"persona": "ada", "drift": 0.5}])))
    assert list(named) == ["ada"]


def test_odd_texts_come_through(tmp_path: Path) -> None:
    said = "<script>alert(1)</script> \u202e \x00 \U0001f41d"
    folder = make_run(
        tmp_path / "run", [("player", "1", [user(said)], said), ("player", "2", TALK, "half \ud83d pair")]
    )
    found = samples_of(exported(folder))
    assert [m.text for m in found["1"].messages] == [said, said]
    assert found["2"].output.completion == "half \ufffd pair"


# --- the file ---


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", [("player", "a/1", TALK, "fine")], ROWS, SUMMARY)
    paths = [export_results(folder, tmp_path / f"{k}.eval") for k in range(2)]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_the_export_needs_no_inspect(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", [("player", "a/1", TALK, "fine")], ROWS, SUMMARY)
    code = (
        "import sys; from personarium.report import export_results; "
        f"export_results({str(folder)!r}, {str(tmp_path / 'out.eval')!r}); print('inspect_ai' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert len(read_eval_log(str(tmp_path / "out.eval")).samples or []) == 2


def test_memory_does_not_grow_with_the_transcript(tmp_path: Path) -> None:
    text, folder = "word " * 2000, tmp_path / "run"
    make_run(folder, [("player", f"p/{k}", [user(f"{k} {text}")], text) for k in range(400)])  # 8 MB of calls
    assert (folder / "calls.jsonl").stat().st_size > 8_000_000
    run = read_run(folder)
    tracemalloc.start()
    try:
        write_inspect_log(run, tmp_path / "out.eval")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000
    assert read_eval_log(str(tmp_path / "out.eval"), header_only=True).eval.dataset.samples == 400


def test_inspect_s_own_command_and_ours_work_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from personarium.apps.cli.application import build

    folder = make_run(tmp_path / "run", [("player", "a/1", TALK, "fine")], ROWS, SUMMARY)
    target = tmp_path / "out.eval"
    done = CliRunner().invoke(build(), ["report", str(folder), "--export", str(target), "--json"])
    assert done.exit_code == 0 and json.loads(done.stdout)["data"]["export"] == str(target)
    dumped = subprocess.run(
        [sys.executable, "-m", "inspect_ai", "log", "dump", str(target)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert [sample["id"] for sample in json.loads(dumped.stdout)["samples"]] == ["a/1", "a/2"]
