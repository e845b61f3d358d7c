"""Every code block of the README and of docs/ does what it says: Python is run, commands are run, what they print is compared.

How a page says what to do with a block stands in ``tests/page_blocks.py``, what a reader has beforehand in ``tests/page_reader.py``.
Models behind an endpoint (``openai/…``, ``ollama/…``) are a local stub that the simulated subject answers, reached
through the environment variables of the presets, so that commands and code run as they stand. Nothing else is reachable.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import tomllib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest
import yaml

from personarium.apps.cli.application import application
from personarium.testing.stub import stub_process
from tests.page_blocks import (
    ROOT,
    Block,
    blocks_of,
    commands_of,
    exit_code_told,
    lines_not_printed,
    made_dry,
    made_small,
    page_dry_run,
    pages,
)
from tests.page_reader import provide

BIN = Path(sys.executable).parent
PATIENCE_S = 120
OWN_ADDRESS = "http://127.0.0.1:8000"  # of an endpoint of the reader's, on every page
# Commands whose exit code is an answer: passes, below, not enough evidence; the same, different.
ANSWERS = {"check-character": (0, 1, 4), "persona diff": (0, 1)}
SAID = "What do you love?\n"  # what somebody types into a chat
# Commands that serve until they are stopped, and where they listen; they run beside the rest of their page.
SERVERS = re.compile(r"^\s*personarium (?P<name>serve|studio) ")
SERVED_AT = {"serve": 8600, "studio": 8601}
NEEDS_PIPES = re.compile(r"^personarium mcp ")  # talks over the descriptors of its process
# Commands that only set up or build: what they name must exist, and they are not run.
SET_UP = re.compile(r"^\s*(?:make (?P<target>[\w-]+)|pip install (?P<package>.+?))\s*(?:#.*)?$")
# Published data that may not be shipped: a command that names it must get as far as looking for it.
PUBLISHED = (
    "authors.jsonl",
    "synthetic_data/community_0",
    "shared_contexts_32k.jsonl",
    "benchmark.csv",
    "PersonaFeedback",
    "Prompts/FoCus.csv",
)
# A simulated subject behind the stub cannot do everything that a language model does: command, exit code, what is said then.
BEYOND_THE_STUB = (
    ("personarium judge admit o", 1, "the probabilities sum to"),  # it states no distribution over names
)
NOT_RUN = 0
DRY_RUN = 2

# A reader does not close every model; asyncio says so when one is collected.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ALL = {page: blocks_of(page) for page in pages()}
WITH_BLOCKS = [page for page, blocks in ALL.items() if blocks]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """An OpenAI-compatible endpoint on loopback, answered by the simulated subject."""
    with stub_process("--model", "simulated") as url:
        yield url


@pytest.mark.parametrize("page", WITH_BLOCKS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_blocks_of_a_page_do_what_they_say(
    page: Path, endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, value in surroundings(endpoint, tmp_path).items():
        monkeypatch.setenv(name, value)
    with Reader(page, tmp_path, endpoint) as reader:
        for block in ALL[page]:
            reader.do(block)


def surroundings(endpoint: str, folder: Path) -> dict[str, str]:
    """The environment of a page: the stub behind every provider, a home of its own, and no way out."""
    addresses = dict.fromkeys(("OPENAI_BASE_URL", "OLLAMA_BASE_URL", "VLLM_BASE_URL", "OPENROUTER_BASE_URL"), endpoint)
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    plain = {
        "COLUMNS": "120",
        "NO_COLOR": "1",
        "OMP_NUM_THREADS": "1",
        "POLARS_MAX_THREADS": "1",
        "HOME": str(folder),
        "NO_PROXY": "127.0.0.1",
    }
    return {**addresses, **nowhere, **plain, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


@dataclass
class Reader:
    """Somebody who reads a page from the top and does what it says, in one folder.

    Args:
        page: Which page.
        folder: Where; holds what the reader has beforehand and what the page has made so far.
        endpoint: Of the stub.
    """

    page: Path
    folder: Path
    endpoint: str
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "page"})
    printed: str = ""
    addresses: dict[str, str] = field(default_factory=dict)
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def __enter__(self) -> Reader:
        for block in ALL[self.page]:
            if block.kind == "file":
                (self.folder / block.title).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / block.title).write_text(block.text + "\n", encoding="utf-8")
        provide(self.folder, self.page.read_text(encoding="utf-8"))
        return self

    def __exit__(self, *exception: object) -> None:
        self.runner.close()
        self.stack.close()
        for name, module in list(sys.modules.items()):  # the next page may have a bot.py of its own
            if str(getattr(module, "__file__", None) or "").startswith(str(self.folder)):
                del sys.modules[name]

    def do(self, block: Block) -> None:
        """One block."""
        if block.mark == "not":
            return
        match block.kind:
            case "python":
                self.run(block)
            case "shell":
                for command in commands_of(block.text):
                    self.shell(block, command)
            case "file":
                if block.title.endswith(".py") and not block.title.startswith("test_"):
                    self.run(block)
                else:
                    read_data(block, Path(block.title).suffix.lstrip("."))
            case "output":
                missing = lines_not_printed(block.text, self.printed)
                assert not missing, f"{block.where}: not printed: {missing}\n--- printed ---\n{self.printed}"
                self.printed = ""
            case "data":
                read_data(block, block.language)

    def here(self, text: str) -> str:
        """A text with the addresses that answer in this test."""
        for shown, real in {OWN_ADDRESS: self.endpoint.removesuffix("/v1"), **self.addresses}.items():
            text = text.replace(shown, real)
        return text

    def serve(self, block: Block, command: str) -> None:
        """Start a server on a free port; it serves until the page ends."""
        port, found = free_port(), SERVERS.match(command)
        assert found is not None
        shown = re.search(r"--port (\d+)", command)
        told = re.sub(r"\s+#.*$|--port \d+", "", command)
        log = (self.folder / f"server-{port}.log").open("w")
        process = subprocess.Popen(
            ["bash", "-c", f"exec {told} --port {port}"],
            cwd=self.folder,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
        self.stack.callback(stop, process, log)
        at = f"127.0.0.1:{shown[1] if shown else SERVED_AT[found['name']]}"
        self.addresses[at] = f"127.0.0.1:{port}"
        wait_for(port, process, lambda: f"{block.where}: {command}\n{Path(log.name).read_text()[-2000:]}")

    def run(self, block: Block) -> None:
        """Python, with ``await`` allowed, in the names of the page."""
        text = "\n" * block.line + self.here(block.text)
        code = compile(text, block.page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        said = io.StringIO()
        with contextlib.redirect_stdout(said), other_peoples_warnings():
            if code.co_flags & inspect.CO_COROUTINE:
                self.runner.run(eval(code, self.names))
            else:
                exec(code, self.names)
        self.printed += said.getvalue()

    def shell(self, block: Block, command: str) -> None:
        """One command, with a line on standard input."""
        if SET_UP.match(command):
            check_set_up(block, command)
            return
        if SERVERS.match(command):
            self.serve(block, command)
            return
        told = made_small(self.here(command))
        if block.mark == "dry" or page_dry_run(self.page):
            told = made_dry(told)
        begun = time.perf_counter()
        done = here_and_now(told) if page_dry_run(self.page) and not NEEDS_PIPES.match(told) else self.in_a_shell(told)
        if os.environ.get("PAGE_TIMES"):
            sys.__stderr__.write(f"{time.perf_counter() - begun:6.2f} s {block.where} {command[:90]!r}\n")
        assert ends_well(command, done), (
            f"{block.where}: {command}\nexit code {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        )
        self.printed += without_addresses(done.stdout)

    def in_a_shell(self, command: str) -> subprocess.CompletedProcess[str]:
        """The command in the page's folder, through the program that people start."""
        return subprocess.run(
            ["bash", "-c", command], cwd=self.folder, input=SAID, capture_output=True, text=True, timeout=PATIENCE_S
        )


def here_and_now(command: str) -> subprocess.CompletedProcess[str]:
    """An example that is only checked: the same command line, without a process of its own for each of sixty."""
    out, err, typed = io.StringIO(), io.StringIO(), sys.stdin
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), other_peoples_warnings():
        sys.stdin = io.StringIO(SAID)
        try:
            code = application(shlex.split(command, comments=True)[1:])
        finally:
            sys.stdin = typed
    return subprocess.CompletedProcess(command, code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def other_peoples_warnings() -> Iterator[None]:
    """Other people's libraries may warn a reader; ours may not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", module="personarium")
        yield


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes], explain: Callable[[], str]) -> None:
    """Until somebody answers at the port; fails when the process ends before."""
    for _ in range(PATIENCE_S * 10):
        assert process.poll() is None, explain()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError(explain())


def stop(process: subprocess.Popen[bytes], log: IO[str]) -> None:
    """End a server as Ctrl-C would; it must stop by itself."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(20)
    finally:
        process.kill()
        log.close()


def ends_well(command: str, done: subprocess.CompletedProcess[str]) -> bool:
    """Whether the command ended as the page says, or as it must without published data and behind a stub."""
    code, told = done.returncode, exit_code_told(command)
    answers = next((codes for name, codes in ANSWERS.items() if f"personarium {name} " in command), (0,))
    if code == told or (told is None and code in answers):
        return True
    if code == 3 and any(name in command and name in done.stderr for name in PUBLISHED):
        return True
    return any(command.startswith(c) and code == known and said in done.stderr for c, known, said in BEYOND_THE_STUB)


def without_addresses(text: str) -> str:
    """A model's name as the page shows it: the stub's address is of this test."""
    return re.sub(r"@http://127\.0\.0\.1:\d+/v1", "", text)


def check_set_up(block: Block, command: str) -> None:
    """The target of ``make``, or the extras of ``pip install``, exist."""
    found = SET_UP.match(command)
    assert found is not None
    if found["target"]:
        assert re.search(rf"^{found['target']}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M), command
        return
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for wanted in re.findall(r"\[([\w,-]+)\]", found["package"]):
        unknown = set(wanted.split(",")) - set(extras)
        assert not unknown, f"{block.where}: no extra is called {', '.join(unknown)}"


def read_data(block: Block, kind: str) -> None:
    """A block of data is what its language says."""
    if kind in ("yaml", "yml"):
        assert yaml.safe_load(block.text) is not None, block.where
    elif kind == "toml":
        tomllib.loads(block.text)
    elif kind == "json":
        json.loads(block.text)
    elif kind == "jsonl":
        for line in block.text.splitlines():
            json.loads(line)


def test_blocks_that_do_not_run_are_few_and_say_why() -> None:
    marked = [block for blocks in ALL.values() for block in blocks if block.mark]
    listed = "\n".join(f"{block.where}: {block.mark} run: {block.reason}" for block in marked)
    assert [page.name for page in ALL if page_dry_run(page)] == ["commands.md"]
    assert all(len(block.reason) > 15 for block in marked), listed
    assert [sum(b.mark == "not" for b in marked), sum(b.mark == "dry" for b in marked)] == [NOT_RUN, DRY_RUN], listed
